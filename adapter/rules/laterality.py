"""LA: sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from adapter.changes import (
    Change,
    LinePart,
    MergeLines,
    RemoveLine,
    SetModifiers,
    SetUnits,
    SplitLine,
    halves,
)
from adapter.findings import Applicability, Fix, Found, NotEvaluated, Reason, manual
from adapter.model import BILATERAL, BOTH, SIDES, Claim, ServiceLine, Side, differing
from adapter.profiles import Form, Profile
from adapter.rules import Result, rule
from adapter.rules._lines import (
    FIRST,
    by_code,
    contradicts_itself,
    days,
    first_levels,
    is_bilateral,
    is_twice,
    overlap,
    sides_named,
    takes_twice,
    thoracic_firsts,
    twins,
    unjudged_firsts,
    with_50,
    with_side,
    without_sides,
    written_sides,
)
from adapter.rules._session import sessions
from adapter.tables import CodedLine, Tables


@rule(
    "LA01",
    "bilateral-with-side",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S018",),
    since="0.1.0",
)
def bilateral_with_side(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """50 together with RT or LT on one line.

    Why it matters: 50 says both sides, RT or LT one; payers deny it.
    Fires: 64493-50,RT
    Clean: 64493-50
    Correction: suggested. The side goes; a coder must know that two were done. Manual where another
    line of the code names the other side, or none: then each may be of one.
    Not evaluated when: never.
    """
    for lines in days(claim, tables):
        for line in filter(contradicts_itself, lines):
            sides = [m for m in line.modifiers if m in SIDES]
            named = " and ".join(dict.fromkeys(sides))
            kept = tuple(m for m in line.modifiers if m not in SIDES)
            yield Found(
                line=line.number,
                field=("modifiers", line.modifiers.index(sides[0])),
                message=f"{line.code} carries 50 together with {named}; 50 says both sides.",
                label="50 says both",
                fix=manual("Find out which of the lines is for which side.")
                if _is_disputed(line, lines)
                else Fix(f"Remove {named}.", (SetModifiers(line.number, kept),)),
            )


def _is_disputed(line: CodedLine, lines: Sequence[CodedLine]) -> bool:
    """Whether another line of the code names a side that this one does not, or none at all."""
    return any(
        other is not line
        and other.code == line.code
        and not frozenset() < written_sides(other) <= written_sides(line)
        for other in lines
    )


@rule(
    "LA02",
    "both-sides-on-one-line",
    severity="error",
    applicability="safe",
    tables=("codes",),
    sources=("S018", "S017"),
    since="0.1.0",
)
def both_sides_on_one_line(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """RT and LT on one line.

    Why it matters: a line with both is read as one of them, or rejected; each payer has a form for
    both sides, and this is none.
    Fires: 64493-RT,LT
    Clean: 64493-50
    Correction: safe. The payer's form; suggested where units of two may be one a side. Manual where
    other units leave it open, where the payer's form is not known, and where the add-on would lose
    its sides because its first level is not on both.
    Not evaluated when: never.
    """
    for lines in days(claim, tables):
        for line in lines:
            if line.sides == BOTH and BILATERAL not in line.modifiers:
                form = profile.bilateral(line.row, line.date)
                yield Found(
                    line=line.number,
                    field=("modifiers", line.modifiers.index("RT")),
                    message=f"{line.code} carries RT and LT; {_takes(form, profile)}.",
                    label="both sides",
                    fix=_both_sides(line, lines, form),
                )


@rule(
    "LA03",
    "missing-side",
    severity="warning",
    applicability="manual",
    tables=("codes",),
    sources=("S016",),
    since="0.1.0",
)
def missing_side(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A facet line without RT, LT or 50.

    Why it matters: the codes are of one side; without it a second session on the other side is
    taken for a duplicate, and many payers deny the line.
    Fires: 64493
    Clean: 64493-RT
    Correction: suggested where a Procedure documents the side, else manual: the note must tell it.
    An add-on that is billed twice beside a bilateral first level, for a payer that takes that form,
    has its sides.
    Not evaluated when: never.
    """
    documented = {session.day: session for session in sessions(claim, tables, profile)}
    for lines in days(claim, tables):
        for line in lines:
            if not line.sides and not takes_twice(line, lines, profile):
                session = documented.get(line.date)
                evidence = session.side_evidence(line) if session is not None else ()
                yield Found(
                    line=line.number,
                    field="code",
                    message=f"{line.code} names no side.",
                    label="RT, LT or 50?",
                    fix=session.fix()
                    if session is not None and evidence
                    else manual("Add the side that the note tells."),
                    evidence=evidence,
                )


