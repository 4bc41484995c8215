"""One claim of an 837P: its loops as a `Claim`, and a change of the claim as patches on its bytes.

The bytes of the claim reach from CLM to the segment before the next claim, hierarchy level or SE.
Offsets in this module are into those bytes; `ClaimText.base` leads back to the input.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from adapter.changes import (
    Change,
    LineEdit,
    MergeLines,
    SplitLine,
    lines_of,
    moves_lines,
    planned,
    unfit,
)
from adapter.findings import Excerpt, Field, Location, Rewritten
from adapter.model import (
    Adjudication,
    Attachment,
    Claim,
    Diagnosis,
    OtherPayer,
    Patient,
    Payer,
    Provider,
    ServiceLine,
    differing,
    facility_of,
)
from adapter.source import Edit, Patch, Span, apply, composed, ordered, origin
from adapter.x12.interchange import BLANKS, Separators

HCPCS = b"HC"
LATIN = "latin-1"  # reads any byte, and writes it as it was
LINE_HEADS = (b"LX", b"SV1")
MODIFIERS = slice(2, 6)  # components of SV101, from 0
FORM_DAY, FORM_RANGE = b"D8", b"RD8"


class Segment:
    """A segment in place: `start` its first byte, `end` its terminator, `next` the next segment."""

    __slots__ = ("elements", "end", "next", "start")

    def __init__(self, elements: list[bytes], start: int, end: int, following: int) -> None:
        self.elements, self.start, self.end, self.next = elements, start, end, following

    @property
    def id(self) -> bytes:
        return self.elements[0]

    def __getitem__(self, position: int) -> bytes:
        """An element by its position, from 1; empty where the segment is shorter."""
        return self.elements[position] if position < len(self.elements) else b""

    def span(self, position: int) -> Span:
        """The span of an element; behind the last one an empty span at the segment's end."""
        if position >= len(self.elements):
            return Span(self.end, self.end)
        start = self.start + sum(map(len, self.elements[:position])) + position
        return Span(start, start + len(self.elements[position]))

    def component_span(self, position: int, component: int, mark: bytes) -> Span:
        """The span of a component of an element, both from 1."""
        whole = self.span(position)
        parts = self[position].split(mark)
        if component > len(parts):
            return Span(whole.end, whole.end)
        start = whole.start + sum(map(len, parts[: component - 1])) + component - 1
        return Span(start, start + len(parts[component - 1]))


def segments_of(text: bytes, separators: Separators) -> list[Segment]:
    """The segments of a text that begins with one. Blanks after a terminator belong to it."""
    element, terminator = separators.element, separators.terminator
    found: list[Segment] = []
    last: Segment | None = None
    at, size = 0, len(text)
    for piece in text.split(terminator):
        end = at + len(piece)
        body = piece if piece[:1] > b" " else piece.lstrip(BLANKS)  # most begin at once
        if body:
            start = end - len(body)
            if last is not None:
                last.next = start
            last = Segment(body.split(element), start, end, size)
            found.append(last)
        at = end + 1
    return found


@dataclass(slots=True)
class LineLoop:
    """A 2400 loop: where its parts are."""

    first: int  # positions in the claim's segments, from 0
    after: int
    head: Segment  # LX; or an SV1 that a sender has put without one, or behind another SV1
    sv1: Segment | None = None
    day: Segment | None = None
    control: Segment | None = None
    adjudicated: bool = False
    bundled: bool = False  # another payer has named a line by its number (SVD06)


class Context(NamedTuple):
    """The levels above a claim, read."""

    billing: Provider
    payer: Payer
    responsibility: str | None
    patient: Patient


# --- reading --------------------------------------------------------------------------------------


def read_context(
    separators: Separators, billing: bytes, subscriber: bytes, patient: bytes
) -> Context:
    """The hierarchy levels above a claim; b"" for one that is not there."""
    payer, responsibility, member = _subscriber(separators, subscriber)
    if patient:
        birth, sex = _demographics(segments_of(patient, separators))
        member = Patient(member_id=member.member_id, birth_date=birth, sex=sex, is_subscriber=False)
    return Context(_billing(separators, billing), payer, responsibility, member)


