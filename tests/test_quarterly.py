"""The quarterly tables of CMS: each layout that is published, and the overlay that comes of it."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_STORED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter import quarterly
from adapter.quarterly import (
    TABLES,
    Difference,
    Edition,
    Layer,
    Quarter,
    Refused,
    TableName,
    check,
    diff,
    in_force,
    loaded,
    merged,
    over,
    source_key,
    status,
    update,
)
from adapter.sinks import sink
from adapter.tables import (
    ANY_DAY,
    NO_END,
    AddOnRow,
    Folder,
    MueRow,
    PairRow,
    Row,
    Table,
    TableError,
    Tables,
    shipped,
)
from tests import cms
from tests.cms import add_on, pair

SHIPPED = shipped()
TODAY = date(2026, 11, 25)
PAIRS = [
    pair("20552 64493 20170101 * 1"),  # the facet code is in column 2
    pair("22510 77003 20150101 * 1"),  # no facet code
    pair("64470 76000 20000101 20091231 1"),  # a facet code of its time
    pair("64490 64493 20100101 20100101 9"),  # deleted from its first day on
    pair("64490 77003 20100101 * 1"),
    pair("64493 99213 20100101 20121231 0"),
    pair("64493 99213 20130101 * 1"),
    pair("64635 12345 20120101 * 1"),  # a code of which no rule can speak
    pair("64635 64493 20120101 * 1"),
]
NCCI_CSV = """\
column1,column2,start,end,indicator,source
20552,64493,2017-01-01,,1,S733
64470,76000,2000-01-01,2009-12-31,1,S733
64490,77003,2010-01-01,,1,S733
64493,99213,2010-01-01,2012-12-31,0,S733
64493,99213,2013-01-01,,1,S733
64635,64493,2012-01-01,,1,S733
"""
LIMITS: cms.Limits = {"64493": (1, "2"), "64636": (4, "3"), "J3301": (10, "3"), "99213": (2, "3")}
MUE_CSV = """\
code,start,end,units,mai,asc_doubled,source
64493,2026-10-01,,1,2,yes,S567
64636,2026-10-01,,4,3,yes,S567
J3301,2026-10-01,,10,3,,S567
"""
ADD_ONS = [
    add_on("64491 64490"),
    add_on("64492 64490"),
    add_on("64492 64491"),
    add_on("64494 64490", "2020-01-01"),
    add_on("64494 64493"),
    add_on("77003 62267"),  # imaging
    add_on("64636 64635", kind="3"),
]
ADDONS_CSV = """\
code,parents,start,end,source
64491,64490,2013-04-01,,S899
64492,64490 64491,2013-04-01,,S899
64494,64493,2013-04-01,2019-12-31,S899
64494,64490 64493,2020-01-01,,S899
"""

Files = Mapping[str, bytes]


def ncci(pairs: Sequence[cms.Pair] = PAIRS, quarter: str = "2026Q4", **more: int) -> Files:
    return cms.pair_files(pairs, quarter, **more)


def mue(limits: cms.Limits = LIMITS, quarter: str = "2026Q4") -> Files:
    return {cms.mue_name(quarter): cms.comma_separated(cms.mue_grid(limits))}


def addons(rows: Sequence[cms.AddOn] = ADD_ONS, quarter: str = "2026Q4") -> Files:
    return {cms.add_on_name(quarter): cms.add_on_text(rows)}


PUBLISHED: Mapping[TableName, Callable[[], Files]] = {
    "addons.csv": addons,
    "mue.csv": mue,
    "ncci.csv": ncci,
}


class Desk:
    """A folder with downloads, and the overlay that they go into."""

    def __init__(self, folder: Path) -> None:
        self.downloads = folder / "downloads"
        self.downloads.mkdir(parents=True)
        self.overlay = folder / "tables"

    def save(self, files: Files) -> list[Path]:
        paths = []
        for name, data in files.items():
            paths.append(self.downloads / name)
            paths[-1].write_bytes(data)
        return paths

    def load(self, table: TableName, files: Files, day: date = TODAY) -> Sequence[quarterly.Update]:
        paths = self.save(files)
        return update(self.overlay, SHIPPED, day, **{table.removesuffix(".csv"): paths})

    def text(self, name: str) -> str:
        return (self.overlay / name).read_text("utf-8")

    def content(self) -> Mapping[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.overlay.iterdir())}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# --- what is taken --------------------------------------------------------------------------------


def test_pairs_that_hold_a_facet_code_are_taken(desk: Desk) -> None:
    (done,) = desk.load("ncci.csv", ncci())
    assert desk.text("ncci.csv") == NCCI_CSV
    assert (done.outcome, done.record.rows) == ("added", 6)


def test_limits_whose_doubling_is_known_are_taken(desk: Desk) -> None:
    desk.load("mue.csv", mue())
    assert desk.text("mue.csv") == MUE_CSV  # of a visit mue.csv does not say whether it doubles


def test_a_limit_of_the_line_is_never_doubled(desk: Desk) -> None:
    desk.load("mue.csv", mue({"64493": (1, "1")}))
    assert desk.text("mue.csv").splitlines()[1] == "64493,2026-10-01,,1,1,,S567"


def test_primaries_of_facet_add_ons_are_taken(desk: Desk) -> None:
    desk.load("addons.csv", addons())
    assert desk.text("addons.csv") == ADDONS_CSV


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([add_on("64491 64490", end="2024-12-31")], ["64490,2013-04-01,2024-12-31"]),
        (
            [add_on("64494 64493"), add_on("64494 64490", "2020-01-01", "2021-12-31")],
            [
                "64493,2013-04-01,2019-12-31",
                "64490 64493,2020-01-01,2021-12-31",
                "64493,2022-01-01,",
            ],
        ),
        (
            [add_on("64491 64490", end="2015-12-31"), add_on("64491 64490", "2016-01-01")],
            ["64490,2013-04-01,"],
        ),
        (
            [add_on("64491 64490", end="2015-12-31"), add_on("64491 64490", "2018-01-01")],
            ["64490,2013-04-01,2015-12-31", "64490,2018-01-01,"],
        ),
        ([("1", "64491", "2022365", "64490", "", "2013091", "")], ["64490,2013-04-01,2022-12-31"]),
        ([("1", "64491", "", "64490", "2021365", "2013091", "")], ["64490,2013-04-01,2021-12-31"]),
        (
            [add_on("64491 64490"), add_on("64491 64493", "2013-04-01", "2013-03-31")],
            ["64490,2013-04-01,"],  # withdrawn before it held
        ),
        ([add_on("64491 64490"), add_on("64491 12345")], ["12345 64490,2013-04-01,"]),
    ],
)
def test_the_primaries_of_each_day(
    desk: Desk, rows: Sequence[cms.AddOn], expected: Sequence[str]
) -> None:
    desk.load("addons.csv", addons(rows))
    written = desk.text("addons.csv").splitlines()[1:]
    assert [line.partition(",")[2].rpartition(",")[0] for line in written] == expected


def test_an_overlay_says_where_its_rows_are_from(desk: Desk) -> None:
    files = {**ncci(), **mue(), **addons()}
    paths = desk.save(files)
    update(desk.overlay, SHIPPED, TODAY, ncci=paths[:4], mue=paths[4:5], addons=paths[5:])
    sources = list(csv.DictReader(desk.text("sources.csv").splitlines()))
    assert [(row["key"], row["confidence"], row["retrieved"]) for row in sources] == [
        ("S567", "primary", "2026-11-25"),
        ("S733", "primary", "2026-11-25"),
        ("S899", "primary", "2026-11-25"),
    ]
    assert all(row["title"].endswith(", 2026Q4") for row in sources)
    assert all(row["url"].startswith("https://www.cms.gov/") for row in sources)
    said = json.loads(desk.text("quarters.json"))
    assert said["schema"] == "facet-quarters/1"
    (record,) = said["tables"]["ncci.csv"]
    assert {**record, "files": len(record["files"])} == {
        "quarter": "2026Q4", "release": 0, "rows": 6, "retrieved": "2026-11-25", "files": 4,
    }  # fmt: skip
    assert record["files"][3] == {
        "name": "ccipra-v323r0-f4.TXT",
        "sha256": hashlib.sha256(files["ccipra-v323r0-f4.TXT"]).hexdigest(),
        "rows": 9,
    }
    assert str(desk.downloads) not in desk.text("quarters.json")


def test_an_overlay_is_trusted_and_readable_by_all(desk: Desk) -> None:
    for table, files in PUBLISHED.items():
        desk.load(table, files())
    assert sorted(desk.content()) == sorted(
        (*TABLES, "manifest.json", "quarters.json", "sources.csv")
    )
    for name in desk.content():
        assert stat.S_IMODE((desk.overlay / name).stat().st_mode) == 0o644
        assert Folder(desk.overlay).read(name)[1] is (name != "manifest.json")
    tables = Tables(desk.overlay)
    assert tables.mue.on(TODAY)["64636"].units == 4
    assert tables.ncci.on(date(2012, 6, 1))["64493 99213"].indicator == "0"
    assert tables.sources[tables.mue.on(TODAY)["64636"].source].confidence == "primary"
    assert Folder(desk.overlay).manifest["version"] == "2026Q4"


def test_a_run_with_an_overlay_does_not_pay_for_the_checks(desk: Desk) -> None:
    desk.load("mue.csv", mue())
    program = """
