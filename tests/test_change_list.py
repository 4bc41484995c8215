"""The change list alone makes the output of the input, however often a claim was corrected."""

from __future__ import annotations

import pytest

import adapter
from adapter.findings import ChangeMade
from adapter.source import Edit, Patch, Span, apply, composed
from tests.build837 import one, write

LINES = {
    "merged twice": ("64493-RT $4", "64493-LT $4", "64494-RT $4", "64494-LT $4", "20552 $9"),
    "merged, then a modifier off": ("64493-RT $4", "64493-LT $4", "64494-50,51 $8"),
    "two modifiers off one line": ("64493-26,AT,RT $4",),
    "old codes, recounted and merged": ("64475-50 $8", "64476-50 x3 $24"),
    "joints and form": ("64622-RT $4", "64623-RT x2 $8", "64622-LT $4", "64623-LT x2 $8"),
}


def rebuilt(data: bytes, changes: tuple[ChangeMade, ...]) -> bytes:
    patches = []
    for change in changes:
        span = Span(change.offset, change.offset + len(change.before))
        assert data[span.start : span.end] == change.before
        patches.append(Patch(span, change.after))
    return apply(data, patches)


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES.keys())
@pytest.mark.parametrize("payer", ["medicare", "medicare-asc"])
def test_input_and_list_give_the_output(lines: tuple[str, ...], payer: str) -> None:
    data = write(one(*lines, payer=payer, place="24" if payer.endswith("asc") else "11"))
    result = adapter.fix(data, payer=payer, suggested=True)
    assert result.changes or payer == "medicare-asc"
    assert rebuilt(data, tuple(result.changes)) == result.data


def test_lines_are_those_of_the_input() -> None:
    data = write(one("64493-RT $4", "64493-LT $4", "64494-50,51 $8", payer="medicare"))
    changes = adapter.fix(data, payer="medicare").changes
    (off,) = [change for change in changes if b"51" in change.before]
    assert (off.line, off.rule) == (3, "MD02")


def test_what_goes_is_told_segment_by_segment() -> None:
    edits = composed(9, [[Patch(Span(3, 9), b"")]], breaks=[0, 3, 6])
    assert edits == [Edit(Span(3, 6), b"", (0,)), Edit(Span(6, 9), b"", (0,))]


def test_two_passes_over_the_same_bytes_are_one_edit() -> None:
    passes = [[Patch(Span(1, 2), b"xy")], [Patch(Span(2, 4), b"z")]]
    assert composed(4, passes, breaks=[]) == [Edit(Span(1, 3), b"xz", (0, 1))]
