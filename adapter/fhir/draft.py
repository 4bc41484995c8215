"""Writes what the coder derived as a draft Claim of FHIR R4: lines for a coder to look at.

Nothing is made up. R4 asks for a patient, a provider, a priority and an insurance: what of these
the input does not name is an element that says so (data-absent-reason). Charges are not documented,
so that no item has a price, and the claim no total.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from adapter.fhir.systems import (
    CLAIM_TYPE,
    CPT,
    ICD_9_CM,
    ICD_10_CM,
    NPI,
    system_of_modifier,
)
from adapter.model import Diagnosis, ServiceLine
from adapter.parties import CodedLine, CodedSession, Parties, claim_of, id_of, is_address

Json = dict[str, Any]

ABSENT: Mapping[str, Any] = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }
    ]
}
"""An element that R4 asks for and nobody told."""

PROFESSIONAL = "professional"


def draft(session: CodedSession, created: dt.date, parties: Parties | None = None) -> Json | None:
    """A draft Claim of a session, ready for `json.dumps`; None where nothing was derived.

    Args: created, the day on which it is written; parties, who took part as far as is known.
    """
    if not session.lines:
        return None
    parties = parties or Parties()
    claim = claim_of(session, parties)
    named = [each for each in session.procedures if is_address(each.reference)]
    sequences: dict[str, list[int]] = {}
    for sequence, each in enumerate(named, 1):
        sequences.setdefault(each.reference, []).append(sequence)
    found: Json = {
        "resourceType": "Claim",
        "id": str(id_of(session)),
        "status": "draft",
        "type": _concept(CLAIM_TYPE, PROFESSIONAL),
        "use": "claim",
        "patient": _reference(session.patient),
        "created": created.isoformat(),
        "provider": _provider(parties),
        "priority": dict(ABSENT),
    }
    if claim.diagnoses:
        found["diagnosis"] = [
            {"sequence": number, "diagnosisCodeableConcept": _diagnosed(diagnosis)}
            for number, diagnosis in enumerate(claim.diagnoses, 1)
        ]
    if named:
        found["procedure"] = [
            {"sequence": number, "procedureReference": {"reference": each.reference}}
            for number, each in enumerate(named, 1)
        ]
    coverage = _reference(parties.coverage)
    found["insurance"] = [{"sequence": 1, "focal": True, "coverage": coverage}]
    found["item"] = [
        _item(line, derived, [n for name in derived.procedures for n in sequences.get(name, ())])
        for line, derived in zip(claim.lines, session.lines, strict=True)
    ]
    return found


def _item(line: ServiceLine, derived: CodedLine, procedures: list[int]) -> Json:
    item: Json = {"sequence": line.number}
    if line.pointers:
        item["diagnosisSequence"] = list(line.pointers)
    if procedures:
        item["procedureSequence"] = procedures
    item["productOrService"] = _concept(CPT, line.code)
    if line.modifiers:
        item["modifier"] = [_concept(system_of_modifier(each), each) for each in line.modifiers]
    if line.date is not None:
        item["servicedDate"] = line.date.isoformat()
    item["quantity"] = {"value": derived.units}
    return item


def _concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _reference(reference: str | None) -> Json:
    """A reference as the input has it; one that leads nowhere from a Claim is none."""
    return {"reference": reference} if is_address(reference) else dict(ABSENT)


def _provider(parties: Parties) -> Json:
    """Who bills, by reference, or else by number."""
    billing = parties.billing
    if billing is not None and billing.reference is None and billing.npi is not None:
        return {"identifier": {"system": NPI, "value": billing.npi}}
    return _reference(billing.reference if billing is not None else None)


def _diagnosed(diagnosis: Diagnosis) -> Json:
    system = ICD_10_CM if diagnosis.icd10 else ICD_9_CM
    return _concept(system, dotted(diagnosis))


def dotted(diagnosis: Diagnosis) -> str:
    """The code with its point: behind three characters, of the external causes of ICD-9 four."""
    code = diagnosis.code
    head = 4 if not diagnosis.icd10 and code.startswith("E") else 3
    return f"{code[:head]}.{code[head:]}" if len(code) > head else code
