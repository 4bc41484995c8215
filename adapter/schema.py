"""What tables and profiles must look like. Imported when a file was edited, never in a plain run.

    python -m adapter.schema [VERSION]

checks `mappings/` and writes its manifest anew: the version (the one that stands there unless one
is given) and the SHA-256 of each table and profile. Run it after every edit of those files.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import reprlib
import sys
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from adapter.findings import SEVERITIES
from adapter.profiles import ROUTES, Cover, Form, Sedation, Service, ThirdLevel, Treatment
from adapter.tables import (
    ANY_DAY,
    MANIFEST,
    NO_END,
    SOURCES,
    Folder,
    Kind,
    Level,
    Region,
    Role,
    Verdict,
    csv_rows,
    mappings_folder,
)

# --- cells ----------------------------------------------------------------------------------------


def _bad(what: str) -> PydanticCustomError:
    return PydanticCustomError("table", "{what}", {"what": what})


def _quoted(text: object) -> str:
    """A cell as it is written, cut where it is long."""
    return reprlib.repr(text)


def _day(text: object) -> object:
    if isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise _bad(f"{_quoted(text)} is no date such as 2010-01-01")


def _whole(text: object) -> object:
    if isinstance(text, str) and re.fullmatch(r"\d{1,6}", text):
        return int(text)
    raise _bad(f"{_quoted(text)} is no whole number")


def _words(text: object) -> object:
    return tuple(text.split(" ")) if isinstance(text, str) else text


def _any_words(text: object) -> object:
    return _words(text) if text else ()


def _text(pattern: str, example: str) -> BeforeValidator:
    def check(text: object) -> object:
        if isinstance(text, str) and re.fullmatch(pattern, text):
            return text
        raise _bad(f"{_quoted(text)} is not like {example}")

    return BeforeValidator(check)


Start = Annotated[date, BeforeValidator(lambda text: _day(text) if text else ANY_DAY)]
End = Annotated[date, BeforeValidator(lambda text: _day(text) if text else NO_END)]
Whole = Annotated[int, BeforeValidator(_whole)]
Yes = Literal["yes", ""]
Code = Annotated[str, _text(r"\d{4}[\dTU]|[A-Z]\d{4}", "64493, 0213T or J1010")]
Mark = Annotated[str, _text(r"[0-9A-Z]{2}", "50 or RT")]
Key = Annotated[str, _text(r"S\d{3}", "S001")]
RuleCode = Annotated[str, _text(r"[A-Z]{2,4}\d\d", "LA05")]
Words = Annotated[str, _text(r"\S(.*\S)?", "one line of text without blanks around it")]


class _Row(BaseModel):
    """A row. `by` are the columns by which it is looked up, and sorted where it is `ordered`."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    by: ClassVar[tuple[str, ...]]
    ordered: ClassVar[bool] = True

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(str(getattr(self, column)) for column in self.by)

    def collides(self, other: Any) -> str:
        """What is wrong with two rows of one key, as the end of a sentence; empty: nothing."""
        return "stands there already"


class _Dated(_Row):
    start: Start
    end: End
    source: Key

    @model_validator(mode="after")
    def _in_order(self) -> _Dated:
        if self.end < self.start:
            raise _bad("end: the last day is before the first")
        return self

    def collides(self, other: _Dated) -> str:
        overlap = self.start <= other.end and other.start <= self.end
        return "holds on some of these days already" if overlap else ""


