"""Flags, environment and facet.toml become one frozen `Settings`.

Later wins: defaults < the payer's profile < the configuration file < the environment < flags. A
configuration file is `facet.toml`, or `[tool.facet]` in `pyproject.toml`, of the working directory
or the nearest one above it. Its keys are the long options without dashes, `_` or `-` between words:

    payer = "medicare-cgs"
    fail-on = "warning"
    [rules.LA03]
    severity = "info"
    [params]
    bilateral = "modifier-50"
    [profiles]
    path = "payers-of-ours"

Values are checked by hand: pydantic takes longer to import than one claim takes to be checked.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapter.findings import SEVERITIES, Severity
from adapter.profiles import Cover, Dated, Form, Profile, Profiles, Sedation, ThirdLevel
from adapter.render import FORMATS, Format
from adapter.tables import ANY_DAY, Tables, mappings_folder, overlaid, shipped

if TYPE_CHECKING:
    from adapter.engine import Policy

THRESHOLDS = (*sorted(SEVERITIES, key=SEVERITIES.__getitem__, reverse=True), "never")
ENVIRONMENT = "FACET_"

X12_KEYS = (
    "sender_qualifier", "sender_id", "receiver_qualifier", "receiver_id", "usage",
    "submitter_name", "submitter_id", "contact_name", "contact_phone", "receiver_name",
    "receiver_code", "provider_signature", "assignment", "benefits_assigned", "release",
    "control_number", "control_number_file",
)  # fmt: skip
"""What `[x12]` may say of the envelope of files that are written anew. `control_number_file` is of
a later version, but one configuration file has to serve every version."""


class WrongUsage(Exception):
    """What was asked for cannot be done as it was asked: one sentence that says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a command was told. `fail_on` None is never; `time_budget` is in seconds.

    `select` and `ignore` hold rule codes and families as they were written, `severities` what the
    configuration makes of rules, `params` what it makes of a profile's parameters; `x12` is what it
    says of envelopes that are written.
    """

    payer: str | None = None
    format: Format = "text"
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: Severity | None = Severity.ERROR
    suggested: bool = False
    fix_envelope: bool = False
    time_budget: float | None = None
    quiet: bool = False
    no_color: bool = False
    output: Path | None = None
    in_place: bool = False
    diff: bool = False
    changes: Path | None = None
    annotate: bool = False
    outcomes: Path | None = None
    validate_fhir: bool = False
    severities: Mapping[str, Severity] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    profiles: Path | None = None
    x12: Mapping[str, str | int] = field(default_factory=dict)
    file: Path | None = None  # where the configuration stands

    @property
    def overlay(self) -> Path | None:
        """Where quarterly tables of the user's own lie: `tables`, in the folder of profiles."""
        return None if self.profiles is None else self.profiles / "tables"


def load(flags: Mapping[str, object], environ: Mapping[str, str], folder: Path) -> Settings:
    """The settings of a command.

    Args: flags, by option with `_` between words, None where not given, `config` among them;
    folder, where the search for a configuration file begins.
    Raises: WrongUsage, naming the flag, variable or file, and the nearest key that there is.
    """
    named = flags.get("config") or environ.get(f"{ENVIRONMENT}CONFIG")
    file, content = _configuration(Path(str(named)) if named else None, folder)
    settings = _from_file(file, content) if file is not None else Settings()
    said: dict[str, tuple[str, object]] = {}
    for name in OPTIONS:
        variable = f"{ENVIRONMENT}{name.upper()}"
        flag = flags.get(name)
        if flag is not None and flag is not False:
            said[name] = (f"--{_dashed(name)}", flag)
        elif environ.get(variable):
            said[name] = (variable, environ[variable])
    changed: dict[str, Any] = {
        name: _parsed(name, value, where, Path()) for name, (where, value) in said.items()
    }
    return replace(settings, **changed)


def nearest(name: str, known: Iterable[str]) -> str:
    """The names that are most like one that is not known, as the end of a sentence."""
    from difflib import get_close_matches

    lowered = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(name.lower(), lowered, n=3, cutoff=0.5)
    if not close:
        close = [low for low in lowered if low.startswith(name.lower()[:2])][:3]
    return f"; did you mean {' or '.join(lowered[low] for low in close)}?" if close else ""


# --- the configuration file -----------------------------------------------------------------------


def _configuration(named: Path | None, folder: Path) -> tuple[Path | None, Mapping[str, Any]]:
    """The file that holds the configuration and what it says, (None, {}) where there is none."""
    if named is not None:
        content = _toml(named)
        if named.name == "pyproject.toml":
            content = _tool_table(content) or {}
        return named, content
    for place in (folder, *folder.parents):
        if (place / "facet.toml").is_file():
            return place / "facet.toml", _toml(place / "facet.toml")
        project = place / "pyproject.toml"
        if project.is_file():
            table = _tool_table(_toml(project)) if _mentions_facet(project) else None
            if table is not None:
                return project, table
    return None, {}


def _mentions_facet(path: Path) -> bool:
    """Whether parsing a pyproject.toml is worth while; one of others may even be broken."""
    try:
        return b"facet" in path.read_bytes()
    except OSError:
        return False


