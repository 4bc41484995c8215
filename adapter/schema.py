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
from adapter.model import Facility
from adapter.profiles import ROUTES, Form, ThirdLevel
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


def _day(text: object) -> object:
    if isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise _bad(f"{text!r} is no date such as 2010-01-01")


def _whole(text: object) -> object:
    if isinstance(text, str) and re.fullmatch(r"\d{1,6}", text):
        return int(text)
    raise _bad(f"{text!r} is no whole number")


def _words(text: object) -> object:
    return tuple(text.split(" ")) if isinstance(text, str) else text


def _text(pattern: str, example: str) -> BeforeValidator:
    def check(text: object) -> object:
        if isinstance(text, str) and re.fullmatch(pattern, text):
            return text
        raise _bad(f"{text!r} is not like {example}")

    return BeforeValidator(check)


Start = Annotated[date, BeforeValidator(lambda text: _day(text) if text else ANY_DAY)]
End = Annotated[date, BeforeValidator(lambda text: _day(text) if text else NO_END)]
Whole = Annotated[int, BeforeValidator(_whole)]
Yes = Literal["yes", ""]
Code = Annotated[str, _text(r"\d{4}[\dTU]|[A-Z]\d{4}", "64493, 0213T or J1010")]
Mark = Annotated[str, _text(r"[0-9A-Z]{2}", "50 or RT")]
Key = Annotated[str, _text(r"S\d{3}", "S001")]
Joint = Annotated[str, _text(r"[CTL]\d{1,2}-[CTLS]?\d{1,2}", "L4-5 or T12-L1")]
Nerve = Annotated[str, _text(r"[CTL]\d{1,2}|TON", "L4 or TON")]
Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=False, pattern=r"^\S.*\S$")]


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
    """codes.csv. A facet code has kind, region, guidance, level and counts, no other has any."""

    by = ("code",)
    code: Code
    never: Yes
    role: Role
    kind: Kind
    region: Region
    guidance: Literal["none", "fluoro-ct", "ultrasound", ""]
    level: Level
    counts: Literal["joint", "nerve", ""]
    paraphrase: Words

    @model_validator(mode="after")
    def _complete(self) -> CodeEntry:
        for column in ("kind", "region", "guidance", "level", "counts"):
            if self.role == "facet" and not getattr(self, column):
                raise _bad(f"{column}: a facet code has one")
            if self.role != "facet" and getattr(self, column):
                raise _bad(f"{column}: only a facet code has one")
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


class ModifierEntry(_Dated):
    """modifiers.csv. `instead` is there for a verdict `replace`, `why` for any verdict."""

    by = ("modifier",)
    modifier: Mark
    injection: Verdict
    ablation: Verdict
    facility: Verdict
    instead: Annotated[str, _text(r"([0-9A-Z]{2})?", "53")]
    why: str

    @model_validator(mode="after")
    def _explained(self) -> ModifierEntry:
        verdicts = {self.injection, self.ablation, self.facility} - {""}
        if ("replace" in verdicts) != bool(self.instead):
            raise _bad("instead: is there where a verdict is replace, and only there")
        if bool(verdicts) != bool(self.why.strip()):
            raise _bad("why: is there where there is a verdict, and only there")
        return self


class JointEntry(_Dated):
    """anatomy.csv"""

    by = ("joint",)
    joint: Joint
    region: Literal["CT", "LS"]
    nerves: Annotated[tuple[Nerve, ...], BeforeValidator(_words)]


class SourceEntry(_Row):
    """sources.csv"""

    by = ("name",)
    name: Key = Field(alias="key")
    title: Words
    url: Annotated[str, _text(r"(https?://\S+)?", "https://www.cms.gov/")]
    confidence: Literal["primary", "secondary", "memory"]
    retrieved: Annotated[str, _text(r"\d{4}-\d\d(-\d\d)?", "2026-11 or 2026-11-23")]


class RouteEntry(_Dated):
    """payer_routes.csv. The order of the rows counts: the first that matches wins."""

    by = ("payer_id", "filing", "state", "facility")
    ordered = False
    payer_id: str
    filing: Annotated[str, _text(r"[0-9A-Z]{0,2}", "MB")]
    state: Annotated[str, _text(r"([A-Z]{2})?", "TX")]
    facility: Literal["professional", "asc", ""]
    profile: Annotated[str, _text(r"[a-z0-9][a-z0-9-]*", "medicare-asc")]


ENTRIES: Mapping[str, type[_Row]] = {
    "addons.csv": AddOnEntry,
    "anatomy.csv": JointEntry,
    "codes.csv": CodeEntry,
    "crosswalk.csv": CrosswalkEntry,
    "modifiers.csv": ModifierEntry,
    "mue.csv": MueEntry,
    "ncci.csv": PairEntry,
    ROUTES: RouteEntry,
    SOURCES: SourceEntry,
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
        source = getattr(row, "source", None)
        if self._sources is not None and source is not None and source not in self._sources:
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
            what = f"{error['input']!r} is none of {expected}"
        case "missing":
            what = "is missing"
        case "date_type":
            what = "is no date such as 2010-01-01, written without quotes"
        case "bool_type":
            what = "is neither true nor false"
        case "string_type":
            what = "is no text"
        case "string_pattern_mismatch" | "string_too_short":
            what = "is blank, or begins or ends with a blank"
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
        raise _bad(f"{word!r} is none of {', '.join(SEVERITIES)}")
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
Flags = Annotated[list[_Value[bool]], InOrder]
Flag = Annotated[list[_Value[bool]], Always]
Name = Annotated[list[_Value[str]], Always]
Severities = Annotated[list[_Value[Annotated[str, BeforeValidator(_severity)]]], InOrder]


class _Params(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    bilateral: Forms | None = None
    bilateral_addon: Forms | None = None
    third_level: ThirdLevels | None = None
    kx_diagnostic: Flags | None = None
    mue: Flags | None = None
    safe_bilateral: Flag | None = None
    facility: Flag | None = None
    facility_profile: Name | None = None


class _Rule(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    severity: Severities


RuleCode = Annotated[str, _text(r"[A-Z]{2,4}\d\d", "LA05")]


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


def _profile(
    data: bytes, sources: Collection[str] | None
) -> tuple[ProfileFile | None, list[str]]:
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
