"""The pages of `facet explain` and the tables of `facet list`: data first, text made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from adapter.findings import Severity
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

    def lines(self, look: Look) -> Iterator[str]:
        """The section as text; nothing where nothing stands below its heading."""
        if self.paragraphs or self.rows:
            yield look.paint("bold", self.heading) + "\n"
            yield from (look.hang("  ", visible(text)) for text in self.paragraphs)
            yield from (f"  {row}\n" for row in aligned(self.rows))


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
            lines += section.lines(look)
        return "".join(lines)


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows as lines with their columns below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


# --- a rule ---------------------------------------------------------------------------------------


DOCUMENTED = (
    "bilateral",
    "bilateral_addon",
    "facility",
    "kx_diagnostic",
    "technique_chemical",
    "technique_cryo",
    "technique_cyst",
    "technique_endoscopic",
    "technique_laser",
    "technique_pulsed",
    "thoracolumbar",
)
"""What lines are derived by from what was documented, and by other rules where they look at it."""

RESTS_ON: Mapping[str, Sequence[str]] = {
    "BN01": ("ncci",),
    "BN02": ("ncci", "x_modifiers"),
    "BN05": DOCUMENTED,
    "CO01": ("third_level",),
    "CO02": ("ablation_joints", "third_level", "thoracolumbar"),
    "CO03": ("regions_per_session", "thoracolumbar"),
    "CO04": ("ultrasound",),
    "CO05": ("sedation_injection", "sedation_ablation"),
    "CO06": ("bars_other_spinal",),
    "CO07": ("not_covered", *(name for name in DOCUMENTED if name.startswith("technique_"))),
    "CO08": ("excluded_in_asc", "office_first"),
    "CV01": (*DOCUMENTED, "third_level"),
    **dict.fromkeys(("DC02", "DC03", "DC04", "DC05", "DC06", "DC07", "DC09"), DOCUMENTED),
    "DC08": ("diagnostic_relief",),
    "DX01": ("diagnoses",),
    "LA02": ("bilateral", "bilateral_addon"),
    "LA03": ("bilateral", "bilateral_addon"),
    "LA05": ("bilateral", "bilateral_addon", "safe_bilateral"),
    "LV04": ("bilateral_addon",),
    "LV05": ("bilateral_addon",),
    "MD04": ("kx_diagnostic", "third_level"),
    "MD05": ("kx_diagnostic", "third_level"),
    "PA01": ("authorization",),
    "PA02": ("hospital_list",),
    "PA03": ("hospital_list",),
    "UN01": ("mue", "bilateral", "bilateral_addon"),
}
"""The parameters of a profile that each rule asks for, those that decide it first."""


def rule_page(
    rule: Rule,
    tables: Tables,
    profiles: Profiles,
    day: date,
    payer: str | None,
    own: Severity | None = None,
) -> Page:
    """What a rule finds and why, and what becomes of it under one payer, or under all that say.

    Args: own, the severity that the configuration gives it, whatever the payer says.
    """
    summary, parts = rule.page
    asked = [profiles.get(name) for name in ([payer] if payer is not None else profiles.ids)]
    in_force = [
        _severity(rule, profile, day, own)
        for profile in asked
        if payer is not None or rule.code in profile.rules
    ]
    basis = [
        {"payer": profile.id, "name": name, **_dated_json(dated)}
        for name in RESTS_ON.get(rule.code, ())
        for profile in asked
        if (dated := profile.dated(name, day)) is not None
    ]
    later = _changes(rule, asked[0], day) if payer is not None else []
    checked = [each for each in tables.requirements if rule.code in each.rules]
    keys = [
        *rule.sources,
        *(row["source"] for row in (*in_force, *basis) if row["source"]),
        *(key for each in checked for key in each.sources),
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
        "payer": payer,
        "in_force": in_force,
        "rests_on": basis,
        "requirements": [
            {"id": each.id, "text": each.text, "sources": list(each.sources)} for each in checked
        ],
        "later": [{"name": name, **_dated_json(dated)} for name, dated in later],
        "tables": list(rule.tables),
        "sources": sources_of(keys, tables),
    }
    sections = [
        Section("What it finds", [summary]),
        Section("Why it matters", _texts(parts.get("Why it matters"))),
        Section("Fires", _examples(parts.get("Fires", ""))),
        Section("Clean", _examples(parts.get("Clean", ""))),
        Section("Correction", _texts(parts.get("Correction"))),
        Section("Not evaluated when", _texts(parts.get("Not evaluated when"))),
        Section(
            "What it holds claims to",
            [f"{each.id}  {each.text} [{', '.join(each.sources)}]" for each in checked],
        ),
        Section(
            f"In force on {day}",
            [] if in_force else [f"{_spread(rule)} under every payer"],
            [
                (
                    row["payer"],
                    row["severity"],
                    _since(row["from"]),
                    row["source"] or ("facet.toml" if own is not None else "the rule's own"),
                )
                for row in in_force
            ],
        ),
        _basis_section(rule, asked, day, payer),
        Section("What changes later", rows=[_dated_cells(name, dated) for name, dated in later]),
        source_section(keys, tables),
    ]
    correction = f"correction: {rule.applicability}" if rule.applicability else "no correction"
    severity = in_force[0]["severity"] if payer is not None else _spread(rule)
    facts = [severity, correction, f"since {rule.since}"]
    return Page(data, f"{rule.code}  {rule.name}", facts, sections)


def _spread(rule: Rule) -> str:
    """The rule's severity, and those of kinds of finding that differ from it."""
    others = (f"{severity.word} ({kind})" for kind, severity in rule.variants.items())
    return " or ".join((rule.severity.word, *others))


