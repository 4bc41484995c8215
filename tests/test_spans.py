"""JSON as spans: what the scanner takes, where it finds things, and how it edits them.

The standard library is the judge throughout: of what is JSON, of what a value is, and of what an
edit has to give.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from adapter.fhir.spans import (
    Broken,
    Kind,
    Value,
    added,
    colon,
    member_path,
    removed,
    scan,
    separator,
)
from adapter.source import apply

# --- what is written, and how ---------------------------------------------------------------------

LAYOUTS: dict[str, Callable[[Any], str]] = {
    "compact": lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    "one line": lambda value: json.dumps(value),
    "two blanks": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
    "tabs": lambda value: json.dumps(value, indent="\t"),
    "no indent": lambda value: json.dumps(value, indent=0),
    "CRLF": lambda value: json.dumps(value, indent=1, ensure_ascii=False).replace("\n", "\r\n"),
    "wide": lambda value: json.dumps(value, separators=("  ,\n ", " \t:  ")),
}
layouts = st.sampled_from(list(LAYOUTS.values()))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts
)
names = st.one_of(texts, st.sampled_from(["id", "item", "code", 'a"b', "a:b", "\\", ""]))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
containers = st.lists(values, max_size=5) | st.dictionaries(names, values, max_size=5)

KINDS = {
    dict: Kind.OBJECT, list: Kind.ARRAY, str: Kind.STRING, int: Kind.NUMBER, float: Kind.NUMBER,
    bool: Kind.BOOLEAN, type(None): Kind.NULL,
}  # fmt: skip


def name_of(value: Value) -> Any:
    """The name that stands between the key of a member and its value."""
    between = value.text[value.key : value.start]
    return json.loads(between[: between.rindex(b'"') + 1])


def assert_found(value: Value, expected: Any) -> None:
    """A value is what it should be, and so is all that it holds, each exactly in its span."""
    assert json.loads(value.raw) == expected
    assert value.raw == value.raw.strip() == value.text[slice(*value.span)]
    assert value.kind is KINDS[type(expected)]
    assert value.string == (expected if isinstance(expected, str) else None)
    assert list(value.members) == (list(expected) if isinstance(expected, dict) else [])
    for name, member in value.members.items():
        assert name_of(member) == name
        assert value.get(name) is member
        assert_found(member, expected[name])
    inside = expected if isinstance(expected, list) else []
    for element, each in zip(value.elements, inside, strict=True):
        assert element.key == -1
        assert_found(element, each)


@given(containers, layouts, st.sampled_from(["", " ", "\r\n\t"]))
def test_every_value_is_found_where_it_stands(
    expected: Any, layout: Callable[[Any], str], lead: str
) -> None:
    text = f"{lead}{layout(expected)}".encode()
    assert_found(scan(text), expected)
    behind = b'{"before": [1]} ' + text + b" and more"
    assert_found(scan(behind, 15), expected)


@given(containers, layouts, layouts)
def test_the_canonical_form_does_not_depend_on_the_layout(
    value: Any, first: Callable[[Any], str], second: Callable[[Any], str]
) -> None:
    one, other = (scan(layout(value).encode()).canonical() for layout in (first, second))
    assert one == other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", '"1"'),
        ("1", "1.0"),
        ("1", "true"),
        ("null", '"null"'),
        ("0", "-0"),
        ("{}", "[]"),
        ("[]", "[[]]"),
        ("[1, 2]", "[2, 1]"),
        ('{"a": 1}', '[["a", 1]]'),
        ('{"a": 1}', '{"b": 1}'),
        ('{"a": null}', "{}"),
    ],
)
def test_the_canonical_form_tells_values_apart(one: str, other: str) -> None:
    first, second = (scan(f"[{text}]".encode()).canonical() for text in (one, other))
    assert first != second


def test_the_canonical_form_knows_no_order_of_members() -> None:
    first, second = (scan(text).canonical() for text in (b'{"a":1,"b":[2]}', b'{"b":[2],"a":1}'))
    assert first == second


def test_what_is_no_object_or_list_holds_nothing() -> None:
    number = scan(b'{"a": 1}').members["a"]
    assert (number.members, number.elements, number.get("a")) == ({}, [], None)
    assert (scan(b"[]").get("a"), scan(b"[]").number, scan(b"{}").string) == (None, None, None)


def broken_by(data: bytes) -> Broken | None:
    """What is wrong with a text, None where nothing is. Any other exception passes."""
    try:
        scan(data)
    except Broken as broken:
        return broken
    return None


# --- what is no JSON ------------------------------------------------------------------------------


class _NotJson(Exception):
    """What the standard library takes and we do not."""


def _strict_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name.encode() for name, _ in pairs}) < len(pairs):  # half a character: no bytes
        raise _NotJson
    return dict(pairs)


def _strict_constant(name: str) -> Any:
    raise _NotJson


def is_json(text: str) -> bool:
    """Whether an object or a list begins here, by the standard library made strict."""
    decoder = json.JSONDecoder(object_pairs_hook=_strict_object, parse_constant=_strict_constant)
    try:
        value, _ = decoder.raw_decode(text.lstrip(" \t\r\n"))
    except (ValueError, _NotJson):
        return False
    return isinstance(value, dict | list)


PIECES = [*'{}[],:"\\ \n\t019.eE+-tfnaul/', '""', '"a"', "\\u00e9", "\\ud83d", "null", "true", "é"]


@st.composite
def nearly_json(draw: st.DrawFn) -> str:
    """A text with a few pieces put in, taken out or replaced."""
    text: str = draw(layouts)(draw(containers))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text = (
            text[:at] + draw(st.sampled_from(["", *PIECES])) + text[at + draw(st.integers(0, 2)) :]
        )
    return text


@given(nearly_json() | st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@example('{"a": 1, "\\u0061": 2}')
@example('{"\\ud83d": 1}')
def test_the_standard_library_made_strict_takes_the_same_texts(text: str) -> None:
    broken = broken_by(text.encode())
    assert (broken is None) is is_json(text)
    if broken is not None:
        assert broken.what
        assert 0 <= broken.at <= len(text.encode())


@pytest.mark.no_cover
@given(containers, layouts)
def test_a_cut_text_is_broken_wherever_it_is_cut(value: Any, layout: Callable[[Any], str]) -> None:
    data = layout(value).encode()
    for cut in range(len(data)):
        broken = broken_by(data[:cut])
        assert broken is not None, cut
        assert 0 <= broken.at <= cut


HERE = "¦"
"""Stands before the byte that is told."""
ENDS, NO_JSON, COMMA = "it ends here", "this is not JSON", "a comma with nothing after it"
TWICE, BRACKET = "a name stands twice in one object", "closed by the wrong bracket"
HALF, BEGIN = "half of a surrogate pair", "an object or a list should begin here"

BROKEN = [
    (f"{HERE}", "", BEGIN),
    (f"{HERE}1", "", BEGIN),
    (f'{HERE}"a"', "", BEGIN),
    (f"{HERE}\ufeff{{}}", "", BEGIN),
    (f"{{ {HERE}", "", ENDS),
    (f'{{"a": [1, 2{HERE}', "a", None),
    (f'{{"a": [1, 2, {HERE}', "a", ENDS),
    (f'{{"a": [{{}}, [1]{HERE}', "a", ENDS),
    (f'{{"a": 1,{HERE}}}', "", COMMA),
    (f'{{"a": {{"b": [1, {HERE}]}}}}', "a.b", COMMA),
    (f'{{"a": {{"b": [[], {{"c": 1,{HERE}}}]}}}}', "a.b[1]", COMMA),
    (f"[{HERE},1]", "", NO_JSON),
    (f"[1,{HERE},2]", "", NO_JSON),
    (f"[[] {HERE}[]]", "", NO_JSON),
    (f"{{{HERE},}}", "", NO_JSON),
    (f"{{{HERE}1: 2}}", "", NO_JSON),
    (f"{{{HERE}a: 2}}", "", NO_JSON),
    (f"{{{HERE}'a': 2}}", "", NO_JSON),
    (f'{{"x": 0, {HERE}"a" 2}}', "", NO_JSON),
    (f'{{"x": 0, {HERE}"a": }}', "", NO_JSON),
    (f'{{"x": 0, {HERE}"a": 1 "b": 2}}', "", NO_JSON),
    (f'{{"a": {{}} {HERE}"b": 2}}', "", NO_JSON),
    (f'{{"a": [{HERE}// a comment\n1]}}', "a", NO_JSON),
    (f'{{"a": [{{"b": [1{HERE}}}]}}', "a[0].b", BRACKET),
    (f'{{"a": [{{"b": 1{HERE}]]}}', "a[0]", BRACKET),
    (f"[{HERE}}}", "", BRACKET),
    (f"{{{HERE}]", "", BRACKET),
    (f'{{"a": 1, {HERE}"a": 2}}', "", TWICE),
    (f'{{"a": [0, {{"b": 1, "c": 2, {HERE}"b": 1}}]}}', "a[1]", TWICE),
    (f'{{"code": 1, {HERE}"\\u0063ode": 2}}', "", TWICE),
    (f'{{"é": 1, {HERE}"\\u00e9": 2}}', "", TWICE),
    (f'{{"/": 1, {HERE}"\\/": 2}}', "", TWICE),
    (f'{{"\\ud83d\\ude00": 1, {HERE}"😀": 2}}', "", TWICE),
    (f'{{{HERE}"a\\udc00": 1}}', None, HALF),
    (f'{{"John Doe": [{HERE}x]}}', "?", NO_JSON),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "path", "what"), BROKEN)
def test_what_is_wrong_is_told_with_its_place(
    marked: str, path: str | None, what: str | None
) -> None:
    broken = broken_by(marked.replace(HERE, "").encode())
    assert broken is not None
    assert what is None or broken.what == what
    assert path is None or broken.path == path
    if what is not None:
        assert broken.at == len(marked.partition(HERE)[0].encode())


WRONG_SCALARS = [
    "01", "-01", "00", "+1", "-", "--1", "1.", ".5", "1.e3", "1e", "1e+", "0x10", "1_0", "1 0",
    "NaN", "Infinity", "-Infinity", "True", "nul", "nulll", "undefined", "'a'", '"a', 'a"',
    '"\\v"', '"\\0"', '"\\x41"', '"\\u12g4"', '"\\u123"', '"\\U0041"', "\"\\'\"", '"\\"',
    "\x0c1", "\u00a01", "\u20281",
]  # fmt: skip


@pytest.mark.parametrize("scalar", [*WRONG_SCALARS, *(f'"{chr(code)}"' for code in range(32))])
def test_what_is_no_value_is_told_where_it_stands(scalar: str) -> None:
    for text in (f'{{"a": [{scalar}]}}', f'{{"a": {{"b": {scalar}}}}}'):
        broken = broken_by(text.encode())
        assert broken is not None
        assert broken.path == "a"
        assert 5 < broken.at <= len(text.encode())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (r'"\ud83d\ude00"', "😀"),
        (r'"\\ud83d"', r"\ud83d"),
        (r'"\u0000\u001f\b\f\n\r\t\/\"\\"', '\x00\x1f\b\f\n\r\t/"\\'),
        ('"\x7f\u2028\ufffe"', "\x7f\u2028\ufffe"),
        (r'"\uD83D"', None),
        (r'"\ude00"', None),
        (r'"\ude00\ud83d"', None),
        (r'"\ud83d \ude00"', None),
        (r'"\ud83d\\ude00"', None),
    ],
)
def test_a_string_is_whole_characters(written: str, expected: str | None) -> None:
    value = scan(f"[{written}]".encode()).elements[0]
    if expected is not None:
        assert value.string == expected
        return
    with pytest.raises(Broken, match=HALF) as caught:
        _ = value.string
    assert caught.value.at == 1


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_nesting_has_an_end(opening: str, closing: str) -> None:
    levels = 64 // len(closing)
    scan(f"{opening * levels}1{closing * levels}".encode())
    for deeper in (levels + 1, 1000, 100_000):
        for closed in (closing * deeper, ""):
            broken = broken_by(f"{opening * deeper}1{closed}".encode())
            assert broken is not None
            assert broken.what == "nested deeper than 64 levels"
            assert broken.at == len(opening) * levels


# --- numbers --------------------------------------------------------------------------------------


def number(written: str) -> Decimal | None:
    return scan(f"[{written}]".encode()).elements[0].number


amounts = st.decimals(allow_nan=False, allow_infinity=False, places=2)


@given(amounts | st.integers(-(10**20), 10**20).map(Decimal))
@example(Decimal(10**18))
@example(Decimal(10**18) - Decimal("0.01"))
def test_a_number_is_read_as_it_is_written(amount: Decimal) -> None:
    """Up to 18 digits before the point: more is no amount, and arithmetic would round it."""
    read = number(format(amount, "f"))
    assert (read is not None) is (abs(amount) < 10**18)
    assert read is None or read.as_tuple() == amount.as_tuple()


WHOLE, PLACES = "123456789012345678", "12345678901234567890123456"  # 18 and 26


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0", "0"), ("-0", "-0"), ("-0.0", "-0.0"), ("105.00", "105.00"), ("1e2", "1E+2"),
        ("1.50E+02", "150"), ("1E17", "1E+17"), ("1e-26", "1E-26"), (WHOLE, WHOLE),
        (f"-{WHOLE}.12345678", f"-{WHOLE}.12345678"), (f"0.{PLACES}", f"0.{PLACES}"),
        (f"{WHOLE}0", None), (f"{WHOLE}.123456789", None), (f"0.{PLACES}0", None), ("1E18", None),
        ("1e-27", None), ("1E99", None), ("0E99", None), ("1E002", None), ("1E1000000", None),
        ("-1e999999999", None), ("9" * 5000, None), ("0." + "0" * 100_000 + "1", None),
        ("0" + "." + "0" * 30, None), ("1e" + "9" * 100_000, None), ("1E-1000000", None),
    ],
)  # fmt: skip
def test_numbers_that_are_read_and_those_that_are_not(written: str, expected: str | None) -> None:
    found = number(written)
    assert (None if found is None else str(found)) == expected


# --- edits ----------------------------------------------------------------------------------------


def outside(data: bytes, container: Value) -> tuple[bytes, bytes]:
    return data[: container.start + 1], data[container.end - 1 :]


def edited(container: Value, patches: Sequence[Any]) -> tuple[bytes, Any]:
    """The text with patches within a container, which changed nothing around it."""
    data = container.text
    after = apply(data, patches)
    before, behind = outside(data, container)
    assert after.startswith(before)
    assert after.endswith(behind)
    return after, json.loads(after)


@given(containers, st.sets(st.integers(0, 4)), layouts)
def test_what_is_removed_goes_and_the_rest_stays_as_it_is_written(
    held: Any, places: set[int], layout: Callable[[Any], str]
) -> None:
    data = layout({"lead": 0, "held": held, "tail": [1]}).encode()
    container = scan(data).members["held"]
    inner = list(container.members.values()) or container.elements
    gone = [value for place, value in enumerate(inner) if place in places]
    assume(gone)
    keep: Any
    if isinstance(held, dict):
        keep = {name: held[name] for n, name in enumerate(held) if n not in places}
    else:
        keep = [value for n, value in enumerate(held) if n not in places]
    after, _ = edited(container, list(removed(container, gone)))
    assert after == layout({"lead": 0, "held": keep, "tail": [1]}).encode()


@given(st.dictionaries(names, values, max_size=4), st.data(), layouts)
def test_what_is_added_stands_behind_its_neighbour(
    held: dict[str, Any], data: st.DataObject, layout: Callable[[Any], str]
) -> None:
    assume("new" not in held)
    after_name = data.draw(st.sampled_from([None, "absent", *held]))
    container = scan(layout({"lead": 0, "held": held, "tail": [1]}).encode()).members["held"]
    place = list(held).index(after_name) + 1 if after_name in held else len(held)
    members = [*held.items()]
    expected = dict([*members[:place], ("new", 5), *members[place:]])
    text, read = edited(container, [added(container, "new", b"5", after_name)])
    assert list(read["held"].items()) == list(expected.items())
    if len(held) > 1 and any(name.isascii() for name in held):
        assert text == layout({"lead": 0, "held": expected, "tail": [1]}).encode()


@pytest.mark.parametrize(
    ("text", "expected_separator", "expected_colon"),
    [
        ("{}", ",", ":"),
        ("[ ]", ",", ":"),
        ('{"a":1}', ",", ":"),
        ('{"a" : 1 }', ", ", " : "),
        ('{\n  "a": 1\n}', ",\n  ", ": "),
        ('{"a":1, "b":2,"c":3}', ", ", ":"),
        ('{"a":1\n , "b" :2}', "\n , ", ":"),
        ('{"é": 1, "a:\\"" :2}', ", ", " :"),
        ('{"é": 1}', ",", ":"),
        ("[1,\n2, 3]", ",\n", ":"),
        ("[\n\t1]", ",\n\t", ":"),
        ("[[1, 2],  3]", ",  ", ":"),
    ],
)
def test_new_things_are_laid_out_like_those_beside_them(
    text: str, expected_separator: str, expected_colon: str
) -> None:
    container = scan(text.encode())
    assert separator(container).decode() == expected_separator
    assert colon(container).decode() == expected_colon


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("", "item", "item"),
        ("Claim.item[0]", "_net", "Claim.item[0]._net"),
        ("item", "a" * 64, "item." + "a" * 64),
        ("item", "a" * 65, "item.?"),
        ("", "Doe, John", "?"),
        ("item", "", "item.?"),
        ("item", "1a", "item.?"),
        ("item", "é", "item.?"),
        ("item", "net\n", "item.?"),
    ],
)
def test_a_path_names_elements_and_nothing_else(path: str, name: str, expected: str) -> None:
    assert member_path(path, name) == expected
