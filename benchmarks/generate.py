"""Writes synthetic 837P files of any size. Deterministic; nobody and nothing in them exists.

    python benchmarks/generate.py OUT --claims 100000 --facet 0.02
    python benchmarks/generate.py OUT --size 1000000000 --separators '|>!^' --line-end crlf

Counts, control numbers and charges are right, NPIs pass their check digit, and pyx12's guide
validation finds nothing. With the same options a shorter file holds the first transaction sets of a
longer one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import count
from random import Random
from typing import IO, NamedTuple

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
    """What a file holds."""

    bytes: int
    claims: int
    facet_claims: int
    segments: int


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


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", help="the file to write, or - for standard output")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--claims", type=int)
    what.add_argument("--size", type=int, metavar="BYTES")
    parser.add_argument("--facet", type=Fraction, default=Fraction(2, 100), metavar="SHARE")
    parser.add_argument("--separators", default=PLAIN, metavar=PLAIN)
    parser.add_argument("--line-end", choices=LINE_ENDS, default="none")
    parser.add_argument("--per-set", type=int, default=PER_SET, metavar="CLAIMS")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    options = {
        "claims": given.claims,
        "size": given.size,
        "facet": given.facet,
        "separators": given.separators,
        "line_end": LINE_ENDS[given.line_end],
        "per_set": given.per_set,
        "seed": given.seed,
    }
    if given.out == "-":
        write(sys.stdout.buffer, **options)
        return
    with open(given.out, "wb") as file:
        written = write(file, **options)
    print(
        f"{written.claims} claims, {written.facet_claims} with a facet code, "
        f"{written.segments} segments, {written.bytes} bytes",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
