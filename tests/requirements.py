"""Writes docs/coverage.md: what policy asks for, and what checks it.

    python -m tests.requirements

makes the page anew from mappings/requirements.csv, the rules and their cases. Look at what it
changed: cases are numbered, and one that is put before others takes their numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from adapter.rules import all_rules
from adapter.tables import Requirement, shipped
from tests.cases import ROOT, all_cases

PAGE = ROOT / "docs" / "coverage.md"

CHAPTERS = {
    "B": "What is bundled",
    "C": "Diagnoses",
    "D": "Documentation",
    "E": "Authorization",
    "F": "Formats",
    "K": "Codes and levels",
    "L": "Sides and modifiers",
    "M": "What Medicare's contractors ask for",
    "P": "Other payers",
    "U": "Units",
}
"""By the first letter of an id."""

REASONS = {
    "case": "The case that is named stands for it.",
    "history": "It takes past services, which are not known yet.",
    "input": "It is on no claim.",
    "profile": "No rule: it decides which profile or code is taken, and is tested there.",
    "record": "It is for those who know the record.",
    "unread": "Its text was not read, or sources contradict each other.",
}

INTRODUCTION = """\
# What policy asks for, and what checks it

Each sentence is in our words and has its sources: [sources.csv](../mappings/sources.csv) tells
where each was read, and how far it can be trusted. `facet explain CO01` shows a rule with the
sentences that it holds claims to.

This page is written by `python -m tests.requirements` from
[requirements.csv](../mappings/requirements.csv) and the cases in
[fixtures/rules](../fixtures/rules); the suite fails where it is not up to date.
"""


def page(requirements: Sequence[Requirement]) -> str:
    """The page as Markdown."""
    return "\n".join((INTRODUCTION, *_counts(requirements), *_chapters(requirements), *_rules()))


def _counts(requirements: Sequence[Requirement]) -> Iterator[str]:
    whole = [each for each in requirements if each.rules and not each.unchecked]
    part = [each for each in requirements if each.rules and each.unchecked]
    unchecked = [each for each in requirements if not each.rules]
    yield (
        f"{len(requirements)} sentences: {len(whole)} are checked, {len(part)} in part, and"
        f" {len(unchecked)} by no rule. The reasons:\n"
    )
    kinds = sorted(_kind(each) for each in requirements if each.unchecked)
    yield from _table(
        ("reason", "sentences", ""),
        ((kind, str(kinds.count(kind)), REASONS[kind]) for kind in dict.fromkeys(kinds)),
    )


def _chapters(requirements: Sequence[Requirement]) -> Iterator[str]:
    whys = {case.id: case.why for case in all_cases()}
    for letter, held in groupby(requirements, lambda each: each.id[0]):
        yield f"## {CHAPTERS[letter]}\n"
        yield from _table(
            ("", "asked for", "source", "checked by", "not checked"),
            (
                (
                    each.id,
                    each.text,
                    " ".join(each.sources),
                    "; ".join(f"{case}: {whys[case]}" for case in each.cases),
                    each.unchecked,
                )
                for each in held
            ),
        )


def _rules() -> Iterator[str]:
    yield "## By rule\n"
    requirements = shipped().requirements
    yield from _table(
        ("rule", "name", "sentences"),
        (
            (code, rule.name, " ".join(each.id for each in requirements if code in each.rules))
            for code, rule in sorted(all_rules().items())
        ),
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'|'.join('---' for _ in heads)}|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
    yield ""


def _kind(requirement: Requirement) -> str:
    return requirement.unchecked.partition(":")[0]


if __name__ == "__main__":
    PAGE.write_text(page(shipped().requirements), "utf-8")
