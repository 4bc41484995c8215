"""What rules yield, and what the engine makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum

from adapter.changes import Change


class Severity(IntEnum):
    """Ordered: a threshold compares."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def word(self) -> str:
        return self.name.lower()


SEVERITIES = {severity.word: severity for severity in Severity}


class Applicability(StrEnum):
    SAFE = "safe"  # the same facts in the form that the payer takes
    SUGGESTED = "suggested"  # right if a fact holds that the input does not prove
    MANUAL = "manual"  # no correction can be derived


class Reason(StrEnum):
    """Why a rule was not evaluated."""

    NO_HISTORY = "no-history"
    HISTORY_TOO_SHORT = "history-too-short"
    NO_DOCUMENTATION = "no-documentation"
    INTENT_UNKNOWN = "intent-unknown"
    PAYER_UNKNOWN = "payer-unknown"
    NO_TABLE = "no-table"
    NOT_PROFESSIONAL = "not-professional"
    UNITS_UNKNOWN = "units-unknown"
    DATE_UNKNOWN = "date-unknown"


FieldName = str
"""code, modifiers, charge, units, unit_basis, date, pointers, place_of_service, control_number of a
line; charge, id, frequency, place_of_service, diagnoses, authorizations of a claim (line None);
count, control_number, id of an envelope."""

Field = FieldName | tuple[FieldName, int]
"""A field, or one of several: ("modifiers", 0) is the first one, ("diagnoses", 2) the third."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A correction, or for a person to make (`changes` empty): what has to be done.

    `applicability` is the rule's where it is None.
    """

    description: str
    changes: tuple[Change, ...] = ()
    applicability: Applicability | None = None


def manual(description: str) -> Fix:
    """No correction can be derived: what a person has to find out."""
    return Fix(description, (), Applicability.MANUAL)


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule yields. `line` None is the whole claim; `others` are further lines it is about.

    `variant` picks one of the severities that the rule declares; `label` stands at the caret.
    `evidence` are the places of the documentation that it rests on.
    """

    message: str
    line: int | None = None
    field: Field | None = None
    fix: Fix | None = None
    others: tuple[int, ...] = ()
    label: str = ""
    variant: str = ""
    notes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def lines(self) -> frozenset[int | None]:
        return frozenset((self.line, *self.others))


@dataclass(frozen=True, slots=True)
class NotEvaluated:
    """A rule that could not be decided on this claim. Never a finding as well."""

    reason: Reason
    rule: str = ""  # filled in by the engine


@dataclass(frozen=True, slots=True)
class Location:
    """Where a finding is: in X12 a segment, byte and element, in FHIR an expression.

    `segment` counts from 1 over the whole input, `offset` is a byte of the unpacked input,
    `element` such as SV101-03, `loop` such as 2400[3], `row` an NDJSON line from 1.
    """

    segment: int | None = None
    offset: int | None = None
    element: str | None = None
    loop: str | None = None
    expression: str | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of the input around a finding: `start` to `end` of `text` is what is meant."""

    name: str  # LX number or segment id
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    rule: str
    name: str
    severity: Severity
    claim: str | None
    line: int | None
    message: str
    location: Location
    day: date | None = None  # the date of service that it was judged on
    fix: Fix | None = None
    others: tuple[int, ...] = ()
    label: str = ""
    notes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()

    @property
    def applicability(self) -> Applicability | None:
        return self.fix.applicability if self.fix is not None else None


@dataclass(frozen=True, slots=True)
class ChangeMade:
    """One patch of a correction, for the change list. `offset` is of the input."""

    claim: str | None
    line: int | None
    rule: str
    applicability: Applicability
    offset: int
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Withheld:
    """A correction that was not applied, and why."""

    finding: Finding
    why: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A claim or trailer before and after its corrections, in pieces to compare: segments, each
    with its terminator. `place` tells where it stands, such as `2300` or `transaction set 1`."""

    place: str
    before: tuple[bytes, ...]
    after: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that is said of one claim, or of one envelope (`claim` None, no `profile`)."""

    claim: str | None
    findings: Sequence[Finding] = ()
    not_evaluated: Sequence[NotEvaluated] = ()
    profile: str | None = None
    why: str = ""  # how the profile was found
    charge_at_risk: Decimal = Decimal(0)
    corrected: Sequence[Finding] = ()
    withheld: Sequence[Withheld] = ()
    changes: Sequence[ChangeMade] = ()
    rewritten: Rewritten | None = None


@dataclass(frozen=True, slots=True)
class InputDone:
    """The end of one input that was read whole. `notes`: what is odd in it but no finding."""

    path: str
    format: str
    claims: int
    facet_claims: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What is written into FHIR, or beside it, besides corrections.

    `annotate`: an OperationOutcome for each claim that is ours, and a tag on it. `beside`: what has
    no place among the resources goes to a file of its own; else, where something is annotated, a
    new Bundle holds it all. `mappings`: the version of the tables; `when`: None is now.
    """

    annotate: bool = False
    beside: bool = False
    mappings: str = ""
    when: datetime | None = None
