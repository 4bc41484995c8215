"""FHIR that was made to break readers: it is read, or refused with a reason; nothing gets out.

Every input goes through the verbs of Python and all commands that take FHIR.
"""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adapter
from adapter.rules import all_rules
from tests import test_cli
from tests.buildfhir import CPT, ICD10, SHAPES, Json, Layout, bundle, claim, concept, dumps
from tests.runs import check, fix, read, refusal
from tests.test_cli import Facet, put

pytestmark = pytest.mark.no_cover

facet = test_cli.facet

RIGHT, LEFT = "64493-RT $400", "64493-LT $400"
VERBS: Mapping[str, Sequence[str]] = {
    "check": ("--format", "json"),
    "check, validated": ("--format", "json", "--validate-fhir"),
    "check as text": (),
    "fix": ("--suggested",),
    "fix, annotated": ("--annotate", "--validate-fhir"),
    "annotate": (),
    "convert": ("--to", "json"),
}
READ, REFUSED = (0, 1), (3,)


def js(resource: Any, layout: Layout = Layout.COMPACT) -> bytes:
    return dumps(resource, layout).encode()


def collection(*resources: Json) -> Json:
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def changed(change: Callable[[Json], object], *lines: str) -> Json:
    resource = claim(*(lines or (RIGHT, LEFT)), payer="medicare")
    change(resource)
    return resource


def tried(facet: Facet, data: bytes) -> set[int]:
    """The statuses of all commands: each says something, and none breaks or shows a traceback."""
    path = put("in.json", data)
    found = set()
    for name, options in VERBS.items():
        ran = facet(name.split()[0].strip(","), *options, path)
        assert "internal error" not in ran.err, name
        assert "Traceback" not in ran.err, name
        assert ran.status in READ + REFUSED, name
        assert not (ran.status in REFUSED and ran.out), name
        found.add(ran.status)
    assert [each.name for each in Path().iterdir()] == ["in.json"]
    assert path.read_bytes() == data
    return found


def assert_read(facet: Facet, data: bytes, claims: int = 1) -> None:
    """Every command takes it; what no correction touches comes out as it went in."""
    assert tried(facet, data) <= set(READ)
    assert len(list(adapter.read(data))) >= claims
    result = adapter.fix(data, suggested=True)
    assert result.done.facet_claims == claims
    assert result.changes or result.data == data


def assert_refused(facet: Facet, data: bytes, what: str = "") -> None:
    """Every command refuses it, in one message with a place."""
    assert tried(facet, data) == set(REFUSED)
    for verb in (fix, check, read):
        why = refusal(verb, data)
        assert why is not None
        assert why.where
        assert what in f"{why.what} {why.where}"


# --- nesting --------------------------------------------------------------------------------------

OPENINGS = {"[": "]", '{"a":': "}", '{"extension":[': "]}"}