@lru_cache(maxsize=256)
def _billing(separators: Separators, text: bytes) -> Provider:
    npi = taxonomy = state = postal = None
    who = b""
    for segment in segments_of(text, separators):
        if segment.id == b"PRV" and segment[1] == b"BI":
            taxonomy = _text(segment[3])
        elif segment.id == b"NM1":
            who = segment[1]
            if who == b"85" and segment[8] == b"XX":
                npi = _text(segment[9])
        elif segment.id == b"N4" and who == b"85":
            state, postal = _text(segment[2]), _text(segment[3])
    return Provider(npi=npi, taxonomy=taxonomy, state=state, postal_code=postal)


@lru_cache(maxsize=256)
def _subscriber(separators: Separators, text: bytes) -> tuple[Payer, str | None, Patient]:
    segments = segments_of(text, separators)
    name = payer_id = filing = responsibility = member = None
    for segment in segments:
        if segment.id == b"SBR":
            responsibility, filing = _text(segment[1]), _text(segment[9])
        elif segment.id == b"NM1" and segment[1] == b"IL":
            member = _text(segment[9])
        elif segment.id == b"NM1" and segment[1] == b"PR":
            name, payer_id = _text(segment[3]), _text(segment[9])
    birth, sex = _demographics(segments)
    return (
        Payer(name=name, id=payer_id, filing_indicator=filing),
        responsibility,
        Patient(member_id=member, birth_date=birth, sex=sex),
    )


def _demographics(segments: Iterable[Segment]) -> tuple[date | None, str | None]:
    for segment in segments:
        if segment.id == b"DMG":
            return _day(segment[2]), _text(segment[3])
    return None, None


