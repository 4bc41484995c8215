"""What `facet annotate` and `facet fix --annotate` write, for everything that a claim stands in.

What is in an output is told by the standard library and by `conserving_fhir.Node`, what an
expression leads to by fhirpathpy: nothing that reads here is under test.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import adapter.engine
from adapter.documents import open_document
from adapter.engine import run
from adapter.findings import Notes
from adapter.source import Source
from adapter.tables import shipped
from tests import test_cli
from tests.build837 import one, write
from tests.buildfhir import BASE, HL7, SHAPES, Json, Layout, bundle, claim, concept, dumps
from tests.cases import ROOT
from tests.checkers import fhirkit, medplum, nodes, r4b
from tests.conserving_fhir import Node, documents
from tests.runs import check, fix, policy
from tests.test_cli import Facet, Ran, failing, put

facet = test_cli.facet

RULES, STATUS = "urn:facet-adapter:rules", "urn:facet-adapter:review-status"
EPOCH = 1_790_000_000
WHEN = datetime.fromtimestamp(EPOCH, UTC)

WRONG = ("64493-RT $400.00", "64493-LT $400.00")
"""LA05, with a safe correction: one line with 50."""
RIGHT = ("64493-50 $800.00",)
ADVISED = ("64493 $400.00",)
"""LA03, a warning that only a person can settle."""
FOREIGN = ("99213 $100.00",)


@pytest.fixture(autouse=True)
def _one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))


# --- inputs ---------------------------------------------------------------------------------------


def billed(ident: str = "C-1", *lines: str, **options: Any) -> Json:
    """A Claim that contains what it refers to; by default one with LA05."""
    return claim(*(lines or WRONG), id=ident, payer="medicare", **options)


def without(resource: Json, *names: str) -> Json:
    return {name: value for name, value in resource.items() if name not in names}


def tagged(resource: Json, meta: Any) -> Json:
    """The resource with a meta behind its id."""
    head = {name: resource[name] for name in ("resourceType", "id")}
    return {**head, "meta": meta, **without(resource, *head)}


PATIENT: Json = {"resourceType": "Patient", "id": "p-1", "gender": "female"}
PROCEDURE: Json = {
    "resourceType": "Procedure",
    "id": "pr-1",
    "status": "completed",
    "code": concept("http://www.ama-assn.org/go/cpt", "64493"),
    "subject": {"display": "not told"},
}
COMPOSITION: Json = {
    "resourceType": "Composition",
    "id": "co-1",
    "status": "final",
    "type": concept("http://loinc.org", "64297-5"),
    "date": "2026-03-11",
    "author": [{"display": "not told"}],
    "title": "Claims",
}
MESSAGE: Json = {
    "resourceType": "MessageHeader",
    "id": "me-1",
    "eventUri": f"{BASE}/submitted",
    "source": {"endpoint": f"{BASE}/sender"},
}
SIGNATURE: Json = {
    "type": [{"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}],
    "when": "2026-03-12T10:00:00Z",
    "who": {"display": "not told"},
}


def bundled(kind: str, *resources: Json, **members: Any) -> Json:
    """A Bundle of that type; each entry has what the type asks of it."""
    entries = []
    for resource in resources:
        name, ident = resource["resourceType"], resource.get("id")
        entry: Json = {"fullUrl": f"{BASE}/{name}/{ident}"} if ident else {}
        entry["resource"] = resource
        if kind == "searchset":
            entry["search"] = {"mode": "match" if name == "Claim" else "include"}
        if kind in ("transaction", "batch", "history"):
            entry["request"] = {"method": "POST", "url": name}
        if kind in ("transaction-response", "batch-response", "history"):
            entry["response"] = {"status": "201"}
        entries.append(entry)
    if kind == "document":
        members |= {"identifier": {"system": f"{BASE}/documents", "value": "D-1"}}
        members |= {"timestamp": "2026-03-11T10:00:00Z"}
    return {"resourceType": "Bundle", "type": kind, **members, "entry": entries}


def js(resource: Any, layout: Layout = Layout.COMPACT) -> bytes:
    return dumps(resource, layout).encode()


def rows(*resources: Json, layout: Layout = Layout.ONE_LINE) -> bytes:
    return b"".join(js(resource, layout) + b"\n" for resource in resources)


def some(kind: str = "collection", **members: Any) -> Json:
    """A Bundle with four claims, one of them none of ours, and others between them."""
    return bundled(
        kind,
        billed("C-1"),
        PATIENT,
        billed("C-2", *RIGHT),
        billed("C-3", *FOREIGN),
        billed("C-4", *ADVISED),
        **members,
    )


DOCUMENT = bundled("document", COMPOSITION, billed("C-1"), billed("C-4", *ADVISED))
SENT = bundled("message", MESSAGE, billed("C-1"), billed("C-4", *ADVISED))

INSIDE: Mapping[str, bytes] = {
    "collection": js(some()),
    "searchset": js(some("searchset", total=4), Layout.INDENTED),
}
"""Bundles that take the outcomes in."""

BESIDE: Mapping[str, bytes] = {
    "transaction": js(some("transaction"), Layout.INDENTED),
    "batch": js(some("batch")),
    "transaction-response": js(some("transaction-response")),
    "batch-response": js(some("batch-response"), Layout.PRETTY),
    "history": js(some("history")),
    "lone claim": js(billed(), Layout.INDENTED),
    "lone claim, compact": js(billed("C-4", *ADVISED)),
    "lone claim, no id": js(without(billed(), "id"), Layout.ONE_LINE),
    "rows of claims": rows(billed("C-1"), billed("C-2", *FOREIGN), billed("C-4", *ADVISED)),
    "rows, blank ones too": b"\n\n" + rows(billed("C-1")) + b" \t\n" + rows(billed("C-2", *RIGHT)),
    "rows, CRLF": rows(billed("C-1"), PATIENT, billed("C-2")).replace(b"\n", b"\r\n"),
    "rows of batches": rows(some("batch"), some("transaction")),
    "mixed rows": rows(PATIENT, some("batch"), PROCEDURE, billed("C-8"), billed("C-9", *FOREIGN)),
}
"""What keeps its shape, and the outcomes are beside it."""

FIXED: Mapping[str, tuple[bytes, str]] = {
    "document": (js(DOCUMENT, Layout.INDENTED), "a document Bundle is never changed"),
    "message": (js(SENT), "a message Bundle is never changed"),
    "signed collection": (js(some(signature=SIGNATURE)), "the Bundle is signed and never changed"),
    "signed searchset": (
        js(some("searchset") | {"signature": SIGNATURE}, Layout.PRETTY),
        "the Bundle is signed and never changed",
    ),
    "signed transaction": (
        js(some("transaction", signature=SIGNATURE)),
        "the Bundle is signed and never changed",
    ),
    "rows of what is fixed": (
        rows(DOCUMENT, SENT, some(signature=SIGNATURE)),
        "never changed",
    ),
}
"""What is never changed, and why."""

UNTOUCHED: Mapping[str, bytes] = {
    "procedure": js(PROCEDURE, Layout.INDENTED),
    "patient": js(PATIENT) + b"\n \n",
    "claim of others": b"\xef\xbb\xbf" + js(billed("C-3", *FOREIGN), Layout.PRETTY) + b"\0\0",
    "bundle without claims of ours": js(bundled("collection", PATIENT, billed("C-3", *FOREIGN))),
    "signed, without claims": js(bundled("collection", PATIENT, signature=SIGNATURE)),
    "empty bundle": b'{"resourceType": "Bundle", "type": "searchset", "total": 0}',
    "rows": b"\n" + rows(PATIENT, PROCEDURE, billed("C-3", *FOREIGN)) + b"\n",
    "code in another place": js(billed("C-3", *FOREIGN) | {"id": "64493"}),
}
"""What has no claim with a facet code in it."""


def each(inputs: Mapping[str, Any]) -> Any:
    return pytest.mark.parametrize("name", inputs)


# --- reading outputs ------------------------------------------------------------------------------


def notes(ran: Ran) -> bytes:
    """What a run has put into `said.ndjson`."""
    assert ran.status in (0, 1), ran.err
    return Path("said.ndjson").read_bytes()


def resources(whole: Json) -> Iterator[Json]:
    """A resource and those in it, where it is a Bundle."""
    yield whole
    for entry in whole.get("entry", ()):
        if "resource" in entry:
            yield from resources(entry["resource"])


def of_type(kind: str, data: bytes) -> list[Json]:
    """All resources of a type in an input or output, in order."""
    wholes = (json.loads(document.text) for document in documents(data))
    return [each for whole in wholes for each in resources(whole) if each["resourceType"] == kind]


def outcomes(data: bytes) -> list[Json]:
    return of_type("OperationOutcome", data)


def is_about(outcome: Json) -> str:
    """What all issues of an outcome say that they are about."""
    (said,) = {issue["diagnostics"] for issue in outcome["issue"]}
    tool, _, where = said.partition("; ")
    assert re.fullmatch(r"rules of facet-adapter \S+", tool)
    return str(where)


def status_of(resource: Json) -> str | None:
    """The code of the only tag of ours, None where there is none."""
    tags = [t for t in resource.get("meta", {}).get("tag", ()) if t.get("system") == STATUS]
    assert len(tags) <= 1
    return tags[0]["code"] if tags else None


def statuses(data: bytes) -> dict[str | None, str | None]:
    """The tags of the Claims by their id."""
    return {each.get("id"): status_of(each) for each in of_type("Claim", data)}


@dataclass(frozen=True, slots=True)
class Told:
    """One expression: whose outcome says it, by which rule, and the nodes that it leads to."""

    about: str
    rule: str
    expression: str
    leads_to: Sequence[Any]


def told(data: bytes, beside: bytes = b"") -> list[Told]:
    """All expressions in an output and in what stands beside it.

    In a Bundle they are rooted in the outermost; beside it in the row that the outcome names, and
    where it names none in the only document.
    """
    found = []
    roots = [json.loads(document.text) for document in documents(data)]
    for root in roots:
        for outcome in resources(root):
            if outcome["resourceType"] == "OperationOutcome":
                found += _told(outcome, root)
    for outcome in map(json.loads, beside.splitlines()):
        if outcome["resourceType"] != "OperationOutcome":
            continue
        row = re.match(r"row (\d+), ", is_about(outcome))
        if row is None:
            (root,) = roots
        else:
            root = json.loads(data.split(b"\n")[int(row[1]) - 1])
        found += _told(outcome, root)
    return found


def _told(outcome: Json, root: Json) -> Iterator[Told]:
    for issue in outcome["issue"]:
        for expression in issue.get("expression", ()):
            (coding,) = issue["details"]["coding"]
            assert coding["system"] == RULES
            leads_to = nodes(root, expression)
            yield Told(is_about(outcome), coding["code"], expression, leads_to)


def expected(data: bytes) -> list[tuple[str, list[Any]]]:
    """The findings of an input by rule, with the nodes of the input that they are about."""
    found = []
    for finding in check(data).findings:
        place = finding.location
        line = data if place.row is None else data.split(b"\n")[place.row - 1]
        assert place.expression is not None
        found.append((finding.rule, nodes(json.loads(line.strip(b"\0")), place.expression)))
    return found


def assert_told(data: bytes, output: bytes, beside: bytes = b"") -> None:
    """Each finding has an expression that leads to its one node, and there are no others."""
    said = told(output, beside)
    assert [(each.rule, each.leads_to) for each in said] == expected(data)
    assert all(len(each.leads_to) == 1 for each in said)


# --- what is written, byte by byte ----------------------------------------------------------------


def bare(before: bytes, after: bytes, *, entries_too: bool = True) -> bytes:
    """The output without tags of ours and (`entries_too`) without the entries behind those of the
    input: of two inputs of the same shape what is left of the second is the first."""
    old, new = documents(before), documents(after)
    assert len(old) == len(new)
    cuts: list[tuple[int, int, str]] = []
    for was, now in zip(old, new, strict=True):
        cuts += _cuts(was, now, entries_too)
    text = after.decode()
    for start, end, instead in reversed(cuts):
        text = text[:start] + instead + text[end:]
    return text.encode()


def _cuts(was: Node, now: Node, entries_too: bool) -> Iterator[tuple[int, int, str]]:
    kind = was.said("resourceType")
    if kind == "Claim":
        yield from _of_tag(was, now)
    if kind != "Bundle" or was.get("entry") is None:
        return
    old, new = was.members["entry"].elements, now.members["entry"].elements
    for before, after in zip(old, new, strict=False):
        first, second = before.get("resource"), after.get("resource")
        if first is not None and second is not None:
            yield from _cuts(first, second, entries_too)
    if entries_too and len(new) > len(old):
        yield new[len(old) - 1].end, new[-1].end, ""


def _of_tag(was: Node, now: Node) -> Iterator[tuple[int, int, str]]:
    """What the tag of a Claim has added; in the place of what stood there."""
    meta, tags = now.get("meta"), now.get("meta", "tag")
    if tags is None or meta is None or not any(map(_is_ours, tags.elements)):
        return
    (mine,) = filter(_is_ours, tags.elements)
    old_meta, old_tags = was.get("meta"), was.get("meta", "tag")
    if old_meta is None:
        assert meta.value == {"tag": [mine.value]}
        yield _before(now, meta), meta.end, ""
    elif old_tags is None:
        yield _before(meta, tags), tags.end, ""
    elif len(old_tags.elements) == len(tags.elements):  # an older one was there
        (older,) = filter(_is_ours, old_tags.elements)
        yield mine.start, mine.end, older.text
    elif not old_tags.elements:
        yield tags.start, tags.end, old_tags.text
    else:
        assert mine.text == tags.elements[-1].text
        yield tags.elements[-2].end, mine.end, ""


def _is_ours(tag: Node) -> bool:
    return bool(tag.said("system") == STATUS)


def _before(parent: Node, member: Node) -> int:
    """Where the member before this one ends, or its parent begins."""
    ends = [each.end for each in parent.members.values() if each.end < member.start]
    return max(ends, default=parent.start + 1)


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("kind", ["collection", "searchset"])
def test_a_bundle_takes_outcomes_in_and_nothing_else_is_changed(
    facet: Facet, kind: str, layout: Layout
) -> None:
    data = js(some(kind, total=4) if kind == "searchset" else some(), layout) + b"\n\n"
    ran = facet("annotate", stdin=data)
    assert (ran.status, bare(data, ran.out)) == (1, data)
    whole, before = json.loads(ran.out), json.loads(data)
    added = whole["entry"][len(before["entry"]) :]
    assert [is_about(entry["resource"]) for entry in added] == [
        f"{BASE}/Claim/C-{number}" for number in (1, 2, 4)
    ]
    for entry in added:
        mode = {"search": {"mode": "outcome"}} if kind == "searchset" else {}
        assert entry == {"fullUrl": entry["fullUrl"], "resource": entry["resource"], **mode}
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", entry["fullUrl"])
        assert entry["resource"]["resourceType"] == "OperationOutcome"
    assert len({entry["fullUrl"] for entry in added}) == 3
    assert whole.get("total") == before.get("total")
    assert statuses(ran.out) == {"C-1": "errors", "C-2": "clean", "C-3": None, "C-4": "warnings"}
    assert_told(data, ran.out)


def laid_out(value: Any, indent: str, newline: str) -> bytes:
    """Every member and element on a line of its own."""
    text = dumps(value, Layout.INDENTED)
    return re.sub(r"\n( *)", lambda m: newline + indent * (len(m[1]) // 2), text).encode()


ONE_LINE = re.compile(
    rb'\{"tag": \[\{"system": "[^"]*", "code": "[a-z-]*", "display": "[^"]*"\}\]\}'
)


@pytest.mark.parametrize(
    ("indent", "newline"), [("  ", "\n"), ("    ", "\n"), ("\t", "\n"), ("  ", "\r\n"), (" ", "\r")]
)
@pytest.mark.parametrize("options", [["annotate"], ["fix", "--annotate"]])
def test_entries_are_laid_out_as_the_file_is(
    facet: Facet, indent: str, newline: str, options: Sequence[str]
) -> None:
    """A tag is on one line, all else looks as if the file's own writer had written it."""
    data = laid_out(bundled("searchset", billed("C-1"), billed("C-2", *RIGHT)), indent, newline)
    ran = facet(*options, stdin=data)
    written = json.loads(ran.out, parse_float=Decimal)
    assert len(written["entry"]) >= 4
    assert len(ONE_LINE.findall(ran.out)) == 2
    untagged = bare(data, ran.out, entries_too=False) if options == ["annotate"] else ran.out
    if options == ["annotate"]:
        for entry in written["entry"][:2]:
            del entry["resource"]["meta"]
        assert untagged == laid_out(written, indent, newline)
    else:  # new modifiers look like old ones; entries are behind all of them
        whole = laid_out(written, indent, newline)
        cut = whole.index(b'"fullUrl": "urn:uuid:')
        assert ran.out.endswith(whole[cut:])


