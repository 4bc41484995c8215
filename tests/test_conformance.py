"""Structure of FHIR resources: what `adapter.conformance` finds in them, and what it leaves alone.

The resources are synthetic and made here. Samples of others are read where they are at hand.
"""

from __future__ import annotations

import csv
import json
import math
import random
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from decimal import Decimal
from typing import Any

import fhirkit as fhirkit_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from adapter.conformance import (
    COUNTED,
    DEPTH,
    MOST,
    R4_ONLY,
    R4B_ONLY,
    Problem,
    bundle_problems,
    problems,
    unchecked,
)
from tests.cases import ROOT
from tests.checkers import fhirkit, nodes, r4b

Json = dict[str, Any]
Keys = tuple[str | int, ...]

GONE = object()
SECONDS = 5  # far more than is needed, far less than anything that grows out of bounds
CANARY = "Canary-Quince-7431"


def claim() -> Json:
    """A Claim in which every kind of thing stands that the tests break."""
    return {
        "resourceType": "Claim",
        "id": "c1",
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>One <b>item</b></p></div>',
        },
        "contained": [{"resourceType": "Organization", "id": "payer", "name": "Payer"}],
        "extension": [{"url": "https://example.org/a", "valueString": "a"}],
        "identifier": [{"system": "https://example.org/claims", "value": "1"}],
        "status": "active",
        "type": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/claim-type",
                    "code": "professional",
                }
            ]
        },
        "use": "claim",
        "patient": {"reference": "Patient/p1"},
        "created": "2026-03-12",
        "insurer": {"reference": "#payer"},
        "provider": {"reference": "Organization/o1"},
        "priority": {"coding": [{"code": "normal"}]},
        "careTeam": [{"sequence": 1, "provider": {"reference": "Practitioner/d1"}}],
        "supportingInfo": [{"sequence": 1, "category": {"text": "info"}}],
        "diagnosis": [
            {
                "sequence": 1,
                "diagnosisCodeableConcept": {
                    "coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M47.816"}]
                },
            }
        ],
        "procedure": [{"sequence": 1, "procedureReference": {"reference": "Procedure/q1"}}],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/v1"}}],
        "item": [
            {
                "sequence": 1,
                "careTeamSequence": [1],
                "diagnosisSequence": [1],
                "procedureSequence": [1],
                "informationSequence": [1],
                "productOrService": {
                    "coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "64493"}]
                },
                "servicedDate": "2026-03-10",
                "quantity": {"value": 1},
                "unitPrice": {"value": 400.5, "currency": "USD"},
                "net": {"value": 400.5, "currency": "USD"},
            }
        ],
        "total": {"value": 400.5, "currency": "USD"},
    }


def put(document: Json, *keys: str | int, value: Any) -> Json:
    """The document with one value put in, or taken out where it is GONE."""
    node: Any = document
    for key in keys[:-1]:
        node = node[key]
    if value is GONE:
        del node[keys[-1]]
    else:
        node[keys[-1]] = deepcopy(value)
    return document


def text(document: object) -> bytes:
    return json.dumps(document).encode("utf-8")


def with_member(raw: bytes, document: Json | None = None) -> bytes:
    """A Claim (or another document) with one more member at its end, as it is written."""
    return text(document or claim()).removesuffix(b"}") + b"," + raw + b"}"


def told(document: object) -> list[tuple[str, str]]:
    return [(each.path, each.what) for each in problems(text(document))]


@contextmanager
def soon() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < SECONDS


def test_the_synthetic_claim_is_right() -> None:
    assert told(claim()) == []
    assert fhirkit(text(claim())) == r4b(text(claim())) == []


# --- the 29 mutants that five validators were tried on --------------------------------------------

NO_ELEMENT = "is no element of R4"
NOT_THERE = "refers to a contained resource that is not there"
NOT_ALLOWED = "refers to a type of resource that R4 does not allow there"
UNUSED = "is contained, but nothing refers to it"
SCRIPT = '<div xmlns="http://www.w3.org/1999/xhtml"><script>run()</script></div>'
MARKUP = "has markup in its div that R4 does not allow"
STATUSES = "is none of active, cancelled, draft, entered-in-error"
DATE = "is not a date (YYYY, YYYY-MM or YYYY-MM-DD)"
DATE_TIME = "is not a dateTime (a date, or a date with time, seconds and time zone)"
CODE = "is not a code (no white space around it, and single within)"
POSITIVE = "is not a positiveInt (1 or more)"
BOTH = {"url": "https://example.org/a", "valueString": "a", "extension": []}
BOTH["extension"] = [{"url": "b", "valueString": "b"}]

