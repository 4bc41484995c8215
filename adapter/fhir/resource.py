"""One FHIR Claim in its document: located, and a change of the claim as patches on its bytes.

The bytes are those of the resource, or of the Bundle entry that holds it; offsets in this module
are into them. `ClaimResource.base` leads back to the input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import chain
from typing import Literal, NamedTuple

from adapter.changes import (
    Change,
    LineEdit,
    MergeLines,
    Plan,
    SetCode,
    SetDiagnosis,
    SplitLine,
    lines_of,
    moves_lines,
    planned,
    unfit,
)
from adapter.fhir.claim import ITEM_MEMBERS, Item, Reader
from adapter.fhir.links import Scope
from adapter.fhir.procedure import documented
from adapter.fhir.reading import Fields, coded, node_at, string
from adapter.fhir.spans import Broken, Kind, Value, added, colon, removed, scan, separator
from adapter.fhir.survey import Validator
from adapter.fhir.systems import (
    IS_BILLING,
    IS_CPT,
    IS_HCPCS,
    IS_ICD_9_CM,
    IS_ICD_10_CM,
    system_of_modifier,
)
from adapter.findings import Excerpt, Field, Location, Rewritten
from adapter.model import ServiceLine, Trouble, differing
from adapter.source import Edit, Patch, Span, apply, composed, ordered, origin


class Place(NamedTuple):
    """Where a claim stands: `path` is FHIRPath to the resource, `row` of NDJSON from 1, `url` its
    entry's fullUrl. `fixed` says why it may never be changed, empty where it may."""

    path: str
    row: int | None = None
    url: str | None = None
    fixed: str = ""


