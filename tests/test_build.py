"""837P that is written from nothing: read back as the same claim, valid by the guide, and refused
as a whole, with all that is in the way, where something is missing or does not fit."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adapter
from adapter.model import (
    Adjudication,
    Claim,
    Diagnosis,
    Facility,
    Oddity,
    OtherPayer,
    Patient,
    Payer,
    Provider,
    ServiceLine,
    Trouble,
)
from adapter.parties import (
    Address,
    Doubt,
    Name,
    Parties,
    Party,
    PayerParty,
    PersonParty,
    ProviderParty,
    TaxIdKind,
    agreed,
)
from adapter.x12 import build
from adapter.x12.build import EnvelopeSettings, Incomplete, interchange, is_npi
from tests.guide import errors_of, sets_of

WHEN = dt.datetime(2026, 11, 1, 12, 5)
DAY = dt.date(2026, 3, 10)

ENVELOPE = EnvelopeSettings(
    sender_qualifier="ZZ",
    sender_id="SENDER",
    receiver_qualifier="30",
    receiver_id="RECEIVER",
    usage="T",
    submitter_name="SPINE GROUP BILLING",
    submitter_id="SUB1",
    contact_name="EDI DESK",
    contact_phone="(555) 555-0100",
    receiver_name="CLEARINGHOUSE",
    receiver_code="REC1",
    provider_signature="Y",
    assignment="A",
    benefits_assigned="Y",
    release="Y",
    control_number=7,
)
AT_HOME = Address(lines=("1 ELM STREET",), city="ANYTOWN", state="OH", postal_code="99999")
BILLING = ProviderParty(
    name=Name(last="SPINE AND PAIN GROUP", is_person=False),
    address=Address(
        lines=("100 MAIN STREET", "SUITE 2"),
        city="ANYTOWN",
        state="OH",
        postal_code="99999-1234",
    ),
    npi="1234567893",
    taxonomy="208VP0014X",
    tax_id="12-3456789",
    tax_id_kind=TaxIdKind.EMPLOYER,
)
PATIENT = PersonParty(
    name=Name(last="PATIENT", first="PAT"),
    address=AT_HOME,
    birth_date=dt.date(1955, 5, 5),
    sex="F",
)
PAYER = PayerParty(name="TEST PAYER", id="99999", filing_indicator="MB", responsibility="P")
PARTIES = Parties(
    billing=BILLING,
    rendering=ProviderParty(
        name=Name(last="DOCTOR", first="DANA", middle="Q", suffix="JR"), npi="1245319599"
    ),
    patient=PATIENT,
    member_id="MBR0001",
    relationship="18",
    payer=PAYER,
)
LINE = ServiceLine(
    number=1,
    code="64493",
    modifiers=("50", "KX"),
    charge=Decimal("800.00"),
    units=Decimal(1),
    date=DAY,
    place_of_service="11",
    pointers=(1,),
    diagnoses=(Diagnosis("M47816"),),
    control_number="L1",
)
CLAIM = Claim(
    id="CLM0001",
    charge=Decimal("800.00"),
    place_of_service="11",
    frequency="1",
    responsibility="P",
    payer=Payer(name="TEST PAYER", id="99999", filing_indicator="MB"),
    billing=Provider(npi="1234567893", taxonomy="208VP0014X", state="OH", postal_code="999991234"),
    rendering=Provider(npi="1245319599"),
    patient=Patient(member_id="MBR0001", birth_date=dt.date(1955, 5, 5), sex="F"),
    diagnoses=(Diagnosis("M47816"),),
    lines=(LINE,),
)


def written(
    *claims: tuple[Claim, Parties], envelope: EnvelopeSettings = ENVELOPE, **options: bool
) -> bytes:
    return interchange(claims or ((CLAIM, PARTIES),), envelope, WHEN, **options)


def segments(data: bytes) -> list[str]:
    return data.decode("ascii").replace("\n", "").split("~")[:-1]


def refused(
    claim: Claim = CLAIM, parties: Parties = PARTIES, envelope: EnvelopeSettings = ENVELOPE
) -> Incomplete:
    with pytest.raises(Incomplete) as caught:
        written((claim, parties), envelope=envelope)
    return caught.value


def with_line(**changed: Any) -> Claim:
    return replace(CLAIM, lines=(replace(LINE, **changed),))


def dependent() -> tuple[Claim, Parties]:
    kim = dt.date(2008, 2, 29)
    person = PersonParty(
        name=Name(last="PATIENT", first="KIM"), address=AT_HOME, birth_date=kim, sex="M"
    )
    return (
        replace(
            CLAIM,
            patient=Patient(member_id="MBR0001", birth_date=kim, sex="M", is_subscriber=False),
        ),
        replace(
            PARTIES,
            patient=person,
            subscriber=PersonParty(name=Name(last="PATIENT", first="PAT")),
            relationship="19",
        ),
    )


# --- what is written ------------------------------------------------------------------------------


def test_one_claim_to_the_letter() -> None:
    assert segments(written()) == [
        "ISA*00*          *00*          *ZZ*SENDER         *30*RECEIVER       "
        "*261101*1205*^*00501*000000007*0*T*:",
        "GS*HC*SUB1*REC1*20261101*1205*7*X*005010X222A1",
        "ST*837*0001*005010X222A1",
        "BHT*0019*00*7*20261101*1205*CH",
        "NM1*41*2*SPINE GROUP BILLING*****46*SUB1",
        "PER*IC*EDI DESK*TE*5555550100",
        "NM1*40*2*CLEARINGHOUSE*****46*REC1",
        "HL*1**20*1",
        "PRV*BI*PXC*208VP0014X",
        "NM1*85*2*SPINE AND PAIN GROUP*****XX*1234567893",
        "N3*100 MAIN STREET*SUITE 2",
        "N4*ANYTOWN*OH*999991234",
        "REF*EI*123456789",
        "HL*2*1*22*0",
        "SBR*P*18*******MB",
        "NM1*IL*1*PATIENT*PAT****MI*MBR0001",
        "N3*1 ELM STREET",
        "N4*ANYTOWN*OH*99999",
        "DMG*D8*19550505*F",
        "NM1*PR*2*TEST PAYER*****PI*99999",
        "CLM*CLM0001*800***11:B:1*Y*A*Y*Y",
        "HI*ABK:M47816",
        "NM1*82*1*DOCTOR*DANA*Q**JR*XX*1245319599",
        "LX*1",
        "SV1*HC:64493:50:KX*800*UN*1***1",
        "DTP*472*D8*20260310",
        "REF*6R*L1",
        "SE*26*0001",
        "GE*1*7",
        "IEA*1*000000007",
    ]


def test_a_patient_who_is_not_the_subscriber_has_a_level_of_their_own() -> None:
    found = segments(written(dependent()))
    start = found.index("HL*2*1*22*1")
    assert found[start : start + 10] == [
        "HL*2*1*22*1",
        "SBR*P********MB",
        "NM1*IL*1*PATIENT*PAT****MI*MBR0001",
        "NM1*PR*2*TEST PAYER*****PI*99999",
        "HL*3*2*23*0",
        "PAT*19",
        "NM1*QC*1*PATIENT*KIM",
        "N3*1 ELM STREET",
        "N4*ANYTOWN*OH*99999",
        "DMG*D8*20080229*M",
    ]


def test_claims_of_one_billing_provider_share_its_level() -> None:
    other = replace(PARTIES, billing=replace(BILLING, name=Name(last="OTHER", is_person=False)))
    data = written((CLAIM, PARTIES), dependent(), (CLAIM, other), (CLAIM, PARTIES))
    assert [each for each in segments(data) if each.startswith("HL*")] == [
        "HL*1**20*1",
        "HL*2*1*22*0",
        "HL*3*1*22*1",
        "HL*4*3*23*0",
        "HL*5**20*1",
        "HL*6*5*22*0",
        "HL*7**20*1",
        "HL*8*7*22*0",
    ]
    assert list(adapter.read(data)) == [CLAIM, dependent()[0], CLAIM, CLAIM]
    assert errors_of(sets_of(data)) == [Counter()]


def test_many_claims_are_several_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "CLAIMS_OF_A_SET", 2)
    data = written(*[(CLAIM, PARTIES)] * 5)
    found = segments(data)
    assert [each for each in found if each[:3] in ("ST*", "SE*", "GE*")] == [
        "ST*837*0001*005010X222A1",
        "SE*40*0001",
        "ST*837*0002*005010X222A1",
        "SE*40*0002",
        "ST*837*0003*005010X222A1",
        "SE*26*0003",
        "GE*3*7",
    ]
    assert found.count("HL*1**20*1") == 3
    assert errors_of(sets_of(data)) == [Counter()] * 3


def test_a_draft_has_no_charges() -> None:
    claim = replace(with_line(charge=None), charge=None)
    assert refused(claim).missing == ("the charge of line 1",)
    found = segments(written((claim, PARTIES), uncharged=True))
    assert "CLM*CLM0001*0***11:B:1*Y*A*Y*Y" in found
    assert "SV1*HC:64493:50:KX*0*UN*1***1" in found


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("800.00", "800"), ("0.50", "0.5"), ("1E+2", "100"), ("-0", "0"), ("1000", "1000")],
)
def test_amounts_have_no_zeros_that_say_nothing(amount: str, expected: str) -> None:
    claim = replace(with_line(charge=Decimal(amount)), charge=None)
    assert f"SV1*HC:64493:50:KX*{expected}*UN*1***1" in segments(written((claim, PARTIES)))


def test_a_rendering_provider_who_bills_is_not_written_again() -> None:
    claim = replace(CLAIM, rendering=Provider(npi="1234567893"))
    data = written((claim, replace(PARTIES, rendering=None)))
    assert b"NM1*82" not in data
    assert next(adapter.read(data)).rendering is None


def test_a_line_that_the_billing_provider_rendered_says_so() -> None:
    """Else it would be the claim's rendering provider who did it."""
    claim = with_line(rendering=Provider(npi="1234567893"))
    own = ProviderParty(name=Name(last="DOCTOR"))
    data = written((claim, replace(PARTIES, renderings={1: own})))
    assert "NM1*82*1*DOCTOR*****XX*1234567893" in segments(data)
    assert list(adapter.read(data)) == [claim]


