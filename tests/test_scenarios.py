"""The coding scenarios of `../shared`, run as 837P through the command, where they are at hand."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from adapter.rules import all_rules
from tests.cases import ROOT

SHARED = ROOT.parent / "shared"
SCORER = SHARED / "tools" / "scenarios.py"
SCENARIOS = SHARED / "scenarios" / "coding.yaml"

pytestmark = pytest.mark.skipif(
    not (SCORER.is_file() and SCENARIOS.is_file()),
    reason="the scenarios are not beside this checkout",
)

REQUIRED_FAMILIES = ("V", "B", "A", "M", "C", "E")
REQUIRED = {"X107", "N024"}


@cache
def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scenarios", SCORER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["scenarios"] = module  # where its dataclasses and pickles would look
    spec.loader.exec_module(module)
    return module


def command() -> str:
    """The installed `facet`, or the same entry point of this checkout."""
    script = Path(sys.executable).with_name("facet")
    if script.is_file():
        return shlex.quote(str(script))
    return shlex.join([sys.executable, "-c", "from adapter.cli import main; main()"])


def track() -> list[dict[str, Any]]:
    yaml = pytest.importorskip("yaml")
    items = yaml.safe_load(SCENARIOS.read_text("utf-8"))
    return [item for item in items if item["kind"] == "check"]


def is_required(item: Mapping[str, Any]) -> bool:
    """Named by the issue, or in need of no rule that there is not yet."""
    if item["id"].startswith(REQUIRED_FAMILIES) or item["id"] in REQUIRED:
        return True
    expected = {scorer().EXPECT.match(text)["rule"] for text in item.get("expect", ())}
    known = {profile.stem for profile in (ROOT / "mappings" / "payers").glob("*.toml")}
    return expected <= set(all_rules()) and item["payer"] in known


def test_the_track_is_what_it_was() -> None:
    required = [item["id"] for item in track() if is_required(item)]
    assert len(required) >= 45
    assert set(required) >= REQUIRED


def test_check_as_837p(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings, safe and suggested corrections, in the words of the scorer."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=":")
    items: Sequence[dict[str, Any]] = [item for item in track() if is_required(item)]
    runner = scorer().Runner(command(), verbose=False)
    problems = scorer().score_checks(runner, items, fhir=False, documented=False)
    assert set(problems) == {item["id"] for item in items}
    assert {ident: said for ident, said in problems.items() if said} == {}
