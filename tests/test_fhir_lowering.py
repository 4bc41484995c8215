"""A change of the claim becomes patches on JSON, with all that it drags along and no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.changes import (
    Change,
    LinePart,
    MergeLines,
    RemoveLine,
    SetCode,
    SetDiagnosis,
    SetModifiers,
    SetUnits,
    SplitLine,
    applied,
    halves,
    in_order,
)
from adapter.fhir.document import FhirDocument
from adapter.fhir.resource import ClaimResource
from adapter.findings import Notes
from adapter.source import Source, apply
from tests.buildfhir import (
    CPT,
    HCPCS,
    SHAPES,
    Json,
    Layout,
    bundle,
    claim,
    concept,
    dumps,
)
from tests.runs import fix

RIGHT, LEFT = "64493-RT $400", "64493-LT $400"
BOTH = (SetModifiers(1, ("50",)), MergeLines(1, 2))
LAYOUTS = [Layout.PRETTY, Layout.INDENTED, Layout.ONE_LINE, Layout.COMPACT]
each_layout = pytest.mark.parametrize("layout", LAYOUTS)


def view_of(data: bytes) -> ClaimResource:
    (view,) = [
        view
        for view in FhirDocument(Source("input", data), 0, Notes()).views(frozenset(), every=True)
        if isinstance(view, ClaimResource)
    ]
    return view


def changed(data: bytes, *changes: Change) -> bytes:
    """The data with the changes made, of which the claim that is read again is the proof."""
    view = view_of(data)
    assert view.refusal(changes) is None
    after = view.after(view.lower(changes))
    assert in_order(after.claim) == applied(view.claim, changes)
    return apply(data, [after.splice()])


def refused(resource: Json, *changes: Change) -> str:
    reason = view_of(text(resource)).refusal(changes)
    assert reason is not None
    return reason


def text(resource: Json, layout: Layout = Layout.PRETTY) -> bytes:
    return dumps(resource, layout).encode()


def items(data: bytes) -> list[Json]:
    """The items, numbers as they are written."""
    found: list[Json] = json.loads(data, parse_float=str, parse_int=str)["item"]
    return found


def priced(*lines: str) -> Json:
    """As `claim` writes it, with unit prices."""
    shape = replace(SHAPES["alone"], unit_prices=True)
    found: Json = json.loads(bundle(*lines, shape=shape), parse_float=Decimal)
    return found


def edited(resource: Json, change: Callable[[Json], object]) -> Json:
    change(resource)
    return resource


def halved(line: int, charge: str, code: str = "64493") -> SplitLine:
    parts = zip(("RT", "LT"), halves(Decimal(charge)), strict=True)
    return SplitLine(line, tuple(LinePart(code, (side,), 1, half) for side, half in parts))


# --- one line -------------------------------------------------------------------------------------


@each_layout
@pytest.mark.parametrize(
    ("before", "modifiers"),
    [
        ("64493-50,RT $800", ("50",)),
        ("64493-RT,KX $400", ("KX", "RT")),
        ("64493-RT $400", ("50",)),
        ("64493 $400", ("RT", "KX")),
        ("64493-RT,59 $400", ()),
    ],
)
def test_modifiers(layout: Layout, before: str, modifiers: tuple[str, ...]) -> None:
    resource = claim(before)
    after = changed(text(resource, layout), SetModifiers(1, modifiers))
    (item,) = items(after)
    written = [each["coding"][0] for each in item.get("modifier", ())]
    assert [coding["code"] for coding in written] == list(modifiers)
    assert {c["system"] for c in written} <= {CPT, HCPCS}
    assert all((c["system"] == CPT) == c["code"].isdigit() for c in written)
    names = [name for name in resource["item"][0] if name != "modifier"]
    if modifiers:
        names.insert(names.index("productOrService") + 1, "modifier")
    assert list(item) == names


def test_a_modifier_that_stays_keeps_its_bytes() -> None:
    resource = claim("64493-50,RT,KX $800")
    kept = {"id": "m", "coding": [{"code": "KX", "system": HCPCS, "display": "any"}], "text": "k"}
    resource["item"][0]["modifier"][2] = kept
    before = text(resource, Layout.ONE_LINE)
    gone = dumps(resource["item"][0]["modifier"][1], Layout.ONE_LINE).encode() + b", "
    assert changed(before, SetModifiers(1, ("50", "KX"))) == before.replace(gone, b"", 1)


def test_a_new_modifier_looks_like_those_that_are_there() -> None:
    resource = claim("64493-50 $800")
    before = text(resource, Layout.INDENTED)
    resource["item"][0]["modifier"] = [concept(HCPCS, "RT")]
    assert changed(before, SetModifiers(1, ("RT",))) == text(resource, Layout.INDENTED)


@each_layout
def test_a_code_takes_what_displayed_the_old_one_with_it(layout: Layout) -> None:
    resource = claim("64475-RT $400", on=None)
    service = resource["item"][0]["productOrService"]
    service["coding"][0] = {"system": CPT, "version": "2009", "code": "64475", "display": "old"}
    service["coding"].append({"display": "old", "code": "64475", "system": HCPCS})
    service["text"] = "the old one"
    after = changed(text(resource, layout), SetCode(1, "64493"))
    assert items(after)[0]["productOrService"] == {
        "coding": [
            {"system": CPT, "code": "64493"},
            {"code": "64493", "system": HCPCS},
        ]
    }


def test_a_code_that_is_said_in_another_system_too_is_not_changed() -> None:
    resource = claim("64475-RT $400")
    resource["item"][0]["productOrService"]["coding"].append({"system": "urn:x", "code": "F1"})
    assert "another code system" in refused(resource, SetCode(1, "64493"))


@each_layout
@pytest.mark.parametrize("unit_prices", [False, True])
def test_units_change_the_unit_price_and_no_charge(layout: Layout, unit_prices: bool) -> None:
    resource = (priced if unit_prices else claim)("64493-50 x2 $800.00")
    before = text(resource, layout)
    (item,) = items(changed(before, SetUnits(1, 1)))
    assert (item["quantity"]["value"], item["net"]["value"]) == ("1", "800.00")
    assert item.get("unitPrice", {}).get("value") == ("800.00" if unit_prices else None)


@each_layout
def test_units_that_were_not_said_are_written_behind_what_r4_has_before_them(
    layout: Layout,
) -> None:
    resource = claim("64493-50 $800")
    del resource["item"][0]["quantity"]
    (item,) = items(changed(text(resource, layout), SetUnits(1, 1)))
    assert item["quantity"] == {"value": "1"}
    names = list(item)
    assert names[names.index("quantity") - 1] == "locationCodeableConcept"


@each_layout
def test_a_diagnosis_keeps_its_point(layout: Layout) -> None:
    resource = claim("64493 $400", dx=("M47816", "M5450"))
    resource["diagnosis"][1]["diagnosisCodeableConcept"]["coding"][0]["display"] = "old"
    after = json.loads(changed(text(resource, layout), SetDiagnosis(2, "M4726")))
    codings = [each["diagnosisCodeableConcept"]["coding"][0] for each in after["diagnosis"]]
    assert [coding["code"] for coding in codings] == ["M47.816", "M47.26"]
    assert "display" not in codings[1]


# --- lines that move ------------------------------------------------------------------------------


@each_layout
@pytest.mark.parametrize("unit_prices", [False, True])
def test_two_lines_become_one(layout: Layout, unit_prices: bool) -> None:
    resource = (priced if unit_prices else claim)(RIGHT, LEFT, "99213 $90")
    after = changed(text(resource, layout), *BOTH)
    first, second = items(after)
    assert (first["sequence"], second["sequence"]) == ("1", "2")
    assert first["net"]["value"] == "800"
    assert first.get("unitPrice", {}).get("value") == ("800" if unit_prices else None)
    assert second == {**_as_text(resource["item"][2]), "sequence": "2"}
    assert json.loads(after)["total"]["value"] == 890


@each_layout
def test_one_line_becomes_two(layout: Layout) -> None:
    resource = priced("64493-50 $801.01", "99213 $90")
    first, second, third = items(changed(text(resource, layout), halved(1, "801.01")))
    assert [each["sequence"] for each in (first, second, third)] == ["1", "2", "3"]
    assert [each["net"]["value"] for each in (first, second)] == ["400.51", "400.50"]
    assert [each["unitPrice"]["value"] for each in (first, second)] == ["400.51", "400.50"]
    assert [each["modifier"][0]["coding"][0]["code"] for each in (first, second)] == ["RT", "LT"]
    for name in ("productOrService", "servicedDate", "diagnosisSequence", "careTeamSequence"):
        assert first[name] == second[name] == _as_text(resource["item"][0])[name]


@each_layout
@pytest.mark.parametrize("gone", [(1,), (2,), (3,), (1, 2), (1, 3), (2, 3)])
def test_lines_that_go_leave_a_list(layout: Layout, gone: tuple[int, ...]) -> None:
    resource = claim("64493 $1", "64494 $2", "64495 $4")
    after = changed(text(resource, layout), *map(RemoveLine, gone))
    kept = [_as_text(item) for n, item in enumerate(resource["item"], 1) if n not in gone]
    expected = [{**item, "sequence": str(n)} for n, item in enumerate(kept, 1)]
    assert items(after) == expected
    assert json.loads(after)["total"]["value"] == sum(int(i["net"]["value"]) for i in expected)


def test_sequences_that_are_no_count_stay_and_new_ones_follow() -> None:
    resource = claim("64493-50 $800", "99213 $90")
    for item, number in zip(resource["item"], (5, 10), strict=True):
        item["sequence"] = number
    after = items(changed(text(resource), halved(5, "800")))
    assert [item["sequence"] for item in after] == ["5", "11", "10"]


def test_what_documents_both_lines_documents_the_one() -> None:
    resource = claim(RIGHT, LEFT, dx=("M47816", "M5450", "M961"), pointers={1: (1,), 2: (2, 1)})
    resource["procedure"] = [{"sequence": n, "type": []} for n in (1, 2)]
    for number, item in enumerate(resource["item"], 1):
        item["procedureSequence"] = [number]
    (item,) = items(changed(text(resource), *BOTH))
    assert item["procedureSequence"] == ["1", "2"]
    assert item["diagnosisSequence"] == ["1", "2"]


def test_ids_of_elements_are_not_copied() -> None:
    resource = claim("64493-50 $800")
    resource["item"][0] = {"id": "i1", **resource["item"][0]}
    resource["item"][0]["productOrService"]["coding"][0]["id"] = "c1"
    after = changed(text(resource), halved(1, "800"))
    first, second = items(after)
    assert (first["id"], first["productOrService"]["coding"][0]["id"]) == ("i1", "c1")
    assert b'"i1"' in after
    assert after.count(b'"c1"') == 1
    assert "id" not in second


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"careTeamSequence": [2]}, "careTeamSequence"),
        ({"bodySite": concept("http://snomed.info/sct", "7771000")}, "bodySite"),
        ({"servicedDate": "2026-03-11"}, "serviced"),
        ({"locationCodeableConcept": concept("urn:x", "24")}, "locationCodeableConcept"),
        ({"extension": [{"url": "urn:x", "valueString": "JANE CANARY"}]}, "extension"),
        ({"JANE CANARY": 1}, "an unknown element"),
        ({"detail": [{"sequence": 1}]}, "detail"),
        ({"factor": 2}, "factor"),
    ],
)
def test_lines_that_differ_are_not_merged(members: Json, why: str) -> None:
    resource = claim(RIGHT, LEFT)
    resource["item"][1].update(members)
    reason = refused(resource, *BOTH)
    assert why in reason
    assert "JANE" not in reason


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda c: c["item"][0].update(detail=[{"sequence": 1}]), "details"),
        (lambda c: c["item"][0].update(factor=1), "factor"),
        (lambda c: c["item"][0].update(_servicedDate={"id": "x"}), "primitive values"),
        (lambda c: c["item"][0]["unitPrice"].update(value=1), "do not fit together"),
        (lambda c: c["item"][0]["net"].update(currency="CAD"), "cannot be read"),
        (
            lambda c: c["insurance"][0].update(claimResponse={"reference": "ClaimResponse/1"}),
            "answered",
        ),
    ],
    ids=["detail", "factor", "primitive extension", "unit price", "currency", "answered"],
)
def test_what_would_move_amounts_of_others_is_refused(
    change: Callable[[Json], object], why: str
) -> None:
    resource = edited(priced("64493-50 $800"), change)
    assert why in refused(resource, halved(1, "800"))


def test_a_unit_price_with_parts_of_a_cent_is_refused() -> None:
    resource = priced("64493-50 x1 $100")
    assert "parts of a cent" in refused(resource, SetUnits(1, 3))


# --- everything else ------------------------------------------------------------------------------

_CHANGES: dict[str, tuple[Change, ...]] = {
    "modifiers": (SetModifiers(1, ("LT", "KX")),),
    "units": (SetUnits(2, 2),),
    "code": (SetCode(2, "64494"),),
    "merge": BOTH,
    "split": (halved(3, "800", "64494"),),
    "remove": (RemoveLine(2),),
}


@given(
    layout=st.sampled_from(LAYOUTS),
    name=st.sampled_from(sorted(_CHANGES)),
    further=st.dictionaries(st.text("abcXY_", min_size=3, max_size=6), st.text(max_size=5)),
    end=st.sampled_from(["", "\n", "\r\n", "  \n\x00"]),
)
def test_nothing_but_items_and_total_is_touched(
    layout: Layout, name: str, further: dict[str, str], end: str
) -> None:
    resource = {**claim(RIGHT, LEFT, "64494-50 $800"), **{f"x{k}": v for k, v in further.items()}}
    before = (dumps(resource, layout) + end).encode()
    after = changed(before, *_CHANGES[name])
    was, now = (json.loads(data.rstrip(b"\x00")) for data in (before, after))
    for each in (was, now):
        del each["item"], each["total"]
    assert was == now
    assert list(json.loads(after.rstrip(b"\x00"))) == list(resource)
    assert after.endswith(end.encode())


def test_other_spellings_of_the_same_json_give_the_same_change() -> None:
    """Escapes, blanks around marks and the order of members are the sender's."""
    resource = claim("64493-50,RT $800")
    tight = text(resource, Layout.COMPACT)
    spaced = json.dumps(resource, default=float, separators=(" ,\r\n", " :\t")).encode()
    escaped = tight.replace(b'"64493"', b'"\\u00364493"').replace(b'"item"', b'"it\\u0065m"')
    for data in (tight, spaced, escaped):
        result = fix(data, "medicare", suggested=True)
        assert [found.rule for found in result.corrected] == ["LA01"]
        assert json.loads(result.data)["item"][0]["modifier"] == [concept(CPT, "50")]
        gone = len(data) - len(result.data)
        assert data.startswith(result.data[: len(result.data) // 2])
        assert len(dumps(concept(HCPCS, "RT"), Layout.COMPACT)) < gone < 200


def _as_text(item: Json) -> Any:
    return json.loads(dumps(item), parse_float=str, parse_int=str)