class CodeEntry(_Dated):
    """codes.csv. A facet code has kind, region, guidance, level and counts.

    Of these, others have guidance alone, and that where they include imaging; a facet code is part
    of no other.
    """

    by = ("code",)
    code: Code
    never: Yes
    role: Role
    kind: Kind
    region: Region
    guidance: Literal["none", "fluoro-ct", "ultrasound", ""]
    level: Level
    counts: Literal["joint", "nerve", ""]
    part_of: Literal["facet", "injection", ""]
    paraphrase: Words

    @model_validator(mode="after")
    def _complete(self) -> CodeEntry:
        for column in ("kind", "region", "guidance", "level", "counts"):
            if self.role == "facet" and not getattr(self, column):
                raise _bad(f"{column}: a facet code has one")
            if self.role != "facet" and column != "guidance" and getattr(self, column):
                raise _bad(f"{column}: only a facet code has one")
        if self.role == "facet" and self.part_of:
            raise _bad("part_of: a facet code is part of no other")
        if self.never and (self.start, self.end) != (ANY_DAY, NO_END):
            raise _bad("never: a number that never was a code has no first or last day")
        return self

    @property
    def family(self) -> tuple[str, ...]:
        return self.kind, self.region, self.guidance, self.level


class CrosswalkEntry(_Dated):
    """crosswalk.csv. `factor` is there where units are recounted, and nowhere else."""

    by = ("code",)
    code: Code
    successor: Code
    recount: Literal["levels", "nerves", "units"]
    factor: Annotated[int | None, BeforeValidator(lambda text: _whole(text) if text else None)]

    @model_validator(mode="after")
    def _countable(self) -> CrosswalkEntry:
        if (self.recount == "units") != bool(self.factor):
            raise _bad("factor: units need one of at least 1, levels and nerves have none")
        return self


class AddOnEntry(_Dated):
    """addons.csv"""

    by = ("code",)
    code: Code
    parents: Annotated[tuple[Code, ...], BeforeValidator(_words)]


class MueEntry(_Dated):
    """mue.csv"""

    by = ("code",)
    code: Code
    units: Whole
    mai: Literal["1", "2", "3"]
    asc_doubled: Yes

    @model_validator(mode="after")
    def _by_the_day(self) -> MueEntry:
        if self.asc_doubled and self.mai == "1":
            raise _bad("asc_doubled: only a limit of the day (MAI 2 or 3) is doubled")
        return self


class PairEntry(_Dated):
    """ncci.csv"""

    by = ("column1", "column2")
    column1: Code
    column2: Code
    indicator: Literal["0", "1"]

    @model_validator(mode="after")
    def _of_two(self) -> PairEntry:
        if self.column1 == self.column2:
            raise _bad("column2: a code is no pair with itself")
        return self


class DiagnosisEntry(_Dated):
    """icd10.csv. `header`: codes stand below it; `whole`: and the table holds them all.

    `injection` and `ablation` name the lists that hold the code for such a service.
    """

    by = ("code",)
    code: Annotated[str, _text(r"[A-Z]\d[\dA-Z][\dA-Z]{0,4}", "M47816")]
    header: Literal["yes", "whole", ""]
    region: Literal["CT", "LS", "CT LS", ""]
    injection: Annotated[str, _text(r"([a-z0-9-]+( [a-z0-9-]+)*)?", "a58403")]
    ablation: Annotated[str, _text(r"([a-z0-9-]+( [a-z0-9-]+)*)?", "a58403")]

    @model_validator(mode="after")
    def _listed(self) -> DiagnosisEntry:
        if self.header and (self.region or self.injection or self.ablation):
            raise _bad("header: a header has no region and is on no list")
        return self


class HospitalEntry(_Dated):
    """hopd.csv"""

    by = ("code",)
    code: Code


class SpinalEntry(_Dated):
    """spinal.csv. `family` is the name of one of the model's families."""

    by = ("code",)
    code: Code
    family: Literal["epidural", "sacroiliac", "sympathetic", "trigger-point"]