def test_what_the_claim_does_not_tell_the_parties_do() -> None:
    bare = replace(
        CLAIM,
        responsibility=None,
        payer=Payer(),
        billing=Provider(),
        rendering=None,
        patient=Patient(),
        charge=None,
    )
    assert written((bare, PARTIES)) == written()


def test_a_person_may_bill_under_a_number_of_their_own() -> None:
    billing = replace(
        BILLING,
        name=Name(last="DOCTOR", first="DANA"),
        tax_id="111-22-3333",
        tax_id_kind=TaxIdKind.SOCIAL_SECURITY,
    )
    data = written((CLAIM, replace(PARTIES, billing=billing)))
    assert "NM1*85*1*DOCTOR*DANA****XX*1234567893" in segments(data)
    assert "REF*SY*111223333" in segments(data)
    assert errors_of(sets_of(data)) == [Counter()]


def test_an_address_abroad_has_its_country() -> None:
    there = Address(lines=("1 RUE",), city="PARIS", postal_code="75001", country="FR")
    patient = replace(PATIENT, address=there)
    data = written((CLAIM, replace(PARTIES, patient=patient)))
    assert "N4*PARIS**75001*FR" in segments(data)
    assert errors_of(sets_of(data)) == [Counter()]


def test_the_contact_may_have_no_name() -> None:
    data = written(envelope=replace(ENVELOPE, contact_name=None))
    assert "PER*IC**TE*5555550100" in segments(data)
    assert errors_of(sets_of(data)) == [Counter()]


