"""The reader on files that others published: `../shared/samples/x12`, where they are at hand.

One of the files that are read is so large that to cut it at the border of each of its segments
takes minutes; of those cuts a seeded sample is made, unless FACET_ALL_CUTS is set.
"""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

import adapter
from tests.cases import ROOT
from tests.runs import check, fix, read, refusal
from tests.splitting import is_whole, split, whole_lengths

FOLDER = ROOT.parent / "shared" / "samples" / "x12"
INDEX = FOLDER / "INDEX.csv"

EVERY_BYTE = 8192  # bytes within which a file is cut at each of them
SEEDED = 2000  # places beyond that a larger file is cut at, besides the borders of its segments
READ_AT_MOST = 40_000_000  # bytes of one file in all its cuts beyond, unless all are asked for
ALL_CUTS = "FACET_ALL_CUTS" in os.environ

REFUSED_ALTHOUGH_837P = {
    "003_lfh-x12_demo.cob.2ndary.example4.837": "CLM05 has one component",
    "012_lfh-x12_demo.example11.837": "CLM05 has one component",
    "017_lfh-x12_demo.example9.837": "CLM05 has one component",
    "065_stupidedi_1.edi": "neither X12, which begins with ISA, nor a JSON object",
    "163_hccinfhir_sample_837_12.txt": "transaction set 2 is 837I",
}
"""Files with an 837P in them that are not readable as they declare, and what is said of them."""

WORDS = ("837I", "837D", "4010", "PACDR", "999", "997", "277", "835")


def _rows() -> list[Mapping[str, str]]:
    if not INDEX.is_file():
        return []
    with INDEX.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_837p(row: Mapping[str, str]) -> bool:
    """ST03 decides; where it is absent, GS08."""
    version = row["st03"] or row["gs08"]
    return row["st01"] == "837" and version.startswith("005010X222") and "|" not in version


ROWS = _rows()
READABLE = [row for row in ROWS if is_837p(row) and row["file"] not in REFUSED_ALTHOUGH_837P]
OTHERS = [row for row in ROWS if row not in READABLE]


def each(rows: list[Mapping[str, str]]) -> Any:
    """One test a file; where there are no files, one that is skipped and says why."""
    absent = pytest.mark.skip(reason="the samples are not beside this checkout")
    params = [pytest.param(row, id=row["file"]) for row in rows]
    return pytest.mark.parametrize("row", params or [pytest.param({}, id="none", marks=absent)])


@cache
def data_of(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


@each(READABLE)
def test_nothing_to_correct_gives_the_same_bytes(row: Mapping[str, str]) -> None:
    data = data_of(row["file"])
    for suggested in (False, True):
        result = adapter.fix(data, suggested=suggested)
        assert result.data == data
        assert not result.changes
    assert result.done.claims == int(row["claims"])


@each(READABLE)
def test_every_claim_is_read(row: Mapping[str, str]) -> None:
    claims = read(data_of(row["file"]))
    assert len(claims) == int(row["claims"])
    if row["claims"] != "0" and row["lines"] != "0":
        lines = [line for claim in claims for line in claim.lines]
        assert len(lines) == int(row["lines"])
    assert all(claim.id for claim in claims)


@each(READABLE)
def test_every_segment_is_counted(row: Mapping[str, str]) -> None:
    """Places are told by counting: those of ED01 and ED02 are where a naive split finds them."""
    data = data_of(row["file"])
    pieces = [piece for piece in split(data) if piece.body]
    for finding in check(data).findings:
        place = finding.location
        assert place.segment is not None
        assert place.element is not None
        assert pieces[place.segment - 1].place(place.element)[0] == place.offset


@each(OTHERS)
def test_what_is_something_else_is_refused_by_name(row: Mapping[str, str]) -> None:
    why = refusal(fix, data_of(row["file"]))
    assert why is not None
    assert why.hint
    assert "\n" not in why.what
    assert said_of(row) in why.what


def said_of(row: Mapping[str, str]) -> str:
    """The words by which a file has to be refused, from what the index says of it."""
    known = REFUSED_ALTHOUGH_837P.get(row["file"])
    if known is not None:
        return known
    version = row["st03"] or row["gs08"]
    if version.startswith("005010X223"):  # some are listed as another kind
        return "837I"
    if version.startswith("004010X09"):
        return "4010"
    text = "" if version.startswith("999999") else f"{row['kind']} {row['st01']}"
    return next((word for word in WORDS if word in text), "not an 837P")


# --- cuts ---------------------------------------------------------------------------------------


def cuts(row: Mapping[str, str], data: bytes) -> Iterator[int]:
    """Every byte of the first 8 KB; beyond, each border of a segment ±1 and seeded places."""
    yield from range(min(len(data), EVERY_BYTE))
    if len(data) <= EVERY_BYTE:
        return
    chance = random.Random(row["file"])
    borders = {piece.offset + step for piece in split(data) for step in (-1, 0, 1)}
    seeded = {chance.randrange(EVERY_BYTE, len(data)) for _ in range(SEEDED)}
    places = sorted(place for place in borders | seeded if EVERY_BYTE <= place < len(data))
    share = READ_AT_MOST / sum(places)
    if row in READABLE and share < 1 and not ALL_CUTS:
        places = sorted(chance.sample(places, int(len(places) * share)))
    yield from places


@pytest.mark.no_cover
@each(ROWS)
def test_no_cut_raises_anything_but_unreadable(row: Mapping[str, str]) -> None:
    data = data_of(row["file"])
    whole = whole_lengths(data) if row in READABLE else set()
    for cut in cuts(row, data):
        why = refusal(fix, data[:cut])
        if why is None:
            assert is_whole(data[:cut], whole), cut
        else:
            assert why.what, cut
