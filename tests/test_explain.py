"""The pages of `facet explain`: a topic names its sources, a rule's page is that of its day."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from adapter.profiles import Dated, Profile
from adapter.render import guide
from adapter.render.guide import Block, Part, topic, topics
from adapter.render.pages import DOCUMENTED, RESTS_ON, rule_page
from adapter.render.terminal import Look
from adapter.rules import all_rules
from adapter.schema import ProfileFile
from adapter.tables import shipped
from tests.cases import ROOT, all_cases
from tests.runs import policy, read
from tests.test_cli import Facet, facet

__all__ = ["facet"]

TABLES = shipped()
EXAMPLE = "Example"
POINTER = re.compile(r"`facet [a-z]+")

each_topic = pytest.mark.parametrize("name", topics())


def claims_of(name: str) -> Iterator[tuple[str, Block]]:
    """What a page says in its own words, without heads of tables: each with its heading."""
    for part in topic(name).parts:
        before = ""
        for block in part.blocks:
            is_head = block.kind == "row" != before
            before = block.kind
            if part.heading != EXAMPLE and not is_head:
                yield part.heading, block


def text_of(name: str) -> str:
    return (guide.FOLDER / f"{name}.md").read_text("utf-8")


# --- the guide ------------------------------------------------------------------------------------


def test_there_is_a_page_for_each_topic_of_a_billing_guide() -> None:
    assert topics() == [
        "codes",
        "denials",
        "documentation",
        "levels",
        "medical-necessity",
        "modifiers",
        "prior-authorization",
    ]


@each_topic
def test_each_claim_names_its_source_or_where_to_look(name: str) -> None:
    """A list that a sentence with a colon opens, and one that rules are named in, may lead on."""
    for heading, block in claims_of(name):
        sourced = guide.KEYS.search(block.text)
        points = POINTER.search(block.text) or re.search(r"\b[A-Z]{2}\d\d\b", block.text)
        assert sourced or points or block.text.endswith(":"), (heading, block.text)


@each_topic
def test_what_it_names_exists(name: str) -> None:
    text = text_of(name)
    assert set(topic(name).keys) <= set(TABLES.sources)
    assert set(re.findall(r"\b(?:BN|CO|CV|DC|DX|ED|LA|LV|MD|PA|UN)\d\d\b", text)) <= set(
        all_rules()
    )
    own_words = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert set(re.findall(r"\b(?:\d{5}|\d{4}T)\b", own_words)) <= set(TABLES.codes)


@each_topic
def test_it_is_run(name: str) -> None:
    """Its sessions are executed by test_docs."""
    (example,) = [part for part in topic(name).parts if part.heading == EXAMPLE]
    sessions = [block.text for block in example.blocks if block.kind == "code"]
    assert sessions
    assert all(session.startswith("$ ") for session in sessions)
    assert "```console\n$ facet " in text_of(name)


REVIEWED = re.compile(
    r"(coder|physician|doctor|lawyer|counsel|attorney|expert)s? (has|have|had|was|were)? ?"
    r"(review|approv|verifi|certifi)ed|(review|approv|verifi|certifi)ed by",
    re.IGNORECASE,
)


@each_topic
def test_nobody_is_said_to_have_reviewed_it(name: str) -> None:
    assert not REVIEWED.search(text_of(name))


def test_the_pattern_of_reviews_knows_them() -> None:
    for text in ("A coder reviewed this.", "Verified by counsel", "lawyers have approved it"):
        assert REVIEWED.search(text), text


@each_topic
def test_a_topic_as_text_tells_how_far_its_sources_go(facet: Facet, name: str) -> None:
    ran = facet("explain", name)
    text = ran.out.decode()
    assert (ran.status, ran.err) == (0, "")
    assert text.startswith(f"{name}  {topic(name).title}\n\n")
    for key in topic(name).keys:
        confidence = TABLES.sources[key].confidence
        assert re.search(rf"^  {key}  {confidence} ", text, re.MULTILINE)
        shown = key if confidence == "primary" else f"{key} {confidence}"
        assert re.search(rf"[\[ ]{shown}[\],]", text)
    assert "`" not in text


@each_topic
def test_a_topic_as_json(facet: Facet, name: str) -> None:
    page = facet("explain", name.upper(), "--format", "json").report
    assert (page["schema"], page["kind"], page["topic"]) == ("facet-page/1", "topic", name)
    headings = [section["heading"] for section in page["sections"]]
    assert headings[0] is None
    assert headings == [None, *re.findall(r"^## (.*)$", text_of(name), re.MULTILINE)]
    assert page["sections"][headings.index(EXAMPLE)]["blocks"][-1]["kind"] == "code"
    assert [source["key"] for source in page["sources"]] == list(topic(name).keys)


def test_the_kinds_of_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd.md").write_text(
        "# Odd\n\nTwo\nlines [S001].\n\nAnother.\n\n## A\n- one\n  goes on\n- two\n"
        "| a | b |\n|---|---|\n| c | d |\n```sh\n$ x\n\n- y\n```\nlast\n"
    )
    monkeypatch.setattr(guide, "FOLDER", tmp_path)
    found = topic("odd")
    assert found.title == "Odd"
    assert found.parts == [
        Part("", (Block("text", "Two lines [S001]."), Block("text", "Another."))),
        Part(
            "A",
            (
                Block("item", "one goes on"),
                Block("item", "two"),
                Block("row", "| a | b |"),
                Block("row", "| c | d |"),
                Block("code", "$ x\n\n- y"),
                Block("text", "last"),
            ),
        ),
    ]
    assert guide.topic_page("odd", TABLES).text(Look()) == (
        "odd  Odd\n\n  Two lines [S001 memory].\n\n  Another.\n\nA\n  - one goes on\n  - two\n\n"
        "  a  b\n  c  d\n\n    $ x\n    \n    - y\n\n  last\n\nSources\n"
        f"  S001  memory  2026-11  {TABLES.sources['S001'].title}\n"
        f"                         {TABLES.sources['S001'].url}\n"
    )


def test_topics_are_listed(facet: Facet) -> None:
    listed = facet("list", "topics", "--format", "json").report["topics"]
    assert [entry["topic"] for entry in listed] == list(topics())
    assert {"topic": "modifiers", "title": "Modifiers on facet lines"} in listed
    assert facet("list", "topics").out.decode().startswith("7 topics\n")


def test_help_names_each_topic(facet: Facet) -> None:
    said = " ".join(facet("explain", "--help").out.decode().split())
    assert "RULE|CODE|PAYER|TOPIC" in said
    for name in topics():
        assert name in said.replace("- ", "-")


def test_a_topic_that_is_not_there(facet: Facet) -> None:
    ran = facet("explain", "modifier")
    assert (ran.status, ran.out) == (2, b"")
    assert "there is no rule, code, payer or topic 'modifier'; did you mean modifiers" in ran.err


def test_no_topic_takes_the_name_of_something_else() -> None:
    taken = {rule.name for rule in all_rules().values()} | set(policy().profiles.ids)
    assert taken.isdisjoint(topics())


# --- what a shell completes -----------------------------------------------------------------------


def completed(*words: str, **environ: str) -> list[str]:
    program = "from adapter.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            **environ,
            "PYTHONPATH": str(ROOT),
            "_FACET_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(("facet", *words)),
            "COMP_CWORD": str(len(words)),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("begun", "names"),
    [
        ("mod", ["modifiers", "modifier-not-allowed", "modifier-order"]),
        ("la0", [f"LA0{number}" for number in range(1, 8)]),
        ("6449", ["64490", "64491", "64492", "64493", "64494", "64495"]),
        ("medicare-n", ["medicare-ngs", "medicare-noridian-je", "medicare-noridian-jf",
                        "medicare-novitas"]),
        ("zz", []),
    ],
)  # fmt: skip
def test_a_shell_completes_what_is_explained(begun: str, names: list[str]) -> None:
    assert completed("explain", begun) == names


def test_a_broken_configuration_completes_nothing() -> None:
    assert completed("explain", "mod", FACET_CONFIG="gone.toml") == []


# --- a rule on a day ------------------------------------------------------------------------------

NON_COVERED = {
    "medicare": date(2024, 8, 11),
    "medicare-cgs": date(2024, 7, 7),
    "medicare-fcso": date(2024, 8, 11),
    "medicare-ngs": date(2024, 8, 1),
    "medicare-noridian-je": date(2024, 7, 7),
    "medicare-noridian-jf": date(2024, 7, 7),
    "medicare-novitas": date(2024, 8, 11),
    "medicare-palmetto": date(2024, 7, 7),
    "medicare-wps": date(2024, 7, 14),
}
"""From policy: the day from which a third level is not covered."""


@pytest.mark.parametrize("payer", NON_COVERED)
def test_the_third_level_reads_differently_from_the_day_on(facet: Facet, payer: str) -> None:
    day = NON_COVERED[payer]
    eve = day - timedelta(days=1)
    before = facet("explain", "CO01", "--payer", payer, "--on", eve.isoformat()).out.decode()
    after = facet("explain", "CO01", "--payer", payer, "--on", day.isoformat()).out.decode()
    assert before.startswith("CO01  third-level   warning   correction: manual")
    assert after.startswith("CO01  third-level   error   correction: manual")
    assert f"\nIn force on {eve}\n  {payer}  warning " in before
    assert re.search(rf"\n  {payer}  error +from {day} ", after)
    assert f"\nWhat it rests on for {payer}\n  third_level  appeal-only " in before
    assert f"\nWhat it rests on for {payer}\n  third_level  non-covered  from {day}" in after
    assert re.search(rf"\nWhat changes later\n  severity +error +from {day} .*\n", before)
    assert "What changes later" not in after
    page = facet(
        "explain", "CO01", "--payer", payer, "--on", eve.isoformat(), "--format", "json"
    ).report
    assert page["payer"] == payer
    assert [(row["payer"], row["severity"]) for row in page["in_force"]] == [(payer, "warning")]
    assert [(row["name"], row["value"]) for row in page["rests_on"]] == [
        ("third_level", "appeal-only")
    ]
    assert {(row["name"], row["from"]) for row in page["later"]} == {
        ("severity", day.isoformat()),
        ("third_level", day.isoformat()),
    }
    assert {row["source"] for row in page["rests_on"]} <= {row["key"] for row in page["sources"]}


def test_a_payer_that_does_not_say(facet: Facet) -> None:
    text = facet("explain", "CO01", "--payer", "cpt", "--on", "2026-03-10").out.decode()
    assert text.startswith("CO01  third-level   error or warning (appeal)   ")
    assert "\nWhat it rests on for cpt\n  By what is not said the rule judges nothing.\n" in text
    assert "\n  third_level  not said\n" in text


def test_without_a_payer_who_says_what(facet: Facet) -> None:
    text = facet("explain", "CO01", "--on", "2024-07-13").out.decode()
    said = text.partition("What payers say on 2024-07-13\n")[2].partition("\nSources")[0]
    rows = {row.split()[1]: row.split()[2:] for row in said.splitlines()}
    assert "medicare-wps" in rows["appeal-only"]
    assert {"medicare-cgs", "medicare-palmetto"} <= set(rows["non-covered"])
    page = facet("explain", "CO01", "--on", "2024-07-13", "--format", "json").report
    assert page["payer"] is None
    assert {row["payer"] for row in page["rests_on"]} == {
        each for row in rows.values() for each in row
    }


def test_a_severity_of_the_configuration_is_that_of_the_page(facet: Facet) -> None:
    Path("facet.toml").write_text('[rules.CO01]\nseverity = "info"\n')
    text = facet("explain", "CO01", "--payer", "medicare-wps", "--on", "2026-03-10").out.decode()
    assert text.startswith("CO01  third-level   info   ")
    assert "\n  medicare-wps  info    facet.toml\n" in text


@pytest.mark.parametrize("payer", policy().profiles.ids)
def test_the_page_of_every_rule_under_every_payer(payer: str) -> None:
    profiles = policy().profiles
    for rule in all_rules().values():
        for day in (date(2010, 1, 1), date(2024, 7, 13), date(2026, 11, 1)):
            page = rule_page(rule, TABLES, profiles, day, payer)
            asked = profiles.get(payer).severity(rule.code, day)
            (row,) = page.data["in_force"]
            own = [rule.severity.word, *(each.word for each in rule.variants.values())]
            words = re.findall("error|warning|info", row["severity"])
            assert words == ([asked.word] if asked is not None else own)
            assert page.facts[0] == row["severity"]
            for entry in page.data["rests_on"]:
                assert entry["source"] in TABLES.sources
            assert page.text(Look()).startswith(f"{rule.code}  {rule.name}   {row['severity']}")


# --- what a rule rests on -------------------------------------------------------------------------


PARAMETERS = set(type(ProfileFile().params).model_fields)


@pytest.mark.parametrize("documented", [False, True], ids=["claim-alone", "documented"])
def test_rules_ask_for_the_parameters_that_their_pages_show(
    documented: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every rule is run over every case, and what it asks of the profile written down. Those that
    look at documentation may ask for more where there is some."""
    asked: defaultdict[str, set[str]] = defaultdict(set)
    running = ""
    dated = Profile.dated

    def recorded(profile: Profile, name: str, day: date) -> Dated | None:
        asked[running].add(name)
        return dated(profile, name, day)

    monkeypatch.setattr(Profile, "dated", recorded)
    profiles = policy().profiles
    claims = [
        (claim if documented else replace(claim, procedures=()), profiles.get(case.payer))
        for case in all_cases()
        for form in case.forms
        for claim in read(case.data(form))
    ]
    for code, rule in all_rules().items():
        running = code
        for claim, profile in claims if rule.scope == "claim" else ():
            list(rule.check(claim, TABLES, profile))
    more = set(DOCUMENTED) if documented else set()
    for code, names in asked.items():
        assert (names & PARAMETERS) - more <= set(RESTS_ON.get(code, ())), code
    if documented:
        assert {code for code, names in RESTS_ON.items() if not asked[code] & set(names)} == set()


def test_parameters_of_pages_exist() -> None:
    assert set(RESTS_ON) <= set(all_rules())
    for code, names in RESTS_ON.items():
        assert len(set(names)) == len(names), code
        assert set(names) <= PARAMETERS, code
