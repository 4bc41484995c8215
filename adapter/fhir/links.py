"""What a resource refers to: contained in it, beside it, or not at hand; nothing is fetched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from adapter.fhir.reading import Fields, string
from adapter.fhir.spans import Value
from adapter.model import Trouble


class Destination(NamedTuple):
    """A resource that a reference led to, its entry's fullUrl, and the expression that leads to it;
    `odd` says why it led to none that can be read."""

    value: Value | None
    odd: str = ""
    url: str | None = None
    path: str = ""


class Scope(Protocol):
    """What references of a resource may lead to: the resources beside it."""

    def find(self, reference: str, base: str | None) -> Destination: ...
    def role_of(self, practitioner: Value) -> Value | None: ...
    def answers(self, claim: Value, url: str | None) -> Sequence[Value]: ...
    @property
    def memory(self) -> dict[str, Any]: ...
    def subject(self, reference: str, base: str | None) -> str | None: ...
    def has_siblings(self, patient: str, base: str | None) -> bool: ...
    def about(self, resource: Value, url: str | None) -> Sequence[Destination]: ...
    def procedures(
        self, patient: str, base: str | None, days: Collection[dt.date]
    ) -> Sequence[Destination]: ...
    def coverages(self, patient: str | None, base: str | None) -> Sequence[Destination]: ...


class Links:
    """Follows the references of one resource, and of those that they lead to.

    `fields` is told of those that lead to nothing that can be read. Args: path, the expression of
    the resource itself.
    """

    def __init__(
        self, root: Value, scope: Scope, url: str | None, fields: Fields, path: str = ""
    ) -> None:
        self._root, self._scope, self._url, self._fields = root, scope, url, fields
        self._owners: dict[int, tuple[Value, Value, str | None]] = {}
        self._containers: dict[int, tuple[Value, Mapping[str, Sequence[tuple[int, Value]]]]] = {}
        self._places: dict[int, str] = {id(root): path}

    def refer(self, parent: Value | None, name: str, path: str) -> Value | None:
        """The resource that the Reference `parent.name` leads to, where it is at hand."""
        held = self._fields.object(parent, name, path)
        return self.follow(held, f"{path}.{name}" if path else name)

    def follow(self, held: Value | None, path: str, of: Value | None = None) -> Value | None:
        """The resource that a Reference leads to.

        Args: path, of what is read of the resource for it; of, the resource that refers, where that
        is not the first one: its own contained resources are meant by `#`.
        """
        reference = self._fields.text(held, "reference", path)
        if reference is None:
            return None
        _, owner, url = self._owners.get(id(of), (self._root, self._root, self._url))
        if reference.startswith("#"):
            if reference == "#":
                return owner
            there = self._contained(owner).get(reference[1:], ())
            if len(there) != 1:
                what = "is not there" if not there else "is there more than once"
                self._fields.odd(
                    Trouble.REFERENCE, path, f"refers to a contained resource that {what}"
                )
                return None
            ((position, found),) = there
            self._owners[id(found)] = (found, owner, url)
            self._places[id(found)] = f"{self.place(owner)}.contained[{position}]"
            return found
        return self.at(self._scope.find(reference, url), path)

    def at(self, there: Destination, path: str) -> Value | None:
        """The resource at a destination that is known already; what is odd of it is told."""
        if there.odd:
            self._fields.odd(Trouble.REFERENCE, path, there.odd)
        if there.value is not None:
            self._places[id(there.value)] = there.path
        return self.owned(there.value, there.url)

    def place(self, resource: Value) -> str:
        """The expression that leads to a resource that was followed; empty where none is known."""
        return self._places.get(id(resource), "")

    def url(self, resource: Value) -> str | None:
        """The fullUrl of a resource that was followed."""
        return self._owners[id(resource)][2] if id(resource) in self._owners else None

    def owned(self, found: Value | None, url: str | None) -> Value | None:
        """A resource from beside the first one: it contains what it refers to by `#`."""
        if found is not None:
            self._owners[id(found)] = (found, found, url)
        return found

    def _contained(self, owner: Value) -> Mapping[str, Sequence[tuple[int, Value]]]:
        """What a resource contains, by id, with its position from 0."""
        known = self._containers.get(id(owner))
        if known is None:
            grouped: dict[str, list[tuple[int, Value]]] = {}
            for position, resource in Fields().objects(owner, "contained", ""):
                ident = string(resource, "id") or ""
                grouped.setdefault(ident, []).append((position, resource))
            known = self._containers[id(owner)] = (owner, grouped)
        return known[1]
