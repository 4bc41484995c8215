"""Bytes, spans of them, and patches on them. Knows no format and imports nothing of ours.

What was read is never serialised again: a reader hands out spans of a `Source`, a correction is a
`Patch` on a span, and every byte that no patch touches comes out as it went in.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

Data = bytes | mmap.mmap
"""What a reader may look at: both slice to `bytes` and have `find` and `rfind`."""

COPY_WINDOW = 1 << 20  # bytes copied at a time when a whole source is passed through


class Span(NamedTuple):
    """A run of bytes: `start` is its first offset, `end` the one after its last."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Patch:
    """Replace the bytes of `span` by `data`. An empty span inserts, empty data removes."""

    span: Span
    data: bytes


class PatchOverlap(ValueError):
    """Two patches touch the same bytes. Always a defect of the caller, never of the input."""


class Unreadable(Exception):
    """An input that cannot be read: where, what, what to try. Never holds a value of a claim.

    Args: what, one clause; where, a place such as `interchange 2, segment 412, byte 30117`
    (empty when the input as a whole is meant); hint, what the user can try.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.hint = what, where, hint


def ordered(patches: Iterable[Patch]) -> list[Patch]:
    """The patches by offset. Insertions at one offset keep their order.

    Raises: PatchOverlap.
    """
    result = sorted(patches, key=lambda patch: (patch.span.start, patch.span.end))
    for before, after in pairwise(result):
        if after.span.start < before.span.end:
            raise PatchOverlap(f"{before.span} and {after.span}")
    return result


def apply(data: bytes, patches: Iterable[Patch]) -> bytes:
    """`data` with the patches spliced in by offset.

    Raises: PatchOverlap.
    """
    return b"".join(pieces(data, ordered(patches)))


def pieces(data: Data, patches: Iterable[Patch]) -> Iterator[bytes]:
    """`data` in windows, with patches that come in order of their offsets."""
    position = 0
    for patch in patches:
        yield from windows(data, position, patch.span.start)
        yield patch.data
        position = patch.span.end
    yield from windows(data, position, len(data))


def windows(data: Data, start: int, end: int) -> Iterator[bytes]:
    """The bytes from `start` to `end`, at most COPY_WINDOW of them at a time."""
    for at in range(start, end, COPY_WINDOW):
        yield data[at : min(at + COPY_WINDOW, end)]


def origin(offset: int, passes: Sequence[Sequence[Patch]]) -> int:
    """Where a byte of a text that was patched in several passes stood in the first one.

    Args: offset, in the text after all passes; passes, the patches of each pass, first pass first,
    each in order and on offsets of the text before that pass.
    Returns: the offset in the first text; for a byte that a patch wrote, the start of its span.
    """
    for patches in reversed(passes):
        shift = 0  # bytes that the patches before this place have added
        for patch in patches:
            start = patch.span.start + shift
            if offset < start:
                break
            if offset < start + len(patch.data):
                return origin(patch.span.start, passes[: passes.index(patches)])
            shift += len(patch.data) - (patch.span.end - patch.span.start)
        offset -= shift
    return offset
