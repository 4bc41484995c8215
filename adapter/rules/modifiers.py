"""MD: modifiers."""

from __future__ import annotations

from collections.abc import Iterator

from adapter.changes import MAX_MODIFIERS, SetModifiers
from adapter.findings import Applicability, Fix, Found, NotEvaluated, Reason, manual
from adapter.model import Claim, Facility, Intent
from adapter.modifiers import DISTINCT, KX, POSITIONED, ordered
from adapter.profiles import Profile, ThirdLevel
from adapter.rules import Result, rule
from adapter.rules._session import intent_of_line
from adapter.tables import CodedLine, ModifierRow, Tables, Verdict

MULTIPLE = "51"
LIABILITY = ("GA", "GZ", "GY")  # the line is expected to be denied
THIRD_LEVEL = "3"


@rule(
    "MD01",
    "modifier-not-allowed",
    severity="error",
    applicability="suggested",
    tables=("modifiers",),
    sources=("S016", "S030"),
    since="0.1.0",
)
def modifier_not_allowed(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A modifier that the facet codes do not take.

    Why it matters: payers deny a line whose modifier contradicts its code.
    Fires: 64493-26,RT
    Clean: 64493-RT
    Correction: safe where the modifier cannot mean anything here (26, TC, AT); suggested for the
    others, 73 and 74 on a professional claim become 53; manual for assistants at surgery, where
    the line itself is in question.
    Not evaluated when: never.
    """
    for line in tables.facet_lines(claim):
        known = tables.modifiers.on(line.date)
        for index, modifier in _once_each(line):
            row = known.get(modifier)
            verdict = "" if row is None else _verdict(row, line, claim)
            if row is not None and verdict:
                yield Found(
                    line=line.number,
                    field=("modifiers", index),
                    message=f"{line.code} does not take {modifier}: {row.why}.",
                    label="not allowed",
                    fix=_remedy(row, verdict, line),
                )


def _verdict(row: ModifierRow, line: CodedLine, claim: Claim) -> Verdict:
    if claim.facility is Facility.ASC:
        return row.facility
    return row.ablation if line.row.kind == "ablation" else row.injection


def _remedy(row: ModifierRow, verdict: Verdict, line: CodedLine) -> Fix:
    if verdict == "manual":
        return manual("Find out who billed the line and why; it may have to go as a whole.")
    if verdict == "replace":
        kept = (row.instead if each == row.modifier else each for each in line.modifiers)
        return Fix(
            f"Replace {row.modifier} by {row.instead}.",
            (SetModifiers(line.number, tuple(dict.fromkeys(kept))),),
        )
    return _removal(line, row.modifier, Applicability(verdict))


@rule(
    "MD02",
    "multiple-procedure-on-add-on",
    severity="warning",
    applicability="safe",
    tables=("codes",),
    sources=("S016", "S020"),
    since="0.1.0",
)
def multiple_procedure_on_add_on(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """51 on an add-on.

    Why it matters: an add-on is never subject to the multiple-procedure reduction that 51 stands
    for; payers deny it or pay it by half.
    Fires: 64494-51,RT
    Clean: 64494-RT
    Correction: safe. 51 goes; what was done stays as it was said.
    Not evaluated when: never.
    """
    for line in tables.facet_lines(claim):
        if line.row.addon and MULTIPLE in line.modifiers:
            yield Found(
                line=line.number,
                field=("modifiers", line.modifiers.index(MULTIPLE)),
                message=f"{line.code} is an add-on and does not take 51.",
                label="not on an add-on",
                fix=_removal(line, MULTIPLE),
            )


@rule(
    "MD03",
    "unneeded-distinct-service",
    severity="warning",
    applicability="suggested",
    tables=("ncci",),
    sources=("S011", "S031"),
    since="0.1.0",
)
def unneeded_distinct_service(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """59 or X{EPSU} where no code pair asks for it.

    Why it matters: the modifier says that a bundled service was distinct. Where nothing is bundled
    it draws a review, and it is no sign for an add-on beside its own first level.
    Fires: 64491-59,RT beside 64490-RT
    Clean: 64493-59,RT beside 64635-LT, an NCCI pair that a modifier lifts
    Correction: suggested. The modifier goes.
    Not evaluated when: the NCCI pairs of the day are not loaded (no-table).
    """
    unknown = False
    for line in tables.facet_lines(claim):
        carried = [(index, each) for index, each in _once_each(line) if each in DISTINCT]
        if not carried:
            continue
        if not tables.ncci.covers(line.date):
            unknown = True
        elif not _is_asked_for(line, claim, tables):
            for index, modifier in carried:
                yield Found(
                    line=line.number,
                    field=("modifiers", index),
                    message=f"No NCCI pair on the claim asks for {modifier} on {line.code}.",
                    label="not needed",
                    fix=_removal(line, modifier),
                )
    if unknown:
        yield NotEvaluated(Reason.NO_TABLE)


def _is_asked_for(line: CodedLine, claim: Claim, tables: Tables) -> bool:
    """Whether a pair that a modifier lifts holds this code and another of the same day."""
    pairs = tables.ncci.on(line.date)
    for other in claim.lines:
        if other.number == line.number or other.date not in (line.date, None):
            continue
        if any(row.role == "visit" for row in tables.codes.history(other.code)):
            continue  # 25 on the visit lifts such a pair, and nothing on this line
        for key in (f"{line.code} {other.code}", f"{other.code} {line.code}"):
            if key in pairs and pairs[key].indicator == "1":
                return True
    return False


@rule(
    "MD04",
    "missing-kx",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S021", "S022"),
    since="0.1.0",
)
def missing_kx(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A documented or noted diagnostic injection without KX where the payer asks for it.

    Why it matters: without KX Medicare counts the session among the therapeutic ones, and denies
    it when those are used up.
    Fires: 64493-RT with the note DIAGNOSTIC MEDIAL BRANCH BLOCK 1 OF 2
    Clean: 64493-RT,KX with that note
    Correction: suggested. KX is added; it attests that the criteria for a diagnostic block are met.
    Not evaluated when: neither the documentation nor the notes say whether it is diagnostic or
    therapeutic, or they say both (intent-unknown), or the payer is not known (payer-unknown).
    """
    reasons = set()
    for line in tables.facet_lines(claim):
        if not _may_be_diagnostic(line, profile) or KX in line.modifiers:
            continue
        intent, evidence = intent_of_line(claim, line, tables, profile)
        if intent is Intent.THERAPEUTIC:
            continue
        if not profile.is_known:
            reasons.add(Reason.PAYER_UNKNOWN)
        elif not profile.asks_kx(line.date):
            continue
        elif intent is None:
            reasons.add(Reason.INTENT_UNKNOWN)
        else:
            yield Found(
                line=line.number,
                field="code",
                message=f"{line.code} is {_said_by(evidence)} as diagnostic and carries no KX.",
                label="KX is missing",
                fix=_with_kx(line),
                evidence=evidence,
            )
    yield from map(NotEvaluated, sorted(reasons))


def _said_by(evidence: tuple[str, ...]) -> str:
    return "documented" if evidence else "noted"


def _may_be_diagnostic(line: CodedLine, profile: Profile) -> bool:
    """KX attests to coverage: it has no place where there is none, or none is expected."""
    return (
        line.row.kind == "injection"
        and line.row.guidance != "ultrasound"
        and not _is_non_covered(line, profile)
        and not any(modifier in LIABILITY for modifier in line.modifiers)
    )


def _is_non_covered(line: CodedLine, profile: Profile) -> bool:
    return (
        line.row.level == THIRD_LEVEL and profile.third_level(line.date) is ThirdLevel.NON_COVERED
    )


def _with_kx(line: CodedLine) -> Fix:
    if len(line.modifiers) >= MAX_MODIFIERS:
        return manual("Add KX; the line has four modifiers, so one of them has to go.")
    return Fix("Add KX.", (SetModifiers(line.number, ordered((*line.modifiers, KX))),))


@rule(
    "MD05",
    "kx-not-applicable",
    severity="warning",
    applicability="suggested",
    tables=("codes",),
    sources=("S021", "S023"),
    since="0.1.0",
)
def kx_not_applicable(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """KX on a line that is no diagnostic injection, or on a level that is not covered.

    Why it matters: KX attests to a covered diagnostic block; Medicare contractors review those who
    put it on other lines.
    Fires: 64635-RT,KX
    Clean: 64493-RT,KX
    Correction: suggested. KX goes.
    Not evaluated when: never.
    """
    for line in tables.facet_lines(claim):
        if KX not in line.modifiers or not profile.asks_kx(line.date):
            continue
        evidence: tuple[str, ...] = ()
        if line.row.kind == "ablation":
            why = "it is an ablation"
        elif (told := intent_of_line(claim, line, tables, profile))[0] is Intent.THERAPEUTIC:
            evidence = told[1]
            why = f"it is {_said_by(evidence)} as therapeutic"
        elif _is_non_covered(line, profile):
            why = "a third level is not covered on that day"
        else:
            continue
        yield Found(
            line=line.number,
            field=("modifiers", line.modifiers.index(KX)),
            message=f"{line.code} carries KX, but {why}.",
            label="not applicable",
            fix=_removal(line, KX),
            evidence=evidence,
        )


@rule(
    "MD06",
    "duplicate-modifier",
    severity="warning",
    applicability="safe",
    tables=("codes",),
    sources=("S037",),
    since="0.1.0",
)
def duplicate_modifier(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """The same modifier twice on one line.

    Why it matters: a line has room for four, and some payers reject it as invalid.
    Fires: 64493-RT,RT
    Clean: 64493-RT
    Correction: safe. The first one stays.
    Not evaluated when: never.
    """
    for line in tables.spoken_lines(claim):
        kept = tuple(dict.fromkeys(line.modifiers))
        if len(kept) == len(line.modifiers):
            continue
        twice = next(m for n, m in enumerate(line.modifiers) if m in line.modifiers[:n])
        again = line.modifiers.index(twice, line.modifiers.index(twice) + 1)
        yield Found(
            line=line.number,
            field=("modifiers", again),
            message=f"{line.code} carries {twice} more than once.",
            label="again",
            fix=Fix("Keep the first of each.", (SetModifiers(line.number, kept),)),
        )


@rule(
    "MD07",
    "modifier-order",
    severity="info",
    applicability="suggested",
    tables=("codes", "modifiers"),
    sources=("S038",),
    since="0.1.0",
)
def modifier_order(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """Modifiers that decide payment behind those that inform.

    Why it matters: some payers read only the first one or two.
    Fires: 64493-KX,RT
    Clean: 64493-RT,KX
    Correction: suggested. What decides payment comes first, then the side, then KX and the rest.
    Not evaluated when: never.
    """
    for line in tables.facet_lines(claim):
        placed = tuple(each for each in line.modifiers if each in POSITIONED)
        if placed == ordered(placed):
            continue
        order = ordered(line.modifiers)
        index = next(n for n, each in enumerate(line.modifiers) if each != order[n])
        yield Found(
            line=line.number,
            field=("modifiers", index),
            message=f"{line.code} carries {_said(line.modifiers)}; the order is {_said(order)}.",
            label="order",
            fix=Fix(f"Write {_said(order)}.", (SetModifiers(line.number, order),)),
        )


@rule(
    "MD08",
    "unknown-modifier",
    severity="error",
    applicability="manual",
    tables=("modifiers",),
    sources=("S001", "S010", "S031"),
    since="0.1.0",
)
def unknown_modifier(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A modifier that does not exist on the day.

    Why it matters: payers reject the line.
    Fires: 64493-ZZ,RT
    Clean: 64493-RT
    Correction: manual. What was meant is not known.
    Not evaluated when: never.
    """
    for line in tables.spoken_lines(claim):
        known = tables.modifiers.on(line.date)
        for index, modifier in _once_each(line):
            if modifier in known:
                continue
            elsewhen = " on that day" if modifier in tables.modifiers else ""
            yield Found(
                line=line.number,
                field=("modifiers", index),
                message=f"{line.code} carries {modifier}, which is no modifier{elsewhen}.",
                label="unknown",
                fix=manual("Find out what was meant."),
            )


def _once_each(line: CodedLine) -> Iterator[tuple[int, str]]:
    """Each modifier where it stands first."""
    for index, modifier in enumerate(line.modifiers):
        if modifier not in line.modifiers[:index]:
            yield index, modifier


def _removal(line: CodedLine, modifier: str, applicability: Applicability | None = None) -> Fix:
    kept = tuple(each for each in line.modifiers if each != modifier)
    return Fix(f"Remove {modifier}.", (SetModifiers(line.number, kept),), applicability)


def _said(modifiers: tuple[str, ...]) -> str:
    return ", ".join(modifiers)
