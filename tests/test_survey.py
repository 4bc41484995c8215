"""The first pass over FHIR: what the input is, which resources are in it, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapter.fhir import survey as module
from adapter.fhir.survey import Survey, may_be_ours
from adapter.source import Source, Unreadable
from tests.buildfhir import SHAPES, Json, Layout, Shape, bundle, claim, dumps
from tests.runs import check, refusal
from tests.test_spans import LAYOUTS, PIECES, layouts, names, values
from tests.test_technique import TITLES

CODES = frozenset(("64493", "0213T"))
OURS = claim("64493-RT $400", id="OURS")
OTHER = claim("99213 $100", id="OTHER")
PATIENT: Json = {"resourceType": "Patient", "id": "p1", "name": [{"family": "DOE"}]}


def compact(resource: Any) -> bytes:
    return dumps(resource, Layout.COMPACT).encode()


def pretty(resource: Any) -> bytes:
    return dumps(resource).encode()


def collection(*resources: Json) -> Json:
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def survey(data: bytes, *, every: bool = False) -> Survey:
    """Raises: Unreadable."""
    return Survey(Source("input", data), data.index(b"{"), CODES, every)


@contextmanager
def sized(**sizes: int) -> Iterator[None]:
    """Other values of WINDOW and LARGEST."""
    with ExitStack() as stack:
        for name, size in sizes.items():
            stack.enter_context(patch.object(module, name, size))
        yield


P, C = compact(PATIENT), compact(OURS)

# --- windows --------------------------------------------------------------------------------------


def outcome(data: bytes) -> object:
    """All that is known after the first pass, or why the input was not read."""
    try:
        found = survey(data)
    except Unreadable as why:
        return why.what, why.where
    return (
        found.is_ndjson, found.claims, found.rows, found.end, found.containers, found.beside,
        list(found.row_spans()),
    )  # fmt: skip


@st.composite
def resources(draw: st.DrawFn, depth: int = 0) -> Json:
    """Something like a resource: its type, what is at random, and a code of ours sometimes."""
    if depth < 2 and draw(st.booleans()):
        entries = draw(st.lists(resources(depth + 1), max_size=3))
        held: Json = {"type": "collection", "entry": [{"resource": each} for each in entries]}
        return {"resourceType": "Bundle", **held, **draw(st.dictionaries(names, values))}
    kind = draw(st.sampled_from(["Claim", "Patient", "Observation"]))
    ident = draw(st.sampled_from(["64493", "0213t", "p1"]))
    return {"resourceType": kind, "id": ident, **draw(st.dictionaries(names, values))}


@st.composite
def inputs(draw: st.DrawFn) -> bytes:
    """A resource or rows of them, with a few pieces put in, taken out or replaced."""
    if draw(st.booleans()):
        text: str = draw(layouts)(draw(resources()))
    else:
        rows = draw(st.lists(resources().map(LAYOUTS["compact"]) | st.just(" "), min_size=1))
        text = "{" + draw(st.sampled_from(["\n", "\r\n", "\n\n"])).join(rows).lstrip()[1:]
    for _ in range(draw(st.integers(0, 2))):
        at, gone = draw(st.integers(1, max(1, len(text)))), draw(st.integers(0, 1))
        piece = draw(st.sampled_from(["", *PIECES]))
        text = f"{text[:at]}{piece}{text[at + gone :]}"
    tail: bytes = draw(st.sampled_from([b"", b"\n", b" \r\n\0\0"]))
    return text.encode() + tail


@pytest.mark.no_cover
@given(inputs(), st.integers(1, 80))
@example(b'{"resourceType":"Patient","n":1.5,"m":-2e+10}', 1)
@example(b'{"resourceType":"Patient","n":1.5,"m":-2e+10}', 3)
def test_it_makes_no_difference_where_windows_end(data: bytes, window: int) -> None:
    expected = outcome(data)
    with sized(WINDOW=window):
        assert outcome(data) == expected


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("window", [1, 2, 7, 64, 1000])
def test_every_shape_is_found_through_any_window(shape: Shape, window: int) -> None:
    data = bundle("64493-RT $400", shape=shape)
    expected = outcome(data)
    assert isinstance(expected, tuple)
    assert len(expected) > 2
    with sized(WINDOW=window):
        assert outcome(data) == expected


# --- one resource, or rows ------------------------------------------------------------------------

ENTRIES_IN_LINES = (
    b'{"resourceType":"Bundle","type":"collection","entry":[\n'
    b'{"resource":' + P + b'},\n{"resource":' + P + b"}\n]}"
)
BOM = "\ufeff".encode()

ONE = {
    "one line": P,
    "a line end": P + b"\n",
    "CRLF": P + b"\r\n\r\n",
    "blank lines before": b"\n \r\n\t" + P,
    "a BOM": BOM + P,
    "a BOM and blank lines": BOM + b"\n\n" + P,
    "NUL behind": P + b"\n" + b"\0" * 100,
    "a Bundle on one line": compact(collection(OURS, PATIENT)),
    "a Bundle on one line and its end": compact(collection(OURS)) + b"\n",
    "many lines": pretty(collection(OURS, PATIENT)),
    "an entry a line": ENTRIES_IN_LINES,
    "a bracket alone": b"{\n" + P[1:],
    "old line ends": pretty(PATIENT).replace(b"\n", b"\r"),
}
ROWS = {
    "rows": ([1, 2], P + b"\n" + P),
    "an end": ([1, 2], P + b"\n" + P + b"\n"),
    "CRLF": ([1, 2, 3], b"\r\n".join([P, P, P, b""])),
    "blank lines between": ([1, 4], P + b"\n\n \t\r\n" + P),
    "blank lines before": ([3, 4], b"\n \n" + P + b"\n" + P + b"\n"),
    "blanks in the first line": ([1, 2], b"  " + P + b"\n" + P + b"\n"),
    "a BOM": ([1, 2], BOM + P + b"\n" + P),
    "a BOM and a blank line": ([2, 3], BOM + b"\n" + P + b"\n" + P),
    "NUL behind": ([1, 2], P + b"\n" + P + b"\n\0\0\0"),
    "blanks around": ([1, 2], P + b" \n\t" + P + b"  \n"),
    "a Bundle a line": ([1, 2], compact(collection(OURS)) + b"\n" + compact(collection(PATIENT))),
    "a Bundle and a resource": ([1, 2], compact(collection(OURS)) + b"\n" + P),
}


@pytest.mark.parametrize("data", ONE.values(), ids=ONE.keys())
def test_one_object_is_one_resource(data: bytes) -> None:
    found = survey(data)
    assert (found.is_ndjson, len(found.containers)) == (False, 1)
    assert [json.loads(data[slice(*span)]) for span in found.row_spans()] == [
        json.loads(data.decode("utf-8-sig").rstrip("\0"))
    ]
    assert found.ordinal(None) == 0


@pytest.mark.parametrize(("numbers", "data"), ROWS.values(), ids=ROWS.keys())
def test_several_lines_with_an_object_each_are_rows(numbers: list[int], data: bytes) -> None:
    found = survey(data)
    lines = data.removeprefix(BOM).split(b"\n")
    assert (found.is_ndjson, found.rows) == (True, len(numbers))
    assert [data[slice(*span)] for span in found.row_spans()] == [
        lines[number - 1].strip(b" \t\r\0") for number in numbers
    ]
    assert [found.ordinal(number) for number in numbers] == list(range(len(numbers)))
    assert {entry.row for entry in found.containers} <= set(numbers)


@given(
    st.lists(st.sampled_from([P, C, b"", b" \r"]), min_size=2).filter(
        lambda x: len([*filter(bytes.strip, x)]) > 1
    )
)
def test_rows_are_numbered_as_lines_are(lines: list[bytes]) -> None:
    found = survey(b"\n".join(lines))
    numbers = [number for number, line in enumerate(lines, 1) if line.strip()]
    assert [found.ordinal(number) for number in numbers] == list(range(len(numbers)))
    assert [each.row for each in found.containers] == [n for n in numbers if lines[n - 1] == C]
    assert (found.rows, found.claims) == (len(numbers), lines.count(C))


# --- claims ---------------------------------------------------------------------------------------


def nested(levels: int, *resources: Json) -> Json:
    """Bundles within one another, the resources in the innermost."""
    found = collection(*resources)
    for _ in range(levels - 1):
        found = collection(found)
    return found


COUNTED: Mapping[str, tuple[bytes, int, int]] = {
    "none": (P, 0, 0),
    "a Claim": (C, 1, 1),
    "a Claim that is not ours": (compact(OTHER), 1, 0),
    "a Bundle": (pretty(collection(OTHER, PATIENT, OURS, OTHER)), 3, 1),
    "a Bundle without ours": (compact(collection(OTHER, PATIENT)), 1, 0),
    "an empty Bundle": (b'{"resourceType": "Bundle", "entry": []}', 0, 0),
    "a Bundle in a Bundle": (compact(collection(OURS, collection(OTHER, OURS), OTHER)), 4, 2),
    "five levels": (compact(nested(5, OURS, OTHER)), 2, 1),
    "rows": (b"\n".join([C, P, compact(OTHER), compact(collection(OURS, OTHER)), C]), 5, 3),
    "rows of nested Bundles": (compact(nested(3, OURS)) + b"\n" + P, 1, 1),
    "entries without a resource": (b'{"resourceType":"Bundle","entry":[{},{"request":{}}]}', 0, 0),
    "entry before resourceType": (
        b'{"entry":[{"resource":' + C + b'}],"resourceType":"Bundle"}', 1, 1
    ),
}  # fmt: skip


def ours(found: Survey) -> int:
    return sum(
        entry.ours
        for container in found.containers
        for inner in module.containers_of(container)
        for entry in inner.entries
    )


@pytest.mark.parametrize(("data", "claims", "facet"), COUNTED.values(), ids=COUNTED.keys())
def test_claims_are_counted_and_those_of_ours_found(data: bytes, claims: int, facet: int) -> None:
    found = survey(data)
    assert (found.claims, ours(found)) == (claims, facet)
    assert ours(survey(data, every=True)) == claims


@pytest.mark.parametrize("levels", [*range(1, 12), 21, 60])
def test_no_claim_is_passed_by_however_deep_its_bundle_is(levels: int) -> None:
    """It is found, or the input is refused: never is it silently not looked at."""
    data = compact(nested(levels, {"resourceType": "Claim", "note": "64493"}))
    why = refusal(survey, data)
    if why is None:
        found = survey(data)
        assert (found.claims, ours(found)) == (1, 1)


SPELLED = {
    '"64493"': True, '" 64493 "': True, '"0213T"': True, '"0213t"': True, r'"\u00364493"': True,
    r'"6\u003449\u0033"': True, r'"0213\u0054"': True, r'"0213\u0074"': True, '"64494"': False,
    '"644930"': False, '"x64493"': False, "64493": True, '"0213 T"': False, r'"\\u00364493"': True,
}  # fmt: skip


@pytest.mark.parametrize(("code", "found"), SPELLED.items())
def test_what_may_be_ours_is_never_missed(code: str, found: bool) -> None:
    resource = f'{{"resourceType":"Claim","item":[{{"code":{code}}}]}}'.encode()
    for data in (resource, b'{"resourceType":"Bundle","entry":[{"resource":' + resource + b"}]}"):
        assert ours(survey(data)) == found
        assert ours(survey(data + b"\n" + P)) == found


# --- what is refused ------------------------------------------------------------------------------

HOLE = b"@@@@"
_HOLED = b'{"resourceType":"%s",\n"name":[{"family":"DOE"%s}]%s}'


def holed(kind: bytes = b"Patient", deep: bytes = HOLE, top: bytes = b"") -> bytes:
    return _HOLED % (kind, deep, top)


def in_bundle(text: bytes, further: bytes = b"") -> bytes:
    entries = b'{"resource":%s},\n{"resource":%s%s}' % (P, text, further)
    return b'{"resourceType":"Bundle","type":"collection",\n"entry":[%s]}' % entries


def in_rows(text: bytes) -> bytes:
    return P + b"\n\n" + text.replace(b"\n", b"") + b"\n" + P


HOLES: Mapping[str, tuple[bytes, str]] = {
    "a resource": (holed(deep=b"", top=HOLE), "Patient"),
    "an element": (holed(), "Patient.name[0]"),
    "a claim": (holed(b"Claim", deep=b',"code":"64493"', top=HOLE), "Claim"),
    "an element of a claim": (holed(b"Claim", deep=b',"code":"64493"' + HOLE), "Claim.name[0]"),
    "a Bundle": (in_bundle(holed(deep=b""))[:-1] + HOLE + b"}", "Bundle"),
    "an entry": (in_bundle(holed(deep=b""), HOLE), "Bundle.entry[1]"),
    "a resource in an entry": (
        in_bundle(holed(deep=b"", top=HOLE)), "Bundle.entry[1].resource"
    ),
    "an element in an entry": (in_bundle(holed()), "Bundle.entry[1].resource.name[0]"),
    "an element of a claim in an entry": (
        in_bundle(holed(b"Claim", deep=b',"code":"64493"' + HOLE)),
        "Bundle.entry[1].resource.name[0]",
    ),
    "an element in a Bundle in a Bundle": (
        in_bundle(in_bundle(holed(b"Claim", deep=b',"code":"64493"' + HOLE))),
        "Bundle.entry[1].resource.entry[1].resource.name[0]",
    ),
    "a row": (in_rows(holed(deep=b"", top=HOLE)), "Patient"),
    "an element in a row": (in_rows(holed()), "Patient.name[0]"),
    "an element in a Bundle in a row": (
        in_rows(in_bundle(holed())), "Bundle.entry[1].resource.name[0]"
    ),
}  # fmt: skip

MEMBERS: Mapping[str, tuple[bytes, str]] = {
    "no UTF-8": (b',"x":"a\xffb"', "UTF-8"),
    "half of a UTF-8 character": (b',"x":"\xe2\x82"', "UTF-8"),
    "an overlong character": (b',"x":"\xc0\xaf"', "UTF-8"),
    "a surrogate in UTF-8": (b',"x":"\xed\xa0\xbd"', "UTF-8"),
    "no UTF-8 in a list": (b',"x":[["\xff"]]', "UTF-8"),
    "no UTF-8 in a name": (b',"x\xff":1', "UTF-8"),
    "half a character": (b',"x":"\\ud83d"', "half of a surrogate"),
    "the other half": (b',"x":"\\udE00 "', "half of a surrogate"),
    "half a character in a list": (b',"x":[{"y":"\\ud83d"}]', "half of a surrogate"),
    "half a character in a name": (b',"\\ud83d":1', "half of a surrogate"),
    "a name twice": (b',"x":1,"x":2', "twice"),
    "a name twice in two spellings": (b',"x":1,"\\u0078":2', "twice"),
    "a name twice further in": (b',"x":[{"y":{"z":1,"z":2}}]', "twice"),
    "NaN": (b',"x":NaN', ""),
    "infinity": (b',"x":[-Infinity]', ""),
    "a leading zero": (b',"x":01', ""),
    "a control character": (b',"x":"\x01"', "control"),
    "an escape that is none": (b',"x":"\\q"', "escape"),
    "no value": (b',"x":', ""),
    "no colon": (b',"x"', "colon"),
    "no comma": (b',"x":1 "y":2', "comma"),
    "a comma too many": (b',"x":1,', ""),
    "no UTF-8, and no JSON behind it": (b',"x\xff":1,"y"', ""),
}

DEEP = b',"x":' + b"[" * 100_000 + b"1" + b"]" * 100_000

PLACE = re.compile(r"(?:line|(?:^|; )row) (\d+), column (\d+)(?:, ([\w.\[\]?]+))?")


def leads_to(path: str, told: str) -> bool:
    """Whether a path that is told, with the type or without, is the way to a place, or beyond it
    to the member `x`."""
    ways = (path, path.partition(".")[2])
    return any(way.startswith(told) or told.startswith(f"{way}.x".lstrip(".")) for way in ways)


@pytest.mark.parametrize(("data", "path"), HOLES.values(), ids=HOLES.keys())
@pytest.mark.parametrize(
    ("member", "what"),
    [*MEMBERS.values(), (DEEP, "nested deeper")],
    ids=[*MEMBERS, "lists without end"],
)
def test_what_is_wrong_anywhere_is_told_with_its_place(
    data: bytes, path: str, member: bytes, what: str
) -> None:
    """The line, a column within what was put in, and a path that leads there."""
    why = refusal(check, data.replace(HOLE, member))
    assert why is not None
    found = PLACE.search(why.where)
    assert found is not None
    start = data.index(HOLE)
    column = start - data.rfind(b"\n", 0, start)
    assert int(found[1]) == data.count(b"\n", 0, start) + 1
    assert column <= int(found[2]) <= column + len(member) + 1
    assert what in f"{why.what} {why.where}"
    assert leads_to(path, found[3] or "")
    assert "DOE" not in f"{why.what} {why.where} {why.hint}"


@pytest.mark.parametrize(
    ("data", "what", "where"),
    [
        (P + P, "there is more behind it", f"line 1, column {len(P) + 1}"),
        (P + b" x", "there is more behind it", f"line 1, column {len(P) + 2}"),
        (P + b" \n x", "a row is not a FHIR resource", "row 2, column 2: this is not JSON"),
        (P[:-1], "it ends here", f"line 1, column {len(P)}"),
        (b"{", "it ends here", "line 1, column 2"),
        (b"{}", "it is JSON without a resourceType", "line 1, column 1"),
        (b'{"resourceType": 5}', "it is JSON without a resourceType", "line 1, column 1"),
        (
            b'{"resourceType":"Bundle","entry":{"resource":' + C + b"}}",
            "it is not a list",
            "line 1, column 34, Bundle.entry",
        ),
        (
            b'{"resourceType":"Bundle","entry":[{},\n{"resource":1}]}',
            "it is not an entry with a resource",
            "line 2, column 1, Bundle.entry[1]",
        ),
        (b'\n\n {"a": 1}', "it is JSON without a resourceType", "line 3, column 2"),
        (
            P + b"\n[1]\n5\n" + P + b"\n{}\n\n" + P[:-1] + b"\n",
            "4 rows are not FHIR resources",
            "row 2, column 1: it is not a JSON object; row 3, column 1: it is not a JSON object; "
            "row 5, column 1: it is JSON without a resourceType; "
            f"row 7, column {len(P)}: it ends here",
        ),
        (
            P[:-1] + b"\n" + P + b"\n" + P,
            "a row is not a FHIR resource",
            f"row 1, column {len(P)}: it ends here",
        ),
        (
            P + b"\n" + P + b"x\n" + P + P,
            "2 rows are not FHIR resources",
            f"row 2, column {len(P) + 1}: there is more behind it; "
            f"row 3, column {len(P) + 1}: there is more behind it",
        ),
        (
            b'{"resourceType":"Patient","name":[\n{"family":"DOE"}]}\n' + P[:-1] + b",,}",
            "3 rows are not FHIR resources",
            "row 1, column 35: it ends here; row 2, column 17: there is more behind it; "
            f"row 3, column {len(P) + 1}: the name of a member should begin here",
        ),
        (
            b'{"resourceType":"Patient","a" 1}\n' + P,
            "a row is not a FHIR resource",
            "row 1, column 31: a colon should stand here",
        ),
        (
            b"\n" + P + b"\r\n\r\n" + P[:-1] + b" 1}\r\n",
            "a row is not a FHIR resource",
            f"row 4, column {len(P) + 1}: a comma or a closing bracket should stand here",
        ),
    ],
)  # fmt: skip
def test_what_no_resource_is_read_of(data: bytes, what: str, where: str) -> None:
    why = refusal(survey, data)
    assert why is not None
    assert (why.what, why.where) == (what, where)
    assert why.hint


TOLD = 20  # rows, by the contract


@pytest.mark.parametrize("bad", [1, TOLD, TOLD + 1, 3 * TOLD])
def test_the_first_bad_rows_are_named_and_the_others_counted(bad: int) -> None:
    """Between two rows that are good there is a bad one, and a blank one."""
    data = P + b"\n" + b"".join(b"\n" + P[:-1] + b",}\n" + P + b"\n" for _ in range(bad))
    why = refusal(survey, data)
    assert why is not None
    listed = why.where.split("; ")
    rows = [int(found[1]) for found in PLACE.finditer(why.where)]
    assert rows == [3 + 3 * number for number in range(min(bad, TOLD))]
    assert listed[TOLD:] == ([f"{bad - TOLD} rows more"] if bad > TOLD else [])
    assert why.what.startswith("a row is" if bad == 1 else f"{bad} rows are")


# --- size -----------------------------------------------------------------------------------------

SMALL = {"WINDOW": 64, "LARGEST": 1024}


def filled(size: int) -> bytes:
    """A resource of that many bytes."""
    empty = b'{"resourceType":"Patient","name":[""]}'
    return empty.replace(b'""', b'"%s"' % (b"x" * (size - len(empty))))


def in_an_entry(size: int) -> bytes:
    entry = b'{"resource":%s}' % filled(size - len(b'{"resource":}'))
    return b'{"resourceType":"Bundle","entry":[%s,%s]}' % (entry, b"{}")


TOO_LARGE: Mapping[str, Callable[[int], bytes]] = {
    "an entry": in_an_entry,
    "a row": lambda size: filled(size) + b"\n" + P + b"\n",
    "a later row": lambda size: P + b"\n" + filled(size) + b"\n" + P,
    "a member": lambda size: b'{"resourceType":"Patient","x":"%s","y":1}' % (b"x" * (size - 2)),
}


@pytest.mark.parametrize("written", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_one_resource_has_a_largest_size(written: Callable[[int], bytes]) -> None:
    with sized(**SMALL):
        for size in (900, 1000):
            assert refusal(survey, written(size)) is None, size
        for size in (1100, 5000):
            why = refusal(survey, written(size))
            assert why is not None, size
            assert "larger than" in f"{why.what} {why.where}"
            assert PLACE.search(why.where)


def test_a_bundle_may_be_larger_than_any_resource_in_it() -> None:
    with sized(**SMALL):
        data = compact(collection(*[PATIENT] * 500, {"resourceType": "Claim", "id": "64493"}))
        assert ours(survey(data)) == 1


@pytest.mark.parametrize("member", [member for member, _ in MEMBERS.values()], ids=MEMBERS.keys())
def test_what_is_wrong_is_not_called_too_large(member: bytes) -> None:
    """However much there is behind it."""
    broken = in_bundle(holed()).replace(HOLE, member)
    data = broken[:-2] + b",{}" * 2000 + b"]}"
    expected = outcome(data)
    assert len(data) > 5 * SMALL["LARGEST"]
    with sized(**SMALL):
        assert outcome(data) == expected


@pytest.mark.no_cover
def test_no_message_holds_a_value() -> None:
    """Names, numbers and notes are canaries; every way to refuse is tried."""
    canaries = ("CANARYNAME", "CANARYMEMBER", "CANARYCLAIM", "CANARYNOTE", "CANARYKEY")
    text = bundle("64493-RT $400", id="CANARYCLAIM", note="CANARYNOTE", shape=SHAPES["compact"])
    text = text.replace(b'"PATIENT"', b'"CANARYNAME","CANARYKEY":1').replace(
        b"MBR0001", b"CANARYMEMBER"
    )
    rows = text + text
    attempts = [
        *(text[:cut] for cut in range(1, len(text), 7)),
        *(rows[:cut] for cut in range(len(text), len(rows), 7)),
        *(text[:cut] + text[cut + 1 :] for cut in range(1, len(text))),
        *(text[:cut] + b"\xff" + text[cut + 1 :] for cut in range(1, len(text), 5)),
        *(text[:cut] + b'"x":1,"x":1,' + text[cut:] for cut in range(1, len(text), 5)),
    ]
    refused = 0
    for attempt in attempts:
        why = refusal(check, attempt)
        if why is not None:
            refused += 1
            said = " ".join((why.what, why.where, why.hint))
            assert not any(canary in said for canary in canaries), said
    assert refused > len(attempts) / 2


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('{"resourceType": "Claim", "id": "a"}', 0),
        ('{"resourceType": "Claim", "contained": [{"resourceType": "Claim"}]}', 1),
        (
            '{"resourceType": "Parameters", "parameter": [{"resource": {"resourceType":"Claim"}}]}',
            1,
        ),
        (
            '{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Claim"}},'
            ' {"response": {"outcome": {"resourceType": "Claim"}}}]}',
            1,
        ),
        (
            '{"resourceType":"Claim"}\n{"resourceType":"List","contained":[{"resourceType":"Claim"}'
            ',{"resourceType":"Claim"}]}',
            2,
        ),
    ],
)
def test_claims_that_stand_elsewhere_are_counted_in_a_note(text: str, count: int) -> None:
    notes = check(text.encode()).done.notes
    assert [note.split()[-1] for note in notes] == ([str(count)] if count else [])


@pytest.mark.parametrize("text", sorted({text for texts in TITLES.values() for text in texts}))
def test_a_procedure_that_is_read_as_ours_is_not_passed_over(text: str) -> None:
    """The words that the first pass looks for are at least those that the reader knows."""
    code = {"resourceType": "Procedure", "code": {"text": text}}
    assert may_be_ours("Procedure", json.dumps(code).encode("utf-8"))
    assert may_be_ours("Procedure", json.dumps(code, ensure_ascii=False).encode("utf-8"))


def test_a_procedure_of_something_else_is_passed_over() -> None:
    assert not may_be_ours("Procedure", b'{"code": {"text": "Colonoscopy"}}')
