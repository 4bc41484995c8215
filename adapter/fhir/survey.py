"""The first pass over FHIR JSON: is it whole, which resources are in it, and which may be ours.

The C scanner of the standard library reads every value once, from windows of the input as Latin-1
text, in which a character is a byte: it finds where entries and rows end, and refuses what is no
JSON. Only what may be ours, and what that refers to, is read as spans later.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, Protocol, cast

from adapter.fhir.reading import node_at
from adapter.fhir.spans import MAX_DEPTH, Broken, member_path, scan
from adapter.model import Oddity
from adapter.source import Data, Source, Unreadable, windows

ACCEPTED = "facet reads FHIR R4 JSON: a Claim, a Procedure, or a Bundle or NDJSON of them"
WINDOW = 1 << 20  # bytes of the input that are text at a time
CUT = 16  # bytes before the end of a window in which a word, number or escape may be cut
LARGEST = 64 << 20  # bytes that one resource, or what else stands in a Bundle, may have
TOLD = 20  # bad rows that are named
NESTED = MAX_DEPTH // 3  # Bundles within one another: each is three levels deeper

REFERRED = frozenset((
    "Patient", "Coverage", "Organization", "Practitioner", "PractitionerRole", "Location",
    "Condition", "Encounter", "ClaimResponse", "ExplanationOfBenefit", "Procedure",
))  # fmt: skip
"""Types that a claim is read with."""

DOCUMENTS = frozenset((
    "BodyStructure", "Device", "DiagnosticReport", "DocumentReference", "ImagingStudy",
    "MedicationAdministration", "Observation", "Provenance",
))  # fmt: skip
"""Types that a Procedure is read with; those that are many, where they refer to another thing than
the patient and the encounter."""

_REFERS = re.compile(rb'"(?:partOf|focus|procedureReference|related|target)"')
_ALWAYS = frozenset(("BodyStructure", "Device", "DiagnosticReport", "DocumentReference"))
"""Of these, the Procedure is what refers."""

WRITTEN = ("OperationOutcome", "Provenance")
"""Types that may have been put there by an earlier run."""

_CLAIM = re.compile(rb'"resourceType"\s*:\s*"Claim"')
_PROCEDURES = b'"procedure"'  # of a Claim: it refers to what was done
_FACET = re.compile(
    rb"facet|zyg?[ao]?p|apophys|z-?\s?joint|medial|branch|mbn?b|\bmb|m\.b|\brf|ramus|rami"
    rb"|occipital|rhizo|denerv|neur|nerve|radio|ablat|lesion|coag|thermo|cryo|puls|articular"
    rb"|\bton\b|\bfj[ib]"
    rb"|6449|6463|6447|6462|6444|021[3-8]t|64999",
    re.IGNORECASE,
)
"""Without one of these, a Procedure tells of no facet joint intervention."""
_BLANK = re.compile(rb"[ \t\r\n]*")
_ESCAPED = re.compile(rb"\\u00[2-7]")
"""A letter or digit that is written as an escape: a code may be written so."""
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


class Twice(ValueError):
    """A name that stands twice in one object."""


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise Twice
    return found


def _constant(name: str) -> NoReturn:
    raise ValueError(name)


_decoder: Any = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=float, parse_constant=_constant
)
_scan_once = cast(Callable[[str, int], tuple[Any, int]], _decoder.scan_once)
"""Numbers are read as what costs least: their values are not used."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource that may be needed: `start` and `end` are of the Bundle entry that holds it, or of
    the resource itself where it is `bare`; `number` is its place in the Bundle from 0."""

    start: int
    end: int
    number: int
    type: str
    id: str | None
    url: str | None
    bare: bool
    ours: bool  # a code of ours may be in it
    hint: bool = False  # a Procedure that may be ours, or a Claim that may refer to one


@dataclass(slots=True)
class Container:
    """A resource that is not in a Bundle, or a Bundle and the entries of it that may be needed.

    `head` holds the Bundle's own members that tell how to treat it; `list_end` is where its last
    entry ends. `row` is of NDJSON, from 1.
    """

    start: int
    end: int
    path: str
    row: int | None
    head: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    inner: list[Container] = field(default_factory=list)
    outer: Container | None = field(default=None, repr=False, compare=False)
    flaw: Broken | None = None  # why what looks like its entries are none of a Bundle
    list_end: int = 0
    claims: int = 0

    @property
    def is_bundle(self) -> bool:
        return self.head.get("resourceType") == "Bundle"


@dataclass(frozen=True, slots=True)
class Misfit:
    """A resource that is no claim of ours, and what a validator found in it.

    `nodes` are paths to the nodes that are there, one for each oddity: what is missing has none.
    """

    path: str
    row: int | None
    start: int
    claim: str | None  # its id where it is a Claim
    oddities: Sequence[Oddity]
    nodes: Sequence[str]


class Validator(Protocol):
    """What is odd by the structure definitions of R4: in a resource, and in a Bundle but for the
    resources in it. Both are given as JSON."""

    def resource(self, text: bytes) -> Sequence[Oddity]: ...
    def bundle(self, text: bytes) -> Sequence[Oddity]: ...


HEAD = ("resourceType", "id", "type", "signature")
MOST_MISFITS = 1000  # resources of which a validator's findings are told


class Survey:
    """Reads a source once. `containers` hold what may be ours, and what that may refer to.

    `claims` counts all Claims, `rows` the rows of NDJSON that are not blank.
    """

    def __init__(
        self,
        source: Source,
        start: int,
        codes: frozenset[str],
        every: bool,
        validate: Validator | None = None,
        procedures: bool = False,
    ) -> None:
        """Args: start, where the first value begins; every, whether all claims are ours; validate,
        what is looked for in resources that are no claims of ours; procedures, whether Bundles with
        a Procedure in them are looked into, whatever else is in them.

        Raises: Unreadable.
        """
        self._source, self._data, self._every = source, source.data, every
        self._first, self._validate, self._procedures = start, validate, procedures
        self.misfits: list[Misfit] = []
        self._blank_rows: list[int] = []
        self._text = _Windows(source.data)
        self._codes, self._numbers, self._anywhere = _patterns(codes)
        self.claims = 0
        self.containers: list[Container] = []
        self.beside: list[Entry] = []  # resources that have a row of their own
        self.rows = 0
        self.unseen = 0  # Claims that stand where none is looked for
        self.untold = 0  # resources beyond those whose misfits are told
        self.end = _end(source.data)
        line = _line_end(self._data, start, self.end)
        if line < self.end and self._is_value(start, line):
            self.is_ndjson = True
            self._read_rows(start)
        else:
            self.is_ndjson = False
            try:
                container, at = self._resource(start, self.end, "", None)
                if _blank(self._data, at) < self.end:
                    raise Broken("there is more behind it", _blank(self._data, at))
            except Broken as broken:
                if not isinstance(broken, _Flawed) and self._looks_like_rows(start):
                    self.is_ndjson = True
                    self._read_rows(start)
                    return
                raise self._unreadable(broken) from None
            self.containers.append(container)
            self.claims = container.claims

    def row_spans(self) -> Iterator[tuple[int, int]]:
        """Where each row that is not blank begins and ends; a lone resource is one row."""
        if not self.is_ndjson:
            yield self._first, self.end
            return
        at = self._first
        while at < self.end:
            end = _line_end(self._data, at, self.end)
            first = _blank(self._data, at)
            if first < end:
                yield first, first + len(self._data[first:end].rstrip())
            at = end + 1

    def ordinal(self, row: int | None) -> int:
        """The number of a row among those that are not blank, from 0."""
        return 0 if row is None else row - 1 - bisect_left(self._blank_rows, row)

    def _is_value(self, start: int, end: int) -> bool:
        """Whether a line holds a value of its own: then the input is NDJSON."""
        try:
            _, at = self._text.value(start, end)
        except Broken:
            return False
        return _blank(self._data, at) >= end

    def _looks_like_rows(self, start: int) -> bool:
        """Whether what is no JSON seems meant as NDJSON: its first two lines begin objects, and the
        first is more than a bracket."""
        line = _line_end(self._data, start, self.end)
        following = _blank(self._data, line)
        return (
            following < self.end
            and self._data[following : following + 1] == b"{"
            and self._data[following - 1 : following] == b"\n"
            and self._data[start : start + 1] == b"{"
            and len(self._data[start : min(line, start + 64)].strip()) > 1
        )

    # --- rows -----------------------------------------------------------------------------------

    def _read_rows(self, start: int) -> None:
        bad: list[tuple[int, Broken]] = []
        wrong = 0
        at, row = start, 0
        for window in windows(self._data, 0, start):
            row += window.count(b"\n")
        self._blank_rows = list(range(1, row + 1))
        while at < self.end:
            end = _line_end(self._data, at, self.end)
            row += 1
            first = _blank(self._data, at)
            if first >= end:
                self._blank_rows.append(row)
            else:
                try:
                    self._row(first, end, row)
                except Broken as broken:
                    wrong += 1
                    if len(bad) < TOLD:
                        bad.append((row, broken))
            self._source.release(at)
            at = end + 1
        if bad:
            raise self._bad_rows(bad, wrong)

    def _row(self, start: int, end: int, row: int) -> None:
        value, at = self._text.value(start, end)
        if _blank(self._data, at) < end:
            raise Broken("there is more behind it", at)
        kind = _type(value, start)
        self.rows += 1
        claims = _claims_in(value, start)
        self.claims += claims
        raw = self._data[start:at]
        self._overlook(raw, claims)
        self._checked(raw, start)
        if kind == "Bundle":
            if self._validate is not None or self._may_hold(raw, claims):
                container, _ = self._resource(start, end, "", row)
                self.containers.append(container)
            return
        is_ours = kind == "Claim" and self._is_wanted(raw)
        if not is_ours:
            self._look(raw, kind, _text(value, "id"), kind, row, start)
        hint = may_be_ours(kind, raw)
        if is_ours or kind in REFERRED or hint or _documents(kind, raw):
            entry = Entry(start, at, row, kind, _text(value, "id"), None, True, is_ours, hint)
            self.beside.append(entry)
            if is_ours or hint:
                head = {"resourceType": kind}
                self.containers.append(Container(start, at, kind, row, head, [entry]))

    # --- one resource ---------------------------------------------------------------------------

    def _resource(
        self, start: int, end: int, path: str, row: int | None, depth: int = 0
    ) -> tuple[Container, int]:
        """Reads the object at `start` member by member, a list `entry` of it entry by entry.

        Returns: what it holds, and the offset behind it. Raises: Broken.
        """
        container = Container(start, end, path, row)
        data, text = self._data, self._text
        if data[start : start + 1] != b"{":
            raise _Flawed("it is not a JSON object", start)
        names: set[str] = set()
        own: list[bytes] = []  # members but the entries, as they are written
        entries = -1
        at = _blank(data, start + 1)
        is_open = data[at : at + 1] != b"}"
        while is_open:
            key = at
            name, at = text.value(at, end)
            if not isinstance(name, str) or data[key : key + 1] != b'"':
                raise Broken("the name of a member should begin here", key, path)
            if name in names:
                raise Broken("a name stands twice in one object", key, path)
            names.add(name)
            self._checked(data[key:at], key)
            at = _blank(data, at)
            if data[at : at + 1] != b":":
                raise Broken("a colon should stand here", at, path)
            at = first = _blank(data, at + 1)
            if name == "entry":
                entries = first
            if name == "entry" and data[at : at + 1] == b"[":
                at = self._entries(container, at, end, depth)
            else:
                try:
                    value, at = text.value(at, end)
                    self._checked(data[first:at], first)
                except Broken as unplaced:
                    above = path or container.head.get("resourceType", "")
                    raise self._within(unplaced, member_path(above, name)) from None
                own.append(data[key:at])
                if name in HEAD:
                    container.head[name] = _utf8(value) if isinstance(value, str) else ""
            at = _blank(data, at)
            mark = data[at : at + 1]
            is_open = mark != b"}"
            if is_open:
                if mark != b",":
                    what = "it ends here" if at >= end else "a comma or } should stand here"
                    raise Broken(what, at, path)
                comma, at = at, _blank(data, at + 1)
                if data[at : at + 1] == b"}":
                    raise Broken("a comma with nothing after it", comma, path)
        container.end = at + 1
        kind = _type(container.head, start)
        container.path = path or kind
        if kind != "Bundle":
            is_claim = kind == "Claim"
            is_ours = is_claim and any(map(self._is_wanted, own))
            if row is None and not path:
                for member in own:
                    self._overlook(member, int(member.startswith(b'"resourceType"')))
            ident = container.head.get("id")
            if not is_ours and self._validate is not None:
                self._look(data[start : at + 1], kind, ident, container.path, row, start)
            container.claims = int(is_claim)
            hint = kind in HINTED and any(may_be_ours(kind, member) for member in own)
            container.entries = [Entry(start, at + 1, 0, kind, ident, None, True, is_ours, hint)]
            return container, at + 1
        if container.flaw is not None:
            raise container.flaw
        if entries >= 0 and data[entries : entries + 1] != b"[":
            raise _Flawed("it is not a list", entries, f"{container.path}.entry")
        if self._validate is not None:
            odd = self._validate.bundle(b"{" + b",".join(own) + b"}")
            self._keep(odd, b"{}", None, container.path, row, start)
        return container, at + 1

    def _entries(self, container: Container, start: int, end: int, depth: int) -> int:
        """Reads the list of entries that begins at `start`; returns the offset behind it."""
        data, text = self._data, self._text
        path = container.path or "Bundle"
        at = _blank(data, start + 1)
        number = 0
        if data[at : at + 1] == b"]":
            return at + 1
        while True:
            first = at
            try:
                value, at = text.value(at, end)
                raw = data[first:at]
                self._checked(raw, first)
            except Broken as unplaced:
                raise self._within(unplaced, f"{path}.entry[{number}]") from None
            self._entry(container, value, raw, first, number, path, depth)
            number += 1
            container.list_end = at
            self._source.release(first)
            at = _blank(data, at)
            mark = data[at : at + 1]
            if mark == b"]":
                return at + 1
            if mark != b",":
                what = "it ends here" if at >= end else "a comma or ] should stand here"
                raise Broken(what, at, f"{path}.entry")
            at = _blank(data, at + 1)

    def _entry(
        self,
        container: Container,
        value: Any,
        raw: bytes,
        start: int,
        number: int,
        path: str,
        depth: int,
    ) -> None:
        """Keeps an entry that may be needed, and why the entry is none of a Bundle."""
        here = f"{path}.entry[{number}]"
        resource = value.get("resource", {}) if isinstance(value, dict) else None
        if not isinstance(resource, dict):
            flaw = _Flawed("it is not an entry with a resource", start, here)
            container.flaw = container.flaw or flaw
            return
        if self._validate is not None:
            others = [
                (name, member.raw)
                for name, member in scan(raw).members.items()
                if name != "resource"
            ]
            written = b",".join(json.dumps(name).encode() + b":" + held for name, held in others)
            odd = self._validate.bundle(
                b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{}'
                + (b"," + written if written else b"")
                + b"}]}"
            )
            led = [
                replace(each, place=each.place.removeprefix("entry[0]").lstrip(".")) for each in odd
            ]
            self._keep(led, raw, None, here, container.row, start)
        if "resource" not in value:
            self._overlook(raw, 0)
            return
        here += ".resource"
        kind = _text(resource, "resourceType") or ""
        claims = _claims_in(resource, start, depth)
        container.claims += claims
        if depth == 0 and container.row is None:  # else it was counted with what is around it
            self._overlook(raw, claims)
        if kind == "Bundle":
            if self._validate is not None or self._may_hold(raw, claims):
                inner = scan(raw).members["resource"]
                first, last = start + inner.start, start + inner.end
                nested, _ = self._resource(first, last, here, container.row, depth + 1)
                nested.outer = container
                container.inner.append(nested)
            return
        is_ours = kind == "Claim" and self._is_wanted(raw)
        ident, url = _text(resource, "id"), _text(value, "fullUrl")
        if self._validate is not None and not is_ours:
            text = scan(raw).members["resource"].raw
            self._look(text, kind, ident, here, container.row, start)
        hint = may_be_ours(kind, raw)
        if (
            is_ours
            or hint
            or kind in REFERRED
            or (kind in WRITTEN and url)
            or _documents(kind, raw)
        ):
            end = start + len(raw)
            container.entries.append(
                Entry(start, end, number, kind, ident, url, False, is_ours, hint)
            )

    def _look(
        self, raw: bytes, kind: str, ident: str | None, path: str, row: int | None, start: int
    ) -> None:
        """Keeps what a validator finds in a resource."""
        if self._validate is not None:
            claim = ident if kind == "Claim" else None
            self._keep(self._validate.resource(raw), raw, claim, path, row, start)

    def _keep(
        self,
        oddities: Sequence[Oddity],
        raw: bytes,
        claim: str | None,
        path: str,
        row: int | None,
        start: int,
    ) -> None:
        if oddities and len(self.misfits) >= MOST_MISFITS:
            self.untold += 1
        elif oddities:
            root = scan(raw)
            nodes = [node_at(root, odd.place)[0] for odd in oddities]
            self.misfits.append(Misfit(path, row, start, claim, oddities, nodes))

    def _overlook(self, raw: bytes, claims: int) -> None:
        """Counts Claims in a text that are in a place where none is looked for."""
        if raw.count(b'"Claim"') > claims:
            self.unseen += max(0, len(_CLAIM.findall(raw)) - claims)

    def _is_wanted(self, raw: bytes) -> bool:
        """Whether a text is of a claim to be read: one of the codes may be in it."""
        if (
            self._every
            or self._codes.search(raw) is not None
            or self._numbers.search(raw) is not None
        ):
            return True
        if raw.isascii() and b"\\" not in raw:
            return False
        # blanks beyond those of ASCII may stand around a code, and escapes within it
        return self._anywhere.search(raw) is not None or _ESCAPED.search(raw) is not None

    def _may_hold(self, raw: bytes, claims: int) -> bool:
        """Whether a Bundle has to be looked into: a claim of ours, or a Procedure, may be in it."""
        if self._procedures and b'"Procedure"' in raw:
            return True
        return claims > 0 and (
            self._is_wanted(raw) or (b'"Procedure"' in raw and _FACET.search(raw) is not None)
        )

    def _checked(self, raw: bytes, start: int) -> None:
        """What the C scanner lets pass: text that is not UTF-8, and half a character.

        Raises: Broken.
        """
        if not raw.isascii():
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError as error:
                raise Broken("this is not UTF-8", start + error.start) from None
        if _HALF.search(raw):
            try:
                _strings(raw)
            except Broken as broken:
                raise Broken(broken.what, start + broken.at, broken.path) from None

    # --- what is said of a text that is not read ------------------------------------------------

    def _unreadable(self, broken: Broken) -> Unreadable:
        broken = self._placed(broken)
        where = _where(self._data, broken.at)
        if broken.path:
            where += f", {broken.path}"
        return Unreadable(broken.what, where=where, hint=ACCEPTED)

    def _bad_rows(self, bad: list[tuple[int, Broken]], wrong: int) -> Unreadable:
        listed = []
        for row, broken in bad:
            broken = self._placed(broken)
            start = self._data.rfind(b"\n", 0, broken.at) + 1
            path = f", {broken.path}" if broken.path else ""
            listed.append(f"row {row}, column {broken.at - start + 1}{path}: {broken.what}")
        if wrong > len(bad):
            listed.append(f"{wrong - len(bad)} rows more")
        what = (
            "a row is not a FHIR resource" if wrong == 1 else f"{wrong} rows are not FHIR resources"
        )
        return Unreadable(what, where="; ".join(listed), hint=ACCEPTED)

    def _within(self, unplaced: Broken, path: str) -> Broken:
        """What is wrong within a value, with the path from the resource on."""
        broken = self._placed(unplaced)
        mark = "" if broken.path.startswith("[") or not broken.path else "."
        return Broken(broken.what, broken.at, f"{path}{mark}{broken.path}")

    def _placed(self, broken: Broken) -> Broken:
        """With the path to it, where the object that it is in can be read up to there."""
        if not isinstance(broken, _Unplaced):
            return broken
        try:
            scan(self._data[broken.start : broken.start + LARGEST])
        except Broken as found:
            return Broken(broken.what, broken.at or broken.start + found.at, found.path)
        return broken


class _Flawed(Broken):
    """What is JSON, but no FHIR resource or Bundle."""


class _Unplaced(Broken):
    """What the C scanner refuses; `start` is where the value begins that is broken."""

    def __init__(self, what: str, at: int, start: int) -> None:
        super().__init__(what, at)
        self.start = start


class _Windows:
    """The input as Latin-1 text, a window at a time."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._start, self._text = 0, ""

    def value(self, at: int, end: int) -> tuple[Any, int]:
        """The JSON value at `at`, strings as Latin-1, and the offset behind it.

        Args: end, where the value has to end at the latest. Raises: Broken.
        """
        size = WINDOW
        behind = self._start + len(self._text)
        if not self._start <= at < behind:
            self._load(at, size, end)
        while True:
            behind = self._start + len(self._text)
            is_last = behind >= end
            try:
                value, stop = _scan_once(self._text, at - self._start)
                is_cut = isinstance(value, float) and stop >= len(self._text) - CUT
                if is_last or not is_cut:
                    if self._start + stop > end:
                        raise Broken("it ends here", end)
                    return value, self._start + stop
            except Twice:
                raise _Unplaced("a name stands twice in one object", 0, at) from None
            except json.JSONDecodeError as error:
                if is_last or self._is_wrong(error.pos, error.msg):
                    place = min(self._start + error.pos, end)
                    raise _Unplaced(_said(error, place >= end), place, at) from None
            except StopIteration as error:
                place = min(self._start + int(error.value), end)
                if is_last or self._is_wrong(int(error.value), ""):
                    what = "it ends here" if place >= end else "this is not JSON"
                    raise _Unplaced(what, place, at) from None
            except ValueError:
                raise _Unplaced("NaN and Infinity are not JSON", 0, at) from None
            except RecursionError:
                raise _Unplaced(f"nested deeper than {MAX_DEPTH} levels", 0, at) from None
            if size >= LARGEST:
                raise Broken(f"it is larger than {LARGEST >> 20} MB", at)
            size *= 2
            self._load(at, size, end)

    def _is_wrong(self, place: int, message: str) -> bool:
        """Whether the text is wrong there, and not just cut by the end of the window."""
        return place < len(self._text) - CUT and not message.startswith("Unterminated string")

    def _load(self, at: int, size: int, end: int) -> None:
        self._start = at
        self._text = self._data[at : min(at + size, max(end, at))].decode("latin-1")


