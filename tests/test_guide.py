"""A correction makes no set less valid: pyx12 finds no more after than before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.build837 import claim, many, one, write
from tests.cases import ROOT, all_cases
from tests.guide import RAISED, errors_of, sets_of
from tests.runs import fix
from tests.traps import TRAPS

FIXTURES = ROOT / "fixtures" / "837p"
TWO_SIDES = ("64493-RT $400", "64493-LT $400.01")


def _inputs() -> Iterator[tuple[str, bytes, str | None]]:
    """Every case, every fixture, and files whose corrections move lines about."""
    for case in all_cases():
        yield case.id, write(case.text), case.payer
    for path in sorted(FIXTURES.glob("*.837")):
        yield path.name, path.read_bytes(), None
    for name, options in {
        "no control numbers": {"controls": None},
        "long control numbers": {"controls": ("N" * 30, "M" * 30)},
        "segments after the lines": {"further": dict.fromkeys((1, 2), ("REF*G1*Y", "NTE*ADD*X"))},
        "place on the lines": {"places": {1: "24", 2: "24"}},
        "pointers of their own": {"dx": ("M47816", "G8929"), "pointers": {1: (2,), 2: (1,)}},
        "dependent": {"dependent": True},
    }.items():
        for payer in ("medicare", "texas-medicaid", "priority-health-asc"):
            for lines in (TWO_SIDES, ("64493-50 $800.01", "64494-50 $7")):
                yield name, write(one(*lines, payer=payer, **options)), payer  # type: ignore[arg-type]
    claims = [claim(*TWO_SIDES, id=f"C{n}") for n in range(3)]
    yield "several claims", write(many(*claims)), "medicare"


def test_a_correction_makes_no_set_less_valid() -> None:
    names: list[str] = []
    before: list[list[str]] = []
    after: list[list[str]] = []
    for name, data, payer in _inputs():
        sets = sets_of(data)
        for suggested in (False, True):
            ran = fix(data, payer, suggested=suggested)
            if ran.data != data:
                names += [name] * len(sets)
                before += sets
                after += sets_of(ran.data)
    assert len(names) > 30
    worse = {
        name: new
        for name, old, now in zip(names, errors_of(before), errors_of(after), strict=True)
        if (new := now - old)
    }
    assert not worse


@pytest.mark.parametrize("lines", [("64493-RT,KX $800",), ("64493-50 $800", "64494-50 $8")])
def test_what_the_tests_write_is_valid(lines: tuple[str, ...]) -> None:
    """So that an error in the tests above is one of the correction, not of the writer."""
    texts = [
        one(*lines),
        one(*lines, dependent=True, service_facility="OH", paid={1: "3"}, authorization="A"),
        one(*lines, note="X", controls=None, dx=("M47816", "G8929")),
    ]
    assert errors_of([each for text in texts for each in sets_of(write(text))]) == [Counter()] * 3


NOT_BY_THE_GUIDE = {
    "a facet code in a note": "NTE02-00 6",  # a colon, where it separates components
    "trailing empty elements and components": "SV1 SEG1",
    "units and amounts of odd form": "CLM02-00 6",
    "a place of service on the line only": "CLM05-01 1",
    "letters outside ASCII": "NM103-00 6",
    "no claims": "HL 3",
}
"""What the guide finds in traps: what each is about, and nothing else."""


def test_the_traps_are_valid_but_for_what_they_are_about() -> None:
    named = [
        (name, each)
        for name, trap in TRAPS.items()
        if "text" not in name  # between interchanges: for the reader alone
        for each in sets_of(trap.data)
    ]
    found: dict[str, set[str]] = {}
    for (name, _), errors in zip(named, errors_of([each for _, each in named]), strict=True):
        if errors:
            found.setdefault(name, set()).update(errors)
    assert found == {name: {code} for name, code in NOT_BY_THE_GUIDE.items()}


def test_pyx12_is_asked_in_earnest() -> None:
    """It finds what is wrong, set by set, and what makes it raise is an error."""
    wrong = one("64493-RT $800").replace("64493:RT", "64493:R")
    too_many = one("64493-RT $800").replace("64493:RT", "64493:RT:::::::::")
    right = one("64493-RT $800")
    sets = [sets_of(write(text))[0] for text in (right, wrong, too_many, right)]
    assert errors_of(sets) == [
        Counter(),
        Counter({"SV101-03 4": 1}),
        Counter({RAISED: 1}),
        Counter(),
    ]
