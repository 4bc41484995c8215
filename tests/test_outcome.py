"""Outcomes, provenance and tags from verdicts made by hand and by the rules; and JSON as text.

What is made is right for the independent checkers of `checkers.py`, which are put to the test too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import __version__
from adapter.fhir.outcome import (
    SYSTEM_RULES,
    SYSTEM_STATUS,
    Style,
    Subject,
    entry,
    full_url,
    outcome,
    provenance,
    status_of,
    style_of,
    tag,
    written,
)
from adapter.findings import (
    Applicability,
    ChangeMade,
    Excerpt,
    Finding,
    Fix,
    Location,
    NotEvaluated,
    Reason,
    Rewritten,
    Severity,
    Verdict,
    Withheld,
)
from tests.cases import Case, all_cases
from tests.checkers import fhirkit, medplum, nodes, r4b
from tests.runs import fix

Json = dict[str, Any]

WHEN = datetime(2026, 11, 25, 10, 30, tzinfo=UTC)
URL = "urn:uuid:00000010-0000-4000-8000-000000000010"
SUBJECT = Subject(URL, "Claim", None, URL)
PLACE = f"rules of facet-adapter {__version__}; {URL}"
COMPACT = Style("", "", ",", ":")
PRETTY = Style("  ", "\n", ",", ": ")

CLAIM: Json = {
    "resourceType": "Claim",
    "id": "c1",
    "status": "active",
    "type": {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/claim-type",
                "code": "professional",
            }
        ]
    },
    "use": "claim",
    "patient": {"display": "not told"},
    "created": "2026-05-05",
    "provider": {"display": "not told"},
    "priority": {"coding": [{"code": "normal"}]},
    "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "not told"}}],
    "item": [
        {
            "sequence": 1,
            "productOrService": {
                "coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "64493"}]
            },
            "modifier": [{"coding": [{"code": "RT"}]}, {"coding": [{"code": "LT"}]}],
            "servicedDate": "2026-05-04",
        }
    ],
}


def found(
    rule: str = "LA02",
    severity: Severity = Severity.ERROR,
    line: int | None = 1,
    expression: str | None = "Bundle.entry[0].resource.item[0].modifier[1]",
    applicability: Applicability = Applicability.SAFE,
) -> Finding:
    return Finding(
        rule=rule,
        name="both-sides-on-one-line",
        severity=severity,
        claim="c1",
        line=line,
        message="64493 carries RT and LT; the payer takes 50 for both sides.",
        location=Location(expression=expression),
        fix=Fix("Replace RT and LT by 50.", (), applicability),
    )


ERROR, WARNING, ADVICE = (found(severity=severity) for severity in reversed(Severity))
SKIPPED = NotEvaluated(Reason.NO_HISTORY, "FR01")
UNDATED = NotEvaluated(Reason.DATE_UNKNOWN, "LV01")
FOREIGN = NotEvaluated(Reason.NOT_PROFESSIONAL, "LV01")


def issues(verdict: Verdict, subject: Subject = SUBJECT) -> list[Json]:
    said: list[Json] = outcome(verdict, subject)["issue"]
    return said


def only_issue(verdict: Verdict, subject: Subject = SUBJECT) -> Json:
    (issue,) = issues(verdict, subject)
    return issue


# --- the outcome ----------------------------------------------------------------------------------


def test_a_finding_is_an_issue_with_rule_words_and_place() -> None:
    assert outcome(Verdict("c1", (ERROR,)), SUBJECT) == {
        "resourceType": "OperationOutcome",
        "id": "facet-c1",
        "issue": [
            {
                "severity": "error",
                "code": "business-rule",
                "details": {
                    "coding": [{"system": SYSTEM_RULES, "code": "LA02"}],
                    "text": ("Line 1: 64493 carries RT and LT; the payer takes 50 for both sides."),
                },
                "diagnostics": PLACE,
                "expression": ["Bundle.entry[0].resource.item[0].modifier[1]"],
            }
        ],
    }


def test_a_finding_about_the_whole_claim_names_no_line() -> None:
    issue = only_issue(Verdict("c1", (found(line=None),)))
    assert issue["details"]["text"].startswith("64493 carries")


def test_a_finding_without_a_place_has_no_expression() -> None:
    assert "expression" not in only_issue(Verdict("c1", (found(expression=None),)))


@pytest.mark.parametrize(
    ("severity", "word"),
    [
        (Severity.ERROR, "error"),
        (Severity.WARNING, "warning"),
        (Severity.INFO, "information"),
    ],
)
def test_each_severity_has_its_word(severity: Severity, word: str) -> None:
    assert only_issue(Verdict("c1", (found(severity=severity),)))["severity"] == word


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("LA02", "business-rule"),
        ("UN01", "business-rule"),
        ("UN02", "value"),
        ("CV01", "code-invalid"),
        ("CV03", "code-invalid"),
        ("ED02", "value"),
        ("ED03", "duplicate"),
        ("FR01", "business-rule"),
        ("FR06", "duplicate"),
        ("FH01", "structure"),
        ("FH02", "not-found"),
        ("FH03", "conflict"),
        ("FH04", "conflict"),
        ("FH05", "code-invalid"),
    ],
)
def test_the_issue_type_is_the_rules(rule: str, code: str) -> None:
    assert only_issue(Verdict("c1", (found(rule),)))["code"] == code


def test_a_correction_is_told_without_an_expression() -> None:
    assert only_issue(Verdict("c1", corrected=(ERROR,))) == {
        "severity": "information",
        "code": "informational",
        "details": {
            "coding": [{"system": SYSTEM_RULES, "code": "LA02"}],
            "text": (
                "Corrected: Line 1: 64493 carries RT and LT; the payer takes 50 for both sides."
                " Replace RT and LT by 50."
            ),
        },
        "diagnostics": PLACE,
    }


def test_a_correction_that_was_withheld_says_why_beside_its_finding() -> None:
    why = "it would make a new error (LA05)"
    finding, withheld = issues(Verdict("c1", (ERROR,), withheld=(Withheld(ERROR, why),)))
    assert finding["severity"] == "error"
    assert withheld == {
        "severity": "information",
        "code": "informational",
        "details": {
            "coding": [{"system": SYSTEM_RULES, "code": "LA02"}],
            "text": (
                "Not corrected: Line 1: Replace RT and LT by 50."
                " Withheld, because it would make a new error (LA05)."
            ),
        },
        "diagnostics": PLACE,
    }


def test_what_was_not_evaluated_is_grouped_by_reason() -> None:
    skipped = (SKIPPED, UNDATED, NotEvaluated(Reason.NO_HISTORY, "FR02"))
    history, dates = issues(Verdict("c1", not_evaluated=skipped))[-2:]
    assert history == {
        "severity": "information",
        "code": "incomplete",
        "details": {
            "coding": [
                {"system": SYSTEM_RULES, "code": "FR01"},
                {"system": SYSTEM_RULES, "code": "FR02"},
            ],
            "text": "FR01, FR02 were not evaluated: no history was given.",
        },
        "diagnostics": PLACE,
    }
    assert dates["details"]["text"] == (
        "LV01 was not evaluated: the date of service is missing or cannot be read."
    )


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_of_its_own(reason: Reason) -> None:
    def words(reason: Reason) -> str:
        verdict = Verdict("c1", (ADVICE,), (NotEvaluated(reason, "LV01"),))
        text: str = issues(verdict)[1]["details"]["text"]
        return text.removeprefix("LV01 was not evaluated: ")

    assert reason.value not in words(reason)
    assert words(reason) not in [words(other) for other in Reason if other is not reason]


def test_a_clean_claim_says_so_in_one_issue() -> None:
    assert only_issue(Verdict("c1")) == {
        "severity": "information",
        "code": "informational",
        "details": {"text": "No finding."},
        "diagnostics": PLACE,
    }


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        (Verdict("c1", not_evaluated=(SKIPPED,)), True),
        (Verdict("c1", not_evaluated=(FOREIGN,)), False),
        (Verdict("c1", not_evaluated=(SKIPPED, UNDATED)), False),
        (Verdict("c1", (ADVICE,)), False),
        (Verdict("c1", corrected=(ERROR,)), False),
    ],
    ids=["clean", "foreign", "undated", "advice", "corrected"],
)
def test_no_finding_is_said_where_all_was_looked_at_and_nothing_is_told(
    verdict: Verdict, says: bool
) -> None:
    texts = [issue["details"]["text"] for issue in issues(verdict)]
    assert ("No finding." in texts) is says
    assert texts


@pytest.mark.parametrize(
    ("claim", "identity"),
    [
        ("c1", "facet-c1"),
        ("a.B-9", "facet-a.B-9"),
        ("x" * 58, "facet-" + "x" * 58),
        ("x" * 59, None),
        ("PCN 0011", None),
        ("c1\n", None),
        ("", None),
        (None, None),
    ],
)
def test_the_id_is_the_claims_where_it_makes_one(claim: str | None, identity: str | None) -> None:
    assert outcome(Verdict(claim), SUBJECT).get("id") == identity


@pytest.mark.parametrize(
    ("subject", "where"),
    [
        (SUBJECT, URL),
        (Subject("Claim/c1", "Claim", None, "Claim/c1", row=3), "row 3, Claim/c1"),
        (Subject(None, "Claim", ("", "PCN-0011"), "row 3, entry 2", row=3), "row 3, entry 2"),
        (Subject(None, "Claim", None, "a\x00key\n"), "a\ufffdkey\n"),
    ],
)
def test_diagnostics_tell_which_resource_it_is(subject: Subject, where: str) -> None:
    for verdict in (Verdict("c1"), Verdict("c1", (ERROR,), (SKIPPED,), corrected=(ERROR,))):
        for issue in issues(verdict, subject):
            assert issue["diagnostics"] == f"rules of facet-adapter {__version__}; {where}"


# --- status and tag -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (Verdict("c1"), "clean"),
        (Verdict("c1", (ADVICE,), (SKIPPED,)), "clean"),
        (Verdict("c1", (ADVICE, WARNING)), "warnings"),
        (Verdict("c1", (WARNING, ERROR, ADVICE), (UNDATED,), corrected=(ERROR,)), "errors"),
        (Verdict("c1", (WARNING,), (UNDATED,), corrected=(ERROR,)), "warnings"),
        (Verdict("c1", not_evaluated=(FOREIGN,)), "not-checked"),
        (Verdict("c1", (ADVICE,), (UNDATED,), corrected=(ERROR,)), "not-checked"),
        (Verdict("c1", (ADVICE,), (SKIPPED,), corrected=(ERROR,)), "corrected"),
    ],
)
def test_the_tag_says_the_worst_first(verdict: Verdict, status: str) -> None:
    assert status_of(verdict) == status
    coding = tag(verdict)
    assert (coding["system"], coding["code"]) == (SYSTEM_STATUS, status)


def test_each_status_has_words_of_its_own() -> None:
    verdicts = (
        Verdict("c1"),
        Verdict("c1", (WARNING,)),
        Verdict("c1", (ERROR,)),
        Verdict("c1", corrected=(ERROR,)),
        Verdict("c1", not_evaluated=(FOREIGN,)),
    )
    assert len({tag(verdict)["display"] for verdict in verdicts}) == len(verdicts)
    assert tag(Verdict("c1", (ERROR,)))["display"] == "Coding errors found"


# --- the provenance -------------------------------------------------------------------------------


def test_a_provenance_says_what_when_by_whom_and_by_which_rules() -> None:
    twice = found(applicability=Applicability.SUGGESTED)
    verdict = Verdict("c1", corrected=(ERROR, found("LA01"), twice, ERROR))
    assert provenance(verdict, SUBJECT, WHEN, "2026.4") == {
        "resourceType": "Provenance",
        "target": [{"reference": URL}],
        "recorded": "2026-11-25T10:30:00.000Z",
        "activity": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-DataOperation",
                    "code": "UPDATE",
                    "display": "revise",
                }
            ]
        },
        "agent": [
            {
                "type": {
                    "coding": [
                        {
                            "system": (
                                "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
                            ),
                            "code": "assembler",
                            "display": "Assembler",
                        }
                    ]
                },
                "who": {"display": f"facet-adapter {__version__}, mappings 2026.4"},
            }
        ],
        "entity": [
            {
                "role": "source",
                "what": {
                    "identifier": {"system": SYSTEM_RULES, "value": "LA02"},
                    "display": "both-sides-on-one-line (safe, suggested)",
                },
            },
            {
                "role": "source",
                "what": {
                    "identifier": {"system": SYSTEM_RULES, "value": "LA01"},
                    "display": "both-sides-on-one-line (safe)",
                },
            },
        ],
    }


NAMELESS = Subject(None, "Claim", None, "row 3, entry 2")
NUMBERED = Subject(None, "Claim", ("https://example.org/claims", "PCN-0011"), "row 3")
HALF_NUMBERED = Subject(None, "Claim", ("", "PCN-0011"), "row 3")
SUBJECTS = (SUBJECT, Subject("Claim/c1", "Claim", None, "x"), NAMELESS, NUMBERED, HALF_NUMBERED)


@pytest.mark.parametrize(
    ("subject", "target"),
    list(
        zip(
            SUBJECTS,
            [
                {"reference": URL},
                {"reference": "Claim/c1"},
                {"type": "Claim", "display": "row 3, entry 2"},
                {
                    "type": "Claim",
                    "identifier": {"system": "https://example.org/claims", "value": "PCN-0011"},
                },
                {"type": "Claim", "identifier": {"value": "PCN-0011"}},
            ],
            strict=True,
        )
    ),
)
def test_the_target_is_named_as_well_as_it_can_be(subject: Subject, target: Json) -> None:
    made = provenance(Verdict("c1", corrected=(ERROR,)), subject, WHEN, "2026.4")
    assert made["target"] == [target]


def test_the_time_is_told_in_utc() -> None:
    verdict = Verdict("c1", corrected=(ERROR,))
    elsewhere = datetime(2026, 11, 25, 23, 59, 59, 5000, timezone(timedelta(hours=-5, seconds=1)))
    made = provenance(verdict, SUBJECT, elsewhere, "2026.4")
    assert made["recorded"] == "2026-11-26T04:59:58.005Z"
    with pytest.raises(ValueError, match="time zone"):
        provenance(verdict, SUBJECT, WHEN.replace(tzinfo=None), "2026.4")


# --- in a Bundle ----------------------------------------------------------------------------------


def test_a_full_url_is_always_the_same_for_the_same() -> None:
    """The value is pinned: another one would not find the outcome that an older version wrote."""
    assert full_url("OperationOutcome", SUBJECT) == "urn:uuid:3b6abf0b-36e4-5da9-925b-7b0497a32e63"
    others = {
        full_url("OperationOutcome", SUBJECT),
        full_url("Provenance", SUBJECT),
        full_url("Provenance", SUBJECT, "2026-11-25T10:30:00.000Z"),
        full_url("Provenance", SUBJECT, "2026-11-25T10:30:00.001Z"),
        full_url("OperationOutcome", replace(SUBJECT, key="Claim/c1")),
        full_url("OperationOutcome", replace(SUBJECT, resource_type="Procedure")),
    }
    assert len(others) == 6


def test_an_entry_of_a_collection_has_url_and_resource_alone() -> None:
    made = outcome(Verdict("c1"), SUBJECT)
    assert entry(made, URL, bundle_type="collection") == {"fullUrl": URL, "resource": made}


def test_an_entry_of_a_searchset_says_why_it_is_there() -> None:
    made = outcome(Verdict("c1"), SUBJECT)
    assert entry(made, URL, bundle_type="searchset")["search"] == {"mode": "outcome"}
    made = provenance(Verdict("c1", corrected=(ERROR,)), SUBJECT, WHEN, "2026.4")
    assert entry(made, URL, bundle_type="searchset")["search"] == {"mode": "include"}


@pytest.mark.parametrize("kind", ["transaction", "batch", "document", "message", "history", ""])
def test_no_other_bundle_takes_entries(kind: str) -> None:
    with pytest.raises(ValueError, match="collection or a searchset"):
        entry({"resourceType": "OperationOutcome"}, URL, bundle_type=kind)


# --- what the checkers say ------------------------------------------------------------------------


def bundle(verdict: Verdict, kind: str, subject: Subject = SUBJECT) -> Json:
    """The Claim with its tag, its outcome and, if it was corrected, its Provenance."""
    claim = CLAIM | {"meta": {"tag": [tag(verdict)]}}
    match = {"search": {"mode": "match"}} if kind == "searchset" else {}
    entries: list[Json] = [{"fullUrl": URL, "resource": claim} | match]
    made = [outcome(verdict, subject)]
    if verdict.corrected:
        made.append(provenance(verdict, subject, WHEN, "2026.4"))
    for resource in made:
        url = full_url(resource["resourceType"], subject)
        entries.append(entry(resource, url, bundle_type=kind))
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


EVERYTHING = Verdict(
    "c1",
    (ERROR, WARNING, ADVICE, found("FH02", line=None, expression="Bundle.entry[0].resource")),
    (SKIPPED, UNDATED, NotEvaluated(Reason.NO_HISTORY, "FR02")),
    corrected=(ERROR, found("LA01", applicability=Applicability.SUGGESTED)),
    withheld=(Withheld(WARNING, "it would change what is billed"),),
)
VERDICTS = (
    EVERYTHING,
    Verdict("c1"),
    Verdict("no id", (ERROR,)),
    Verdict("c1", not_evaluated=(FOREIGN,)),
    Verdict("c1", corrected=(ERROR,)),
)
BUNDLES = [
    written(bundle(verdict, kind, subject), PRETTY, 0)
    for verdict in VERDICTS
    for kind in ("collection", "searchset")
    for subject in SUBJECTS
]


def test_bundles_are_right_for_every_checker() -> None:
    for data in BUNDLES:
        assert fhirkit(data) == []
        assert r4b(data) == []


def test_bundles_are_right_for_medplum() -> None:
    assert medplum(BUNDLES) == []


@pytest.fixture(scope="module")
def spoken() -> Sequence[bytes]:
    """Outcome and Provenance of each claim of the rules' cases, with all that can be corrected."""
    made = []
    for case in all_cases():
        for verdict in _verdicts(case):
            subject = Subject("Claim/c1", "Claim", None, "Claim/c1")
            made.append(written(outcome(verdict, subject), COMPACT, 0))
            if verdict.corrected:
                resource = provenance(verdict, subject, WHEN, "2026.4")
                made.append(written(resource, COMPACT, 0))
    return made


