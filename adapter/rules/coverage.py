"""CO: what the payer's policy covers.

A line that says by GA, GZ or GY that its denial is expected is not spoken of, and counts for
nothing: it is how what is not covered is billed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from adapter.changes import RemoveLine
from adapter.findings import Fix, Found, NotEvaluated, Reason, manual
from adapter.intent import INJECTED
from adapter.model import (
    ASC_PLACE,
    BILATERAL,
    BOTH,
    Claim,
    Facility,
    Family,
    Intent,
    Procedure,
    Side,
    Status,
    Technique,
)
from adapter.profiles import Cover, Profile, Sedation, Service, ThirdLevel
from adapter.rules import Result, rule
from adapter.rules._lines import EACH_FURTHER, FIRST, SECOND, THIRD, days, own_firsts, sides_named
from adapter.rules._session import intent_of_line
from adapter.rules.modifiers import LIABILITY
from adapter.spine import T12_L1, Joint, joints_of
from adapter.tables import CodedLine, Kind, Tables
from adapter.targets import read_targets
from adapter.technique import read_note

SEDATIVE = ("sedation", "anesthesia")
"""Roles of lines that put a patient to sleep, more or less."""

OF_THEIR_OWN = ("destruction", "lookalike", "other", "unlisted")
"""Roles of other services that may be what a patient was sedated for."""

AWAY = ("19", "22", ASC_PLACE)
"""Places of service of a hospital's outpatient departments and of a surgical centre."""

NOT_IN_FORCE = {
    "cancelled": "is cancelled",
    "entered-in-error": "was entered in error",
}
"""By the status of a FHIR Coverage."""

TOLD_BY_TECHNIQUE = {
    Technique.PULSED: Service.PULSED,
    Technique.COOLED: Service.COOLED,
    Technique.CHEMICAL: Service.CHEMICAL,
    Technique.CRYO: Service.CRYO,
    Technique.LASER: Service.LASER,
    Technique.ENDOSCOPIC: Service.ENDOSCOPIC,
}

THORACIC: dict[Kind, Service] = {
    "injection": Service.THORACIC_INJECTION,
    "ablation": Service.THORACIC_ABLATION,
}

_AS_NOT_COVERED = "bill it as not covered (for Medicare GA with a signed notice, else GZ)"


# --- levels and regions ---------------------------------------------------------------------------


