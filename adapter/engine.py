"""Check and fix: which rules run, what may be said, and corrections that are proved.

Knows no format: a document hands out views of claims and envelopes, takes back what was corrected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, Protocol, Self

from adapter.changes import (
    Change,
    SetTrailer,
    applied,
    atoms,
    in_order,
    lines_of,
    moves_lines,
)
from adapter.findings import (
    Applicability,
    ChangeMade,
    Excerpt,
    Field,
    Finding,
    Fix,
    Found,
    InputDone,
    Location,
    NotEvaluated,
    Reason,
    Rewritten,
    Severity,
    Verdict,
    Withheld,
)
from adapter.model import ASC_PLACE, Claim, Envelope, EnvelopeLevel, Facility, Oddity
from adapter.profiles import Profile, Profiles
from adapter.rules import SCOPES, Rule, all_rules
from adapter.rules._lines import takes_twice
from adapter.source import Edit, Patch, Span
from adapter.tables import Tables

PRECEDENCE: tuple[tuple[str, ...], ...] = (
    ("LV06", "LV02", "LV01", "LA07"),
    ("LA04", "LV04", "LV05", "UN01"),
    ("LA05", "LA03"),
    ("LA05", "LV04", "LV05", "UN01"),
    ("LA06", "LV04", "FR06"),
    ("BN05", "BN04", "BN03", "BN01", "BN02"),
    ("CO01", "CO02", "DX01"),
    ("DC05", "DX02"),
    ("DC04", "LA03"),
    ("DC07", "DC06", "DC09", "DC03"),
    ("DC02", "LV04", "LV05"),
    ("DC07", "CO07"),
)
"""Of two rules that would say the same thing about the same line, the first in its row speaks."""

EARLIER = {
    code: frozenset(c for row in PRECEDENCE if code in row for c in row[: row.index(code)])
    for row in PRECEDENCE
    for code in row
}

LATE_FREQUENCIES = ("7", "8")
"""Replacement and void claims: what a payer already holds is corrected by a person."""

DOCUMENTATION_FAMILY = "DC"
CROSSWALK_FAMILY = "CV"
"""What CV silenced is judged after its correction, and not held against it."""


class ClaimView(Protocol):
    """One claim in its document. `is_validated`: what is odd in it is told whoever it is about."""

    kind: Literal["claim"]

    @property
    def claim(self) -> Claim: ...
    @property
    def is_validated(self) -> bool: ...
    @property
    def text(self) -> bytes: ...
    def locate(self, line: int | None, field: Field | None) -> Location: ...
    def excerpts(
        self, line: int | None, field: Field | None, others: Sequence[int]
    ) -> tuple[Excerpt, ...]: ...
    def refusal(self, changes: Sequence[Change]) -> str | None: ...
    def lower(self, changes: Sequence[Change]) -> list[Patch]: ...
    def after(self, patches: Sequence[Patch]) -> Self: ...
    def rewritten(self) -> Rewritten: ...
    def edits(self) -> Sequence[tuple[Edit, bytes, int | None]]: ...


class EnvelopeView(Protocol):
    """One envelope in its document, as it is once the corrections within it are made."""

    kind: Literal["envelope"]

    @property
    def envelope(self) -> Envelope: ...
    def locate(self, field: Field | None) -> Location: ...
    def lower(self, change: SetTrailer | None) -> list[Patch]: ...
    def accept(self, patches: Sequence[Patch]) -> None: ...
    def held(self, span: Span) -> bytes: ...
    def rewritten(self, patches: Sequence[Patch]) -> Rewritten: ...


class ResourceView(Protocol):
    """A resource that is no claim of ours, in which something is odd. `claim`: its id if it is
    one."""

    kind: Literal["resource"]

    @property
    def claim(self) -> str | None: ...
    @property
    def oddities(self) -> Sequence[Oddity]: ...
    def locate(self, field: Field | None) -> Location: ...


class Document(Protocol):
    """A document that was opened. Its views are for one pass from front to back."""

    @property
    def format(self) -> str: ...
    @property
    def claims(self) -> int: ...
    @property
    def notes(self) -> Sequence[str]: ...
    def views(
        self, codes: frozenset[str], *, every: bool = False
    ) -> Iterator[ClaimView | EnvelopeView | ResourceView]: ...
    def conclude(self, view: Any, verdict: Verdict) -> None:
        """Takes what was decided of a claim. `view` is one that the document gave out."""


@dataclass(frozen=True)
class Policy:
    """What a run is asked to do.

    `payer` names a profile for all claims, None routes each claim. `select` and `ignore` hold rule
    codes or families; an empty `select` selects all. `severities` are the user's own. `fix`
    corrects: safe corrections, with `suggested` also those that need a coder's consent.
    `excerpts` asks for the pieces of the input that people are shown.
    """

    tables: Tables
    profiles: Profiles
    payer: str | None = None
    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    fix: bool = False
    suggested: bool = False
    fix_envelope: bool = False
    excerpts: bool = False

    def takes(self, rule: str) -> bool:
        family = rule[:2]
        chosen = not self.select or rule in self.select or family in self.select
        return chosen and rule not in self.ignore and family not in self.ignore

    @cached_property
    def rules(self) -> Mapping[str, Sequence[Rule]]:
        """All rules by scope, in the order of corrections. Selection comes after precedence."""
        found: dict[str, list[Rule]] = {scope: [] for scope in SCOPES}
        for rule in all_rules().values():
            found[rule.scope].append(rule)
        return found

    def profile(self, claim: Claim) -> tuple[Profile, str]:
        """The claim's profile and how it was found. Raises: KeyError for an unknown `payer`."""
        if self.payer is None:
            return self.profiles.route(claim)
        return self.profiles.named(self.payer, claim)