def _said(error: json.JSONDecodeError, at_end: bool) -> str:
    """What the scanner says, in our words. Its messages hold no value."""
    if at_end or error.msg.startswith("Unterminated string"):
        return "it ends here" if at_end else "a string without its end"
    for theirs, ours in (
        ("Expecting property name", "the name of a member should begin here"),
        ("Illegal trailing comma", "a comma with nothing after it"),
        ("Expecting ':'", "a colon should stand here"),
        ("Expecting ','", "a comma or a closing bracket should stand here"),
        ("Invalid control character", "a control character in a string"),
        ("Invalid \\", "an escape that JSON does not have"),
    ):
        if error.msg.startswith(theirs):
            return ours
    return "this is not JSON"


def _patterns(codes: frozenset[str]) -> tuple[re.Pattern[bytes], ...]:
    """Find any of the codes: as a whole string, where what cannot begin one is passed over at once;
    as a number, which is told and not passed over; and anywhere."""
    if not codes:
        never = re.compile(rb"(?!)")
        return never, never, never
    letters = b"".join(
        b"[" + re.escape("".join(sorted({code[at] for code in codes}))).encode("ascii") + b"]"
        for at in range(min(map(len, codes)))
    )
    listed = b"|".join(re.escape(code).encode("ascii") for code in sorted(codes))
    whole = rb'"(?=[ \t]*' + letters + rb")[ \t]*(?:" + listed + rb')[ \t]*"'
    number = rb":(?=[ \t\r\n]*" + letters + rb")[ \t\r\n]*(?:" + listed + rb")[\s,}]"
    return tuple(re.compile(each, re.IGNORECASE) for each in (whole, number, listed))


