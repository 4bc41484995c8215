"""Whether a resource is built as FHIR R4 says: by fhir.resources, and by what that lets pass.

fhir.resources 8 has the models of R4B (4.3.0), no longer those of R4. Each element is held against
its model alone, the elements within it being held against theirs: so every place is known exactly,
the stack stays flat, and what is wrong with one element hides nothing of another.

The models accept what R4 does not, which is looked for here: JSON types (`"1"` for 1), `null`,
empty objects, lists and strings, names that stand twice, codes outside the closed value sets that
matter to a claim, references, the numbers by which an item points, the invariants ext-1 and txt-1.

They reject what is valid, which is not repeated:

* `_valueCode` and its like in an extension: the models have no such member (fhir.resources #204),
* a choice or a list that R4 requires, given only by extensions: they look for a value,
* `Extension.valueMeta` and other `[x]` of any type: R4's list of types ends with Meta, theirs not,
* a UUID that is not of version 4, or without a version: R4 asks for the form alone,
* a byte order mark, and one unknown resource type, for which they give up the whole Bundle,
* R4_ONLY, resource types that R4B has not, or has otherwise.

Nothing of fhir.resources or pydantic is imported before a resource is checked.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, get_args

MOST = 50  # problems told of one resource
COUNTED = 10_000  # problems after which a resource is looked at no further
DEPTH = 64  # objects and lists in one another
NUMBER_TEXT = 40  # characters of a number; amounts in claims have at most 18 digits
EXPONENT = 30  # 1E1000000 is nine bytes, and a million digits to handle
PORTION = 1000  # values of one list that a model is given at a time: it tells errors all at once

R4_ONLY = frozenset((
    "EffectEvidenceSynthesis", "Evidence", "EvidenceVariable", "MedicinalProduct",
    "MedicinalProductAuthorization", "MedicinalProductContraindication",
    "MedicinalProductIndication", "MedicinalProductIngredient", "MedicinalProductInteraction",
    "MedicinalProductManufactured", "MedicinalProductPackaged", "MedicinalProductPharmaceutical",
    "MedicinalProductUndesirableEffect", "RiskEvidenceSynthesis", "SubstanceNucleicAcid",
    "SubstancePolymer", "SubstanceProtein", "SubstanceReferenceInformation",
    "SubstanceSourceMaterial", "SubstanceSpecification",
))  # fmt: skip
"""Resource types of R4 that R4B removed, and two that it made into something else.
Source: https://hl7.org/fhir/R4B/diff.html"""

R4B_ONLY = frozenset((
    "AdministrableProductDefinition", "Citation", "ClinicalUseDefinition", "EvidenceReport",
    "Ingredient", "ManufacturedItemDefinition", "MedicinalProductDefinition", "NutritionProduct",
    "PackagedProductDefinition", "RegulatedAuthorization", "SubscriptionStatus",
    "SubscriptionTopic", "SubstanceDefinition",
))  # fmt: skip
"""Resource types that are not of R4. Source: https://hl7.org/fhir/R4B/diff.html"""