def deep(levels: int, opening: str, closed: bool) -> bytes:
    closing = OPENINGS[opening]
    return (opening * (levels // len(closing)) + "1").encode() + (
        closing * (levels // len(closing))
    ).encode() * closed


def with_deep(place: str, inner: bytes) -> bytes:
    """A collection in which something deep stands in the claim, or in another resource."""
    mark = b'"MARK"'
    ours = changed(lambda r: r.update(note="MARK" if place == "claim" else ""), RIGHT)
    ours["patient"] = {"reference": "Patient/p"}
    named = {"resourceType": "Patient", "id": "p", "x": "MARK" if place == "patient" else ""}
    stranger = {"resourceType": "Observation", "x": "MARK" if place == "stranger" else ""}
    return js(collection(stranger, ours, named)).replace(mark, inner)


@pytest.mark.parametrize("place", ["claim", "patient", "stranger"])
@pytest.mark.parametrize("opening", OPENINGS)
def test_what_is_nested_without_end_is_refused(facet: Facet, place: str, opening: str) -> None:
    assert_read(facet, with_deep(place, deep(40, opening, True)))
    assert_refused(facet, with_deep(place, deep(100_000, opening, True)), "nested deeper")
    for levels in (100, 500, 900, 1000, 1100, 5000):
        data = with_deep(place, deep(levels, opening, True))
        if refusal(fix, data) is None:  # whoever reads it must be told; of others nothing is read
            told = any(finding.rule.startswith("FH") for finding in check(data).findings)
            assert told or place == "stranger"
            assert fix(data).data == data


@pytest.mark.parametrize("opening", OPENINGS)
def test_what_is_opened_and_never_closed_is_refused(facet: Facet, opening: str) -> None:
    for levels in (10, 60, 100, 1000, 100_000):
        for data in (
            with_deep("claim", deep(levels, opening, False)),
            with_deep("claim", b"").partition(b'"note":')[0] + deep(levels, opening, False),
            b'{"resourceType":"Claim","x":' + deep(levels, opening, False),
        ):
            why = refusal(fix, data)
            assert why is not None
            assert why.where
    assert_refused(facet, with_deep("claim", deep(100_000, opening, False)))


@pytest.mark.parametrize("levels", [1, 5, 6, 7, 8, 20, 40, 400])
def test_no_facet_claim_is_passed_by_in_bundles_within_bundles(levels: int) -> None:
    opening, closing = b'{"resourceType":"Bundle","entry":[{"resource":', b"}]}"
    data = opening * levels + js(changed(lambda r: None, RIGHT)) + closing * levels
    if refusal(check, data) is None:
        assert check(data).done.facet_claims == 1


# --- numbers --------------------------------------------------------------------------------------

NUMBERS = [
    "1E1000000", "-1e999999999", "1E400", "1E30", "1E29", "1e28", "1E-29", "1e-1000000", "9" * 5000,
    "9" * 41, "9" * 40, "9" * 29, "9" * 28, "12345678901234567890123456789.01", "0." + "3" * 38,
    "1000000000000000", "99999999999", "1e3", "1.50E+2", "-1", "-0", "0", "0.0", "1.5",
]  # fmt: skip
FIELDS = {
    "quantity": "item.0.quantity.value",
    "the other quantity": "item.1.quantity.value",
    "net": "item.0.net.value",
    "both nets": "item.0.net.value item.1.net.value",
    "nets and prices": "item.0.net.value item.1.net.value item.0.unitPrice.value",
    "unit price": "item.0.unitPrice.value",
    "both unit prices": "item.0.unitPrice.value item.1.unitPrice.value",
    "total": "total.value",
    "factor": "item.0.factor",
    "sequence": "item.0.sequence",
    "sequences": "item.0.sequence item.1.sequence",
    "sequence of a diagnosis": "diagnosis.0.sequence",
    "sequence in the care team": "careTeam.0.sequence",
    "sequence of an insurance": "insurance.0.sequence",
    "pointer to a diagnosis": "item.0.diagnosisSequence.0",
    "pointer into the care team": "item.1.careTeamSequence.0",
    "pointer to a procedure": "item.0.procedureSequence",
}


def with_number(field: str, written: str) -> bytes:
    """A claim with two lines that would become one, and a number in some places of it."""
    resource = claim(RIGHT, LEFT, payer="medicare")
    for item in resource["item"]:
        item["unitPrice"] = dict(item["net"])
    for path in FIELDS[field].split():
        *steps, last = path.split(".")
        held: Any = resource
        for step in steps:
            held = held[int(step) if step.isdigit() else step]
        held[int(last) if last.isdigit() else last] = "MARK"
    return js(resource).replace(b'"MARK"', written.encode())


def charged(data: bytes) -> Decimal:
    """The sum of the items, exactly; of numbers beyond what an amount may be, something."""
    with localcontext(prec=200, Emax=2_000_000, Emin=-2_000_000):
        resource = json.loads(data, parse_float=Decimal, parse_int=Decimal)
        return sum((item["net"]["value"] for item in resource["item"]), Decimal(0))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("written", NUMBERS, ids=[each[:32] for each in NUMBERS])
def test_no_number_breaks_anything_or_is_lost(field: str, written: str) -> None:
    data = with_number(field, written)
    for payer in (None, "medicare", "cpt", "medicare-asc"):
        for suggested in (False, True):
            ran = fix(data, payer, suggested=suggested)
            assert ran.done.facet_claims == 1
            assert ran.changes or ran.data == data
            assert ran.data == data or charged(ran.data) == charged(data)
    assert len(read(data)) == 1


@pytest.mark.parametrize("written", ["1E1000000", "9" * 5000, "1E29", "NaN", "-Infinity"])
@pytest.mark.parametrize("field", ["quantity", "net", "total", "sequence"])
def test_every_command_withstands_numbers(facet: Facet, written: str, field: str) -> None:
    data = with_number(field, written)
    if written.strip("-").isalpha():
        assert_refused(facet, data)
    else:
        assert_read(facet, data)


# --- two readers, two claims ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b'"code":"64493"', b'"code":"64493","code":"99213"', "twice"),
        (b'"code":"64493"', b'"code":"64493","\\u0063ode":"99213"', "twice"),
        (b'"code":"RT"', b'"code":"RT","cod\\u0065":"50"', "twice"),
        (b'"status":"active"', b'"status":"active","status":"cancelled"', "twice"),
        (b'"resourceType":"Claim"', b'"resourceType":"Claim","resourceType":"Patient"', "twice"),
        (b'"CLM0001"', b'"\\ud800"', "half of a surrogate pair"),
        (b'"CLM0001"', b'"\xed\xa0\x80"', "UTF-8"),
        (b'"CLM0001"', b'"CLM0001","text":{"div":"\\udfff"}', "half of a surrogate pair"),
        (b'"CLM0001"', b'"CLM0001","implicitRules":"\\udfff"', "half of a surrogate pair"),
        (b'"CLM0001"', b'"CLM0001","\xff":1', "UTF-8"),
        (b'"CLM0001"', b'"CLM0001","\\ud800":1', "half of a surrogate pair"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("packed", ["alone", "in a Bundle", "in rows"])
def test_what_two_readers_could_read_differently_is_refused(
    facet: Facet, old: bytes, new: bytes, what: str, packed: str
) -> None:
    resource = changed(lambda r: None)
    data = {
        "alone": js(resource),
        "in a Bundle": js(collection(resource)),
        "in rows": js(resource) + b"\n" + js(resource),
    }[packed]
    assert data.count(old)
    assert_refused(facet, data.replace(old, new, 1), what)


def escaped(letter: str, draw: st.DrawFn) -> str:
    if draw(st.booleans()):
        return letter
    digits = f"{ord(letter):04x}"
    return "\\u" + draw(st.sampled_from([digits, digits.upper()]))


BLANKS = [
    "",
    "",
    "",
    " ",
    "\\t",
    "\\n",
    "\\u0009",
    "\\u0020",
    "\\u00a0",
    "\u00a0",
    "\u2003",
    "\\ufeff",
]


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A code as JSON can write it, in either case, with what some readers take for blanks."""
    code = draw(st.sampled_from(["64493", "0213T", "0213t"]))
    letters = code if draw(st.booleans()) else "".join(escaped(each, draw) for each in code)
    return draw(st.sampled_from(BLANKS)) + letters + draw(st.sampled_from(BLANKS))


@given(spellings(), st.sampled_from(["alone", "in a Bundle", "in rows"]))
def test_however_a_code_is_spelled_it_is_found_where_it_is_read(code: str, packed: str) -> None:
    """The first pass must not miss what the second would read as a code of ours."""
    resource = js(changed(lambda r: None, RIGHT)).replace(b'"64493"', f'"{code}"'.encode())
    data = {
        "alone": resource,
        "in a Bundle": b'{"resourceType":"Bundle","entry":[{"resource":' + resource + b"}]}",
        "in rows": resource + b"\n" + resource,
    }[packed]
    (line,) = read(data)[-1].lines
    expected = len(read(data)) if line.code in ("64493", "0213T") else 0
    assert check(data).done.facet_claims == expected
    if not any(blank in code for blank in BLANKS if blank):
        assert expected


# --- values of any type ---------------------------------------------------------------------------

STRANGE: list[Any] = [
    None, True, 0, -1, Decimal("1.50"), 10**17, "", "64493", "50", " x ", "2026-13-01", "#",
    "#billing", [], {}, [[]], [{}], [None], {"coding": [{}]}, {"coding": [{"code": "64493"}]},
    {"value": "1"}, {"value": Decimal("0.005"), "currency": "EUR"}, {"reference": "#"},
    {"reference": "#nobody"}, {"start": "2026"},
]  # fmt: skip
NEW = [
    "sequence", "unitPrice", "factor", "detail", "encounter", "extension", "_code", "modifier",
    "modifierExtension",
]  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each object or list in a value, with the name or position of what it holds."""
    for key in [*value] if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


@st.composite
def spoiled(draw: st.DrawFn) -> Json:
    """A claim in which a few values are others, are gone, or are new."""
    codes = st.sampled_from([RIGHT, LEFT, "64493-50,RT x2 $800", "64494-26 x3 $10", "99213 $100"])
    resource = claim(*draw(st.lists(codes, min_size=1, max_size=4)), payer="medicare")
    items = resource["item"]
    for item in items:
        item["unitPrice"] = dict(item["net"])
    if draw(st.booleans()):
        resource["provider"] = to("Practitioner/d")
    for _ in range(draw(st.integers(1, 5))):
        root = items if items and draw(st.booleans()) else resource
        held, key = draw(st.sampled_from([*places(root)]))
        if isinstance(held, dict) and draw(st.booleans()):
            key = draw(st.sampled_from(NEW))
        if draw(st.integers(0, 4)):
            held[key] = deepcopy(draw(st.sampled_from(STRANGE)))
        elif isinstance(held, list) or key in held:
            del held[key]
    return resource


ONE_OF_EACH: list[Any] = [None, True, -1, "", "#", [], [None], [{}], {}, {"coding": [{}]}]


@pytest.mark.parametrize("value", ONE_OF_EACH, ids=repr)
def test_each_value_in_turn_may_be_any_other(value: Any) -> None:
    resource = claim(RIGHT, LEFT, payer="medicare", service_facility="KY", note="x")
    for held, key in places(resource):
        before, held[key] = held[key], value
        data = js(resource)
        held[key] = before
        why = refusal(check, data)
        assert why is None or (held is resource and key == "resourceType")
        if why is None:
            ran = fix(data, "medicare", suggested=True)
            assert ran.changes or ran.data == data


@settings(max_examples=2 * settings().max_examples)
@given(spoiled(), st.booleans())
def test_no_value_of_any_type_breaks_anything(resource: Json, suggested: bool) -> None:
    data = js(resource)
    if refusal(check, data) is not None:
        assert resource.get("resourceType") != "Claim"
        return
    once = fix(data, "medicare", suggested=suggested)
    twice = fix(once.data, "medicare", suggested=suggested)
    assert (twice.data, twice.corrected) == (once.data, [])
    assert once.changes or once.data == data


def test_every_rule_of_resources_speaks_of_claims_at_random() -> None:
    """The claims above are worth their name: all rules of resources are heard on them."""
    heard: set[str] = set()
    role = ROLE | {"organization": to("Organization/o")}
    beside = [resource_of("Practitioner", "d"), resource_of("Organization", "o"), role]

    @settings(max_examples=300)
    @given(spoiled())
    def listen(resource: Json) -> None:
        data = js(collection(resource, *beside))
        if refusal(check, data) is None:
            heard.update(finding.rule for finding in check(data).findings)

    listen()
    silent = {rule.code for rule in all_rules().values() if rule.scope == "resource"} - heard
    assert not silent


# --- references -----------------------------------------------------------------------------------


def resource_of(kind: str, ident: str, **members: Any) -> Json:
    return {"resourceType": kind, "id": ident, **members}


def to(reference: str) -> Json:
    return {"reference": reference}


ROLE = resource_of("PractitionerRole", "r", practitioner=to("Practitioner/d"))
CYCLES: Mapping[str, tuple[Json, Sequence[Json]]] = {
    "a claim that is its own provider": ({"provider": to("#")}, ()),
    "a claim that is all to itself": (
        {
            **dict.fromkeys(("provider", "patient", "insurer", "facility"), to("#")),
            "insurance": [
                {"sequence": 1, "focal": True, "coverage": to("#"), "claimResponse": to("#")}
            ],
            "careTeam": [{"sequence": 1, "provider": to("#")}],
            "diagnosis": [{"sequence": 1, "diagnosisReference": to("#")}],
            "related": [{"claim": to("#")}],
        },
        (),
    ),
    "a coverage that pays itself": (
        {"insurance": [{"sequence": 1, "focal": True, "coverage": to("Coverage/c")}]},
        [resource_of("Coverage", "c", payor=[to("Coverage/c")], subscriber=to("Coverage/c"))],
    ),
    "a coverage that the claim pays": (
        {"insurance": [{"sequence": 1, "focal": True, "coverage": to("Coverage/c")}]},
        [resource_of("Coverage", "c", payor=[to("Claim/CLM0001")], subscriber=to("Claim/CLM0001"))],
    ),
    "a practitioner and a role": (
        {"provider": to("Practitioner/d")},
        [
            ROLE | {"organization": to("PractitionerRole/r")},
            resource_of("Practitioner", "d", qualification=[{"issuer": to("PractitionerRole/r")}]),
        ],
    ),
    "a role that is its own practitioner": (
        {"provider": to("PractitionerRole/r"), "careTeam": [
            {"sequence": 1, "provider": to("PractitionerRole/r"), "role": {"coding": []}}
        ]},
        [ROLE | dict.fromkeys(("practitioner", "organization"), to("PractitionerRole/r"))],
    ),
    "roles in a ring": (
        {"provider": to("PractitionerRole/r")},
        [
            ROLE | {"practitioner": to("PractitionerRole/s"), "organization": to("Practitioner/d")},
            ROLE | {"id": "s", "practitioner": to("PractitionerRole/r")},
        ],
    ),
    "contained in a ring": (
        {
            "contained": [
                resource_of("PractitionerRole", "a", organization=to("#b"), practitioner=to("#b")),
                resource_of("PractitionerRole", "b", organization=to("#a"), practitioner=to("#a")),
            ],
            "provider": to("#a"),
            "careTeam": [{"sequence": 1, "provider": to("#b")}],
        },
        (),
    ),
    "contained that contains": (
        {"contained": [resource_of("Organization", "a", contained=[{"id": "a"}])],
         "provider": to("#a")},
        (),
    ),
    "a place that manages itself": (
        {"facility": to("Location/l")},
        [resource_of("Location", "l", managingOrganization=to("Location/l"))],
    ),
    "an answer to itself": (
        {"insurance": [
            {"sequence": 1, "coverage": to("ClaimResponse/x"),
             "claimResponse": to("ClaimResponse/x")}
        ]},
        [resource_of("ClaimResponse", "x", request=to("Claim/CLM0001"), item=[{}])],
    ),
    "conditions and encounters": (
        {"diagnosis": [{"sequence": 1, "diagnosisReference": to("Condition/c")}],
         "item": [{"sequence": 1, "productOrService": concept(CPT, "64493"),
                   "encounter": [to("Encounter/e")]}]},
        [resource_of("Condition", "c", encounter=to("Encounter/e"), code=to("Condition/c")),
         resource_of("Encounter", "e", partOf=to("Encounter/e"), period=to("Encounter/e"))],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("members", "beside"), CYCLES.values(), ids=CYCLES.keys())
def test_references_in_a_circle_have_an_end(
    facet: Facet, members: Json, beside: Sequence[Json]
) -> None:
    resource = changed(lambda r: r.update(members), RIGHT)
    assert_read(facet, js(collection(resource, *beside)))
    rows = b"\n".join(js(each) for each in (resource, *beside, resource_of("Patient", "x")))
    assert_read(facet, rows)


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> NoReturn:
        raise AssertionError("something was fetched")

    for name in ("connect", "connect_ex", "send", "sendto", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize(
    "base",
    [
        "http://127.0.0.1:9/fhir/", "https://localhost/fhir/", "HTTPS://localhost/",
        "ftp://localhost/", "file:///etc/", "//localhost/", "http://[::1]/",
        "jar:http://localhost/x!/", "\\\\localhost\\", "data:application/json,{}#",
    ],
)  # fmt: skip
def test_no_reference_is_ever_fetched(facet: Facet, base: str) -> None:
    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: f"{base}{name}" if name in ("reference", "system", "profile") else moved(each)
                for name, each in value.items()
            }
        return [moved(each) for each in value] if isinstance(value, list) else value

    resource = changed(lambda r: None, RIGHT)
    for name in ("patient", "provider", "careTeam", "insurance"):
        resource[name] = moved(resource[name])
    resource["meta"] = {"profile": [f"{base}StructureDefinition/x"]}
    resource["implicitRules"] = f"{base}rules"
    resource["contained"] = moved(resource["contained"])
    assert_read(facet, js(collection(resource)))


# --- size -----------------------------------------------------------------------------------------


def items(count: int) -> Json:
    resource = changed(lambda r: None, RIGHT)
    (first,) = resource["item"]
    resource["item"] = [{**first, "sequence": position} for position in range(1, count + 1)]
    return resource


def with_list(name: str, made: Callable[[int], Any]) -> Callable[[int], Json]:
    return lambda count: changed(
        lambda r: r.update({name: [*map(made, range(1, count + 1))]}), RIGHT
    )


def of_item(name: str, made: Callable[[int], Any]) -> Callable[[int], Json]:
    def resource(count: int) -> Json:
        held = [*map(made, range(1, count + 1))]
        return changed(lambda r: r["item"][0].update({name: held}), RIGHT)

    return resource


def many(made: Callable[[int], Sequence[Json]]) -> Callable[[int], Json]:
    return lambda count: collection(*(each for position in range(count) for each in made(position)))


def ours(position: int, **members: Any) -> Json:
    return changed(lambda r: r.update(id=f"C{position}", **members), RIGHT)


GROWING: Mapping[str, Callable[[int], Json]] = {
    "items": items,
    "empty items": lambda count: changed(lambda r: r["item"].extend([{}] * count), RIGHT),
    "numbers for items": lambda count: changed(lambda r: r["item"].extend([1] * count), RIGHT),
    "diagnoses": with_list(
        "diagnosis", lambda n: {"sequence": n, "diagnosisCodeableConcept": concept("x", "M47.816")}
    ),
    "empty diagnoses": with_list("diagnosis", lambda n: {}),
    "numbers for diagnoses": with_list("diagnosis", lambda n: n),
    "a care team": with_list("careTeam", lambda n: {"sequence": n, "provider": to("#rendering")}),
    "insurances": with_list("insurance", lambda n: {"sequence": n, "coverage": to("#coverage")}),
    "information": with_list("supportingInfo", lambda n: {"sequence": n, "valueString": "x"}),
    "contained": with_list("contained", lambda n: resource_of("Patient", f"p{n}")),
    "empty extensions": with_list("extension", lambda n: {}),
    "identifiers": with_list("identifier", lambda n: {}),
    "modifiers": of_item("modifier", lambda n: concept(CPT, f"M{n}")),
    "empty modifiers": of_item("modifier", lambda n: {}),
    "codings": lambda count: changed(
        lambda r: r["item"][0]["productOrService"]["coding"].extend([concept(CPT, "x")] * count),
        RIGHT,
    ),
    "pointers": of_item("diagnosisSequence", lambda n: n),
    "numbers of the care team": of_item("careTeamSequence", lambda n: n),
    "details": of_item("detail", lambda n: {"sequence": n}),
    "entries": many(lambda n: [resource_of("Patient", f"p{n}")]),
    "claims": many(lambda n: [ours(n)]),
    "claims with one number": many(lambda n: [ours(0)]),
    "claims of practitioners": many(
        lambda n: [ours(n, provider=to(f"Practitioner/d{n}")), resource_of("Practitioner", f"d{n}")]
    ),
    "claims of one practitioner with many roles": many(
        lambda n: [ours(n, provider=to("Practitioner/d")), ROLE | {"id": f"r{n}"}]
    ),
    "claims of a patient who is there again and again": many(
        lambda n: [ours(n, patient=to("Patient/p")), resource_of("Patient", "p")]
    ),
    "claims that are answered again and again": many(
        lambda n: [
            ours(0), resource_of("ClaimResponse", f"x{n}", request=to("Claim/C0"), item=[{}]),
        ]
    ),
}  # fmt: skip


def work(act: Callable[[bytes], object], data: bytes) -> int:
    """Lines of Python that are run: the same on every machine."""
    lines = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act(data)
    finally:
        sys.settrace(before)
    return lines


LINEAR = {name: made for name, made in GROWING.items() if name != "items"}
"""Lines of a claim are compared with one another; of all else each costs as much as the others."""


@pytest.mark.parametrize("made", LINEAR.values(), ids=LINEAR.keys())
def test_each_further_one_is_as_much_work_as_those_before(made: Callable[[int], Json]) -> None:
    def act(data: bytes) -> object:
        return check(data, "medicare")

    act(js(made(1)))  # tables are loaded once
    first, second, fourth = (work(act, js(made(count))) for count in (10, 20, 40))
    assert fourth - second <= 2 * (second - first) + fourth // 500


MUCH = {"items": 1000, "modifiers": 2500}  # rules compare those with one another


@pytest.mark.parametrize("name", [name for name in GROWING if "claims" not in name])
def test_much_of_anything_is_read(name: str) -> None:
    data = js(GROWING[name](MUCH.get(name, 30_000 if "empty" in name else 10_000)))
    ran = fix(data, "medicare")
    assert ran.changes or ran.data == data


LONG = "A" * 3_000_000
STRINGS: Mapping[str, Callable[[Json], object]] = {
    "note": lambda r: r.update(supportingInfo=[{"sequence": 1, "valueString": LONG}]),
    "name": lambda r: r["contained"][0]["name"][0].update(family=LONG),
    "code": lambda r: r["item"][0].update(productOrService=concept(CPT, LONG)),
    "modifier": lambda r: r["item"][0].update(modifier=[concept(CPT, LONG)]),
    "system": lambda r: r["item"][0].update(productOrService=concept(LONG, "64493")),
    "diagnosis": lambda r: r.update(diagnosis=[
        {"sequence": 1, "diagnosisCodeableConcept": concept(ICD10, LONG)}
    ]),
    "date": lambda r: r["item"][0].update(servicedDate=LONG),
    "currency": lambda r: r["item"][0]["net"].update(currency=LONG),
    "reference": lambda r: r.update(provider=to("#" + LONG)),
    "status": lambda r: r.update(status=LONG),
    "an element": lambda r: r["item"][0].update({LONG: 1}),
}  # fmt: skip


@pytest.mark.parametrize("change", STRINGS.values(), ids=STRINGS.keys())
def test_long_strings_are_read_and_not_repeated(
    facet: Facet, change: Callable[[Json], object]
) -> None:
    """A line that is right stands beside the one that is not."""
    data = js(changed(change))
    assert tried(facet, data) <= set(READ)
    for options in ((), ("--format", "sarif"), ("--validate-fhir",)):
        ran = facet("check", *options, "in.json")
        shown = ran.out.decode() + ran.err
        assert len(shown) < 100_000


# --- what gets out --------------------------------------------------------------------------------

IDS = [
    "../../etc/passwd", "..", "/x", "a/b", "a\\b", "C:\\x", "~root", "-o", "--fix", "%s%n",
    "$(id)", "`id`", "a;b", "a\nb", "a\rb", "a\tb", "\x1b[31mred", "\x9b31m", "\x00",
    "<script>alert(1)</script>", "::error::x", "'\"", "|", "\u202etxt", "\u2028", "😀", " ", "",
    "null", "x" * 300,
]  # fmt: skip


@pytest.mark.parametrize("ident", IDS)
def test_no_id_names_a_file_or_reaches_the_terminal_as_it_is(facet: Facet, ident: str) -> None:
    """`tried` asserts that there are no files but the input."""
    resource = changed(lambda r: r.update(id=ident))
    resource["identifier"] = [{"value": ident}]
    for data in (js(collection(resource)), js(resource), js(resource) + b"\n" + js(resource)):
        assert tried(facet, data) <= set(READ)
        for options in ((), ("--format", "github"), ("--validate-fhir",)):
            ran = facet("check", *options, "in.json")
            shown = ran.out.decode() + ran.err
            assert not set(shown) & set("\x1b\x9b\x00\r\u202e\u2028")
            assert not re.search(r"^::error::x", shown, re.MULTILINE)
        for option in ("--outcomes", "--changes"):
            facet("fix", "--annotate", option, "beside.json", "in.json")
            assert {each.name for each in Path().iterdir()} == {"in.json", "beside.json"}
            Path("beside.json").unlink()


X12 = "~SE*1*1~IEA*1*1~ISA*00*CLM*X:Y^Z\n|>"


def test_delimiters_of_x12_are_only_text(facet: Facet) -> None:
    resource = changed(lambda r: r.update(id="C" + X12), "64493-50,RT $800")
    resource["supportingInfo"] = [{"sequence": 1, "valueString": X12}]
    resource["contained"][0]["name"][0]["family"] = X12
    resource["item"][0]["productOrService"]["text"] = X12
    data = js(resource)
    assert_read(facet, data)
    ran = fix(data, "medicare", suggested=True)
    assert [each.rule for each in ran.corrected] == ["LA01"]
    after = json.loads(ran.data)
    assert after["item"][0]["productOrService"]["text"] == X12
    assert (after["id"], after["supportingInfo"]) == (resource["id"], resource["supportingInfo"])


CANARY = re.compile("CANARY|19550505|1955-05-05|MBR0001|PATIENT|ELM STREET|MAIN STREET|DOCTOR")


def planted(data: bytes) -> bytes:
    """The data with a canary wherever a person or a secret could be."""
    resource = json.loads(data, parse_float=Decimal)
    count = 0

    def each(value: Any) -> Iterator[Json]:
        if isinstance(value, dict):
            yield value
        for inner in value.values() if isinstance(value, dict) else value:
            if isinstance(inner, dict | list):
                yield from each(inner)

    for held in each(resource):
        for name in (
            "family",
            "city",
            "subscriberId",
            "valueString",
            "display",
            "text",
            "postalCode",
        ):
            if isinstance(held.get(name), str):
                count += 1
                held[name] = f"CANARY{count}"
        if "resourceType" in held:
            held["text"] = {"status": "generated", "div": "<div>CANARY</div>"}
            held["extension"] = [{"url": "http://example.org/x", "valueString": "CANARY"}]
            held["_status"] = {"extension": [{"url": "CANARY", "valueString": "CANARY"}]}
    return js(resource)


def broken_in(data: bytes) -> Iterator[bytes]:
    """The same with what --validate-fhir, the FH rules or the reader object to, at the canaries."""
    yield data
    yield data.replace(b'"1955-05-05"', b'"1955-13-05"')
    yield data.replace(b'"family":', b'"CANARY, JOHN":"x","family":')
    yield data.replace(b'"birthDate":', b'"birthdate":')
    yield data.replace(b'"line":[', b'"line":[7,')
    yield data.replace(b'"status":"active"', b'"status":"CANARY"')
    yield data.replace(b'"active"', b'["CANARY"]')
    yield data.replace(b'"gender":"female"', b'"gender":"CANARY"')
    yield data.replace(b'"sequence":1', b'"sequence":"CANARY"')
    yield data.replace(b'"currency":"USD"', b'"currency":"CANARY"')
    yield data.replace(b'"servicedDate":"', b'"servicedDate":"CANARY')
    yield data.replace(b'"reference":"', b'"reference":"#CANARY')
    yield data.replace(b'"system":"http://www.ama', b'"system":"CANARY')
    yield data[:-9]
    yield data.replace(b'"family":"CANARY', b'"family":CANARY"', 1)
    yield data.replace(b'"family":"CANARY', b'"family":"x","family":"CANARY', 1)
    yield data.replace(b'"family":"CANARY', b'"family":"\\ud800CANARY', 1)
    yield data.replace(b'"family":"CANARY', b'"family":"\xffCANARY', 1)


def outcomes(data: bytes) -> list[str]:
    """What is said of the claims in the output, as text."""
    try:
        rows = [json.loads(data)] if data else []
    except ValueError:
        rows = [json.loads(row) for row in data.splitlines()]
    held = [entry["resource"] for row in rows for entry in row.get("entry", ())]
    kinds = ("OperationOutcome", "Provenance")
    return [json.dumps(each) for each in held if each["resourceType"] in kinds]


FORMATS = ("text", "json", "ndjson", "sarif", "github")


@pytest.mark.parametrize("shape", ["compact", "alone, compact", "claims in rows"])
@pytest.mark.parametrize("lines", [(RIGHT, LEFT), ("64493-50,RT $800", "64494-26,51 x3 $10")])
def test_no_person_is_in_anything_that_is_said(
    facet: Facet, shape: str, lines: Sequence[str]
) -> None:
    text = bundle(*lines, payer="medicare", note="CANARY", shape=SHAPES[shape])
    data = b"\n".join(planted(row) for row in text.splitlines())
    assert len(CANARY.findall(data.decode())) > 10
    for number_, variant in enumerate(broken_in(data)):
        put("in.json", variant)
        said = []
        for form in FORMATS:
            ran = facet("check", "--validate-fhir", "--format", form, "in.json")
            assert ran.status in READ + REFUSED, number_
            said.append(ran.out.decode() + ran.err)
        for verb in ("fix", "annotate"):
            ran = facet(verb, "--validate-fhir", "in.json")
            said += [ran.err, *outcomes(ran.out)]
        for text_ in said:
            assert not CANARY.search(text_), (number_, CANARY.findall(text_))