@pytest.mark.parametrize("layout", [Layout.COMPACT, Layout.ONE_LINE])
def test_one_line_stays_one_line(facet: Facet, layout: Layout) -> None:
    data = js(bundled("searchset", billed("C-1"), billed("C-2", *RIGHT)), layout)
    ran = facet("annotate", stdin=data)
    assert ran.out == js(json.loads(ran.out, parse_float=Decimal), layout)


def test_numbers_and_what_others_lose_are_kept(facet: Facet) -> None:
    data = js(bundled("collection", billed("C-1"))).replace(b"400.00", b"4.0000e+02", 1)
    data = data.replace(b'"resource":', b'"x" : [1.50 , {} , "\\u00e9"],"resource":', 1)
    ran = facet("annotate", stdin=data)
    assert ran.status == 1
    assert bare(data, ran.out) == data


OTHER = {"system": f"{BASE}/tags", "code": "kept"}
OURS = {"system": STATUS, "code": "clean", "display": "as an older version said"}
METAS: Mapping[str, Any] = {
    "none": None,
    "empty": {},
    "version": {"versionId": "7", "lastUpdated": "2026-03-11T10:00:00Z"},
    "tags": {"versionId": "7", "tag": [OTHER]},
    "tags before": {"tag": [OTHER, OTHER | {"code": "b"}], "security": [OTHER], "profile": [BASE]},
    "no tag yet": {"tag": []},
    "ours": {"tag": [OURS]},
    "ours among others": {"tag": [OTHER, OURS, OTHER | {"code": "b"}], "versionId": "7"},
}


