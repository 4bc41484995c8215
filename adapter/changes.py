"""What a correction does, said about the neutral claim: a small closed set of changes.

A rule proposes changes, the document that was read lowers them to patches, and `applied` says what
the claim must be afterwards: a correction is proved by reading the output again and comparing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import assert_never

from adapter.model import Claim, Diagnosis, EnvelopeLevel, ServiceLine, Side

CONTROL_NUMBER_LENGTH = 30  # REF*6R, by the guide
MAX_LINES = 50  # service lines of a professional claim, by the guide
MAX_MODIFIERS = 4  # of a line
MAX_POINTERS = 4  # diagnoses that a line may point to


@dataclass(frozen=True, slots=True)
class SetCode:
    line: int
    code: str


@dataclass(frozen=True, slots=True)
class SetModifiers:
    """The line's modifiers become these, in this order (at most four in X12)."""

    line: int
    modifiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetUnits:
    line: int
    units: int


@dataclass(frozen=True, slots=True)
class MergeLines:
    """`dropped` goes; its charge and its diagnosis pointers are added to `kept`.

    Code, modifiers and units of `kept` stay: other changes of the same fix set them.
    """

    kept: int
    dropped: int


@dataclass(frozen=True, slots=True)
class LinePart:
    code: str
    modifiers: tuple[str, ...]
    units: int
    charge: Decimal


@dataclass(frozen=True, slots=True)
class SplitLine:
    """The line becomes several, in place; the charges of the parts add up to its own."""

    line: int
    parts: tuple[LinePart, ...]


@dataclass(frozen=True, slots=True)
class RemoveLine:
    """The line goes, and its charge leaves the claim."""

    line: int


@dataclass(frozen=True, slots=True)
class SetDiagnosis:
    """The code of the diagnosis at `position` (from 1) is written as `code`."""

    position: int
    code: str


@dataclass(frozen=True, slots=True)
class SetTrailer:
    """The trailer of an envelope declares what is there, under the number that opened it."""

    level: EnvelopeLevel
    count: int
    control_number: str


Change = (
    SetCode
    | SetModifiers
    | SetUnits
    | MergeLines
    | SplitLine
    | RemoveLine
    | SetDiagnosis
    | SetTrailer
)


def lines_of(change: Change) -> frozenset[int]:
    """The numbers of the lines that a change touches."""
    match change:
        case (
            SetCode(line) | SetModifiers(line) | SetUnits(line) | SplitLine(line) | RemoveLine(line)
        ):
            return frozenset((line,))
        case MergeLines(kept, dropped):
            return frozenset((kept, dropped))
        case SetDiagnosis() | SetTrailer():
            return frozenset()
        case _:
            assert_never(change)


def moves_lines(change: Change) -> bool:
    """Whether the number of lines, or a line's charge, changes."""
    return isinstance(change, MergeLines | SplitLine | RemoveLine)


def halves(amount: Decimal) -> tuple[Decimal, Decimal]:
    """Two amounts that add up to the cent; the odd cent is on the first."""
    return shares(amount, (1, 1))


