"""The pages of the billing guide, `adapter/guide/*.md`, as data and as text.

A page is Markdown of a small kind: a title, a paragraph below it, headings of the second order,
paragraphs, items with a dash, tables, and blocks of code. `[S017]` names a row of sources.csv. The
text tells beside it how far that source can be trusted, and the sources are listed at its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Literal, TypeAlias

from adapter.render.pages import (
    PAGE_SCHEMA,
    Page,
    Section,
    aligned,
    list_page,
    source_section,
    sources_of,
)
from adapter.render.terminal import Look
from adapter.tables import Tables

FOLDER = Path(__file__).parent.parent / "guide"
KEYS = re.compile(r"\[(S\d{3}(?:, S\d{3})*)\]")
PRIMARY = "primary"
FENCE = "```"

Kind: TypeAlias = Literal["text", "item", "row", "code"]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, an item or a row of a table, in one line; or code, whose lines stay."""

    kind: Kind
    text: str

    @property
    def cells(self) -> Sequence[str]:
        """Those of a row."""
        return [cell.strip() for cell in self.text.strip("|").split("|")]


@dataclass(frozen=True, slots=True)
class Part:
    """What stands below a heading; that of what comes first is empty."""

    heading: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Topic:
    """A page of the guide as it is written."""

    name: str
    title: str
    parts: Sequence[Part]

    @property
    def keys(self) -> Sequence[str]:
        """The sources that the page names, each once, sorted."""
        texts = (block.text for part in self.parts for block in part.blocks)
        return sorted(
            {key for text in texts for found in KEYS.findall(text) for key in found.split(", ")}
        )


@dataclass(frozen=True, slots=True)
class _Shown(Section):
    """A part of a page with the confidence of sources that are not primary."""

    blocks: Sequence[Block] = ()

    def lines(self, look: Look) -> Iterator[str]:
        if self.heading:
            yield look.paint("bold", self.heading) + "\n"
        for kind, blocks in groupby(self.blocks, lambda block: block.kind):
            match kind:
                case "text":
                    yield "\n".join(look.hang("  ", block.text) for block in blocks)
                case "item":
                    yield from (look.hang("  - ", block.text) for block in blocks)
                case "row":
                    yield from (f"  {row}\n" for row in aligned([block.cells for block in blocks]))
                case "code":
                    for block in blocks:
                        yield from (f"    {line}\n" for line in block.text.splitlines())
            yield "\n"


@cache
def topics() -> Sequence[str]:
    """The names of the pages, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.md"))


def topic(name: str) -> Topic:
    """A page by one of `topics()`."""
    text = (FOLDER / f"{name}.md").read_text("utf-8")
    title, *rest = re.split(r"^## (.*)\n", text.removeprefix("# "), flags=re.MULTILINE)
    title, _, lead = title.partition("\n")
    parts = [Part("", tuple(_blocks(lead)))]
    parts += [
        Part(heading, tuple(_blocks(body)))
        for heading, body in zip(rest[::2], rest[1::2], strict=True)
    ]
    return Topic(name, title, parts)


def topic_page(name: str, tables: Tables) -> Page:
    """A page with its sources; of each session the commands and what they print."""
    found = topic(name)
    data = {
        "schema": PAGE_SCHEMA,
        "kind": "topic",
        "topic": found.name,
        "title": found.title,
        "sections": [
            {
                "heading": part.heading or None,
                "blocks": [{"kind": block.kind, "text": block.text} for block in part.blocks],
            }
            for part in found.parts
        ],
        "sources": sources_of(found.keys, tables),
    }
    shown = [
        _Shown(part.heading, blocks=[_with_confidence(block, tables) for block in part.blocks])
        for part in found.parts
    ]
    return Page(data, f"{name}  {found.title}", [], [*shown, source_section(found.keys, tables)])


def list_topics() -> Page:
    listed = [{"topic": each.name, "title": each.title} for each in map(topic, topics())]
    return list_page("topics", listed, ("topic", "title"), ("topic", "title"))


def _with_confidence(block: Block, tables: Tables) -> Block:
    """`[S017]` as `[S017 secondary]`, and code as it is, without its marks in text."""
    if block.kind == "code":
        return block

    def told(match: re.Match[str]) -> str:
        named = []
        for key in match[1].split(", "):
            confidence = tables.sources[key].confidence
            named.append(key if confidence == PRIMARY else f"{key} {confidence}")
        return f"[{', '.join(named)}]"

    return Block(block.kind, KEYS.sub(told, block.text).replace("`", ""))


def _blocks(markdown: str) -> Iterator[Block]:
    lines = iter(markdown.splitlines())
    held: list[str] = []
    for line in lines:
        if line.startswith(FENCE):
            yield from _joined(held)
            yield Block("code", "\n".join(_until_fence(lines)))
        elif line.startswith("|"):
            yield from _joined(held)
            if not set(line) <= set("|- "):  # the rule below the head of a table
                yield Block("row", line)
        elif line.startswith("- ") or not line.strip():
            yield from _joined(held)
            if line.strip():
                held.append(line)
        else:
            held.append(line.strip())
    yield from _joined(held)


def _joined(held: list[str]) -> Iterator[Block]:
    """What was held as one paragraph or item; nothing is held any more."""
    if held:
        text = " ".join(held)
        held.clear()
        yield Block("item", text[2:]) if text.startswith("- ") else Block("text", text)


def _until_fence(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith(FENCE):
            return
        yield line
