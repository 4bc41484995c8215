"""What was billed on a day held against what was documented of it.

Both are counted alike: units by kind, region and side, in the codes of the day. Where they differ
one correction bills what is documented, whichever rule speaks of the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Literal

from adapter.changes import (
    Change,
    LinePart,
    MergeLines,
    RemoveLine,
    SetCode,
    SetModifiers,
    SetUnits,
    SplitLine,
    applied,
)
from adapter.coder import (
    WITHHELD,
    Act,
    Counted,
    DerivedLine,
    Documented,
    Imaging,
    documented,
    intent_of,
    lines_of,
)
from adapter.findings import Applicability, Field, Fix, manual
from adapter.intent import of_line
from adapter.model import (
    BILATERAL,
    BOTH,
    SIDES,
    Claim,
    Intent,
    Procedure,
    ServiceLine,
    Side,
    Status,
    sides_of,
)
from adapter.modifiers import DISCONTINUED, ordered
from adapter.profiles import Profile
from adapter.rules._lines import is_twice, without_sides
from adapter.tables import CodedLine, Tables

Facts = Literal["targets", "guidance", "code", "status", "sides"]

_OTHER_FAMILIES = ("destruction", "unlisted")
"""Roles of codes that are billed where a facet code is meant."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One line, or the claim (None), that is not as documented; `rule` is the one to tell it.

    `remedy` is what a person has to do where no correction can be derived.
    """

    rule: str
    line: int | None
    message: str
    label: str = ""
    field: Field | None = "code"
    evidence: tuple[str, ...] = ()
    remedy: str = ""


def sessions(claim: Claim, tables: Tables, profile: Profile) -> Sequence[Session]:
    """The days of a claim on which something of ours was billed or documented, in order.

    The last claim's are remembered: several rules ask for them.
    """
    global _last
    known, looked_up, by, found = _last
    if known is not claim or looked_up is not tables or by is not profile:
        found = tuple(_sessions(claim, tables, profile))
        _last = claim, tables, profile, found
    return found


def _sessions(claim: Claim, tables: Tables, profile: Profile) -> Iterator[Session]:
    if not claim.procedures:
        return
    days = {line.date for line in claim.lines}
    only = next(iter(days)) if len(days) == 1 else None
    by_day: dict[date, list[Procedure]] = {}
    for each in claim.procedures:
        day = each.date or only
        for known in days if day is None else (day,):  # what is not at hand may be of any day
            if known is not None and known in days:
                by_day.setdefault(known, []).append(each)
    reading = tables.read(claim)
    for day in sorted(by_day):
        if any(map(tables.is_facet, by_day[day])) or any(
            part.blocking for each in by_day[day] for part in each.not_read
        ):
            yield Session(
                day,
                tuple(by_day[day]),
                tuple(line for line in reading.facet if line.date == day),
                tuple(
                    line
                    for line in reading.spoken
                    if line.date == day and line.row.role in _OTHER_FAMILIES
                ),
                tuple(
                    line
                    for line in reading.expired
                    if line.date == day and tables.codes.history(line.code)[0].role == "facet"
                ),
                bool(reading.undated),
                claim.has_siblings,
                tables,
                profile,
            )


def intent_of_line(
    claim: Claim, line: CodedLine, tables: Tables, profile: Profile
) -> tuple[Intent | None, tuple[str, ...]]:
    """What an injection was for, by its documentation and the notes; and the places of the
    documentation that say so."""
    documented_: Intent | None = None
    evidence: tuple[str, ...] = ()
    for session in sessions(claim, tables, profile):
        if session.day == line.date:
            documented_, evidence = session.intent_of(line)
    told = of_line(claim, line.line, documented_)
    return told, evidence if told is not None else ()


@dataclass(frozen=True)
class Session:
    """One day of a claim: what was billed in facet codes (`lines`), in others that are taken for
    them (`others`), in facet codes that are not valid on the day (`expired`), and what was
    documented."""

    day: date
    procedures: tuple[Procedure, ...]
    lines: tuple[CodedLine, ...]
    others: tuple[CodedLine, ...]
    expired: tuple[ServiceLine, ...]
    has_undated: bool
    has_siblings: bool  # another claim of the patient is at hand: what is missing may be on it
    tables: Tables
    profile: Profile

    @cached_property
    def found(self) -> Documented:
        return documented(
            self.procedures, self.day, self.tables, self.profile, self._unsaid_imaging
        )

    @property
    def _unsaid_imaging(self) -> Imaging:
        """Imaging that is not documented is taken as billed: DC01 says that it is missing."""
        billed = {line.row.guidance for line in self.lines}
        return "ultrasound" if billed == {"ultrasound"} else "fluoro-ct"

    @property
    def is_comparable(self) -> bool:
        """Whether all of it is known. A line whose code is not valid on its day is CV's."""
        return self.found.is_whole and not self.expired and not self.has_undated

    @cached_property
    def wanted(self) -> Sequence[DerivedLine] | None:
        """The lines for what is documented; None where they are not known as a whole."""
        lines, remarks = lines_of(self.found, self.tables, self.profile)
        if not self.found.is_whole or any(remark.cause in WITHHELD for remark in remarks):
            return None
        return lines

    # --- differences ----------------------------------------------------------------------------

    @cached_property
    def differences(self) -> Sequence[Difference]:
        """Where billed and documented differ, each with the rule that tells it."""
        if not self.is_comparable:
            return ()
        return (*self._of_kinds(), *self._unbilled())

    @cached_property
    def _billed_kinds(self) -> Mapping[str, list[CodedLine]]:
        kinds: dict[str, list[CodedLine]] = {}
        for line in self.lines:
            kinds.setdefault(line.row.kind, []).append(line)
        return kinds

    @cached_property
    def _unclaimed(self) -> frozenset[str]:
        """Kinds that are documented, and billed by no line of theirs."""
        kinds: set[str] = {level.row.kind for level in self.found.levels}
        claimed = set(self._billed_kinds)
        if self.found.unlisted:
            kinds.add("unlisted")
            if any(line.row.role == "unlisted" for line in self.others):
                claimed.add("unlisted")
        return frozenset(kinds - claimed)

    def _of_kinds(self) -> Iterator[Difference]:
        for kind, lines in self._billed_kinds.items():
            levels = [level for level in self.found.levels if level.row.kind == kind]
            if not levels:
                yield from self._without_levels(kind, lines)
                continue
            if self._is_as_much(lines, levels):
                yield from self._codes(lines, levels)
            else:
                yield from self._guidance(lines, levels)
                yield from self._regions(kind, lines, levels)
            yield from self._stopped(lines, levels)

    def _is_as_much(self, lines: Sequence[CodedLine], levels: Sequence[Counted]) -> bool:
        """Whether as much is billed on each side as is documented, in whatever codes."""
        done = _totals(levels)
        billed: dict[Side, int] = {}
        for line in lines:
            for side in self._billed_sides(line) or (done.keys() if len(done) == 1 else ()):
                units = None if line.units is None else self._units_on(line, side, done)
                if units is None:
                    return False
                billed[side] = billed.get(side, 0) + units
        return billed == done

    def _codes(self, lines: Sequence[CodedLine], levels: Sequence[Counted]) -> Iterator[Difference]:
        """Codes that the documented joints do not come to, though their number is right."""
        known = {level.row.code for level in levels}
        billed = {line.code for line in lines}
        missing = [level.row for level in levels if level.row.code not in billed]
        for line in lines:
            if line.code in known or not missing:
                continue
            named = _listed(dict.fromkeys(row.code for row in missing))
            of_imaging = any(
                row.guidance != line.row.guidance and row.region == line.row.region
                for row in missing
            )
            if of_imaging and not _is_imaging_said(levels):
                continue
            fact: Facts = "guidance" if of_imaging else "targets"
            yield Difference(
                "DC06" if of_imaging else "DC05",
                line.number,
                f"{line.code} is billed; what is documented comes to {named}.",
                "imaging differs" if of_imaging else "other joints are documented",
                evidence=_acts_places((act for level in levels for act in level.acts), fact),
            )

    def _stopped(
        self, lines: Sequence[CodedLine], levels: Sequence[Counted]
    ) -> Iterator[Difference]:
        """53 where what was done was completed, or none where it was stopped."""
        for line in lines:
            own = [level for level in levels if level.row.code == line.code]
            carries = DISCONTINUED in line.modifiers
            if own and all(level.stopped is not carries for level in own):
                told = "53 says stopped" if carries else "it carries no 53"
                done = "completed" if carries else "stopped"
                yield Difference(
                    "DC07",
                    line.number,
                    f"{line.code}: {told}, and the procedure was {done}.",
                    f"{done}, by the documentation",
                    evidence=_acts_places((act for level in own for act in level.acts), "status"),
                )

    def _without_levels(self, kind: str, lines: Sequence[CodedLine]) -> Iterator[Difference]:
        """Lines of a kind of which no level is documented."""
        acts = [act for act in self.found.acts if act.kind == kind]
        for line in lines:
            if self._unclaimed:
                yield Difference(
                    "DC07",
                    line.number,
                    f"{line.code} is billed; {self._techniques()} is documented.",
                    "another technique is documented",
                    evidence=_places(self.procedures, "code"),
                )
            elif any(act.imaging == "none" for act in acts) or (
                acts and line.row.guidance != "ultrasound" and _under_ultrasound(acts)
            ):
                yield Difference(
                    "DC06",
                    line.number,
                    f"{line.code} holds fluoroscopy or CT; the documentation tells of none.",
                    "imaging differs",
                    evidence=_places((act.procedure for act in acts), "guidance"),
                    remedy="See which imaging was used: without any, no facet code is right.",
                )
            elif acts:  # nerves that complete no joint
                yield Difference(
                    "DC02",
                    line.number,
                    f"{line.code} stands for a joint; the documented nerves complete none.",
                    "no joint is documented",
                    evidence=_places((act.procedure for act in acts), "targets"),
                    remedy="See which nerves were treated: one alone is no joint.",
                )
            else:
                yield Difference(
                    "DC09",
                    line.number,
                    f"No procedure is documented for {line.code}, though others on the claim are.",
                    "not documented",
                    evidence=tuple(filter(None, (each.place for each in self.procedures))),
                    remedy="Find the documentation, or take the line off.",
                )

    def _techniques(self) -> str:
        named = sorted(
            {
                technique
                for act in self.found.acts
                if act.kind in self._unclaimed
                for technique in act.procedure.techniques
            }
        )
        return " and ".join(named) if named else "another service"

    def _guidance(
        self, lines: Sequence[CodedLine], levels: Sequence[Counted]
    ) -> Iterator[Difference]:
        held = {level.row.guidance for level in levels}
        if not _is_imaging_said(levels):
            return
        for line in lines:
            if line.row.guidance not in held:
                named = "ultrasound" if "ultrasound" in held else "fluoroscopy or CT"
                yield Difference(
                    "DC06",
                    line.number,
                    f"{line.code} is billed; {named} is documented as the imaging.",
                    "imaging differs",
                    evidence=_acts_places((a for level in levels for a in level.acts), "guidance"),
                )

    def _regions(
        self, kind: str, lines: Sequence[CodedLine], levels: Sequence[Counted]
    ) -> Iterator[Difference]:
        documented_ = {level.row.region for level in levels}
        billed = {line.row.region for line in lines}
        evidence = _acts_places((act for level in levels for act in level.acts), "targets")
        for line in lines:
            if line.row.region in documented_:
                continue
            if documented_ - billed:
                joints = sorted({j for level in levels for js in level.joints.values() for j in js})
                yield Difference(
                    "DC05",
                    line.number,
                    f"{line.code} is of another region than {_named(joints)}, which is documented.",
                    "another region is documented",
                    evidence=evidence,
                )
            else:
                yield Difference(
                    "DC09",
                    line.number,
                    f"No procedure of its region is documented for {line.code}.",
                    "not documented",
                    evidence=evidence,
                    remedy="Find the documentation, or take the line off.",
                )
        for region in sorted(documented_ & billed):
            yield from self._sides(
                kind, region, [line for line in lines if line.row.region == region], evidence
            )

    def _sides(
        self, kind: str, region: str, lines: Sequence[CodedLine], evidence: tuple[str, ...]
    ) -> Iterator[Difference]:
        done = self.counted(kind, region)
        elsewhere: set[int] = set()  # lines of a side on which nothing is documented
        told = False
        for line in lines:
            sides = self._billed_sides(line)
            if sides and not sides <= done.keys():
                told = True
                if not sides & done.keys():
                    elsewhere.add(line.number)
                yield Difference(
                    "DC04",
                    line.number,
                    f"{line.code} is billed for {_sides_named(sides)}; {_sides_named(done)} is "
                    "documented.",
                    "another side is documented",
                    _side_field(line),
                    evidence,
                )
        near = [line for line in lines if line.number not in elsewhere]
        for difference in self._counts(kind, region, near, evidence) if near else ():
            if not told or difference.rule != "DC03":
                yield difference

    def _counts(
        self, kind: str, region: str, lines: Sequence[CodedLine], evidence: tuple[str, ...]
    ) -> Iterator[Difference]:
        """Levels, joints or nerves: more than documented, or fewer."""
        if any(line.units is None for line in lines):
            return
        done, billable = self.counted(kind, region), self.counted(kind, region, billable=True)
        over: dict[int, Difference] = {}
        under = False
        for side in sorted(done):
            billed = {line.number: self._units_on(line, side, done) for line in lines}
            if None in billed.values():
                return
            total = sum(filter(None, billed.values()))
            excess = total - done[side]
            for line in sorted(lines, key=_depth, reverse=True):
                units = billed[line.number] or 0
                if excess > 0 and units:
                    excess -= units
                    over[line.number] = Difference(
                        "DC02",
                        line.number,
                        f"{line.code}: {_count(total, line)} billed on the {SIDE_NAMES[side]}, "
                        f"{_count(done[side], line)} documented.",
                        "not documented",
                        "units" if units > 1 else "code",
                        evidence,
                    )
            under |= total < billable.get(side, 0)
        yield from over.values()
        if under and not over:
            last = max(lines, key=_depth)
            yield Difference(
                "DC03",
                last.number,
                f"{last.code}: fewer levels are billed than are documented.",
                "further levels are documented",
                evidence=evidence,
            )

    def _unbilled(self) -> Iterator[Difference]:
        """What is documented, may be billed, and is on no line of its kind or region."""
        evidence = _places(self.procedures, "code", "targets")
        unclaimed = self._unclaimed
        taken = frozenset(self._billed_kinds)
        told = bool(unclaimed) and any(
            kind in taken and not any(level.row.kind == kind for level in self.found.levels)
            for kind in taken
        )  # by DC07
        if unclaimed & {"ablation", "unlisted"} and not told and self.others and self._is_alone:
            for line in self.others:
                yield Difference(
                    "DC07",
                    line.number,
                    f"{line.code} is billed; {self._techniques()} is documented.",
                    "another technique is documented",
                    evidence=_places(self.procedures, "code"),
                )
            return
        missing = {
            (level.row.kind, level.row.region)
            for level in self.found.billable
            if not any(
                (line.row.kind, line.row.region) == (level.row.kind, level.row.region)
                for line in self.lines
            )
        }
        has_elsewhere = {
            kind
            for kind, lines in self._billed_kinds.items()
            if any(line.row.region not in self._regions_of(kind) for line in lines)
        }  # by DC05
        even = {
            kind
            for kind, lines in self._billed_kinds.items()
            if self._is_as_much(lines, [e for e in self.found.levels if e.row.kind == kind])
        }  # by DC05 or DC06, where the codes differ
        missing = {(kind, region) for kind, region in missing if kind not in has_elsewhere | even}
        if (missing or "unlisted" in unclaimed) and not told:
            last = self.lines[-1] if self.lines else None
            yield Difference(
                "DC03",
                last.number if last is not None else None,
                "A facet joint intervention is documented that is not billed.",
                "more is documented",
                evidence=evidence,
                remedy="" if last is not None else "Bill it, or see whether another claim does.",
            )

    @property
    def _is_alone(self) -> bool:
        """Whether nothing but facet joint interventions, and their imaging, was done that day: else
        a code of another family may bill something else."""
        return all(
            self.tables.is_facet(each)
            or each.status not in (Status.COMPLETED, Status.STOPPED)
            or (each.guidance and not each.families and not each.not_read and not each.codes)
            for each in self.procedures
        )

    def intent_of(self, line: CodedLine) -> tuple[Intent | None, tuple[str, ...]]:
        """What an injection was for by its documentation, and the places that say so."""
        acts = [
            act
            for level in self.found.levels
            if (level.row.kind, level.row.region) == (line.row.kind, line.row.region)
            and (not line.sides or line.sides & level.counts.keys())
            for act in level.acts
        ]
        own = [
            act
            for level in self.found.levels
            if level.row.code == line.code and (not line.sides or line.sides & level.counts.keys())
            for act in level.acts
        ]
        if not self.is_comparable:  # what could not be read may be of this line too
            acts = own = [
                Act(each, "injection", "")
                for each in self.procedures
                if self.tables.is_facet(each) and each.status in (Status.COMPLETED, Status.STOPPED)
            ]
        told = intent_of(own or acts)
        return told, _acts_places(own or acts, "intent") if told is not None else ()

    def _regions_of(self, kind: str) -> frozenset[str]:
        return frozenset(level.row.region for level in self.found.levels if level.row.kind == kind)

    def side_evidence(self, line: CodedLine) -> tuple[str, ...]:
        """The places that tell the side of a line; none where they do not, or not as a whole."""
        if not self.is_comparable:
            return ()
        return _acts_places(
            (
                act
                for level in self.found.levels
                if level.row.kind == line.row.kind
                for act in level.acts
            ),
            "targets",
            "sides",
        )

    def included_lines(self) -> Iterator[tuple[CodedLine, tuple[str, ...]]]:
        """Lines that bill blocks at joints that were ablated too, with the evidence of that."""
        if not self.is_comparable or not self.found.included:
            return
        evidence = _acts_places(
            (act for each in self.found.included for act in (*each.block, *each.ablation)),
            "code",
            "targets",
        )
        blocks = self._billed_kinds.get("injection", [])
        told: set[int] = set()
        for region in sorted({line.row.region for line in blocks}):
            lines = sorted(
                (line for line in blocks if line.row.region == region), key=_depth, reverse=True
            )
            done = self.counted("injection", region)
            left = self.counted("injection", region, billable=True)
            for side in sorted(done):
                billed = sum(
                    units
                    for line in lines
                    if line.units is not None
                    if (units := self._units_on(line, side, done)) is not None
                )
                surplus = min(done[side], billed) - left.get(side, 0)
                for line in lines:
                    units = self._units_on(line, side, done) if line.units is not None else None
                    if surplus > 0 and units:
                        surplus -= units
                        if line.number not in told:
                            told.add(line.number)
                            yield line, evidence

    # --- counting -------------------------------------------------------------------------------

    def counted(self, kind: str, region: str, *, billable: bool = False) -> Mapping[Side, int]:
        """Units that are documented on each side, whatever the imaging."""
        levels = self.found.billable if billable else self.found.levels
        return _totals(
            each for each in levels if (each.row.kind, each.row.region) == (kind, region)
        )

    def _billed_sides(self, line: CodedLine) -> frozenset[Side]:
        return BOTH if is_twice(line, self.lines) else line.sides

    def _units_on(self, line: CodedLine, side: Side, done: Mapping[Side, int]) -> int | None:
        """Units of a line on a side; None where it does not tell. A line without a side is of the
        one that alone is documented."""
        assert line.units is not None
        if is_twice(line, self.lines):
            return max(1, line.units // 2)
        if side in line.sides:
            return line.units
        if line.sides:
            return 0
        return line.units if len(done) == 1 else None

    # --- the correction -------------------------------------------------------------------------

    def fix(self, difference: Difference | None = None) -> Fix:
        """Bill what is documented."""
        if difference is not None and difference.remedy:
            return manual(difference.remedy)
        if difference is not None and difference.rule == "DC03" and self.has_siblings:
            return manual("Bill it, unless another claim of the patient does.")
        return self._reshaped([*self.lines, *(self.others if self._replaces_others else ())])

    def _reshaped(self, lines: Sequence[CodedLine]) -> Fix:
        """The lines as documented. Asked for by each finding of a day, and made once."""
        numbers = tuple(line.number for line in lines)
        if numbers not in self._made:
            self._made[numbers] = self._reshape(lines)
        return self._made[numbers]

    @cached_property
    def _made(self) -> dict[tuple[int, ...], Fix]:
        return {}

    def _reshape(self, lines: Sequence[CodedLine]) -> Fix:
        wanted = self.wanted
        if not wanted or not lines:
            return manual("Bill what is documented.")
        changes = reshaped(lines, wanted)
        if changes is None:
            return manual("Bill what is documented; the units or a charge cannot be read.")
        named = _listed(
            f"{'-'.join(filter(None, (line.code, ','.join(_form(line.modifiers)))))}"
            f"{f' x{line.units}' if line.units > 1 else ''}"
            for line in wanted
        )
        said = f"Bill what is documented: {named}."
        added = any(isinstance(change, SplitLine) for change in changes)
        if added:
            said += " A line that is added has no charge yet: set it."
        if any(map(_recounts, changes)):
            said += " The charges stay as they were billed: look at them."
        return Fix(said, changes, Applicability.SUGGESTED)

    def replaced(
        self, fixes: Mapping[int, Fix], claim: Claim
    ) -> Mapping[int, tuple[Fix, tuple[str, ...]]]:
        """What becomes of the lines whose code is not valid, by their number, with the evidence.

        Args: fixes, what the crosswalk makes of them: that stays where it is what is documented.
        """
        wanted = self.wanted
        old = [line for line in self.expired if line.number in fixes]
        if wanted is None or not old or self.has_undated:
            return {}
        changes: list[Change] = []
        for fix in dict.fromkeys(map(fixes.__getitem__, (line.number for line in old))):
            changes += fix.changes
        evidence = _places(self.procedures, "code", "targets", "sides")
        if changes and self._holds_after(claim, changes):
            return {line.number: (fixes[line.number], evidence) for line in old}
        rows = self.tables.codes
        coded = [
            CodedLine(
                line,
                rows.history(line.code)[-1],
                line.number,
                line.code,
                line.modifiers,
                self.day,
                line.sides,
            )
            for line in old
        ]
        fix = self._reshaped([*coded, *self.lines])
        return {line.number: (fix, evidence) for line in old}

    def _holds_after(self, claim: Claim, changes: Sequence[Change]) -> bool:
        """Whether the claim bills what is documented once the changes are made."""
        after = [
            session
            for session in _sessions(applied(claim, changes), self.tables, self.profile)
            if session.day == self.day
        ]
        return all(session.is_comparable and not session.differences for session in after)

    @property
    def _replaces_others(self) -> bool:
        return any(
            difference.rule == "DC07" and difference.line == other.number
            for difference in self.differences
            for other in self.others
        )


def _recounts(change: Change) -> bool:
    """Whether a line that stays comes to stand for more or for less."""
    return isinstance(change, SetUnits | SetModifiers)


SIDE_NAMES = {Side.RIGHT: "right", Side.LEFT: "left"}

_last: tuple[Claim | None, Tables | None, Profile | None, Sequence[Session]] = (
    None, None, None, (),
)  # fmt: skip


def _depth(line: CodedLine) -> tuple[str, int]:
    """Further levels lie deeper than the first, and of two alike the later one."""
    return ("9" if line.row.level == "+" else line.row.level, line.number)


def _count(number: int, line: CodedLine) -> str:
    what = "nerve" if line.row.counts == "nerve" else "joint" if line.row.repeats else "level"
    return f"{number} {what}" + ("s" if number != 1 else "")


def _sides_named(sides: Iterable[Side]) -> str:
    held = frozenset(sides)
    return "both sides" if held == BOTH else f"the {SIDE_NAMES[next(iter(held))]}"


def _side_field(line: CodedLine) -> Field:
    return next(
        (
            ("modifiers", index)
            for index, each in enumerate(line.modifiers)
            if each in SIDES or each == BILATERAL
        ),
        "code",
    )


def _form(modifiers: Sequence[str]) -> tuple[str, ...]:
    """The modifiers that documentation tells: the sides, and whether it was stopped."""
    told = (*SIDES, BILATERAL, DISCONTINUED)
    return tuple(each for each in modifiers if each in told)


def _is_imaging_said(levels: Iterable[Counted]) -> bool:
    """Whether imaging is documented, and not taken as it was billed."""
    return any(act.is_imaging_said for level in levels for act in level.acts)


def _totals(levels: Iterable[Counted]) -> Mapping[Side, int]:
    totals: dict[Side, int] = {}
    for level in levels:
        for side, count in level.counts.items():
            totals[side] = totals.get(side, 0) + count
    return totals


def _under_ultrasound(acts: Iterable[Act]) -> bool:
    return all(act.imaging == "ultrasound" for act in acts)


def _named(joints: Sequence[object]) -> str:
    return _listed(map(str, joints)) if joints else "what"


def _places(procedures: Iterable[Procedure], *facts: str) -> tuple[str, ...]:
    places = [
        place for each in procedures for fact in facts for place in each.evidence.get(fact, ())
    ]
    return tuple(dict.fromkeys(places))


def _acts_places(acts: Iterable[Act], *facts: str) -> tuple[str, ...]:
    return _places((act.procedure for act in acts), *facts)


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


# --- lines that become others ---------------------------------------------------------------------


def reshaped(
    lines: Sequence[CodedLine], wanted: Sequence[DerivedLine]
) -> tuple[Change, ...] | None:
    """The changes that make the lines what is wanted, with as few lines touched as can be.

    A line keeps its modifiers but for sides. One that is too many goes, or is merged into the one
    that bills both sides for it; one that is missing is added behind the last, without a charge.
    None where units or charges cannot be read.
    """
    if any(line.units is None or line.line.charge is None for line in lines):
        return None
    pairs = _paired(lines, wanted)
    paired = {line.number for line, _ in pairs}
    left = [line for line in lines if line.number not in paired]
    missing = [each for n, each in enumerate(wanted) if n not in {number for _, number in pairs}]
    changes: list[Change] = []
    base = max((line for line, _ in pairs), key=lambda line: line.number, default=None)
    for line, number in pairs:
        want = wanted[number]
        modifiers = _with_sides(line.modifiers, want.modifiers)
        if missing and line is base:
            charge = line.line.charge
            assert charge is not None
            parts = [LinePart(want.code, modifiers, want.units, charge)]
            parts += [
                LinePart(each.code, _form(each.modifiers), each.units, Decimal(0))
                for each in missing
            ]
            changes.append(SplitLine(line.number, tuple(parts)))
            continue
        if want.code != line.code:
            changes.append(SetCode(line.number, want.code))
        if modifiers != line.modifiers:
            changes.append(SetModifiers(line.number, modifiers))
        if want.units != line.units:
            changes.append(SetUnits(line.number, want.units))
    for line in left:
        holder = _holder(line, pairs, wanted)
        if holder is not None and not (missing and holder is base):
            changes.append(MergeLines(holder.number, line.number))
        else:
            changes.append(RemoveLine(line.number))
    return tuple(changes)


def _paired(
    lines: Sequence[CodedLine], wanted: Sequence[DerivedLine]
) -> list[tuple[CodedLine, int]]:
    """Each line with the wanted one that it becomes: the more they share, the earlier."""
    free = dict(enumerate(wanted))
    open_ = list(lines)
    pairs: list[tuple[CodedLine, int]] = []
    for alike in (_is_same, _is_same_place, _is_same_code, lambda line, want: True):
        for line in list(open_):
            number = next((n for n, want in free.items() if alike(line, want)), None)
            if number is not None:
                pairs.append((line, number))
                open_.remove(line)
                del free[number]
    return pairs


def _is_same_code(line: CodedLine, want: DerivedLine) -> bool:
    return line.code == want.code


def _is_same_place(line: CodedLine, want: DerivedLine) -> bool:
    return line.code == want.code and set(_form(line.modifiers)) == set(_form(want.modifiers))


def _is_same(line: CodedLine, want: DerivedLine) -> bool:
    return _is_same_place(line, want) and line.units == want.units


def _holder(
    line: CodedLine, pairs: Sequence[tuple[CodedLine, int]], wanted: Sequence[DerivedLine]
) -> CodedLine | None:
    """The line of the other side that comes to bill both: this one's charge belongs to it."""
    for other, number in pairs:
        if (
            other.code == line.code
            and len(line.sides) == len(other.sides) == 1
            and line.sides != other.sides
            and sides_of(wanted[number].modifiers) == BOTH
        ):
            return other
    return None


def _with_sides(modifiers: tuple[str, ...], wanted: Sequence[str]) -> tuple[str, ...]:
    """The modifiers of a line with the sides that are wanted; as they stand where those are its."""
    if set(_form(modifiers)) == set(_form(wanted)):
        return modifiers
    kept = (each for each in without_sides(modifiers) if each != DISCONTINUED)
    return ordered((*_form(wanted), *kept))
