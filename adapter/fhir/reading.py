"""Members of resources, by the JSON type that R4 gives them; one of another type is told."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from adapter.fhir.spans import Kind, Value, member_path
from adapter.fhir.systems import plain
from adapter.model import Oddity, Trouble

_DATE_TIME = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)?)?"
)
LONGEST_CODE = 64  # letters; those that are billed have five, modifiers two
_SEQUENCE = re.compile(rb"[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class Coding:
    """A coding in its place. `system` is as `plain` writes it, None where there is none."""

    system: str | None
    code: str
    value: Value


@dataclass(slots=True)
class Fields:
    """Reads members of objects and keeps what was odd. `line` is the line that is being read."""

    oddities: list[Oddity] = field(default_factory=list)
    line: int | None = None

    def odd(self, kind: Trouble, path: str, what: str, *, blocking: bool = False) -> None:
        self.oddities.append(Oddity(kind, path, what, self.line, blocking))

    def _wrong(self, path: str, what: str, blocking: bool) -> None:
        self.odd(Trouble.STRUCTURE, path, what, blocking=blocking)

    def of(
        self, parent: Value | None, name: str, kind: Kind, path: str, *, blocking: bool = False
    ) -> Value | None:
        """A member of that type; None where it is missing or of another type."""
        value = parent.get(name) if parent is not None else None
        if value is None or value.kind is kind:
            return value
        self._wrong(member_path(path, name), f"is {value.kind}, not {kind}", blocking)
        return None

    def object(
        self, parent: Value | None, name: str, path: str, *, blocking: bool = False
    ) -> Value | None:
        return self.of(parent, name, Kind.OBJECT, path, blocking=blocking)

    def objects(
        self, parent: Value | None, name: str, path: str, *, blocking: bool = False
    ) -> Iterator[tuple[int, Value]]:
        """The objects of a list, each with its position from 0."""
        held = self.of(parent, name, Kind.ARRAY, path, blocking=blocking)
        for position, element in enumerate(held.elements if held is not None else ()):
            if element.kind is Kind.OBJECT:
                yield position, element
            else:
                where = f"{member_path(path, name)}[{position}]"
                self._wrong(where, f"is {element.kind}, not {Kind.OBJECT}", blocking)

    def text(self, parent: Value | None, name: str, path: str) -> str | None:
        """A string without the blanks around it; None where nothing is left."""
        value = self.of(parent, name, Kind.STRING, path)
        return ((value.string or "").strip() or None) if value is not None else None

    def number(self, parent: Value | None, name: str, path: str) -> Decimal | None:
        value = self.of(parent, name, Kind.NUMBER, path)
        if value is None:
            return None
        number = value.number
        if number is None:
            self._wrong(member_path(path, name), "is a number beyond what is read", False)
        return number

    def sequence(self, parent: Value, path: str) -> int | None:
        """The member `sequence`, a whole number from 1."""
        value = self.of(parent, "sequence", Kind.NUMBER, path)
        if value is None:
            return None
        return self._positive(value, f"{path}.sequence")

    def sequences(self, parent: Value, name: str, path: str) -> list[int]:
        """A list of whole numbers from 1, such as `diagnosisSequence`."""
        held = self.of(parent, name, Kind.ARRAY, path)
        found = []
        for position, element in enumerate(held.elements if held is not None else ()):
            where = f"{path}.{name}[{position}]"
            if element.kind is not Kind.NUMBER:
                self._wrong(where, f"is {element.kind}, not {Kind.NUMBER}", False)
                continue
            number = self._positive(element, where)
            if number is not None:
                found.append(number)
        return found

    def _positive(self, value: Value, path: str) -> int | None:
        if _SEQUENCE.fullmatch(value.raw):
            return int(value.raw)
        self._wrong(path, "is not a whole number from 1", False)
        return None

    def day(self, parent: Value | None, name: str, path: str, place: str = "") -> dt.date | None:
        """The day of a date or dateTime, in the offset that it is written in; None where it is not
        told to the day. `place` is the member's path where its type does not belong to it."""
        value = self.of(parent, name, Kind.STRING, path)
        if value is None:
            return None
        match = _DATE_TIME.fullmatch(value.string or "")
        try:
            if match is None:
                raise ValueError
            if match[3] is None:
                return None
            return dt.date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            self._wrong(place or member_path(path, name), "is not a date", False)
            return None

    def codings(self, concept: Value | None, path: str, *, blocking: bool = False) -> list[Coding]:
        """The codings of a CodeableConcept that have a code."""
        if concept is None:
            return []
        found = []
        for position, coding in self.objects(concept, "coding", path, blocking=blocking):
            code, system = coding.get("code"), coding.get("system")
            for name, value in (("code", code), ("system", system)):
                if value is not None and value.kind is not Kind.STRING:
                    where = f"{path}.coding[{position}].{name}"
                    is_code = name == "code"
                    self._wrong(where, f"is {value.kind}, not {Kind.STRING}", blocking and is_code)
            text = ((code.string or "") if code is not None else "").strip()
            if len(text) > LONGEST_CODE:
                where = f"{path}.coding[{position}].code"
                self._wrong(where, "is longer than any code", blocking)
            elif text:
                uri = system.string if system is not None else None
                found.append(Coding(plain(uri) if uri else None, text, coding))
        return found


def coded(codings: list[Coding], systems: Collection[str | None]) -> list[Coding]:
    """Those under one of the systems; None stands for no system."""
    return [coding for coding in codings if coding.system in systems]


def first_code(codings: list[Coding], systems: Collection[str | None]) -> str | None:
    return next((coding.code for coding in codings if coding.system in systems), None)


def string(parent: Value | None, name: str) -> str | None:
    """A string of a resource that another one is read for; anything else is None."""
    value = parent.get(name) if parent is not None else None
    return ((value.string or "").strip() or None) if value is not None else None


def performed(procedure: Value | None, fields: Fields) -> dt.date | None:
    """The day on which a Procedure was performed; of a period the first."""
    period = procedure.get("performedPeriod") if procedure is not None else None
    if period is not None:
        return fields.day(period, "start", "performedPeriod")
    return fields.day(procedure, "performedDateTime", "")


_STEPS = re.compile(r"[A-Za-z_?][A-Za-z0-9_]*|\[\d+\]")


def node_at(root: Value, path: str) -> tuple[str, Value]:
    """The one node that a path leads to, or the last one on the way that is there.

    Args: path, relative to the resource `root`, a choice without its type as FHIRPath has it.
    Returns: the path as far as it leads, and the node. A list is several nodes: what holds it is
    meant then.
    """
    node, reached = root, ""
    for step in _STEPS.findall(path):
        if step.startswith("["):
            position = int(step[1:-1])
            following = node.elements[position] if position < len(node.elements) else None
        else:
            following = node.get(step) or _choice(node, step)
        if following is None:
            break
        node = following
        reached += step if step.startswith("[") else f".{step}" if reached else step
    if node.kind is Kind.ARRAY:
        return node_at(root, reached.rpartition(".")[0])
    return reached, node


def _choice(node: Value, step: str) -> Value | None:
    """A member that carries its type in its name."""
    for name, value in node.members.items():
        if name.startswith(step) and name[len(step) : len(step) + 1].isupper():
            return value
    return None
