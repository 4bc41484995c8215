"""Splits X12 the naive way: by the terminator, then by the element separator, nothing else.

The reader under test is compared with this one; it knows neither loops nor envelopes but the ISA.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BLANKS = b" \t\r\n\0"
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Separators:
    element: bytes = b"*"
    component: bytes = b":"
    terminator: bytes = b"~"
    repetition: bytes = b"^"

    @property
    def all(self) -> bytes:
        return self.element + self.component + self.terminator + self.repetition


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment: `number` counts from 1 over the input, `offset` is its first byte's.

    `body` is without the terminator, `tail` is the terminator and the blanks after it.
    """

    number: int
    offset: int
    body: bytes
    tail: bytes
    separators: Separators

    @property
    def elements(self) -> list[bytes]:
        return self.body.split(self.separators.element)

    @property
    def id(self) -> str:
        return self.elements[0].decode("latin-1")

    @property
    def raw(self) -> bytes:
        return self.body + self.tail

    def place(self, element: str) -> tuple[int, bytes]:
        """The offset and the bytes of an element such as SV101-04; past the end it is empty."""
        whole, _, component = element.removeprefix(self.id).partition("-")
        offset, value = self.offset, self.body
        for mark, position in (
            (self.separators.element, int(whole)),
            (self.separators.component, int(component) - 1 if component else None),
        ):
            if position is None:
                continue
            parts = value.split(mark)
            if position >= len(parts):
                return offset + len(value), b""
            offset += len(mark.join(parts[:position])) + (1 if position else 0)
            value = parts[position]
        return offset, value


def separators_of(data: bytes) -> Separators:
    """What the ISA at the start of the data declares. Raises: ValueError."""
    parts = data.split(data[3:4], 16) if data[:3] == b"ISA" else []
    if len(parts) < 17:
        raise ValueError("no ISA")
    return Separators(data[3:4], parts[16][:1], parts[16][1:2], parts[11])


def split(data: bytes) -> Iterator[Piece]:
    """The segments of whole interchanges with nothing but blanks or a mark between them.

    Raises: ValueError where there is something else.
    """
    at = number = 0
    separators: Separators | None = None
    while True:
        if separators is None:
            at = _next_isa(data, at)
        if at >= len(data):
            return
        if separators is None:
            separators = separators_of(data[at : at + 400])
        end = data.find(separators.terminator, at)
        if end < 0:
            if separators.terminator not in b"\r\n":
                raise ValueError("the last segment has no terminator")
            end = len(data)  # a line end may be missing at the end of a file
        after = min(end + 1, len(data))
        blanks = bytes(set(BLANKS) - set(separators.all))
        while after < len(data) and data[after] in blanks:
            after += 1
        number += 1
        piece = Piece(number, at, data[at:end], data[end:after], separators)
        yield piece
        if piece.id == "IEA":
            separators = None
        at = after


def _next_isa(data: bytes, at: int) -> int:
    for _ in range(2):  # a byte order mark may stand between blanks
        at += len(data[at:]) - len(data[at:].lstrip(BLANKS))
        at += len(BOM) if data.startswith(BOM, at) else 0
    return at


def whole_lengths(data: bytes) -> set[int]:
    """How long a file can be cut and be whole, blanks at its end left out.

    After each IEA; without its terminator too where that is a line end.
    """
    found = set()
    for piece in split(data):
        if piece.id == "IEA":
            end = piece.offset + len(piece.body)
            found.add(end if piece.separators.terminator in b"\r\n" else end + 1)
    return found


def is_whole(data: bytes, lengths: set[int]) -> bool:
    """Whether a cut file is as long as one of `whole_lengths`."""
    return len(data.rstrip(BLANKS)) in lengths
