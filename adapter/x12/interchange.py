"""Envelopes of X12 interchanges, found in place: nothing is decoded, nothing is written again.

One byte pattern an interchange finds the segments that matter: envelopes, hierarchy levels, claims
and service lines with a code that was asked for. All other bytes are only counted.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from adapter.model import Envelope, EnvelopeLevel
from adapter.source import RELEASE_EVERY, Data, Source, Span, Unreadable

BOM = b"\xef\xbb\xbf"
BLANKS = b" \t\r\n\x00"
_NOT_BLANK = re.compile(rb"[^ \t\r\n\x00]")
ISA_ELEMENTS = 16
ISA_LIMIT = 400  # bytes within which an ISA ends, however its elements are padded
COUNT_WINDOW = 4 << 20
VERSIONS = (b"005010X222", b"005010X222A1", b"005010X222A2")
ACCEPTED = "facet reads 837P 005010X222, X222A1 and X222A2"

SETS = {
    b"005010X223": "837I (institutional)",
    b"005010X224": "837D (dental)",
    b"005010X298": "a post-adjudicated claims data set (837 PACDR)",
    b"005010X299": "a post-adjudicated claims data set (837 PACDR)",
    b"005010X300": "a post-adjudicated claims data set (837 PACDR)",
    b"004010X096": "837I (institutional) 4010",
    b"004010X097": "837D (dental) 4010",
    b"004010X098": "837P (professional) 4010",
}
KINDS = {
    b"835": "835 (remittance)",
    b"270": "270 (eligibility inquiry)",
    b"271": "271 (eligibility response)",
    b"275": "275 (attachment)",
    b"276": "276 (status inquiry)",
    b"277": "277 (status or claim acknowledgment)",
    b"278": "278 (authorization)",
    b"820": "820 (premium payment)",
    b"834": "834 (enrolment)",
    b"997": "997 (acknowledgment)",
    b"999": "999 (acknowledgment)",
}


class Separators(NamedTuple):
    """What one ISA declares, a byte each. `repetition` None: 4010's U, or not usable."""

    element: bytes
    component: bytes
    terminator: bytes
    repetition: bytes | None
    problem: str = ""  # what is wrong with the repetition separator, which a claim does not need


@dataclass(frozen=True, slots=True)
class RawClaim:
    """Where a claim and the levels above it lie. `segment` is the number of its CLM, from 1."""

    span: Span
    segment: int
    separators: Separators
    billing: Span | None
    subscriber: Span | None
    patient: Span | None


@dataclass(frozen=True, slots=True)
class RawEnvelope:
    """An envelope at its end: where its trailer lies, and the number of that segment."""

    envelope: Envelope
    trailer: Span
    segment: int
    separators: Separators


@dataclass(slots=True)
class _Open:
    """An envelope that is not yet closed."""

    segment: int
    control: bytes
    children: int = 0
    identity: tuple[str, ...] = ()


