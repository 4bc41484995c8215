"""Writes 837P interchanges for tests, from lines in the notation of `notation.py`.

Everything is written with `*:~^` first, as text without line ends, where a test may replace what it
likes; `rewrite` turns that, or any other whole file, into other separators, line ends and versions.
Nothing here uses the reader under test.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tests.notation import Line, parse, plain
from tests.splitting import BOM, Piece, Separators, split

DAY = date(2026, 3, 10)
VERSION = "005010X222A1"
ASC_TAXONOMY = "261QA1903X"
PAIN_MEDICINE = "208VP0014X"
ICD10_FROM = date(2015, 10, 1)

CERVICAL = re.compile(r"6447[02]|6449[0-2]|6462[67]|6463[34]|021[345]T")
LUMBAR = re.compile(r"6447[56]|6449[3-5]|6462[2-3]|6463[56]|021[678]T|6444[23]")
DIAGNOSES = {  # (cervical, lumbar) -> spondylosis of the region, before and since ICD-10-CM
    (True, False): ("7210", "M47812"),
    (True, True): ("7218", "M47815"),
    (False, True): ("7213", "M47816"),
    (False, False): ("7213", "M47816"),
}


PLAIN = Separators()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A 2300 loop and the service lines below it.

    `controls`: REF*6R of the lines; None: no line has one. By line number: `days` (a day, or the
    first and last of a range), `places` (SV105), `pointers` (SV107), `further` (segments after
    REF*6R), `paid` (what another payer paid: a 2320 and a 2430 each; in balance).
    """

    lines: tuple[Line, ...]
    id: str = "CLM0001"
    on: date | None = DAY
    place: str = "11"
    frequency: str = "1"
    dx: tuple[str, ...] | None = None
    total: str | None = None
    note: str | None = None
    authorization: str | None = None
    service_facility: str | None = None  # the state it is in
    further: Mapping[int, Sequence[str]] = field(default_factory=dict)
    days: Mapping[int, date | tuple[date, date]] = field(default_factory=dict)
    places: Mapping[int, str] = field(default_factory=dict)
    pointers: Mapping[int, Sequence[int]] = field(default_factory=dict)
    paid: Mapping[int, str] = field(default_factory=dict)
    controls: Sequence[str] | None = ()

    def segments(self) -> list[str]:
        charges = [Decimal(line.amount) for line in self.lines]
        codes = self.dx if self.dx is not None else default_diagnoses(self.lines, self.on)
        icd10 = self.on is None or self.on >= ICD10_FROM
        total = self.total if self.total is not None else plain(sum(charges, Decimal(0)))
        found = [f"CLM*{self.id}*{total}***{self.place}:B:{self.frequency}*Y*A*Y*Y"]
        if self.authorization:
            found.append(f"REF*G1*{self.authorization}")
        if self.note:
            found.append(f"NTE*ADD*{self.note}")
        if codes:
            found.append(f"HI*{'*'.join(_diagnoses(codes, icd10))}")
        found += ["NM1*82*1*DOCTOR*DANA****XX*1245319599", f"PRV*PE*PXC*{PAIN_MEDICINE}"]
        if self.service_facility:
            found += [
                "NM1*77*2*SURGERY CENTER*****XX*1679576722",
                "N3*200 CENTER DRIVE",
                f"N4*ANYTOWN*{self.service_facility}*999991234",
            ]
        if self.paid:
            paid = sum(map(Decimal, self.paid.values()), Decimal(0))
            unpaid = sum(
                (charge for n, charge in enumerate(charges, 1) if n not in self.paid), Decimal(0)
            )
            found.append("SBR*S*18*******CI")
            if unpaid:
                found.append(f"CAS*CO*45*{plain(unpaid)}")
            found += [
                f"AMT*D*{plain(paid)}",
                "OI***Y***Y",
                "NM1*IL*1*OTHER*PAT****MI*OTHER1",
                "NM1*PR*2*OTHER PAYER*****PI*99998",
                "REF*G1*OTHERAUTH",
            ]
        for number, line in enumerate(self.lines, 1):
            found += self._line(number, line, len(codes))
        return found

    def _line(self, number: int, line: Line, known: int) -> list[str]:
        composite = ":".join(("HC", line.code, *line.modifiers))
        pointers = self.pointers.get(number, range(1, min(4, known) + 1))
        found = [
            f"LX*{number}",
            f"SV1*{composite}*{line.amount}*UN*{line.units}*{self.places.get(number, '')}**"
            + ":".join(map(str, pointers)),
        ]
        day = self.days.get(number, self.on)
        if isinstance(day, tuple):
            found.append(f"DTP*472*RD8*{_d8(day[0])}-{_d8(day[1])}")
        elif day is not None:
            found.append(f"DTP*472*D8*{_d8(day)}")
        if self.controls is not None:
            control = self.controls[number - 1] if self.controls else f"{self.id}L{number}"
            found.append(f"REF*6R*{control}")
        found += self.further.get(number, ())
        if number in self.paid:
            paid = self.paid[number]
            rest = Decimal(line.amount) - Decimal(paid)
            found += [
                f"SVD*99998*{paid}*{composite}**{line.units}",
                f"CAS*CO*45*{plain(rest)}",
                f"DTP*573*D8*{_d8(self.on or DAY)}",
            ]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A 2000B loop; with `dependent` the claims are of a 2000C below it."""

    claims: tuple[Claim, ...]
    filing: str = "CI"
    payer: str = "TEST PAYER"
    payer_id: str = "99999"
    member: str = "MBR0001"
    dependent: bool = False

    def segments(self, number: int, parent: int, state: str) -> list[str]:
        child, relation = ("1", "") if self.dependent else ("0", "18")
        found = [
            f"HL*{number}*{parent}*22*{child}",
            f"SBR*P*{relation}*******{self.filing}",
            f"NM1*IL*1*PATIENT*PAT****MI*{self.member}",
            "N3*1 ELM STREET",
            f"N4*ANYTOWN*{state}*99999",
            "DMG*D8*19550505*F",
            f"NM1*PR*2*{self.payer}*****PI*{self.payer_id}",
        ]
        if self.dependent:
            found += [
                f"HL*{number + 1}*{number}*23*0",
                "PAT*19",
                "NM1*QC*1*PATIENT*KIM",
                "N3*1 ELM STREET",
                f"N4*ANYTOWN*{state}*99999",
                "DMG*D8*20080229*M",
            ]
        for claim in self.claims:
            found += claim.segments()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """A 2000A loop."""

    subscribers: tuple[Subscriber, ...]
    state: str = "OH"
    taxonomy: str = PAIN_MEDICINE
    name: str = "SPINE AND PAIN GROUP"

    def segments(self, number: int) -> list[str]:
        found = [
            f"HL*{number}**20*1",
            f"PRV*BI*PXC*{self.taxonomy}",
            f"NM1*85*2*{self.name}*****XX*1234567893",
            "N3*100 MAIN STREET",
            f"N4*ANYTOWN*{self.state}*999991234",
            "REF*EI*123456789",
        ]
        following = number + 1
        for subscriber in self.subscribers:
            found += subscriber.segments(following, number, self.state)
            following += 2 if subscriber.dependent else 1
        return found


def transaction_set(
    *billings: Billing, control: str = "0001", version: str | None = VERSION
) -> list[str]:
    """ST to SE, counted right. `version` None leaves ST03 out."""
    st03 = f"*{version}" if version is not None else ""
    found = [
        f"ST*837*{control}{st03}",
        "BHT*0019*00*1*20261101*1200*CH",
        "NM1*41*2*SUBMITTER*****46*SUB1",
        "PER*IC*EDI DESK*TE*5555550100",
        "NM1*40*2*RECEIVER*****46*REC1",
    ]
    number = 1
    for billing in billings:
        segments = billing.segments(number)
        number += sum(segment.startswith("HL*") for segment in segments)
        found += segments
    return [*found, f"SE*{len(found) + 1}*{control}"]


def group(*sets: Sequence[str], control: str = "1", version: str = VERSION) -> list[str]:
    """GS to GE around transaction sets."""
    inner = [segment for each in sets for segment in each]
    return [
        f"GS*HC*SUBMITTER*PAYER*20261101*1200*{control}*X*{version}",
        *inner,
        f"GE*{len(sets)}*{control}",
    ]


def interchange(*groups: Sequence[str], control: str = "000000001") -> str:
    """ISA to IEA around functional groups, with `*:~^` and without line ends."""
    inner = [segment for each in groups for segment in each]
    isa = (
        "ISA*00*          *00*          *ZZ*SUBMITTER      *ZZ*PAYER          "
        f"*261101*1200*^*00501*{control}*0*T*:"
    )
    return "".join(f"{each}~" for each in (isa, *inner, f"IEA*{len(groups)}*{control}"))


def claim(*lines: str, **options: object) -> Claim:
    """A claim of lines in the notation; the options are the fields of `Claim`."""
    return Claim(lines=tuple(map(parse, lines)), **options)  # type: ignore[arg-type]


def one(
    *lines: str,
    payer: str = "",
    state: str = "OH",
    filing: str | None = None,
    dependent: bool = False,
    **options: object,
) -> str:
    """An interchange with one claim, as text; the options are the fields of `Claim`.

    `payer` is the id of a profile: the claim is made to look as its claims do.
    """
    return interchange(
        group(
            transaction_set(
                Billing(
                    subscribers=(
                        Subscriber(
                            claims=(claim(*lines, **options),),
                            filing=filing or ("MB" if payer.startswith("medicare") else "CI"),
                            payer=payer.upper() or "TEST PAYER",
                            dependent=dependent,
                        ),
                    ),
                    state=state,
                    taxonomy=ASC_TAXONOMY if payer.endswith("asc") else PAIN_MEDICINE,
                )
            )
        )
    )


def many(
    *claims: Claim, payer: str = "medicare", control: str = "000000001", state: str = "OH"
) -> str:
    """An interchange with a subscriber for each claim, as text."""
    filing = "MB" if payer.startswith("medicare") else "CI"
    subscribers = tuple(
        Subscriber(claims=(each,), filing=filing, payer=payer.upper()) for each in claims
    )
    billing = Billing(subscribers=subscribers, state=state)
    return interchange(group(transaction_set(billing)), control=control)


def write(text: str, separators: Separators = PLAIN, line_end: bytes = b"\n") -> bytes:
    """The bytes of an interchange (or several) that was written with `*:~^`.

    Raises: ValueError where the data hold a separator.
    """
    return rewrite(text.encode("latin-1"), separators, line_end)


def rewrite(
    data: bytes,
    separators: Separators | None = None,
    line_end: bytes = b"\n",
    *,
    bom: bool = False,
    version: str | None = None,
) -> bytes:
    """The same interchanges with other separators, line ends, a BOM, or another GS08 and ST03.

    Args: separators, None keeps each interchange's own.
    Raises: ValueError where the data hold a new separator, or are not whole interchanges.
    """
    found = [BOM] if bom else []
    for piece in split(data):
        own, body = piece.separators, piece.body
        new = separators or own
        if any(mark in body for mark in new.all if mark not in own.all):
            raise ValueError("the data hold a separator")
        if version is not None:
            body = _with_version(piece, version.encode("ascii"))
        found.append(body.translate(_translation(own, new)) + new.terminator + line_end)
    return b"".join(found)


def default_diagnoses(lines: Sequence[Line], on: date | None) -> tuple[str, ...]:
    """A spondylosis code that fits the region of the lines, of the classification of the day."""
    text = " ".join(line.code for line in lines)
    both = bool(CERVICAL.search(text)), bool(LUMBAR.search(text))
    return (DIAGNOSES[both][on is None or on >= ICD10_FROM],)


def _diagnoses(codes: Sequence[str], icd10: bool) -> list[str]:
    principal, further = ("ABK", "ABF") if icd10 else ("BK", "BF")
    return [f"{further if n else principal}:{code}" for n, code in enumerate(codes)]


def _d8(day: date) -> str:
    return day.strftime("%Y%m%d")


def _translation(own: Separators, new: Separators) -> bytes:
    pairs = {
        own.element: new.element,
        own.component: new.component,
        own.terminator: new.terminator,
    }
    if not own.repetition.isalnum():  # the U of old senders is no separator
        pairs[own.repetition] = new.repetition
    return bytes.maketrans(b"".join(pairs), b"".join(pairs.values()))


def _with_version(piece: Piece, version: bytes) -> bytes:
    parts = piece.elements
    position = {"GS": 8, "ST": 3}.get(piece.id)
    if position is not None and len(parts) > position:
        parts[position] = version
    return piece.separators.element.join(parts)
