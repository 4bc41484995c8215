"""Every case of every rule, as 837P and FHIR, in and out; and every rule has what it must have."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

import adapter
from adapter.changes import atoms
from adapter.findings import Applicability, Finding, Severity
from adapter.model import Claim, ServiceLine
from adapter.rules import FAMILIES, HEADINGS, Rule, all_rules
from adapter.tables import shipped
from tests import conserving, conserving_fhir
from tests.cases import FOLDER, FORMS, BadCase, Case, Form, all_cases, cases_of, in_both, verdicts
from tests.notation import Line, shown
from tests.runs import Ran, check, fix, read, twice
from tests.splitting import split

CASES = all_cases()
RULES = list(all_rules().values())

RUNS = [(case, form) for case in CASES for form in case.forms]
NAMED = [f"{case.id}-{form}" for case, form in RUNS]

each_run = pytest.mark.parametrize(("case", "form"), RUNS, ids=NAMED)
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


def runs_as(form: Form) -> pytest.MarkDecorator:
    """The cases that run in one format."""
    cases = [case for case, each in RUNS if each == form]
    return pytest.mark.parametrize("case", cases, ids=[case.id for case in cases])


@cache
def bytes_of(ident: str, form: Form) -> bytes:
    return _case(ident).data(form)


@cache
def checked(ident: str, form: Form) -> Ran:
    return check(bytes_of(ident, form), _case(ident).payer)


@cache
def corrected(ident: str, form: Form, suggested: bool) -> Ran:
    return fix(bytes_of(ident, form), _case(ident).payer, suggested=suggested)


@cache
def mended(ident: str, form: Form) -> Ran:
    """With everything that a user can ask for."""
    return fix(bytes_of(ident, form), _case(ident).payer, suggested=True, fix_envelope=True)


def _case(ident: str) -> Case:
    (case,) = [case for case in CASES if case.id == ident]
    return case


def first_claim(data: bytes) -> Claim:
    return read(data)[0]


def is_read_as(expected: Sequence[Line], lines: Sequence[ServiceLine]) -> bool:
    return len(expected) == len(lines) and all(
        line.is_read_as(found) for line, found in zip(expected, lines, strict=True)
    )


def spoken(findings: Sequence[Finding]) -> list[tuple[str, str | None, int | None, Severity, str]]:
    return [(f.rule, f.claim, f.line, f.severity, f.message) for f in findings]


def louder_than_info(findings: Sequence[Finding], case: Case) -> set[str]:
    """Rules that speak at error or warning and were not announced."""
    return {
        finding.rule
        for finding in findings
        if finding.severity > Severity.INFO and finding.rule not in case.also
    }


# --- what is said -------------------------------------------------------------------------------


@each_run
def test_verdict(case: Case, form: Form) -> None:
    ran = checked(case.id, form)
    own = [finding for finding in ran.findings if finding.rule == case.rule]
    assert {finding.line for finding in own} == case.at
    if case.severity is not None:
        assert {finding.severity for finding in own} == {case.severity}
    assert louder_than_info(ran.findings, case) <= {case.rule}
    skipped = {entry.reason for entry in ran.not_evaluated if entry.rule == case.rule}
    if case.verdict == "clean":
        assert skipped == ({case.not_evaluated} if case.not_evaluated else set())


@pytest.mark.no_cover
@runs_as("x12")
def test_places_are_where_a_naive_split_finds_them(case: Case) -> None:
    data = bytes_of(case.id, "x12")
    pieces = list(split(data))
    for finding in checked(case.id, "x12").findings:
        place = finding.location
        assert place.segment is not None
        assert place.element is not None
        piece = pieces[place.segment - 1]
        assert place.element.startswith(piece.id)
        assert piece.place(place.element)[0] == place.offset


@pytest.mark.no_cover
@runs_as("fhir")
def test_expressions_hit_one_node_of_their_claim_and_line(case: Case) -> None:
    data = bytes_of(case.id, "fhir")
    held = {claim.expression: claim.resource for claim in conserving_fhir.claims(data)}
    for finding in checked(case.id, "fhir").findings:
        place = finding.location
        assert (place.segment, place.element, place.row) == (None,) * 3
        assert place.expression is not None
        node = conserving_fhir.node_of(data, place.row, place.expression)
        assert place.offset == len(node.source[: node.start].encode("utf-8"))
        (own,) = [each for each in held if is_within(place.expression, each)]
        assert held[own].said("id") == finding.claim
        if finding.line is not None:
            item = re.match(r"\.item\[(\d+)\]", place.expression.removeprefix(own))
            assert item is not None
            assert held[own].said("item")[int(item[1])]["sequence"] == str(finding.line)


def is_within(expression: str, outer: str) -> bool:
    return f"{expression}.".startswith(f"{outer}.")


@pytest.mark.no_cover
@each_run
def test_messages_are_sentences_without_values_of_the_patient(case: Case, form: Form) -> None:
    values = ["MBR0001", "PATIENT", "ANYTOWN", "1245319599", *filter(None, [case.note])]
    for finding in checked(case.id, form).findings:
        texts = [finding.message, *finding.notes, finding.label]
        if finding.fix is not None:
            texts.append(finding.fix.description)
            assert finding.fix.description.endswith((".", "?")), finding.fix.description
        assert finding.message[0].isupper() or finding.message[0].isdigit(), finding.message
        assert finding.message.endswith("."), finding.message
        assert not [value for value in values for text in texts if value in text]


@each_run
def test_the_verbs_say_the_same(case: Case, form: Form) -> None:
    """`adapter.check` sees one claim, without its place; `adapter.fix` is the engine's run."""
    as_ever: dict[Form, Callable[[bytes], bytes]] = {"x12": bytes, "fhir": conserving_fhir.unsigned}
    data = bytes_of(case.id, form)
    alone = [found for claim in read(data) for found in adapter.check(claim, case.payer)]
    in_file = [f for f in checked(case.id, form).findings if f.rule not in ("ED01", "ED03")]
    assert spoken(alone) == spoken(in_file)
    for suggested in (False, True):
        result = adapter.fix(data, case.payer, suggested)
        ran = corrected(case.id, form, suggested)
        assert as_ever[form](result.data) == as_ever[form](ran.data)
        assert spoken(result.findings) == spoken(ran.findings)
        assert list(result.changes) == ran.changes
        worst = max((finding.severity for finding in ran.findings), default=Severity.INFO)
        assert result.status == (worst is Severity.ERROR)


