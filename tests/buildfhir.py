"""Writes FHIR R4 for tests, from the same claims as `build837.py`: the same facts, as JSON.

Numbers are written as the sender wrote them (`400.00` stays, `400.` is no JSON and becomes 400).
Everything is deterministic. Nothing here uses the reader under test.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tests import build837
from tests.build837 import ASC_TAXONOMY, ICD10_FROM, PAIN_MEDICINE, default_diagnoses
from tests.notation import Line, plain

Json = dict[str, Any]

CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"
PLACE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
NPI = "http://hl7.org/fhir/sid/us-npi"
TAX_ID = "urn:oid:2.16.840.1.113883.4.4"
TAXONOMY = "http://nucc.org/provider-taxonomy"
PAYER_ID = "https://www.cms.gov/payer-id"
FILING = "https://codesystem.x12.org/005010/1032"
HL7 = "http://terminology.hl7.org/CodeSystem"
PCT = "http://hl7.org/fhir/us/davinci-pct/CodeSystem"
BASE = "https://example.org/fhir"


class Layout(StrEnum):
    """The white space between the tokens."""

    PRETTY = "pretty"  # two blanks a level; what holds no object or array is on one line
    INDENTED = "indented"  # two blanks a level, every member on a line of its own
    ONE_LINE = "one line"  # a blank after each comma and colon
    COMPACT = "compact"  # none


class References(StrEnum):
    """How one resource names another."""

    UUID = "urn:uuid"  # the fullUrl of its entry
    RELATIVE = "relative"  # Patient/p1
    ABSOLUTE = "absolute"  # https://example.org/fhir/Patient/p1, as its fullUrl
    CONTAINED = "contained"  # #patient, within the Claim


class Container(StrEnum):
    """What the resources stand in. Of the Bundles the value is their type."""

    COLLECTION = "collection"
    SEARCHSET = "searchset"
    TRANSACTION = "transaction"
    BATCH = "batch"
    ALONE = "alone"  # a Claim that contains the others
    BUNDLE_ROWS = "bundles in rows"  # NDJSON: the second of two rows, each a collection
    CLAIM_ROWS = "claims in rows"  # NDJSON: the second of two rows, each a Claim


ROWS = (Container.BUNDLE_ROWS, Container.CLAIM_ROWS)
ON_ONE_LINE = (Layout.ONE_LINE, Layout.COMPACT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One of the ways to write the same facts.

    `unit_prices`: items have those, where exact. `dressed`: items have ids, extensions and words
    that no rule reads.
    """

    layout: Layout = Layout.PRETTY
    references: References = References.UUID
    container: Container = Container.COLLECTION
    unit_prices: bool = False
    dressed: bool = False

    def __post_init__(self) -> None:
        if self.container in ROWS and self.layout not in ON_ONE_LINE:
            raise ValueError("a row is one line")
        lone = self.container in (Container.ALONE, Container.CLAIM_ROWS)
        if lone and self.references is not References.CONTAINED:
            raise ValueError("a lone Claim refers to what it contains")


SHAPES = {
    "pretty": Shape(),
    "indented, relative": Shape(layout=Layout.INDENTED, references=References.RELATIVE),
    "compact": Shape(layout=Layout.COMPACT),
    "one line, absolute": Shape(layout=Layout.ONE_LINE, references=References.ABSOLUTE),
    "contained": Shape(references=References.CONTAINED),
    "unit prices": Shape(unit_prices=True),
    "dressed": Shape(dressed=True, unit_prices=True),
    "dressed, compact": Shape(dressed=True, layout=Layout.COMPACT),
    "searchset": Shape(container=Container.SEARCHSET, references=References.RELATIVE),
    "transaction": Shape(container=Container.TRANSACTION, layout=Layout.INDENTED),
    "batch": Shape(container=Container.BATCH, layout=Layout.COMPACT),
    "alone": Shape(container=Container.ALONE, references=References.CONTAINED),
    "alone, compact": Shape(
        container=Container.ALONE,
        references=References.CONTAINED,
        layout=Layout.COMPACT,
        unit_prices=True,
    ),
    "bundles in rows": Shape(container=Container.BUNDLE_ROWS, layout=Layout.COMPACT),
    "claims in rows": Shape(
        container=Container.CLAIM_ROWS,
        references=References.CONTAINED,
        layout=Layout.ONE_LINE,
    ),
}
"""Every layout, way to refer and container at least once."""

