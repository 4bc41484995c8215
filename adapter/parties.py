"""Who takes part in a claim, by name and address: what a claim has to say and no rule asks for.

The neutral `Claim` holds the numbers that decide; here is the rest. What is not known is None, and
nothing is filled in. Never printed in a message.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from adapter.model import Claim, Diagnosis, Patient, Payer, Procedure, Provider, ServiceLine

SELF = "18"
"""X12 code list 1069: the patient is the subscriber."""

ORIGINAL, PRIMARY = "1", "P"
"""The frequency of a claim that replaces none, and the responsibility of the payer asked first."""


class Party(StrEnum):
    """Who takes part, as it is called in a message."""

    BILLING = "the billing provider"
    RENDERING = "the rendering provider"
    FACILITY = "the service facility"
    SUBSCRIBER = "the subscriber"
    PATIENT = "the patient"
    PAYER = "the payer"


class TaxIdKind(StrEnum):
    """Whose number a tax id is, as X12 qualifies it."""

    EMPLOYER = "EI"
    SOCIAL_SECURITY = "SY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """`last` is a person's family name, or the whole name of an organization."""

    last: str | None = None
    first: str | None = None
    middle: str | None = None
    suffix: str | None = None
    is_person: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`state` and `country` are codes of two letters; no country is the United States."""

    lines: tuple[str, ...] = ()
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderParty:
    """A provider. `reference` is how FHIR resources of the input name it from elsewhere."""

    name: Name | None = None
    address: Address | None = None
    npi: str | None = None
    taxonomy: str | None = None
    tax_id: str | None = None
    tax_id_kind: TaxIdKind | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonParty:
    """A subscriber or patient. `sex` is F, M or U."""

    name: Name | None = None
    address: Address | None = None
    birth_date: dt.date | None = None
    sex: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayerParty:
    """Who is asked to pay. `filing_indicator` is X12 code list 1032, `responsibility` 1138."""

    name: str | None = None
    id: str | None = None
    filing_indicator: str | None = None
    responsibility: str | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a party is not known though the input tells of one: a clause without a value of it."""

    party: Party
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who takes part in one claim.

    `relationship` is the patient's to the subscriber, X12 code list 1069; `subscriber` is another
    person than the patient, else None. `renderings` are those of lines with one of their own, by
    number.
    `original` is the payer's number of the claim that this one replaces or voids. `coverage` is the
    reference to the coverage. Whoever settles a doubt takes it out.
    """

    billing: ProviderParty | None = None
    rendering: ProviderParty | None = None
    facility: ProviderParty | None = None
    patient: PersonParty | None = None
    subscriber: PersonParty | None = None
    member_id: str | None = None
    relationship: str | None = None
    payer: PayerParty | None = None
    coverage: str | None = None
    original: str | None = None
    renderings: Mapping[int, ProviderParty] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()


_PARTY_OF = {
    "billing": Party.BILLING,
    "rendering": Party.RENDERING,
    "facility": Party.FACILITY,
    "subscriber": Party.SUBSCRIBER,
    "member_id": Party.SUBSCRIBER,
    "patient": Party.PATIENT,
    "relationship": Party.PATIENT,
    "payer": Party.PAYER,
    "coverage": Party.PAYER,
    "original": Party.PAYER,
}
"""The fields of `Parties` that hold one thing, and whom a doubt of it is about."""


def agreed(told: Iterable[Parties]) -> Parties:
    """The parties of one claim, of what several documents tell of them.

    What only some tell is taken from these. What they tell differently is not known: a doubt.
    """
    found = list(told)
    doubts = [doubt for each in found for doubt in each.doubts]
    known: dict[str, Any] = {}
    for name, party in _PARTY_OF.items():
        values: list[object] = []
        for each in found:
            value = getattr(each, name)
            if value is not None and value not in values:
                values.append(value)
        if len(values) == 1:
            known[name] = values[0]
        elif values:
            doubts.append(Doubt(party, "is told in more than one way"))
    renderings = {number: each for parties in found for number, each in parties.renderings.items()}
    return Parties(**known, renderings=renderings, doubts=tuple(dict.fromkeys(doubts)))


assert {each.name for each in fields(Parties)} == {*_PARTY_OF, "renderings", "doubts"}


# --- the claim of a session -----------------------------------------------------------------------


class CodedLine(Protocol):
    """A line that the coder derived."""

    @property
    def code(self) -> str: ...
    @property
    def modifiers(self) -> tuple[str, ...]: ...
    @property
    def units(self) -> int: ...
    @property
    def procedures(self) -> tuple[str, ...]: ...


class CodedSession(Protocol):
    """A patient's procedures of one day with the lines that were derived, as the coder gives it."""

    @property
    def patient(self) -> str | None: ...
    @property
    def date(self) -> dt.date | None: ...
    @property
    def procedures(self) -> tuple[Procedure, ...]: ...
    @property
    def lines(self) -> Sequence[CodedLine]: ...