@dataclass(slots=True)
class Scan:
    """Reads one source once, from front to back.

    `codes`: procedure codes that make a service line a candidate; `every`: all claims are. After
    the iteration `claims` counts all claims, and `notes` name what is odd but no error.
    """

    source: Source
    codes: frozenset[str]
    every: bool = False
    claims: int = 0
    notes: list[str] = field(default_factory=list)
    _segments: int = 0  # that end before _counted_to
    _counted_to: int = 0
    _blank: int = 0  # empty segments after _counted_to: they are no segments
    _interchanges: int = 0
    _groups: int = 0
    _sets: int = 0
    _terminator: bytes = b""

    def __iter__(self) -> Iterator[RawClaim | RawEnvelope]:
        """Raises: Unreadable, with the place, for all that is not a whole 837P file."""
        data = self.source.data
        at = len(BOM) if data[: len(BOM)] == BOM else 0
        at = _skip_blanks(data, at)
        while at < len(data):
            self._interchanges += 1
            at = yield from self._interchange(at)
            at = self._next_interchange(at)
        if not self._sets:
            raise Unreadable("it holds no transaction set", hint=ACCEPTED)

    # --- one interchange ------------------------------------------------------------------------

    def _interchange(self, start: int) -> Generator[RawClaim | RawEnvelope, None, int]:
        """Yields what an interchange holds; returns the offset after it (`yield from`)."""
        data = self.source.data
        separators, elements, end = self._header(start)
        self._terminator = separators.terminator
        release_at = start + RELEASE_EVERY
        self._counted_to = start
        self._blank = 0
        isa = _Open(self._segments + 1, elements[13], identity=_identity(elements))
        gs: _Open | None = None
        gs_version, is_first = b"", True
        st: _Open | None = None
        claim: int | None = None  # offset of the open claim
        claim_from = claim_blank = 0
        candidate = self.every
        levels = _Levels(data, separators)
        for match in _pattern(separators, self.codes).finditer(data, end):
            kind = match.lastindex or 0
            if kind == _LINE:
                candidate = True
                if claim is None:
                    raise self._broken(match, "a service line stands outside a claim")
                continue
            if kind == _BLANK:
                self._blank += 1
                continue
            if kind == _MISREAD:
                raise self._misread(match, separators, "SV101", match.group(_MISREAD))
            here = match.start(kind) if kind != _TRAILER else _begin(match)
            if claim is not None:  # what was open ends here
                if candidate:
                    span = Span(claim, levels.next(claim, here))
                    number = self._number(claim_from, claim_blank)
                    yield RawClaim(span, number, separators, *levels.above(claim))
                    candidate = self.every
                claim = None
            if kind == _CLAIM:
                if st is None:
                    raise self._broken(match, "a claim stands outside a transaction set")
                self.claims += 1
                claim, claim_from, claim_blank = here, match.start(), self._blank
                if is_first:
                    self._check_composite(match, separators)
                    is_first = False
                if here > release_at:
                    self.source.release(here)
                    release_at = here + RELEASE_EVERY
            elif kind == _BILLING:
                if st is None:
                    raise self._broken(match, "an HL stands outside a transaction set")
                levels.billing = here
            else:
                name = _name(match)
                if name == b"ST":
                    if st is not None or gs is None:
                        what = (
                            "a transaction set begins inside another: the one before has no SE"
                            if st is not None
                            else "a transaction set stands outside a functional group"
                        )
                        raise self._broken(match, what)
                    parts = self._elements(match, separators)
                    self._sets += 1
                    self._check_set(match, parts, gs_version, separators)
                    st = _Open(self._number(match.start()), _at(parts, 2))
                    gs.children += 1
                    levels.billing, is_first = None, True
                elif name == b"SE":
                    if st is None:
                        raise self._broken(match, "an SE closes no transaction set")
                    yield self._closed(EnvelopeLevel.TRANSACTION_SET, match, separators, st)
                    st = None
                elif name == b"GS":
                    if gs is not None:
                        what = "a functional group begins inside another: the one before has no GE"
                        raise self._broken(match, what)
                    parts = self._elements(match, separators)
                    self._groups += 1
                    gs, gs_version = _Open(0, _at(parts, 6)), _at(parts, 8)
                    isa.children += 1
                elif name == b"GE":
                    if gs is None or st is not None:
                        what = (
                            "the functional group ends inside a transaction set: it has no SE"
                            if st is not None
                            else "a GE closes no functional group"
                        )
                        raise self._broken(match, what)
                    yield self._closed(EnvelopeLevel.GROUP, match, separators, gs)
                    gs = None
                elif name == b"IEA":
                    if gs is not None:
                        what = "the interchange ends inside a functional group: it has no GE"
                        raise self._broken(match, what)
                    closed = self._closed(EnvelopeLevel.INTERCHANGE, match, separators, isa)
                    self._finish(closed, isa, separators.terminator)
                    self._segments += 1  # the IEA itself
                    yield closed
                    return min(closed.trailer.end + 1, len(data))
                else:
                    what = "another ISA begins before its IEA: the interchange was cut"
                    raise self._broken(match, what)
        raise Unreadable(
            "the interchange is cut: it has no IEA",
            where=f"interchange {self._interchanges}, to the end at byte {len(data)}",
            hint="have the file sent again",
        )

    def _header(self, start: int) -> tuple[Separators, list[bytes], int]:
        """The separators, the elements of the ISA, and the offset of its terminator."""
        data = self.source.data
        head = data[start : start + ISA_LIMIT]
        where = f"interchange {self._interchanges}, byte {start}"
        if head[:3] != b"ISA"[: len(head)]:
            raise Unreadable("an interchange begins with ISA", where=where, hint=ACCEPTED)
        element = head[3:4]
        parts = head.split(element, ISA_ELEMENTS) if element else []
        if len(parts) <= ISA_ELEMENTS or len(parts[ISA_ELEMENTS]) < 2:
            raise Unreadable(
                "the ISA is cut or has fewer than 16 elements",
                where=where,
                hint="have the file sent again",
            )
        component, terminator = parts[16][:1], parts[16][1:2]
        for name, value in (
            ("element separator", element),
            ("component separator (ISA16)", component),
            ("segment terminator", terminator),
        ):
            kind = _unusable(value)
            if kind:
                raise Unreadable(
                    f"the {name} would be {kind}",
                    where=where,
                    hint="have the sender correct the ISA",
                )
        if len({element, component, terminator}) < 3:
            raise Unreadable(
                "two of its separators are the same",
                where=where,
                hint="have the sender correct the ISA",
            )
        parts[16] = component
        separators = _with_repetition(element, component, terminator, parts[11])
        end = start + sum(map(len, parts)) + ISA_ELEMENTS
        return separators, parts, end

    def _finish(self, closed: RawEnvelope, isa: _Open, terminator: bytes) -> None:
        """The last terminator may be missing only where it is a line end and the IEA is whole."""
        if closed.trailer.end < len(self.source.data):
            return
        whole = closed.envelope.closing_number == isa.control.decode("latin-1")
        if terminator not in b"\r\n" or not whole:
            raise Unreadable(
                "the interchange ends inside a segment",
                where=f"interchange {self._interchanges}, segment {closed.segment}, IEA",
                hint="have the file sent again",
            )

    def _next_interchange(self, at: int) -> int:
        """The offset of the next interchange, or the end; what stands between is named."""
        data = self.source.data
        at = _skip_blanks(data, at)
        if data[at : at + len(BOM)] == BOM:
            at = _skip_blanks(data, at + len(BOM))
        if b"ISA".startswith(data[at : at + 3]):  # at the end too, or cut inside the ISA
            return at
        following = data.find(b"ISA", at)
        while following >= 0 and not _plausible(data, following):
            following = data.find(b"ISA", following + 3)
        end = len(data) if following < 0 else following
        stray = _STRAY.search(data, at, end)
        if stray is not None:
            raise Unreadable(
                "segments stand outside an interchange",
                where=f"after interchange {self._interchanges}, byte {stray.start()}",
                hint="have the file joined again from whole interchanges",
            )
        self.notes.append(
            f"{end - at} bytes after interchange {self._interchanges} (byte {at}) are no X12;"
            " they are kept as they are"
        )
        return end

    # --- envelopes --------------------------------------------------------------------------------

    def _closed(
        self, level: EnvelopeLevel, match: re.Match[bytes], separators: Separators, opened: _Open
    ) -> RawEnvelope:
        number = self._number(match.start())
        parts = self._elements(match, separators)
        start = _begin(match)
        position = {
            EnvelopeLevel.TRANSACTION_SET: self._sets,
            EnvelopeLevel.GROUP: self._groups,
            EnvelopeLevel.INTERCHANGE: self._interchanges,
        }[level]
        counted = opened.children
        if level is EnvelopeLevel.TRANSACTION_SET:
            counted = number - opened.segment + 1
        envelope = Envelope(
            level=level,
            position=position,
            control_number=opened.control.decode("latin-1"),
            closing_number=_at(parts, 2).decode("latin-1"),
            declared=_at(parts, 1).decode("latin-1"),
            counted=counted,
            identity=opened.identity,
        )
        end = start + sum(map(len, parts)) + len(parts) - 1
        return RawEnvelope(envelope, Span(start, end), number, separators)

    def _check_set(
        self, match: re.Match[bytes], parts: list[bytes], group: bytes, separators: Separators
    ) -> None:
        """ST03 decides the version; a sender that leaves it out is taken by GS08."""
        version = _at(parts, 3) or group
        if _at(parts, 1) == b"837" and version in VERSIONS:
            if separators.problem:
                raise Unreadable(
                    separators.problem,
                    where=f"interchange {self._interchanges}, ISA",
                    hint="have the sender correct the ISA",
                )
            return
        named = SETS.get(version[:10]) if _at(parts, 1) == b"837" else KINDS.get(_at(parts, 1))
        raise Unreadable(
            f"transaction set {self._sets} is {named or 'not an 837P 005010X222'}",
            where=self._where(match, "ST"),
            hint=ACCEPTED,
        )

    def _elements(self, match: re.Match[bytes], separators: Separators) -> list[bytes]:
        """The elements of the envelope segment at a match, its id first."""
        data = self.source.data
        start = _begin(match)
        end = data.find(separators.terminator, start)
        return data[start : len(data) if end < 0 else end].split(separators.element)

    # --- counting ---------------------------------------------------------------------------------

    def _number(self, before: int, blank: int | None = None) -> int:
        """The number of the segment whose predecessor's terminator is at `before`."""
        blank = self._blank if blank is None else blank
        terminators = 0
        data, terminator = self.source.data, self._terminator
        for at in range(self._counted_to, before + 1, COUNT_WINDOW):
            terminators += data[at : min(at + COUNT_WINDOW, before + 1)].count(terminator)
        self._segments += terminators - blank
        self._blank -= blank
        self._counted_to = before + 1
        return self._segments + 1

    # --- errors -----------------------------------------------------------------------------------

    def _where(self, match: re.Match[bytes], name: str) -> str:
        number = self._number(match.start())
        start = match.start() + 1
        return f"interchange {self._interchanges}, segment {number}, byte {start}, {name}"

    def _broken(self, match: re.Match[bytes], what: str) -> Unreadable:
        name = _KINDS.get(match.lastindex or 0) or _name(match).decode("ascii")
        return Unreadable(what, where=self._where(match, name), hint="have the file sent again")

    def _check_composite(self, match: re.Match[bytes], separators: Separators) -> None:
        """CLM05 has three components: where it has one with a mark in it, ISA16 is wrong."""
        start = match.start(_CLAIM)
        parts = self.source.data[start : start + ISA_LIMIT].split(separators.terminator, 1)[0]
        place = _at(parts.split(separators.element), 5)
        mark = re.search(rb"[^\w\s]", place)
        if mark is not None and separators.component not in place:
            raise self._misread(match, separators, "CLM05", mark.group())

    def _misread(
        self, match: re.Match[bytes], separators: Separators, place: str, used: bytes
    ) -> Unreadable:
        declared, seems = (_shown(mark) for mark in (separators.component, used))
        return Unreadable(
            f"ISA16 declares {declared}, but {place} has one component and seems to use {seems}",
            where=self._where(match, place),
            hint="have the sender correct ISA16; facet does not guess",
        )