@rule(
    "LA04",
    "bilateral-units",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S018", "S013"),
    since="0.1.0",
)
def bilateral_units(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """50 with units other than one, on a level that is billed once a side.

    Why it matters: 50 counts both sides already; two units say four, and are denied. Only where
    each joint is billed again do units count joints.
    Fires: 64493-50 x2
    Clean: 64493-50
    Correction: suggested. One unit; the charge stays.
    Not evaluated when: the units are missing.
    """
    for line in tables.facet_lines(claim):
        if BILATERAL not in line.modifiers or line.row.repeats:
            continue
        if line.units is None:
            yield NotEvaluated(Reason.UNITS_UNKNOWN)
        elif line.units > 1:
            yield Found(
                line=line.number,
                field="units",
                message=f"{line.code} carries 50 and x{line.units}; 50 counts both sides already.",
                label="expected 1",
                fix=Fix("Bill 1 unit; the charge stays.", (SetUnits(line.number, 1),)),
            )


@rule(
    "LA05",
    "bilateral-form",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S017", "S018", "S019", "S024"),
    since="0.1.0",
)
def bilateral_form(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """Both sides billed in a form that the payer does not take.

    Why it matters: two lines are two units where one line with 50 is asked for, and 50 is denied
    where a line for each side is; the forms differ by payer, date, and for add-ons.
    Fires: 64493-RT with 64493-LT under Medicare
    Clean: 64493-50 under Medicare; the two lines on an ASC facility claim
    Correction: safe where the lines name both sides, the payer is Medicare, and charges and
    pointers are equal; suggested where those differ, for an add-on billed twice without sides, and
    for other payers. None where the payer is not known, or where lines differ in more.
    Not evaluated when: never.
    """
    for lines in days(claim, tables):
        for same in by_code(lines):
            yield from _forms(same, lines, profile)


@rule(
    "LA06",
    "duplicate-side",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S013", "S018"),
    since="0.1.0",
)
def duplicate_side(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """Two lines of a level whose sides overlap but are written differently.

    Why it matters: the side that both name is billed twice, and denied.
    Fires: 64493-50 with 64493-RT
    Clean: 64493-50
    Correction: suggested. The line whose sides the other one holds goes, with its charge.
    Not evaluated when: never.
    """
    for lines in days(claim, tables):
        for same in by_code(lines):
            if len(same) < 2 or same[0].row.repeats:
                continue
            whole = _both_sides_line(same)
            sided = _one_sided(same)
            for line in same:
                if whole is not None:
                    holders = [whole] if _is_within(line, whole) else []
                else:  # a line without a side beside one for each
                    holders = [] if line.sides else list(_once_a_side(sided))
                if not holders:
                    continue
                numbers = " and ".join(str(holder.number) for holder in holders)
                named = " and ".join(sorted(line.sides)) or "no side"
                yield Found(
                    line=line.number,
                    field="code",
                    others=tuple(holder.number for holder in holders),
                    message=f"{line.code} is billed for both sides on line {numbers} already;"
                    f" this line names {named}.",
                    label="billed already",
                    fix=Fix(
                        f"Remove line {line.number}; its charge leaves the claim.",
                        (RemoveLine(line.number),),
                    ),
                )


def _both_sides_line(same: Sequence[CodedLine]) -> CodedLine | None:
    """The line for both sides that the others are held against: one with 50 alone before one with
    RT and LT, and that before one that carries 50 with a side."""
    both = [line for line in same if line.sides == BOTH]
    return min(
        both, key=lambda line: (contradicts_itself(line), len(written_sides(line))), default=None
    )


def _is_within(line: CodedLine, whole: CodedLine) -> bool:
    """Whether the sides of a line are billed on another for certain, written otherwise.

    Lines that are written alike are LV04's and LV05's.
    """
    written = written_sides(line)
    if written == written_sides(whole):
        return False
    if contradicts_itself(whole):  # of its sides only the one it names is certain: else LA01's
        return bool(written) and written <= written_sides(whole) - {BILATERAL}
    return True


@rule(
    "LA07",
    "add-on-side-not-in-primary",
    severity="error",
    applicability="manual",
    tables=("codes", "addons"),
    sources=("S014",),
    since="0.1.0",
)
def add_on_side_not_in_primary(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """An add-on on a side on which no first level was billed.

    Why it matters: each side begins with its first level; an add-on alone on a side is denied.
    Fires: 64493-RT with 64494-LT
    Clean: 64493-RT with 64494-RT
    Correction: manual. Which of the two lines has the wrong side or code is not known.
    Not evaluated when: never. A first level under a code that is not valid on the day is CV's.
    """
    for lines in days(claim, tables):
        for line in lines:
            firsts = _firsts(line, lines, tables)
            if not firsts or not all(first.sides for first in firsts):
                continue
            alone = line.sides - sides_named(firsts)
            if alone and not any(
                overlap(line, other) for other in unjudged_firsts(claim, tables, line)
            ):
                named = " and ".join(sorted(alone))
                codes = " or ".join(dict.fromkeys(first.code for first in firsts))
                yield Found(
                    line=line.number,
                    field="code",
                    others=tuple(first.number for first in firsts),
                    message=f"{line.code} is billed on {named}, where {codes} is not.",
                    label="no first level on this side",
                    fix=manual("Find out which line has the wrong side or code."),
                )


def _firsts(line: CodedLine, lines: Sequence[CodedLine], tables: Tables) -> Sequence[CodedLine]:
    """The first levels that an add-on with a side may stand beside, a T12-L1 pair's among them."""
    if not line.row.addon or not line.sides:
        return ()
    row = tables.addons.on(line.date).get(line.code)
    parents = row.parents if row is not None else ()
    pair = thoracic_firsts(line, lines)
    return [
        other
        for other in lines
        if other.row.level == FIRST and (other.code in parents or other in pair)
    ]


# --- the forms of LA02 and LA05 -------------------------------------------------------------------


def _takes(form: Form, profile: Profile) -> str:
    """What the payer takes, as the end of a sentence."""
    match form:
        case Form.MODIFIER_50:
            return f"{profile.id} takes one line with 50"
        case Form.RT_LT_LINES:
            return f"{profile.id} takes a line with RT and one with LT"
        case Form.ADDON_TWICE:
            return f"{profile.id} takes the add-on twice, without 50"
        case Form.UNKNOWN:
            return "how the payer takes both sides is not known"


def _both_sides(line: CodedLine, lines: Sequence[CodedLine], form: Form) -> Fix:
    """RT and LT on one line, in the payer's form."""
    sure = line.units == 1
    if not sure and (line.units != 2 or line.row.repeats):
        return manual("Find out how many units belong to each side.")
    applicability = Applicability.SAFE if sure else Applicability.SUGGESTED
    match form:
        case Form.MODIFIER_50:
            changes: list[Change] = [SetModifiers(line.number, with_50(line.modifiers))]
            if not sure:
                changes.append(SetUnits(line.number, 1))
            return Fix("Replace RT and LT by 50.", tuple(changes), applicability)
        case Form.RT_LT_LINES:
            return _split(line, 1, applicability)
        case Form.ADDON_TWICE:
            if not is_bilateral(line, lines):
                return manual("Find out on which sides the first level was done.")
            if not any(first.sides == BOTH for first in first_levels(lines, line.row)):
                applicability = Applicability.SUGGESTED  # its own lines are to be corrected too
            changes = [SetModifiers(line.number, without_sides(line.modifiers))]
            if sure:
                changes.append(SetUnits(line.number, 2))
            return Fix("Bill 2 units without a side.", tuple(changes), applicability)
        case Form.UNKNOWN:
            return manual("Find out how the payer takes both sides.")


def _forms(
    same: Sequence[CodedLine], lines: Sequence[CodedLine], profile: Profile
) -> Iterator[Found]:
    """What LA05 says of the lines of one code and day."""
    form = profile.bilateral(same[0].row, same[0].date)
    sided = _one_sided(same)
    fifty = [line for line in same if BILATERAL in line.modifiers]
    twice = [line for line in same if is_twice(line, lines)]
    if form is Form.UNKNOWN:
        spoken = _once_a_side(sided) or fifty[:1] or twice
        if spoken:
            first, *others = spoken
            yield Found(
                line=first.number,
                field=_side_field(first),
                others=tuple(line.number for line in others),
                message=f"{first.code} is billed for both sides; {_takes(form, profile)}.",
                label="right for some payers",
            )
        return
    if form is Form.MODIFIER_50:
        if sided:
            yield _two_lines(sided, form, profile)
    else:
        for line in fifty:
            yield _fifty(line, lines, form, profile)
    if twice and form is not Form.ADDON_TWICE:
        yield _unsided(twice, form, profile)


def _one_sided(same: Sequence[CodedLine]) -> Sequence[CodedLine]:
    """RT lines and LT lines of one code, where there are both; in claim order.

    Beside a line for both sides of a level that is billed once, they are LA06's.
    """
    if not same[0].row.repeats and any(line.sides == BOTH for line in same):
        return ()
    found = [line for line in same if len(line.sides) == 1]
    return found if sides_named(found) == BOTH else ()


def _once_a_side(sided: Sequence[CodedLine]) -> Sequence[CodedLine]:
    """Of a level that is billed once a side, the first line of each side that bills it once.

    The others are LV04's and LV05's, which must not be silenced.
    """
    if not sided or sided[0].row.repeats:
        return sided
    firsts: dict[frozenset[Side], CodedLine] = {}
    for line in sided:
        firsts.setdefault(line.sides, line)
    return [line for line in firsts.values() if (line.units or 1) == 1]


def _pairs_up(sided: Sequence[CodedLine]) -> bool:
    """Whether each RT line has its LT line, once each where the level is billed once a side."""
    rights = sum(Side.RIGHT in line.sides for line in sided)
    return 2 * rights == len(sided) and (
        sided[0].row.repeats or all((line.units or 1) == 1 for line in sided)
    )


_Value: TypeAlias = Callable[[ServiceLine], object]

_ALWAYS: Sequence[tuple[str, _Value]] = (
    ("units", lambda line: (line.units, line.unit_basis)),
    ("place of service", lambda line: line.place_of_service),
    ("last days of service", lambda line: line.date_end),
    ("other modifiers", lambda line: sorted(without_sides(line.modifiers))),
)
_READ: Sequence[tuple[str, _Value]] = (
    ("rendering provider", lambda line: line.rendering),
    ("authorizations", lambda line: line.authorizations),
    ("notes", lambda line: line.notes),
)
"""What two lines must share to become one, by the name that a person is told."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """An RT and an LT line that may become one; the first in the claim is kept."""

    kept: ServiceLine
    dropped: ServiceLine

    @property
    def obstacle(self) -> str:
        """Why no correction is offered, or nothing; names of what differs only, never values."""
        one, other = self.kept, self.dropped
        if one.adjudications or other.adjudications:
            return "another payer has adjudicated one of the lines"
        differ = differing(one.attachments, other.attachments)
        read = () if differ else _READ  # what was read from such a segment is not named again
        for name, value in (*_ALWAYS, *read):
            if value(one) != value(other):
                differ.add(name)
        if not differ:
            return ""
        return f"{', '.join(sorted(differ))} of lines {one.number} and {other.number} differ"

    @property
    def is_equal(self) -> bool:
        one, other = self.kept, self.dropped
        return one.charge is not None and (one.charge, one.pointers) == (
            other.charge,
            other.pointers,
        )


def _two_lines(sided: Sequence[CodedLine], form: Form, profile: Profile) -> Found:
    """RT and LT lines where the payer takes one line with 50."""
    pairs_up = _pairs_up(sided)
    first, *others = (sided if pairs_up else _once_a_side(sided)) or sided
    fix = (
        _merged(sided, profile)
        if pairs_up
        else manual("The sides are not billed alike: find out how often each was done.")
    )
    controlled = {line.number for line in sided if line.line.control_number}
    return Found(
        line=first.number,
        field=_side_field(first),
        others=tuple(line.number for line in others),
        message=f"{first.code} is billed on RT and LT lines; {_takes(form, profile)}.",
        label="one side",
        fix=fix,
        notes=tuple(
            f"Where lines {merge.kept} and {merge.dropped} become one, the line control number of"
            " the other goes: what is posted by it must expect one line."
            for merge in fix.changes
            if isinstance(merge, MergeLines) and merge.dropped in controlled
        ),
    )


def _merged(sided: Sequence[CodedLine], profile: Profile) -> Fix:
    if any(line.units is None for line in sided):
        return manual("Find out how many units were done.")
    rights = [line for line in sided if Side.RIGHT in line.sides]
    lefts = [line for line in sided if Side.LEFT in line.sides]
    pairs = []
    for both in zip(rights, lefts, strict=True):
        kept, dropped = sorted(both, key=sided.index)
        pairs.append(_Pair(kept.line, dropped.line))
    for each in pairs:
        if each.obstacle:
            return manual(f"Not merged: {each.obstacle}.")
    changes: list[Change] = []
    for each in pairs:
        changes.append(MergeLines(each.kept.number, each.dropped.number))
        changes.append(SetModifiers(each.kept.number, with_50(each.kept.modifiers)))
    safe = profile.safe_bilateral and all(each.is_equal for each in pairs)
    why = "" if all(each.is_equal for each in pairs) else " Their charges or pointers differ."
    merged = "; ".join(f"line {each.dropped.number} into {each.kept.number}" for each in pairs)
    return Fix(
        f"Merge {merged}: 50, charges added.{why}",
        tuple(changes),
        Applicability.SAFE if safe else Applicability.SUGGESTED,
    )


def _fifty(line: CodedLine, lines: Sequence[CodedLine], form: Form, profile: Profile) -> Found:
    """50 where the payer takes something else."""
    fix: Fix | None
    if contradicts_itself(line):
        fix = None  # LA01 comes first
    elif line.units is None:
        fix = manual("Find out how many units were done.")
    elif not line.row.repeats and line.units != 1:
        fix = None  # LA04 comes first
    elif not line.row.repeats and any(o.code == line.code and o is not line for o in lines):
        fix = manual("Correct the other lines of the code first.")
    elif form is Form.RT_LT_LINES:
        safe = Applicability.SAFE if profile.safe_bilateral else Applicability.SUGGESTED
        fix = _split(line, line.units, safe)
    elif not is_bilateral(line, lines):
        fix = manual("Find out on which sides the first level was done.")
    else:
        fix = Fix(
            f"Remove 50 and bill {2 * line.units} units.",
            (
                SetModifiers(line.number, without_sides(line.modifiers)),
                SetUnits(line.number, 2 * line.units),
            ),
        )
    return Found(
        line=line.number,
        field=("modifiers", line.modifiers.index(BILATERAL)),
        message=f"{line.code} carries 50; {_takes(form, profile)}.",
        label="another form",
        fix=fix,
    )


def _unsided(twice: Sequence[CodedLine], form: Form, profile: Profile) -> Found:
    """An add-on billed twice without sides, where the payer takes 50 or a line for each side."""
    first, *others = twice
    return Found(
        line=first.number,
        field="units" if first.units != 1 else "code",
        others=tuple(line.number for line in others),
        message=f"{first.code} is billed twice beside both sides of its first level;"
        f" {_takes(form, profile)}.",
        label="twice",
        fix=_sided(twice, form),
    )


def _sided(twice: Sequence[CodedLine], form: Form) -> Fix:
    first, *others = twice
    if not others and first.units is not None:
        units = first.units // 2
        if form is Form.RT_LT_LINES:
            return _split(first, units, Applicability.SUGGESTED)
        return Fix(
            f"Bill 50 x{units}.",
            (SetModifiers(first.number, with_50(first.modifiers)), SetUnits(first.number, units)),
        )
    if len(others) != 1 or twins(first, twice) != list(twice):
        return manual("Find out which lines are for which side.")
    (second,) = others
    if form is Form.RT_LT_LINES:
        return Fix(
            f"RT on line {first.number}, LT on line {second.number}.",
            (
                SetModifiers(first.number, with_side(first.modifiers, Side.RIGHT)),
                SetModifiers(second.number, with_side(second.modifiers, Side.LEFT)),
            ),
        )
    return Fix(
        f"Merge line {second.number} into {first.number}: 50, charges added.",
        (
            MergeLines(first.number, second.number),
            SetModifiers(first.number, with_50(first.modifiers)),
        ),
    )


def _split(line: CodedLine, units: int, applicability: Applicability) -> Fix:
    """A line with RT and one with LT, of that many units each; the charge halved."""
    if line.line.charge is None:
        return manual("Bill a line for each side; the charge cannot be read.")
    charges = halves(line.line.charge)
    parts = tuple(
        LinePart(line.code, with_side(line.modifiers, side), units, charge)
        for side, charge in zip((Side.RIGHT, Side.LEFT), charges, strict=True)
    )
    return Fix(
        "Split into an RT and an LT line, half of the charge each.",
        (SplitLine(line.number, parts),),
        applicability,
    )


def _side_field(line: CodedLine) -> tuple[str, int] | str:
    """Where the line names its side; its code where it names none."""
    for index, modifier in enumerate(line.modifiers):
        if modifier == BILATERAL or modifier in SIDES:
            return "modifiers", index
    return "code"
