"""Reads a FHIR Claim, and the resources that it refers to, as a `Claim`.

Which element of R4 says what follows the published mappings of Claim and 837P. What is missing
stays None and nothing is filled in; what cannot be read as it stands becomes an `Oddity`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from adapter.fhir.links import Links, Scope
from adapter.fhir.reading import Coding, Fields, coded, first_code, string
from adapter.fhir.spans import Kind, Value
from adapter.fhir.systems import (
    IS_BILLING,
    IS_CLAIM_TYPE,
    IS_CPT,
    IS_FILING,
    IS_HCPCS,
    IS_ICD_9_CM,
    IS_ICD_10_CM,
    IS_NO_MODIFIER,
    IS_NPI,
    IS_PAYER,
    IS_PLACE,
    IS_TAXONOMY,
    plain,
)
from adapter.model import (
    ASC_MODIFIER,
    ASC_PLACE,
    ASC_TAXONOMY,
    Adjudication,
    Attachment,
    Claim,
    Coverage,
    Diagnosis,
    Facility,
    OtherPayer,
    Patient,
    Payer,
    Provider,
    ServiceLine,
    Trouble,
    facility_of,
)

JUDGED_STATUS = ("active", "draft")
RENDERING = ("primary", "rendering", "performing")
NOTES = ("info", "other", "note")
"""Categories of supportingInfo whose text is meant for a reader."""

SEXES = {"female": "F", "male": "M"}
RESPONSIBILITIES = "PST"  # payer responsibility by the order of the coverages
CURRENCY = "USD"

READ_OF_ITEM = frozenset((
    "id", "sequence", "productOrService", "modifier", "servicedDate", "servicedPeriod",
    "locationCodeableConcept", "quantity", "unitPrice", "net", "diagnosisSequence",
    "procedureSequence",
))  # fmt: skip
"""Members of an item that the model holds; all others are attachments."""

ITEM_MEMBERS = (
    "sequence", "careTeamSequence", "diagnosisSequence", "procedureSequence",
    "informationSequence", "revenue", "category", "productOrService", "modifier", "programCode",
    "servicedDate", "servicedPeriod", "locationCodeableConcept", "locationAddress",
    "locationReference", "quantity", "unitPrice", "factor", "net", "udi", "bodySite", "subSite",
    "encounter", "detail",
)  # fmt: skip
"""Claim.item in R4, in its order: a new member is written behind those before it."""


# --- reading --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Item:
    """An item in its place: positions are of the lists of the resource, from 0."""

    value: Value
    position: int
    modifiers: list[tuple[int, Coding]] = field(default_factory=list)
    code: Coding | None = None
    serviced: bool = False


class Reader:
    """Reads a claim once; the places of fields stay here.

    Args: root, the resource; url, its entry's fullUrl; codes, those that are told where their code
    system says nothing about billing; path, the expression that leads to it.
    """

    def __init__(
        self,
        root: Value,
        scope: Scope,
        url: str | None,
        codes: frozenset[str],
        path: str = "",
    ) -> None:
        self.root, self.scope, self.url, self.codes = root, scope, url, codes
        self.fields = Fields()
        self.links = Links(root, scope, url, self.fields, path)
        self.items: list[Item] = []
        self.diagnosis_positions: list[int] = []  # in the list of the resource, from 0
        self.diagnosis_sequences: list[int] = []  # as the resource numbers them
        self.authorizations: list[tuple[int, int]] = []  # insurance, preAuthRef
        self.answered = False
        self.procedures: Collection[int] = ()
        self.informations: Collection[int] = ()
        self._is_billing_known = False

    def claim(self) -> Claim:
        root, fields = self.root, self.fields
        self._meant()
        known, by_sequence = self._diagnoses()
        members = list(fields.objects(root, "insurance", "", blocking=True))
        focal = next(
            (entry for entry in members if _is_true(entry[1], "focal")),
            members[0] if members else None,
        )
        coverage = (
            self.links.refer(focal[1], "coverage", f"insurance[{focal[0]}]") if focal else None
        )
        billing = self._billing()
        team = self._team()
        chief = min((n for n, (role, _) in team.items() if role in RENDERING), default=None)
        self.procedures = set(self._numbered("procedure"))
        self.informations = set(self._numbered("supportingInfo"))
        notes, line_notes = self._notes()
        answers = self._answers()
        lines: list[ServiceLine] = []
        items = list(fields.objects(root, "item", "", blocking=True))
        for (position, item), number in zip(items, _numbers_of(items), strict=True):
            fields.line = number
            fields.sequence(item, f"item[{position}]")
            lines.append(self._line(position, item, known, by_sequence, team, chief, line_notes))
        fields.line = None
        if answers:
            lines = [replace(line, adjudications=_answered(answers, line.number)) for line in lines]
        facility = self.links.refer(root, "facility", "")
        return Claim(
            id=fields.text(root, "id", "") or self._first_identifier() or "",
            charge=self._money(root, "total", ""),
            place_of_service=next(
                (line.place_of_service for line in lines if line.place_of_service), None
            ),
            frequency=self._frequency(),
            facility=self._kind_of_facility(billing, lines),
            responsibility=RESPONSIBILITIES[members.index(focal)]
            if focal is not None and members.index(focal) < len(RESPONSIBILITIES)
            else None,
            payer=self._payer(coverage),
            billing=billing,
            rendering=team[chief][1] if chief is not None else None,
            service_facility=self._facility(facility),
            patient=self._patient(coverage),
            diagnoses=tuple(known),
            authorizations=self._authorizations(focal),
            notes=tuple(notes),
            other_payers=tuple(
                OtherPayer(
                    payer=payer_of(
                        self.links.refer(member, "coverage", f"insurance[{n}]"), self.links
                    )
                )
                for n, member in members
                if focal is None or n != focal[0]
            ),
            lines=tuple(lines),
            professional=self._is_professional(),
            oddities=tuple(fields.oddities),
            coverage=_coverage(coverage),
        )

    def _numbered(self, name: str) -> Iterator[int]:
        """The sequences of a list of the claim, those that stand once."""
        numbers = [
            Fields().sequence(held, f"{name}[{position}]")
            for position, held in Fields().objects(self.root, name, "")
        ]
        often = Counter(numbers)
        for position, number in enumerate(numbers):
            if number is not None and often[number] == 1:
                yield number
            elif number is not None:
                self._twice(f"{name}[{position}].sequence")

    def _twice(self, path: str) -> None:
        self.fields.odd(
            Trouble.REFERENCE, path, "stands more than once: what is meant is not known"
        )

    def _meant(self) -> None:
        """Whether the claim and its items may be read as they stand: R4 has elements that can turn
        the meaning of others round, and who does not know them may not go on."""
        if self.root.get("implicitRules") is not None:
            self.fields.odd(
                Trouble.MEANING,
                "implicitRules",
                "names rules that are not known here",
                blocking=True,
            )
        holders = [("", self.root)]
        holders += [(f"item[{n}].", item) for n, item in Fields().objects(self.root, "item", "")]
        for path, holder in holders:
            if holder.get("modifierExtension") is not None:
                self.fields.odd(
                    Trouble.MEANING,
                    f"{path}modifierExtension",
                    "may change what is meant, in a way that is not known here",
                    blocking=True,
                )

    def _kind_of_facility(self, billing: Provider, lines: Sequence[ServiceLine]) -> Facility:
        """Whose claim it is; unknown where the place is a surgical centre's, or none is told, and
        what would decide between the centre and the surgeon cannot be read."""
        kind = facility_of(billing, lines)
        places = {line.place_of_service for line in lines}
        if kind is Facility.ASC or not places & {ASC_PLACE, None}:
            return kind
        is_centre = billing.taxonomy == ASC_TAXONOMY or any(
            ASC_MODIFIER in line.modifiers for line in lines
        )
        if is_centre or (ASC_PLACE in places and not self._is_billing_known):
            return Facility.UNKNOWN
        return kind

    # --- who ------------------------------------------------------------------------------------

    def _billing(self) -> Provider:
        held = self.fields.object(self.root, "provider", "", blocking=True)
        found = self.links.follow(held, "provider")
        if found is None:
            return Provider(npi=npi_of_reference(held))
        self._is_billing_known = True
        match string(found, "resourceType"):
            case "PractitionerRole":
                organization = self._organization(found)
                if organization is not None:
                    self._chosen("the organization of this role bills")
                return self._provider(organization or found, role=found)
            case "Practitioner":
                role = self.links.owned(self.scope.role_of(found), None)
                organization = role and self._organization(role)
                if organization is not None:
                    self._chosen("names a practitioner; the organization of the role bills")
                    return self._provider(organization, role=role)
                return self._provider(found, role=role)
            case "Organization":
                return self._provider(found)
            case _:
                self._is_billing_known = False
                what = "refers to what is no provider"
                self.fields.odd(Trouble.REFERENCE, "provider", what)
                return Provider()

    def _organization(self, role: Value) -> Value | None:
        """The organization of a role; who bills is not known where it is named and not at hand."""
        held = role.get("organization")
        found = self.links.follow(held, "provider", role)
        self._is_billing_known = held is None or found is not None
        return found

    def _chosen(self, what: str) -> None:
        self.fields.odd(Trouble.PROVIDER, "provider", what)

    def _provider(self, found: Value, role: Value | None = None) -> Provider:
        """A provider from an Organization, Practitioner, PractitionerRole or Location."""
        if string(found, "resourceType") == "PractitionerRole":
            role = found
            found = self.links.follow(found.get("practitioner"), "provider", found) or found
        address = _address(found)
        return Provider(
            npi=npi_of(found) or (role and npi_of(role)) or None,
            taxonomy=taxonomy_of(found) or (role and taxonomy_of(role)) or None,
            state=address.state,
            postal_code=address.postal_code,
        )

    def _team(self) -> dict[int, tuple[str, Provider]]:
        """The care team by sequence: role and provider."""
        found: dict[int, tuple[str, Provider]] = {}
        for position, member in self.fields.objects(self.root, "careTeam", ""):
            path = f"careTeam[{position}]"
            number = self.fields.sequence(member, path)
            codings = self.fields.codings(self.fields.object(member, "role", path), f"{path}.role")
            role = next((c.code for c in codings if c.code in RENDERING), "")
            held = self.fields.object(member, "provider", path)
            resource = self.links.follow(held, f"{path}.provider")
            provider = (
                self._provider(resource)
                if resource is not None
                else Provider(npi=npi_of_reference(held))
            )
            own = first_code(
                self.fields.codings(
                    self.fields.object(member, "qualification", path), f"{path}.qualification"
                ),
                IS_TAXONOMY,
            )
            if number is not None and number in found:
                self._twice(f"{path}.sequence")
            elif number is not None:
                provider = replace(provider, taxonomy=own or provider.taxonomy)
                found[number] = (role, replace(provider, state=None, postal_code=None))
        return found

    def _facility(self, location: Value | None) -> Provider | None:
        if location is None:
            return None
        organization = self.links.follow(location.get("managingOrganization"), "facility", location)
        address = _address(location)
        if address.state is None and organization is not None:
            address = _address(organization)
        npi = npi_of(location) or (npi_of(organization) if organization is not None else None)
        return Provider(npi=npi, state=address.state, postal_code=address.postal_code)

    def _patient(self, coverage: Value | None) -> Patient:
        patient = self.links.refer(self.root, "patient", "")
        quiet = Fields()
        relation = first_text(quiet.codings(quiet.object(coverage, "relationship", ""), ""))
        gender = string(patient, "gender") if patient is not None else None
        return Patient(
            member_id=string(coverage, "subscriberId") if coverage is not None else None,
            birth_date=quiet.day(patient, "birthDate", ""),
            sex=None if gender is None else SEXES.get(gender, "U"),
            is_subscriber=relation in (None, "self"),
        )

    def _payer(self, coverage: Value | None) -> Payer:
        """The insurer that the claim names, else the payer of its coverage."""
        of_coverage = payer_of(coverage, self.links)
        held = self.fields.object(self.root, "insurer", "")
        if held is None:
            return of_coverage
        insurer = self.links.follow(held, "insurer")
        return Payer(
            name=string(insurer, "name") or string(held, "display") or of_coverage.name,
            id=_payer_id(insurer) or _payer_id_of_reference(held) or of_coverage.id,
            filing_indicator=of_coverage.filing_indicator,
        )

    def _answers(self) -> Sequence[Value]:
        """Responses to the claim that are at hand, or that it names (COB)."""
        found = list(self.scope.answers(self.root, self.url))
        for _, held in Fields().objects(self.root, "contained", ""):
            if string(held, "resourceType") in ("ClaimResponse", "ExplanationOfBenefit"):
                found.append(held)
        for position, member in Fields().objects(self.root, "insurance", ""):
            if member.get("claimResponse") is None:
                continue
            self.answered = True
            response = self.links.refer(member, "claimResponse", f"insurance[{position}]")
            if response is not None:
                found.append(response)
        self.answered = self.answered or bool(found)
        return found

    # --- what -----------------------------------------------------------------------------------

    def _is_professional(self) -> bool:
        """By `use`, `type` and `status`: those that ask a payer for a professional's services."""
        use, status = (self._gate(name) for name in ("use", "status"))
        kind = self.fields.object(self.root, "type", "", blocking=True)
        codings = self.fields.codings(kind, "type", blocking=True)
        named = coded(codings, IS_CLAIM_TYPE) or codings
        is_professional = kind is None or any(coding.code == "professional" for coding in named)
        return use == "claim" and status in JUDGED_STATUS and is_professional

    def _gate(self, name: str) -> str | None:
        value = self.fields.of(self.root, name, Kind.STRING, "", blocking=True)
        return value.string if value is not None else None

    def _first_identifier(self) -> str | None:
        found = (
            self.fields.text(held, "value", f"identifier[{position}]")
            for position, held in self.fields.objects(self.root, "identifier", "")
        )
        return next((value for value in found if value is not None), None)

    def _frequency(self) -> str | None:
        """What the claim says of itself in X12's codes; 7 where it is related to another claim and
        does not say that it only goes with it."""
        for position, info in self.fields.objects(self.root, "supportingInfo", ""):
            path = f"supportingInfo[{position}]"
            category = self.fields.object(info, "category", path)
            if any(
                coding.code.lower() == "claimfrequency"
                for coding in self.fields.codings(category, f"{path}.category")
            ):
                code = self.fields.object(info, "code", path)
                said = first_text(self.fields.codings(code, f"{path}.code"))
                return said or self.fields.text(info, "valueString", path)
        for position, related in self.fields.objects(self.root, "related", "", blocking=True):
            path = f"related[{position}]"
            relation = self.fields.object(related, "relationship", path, blocking=True)
            codings = self.fields.codings(relation, f"{path}.relationship", blocking=True)
            if not codings or any(coding.code.lower() != "associated" for coding in codings):
                return "7"
        return None

    def _notes(self) -> tuple[list[str], dict[int, str]]:
        """Texts of supportingInfo: those of the whole claim, and by sequence those of items. What
        has a number that stands twice is of none of them for certain, and left out."""
        named: set[int] = set()
        for position, item in Fields().objects(self.root, "item", ""):
            named.update(Fields().sequences(item, "informationSequence", f"item[{position}]"))
        whole: list[str] = []
        of_lines: dict[int, str] = {}
        for position, info in self.fields.objects(self.root, "supportingInfo", ""):
            path = f"supportingInfo[{position}]"
            number = self.fields.sequence(info, path)
            category = self.fields.object(info, "category", path)
            codes = {c.code for c in self.fields.codings(category, f"{path}.category")}
            text = self.fields.text(info, "valueString", path)
            if text is None or not codes.intersection(NOTES):
                continue
            if number is not None and number not in self.informations:
                continue
            if number in named and number is not None:
                of_lines[number] = text
            else:
                whole.append(text)
        return whole, of_lines

    def _authorizations(self, focal: tuple[int, Value] | None) -> tuple[str, ...]:
        if focal is None:
            return ()
        position, member = focal
        path = f"insurance[{position}]"
        held = self.fields.of(member, "preAuthRef", Kind.ARRAY, path)
        found = []
        for number, element in enumerate(held.elements if held is not None else ()):
            text = (element.string or "").strip()
            if text:
                self.authorizations.append((position, number))
                found.append(text)
            else:
                where = f"{path}.preAuthRef[{number}]"
                self.fields.odd(Trouble.STRUCTURE, where, "is no text")
        return tuple(found)

    def _diagnoses(self) -> tuple[list[Diagnosis], dict[int, int]]:
        """The diagnoses in the order of their sequence; and the position (from 1) of each."""
        read: list[tuple[int, int, Diagnosis]] = []
        for position, held in self.fields.objects(self.root, "diagnosis", ""):
            path = f"diagnosis[{position}]"
            number = self.fields.sequence(held, path)
            read.append((number or 0, position, self._diagnosis(held, path)))
        read.sort(key=lambda entry: entry[0])
        self.diagnosis_sequences = [number for number, _, _ in read]
        self.diagnosis_positions = [position for _, position, _ in read]
        by_sequence = {number: at for at, (number, _, _) in enumerate(read, 1) if number}
        often = Counter(number for number, _, _ in read)
        for number, position, _ in read:
            if number and often[number] > 1:
                by_sequence.pop(number, None)
                self._twice(f"diagnosis[{position}].sequence")
        return [diagnosis for _, _, diagnosis in read], by_sequence

    def _diagnosis(self, held: Value, path: str) -> Diagnosis:
        concept = self.fields.object(held, "diagnosisCodeableConcept", path)
        if concept is None:
            condition = self.links.refer(held, "diagnosisReference", path)
            concept = condition.get("code") if condition is not None else None
            codings = Fields().codings(concept, "")
        else:
            codings = self.fields.codings(concept, f"{path}.diagnosis")
        for systems, is_icd10 in ((IS_ICD_10_CM, True), (IS_ICD_9_CM, False)):
            code = first_code(codings, systems)
            if code is not None:
                return Diagnosis(code.upper().replace(".", ""), icd10=is_icd10)
        return Diagnosis("")

    def _line(
        self,
        position: int,
        item: Value,
        known: Sequence[Diagnosis],
        by_sequence: Mapping[int, int],
        team: Mapping[int, tuple[str, Provider]],
        chief: int | None,
        notes: Mapping[int, str],
    ) -> ServiceLine:
        fields = self.fields
        path = f"item[{position}]"
        held = Item(item, position)
        self.items.append(held)
        code = self._code(held, path)
        self._details(held, path)
        modifiers = self._modifiers(held, path)
        quantity = fields.object(item, "quantity", path)
        first, last = self._days(held, path)
        pointers = tuple(
            by_sequence.get(sequence, len(known) + sequence)
            for sequence in fields.sequences(item, "diagnosisSequence", path)
        )
        members = self._sequences(item, "careTeamSequence", path, team)
        informed = self._sequences(item, "informationSequence", path, self.informations)
        self._sequences(item, "procedureSequence", path, self.procedures)
        rendering = next(
            (team[n][1] for n in members if n in team and team[n][0] in RENDERING and n != chief),
            None,
        )
        return ServiceLine(
            number=fields.line or 0,
            code=code,
            modifiers=modifiers,
            charge=self._charge(item, path),
            units=fields.number(quantity, "value", f"{path}.quantity"),
            unit_basis=_unit_basis(quantity),
            date=first,
            date_end=last,
            place_of_service=self._place_of_service(item, path),
            pointers=pointers,
            diagnoses=tuple(known[p - 1] for p in pointers if 0 < p <= len(known)),
            notes=tuple(notes[n] for n in informed if n in notes),
            rendering=rendering,
            attachments=tuple(
                Attachment(_shown(name), rest)
                for name, value in item.members.items()
                if (rest := _unread(name, value))
            ),
        )

    def _sequences(
        self, item: Value, name: str, path: str, known: Collection[int]
    ) -> Sequence[int]:
        """The numbers by which an item names parts of the claim; one that names nothing is told."""
        numbers = self.fields.sequences(item, name, path)
        for position, number in enumerate(numbers):
            if number not in known:
                where = f"{path}.{name}[{position}]"
                self.fields.odd(Trouble.REFERENCE, where, "names what is not in the claim")
        return numbers

    def _code(self, held: Item, path: str) -> str:
        path = f"{path}.productOrService"
        told = len(self.fields.oddities)
        concept = self.fields.object(
            held.value, "productOrService", path.rpartition(".")[0], blocking=True
        )
        codings = self.fields.codings(concept, path, blocking=True)
        for systems, name in ((IS_CPT, "CPT"), (IS_HCPCS, "HCPCS")):
            billed = coded(codings, systems)
            if billed:
                if len({coding.code.upper() for coding in billed}) > 1:
                    self._hidden(path, f"has more than one code of {name}")
                    return ""
                held.code = billed[0]
                return billed[0].code.upper()
        for coding in codings:
            if coding.code.upper() in self.codes:
                under = (
                    "under no code system"
                    if coding.system is None
                    else ("under a code system that is not CPT or HCPCS")
                )
                self._hidden(path, f"has {coding.code.upper()} {under}")
        if not codings and len(self.fields.oddities) == told:
            self._hidden(path, "has no code")
        return ""

    def _details(self, held: Item, path: str) -> None:
        """Codes of ours in the details of an item: they are not read as lines."""
        if held.value.get("detail") is None:
            return
        for position, detail in Fields().objects(held.value, "detail", path):
            where = f"{path}.detail[{position}].productOrService"
            for coding in Fields().codings(detail.get("productOrService"), where):
                if coding.code.upper() in self.codes:
                    self._hidden(where, f"has {coding.code.upper()} in a detail")

    def _modifiers(self, held: Item, path: str) -> tuple[str, ...]:
        """Each CodeableConcept is one modifier; one without a system can be no other."""
        found = []
        for position, concept in self.fields.objects(held.value, "modifier", path, blocking=True):
            where = f"{path}.modifier[{position}]"
            told = len(self.fields.oddities)
            codings = self.fields.codings(concept, where, blocking=True)
            billed = [
                coding for coding in codings if coding.system in IS_BILLING or coding.system is None
            ]
            if len({coding.code.upper() for coding in billed}) > 1:
                self._hidden(where, "has more than one code")
            elif billed:
                chosen = (coded(billed, IS_CPT) or coded(billed, IS_HCPCS) or billed)[0]
                held.modifiers.append((position, chosen))
                found.append(chosen.code.upper())
            elif coded(codings, IS_NO_MODIFIER):
                self._hidden(where, "is of an example set, whose codes are not billed")
            elif codings:
                self._hidden(where, "is under a code system that is not CPT or HCPCS")
            elif len(self.fields.oddities) == told:
                self._hidden(where, "has no code")
        return tuple(found)

    def _hidden(self, path: str, what: str) -> None:
        self.fields.odd(Trouble.CODE_SYSTEM, path, what, blocking=True)

    def _days(self, held: Item, path: str) -> tuple[date | None, date | None]:
        """First and last day of service: of the item, else of its encounter or of the claim, where
        these are of one day alone."""
        fields, item = self.fields, held.value
        place = f"{path}.serviced"
        held.serviced = (
            item.get("servicedDate") is not None or item.get("servicedPeriod") is not None
        )
        if {"servicedDate", "servicedPeriod"} <= item.members.keys():
            fields.odd(Trouble.STRUCTURE, place, "is a date and a period")
            return None, None
        if held.serviced:
            period = fields.object(item, "servicedPeriod", path)
            if period is None:
                return fields.day(item, "servicedDate", path, place), None
            first = fields.day(period, "start", place, f"{place}.start")
            return first, fields.day(period, "end", place, f"{place}.end")
        encounter = next(
            (
                self.links.follow(held_, f"{path}.encounter")
                for _, held_ in fields.objects(item, "encounter", path)
            ),
            None,
        )
        for owner, name in ((encounter, "period"), (self.root, "billablePeriod")):
            period = owner.get(name) if owner is not None else None
            if period is not None:
                quiet = Fields()
                first = quiet.day(period, "start", "")
                if first is not None and first == quiet.day(period, "end", ""):
                    return first, None
        return None, None

    def _place_of_service(self, item: Value, path: str) -> str | None:
        if sum(name.startswith("location") for name in item.members) > 1:
            self.fields.odd(Trouble.STRUCTURE, f"{path}.location", "is said in two ways")
            return None
        concept = self.fields.object(item, "locationCodeableConcept", path)
        codings = self.fields.codings(concept, f"{path}.location")
        code = first_code(codings, IS_PLACE) or first_code(codings, (None,))
        return code if code is not None and _PLACE.fullmatch(code) else None

    def _charge(self, item: Value, path: str) -> Decimal | None:
        """`net`; else quantity times unitPrice times factor, as R4 defines it."""
        net = self._money(item, "net", path)
        price = self._money(item, "unitPrice", path)
        if price is None:
            return net
        product = price
        quantity = item.get("quantity")
        for value in (item.get("factor"), quantity.get("value") if quantity is not None else None):
            if value is not None:
                if value.number is None:
                    return net
                product *= value.number
        if net is None:
            return product if item.get("net") is None else None
        if net != product:
            self.fields.odd(
                Trouble.AMOUNT, f"{path}.net", "is not quantity times unit price times factor"
            )
        return net

    def _money(self, parent: Value, name: str, path: str) -> Decimal | None:
        path = f"{path}.{name}" if path else name
        held = self.fields.object(parent, name, path.rpartition(".")[0])
        currency = self.fields.text(held, "currency", path)
        if currency not in (None, CURRENCY):
            self.fields.odd(Trouble.AMOUNT, f"{path}.currency", f"is not {CURRENCY}")
            return None
        return self.fields.number(held, "value", path)