def test_settings_as_toml_has_them() -> None:
    assert EnvelopeSettings.of(
        {"provider_signature": True, "benefits_assigned": False, "sender_id": 12, "usage": "P",
         "control_number": "9", "control_number_file": "n"}
    ) == EnvelopeSettings(
        provider_signature="Y",
        benefits_assigned="N",
        sender_id="12",
        usage="P",
        control_number=9,
    )  # fmt: skip
    with pytest.raises(ValueError, match="invalid literal"):
        EnvelopeSettings.of({"control_number": "x"})


def test_nothing_to_write_is_no_interchange() -> None:
    with pytest.raises(ValueError, match="at least one claim"):
        interchange((), ENVELOPE, WHEN)


# --- read back ------------------------------------------------------------------------------------

NPIS = ("1234567893", "1245319599", "1679576722", "1003000126")
STATES = ("OH", "TX", "PR")
PLACES = ("11", "22", "24")
LETTERS = "ABCDEFXYZabcxyz0123456789 !\"&'()+,-./;?=%@[]_{}\\|<>#$`"

words = st.text(LETTERS, min_size=2, max_size=25).map(str.strip).filter(lambda w: len(w) > 1)
texts = st.text(LETTERS, min_size=1, max_size=50).map(str.strip).filter(bool)
numbers = st.text("ABC0123456789", min_size=2, max_size=20)
days = st.dates(dt.date(2000, 1, 1), dt.date(2026, 12, 31))
amounts = st.decimals(0, 99999, places=2)
units = st.one_of(st.integers(1, 40).map(Decimal), st.decimals("0.5", 9, places=1))
zips = st.from_regex(r"[0-9]{9}", fullmatch=True)
people = st.builds(
    Name,
    last=words,
    first=st.none() | words,
    middle=st.none() | words,
    suffix=st.sampled_from([None, "JR"]),
)
organizations = st.builds(Name, last=words, is_person=st.just(False))


