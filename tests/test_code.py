"""`facet code`: what it prints in each format, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

import adapter
from adapter.conformance import problems
from tests import test_cli
from tests.cases import ROOT
from tests.runs import read
from tests.test_cli import WRONG, Facet, put
from tests.test_procedure import bundle, procedure

facet = test_cli.facet

SESSION = (ROOT / "fixtures" / "fhir" / "session.json").read_bytes()
X12 = b"""[x12]
sender_qualifier = "ZZ"
sender_id = "SENDER"
receiver_qualifier = "ZZ"
receiver_id = "RECEIVER"
usage = "T"
submitter_name = "EXAMPLE BILLING"
submitter_id = "SUB1"
contact_name = "EDI DESK"
contact_phone = "5555550100"
receiver_name = "EXAMPLE CLEARINGHOUSE"
receiver_code = "REC1"
provider_signature = true
assignment = "A"
benefits_assigned = "Y"
release = "Y"
control_number = 7
"""


def billed() -> bytes:
    """A procedure of a patient with coverage, done for an organization."""
    icd10 = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M47.816"}
    address = {"line": ["1 Sample Street"], "city": "Anytown", "state": "OH"}
    npi = {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}
    tax = {"system": "urn:oid:2.16.840.1.113883.4.4", "value": "999999999"}
    filing = {"system": "https://codesystem.x12.org/005010/1032", "code": "MB"}
    relation = "http://terminology.hl7.org/CodeSystem/subscriber-relationship"
    return bundle(
        procedure(
            reasonCode=[{"coding": [icd10]}],
            performer=[
                {
                    "actor": {"reference": "Practitioner/d"},
                    "onBehalfOf": {"reference": "Organization/o"},
                }
            ],
        ),
        {
            "resourceType": "Patient",
            "id": "p",
            "name": [{"family": "Sample", "given": ["Ada"]}],
            "gender": "female",
            "birthDate": "1960-05-06",
            "address": [address | {"postalCode": "99999"}],
        },
        {
            "resourceType": "Practitioner",
            "id": "d",
            "identifier": [{"system": npi["system"], "value": "1245319599"}],
            "name": [{"family": "Example", "given": ["Dana"]}],
        },
        {
            "resourceType": "Organization",
            "id": "o",
            "name": "Example Spine",
            "identifier": [npi, tax],
            "address": [address | {"postalCode": "999991234"}],
        },
        {
            "resourceType": "Organization",
            "id": "payer",
            "name": "Example Medicare",
            "identifier": [{"system": "https://www.cms.gov/payer-id", "value": "99999"}],
        },
        {
            "resourceType": "Coverage",
            "id": "c",
            "status": "active",
            "type": {"coding": [filing]},
            "subscriberId": "SAMPLE0001",
            "subscriber": {"reference": "Patient/p"},
            "beneficiary": {"reference": "Patient/p"},
            "relationship": {"coding": [{"system": relation, "code": "self"}]},
            "payor": [{"reference": "Organization/payer"}],
            "order": 1,
        },
    )


def report(facet: Facet, *arguments: Any, stdin: bytes = SESSION) -> dict[str, Any]:
    ran = facet("code", "--format", "json", *arguments, "-", stdin=stdin)
    assert ran.status == 0, ran.err
    return ran.report


def test_the_lines_of_each_session(facet: Facet) -> None:
    told = report(facet, "--payer", "medicare")
    assert (told["schema"], told["profile"]) == ("facet-coding/1", "medicare")
    first, second, third = told["sessions"]
    assert (first["patient"], first["date"]) == ("Patient/sample", "2026-03-10")
    assert first["procedures"] == ["Procedure/blocks", "Procedure/sacroiliac"]
    assert [(line["code"], line["modifiers"], line["units"]) for line in first["lines"]] == [
        ("64493", ["LT", "KX"], 1),
        ("64494", ["LT", "KX"], 1),
    ]
    assert first["lines"][0]["joints"] == ["L4-5"]
    assert first["lines"][0]["why"].startswith("First lumbar")
    assert "Bundle.entry[1].resource.bodySite[0]" in first["lines"][0]["evidence"]
    (family, _) = first["findings"]
    assert (family["cause"], family["severity"]) == ("not-facet", "info")
    assert "sacroiliac" in family["message"]
    assert [line["modifiers"] for line in second["lines"]] == [["50"], ["50"]]
    assert (third["lines"], third["findings"][0]["cause"]) == ([], "lone-nerve")


def test_an_unknown_payer_leaves_both_sides_open(facet: Facet) -> None:
    first, second, _ = report(facet)["sessions"]
    assert [line["modifiers"] for line in first["lines"]] == [["LT"], ["LT"]]
    assert second["lines"] == []
    assert {each["cause"] for each in second["findings"]} == {"payer-differs"}


def test_findings_decide_the_status_where_that_is_asked_for(facet: Facet) -> None:
    path = put("in.json", SESSION)
    assert facet("code", path).status == 0
    assert facet("code", "--fail-on", "warning", path).status == 1
    assert facet("code", "--payer", "nobody", path).status == 2


def test_what_it_does_not_take(facet: Facet) -> None:
    ran = facet("code", "-", stdin=WRONG)
    assert (ran.status, ran.out) == (3, b"")
    assert "it is X12 837P" in ran.err
    assert facet("code", "-", stdin=b"{").status == 3
    nothing = facet("code", "--format", "json", "-", stdin=b'{"resourceType": "Patient"}')
    assert (nothing.status, nothing.report["sessions"]) == (0, [])


def test_strangers_are_counted_for_people(facet: Facet) -> None:
    other = procedure(code={"text": "Colonoscopy"}, bodySite=[{"text": "Colon"}])
    ran = facet("code", "-", stdin=bundle(other))
    assert b"1 procedure with nothing of facet joints in it." in ran.out
    assert b"Procedure/a" not in ran.out


def test_draft_claims(facet: Facet) -> None:
    ran = facet("code", "--payer", "medicare", "--format", "fhir", "-", stdin=SESSION)
    assert ran.status == 0
    assert "completes no joint" in ran.err
    rows = ran.out.splitlines()
    assert len(rows) == 2
    for row in rows:
        assert not problems(row)
        claim = json.loads(row)
        assert (claim["resourceType"], claim["status"]) == ("Claim", "draft")
        assert "total" not in claim
    (first, _) = read(ran.out)
    assert [(line.code, line.modifiers) for line in first.lines] == [
        ("64493", ("LT", "KX")),
        ("64494", ("LT", "KX")),
    ]
    checked = facet("check", "-", "--payer", "medicare", stdin=ran.out)
    assert checked.status == 0


def test_an_interchange_with_what_it_needs(facet: Facet) -> None:
    put("facet.toml", X12)
    ran = facet(
        "code", "--payer", "medicare", "--format", "x12", "--place", "11", "-", stdin=billed()
    )
    assert (ran.status, ran.err) == (0, "")
    (claim,) = read(ran.out)
    (line,) = claim.lines
    assert (line.code, line.modifiers, line.charge) == ("64493", ("RT",), 0)
    assert (claim.place_of_service, claim.diagnoses[0].code) == ("11", "M47816")
    assert not [each for each in adapter.check(claim, "medicare") if each.severity > 1]


def test_an_interchange_without_what_it_needs(facet: Facet) -> None:
    ran = facet("code", "--format", "x12", "-", stdin=billed())
    assert (ran.status, ran.out) == (2, b"")
    assert "[x12] sender_id" in ran.err
    assert "the place of service" in ran.err
    put("facet.toml", X12)
    output = put("out.837", b"as it was")
    ran = facet("code", "--payer", "cpt", "--format", "x12", "-o", output, "-", stdin=SESSION)
    assert (ran.status, output.read_bytes()) == (2, b"as it was")
    assert "the billing provider's NPI" in ran.err
    for value in (b"Ada", b"Sample", b"1960"):
        assert value.decode() not in ran.err


@pytest.mark.parametrize("form", ["text", "json", "fhir"])
def test_no_person_is_in_what_it_prints(facet: Facet, form: str) -> None:
    ran = facet("code", "--format", form, "--payer", "medicare", "-", stdin=billed())
    for value in ("Ada", "1960-05-06", "SAMPLE0001", "1 Sample Street"):
        assert value not in ran.out.decode() + ran.err