_PLACE = re.compile(r"[0-9]{2}")


class _Address(NamedTuple):
    state: str | None = None
    postal_code: str | None = None


def _address(resource: Value) -> _Address:
    held = resource.get("address")
    first = held.elements[0] if held is not None and held.elements else held
    if first is None:
        return _Address()
    return _Address(string(first, "state"), string(first, "postalCode"))


def _is_true(parent: Value, name: str) -> bool:
    value = parent.get(name)
    return value is not None and value.raw == b"true"


def first_text(codings: Sequence[Coding]) -> str | None:
    return codings[0].code if codings else None


def _coverage(coverage: Value | None) -> Coverage | None:
    """What is wrong within it is not the claim's, and not told."""
    if coverage is None:
        return None
    quiet = Fields()
    period = quiet.object(coverage, "period", "")
    return Coverage(
        quiet.text(coverage, "status", ""),
        quiet.day(period, "start", "period"),
        quiet.day(period, "end", "period"),
    )


def payer_of(coverage: Value | None, links: Links) -> Payer:
    """Who pays by a Coverage: the first of its payors."""
    if coverage is None:
        return Payer()
    quiet = Fields()
    filing = first_code(quiet.codings(quiet.object(coverage, "type", ""), ""), IS_FILING)
    for _, held in quiet.objects(coverage, "payor", ""):
        payor = links.follow(held, "insurance", coverage)
        return Payer(
            name=string(payor, "name") or string(held, "display"),
            id=_payer_id(payor) or _payer_id_of_reference(held),
            filing_indicator=filing,
        )
    return Payer(filing_indicator=filing)