class _Reader:
    """Walks the segments of a claim once and fills the model; the places of fields stay here."""

    def __init__(self, segments: Sequence[Segment], separators: Separators) -> None:
        self.segments = segments
        self.component = separators.component
        self.element = separators.element
        self.loops: list[LineLoop] = []
        self.diagnosis_places: list[tuple[Segment, int]] = []
        self.authorizations: list[Segment] = []

    def claim(self, context: Context) -> Claim:
        clm = self.segments[0]
        component = self.component
        place, _, frequency, *_ = [*clm[5].split(component), b"", b"", b""]
        claim_place = _text(place)
        lines: list[ServiceLine] = []
        others: list[OtherPayer] = []
        diagnoses: list[Diagnosis] = []
        notes: list[str] = []
        provider: dict[bytes, Provider] = {}
        other: dict[str, str | None] = {}
        paid: Decimal | None = None
        part, role = "2300", b""
        position = 1
        count = len(self.segments)
        while position < count:
            segment = self.segments[position]
            name = segment.id
            if name in LINE_HEADS:
                if other:
                    others.append(_other_payer(other, paid))
                    other = {}
                position = self._line(position, claim_place, diagnoses, lines)
                continue
            position += 1
            if name == b"SBR":
                if other:
                    others.append(_other_payer(other, paid))
                part, paid = "2320", None
                other = {"responsibility": _text(segment[1]), "filing": _text(segment[9])}
            elif name == b"NM1":
                role = segment[1]
                if part == "2320":
                    if role == b"PR":
                        other["name"], other["id"] = _text(segment[3]), _text(segment[9])
                else:
                    npi = _text(segment[9]) if segment[8] == b"XX" else None
                    provider[role] = Provider(npi=npi)
            elif part == "2320":
                if name == b"AMT" and segment[1] == b"D":
                    paid = _amount(segment[2])
            elif name == b"HI":
                if segment[1][:2] in (b"AB", b"BK"):
                    self._diagnoses(segment, diagnoses)
            elif name == b"REF" and segment[1] == b"G1" and not role:
                self.authorizations.append(segment)
            elif name == b"NTE" and not role:
                notes.append(segment[2].decode("latin-1"))
            elif name == b"PRV" and role in provider:
                provider[role] = replace(provider[role], taxonomy=_text(segment[3]))
            elif name == b"N4" and role in provider:
                provider[role] = replace(
                    provider[role], state=_text(segment[2]), postal_code=_text(segment[3])
                )
        if other:
            others.append(_other_payer(other, paid))
        return Claim(
            id=_id(clm[1]),
            charge=_amount(clm[2]),
            place_of_service=claim_place,
            frequency=_text(frequency),
            facility=facility_of(context.billing, lines),
            responsibility=context.responsibility,
            payer=context.payer,
            billing=context.billing,
            rendering=provider.get(b"82"),
            service_facility=provider.get(b"77"),
            patient=context.patient,
            diagnoses=tuple(diagnoses),
            authorizations=tuple(_id(ref[2]) for ref in self.authorizations),
            notes=tuple(notes),
            other_payers=tuple(others),
            lines=tuple(_numbered(lines)),
        )

    def _diagnoses(self, segment: Segment, diagnoses: list[Diagnosis]) -> None:
        for position in range(1, len(segment.elements)):
            parts = segment[position].split(self.component)
            qualifier = parts[0]
            code = parts[1] if len(parts) > 1 else b""
            if not code or qualifier not in (b"ABK", b"ABF", b"BK", b"BF"):
                continue
            self.diagnosis_places.append((segment, position))
            written = _token(code.upper())
            diagnoses.append(
                Diagnosis(
                    written.replace(".", ""),
                    icd10=qualifier in (b"ABK", b"ABF"),
                    dotted="." in written,
                )
            )

    def _line(
        self,
        first: int,
        claim_place: str | None,
        diagnoses: list[Diagnosis],
        lines: list[ServiceLine],
    ) -> int:
        """Reads the 2400 loop that begins at `first`; returns the position after it."""
        segments, component = self.segments, self.component
        head = segments[first]
        loop = LineLoop(first, first + 1, head, head if head.id == b"SV1" else None)
        notes: list[str] = []
        authorizations: list[str] = []
        attachments: list[Attachment] = []
        adjudications: list[Adjudication] = []
        rendering: Provider | None = None
        role = b""
        part = b""  # the loop below 2400 that is open, by the segment that began it
        position = first + 1
        while position < len(segments):
            segment = segments[position]
            if segment.id in LINE_HEADS and (segment.id == b"LX" or loop.sv1 is not None):
                break  # every SV1 is a line of its own
            position += 1
            name = segment.id
            if name == b"SVD":
                part = name
                loop.adjudicated = True
                loop.bundled |= bool(segment[6])
                code, *rest = [*segment[3].split(component)[1:], b""]
                adjudications.append(
                    Adjudication(
                        payer_id=_text(segment[1]),
                        paid=_amount(segment[2]),
                        code=_text(code),
                        modifiers=_tokens(rest[:4]),
                    )
                )
                continue
            if name in (b"LIN", b"LQ", b"NM1"):
                part = name
            if part == b"SVD":
                continue  # CAS, DTP*573 and AMT of a 2430: the line they are on cannot be merged
            if name == b"SV1":
                loop.sv1 = segment
                continue
            if not part:
                if name == b"DTP" and segment[1] == b"472" and loop.day is None:
                    loop.day = segment
                    continue
                if name == b"REF" and segment[1] == b"6R" and loop.control is None:
                    loop.control = segment
                    continue
                if name == b"REF" and segment[1] == b"G1":
                    authorizations.append(_id(segment[2]))
                elif name == b"NTE":
                    notes.append(segment[2].decode("latin-1"))
            if name == b"NM1":
                role = segment[1]
                if role == b"82":
                    npi = _text(segment[9]) if segment[8] == b"XX" else None
                    rendering = Provider(npi=npi)
            elif name == b"PRV" and role == b"82" and rendering is not None:
                rendering = replace(rendering, taxonomy=_text(segment[3]))
            attachments.append(self._attachment(segment))
        loop.after = position
        self.loops.append(loop)
        lines.append(
            self._service_line(
                loop,
                claim_place,
                diagnoses,
                tuple(notes),
                tuple(authorizations),
                tuple(adjudications),
                rendering,
                attachments,
            )
        )
        return position

    def _service_line(
        self,
        loop: LineLoop,
        claim_place: str | None,
        known: Sequence[Diagnosis],  # HI stands before the first LX
        notes: tuple[str, ...],
        authorizations: tuple[str, ...],
        adjudications: tuple[Adjudication, ...],
        rendering: Provider | None,
        attachments: list[Attachment],
    ) -> ServiceLine:
        sv1 = loop.sv1 or Segment([b"SV1"], loop.head.end, loop.head.end, loop.head.next)
        composite = sv1[1].split(self.component)
        code = composite[1] if len(composite) > 1 and composite[0] == HCPCS else b""
        for position, value in enumerate(sv1.elements):
            if value and position not in (0, 1, 2, 3, 4, 5, 7):
                attachments.append(Attachment(f"SV1{position:02}", self._neutral(value)))
        for position, value in enumerate(composite[6:], 7):
            if value:
                attachments.append(Attachment(f"SV101-{position:02}", value.decode("latin-1")))
        first, last = _service_days(loop.day)
        number = loop.head[1]  # of an SV1 it is no number: lines count by position then
        pointers = tuple(
            int(pointer)
            for pointer in sv1[7].split(self.component)
            if pointer.isdigit() and len(pointer) < 4
        )
        return ServiceLine(
            number=int(number) if number.isdigit() and len(number) < 7 else 0,
            code=_token(code.upper()),
            modifiers=_tokens(composite[MODIFIERS]),
            charge=_amount(sv1[2]),
            unit_basis=_text(sv1[3]),
            units=_amount(sv1[4]),
            date=first,
            date_end=last,
            place_of_service=_text(sv1[5]) or claim_place,
            pointers=pointers,
            diagnoses=tuple(known[p - 1] for p in pointers if 0 < p <= len(known)),
            control_number=(_token(loop.control[2]) or None) if loop.control else None,
            authorizations=authorizations,
            notes=notes,
            rendering=rendering,
            adjudications=adjudications,
            attachments=tuple(attachments),
        )

    def _attachment(self, segment: Segment) -> Attachment:
        return Attachment(_name_of(segment), self._neutral(self.element.join(segment.elements)))

    def _neutral(self, value: bytes) -> str:
        """A value with separators of its own, so that two files can be compared."""
        return (
            value.replace(self.element, b"\x1d").replace(self.component, b"\x1f").decode("latin-1")
        )