@rule(
    "CO01",
    "third-level",
    severity="error",
    applicability="manual",
    tables=("codes",),
    sources=("S021", "S023", "S050"),
    since="0.1.0",
    variants={"appeal": "warning"},
)
def third_level(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A third injected level where the payer does not cover it, or covers it on appeal alone.

    Why it matters: Medicare covers two levels of a region in a session, on one side or both. Until
    the middle of 2024 a third one was paid on appeal; then each contractor made it non-covered, on
    a day of its own. Some other payers cover three.
    Fires: 64495-RT beside 64493-RT and 64494-RT
    Clean: 64495-RT,GZ beside them; 64493-RT and 64494-RT alone
    Correction: manual. The line is billed as not covered, appealed with the record, or left out.
    Not evaluated when: the payer is not known (payer-unknown).
    """
    unknown = False
    for line in _expecting(tables.facet_lines(claim)):
        if line.row.level != THIRD or line.row.guidance != "fluoro-ct":
            continue
        match profile.third_level(line.date):
            case ThirdLevel.NON_COVERED:
                said, variant = f"{profile.id} does not cover it", ""
                remedy = f"Leave it out, or {_AS_NOT_COVERED}."
            case ThirdLevel.APPEAL_ONLY:
                said, variant = f"{profile.id} covers it on appeal alone", "appeal"
                remedy = "Appeal the denial with the record, or leave it out."
            case ThirdLevel.UNSAID if not profile.is_known:
                unknown = True
                continue
            case _:
                continue
        yield Found(
            line=line.number,
            field="code",
            message=f"{line.code} is a third level; {said}.",
            label="third level",
            variant=variant,
            fix=manual(remedy),
        )
    if unknown:
        yield NotEvaluated(Reason.PAYER_UNKNOWN)


@rule(
    "CO02",
    "too-many-levels",
    severity="warning",
    applicability="manual",
    tables=("codes",),
    sources=("S023", "S050", "S051"),
    since="0.1.0",
    variants={"non-covered": "error"},
)
def too_many_levels(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """More joints ablated on a side and in a region than the payer covers in a session.

    Why it matters: the add-on is for each further joint, and its unit limit is for all that may be
    done; coverage ends earlier. Medicare covers two joints a side: the first level and one add-on.
    It is an error from the day on which the contractor no longer covers third levels.
    Fires: 64635-50 with 64636-50 x2: three joints on each side
    Clean: 64635-50 with 64636-50: two on each side
    Correction: manual. What is not covered is billed as such, or left out. Units on a line with 50
    count on each side; of lines without a side the fewest joints that they can mean are taken.
    Not evaluated when: the payer is not known (payer-unknown), or units cannot be read
    (units-unknown).
    """
    reasons = set()
    for lines in days(claim, tables):
        day = lines[0].date
        limit = profile.ablation_joints(day)
        for group in _ablations(_expecting(lines), profile):
            if limit is None:
                if not profile.is_known and any(_counts(group, 1)):
                    reasons.add(Reason.PAYER_UNKNOWN)
                continue
            past = list(_counts(group, limit))
            for line in past:
                is_third_out = profile.third_level(day) is ThirdLevel.NON_COVERED
                yield Found(
                    line=line.number,
                    field="units" if line.units != 1 else "code",
                    message=(
                        f"{line.code} is past the {limit} joints that {profile.id} covers on a side"
                        " in a session."
                    ),
                    label="past the limit",
                    variant="non-covered" if is_third_out else "",
                    fix=manual(
                        f"Find out which joints were treated; past {limit} a side,"
                        f" {_AS_NOT_COVERED} or leave it out."
                    ),
                )
            if not past and any(line.line.units is None for line in group):
                reasons.add(Reason.UNITS_UNKNOWN)
    yield from map(NotEvaluated, sorted(reasons))


def _ablations(lines: Sequence[CodedLine], profile: Profile) -> Iterator[Sequence[CodedLine]]:
    """The joints ablated on a day, by region; first levels stand first."""
    found = [line for line in lines if line.row.kind == "ablation" and line.row.counts == "joint"]
    found.sort(key=lambda line: line.row.addon)  # stable: else in claim order
    if found and _is_one_lumbar_session(found, profile):
        yield found
        return
    for region in ("CT", "LS"):
        group = [line for line in found if line.row.region == region]
        if group:
            yield group


def _counts(lines: Sequence[CodedLine], limit: int) -> Iterator[CodedLine]:
    """The lines that go past a number of joints a side, in any form in which they are billed."""
    firsts = [line for line in lines if line.row.level == FIRST]
    is_one_side = sum(_joints(line) for line in firsts) == 1 and sides_named(lines) != BOTH
    sides = dict.fromkeys(Side, 0)
    loose = total = 0
    for line in lines:
        before = _least(sides, loose)
        joints = _joints(line)
        total += joints
        for side in line.sides:
            sides[side] += joints
        if not line.sides:
            loose += joints
        if is_one_side:
            is_past = total > limit
        else:
            is_past = any(sides[side] > limit for side in line.sides) or (
                _least(sides, loose) > max(limit, before)
            )
        if is_past:
            yield line


def _joints(line: CodedLine) -> int:
    """On each of its sides: 50 counts both, so its units are joints; those of a line with RT and LT
    may be one a side."""
    units = line.units or (0 if line.row.repeats else 1)  # what cannot be counted is UN02's
    if BILATERAL in line.modifiers:
        return units if line.row.repeats else 1
    return -(-units // 2) if line.sides == BOTH else units


def _least(sides: dict[Side, int], loose: int) -> int:
    """The fewest joints that the fuller side can have, wherever those without a side were."""
    return max(*sides.values(), -(-(sum(sides.values()) + loose) // 2))


@rule(
    "CO03",
    "one-region-per-session",
    severity="warning",
    applicability="manual",
    tables=("codes",),
    sources=("S039", "S050", "S051"),
    since="0.1.0",
)
def one_region_per_session(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """Facet services in more regions of the spine on one day than the payer covers in a session.

    Why it matters: all that is done on a day is one session, blocks and ablations together. Neck
    and thorax are one region, the lumbar and sacral spine is the other. Contractors word it unlike:
    to CGS one region is the limit, to WPS the routine.
    Fires: 64490-RT with 64493-RT
    Clean: 64490-RT with 64494-RT where T12-L1 with L1-2 is one lumbar session, from 2025 on
    Correction: manual. One region is billed as not covered, or its reason documented.
    Not evaluated when: the payer is not known (payer-unknown).
    """
    unknown = False
    for lines in days(claim, tables):
        kept = _expecting(lines)
        if len({line.row.region for line in kept}) < 2:
            continue
        kept = _regional(kept)
        regions = {line.row.region for line in kept}
        if len(regions) < 2:
            continue
        limit = profile.regions_per_session(kept[0].date)
        if limit is None:
            unknown = unknown or not profile.is_known
        elif len(regions) > limit and not _is_one_lumbar_session(kept, profile):
            line = next(each for each in kept if each.row.region != kept[0].row.region)
            yield Found(
                line=line.number,
                field="code",
                others=tuple(
                    each.number
                    for each in kept
                    if each.row.region == line.row.region and each is not line
                ),
                message=(
                    f"{line.code} is of another region than {kept[0].code} on that day;"
                    f" {profile.id} covers one region in a session."
                ),
                label="another region",
                fix=manual(f"Document why both were needed, or of one {_AS_NOT_COVERED}."),
            )
    if unknown:
        yield NotEvaluated(Reason.PAYER_UNKNOWN)


def _regional(lines: Sequence[CodedLine]) -> Sequence[CodedLine]:
    """Lines that tell a region. Of an add-on without its first level LV02 doubts the code."""
    stands = {line.code: line.row.level == FIRST or bool(own_firsts(line, lines)) for line in lines}
    return [line for line in lines if stands[line.code]]


def _is_one_lumbar_session(lines: Sequence[CodedLine], profile: Profile) -> bool:
    """T12-L1 with L1-2: first levels above, add-ons alone below, where the payer has them so."""
    upper = [line for line in lines if line.row.region == "CT"]
    lower = [line for line in lines if line.row.region == "LS"]
    return (
        bool(upper and lower)
        and profile.joins_thoracolumbar(lines[0].date)
        and all(line.row.level == FIRST for line in upper)
        and all(line.row.level != FIRST for line in lower)
        and {line.row.kind for line in lower} == {line.row.kind for line in upper}
        and any(line.row.level in (SECOND, EACH_FURTHER) for line in lower)
    )


# --- how it was done ------------------------------------------------------------------------------


@rule(
    "CO04",
    "guidance-not-covered",
    severity="error",
    tables=("codes",),
    sources=("S050", "S051", "S070"),
    since="0.1.0",
    variants={"unproven": "warning"},
)
def guidance_not_covered(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """An injection under ultrasound where the payer does not cover that guidance.

    Why it matters: Medicare's policies ask for fluoroscopy or CT, and hold ultrasound to be neither
    reasonable nor necessary; other payers call it unproven.
    Fires: 0216T-RT
    Clean: 64493-RT, if the needle was guided by fluoroscopy or CT
    Correction: none. How the needle was guided is a fact.
    Not evaluated when: the payer is not known (payer-unknown).
    """
    unknown = False
    for line in _expecting(tables.facet_lines(claim)):
        if line.row.guidance != "ultrasound":
            continue
        cover = profile.ultrasound(line.date)
        if cover in (Cover.NON_COVERED, Cover.UNPROVEN):
            is_unproven = cover is Cover.UNPROVEN
            what = "holds that guidance to be unproven" if is_unproven else "does not cover it"
            yield Found(
                line=line.number,
                field="code",
                message=f"{line.code} is guided by ultrasound; {profile.id} {what}.",
                label="ultrasound",
                variant="unproven" if is_unproven else "",
            )
        elif cover is Cover.UNSAID and not profile.is_known:
            unknown = True
    if unknown:
        yield NotEvaluated(Reason.PAYER_UNKNOWN)


@rule(
    "CO05",
    "sedation",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S050", "S051"),
    since="0.1.0",
    variants={"reason": "warning"},
)
def sedation(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """Sedation or anesthesia beside a facet service for which the payer does not cover it.

    Why it matters: Medicare covers no sedation for a facet injection, and for an ablation moderate
    sedation only with a documented reason; fear or preference is none. Until the texts of 2024 it
    was not covered routinely. Audits found millions paid in error for it.
    Fires: 99152 beside 64493-RT
    Clean: 64493-RT alone; 99152-GZ beside it
    Correction: suggested beside an injection alone: the sedation goes. Beside an ablation its
    reason has to be in the record; where another service was done too, it may be of that one.
    Not evaluated when: the payer is not known (payer-unknown).
    """
    unknown = False
    companions = _companions(claim, tables)
    for lines in days(claim, tables):
        facet = _expecting(lines)
        day = lines[0].date
        asleep = [each for each in _expecting(companions[day]) if each.row.role in SEDATIVE]
        if not asleep or not facet:
            continue
        kinds = {line.row.kind for line in facet}
        answers = {profile.sedation(kind, day) for kind in kinds}
        if Sedation.UNSAID in answers:
            unknown = unknown or not profile.is_known
            continue
        others = [each for each in companions[day] if each.row.role in OF_THEIR_OWN]
        for line in asleep:
            yield _sedated(line, facet[0], answers, others, profile)
    if unknown:
        yield NotEvaluated(Reason.PAYER_UNKNOWN)


def _sedated(
    line: CodedLine,
    facet: CodedLine,
    answers: Iterable[Sedation],
    others: Sequence[CodedLine],
    profile: Profile,
) -> Found:
    what = "sedation" if line.row.role == "sedation" else "anesthesia"
    if Sedation.NOT_ROUTINE in answers:
        needs = f"{profile.id} does not cover it routinely"
        remedy, variant = manual("See that the record gives the reason, or leave it out."), "reason"
    elif Sedation.NEEDS_REASON in answers and line.row.role != "sedation":
        needs = f"{profile.id} covers no general, deep or routine anesthesia beside an ablation"
        remedy, variant = manual("Find out what it was for, or leave it out."), "reason"
    elif Sedation.NEEDS_REASON in answers:
        needs = f"{profile.id} covers it beside an ablation only with a documented reason"
        remedy, variant = manual("See that the record gives the reason, or leave it out."), "reason"
    else:
        needs = f"{profile.id} does not cover it beside an injection"
        if others:
            remedy = manual(f"Find out whether it was for {others[0].code}.")
            variant = "reason"
        else:
            remedy, variant = Fix(f"Remove {line.code}.", (RemoveLine(line.number),)), ""
    return Found(
        line=line.number,
        field="code",
        message=f"{line.code} is {what} beside {facet.code}; {needs}.",
        label=what,
        variant=variant,
        fix=remedy,
    )


@rule(
    "CO06",
    "other-spinal-injection",
    severity="warning",
    tables=("codes", "spinal"),
    sources=("S050", "S051", "S091"),
    since="0.1.0",
)
def other_spinal_injection(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """Another spinal injection on the day of a facet service.

    Why it matters: two injections at once do not show which joint or nerve hurts. Medicare wants a
    separate reason in the record for an epidural, sacroiliac, sympathetic or trigger point
    injection of the same day; one through the foramen at the same level only beside a facet cyst
    that presses on the root.
    Fires: 62323 beside 64493-RT
    Clean: 64493-RT alone
    Correction: none. Whether the other injection had its own reason is in the record.
    Not evaluated when: the payer is not known (payer-unknown).
    """
    unknown = False
    companions = _companions(claim, tables)
    for lines in days(claim, tables):
        facet = _expecting(lines)
        day = lines[0].date
        spinal = tables.spinal.on(day)
        others = [each for each in _expecting(companions[day]) if each.code in spinal]
        if not facet or not others:
            continue
        if not profile.bars_other_spinal(day):
            unknown = unknown or not profile.is_known
            continue
        for line in others:
            family = spinal[line.code].family
            yield Found(
                line=line.number,
                field="code",
                message=(
                    f"{line.code} is {_INJECTION.get(family, family)} on the day of"
                    f" {facet[0].code}; {profile.id} wants a separate reason for it in the record."
                ),
                label="on the same day",
            )
    if unknown:
        yield NotEvaluated(Reason.PAYER_UNKNOWN)


_INJECTION = {Family.SACROILIAC: "a sacroiliac joint injection"}
"""What the model calls more broadly."""


# --- what was done, and where ---------------------------------------------------------------------


@rule(
    "CO07",
    "service-not-covered",
    severity="warning",
    tables=("codes",),
    sources=("S050", "S070", "S077"),
    since="0.1.0",
)
def service_not_covered(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A service that the payer leaves out of what it covers, or calls unproven.

    Why it matters: one code stands for services that payers tell apart. UnitedHealthcare's
    commercial plans cover diagnostic injections and not therapeutic ones, TRICARE no ablation in
    the thorax, and few payers cover pulsed or cooled radiofrequency.
    Fires: 64493-RT with the note THERAPEUTIC FACET JOINT INJECTION, for uhc-commercial
    Clean: 64493-RT with the note DIAGNOSTIC MEDIAL BRANCH BLOCK
    Correction: none. What was done is a fact.
    Not evaluated when: neither documentation nor notes say what an injection is for
    (intent-unknown), or which joints or by what means (no-documentation), and the coverage hangs on
    it; or the payer is not known (payer-unknown).
    """
    reasons = set()
    record = _Record(claim)
    for line in _expecting(tables.spoken_lines(claim)):
        if line.row.role not in ("facet", "unlisted"):
            continue
        left_out = profile.not_covered(line.date)
        if not profile.is_known:
            reasons.add(Reason.PAYER_UNKNOWN)
        if not left_out:
            continue
        for answer in (
            _intended(claim, line, left_out, tables, profile),
            _situated(record, line, left_out),
            _performed(record, line, left_out),
        ):
            if isinstance(answer, Reason):
                reasons.add(answer)
            elif answer is not None:
                what, evidence = answer
                yield Found(
                    line=line.number,
                    field="code",
                    message=(
                        f"{line.code} is {'documented' if evidence else 'noted'} as {what};"
                        f" {profile.id} does not cover that."
                    ),
                    label="not covered",
                    evidence=evidence,
                )
                break
    yield from map(NotEvaluated, sorted(reasons))


_Answer = tuple[str, tuple[str, ...]] | Reason | None
"""What a service is in words, and the documentation that says so; why it is not known; or nothing:
the payer covers it."""


def _intended(
    claim: Claim,
    line: CodedLine,
    left_out: frozenset[Service],
    tables: Tables,
    profile: Profile,
) -> _Answer:
    if Service.THERAPEUTIC_INJECTION not in left_out or line.row.kind != "injection":
        return None
    intent, evidence = intent_of_line(claim, line, tables, profile)
    match intent:
        case Intent.THERAPEUTIC:
            return "a therapeutic injection", evidence
        case Intent.DIAGNOSTIC:
            return None
        case _:
            return Reason.INTENT_UNKNOWN


def _situated(record: _Record, line: CodedLine, left_out: frozenset[Service]) -> _Answer:
    """The codes of neck and thorax are the same: only joints tell them apart."""
    kind = line.row.kind
    if line.row.region != "CT" or kind not in THORACIC or THORACIC[kind] not in left_out:
        return None
    joints: frozenset[Joint] = frozenset()
    evidence: list[str] = []
    for act in record.acts(line):
        for target in act.targets:
            joints |= target.joints | joints_of(target.branches).joints
        evidence += act.evidence.get("targets", ())
    for note in () if joints else record.notes(line):
        for target in read_targets(note).targets:
            joints |= target.joints | joints_of(target.branches).joints
    if not joints:
        return Reason.NO_DOCUMENTATION
    if all(_is_thoracic(joint) for joint in joints):
        return f"a thoracic {kind}", tuple(dict.fromkeys(evidence))
    return None  # a joint of the neck is among them, and may be the one of this line


def _is_thoracic(joint: Joint) -> bool:
    """Between two thoracic vertebrae: of the joints at both ends payers differ."""
    return joint.name.startswith("T") and joint != T12_L1


def _performed(record: _Record, line: CodedLine, left_out: frozenset[Service]) -> _Answer:
    """The codes of ablation are for heat; what else is billed by them DC07 says."""
    is_unlisted = line.row.role == "unlisted"
    if left_out.isdisjoint(TOLD_BY_TECHNIQUE.values()) or not (
        is_unlisted or line.row.kind == "ablation"
    ):
        return None
    acts = [act for act in record.acts(line) if act.techniques - INJECTED]
    said = frozenset[Technique]().union(*(act.techniques for act in acts)) - INJECTED
    if not said:
        told = (read_note(note).techniques for note in record.notes(line))
        said = frozenset[Technique]().union(*told) - INJECTED
    if not said:
        return None if is_unlisted else Reason.NO_DOCUMENTATION
    if len(said) > 1:
        return Reason.NO_DOCUMENTATION  # which of them this line is for is not told
    (technique,) = said
    if TOLD_BY_TECHNIQUE.get(technique) not in left_out:
        return None
    places = [place for act in acts for place in act.evidence.get("code", ())]
    return str(technique), tuple(dict.fromkeys(places))


class _Record:
    """What a claim holds of what was done: documentation and notes."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        days = {each.date for each in claim.lines}
        self._only_day = next(iter(days)) if len(days) == 1 else None

    def acts(self, line: CodedLine) -> Iterator[Procedure]:
        """What is documented of the line's day and kind. A procedure without a day is of the only
        one that the claim has."""
        for each in self._claim.procedures:
            if (
                (each.date or self._only_day) == line.date
                and each.techniques
                and bool(each.techniques & INJECTED) == (line.row.kind == "injection")
                and each.status not in (Status.NOT_DONE, Status.ERROR)
            ):
                yield each

    def notes(self, line: CodedLine) -> Sequence[str]:
        """The line's own notes; the claim's where all of it is of one day."""
        if line.line.notes:
            return line.line.notes
        return self._claim.notes if self._only_day is not None else ()


@rule(
    "CO08",
    "site-of-service",
    severity="warning",
    tables=("codes",),
    sources=("S065", "S066", "S070"),
    since="0.1.0",
    variants={"excluded": "error"},
)
def site_of_service(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A place of service at which the payer does not pay for the code, or asks why it was chosen.

    Why it matters: Medicare pays a surgical centre nothing for the unlisted code. Some plans want
    an ablation in an office, and review those in a hospital or a surgical centre.
    Fires: 64633-RT at place of service 24, for uhc-commercial from 2026-07-01
    Clean: 64633-RT at place of service 11
    Correction: none. Where it was done is a fact.
    Not evaluated when: the payer is not known (payer-unknown).
    """
    unknown = False
    for line in _expecting(tables.spoken_lines(claim)):
        place = line.line.place_of_service
        if line.row.role not in ("facet", "unlisted") or place not in AWAY:
            continue
        unknown = unknown or not profile.is_known
        if claim.facility is Facility.ASC and line.code in profile.excluded_in_asc(line.date):
            message = f"{line.code} is not paid to a surgical centre by {profile.id}."
            variant = "excluded"
        elif line.code in profile.office_first(line.date):
            message = (
                f"{line.code} was done at place of service {place}; {profile.id} reviews it there,"
                " and wants it in an office first."
            )
            variant = ""
        else:
            continue
        yield Found(
            line=line.number,
            field="place_of_service",
            message=message,
            label="site of service",
            variant=variant,
        )
    if unknown:
        yield NotEvaluated(Reason.PAYER_UNKNOWN)


@rule(
    "CO09",
    "coverage-not-in-force",
    severity="warning",
    tables=("codes",),
    sources=("S040",),
    since="0.1.0",
)
def coverage_not_in_force(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A Coverage that is cancelled, or whose period does not hold on the date of service.

    Why it matters: the payer denies what was done while the patient was not its member, whatever
    the service.
    Fires: a FHIR Coverage with the status cancelled, or one that ended before the date of service
    Clean: an active Coverage without a period, or with one that holds the date of service
    Correction: none. Which coverage was in force has to be found out.
    Not evaluated when: never; an 837P tells neither status nor period.
    """
    coverage = claim.coverage
    if coverage is None:
        return
    lines = tables.facet_lines(claim)
    out = [line for line in lines if not coverage.holds(line.date)]
    if coverage.status in NOT_IN_FORCE:
        message = f"The coverage of the claim {NOT_IN_FORCE[coverage.status]}."
    elif out:
        message = f"The coverage of the claim {_apart(coverage.start, out)} the date of service."
    else:
        return
    yield Found(message=message, others=tuple(line.number for line in out))


def _apart(start: date | None, out: Sequence[CodedLine]) -> str:
    is_early = start is not None and any(line.date < start for line in out)
    return "begins after" if is_early else "ended before"


# --- which lines ----------------------------------------------------------------------------------


def _companions(claim: Claim, tables: Tables) -> Mapping[date, Sequence[CodedLine]]:
    """All lines that rules may speak of, by their day."""
    found: dict[date, list[CodedLine]] = {}
    for line in tables.spoken_lines(claim):
        found.setdefault(line.date, []).append(line)
    return found


def _expecting(lines: Sequence[CodedLine]) -> Sequence[CodedLine]:
    """The lines for which payment is expected."""
    return [line for line in lines if not any(each in LIABILITY for each in line.modifiers)]
