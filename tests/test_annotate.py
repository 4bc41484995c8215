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

import adapter
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


def bundled(kind: str, *held: Json, **members: Any) -> Json:
    """A Bundle of that type; each entry has what the type asks of it."""
    entries = []
    for resource in held:
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


def rows(*held: Json) -> bytes:
    return b"".join(js(resource, Layout.ONE_LINE) + b"\n" for resource in held)


def some(kind: str = "collection", start: int = 0, **members: Any) -> Json:
    """A Bundle with four claims, one of them none of ours, and another resource between them."""
    first, *others = (
        billed(f"C-{start + number}", *lines)
        for number, lines in enumerate((WRONG, RIGHT, FOREIGN, ADVISED), 1)
    )
    return bundled(kind, first, PATIENT, *others, **members)


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
    "rows of batches": rows(some("batch"), some("transaction", 4)),
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
        rows(
            DOCUMENT,
            bundled("message", MESSAGE, billed("C-5")),
            some(start=5, signature=SIGNATURE),
        ),
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

SAID: Mapping[str, bytes] = {
    **INSIDE,
    **BESIDE,
    **{name: data for name, (data, _) in FIXED.items()},
}
"""All of which something is said."""


def each(inputs: Mapping[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", inputs)


# --- outputs --------------------------------------------------------------------------------------


def annotated(
    data: bytes, *, correcting: bool, suggested: bool = False, beside: bool
) -> tuple[bytes, bytes]:
    """The output of a document, and what stands beside it."""
    noting = Notes(annotate=True, beside=beside, mappings=shipped().version, when=WHEN)
    document = open_document(Source("input", data), noting)
    for _ in run(document, policy(fix=correcting, suggested=suggested)):
        pass
    out, said = BytesIO(), BytesIO()
    document.write(out)
    document.write_outcomes(said)
    return out.getvalue(), said.getvalue()


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
    return [one for whole in wholes for one in resources(whole) if one["resourceType"] == kind]


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
    """One expression: what its issue says, and the nodes that it leads to."""

    rule: str
    severity: str
    text: str
    expression: str
    leads_to: Sequence[Any]


def told(data: bytes, beside: bytes = b"") -> list[Told]:
    """All expressions in an output and in what stands beside it.

    In a Bundle they are rooted in the outermost; beside it in the row that the outcome names, and
    where it names none in the only document.
    """
    found: list[Told] = []
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
            yield Told(
                coding["code"],
                issue["severity"],
                issue["details"]["text"],
                expression,
                nodes(root, expression),
            )


SEVERITIES = {"error": "error", "warning": "warning", "info": "information"}


def expected(data: bytes) -> list[tuple[str, str, str, list[Any]]]:
    """What is found in an input: rule, severity, words, and the nodes of the input it is about."""
    found = []
    for finding in check(data).findings:
        place = finding.location
        row = data if place.row is None else data.split(b"\n")[place.row - 1]
        assert place.expression is not None
        leads_to = nodes(json.loads(row.strip(b"\0")), place.expression)
        line = "" if finding.line is None else f"Line {finding.line}: "
        severity = SEVERITIES[finding.severity.word]
        found.append((finding.rule, severity, line + finding.message, leads_to))
    return found


def assert_told(data: bytes, output: bytes, beside: bytes = b"") -> None:
    """Each finding is an issue whose expression leads to its one node, and there are no others."""
    said = told(output, beside)
    assert all(len(each.leads_to) == 1 for each in said)
    found = [(each.rule, each.severity, each.text, each.leads_to) for each in said]
    assert sorted(found, key=str) == sorted(expected(data), key=str)


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


@pytest.mark.parametrize(
    "meta",
    [
        {"versionId": "7"},
        {"tag": [{"system": BASE, "code": "kept"}]},
    ],
)
def test_one_line_keeps_its_blanks(facet: Facet, meta: Json) -> None:
    data = js(bundled("collection", tagged(billed(), meta)), Layout.ONE_LINE)
    ran = facet("annotate", stdin=data)
    assert bare(data, ran.out) == data
    assert ran.out == js(json.loads(ran.out, parse_float=Decimal), Layout.ONE_LINE)


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
@pytest.mark.parametrize("layout", [Layout.INDENTED, Layout.COMPACT])
@pytest.mark.parametrize("alone", [True, False])
def test_a_meta_keeps_all_but_our_tag(facet: Facet, name: str, layout: Layout, alone: bool) -> None:
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


def _lines(resource: Json) -> tuple[str, ...]:
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
                issue.pop("diagnostics")
        assert entry["resource"] == other
    assert_told(data, ran.out)


def test_rows_that_are_collections_take_outcomes_in(facet: Facet) -> None:
    """Each Bundle those of its claims, with expressions that are rooted in it."""
    data = rows(some(), PATIENT, some("searchset", 4, total=4))
    for options in ([], ["--outcomes", "said.ndjson"]):
        ran = facet("annotate", *options, stdin=data)
        assert bare(data, ran.out) == data
        assert_told(data, ran.out)
        counts = [len(outcomes(row)) for row in ran.out.splitlines()]
        assert counts == [3, 0, 3]
    assert notes(ran) == b""


def test_rows_of_both_kinds_with_outcomes_beside_them(facet: Facet) -> None:
    data = rows(some(), billed("C-5"), PATIENT, some("batch", 5))
    ran = facet("annotate", "--outcomes", "said.ndjson", stdin=data)
    assert bare(data, ran.out) == data
    assert [len(outcomes(row)) for row in ran.out.splitlines()] == [3, 0, 0, 0]
    places = [is_about(each).split(",")[0] for each in map(json.loads, notes(ran).splitlines())]
    assert places == ["row 2", "row 4", "row 4", "row 4"]
    assert_told(data, ran.out, notes(ran))


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
    first, last = (
        bundled("collection", PATIENT, billed("C-1")),
        bundled("searchset", billed("C-2"), billed("C-3", *RIGHT)),
    )
    data = js(bundled("collection", first, last, billed("C-4", *ADVISED)))
    ran = facet("annotate", stdin=data)
    assert bare(data, ran.out) == data
    assert shape(json.loads(ran.out)) == [
        ["p-1", "C-1", "facet-C-1"],
        ["C-2", "C-3", "facet-C-2", "facet-C-3"],
        "C-4",
        "facet-C-4",
    ]
    assert_told(data, ran.out)


@pytest.mark.parametrize("kind", ["collection", "searchset"])
def test_a_claim_before_a_bundle_is_told_of_in_its_own(facet: Facet, kind: str) -> None:
    data = js(bundled("collection", billed("C-1"), bundled(kind, billed("C-2")), PATIENT))
    ran = facet("annotate", stdin=data)
    assert bare(data, ran.out) == data
    assert shape(json.loads(ran.out)) == ["C-1", ["C-2", "facet-C-2"], "p-1", "facet-C-1"]
    ran = facet("fix", stdin=data)
    assert shape(json.loads(ran.out)) == ["C-1", ["C-2", "Provenance"], "p-1", "Provenance"]


@pytest.mark.parametrize("first", [False, True], ids=["behind", "before"])
@pytest.mark.parametrize("kind", ["transaction", "batch", "document"])
@pytest.mark.parametrize("options", [["annotate"], ["fix"]])
def test_what_a_bundle_does_not_take_in_is_told_in_the_one_around_it(
    facet: Facet, options: Sequence[str], kind: str, first: bool
) -> None:
    """Of one that is never changed it is told beside; there is nothing to tell of a correction."""
    inner = bundled(kind, *([COMPOSITION] if kind == "document" else []), billed("C-2"))
    data = js(bundled("collection", *([billed("C-1"), inner] if first else [inner, billed("C-1")])))
    ran = facet(*options, "--outcomes", "said.ndjson", stdin=data)
    made = "OperationOutcome" if options == ["annotate"] else "Provenance"
    before = shape(json.loads(data))
    told_of = ["C-1", "C-2"] if first else ["C-2", "C-1"]
    if kind == "document":
        told_of.remove("C-2")
    whole = json.loads(ran.out)
    added = [f"facet-{name}" if options == ["annotate"] else made for name in told_of]
    assert shape(whole) == [*before, *added]
    is_beside = kind == "document" and options == ["annotate"]
    assert [is_about(each) for each in of_type(made, notes(ran))] == (
        [f"{BASE}/Claim/C-2"] if is_beside else []
    )
    if options == ["annotate"]:
        assert bare(data, ran.out) == data
        assert_told(data, ran.out, notes(ran))


@pytest.mark.parametrize("inner", ["collection", "searchset", "transaction"])
@pytest.mark.parametrize("outer", ["document", "signed"])
@pytest.mark.parametrize("options", [["fix"], ["annotate"]])
def test_nothing_within_what_is_fixed_is_changed(
    facet: Facet, options: Sequence[str], outer: str, inner: str
) -> None:
    held = bundled(inner, billed("C-1"))
    whole = (
        bundled("document", COMPOSITION, held)
        if outer == "document"
        else bundled("collection", held, signature=SIGNATURE)
    )
    ran = facet(*options, "--outcomes", "said.ndjson", stdin=js(whole))
    assert (ran.status, ran.out) == (1, js(whole))
    assert len(notes(ran).splitlines()) == (1 if options == ["annotate"] else 0)


def test_entries_of_a_bundle_in_a_bundle_are_laid_out_as_the_file_is(facet: Facet) -> None:
    data = laid_out(bundled("collection", bundled("collection", billed("C-1"))), "  ", "\n")
    ran = facet("annotate", stdin=data)
    written = json.loads(ran.out, parse_float=Decimal)
    del written["entry"][0]["resource"]["entry"][0]["resource"]["meta"]
    assert bare(data, ran.out, entries_too=False) == laid_out(written, "  ", "\n")


# --- annotated again ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*INSIDE, *BESIDE])
@pytest.mark.parametrize("options", [["annotate"], ["fix", "--annotate"]])
def test_beside_it_annotated_twice_is_annotated_once(
    facet: Facet, name: str, options: Sequence[str]
) -> None:
    data = {**INSIDE, **BESIDE}[name]
    first = facet(*options, "--outcomes", "said.ndjson", stdin=data)
    said = notes(first)
    second = facet("annotate", "--outcomes", "said.ndjson", stdin=first.out)
    third = facet("annotate", "--outcomes", "said.ndjson", stdin=second.out)
    assert third.out == second.out
    if options == ["annotate"]:
        assert (second.out, notes(second)) == (first.out, said)


@each(INSIDE)
@pytest.mark.parametrize("layout", Layout)
def test_in_a_bundle_annotated_twice_is_annotated_once(
    facet: Facet, name: str, layout: Layout
) -> None:
    data = js(json.loads(INSIDE[name], parse_float=Decimal), layout)
    first = facet("annotate", stdin=data)
    assert facet("annotate", stdin=first.out).out == first.out
    packed = facet("annotate", stdin=gzip.compress(data))
    assert gzip.decompress(packed.out) == first.out
    assert facet("annotate", stdin=packed.out).out == packed.out


@pytest.mark.parametrize(
    "name", ["transaction", "rows of claims", "lone claim", "lone claim, no id"]
)
def test_a_new_collection_is_annotated_as_one(facet: Facet, name: str) -> None:
    data = BESIDE[name]
    first = facet("annotate", stdin=data)
    second = facet("annotate", stdin=first.out)
    assert shape(json.loads(second.out)) == shape(json.loads(first.out))
    assert_told(data, second.out)
    assert facet("annotate", stdin=second.out).out == second.out


def test_around_what_is_never_changed_there_is_one_more_collection_each_time(
    facet: Facet,
) -> None:
    """What is told of it has no place in a Bundle of its own, and the earlier one is kept whole."""
    first = facet("annotate", stdin=FIXED["document"][0])
    second = facet("annotate", stdin=first.out)
    whole = json.loads(second.out)
    assert shape(whole) == [shape(json.loads(first.out)), "facet-C-1", "facet-C-4"]
    assert documents(first.out)[0].text in second.out.decode()


def test_a_new_collection_comes_out_as_it_went_in(facet: Facet) -> None:
    first = facet("annotate", stdin=BESIDE["lone claim, compact"])
    assert facet("annotate", stdin=first.out).out == first.out


def test_an_outcome_of_a_claim_without_any_name_is_not_found_again(facet: Facet) -> None:
    """Without id and fullUrl it is known by its place, which the new collection changes."""
    first = facet("annotate", stdin=rows(without(billed(), "id"), billed("C-2")))
    second = facet("annotate", stdin=first.out)
    assert len(outcomes(second.out)) == 3


MENDED = ({"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "50"}]},)


def mended(data: bytes, ident: str) -> bytes:
    """The claim corrected by hand: one item, 50, both charges."""
    whole = json.loads(data, parse_float=Decimal)
    for resource in resources(whole):
        if resource.get("id") == ident:
            first, _ = resource["item"]
            first["modifier"] = list(MENDED)
            first["net"]["value"] = Decimal("800.00")
            resource["item"] = [first]
    return js(whole, Layout.INDENTED)


@each(INSIDE)
def test_a_claim_that_was_edited_by_hand_has_its_outcome_replaced(facet: Facet, name: str) -> None:
    """The output is what the edited input alone would give."""
    data = js(json.loads(INSIDE[name], parse_float=Decimal), Layout.INDENTED)
    first = facet("annotate", stdin=data)
    ran = facet("annotate", stdin=mended(first.out, "C-1"))
    assert statuses(ran.out) == {"C-1": "clean", "C-2": "clean", "C-3": None, "C-4": "warnings"}
    texts = [issue["details"]["text"] for issue in outcomes(ran.out)[0]["issue"]]
    assert texts[0] == "No finding."
    again = json.loads(facet("annotate", stdin=mended(data, "C-1")).out)
    assert json.loads(ran.out) == again
    assert len(outcomes(ran.out)) == 3


def test_a_claim_that_is_added_behind_outcomes_does_not_double_them(facet: Facet) -> None:
    whole = json.loads(facet("annotate", stdin=INSIDE["collection"]).out)
    whole["entry"] += bundled("collection", billed("C-9"))["entry"]
    ran = facet("annotate", stdin=js(whole))
    abouts = Counter(map(is_about, outcomes(ran.out)))
    assert abouts == {f"{BASE}/Claim/C-{number}": 1 for number in (1, 2, 4, 9)}


def test_an_outcome_that_was_moved_to_the_front_is_replaced_there(facet: Facet) -> None:
    whole = json.loads(facet("annotate", stdin=INSIDE["collection"]).out)
    whole["entry"].insert(0, whole["entry"].pop())
    ran = facet("annotate", stdin=mended(js(whole), "C-1"))
    assert shape(json.loads(ran.out)) == shape(whole)
    assert_told(mended(js(whole), "C-1"), ran.out)


@pytest.mark.parametrize("kind", ["collection", "history", "rows"])
def test_outcomes_of_versions_of_a_claim_have_addresses_of_their_own(
    facet: Facet, kind: str
) -> None:
    versions = [tagged(billed("C-1"), {"versionId": version}) for version in ("1", "2")]
    data = rows(*versions) if kind == "rows" else js(bundled(kind, *versions))
    first = facet("annotate", stdin=data)
    urls = [entry["fullUrl"] for entry in json.loads(first.out)["entry"][-2:]]
    assert len(set(urls)) == 2
    second = facet("annotate", stdin=first.out)
    assert second.status == 1
    assert len(outcomes(second.out)) == 2


# --- corrected ------------------------------------------------------------------------------------

SEVERAL = ("64493-RT,LT $800.00", "64494-50,51 $700.00")
"""LA02 and MD02, both with a safe correction."""


def of_rules(provenance: Json) -> list[str]:
    found = []
    for entity in provenance["entity"]:
        assert entity["role"] == "source"
        assert entity["what"]["identifier"]["system"] == RULES
        found.append(entity["what"]["identifier"]["value"])
    return found


def leads(target: Json, entry: Json) -> bool:
    """Whether a reference leads to the resource of an entry."""
    resource = entry["resource"]
    if "reference" in target:
        name = f"{resource['resourceType']}/{resource.get('id')}"
        return target["reference"] in (entry.get("fullUrl"), name)
    return resource["resourceType"] == target["type"] and target["identifier"] in resource.get(
        "identifier", ()
    )


@pytest.mark.parametrize("layout", [Layout.INDENTED, Layout.COMPACT])
@pytest.mark.parametrize("kind", ["collection", "searchset"])
@pytest.mark.parametrize("options", [[], ["--suggested", "--outcomes", "said.ndjson"]])
def test_each_claim_that_was_changed_has_one_provenance(
    facet: Facet, options: Sequence[str], kind: str, layout: Layout
) -> None:
    no_id = without(billed("C-9"), "id")
    claims = [
        billed("C-1"),
        billed("C-2", *RIGHT),
        billed("C-3", *SEVERAL),
        billed("C-4", *ADVISED),
        no_id | {"identifier": [{"system": f"{BASE}/numbers", "value": "N-1"}]},
    ]
    data = js(bundled(kind, *claims), layout)
    ran = facet("fix", *options, stdin=data)
    whole, before = json.loads(ran.out), json.loads(data)
    added = whole["entry"][len(before["entry"]) :]
    assert [entry["resource"]["resourceType"] for entry in added] == ["Provenance"] * 3
    corrected = {v.claim: {f.rule for f in v.corrected} for v in fix(data).verdicts if v.corrected}
    told_of = {}
    for entry in added:
        mode = {"search": {"mode": "include"}} if kind == "searchset" else {}
        assert entry == {"fullUrl": entry["fullUrl"], "resource": entry["resource"], **mode}
        (target,) = entry["resource"]["target"]
        (changed,) = [e for e in whole["entry"] if leads(target, e)]
        resource = changed["resource"]
        ident = resource.get("id") or resource["identifier"][0]["value"]
        told_of[ident] = set(of_rules(entry["resource"]))
        assert len(told_of[ident]) == len(of_rules(entry["resource"]))
        assert entry["resource"]["recorded"] == WHEN.isoformat(timespec="milliseconds").replace(
            "+00:00", "Z"
        )
        (agent,) = entry["resource"]["agent"]
        assert agent["who"]["display"] == (
            f"facet-adapter {adapter.__version__}, mappings {shipped().version}"
        )
    assert told_of == corrected == {"C-1": {"LA05"}, "C-3": {"LA02", "MD02"}, "N-1": {"LA05"}}
    assert len({entry["fullUrl"] for entry in added}) == 3
    assert facet("fix", *options, stdin=ran.out).out == ran.out
    if "--outcomes" in options:
        assert notes(ran) == b""


@each(BESIDE)
def test_elsewhere_a_provenance_goes_beside(facet: Facet, name: str) -> None:
    """And without a file for it the output is the same."""
    data = BESIDE[name]
    ran = facet("fix", "--outcomes", "said.ndjson", stdin=data)
    assert facet("fix", stdin=data).out == ran.out
    said = [json.loads(row) for row in notes(ran).splitlines()]
    wrong = [each for each in claims_of_ours(data) if _lines(each) == WRONG]
    assert [each["resourceType"] for each in said] == ["Provenance"] * len(wrong)
    for provenance, resource in zip(said, wrong, strict=True):
        assert of_rules(provenance) == ["LA05"]
        (target,) = provenance["target"]
        if "id" in resource:
            assert target["reference"].endswith(f"Claim/{resource['id']}")
        else:
            assert target == {"type": "Claim", "display": "Claim"}
    assert (ran.out == data) is (not wrong)
    assert facet("fix", "--outcomes", "said.ndjson", stdin=ran.out).out == ran.out
    assert notes(ran) == b""


def test_a_claim_that_is_corrected_again_has_another_provenance(facet: Facet) -> None:
    data = js(bundled("collection", billed("C-1")))
    whole = json.loads(facet("fix", stdin=data).out, parse_float=Decimal)
    whole["entry"][0] = json.loads(data, parse_float=Decimal)["entry"][0]
    ran = facet("fix", stdin=js(whole))
    urls = [entry["fullUrl"] for entry in json.loads(ran.out)["entry"]]
    assert len(set(urls)) == len(urls)


SHIFTED: Mapping[str, tuple[Json, str, list[tuple[str, str, str]]]] = {
    "merged": (
        billed("C-1", *WRONG, "64494-50,RT $800.00"),
        "errors",
        [("LA01", "item[1].modifier[1]", "RT")],
    ),
    "split": (
        claim("64493-50 $800.00", "64494-RT $1", "64495 $100.00", id="C-1", payer="medicare-asc",
              place="24"),
        "errors",
        [
            ("CO01", "item[3].productOrService", "64495"),
            ("LA03", "item[3].productOrService", "64495"),
        ],
    ),
    "nothing left": (billed("C-1"), "corrected", []),
    "nothing corrected": (billed("C-1", *RIGHT), "clean", []),
}  # fmt: skip
"""A claim, its tag after `fix`, and what remains: rule, place in what was corrected, code there."""


@each(SHIFTED)
@pytest.mark.parametrize("kind", ["collection", "transaction", "alone", "rows"])
@pytest.mark.parametrize("beside", [[], ["--outcomes", "said.ndjson"]])
def test_what_remains_is_told_in_places_of_the_output(
    facet: Facet, name: str, kind: str, beside: Sequence[str]
) -> None:
    resource, status, remains = SHIFTED[name]
    data = {
        "collection": js(bundled("collection", PATIENT, resource)),
        "transaction": js(bundled("transaction", PATIENT, resource)),
        "alone": js(resource),
        "rows": rows(PATIENT, resource, PROCEDURE),
    }[kind]
    ran = facet("fix", "--annotate", *beside, stdin=data)
    found = []
    for said in told(ran.out, notes(ran) if beside else b""):
        (node,) = said.leads_to
        place = re.sub(r"^.*(?:resource|Claim)\.", "", said.expression)
        found.append((said.rule, place, node["coding"][0]["code"]))
    assert found == remains
    assert statuses(ran.out) == {"C-1": status}
    outcome, *others = outcomes(ran.out) or outcomes(notes(ran))
    assert not others
    texts = [issue["details"]["text"] for issue in outcome["issue"]]
    is_corrected = name != "nothing corrected"
    assert any(text.startswith("Corrected: ") for text in texts) is is_corrected
    made = of_type("Provenance", ran.out) + (of_type("Provenance", notes(ran)) if beside else [])
    assert len(made) == int(is_corrected)
    plain = facet("fix", stdin=data).out
    assert [c["item"] for c in of_type("Claim", ran.out)] == [
        c["item"] for c in of_type("Claim", plain)
    ]


def test_corrected_and_annotated_again_nothing_more_is_done(facet: Facet) -> None:
    """The second run has corrected nothing and says so; it is then the same for ever."""
    first = facet("fix", "--annotate", stdin=INSIDE["collection"])
    second = facet("fix", "--annotate", stdin=first.out)
    assert shape(json.loads(second.out)) == shape(json.loads(first.out))
    assert [c["item"] for c in of_type("Claim", second.out)] == [
        c["item"] for c in of_type("Claim", first.out)
    ]
    assert of_type("Provenance", second.out) == of_type("Provenance", first.out)
    assert statuses(second.out)["C-1"] == "clean"
    assert facet("fix", "--annotate", stdin=second.out).out == second.out


def test_files_are_annotated_in_place(facet: Facet) -> None:
    put("a.json", INSIDE["collection"])
    put("b.json", BESIDE["lone claim"])
    put("c.json", UNTOUCHED["rows"])
    put("d.json", FIXED["document"][0])
    before = {name: os.stat(name).st_mtime_ns for name in ("c.json", "d.json")}
    words = ("fix", "--annotate", "--in-place", "--outcomes", "said.ndjson")
    ran = facet(*words, "a.json", "b.json", "c.json", "d.json")
    assert (ran.status, ran.out) == (1, b"")
    assert {name: os.stat(name).st_mtime_ns for name in before} == before
    assert len(outcomes(Path("a.json").read_bytes())) == 3
    assert statuses(Path("b.json").read_bytes()) == {"C-1": "corrected"}
    kinds = [json.loads(row)["resourceType"] for row in notes(ran).splitlines()]
    assert kinds == ["OperationOutcome", "Provenance", "OperationOutcome", "OperationOutcome"]
    assert Path("d.json").read_bytes() == FIXED["document"][0]


# --- claims that are not checked ------------------------------------------------------------------

NOT_PROFESSIONAL: Mapping[str, Json] = {
    "institutional": {"type": concept(f"{HL7}/claim-type", "institutional")},
    "preauthorization": {"use": "preauthorization"},
    "predetermination": {"use": "predetermination"},
    "cancelled": {"status": "cancelled"},
    "entered in error": {"status": "entered-in-error"},
}


@each(NOT_PROFESSIONAL)
@pytest.mark.parametrize("kind", ["collection", "alone"])
@pytest.mark.parametrize("options", [["annotate"], ["fix", "--suggested", "--annotate"]])
def test_what_is_not_to_be_checked_is_tagged_so(
    facet: Facet, options: Sequence[str], name: str, kind: str
) -> None:
    resource = billed("C-1") | NOT_PROFESSIONAL[name]
    data = js(bundled("collection", resource) if kind == "collection" else resource)
    ran = facet(*options, "--fail-on", "info", "--outcomes", "said.ndjson", stdin=data)
    assert (ran.status, bare(data, ran.out)) == (0, data)
    assert statuses(ran.out) == {"C-1": "not-checked"}
    (outcome,) = outcomes(ran.out if kind == "collection" else notes(ran))
    (issue,) = outcome["issue"]
    assert (issue["severity"], issue["code"]) == ("information", "incomplete")
    assert issue["details"]["text"].endswith(
        "were not evaluated: the claim does not ask for payment of professional services."
    )
    assert "expression" not in issue
    assert not of_type("Provenance", ran.out)
    assert len(notes(ran).splitlines()) == (0 if kind == "collection" else 1)


# --- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "flags", "status"),
    [
        (RIGHT, [], 0),
        (RIGHT, ["--fail-on", "info"], 0),
        (WRONG, [], 1),
        (WRONG, ["--fail-on", "never"], 0),
        (WRONG, ["--ignore", "LA05"], 0),
        (ADVISED, [], 0),
        (ADVISED, ["--fail-on", "warning"], 1),
        (ADVISED, ["--select", "LA05", "--fail-on", "warning"], 0),
        (WRONG, ["--payer", "generic"], 0),
    ],
)
@pytest.mark.parametrize("kind", ["collection", "alone"])
def test_the_status_tells_what_was_found(
    facet: Facet, lines: Sequence[str], flags: Sequence[str], status: int, kind: str
) -> None:
    resource = billed("C-1", *lines)
    data = js(bundled("collection", resource) if kind == "collection" else resource)
    ran = facet("annotate", *flags, stdin=data)
    assert (ran.status, len(outcomes(ran.out))) == (status, 1)
    quiet = facet("annotate", "--quiet", *flags, stdin=data)
    assert quiet == Ran(status, ran.out, "")


@pytest.mark.parametrize(
    ("lines", "flags", "status"),
    [
        (WRONG, [], 0),
        (ADVISED, [], 0),
        (ADVISED, ["--fail-on", "warning"], 1),
        ((*WRONG, "64494-50,RT $800.00"), [], 1),
        ((*WRONG, "64494-50,RT $800.00"), ["--suggested"], 0),
    ],
)
def test_the_status_of_fix_tells_what_remains(
    facet: Facet, lines: Sequence[str], flags: Sequence[str], status: int
) -> None:
    data = js(bundled("collection", billed("C-1", *lines)))
    ran = facet("fix", "--annotate", *flags, stdin=data)
    assert ran.status == status
    checked = [flag for flag in flags if flag != "--suggested"]
    assert facet("annotate", *checked, stdin=ran.out).status == status


def test_annotating_says_in_few_words_what_was_found(facet: Facet) -> None:
    ran = facet("annotate", stdin=INSIDE["collection"])
    assert "4 claims, 3 with facet codes: 1 error, 1 warning" in ran.err
    assert "LA05" not in ran.err


def test_severities_of_the_configuration_hold(facet: Facet) -> None:
    put("facet.toml", b'[rules.LA05]\nseverity = "info"\n')
    ran = facet("annotate", stdin=js(bundled("collection", billed())))
    (issue, *_) = outcomes(ran.out)[0]["issue"]
    assert (ran.status, issue["severity"], statuses(ran.out)) == (
        0, "information", {"C-1": "clean"},
    )  # fmt: skip


WORDS = [
    (["annotate", "in.json", "-o", "x", "--outcomes", "x"], "-o and --outcomes name the same file"),
    (["annotate", "in.json", "-o", "x", "--outcomes", "./y/../x"], "name the same file"),
    (["annotate", "in.json", "--outcomes", "-"], "--outcomes needs a file"),
    (["annotate", "in.json", "--outcomes", "in.json"], "--outcomes names an input"),
    (["annotate", "in.json", "--outcomes", "link"], "--outcomes names an input"),
    (["annotate", "in.json", "--outcomes", "y"], "y is a folder"),
    (["annotate", "in.json", "--outcomes", "z/x"], "there is no folder z"),
    (["annotate", "in.json", "-o", "z/x"], "there is no folder z"),
    (["annotate", "in.json", "in.json"], "unexpected extra argument"),
    (["annotate", "in.json", "--in-place"], "No such option"),
    (["annotate", "in.json", "--payer", "nobody"], "there is no payer profile 'nobody'"),
    (["annotate", "in.json", "--select", "XX"], "no rule or family XX"),
    (["annotate", "in.json", "--fail-on", "often"], "--fail-on: give one of"),
    (["fix", "--annotate", "in.json", "--outcomes", "-"], "--outcomes needs a file"),
    (["fix", "--annotate", "in.json", "--outcomes", "in.json"], "--outcomes names an input"),
    (["fix", "--annotate", "in.json", "--outcomes", "x", "-o", "x"], "name the same file"),
    (["fix", "--annotate", "in.json", "--outcomes", "x", "--changes", "x"], "name the same file"),
    (["fix", "--annotate", "--in-place", "in.json"], "--in-place with --annotate needs --outcomes"),
    (
        ["fix", "--annotate", "--in-place", "in.json", "--outcomes", "in.json"],
        "--outcomes names an input",
    ),
    (["fix", "--annotate", "--diff", "in.json"], "--diff excludes --annotate"),
]


@pytest.mark.parametrize(("words", "says"), WORDS, ids=[" ".join(words) for words, _ in WORDS])
def test_wrong_usage_writes_nothing(facet: Facet, words: Sequence[str], says: str) -> None:
    data = BESIDE["lone claim"]
    put("in.json", data)
    put("x", b"before")
    Path("y").mkdir()
    Path("link").symlink_to("in.json")
    ran = facet(*words)
    assert (ran.status, ran.out) == (2, b"")
    assert says in ran.err
    assert (Path("in.json").read_bytes(), Path("x").read_bytes()) == (data, b"before")
    assert {path.name for path in Path().iterdir()} == {"in.json", "x", "y", "link"}


UNREADABLE: Mapping[str, tuple[bytes, str]] = {
    "cut": (INSIDE["collection"][:-9], "line 1, column"),
    "cut claim": (BESIDE["lone claim"][:-9], "line "),
    "bad row": (BESIDE["rows of claims"] + b"{no\n", "row 4"),
    "a name twice": (js(some()).replace(b'"item":', b'"id":"x","item":', 1), "twice"),
    "XML": (b"<Claim xmlns='http://hl7.org/fhir'/>", "XML"),
    "a list": (b"[]", "a JSON list"),
    "no resource": (b'{"a": 1}', "without a resourceType"),
    "nothing": (b"", "it is empty"),
    "damaged gzip": (gzip.compress(INSIDE["collection"])[:-20], "gzip"),
}


@each(UNREADABLE)
@pytest.mark.parametrize("verb", [["annotate"], ["fix", "--annotate"]])
@pytest.mark.parametrize("is_there", [True, False])
def test_of_what_cannot_be_read_nothing_is_written(
    facet: Facet, name: str, verb: Sequence[str], is_there: bool
) -> None:
    data, says = UNREADABLE[name]
    put("in.json", data)
    for path in ("out.json", "said.ndjson") if is_there else ():
        put(path, b"before")
    for options in ([], ["-o", "out.json"]):
        ran = facet(*verb, "in.json", *options, "--outcomes", "said.ndjson")
        assert (ran.status, ran.out) == (3, b"")
        assert ran.err.startswith("facet: in.json was not read.\n")
        assert says in ran.err
    left = {path.name: path.read_bytes() for path in Path().iterdir()}
    before = {"out.json": b"before", "said.ndjson": b"before"} if is_there else {}
    assert left == {"in.json": data, **before}


def test_837p_is_refused_with_what_else_there_is(facet: Facet) -> None:
    data = write(one("64493-RT $400", "64493-LT $400", payer="medicare"))
    put("said.ndjson", b"before")
    ran = facet("annotate", "-o", "out.json", "--outcomes", "said.ndjson", stdin=data)
    assert ran == Ran(
        3,
        b"",
        "facet: standard input was not read.\n"
        "  what   it is X12 837P; what was asked for takes FHIR\n"
        "  try    facet check says what is wrong in it\n",
    )
    assert {p.name: p.read_bytes() for p in Path().iterdir()} == {"said.ndjson": b"before"}


@pytest.mark.parametrize("verb", [["annotate"], ["fix", "--annotate"]])
def test_what_was_not_decided_is_not_written(
    facet: Facet, monkeypatch: pytest.MonkeyPatch, verb: Sequence[str]
) -> None:
    put("out.json", b"before")
    put("said.ndjson", b"before")
    monkeypatch.setattr(adapter.engine, "run", failing(KeyError("CANARY"), "standard input"))
    options = ("-o", "out.json", "--outcomes", "said.ndjson")
    ran = facet(*verb, *options, stdin=BESIDE["lone claim"])
    assert (ran.status, ran.out) == (4, b"")
    assert "CANARY" not in ran.err
    assert {p.name: p.read_bytes() for p in Path().iterdir()} == {
        "out.json": b"before", "said.ndjson": b"before",
    }  # fmt: skip


@pytest.mark.parametrize("verb", [["annotate"], ["fix", "--annotate"]])
def test_outcomes_are_their_owners_alone(facet: Facet, verb: Sequence[str]) -> None:
    put("old.ndjson", b"before").chmod(0o644)
    before = os.umask(0)
    try:
        for name in ("new.ndjson", "old.ndjson"):
            facet(*verb, "-o", "out.json", "--outcomes", name, stdin=BESIDE["lone claim"])
    finally:
        os.umask(before)
    for name in ("new.ndjson", "old.ndjson", "out.json"):
        assert stat.S_IMODE(os.stat(name).st_mode) == 0o600
    assert len(outcomes(Path("old.ndjson").read_bytes())) == 1


def test_files_and_streams_have_the_same_bytes(facet: Facet) -> None:
    data = BESIDE["mixed rows"]
    put("in.json", data)
    ran = facet("annotate", "--outcomes", "said.ndjson", stdin=data)
    said = notes(ran)
    for words in (["in.json"], ["in.json", "-o", "-"], ["in.json", "-o", "out.json"], ["-"]):
        again = facet("annotate", *words, "--outcomes", "said.ndjson", stdin=data)
        out = Path("out.json").read_bytes() if "out.json" in words else again.out
        assert (out, notes(again)) == (ran.out, said)


PACKED = {
    "collection": INSIDE["collection"],
    "batch": BESIDE["batch"],
    "rows of claims": BESIDE["rows of claims"],
}


@each(PACKED)
@pytest.mark.parametrize("options", [["annotate"], ["fix", "--annotate"], ["fix"]])
def test_gzip_in_gives_gzip_out(facet: Facet, name: str, options: Sequence[str]) -> None:
    data = PACKED[name]
    for beside in ([], ["--outcomes", "said.ndjson"]):
        plain = facet(*options, *beside, stdin=data)
        said = notes(plain) if beside else b""
        packed = facet(*options, *beside, stdin=gzip.compress(data))
        assert packed.out[:2] == b"\x1f\x8b"
        assert (packed.status, gzip.decompress(packed.out)) == (plain.status, plain.out)
        assert not beside or notes(packed) == said


@each({**UNTOUCHED, **FIXED})
def test_gzip_that_nothing_is_done_to_is_the_very_same(facet: Facet, name: str) -> None:
    held = UNTOUCHED.get(name) or FIXED[name][0]
    data = gzip.compress(held[:9]) + gzip.compress(held[9:])
    ran = facet("annotate", "--outcomes", "said.ndjson", stdin=data)
    assert ran.out == data
    assert facet("fix", stdin=data).out == data


@each(SAID)
@pytest.mark.parametrize(("correcting", "beside"), [(False, True), (True, False)])
def test_the_document_gives_what_the_command_gives(
    facet: Facet, name: str, correcting: bool, beside: bool
) -> None:
    words = ["fix", "--annotate"] if correcting else ["annotate"]
    ran = facet(*words, *(["--outcomes", "said.ndjson"] if beside else []), stdin=SAID[name])
    out, said = annotated(SAID[name], correcting=correcting, beside=beside)
    assert (ran.out, notes(ran) if beside else b"") == (out, said)


# --- what is no FHIR ------------------------------------------------------------------------------

BAD_METAS: Mapping[str, Any] = {"null": None, "text": "x", "list": [], "number": 5, "true": True}


@each(BAD_METAS)
def test_an_output_is_json_whatever_a_meta_is(facet: Facet, name: str) -> None:
    data = js(bundled("collection", tagged(billed(), BAD_METAS[name])))
    ran = facet("annotate", stdin=data)
    assert len(outcomes(ran.out)) == 1


HARMS: Mapping[str, Callable[[Json], object]] = {
    "a null among modifiers": lambda r: r["item"][0]["modifier"].insert(0, None),
    "a null among items": lambda r: r["item"].insert(0, None),
    "a null among numbers": lambda r: r["item"][0].update(diagnosisSequence=[None, 9]),
    "items are no list": lambda r: r.update(item=r["item"][0]),
    "no system": lambda r: r["item"][0]["productOrService"]["coding"][0].pop("system"),
    "a text for a number": lambda r: r["item"][0]["net"].update(value="400"),
    "an object for a number": lambda r: r["item"][0].update(quantity={"value": {"a": 1}}),
    "no such day": lambda r: r["item"][0].update(servicedDate="2026-13-45"),
    "two days": lambda r: r["item"][0].update(servicedPeriod={"start": "2009-12-31"}),
    "nobody": lambda r: r["careTeam"][0].update(provider={"reference": "#nobody"}),
    "no such member of the team": lambda r: r["item"][0].update(careTeamSequence=[7]),
    "another total": lambda r: r["total"].update(value=1),
    "no insurance": lambda r: r.update(insurance=[]),
    "no id": lambda r: r.pop("id"),
}


@each(HARMS)
@pytest.mark.parametrize(("alone", "options"), [(True, []), (False, ["--validate-fhir"])])
def test_whatever_is_wrong_an_expression_leads_to_one_node(
    facet: Facet, name: str, alone: bool, options: Sequence[str]
) -> None:
    resource = json.loads(js(billed("C-1", *WRONG, "64494-50,RT $800")))
    HARMS[name](resource)
    data = js(resource if alone else bundled("collection", PATIENT, resource))
    ran = facet("annotate", *options, stdin=data)
    assert ran.status == 1
    said = told(ran.out)
    assert said
    assert all(len(each.leads_to) == 1 for each in said)
    beside = facet("annotate", *options, "--outcomes", "said.ndjson", stdin=data)
    again = told(beside.out, notes(beside))
    assert [(e.rule, e.leads_to) for e in again] == [(e.rule, e.leads_to) for e in said]


# --- nothing of the patient -----------------------------------------------------------------------

CANARIES = {
    b'"PATIENT"': b'"QUAILCANARY"',
    b'"PAT"': b'"WRENCANARY"',
    b"1 ELM STREET": b"7 FINCHCANARY STREET",
    b"MBR0001": b"LARKCANARY",
    b"1955-05-05": b"1947-11-23",
    b'"DOCTOR"': b'"ROBINCANARY"',
    b'"DANA"': b'"SWIFTCANARY"',
    b"CLM0001-patient": b"JAYCANARY",
    b"in words": b"HAWKCANARY",
    b"as the sender calls it": b"OWLCANARY",
}
SECRETS = re.compile(r"\w*CANARY\w*|1947-11-23")
PLANTED = {
    name: SHAPES[name]
    for name in (
        "indented, relative", "dressed", "searchset", "transaction", "alone", "claims in rows",
    )
}  # fmt: skip


@each(PLANTED)
@pytest.mark.parametrize(
    "options", [["annotate"], ["fix", "--suggested", "--annotate", "--validate-fhir"]]
)
def test_nothing_that_is_said_holds_anything_of_the_patient(
    facet: Facet, name: str, options: Sequence[str]
) -> None:
    lines = (*WRONG, "64494-50,RT x2 $800.00", "64495-26 $100.00")
    data = bundle(*lines, payer="medicare", note="STORKCANARY BLOCK", shape=PLANTED[name])
    for old, new in CANARIES.items():
        data = data.replace(old, new)
    assert len(set(SECRETS.findall(data.decode()))) >= 7
    data = data.replace(b'"careTeamSequence": [1]', b'"careTeamSequence": [8]')
    for beside in ([], ["--outcomes", "said.ndjson"]):
        ran = facet(*options, *beside, stdin=data)
        said = [*outcomes(ran.out), *of_type("Provenance", ran.out)]
        said += [json.loads(row) for row in notes(ran).splitlines()] if beside else []
        assert len(said) == (1 if options == ["annotate"] else 2)
        for text in (ran.err, *map(json.dumps, said)):
            assert not SECRETS.search(text), SECRETS.findall(text)


# --- other checkers -------------------------------------------------------------------------------


def files() -> list[Path]:
    """The FHIR files of `fixtures` but for those that are broken on purpose."""
    found = (ROOT / "fixtures" / "fhir").glob("*json")
    return sorted(path for path in found if not path.name.startswith("broken"))


Written = Mapping[tuple[str, bool, bool], tuple[bytes, bytes]]
"""Outputs and what stands beside them: by input, whether corrected, whether outcomes are beside."""


def inputs() -> Iterator[tuple[str, bytes]]:
    yield from SAID.items()
    for name, meta in METAS.items():
        if meta:  # an empty object or list is no FHIR
            yield f"meta: {name}", js(bundled("searchset", tagged(billed(), meta)))
    for name, (resource, _, _) in SHIFTED.items():
        yield f"shifted: {name}", js(bundled("collection", resource), Layout.PRETTY)
    for name, form in SHAPES.items():
        lines = (*WRONG, "64494-50,RT $800.00")
        yield f"shape: {name}", bundle(*lines, payer="medicare", shape=form)
    for path in files():
        yield path.name, path.read_bytes()


@pytest.fixture(scope="module")
def written() -> Written:
    """Of all inputs; without those of which nothing is said."""
    made = {
        (name, correcting, beside): annotated(
            data, correcting=correcting, suggested=True, beside=beside
        )
        for name, data in inputs()
        for correcting in (False, True)
        for beside in (False, True)
    }
    came = dict(inputs())
    return {key: both for key, both in made.items() if both != (came[key[0]], b"")}


def texts(written: Written) -> Sequence[bytes]:
    """The resources, each once."""
    found = (
        text
        for out, said in written.values()
        for text in (*(each.text.encode() for each in documents(out)), *said.splitlines())
    )
    return list(dict.fromkeys(found))


def test_there_are_enough_of_them(written: Written) -> None:
    assert len(set(written.values())) >= 100
    assert len({name for name, _, _ in written}) >= 40


def test_outputs_are_right_for_fhirkit_and_r4b(written: Written) -> None:
    for text in texts(written):
        assert fhirkit(text) == []
        assert r4b(text) == []


def test_outputs_are_right_for_medplum(written: Written) -> None:
    assert medplum(texts(written)) == []


def test_every_expression_in_them_leads_to_one_node(written: Written) -> None:
    counts = Counter(
        len(said.leads_to) for out, beside in written.values() for said in told(out, beside)
    )
    assert set(counts) == {1}
    assert counts[1] >= 200