def _verdicts(case: Case) -> list[Verdict]:
    ran = fix(case.data("x12"), case.payer, suggested=True) if "x12" in case.forms else None
    return [v for v in ran.verdicts if v.claim is not None] if ran is not None else []


def test_what_the_rules_say_is_right_for_every_checker(spoken: Sequence[bytes]) -> None:
    assert len(spoken) > len(all_cases())
    for data in spoken:
        assert fhirkit(data) == []
        assert r4b(data) == []


def test_what_the_rules_say_is_right_for_medplum(spoken: Sequence[bytes]) -> None:
    assert medplum(spoken) == []


def test_every_expression_selects_one_node() -> None:
    made = bundle(EVERYTHING, "collection")
    expressions = [
        expression
        for issue in made["entry"][1]["resource"]["issue"]
        for expression in issue.get("expression", ())
    ]
    assert len(expressions) == 4
    for expression in expressions:
        assert len(nodes(made, expression)) == 1


# --- the checkers themselves ----------------------------------------------------------------------


def _no_severity(issue: Json) -> None:
    del issue["severity"]


def _unknown_element(issue: Json) -> None:
    issue["rule"] = "LA02"


def _text_for_list(issue: Json) -> None:
    issue["expression"] = "Claim"


@pytest.mark.parametrize("harm", [_no_severity, _unknown_element, _text_for_list])
def test_every_checker_sees_what_is_wrong_deep_in_a_bundle(harm: Callable[[Json], None]) -> None:
    made = deepcopy(bundle(EVERYTHING, "collection"))
    harm(made["entry"][1]["resource"]["issue"][2])
    data = written(made, COMPACT, 0)
    for problems in (fhirkit(data), r4b(data)):
        assert any("entry" in problem and "issue" in problem for problem in problems)
    (problem,) = medplum([BUNDLES[0], data])
    assert problem.startswith("1: error at Bundle.entry")


