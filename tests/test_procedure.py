"""What is read of a Procedure and of the resources around it, and with which evidence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from adapter.coder import Cause
from adapter.findings import Applicability, Reason
from adapter.model import BOTH, Element, Guidance, Intent, Procedure, Side, Status, Technique
from adapter.spine import branch, joint
from tests import buildfhir
from tests.buildfhir import Container, References, Shape
from tests.runs import check, coded, procedures, read

Json = dict[str, Any]
SCT, LOINC, DICOM = (
    "http://snomed.info/sct",
    "http://loinc.org",
    "http://dicom.nema.org/resources/ontology/DCM",
)
LATERALITY = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-laterality-qualifier"
TARGET = "http://hl7.org/fhir/StructureDefinition/procedure-targetBodyStructure"
RIGHT, LEFT = frozenset((Side.RIGHT,)), frozenset((Side.LEFT,))


def concept(system: str, code: str, **more: Any) -> Json:
    return {"coding": [{"system": system, "code": code}], **more}


def procedure(**more: Any) -> Json:
    return {
        "resourceType": "Procedure",
        "id": "a",
        "status": "completed",
        "code": {"text": "Intra-articular facet joint injection"},
        "subject": {"reference": "Patient/p"},
        "performedDateTime": "2026-03-10",
        "bodySite": [{"text": "Right L4-5 facet joint"}],
        "usedCode": [concept(SCT, "44491008")],
    } | more


def bundle(*resources: Json) -> bytes:
    entries = [
        {
            "fullUrl": f"https://example.org/fhir/{each['resourceType']}/{each['id']}",
            "resource": each,
        }
        for each in resources
    ]
    whole = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return json.dumps(whole).encode()


def only(*resources: Json) -> Procedure:
    return procedures(bundle(*resources))[0]


def lines(*resources: Json, payer: str = "cpt") -> list[str]:
    return [
        f"{line.code}{'-' + ','.join(line.modifiers) if line.modifiers else ''} x{line.units}"
        for session in coded(bundle(*resources), payer)
        for line in session.lines
    ]


def causes(*resources: Json) -> set[Cause]:
    found = coded(bundle(*resources))
    return {remark.cause for each in found for remark in each.remarks} - {Cause.NOTE}


# --- itself ---------------------------------------------------------------------------------------


def test_what_it_says_of_itself() -> None:
    found = only(procedure())
    assert (found.reference, found.place) == ("Procedure/a", "Bundle.entry[0].resource")
    assert (found.patient, found.date) == ("Patient/p", date(2026, 3, 10))
    assert found.status is Status.COMPLETED
    assert found.techniques == {Technique.INTRA_ARTICULAR}
    assert found.guidance == {Guidance.FLUOROSCOPY}
    (target,) = found.targets
    assert (target.sides, target.joints) == (RIGHT, {joint("L4-5")})
    assert found.evidence == {
        "code": ("Bundle.entry[0].resource.code",),
        "status": ("Bundle.entry[0].resource.status",),
        "guidance": ("Bundle.entry[0].resource.usedCode[0]",),
        "targets": ("Bundle.entry[0].resource.bodySite[0]",),
    }
    assert found.documented == {Element.TECHNIQUE, Element.GUIDANCE, Element.LOCATION}


@pytest.mark.parametrize(
    ("performed", "day"),
    [
        ({"performedDateTime": "2026-03-10T23:59:05-05:00"}, date(2026, 3, 10)),
        ({"performedPeriod": {"start": "2026-03-10T09:00:00Z", "end": "2026-03-11"}},
         date(2026, 3, 10)),
        ({"performedDateTime": "2026-03"}, None),
        ({"performedString": "in March"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_day(performed: Json, day: date | None) -> None:
    whole = procedure()
    del whole["performedDateTime"]
    assert only(whole | performed).date == day


@pytest.mark.parametrize(
    ("category", "intents"),
    [
        (concept(SCT, "103693007"), {Intent.DIAGNOSTIC}),
        (concept(SCT, "277132007"), {Intent.THERAPEUTIC}),
        ({"text": "Diagnostic"}, {Intent.DIAGNOSTIC}),
        ({"text": "therapeutic procedure"}, {Intent.THERAPEUTIC}),
        ({"text": "not diagnostic"}, set()),
        (concept("http://example.org", "103693007"), set()),
        (concept(SCT, "387713003"), set()),
    ],
)
def test_the_intent(category: Json, intents: set[Intent]) -> None:
    assert only(procedure(category=category)).intents == intents


def test_an_intent_in_the_words_of_the_code() -> None:
    found = only(procedure(code={"text": "Diagnostic medial branch block"}))
    assert found.intents == {Intent.DIAGNOSTIC}
    assert found.techniques == {Technique.BRANCH_BLOCK}


@pytest.mark.parametrize(
    ("status", "lines_"),
    [
        ("completed", ["64493-RT x1"]),
        ("stopped", ["64493-53,RT x1"]),
        ("not-done", []),
        ("entered-in-error", []),
        ("in-progress", []),
        ("preparation", []),
        ("unknown", []),
    ],
)
def test_the_status(status: str, lines_: list[str]) -> None:
    assert lines(procedure(status=status)) == lines_


@pytest.mark.parametrize("name", ["modifierExtension", "implicitRules"])
def test_what_may_turn_its_meaning_round(name: str) -> None:
    value: Any = "http://example.org" if name == "implicitRules" else [{"url": "http://x"}]
    assert lines(procedure(**{name: value})) == []
    assert causes(procedure(**{name: value})) == {Cause.NOT_READ}


def test_a_code_that_bills_tells_the_technique() -> None:
    cpt = concept(buildfhir.CPT, "64635")
    assert lines(procedure(code=cpt)) == ["64635-RT x1"]
    assert lines(procedure(code=cpt | {"text": "Medial branch block"})) == []
    imaging = procedure(code=cpt)
    del imaging["usedCode"]
    assert lines(imaging) == ["64635-RT x1"]  # the code holds it


# --- where ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sites", "sides", "levels"),
    [
        ([{"text": "L4-5 facet joint", "extension": [
            {"url": LATERALITY, "valueCodeableConcept": concept(SCT, "24028007")}]}],
         RIGHT, {"L4-5"}),
        ([concept(SCT, "243923001"), concept(SCT, "7771000")], LEFT, {"L4-5"}),
        ([{"coding": [{"system": SCT, "code": "243923001"}, {"system": SCT, "code": "51440002"}]}],
         BOTH, {"L4-5"}),
        ([concept(SCT, "181879009", text="Left T12-L1 facet joint")], LEFT, {"T12-L1"}),
        ([{"text": "L3-4 facet joint"}, {"text": "L4-5 facet joint"}, {"text": "left"}],
         LEFT, {"L3-4", "L4-5"}),
        ([{"text": "Left L4-5 facet joint"}, {"text": "Left L5-S1 facet joint"}],
         LEFT, {"L4-5", "L5-S1"}),
    ],
)  # fmt: skip
def test_a_body_site(sites: Sequence[Json], sides: frozenset[Side], levels: set[str]) -> None:
    (target,) = only(procedure(bodySite=sites)).targets
    assert (target.sides, set(map(str, target.joints))) == (sides, levels)


@pytest.mark.parametrize(
    "sites",
    [
        [concept(SCT, "243923001", text="Right L3-4 facet joint")],  # its code is L4-5
        [{"text": "Right L4-5 facet joint", "extension": [
            {"url": LATERALITY, "valueCodeableConcept": concept(SCT, "7771000")}]}],
        [{"text": "Right L4-5 facet joint"}, {"text": "as drawn"}],
        [{"text": "Right L4-5 facet joint"}, concept(SCT, "999999999")],
        [{"text": "see report"}],
    ],
)  # fmt: skip
def test_what_cannot_be_read_as_a_whole_is_not_coded(sites: Sequence[Json]) -> None:
    assert lines(procedure(bodySite=sites)) == []
    assert causes(procedure(bodySite=sites)) == {Cause.NOT_READ}
    (found,) = coded(bundle(procedure(bodySite=sites)))
    assert any(".bodySite[" in place for remark in found.remarks for place in remark.evidence)


def test_levels_in_the_words_of_the_code() -> None:
    whole = procedure(code={"text": "Left L4-5 facet joint injection"})
    del whole["bodySite"]
    assert lines(whole) == ["64493-LT x1"]
    sided = procedure(
        code={"text": "Left facet joint injection"}, bodySite=[{"text": "L4-5 facet joint"}]
    )
    assert lines(sided) == ["64493-LT x1"]
    other = procedure(code={"text": "Right L3-4 facet joint injection"})
    assert (lines(other), causes(other)) == ([], {Cause.NOT_READ})


@pytest.mark.parametrize("is_contained", [True, False])
def test_a_body_structure(is_contained: bool) -> None:
    structure = {
        "resourceType": "BodyStructure",
        "id": "s",
        "location": {"text": "L3 and L4 medial branch nerves"},
        "locationQualifier": [concept(SCT, "7771000")],
        "patient": {"reference": "Patient/p"},
    }
    reference = "#s" if is_contained else "BodyStructure/s"
    whole = procedure(
        code={"text": "Medial branch block"},
        extension=[{"url": TARGET, "valueReference": {"reference": reference}}],
    )
    del whole["bodySite"]
    resources = [whole | {"contained": [structure]}] if is_contained else [whole, structure]
    found = only(*resources)
    assert [t.branches for t in found.targets] == [{branch("L3"), branch("L4")}]
    place = "Bundle.entry[0].resource.contained[0]" if is_contained else "Bundle.entry[1].resource"
    assert place in found.evidence["targets"]
    assert lines(*resources) == ["64493-LT x1"]


def test_a_body_structure_beside_a_body_site_has_to_be_the_same() -> None:
    def whole(site: str, **more: Any) -> list[Json]:
        structure = {
            "resourceType": "BodyStructure",
            "id": "s",
            "location": {"text": "L4-5 facet joint"},
            "locationQualifier": [concept(SCT, "7771000")],
            "patient": {"reference": "Patient/p"},
        }
        extension = [{"url": TARGET, "valueReference": {"reference": "BodyStructure/s"}}]
        return [procedure(bodySite=[{"text": site}], extension=extension), structure | more]

    assert lines(*whole("L4-5 facet joint")) == ["64493-LT x1"]
    assert lines(*whole("Left L4-5 facet joint")) == ["64493-LT x1"]
    for odd in (whole("Right L4-5 facet joint"), whole("Left L3-4 facet joint")):
        assert (lines(*odd), causes(*odd)) == ([], {Cause.NOT_READ})
    assert lines(*whole("Left L4-5 facet joint", active=False)) == []


@pytest.mark.parametrize(
    "more",
    [
        {"code": {"text": "Left L4-5 facet joint injection"}},
        {"code": {"text": "Bilateral facet joint injection"}},
        {"note": [{"text": "Left L4-5 facet joint"}]},
        {"note": [{"text": "Right L3-4 facet joint"}]},
    ],
)
def test_a_side_or_level_that_is_contradicted_is_not_read(more: Json) -> None:
    assert (lines(procedure(**more)), causes(procedure(**more))) == ([], {Cause.NOT_READ})


def test_a_body_structure_that_is_elsewhere() -> None:
    whole = procedure(
        extension=[{"url": TARGET, "valueReference": {"reference": "BodyStructure/s"}}]
    )
    assert (lines(whole), causes(whole)) == ([], {Cause.NOT_READ})


# --- what is around it ----------------------------------------------------------------------------

PART = {"reference": "Procedure/a"}


def report(code: str, **more: Any) -> Json:
    return {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "code": concept(LOINC, code),
    } | more


def test_a_report_tells_imaging_and_side() -> None:
    whole = procedure(
        bodySite=[{"text": "L4-5 facet joint"}], report=[{"reference": "DiagnosticReport/r"}]
    )
    del whole["usedCode"]
    assert lines(whole, report("26323-6")) == ["64493-LT x1"]
    found = only(whole, report("26323-6"))
    assert found.evidence["guidance"] == ("Bundle.entry[1].resource",)
    assert Element.REPORT in found.documented
    assert lines(whole, report("30579-7")) == []  # CT, and no side
    assert causes(whole, report("30579-7")) == {Cause.SIDE}
    unsigned = report("26323-6", status="preliminary")
    assert Element.REPORT not in only(whole, unsigned).documented


@pytest.mark.parametrize("more", [
    {"status": "entered-in-error"}, {"status": "cancelled"},
    {"subject": {"reference": "Patient/other"}},
])  # fmt: skip
def test_what_is_void_or_of_another_patient_tells_nothing(more: Json) -> None:
    whole = procedure(report=[{"reference": "DiagnosticReport/r"}])
    del whole["usedCode"]
    assert lines(whole, report("24931-8")) == ["64493-RT x1"]
    assert lines(whole, report("24931-8", **more)) == []
    del whole["report"]
    assert lines(whole, study("RF", **more)) == []
    assert lines(whole, study("RF", started="2025-01-01")) == []
    assert Element.MEDICATIONS not in only(whole, administration(**more)).documented


def study(modality: str, **more: Any) -> Json:
    return {
        "resourceType": "ImagingStudy",
        "id": "i",
        "status": "available",
        "subject": {"reference": "Patient/p"},
        "procedureReference": PART,
        "modality": [{"system": DICOM, "code": modality}],
    } | more


@pytest.mark.parametrize(
    ("modality", "lines_"),
    [("RF", ["64493-RT x1"]), ("XA", ["64493-RT x1"]), ("CT", ["64493-RT x1"]),
     ("US", ["0216T-RT x1"]), ("MR", []), ("ZZ", [])],
)  # fmt: skip
def test_an_imaging_study(modality: str, lines_: list[str]) -> None:
    whole = procedure()
    del whole["usedCode"]
    assert lines(whole, study(modality)) == lines_
    assert Element.IMAGES in only(whole, study(modality)).documented


def test_imaging_that_is_part_of_it_or_that_it_is_part_of() -> None:
    whole = procedure()
    del whole["usedCode"]
    imaging = {
        "resourceType": "Procedure",
        "id": "b",
        "status": "completed",
        "code": {"text": "Fluoroscopic guidance"},
        "subject": {"reference": "Patient/p"},
        "performedDateTime": "2026-03-10",
        "partOf": [PART],
    }
    assert lines(whole, imaging) == ["64493-RT x1"]
    assert lines(whole, imaging | {"status": "not-done"}) == []
    del imaging["partOf"]
    assert lines(whole, imaging) == []  # of the day, but of nothing
    parent = whole | {"partOf": [{"reference": "Procedure/b"}]}
    assert lines(parent, imaging) == ["64493-RT x1"]


def administration(**more: Any) -> Json:
    return {
        "resourceType": "MedicationAdministration",
        "id": "m",
        "status": "completed",
        "medicationCodeableConcept": {"text": "bupivacaine"},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2026-03-10",
        "partOf": [PART],
    } | more


def test_drugs() -> None:
    assert Element.MEDICATIONS in only(procedure(), administration()).documented
    assert Element.MEDICATIONS not in only(procedure(), administration(partOf=[])).documented
    not_given = administration(status="not-done")
    assert Element.MEDICATIONS not in only(procedure(), not_given).documented


def score(value: float, when: str, ident: str = "o", **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": ident,
        "status": "final",
        "code": concept(LOINC, "72514-3"),
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": when,
        "valueQuantity": {"value": value},
        "partOf": [PART],
    } | more


def test_pain_before_and_after_by_time_or_words() -> None:
    timed = procedure(performedDateTime="2026-03-10T09:00:00-05:00")
    found = only(
        timed,
        score(8, "2026-03-10T08:30:00-05:00", "o1"),
        score(2, "2026-03-10T15:00:00Z", "o2"),
    )
    assert (found.pain_before, found.pain_after) == (Decimal(8), Decimal(2))
    assert len(found.evidence["pain"]) == 2
    words = concept(LOINC, "72514-3", text="Pain, post-procedure")
    by_words = only(procedure(), score(3, "2026-03-10", code=words))
    assert Element.PAIN_AFTER in by_words.documented
    assert (by_words.pain_before, by_words.pain_after) == (None, None)  # one alone is no pair
    same_day = only(procedure(), score(8, "2026-03-10"))
    assert (same_day.pain_before, same_day.pain_after) == (None, None)
    of_another = only(timed, score(8, "2026-03-10T08:30:00-05:00", code=concept(LOINC, "8867-4")))
    assert of_another.pain_before is None


def test_scores_are_compared_on_one_scale() -> None:
    timed = procedure(performedDateTime="2026-03-10T09:00:00-05:00")
    visual = concept(LOINC, "38214-3")
    other = only(
        timed,
        score(80, "2026-03-10T08:30:00-05:00", "o1", code=visual),
        score(4, "2026-03-10T10:00:00-05:00", "o2"),
    )
    assert (other.pain_before, other.pain_after) == (None, None)
    several = only(
        timed,
        score(7, "2026-03-10T12:00:00-05:00", "o3"),
        score(8, "2026-03-10T08:30:00-05:00", "o1"),
        score(1, "2026-03-10T10:00:00-05:00", "o2"),
    )
    assert (several.pain_before, several.pain_after) == (Decimal(8), Decimal(1))


def test_documents_and_signatures() -> None:
    document = {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "type": {"text": "Operative report"},
        "authenticator": {"reference": "Practitioner/x"},
        "content": [{"attachment": {"contentType": "text/plain"}}],
        "context": {"related": [PART]},
    }
    assert Element.REPORT in only(procedure(), document).documented
    unsigned = {key: value for key, value in document.items() if key != "authenticator"}
    assert Element.REPORT not in only(procedure(), unsigned).documented
    consent = unsigned | {"type": {"text": "Informed consent"}}
    assert Element.CONSENT in only(procedure(), consent).documented
    signed = {
        "resourceType": "Provenance",
        "id": "v",
        "target": [PART],
        "recorded": "2026-03-10T09:00:00Z",
        "agent": [{"who": {"reference": "Practitioner/x"}}],
        "signature": [{"type": [], "when": "2026-03-10T09:00:00Z", "who": {}}],
    }
    assert Element.REPORT in only(procedure(), signed).documented


def test_indications() -> None:
    icd10 = "http://hl7.org/fhir/sid/icd-10-cm"
    condition = {
        "resourceType": "Condition",
        "id": "c",
        "subject": {"reference": "Patient/p"},
        "code": concept(icd10, "M47.817"),
    }
    whole = procedure(
        reasonCode=[concept(icd10, "M47.816")], reasonReference=[{"reference": "Condition/c"}]
    )
    found = only(whole, condition)
    assert [each.code for each in found.indications] == ["M47816", "M47817"]
    assert Element.INDICATION in found.documented


# --- whose ----------------------------------------------------------------------------------------


def patient(ident: str = "p") -> Json:
    return {"resourceType": "Patient", "id": ident, "birthDate": "1960-05-06"}


def test_a_patient_is_not_another_one_of_the_same_name() -> None:
    second = procedure(id="b", bodySite=[{"text": "Right L5-S1 facet joint"}])
    one, other = bundle(patient(), procedure()), bundle(patient(), second)
    apart = coded(one + b"\n" + other)
    assert [len(each.lines) for each in apart] == [1, 1]
    nobody = coded(bundle(procedure()) + b"\n" + bundle(second))  # not at hand in either
    assert [len(each.lines) for each in nobody] == [1, 1]
    bulk = coded(rows(procedure(), second))
    assert [len(each.lines) for each in bulk] == [2]
    together = coded(bundle(patient(), procedure(), second))
    assert [len(each.lines) for each in together] == [2]


def test_one_patient_that_is_named_in_two_ways() -> None:
    absolute = {"reference": "https://example.org/fhir/Patient/p"}
    second = procedure(id="b", subject=absolute, bodySite=[{"text": "Right L5-S1 facet joint"}])
    (found,) = coded(bundle(patient(), procedure(), second))
    assert len(found.lines) == 2


def test_a_contained_patient_is_of_one_procedure_alone() -> None:
    own = {"contained": [patient("x")], "subject": {"reference": "#x"}}
    second = procedure(id="b", bodySite=[{"text": "Right L5-S1 facet joint"}], **own)
    found = coded(bundle(procedure(**own), second))
    assert [len(each.lines) for each in found] == [1, 1]
    assert all(Cause.NO_PATIENT in {r.cause for r in each.remarks} for each in found)


# --- of a claim -----------------------------------------------------------------------------------

DOCUMENTED = {
    "technique": "Intra-articular facet joint injection",
    "targets": ["Right L4-5 facet joint"],
    "guidance": "Fluoroscopic guidance",
}


def of_claim(data: bytes) -> tuple[Procedure, ...]:
    return read(data)[-1].procedures


@pytest.mark.parametrize(
    ("shape", "place"),
    [
        (Shape(), "Bundle.entry[3].resource"),
        (Shape(references=References.RELATIVE), "Bundle.entry[3].resource"),
        (Shape(references=References.ABSOLUTE), "Bundle.entry[3].resource"),
        (Shape(container=Container.ALONE, references=References.CONTAINED), "Claim.contained[2]"),
        (Shape(container=Container.TRANSACTION), "Bundle.entry[3].resource"),
        (
            Shape(container=Container.BUNDLE_ROWS, layout=buildfhir.Layout.COMPACT),
            "Bundle.entry[3].resource",
        ),
    ],
)
def test_the_procedures_that_a_claim_names(shape: Shape, place: str) -> None:
    data = buildfhir.bundle("64493-LT $400", shape=shape, procedures=(DOCUMENTED,))
    (found,) = of_claim(data)
    assert found.place == place
    assert "DC04" in {each.rule for each in check(data, "cpt").findings}
    (evidence,) = {
        place
        for each in check(data, "cpt").findings
        if each.rule == "DC04"
        for place in each.evidence
    }
    assert evidence == f"{place}.bodySite[0]"


def rows(*resources: Json) -> bytes:
    compact = buildfhir.Layout.COMPACT
    return b"".join(buildfhir.dumps(each, compact).encode() + b"\n" for each in resources)


def claim(**more: Any) -> Json:
    made = buildfhir.claim("64493-LT $400")
    made["contained"] = [each for each in made["contained"] if each["resourceType"] != "Patient"]
    return made | {"patient": {"reference": "Patient/p"}} | more


def test_those_of_the_same_patient_and_day_where_a_claim_names_none() -> None:
    day = {"performedDateTime": claim()["item"][0]["servicedDate"]}
    (found,) = of_claim(rows(procedure(**day), claim()))
    assert found.place == "row 1, Procedure"
    assert of_claim(rows(procedure(performedDateTime="2026-03-09"), claim())) == ()
    other = procedure(**day, subject={"reference": "Patient/q"})
    assert of_claim(rows(other, claim())) == ()
    no_facet = procedure(**day, code={"text": "Colonoscopy"}, bodySite=[{"text": "Colon"}])
    assert of_claim(rows(no_facet, claim())) == ()


def test_one_of_another_patient_documents_nothing() -> None:
    other = procedure(
        subject={"reference": "Patient/q"}, bodySite=[{"text": "Right L4-5 facet joint"}]
    )
    named = claim(procedure=[{"sequence": 1, "procedureReference": {"reference": "Procedure/a"}}])
    ran = check(rows(other, named), "cpt")
    assert not [each for each in ran.findings if each.rule in ("DC02", "DC03", "DC04", "DC09")]
    assert ("DC04", Reason.NO_DOCUMENTATION) in {(e.rule, e.reason) for e in ran.not_evaluated}


def test_what_is_missing_may_be_on_another_claim_at_hand() -> None:
    whole = procedure(
        bodySite=[{"text": "Left L4-5 facet joint"}, {"text": "Left L5-S1 facet joint"}]
    )
    alone = [each for each in check(rows(whole, claim()), "cpt").findings if each.rule == "DC03"]
    assert [each.applicability for each in alone] == [Applicability.SUGGESTED]
    both = check(rows(whole, claim(), claim(id="second")), "cpt").findings
    beside = [each for each in both if each.rule == "DC03"]
    assert [each.applicability for each in beside] == [Applicability.MANUAL] * 2


def test_one_that_is_named_and_not_at_hand() -> None:
    named = claim(
        procedure=[{"sequence": 1, "procedureReference": {"reference": "Procedure/elsewhere"}}]
    )
    ran = check(rows(named, named | {"id": "other"}), "cpt")
    assert not any(each.rule.startswith("DC") for each in ran.findings)
    skipped = {(each.rule, each.reason) for each in ran.not_evaluated}
    assert ("DC02", Reason.NO_DOCUMENTATION) in skipped


def test_a_claim_is_ours_when_a_facet_procedure_came_with_it() -> None:
    visit = buildfhir.bundle("99213 $100", procedures=(DOCUMENTED,))
    assert check(visit, "cpt").done.facet_claims == 1
    other = dict(DOCUMENTED, technique="Colonoscopy", targets=["Colon"], guidance="")
    assert check(buildfhir.bundle("99213 $100", procedures=(other,)), "cpt").done.facet_claims == 0


def test_references_in_a_circle_end() -> None:
    first = procedure(partOf=[{"reference": "Procedure/b"}])
    second = procedure(id="b", partOf=[{"reference": "Procedure/a"}])
    assert lines(first, second) == ["64493-RT x1"]


def test_what_is_of_the_wrong_type_is_no_crash() -> None:
    for name in procedure():
        if name != "resourceType":
            for value in ("x", 1, True, None, [], {}, [1], [{}], [[]], {"text": 1}):
                coded(bundle(procedure(**{name: value}) | {"id": "a"}))