def addresses(zip_codes: st.SearchStrategy[str]) -> st.SearchStrategy[Address]:
    return st.builds(
        Address,
        lines=st.lists(texts, min_size=1, max_size=2).map(tuple),
        city=words,
        state=st.sampled_from(STATES),
        postal_code=zip_codes,
        country=st.sampled_from([None, "US"]),
    )


persons = st.builds(
    PersonParty,
    name=people,
    address=addresses(zips | st.just("99999")),
    birth_date=days,
    sex=st.sampled_from("FMU"),
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Claim, Parties]:
    """A claim and its parties, both whole: the claim as it has to be read back."""
    billing_npi, *others = draw(st.permutations(NPIS))
    billing = ProviderParty(
        name=draw(people | organizations),
        address=draw(addresses(zips)),
        npi=billing_npi,
        taxonomy=draw(st.sampled_from([None, "208VP0014X", "261QA1903X"])),
        tax_id="123456789",
        tax_id_kind=draw(st.sampled_from(TaxIdKind)),
    )
    rendering = draw(st.none() | st.builds(ProviderParty, name=people, npi=st.just(others[0])))
    facility = draw(
        st.none()
        | st.builds(
            ProviderParty,
            name=organizations,
            address=addresses(zips),
            npi=st.sampled_from([None, others[1]]),
        )
    )
    relationship = draw(st.sampled_from(["18", "18", "19", "01", "G8"]))
    frequency = draw(st.sampled_from(["1", "1", "1", "7", "8"]))
    patient = draw(persons)
    payer = PayerParty(
        name=draw(words),
        id=draw(numbers),
        filing_indicator=draw(st.sampled_from(["MB", "CI", "16", "ZZ"])),
        responsibility="P",
    )
    icd10 = draw(st.booleans())
    diagnoses = tuple(
        Diagnosis(code, icd10)
        for code in draw(
            st.lists(
                st.sampled_from(["M47816", "M47812", "G8929", "7213", "V1589", "E8490"]),
                min_size=1,
                max_size=12,
            )
        )
    )
    place = draw(st.sampled_from(PLACES))
    lines = []
    renderings = {}
    for number in range(1, draw(st.integers(1, 4)) + 1):
        pointers = tuple(
            draw(st.lists(st.integers(1, len(diagnoses)), min_size=1, max_size=4, unique=True))
        )
        first = draw(days)
        own = draw(st.sampled_from([None, None, ProviderParty(name=Name(last="X"), npi=others[2])]))
        if own is not None:
            renderings[number] = own
        lines.append(
            ServiceLine(
                number=number,
                code=draw(st.sampled_from(["64493", "64494", "0213T", "J1030"])),
                modifiers=tuple(
                    draw(st.lists(st.sampled_from(["RT", "50", "KX", "59"]), max_size=4))
                ),
                charge=draw(amounts),
                units=draw(units),
                unit_basis=draw(st.sampled_from(["UN", "MJ"])),
                date=first,
                date_end=draw(st.sampled_from([None, first, first + dt.timedelta(1)])),
                place_of_service=draw(st.sampled_from([place, *PLACES])),
                pointers=pointers,
                diagnoses=tuple(diagnoses[at - 1] for at in pointers),
                control_number=draw(st.sampled_from([None, f"L{number}"])),
                authorizations=tuple(draw(st.lists(texts, max_size=2))),
                notes=tuple(draw(st.lists(texts, max_size=1))),
                rendering=Provider(npi=others[2]) if own is not None else None,
            )
        )
    claim = Claim(
        id=draw(numbers),
        charge=sum((line.charge or Decimal(0) for line in lines), Decimal(0)),
        place_of_service=place,
        frequency=frequency,
        facility=facility_of(billing, lines),
        responsibility="P",
        payer=Payer(name=payer.name, id=payer.id, filing_indicator=payer.filing_indicator),
        billing=Provider(
            npi=billing_npi,
            taxonomy=billing.taxonomy,
            state=billing.address.state if billing.address else None,
            postal_code=billing.address.postal_code if billing.address else None,
        ),
        rendering=Provider(npi=rendering.npi) if rendering else None,
        service_facility=Provider(
            npi=facility.npi,
            state=facility.address.state,
            postal_code=facility.address.postal_code,
        )
        if facility and facility.address
        else None,
        patient=Patient(
            member_id=draw(numbers),
            birth_date=patient.birth_date,
            sex=patient.sex,
            is_subscriber=relationship == "18",
        ),
        diagnoses=diagnoses,
        authorizations=tuple(draw(st.lists(texts, max_size=1))),
        notes=tuple(draw(st.lists(texts, max_size=1))),
        lines=tuple(lines),
    )
    return claim, Parties(
        billing=billing,
        rendering=rendering,
        facility=facility,
        patient=patient,
        subscriber=None if relationship == "18" else draw(persons),
        member_id=draw(st.sampled_from([None, claim.patient.member_id])),
        relationship=relationship,
        payer=payer,
        original="ICN1" if frequency != "1" else None,
        renderings=renderings,
    )