def _basis_section(rule: Rule, asked: Sequence[Profile], day: date, payer: str | None) -> Section:
    """What the rule looks up in profiles: of one with where it stands, else who says what."""
    names = RESTS_ON.get(rule.code, ())
    rows: list[Sequence[str]] = []
    if payer is not None:
        (profile,) = asked
        for name in names:
            dated = profile.dated(name, day)
            unsaid = (name, "not said", "", "", "")
            rows.append(unsaid if dated is None else _dated_cells(name, dated))
        has_gap = any(profile.dated(name, day) is None for name in names)
        gap = ["By what is not said the rule judges nothing."] if has_gap else []
        return Section(f"What it rests on for {payer}", gap, rows)
    for name in names:
        said: dict[str, list[str]] = {}
        for profile in asked:
            if (dated := profile.dated(name, day)) is not None:
                said.setdefault(_value(dated.value), []).append(profile.id)
        rows += [(name, value, " ".join(payers)) for value, payers in said.items()]
    return Section(f"What payers say on {day}", rows=rows)


def _changes(rule: Rule, profile: Profile, day: date) -> list[tuple[str, Dated]]:
    """What the profile says from a later day on, in order."""
    named = [("severity", profile.rules.get(rule.code, ()))]
    named += [(name, profile.params.get(name, ())) for name in RESTS_ON.get(rule.code, ())]
    found = [(name, dated) for name, values in named for dated in values if dated.start > day]
    return sorted(found, key=lambda change: change[1].start)


def _examples(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _texts(text: str | None) -> Sequence[str]:
    return [text[0].upper() + text[1:]] if text else []


def _severity(rule: Rule, profile: Profile, day: date, own: Severity | None) -> dict[str, Any]:
    asked = profile.severity(rule.code, day) if own is None else None
    said = _in_force(profile.rules.get(rule.code, ()), day) if asked is not None else None
    severity = own or asked
    return {
        "payer": profile.id,
        "severity": _spread(rule) if severity is None else severity.word,
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
        "sources": sources_of(keys, tables),
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
        source_section(keys, tables),
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
        "sources": sources_of(keys, tables),
    }
    sections = [
        Section("Extends", [", then ".join(profile.extends)] if profile.extends else []),
        Section("What it asks for", rows=[_dated_cells(name, dated) for name, dated in values]),
        Section(
            "Severities that it sets",
            rows=[_dated_cells(rule, dated) for rule, dated in severities],
        ),
        source_section(keys, tables),
    ]
    return Page(data, f"{profile.id}  {profile.title}", [f"on {day}"], sections)


def _dated_json(dated: Dated) -> dict[str, Any]:
    value = dated.value.isoformat() if isinstance(dated.value, date) else dated.value
    return {"value": value, "from": _day(dated.start), "source": dated.source, "file": dated.file}


def _dated_cells(name: str, dated: Dated) -> Sequence[str]:
    return name, _value(dated.value), _since(_day(dated.start)), dated.source, dated.file


def _value(value: object) -> str:
    """A value in one line: the parts of one that has several, by their names."""
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return " ".join(map(str, value)) or "none"
        case dict():
            return "; ".join(f"{key} {_value(part)}" for key, part in value.items())
        case _:
            return str(value)


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
    return list_page("rules", listed, keys, ("rule", "name", "severity", "correction", "finds"))


def list_payers(profiles: Profiles) -> Page:
    listed = [
        {"payer": profile.id, "title": profile.title, "extends": list(profile.extends)}
        for profile in map(profiles.get, profiles.ids)
    ]
    keys = ("payer", "title", "extends")
    return list_page("payers", listed, keys, keys)


def list_codes(tables: Tables) -> Page:
    rows = (row for code in sorted(tables.codes) for row in tables.codes.history(code))
    keys = ("code", "from", "until", "role", "region", "guidance", "level", "paraphrase")
    return list_page("codes", [_code_json(row) for row in rows], keys, keys)


def list_page(
    name: str, listed: Sequence[Mapping[str, Any]], keys: Sequence[str], heads: Sequence[str]
) -> Page:
    """What there is of something, a row each with the values of its keys below their heads."""
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


def sources_of(keys: Sequence[str], tables: Tables) -> list[dict[str, str]]:
    """The rows of sources.csv for programs, each once."""
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


def source_section(keys: Sequence[str], tables: Tables) -> Section:
    """The rows of sources.csv for people, each once."""
    known = [row for key in dict.fromkeys(keys) if (row := tables.sources.get(key)) is not None]
    rows: list[tuple[str, ...]] = []
    for row in known:
        rows.append((row.key, row.confidence, row.retrieved, row.title))
        if row.url:
            rows.append(("", "", "", row.url))
    return Section("Sources", rows=rows)
