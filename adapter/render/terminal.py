"""Reports for people: what stands where in the segment, why it is wrong, and what mends it.

Pieces of the input are shown with their control characters made visible: a file cannot steer the
terminal of whoever reads about it.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from textwrap import wrap
from typing import IO

from adapter.findings import (
    Applicability,
    Excerpt,
    Finding,
    InputDone,
    Reason,
    Rewritten,
    Severity,
    Verdict,
)
from adapter.render.report import FindingReport, Report, Tally, counted, visible
from adapter.rules import Rule
from adapter.sinks import Spool
from adapter.source import Source
from adapter.tables import Tables

STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "safe": "1;32",
    "suggested": "1;33",
    "manual": "1;35",
    "place": "34",
    "bold": "1",
    "dim": "2",
    "removed": "31",
    "added": "32",
    "marked removed": "7;31",
    "marked added": "7;32",
    "hunk": "36",
}
WORDS = {Severity.ERROR: "error", Severity.WARNING: "warn ", Severity.INFO: "info "}
REASONS = {
    Reason.NO_HISTORY: "past services are not known",
    Reason.HISTORY_TOO_SHORT: "the past services that are known do not reach back far enough",
    Reason.NO_DOCUMENTATION: "no documentation came with the claim, or none that can be read",
    Reason.INTENT_UNKNOWN: "diagnostic or therapeutic, the claim does not say",
    Reason.PAYER_UNKNOWN: "the payer is not known; name it with --payer",
    Reason.NO_TABLE: "no table for the date of service",
    Reason.NOT_PROFESSIONAL: "no professional claim",
    Reason.UNITS_UNKNOWN: "the units cannot be read",
    Reason.DATE_UNKNOWN: "the date of service cannot be read",
}
PROFILES_SHOWN = 4
PLAIN_WIDTH = 80


@dataclass(frozen=True, slots=True)
class Look:
    """How text is shown: in colour, within a width (None where it is not shown but piped)."""

    color: bool = False
    width: int | None = None
    encoding: str = "utf-8"

    def paint(self, style: str, text: str) -> str:
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.color and text else text

    def hang(self, start: str, text: str, style: str = "") -> str:
        """Text that begins after `start` and, where it is too long, goes on below its beginning.

        `start` may be painted; the colours are no part of its length.
        """
        indent = len(re.sub(r"\x1b\[[\d;]*m", "", start))
        lines = [text]
        if self.width is not None:
            lines = wrap(text, max(20, self.width - indent), break_on_hyphens=False) or [""]
        painted = [self.paint(style, line) if style else line for line in lines]
        return start + f"\n{' ' * indent}".join(painted) + "\n"

    def line(self) -> str:
        return ("─" if self.encoding == "utf-8" else "-") * (self.width or PLAIN_WIDTH) + "\n"

    def encode(self, text: str) -> bytes:
        return text.encode(self.encoding, "replace")


class _Told(FindingReport):
    """Findings in blocks, and a summary unless `quiet`; `brief` is the summary alone."""

    def __init__(
        self,
        tables: Tables,
        rules: Mapping[str, Rule],
        look: Look,
        *,
        quiet: bool = False,
        brief: bool = False,
    ) -> None:
        super().__init__()
        self.tables, self.rules, self.look = tables, rules, look
        self.quiet, self.brief = quiet, brief

    def say(self, text: str) -> None:
        self.body.write(self.look.encode(text))

    def block(self, finding: Finding, verdict: Verdict, *, word: str, style: str) -> None:
        """The head of a block: what was found, and where."""
        look = self.look
        head = look.paint(style, f"{word}[{finding.rule}]")
        self.say(look.hang(f" {head} ", visible(f"{finding.name}: {finding.message}"), "bold"))
        place = finding.location
        shown = [visible(self.source.name)]
        if place.row is not None:
            shown.append(f"row {place.row}")
        if finding.claim:
            shown.append(f"claim {visible(finding.claim)}")
        numbers = [number for number in (finding.line, *finding.others) if number is not None]
        if numbers:
            name = "line" if len(numbers) == 1 else "lines"
            shown.append(f"{name} {', '.join(map(str, numbers))}")
        exact = [place.expression or "/".join(filter(None, (place.loop, place.element)))]
        if place.offset is not None:
            exact.append(f"byte {place.offset}")
        self.say(f"  {look.paint('place', '-->')} {'  '.join(shown)}")
        self.say(f"  {look.paint('dim', visible('  '.join(filter(None, exact))))}\n")

    def pointed(self, finding: Finding) -> None:
        """The segments that it is about, with signs below what is meant."""
        if not finding.excerpts:
            return
        look, style = self.look, finding.severity.word
        bar = f"      {look.paint('place', '|')}"
        self.say(f"{bar}\n")
        for number, excerpt in enumerate(finding.excerpts):
            text, start, end = _cropped(excerpt, look.width)
            marks = ("-" if number else "^") * (end - start)
            label = finding.label if number == 0 else ""
            gutter = look.paint("place", f"{visible(excerpt.name):<4}|")
            self.say(f"  {gutter} {text[:start]}{look.paint(style, text[start:end])}{text[end:]}\n")
            self.say(f"{bar} {' ' * start}{look.paint(style, f'{marks} {label}'.rstrip())}\n")
        if len(finding.excerpts) > 1:
            self.say(f"{bar}\n")

    def fact(self, key: str, text: str, *, start: str = "") -> None:
        sign, key = self.look.paint("place", "="), self.look.paint("bold", f"{key:<4}")
        self.say(self.look.hang(f"   {sign} {key} {start}", visible(text)))

    def reasons(self, finding: Finding, verdict: Verdict) -> None:
        """Why, by what source, how it is mended, and what else is to be known."""
        if verdict.profile is not None:
            on = f" on {finding.day}" if finding.day else ""
            self.fact("why", f"{verdict.profile}{on} ({verdict.why})")
        if finding.sources:
            first = self.tables.sources.get(finding.sources[0])
            title = f"{first.title}  " if first is not None else ""
            self.fact("src", f"{title}[{', '.join(finding.sources)}]")
        self.mended(finding)
        for evidence in finding.evidence:
            self.fact("seen", evidence)
        for note in finding.notes:
            self.fact("note", note)

    def mended(self, finding: Finding) -> None:
        if finding.fix is not None:
            word = str(finding.applicability or Applicability.MANUAL)
            self.fact("fix", finding.fix.description, start=f"{self.look.paint(word, word)}  ")

    def notes(self, done: InputDone) -> None:
        if not self.quiet:
            for note in done.notes:
                said = visible(f"{self.source.name}: {note}")
                self.say(self.look.hang(f" {self.look.paint('info', 'note')}  ", said))

    def end(self, done: InputDone) -> None:
        self.notes(done)
        super().end(done)

    def write(self, out: IO[bytes]) -> None:
        if not self.brief:
            self.body.copy(out)
        if not self.quiet:
            out.write(self.look.encode("".join(self.summary())))

    @abstractmethod
    def summary(self) -> Iterator[str]:
        """What stands at the end, in whole lines."""


class Text(_Told):
    """The report of `facet check`."""

    def finding(self, finding: Finding, verdict: Verdict) -> None:
        self.block(finding, verdict, word=WORDS[finding.severity], style=finding.severity.word)
        self.pointed(finding)
        self.reasons(finding, verdict)
        self.say("\n")

    def summary(self) -> Iterator[str]:
        look, total = self.look, self.total
        alike: dict[tuple[Reason, int], list[str]] = {}  # rules that have the same to say
        for (code, reason), skipped in sorted(total.skipped.items()):
            alike.setdefault((reason, skipped.claims), []).append(code)
        for number, ((reason, claims), codes) in enumerate(alike.items()):
            head = "not evaluated" if number == 0 else ""
            named = ", ".join(codes)
            if reason is Reason.NOT_PROFESSIONAL:
                named = "every rule"
            elif len(codes) == 1 and named in self.rules:
                named += f" {self.rules[named].name}"
            said = f"{named}: {REASONS[reason]} ({counted(claims, 'claim')})"
            yield look.hang(f" {look.paint('info', f'{head:<13}')}  ", said)
        yield look.line()
        claims = sum(done.claims for done in total.inputs)
        facet = sum(done.facet_claims for done in total.inputs)
        files = f" in {len(total.inputs):,} inputs" if len(total.inputs) > 1 else ""
        said = f"{counted(claims, 'claim')}{files}, {facet:,} with facet codes: {_counts(total)}"
        rules = len({code for code, _ in total.skipped})
        if rules:
            said += f", {counted(rules, 'rule')} not evaluated"
        said += "."
        if total.fixable:
            said += f"  {total.fixable:,} fixable with facet fix"
            said += f", {total.suggestible:,} more with --suggested." if total.suggestible else "."
        elif total.suggestible:
            said += f"  {total.suggestible:,} fixable with facet fix --suggested."
        if total.at_risk:
            said += f"  {total.at_risk:,.2f} at risk."
        yield look.hang("", said)
        yield look.hang("", f"{_profiles(total)}tables {self.tables.version}", "dim")


class Corrections(_Told):
    """The report of `facet fix`: what was corrected, what was withheld and why, what remains."""

    def __init__(
        self,
        tables: Tables,
        rules: Mapping[str, Rule],
        look: Look,
        *,
        quiet: bool = False,
        brief: bool = False,
    ) -> None:
        super().__init__(tables, rules, look, quiet=quiet, brief=brief)
        self.kept: Mapping[tuple[str, int | None, str], str] = {}

    def take(self, verdict: Verdict) -> None:
        for finding in verdict.corrected:
            self.block(finding, verdict, word="fixed", style="safe")
            self.mended(finding)
            for evidence in finding.evidence:
                self.fact("seen", evidence)
            for note in finding.notes:
                self.fact("note", note)
            self.say("\n")
        self.kept = {_key(withheld.finding): withheld.why for withheld in verdict.withheld}
        super().take(verdict)

    def finding(self, finding: Finding, verdict: Verdict) -> None:
        self.block(finding, verdict, word=WORDS[finding.severity], style=finding.severity.word)
        self.pointed(finding)
        self.reasons(finding, verdict)
        why = self.kept.get(_key(finding))
        if why is not None:
            self.fact("kept", f"not corrected: {why}")
        self.say("\n")

    def write(self, out: IO[bytes]) -> None:
        if not self.quiet:
            super().write(out)

    def summary(self) -> Iterator[str]:
        total = self.total
        said = f"{total.corrected:,} corrected, {total.withheld:,} withheld; what remains: "
        yield self.look.hang("", f"{said}{_counts(total)}.")


def _key(finding: Finding) -> tuple[str, int | None, str]:
    return finding.rule, finding.line, finding.message


def _counts(total: Tally) -> str:
    """`2 errors, 1 warning`; what there is none of is not named."""
    said = [
        counted(total.found[severity], severity.word)
        for severity in sorted(Severity, reverse=True)
        if total.found[severity]
    ]
    return ", ".join(said) or "no findings"


def _profiles(total: Tally) -> str:
    shown = [
        f"{profile} ({why})" + (f" {claims:,}" if len(total.profiles) > 1 else "")
        for (profile, why), claims in sorted(total.profiles.items(), key=lambda entry: -entry[1])
    ]
    more = len(shown) - PROFILES_SHOWN
    if more > 0:
        shown = [*shown[:PROFILES_SHOWN], f"{more:,} more"]
    return f"profile{'s' if len(shown) > 1 else ''} {', '.join(shown)}   " if shown else ""


def _cropped(excerpt: Excerpt, width: int | None) -> tuple[str, int, int]:
    """The excerpt's text with what is meant in it, cut where the terminal is too narrow."""
    text, start, end = visible(excerpt.text), excerpt.start, excerpt.end
    room = len(text) if width is None else max(20, width - 8)
    if len(text) <= room:
        return text, start, end
    first = min(max(0, start - room // 2), len(text) - room)
    shown = text[first : first + room]
    if first:
        shown = "…" + shown[1:]
    if first + room < len(text):
        shown = shown[:-1] + "…"
    return shown, start - first, max(start - first + 1, min(end - first, room))


# --- the difference -------------------------------------------------------------------------------

_SHOWN = re.compile(rb"(LX|SV1)[^A-Za-z0-9 ]|(DTP)(.)472\3|(REF)(.)6R\5", re.DOTALL)
"""Segments that may stand unchanged between changed ones. Of all others only what changes is
quoted: names, birth dates and notes are no context."""

_TOKENS = re.compile(r"[A-Za-z0-9.]+|.", re.DOTALL)
GAP = 3  # unchanged pieces between two changes of one hunk


class Diff(Report):
    """A unified difference of input and output, a segment a line, the hunks headed by their place.

    Without colours the pieces are written as they came, byte for byte.
    """

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.hunks = Spool()
        self.rules: set[str] = set()

    def begin(self, source: Source) -> None:
        super().begin(source)
        self.hunks = Spool()
        self.rules = set()

    def take(self, verdict: Verdict) -> None:
        super().take(verdict)
        if verdict.rewritten is not None:
            self.rules.update(change.rule for change in verdict.changes)
            claim = "" if not verdict.claim else f"claim {visible(verdict.claim)}  "
            for hunk in _hunks(verdict.rewritten):
                self._head("hunk", f"@@ {claim}{hunk.place(verdict.rewritten)} @@", self.hunks)
                self._hunk(hunk, verdict.rewritten)

    def end(self, done: InputDone) -> None:
        if not self.hunks.is_empty:
            name = visible(self.source.name)
            self._head("bold", f"--- {name}", self.body)
            self._head(
                "bold", f"+++ {name} (corrected: {', '.join(sorted(self.rules))})", self.body
            )
            self.hunks.copy(self.body)
        super().end(done)

    def write(self, out: IO[bytes]) -> None:
        self.body.copy(out)

    def _hunk(self, hunk: _Hunk, rewritten: Rewritten) -> None:
        for kind, first, last, start, end in hunk.steps:
            before, after = rewritten.before[first:last], rewritten.after[start:end]
            if kind == "equal":
                for piece in before:
                    self._line("", b" " + _bare(piece))
                continue
            alike = len(before) == len(after)  # then they are shown in pairs
            for number, piece in enumerate(before):
                self._piece("removed", b"-", piece, after[number] if alike else None)
                if alike:
                    self._piece("added", b"+", after[number], piece)
            if not alike:
                for piece in after:
                    self._piece("added", b"+", piece, None)

    def _piece(self, style: str, sign: bytes, piece: bytes, other: bytes | None) -> None:
        if not self.look.color or other is None:
            self._line(style, sign + _bare(piece))
            return
        mine, its = (
            _TOKENS.findall(visible(_bare(side).decode("latin-1"))) for side in (piece, other)
        )
        painted = self.look.paint(style, sign.decode())
        for kind, first, last, _, _ in SequenceMatcher(None, mine, its, False).get_opcodes():
            text = "".join(mine[first:last])
            painted += self.look.paint(style if kind == "equal" else f"marked {style}", text)
        self.hunks.write(self.look.encode(painted + "\n"))

    def _head(self, style: str, text: str, spool: Spool) -> None:
        spool.write(self.look.encode(self.look.paint(style, visible(text)) + "\n"))

    def _line(self, style: str, line: bytes) -> None:
        if self.look.color:
            text = visible(line.decode("latin-1"))
            line = self.look.encode(self.look.paint(style, text) if style else text)
        self.hunks.write(line + b"\n")


def _bare(piece: bytes) -> bytes:
    """A segment without its line end."""
    return piece.rstrip(b"\r\n")


@dataclass(frozen=True, slots=True)
class _Hunk:
    """Changes that stand together: what happens to which pieces, as difflib tells it."""

    steps: Sequence[tuple[str, int, int, int, int]]

    def place(self, rewritten: Rewritten) -> str:
        """Where it is: `2300/HI`, `2400[2]`, `2400[1..3]`; for a trailer where that is."""
        if rewritten.place != "2300":
            return rewritten.place
        first, last = self.steps[0][1], max(self.steps[-1][2], self.steps[0][1] + 1)
        line = 0
        lines = set()
        for number, piece in enumerate(rewritten.before[:last]):
            if piece.startswith(b"LX") and not piece[2:3].isalnum():
                line += 1
            if number >= first:
                lines.add(line)
        if not lines:  # added after the last segment, which is of a line
            lines.add(line)
        if max(lines) == 0:
            name = re.match(rb"[A-Z0-9]+", rewritten.before[first])
            return f"2300/{name[0].decode()}" if name else "2300"
        lines.discard(0)
        many = f"{min(lines)}..{max(lines)}" if len(lines) > 1 else str(min(lines))
        return f"2400[{many}]"


def _hunks(rewritten: Rewritten) -> Iterator[_Hunk]:
    """What changed, in runs. Unchanged pieces join two changes where they are few and harmless."""
    before = rewritten.before
    steps: list[tuple[str, int, int, int, int]] = []
    matcher = SequenceMatcher(None, before, rewritten.after, autojunk=False)
    for step in matcher.get_opcodes():
        kind, first, last, start, _ = step
        if kind != "equal":
            if not steps and first and _SHOWN.match(before[first - 1]):
                steps.append(("equal", first - 1, first, start - 1, start))
            steps.append(step)
        elif steps:
            harmless = all(_SHOWN.match(piece) for piece in before[first:last])
            if last - first <= GAP and harmless and last < len(before):
                steps.append(step)
            else:
                yield _Hunk(steps)
                steps = []
    if steps:
        yield _Hunk(steps)
