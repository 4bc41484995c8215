"""LV: levels and add-ons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapter.changes import LinePart, RemoveLine, SetCode, SetUnits, SplitLine, portions
from adapter.findings import Fix, Found, manual
from adapter.model import BILATERAL, BOTH, Claim, Side
from adapter.profiles import Profile
from adapter.rules import Result, rule
from adapter.rules._lines import (
    FIRST,
    by_code,
    days,
    first_levels,
    is_bilateral,
    overlap,
    takes_twice,
)
from adapter.tables import CodedLine, CodeRow, Level, Tables

EACH_FURTHER: Level = "+"
FURTHER: tuple[Level, ...] = ("2", "3")  # once a side each; the third stands for all beyond it


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
    Not evaluated when: never.
    """
    for lines in days(claim, tables):
        for line in _orphans(lines, tables):
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
    Correction: suggested. The add-on of the first level's region, the next one that is not billed
    yet; which of the two regions was treated is for the note to tell.
    Not evaluated when: never.
    """
    for lines in days(claim, tables):
        for line in _orphans(lines, tables):
            for first in _other_region(line, lines):
                row = _next_level(first.row, line, lines, tables)
                yield Found(
                    line=line.number,
                    field="code",
                    others=(first.number,),
                    message=f"{line.code} is no add-on of {first.code}: the regions differ.",
                    label="of the other region",
                    fix=manual("Find out which region was treated, and at how many levels.")
                    if row is None
                    else Fix(
                        f"Replace {line.code} by {row.code}.", (SetCode(line.number, row.code),)
                    ),
                )
                break


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
    Correction: suggested. The second-level code, where no side of the line has one.
    Not evaluated when: never.
    """
    for lines in days(claim, tables):
        for line in lines:
            if line.row.level != "3" or not _beside(line, first_levels(lines, line.row)):
                continue
            seconds = [x for x in lines if x.row.family == line.row.family and x.row.level == "2"]
            skipped = line.sides.difference(*(second.sides for second in seconds))
            if (line.sides and not skipped) or any(not second.sides for second in seconds):
                continue
            if not line.sides and seconds:
                continue
            row = tables.level(line.row, "2", line.date)
            assert row is not None, "the tables hold all levels of a family"
            yield Found(
                line=line.number,
                field="code",
                message=f"{line.code} is a third level, and {row.code} is not billed"
                + ("." if skipped == line.sides else f" on {_words(skipped)}."),
                label="second level skipped",
                fix=Fix(f"Replace {line.code} by {row.code}.", (SetCode(line.number, row.code),))
                if skipped == line.sides
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
            for line in alike[1:]:
                row = _next_level(line.row, line, lines, tables) if line.sides else None
                yield Found(
                    line=line.number,
                    field="code",
                    others=(alike[0].number,),
                    message=f"{line.code} is a first level and is billed on line"
                    f" {alike[0].number} already.",
                    label="again",
                    fix=manual("Find out whether it is another level or the other side.")
                    if row is None
                    else Fix(
                        f"Replace {line.code} by {row.code}.", (SetCode(line.number, row.code),)
                    ),
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
    leaves the claim with it. Manual where both sides may be meant.
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
                    if not line.sides and is_bilateral(lines, line.row)
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
                    if not line.sides and is_bilateral(lines, line.row)
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
    sources=("S014", "S022"),
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
            first = _thoracic_first(line, lines)
            if first is not None:
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


def _orphans(lines: Sequence[CodedLine], tables: Tables) -> Iterator[CodedLine]:
    """Add-ons of which no parent is billed on the day. A pair of LV06 is none."""
    billed = {line.code for line in lines}
    for line in lines:
        parents = _parents(line, tables)
        if parents and not billed.intersection(parents) and not _thoracic_first(line, lines):
            yield line


def _other_region(line: CodedLine, lines: Sequence[CodedLine]) -> Iterator[CodedLine]:
    """First levels of the same kind in the other region."""
    for other in lines:
        if (
            other.row.level == FIRST
            and (other.row.kind, other.row.guidance) == (line.row.kind, line.row.guidance)
            and other.row.region != line.row.region
        ):
            yield other


def _thoracic_first(line: CodedLine, lines: Sequence[CodedLine]) -> CodedLine | None:
    """The cervical-thoracic first level that stands in for the lumbar one of an add-on."""
    if (
        line.row.region != "LS"
        or line.row.guidance != "fluoro-ct"
        or line.row.level not in ("2", EACH_FURTHER)
        or first_levels(lines, line.row)
    ):
        return None
    return next(_other_region(line, lines), None)


# --- levels ---------------------------------------------------------------------------------------


def _beside(line: CodedLine, others: Sequence[CodedLine]) -> bool:
    return any(overlap(line, other) for other in others)


def _free(
    row: CodeRow, line: CodedLine, lines: Sequence[CodedLine], tables: Tables
) -> list[CodeRow]:
    """The further levels of a family that are not billed on the line's sides; of joints and nerves
    that are counted one by one, their add-on."""
    each = tables.level(row, EACH_FURTHER, line.date)
    if each is not None:
        return [each]
    levels = (tables.level(row, level, line.date) for level in FURTHER)
    return [
        level
        for level in levels
        if level is not None
        and not any(
            other.code == level.code and other.number != line.number and overlap(line, other)
            for other in lines
        )
    ]


def _next_level(
    row: CodeRow, line: CodedLine, lines: Sequence[CodedLine], tables: Tables
) -> CodeRow | None:
    return next(iter(_free(row, line, lines, tables)), None)


def _levels_for_units(line: CodedLine, lines: Sequence[CodedLine], tables: Tables) -> Fix:
    """A first level of several units as the first level and those after it."""
    free = _free(line.row, line, lines, tables)
    if not line.sides or line.units is None or line.line.charge is None:
        return manual("Find out whether both sides or several levels were treated.")
    further = line.units - 1
    if free and free[0].repeats:
        parts = [(free[0].code, further, further)]
    elif further > len(free) and (not free or free[-1].level != "3"):
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


def _written_alike(lines: Sequence[CodedLine]) -> Iterator[Sequence[CodedLine]]:
    """Lines of one code that name the same sides in the same way, where there are several."""
    for same in by_code(lines):
        groups: dict[tuple[object, bool], list[CodedLine]] = {}
        for line in same:
            groups.setdefault((line.sides, BILATERAL in line.modifiers), []).append(line)
        yield from (group for group in groups.values() if len(group) > 1)


def _words(sides: frozenset[Side]) -> str:
    return " and ".join(sorted(sides))