@each(METAS)
@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("alone", [True, False])
def test_a_meta_keeps_all_but_our_tag(
    facet: Facet, name: str, layout: Layout, alone: bool
) -> None:
    meta = METAS[name]
    resource = billed() if meta is None else tagged(billed(), meta)
    data = js(resource if alone else bundled("collection", resource), layout)
    ran = facet("annotate", "--outcomes", "said.ndjson", stdin=data)
    assert (ran.status, bare(data, ran.out)) == (1, data)
    (written,) = of_type("Claim", ran.out)
    assert status_of(written) == "errors"
    tags = written["meta"].pop("tag")
    kept = {**(meta or {})}
    before = kept.pop("tag", [])
    assert written["meta"] == kept
    where = [number for number, tag in enumerate(tags) if tag["system"] == STATUS]
    assert where == [before.index(OURS) if OURS in before else len(before)]
    assert [t for t in tags if t["system"] != STATUS] == [t for t in before if t != OURS]
    if meta is None:
        assert list(written)[:3] == ["resourceType", "id", "meta"]


# --- what keeps its shape -------------------------------------------------------------------------


def claims_of_ours(data: bytes) -> list[Json]:
    return [each for each in of_type("Claim", data) if b"64493" in js(each["item"])]


@each(BESIDE)
def test_with_outcomes_beside_it_the_input_keeps_its_shape(facet: Facet, name: str) -> None:
    data = BESIDE[name]
    ran = facet("annotate", "--outcomes", "said.ndjson", stdin=data)
    assert bare(data, ran.out) == data
    assert ran.out != data
    said = notes(ran)
    assert said.endswith(b"\n")
    told_of = [json.loads(row) for row in said.splitlines()]
    assert [each["resourceType"] for each in told_of] == ["OperationOutcome"] * len(told_of)
    ours = claims_of_ours(data)
    assert len(told_of) == len(ours) >= 1
    for outcome, resource in zip(told_of, ours, strict=True):
        assert is_about(outcome).endswith(f"/{resource['id']}" if "id" in resource else "Claim")
    assert [status_of(each) for each in claims_of_ours(ran.out)] == [
        {WRONG: "errors", RIGHT: "clean", ADVISED: "warnings"}[_lines(each)] for each in ours
    ]
    assert_told(data, ran.out, said)


