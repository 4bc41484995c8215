"""JSON as spans: where each value of a text stands, so that one is replaced and the rest is kept.

Strict by RFC 8259, and stricter where two readers could see two things in one text: a name twice
in an object, half of a surrogate pair, nesting without end. Numbers stay text until asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any, cast

from adapter.source import Patch, Span

MOST_VALUES = 1_000_000  # of one text: each takes much more memory than its bytes
FEW = 2 * MOST_VALUES  # bytes that cannot hold more values
MAX_DEPTH = 64  # objects and arrays in one another


class Kind(StrEnum):
    OBJECT = "an object"
    ARRAY = "a list"
    STRING = "a string"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    NULL = "null"


class Broken(Exception):
    """A text that is no JSON as we read it: `at` is the offset, `path` leads there, `what` is a
    clause without a value of the text."""

    def __init__(self, what: str, at: int, path: str = "") -> None:
        super().__init__(what)
        self.what, self.at, self.path = what, at, path


class Value:
    """A value in its text: `start` is its first byte, `end` the one after its last.

    `inner` holds the members of an object or the elements of an array, in the order of the text;
    `key` is where the name of a member begins, -1 for what is no member.
    """

    __slots__ = ("end", "inner", "key", "kind", "start", "text")

    def __init__(
        self,
        text: bytes,
        start: int,
        end: int,
        kind: Kind,
        inner: dict[str, Value] | list[Value] | None = None,
        key: int = -1,
    ) -> None:
        self.text, self.start, self.end, self.kind = text, start, end, kind
        self.inner: Any = inner  # by `kind`; read it through `members`, `elements` and `get`
        self.key = key

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def raw(self) -> bytes:
        return self.text[self.start : self.end]

    @property
    def members(self) -> dict[str, Value]:
        """The members of an object; of anything else none."""
        return self.inner if self.kind is Kind.OBJECT else {}

    @property
    def elements(self) -> list[Value]:
        """The elements of an array; of anything else none."""
        return self.inner if self.kind is Kind.ARRAY else []

    def get(self, name: str) -> Value | None:
        """A member of an object by its name; None where it, or the object, is not there."""
        return self.inner.get(name) if self.kind is Kind.OBJECT else None

    @property
    def string(self) -> str | None:
        """The text of a string, of anything else None."""
        if self.kind is not Kind.STRING:
            return None
        return _decoded(self.text, self.start, self.end)

    @property
    def number(self) -> Decimal | None:
        """A number exactly as it is written; None for anything else, and for one that has more
        digits than can be reckoned with, before its point or in all."""
        if self.kind is not Kind.NUMBER or not _READABLE.fullmatch(self.raw):
            return None
        number = Decimal(self.raw.decode("ascii"))
        digits = len(number.as_tuple().digits)
        beyond = number.adjusted() - digits + 1  # the exponent of its last digit
        is_read = number.adjusted() < WHOLE_DIGITS and max(digits, -beyond) <= DIGITS
        return number if is_read else None

    def canonical(self) -> object:
        """The value so that it can be compared with another: numbers as they are written."""
        match self.kind:
            case Kind.OBJECT:
                members = ((name, value.canonical()) for name, value in self.members.items())
                return ("{", *sorted(members, key=lambda member: member[0]))
            case Kind.ARRAY:
                return ("[", *(element.canonical() for element in self.elements))
            case Kind.STRING:
                return f'"{self.string}'
            case _:
                return self.raw.decode("ascii")


WHOLE_DIGITS = 18  # before the point, as X12 has room for
DIGITS = 26  # in all: arithmetic is exact to 28
_READABLE = re.compile(rb"-?(?=[0-9.eE+-]{1,40}$)[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?")
"""An exponent has two digits at most: 1E1000000 is nine bytes, and a million digits to handle."""

_BLANK = rb"[ \t\r\n]*+"
_STRING = rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*"'
_VALUE = (
    _BLANK
    + rb"(?:("
    + _STRING
    + rb"|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?|true|false|null)"
    + _BLANK
    + rb"[,}\]]|[{\[])"
)
"""A value up to the mark behind it, an object or list up to its opening: the last byte tells."""
_MEMBER = re.compile(_BLANK + rb"(" + _STRING + rb")" + _BLANK + rb":" + _VALUE)
_ELEMENT = re.compile(rb"()" + _VALUE)
_OPEN = re.compile(_BLANK + rb"([{\[])")
_SHUT = re.compile(_BLANK + rb"([}\]])")
_NEXT = re.compile(_BLANK + rb"([,}\]])")
_SCALAR = 2  # the group of a value that is neither object nor list; 1 is the name
_KINDS = {
    **dict.fromkeys(b"-0123456789", Kind.NUMBER),
    **dict.fromkeys(b"tf", Kind.BOOLEAN),
    0x22: Kind.STRING,
    0x6E: Kind.NULL,
}
"""What a scalar is, by its first byte."""
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


def scan(text: bytes, start: int = 0) -> Value:
    """The object or array that begins at `start`, blanks before it passed over.

    Raises: Broken.
    """
    if len(text) > FEW and text.count(b",") > MOST_VALUES:
        raise Broken(f"it holds more than {MOST_VALUES:,} values", start)
    opening = _OPEN.match(text, start)
    if opening is None:
        raise Broken("an object or a list should begin here", start)
    at = opening.end()
    root = top = _opened(text, at - 1, -1)
    above: list[Value] = []
    while True:
        # one member or element, or what closes an empty object or list
        inner = top.inner
        if inner.__class__ is dict:
            match = _MEMBER.match(text, at)
            if match is not None:
                key, end = match.span(1)
                at = match.end()
                mark = text[at - 1]
                if mark in _BRACKETS:
                    value = _opened(text, at - 1, key)
                else:
                    first, last = match.span(_SCALAR)
                    value = Value(text, first, last, _KINDS[text[first]], None, key)
                raw = text[key + 1 : end - 1]
                name = _NAMES.get(raw)
                if name is None:
                    name = _named(raw, text, key, end)
                if name in inner:
                    raise Broken("a name stands twice in one object", key, _path([*above, top]))
                inner[name] = value
        else:
            match = _ELEMENT.match(text, at)
            if match is not None:
                at = match.end()
                mark = text[at - 1]
                if mark in _BRACKETS:
                    value = _opened(text, at - 1, -1)
                else:
                    first, last = match.span(_SCALAR)
                    value = Value(text, first, last, _KINDS[text[first]], None, -1)
                inner.append(value)
        if match is None:
            shut = _SHUT.match(text, at)
            if inner or shut is None:
                raise _broken(text, at, [*above, top])
            at = shut.end()
            mark = text[at - 1]
        elif mark in _BRACKETS:
            above.append(top)
            top = value
            if len(above) >= MAX_DEPTH:
                raise Broken(f"nested deeper than {MAX_DEPTH} levels", value.start)
            continue
        while mark != _COMMA:
            if mark != _CLOSES[top.kind]:
                raise Broken("closed by the wrong bracket", at - 1, _path([*above, top]))
            top.end = at
            if not above:
                return root
            top = above.pop()
            following = _NEXT.match(text, at)
            if following is None:
                raise _broken(text, at, [*above, top])
            at = following.end()
            mark = text[at - 1]


_COMMA = 0x2C
_BRACKETS = b"{["
_CLOSES = {Kind.OBJECT: 0x7D, Kind.ARRAY: 0x5D}
_NAMES: dict[bytes, str] = {}
"""Names of members as they were read before: those of FHIR are few, and stand everywhere."""
_MOST_NAMES = 4096


def _named(raw: bytes, text: bytes, start: int, end: int) -> str:
    name = _decoded(text, start, end)
    if len(_NAMES) < _MOST_NAMES and len(raw) <= 64:
        _NAMES[raw] = name
    return name


def _opened(text: bytes, start: int, key: int) -> Value:
    if text[start] == 0x7B:
        return Value(text, start, -1, Kind.OBJECT, {}, key)
    return Value(text, start, -1, Kind.ARRAY, [], key)


def _decoded(text: bytes, start: int, end: int) -> str:
    """The string whose quotes are at both ends of the span.

    Raises: Broken for what is not UTF-8, or is half a character.
    """
    raw = text[start + 1 : end - 1]
    try:
        if b"\\" not in raw:
            return raw.decode("utf-8")
        decoded = cast(str, json.loads(text[start:end].decode("utf-8")))
    except UnicodeDecodeError:
        raise Broken("this is not UTF-8", start) from None
    if _HALF.search(raw):
        try:
            decoded.encode("utf-8")
        except UnicodeEncodeError:
            raise Broken("half of a surrogate pair", start) from None
    return decoded


_BLANKS = re.compile(_BLANK)


def _broken(text: bytes, at: int, within: Sequence[Value]) -> Broken:
    """What is wrong where neither a member nor an element can be read."""
    shut = _SHUT.match(text, at)
    if shut is not None and within[-1].inner:
        return Broken("a comma with nothing after it", shut.end() - 1, _path(within))
    match = _BLANKS.match(text, at)
    at = match.end() if match is not None else at
    what = "it ends here" if at >= len(text) else "this is not JSON"
    return Broken(what, at, _path(within))


def _path(within: Sequence[Value]) -> str:
    """The way to the innermost of open values, by the last member or element of each above it."""
    path = ""
    for value in within[:-1]:
        if value.kind is Kind.OBJECT:
            path = member_path(path, next(reversed(value.members)))
        else:
            path += f"[{len(value.elements) - 1}]"
    return path


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def member_path(path: str, name: str) -> str:
    """The path of a member; a name that no element of FHIR has may be anything, and is not told."""
    shown = name if _PLAIN.fullmatch(name) else "?"
    return f"{path}.{shown}" if path else shown


# --- patches on objects and arrays ----------------------------------------------------------------


def separator(container: Value) -> bytes:
    """What stands between two members or elements, the comma and the blanks around it."""
    inner = list(container.members.values()) or container.elements
    starts = [value.key if value.key >= 0 else value.start for value in inner]
    if len(inner) > 1:
        return container.text[inner[0].end : starts[1]]
    lead = container.text[container.start + 1 : starts[0]] if inner else b""
    if not lead and colon(container).endswith(b" "):
        lead = b" "  # on one line a blank follows the comma where one follows the colon
    return b"," + lead


def colon(container: Value) -> bytes:
    """What stands between the name and the value of a member."""
    for name, value in container.members.items():
        after = container.text[value.key : value.start]
        if name.isascii() and b":" in after:
            return after[after.rindex(b'"') + 1 :]
    return b":"


def added(container: Value, name: str, value: bytes, after: str | None = None) -> Patch:
    """Writes a new member of an object: behind the member `after`, else as the last one."""
    assert container.kind is Kind.OBJECT
    members = container.members
    anchor = members.get(after) if after is not None else None
    if anchor is None:
        anchor = next(reversed(members.values()), None)
    written = b'"' + name.encode("ascii") + b'"' + colon(container) + value
    if anchor is None:
        return Patch(Span(container.start + 1, container.start + 1), written)
    return Patch(Span(anchor.end, anchor.end), separator(container) + written)


def removed(container: Value, gone: Sequence[Value]) -> Iterator[Patch]:
    """Takes out members or elements with the commas that they need no longer.

    One that follows another that stays goes with the comma before it, those at the head with the
    comma after them.
    """
    inner = list(container.members.values()) or container.elements
    going = {id(value) for value in gone}
    kept = [value for value in inner if id(value) not in going]
    if not kept:
        yield Patch(Span(container.start + 1, container.end - 1), b"")
        return
    first = kept[0]
    begin = first.key if first.key >= 0 else first.start
    head = inner[0].key if inner[0].key >= 0 else inner[0].start
    if begin > head:
        yield Patch(Span(head, begin), b"")
    behind = False
    for before, value in pairwise(inner):
        behind = behind or before is first
        if behind and id(value) in going:
            yield Patch(Span(before.end, value.end), b"")
