"""The dated tables of `mappings/`: read when first asked for, looked up on the date of service.

Every cell is text until a row is made of it, so `0213T` and `00100` survive. A run trusts a file
whose digest is in the manifest; a file that somebody edited is checked whole (`adapter.schema`)
before it is used.
"""

from __future__ import annotations

import csv
import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property
from io import StringIO
from pathlib import Path
from typing import Generic, Literal, TypeVar, cast

from adapter.model import Claim, Facility, Family, Procedure, ServiceLine, Side

Role = Literal[
    "facet",  # a facet joint code of any date
    "lookalike",  # a live code inside the ranges that people quote, or one that never was
    "unlisted",  # 64999
    "imaging",
    "visit",
    "sedation",
    "anesthesia",
    "drug",
    "supply",
    "injection",  # other spinal and soft tissue injections
    "destruction",  # other nerve destruction
    "other",
]
Kind = Literal["injection", "ablation", ""]
Region = Literal["CT", "LS", ""]
Level = Literal["1", "2", "3", "+", ""]
"""First, second, third and further (once) level; + is each additional one, any number of times."""

ANY_DAY = date.min
NO_END = date.max


class TableError(Exception):
    """A table that cannot be used: which file, which row, what is wrong."""


@dataclass(frozen=True, slots=True)
class Row:
    """`start` and `end` are the first and last day on which the row holds."""

    start: date
    end: date
    source: str

    def holds(self, day: date) -> bool:
        return self.start <= day <= self.end


@dataclass(frozen=True, slots=True)
class CodeRow(Row):
    """A code in its time. `never`: a number that people quote and that never was a code.

    `guidance`: the imaging that the code includes. `part_of`: what includes the code by itself,
    every facet service or every facet injection.
    """

    code: str
    never: bool
    role: Role
    kind: Kind
    region: Region
    guidance: Literal["none", "fluoro-ct", "ultrasound", ""]
    level: Level
    counts: Literal["joint", "nerve", ""]
    part_of: Literal["facet", "injection", ""]
    paraphrase: str  # what the code stands for, in our words

    def holds(self, day: date) -> bool:
        return not self.never and self.start <= day <= self.end

    @property
    def addon(self) -> bool:
        return self.level in ("2", "3", "+")

    def belongs_to(self, facet: CodeRow) -> bool:
        """Whether a facet service includes this code."""
        return self.part_of == "facet" or (self.part_of != "" and self.part_of == facet.kind)

    @property
    def repeats(self) -> bool:
        """Each additional joint or nerve is billed again; the others are billed once a side."""
        return self.level == "+"

    @property
    def family(self) -> tuple[Kind, Region, str]:
        """Codes that are levels of one another."""
        return self.kind, self.region, self.guidance


@dataclass(frozen=True, slots=True)
class CrosswalkRow(Row):
    """What takes the place of `code` on the day. `recount`: levels, nerves, or units of it."""

    code: str
    successor: str
    recount: Literal["levels", "nerves", "units"]
    factor: int  # units of the successor for one of the code, where units are recounted


@dataclass(frozen=True, slots=True)
class AddOnRow(Row):
    code: str
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MueRow(Row):
    """Units a day (or, with `mai` 1, a line). `asc_doubled`: twice as many for an ASC facility."""

    code: str
    units: int
    mai: Literal["1", "2", "3"]
    asc_doubled: bool


@dataclass(frozen=True, slots=True)
class PairRow(Row):
    """An NCCI pair: `column2` is not paid beside `column1`; a modifier lifts `indicator` 1."""

    column1: str
    column2: str
    indicator: Literal["0", "1"]


@dataclass(frozen=True, slots=True)
class DiagnosisRow(Row):
    """An ICD-10-CM code, written without its point.

    `header`: it has codes below it, and none is billed by it; `whole`: the table holds all of them.
    `regions`: those of the facet codes that it fits, both for the thoracolumbar junction, none
    where it names no part of the spine. `injection`, `ablation`: the lists that hold it for such a
    service.
    """

    code: str
    header: bool
    whole: bool
    regions: frozenset[Region]
    injection: frozenset[str]
    ablation: frozenset[str]

    def lists(self, kind: Kind) -> frozenset[str]:
        """The lists that hold the code for an injection or an ablation."""
        return self.ablation if kind == "ablation" else self.injection