@pytest.mark.parametrize("data", [b'{"resourceType":', b"[]", b'{"resourceType":"Nothing"}'])
def test_checkers_tell_what_is_no_resource(data: bytes) -> None:
    assert fhirkit(data) != []
    assert medplum([data]) != []


def test_r4b_tells_an_unknown_type() -> None:
    assert r4b(b'{"resourceType":"Nothing"}') != []


def test_nodes_knows_choice_elements_and_changes_nothing() -> None:
    made = bundle(Verdict("c1"), "collection")
    before = deepcopy(made)
    assert nodes(made, "Bundle.entry[0].resource.item[0].serviced") == ["2026-05-04"]
    assert nodes(CLAIM, "Claim.item[0].modifier[1].coding[0].code") == ["LT"]
    assert nodes(CLAIM, "Claim.item[1]") == []
    assert made == before


# --- what is never told ---------------------------------------------------------------------------

CANARY = "CANARY"


def test_nothing_of_the_claim_is_told() -> None:
    """Excerpts, changed bytes and the like hold what a claim says: none of it comes out."""
    piece = Excerpt("L1", f"SV1*{CANARY}~", 0, 3)
    finding = replace(ERROR, excerpts=(piece,), day=date(1999, 12, 31), label=CANARY)
    data = CANARY.encode()
    change = ChangeMade(CANARY, 1, "LA02", Applicability.SAFE, 0, data, data)
    verdict = replace(
        EVERYTHING,
        findings=(finding,),
        corrected=(finding,),
        withheld=(Withheld(finding, "it would change what is billed"),),
        charge_at_risk=Decimal("98765.43"),
        profile=CANARY,
        why=CANARY,
        changes=(change,),
        rewritten=Rewritten(CANARY, (data,), (data,)),
    )
    told = json.dumps([bundle(verdict, "collection")])
    for canary in (CANARY, "98765", "1999-12-31"):
        assert canary not in told


