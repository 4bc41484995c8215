"""DX: diagnoses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from adapter.changes import SetDiagnosis
from adapter.findings import Fix, Found, NotEvaluated, Reason, manual
from adapter.model import Claim, Diagnosis
from adapter.profiles import Profile
from adapter.rules import Result, rule
from adapter.rules._lines import FIRST, THIRD, days, thoracic_firsts
from adapter.tables import CodedLine, DiagnosisRow, Kind, Region, Tables

FIRST_DAY = date(2015, 10, 1)
"""Of services from this day on diagnoses are coded in ICD-10-CM; earlier ones are not looked at."""

FORM = re.compile(r"[A-Z][0-9][0-9A-Z]{1,5}")
CATEGORY = 3  # characters of a code that stand before its point

SPINAL = frozenset("CDGMQST")
"""First letters of codes that may name a part of the spine: tumours, nerves, joints, malformations,
injuries. The region of one that the table does not hold is not known."""

LISTED = "fluoro-ct"
"""Guidance of the facet codes that payers list diagnoses for."""


@rule(
    "DX01",
    "diagnosis-not-covered",
    severity="error",
    applicability="manual",
    tables=("diagnoses",),
    sources=("S112",),
    since="0.1.0",
)
def diagnosis_not_covered(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """None of a line's diagnoses is on the payer's list for the code.

    Why it matters: the payer lists what it covers the service for; symptoms such as low back pain
    are not among it, and some diagnoses are listed for injections alone. The line is denied. The
    lists are for levels under fluoroscopy or CT up to the second, and for every ablated joint.
    Fires: 64493-RT for M54.50 alone under Medicare
    Clean: 64493-RT for M47.816
    Correction: manual. What was diagnosed stands in the record alone.
    Not evaluated when: the payer is not known (payer-unknown), or the list that its profile names
    is not loaded (no-table).
    """
    reasons = set()
    for line in tables.facet_lines(claim):
        if line.row.guidance != LISTED or line.row.level == THIRD or not _is_told(line):
            continue
        name = profile.diagnosis_list(line.date)
        if not profile.is_known:
            reasons.add(Reason.PAYER_UNKNOWN)
        elif name is not None:
            known = tables.diagnoses.on(line.date)
            kind = line.row.kind
            if not any(name in row.lists(kind) for row in known.values()):
                reasons.add(Reason.NO_TABLE)
            elif all(_wrong(each, line.date, tables) for each in line.line.diagnoses):
                continue  # DX03 says that they are no codes
            elif not any(_may_be_on(name, kind, each, known) for each in line.line.diagnoses):
                yield Found(
                    line=line.number,
                    field="pointers",
                    message=f"The payer covers {line.code} for none of the line's diagnoses.",
                    label="not covered",
                    fix=manual("See whether the record shows a diagnosis that the payer lists."),
                )
    yield from map(NotEvaluated, sorted(reasons))


def _may_be_on(
    name: str, kind: Kind, diagnosis: Diagnosis, known: Mapping[str, DiagnosisRow]
) -> bool:
    """Whether a list holds the diagnosis, or a code below it where it is but a header."""
    row = known.get(diagnosis.code)
    if row is not None and row.header:
        return any(
            name in below.lists(kind) for code, below in known.items() if code.startswith(row.code)
        )
    return row is not None and name in row.lists(kind)


@rule(
    "DX02",
    "region-mismatch",
    severity="warning",
    applicability="manual",
    tables=("diagnoses",),
    sources=("S112", "S113"),
    since="0.1.0",
)
def region_mismatch(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """Diagnoses of another part of the spine than the code's.

    Why it matters: a lumbar code for the neck alone is a wrong code or has a wrong diagnosis, and
    payers deny it. A diagnosis of the thoracolumbar junction fits both regions, one that names no
    part of the spine says nothing; nor are T12-L1 with L1-2, which are billed across the regions,
    and add-ons without their first level, of which LV speaks.
    Fires: 64493-RT for M47.812
    Clean: 64493-RT for M47.815
    Correction: manual. Which of the two is right stands in the record alone.
    Not evaluated when: never.
    """
    for lines in days(claim, tables):
        astray = _astray(lines)
        for line in lines:
            known = tables.diagnoses.on(line.date)
            if not _is_told(line) or line.number in astray:
                continue
            if any(each.code not in known and _is_spinal(each) for each in line.line.diagnoses):
                continue
            regions = frozenset[Region]().union(
                *(known[each.code].regions for each in line.line.diagnoses if each.code in known)
            )
            if regions and line.row.region not in regions:
                yield Found(
                    line=line.number,
                    field="pointers",
                    message=f"{line.code} is {_REGIONS[line.row.region]}, its diagnoses are not.",
                    label="another region",
                    fix=manual("Find out whether the code or the diagnosis is wrong."),
                )


_REGIONS: Mapping[Region, str] = {"CT": "cervical or thoracic", "LS": "lumbar or sacral"}


def _is_spinal(diagnosis: Diagnosis) -> bool:
    return diagnosis.code[0] in SPINAL


def _astray(lines: Sequence[CodedLine]) -> frozenset[int]:
    """The numbers of add-ons without their own first level, and of what stands in for that.

    Their region is in question already (LV), or it is T12-L1 with L1-2.
    """
    firsts = {line.row.family for line in lines if line.row.level == FIRST}
    addons = [line for line in lines if line.row.addon and line.row.family not in firsts]
    one_each = {line.code: line for line in addons}  # alike, they have the same to stand in
    standing = {
        first.number for addon in one_each.values() for first in thoracic_firsts(addon, lines)
    }
    return frozenset((*standing, *(addon.number for addon in addons)))


def _is_told(line: CodedLine) -> bool:
    """Whether all that the line points to is there, in ICD-10-CM and of its time."""
    found = line.line.diagnoses
    return (
        line.date >= FIRST_DAY
        and bool(found)
        and len(found) == len(line.line.pointers)
        and all(each.code and each.icd10 for each in found)
    )


@rule(
    "DX03",
    "invalid-diagnosis",
    severity="error",
    applicability="manual",
    tables=("diagnoses",),
    sources=("S037", "S113", "S114", "S116"),
    since="0.1.0",
)
def invalid_diagnosis(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A diagnosis that is no billable code on its day, or a pointer to none.

    Why it matters: payers return the claim unprocessed. Headers are no codes, and codes come and go
    on 1 October. The form of every code is looked at; whether it exists, for the spine and for pain
    (G89, M47, M48, M50, M51, M53, M54), on days of which the code lists were read.
    Fires: M47.81, a header; M54.5 from October 2021 on; a line that points to a fifth of four
    diagnoses
    Clean: M47.816
    Correction: manual. What was diagnosed stands in the record alone.
    Not evaluated when: never; diagnoses of services before October 2015 are not looked at.
    """
    wrong: dict[int, str] = {}
    for line in tables.spoken_lines(claim):
        for index, pointer in enumerate(line.line.pointers):
            if not 0 < pointer <= len(claim.diagnoses):
                yield Found(
                    line=line.number,
                    field=("pointers", index),
                    message=f"{line.code} points to a diagnosis that is not on the claim.",
                    label="points to nothing",
                    fix=manual("Find out which diagnosis was meant."),
                )
            elif line.date >= FIRST_DAY and pointer not in wrong:
                why = _wrong(claim.diagnoses[pointer - 1], line.date, tables)
                if why:
                    wrong[pointer] = why
    for position, why in sorted(wrong.items()):
        yield Found(
            field=("diagnoses", position - 1),
            message=f"Diagnosis {position} {why}.",
            label="not billable",
            fix=manual("Code what was diagnosed to its last character."),
        )


