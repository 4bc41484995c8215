"""The same claim is the same claim: as 837P, and however FHIR is laid out, referred to and packed.

`test_rules.py` runs every case in both formats. Here is what goes before: that both are read as the
same `Claim`; that the shapes of FHIR make no difference; and that what tells so can fail.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given
from hypothesis import strategies as st

from adapter.findings import Applicability, ChangeMade, Finding, InputDone, Verdict
from adapter.model import Claim
from tests import build837
from tests.build837 import DAY
from tests.buildfhir import (
    ON_ONE_LINE,
    ROWS,
    SHAPES,
    Container,
    Layout,
    References,
    Shape,
    bundle,
    claim,
    dumps,
)
from tests.cases import Case, all_cases, in_both, verdicts
from tests.conserving_fhir import Node, assert_conserved, claims, documents, node_of, nodes
from tests.runs import Ran, check, fix, read

BOTH = [case for case in all_cases() if case.is_one_claim]
each_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "a payer of its own": {"payer": "texas-medicaid", "state": "TX", "filing": "MC"},
    "an ASC facility": {"payer": "medicare-asc", "place": "24"},
    "a dependent": {"dependent": True},
    "a service facility": {"service_facility": "KY", "place": "24"},
    "a note and an authorization": {"note": "DIAGNOSTIC BLOCK", "authorization": "AUTH1"},
    "a replacement": {"frequency": "7"},
    "ICD-9-CM": {"on": date(2015, 9, 30)},
    "several diagnoses": {"dx": ("M47816", "M5450", "G8929", "M545", "R52")},
    "pointers of their own": {"dx": ("M47816", "G8929"), "pointers": {1: (2,), 2: (2, 1)}},
    "no diagnosis": {"dx": ()},
    "no date": {"on": None},
    "days of their own": {"days": {2: (date(2026, 3, 10), date(2026, 3, 11))}},
    "a place of its own": {"places": {2: "24"}},
    "a total that is no sum": {"total": "0900.00"},
}
LINES = ("64493-50,KX $800.", "64494-RT x1.0 $400.00", "J1030 x2 $.50")


def last_claim(data: bytes) -> Claim:
    """The one that is asked about: in rows it is the second."""
    return read(data)[-1]


# --- what is read -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", BOTH, ids=[case.id for case in BOTH])
def test_a_case_is_read_as_the_same_claim(case: Case) -> None:
    x12, fhir = map(last_claim, (case.twin(), case.written()))
    assert in_both(x12) == in_both(fhir)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_whatever_a_claim_says_is_read_as_the_same_claim(options: dict[str, Any]) -> None:
    x12 = last_claim(build837.write(build837.one(*LINES, controls=None, **options)))
    fhir = last_claim(bundle(*LINES, **options))
    assert in_both(x12) == in_both(fhir)
    assert not fhir.oddities


@each_shape
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_every_shape_is_read_as_the_same_claim(shape: Shape, options: dict[str, Any]) -> None:
    data = bundle(*LINES, shape=shape, **options)
    assert last_claim(data) == last_claim(bundle(*LINES, **options))
    assert len(read(data)) == (2 if shape.container in ROWS else 1)


# --- what is done -------------------------------------------------------------------------------


MENDED = ("64493-RT $400.01", "64493-LT $400.01", "64494-50,51 x2 $800", "64475-59,RT $9")


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
@pytest.mark.parametrize("suggested", [False, True], ids=["safe", "suggested"])
def test_whatever_a_claim_says_is_corrected_alike(options: dict[str, Any], suggested: bool) -> None:
    said = {"payer": "medicare", **options}
    before = bundle(*MENDED, **said)
    x12 = build837.write(build837.one(*MENDED, controls=None, **said))
    twin, ran = (fix(data, said["payer"], suggested=suggested) for data in (x12, before))
    assert ran.changes or not suggested or not said.get("on", DAY)
    assert verdicts(twin) == verdicts(ran)
    assert in_both(last_claim(twin.data)) == in_both(last_claim(ran.data))
    assert_conserved(before, ran)


def _corrected_cases() -> list[Case]:
    """Of each rule the first case that is corrected, and the first with lines that come or go."""
    chosen: dict[tuple[str, bool], Case] = {}
    for case in BOTH:
        lines = case.corrected or case.safe
        if lines is not None:
            chosen.setdefault((case.rule, len(lines) != len(case.lines)), case)
    return list(chosen.values())


CORRECTED = _corrected_cases()
each_corrected_case = pytest.mark.parametrize("case", CORRECTED, ids=[c.id for c in CORRECTED])


@each_shape
@each_corrected_case
def test_every_shape_is_judged_alike(case: Case, shape: Shape) -> None:
    data = case.written(shape)
    found = check(data, case.payer).findings
    held = claims(data)[-1]
    assert [_said(each) for each in found] == [
        _said(each) for each in check(case.written(), case.payer).findings
    ]
    for finding in found:
        place = finding.location
        assert place.row == (held.row if shape.container in ROWS else None)
        assert place.expression is not None
        assert place.expression.startswith(held.expression)
        assert node_of(data, place.row, place.expression)


def _said(finding: Finding) -> tuple[Any, ...]:
    return finding.rule, finding.claim, finding.line, finding.severity, finding.message, finding.fix


@each_shape
@each_corrected_case
def test_every_shape_is_corrected_alike(case: Case, shape: Shape) -> None:
    if shape.dressed and case.id == "LA07-clean-4":
        pytest.skip("words went with an old code, and lines that differ in words are not merged")
    data = case.written(shape)
    ran = fix(data, case.payer, suggested=True)
    plain = fix(case.written(), case.payer, suggested=True)
    assert ran.data != data
    assert last_claim(ran.data) == last_claim(plain.data)
    assert_conserved(data, ran)
    again = fix(ran.data, case.payer, suggested=True)
    assert again.data == ran.data
    assert not again.changes


def test_the_cases_above_are_many() -> None:
    moved = [
        case for case in CORRECTED if len(case.corrected or case.safe or ()) != len(case.lines)
    ]
    assert len(moved) >= 5
    assert len(CORRECTED) >= 20


# --- the writer ---------------------------------------------------------------------------------


def test_the_shapes_are_all_there_is() -> None:
    for field, values in (
        ("layout", Layout),
        ("references", References),
        ("container", Container),
        ("unit_prices", (True, False)),
        ("dressed", (True, False)),
    ):
        assert {getattr(shape, field) for shape in SHAPES.values()} == set(values)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
@each_shape
def test_what_the_tests_write_is_valid(shape: Shape, options: dict[str, Any]) -> None:
    """So that what a reader finds odd is the reader's."""
    data = bundle(*LINES, shape=shape, **options)
    for document in documents(data):
        content = json.loads(document.text, parse_float=Decimal)
        get_fhir_model_class(content["resourceType"]).model_validate(content)