_ABSTRACT = frozenset(("Resource", "DomainResource"))
_R4B_TYPES = frozenset(("CodeableReference", "RatioRange"))
"""Data types that are not of R4. Source: https://hl7.org/fhir/R4B/diff.html"""
_R4B_ELEMENTS = frozenset(("subjectCanonical",))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is not as R4 has it.

    `path` is FHIRPath relative to the resource: `item[0].sequence`, a choice without its type
    (`item[0].serviced`), "" for the resource itself. It leads to the element, or where that is
    missing, or has a name that no path can hold, to where it should be or to the one that holds it.
    `what` is one clause about it, in our own words and without a value of the resource.
    """

    path: str
    what: str


def problems(resource: bytes) -> Sequence[Problem]:
    """What is wrong in one resource, in the order of its text.

    Args: resource, the UTF-8 JSON text of one resource, a byte order mark before it ignored.
    Returns: at most MOST problems; where there are more, one last that says how many. None for a
    type that is `unchecked`. A Bundle is checked with all that is in it.
    Raises: nothing, whatever the text holds.
    """
    check = _Check()
    try:
        raw = _read(resource)
    except RecursionError:
        return [Problem("", f"is nested deeper than {DEPTH} levels")]
    except ValueError:  # UnicodeDecodeError and json.JSONDecodeError are such
        return [Problem("", "is not JSON")]
    return check.result(lambda: check.resource(raw, "", 1))


def bundle_problems(head: Mapping[str, Any]) -> Sequence[Problem]:
    """What is wrong in a Bundle itself; resources in it are not looked into.

    Args: head, the members of the Bundle as `json` reads them. `entry` may be left out; where it is
    given, each entry is checked but for its `resource`, which has to be an object and may be empty.
    Returns, raises: as `problems`.
    """
    check = _Check(enters=False)
    return check.result(lambda: check.element(dict(head), "Bundle", "", 1, _Scope()))


def unchecked(resource_type: str) -> bool:
    """Whether R4 has this resource type and the models have not: nothing can be said of it."""
    return resource_type in R4_ONLY


# --- JSON as it was written -----------------------------------------------------------------------


class _Unhandy(Enum):
    """A number that is not read."""

    LONG = f"has more than {NUMBER_TEXT} characters or an exponent beyond {EXPONENT}"
    NONE = "is not a number of JSON"


class _Twice(dict[str, Any]):
    """An object in which names stand twice; of each the last value is kept."""

    names: Sequence[str] = ()


_EXPONENT = re.compile(r"[eE][-+]?0*([0-9]+)\Z")


def _read(resource: bytes) -> Any:
    """Raises: ValueError, RecursionError."""
    return json.loads(
        resource.decode("utf-8-sig"),
        object_pairs_hook=_object,
        parse_int=_whole,
        parse_float=_fraction,
        parse_constant=lambda _: _Unhandy.NONE,
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    double = _Twice(found)
    double.names = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    return double


def _whole(text: str) -> int | _Unhandy:
    return int(text) if len(text) <= NUMBER_TEXT else _Unhandy.LONG


def _fraction(text: str) -> Decimal | _Unhandy:
    if len(text) > NUMBER_TEXT:
        return _Unhandy.LONG
    exponent = _EXPONENT.search(text)
    return _Unhandy.LONG if exponent and int(exponent[1]) > EXPONENT else Decimal(text)


class _Kind(Enum):
    OBJECT = "an object"
    LIST = "a list"
    STRING = "a string"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    NULL = "null"


_KINDS: Final[Mapping[type, _Kind]] = {
    dict: _Kind.OBJECT,
    _Twice: _Kind.OBJECT,
    list: _Kind.LIST,
    str: _Kind.STRING,
    bool: _Kind.BOOLEAN,
    type(None): _Kind.NULL,
}


def _kind(value: object) -> _Kind:
    return _KINDS.get(type(value), _Kind.NUMBER)


# --- what R4 asks of values -----------------------------------------------------------------------

_MEANING: Final[Mapping[str, str]] = MappingProxyType({
    "base64Binary": "base64",
    "boolean": "true or false",
    "canonical": "a canonical (no white space)",
    "code": "a code (no white space around it, and single within)",
    "date": "a date (YYYY, YYYY-MM or YYYY-MM-DD)",
    "dateTime": "a dateTime (a date, or a date with time, seconds and time zone)",
    "decimal": "a decimal",
    "id": "an id (1 to 64 letters, digits, - and .)",
    "instant": "an instant (a date with time, seconds and time zone)",
    "integer": "an integer of 32 bits",
    "markdown": "markdown",
    "oid": "an OID (urn:oid:1.2.3)",
    "positiveInt": "a positiveInt (1 or more)",
    "string": "a string with something in it",
    "time": "a time (hh:mm:ss)",
    "unsignedInt": "an unsignedInt (0 or more)",
    "uri": "a URI (no white space)",
    "url": "a URL (no white space)",
    "uuid": "a UUID (urn:uuid: and 32 lower-case hexadecimal digits)",
    "xhtml": "XHTML",
})  # fmt: skip
"""The primitive types, and what they are in words. Source: https://hl7.org/fhir/R4/datatypes.html"""