EXTENSION = {"url": f"{BASE}/StructureDefinition/mark", "valueCode": "A"}
INTENTS = {"diagnostic": "103693007", "therapeutic": "277132007"}
FILLER = ("99213 $100",)  # the claim in the first of two rows: none of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who bills whom for whom, as `build837.one` writes it; and what was done."""

    payer: str = ""
    state: str = "OH"
    filing: str | None = None
    dependent: bool = False
    procedures: tuple[Json, ...] = ()  # what documents the claim, in the words of `cases.py`

    @property
    def filing_code(self) -> str:
        return self.filing or ("MB" if self.payer.startswith("medicare") else "CI")

    @property
    def taxonomy(self) -> str:
        return ASC_TAXONOMY if self.payer.endswith("asc") else PAIN_MEDICINE


def bundle(*lines: str, shape: Shape = SHAPES["pretty"], **options: Any) -> bytes:
    """A whole input with a claim of lines in the notation.

    The options are those of `build837.one`: the fields of `Sender`, and of `build837.Claim` but for
    those that FHIR has no place for. Raises: ValueError for one of these.
    """
    return written(*_split(lines, options), shape).encode("utf-8")


def claim(*lines: str, **options: Any) -> Json:
    """A Claim that contains what it refers to; the options are those of `bundle`."""
    return _Resources(*_split(lines, options), SHAPES["alone"]).claim_alone()


def written(billed: build837.Claim, sender: Sender, shape: Shape) -> str:
    """The text of the whole input; of NDJSON the filler's row is the first.

    Raises: ValueError for a claim that says what FHIR has no place for.
    """
    if shape.container in ROWS:
        filler = build837.claim(*FILLER, id="FILLER1", on=billed.on)
        rows = [_content(each, sender, shape) for each in (filler, billed)]
        return "".join(f"{dumps(row, shape.layout)}\n" for row in rows)
    return dumps(_content(billed, sender, shape), shape.layout) + "\n"


def dumps(value: Any, layout: Layout = Layout.PRETTY) -> str:
    """JSON text. A `Decimal` is written as it was made, never with an exponent."""
    return _dumps(value, layout, 0)


def number(text: str) -> Decimal:
    """The sender's text as a JSON number: `400.` and `.5` have no such form, and get one."""
    return Decimal(text)


def coding(system: str, code: str) -> Json:
    return {"system": system, "code": code}


def concept(system: str, code: str) -> Json:
    return {"coding": [coding(system, code)]}


def procedure_system(code: str) -> str:
    """CPT, or HCPCS where the code begins with a letter."""
    return HCPCS if code[0].isalpha() else CPT


def modifier_system(modifier: str) -> str:
    """CPT, or HCPCS where it has a letter."""
    return CPT if modifier.isdigit() else HCPCS


def dotted(code: str) -> str:
    """A diagnosis with its point behind three characters."""
    return code if len(code) <= 3 else f"{code[:3]}.{code[3:]}"


# --- resources ------------------------------------------------------------------------------------