class ModifierEntry(_Dated):
    """modifiers.csv. `instead` is there for a verdict `replace`, `why` for any verdict."""

    by = ("modifier",)
    modifier: Mark
    injection: Verdict
    ablation: Verdict
    facility: Verdict
    instead: Annotated[str, _text(r"([0-9A-Z]{2})?", "53")]
    why: Annotated[str, _text(r"(\S(.*\S)?)?", "one line of text without blanks around it")]

    @model_validator(mode="after")
    def _explained(self) -> ModifierEntry:
        verdicts = {self.injection, self.ablation, self.facility} - {""}
        if ("replace" in verdicts) != bool(self.instead):
            raise _bad("instead: is there where a verdict is replace, and only there")
        if bool(verdicts) != bool(self.why):
            raise _bad("why: is there where there is a verdict, and only there")
        return self


class SourceEntry(_Row):
    """sources.csv"""

    by = ("name",)
    name: Key = Field(alias="key")
    title: Words
    url: Annotated[str, _text(r"(https?://\S+)?", "https://www.cms.gov/")]
    confidence: Literal["primary", "secondary", "memory"]
    retrieved: Annotated[str, _text(r"\d{4}-\d\d(-\d\d)?", "2026-11 or 2026-11-23")]


class RequirementEntry(_Row):
    """requirements.csv. `cases` are of the `rules`; `unchecked` is there where there are none, and
    where they check a part: what kind of reason, and the reason."""

    by = ("id",)
    id: Annotated[str, _text(r"[A-Z]\d\d[a-z]?", "M02a")]
    requirement: Words
    source: Annotated[tuple[Key, ...], BeforeValidator(_words)]
    rules: Annotated[tuple[RuleCode, ...], BeforeValidator(_any_words)]
    cases: Annotated[
        tuple[Annotated[str, _text(r"[A-Z]{2,4}\d\d-(fires|clean)-\d+", "LA05-fires-1")], ...],
        BeforeValidator(_any_words),
    ]
    unchecked: Annotated[
        str, _text(r"((case|history|input|profile|record|unread): \S.*)?", "history: why")
    ]

    @model_validator(mode="after")
    def _checked_or_why(self) -> RequirementEntry:
        tried = {case.partition("-")[0] for case in self.cases}
        if tried != set(self.rules):
            raise _bad("cases: each rule has one, and no other")
        if not self.rules and not self.unchecked:
            raise _bad("unchecked: is there where there are no rules")
        return self


class RouteEntry(_Dated):
    """payer_routes.csv. The order of the rows counts: the first that matches wins."""

    by = ("payer_id", "filing", "state", "facility")
    ordered = False
    payer_id: str
    filing: Annotated[str, _text(r"[0-9A-Z]{0,2}", "MB")]
    state: Annotated[str, _text(r"([A-Z]{2}( [A-Z]{2})*)?", "TX, or KY OH for each of them")]
    facility: Literal["professional", "asc", ""]
    profile: Annotated[str, _text(r"[a-z0-9][a-z0-9-]*", "medicare-asc")]


ENTRIES: Mapping[str, type[_Row]] = {
    "addons.csv": AddOnEntry,
    "codes.csv": CodeEntry,
    "crosswalk.csv": CrosswalkEntry,
    "hopd.csv": HospitalEntry,
    "icd10.csv": DiagnosisEntry,
    "modifiers.csv": ModifierEntry,
    "mue.csv": MueEntry,
    "ncci.csv": PairEntry,
    "requirements.csv": RequirementEntry,
    ROUTES: RouteEntry,
    SOURCES: SourceEntry,
    "spinal.csv": SpinalEntry,
}
"""The tables and the rows that they hold."""


# --- one table ------------------------------------------------------------------------------------


def check_table(name: str, data: bytes, sources: Collection[str] | None = None) -> list[str]:
    """All that is wrong with a table, each with its row (the header is row 1) and column.

    Args: name, of one of ENTRIES; sources, the keys that rows may name, None for any.
    """
    return _Table(name, data, sources).problems