@dataclass(frozen=True, slots=True)
class HospitalRow(Row):
    """A code on the Medicare list of hospital outpatient services that need authorization."""

    code: str


@dataclass(frozen=True, slots=True)
class SpinalRow(Row):
    """Another spinal injection than a facet joint's, and what it is."""

    code: str
    family: Family


Verdict = Literal["", "safe", "suggested", "manual", "replace"]
"""Of a modifier on a facet line: allowed; to be taken off safely, or if a coder agrees; a person
has to see to it; to be replaced by the one in `instead`."""


@dataclass(frozen=True, slots=True)
class ModifierRow(Row):
    modifier: str
    injection: Verdict
    ablation: Verdict
    facility: Verdict  # on an ASC facility claim, either kind
    instead: str
    why: str


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Where a fact comes from. `confidence`: primary, secondary, or memory."""

    key: str
    title: str
    url: str
    confidence: Literal["primary", "secondary", "memory"]
    retrieved: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """A sentence of policy in our words, and what checks it.

    `sources`: keys of sources.csv; `cases`: of the `rules`, in fixtures/rules; `unchecked`: why no
    rule checks it, or a part of it, after a word for the kind of reason.
    """

    id: str
    text: str
    sources: tuple[str, ...]
    rules: tuple[str, ...]
    cases: tuple[str, ...]
    unchecked: str


R = TypeVar("R", bound=Row)


class Table(Generic[R]):
    """Dated rows by key. Several rows of one key hold at different times."""

    def __init__(self, rows: Iterable[tuple[str, R]]) -> None:
        self._rows: dict[str, list[R]] = {}
        for key, row in rows:
            self._rows.setdefault(key, []).append(row)
        days = {ANY_DAY}
        for history in self._rows.values():
            history.sort(key=lambda row: row.start)
            for row in history:
                days.add(row.start)
                if row.end != NO_END:
                    days.add(row.end + timedelta(days=1))
        self._starts = sorted(days)
        self._periods: dict[date, Mapping[str, R]] = {}

    def on(self, day: date) -> Mapping[str, R]:
        """Rows in force on a date of service: key -> row, one row a key.

        Args: day, the line's date, never today's; of a range the first.
        Returns: empty before the first row.
        Raises: nothing; the table was checked when it was loaded.
        Source: `row.source`, a key of mappings/sources.csv.
        """
        start = self._starts[bisect_right(self._starts, day) - 1]
        period = self._periods.get(start)
        if period is None:
            period = {
                key: row
                for key, history in self._rows.items()
                for row in history
                if row.holds(start)
            }
            self._periods[start] = period
        return period

    def history(self, key: str) -> Sequence[R]:
        """All rows of a key, earliest first; empty for a key that the table does not know."""
        return self._rows.get(key, ())

    def covers(self, day: date) -> bool:
        """Whether a table that is loaded quarter by quarter reaches back to the day."""
        return len(self._starts) > 1 and day >= self._starts[1]

    def __contains__(self, key: str) -> bool:
        """Whether the table knows the key on any day."""
        return key in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


@dataclass(frozen=True, slots=True)
class CodedLine:
    """A service line whose code the tables know on its date, with that row.

    The fields that rules read most stand here by their own names.
    """

    line: ServiceLine
    row: CodeRow
    number: int
    code: str
    modifiers: tuple[str, ...]
    date: date
    sides: frozenset[Side]

    @property
    def units(self) -> int | None:
        """Whole units of at least one, else None: those that can be counted with."""
        return self.line.whole_units


@dataclass(frozen=True, slots=True)
class Reading:
    """What the tables make of a claim's lines.

    `spoken`: lines that rules may speak of, valid on their date. `facet`: those of them with a
    facet code. `expired`: lines with a facet, look-alike, drug or supply code that is not valid on
    their date. `undated`: lines with a code of ours and no readable date of service.
    """

    spoken: tuple[CodedLine, ...]
    facet: tuple[CodedLine, ...]
    expired: tuple[ServiceLine, ...]
    undated: tuple[ServiceLine, ...]
    ours: bool
    only_lookalikes: bool
    days: tuple[tuple[CodedLine, ...], ...]  # the facet lines of each day, in claim order


DATED_ROLES = ("facet", "lookalike", "drug", "supply")
"""Roles whose codes CV checks against the date of service."""


class Folder:
    """A folder of tables and profiles, and the digests of what was shipped in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> tuple[bytes, bool]:
        """A file by its name in the folder, and whether it is the one that was shipped.

        Raises: TableError.
        """
        try:
            data = (self.path / name).read_bytes()
        except OSError as error:
            raise self.broken(name, f"cannot be read: {error.strerror}") from None
        return data, self.manifest.get(name) == hashlib.sha256(data).hexdigest()

    def rows(self, name: str) -> Iterable[dict[str, str]]:
        """The rows of a table as text: those of an edited file once all of it was checked.

        Raises: TableError.
        """
        data, shipped = self.read(name)
        if not shipped:
            from adapter.schema import check_table  # pydantic: only for a file that was edited

            problems = check_table(name, data, None if name == SOURCES else self.source_keys)
            if problems:
                raise self.broken(name, problems[0])
        return csv_rows(data.decode("utf-8-sig"))

    @cached_property
    def source_keys(self) -> Collection[str] | None:
        """What rows may name as their source; None for a user's folder without SOURCES."""
        if not (self.path / SOURCES).is_file():
            return None
        return frozenset(cells["key"] for cells in self.rows(SOURCES))

    @cached_property
    def manifest(self) -> Mapping[str, str]:
        """MANIFEST: the version, and a digest of each file. Empty where there is none."""
        try:
            data = (self.path / MANIFEST).read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self.broken(MANIFEST, f"cannot be read: {error.strerror}") from None
        try:
            content = json.loads(data)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise self.broken(MANIFEST, "is not one JSON object") from None
        return content

    def broken(self, name: str, what: str) -> TableError:
        """The error that a file is no good: which one, and why."""
        return TableError(f"{self.path.name.lstrip('_')}/{name}: {what}")


