"""Reads who took part in a Procedure from the resources beside it, as `Parties`.

The patient is the subject; who billed and who performed are in `performer`; who pays is in the only
coverage of the patient that was active on the day. Where the input tells of more than one, none is
chosen: a `Doubt` says why. Which element says what follows R4 and US Core.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from adapter.fhir.claim import (
    SEXES,
    first_text,
    identifiers,
    npi_of,
    npi_of_reference,
    payer_of,
    taxonomy_of,
    type_code,
)
from adapter.fhir.links import Links, Scope
from adapter.fhir.reading import Fields, string
from adapter.fhir.spans import Value
from adapter.fhir.systems import IS_EMPLOYER, IS_SOCIAL_SECURITY
from adapter.parties import (
    PRIMARY,
    SELF,
    Address,
    Doubt,
    Name,
    Parties,
    Party,
    PayerParty,
    PersonParty,
    ProviderParty,
    TaxIdKind,
    is_address,
)

RELATIONSHIPS = {"self": SELF, "spouse": "01", "child": "19", "parent": "G8", "other": "G8"}
"""FHIR's subscriber-relationship in X12 code list 1069, those that mean the same."""

RESPONSIBILITIES = {"1": PRIMARY, "2": "S", "3": "T"}  # by Coverage.order
MOST_COVERAGES = 20  # of one patient: who has more is not told apart
SUFFIXES = frozenset(("JR", "SR", "I", "II", "III", "IV", "V"))
"""What X12 means by a suffix: of the family, no degree and no office."""

PAST_NAMES = frozenset(("old", "maiden", "temp", "nickname", "anonymous"))
PAST_ADDRESSES = frozenset(("old", "temp"))
USES = {"Patient": ("official", "usual"), "Practitioner": ("official", "usual")}
ADDRESS_USES = {"Organization": ("billing", "work"), "Practitioner": ("billing", "work")}
AT_HOME = ("home",)


def parties_of(root: Value, scope: Scope, url: str | None, path: str = "") -> Parties:
    """Who took part in a Procedure.

    Args: root, the Procedure; url, its entry's fullUrl; path, the expression that leads to it.
    """
    return _Reader(root, scope, url, path).parties()