class _Resources:
    """The resources of one claim, each made once; `refer` names one as the shape asks."""

    def __init__(self, billed: build837.Claim, sender: Sender, shape: Shape) -> None:
        for name in ("further", "paid", "controls"):
            if getattr(billed, name):
                raise ValueError(f"FHIR has no place for {name}")
        self.billed, self.sender, self.shape = billed, sender, shape
        self.references = shape.references

    def all(self) -> list[tuple[str, Json]]:
        """Name and resource. The Claim stands in the middle: it refers forward and back."""
        found = [("patient", self._patient()), ("billing", self._billing())]
        if self.sender.dependent:
            found.append(("subscriber", self._person("PAT", "1955-05-05", "female")))
        found.append(("claim", self._claim()))
        found += [
            (f"procedure-{n}", self._procedure(said))
            for n, said in enumerate(self.sender.procedures, 1)
        ]
        found += [("coverage", self._coverage()), ("payer", self._payer())]
        found.append(("rendering", self._rendering()))
        if self.billed.service_facility:
            found += [("facility", self._facility()), ("operator", self._operator())]
        return found

    def claim_alone(self) -> Json:
        """The Claim with all others contained."""
        others = [{**self._named(n, r), "id": n} for n, r in self.all() if n != "claim"]
        whole = self._claim()
        head = {key: whole.pop(key) for key in ("resourceType", "id")}
        return {**head, "contained": others, **whole}

    def entries(self) -> list[tuple[str, Json]]:
        """fullUrl and resource. Those that are found by their uuid have no id, but the Claim."""
        if self.references is References.CONTAINED:
            return [(self._url("claim", "Claim"), self.claim_alone())]
        return [
            (self._url(name, resource["resourceType"]), self._named(name, resource))
            for name, resource in self.all()
        ]

    def _named(self, name: str, resource: Json) -> Json:
        if self.references is References.UUID or "id" in resource:
            return resource
        kind = resource.pop("resourceType")
        return {"resourceType": kind, "id": self._id(name), **resource}

    def _id(self, name: str) -> str:
        return self.billed.id if name == "claim" else f"{self.billed.id}-{name}"

    def _url(self, name: str, kind: str) -> str:
        if self.references is References.UUID:
            return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{BASE}/{self._id(name)}')}"
        return f"{BASE}/{kind}/{self._id(name)}"

    def _refer(self, name: str, kind: str) -> Json:
        match self.references:
            case References.RELATIVE:
                return {"reference": f"{kind}/{self._id(name)}"}
            case References.CONTAINED:
                return {"reference": f"#{name}"}
            case _:
                return {"reference": self._url(name, kind)}

    def _person(self, given: str, born: str, gender: str) -> Json:
        return {
            "resourceType": "Patient",
            "name": [{"family": "PATIENT", "given": [given]}],
            "gender": gender,
            "birthDate": born,
            "address": [self._address("1 ELM STREET", self.sender.state, "99999")],
        }

    def _patient(self) -> Json:
        if self.sender.dependent:
            return self._person("KIM", "2008-02-29", "male")
        return self._person("PAT", "1955-05-05", "female")

    def _billing(self) -> Json:
        return {
            "resourceType": "Organization",
            "identifier": [
                {"system": NPI, "value": "1234567893"},
                {"system": TAX_ID, "value": "123456789"},
            ],
            "type": [concept(TAXONOMY, self.sender.taxonomy)],
            "name": "SPINE AND PAIN GROUP",
            "address": [self._address("100 MAIN STREET", self.sender.state, "999991234")],
        }

    def _coverage(self) -> Json:
        dependent = self.sender.dependent
        return {
            "resourceType": "Coverage",
            "status": "active",
            "type": concept(FILING, self.sender.filing_code),
            "subscriber": self._refer("subscriber" if dependent else "patient", "Patient"),
            "subscriberId": "MBR0001",
            "beneficiary": self._refer("patient", "Patient"),
            "relationship": concept(
                f"{HL7}/subscriber-relationship", "child" if dependent else "self"
            ),
            "payor": [self._refer("payer", "Organization")],
            "order": 1,
        }

    def _payer(self) -> Json:
        return {
            "resourceType": "Organization",
            "identifier": [{"system": PAYER_ID, "value": "99999"}],
            "name": self.sender.payer.upper() or "TEST PAYER",
        }

    def _rendering(self) -> Json:
        return {
            "resourceType": "Practitioner",
            "identifier": [{"system": NPI, "value": "1245319599"}],
            "name": [{"family": "DOCTOR", "given": ["DANA"]}],
            "qualification": [{"code": concept(TAXONOMY, PAIN_MEDICINE)}],
        }

    def _facility(self) -> Json:
        state = self.billed.service_facility or ""
        return {
            "resourceType": "Location",
            "name": "SURGERY CENTER",
            "address": self._address("200 CENTER DRIVE", state, "999991234"),
            "managingOrganization": self._refer("operator", "Organization"),
        }

    def _operator(self) -> Json:
        return {
            "resourceType": "Organization",
            "identifier": [{"system": NPI, "value": "1679576722"}],
            "name": "SURGERY CENTER",
        }

    @staticmethod
    def _address(street: str, state: str, postal_code: str) -> Json:
        return {"line": [street], "city": "ANYTOWN", "state": state, "postalCode": postal_code}

    def _claim(self) -> Json:
        billed = self.billed
        codes = billed.dx if billed.dx is not None else default_diagnoses(billed.lines, billed.on)
        icd10 = billed.on is None or billed.on >= ICD10_FROM
        charges = [number(line.amount) for line in billed.lines]
        total = number(billed.total or plain(sum(charges, Decimal(0))))
        found: Json = {
            "resourceType": "Claim",
            "id": billed.id,
            "status": "active",
            "type": concept(f"{HL7}/claim-type", "professional"),
            "use": "claim",
            "patient": self._refer("patient", "Patient"),
            "created": "2026-11-01",
            "provider": self._refer("billing", "Organization"),
            "priority": concept(f"{HL7}/processpriority", "normal"),
        }
        if billed.service_facility:
            found["facility"] = self._refer("facility", "Location")
        found["careTeam"] = [
            {
                "sequence": 1,
                "provider": self._refer("rendering", "Practitioner"),
                "role": concept(f"{HL7}/claimcareteamrole", "primary"),
            }
        ]
        further = self._supporting()
        if further:
            found["supportingInfo"] = [{"sequence": n, **each} for n, each in enumerate(further, 1)]
        if codes:
            system = ICD10 if icd10 else ICD9
            found["diagnosis"] = [
                {"sequence": n, "diagnosisCodeableConcept": concept(system, dotted(code))}
                for n, code in enumerate(codes, 1)
            ]
        insurance: Json = {
            "sequence": 1,
            "focal": True,
            "coverage": self._refer("coverage", "Coverage"),
        }
        if billed.authorization:
            insurance["preAuthRef"] = [billed.authorization]
        if self.sender.procedures:
            found["procedure"] = [
                {"sequence": n, "procedureReference": self._refer(f"procedure-{n}", "Procedure")}
                for n in range(1, len(self.sender.procedures) + 1)
            ]
        found["insurance"] = [insurance]
        found["item"] = [self._item(n, line, len(codes)) for n, line in enumerate(billed.lines, 1)]
        found["total"] = {"value": total, "currency": "USD"}
        return found

    def _procedure(self, said: Json) -> Json:
        """A Procedure; `more` are members as FHIR has them."""
        on = said.get("on", self.billed.on)
        found: Json = {
            "resourceType": "Procedure",
            "status": said.get("status", "completed"),
            "code": {"text": said["technique"]},
            "subject": self._refer("patient", "Patient"),
        }
        if on is not None:
            found["performedDateTime"] = on.isoformat()
        intent = said.get("intent")
        if intent:
            found["category"] = concept("http://snomed.info/sct", INTENTS[intent])
        if said.get("guidance"):
            found["usedCode"] = [{"text": said["guidance"]}]
        found["bodySite"] = [{"text": target} for target in said["targets"]]
        if said.get("note"):
            found["note"] = [{"text": said["note"]}]
        return found | said.get("more", {})

    def _supporting(self) -> list[Json]:
        """The note; and how the claim is billed, where it is not an original one."""
        billed = self.billed
        found: list[Json] = []
        if billed.frequency != "1":
            found.append(
                {
                    "category": concept(f"{PCT}/PCTSupportingInfoType", "claimFrequency"),
                    "code": concept(f"{PCT}/PCTGFEFrequency", billed.frequency),
                }
            )
        if billed.note:
            category = concept(f"{HL7}/claiminformationcategory", "info")
            found.append({"category": category, "valueString": billed.note})
        return found

    def _item(self, position: int, line: Line, known: int) -> Json:
        billed = self.billed
        dressed = self.shape.dressed
        item: Json = {"id": f"line-{position}", "extension": [EXTENSION]} if dressed else {}
        item |= {"sequence": position, "careTeamSequence": [1]}
        pointers = list(billed.pointers.get(position, range(1, min(4, known) + 1)))
        if pointers:
            item["diagnosisSequence"] = pointers
        item["productOrService"] = concept(procedure_system(line.code), line.code)
        if line.modifiers:
            item["modifier"] = [concept(modifier_system(m), m) for m in line.modifiers]
        if dressed:
            for each in (item["productOrService"], *item.get("modifier", ())):
                each["coding"][0]["display"] = f"{each['coding'][0]['code']} in words"
                each["text"] = "as the sender calls it"
        day = billed.days.get(position, billed.on)
        if isinstance(day, tuple):
            item["servicedPeriod"] = {"start": str(day[0]), "end": str(day[1])}
        elif day is not None:
            item["servicedDate"] = str(day)
        place = billed.places.get(position, billed.place)
        if place:
            item["locationCodeableConcept"] = concept(PLACE, place)
        units, net = number(line.units), number(line.amount)
        item["quantity"] = {"value": units}
        if self.shape.unit_prices and units > 0 and not (net * 100) % units:
            item["unitPrice"] = {"value": number(plain(net / units)), "currency": "USD"}
        item["net"] = {"value": net, "currency": "USD"}
        return item


