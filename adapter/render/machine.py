"""Reports for programs: JSON, NDJSON, SARIF 2.1.0, GitHub annotations; change lists; the model.

JSON is written in ASCII, one finding a line, and streamed: what has no bound lies in spools.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from hashlib import sha256
from typing import IO, Any
from urllib.parse import quote

from adapter.findings import Finding, InputDone, Severity, Verdict
from adapter.model import Claim, Procedure
from adapter.render.report import FindingReport, Report, visible
from adapter.rules import Rule
from adapter.sinks import Spool
from adapter.source import Data, Source, windows
from adapter.spine import Joint, MedialBranch
from adapter.tables import SourceRow, Tables
from adapter.version import __version__

TOOL = "facet-adapter"


def dumps(value: object) -> bytes:
    return json.dumps(value, separators=(", ", ": ")).encode("ascii")


class _Rows(Spool):
    """The members of a JSON array, one a line."""

    def add(self, row: object) -> None:
        self.write((b"\n" if self.is_empty else b",\n") + dumps(row))


# --- the report -----------------------------------------------------------------------------------


def finding_json(finding: Finding, number: int) -> dict[str, Any]:
    """A finding as the report has it; `number` is its input's, from 0."""
    place = finding.location
    location: dict[str, Any] = {"input": number}
    for name in ("row", "segment", "offset", "element", "loop", "expression"):
        value = getattr(place, name)
        if value is not None:
            location[name] = value
    said: dict[str, Any] = {
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity.word,
        "claim": finding.claim or None,
        "line": finding.line,
        "other_lines": list(finding.others),
        "message": finding.message,
        "notes": list(finding.notes),
        "location": location,
        "evidence": list(finding.evidence),
        "references": list(finding.references),
        "sources": list(finding.sources),
    }
    if finding.fix is not None:
        said["fix"] = {
            "applicability": finding.fix.applicability,
            "description": finding.fix.description,
        }
    return said


class Json(FindingReport):
    """`facet-report/1`, one document."""

    def __init__(self, tables: Tables) -> None:
        super().__init__()
        self.tables = tables
        self.findings = _Rows()
        self.claims = _Rows()

    def spools(self) -> tuple[Spool, ...]:
        return self.findings, self.claims

    def take(self, verdict: Verdict) -> None:
        super().take(verdict)
        if verdict.profile is not None:
            self.claims.add(
                {"claim": verdict.claim or None, "profile": verdict.profile, "why": verdict.why}
            )

    def finding(self, finding: Finding, verdict: Verdict) -> None:
        self.findings.add(finding_json(finding, self.number))

    def write(self, out: IO[bytes]) -> None:
        tool = {"name": TOOL, "version": __version__, "mappings": self.tables.version}
        out.write(b'{"schema": "facet-report/1",\n"tool": ' + dumps(tool))
        out.write(b',\n"findings": [')
        self.findings.copy(out)
        not_evaluated = [
            {
                "rule": rule,
                "reason": reason,
                "claims": skipped.claims,
                "claim": skipped.claim or None,
            }
            for (rule, reason), skipped in sorted(self.total.skipped.items())
        ]
        out.write(b'],\n"not_evaluated": ' + dumps(not_evaluated) + b',\n"claims": [')
        self.claims.copy(out)
        inputs = [_input_json(done) for done in self.total.inputs]
        out.write(b'],\n"inputs": ' + dumps(inputs))
        found = self.total.found
        summary = {
            "errors": found[Severity.ERROR],
            "warnings": found[Severity.WARNING],
            "infos": found[Severity.INFO],
            "fixable": self.total.fixable,
            "suggestible": self.total.suggestible,
            "charge_at_risk": f"{self.total.at_risk:.2f}",
        }
        out.write(b',\n"summary": ' + dumps(summary) + b"}\n")


def _input_json(done: InputDone) -> dict[str, Any]:
    return {
        "path": done.path,
        "format": done.format,
        "claims": done.claims,
        "facet_claims": done.facet_claims,
        "notes": list(done.notes),
    }


class Ndjson(FindingReport):
    """One finding a line. Each names its input by path too, for there is no list of inputs."""

    def finding(self, finding: Finding, verdict: Verdict) -> None:
        said = finding_json(finding, self.number)
        said["location"]["path"] = self.source.name
        self.body.write(dumps(said) + b"\n")

    def write(self, out: IO[bytes]) -> None:
        self.body.copy(out)