def test_the_same_gives_the_same_bytes() -> None:
    first, second = (written(bundle(EVERYTHING, "searchset"), PRETTY, 0) for _ in range(2))
    assert first == second


def test_control_characters_stay_out_of_fhir_strings() -> None:
    finding = replace(ERROR, message="A code\x00 of \x1b\tcontrol.")
    data = written(outcome(Verdict("c1", (finding,)), SUBJECT), COMPACT, 0)
    assert json.loads(data)["issue"][0]["details"]["text"] == (
        "Line 1: A code\ufffd of \ufffd\tcontrol."
    )


# --- JSON as text ---------------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=9,
)
BLANKS = st.sampled_from(["", " ", "  ", "\t"])
STYLES = st.builds(
    Style,
    indent=BLANKS,
    newline=st.sampled_from(["", "\n", "\r\n"]),
    comma=st.sampled_from([",", ", ", " , "]),
    colon=st.sampled_from([":", ": ", " : "]),
)


@given(value=VALUES, style=STYLES, level=st.integers(0, 5))
def test_what_is_written_reads_as_it_was(value: object, style: Style, level: int) -> None:
    data = written(value, style, level)
    assert json.loads(data, parse_float=Decimal) == value
    assert data.isascii()
    if not style.newline:
        assert not set(b"\r\n") & set(data)


