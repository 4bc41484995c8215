"""What all reports share: they take verdicts input by input, count, and keep back what they say.

A report is written once all is decided: an input that turns out unreadable half way, or runs out of
time, leaves no trace in it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO

from adapter.findings import Applicability, Finding, InputDone, Reason, Severity, Verdict
from adapter.sinks import Spool
from adapter.source import Source


@dataclass(slots=True)
class Skipped:
    """A rule that was not evaluated for one reason: on how many claims, and the first of them."""

    claims: int
    claim: str | None


@dataclass(slots=True)
class Tally:
    """What a run counts. `at_risk` are charges; `profiles` are claims by profile and why."""

    found: dict[Severity, int] = field(default_factory=lambda: dict.fromkeys(Severity, 0))
    fixable: int = 0
    suggestible: int = 0
    corrected: int = 0
    withheld: int = 0
    rewritten: int = 0  # claims and trailers that corrections changed
    at_risk: Decimal = Decimal(0)
    skipped: dict[tuple[str, Reason], Skipped] = field(default_factory=dict)
    profiles: dict[tuple[str, str], int] = field(default_factory=dict)
    inputs: list[InputDone] = field(default_factory=list)

    @property
    def worst(self) -> Severity | None:
        return max((severity for severity, count in self.found.items() if count), default=None)

    def take(self, verdict: Verdict) -> None:
        for finding in verdict.findings:
            self.found[finding.severity] += 1
            if verdict.claim is not None:  # an envelope is mended with --fix-envelope only
                self.fixable += finding.applicability is Applicability.SAFE
            self.suggestible += finding.applicability is Applicability.SUGGESTED
        self.corrected += len(verdict.corrected)
        self.withheld += len(verdict.withheld)
        self.rewritten += bool(verdict.changes)
        self.at_risk += verdict.charge_at_risk
        for skipped in verdict.not_evaluated:
            known = self.skipped.setdefault(
                (skipped.rule, skipped.reason), Skipped(0, verdict.claim)
            )
            known.claims += 1
        if verdict.profile is not None:
            key = (verdict.profile, verdict.why)
            self.profiles[key] = self.profiles.get(key, 0) + 1

    def add(self, other: Tally) -> None:
        for severity, count in other.found.items():
            self.found[severity] += count
        self.fixable += other.fixable
        self.suggestible += other.suggestible
        self.corrected += other.corrected
        self.withheld += other.withheld
        self.rewritten += other.rewritten
        self.at_risk += other.at_risk
        for key, skipped in other.skipped.items():
            known = self.skipped.setdefault(key, Skipped(0, skipped.claim))
            known.claims += skipped.claims
        for why, claims in other.profiles.items():
            self.profiles[why] = self.profiles.get(why, 0) + claims
        self.inputs += other.inputs


_UNSEEN = {code: 0x2400 + code for code in range(32)} | {127: 0x2421}
_UNSEEN |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
# what ends a line, or turns the order of letters round, and is not seen
_UNSEEN |= dict.fromkeys((*range(0x200B, 0x2010), *range(0x2028, 0x202F), 0xFEFF), 0xFFFD)
_UNSEEN |= dict.fromkeys(range(0x2060, 0x2070), 0xFFFD)


def visible(text: str) -> str:
    """The text with a visible sign for each control character, as many characters as before."""
    return text.translate(_UNSEEN)


def counted(number: int, thing: str) -> str:
    """`1 claim`, `2 claims`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


class Report(ABC):
    """Call `begin`, `take` for each verdict, then `end` or `drop`, for each input; then `write`."""

    def __init__(self) -> None:
        self.total = Tally()
        self._input = Tally()
        self.body = Spool()
        self.source = Source("", b"")

    @property
    def number(self) -> int:
        """The number of the open input in the report, from 0: those dropped do not count."""
        return len(self.total.inputs)

    def begin(self, source: Source) -> None:
        self.source = source

    def take(self, verdict: Verdict) -> None:
        self._input.take(verdict)

    def end(self, done: InputDone) -> None:
        """The input was read whole: what was said of it stands."""
        self._input.inputs.append(done)
        self.total.add(self._input)
        self._input = Tally()
        for spool in self.spools():
            spool.keep()

    def drop(self) -> None:
        """The input was not read or not decided: nothing is said of it."""
        self._input = Tally()
        for spool in self.spools():
            spool.drop()

    def spools(self) -> tuple[Spool, ...]:
        return (self.body,)

    @abstractmethod
    def write(self, out: IO[bytes]) -> None:
        """The whole report."""


class FindingReport(Report):
    """A report that says every finding that there is, or remains."""

    def take(self, verdict: Verdict) -> None:
        super().take(verdict)
        for finding in verdict.findings:
            self.finding(finding, verdict)

    @abstractmethod
    def finding(self, finding: Finding, verdict: Verdict) -> None:
        """Says one finding."""
