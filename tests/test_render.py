"""Reports, from verdicts made by hand: what is said, in which form, and what never is."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.findings import (
    Applicability,
    ChangeMade,
    Excerpt,
    Finding,
    Fix,
    InputDone,
    Location,
    NotEvaluated,
    Reason,
    Rewritten,
    Severity,
    Verdict,
    Withheld,
)
from adapter.model import Attachment, Claim, Diagnosis, ServiceLine
from adapter.render.machine import Changes, Github, Json, Model, Ndjson, Sarif, amount
from adapter.render.pages import aligned
from adapter.render.report import Report, visible
from adapter.render.terminal import Corrections, Diff, Look, Text
from adapter.rules import Result, Rule
from adapter.source import Source
from adapter.tables import Tables

SOURCES = (
    "key,title,url,confidence,retrieved\n"
    "S012,Billing article,https://example.org/a,secondary,2026-09-15\n"
)


def _check(claim: Claim) -> Result:
    """Both sides are billed in a form that the payer does not take.

    Why it matters: the payer denies the line.
    Fires: 64493-RT | 64493-LT
    Clean: 64493-50
    Correction: safe.
    Not evaluated when: never.
    """
    yield from ()


RULES = {
    code: Rule(
        code=code,
        name=name,
        severity=Severity.ERROR,
        applicability=Applicability.SAFE,
        check=_check,
        scope="claim",
        tables=("codes",),
        sources=("S012",),
        since="0.1.0",
    )
    for code, name in (
        ("LA05", "bilateral-form"),
        ("LA03", "missing-side"),
        ("MD04", "missing-kx"),
        ("ED01", "count-mismatch"),
    )
}

LA05 = Finding(
    rule="LA05",
    name="bilateral-form",
    severity=Severity.ERROR,
    claim="CLM0001",
    line=1,
    message="64493 is billed as two lines; medicare takes one line with 50.",
    location=Location(segment=41, offset=805, element="SV101-03", loop="2400[1]"),
    fix=Fix("Merge lines 1 and 2 into one with 50.", (), Applicability.SAFE),
    others=(2,),
    label="right side",
    notes=("REF*6R of line 2 goes.",),
    references=("https://example.org/a",),
    sources=("S012",),
    excerpts=(
        Excerpt("L1", "SV1*HC:64493:RT*400*UN*1***1~", 13, 15),
        Excerpt("L2", "SV1*HC:64493:LT*400*UN*1***1~", 13, 15),
    ),
)
LA03 = Finding(
    rule="LA03",
    name="missing-side",
    severity=Severity.WARNING,
    claim="CLM0001",
    line=3,
    message="64494 names no side.",
    location=Location(segment=49, offset=965, element="SV101-02", loop="2400[3]"),
    fix=Fix("Find out which side it was.", (), Applicability.MANUAL),
)
ED01 = Finding(
    rule="ED01",
    name="count-mismatch",
    severity=Severity.ERROR,
    claim=None,
    line=None,
    message="SE01 says 34, there are 33 segments.",
    location=Location(segment=60, offset=1200, element="SE01", loop="transaction set 1"),
)
VERDICT = Verdict(
    "CLM0001",
    (LA05, LA03),
    (NotEvaluated(Reason.INTENT_UNKNOWN, "MD04"),),
    "medicare",
    "filing indicator MB, state OH",
    Decimal("800"),
)
ENVELOPE = Verdict(None, (ED01,))
QUIET_CLAIM = Verdict(
    "CLM0002",
    (),
    (NotEvaluated(Reason.INTENT_UNKNOWN, "MD04"),),
    "generic",
    "no route matches",
)
SOURCE = Source("claims.837", b"ISA\n" * 400)


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    (tmp_path / "sources.csv").write_text(SOURCES, "utf-8")
    digest = hashlib.sha256(SOURCES.encode()).hexdigest()
    manifest = {"version": "2026.4", "sources.csv": digest}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return Tables(tmp_path)


MAKERS: dict[str, Callable[[Tables], Report]] = {
    "text": lambda tables: Text(tables, RULES, Look()),
    "colour": lambda tables: Text(tables, RULES, Look(color=True, width=100)),
    "corrections": lambda tables: Corrections(tables, RULES, Look()),
    "json": Json,
    "ndjson": lambda tables: Ndjson(),
    "sarif": lambda tables: Sarif(tables, RULES),
    "github": lambda tables: Github(),
    "changes": lambda tables: Changes(),
    "diff": lambda tables: Diff(Look()),
}


def done(path: str = "claims.837", **further: Any) -> InputDone:
    return InputDone(path, "x12", 120, 2, **further)


def written(report: Report) -> bytes:
    out = io.BytesIO()
    report.write(out)
    return out.getvalue()


def said(report: Report, *verdicts: Verdict, source: Source = SOURCE) -> bytes:
    report.begin(source)
    for verdict in verdicts:
        report.take(verdict)
    report.end(done(source.name))
    return written(report)


# --- all reports ----------------------------------------------------------------------------------

CORRECTED = Verdict(
    "CLM0003",
    corrected=(LA05,),
    changes=(
        ChangeMade("CLM0003", 1, "LA05", Applicability.SAFE, 805, b"RT", b"50"),
        ChangeMade("CLM0003", 2, "LA05", Applicability.SAFE, 905, b"LX*2~", b""),
    ),
    rewritten=Rewritten("2300", (b"CLM*1~", b"LX*1~", b"A~"), (b"CLM*1~", b"LX*1~", b"B~")),
)


@pytest.mark.parametrize("name", MAKERS)
def test_an_input_that_was_dropped_leaves_no_trace(name: str, tables: Tables) -> None:
    verdicts = (VERDICT, QUIET_CLAIM, ENVELOPE, CORRECTED)
    alone, after = MAKERS[name](tables), MAKERS[name](tables)
    after.begin(Source("dropped.837", b"\n" * 2000))
    for verdict in (CORRECTED, ENVELOPE, VERDICT):
        after.take(verdict)
    after.drop()
    assert said(after, *verdicts) == said(alone, *verdicts)
    assert after.total == alone.total


@pytest.mark.parametrize("name", MAKERS)
def test_a_later_drop_leaves_the_inputs_before_it(name: str, tables: Tables) -> None:
    alone, then = MAKERS[name](tables), MAKERS[name](tables)
    before = said(alone, VERDICT, CORRECTED)
    said(then, VERDICT, CORRECTED)
    then.begin(Source("dropped.837", b""))
    then.take(ENVELOPE)
    then.drop()
    assert written(then) == before


# --- text -----------------------------------------------------------------------------------------

EXPECTED = """\
 error[LA05] bilateral-form: 64493 is billed as two lines; medicare takes one line with 50.
  --> claims.837  claim CLM0001  lines 1, 2  2400[1]/SV101-03  byte 805
      |
  L1  | SV1*HC:64493:RT*400*UN*1***1~
      |              ^^ right side
  L2  | SV1*HC:64493:LT*400*UN*1***1~
      |              --
      |
   = why  medicare (filing indicator MB, state OH)
   = src  Billing article  [S012]
   = fix  safe  Merge lines 1 and 2 into one with 50.
   = note REF*6R of line 2 goes.

 warn [LA03] missing-side: 64494 names no side.
  --> claims.837  claim CLM0001  line 3  2400[3]/SV101-02  byte 965
   = why  medicare (filing indicator MB, state OH)
   = fix  manual  Find out which side it was.

 error[ED01] count-mismatch: SE01 says 34, there are 33 segments.
  --> claims.837  transaction set 1/SE01  byte 1200

 not evaluated  MD04 missing-kx: diagnostic or therapeutic, the claim does not say (2 claims)