LAYOUTS: Sequence[tuple[int | str | None, tuple[str, str], str]] = [
    (None, (",", ":"), ""),
    (None, (", ", ": "), ""),
    (None, (",", ": "), ""),
    (0, (",", ": "), "\n"),
    (2, (",", ": "), "\n"),
    (4, (",", " : "), "\r\n"),
    ("\t", (",", ":"), "\n"),
    (1, (",", ": "), "\r"),
]


def laid_out(value: object, layout: tuple[int | str | None, tuple[str, str], str]) -> str:
    """By the standard library, which is no part of what is tested."""
    indent, separators, newline = layout
    text = json.dumps(value, indent=indent, separators=separators)
    return text.replace("\n", newline) if newline else text


NAMED = st.dictionaries(
    st.text(), st.recursive(st.integers() | st.text(), st.lists, max_leaves=5), min_size=2
)


@given(value=NAMED, layout=st.sampled_from(LAYOUTS), blanks=st.sampled_from(["", "\ufeff", "\n "]))
def test_a_style_that_was_seen_is_the_style_that_is_written(
    value: Mapping[str, object], layout: Any, blanks: str
) -> None:
    text = laid_out(value, layout)
    assert written(value, style_of((blanks + text).encode()), 0).decode() == text


@given(old=NAMED, new=NAMED, layout=st.sampled_from(LAYOUTS))
def test_an_element_that_is_put_in_looks_like_the_one_before_it(
    old: Json, new: Json, layout: Any
) -> None:
    """The text with one entry, and the new one spliced in, is the text with two."""
    before, after = (
        laid_out({"resourceType": "Bundle", "type": "collection", "entry": entries}, layout)
        for entries in ([old], [old, new])
    )
    style = style_of(before.encode())
    at = before.rindex("}", 0, before.rindex("]")) + 1
    between = style.comma + style.newline + style.indent * 2
    piece = between + written(new, style, 2).decode()
    assert before[:at] + piece + before[at:] == after


