"""Deleted codes counted anew in the codes that took their place.

The crosswalk is never line by line. The old injection codes had one add-on for every further
level, the new ones a second and a third that stands for all beyond it; the old destruction codes
counted nerves, the new ones joints. So the lines of a day, of one region and side, are counted
together, and each keeps its modifiers and as much of its charge as its levels are worth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from adapter.changes import (
    Change,
    LinePart,
    MergeLines,
    SetCode,
    SetUnits,
    SplitLine,
    merged_pointers,
    portions,
)
from adapter.findings import Fix, manual
from adapter.model import BOTH, NO_SIDE, ServiceLine, Side
from adapter.tables import CodedLine, CodeRow, CrosswalkRow, Kind, Level, Region, Tables

IMAGING = (
    "The old codes were billed without imaging; the new ones hold it: where no fluoroscopy or CT "
    "was used and recorded, none of them is right."
)

_MOOT = frozenset(("51", "59", "76", "XE", "XS", "XP", "XU"))
"""Modifiers that set one line apart from another: without meaning once the two are one."""


Family = tuple[Kind, Region, str]
"""`CodeRow.family`."""


class _Unclear(Exception):
    """The lines do not say what they became; the text says what has to be found out."""


@dataclass(frozen=True, slots=True)
class OldLine:
    """A line with a code after its last day, that code's row, and what takes its place on `day`."""

    line: ServiceLine
    day: date
    row: CodeRow
    walk: CrosswalkRow | None

    @property
    def number(self) -> int:
        return self.line.number

    @property
    def units(self) -> int:
        """Raises: _Unclear unless they are whole and at least one."""
        units = self.line.whole_units
        if units is None:
            raise _Unclear(f"the units of line {self.number} cannot be counted")
        return units

    @property
    def charge(self) -> Decimal:
        """Raises: _Unclear where it cannot be read."""
        if self.line.charge is None:
            raise _Unclear(f"the charge of line {self.number} cannot be read")
        return self.line.charge

    @property
    def lanes(self) -> frozenset[Side | None]:
        """The sides on which its units count; None where it names no side."""
        return self.line.sides or _UNNAMED


_UNNAMED: frozenset[Side | None] = frozenset((None,))


@dataclass(frozen=True, slots=True)
class _New:
    """What a line becomes: `weights` are the old units behind each part, for its charge."""

    old: OldLine
    parts: Sequence[tuple[str, int]]  # code, units
    weights: Sequence[int]


def corrections(
    old: Sequence[OldLine], live: Iterable[CodedLine], tables: Tables
) -> dict[int, Fix]:
    """What becomes of each old line, by its number; lines that are counted together share a Fix.

    Args: live, the facet lines of the claim that are valid on their date.
    """
    fixes: dict[int, Fix] = {}
    groups: dict[tuple[date, Family], list[OldLine]] = {}
    codes: dict[tuple[date, Family], _Codes] = {}
    for each in old:
        successor = (
            None if each.walk is None else tables.codes.on(each.day).get(each.walk.successor)
        )
        if each.walk is None or successor is None:
            fixes[each.number] = manual(
                f"No code is known to take the place of {each.line.code}: code the service anew "
                "from the procedure note."
            )
        elif each.walk.recount == "units":
            fixes[each.number] = _by_units(each, each.walk)
        else:
            key = each.day, successor.family
            groups.setdefault(key, []).append(each)
            codes[key] = _codes(successor, each.day, tables)
    for (day, family), members in groups.items():
        beside = [line for line in live if line.date == day and line.row.family == family]
        for group in _sessions(members):
            near = [line for line in beside if _is_near(line, group)]
            fix = _recounted(group, near, codes[day, family])
            fixes.update((each.number, fix) for each in group)
    return fixes


_ALL_LEVELS: Sequence[Level] = ("1", "2", "3", "+")

_Codes = Mapping[Level, str]
"""The codes of a family by level."""


def _codes(successor: CodeRow, day: date, tables: Tables) -> _Codes:
    found: dict[Level, str] = {}
    for level in _ALL_LEVELS:
        row = tables.level(successor, level, day)
        if row is not None:
            found[level] = row.code
    return found