--------------------------------------------------------------------------------
120 claims, 2 with facet codes: 2 errors, 1 warning, 1 rule not evaluated.  \
1 fixable with facet fix.  800.00 at risk.
profiles medicare (filing indicator MB, state OH) 1, generic (no route matches) 1   tables 2026.4
"""


def test_text_is_what_people_are_promised(tables: Tables) -> None:
    report = Text(tables, RULES, Look(encoding="ascii"))
    assert said(report, VERDICT, QUIET_CLAIM, ENVELOPE).decode("ascii") == EXPECTED


def test_colours_are_all_that_a_terminal_adds(tables: Tables) -> None:
    colour = said(Text(tables, RULES, Look(True, 400)), VERDICT, ENVELOPE).decode()
    plain = said(Text(tables, RULES, Look(False, 400)), VERDICT, ENVELOPE).decode()
    assert "\x1b[1;31m^^ right side\x1b[0m" in colour
    assert _without_colours(colour) == plain


def _without_colours(text: str) -> str:
    pieces = text.split("\x1b[")
    return pieces[0] + "".join(piece.partition("m")[2] for piece in pieces[1:])


def test_quiet_leaves_the_findings_alone(tables: Tables) -> None:
    report = Text(tables, RULES, Look(encoding="ascii"), quiet=True)
    report.begin(SOURCE)
    report.take(VERDICT)
    report.end(done(notes=("two interchanges were joined",)))
    text = written(report).decode()
    assert text == EXPECTED[: EXPECTED.index(" error[ED01]")]


def test_what_is_odd_in_an_input_is_said(tables: Tables) -> None:
    report = Text(tables, RULES, Look())
    report.begin(SOURCE)
    report.end(done(notes=("two interchanges were joined",)))
    text = written(report).decode()
    assert text.startswith(" note  claims.837: two interchanges were joined\n")
    assert "120 claims, 2 with facet codes: no findings." in text


def test_a_narrow_terminal_wraps_and_cuts_and_the_signs_still_point(tables: Tables) -> None:
    long = "SV1*HC:64493:" + "X" * 60 + ":RT*400*UN*1***1~"
    finding = replace(LA05, excerpts=(Excerpt("L1", long, 74, 76),), label="")
    text = said(Text(tables, RULES, Look(False, 50)), Verdict("C", (finding,))).decode()
    lines = text.splitlines()
    assert max(map(len, lines)) <= 50 + len("  --> claims.837  claim CLM0001")  # places stay whole
    (shown,) = (line for line in lines if line.startswith("  L1  |"))
    marks = lines[lines.index(shown) + 1]
    assert len(shown) <= 50
    assert shown[marks.index("^") : marks.rindex("^") + 1] == "RT"
    assert lines[1].startswith(" " * 13)  # the message goes on below its beginning


@given(
    text=st.text(st.characters(max_codepoint=255), min_size=1, max_size=300),
    place=st.tuples(st.integers(0, 299), st.integers(1, 20)),
    width=st.one_of(st.none(), st.integers(1, 200)),
)
def test_signs_stand_below_what_is_meant(
    text: str, place: tuple[int, int], width: int | None
) -> None:
    start = place[0] % len(text)
    end = min(len(text), start + place[1])
    finding = replace(LA05, excerpts=(Excerpt("L1", text, start, end),), label="", sources=())
    report = Text(Tables(Path()), RULES, Look(False, width))
    report.begin(SOURCE)
    report.take(Verdict("C", (finding,)))
    out = io.BytesIO()
    report.body.copy(out)
    lines = out.getvalue().decode().split("\n")
    bar = lines.index("      |")
    shown, marks = lines[bar + 1][8:], lines[bar + 2][8:]
    pointed = shown[marks.index("^") : marks.rindex("^") + 1]
    assert pointed.rstrip("…") == visible(text)[start : start + len(pointed.rstrip("…"))]
    if width is None:
        assert shown == visible(text)
        assert pointed == visible(text)[start:end]


def test_the_input_cannot_steer_the_terminal(tables: Tables) -> None:
    evil = "A\x1b[2J\x07\x9b\x7f"
    finding = replace(
        LA05, claim=evil, label=evil, message=evil, excerpts=(Excerpt("L1", evil, 0, 1),)
    )
    verdict = Verdict(
        evil,
        (finding,),
        profile="medicare",
        why=evil,
        corrected=(finding,),
        changes=CORRECTED.changes,
        rewritten=Rewritten(evil, (b"\x1b[2J~",), (b"\x9b2J~",)),
    )
    for report in (
        Text(tables, RULES, Look()),
        Corrections(tables, RULES, Look()),
        Diff(Look(color=True)),
    ):
        text = said(report, verdict, source=Source(evil, b"")).decode()
        assert not set(_without_colours(text)) & set("\x1b\x07\x9b\x7f")


def test_a_stream_that_takes_less_than_unicode_gets_what_it_takes(tables: Tables) -> None:
    finding = replace(LA05, message="caf\u00e9")
    out = said(Text(tables, RULES, Look(encoding="ascii")), Verdict("C", (finding,)))
    assert b"caf?" in out


def test_documentation_and_many_profiles_are_told(tables: Tables) -> None:
    place = Location(expression="Claim.item[0]", row=3)
    finding = replace(LA03, location=place, evidence=("Procedure/a",))
    verdicts = [Verdict("C", (finding,), profile=f"p{n}", why="w") for n in range(6)]
    text = said(Text(tables, RULES, Look()), *verdicts, verdicts[0]).decode()
    assert "  --> claims.837  row 3  claim CLM0001  line 3  Claim.item[0]\n" in text
    assert "   = seen Procedure/a\n" in text
    assert "profiles p0 (w) 2, p1 (w) 1, p2 (w) 1, p3 (w) 1, 2 more   tables 2026.4\n" in text


# --- corrections ----------------------------------------------------------------------------------


def test_what_was_corrected_withheld_and_remains(tables: Tables) -> None:
    verdict = Verdict(
        "CLM0001",
        (LA03,),
        corrected=(LA05,),
        withheld=(Withheld(LA03, "it would make a new error (LV04)"),),
        changes=CORRECTED.changes,
    )
    report = Corrections(tables, RULES, Look())
    text = said(report, verdict).decode()
    assert text == (
        " fixed[LA05] bilateral-form: 64493 is billed as two lines;"
        " medicare takes one line with 50.\n"
        "  --> claims.837  claim CLM0001  lines 1, 2  2400[1]/SV101-03  byte 805\n"
        "   = fix  safe  Merge lines 1 and 2 into one with 50.\n"
        "   = note REF*6R of line 2 goes.\n"
        "\n"
        " warn [LA03] missing-side: 64494 names no side.\n"
        "  --> claims.837  claim CLM0001  line 3  2400[3]/SV101-02  byte 965\n"
        "   = fix  manual  Find out which side it was.\n"
        "   = kept not corrected: it would make a new error (LV04)\n"
        "\n"
        "1 corrected, 1 withheld; what remains: 1 warning.\n"
    )
    assert report.total.worst is Severity.WARNING


def test_quiet_corrections_say_nothing_and_brief_ones_a_line(tables: Tables) -> None:
    assert said(Corrections(tables, RULES, Look(), quiet=True), CORRECTED, VERDICT) == b""
    brief = said(Corrections(tables, RULES, Look(), brief=True), CORRECTED, VERDICT)
    assert brief == b"1 corrected, 0 withheld; what remains: 1 error, 1 warning.\n"


# --- json and its kin -----------------------------------------------------------------------------


def test_json_is_the_report_of_the_contract(tables: Tables) -> None:
    report = json.loads(said(Json(tables), VERDICT, QUIET_CLAIM, ENVELOPE))
    assert report["schema"] == "facet-report/1"
    assert report["tool"] == {"name": "facet-adapter", "version": "0.1.0", "mappings": "2026.4"}
    first, second, third = report["findings"]
    assert {
        key: first[key]
        for key in ("rule", "name", "severity", "claim", "line", "message", "fix", "evidence")
    } == {
        "rule": "LA05",
        "name": "bilateral-form",
        "severity": "error",
        "claim": "CLM0001",
        "line": 1,
        "message": LA05.message,
        "fix": {"applicability": "safe", "description": "Merge lines 1 and 2 into one with 50."},
        "evidence": [],
    }
    assert first["references"] == ["https://example.org/a"]
    assert first["location"] == {
        "input": 0, "segment": 41, "offset": 805, "element": "SV101-03", "loop": "2400[1]",
    }  # fmt: skip
    assert second["fix"]["applicability"] == "manual"
    assert (third["claim"], third["line"], "fix" in third) == (None, None, False)
    assert report["not_evaluated"] == [
        {"rule": "MD04", "reason": "intent-unknown", "claims": 2, "claim": "CLM0001"}
    ]
    assert report["claims"] == [
        {"claim": "CLM0001", "profile": "medicare", "why": "filing indicator MB, state OH"},
        {"claim": "CLM0002", "profile": "generic", "why": "no route matches"},
    ]
    assert report["inputs"] == [
        {"path": "claims.837", "format": "x12", "claims": 120, "facet_claims": 2, "notes": []}
    ]
    assert report["summary"] == {
        "errors": 2, "warnings": 1, "infos": 0, "fixable": 1, "suggestible": 0,
        "charge_at_risk": "800.00",
    }  # fmt: skip


def test_a_place_of_fhir_is_an_expression(tables: Tables) -> None:
    place = Location(expression="Claim.item[0]", row=3)
    report = json.loads(said(Json(tables), Verdict("C", (replace(LA05, location=place),))))
    assert report["findings"][0]["location"] == {
        "input": 0, "row": 3, "expression": "Claim.item[0]",
    }  # fmt: skip


def test_locations_count_the_inputs_that_are_in_the_report(tables: Tables) -> None:
    report = Json(tables)
    said(report, VERDICT)
    report.begin(Source("bad.837", b""))
    report.drop()
    result = json.loads(said(report, VERDICT, source=Source("b.837", b"")))
    assert [finding["location"]["input"] for finding in result["findings"]] == [0, 0, 1, 1]
    assert [entry["path"] for entry in result["inputs"]] == ["claims.837", "b.837"]
    assert result["not_evaluated"][0]["claims"] == 2


def test_a_report_of_nothing_is_a_report(tables: Tables) -> None:
    result = json.loads(said(Json(tables)))
    assert (result["findings"], result["claims"], result["not_evaluated"]) == ([], [], [])
    assert said(Ndjson()) == b""
    assert said(Github()) == b""
    assert json.loads(said(Sarif(tables, RULES)))["runs"][0]["results"] == []
    assert said(Diff(Look())) == b""


def test_ndjson_is_one_finding_a_line_and_names_its_input(tables: Tables) -> None:
    lines = said(Ndjson(), VERDICT, ENVELOPE).splitlines()
    whole = json.loads(said(Json(tables), VERDICT, ENVELOPE))["findings"]
    for line, finding in zip(lines, whole, strict=True):
        finding["location"]["path"] = "claims.837"
        assert json.loads(line) == finding


def test_github_annotations_are_escaped_and_placed() -> None:
    finding = replace(
        LA05,
        message="50% off,\r\nnow: 1",
        location=Location(offset=9),
        severity=Severity.INFO,
    )
    source = Source("a,b:c%.837", b"ISA\nGS\nST\nCLM")
    out = said(Github(), Verdict("CLM0001", (finding, ED01)), source=source).decode().splitlines()
    assert out[0] == (
        "::notice file=a%2Cb%3Ac%25.837,line=3,title=LA05 bilateral-form"
        "::50%25 off,%0D%0Anow: 1 (claim CLM0001, line 1)"
    )
    assert out[1].startswith("::error file=a%2Cb%3Ac%25.837,line=4,title=ED01 count-mismatch::SE01")


def test_text_lines_are_counted_in_any_order() -> None:
    source = Source("a.837", b"\n".join([b"x" * 9] * 50))
    places = [499, 0, 15, 10, 9, 240]
    verdict = Verdict("C", tuple(replace(LA05, location=Location(offset=at)) for at in places))
    out = said(Github(), verdict, source=source).decode().splitlines()
    lines = [int(line.partition("line=")[2].partition(",")[0]) for line in out]
    assert lines == [at // 10 + 1 for at in places]


def test_sarif_has_what_its_readers_ask_for(tables: Tables) -> None:
    source = Source("dir/a b.837", b"\n" * 805)
    log = json.loads(said(Sarif(tables, RULES), VERDICT, source=source))
    assert (log["version"], log["$schema"].endswith("sarif-2.1.0.json")) == ("2.1.0", True)
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("facet-adapter", "0.1.0")
    assert [rule["id"] for rule in driver["rules"]] == ["LA05", "LA03"]
    assert driver["rules"][0]["help"]["text"].startswith("Why it matters: the payer denies")
    assert driver["rules"][0]["helpUri"] == "https://example.org/a"
    first, second = run["results"]
    assert (first["level"], second["level"]) == ("error", "warning")
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    (place,) = first["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "dir/a%20b.837"},
        "region": {"startLine": 806, "byteOffset": 805},
    }
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "CLM0001/2400[1]/SV101-03"
    assert first["properties"]["fix"]["applicability"] == "safe"


def test_fingerprints_tell_findings_apart_and_outlive_a_shift(tables: Tables) -> None:
    def fingerprint(finding: Finding) -> str:
        log = json.loads(said(Sarif(tables, RULES), Verdict("C", (finding,))))
        return str(log["runs"][0]["results"][0]["partialFingerprints"]["facet/v1"])

    moved = replace(LA05, location=replace(LA05.location, offset=9, segment=2), message="else")
    assert fingerprint(moved) == fingerprint(LA05)
    different = [LA03, ED01, replace(LA05, line=2), replace(LA05, claim="X")]
    assert len({fingerprint(finding) for finding in (LA05, *different)}) == 5


# --- the change list and the difference -----------------------------------------------------------


def test_the_change_list_quotes_every_byte() -> None:
    every = bytes(range(256))
    change = ChangeMade(None, None, "LA05,MD06", Applicability.SUGGESTED, 7, every, b"")
    report = Changes()
    said(report, CORRECTED)
    result = json.loads(said(report, Verdict(None, changes=(change,)), source=Source("b.837", b"")))
    assert result["schema"] == "facet-changes/1"
    assert result["changes"][0] == {
        "input": 0, "claim": "CLM0003", "line": 1, "rule": "LA05", "applicability": "safe",
        "offset": 805, "before": "RT", "after": "50",
    }  # fmt: skip
    last = result["changes"][-1]
    assert (last["input"], last["claim"], last["line"], last["rule"], last["applicability"]) == (
        1, None, None, "LA05,MD06", "suggested",
    )  # fmt: skip
    assert last["before"].encode("latin-1") == every
    assert [entry["path"] for entry in result["inputs"]] == ["claims.837", "b.837"]


BEFORE = (
    b"CLM*CLM0001*1250~\r\n", b"NM1*82*1*SECRET*NAME~\r\n", b"HI*ABK:M47.816~\r\n",
    b"NTE*ADD*SECRET NOTE~\r\n",
    b"LX*1~\r\n", b"SV1*HC:64493:RT*400*UN*1***1~\r\n", b"DTP*472*D8*20260310~\r\n",
    b"REF*6R*LINE1~\r\n",
    b"LX*2~\r\n", b"SV1*HC:64493:LT*400*UN*1***1~\r\n", b"DTP*472*D8*20260310~\r\n",
    b"REF*6R*LINE2~\r\n",
    b"LX*3~\r\n", b"SV1*HC:64494:50*450*UN*2***1~\r\n", b"NTE*ADD*SECRET NOTE~\r\n",
)  # fmt: skip
AFTER = (
    *BEFORE[:2], b"HI*ABK:M47816~\r\n", *BEFORE[3:5], b"SV1*HC:64493:50*800*UN*1***1~\r\n",
    *BEFORE[6:8], b"LX*2~\r\n", b"SV1*HC:64494:50*450*UN*1***1~\r\n", BEFORE[14],
)  # fmt: skip
CHANGED = Verdict(
    "CLM0001",
    changes=(
        ChangeMade("CLM0001", 1, "LA05", Applicability.SAFE, 0, b"", b""),
        ChangeMade("CLM0001", None, "DX04", Applicability.SAFE, 0, b"", b""),
    ),
    rewritten=Rewritten("2300", BEFORE, AFTER),
)
TRAILER = Verdict(
    None,
    changes=(ChangeMade(None, None, "LA05", Applicability.SAFE, 0, b"34", b"30"),),
    rewritten=Rewritten("transaction set 1", (b"SE*34*0001~",), (b"SE*30*0001~",)),
)
DIFFERENCE = """\
--- claims.837
+++ claims.837 (corrected: DX04, LA05)
@@ claim CLM0001  2300/HI @@
-HI*ABK:M47.816~
+HI*ABK:M47816~
@@ claim CLM0001  2400[1..3] @@
 LX*1~
