"""What references lead to: the resources in the same Bundle, those around it, or in other rows.

Only what was in the input is looked at, a reference to elsewhere leads to nothing, and none is ever
fetched. Each chain that a reader follows has a fixed length, so that cycles are no matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache

from adapter.fhir.claim import Target
from adapter.fhir.reading import Fields, string
from adapter.fhir.spans import Broken, Value, scan
from adapter.fhir.survey import Entry
from adapter.source import Data

READ_OF_ONE = 20  # resources that say the same of one: that they are there matters, not how many
KEPT = 512  # resources that are held as spans, besides those that are being read
ANSWERS = {"ClaimResponse": "request", "ExplanationOfBenefit": "claim"}
"""Types that answer a claim, and the member that refers to it."""

_ANY_CLAIM = "?"
"""The address of the claim where an answer names none: it may be of each."""


class Neighbours:
    """The resources beside a claim, by the addresses that references use; `around` are those
    outside of its Bundle."""

    def __init__(
        self, data: Data, entries: Sequence[Entry], around: Neighbours | None = None
    ) -> None:
        self._data, self._entries, self._around = data, entries, around
        self._read = lru_cache(maxsize=KEPT)(self._scanned)
        self._same: dict[int, bool] = {}  # by the list of entries, which an index holds

    def find(self, reference: str, base: str | None) -> Target:
        """The resource at an address, of which several may be there.

        Args: base, the fullUrl of the entry that refers, to which a relative address belongs.
        """
        found = self._at(_address(reference), base)
        if found is None:
            return self._around.find(reference, base) if self._around else Target(None)
        if len(found) > 1 and not self._is_one(found):
            return Target(None, "refers to more than one resource")
        value = self._read(found[0])
        odd = "" if value is not None else "refers to a resource that is nested too deep to be read"
        return Target(value, odd, found[0].url)

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