AS_JSON: dict[Layout, dict[str, Any]] = {
    Layout.INDENTED: {"indent": 2},
    Layout.ONE_LINE: {},
    Layout.COMPACT: {"separators": (",", ":")},
}


@pytest.mark.parametrize("layout", list(Layout))
def test_layouts_differ_in_blanks_alone(layout: Layout) -> None:
    content = claim("64493 x1 $1", note='a "note" — with {[,: in it', total="1")
    content["nothing"] = [[], {}]
    text = dumps(content, layout)
    whole = json.loads(text)
    assert whole == json.loads(dumps(content, Layout.COMPACT))
    if layout in AS_JSON:
        assert text == json.dumps(whole, ensure_ascii=False, **AS_JSON[layout])
    assert ("\n" in text) == (layout not in ON_ONE_LINE)


def test_numbers_are_the_senders() -> None:
    found = claim(*LINES, total="0900.00")
    text = dumps(found, Layout.ONE_LINE)
    assert [item["net"]["value"] for item in json.loads(text, parse_float=str)["item"]] == [
        800,
        "400.00",
        "0.50",
    ]
    assert '"quantity": {"value": 1.0}' in text
    assert '"total": {"value": 900.00, "currency": "USD"}' in text


@pytest.mark.parametrize(
    "options", [{"paid": {1: "3"}}, {"further": {1: ("K3*X",)}}, {"controls": ("A", "B", "C")}]
)
def test_what_fhir_has_no_place_for_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no place for"):
        bundle(*LINES, **options)


