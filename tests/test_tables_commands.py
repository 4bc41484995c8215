"""`facet tables update`, `status`, `diff`: a quarter that is loaded is what the rules look at."""

from __future__ import annotations

from pathlib import Path

from tests import test_cli
from tests.build837 import one, write
from tests.cms import comma_separated, mue_grid, mue_name, zipped
from tests.test_cli import Facet, put

facet = test_cli.facet

THRICE = write(one("64635-LT $900", "64636-LT x3 $900", payer="medicare"))
OURS = b'[profiles]\npath = "ours"\n'
LIMITS = {"64493": (1, "2"), "64636": (2, "3")}


def published(quarter: str = "2026Q1", **limits: tuple[int, str]) -> Path:
    """The practitioner file of a quarter, as it is published."""
    chosen = limits or LIMITS
    grid = mue_grid(dict(chosen))
    return put(f"mue-{quarter}.zip", zipped({mue_name(quarter): comma_separated(grid)}))


def configured() -> None:
    Path("ours/payers").mkdir(parents=True)
    put("facet.toml", OURS)


def test_a_quarter_is_loaded_and_looked_at(facet: Facet) -> None:
    configured()
    path = put("in.837", THRICE)
    before = facet("check", "--select", "UN01", "--payer", "medicare", path)
    assert before.status == 0
    done = facet("tables", "update", "--mue", published())
    assert (done.status, done.err) == (0, "")
    assert b"mue.csv  2026Q1  2 rows  added" in done.out
    after = facet("check", "--select", "UN01", "--payer", "medicare", path)
    assert after.status == 1
    again = facet("tables", "update", "--mue", published())
    assert b"2026Q1  2 rows  again" in again.out
    assert facet("tables", "check").status == 0


def test_status_says_what_is_loaded_and_what_is_not(facet: Facet) -> None:
    configured()
    facet("tables", "update", "--mue", published())
    ran = facet("tables", "status", "--on", "2026-03-31")
    assert ran.status == 0
    assert b"mue.csv  2026Q1  yours  89 days" in ran.out
    assert "mue.csv:" not in ran.err
    late = facet("tables", "status", "--on", "2026-07-01", "--format", "json").report
    told = {each["table"]: each for each in late["tables"]}
    assert told["mue.csv"]["warning"] == "2026Q3 is not loaded; 2026Q2 stands in for it"
    assert told["mue.csv"]["quarters"][1]["from"] == "yours"


def test_diff_says_what_changed(facet: Facet) -> None:
    configured()
    assert facet("tables", "diff", "--on", "2026-02-01").out == b""
    facet("tables", "update", "--mue", published())
    ran = facet("tables", "diff", "--on", "2026-02-01")
    assert b"mue.csv  64636  changed\n" in ran.out
    told = facet("tables", "diff", "--on", "2026-02-01", "--format", "json").report
    assert {"table": "mue.csv", "key": "64636", "change": "changed"} in told["changes"]


def test_what_cannot_be_loaded_is_refused_by_name(facet: Facet) -> None:
    configured()
    wrong = put("mue-2026Q1.zip", b"not a zip")
    ran = facet("tables", "update", "--mue", wrong)
    assert (ran.status, ran.out) == (3, b"")
    assert "mue-2026Q1.zip" in ran.err
    assert not Path("ours/tables").exists()
    assert facet("tables", "update").status == 2
    Path("facet.toml").unlink()
    assert facet("tables", "update", "--mue", wrong).status == 2