import sys
from datetime import date
from pathlib import Path
from adapter import quarterly
from adapter.tables import Tables
Tables(Path(sys.argv[1])).mue.on(date(2026, 11, 1))["64493"], quarterly.loaded(Path(sys.argv[1]))
sys.exit("pydantic" in sys.modules or "xml" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program, desk.overlay], check=False)
    assert done.returncode == 0


# --- each layout ----------------------------------------------------------------------------------


def pair_sheet(number: int, **layout: bool) -> bytes:
    own = [each for each in PAIRS if (each[0] < "26") == (number == 1)] if number in (1, 4) else []
    grid = cms.pair_grid(cms.pair_part(number, own))
    return cms.xlsx(grid, **layout)


def pair_sheets(**layout: bool) -> Files:
    return {f"ccipra-v323r0-f{n}.xlsx": pair_sheet(n, **layout) for n in (1, 2, 3, 4)}


def as_numbers(grid: cms.Grid) -> cms.Grid:
    """All that can be a number is one, zeros in front or not, as a spreadsheet makes of it."""
    return [[int(cell) if str(cell).isdecimal() else cell for cell in row] for row in grid]


def quoted(grid: cms.Grid) -> bytes:
    return "".join(
        ",".join('"' + str(cell).replace('"', '""') + '"' for cell in row) + "\n" for row in grid
    ).encode()


def changed(files: Files, change: Callable[[bytes], bytes]) -> Files:
    return {name: change(data) for name, data in files.items()}


def renamed(files: Files, old: str, new: str) -> Files:
    return {name.replace(old, new): data for name, data in files.items()}


TWIN = {**pair_sheets(), **ncci()}
NCCI_LAYOUTS: Mapping[str, Callable[[], Files]] = {
    "texts": ncci,
    "line feeds": lambda: changed(ncci(), lambda data: data.replace(b"\r\n", b"\n")),
    "carriage returns": lambda: changed(ncci(), lambda data: data.replace(b"\r\n", b"\r")),
    "byte order mark": lambda: changed(ncci(), lambda data: b"\xef\xbb\xbf" + data),
    "blank rows": lambda: changed(ncci(), lambda data: data + b"\r\n\t\t\t\t\t\t\r\n"),
    "no last line end": lambda: changed(ncci(), lambda data: data.removesuffix(b"\r\n")),
    "blanks around": lambda: changed(ncci(), lambda data: data.replace(b"\t1\t", b" \t 1 \t")),
    "no rationale": lambda: changed(ncci(), lambda data: data.replace(b"\tMade up", b"")),
    "no data as blank": lambda: changed(ncci(), lambda data: data.replace(b"\t*\t", b"\t\t")),
    "a registered trade mark": lambda: changed(ncci(), lambda data: b"CPT\xae\r\n" + data),
    "heads in one row": lambda: {
        name: cms.tabbed(cms.PAIR_HEADS_IN_ONE_ROW) + data.split(b"applicable\t\r\n")[1]
        for name, data in ncci().items()
    },
    "commas": lambda: changed(ncci(), lambda data: data.replace(b"\t", b",")),
    "lower case names": lambda: {name.lower(): data for name, data in ncci().items()},
    "sheets": pair_sheets,
    "sheets without shared texts": lambda: pair_sheets(shared=False),
    "sheets without places": lambda: pair_sheets(places=False),
    "zips": lambda: {
        f"medicare-ncci-2026q4-practitioner-ptp-edits-{name[:-4].lower()}.zip": cms.zipped(
            {name: data, "AMA license.pdf": b"%PDF", f"{name[:-4]}.xlsx": b"not looked at"}
        )
        for name, data in ncci().items()
    },
    "one zip": lambda: {"q4.zip": cms.zipped({f"2026/{n}": data for n, data in ncci().items()})},
    "stored": lambda: {"q4.zip": cms.zipped(dict(ncci()), method=ZIP_STORED)},
    "zip in zip": lambda: {
        "all.zip": cms.zipped(
            {"read me.txt": b"", "f14.ZIP": cms.zipped({"f.zip": cms.zipped(dict(ncci()))})}
        )
    },
    "a text beside its sheet": lambda: TWIN,
    "a sheet in a zip": lambda: {"q4.zip": cms.zipped(dict(pair_sheets()))},
    "a part given twice": lambda: {"again.zip": cms.zipped(dict(ncci())), **ncci()},
}


@pytest.mark.parametrize("layout", NCCI_LAYOUTS)
def test_pairs_in_every_layout(desk: Desk, layout: str) -> None:
    desk.load("ncci.csv", NCCI_LAYOUTS[layout]())
    assert desk.text("ncci.csv") == NCCI_CSV


GRID = cms.mue_grid(LIMITS)
MUE_LAYOUTS: Mapping[str, Callable[[], Files]] = {
    "text": mue,
    "line feeds": lambda: {cms.mue_name(): cms.comma_separated(GRID, "\n")},
    "byte order mark": lambda: changed(mue(), lambda data: b"\xef\xbb\xbf" + data),
    "windows-1252": lambda: changed(mue(), lambda data: data.decode().encode("cp1252")),
    "every cell quoted": lambda: {cms.mue_name(): quoted(GRID)},
    "preamble in many rows": lambda: {
        cms.mue_name(): cms.comma_separated(
            [*([line] for line in cms.NOTICE.split("\n")), *GRID[1:]]
        )
    },
    "a head in one line": lambda: changed(mue(), lambda d: d.replace(b"HCPCS/\nCPT", b"HCPCS/CPT")),
    "more columns": lambda: {
        cms.mue_name(): cms.comma_separated([["", *row, "more"] for row in GRID])
    },
    "tabs": lambda: {
        cms.mue_name(): cms.tabbed([(cms.COPYRIGHT,), ("HCPCS/CPT Code", *GRID[1][1:]), *GRID[2:]])
    },
    "sheet": lambda: {cms.mue_name(ending="xlsx"): cms.xlsx(GRID)},
    "sheet with numbers": lambda: {cms.mue_name(ending="xlsx"): cms.xlsx(as_numbers(GRID))},
    "second worksheet": lambda: {
        cms.mue_name(ending="xlsx"): cms.xlsx([["About these figures"], ["", "none"]], [], GRID)
    },
    "zip": lambda: {
        "medicare-ncci-2026-q4-practitioner-services-mue-table.zip": cms.zipped(
            {cms.mue_name(ending="xlsx"): b"not looked at", **mue()}
        )
    },
}


@pytest.mark.parametrize("layout", MUE_LAYOUTS)
def test_limits_in_every_layout(desk: Desk, layout: str) -> None:
    desk.load("mue.csv", MUE_LAYOUTS[layout]())
    assert desk.text("mue.csv") == MUE_CSV


ADD_ON_GRID = cms.add_on_grid(ADD_ONS)
JULIAN = [cms.ADD_ON_HEADS[0], [f"{head} (Julian)" if "DT" in str(head) else head
                                for head in cms.ADD_ON_HEADS[1]]]  # fmt: skip