@pytest.mark.parametrize(
    ("text", "style"),
    [
        (b'{"a":1,"b":2}', Style("", "", ",", ":")),
        (b'{"a": 1, "b": 2}', Style("", "", ", ", ": ")),
        (b'{"a" : "x, y" , "b":2}', Style("", "", ", ", " : ")),
        (b'{"a\\"": ",,\\",",\t"b":2}', Style("", "", ",\t", ": ")),
        (b'{\r\n  "a" : [ {\r\n    "b" : 1\r\n  } ]\r\n}', Style("  ", "\r\n", ",", " : ")),
        (b'{\n\n\t"a":1}', Style("\t", "\n", ",", ":")),
        (b'{"a": {\n  "b": 1}}', Style("", "", ", ", ": ")),
        (b'{"a":1}', Style("", "", ",", ":")),
        (b'{"a": 1}', Style("", "", ", ", ": ")),
        (b'{"a":"' + b"x" * 9000 + b'", "b":1}', Style("", "", ",", ":")),
        (b'{"' + b"x" * 9000 + b'":1,"b":1}', Style("", "", ", ", ": ")),
        (b" " * 9000 + b'{"a":1,"b":1}', Style("", "", ", ", ": ")),
        (b"{}", Style("", "", ", ", ": ")),
        (b"", Style("", "", ", ", ": ")),
    ],
)
def test_a_style_is_seen_in_the_first_members(text: bytes, style: Style) -> None:
    assert style_of(text) == style