# --- the pattern ---------------------------------------------------------------------------------

_CLAIM, _LINE, _MISREAD, _TRAILER, _BILLING, _ENVELOPE, _BLANK = range(1, 8)
"""Groups of the pattern; the one that matched tells what was found."""

_KINDS = {_CLAIM: "CLM", _LINE: "SV1", _MISREAD: "SV1", _BILLING: "HL"}


@lru_cache(maxsize=64)
def _pattern(separators: Separators, codes: frozenset[str]) -> re.Pattern[bytes]:
    """Finds what matters at the start of a segment, in one pass over the bytes.

    The branches begin with different letters: most segments are passed by after one look.
    """
    e, c, t = (re.escape(mark) for mark in separators[:3])
    one = rb"[^" + e + t + rb"]*" + e  # an element and the separator after it
    wanted = b"|".join(sorted(re.escape(code.encode("ascii")) for code in codes)) or rb"(?!)"
    return re.compile(
        _start(separators) + rb"(?:"
        rb"(CLM)(?=" + e + rb")"
        rb"|S(?:V1" + e + rb"(?:HC" + c + rb"(" + wanted + rb")(?=[" + c + e + t + rb"])"
        rb"|[A-Z][A-Z0-9]([^\w\s" + c + e + t + rb"]))"
        rb"|([TE])(?=" + e + rb"))"
        rb"|(HL)(?=" + e + one * 2 + rb"20[" + e + t + rb"])"
        rb"|(I[SE]A|G[SE])(?=" + e + rb")"
        rb"|(?=(" + t + rb")))"
    )