# --- what is corrected --------------------------------------------------------------------------


@each_run
def test_safe_corrections(case: Case, form: Form) -> None:
    ran = corrected(case.id, form, suggested=False)
    expected = case.safe if case.safe is not None else case.lines
    before, after = first_claim(bytes_of(case.id, form)), first_claim(ran.data)
    if ran.changes or case.safe is not None:
        assert is_read_as(expected, after.lines), shown(after.lines)
    assert after.charge == before.charge
    assert total(after) == total(before)
    assert all(f.applicability is Applicability.SAFE for f in ran.corrected)
    if ran.changes:
        was, now = (atoms(each.lines, twice(each, case.payer)) for each in (before, after))
        assert was == now


@each_run
def test_suggested_corrections(case: Case, form: Form) -> None:
    ran = corrected(case.id, form, suggested=True)
    expected = next(lines for lines in (case.corrected, case.safe, case.lines) if lines is not None)
    after = first_claim(ran.data)
    if ran.changes or case.corrected is not None:
        assert is_read_as(expected, after.lines), shown(after.lines)
    again = check(ran.data, case.payer)
    if case.corrected is not None:
        assert case.rule not in {finding.rule for finding in again.findings}
    assert louder_than_info(again.findings, case) <= {case.rule}


def total(claim: Claim) -> Decimal:
    return sum((line.charge for line in claim.lines if line.charge is not None), Decimal(0))


each_mode = pytest.mark.parametrize("suggested", [False, True], ids=["safe", "suggested"])


@pytest.mark.no_cover
@each_run
@each_mode
def test_bytes_outside_a_correction_stay(case: Case, form: Form, suggested: bool) -> None:
    conserved = {"x12": conserving.assert_conserved, "fhir": conserving_fhir.assert_conserved}
    conserved[form](bytes_of(case.id, form), corrected(case.id, form, suggested))