class _Table:
    """A table's rows by their number, as far as they are sound, and what is wrong with it."""

    def __init__(self, name: str, data: bytes, sources: Collection[str] | None) -> None:
        self.rows: dict[int, Any] = {}
        self.problems: list[str] = []
        self._sources = sources
        entry = ENTRIES.get(name)
        if entry is None:
            self.problems.append(f"there is no such table{_nearest(name, ENTRIES)}")
            return
        try:
            rows = csv_rows(data.decode("utf-8-sig"))
            if self._has_columns(rows.fieldnames or (), entry):
                for number, cells in enumerate(rows, 2):
                    self._take(number, cells, entry)
        except UnicodeDecodeError:
            self.problems.append("is not text in UTF-8")
        except csv.Error as error:
            self.problems.append(f"is not CSV: {error}")
        self.problems += _order_problems(self.rows)

    def _has_columns(self, found: Sequence[str], entry: type[_Row]) -> bool:
        known = [field.alias or name for name, field in entry.model_fields.items()]
        for column in found:
            if found.count(column) > 1:
                self.problems.append(f"row 1, {column}: stands there more than once")
            elif column not in known:
                hint = _nearest(column, known)
                self.problems.append(f"row 1, {column}: there is no such column{hint}")
        self.problems += [f"row 1, {each}: is missing" for each in known if each not in found]
        return not self.problems

    def _take(self, number: int, cells: Mapping[str | None, Any], entry: type[_Row]) -> None:
        if None in cells or None in cells.values():
            self.problems.append(f"row {number}: has not as many cells as row 1")
            return
        try:
            row = entry.model_validate(cells)
        except ValidationError as error:
            self.problems += [
                f"row {number}, {_said([str(part) for part in each['loc'][:1]], each)}"
                for each in error.errors()
            ]
            return
        self.rows[number] = row
        named = getattr(row, "source", ())
        for source in (named,) if isinstance(named, str) else named:
            if self._sources is not None and source not in self._sources:
                self.problems.append(f"row {number}, source: {source} is not in {SOURCES}")


def _order_problems(rows: Mapping[int, Any]) -> Iterator[str]:
    """Rows that stand in the wrong order, or hold at the same time as an earlier one."""
    by_key: dict[tuple[str, ...], list[tuple[int, _Row]]] = {}
    for number, row in rows.items():
        earlier = by_key.setdefault(row.key, [])
        for other, one in earlier:
            if collision := one.collides(row):
                what = " ".join(filter(None, row.key)) or "any claim"
                yield f"row {number}, {_column(row)}: {what} {collision}, in row {other}"
                break
        earlier.append((number, row))
    for (_, before), (number, row) in pairwise(rows.items()):
        if row.ordered and _rank(row) < _rank(before):
            keys = " and ".join(_columns(row))
            yield f"row {number}, {_column(row)}: stands too late; rows are sorted by {keys}"


def _rank(row: Any) -> tuple[tuple[str, ...], date]:
    return row.key, getattr(row, "start", ANY_DAY)


def _columns(row: _Row) -> list[str]:
    keys = [type(row).model_fields[name].alias or name for name in row.by]
    return [*keys, "start"] if isinstance(row, _Dated) else keys


def _column(row: _Row) -> str:
    return "start" if isinstance(row, _Dated) else _columns(row)[0]


def _said(where: Sequence[str], error: ErrorDetails) -> str:
    """A problem in our words: where, and what."""
    expected = error.get("ctx", {}).get("expected")
    match error["type"]:
        case "literal_error" | "enum":
            what = f"{_quoted(error['input'])} is none of {expected}"
        case "missing":
            what = "is missing"
        case "date_type":
            what = "is no date such as 2010-01-01, written without quotes"
        case "bool_type":
            what = "is neither true nor false"
        case "string_type":
            what = "is no text"
        case "string_too_short":
            what = "is blank"
        case "dict_type" | "model_type" | "model_attributes_type":
            what = "is no table"
        case "list_type":
            what = 'is no list such as [{ value = "…", source = "…" }]'
        case _:
            what = error["msg"]
    return ": ".join(filter(None, (" ".join(where), what)))