class _Reader:
    def __init__(self, root: Value, scope: Scope, url: str | None, path: str) -> None:
        self.root, self.scope, self.url = root, scope, url
        self.links = Links(root, scope, url, Fields(), path)
        self.doubts: list[Doubt] = []
        self.day = _day_of(root)

    def parties(self) -> Parties:
        patient = self.links.refer(self.root, "subject", "")
        if patient is not None and string(patient, "resourceType") != "Patient":
            patient = None
        found = self._insured(patient)
        person = self._person(patient, Party.PATIENT)
        billing, rendering = self._performers()
        return replace(
            found,
            patient=person,
            billing=billing,
            rendering=rendering,
            doubts=tuple(dict.fromkeys(self.doubts)),
        )

    def _doubt(self, party: Party, why: str) -> None:
        self.doubts.append(Doubt(party, why))

    # --- who pays -------------------------------------------------------------------------------

    def _insured(self, patient: Value | None) -> Parties:
        """What the coverage tells: the payer, the member, the subscriber where it is another."""
        reference = string(self.root.get("subject"), "reference")
        coverage = self._coverage(reference)
        if coverage is None:
            return Parties()
        relationship, subscriber = self._related(coverage, patient)
        return Parties(
            subscriber=subscriber,
            member_id=string(coverage, "subscriberId"),
            relationship=relationship,
            payer=self._payer(coverage),
            coverage=_name_of(coverage, self.links.url(coverage)),
        )

    def _coverage(self, patient: str | None) -> Value | None:
        """The only coverage that was active on the day."""
        there = self.scope.coverages(patient, self.url)
        if len(there) > MOST_COVERAGES:
            self._doubt(Party.PAYER, "the patient has more coverages than are told apart")
            return None
        active: dict[bytes, Value] = {}  # what stands twice is one
        for each in there:
            coverage = self.links.at(each, "")
            if coverage is None:
                self._doubt(Party.PAYER, "a coverage of the patient is nested too deep to be read")
                return None
            if string(coverage, "status") == "active" and _holds(coverage.get("period"), self.day):
                active[coverage.raw] = coverage
        if len(active) > 1:
            self._doubt(Party.PAYER, "the patient has more than one active coverage")
        return next(iter(active.values())) if len(active) == 1 else None

    def _payer(self, coverage: Value) -> PayerParty | None:
        held = [each for _, each in Fields().objects(coverage, "payor", "")]
        if len(held) > 1:
            self._doubt(Party.PAYER, "the coverage names more than one payer")
            return None
        payor = self.links.follow(held[0], "payor", coverage) if held else None
        if payor is not None and string(payor, "resourceType") != "Organization":
            self._doubt(Party.PAYER, "the coverage is paid by a person")
            return None
        payer = payer_of(coverage, self.links)
        order = coverage.get("order")
        return PayerParty(
            name=payer.name,
            id=payer.id,
            filing_indicator=payer.filing_indicator,
            responsibility=PRIMARY
            if order is None
            else RESPONSIBILITIES.get(order.raw.decode("ascii", "replace")),
        )

    def _related(
        self, coverage: Value, patient: Value | None
    ) -> tuple[str | None, PersonParty | None]:
        """The patient's relationship to the subscriber, and the subscriber where it is another."""
        codings = Fields().codings(coverage.get("relationship"), "")
        said = first_text(codings)
        subscriber = self.links.follow(coverage.get("subscriber"), "subscriber", coverage)
        is_patient = (
            subscriber is not None
            and patient is not None
            and self.links.place(subscriber) == self.links.place(patient)
        )
        relationship = RELATIONSHIPS.get(said or "")
        if said is None and is_patient:
            relationship = SELF
        if relationship is None:
            what = "is not told" if said is None else "has no code in X12"
            self._doubt(Party.PATIENT, f"the relationship to the subscriber {what}")
            return None, None
        if relationship == SELF:
            if subscriber is not None and not is_patient:
                what = "is said to be the subscriber, and the coverage names another"
                self._doubt(Party.PATIENT, what)
                return None, None
            return SELF, None
        if is_patient:
            what = "is named as the subscriber, and is said not to be"
            self._doubt(Party.PATIENT, what)
            return None, None
        return relationship, self._person(subscriber, Party.SUBSCRIBER)

    # --- who treated ----------------------------------------------------------------------------

    def _performers(self) -> tuple[ProviderParty | None, ProviderParty | None]:
        """Who bills: the organization that was acted for. Who treated: the person who acted.

        A person without an organization does not bill by that alone.
        """
        acting: list[ProviderParty] = []
        behind: list[ProviderParty] = []
        for _, performer in Fields().objects(self.root, "performer", ""):
            held = performer.get("actor")
            actor = self.links.follow(held, "performer.actor")
            role = actor if string(actor, "resourceType") == "PractitionerRole" else None
            if role is not None:
                held = role.get("practitioner")
                actor = self.links.follow(held, "performer.actor", role)
            owner, billing = self.root, performer.get("onBehalfOf")
            if billing is None and role is not None:
                owner, billing = role, role.get("organization")
            match string(actor, "resourceType") if actor is not None else _kind_of(held):
                case "Practitioner":
                    acting.append(self._provider(held, actor, Party.RENDERING, role))
                case "Organization":
                    behind.append(self._provider(held, actor, Party.BILLING))
                case _:
                    pass
            if billing is not None:
                organization = self.links.follow(billing, "performer.onBehalfOf", owner)
                behind.append(self._provider(billing, organization, Party.BILLING))
        return (
            self._only(behind, Party.BILLING, "the procedure was done for more than one"),
            self._only(acting, Party.RENDERING, "the procedure has more than one performer"),
        )

    def _only(
        self, found: Sequence[ProviderParty], party: Party, otherwise: str
    ) -> ProviderParty | None:
        different = list(dict.fromkeys(found))
        if len(different) > 1:
            self._doubt(party, otherwise)
        return different[0] if len(different) == 1 else None

    def _provider(
        self, held: Value | None, found: Value | None, party: Party, role: Value | None = None
    ) -> ProviderParty:
        """A provider, as far as the resource is at hand; else what the reference itself tells."""
        reference = string(held, "reference")
        number, kind = _tax_id(found)
        return ProviderParty(
            name=self._name(found, party),
            address=self._address(found, party),
            npi=npi_of(found) or npi_of(role) or npi_of_reference(held),
            taxonomy=taxonomy_of(role) or taxonomy_of(found),
            tax_id=number,
            tax_id_kind=kind,
            reference=reference if is_address(reference) else None,
        )

    # --- a name and an address ------------------------------------------------------------------

    def _person(self, found: Value | None, party: Party) -> PersonParty | None:
        if found is None:
            return None
        gender = string(found, "gender")
        return PersonParty(
            name=self._name(found, party),
            address=self._address(found, party),
            birth_date=Fields().day(found, "birthDate", ""),
            sex=None if gender is None else SEXES.get(gender, "U"),
        )

    def _name(self, found: Value | None, party: Party) -> Name | None:
        if found is None:
            return None
        kind = string(found, "resourceType") or ""
        if kind == "Organization":
            return Name(last=string(found, "name"), is_person=False)
        held = self._current(found, "name", PAST_NAMES)
        chosen = self._chosen(held, USES.get(kind, ()), party, "name")
        if chosen is None:
            return None
        given = _texts(chosen, "given")
        suffixes = [
            each for each in _texts(chosen, "suffix") if each.upper().strip(".") in SUFFIXES
        ]
        return Name(
            last=string(chosen, "family"),
            first=given[0] if given else None,
            middle=" ".join(given[1:]) or None,
            suffix=" ".join(suffixes) or None,
        )

    def _address(self, found: Value | None, party: Party) -> Address | None:
        if found is None:
            return None
        kind = string(found, "resourceType") or ""
        held = self._current(found, "address", PAST_ADDRESSES)
        chosen = self._chosen(held, ADDRESS_USES.get(kind, AT_HOME), party, "address")
        if chosen is None:
            return None
        return Address(
            lines=tuple(_texts(chosen, "line")),
            city=string(chosen, "city"),
            state=string(chosen, "state"),
            postal_code=string(chosen, "postalCode"),
            country=string(chosen, "country"),
        )

    def _current(self, found: Value, name: str, past: frozenset[str]) -> list[Value]:
        """The names or addresses that held on the day."""
        return [
            each
            for _, each in Fields().objects(found, name, "")
            if string(each, "use") not in past and _holds(each.get("period"), self.day)
        ]

    def _chosen(
        self, held: Sequence[Value], uses: Iterable[str], party: Party, what: str
    ) -> Value | None:
        """The one of the first use that there is; else the only one."""
        for use in uses:
            of_use = [each for each in held if string(each, "use") == use]
            if len(of_use) == 1:
                return of_use[0]
            if of_use:
                break
        if len(held) > 1:
            self._doubt(party, f"has more than one {what}")
        return held[0] if len(held) == 1 else None