_QUALIFIED: Mapping[bytes, frozenset[bytes]] = {
    b"AMT": frozenset((b"T", b"F4")),
    b"CRC": frozenset((b"09", b"70")),
    b"DTP": frozenset(b"472 471 607 463 461 304 738 739 011 455 454".split()),
    b"NM1": frozenset(b"82 QB 77 DQ DK DN P3 PW 45".split()),
    b"NTE": frozenset((b"ADD", b"DCP", b"TPO")),
    b"PRV": frozenset((b"PE", b"AS", b"OT")),
    b"QTY": frozenset((b"PT", b"FL")),
    b"REF": frozenset(
        b"9B 9D G1 6R EW X4 F4 BT 9F VY XZ 0B 1G G2 LU".split(),
    ),
}
"""Segments of a line whose first element tells what they are, and what it may be."""

_UNQUALIFIED = frozenset(
    b"SV5 PWK CR1 CR3 MEA CN1 K3 PS1 HCP LIN CTP N3 N4 PER LQ FRM SVD CAS SV1 LX".split()
)


def _name_of(segment: Segment) -> str:
    """What a segment is called in a message: names of the guide alone, for a broken segment may
    begin with anything, a patient's name too."""
    if segment.id in _QUALIFIED:
        known = segment[1] in _QUALIFIED[segment.id]
        return (segment.id + (b"*" + segment[1] if known else b"")).decode("ascii")
    return segment.id.decode("ascii") if segment.id in _UNQUALIFIED else "an unknown segment"