def _split(lines: Sequence[str], options: dict[str, Any]) -> tuple[build837.Claim, Sender]:
    own = {key: options.pop(key) for key in Sender.__dataclass_fields__ if key in options}
    return build837.claim(*lines, **options), Sender(**own)


def _content(billed: build837.Claim, sender: Sender, shape: Shape) -> Json:
    made = _Resources(billed, sender, shape)
    if shape.container in (Container.ALONE, Container.CLAIM_ROWS):
        return made.claim_alone()
    kind = "collection" if shape.container is Container.BUNDLE_ROWS else shape.container.value
    entries = []
    for url, resource in made.entries():
        entry: Json = {"fullUrl": url, "resource": resource}
        if kind == "searchset":
            mode = "match" if resource["resourceType"] == "Claim" else "include"
            entry["search"] = {"mode": mode}
        elif kind in ("transaction", "batch"):
            entry["request"] = {"method": "POST", "url": resource["resourceType"]}
        entries.append(entry)
    return {"resourceType": "Bundle", "id": f"{billed.id}-bundle", "type": kind, "entry": entries}


def _dumps(value: Any, layout: Layout, level: int) -> str:
    match value:
        case Decimal():
            return format(value, "f")
        case dict():
            colon = ":" if layout is Layout.COMPACT else ": "
            parts = [
                f"{json.dumps(key)}{colon}{_dumps(each, layout, level + 1)}"
                for key, each in value.items()
            ]
            return _braced("{", parts, "}", layout, level, _is_flat(value.values()))
        case list():
            parts = [_dumps(each, layout, level + 1) for each in value]
            return _braced("[", parts, "]", layout, level, _is_flat(value))
        case _:
            return json.dumps(value, ensure_ascii=False)


def _is_flat(values: Any) -> bool:
    return not any(isinstance(each, dict | list) for each in values)


def _braced(
    first: str, parts: Sequence[str], last: str, layout: Layout, level: int, flat: bool
) -> str:
    if layout is Layout.COMPACT or not parts:
        return first + ",".join(parts) + last
    if layout is Layout.ONE_LINE or (flat and layout is Layout.PRETTY):
        return first + ", ".join(parts) + last
    end = "\n" + "  " * level
    return first + ",".join(f"{end}  {part}" for part in parts) + end + last
