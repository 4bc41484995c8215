"""FHIR JSON as the engine sees it: views of its claims, the patches on them, and what is said of
them in resources among the others, or beside them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import IO, Literal, TypeAlias

from adapter.fhir.outcome import (
    SYSTEM_STATUS,
    Resource,
    Subject,
    entry,
    full_url,
    outcome,
    provenance,
    style_of,
    tag,
    written,
)
from adapter.fhir.parties import parties_of
from adapter.fhir.procedure import read_procedure
from adapter.fhir.reading import Fields, string
from adapter.fhir.references import Neighbours
from adapter.fhir.resource import ClaimResource, Place
from adapter.fhir.spans import Broken, scan
from adapter.fhir.survey import (
    ACCEPTED,
    Container,
    Entry,
    Misfit,
    Survey,
    Validator,
    containers_of,
)
from adapter.findings import Field, Location, Notes, Verdict
from adapter.model import Claim, NotRead, Procedure
from adapter.parties import Parties
from adapter.sinks import Spool, Writable
from adapter.source import Patch, PatchLog, Source, Span, Unreadable, apply, pieces

TAKES_ENTRIES = ("collection", "searchset")
"""Types of Bundle that list resources, so that one more can be put there."""

NEVER_CHANGED = ("document", "message")
HEAD = 4096  # bytes that tell how a Bundle is laid out
_ENTRY_LEVEL = 2  # of a Bundle's entries, by the brackets around them
_NESTED_LEVELS = 3  # that a Bundle in an entry of another lies deeper


class ResourceView:
    """A resource that is no claim of ours, and in which a validator found something."""

    kind: Literal["resource"] = "resource"

    def __init__(self, misfit: Misfit, place: Place) -> None:
        self._misfit, self._place = misfit, place
        self.claim = misfit.claim
        self.oddities = misfit.oddities

    def locate(self, field: Field | None) -> Location:
        index = field[1] if isinstance(field, tuple) else 0
        path = self._misfit.nodes[index]
        expression = f"{self._place.path}.{path}" if path else self._place.path
        return Location(expression=expression, row=self._place.row, offset=self._misfit.start)


class FhirDocument:
    """One input of FHIR JSON. Its views are for one pass from front to back."""

    def __init__(
        self, source: Source, start: int, notes: Notes, validate: Validator | None = None
    ) -> None:
        """Args: start, where the first value begins; validate, what is odd in a resource by the
        structure definitions of R4."""
        self.source = source
        self.patches = PatchLog()
        self.claims = 0
        self.notes: Sequence[str] = ()
        self.format = "fhir"
        self._start, self._writing, self._validate = start, notes, validate
        self._when = notes.when or datetime.now(UTC)
        self._survey: Survey | None = None
        self._wraps = False  # the output is a new Bundle around what came
        self._homes: dict[int, tuple[Container | None, list[tuple[str, Resource]] | None]] = {}
        self._known: dict[int, frozenset[str]] = {}  # that came with a Bundle, by its start
        self._urls = Counter[tuple[int, str]]()  # that were given, by the Bundle they stand in
        self._beside = Spool()  # resources, or entries of the new Bundle, a line each

    # --- reading --------------------------------------------------------------------------------

    def views(
        self, codes: frozenset[str], *, every: bool = False
    ) -> Iterator[ClaimResource | ResourceView]:
        """Claims that may hold one of the codes (or every claim), in the order of the input.

        Raises: Unreadable.
        """
        survey = Survey(self.source, self._start, codes, every, self._validate)
        self._survey = survey
        self.source.rewind()
        self.claims = survey.claims
        self.notes = tuple(_notes(survey))
        self.format = "ndjson" if survey.is_ndjson else "fhir"
        if self._writing.annotate and not self._writing.beside:
            ours = [
                inner
                for outer in survey.containers
                for inner in containers_of(outer)
                if any(each.ours for each in inner.entries)
            ]
            self._wraps = any(_home(each) is None for each in ours)
        for misfit in survey.misfits:
            path = self._path(misfit.path, misfit.row, survey)
            yield ResourceView(misfit, Place(path, misfit.row))
        rows = Neighbours(self.source.data, survey.beside)
        for container in survey.containers:
            yield from self._views(container, rows, codes, survey, {})

    def read(self, codes: frozenset[str] = frozenset()) -> Iterator[Claim]:
        """The neutral model of every claim.

        Args: codes, of which it is told where one stands under a system that does not bill.
        Raises: Unreadable.
        """
        for view in self.views(codes, every=True):
            if isinstance(view, ClaimResource):
                yield view.claim

    def procedures(
        self, told: Callable[[Procedure, Parties], None] | None = None
    ) -> Iterator[Procedure]:
        """What every Procedure documents, in the order of the input.

        Args: told, is given each with who took part in it, before it comes. Raises: Unreadable.
        """
        survey = Survey(self.source, self._start, frozenset(), False, procedures=True)
        self._survey = survey
        self.source.rewind()
        self.claims = survey.claims
        self.format = "ndjson" if survey.is_ndjson else "fhir"
        rows = Neighbours(self.source.data, survey.beside)
        parts: list[Entry | Container] = [
            each for each in survey.beside if each.type == "Procedure"
        ]
        parts += [each for each in survey.containers if each.is_bundle or not survey.is_ndjson]
        for part in sorted(parts, key=lambda each: each.start):
            if isinstance(part, Container):
                yield from self._procedures(part, rows, told)
            else:
                yield _procedure(part, rows, told)
            self.source.release(part.start)

    def _procedures(
        self, container: Container, beside: Neighbours, told: _Told | None
    ) -> Iterator[Procedure]:
        scope = beside
        if container.is_bundle:
            path = container.path
            if container.row is not None:  # elsewhere, a place is told beside its row
                path = f"row {container.row}, {path}"
            scope = Neighbours(self.source.data, container.entries, beside, path)
        parts: list[Entry | Container] = [
            each for each in container.entries if each.type == "Procedure"
        ]
        parts += container.inner
        for part in sorted(parts, key=lambda each: each.start):
            if isinstance(part, Container):
                yield from self._procedures(part, scope, told)
            else:
                yield _procedure(part, scope, told)

    def _views(
        self,
        container: Container,
        beside: Neighbours,
        codes: frozenset[str],
        survey: Survey,
        pending: dict[int, list[tuple[str, Resource]]],
    ) -> Iterator[ClaimResource]:
        """The claims in a container and in the Bundles in it.

        `beside` are the resources around it; `pending` is what is to be appended, by the start of
        the Bundle that takes it.
        """
        scope = beside
        if container.is_bundle:
            path = self._path(container.path, container.row, survey)
            scope = Neighbours(self.source.data, container.entries, beside, path)
        home = None if self._wraps else _home(container)
        waiting = pending.setdefault(home.start, []) if home is not None else None
        parts: list[Entry | Container] = [
            each
            for each in container.entries
            if each.ours or (each.type == "Claim" and each.hint and scope.names_procedure(each))
        ]
        parts += container.inner
        for part in sorted(parts, key=lambda each: each.start):
            if isinstance(part, Container):
                yield from self._views(part, scope, codes, survey, pending)
                continue
            path = container.path
            if not part.bare:
                path += f".entry[{part.number}].resource"
            place = Place(
                self._path(path, container.row, survey), container.row, part.url, _fixed(container)
            )
            try:
                view = ClaimResource(
                    self.source.data[part.start : part.end],
                    part.start,
                    place,
                    scope,
                    codes,
                    self._validate,
                    wrapped=not part.bare,
                )
            except Broken as broken:
                raise _unreadable(broken, part, container.row, path) from None
            self._homes[part.start] = (home, waiting)
            yield view
            del self._homes[part.start]
            self.source.release(part.start)
        if home is container and waiting:
            self._append(container, waiting)

    def _path(self, path: str, row: int | None, survey: Survey) -> str:
        """An expression so that it leads there in the output."""
        if not self._wraps:
            return path
        rest = path.partition(".")[2]
        return f"Bundle.entry[{survey.ordinal(row)}].resource" + (f".{rest}" if rest else "")

    # --- writing --------------------------------------------------------------------------------

    def conclude(self, view: ClaimResource, verdict: Verdict) -> None:
        """Takes what was decided of a claim: its corrections, and what is to be noted of it."""
        home, waiting = self._homes[view.base]
        text = view.text
        if self._writing.annotate and not view.place.fixed:
            style = style_of(view.root.raw)
            one_line = replace(
                style, newline="", indent="", comma=", " if style.colon.endswith(" ") else ","
            )
            text = apply(text, view.tagged(SYSTEM_STATUS, written(tag(verdict), one_line, 0)))
            scan(text)  # what is written is read: a tag may not break what it is put into
        if text != view.original.text:
            self.patches.add(Patch(Span(view.base, view.base + len(view.original.text)), text))
        subject = _subject(view)
        said: list[tuple[str, Resource]] = []
        if self._writing.annotate:
            url = self._url(home, "OperationOutcome", subject)
            said.append((url, outcome(verdict, subject)))
        if verdict.changes:
            made = provenance(verdict, subject, self._when, self._writing.mappings)
            content = f"{made['recorded']} {[each['what'] for each in made['entity']]}"
            said.append((self._url(home, "Provenance", subject, content), made))
        if waiting is not None:
            waiting += said
            return
        for url, resource in said:
            line = entry(resource, url, bundle_type=TAKES_ENTRIES[0]) if self._wraps else resource
            self._beside.write(json.dumps(line).encode("ascii") + b"\n")

    def _url(self, home: Container | None, kind: str, subject: Subject, content: str = "") -> str:
        """A fullUrl that no other entry of its Bundle has: of resources with the same address the
        second, third and so on are told by their number."""
        place = -1 if home is None else home.start
        if home is not None and place not in self._known:
            told = (each.url for each in home.entries if each.type == "Provenance")
            self._known[place] = frozenset(filter(None, told))
        first = url = full_url(kind, subject, content)
        while True:
            self._urls[place, first] += 1
            number = self._urls[place, first]
            if number > 1:
                url = full_url(kind, subject, f"{content} {number}")
            if url not in self._known.get(place, ()):
                return url

    def write(self, out: IO[bytes]) -> None:
        """The input with all that was decided; the very same bytes where that is nothing."""
        if not self._wraps or self._beside.is_empty:
            self.source.write(self.patches, out)
            return
        with self.source.packed_like(out) as packed:
            packed.write(b'{"resourceType": "Bundle", "type": "collection", "entry": [')
            mark = b"\n"
            for row in self._rows():
                packed.write(mark + b'{"resource": ')
                packed.writelines(row)
                packed.write(b"}")
                mark = b",\n"
            for line in self._beside.lines():
                packed.write(mark + line)
                mark = b",\n"
            packed.write(b"\n]}\n")

    def write_outcomes(self, out: Writable) -> None:
        """NDJSON of the outcomes and provenances that have no place among the resources."""
        if not self._wraps:
            self._beside.copy(out)

    def _rows(self) -> Iterator[Iterator[bytes]]:
        """The bytes of each row, patched; a lone resource is one row."""
        assert self._survey is not None
        patches = iter(self.patches)
        waiting = next(patches, None)
        for start, end in self._survey.row_spans():
            mine = []
            while waiting is not None and waiting.span.start < end:
                mine.append(waiting)
                waiting = next(patches, None)
            yield pieces(self.source.data, mine, start, end)

    def _append(self, container: Container, said: Sequence[tuple[str, Resource]]) -> None:
        """Writes what is said as entries of a Bundle: in the place of those of an earlier run, else
        behind its last one."""
        data = self.source.data
        outermost = container
        depth = 0
        while outermost.outer is not None:
            outermost, depth = outermost.outer, depth + 1
        style = style_of(data[outermost.start : outermost.start + HEAD])
        level = depth * _NESTED_LEVELS + _ENTRY_LEVEL
        gap = f"{style.comma}{style.newline}{style.indent * level}".encode("ascii")
        old = {each.url: each for each in container.entries if each.type == "OperationOutcome"}
        behind = []
        for url, resource in said:
            made = entry(resource, url, bundle_type=str(container.head["type"]))
            block = written(made, style, level)
            before = old.pop(url, None)
            if before is not None:
                self.patches.add(Patch(Span(before.start, before.end), block))
            else:
                behind.append(gap + block)
        if behind:
            end = container.list_end
            self.patches.add(Patch(Span(end, end), b"".join(behind)))


_Told: TypeAlias = Callable[[Procedure, Parties], None]


def _procedure(entry: Entry, scope: Neighbours, told: _Told | None) -> Procedure:
    there = scope.destination(entry)
    if there.value is None:
        place = there.path
        return Procedure(reference=place, place=place, not_read=(NotRead(place, TOO_DEEP),))
    found = read_procedure(there.value, scope, entry.url, there.path)
    if told is not None:
        told(found, parties_of(there.value, scope, entry.url, there.path))
    return found


TOO_DEEP = "it is nested too deep"


def _notes(survey: Survey) -> Iterator[str]:
    if survey.unseen:
        yield (
            "Claims in places where none is looked for (contained, in Parameters or in outcomes)"
            f" were not checked: {survey.unseen}"
        )
    if survey.untold:
        yield f"further resources that are not as R4 has them: {survey.untold}"


def _home(container: Container) -> Container | None:
    """The Bundle that takes what is said of its claims: the nearest one around them that takes
    entries, where none around it may not be changed."""
    if _fixed(container):
        return None
    around: Container | None = container
    while around is not None and not _takes_entries(around):
        around = around.outer
    return around


def _takes_entries(container: Container) -> bool:
    return container.is_bundle and container.head.get("type") in TAKES_ENTRIES


def _fixed(container: Container) -> str:
    """Why nothing in a container may be changed, itself or one around it; empty where it may."""
    around: Container | None = container
    while around is not None:
        kind = around.head.get("type")
        if around.is_bundle and "signature" in around.head:
            return "the Bundle is signed and never changed"
        if around.is_bundle and kind in NEVER_CHANGED:
            return f"a {kind} Bundle is never changed"
        around = around.outer
    return ""


def _subject(view: ClaimResource) -> Subject:
    root = view.original.root
    ident = string(root, "id")
    reference = view.place.url or (f"Claim/{ident}" if ident else None)
    identifier = next(
        (
            (string(held, "system") or "", value)
            for _, held in Fields().objects(root, "identifier", "")
            if (value := string(held, "value")) is not None
        ),
        None,
    )
    row = view.place.row
    key = reference or (f"row {row}, {view.place.path}" if row is not None else view.place.path)
    return Subject(reference, "Claim", identifier, key, row)


def _unreadable(broken: Broken, part: Entry, row: int | None, path: str) -> Unreadable:
    """A resource that is JSON, but that two readers could read as two things."""
    inner = broken.path if part.bare else broken.path.removeprefix("resource").removeprefix(".")
    where = path + (f".{inner}" if inner else "")
    return Unreadable(
        broken.what, where=where if row is None else f"row {row}, {where}", hint=ACCEPTED
    )