ADDITIVE = ("AMT", "CTP", "HCP", "QTY", "CN1", "PS1")
"""Segments of a line that hold amounts or quantities of their own."""


def _numbered(lines: Sequence[ServiceLine]) -> Sequence[ServiceLine]:
    """By LX01 where those are unique, else by position."""
    numbers = {line.number for line in lines}
    if 0 not in numbers and len(numbers) == len(lines):
        return lines
    return [replace(line, number=position) for position, line in enumerate(lines, 1)]


def _other_payer(said: dict[str, str | None], paid: Decimal | None) -> OtherPayer:
    payer = Payer(name=said.get("name"), id=said.get("id"), filing_indicator=said.get("filing"))
    return OtherPayer(payer=payer, responsibility=said.get("responsibility"), paid=paid)


def _service_days(segment: Segment | None) -> tuple[date | None, date | None]:
    if segment is None:
        return None, None
    if segment[2] == FORM_RANGE:
        first, _, last = segment[3].partition(b"-")
        return _day(first), _day(last)
    return (_day(segment[3]), None) if segment[2] == FORM_DAY else (None, None)


@lru_cache(maxsize=1024)
def _day(value: bytes) -> date | None:
    if len(value) != 8 or not value.isdigit():
        return None
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return None


_AMOUNT = re.compile(rb"-?(?:\d{1,18}\.?\d{0,8}|\.\d{1,8})")


@lru_cache(maxsize=4096)
def _amount(value: bytes) -> Decimal | None:
    """A number as X12 writes it: `800`, `800.`, `0800`, `.5`; None for what is none."""
    return Decimal(value.decode("ascii")) if _AMOUNT.fullmatch(value) else None