HINTED = ("Claim", "Procedure")


def may_be_ours(kind: str, raw: bytes) -> bool:
    """Whether a Procedure may be a facet joint intervention, or a Claim refer to one."""
    if kind == "Claim":
        return _PROCEDURES in raw
    return kind == "Procedure" and (_FACET.search(raw) is not None or b"\\u" in raw)


def _documents(kind: str, raw: bytes) -> bool:
    """Whether a Procedure may be read with a resource."""
    return kind in DOCUMENTS and (kind in _ALWAYS or _REFERS.search(raw) is not None)


def _type(value: Any, start: int) -> str:
    """Raises: Broken for what is no resource."""
    if not isinstance(value, dict):
        raise _Flawed("it is not a JSON object", start)
    kind = _text(value, "resourceType")
    if not kind:
        raise _Flawed("it is JSON without a resourceType", start)
    return kind


def _text(value: dict[str, Any], name: str) -> str | None:
    """A string member; it was read as Latin-1."""
    text = value.get(name)
    return _utf8(text) if isinstance(text, str) else None


def _utf8(text: str) -> str:
    """A string that was read as Latin-1. Escapes in it stand for themselves, whatever they are."""
    return text if text.isascii() else text.encode("latin-1", "replace").decode("utf-8", "replace")


def _claims_in(value: dict[str, Any], at: int, depth: int = 0) -> int:
    """The Claims that a resource is or holds as a Bundle.

    Args: at, where it begins. Raises: Broken for Bundles that are nested without end.
    """
    kind = value.get("resourceType")
    if kind == "Claim":
        return 1
    entries = value.get("entry") if kind == "Bundle" else None
    if not isinstance(entries, list):
        return 0
    if depth > NESTED:
        raise _Flawed(f"Bundles are nested deeper than {NESTED} levels", at)
    resources = (entry.get("resource") for entry in entries if isinstance(entry, dict))
    return sum(_claims_in(each, at, depth + 1) for each in resources if isinstance(each, dict))