def _lines(resource: Json) -> Sequence[str]:
    """Which of the claims above it is."""
    sides = [m["coding"][0]["code"] for item in resource["item"] for m in item.get("modifier", ())]
    return {("RT", "LT"): WRONG, ("50",): RIGHT, (): ADVISED}[tuple(sides)]


@each(BESIDE)
def test_without_it_all_is_in_a_new_collection(facet: Facet, name: str) -> None:
    data = BESIDE[name]
    ran = facet("annotate", stdin=data)
    whole = json.loads(ran.out)
    assert (whole["resourceType"], whole["type"]) == ("Bundle", "collection")
    kept = facet("annotate", "--outcomes", "said.ndjson", stdin=data)
    came = [document.text for document in documents(kept.out)]
    (written,) = documents(ran.out)
    entries = written.members["entry"].elements
    resources_ = [entry.members["resource"].text for entry in entries]
    assert resources_[: len(came)] == came
    assert all(list(entry.members) == ["resource"] for entry in entries[: len(came)])
    added = whole["entry"][len(came) :]
    beside = [json.loads(row) for row in notes(kept).splitlines()]
    for entry, other in zip(added, beside, strict=True):
        assert list(entry) == ["fullUrl", "resource"]
        for outcome in (entry["resource"], other):
            for issue in outcome["issue"]:
                issue.pop("expression", None)
        assert entry["resource"] == other
    assert_told(data, ran.out)