def _code(codes: _Codes, level: Level) -> str:
    if level not in codes:
        raise _Unclear("the tables hold no code for one of the levels")
    return codes[level]


def _by_units(old: OldLine, walk: CrosswalkRow) -> Fix:
    try:
        units = old.units * walk.factor
    except _Unclear as unclear:
        return manual(f"Use {walk.successor}: {unclear}.")
    return Fix(
        f"Replace {old.line.code} x{old.units} by {walk.successor} x{units}.",
        (SetCode(old.number, walk.successor), SetUnits(old.number, units)),
    )


def _sessions(members: Sequence[OldLine]) -> Sequence[Sequence[OldLine]]:
    """The lines that are counted together: each side alone unless a line is of both."""
    sides = {each.line.sides for each in members}
    if BOTH in sides or NO_SIDE in sides:
        return [members]
    return [
        [each for each in members if each.line.sides == side] for side in sorted(sides, key=sorted)
    ]


def _is_near(line: CodedLine, group: Sequence[OldLine]) -> bool:
    """Whether a live line may be of the same side as the group."""
    sides = group[0].line.sides.union(*(each.line.sides for each in group))
    return not line.sides or not sides or bool(line.sides & sides)


def _recounted(group: Sequence[OldLine], live: Sequence[CodedLine], codes: _Codes) -> Fix:
    counts = _joints if group[0].row.counts == "nerve" else _levels
    what = "nerves and joints" if counts is _joints else "levels"
    try:
        named = {bool(each.line.sides) for each in group} | {bool(line.sides) for line in live}
        if len(named) > 1:
            raise _Unclear("some of the lines name a side and some do not")
        new, merges = counts(group, live, codes)
        return _fix(group, new, merges)
    except _Unclear as unclear:
        return manual(f"Count the {what} anew from the procedure note: {unclear}.")


# --- injections: levels to levels -----------------------------------------------------------------

_INJECTION: Sequence[Level] = ("1", "2", "3")
LAST_LEVEL = len(_INJECTION)

_Place = tuple[Side | None, int]
"""A level on a side."""

_Counted = tuple[Sequence[_New], Mapping[int, Sequence[OldLine]]]
"""What the lines become, and by the number of a line those that are merged into it."""


def _levels(group: Sequence[OldLine], live: Sequence[CodedLine], codes: _Codes) -> _Counted:
    """Each unit takes the next free level on its sides; the third stands for all beyond it."""
    taken: dict[_Place, int] = {}
    lines = {line.number: line.line for line in live} | {each.number: each.line for each in group}
    for line in live:
        for lane in line.sides or _UNNAMED:
            taken.setdefault((lane, int(line.row.level)), line.number)
    new: list[_New] = []
    merges: dict[int, list[OldLine]] = {}
    for each in sorted(group, key=lambda old: old.row.addon):
        weights: dict[int, int] = {}
        rest = each.units
        while rest:
            level = _next_level(each, taken)
            holders = {taken.get((lane, level)) for lane in each.lanes}
            if holders != {None}:  # a third level is billed already
                (holder, *others) = holders
                if others or holder is None or weights or lines[holder].sides != each.line.sides:
                    raise _Unclear(f"line {each.number} shares its levels with other lines")
                merges.setdefault(holder, []).append(each)
                break
            taken.update(((lane, level), each.number) for lane in each.lanes)
            weights[level] = 1 if level < LAST_LEVEL else rest
            rest -= weights[level]
        else:
            parts = [(_code(codes, _INJECTION[level - 1]), 1) for level in weights]
            new.append(_New(each, parts, tuple(weights.values())))
    for number, absorbed in merges.items():
        _check_alike(lines[number], absorbed)
    return new, merges


