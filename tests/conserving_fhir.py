"""What a correction may touch in FHIR, told from the bytes before and after, read the naive way.

The standard library finds the values (`Node`), nothing here uses the reader under test. Beside it
`nodes` resolves the expressions of findings: names, indexes and choice elements, no more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from adapter.findings import ChangeMade
from tests.buildfhir import modifier_system
from tests.runs import Ran

BLANKS = " \t\r\n"
AROUND = BLANKS + "\ufeff\0"  # a mark before, padding behind
SCALAR_END = re.compile(r"[\s,\]}]|$")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')

MARK = "\x00"  # in place of what is left out: no JSON text holds it
AMOUNTS = ("net", "unitPrice", "quantity")  # of an item: their value may change
POINTERS = ("diagnosisSequence", "procedureSequence")  # those of a merged item are joined
APPENDED_IN = ("collection", "searchset")  # types of Bundle that get Provenance


class Number(str):
    """A number as it is written: `1.0` is not `1`, and neither is the text "1"."""

    __slots__ = ()


@dataclass(frozen=True)
class Node:
    """A value of a JSON text in place: `text[start:end]` is what is written."""

    source: str
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source[self.start : self.end]

    @cached_property
    def value(self) -> Any:
        """As plain JSON; the order of members is kept, numbers are `Number`."""
        return json.loads(self.text, parse_float=Number, parse_int=Number)

    @cached_property
    def members(self) -> Mapping[str, Node]:
        """Of an object, in order. Empty for anything else."""
        if self.source[self.start] != "{":
            return {}
        return {key: node for key, node in self._parts if key is not None}

    @cached_property
    def elements(self) -> Sequence[Node]:
        """Of an array. Empty for anything else."""
        return [node for _, node in self._parts] if self.source[self.start] == "[" else []

    @cached_property
    def _parts(self) -> list[tuple[str | None, Node]]:
        text, at = self.source, self.start + 1
        keyed = text[self.start] == "{"
        found: list[tuple[str | None, Node]] = []
        while True:
            at = _past(text, at, BLANKS + ",")
            if text[at] in "]}":
                return found
            key = None
            if keyed:
                end = _end_of(text, at)
                key = json.loads(text[at:end])
                at = _past(text, end, BLANKS + ":")
            end = _end_of(text, at)
            found.append((key, Node(text, at, end)))
            at = end

    def without(self, *parts: Node) -> str:
        """What is written, with a mark in place of the parts (in their order)."""
        found, at = [], self.start
        for part in parts:
            found.append(self.source[at : part.start])
            at = part.end
        return MARK.join([*found, self.source[at : self.end]])

    def get(self, *names: str) -> Node | None:
        node: Node | None = self
        for name in names:
            node = node.members.get(name) if node is not None else None
        return node

    def said(self, *names: str) -> Any:
        """The value of a member, None where there is none."""
        node = self.get(*names)
        return node.value if node is not None else None


def _past(text: str, at: int, skipped: str) -> int:
    while text[at] in skipped:
        at += 1
    return at


def _end_of(text: str, at: int) -> int:
    """Where the value that begins at `at` ends."""
    if text[at] not in "{[":
        found = STRING.match(text, at)
        if found is not None:
            return found.end()
        found = SCALAR_END.search(text, at)
        assert found is not None
        return found.start()
    depth = 0
    while found := STRUCTURE.search(text, at):
        at = found.end()
        if found[0].startswith('"'):
            continue
        depth += 1 if found[0] in "{[" else -1
        if not depth:
            return at
    raise ValueError("an object or array without an end")


def documents(data: bytes) -> list[Node]:
    """The JSON values of an input: one, or one for each row of NDJSON that is not blank."""
    text = data.decode("utf-8")
    try:
        json.loads(text.strip(AROUND))
    except json.JSONDecodeError:
        bounds = [row.span() for row in re.finditer(r"[^\n]+", text)]
    else:
        bounds = [(0, len(text))]
    trimmed = (_trimmed(text, *each) for each in bounds)
    return [node for node in trimmed if node.text]


def _trimmed(text: str, start: int, end: int) -> Node:
    written = text[start:end].lstrip(AROUND)
    start = end - len(written)
    return Node(text, start, start + len(written.rstrip(AROUND)))


@dataclass(frozen=True)
class Held:
    """A resource of an input: of a Bundle with its entry, of NDJSON with its row (from 1)."""

    resource: Node
    expression: str
    row: int
    entry: Node | None = None

    @property
    def kind(self) -> str:
        kind = self.resource.said("resourceType")
        assert isinstance(kind, str)
        return kind


def resources(data: bytes) -> Iterator[Held]:
    for row, document in enumerate(documents(data), 1):
        yield from _resources(document, row)


def _resources(document: Node, row: int) -> Iterator[Held]:
    kind = document.said("resourceType")
    if kind != "Bundle":
        yield Held(document, kind, row)
        return
    for number, entry in enumerate(_elements(document, "entry")):
        resource = entry.get("resource")
        if resource is not None:
            yield Held(resource, f"Bundle.entry[{number}].resource", row, entry)


def claims(data: bytes) -> list[Held]:
    """The Claims of an input, in order."""
    return [held for held in resources(data) if held.kind == "Claim"]


def unsigned(data: bytes) -> bytes:
    """The input without its entries of Provenance: what they say differs from run to run."""
    text = data.decode("utf-8")
    for document in reversed(documents(data)):
        entries = _elements(document, "entry")
        for number in reversed(range(1, len(entries))):
            entry = entries[number]
            if entry.said("resource", "resourceType") == "Provenance":
                text = text[: entries[number - 1].end] + text[entry.end :]
    return text.encode("utf-8")


# --- expressions ----------------------------------------------------------------------------------

STEP = re.compile(r"([A-Za-z]\w*)(?:\[(\d+)\])?")


def nodes(root: Node, expression: str) -> list[Node]:
    """The nodes that an expression such as `Claim.item[0].serviced` hits.

    Raises: AssertionError for an expression of another form.
    """
    first, *steps = expression.split(".")
    found = [root] if root.said("resourceType") == first else []
    for step in steps:
        match = STEP.fullmatch(step)
        assert match is not None, expression
        name, index = match.groups()
        found = [child for node in found for child in _children(node, name)]
        if index is not None:
            found = found[int(index) : int(index) + 1]
    return found


def _children(node: Node, name: str) -> list[Node]:
    child = node.get(name)
    if child is None:
        choices = [key for key in node.members if re.fullmatch(rf"{name}[A-Z]\w*", key)]
        if len(choices) != 1:
            return []
        child = node.members[choices[0]]
    return list(child.elements) if child.text.startswith("[") else [child]


def node_of(data: bytes, row: int | None, expression: str) -> Node:
    """The one node of an input that an expression hits. Raises: AssertionError for another number.

    Args: row, of NDJSON; None for the one document.
    """
    found = documents(data)
    assert row is not None or len(found) == 1, "which row is not said"
    (node,) = nodes(found[(row or 1) - 1], expression)
    return node


# --- conservation ---------------------------------------------------------------------------------


def assert_conserved(before: bytes, ran: Ran) -> None:
    """Only what a correction has to touch was touched, and all that it did is in the change list.

    Raises: AssertionError, with the place.
    """
    if before == ran.data:
        assert not ran.changes, "changes, and the same bytes"
        return
    old, new = documents(before), documents(ran.data)
    assert len(old) == len(new)
    _same_between(before, old, ran.data, new)
    appended: list[tuple[int, int]] = []  # what was added behind the entries, in the output
    for was, now in zip(old, new, strict=True):
        if was.said("resourceType") == "Bundle":
            appended += _same_bundle(was, now)
        else:
            assert was.text == now.text or was.said("resourceType") == "Claim"
            _same_claim(was, now)
    _accounted(before, ran.changes, ran.data, appended)


def _same_between(before: bytes, old: Sequence[Node], after: bytes, new: Sequence[Node]) -> None:
    """Marks, blanks and line ends around the documents are the same."""
    whole = [
        Node(text, 0, len(text)).without(*nodes_)
        for text, nodes_ in ((before.decode("utf-8"), old), (after.decode("utf-8"), new))
    ]
    assert whole[0] == whole[1]


def _same_bundle(was: Node, now: Node) -> list[tuple[int, int]]:
    """Compares entry by entry; returns where in the output something was appended."""
    old, new = _elements(was, "entry"), _elements(now, "entry")
    assert len(new) >= len(old)
    added = new[len(old) :]
    changed: list[Node] = []
    for before, after in zip(old, new, strict=False):
        resource = before.get("resource")
        if resource is None or resource.said("resourceType") != "Claim":
            assert before.text == after.text
            continue
        corrected = after.get("resource")
        assert corrected is not None
        assert before.without(resource) == after.without(corrected)
        _same_claim(resource, corrected)
        if resource.text != corrected.text:
            changed.append(after)
    kept, entries = was.get("entry"), now.get("entry")
    if kept is None or entries is None:
        assert was.text == now.text
        return []
    assert was.without(kept) == now.without(entries)
    *gaps, tail = kept.without(*old).split(MARK)
    *new_gaps, new_tail = entries.without(*new).split(MARK)
    assert (gaps, tail) == (new_gaps[: len(old)], new_tail)
    if was.said("type") in APPENDED_IN:
        _tells_of(added, changed)
        mode = {"mode": "include"} if was.said("type") == "searchset" else None
        assert all(entry.said("search") == mode for entry in added)
    else:
        assert not added
    return [(new[len(old) - 1].end, added[-1].end)] if added else []


def _elements(node: Node, name: str) -> Sequence[Node]:
    member = node.get(name)
    return member.elements if member is not None else []


def _tells_of(added: Sequence[Node], changed: Sequence[Node]) -> None:
    """One Provenance for each Claim that was changed, in order, and nothing else."""
    assert len(added) == len(changed)
    for entry, claim in zip(added, changed, strict=True):
        resource = entry.get("resource")
        assert resource is not None
        assert resource.said("resourceType") == "Provenance"
        (target,) = resource.said("target")
        names = {claim.said("fullUrl"), f"Claim/{claim.said('resource', 'id')}"}
        assert target["reference"] in names
        assert resource.said("recorded")
        assert resource.said("agent")


def _same_claim(was: Node, now: Node) -> None:
    """Of a Claim items and `total.value` may differ, nothing else."""
    if was.text == now.text:
        return
    assert list(was.members) == list(now.members)
    assert was.without(*_open(was)) == now.without(*_open(now))
    old, new = _elements(was, "item"), _elements(now, "item")
    assert _ends(was.members["item"]) == _ends(now.members["item"])
    for item in new:
        assert any(_is_of(item, other, old) for other in old), item.said("sequence")
    for tell in (_counts_up, _in_balance, _priced):
        assert not tell(was) or tell(now), tell.__name__
    ids = [name for item in new if (name := item.said("id")) is not None]
    assert len(set(ids)) == len(ids)
    assert {item.said("id") for item in old}.issuperset(ids)
    known = max(map(_decimals, _amounts(was)), default=0)
    for written in set(_amounts(now)).difference(_amounts(was)):
        assert _decimals(written) <= known or not written.endswith("0"), "a zero too many"


def _open(claim: Node) -> list[Node]:
    """The parts of a Claim that a correction may touch, in order."""
    found = [claim.get("item"), claim.get("total", "value")]
    return sorted((node for node in found if node is not None), key=lambda node: node.start)


def _ends(array: Node) -> tuple[str, str]:
    """The blanks before the first element and behind the last."""
    first, *_, last = array.without(*array.elements).split(MARK)
    return first, last


def _is_of(item: Node, other: Node, all_items: Sequence[Node]) -> bool:
    """Whether an item is one of before, but for what corrections set."""
    free = {"id", "sequence", "modifier", "productOrService", *AMOUNTS, *POINTERS}
    if _keys(item) != _keys(other):
        return False
    if any(
        node.text != other.members[key].text
        for key, node in item.members.items()
        if key not in free
    ):
        return False
    amounts = all(
        _but(item.members[key], "value") == _but(other.members[key], "value")
        for key in AMOUNTS
        if key in item.members
    )
    return (
        amounts
        and _same_code(item.members["productOrService"], other.members["productOrService"])
        and all(_is_known(each, all_items) for each in _elements(item, "modifier"))
        and all(_is_joined(item, other, key, all_items) for key in POINTERS)
    )


def _keys(item: Node) -> list[tuple[str, str]]:
    """The members in order, each with what stands before its value. A list of modifiers may come
    and go, and an added item has no id: those are unique."""
    gaps = item.without(*item.members.values()).split(MARK)
    found = list(zip([*item.members, ""], gaps, strict=True))
    return [(key, gap.lstrip("{,")) for key, gap in found if key not in ("modifier", "id")]


def _but(node: Node, name: str) -> str:
    """What is written, without the value of a member."""
    member = node.get(name)
    return node.without(member) if member is not None else node.text


def _same_code(now: Node, was: Node) -> bool:
    """One code may be another; then its display, and the text of the concept, may be gone."""
    if now.text == was.text:
        return True
    mine, theirs = _elements(now, "coding"), _elements(was, "coding")
    if len(mine) != len(theirs):
        return False
    differ = [pair for pair in zip(mine, theirs, strict=True) if pair[0].text != pair[1].text]
    if len(differ) != 1:
        return False
    (coding, other), *_ = differ
    loose = ("code", "display")
    return (
        [(key, node.text) for key, node in coding.members.items() if key not in loose]
        == [(key, node.text) for key, node in other.members.items() if key not in loose]
        and coding.said("code") != other.said("code")
        and coding.get("display") is None
        and now.get("text") is None
        and {key: value for key, value in now.value.items() if key not in ("coding", "text")}
        == {key: value for key, value in was.value.items() if key not in ("coding", "text")}
    )


def _is_known(modifier: Node, all_items: Sequence[Node]) -> bool:
    """A modifier has the bytes that it had on some line, or is a code in its system, no more."""
    known = {each.text for item in all_items for each in _elements(item, "modifier")}
    if modifier.text in known:
        return True
    (coding,) = modifier.said("coding")
    system = modifier_system(coding["code"])
    return bool(modifier.value == {"coding": [{"system": system, "code": coding["code"]}]})


def _is_joined(item: Node, other: Node, name: str, all_items: Sequence[Node]) -> bool:
    """Pointers are those of before, and behind them perhaps some of another item."""
    mine, theirs = item.said(name), other.said(name)
    if mine is None or theirs is None:
        return bool(mine == theirs)
    known = {each for one in all_items for each in one.said(name) or ()}
    return bool(mine[: len(theirs)] == theirs and known.issuperset(mine))


def _counts_up(claim: Node) -> bool:
    numbers = [item.said("sequence") for item in _elements(claim, "item")]
    return numbers == [str(number) for number in range(1, len(numbers) + 1)]


def _in_balance(claim: Node) -> bool:
    total = amount(claim.said("total", "value"))
    nets = [amount(item.said("net", "value")) for item in _elements(claim, "item")]
    return total is not None and None not in nets and sum(filter(None, nets)) == total


def _priced(claim: Node) -> bool:
    """Every item with a unit price costs its quantity times that."""
    for item in _elements(claim, "item"):
        price, units, net = (
            amount(item.said(name, "value")) for name in ("unitPrice", "quantity", "net")
        )
        if price is not None and (units is None or net is None or price * units != net):
            return False
    return True


def _amounts(claim: Node) -> list[Number]:
    """What is written for the total, and for charges and prices of items."""
    found = [claim.said("total", "value")]
    for item in _elements(claim, "item"):
        found += [item.said(name, "value") for name in ("net", "unitPrice")]
    return [each for each in found if isinstance(each, Number)]


def _decimals(written: Number) -> int:
    return len(written.partition(".")[2])


def amount(value: Any) -> Decimal | None:
    return Decimal(value) if isinstance(value, Number) else None


def _accounted(
    before: bytes,
    changes: Sequence[ChangeMade],
    after: bytes,
    appended: Sequence[tuple[int, int]],
) -> None:
    """The change list alone makes the output of the input, but for the entries that tell of it."""
    made, position = b"", 0
    for change in sorted(changes, key=lambda change: change.offset):
        assert change.offset >= position, "two changes overlap"
        made += before[position : change.offset]
        position = change.offset + len(change.before)
        assert before[change.offset : position] == change.before
        made += change.after
    made += before[position:]
    text, kept, at = after.decode("utf-8"), "", 0
    for start, end in appended:
        kept += text[at:start]
        at = end
    assert made == (kept + text[at:]).encode("utf-8")