def shares(amount: Decimal, weights: tuple[int, int]) -> tuple[Decimal, Decimal]:
    """Two amounts in the ratio of the weights that add up to the cent, rounded up on the first.

    Written with as many decimals as `amount` has, two where the cents are needed.
    """
    cents = int(amount * 100)
    first = -(-cents * weights[0] // sum(weights))
    places = Decimal(1).scaleb(min(0, max(-2, int(amount.as_tuple().exponent))))
    values = Decimal(first) / 100, amount - Decimal(first) / 100
    if all(value == value.quantize(places) for value in values):
        return values[0].quantize(places), values[1].quantize(places)
    return values[0].quantize(Decimal("0.01")), values[1].quantize(Decimal("0.01"))


def portions(amount: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """Amounts in the ratio of the weights that add up to the cent."""
    found: list[Decimal] = []
    for position, weight in enumerate(weights[:-1], 1):
        portion, amount = shares(amount, (weight, sum(weights[position:])))
        found.append(portion)
    return [*found, amount]


def derived_control_number(base: str | None, taken: set[str]) -> str | None:
    """A line control number for a line that a split adds: from the first's, unique in the claim."""
    if base is None:
        return None
    for number in range(2, MAX_LINES + 2 + len(taken)):
        suffix = f"S{number}"
        candidate = base[: CONTROL_NUMBER_LENGTH - len(suffix)] + suffix
        if candidate not in taken:
            return candidate
    raise AssertionError("more control numbers taken than lines")


def merged_pointers(kept: tuple[int, ...], dropped: tuple[int, ...]) -> tuple[int, ...]:
    """The union, in the order of the first: four, or more where the first has more already."""
    return (*kept, *(p for p in dropped if p not in kept))[: max(MAX_POINTERS, len(kept))]


@dataclass(slots=True)
class LineEdit:
    """What becomes of one line; None is: as it was. `added` are lines behind it, each with its
    control number."""

    code: str | None = None
    modifiers: tuple[str, ...] | None = None
    units: int | None = None
    charge: Decimal | None = None
    pointers: tuple[int, ...] | None = None
    control: str | None = None
    gone: bool = False
    merged: list[int] = field(default_factory=list)  # the lines that were added to it
    added: list[tuple[LinePart, str | None]] = field(default_factory=list)

    def take(self, part: LinePart) -> None:
        self.code, self.modifiers = part.code, part.modifiers
        self.units, self.charge = part.units, part.charge


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes sorted by what they touch: lines by number, the claim's charge, its diagnoses by
    position (from 1)."""

    lines: dict[int, LineEdit]
    charge: Decimal | None
    diagnoses: dict[int, str]


def planned(claim: Claim, changes: Sequence[Change]) -> Plan:
    """What the changes make of each line, for a document that lowers them to patches."""
    lines = {line.number: LineEdit() for line in claim.lines}
    charge = claim.charge
    diagnoses: dict[int, str] = {}
    taken = {line.control_number for line in claim.lines if line.control_number}
    for change in changes:
        match change:
            case SetCode(number, code):
                lines[number].code = code
            case SetModifiers(number, modifiers):
                lines[number].modifiers = modifiers
            case SetUnits(number, units):
                lines[number].units = units
            case MergeLines(kept, dropped):
                edit, had, other = lines[kept], claim.line(kept), claim.line(dropped)
                edit.charge = _sum(edit.charge or had.charge, other.charge)
                edit.pointers = merged_pointers(edit.pointers or had.pointers, other.pointers)
                edit.merged.append(dropped)
                lines[dropped].gone = True
            case SplitLine(number, parts):
                lines[number].take(parts[0])
                for part in parts[1:]:
                    control = derived_control_number(claim.line(number).control_number, taken)
                    taken.add(control or "")
                    lines[number].added.append((part, control))
            case RemoveLine(number):
                gone = claim.line(number).charge
                if charge is not None and gone is not None:
                    charge -= gone
                lines[number].gone = True
            case SetDiagnosis(position, code):
                diagnoses[position] = code
            case SetTrailer():
                raise AssertionError("a trailer is not part of a claim")
            case _:
                assert_never(change)
    return Plan(lines, charge, diagnoses)


def unfit(claim: Claim, changes: Sequence[Change]) -> str | None:
    """Why the changes cannot be made on a claim of any format, or None where they can."""
    count = len(claim.lines)
    for change in changes:
        if moves_lines(change):
            charges = [claim.line(number).charge for number in lines_of(change)]
            if None in charges:
                return "the charge of a line cannot be read"
            if any(charge != round(charge, 2) for charge in charges if charge is not None):
                return "a charge has parts of a cent"
        match change:
            case SetModifiers(number, modifiers):
                if len(modifiers) > max(MAX_MODIFIERS, len(claim.line(number).modifiers)):
                    return "a line has room for four modifiers"
            case MergeLines() | RemoveLine():
                count -= 1
            case SplitLine(_, parts):
                if any(len(part.modifiers) > MAX_MODIFIERS for part in parts):
                    return "a line has room for four modifiers"
                count += len(parts) - 1
            case _:
                pass
    if count > max(MAX_LINES, len(claim.lines)):
        return f"a claim has room for {MAX_LINES} lines"
    return None if count else "a claim must keep a line"


def applied(claim: Claim, changes: Sequence[Change]) -> Claim:
    """The claim as it must be after the changes. Lines are numbered 1, 2, 3, … by position.

    Changes name lines by the numbers that they have in `claim`, before any of the changes.
    """
    groups: dict[int, list[ServiceLine]] = {line.number: [line] for line in claim.lines}
    diagnoses = list(claim.diagnoses)
    charge = claim.charge
    taken = {line.control_number for line in claim.lines if line.control_number}
    for change in changes:
        match change:
            case SetCode(number, code):
                groups[number] = [replace(line, code=code) for line in groups[number]]
            case SetModifiers(number, modifiers):
                groups[number] = [replace(line, modifiers=modifiers) for line in groups[number]]
            case SetUnits(number, units):
                groups[number] = [replace(line, units=Decimal(units)) for line in groups[number]]
            case MergeLines(kept, dropped):
                (first,), (second,) = groups[kept], groups[dropped]
                pointers = merged_pointers(first.pointers, second.pointers)
                groups[kept] = [
                    replace(first, charge=_sum(first.charge, second.charge), pointers=pointers)
                ]
                groups[dropped] = []
            case SplitLine(number, parts):
                (whole,) = groups[number]
                made: list[ServiceLine] = []
                for part in parts:
                    control = whole.control_number
                    if made:
                        control = derived_control_number(control, taken)
                        taken.add(control or "")
                    made.append(
                        replace(
                            whole,
                            code=part.code,
                            modifiers=part.modifiers,
                            units=Decimal(part.units),
                            charge=part.charge,
                            control_number=control,
                        )
                    )
                groups[number] = made
            case RemoveLine(number):
                (gone,) = groups[number]
                if charge is not None and gone.charge is not None:
                    charge -= gone.charge
                groups[number] = []
            case SetDiagnosis(position, code):
                old = diagnoses[position - 1]
                diagnoses[position - 1] = Diagnosis(code, icd10=old.icd10)
            case SetTrailer():
                raise AssertionError("a trailer is not part of a claim")
            case _:
                assert_never(change)
    lines = [line for group in groups.values() for line in group]
    return in_order(replace(claim, charge=charge, diagnoses=tuple(diagnoses), lines=tuple(lines)))


def in_order(claim: Claim) -> Claim:
    """The claim with its lines numbered by position and their diagnoses resolved anew."""
    known = claim.diagnoses
    return replace(
        claim,
        lines=tuple(
            replace(
                line,
                number=number,
                diagnoses=tuple(known[p - 1] for p in line.pointers if 0 < p <= len(known)),
            )
            for number, line in enumerate(claim.lines, 1)
        ),
    )


Atom = tuple[str, Side | None]


def atoms(lines: Sequence[ServiceLine], twice: frozenset[int] = frozenset()) -> dict[Atom, Decimal]:
    """What was billed, whatever its form: units by code and side. None is "no side named".

    Args: twice, numbers of the unsided lines whose even units are half right, half left (the form
    that CPT takes for add-ons since 2020).
    """
    counted: dict[Atom, Decimal] = {}
    for line in lines:
        units = line.units if line.units is not None else Decimal(0)
        if line.number in twice:
            units, sides = units / 2, frozenset(Side)
        else:
            sides = line.sides
        for side in sides or (None,):
            counted[line.code, side] = counted.get((line.code, side), Decimal(0)) + units
    return counted


def _sum(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return None if first is None or second is None else first + second