def _next_level(old: OldLine, taken: Mapping[_Place, int]) -> int:
    free = {
        next((level for level in range(1, LAST_LEVEL) if (lane, level) not in taken), LAST_LEVEL)
        for lane in old.lanes
    }
    if len(free) > 1:
        raise _Unclear(f"line {old.number} is another level on the right than on the left")
    (level,) = free
    if level == 1 and old.row.addon:
        raise _Unclear(f"line {old.number} is a further level, and no first one is billed with it")
    return level


# --- destruction: nerves to joints ----------------------------------------------------------------


def _joints(group: Sequence[OldLine], live: Sequence[CodedLine], codes: _Codes) -> _Counted:
    """n nerves in a row are n - 1 joints: the first one, and the others on one further line."""
    if live:
        raise _Unclear("nerves and joints are billed side by side")
    if len({each.line.sides for each in group}) > 1:
        raise _Unclear("lines for both sides stand beside lines for one")
    if len(group) == 1:
        raise _Unclear("one line alone does not say which joints its nerves belong to")
    first = next((each for each in group if not each.row.addon), None)
    if first is None:
        raise _Unclear("no first nerve is billed with the further ones")
    further = [each for each in group if each is not first]
    joints = sum(each.units for each in group) - 1
    new = [_New(first, [(_code(codes, "1"), 1)], (1,))]
    if joints == 1:
        _check_alike(first.line, further)
        return new, {first.number: further}
    new.append(_New(further[0], [(_code(codes, "+"), joints - 1)], (1,)))
    _check_alike(further[0].line, further[1:])
    return new, {further[0].number: further[1:]} if further[1:] else {}


# --- both -----------------------------------------------------------------------------------------


def _check_alike(kept: ServiceLine, merged: Sequence[OldLine]) -> None:
    """Raises: _Unclear where a merge would lose what one of the lines says."""
    for each in merged:
        for line in (kept, each.line):
            if line.charge is None:
                raise _Unclear(f"the charge of line {line.number} cannot be read")
        if {*kept.modifiers} - _MOOT != {*each.line.modifiers} - _MOOT:
            raise _Unclear(
                f"lines {kept.number} and {each.number} would be one, and carry other modifiers"
            )


def _fix(
    group: Sequence[OldLine], new: Sequence[_New], merges: Mapping[int, Sequence[OldLine]]
) -> Fix:
    """The whole group's correction. Merges come first: a split shares out the merged charge."""
    changes: list[Change] = []
    for number, absorbed in merges.items():
        changes += [MergeLines(number, each.number) for each in absorbed]
    become: list[str] = []
    for each in sorted(new, key=lambda one: one.old.number):
        line = each.old.line
        for code, units in each.parts:
            written = "-".join(filter(None, (code, ",".join(line.modifiers))))
            become.append(f"{written} x{units}" if units > 1 else written)
        if len(each.parts) > 1:
            changes.append(_split(each, merges.get(line.number, ())))
            continue
        ((code, units),) = each.parts
        changes.append(SetCode(line.number, code))
        if units != line.units:
            changes.append(SetUnits(line.number, units))
    numbers = _listed(str(each.number) for each in group)
    one = len(group) == 1
    named = f"line {numbers}" if one else f"lines {numbers}"
    if not new:  # all of it is in a line that is there already
        holder = _listed(map(str, merges))
        return Fix(f"Merge {named} into line {holder}.", tuple(changes))
    verb = "becomes" if one else "become"
    return Fix(f"{named.capitalize()} {verb} {_listed(become)}.", tuple(changes))


def _split(new: _New, absorbed: Sequence[OldLine]) -> SplitLine:
    line = new.old.line
    for each in absorbed:
        if merged_pointers(line.pointers, each.line.pointers) != line.pointers:
            raise _Unclear(f"line {each.number} points to other diagnoses than line {line.number}")
    charges = portions(new.old.charge, new.weights)
    charges[-1] += sum((each.charge for each in absorbed), Decimal(0))
    return SplitLine(
        line.number,
        tuple(
            LinePart(code, line.modifiers, units, charge)
            for (code, units), charge in zip(new.parts, charges, strict=True)
        ),
    )


def _listed(words: Iterable[str]) -> str:
    """1, 2 and 3."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