MANIFEST = "manifest.json"
SOURCES = "sources.csv"


def csv_rows(text: str) -> csv.DictReader[str]:
    """Rows by column; a line end inside quotes is part of its cell."""
    return csv.DictReader(StringIO(text, newline=""))


class Tables:
    """All tables of one version. Each file is read when it is first needed.

    Args: overlay, a folder with quarterly tables of the user's own, which take precedence.
    """

    def __init__(self, folder: Path, overlay: Path | None = None) -> None:
        self.folder = folder
        self._files = Folder(folder)
        self._above = None if overlay is None else Folder(overlay)
        self._read: tuple[Claim | None, Reading | None] = (None, None)

    # --- the tables ---------------------------------------------------------------------------

    @cached_property
    def codes(self) -> Table[CodeRow]:
        """codes.csv by code."""
        return Table(
            (
                cells["code"],
                CodeRow(
                    *_window(cells),
                    code=cells["code"],
                    never=cells["never"] == "yes",
                    role=cast(Role, cells["role"]),
                    kind=cast(Kind, cells["kind"]),
                    region=cast(Region, cells["region"]),
                    guidance=cast(
                        Literal["none", "fluoro-ct", "ultrasound", ""], cells["guidance"]
                    ),
                    level=cast(Level, cells["level"]),
                    counts=cast(Literal["joint", "nerve", ""], cells["counts"]),
                    part_of=cast(Literal["facet", "injection", ""], cells["part_of"]),
                    paraphrase=cells["paraphrase"],
                ),
            )
            for cells in self._files.rows("codes.csv")
        )

    @cached_property
    def crosswalk(self) -> Table[CrosswalkRow]:
        """crosswalk.csv by the code that is not valid on the day."""
        return Table(
            (
                cells["code"],
                CrosswalkRow(
                    *_window(cells),
                    code=cells["code"],
                    successor=cells["successor"],
                    recount=cast(Literal["levels", "nerves", "units"], cells["recount"]),
                    factor=int(cells["factor"] or 1),
                ),
            )
            for cells in self._files.rows("crosswalk.csv")
        )

    @cached_property
    def addons(self) -> Table[AddOnRow]:
        """addons.csv by add-on code."""
        return self._quarterly(
            "addons.csv",
            lambda cells: (
                cells["code"],
                AddOnRow(*_window(cells), cells["code"], tuple(cells["parents"].split())),
            ),
        )

    @cached_property
    def mue(self) -> Table[MueRow]:
        """mue.csv (practitioner services) by code. Quarterly: ask `covers` first."""
        return self._quarterly(
            "mue.csv",
            lambda cells: (
                cells["code"],
                MueRow(
                    *_window(cells),
                    code=cells["code"],
                    units=int(cells["units"]),
                    mai=cast(Literal["1", "2", "3"], cells["mai"]),
                    asc_doubled=cells["asc_doubled"] == "yes",
                ),
            ),
        )

    @cached_property
    def ncci(self) -> Table[PairRow]:
        """ncci.csv by "column1 column2". Quarterly: ask `covers` first."""
        return self._quarterly(
            "ncci.csv",
            lambda cells: (
                f"{cells['column1']} {cells['column2']}",
                PairRow(
                    *_window(cells),
                    cells["column1"],
                    cells["column2"],
                    cast(Literal["0", "1"], cells["indicator"]),
                ),
            ),
        )

    @cached_property
    def diagnoses(self) -> Table[DiagnosisRow]:
        """icd10.csv by code without its point: what the rules know of ICD-10-CM, not all of it."""
        return Table(
            (
                cells["code"],
                DiagnosisRow(
                    *_window(cells),
                    code=cells["code"],
                    header=cells["header"] != "",
                    whole=cells["header"] == "whole",
                    regions=frozenset(cast(list[Region], cells["region"].split())),
                    injection=frozenset(cells["injection"].split()),
                    ablation=frozenset(cells["ablation"].split()),
                ),
            )
            for cells in self._files.rows("icd10.csv")
        )

    @cached_property
    def hopd(self) -> Table[HospitalRow]:
        """hopd.csv by code: what needs authorization in a hospital's outpatient department."""
        return Table(
            (cells["code"], HospitalRow(*_window(cells), cells["code"]))
            for cells in self._files.rows("hopd.csv")
        )

    @cached_property
    def spinal(self) -> Table[SpinalRow]:
        """spinal.csv by code: the spinal injections that are not of a facet joint."""
        return Table(
            (
                cells["code"],
                SpinalRow(
                    *_window(cells),
                    cells["code"],
                    Family[cells["family"].replace("-", "_").upper()],
                ),
            )
            for cells in self._files.rows("spinal.csv")
        )

    @cached_property
    def modifiers(self) -> Table[ModifierRow]:
        """modifiers.csv by modifier: all that exist, and what they do on a facet line."""
        return Table(
            (
                cells["modifier"],
                ModifierRow(
                    *_window(cells),
                    modifier=cells["modifier"],
                    injection=cast(Verdict, cells["injection"]),
                    ablation=cast(Verdict, cells["ablation"]),
                    facility=cast(Verdict, cells["facility"]),
                    instead=cells["instead"],
                    why=cells["why"],
                ),
            )
            for cells in self._files.rows("modifiers.csv")
        )

    @cached_property
    def sources(self) -> Mapping[str, SourceRow]:
        """sources.csv by key."""
        return {
            cells["key"]: SourceRow(
                cells["key"],
                cells["title"],
                cells["url"],
                cast(Literal["primary", "secondary", "memory"], cells["confidence"]),
                cells["retrieved"],
            )
            for files in (self._files, self._above)
            if files is not None
            for cells in files.rows(SOURCES)
        }

    @cached_property
    def requirements(self) -> Sequence[Requirement]:
        """requirements.csv in its order. No rule reads it: pages do."""
        return tuple(
            Requirement(
                cells["id"],
                cells["requirement"],
                tuple(cells["source"].split()),
                tuple(cells["rules"].split()),
                tuple(cells["cases"].split()),
                cells["unchecked"],
            )
            for cells in self._files.rows("requirements.csv")
        )

    @cached_property
    def version(self) -> str:
        """The version of the shipped tables, such as 2026.4. Raises: TableError."""
        version = self._files.manifest.get("version")
        if not isinstance(version, str):
            raise self._files.broken(MANIFEST, "names no version")
        return version

    def _quarterly(
        self,
        name: Literal["addons.csv", "mue.csv", "ncci.csv"],
        row: Callable[[Mapping[str, str]], tuple[str, R]],
    ) -> Table[R]:
        """A table of CMS's quarters: the shipped rows, the user's over them."""
        rows = [row(cells) for cells in self._files.rows(name)]
        if self._above is None or not (self._above.path / name).is_file():
            return Table(rows)
        from adapter.quarterly import Layer, loaded, merged  # only for tables of the user's own

        layers = []
        for files, own in (
            (self._files, rows),
            (self._above, [row(cells) for cells in self._above.rows(name)]),
        ):
            quarters = [each.quarter for each in loaded(files.path) if each.table == name]
            layers.append(Layer(own, quarters))
        return Table(merged(name, *layers))

    # --- what a claim's lines are ---------------------------------------------------------------

    @cached_property
    def candidate_codes(self) -> frozenset[str]:
        """Codes that may make a claim ours, on whatever day: an unlisted one does so on the claim
        of an ASC facility alone."""
        return frozenset(
            code
            for code in self.codes
            if self.codes.history(code)[0].role in ("facet", "lookalike", "unlisted")
        )

    def read(self, claim: Claim) -> Reading:
        """What the tables make of the claim's lines. The last claim's reading is remembered."""
        known, reading = self._read
        if known is not claim or reading is None:
            reading = self._reading(claim)
            self._read = claim, reading
        return reading

    def facet_lines(self, claim: Claim) -> Sequence[CodedLine]:
        """Lines with a facet code that is valid on their date; of the others CV speaks alone."""
        return self.read(claim).facet

    def spoken_lines(self, claim: Claim) -> Sequence[CodedLine]:
        """Lines that the rules may speak of: facet lines and their companions in the tables."""
        return self.read(claim).spoken

    def level(self, row: CodeRow, level: Level, day: date) -> CodeRow | None:
        """The code of another level of the same family on the day."""
        for other in self.codes.on(day).values():
            if other.role == "facet" and other.family == row.family and other.level == level:
                return other
        return None

    def is_facet(self, procedure: Procedure) -> bool:
        """Whether a procedure is a facet joint intervention, by its words or its code."""
        return bool(procedure.techniques) or any(
            row.role == "facet" for code in procedure.codes for row in self.codes.history(code)
        )

    def _reading(self, claim: Claim) -> Reading:
        spoken: list[CodedLine] = []
        expired: list[ServiceLine] = []
        undated: list[ServiceLine] = []
        facet_code = False
        ours = documented = any(map(self.is_facet, claim.procedures))
        for line in claim.lines:
            if line.code not in self.codes:
                continue
            role = self.codes.history(line.code)[0].role
            facet_code |= role == "facet"
            ours |= role in ("facet", "lookalike")
            ours |= role == "unlisted" and claim.facility is Facility.ASC
            if line.date is None:
                undated.append(line)
                continue
            row = self.codes.on(line.date).get(line.code)
            if row is not None:
                spoken.append(
                    CodedLine(
                        line, row, line.number, line.code, line.modifiers, line.date, line.sides
                    )
                )
            elif role in DATED_ROLES:
                expired.append(line)
        facet = tuple(line for line in spoken if line.row.role == "facet")
        by_day: dict[date, list[CodedLine]] = {}
        for coded in facet:
            by_day.setdefault(coded.date, []).append(coded)
        return Reading(
            tuple(spoken),
            facet,
            tuple(expired),
            tuple(undated),
            ours,
            ours and not facet_code and not documented,
            tuple(tuple(by_day[day]) for day in sorted(by_day)),
        )


def _window(cells: Mapping[str, str]) -> tuple[date, date, str]:
    return (
        date.fromisoformat(cells["start"]) if cells["start"] else ANY_DAY,
        date.fromisoformat(cells["end"]) if cells["end"] else NO_END,
        cells["source"],
    )


def mappings_folder() -> Path:
    """Where the tables are: inside an installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "_mappings"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "mappings"


_tables: Tables | None = None


def shipped() -> Tables:
    """The tables that come with this version, read once a process."""
    global _tables
    if _tables is None:
        _tables = Tables(mappings_folder())
    return _tables


@cache
def overlaid(overlay: Path) -> Tables:
    """The shipped tables, quarterly ones of the user's own over them, read once a process."""
    return Tables(mappings_folder(), overlay)
