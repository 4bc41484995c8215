"""CV: the code on its date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from adapter.changes import SetCode
from adapter.findings import Fix, Found, manual
from adapter.model import Claim, ServiceLine
from adapter.profiles import Profile
from adapter.rules import Result, rule
from adapter.rules._recount import IMAGING, OldLine, corrections
from adapter.rules._session import sessions
from adapter.tables import CodeRow, Tables

_OWN_IMAGING = (
    "The earlier codes were billed without imaging: fluoroscopy or CT had a line of its own."
)


_DOCUMENTED = "What the lines become is what is documented, the sides too."


@dataclass(frozen=True, slots=True)
class _Invalid:
    """A line whose code is not valid on its date; `row` is the code's nearest window."""

    line: ServiceLine
    day: date
    row: CodeRow
    state: Literal["deleted", "early", "never"]


@rule(
    "CV01",
    "deleted-code",
    severity="error",
    applicability="suggested",
    tables=("codes", "crosswalk"),
    sources=("S002", "S003", "S004", "S005", "S009"),
    since="0.1.0",
)
def deleted_code(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A code after its last day.

    Why it matters: payers reject a deleted code. Its successor counts other things, so it cannot
    be exchanged line by line: further levels became a second and a third one, nerves became joints.
    Fires: 64475-LT with 64476-LT x3 on 2024-01-15
    Clean: 64475-LT with 64476-LT x3 on 2009-12-31
    Correction: suggested. All old lines of a day, region and side are counted together; where a
    Procedure documents what was done, they become that. Manual where neither says what they became:
    a destruction line alone does not.
    Not evaluated when: never.
    """
    old = [
        OldLine(each.line, each.day, each.row, tables.crosswalk.on(each.day).get(each.line.code))
        for each in _invalid(claim, tables)
        if each.state == "deleted"
    ]
    fixes = corrections(old, tables.facet_lines(claim), tables)
    evidence: dict[int, tuple[str, ...]] = {}
    for session in sessions(claim, tables, profile):
        for number, (fix, places) in session.replaced(fixes, claim).items():
            fixes[number], evidence[number] = fix, places
    for each in old:
        recounted = each.walk is not None and each.walk.recount != "units"
        yield Found(
            line=each.number,
            field="code",
            message=f"{each.line.code} is not valid after {each.row.end}.",
            label="deleted",
            fix=fixes[each.number],
            notes=(_DOCUMENTED,) if each.number in evidence else (IMAGING,) if recounted else (),
            evidence=evidence.get(each.number, ()),
        )


@rule(
    "CV02",
    "code-not-yet-effective",
    severity="error",
    applicability="suggested",
    tables=("codes", "crosswalk"),
    sources=("S002", "S004", "S006", "S007"),
    since="0.1.0",
)
def code_not_yet_effective(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A code before its first day.

    Why it matters: payers reject a code on a day on which it was not yet in force.
    Fires: 64493-RT on 2009-12-31
    Clean: 64493-RT on 2010-01-01
    Correction: suggested where the code of that day is certain: one level of an injection from
    2000 to 2009, and none of the day's lines a third level, which stands for several. Manual
    elsewhere.
    Not evaluated when: never.
    """
    early = [each for each in _invalid(claim, tables) if each.state == "early"]
    walks = [tables.crosswalk.on(each.day).get(each.line.code) for each in early]
    unsure = {  # all lines of a family and day are replaced, or none
        (each.day, each.row.family)
        for each, walk in zip(early, walks, strict=True)
        if walk is None
        or walk.recount != "levels"
        or walk.successor not in tables.codes.on(each.day)
        or each.line.units != 1
    }
    for each, walk in zip(early, walks, strict=True):
        line = each.line
        certain = (each.day, each.row.family) not in unsure
        yield Found(
            line=line.number,
            field="code",
            message=f"{line.code} is not valid before {each.row.start}.",
            label="not yet a code",
            fix=Fix(
                f"Replace {line.code} by {walk.successor}.",
                (SetCode(line.number, walk.successor),),
            )
            if walk is not None and certain
            else manual("Code the service with what was in force on its day."),
            notes=(_OWN_IMAGING,) if certain else (),
        )


@rule(
    "CV03",
    "unknown-code",
    severity="error",
    applicability="manual",
    tables=("codes",),
    sources=("S033",),
    since="0.1.0",
)
def unknown_code(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A number inside the ranges of the old facet codes that never was a code.

    Why it matters: the old codes are quoted as ranges, which hold numbers that were never issued;
    payers reject them.
    Fires: 64471-RT
    Clean: 64490-RT
    Correction: manual. Nothing says which service was meant.
    Not evaluated when: never.
    """
    for each in _invalid(claim, tables):
        if each.state == "never":
            yield Found(
                line=each.line.number,
                field="code",
                message=f"{each.line.code} never was a code.",
                label="never a code",
                fix=manual("Code the service from the procedure note."),
            )


def _invalid(claim: Claim, tables: Tables) -> Iterator[_Invalid]:
    """The lines that CV speaks of. Drugs and supplies matter beside a facet code alone."""
    reading = tables.read(claim)
    for line in reading.expired:
        assert line.date is not None, "undated lines are not among them"
        history = tables.codes.history(line.code)
        if reading.only_lookalikes and history[0].role not in ("facet", "lookalike"):
            continue
        past = [row for row in history if row.end < line.date]
        if history[0].never:
            yield _Invalid(line, line.date, history[0], "never")
        elif past:
            yield _Invalid(line, line.date, past[-1], "deleted")
        else:
            yield _Invalid(line, line.date, history[0], "early")