def run(document: Document, policy: Policy, path: str = "") -> Iterator[Verdict | InputDone]:
    """Checks, or with `policy.fix` corrects, one document.

    Yields: a verdict for each claim that is ours and each envelope of which there is something to
    say, in the order of the input; at the end what the input was. A document that was corrected
    holds its output.
    Raises: Unreadable, TableError, KeyError for an unknown payer.
    """
    ours = 0
    claim_ids: set[str] = set()
    interchanges: set[tuple[str, ...]] = set()
    implied: dict[str, Applicability] = {}  # corrections since the last trailer that moved lines
    for view in document.views(policy.tables.candidate_codes):
        if view.kind == "envelope":
            yield from _envelope(view, policy, interchanges, implied)
            continue
        if view.kind == "resource":
            yield _resource(view, policy)
            continue
        claim = view.claim
        profile, why = policy.profile(claim)
        case = _Case(policy, profile, why, repeated=claim.id in claim_ids)
        if case.is_ours(claim):
            ours += 1
            claim_ids.update((claim.id,) if claim.id else ())
        elif view.is_validated and claim.oddities:
            yield case.verdict(view, case.judge(view))  # of its resource alone
            continue
        else:
            continue
        if not policy.fix:
            verdict = case.verdict(view, case.judge(view))
            document.conclude(view, verdict)
        else:
            verdict, corrected = _corrected(view, case)
            document.conclude(corrected, verdict)
            for finding in verdict.corrected:
                if finding.fix is not None and any(map(moves_lines, finding.fix.changes)):
                    implied[finding.rule] = finding.applicability or Applicability.SUGGESTED
        yield verdict
    yield InputDone(path, document.format, document.claims, ours, tuple(document.notes))


def check_claim(claim: Claim, policy: Policy) -> Verdict:
    """What is said of a claim alone: no places, no envelope. A claim that is not ours: nothing."""
    profile, why = policy.profile(claim)
    case = _Case(policy, profile, why, repeated=False)
    if not case.is_ours(claim):
        return Verdict(claim.id)
    view = _Bare(claim)
    return case.verdict(view, case.judge(view))


# --- one claim ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What the rules say of a claim, in order; `raw_errors` counts those that precedence hides."""

    said: Sequence[tuple[Rule, Found, Severity]]
    not_evaluated: Sequence[NotEvaluated]
    raw_errors: Counter[tuple[str, str]]  # by rule and the line's procedure code