class ClaimResource:
    """A claim in its bytes: read, located, and changed.

    `claim` is the model. After a correction, `original` is the claim as it was sent and `passes`
    are the patches that led here, so that every place can be told in offsets of the input.
    """

    kind: Literal["claim"] = "claim"

    __slots__ = (
        "_items", "_original", "_validate", "base", "claim", "codes", "passes", "place", "reader",
        "root", "scope", "text", "wrapped",
    )  # fmt: skip

    def __init__(
        self,
        text: bytes,
        base: int,
        place: Place,
        scope: Scope,
        codes: frozenset[str],
        validate: Validator | None = None,
        *,
        wrapped: bool,
        original: ClaimResource | None = None,
        passes: tuple[Sequence[Patch], ...] = (),
    ) -> None:
        """Args: validate, what is odd in a resource by the structure definitions of R4; wrapped,
        whether the text is of a Bundle entry, and the claim its `resource`.

        Raises: Broken.
        """
        self.text, self.base, self.place, self.scope = text, base, place, scope
        self.codes, self.wrapped, self._validate = codes, wrapped, validate
        self._original, self.passes = original, passes
        whole = scan(text)
        root = whole.get("resource") if wrapped else whole
        if root is None:
            raise Broken("the entry has no resource", whole.start)
        self.root = root
        self.reader = Reader(root, scope, place.url, codes, place.path)
        self.claim = self.reader.claim()
        procedures = (  # what was done does not change with what is billed for it
            tuple(documented(root, scope, place.url, place.path, self.claim))
            if original is None
            else original.claim.procedures
        )
        if procedures:
            patient = string(root.get("patient"), "reference")
            self.claim = replace(
                self.claim,
                procedures=procedures,
                has_siblings=patient is not None and scope.has_siblings(patient, place.url),
            )
        self._items = {
            line.number: (item, line)
            for item, line in zip(self.reader.items, self.claim.lines, strict=True)
        }
        if validate is not None:
            known = {oddity.place for oddity in self.claim.oddities}
            further = (odd for odd in validate.resource(root.raw) if odd.place not in known)
            self.claim = replace(self.claim, oddities=(*self.claim.oddities, *further))

    @property
    def original(self) -> ClaimResource:
        """The claim as it was sent; no field, for a claim that holds itself lives too long."""
        return self if self._original is None else self._original

    def after(self, patches: Sequence[Patch]) -> ClaimResource:
        """The claim read again with the patches applied."""
        return ClaimResource(
            apply(self.text, patches),
            self.base,
            self.place,
            self.scope,
            self.codes,
            self._validate,
            wrapped=self.wrapped,
            original=self.original,
            passes=(*self.passes, patches),
        )

    def rewritten(self) -> Rewritten:
        """The items and the total, as they were sent and as they are now: a line of the text, or of
        a text without lines an item, is a piece."""
        return Rewritten("Claim.item", self.original._pieces(), self._pieces())

    def _pieces(self) -> tuple[bytes, ...]:
        found: list[bytes] = []
        for name in ("item", "total"):
            value = self.root.get(name)
            if value is None:
                continue
            start = self.text.rfind(b"\n", 0, value.key) + 1
            if b"\n" in value.raw:
                lead = self.text[start : value.key]
                found += (
                    (b"" if lead.strip() else lead) + self.text[value.key : value.end]
                ).splitlines(keepends=True)
            else:
                found += [element.raw + b"\n" for element in value.elements] or [
                    self.text[value.key : value.end] + b"\n"
                ]
        return tuple(found)

    def edits(self) -> list[tuple[Edit, bytes, int | None]]:
        """What corrections have made of the claim: edits in offsets of the input, what stood there,
        and the line of the input that it belonged to."""
        sent = self.original
        items = [(item.value.start, item.value.end) for item in sent.reader.items]
        numbers = [line.number for line in sent.claim.lines]
        found = []
        for edit in composed(len(sent.text), self.passes, sorted(chain(*items))):
            start, end = edit.span
            line = next(
                (
                    number
                    for (first, last), number in zip(items, numbers, strict=True)
                    if first <= max(start, end - 1) <= last
                ),
                None,
            )
            span = Span(self.base + start, self.base + end)
            found.append((edit._replace(span=span), sent.text[start:end], line))
        return found

    def splice(self) -> Patch:
        """The claim as it is now in the place of what was sent, in offsets of the input."""
        return Patch(Span(self.base, self.base + len(self.original.text)), self.text)

    @property
    def is_validated(self) -> bool:
        """Whether what is odd in it is told whoever the claim is about."""
        return self._validate is not None

    # --- places ---------------------------------------------------------------------------------

    def locate(self, line: int | None, field: Field | None) -> Location:
        """Where a field of the claim (line None) or of a line stands: an expression that leads to
        one node, and the byte of the input at which it begins."""
        path, value = self._place(line, field)
        expression = f"{self.place.path}.{path}" if path else self.place.path
        return Location(
            expression=expression,
            row=self.place.row,
            offset=self.base + origin(value.start, self.passes),
        )

    def _place(self, line: int | None, field: Field | None) -> tuple[str, Value]:
        name, index = field if isinstance(field, tuple) else (field, 0)
        if name == "oddities":
            return node_at(self.root, self.claim.oddities[index].place)
        if line is None:
            return self._claim_place(name, index)
        item = self._item(line)
        path = f"item[{item.position}]"
        match name:
            case "modifiers" if index < len(item.modifiers):
                return node_at(self.root, f"{path}.modifier[{item.modifiers[index][0]}]")
            case "charge":
                wanted = "net" if item.value.get("net") is not None else "unitPrice"
            case "units" | "unit_basis":
                wanted = "quantity"
            case "date":
                wanted = "serviced" if item.serviced else ""
            case "pointers":
                wanted = f"diagnosisSequence[{index}]"
            case "place_of_service":
                wanted = "location"
            case _:
                wanted = "productOrService"
        return node_at(self.root, f"{path}.{wanted}" if wanted else path)

    def _claim_place(self, name: str | None, index: int) -> tuple[str, Value]:
        match name:
            case "diagnoses" if index < len(self.reader.diagnosis_positions):
                position = self.reader.diagnosis_positions[index]
                return node_at(self.root, f"diagnosis[{position}].diagnosis")
            case "authorizations" if index < len(self.reader.authorizations):
                insurance, number = self.reader.authorizations[index]
                return node_at(self.root, f"insurance[{insurance}].preAuthRef[{number}]")
            case "authorizations":
                return node_at(self.root, "insurance[0]")
            case "charge":
                return node_at(self.root, "total")
            case "place_of_service":
                return node_at(self.root, "item[0].location")
            case "frequency":
                return node_at(self.root, "related[0]")
            case _:
                return node_at(
                    self.root, "id" if self.root.get("id") is not None else "identifier[0]"
                )

    def excerpts(
        self, line: int | None, field: Field | None, others: Sequence[int]
    ) -> tuple[Excerpt, ...]:
        """The lines that a finding is about, as a coder writes them; the claim's own fields are
        told by their expression alone."""
        numbers = [number for number in (line, *others) if number is not None]
        return tuple(_line_excerpt(self._items[number][1], field) for number in numbers)

    # --- changes --------------------------------------------------------------------------------

    def refusal(self, changes: Sequence[Change]) -> str | None:
        """Why these changes cannot be made on this resource, or None where they can."""
        if self.place.fixed:
            return self.place.fixed
        moving = any(map(moves_lines, changes))
        if moving and self.reader.answered:
            return "a payer has answered the claim, and names its items by their numbers"
        reason = unfit(self.claim, changes)
        if reason is not None:
            return reason
        reasons = (*map(self._obstacle, changes), self._unpriced(planned(self.claim, changes)))
        return next((reason for reason in reasons if reason is not None), None)

    def _obstacle(self, change: Change) -> str | None:
        items = [self._item(number) for number in sorted(lines_of(change))]
        if moves_lines(change):
            if any(name.startswith("_") for item in items for name in item.value.members):
                return "an item has extensions of primitive values"
            if self.claim.charge is None and self.root.get("total") is not None:
                return "the claim's total cannot be read"
        match change:
            case SetCode():
                return _code_stands_alone(items[0])
            case SplitLine(number, parts):
                kept = _said_once(items[0].value)
                if kept:
                    return f"{' and '.join(sorted(kept))} of line {number} cannot stand twice"
                if any(part.code != self.claim.line(number).code for part in parts):
                    return _code_stands_alone(items[0])
            case MergeLines(kept_line, dropped):
                first, second = self.claim.line(kept_line), self.claim.line(dropped)
                names = differing(first.attachments, second.attachments)
                if first.place_of_service != second.place_of_service:
                    names.add("locationCodeableConcept")
                if (first.date, first.date_end) != (second.date, second.date_end):
                    names.add("serviced")
                if names:
                    return (
                        f"{' and '.join(sorted(names))} of lines {kept_line} and {dropped} differ"
                    )
            case SetDiagnosis(position) if self._diagnosis_coding(position) is None:
                return "the diagnosis is that of a Condition"
            case _:
                pass
        return None

    def _unpriced(self, plan: Plan) -> str | None:
        """Why charge, units and unit price of an item could not be kept right."""
        odd = [oddity.place for oddity in self.claim.oddities if oddity.kind is Trouble.AMOUNT]
        for line, item in zip(self.claim.lines, self.reader.items, strict=True):
            edit = plan.lines[line.number]
            for charge, units in [
                (edit.charge, edit.units),
                *((part.charge, part.units) for part, _ in edit.added),
            ]:
                if (charge, units) == (None, None):
                    continue
                for name, what in (
                    ("detail", "details with amounts of their own"),
                    ("factor", "a factor"),
                ):
                    if item.value.get(name) is not None:
                        return f"an item has {what}"
                if any(place.startswith(f"item[{item.position}].") for place in odd):
                    return "the amounts of the item do not fit together (FH04)"
                quantity, unit_price = item.value.get("quantity"), item.value.get("unitPrice")
                if quantity is not None and quantity.kind is not Kind.OBJECT:
                    return "a quantity cannot be read"
                if unit_price is None:
                    continue
                value = unit_price.get("value")
                if value is None or value.number is None:
                    return "a unit price cannot be read"
                count = line.units if units is None else Decimal(units)
                price = _unit_price(charge or line.charge, count)
                if price is None or price != round(price, 2):
                    return "the unit price would have parts of a cent"
        return None

    def lower(self, changes: Sequence[Change]) -> list[Patch]:
        """The patches that make the changes, with all that they drag along.

        Call `refusal` first.
        """
        plan = planned(self.claim, changes)
        patches: list[Patch] = []
        for position, code in plan.diagnoses.items():
            coding = self._diagnosis_coding(position)
            if coding is not None:
                patches += _set_code(coding, _dotted(code))
        if plan.charge != self.claim.charge and plan.charge is not None:
            patches += _set_money(self.root, "total", plan.charge)
        numbers = [line.number for line in self.claim.lines]
        renumber = numbers == list(range(1, len(numbers) + 1)) and any(map(moves_lines, changes))
        gone: list[Value] = []
        number, highest = 0, max(numbers, default=0)
        between = separator(self.root.members["item"])
        for line, item in zip(numbers, self.reader.items, strict=True):
            edit = plan.lines[line]
            if edit.gone:
                gone.append(item.value)
                continue
            number += 1
            new_number = number if renumber and number != line else None
            documented = self._documented([line, *edit.merged])
            patches += self._item_patches(item.value, line, edit, new_number, documented)
            for part, _ in edit.added:
                number += 1
                highest += 1
                copy = LineEdit()
                copy.take(part)
                copied = scan(_without_ids(item.value))
                made = self._item_patches(copied, line, copy, number if renumber else highest, None)
                patches.append(
                    Patch(Span(item.value.end, item.value.end), between + apply(copied.text, made))
                )
        if gone:
            patches += removed(self.root.members["item"], gone)
        return ordered(patch for patch in patches if self._changes(patch))

    def _changes(self, patch: Patch) -> bool:
        return self.text[patch.span.start : patch.span.end] != patch.data

    def _documented(self, lines: Sequence[int]) -> list[int] | None:
        """`procedureSequence` of lines that become one; None where it stays as it is."""
        if len(lines) < 2:
            return None
        found: list[int] = []
        for line in lines:
            for number in Fields().sequences(self._item(line).value, "procedureSequence", ""):
                if number not in found:
                    found.append(number)
        return found

    def _item_patches(
        self,
        item: Value,
        line: int,
        edit: LineEdit,
        number: int | None,
        documented: list[int] | None,
    ) -> Iterator[Patch]:
        """What an edit of a line makes of an item, or of a copy of it."""
        was = self.claim.line(line)
        if number is not None:
            yield from _set_scalar(item, "sequence", b"%d" % number)
        if edit.code is not None and edit.code != was.code:
            yield from _set_codes(item, edit.code)
        if edit.modifiers is not None and edit.modifiers != was.modifiers:
            yield from _set_modifiers(item, edit.modifiers)
        if edit.pointers is not None and edit.pointers != was.pointers:
            yield from _set_scalar(item, "diagnosisSequence", self._sequences(item, edit.pointers))
        if documented:
            held = item.get("procedureSequence")
            written = _numbers(held or item, documented)
            if held is None or Fields().sequences(item, "procedureSequence", "") != documented:
                yield from _set_scalar(item, "procedureSequence", written)
        units = Decimal(edit.units) if edit.units is not None else was.units
        charge = edit.charge if edit.charge is not None else was.charge
        if edit.units is not None and units != was.units:
            quantity = item.get("quantity")
            text = b"%d" % edit.units
            if quantity is None:
                yield _new_member(item, "quantity", b'{"value"' + colon(item) + text + b"}")
            else:
                yield from _set_scalar(quantity, "value", text)
        if (charge, units) == (was.charge, was.units) or charge is None:
            return
        if item.get("net") is not None and charge != was.charge:
            yield from _set_money(item, "net", charge)
        if item.get("unitPrice") is not None:
            price = _unit_price(charge, units)
            if price is not None:
                yield from _set_money(item, "unitPrice", price)

    def _sequences(self, item: Value, pointers: Sequence[int]) -> bytes:
        """Positions of diagnoses as the numbers that the resource gives them."""
        known = self.reader.diagnosis_sequences
        numbers = [known[p - 1] if p <= len(known) else p - len(known) for p in pointers]
        return _numbers(item.get("diagnosisSequence") or item, numbers)

    def _diagnosis_coding(self, position: int) -> Value | None:
        held = self.root.members["diagnosis"].elements[
            self.reader.diagnosis_positions[position - 1]
        ]
        codings = Fields().codings(held.get("diagnosisCodeableConcept"), "")
        chosen = coded(codings, IS_ICD_10_CM) or coded(codings, IS_ICD_9_CM)
        return chosen[0].value if chosen else None

    def _item(self, line: int) -> Item:
        return self._items[line][0]

    # --- annotation -----------------------------------------------------------------------------

    def tagged(self, system: str, tag: bytes) -> list[Patch]:
        """The patch on `text` that writes a tag of ours into `meta.tag`, or in the place of an
        older one; none where `meta` or its tags are not what R4 has.

        Args: tag, a Coding as JSON, under `system`.
        """
        meta = self.root.get("meta")
        name = b'"tag"' + colon(self.root)
        if meta is None:
            anchor = next((n for n in ("id", "resourceType") if self.root.get(n)), None)
            return [added(self.root, "meta", b"{" + name + b"[" + tag + b"]}", anchor)]
        if meta.kind is not Kind.OBJECT:
            return []
        tags = meta.get("tag")
        if tags is None:
            return [added(meta, "tag", b"[" + tag + b"]")]
        if tags.kind is not Kind.ARRAY:
            return []
        for old in tags.elements:
            if string(old, "system") == system:
                return [Patch(old.span, tag)]
        if not tags.elements:
            return [Patch(tags.span, b"[" + tag + b"]")]
        end = tags.elements[-1].end
        gap = separator(tags)
        if gap == b"," and colon(meta).endswith(b" "):
            gap = b", "
        return [Patch(Span(end, end), gap + tag)]