@pytest.mark.parametrize(
    "said",
    [
        {"container": Container.BUNDLE_ROWS},
        {"container": Container.ALONE},
        {"container": Container.CLAIM_ROWS, "layout": Layout.COMPACT},
    ],
)
def test_a_shape_that_cannot_be_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a row is one line|a lone Claim"):
        Shape(**said)


# --- the evaluator ------------------------------------------------------------------------------

SMALL = Node(
    text := '{"resourceType": "A", "one": {"two": [1, [2, 3], {"x": "}]\\""}]}, "valueDate": "d",'
    ' "kindOne": 1, "kindTwo": 2, "none": []}',
    0,
    len(text),
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("A", [SMALL.text]),
        ("A.one.two", ["1", "[2, 3]", '{"x": "}]\\""}']),
        ("A.one.two[2].x", ['"}]\\""']),
        ("A.one.two[3]", []),
        ("A.one[0]", [SMALL.members["one"].text]),
        ("A.value", ['"d"']),
        ("A.kind", []),
        ("A.none", []),
        ("A.val", []),
        ("B.one", []),
    ],
)
def test_expressions(expression: str, expected: Sequence[str]) -> None:
    assert [node.text for node in nodes(SMALL, expression)] == expected


@pytest.mark.parametrize("expression", ["A.one.", "A.one[x]", "A.one.first()", "A.one['a']"])
def test_what_is_no_simple_expression(expression: str) -> None:
    with pytest.raises(AssertionError):
        nodes(SMALL, expression)


def test_more_or_fewer_than_one_node() -> None:
    data = bundle(*LINES)
    for expression in ("Bundle.entry", "Bundle.entry[99]", "Claim.item[0]"):
        with pytest.raises(ValueError, match="values to unpack"):
            node_of(data, None, expression)
    assert node_of(data, None, "Bundle.entry[2].resource.item[0]")
    with pytest.raises(AssertionError, match="which row"):
        node_of(bundle(*LINES, shape=SHAPES["claims in rows"]), None, "Claim.id")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.no_cover
@given(st.dictionaries(st.text(), VALUES), st.sampled_from([None, 1, 3]), st.booleans())
def test_values_are_found_where_they_are(
    content: dict[str, Any], indent: int | None, ascii_only: bool
) -> None:
    text = " " + json.dumps(content, indent=indent, ensure_ascii=ascii_only) + "\r\n"
    (document,) = documents(text.encode("utf-8"))
    assert _as_plain(document) == content


def _as_plain(node: Node) -> Any:
    """Put together from the parts, so that each of them was found."""
    if node.text.startswith("{"):
        return {key: _as_plain(each) for key, each in node.members.items()}
    if node.text.startswith("["):
        return [_as_plain(each) for each in node.elements]
    return json.loads(node.text)


# --- what conservation tells --------------------------------------------------------------------

BEFORE = bundle("64493-RT $400", "64493-LT $400", payer="medicare")
AFTER = bundle("64493-50 $800", payer="medicare").decode("utf-8")
END = "\n  ]\n}\n"
TARGET = claims(BEFORE)[0].entry.said("fullUrl")  # type: ignore[union-attr]


def provenance(target: str) -> str:
    resource = {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": "2026-11-25T12:00:00Z",
        "agent": [{"who": {"display": "facet"}}],
    }
    return ",\n    " + json.dumps({"fullUrl": "urn:uuid:0", "resource": resource})