@pytest.mark.no_cover
@each_run
@each_mode
def test_a_second_pass_is_idle(case: Case, form: Form, suggested: bool) -> None:
    ran = corrected(case.id, form, suggested)
    again = fix(ran.data, case.payer, suggested=suggested)
    assert again.data == ran.data
    assert not again.corrected
    assert not again.changes


@pytest.mark.no_cover
@each_run
@each_mode
def test_what_remains_is_what_a_check_of_the_output_says(
    case: Case, form: Form, suggested: bool
) -> None:
    ran = corrected(case.id, form, suggested)
    assert spoken(ran.findings) == spoken(check(ran.data, case.payer).findings)


@pytest.mark.no_cover
@each_run
@each_mode
def test_no_rule_offers_what_cannot_be_proved(case: Case, form: Form, suggested: bool) -> None:
    """A correction may be withheld for the error that it would make, never as a wrong one."""
    for withheld in corrected(case.id, form, suggested).withheld:
        assert "new error" in withheld.why


@pytest.mark.no_cover
@each_run
@each_mode
def test_what_was_not_corrected_is_still_said(case: Case, form: Form, suggested: bool) -> None:
    """A finding of before is corrected, or it remains, or it is of a rule that was silenced."""
    ran = corrected(case.id, form, suggested)
    if not ran.corrected:
        assert spoken(ran.findings) == spoken(checked(case.id, form).findings)


# --- one verdict, whatever the format ------------------------------------------------------------


BOTH = [case for case in CASES if case.is_one_claim]
each_case_of_both = pytest.mark.parametrize("case", BOTH, ids=[case.id for case in BOTH])


@pytest.mark.no_cover
@each_case_of_both
def test_both_formats_are_judged_alike(case: Case) -> None:
    """The same findings but for the place, the same reasons not to look, the same profile."""
    twin = check(case.twin(), case.payer)
    assert verdicts(twin) == verdicts(checked(case.id, "fhir"))


@pytest.mark.no_cover
@each_case_of_both
@each_mode
def test_both_formats_are_corrected_alike(case: Case, suggested: bool) -> None:
    twin = fix(case.twin(), case.payer, suggested=suggested)
    ran = corrected(case.id, "fhir", suggested)
    assert verdicts(twin) == verdicts(ran)
    assert in_both(first_claim(twin.data)) == in_both(first_claim(ran.data))
    assert causes(twin) == causes(ran)


@pytest.mark.no_cover
@each_case_of_both
def test_both_formats_name_the_same_place(case: Case) -> None:
    data = bytes_of(case.id, "fhir")
    found = zip(checked(case.id, "x12").findings, checked(case.id, "fhir").findings, strict=True)
    (claim,) = conserving_fhir.claims(data)
    numbers = [item["sequence"] for item in claim.resource.said("item")]
    for finding, other in found:
        expected = claim.expression
        if finding.line is not None:
            expected += f".item[{numbers.index(str(finding.line))}]"
        expected += member(finding.location.element or "")
        assert is_within(other.location.expression or "", expected)


def member(element: str) -> str:
    """Where FHIR has what stands in an element of X12. Raises: KeyError for one that is new."""
    known = {
        "CLM01": "",
        "CLM02": ".total",
        "CLM05-01": ".location",
        "SV101-02": ".productOrService",
        "SV103": ".quantity",
        "SV104": ".quantity",
        "SV107": ".diagnosisSequence[0]",
    }
    if element in known:
        return known[element]
    if match := re.fullmatch(r"HI(\d\d)-02", element):
        return f".diagnosis[{int(match[1]) - 1}]"
    if match := re.fullmatch(r"SV101-0([3-6])", element):
        return f".modifier[{int(match[1]) - 3}]"
    raise KeyError(element)


def causes(ran: Ran) -> set[str]:
    """The rules that the change list of the claims names."""
    changes = [change for change in ran.changes if change.claim is not None]
    return {rule for change in changes for rule in change.rule.split(",")}


# --- what a rule must have ----------------------------------------------------------------------


