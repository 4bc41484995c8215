"""The cases of the rules, `fixtures/rules/*.toml`: lines in, verdict and corrected lines out.

    rule = "LA01"                    # the rule, and the file's name
    payer = "medicare"               # payer, on, pos, dx, note, state, filing: the claim's, for all
    on = 2026-03-10                  # cases of the file unless a case says otherwise

    [[fires]]
    why = "a side beside 50"
    lines = ["64493-50,RT $800"]     # the notation of notation.py
    at = [1]                         # the lines that the rule speaks of, 0 for the whole claim
    severity = "error"               # of its findings; unsaid: not looked at
    x12 = { "ABK:M47816" = "ABK:M47.816" }   # what becomes of the written interchange (`*:~`)
    safe = ["64493-50,RT $800"]      # lines after `fix`; unsaid: as billed
    corrected = ["64493-50 $800"]    # lines after `fix --suggested`; unsaid: as `safe`
    also = ["LA03"]                  # other rules that may speak, on any line, before or after

    [[clean]]
    why = "no such code yet"
    lines = ["64493-50,RT $800"]
    not_evaluated = "no-table"       # why the rule says nothing; unsaid: it was evaluated

A key that is not one of these is an error.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from adapter.findings import SEVERITIES, Reason, Severity
from tests.build837 import DAY, one
from tests.notation import Line, parsed

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "fixtures" / "rules"

CLAIM_KEYS = {"payer", "on", "pos", "dx", "note", "state", "filing"}
FILE_KEYS = CLAIM_KEYS | {"rule", "fires", "clean"}
CASE_KEYS = CLAIM_KEYS | {"why", "lines", "x12", "safe", "corrected", "also"}
FIRES_KEYS = CASE_KEYS | {"at", "severity"}
CLEAN_KEYS = CASE_KEYS | {"not_evaluated"}


class BadCase(ValueError):
    """A case file that does not say what it has to, or says more than is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case. `at` holds line numbers, None for the whole claim; it is empty for a clean case."""

    id: str
    rule: str
    verdict: Literal["fires", "clean"]
    why: str
    lines: tuple[Line, ...]
    payer: str
    on: date
    pos: str
    dx: tuple[str, ...] | None
    note: str | None
    state: str
    filing: str | None
    x12: Mapping[str, str]
    at: frozenset[int | None]
    severity: Severity | None
    safe: tuple[Line, ...] | None
    corrected: tuple[Line, ...] | None
    also: frozenset[str]
    not_evaluated: Reason | None

    @property
    def text(self) -> str:
        """The case as an interchange with `*:~^` and without line ends."""
        text = one(
            *map(str, self.lines),
            id=self.id.replace("-", "").upper(),
            payer=self.payer,
            on=self.on,
            place=self.pos,
            dx=self.dx,
            note=self.note,
            state=self.state,
            filing=self.filing,
        )
        for old, new in self.x12.items():
            if old not in text:
                raise BadCase(f"{self.id}: {old!r} is not in the interchange")
            text = text.replace(old, new)
        return text


@cache
def all_cases() -> Sequence[Case]:
    """Every case of every file. Raises: BadCase."""
    return [case for path in sorted(FOLDER.glob("*.toml")) for case in cases_of(path)]


def cases_of(path: Path) -> Sequence[Case]:
    """The cases of a file. Raises: BadCase."""
    content = tomllib.loads(path.read_text("utf-8"))
    _only(path.name, content, FILE_KEYS)
    rule = content.get("rule")
    if rule != path.stem:
        raise BadCase(f"{path.name} holds the cases of {rule}")
    shared = {key: value for key, value in content.items() if key in CLAIM_KEYS}
    found = []
    for verdict, known in (("fires", FIRES_KEYS), ("clean", CLEAN_KEYS)):
        for number, said in enumerate(content.get(verdict, ()), 1):
            ident = f"{rule}-{verdict}-{number}"
            _only(ident, said, known)
            found.append(_case(ident, rule, verdict, {**shared, **said}))
    return found


def _case(ident: str, rule: str, verdict: Any, said: Mapping[str, Any]) -> Case:
    for key in ("why", "lines", "payer"):
        if not said.get(key):
            raise BadCase(f"{ident} has no {key}")
    at = said.get("at", ())
    if (verdict == "fires") != bool(at):
        raise BadCase(f"{ident}: `at` names the lines, 0 for the whole claim")
    reason = said.get("not_evaluated")
    dx = said.get("dx")
    severity = said.get("severity")
    try:
        return Case(
            id=ident,
            rule=rule,
            verdict=verdict,
            why=said["why"],
            lines=parsed(said["lines"]),
            payer=said["payer"],
            on=said.get("on", DAY),
            pos=str(said.get("pos", "11")),
            dx=None if dx is None else tuple(dx),
            note=said.get("note"),
            state=said.get("state", "OH"),
            filing=said.get("filing"),
            x12=said.get("x12", {}),
            at=frozenset(number or None for number in at),
            severity=None if severity is None else SEVERITIES[severity],
            safe=parsed(said["safe"]) if "safe" in said else None,
            corrected=parsed(said["corrected"]) if "corrected" in said else None,
            also=frozenset(said.get("also", ())),
            not_evaluated=None if reason is None else Reason(reason),
        )
    except (KeyError, ValueError) as error:
        raise BadCase(f"{ident}: {error}") from None


def _only(where: str, said: Mapping[str, Any], known: set[str]) -> None:
    for key in said:
        if key not in known:
            raise BadCase(f"{where}: there is no key {key!r}")