def facility_of(billing: ProviderParty, lines: list[ServiceLine]) -> Facility:
    """A centre by its taxonomy bills as one where a line has its place."""
    is_centre = billing.taxonomy == "261QA1903X"
    at_centre = any(line.place_of_service == "24" for line in lines)
    return Facility.ASC if is_centre and at_centre else Facility.PROFESSIONAL


@pytest.mark.no_cover
@given(st.lists(pairs(), min_size=1, max_size=3))
def test_what_is_written_is_read_back(claims: list[tuple[Claim, Parties]]) -> None:
    data = written(*claims)
    assert list(adapter.read(data)) == [claim for claim, _ in claims]


@pytest.mark.no_cover
@settings(max_examples=8)  # pyx12 loads its map anew at every call
@given(st.lists(pairs(), min_size=4, max_size=12))
def test_what_is_written_is_valid_by_the_guide(claims: list[tuple[Claim, Parties]]) -> None:
    assert errors_of(sets_of(written(*claims))) == [Counter()]


def test_icd_9_has_qualifiers_of_its_own() -> None:
    diagnoses = (Diagnosis("7213", icd10=False), Diagnosis("V1589", icd10=False))
    claim = replace(CLAIM, diagnoses=diagnoses, lines=(replace(LINE, diagnoses=diagnoses[:1]),))
    data = written((claim, PARTIES))
    assert "HI*BK:7213*BF:V1589" in segments(data)
    assert list(adapter.read(data)) == [claim]


# --- what is missing ------------------------------------------------------------------------------


def test_all_that_is_missing_is_told_at_once() -> None:
    error = refused(Claim(id="", lines=(ServiceLine(number=1, code="", unit_basis=None),)),
                    Parties(), EnvelopeSettings())  # fmt: skip
    assert error.unfit == ()
    assert set(error.missing) == {
        *(f"[x12] {each.name}" for each in fields(EnvelopeSettings) if each.name != "contact_name"),
        "the patient's relationship to the subscriber",
        "the billing provider's name",
        "the billing provider's NPI",
        "the billing provider's address",
        "the billing provider's city",
        "the billing provider's state",
        "the billing provider's ZIP code",
        "the billing provider's tax id",
        "the payer's responsibility",
        "the payer's filing indicator",
        "the payer's name",
        "the payer's id",
        "the subscriber's name",
        "the subscriber's member id",
        "the patient's name",
        "the patient's address",
        "the patient's city",
        "the patient's state",
        "the patient's ZIP code",
        "the patient's birth date",
        "the patient's sex",
        "the claim's number",
        "the place of service",
        "the claim's frequency",
        "a diagnosis",
        "the code of line 1",
        "the charge of line 1",
        "the units of line 1",
        "the kind of units of line 1",
        "the date of service of line 1",
        "a diagnosis of line 1",
    }
    assert len(error.missing) == len(set(error.missing))


def of_billing(**changed: Any) -> Parties:
    return replace(PARTIES, billing=replace(BILLING, **changed))


def of_patient(**changed: Any) -> Parties:
    return replace(PARTIES, patient=replace(PATIENT, **changed))


def at(**changed: Any) -> Address:
    assert BILLING.address is not None
    return replace(BILLING.address, **changed)


UNBILLED = replace(CLAIM, billing=Provider())

