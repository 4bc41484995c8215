"""The files under `fixtures`: valid, about nobody, what is found in each, and what is written."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from adapter import __version__
from adapter.cli import invoke
from adapter.documents import open_document
from adapter.engine import run
from adapter.findings import Finding, Notes
from adapter.rules import all_rules
from adapter.source import Source
from tests.buildfhir import CPT, HCPCS, NPI
from tests.cases import ROOT
from tests.checkers import fhirkit, medplum, nodes, r4b
from tests.guide import errors_of, sets_of
from tests.runs import check, fix, policy, read, refusal
from tests.splitting import split

# --- 837P -----------------------------------------------------------------------------------------

FILES = sorted((ROOT / "fixtures" / "837p").glob("*.837"))
FICTITIOUS = ("SAMPLE", "EXAMPLE")
NAMED = {"NM1": 3, "N3": 1}  # the elements with names of people, firms and streets

GUIDE = {
    "GUIDE-1": ["CO01"],
    "GUIDE-2": ["MD04", "PA03"],
    "GUIDE-3": ["BN03", "MD05"],
    "GUIDE-4": ["CO05", "DX01"],
    "GUIDE-5": ["PA01"],
}
FOUND = {
    "asc.837": {"ASC-1": ["LA05", "LA05"]},
    "clean.837": {},
    "cob.837": {"COB-1": ["LA05", "MD02"]},
    "demo.837": {
        "DEMO-1": ["DX04", "LA05", "MD02"],
        "DEMO-3": ["LA03"],
        "DEMO-4": ["CV01", "CV01"],
        "DEMO-6": ["LA02"],
    },
    "dependent.837": {"DEPENDENT-1": ["MD02"]},
    "guide.837": GUIDE,
    "several-interchanges.837": {"SEVERAL-1": ["LA05"], "SEVERAL-3": ["MD02"]},
}
LEFT_BY_SAFE = {
    "cob.837": {"COB-1": ["LA05", "MD02"]},  # another payer has adjudicated the lines
    "demo.837": {"DEMO-3": ["LA03"], "DEMO-4": ["CV01", "CV01"]},
    "guide.837": GUIDE,
}


each = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def rules(findings: list[Finding]) -> dict[str, list[str]]:
    """The rules that spoke, by claim."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        found.setdefault(str(finding.claim), []).append(finding.rule)
    return {claim: sorted(codes) for claim, codes in found.items()}


def test_every_file_is_known_here() -> None:
    assert {path.name for path in FILES} == set(FOUND)


@each
def test_the_guide_finds_nothing(path: Path) -> None:
    assert not sum(errors_of(sets_of(path.read_bytes())), Counter())


