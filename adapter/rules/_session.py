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
from adapter.coder import Act, Cause, DerivedLine, Documented, Imaging, documented, lines_of
from adapter.findings import Applicability, Field, Fix, manual
from adapter.model import (
    BILATERAL,
    BOTH,
    SIDES,
    Claim,
    Procedure,
    ServiceLine,
    Side,
    sides_of,
)
from adapter.modifiers import ordered
from adapter.profiles import Profile
from adapter.rules._lines import is_twice, without_sides
from adapter.tables import CodedLine, Tables

Facts = Literal["targets", "guidance", "code", "status", "sides"]

_OTHER_FAMILIES = ("destruction", "unlisted")
"""Roles of codes that are billed where a facet code is meant."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One line, or the claim (None), that is not as documented; `rule` is the one to tell it."""

    rule: str
    line: int | None
    message: str
    label: str = ""
    field: Field | None = "code"
    evidence: tuple[str, ...] = ()
    fixable: bool = True


def sessions(claim: Claim, tables: Tables, profile: Profile) -> Sequence[Session]:
    """The days of a claim on which something of ours was billed or documented, in order.

    The last claim's are remembered: several rules ask for them.
    """
    global _last
    known, by, found = _last
    if known is not claim or by is not profile:
        found = tuple(_sessions(claim, tables, profile))
        _last = claim, profile, found
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
                tables,
                profile,
            )


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
        withheld = (Cause.PAYER, Cause.STOPPED)
        if not self.found.is_whole or any(remark.cause in withheld for remark in remarks):
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
            if any(level.row.kind == kind for level in self.found.levels):
                yield from self._guidance(kind, lines)
                yield from self._regions(kind, lines)
            else:
                yield from self._without_levels(kind, lines)

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
                    fixable=False,
                )
            elif acts:  # nerves that complete no joint
                yield Difference(
                    "DC02",
                    line.number,
                    f"{line.code} stands for a joint; the documented nerves complete none.",
                    "no joint is documented",
                    evidence=_places((act.procedure for act in acts), "targets"),
                    fixable=False,
                )
            else:
                yield Difference(
                    "DC09",
                    line.number,
                    f"No procedure is documented for {line.code}, though others on the claim are.",
                    "not documented",
                    evidence=tuple(filter(None, (each.place for each in self.procedures))),
                    fixable=False,
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

    def _guidance(self, kind: str, lines: Sequence[CodedLine]) -> Iterator[Difference]:
        levels = [level for level in self.found.levels if level.row.kind == kind]
        held = {level.row.guidance for level in levels}
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

    def _regions(self, kind: str, lines: Sequence[CodedLine]) -> Iterator[Difference]:
        levels = [level for level in self.found.levels if level.row.kind == kind]
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
                    fixable=False,
                )
        for region in sorted(documented_ & billed):
            yield from self._sides(
                kind, region, [line for line in lines if line.row.region == region], evidence
            )

    def _sides(
        self, kind: str, region: str, lines: Sequence[CodedLine], evidence: tuple[str, ...]
    ) -> Iterator[Difference]:
        done = self.counted(kind, region)
        for line in lines:
            sides = self._billed_sides(line)
            if sides and not sides <= done.keys():
                yield Difference(
                    "DC04",
                    line.number,
                    f"{line.code} is billed for {_sides_named(sides)}; {_sides_named(done)} is "
                    "documented.",
                    "another side is documented",
                    _side_field(line),
                    evidence,
                )
        yield from self._counts(kind, region, lines, evidence)

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
        if unclaimed & {"ablation", "unlisted"} and not told and self.others:
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
        missing = {(kind, region) for kind, region in missing if kind not in has_elsewhere}
        if (missing or "unlisted" in unclaimed) and not told:
            last = self.lines[-1] if self.lines else None
            yield Difference(
                "DC03",
                last.number if last is not None else None,
                "A facet joint intervention is documented that is not billed.",
                "more is documented",
                evidence=evidence,
                fixable=last is not None,
            )

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
        totals: dict[Side, int] = {}
        for level in self.found.billable if billable else self.found.levels:
            if (level.row.kind, level.row.region) == (kind, region):
                for side, count in level.counts.items():
                    totals[side] = totals.get(side, 0) + count
        return totals

    def _billed_sides(self, line: CodedLine) -> frozenset[Side]:
        return BOTH if is_twice(line, self.lines) else line.sides

    def _units_on(self, line: CodedLine, side: Side, done: Mapping[Side, int]) -> int | None:
        """Units of a line on a side; None where it does not tell. A line of another side, or of
        none, counts where one side alone is documented."""
        assert line.units is not None
        if is_twice(line, self.lines):
            return max(1, line.units // 2)
        if side in line.sides:
            return line.units
        if line.sides and len(done) > 1:
            return 0
        return line.units if len(done) == 1 else None

    # --- the correction -------------------------------------------------------------------------

    def fix(self, difference: Difference | None = None) -> Fix:
        """Bill what is documented."""
        if difference is not None and not difference.fixable:
            return manual("Find the documentation of the service, or what else has to be billed.")
        return self._reshaped([*self.lines, *(self.others if self._replaces_others else ())])

    def _reshaped(self, lines: Sequence[CodedLine]) -> Fix:
        wanted = self.wanted
        if not wanted or not lines:
            return manual("Bill what is documented.")
        changes = reshaped(lines, wanted)
        if changes is None:
            return manual("Bill what is documented; the units or a charge cannot be read.")
        named = _listed(
            f"{'-'.join(filter(None, (line.code, ','.join(_side_modifiers(line.modifiers)))))}"
            f"{f' x{line.units}' if line.units > 1 else ''}"
            for line in wanted
        )
        said = f"Bill what is documented: {named}."
        added = any(isinstance(change, SplitLine) for change in changes)
        if added:
            said += " A line that is added has no charge yet: set it."
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


SIDE_NAMES = {Side.RIGHT: "right", Side.LEFT: "left"}

_last: tuple[Claim | None, Profile | None, Sequence[Session]] = (None, None, ())


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


def _side_modifiers(modifiers: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each in modifiers if each in SIDES or each == BILATERAL)


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
                LinePart(each.code, _side_modifiers(each.modifiers), each.units, Decimal(0))
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
    return line.code == want.code and set(_side_modifiers(line.modifiers)) == set(
        _side_modifiers(want.modifiers)
    )


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
    if set(_side_modifiers(modifiers)) == set(_side_modifiers(wanted)):
        return modifiers
    return ordered((*_side_modifiers(wanted), *without_sides(modifiers)))
