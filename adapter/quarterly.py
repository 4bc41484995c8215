"""The tables that CMS publishes each quarter, read into a layer of the user's own.

Three tables change too often to wait for a release of this software: the NCCI pairs of practitioner
services, the MUE of practitioner services and the add-on codes. `update` reads them as CMS
publishes them, takes what concerns facet claims, and writes it into a folder of the user's: the
overlay. `merged` lays its rows over the shipped ones.

The layouts, as they are from 2022 to 2026:

    ccipra-v323r0-f1.txt   tab between cells, four parts (f1 to f4); also xlsx. The heads stand in
                           four rows one above the other. v32.3 is the fourth quarter of 2026.
    MCR_MUE_PractitionerServices_Eff_10-01-2026.csv
                           comma between cells; also xlsx. The preamble is one quoted cell of many
                           lines, and so is the first head.
    AOC_V2026Q4-F-MCR.txt  columns of fixed width, no heads; also xlsx with heads. Dates are a year
                           and the number of the day in it.

Each comes in a zip, beside its twin and other papers. A file is known by the name that CMS gave it,
since its quarter stands nowhere else, and must then hold what its name says. Nothing is guessed: a
row that cannot be read refuses its file. Nothing is unpacked to disk.

The pairs and the add-on codes are published with their own dates, back to the first: the newest
quarter that is loaded holds for every date, as it does at the payer. The MUE are those of their
quarter alone, and hold until the next quarter that is loaded.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from io import BytesIO, StringIO, TextIOWrapper
from itertools import chain, zip_longest
from pathlib import Path, PurePosixPath
from typing import IO, Any, Generic, Literal, TypeVar, cast, get_args

from adapter.sinks import sink
from adapter.source import Unreadable
from adapter.tables import (
    ANY_DAY,
    MANIFEST,
    NO_END,
    SOURCES,
    AddOnRow,
    Folder,
    MueRow,
    PairRow,
    Row,
    TableError,
    Tables,
)

TableName = Literal["addons.csv", "mue.csv", "ncci.csv"]
TABLES: tuple[TableName, ...] = get_args(TableName)
QUARTERS = "quarters.json"
SCHEMA = "facet-quarters/1"
DAY = timedelta(days=1)


class Refused(Unreadable):
    """A file that is none of the quarterly files, or not a whole one. Its text is one sentence.

    Args: name, of the file that was given, without its folder.
    """

    def __init__(self, name: str, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.name = name

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.name} was not read{place}: {self.what}{hint}"


# --- quarters -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter of a year, 1 to 4. Its text is such as 2026Q4."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Quarter:
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """Raises: ValueError."""
        found = re.fullmatch(r"(\d{4})Q([1-4])", text)
        if found is None:
            raise ValueError("not such as 2026Q4")
        return cls(int(found[1]), int(found[2]))

    @property
    def start(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"


@dataclass(frozen=True, slots=True, order=True)
class Edition:
    """A table of a quarter. A later release takes the place of the earlier ones."""

    quarter: Quarter
    release: int = 0

    def __str__(self) -> str:
        return f"{self.quarter}, release {self.release}" if self.release else str(self.quarter)


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read: its own name, its digest, and how many rows it holds."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Record:
    """An edition that is loaded: `rows` are those that were taken, `retrieved` the day of it."""

    table: TableName
    edition: Edition
    rows: int
    retrieved: str
    files: tuple[File, ...]

    @property
    def quarter(self) -> Quarter:
        return self.edition.quarter


FIRST_YEAR = 2010  # before it there were none of the codes that are billed today
QUARTERS_KEPT = 166
_FIRST_KEY: Mapping[TableName, int] = {"mue.csv": 500, "ncci.csv": 666, "addons.csv": 832}


def source_key(table: TableName, quarter: Quarter) -> str:
    """The key of a table's quarter in SOURCES: always the same one, of those above S499, which the
    shipped tables leave free.

    Raises: ValueError for a quarter before 2010Q1 or after 2051Q2.
    """
    place = 4 * (quarter.year - FIRST_YEAR) + quarter.number - 1
    if not 0 <= place < QUARTERS_KEPT:
        raise ValueError(f"{quarter} is none of 2010Q1 to 2051Q2")
    return f"S{_FIRST_KEY[table] + place}"


_PAGES = "https://www.cms.gov/medicare/coding-billing/national-correct-coding-initiative-ncci-edits"
_TITLES: Mapping[TableName, tuple[str, str]] = {
    "addons.csv": ("NCCI add-on code file", f"{_PAGES}/medicare-ncci-add-code-edits"),
    "mue.csv": (
        "Medically unlikely edits, practitioner services",
        f"{_PAGES}/medicare-ncci-medically-unlikely-edits",
    ),
    "ncci.csv": (
        "NCCI procedure-to-procedure pairs, practitioner services",
        f"{_PAGES}/medicare-ncci-procedure-procedure-ptp-edits",
    ),
}


def loaded(folder: Path) -> Sequence[Record]:
    """What QUARTERS of a folder says, by table and edition; empty for a folder without one.

    Raises: TableError.
    """
    files = Folder(folder)
    try:
        content = json.loads((folder / QUARTERS).read_bytes())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise files.broken(QUARTERS, f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise files.broken(QUARTERS, "is not JSON") from None
    try:
        if content["schema"] != SCHEMA or not content["tables"].keys() <= set(TABLES):
            raise ValueError
        records = [
            _record(table, said) for table in TABLES for said in content["tables"].get(table, ())
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise files.broken(QUARTERS, "does not say what is loaded as this version does") from None
    return sorted(records, key=lambda record: (record.table, record.edition))


def _record(table: TableName, said: Mapping[str, Any]) -> Record:
    quarter = Quarter.parse(said["quarter"])
    source_key(table, quarter)
    if not re.fullmatch(r"\d{4}-\d\d(-\d\d)?", said["retrieved"]):
        raise ValueError
    return Record(
        table,
        Edition(quarter, int(said["release"])),
        int(said["rows"]),
        said["retrieved"],
        tuple(
            File(str(file["name"]), str(file["sha256"]), int(file["rows"]))
            for file in said["files"]
        ),
    )


# --- names ----------------------------------------------------------------------------------------

_NAMES: Mapping[TableName, re.Pattern[str]] = {
    "addons.csv": re.compile(r"aoc_v(\d{4})q([1-4])(?:[-_](\d{2}))?(?:[-_][a-z])?[-_]mcr", re.I),
    "mue.csv": re.compile(r"mcr_mue_practitionerservices_eff_(\d\d)-(\d\d)-(\d{4})", re.I),
    "ncci.csv": re.compile(r"ccipra-v(\d\d)([0-3])r(\d)-f(\d)", re.I),
}
_OPTIONS: Mapping[TableName, str] = {
    "addons.csv": "--addon",
    "mue.csv": "--mue",
    "ncci.csv": "--ncci",
}
_EXAMPLES: Mapping[TableName, str] = {
    "addons.csv": "AOC_V2026Q4-F-MCR.txt",
    "mue.csv": "MCR_MUE_PractitionerServices_Eff_10-01-2026.csv",
    "ncci.csv": "ccipra-v323r0-f1.txt",
}
_OTHERS = (
    ("ccioph", "has the pairs of outpatient hospitals"),
    ("outpatienthospital", "has the MUE of outpatient hospitals"),
    ("dmesupplier", "has the MUE of equipment suppliers"),
    ("medicaid", "is a table of Medicaid"),
    ("mcd", "is a table of Medicaid"),
    ("additions", "lists what changed in a quarter, and not the whole table"),
)
_MAGIC = (
    (b"\xd0\xcf\x11\xe0", "is an Excel file of the time before xlsx"),
    (b"%PDF", "is a PDF"),
    (b"\x1f\x8b", "is packed with gzip"),
    (b"Rar!", "is packed with RAR"),
    (b"7z\xbc\xaf", "is packed with 7-Zip"),
)
ZIP_MAGIC = b"PK\x03\x04"
FORMS = (".txt", ".csv", ".xlsx")


def _identity(table: TableName, name: str) -> tuple[Edition, int] | None:
    """Edition and part of a file by its name; None for the name of another file.

    Raises: ValueError, which says why, for a day on which no quarter begins.
    """
    found = _NAMES[table].search(name)
    if found is None:
        return None
    part = 1
    release = 0
    if table == "ncci.csv":
        quarter = Quarter(1994 + int(found[1]), int(found[2]) + 1)
        release, part = int(found[3]), int(found[4])
    elif table == "addons.csv":
        quarter, release = Quarter(int(found[1]), int(found[2])), int(found[3] or 0)
    else:
        try:
            begins = date(int(found[3]), int(found[1]), int(found[2]))
        except ValueError:
            raise ValueError("the day in its name is none") from None
        quarter = Quarter.of(begins)
        if begins != quarter.start:
            raise ValueError(f"it begins on {begins}, on which no quarter does")
    source_key(table, quarter)
    return Edition(quarter, release), part


def _other(table: TableName, name: str) -> str:
    """What a file seems to be that is not named as the table is."""
    for other in TABLES:
        if other != table and _NAMES[other].search(name):
            return f"is a file for {_OPTIONS[other]}, not for {_OPTIONS[table]}"
    plain = re.sub(r"[^a-z]", "", name.lower())
    for word, what in _OTHERS:
        if word in plain:
            return what
    return ""


# --- opening --------------------------------------------------------------------------------------

MIB = 1 << 20
WHOLE = 128 * MIB
"""Bytes of a file that is held in memory at once; the largest of CMS's have 60 MB."""
SHEET = 1024 * MIB
"""Bytes of a worksheet, which is read as it is unpacked."""
RUN = 3072 * MIB
"""Bytes that one update unpacks in all."""
DEPTH = 3  # a zip in a zip in a zip
MEMBERS = 2000
WINDOW = MIB
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError,
    KeyError, OverflowError, RuntimeError, ValueError,
)  # fmt: skip
"""What zipfile raises on an archive that is cut or damaged."""


