"""The cases of the rules, `fixtures/rules/*.toml`: lines in, verdict and corrected lines out.

    rule = "LA01"                    # the rule, and the file's name
    payer = "medicare"               # payer, on, pos, dx, note, state, filing, total, days and
    on = 2026-03-10                  # pointers are the claim's: of all cases that do not say others

    [[fires]]
    why = "a side beside 50"
    lines = ["64493-50,RT $800"]     # the notation of notation.py
    at = [1]                         # the lines that the rule speaks of, 0 for the whole claim
    severity = "error"               # of its findings; unsaid: not looked at
    total = "850"                    # the claim's charge; unsaid: the sum of the lines
    days = { 2 = 2026-03-11 }        # of lines that are not of the claim's day
    pointers = { 2 = [1] }           # to diagnoses; unsaid: to each, at most four
    procedures = [                   # what documents it, in FHIR alone; also status, note, on, and
      { technique = "Medial branch block", targets = ["Right L3 medial branch"],  # `more` members
        guidance = "Fluoroscopy", intent = "diagnostic" } ]
    x12 = { "ABK:M47816" = "ABK:M47.816" }   # what becomes of the written interchange (`*:~`)
    fhir = { '"value": 1}' = '"value": "ONE"}' }   # and of the Bundle, laid out as `PRETTY`
    safe = ["64493-50,RT $800"]      # lines after `fix`; unsaid: as billed
    corrected = ["64493-50 $800"]    # lines after `fix --suggested`; unsaid: as `safe`
    also = ["LA03"]                  # other rules that may speak, on any line, before or after

    [[clean]]
    why = "no such code yet"
    lines = ["64493-50,RT $800"]
    not_evaluated = "no-table"       # why the rule says nothing; unsaid: it was evaluated

A case runs as 837P and as FHIR, in and out. One with `x12` alone runs as 837P only, one with `fhir`
alone as FHIR only; one with both says the same thing in the words of each. A key that is not one of
these is an error.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from adapter.findings import SEVERITIES, Finding, Location, Reason, Severity, Verdict
from adapter.model import Claim
from tests import build837, buildfhir
from tests.build837 import DAY
from tests.notation import Line, parsed
from tests.runs import Ran

Form = Literal["x12", "fhir"]
FORMS: tuple[Form, ...] = ("x12", "fhir")

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "fixtures" / "rules"

CLAIM_KEYS = {
    *("payer", "on", "pos", "dx", "note", "state", "filing", "procedures"),
    *("total", "days", "pointers"),
}
FILE_KEYS = CLAIM_KEYS | {"rule", "fires", "clean"}
CASE_KEYS = CLAIM_KEYS | {"why", "lines", "x12", "fhir", "safe", "corrected", "also"}
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
    procedures: tuple[Mapping[str, Any], ...]
    state: str
    filing: str | None
    total: str | None
    days: Mapping[int, date]
    pointers: Mapping[int, Sequence[int]]
    x12: Mapping[str, str]
    fhir: Mapping[str, str]
    at: frozenset[int | None]
    severity: Severity | None
    safe: tuple[Line, ...] | None
    corrected: tuple[Line, ...] | None
    also: frozenset[str]
    not_evaluated: Reason | None

    @property
    def forms(self) -> Sequence[Form]:
        """The formats that it runs in. X12 has no place for a documented procedure."""
        if self.procedures:
            return ("fhir",)
        said = [form for form in FORMS if self._replaced(form)]
        return said or FORMS

    @property
    def is_one_claim(self) -> bool:
        """Whether each format writes the same claim: in none of them was text replaced."""
        return not (self.x12 or self.fhir or self.procedures)

    @property
    def text(self) -> str:
        """The case as an interchange with `*:~^` and without line ends. Raises: BadCase."""
        return self._with_replaced("x12", build837.one(*map(str, self.lines), **self._claim))

    def written(self, shape: buildfhir.Shape = buildfhir.SHAPES["pretty"]) -> bytes:
        """The case as FHIR. Only the plain shape has the text that `fhir` replaces.

        Raises: BadCase.
        """
        lines = map(str, self.lines)
        documented = {"procedures": self.procedures} if self.procedures else {}
        text = buildfhir.bundle(*lines, shape=shape, **self._claim, **documented).decode("utf-8")
        return self._with_replaced("fhir", text).encode("utf-8")

    def data(self, form: Form) -> bytes:
        """The case as bytes. Raises: BadCase."""
        return build837.write(self.text) if form == "x12" else self.written()

    def twin(self) -> bytes:
        """The interchange that says what its FHIR says: its lines have no control numbers."""
        text = build837.one(*map(str, self.lines), controls=None, **self._claim)
        return build837.write(text)

    @property
    def _claim(self) -> dict[str, Any]:
        return {
            "id": self.id.replace("-", "").upper(),
            "payer": self.payer,
            "on": self.on,
            "place": self.pos,
            "dx": self.dx,
            "note": self.note,
            "state": self.state,
            "filing": self.filing,
            "total": self.total,
            "days": self.days,
            "pointers": self.pointers,
        }

    def _replaced(self, form: Form) -> Mapping[str, str]:
        return self.x12 if form == "x12" else self.fhir

    def _with_replaced(self, form: Form, text: str) -> str:
        for old, new in self._replaced(form).items():
            if old not in text:
                raise BadCase(f"{self.id}: {old!r} is not in the text that is written as {form}")
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


def in_both(claim: Claim) -> Claim:
    """A claim of the model without what FHIR does not say: that it is an original one."""
    return replace(claim, frequency=None) if claim.frequency == "1" else claim


def verdicts(ran: Ran) -> list[Verdict]:
    """What is said of claims, without what only one format has: places, bytes, envelopes."""
    return [
        replace(
            verdict,
            findings=[placeless(each) for each in verdict.findings],
            corrected=[placeless(each) for each in verdict.corrected],
            withheld=[replace(each, finding=placeless(each.finding)) for each in verdict.withheld],
            changes=(),
            rewritten=None,
        )
        for verdict in ran.verdicts
        if verdict.claim is not None
    ]


def placeless(finding: Finding) -> Finding:
    return replace(finding, location=Location(), excerpts=())


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
            procedures=tuple(said.get("procedures", ())),
            state=said.get("state", "OH"),
            filing=said.get("filing"),
            total=said.get("total"),
            days=_by_line(said.get("days", {})),
            pointers=_by_line(said.get("pointers", {})),
            x12=said.get("x12", {}),
            fhir=said.get("fhir", {}),
            at=frozenset(number or None for number in at),
            severity=None if severity is None else SEVERITIES[severity],
            safe=parsed(said["safe"]) if "safe" in said else None,
            corrected=parsed(said["corrected"]) if "corrected" in said else None,
            also=frozenset(said.get("also", ())),
            not_evaluated=None if reason is None else Reason(reason),
        )
    except (KeyError, ValueError) as error:
        raise BadCase(f"{ident}: {error}") from None


def _by_line(said: Mapping[str, Any]) -> Mapping[int, Any]:
    return {int(number): value for number, value in said.items()}


def _only(where: str, said: Mapping[str, Any], known: set[str]) -> None:
    for key in said:
        if key not in known:
            raise BadCase(f"{where}: there is no key {key!r}")
