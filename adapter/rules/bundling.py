"""BN: what is bundled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from adapter.changes import MAX_MODIFIERS, RemoveLine, SetModifiers
from adapter.findings import Fix, Found, NotEvaluated, Reason, manual
from adapter.model import Claim
from adapter.modifiers import DISTINCT, DISTINCT_ANYHOW, DISTINCT_SITE, SEPARATE_VISIT, ordered
from adapter.profiles import Profile
from adapter.rules import Result, rule
from adapter.rules._session import sessions
from adapter.tables import CodedLine, Tables

NEVER, WITH_MODIFIER = "0", "1"  # indicators of a pair

LIFTING = frozenset((*DISTINCT, "58", "78", "79"))
"""Modifiers that lift a pair on either of its lines: the later ones tell of another session."""

NOT_GUIDED = ("facet", "imaging", "visit", "sedation", "anesthesia", "drug", "supply")
"""Roles of codes that imaging guides no needle for, or none but what they include."""


@rule(
    "BN01",
    "never-together",
    severity="error",
    applicability="suggested",
    tables=("ncci",),
    sources=("S011", "S115"),
    since="0.1.0",
)
def never_together(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """An NCCI pair that no modifier lifts.

    Why it matters: of such a pair the payer pays column 1 alone, whatever modifier stands on it.
    Fires: 64451-RT with 64493-RT under Medicare
    Clean: 64483-RT with 64493-RT, which are no pair
    Correction: suggested. The code in column 2 goes.
    Not evaluated when: the payer is not known (payer-unknown), or the pairs of the day are not
    loaded (no-table).
    """
    yield from _unread(claim, tables, profile)
    for bundle in _bundles(claim, tables, profile, NEVER):
        line = bundle.line
        yield Found(
            line=line.number,
            field="code",
            message=f"{line.code} is never paid beside {bundle.over} (NCCI).",
            label="never together",
            fix=Fix(f"Remove {line.code}.", (RemoveLine(line.number),)),
        )


@rule(
    "BN02",
    "bundled-pair",
    severity="error",
    applicability="suggested",
    tables=("ncci",),
    sources=("S011", "S031", "S115", "S117"),
    since="0.1.0",
)
def bundled_pair(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """An NCCI pair that a modifier lifts, without such a modifier.

    Why it matters: column 2 is denied as part of column 1. 59 or X{EPSU} on either line, or RT on
    one and LT on the other, says that it was a service of its own. Of a visit BN04 speaks.
    Fires: 64633-RT with 64493-RT under Medicare
    Clean: 64633-RT with 64493-XS,RT
    Correction: suggested. What every such service includes goes (96372, local anesthetics); other
    codes in column 2 get XS, or 59 where the payer does not take it, if they were separate.
    Not evaluated when: the payer is not known (payer-unknown), or the pairs of the day are not
    loaded (no-table).
    """
    yield from _unread(claim, tables, profile)
    for bundle in _bundles(claim, tables, profile, WITH_MODIFIER):
        line = bundle.line
        yield Found(
            line=line.number,
            field="code",
            message=f"{line.code} is part of {bundle.over} (NCCI) and carries no modifier for it.",
            label="bundled",
            fix=_lifted(bundle, profile),
        )


def _lifted(bundle: _Bundle, profile: Profile) -> Fix:
    line = bundle.line
    if any(line.row.belongs_to(other.row) for other in bundle.column1):
        return Fix(f"Remove {line.code}; it is part of {bundle.over}.", (RemoveLine(line.number),))
    if line.row.role == "facet" and any(o.row.role in SEDATIVE for o in bundle.column1):
        return manual(f"{bundle.over} is for this service: leave it out, or find who gave it.")
    modifier = DISTINCT_SITE if profile.takes_x_modifiers(line.date) else DISTINCT_ANYHOW
    return _with(line, modifier, "if it was at another site")


# --- pairs ----------------------------------------------------------------------------------------


SEDATIVE = ("sedation", "anesthesia")


@dataclass(frozen=True, slots=True)
class _Bundle:
    """A line whose code is column 2 of a pair with that of each line in `column1`."""

    line: CodedLine
    column1: Sequence[CodedLine]

    @property
    def over(self) -> str:
        """The codes in column 1, each once."""
        return " and ".join(dict.fromkeys(line.code for line in self.column1))


def _unread(claim: Claim, tables: Tables, profile: Profile) -> Iterator[NotEvaluated]:
    """Why two codes of a day were not looked up."""
    reasons = set()
    for day, lines in _days(claim, tables):
        if len({line.code for line in lines}) < 2:
            continue
        if not profile.is_known:
            reasons.add(Reason.PAYER_UNKNOWN)
        elif profile.names_ncci(day) and not tables.ncci.covers(day):
            reasons.add(Reason.NO_TABLE)
    yield from map(NotEvaluated, sorted(reasons))


def _bundles(claim: Claim, tables: Tables, profile: Profile, indicator: str) -> Iterator[_Bundle]:
    """The lines in column 2 of a pair that holds on their day and that nothing lifts."""
    for day, lines in _days(claim, tables):
        if not profile.names_ncci(day):
            continue
        pairs = tables.ncci.on(day)
        for line in lines:
            column1 = []
            for other in lines:
                pair = pairs.get(f"{other.code} {line.code}")
                if (
                    pair is not None
                    and pair.indicator == indicator
                    and _of_one_provider(line, other, claim)
                    and (indicator == NEVER or not _is_lifted(line, other))
                ):
                    column1.append(other)
            if column1:
                yield _Bundle(line, column1)


def _is_lifted(line: CodedLine, other: CodedLine) -> bool:
    """Whether modifiers tell the services of a pair apart. 25 on the visit does, and is BN04's."""
    return (
        "visit" in (line.row.role, other.row.role)
        or not LIFTING.isdisjoint((*line.modifiers, *other.modifiers))
        or (bool(line.sides) and bool(other.sides) and line.sides.isdisjoint(other.sides))
    )