# --- patches of one item --------------------------------------------------------------------------


def _new_member(item: Value, name: str, value: bytes) -> Patch:
    """A new member of an item, behind the one that R4 has before it."""
    earlier = ITEM_MEMBERS[: ITEM_MEMBERS.index(name)]
    after = next((known for known in reversed(earlier) if item.get(known) is not None), None)
    return added(item, name, value, after)


def _set_scalar(parent: Value, name: str, value: bytes) -> Iterator[Patch]:
    held = parent.get(name)
    if held is not None:
        yield Patch(held.span, value)
    elif name in ITEM_MEMBERS:
        yield _new_member(parent, name, value)
    else:
        yield added(parent, name, value)


def _set_money(parent: Value, name: str, amount: Decimal) -> Iterator[Patch]:
    held = parent.get(name)
    if held is not None:
        yield from _set_scalar(held, "value", _written(amount))


ONCE = ("udi", "bodySite", "subSite")
"""Members of an item that say something of the one that it is, and would be untrue of a copy."""

COUNTED = (b'"valueMoney"', b'"valueQuantity"', b'"valueIdentifier"')
"""What an extension holds that would count twice, or name two things, if it stood twice."""


def _said_once(item: Value) -> set[str]:
    """The members of an item that a copy may not have."""
    found = {name for name in ONCE if item.get(name) is not None}
    extension = item.get("extension")
    if extension is not None and any(value in extension.raw for value in COUNTED):
        found.add("extension")
    return found