@each
def test_nobody_in_it_exists(path: Path) -> None:
    """Made-up names; one segment a line, so that people can read the file."""
    data = path.read_bytes()
    for piece in split(data):
        assert piece.tail[1:] == b"\n"
        if piece.id in NAMED:
            name = piece.elements[NAMED[piece.id]].decode()
            assert any(word in name for word in FICTITIOUS), name
        if piece.id == "NM1" and piece.elements[8:9] == [b"XX"]:
            npi = piece.elements[9].decode()
            digits = [int(digit) for digit in f"80840{npi}"]
            doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
            assert (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


@each
def test_what_is_found_and_what_stays(path: Path) -> None:
    data = path.read_bytes()
    assert rules(check(data).findings) == FOUND[path.name]
    fixed = fix(data)
    assert rules(fixed.findings) == LEFT_BY_SAFE.get(path.name, {})
    assert not fixed.withheld
    assert fix(fixed.data).data == fixed.data
    assert not sum(errors_of(sets_of(fixed.data)), Counter())


# --- FHIR -----------------------------------------------------------------------------------------

FHIR = ROOT / "fixtures" / "fhir"
FHIR_FILES = sorted(FHIR.iterdir())

Rules = Mapping[str, Sequence[str]]
"""The rules that speak, by claim."""


@dataclass(frozen=True, slots=True)
class Holds:
    """What a file holds, and what becomes of it.

    `status` is that of `facet check`; `found` what it finds. `safe` is left after `facet fix`, and
    `suggested` after `fix --suggested`; None: nothing (further) is corrected.
    """

    claims: int
    ours: int
    status: int
    found: Rules = field(default_factory=dict)
    safe: Rules | None = None
    suggested: Rules | None = None


HOLDS = {
    "amounts.ndjson": Holds(
        3, 3, 1, {"AMOUNTS-1": ["FH04"], "AMOUNTS-2": ["FH04"], "AMOUNTS-3": ["ED02"]}
    ),
    # another payer has answered the claim, and names its items by their numbers
    "answered.json": Holds(1, 1, 1, {"ANSWERED-1": ["LA05"]}),
    "asc.json": Holds(1, 1, 1, {"ASC-1": ["LA05", "LA05"]}, safe={}),
    "batch.json": Holds(
        2, 2, 1, {"BATCH-1": ["MD07"], "BATCH-2": ["MD08"]}, suggested={"BATCH-2": ["MD08"]}
    ),
    "broken-list.json": Holds(1, 1, 1, {"BROKEN-LIST-1": ["FH01"]}),
    "broken-types.json": Holds(1, 1, 1, {"BROKEN-TYPES-1": ["FH01", "FH01", "FH01", "LA02"]}),
    # what no rule reads is no matter to them
    "broken-unknown-elements.json": Holds(1, 1, 1, {"BROKEN-UNKNOWN-1": ["LA02"]}, safe={}),
    "bundles.ndjson": Holds(3, 2, 1, {"BUNDLES-2": ["LA05"]}, safe={}),
    "claim-compact.json": Holds(1, 1, 1, {"COMPACT-1": ["LA02", "MD06"]}, safe={}),
    "claim.json": Holds(1, 1, 1, {"CLAIM-1": ["LA05", "MD02"]}, safe={}),
    "claims.ndjson": Holds(4, 3, 1, {"ROW-2": ["LA05"], "ROW-3": ["MD02"]}, safe={}),
    "collection-contained.json": Holds(
        2,
        2,
        1,
        {"CONTAINED-1": ["LA06", "UN01"], "CONTAINED-2": ["LA07"]},
        suggested={"CONTAINED-2": ["LA07"]},
    ),
    "collection-identifiers.json": Holds(
        2,
        2,
        1,
        {"IDENTIFIED-1": ["LV01"], "IDENTIFIED-2": ["LV02"]},
        suggested={"IDENTIFIED-1": ["LV01"]},
    ),
    "collection-uuid.json": Holds(1, 1, 1, {"UUID-1": ["LA01", "LA04"]}, suggested={}),
    "conditions.json": Holds(1, 1, 0, {"CONDITIONS-1": ["MD02"]}, safe={}),
    "crlf.json": Holds(1, 1, 1, {"CRLF-1": ["LA05", "MD02"]}, safe={}),
    "dates.json": Holds(
        3,
        3,
        1,
        {"DATES-1": ["CV01"], "DATES-2": ["CV02"], "DATES-3": ["CV03"]},
        suggested={"DATES-3": ["CV03"]},
    ),
    "demo.json": Holds(1, 1, 1, {"DEMO-1": ["LA05", "MD02"]}, safe={}),
    # what is documented against what is billed
    "documented.json": Holds(
        9,
        9,
        1,
        {
            "DOCUMENTED-1": ["CO01", "DC02"],
            "DOCUMENTED-2": ["DC03"],
            "DOCUMENTED-3": ["DC04"],
            "DOCUMENTED-4": ["DC05"],
            "DOCUMENTED-5": ["CO04", "DC06"],
            "DOCUMENTED-6": ["DC07"],
            "DOCUMENTED-7": ["DC08"],
            "DOCUMENTED-8": ["DC09"],
            "DOCUMENTED-9": ["BN05", "DC01"],
        },
        suggested={
            "DOCUMENTED-2": ["DC03"],  # another claim of the patient may bill it
            "DOCUMENTED-7": ["DC08"],
            "DOCUMENTED-8": ["DC09"],
            "DOCUMENTED-9": ["DC01"],
        },
    ),
    "dependent.json": Holds(1, 1, 0, {"DEPENDENT-1": ["MD02"]}, safe={}),
    # documents, messages and what is signed are never changed
    "document.json": Holds(1, 1, 1, {"DOCUMENT-1": ["LA05"]}),
    "duplicates.ndjson": Holds(2, 2, 0, {"TWICE-1": ["ED03"]}),
    "four-spaces.json": Holds(1, 1, 1, {"FOUR-SPACES-1": ["LA02", "LA02"]}, safe={}),
    "institutional.json": Holds(1, 1, 0),
    "kept.json": Holds(1, 1, 1, {"KEPT-1": ["LA05"]}, safe={}),
    "message.json": Holds(1, 1, 0, {"MESSAGE-1": ["MD06"]}),
    "mixed.ndjson": Holds(2, 2, 1, {"MIXED-1": ["DC01", "LA02"]}, safe={"MIXED-1": ["DC01"]}),
    "modifier-extension.json": Holds(1, 1, 1, {"MODIFIED-1": ["FH06"]}),
    "nested.json": Holds(1, 1, 1, {"NESTED-1": ["LA02"]}, safe={}),
    "no-system.json": Holds(1, 1, 1, {"NO-SYSTEM-1": ["FH05", "FH05"]}),
    "practitioner-role.json": Holds(2, 2, 0, {"ROLE-1": ["FH03"], "ROLE-2": ["FH03"]}),
    "preauthorization.json": Holds(1, 1, 0),
    "procedure.json": Holds(0, 0, 0),
    "references.json": Holds(
        2, 2, 1, {"REFERENCES-1": ["DX03", "FH02", "FH02"], "REFERENCES-2": ["FH02"]}
    ),
    "replacement.json": Holds(1, 1, 1, {"REPLACEMENT-1": ["LA02"]}, suggested={}),
    "searchset.json": Holds(
        4,
        4,
        1,
        {"LEVELS-1": ["LV03"], "LEVELS-2": ["LV04"], "LEVELS-3": ["LV05"], "LEVELS-4": ["LV06"]},
        suggested={"LEVELS-4": ["LV06"]},
    ),
    "session.json": Holds(0, 0, 0),  # what `facet code` is for
    "seven-claims.json": Holds(
        7,
        5,
        1,
        {
            "DAY-1": ["LA05", "MD02"],
            "DAY-3": ["LA03"],
            "DAY-4": ["CV01", "CV01"],
            "DAY-6": ["LA02"],
        },
        safe={"DAY-3": ["LA03"], "DAY-4": ["CV01", "CV01"]},
        suggested={"DAY-3": ["LA03"]},
    ),
    "signed.json": Holds(1, 1, 1, {"SIGNED-1": ["LA02"]}),
    "sparse.json": Holds(3, 3, 1, {"SPARSE-3": ["LA04"]}, suggested={}),
    "tabs.json": Holds(1, 1, 1, {"TABS-1": ["LA05", "MD02"]}, safe={}),
    "transaction.json": Holds(
        3,
        3,
        1,
        {
            "MODIFIERS-1": ["MD01"],
            "MODIFIERS-2": ["MD03", "MD03", "MD04", "MD04"],
            "MODIFIERS-3": ["MD05"],
        },
        safe={"MODIFIERS-2": ["MD03", "MD03", "MD04", "MD04"], "MODIFIERS-3": ["MD05"]},
        suggested={},
    ),
    "units.json": Holds(
        3,
        3,
        1,
        {"UNITS-1": ["CO06", "UN01"], "UNITS-2": ["UN02"], "UNITS-3": ["LA04"]},
        suggested={"UNITS-1": ["CO06"], "UNITS-2": ["UN02"]},
    ),
}
REFUSED = {
    "broken-cut.json": ("it ends here", "line 175, column 27"),
    "broken-name-twice.json": ("a name stands twice in one object", "line 154, column 73"),
    "broken-row.ndjson": ("a row is not a FHIR resource", "row 2, column 396"),
}
UNREAD = 3  # the exit status of an input that could not be read
OF_X12_ALONE = {"DX04", "ED01"}

of_buildfhir = "demo.json"
"""Written by `buildfhir`; its people have other names, and are as little anybody."""

held = [path for path in FHIR_FILES if path.name in HOLDS]
valid = [path for path in held if not path.name.startswith("broken-")]
each_held = pytest.mark.parametrize("path", held, ids=lambda path: path.name)
each_valid = pytest.mark.parametrize("path", valid, ids=lambda path: path.name)


def resources(data: bytes) -> list[bytes]:
    """The resources of an input: its rows, or the one that it is."""
    rows = [row for row in data.splitlines() if row.strip()]
    return rows if all(row.startswith(b"{") and row.endswith(b"}") for row in rows) else [data]


def inside(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict | list):
            yield from inside(each)


def test_every_fhir_file_is_known_here() -> None:
    assert {path.name for path in FHIR_FILES} == set(HOLDS) | set(REFUSED)


@each_held
def test_what_a_fhir_file_holds(path: Path, tmp_path: Path) -> None:
    holds, data = HOLDS[path.name], path.read_bytes()
    ran = check(data)
    assert (ran.done.claims, ran.done.facet_claims) == (holds.claims, holds.ours)
    assert ran.done.format == ("ndjson" if path.suffix == ".ndjson" else "fhir")
    assert rules(ran.findings) == holds.found
    assert ran.data == data
    assert invoke(["check", "--quiet", "-o", str(tmp_path / "report"), str(path)]) == holds.status


@each_held
def test_what_is_corrected_in_a_fhir_file(path: Path) -> None:
    holds, data = HOLDS[path.name], path.read_bytes()
    safe, suggested = fix(data), fix(data, suggested=True)
    left = holds.found
    for ran, leaves in ((safe, holds.safe), (suggested, holds.suggested)):
        left = left if leaves is None else leaves
        assert rules(ran.findings) == left
        assert not ran.withheld
    assert bool(safe.changes) == (holds.safe is not None)
    assert (safe.data == data) == (holds.safe is None)
    assert (len(suggested.changes) > len(safe.changes)) == (holds.suggested is not None)
    for ran in (safe, suggested):
        assert fix(ran.data, suggested=ran is suggested).data == ran.data


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("institutional.json", {"not-professional"}),
        ("preauthorization.json", {"not-professional"}),
        ("mixed.ndjson", {"not-professional", "intent-unknown", "no-documentation"}),
        (
            "sparse.json",
            {"units-unknown", "date-unknown", "intent-unknown", "no-documentation"},
        ),
    ],
)
def test_what_cannot_be_checked_is_said(name: str, reasons: set[str]) -> None:
    """One claim is cancelled among others; one lacks units, another the day of service."""
    ran = check((FHIR / name).read_bytes())
    assert {str(each.reason) for each in ran.not_evaluated} == reasons