@dataclass(frozen=True, slots=True)
class _Case:
    """One claim under one profile."""

    policy: Policy
    profile: Profile
    why: str
    repeated: bool  # its number was seen before in the input

    def seen(self, claim: Claim) -> Claim:
        """The claim as rules see it: a profile that is for facilities alone tells what it is."""
        if (
            self.profile.is_facility
            and claim.facility is not Facility.ASC
            and any(line.place_of_service == ASC_PLACE for line in claim.lines)
        ):
            return replace(claim, facility=Facility.ASC)
        return claim

    def is_ours(self, claim: Claim) -> bool:
        """Whether rules speak of it: a code of ours is on a line, or may be where none is read."""
        return self.policy.tables.read(self.seen(claim)).ours or any(
            oddity.blocking for oddity in claim.oddities
        )

    def judge(self, view: ClaimView) -> _Judgement:
        """What the rules say. Where a code may be hidden, those of the resource speak alone."""
        claim = self.seen(view.claim)
        tables, policy = self.policy.tables, self.policy
        is_hidden = any(oddity.blocking for oddity in claim.oddities)
        if not claim.professional and not is_hidden and not view.is_validated:
            return _Judgement((), tuple(self._not_professional()), Counter())
        reading = tables.read(claim)
        odd = [
            (rule, item, self._severity(rule, item, date.max))
            for rule in policy.rules["resource"]
            for item in rule.check(claim.oddities)
            if isinstance(item, Found)
        ]
        if not claim.professional:
            return self._kept(odd, tuple(self._not_professional()), claim)
        if not reading.ours or is_hidden:
            return self._kept(odd, (), claim)
        days = {line.number: line.date for line in claim.lines}
        first_day = min((day for day in days.values() if day is not None), default=date.max)
        said = odd
        skipped: dict[tuple[str, Reason], NotEvaluated] = {}
        for rule in policy.rules["claim"]:
            if reading.only_lookalikes and rule.family != CROSSWALK_FAMILY:
                continue
            if reading.undated and rule.tables and policy.takes(rule.code):
                key = (rule.code, Reason.DATE_UNKNOWN)
                skipped[key] = NotEvaluated(Reason.DATE_UNKNOWN, rule.code)
            for item in rule.check(claim, tables, self.profile):
                if isinstance(item, NotEvaluated):
                    if policy.takes(rule.code):
                        key = (rule.code, item.reason)
                        skipped[key] = NotEvaluated(item.reason, rule.code)
                else:
                    day = days.get(item.line) if item.line is not None else None
                    said.append((rule, item, self._severity(rule, item, day or first_day)))
        if self.repeated and not reading.only_lookalikes:
            for rule in policy.rules["repeat"]:
                said += [
                    (rule, item, self._severity(rule, item, first_day))
                    for item in rule.check("claim")
                    if isinstance(item, Found)
                ]
        return self._kept(said, tuple(skipped.values()), claim)

    def _kept(
        self,
        said: Sequence[tuple[Rule, Found, Severity]],
        skipped: Sequence[NotEvaluated],
        claim: Claim,
    ) -> _Judgement:
        """What is left by precedence and selection, in the order of the report."""
        codes = {line.number: line.code for line in claim.lines}
        raw = Counter(
            (rule.code, codes.get(found.line or 0, ""))
            for rule, found, severity in said
            if severity is Severity.ERROR
        )
        kept = [entry for entry in _first_speakers(said) if self.policy.takes(entry[0].code)]
        kept.sort(key=lambda entry: (entry[1].line is not None, entry[1].line or 0, entry[0].code))
        return _Judgement([_undisputed(entry, said) for entry in kept], skipped, raw)

    def _not_professional(self) -> Iterator[NotEvaluated]:
        for rule in self.policy.rules["claim"]:
            if self.policy.takes(rule.code):
                yield NotEvaluated(Reason.NOT_PROFESSIONAL, rule.code)

    def _severity(self, rule: Rule, found: Found, day: date) -> Severity:
        own = self.policy.severities.get(rule.code)
        if own is not None:
            return own
        asked = self.profile.severity(rule.code, day)
        if asked is not None:
            return asked
        return rule.variants.get(found.variant, rule.severity)

    def verdict(self, view: ClaimView, judgement: _Judgement) -> Verdict:
        """The judgement in words and places."""
        claim = view.claim
        errors: set[int] = set()
        findings = []
        days = _days(claim)
        for rule, found, severity in judgement.said:
            findings.append(self.finding(view, rule, found, severity, days))
            if severity is Severity.ERROR:
                errors.update(number for number in found.lines if number is not None)
        at_risk = sum(
            (line.charge for line in claim.lines if line.number in errors and line.charge),
            Decimal(0),
        )
        return Verdict(
            claim.id,
            tuple(findings),
            judgement.not_evaluated,
            self.profile.id,
            self.why,
            at_risk,
        )

    def finding(
        self,
        view: ClaimView,
        rule: Rule,
        found: Found,
        severity: Severity,
        days: Mapping[int | None, date | None],
    ) -> Finding:
        fix = self.offered(view, rule, found)
        return _finding(
            self.policy,
            rule,
            found,
            severity,
            claim=view.claim.id,
            fix=fix,
            location=view.locate(found.line, found.field),
            day=days.get(found.line),
            excerpts=view.excerpts(found.line, found.field, found.others)
            if self.policy.excerpts
            else (),
        )

    def offered(self, view: ClaimView, rule: Rule, found: Found) -> Fix | None:
        """The correction as it can be offered on this claim: what stands in its way is said."""
        fix = found.fix
        if fix is None:
            return None
        if not fix.changes:
            return replace(fix, applicability=Applicability.MANUAL)
        applicability = fix.applicability or rule.applicability or Applicability.SUGGESTED
        claim = view.claim
        reason = view.refusal(fix.changes)
        if reason is None and any(map(moves_lines, fix.changes)) and claim.is_out_of_balance:
            reason = "the claim's charge is not the sum of its lines (ED02)"
        if reason is not None:
            return Fix(f"{fix.description} Not offered: {reason}.", (), Applicability.MANUAL)
        if applicability is Applicability.SAFE:
            touched = frozenset[int]().union(*map(lines_of, fix.changes))
            if (
                claim.frequency in LATE_FREQUENCIES
                or self.seen(claim).facility is Facility.UNKNOWN
                or any(line.adjudications for line in claim.lines if line.number in touched)
            ):
                applicability = Applicability.SUGGESTED
        return replace(fix, applicability=applicability)

    def twice(self, claim: Claim) -> frozenset[int]:
        """Unsided add-ons that the profile's form bills twice for both sides."""
        days = self.policy.tables.read(self.seen(claim)).days
        return frozenset(
            line.number
            for lines in days
            for line in lines
            if takes_twice(line, lines, self.profile)
        )