MUTANTS: Mapping[str, tuple[Keys, Any, str, str]] = {
    "unknown element": (("item", 0, "frequency"), 1, "item[0].frequency", NO_ELEMENT),
    "status outside its value set": (("status",), "banana", "status", STATUSES),
    "use outside its value set": (
        ("use",), "bill", "use", "is none of claim, preauthorization, predetermination",
    ),
    "use missing": (("use",), GONE, "use", "is required"),
    "created missing": (("created",), GONE, "created", "is required"),
    "productOrService missing": (
        ("item", 0, "productOrService"), GONE, "item[0].productOrService", "is required",
    ),
    "sequence 0": (("item", 0, "sequence"), 0, "item[0].sequence", POSITIVE),
    "sequence as a string": (
        ("item", 0, "sequence"), "1", "item[0].sequence", "is a string, not a number",
    ),
    "decimal as a string": (
        ("item", 0, "net", "value"), "12.50", "item[0].net.value", "is a string, not a number",
    ),
    "empty list": (("supportingInfo", 0, "extension"), [], "supportingInfo[0].extension",
                   "is an empty list"),
    "empty object": (("item", 0, "quantity"), {}, "item[0].quantity", "is an empty object"),
    "null": (("item", 0, "quantity"), None, "item[0].quantity", "is null"),
    "two forms of a choice": (
        ("item", 0, "servicedPeriod"), {"start": "2026-03-10"}, "item[0]",
        "has serviced in more than one form",
    ),
    "30 February": (("item", 0, "servicedDate"), "2014-02-30", "item[0].serviced", DATE),
    "a date as in the US": (("item", 0, "servicedDate"), "08/16/2014", "item[0].serviced", DATE),
    "a time without a zone": (("created",), "2014-08-16T10:00:00", "created", DATE_TIME),
    "object instead of list": (("item",), {"sequence": 1}, "item", "is an object, not a list"),
    "list instead of object": (
        ("patient",), [{"reference": "Patient/p1"}], "patient", "is a list, not an object",
    ),
    "extension without url": (("extension", 0, "url"), GONE, "extension[0].url", "is required"),
    "extension with value and extension": (
        ("extension", 0), BOTH, "extension[0]", "has both a value and extensions",
    ),
    "id with bad characters": (
        ("id",), "a_b c", "id", "is not an id (1 to 64 letters, digits, - and .)",
    ),
    "dangling contained reference": (
        ("provider", "reference"), "#nobody", "provider", NOT_THERE,
    ),
    "contained, not referred to": (("insurer",), GONE, "contained[0]", UNUSED),
    "a currency of six letters": (
        ("total", "currency"), "DOLLAR", "total.currency",
        "is not a currency of ISO 4217 (three capital letters)",
    ),
    "script in the narrative": (("text", "div"), SCRIPT, "text", MARKUP),
    "diagnosisSequence to nothing": (
        ("item", 0, "diagnosisSequence", 0), 99, "item[0].diagnosisSequence[0]",
        "is the sequence of no diagnosis",
    ),
    "reference to a wrong type": (
        ("patient", "reference"), "Organization/o1", "patient", NOT_ALLOWED,
    ),
    "empty string as code": (("status",), "", "status", "is an empty string"),
    "blank before a code": (("status",), " active", "status", STATUSES),
}  # fmt: skip
"""What is changed in the claim, and the one problem that comes of it. The last of the 29, a name
that stands twice, cannot be written as a dict: it has a test of its own."""

FURTHER: Mapping[str, tuple[Keys, Any, str, str]] = {
    "whole number with a point": (
        ("item", 0, "sequence"), 1.0, "item[0].sequence", "is not a whole number",
    ),
    "true as a string": (
        ("insurance", 0, "focal"), "true", "insurance[0].focal", "is a string, not true or false",
    ),
    "1 for true": (
        ("insurance", 0, "focal"), 1, "insurance[0].focal", "is a number, not true or false",
    ),
    "true for 1": (
        ("item", 0, "sequence"), True, "item[0].sequence", "is true or false, not a number",
    ),
    "number for a string": (
        ("identifier", 0, "value"), 12, "identifier[0].value", "is a number, not a string",
    ),
    "object for a string": (
        ("identifier", 0, "value"), {"a": 1}, "identifier[0].value", "is an object, not a string",
    ),
    "null in a list of objects": (("item", 0), None, "item[0]", "is null"),
    "null in a list of values": (
        ("item", 0, "diagnosisSequence"), [1, None], "item[0].diagnosisSequence[1]", "is null",
    ),
    "list in a list": (
        ("item", 0, "diagnosisSequence"), [1, [1]], "item[0].diagnosisSequence[1]",
        "is a list, not a number",
    ),
    "the second value of a list": (
        ("item", 0, "diagnosisSequence"), [1, 0, 1], "item[0].diagnosisSequence[1]", POSITIVE,
    ),
    "an id of 65 characters": (
        ("id",), "a" * 65, "id", "is not an id (1 to 64 letters, digits, - and .)",
    ),
    "two blanks in a code": (("type", "coding", 0, "code"), "a  b", "type.coding[0].code", CODE),
    "white space in a URI": (
        ("identifier", 0, "system"), "https://a b", "identifier[0].system",
        "is not a URI (no white space)",
    ),
    "no form of a choice": (
        ("diagnosis", 0, "diagnosisCodeableConcept"), GONE, "diagnosis[0]",
        "has no diagnosis in any form, which is required",
    ),
    "an id and nothing else": (
        ("priority",), {"id": "a"}, "priority", "has an id and nothing else",
    ),
    "extension with neither": (
        ("extension", 0, "valueString"), GONE, "extension[0]",
        "has neither a value nor extensions",
    ),
    "half of a surrogate pair": (
        ("identifier", 0, "value"), "a\ud83d", "identifier[0].value",
        "holds half of a surrogate pair",
    ),
    "careTeamSequence to nothing": (
        ("item", 0, "careTeamSequence"), [1, 2], "item[0].careTeamSequence[1]",
        "is the sequence of no careTeam",
    ),
    "procedureSequence to nothing": (
        ("procedure",), GONE, "item[0].procedureSequence[0]", "is the sequence of no procedure",
    ),
    "informationSequence to nothing": (
        ("supportingInfo", 0, "sequence"), 3, "item[0].informationSequence[0]",
        "is the sequence of no supportingInfo",
    ),
    "contained of a wrong type": (
        ("patient", "reference"), "#payer", "patient", NOT_ALLOWED,
    ),
    "absolute reference to a wrong type": (
        ("provider", "reference"), "https://example.org/fhir/Patient/p1/_history/2", "provider",
        NOT_ALLOWED,
    ),
    "conditional reference to a wrong type": (
        ("provider", "reference"), "Patient?identifier=a|b", "provider", NOT_ALLOWED,
    ),
    "contained without resourceType": (
        ("contained", 0, "resourceType"), GONE, "contained[0]", "has no resourceType",
    ),
    "companion of no primitive": (("_total",), {"id": "a"}, "_total", NO_ELEMENT),
    "companion of an id": (("_id",), {"extension": []}, "_id", NO_ELEMENT),
    "empty companion": (("_status",), {}, "status", "has an empty object beside it"),
    "companion that is no object": (
        ("_status",), "a", "status", "has _status, which is a string, not an object",
    ),
    "wrong in a companion": (
        ("_status",), {"extension": [{"url": "a", "valueDate": "2014-02-30"}]},
        "status.extension[0].value", DATE,
    ),
    "no name of an element": (
        ("item", 0, "a-b"), 1, "item[0]", "has an element whose name is none of R4",
    ),
    "comments of DSTU2": (("fhir_comments",), ["a"], "fhir_comments", NO_ELEMENT),
    "a name of the Python model": (("created__ext",), {"id": "a"}, "created__ext", NO_ELEMENT),
    "a type of R4B": (
        ("extension", 0), {"url": "a", "valueRatioRange": {"denominator": {"value": 1}}},
        "extension[0].valueRatioRange", NO_ELEMENT,
    ),
    "a type of R5": (
        ("extension", 0), {"url": "a", "valueInteger64": "1"}, "extension[0].valueInteger64",
        NO_ELEMENT,
    ),
    "narrative without div": (("text", "div"), GONE, "text", "has no div"),
}  # fmt: skip