@given(st.binary(max_size=200) | st.text('{}[]",: \n\r\t\\ab', max_size=60).map(str.encode))
def test_whatever_the_text_is_its_style_gives_json(text: bytes) -> None:
    value: Json = {"a": [1, {}], "b": "c"}
    assert json.loads(written(value, style_of(text), 1)) == value


def test_a_value_looks_like_this() -> None:
    value = {"a": [1, {"b": None}], "c": [], "d": {}, "e": Decimal("105.00"), "f": True}
    assert written(value, PRETTY, 1) == (
        b'{\n    "a": [\n      1,\n      {\n        "b": null\n      }\n    ],\n'
        b'    "c": [],\n    "d": {},\n    "e": 105.00,\n    "f": true\n  }'
    )
    assert written(value, COMPACT, 1) == (b'{"a":[1,{"b":null}],"c":[],"d":{},"e":105.00,"f":true}')


def test_half_a_character_is_not_written() -> None:
    assert written({"a\ud800": "\udfff", "b": "\U0001f600"}, COMPACT, 0) == (
        b'{"a?":"?","b":"\\ud83d\\ude00"}'
    )


@pytest.mark.parametrize("value", [1.5, Decimal("NaN"), Decimal("Infinity"), b"x", {1, 2}])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="is no JSON"):
        written([value], COMPACT, 0)