@each_rule
def test_a_rule_declares_itself(rule: Rule) -> None:
    assert rule.sources, "no source"
    for key in rule.sources:
        assert key in shipped().sources, key
    assert rule.since == adapter.__version__ or rule.since < adapter.__version__
    assert rule.name == rule.name.lower().replace(" ", "-")
    assert rule.check.__module__ in {f"adapter.rules.{family}" for family in FAMILIES}


@each_rule
def test_a_rule_has_its_page(rule: Rule) -> None:
    summary, parts = rule.page
    assert summary
    assert tuple(parts) == HEADINGS
    assert all(parts.values())


NEVER_IN = {
    "x12": {  # what is odd in a resource, and what needs documentation or a Coverage
        code for code in all_rules() if code.startswith(("FH", "DC")) or code in ("BN05", "CO09")
    },
    "fhir": {"DX04", "ED01"},  # a point is right there, and there is no envelope
}


@each_rule
def test_a_rule_has_cases(rule: Rule) -> None:
    verdicts = {case.verdict for case in CASES if case.rule == rule.code}
    assert verdicts == {"fires", "clean"}


@each_rule
@pytest.mark.parametrize("form", FORMS)
def test_a_rule_fires_and_corrects_in_each_format(rule: Rule, form: Form) -> None:
    fires = [case for case in CASES if case.rule == rule.code and case.verdict == "fires"]
    own = [case.id for case in fires if form in case.forms]
    assert own or rule.code in NEVER_IN[form]
    made = {
        finding.applicability
        for ident in own
        for finding in mended(ident, form).corrected
        if finding.rule == rule.code
    }
    if own and rule.applicability in (Applicability.SAFE, Applicability.SUGGESTED):
        assert rule.applicability in made
    elif not any(_case(ident).procedures for ident in own):  # those tell what a claim lacks
        assert not made


def test_every_case_file_is_of_a_rule() -> None:
    assert {path.stem for path in FOLDER.glob("*")} == set(all_rules())


def test_every_rule_of_these_families_is_there() -> None:
    counts = "CV 3, LV 6, LA 7, MD 8, UN 2, BN 5, DX 4, ED 3, DC 9"
    families = {each.split()[0]: int(each.split()[1]) for each in counts.split(", ")}
    expected = {f"{family}{n:02}" for family, last in families.items() for n in range(1, last + 1)}
    assert set(all_rules()) >= expected


# --- the loader is strict -----------------------------------------------------------------------

WHOLE = """
rule = "LA01"
payer = "medicare"
[[fires]]
why = "a side beside 50"
lines = ["64493-50,RT $800"]
at = [1]
"""


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('payer = "medicare"', 'payer = "medicare"\npalyer = "cpt"', "no key 'palyer'"),
        ("at = [1]", "at = [1]\ncorected = []", "no key 'corected'"),
        ("at = [1]", "", "`at` names the lines"),
        ("[[fires]]", "[[clean]]", "no key 'at'"),
        ('payer = "medicare"', "", "has no payer"),
        ('why = "a side beside 50"', "", "has no why"),
        ('rule = "LA01"', 'rule = "LA02"', "holds the cases of LA02"),
        ("64493-50,RT $800", "64493-50 RT", "no line"),
        ("at = [1]", 'at = [1]\nseverity = "fatal"', "fatal"),
    ],
)
def test_a_case_that_says_too_much_or_too_little(
    tmp_path: Path, old: str, new: str, what: str
) -> None:
    path = tmp_path / "LA01.toml"
    path.write_text(WHOLE.replace(old, new))
    with pytest.raises(BadCase, match=what):
        cases_of(path)
    path.write_text(WHOLE)
    assert [case.id for case in cases_of(path)] == ["LA01-fires-1"]


@pytest.mark.parametrize("form", FORMS)
def test_a_replacement_that_does_not_apply_is_an_error(tmp_path: Path, form: Form) -> None:
    path = tmp_path / "LA01.toml"
    path.write_text(WHOLE + f'{form} = {{ "LX*9" = "LX*1" }}\n')
    (case,) = cases_of(path)
    assert case.forms == [form]
    with pytest.raises(BadCase, match=f"not in the text that is written as {form}"):
        case.data(form)
