"""The documentation is true: its sessions are run, its Python is executed, its hooks decide."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.cases import ROOT

PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "adapter" / "guide").glob("*.md")),
    ROOT / "benchmarks" / "README.md",
]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
MARK = "--- end of a command ---"
ELISION = "..."

EXAMPLES = ROOT / "docs" / "examples"
FIXTURES = ROOT / "fixtures" / "837p"


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(language: str) -> list[Any]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            if match[1] == language:
                block = Block(page, text.count("\n", 0, match.start()) + 2, language, match[2])
                found.append(pytest.param(block, id=str(block)))
    return found


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One in which `facet` and `python` are those under test, whatever is installed."""
    folder = tmp_path_factory.mktemp("bin")
    facet = folder / "facet"
    facet.write_text(f"#!{sys.executable}\nfrom adapter.cli import main\n\nmain()\n")
    facet.chmod(0o755)
    (folder / "python").symlink_to(sys.executable)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FACET_")}
    return {
        **kept,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
    }


# --- sessions -------------------------------------------------------------------------------------


def steps(text: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a session, each with what it has to print."""
    command, printed = "", list[str]()
    for line in text.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, printed
            command, printed = line.removeprefix("$ "), []
        else:
            printed.append(line)
    if command:
        yield command, printed


def run(commands: Sequence[str], environment: Mapping[str, str]) -> list[list[str]]:
    """What commands print, run in one shell: `$?` is the status of the command before."""
    script = "".join(
        f'{command}\nstatus=$?; echo "{MARK}"; (exit $status)\n' for command in commands
    )
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    return [part.splitlines() for part in done.stdout.split(f"{MARK}\n")[: len(commands)]]


def fits(printed: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether lines are the expected ones; `...` stands for any lines, also none."""
    if not expected:
        return not printed
    if expected[0] == ELISION:
        return any(fits(printed[skipped:], expected[1:]) for skipped in range(len(printed) + 1))
    return bool(printed) and printed[0] == expected[0] and fits(printed[1:], expected[1:])


@pytest.mark.parametrize("block", blocks("console"))
def test_a_session_prints_what_it_says(block: Block, environment: dict[str, str]) -> None:
    session = list(steps(block.text))
    assert session
    printed = run([command for command, _ in session], environment)
    for (command, expected), lines in zip(session, printed, strict=True):
        assert fits(lines, expected), f"{block}: {command}\n" + "\n".join(lines)


def test_an_elision_stands_for_any_lines() -> None:
    assert fits(["a", "b", "c"], ["a", ELISION, "c"])
    assert fits(["a"], [ELISION, "a", ELISION])
    assert not fits(["a", "b"], ["a"])
    assert not fits(["a"], ["a", "b", ELISION])


# --- Python, configuration, links -----------------------------------------------------------------


@pytest.mark.parametrize("block", blocks("python"))
def test_python_runs(block: Block, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block.text], cwd=ROOT, env=environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def test_the_configuration_of_the_readme_is_taken(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    texts = [param.values[0].text for param in blocks("toml") if "README" in str(param.values[0])]
    (settings,) = [text for text in texts if "profiles" in tomllib.loads(text)]
    (profile,) = [text for text in texts if "extends" in tomllib.loads(text)]
    (tmp_path / "facet.toml").write_text(settings)
    (tmp_path / "ours" / "payers").mkdir(parents=True)
    (tmp_path / "ours" / "payers" / "example-plan.toml").write_text(profile)
    for arguments, status, said in (
        (["tables", "check"], 0, b"No problem"),
        (["check", "--payer", "example-plan", str(FIXTURES / "clean.837")], 1, b"LA05"),
        (["check", "--payer", "cpt", str(FIXTURES / "dependent.837")], 1, b"warn [MD02]"),
    ):
        done = subprocess.run(
            ["facet", *arguments], cwd=tmp_path, env=environment, capture_output=True
        )
        assert done.returncode == status, done.stderr.decode()
        assert said in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


# --- the hook -------------------------------------------------------------------------------------


def hook(
    name: str, claims: bytes, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    program = ["sh"] if name.endswith(".sh") else [sys.executable]
    return subprocess.run(
        [*program, str(EXAMPLES / name)], input=claims, env=environment, capture_output=True
    )


HOOKS = pytest.mark.parametrize("name", ["hook.sh", "hook.py"])


def instead_of_facet(folder: Path, script: str, environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which `facet` is something else."""
    other = folder / "facet"
    other.write_text(f"#!/bin/sh\n{script}\n")
    other.chmod(0o755)
    return {**environment, "PATH": f"{folder}{os.pathsep}{environment['PATH']}"}


@HOOKS
def test_clean_claims_are_sent(name: str, environment: dict[str, str]) -> None:
    done = hook(name, (FIXTURES / "clean.837").read_bytes(), environment)
    assert done.returncode == 0
    assert not done.stderr


@HOOKS
def test_findings_hold(name: str, environment: dict[str, str]) -> None:
    done = hook(name, (FIXTURES / "asc.837").read_bytes(), environment)
    assert done.returncode == 1
    assert b"LA05" in done.stdout


@HOOKS
@pytest.mark.parametrize("claims", [b"", b"no claims", b"ISA*00"], ids=["empty", "text", "cut"])
def test_what_cannot_be_read_is_held(name: str, claims: bytes, environment: dict[str, str]) -> None:
    done = hook(name, claims, environment)
    assert done.returncode in (3, 4)
    assert not done.stdout
    assert b"hold, not checked" in done.stderr


@pytest.mark.parametrize("program", [("/bin/sh", "hook.sh"), (sys.executable, "hook.py")])
def test_without_facet_all_is_held(program: tuple[str, str], tmp_path: Path) -> None:
    interpreter, name = program
    done = subprocess.run(
        [interpreter, str(EXAMPLES / name)],
        input=(FIXTURES / "clean.837").read_bytes(),
        env={"PATH": str(tmp_path)},
        capture_output=True,
    )
    assert done.returncode not in (0, 1)
    assert not done.stdout
    assert b"hold, not checked" in done.stderr


@HOOKS
@pytest.mark.parametrize("script", ["exit 2", "exit 4", "kill -KILL $$", "exit 99"])
def test_any_other_status_holds(
    name: str, script: str, environment: dict[str, str], tmp_path: Path
) -> None:
    done = hook(name, b"", instead_of_facet(tmp_path, script, environment))
    assert done.returncode not in (0, 1)
    assert b"hold, not checked" in done.stderr


@pytest.mark.parametrize(
    "script",
    [
        "exit 0",
        "echo '{}'; exit 0",
        "echo '[]'; exit 1",
        """echo '{"findings": [], "summary": {"errors": 1}, "inputs": [{}]}'""",
        """echo '{"findings": [], "summary": {"errors": 0}, "inputs": []}'""",
        """echo '{"findings": [], "summary": {"errors": 0}, "inputs": [{}]}'; exit 1""",
    ],
)
def test_a_report_that_does_not_fit_the_status_holds(
    script: str, environment: dict[str, str], tmp_path: Path
) -> None:
    done = hook("hook.py", b"", instead_of_facet(tmp_path, script, environment))
    assert done.returncode == 4
    assert not done.stdout


def test_a_check_that_does_not_end_is_held(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead_of_facet(tmp_path, "exec sleep 60", environment)
    module = _module(EXAMPLES / "hook.py")
    monkeypatch.setattr(module, "BUDGET", 0)
    monkeypatch.setattr(module, "GRACE", 0.2)
    answer = module.decide(b"", str(tmp_path / "facet"))
    assert answer.decision is module.Decision.NOT_CHECKED


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
