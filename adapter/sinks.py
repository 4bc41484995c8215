"""Where output goes: kept back until it is decided, and then whole or not at all.

All that is written here is patient data, or may be. A temporary file has no name, or is readable by
its owner alone; a file appears under its name when it is complete and on disk.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol

IN_MEMORY = 4 << 20  # bytes of a spool that are held in memory
WINDOW = 1 << 20
STRAY_AGE = 24 * 3600  # seconds after which a temporary file was left behind by a killed run


class Writable(Protocol):
    """What bytes can be written to: a file, or another spool."""

    def write(self, data: bytes, /) -> object: ...


class Spool:
    """Output that may still be dropped: in memory, once it is long in a file without a name."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        self._kept = 0

    def write(self, data: bytes, /) -> None:
        self._file.write(data)

    @property
    def is_empty(self) -> bool:
        return self._file.tell() == 0

    def keep(self) -> None:
        """What was written until now is no longer dropped."""
        self._kept = self._file.tell()

    def drop(self) -> None:
        """Takes back what was written since the last `keep`."""
        self._file.seek(self._kept)
        self._file.truncate()

    def lines(self) -> Iterator[bytes]:
        """What was written, a line at a time without its end."""
        self._file.seek(0)
        for line in self._file:
            yield line.rstrip(b"\n")

    def copy(self, out: Writable) -> None:
        self._file.seek(0)
        shutil.copyfileobj(self._file, out, WINDOW)


@contextmanager
def sink(path: Path | None, *, private: bool = False) -> Iterator[IO[bytes]]:
    """Standard output (None), or a file that is there whole at the end or stays as it was.

    A new file can be read by its owner alone; one that is replaced keeps its mode, unless the
    output is `private`. A device or a pipe is written to directly.
    Raises: OSError.
    """
    if path is None:
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except OSError:
            _give_up_stdout()
            raise
        return
    target = Path(os.path.realpath(path))  # a link stays, what it points to is replaced
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    with _replacing(target, keep_mode=not private) as file:
        yield file


def _give_up_stdout() -> None:
    """What is left in the buffer goes nowhere: written once more when Python ends it would fail
    again, and that status would take the place of ours."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@contextmanager
def _replacing(target: Path, *, keep_mode: bool) -> Iterator[IO[bytes]]:
    """Writes beside the target and takes its place. Mode 0600, or that of the file replaced."""
    _sweep(target)
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            if keep_mode:
                _as_before(target, number)
            os.fsync(number)
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    _sync_folder(target.parent)


def _as_before(target: Path, number: int) -> None:
    """Mode and owner of the file that is replaced, as far as the user may set them."""
    try:
        old = target.stat()
    except FileNotFoundError:
        return
    with suppress(PermissionError):
        os.fchown(number, old.st_uid, old.st_gid)
    os.fchmod(number, stat.S_IMODE(old.st_mode))


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _sweep(target: Path) -> None:
    """Removes what runs that were killed have left beside the target."""
    for stray in target.parent.glob(f".{_literal(target.name)}.*.part"):
        with suppress(OSError):
            if time.time() - stray.stat().st_mtime > STRAY_AGE:
                stray.unlink()


def _literal(name: str) -> str:
    """A name as a pattern that matches nothing else."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