# --- for code hosts -------------------------------------------------------------------------------


class _LineCounter:
    """Numbers of text lines from 1, counted from the place that was asked for before."""

    def __init__(self, data: Data) -> None:
        self._data, self._at, self._line = data, 0, 1

    def line(self, offset: int) -> int:
        sign = 1 if offset >= self._at else -1
        for window in windows(self._data, *sorted((self._at, offset))):
            self._line += sign * window.count(b"\n")
        self._at = offset
        return self._line


class _Placed(FindingReport):
    """A report that tells places by text line, as code hosts want it."""

    def begin(self, source: Source) -> None:
        super().begin(source)
        self.lines = _LineCounter(source.data)

    def line_of(self, finding: Finding) -> int:
        offset = finding.location.offset
        return 1 if offset is None else self.lines.line(offset)


class Github(_Placed):
    """Workflow commands that GitHub turns into annotations."""

    LEVELS: Mapping[Severity, str] = {
        Severity.ERROR: "error",
        Severity.WARNING: "warning",
        Severity.INFO: "notice",
    }

    def finding(self, finding: Finding, verdict: Verdict) -> None:
        properties = {
            "file": self.source.name,
            "line": str(self.line_of(finding)),
            "title": f"{finding.rule} {finding.name}",
        }
        listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        where = "" if not finding.claim else f" (claim {finding.claim}{_line_words(finding)})"
        message = visible(_message(finding.message + where))
        self.body.write(
            f"::{self.LEVELS[finding.severity]} {listed}::{message}\n".encode(
                "utf-8", "surrogateescape"
            )
        )

    def write(self, out: IO[bytes]) -> None:
        self.body.copy(out)


def _line_words(finding: Finding) -> str:
    return "" if finding.line is None else f", line {finding.line}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


class Sarif(_Placed):
    """SARIF 2.1.0: one run, with the rules that found something."""

    SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
    LEVELS: Mapping[Severity, str] = {
        Severity.ERROR: "error",
        Severity.WARNING: "warning",
        Severity.INFO: "note",
    }

    def __init__(self, tables: Tables, rules: Mapping[str, Rule]) -> None:
        super().__init__()
        self.tables, self.rules = tables, rules
        self.results = _Rows()
        self.indexes: dict[str, int] = {}
        self._kept: dict[str, int] = {}

    def spools(self) -> tuple[Spool, ...]:
        return (self.results,)

    def end(self, done: InputDone) -> None:
        super().end(done)
        self._kept = dict(self.indexes)

    def drop(self) -> None:
        super().drop()
        self.indexes = dict(self._kept)

    def finding(self, finding: Finding, verdict: Verdict) -> None:
        place = finding.location
        region: dict[str, Any] = {"startLine": self.line_of(finding)}
        if place.offset is not None:
            region["byteOffset"] = place.offset
        named = [place.loop, place.element] if place.expression is None else [place.expression]
        parts = [part for part in (finding.claim, *named) if part is not None]
        logical = {"fullyQualifiedName": "/".join(parts), "kind": "element"}
        properties: dict[str, Any] = {"claim": finding.claim, "line": finding.line}
        if finding.fix is not None:
            properties["fix"] = {
                "applicability": finding.fix.applicability,
                "description": finding.fix.description,
            }
        self.results.add(
            {
                "ruleId": finding.rule,
                "ruleIndex": self.indexes.setdefault(finding.rule, len(self.indexes)),
                "level": self.LEVELS[finding.severity],
                "message": {"text": finding.message},
                "locations": [
                    {
                        "physicalLocation": {
                            "artifactLocation": {"uri": quote(os.fsencode(self.source.name))},
                            "region": region,
                        },
                        "logicalLocations": [logical],
                    }
                ],
                "partialFingerprints": {"facet/v1": _fingerprint(finding)},
                "properties": properties,
            }
        )

    def write(self, out: IO[bytes]) -> None:
        out.write(b'{"$schema": ' + dumps(self.SCHEMA) + b', "version": "2.1.0", "runs": [{')
        out.write(b'\n"results": [')
        self.results.copy(out)
        driver = {
            "name": TOOL,
            "version": __version__,
            "semanticVersion": __version__,
            "rules": [_sarif_rule(self.rules[code], self.tables) for code in self.indexes],
            "properties": {"mappings": self.tables.version},
        }
        out.write(b'],\n"columnKind": "unicodeCodePoints",\n"tool": ')
        out.write(dumps({"driver": driver}) + b"}]}\n")