_WHOLE = frozenset(("integer", "positiveInt", "unsignedInt"))
_JSON: Final[Mapping[str, _Kind]] = {
    "boolean": _Kind.BOOLEAN,
    "decimal": _Kind.NUMBER,
    **dict.fromkeys(_WHOLE, _Kind.NUMBER),
}
"""How a primitive type is written, where not as a string."""

_UNBROKEN = re.compile(r"\S+")
_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "uri": _UNBROKEN,
    "url": _UNBROKEN,
    "canonical": _UNBROKEN,
    "id": re.compile(r"[A-Za-z0-9.-]{1,64}"),
    "uuid": re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
}
"""Forms that the models do not ask for. Source: https://hl7.org/fhir/R4/datatypes.html"""

_NOT_FOR_MODELS = "uuid"  # they ask for version 4

_STATUS = ("active", "cancelled", "draft", "entered-in-error")
# https://hl7.org/fhir/R4/valueset-fm-status.html
_CODES: Final[Mapping[tuple[str, str], Sequence[str]]] = {
    ("Claim", "status"): _STATUS,
    ("Coverage", "status"): _STATUS,
    # https://hl7.org/fhir/R4/valueset-claim-use.html
    ("Claim", "use"): ("claim", "preauthorization", "predetermination"),
    # https://hl7.org/fhir/R4/valueset-event-status.html
    ("Procedure", "status"): (
        "preparation", "in-progress", "not-done", "on-hold", "stopped", "completed",
        "entered-in-error", "unknown",
    ),
    # https://hl7.org/fhir/R4/valueset-bundle-type.html
    ("Bundle", "type"): (
        "document", "message", "transaction", "transaction-response", "batch", "batch-response",
        "history", "searchset", "collection",
    ),
    # https://hl7.org/fhir/R4/valueset-administrative-gender.html
    ("Patient", "gender"): ("male", "female", "other", "unknown"),
}  # fmt: skip
"""Closed value sets that R4 requires. The models' own `enum_values` break off at a `+`."""

_CURRENCY = re.compile(r"[A-Z]{3}")
# https://hl7.org/fhir/R4/valueset-currencies.html

_POINTERS: Final[Mapping[str, str]] = {
    "careTeamSequence": "careTeam",
    "diagnosisSequence": "diagnosis",
    "informationSequence": "supportingInfo",
    "procedureSequence": "procedure",
}
"""Numbers in an item of a Claim, and the list of the Claim whose `sequence` they give.
Source: https://hl7.org/fhir/R4/claim-definitions.html"""