def _undisputed(
    entry: tuple[Rule, Found, Severity], said: Sequence[tuple[Rule, Found, Severity]]
) -> tuple[Rule, Found, Severity]:
    """What is found, its correction suggested at most where the documentation tells of something
    else on a line that it touches: "the same facts" would be the wrong ones."""
    rule, found, severity = entry
    fix = found.fix
    if fix is None or (fix.applicability or rule.applicability) is not Applicability.SAFE:
        return entry
    touched = frozenset[int]().union(*map(lines_of, fix.changes))
    disputed = {each.line for by, each, _ in said if by.family == DOCUMENTATION_FAMILY}
    if touched.isdisjoint(number for number in disputed if number is not None):
        return entry
    fix = replace(fix, applicability=Applicability.SUGGESTED)
    return rule, replace(found, fix=fix), severity


def _first_speakers(
    said: Sequence[tuple[Rule, Found, Severity]],
) -> list[tuple[Rule, Found, Severity]]:
    """Without what a rule that speaks first in a row of PRECEDENCE has already said of a line."""
    spoken: dict[str, set[int | None]] = {}
    for rule, found, _ in said:
        spoken.setdefault(rule.code, set()).update(found.lines)
    kept = []
    for rule, found, severity in said:
        earlier = EARLIER.get(rule.code, ())
        if not any(found.line in spoken.get(code, ()) for code in earlier):
            kept.append((rule, found, severity))
    return kept


def _days(claim: Claim) -> Mapping[int | None, date | None]:
    """The date of service of each line by its number, and for None the first of the claim's."""
    days: dict[int | None, date | None] = {line.number: line.date for line in claim.lines}
    days[None] = min((day for day in days.values() if day is not None), default=None)
    return days


def _finding(
    policy: Policy,
    rule: Rule,
    found: Found,
    severity: Severity,
    *,
    claim: str | None,
    fix: Fix | None,
    location: Location,
    day: date | None = None,
    excerpts: tuple[Excerpt, ...] = (),
) -> Finding:
    known = policy.tables.sources
    urls = (known[key].url for key in rule.sources if key in known)
    return Finding(
        rule=rule.code,
        name=rule.name,
        severity=severity,
        claim=claim,
        line=found.line,
        message=found.message,
        location=location,
        day=day,
        fix=fix,
        others=found.others,
        label=found.label,
        notes=found.notes,
        evidence=found.evidence,
        references=tuple(url for url in urls if url),
        sources=rule.sources,
        excerpts=excerpts,
    )