def identifiers(resource: Value | None) -> Iterator[tuple[str | None, str, Value]]:
    """System, value and the identifier itself, of those that have a value."""
    for _, held in Fields().objects(resource, "identifier", ""):
        value = string(held, "value")
        if value is not None:
            system = string(held, "system")
            yield None if system is None else plain(system), value, held


def npi_of(resource: Value | None) -> str | None:
    for system, value, held in identifiers(resource):
        if system in IS_NPI or type_code(held) == "NPI":
            return value
    return None


def npi_of_reference(held: Value | None) -> str | None:
    """The NPI in a Reference that has an identifier alone."""
    identifier = held.get("identifier") if held is not None else None
    if identifier is None:
        return None
    system = string(identifier, "system")
    if (system is not None and plain(system) in IS_NPI) or type_code(identifier) == "NPI":
        return string(identifier, "value")
    return None


def type_code(identifier: Value) -> str | None:
    return first_text(Fields().codings(identifier.get("type"), ""))


def _is_payer_system(system: str | None) -> bool:
    return system is not None and (
        system in IS_PAYER or system.rpartition("/")[2] in ("payer-id", "payerid", "payer_id")
    )


def _payer_id(resource: Value | None) -> str | None:
    for system, value, held in identifiers(resource):
        if _is_payer_system(system) or type_code(held) == "payerid":
            return value
    return None


