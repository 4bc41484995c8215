"""What references lead to: the resources in the same Bundle, or in rows of the same input.

Only what was in the input is looked at, a reference to elsewhere leads to nothing, and none is ever
fetched. Each chain that a reader follows has a fixed length, so that cycles are no matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache

from adapter.fhir.claim import Target
from adapter.fhir.reading import string
from adapter.fhir.spans import Broken, Value, scan
from adapter.fhir.survey import Entry
from adapter.source import Data

READ_OF_ONE = 20  # resources that say the same of one: that they are there matters, not how many
KEPT = 512  # resources that are held as spans, besides those that are being read
ANSWERS = {"ClaimResponse": "request", "ExplanationOfBenefit": "claim"}
"""Types that answer a claim, and the member that refers to it."""


class Neighbours:
    """The resources beside a claim, by the addresses that references use."""

    def __init__(self, data: Data, entries: Sequence[Entry]) -> None:
        self._data, self._entries = data, entries
        self._read = lru_cache(maxsize=KEPT)(self._scanned)
        self._same: dict[int, bool] = {}  # by the list of entries, which an index holds

    def find(self, reference: str, base: str | None) -> Target:
        """The resource at an address, of which several may be there.

        Args: base, the fullUrl of the entry that refers, to which a relative address belongs.
        """
        reference = reference.partition("/_history/")[0]
        found = self._by_url.get(reference)
        if found is None and base is not None and "://" in base and ":" not in reference:
            root = base.rsplit("/", 2)[0]
            found = self._by_url.get(f"{root}/{reference}")
        if found is None and ":" not in reference:
            found = self._by_id.get(reference)
        if found is None and reference.startswith("urn:uuid:"):
            found = self._by_uuid.get(reference.removeprefix("urn:uuid:"))
        if found is None:
            return Target(None)
        if len(found) > 1 and not self._is_one(found):
            return Target(None, "refers to more than one resource")
        value = self._read(found[0])
        odd = "" if value is not None else "refers to a resource that is nested too deep to be read"
        return Target(value, odd)

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
        """The responses that refer to a claim."""
        ident = string(claim, "id")
        names = [name for name in (url, ident and f"Claim/{ident}") if name]
        entries = [e for name in names for e in self._answers.get(name, ())[:READ_OF_ONE]]
        return [answer for answer in map(self._read, entries) if answer is not None]

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
    def _answers(self) -> Mapping[str, list[Entry]]:
        answers = (entry for entry in self._entries if entry.type in ANSWERS)
        return _grouped((_refers(self._read(one), ANSWERS[one.type]), one) for one in answers)

    def _bytes(self, entry: Entry) -> bytes:
        return self._data[entry.start : entry.end]

    def _scanned(self, entry: Entry) -> Value | None:
        """The resource; one that is nested deeper than is read is as if it were not there: None."""
        try:
            value = scan(self._bytes(entry))
        except Broken:
            return None
        return value if entry.bare else value.get("resource")


def _refers(resource: Value | None, name: str) -> str | None:
    return string(resource.get(name), "reference") if resource is not None else None


def _grouped(pairs: Iterable[tuple[str | None, Entry]]) -> Mapping[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for key, entry in pairs:
        if key is not None:
            found.setdefault(key, []).append(entry)
    return found