-SV1*HC:64493:RT*400*UN*1***1~
+SV1*HC:64493:50*800*UN*1***1~
 DTP*472*D8*20260310~
 REF*6R*LINE1~
 LX*2~
-SV1*HC:64493:LT*400*UN*1***1~
-DTP*472*D8*20260310~
-REF*6R*LINE2~
-LX*3~
-SV1*HC:64494:50*450*UN*2***1~
+SV1*HC:64494:50*450*UN*1***1~
@@ transaction set 1 @@
-SE*34*0001~
+SE*30*0001~
"""


def test_the_difference_shows_what_changes_and_no_name_beside_it() -> None:
    out = said(Diff(Look()), CHANGED, QUIET_CLAIM, TRAILER).decode()
    assert out == DIFFERENCE


def test_lines_of_the_difference_are_those_of_the_claim() -> None:
    """What stands behind a space or a sign is the input, or the output, in its order."""
    body = said(Diff(Look()), CHANGED).splitlines(keepends=True)[2:]
    gone = [line[1:] for line in body if line[:1] in (b" ", b"-") and line[:2] != b"@@"]
    come = [line[1:] for line in body if line[:1] in (b" ", b"+") and line[:2] != b"@@"]
    for shown, whole in ((gone, BEFORE), (come, AFTER)):
        pieces = iter(piece.replace(b"\r\n", b"\n") for piece in whole)
        assert all(line in pieces for line in shown)
    unshown_before = [piece for piece in BEFORE if piece.replace(b"\r", b"") not in gone]
    unshown_after = [piece for piece in AFTER if piece.replace(b"\r", b"") not in come]
    assert unshown_before == unshown_after


def test_a_difference_in_colour_marks_the_elements_that_change() -> None:
    out = said(Diff(Look(color=True)), CHANGED).decode()
    assert "\x1b[7;31mRT\x1b[0m" in out
    assert "\x1b[7;32m800\x1b[0m" in out
    assert _without_colours(out) == DIFFERENCE[: DIFFERENCE.index("@@ transaction")]


def test_a_line_that_is_added_at_the_end_has_a_place() -> None:
    """As where one line is split into two and is the last of its claim."""
    after = (*BEFORE, b"LX*4~\r\n", b"SV1*HC:64494:LT*225*UN*1***1~\r\n")
    verdict = replace(CHANGED, rewritten=Rewritten("2300", BEFORE, after))
    assert said(Diff(Look()), verdict).decode().splitlines()[2:] == [
        "@@ claim CLM0001  2400[3] @@",
        "+LX*4~",
        "+SV1*HC:64494:LT*225*UN*1***1~",
    ]


def test_bytes_that_are_no_text_go_through_the_difference() -> None:
    verdict = replace(CHANGED, rewritten=Rewritten("2300", (b"HI*\xe9\x1c",), (b"HI*\xff\x1c",)))
    assert said(Diff(Look()), verdict).splitlines()[3:] == [b"-HI*\xe9\x1c", b"+HI*\xff\x1c"]


# --- the model ------------------------------------------------------------------------------------


def model(*claims: Claim) -> bytes:
    report, out = Model(), io.BytesIO()
    for claim in claims:
        report.take(claim)
    report.write(out)
    return out.getvalue()


def a_claim(charge: str, **line: Any) -> Claim:
    return Claim(
        id="C1",
        charge=Decimal(charge),
        diagnoses=(Diagnosis("M47816"),),
        lines=(ServiceLine(number=1, code="64493", date=date(2026, 3, 10), **line),),
    )


def test_the_model_is_printed_whole() -> None:
    result = json.loads(model(a_claim("800.50", modifiers=("50",), units=Decimal(1))))
    assert (result["schema"], result["procedures"]) == ("facet-model/1", [])
    (claim,) = result["claims"]
    assert (claim["id"], claim["charge"], claim["facility"]) == ("C1", "800.5", "professional")
    assert claim["diagnoses"] == [{"code": "M47816", "icd10": True, "dotted": False}]
    (line,) = claim["lines"]
    assert (line["date"], line["units"], line["modifiers"]) == ("2026-03-10", "1", ["50"])
    assert (line["charge"], line["control_number"]) == (None, None)


def test_equal_claims_give_equal_bytes() -> None:
    first = a_claim("800", units=Decimal("1.0"), attachments=(Attachment("NTE", "SECRET"),))
    second = a_claim("0800.00", units=Decimal(1))
    assert first == second
    assert model(first) == model(second)
    assert model(first, first) != model(first)
    assert b"SECRET" not in model(first)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4), st.integers(0, 6))
def test_amounts_are_equal_exactly_when_their_texts_are(value: Decimal, zeros: int) -> None:
    longer = value.quantize(Decimal(1).scaleb(-4 - zeros)) if abs(value) < 10**12 else value
    assert amount(longer) == amount(value)
    assert Decimal(amount(value)) == value
    assert "E" not in amount(value)
    assert amount(value + 1) != amount(value)


# --- columns --------------------------------------------------------------------------------------


def test_columns_stand_below_each_other() -> None:
    assert list(aligned([("a", "bb", ""), ("ccc", "d", "e")])) == ["a    bb", "ccc  d   e"]
    assert list(aligned([])) == []
