"""The short notation of service lines: `64493-50,RT x1 $800`.

A code, modifiers after a dash, units after an x (1 where there are none), the charge after a dollar
sign. A line without a charge costs 400 a unit and side: the same line always the same amount.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from adapter.model import ServiceLine

RATE = 400
_LINE = re.compile(
    r"(?P<code>[0-9A-Z]{5})(?:-(?P<modifiers>[0-9A-Z]{2}(?:,[0-9A-Z]{2})*))?"
    r"(?:\s+x(?P<units>-?[\d.]+))?(?:\s+\$(?P<charge>-?[\d.]+))?"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is written: units and charge are the sender's text, `charge` None unsaid."""

    code: str
    modifiers: tuple[str, ...] = ()
    units: str = "1"
    charge: str | None = None

    @property
    def amount(self) -> str:
        """The charge, or what the line costs where none is said."""
        if self.charge is not None:
            return self.charge
        sides = 2 if "50" in self.modifiers else 1
        return plain(abs(Decimal(self.units)) * RATE * sides)

    def is_read_as(self, line: ServiceLine) -> bool:
        """Whether a line of the model is this one; a charge that is not said may be any."""
        return (
            (line.code, line.modifiers) == (self.code, self.modifiers)
            and line.units == Decimal(self.units)
            and (self.charge is None or line.charge == Decimal(self.charge))
        )

    def __str__(self) -> str:
        modifiers = "-" + ",".join(self.modifiers) if self.modifiers else ""
        charge = f" ${self.charge}" if self.charge is not None else ""
        return f"{self.code}{modifiers} x{self.units}{charge}"


def parse(text: str) -> Line:
    """Raises: ValueError for what is no line."""
    match = _LINE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"no line: {text!r}")
    modifiers = match["modifiers"]
    return Line(
        match["code"],
        tuple(modifiers.split(",")) if modifiers else (),
        match["units"] or "1",
        match["charge"],
    )


def parsed(texts: Iterable[str]) -> tuple[Line, ...]:
    return tuple(map(parse, texts))


def shown(lines: Sequence[ServiceLine]) -> str:
    """Lines of the model in the notation, for a failed assertion."""
    return " | ".join(
        str(Line(line.code, line.modifiers, plain(line.units), plain(line.charge)))
        for line in lines
    )


def plain(number: Decimal | None) -> str:
    """A number without exponent and without needless zeros."""
    if number is None:
        return "?"
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
