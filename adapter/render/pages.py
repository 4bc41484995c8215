"""The pages of `facet explain` and the tables of `facet list`: data first, text made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from adapter.profiles import Dated, Profile, Profiles
from adapter.render.report import visible
from adapter.render.terminal import Look
from adapter.rules import Rule
from adapter.tables import ANY_DAY, NO_END, CodeRow, Row, Tables

LIST_SCHEMA = "facet-list/1"
PAGE_SCHEMA = "facet-page/1"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with paragraphs, or with rows whose columns are lined up."""

    heading: str
    paragraphs: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """`data` is the page for programs; `title`, `facts` and `sections` are it for people."""

    data: Mapping[str, Any]
    title: str
    facts: Sequence[str] = ()
    sections: Sequence[Section] = field(default_factory=list)

    def text(self, look: Look) -> str:
        lines = []
        if self.title:
            head = look.paint("bold", visible(self.title))
            lines.append("   ".join((head, *self.facts)) + "\n\n")
        for section in self.sections:
            if section.paragraphs or section.rows:
                lines.append(look.paint("bold", section.heading) + "\n")
                lines += [look.hang("  ", visible(text)) for text in section.paragraphs]
                lines += [f"  {row}\n" for row in aligned(section.rows)]
        return "".join(lines)


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows as lines with their columns below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


# --- a rule ---------------------------------------------------------------------------------------


def rule_page(rule: Rule, tables: Tables, profiles: Profiles, day: date, payer: str | None) -> Page:
    """What a rule finds and why, and what becomes of it under one payer, or under all that say."""
    summary, parts = rule.page
    in_force = [
        _severity(rule, profiles.get(name), day)
        for name in ([payer] if payer is not None else profiles.ids)
        if payer is not None or rule.code in profiles.get(name).rules
    ]
    data = {
        "schema": PAGE_SCHEMA,
        "kind": "rule",
        "rule": rule.code,
        "name": rule.name,
        "severity": rule.severity.word,
        "variants": {name: severity.word for name, severity in rule.variants.items()},
        "applicability": rule.applicability,
        "scope": rule.scope,
        "since": rule.since,
        "finds": summary,
        "why": parts.get("Why it matters"),
        "fires": _examples(parts.get("Fires", "")),
        "clean": _examples(parts.get("Clean", "")),
        "correction": parts.get("Correction"),
        "not_evaluated": parts.get("Not evaluated when"),
        "on": day.isoformat(),
        "in_force": in_force,
        "tables": list(rule.tables),
        "sources": _sources(rule.sources, tables),
    }
    sections = [
        Section("What it finds", [summary]),
        Section("Why it matters", _texts(parts.get("Why it matters"))),
        Section("Fires", _examples(parts.get("Fires", ""))),
        Section("Clean", _examples(parts.get("Clean", ""))),
        Section("Correction", _texts(parts.get("Correction"))),
        Section("Not evaluated when", _texts(parts.get("Not evaluated when"))),
        Section(
            f"In force on {day}",
            [] if in_force else [f"{rule.severity.word} under every payer"],
            [
                (
                    row["payer"],
                    row["severity"],
                    _since(row["from"]),
                    row["source"] or "the rule's own",
                )
                for row in in_force
            ],
        ),
        _source_section(rule.sources, tables),
    ]
    correction = f"correction: {rule.applicability}" if rule.applicability else "no correction"
    facts = [rule.severity.word, correction, f"since {rule.since}"]
    return Page(data, f"{rule.code}  {rule.name}", facts, sections)