def _start(separators: Separators) -> bytes:
    """The pattern of what stands before a segment: a terminator and the blanks after it."""
    blanks = b"".join(re.escape(bytes((b,))) for b in BLANKS if bytes((b,)) not in separators[:3])
    return re.escape(separators.terminator) + rb"[" + blanks + rb"]*"


class _Levels:
    """The hierarchy levels above a claim, looked for when a claim is wanted: most are not."""

    def __init__(self, data: Data, separators: Separators) -> None:
        self._data = data
        self._element, self._terminator = separators.element, separators.terminator
        self._head = b"HL" + separators.element
        self._next = re.compile(
            _start(separators) + rb"((?:HL|CLM)" + re.escape(separators.element) + rb")"
        )
        self.billing: int | None = None  # where the open level of the billing provider begins

    def next(self, start: int, limit: int) -> int:
        """Where the level or claim after the one at `start` begins, at most `limit`."""
        found = self._next.search(self._data, start, limit)
        return limit if found is None else found.start(1)

    def above(self, claim: int) -> tuple[Span | None, Span | None, Span | None]:
        """The spans of the billing provider, the subscriber, and a patient who is another one."""
        if self.billing is None:
            return None, None, None
        billing = Span(self.billing, self.next(self.billing, claim))
        subscriber = patient = None
        at = claim
        while subscriber is None and (at := self._data.rfind(self._head, billing.end, at)) >= 0:
            if not self._begins_segment(at):
                continue
            code = self._data[at : at + _HEAD_LIMIT].split(self._element, 4)[3:4]
            if code and code[0][:2] == b"22":
                subscriber = Span(at, self.next(at, claim))
            elif patient is None and code and code[0][:2] == b"23":
                patient = Span(at, self.next(at, claim))
        return billing, subscriber, patient

    def _begins_segment(self, at: int) -> bool:
        """Whether a terminator, and nothing but blanks after it, stands before."""
        end = self._data.rfind(self._terminator, 0, at)
        return end >= 0 and not self._data[end + 1 : at].strip(BLANKS)


