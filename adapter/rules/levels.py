"""LV: levels and add-ons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adapter.changes import (
    Change,
    LinePart,
    RemoveLine,
    SetCode,
    SetModifiers,
    SetUnits,
    SplitLine,
    portions,
)
from adapter.findings import Fix, Found, manual
from adapter.model import BOTH, Claim, Side
from adapter.profiles import Form, Profile
from adapter.rules import Result, rule
from adapter.rules._lines import (
    EACH_FURTHER,
    FIRST,
    SECOND,
    THIRD,
    by_code,
    days,
    first_levels,
    other_firsts,
    overlap,
    own_firsts,
    sides_named,
    takes_twice,
    thoracic_firsts,
    unjudged_firsts,
    without_sides,
    written_sides,
)
from adapter.tables import CodedLine, CodeRow, Level, Tables

FURTHER: tuple[Level, ...] = (SECOND, THIRD)  # once a side each; the third stands for all beyond it


@rule(
    "LV01",
    "add-on-without-primary",
    severity="error",
    applicability="manual",
    tables=("codes", "addons"),
    sources=("S014",),
    since="0.1.0",
)
def add_on_without_primary(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """An add-on without any of its first levels on the same day.

    Why it matters: an add-on is paid beside its first level only; alone it is denied.
    Fires: 64494-RT alone
    Clean: 64493-RT with 64494-RT
    Correction: manual. Whether a line was left out or has the wrong code is not known.
    Not evaluated when: never. A first level under a code that is not valid on the day is CV's.
    """
    for lines in days(claim, tables):
        for line in _orphans(lines, claim, tables):
            wanted = " or ".join(_parents(line, tables))
            yield Found(
                line=line.number,
                field="code",
                message=f"{line.code} is an add-on; {wanted} is not billed on that day.",
                label="no first level",
                fix=manual(f"Find out whether {wanted} was done and left out."),
            )


@rule(
    "LV02",
    "add-on-wrong-region",
    severity="error",
    applicability="suggested",
    tables=("codes", "addons"),
    sources=("S014",),
    since="0.1.0",
)
def add_on_wrong_region(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """An add-on of one region beside a first level of the other only.

    Why it matters: cervical and thoracic add-ons go with their own first level, lumbar and sacral
    ones with theirs; beside the other one they are denied.
    Fires: 64493-RT with 64491-RT
    Clean: 64493-RT with 64494-RT
    Correction: suggested. The add-on of the first level's region at the same level, a second one
    where the third would skip it; which of the two regions was treated is for the note to tell.
    Manual where that add-on is billed already, or the first level is not on the line's side.
    Not evaluated when: never.
    """
    for lines in days(claim, tables):
        astray = [
            (line, firsts)
            for line in _orphans(lines, claim, tables)
            if (firsts := other_firsts(line, lines))
        ]
        moved = {
            line: row
            for line, firsts in astray
            if _fits(line, firsts)
            and (row := _in_region_of(firsts[0].row, line, lines, tables)) is not None
        }
        for line, (first, *_) in astray:
            yield Found(
                line=line.number,
                field="code",
                others=(first.number,),
                message=f"{line.code} is no add-on of {first.code}: the regions differ.",
                label="of the other region",
                fix=_replaced(line, moved)
                if line in moved
                else manual(
                    "Find out which region was treated, on which side, and how many levels."
                ),
            )


@rule(
    "LV03",
    "level-skipped",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S001", "S014"),
    since="0.1.0",
)
def level_skipped(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A third level on a side on which the second is not billed.

    Why it matters: the third-level code follows the second; without it one of the levels was
    coded wrongly, and it is denied.
    Fires: 64493-RT with 64495-RT
    Clean: 64493-RT with 64494-RT and 64495-RT
    Correction: suggested. The second-level code, where no side of the line has one; manual where
    one side has.
    Not evaluated when: never.
    """
    for lines in days(claim, tables):
        skipping = {
            line: skipped for line in lines if (skipped := _skipped(line, lines)) is not None
        }
        seconds = {line: _second(line, tables) for line in skipping}
        moved = {line: row for line, row in seconds.items() if skipping[line] == line.sides}
        for line, row in seconds.items():
            yield Found(
                line=line.number,
                field="code",
                message=f"{line.code} is a third level, and {row.code} is not billed"
                + ("." if line in moved else f" on {_words(skipping[line])}."),
                label="second level skipped",
                fix=_replaced(line, moved)
                if line in moved
                else manual("Find out how many levels were treated on each side."),
            )


