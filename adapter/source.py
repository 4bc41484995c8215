"""Bytes, spans of them, and patches on them. Knows no format and imports nothing of ours.

What was read is never serialised again: a reader hands out spans of a `Source`, a correction is a
`Patch` on a span, and every byte that no patch touches comes out as it went in.
"""

from __future__ import annotations

import gzip
import mmap
import os
import shutil
import stat
import struct
import sys
import tempfile
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, NamedTuple, cast

Data = bytes | mmap.mmap
"""What a reader may look at: both slice to `bytes` and have `find` and `rfind`."""

RELEASE_EVERY = 8 << 20  # bytes after which passed pages are given back
RELEASE_BEHIND = 64 << 20
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


def pieces(
    data: Data, patches: Iterable[Patch], start: int = 0, end: int | None = None
) -> Iterator[bytes]:
    """`data` in windows, with patches that come in order of their offsets.

    Args: start and end, of the part that is wanted; the patches are within it.
    """
    for patch in patches:
        yield from windows(data, start, patch.span.start)
        yield patch.data
        start = patch.span.end
    yield from windows(data, start, len(data) if end is None else end)


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
    for number in range(len(passes) - 1, -1, -1):
        shift = 0  # bytes that the patches before this place have added
        for patch in passes[number]:
            start = patch.span.start + shift
            if offset < start:
                break
            if offset < start + len(patch.data):
                return origin(patch.span.start, passes[:number])
            shift += len(patch.data) - (patch.span.end - patch.span.start)
        offset -= shift
    return offset


class Edit(NamedTuple):
    """What became of a run of bytes of a text: replaced by `data`, in the passes `by` (from 0)."""

    span: Span
    data: bytes
    by: tuple[int, ...]


def composed(size: int, passes: Sequence[Sequence[Patch]], breaks: Sequence[int]) -> list[Edit]:
    """Patches that were made in several passes, as edits of the first text.

    Args: size, of the first text; passes, as in `origin`; breaks, offsets of the first text at
    which what only goes is told apart.
    Returns: edits in order that do not overlap: the text with them is what the passes made of it.
    """
    homes = list(range(size))  # of each byte: its offset in the first text, -1 where it was written
    written = [0] * size  # the byte, and the pass that wrote it, of those that were
    makers = [0] * size
    gone: dict[int, int] = {}
    for number, patches in enumerate(passes):
        for patch in reversed(patches):
            start, end = patch.span
            gone.update((home, number) for home in homes[start:end] if home >= 0)
            homes[start:end] = [-1] * len(patch.data)
            written[start:end] = patch.data
            makers[start:end] = [number] * len(patch.data)
    starts = frozenset(breaks)
    edits: list[Edit] = []
    at, data, by = 0, bytearray(), set[int]()
    for home, byte, maker in zip((*homes, size), (*written, 0), (*makers, 0), strict=True):
        if home < 0:
            data.append(byte)
            by.add(maker)
            continue
        if home > at or data:
            if data and at in starts:  # whole parts were written before others that go
                edits.append(Edit(Span(at, at), bytes(data), tuple(sorted(by))))
                data, by = bytearray(), set()
            cuts = [at, *(cut for cut in breaks if not data and at < cut < home), home]
            for first, last in pairwise(cuts):
                if first == last and not data:
                    continue
                makers_of = by | {gone[offset] for offset in range(first, last)}
                edits.append(Edit(Span(first, last), bytes(data), tuple(sorted(makers_of))))
            data, by = bytearray(), set()
        at = home + 1
    return edits


class PatchLog:
    """Patches by their offsets, kept on disk once they are many. They may come in any order.

    The file has no name and only its owner could read it: patches hold pieces of claims.
    """

    _HEAD = struct.Struct("<QQI")

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=8 << 20)  # noqa: SIM115
        self._spans: list[Span] = []  # in order
        self._places = array("Q")  # of each, in the file

    @property
    def count(self) -> int:
        return len(self._spans)

    def add(self, patch: Patch) -> None:
        """Insertions at one offset keep their order. Raises: PatchOverlap."""
        at = len(self._spans)
        if self._spans and patch.span < self._spans[-1]:
            at = bisect_right(self._spans, patch.span)
        if at and patch.span.start < self._spans[at - 1].end:
            raise PatchOverlap(f"{patch.span} and {self._spans[at - 1]}")
        if at < len(self._spans) and self._spans[at].start < patch.span.end:
            raise PatchOverlap(f"{patch.span} and {self._spans[at]}")
        self._spans.insert(at, patch.span)
        self._places.insert(at, self._file.seek(0, os.SEEK_END))
        self._file.write(self._HEAD.pack(*patch.span, len(patch.data)) + patch.data)

    def __iter__(self) -> Iterator[Patch]:
        for place in self._places:
            self._file.seek(place)
            start, end, length = self._HEAD.unpack(self._file.read(self._HEAD.size))
            yield Patch(Span(start, end), self._file.read(length))