@pytest.mark.parametrize("name", REFUSED)
def test_a_broken_file_is_refused_with_a_place(name: str, tmp_path: Path) -> None:
    path = FHIR / name
    what, where = REFUSED[name]
    unreadable = refusal(check, path.read_bytes())
    assert unreadable is not None
    assert unreadable.what == what
    assert unreadable.where.startswith(where)
    assert invoke(["check", "--quiet", "-o", str(tmp_path / "report"), str(path)]) == UNREAD
    assert not list(tmp_path.iterdir())


def outputs(path: Path) -> list[bytes]:
    """The resources of a file as it is, corrected, and with notes in it or beside it."""
    data = path.read_bytes()
    made = [data, *written(data, suggested=True), *written(data, annotate=True)]
    made += written(data, suggested=True, annotate=True, beside=True)
    return list(dict.fromkeys(each for output in made for each in resources(output) if each))


@each_valid
def test_a_fhir_file_is_valid_and_stays_so(path: Path) -> None:
    for resource in outputs(path):
        assert not fhirkit(resource)
        assert not r4b(resource)


def test_the_invariants_of_r4_hold_in_all_of_them() -> None:
    """Of 20 annotated files at least; Medplum is asked once for all."""
    made = [resource for path in valid for resource in outputs(path)]
    assert len(valid) >= 20
    assert sum(b'"OperationOutcome"' in each for each in made) >= 20
    assert not medplum(made)