ALSO: Mapping[str, list[tuple[str, str]]] = {
    "contained without resourceType": [("insurer", NOT_ALLOWED)],
    "the second value of a list": [
        ("item[0].diagnosisSequence[1]", "is the sequence of no diagnosis"),
    ],
}
"""What else comes of a mutant."""

CHANGED = {**MUTANTS, **FURTHER}


def changed(name: str) -> Json:
    keys, value, _, _ = CHANGED[name]
    return put(claim(), *keys, value=value)


def test_the_mutants_are_those_that_were_tried() -> None:
    """29 with the name that stands twice; `use` and `created` missing were one."""
    assert len(MUTANTS) == 29


@pytest.mark.parametrize("name", CHANGED)
def test_a_mutant_has_its_problem_at_its_path(name: str) -> None:
    _, _, path, what = CHANGED[name]
    assert told(changed(name)) == [(path, what), *ALSO.get(name, [])]


def test_a_name_that_stands_twice() -> None:
    assert problems(with_member(b'"status":"draft"')) == [
        Problem("status", "stands twice in one object")
    ]
    doubled = text(claim()).replace(
        b'"servicedDate":', b'"servicedDate":"2026-03-09","servicedDate":'
    )
    assert problems(doubled) == [Problem("item[0].serviced", "stands twice in one object")]
    assert problems(with_member(b'"a b":1,"a b":1'))[0] == Problem("", "has an element twice")


MISSING = {name for name, (_, _, _, what) in CHANGED.items() if what == "is required"}
NO_NODE = ("empty list", "companion of an id")
"""What FHIRPath does not see: it has no nodes for lists, and none for `_id`."""


@pytest.mark.parametrize("name", CHANGED)
def test_a_path_leads_to_one_node(name: str) -> None:
    """What is missing has none; the path then leads to where it should be."""
    _, value, path, _ = CHANGED[name]
    document = changed(name)
    found = nodes(document, f"Claim.{path}" if path else "Claim")
    if name in MISSING or name in NO_NODE:
        assert found == []
        assert len(nodes(document, f"Claim.{path}".rpartition(".")[0])) == 1
    elif value is None:
        assert found in ([], [None])  # fhirpathpy is not of one mind
    else:
        beside = 1 if CHANGED[name][0] == ("_status",) and path == "status" else 0
        assert len(found) == 1 + beside  # fhirpathpy takes what stands beside for a value


def test_what_stands_beside_values() -> None:
    """Extensions beside a value are no second form of a choice; in lists null keeps the places."""
    document = put(claim(), "item", 0, "_servicedDate", value=EXTENDED)
    assert told(document) == []
    name: Json = {"given": ["a", None], "_given": [None, EXTENDED]}
    assert told({"resourceType": "Patient", "name": [name]}) == []
    assert told({"resourceType": "Patient", "name": [{"_given": [None, EXTENDED]}]}) == [
        ("name[0].given", "has _given[0], which is null")
    ]
    assert told({"resourceType": "Patient", "name": [{**name, "_given": EXTENDED}]}) == [
        ("name[0].given[1]", "is null"),
        ("name[0].given", "has _given, which is an object, not a list"),
    ]
    assert told({"resourceType": "Patient", "name": [{"given": ["a"], "_given": []}]}) == [
        ("name[0].given", "has _given, which is an empty list")
    ]
    assert told({"resourceType": "Patient", "name": [{"given": ["a"], "_given": [1]}]}) == [
        ("name[0].given", "has _given[0], which is a number, not an object")
    ]


