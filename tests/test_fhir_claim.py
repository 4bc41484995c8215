"""What is read of a FHIR Claim and of what it refers to: field by field, and what is left open."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from adapter.findings import Reason
from adapter.model import Claim, Diagnosis, Patient, Payer, Provider, ServiceLine, Trouble
from tests.buildfhir import (
    CPT,
    HCPCS,
    HL7,
    ICD10,
    NPI,
    PAYER_ID,
    PLACE,
    TAXONOMY,
    Json,
    claim,
    concept,
    dumps,
)
from tests.runs import check, fix, read

LINE = "64493-RT $400"


def one(resource: Json, *beside: Json) -> Claim:
    """The claim as it is read: alone, or in a collection with other resources."""
    return read(_input(resource, *beside))[0]


def _input(resource: Json, *beside: Json) -> bytes:
    if not beside:
        return dumps(resource).encode()
    entries = [{"resource": each} for each in (resource, *beside)]
    return dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def changed(change: Callable[[Json], object], *lines: str, **options: Any) -> Json:
    resource = claim(*(lines or (LINE,)), **options)
    change(resource)
    return resource


def first(resource: Json) -> ServiceLine:
    return one(resource).lines[0]


def item(**members: Any) -> Callable[[Json], object]:
    """Members of the first item; None takes one away."""

    def change(resource: Json) -> None:
        for name, value in members.items():
            resource["item"][0].pop(name, None)
            if value is not None:
                resource["item"][0][name] = value

    return change


def whole(**members: Any) -> Callable[[Json], object]:
    def change(resource: Json) -> None:
        for name, value in members.items():
            resource.pop(name, None)
            if value is not None:
                resource[name] = value

    return change


def odd(resource: Json, *beside: Json) -> list[tuple[Trouble, str]]:
    return [(each.kind, each.place) for each in one(resource, *beside).oddities]


def rules(resource: Json, *beside: Json) -> set[str]:
    return {finding.rule for finding in check(_input(resource, *beside), "medicare").findings}


# --- a line ---------------------------------------------------------------------------------------


def test_a_line_as_it_stands() -> None:
    assert first(claim("64493-RT,KX x1 $400.50")) == ServiceLine(
        number=1,
        code="64493",
        modifiers=("RT", "KX"),
        charge=Decimal("400.5"),
        units=Decimal(1),
        date=date(2026, 3, 10),
        place_of_service="11",
        pointers=(1,),
        diagnoses=(Diagnosis("M47816"),),
    )


CPT_URIS = [CPT, CPT + "/", CPT.replace("http:", "https:"), "urn:oid:2.16.840.1.113883.6.12"]
HCPCS_URIS = [
    HCPCS,
    HCPCS.replace("https:", "http:"),
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets/Alpha-Numeric-HCPCS.html",
    "urn:oid:2.16.840.1.113883.6.285",
]


@pytest.mark.parametrize("system", CPT_URIS + HCPCS_URIS)
def test_code_systems_of_services_and_modifiers(system: str) -> None:
    line = first(
        changed(item(productOrService=concept(system, "64493"), modifier=[concept(system, "LT")]))
    )
    assert (line.code, line.modifiers) == ("64493", ("LT",))


@pytest.mark.parametrize(
    ("codings", "code"),
    [
        ([(HCPCS, "G0260"), (CPT, "64493")], "64493"),
        ([(HCPCS, "64493"), ("urn:local", "X")], "64493"),
        ([("http://snomed.info/sct", "231249005")], ""),
        ([(CPT, "64493"), (CPT, "64493")], "64493"),
    ],
)
def test_one_of_several_codings_is_billed(codings: list[tuple[str, str]], code: str) -> None:
    concept_ = {"coding": [{"system": s, "code": c} for s, c in codings]}
    assert first(changed(item(productOrService=concept_))).code == code


@pytest.mark.parametrize(
    ("coding", "words"),
    [
        ({"code": "64493"}, "64493 under no code system"),
        ({"system": "urn:local", "code": "64493"}, "not CPT or HCPCS"),
    ],
)
def test_a_code_that_no_system_stands_for_is_no_guess(coding: Json, words: str) -> None:
    resource = changed(item(productOrService={"coding": [coding]}))
    (finding,) = check(_input(resource), "medicare").findings
    assert (finding.rule, finding.line) == ("FH05", 1)
    assert words in finding.message
    assert finding.notes == ("No other rule was applied to this claim.",)
    assert fix(_input(resource), "medicare", suggested=True).data == _input(resource)


def test_two_codes_of_one_system_are_no_choice_of_ours() -> None:
    both = {"coding": [{"system": CPT, "code": c} for c in ("64493", "64494")]}
    assert rules(changed(item(productOrService=both))) == {"FH05"}


@pytest.mark.parametrize(
    "modifier",
    [
        concept(f"{HL7}/modifiers", "a"),
        concept("urn:local", "RT"),
        {"text": "right side"},
    ],
    ids=["example set", "local", "text"],
)
def test_a_modifier_that_is_not_read_silences_all_else(modifier: Json) -> None:
    resource = changed(item(modifier=[modifier]))
    assert rules(resource) == {"FH05"}


def test_a_modifier_without_a_system_can_be_no_other() -> None:
    resource = changed(item(modifier=[{"coding": [{"code": "rt"}]}]))
    assert first(resource).modifiers == ("RT",)


POS_URIS = [
    PLACE,
    "https://www.cms.gov/Medicare/Coding/place-of-service-codes",
    "https://www.cms.gov/Medicare/Coding/place-of-service-codes/place_of_service_code_set.html",
    f"{HL7}/CMSPlaceofServiceCodes",
    None,
]


@pytest.mark.parametrize("system", POS_URIS)
def test_place_of_service(system: str | None) -> None:
    coding = {"code": "24"} if system is None else {"system": system, "code": "24"}
    read_ = first(changed(item(locationCodeableConcept={"coding": [coding]})))
    assert read_.place_of_service == "24"


def test_an_example_set_of_places_says_nothing() -> None:
    place = concept(f"{HL7}/ex-serviceplace", "19")
    assert first(changed(item(locationCodeableConcept=place))).place_of_service is None


@pytest.mark.parametrize(
    ("members", "day", "last"),
    [
        ({"servicedDate": "2026-03-10"}, date(2026, 3, 10), None),
        ({"servicedDate": "2026-03"}, None, None),
        (
            {"servicedDate": None, "servicedPeriod": {"start": "2026-03-10T23:59:05+00:00"}},
            date(2026, 3, 10),
            None,
        ),
        (
            {"servicedDate": None, "servicedPeriod": {"start": "2026-03-10", "end": "2026-03-12"}},
            date(2026, 3, 10),
            date(2026, 3, 12),
        ),
        ({"servicedDate": None}, None, None),
    ],
)
def test_the_day_of_service_is_the_local_one(
    members: Json, day: date | None, last: date | None
) -> None:
    line = first(changed(item(**members)))
    assert (line.date, line.date_end) == (day, last)


@pytest.mark.parametrize(
    ("period", "day"),
    [
        ({"start": "2026-03-10", "end": "2026-03-10T15:00:00Z"}, date(2026, 3, 10)),
        ({"start": "2026-03-10", "end": "2026-03-11"}, None),
        ({"start": "2026-03-10"}, None),
    ],
)
def test_the_claims_period_tells_a_day_only_where_it_is_one(period: Json, day: date | None) -> None:
    resource = changed(item(servicedDate=None))
    resource["billablePeriod"] = period
    assert first(resource).date == day
    assert one(resource).oddities == ()


def test_the_encounter_comes_before_the_claims_period() -> None:
    resource = changed(item(servicedDate=None, encounter=[{"reference": "Encounter/e"}]))
    resource["billablePeriod"] = {"start": "2026-03-11", "end": "2026-03-11"}
    day = {"start": "2026-03-10T08:00:00-05:00", "end": "2026-03-10T09:00:00-05:00"}
    encounter = {"resourceType": "Encounter", "id": "e", "period": day}
    assert one(resource, encounter).lines[0].date == date(2026, 3, 10)


@pytest.mark.parametrize(
    ("members", "charge", "is_odd"),
    [
        ({"net": {"value": 400}}, 400, False),
        ({"net": None, "unitPrice": {"value": 200}, "quantity": {"value": 2}}, 400, False),
        (
            {"net": None, "unitPrice": {"value": 200}, "quantity": {"value": 2}, "factor": 0.5},
            200,
            False,
        ),
        ({"net": None, "unitPrice": {"value": 200}, "quantity": None}, 200, False),
        ({"unitPrice": {"value": 400}, "quantity": {"value": 2}}, 400, True),
        ({"net": None}, None, False),
        ({"net": {"value": 400, "currency": "CAD"}}, None, True),
    ],
)
def test_the_charge(members: Json, charge: int | None, is_odd: bool) -> None:
    resource = json.loads(json.dumps(changed(item(**members)), default=float))
    assert first(resource).charge == charge
    assert [kind for kind, _ in odd(resource)] == ([Trouble.AMOUNT] if is_odd else [])


def test_minutes_are_no_units() -> None:
    minutes = {"value": 15, "unit": "min"}
    assert first(changed(item(quantity=minutes))).unit_basis == "MJ"


def test_pointers_are_positions_whatever_the_sequences() -> None:
    resource = claim(LINE, dx=("M47816", "M5450", "M961"), pointers={1: (3, 1)})
    for held, number in zip(resource["diagnosis"], (7, 3, 9), strict=True):
        held["sequence"] = number
    resource["item"][0]["diagnosisSequence"] = [9, 3, 8]
    read_ = one(resource)
    assert [each.code for each in read_.diagnoses] == ["M5450", "M47816", "M961"]
    assert read_.lines[0].pointers[:2] == (3, 1)
    assert [each.code for each in read_.lines[0].diagnoses] == ["M961", "M5450"]


def test_line_numbers_are_sequences_where_they_are_unique() -> None:
    resource = claim("64493 $1", "64494 $1")
    for sequences, numbers in (((5, 9), [5, 9]), ((4, 4), [1, 2])):
        for held, number in zip(resource["item"], sequences, strict=True):
            held["sequence"] = number
        assert [line.number for line in one(resource).lines] == numbers


# --- diagnoses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        (ICD10, "M47.816", Diagnosis("M47816")),
        ("http://hl7.org/fhir/sid/icd-10", "m47.816", Diagnosis("M47816")),
        ("http://hl7.org/fhir/sid/icd-9-cm", "721.3", Diagnosis("7213", icd10=False)),
        ("http://snomed.info/sct", "239880005", Diagnosis("")),
    ],
)
def test_diagnoses(system: str, code: str, expected: Diagnosis) -> None:
    held = [{"sequence": 1, "diagnosisCodeableConcept": concept(system, code)}]
    assert one(changed(whole(diagnosis=held))).diagnoses == (expected,)


def test_a_diagnosis_may_be_a_condition() -> None:
    held = [{"sequence": 1, "diagnosisReference": {"reference": "Condition/c"}}]
    codings = [
        {"system": "http://snomed.info/sct", "code": "239880005"},
        {"system": ICD10, "code": "M47.816"},
    ]
    condition = {"resourceType": "Condition", "id": "c", "code": {"coding": codings}}
    resource = changed(whole(diagnosis=held))
    assert one(resource, condition).lines[0].diagnoses == (Diagnosis("M47816"),)
    assert one(resource).diagnoses == (Diagnosis(""),)


# --- who ------------------------------------------------------------------------------------------


def test_who_bills_whom_for_whom() -> None:
    read_ = one(claim(LINE, state="TX", filing="MB", service_facility="OK", authorization="A1"))
    assert read_.billing == Provider(
        npi="1234567893", taxonomy="208VP0014X", state="TX", postal_code="999991234"
    )
    assert read_.rendering == Provider(npi="1245319599", taxonomy="208VP0014X")
    assert read_.service_facility == Provider(npi="1679576722", state="OK", postal_code="999991234")
    assert read_.payer == Payer(name="TEST PAYER", id="99999", filing_indicator="MB")
    assert read_.patient == Patient(
        member_id="MBR0001", birth_date=date(1955, 5, 5), sex="F", is_subscriber=True
    )
    assert (read_.state, read_.responsibility, read_.authorizations) == ("OK", "P", ("A1",))


def test_a_dependent_is_not_the_subscriber() -> None:
    patient = one(claim(LINE, dependent=True)).patient
    assert patient == Patient(
        member_id="MBR0001", birth_date=date(2008, 2, 29), sex="M", is_subscriber=False
    )


ORGANIZATION = {
    "resourceType": "Organization",
    "id": "o",
    "identifier": [{"system": NPI, "value": "1679576722"}],
}
PRACTITIONER = {
    "resourceType": "Practitioner",
    "id": "p",
    "identifier": [{"type": concept(f"{HL7}/v2-0203", "NPI"), "value": "1245319599"}],
}


def role(ident: str = "r", organization: str | None = "Organization/o") -> Json:
    found = {
        "resourceType": "PractitionerRole",
        "id": ident,
        "practitioner": {"reference": "Practitioner/p"},
        "specialty": [concept(TAXONOMY, "208VP0014X")],
    }
    return found if organization is None else {**found, "organization": {"reference": organization}}


@pytest.mark.parametrize(
    ("reference", "beside", "npi", "is_told"),
    [
        ("Organization/o", [ORGANIZATION], "1679576722", False),
        ("Practitioner/p", [PRACTITIONER], "1245319599", False),
        ("Practitioner/p", [PRACTITIONER, ORGANIZATION, role()], "1679576722", True),
        ("Practitioner/p", [PRACTITIONER, ORGANIZATION, role(), role("s")], "1245319599", False),
        ("PractitionerRole/r", [PRACTITIONER, ORGANIZATION, role()], "1679576722", True),
        ("PractitionerRole/r", [PRACTITIONER, role(organization=None)], "1245319599", False),
    ],
    ids=["organization", "practitioner", "role names one", "two roles", "role", "role alone"],
)
def test_who_bills_where_a_practitioner_is_named(
    reference: str, beside: list[Json], npi: str, is_told: bool
) -> None:
    resource = changed(whole(provider={"reference": reference}))
    assert one(resource, *beside).billing.npi == npi
    assert ((Trouble.PROVIDER, "provider") in odd(resource, *beside)) == is_told
    assert ("FH03" in rules(resource, *beside)) == is_told


def test_a_reference_may_be_an_identifier_alone() -> None:
    npi = {"identifier": {"system": NPI, "value": "1234567893"}}
    payer = {"identifier": {"system": PAYER_ID, "value": "12345"}, "display": "A PAYER"}
    resource = changed(whole(provider=npi, insurer=payer))
    resource["careTeam"][0]["provider"] = npi
    read_ = one(resource)
    assert (read_.billing.npi, read_.rendering) == (
        "1234567893",
        Provider(npi="1234567893"),
    )
    assert (read_.payer.id, read_.payer.name) == ("12345", "A PAYER")


def test_a_line_may_have_a_rendering_provider_of_its_own() -> None:
    resource = claim("64493 $1", "64494 $1")
    second = {"identifier": {"system": NPI, "value": "1679576722"}}
    role_ = concept("http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimCareTeamRole", "rendering")
    resource["careTeam"].append({"sequence": 2, "provider": second, "role": role_})
    resource["item"][1]["careTeamSequence"] = [2]
    lines = one(resource).lines
    assert [line.rendering for line in lines] == [None, Provider(npi="1679576722")]


def test_other_coverages_are_other_payers() -> None:
    resource = claim(LINE)
    other = {"resourceType": "Coverage", "id": "c2", "payor": [{"display": "OTHER"}]}
    resource["insurance"].append(
        {"sequence": 2, "focal": False, "coverage": {"reference": "Coverage/c2"}}
    )
    (payer,) = one(resource, other).other_payers
    assert payer.payer == Payer(name="OTHER")


# --- references -----------------------------------------------------------------------------------


def test_versions_of_a_reference_do_not_matter() -> None:
    resource = changed(whole(provider={"reference": "Organization/o/_history/3"}))
    assert one(resource, ORGANIZATION).billing.npi == "1679576722"


def test_two_resources_with_one_address_are_told_and_not_chosen_from() -> None:
    resource = changed(whole(provider={"reference": "Organization/o"}))
    other = {**ORGANIZATION, "identifier": [{"system": NPI, "value": "1234567893"}]}
    assert one(resource, ORGANIZATION, other).billing == Provider()
    assert odd(resource, ORGANIZATION, other) == [(Trouble.REFERENCE, "provider")]
    assert odd(resource, ORGANIZATION, dict(ORGANIZATION)) == []  # the same twice is no question


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (whole(provider={"reference": "#nobody"}), "provider"),
        (item(careTeamSequence=[1, 4]), "item[0].careTeamSequence[1]"),
        (item(procedureSequence=[1]), "item[0].procedureSequence[0]"),
        (item(informationSequence=[2]), "item[0].informationSequence[0]"),
    ],
)
def test_what_leads_to_nothing_within_the_claim(
    change: Callable[[Json], object], place: str
) -> None:
    resource = changed(change)
    assert (Trouble.REFERENCE, place) in odd(resource)
    assert "FH02" in rules(resource)


def test_a_resource_that_is_elsewhere_is_no_finding() -> None:
    assert odd(changed(whole(provider={"reference": "Organization/elsewhere"}))) == []


# --- the claim ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "ident"),
    [
        ({"id": "C1"}, "C1"),
        ({"id": None, "identifier": [{"value": "PCN-1"}, {"value": "PCN-2"}]}, "PCN-1"),
        ({"id": None}, ""),
    ],
)
def test_the_number_of_a_claim(members: Json, ident: str) -> None:
    assert one(changed(whole(**members))).id == ident


@pytest.mark.parametrize(
    ("members", "is_judged"),
    [
        ({}, True),
        ({"type": None}, True),
        ({"status": "draft"}, True),
        ({"type": concept(f"{HL7}/claim-type", "institutional")}, False),
        ({"use": "preauthorization"}, False),
        ({"use": "bill"}, False),
        ({"status": "cancelled"}, False),
        ({"status": "banana"}, False),
        ({"status": None}, False),
    ],
)
def test_professional_claims_alone_are_judged(members: Json, is_judged: bool) -> None:
    resource = changed(whole(**members), "64493-50,RT $800")
    ran = check(_input(resource), "medicare")
    assert one(resource).professional == is_judged
    assert bool(ran.findings) == is_judged
    reasons = {each.reason for each in ran.not_evaluated}
    assert (reasons == {Reason.NOT_PROFESSIONAL}) == (not is_judged)
    if not is_judged:
        assert fix(_input(resource), "medicare", suggested=True).data == _input(resource)


def test_replacement_claims() -> None:
    prior = [{"relationship": concept(f"{HL7}/ex-relatedclaimrelationship", "prior")}]
    assert one(changed(whole(related=prior))).frequency == "7"
    assert one(claim(LINE, frequency="8")).frequency == "8"
    assert one(claim(LINE)).frequency is None


def test_notes_are_of_the_claim_or_of_a_line() -> None:
    def info(number: int, text: str, category: str = "info") -> Json:
        kind = concept(f"{HL7}/claiminformationcategory", category)
        return {"sequence": number, "category": kind, "valueString": text}

    resource = changed(item(informationSequence=[2]))
    resource["supportingInfo"] = [info(1, "A"), info(2, "B"), info(3, "C", "material")]
    read_ = one(resource)
    assert (read_.notes, read_.lines[0].notes) == (("A",), ("B",))


def test_the_text_of_other_languages_is_read() -> None:
    resource = claim(LINE, note="Bloc facettaire diagnostique à gauche — “essai”")
    for text in (dumps(resource), json.dumps(resource, default=float)):
        assert read(text.encode())[0].notes == ("Bloc facettaire diagnostique à gauche — “essai”",)


def test_a_claim_that_a_payer_has_answered() -> None:
    answer = {
        "resourceType": "ClaimResponse",
        "id": "a",
        "request": {"reference": "Claim/CLM0001"},
        "item": [{"itemSequence": 2}],
    }
    read_ = one(claim("64493 $1", "64494 $1"), answer)
    assert [len(line.adjudications) for line in read_.lines] == [0, 1]


# --- what is missing, or of another type ----------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"quantity": None}, Reason.UNITS_UNKNOWN),
        ({"servicedDate": None}, Reason.DATE_UNKNOWN),
    ],
)
def test_what_is_missing_is_not_evaluated_and_no_error(members: Json, reason: Reason) -> None:
    ran = check(_input(changed(item(**members), "64493-50 $800")), "medicare")
    assert reason in {each.reason for each in ran.not_evaluated}
    assert ran.findings == []


def test_pointers_and_place_may_be_missing() -> None:
    resource = changed(item(diagnosisSequence=None, locationCodeableConcept=None))
    line = first(resource)
    assert (line.pointers, line.diagnoses, line.place_of_service) == ((), (), None)
    assert odd(resource) == []


WRONG = [
    (item(sequence="1"), "item[0].sequence"),
    (item(sequence=0), "item[0].sequence"),
    (item(quantity={"value": "1"}), "item[0].quantity.value"),
    (item(quantity=1), "item[0].quantity"),
    (item(net={"value": "400.00"}), "item[0].net.value"),
    (item(net=[]), "item[0].net"),
    (item(servicedDate="08/16/2014"), "item[0].serviced"),
    (item(servicedDate="2014-02-30"), "item[0].serviced"),
    (item(servicedDate=20140230), "item[0].servicedDate"),
    (item(diagnosisSequence=[1, "2"]), "item[0].diagnosisSequence[1]"),
    (item(diagnosisSequence=1), "item[0].diagnosisSequence"),
    (whole(total={"value": True}), "total.value"),
    (whole(diagnosis={}), "diagnosis"),
    (whole(careTeam=[1]), "careTeam[0]"),
]
BLOCKING = [
    (whole(provider="Organization/o"), "provider"),
    (whole(type=[concept(f"{HL7}/claim-type", "institutional")]), "type"),
    (whole(status=5), "status"),
    (whole(related={}), "related"),
    (whole(insurance={}), "insurance"),
    (item(modifier=concept(CPT, "50")), "item[0].modifier"),
    (item(modifier=["50"]), "item[0].modifier[0]"),
    (item(productOrService={"coding": concept(CPT, "64493")}), "item[0].productOrService.coding"),
    (
        item(productOrService={"coding": [{"system": CPT, "code": 64493}]}),
        "item[0].productOrService.coding[0].code",
    ),
]


@pytest.mark.parametrize(("change", "place"), WRONG, ids=[place for _, place in WRONG])
def test_another_type_is_told_with_its_path(change: Callable[[Json], object], place: str) -> None:
    resource = changed(change, "64493-50 $800")
    assert (Trouble.STRUCTURE, place) in odd(resource)
    assert not any(each.blocking for each in one(resource).oddities)
    assert "FH01" in rules(resource)


@pytest.mark.parametrize(("change", "place"), BLOCKING, ids=[place for _, place in BLOCKING])
def test_a_code_that_cannot_be_read_silences_all_else(
    change: Callable[[Json], object], place: str
) -> None:
    resource = changed(change, "64494-50,RT $800", "64493-50,RT $800")
    assert (Trouble.STRUCTURE, place) in odd(resource)
    assert rules(resource) == {"FH01"}


def test_null_is_told() -> None:
    resource = claim(LINE)
    resource["item"][0]["quantity"] = {"value": None}
    assert odd(resource) == [(Trouble.STRUCTURE, "item[0].quantity.value")]


@pytest.mark.parametrize("text", ["1E1000000", "1" * 41, "9" * 5000, "1e-99999"])
def test_numbers_without_end_are_not_worked_with(text: str) -> None:
    data = _input(claim(LINE)).replace(b'"value": 400', b'"value": ' + text.encode(), 1)
    (read_,) = read(data)
    assert read_.lines[0].charge is None or read_.charge is None
    assert {each.kind for each in read_.oddities} == {Trouble.STRUCTURE}


@pytest.mark.parametrize("text", ["4e2", "400.0", "4.00E+2"])
def test_numbers_with_an_exponent_are_numbers(text: str) -> None:
    data = _input(claim(LINE)).replace(b'"value": 400', b'"value": ' + text.encode())
    assert read(data)[0].lines[0].charge == 400
