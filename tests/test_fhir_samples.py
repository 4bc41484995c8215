"""The reader on FHIR that others published: `../shared/samples/fhir`, where it is at hand.

Every file is cut at each byte of its beginning and at seeded places beyond; with FACET_ALL_CUTS the
beginning is longer, and the places are more.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate
from typing import Any

import pytest

import adapter
from adapter.coder import Cause
from tests import test_cli
from tests.buildfhir import CPT, HL7, concept
from tests.cases import ROOT
from tests.checkers import nodes
from tests.runs import check, coded, fix, read, refusal
from tests.test_cli import Facet, put

FOLDER = ROOT.parent / "shared" / "samples" / "fhir"
INDEX = FOLDER / "INDEX.csv"

ALL_CUTS = "FACET_ALL_CUTS" in os.environ
EVERY_BYTE = 8192 if ALL_CUTS else 1024  # bytes within which a file is cut at each of them
SEEDED = 2000 if ALL_CUTS else 250  # places beyond that a larger file is cut at
READ_AT_MOST = 3_000_000  # bytes of one file in all its cuts beyond, unless all are asked for
BLANKS = b" \t\r\n\0"

facet = test_cli.facet


def _rows() -> list[Mapping[str, str]]:
    if not INDEX.is_file():
        return []
    with INDEX.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_resource(row: Mapping[str, str]) -> bool:
    """Whether the index knows the type of what is in the file."""
    return bool(re.fullmatch(r"(NDJSON:)?[A-Z][A-Za-z-]+", row["resourceType"]))


ROWS = _rows()
READABLE = [row for row in ROWS if is_resource(row)]
OTHERS = [row for row in ROWS if row not in READABLE]


def each(rows: list[Mapping[str, str]]) -> Any:
    """One test a file; where there are no files, one that is skipped and says why."""
    absent = pytest.mark.skip(reason="the samples are not beside this checkout")
    params = [pytest.param(row, id=row["file"]) for row in rows]
    return pytest.mark.parametrize("row", params or [pytest.param({}, id="none", marks=absent)])


@cache
def data_of(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def resources(value: Any) -> Iterator[Any]:
    """A resource, and those in it where it is a Bundle."""
    yield value
    for entry in value.get("entry", ()) if value["resourceType"] == "Bundle" else ():
        if "resource" in entry:
            yield from resources(entry["resource"])


def documents(data: bytes) -> list[Any]:
    """What the standard library reads: one document, or one a row."""
    try:
        return [json.loads(data)]
    except ValueError:
        return [json.loads(row) for row in data.splitlines() if row.strip()]


def claims_of(data: bytes) -> list[Any]:
    found = [each for document in documents(data) for each in resources(document)]
    return [each for each in found if each["resourceType"] == "Claim"]


# --- what is read ---------------------------------------------------------------------------------


@each(READABLE)
def test_nothing_to_correct_gives_the_same_bytes(row: Mapping[str, str]) -> None:
    """None of the published claims has a facet code, and nothing is said of any."""
    data = data_of(row["file"])
    for suggested in (False, True):
        result = adapter.fix(data, suggested=suggested)
        assert result.data == data
        assert not result.changes
        assert not result.findings
        assert (result.done.claims, result.done.facet_claims) == (len(claims_of(data)), 0)


@each(READABLE)
def test_every_claim_is_read(row: Mapping[str, str]) -> None:
    data = data_of(row["file"])
    found, expected = read(data), claims_of(data)
    assert [len(claim.lines) for claim in found] == [len(each.get("item", ())) for each in expected]
    for claim, each_ in zip(found, expected, strict=True):
        assert claim.id == each_.get("id", claim.id)
        assert len(claim.diagnoses) == len(each_.get("diagnosis", ()))


@each(READABLE)
def test_every_command_takes_it(facet: Facet, row: Mapping[str, str]) -> None:
    data = data_of(row["file"])
    path = put("in.json", data)
    for verb in ("check", "fix", "annotate"):
        for options in ((), ("--validate-fhir",)):
            ran = facet(verb, *options, path)
            assert ran.status in (0, 1)
            assert "Traceback" not in ran.err
            assert verb != "fix" or ran.out == data
            assert verb != "annotate" or options or ran.out == data


@each(READABLE)
def test_no_line_is_derived_from_any_procedure(row: Mapping[str, str]) -> None:
    """None of the published procedures is a facet joint intervention."""
    data = data_of(row["file"])
    found = coded(data, "medicare")
    documented = [
        each
        for document in documents(data)
        for each in resources(document)
        if each["resourceType"] == "Procedure"
    ]
    assert sum(len(session.procedures) for session in found) == len(documented)
    assert not any(session.lines for session in found)
    causes = {remark.cause for session in found for remark in session.remarks}
    assert causes <= {Cause.UNRELATED}


@each([row for row in READABLE if row["file"] and claims_of(data_of(row["file"]))])
def test_a_published_claim_with_a_facet_code_is_annotated(
    facet: Facet, row: Mapping[str, str]
) -> None:
    """Each claim as it was published, but that it bills a code of ours, on a day: every expression
    that is written leads to one node of what is written."""
    (document,) = documents(data_of(row["file"]))
    changed = 0
    for claim in resources(document):
        if claim["resourceType"] == "Claim":
            claim |= {"use": "claim", "status": "active"}
            claim["type"] = concept(f"{HL7}/claim-type", "professional")
            for item in claim.get("item", ()):
                item.pop("servicedPeriod", None)
                item |= {"productOrService": concept(CPT, "64493"), "servicedDate": "2026-03-10"}
                changed += 1
    data = json.dumps(document, indent=1).encode()
    ran = facet("annotate", "--payer", "medicare", put("in.json", data))
    assert ran.status in (0, 1)
    (written,) = documents(ran.out)
    outcomes = [r for r in resources(written) if r["resourceType"] == "OperationOutcome"]
    said = [issue for outcome in outcomes for issue in outcome["issue"]]
    expressions = {path for issue in said for path in issue.get("expression", ())}
    for path in sorted(expressions)[:20]:
        assert len(nodes(written, path)) == 1, path
    found = check(data, "medicare").findings
    assert len(expressions) == len({each.location.expression for each in found})
    assert bool(outcomes) is bool(changed)
    assert bool(expressions) is bool(changed)
    fixed = fix(data, "medicare", suggested=True)
    assert fix(fixed.data, "medicare", suggested=True).data == fixed.data


# --- what is not ----------------------------------------------------------------------------------


@each(OTHERS)
def test_what_is_something_else_is_refused_with_a_reason(row: Mapping[str, str]) -> None:
    data = data_of(row["file"])
    why = refusal(fix, data)
    assert why is not None
    assert why.hint
    assert "\n" not in why.what
    if not data.lstrip().startswith(b"{"):
        assert ("comments" if data.lstrip().startswith(b"/") else "neither X12") in why.what
    elif row["resourceType"] in ("", "NDJSON:"):
        assert "without a resourceType" in f"{why.what} {why.where}"
    else:
        line = re.match(r"line (\d+), column \d+", why.where)
        assert line is not None
        assert int(line[1]) <= data.count(b"\n") + 1


@each(OTHERS)
def test_every_command_refuses_it_in_few_words(facet: Facet, row: Mapping[str, str]) -> None:
    path = put("in.json", data_of(row["file"]))
    for verb in ("check", "fix", "annotate"):
        ran = facet(verb, path)
        assert (ran.status, ran.out) == (3, b"")
        assert 2 <= len(ran.err.splitlines()) <= 4


# --- cuts -----------------------------------------------------------------------------------------


def cuts(row: Mapping[str, str], data: bytes) -> Iterator[int]:
    """Every byte of the beginning; beyond, seeded places."""
    yield from range(min(len(data), EVERY_BYTE))
    if len(data) <= EVERY_BYTE:
        return
    chance = random.Random(row["file"])
    places = [chance.randrange(EVERY_BYTE, len(data)) for _ in range(SEEDED)]
    for place, read_until_now in zip(places, accumulate(places), strict=True):
        if read_until_now <= READ_AT_MOST or ALL_CUTS:
            yield place


def is_whole(data: bytes, cut: int, rows: bool) -> bool:
    """Whether nothing is missing: but for blanks it is the file, or as many of its rows."""
    end = len(data[:cut].rstrip(BLANKS))
    behind = data[end:].lstrip(b" \t\r")
    return end > 0 and (not behind.strip(BLANKS) or (rows and behind.startswith(b"\n")))


@pytest.mark.no_cover
@each(ROWS)
def test_no_cut_raises_anything_but_unreadable(row: Mapping[str, str]) -> None:
    data = data_of(row["file"])
    rows = row["resourceType"].startswith("NDJSON:")
    for cut in cuts(row, data):
        part = data[:cut]
        why = refusal(fix, part)
        if why is None:
            assert row in READABLE, cut
            assert is_whole(data, cut, rows), cut
            assert fix(part).data == part
            continue
        assert why.what, cut
        assert row not in READABLE or not is_whole(data, cut, rows), cut
        if part.lstrip(BLANKS).startswith(b"{"):
            assert re.match(r"(line|row) \d+, column \d+", why.where), cut