_HEAD_LIMIT = 64  # bytes in which the first elements of an HL lie


_STRAY = re.compile(rb"(?<![A-Za-z0-9])(?:ISA|IEA|BHT|NM1|CLM|SV1)[^\w\s]")
"""What no text between interchanges holds: the beginning of a segment."""


def _with_repetition(
    element: bytes, component: bytes, terminator: bytes, repetition: bytes
) -> Separators:
    problem = ""
    if repetition in (element, component, terminator):
        problem = "two of its separators are the same (ISA11 is the repetition separator)"
    elif len(repetition) != 1 or repetition.isspace():
        problem = "the repetition separator (ISA11) is not one visible character"
    elif repetition.isalnum() and repetition != b"U":
        problem = "the repetition separator (ISA11) would be a letter or digit"
    usable = not problem and repetition != b"U"
    return Separators(element, component, terminator, repetition if usable else None, problem)


def _plausible(data: Data, start: int) -> bool:
    """Whether an ISA with 16 elements and separators of its own stands here."""
    head = data[start : start + ISA_LIMIT]
    parts = head.split(head[3:4], ISA_ELEMENTS) if len(head) > 3 else []
    return len(parts) > ISA_ELEMENTS and not _unusable(head[3:4])


def _unusable(mark: bytes) -> str:
    """What a separator must not be, or nothing."""
    if mark in (b" ", b"\x00", b""):
        return "a blank"
    return "a letter or digit" if mark.isalnum() or mark >= b"\x80" else ""


def _skip_blanks(data: Data, at: int) -> int:
    found = _NOT_BLANK.search(data, at)
    return len(data) if found is None else found.start()


def _begin(match: re.Match[bytes]) -> int:
    """The first byte of an envelope's segment."""
    trailer = match.start(_TRAILER)
    return match.start(_ENVELOPE) if trailer < 0 else trailer - 1


def _name(match: re.Match[bytes]) -> bytes:
    trailer: bytes | None = match.group(_TRAILER)
    return match.group(_ENVELOPE) if trailer is None else b"S" + trailer


def _at(parts: list[bytes], index: int) -> bytes:
    return parts[index] if index < len(parts) else b""


def _identity(isa: list[bytes]) -> tuple[str, ...]:
    """Sender, receiver and control number: what no two interchanges share."""
    return tuple(isa[index].strip().decode("latin-1") for index in (5, 6, 7, 8, 13))


def _shown(mark: bytes) -> str:
    return (
        f'"{mark.decode("ascii")}"'
        if mark.isascii() and mark.decode().isprintable()
        else (f"0x{mark.hex()}")
    )
