"""Files appear whole or not at all, and nobody else can read what is on its way there."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest

from adapter import sinks
from adapter.sinks import IN_MEMORY, STRAY_AGE, Spool, sink


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _open_umask() -> object:
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    with sink(tmp_path / "out") as out:
        out.write(b"all")
        (part,) = tmp_path.iterdir()
        assert (part.name[0], mode(part)) == (".", 0o600)
    assert (tmp_path / "out").read_bytes() == b"all"
    assert mode(tmp_path / "out") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_that_is_replaced_keeps_its_mode_and_the_bytes_that_others_hold_open(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"before")
    path.chmod(0o640)
    with path.open("rb") as reader:
        with sink(path) as out:
            out.write(b"after")
        assert reader.read() == b"before"
    assert (path.read_bytes(), mode(path)) == (b"after", 0o640)


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_file_stays_as_it_was_when_anything_goes_wrong(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"before")

    def half() -> None:
        with sink(path) as out:
            out.write(b"half")
            raise error

    with pytest.raises(error):
        half()
    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_a_failing_fsync_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"before")

    def fail(number: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"), sink(path) as out:
        out.write(b"after")
    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_bytes_are_on_disk_before_the_name_and_the_name_is_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(number: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(number).st_mode) else "file")
        fsync(number)

    def noted_replace(source: str, target: Path) -> None:
        order.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    with sink(tmp_path / "out") as out:
        out.write(b"x")
    assert order == ["file", "replace", "folder"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"before")
    (tmp_path / "link").symlink_to("real")
    with sink(tmp_path / "link") as out:
        out.write(b"after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"after"


@pytest.mark.parametrize("is_private", [False, True])
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path, is_private: bool) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with sink(path, private=is_private) as out:
        out.write(b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_private_file_is_so_even_where_the_old_one_was_not(tmp_path: Path) -> None:
    path = tmp_path / "changes"
    path.write_bytes(b"")
    path.chmod(0o666)
    with sink(path, private=True) as out:
        out.write(b"x")
    assert mode(path) == 0o600


def test_what_a_killed_run_left_is_removed_when_it_is_old(tmp_path: Path) -> None:
    names = [".a[1].xyz.part", ".a[1].new.part", ".a1.xyz.part", ".other.xyz.part"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
        if "new" not in name:
            os.utime(tmp_path / name, (0, 0))
    with sink(tmp_path / "a[1]") as out:
        out.write(b"x")
    assert {path.name for path in tmp_path.iterdir()} == {"a[1]", *names[1:]}
    assert STRAY_AGE > 0


def test_a_spool_drops_what_was_not_kept() -> None:
    spool = Spool()
    assert spool.is_empty
    spool.write(b"one")
    spool.keep()
    spool.write(b"two")
    spool.drop()
    spool.write(b"three")
    out = io.BytesIO()
    spool.copy(out)
    assert out.getvalue() == b"onethree"


def test_a_long_spool_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks.tempfile, "tempdir", str(tmp_path))
    spool = Spool()
    spool.write(b"x" * (IN_MEMORY + 1))
    spool.keep()
    spool.write(b"y" * IN_MEMORY)
    spool.drop()
    assert list(tmp_path.iterdir()) == []
    out = io.BytesIO()
    spool.copy(out)
    assert out.getvalue() == b"x" * (IN_MEMORY + 1)