def test_what_is_named_broken_is_broken() -> None:
    names = {path.name for path in FHIR_FILES if path.name.startswith("broken-")}
    assert names == set(REFUSED) | {path.name for path in held if path not in valid}
    for name in names:
        rows = (FHIR / name).read_bytes().splitlines()
        whole = rows if name.endswith(".ndjson") else [b"\n".join(rows)]
        assert any(map(fhirkit, whole)), name


def test_what_the_fhir_files_show() -> None:
    """All rules that FHIR knows, and all that a claim may stand in."""
    spoke = {rule for holds in HOLDS.values() for found in holds.found.values() for rule in found}
    of_payers = {  # what a payer asks for: the case files show it, in FHIR too
        code
        for code in all_rules()
        if code[:2] in ("CO", "PA") or code in ("BN01", "BN02", "BN03", "BN04", "DX01", "DX02")
    }
    assert spoke >= set(all_rules()) - OF_X12_ALONE - of_payers
    parsed = [json.loads(each) for path in valid for each in resources(path.read_bytes())]
    assert {found["resourceType"] for found in parsed} >= {"Bundle", "Claim", "Procedure"}
    bundles = [found for found in parsed if found["resourceType"] == "Bundle"]
    assert {found["type"] for found in bundles} == {
        *("collection", "searchset", "transaction", "batch", "document", "message")
    }
    assert any("signature" in found for found in bundles)
    members = [each for found in parsed for each in inside(found)]
    references = {each["reference"].partition(":")[0] for each in members if _refers(each)}
    assert references >= {"urn", "https", "#coverage", "Coverage/coverage"}
    assert any("type" in each and "identifier" in each and len(each) == 2 for each in members)