def _wrong(diagnosis: Diagnosis, day: date, tables: Tables) -> str:
    """What is wrong with a diagnosis on the day, as the end of a sentence; empty: nothing known."""
    code = diagnosis.code
    if not code:
        return ""
    if not diagnosis.icd10:
        return "is sent as ICD-9-CM, which ended before that day"
    if not FORM.fullmatch(code):
        return "has not the form of a code of ICD-10-CM"
    known = tables.diagnoses.on(day)
    row = known.get(code)
    if row is not None:
        return f"is {_pointed(code)}, a header; codes below it are billed" if row.header else ""
    if code in tables.diagnoses:
        return f"is {_pointed(code)}, which is no code of ICD-10-CM on that day"
    category = known.get(code[:CATEGORY])
    if category is not None and category.whole:
        return f"is no code of ICD-10-CM; under {category.code} there is none like it"
    return ""


def _pointed(code: str) -> str:
    """A code as coders write it."""
    return f"{code[:CATEGORY]}.{code[CATEGORY:]}" if len(code) > CATEGORY else code


@rule(
    "DX04",
    "dotted-diagnosis",
    severity="error",
    applicability="safe",
    sources=("S037",),
    since="0.1.0",
)
def dotted_diagnosis(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A diagnosis with a decimal point on X12.

    Why it matters: X12 carries the code without its point; clearing houses reject the claim.
    Fires: HI*ABK:M47.816
    Clean: HI*ABK:M47816
    Correction: safe. The point goes, the code is the same.
    Not evaluated when: never.
    """
    for position, diagnosis in enumerate(claim.diagnoses, 1):
        if diagnosis.dotted:
            yield Found(
                field=("diagnoses", position - 1),
                message=f"Diagnosis {position} is written with a decimal point.",
                label="with a point",
                fix=Fix(
                    f"Write it as {diagnosis.code}.", (SetDiagnosis(position, diagnosis.code),)
                ),
            )
