"""What references lead to: the resources in the same Bundle, those around it, or in other rows.

Only what was in the input is looked at, a reference to elsewhere leads to nothing, and none is ever
fetched. Each chain that a reader follows has a fixed length, so that cycles are no matter.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from adapter.fhir.links import Destination
from adapter.fhir.reading import Fields, performed, string
from adapter.fhir.spans import Broken, Value, scan
from adapter.fhir.survey import Entry
from adapter.source import Data

_REFERENCE = re.compile(rb'"reference"\s*:\s*"([^"]*)"')
READ_OF_MANY = 200  # resources that tell of one procedure
READ_OF_ONE = 20  # resources that say the same of one: that they are there matters, not how many
KEPT = 512  # resources that are held as spans, besides those that are being read
ANSWERS = {"ClaimResponse": "request", "ExplanationOfBenefit": "claim"}
"""Types that answer a claim, and the member that refers to it."""

ABOUT = {
    "ImagingStudy": ("procedureReference",),
    "MedicationAdministration": ("partOf",),
    "Observation": ("partOf", "focus"),
    "DocumentReference": ("related",),
    "Provenance": ("target",),
    "Procedure": ("partOf",),
}
"""Types that tell of a procedure, and the members that refer to it; those of a DocumentReference
are in its `context`."""

_ANY_CLAIM = "?"
"""The address of the claim where an answer names none: it may be of each."""

_ANY_PATIENT = "?"
"""The address of the patient of a coverage that cannot be read."""


class Neighbours:
    """The resources beside a claim, by the addresses that references use; `around` are those
    outside of its Bundle."""

    def __init__(
        self,
        data: Data,
        entries: Sequence[Entry],
        around: Neighbours | None = None,
        path: str = "",
    ) -> None:
        """Args: path, the expression of the Bundle that holds the entries; none for rows."""
        self._data, self._entries, self._around, self._path = data, entries, around, path
        self._read = lru_cache(maxsize=KEPT)(self._scanned)
        self.memory: dict[str, Any] = {}  # what was read, by the place of a resource
        self._same: dict[int, bool] = {}  # by the list of entries, which an index holds

    def find(self, reference: str, base: str | None) -> Destination:
        """The resource at an address, of which several may be there.

        Args: base, the fullUrl of the entry that refers, to which a relative address belongs.
        """
        found = self._at(_address(reference), base)
        if found is None:
            return self._around.find(reference, base) if self._around else Destination(None)
        if len(found) > 1 and not self._is_one(found):
            return Destination(None, "refers to more than one resource")
        return self.destination(found[0])

    def destination(self, entry: Entry) -> Destination:
        """The resource of an entry, and where it stands."""
        value = self._read(entry)
        odd = "" if value is not None else "refers to a resource that is nested too deep to be read"
        return Destination(value, odd, entry.url, self.place(entry))

    def place(self, entry: Entry) -> str:
        """The expression that leads to a resource; a row of its own is told by its number."""
        if not entry.bare:
            return f"{self._path}.entry[{entry.number}].resource"
        return f"row {entry.number}, {entry.type}" if entry.number else entry.type

    def _at(self, reference: str, base: str | None) -> Sequence[Entry] | None:
        found = self._by_url.get(reference)
        if found is not None or ":" in reference.partition("?")[0]:
            is_uuid = found is None and reference.startswith("urn:uuid:")
            return self._by_uuid.get(reference.removeprefix("urn:uuid:")) if is_uuid else found
        root = _root(base)
        if root is not None and f"{root}/{reference}" in self._by_url:
            return self._by_url[f"{root}/{reference}"]
        known = self._by_id.get(reference)
        if known is None or root is None:
            return known
        # an entry whose own address is on another server is another resource
        near = [entry for entry in known if _root(entry.url) in (None, root)]
        return near or None

    def _is_one(self, found: Sequence[Entry]) -> bool:
        """Whether entries with one address are the same; asked once of each address."""
        if id(found) not in self._same:
            first = self._bytes(found[0])
            self._same[id(found)] = all(self._bytes(other) == first for other in found[1:])
        return self._same[id(found)]

    def role_of(self, practitioner: Value) -> Value | None:
        """The only PractitionerRole of a Practitioner; None where there is none, or several."""
        ident = string(practitioner, "id")
        found = self._roles.get(f"Practitioner/{ident}", ())
        for entry in self._by_id.get(f"Practitioner/{ident}", ())[:READ_OF_ONE]:
            found = found or self._roles.get(entry.url or "", ())
        return self._read(found[0]) if len(found) == 1 else None

    def answers(self, claim: Value, url: str | None) -> Sequence[Value]:
        """The responses to a claim: those that refer to it, by address or by an identifier, and
        those that name no claim at all."""
        names = [_ANY_CLAIM, *filter(None, [url])]
        ident = string(claim, "id")
        if ident is not None:
            names.append(f"Claim/{ident}")
        names += [
            f"={value}"
            for _, held in Fields().objects(claim, "identifier", "")
            if (value := string(held, "value")) is not None
        ]
        entries = [e for name in names for e in self._answers.get(name, ())[:READ_OF_ONE]]
        found = [answer for answer in map(self._read, entries) if answer is not None]
        return [*found, *(self._around.answers(claim, url) if self._around else ())]

    def about(self, resource: Value, url: str | None) -> Sequence[Destination]:
        """The resources that tell of a procedure, or are part of it: those that refer to it."""
        ident = string(resource, "id")
        names = [*filter(None, [url, ident and f"{string(resource, 'resourceType')}/{ident}"])]
        named = {
            entry.start: entry
            for name in names
            for entry in self._about.get(name, ())[:READ_OF_MANY]
        }
        found = [self.destination(entry) for _, entry in sorted(named.items())]
        return [*found, *(self._around.about(resource, url) if self._around else ())]

    def procedures(
        self, patient: str, base: str | None, days: Collection[dt.date]
    ) -> Sequence[Destination]:
        """The procedures of a patient on those days, where any at hand may be a facet joint
        intervention."""
        if not self.has_procedures or patient.startswith("#"):
            return ()
        subject = self.subject(patient, base)
        entries = [e for day in sorted(days) for e in self._by_subject.get(f"{day} {subject}", ())]
        found = [self.destination(entry) for entry in entries]
        return [*found, *(self._around.procedures(patient, base, days) if self._around else ())]

    def coverages(self, patient: str | None, base: str | None) -> Sequence[Destination]:
        """The coverages of a patient, and those that cannot be read: they may be of each. A patient
        who is contained in another resource has none beside it."""
        if patient is None or patient.startswith("#"):
            return ()
        known = self._by_beneficiary
        subject = self.subject(patient, base) or ""
        here = [*known.get(subject, ()), *known.get(_ANY_PATIENT, ())]
        found = [self.destination(entry) for entry in here[:READ_OF_MANY]]
        return [*found, *(self._around.coverages(patient, base) if self._around else ())]

    def has_siblings(self, patient: str, base: str | None) -> bool:
        """Whether more than one claim of the patient has codes of ours."""
        return self._claims_of(patient, base) > 1

    def _claims_of(self, patient: str, base: str | None) -> int:
        subject = self.subject(patient, base)
        here = len(self._by_claimant.get(subject, ())) if subject is not None else 0
        return here + (self._around._claims_of(patient, base) if self._around else 0)

    def names_procedure(self, entry: Entry) -> bool:
        """Whether a Claim may refer to a procedure that may be a facet joint intervention.

        Its bytes are searched, for most claims refer to others.
        """
        if not self.has_procedures:
            return b'"contained"' in (raw := self._bytes(entry)) and b'"Procedure"' in raw
        raw = self._bytes(entry)
        named = {
            each.partition(b"/_history/")[0].rpartition(b"/")[2] for each in _REFERENCE.findall(raw)
        }
        return not named.isdisjoint(self._procedure_names) or b"\\" in raw

    @cached_property
    def _procedure_names(self) -> frozenset[bytes]:
        """The ends of the addresses of procedures that may be facet joint interventions."""
        names: set[bytes] = set()
        for entry in self._entries:
            if entry.hint and entry.type == "Procedure":
                for name in (entry.id, entry.url and entry.url.rpartition("/")[2]):
                    if name:
                        names.add(name.encode())
        return frozenset(names) | (self._around._procedure_names if self._around else frozenset())

    @cached_property
    def has_procedures(self) -> bool:
        """Whether one of the procedures here or around may be a facet joint intervention."""
        return any(entry.hint and entry.type == "Procedure" for entry in self._entries) or (
            self._around is not None and self._around.has_procedures
        )

    def subject(self, reference: str, base: str | None) -> str | None:
        """What two references to one patient have in common: the place of the entry they lead to,
        else the address, which within a Bundle is of that Bundle alone unless it is absolute. None
        for what a resource contains."""
        if reference.startswith("#"):
            return None
        address = _address(reference)
        found = self._at(address, base)
        if found and self._is_one(found):
            return f"@{found[0].start}"
        beyond = self._around.subject(reference, base) if self._around is not None else address
        if self._path and "://" not in address and beyond == address:
            return f"{address} of @{self._entries[0].start if self._entries else 0}"
        return beyond

    # --- indexes, made when the first claim asks ------------------------------------------------

    @cached_property
    def _by_url(self) -> Mapping[str, list[Entry]]:
        return _grouped((entry.url, entry) for entry in self._entries)

    @cached_property
    def _by_id(self) -> Mapping[str, list[Entry]]:
        return _grouped(
            (f"{entry.type}/{entry.id}" if entry.id else None, entry) for entry in self._entries
        )

    @cached_property
    def _by_uuid(self) -> Mapping[str, list[Entry]]:
        return _grouped((entry.id, entry) for entry in self._entries)

    @cached_property
    def _roles(self) -> Mapping[str, list[Entry]]:
        roles = (entry for entry in self._entries if entry.type == "PractitionerRole")
        return _grouped((_refers(self._read(role), "practitioner"), role) for role in roles)

    @cached_property
    def _about(self) -> Mapping[str, list[Entry]]:
        told = (entry for entry in self._entries if entry.type in ABOUT)
        return _grouped((name, one) for one in told for name in _told_of(self._read(one), one.type))

    @cached_property
    def _by_subject(self) -> Mapping[str, list[Entry]]:
        """By the day on which they were performed, and the patient."""
        procedures = (each for each in self._entries if each.type == "Procedure")
        return _grouped(
            (f"{day} {self.subject(subject, entry.url)}", entry)
            for entry in procedures
            if (subject := _refers(self._read(entry), "subject")) is not None
            and (day := performed(self._read(entry), Fields())) is not None
        )

    @cached_property
    def _by_claimant(self) -> Mapping[str, list[Entry]]:
        claims = (each for each in self._entries if each.type == "Claim" and each.ours)
        return _grouped(
            (self.subject(patient, entry.url), entry)
            for entry in claims
            if (patient := _refers(self._read(entry), "patient")) is not None
        )

    @cached_property
    def _by_beneficiary(self) -> Mapping[str, list[Entry]]:
        def of(entry: Entry) -> str | None:
            coverage = self._read(entry)
            patient = _refers(coverage, "beneficiary")
            if coverage is None or patient is None:
                return _ANY_PATIENT if coverage is None else None
            return self.subject(patient, entry.url)

        return _grouped((of(entry), entry) for entry in self._entries if entry.type == "Coverage")

    @cached_property
    def _answers(self) -> Mapping[str, list[Entry]]:
        answers = (entry for entry in self._entries if entry.type in ANSWERS)
        return _grouped(
            (name, one) for one in answers for name in claims_answered(self._read(one), one.type)
        )

    def _bytes(self, entry: Entry) -> bytes:
        return self._data[entry.start : entry.end]

    def _scanned(self, entry: Entry) -> Value | None:
        """The resource; one that is nested deeper than is read is as if it were not there: None."""
        try:
            value = scan(self._bytes(entry))
        except Broken:
            return None
        return value if entry.bare else value.get("resource")


def _told_of(resource: Value | None, kind: str) -> Iterator[str]:
    """The addresses of what a resource tells of; of an absolute one also the end."""
    held = resource
    if kind == "DocumentReference" and held is not None:
        held = held.get("context")
    for name in ABOUT[kind]:
        member = held.get(name) if held is not None else None
        for each in () if member is None else (member, *member.elements):
            reference = string(each, "reference") if each.members else None
            if reference is not None:
                address = _address(reference)
                yield address
                if "://" in address:
                    yield "/".join(address.rsplit("/", 2)[1:])


def claims_answered(answer: Value | None, kind: str) -> Sequence[str]:
    """The addresses of the claim that a response is about; of an absolute one also the end."""
    held = answer.get(ANSWERS[kind]) if answer is not None else None
    found = []
    reference = string(held, "reference")
    if reference is not None:
        address = _address(reference)
        found.append(address)
        if "://" in address:
            found.append("/".join(address.rsplit("/", 2)[1:]))
    identifier = string(held.get("identifier"), "value") if held is not None else None
    if identifier is not None:
        found.append(f"={identifier}")
    return found or [_ANY_CLAIM]


def _address(reference: str) -> str:
    """A reference without the version that it names."""
    return reference.partition("/_history/")[0]


def _root(url: str | None) -> str | None:
    """The server that an address is on; None where it is on none."""
    return url.rsplit("/", 2)[0] if url is not None and "://" in url else None


def _refers(resource: Value | None, name: str) -> str | None:
    reference = string(resource.get(name), "reference") if resource is not None else None
    return None if reference is None else _address(reference)


def _grouped(pairs: Iterable[tuple[str | None, Entry]]) -> Mapping[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for key, entry in pairs:
        if key is not None:
            found.setdefault(key, []).append(entry)
    return found