def ran(after: str, tail: str, before: bytes = BEFORE) -> Ran:
    """A run that made of `before` what is `after`, and appended `tail` to the entries."""
    made = after.encode("utf-8")
    start = 0
    while before[start : start + 1] == made[start : start + 1]:
        start += 1
    end = 0
    while end < len(made) - start and before[-1 - end] == made[-1 - end]:
        end += 1
    change = ChangeMade(
        "CLM0001",
        1,
        "LA05",
        Applicability.SAFE,
        start,
        before[start : len(before) - end],
        made[start : len(made) - end],
    )
    done = InputDone("", "fhir", 1, 1)
    return Ran(after.replace(END, tail + END).encode("utf-8"), [_verdict(change)], done)


def _verdict(change: ChangeMade) -> Verdict:
    return Verdict("CLM0001", changes=[change])


def test_a_merge_is_conserved() -> None:
    assert_conserved(BEFORE, ran(AFTER, provenance(TARGET)))
    assert_conserved(BEFORE, ran(AFTER, provenance("Claim/CLM0001")))


TAMPERED: dict[str, Callable[[str], str]] = {
    "a value elsewhere": lambda text: text.replace('"MBR0001"', '"MBR0002"'),
    "a blank elsewhere": lambda text: text.replace('"gender": "', '"gender":"'),
    "a number elsewhere": lambda text: text.replace('"order": 1', '"order": 1.0'),
    "an escape elsewhere": lambda text: text.replace("ANYTOWN", "\\u0041NYTOWN"),
    "the type of the Bundle": lambda text: text.replace('"collection"', '"searchset"'),
    "the id of the Claim": lambda text: text.replace('"id": "CLM0001",', '"id": "CLM0002",'),
    "a blank in the Claim": lambda text: text.replace('"use": ', '"use":  '),
    "the order in the Claim": lambda text: text.replace('"use": "claim",', "").replace(
        '"created"', '"use": "claim",\n        "created"'
    ),
    "the currency of the total": lambda text: text.replace(
        '"total": {"value": 800, "currency": "USD"}', '"total": {"value": 800}'
    ),
    "the total": lambda text: text.replace('"total": {"value": 800', '"total": {"value": 801'),
    "a net": lambda text: text.replace('"net": {"value": 800', '"net": {"value": 700'),
    "the currency of a net": lambda text: text.replace(
        '"net": {"value": 800, "currency": "USD"}', '"net": {"value": 800}'
    ),
    "a zero too many": lambda text: text.replace('"net": {"value": 800', '"net": {"value": 800.0'),
    "a number": lambda text: text.replace(
        '"sequence": 1,\n            "care', '"sequence": 2,"care'
    ),
    "a day": lambda text: text.replace('"2026-03-10"', '"2026-03-11"'),
    "a care team": lambda text: text.replace('"careTeamSequence": [1]', '"careTeamSequence": [2]'),
    "a pointer": lambda text: text.replace('"diagnosisSequence": [1]', '"diagnosisSequence": [2]'),
    "an extra member": lambda text: text.replace('"net": {', '"udi": [], "net": {'),
    "a blank in an item": lambda text: text.replace('"servicedDate": ', '"servicedDate":'),
    "a modifier's system": lambda text: text.replace(
        '{"system": "http://www.ama-assn.org/go/cpt", "code": "50"}',
        '{"system": "http://snomed.info/sct", "code": "50"}',
    ),
    "a modifier's text": lambda text: text.replace(
        '"modifier": [\n              {', '"modifier": [\n              {"text": "both",'
    ),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
def test_what_was_touched_without_need_is_told(tamper: Callable[[str], str]) -> None:
    """The change list says all of it: that alone is no excuse."""
    tampered = tamper(AFTER)
    assert tampered != AFTER
    json.loads(tampered)
    with pytest.raises(AssertionError):
        assert_conserved(BEFORE, ran(tampered, provenance(TARGET)))


@pytest.mark.parametrize(
    "tail",
    [
        "",
        provenance(TARGET) * 2,
        provenance("Claim/CLM0002"),
        provenance(TARGET).replace("Provenance", "Basic"),
        provenance(TARGET).replace('"recorded"', '"occurred"'),
    ],
    ids=["none", "two", "of another", "another resource", "without a time"],
)
def test_what_was_appended_is_looked_at(tail: str) -> None:
    with pytest.raises(AssertionError):
        assert_conserved(BEFORE, ran(AFTER, tail))


def test_an_entry_that_went_is_told() -> None:
    entries = json.loads(AFTER)["entry"]
    gone = AFTER.replace(json.dumps(entries[-1]["fullUrl"]), '"urn:uuid:1"')
    with pytest.raises(AssertionError):
        assert_conserved(BEFORE, ran(gone, provenance(TARGET)))
    shorter = dict(json.loads(AFTER), entry=entries[:-1])
    with pytest.raises(AssertionError):
        assert_conserved(BEFORE, ran(json.dumps(shorter, indent=2) + "\n", ""))


def test_a_change_list_that_leaves_something_out_is_told() -> None:
    whole = ran(AFTER, provenance(TARGET))
    (change,) = whole.changes
    for short in ([], [_with_after(change, change.after[:-1])]):
        made = Ran(whole.data, [_verdict(each) for each in short], whole.done)
        with pytest.raises(AssertionError):
            assert_conserved(BEFORE, made)
    with pytest.raises(AssertionError, match="the same bytes"):
        assert_conserved(BEFORE, Ran(BEFORE, [_verdict(change)], whole.done))


def _with_after(change: ChangeMade, after: bytes) -> ChangeMade:
    return replace(change, after=after)


CODED = '{"system": "http://www.ama-assn.org/go/cpt", "code": "64475", "display": "own words"}'


@pytest.mark.parametrize(
    ("coding", "kept"),
    [
        ('{"system": "http://www.ama-assn.org/go/cpt", "code": "64493"}', True),
        (CODED.replace("64475", "64493"), False),
        ('{"system": "http://snomed.info/sct", "code": "64493"}', False),
        ('{"system": "http://www.ama-assn.org/go/cpt", "code": "64475"}', False),
    ],
)
def test_a_code_goes_with_its_words_and_nothing_else(coding: str, kept: bool) -> None:
    written = bundle("64475-RT $400", payer="medicare").decode("utf-8")
    old = '{"system": "http://www.ama-assn.org/go/cpt", "code": "64475"}'
    before, after = (written.replace(old, each) for each in (CODED, coding))
    made = ran(after, provenance(TARGET), before.encode("utf-8"))
    if kept:
        assert_conserved(before.encode("utf-8"), made)
        return
    with pytest.raises(AssertionError):
        assert_conserved(before.encode("utf-8"), made)


def test_nothing_is_appended_where_the_shape_is_kept() -> None:
    for container in ("transaction", "batch"):
        before, after = (
            text.replace('"collection"', f'"{container}"') for text in (BEFORE.decode(), AFTER)
        )
        assert_conserved(before.encode(), ran(after, "", before.encode()))
        with pytest.raises(AssertionError):
            assert_conserved(before.encode(), ran(after, provenance(TARGET), before.encode()))


def test_rows_are_compared_with_what_is_between() -> None:
    shape = SHAPES["claims in rows"]
    before = bundle("64493-RT $400", "64493-LT $400", payer="medicare", shape=shape)
    after = bundle("64493-50 $800", payer="medicare", shape=shape).decode("utf-8")
    assert_conserved(before, ran(after, "", before))
    for tampered in (
        after.replace("\n", "\r\n"),
        after.replace("\n", "\n\n", 1),
        after.removesuffix("\n"),
        after.replace("FILLER1", "FILLER2"),
    ):
        with pytest.raises(AssertionError):
            assert_conserved(before, ran(tampered, "", before))