ADD_ON_LAYOUTS: Mapping[str, Callable[[], Files]] = {
    "text": addons,
    "line feeds": lambda: changed(addons(), lambda data: data.replace(b"\r\n", b"\n")),
    "blanks at the end stripped": lambda: changed(
        addons(), lambda data: b"\n".join(map(bytes.rstrip, data.split(b"\n")))
    ),
    "no last line end": lambda: changed(addons(), lambda data: data.removesuffix(b"\r\n")),
    "preamble": lambda: changed(
        addons(), lambda data: f"{cms.COPYRIGHT}\r\n\r\n2026 AOC\r\n".encode() + data
    ),
    "byte order mark": lambda: changed(addons(), lambda data: b"\xef\xbb\xbf" + data),
    "notes": lambda: changed(
        addons(), lambda data: data.replace(b" " * 58 + b"\r", b"(Made up) ".ljust(58) + b"\r")
    ),
    "another name": lambda: {"AOC_V2026Q4_01-MCR.TXT": addons()[cms.add_on_name()]},
    "an old name": lambda: {"AOC_V2026Q4-MCR.txt": addons()[cms.add_on_name()]},
    "sheet": lambda: {"AOC_V2026Q4-MCR.xlsx": cms.xlsx(ADD_ON_GRID)},
    "sheet with numbers": lambda: {"AOC_V2026Q4-MCR.xlsx": cms.xlsx(as_numbers(ADD_ON_GRID))},
    "sheet with other heads": lambda: {
        "AOC_V2026Q4-MCR.xlsx": cms.xlsx(cms.add_on_grid(ADD_ONS, JULIAN))
    },
    "zip": lambda: {
        "add-code-edits-medicare-effective-10012026.zip": cms.zipped(
            {**addons(), "AOC_V2026Q4-MCR.xlsx": b"not looked at"}
        )
    },
}


@pytest.mark.parametrize("layout", ADD_ON_LAYOUTS)
def test_add_ons_in_every_layout(desk: Desk, layout: str) -> None:
    desk.load("addons.csv", ADD_ON_LAYOUTS[layout]())
    assert desk.text("addons.csv") == ADDONS_CSV


def test_pairs_that_say_the_same_of_the_same_days_are_one(desk: Desk) -> None:
    own = [pair("64635 64493 20120101 20151231 1"), pair("64635 64493 20150101 * 1")]
    desk.load("ncci.csv", ncci([*own, own[1]]))
    assert desk.text("ncci.csv").splitlines()[1:] == ["64635,64493,2012-01-01,,1,S733"]


def test_how_a_text_is_pronounced_is_no_part_of_it(desk: Desk) -> None:
    data = sheet_with(b"</si>", b"<rPh sb='0' eb='1'><t>x</t></rPh></si>")
    desk.load("mue.csv", {MUE_SHEET: data})
    assert desk.text("mue.csv") == MUE_CSV


def test_a_number_in_a_sheet_gets_back_the_zeros_of_a_code(desk: Desk) -> None:
    own = pair("01937 64490 20220101 * 1")
    files = dict(pair_sheets())
    grid = as_numbers(cms.pair_grid(cms.pair_part(1, [own])))
    assert 1937 in [row[0] for row in grid]
    files["ccipra-v323r0-f1.xlsx"] = cms.xlsx(grid)
    desk.load("ncci.csv", files)
    assert "\n01937,64490,2022-01-01,,1,S733\n" in desk.text("ncci.csv")