MISSING: dict[str, tuple[Claim, Parties]] = {
    "the billing provider's NPI": (UNBILLED, of_billing(npi=None)),
    "the billing provider's tax id": (CLAIM, of_billing(tax_id=None)),
    "whether the billing provider's tax id is an employer's or a person's": (
        CLAIM,
        of_billing(tax_id_kind=None),
    ),
    "the last four digits of the billing provider's ZIP code": (
        UNBILLED,
        of_billing(address=at(postal_code="99999")),
    ),
    "the subscriber's name": (CLAIM, of_patient(name=None)),
    "the subscriber's last name": (CLAIM, of_patient(name=Name(first="PAT"))),
    "the subscriber's address": (CLAIM, of_patient(address=replace(AT_HOME, lines=()))),
    "the rendering provider's name": (CLAIM, replace(PARTIES, rendering=None)),
    "the rendering provider's NPI": (
        replace(CLAIM, rendering=None),
        replace(PARTIES, rendering=ProviderParty(name=Name(last="DOCTOR"))),
    ),
    "the place of service": (
        replace(with_line(place_of_service=None), place_of_service=None),
        PARTIES,
    ),
    "the place of service of line 2": (
        replace(CLAIM, charge=None, lines=(LINE, replace(LINE, place_of_service=None,
                                                         control_number=None))),
        PARTIES,
    ),
    "the charge of line 1": (replace(with_line(charge=None), charge=None), PARTIES),
    "the units of line 1": (with_line(units=None), PARTIES),
    "the date of service of line 1": (with_line(date=None), PARTIES),
    "a diagnosis of line 1": (with_line(pointers=()), PARTIES),
    "the code of line 1": (with_line(code=""), PARTIES),
    "the ICD code of diagnosis 1": (replace(CLAIM, diagnoses=(Diagnosis(""),)), PARTIES),
    "the claim's frequency": (replace(CLAIM, frequency=None), PARTIES),
    "a service line": (replace(CLAIM, lines=(), charge=None), PARTIES),
    "the payer's number of the claim that this one replaces or voids": (
        replace(CLAIM, frequency="7"),
        PARTIES,
    ),
    "the service facility's name": (
        replace(CLAIM, service_facility=Provider(npi="1679576722")),
        replace(PARTIES, facility=ProviderParty(address=at())),
    ),
    "the rendering provider of line 1's name": (
        with_line(rendering=Provider(npi="1679576722")),
        PARTIES,
    ),
    "the patient's relationship to the subscriber": (CLAIM, replace(PARTIES, relationship=None)),
    "the payer: the patient has more than one active coverage": (
        CLAIM,
        replace(
            PARTIES,
            doubts=(Doubt(Party.PAYER, "the patient has more than one active coverage"),),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MISSING)
def test_what_is_missing_is_named(what: str) -> None:
    error = refused(*MISSING[what])
    assert what in error.missing
    assert not error.unfit
    assert str(error) == f"missing: {'; '.join(error.missing)}"


def test_what_is_odd_and_hides_nothing_is_no_matter() -> None:
    odd = Oddity(Trouble.REFERENCE, "provider", "refers to what is no provider")
    assert written((replace(CLAIM, oddities=(odd,)), PARTIES)) == written()


def test_of_several_claims_it_is_told_which() -> None:
    with pytest.raises(Incomplete) as caught:
        written((CLAIM, PARTIES), (replace(CLAIM, frequency=None), PARTIES))
    assert caught.value.missing == ("claim 2: the claim's frequency",)


# --- what does not fit ----------------------------------------------------------------------------

UNFIT: dict[str, tuple[Claim, Parties]] = {
    "the subscriber's last name holds a character that X12 does not carry": (
        CLAIM, of_patient(name=Name(last="PATIÉNT", first="PAT")),
    ),
    "the subscriber's first name holds a character that X12 does not carry": (
        CLAIM, of_patient(name=Name(last="PATIENT", first="P*AT")),
    ),
    "the billing provider's name is longer than 60 characters": (
        CLAIM, of_billing(name=Name(last="N" * 61, is_person=False)),
    ),
    "the billing provider's address holds a character that X12 does not carry": (
        CLAIM, of_billing(address=at(lines=("1 MAIN\nSTREET",))),
    ),
    "the billing provider's address has more than two lines": (
        CLAIM, of_billing(address=at(lines=("1", "2", "3"))),
    ),
    "the billing provider's state is not a code of two letters": (
        UNBILLED, of_billing(address=at(state="Ohio")),
    ),
    "the billing provider's ZIP code is not five or nine digits": (
        UNBILLED, of_billing(address=at(postal_code="9999"))
    ),
    "the billing provider's NPI is not ten digits": (UNBILLED, of_billing(npi="123")),
    "the billing provider's NPI has a wrong check digit": (UNBILLED, of_billing(npi="1234567890")),
    "the billing provider's NPI is told in two ways": (CLAIM, of_billing(npi="1245319599")),
    "the rendering provider's NPI is told in two ways": (
        replace(CLAIM, rendering=Provider(npi="1234567893")), PARTIES,
    ),
    "the billing provider's tax id is not nine digits": (CLAIM, of_billing(tax_id="1234")),
    "the billing provider's ZIP code is told in two ways": (
        CLAIM, of_billing(address=at(postal_code="11111-1111")),
    ),
    "the payer's name is told in two ways": (
        CLAIM, replace(PARTIES, payer=replace(PAYER, name="OTHER")),
    ),
    "the payer's filing indicator is none of 11, 12, 13": (
        replace(CLAIM, payer=Payer(name="TEST PAYER", id="99999")),
        replace(PARTIES, payer=replace(PAYER, filing_indicator="XX")),
    ),
    "whether the patient is the subscriber is told in two ways": (
        replace(CLAIM, patient=replace(CLAIM.patient, is_subscriber=False)), PARTIES,
    ),
    "the patient's relationship to the subscriber is none of 01, 19": (
        dependent()[0], replace(dependent()[1], relationship="77"),
    ),
    "the claim's number is longer than 38 characters": (replace(CLAIM, id="C" * 39), PARTIES),
    "the claim has more than 12 diagnoses": (
        replace(CLAIM, diagnoses=(Diagnosis("M47816"),) * 13), PARTIES,
    ),
    "the claim has more than 50 lines": (
        replace(CLAIM, charge=None, lines=(replace(LINE, control_number=None),) * 51), PARTIES,
    ),
    "line 1 has more than 4 modifiers": (with_line(modifiers=("50",) * 5), PARTIES),
    "line 1 points to more than 4 diagnoses": (
        replace(with_line(pointers=(1, 2, 3, 4, 5)), diagnoses=(Diagnosis("M47816"),) * 5), PARTIES,
    ),
    "line 1 points to a diagnosis that is not there": (with_line(pointers=(2,)), PARTIES),
    "the code of line 1 is not five letters and digits": (with_line(code="6449:3"), PARTIES),
    "a modifier of line 1 is not two letters or digits": (with_line(modifiers=("K",)), PARTIES),
    "the ICD code of diagnosis 1 is not three to seven letters and digits": (
        replace(CLAIM, diagnoses=(Diagnosis("M47.816"),)), PARTIES,
    ),
    "the claim has diagnoses of ICD-9-CM and of ICD-10-CM": (
        replace(CLAIM, diagnoses=(Diagnosis("M47816"), Diagnosis("7213", icd10=False))), PARTIES,
    ),
    "the claim's charge is not the sum of its lines'": (
        replace(CLAIM, charge=Decimal(1)), PARTIES,
    ),
    "the charge of line 1 is below zero": (
        replace(with_line(charge=Decimal(-1)), charge=None), PARTIES,
    ),
    "the charge of line 1 has more than 2 decimals": (
        replace(with_line(charge=Decimal("1.005")), charge=None), PARTIES,
    ),
    "the charge of line 1 is longer than 18 characters": (
        replace(with_line(charge=Decimal(10) ** 18), charge=None), PARTIES,
    ),
    "the units of line 1 are none": (with_line(units=Decimal(0)), PARTIES),
    "the kind of units of line 1 is none of UN, MJ": (with_line(unit_basis="DA"), PARTIES),
    "the service of line 1 ends before it begins": (
        with_line(date_end=DAY - dt.timedelta(1)), PARTIES,
    ),
    "the control number of line 1 is longer than 30 characters": (
        with_line(control_number="L" * 31), PARTIES,
    ),
    "two lines have the same control number": (
        replace(CLAIM, charge=None, lines=(LINE, LINE)), PARTIES,
    ),
    "line 1 has more than one note": (with_line(notes=("A", "B")), PARTIES),
    "the claim has more than one note": (replace(CLAIM, notes=("A", "B")), PARTIES),
    "the claim's note is longer than 80 characters": (replace(CLAIM, notes=("A" * 81,)), PARTIES),
    "the claim has more than one authorization": (
        replace(CLAIM, authorizations=("A", "B")), PARTIES,
    ),
    "line 1 has more than 5 authorizations": (with_line(authorizations=("A",) * 6), PARTIES),
    "the claim's frequency is none of 1, 7, 8": (replace(CLAIM, frequency="5"), PARTIES),
    "an original claim names another that it replaces": (CLAIM, replace(PARTIES, original="I")),
    "the place of service is not a code of two digits": (
        replace(CLAIM, place_of_service="1"), PARTIES,
    ),
    "the claim does not ask a payer for professional services": (
        replace(CLAIM, professional=False), PARTIES,
    ),
    "the claim has other payers": (
        replace(CLAIM, other_payers=(OtherPayer(payer=Payer()),)), PARTIES,
    ),
    "the claim is not for the first payer, and tells nothing of the others": (
        replace(CLAIM, responsibility="S"),
        replace(PARTIES, payer=replace(PAYER, responsibility="S")),
    ),
    "the claim is not for the first payer": (
        replace(CLAIM, responsibility=None),
        replace(PARTIES, payer=replace(PAYER, responsibility="S")),
    ),
    "item[0].modifier[0] has no code": (
        replace(
            CLAIM,
            oddities=(Oddity(Trouble.CODE_SYSTEM, "item[0].modifier[0]", "has no code", 1, True),),
        ),
        PARTIES,
    ),
    "the service facility is a person": (
        CLAIM,
        replace(
            PARTIES,
            facility=ProviderParty(name=Name(last="X"), address=at(postal_code="999991234")),
        ),
    ),
    "the subscriber's country is not a code of two letters": (
        CLAIM, of_patient(address=replace(AT_HOME, country="FRANCE")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", UNFIT)
def test_what_does_not_fit_is_refused(what: str) -> None:
    error = refused(*UNFIT[what])
    assert [told for told in error.unfit if told.startswith(what)]
    assert not error.missing
    assert str(error).startswith("cannot be written: ")


def test_lines_that_another_payer_has_paid_are_refused() -> None:
    assert refused(with_line(adjudications=(Adjudication(),))).unfit == (
        "the claim has other payers",
    )


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"usage": "X"}, "[x12] usage is none of P, T"),
        ({"sender_qualifier": "99"}, "[x12] sender_qualifier is none of 01,"),
        ({"sender_id": "S" * 16}, "[x12] sender_id is longer than 15 characters"),
        ({"receiver_code": "R"}, "[x12] receiver_code is shorter than 2 characters"),
        ({"submitter_name": "A~B"}, "[x12] submitter_name holds a character that X12 does not"),
        ({"contact_phone": "555-0100"}, "[x12] contact_phone is not ten digits"),
        ({"control_number": 0}, "[x12] control_number is not from 1 to 999999999"),
        ({"control_number": 10**9}, "[x12] control_number is not from 1 to 999999999"),
        ({"assignment": "Y"}, "[x12] assignment is none of A, B, C"),
    ],
)
def test_an_envelope_that_does_not_fit_is_refused(changed: dict[str, Any], what: str) -> None:
    error = refused(envelope=replace(ENVELOPE, **changed))
    assert len(error.unfit) == 1
    assert error.unfit[0].startswith(what)


def test_no_message_holds_a_value_of_the_claim() -> None:
    """Whatever is wrong with it: each text is one that no message has by itself."""
    mark = "QX7QX~"
    name = Name(last=mark, first=mark, middle=mark, suffix=mark)
    address = Address(lines=(mark, mark, mark), city=mark, state=mark, postal_code=mark)
    provider = ProviderParty(name=name, address=address, npi=mark, taxonomy=mark, tax_id=mark)
    person = PersonParty(name=name, address=address, sex=mark)
    claim = Claim(
        id=mark,
        place_of_service=mark,
        frequency=mark,
        responsibility="P",
        payer=Payer(name=mark, id=mark, filing_indicator=mark),
        billing=Provider(npi=mark, taxonomy=mark, state=mark, postal_code=mark),
        rendering=Provider(npi=mark),
        patient=Patient(member_id=mark, sex=mark),
        diagnoses=(Diagnosis(mark),),
        authorizations=(mark,),
        notes=(mark,),
        lines=(
            ServiceLine(
                number=1,
                code=mark,
                modifiers=(mark,),
                unit_basis=mark,
                place_of_service=mark,
                control_number=mark,
                authorizations=(mark,),
                notes=(mark,),
            ),
        ),
    )
    parties = Parties(
        billing=provider,
        rendering=provider,
        facility=provider,
        patient=person,
        subscriber=person,
        relationship=mark,
        payer=PayerParty(name=mark, id=mark),
        original=mark,
    )
    error = refused(claim, parties)
    assert len(error.unfit) > 30
    assert not re.search("QX7", str(error))


@pytest.mark.parametrize(
    ("number", "expected"), [(npi, True) for npi in NPIS] + [("1234567890", False)]
)
def test_the_check_digit_of_an_npi(number: str, expected: bool) -> None:
    assert is_npi(number) is expected


# --- the parties of several documents -------------------------------------------------------------


def test_what_only_one_document_tells_is_taken_from_it() -> None:
    billing, patient = Parties(billing=PARTIES.billing), Parties(patient=PARTIES.patient)
    assert agreed((billing, patient, billing)) == Parties(
        billing=PARTIES.billing, patient=PARTIES.patient
    )
    assert agreed(()) == Parties()


@pytest.mark.parametrize(
    ("one", "other", "party"),
    [
        (lambda: Parties(member_id="A"), lambda: Parties(member_id="B"), Party.SUBSCRIBER),
        (lambda: PARTIES, lambda: of_billing(npi="1245319599"), Party.BILLING),
    ],
)
def test_what_two_documents_tell_differently_is_a_doubt(
    one: Callable[[], Parties], other: Callable[[], Parties], party: Party
) -> None:
    found = agreed((one(), other()))
    assert found.doubts == (Doubt(party, "is told in more than one way"),)
    assert found.member_id == (None if party is Party.SUBSCRIBER else "MBR0001")
    assert (found.billing is None) is (party is Party.BILLING or one().billing is None)