def _refers(value: dict[str, Any]) -> bool:
    return isinstance(value.get("reference"), str)


@each_held
def test_nobody_in_a_fhir_file_exists(path: Path) -> None:
    """Made-up names and valid check digits; and no text of a code that belongs to somebody."""
    for resource in resources(path.read_bytes()):
        for found in inside(json.loads(resource)):
            names = [found.get("family"), found.get("name"), *found.get("line", [])]
            if path.name != of_buildfhir:
                for name in names:
                    if isinstance(name, str):
                        assert any(word in name.upper() for word in FICTITIOUS), name
            system = found.get("system")
            if system == NPI and "value" in found:
                digits = [int(digit) for digit in f"80840{found['value']}"]
                doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
                assert (sum(doubled) + sum(digits[-1::-2])) % 10 == 0
            if system in (CPT, HCPCS):
                assert set(found) == {"system", "code"}


def test_seven_claims_are_those_of_the_837p() -> None:
    """The same lines; the point in a diagnosis, which X12 does not take, is right in FHIR."""

    def told(path: Path) -> list[object]:
        return [
            (
                claim.charge,
                claim.payer.filing_indicator,
                [each.code.replace(".", "") for each in claim.diagnoses],
                [(o.code, o.modifiers, o.charge, o.units, o.date, o.pointers) for o in claim.lines],
            )
            for claim in read(path.read_bytes())
        ]

    assert told(FHIR / "seven-claims.json") == told(ROOT / "fixtures" / "837p" / "demo.837")


# --- what is kept -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "line_end", "indent"),
    [
        ("claim.json", rb"\n", rb"(?:  )*"),
        ("crlf.json", rb"\r\n", rb"(?:  )*"),
        ("four-spaces.json", rb"\n", rb"(?:    )*"),
        ("tabs.json", rb"\n", rb"\t*"),
    ],
)
def test_a_layout_is_kept(name: str, line_end: bytes, indent: bytes) -> None:
    """Every line of the output begins and ends as those of the input do."""
    data = (FHIR / name).read_bytes()
    laid_out = re.compile(rb"(?:" + indent + rb"[^ \t\r\n][^\r\n]*" + line_end + rb")+")
    fixed = fix(data)
    assert fixed.changes
    assert laid_out.fullmatch(data)
    assert laid_out.fullmatch(fixed.data)
    annotated, _ = written(data, annotate=True, beside=True)
    assert laid_out.fullmatch(annotated)


def test_a_compact_text_stays_on_one_line() -> None:
    data = (FHIR / "claim-compact.json").read_bytes()
    assert not re.search(rb'[\r\n]|[:,] |\s"', re.sub(rb'"[^"]*"', b'""', data))
    fixed = fix(data)
    assert fixed.changes
    assert not re.search(rb'[\r\n]|[:,] |\s"', re.sub(rb'"[^"]*"', b'""', fixed.data))


