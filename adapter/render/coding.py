"""What `facet code` says: derived lines and why, for people and for programs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import IO, Any

from adapter.coder import Cause, DerivedLine, Remark, Session
from adapter.fhir.draft import draft
from adapter.findings import Severity
from adapter.model import Claim
from adapter.parties import Parties, agreed, claim_of
from adapter.profiles import Profile
from adapter.render.machine import TOOL, dumps
from adapter.render.report import counted, visible
from adapter.render.terminal import Look
from adapter.sinks import Spool
from adapter.tables import Tables
from adapter.version import __version__
from adapter.x12.build import EnvelopeSettings, Incomplete, interchange

LISTED = 4
"""Procedures of a session that are named one by one where no line comes of them."""


class NotWritable(Exception):
    """An output that lacks what its form asks for: one sentence, without a value of the input."""


class CodingReport(ABC):
    """Takes sessions one after another and keeps back what it says of them."""

    def __init__(self, tables: Tables, profile: Profile) -> None:
        self.tables, self.profile = tables, profile
        self.body = Spool()
        self.lines = self.procedures = self.sessions = 0
        self.worst: Severity | None = None

    def take(self, session: Session) -> None:
        self.sessions += 1
        self.lines += len(session.lines)
        self.procedures += len(session.procedures)
        for remark in session.remarks:
            self.worst = max(self.worst or remark.cause.severity, remark.cause.severity)
        self.session(session)

    @abstractmethod
    def session(self, session: Session) -> None:
        """Keeps what is to be said of a session."""

    @abstractmethod
    def write(self, out: IO[bytes]) -> None:
        """Writes all that was kept. Raises: NotWritable."""

    @property
    def unsaid(self) -> Sequence[str]:
        """What the form of the output has no place for, for standard error."""
        return ()


class CodingJson(CodingReport):
    """`facet-coding/1`, one document; a session a line."""

    def session(self, session: Session) -> None:
        said: dict[str, Any] = {
            "patient": session.patient,
            "date": session.date.isoformat() if session.date is not None else None,
            "procedures": [each.reference for each in session.procedures],
            "lines": [_line(line) for line in session.lines],
            "findings": [_finding(remark) for remark in session.remarks],
        }
        self.body.write((b"\n" if self.body.is_empty else b",\n") + dumps(said))

    def write(self, out: IO[bytes]) -> None:
        tool = {"name": TOOL, "version": __version__, "mappings": self.tables.version}
        out.write(b'{"schema": "facet-coding/1",\n"tool": ' + dumps(tool))
        out.write(b',\n"profile": ' + dumps(self.profile.id) + b',\n"sessions": [')
        self.body.copy(out)
        out.write(b"]}\n")


def _line(line: DerivedLine) -> dict[str, Any]:
    return {
        "code": line.code,
        "modifiers": list(line.modifiers),
        "units": line.units,
        "joints": list(line.joints),
        "why": line.why,
        "procedures": list(line.procedures),
        "evidence": list(line.evidence),
    }


def _finding(remark: Remark) -> dict[str, Any]:
    return {
        "cause": remark.cause,
        "severity": remark.cause.severity.word,
        "message": remark.message,
        "procedures": list(remark.procedures),
        "evidence": list(remark.evidence),
    }


class CodingText(CodingReport):
    """For people: each session with its lines, and what could not be coded; sessions that have
    nothing to do with facet joints are counted."""

    def __init__(self, tables: Tables, profile: Profile, look: Look, *, quiet: bool) -> None:
        super().__init__(tables, profile)
        self.look, self.quiet = look, quiet
        self.strangers = 0

    def say(self, text: str) -> None:
        self.body.write(self.look.encode(text))

    def session(self, session: Session) -> None:
        if all(_is_nothing(remark) for remark in session.remarks) and not session.lines:
            self.strangers += len(session.procedures)
            return
        look = self.look
        names = [visible(each.reference) for each in session.procedures]
        shown = ", ".join(names[:LISTED])
        if len(names) > LISTED:
            shown += f" and {len(names) - LISTED} more"
        head = str(session.date) if session.date is not None else "no date"
        self.say(look.hang(f"{look.paint('bold', head)}  ", shown))
        width = max((len(_written(line)) for line in session.lines), default=0)
        for line in session.lines:
            written = look.paint("bold", f"{_written(line):<{width}}")
            self.say(look.hang(f"  {written}  ", line.why))
        if not session.lines:
            self.say("  no line\n")
        for remark in session.remarks:
            if _is_nothing(remark) and len(session.remarks) > 1:
                continue
            word = remark.cause.severity.word
            self.say(look.hang(f"  {look.paint(word, word)} ", visible(remark.message)))
            if not self.quiet:
                for place in remark.evidence:
                    self.say(look.hang(f"       {look.paint('place', '=')} ", visible(place)))
        self.say("\n")

    def write(self, out: IO[bytes]) -> None:
        self.body.copy(out)
        if not self.quiet:
            out.write(self.look.encode("".join(self._summary())))

    def _summary(self) -> Iterator[str]:
        if self.strangers:
            said = f"{counted(self.strangers, 'procedure')} with nothing of facet joints in it."
            yield self.look.hang("", said)
        yield self.look.line()
        said = (
            f"{counted(self.procedures, 'procedure')}, {counted(self.sessions, 'session')}: "
            f"{counted(self.lines, 'line')}.  Lines are derived from the documentation; what it "
            "does not hold is not in them."
        )
        yield self.look.hang("", said)
        yield self.look.hang("", f"{self.profile.id}   tables {self.tables.version}", "dim")


class _Drafts(CodingReport):
    """Claims that are written from sessions; `parties` are those of each procedure by its identity.

    What could not be coded has no place in them, and is told on standard error.
    """

    def __init__(
        self, tables: Tables, profile: Profile, parties: Mapping[int, Parties], when: datetime
    ) -> None:
        super().__init__(tables, profile)
        self.parties, self.when = parties, when
        self._unsaid: list[str] = []

    @property
    def unsaid(self) -> Sequence[str]:
        return self._unsaid

    def session(self, session: Session) -> None:
        for remark in session.remarks:
            if remark.cause.severity > Severity.INFO:
                named = ", ".join(map(visible, remark.procedures))
                self._unsaid.append(f"facet: {named}: {visible(remark.message)}")
        if session.lines:
            rests = {reference for line in session.lines for reference in line.procedures}
            told = [self.parties[id(p)] for p in session.procedures if p.reference in rests]
            self.claim(session, agreed(told))

    @abstractmethod
    def claim(self, session: Session, parties: Parties) -> None:
        """Takes a session with lines, and who took part in it."""


class CodingFhir(_Drafts):
    """Draft Claims of FHIR, one a line."""

    def claim(self, session: Session, parties: Parties) -> None:
        self.body.write(dumps(draft(session, self.when.date(), parties)) + b"\n")

    def write(self, out: IO[bytes]) -> None:
        self.body.copy(out)


class CodingX12(_Drafts):
    """One 837P interchange. `envelope` is what the configuration says, `place` where it was."""

    def __init__(
        self,
        tables: Tables,
        profile: Profile,
        parties: Mapping[int, Parties],
        when: datetime,
        envelope: Mapping[str, str | int],
        place: str | None,
    ) -> None:
        super().__init__(tables, profile, parties, when)
        self.envelope, self.place = envelope, place
        self.claims: list[tuple[Claim, Parties]] = []

    def claim(self, session: Session, parties: Parties) -> None:
        claim = claim_of(session, parties)
        lines = tuple(replace(line, place_of_service=self.place) for line in claim.lines)
        self.claims.append((replace(claim, place_of_service=self.place, lines=lines), parties))

    def write(self, out: IO[bytes]) -> None:
        if not self.claims:
            raise NotWritable("no line was derived, so that there is no claim to write")
        try:
            settings = EnvelopeSettings.of(self.envelope)
            out.write(interchange(self.claims, settings, self.when, uncharged=True))
        except Incomplete as error:
            raise NotWritable(f"the 837P was not written; {error}") from None
        except ValueError:
            raise NotWritable("[x12] control_number is a whole number") from None


def _is_nothing(remark: Remark) -> bool:
    return remark.cause is Cause.UNRELATED


def _written(line: DerivedLine) -> str:
    """A line as coders write it: 64493-LT,KX x1."""
    modifiers = f"-{','.join(line.modifiers)}" if line.modifiers else ""
    return f"{line.code}{modifiers} x{line.units}"