@pytest.mark.parametrize("value", ["1", "1.0", "1E0", "10e-1"])
def test_a_whole_number_however_a_sheet_writes_it(desk: Desk, value: str) -> None:
    data = cms.xlsx(as_numbers(GRID))
    with ZipFile(BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    sheet, count = re.subn(
        rb'(r="B\d+">)<v>1</v>',
        rb"\1<v>%s</v>" % value.encode(),
        files["xl/worksheets/sheet1.xml"],
    )
    assert count == 3
    files["xl/worksheets/sheet1.xml"] = sheet
    desk.load("mue.csv", {cms.mue_name(ending="xlsx"): cms.zipped(files)})
    assert desk.text("mue.csv") == MUE_CSV


# --- what is refused ------------------------------------------------------------------------------


def broken_pair(old: str, new: str) -> Files:
    name, data = list(ncci().items())[3]
    assert data.count(old.encode()) == 1
    return {**ncci(), name: data.replace(old.encode(), new.encode())}


def broken_mue(old: str, new: str) -> Files:
    ((name, data),) = mue().items()
    assert data.count(old.encode()) == 1
    return {name: data.replace(old.encode(), new.encode())}


def broken_add_on(old: str, new: str) -> Files:
    ((name, data),) = addons().items()
    assert data.count(old.encode()) == 1, data
    return {name: data.replace(old.encode(), new.encode())}


def without(files: Files, *numbers: int) -> Files:
    return {name: data for at, (name, data) in enumerate(files.items(), 1) if at not in numbers}


def sheet_with(old: bytes, new: bytes) -> bytes:
    """A workbook whose figures are numbers, each of its parts changed."""
    with ZipFile(BytesIO(cms.xlsx(as_numbers(GRID)))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    changed_files = {name: data.replace(old, new) for name, data in files.items()}
    assert changed_files != files
    return cms.zipped(changed_files)


MUE_SHEET = cms.mue_name(ending="xlsx")
REFUSED: Mapping[str, tuple[TableName, Callable[[], Files], str]] = {
    # no table of these
    "another name": (
        "mue.csv",
        lambda: {"mue.csv": mue()[cms.mue_name()]},
        "mue.csv was not read:"
        " no file in it is named as CMS names it, such as MCR_MUE_Practitioner",
    ),
    "no such file in a zip": (
        "ncci.csv",
        lambda: {"q4.zip": cms.zipped({"a.txt": b""})},
        "q4.zip was not read: no file in it is named as CMS",
    ),
    "an empty zip": ("ncci.csv", lambda: {"q4.zip": cms.zipped({})}, "no file in it is named"),
    "the pairs of hospitals": (
        "ncci.csv",
        lambda: renamed(ncci(), "ccipra", "ccioph"),
        "ccioph-v323r0-f1.TXT was not read: it has the pairs of outpatient",
    ),
    "the MUE of hospitals": (
        "mue.csv",
        lambda: renamed(mue(), "PractitionerServices", "OutpatientHospitalServices"),
        "MUE of outpatient hosp",
    ),
    "the MUE of suppliers": (
        "mue.csv",
        lambda: renamed(mue(), "PractitionerServices", "DMESupplierServices"),
        "MUE of equipment suppliers",
    ),
    "a table of Medicaid": ("addons.csv", lambda: renamed(addons(), "MCR", "MCD"), "of Medicaid"),
    "what changed": (
        "ncci.csv",
        lambda: {
            "medicare-ncci-2026q2-quarterly-additions-deletions-ptp.zip": cms.zipped(
                {"a.xlsx": b""}
            )
        },
        "it lists what changed in a quarter, and not the whole",
    ),
    "MUE as pairs": ("ncci.csv", mue, "it is a file for --mue, not for --ncci"),
    "pairs as MUE": (
        "mue.csv",
        lambda: {"q4.zip": cms.zipped(dict(ncci()))},
        "q4.zip was not read: it is a file for --ncci, not for --mue",
    ),
    "add-ons as MUE": ("mue.csv", addons, "it is a file for --addon, not for --mue"),
    "MUE under the name of add-ons": (
        "addons.csv",
        lambda: {cms.add_on_name(): mue()[cms.mue_name()]},
        "it does not stand in the columns of an AOC",
    ),
    "pairs under the name of MUE": (
        "mue.csv",
        lambda: {cms.mue_name(): ncci()["ccipra-v323r0-f4.TXT"]},
        "it has no column of the code",
    ),
    "MUE of hospitals under another name": (
        "mue.csv",
        lambda: broken_mue("Practitioner Services MUE", "Outpatient Hospital Services MUE"),
        "it has no column of the MUE of practitioner services",
    ),
    "an old Excel file": (
        "mue.csv",
        lambda: {MUE_SHEET: b"\xd0\xcf\x11\xe0" + bytes(60)},
        "it is an Excel file of the time before xlsx; give it as CMS publishes",
    ),
    "an old Excel file by its name": (
        "mue.csv",
        lambda: {cms.mue_name(ending="xls"): b"\xd0\xcf"},
        "it is none of txt, csv and xlsx",
    ),
    "a PDF": ("mue.csv", lambda: {cms.mue_name(): b"%PDF-1.7"}, "it is a PDF"),
    "gzip": ("mue.csv", lambda: {cms.mue_name(): b"\x1f\x8b\x08\0"}, "it is packed with gzip"),
    "bytes": ("mue.csv", lambda: {cms.mue_name(): b"a\0b"}, "it is no plain text"),
    "nothing": ("mue.csv", lambda: {cms.mue_name(): b""}, "it has no column of the code"),
    "UTF-16": ("mue.csv", lambda: {cms.mue_name(): "HCPCS".encode("utf-16")}, "no plain text"),
    # quarters
    "no quarter's first day": (
        "mue.csv",
        lambda: renamed(mue(), "10-01", "10-15"),
        "it begins on 2026-10-15, on which no quarter does",
    ),
    "no day at all": ("mue.csv", lambda: renamed(mue(), "10-01", "13-01"), "the day in its name"),
    "too old": ("ncci.csv", lambda: ncci(quarter="2009Q4"), "2009Q4 is none of 2010Q1 to 2051Q2"),
    # not whole
    "a part is missing": (
        "ncci.csv",
        lambda: without(ncci(), 2),
        "part f2 of 2026Q4 is not there; give all parts of a quarter together",
    ),
    "the first part is missing": ("ncci.csv", lambda: without(ncci(), 1), "part f1 of 2026Q4"),
    "the last part is missing": (
        "ncci.csv",
        lambda: without(ncci(), 4),
        "2026Q4 ends before the codes that begin with a letter; give all parts",
    ),
    "parts of two quarters": (
        "ncci.csv",
        lambda: {**without(ncci(), 4), **without(ncci(quarter="2026Q3"), 1, 2, 3)},
        "part f1 of 2026Q3",
    ),
    "two that differ": (
        "ncci.csv",
        lambda: {"a.zip": cms.zipped(dict(ncci())), **broken_pair("64635\t64493", "64635\t64494")},
        "there are two of this name, and they differ",
    ),
    "no facet code": ("ncci.csv", lambda: ncci([]), "no row of it is about a facet code"),
    "cut between rows": (
        "mue.csv",
        lambda: changed(mue(), lambda data: data[: data.index(b"J3301")]),
        "2026Q4 ends before the codes that begin with a letter",
    ),
    "cut in a row": (
        "mue.csv",
        lambda: changed(mue(), lambda data: data[: data.index(b"V5364,1,") + 7]),
        "it has not as many cells as there are columns",
    ),
    "cut in the preamble": (
        "mue.csv",
        lambda: changed(mue(), lambda data: data[:200]),
        "its cells cannot be told apart",
    ),
    "cut in the heads": (
        "mue.csv",
        lambda: changed(mue(), lambda data: data[: data.index(b"0001U")]),
        "no row follows its heads",
    ),
    "a text cut in a row": (
        "ncci.csv",
        lambda: changed(ncci(), lambda data: data[:-22]),
        "it has not as many cells as there are columns",
    ),
    "an add-on file that is cut": (
        "addons.csv",
        lambda: changed(addons(), lambda data: data[: data.rindex(b"2013091") + 7]),
        "it is cut",
    ),
    "an add-on file that is cut in a date": (
        "addons.csv",
        lambda: changed(addons(), lambda data: data[: data.rindex(b"2013091") + 3]),
        "columns of an AOC file",
    ),
    "a cut zip": (
        "ncci.csv",
        lambda: {"q4.zip": cms.zipped(dict(ncci()))[:-200]},
        "q4.zip was not read: its zip archive is cut or damaged",
    ),
    "a cut sheet": (
        "mue.csv",
        lambda: {MUE_SHEET: cms.xlsx(GRID)[:-200]},
        "its zip archive is cut or damaged",
    ),
    # rows
    "a pair of no code": (
        "ncci.csv",
        lambda: broken_pair("64635\t64493", "64635\t6449"),
        "(row 14): a code is none",
    ),
    "no column 1": ("ncci.csv", lambda: broken_pair("64635\t64493", "\t64493"), "a code is none"),
    "a pair with itself": (
        "ncci.csv",
        lambda: broken_pair("64635\t64493", "64635\t64635"),
        "a pair is paired with itself",
    ),
    "a date that is none": (
        "ncci.csv",
        lambda: broken_pair("64493\t\t20120101", "64493\t\t20120231"),
        "(row 14): a date is not such as 20261001",
    ),
    "another date": (
        "ncci.csv",
        lambda: broken_pair("64493\t\t20120101", "64493\t\t1/1/2012"),
        "a date is not such as 20261001",
    ),
    "an end that is none": (
        "ncci.csv",
        lambda: broken_pair("20120101\t*\t1\tMade up\r\nR", ("20120101\tno\t1\tMade up\r\nR")),
        "a date is not such as 20261001",
    ),
    "an end before the start": (
        "ncci.csv",
        lambda: ncci([pair("64635 64493 20120101 20111231 1")]),
        "a pair ends before it begins",
    ),
    "another indicator": (
        "ncci.csv",
        lambda: broken_pair("20120101\t*\t1\tMade up\r\nR", ("20120101\t*\t2\tMade up\r\nR")),
        "the modifier indicator is none of 0, 1 and 9",
    ),
    "a contradiction": (
        "ncci.csv",
        lambda: ncci([pair("64635 64493 20120101 * 1"), pair("64635 64493 20200101 20201231 0")]),
        "the pair 64635 64493 has indicators 0 and 1 on the same day",
    ),
    "no number of units": (
        "mue.csv",
        lambda: broken_mue("64493,1,", "64493,one,"),
        "the MUE of 64493 is no whole number",
    ),
    "half a unit": ("mue.csv", lambda: broken_mue("64493,1,", "64493,1.5,"), "is no whole number"),
    "another indicator of units": (
        "mue.csv",
        lambda: broken_mue("64493,1,2 Date", "64493,1,4 Date"),
        "the adjudication indicator of 64493 is none of 1, 2 and 3",
    ),
    "two limits": ("mue.csv", lambda: broken_mue("64636,4,3", "64493,4,3"), "64493 has more than"),
    "a limit of no code": (
        "mue.csv",
        lambda: broken_mue("64636,4,3", "6463,4,3"),
        "a code is none",
    ),
    "two heads of a name": (
        "mue.csv",
        lambda: broken_mue("MUE Rationale", "MUE Adjudication Indicator"),
        "more than one column of the adjudication",
    ),
    "a missing head": (
        "ncci.csv",
        lambda: changed(ncci(), lambda data: data.replace(b"Deletion", b"")),
        "no column of the deletion date",
    ),
    "a preamble without end": (
        "mue.csv",
        lambda: changed(mue(), lambda data: b"x,\n" * 200 + data),
        "it has no column of the code",
    ),
    "heads without end": (
        "mue.csv",
        lambda: broken_mue("0001U,1", "\n,\n" * 9 + "0001U,1"),
        "no row follows its heads",
    ),
    "an AOC file of preamble alone": (
        "addons.csv",
        lambda: {cms.add_on_name(): b"Made up\r\n" * 200},
        "does not stand in the columns of an AOC file",
    ),
    "a type of add-on that there is not": (
        "addons.csv",
        lambda: {
            "AOC_V2026Q4-MCR.xlsx": cms.xlsx(cms.add_on_grid([add_on("64491 64490", kind="4")]))
        },
        "a code or its type is none",
    ),
    "a primary code that is none": (
        "addons.csv",
        lambda: addons([add_on("64491 CCCCC")]),
        "a primary code of 64491 is none",
    ),
    "half a unit in a sheet": (
        "mue.csv",
        lambda: {MUE_SHEET: sheet_with(b'"B5"><v>4<', b'"B5"><v>4.5<')},
        "the MUE of 64636 is no whole number",
    ),
    "an error in a sheet": (
        "mue.csv",
        lambda: {MUE_SHEET: sheet_with(b'"B5"><v>4<', b'"B5"><v>#N/A<')},
        "the MUE of 64636 is no whole number",
    ),
    "a line out of its columns": (
        "addons.csv",
        lambda: broken_add_on("164491       64490", "164491      64490 "),
        "does not stand in the columns of an AOC file",
    ),
    "a first line out of its columns": (
        "addons.csv",
        lambda: broken_add_on("110036       10035", "110036  10035"),
        "(row 1): it does not stand in the columns",
    ),
    "a day that the year does not have": (
        "addons.csv",
        lambda: broken_add_on("64494       64490       2020001", "64494       64490       2021366"),
        "a date is not such as 2026274",
    ),
    "an add-on without a first day": (
        "addons.csv",
        lambda: broken_add_on("64494       64490       2020001", "64494       64490              "),
        "a date is not such as 2026274",
    ),
    # sheets and archives
    "a document type": (
        "mue.csv",
        lambda: {MUE_SHEET: sheet_with(b"<sst ", b"<!DOCTYPE sst [<!ENTITY a 'b'>]><sst ")},
        "it declares a document type",
    ),
    "no XML": (
        "mue.csv",
        lambda: {MUE_SHEET: sheet_with(b"</sheetData>", b"")},
        "it is no workbook",
    ),
    "no workbook": ("mue.csv", lambda: {MUE_SHEET: cms.zipped({"a.txt": b""})}, "cut or damaged"),
    "no worksheet": (
        "mue.csv",
        lambda: {MUE_SHEET: sheet_with(b"sheet1.xml", b"sheet9.xml")},
        "cut or damaged",
    ),
    "a text that is not there": (
        "mue.csv",
        lambda: {MUE_SHEET: sheet_with(b' t="s"><v>4</v>', b' t="s"><v>99</v>')},
        "a cell refers to a text that is not there",
    ),
    "a cell without a column": (
        "mue.csv",
        lambda: {MUE_SHEET: sheet_with(b'r="A1"', b'r="1"')},
        "a cell has no column",
    ),
    "an archive of another method": (
        "mue.csv",
        lambda: {"q4.zip": cms.zipped(dict(mue()), method=ZIP_BZIP2)},
        "it is cut or damaged",
    ),
    "zips too deep": ("mue.csv", lambda: {"q4.zip": nested(dict(mue()), 4)}, "too deep"),
    "too many files": (
        "mue.csv",
        lambda: {"q4.zip": cms.zipped({f"{n}.txt": b"" for n in range(2001)})},
        "holds more files than any",
    ),
}


def nested(files: dict[str, bytes], times: int) -> bytes:
    data = cms.zipped(files)
    for _ in range(times - 1):
        data = cms.zipped({"inner.zip": data})
    return data


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_none_or_not_whole_is_refused_by_name(desk: Desk, case: str) -> None:
    table, files, said = REFUSED[case]
    paths = desk.save(files())
    with pytest.raises(Refused) as error:
        desk.load(table, files())
    text = str(error.value)
    assert said in text
    assert text.partition(" was not read")[0] in [path.name for path in paths]
    assert "\n" not in text
    assert str(desk.downloads) not in text
    assert not desk.overlay.exists()


def test_a_file_that_is_not_there_is_named(desk: Desk) -> None:
    with pytest.raises(Refused, match=r"^gone\.zip was not read: it cannot be opened: No such"):
        update(desk.overlay, SHIPPED, TODAY, mue=[desk.downloads / "gone.zip"])
    with pytest.raises(Refused, match=r"^downloads was not read: it cannot be opened: Is a dir"):
        update(desk.overlay, SHIPPED, TODAY, mue=[desk.downloads])


def test_what_stands_in_a_zip_is_named_with_its_row(desk: Desk) -> None:
    files = {
        "q4.zip": cms.zipped({f"2026/{n}": d for n, d in broken_mue("64636,", "6463,").items()})
    }
    with pytest.raises(Refused) as error:
        desk.load("mue.csv", files)
    assert str(error.value) == (f"q4.zip was not read ({cms.mue_name()}, row 5): a code is none")
    assert (error.value.name, error.value.what) == ("q4.zip", "a code is none")


def test_one_bad_file_keeps_the_others_out(desk: Desk) -> None:
    desk.load("mue.csv", mue())
    before = desk.content()
    bad = desk.save(broken_mue("64493,1,", "64493,one,"))
    good = desk.save(ncci())
    with pytest.raises(Refused):
        update(desk.overlay, SHIPPED, TODAY, ncci=good, mue=bad)
    assert desk.content() == before


@pytest.mark.parametrize("files", [lambda: {"q4.zip": cms.zipped(dict(ncci()))}, pair_sheets])
def test_wherever_an_archive_is_cut_it_is_refused(desk: Desk, files: Callable[[], Files]) -> None:
    whole = dict(files())
    name, data = next(iter(whole.items()))
    for length in range(0, len(data), 97):
        with pytest.raises(Refused):
            desk.load("ncci.csv", {**whole, name: data[:length]})
    assert not desk.overlay.exists()


def test_a_damaged_byte_is_refused_or_of_no_consequence(desk: Desk) -> None:
    data = cms.zipped(dict(mue()))
    refused = 0
    for at in range(0, len(data), 7):
        damaged = data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]
        try:
            desk.load("mue.csv", {"q4.zip": damaged})
        except Refused:
            refused += 1
        else:
            assert desk.text("mue.csv") == MUE_CSV
    assert refused > len(data) // 14


@given(st.binary(max_size=400))
def test_whatever_a_file_holds_the_answer_is_one_sentence(data: bytes) -> None:
    for table, name in (
        ("ncci.csv", "ccipra-v323r0-f1.txt"),
        ("mue.csv", cms.mue_name()),
        ("mue.csv", MUE_SHEET),
        ("addons.csv", cms.add_on_name()),
    ):
        part = in_memory(name, data)
        with ExitStack() as stack, pytest.raises(Refused):
            quarterly._read(
                table,  # type: ignore[arg-type]
                Edition(Quarter(2026, 4)),
                [part],
                quarterly.Scope.of(SHIPPED),
                quarterly._Unpacking(stack),
            )


def in_memory(name: str, data: bytes) -> quarterly._Part:
    member = quarterly._Member(name, name, lambda: BytesIO(data))
    return quarterly._Part(member, Edition(Quarter(2026, 4)), 1)


# --- hostile archives -----------------------------------------------------------------------------


def bomb(name: str, size: int) -> bytes:
    return cms.zipped({name: b"\n" * size})


@pytest.mark.parametrize(
    "files",
    [
        lambda: {"q4.zip": bomb(cms.mue_name(), quarterly.WHOLE + 1)},
        lambda: {"q4.zip": cms.zipped({"inner.zip": bomb("a.txt", 9), "b.zip": bytes(2000)})},
        lambda: {"q4.zip": cms.zipped({"a.zip": bomb(cms.mue_name(), quarterly.WHOLE + 1)})},
    ],
)
def test_a_bomb_does_not_go_off(desk: Desk, files: Callable[[], Files]) -> None:
    with pytest.raises(Refused):
        desk.load("mue.csv", files())


def test_a_sheet_is_bounded_as_it_is_unpacked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    data = cms.xlsx(GRID)
    monkeypatch.setattr(quarterly, "SHEET", 500)
    with pytest.raises(Refused, match="larger than any file of CMS when unpacked"):
        desk.load("mue.csv", {MUE_SHEET: data})


def test_a_run_is_bounded_in_all(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(map(len, ncci().values()))
    monkeypatch.setattr(quarterly, "RUN", size)
    desk.load("ncci.csv", ncci())
    monkeypatch.setattr(quarterly, "RUN", size - 1)
    with pytest.raises(Refused, match="larger than any file of CMS when unpacked"):
        desk.load("ncci.csv", ncci())


def test_a_size_that_is_told_is_not_believed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarterly, "WHOLE", 1000)
    data = cms.zipped(dict(mue()))
    told = len(mue()[cms.mue_name()]).to_bytes(4, "little")
    assert data.count(told) == 2
    with pytest.raises(Refused):
        desk.load("mue.csv", {"q4.zip": data.replace(told, (9).to_bytes(4, "little"))})


def test_a_cell_is_bounded(desk: Desk) -> None:
    long = b"<t xml:space='preserve'>" + b"x" * 200_000
    with pytest.raises(Refused, match="a cell holds more than any of CMS does"):
        desk.load("mue.csv", {MUE_SHEET: sheet_with(b'<t xml:space="preserve">', long)})


def test_a_column_far_to_the_right_takes_no_room(desk: Desk) -> None:
    data = sheet_with(b"</row>", b'<c r="XFDZZZZ1" t="n"><v>1</v></c></row>')
    desk.load("mue.csv", {MUE_SHEET: data})
    assert desk.text("mue.csv") == MUE_CSV


@pytest.mark.parametrize(
    "folder", ["../../", "/tmp/", "..\\..\\", "C:\\", "a/../../b/", "\x1b[31m/", "../\n/"]
)
def test_names_that_lead_elsewhere_lead_nowhere(desk: Desk, folder: str) -> None:
    before = sorted(desk.downloads.parent.rglob("*"))
    desk.load(
        "mue.csv", {"q4.zip": cms.zipped({f"{folder}{cms.mue_name()}": mue()[cms.mue_name()]})}
    )
    assert desk.text("mue.csv") == MUE_CSV
    (record,) = loaded(desk.overlay)
    assert [file.name for file in record.files] == [cms.mue_name()]
    after = set(desk.downloads.parent.rglob("*")) - set(before)
    assert {path.parent for path in after} == {desk.downloads, desk.overlay, desk.overlay.parent}


# --- quarters in any order ------------------------------------------------------------------------


def test_a_limit_holds_until_the_next_quarter_that_is_loaded(desk: Desk) -> None:
    desk.load("mue.csv", mue({"64493": (1, "2"), "64494": (1, "2")}, "2026Q1"))
    desk.load("mue.csv", mue({"64493": (3, "3")}, "2026Q4"))
    desk.load("mue.csv", mue({"64493": (2, "2")}, "2026Q2"))
    table = Tables(desk.overlay).mue
    for day, units in (
        ("2026-01-01", 1),
        ("2026-03-31", 1),
        ("2026-04-01", 2),
        ("2026-09-30", 2),
        ("2026-10-01", 3),
        ("2040-01-01", 3),
    ):
        assert table.on(date.fromisoformat(day))["64493"].units == units
    assert "64494" not in table.on(date(2026, 4, 1))
    assert not table.covers(date(2025, 12, 31))


def test_the_newest_pairs_hold_for_every_date(desk: Desk) -> None:
    old = [pair("64635 64493 20120101 * 1"), pair("64633 64493 20120101 * 1")]
    new = [pair("64635 64493 20120101 20260930 1"), pair("64633 64493 20120101 20120101 9")]
    desk.load("ncci.csv", ncci(new, "2026Q4"))
    newest = desk.content()
    (done,) = desk.load("ncci.csv", ncci(old, "2026Q3"))
    assert (done.outcome, done.newer) == ("not needed", Edition(Quarter(2026, 4)))
    assert desk.content() == newest
    table = Tables(desk.overlay).ncci
    assert list(table.on(date(2026, 9, 30))) == ["64635 64493"]
    assert list(table.on(date(2026, 10, 1))) == []


@pytest.mark.parametrize("table", TABLES)
def test_loading_again_changes_nothing(desk: Desk, table: TableName) -> None:
    desk.load(table, PUBLISHED[table]())
    before = desk.content()
    (done,) = desk.load(table, PUBLISHED[table](), TODAY + timedelta(days=9))
    assert done.outcome == "again"
    assert desk.content() == before


def test_a_file_that_was_published_anew_takes_the_place_of_the_old_one(desk: Desk) -> None:
    desk.load("mue.csv", mue({"64493": (2, "2")}))
    (done,) = desk.load("mue.csv", mue(), TODAY + timedelta(days=1))
    assert done.outcome == "replaced"
    assert desk.text("mue.csv") == MUE_CSV
    assert "2026-11-26" in desk.text("sources.csv")


def test_a_later_release_of_a_quarter_wins(desk: Desk) -> None:
    desk.load("ncci.csv", ncci(release=1))
    before = desk.content()
    (done,) = desk.load("ncci.csv", ncci(PAIRS[:1]))
    assert (done.outcome, str(done.newer)) == ("not needed", "2026Q4, release 1")
    assert desk.content() == before
    (done,) = desk.load("ncci.csv", ncci(PAIRS[:1], release=2))
    assert done.outcome == "replaced"
    assert len(desk.text("ncci.csv").splitlines()) == 2


Load = tuple[TableName, Files]
QUARTERLY: Sequence[Load] = (
    ("mue.csv", mue({"64493": (1, "2"), "64494": (1, "2")}, "2025Q4")),
    ("mue.csv", mue({"64493": (2, "2")}, "2026Q1")),
    ("mue.csv", mue({"64493": (3, "2"), "64494": (1, "3")}, "2026Q4")),
    ("ncci.csv", ncci(PAIRS[:5], "2026Q2")),
    ("ncci.csv", ncci(PAIRS, "2026Q3", release=1)),
    ("ncci.csv", ncci(PAIRS[4:], "2026Q3")),
    ("addons.csv", addons(ADD_ONS[:3], "2025Q1")),
    ("addons.csv", addons(quarter="2026Q2")),
)


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    desk = Desk(tmp_path_factory.mktemp("desk") / "in-order")
    for table, files in QUARTERLY:
        desk.load(table, files)
    return desk.content()


@settings(max_examples=20)  # each loads a dozen quarters
@given(
    order=st.permutations(range(len(QUARTERLY))),
    again=st.lists(st.sampled_from(range(len(QUARTERLY))), max_size=3),
)
def test_the_order_of_loading_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory,
    in_order: Mapping[str, bytes],
    order: Sequence[int],
    again: Sequence[int],
) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk") / "any")
    for at in (*order, *again):
        desk.load(*QUARTERLY[at])
    assert desk.content() == in_order


