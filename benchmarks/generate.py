"""Writes synthetic 837P and FHIR R4 of any size. Deterministic; nobody and nothing in it exists.

    python benchmarks/generate.py OUT --claims 100000 --facet 0.02
    python benchmarks/generate.py OUT --size 1000000000 --separators '|>!^' --line-end crlf
    python benchmarks/generate.py OUT --form ndjson --claims 50000 --facet 0
    python benchmarks/generate.py OUT --form bundle --entries 100000

Counts, control numbers and charges are right, NPIs pass their check digit; pyx12's guide validation
finds nothing in 837P, and fhir.resources and fhirkit-rs nothing in FHIR. With the same options a
shorter file holds the first transaction sets, rows or entries of a longer one. The claims of 837P
and of FHIR are the same: a number has the same lines, payer and day in both.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import count, islice
from random import Random
from typing import IO, Any, NamedTuple

PLAIN = "*:~^"  # element, component, terminator, repetition
LINE_ENDS = {"none": b"", "lf": b"\n", "crlf": b"\r\n"}
PER_SET = 1000
PER_BILLING = 50  # claims under one billing provider
MOST_LINES = 4
DEPENDENT, OTHER_PAYER, NOTE = 0.2, 0.05, 0.1  # shares of the claims


class Payer(NamedTuple):
    name: str
    filing: str
    id: str


class Line(NamedTuple):
    procedure: str  # SV101 after HC
    charge: int  # a multiple of 5: an other payer pays three fifths
    units: int = 1


class Case(NamedTuple):
    payer: Payer
    diagnosis: str
    lines: tuple[Line, ...]


MEDICARE = Payer("MEDICARE PART B EXAMPLE", "MB", "SAMPLEMB")
COMMERCIAL = Payer("EXAMPLE HEALTH PLAN", "CI", "SAMPLECI")
PAYERS = (MEDICARE, COMMERCIAL, Payer("EXAMPLE MEDICAID", "MC", "SAMPLEMC"))

RIGHT = (
    Case(MEDICARE, "M47816", (Line("64493:50:KX", 800), Line("64494:50:KX", 600))),
    Case(COMMERCIAL, "M47816", (Line("64493:RT", 400), Line("64494:RT", 300))),
    Case(COMMERCIAL, "M47812", (Line("64633:LT", 900), Line("64634:LT", 500))),
    Case(MEDICARE, "M47817", (Line("64635:50", 1800), Line("64636:50", 1000))),
)
WRONG = (
    Case(MEDICARE, "M47816", (Line("64493:RT", 400), Line("64493:LT", 400))),
    Case(MEDICARE, "M47812", (Line("64633:RT", 900), Line("64634:RT:51", 500))),
    Case(COMMERCIAL, "M47.812", (Line("64490", 450), Line("64491:RT", 300))),
    Case(COMMERCIAL, "M47816", (Line("64475:RT", 380), Line("64476:RT", 240))),
)
FACET = tuple(case for pair in zip(RIGHT, WRONG, strict=True) for case in pair)

OTHERS = (
    Line("99213", 125),
    Line("99214:25", 180),
    Line("20610:RT", 210),
    Line("62323", 640),
    Line("64483:LT", 550),
    Line("72148:26", 95),
    Line("97110:GP", 60, 2),
    Line("J3301", 40, 4),
    Line("G0463", 115),
)
DIAGNOSES = ("M5416", "M5450", "M542", "M961", "G8929", "M4726", "M1711")
FAMILY = ("SAMPLE", "EXAMPLE", "SPECIMEN", "PLACEHOLDER", "FICTION")
GIVEN = ("ADA", "BEN", "CLEO", "DORA", "ELI", "FAY", "GUS", "HAL")
DAYS = tuple(f"{date(2026, 1, 5) + timedelta(n):%Y%m%d}" for n in range(290))


def npi(number: int) -> str:
    """The NPI of a number below a billion: 2, as no NPI in use begins, and the check digit."""
    body = f"2{number:08}"
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in body[::2])
    total = 24 + sum(doubled) + sum(map(int, body[1::2]))  # 24 stands for the prefix 80840
    return f"{body}{-total % 10}"


@dataclass(frozen=True, slots=True)
class Written:
    """What a file holds. `parts` are segments of 837P, rows of NDJSON, entries of a Bundle."""

    bytes: int
    claims: int
    facet_claims: int
    parts: int


def write(
    out: IO[bytes],
    *,
    claims: int | None = None,
    size: int | None = None,
    facet: Fraction = Fraction(2, 100),
    separators: str = PLAIN,
    line_end: bytes = b"",
    per_set: int = PER_SET,
    seed: int = 1,
) -> Written:
    """Writes one interchange with one group, a transaction set after another.

    Args: claims, how many; else `size`, the bytes at which the last set has begun; facet, the share
    of claims with a facet code, spread evenly: of n claims floor(n * facet); half are `WRONG`.
    Raises: ValueError for neither claims nor size, and separators that are not four of their own.
    """
    if not claims and not size:
        raise ValueError("give claims or size, above zero")
    if len(set(separators)) != len(PLAIN) or any(mark.isalnum() for mark in separators):
        raise ValueError("give four different separators that are no letters or digits")
    translation = bytes.maketrans(PLAIN.encode(), separators.encode("latin-1"))
    terminator = separators[2].encode("latin-1")
    written = segments = done = sets = 0

    def put(text: str) -> None:
        nonlocal written, segments
        data = text.encode("ascii").translate(translation)
        if line_end:
            data = data.replace(terminator, terminator + line_end)
        segments += text.count("~")
        written += out.write(data)

    put(_head())
    cases = _cases(Random(seed), facet)
    while (done < claims) if claims is not None else (written < (size or 0)):
        here = per_set if claims is None else min(per_set, claims - done)
        sets += 1
        put(_transaction_set(cases, sets, here))
        done += here
    put(f"GE*{sets}*1~IEA*1*000000001~")
    return Written(written, done, int(done * facet), segments)


def _head() -> str:
    return (
        "ISA*00*          *00*          *ZZ*SAMPLE01       *ZZ*SAMPLE02       "
        "*261101*1200*^*00501*000000001*0*T*:~"
        "GS*HC*SAMPLE01*SAMPLE02*20261101*1200*1*X*005010X222A1~"
    )


class _Drawn(NamedTuple):
    """A claim as it was drawn: its number in the file, and all that varies."""

    number: int
    case: Case
    day: str
    dependent: bool
    other_payer: bool
    note: bool


def _cases(random: Random, facet: Fraction) -> Iterator[_Drawn]:
    """Claims without end."""
    draw = random.random
    for number in count(1):
        index = int(number * facet)
        if index > int((number - 1) * facet):
            case = FACET[index % len(FACET)]
        else:
            lines = (OTHERS[int(draw() * len(OTHERS))] for _ in range(1 + int(draw() * MOST_LINES)))
            case = Case(
                PAYERS[int(draw() * len(PAYERS))],
                DIAGNOSES[int(draw() * len(DIAGNOSES))],
                tuple(lines),
            )
        yield _Drawn(
            number,
            case,
            DAYS[int(draw() * len(DAYS))],
            draw() < DEPENDENT,
            draw() < OTHER_PAYER,
            draw() < NOTE,
        )


def _transaction_set(cases: Iterator[_Drawn], control: int, claims: int) -> str:
    parts = [
        f"ST*837*{control:04}*005010X222A1~BHT*0019*00*SAMPLE{control}*20261101*1200*CH~"
        "NM1*41*2*EXAMPLE BILLING OFFICE*****46*SAMPLE01~PER*IC*EDI DESK*TE*5555550100~"
        "NM1*40*2*EXAMPLE CLEARINGHOUSE*****46*SAMPLE02~"
    ]
    level = billing = 0
    for position in range(claims):
        if position % PER_BILLING == 0:
            level += 1
            billing = level
            parts.append(_billing(level, control + position))
        drawn = next(cases)
        level += 1
        parts.append(_subscriber(drawn, level, billing))
        if drawn.dependent:
            level += 1
            parts.append(_dependent(drawn, level))
        parts.append(_claim(drawn))
    text = "".join(parts)
    return f"{text}SE*{text.count('~') + 1}*{control:04}~"


def _billing(level: int, number: int) -> str:
    return (
        f"HL*{level}**20*1~PRV*BI*PXC*208VP0014X~"
        f"NM1*85*2*EXAMPLE SPINE GROUP {number}*****XX*{npi(number % 100_000)}~"
        "N3*1 SAMPLE STREET*SUITE 200~N4*ANYTOWN*OH*999980001~REF*EI*999999999~"
    )


def _subscriber(drawn: _Drawn, level: int, billing: int) -> str:
    payer, number = drawn.case.payer, drawn.number
    return (
        f"HL*{level}*{billing}*22*{int(drawn.dependent)}~"
        f"SBR*P*{'' if drawn.dependent else '18'}*******{payer.filing}~"
        f"NM1*IL*1*{FAMILY[number % len(FAMILY)]}*{GIVEN[number % len(GIVEN)]}****MI*MBR{number}~"
        f"N3*{number} SAMPLE STREET~N4*ANYTOWN*OH*99998~DMG*D8*19{40 + number % 50}0101*F~"
        f"NM1*PR*2*{payer.name}*****PI*{payer.id}~"
    )


def _dependent(drawn: _Drawn, level: int) -> str:
    return (
        f"HL*{level}*{level - 1}*23*0~PAT*19~"
        f"NM1*QC*1*{FAMILY[drawn.number % len(FAMILY)]}*KIM~"
        f"N3*{drawn.number} SAMPLE STREET~N4*ANYTOWN*OH*99998~DMG*D8*20050101*M~"
    )


def _claim(drawn: _Drawn) -> str:
    lines, name = drawn.case.lines, f"CLM{drawn.number:08}"
    total = sum(line.charge for line in lines)
    parts = [f"CLM*{name}*{total}***11:B:1*Y*A*Y*Y~"]
    if drawn.note:
        parts.append("NTE*ADD*RECORD OF THE VISIT ON FILE~")
    parts.append(
        f"HI*ABK:{drawn.case.diagnosis}~"
        f"NM1*82*1*DOCTOR*DANA****XX*{npi(drawn.number % 50)}~PRV*PE*PXC*208VP0014X~"
    )
    if drawn.other_payer:
        parts.append(
            f"SBR*S*18*******CI~AMT*D*{total // 5 * 3}~OI***Y***Y~"
            f"NM1*IL*1*SAMPLE*KIM****MI*OTHER{drawn.number}~NM1*PR*2*OTHER PLAN*****PI*SAMPLEOP~"
        )
    for number, line in enumerate(lines, 1):
        parts.append(
            f"LX*{number}~SV1*HC:{line.procedure}*{line.charge}*UN*{line.units}***1~"
            f"DTP*472*D8*{drawn.day}~REF*6R*{name}L{number}~"
        )
        if drawn.other_payer:
            paid = line.charge // 5 * 3
            parts.append(
                f"SVD*SAMPLEOP*{paid}*HC:{line.procedure}**{line.units}~"
                f"CAS*CO*45*{line.charge - paid}~DTP*573*D8*20261030~"
            )
    return "".join(parts)


# --- FHIR -----------------------------------------------------------------------------------------

Json = dict[str, Any]

HL7 = "http://terminology.hl7.org/CodeSystem"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
PLACE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes"
NPI = "http://hl7.org/fhir/sid/us-npi"
TAXONOMY = "http://nucc.org/provider-taxonomy"
PAYER_ID = "https://www.cms.gov/payer-id"
FILING = "https://codesystem.x12.org/005010/1032"
BASE = "https://example.org/fhir"

GIVEN_FHIR = ("Ada", "Benoît", "Cléo", "Dora", "Élie", "Fay", "Gus", "Håkon")
NOTE_TEXT = "Record of the visit on file – 5 µg/mL, ≤ 1 h, naïve to the drug"
MEASURED = (("8480-6", "mm[Hg]", 118), ("29463-7", "kg", 71), ("8867-4", "/min", 66))
"""LOINC code, unit, and about what is measured."""


def write_rows(
    out: IO[bytes],
    *,
    claims: int | None = None,
    size: int | None = None,
    facet: Fraction = Fraction(2, 100),
    seed: int = 1,
) -> Written:
    """Writes NDJSON of Claims as a bulk export has them: what they refer to is elsewhere, but for
    the coverage, which each contains.

    Args: as in `write`; the row in which `size` is reached is the last.
    Raises: ValueError for neither claims nor size.
    """
    if not claims and not size:
        raise ValueError("give claims or size, above zero")
    written = done = 0
    for drawn in _cases(Random(seed), facet):
        written += out.write(_dumped(_lone_claim(drawn)) + b"\n")
        done += 1
        if done == claims or (claims is None and written >= (size or 0)):
            break
    return Written(written, done, int(done * facet), done)


def write_bundle(
    out: IO[bytes], *, entries: int, facet: Fraction = Fraction(2, 100), seed: int = 1
) -> Written:
    """Writes a collection Bundle, one entry a line: the members of practices, what was measured of
    them, their coverages and claims. References are relative, each to an entry before.

    Args: facet, the share of the Claims with a facet code.
    Raises: ValueError for no entries.
    """
    if entries < 1:
        raise ValueError("give entries, above zero")
    written = out.write(b'{"resourceType":"Bundle","type":"collection","entry":[')
    done, mark = 0, b"\n"
    for resource in islice(_resources(_cases(Random(seed), facet)), entries):
        kind, ident = resource["resourceType"], resource["id"]
        entry = {"fullUrl": f"{BASE}/{kind}/{ident}", "resource": resource}
        written += out.write(mark + _dumped(entry))
        done += kind == "Claim"
        mark = b",\n"
    written += out.write(b"\n]}\n")
    return Written(written, done, int(done * facet), entries)


def _resources(cases: Iterator[_Drawn]) -> Iterator[Json]:
    """Resources without end: each practice, then its claims, each behind what it refers to."""
    for drawn in cases:
        number = drawn.number
        practice = _practice(number)
        if (number - 1) % PER_BILLING == 0:
            yield _organization(f"ORG{practice}", practice)
            yield _practitioner(f"DOC{practice}", practice)
        yield _patient(f"PAT{number}", drawn)
        yield _coverage_of(f"COV{number}", drawn)
        for nth in range(2):
            yield _observation(f"OBS{number}-{nth}", drawn, nth)
        yield _claim_resource(
            drawn,
            coverage={"reference": f"Coverage/COV{number}"},
            doctor={"reference": f"Practitioner/DOC{practice}"},
        )


def _practice(number: int) -> int:
    """The number of the practice that bills a claim."""
    return (number - 1) // PER_BILLING


def _lone_claim(drawn: _Drawn) -> Json:
    doctor = _identifier(NPI, npi(drawn.number % PER_BILLING))
    return _claim_resource(
        drawn,
        coverage={"reference": "#coverage"},
        doctor={"identifier": doctor, "display": "Dana Doctor"},
        contained=(_coverage_of("coverage", drawn),),
    )


def _claim_resource(
    drawn: _Drawn, *, coverage: Json, doctor: Json, contained: Sequence[Json] = ()
) -> Json:
    number, case = drawn.number, drawn.case
    name = f"CLM{number:08}"
    made: Json = {"resourceType": "Claim", "id": name}
    if contained:
        made["contained"] = list(contained)
    made |= {
        "identifier": [_identifier(f"{BASE}/claim-number", name)],
        "status": "active",
        "type": _concept(f"{HL7}/claim-type", "professional"),
        "use": "claim",
        "patient": {"reference": f"Patient/PAT{number}", "display": _name(number)},
        "created": "2026-11-01",
        "provider": {"reference": f"Organization/ORG{_practice(number)}"},
        "priority": _concept(f"{HL7}/processpriority", "normal"),
        "careTeam": [
            {
                "sequence": 1,
                "provider": doctor,
                "role": _concept(f"{HL7}/claimcareteamrole", "primary"),
            }
        ],
    }
    if drawn.note:
        category = _concept(f"{HL7}/claiminformationcategory", "info")
        made["supportingInfo"] = [{"sequence": 1, "category": category, "valueString": NOTE_TEXT}]
    diagnosis = _concept(ICD10, _dotted(case.diagnosis))
    made["diagnosis"] = [{"sequence": 1, "diagnosisCodeableConcept": diagnosis}]
    made["insurance"] = [{"sequence": 1, "focal": True, "coverage": coverage}]
    if drawn.other_payer:
        made["insurance"].append(
            {
                "sequence": 2,
                "focal": False,
                "coverage": {"identifier": _identifier(PAYER_ID, "SAMPLEOP")},
                "claimResponse": {"identifier": _identifier(f"{BASE}/remittance", name)},
            }
        )
    made["item"] = [_item(sequence, line, drawn) for sequence, line in enumerate(case.lines, 1)]
    made["total"] = _money(sum(line.charge for line in case.lines))
    return made


def _item(sequence: int, line: Line, drawn: _Drawn) -> Json:
    code, *modifiers = line.procedure.split(":")
    made: Json = {
        "sequence": sequence,
        "diagnosisSequence": [1],
        "productOrService": _billed(code),
    }
    if modifiers:
        made["modifier"] = [_billed(modifier) for modifier in modifiers]
    made |= {
        "servicedDate": _iso(drawn.day),
        "locationCodeableConcept": _concept(PLACE, "11"),
        "quantity": {"value": line.units},
    }
    if line.units > 1:
        made["unitPrice"] = _money(line.charge // line.units)
    return made | {"net": _money(line.charge)}


def _organization(ident: str, practice: int) -> Json:
    return {
        "resourceType": "Organization",
        "id": ident,
        "identifier": [_identifier(NPI, npi(practice % 100_000))],
        "name": f"Example Spine Group {practice}",
        "address": [_address("1 Sample Street, Suite 200")],
    }


def _practitioner(ident: str, practice: int) -> Json:
    return {
        "resourceType": "Practitioner",
        "id": ident,
        "identifier": [_identifier(NPI, npi(practice % 100_000))],
        "name": [{"family": "Doctor", "given": ["Dana"], "text": "Dana Doctor, M.D."}],
        "qualification": [{"code": _concept(TAXONOMY, "208VP0014X")}],
    }


def _patient(ident: str, drawn: _Drawn) -> Json:
    number = drawn.number
    return {
        "resourceType": "Patient",
        "id": ident,
        "meta": _meta(number),
        "text": _narrative(f"Member {number} of an example health plan"),
        "identifier": [_identifier(f"{BASE}/member", f"MBR{number}")],
        "active": True,
        "name": [{"use": "official", "text": _name(number), "given": [_given(number)]}],
        "telecom": [{"system": "phone", "value": "555-555-0100", "use": "home"}],
        "gender": "female",
        "birthDate": f"19{40 + number % 50}-01-01",
        "address": [_address(f"{number} Sample Street")],
        "communication": [{"language": _concept("urn:ietf:bcp:47", "en-US"), "preferred": True}],
    }


def _coverage_of(ident: str, drawn: _Drawn) -> Json:
    payer, number = drawn.case.payer, drawn.number
    relation = "child" if drawn.dependent else "self"
    return {
        "resourceType": "Coverage",
        "id": ident,
        "status": "active",
        "type": _concept(FILING, payer.filing),
        "subscriberId": f"MBR{number}",
        "beneficiary": {"reference": f"Patient/PAT{number}"},
        "relationship": _concept(f"{HL7}/subscriber-relationship", relation),
        "payor": [{"identifier": _identifier(PAYER_ID, payer.id), "display": payer.name}],
    }


def _observation(ident: str, drawn: _Drawn, nth: int) -> Json:
    number = drawn.number
    code, unit, about = MEASURED[(number + nth) % len(MEASURED)]
    return {
        "resourceType": "Observation",
        "id": ident,
        "meta": _meta(number),
        "text": _narrative(f"Measured at visit {number} of a member: {about + number % 9} {unit}"),
        "status": "final",
        "category": [_concept(f"{HL7}/observation-category", "vital-signs")],
        "code": _concept("http://loinc.org", code),
        "subject": {"reference": f"Patient/PAT{number}", "display": _name(number)},
        "effectiveDateTime": f"{_iso(drawn.day)}T09:{number % 60:02}:00-05:00",
        "issued": f"{_iso(drawn.day)}T10:{number % 60:02}:00.000-05:00",
        "performer": [{"reference": f"Practitioner/DOC{_practice(number)}"}],
        "valueQuantity": {
            "value": about + number % 9,
            "unit": unit,
            "system": "http://unitsofmeasure.org",
            "code": unit,
        },
        "note": [{"text": NOTE_TEXT}],
        "referenceRange": [{"text": f"{about - 20} – {about + 20} {unit}"}],
    }


def _meta(number: int) -> Json:
    return {"versionId": "1", "lastUpdated": f"2026-11-01T12:00:{number % 60:02}.000+00:00"}


def _narrative(text: str) -> Json:
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{text}</p></div>',
    }


def _address(line: str) -> Json:
    return {"line": [line], "city": "Anytown", "state": "OH", "postalCode": "99998-0001"}


def _given(number: int) -> str:
    return GIVEN_FHIR[number % len(GIVEN_FHIR)]


def _name(number: int) -> str:
    return f"{_given(number)} {FAMILY[number % len(FAMILY)].title()}"


def _identifier(system: str, value: str) -> Json:
    return {"system": system, "value": value}


def _concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _billed(code: str) -> Json:
    """A procedure or modifier: CPT's begin with a digit, those of HCPCS with a letter."""
    return _concept(CPT if code[0].isdigit() else HCPCS, code)