def _examples(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _texts(text: str | None) -> Sequence[str]:
    return [text[0].upper() + text[1:]] if text else []


def _severity(rule: Rule, profile: Profile, day: date) -> dict[str, Any]:
    asked = profile.severity(rule.code, day)
    said = _in_force(profile.rules.get(rule.code, ()), day) if asked is not None else None
    return {
        "payer": profile.id,
        "severity": (asked or rule.severity).word,
        "from": _day(said.start) if said is not None else None,
        "source": said.source if said is not None else None,
        "file": said.file if said is not None else None,
    }


def _in_force(values: Sequence[Dated], day: date) -> Dated | None:
    return max((v for v in values if v.start <= day), key=lambda v: v.start, default=None)


# --- a code ---------------------------------------------------------------------------------------


def code_page(code: str, tables: Tables, day: date) -> Page:
    """What a code is over time, and what the other tables say of it on a day."""
    history = tables.codes.history(code)
    row = tables.codes.on(day).get(code)
    known = row or history[-1]
    family = _family(known, tables, day) if row is not None else []
    addon = tables.addons.on(day).get(code)
    of = [each.code for each in tables.addons.on(day).values() if code in each.parents]
    mue = tables.mue.on(day).get(code)
    crosswalk = tables.crosswalk.on(day).get(code)
    replaces = [each.code for each in tables.crosswalk.on(day).values() if each.successor == code]
    keys = [each.source for each in history]
    keys += [each.source for each in (addon, mue, crosswalk) if each is not None]
    data = {
        "schema": PAGE_SCHEMA,
        "kind": "code",
        "code": code,
        "on": day.isoformat(),
        "valid": row is not None,
        "history": [_code_json(each) for each in history],
        "family": family,
        "parents": list(addon.parents) if addon is not None else [],
        "add_ons": sorted(of),
        "mue": None
        if mue is None
        else {"units": mue.units, "mai": mue.mai, "from": _day(mue.start), "source": mue.source},
        "successor": None
        if crosswalk is None
        else {
            "code": crosswalk.successor,
            "recount": crosswalk.recount,
            "source": crosswalk.source,
        },
        "replaces": sorted(replaces),
        "sources": _sources(keys, tables),
    }
    sections = [
        Section("What it stands for", [known.paraphrase]),
        Section("Over time", rows=[_code_cells(each) for each in history]),
        Section("Levels of its family", [" ".join(family)] if family else []),
        Section("Is added to", [" ".join(addon.parents)] if addon is not None else []),
        Section("Has added to it", [" ".join(sorted(of))] if of else []),
        Section("Units a day", [f"{mue.units} (MUE, MAI {mue.mai})"] if mue is not None else []),
        Section(
            "Taken over by",
            [f"{crosswalk.successor}, counted anew by {crosswalk.recount}"]
            if crosswalk is not None
            else [],
        ),
        Section("Takes over from", [" ".join(sorted(replaces))] if replaces else []),
        _source_section(keys, tables),
    ]
    valid = "valid" if row is not None else "not valid"
    return Page(data, f"{code}  {known.role}", [f"{valid} on {day}"], sections)


def _family(row: CodeRow, tables: Tables, day: date) -> list[str]:
    """The codes that are levels of one another, the first level first."""
    if not row.level:
        return []
    alike = [
        each
        for each in tables.codes.on(day).values()
        if each.family == row.family and each.level and each.role == row.role
    ]
    return [each.code for each in sorted(alike, key=lambda each: (each.level == "+", each.level))]


def _code_json(row: CodeRow) -> dict[str, Any]:
    return {
        "code": row.code,
        **_window_json(row),
        "role": row.role,
        "kind": row.kind or None,
        "region": row.region or None,
        "guidance": row.guidance or None,
        "level": row.level or None,
        "counts": row.counts or None,
        "paraphrase": row.paraphrase,
        "source": row.source,
    }


def _code_cells(row: CodeRow) -> Sequence[str]:
    level = f"level {row.level}" if row.level else ""
    return (*_window_cells(row), row.kind, row.region, row.guidance, level, row.source)


# --- a payer --------------------------------------------------------------------------------------


def payer_page(profile: Profile, tables: Tables, day: date) -> Page:
    """Each value of a profile that is in force on a day, with the file and source it came from."""
    values = [
        (name, dated)
        for name, all_days in sorted(profile.params.items())
        if (dated := _in_force(all_days, day)) is not None
    ]
    severities = [
        (rule, dated)
        for rule, all_days in sorted(profile.rules.items())
        if (dated := _in_force(all_days, day)) is not None
    ]
    keys = [dated.source for _, dated in (*values, *severities)]
    data = {
        "schema": PAGE_SCHEMA,
        "kind": "payer",
        "payer": profile.id,
        "title": profile.title,
        "extends": list(profile.extends),
        "on": day.isoformat(),
        "params": [{"name": name, **_dated_json(dated)} for name, dated in values],
        "rules": [{"rule": rule, **_dated_json(dated)} for rule, dated in severities],
        "sources": _sources(keys, tables),
    }
    sections = [
        Section("Extends", [", then ".join(profile.extends)] if profile.extends else []),
        Section("What it asks for", rows=[_dated_cells(name, dated) for name, dated in values]),
        Section(
            "Severities that it sets",
            rows=[_dated_cells(rule, dated) for rule, dated in severities],
        ),
        _source_section(keys, tables),
    ]
    return Page(data, f"{profile.id}  {profile.title}", [f"on {day}"], sections)


def _dated_json(dated: Dated) -> dict[str, Any]:
    value = dated.value.isoformat() if isinstance(dated.value, date) else dated.value
    return {"value": value, "from": _day(dated.start), "source": dated.source, "file": dated.file}


def _dated_cells(name: str, dated: Dated) -> Sequence[str]:
    value = dated.value
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return name, str(value), _since(_day(dated.start)), dated.source, dated.file


# --- lists ----------------------------------------------------------------------------------------


def list_rules(rules: Mapping[str, Rule]) -> Page:
    listed = [
        {
            "rule": rule.code,
            "name": rule.name,
            "severity": rule.severity.word,
            "applicability": rule.applicability,
            "since": rule.since,
            "finds": rule.summary,
        }
        for rule in sorted(rules.values(), key=lambda rule: rule.code)
    ]
    keys = ("rule", "name", "severity", "applicability", "finds")
    return _list("rules", listed, keys, ("rule", "name", "severity", "correction", "finds"))


def list_payers(profiles: Profiles) -> Page:
    listed = [
        {"payer": profile.id, "title": profile.title, "extends": list(profile.extends)}
        for profile in map(profiles.get, profiles.ids)
    ]
    keys = ("payer", "title", "extends")
    return _list("payers", listed, keys, keys)


def list_codes(tables: Tables) -> Page:
    rows = (row for code in sorted(tables.codes) for row in tables.codes.history(code))
    keys = ("code", "from", "until", "role", "region", "guidance", "level", "paraphrase")
    return _list("codes", [_code_json(row) for row in rows], keys, keys)


def _list(
    name: str, listed: Sequence[Mapping[str, Any]], keys: Sequence[str], heads: Sequence[str]
) -> Page:
    rows = [tuple(heads), *(tuple(_cell(entry[key]) for key in keys) for entry in listed)]
    data = {"schema": LIST_SCHEMA, name: listed}
    return Page(data, "", [], [Section(f"{len(listed)} {name}", rows=rows)])


def _cell(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


# --- dates and sources ----------------------------------------------------------------------------


def _day(day: date) -> str | None:
    return None if day in (ANY_DAY, NO_END) else day.isoformat()


def _since(day: str | None) -> str:
    return "" if day is None else f"from {day}"


def _window_json(row: Row) -> dict[str, str | None]:
    return {"from": _day(row.start), "until": _day(row.end)}


def _window_cells(row: Row) -> tuple[str, str]:
    until = _day(row.end)
    return _since(_day(row.start)), "" if until is None else f"until {until}"


def _sources(keys: Sequence[str], tables: Tables) -> list[dict[str, str]]:
    return [
        {
            "key": row.key,
            "title": row.title,
            "url": row.url,
            "confidence": row.confidence,
            "retrieved": row.retrieved,
        }
        for key in dict.fromkeys(keys)
        if (row := tables.sources.get(key)) is not None
    ]


def _source_section(keys: Sequence[str], tables: Tables) -> Section:
    known = [row for key in dict.fromkeys(keys) if (row := tables.sources.get(key)) is not None]
    rows: list[tuple[str, ...]] = []
    for row in known:
        rows.append((row.key, row.confidence, row.retrieved, row.title))
        if row.url:
            rows.append(("", "", "", row.url))
    return Section("Sources", rows=rows)