_TAG = re.compile(
    r"""<(?: !--.*?--> | /?([A-Za-z][^\s<>/"'=]*+) ((?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+) > | (.?) )""",
    re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""\s([^\s<>/"'=]++)\s*+=\s*+("[^"]*+"|'[^']*+')""")
_TAGS = frozenset((
    "a", "abbr", "acronym", "b", "big", "blockquote", "br", "caption", "cite", "code", "col",
    "colgroup", "dd", "dfn", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i",
    "img", "li", "ol", "p", "pre", "q", "samp", "small", "span", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul", "var",
))  # fmt: skip
"""Elements that a narrative may have: invariant txt-1, https://hl7.org/fhir/R4/narrative.html"""
_RUNS = re.compile(r"[\s\x00-\x20]*+(?:javascript|vbscript|data:text/html)", re.IGNORECASE)


def _is_active(narrative: str) -> bool:
    """Whether a narrative holds more than formatted text: an element that txt-1 does not list, an
    attribute that is run (`onclick`, a script as address), a document type or instruction."""
    for tag in _TAG.finditer(narrative):
        name, attributes, odd = tag.groups()
        if odd in ("!", "?"):
            return True
        if name is None:
            continue
        if name not in _TAGS:
            return True
        for attribute, value in _ATTRIBUTE.findall(attributes):
            if attribute.lower().startswith("on") or _RUNS.match(value[1:-1]):
                return True
    return False


_TYPE_IN_URL = re.compile(
    r"(?:^|/)([A-Z][A-Za-z]{1,63})(?:/[A-Za-z0-9.-]{1,64}(?:/_history/[^/]{1,64})?|\?[^/]*)\Z"
)
"""The resource type in `Patient/1`, `https://a.b/Patient/1/_history/2` and `Patient?a=b`."""


# --- the models -----------------------------------------------------------------------------------


class _Member(NamedTuple):
    """An element that an object may have. `type` is a primitive type, or names a model."""

    name: str
    type: str
    is_list: bool
    stem: str  # of a choice the name without its type, else ""
    is_required_choice: bool
    targets: frozenset[str]  # what a Reference may lead to; empty where it may lead anywhere

    @property
    def is_primitive(self) -> bool:
        return self.type in _MEANING

    def under(self, path: str) -> str:
        """Its path. `div` is an operator of FHIRPath: what is wrong there is told of its parent."""
        return path if self.name == "div" else _joined(path, self.stem or self.name)


class _Library(NamedTuple):
    """What is imported on first use. `types` holds a class `ClaimType` for the model Claim, which
    imports that model when it is asked for it."""

    types: Any
    model: Callable[[str], Any]
    primitives: Mapping[Any, str]
    invalid: type[ValueError]


@lru_cache(maxsize=1)
def _library() -> _Library:
    from fhir_core.constraints import FHIR_PRIMITIVES_MAPS
    from fhir_core.fhirabstractmodel import FHIRAbstractModel

    # before any model is imported: no message may ever show a value
    FHIRAbstractModel.set_global_model_config(hide_input_in_errors=True)
    from fhir.resources.R4B import fhirtypes, get_fhir_model_class
    from pydantic import ValidationError

    return _Library(fhirtypes, get_fhir_model_class, FHIR_PRIMITIVES_MAPS, ValidationError)


def _is_resource(type_: str) -> bool:
    """Whether R4 and the models have this resource type."""
    if type_ in R4B_ONLY or type_ in _ABSTRACT:
        return False
    declared = getattr(_library().types, f"{type_}Type", None)
    if not isinstance(declared, type) or not hasattr(declared, "get_model_klass"):
        return False  # a primitive type, or nothing
    return bool(_library().model(type_).has_resource_base())


@lru_cache(maxsize=1024)  # there are fewer models
def _members(type_: str) -> Mapping[str, _Member]:
    """What an element of this type may have, by name in JSON. Companions (`_name`) are not in it.

    Args: type_, the name of a model.
    """
    found: dict[str, _Member] = {}
    for name, info in _library().model(type_).model_fields.items():
        if name.endswith("__ext") or name == "fhir_comments":
            continue
        leaf, is_list = _leaf(info.annotation)
        if leaf in _R4B_TYPES or name in _R4B_ELEMENTS:
            continue
        told = info.json_schema_extra or {}
        targets = frozenset(told.get("enum_reference_types", ()))
        member = _Member(
            info.alias or name,
            leaf,
            is_list,
            told.get("one_of_many", ""),
            bool(told.get("one_of_many_required")),
            frozenset() if "Resource" in targets else targets,
        )
        found[member.name] = member
    for member in list(found.values()):  # of any type: R4 ends the list with Dosage and Meta
        if member.stem and member.type == "Dosage":
            meta = member._replace(name=f"{member.stem}Meta", type="Meta")
            found.setdefault(meta.name, meta)
    return found


def _leaf(annotation: Any) -> tuple[str, bool]:
    """The FHIR type at the bottom of an annotation, and whether it is in a list."""
    primitive = _library().primitives.get(annotation)
    if primitive is not None:
        return primitive, False
    if isinstance(annotation, type) and hasattr(annotation, "get_model_klass"):
        return annotation.__name__.removesuffix("Type"), False
    is_list = getattr(annotation, "__origin__", None) is list
    for inner in get_args(annotation):
        leaf, inner_list = _leaf(inner)
        if leaf:
            return leaf, is_list or inner_list
    return "", False


@lru_cache(maxsize=1024)
def _stand_in(type_: str) -> Any:
    """An element of a type, which a model takes for a valid one: it is checked on its own."""
    return _library().model(type_).model_construct()


# --- the check ------------------------------------------------------------------------------------


class _Contained(NamedTuple):
    path: str
    id: object
    type: object


@dataclass(slots=True)
class _Scope:
    """A resource and what it contains: `#a` leads from anywhere in it to what is contained."""

    contained: list[_Contained] = field(default_factory=list)
    local: list[tuple[str, str, frozenset[str]]] = field(default_factory=list)
    """References within it: the path, the id, the types that may be there."""
    pointed: set[str] = field(default_factory=set)
    """Ids that a reference or an address leads to."""
    is_inner: bool = False  # a contained resource is looked at
    pointing: set[str] = field(default_factory=set)
    """Paths of contained resources that refer to what contains them."""
    inner: str = ""  # the path of the contained resource that is looked at
    has_unseen: bool = False  # something in it was not looked at and may refer


class _Enough(Exception):
    """COUNTED problems."""


class _Check:
    """Looks at one resource. `enters`: also at resources that are not contained but within it."""

    def __init__(self, *, enters: bool = True) -> None:
        self.enters = enters
        self.found: list[Problem] = []
        self.count = 0

    def result(self, check: Callable[[], None]) -> Sequence[Problem]:
        """What was found, after a check that may stop at any time."""
        beyond = ""
        try:
            check()
        except _Enough:
            beyond = "more than "
        except RecursionError:  # the caller's own stack was deep
            self.found.append(Problem("", "could not be checked to its end"))
        more = self.count - MOST
        if more > 0:
            noun = "problem" if more == 1 else "problems"
            self.found.append(Problem("", f"has {beyond}{more} {noun} more, which are not listed"))
        return self.found

    def tell(self, path: str, what: str) -> None:
        self.count += 1
        if self.count <= MOST:
            self.found.append(Problem(path, what))
        elif self.count >= COUNTED:
            raise _Enough

    def resource(self, raw: Any, path: str, depth: int, scope: _Scope | None = None) -> None:
        """Checks a resource; `scope` is given for a contained one."""
        if _kind(raw) is not _Kind.OBJECT:
            self.tell(path, f"is {_kind(raw).value}, not an object")
            return
        type_ = raw.get("resourceType")
        if not isinstance(type_, str):
            missing = "resourceType" not in raw
            self.tell(path, "has no resourceType" if missing else "has no string as resourceType")
        elif type_ in R4_ONLY:
            pass
        elif not _is_resource(type_):
            self.tell(path, "has a resourceType that R4 does not have")
        elif scope is not None:
            self.element(raw, type_, path, depth, scope)
            return
        else:
            own = _Scope()
            self.element(raw, type_, path, depth, own)
            self.settle(own)
            return
        if scope is not None:
            scope.has_unseen = True

    def element(
        self, raw: dict[str, Any], type_: str, path: str, depth: int, scope: _Scope
    ) -> None:
        """Checks an object against the model of its type, and all that is in it against theirs.

        Args: depth, how many objects and lists it is in, itself counted.
        """
        if depth > DEPTH:
            self.tell(path, f"is nested deeper than {DEPTH} levels")
            scope.has_unseen = True
            return
        if not raw:
            self.tell(path, "is an empty object")
            return
        members = _members(type_)
        if isinstance(raw, _Twice):
            for name in raw.names:
                self.tell(_told_of(members, name, path), "stands twice in one object")
        before = self.count
        given: dict[str, Any] = {}
        for name, value in raw.items():
            member = members.get(name)
            if member is not None:
                checked = self.member(member, type_, value, raw, path, depth, scope)
                if checked is not None:
                    given[name] = checked
            elif name == "resourceType" and type_ not in _MEANING and _is_resource(type_):
                pass
            else:
                self.other(members, name, value, raw, path, depth, scope)
        self.choices(members, raw, path)
        self.more(raw, type_, path)
        if given or type_ != "FHIRPrimitiveExtension":
            self.model(members, type_, given, raw, path, told=self.count > before)

    def member(
        self,
        member: _Member,
        type_: str,
        value: Any,
        raw: dict[str, Any],
        path: str,
        depth: int,
        scope: _Scope,
    ) -> Any:
        """Checks an element; returns what its model is to be given, None for nothing."""
        at = member.under(path)
        kind = _kind(value)
        if member.is_list:
            if kind is not _Kind.LIST:
                self.tell(at, "is null" if kind is _Kind.NULL else f"is {kind.value}, not a list")
                return None
            if not value:
                self.tell(at, "is an empty list")
                return None
            if member.is_primitive:
                beside = raw.get(f"_{member.name}")
                return [
                    None
                    if each is None and _is_given(beside, index)
                    else self.primitive(member, type_, each, f"{at}[{index}]", scope)
                    for index, each in enumerate(value)
                ]
            for index, each in enumerate(value):
                self.complex(member, each, f"{at}[{index}]", depth + 2, scope)
            return [_stand_in(member.type)]
        if member.is_primitive:
            return self.primitive(member, type_, value, at, scope)
        self.complex(member, value, at, depth + 1, scope)
        return _stand_in(member.type)

    def other(
        self,
        members: Mapping[str, _Member],
        name: str,
        value: Any,
        raw: dict[str, Any],
        path: str,
        depth: int,
        scope: _Scope,
    ) -> None:
        """Checks what is no element: the companion of one, or nothing that R4 has."""
        member = members.get(name[1:]) if name.startswith("_") else None
        if member is None or not member.is_primitive or member.name in ("id", "div"):
            scope.has_unseen = True
            self.tell(_told_of(members, name, path), "is no element of R4" if _is_plain(name)
                      else "has an element with a name that R4 does not have")  # fmt: skip
            return
        at = member.under(path)
        extension = member._replace(type="FHIRPrimitiveExtension")
        if not member.is_list:
            self.complex(extension, value, at, depth + 1, scope, aside=True)
        elif _kind(value) is not _Kind.LIST:
            self.tell(at, f"has {_kind(value).value} beside it, not a list")
        elif not value:
            self.tell(at, "has an empty list beside it")
        else:
            beside = raw.get(member.name)
            for index, each in enumerate(value):
                if each is not None:
                    self.complex(extension, each, f"{at}[{index}]", depth + 2, scope, aside=True)
                elif not isinstance(beside, list) or index >= len(beside):
                    self.tell(f"{at}[{index}]", "has null beside it and no value")

    def primitive(self, member: _Member, type_: str, value: Any, at: str, scope: _Scope) -> Any:
        """Checks one value; returns what the model is to be given, None for nothing."""
        kind = _kind(value)
        wanted = _JSON.get(member.type, _Kind.STRING)
        wrong = ""
        if kind is _Kind.NULL:
            wrong = "is null"
        elif kind is not wanted:
            wrong = f"is {kind.value}, not {wanted.value}"
        elif kind is _Kind.NUMBER:
            wrong = _number_trouble(value, member.type)
        elif kind is _Kind.STRING:
            wrong = _string_trouble(value, member, type_)
            if not wrong and value[0] == "#" and member.type in ("uri", "url", "canonical"):
                scope.pointed.add(value[1:])
        if wrong:
            self.tell(at, wrong)
            return None
        return None if member.type == _NOT_FOR_MODELS else value

    def complex(
        self,
        member: _Member,
        value: Any,
        at: str,
        depth: int,
        scope: _Scope,
        *,
        aside: bool = False,
    ) -> None:
        """Checks one object; `aside` is one that stands beside a value, not at its place."""
        kind = _kind(value)
        if kind is not _Kind.OBJECT:
            found = "null" if kind is _Kind.NULL else f"{kind.value}, not an object"
            if aside:
                found = f"{kind.value} beside it, not an object"
            self.tell(at, f"has {found}" if aside else f"is {found}")
        elif member.type == "Resource":
            self.inner(member, value, at, depth, scope)
        else:
            self.element(value, member.type, at, depth, scope)
            if member.type == "Reference":
                self.reference(value, member.targets, at, scope)

    def inner(
        self, member: _Member, value: dict[str, Any], at: str, depth: int, scope: _Scope
    ) -> None:
        """Checks a resource within another."""
        if member.name != "contained":
            if self.enters:
                self.resource(value, at, depth)
            return
        if scope.inner:
            self.tell(at, "is contained in a contained resource")
            scope.has_unseen = True
            return
        scope.contained.append(_Contained(at, value.get("id"), value.get("resourceType")))
        scope.inner = at
        self.resource(value, at, depth, scope)
        scope.inner = ""

    def reference(
        self, raw: dict[str, Any], targets: frozenset[str], at: str, scope: _Scope
    ) -> None:
        """Checks where a reference leads to, as far as it tells."""
        address = raw.get("reference")
        if not isinstance(address, str):
            return
        if address == "#":
            scope.pointing.add(scope.inner)
        elif address.startswith("#"):
            scope.pointed.add(address[1:])
            scope.local.append((at, address[1:], targets))
        elif targets and (match := _TYPE_IN_URL.search(address)):
            type_ = match[1]
            if type_ not in targets and (type_ in R4_ONLY or _is_resource(type_)):
                self.tell(at, "refers to a type of resource that R4 does not allow there")

    def settle(self, scope: _Scope) -> None:
        """Checks what can be said only when the whole resource was seen."""
        there: dict[object, object] = {}
        for inner in scope.contained:
            if isinstance(inner.id, str):
                if inner.id in there:
                    self.tell(inner.path, "has the id of another contained resource")
                there.setdefault(inner.id, inner.type)
        for path, id_, targets in scope.local:
            if id_ not in there:
                self.tell(path, "refers to a contained resource that is not there")
            elif targets and there[id_] not in targets:
                self.tell(path, "refers to a type of resource that R4 does not allow there")
        if scope.has_unseen:
            return
        for inner in scope.contained:
            if inner.id not in scope.pointed and inner.path not in scope.pointing:
                self.tell(inner.path, "is contained, but nothing refers to it")

    def choices(self, members: Mapping[str, _Member], raw: dict[str, Any], path: str) -> None:
        """Checks that of each choice one form is given; a value or what stands beside it counts."""
        forms: dict[str, set[str]] = {}
        for name in raw:
            member = members.get(name.removeprefix("_"))
            if member is not None and member.stem:
                forms.setdefault(member.stem, set()).add(member.name)
        for stem, names in forms.items():
            if len(names) > 1:
                self.tell(path, f"has {stem} in more than one form")
        for stem in dict.fromkeys(m.stem for m in members.values() if m.is_required_choice):
            if stem not in forms:
                self.tell(path, f"has no {stem} in any form, which is required")

    def more(self, raw: dict[str, Any], type_: str, path: str) -> None:
        """Checks what R4 says of some types besides their elements."""
        if type_ == "Extension":
            has_value = any(name.removeprefix("_").startswith("value") for name in raw)
            if has_value == ("extension" in raw):
                both = "has both a value" if has_value else "has neither a value"
                self.tell(path, f"{both} {'and' if has_value else 'nor'} extensions")
        elif type_ == "Narrative":
            narrative = raw.get("div")
            if isinstance(narrative, str) and _is_active(narrative):
                self.tell(path, "has markup in its div that R4 does not allow")
        elif type_ in ("Claim", "ExplanationOfBenefit"):
            self.pointers(raw, path)

    def pointers(self, raw: dict[str, Any], path: str) -> None:
        """Checks that each number by which an item points is the `sequence` of something."""
        there = {
            name: {each.get("sequence") for each in _objects(raw.get(name))}
            for name in _POINTERS.values()
        }
        for position, item in enumerate(_listed(raw.get("item"))):
            if not isinstance(item, dict):
                continue
            for name, target in _POINTERS.items():
                for index, number in enumerate(_listed(item.get(name))):
                    if type(number) is int and number not in there[target]:
                        at = _joined(path, f"item[{position}].{name}[{index}]")
                        self.tell(at, f"is the sequence of no {target}")

    def model(
        self,
        members: Mapping[str, _Member],
        type_: str,
        given: dict[str, Any],
        raw: dict[str, Any],
        path: str,
        *,
        told: bool,
    ) -> None:
        """Asks the model what it thinks of an object, and tells what is not told yet."""
        library = _library()
        for portion, name, start in _portions(given):
            try:
                library.model(type_).model_validate(portion)
            except library.invalid as invalid:
                for error in _errors(invalid):
                    self.translate(members, error, raw, path, name, start, told=told)
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                self.tell(path, "could not be checked")

    def translate(
        self,
        members: Mapping[str, _Member],
        error: Mapping[str, Any],
        raw: dict[str, Any],
        path: str,
        only: str,
        start: int,
        *,
        told: bool,
    ) -> None:
        """Tells an error of a model in our words; `only` of one member where it is given in
        portions, whose values begin at `start`."""
        place = error["loc"]
        member = members.get(place[0]) if place else None
        if only and (member is None or member.name != only):
            return
        if member is None:  # of the whole: that a choice has two forms or none
            if not told:
                self.tell(path, "is not as R4 has it")
            return
        at = member.under(path)
        if error["type"] in ("missing", "model_field_validation.missing"):
            if member.name not in raw and not _is_extended(raw.get(f"_{member.name}")):
                self.tell(at, "is required" if at != path else f"has no {member.name}")
            return
        if len(place) > 1:
            at += f"[{start + place[1]}]"
        self.tell(at, f"is not {_MEANING[member.type]}" if member.is_primitive
                  else "is not as R4 has it")  # fmt: skip


def _errors(invalid: Any) -> Sequence[Mapping[str, Any]]:
    errors: Sequence[Mapping[str, Any]] = invalid.errors(
        include_url=False, include_context=False, include_input=False
    )
    return errors


def _portions(given: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, int]]:
    """What a model is given, no list longer than PORTION. Of a longer one the rest follows: with
    the name of the list, and the position in it that the portion begins at."""
    long = {
        name: values
        for name, values in given.items()
        if isinstance(values, list) and len(values) > PORTION
    }
    first = {**given, **{name: values[:PORTION] for name, values in long.items()}}
    yield first, "", 0
    for name, values in long.items():
        for start in range(PORTION, len(values), PORTION):
            yield {**first, name: values[start : start + PORTION]}, name, start


def _number_trouble(value: Any, type_: str) -> str:
    """What is wrong with a number of a type, empty for nothing."""
    if isinstance(value, _Unhandy):
        return value.value
    if isinstance(value, float) and not -(10.0**NUMBER_TEXT) < value < 10.0**NUMBER_TEXT:
        return _Unhandy.LONG.value  # a number that `json` has read, infinity and NaN included
    if isinstance(value, int) and not -(10**NUMBER_TEXT) < value < 10**NUMBER_TEXT:
        return _Unhandy.LONG.value
    if isinstance(value, Decimal) and not (
        value.is_finite() and abs(value.adjusted()) <= NUMBER_TEXT + EXPONENT
    ):
        return _Unhandy.LONG.value
    if type_ in _WHOLE and not isinstance(value, int):
        return "is not a whole number"
    return ""


def _string_trouble(value: str, member: _Member, type_: str) -> str:
    """What is wrong with a string that is an element of a type, empty for nothing."""
    if not value:
        return "is an empty string"
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            return "holds half of a surrogate pair"
    form = _FORMS.get(member.type)
    if form is not None and not form.fullmatch(value):
        return f"is not {_MEANING[member.type]}"
    codes = _CODES.get((type_, member.name))
    if codes is not None and value not in codes:
        return f"is none of {', '.join(codes)}"
    if type_ == "Money" and member.name == "currency" and not _CURRENCY.fullmatch(value):
        return "is not a currency of ISO 4217 (three capital letters)"
    return ""


# --- paths and shapes -----------------------------------------------------------------------------

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def _is_plain(name: str) -> bool:
    """Whether FHIRPath takes it as the name of an element, as it stands."""
    return _PLAIN.fullmatch(name) is not None


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _told_of(members: Mapping[str, _Member], name: str, path: str) -> str:
    """The path of what is called so in JSON; of a name that no path can hold, that of its parent:
    such a name may be anything."""
    member = members.get(name.removeprefix("_"))
    if member is not None:
        return member.under(path)
    return _joined(path, name) if _is_plain(name) else path


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: object) -> Iterator[dict[str, Any]]:
    return (each for each in _listed(value) if isinstance(each, dict))


def _is_given(beside: object, index: int) -> bool:
    """Whether something stands beside a value of a list."""
    with suppress(IndexError):
        return isinstance(_listed(beside)[index], dict)
    return False


def _is_extended(beside: object) -> bool:
    """Whether extensions stand beside a value, or a list of values, in its place."""
    return any(
        "extension" in each for each in _objects(beside if isinstance(beside, list) else [beside])
    )