def _iso(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def _dotted(code: str) -> str:
    plain = code.replace(".", "")
    return plain if len(plain) == 3 else f"{plain[:3]}.{plain[3:]}"


CENTS = "\N{CENT SIGN}"


def _money(amount: int) -> Json:
    """An amount with two decimal places, which `_dumped` writes as a number."""
    return {"value": f"{CENTS}{amount}.00{CENTS}", "currency": "USD"}


def _dumped(value: Json) -> bytes:
    """JSON without white space in UTF-8. (The json module writes a number as few digits as do.)"""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace(f'"{CENTS}', "").replace(f'{CENTS}"', "").encode("utf-8")


# --- the command ----------------------------------------------------------------------------------


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", help="the file to write, or - for standard output")
    parser.add_argument("--form", choices=("x12", "ndjson", "bundle"), default="x12")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--claims", type=int, help="of x12 and ndjson")
    what.add_argument("--size", type=int, metavar="BYTES", help="of x12 and ndjson")
    what.add_argument("--entries", type=int, help="of a bundle")
    parser.add_argument("--facet", type=Fraction, default=Fraction(2, 100), metavar="SHARE")
    parser.add_argument("--seed", type=int, default=1)
    x12 = parser.add_argument_group("of x12")
    x12.add_argument("--separators", default=PLAIN, metavar=PLAIN)
    x12.add_argument("--line-end", choices=LINE_ENDS, default="none")
    x12.add_argument("--per-set", type=int, default=PER_SET, metavar="CLAIMS")
    given = parser.parse_args(arguments)
    if (given.form == "bundle") != (given.entries is not None):
        parser.error("a bundle, and nothing else, has --entries")

    def to(out: IO[bytes]) -> Written:
        shared = {"facet": given.facet, "seed": given.seed}
        match given.form:
            case "bundle":
                return write_bundle(out, entries=given.entries, **shared)
            case "ndjson":
                return write_rows(out, claims=given.claims, size=given.size, **shared)
            case _:
                return write(
                    out,
                    claims=given.claims,
                    size=given.size,
                    separators=given.separators,
                    line_end=LINE_ENDS[given.line_end],
                    per_set=given.per_set,
                    **shared,
                )

    if given.out == "-":
        to(sys.stdout.buffer)
        return
    with open(given.out, "wb") as file:
        written = to(file)
    parts = {"x12": "segments", "ndjson": "rows", "bundle": "entries"}[given.form]
    print(
        f"{written.claims} claims, {written.facet_claims} with a facet code, "
        f"{written.parts} {parts}, {written.bytes} bytes",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
