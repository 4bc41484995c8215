"""The project as it is handed out: its imports, its wheel, its lock, its licence."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from adapter import __version__
from tests.cases import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAPPINGS = "adapter/_mappings/"


def test_import_contracts_hold() -> None:
    """`lint-imports`, which leaves no cache behind."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from importlinter.cli import lint_imports_command as run; run()",
            "--no-cache",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert PROJECT["tool"]["importlinter"]["contracts"]


# --- the wheel ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the build backend itself, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", build, str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a new environment: the wheel, and the dependencies of this one by a path.

    An editable installation of this project beside them does not count: the path files in a folder
    that is itself named by a path file are not read.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    scheme = sysconfig.get_paths("venv", {"base": str(folder), "platbase": str(folder)})
    purelib = Path(scheme["purelib"])
    (purelib / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    scripts = Path(scheme["scripts"])
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", str(scripts / "python")),
            *("--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index"),
            str(wheel),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return scripts


def test_the_wheel_holds_what_it_needs_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tables = {
        f"{MAPPINGS}{path.relative_to(ROOT / 'mappings')}"
        for path in (ROOT / "mappings").rglob("*")
        if path.is_file()
    }
    code = {str(path.relative_to(ROOT)) for path in (ROOT / "adapter").rglob("*.py")}
    guide = {str(path.relative_to(ROOT)) for path in (ROOT / "adapter" / "guide").glob("*.md")}
    assert guide
    assert names >= tables | code | guide | {"adapter/py.typed"}
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"adapter", f"facet_adapter-{__version__}.dist-info"}
    assert {Path(name).name for name in names} >= {"LICENSE", "NOTICE"}


def test_the_wheel_alone_checks_a_claim(installed: Path, tmp_path: Path) -> None:
    """From a folder where there is no source; the tables are those inside the wheel."""
    fixture = tmp_path / "claims.837"
    fixture.write_bytes((ROOT / "fixtures" / "837p" / "asc.837").read_bytes())
    clean = {"PATH": str(installed)}
    done = subprocess.run(
        [str(installed / "facet"), "check", "claims.837"],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
    )
    assert done.returncode == 1, done.stderr.decode()
    assert b"LA05" in done.stdout
    page = subprocess.run(
        [str(installed / "facet"), "explain", "modifiers"],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
    )
    assert page.returncode == 0, page.stderr.decode()
    assert page.stdout.startswith(b"modifiers  Modifiers on facet lines\n")
    where = subprocess.run(
        [
            str(installed / "python"),
            "-c",
            "from adapter.tables import mappings_folder; print(mappings_folder())",
        ],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
    )
    folder = Path(where.stdout.strip())
    assert folder.is_relative_to(installed.parent)
    assert folder.parts[-2:] == ("adapter", "_mappings")


# --- what stands in the files ---------------------------------------------------------------------


def tracked() -> list[Path]:
    """The files of the project: those that git knows or would take; else all that are there."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        names = filter(None, done.stdout.decode().split("\0"))
        found = [ROOT / name for name in names]
    except (OSError, subprocess.CalledProcessError):
        found = [
            path
            for top in ("adapter", "mappings", "fixtures", "tests", "docs", "benchmarks")
            for path in (ROOT / top).rglob("*")
            if "__pycache__" not in path.parts
        ]
    return [path for path in found if path.is_file()]


A_MACHINE = re.compile(
    r"(?<![\w./:~-])/(?:home|root|Users|work|workspace|mnt|opt|srv)/[\w.-]+"
    r"|(?<![\w./-])/tmp/[\w.-]+|[A-Z]:\\Users\\|site-packages/"
)


def test_no_file_names_a_place_on_a_machine() -> None:
    found = []
    for path in tracked():
        if path == Path(__file__).resolve() or path.name == "LICENSE":
            continue
        text = path.read_bytes().decode("latin-1")
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in A_MACHINE.finditer(text)]
    assert not found


def test_the_pattern_knows_such_places() -> None:
    for text in ("/home/jo/facet", "see /root/.venv", "'/tmp/v/bin'", "C:\\Users\\jo"):
        assert A_MACHINE.search(text)
    for text in ("https://example.org/home/jo", "../shared/work/a", "/dev/null", "#!/bin/sh"):
        assert not A_MACHINE.search(text)


def test_licence_and_notice() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert "CPT" in notice
    assert "American Medical Association" in notice
    assert PROJECT["project"]["license-files"] == ["LICENSE", "NOTICE"]


def test_the_make_targets_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in (ROOT / "README.md", ROOT / "benchmarks" / "README.md", ROOT / ".ci" / "run"):
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"(?:^|`|exec )make ([a-z-]+)", text, re.MULTILINE))
        assert named, page
        assert named <= targets


def test_the_version_is_in_the_changelog() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[?{re.escape(__version__)}\b", text, re.MULTILINE)


# --- the lock -------------------------------------------------------------------------------------


def locked() -> dict[str, str]:
    """Each requirement of the lock by its name, with all that is said of it."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = {}
    for block in re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)):
        match = re.match(r"([a-z0-9._-]+)(?:\[[^\]]*\])?==\S+", block)
        assert match, block
        found[_canonical(match[1])] = block
    return found


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_covers_every_dependency() -> None:
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    asked = [*project["dependencies"], *(each for extra in extras for each in extra)]
    asked += PROJECT["build-system"]["requires"]
    names = {_canonical(re.split(r"[\[<>=!~;\s]", each, maxsplit=1)[0]) for each in asked}
    assert names <= set(locked())


def test_every_requirement_of_the_lock_has_hashes() -> None:
    for name, block in locked().items():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), name