def _strings(raw: bytes) -> None:
    """Reads every string of a value that has surrogates in it. Raises: Broken."""
    try:
        waiting = [scan(b"[" + raw + b"]")]
        while waiting:
            value = waiting.pop()
            _ = value.string
            waiting += value.members.values() or value.elements
    except Broken as broken:
        raise Broken(
            broken.what, broken.at - 1, broken.path.partition("]")[2].lstrip(".")
        ) from None


def _blank(data: Data, at: int) -> int:
    match = _BLANK.match(data, at)
    return at if match is None else match.end()


def _line_end(data: Data, at: int, end: int) -> int:
    found = data.find(b"\n", at, end)
    return end if found < 0 else found


def _end(data: Data) -> int:
    """The offset behind the last byte that is not blank or NUL."""
    end = len(data)
    while end:
        window = data[max(0, end - WINDOW) : end].rstrip(b" \t\r\n\x00")
        if window:
            return max(0, end - WINDOW) + len(window)
        end = max(0, end - WINDOW)
    return 0


def _where(data: Data, at: int) -> str:
    """Line and column from 1, as an editor counts them."""
    line = 1
    for start in range(0, at, WINDOW):
        line += data[start : min(start + WINDOW, at)].count(b"\n")
    return f"line {line}, column {at - (data.rfind(bytes([10]), 0, at) + 1) + 1}"


def containers_of(container: Container) -> Iterator[Container]:
    """A container and the Bundles in it, from the outside."""
    yield container
    for inner in container.inner:
        yield from containers_of(inner)
