"""Which files are meant: paths, folders that are searched, patterns; each file once."""

from __future__ import annotations

import glob
import os
import zlib
from collections.abc import Iterator, Sequence

from adapter.documents import HEAD, recognise
from adapter.source import GZIP_MAGIC, Unreadable

PACKED_HEAD = 4096  # bytes of a gzip file that hold more than enough of its beginning


def files(paths: Sequence[str]) -> Iterator[tuple[str, Unreadable | None]]:
    """The inputs that paths name, in the order of the paths, those of a folder sorted.

    A folder is searched to its end for files that are inputs by their content; names that begin
    with a point are passed by. A pattern is resolved where no file has that very name.
    Yields: a path and None, or a path and why it gives no input.
    """
    seen: set[str] = set()
    for path in paths or ("-",):
        for found, problem in _named(path):
            same = found if found == "-" else os.path.realpath(found)
            if same not in seen:
                seen.add(same)
                yield found, problem


def _named(path: str) -> Iterator[tuple[str, Unreadable | None]]:
    if path == "-" or os.path.exists(path) or not glob.has_magic(path):
        yield from _of(path)
        return
    matches = sorted(glob.glob(path, recursive=True))
    if not matches:
        yield path, Unreadable("no file matches this pattern", hint="check the path")
    for match in matches:
        yield from _of(match)


def _of(path: str) -> Iterator[tuple[str, Unreadable | None]]:
    if not os.path.isdir(path):
        yield path, None
        return
    found = False
    for inside in _inside(path):
        found = True
        yield inside, None
    if not found:
        yield (
            path,
            Unreadable(
                "no file in this folder is an 837P or FHIR JSON",
                hint="name a file, or check the path",
            ),
        )


def _inside(folder: str) -> Iterator[str]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = os.path.join(here, name)
            if not name.startswith(".") and _is_input(path):
                yield path


def _is_input(path: str) -> bool:
    """By its first bytes; JSON of other kinds lies about in many folders. A file that cannot be
    read may be an input: reading it will tell."""
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            head = file.read(PACKED_HEAD)
    except OSError:
        return True
    if head.startswith(GZIP_MAGIC):
        try:
            head = zlib.decompressobj(31).decompress(head, PACKED_HEAD)
        except zlib.error:
            return True
    match recognise(head[:HEAD]):
        case "x12":
            return True
        case "json":
            return b'"resourceType"' in head
        case _:
            return False