# --- corrections --------------------------------------------------------------------------------


def _corrected(view: ClaimView, case: _Case) -> tuple[Verdict, ClaimView]:
    """Corrects a claim step by step until nothing changes.

    Each step applies one fix, the first in the order of rules and lines that can be proved, and
    reads the claim again; one that cannot be proved is withheld and the claim stays as it was.
    """
    mended: list[Finding] = []
    texts = {view.text}
    judgement = case.judge(view)
    while True:
        withheld: list[Withheld] = []
        tried: dict[Fix, str] = {}  # that did not hold: findings may share one
        for rule, found, severity in _in_fixing_order(case, judgement):
            fix = case.offered(view, rule, found)
            if fix is None or not fix.changes or not _applies(case.policy, fix):
                continue
            finding = case.finding(view, rule, found, severity, _days(view.claim))
            if fix in tried:
                withheld.append(Withheld(finding, tried[fix]))
                continue
            patches = view.lower(fix.changes)
            after = view.after(patches)
            judged = case.judge(after)
            why = _unproved(case, view, after, rule, fix, judgement, judged)
            if why is None and after.text in texts:
                why = "it would undo another correction"
            if why is not None:
                withheld.append(Withheld(finding, why))
                tried[fix] = why
                continue
            mended.append(finding)
            texts.add(after.text)
            view, judgement = after, judged
            break
        else:
            remaining = case.verdict(view, judgement)
            return (
                replace(
                    remaining,
                    corrected=tuple(mended),
                    withheld=tuple(withheld),
                    changes=tuple(_changes_made(view, mended)),
                    rewritten=view.rewritten() if mended and case.policy.excerpts else None,
                ),
                view,
            )


def _in_fixing_order(case: _Case, judgement: _Judgement) -> list[tuple[Rule, Found, Severity]]:
    order = {rule.code: number for number, rule in enumerate(case.policy.rules["claim"])}
    return sorted(
        (entry for entry in judgement.said if entry[0].code in order),
        key=lambda entry: (order[entry[0].code], entry[1].line or 0),
    )


def _applies(policy: Policy, fix: Fix) -> bool:
    return fix.applicability is Applicability.SAFE or (
        fix.applicability is Applicability.SUGGESTED and policy.suggested
    )


def _unproved(
    case: _Case,
    before: ClaimView,
    after: ClaimView,
    rule: Rule,
    fix: Fix,
    judged_before: _Judgement,
    judged_after: _Judgement,
) -> str | None:
    """Why a correction does not hold, or None where it is proved.

    The claim read again is what the changes say it must be; a safe one leaves the same codes,
    sides, units and charge; and no new error appears.
    """
    expected = applied(before.claim, fix.changes)
    if in_order(after.claim) != expected:
        return "the corrected claim does not read as it must"
    if fix.applicability is Applicability.SAFE:
        was, now = before.claim, after.claim
        if was.charge != now.charge or atoms(was.lines, case.twice(was)) != atoms(
            now.lines, case.twice(now)
        ):
            return "it would change what is billed"
    if rule.family != CROSSWALK_FAMILY:
        new = _new_errors(judged_before.raw_errors, judged_after.raw_errors)
        if new:
            return f"it would make a new error ({', '.join(sorted(new))})"
    return None