def test_several_quarters_at_once(desk: Desk, in_order: Mapping[str, bytes]) -> None:
    given_files: dict[str, list[Path]] = {"mue": [], "ncci": [], "addons": []}
    for table, files in QUARTERLY:
        given_files[table.removesuffix(".csv")] += desk.save(files)
    updates = update(desk.overlay, SHIPPED, TODAY, **given_files)
    assert desk.content() == in_order
    assert len(updates) == len(QUARTERLY)


def test_nothing_given_writes_nothing(desk: Desk) -> None:
    assert update(desk.overlay, SHIPPED, TODAY) == []
    assert not desk.overlay.exists()


def test_every_quarter_has_a_key_of_its_own_that_no_shipped_source_has() -> None:
    quarters = [Quarter(year, number) for year in range(2010, 2051) for number in (1, 2, 3, 4)]
    keys = [source_key(table, quarter) for table in TABLES for quarter in quarters]
    assert len({*keys}) == len(keys)
    assert all(re.fullmatch(r"S[5-9]\d\d", key) for key in keys)
    assert not {*keys} & {*SHIPPED.sources}


@pytest.mark.parametrize(
    ("day", "quarter", "start"),
    [
        ("2026-01-01", "2026Q1", "2026-01-01"),
        ("2026-03-31", "2026Q1", "2026-01-01"),
        ("2026-04-01", "2026Q2", "2026-04-01"),
        ("2026-09-30", "2026Q3", "2026-07-01"),
        ("2026-12-31", "2026Q4", "2026-10-01"),
    ],
)
def test_the_quarter_of_a_day(day: str, quarter: str, start: str) -> None:
    found = Quarter.of(date.fromisoformat(day))
    assert (str(found), found.start.isoformat()) == (quarter, start)
    assert Quarter.parse(quarter) == found