def test_references_of_which_the_type_is_not_known() -> None:
    for address in ("https://example.org/Facility/1", "urn:uuid:1", "1", "patient/1", "Patient/"):
        assert told(put(claim(), "provider", "reference", value=address)) == []


@pytest.mark.no_cover
def test_fhirkit_finds_nothing_that_is_not_found_here() -> None:
    """Seeded mutants of the claim: whatever an independent validator reports is reported here."""
    values: list[Any] = [
        None, [], {}, "", 1, "x", "1", True, 1.5, "2020-02-30", "2020", 0, -1, [1], ["a"],
        {"a": 1}, [None], [{}], {"reference": "#zz"}, "a b",
        {"extension": [{"url": "u", "valueString": "s"}]},
    ]  # fmt: skip
    choose = random.Random(20260312)
    rejected = 0
    for _ in range(1500):
        document = claim()
        keys = choose.choice(list(_places(document)))
        value = choose.choice([GONE, *values])
        if choose.random() < 0.2 and isinstance(keys[-1], str):
            keys = (*keys[:-1], f"_{keys[-1]}")
            value = {} if value is GONE else value
        data = text(put(document, *keys, value=value))
        if fhirkit(data):
            rejected += 1
            assert problems(data), (keys, value)
    assert rejected > 500


def _places(value: Any, keys: Keys = ()) -> Iterator[Keys]:
    if keys:
        yield keys
    if isinstance(value, (dict, list)):
        inner: Any = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in inner:
            yield from _places(each, (*keys, key))


@pytest.mark.parametrize(
    ("markup", "right"),
    [
        ("<p>a &lt; b</p>", True),
        ("<p>a</p><!-- a - comment --><br/>", True),
        ("<!----><!--a-b - c--><!-- <script> -->", True),
        ("<!-- a -- b -->", False),
        ("<!-- a --->", False),
        ("<a href='https://example.org/?a=>1'>onclick=\"x\"</a>", True),
        ('<td nowrap="nowrap" style="color: red">javascript:</td>', True),
        ("<p onclick=\"run()\">a</p>", False),
        ("<p\n onmouseover = 'run()'>a</p>", False),
        ("<img src='java&#10;script'/><img/onerror='run()'/>", False),
        ("<a href=' JavaScript:run()'>a</a>", False),
        ("<script src='https://example.org/a.js'/>", False),
        ("<script <p>", False),
        ("<iframe src='https://example.org'></iframe>", False),
        ("<!DOCTYPE div [<!ENTITY a SYSTEM 'file:///etc/hosts'>]>&a;", False),
        ("<?php run() ?>", False),
        ("<![CDATA[<script>]]>", False),
        ("<!-- never closed", False),
        ("a < b", False),
    ],
)  # fmt: skip
def test_markup_of_a_narrative(markup: str, right: bool) -> None:
    document = put(claim(), "text", "div", value=f"<div>{markup}</div>")
    assert told(document) == ([] if right else [("text", MARKUP)])


def test_contained_resources() -> None:
    person: Json = {"resourceType": "Practitioner", "id": "a"}
    assert told({"resourceType": "Patient", "contained": [person, person],
                 "generalPractitioner": [{"reference": "#a"}]}) == [
        ("contained[1]", "has the id of another contained resource")
    ]  # fmt: skip
    assert told({"resourceType": "Patient", "contained": [{**person, "contained": [person]}],
                 "generalPractitioner": [{"reference": "#a"}]}) == [
        ("contained[0].contained[0]", "is contained in a contained resource")
    ]  # fmt: skip
    assert told({"resourceType": "Patient", "contained": [{"resourceType": "Practitioner"}]}) == [
        ("contained[0]", UNUSED)
    ]
    back = {"resourceType": "PractitionerRole", "id": "a", "practitioner": {"reference": "#"}}
    assert told({"resourceType": "Practitioner", "contained": [back]}) == []
    canonical = {"resourceType": "Questionnaire", "id": "q", "status": "active"}
    assert told({"resourceType": "QuestionnaireResponse", "status": "completed",
                 "contained": [canonical], "questionnaire": "#q"}) == []  # fmt: skip


# --- no value of a resource is told ---------------------------------------------------------------


@pytest.mark.parametrize("form", [CANARY, f"{CANARY} a", f" {CANARY}", f"#{CANARY}", f"{CANARY}/1"])
def test_no_string_is_told(form: str) -> None:
    """Every string of the claim, one by one and all at once; names that no path holds too."""
    everywhere = claim()
    for keys in list(_places(claim())):
        value = _at(claim(), keys)
        if isinstance(value, str):
            once = put(claim(), *keys, value=form)
            everywhere = put(everywhere, *keys, value=form)
        elif isinstance(value, dict):
            once = put(claim(), *keys, f"{form} {form}", value=form)
        else:
            once = put(claim(), *keys, value=form)
        assert CANARY not in str(problems(text(once)))
    assert CANARY not in str(problems(text(everywhere)))


@pytest.mark.parametrize("number", ["743174317431", "7431.7431", "-74317431", "7431E7431"])
def test_no_number_is_told(number: str) -> None:
    for keys in list(_places(claim())):
        marked = text(put(claim(), *keys, value="<here>"))
        found = problems(marked.replace(b'"<here>"', number.encode()))
        assert "7431" not in str(found)


def _at(document: Any, keys: Keys) -> Any:
    for key in keys:
        document = document[key]
    return document


