"""From what was documented to what may be billed.

The Procedures of one session (a patient, a date of service) are taken together: which joints were
treated on which side, by which technique, under which imaging. From that follow the levels of each
family of codes, whoever pays, and from the levels the lines in the form that a payer takes. What
cannot be derived is said with its cause, never guessed. Knows no format.

How joints are counted is CPT's (CPT Assistant, August 2010, as quoted by AAPC): a level is a joint,
whatever was injected there and at how many nerves; the third and every further injected level is
billed once a side, each further ablated joint again; the codes until 2011 counted nerves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal, TypeAlias

from adapter.findings import Severity
from adapter.model import (
    BILATERAL,
    BOTH,
    Guidance,
    Intent,
    Procedure,
    Side,
    Status,
    Technique,
)
from adapter.modifiers import DISCONTINUED, KX, ordered
from adapter.profiles import Form, Profile, ThirdLevel, Treatment
from adapter.spine import (
    L1_2,
    T12_L1,
    Joint,
    MedialBranch,
    Region,
    joints_of,
    nerves_of,
)
from adapter.tables import CodeRow, Level, Tables

FIRST: Level = "1"
SECOND: Level = "2"
THIRD: Level = "3"
EACH_FURTHER: Level = "+"

SIDES = (Side.RIGHT, Side.LEFT)
SIDE_WORDS = {Side.RIGHT: "right", Side.LEFT: "left"}
REGION_WORDS = {"CT": "cervical or thoracic", "LS": "lumbar or sacral"}


class Cause(StrEnum):
    """Why something was not coded, or what has to be known of what was."""

    NOT_FACET = "not-facet"  # it is another intervention that is known
    UNRELATED = "unrelated"  # nothing in it has to do with facet joints
    NOT_DONE = "not-done"
    NOT_AT_HAND = "not-at-hand"
    UNDATED = "undated"
    NO_PATIENT = "no-patient"
    TECHNIQUE = "technique-unknown"
    CONTRADICTORY = "contradictory"
    NOT_READ = "not-read"
    NO_SITE = "no-site"
    SIDE = "side-unknown"
    LONE_NERVE = "lone-nerve"
    IMAGING = "imaging-unknown"
    NO_IMAGING = "no-imaging"
    NO_CODE = "no-code"
    PAYER = "payer-differs"
    STOPPED = "stopped"
    INCLUDED = "included"
    INTENT = "intent-unknown"
    NOTE = "note"

    @property
    def severity(self) -> Severity:
        return Severity.INFO if self in _ADVICE else Severity.WARNING


_ADVICE = (Cause.NOT_FACET, Cause.UNRELATED, Cause.INCLUDED, Cause.INTENT, Cause.NOTE)

UNREADABLE = frozenset((
    Cause.NOT_AT_HAND, Cause.UNDATED, Cause.TECHNIQUE, Cause.CONTRADICTORY, Cause.NOT_READ,
    Cause.NO_SITE, Cause.SIDE, Cause.PAYER, Cause.STOPPED,
))  # fmt: skip
"""Causes for which what was done is not known as a whole: nothing billed can be held against it."""


WITHHELD = (Cause.PAYER, Cause.STOPPED)
"""Causes for which what is known to be done yields no line."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What is said of one or more procedures, with the places of the documentation behind it."""

    cause: Cause
    message: str
    procedures: tuple[str, ...]
    evidence: tuple[str, ...] = ()


Imaging = Literal["fluoro-ct", "ultrasound", "none", ""]
"""As in codes.csv; none: it was done without; blank: it is not documented."""

ActKind = Literal["injection", "ablation", "unlisted"]


@dataclass(frozen=True, slots=True)
class Act:
    """A procedure that is a facet joint intervention, as far as it could be interpreted."""

    procedure: Procedure
    kind: ActKind
    imaging: Imaging
    is_imaging_said: bool = True