def _fingerprint(finding: Finding) -> str:
    """The same for the same finding in another version of the file. Made of the rule and of where
    it is in its claim: nothing of the patient, no amount, no offset."""
    place = finding.location
    where = place.element
    if place.expression is not None:  # from the resource on: where that stands may change
        where = place.expression.rpartition(".resource.")[2]
    parts = (finding.rule, finding.claim, finding.line, where, *finding.others)
    return sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]


def _sarif_rule(rule: Rule, tables: Tables) -> dict[str, Any]:
    summary, page = rule.page
    urls = [row.url for row in _sources(rule.sources, tables) if row.url]
    told: dict[str, Any] = {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": page.get("Why it matters") or summary},
        "help": {"text": "\n\n".join(f"{heading}: {text}" for heading, text in page.items())},
        "defaultConfiguration": {"level": Sarif.LEVELS[rule.severity]},
        "properties": {"tags": [rule.family]},
    }
    if urls:
        told["helpUri"] = urls[0]
    return told


def _sources(keys: Iterable[str], tables: Tables) -> Iterator[SourceRow]:
    return (tables.sources[key] for key in keys if key in tables.sources)


# --- the change list ------------------------------------------------------------------------------


class Changes(Report):
    """`facet-changes/1`: every patch of every correction, with the bytes before and after it.

    Bytes stand as Latin-1 text: each is one character, whatever the sender meant by it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.changes = _Rows()

    def spools(self) -> tuple[Spool, ...]:
        return (self.changes,)

    def take(self, verdict: Verdict) -> None:
        super().take(verdict)
        for change in verdict.changes:
            self.changes.add(
                {
                    "input": self.number,
                    "claim": change.claim,
                    "line": change.line,
                    "rule": change.rule,
                    "applicability": change.applicability,
                    "offset": change.offset,
                    "before": change.before.decode("latin-1"),
                    "after": change.after.decode("latin-1"),
                }
            )

    def write(self, out: IO[bytes]) -> None:
        out.write(b'{"schema": "facet-changes/1",\n"changes": [')
        self.changes.copy(out)
        inputs = [{"path": done.path, "format": done.format} for done in self.total.inputs]
        out.write(b'],\n"inputs": ' + dumps(inputs) + b"}\n")


# --- the model ------------------------------------------------------------------------------------


class Model:
    """`facet-model/1`: all claims, and the procedures that are documented, as the neutral model has
    them. Equal claims give equal bytes."""

    def __init__(self) -> None:
        self.claims, self.procedures = _Rows(), _Rows()

    def take(self, claim: Claim) -> None:
        self.claims.add(plain(claim))

    def document(self, procedure: Procedure) -> None:
        self.procedures.add(plain(procedure))

    def write(self, out: IO[bytes]) -> None:
        out.write(b'{"schema": "facet-model/1",\n"claims": [')
        self.claims.copy(out)
        out.write(b'],\n"procedures": [')
        self.procedures.copy(out)
        out.write(b"]}\n")


def plain(value: object) -> Any:
    """A value of the model in JSON: dates ISO, amounts as text, null for what the input lacks.

    A field that takes no part in equality is left out.
    """
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return value.value
        case str():
            return value
        case Decimal():
            return amount(value)
        case date():
            return value.isoformat()
        case tuple():
            return [plain(member) for member in value]
        case frozenset():
            return [plain(member) for member in sorted(value)]
        case Joint() | MedialBranch():
            return str(value)
        case _:
            assert is_dataclass(value)
            assert not isinstance(value, type)
            return {name: plain(getattr(value, name)) for name in _compared(type(value))}


@cache
def _compared(kind: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if each.compare)


def amount(value: Decimal) -> str:
    """Equal amounts give equal text: `800`, `800.5`, never an exponent or a closing zero."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
