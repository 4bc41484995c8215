"""requirements.csv is complete: sources, rules, cases, and the page that is made of it."""

from __future__ import annotations

import re

import pytest

from adapter.profiles import Profile
from adapter.rules import all_rules
from adapter.schema import check_table
from adapter.tables import Requirement, shipped
from tests.cases import all_cases
from tests.requirements import CHAPTERS, PAGE, REASONS, page
from tests.runs import policy

ALL = shipped().requirements
CASES = {case.id: case for case in all_cases()}
HEAD = "id,requirement,source,rules,cases,unchecked\n"

each_requirement = pytest.mark.parametrize("requirement", ALL, ids=lambda each: each.id)


@each_requirement
def test_what_it_names_is_there(requirement: Requirement) -> None:
    assert requirement.sources
    assert set(requirement.sources) <= set(shipped().sources)
    assert set(requirement.rules) <= set(all_rules())
    assert set(requirement.cases) <= set(CASES)
    assert {CASES[case].rule for case in requirement.cases} == set(requirement.rules)
    assert requirement.id[0] in CHAPTERS
    assert requirement.rules or requirement.unchecked
    if requirement.unchecked:
        assert requirement.unchecked.partition(":")[0] in REASONS


LEFT_ALONE = {"E03", "E06", "K15", "K22", "L20", "M04c", "M05b", "P07"}
"""What a rule has to leave alone, and nothing else. Clean cases alone would hold for any other
sentence too, and for a rule that never speaks."""


def test_a_rule_that_checks_it_is_seen_to_fire() -> None:
    clean = {
        each.id
        for each in ALL
        if each.cases and all(CASES[case].verdict == "clean" for case in each.cases)
    }
    assert clean == LEFT_ALONE


def test_every_rule_is_asked_for() -> None:
    named = {rule for each in ALL for rule in each.rules}
    assert named == set(all_rules())


def test_what_contractors_ask_for_is_there_as_a_whole() -> None:
    assert {each.id[:3] for each in ALL if each.id[0] == "M"} == {f"M{n:02}" for n in range(1, 33)}


def test_a_sentence_stands_once() -> None:
    texts = [each.text for each in ALL]
    assert len(set(texts)) == len(texts)
    assert all(text.endswith(".") for text in texts)


NO_POLICY = {
    *("S032", "S063", "S064", "S081"),  # who a claim is for
    *("S052", "S059", "S060", "S061", "S068"),  # since when, and in whose text
}
"""Sources of profiles that ask nothing of a claim."""


def said(profile: Profile) -> set[str]:
    values = [*profile.params.values(), *profile.rules.values()]
    return {dated.source for held in values for dated in held}


@pytest.mark.parametrize("payer", policy().profiles.ids)
def test_what_a_profile_rests_on_is_in_a_sentence(payer: str) -> None:
    named = {key for each in ALL for key in each.sources}
    assert said(policy().profiles.get(payer)) - named - NO_POLICY == set()


def test_the_page_is_up_to_date() -> None:
    """`python -m tests.requirements` writes it."""
    assert PAGE.read_text("utf-8") == page(ALL)


def test_the_page_tells_all() -> None:
    text = PAGE.read_text("utf-8")
    for each in ALL:
        assert f"\n| {each.id} | {each.text} | {' '.join(each.sources)} |" in text
        for case in each.cases:
            assert f"{case}: {CASES[case].why}" in text
    for code in all_rules():
        assert re.search(rf"^\| {code} \| [a-z0-9-]+ \| [A-Z]\d\d", text, re.MULTILINE)


# --- what a table has to be -----------------------------------------------------------------------

SOUND = "M01,Asked.,S001 S002,LA01 LA02,LA01-fires-1 LA02-clean-2,record: a part"


def test_a_sound_row_has_no_problem() -> None:
    for row in (SOUND, "M02a,Asked.,S001,,,history: why"):
        assert not check_table("requirements.csv", f"{HEAD}{row}\n".encode(), {"S001", "S002"})


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("M01", "M1", "'M1' is not like M02a"),
        ("S001 S002", "", "source: '' is not like S001"),
        ("S001 S002", "S001 S003", "source: S003 is not in sources.csv"),
        ("LA01 LA02", "LA01", "cases: each rule has one, and no other"),
        ("LA01-fires-1 ", "", "cases: each rule has one, and no other"),
        ("LA01-fires-1", "LA01-fire-1", "'LA01-fire-1' is not like LA05-fires-1"),
        ("record: a part", "a part", "'a part' is not like history: why"),
        ("record: a part", "later: a part", "'later: a part' is not like history: why"),
        (",LA01 LA02,LA01-fires-1 LA02-clean-2,record: a part", ",,,", "unchecked: is there"),
        ("Asked.", " Asked.", "is not like one line of text"),
    ],
)
def test_what_is_wrong_with_a_row(old: str, new: str, what: str) -> None:
    row = SOUND.replace(old, new)
    assert row != SOUND
    problems = check_table("requirements.csv", f"{HEAD}{row}\n".encode(), {"S001", "S002"})
    assert any(what in problem for problem in problems), problems


def test_rows_are_sorted() -> None:
    rows = f"{HEAD}{SOUND.replace('M01', 'M02')}\n{SOUND}\n".encode()
    (problem,) = check_table("requirements.csv", rows, {"S001", "S002"})
    assert problem == "row 3, id: stands too late; rows are sorted by id"