class _Unpacking:
    """One update's archives, which stay open until it ends, and what it may still unpack."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._left = RUN

    def archive(self, file: Path | BytesIO, given: str) -> zipfile.ZipFile:
        try:
            archive = self._stack.enter_context(zipfile.ZipFile(file))
        except _BROKEN:
            raise Refused(given, "its zip archive is cut or damaged") from None
        if len(archive.infolist()) > MEMBERS:
            raise Refused(given, "its zip archive holds more files than any of CMS does")
        return archive

    def chunks(self, member: _Member, limit: int) -> Iterator[bytes]:
        """A member's bytes as they are unpacked. Raises: Refused."""
        try:
            with member.open() as stream:
                while chunk := stream.read(WINDOW):
                    limit -= len(chunk)
                    self._left -= len(chunk)
                    if limit < 0 or self._left < 0:
                        raise member.refused("it is larger than any file of CMS when unpacked")
                    yield chunk
        except Refused:
            raise
        except _BROKEN:
            raise member.refused("it is cut or damaged") from None

    def whole(self, member: _Member) -> bytes:
        return b"".join(self.chunks(member, WHOLE))


@dataclass(frozen=True, slots=True)
class _Member:
    """A file, or one inside an archive. `given` is the file that the user named."""

    given: str
    name: str
    open: Callable[[], IO[bytes]]

    def refused(self, what: str, row: int | None = None, hint: str = "") -> Refused:
        places = [self.name] if self.name != self.given else []
        places += [f"row {row}"] if row is not None else []
        return Refused(self.given, what, where=", ".join(places), hint=hint)


def _members(path: Path, unpacking: _Unpacking) -> Iterator[_Member]:
    """The file itself, or all that is in it where it is an archive."""
    given = _base(path.name)
    try:
        with path.open("rb") as file:
            head = file.read(len(ZIP_MAGIC))
    except OSError as error:
        raise Refused(given, f"it cannot be opened: {error.strerror}") from None
    if head != ZIP_MAGIC or _is_sheet_name(given):
        yield _Member(given, given, lambda: path.open("rb"))
    else:
        yield from _inside(unpacking.archive(path, given), given, unpacking, DEPTH)


def _inside(
    archive: zipfile.ZipFile, given: str, unpacking: _Unpacking, depth: int
) -> Iterator[_Member]:
    for info in archive.infolist():
        if info.is_dir():
            continue
        member = _Member(given, _base(info.filename), _opener(archive, info))
        if not info.filename.lower().endswith(".zip"):
            yield member
        elif depth == 1:
            raise member.refused("zip archives stand in one another too deep")
        else:
            inner = BytesIO(unpacking.whole(member))
            yield from _inside(unpacking.archive(inner, given), given, unpacking, depth - 1)


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):

        def refuse() -> IO[bytes]:
            raise NotImplementedError  # slow to unpack, and CMS uses none of the others

        return refuse
    return lambda: archive.open(info)