def _nearest(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


# --- one profile ----------------------------------------------------------------------------------

T = TypeVar("T")


def _severity(word: object) -> object:
    if word not in SEVERITIES:
        raise _bad(f"{_quoted(word)} is none of {', '.join(SEVERITIES)}")
    return word


class _Value(BaseModel, Generic[T]):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    start: date | None = Field(None, alias="from")
    value: T
    source: Annotated[str, StringConstraints(min_length=1)]


def _one_after_another(values: Sequence[_Value[Any]]) -> Sequence[_Value[Any]]:
    if not values:
        raise _bad("has no value")
    for before, after in pairwise(values):
        if after.start is None or (before.start is not None and after.start <= before.start):
            raise _bad("from: each value begins after the one before it")
    return values


def _ever(values: Sequence[_Value[Any]]) -> Sequence[_Value[Any]]:
    if len(values) != 1 or values[0].start is not None:
        raise _bad("has one value, and that without `from`")
    return values


InOrder = AfterValidator(_one_after_another)
Always = AfterValidator(_ever)  # what a payer is, not what it asks for on a day
Loose = Field(strict=False)  # an Enum is text in TOML
Forms = Annotated[list[_Value[Annotated[Form, Loose]]], InOrder]
ThirdLevels = Annotated[list[_Value[Annotated[ThirdLevel, Loose]]], InOrder]
Treatments = Annotated[list[_Value[Annotated[Treatment, Loose]]], InOrder]
Covers = Annotated[list[_Value[Annotated[Cover, Loose]]], InOrder]
Sedations = Annotated[list[_Value[Annotated[Sedation, Loose]]], InOrder]
Services = Annotated[list[_Value[list[Annotated[Service, Loose]]]], InOrder]
Codes = Annotated[list[_Value[list[Code]]], InOrder]
Counts = Annotated[list[_Value[Annotated[int, Field(ge=1, le=9)]]], InOrder]
Percents = Annotated[list[_Value[Annotated[int, Field(ge=0, le=100)]]], InOrder]
Flags = Annotated[list[_Value[bool]], InOrder]
Flag = Annotated[list[_Value[bool]], Always]
Name = Annotated[list[_Value[str]], Always]
Names = Annotated[list[_Value[Words]], InOrder]
Lists = Annotated[list[_Value[Annotated[str, _text(r"[a-z0-9-]+", "a58403")]]], InOrder]
Severities = Annotated[list[_Value[Annotated[str, BeforeValidator(_severity)]]], InOrder]


Place = Annotated[str, _text(r"\d\d", "22")]


class _Authorization(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    codes: Annotated[list[Code], Field(min_length=1)]
    places: list[Place] = []  # none: all
    unsure: list[Place] = []


Authorizations = Annotated[list[_Value[_Authorization]], InOrder]


class _Params(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    bilateral: Forms | None = None
    bilateral_addon: Forms | None = None
    third_level: ThirdLevels | None = None
    kx_diagnostic: Flags | None = None
    mue: Flags | None = None
    ncci: Flags | None = None
    x_modifiers: Flags | None = None
    ablation_joints: Counts | None = None
    regions_per_session: Counts | None = None
    ultrasound: Covers | None = None
    sedation_injection: Sedations | None = None
    sedation_ablation: Sedations | None = None
    bars_other_spinal: Flags | None = None
    not_covered: Services | None = None
    office_first: Codes | None = None
    excluded_in_asc: Codes | None = None
    authorization: Authorizations | None = None
    hospital_list: Flags | None = None
    diagnoses: Lists | None = None
    policy: Names | None = None  # coverage policy and billing article, to be read by people
    thoracolumbar: Flags | None = None
    diagnostic_relief: Percents | None = None
    technique_pulsed: Treatments | None = None
    technique_chemical: Treatments | None = None
    technique_cryo: Treatments | None = None
    technique_laser: Treatments | None = None
    technique_endoscopic: Treatments | None = None
    technique_cyst: Treatments | None = None
    safe_bilateral: Flag | None = None
    facility: Flag | None = None
    facility_profile: Name | None = None
    follows_contractor: Flag | None = None


def is_param(name: str, value: object) -> bool:
    """Whether a parameter of profiles may have this value."""
    try:
        _Params.model_validate({name: [{"value": value, "source": "given"}]})
    except ValidationError:
        return False
    return True


class _Rule(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    severity: Severities


class ProfileFile(BaseModel):
    """payers/*.toml"""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    extends: str | None = None
    title: str | None = None
    params: _Params = _Params()
    rules: dict[RuleCode, _Rule] = {}

    @property
    def facility_profile(self) -> str | None:
        found = self.params.facility_profile
        return found[0].value if found else None

    @property
    def sources(self) -> Iterator[tuple[str, str]]:
        """Each place and what it names as its source."""
        for name in type(self.params).model_fields:
            for value in getattr(self.params, name) or ():
                yield f"[params] {name}", value.source
        for code, rule in self.rules.items():
            for value in rule.severity:
                yield f"[rules.{code}] severity", value.source


def check_profile(data: bytes, sources: Collection[str] | None = None) -> list[str]:
    """All that is wrong with a profile's file, each with its place.

    Args: sources, the keys that values may name, None for any text.
    """
    return _profile(data, sources)[1]


def _profile(data: bytes, sources: Collection[str] | None) -> tuple[ProfileFile | None, list[str]]:
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        return None, ["is not text in UTF-8"]
    except tomllib.TOMLDecodeError as error:
        return None, [f"is not TOML: {error}"]
    try:
        profile = ProfileFile.model_validate(content)
    except ValidationError as error:
        return None, [_profile_problem(each) for each in error.errors()]
    return profile, [
        f"{place}: {source} is not in {SOURCES}"
        for place, source in profile.sources
        if sources is not None and source not in sources
    ]


def _profile_problem(error: ErrorDetails) -> str:
    *above, last = error["loc"]
    if error["type"] == "extra_forbidden":
        hint = _nearest(str(last), _known_keys(above))
        return ": ".join(filter(None, (_place(above), f"there is no key {str(last)!r}{hint}")))
    return _said([_place(error["loc"])], error)


def _known_keys(above: Sequence[int | str]) -> list[str]:
    match above:
        case []:
            model: type[BaseModel] = ProfileFile
        case ["params"]:
            model = _Params
        case ["params", "authorization", _, "value"]:
            model = _Authorization
        case ["rules", _]:
            model = _Rule
        case _:
            model = _Value
    return [field.alias or name for name, field in model.model_fields.items()]


def _place(loc: Sequence[int | str]) -> str:
    """[params] bilateral, value 2, source"""
    match loc:
        case ["rules", code, *rest]:
            head = [f"[rules.{code}]"]
        case ["params", *rest]:
            head = ["[params]"]
        case _:
            head, rest = [], list(loc)
    named = [f"value {part + 1}" if isinstance(part, int) else part for part in rest]
    return " ".join([*head, ", ".join(part for part in named if part != "[key]")]).strip()


# --- a folder -------------------------------------------------------------------------------------


def check_folder(folder: Path) -> list[str]:
    """All that is wrong with the tables and profiles of a folder, each with its file.

    A folder of the user's own may hold profiles and routes alone; what they refer to may then be
    in the shipped folder.
    """
    files = Folder(folder)
    whole = (folder / SOURCES).is_file()
    tables = {name: files.read(name)[0] for name in ENTRIES if (folder / name).is_file()}
    if whole:
        problems = [f"{name}: is missing" for name in ENTRIES if name not in tables]
        problems += [
            f"{path.name}: there is no such table{_nearest(path.name, ENTRIES)}"
            for path in sorted(folder.glob("*.csv"))
            if path.name not in ENTRIES
        ]
    else:
        problems = []
    sources = _source_keys(tables.get(SOURCES))
    checked = {name: _Table(name, data, sources) for name, data in tables.items()}
    problems += [
        f"{name}: {problem}" for name, table in checked.items() for problem in table.problems
    ]
    if whole and not problems:
        problems += _between_tables({name: table.rows for name, table in checked.items()})
    listed = checked.get("icd10.csv")
    lists = None if listed is None else _lists(listed.rows.values())
    problems += _profile_problems(folder, sources, whole, lists)
    routes = checked.get(ROUTES)
    known = _profile_names(folder, whole)
    for number, route in (routes.rows if routes else {}).items():
        if route.profile not in known:
            hint = _nearest(route.profile, known)
            problems.append(
                f"{ROUTES}: row {number}, profile: there is no profile {route.profile!r}{hint}"
            )
    return problems


def _source_keys(data: bytes | None) -> Collection[str] | None:
    if data is None:
        return None
    return {row.name for row in _Table(SOURCES, data, None).rows.values()}


def _profile_names(folder: Path, whole: bool) -> Collection[str]:
    """The profiles that the folder's may refer to."""
    folders = [folder] if whole else [folder, mappings_folder()]
    return {path.stem for each in folders for path in each.glob("payers/*.toml")}


def _lists(rows: Iterable[DiagnosisEntry]) -> Collection[str]:
    """The lists of diagnoses that a profile may name."""
    return {name for row in rows for name in (*row.injection.split(), *row.ablation.split())}


def _profile_problems(
    folder: Path,
    sources: Collection[str] | None,
    whole: bool,
    lists: Collection[str] | None,
) -> Iterator[str]:
    known = _profile_names(folder, whole)
    if "generic" not in known:
        yield "payers/generic.toml: is missing; a claim without another profile has it"
    parents: dict[str, str] = {}
    for path in sorted(folder.glob("payers/*.toml")):
        file = f"payers/{path.name}"
        profile, problems = _profile(Folder(folder).read(file)[0], sources)
        yield from (f"{file}: {problem}" for problem in problems)
        if profile is None:
            continue
        for key, named in (
            ("extends", profile.extends),
            ("[params] facility_profile", profile.facility_profile),
        ):
            if named is not None and named not in known:
                yield f"{file}: {key}: there is no profile {named!r}{_nearest(named, known)}"
        for value in profile.params.diagnoses or ():
            if lists is not None and value.value not in lists:
                hint = _nearest(value.value, lists)
                yield f"{file}: [params] diagnoses: icd10.csv has no list {value.value!r}{hint}"
        if profile.extends is not None:
            parents[path.stem] = profile.extends
    for name in parents:
        chain = [name]
        while chain[-1] in parents and parents[chain[-1]] not in chain:
            chain.append(parents[chain[-1]])
        if parents.get(chain[-1]) == name:
            yield f"payers/{name}.toml: extends: {' extends '.join([*chain, name])}"


Rows = Mapping[str, Mapping[int, Any]]
"""The rows of each table by their number."""


def _between_tables(rows: Rows) -> Iterator[str]:
    """What one table says against another. All tables are sound by themselves."""
    codes: dict[str, list[CodeEntry]] = {}
    for row in rows["codes.csv"].values():
        codes.setdefault(row.code, []).append(row)
    yield from _code_problems(rows["codes.csv"], codes)
    for number, row in rows["addons.csv"].items():
        for column, code in (("code", row.code), *(("parents", each) for each in row.parents)):
            if not _holds_throughout(codes.get(code, ()), row):
                yield f"addons.csv: row {number}, {column}: {code} is no code on all of these days"
        if not any(each.level in ("2", "3", "+") for each in codes.get(row.code, ())):
            yield f"addons.csv: row {number}, code: {row.code} is no add-on in codes.csv"
    for number, row in rows["crosswalk.csv"].items():
        place = f"crosswalk.csv: row {number}"
        if row.code not in codes:
            yield f"{place}, code: {row.code} is not in codes.csv"
        elif any(each.collides(row) for each in codes[row.code]):
            yield f"{place}, start: {row.code} is a code on some of these days"
        if not _holds_throughout(codes.get(row.successor, ()), row):
            yield f"{place}, successor: {row.successor} is no code on all of these days"
        elif row.code in codes and not _counts_alike(row, codes):
            yield f"{place}, recount: {row.code} and {row.successor} do not count {row.recount}"
    for name, columns in (
        ("hopd.csv", ["code"]),
        ("mue.csv", ["code"]),
        ("ncci.csv", ["column1", "column2"]),
    ):
        for number, row in rows[name].items():
            for column in columns:
                if getattr(row, column) not in codes:
                    code = getattr(row, column)
                    yield f"{name}: row {number}, {column}: {code} is not in codes.csv"
    marks = {row.modifier for row in rows["modifiers.csv"].values()}
    for number, row in rows["modifiers.csv"].items():
        if row.instead and row.instead not in marks:
            yield f"modifiers.csv: row {number}, instead: {row.instead} is no modifier here"


def _code_problems(
    rows: Mapping[int, CodeEntry], codes: Mapping[str, Sequence[CodeEntry]]
) -> Iterator[str]:
    """Rows that leave it open what a code is, or which code a level of a family has on a day."""
    levels: dict[tuple[str, ...], list[CodeEntry]] = {}
    for number, row in rows.items():
        if row.role != codes[row.code][0].role:
            yield f"codes.csv: row {number}, role: {row.code} has another one in an earlier row"
        if row.role != "facet":
            continue
        for other in levels.setdefault(row.family, []):
            if row.collides(other):
                yield f"codes.csv: row {number}, level: {other.code} is this level already"
        levels[row.family].append(row)


def _holds_throughout(history: Sequence[CodeEntry], row: _Dated) -> bool:
    """Whether a code is one on the first and on the last day of a row."""
    return all(
        any(not each.never and each.start <= day <= each.end for each in history)
        for day in (row.start, row.end)
    )


def _counts_alike(row: CrosswalkEntry, codes: Mapping[str, Sequence[CodeEntry]]) -> bool:
    """Whether the codes of a crosswalk are what its recount is made for."""
    old, new = codes[row.code][-1], codes[row.successor][-1]
    if row.recount == "units":
        return old.role == new.role != "facet"
    counts = ("nerve", "joint") if row.recount == "nerves" else ("joint", "joint")
    same_place = (old.kind, old.region) == (new.kind, new.region)
    return same_place and (old.counts, new.counts) == counts


# --- the manifest ---------------------------------------------------------------------------------


def manifest(folder: Path, version: str) -> Mapping[str, str]:
    """The version, and the SHA-256 of each table and profile by its name in the folder."""
    paths = sorted([*folder.glob("*.csv"), *folder.glob("payers/*.toml")])
    digests = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }
    return {"version": version, **digests}


def write_manifest(folder: Path, version: str | None = None) -> None:
    """Write the folder's manifest anew; the version that it has stays unless one is given.

    Raises: TableError where the folder has no version, or a manifest that cannot be read.
    """
    files = Folder(folder)
    version = version or files.manifest.get("version")
    if version is None:
        raise files.broken(MANIFEST, "names no version; give one")
    text = json.dumps(manifest(folder, version), indent=2)
    (folder / MANIFEST).write_text(f"{text}\n", "utf-8")


def main(arguments: Sequence[str]) -> int:
    """Check the shipped folder and write its manifest. Returns: 1 where something is wrong."""
    folder = mappings_folder()
    problems = check_folder(folder)
    if problems:
        sys.stderr.writelines(f"{problem}\n" for problem in problems)
        return 1
    write_manifest(folder, *arguments[:1])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