def _kind_of(held: Value | None) -> str | None:
    """The type that a Reference itself tells of."""
    kind = string(held, "type")
    if kind is not None:
        return kind
    parts = (string(held, "reference") or "").split("/")
    return parts[-2] if len(parts) > 1 else None


def _name_of(resource: Value, url: str | None) -> str | None:
    ident = string(resource, "id")
    return f"{string(resource, 'resourceType')}/{ident}" if ident else url


def _texts(parent: Value, name: str) -> list[str]:
    held = parent.get(name)
    texts = ((each.string or "").strip() for each in (held.elements if held is not None else ()))
    return [text for text in texts if text]


def _tax_id(found: Value | None) -> tuple[str | None, TaxIdKind | None]:
    """An employer's number, else a person's. One that is only said to be a tax id is an
    organization's employer number; of a person it may be either, and is not read."""
    is_organization = string(found, "resourceType") == "Organization"
    employer, social = list(_numbers(found, is_organization)), list(_social(found))
    for numbers, kind in ((employer, TaxIdKind.EMPLOYER), (social, TaxIdKind.SOCIAL_SECURITY)):
        if len(set(numbers)) == 1:
            return numbers[0], kind
        if numbers:
            break
    return None, None


def _numbers(found: Value | None, is_organization: bool) -> Iterator[str]:
    for system, value, held in identifiers(found):
        kind = type_code(held)
        if system in IS_EMPLOYER or kind == "EN" or (kind == "TAX" and is_organization):
            yield value.replace("-", "")


def _social(found: Value | None) -> Iterator[str]:
    for system, value, held in identifiers(found):
        if system in IS_SOCIAL_SECURITY or type_code(held) == "SS":
            yield value.replace("-", "")


def _day_of(procedure: Value) -> dt.date | None:
    quiet = Fields()
    period = procedure.get("performedPeriod")
    if period is not None:
        return quiet.day(period, "start", "")
    return quiet.day(procedure, "performedDateTime", "")


def _holds(period: Value | None, day: dt.date | None) -> bool:
    """Whether a period is not known to leave the day out. An end of 2025 is the whole year's."""
    if period is None or day is None:
        return True
    start, end = (_date(string(period, name)) for name in ("start", "end"))
    written = day.isoformat()
    return not (written[: len(start)] < start or (end and end < written[: len(end)]))


_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")


def _date(text: str | None) -> str:
    """The date of a dateTime, as far as it is told."""
    found = _DATE.match(text or "")
    return found[0] if found else ""