# --- an overlay that is not as it was written -----------------------------------------------------


@pytest.mark.parametrize("name", ["mue.csv", "sources.csv", "manifest.json"])
def test_tables_of_others_are_not_written_over(desk: Desk, name: str) -> None:
    desk.overlay.mkdir()
    (desk.overlay / name).write_bytes(b"")
    with pytest.raises(TableError, match=rf"^tables/{name}: is not of facet tables update; name"):
        desk.load("mue.csv", mue())
    assert list(desk.content().values()) == [b""]


def test_profiles_may_stand_beside(desk: Desk) -> None:
    (desk.overlay / "payers").mkdir(parents=True)
    (desk.overlay / "payer_routes.csv").write_text("ours")
    desk.load("mue.csv", mue())
    assert desk.text("payer_routes.csv") == "ours"
    assert "payer_routes.csv" not in Folder(desk.overlay).manifest


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("mue.csv", "64493,2026-10-01,,1,", "64493,2026-10-01,,one,", "mue.csv: row 2, units"),
        ("mue.csv", "64493,2026-10-01,,1,2,yes,S567\n", "", "quarters.json: mue.csv has not the"),
        ("quarters.json", '"2026Q4"', '"2026Q5"', "quarters.json: does not say what is loaded"),
        ("quarters.json", '"2026Q4"', '"1999Q4"', "quarters.json: does not say what is loaded"),
        ("quarters.json", "facet-quarters/1", "facet-quarters/2", "as this version does"),
        ("quarters.json", '"mue.csv"', '"codes.csv"', "quarters.json: does not say what is"),
        ("quarters.json", "{", "[", "quarters.json: is not JSON"),
        ("quarters.json", '"rows": 3', '"rows": "x"', "quarters.json: does not say what is"),
        ("quarters.json", "2026-11-25", "yesterday", "quarters.json: does not say what is"),
    ],
)
def test_an_overlay_that_somebody_broke_is_named(
    desk: Desk, name: str, old: str, new: str, said: str
) -> None:
    desk.load("mue.csv", mue())
    path = desk.overlay / name
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    before = desk.content()
    with pytest.raises(TableError, match=r"^tables/") as error:
        desk.load("mue.csv", mue(quarter="2026Q3"))
    assert said in str(error.value)
    assert desk.content() == before
    (problem,) = check(desk.overlay)
    assert said in problem


