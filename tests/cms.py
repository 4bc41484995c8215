"""Files as CMS publishes them each quarter, in every layout, with rows that are made up.

The layouts are those of `adapter.quarterly`; the rows are code numbers and figures for tests. What
they say of a code is not what CMS says.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from io import BytesIO, StringIO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

Grid = Sequence[Sequence[str | int]]

COPYRIGHT = "CPT only copyright 2025 American Medical Association.  All rights reserved."
NOTICE = (
    "Current Procedural Terminology (CPT) codes, descriptions and other data only are copyright "
    "2025 American Medical Association. All rights reserved. \n\nCPT® is a registered trademark "
    "of the American Medical Association.\n\nApplicable FARS/DFARS Restrictions Apply to "
    "Government Use. \n\nThe AMA assumes no liability for the data contained herein."
)
RATIONALE = "Made up"


# --- NCCI pairs -----------------------------------------------------------------------------------

PAIR_HEADS: Grid = (
    (COPYRIGHT, "", "", "", "", "", ""),
    ("Column1/Column2 Edits", "", "", "", "", "", ""),
    ("Column 1", "Column 2", "*=in existence", "Effective", "Deletion", "Modifier",
     "PTP Edit Rationale"),
    ("", "", "prior to 1996", "Date", "Date", "0=not allowed", ""),
    ("", "", "", "", "*=no data", "1=allowed", ""),
    ("", "", "", "", "", "9=not applicable", ""),
)  # fmt: skip
PAIR_HEADS_IN_ONE_ROW: Grid = (
    (COPYRIGHT, "", "", "", "", "", ""),
    ("Column 1", "Column 2", "* = in existence prior to 1996", "Effective Date",
     "Deletion Date *=no data", "Modifier 0=not allowed 1=allowed 9=not applicable",
     "PTP Edit Rationale"),
)  # fmt: skip

Pair = tuple[str, str, str, str, str]
"""Column 1, column 2, first day, last day or *, indicator."""


def pair(text: str) -> Pair:
    """`64635 64493 20120101 * 1`"""
    column1, column2, start, end, indicator = text.split()
    return column1, column2, start, end, indicator


def pair_grid(pairs: Iterable[Pair], heads: Grid = PAIR_HEADS) -> Grid:
    return [*heads, *((*each[:2], "", *each[2:], RATIONALE) for each in pairs)]


def tabbed(grid: Grid, end: str = "\r\n") -> bytes:
    return "".join("\t".join(map(str, row)) + end for row in grid).encode("latin-1")


OTHER_PAIRS = {
    1: [pair("0001A 0591T 20220101 20231231 1"), pair("25999 G0471 20150701 * 1")],
    2: [pair("26010 01810 19960101 * 0"), pair("36909 J2001 20170101 * 1")],
    3: [pair("37140 0213T 20100701 20111231 1"), pair("60505 99242 20000605 20221231 1")],
    4: [pair("61000 99213 20130401 * 1"), pair("R0075 R0070 19970101 19970101 9")],
}
"""First and last rows of each part, of codes that are not ours: CMS orders them by column 1."""


def pair_part(number: int, pairs: Iterable[Pair] = ()) -> list[Pair]:
    first, last = OTHER_PAIRS[number]
    return [first, *sorted(pairs), last]


def pair_files(
    pairs: Iterable[Pair], quarter: str = "2026Q4", *, release: int = 0
) -> dict[str, bytes]:
    """The four texts of a quarter by their names."""
    stem = f"ccipra-v{int(quarter[:4]) - 1994}{int(quarter[-1]) - 1}r{release}"
    parts: dict[int, list[Pair]] = {1: [], 2: [], 3: [], 4: []}
    for each in pairs:
        part = 1 if each[0] < "26" else 2 if each[0] < "37" else 3 if each[0] < "61" else 4
        parts[part].append(each)
    return {
        f"{stem}-f{number}.TXT": tabbed(pair_grid(pair_part(number, own)))
        for number, own in parts.items()
    }


# --- MUE ------------------------------------------------------------------------------------------

MAI = {"1": "1 Line Edit", "2": "2 Date of Service Edit: Policy",
       "3": "3 Date of Service Edit: Clinical"}  # fmt: skip
MUE_HEADS: Grid = (
    (NOTICE, "", "", ""),
    ("HCPCS/\nCPT Code", "Practitioner Services MUE Values", "MUE Adjudication Indicator",
     "MUE Rationale"),
)  # fmt: skip
Limits = dict[str, tuple[int, str]]
"""Units and MAI by code."""


def mue_grid(limits: Limits, heads: Grid = MUE_HEADS) -> Grid:
    whole = {"0001U": (1, "2"), **limits, "V5364": (1, "3")}
    return [*heads, *((code, *limit(whole[code])) for code in sorted(whole))]


def limit(of: tuple[int, str]) -> tuple[int, str, str]:
    units, mai = of
    return units, MAI[mai], RATIONALE


def mue_name(quarter: str = "2026Q4", ending: str = "csv") -> str:
    month = 3 * int(quarter[-1]) - 2
    return f"MCR_MUE_PractitionerServices_Eff_{month:02}-01-{quarter[:4]}.{ending}"


def comma_separated(grid: Grid, end: str = "\r\n") -> bytes:
    out = StringIO(newline="")
    csv.writer(out, lineterminator=end).writerows(grid)
    return out.getvalue().encode("utf-8")


# --- add-on codes ---------------------------------------------------------------------------------

ADD_ON_HEADS: Grid = (
    (COPYRIGHT,),
    ("AOC_Edit_Type", "Add-On_Code", "AOC_DelDT", "Primary_Code", "Primary_Code_DelDT",
     "AOC_Edit_EffDT", "AOC_Edit_DelDT", "Special_Instruction_Notes"),
)  # fmt: skip
AddOn = tuple[str, str, str, str, str, str, str]
"""Type, add-on code, its last day, primary code, its last day, first day, last day: YYYYDDD."""


def add_on(text: str, start: str = "2013-04-01", end: str = "", *, kind: str = "1") -> AddOn:
    """`64491 64490`, and the days as they are written elsewhere."""
    code, primary = text.split()
    return kind, code, "", primary, "", ordinal(start), ordinal(end)


def ordinal(day: str) -> str:
    return date.fromisoformat(day).strftime("%Y%j") if day else ""


OTHER_ADD_ONS = (
    ("1", "10036", "", "10035", "", "2016001", ""),
    ("2", "0054T", "", "CCCCC", "", "2013091", ""),
    ("3", "99292", "2023365", "99291", "", "2013091", "2023365"),
)


def add_on_text(rows: Iterable[AddOn], end: str = "\r\n") -> bytes:
    """Columns of fixed width: 1, 5, 7, 5, 7, 7, 7 and 58 for notes."""
    lines = (
        f"{kind}{code}{gone:7}{primary}{primary_gone:7}{first:7}{last:7}{'':58}{end}"
        for kind, code, gone, primary, primary_gone, first, last in (*OTHER_ADD_ONS, *rows)
    )
    return "".join(lines).encode("ascii")


def add_on_grid(rows: Iterable[AddOn], heads: Grid = ADD_ON_HEADS) -> Grid:
    return [*heads, *((*row, "") for row in (*OTHER_ADD_ONS, *rows))]


def add_on_name(quarter: str = "2026Q4", ending: str = "txt") -> str:
    return f"AOC_V{quarter}-F-MCR.{ending}"


# --- zip and xlsx ---------------------------------------------------------------------------------

_FIRST = (1980, 1, 1, 0, 0, 0)


def zipped(files: dict[str, bytes], *, method: int = ZIP_DEFLATED) -> bytes:
    """The same bytes for the same files, with names as they are given."""
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        for name, data in files.items():
            info = ZipInfo("name", _FIRST)
            info.filename = name  # ZipInfo would mend a name that leads elsewhere
            archive.writestr(info, data, method)
    return out.getvalue()


_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def xlsx(*sheets: Grid, shared: bool = True, places: bool = True) -> bytes:
    """A workbook: text in a table of its own or in the cells, whole numbers as numbers.

    Args: places, whether rows and cells say where they are; blank cells are left out then.
    """
    texts: list[str] = []
    files = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_REL}"><sheets>'
        + "".join(
            f'<sheet name="T{n}" sheetId="{n}" r:id="rId{n}"/>' for n in range(1, len(sheets) + 1)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": "<Relationships>"
        + "".join(
            f'<Relationship Id="rId{n}" Target="worksheets/sheet{n}.xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        + "</Relationships>",
    }
    for number, grid in enumerate(sheets, 1):
        rows = (_row(row, at, texts if shared else None, places) for at, row in enumerate(grid, 1))
        files[f"xl/worksheets/sheet{number}.xml"] = (
            f"<worksheet {_MAIN}><sheetData>{''.join(rows)}</sheetData></worksheet>"
        )
    if shared:
        items = "".join(f"<si>{_text(each)}</si>" for each in texts)
        files["xl/sharedStrings.xml"] = f"<sst {_MAIN}>{items}</sst>"
    return zipped({name: f"<?xml version='1.0'?>{text}".encode() for name, text in files.items()})


def _row(row: Sequence[str | int], number: int, texts: list[str] | None, places: bool) -> str:
    cells = []
    for at, value in enumerate(row):
        place = f' r="{chr(65 + at)}{number}"' if places else ""
        if isinstance(value, int):
            cells.append(f"<c{place}><v>{value}</v></c>")
        elif value == "" and places:
            continue
        elif texts is None:
            cells.append(f'<c{place} t="inlineStr"><is>{_text(value)}</is></c>')
        else:
            if value not in texts:
                texts.append(value)
            cells.append(f'<c{place} t="s"><v>{texts.index(value)}</v></c>')
    place = f' r="{number}"' if places else ""
    return f"<row{place}>{''.join(cells)}</row>"


def _text(value: str) -> str:
    """In two runs, as a cell is in which somebody made a word bold."""
    first, rest = (escape(part) for part in (value[:1], value[1:]))
    return f'<r><t>{first}</t></r><r><t xml:space="preserve">{rest}</t></r>'
