"""Two FHIR items that are merged safely, and what must take the safety away, or the correction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adapter.findings import Applicability
from tests.buildfhir import CPT, HCPCS, HL7, PLACE, Json, Layout, claim, concept, dumps
from tests.runs import Ran, check, fix, read

LINES = ("64493-RT $400", "64493-LT $400")
Change = Callable[[Json], Any]


def entry(resource: Json, url: str | None = None) -> Json:
    return {"resource": resource} if url is None else {"fullUrl": url, "resource": resource}


def collection(*entries: Json) -> bytes:
    return dumps({"resourceType": "Bundle", "type": "collection", "entry": list(entries)}).encode()


def billed(change: Change = lambda resource: None, **options: Any) -> Json:
    resource = claim(*LINES, **options)
    change(resource)
    return resource


def alone(change: Change, **options: Any) -> bytes:
    return dumps(billed(change, **options)).encode()


def assert_not_safe(data: bytes, payer: str = "medicare") -> Ran:
    """Nothing is corrected without consent."""
    ran = fix(data, payer)
    assert ran.data == data
    assert not any(
        finding.applicability is Applicability.SAFE for finding in check(data, payer).findings
    )
    return ran


def test_the_lines_are_merged_safely_as_they_stand() -> None:
    (found,) = fix(alone(lambda resource: None), "medicare").corrected
    assert (found.rule, found.applicability) == ("LA05", Applicability.SAFE)


def each_item(number: int, **members: Any) -> Change:
    return lambda resource: resource["item"][number].update(members)


def both(name: str, first: Any, second: Any) -> Change:
    def change(resource: Json) -> None:
        resource["item"][0][name], resource["item"][1][name] = first, second

    return change


def service(**members: Any) -> Json:
    return {**concept(CPT, "64493"), **members}


def placed(*codes: str, **members: Any) -> Json:
    return {"coding": [{"system": PLACE, "code": code} for code in codes], **members}


DIFFERENT = {
    "words": both("productOrService", service(text="right L4-5"), service(text="left L5-S1")),
    "a display": both(
        "productOrService",
        {"coding": [{"system": CPT, "code": "64493", "display": "right"}]},
        {"coding": [{"system": CPT, "code": "64493", "display": "left"}]},
    ),
    "a second place": both("locationCodeableConcept", placed("11", "24"), placed("11", "22")),
    "words of the place": both(
        "locationCodeableConcept", placed("11", text="room A"), placed("11", text="ward B")
    ),
    "what is counted": each_item(1, quantity={"value": 1, "unit": "unit", "comparator": "<"}),
    "an extension of the charge": each_item(
        1, net={"value": 400, "currency": "USD", "extension": [{"url": "urn:x"}]}
    ),
    "where on the body": each_item(1, bodySite=concept("http://snomed.info/sct", "7771000")),
}


@pytest.mark.parametrize("change", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_what_only_one_of_them_says(change: Change) -> None:
    assert_not_safe(alone(change))


RELATED = {
    "prior": {"relationship": concept(f"{HL7}/ex-relatedclaimrelationship", "prior")},
    "replaces": {"relationship": concept("urn:x", "replaces")},
    "in words": {"relationship": {"text": "Replacement of prior claim"}},
    "unsaid": {"claim": {"reference": "Claim/1"}},
}


@pytest.mark.parametrize("related", RELATED.values(), ids=RELATED.keys())
def test_a_claim_that_may_replace_another(related: Json) -> None:
    assert_not_safe(alone(lambda resource: resource.update(related=[related])))


def test_a_claim_that_only_goes_with_another_is_as_any() -> None:
    related = [{"relationship": concept(f"{HL7}/ex-relatedclaimrelationship", "associated")}]
    assert fix(alone(lambda resource: resource.update(related=related)), "medicare").corrected


def test_a_frequency_in_words() -> None:
    info = {"sequence": 1, "category": concept("urn:x", "claimFrequency"), "valueString": "7"}
    assert_not_safe(alone(lambda resource: resource.update(supportingInfo=[info])))


GATES = {
    "type": [concept(f"{HL7}/claim-type", "institutional")],
    "related": {"relationship": concept("urn:x", "prior")},
    "insurance": {"claimResponse": {"reference": "ClaimResponse/1"}},
    "status": 5,
    "modifierExtension": [{"url": "urn:not-performed", "valueBoolean": True}],
    "implicitRules": "urn:x",
}


@pytest.mark.parametrize("name", GATES)
def test_what_decides_whether_a_claim_is_judged_and_cannot_be_read(name: str) -> None:
    assert_not_safe(alone(lambda resource: resource.update({name: GATES[name]})))


def test_a_modifier_with_two_codes_is_neither() -> None:
    two = {"coding": [{"system": HCPCS, "code": "RT"}, {"system": HCPCS, "code": "LT"}]}
    ran = assert_not_safe(alone(each_item(0, modifier=[two])))
    assert {finding.rule for finding in ran.findings} == {"FH05"}


@pytest.mark.parametrize("lines", [("64493-50 $800",), LINES])
def test_a_place_of_a_surgical_centre_where_the_biller_is_not_known(lines: tuple[str, ...]) -> None:
    resource = claim(*lines, place="24")
    resource["provider"] = {"reference": "Organization/elsewhere"}
    assert_not_safe(dumps(resource).encode())


@pytest.mark.parametrize("reference", ["PractitionerRole/r", "Practitioner/p"])
def test_a_place_of_a_surgical_centre_where_the_organization_is_elsewhere(reference: str) -> None:
    role = {
        "resourceType": "PractitionerRole",
        "id": "r",
        "practitioner": {"reference": "Practitioner/p"},
        "organization": {"reference": "Organization/elsewhere"},
    }
    practitioner = {"resourceType": "Practitioner", "id": "p"}
    resource = billed(lambda held: held.update(provider={"reference": reference}), place="24")
    assert_not_safe(collection(entry(resource), entry(role), entry(practitioner)))


@pytest.mark.parametrize("name", ["diagnosis", "supportingInfo", "procedure"])
def test_numbers_that_stand_twice_are_told_of_each(name: str) -> None:
    two = [{"sequence": 1}, {"sequence": 1}, {"sequence": 2}]
    found = check(alone(lambda held: held.update({name: two})), "medicare").findings
    places = {f.location.expression for f in found if f.rule == "FH02"}
    assert places >= {f"Claim.{name}[0].sequence", f"Claim.{name}[1].sequence"}
    assert f"Claim.{name}[2].sequence" not in places


def test_the_taxonomy_of_a_surgical_centre_need_not_be_the_first() -> None:
    resource = claim(*LINES, place="24", payer="medicare-asc")
    (centre,) = [each for each in resource["contained"] if each["id"] == "billing"]
    centre["type"][0]["coding"].insert(
        0, {"system": centre["type"][0]["coding"][0]["system"], "code": "208VP0014X"}
    )
    assert not fix(dumps(resource).encode(), "medicare").findings


def answer(**members: Any) -> Json:
    return {"resourceType": "ClaimResponse", "id": "r", **members}


ANSWERS = {
    "by its address": answer(request={"reference": "Claim/CLM0001"}),
    "by its version": answer(request={"reference": "Claim/CLM0001/_history/1"}),
    "by an address elsewhere": answer(request={"reference": "https://a.example/Claim/CLM0001"}),
    "by an identifier": answer(request={"identifier": {"system": "urn:x", "value": "PCN-1"}}),
    "by nothing": answer(),
    "of benefits": {
        "resourceType": "ExplanationOfBenefit",
        "id": "e",
        "claim": {"reference": "Claim/CLM0001"},
    },
}


def numbered(resource: Json) -> None:
    resource["identifier"] = [{"system": "urn:x", "value": "PCN-1"}]


@pytest.mark.parametrize("said", ANSWERS.values(), ids=ANSWERS.keys())
def test_a_claim_that_was_answered(said: Json) -> None:
    resource = billed(numbered)
    inner = {"resourceType": "Bundle", "type": "collection", "entry": [entry(resource)]}
    rows = f"{dumps(resource, Layout.COMPACT)}\n{dumps(said, Layout.COMPACT)}\n".encode()
    for data in (
        collection(entry(resource), entry(said)),
        collection(entry(said), entry(inner)),
        rows,
        alone(lambda held: (numbered(held), held["contained"].append(said))),
    ):
        (finding,) = assert_not_safe(data).findings
        assert finding.fix is not None
        assert "another payer has adjudicated" in finding.fix.description


def test_an_answer_to_another_claim_takes_nothing_away() -> None:
    data = collection(entry(billed()), entry(answer(request={"reference": "Claim/OTHER"})))
    assert fix(data, "medicare").corrected


def test_the_currency_of_a_unit_price() -> None:
    euros = {"value": 400, "currency": "EUR"}
    assert_not_safe(alone(both("unitPrice", euros, euros)))


@pytest.mark.parametrize("total", [{"value": "800"}, {"value": 800, "currency": "EUR"}])
def test_a_total_that_cannot_be_read(total: Json) -> None:
    assert_not_safe(alone(lambda resource: resource.update(total=total)))


def test_contained_resources_of_a_neighbour_are_its_own() -> None:
    """`#1` in a Coverage is not the `1` that the Claim contains."""
    payer = {"resourceType": "Organization", "id": "1", "name": "A PAYER"}
    coverage = {
        "resourceType": "Coverage",
        "id": "c",
        "contained": [payer],
        "payor": [{"reference": "#1"}],
    }
    resource = billed()
    resource["insurance"][0]["coverage"] = {"reference": "Coverage/c"}
    resource["contained"].append({"resourceType": "Practitioner", "id": "1", "name": "NOBODY"})
    assert read(collection(entry(resource), entry(coverage)))[0].payer.name == "A PAYER"