def _id(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _text(value: bytes) -> str | None:
    return (_id(value).strip() or None) if value else None


def _token(value: bytes) -> str:
    """A code, modifier or number that may be written again: every byte is a letter of its own."""
    return value.strip().decode(LATIN)


def _tokens(values: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(token for token in map(_token, values) if token)


# --- one claim in its document --------------------------------------------------------------------


class ClaimText:
    """A claim in its bytes: read, located, and changed.

    `claim` is the model. After a correction, `original` is the claim as it was sent and `passes`
    are the patches that led here, so that every place can be told in offsets of the input.
    """

    kind: Literal["claim"] = "claim"
    is_validated = False

    __slots__ = (
        "_authorizations", "_diagnosis_places", "_original", "base", "claim", "context",
        "first_segment", "loops", "passes", "segments", "separators", "text",
    )  # fmt: skip

    def __init__(
        self,
        text: bytes,
        separators: Separators,
        context: Context,
        base: int,
        first_segment: int,
        original: ClaimText | None = None,
        passes: tuple[Sequence[Patch], ...] = (),
    ) -> None:
        self.text, self.separators, self.context = text, separators, context
        self.base, self.first_segment = base, first_segment
        self._original, self.passes = original, passes
        self.segments = segments_of(text, separators)
        reader = _Reader(self.segments, separators)
        self.claim = reader.claim(context)
        self.loops = dict(
            zip((line.number for line in self.claim.lines), reader.loops, strict=True)
        )
        self._diagnosis_places = reader.diagnosis_places
        self._authorizations = reader.authorizations

    @property
    def original(self) -> ClaimText:
        """The claim as it was sent; no field, for a claim that holds itself lives too long."""
        return self if self._original is None else self._original

    def after(self, patches: Sequence[Patch]) -> ClaimText:
        """The claim read again with the patches applied."""
        return ClaimText(
            apply(self.text, patches),
            self.separators,
            self.context,
            self.base,
            self.first_segment,
            self.original,
            (*self.passes, patches),
        )

    def rewritten(self) -> Rewritten:
        """The claim as it was sent and as it is now, segment by segment."""
        before, after = (
            tuple(view.text[segment.start : segment.next] for segment in view.segments)
            for view in (self.original, self)
        )
        return Rewritten("2300", before, after)

    def edits(self) -> list[tuple[Edit, bytes, int | None]]:
        """What corrections have made of the claim: edits in offsets of the input, what stood there,
        and the line of the input that it belonged to."""
        sent = self.original
        starts = [segment.start for segment in sent.segments]
        ends = [(sent.segments[loop.after - 1].next, number) for number, loop in sent.loops.items()]
        first = min((loop.head.start for loop in sent.loops.values()), default=len(sent.text))
        found = []
        for edit in composed(len(sent.text), self.passes, starts):
            start, end = edit.span
            line = None
            if start >= first:
                line = next((number for after, number in ends if max(start, end - 1) < after), None)
                line = line if line is not None else ends[-1][1]  # inserted behind the last line
            span = Span(self.base + start, self.base + end)
            found.append((edit._replace(span=span), sent.text[start:end], line))
        return found

    def splice(self) -> Patch:
        """The claim as it is now in the place of what was sent, in offsets of the input."""
        return Patch(Span(self.base, self.base + len(self.original.text)), self.text)

    @property
    def added(self) -> int:
        """How many segments more than were sent."""
        return len(self.segments) - len(self.original.segments)

    # --- places ---------------------------------------------------------------------------------

    def origin(self, offset: int) -> int:
        """An offset of this text as an offset of the input."""
        return self.base + origin(offset, self.passes)

    def locate(self, line: int | None, field: Field | None) -> Location:
        """Where a field of the claim (line None) or of a line stands in the input."""
        _, element, span, loop = self._place(line, field)
        offset = self.origin(span.start)
        starts = [known.start for known in self.original.segments]
        number = bisect_right(starts, offset - self.base)
        return Location(
            segment=self.first_segment + number - 1, offset=offset, element=element, loop=loop
        )

    def excerpts(
        self, line: int | None, field: Field | None, others: Sequence[int]
    ) -> tuple[Excerpt, ...]:
        """The segments that a finding is about: SV1 of its lines, HI, or CLM05 alone."""
        shown = []
        for number, what in (
            (line, field),
            *((other, self._same_field(other, field)) for other in others),
        ):
            segment, element, span, _ = self._place(number, what)
            if number is None and segment.id == b"CLM":
                if not element.startswith("CLM05"):
                    continue  # the rest of CLM may not be shown
                whole = segment.span(5)
            elif segment.id in (b"SV1", b"HI", b"LX") or segment.elements[:2] in _SHOWN:
                whole = Span(segment.start, segment.end + 1)
            else:
                continue
            text = self.text[whole.start : whole.end].decode("latin-1").rstrip("\r\n")
            name = segment.id.decode("ascii") if number is None else f"L{number}"
            start = span.start - whole.start
            shown.append(Excerpt(name, text, start, max(start + 1, span.end - whole.start)))
        return tuple(shown)

    def _same_field(self, line: int, field: Field | None) -> Field | None:
        """The field of a further line that a finding is about: the code where it has no such."""
        if isinstance(field, tuple) and field[1] >= len(self.claim.line(line).modifiers):
            return "code"
        return field

    def _place(self, line: int | None, field: Field | None) -> tuple[Segment, str, Span, str]:
        """The segment, the element's name, its span in this text, and the loop."""
        name, index = field if isinstance(field, tuple) else (field, 0)
        if line is None:
            return (*self._claim_place(name, index), "2300")
        loop = self.loops[line]
        sv1 = loop.sv1 or loop.head
        where = f"2400[{line}]"
        if name == "modifiers":
            component = self._modifier_components(sv1)[index]
            span = sv1.component_span(1, component, self.separators.component)
            return sv1, f"SV101-{component:02}", span, where
        if name in _SV1_FIELDS:
            position = _SV1_FIELDS[name]
            if name != "place_of_service" or sv1[position]:
                return sv1, f"SV1{position:02}", sv1.span(position), where
            return (*self._claim_place(name, 0), "2300")
        if name == "date" and loop.day is not None:
            return loop.day, "DTP03", loop.day.span(3), where
        if name == "control_number" and loop.control is not None:
            return loop.control, "REF02", loop.control.span(2), where
        return sv1, "SV101-02", sv1.component_span(1, 2, self.separators.component), where

    def _claim_place(self, name: str | None, index: int) -> tuple[Segment, str, Span]:
        clm = self.segments[0]
        if name == "diagnoses" and index < len(self._diagnosis_places):
            segment, position = self._diagnosis_places[index]
            span = segment.component_span(position, 2, self.separators.component)
            return segment, f"HI{position:02}-02", span
        if name == "authorizations" and index < len(self._authorizations):
            segment = self._authorizations[index]
            return segment, "REF02", segment.span(2)
        if name in ("place_of_service", "frequency"):
            component = 1 if name == "place_of_service" else 3
            span = clm.component_span(5, component, self.separators.component)
            return clm, f"CLM05-{component:02}", span
        position = 2 if name == "charge" else 1
        return clm, f"CLM{position:02}", clm.span(position)

    def _modifier_components(self, sv1: Segment) -> list[int]:
        """The components of SV101, from 1, that hold the line's modifiers in order."""
        parts = sv1[1].split(self.separators.component)[MODIFIERS]
        return [number for number, value in enumerate(parts, MODIFIERS.start + 1) if value.strip()]

    # --- changes --------------------------------------------------------------------------------

    def refusal(self, changes: Sequence[Change]) -> str | None:
        """Why these changes cannot be made on these bytes, or None where they can."""
        moving = any(map(moves_lines, changes))
        if moving and any(loop.bundled for loop in self.loops.values()):
            return "another payer names a line of the claim by its number (SVD06)"
        headless = any(loop.head.id != b"LX" for loop in self.loops.values())
        if headless and moving:
            return "an SV1 of the claim has no LX of its own"
        for change in filter(moves_lines, changes):
            loops = [self.loops[number] for number in sorted(lines_of(change))]
            if any(loop.adjudicated for loop in loops):
                return "another payer has adjudicated the line (2430)"
            if any(loop.sv1 is None for loop in loops):
                return "a line has no SV1"
        reason = unfit(self.claim, changes)
        if reason is not None:
            return reason
        for change in changes:
            if isinstance(change, MergeLines):
                differing = self._differing(change.kept, change.dropped)
                if differing:
                    return f"{differing} of lines {change.kept} and {change.dropped} differ"
            if isinstance(change, MergeLines | SplitLine):
                own = {
                    attachment.name[:3]
                    for number in lines_of(change)
                    for attachment in self.claim.line(number).attachments
                }
                if own.intersection(ADDITIVE):
                    named = " and ".join(sorted(own.intersection(ADDITIVE)))
                    return f"a line has amounts of its own ({named})"
        return None

    def _differing(self, kept: int, dropped: int) -> str:
        """The names of what two lines do not share; never its values."""
        first, second = self.claim.line(kept), self.claim.line(dropped)
        names = differing(first.attachments, second.attachments)
        if first.place_of_service != second.place_of_service:
            names.add("SV105")
        if (first.date, first.date_end) != (second.date, second.date_end):
            names.add("DTP*472")
        return " and ".join(sorted(names))

    def lower(self, changes: Sequence[Change]) -> list[Patch]:
        """The patches that make the changes, with all that they drag along.

        Call `refusal` first. Segments that go, and the counts of LX and CLM02, are among them; the
        count in SE01 is the document's.
        """
        plan = planned(self.claim, changes)
        patches: list[Patch] = []
        for position, code in plan.diagnoses.items():
            segment, element = self._diagnosis_places[position - 1]
            span = segment.component_span(element, 2, self.separators.component)
            pointless = self.text[span.start : span.end].replace(b".", b"")
            same = _token(pointless.upper()) == code  # then its letters stay as they are
            patches.append(Patch(span, pointless if same else code.encode(LATIN)))
        if plan.charge != self.claim.charge and plan.charge is not None:
            patches.append(Patch(self.segments[0].span(2), _written(plan.charge)))
        renumber = any(moves_lines(change) for change in changes)
        number = 0
        for line, loop in self.loops.items():
            edit = plan.lines[line]
            end = self.segments[loop.after - 1].next
            if edit.gone:
                patches += [
                    Patch(Span(segment.start, segment.next), b"")
                    for segment in self.segments[loop.first : loop.after]
                ]
                continue
            number += 1
            patches += self._line_patches(loop, edit, number if renumber else None)
            for part, control in edit.added:
                number += 1
                copy = LineEdit(control=control)
                copy.take(part)
                start = loop.head.start
                moved = [
                    Patch(Span(patch.span.start - start, patch.span.end - start), patch.data)
                    for patch in self._line_patches(loop, copy, number)
                ]
                patches.append(Patch(Span(end, end), apply(self.text[start:end], moved)))
        return ordered(patch for patch in patches if self._changes(patch))

    def _changes(self, patch: Patch) -> bool:
        return self.text[patch.span.start : patch.span.end] != patch.data

    def _line_patches(self, loop: LineLoop, edit: LineEdit, number: int | None) -> list[Patch]:
        sv1, mark = loop.sv1, self.separators.component
        patches = []
        if number is not None:
            patches.append(self._set_element(loop.head, 1, b"%d" % number))
        if edit.control is not None and loop.control is not None:
            patches.append(Patch(loop.control.span(2), edit.control.encode(LATIN)))
        if sv1 is None:
            return patches
        if edit.code is not None:
            patches.append(Patch(sv1.component_span(1, 2, mark), edit.code.encode(LATIN)))
        if edit.modifiers is not None:
            patches.append(_set_modifiers(sv1, edit.modifiers, mark))
        if edit.charge is not None:
            patches.append(self._set_element(sv1, 2, _written(edit.charge)))
        if edit.units is not None:
            patches.append(self._set_element(sv1, 4, b"%d" % edit.units))
        if edit.pointers is not None and edit.pointers != self._pointers(sv1):
            pointers = mark.join(b"%d" % pointer for pointer in edit.pointers)
            patches.append(self._set_element(sv1, 7, pointers))
        return patches

    def _set_element(self, segment: Segment, position: int, value: bytes) -> Patch:
        """An element's value; a segment that is too short grows by the separators it needs."""
        missing = position - len(segment.elements) + 1
        return Patch(segment.span(position), self.separators.element * max(0, missing) + value)

    def _pointers(self, sv1: Segment) -> tuple[int, ...]:
        pointers = sv1[7].split(self.separators.component)
        return tuple(int(pointer) for pointer in pointers if pointer.isdigit())


_SV1_FIELDS = {"charge": 2, "unit_basis": 3, "units": 4, "place_of_service": 5, "pointers": 7}
_SHOWN = ([b"DTP", b"472"], [b"REF", b"G1"], [b"REF", b"6R"])


def _set_modifiers(sv1: Segment, modifiers: tuple[str, ...], mark: bytes) -> Patch:
    """SV101-03 to -06; the components around them keep their bytes and place."""
    count = len(sv1[1].split(mark))
    values = list(modifiers)
    if count > MODIFIERS.stop:  # SV101-07 must not slide into a modifier's place
        values += [""] * (MODIFIERS.stop - MODIFIERS.start - len(values))
    start = sv1.component_span(1, MODIFIERS.start, mark).end
    end = sv1.component_span(1, min(MODIFIERS.stop, count), mark).end
    return Patch(Span(start, max(start, end)), b"".join(mark + v.encode(LATIN) for v in values))


def _written(amount: Decimal) -> bytes:
    """An amount that we computed: the decimals of its operands, no exponent, no trailing point."""
    return format(amount, "f").encode(LATIN)