def _code_stands_alone(item: Item) -> str | None:
    """Why the code of an item cannot be changed: what else says which service it was would stay."""
    if item.code is None:
        return "the item has no code to change"
    concept = item.value.members["productOrService"]
    if not concept.members.keys() <= {"id", "coding", "text"}:
        return "what the item names as its service has extensions"
    for _, coding in Fields().objects(concept, "coding", ""):
        if not coding.members.keys() <= {"id", "system", "version", "code", "display"}:
            return "the code of the item has extensions"
    codings = Fields().codings(concept, "")
    if len(codings) != len(concept.members["coding"].elements) or any(
        coding.system not in IS_BILLING or coding.code.upper() != item.code.code.upper()
        for coding in codings
    ):
        return "the item names its service in another code system too"
    return None


def _set_code(coding: Value, code: str) -> Iterator[Patch]:
    """Another code in a coding; what it displayed, and its edition, were of the old one."""
    yield Patch(coding.members["code"].span, _quoted(code))
    gone = [coding.members[name] for name in ("version", "display") if coding.get(name)]
    if gone:
        yield from removed(coding, gone)


def _set_codes(item: Value, code: str) -> Iterator[Patch]:
    """The item's service under all systems of billing codes; its text was of the old code."""
    concept = item.members["productOrService"]
    for coding in Fields().codings(concept, ""):
        yield from _set_code(coding.value, code)
    text = concept.get("text")
    if text is not None:
        yield from removed(concept, [text])


