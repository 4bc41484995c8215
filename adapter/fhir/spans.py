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
from typing import cast

from adapter.source import Patch, Span

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
        self.inner, self.key = inner, key

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def raw(self) -> bytes:
        return self.text[self.start : self.end]

    @property
    def members(self) -> dict[str, Value]:
        """The members of an object; of anything else none."""
        return cast(dict[str, Value], self.inner) if self.kind is Kind.OBJECT else {}

    @property
    def elements(self) -> list[Value]:
        """The elements of an array; of anything else none."""
        return cast(list[Value], self.inner) if self.kind is Kind.ARRAY else []

    def get(self, name: str) -> Value | None:
        """A member of an object by its name; None where it, or the object, is not there."""
        return cast(dict[str, Value], self.inner).get(name) if self.kind is Kind.OBJECT else None

    @property
    def string(self) -> str | None:
        """The text of a string, of anything else None."""
        if self.kind is not Kind.STRING:
            return None
        return _decoded(self.text, self.start, self.end)

    @property
    def number(self) -> Decimal | None:
        """A number exactly as it is written; None for anything else, and beyond NUMBER_TEXT."""
        if self.kind is not Kind.NUMBER or not _READABLE.fullmatch(self.raw):
            return None
        return Decimal(self.raw.decode("ascii"))

    def canonical(self) -> object:
        """The value so that it can be compared with another: numbers as they are written."""
        match self.kind:
            case Kind.OBJECT:
                members = ((name, value.canonical()) for name, value in self.members.items())
                return tuple(sorted(members, key=lambda member: member[0]))
            case Kind.ARRAY:
                return tuple(element.canonical() for element in self.elements)
            case Kind.STRING:
                return f'"{self.string}'
            case _:
                return self.raw.decode("ascii")


NUMBER_TEXT = 40  # digits of a number that is read; amounts in claims have at most 18
_READABLE = re.compile(
    rb"-?(?=[0-9.eE+-]{1,%d}$)[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-2]?[0-9])?" % NUMBER_TEXT
)
"""An exponent has two digits at most: 1E1000000 is nine bytes, and a million digits to handle."""

_BLANK = rb"[ \t\r\n]*+"
_STRING = rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
_VALUE = (
    _BLANK
    + rb"(?:("
    + _STRING
    + rb"|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?|true|false|null)"
    + _BLANK
    + rb"([,}\]])|([{\[]))"
)
_MEMBER = re.compile(_BLANK + rb"(" + _STRING + rb")" + _BLANK + rb":" + _VALUE)
_ELEMENT = re.compile(rb"()" + _VALUE)
_OPEN = re.compile(_BLANK + rb"([{\[])")
_SHUT = re.compile(_BLANK + rb"([}\]])")
_NEXT = re.compile(_BLANK + rb"([,}\]])")
_SCALAR, _DELIMITER, _OPENS = 2, 3, 4  # groups of a member and of an element; 1 is the name
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

    Args: text, of which the caller knows that it is UTF-8.
    Raises: Broken.
    """
    opening = _OPEN.match(text, start)
    if opening is None:
        raise Broken("an object or a list should begin here", start)
    root = top = _opened(text, opening.start(1), -1)
    above: list[Value] = []
    at = opening.end()
    while True:
        shut = _SHUT.match(text, at) if not top.inner else None
        if shut is None:
            is_object = top.kind is Kind.OBJECT
            match = (_MEMBER if is_object else _ELEMENT).match(text, at)
            if match is None:
                raise _broken(text, at, [*above, top])
            key = match.start(1) if is_object else -1
            begin, end = match.span(_SCALAR)
            opens = begin < 0
            if opens:
                value = _opened(text, match.start(_OPENS), key)
            else:
                value = Value(text, begin, end, _KINDS[text[begin]], None, key)
            if is_object:
                name = _decoded(text, key, match.end(1))
                members = cast(dict[str, Value], top.inner)
                if name in members:
                    raise Broken("a name stands twice in one object", key, _path([*above, top]))
                members[name] = value
            else:
                cast(list[Value], top.inner).append(value)
            at = match.end()
            if opens:
                above.append(top)
                top = value
                if len(above) >= MAX_DEPTH:
                    raise Broken(f"nested deeper than {MAX_DEPTH} levels", value.start)
                continue
            mark = match[_DELIMITER]
        else:
            mark, at = shut[1], shut.end()
        while mark != b",":
            if (mark == b"}") != (top.kind is Kind.OBJECT):
                raise Broken("closed by the wrong bracket", at - 1, _path([*above, top]))
            top.end = at
            if not above:
                return root
            top = above.pop()
            following = _NEXT.match(text, at)
            if following is None:
                raise _broken(text, at, [*above, top])
            mark, at = following[1], following.end()
        if _SHUT.match(text, at):
            raise Broken("a comma with nothing after it", at - 1, _path([*above, top]))


def _opened(text: bytes, start: int, key: int) -> Value:
    if text[start] == 0x7B:
        return Value(text, start, -1, Kind.OBJECT, {}, key)
    return Value(text, start, -1, Kind.ARRAY, [], key)


def _decoded(text: bytes, start: int, end: int) -> str:
    """The string whose quotes are at both ends of the span. Raises: Broken for half a character."""
    raw = text[start + 1 : end - 1]
    if b"\\" not in raw:
        return raw.decode("utf-8")
    decoded = cast(str, json.loads(text[start:end]))
    if _HALF.search(raw):
        try:
            decoded.encode("utf-8")
        except UnicodeEncodeError:
            raise Broken("half of a surrogate pair", start) from None
    return decoded


_BLANKS = re.compile(_BLANK)


def _broken(text: bytes, at: int, within: Sequence[Value]) -> Broken:
    """What is wrong where neither a member nor an element can be read."""
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
    if inner:
        return b"," + container.text[container.start + 1 : starts[0]]
    return b","


def colon(container: Value) -> bytes:
    """What stands between the name and the value of a member."""
    for name, value in container.members.items():
        after = container.text[value.key : value.start]
        if name.isascii() and b":" in after:
            return after[after.rindex(b'"') + 1 :]
    return b":"


def added(container: Value, name: str, value: bytes, after: str | None = None) -> Patch:
    """Writes a new member: behind the member `after`, else as the last one."""
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
