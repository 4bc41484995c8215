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
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, get_args, get_origin

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
_NOT_R4 = frozenset(("fhir_comments", "subjectCanonical"))
"""Elements of the models that are of DSTU2, and of R4B."""


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
    """What is wrong in one resource.

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
    raw = dict(head)
    return check.result(lambda: check.element(_Node(raw, "Bundle", "", 1, _Scope(raw))))


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

# No group is possessive: before Python 3.11.5 one in which something can be taken back may fail to
# match. Source: https://github.com/python/cpython/issues/106052
_TAG = re.compile(
    r"""<(?: !-- [^-]*+ (?: -[^-]++ )* -->
      | /?+([A-Za-z][A-Za-z0-9]*+)
        ((?: \s++ [^\s<>/"'=]++ \s*+=\s*+ (?: "[^"<]*+" | '[^'<]*+' ))*) \s*+ /?+ > )""",
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([^\s<>/"'=]++)\s*+=\s*+("[^"]*+"|'[^']*+')""")
_TAGS = frozenset((
    "a", "abbr", "acronym", "b", "big", "blockquote", "br", "caption", "cite", "code", "col",
    "colgroup", "dd", "dfn", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i",
    "img", "li", "ol", "p", "pre", "q", "samp", "small", "span", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul", "var",
))  # fmt: skip
_ATTRIBUTES = frozenset((
    "abbr", "accesskey", "align", "alt", "axis", "bgcolor", "border", "cellhalign", "cellpadding",
    "cellspacing", "cellvalign", "char", "charoff", "charset", "cite", "class", "colspan",
    "compact", "coords", "dir", "frame", "headers", "height", "href", "hreflang", "hspace", "id",
    "lang", "longdesc", "name", "nowrap", "rel", "rev", "rowspan", "rules", "scope", "shape",
    "span", "src", "start", "style", "summary", "tabindex", "title", "type", "valign", "value",
    "vspace", "width", "xml:lang", "xmlns",
))  # fmt: skip
"""What a narrative may be made of: invariant txt-1, https://hl7.org/fhir/R4/narrative.html; the
last two are XML's own."""
_RUN = re.compile(r"[\s\x00-\x20]*+(?:javascript|vbscript|data:text/html)", re.IGNORECASE)


def _is_formatted_text(narrative: str) -> bool:
    """Whether a narrative is what txt-1 allows: no element or attribute that it does not list, no
    script as an address, no document type, and every `<` the beginning of a tag or comment."""
    at = narrative.find("<")
    while at >= 0:
        tag = _TAG.match(narrative, at)
        if tag is None:
            return False
        name, attributes = tag.groups()
        if name is not None:
            if name not in _TAGS:
                return False
            for attribute, value in _ATTRIBUTE.findall(attributes):
                if attribute not in _ATTRIBUTES or _RUN.match(value[1:-1]):
                    return False
        at = narrative.find("<", tag.end())
    return True


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
    has_companion: bool  # `_name` may stand beside it

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
    fields = {
        info.alias or name: info for name, info in _library().model(type_).model_fields.items()
    }
    for name, info in fields.items():
        leaf, is_list = _leaf(info.annotation)
        if name.startswith("_") or name in _NOT_R4 or leaf in _R4B_TYPES:
            continue
        told = info.json_schema_extra or {}
        stem = told.get("one_of_many", "")
        targets = frozenset(told.get("enum_reference_types", ()))
        found[name] = _Member(
            name,
            leaf,
            is_list,
            stem,
            bool(told.get("one_of_many_required")),
            frozenset() if "Resource" in targets else targets,
            leaf in _MEANING and (bool(stem) or f"_{name}" in fields),
        )
    for member in list(found.values()):  # of any type: R4 ends the list with Dosage and Meta
        if member.stem and member.type == "Dosage":
            name = f"{member.stem}Meta"
            found.setdefault(name, member._replace(name=name, type="Meta"))
    return found


def _leaf(annotation: Any) -> tuple[str, bool]:
    """The FHIR type at the bottom of an annotation, and whether it is in a list."""
    primitive = _library().primitives.get(annotation)
    if primitive is not None:
        return primitive, False
    if isinstance(annotation, type) and hasattr(annotation, "get_model_klass"):
        return annotation.__name__.removesuffix("Type"), False
    leaf, is_list = _leaf(get_args(annotation)[0])  # of `X | None` the first
    return leaf, is_list or get_origin(annotation) is list


@lru_cache(maxsize=1024)
def _required_choices(type_: str) -> Sequence[str]:
    """The choices of which an element of a type must have one form, by their stems."""
    stems = (member.stem for member in _members(type_).values() if member.is_required_choice)
    return tuple(dict.fromkeys(stems))


@lru_cache(maxsize=1024)
def _stand_in(type_: str) -> Any:
    """An element of a type, which a model takes for a valid one: it is checked on its own."""
    return _library().model(type_).model_construct()


# --- the check ------------------------------------------------------------------------------------


class _Contained(NamedTuple):
    path: str
    raw: dict[str, Any]


@dataclass(slots=True)
class _Scope:
    """A resource and what it contains: `#a` leads from anywhere in it to what is contained."""

    raw: Mapping[str, Any]
    contained: list[_Contained] = field(default_factory=list)
    references: list[tuple[str, str, frozenset[str]]] = field(default_factory=list)
    """Those within it: the path, the id, the types that may be there."""


class _Node(NamedTuple):
    """An object, the model that it is held against, and how many objects and lists it is in."""

    raw: dict[str, Any]
    type: str
    path: str
    depth: int
    scope: _Scope

    @property
    def members(self) -> Mapping[str, _Member]:
        return _members(self.type)


class _Enough(Exception):
    """COUNTED problems."""


class _Check:
    """Looks at one resource. `enters`: also at resources within it that are not contained."""

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
            noun = "problem, which is" if more == 1 else "problems, which are"
            self.found.append(Problem("", f"has {beyond}{more} further {noun} not listed"))
        return self.found

    def tell(self, path: str, what: str) -> None:
        self.count += 1
        if self.count <= MOST:
            self.found.append(Problem(path, what))
        elif self.count >= COUNTED:
            raise _Enough

    # --- resources ------------------------------------------------------------------------------

    def resource(self, raw: Any, path: str, depth: int, scope: _Scope | None = None) -> None:
        """Checks a resource; `scope` is given for a contained one."""
        if _kind(raw) is not _Kind.OBJECT:
            self.tell(path, f"is {_kind(raw).value}, not an object")
            return
        type_ = raw.get("resourceType")
        if "resourceType" not in raw:
            self.tell(path, "has no resourceType")
        elif not isinstance(type_, str):
            self.tell(path, f"has {_kind(type_).value} as resourceType, not a string")
        elif unchecked(type_):
            pass
        elif not _is_resource(type_):
            self.tell(path, "has a resourceType that R4 does not have")
        elif scope is not None:
            self.element(_Node(raw, type_, path, depth, scope))
        else:
            own = _Scope(raw)
            self.element(_Node(raw, type_, path, depth, own))
            self.settle(own)

    def inner(self, member: _Member, raw: dict[str, Any], at: str, depth: int, node: _Node) -> None:
        """Checks a resource within another."""
        scope = node.scope
        if member.name != "contained":
            if self.enters:
                self.resource(raw, at, depth)
        elif node.raw is not scope.raw:
            self.tell(at, "is contained in a contained resource")
        else:
            scope.contained.append(_Contained(at, raw))
            self.resource(raw, at, depth, scope)

    def settle(self, scope: _Scope) -> None:
        """Checks what can be said only when the whole resource was seen.

        Invariants ref-1 and dom-3, https://hl7.org/fhir/R4/domainresource.html
        """
        there: dict[str | None, str | None] = {}
        for path, raw in scope.contained:
            id_ = _string(raw.get("id"))
            if id_ in there:
                self.tell(path, "has the id of another contained resource")
            elif id_ is not None:
                there[id_] = _string(raw.get("resourceType"))
        for path, id_, targets in scope.references:
            if id_ not in there:
                self.tell(path, "refers to a contained resource that is not there")
            elif targets and there[id_] not in targets:
                self.tell(path, "refers to a type of resource that R4 does not allow there")
        mentioned = _local(scope.raw) if scope.contained else ()
        for path, raw in scope.contained:
            if f"#{_string(raw.get('id')) or ''}" not in mentioned and "#" not in _local(raw):
                self.tell(path, "is contained, but nothing refers to it")

    def reference(self, raw: dict[str, Any], member: _Member, at: str, scope: _Scope) -> None:
        """Checks where a reference leads to, as far as it tells."""
        address = raw.get("reference")
        if not isinstance(address, str):
            return
        if address.startswith("#"):
            if len(address) > 1:  # "#" alone is what contains the resource that it is in
                scope.references.append((at, address[1:], member.targets))
        elif member.targets and (match := _TYPE_IN_URL.search(address)):
            type_ = match[1]
            if type_ not in member.targets and (unchecked(type_) or _is_resource(type_)):
                self.tell(at, "refers to a type of resource that R4 does not allow there")

    # --- elements -------------------------------------------------------------------------------

    def element(self, node: _Node) -> None:
        """Checks an object against the model of its type, and all that is in it against theirs."""
        raw, members = node.raw, node.members
        if node.depth > DEPTH:
            self.tell(node.path, f"is nested deeper than {DEPTH} levels")
            return
        if raw.keys() <= {"id"} and node.type != "FHIRPrimitiveExtension":  # ele-1
            self.tell(node.path, "has an id and nothing else" if raw else "is an empty object")
            return
        if not raw:
            self.tell(node.path, "has an empty object beside it")
            return
        before = self.count
        if isinstance(raw, _Twice):
            for name in raw.names:
                self.tell(_told_of(name, node), "stands twice in one object" if _is_plain(name)
                          else "has an element twice")  # fmt: skip
        given: dict[str, Any] = {}
        for name, value in raw.items():
            member = members.get(name)
            if member is not None:
                checked = self.member(member, value, node)
                if checked is not None:
                    given[name] = checked
            elif name.startswith("_") and (member := members.get(name[1:])):
                self.companion(member, value, node)
            elif name != "resourceType" or not _is_resource(node.type):
                self.tell(_told_of(name, node), "is no element of R4" if _is_plain(name)
                          else "has an element whose name is none of R4")  # fmt: skip
        self.choices(node)
        self.invariants(node)
        self.model(given, node, told=self.count > before)

    def member(self, member: _Member, value: Any, node: _Node) -> Any:
        """Checks an element; returns what its model is to be given, None for nothing."""
        at = member.under(node.path)
        if not member.is_list:
            if member.is_primitive:
                return self.primitive(member, value, at, node)
            self.complex(member, value, at, node.depth + 1, node)
            return None if member.stem else _stand_in(member.type)  # `choices` counts forms
        if _kind(value) is not _Kind.LIST:
            self.tell(at, _instead(value, "a list"))
            return None
        if not value:
            self.tell(at, "is an empty list")
            return None
        if member.is_primitive:
            beside = _listed(node.raw.get(f"_{member.name}"))
            return [
                None
                if each is None and isinstance(_nth(beside, index), dict)
                else self.primitive(member, each, f"{at}[{index}]", node)
                for index, each in enumerate(value)
            ]
        for index, each in enumerate(value):
            self.complex(member, each, f"{at}[{index}]", node.depth + 2, node)
        return [_stand_in(member.type)]

    def primitive(self, member: _Member, value: Any, at: str, node: _Node) -> Any:
        """Checks one value; returns what the model is to be given, None for nothing."""
        kind, wanted = _kind(value), _JSON.get(member.type, _Kind.STRING)
        if kind is not wanted:
            trouble = _instead(value, wanted.value)
        elif kind is _Kind.NUMBER:
            trouble = _number_trouble(value, member.type)
        elif kind is _Kind.STRING:
            trouble = _string_trouble(value, member, node.type)
        else:
            trouble = ""
        if trouble:
            self.tell(at, trouble)
        return None if trouble or member.type == _NOT_FOR_MODELS else value

    def complex(self, member: _Member, value: Any, at: str, depth: int, node: _Node) -> None:
        """Checks one object."""
        if _kind(value) is not _Kind.OBJECT:
            self.tell(at, _instead(value, "an object"))
        elif member.type == "Resource":
            self.inner(member, value, at, depth, node)
        else:
            self.element(_Node(value, member.type, at, depth, node.scope))
            if member.type == "Reference":
                self.reference(value, member, at, node.scope)

    def companion(self, member: _Member, value: Any, node: _Node) -> None:
        """Checks `_name`: an id and extensions of the primitive element `name`, or of each in a
        list of such."""
        name = f"_{member.name}"
        if not member.has_companion:
            self.tell(_joined(node.path, name), "is no element of R4")
            return
        at = member.under(node.path)
        extra = member._replace(type="FHIRPrimitiveExtension")
        if not member.is_list:
            if _kind(value) is _Kind.OBJECT:
                self.complex(extra, value, at, node.depth + 1, node)
            else:
                self.tell(at, f"has {name}, which {_instead(value, 'an object')}")
        elif not isinstance(value, list) or not value:
            found = "is an empty list" if value == [] else _instead(value, "a list")
            self.tell(at, f"has {name}, which {found}")
        else:
            values = _listed(node.raw.get(member.name))
            for index, each in enumerate(value):
                if _kind(each) is _Kind.OBJECT:
                    self.complex(extra, each, f"{at}[{index}]", node.depth + 2, node)
                elif each is not None or index >= len(values):
                    self.tell(at, f"has {name}[{index}], which {_instead(each, 'an object')}")

    def choices(self, node: _Node) -> None:
        """Checks that each choice has one form; what stands beside a value counts as one."""
        forms: dict[str, set[str]] = {}
        for name in node.raw:
            member = node.members.get(name.removeprefix("_"))
            if member is not None and member.stem:
                forms.setdefault(member.stem, set()).add(member.name)
        for stem, names in forms.items():
            if len(names) > 1:
                self.tell(node.path, f"has {stem} in more than one form")
        for stem in _required_choices(node.type):
            if stem not in forms:
                self.tell(node.path, f"has no {stem} in any form, which is required")

    def invariants(self, node: _Node) -> None:
        """Checks what R4 says of some types besides their elements."""
        raw = node.raw
        if node.type == "Extension":  # ext-1, https://hl7.org/fhir/R4/extensibility.html
            has_value = any(name.removeprefix("_").startswith("value") for name in raw)
            if has_value and "extension" in raw:
                self.tell(node.path, "has both a value and extensions")
            elif not has_value and "extension" not in raw:
                self.tell(node.path, "has neither a value nor extensions")
        elif node.type == "Narrative":
            narrative = raw.get("div")
            if isinstance(narrative, str) and not _is_formatted_text(narrative):
                self.tell(node.path, "has markup in its div that R4 does not allow")
        elif node.type in ("Claim", "ExplanationOfBenefit"):
            there = {
                name: {
                    each.get("sequence") for each in _listed(raw.get(name))
                    if isinstance(each, dict) and type(each.get("sequence")) is int
                }
                for name in _POINTERS.values()
            }  # fmt: skip
            for position, item in enumerate(_listed(raw.get("item"))):
                for name, target in _POINTERS.items() if isinstance(item, dict) else ():
                    for index, number in enumerate(_listed(item.get(name))):
                        if type(number) is int and number not in there[target]:
                            at = _joined(node.path, f"item[{position}].{name}[{index}]")
                            self.tell(at, f"is the sequence of no {target}")

    # --- what the models say --------------------------------------------------------------------

    def model(self, given: dict[str, Any], node: _Node, *, told: bool) -> None:
        """Asks the model of an object, and tells what is not told yet."""
        library = _library()
        for portion, only, start in _portions(given):
            try:
                library.model(node.type).model_validate(portion)
            except library.invalid as invalid:
                for error in _errors(invalid):
                    name = error["loc"][0] if error["loc"] else ""
                    if only in ("", name):
                        self.translate(error, node.members.get(name), node, start, told=told)
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                self.tell(node.path, "could not be checked")

    def translate(
        self,
        error: Mapping[str, Any],
        member: _Member | None,
        node: _Node,
        start: int,
        *,
        told: bool,
    ) -> None:
        """Tells an error of a model in our words; `start` is the position in a list that its
        positions are counted from."""
        if member is None:
            # a value_error of the whole is a choice, of which `choices` has told
            if not told and error["type"] != "value_error":
                self.tell(node.path, "is not as R4 has it")
            return
        at = member.under(node.path)
        if error["type"] in ("missing", "model_field_validation.missing"):
            beside = node.raw.get(f"_{member.name}")
            if member.name not in node.raw and not _is_extended(beside):
                self.tell(at, "is required" if at != node.path else f"has no {member.name}")
            return
        if member.is_list and len(error["loc"]) > 1:
            at += f"[{start + error['loc'][1]}]"
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
    """What is wrong with a number of a type, empty for nothing. `json` may have read it."""
    if isinstance(value, _Unhandy):
        return value.value
    if value != value or value in (math.inf, -math.inf):
        return _Unhandy.NONE.value
    if not -(10**NUMBER_TEXT) < value < 10**NUMBER_TEXT:
        return _Unhandy.LONG.value
    return "is not a whole number" if type_ in _WHOLE and not isinstance(value, int) else ""


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


def _told_of(name: str, node: _Node) -> str:
    """The path of a member of an object; of one whose name no path can hold, that of the object:
    such a name may be anything."""
    member = node.members.get(name.removeprefix("_"))
    if member is not None:
        return member.under(node.path)
    return _joined(node.path, name) if _is_plain(name) else node.path


def _instead(value: object, wanted: str) -> str:
    """Says what a value is that should be something else."""
    kind = _kind(value)
    return "is null" if kind is _Kind.NULL else f"is {kind.value}, not {wanted}"


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _nth(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


def _is_extended(beside: object) -> bool:
    """Whether extensions stand in the place of a value, or of one in a list of values."""
    return any(
        isinstance(each, dict) and "extension" in each for each in [beside, *_listed(beside)]
    )


def _local(raw: object) -> set[str]:
    """Every string within a value that begins with #."""
    found: set[str] = set()
    waiting = [raw]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and value.startswith("#"):
            found.add(value)
    return found