def test_an_overlay_that_is_whole_has_no_problem(desk: Desk) -> None:
    for table, files in PUBLISHED.items():
        desk.load(table, files())
    assert check(desk.overlay) == []
    (desk.overlay / "sources.csv").write_text("key\n")
    assert check(desk.overlay)[0].startswith("tables/sources.csv: row 1, title: is missing")


def test_a_missing_table_is_named(desk: Desk) -> None:
    desk.load("mue.csv", mue())
    (desk.overlay / "mue.csv").unlink()
    with pytest.raises(TableError, match=r"^tables/mue\.csv: cannot be read"):
        desk.load("mue.csv", mue(quarter="2026Q3"))


def test_nothing_is_written_that_would_be_refused_when_it_is_read(desk: Desk) -> None:
    with pytest.raises(
        TableError, match=r"^tables/addons\.csv: row 2, parents: '0001A' is not like"
    ):
        desk.load("addons.csv", addons([add_on("64491 0001A")]))
    assert not desk.overlay.exists()


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("files", range(5))
def test_a_run_that_is_killed_leaves_an_overlay_that_can_be_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    """Killed after so many files: each row still has its source."""
    desk.load("ncci.csv", ncci(quarter="2026Q3"))
    desk.load("mue.csv", mue(quarter="2026Q3"))
    left = [files]

    def killed(path: Path, *, private: bool) -> object:
        if not left[0]:
            raise _Killed
        left[0] -= 1
        return sink(path, private=private)

    paths = desk.save({**ncci(PAIRS[:3]), **mue()})
    with monkeypatch.context() as patch:
        patch.setattr(quarterly, "sink", killed)
        with pytest.raises(_Killed):
            update(desk.overlay, SHIPPED, TODAY, ncci=paths[:4], mue=paths[4:])
    tables = Tables(desk.overlay)
    for table in (tables.mue, tables.ncci):
        assert len(table)
        for key in table:
            assert all(row.source in tables.sources for row in table.history(key))
    assert not list(desk.overlay.glob(".*"))


# --- one layer over the other ---------------------------------------------------------------------


def brute(
    below: Sequence[tuple[str, Row]],
    above: Sequence[tuple[str, Row]],
    windows: Sequence[tuple[date, date]],
    day: date,
) -> Mapping[str, Row]:
    upper = any(start <= day <= end for start, end in windows)
    return {key: row for key, row in (above if upper else below) if row.holds(day)}


DAY_0 = date(2000, 1, 1)
days = st.integers(0, 40).map(lambda n: DAY_0 + timedelta(days=n))
layers = st.lists(
    st.tuples(st.sampled_from("ab"), days | st.just(ANY_DAY), days | st.just(NO_END)), max_size=6
)


def sound(rows: Sequence[tuple[str, date, date]], source: str) -> list[tuple[str, Row]]:
    kept: list[tuple[str, Row]] = []
    for key, start, end in rows:
        if start <= end and not any(
            other == key and row.start <= end and start <= row.end for other, row in kept
        ):
            kept.append((key, Row(start, end, source)))
    return kept


@given(layers, layers, st.lists(days | st.just(ANY_DAY) | st.just(NO_END), unique=True))
def test_within_the_windows_the_upper_layer_speaks_outside_of_them_the_lower(
    lower: list[tuple[str, date, date]], upper: list[tuple[str, date, date]], edges: list[date]
) -> None:
    below, above = sound(lower, "below"), sound(upper, "above")
    edges.sort()
    windows = [
        (first, last) for first, last in zip(edges[::2], edges[1::2], strict=False)
    ]  # apart from each other, since all edges differ
    rows = list(over(below, above, lambda key: windows))
    table = Table(rows)
    for number in range(-1, 42):
        day = DAY_0 + timedelta(days=number)
        expected = brute(below, above, windows, day)
        assert {key: row.source for key, row in table.on(day).items()} == {
            key: row.source for key, row in expected.items()
        }
    for key in "ab":
        assert all(one.end < other.start for one, other in pairwise(table.history(key)))


def limits(*rows: tuple[str, str, str, int]) -> list[tuple[str, MueRow]]:
    return [
        (
            code,
            MueRow(
                date.fromisoformat(start),
                date.fromisoformat(end) if end else NO_END,
                "S001",
                code,
                units,
                "2",
                True,
            ),
        )
        for code, start, end, units in rows
    ]


def quarters(*texts: str) -> list[Quarter]:
    return [Quarter.parse(text) for text in texts]


@pytest.mark.parametrize(
    ("day", "units"),
    [
        ("2024-06-30", None),
        ("2024-07-01", 1),  # shipped
        ("2024-12-31", 1),
        ("2025-01-01", 2),  # the user's
        ("2026-03-31", 2),
        ("2026-04-01", 3),  # shipped again, since it is newer
        ("2026-06-30", 3),
        ("2026-07-01", 4),  # the user's, in which 64494 has no limit
        ("2030-01-01", 4),
    ],
)
def test_of_every_day_the_newest_quarter_holds(day: str, units: int | None) -> None:
    below = Layer(
        limits(
            ("64493", "2024-07-01", "2026-03-31", 1),
            ("64493", "2026-04-01", "", 3),
            ("64494", "2024-07-01", "", 1),
        ),
        quarters("2024Q3", "2026Q2"),
    )
    above = Layer(
        limits(("64493", "2025-01-01", "2026-06-30", 2), ("64493", "2026-07-01", "", 4)),
        quarters("2025Q1", "2026Q3"),
    )
    table = Table(merged("mue.csv", below, above))
    found = table.on(date.fromisoformat(day))
    assert (found["64493"].units if "64493" in found else None) == units
    assert ("64494" in found) == (units in (1, 3))


def test_a_quarter_of_both_is_the_users(desk: Desk) -> None:
    below = Layer(limits(("64493", "2026-04-01", "", 1)), quarters("2026Q2"))
    above = Layer(limits(("64493", "2026-04-01", "", 2)), quarters("2026Q2"))
    assert list(merged("mue.csv", below, above)) == above.rows


def pairs(*rows: str) -> list[tuple[str, PairRow]]:
    found = []
    for text in rows:
        column1, column2, start, end = text.split()
        last = NO_END if end == "*" else date.fromisoformat(end)
        row = PairRow(date.fromisoformat(start), last, "S001", column1, column2, "1")
        found.append((f"{column1} {column2}", row))
    return found


def test_the_users_pairs_hold_for_all_dates_until_newer_ones_are_shipped() -> None:
    below = Layer(
        pairs("64635 64493 2024-07-01 *", "64633 64493 2027-01-01 *"),
        quarters("2024Q3", "2027Q1"),
    )
    above = Layer(pairs("64633 64490 2012-01-01 *"), quarters("2026Q4"))
    table = Table(merged("ncci.csv", below, above))
    assert list(table.on(date(2012, 1, 1))) == ["64633 64490"]
    assert list(table.on(date(2026, 12, 31))) == ["64633 64490"]
    assert sorted(table.on(date(2027, 1, 1))) == ["64633 64493", "64635 64493"]