def test_the_models_show_no_input_even_when_they_are_asked() -> None:
    script = (
        "from adapter.conformance import problems\n"
        'problems(b\'{"resourceType":"Claim"}\')\n'
        "from fhir.resources.R4B.claim import Claim\n"
        "from fhir.resources.R4B.period import Period\n"
        "print([m.model_config['hide_input_in_errors'] for m in (Claim, Period)])"
    )
    assert _python(script) == "[True, True]"


def test_nothing_is_imported_before_a_resource_is_checked() -> None:
    script = (
        "import adapter.conformance, sys\n"
        "print(sorted({n.partition('.')[0] for n in sys.modules}"
        " & {'pydantic', 'pydantic_core', 'fhir', 'fhir_core'}))"
    )
    assert _python(script) == "[]"


def _python(script: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


# --- bounds ---------------------------------------------------------------------------------------


def test_many_problems_are_counted() -> None:
    document = claim()
    document["item"] = [{} for _ in range(MOST + 1)]
    found = problems(text(document))
    assert found[:2] == [Problem(f"item[{n}]", "is an empty object") for n in (0, 1)]
    assert len(found) == MOST + 1
    assert found[-1] == Problem("", "has 1 further problem, which is not listed")
    document["item"] += [{}]
    found = problems(text(document))
    assert len(found) == MOST + 1
    assert found[-1] == Problem("", "has 2 further problems, which are not listed")
    document["item"] = [{} for _ in range(MOST)]
    assert len(problems(text(document))) == MOST


MORE = f"has more than {COUNTED - MOST} further problems, which are not listed"


@pytest.mark.parametrize(
    "flood",
    [
        b'"related":[' + b"{}," * 99_999 + b"{}]",
        b'"related":[' + b'{"id":"a"},' * 99_999 + b"{}]",
        b'"related":[' + b'{"reference":{"use":"a  b"}},' * 99_999 + b"{}]",
        b'"related":[' + b"null," * 99_999 + b"null]",
        b'"related":[{"claim":{"extension":[' + b'{"valueCode":" "},' * 99_999 + b"{}]}}]",
        b",".join(b'"x%d":1' % number for number in range(100_000)),
        b'"language":"a",' + b",".join(b'"language%d":1' % n for n in range(100_000)),
    ],
)
def test_a_flood_of_problems_ends(flood: bytes) -> None:
    with soon():
        found = problems(with_member(flood))
    assert len(found) == MOST + 1
    assert found[-1] == Problem("", MORE)


@pytest.mark.no_cover
def test_a_flood_of_wrong_values_in_one_list_ends() -> None:
    zeros = b'"diagnosisSequence": [' + b"0, " * 99_999 + b"1]"
    flooded = text(claim()).replace(b'"diagnosisSequence": [1]', zeros)
    tracemalloc.start()
    try:
        with soon():
            found = problems(flooded)
        assert tracemalloc.get_traced_memory()[1] < 30 * len(flooded)
    finally:
        tracemalloc.stop()
    assert found[0].path == "item[0].diagnosisSequence[0]"
    assert (len(found), found[-1].what) == (MOST + 1, MORE)


def test_a_value_far_behind_in_a_list_is_checked_too() -> None:
    document = claim()
    document["meta"] = {"profile": [f"https://example.org/{n}" for n in range(5000)]}
    document["item"][0]["diagnosisSequence"] = [1] * 4321 + [2_147_483_648] + [1] * 700
    assert told(document)[0] == ("item[0].diagnosisSequence[4321]", POSITIVE)
    assert len(told(document)) == 2  # and it points to no diagnosis
    document["item"][0]["diagnosisSequence"] = [1] * 4321
    del document["item"][0]["productOrService"]
    assert told(document) == [("item[0].productOrService", "is required")]


def test_a_model_that_fails_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fhir.resources raises, the resource is not lost, nor what else is wrong in it."""
    from fhir.resources.R4B.claim import ClaimItem

    for failure in (AttributeError, KeyError, TypeError, ValueError, OverflowError):

        def fail(*_: object, failure: type[Exception] = failure) -> None:
            raise failure(CANARY)

        monkeypatch.setattr(ClaimItem, "model_validate", fail)
        assert told(changed("use missing")) == [
            ("item[0]", "could not be checked"), ("use", "is required"),
        ]  # fmt: skip


def test_an_error_of_a_model_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one that is not known to come of a choice; and not where something is told already."""
    from fhir.resources.R4B.claim import ClaimItem

    def fail(*_: object) -> None:
        error = PydanticCustomError("banana", CANARY)
        raise ValidationError.from_exception_data("a", [{"type": error, "loc": (), "input": 1}])

    monkeypatch.setattr(ClaimItem, "model_validate", fail)
    assert told(claim()) == [("item[0]", "is not as R4 has it")]
    assert told(changed("30 February")) == [("item[0]", "is not as R4 has it")]
    assert told(changed("null")) == [("item[0].quantity", "is null")]


@pytest.mark.parametrize("levels", [10, 29, 31, 32, 33, 64, 100, 450, 5_000, 100_000])
def test_deep_nesting_of_extensions(levels: int) -> None:
    nested = (
        b'"extension":[' + b'{"url":"a","extension":[' * levels
        + b'{"url":"a","valueCode":"a"}' + b"]}" * levels + b"]"
    )  # fmt: skip
    with soon():
        found = problems(with_member(nested, put(claim(), "extension", value=GONE)))
    if 2 * levels + 3 <= DEPTH:
        assert found == []
    else:
        assert [each.what for each in found] == [f"is nested deeper than {DEPTH} levels"]


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"resource":', b'{"contained":['])
def test_deep_nesting_of_anything(opening: bytes) -> None:
    for levels in (100, 400, 100_000):
        with soon():
            assert problems(with_member(b'"item":' + opening * levels + b"1"))
            shut = opening.translate(bytes.maketrans(b"[{", b"]}"), b'"acdeinorstu:')[::-1]
            assert problems(with_member(b'"item":' + opening * levels + b"1" + shut * levels))


def test_a_deep_stack_of_the_caller() -> None:
    def at(depth: int) -> list[Problem]:
        return at(depth - 1) if depth else list(problems(data))

    data = text(claim())

    answers: list[list[Problem]] = []
    for depth in range(sys.getrecursionlimit(), 0, -3):
        with suppress(RecursionError):  # this test itself cannot call so deep
            answers.append(at(depth))
            if not answers[-1]:
                break
    assert [Problem("", "could not be checked to its end")] in answers
    assert answers[-1] == []


LONG = "has more than 40 characters or an exponent beyond 30"
NAN = "is not a number of JSON"


@pytest.mark.parametrize("number", [
    "1E1000000", "1e-1000000", "-1E+300000", "1E31", "1e9999999999999999999999999999999999",
    "9" * 41, "9" * 5000, "9" * 1_000_000, "1." + "3" * 100_000, "0." + "0" * 4000 + "1",
])  # fmt: skip
@pytest.mark.parametrize(
    ("keys", "path"),
    [(("total", "value"), "total.value"), (("item", 0, "sequence"), "item[0].sequence")],
)
def test_numbers_without_end(number: str, keys: Keys, path: str) -> None:
    marked = text(put(claim(), *keys, value="<here>"))
    with soon():
        found = problems(marked.replace(b'"<here>"', number.encode()))
    assert found == [Problem(path, LONG)]


@pytest.mark.parametrize("number", ["1E30", "1e-30", "0.10", "-0", "9" * 40, "1." + "3" * 38])
def test_numbers_that_are_long_enough(number: str) -> None:
    marked = text(put(claim(), "total", "value", value="<here>"))
    assert problems(marked.replace(b'"<here>"', number.encode())) == []


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_words_that_are_no_numbers(word: str) -> None:
    marked = text(put(claim(), "total", "value", value="<here>"))
    assert problems(marked.replace(b'"<here>"', word.encode())) == [Problem("total.value", NAN)]


@pytest.mark.parametrize(
    "unit", ["<", "<p ", "<!--", "<p a='", '<p a="b" ', "<a href='x'>", "<!-- - -->", "</p>", "- "]
)
@pytest.mark.parametrize("before", ["", "<p", "<!--"])
def test_a_narrative_without_end(unit: str, before: str) -> None:
    with soon():
        problems(text(put(claim(), "text", "div", value=before + unit * 200_000)))


def test_references_without_end() -> None:
    document = claim()
    for unit in ("/A", "/Aa/b?", "A?", "Patient/"):
        with soon():
            problems(text(put(document, "facility", value={"reference": unit * 300_000})))


def test_contained_resources_that_refer_to_each_other() -> None:
    ring = [
        {"resourceType": "Procedure", "id": f"a{n}", "status": "completed",
         "subject": {"reference": "Patient/1"},
         "partOf": [{"reference": f"#a{(n + 1) % 500}"}]}
        for n in range(500)
    ]  # fmt: skip
    document = claim()
    document["contained"] += ring
    with soon():
        assert told(document) == []


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff{}", "is not JSON"),
        (b'{"a":1}}', "is not JSON"),
        (b"[]", "is a list, not an object"),
        (b"null", "is null, not an object"),
        (b"1E1000000", "is a number, not an object"),
        (b"{}", "has no resourceType"),
        (b'{"resourceType":null}', "has null as resourceType, not a string"),
        (b'{"resourceType":["Claim"]}', "has a list as resourceType, not a string"),
        *(
            (b'{"resourceType":"%s"}' % type_, "has a resourceType that R4 does not have")
            for type_ in (
                b"", b"Banana", b"claim", b"String", b"Resource", b"DomainResource", b"Element",
                b"HumanName", b"ClaimItem", b"FHIRPrimitiveExtension", b"__class__", b"\\ud800",
                b"\\u0000", b"A" * 1_000_000,
            )
        ),
    ],
)  # fmt: skip
def test_what_is_no_resource(data: bytes, what: str) -> None:
    assert problems(data) == [Problem("", what)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["#", "#payer", "Claim", "2020-01-01", "Patient/1"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([
            "resourceType", "id", "_id", "extension", "url", "valueCode", "_valueCode", "contained",
            "reference", "coding", "item", "sequence", "diagnosisSequence", "value", "a-b", "div",
        ]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.no_cover
@settings(max_examples=2 * settings().max_examples)
@given(st.data())
def test_nothing_is_raised_whatever_stands_where(data: st.DataObject) -> None:
    keys = data.draw(st.sampled_from(list(_places(claim()))))
    document = put(claim(), *keys, value=data.draw(JSON))
    assert all(each.what for each in problems(text(document)))
    bundle_problems({"type": "batch", "entry": [document, {"resource": document}], **document})


# --- what fhir.resources rejects, and R4 does not -------------------------------------------------

EXTENDED = {"extension": [{"url": "a", "valueCode": "unknown"}]}
GIVEN = {
    "resourceType": "MedicationAdministration",
    "status": "completed",
    "medicationCodeableConcept": {"text": "a"},
    "subject": {"reference": "Patient/1"},
}

REJECTED: Mapping[str, Json] = {
    "an extension of a value within an extension": {
        "resourceType": "Patient", "extension": [{"url": "a", "_valueCode": EXTENDED}],
    },
    "meta as the value of an extension": {
        "resourceType": "Patient", "extension": [{"url": "a", "valueMeta": {"versionId": "1"}}],
    },
    "a required choice that only extensions stand for": {
        **GIVEN, "_effectiveDateTime": EXTENDED,
    },
    "a required list that only extensions stand for": {
        "resourceType": "SearchParameter", "url": "https://example.org", "name": "A",
        "status": "draft", "description": "a", "code": "a", "type": "string", "_base": [EXTENDED],
    },
    "a UUID of version 1": {
        "resourceType": "Patient",
        "extension": [{"url": "a", "valueUuid": "urn:uuid:c757873d-ec9a-1326-a141-556f43239520"}],
    },
}  # fmt: skip
"""Valid R4, each with what fhir.resources 8.3 has against it."""


@pytest.mark.parametrize("name", REJECTED)
def test_a_false_rejection_is_not_repeated(name: str) -> None:
    assert fhirkit(text(REJECTED[name])) == []
    assert told(REJECTED[name]) == []


@pytest.mark.parametrize("name", REJECTED)
def test_fhir_resources_still_rejects(name: str) -> None:
    """What it takes by now needs no care any more."""
    try:
        assert r4b(text(REJECTED[name]))
    except AttributeError:  # for the required list it does not find its own words
        assert "list" in name


def test_a_byte_order_mark() -> None:
    assert problems(b"\xef\xbb\xbf" + text(claim())) == []


def test_an_unknown_type_costs_itself_alone() -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"resource": {"resourceType": "Banana", "peel": 1}},
            {"resource": put(claim(), "use", value="bill")},
        ],
    }
    assert told(bundle) == [
        ("entry[0].resource", "has a resourceType that R4 does not have"),
        ("entry[1].resource.use", MUTANTS["use outside its value set"][3]),
    ]


def test_every_resource_type_of_r4_is_checked_or_said_to_be_unchecked() -> None:
    """By the list of types that fhirkit-rs has, which knows 4.0.1 alone."""
    types = set(fhirkit_rs.RESOURCE_TYPES) - {"Resource", "DomainResource"}
    assert types >= R4_ONLY
    assert not types & R4B_ONLY
    for type_ in sorted(types):
        resource = {"resourceType": type_, "noElement": 1}
        assert unchecked(type_) == (type_ in R4_ONLY)
        assert (("noElement", NO_ELEMENT) in told(resource)) != unchecked(type_)
    for type_ in R4B_ONLY:
        assert told({"resourceType": type_}) == [("", "has a resourceType that R4 does not have")]


def test_an_unchecked_resource_may_be_contained() -> None:
    product = {"resourceType": "MedicinalProduct", "id": "m", "anything": [None]}
    document = claim()
    document["contained"].append(product)
    document["extension"].append({"url": "a", "valueReference": {"reference": "#m"}})
    assert told(document) == []
    assert told(product) == []


# --- Bundles --------------------------------------------------------------------------------------


def test_a_bundle_without_its_entries() -> None:
    assert bundle_problems({"resourceType": "Bundle", "type": "searchset", "total": 3}) == []
    assert bundle_problems({"resourceType": "Bundle"}) == [Problem("type", "is required")]
    assert [each.path for each in bundle_problems({"type": "banana", "link": {}})] == [
        "type",
        "link",
    ]
    assert bundle_problems({}) == [Problem("", "is an empty object")]
    for number, what in (
        (10**50, LONG), (1e300, LONG), (Decimal("1E1000000"), LONG), (2.0, "is not a whole number"),
        (math.nan, NAN), (-math.inf, NAN), (Decimal("NaN"), NAN), (Decimal("Infinity"), NAN),
    ):  # fmt: skip
        with soon():
            found = bundle_problems({"type": "collection", "total": number})
        assert found == [Problem("total", what)]


def test_the_entries_of_a_bundle_are_objects() -> None:
    entries: list[Any] = [
        {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Banana", "peel": None}},
        {"resource": {}},
        {"resource": 1},
        {"resource": {"a": 1}, "request": {"method": "POST", "url": "a b"}},
        1,
        {},
        None,
    ]
    found = bundle_problems({"type": "batch", "entry": entries})
    assert [(each.path, each.what) for each in found] == [
        ("entry[2].resource", "is a number, not an object"),
        ("entry[3].request.url", "is not a URI (no white space)"),
        ("entry[4]", "is a number, not an object"),
        ("entry[5]", "is an empty object"),
        ("entry[6]", "is null"),
    ]
    assert bundle_problems({"type": "batch", "entry": {}}) == [
        Problem("entry", "is an object, not a list")
    ]


# --- files that others published ------------------------------------------------------------------

FOLDER = ROOT.parent / "shared" / "samples" / "fhir"
INDEX = FOLDER / "INDEX.csv"
needs_samples = pytest.mark.skipif(not INDEX.is_file(), reason="no samples beside the project")


def _rows() -> list[Mapping[str, str]]:
    if not INDEX.is_file():
        return []
    with INDEX.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _resources(name: str) -> Iterator[Json]:
    """The resources in a sample, those of a Bundle one by one; the Bundle itself is checked."""
    data = (FOLDER / name).read_bytes()
    for row in data.splitlines() if name.endswith(".ndjson") else [data]:
        whole = json.loads(row, parse_float=Decimal)
        if whole["resourceType"] == "Bundle":
            entries = whole["entry"]
            whole["entry"] = [
                {**each, "resource": {}} if "resource" in each else each for each in entries
            ]
            assert bundle_problems(whole) == []
            for each in entries:
                if "resource" in each:
                    yield each["resource"]
        else:
            assert problems(row) == []
            yield whole


VALID = [
    row["file"]
    for row in _rows()
    if row["expect"] == "valid" and row["resourceType"] != "(not JSON)"
    and not row["file"].startswith(("ndjson/reference", "ndjson/uuid"))
]  # fmt: skip

SYNTHEA = "is the sequence of no supportingInfo"
"""Synthea of 2019 numbers the immunizations of a claim in `informationSequence`, but writes none of
them as `supportingInfo` where there is one item only for an encounter: it is really wrong."""


@needs_samples
@pytest.mark.parametrize("name", VALID)
def test_a_valid_sample_has_no_problem(name: str) -> None:
    for resource in _resources(name):
        found = problems(json.dumps(resource, default=float).encode())
        if name.startswith("synthea/") and "supportingInfo" not in resource:
            found = [each for each in found if each.what != SYNTHEA]
        assert found == []


PRIMITIVES = {
    "base64_binary": "Base64Binary", "boolean": "Boolean", "canonical": "Canonical", "code": "Code",
    "date": "Date", "date_time": "DateTime", "decimal": "Decimal", "id": "Id",
    "instant": "Instant", "integer": "Integer", "markdown": "Markdown", "oid": "Oid",
    "positive_int": "PositiveInt", "reference": "Reference", "string": "String", "time": "Time",
    "unsigned_int": "UnsignedInt", "uri": "Uri", "url": "Url", "uuid": "Uuid",
}  # fmt: skip


def _vectors() -> Iterator[tuple[str, bool, str]]:
    for row in _rows():
        name, expected, _ = (row["file"].removeprefix("ndjson/") + "...").split(".", 2)
        if name in PRIMITIVES and row["file"].startswith("ndjson/"):
            for line in (FOLDER / row["file"]).read_text(encoding="utf-8").splitlines():
                if line != "null":  # there it stands for a value that is absent
                    yield name, expected.startswith("valid"), line


@needs_samples
@pytest.mark.parametrize(("name", "right", "value"), list(_vectors()))
def test_a_primitive_value(name: str, right: bool, value: str) -> None:
    """Google's vectors, as the value of an extension."""
    extension = {"url": "a", f"value{PRIMITIVES[name]}": "<here>"}
    document: Json = {"resourceType": "Basic", "code": {"text": "a"}, "extension": [extension]}
    found = problems(text(document).replace(b'"<here>"', value.encode()))
    if '"#p1"' in value:
        assert found == [Problem("extension[0].value", NOT_THERE)]
    elif right:
        assert found == []
    else:
        assert [each.path for each in found] == ["extension[0].value"]


BROKEN: Mapping[str, list[tuple[str, str]]] = {
    "pas/nonconformant_pas_bundle_v110.json": [("entry", "is an empty list")],
    "pas/pa_response_bundle_missing_elements.json": [
        ("entry[0].resource.created", "is required"),
    ],
    "pas/ri-claim-complete.json": [
        ("entry[6].resource.grouping", NO_ELEMENT),  # of DSTU2
        ("entry[6].resource.beneficiary", "is required"),
        ("entry[7].resource.intent", "is required"),
    ],
    "validator-suite/bundle-bad-empty.json": [("entry[0].fullUrl", "is an empty string")],
    "validator-suite/bundle-transaction.json": [  # of STU3
        ("entry[1].resource.component[0].definition", "is an object, not a string"),
    ],
    "validator-suite/list-contained-bad.json": [
        ("subject", NOT_THERE), ("contained[0]", UNUSED),
    ],
    "validator-suite/list-empty1.json": [("entry[0]", "is an empty object")],
    "validator-suite/list-unknown-prop.json": [("other", NO_ELEMENT)],
    "validator-suite/list-xhtml-element.json": [
        ("fhir_comments", NO_ELEMENT), ("_id", NO_ELEMENT), ("text", MARKUP),
    ],
    "validator-suite/list-xhtml-xxe.json": [("text", MARKUP)],
    "validator-suite/patient-duplicate-contained.json": [
        ("contained[1]", "has the id of another contained resource"), ("contained[3]", UNUSED),
    ],
    "validator-suite/json-good.json": [],
    "validator-suite/contained.json": [],
    # what is wrong with these two a profile says, not R4
    "pas/invalid_first_entry_response_bundle.json": [],
    "pas/missing_referenced_resource_request_bundle.json": [],
}  # fmt: skip


@needs_samples
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_sample(name: str) -> None:
    found = problems((FOLDER / name).read_bytes())
    assert [(each.path, each.what) for each in found] == BROKEN[name]


@pytest.mark.no_cover
@needs_samples
def test_no_sample_stops_the_check() -> None:
    for path in sorted(FOLDER.rglob("*.*json")):
        data = path.read_bytes()
        for row in [data, *data.splitlines()[:20]]:
            problems(row)