def _tool_table(content: Mapping[str, Any]) -> Mapping[str, Any] | None:
    tool = content.get("tool")
    table = tool.get("facet") if isinstance(tool, Mapping) else None
    return table if isinstance(table, Mapping) else None


def _toml(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise WrongUsage(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WrongUsage(f"{path} is not TOML: {error}") from None


def _from_file(file: Path, content: Mapping[str, Any]) -> Settings:
    changed: dict[str, Any] = {"file": file}
    for key, value in content.items():
        name = key.replace("-", "_")
        if name in _TABLES:
            if not isinstance(value, Mapping):
                raise WrongUsage(f"{file}: {key} is a table")
            changed.update(_TABLES[name](file, value))
        elif name in OPTIONS:
            changed[name] = _parsed(name, value, f"{file}: {key}", file.parent)
        else:
            known = [*map(_dashed, OPTIONS), *_TABLES]
            raise WrongUsage(f"{file}: there is no key {key!r}{nearest(key, known)}")
    return replace(Settings(), **changed)


def _rules(file: Path, table: Mapping[str, Any]) -> Mapping[str, Any]:
    severities = {}
    for code, said in table.items():
        where = f"{file}: [rules.{code}]"
        _only(where, said, ("severity",))
        word = said.get("severity")
        if word not in SEVERITIES:
            raise WrongUsage(f"{where}: severity is one of {', '.join(SEVERITIES)}")
        severities[code] = SEVERITIES[word]
    return {"severities": severities}


def _params(file: Path, table: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"params": dict(table)}


def _profiles(file: Path, table: Mapping[str, Any]) -> Mapping[str, Any]:
    where = f"{file}: [profiles]"
    _only(where, table, ("path",))
    path = table.get("path")
    if not isinstance(path, str):
        raise WrongUsage(f"{where}: path is the folder with payers/*.toml in it")
    folder = file.parent / path
    if not folder.is_dir():
        raise WrongUsage(f"{where}: {folder} is not a folder")
    return {"profiles": folder}


def _x12(file: Path, table: Mapping[str, Any]) -> Mapping[str, Any]:
    where = f"{file}: [x12]"
    _only(where, table, X12_KEYS)
    for key, value in table.items():
        if not isinstance(value, str | int):
            raise WrongUsage(f"{where}: {key} is text, a number, true or false")
    return {"x12": {key.replace("-", "_"): value for key, value in table.items()}}


_TABLES: Mapping[str, Callable[[Path, Mapping[str, Any]], Mapping[str, Any]]] = {
    "rules": _rules,
    "params": _params,
    "profiles": _profiles,
    "x12": _x12,
}


def _only(where: str, table: object, known: Sequence[str]) -> None:
    if not isinstance(table, Mapping):
        raise WrongUsage(f"{where} is a table with {', '.join(known)}")
    for key in table:
        if key.replace("-", "_") not in known:
            raise WrongUsage(f"{where}: there is no key {key!r}{nearest(key, known)}")


# --- values ---------------------------------------------------------------------------------------


class _Bad(Exception):
    """A value that an option does not take; the message says what it takes."""


def _parsed(name: str, value: object, where: str, folder: Path) -> object:
    try:
        return OPTIONS[name](value, folder)
    except _Bad as bad:
        raise WrongUsage(f"{where}: give {bad}") from None


def _text(value: object, folder: Path) -> str:
    if not isinstance(value, str) or not value:
        raise _Bad("a name")
    return value


def _format(value: object, folder: Path) -> str:
    if not isinstance(value, str) or value not in FORMATS:
        raise _Bad(f"one of {', '.join(FORMATS)}{nearest(str(value), FORMATS)}")
    return value


def _codes(value: object, folder: Path) -> tuple[str, ...]:
    """Codes of rules or families: a list, or text with commas between them."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise _Bad('a list of rules or families, such as "LA05,MD"')
    codes = [code.strip().upper() for part in parts for code in part.split(",")]
    return tuple(code for code in codes if code)


def _threshold(value: object, folder: Path) -> Severity | None:
    if value not in THRESHOLDS:
        raise _Bad(f"one of {', '.join(THRESHOLDS)}{nearest(str(value), THRESHOLDS)}")
    return SEVERITIES.get(str(value))


def _switch(value: object, folder: Path) -> bool:
    word = str(value).lower() if isinstance(value, bool | str) else ""
    if word in ("true", "1", "yes", "on"):
        return True
    if word in ("false", "0", "no", "off"):
        return False
    raise _Bad("true or false")


def _seconds(value: object, folder: Path) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) else 0.0
    except ValueError:
        number = 0.0
    if isinstance(value, bool) or not 0 < number < float("inf"):
        raise _Bad("a number of seconds above zero")
    return number


def _path(value: object, folder: Path) -> Path:
    """A path; a relative one is of the folder of the configuration file, or the working one."""
    if isinstance(value, str) and value == "-":
        return Path("-")
    if not isinstance(value, str | Path) or not str(value):
        raise _Bad("a path")
    return folder / value


OPTIONS: Mapping[str, Callable[[object, Path], object]] = {
    "payer": _text,
    "format": _format,
    "select": _codes,
    "ignore": _codes,
    "fail_on": _threshold,
    "suggested": _switch,
    "fix_envelope": _switch,
    "time_budget": _seconds,
    "quiet": _switch,
    "no_color": _switch,
    "output": _path,
    "in_place": _switch,
    "diff": _switch,
    "changes": _path,
    "annotate": _switch,
    "outcomes": _path,
    "validate_fhir": _switch,
}
"""What a file, the environment (`FACET_` and the name in capitals) and a flag may set."""
assert {*OPTIONS} < {each.name for each in fields(Settings)}


def _dashed(name: str) -> str:
    return name.replace("_", "-")


# --- what the engine is told ----------------------------------------------------------------------


def policy(settings: Settings, *, fix: bool = False, excerpts: bool = False) -> Policy:
    """The engine's policy.

    Raises: WrongUsage for a payer, rule or parameter that there is not; TableError.
    """
    from adapter.engine import Policy
    from adapter.rules import all_rules

    rules = all_rules()
    for code in settings.severities:
        if code not in rules:
            raise WrongUsage(
                f"{settings.file}: [rules.{code}]: there is no such rule{nearest(code, rules)}"
            )
    profiles = known_profiles(settings)
    if settings.payer is not None and settings.payer not in profiles.ids:
        raise WrongUsage(
            f"there is no payer profile {settings.payer!r}{nearest(settings.payer, profiles.ids)}"
            " (facet list payers)"
        )
    return Policy(
        tables=loaded_tables(settings),
        profiles=profiles,
        payer=settings.payer,
        select=_chosen(settings.select, "select", rules),
        ignore=_chosen(settings.ignore, "ignore", rules),
        severities=settings.severities,
        suggested=settings.suggested,
        fix=fix,
        fix_envelope=settings.fix_envelope,
        excerpts=excerpts,
    )


def _chosen(words: Sequence[str], option: str, rules: Collection[str]) -> frozenset[str]:
    """The rules that codes and families name."""
    chosen: set[str] = set()
    for word in words:
        named = {code for code in rules if word in (code, code[:2])}
        if not named:
            known = {*rules, *(code[:2] for code in rules)}
            raise WrongUsage(
                f"{option}: there is no rule or family {word}{nearest(word, sorted(known))}"
                " (facet list rules)"
            )
        chosen |= named
    return frozenset(chosen)


def loaded_tables(settings: Settings) -> Tables:
    """The shipped tables, the user's own quarters over them where there are any."""
    folder = settings.overlay
    if folder is None or not (folder / "quarters.json").is_file():
        return shipped()
    return overlaid(folder)


def known_profiles(settings: Settings) -> Profiles:
    """The shipped profiles, the user's folder and parameters over them.

    Raises: WrongUsage for a parameter that no profile has, or a value that it cannot have;
    TableError.
    """
    folders = [mappings_folder()]
    if settings.profiles is not None:
        folders.append(settings.profiles)
    profiles = Profiles(*folders)
    if not settings.params:
        return profiles
    from adapter.schema import is_param  # pydantic: only where parameters are given

    known: dict[str, list[object]] = {}
    for each in profiles.ids:
        for name, values in profiles.get(each).params.items():
            if name not in OF_A_PAYER:
                known.setdefault(name, []).extend(dated.value for dated in values)
    where = f"{settings.file}: [params]"
    for name, value in settings.params.items():
        if name not in known:
            raise WrongUsage(f"{where}: there is no key {name!r}{nearest(name, known)}")
        choices = [str(choice) for choice in PARAM_CHOICES.get(name, ())]
        if choices and value not in choices:
            raise WrongUsage(f"{where}: {name}: give one of {', '.join(choices)}")
        if not is_param(name, value):
            raise WrongUsage(f"{where}: {name}: give a value such as {known[name][0]!r}")
    return _Configured(settings, folders)


PARAM_CHOICES: Mapping[str, type[StrEnum]] = {
    "bilateral": Form,
    "bilateral_addon": Form,
    "third_level": ThirdLevel,
    "ultrasound": Cover,
    "sedation_injection": Sedation,
    "sedation_ablation": Sedation,
}


OF_A_PAYER = ("facility", "facility_profile", "follows_contractor", "policy", "safe_bilateral")
"""Parameters that say what a payer is. They cannot be one and the same for all of them."""


class _Configured(Profiles):
    """Profiles in which the parameters that the configuration names are the user's own."""

    def __init__(self, settings: Settings, folders: Sequence[Path]) -> None:
        super().__init__(*folders)
        file = str(settings.file)
        self._own = {
            name: (Dated(ANY_DAY, value, "", file),) for name, value in settings.params.items()
        }
        self._given: dict[str, Profile] = {}

    def get(self, name: str) -> Profile:
        if name not in self._given:
            profile = super().get(name)
            self._given[name] = replace(profile, params={**profile.params, **self._own})
        return self._given[name]