@rule(
    "LV04",
    "primary-repeated",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S001", "S013"),
    since="0.1.0",
)
def primary_repeated(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """More than one first level of a family on a side and day, by units or by lines written alike.

    Why it matters: a region has one first level a side and session; each further one has a code of
    its own, and the second first one is denied.
    Fires: 64493-RT x2
    Clean: 64493-RT with 64494-RT
    Correction: suggested. The code of the next level that is not billed yet. Manual where the line
    names no side: it may be the other side as well as another level.
    Not evaluated when: never.
    """
    for lines in days(claim, tables):
        for line in lines:
            if line.row.level != FIRST:
                continue
            if (line.units or 0) > 1 and line.sides != BOTH:
                yield Found(
                    line=line.number,
                    field="units",
                    message=f"{line.code} is a first level and is billed x{line.units}.",
                    label="one a side",
                    fix=_levels_for_units(line, lines, tables),
                )
        for alike in _written_alike(lines):
            if alike[0].row.level != FIRST:
                continue
            for further, line in enumerate(alike[1:]):
                yield Found(
                    line=line.number,
                    field="code",
                    others=(alike[0].number,),
                    message=f"{line.code} is a first level and is billed on line"
                    f" {alike[0].number} already.",
                    label="again",
                    fix=_level_for_line(further, line, lines, tables, profile),
                )


@rule(
    "LV05",
    "level-repeated",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S001", "S013"),
    since="0.1.0",
)
def level_repeated(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A second- or third-level injection code more than once on one side and day.

    Why it matters: there is one second level a side, and the third-level code stands for all levels
    beyond it; more units are denied.
    Fires: 64492-RT x2
    Clean: 64493-50 with 64494 x2, for a payer that takes add-ons twice for both sides
    Correction: suggested. Once; the charge of units stays on the line, that of a repeated line
    leaves the claim with it. Manual where no side is named and both may be meant.
    Not evaluated when: never.
    """
    for lines in days(claim, tables):
        for line in lines:
            if (
                line.row.level in FURTHER
                and (line.units or 0) > 1
                and line.sides != BOTH
                and not takes_twice(line, lines, profile)
            ):
                yield Found(
                    line=line.number,
                    field="units",
                    message=f"{line.code} is billed x{line.units}; it is billed once a side.",
                    label="once a side",
                    fix=manual("Find out whether both sides were treated.")
                    if _may_be_both(line, lines)
                    else Fix("Bill 1 unit; the charge stays.", (SetUnits(line.number, 1),)),
                )
        for alike in _written_alike(lines):
            if alike[0].row.level not in FURTHER:
                continue
            allowed = 2 if takes_twice(alike[0], lines, profile) else 1
            for line in alike[allowed:]:
                yield Found(
                    line=line.number,
                    field="code",
                    others=(alike[0].number,),
                    message=f"{line.code} is billed on line {alike[0].number} already; it is billed"
                    " once a side.",
                    label="again",
                    fix=manual("Find out whether both sides were treated.")
                    if _may_be_both(line, lines)
                    else Fix(
                        f"Remove line {line.number}; its charge leaves the claim.",
                        (RemoveLine(line.number),),
                    ),
                )


@rule(
    "LV06",
    "thoracolumbar-pair",
    severity="info",
    tables=("codes",),
    sources=("S014", "S039"),
    since="0.1.0",
    variants={"ablation": "warning"},
)
def thoracolumbar_pair(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A lumbar add-on beside a thoracic first level: right for T12-L1 with L1-2 alone.

    Why it matters: contractors ask for this pair where the joint T12-L1 is treated together with
    L1-2; for any other joints it is wrong. The add-on file holds the pair for injections only.
    Fires: 64490-RT with 64494-RT
    Clean: 64493-RT with 64494-RT
    Correction: none. A line does not tell which joints it is for.
    Not evaluated when: never.
    """
    for lines in days(claim, tables):
        for line in lines:
            for first in _thoracolumbar(line, lines)[:1]:
                yield Found(
                    line=line.number,
                    field="code",
                    others=(first.number,),
                    message=f"{line.code} beside {first.code} is right for T12-L1 with L1-2 alone.",
                    label="confirm the joints",
                    variant="ablation" if line.row.kind == "ablation" else "",
                )


# --- parents --------------------------------------------------------------------------------------


def _parents(line: CodedLine, tables: Tables) -> Sequence[str]:
    row = tables.addons.on(line.date).get(line.code)
    return () if row is None else row.parents


def _orphans(lines: Sequence[CodedLine], claim: Claim, tables: Tables) -> Iterator[CodedLine]:
    """Add-ons of which no parent is billed on the day. A pair of LV06 is none."""
    billed = {line.code for line in lines}
    for line in lines:
        parents = _parents(line, tables)
        if (
            parents
            and not billed.intersection(parents)
            and not _thoracolumbar(line, lines)
            and not unjudged_firsts(claim, tables, line)
        ):
            yield line


def _thoracolumbar(line: CodedLine, lines: Sequence[CodedLine]) -> Sequence[CodedLine]:
    """The cervical-thoracic first levels that stand in for the lumbar one of an add-on."""
    return () if first_levels(lines, line.row) else thoracic_firsts(line, lines)


def _fits(line: CodedLine, firsts: Sequence[CodedLine]) -> bool:
    """Whether every side of the line is, or may be, one of the first levels'."""
    return line.sides <= sides_named(firsts) or not all(first.sides for first in firsts)


# --- levels ---------------------------------------------------------------------------------------


def _is_billed(row: CodeRow, line: CodedLine, lines: Sequence[CodedLine]) -> bool:
    """Whether another line is, or may be, of that code on one of the line's sides."""
    return any(
        other.code == row.code and other.number != line.number and overlap(line, other)
        for other in lines
    )


def _in_region_of(
    first: CodeRow, line: CodedLine, lines: Sequence[CodedLine], tables: Tables
) -> CodeRow | None:
    """The add-on of a first level's region in the place of one of the other, if it is free."""
    row = tables.level(first, line.row.level, line.date)
    if line.row.level == THIRD:
        second = tables.level(first, SECOND, line.date)
        if second is not None and not _is_billed(second, line, lines):
            row = second
    return None if row is None or _is_billed(row, line, lines) else row


def _skipped(line: CodedLine, lines: Sequence[CodedLine]) -> frozenset[Side] | None:
    """The sides of a third level that have a first level and no second; None where it is right.

    Empty for a line without a side, where no second level is billed at all.
    """
    if line.row.level != THIRD:
        return None
    firsts = [first for first in first_levels(lines, line.row) if overlap(line, first)]
    if not firsts:
        return None
    family = [other for other in lines if other.row.family == line.row.family]
    seconds = [other for other in family if other.row.level == SECOND]
    if not line.sides:
        return None if seconds else line.sides
    if not all(second.sides for second in seconds):
        return None
    skipped = line.sides - sides_named(seconds)
    if all(first.sides for first in firsts):
        skipped &= sides_named(firsts)  # a side without a first level is LA07's
    return skipped or None


def _second(line: CodedLine, tables: Tables) -> CodeRow:
    row = tables.level(line.row, SECOND, line.date)
    assert row is not None, "the tables hold all levels of a family"
    return row


def _replaced(line: CodedLine, moved: Mapping[CodedLine, CodeRow]) -> Fix:
    """The line's code replaced, and with it that of the same code's line for the other side.

    One side alone would leave the two with unlike codes, and each step in an error of its own.
    """
    row = moved[line]
    numbers = sorted(
        other.number
        for other, becomes in moved.items()
        if other is line
        or (other.code == line.code and becomes is row and not overlap(line, other))
    )
    where = "" if len(numbers) == 1 else f" on lines {' and '.join(map(str, numbers))}"
    return Fix(
        f"Replace {line.code} by {row.code}{where}.",
        tuple(SetCode(number, row.code) for number in numbers),
    )


def _free(line: CodedLine, lines: Sequence[CodedLine], tables: Tables) -> Sequence[CodeRow]:
    """The further levels of a first level's family that are not billed on the line's sides; of
    joints and nerves that are counted one by one, their add-on."""
    each = tables.level(line.row, EACH_FURTHER, line.date)
    if each is not None:
        return [each]
    levels = (tables.level(line.row, level, line.date) for level in FURTHER)
    return [row for row in levels if row is not None and not _is_billed(row, line, lines)]


def _level_for_line(
    further: int,
    line: CodedLine,
    lines: Sequence[CodedLine],
    tables: Tables,
    profile: Profile,
) -> Fix:
    """A repeated first level as the level after it; `further` such lines stand before it."""
    free = _free(line, lines, tables)
    if line.sides and line.units == 1 and free:
        row = free[0] if free[0].repeats else free[further] if further < len(free) else None
    else:
        row = None
    if row is None:
        return manual("Find out whether it is another level or the other side.")
    changes: list[Change] = [SetCode(line.number, row.code)]
    described = f"Replace {line.code} by {row.code}"
    if line.sides == BOTH and profile.bilateral(row, line.date) is Form.ADDON_TWICE:
        changes.append(SetModifiers(line.number, without_sides(line.modifiers)))
        changes.append(SetUnits(line.number, 2))
        described += ", twice and without a side"
    return Fix(f"{described}.", tuple(changes))


def _levels_for_units(line: CodedLine, lines: Sequence[CodedLine], tables: Tables) -> Fix:
    """A first level of several units as the first level and those after it."""
    free = _free(line, lines, tables)
    if not line.sides:
        return manual("Find out whether both sides or several levels were treated.")
    if line.units is None or line.line.charge is None:
        return manual("Find out how many levels were treated; the charge cannot be shared out.")
    further = line.units - 1
    if free and free[0].repeats:
        parts = [(free[0].code, further, further)]
    elif further > len(free) and (not free or free[-1].level != THIRD):
        return manual("Find out how many levels were treated: the further ones are billed already.")
    else:  # the third level is billed once, however many it stands for
        parts = [(level.code, 1, 1) for level in free[:further]]
        code, units, _ = parts[-1]
        parts[-1] = (code, units, further - len(parts) + 1)
    parts.insert(0, (line.code, 1, 1))
    charges = portions(line.line.charge, [weight for _, _, weight in parts])
    written = ", ".join(f"{code} x{units}" for code, units, _ in parts)
    return Fix(
        f"Bill {written}.",
        (
            SplitLine(
                line.number,
                tuple(
                    LinePart(code, line.modifiers, units, charge)
                    for (code, units, _), charge in zip(parts, charges, strict=True)
                ),
            ),
        ),
    )


def _may_be_both(line: CodedLine, lines: Sequence[CodedLine]) -> bool:
    """A line without a side that is not known to be of one side by its first level."""
    firsts = own_firsts(line, lines)
    one_sided = all(first.sides for first in firsts) and len(sides_named(firsts)) == 1
    return not line.sides and not one_sided


def _written_alike(lines: Sequence[CodedLine]) -> Iterator[Sequence[CodedLine]]:
    """Lines of one code that name the same sides in the same way, where there are several."""
    for same in by_code(lines):
        if len(same) == 1:
            continue
        groups: dict[frozenset[str], list[CodedLine]] = {}
        for line in same:
            groups.setdefault(written_sides(line), []).append(line)
        yield from (group for group in groups.values() if len(group) > 1)


def _words(sides: frozenset[Side]) -> str:
    return " and ".join(sorted(sides))
