"""The files under `fixtures/837p`: valid, about nobody, and what is found in each."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from adapter.findings import Finding
from tests.cases import ROOT
from tests.guide import errors_of, sets_of
from tests.runs import check, fix
from tests.splitting import split

FILES = sorted((ROOT / "fixtures" / "837p").glob("*.837"))
FICTITIOUS = ("SAMPLE", "EXAMPLE")
NAMED = {"NM1": 3, "N3": 1}  # the elements with names of people, firms and streets

FOUND = {
    "asc.837": {"ASC-1": ["LA05", "LA05"]},
    "clean.837": {},
    "cob.837": {"COB-1": ["LA05", "MD02"]},
    "demo.837": {
        "DEMO-1": ["DX04", "LA05", "MD02"],
        "DEMO-3": ["LA03"],
        "DEMO-4": ["CV01", "CV01"],
        "DEMO-6": ["LA02"],
    },
    "dependent.837": {"DEPENDENT-1": ["MD02"]},
    "several-interchanges.837": {"SEVERAL-1": ["LA05"], "SEVERAL-3": ["MD02"]},
}
LEFT_BY_SAFE = {
    "cob.837": {"COB-1": ["LA05", "MD02"]},  # another payer has adjudicated the lines
    "demo.837": {"DEMO-3": ["LA03"], "DEMO-4": ["CV01", "CV01"]},
}


each = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def rules(findings: list[Finding]) -> dict[str, list[str]]:
    """The rules that spoke, by claim."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        found.setdefault(str(finding.claim), []).append(finding.rule)
    return {claim: sorted(codes) for claim, codes in found.items()}


def test_every_file_is_known_here() -> None:
    assert {path.name for path in FILES} == set(FOUND)


@each
def test_the_guide_finds_nothing(path: Path) -> None:
    assert not sum(errors_of(sets_of(path.read_bytes())), Counter())


@each
def test_nobody_in_it_exists(path: Path) -> None:
    """Made-up names; one segment a line, so that people can read the file."""
    data = path.read_bytes()
    for piece in split(data):
        assert piece.tail[1:] == b"\n"
        if piece.id in NAMED:
            name = piece.elements[NAMED[piece.id]].decode()
            assert any(word in name for word in FICTITIOUS), name
        if piece.id == "NM1" and piece.elements[8:9] == [b"XX"]:
            npi = piece.elements[9].decode()
            digits = [int(digit) for digit in f"80840{npi}"]
            doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
            assert (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


@each
def test_what_is_found_and_what_stays(path: Path) -> None:
    data = path.read_bytes()
    assert rules(check(data).findings) == FOUND[path.name]
    fixed = fix(data)
    assert rules(fixed.findings) == LEFT_BY_SAFE.get(path.name, {})
    assert not fixed.withheld
    assert fix(fixed.data).data == fixed.data
    assert not sum(errors_of(sets_of(fixed.data)), Counter())