def _new_errors(before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> set[str]:
    """Rules that speak more often than before, of a code of which they did not speak.

    A line that is split has its errors twice, one whose code is set has them under another code:
    neither is new.
    """
    often, now = Counter[str](), Counter[str]()
    for counts, known in ((often, before), (now, after)):
        for (rule, _), count in known.items():
            counts[rule] += count
    return {rule for rule, code in after.keys() - before.keys() if now[rule] > often[rule]}


def _changes_made(view: ClaimView, mended: Sequence[Finding]) -> Iterator[ChangeMade]:
    """What became of the claim's bytes, in places and lines of the input; one fix was one pass."""
    if not mended:
        return
    for edit, before, line in view.edits():
        if edit.data == before:  # what one correction changed another has changed back
            continue
        causes = [mended[number] for number in edit.by]
        suggested = any(cause.applicability is Applicability.SUGGESTED for cause in causes)
        yield ChangeMade(
            view.claim.id,
            line,
            ",".join(dict.fromkeys(cause.rule for cause in causes)),
            Applicability.SUGGESTED if suggested else Applicability.SAFE,
            edit.span.start,
            before,
            edit.data,
        )


# --- envelopes ----------------------------------------------------------------------------------


def _resource(view: ResourceView, policy: Policy) -> Verdict:
    """What a validator found in a resource that no rule on coding is about."""
    findings = []
    for rule in policy.rules["resource"]:
        for found in rule.check(view.oddities):
            if isinstance(found, Found) and policy.takes(rule.code):
                severity = policy.severities.get(rule.code, rule.severity)
                location = view.locate(found.field)
                findings.append(
                    _finding(
                        policy, rule, found, severity, claim=view.claim, fix=None, location=location
                    )
                )
    return Verdict(None, tuple(findings))


def _envelope(
    view: EnvelopeView,
    policy: Policy,
    interchanges: set[tuple[str, ...]],
    implied: dict[str, Applicability],
) -> Iterator[Verdict]:
    """Judges an envelope, and writes into its trailer what corrections imply or mend."""
    envelope = view.envelope
    said = [(rule, item) for rule in policy.rules["envelope"] for item in rule.check(envelope)]
    if envelope.level is EnvelopeLevel.INTERCHANGE:
        if envelope.identity in interchanges:
            repeat = policy.rules["repeat"]
            said += [(rule, item) for rule in repeat for item in rule.check("interchange")]
        interchanges.add(envelope.identity)
    findings: list[Finding] = []
    mended: list[Finding] = []
    change: SetTrailer | None = None
    for rule, found in said:
        if not isinstance(found, Found) or not policy.takes(rule.code):
            continue
        fix = found.fix
        if fix is not None:
            fix = replace(fix, applicability=fix.applicability or rule.applicability)
        severity = policy.severities.get(rule.code, rule.severity)
        location = view.locate(found.field)
        finding = _finding(policy, rule, found, severity, claim=None, fix=fix, location=location)
        mends = [c for c in fix.changes if isinstance(c, SetTrailer)] if fix is not None else []
        if mends and policy.fix and policy.fix_envelope:
            change = mends[0]
            mended.append(finding)
        else:
            findings.append(finding)
    changes: list[ChangeMade] = []
    rewritten = None
    if (policy.fix and envelope.level is EnvelopeLevel.TRANSACTION_SET) or change is not None:
        patches = view.lower(change)
        view.accept(patches)
        rules = [finding.rule for finding in mended] or sorted(implied)
        suggested = change is None and Applicability.SUGGESTED in implied.values()
        changes = [
            ChangeMade(
                None,
                None,
                ",".join(rules),
                Applicability.SUGGESTED if suggested else Applicability.SAFE,
                patch.span.start,
                view.held(patch.span),
                patch.data,
            )
            for patch in patches
        ]
        implied.clear()
        if patches and policy.excerpts:
            rewritten = view.rewritten(patches)
    if findings or mended or changes:
        yield Verdict(
            None,
            tuple(findings),
            corrected=tuple(mended),
            changes=tuple(changes),
            rewritten=rewritten,
        )


# --- a claim without a document -----------------------------------------------------------------


class _Bare:
    """A view of a claim that was read elsewhere: it has no places, and cannot be changed."""

    kind: Literal["claim"] = "claim"
    is_validated = False
    text = b""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim

    def locate(self, line: int | None, field: Field | None) -> Location:
        return Location()

    def excerpts(
        self, line: int | None, field: Field | None, others: Sequence[int]
    ) -> tuple[Excerpt, ...]:
        return ()

    def refusal(self, changes: Sequence[Change]) -> str | None:
        return None

    def lower(self, changes: Sequence[Change]) -> list[Patch]:
        raise AssertionError("a bare claim is checked, never changed")

    def after(self, patches: Sequence[Patch]) -> Self:
        raise AssertionError("a bare claim is checked, never changed")

    def rewritten(self) -> Rewritten:
        raise AssertionError("a bare claim is checked, never changed")

    def edits(self) -> Sequence[tuple[Edit, bytes, int | None]]:
        raise AssertionError("a bare claim is checked, never changed")