def test_what_other_writers_lose_is_kept() -> None:
    """Primitive extensions, extensions, numbers and escapes as they are written, text, blanks."""
    data = (FHIR / "kept.json").read_bytes()
    fixed = fix(data).data
    for piece in (
        *(b'"_birthDate"', b"1.50e1", "Zoë".encode(), b"night-run"),
        *(b'"\\u00364494"', b'"total":   {', b'"value": 1500.00'),
    ):
        assert piece in data
        assert piece in fixed
    assert b'"value" : 4.0000e2' in data
    assert b'"value" : 800.00' in fixed


# --- outputs --------------------------------------------------------------------------------------

GOLDEN = ROOT / "fixtures" / "golden"
WHEN = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TOOL, NO_VERSION = f"facet-adapter {__version__}".encode(), b"facet-adapter 0.0.0"

WRITTEN: dict[str, tuple[str, dict[str, bool]]] = {
    "claim.annotated": ("claim.json", {"annotate": True}),
    "claim.corrected": ("claim.json", {"suggested": True}),
    "claims.corrected": (
        "claims.ndjson",
        {"suggested": True, "annotate": True, "beside": True},
    ),
    "collection-uuid.corrected": ("collection-uuid.json", {"suggested": True}),
    "crlf.corrected": ("crlf.json", {"suggested": True, "annotate": True}),
    "document.annotated": ("document.json", {"annotate": True, "beside": True}),
    "kept.annotated": ("kept.json", {"annotate": True, "beside": True}),
    "searchset.annotated": ("searchset.json", {"annotate": True}),
    "tabs.corrected": ("tabs.json", {"suggested": True, "annotate": True}),
    "transaction.annotated": ("transaction.json", {"annotate": True, "beside": True}),
}
"""Files under `fixtures/golden`: of which input, and how `written` makes them. After a change that
is meant, `python -m tests.test_fixtures` writes them anew; look at the difference."""


def written(
    data: bytes, *, suggested: bool = False, annotate: bool = False, beside: bool = False
) -> tuple[bytes, bytes]:
    """What `annotate` gives, or `fix --suggested`: the output, and NDJSON of what stands beside it.
    The same for each version of this software and of the tables."""
    notes = Notes(annotate=annotate, beside=beside, mappings="0000.0", when=WHEN)
    document = open_document(Source("input", data), notes)
    for _ in run(document, policy(fix=suggested, suggested=suggested)):
        pass
    out, outcomes = BytesIO(), BytesIO()
    document.write(out)
    document.write_outcomes(outcomes)
    return out.getvalue().replace(TOOL, NO_VERSION), outcomes.getvalue().replace(TOOL, NO_VERSION)


def golden(name: str) -> dict[Path, bytes]:
    """The files of a name, and what has to be in them."""
    fixture, how = WRITTEN[name]
    out, outcomes = written((FHIR / fixture).read_bytes(), **how)
    made = {GOLDEN / f"{name}{Path(fixture).suffix}": out}
    return made | ({GOLDEN / f"{name}.outcomes.ndjson": outcomes} if outcomes else {})


@pytest.mark.parametrize("name", WRITTEN)
def test_outputs_are_the_golden_ones(name: str) -> None:
    for path, data in golden(name).items():
        assert data == path.read_bytes()


def test_every_golden_file_is_made_here() -> None:
    assert {path for name in WRITTEN for path in golden(name)} == set(GOLDEN.iterdir())


@each_valid
def test_each_expression_in_annotated_fhir_leads_to_one_node(path: Path) -> None:
    """An output of rows has the outcomes in the Bundles that its rows are."""
    annotated, _ = written(path.read_bytes(), annotate=True)
    told = 0
    for whole in map(json.loads, resources(annotated)):
        for found in inside(whole):
            if found.get("resourceType") == "OperationOutcome":
                for issue in found["issue"]:
                    for expression in issue.get("expression", ()):
                        assert len(nodes(whole, expression)) == 1
                        told += 1
    found = sum(map(len, HOLDS[path.name].found.values()))
    assert told == found or (told > found and path.name == "documented.json")  # evidence


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each_name in WRITTEN:
        for each_path, content in golden(each_name).items():
            each_path.write_bytes(content)
