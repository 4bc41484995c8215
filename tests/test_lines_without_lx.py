"""Every SV1 is a line: one without LX, or behind another SV1, does not vanish."""

from __future__ import annotations

import pytest

import adapter
from tests.build837 import one, write


def without(segment: str) -> bytes:
    text = one("64493-RT $400", "64493-LT $400")
    assert segment in text
    return write(text.replace(segment, "", 1))


@pytest.mark.parametrize("segment", ["LX*1~", "LX*2~"])
def test_it_is_read_and_numbered_by_position(segment: str) -> None:
    (claim,) = adapter.read(without(segment))
    assert [(line.number, line.modifiers) for line in claim.lines] == [(1, ("RT",)), (2, ("LT",))]


@pytest.mark.parametrize("segment", ["LX*1~", "LX*2~"])
def test_it_is_judged_and_its_lines_are_not_moved(segment: str) -> None:
    data = without(segment)
    result = adapter.fix(data, payer="medicare", suggested=True)
    (finding,) = [finding for finding in result.findings if finding.rule == "LA05"]
    assert finding.fix is not None
    assert "no LX of its own" in finding.fix.description
    assert result.data == data
