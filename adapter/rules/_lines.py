"""What levels and laterality both ask of the facet lines of a claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapter.model import BILATERAL, BOTH, NO_SIDE, SIDES, Claim, ServiceLine, Side
from adapter.modifiers import ordered
from adapter.profiles import Form, Profile
from adapter.tables import CodedLine, CodeRow, Level, Tables

FIRST: Level = "1"
SECOND: Level = "2"
THIRD: Level = "3"
EACH_FURTHER: Level = "+"


def days(claim: Claim, tables: Tables) -> Sequence[Sequence[CodedLine]]:
    """The facet lines of each day of service: lines of different days never explain each other."""
    return tables.read(claim).days


def by_code(lines: Sequence[CodedLine]) -> Iterator[Sequence[CodedLine]]:
    """The lines of each code, in claim order."""
    groups: dict[str, list[CodedLine]] = {}
    for line in lines:
        groups.setdefault(line.code, []).append(line)
    yield from groups.values()


# --- levels ---------------------------------------------------------------------------------------


def first_levels(lines: Sequence[CodedLine], row: CodeRow) -> Sequence[CodedLine]:
    """The lines with the first level of the code's own family."""
    return [line for line in lines if line.row.level == FIRST and line.row.family == row.family]


def other_firsts(line: CodedLine, lines: Sequence[CodedLine]) -> Sequence[CodedLine]:
    """First levels of the same kind and guidance in the other region."""
    return [
        other
        for other in lines
        if other.row.level == FIRST
        and (other.row.kind, other.row.guidance) == (line.row.kind, line.row.guidance)
        and other.row.region != line.row.region
    ]


def thoracic_firsts(line: CodedLine, lines: Sequence[CodedLine]) -> Sequence[CodedLine]:
    """The cervical-thoracic first levels that a lumbar add-on may stand beside: T12-L1, then L1-2.

    The add-on table holds the pair for injections only; contractors name it for ablations too.
    """
    if (
        line.row.region != "LS"
        or line.row.guidance != "fluoro-ct"
        or line.row.level not in (SECOND, EACH_FURTHER)
    ):
        return ()
    return other_firsts(line, lines)


def own_firsts(line: CodedLine, lines: Sequence[CodedLine]) -> Sequence[CodedLine]:
    """The first levels that an add-on goes with: its family's, else those that stand in for it."""
    return first_levels(lines, line.row) or thoracic_firsts(line, lines)


def unjudged_firsts(claim: Claim, tables: Tables, line: CodedLine) -> Sequence[ServiceLine]:
    """Lines that may be the first level of an add-on, and that are not judged here.

    Their code is not valid on the day, and CV speaks of that, or they have no date that can be
    read: the first level is not known to be missing. Old and new codes differ in guidance.
    """
    reading = tables.read(claim)
    return [
        other
        for other in (*reading.expired, *reading.undated)
        if other.date in (None, line.date)
        and any(
            row.role == "facet"
            and row.level == FIRST
            and (row.kind, row.region) == (line.row.kind, line.row.region)
            for row in tables.codes.history(other.code)
        )
    ]


# --- sides ----------------------------------------------------------------------------------------


def sides_named(lines: Sequence[CodedLine]) -> frozenset[Side]:
    return NO_SIDE.union(*(line.sides for line in lines))


def written_sides(line: CodedLine) -> frozenset[str]:
    """RT, LT and 50 as the line carries them: two lines may name both sides in unlike ways."""
    return frozenset(m for m in line.modifiers if m == BILATERAL or m in SIDES)


def contradicts_itself(line: CodedLine) -> bool:
    """50 with RT or LT: both sides, or one."""
    return BILATERAL in line.modifiers and len(written_sides(line)) > 1


def overlap(one: CodedLine, other: CodedLine | ServiceLine) -> bool:
    """Whether the lines are, or may be, of one side: a line without a side may be of any."""
    return not one.sides or not other.sides or bool(one.sides & other.sides)


def is_bilateral(line: CodedLine, lines: Sequence[CodedLine]) -> bool:
    """Whether the first level that an add-on goes with is billed on both sides, in any form."""
    return sides_named(own_firsts(line, lines)) == BOTH


def is_twice(line: CodedLine, lines: Sequence[CodedLine]) -> bool:
    """An add-on without a side that is billed twice beside a bilateral first level: a side each.

    Twice is two units on the line, or two lines of one unit that are written alike; where each
    joint is billed again, any even number of units.
    """
    units = line.units
    if units is None or not line.row.addon or line.sides or not is_bilateral(line, lines):
        return False
    if units == 1:
        return len(twins(line, lines)) == 2
    return units % 2 == 0 if line.row.repeats else units == 2


def twins(line: CodedLine, lines: Sequence[CodedLine]) -> Sequence[CodedLine]:
    """The lines of one unit with the line's code and modifiers, itself among them."""
    return [
        other
        for other in lines
        if other.code == line.code
        and other.units == 1
        and sorted(other.modifiers) == sorted(line.modifiers)
    ]


def takes_twice(line: CodedLine, lines: Sequence[CodedLine], profile: Profile) -> bool:
    """Whether the line is billed twice for both sides, in the form that the payer takes."""
    form = profile.bilateral(line.row, line.date)
    return form is Form.ADDON_TWICE and is_twice(line, lines)


def with_50(modifiers: tuple[str, ...]) -> tuple[str, ...]:
    """The modifiers with 50 in the place of sides."""
    return ordered((BILATERAL, *without_sides(modifiers)))


def with_side(modifiers: tuple[str, ...], side: Side) -> tuple[str, ...]:
    """The modifiers with one side in the place of 50 and of sides."""
    return ordered((side, *without_sides(modifiers)))


def without_sides(modifiers: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(m for m in modifiers if m not in SIDES and m != BILATERAL)