def test_rows_that_are_collections_take_outcomes_in(facet: Facet) -> None:
    """Each Bundle those of its claims, with expressions that are rooted in it."""
    data = rows(some(), PATIENT, some("searchset", total=4))
    for options in ([], ["--outcomes", "said.ndjson"]):
        ran = facet("annotate", *options, stdin=data)
        assert bare(data, ran.out) == data
        assert_told(data, ran.out)
        counts = [len(outcomes(row)) for row in ran.out.splitlines()]
        assert counts == [3, 0, 3]
    assert notes(ran) == b""


def test_rows_of_both_kinds_with_outcomes_beside_them(facet: Facet) -> None:
    data = rows(some(), billed("C-5"), PATIENT, some("batch"))
    ran = facet("annotate", "--outcomes", "said.ndjson", stdin=data)
    assert bare(data, ran.out) == data
    assert [len(outcomes(row)) for row in ran.out.splitlines()] == [3, 0, 0, 0]
    places = [is_about(each).split(",")[0] for each in map(json.loads, notes(ran).splitlines())]
    assert places == ["row 2", "row 4", "row 4", "row 4"]
    assert sorted((t.rule, str(t.leads_to)) for t in told(ran.out, notes(ran))) == sorted(
        (rule, str(leads_to)) for rule, leads_to in expected(data)
    )


