"""UN: units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapter.changes import RemoveLine, SetUnits
from adapter.findings import Fix, Found, NotEvaluated, Reason, manual
from adapter.model import Claim, Facility, Side
from adapter.profiles import Form, Profile
from adapter.rules import Result, rule
from adapter.tables import CodedLine, MueRow, Tables

COUNT = "UN"
MINUTES = "MJ"
PER_LINE = "1"


@rule(
    "UN01",
    "units-exceed-mue",
    severity="error",
    applicability="suggested",
    tables=("mue",),
    sources=("S012", "S013", "S015"),
    since="0.1.0",
)
def units_exceed_mue(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """More units than the payer takes of the code in a day.

    Why it matters: above the MUE (medically unlikely edit) all units of the line or of the day are
    denied; for the facet levels it is absolute, no modifier lifts it.
    Fires: 64493-RT x2 under Medicare
    Clean: 64493-RT
    Correction: suggested. One line alone gets the limit, a line whose limit is none goes; where
    several lines add up to too many, which of them is wrong is not known.
    Not evaluated when: the payer is not known (payer-unknown), the limits of the day are not loaded
    (no-table), or units cannot be read (units-unknown).
    """
    reasons = set()
    for lines in _days(tables.spoken_lines(claim)):
        day = lines[0].date
        if not profile.is_known:
            reasons.add(Reason.PAYER_UNKNOWN)
        elif not profile.names_mue(day):
            continue
        elif not tables.mue.covers(day):
            reasons.add(Reason.NO_TABLE)
        else:
            row = tables.mue.on(day).get(lines[0].code)
            if row is None:
                continue
            limit, groups = _counted(row, lines, claim, profile)
            for group in groups:
                if sum(map(_units, group)) > limit:
                    yield _excess(row, limit, group)
                elif any(map(_is_missing, group)):
                    reasons.add(Reason.UNITS_UNKNOWN)
    yield from map(NotEvaluated, sorted(reasons))


def _days(lines: Sequence[CodedLine]) -> Iterator[Sequence[CodedLine]]:
    """The lines of each code and day; those billed by the minute have no units."""
    groups: dict[tuple[object, str], list[CodedLine]] = {}
    for line in lines:
        if not _is_timed(line):
            groups.setdefault((line.date, line.code), []).append(line)
    yield from groups.values()


def _counted(
    row: MueRow, lines: Sequence[CodedLine], claim: Claim, profile: Profile
) -> tuple[int, Sequence[Sequence[CodedLine]]]:
    """The limit, and the lines that it holds for together."""
    if row.mai == PER_LINE or row.units == 0:
        return row.units, [[line] for line in lines]
    if row.asc_doubled and claim.facility is Facility.ASC:
        return 2 * row.units, [lines]  # a facility cannot say both sides with 50
    if profile.bilateral(lines[0].row, lines[0].date) is Form.RT_LT_LINES:
        sides: dict[frozenset[Side], list[CodedLine]] = {}
        for line in lines:
            sides.setdefault(line.sides, []).append(line)
        return row.units, list(sides.values())
    return row.units, [lines]


def _units(line: CodedLine) -> int:
    """Those that can be counted; zero, negative and fractional ones are UN02's."""
    return line.units or 0


def _excess(row: MueRow, limit: int, group: Sequence[CodedLine]) -> Found:
    line = group[0]
    total = sum(map(_units, group))
    where = "on the line" if row.mai == PER_LINE else "on the day"
    return Found(
        line=line.number,
        field="units",
        others=tuple(other.number for other in group[1:]),
        message=f"{row.code} is billed x{total} {where}; the MUE is {limit}.",
        label="too many",
        fix=_remedy(limit, group),
    )


def _remedy(limit: int, group: Sequence[CodedLine]) -> Fix:
    (line, *others) = group
    if others:
        return manual("Find out which of the lines is right.")
    if limit == 0:
        return Fix(f"Remove {line.code}; it is never paid on its own.", (RemoveLine(line.number),))
    return Fix(f"Bill {limit}.", (SetUnits(line.number, limit),))


@rule(
    "UN02",
    "invalid-units",
    severity="error",
    applicability="manual",
    tables=("codes",),
    sources=("S037",),
    since="0.1.0",
)
def invalid_units(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """Units that are zero, negative, fractional, or not counted in UN.

    Why it matters: nothing is billed by such a line, or not what was done; payers reject it.
    Fires: 64493-RT x0
    Clean: 64493-RT x1
    Correction: manual. How much was done is not known.
    Not evaluated when: units are missing or cannot be read (units-unknown).
    """
    unknown = False
    for line in tables.spoken_lines(claim):
        basis, units = line.line.unit_basis, line.line.units
        if basis not in (COUNT, None) and not _is_timed(line):
            wrong, field = f"counted in {basis}, not in {COUNT}", "unit_basis"
        elif units is None or basis is None:
            unknown = True
            continue
        elif units <= 0:
            wrong, field = "zero" if units == 0 else "negative", "units"
        elif units % 1:
            wrong, field = "fractional", "units"
        else:
            continue
        yield Found(
            line=line.number,
            field=field,
            message=f"The units of {line.code} are {wrong}.",
            label=wrong,
            fix=manual("Bill what was done."),
        )
    if unknown:
        yield NotEvaluated(Reason.UNITS_UNKNOWN)


def _is_timed(line: CodedLine) -> bool:
    """Anesthesia is billed by the minute."""
    return line.row.role == "anesthesia" and line.line.unit_basis == MINUTES


def _is_missing(line: CodedLine) -> bool:
    return line.line.units is None or line.line.unit_basis is None