@dataclass(frozen=True, slots=True)
class Counted:
    """One code and how often it was done on each side, whoever pays and in whatever form.

    `joints` are those that it stands for on each side, `nerves` where the code counts these.
    """

    row: CodeRow
    counts: Mapping[Side, int]
    joints: Mapping[Side, tuple[Joint, ...]]
    nerves: Mapping[Side, tuple[MedialBranch, ...]]
    acts: tuple[Act, ...]
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Documented:
    """What a session comes to before a payer is asked for its form.

    `levels` are all that was done, `billable` those without blocks at joints that were ablated too.
    `unlisted`: the acts that no facet code holds. `acts` are all that could be interpreted.
    """

    day: date
    acts: tuple[Act, ...] = ()
    levels: tuple[Counted, ...] = ()
    billable: tuple[Counted, ...] = ()
    unlisted: tuple[Act, ...] = ()
    unlisted_joints: tuple[Joint, ...] = ()
    included: tuple[Included, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all that was done is known, so that lines can be held against it."""
        return not any(remark.cause in UNREADABLE for remark in self.remarks)


@dataclass(frozen=True, slots=True)
class Included:
    """A block at a joint that was ablated in the same session, on the same side."""

    side: Side
    joint: Joint
    block: tuple[Act, ...]
    ablation: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class DerivedLine:
    """A line that may be billed: what it stands for, and why."""

    code: str
    modifiers: tuple[str, ...]
    units: int
    joints: tuple[str, ...]
    why: str
    procedures: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """One patient, one date, and what may be billed for what was documented of it."""

    patient: str | None
    date: date | None
    procedures: tuple[Procedure, ...]
    lines: tuple[DerivedLine, ...]
    remarks: tuple[Remark, ...]


# --- sessions -------------------------------------------------------------------------------------


def sessions(
    procedures: Iterable[Procedure], tables: Tables, profile: Profile
) -> Iterator[Session]:
    """What may be billed for the procedures of each patient and date, in the order of the input."""
    grouped: dict[tuple[str | int, date | None], list[Procedure]] = {}
    for number, each in enumerate(procedures):
        person = number if each.person is None else each.person  # nobody else's
        grouped.setdefault((person, each.date), []).append(each)
    for members in grouped.values():
        yield session(members, tables, profile)


def session(procedures: Sequence[Procedure], tables: Tables, profile: Profile) -> Session:
    """What may be billed for the procedures of one patient and date."""
    patient, day = procedures[0].patient, procedures[0].date
    if day is None:
        remarks = [
            *_strangers(procedures, tables),
            *(
                _remark(Cause.UNDATED, "The day is not told: which codes hold depends on it.", each)
                for each in procedures
                if tables.is_facet(each)
            ),
        ]
        return Session(patient, None, tuple(procedures), (), tuple(remarks))
    found = documented(procedures, day, tables, profile)
    lines, remarks = lines_of(found, tables, profile)
    if procedures[0].person is None and lines:
        said = "It names no patient that others of the day could name too: it was taken alone."
        remarks = [*remarks, _remark(Cause.NO_PATIENT, said, procedures[0])]
    return Session(patient, day, tuple(procedures), tuple(lines), (*found.remarks, *remarks))


def _strangers(procedures: Iterable[Procedure], tables: Tables) -> Iterator[Remark]:
    """Of each procedure that is no facet joint intervention, what it seems to be."""
    for each in procedures:
        if tables.is_facet(each):
            continue
        gone = next((part for part in each.not_read if part.why == NOT_AT_HAND), None)
        unclear = [part for part in each.not_read if part.blocking]
        if gone is not None:
            yield Remark(
                Cause.NOT_AT_HAND,
                "A procedure that the claim names is not at hand.",
                (each.reference,),
                (gone.place,),
            )
        elif told := _coded_as(each, tables):
            yield _remark(Cause.NOT_FACET, told, each, "code")
        elif each.families:
            named = " and ".join(sorted(each.families))
            yield _remark(
                Cause.NOT_FACET,
                f"No facet joint intervention: it seems to be {named}.",
                each,
                "code",
            )
        elif unclear and any(target.joints or target.branches for target in each.targets):
            yield Remark(
                Cause.TECHNIQUE,
                f"How it was done is not known: {unclear[0].why}.",
                (each.reference,),
                tuple(part.place for part in unclear),
            )
        elif any(target.joints or target.branches for target in each.targets):
            yield _remark(
                Cause.TECHNIQUE,
                "It names levels of the spine, and no technique that is known.",
                each,
                "code",
                "targets",
            )
        else:
            yield _remark(
                Cause.UNRELATED, "Nothing in it names a facet joint intervention.", each, "code"
            )


NOT_AT_HAND = "is not at hand"


def _coded_as(procedure: Procedure, tables: Tables) -> str:
    """What a procedure is by a code that is no facet code; nothing for one that is not known."""
    for code in procedure.codes:
        for row in tables.codes.history(code):
            if not row.never:
                return f"No facet joint intervention: {code} is {_in_sentence(row.paraphrase)}."
    return ""


def _in_sentence(text: str) -> str:
    return text[:1].lower() + text[1:]


# --- what was done ------------------------------------------------------------------------------


def documented(
    procedures: Sequence[Procedure],
    day: date,
    tables: Tables,
    profile: Profile,
    unsaid: Imaging = "",
) -> Documented:
    """The levels that the procedures of one day come to.

    Args: profile, for how a payer has techniques coded of which sources disagree, and how it
    counts T12-L1, the form of its lines is no matter here; unsaid, the imaging where none is
    documented, so that what was billed under one can be compared in all else.
    """
    return _Session(procedures, day, tables, profile, unsaid).documented()


@dataclass(slots=True)
class _Sites:
    """What acts of one kind and imaging treated on one side."""

    joints: set[Joint] = field(default_factory=set)
    branches: set[MedialBranch] = field(default_factory=set)

    @property
    def treated(self) -> frozenset[Joint]:
        """Joints that are named, and those of which all nerves were treated."""
        return frozenset(self.joints) | joints_of(self.branches).joints

    @property
    def lone(self) -> frozenset[MedialBranch]:
        """Nerves that complete no joint, and serve none that is named."""
        return joints_of(self.branches).lone - nerves_of(self.joints)


@dataclass(slots=True)
class _Group:
    """Acts whose levels are counted together."""

    row: CodeRow  # a first level, which tells kind, guidance and what is counted
    stopped: bool
    acts: list[Act] = field(default_factory=list)
    sites: dict[Side, _Sites] = field(default_factory=lambda: {side: _Sites() for side in SIDES})


class _Session:
    """Interprets the procedures of one day."""

    def __init__(
        self,
        procedures: Sequence[Procedure],
        day: date,
        tables: Tables,
        profile: Profile,
        unsaid: Imaging = "",
    ) -> None:
        self.procedures, self.day, self.unsaid = procedures, day, unsaid
        self.tables, self.profile = tables, profile
        self.remarks: list[Remark] = []
        self.firsts = [
            row
            for row in tables.codes.on(day).values()
            if row.role == "facet" and row.level == FIRST
        ]

    def documented(self) -> Documented:
        self.remarks += _strangers(self.procedures, self.tables)
        acts = [
            act
            for each in self.procedures
            if self.tables.is_facet(each) and (act := self._act(each)) is not None
        ]
        groups = self._groups([act for act in acts if act.kind != "unlisted"])
        unlisted = [act for act in acts if act.kind == "unlisted"]
        others, joints = self._unlisted(unlisted)
        included = list(_included(groups, others))
        taken = frozenset((each.side, each.joint) for each in included)
        levels = [level for group in groups for level in self._levels(group, groups)]
        said = list(self.remarks)
        billable = [
            level for group in groups for level in self._levels(group, groups, without=taken)
        ]
        self.remarks = said  # the second count has nothing new to say
        return Documented(
            self.day,
            tuple(acts),
            tuple(levels),
            tuple(billable),
            tuple(others),
            joints,
            tuple(included),
            tuple(self.remarks),
        )

    def say(self, cause: Cause, message: str, procedure: Procedure, *facts: str) -> None:
        self.remarks.append(_remark(cause, message, procedure, *facts))

    # --- one procedure --------------------------------------------------------------------------

    def _act(self, each: Procedure) -> Act | None:
        """The procedure as an act; None, with a remark, where it cannot be coded."""
        if each.status in (Status.NOT_DONE, Status.ERROR, Status.UNKNOWN):
            told = (
                "it is not said to be done"
                if each.status is Status.UNKNOWN
                else f"its status is {each.status}"
            )
            self.say(Cause.NOT_DONE, f"Nothing to code: {told}.", each, "status")
            return None
        unread = [part for part in each.not_read if part.blocking]
        if unread:
            self.remarks.append(
                Remark(
                    Cause.NOT_READ,
                    f"Not coded, because part of it could not be read: {unread[0].why}.",
                    (each.reference,),
                    tuple(part.place for part in unread),
                )
            )
            return None
        kind = self._kind(each)
        if kind is None:
            return None
        imaging = self._imaging(each)
        if imaging is None:
            return None
        act = Act(each, kind, imaging, imaging != "" and self._imaging_told(each))
        if not any(target.joints or target.branches for target in each.targets):
            self.say(Cause.NO_SITE, "No joint and no nerve is named.", each, "code")
            return None
        return act

    def _kind(self, each: Procedure) -> ActKind | None:
        if each.families:
            named = " and ".join(sorted(each.families))
            self.say(
                Cause.CONTRADICTORY,
                f"It also seems to be {named}: which of its levels are facet joints is not told.",
                each,
                "code",
            )
            return None
        kinds: set[ActKind] = set()
        for technique in sorted(each.techniques):
            kind = self._kind_of(technique, each)
            if kind is None:
                return None
            kinds.add(kind)
        for code in each.codes:
            for row in self.tables.codes.history(code):
                if row.role == "facet":
                    kinds.add("ablation" if row.kind == "ablation" else "injection")
        if len(kinds) > 1:
            self.say(
                Cause.CONTRADICTORY,
                "It names more than one technique: which of its levels had which is not told.",
                each,
                "code",
            )
            return None
        return next(iter(kinds))

    def _kind_of(self, technique: Technique, each: Procedure) -> ActKind | None:
        match technique:
            case Technique.INTRA_ARTICULAR | Technique.BRANCH_BLOCK | Technique.INJECTION:
                return "injection"
            case Technique.THERMAL | Technique.COOLED:
                return "ablation"
            case _:
                pass
        match self.profile.treatment(technique, self.day):
            case Treatment.INJECTION:
                return "injection"
            case Treatment.ABLATION:
                return "ablation"
            case Treatment.UNLISTED:
                return "unlisted"
            case Treatment.UNSAID:
                self.say(
                    Cause.PAYER,
                    f"Payers disagree on how {technique} is coded, and none is known that decides.",
                    each,
                    "code",
                )
                return None

    def _imaging(self, each: Procedure) -> Imaging | None:
        guided = each.guidance
        if Guidance.NONE in guided and len(guided) > 1:
            self.say(
                Cause.CONTRADICTORY, "It was guided by imaging, and was not.", each, "guidance"
            )
            return None
        if guided & {Guidance.FLUOROSCOPY, Guidance.CT}:
            return "fluoro-ct"
        if Guidance.ULTRASOUND in guided:
            return "ultrasound"
        if guided:  # MRI is in no code
            return "none"
        held = {
            row.guidance
            for code in each.codes
            for row in (self.tables.codes.on(self.day).get(code),)
            if row is not None and row.role == "facet"
        }
        if "fluoro-ct" in held or "ultrasound" in held:  # the code that documents it holds it
            return "fluoro-ct" if "fluoro-ct" in held else "ultrasound"
        return self.unsaid

    def _imaging_told(self, each: Procedure) -> bool:
        return bool(each.guidance) or any(
            row.guidance != "none"
            for code in each.codes
            for row in self.tables.codes.history(code)
            if row.role == "facet"
        )

    # --- acts of one kind -----------------------------------------------------------------------

    def _groups(self, acts: Sequence[Act]) -> list[_Group]:
        found: dict[tuple[str, str, bool], _Group] = {}
        for act in acts:
            row = self._first(act)
            if row is None:
                continue
            stopped = act.procedure.status is Status.STOPPED
            key = row.kind, row.guidance, stopped
            group = found.setdefault(key, _Group(row, stopped))
            group.acts.append(act)
            for target in act.procedure.targets:
                for side in target.sides:
                    group.sites[side].joints |= target.joints
                    group.sites[side].branches |= target.branches
        for group in found.values():
            self._unsided(group)
            self._lone(group)
        return sorted(found.values(), key=lambda group: (group.row.kind, group.row.code))

    def _first(self, act: Act) -> CodeRow | None:
        """A first level of the act's kind and imaging on the day, of whichever region."""
        of_kind = [row for row in self.firsts if row.kind == act.kind]
        apart = next((row for row in of_kind if row.guidance == "none"), None)
        if apart is not None:  # the codes of that day do not hold the imaging
            return apart
        row = next((row for row in of_kind if row.guidance == act.imaging), None)
        if row is not None:
            return row
        each = act.procedure
        if act.imaging == "":
            self.say(
                Cause.IMAGING,
                "No imaging is documented, and the codes ask for fluoroscopy or CT.",
                each,
                "code",
            )
        elif not of_kind:
            self.say(Cause.NO_CODE, "No code for it was in force on that day.", each, "code")
        elif act.imaging == "none":
            self.say(
                Cause.NO_IMAGING,
                "It was done without fluoroscopy, CT or ultrasound: no facet code holds that.",
                each,
                "guidance",
            )
        else:
            self.say(
                Cause.NO_IMAGING,
                "Under ultrasound alone no ablation code holds it: those ask for fluoroscopy or "
                "CT.",
                each,
                "guidance",
            )
        return None

    def _unsided(self, group: _Group) -> None:
        """Levels without a side: those that another target gives one to are said already."""
        sided = frozenset().union(*(sites.treated for sites in group.sites.values()))
        nerves = frozenset().union(*(sites.branches for sites in group.sites.values()))
        for act in group.acts:
            open_ = [target for target in act.procedure.targets if not target.sides]
            if any(t.joints - sided or t.branches - nerves for t in open_):
                self.say(
                    Cause.SIDE,
                    "Levels are named without a side; the codes are of one side.",
                    act.procedure,
                    "targets",
                )

    def _lone(self, group: _Group) -> None:
        if group.row.counts == "nerve":
            return  # each nerve is billed
        for side, sites in group.sites.items():
            if sites.lone:
                named = _listed(sorted(sites.lone))
                one = len(sites.lone) == 1
                self.remarks.append(
                    Remark(
                        Cause.LONE_NERVE,
                        f"{named} on the {SIDE_WORDS[side]} completes no joint: a joint takes both "
                        "its nerves."
                        if one
                        else f"{named} on the {SIDE_WORDS[side]} complete no joint: a joint takes "
                        "both its nerves.",
                        tuple(act.procedure.reference for act in group.acts),
                        _evidence(group.acts, "targets"),
                    )
                )

    def _unlisted(self, acts: Sequence[Act]) -> tuple[list[Act], tuple[Joint, ...]]:
        """Acts without a code of their own, where they treated at least one joint."""
        sites: dict[Side | None, _Sites] = {}
        for act in acts:
            for target in act.procedure.targets:
                for side in target.sides or (None,):
                    held = sites.setdefault(side, _Sites())
                    held.joints |= target.joints
                    held.branches |= target.branches
        joints = frozenset().union(*(each.treated for each in sites.values()))
        lone = frozenset().union(*(each.lone for each in sites.values()))
        if joints and lone:
            self.say(
                Cause.LONE_NERVE,
                f"{_listed(sorted(lone))}: no joint is completed by what was treated there.",
                acts[0].procedure,
                "targets",
            )
        if acts and not joints:
            self.say(
                Cause.LONE_NERVE,
                "The nerves that it treated complete no joint.",
                acts[0].procedure,
                "targets",
            )
            return [], ()
        return list(acts), tuple(sorted(joints))

    # --- levels ---------------------------------------------------------------------------------

    def _levels(
        self,
        group: _Group,
        groups: Sequence[_Group],
        without: frozenset[tuple[Side, Joint]] = frozenset(),
    ) -> Iterator[Counted]:
        """The codes of a group, in the order of regions and levels; injections without some."""
        done = {
            side: frozenset().union(
                *(
                    other.sites[side].treated
                    for other in groups
                    if not other.stopped and other.row.kind == group.row.kind
                )
            )
            for side in SIDES
        }
        columns: dict[Side, list[tuple[Region, list[Joint | MedialBranch]]]] = {}
        for side, sites in group.sites.items():
            units: list[Joint | MedialBranch]
            if group.row.counts == "nerve":
                nerves = frozenset(sites.branches) | nerves_of(sites.joints)
                units = [*sorted(nerves)]
            else:
                treated = sites.treated
                if group.row.kind == "injection":
                    treated -= {joint for where, joint in without if where is side}
                units = [*sorted(treated)]
            if group.stopped:
                units = self._begun(group, side, units, done[side])
            columns[side] = self._columns(units, group)
        yield from self._counted(group, _aligned(columns))

    def _begun(
        self,
        group: _Group,
        side: Side,
        units: list[Joint | MedialBranch],
        done: frozenset[Joint],
    ) -> list[Joint | MedialBranch]:
        """Of a procedure that was stopped: it was begun at one of its levels, and at which of them
        does not matter for the code of a first level."""
        if not units:
            return []
        each = group.acts[0].procedure
        if done:
            self.say(
                Cause.STOPPED,
                f"It was stopped, and others on the {SIDE_WORDS[side]} were not: which of its "
                "levels were begun is not told.",
                each,
                "status",
            )
            return []
        if len(units) > 1:
            self.say(
                Cause.STOPPED,
                f"It was stopped: which of its levels on the {SIDE_WORDS[side]} were begun is not "
                "told, so that a first level alone is coded.",
                each,
                "status",
            )
        return units[:1]

    def _columns(
        self, units: Sequence[Joint | MedialBranch], group: _Group
    ) -> list[tuple[Region, list[Joint | MedialBranch]]]:
        """What is counted on one side, by the region whose first level it begins with."""
        upper = [unit for unit in units if _region(unit) is Region.CT]
        lower = [unit for unit in units if _region(unit) is Region.LS]
        if (
            upper == [T12_L1]
            and L1_2 in lower
            and group.row.guidance == "fluoro-ct"
            and self.profile.joins_thoracolumbar(self.day)
        ):
            return [(Region.CT, [T12_L1]), (Region.LS, [T12_L1, *lower])]
        return [
            (region, column)
            for region, column in ((Region.CT, upper), (Region.LS, lower))
            if column
        ]

    def _counted(
        self,
        group: _Group,
        columns: Mapping[Side, Sequence[tuple[Region, list[Joint | MedialBranch]]]],
    ) -> Iterator[Counted]:
        for region in Region:
            per_side: dict[Side, list[Joint | MedialBranch]] = {
                side: next((c for r, c in found if r is region), [])
                for side, found in columns.items()
            }
            if not any(per_side.values()):
                continue
            first = next(
                (
                    row
                    for row in self.firsts
                    if (row.kind, row.guidance, row.region)
                    == (group.row.kind, group.row.guidance, region)
                ),
                None,
            )
            if first is None:
                self.say(
                    Cause.NO_CODE,
                    f"No code for the {REGION_WORDS[region]} levels was in force on that day.",
                    group.acts[0].procedure,
                    "targets",
                )
                continue
            for level, start, stop in ((FIRST, 0, 1), *_ADDONS):
                row = first if level == FIRST else self.tables.level(first, level, self.day)
                if row is None:
                    continue
                parts = {side: units[start:stop] for side, units in per_side.items()}
                if region is Region.LS and level == FIRST:  # T12-L1 has the first level above
                    parts = {
                        side: [unit for unit in units if _region(unit) is Region.LS]
                        for side, units in parts.items()
                    }
                counts = {
                    side: len(units) if row.repeats else 1 for side, units in parts.items() if units
                }
                if counts:
                    yield Counted(
                        row,
                        counts,
                        {s: tuple(u for u in parts[s] if isinstance(u, Joint)) for s in counts},
                        {
                            s: tuple(u for u in parts[s] if isinstance(u, MedialBranch))
                            for s in counts
                        },
                        tuple(_acting(group.acts, {s: parts[s] for s in counts})),
                        group.stopped,
                    )


_Columns: TypeAlias = Mapping[Side, Sequence[tuple[Region, list[Joint | MedialBranch]]]]
"""What is counted on each side, by the region whose first level it begins with."""


def _aligned(columns: _Columns) -> _Columns:
    """What was treated on both sides comes first, so that a level is one joint on both; T12-L1 that
    stands above lumbar levels stays there."""
    both = {
        region: frozenset.intersection(
            *(
                frozenset(unit for r, units in found if r is region for unit in units)
                for found in columns.values()
            )
        )
        for region in Region
    }
    return {
        side: [
            (
                region,
                sorted(
                    units,
                    key=lambda unit: (_region(unit) is region, unit not in both[region], str(unit)),
                ),
            )
            for region, units in found
        ]
        for side, found in columns.items()
    }


def _acting(
    acts: Iterable[Act], parts: Mapping[Side, Sequence[Joint | MedialBranch]]
) -> Iterator[Act]:
    """The acts that treated any of the parts: the joint, or a nerve of it."""
    for act in acts:
        for target in act.procedure.targets:
            if any(
                unit in target.joints
                or unit in target.branches
                or (isinstance(unit, Joint) and not target.branches.isdisjoint(unit.nerves))
                or (isinstance(unit, MedialBranch) and unit in nerves_of(target.joints))
                for side in target.sides
                for unit in parts.get(side, ())
            ):
                yield act
                break


_ADDONS: tuple[tuple[Level, int, int | None], ...] = (
    (SECOND, 1, 2), (THIRD, 2, None), (EACH_FURTHER, 1, None),
)  # fmt: skip
"""Of what is counted on a side, from the first on: what each add-on stands for."""


def _region(unit: Joint | MedialBranch) -> Region:
    """Of a nerve the region that it is named by: T12 is thoracic, though it serves L1-2."""
    if isinstance(unit, Joint):
        return unit.region
    return Region.LS if str(unit).startswith("L") else Region.CT


def _included(groups: Sequence[_Group], unlisted: Sequence[Act]) -> Iterator[Included]:
    """Blocks at joints that were ablated on the same side; they are taken out of their groups."""
    for side in SIDES:
        ablations = [g for g in groups if g.row.kind == "ablation" and g.sites[side].treated]
        ablated = frozenset().union(*(group.sites[side].treated for group in ablations))
        by = tuple(act for group in ablations for act in group.acts)
        others = _Sites()
        for act in unlisted:
            for target in act.procedure.targets:
                if side in target.sides:
                    others.joints |= target.joints
                    others.branches |= target.branches
        for group in groups:
            if group.row.kind != "injection":
                continue
            for joint in sorted(group.sites[side].treated & (ablated | others.treated)):
                yield Included(side, joint, tuple(group.acts), by or tuple(unlisted))


# --- lines ----------------------------------------------------------------------------------------


def lines_of(
    found: Documented, tables: Tables, profile: Profile
) -> tuple[list[DerivedLine], list[Remark]]:
    """The lines for what was documented, in the form that the payer takes; and what is to be said
    of them."""
    return _Billing(found, tables, profile).lines()


class _Billing:
    def __init__(self, found: Documented, tables: Tables, profile: Profile) -> None:
        self.found, self.tables, self.profile = found, tables, profile
        self.day = found.day
        self.remarks: list[Remark] = []

    def lines(self) -> tuple[list[DerivedLine], list[Remark]]:
        lines: list[DerivedLine] = []
        families: dict[tuple[str, str, str], list[Counted]] = {}
        for level in self._bundled():
            region = "" if self.profile.joins_thoracolumbar(self.day) else level.row.region
            key = level.row.kind, level.row.guidance, region
            families.setdefault(key, []).append(level)
        for members in families.values():
            said = len(self.remarks)
            made = [line for level in members for line in self._written(level)]
            if not any(remark.cause in WITHHELD for remark in self.remarks[said:]):
                lines += made  # an add-on stands on its first level
        if self.found.unlisted:
            lines.append(self._unlisted())
        self._intents()
        if lines:
            self._beside()
        return lines, self.remarks

    def _bundled(self) -> Sequence[Counted]:
        """The levels without blocks at joints that were ablated: those are part of the ablation."""
        for each in self.found.included:
            self.remarks.append(
                Remark(
                    Cause.INCLUDED,
                    f"The block at {each.joint} on the {SIDE_WORDS[each.side]} is part of the "
                    "ablation there, and not billed.",
                    tuple(act.procedure.reference for act in (*each.block, *each.ablation)),
                    _evidence((*each.block, *each.ablation), "targets"),
                )
            )
        return self.found.billable

    def _written(self, level: Counted) -> Iterator[DerivedLine]:
        """The lines of one code: both sides in the payer's form, what is left with its side."""
        further: tuple[str, ...] = ()
        if level.stopped:
            if self.profile.is_facility:
                self._say(
                    Cause.STOPPED,
                    "It was stopped: a facility tells by 73 or 74 whether anesthesia had begun, "
                    "which is not documented.",
                    level,
                    "status",
                )
                return
            further += (DISCONTINUED,)
        if self._asks_kx(level):
            further += (KX,)
        parts = _Parts.of(level)
        form = self.profile.bilateral(level.row, self.day)
        if parts.right and parts.left and form is not Form.RT_LT_LINES:
            self._say(
                Cause.PAYER,
                f"{level.row.code} was done at {_listed(parts.right)} on the right and at "
                f"{_listed(parts.left)} on the left: whether that is one level on both sides is "
                "not settled.",
                level,
                "targets",
            )
            return
        if parts.both and form is Form.UNKNOWN:
            self._say(
                Cause.PAYER,
                f"{level.row.code} was done on both sides, and the form that the payer takes is "
                "not known: 50, a line for each side, or twice.",
                level,
                "targets",
            )
            return
        if parts.both and form is Form.MODIFIER_50:
            yield self._line(level, (BILATERAL, *further), parts.units, parts.both, BOTH)
        elif parts.both and form is Form.ADDON_TWICE:
            yield self._line(level, further, 2 * parts.units, parts.both, BOTH)
        for side, own in ((Side.RIGHT, parts.right), (Side.LEFT, parts.left)):
            units = [*parts.both, *own] if form is Form.RT_LT_LINES else own
            if units:
                count = len(units) if level.row.repeats else 1
                yield self._line(level, (side, *further), count, units, frozenset((side,)))

    def _line(
        self,
        level: Counted,
        modifiers: tuple[str, ...],
        count: int,
        units: Sequence[Joint | MedialBranch],
        sides: frozenset[Side],
    ) -> DerivedLine:
        acts = list(_acting(level.acts, dict.fromkeys(sides, units)))
        joints = {unit for unit in units if isinstance(unit, Joint)}
        for unit in units:
            if isinstance(unit, MedialBranch):
                joints |= {joint for side in sides for joint in level.joints.get(side, ())}
        return DerivedLine(
            level.row.code,
            ordered(modifiers),
            count,
            tuple(map(str, sorted(joints))),
            _why(level, acts, units, sides, modifiers),
            tuple(dict.fromkeys(act.procedure.reference for act in acts)),
            _evidence(acts),
        )

    def _unlisted(self) -> DerivedLine:
        acts = self.found.unlisted
        techniques = sorted({t for act in acts for t in act.procedure.techniques})
        code = next(
            row.code for row in self.tables.codes.on(self.day).values() if row.role == "unlisted"
        )
        joints = self.found.unlisted_joints
        stopped = all(act.procedure.status is Status.STOPPED for act in acts)
        return DerivedLine(
            code,
            (DISCONTINUED,) if stopped else (),
            1,
            tuple(map(str, joints)),
            f"{_listed(techniques).capitalize()} of {_listed(joints)}: no facet code holds it. An "
            "unlisted code is billed once, without a side, and with the procedure note."
            + (" 53: it was stopped." if stopped else ""),
            tuple(dict.fromkeys(act.procedure.reference for act in acts)),
            _evidence(acts),
        )

    # --- KX -------------------------------------------------------------------------------------

    def _asks_kx(self, level: Counted) -> bool:
        return (
            self._may_ask(level)
            and self.profile.asks_kx(self.day)
            and intent_of(level.acts) is Intent.DIAGNOSTIC
        )

    def _may_ask(self, level: Counted) -> bool:
        """KX attests to coverage: it has no place where there is none, or none is expected."""
        return (
            level.row.kind == "injection"
            and level.row.guidance != "ultrasound"
            and not (
                level.row.level == THIRD
                and self.profile.third_level(self.day) is ThirdLevel.NON_COVERED
            )
        )

    def _intents(self) -> None:
        """What is not known of an injection's purpose, where the payer asks for it."""
        for level in self.found.billable:
            if not self._may_ask(level):
                continue
            intent = intent_of(level.acts)
            if self.profile.asks_kx(self.day) and intent is None:
                self._say(
                    Cause.INTENT,
                    f"What {level.row.code} was done for, diagnosis or therapy, is not documented "
                    "or said in two ways: whether it needs KX is not known.",
                    level,
                    "intent",
                )
            elif not self.profile.is_known and intent is Intent.DIAGNOSTIC:
                self._say(
                    Cause.INTENT,
                    f"{level.row.code} is diagnostic: whether the payer asks for KX is not known.",
                    level,
                    "intent",
                )

    def _beside(self) -> None:
        """What else was documented, and is not among the lines."""
        imaged = [
            act
            for act in self.found.acts
            if act.imaging in ("fluoro-ct", "ultrasound") and act.kind != "unlisted"
        ]
        holds = any(level.row.guidance != "none" for level in self.found.levels)
        if imaged and holds:
            self.remarks.append(
                Remark(
                    Cause.NOTE,
                    "The imaging is in the codes, and not billed apart.",
                    tuple(act.procedure.reference for act in imaged),
                    _evidence(imaged, "guidance"),
                )
            )
        elif imaged:
            self.remarks.append(
                Remark(
                    Cause.NOTE,
                    "The codes of that day do not hold the imaging: it has a line of its own, "
                    "which is not derived here.",
                    tuple(act.procedure.reference for act in imaged),
                    _evidence(imaged, "guidance"),
                )
            )
        drugs = [act for act in self.found.acts if "medications" in act.procedure.evidence]
        if drugs:
            self.remarks.append(
                Remark(
                    Cause.NOTE,
                    "Drugs were given: a local anesthetic is in the codes; whether another one has "
                    "a line of its own is not derived here.",
                    tuple(act.procedure.reference for act in drugs),
                    _evidence(drugs, "medications"),
                )
            )

    def _say(self, cause: Cause, message: str, level: Counted, fact: str) -> None:
        self.remarks.append(
            Remark(
                cause,
                message,
                tuple(dict.fromkeys(act.procedure.reference for act in level.acts)),
                _evidence(level.acts, fact),
            )
        )


def intent_of(acts: Iterable[Act]) -> Intent | None:
    """What acts were done for, where each of them says so and all say the same."""
    intents = {act.procedure.intent for act in acts}
    return next(iter(intents)) if len(intents) == 1 else None


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a level stands for on both sides, and on one side alone."""

    both: Sequence[Joint | MedialBranch]
    right: Sequence[Joint | MedialBranch]
    left: Sequence[Joint | MedialBranch]
    units: int  # of both sides

    @classmethod
    def of(cls, level: Counted) -> _Parts:
        """A code that stands for all further levels is of both sides where there are any on each;
        the others are where these are the same joints."""
        right, left = (
            [*(level.nerves.get(side, ()) or level.joints.get(side, ()))] for side in SIDES
        )
        if level.row.level == THIRD:
            return cls([*right], [], [], 1) if right and left else cls([], right, left, 1)
        both = [unit for unit in right if unit in left]
        return cls(
            both,
            [unit for unit in right if unit not in both],
            [unit for unit in left if unit not in both],
            len(both) if level.row.repeats else 1,
        )


# --- words ----------------------------------------------------------------------------------------


_LEVEL_WORDS = {
    FIRST: "First",
    SECOND: "Second",
    THIRD: "Third and further",
    EACH_FURTHER: "Each further",
}


def _why(
    level: Counted,
    acts: Sequence[Act],
    units: Sequence[Joint | MedialBranch],
    sides: frozenset[Side],
    modifiers: Sequence[str],
) -> str:
    """A sentence of why a line is there."""
    row = level.row
    what = "nerve" if row.counts == "nerve" else "joint" if row.kind == "ablation" else "level"
    where = "on both sides" if sides == BOTH else f"on the {SIDE_WORDS[next(iter(sides))]}"
    told = _listed(units)
    text = (
        f"{_LEVEL_WORDS[row.level]} {REGION_WORDS[row.region]} {what} {where}: {told}, "
        f"{'ablated' if row.kind == 'ablation' else 'injected'}"
    )
    treated = frozenset().union(
        *(target.branches for a in level.acts for target in a.procedure.targets)
    )
    nerves = sorted(
        treated & nerves_of(joint for side in sides for joint in level.joints.get(side, ()))
    )
    if nerves and what != "nerve":
        text += f" at {_listed(nerves)}"
    if row.guidance == "fluoro-ct":
        text += " under fluoroscopy or CT"
    elif row.guidance == "ultrasound":
        text += " under ultrasound"
    text += "."
    if DISCONTINUED in modifiers:
        text += " 53: it was stopped."
    if KX in modifiers:
        text += " KX: it is documented as diagnostic."
    return text


def _listed(parts: Iterable[object]) -> str:
    """L3, L4 and L5."""
    *first, last = map(str, parts)
    return f"{', '.join(first)} and {last}" if first else last


def _remark(cause: Cause, message: str, procedure: Procedure, *facts: str) -> Remark:
    places = [place for fact in facts for place in procedure.evidence.get(fact, ())]
    return Remark(cause, message, (procedure.reference,), tuple(dict.fromkeys(places)))


def _evidence(acts: Iterable[Act], *facts: str) -> tuple[str, ...]:
    """The places behind acts: of the facts that are named, else of all that lines rest on."""
    wanted = facts or ("code", "targets", "sides", "guidance", "intent", "status")
    places = [
        place for act in acts for fact in wanted for place in act.procedure.evidence.get(fact, ())
    ]
    return tuple(dict.fromkeys(places))