def _payer_id_of_reference(held: Value | None) -> str | None:
    identifier = held.get("identifier") if held is not None else None
    if identifier is None:
        return None
    system = string(identifier, "system")
    return string(identifier, "value") if system and _is_payer_system(plain(system)) else None


def taxonomy_of(resource: Value | None) -> str | None:
    """A taxonomy code: specialty of a role, type of an organization, or qualification."""
    quiet = Fields()
    concepts = [c for name in ("specialty", "type") for _, c in quiet.objects(resource, name, "")]
    concepts += [
        code
        for _, held in quiet.objects(resource, "qualification", "")
        if (code := held.get("code")) is not None
    ]
    found = [
        coding.code
        for concept in concepts
        for coding in coded(quiet.codings(concept, ""), IS_TAXONOMY)
    ]
    return ASC_TAXONOMY if ASC_TAXONOMY in found else next(iter(found), None)


_MINUTES = ("min", "mins", "minute", "minutes", "mj")
_COUNTS = ("1", "un", "unit", "units", "ea", "each", "service", "services")


def _unit_basis(quantity: Value | None) -> str | None:
    """UN where the quantity counts, MJ where it is in minutes; None where its unit is another."""
    for name in ("code", "unit"):
        said = (string(quantity, name) or "").lower()
        if said in _MINUTES:
            return "MJ"
        if said and said not in _COUNTS and not said.startswith("{"):
            return None
    return "UN"