def _set_modifiers(item: Value, modifiers: Sequence[str]) -> Iterator[Patch]:
    """The modifiers in this order; one that stays keeps its bytes."""
    held = item.get("modifier")
    if not modifiers:
        if held is not None:
            yield from removed(item, [held])
        return
    there: dict[str, list[bytes]] = {}
    template: Value | None = None
    for concept in held.elements if held is not None else ():
        codings = Fields().codings(concept, "")
        chosen = coded(codings, IS_CPT) or coded(codings, IS_HCPCS) or codings
        there.setdefault(chosen[0].code.upper() if chosen else "", []).append(concept.raw)
        template = template or (concept if _is_plain(concept) else None)
    gap = colon(item)
    comma = b"," + gap[1:]
    elements = []
    for modifier in modifiers:
        kept = there.get(modifier)
        if kept:
            elements.append(kept.pop(0))
        elif template is not None:
            elements.append(_like(template, modifier))
        else:
            coding = (
                b'{"system"' + gap + _quoted(system_of_modifier(modifier)) + comma
                + b'"code"' + gap + _quoted(modifier) + b"}"
            )  # fmt: skip
            elements.append(b'{"coding"' + gap + b"[" + coding + b"]}")
    if held is None:
        yield _new_member(item, "modifier", b"[" + comma.join(elements) + b"]")
    elif not held.elements:
        yield Patch(held.span, b"[" + comma.join(elements) + b"]")
    else:
        inside = Span(held.elements[0].start, held.elements[-1].end)
        yield Patch(inside, separator(held).join(elements))