def _base(name: str) -> str:
    """A name without its folders, whichever way they lean, and without what is no letter of it."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(letter if letter.isprintable() else "?" for letter in last)[:120]


def _is_sheet_name(name: str) -> bool:
    return name.lower().endswith(".xlsx")


@dataclass(frozen=True, slots=True)
class _Part:
    """A file that is one of a table's, by its name."""

    member: _Member
    edition: Edition
    number: int

    @property
    def is_sheet(self) -> bool:
        return _is_sheet_name(self.member.name)


def _parts(
    table: TableName, paths: Sequence[Path], unpacking: _Unpacking
) -> Mapping[Edition, Sequence[_Part]]:
    """The files of each edition, each part once and in order.

    Raises: Refused for a path in which there is none, or two that differ.
    """
    found: dict[tuple[Edition, int], _Part] = {}
    for path in paths:
        for part in _parts_of(table, path, unpacking):
            at = part.edition, part.number
            other = found.get(at)
            if other is None or (other.is_sheet and not part.is_sheet):
                found[at] = part
            elif other.is_sheet == part.is_sheet and _digest(other, unpacking) != _digest(
                part, unpacking
            ):
                raise part.member.refused("there are two of this name, and they differ")
    editions: dict[Edition, list[_Part]] = {}
    for at in sorted(found):
        editions.setdefault(at[0], []).append(found[at])
    return editions


def _parts_of(table: TableName, path: Path, unpacking: _Unpacking) -> Sequence[_Part]:
    found = []
    seems = ""
    for member in _members(path, unpacking):
        try:
            identity = _identity(table, member.name)
        except ValueError as error:
            raise member.refused(str(error)) from None
        if identity is None:
            seems = seems or _other(table, member.name)
        elif member.name.lower().endswith(FORMS):
            found.append(_Part(member, *identity))
        else:
            seems = seems or "is none of txt, csv and xlsx"
    if not found:
        given = _base(path.name)
        seems = seems or _other(table, given)
        named = f"no file in it is named as CMS names it, such as {_EXAMPLES[table]}"
        raise Refused(given, f"it {seems}" if seems else named)
    return found


def _digest(part: _Part, unpacking: _Unpacking) -> str:
    digest = hashlib.sha256()
    for chunk in unpacking.chunks(part.member, WHOLE):
        digest.update(chunk)
    return digest.hexdigest()


# --- rows of cells --------------------------------------------------------------------------------

Cells = Sequence[str]
Rows = Iterator[tuple[int, Cells]]
"""Rows by their number in the file, from 1."""

SHEET_COLUMNS = 16  # what stands further to the right is no column of ours
CELL = 100_000


def _lines(part: _Part, data: bytes) -> TextIOWrapper:
    """A text, its line ends as they are. Raises: Refused for what is none."""
    if b"\0" in data:
        raise part.member.refused("it is no plain text")
    try:
        data.decode("utf-8")
        encoding = "utf-8-sig"
    except UnicodeDecodeError:
        encoding = "latin-1"  # only the preamble holds more than ASCII
    return TextIOWrapper(BytesIO(data), encoding, newline="")