GZIP_MAGIC = b"\x1f\x8b"
MAX_RATIO = 200  # unpacked to packed: claims pack about 10 to 1, a bomb 1000 to 1
RATIO_FROM = 16 << 20  # smaller outputs are never refused


class Source:
    """An input: its bytes unpacked, as a memory map of a file where there is one.

    A map's passed pages are given back (`release`), so memory stays flat however large the file.
    Standard input and unpacked gzip lie in a temporary file that has no name.
    """

    def __init__(self, name: str, packed: Data) -> None:
        self.name = name
        self._packed = packed
        self.gzipped = packed[:2] == GZIP_MAGIC
        self.data: Data = _unpacked(packed) if self.gzipped else packed
        self._released = 0

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Source:
        """The file at `path`; `-` is standard input.

        Raises: Unreadable.
        """
        name = os.fspath(path)
        if name == "-":
            return cls("standard input", _mapped(sys.stdin.buffer))
        try:
            with open(name, "rb") as file:
                return cls(name, _mapped(file))
        except IsADirectoryError:
            raise Unreadable("it is a directory", hint="name a file") from None
        except OSError as error:
            raise Unreadable(
                f"the file cannot be read: {error.strerror or type(error).__name__}",
                hint="check that it exists and that you may read it",
            ) from None

    def release(self, upto: int) -> None:
        """Gives back the pages before an offset. They are read again when they are asked for."""
        if upto - self._released >= RELEASE_EVERY:
            # a level above a claim may have been read again since: what lies behind goes once more
            _give_back(self.data, max(0, self._released - RELEASE_BEHIND), upto)
            self._released = upto

    def rewind(self) -> None:
        """Begins another pass: pages that were given back will be given back again."""
        self._released = 0

    def write(self, patches: PatchLog, out: IO[bytes]) -> None:
        """The bytes with the patches, packed as they came; the very same where there is none."""
        if not patches.count:
            _copy(self._packed, patches, out)
            return
        with self.packed_like(out) as packed:
            _copy(self.data, patches, packed)

    @contextmanager
    def packed_like(self, out: IO[bytes]) -> Iterator[IO[bytes]]:
        """Where to write what has to be packed as the source is."""
        if not self.gzipped:
            yield out
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as packer:
            yield cast(IO[bytes], packer)


def _copy(data: Data, patches: PatchLog, out: IO[bytes]) -> None:
    released = written = 0
    for piece in pieces(data, patches):
        out.write(piece)
        written += len(piece)
        if written - released >= RELEASE_EVERY:
            _give_back(data, released, min(written, len(data)))
            released = written


def _give_back(data: Data, start: int, end: int) -> None:
    """Tells the system that the pages of a map are not needed for now."""
    if isinstance(data, mmap.mmap):
        start -= start % mmap.PAGESIZE
        end -= end % mmap.PAGESIZE
        if end > start:
            data.madvise(mmap.MADV_DONTNEED, start, end - start)


def _mapped(file: IO[bytes]) -> Data:
    """A map of a regular file; of anything else a map of a copy without a name."""
    info = os.fstat(file.fileno())
    if not stat.S_ISREG(info.st_mode) or (file.seekable() and file.tell()):
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(file, copy, COPY_WINDOW)
            copy.flush()
            return _mapped_whole(copy)
    return _mapped_whole(file)


def _mapped_whole(file: IO[bytes]) -> Data:
    if os.fstat(file.fileno()).st_size == 0:
        return b""
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _unpacked(packed: Data) -> Data:
    """Unpacks all members of a gzip file, within bounds.

    Raises: Unreadable.
    """
    with tempfile.TemporaryFile() as copy:
        written = 0
        try:
            with gzip.GzipFile(fileobj=cast(IO[bytes], _Reader(packed))) as unpacker:
                while window := unpacker.read(COPY_WINDOW):
                    copy.write(window)
                    written += len(window)
                    if written > RATIO_FROM and written > MAX_RATIO * len(packed):
                        raise Unreadable(
                            f"unpacked it is more than {MAX_RATIO} times its size",
                            hint="unpack it yourself if it is meant to be so",
                        )
        except (OSError, EOFError, zlib.error):
            raise Unreadable("the gzip file is damaged or cut", hint="have it sent again") from None
        copy.flush()
        return _mapped_whole(copy)


class _Reader:
    """The `read` that gzip asks of a file, over bytes or a map."""

    def __init__(self, data: Data) -> None:
        self._data, self._at = data, 0

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else min(self._at + size, len(self._data))
        window = self._data[self._at : end]
        self._at = end
        return window
