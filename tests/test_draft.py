"""What was derived as a draft Claim of FHIR, and who took part as the resources beside tell."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

import adapter
from adapter import conformance
from adapter.coder import DerivedLine, Session, sessions
from adapter.documents import open_document
from adapter.fhir.draft import ABSENT, dotted, draft
from adapter.fhir.parties import parties_of
from adapter.fhir.references import Neighbours
from adapter.fhir.survey import Survey
from adapter.model import Claim, Diagnosis, Patient, Payer, Procedure, Provider, ServiceLine
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
    claim_of,
    id_of,
)
from adapter.profiles import Profiles
from adapter.source import Source
from adapter.tables import shipped
from adapter.x12.build import Incomplete, interchange
from tests.buildfhir import CPT, FILING, HCPCS, HL7, ICD9, ICD10, NPI, PAYER_ID, TAXONOMY, concept
from tests.checkers import fhirkit, medplum
from tests.guide import errors_of, sets_of
from tests.test_build import ENVELOPE, WHEN

Json = dict[str, Any]

DAY = dt.date(2026, 3, 10)
WRITTEN = dt.date(2026, 11, 1)
M47816, G8929 = Diagnosis("M47816"), Diagnosis("G8929")

LEFT = Procedure(
    reference="Procedure/a", patient="Patient/p1", date=DAY, indications=(G8929, M47816)
)
RIGHT = Procedure(reference="Procedure/b", patient="Patient/p1", date=DAY, indications=(M47816,))
VISIT = Procedure(
    reference="Procedure/c", patient="Patient/p1", date=DAY, indications=(Diagnosis("Z000"),)
)
LINES = (
    DerivedLine("64493", ("50", "KX"), 1, ("L4-5",), "why", ("Procedure/a", "Procedure/b")),
    DerivedLine("64494", ("RT",), 1, ("L5-S1",), "why", ("Procedure/b",)),
)
SESSION = Session("Patient/p1", DAY, (LEFT, RIGHT, VISIT), LINES, ())


def made(session: Session = SESSION, parties: Parties | None = None) -> Json:
    found = draft(session, WRITTEN, parties)
    assert found is not None
    return found


def wrong(claim: Json) -> list[str]:
    """What our own check of R4 and one that is not ours find."""
    data = json.dumps(claim).encode()
    return [*map(str, conformance.problems(data)), *fhirkit(data)]


# --- the draft ------------------------------------------------------------------------------------


def test_a_draft_to_the_letter() -> None:
    found = made()
    assert found == {
        "resourceType": "Claim",
        "id": str(id_of(SESSION)),
        "status": "draft",
        "type": concept(f"{HL7}/claim-type", "professional"),
        "use": "claim",
        "patient": {"reference": "Patient/p1"},
        "created": "2026-11-01",
        "provider": ABSENT,
        "priority": ABSENT,
        "diagnosis": [
            {"sequence": 1, "diagnosisCodeableConcept": concept(ICD10, "G89.29")},
            {"sequence": 2, "diagnosisCodeableConcept": concept(ICD10, "M47.816")},
        ],
        "procedure": [
            {"sequence": 1, "procedureReference": {"reference": "Procedure/a"}},
            {"sequence": 2, "procedureReference": {"reference": "Procedure/b"}},
            {"sequence": 3, "procedureReference": {"reference": "Procedure/c"}},
        ],
        "insurance": [{"sequence": 1, "focal": True, "coverage": ABSENT}],
        "item": [
            {
                "sequence": 1,
                "diagnosisSequence": [1, 2],
                "procedureSequence": [1, 2],
                "productOrService": concept(CPT, "64493"),
                "modifier": [concept(CPT, "50"), concept(HCPCS, "KX")],
                "servicedDate": "2026-03-10",
                "quantity": {"value": 1},
            },
            {
                "sequence": 2,
                "diagnosisSequence": [2],
                "procedureSequence": [2],
                "productOrService": concept(CPT, "64494"),
                "modifier": [concept(HCPCS, "RT")],
                "servicedDate": "2026-03-10",
                "quantity": {"value": 1},
            },
        ],
    }
    assert not wrong(found)


def test_nothing_derived_is_no_draft() -> None:
    assert draft(replace(SESSION, lines=()), WRITTEN) is None


def test_who_bills_and_who_pays_are_named_as_the_input_names_them() -> None:
    billing = ProviderParty(reference="Organization/o1", npi="1234567893")
    found = made(parties=Parties(billing=billing, coverage="Coverage/c1"))
    assert found["provider"] == {"reference": "Organization/o1"}
    assert found["insurance"][0]["coverage"] == {"reference": "Coverage/c1"}
    assert not wrong(found)
    unnamed = made(parties=Parties(billing=replace(billing, reference=None)))
    assert unnamed["provider"] == {"identifier": {"system": NPI, "value": "1234567893"}}
    assert not wrong(unnamed)


def test_what_leads_nowhere_from_a_claim_is_no_reference() -> None:
    """What is contained in a Procedure, and a Procedure without an id."""
    nameless = replace(LEFT, reference="Procedure", place="Bundle.entry[0].resource")
    lines = (replace(LINES[0], procedures=("Procedure",)),)
    found = made(Session("#p", DAY, (nameless,), lines, ()))
    assert found["patient"] == ABSENT
    assert "procedure" not in found
    assert "procedureSequence" not in found["item"][0]
    assert found["item"][0]["diagnosisSequence"] == [1, 2]
    assert not wrong(found)


def test_a_session_without_patient_or_indication() -> None:
    bare = replace(LEFT, patient=None, indications=())
    found = made(Session(None, DAY, (bare,), LINES[:1], ()))
    assert found["patient"] == ABSENT
    assert "diagnosis" not in found
    assert "diagnosisSequence" not in found["item"][0]
    assert not wrong(found)


def test_the_id_is_of_the_references_and_tells_nothing() -> None:
    assert id_of(SESSION) == id_of(replace(SESSION, procedures=(VISIT, RIGHT, LEFT), lines=()))
    others = (
        replace(SESSION, patient="Patient/p2"),
        replace(SESSION, date=dt.date(2026, 3, 11)),
        replace(SESSION, procedures=(LEFT, RIGHT)),
        replace(SESSION, procedures=(replace(LEFT, reference="Procedure", place="x"), RIGHT)),
        replace(SESSION, procedures=(replace(LEFT, reference="Procedure", place="y"), RIGHT)),
    )
    assert len({id_of(SESSION), *map(id_of, others)}) == 1 + len(others)
    assert "2026" not in made()["id"]
    assert "p1" not in made()["id"]


@pytest.mark.parametrize(
    ("code", "icd10", "written"),
    [
        ("M47816", True, "M47.816"),
        ("R52", True, "R52"),
        ("E1140", True, "E11.40"),
        ("7213", False, "721.3"),
        ("V1589", False, "V15.89"),
        ("E8490", False, "E849.0"),
        ("724", False, "724"),
    ],
)
def test_a_diagnosis_gets_its_point(code: str, icd10: bool, written: str) -> None:
    assert dotted(Diagnosis(code, icd10)) == written


def test_a_line_without_modifiers_of_a_day_that_is_not_told() -> None:
    """The coder derives no line then; what is written holds nothing empty all the same."""
    bare = replace(LINES[1], modifiers=())
    (item,) = made(replace(SESSION, date=None, lines=(bare,)))["item"]
    assert item == {
        "sequence": 1,
        "diagnosisSequence": [1],
        "procedureSequence": [2],
        "productOrService": concept(CPT, "64494"),
        "quantity": {"value": 1},
    }


def test_icd_9_has_its_system() -> None:
    old = replace(LEFT, indications=(Diagnosis("7213", icd10=False),))
    found = made(replace(SESSION, procedures=(old,), lines=LINES[:1]))
    assert found["diagnosis"] == [
        {"sequence": 1, "diagnosisCodeableConcept": concept(ICD9, "721.3")}
    ]
    assert not wrong(found)


def test_medplum_takes_drafts() -> None:
    bare = Session(None, DAY, (replace(LEFT, indications=()),), LINES[:1], ())
    full = made(
        parties=Parties(billing=ProviderParty(reference="Organization/o"), coverage="Coverage/c")
    )
    drafts = [made(), full, made(bare)]
    assert not medplum([json.dumps(each).encode() for each in drafts])


# --- the claim of a session -----------------------------------------------------------------------


def test_the_claim_of_a_session_holds_what_is_known() -> None:
    parties = Parties(
        billing=ProviderParty(
            npi="1234567893", taxonomy="208VP0014X", address=Address(state="OH", postal_code="9")
        ),
        rendering=ProviderParty(npi="1245319599", address=Address(state="KY")),
        patient=PersonParty(birth_date=dt.date(1955, 5, 5), sex="F"),
        member_id="M",
        relationship="19",
        payer=PayerParty(name="N", id="I", filing_indicator="MB", responsibility="P"),
    )
    found = claim_of(SESSION, parties)
    both, one = (G8929, M47816), (M47816,)
    assert found == Claim(
        id=id_of(SESSION).hex[:20].upper(),
        frequency="1",
        responsibility="P",
        payer=Payer(name="N", id="I", filing_indicator="MB"),
        billing=Provider(npi="1234567893", taxonomy="208VP0014X", state="OH", postal_code="9"),
        rendering=Provider(npi="1245319599"),
        patient=Patient(
            member_id="M", birth_date=dt.date(1955, 5, 5), sex="F", is_subscriber=False
        ),
        diagnoses=both,
        lines=(
            _line(1, "64493", ("50", "KX"), (1, 2), both),
            _line(2, "64494", ("RT",), (2,), one),
        ),
    )
    assert claim_of(SESSION).billing == Provider()


def _line(
    number: int,
    code: str,
    modifiers: tuple[str, ...],
    pointers: tuple[int, ...],
    diagnoses: tuple[Diagnosis, ...],
) -> ServiceLine:
    return ServiceLine(
        number=number,
        code=code,
        modifiers=modifiers,
        units=Decimal(1),
        date=DAY,
        pointers=pointers,
        diagnoses=diagnoses,
    )


# --- from a Bundle --------------------------------------------------------------------------------

PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [
        {"use": "maiden", "family": "BEFORE", "given": ["PAT"]},
        {"use": "official", "family": "PATIENT", "given": ["PAT", "LEE"], "suffix": ["MD", "Jr."]},
        {"use": "nickname", "given": ["PATTY"]},
    ],
    "gender": "female",
    "birthDate": "1955-05-05",
    "address": [
        {"use": "old", "line": ["9 OLD ROAD"], "city": "GONE"},
        {"line": ["1 ELM STREET"], "city": "ANYTOWN", "state": "OH", "postalCode": "99999"},
    ],
}
ORGANIZATION: Json = {
    "resourceType": "Organization",
    "id": "o1",
    "identifier": [
        {"system": NPI, "value": "1234567893"},
        {"system": "urn:oid:2.16.840.1.113883.4.4", "value": "12-3456789"},
    ],
    "type": [concept(TAXONOMY, "208VP0014X")],
    "name": "SPINE AND PAIN GROUP",
    "address": [
        {"line": ["100 MAIN STREET"], "city": "ANYTOWN", "state": "OH", "postalCode": "99999-1234"}
    ],
}
PRACTITIONER: Json = {
    "resourceType": "Practitioner",
    "id": "d1",
    "identifier": [
        {"system": NPI, "value": "1245319599"},
        {"type": concept(f"{HL7}/v2-0203", "SS"), "value": "111-22-3333"},
        {"type": concept(f"{HL7}/v2-0203", "TAX"), "value": "999999999"},
    ],
    "name": [{"family": "DOCTOR", "given": ["DANA"]}],
    "qualification": [{"code": concept(TAXONOMY, "208VP0000X")}],
}
COVERAGE: Json = {
    "resourceType": "Coverage",
    "id": "c1",
    "status": "active",
    "type": concept(FILING, "MB"),
    "subscriber": {"reference": "Patient/p1"},
    "subscriberId": "MBR0001",
    "beneficiary": {"reference": "Patient/p1"},
    "relationship": concept(f"{HL7}/subscriber-relationship", "self"),
    "period": {"start": "2020-01-01", "end": "2026-12-31"},
    "payor": [{"reference": "Organization/i1"}],
}
INSURER: Json = {
    "resourceType": "Organization",
    "id": "i1",
    "identifier": [{"system": PAYER_ID, "value": "99999"}],
    "name": "TEST PAYER",
}
PROCEDURE: Json = {
    "resourceType": "Procedure",
    "id": "a",
    "status": "completed",
    "code": {"text": "Medial branch block under fluoroscopy"},
    "bodySite": [{"text": "left L4-5 facet joint"}],
    "category": concept("http://snomed.info/sct", "103693007"),
    "subject": {"reference": "Patient/p1"},
    "performedDateTime": "2026-03-10T10:00:00-05:00",
    "performer": [
        {
            "actor": {"reference": "Practitioner/d1"},
            "onBehalfOf": {"reference": "Organization/o1"},
        }
    ],
    "reasonCode": [concept(ICD10, "M47.816")],
}
BESIDE = (PATIENT, ORGANIZATION, PRACTITIONER, COVERAGE, INSURER)

BILLING = ProviderParty(
    name=Name(last="SPINE AND PAIN GROUP", is_person=False),
    address=Address(
        lines=("100 MAIN STREET",), city="ANYTOWN", state="OH", postal_code="99999-1234"
    ),
    npi="1234567893",
    taxonomy="208VP0014X",
    tax_id="123456789",
    tax_id_kind=TaxIdKind.EMPLOYER,
    reference="Organization/o1",
)
RENDERING = ProviderParty(
    name=Name(last="DOCTOR", first="DANA"),
    npi="1245319599",
    taxonomy="208VP0000X",
    tax_id="111223333",
    tax_id_kind=TaxIdKind.SOCIAL_SECURITY,
    reference="Practitioner/d1",
)
PERSON = PersonParty(
    name=Name(last="PATIENT", first="PAT", middle="LEE", suffix="Jr."),
    address=Address(lines=("1 ELM STREET",), city="ANYTOWN", state="OH", postal_code="99999"),
    birth_date=dt.date(1955, 5, 5),
    sex="F",
)
PAYER = PayerParty(name="TEST PAYER", id="99999", filing_indicator="MB", responsibility="P")
ALL = Parties(
    billing=BILLING,
    rendering=RENDERING,
    patient=PERSON,
    member_id="MBR0001",
    relationship="18",
    payer=PAYER,
    coverage="Coverage/c1",
)


def bundle(*resources: Json) -> bytes:
    entries = [{"resource": each} for each in resources]
    whole = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return json.dumps(whole).encode()


def read(data: bytes) -> Parties:
    """The parties of the first Procedure of a Bundle, or of rows."""
    survey = Survey(Source("input", data), 0, frozenset(), False, procedures=True)
    source = Source("input", data)
    rows = Neighbours(source.data, survey.beside)
    for container in survey.containers:
        scope = rows
        if container.is_bundle:
            scope = Neighbours(source.data, container.entries, rows, container.path)
        for entry in container.entries:
            if entry.type == "Procedure":
                there = scope.destination(entry)
                assert there.value is not None
                return parties_of(there.value, scope, entry.url, there.path)
    raise AssertionError("no Procedure")


def changed(resource: Json, **members: Any) -> Json:
    """The resource with other members; None takes one away."""
    merged = {**resource, **members}
    return {name: value for name, value in merged.items() if value is not None}


def beside(**changes: Json) -> Parties:
    """The parties, with resources in the place of those of the same id, and others beside."""
    replaced = {each["id"]: each for each in (*BESIDE, PROCEDURE)}
    replaced.update({each["id"]: each for each in changes.values()})
    return read(bundle(*replaced.values()))


def test_all_that_the_resources_tell() -> None:
    assert beside() == ALL


def test_rows_are_read_alike() -> None:
    rows = (*BESIDE, PROCEDURE)
    assert read(b"".join(json.dumps(each).encode() + b"\n" for each in rows)) == ALL


def test_a_bundle_finds_its_coverage_around_it() -> None:
    rows = [*BESIDE, json.loads(bundle(PROCEDURE))]
    assert read(b"".join(json.dumps(each).encode() + b"\n" for each in rows)) == ALL


def test_a_session_is_drafted_from_a_bundle() -> None:
    data = bundle(*BESIDE, PROCEDURE)
    document = open_document(Source("input", data))
    tables = shipped()
    profile = Profiles(tables.folder).get("medicare")
    (session,) = sessions(document.procedures(), tables, profile)
    found = made(session, read(data))
    assert [item["productOrService"] for item in found["item"]] == [concept(CPT, "64493")]
    assert found["provider"] == {"reference": "Organization/o1"}
    assert found["insurance"][0]["coverage"] == {"reference": "Coverage/c1"}
    assert found["diagnosis"][0]["diagnosisCodeableConcept"] == concept(ICD10, "M47.816")
    assert not wrong(found)


def test_from_a_bundle_to_x12_the_place_and_the_envelope_are_what_is_missing() -> None:
    data = bundle(*BESIDE, PROCEDURE)
    procedures = open_document(Source("input", data)).procedures()
    tables = shipped()
    (session,) = sessions(procedures, tables, Profiles(tables.folder).get("medicare"))
    claim, parties = claim_of(session, read(data)), read(data)
    with pytest.raises(Incomplete) as caught:
        interchange([(claim, parties)], ENVELOPE, WHEN, uncharged=True)
    assert caught.value.missing == ("the place of service",)
    assert not caught.value.unfit
    placed = replace(claim, place_of_service="11")
    written = interchange([(placed, parties)], ENVELOPE, WHEN, uncharged=True)
    (again,) = adapter.read(written)
    assert [(line.code, line.modifiers, line.charge) for line in again.lines] == [
        ("64493", ("LT", "KX"), Decimal(0))
    ]
    assert errors_of(sets_of(written)) == [Counter()]


# --- who pays -------------------------------------------------------------------------------------


def _deep(levels: int) -> Json:
    return {"url": "x", "extension": [_deep(levels - 1)]} if levels else {"url": "x"}


OTHER_COVERAGE = changed(COVERAGE, id="c2")

NO_PAYER: dict[str, tuple[tuple[Json, ...], tuple[Doubt, ...]]] = {
    "no coverage at hand": ((changed(COVERAGE, beneficiary={"reference": "Patient/p2"}),), ()),
    "cancelled": ((changed(COVERAGE, status="cancelled"),), ()),
    "ended before the day": ((changed(COVERAGE, period={"end": "2026-03-09"}),), ()),
    "began after the day": ((changed(COVERAGE, period={"start": "2026-03-11"}),), ()),
    "nested too deep": (
        (changed(COVERAGE, extension=[_deep(70)]),),
        (Doubt(Party.PAYER, "a coverage of the patient is nested too deep to be read"),),
    ),
    "one that may still have held": (
        (COVERAGE, changed(OTHER_COVERAGE, period={"start": "2026-03", "end": "2026"})),
        (Doubt(Party.PAYER, "the patient has more than one active coverage"),),
    ),
    "two that were active": (
        (COVERAGE, OTHER_COVERAGE),
        (Doubt(Party.PAYER, "the patient has more than one active coverage"),),
    ),
    "more than can be told apart": (
        tuple(changed(COVERAGE, id=f"c{n}") for n in range(1, 23)),
        (Doubt(Party.PAYER, "the patient has more coverages than are told apart"),),
    ),
}


@pytest.mark.parametrize("name", NO_PAYER)
def test_without_exactly_one_coverage_there_is_no_payer(name: str) -> None:
    coverages, doubts = NO_PAYER[name]
    found = read(bundle(PATIENT, ORGANIZATION, PRACTITIONER, INSURER, PROCEDURE, *coverages))
    assert found == Parties(billing=BILLING, rendering=RENDERING, patient=PERSON, doubts=doubts)


@pytest.mark.parametrize(
    "other",
    [
        changed(OTHER_COVERAGE, status="cancelled"),
        changed(OTHER_COVERAGE, period={"end": "2025"}),
        changed(OTHER_COVERAGE, period={"end": "2026-02"}),
        changed(OTHER_COVERAGE, period={"start": "2027"}),
        changed(OTHER_COVERAGE, period={"end": "2026-03-09T23:59:59-05:00"}),
        changed(OTHER_COVERAGE, period={"end": "2026-03-09"}),
        COVERAGE,
    ],
)
def test_coverages_that_did_not_hold_do_not_count(other: Json) -> None:
    assert read(bundle(*BESIDE, PROCEDURE, other)) == ALL


@pytest.mark.parametrize(
    ("order", "expected"), [(None, "P"), (1, "P"), (2, "S"), (3, "T"), (4, None), ("1", None)]
)
def test_the_order_of_a_coverage_tells_the_responsibility(
    order: object, expected: str | None
) -> None:
    found = beside(coverage=changed(COVERAGE, order=order))
    assert found.payer == replace(PAYER, responsibility=expected)


@pytest.mark.parametrize(
    ("payor", "why"),
    [
        (
            [{"reference": "Organization/i1"}, {"reference": "Organization/o1"}],
            "the coverage names more than one payer",
        ),
        ([{"reference": "Patient/p1"}], "the coverage is paid by a person"),
    ],
)
def test_a_payer_that_is_not_one_organization_is_a_doubt(payor: list[Json], why: str) -> None:
    found = beside(coverage=changed(COVERAGE, payor=payor))
    assert (found.payer, found.doubts) == (None, (Doubt(Party.PAYER, why),))


def test_a_payer_that_is_elsewhere_has_the_name_that_stands_there() -> None:
    payor = [{"display": "SOME PAYER", "identifier": {"system": PAYER_ID, "value": "12345"}}]
    found = beside(coverage=changed(COVERAGE, payor=payor))
    assert found.payer == replace(PAYER, name="SOME PAYER", id="12345")


def _relation(code: str | None) -> Json | None:
    return None if code is None else concept(f"{HL7}/subscriber-relationship", code)


SUBSCRIBER: Json = {
    "resourceType": "Patient",
    "id": "s1",
    "name": [{"family": "PATIENT", "given": ["SAM"]}],
}


@pytest.mark.parametrize(
    ("code", "expected"), [("child", "19"), ("spouse", "01"), ("other", "G8"), ("parent", "G8")]
)
def test_the_subscriber_may_be_another(code: str, expected: str) -> None:
    coverage = changed(
        COVERAGE, subscriber={"reference": "Patient/s1"}, relationship=_relation(code)
    )
    found = beside(coverage=coverage, subscriber=SUBSCRIBER)
    assert found == replace(
        ALL,
        relationship=expected,
        subscriber=PersonParty(name=Name(last="PATIENT", first="SAM")),
    )


def test_the_patient_may_be_the_subscriber_by_reference_alone() -> None:
    assert beside(coverage=changed(COVERAGE, relationship=None)) == ALL


@pytest.mark.parametrize(
    ("code", "subscriber", "why"),
    [
        (None, None, "the relationship to the subscriber is not told"),
        (None, "Patient/s1", "the relationship to the subscriber is not told"),
        ("common", "Patient/s1", "the relationship to the subscriber has no code in X12"),
        ("child", "Patient/p1", "is named as the subscriber, and is said not to be"),
        ("self", "Patient/s1", "is said to be the subscriber, and the coverage names another"),
    ],
)
def test_a_relationship_that_is_not_clear_is_a_doubt(
    code: str | None, subscriber: str | None, why: str
) -> None:
    held = None if subscriber is None else {"reference": subscriber}
    coverage = changed(COVERAGE, subscriber=held, relationship=_relation(code))
    found = beside(coverage=coverage, subscriber=SUBSCRIBER)
    assert (found.relationship, found.subscriber) == (None, None)
    assert found.doubts == (Doubt(Party.PATIENT, why),)


def test_a_contained_patient_has_no_coverage_beside() -> None:
    """Another resource may contain one under the same name."""
    coverage = changed(
        COVERAGE, beneficiary={"reference": "#x"}, contained=[{**PATIENT, "id": "x"}]
    )
    procedure = changed(
        PROCEDURE, subject={"reference": "#x"}, contained=[{**SUBSCRIBER, "id": "x"}]
    )
    found = beside(coverage=coverage, procedure=procedure)
    assert found.payer is None
    assert found.patient == PersonParty(name=Name(last="PATIENT", first="SAM"))


# --- who treated ----------------------------------------------------------------------------------

ROLE: Json = {
    "resourceType": "PractitionerRole",
    "id": "r1",
    "practitioner": {"reference": "Practitioner/d1"},
    "organization": {"reference": "Organization/o1"},
    "specialty": [concept(TAXONOMY, "207LP2900X")],
}


def performed(*performers: Json, **others: Json) -> Parties:
    return beside(procedure=changed(PROCEDURE, performer=list(performers)), **others)


def test_a_person_alone_does_not_bill() -> None:
    found = performed({"actor": {"reference": "Practitioner/d1"}}, role=ROLE)
    assert (found.billing, found.rendering) == (None, RENDERING)


def test_an_organization_that_acted_bills() -> None:
    found = performed({"actor": {"reference": "Organization/o1"}})
    assert (found.billing, found.rendering) == (BILLING, None)


def test_a_role_leads_to_the_person_and_the_organization() -> None:
    found = performed({"actor": {"reference": "PractitionerRole/r1"}}, role=ROLE)
    assert found.billing == BILLING
    assert found.rendering == replace(RENDERING, taxonomy="207LP2900X")


def test_whom_it_was_done_for_stands_before_the_role() -> None:
    other = changed(ORGANIZATION, id="o2", name="OTHER")
    found = performed(
        {
            "actor": {"reference": "PractitionerRole/r1"},
            "onBehalfOf": {"reference": "Organization/o2"},
        },
        role=ROLE,
        other=other,
    )
    assert found.billing is not None
    assert found.billing.reference == "Organization/o2"


def test_who_is_elsewhere_is_known_by_number() -> None:
    actor = {"type": "Practitioner", "identifier": {"system": NPI, "value": "1245319599"}}
    behalf = {"reference": "Organization/gone"}
    found = performed({"actor": actor, "onBehalfOf": behalf})
    assert found.rendering == ProviderParty(npi="1245319599")
    assert found.billing == ProviderParty(reference="Organization/gone")


def test_a_performer_of_another_kind_neither_bills_nor_treats() -> None:
    found = performed({"actor": {"reference": "Device/x"}}, {"actor": {"display": "somebody"}})
    assert (found.billing, found.rendering, found.doubts) == (None, None, ())


def test_a_subject_that_is_no_patient_is_none() -> None:
    procedure = changed(PROCEDURE, subject={"reference": "Organization/o1"})
    assert beside(procedure=procedure).patient is None


def test_the_day_may_be_the_first_of_a_period() -> None:
    period = {"start": "2026-03-10T10:00:00Z", "end": "2027-01-02T10:00:00Z"}
    procedure = changed(PROCEDURE, performedDateTime=None, performedPeriod=period)
    assert beside(procedure=procedure) == ALL


def test_several_performers_are_a_doubt() -> None:
    nurse = changed(PRACTITIONER, id="n1", name=[{"family": "NURSE"}])
    found = performed(
        {
            "actor": {"reference": "Practitioner/d1"},
            "onBehalfOf": {"reference": "Organization/o1"},
        },
        {
            "actor": {"reference": "Practitioner/n1"},
            "onBehalfOf": {"reference": "Organization/i1"},
        },
        nurse=nurse,
    )
    assert (found.billing, found.rendering) == (None, None)
    assert set(found.doubts) == {
        Doubt(Party.BILLING, "the procedure was done for more than one"),
        Doubt(Party.RENDERING, "the procedure has more than one performer"),
    }


def test_one_who_is_named_twice_is_one() -> None:
    one = PROCEDURE["performer"][0]
    assert performed(one, one) == ALL


def test_a_contained_provider_is_read_and_cannot_be_referred_to() -> None:
    procedure = changed(
        PROCEDURE,
        contained=[{**ORGANIZATION, "id": "x"}],
        performer=[{"actor": {"reference": "#x"}}],
    )
    assert beside(procedure=procedure).billing == replace(BILLING, reference=None)


@pytest.mark.parametrize(
    ("identifiers", "expected"),
    [
        ([{"system": "http://hl7.org/fhir/sid/us-ein", "value": "12-3456789"}], "123456789"),
        ([{"type": concept(f"{HL7}/v2-0203", "EN"), "value": "123456789"}], "123456789"),
        ([{"type": concept(f"{HL7}/v2-0203", "TAX"), "value": "123456789"}], "123456789"),
        ([{"type": concept(f"{HL7}/v2-0203", "NII"), "value": "123456789"}], None),
        (
            [
                {"system": "http://hl7.org/fhir/sid/us-ein", "value": "12-3456789"},
                {"system": "http://hl7.org/fhir/sid/us-ein", "value": "98-7654321"},
            ],
            None,
        ),
    ],
)
def test_the_tax_id_of_an_organization(identifiers: list[Json], expected: str | None) -> None:
    found = beside(organization=changed(ORGANIZATION, identifier=identifiers)).billing
    assert found is not None
    assert found.tax_id == expected
    assert found.tax_id_kind == (None if expected is None else TaxIdKind.EMPLOYER)


@pytest.mark.parametrize(
    ("names", "last", "doubts"),
    [
        ([{"family": "A"}], "A", ()),
        ([{"use": "usual", "family": "A"}, {"family": "B"}], "A", ()),
        ([{"use": "usual", "family": "A"}, {"use": "official", "family": "B"}], "B", ()),
        ([{"family": "A", "period": {"end": "2020-01-01"}}, {"family": "B"}], "B", ()),
        ([{"use": "old", "family": "A"}], None, ()),
        ([{"family": "A"}, {"family": "B"}], None, ("has more than one name",)),
        (
            [{"use": "official", "family": "A"}, {"use": "official", "family": "B"}],
            None,
            ("has more than one name",),
        ),
    ],
)
def test_the_name_of_the_day(names: list[Json], last: str | None, doubts: tuple[str, ...]) -> None:
    found = beside(patient=changed(PATIENT, name=names))
    assert found.patient is not None
    assert (found.patient.name.last if found.patient.name else None) == last
    assert found.doubts == tuple(Doubt(Party.PATIENT, why) for why in doubts)


@pytest.mark.parametrize(
    ("addresses", "city", "doubts"),
    [
        ([{"use": "home", "city": "A"}, {"use": "work", "city": "B"}], "A", ()),
        ([{"use": "temp", "city": "A"}, {"city": "B"}], "B", ()),
        ([{"city": "A"}, {"city": "B"}], None, ("has more than one address",)),
        ([], None, ()),
    ],
)
def test_the_address_of_the_day(
    addresses: list[Json], city: str | None, doubts: tuple[str, ...]
) -> None:
    found = beside(patient=changed(PATIENT, address=addresses))
    assert found.patient is not None
    assert (found.patient.address.city if found.patient.address else None) == city
    assert found.doubts == tuple(Doubt(Party.PATIENT, why) for why in doubts)


def test_without_resources_beside_nothing_is_known() -> None:
    assert read(bundle(changed(PROCEDURE, performer=None))) == Parties()