def test_older_pairs_of_the_user_end_where_the_shipped_begin() -> None:
    below = Layer(pairs("64635 64493 2024-07-01 *"), quarters("2024Q3"))
    above = Layer(pairs("64635 64493 2012-01-01 *"), quarters("2023Q1"))
    (first, second) = merged("ncci.csv", below, above)
    assert (first[1].start, first[1].end) == (date(2012, 1, 1), date(2024, 6, 30))
    assert second == below.rows[0]


def parents(*rows: tuple[str, str, str, str]) -> list[tuple[str, AddOnRow]]:
    return [
        (
            code,
            AddOnRow(
                date.fromisoformat(start),
                date.fromisoformat(end) if end else NO_END,
                "S001",
                code,
                tuple(primaries.split()),
            ),
        )
        for code, primaries, start, end in rows
    ]


def test_add_ons_that_cms_lists_are_its_own_from_their_first_day() -> None:
    below = Layer(
        parents(
            ("64472", "64470", "2000-01-01", "2009-12-31"), ("64494", "64493", "2010-01-01", "")
        ),
        quarters("2024Q3"),
    )
    above = Layer(parents(("64494", "64490 64493", "2013-04-01", "2026-12-31")), quarters("2026Q4"))
    table = Table(merged("addons.csv", below, above))
    assert table.on(date(2009, 12, 31))["64472"].parents == ("64470",)
    assert table.on(date(2013, 3, 31))["64494"].parents == ("64493",)
    assert table.on(date(2013, 4, 1))["64494"].parents == ("64490", "64493")
    assert "64494" not in table.on(date(2027, 1, 1))  # deleted, and that is CMS's word


@pytest.mark.parametrize("name", TABLES)
def test_without_quarters_of_the_user_the_shipped_rows_stay(name: TableName) -> None:
    below = Layer(pairs("64635 64493 2024-07-01 *"), quarters("2024Q3"))
    assert list(merged(name, below, Layer([], []))) == below.rows


def history(tables: Tables, name: TableName) -> Iterator[tuple[str, Row]]:
    table = quarterly._table(tables, name)
    for key in table:
        yield from ((key, row) for row in table.history(key))


@pytest.mark.parametrize("name", TABLES)
def test_the_shipped_tables_take_a_layer(desk: Desk, name: TableName) -> None:
    desk.load(name, PUBLISHED[name]())
    overlay = Tables(desk.overlay)
    below = Layer(list(history(SHIPPED, name)), quarters("2024Q3"))
    above = Layer(list(history(overlay, name)), quarters("2026Q4"))
    table = Table(merged(name, below, above))
    old, new = quarterly._table(SHIPPED, name), quarterly._table(overlay, name)
    assert {**table.on(TODAY)}.items() >= new.on(TODAY).items()
    if name == "mue.csv":
        assert table.on(date(2026, 9, 30)).keys() == old.on(date(2026, 9, 30)).keys()
        assert table.on(TODAY).keys() == new.on(TODAY).keys()
    for key in table:
        assert all(one.end < other.start for one, other in pairwise(table.history(key)))


# --- status and difference ------------------------------------------------------------------------


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder in which two quarters of the MUE and one of the pairs are shipped."""
    said = {
        "schema": "facet-quarters/1",
        "tables": {
            "mue.csv": [
                {"quarter": q, "release": 0, "rows": 9, "retrieved": "2026-11-01", "files": []}
                for q in ("2024Q3", "2026Q2")
            ],
            "ncci.csv": [
                {"quarter": "2024Q3", "release": 0, "rows": 9, "retrieved": "2026-11-01",
                 "files": []}
            ],
        },
    }  # fmt: skip
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "quarters.json").write_text(json.dumps(said))
    return folder


def test_status_says_what_is_loaded_and_how_old_it_is(desk: Desk, base: Path) -> None:
    desk.load("mue.csv", mue())
    limits_, pairs_ = status([base, desk.overlay], TODAY)[1:]
    assert [(str(e.record.edition), e.place, e.days) for e in limits_.editions] == [
        ("2026Q4", 1, 55),
        ("2026Q2", 0, 238),
        ("2024Q3", 0, 877),
    ]
    assert limits_.warning is None
    assert [e.record.rows for e in pairs_.editions] == [9]
    assert pairs_.warning == "2026Q4 is not loaded; 2024Q3 stands in for it"


@pytest.mark.parametrize(
    ("day", "warning"),
    [
        ("2024-06-30", "2024Q2 is not loaded, and the first that is begins later"),
        ("2024-07-01", None),
        ("2024-10-01", "2024Q4 is not loaded; 2024Q3 stands in for it"),
        ("2026-06-30", None),
        ("2026-07-01", "2026Q3 is not loaded; 2026Q2 stands in for it"),
        ("2026-10-01", None),
        ("2026-12-31", None),
        ("2027-01-01", "2027Q1 is not loaded; 2026Q4 stands in for it"),
    ],
)
def test_status_warns_when_the_quarter_is_not_loaded(
    desk: Desk, base: Path, day: str, warning: str | None
) -> None:
    desk.load("mue.csv", mue())
    assert status([base, desk.overlay], date.fromisoformat(day))[1].warning == warning


def test_newer_pairs_know_the_quarter_before_them(desk: Desk, base: Path) -> None:
    desk.load("ncci.csv", ncci(quarter="2026Q4"))
    found = status([base, desk.overlay], date(2026, 8, 1))[2]
    assert found.warning is None
    assert found.editions[0].days == -61


def test_status_of_nothing(tmp_path: Path) -> None:
    for found in status([tmp_path], TODAY):
        assert found.editions == ()
        assert found.warning == "2026Q4 is not loaded, and no other quarter is"


def test_the_difference_of_two_days(desk: Desk) -> None:
    desk.load("mue.csv", mue({"64493": (1, "2"), "64494": (1, "2"), "64490": (1, "2")}, "2026Q3"))
    desk.load("mue.csv", mue({"64493": (2, "2"), "64495": (1, "2"), "64490": (1, "2")}, "2026Q4"))
    desk.load("ncci.csv", ncci([pair("64635 64493 20120101 20260930 1"),
                                pair("64635 64493 20261001 * 0")]))  # fmt: skip
    desk.load("addons.csv", addons([add_on("64494 64493"), add_on("64494 64490", "2026-10-01")]))
    tables = Tables(desk.overlay)
    old, new = in_force(tables, date(2026, 9, 30)), in_force(tables, date(2026, 10, 1))
    assert [(each.table, each.key, each.what) for each in diff(old, new)] == [
        ("addons.csv", "64494", "changed"),
        ("mue.csv", "64493", "changed"),
        ("mue.csv", "64494", "removed"),
        ("mue.csv", "64495", "added"),
        ("ncci.csv", "64635 64493", "changed"),
    ]
    assert diff(old, old) == []
    assert {(each.key, each.what) for each in diff(new, old)} == {
        ("64494", "changed"), ("64493", "changed"), ("64494", "added"), ("64495", "removed"),
        ("64635 64493", "changed"),
    }  # fmt: skip


def test_a_row_that_says_the_same_from_another_source_is_no_difference() -> None:
    one = MueRow(date(2026, 7, 1), NO_END, "S500", "64493", 1, "2", True)
    other = MueRow(date(2026, 10, 1), NO_END, "S501", "64493", 1, "2", True)
    assert diff({"mue.csv": {"64493": one}}, {"mue.csv": {"64493": other}}) == []
    assert diff({}, {"mue.csv": {"64493": other}}) == [Difference("mue.csv", "64493", None, other)]


def test_what_an_overlay_changes(desk: Desk) -> None:
    same = {row.code: (row.units, row.mai) for row in SHIPPED.mue.on(TODAY).values()}
    desk.load("mue.csv", mue({**same, "64636": (5, "3")}))
    (found,) = diff(
        {"mue.csv": SHIPPED.mue.on(TODAY)}, {"mue.csv": Tables(desk.overlay).mue.on(TODAY)}
    )
    assert (found.key, found.what) == ("64636", "changed")