def _days(claim: Claim, tables: Tables) -> Iterator[tuple[date, Sequence[CodedLine]]]:
    """The lines that rules may speak of, by their day."""
    days: dict[date, list[CodedLine]] = {}
    for line in tables.spoken_lines(claim):
        days.setdefault(line.date, []).append(line)
    yield from days.items()


def _of_one_provider(one: CodedLine, other: CodedLine, claim: Claim) -> bool:
    """Whether the lines are, or may be, one provider's: bundles are of what one provider did."""
    first, second = (line.line.rendering or claim.rendering for line in (one, other))
    if first is None or second is None:
        return True
    return None in (first.npi, second.npi) or first.npi == second.npi


def _with(line: CodedLine, modifier: str, condition: str) -> Fix:
    """The line with a further modifier."""
    if len(line.modifiers) >= MAX_MODIFIERS:
        return manual(
            f"Add {modifier} {condition}; the line has four modifiers, so one of them has to go."
        )
    return Fix(
        f"Add {modifier} {condition}.",
        (SetModifiers(line.number, ordered((modifier, *line.modifiers))),),
    )


# --- imaging and visits ---------------------------------------------------------------------------


@rule(
    "BN03",
    "imaging-included",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S002", "S004", "S011"),
    since="0.1.0",
)
def imaging_included(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """Guidance by imaging beside a facet code that includes it.

    Why it matters: the injection codes of 2010 and the ablation codes of 2012 include imaging; a
    second charge for it is denied by every payer, and pays twice where it is not.
    Fires: 64493-RT with 77003
    Clean: 64622-RT with 77003 in 2011, when imaging was billed apart
    Correction: suggested. The imaging goes. It stays where it guided another service of the day
    that includes none, and 59 or X{EPSU} on it says so.
    Not evaluated when: never.
    """
    for _, lines in _days(claim, tables):
        for line in lines:
            if line.row.role != "imaging":
                continue
            facets = [
                other
                for other in lines
                if other.row.role == "facet"
                and other.row.guidance != "none"
                and line.row.belongs_to(other.row)
                and _of_one_provider(line, other, claim)
            ]
            guided = _guided(claim, tables, line)
            if not facets or (guided and not set(DISTINCT).isdisjoint(line.modifiers)):
                continue
            over = " and ".join(dict.fromkeys(other.code for other in facets))
            yield Found(
                line=line.number,
                field="code",
                message=f"{line.code} is imaging, which is part of {over} already.",
                label="included",
                notes=(f"If it guided {guided}, 59 or XS on it has to say so.",) if guided else (),
                fix=Fix(f"Remove {line.code}.", (RemoveLine(line.number),)),
            )


def _guided(claim: Claim, tables: Tables, line: CodedLine) -> str:
    """A service of the day that the imaging may have guided, in words; empty where there is none.

    Of a code that the tables do not know it may have been.
    """
    for other in claim.lines:
        if other.number == line.number or other.date not in (line.date, None) or not other.code:
            continue
        if other.code not in tables.codes:
            return f"the service of line {other.number}"
        row = tables.codes.on(line.date).get(other.code)
        if row is not None and row.role not in NOT_GUIDED and not row.guidance:
            return other.code
    return ""


@rule(
    "BN04",
    "visit-without-25",
    severity="warning",
    applicability="suggested",
    tables=("codes",),
    sources=("S011", "S118"),
    since="0.1.0",
)
def visit_without_25(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A visit beside a facet line without 25.

    Why it matters: the visit at which the service was decided on and done is part of it; only one
    for another matter is paid, and 25 says that it was.
    Fires: 99213 with 64493-RT
    Clean: 99213-25 with 64493-RT
    Correction: suggested. The visit gets 25, if the record shows that it was more than the service.
    Not evaluated when: never.
    """
    for _, lines in _days(claim, tables):
        for line in lines:
            if line.row.role != "visit" or SEPARATE_VISIT in line.modifiers:
                continue
            facets = [
                other.code
                for other in lines
                if other.row.role == "facet" and _of_one_provider(line, other, claim)
            ]
            if facets:
                yield Found(
                    line=line.number,
                    field="code",
                    message=f"{line.code} is a visit beside {facets[0]} and carries no 25.",
                    label="25 is missing",
                    fix=_with(line, SEPARATE_VISIT, "if the visit was for another matter"),
                )


# --- one session ----------------------------------------------------------------------------------


@rule(
    "BN05",
    "block-at-ablated-joint",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S042",),
    since="0.1.0",
)
def block_at_ablated_joint(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A block billed at a joint that was ablated in the same session.

    Why it matters: the block is the anesthesia of the ablation, and part of it; a modifier that
    says otherwise is untrue where the joint is the same.
    Fires: 64635-RT with 64493-59,RT, and both documented at the right L4-5
    Clean: the same lines with the block documented at the right L5-S1
    Correction: suggested. The block goes.
    Not evaluated when: no Procedure came with the claim, or it cannot be read as a whole
    (no-documentation).
    """
    found = sessions(claim, tables, profile)
    if not any(map(tables.is_facet, claim.procedures)) or any(
        not session.is_comparable and not session.expired for session in found
    ):
        yield NotEvaluated(Reason.NO_DOCUMENTATION)
        return
    for session in found:
        for line, evidence in session.included_lines():
            yield Found(
                line=line.number,
                field="code",
                message=f"{line.code} is a block at a joint that was ablated in the same session.",
                label="part of the ablation",
                fix=session.fix(),
                evidence=evidence,
            )