_CLAIMS = uuid.UUID("5b1f6b0e-6c8e-5d0a-9d0f-0f3a4f0c7b52")
"""The namespace of the ids of claims that are derived."""

LONGEST_ID = 20  # letters of a claim's number that every payer has to give back


def is_address(reference: str | None) -> bool:
    """Whether a reference leads to its resource from another one too: `Procedure/a` does, what is
    contained in a resource or has no id does not."""
    return reference is not None and not reference.startswith("#") and bool(_MARK.search(reference))


_MARK = re.compile(r"[/:?]")


def id_of(session: CodedSession) -> uuid.UUID:
    """The id of the claim of a session: the same for the same references, and nothing in it can be
    read."""
    named = sorted(
        each.reference if is_address(each.reference) else each.place for each in session.procedures
    )
    return uuid.uuid5(_CLAIMS, "\n".join([session.patient or "", str(session.date), *named]))


def claim_of(session: CodedSession, parties: Parties | None = None) -> Claim:
    """The claim that a session comes to, as far as it and the parties tell.

    Charges and the place of service are not documented and stay None. The diagnoses are the
    indications of the procedures that lines rest on, each once and in their order; a line points to
    those of its own procedures.
    """
    parties = parties or Parties()
    named = {reference for line in session.lines for reference in line.procedures}
    resting = [each for each in session.procedures if each.reference in named]
    diagnoses = tuple(dict.fromkeys(d for each in resting for d in each.indications))
    return Claim(
        id=id_of(session).hex[:LONGEST_ID].upper(),
        frequency=ORIGINAL,
        responsibility=parties.payer.responsibility if parties.payer else None,
        payer=_payer(parties.payer),
        billing=_provider(parties.billing) or Provider(),
        rendering=_treating(parties.rendering),
        service_facility=_provider(parties.facility),
        patient=_patient(parties),
        diagnoses=diagnoses,
        lines=tuple(
            _line(number, line, session.date, resting, diagnoses)
            for number, line in enumerate(session.lines, 1)
        ),
    )


def _line(
    number: int,
    line: CodedLine,
    day: dt.date | None,
    resting: Sequence[Procedure],
    diagnoses: tuple[Diagnosis, ...],
) -> ServiceLine:
    own = {d for each in resting if each.reference in line.procedures for d in each.indications}
    pointers = tuple(at for at, diagnosis in enumerate(diagnoses, 1) if diagnosis in own)
    return ServiceLine(
        number=number,
        code=line.code,
        modifiers=line.modifiers,
        units=Decimal(line.units),
        date=day,
        pointers=pointers,
        diagnoses=tuple(diagnoses[at - 1] for at in pointers),
    )


def _payer(payer: PayerParty | None) -> Payer:
    if payer is None:
        return Payer()
    return Payer(name=payer.name, id=payer.id, filing_indicator=payer.filing_indicator)


def _provider(party: ProviderParty | None) -> Provider | None:
    if party is None:
        return None
    address = party.address or Address()
    return Provider(
        npi=party.npi,
        taxonomy=party.taxonomy,
        state=address.state,
        postal_code=address.postal_code,
    )


def _treating(party: ProviderParty | None) -> Provider | None:
    return Provider(npi=party.npi, taxonomy=party.taxonomy) if party is not None else None


def _patient(parties: Parties) -> Patient:
    person = parties.patient or PersonParty()
    return Patient(
        member_id=parties.member_id,
        birth_date=person.birth_date,
        sex=person.sex,
        is_subscriber=parties.relationship in (None, SELF),
    )