def test_rows_of_both_kinds_in_a_new_collection(facet: Facet) -> None:
    """One thing is one place: where some have none in their rows, none is put there."""
    data = rows(some(), billed("C-5"), PATIENT)
    ran = facet("annotate", stdin=data)
    whole = json.loads(ran.out)
    kinds = [entry["resource"]["resourceType"] for entry in whole["entry"]]
    assert kinds == ["Bundle", "Claim", "Patient", *["OperationOutcome"] * 4]
    assert not outcomes(js(whole["entry"][0]["resource"]))
    assert_told(data, ran.out)


# --- what is never changed ------------------------------------------------------------------------


@each(FIXED)
@pytest.mark.parametrize(
    "options", [["fix"], ["fix", "--suggested"], ["annotate"], ["fix", "--annotate"]]
)
def test_what_is_fixed_comes_out_as_it_went_in(
    facet: Facet, name: str, options: Sequence[str]
) -> None:
    data, why = FIXED[name]
    ran = facet(*options, "--outcomes", "said.ndjson", stdin=data)
    assert (ran.status, ran.out) == (1, data)
    if options[0] == "fix":
        assert re.search(rf"Not offered: .*{why}", ran.err)
        assert "0 corrected" in ran.err
    said = [json.loads(row) for row in notes(ran).splitlines()]
    if options[-1].endswith("annotate"):
        assert len(said) == len(claims_of_ours(data))
        assert {each["resourceType"] for each in said} == {"OperationOutcome"}
        assert_told(data, ran.out, notes(ran))
    else:
        assert said == []