_PARTS: Mapping[str, tuple[str, ...]] = {
    "productOrService": ("coding",),
    "modifier": (),
    "servicedPeriod": ("start", "end"),
    "locationCodeableConcept": ("coding",),
    "quantity": ("value", "unit", "code", "system"),
    "unitPrice": ("value", "currency"),
    "net": ("value", "currency"),
}
"""Of members of an item that are read, what is read of each; the rest is compared as it stands."""


_PLAIN_CONCEPT, _PLAIN_CODING = {"coding"}, {"system", "code"}
_PLAIN_AMOUNTS = ({"value"}, {"value", "currency"})


def _is_plain(value: Value) -> bool:
    """Whether a member holds what is read and nothing else, as most do."""
    names = value.members.keys()
    if names == _PLAIN_CONCEPT:
        codings = value.members["coding"].elements
        return len(codings) == 1 and codings[0].members.keys() == _PLAIN_CODING
    return names in _PLAIN_AMOUNTS


def _unread(name: str, value: Value) -> str:
    """What of a member of an item the model does not hold, so that two lines can be compared."""
    if name not in READ_OF_ITEM:
        return repr(value.canonical())
    if name == "modifier" or name not in _PARTS or _is_plain(value):
        return ""
    rest = [
        (member, inner.canonical())
        for member, inner in value.members.items()
        if member not in _PARTS[name] or (member in ("unit", "code") and name == "quantity")
    ]
    if name == "productOrService":
        for _, coding in Fields().objects(value, "coding", ""):
            others = coding.members.keys() - {"id", "system", "code", "version"}
            rest += [(member, coding.members[member].canonical()) for member in sorted(others)]
    elif name == "locationCodeableConcept":
        codings = Fields().codings(value, "")
        read = coded(codings, IS_PLACE) or coded(codings, (None,))
        rest += [
            ("coding", coding.value.canonical()) for coding in codings if coding not in read[:1]
        ]
    return repr(rest) if rest else ""


def _shown(name: str) -> str:
    """A member's name in a message: those of R4 alone, for a broken one may be anything."""
    known = name in ITEM_MEMBERS or name in ("extension", "modifierExtension")
    return name if known else "an unknown element"


def _numbers_of(items: Sequence[tuple[int, Value]]) -> Sequence[int]:
    """The numbers of lines: `sequence` where those are whole and unique, else the position."""
    numbers = [Fields().sequence(item, "") or 0 for _, item in items]
    if 0 not in numbers and len(set(numbers)) == len(numbers):
        return numbers
    return range(1, len(items) + 1)


def _answered(answers: Sequence[Value], number: int) -> tuple[Adjudication, ...]:
    """What responses say of an item. A response without items is about all of them."""
    found = []
    for answer in answers:
        named: set[int] = set()
        for _, item in Fields().objects(answer, "item", ""):
            held = item.get("itemSequence")
            for value in [] if held is None else [held, *held.elements]:
                if value.number is not None and value.number == int(value.number):
                    named.add(int(value.number))
        if not named or number in named:
            found.append(Adjudication())
    return tuple(found)
