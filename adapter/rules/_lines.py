"""What levels and laterality both ask of the facet lines of a claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapter.model import BILATERAL, BOTH, NO_SIDE, SIDES, Claim, Side
from adapter.profiles import Form, Profile
from adapter.rules._order import ordered
from adapter.tables import CodedLine, CodeRow, Level, Tables

FIRST: Level = "1"


def days(claim: Claim, tables: Tables) -> Sequence[Sequence[CodedLine]]:
    """The facet lines of each day of service: lines of different days never explain each other."""
    return tables.read(claim).days


def by_code(lines: Sequence[CodedLine]) -> Iterator[Sequence[CodedLine]]:
    """The lines of each code, in claim order."""
    groups: dict[str, list[CodedLine]] = {}
    for line in lines:
        groups.setdefault(line.code, []).append(line)
    yield from groups.values()


def first_levels(lines: Sequence[CodedLine], row: CodeRow) -> Sequence[CodedLine]:
    """The lines with the first level of the code's own family."""
    return [line for line in lines if line.row.level == FIRST and line.row.family == row.family]


def sides_named(lines: Sequence[CodedLine]) -> frozenset[Side]:
    return NO_SIDE.union(*(line.sides for line in lines))


def overlap(one: CodedLine, other: CodedLine) -> bool:
    """Whether the lines are, or may be, of one side: a line without a side may be of any."""
    return not one.sides or not other.sides or bool(one.sides & other.sides)


def is_bilateral(lines: Sequence[CodedLine], row: CodeRow) -> bool:
    """Whether the first level of the code's family is billed on both sides, in whatever form."""
    return sides_named(first_levels(lines, row)) == BOTH


def says_50(line: CodedLine) -> bool:
    """50 alone: with RT or LT beside it the line contradicts itself."""
    return BILATERAL in line.modifiers and not any(m in SIDES for m in line.modifiers)


def is_twice(line: CodedLine, lines: Sequence[CodedLine]) -> bool:
    """An add-on without a side that is billed twice beside a bilateral first level: a side each.

    Twice is two units on the line, or two lines of one unit that are written alike.
    """
    if not line.row.addon or line.sides or not is_bilateral(lines, line.row):
        return False
    return len(twins(line, lines)) == 2 if line.units == 1 else line.units == 2


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
    return profile.bilateral(line.row, line.date) is Form.ADDON_TWICE and (
        is_twice(line, lines)
        or (line.row.repeats and not line.sides and is_bilateral(lines, line.row) and even(line))
    )


def even(line: CodedLine) -> bool:
    return line.units is not None and line.units % 2 == 0


def with_50(modifiers: tuple[str, ...]) -> tuple[str, ...]:
    """The modifiers with 50 in the place of sides."""
    return ordered((BILATERAL, *(m for m in modifiers if m not in SIDES and m != BILATERAL)))


def with_side(modifiers: tuple[str, ...], side: Side) -> tuple[str, ...]:
    """The modifiers with one side in the place of 50 and of sides."""
    return ordered((side, *without_sides(modifiers)))


def without_sides(modifiers: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(m for m in modifiers if m not in SIDES and m != BILATERAL)