def _grids(part: _Part, data: bytes, unpacking: _Unpacking) -> Iterator[Rows]:
    """The tables of a file: one of a text, those of all worksheets. Raises: Refused."""
    if part.is_sheet:
        yield from _Workbook(part, data, unpacking).sheets()
        return
    head = data[:CELL]
    if head.count(b"\t") > head.count(b","):
        reader = csv.reader(_lines(part, data), delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(_lines(part, data), strict=True)
    yield _numbered(part, reader)


def _numbered(part: _Part, reader: Iterator[list[str]]) -> Rows:
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            yield number, cells
    except csv.Error:
        raise part.member.refused("its cells cannot be told apart", number + 1) from None


class _Workbook:
    """An xlsx file. Read with the standard library: rows as they come, no formula, no format, and
    no document type, so that no entity can be declared."""

    def __init__(self, part: _Part, data: bytes, unpacking: _Unpacking) -> None:
        self._part = part
        self._unpacking = unpacking
        self._archive = unpacking.archive(BytesIO(data), part.member.given)

    def sheets(self) -> Iterator[Rows]:
        """The rows of each worksheet, in the order of the tabs."""
        targets = {
            attributes.get("Id", ""): attributes.get("Target", "")
            for tag, attributes, _ in self._elements(
                "xl/_rels/workbook.xml.rels", WHOLE, "Relationship"
            )
            if tag == "<Relationship"
        }
        for tag, attributes, _ in self._elements("xl/workbook.xml", WHOLE, "sheet"):
            if tag == "<sheet":
                key = next((attributes[name] for name in attributes if name.endswith(":id")), "")
                target = targets.get(key, "")
                yield self._rows(target[1:] if target.startswith("/") else f"xl/{target}")

    @cached_property
    def _shared(self) -> Sequence[str]:
        """Texts that cells refer to by number."""
        if "xl/sharedStrings.xml" not in self._archive.namelist():
            return ()
        texts: list[str] = []
        said: list[str] = []
        spoken = False  # how a text is pronounced, in scripts that need it
        for tag, _, text in self._elements("xl/sharedStrings.xml", WHOLE, "rPh"):
            match tag:
                case "<rPh" | "rPh":
                    spoken = tag == "<rPh"
                case "t" if not spoken:
                    said.append(text)
                case "si":
                    texts.append("".join(said))
                    said.clear()
        return texts

    def _rows(self, name: str) -> Rows:
        number, column = 0, -1
        cells: dict[int, str] = {}
        kind = value = ""
        for tag, attributes, text in self._elements(name, SHEET, "row", "c"):
            match tag:
                case "<row":
                    number = _whole(attributes.get("r", "")) or number + 1
                    column, cells = -1, {}
                case "<c":
                    place = attributes.get("r", "")
                    column = _column(place) if place else column + 1
                    if column < 0:
                        raise self._part.member.refused("a cell has no column", number)
                    kind, value = attributes.get("t", "n"), ""
                case "v" | "t":
                    value = (value + text)[:CELL]
                case "c" if column < SHEET_COLUMNS:
                    cells[column] = self._cell(kind, value, number)
                case "row":
                    yield number, [cells.get(at, "") for at in range(SHEET_COLUMNS)]

    def _cell(self, kind: str, value: str, number: int) -> str:
        if kind == "s":
            at = _whole(value)
            if at is None or at >= len(self._shared):
                raise self._part.member.refused("a cell refers to a text that is not there", number)
            return self._shared[at]
        if kind == "n" and value and not value.isdecimal():
            try:
                exact = Decimal(value)
            except InvalidOperation:
                exact = Decimal("NaN")
            if exact.is_finite() and abs(exact) < 10**15 and exact == exact.to_integral_value():
                return str(int(exact))
        return value

    def _elements(
        self, name: str, limit: int, *starts: str
    ) -> Iterator[tuple[str, Mapping[str, str], str]]:
        """The elements of a part where they end, with their text; those in `starts` also where they
        start, as `<tag`, with their attributes.

        Raises: Refused for what is no well-formed XML, or declares a document type.
        """
        from xml.parsers import expat

        member = self._part.member
        found: list[tuple[str, Mapping[str, str], str]] = []
        said: list[str] = []
        length = 0

        def started(tag: str, attributes: dict[str, str]) -> None:
            nonlocal length
            tag = tag.rpartition(":")[2]
            if tag in starts:
                found.append((f"<{tag}", attributes, ""))
            said.clear()
            length = 0

        def ended(tag: str) -> None:
            found.append((tag.rpartition(":")[2], {}, "".join(said)))
            said.clear()

        def written(text: str) -> None:
            nonlocal length
            length += len(text)
            if length > CELL:
                raise member.refused("a cell holds more than any of CMS does")
            said.append(text)

        def declared(*_: object) -> None:
            raise member.refused("it declares a document type, which no workbook does")

        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = started
        parser.EndElementHandler = ended
        parser.CharacterDataHandler = written
        parser.StartDoctypeDeclHandler = declared
        inner = replace(member, open=lambda: _opener(self._archive, self._archive.getinfo(name))())
        try:
            for chunk in self._unpacking.chunks(inner, limit):
                parser.Parse(chunk, False)
                yield from found
                found.clear()
            parser.Parse(b"", True)
        except expat.ExpatError:
            raise member.refused("it is no workbook, or a damaged one") from None
        yield from found


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _column(place: str) -> int:
    """The column of a cell such as B12, from 0; -1 where none is named."""
    number = 0
    for letter in place:
        if not "A" <= letter <= "Z":
            break
        number = min(number * 26 + ord(letter) - 64, 10**6)
    return number - 1


# --- heads ----------------------------------------------------------------------------------------

CODE = re.compile(r"[0-9A-Z][0-9]{3}[0-9A-Z]")
PREAMBLE = 100  # rows that may stand above the heads
HEAD_ROWS = 8  # rows that the heads may take

Heads = Mapping[str, str]
"""What a column is for, and a pattern of its head: letters and digits alone, in lower case. The
first column is one of codes, and tells the heads from the rows."""

PAIR_HEADS: Heads = {
    "column 1": r"column1",
    "column 2": r"column2",
    "effective date": r"effectivedate",
    "deletion date": r"deletiondate(nodata)?",
    "modifier indicator": r"modifier(0notallowed.*)?",
}
MUE_HEADS: Heads = {
    "code": r"hcpcscptcode",
    "MUE of practitioner services": r"practitionerservicesmuevalues",
    "adjudication indicator": r"mueadjudicationindicator",
}
ADD_ON_HEADS: Heads = {
    "add-on code": r"addoncode",
    "type": r"aocedittype",
    "deletion of the add-on code": r"aocdeldt(julian)?",
    "primary code": r"primarycode",
    "deletion of the primary code": r"primarycodedeldt(julian)?",
    "effective date": r"aocediteffdt(julian)?",
    "deletion date": r"aoceditdeldt(julian)?",
}


def _body(part: _Part, data: bytes, heads: Heads, unpacking: _Unpacking) -> Rows:
    """The rows below the heads, of each the cells that are wanted, in the order of `heads`.

    Raises: Refused.
    """
    for rows in _grids(part, data, unpacking):
        found = _headed(part, rows, heads)
        if found is not None:
            break
    else:
        raise part.member.refused(f"it has no column of the {next(iter(heads))}")
    columns, rows = found
    widest = max(columns)
    for number, cells in rows:
        if not any(map(str.strip, cells)):
            continue
        if len(cells) <= widest:
            raise part.member.refused("it has not as many cells as there are columns", number)
        yield number, [cells[column].strip() for column in columns]


def _headed(part: _Part, rows: Rows, heads: Heads) -> tuple[Sequence[int], Rows] | None:
    """Where the columns stand, and the rows below; None for a table without such heads."""
    anchor = next(iter(heads.values()))
    titles: list[str] = []
    for count, (_, cells) in enumerate(rows):
        if any(re.fullmatch(anchor, _letters(cell)) for cell in cells):
            titles = list(cells)
            break
        if count == PREAMBLE:
            return None
    if not titles:
        return None
    at = next(i for i, title in enumerate(titles) if re.fullmatch(anchor, _letters(title)))
    for below, (number, cells) in enumerate(rows):
        if len(cells) > at and CODE.fullmatch(_code(part, cells[at])):
            columns = _columns(part, titles, heads)
            return columns, chain([(number, cells)], rows)
        if below == HEAD_ROWS:
            break
        titles += [""] * (len(cells) - len(titles))
        for i, cell in enumerate(cells):
            titles[i] = f"{titles[i]} {cell}"
    raise part.member.refused("no row follows its heads")


def _columns(part: _Part, titles: Cells, heads: Heads) -> Sequence[int]:
    columns = []
    for name, pattern in heads.items():
        found = [i for i, title in enumerate(titles) if re.fullmatch(pattern, _letters(title))]
        if len(found) != 1:
            many = "more than one" if found else "no"
            raise part.member.refused(f"it has {many} column of the {name}")
        columns += found
    return columns


def _letters(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", title.lower())


def _code(part: _Part, cell: str) -> str:
    """A code. In a sheet it may be a number, which has lost the zeros in front."""
    cell = cell.strip()
    return cell.zfill(5) if part.is_sheet and cell.isdecimal() else cell


# --- what concerns facet claims -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scope:
    """What is taken of the tables.

    Pairs: one code is a facet code, the other any of codes.csv; of other codes no rule can speak.
    Add-on codes: the facet ones, with all their primaries.
    MUE: codes of which the shipped mue.csv says whether a facility's limit is doubled, which CMS
    publishes elsewhere; all facet codes of today are among them.
    """

    facet: frozenset[str]
    known: frozenset[str]
    addons: frozenset[str]
    doubled: Mapping[str, bool]

    @classmethod
    def of(cls, shipped: Tables) -> Scope:
        """Raises: TableError."""
        rows = [row for code in shipped.codes for row in shipped.codes.history(code)]
        return cls(
            frozenset(row.code for row in rows if row.role == "facet"),
            frozenset(row.code for row in rows),
            frozenset(row.code for row in rows if row.role == "facet" and row.addon),
            {code: shipped.mue.history(code)[-1].asc_doubled for code in shipped.mue},
        )


class _Dates:
    """Dates by their text. There are few of them, in millions of cells."""

    def __init__(self, parse: Callable[[str], date]) -> None:
        self._parse = parse
        self._known: dict[str, date | None] = {}

    def get(self, text: str) -> date | None:
        if text not in self._known:
            try:
                self._known[text] = self._parse(text)
            except (ValueError, OverflowError):
                self._known[text] = None
        return self._known[text]


def _calendar(text: str) -> date:
    """20261001"""
    if not re.fullmatch(r"[0-9]{8}", text):
        raise ValueError
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _ordinal(text: str) -> date:
    """2026274, the 274th day of 2026"""
    if not re.fullmatch(r"[0-9]{7}", text):
        raise ValueError
    first = date(int(text[:4]), 1, 1)
    day = first + DAY * (int(text[4:]) - 1)
    if day.year != first.year:
        raise ValueError
    return day


def _pairs(
    part: _Part, data: bytes, scope: Scope, source: str, unpacking: _Unpacking
) -> tuple[Sequence[PairRow], int, str]:
    """The pairs of a part, how many rows it has, and the last code of its column 1.

    A row with indicator 9 was deleted from its first day on: there never was such a pair.
    """
    dates = _Dates(_calendar)
    codes: dict[str, bool] = {}
    taken: list[PairRow] = []
    count, column1 = 0, ""
    for number, (first, second, begins, ends, indicator) in _body(
        part, data, PAIR_HEADS, unpacking
    ):
        count += 1
        column1, column2 = _code(part, first), _code(part, second)
        for code in (column1, column2):
            if code not in codes:
                codes[code] = CODE.fullmatch(code) is not None
            if not codes[code]:
                raise part.member.refused("a code is none", number)
        start = dates.get(begins)
        end = NO_END if ends in ("", "*") else dates.get(ends)
        if start is None or end is None:
            raise part.member.refused("a date is not such as 20261001", number)
        if indicator not in ("0", "1", "9"):
            raise part.member.refused("the modifier indicator is none of 0, 1 and 9", number)
        if indicator == "9" or not (column1 in scope.facet or column2 in scope.facet):
            continue
        if column1 not in scope.known or column2 not in scope.known:
            continue
        if end < start or column1 == column2:
            what = "is paired with itself" if column1 == column2 else "ends before it begins"
            raise part.member.refused(f"a pair {what}", number)
        taken.append(
            PairRow(start, end, source, column1, column2, cast(Literal["0", "1"], indicator))
        )
    return taken, count, column1


def _united(pairs: Iterable[PairRow], given: str) -> Sequence[PairRow]:
    """Pairs in order; those that say the same of the same days are one.

    Raises: Refused where they contradict each other.
    """
    united: list[PairRow] = []
    for row in sorted(pairs, key=lambda row: (row.column1, row.column2, row.start, row.end)):
        before = united[-1] if united else None
        if (
            before is None
            or (before.column1, before.column2) != (row.column1, row.column2)
            or row.start > before.end
        ):
            united.append(row)
        elif row.indicator == before.indicator:
            united[-1] = replace(before, end=max(before.end, row.end))
        else:
            said = f"{row.column1} {row.column2} has indicators 0 and 1 on the same day"
            raise Refused(given, f"the pair {said}")
    return united


def _limits(
    part: _Part, data: bytes, scope: Scope, source: str, unpacking: _Unpacking
) -> tuple[Sequence[MueRow], int, str]:
    """The MUE of a file, how many rows it has, and its last code. They have no last day yet."""
    taken: dict[str, MueRow] = {}
    count, code = 0, ""
    for number, (first, units, indicator) in _body(part, data, MUE_HEADS, unpacking):
        count += 1
        code = _code(part, first)
        if not CODE.fullmatch(code):
            raise part.member.refused("a code is none", number)
        if code not in scope.doubled:
            continue
        if not re.fullmatch(r"[0-9]{1,6}", units):
            raise part.member.refused(f"the MUE of {code} is no whole number", number)
        if not re.fullmatch(r"[123](\s.*)?", indicator, re.DOTALL):
            what = f"the adjudication indicator of {code} is none of 1, 2 and 3"
            raise part.member.refused(what, number)
        mai = cast(Literal["1", "2", "3"], indicator[0])
        row = MueRow(
            part.edition.quarter.start,
            NO_END,
            source,
            code,
            int(units),
            mai,
            scope.doubled[code] and mai != "1",
        )
        if taken.setdefault(code, row) != row:
            raise part.member.refused(f"{code} has more than one MUE", number)
    return [taken[code] for code in sorted(taken)], count, code


@dataclass(frozen=True, slots=True)
class _Primary:
    """An add-on code and one of its primaries, on the days from `start` to `end`."""

    code: str
    primary: str
    start: date
    end: date


def _primaries(
    part: _Part, data: bytes, scope: Scope, unpacking: _Unpacking
) -> tuple[Sequence[_Primary], int]:
    """The primaries that CMS lists for facet add-on codes (type 1), and how many rows there are."""
    dates = _Dates(_ordinal)
    taken: list[_Primary] = []
    count = 0
    for number, (code, kind, gone, primary, primary_gone, begins, ends) in _add_on_rows(
        part, data, unpacking
    ):
        count += 1
        addon = _code(part, code)
        if not CODE.fullmatch(addon) or kind not in ("1", "2", "3"):
            raise part.member.refused("a code or its type is none", number)
        if addon not in scope.addons or kind != "1":
            continue
        parent = _code(part, primary)
        if not CODE.fullmatch(parent):
            raise part.member.refused(f"a primary code of {addon} is none", number)
        start = dates.get(begins)
        last = [dates.get(text) if text else NO_END for text in (gone, primary_gone, ends)]
        known = [day for day in last if day is not None]
        if start is None or len(known) < len(last):
            raise part.member.refused("a date is not such as 2026274", number)
        if start <= min(known):  # else withdrawn before it held
            taken.append(_Primary(addon, parent, start, min(known)))
    return taken, count


ADD_ON_LINE = re.compile(
    r"([123])([0-9A-Z]{5})(\d{7}| {7})([0-9A-Z]{5})(\d{7}| {7})(\d{7}| {7})(\d{7}| {7})(.*)"
)
ADD_ON_COLUMNS = 39  # where the notes begin


def _add_on_rows(part: _Part, data: bytes, unpacking: _Unpacking) -> Rows:
    """Rows in the order of ADD_ON_HEADS, of a sheet or a text of fixed columns."""
    if part.is_sheet:
        yield from _body(part, data, ADD_ON_HEADS, unpacking)
        return
    below = False
    for number, ended in enumerate(_lines(part, data), 1):
        line = ended.rstrip("\r\n")
        found = ADD_ON_LINE.fullmatch(line.ljust(ADD_ON_COLUMNS))
        if found is not None and line == ended and len(line) < ADD_ON_COLUMNS:
            raise part.member.refused("it is cut", number)  # blanks at the end may be stripped
        if found is not None:
            below = True
            kind, code, *others = (cell.strip() for cell in found.groups()[:-1])
            yield number, [code, kind, *others]
        elif line.strip() and (below or re.match(r"[123][0-9A-Z]{5}(\s|\d{7}|$)", line)):
            raise part.member.refused("it does not stand in the columns of an AOC file", number)
        elif number > PREAMBLE:
            break
    if not below:
        raise part.member.refused("it does not stand in the columns of an AOC file")


def _add_ons(primaries: Sequence[_Primary], source: str) -> Sequence[AddOnRow]:
    """Rows of add-on codes: on each day all primaries that are in force."""
    rows: list[AddOnRow] = []
    for code in sorted({each.code for each in primaries}):
        own = [each for each in primaries if each.code == code]
        edges = {each.start for each in own}
        edges |= {each.end + DAY for each in own if each.end < NO_END}
        starts = sorted(edges)
        for start, after in zip_longest(starts, starts[1:]):
            parents = sorted({each.primary for each in own if each.start <= start <= each.end})
            end = NO_END if after is None else after - DAY
            before = rows[-1] if rows else None
            if not parents:
                continue
            if (
                before is not None
                and (before.code, before.parents) == (code, tuple(parents))
                and before.end + DAY == start
            ):
                rows[-1] = replace(before, end=end)
            else:
                rows.append(AddOnRow(start, end, source, code, tuple(parents)))
    return rows


# --- the overlay ----------------------------------------------------------------------------------

Taken = Sequence[Row]
"""Rows of one of the tables."""


@dataclass(frozen=True, slots=True)
class Update:
    """What became of an edition. `newer` is one that is loaded and knows all that this one does."""

    record: Record
    outcome: Literal["added", "replaced", "again", "not needed"]
    newer: Edition | None = None


def update(
    folder: Path,
    shipped: Tables,
    day: date,
    *,
    ncci: Sequence[Path] = (),
    mue: Sequence[Path] = (),
    addons: Sequence[Path] = (),
) -> Sequence[Update]:
    """Read quarterly files into the overlay `folder`, which is made where there is none.

    The folder then holds the rows of all that was ever loaded into it, in whatever order: SOURCES,
    the tables, QUARTERS and MANIFEST, each written whole and readable by all. All files are read
    before the first is written.

    Args: day, of the download, for SOURCES and QUARTERS; ncci needs all parts of its quarter.
    Raises: Refused for a file; TableError for an overlay that cannot be used; OSError.
    """
    overlay = _Overlay.read(folder)
    scope = Scope.of(shipped)
    given: Mapping[TableName, Sequence[Path]]
    given = {"addons.csv": addons, "mue.csv": mue, "ncci.csv": ncci}
    updates = []
    with ExitStack() as stack:
        unpacking = _Unpacking(stack)
        for table in TABLES:
            for edition, parts in _parts(table, given[table], unpacking).items():
                rows, files = _read(table, edition, parts, scope, unpacking)
                record = Record(table, edition, len(rows), day.isoformat(), files)
                overlay, done = overlay.with_edition(record, rows)
                updates.append(done)
    if updates:
        overlay.write()
    return updates


TOGETHER = "give all parts of a quarter together"


def _read(
    table: TableName,
    edition: Edition,
    parts: Sequence[_Part],
    scope: Scope,
    unpacking: _Unpacking,
) -> tuple[Taken, tuple[File, ...]]:
    """The rows of an edition that concern facet claims, and its files.

    Raises: Refused for one that is not whole.
    """
    source = source_key(table, edition.quarter)
    given = parts[0].member.given
    files: list[File] = []
    pairs: list[PairRow] = []
    primaries: list[_Primary] = []
    taken: Taken = ()
    last = ""
    for number, part in enumerate(parts, 1):
        if part.number != number:
            what = f"part f{number} of {edition} is not there"
            raise Refused(given, what, hint=TOGETHER)
        data = unpacking.whole(part.member)
        for magic, what in _MAGIC:
            if data.startswith(magic):
                raise part.member.refused(f"it {what}", hint="give it as CMS publishes it")
        if table == "ncci.csv":
            found, count, last = _pairs(part, data, scope, source, unpacking)
            pairs += found
        elif table == "mue.csv":
            taken, count, last = _limits(part, data, scope, source, unpacking)
        else:
            also, count = _primaries(part, data, scope, unpacking)
            primaries += also
        files.append(File(part.member.name, hashlib.sha256(data).hexdigest(), count))
    # Both tables are in order of their codes, and codes that begin with a letter come last.
    if table != "addons.csv" and not last[:1].isalpha():
        what = f"{edition} ends before the codes that begin with a letter"
        raise Refused(given, what, hint=TOGETHER if table == "ncci.csv" else "")
    if table == "ncci.csv":
        taken = _united(pairs, given)
    elif table == "addons.csv":
        taken = _add_ons(primaries, source)
    if not taken:
        raise Refused(given, "no row of it is about a facet code")
    return taken, tuple(files)


def check(folder: Path) -> list[str]:
    """All that is wrong with an overlay, each with its file; it may lie beside profiles."""
    from adapter.schema import check_table

    files = Folder(folder)
    try:
        keys = files.source_keys
        problems = [
            f"{name}: {problem}"
            for name in (SOURCES, *TABLES)
            if (folder / name).is_file()
            for problem in check_table(name, files.read(name)[0], keys)
        ]
        if not problems:
            _Overlay.read(folder)
    except TableError as error:
        return [str(error)]
    return problems


@dataclass(frozen=True, slots=True)
class _Overlay:
    """What a folder holds, or will: editions, and the rows of each."""

    folder: Path
    editions: Mapping[tuple[TableName, Quarter], tuple[Record, Taken]]

    @classmethod
    def read(cls, folder: Path) -> _Overlay:
        """Raises: TableError, also for tables that were not written by `update`."""
        files = Folder(folder)
        records = loaded(folder)
        for name in (*TABLES, SOURCES, MANIFEST):
            if (folder / name).exists() and not records:
                raise files.broken(name, "is not of facet tables update; name another folder")
        editions: dict[tuple[TableName, Quarter], tuple[Record, Taken]] = {}
        tables = Tables(folder)
        for record in records:
            source = source_key(record.table, record.quarter)
            rows = tuple(_of_source(tables, record.table, source))
            if len(rows) != record.rows:
                what = f"{record.table} has not the rows that it says; load its quarters anew"
                raise files.broken(QUARTERS, f"{what}, into an empty folder")
            editions[record.table, record.quarter] = record, rows
        return cls(folder, editions)

    def with_edition(self, record: Record, rows: Taken) -> tuple[_Overlay, Update]:
        """The overlay with one more edition, or as it was where it needs none."""
        at = record.table, record.quarter
        others = {key: known[0] for key, known in self.editions.items() if key[0] == record.table}
        newer = [known.edition for known in others.values() if _outdates(known, record)]
        if newer:
            return self, Update(record, "not needed", max(newer))
        before = others.get(at)
        outcome: Literal["added", "replaced", "again"] = "added"
        if before is not None:
            same = before.edition == record.edition and before.files == record.files
            outcome = "again" if same else "replaced"
            if same:
                record = replace(record, retrieved=before.retrieved)
        kept = {
            key: known
            for key, known in self.editions.items()
            if not (key[0] == record.table and _outdates(record, known[0]))
        }
        kept[at] = record, rows
        return _Overlay(self.folder, kept), Update(record, outcome)

    def write(self) -> None:
        """Each file is there whole or as it was. SOURCES, whose keys never change, holds the old
        ones too until all rows are written, and MANIFEST comes last: of a run that is killed
        between two files there is an overlay that can be used, and is checked."""
        files = self._files()
        self._check(files)
        self.folder.mkdir(parents=True, exist_ok=True)
        both = {row[0]: row for row in map(_source, (*loaded(self.folder), *self._records()))}
        for name, data in ((SOURCES, _sources(both.values())), *files.items()):
            with sink(self.folder / name, private=True) as out:
                os.fchmod(out.fileno(), 0o644)  # 0600 is for what is about patients
                out.write(data)

    def _records(self) -> Sequence[Record]:
        records = (record for record, _ in self.editions.values())
        return sorted(records, key=lambda record: (record.table, record.edition))

    def _files(self) -> Mapping[str, bytes]:
        """Contents by name, in the order in which they are written."""
        records = self._records()
        files: dict[str, bytes] = {}
        for table in TABLES:
            if rows := sorted(self._rows(table), key=_order):
                files[table] = _csv(_COLUMNS[table], map(_cells, rows))
        said = {
            table: [_said(record) for record in records if record.table == table]
            for table in TABLES
            if table in files
        }
        files[QUARTERS] = _json({"schema": SCHEMA, "tables": said})
        files[SOURCES] = _sources(map(_source, records))
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
        newest = max(record.quarter for record in records)
        files[MANIFEST] = _json({"version": str(newest), **digests})
        return files

    def _rows(self, table: TableName) -> Sequence[Row]:
        """A table's rows. Those of an MUE quarter end where the next one begins."""
        quarters = sorted(quarter for name, quarter in self.editions if name == table)
        rows: list[Row] = []
        for quarter, after in zip_longest(quarters, quarters[1:]):
            _, taken = self.editions[table, quarter]
            if table == "mue.csv":
                end = NO_END if after is None else after.start - DAY
                rows += [replace(row, end=end) for row in taken]
            else:
                rows += taken
        return rows

    def _check(self, files: Mapping[str, bytes]) -> None:
        """What is written has to pass as any table does that a user edits."""
        from adapter.schema import check_table  # pydantic: only when an overlay is written

        keys = {source_key(*at) for at in self.editions}
        for name in (SOURCES, *TABLES):
            if name in files:
                problems = check_table(name, files[name], None if name == SOURCES else keys)
                if problems:
                    raise Folder(self.folder).broken(name, problems[0])


def _outdates(one: Record, other: Record) -> bool:
    """Whether an edition leaves nothing to another: a later release of its quarter, and of the
    tables that know all dates any later quarter."""
    if one.table == "mue.csv":
        return one.quarter == other.quarter and one.edition > other.edition
    return one.edition > other.edition


def _of_source(tables: Tables, name: TableName, source: str) -> Iterator[Row]:
    table = _table(tables, name)
    for key in table:
        yield from (row for row in table.history(key) if row.source == source)


def _table(tables: Tables, name: TableName) -> Any:
    match name:
        case "addons.csv":
            return tables.addons
        case "mue.csv":
            return tables.mue
        case "ncci.csv":
            return tables.ncci


_COLUMNS: Mapping[TableName, Sequence[str]] = {
    "addons.csv": ("code", "parents", "start", "end", "source"),
    "mue.csv": ("code", "start", "end", "units", "mai", "asc_doubled", "source"),
    "ncci.csv": ("column1", "column2", "start", "end", "indicator", "source"),
}


def _order(row: Row) -> tuple[str, ...]:
    """What the rows of a table are sorted by."""
    key = _cells(row)[: 2 if isinstance(row, PairRow) else 1]
    return *key, row.start.isoformat()


def _cells(row: Row) -> Sequence[str]:
    start = "" if row.start == ANY_DAY else row.start.isoformat()
    end = "" if row.end == NO_END else row.end.isoformat()
    match row:
        case MueRow():
            doubled = "yes" if row.asc_doubled else ""
            return row.code, start, end, str(row.units), row.mai, doubled, row.source
        case PairRow():
            return row.column1, row.column2, start, end, row.indicator, row.source
        case AddOnRow():
            return row.code, " ".join(row.parents), start, end, row.source
        case _:
            raise AssertionError("no row of a quarterly table")


def _sources(rows: Iterable[tuple[str, ...]]) -> bytes:
    return _csv(("key", "title", "url", "confidence", "retrieved"), sorted(rows))


def _source(record: Record) -> tuple[str, ...]:
    title, url = _TITLES[record.table]
    return (
        source_key(record.table, record.quarter),
        f"CMS: {title}, {record.edition}",
        url,
        "primary",
        record.retrieved,
    )


def _said(record: Record) -> Mapping[str, object]:
    return {
        "quarter": str(record.quarter),
        "release": record.edition.release,
        "rows": record.rows,
        "retrieved": record.retrieved,
        "files": [
            {"name": file.name, "sha256": file.sha256, "rows": file.rows} for file in record.files
        ],
    }


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8")


def _json(content: Mapping[str, object]) -> bytes:
    return f"{json.dumps(content, indent=2)}\n".encode()


# --- one layer over the other ---------------------------------------------------------------------

R = TypeVar("R", bound=Row)
Window = tuple[date, date]
"""A first and a last day."""


@dataclass(frozen=True, slots=True)
class Layer(Generic[R]):
    """A table's rows by key in one folder, and the quarters that they are of."""

    rows: Sequence[tuple[str, R]]
    quarters: Sequence[Quarter]


def merged(name: TableName, below: Layer[R], above: Layer[R]) -> Iterator[tuple[str, R]]:
    """The rows of two layers as one table: the user's above, the shipped ones below.

    Of every day the newest quarter that had begun says what holds, the user's where both have it.
    MUE: each quarter holds until the next of either layer. Pairs: the user's newest quarter knows
    all dates, and holds until a shipped quarter that is newer. Add-on codes: the same, of each code
    from the first day that CMS lists; what came before it, and codes that CMS does not list, are
    the shipped rows'.
    Returns: rows that hold on no day of another one of their key, if those of each layer do not.
    """
    if not above.quarters:
        yield from below.rows
        return
    newer = min((each for each in below.quarters if each > max(above.quarters)), default=None)
    last = NO_END if newer is None else newer.start - DAY
    if name == "mue.csv":
        windows = _quarter_windows(below.quarters, above.quarters)
        yield from over(below.rows, above.rows, lambda key: windows)
    elif name == "ncci.csv":
        yield from over(below.rows, above.rows, lambda key: [(ANY_DAY, last)])
    else:
        first: dict[str, date] = {}
        for key, row in above.rows:
            first[key] = min(row.start, first.get(key, NO_END))
        yield from over(
            below.rows,
            above.rows,
            lambda key: [(first[key], last)] if key in first and first[key] <= last else [],
        )


def _quarter_windows(below: Iterable[Quarter], above: Iterable[Quarter]) -> Sequence[Window]:
    """The days on which a quarter of the upper layer is the newest that had begun."""
    upper = set(above)
    quarters = sorted(upper.union(below))
    return [
        (quarter.start, NO_END if after is None else after.start - DAY)
        for quarter, after in zip_longest(quarters, quarters[1:])
        if quarter in upper
    ]


def over(
    below: Iterable[tuple[str, R]],
    above: Iterable[tuple[str, R]],
    covered: Callable[[str], Sequence[Window]],
) -> Iterator[tuple[str, R]]:
    """Within the windows of its key a row of `above`, outside of them one of `below`.

    Args: covered, the windows of a key, in order and apart from each other.
    """
    for key, row in above:
        for part in _cut(row, covered(key)):
            yield key, part
    for key, row in below:
        for part in _cut(row, _gaps(covered(key))):
            yield key, part


def _cut(row: R, windows: Iterable[Window]) -> Iterator[R]:
    """The parts of a row that lie in the windows."""
    for first, last in windows:
        start, end = max(row.start, first), min(row.end, last)
        if start <= end:
            same = (start, end) == (row.start, row.end)
            yield row if same else replace(row, start=start, end=end)


def _gaps(windows: Iterable[Window]) -> Iterator[Window]:
    """The days between, before and after windows."""
    free = ANY_DAY
    for first, last in windows:
        if free < first:
            yield free, first - DAY
        if last == NO_END:
            return
        free = last + DAY
    yield free, NO_END


# --- status and difference ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """An edition on a day: `days` since its quarter began, below zero before. `place` is the
    number of its folder."""

    record: Record
    place: int
    days: int


@dataclass(frozen=True, slots=True)
class Status:
    """A table on a day: its editions, newest first, and what is wrong with them, if anything."""

    table: TableName
    editions: tuple[Standing, ...]
    warning: str | None


def status(folders: Sequence[Path], day: date) -> Sequence[Status]:
    """What is loaded of each table on a day.

    Args: folders, the shipped one first; day, usually today.
    Raises: TableError.
    """
    standings = [
        Standing(record, place, (day - record.quarter.start).days)
        for place, folder in enumerate(folders)
        for record in loaded(folder)
    ]
    standings.sort(key=lambda each: (each.record.edition, each.place), reverse=True)
    found = []
    for table in TABLES:
        own = tuple(each for each in standings if each.record.table == table)
        found.append(Status(table, own, _warning(table, own, Quarter.of(day))))
    return found


PLACES = ("shipped", "yours")


def plain(status: Status) -> dict[str, object]:
    """A status for JSON."""
    return {
        "table": status.table,
        "quarters": [
            {
                "quarter": str(each.record.quarter),
                "from": PLACES[each.place],
                "days": each.days,
                "rows": each.record.rows,
            }
            for each in status.editions
        ],
        "warning": status.warning,
    }


def _warning(table: TableName, editions: Sequence[Standing], now: Quarter) -> str | None:
    quarters = [each.record.quarter for each in editions]
    if not quarters:
        return f"{now} is not loaded, and no other quarter is"
    if now in quarters or (table != "mue.csv" and max(quarters) > now):
        return None
    begun = [quarter for quarter in quarters if quarter < now]
    if not begun:
        return f"{now} is not loaded, and the first that is begins later"
    return f"{now} is not loaded; {max(begun)} stands in for it"


Snapshot = Mapping[TableName, Mapping[str, Row]]
"""The rows of the quarterly tables that are in force on a day, by key."""


def in_force(tables: Tables, day: date) -> Snapshot:
    """Raises: TableError."""
    return {name: _table(tables, name).on(day) for name in TABLES}


@dataclass(frozen=True, slots=True)
class Difference:
    """A key of a table: `old` is None for a row that is new, `new` for one that is gone."""

    table: TableName
    key: str
    old: Row | None
    new: Row | None

    @property
    def what(self) -> Literal["added", "removed", "changed"]:
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"


def diff(old: Snapshot, new: Snapshot) -> Sequence[Difference]:
    """What another snapshot says otherwise, by table and key. Dates and sources do not count."""
    found = []
    for table in TABLES:
        before, after = old.get(table, {}), new.get(table, {})
        for key in sorted({*before, *after}):
            one, other = before.get(key), after.get(key)
            if _content(one) != _content(other):
                found.append(Difference(table, key, one, other))
    return found


def _content(row: Row | None) -> Sequence[object] | None:
    if row is None:
        return None
    window = {field.name for field in dataclass_fields(Row)}
    return [getattr(row, field.name) for field in dataclass_fields(row) if field.name not in window]