@each(FIXED)
@pytest.mark.parametrize("verb", ["annotate", "fix"])
def test_without_a_file_it_stands_whole_in_a_new_collection(
    facet: Facet, name: str, verb: str
) -> None:
    data, _ = FIXED[name]
    ran = facet(verb, *(["--annotate"] if verb == "fix" else []), stdin=data)
    (written,) = documents(ran.out)
    entries = [entry.members["resource"].text for entry in written.members["entry"].elements]
    came = [document.text for document in documents(data)]
    assert entries[: len(came)] == came
    assert set(statuses(js(json.loads(came[0]))).values()) == {None}
    assert len(outcomes(ran.out)) == len(claims_of_ours(data))
    assert_told(data, ran.out)


@each(FIXED)
def test_a_finding_in_it_says_that_no_correction_is_offered(facet: Facet, name: str) -> None:
    data, why = FIXED[name]
    report = facet("check", "--format", "json", stdin=data).report
    found = [each["fix"] for each in report["findings"] if each["rule"] == "LA05"]
    assert len(found) == len([c for c in claims_of_ours(data) if _lines(c) == WRONG]) >= 1
    for offered in found:
        assert offered["applicability"] == "manual"
        assert re.search(rf"Not offered: .*{why}\.$", offered["description"])
    assert (report["summary"]["fixable"], report["summary"]["suggestible"]) == (0, 0)


@each(UNTOUCHED)
def test_what_is_not_ours_comes_out_as_it_went_in(facet: Facet, name: str) -> None:
    data = UNTOUCHED[name]
    for verb in (["annotate"], ["fix", "--annotate"]):
        for beside in ([], ["--outcomes", "said.ndjson"]):
            ran = facet(*verb, *beside, stdin=data)
            assert (ran.status, ran.out) == (0, data)
        assert notes(ran) == b""


# --- Bundles in Bundles ---------------------------------------------------------------------------


def shape(whole: Json) -> list[Any]:
    """Types and ids of the entries of a Bundle; a list for each Bundle in it."""
    return [
        shape(r) if r["resourceType"] == "Bundle" else r.get("id", r["resourceType"])
        for r in (entry["resource"] for entry in whole["entry"])
    ]


def test_a_bundle_in_a_bundle_takes_its_own(facet: Facet) -> None:
    inner = bundled("collection", PATIENT, billed("C-1"))
    data = js(bundled("collection", inner, billed("C-2"), bundled("searchset", billed("C-3"))))
    ran = facet("annotate", stdin=data)
    assert bare(data, ran.out) == data
    assert shape(json.loads(ran.out)) == [
        ["p-1", "C-1", "facet-C-1"], "C-2", ["C-3", "facet-C-2", "facet-C-3"],
    ] or shape(json.loads(ran.out)) == [
        ["p-1", "C-1", "facet-C-1"], "C-2", ["C-3", "facet-C-3"], "facet-C-2",
    ]  # fmt: skip
    assert_told(data, ran.out)