def _is_plain(concept: Value) -> bool:
    """Whether a concept is one coding of system and code and nothing else: others look like it."""
    codings = Fields().codings(concept, "")
    return (
        len(codings) == 1
        and set(concept.members) == {"coding"}
        and set(codings[0].value.members) == {"system", "code"}
    )


def _like(template: Value, modifier: str) -> bytes:
    """The concept of a modifier, laid out as the one of another."""
    coding = Fields().codings(template, "")[0].value
    patches = [
        Patch(Span(value.start - template.start, value.end - template.start), written)
        for value, written in (
            (coding.members["system"], _quoted(system_of_modifier(modifier))),
            (coding.members["code"], _quoted(modifier)),
        )
    ]
    return apply(template.raw, patches)


def _quoted(text: str) -> bytes:
    return b'"' + text.encode("ascii") + b'"'


def _numbers(beside: Value, numbers: Sequence[int]) -> bytes:
    """A list of numbers, laid out as the list that it replaces."""
    comma = separator(beside) if beside.kind is Kind.ARRAY else b", "
    if beside.kind is Kind.ARRAY and beside.elements:
        lead = beside.text[beside.start + 1 : beside.elements[0].start]
        tail = beside.text[beside.elements[-1].end : beside.end - 1]
    else:
        lead = tail = b""
    return b"[" + lead + comma.join(b"%d" % number for number in numbers) + tail + b"]"


def _without_ids(item: Value) -> bytes:
    """The item's bytes without ids of elements: they are unique in a resource."""
    patches: list[Patch] = []
    waiting = [item]
    while waiting:
        value = waiting.pop()
        waiting += value.members.values() or value.elements
        if value.get("id") is not None:
            patches += removed(value, [value.members["id"]])
    moved = [
        Patch(Span(p.span.start - item.start, p.span.end - item.start), p.data) for p in patches
    ]
    return apply(item.raw, moved)


def _unit_price(charge: Decimal | None, units: Decimal | None) -> Decimal | None:
    """What one unit costs; units that are not said are one, as R4 has it."""
    if charge is None or not (units is None or units):
        return None
    price = charge if units is None else charge / units
    return price.quantize(charge) if price == round(price, 2) == price.quantize(charge) else price


def _written(amount: Decimal) -> bytes:
    """An amount that we computed: the decimals of its operands, no exponent."""
    return format(amount, "f").encode("ascii")


def _dotted(code: str) -> str:
    return code if len(code) <= 3 else f"{code[:3]}.{code[3:]}"


# --- what people are shown ------------------------------------------------------------------------


def _line_excerpt(line: ServiceLine, field: Field | None) -> Excerpt:
    """A line in one row of text, with what is meant in it: `64493 [50 LT] x2 2500.00 ...`."""
    name, index = field if isinstance(field, tuple) else (field, 0)
    if name == "modifiers" and index >= len(line.modifiers):
        name = "code"
    parts: list[tuple[str, str]] = [("code", line.code or "(no code)")]
    parts += [(f"modifiers{n}", modifier) for n, modifier in enumerate(line.modifiers)]
    if line.units is not None:
        parts.append(("units", f"x{line.units:f}"))
    if line.charge is not None:
        parts.append(("charge", f"{line.charge:f}"))
    if line.date is not None:
        parts.append(("date", line.date.isoformat()))
    if line.place_of_service is not None:
        parts.append(("place_of_service", f"POS {line.place_of_service}"))
    if line.pointers:
        parts.append(("pointers", f"dx {','.join(map(str, line.pointers))}"))
    wanted = f"modifiers{index}" if name == "modifiers" else str(name)
    text, start, end = "", 0, 0
    for key, said in parts:
        if text:
            text += "  "
        if key == wanted or not end:
            start, end = len(text), len(text) + len(said)
        text += said
    return Excerpt(f"L{line.number}", text, start, end)
