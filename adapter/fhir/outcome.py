"""What is said of a claim as FHIR resources: an OperationOutcome, a Provenance, a tag.

Values in, JSON out: nothing here reads a document or a clock. What is told is the verdict's words,
the rules, and where the resource is: no names, no notes, nothing of the bytes that were changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from adapter.findings import Finding, Reason, Severity, Verdict, Withheld
from adapter.version import __version__

Resource: TypeAlias = dict[str, Any]
"""A resource, or an element of one, its members in the order in which they are written."""

TOOL = f"facet-adapter {__version__}"

BASE = "urn:facet-adapter"
"""Names what is this project's own in FHIR: no address, for that could come to be another's."""

SYSTEM_RULES = f"{BASE}:rules"
SYSTEM_STATUS = f"{BASE}:review-status"

_HL7 = "http://terminology.hl7.org/CodeSystem"


@dataclass(frozen=True, slots=True)
class Subject:
    """The resource that an outcome is about.

    `reference`: what a reference to it says, its fullUrl or `Claim/123`; None where it has none.
    `identifier`: system (empty where there is none) and value, by which it is referred to where it
    has no reference. `key`: stable text that tells it from all others of its input: the fullUrl,
    type and id, or row and position; it is shown where there is no reference. `row`: its line of an
    NDJSON input, from 1.
    """

    reference: str | None
    resource_type: str
    identifier: tuple[str, str] | None
    key: str
    row: int | None = None


# --- the outcome ----------------------------------------------------------------------------------

_SEVERITIES: Mapping[Severity, str] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "information",
}

_ISSUE_TYPES: Mapping[str, str] = {
    "CV": "code-invalid",
    "DC": "conflict",
    "DC01": "required",
    "DC08": "business-rule",
    "ED02": "value",
    "ED03": "duplicate",
    "FH01": "structure",
    "FH02": "not-found",
    "FH03": "conflict",
    "FH04": "conflict",
    "FH05": "code-invalid",
    "FH06": "not-supported",
    "FR06": "duplicate",
    "UN02": "value",
}
"""IssueType by rule or family; all others are business rules."""

_REASONS: Mapping[Reason, str] = {
    Reason.NO_HISTORY: "no history was given",
    Reason.HISTORY_TOO_SHORT: "the history that was given does not reach back far enough",
    Reason.NO_DOCUMENTATION: "no documentation came with the claim, or none that can be read",
    Reason.INTENT_UNKNOWN: "the claim does not say whether it is diagnostic or therapeutic",
    Reason.PAYER_UNKNOWN: "the payer is not known",
    Reason.NO_TABLE: "there is no table for the date of service",
    Reason.NOT_PROFESSIONAL: "the claim does not ask for payment of professional services",
    Reason.UNITS_UNKNOWN: "the units are missing or cannot be read",
    Reason.DATE_UNKNOWN: "the date of service is missing or cannot be read",
}

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_NOT_IN_STRINGS = {code: 0xFFFD for code in range(32) if chr(code) not in "\t\n\r"}
"""JSON can escape them; FHIR keeps them out of its strings."""


def outcome(verdict: Verdict, subject: Subject) -> Resource:
    """The OperationOutcome of a claim: what was found, withheld, corrected, not evaluated."""
    made: Resource = {"resourceType": "OperationOutcome"}
    identity = f"facet-{verdict.claim}"
    if verdict.claim and _ID.fullmatch(identity):
        made["id"] = identity
    made["issue"] = list(_issues(verdict, _place(subject)))
    return made


def _issues(verdict: Verdict, place: str) -> Iterator[Resource]:
    for finding in verdict.findings:
        issue = _issue(
            _SEVERITIES[finding.severity],
            _ISSUE_TYPES.get(finding.rule) or _ISSUE_TYPES.get(finding.rule[:2]) or "business-rule",
            (finding.rule,),
            _on_line(finding, finding.message),
            place,
        )
        if finding.location.expression is not None:
            root = finding.location.expression.partition(".")[0]
            seen = (each for each in finding.evidence if each.startswith(f"{root}."))
            issue["expression"] = list(dict.fromkeys((finding.location.expression, *seen)))
        yield issue
    for withheld in verdict.withheld:
        rule = withheld.finding.rule
        yield _issue("information", "informational", (rule,), _kept(withheld), place)
    for finding in verdict.corrected:
        # no expression: it would point into the input, and the node may be gone
        text = f"Corrected: {_on_line(finding, finding.message)} {_remedy(finding)}"
        yield _issue("information", "informational", (finding.rule,), text, place)
    if not verdict.findings and status_of(verdict) is Status.CLEAN:
        yield _issue("information", "informational", (), "No finding.", place)
    reasons = dict.fromkeys(skipped.reason for skipped in verdict.not_evaluated)
    for reason in reasons:
        rules = tuple(s.rule for s in verdict.not_evaluated if s.reason is reason)
        were = "was" if len(rules) == 1 else "were"
        text = f"{', '.join(rules)} {were} not evaluated: {_REASONS[reason]}."
        yield _issue("information", "incomplete", rules, text, place)


def _issue(severity: str, code: str, rules: Iterable[str], text: str, place: str) -> Resource:
    details: Resource = {}
    codings = [{"system": SYSTEM_RULES, "code": rule} for rule in rules]
    if codings:
        details["coding"] = codings
    details["text"] = _string(text)
    return {"severity": severity, "code": code, "details": details, "diagnostics": place}


def _place(subject: Subject) -> str:
    """By which rules, and of which resource: an outcome has no other element to say so."""
    if subject.reference is None:
        where = subject.key
    elif subject.row is None:
        where = subject.reference
    else:
        where = f"row {subject.row}, {subject.reference}"
    return _string(f"rules of {TOOL}; {where}")


def _on_line(finding: Finding, text: str) -> str:
    return text if finding.line is None else f"Line {finding.line}: {text}"


def _remedy(finding: Finding) -> str:
    assert finding.fix is not None, "what is corrected or withheld has a correction"
    return finding.fix.description


def _kept(withheld: Withheld) -> str:
    finding = withheld.finding
    remedy = _on_line(finding, _remedy(finding))
    return f"Not corrected: {remedy} Withheld, because {withheld.why}."


def _string(text: str) -> str:
    return text.translate(_NOT_IN_STRINGS)


# --- the tag --------------------------------------------------------------------------------------


class Status(StrEnum):
    """What a tag says of a claim, of that which remains. CLEAN: nothing but advice."""

    CLEAN = "clean"
    WARNINGS = "warnings"
    ERRORS = "errors"
    CORRECTED = "corrected"
    NOT_CHECKED = "not-checked"


_DISPLAYS: Mapping[Status, str] = {
    Status.CLEAN: "No coding errors or warnings found",
    Status.WARNINGS: "Coding warnings found",
    Status.ERRORS: "Coding errors found",
    Status.CORRECTED: "Coding errors corrected",
    Status.NOT_CHECKED: "Could not be checked",
}

_UNCHECKED = frozenset((Reason.NOT_PROFESSIONAL, Reason.DATE_UNKNOWN))
"""Reasons that leave a claim, or a line of it, unchecked: to call it clean would say too much."""


def status_of(verdict: Verdict) -> Status:
    """What is to be said first of a claim: what is wrong, else what could not be looked at."""
    worst = max((finding.severity for finding in verdict.findings), default=Severity.INFO)
    if worst is Severity.ERROR:
        return Status.ERRORS
    if worst is Severity.WARNING:
        return Status.WARNINGS
    if any(skipped.reason in _UNCHECKED for skipped in verdict.not_evaluated):
        return Status.NOT_CHECKED
    return Status.CORRECTED if verdict.corrected else Status.CLEAN


def tag(verdict: Verdict) -> Resource:
    """The Coding for `meta.tag` of the claim. It has one tag of that system at most."""
    status = status_of(verdict)
    return {"system": SYSTEM_STATUS, "code": status.value, "display": _DISPLAYS[status]}


# --- the provenance -------------------------------------------------------------------------------


def provenance(verdict: Verdict, subject: Subject, when: datetime, mappings: str) -> Resource:
    """The Provenance of a claim that was corrected: when, by which version, by which rules.

    A rule is an entity in the role `source`: what the new version of the claim goes back to. (Of
    the roles that R4 has, `revision` and `derivation` would say that the claim was once the rule.)

    Args: when, with a time zone; mappings, the version of the tables.
    Raises: ValueError for a time without a zone.
    """
    assert verdict.corrected, "nothing was corrected"
    if when.utcoffset() is None:
        raise ValueError("the time of a correction needs a time zone")
    rules = dict.fromkeys(finding.rule for finding in verdict.corrected)
    return {
        "resourceType": "Provenance",
        "target": [_reference(subject)],
        "recorded": _instant(when),
        "activity": _concept(f"{_HL7}/v3-DataOperation", "UPDATE", "revise"),
        "agent": [
            {
                "type": _concept(f"{_HL7}/provenance-participant-type", "assembler", "Assembler"),
                "who": {"display": f"{TOOL}, mappings {mappings}"},
            }
        ],
        "entity": [_entity([f for f in verdict.corrected if f.rule == rule]) for rule in rules],
    }


def _instant(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _entity(corrected: Sequence[Finding]) -> Resource:
    """One rule, and in which ways it was applied: safe, suggested."""
    rule, name = corrected[0].rule, corrected[0].name
    ways = dict.fromkeys(str(finding.applicability) for finding in corrected)
    return {
        "role": "source",
        "what": {
            "identifier": {"system": SYSTEM_RULES, "value": rule},
            "display": f"{name} ({', '.join(ways)})",
        },
    }


def _reference(subject: Subject) -> Resource:
    if subject.reference is not None:
        return {"reference": subject.reference}
    if subject.identifier is None:
        return {"type": subject.resource_type, "display": _string(subject.key)}
    system, value = subject.identifier
    identifier = {"system": system, "value": value} if system else {"value": value}
    return {"type": subject.resource_type, "identifier": identifier}


def _concept(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}]}


# --- in a Bundle ----------------------------------------------------------------------------------

_NAMESPACE = uuid5(NAMESPACE_URL, BASE)
_SEARCH_MODES = {"OperationOutcome": "outcome", "Provenance": "include"}


def full_url(kind: str, subject: Subject, content: str = "") -> str:
    """A fullUrl, always the same for what is said of a resource, so that it can be found again.

    Args: kind, OperationOutcome or Provenance; content, what tells one from others of its kind
    about the same resource. An outcome replaces the one before it and needs none; a Provenance
    stands beside it, and `recorded` tells them apart.
    """
    name = json.dumps([kind, subject.resource_type, subject.key, content])
    return f"urn:uuid:{uuid5(_NAMESPACE, name)}"


def entry(resource: Resource, full_url: str, *, bundle_type: str) -> Resource:
    """The entry by which an OperationOutcome or a Provenance is appended to a Bundle.

    Raises: ValueError for a Bundle that is neither a collection nor a searchset: entries of others
    are requests, answers, or parts of what was signed.
    """
    if bundle_type not in ("collection", "searchset"):
        raise ValueError("only a collection or a searchset takes further entries")
    made: Resource = {"fullUrl": full_url, "resource": resource}
    if bundle_type == "searchset":
        made["search"] = {"mode": _SEARCH_MODES[resource["resourceType"]]}
    return made


# --- as text --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Style:
    """How a JSON text is laid out, so that what is added looks like what is there.

    `newline`: what ends a line, empty where all is on one; `indent`: of one level; `comma` and
    `colon` with the blanks around them.
    """

    indent: str
    newline: str
    comma: str
    colon: str


_HEAD = 4096  # bytes that are looked at
_FIRST_MEMBER = re.compile(rb'\{([ \t\r\n]*)"[^"\\]*+(?:\\.[^"\\]*+)*+"([ \t]*:[ \t]*)')
_LINE_END = re.compile(rb"(\r\n|\n|\r)([ \t]*)$")
_TO_COMMA = re.compile(rb'(?:[^",]|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+(,[ \t]*)')


def style_of(text: bytes) -> Style:
    """The style of a JSON text, by its first members; of a text without any it is one line."""
    head = text[:_HEAD]
    first = _FIRST_MEMBER.search(head)
    if first is None:
        return Style("", "", ", ", ": ")
    colon = first[2].decode("ascii")
    line_end = _LINE_END.search(first[1])
    if line_end is not None:
        return Style(line_end[2].decode("ascii"), line_end[1].decode("ascii"), ",", colon)
    comma = _TO_COMMA.match(head, first.start())
    if comma is None:
        return Style("", "", ", " if colon.endswith(" ") else ",", colon)
    return Style("", "", comma[1].decode("ascii"), colon)


def written(value: object, style: Style, level: int) -> bytes:
    """JSON in that style, as it stands where `level` objects and arrays are around it.

    The first line is not indented, for it goes on from what is before it. Text is in ASCII: a
    character that some reader takes for the end of a line is no risk, and half of a surrogate pair
    becomes a question mark. A Decimal is written as its text.
    Raises: TypeError for what is no JSON, a float among it.
    """
    return "".join(_pieces(value, style, level)).encode("ascii")


def _pieces(value: object, style: Style, level: int) -> Iterator[str]:
    match value:
        case dict():
            named = ((_quoted(name) + style.colon, member) for name, member in value.items())
            yield from _inside("{", "}", named, style, level)
        case list() | tuple():
            yield from _inside("[", "]", (("", element) for element in value), style, level)
        case str():
            yield _quoted(value)
        case None | bool() | int():
            yield json.dumps(value)
        case Decimal() if value.is_finite():
            yield str(value)
        case _:
            raise TypeError(f"{type(value).__name__} is no JSON")


def _inside(
    opening: str, closing: str, inner: Iterable[tuple[str, object]], style: Style, level: int
) -> Iterator[str]:
    yield opening
    mark = ""
    for name, value in inner:
        yield mark + style.newline + style.indent * (level + 1) + name
        yield from _pieces(value, style, level + 1)
        mark = style.comma
    if mark:
        yield style.newline + style.indent * level
    yield closing


def _quoted(text: str) -> str:
    return json.dumps(text.encode("utf-8", "replace").decode("utf-8"))
