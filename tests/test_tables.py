"""The dated tables: what they say on a day, and that an edited one is checked whole."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.model import Claim, Facility, ServiceLine
from adapter.schema import ENTRIES, check_folder, check_table, main, manifest, write_manifest
from adapter.tables import (
    ANY_DAY,
    NO_END,
    MueRow,
    Row,
    Table,
    TableError,
    Tables,
    mappings_folder,
    shipped,
)

TODAY = date(2026, 11, 25)
ALL = shipped()
INJECTIONS = ("64490", "64491", "64492", "64493", "64494", "64495")
ABLATIONS = ("64633", "64634", "64635", "64636")
ULTRASOUND = ("0213T", "0214T", "0215T", "0216T", "0217T", "0218T")
OLD = ("64442", "64443", "64470", "64472", "64475", "64476", "64622", "64623", "64626", "64627")


def day(text: str) -> date:
    return date.fromisoformat(text)


# --- what is shipped ------------------------------------------------------------------------------


def test_the_shipped_tables_and_profiles_are_sound() -> None:
    assert check_folder(mappings_folder()) == []


def test_the_manifest_is_current() -> None:
    folder = mappings_folder()
    written = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert written == manifest(folder, ALL.version)
    assert set(ENTRIES) < set(written)
    assert ALL.version == "2026.4"


def test_every_row_has_a_source_that_resolves() -> None:
    dated = (ALL.codes, ALL.crosswalk, ALL.addons, ALL.mue, ALL.ncci, ALL.modifiers)
    tables: Sequence[Table[Any]] = dated
    for table in tables:
        assert len(table) > 0
        for key in table:
            for row in table.history(key):
                assert row.source in ALL.sources


def test_a_source_without_an_address_still_says_what_it_is() -> None:
    for source in ALL.sources.values():
        assert len(source.title) > 15
        assert source.url == "" or source.url.startswith("https://")


@pytest.mark.parametrize(
    ("code", "last_before", "first"),
    [
        *((code, "2009-12-31", "2010-01-01") for code in (*INJECTIONS, *ULTRASOUND)),
        *((code, "2011-12-31", "2012-01-01") for code in ABLATIONS),
        *((code, "1999-12-31", "2000-01-01") for code in ("64470", "64472", "64475", "64476")),
        *((code, "2019-12-31", "2020-01-01") for code in ("64624", "64625", "64451")),
        *((code, "2024-12-31", "2025-01-01") for code in ("64473", "64474")),
        ("01937", "2021-12-31", "2022-01-01"),
        ("J1010", "2024-03-31", "2024-04-01"),
    ],
)
def test_a_code_begins_on_its_first_day(code: str, last_before: str, first: str) -> None:
    assert code not in ALL.codes.on(day(last_before))
    assert ALL.codes.on(day(first))[code].start == day(first)
    assert code in ALL.codes  # known all the same


@pytest.mark.parametrize(
    ("code", "last", "first_after"),
    [
        *((code, "1999-12-31", "2000-01-01") for code in ("64442", "64443")),
        *((code, "2009-12-31", "2010-01-01") for code in ("64470", "64472", "64475", "64476")),
        *((code, "2011-12-31", "2012-01-01") for code in ("64622", "64623", "64626", "64627")),
        ("01935", "2021-12-31", "2022-01-01"),
        *((code, "2024-03-31", "2024-04-01") for code in ("J1020", "J1030", "J1040")),
    ],
)
def test_a_code_ends_after_its_last_day(code: str, last: str, first_after: str) -> None:
    assert ALL.codes.on(day(last))[code].end == day(last)
    assert code not in ALL.codes.on(day(first_after))


def test_the_facet_codes_are_these_and_no_range_is_expanded() -> None:
    facet = {code for code in ALL.codes if ALL.codes.history(code)[0].role == "facet"}
    assert facet == {*INJECTIONS, *ABLATIONS, *ULTRASOUND, *OLD}
    lookalike = {code for code in ALL.codes if ALL.codes.history(code)[0].role == "lookalike"}
    assert lookalike == {"64471", "64473", "64474", "64624", "64625"}
    assert ALL.candidate_codes == facet | lookalike | {"64999"}


@given(st.dates())
def test_64471_is_known_and_no_code_on_any_day(when: date) -> None:
    (row,) = ALL.codes.history("64471")
    assert row.never
    assert "64471" not in ALL.codes.on(when)


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2035, 1, 1)))
def test_a_level_of_a_family_is_one_code_at_most(when: date) -> None:
    rows = [row for row in ALL.codes.on(when).values() if row.role == "facet"]
    assert max(Counter((row.family, row.level) for row in rows).values(), default=1) == 1
    for row in rows:
        assert ALL.level(row, row.level, when) is row


def test_levels_and_what_they_count() -> None:
    today = ALL.codes.on(TODAY)
    assert [today[code].level for code in INJECTIONS] == ["1", "2", "3", "1", "2", "3"]
    assert [today[code].level for code in ABLATIONS] == ["1", "+", "1", "+"]
    assert [code for code in today if today[code].repeats] == ["64634", "64636"]
    old = ALL.codes.on(date(2009, 6, 1))
    assert {code: old[code].counts for code in OLD[2:]} == {
        **dict.fromkeys(("64470", "64472", "64475", "64476"), "joint"),
        **dict.fromkeys(("64622", "64623", "64626", "64627"), "nerve"),
    }


def test_codes_are_text() -> None:
    assert ALL.codes.on(TODAY)["0213T"].code == "0213T"
    assert ALL.codes.on(TODAY)["01992"].code == "01992"
    assert "1992" not in ALL.codes


@pytest.mark.parametrize(
    ("code", "on", "successor", "recount", "factor"),
    [
        ("64470", "2010-01-01", "64490", "levels", 1),
        ("64472", "2026-01-01", "64491", "levels", 1),
        ("64475", "2010-01-01", "64493", "levels", 1),
        ("64476", "2010-01-01", "64494", "levels", 1),
        ("64622", "2012-01-01", "64635", "nerves", 1),
        ("64623", "2012-01-01", "64636", "nerves", 1),
        ("64626", "2012-01-01", "64633", "nerves", 1),
        ("64627", "2012-01-01", "64634", "nerves", 1),
        ("J1020", "2024-04-01", "J1010", "units", 20),
        ("J1030", "2024-04-01", "J1010", "units", 40),
        ("J1040", "2024-04-01", "J1010", "units", 80),
        ("64490", "2009-12-31", "64470", "levels", 1),
        ("64491", "2000-01-01", "64472", "levels", 1),
        ("64493", "2009-12-31", "64475", "levels", 1),
        ("64494", "2009-12-31", "64476", "levels", 1),
    ],
)
def test_the_crosswalk(code: str, on: str, successor: str, recount: str, factor: int) -> None:
    row = ALL.crosswalk.on(day(on))[code]
    assert (row.successor, row.recount, row.factor) == (successor, recount, factor)


@pytest.mark.parametrize(
    ("code", "on"),
    [
        ("64470", "2009-12-31"),  # valid on that day
        ("64622", "2011-12-31"),
        ("J1030", "2024-03-31"),
        ("64490", "2010-01-01"),
        ("64490", "1999-12-31"),  # nothing certain stood there
        ("64492", "2009-12-31"),  # one unit of it may be many levels
        ("64635", "2011-12-31"),  # joints do not say which nerves
        ("64442", "2005-01-15"),
        ("64443", "2005-01-15"),
    ],
)
def test_the_crosswalk_says_nothing(code: str, on: str) -> None:
    assert code not in ALL.crosswalk.on(day(on))


def test_the_parents_of_addons() -> None:
    parents = {row.code: row.parents for row in ALL.addons.on(TODAY).values()}
    assert parents == {
        "64491": ("64490",),
        "64492": ("64490", "64491"),
        "64494": ("64490", "64493"),
        "64495": ("64493", "64494"),
        "64634": ("64633",),
        "64636": ("64635",),  # 64633 with 64636 is LV06's matter
        "0214T": ("0213T",),
        "0215T": ("0213T", "0214T"),
        "0217T": ("0216T",),
        "0218T": ("0216T", "0217T"),
    }
    old = {row.code: row.parents for row in ALL.addons.on(date(2009, 12, 31)).values()}
    assert old == {
        "64472": ("64470",),
        "64476": ("64475",),
        "64623": ("64622",),
        "64627": ("64626",),
    }


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2035, 1, 1)))
def test_every_addon_of_a_day_has_its_parents(when: date) -> None:
    known = {code for code, row in ALL.codes.on(when).items() if row.addon}
    assert known == set(ALL.addons.on(when))


@pytest.mark.parametrize(
    ("code", "on", "units", "mai", "asc_doubled"),
    [
        *((code, "2026-11-25", 1, "2", True) for code in (*INJECTIONS, *ULTRASOUND)),
        *((code, "2024-07-01", 1, "2", True) for code in ("64633", "64635")),
        *((code, "2024-07-01", 4, "3", True) for code in ("64634", "64636")),
        ("A4550", "2025-01-01", 0, "3", False),
        ("J3300", "2026-03-31", 40, "3", False),
        ("J3300", "2026-04-01", 80, "3", False),
        ("64473", "2026-04-01", 1, "3", False),
        ("64772", "2026-04-01", 6, "3", False),
        ("62323", "2026-04-01", 1, "3", False),  # bilateral indicator 9
        ("J2001", "2026-03-31", 60, "3", False),
    ],
)
def test_units_a_day(code: str, on: str, units: int, mai: str, asc_doubled: bool) -> None:
    row = ALL.mue.on(day(on))[code]
    assert (row.units, row.mai, row.asc_doubled) == (units, mai, asc_doubled)


def test_a_limit_holds_only_as_long_as_its_table() -> None:
    assert "J2001" not in ALL.mue.on(date(2026, 4, 1))
    assert "64473" not in ALL.mue.on(date(2026, 3, 31))
    assert ALL.mue.covers(date(2024, 7, 1))
    assert not ALL.mue.covers(date(2024, 6, 30))


@pytest.mark.parametrize(
    ("pair", "indicator"),
    [
        ("64635 64493", "1"),
        ("64633 64493", "1"),  # across regions too
        ("64635 62323", "1"),
        ("64633 64480", "0"),
        ("20552 64493", "1"),  # the facet code is the one that is denied
        ("64640 64494", "0"),
        ("64635 64625", "1"),
        ("64625 64493", "0"),
        ("64451 64493", "0"),
        ("64628 64493", "0"),
        ("64493 77003", "1"),
        ("64493 76942", "1"),
        ("64493 0216T", "0"),
        ("64490 99213", "1"),
        ("64493 96372", "1"),
        ("64493 01992", "0"),
        ("64493 99156", "0"),
        ("01938 64493", "1"),
    ],
)
def test_pairs_have_a_direction(pair: str, indicator: str) -> None:
    assert ALL.ncci.on(date(2024, 8, 5))[pair].indicator == indicator
    assert " ".join(reversed(pair.split())) not in ALL.ncci


@pytest.mark.parametrize(
    "pair", ["64490 64493", "64633 64635", "64493 62323", "64493 64483", "64493 27096"]
)
def test_pairs_that_there_are_not(pair: str) -> None:
    assert pair not in ALL.ncci
    assert " ".join(reversed(pair.split())) not in ALL.ncci


def test_every_pair_holds_a_facet_code() -> None:
    facet = {code for code in ALL.codes if ALL.codes.history(code)[0].role == "facet"}
    for pair in ALL.ncci:
        assert facet & set(pair.split())
    assert not ALL.ncci.covers(date(2024, 6, 30))
    assert ALL.ncci.covers(date(2024, 7, 1))


def test_an_indicator_that_changed() -> None:
    assert ALL.ncci.on(date(2026, 3, 31))["64633 64480"].indicator == "0"
    assert ALL.ncci.on(date(2026, 4, 1))["64633 64480"].indicator == "1"


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [(code, "2023-07-01", None) for code in ("64490", "64491", "64493", "64494", *ABLATIONS)]
    + [(code, "2023-07-01", "2024-08-15") for code in ("64492", "64495")],
)
def test_the_hospital_list(code: str, first: str, last: str | None) -> None:
    assert code not in ALL.hopd.on(day(first) - timedelta(days=1))
    assert code in ALL.hopd.on(day(first))
    assert last is None or code in ALL.hopd.on(day(last))
    assert (code in ALL.hopd.on(TODAY)) is (last is None)


@pytest.mark.parametrize(
    ("code", "regions", "kinds"),
    [
        ("M47812", "CT", "injection ablation"),
        ("M47815", "CT LS", "injection ablation"),
        ("M4897", "", ""),  # no code
        ("M47817", "LS", "injection ablation"),
        ("M47819", "", ""),
        ("M5386", "LS", "injection"),  # a cyst is injected
        ("M5450", "LS", ""),
        ("M5432", "", ""),  # of the leg
        ("M4816", "LS", "injection ablation"),
        ("M5013", "CT", ""),
        ("G894", "", ""),
    ],
)
def test_what_is_known_of_a_diagnosis(code: str, regions: str, kinds: str) -> None:
    row = ALL.diagnoses.on(date(2026, 6, 1)).get(code)
    assert (row is None) is (code == "M4897")
    if row is not None:
        assert row.regions == set(regions.split())
        assert row.injection == ({"a58403"} if "injection" in kinds else set())
        assert row.lists("ablation") == ({"a58403"} if "ablation" in kinds else set())


@pytest.mark.parametrize(
    ("code", "on", "header"),
    [
        ("M4781", "2016-01-01", True),
        ("M4789", "2026-06-01", True),
        ("M481", "2026-06-01", True),
        ("M538", "2026-06-01", True),
        ("M545", "2021-09-30", False),
        ("M545", "2021-10-01", True),
        ("M4806", "2019-01-01", None),  # a header by then; the list of that year was not read
        ("M4806", "2021-01-01", True),
        ("M5450", "2021-09-30", None),
        ("M5450", "2021-10-01", False),
    ],
)
def test_headers_are_no_codes(code: str, on: str, header: bool | None) -> None:
    row = ALL.diagnoses.on(day(on)).get(code)
    assert (None if row is None else row.header) is header


def test_the_list_of_diagnoses_has_24() -> None:
    rows = ALL.diagnoses.on(date(2026, 6, 1)).values()
    assert sum("a58403" in row.injection for row in rows) == 24
    assert sum("a58403" in row.ablation for row in rows) == 18


@pytest.mark.parametrize(
    ("code", "facet", "part"),
    [
        ("77003", "64493", True),
        ("77003", "64635", True),
        ("76942", "64493", True),
        ("76942", "64635", False),
        ("96372", "64493", True),
        ("J2001", "64633", True),
        ("62323", "64635", False),
    ],
)
def test_what_facet_services_include(code: str, facet: str, part: bool) -> None:
    codes = ALL.codes.on(date(2024, 8, 5))
    assert codes[code].belongs_to(codes[facet]) is part


@pytest.mark.parametrize(
    ("modifiers", "verdicts"),
    [
        ("26 TC AT", ("safe", "safe", "safe")),
        ("62 66 JW JZ 24 25", ("suggested", "suggested", "suggested")),
        ("AA AD QK QX QY QZ QS G8 G9 P1 P6", ("suggested", "suggested", "suggested")),
        ("80 81 82 AS", ("", "manual", "manual")),
        ("73 74", ("replace", "replace", "")),
        ("50 RT LT 51 52 53 58 59 76 77 78 79 KX GA GX GY GZ SG XE XP XS XU", ("", "", "")),
    ],
)
def test_what_a_modifier_does_on_a_facet_line(modifiers: str, verdicts: object) -> None:
    for modifier in modifiers.split():
        row = ALL.modifiers.on(TODAY)[modifier]
        assert (row.injection, row.ablation, row.facility) == verdicts, modifier
        assert bool(row.why) == any((row.injection, row.ablation, row.facility))
        assert row.instead == ("53" if row.injection == "replace" else "")


@pytest.mark.parametrize(
    "modifiers",
    [
        "22 23 24 25 26 27 32 33 47 50 51 52 53 54 55 56 57 58 59 62 63 66 73 74 76 77 78 79 80",
        "81 82 90 91 92 93 95 96 97 99 1P 2P 3P 8P P1 P2 P3 P4 P5 P6 A1 ZA ZB ZC CR CS ET",
        "E1 E4 FA F9 TA T9 LC LD LM RC RI U1 U9 UA UD UK X1 X5 Q5 Q6 GC GE GQ GT GV GW PO PN ER",
        "JA JB JG TB FS FT FX FY QW SA SB SG PA PB PC PT CO CQ GN GO GP H9 HA HZ K0 KX NU RR UE",
    ],
)
def test_modifiers_that_exist(modifiers: str) -> None:
    for modifier in modifiers.split():
        assert modifier in ALL.modifiers.on(TODAY), modifier


@pytest.mark.parametrize("modifier", ["ZZ", "00", "XX", "R T", "rt", "", "RTL"])
def test_modifiers_that_do_not(modifier: str) -> None:
    assert modifier not in ALL.modifiers


@pytest.mark.parametrize("modifier", ["XE", "XP", "XS", "XU"])
def test_subsets_of_59_begin_in_2015(modifier: str) -> None:
    assert modifier not in ALL.modifiers.on(date(2014, 12, 31))
    assert modifier in ALL.modifiers.on(date(2015, 1, 1))


# --- a table --------------------------------------------------------------------------------------

windows = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.dates(min_value=date(2000, 1, 1), max_value=date(2000, 3, 1)) | st.just(ANY_DAY),
        st.dates(min_value=date(2000, 1, 1), max_value=date(2000, 3, 1)) | st.just(NO_END),
    ),
    max_size=8,
)


def sound(rows: list[tuple[str, date, date]]) -> list[tuple[str, Row]]:
    """Those that end after they begin and hold on no day of an earlier one of their key."""
    kept: list[tuple[str, Row]] = []
    for key, start, end in rows:
        if start <= end and not any(
            other == key and row.start <= end and start <= row.end for other, row in kept
        ):
            kept.append((key, Row(start, end, "S001")))
    return kept


@given(windows, st.dates(min_value=date(1999, 12, 30), max_value=date(2000, 3, 3)))
def test_on_is_the_row_whose_window_holds_the_day(
    given_rows: list[tuple[str, date, date]], when: date
) -> None:
    rows = sound(given_rows)
    table = Table(rows)
    assert table.on(when) == {key: row for key, row in rows if row.start <= when <= row.end}
    for key in ("a", "b"):
        history = table.history(key)
        assert [row.start for row in history] == sorted(row.start for row in history)
        assert (key in table) == bool(history)


@given(windows, st.dates())
def test_on_answers_for_any_day_and_alike_when_asked_again(
    given_rows: list[tuple[str, date, date]], when: date
) -> None:
    table = Table(sound(given_rows))
    assert table.on(when) is table.on(when)
    for edge in (date.min, date.max):
        assert set(table.on(edge)) <= {"a", "b"}


@given(windows)
def test_each_window_begins_and_ends_to_the_day(given_rows: list[tuple[str, date, date]]) -> None:
    rows = sound(given_rows)
    table = Table(rows)
    for key, row in rows:
        assert table.on(row.start)[key] is row
        assert table.on(row.end)[key] is row
        if row.start != ANY_DAY:
            assert table.on(row.start - timedelta(days=1)).get(key) is not row
        if row.end != NO_END:
            assert table.on(row.end + timedelta(days=1)).get(key) is not row


def test_an_empty_table_holds_and_covers_nothing() -> None:
    table: Table[MueRow] = Table([])
    assert table.on(TODAY) == {}
    assert not table.covers(TODAY)
    assert table.history("64493") == ()


# --- a claim --------------------------------------------------------------------------------------


def claim(
    *codes: str, on: date | None = TODAY, facility: Facility = Facility.PROFESSIONAL
) -> Claim:
    lines = (ServiceLine(number=n, code=code, date=on) for n, code in enumerate(codes, 1))
    return Claim(id="C1", facility=facility, lines=tuple(lines))


def test_reading_tells_apart_what_rules_may_speak_of() -> None:
    reading = ALL.read(claim("64493", "64475", "77003", "64471", "J1030", "85025", "99213"))
    assert [line.code for line in reading.spoken] == ["64493", "77003", "99213"]
    assert [line.code for line in reading.facet] == ["64493"]
    assert [line.code for line in reading.expired] == ["64475", "64471", "J1030"]
    assert reading.ours
    assert not reading.only_lookalikes


def test_a_code_that_ended_and_no_payer_dates_is_not_spoken_of() -> None:
    reading = ALL.read(claim("64493", "01935"))
    assert [line.code for line in reading.spoken] == ["64493"]
    assert reading.expired == ()


@pytest.mark.parametrize(
    ("codes", "ours", "only_lookalikes"),
    [
        (["64493"], True, False),
        (["64475"], True, False),
        (["0213T"], True, False),
        (["64471"], True, True),
        (["64625", "99213"], True, True),
        (["64625", "64493"], True, False),
        (["64483", "77003"], False, False),
        (["64999"], False, False),
        ([], False, False),
    ],
)
def test_which_claims_are_ours(codes: list[str], ours: bool, only_lookalikes: bool) -> None:
    reading = ALL.read(claim(*codes))
    assert (reading.ours, reading.only_lookalikes) == (ours, only_lookalikes)


def test_lines_without_a_date_are_told() -> None:
    reading = ALL.read(claim("64493", "85025", on=None))
    assert [line.code for line in reading.undated] == ["64493"]
    assert reading.spoken == ()
    assert reading.ours


# --- a table that was edited ----------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped tables that a test may edit."""
    return Path(shutil.copytree(mappings_folder(), tmp_path / "mappings"))


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text("utf-8")
    assert text.count(old) == 1, (name, old)
    (folder / name).write_text(text.replace(old, new), "utf-8")


def row_of(folder: Path, name: str, begins: str) -> int:
    """The number of the row that begins so; the header is row 1."""
    lines = (folder / name).read_text("utf-8").splitlines()
    return 1 + next(n for n, line in enumerate(lines) if line.startswith(begins))


def test_an_edited_table_that_is_sound_is_used(folder: Path) -> None:
    edit(folder, "mue.csv", "64634,2024-07-01,,4,3,yes,", "64634,2024-07-01,,5,3,yes,")
    assert Tables(folder).mue.on(TODAY)["64634"].units == 5


def test_a_spreadsheets_byte_order_mark_and_line_ends_are_no_problem(folder: Path) -> None:
    for name in ENTRIES:
        text = (folder / name).read_text("utf-8")
        (folder / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert check_folder(folder) == []
    tables = Tables(folder)
    assert tables.codes.on(TODAY)["64493"] == ALL.codes.on(TODAY)["64493"]
    assert tables.sources == ALL.sources


def test_a_line_end_inside_a_cell_belongs_to_its_row_alone(folder: Path) -> None:
    edit(folder, "codes.csv", ",Surgical tray,", ',"Surgical\ntray",')
    edit(folder, "codes.csv", "G0260,", "G026,")
    number = row_of(folder, "codes.csv", "A4550,")
    below = row_of(folder, "codes.csv", "G026,") - 1  # the row above takes two lines
    first, second = check_folder(folder)
    assert first.startswith(f"codes.csv: row {number}, paraphrase: 'Surgical\\ntray' is not like")
    assert second.startswith(f"codes.csv: row {below}, code: 'G026' is not like")


def test_an_overlap_is_refused_with_its_row_and_column(folder: Path) -> None:
    edit(
        folder,
        "mue.csv",
        "64634,2024-07-01,,4,3,yes,",
        "64634,2024-07-01,2025-06-30,4,3,yes,S012\n64634,2025-06-30,,5,3,yes,",
    )
    number = row_of(folder, "mue.csv", "64634,2025-06-30")
    with pytest.raises(TableError) as error:
        _ = Tables(folder).mue
    assert str(error.value) == (
        f"mappings/mue.csv: row {number}, start: "
        f"64634 holds on some of these days already, in row {number - 1}"
    )


def test_windows_that_adjoin_do_not_overlap(folder: Path) -> None:
    edit(
        folder,
        "mue.csv",
        "64634,2024-07-01,,4,3,yes,",
        "64634,2024-07-01,2025-06-30,4,3,yes,S012\n64634,2025-07-01,,5,3,yes,",
    )
    mue = Tables(folder).mue
    assert mue.on(date(2025, 6, 30))["64634"].units == 4
    assert mue.on(date(2025, 7, 1))["64634"].units == 5


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("codes.csv", "code,start,", "code,began,", "row 1, began: there is no such column"),
        ("codes.csv", "code,start,", "code,strat,", "did you mean 'start'?"),
        ("codes.csv", ",paraphrase,", ",", "row 1, paraphrase: is missing"),
        ("codes.csv", "code,start,", "code,code,", "row 1, code: stands there more than once"),
        ("codes.csv", "64493,2010-01-01,", "64493,2010-02-30,", "'2010-02-30' is no date such as"),
        ("codes.csv", "64493,2010-01-01,", "64493,1/1/2010,", ", start: '1/1/2010' is no date"),
        ("codes.csv", "64493,2010-01-01,,", "64493,2010-01-01,2009-01-01,", "end: the last day"),
        ("codes.csv", "64493,2010-01-01,,,facet", "64493,2010-01-01,,,fact", ", role: 'fact' is"),
        ("codes.csv", "A4550,,,,supply,,", "A4550,,,,supply,injection,", ", kind: only a facet"),
        ("codes.csv", "64471,,,yes,", "64471,2000-01-01,,yes,", ", never: a number that never"),
        ("codes.csv", "A4550,", "A455,", ", code: 'A455' is not like 64493"),
        ("codes.csv", "A4550,,,", "A4550,,,,", "has not as many cells as row 1"),
        ("mue.csv", "64634,2024-07-01,,4,", "64634,2024-07-01,,four,", ", units: 'four' is no"),
        ("mue.csv", "64634,2024-07-01,,4,", "64634,2024-07-01,,-4,", ", units: '-4' is no whole"),
        ("mue.csv", "64634,2024-07-01,,4,3,yes,S012", "64634,2024-07-01,,4,3,yes,S999", "S999 is"),
        (
            "mue.csv",
            "64634,2024-07-01,,4,3,",
            "64634,2024-07-01,,4,1,",
            "asc_doubled: only a limit",
        ),
        ("codes.csv", "facet,injection,LS,fluoro-ct,1", "facet,,LS,fluoro-ct,1", ", kind: a facet"),
        ("crosswalk.csv", "J1010,units,40,", "J1010,units,,", "factor: units need one"),
        ("modifiers.csv", "73,,,replace,replace,,53,", "73,,,replace,replace,,,", "instead: is"),
        ("modifiers.csv", "RT,,,,,,,,", "RT,,,safe,,,,,", "why: is there where"),
        ("sources.csv", "S002,", "S001,", ", key: S001 stands there already, in row 2"),
        ("sources.csv", "S002,", "S902,", "stands too late; rows are sorted by key"),
        ("addons.csv", "64492,64490 64491,", "64492,64490  64491,", ", parents: '' is not like"),
        ("ncci.csv", "64493,77003,", "64493,64493,", "column2: a code is no pair with itself"),
        ("payer_routes.csv", ",MB,,asc,", ",MB,,ASC,", ", facility: 'ASC' is none of"),
        (
            "codes.csv",
            'LS,fluoro-ct,2,joint,,"',
            'LS,fluoro-ct,2,joint,facet,"',
            "part_of: a facet",
        ),
        ("icd10.csv", "M4781,,,yes,,,", "M4781,,,yes,CT,,", "header: a header has no region"),
        ("icd10.csv", "M47812,", "M47.812,", ", code: 'M47.812' is not like M47816"),
        ("hopd.csv", "64490,2023-07-01,", "6449,2023-07-01,", ", code: '6449' is not like"),
    ],
)
def test_a_bad_row_is_named(folder: Path, name: str, old: str, new: str, problem: str) -> None:
    edit(folder, name, old, new)
    problems = check_folder(folder)
    assert any(each.startswith(f"{name}: row ") and problem in each for each in problems), problems


def test_a_profile_names_a_list_that_there_is(folder: Path) -> None:
    path = folder / "payers" / "medicare.toml"
    path.write_text(path.read_text("utf-8").replace('"a58403"', '"a58404"'), "utf-8")
    problem = "[params] diagnoses: icd10.csv has no list 'a58404'; did you mean 'a58403'?"
    assert f"payers/medicare.toml: {problem}" in check_folder(folder)


def test_all_problems_are_found_at_once(folder: Path) -> None:
    edit(folder, "codes.csv", "64493,2010-01-01,", "64493,soon,")
    edit(folder, "codes.csv", "64494,2010-01-01,", "64494,later,")
    first, second = check_folder(folder)
    assert "'soon'" in first
    assert "'later'" in second


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("addons.csv", "64491,64490,2010", "64491,64490,2009", "64491 is no code on all of"),
        ("addons.csv", "64491,64490,", "64491,64470,", "parents: 64470 is no code on all of"),
        ("addons.csv", "64491,64490,", "64490,64493,", "code: 64490 is no add-on in codes.csv"),
        ("crosswalk.csv", "64470,2010-01-01,", "64470,2009-12-31,", "64470 is a code on some"),
        ("crosswalk.csv", "64622,2012-01-01,", "64622,2011-01-01,", "64622 is a code on some"),
        ("crosswalk.csv", "64470,2010-01-01,,64490", "64470,2010-01-01,,64475", "successor: 64475"),
        ("crosswalk.csv", "64470,2010-01-01,,64490", "64470,2010-01-01,,64493", "do not count"),
        ("crosswalk.csv", "64622,2012-01-01,,64635,nerves", "64622,2012-01-01,,64635,levels", "do"),
        ("crosswalk.csv", "J1020,", "J1025,", "code: J1025 is not in codes.csv"),
        (
            "codes.csv",
            "J1010,2024-04-01,,,drug,",
            "J1010,2020-01-01,2024-03-31,,other,,,,,,,Of old,S010\nJ1010,2024-04-01,,,drug,",
            "role: J1010 has another one in an earlier row",
        ),
        ("mue.csv", "J3304,", "J3305,", "code: J3305 is not in codes.csv"),
        ("ncci.csv", "64493,96374,", "64493,96375,", "column2: 96375 is not in codes.csv"),
        (
            "codes.csv",
            'fluoro-ct,2,joint,,"Injection at the second cervical',
            'fluoro-ct,1,joint,,"Injection at the second cervical',
            ", level: 64490 is this level already",
        ),
        ("modifiers.csv", "replace,replace,,53,73", "replace,replace,,5Z,73", "5Z is no modifier"),
        ("payer_routes.csv", ",tricare,", ",tricarre,", "did you mean 'tricare'?"),
    ],
)
def test_tables_that_disagree_are_named(
    folder: Path, name: str, old: str, new: str, problem: str
) -> None:
    edit(folder, name, old, new)
    problems = check_folder(folder)
    assert any(each.startswith(f"{name}: row ") and problem in each for each in problems), problems


def test_missing_and_unknown_files_are_named(folder: Path) -> None:
    (folder / "mue.csv").rename(folder / "mues.csv")
    assert check_folder(folder) == [
        "mue.csv: is missing",
        "mues.csv: there is no such table; did you mean 'mue.csv'?",
    ]
    with pytest.raises(TableError, match=r"^mappings/mue\.csv: cannot be read: No such file"):
        _ = Tables(folder).mue


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xff\xfe", "is not text in UTF-8"),
        (b"", "row 1, start: is missing"),
        (b"\x00", "row 1"),
        (b'code,start\n"64493', "row 1, "),
        (b'"' + b"x" * 200_000 + b'"\n', "is not CSV: field larger than"),
    ],
)
def test_what_is_no_table_is_refused(folder: Path, content: bytes, what: str) -> None:
    (folder / "codes.csv").write_bytes(content)
    with pytest.raises(TableError, match=f"^mappings/codes.csv: {what}"):
        _ = Tables(folder).codes


@given(st.sampled_from(sorted(ENTRIES)), st.binary(max_size=200), st.binary(max_size=100))
def test_whatever_a_file_holds_a_check_answers(name: str, more: bytes, cells: bytes) -> None:
    header = (mappings_folder() / name).read_bytes().split(b"\n")[0]
    assert check_table(name, more) != []
    for problem in check_table(name, header + b"\n" + cells, sources=()):
        assert problem


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"codes.csv": ""}'])
def test_a_broken_manifest_is_one_sentence(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(TableError, match=r"^mappings/manifest\.json: \w[^\n]*$"):
        _ = Tables(folder).version


def test_without_a_manifest_all_is_checked(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    assert Tables(folder).codes.on(TODAY) == ALL.codes.on(TODAY)
    edit(folder, "codes.csv", "64493,2010-01-01,", "64493,soon,")
    with pytest.raises(TableError, match="soon"):
        _ = Tables(folder).codes


def test_a_manifest_needs_a_version(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(TableError, match=r"^mappings/manifest\.json: names no version; give one$"):
        write_manifest(folder)


def test_a_name_that_is_no_table() -> None:
    assert check_table("code.csv", b"") == ["there is no such table; did you mean 'codes.csv'?"]


def test_a_long_cell_is_not_quoted_whole() -> None:
    data = b"code,parents,start,end,source\n" + b"6" * 100_000 + b",64490,,,S014\n"
    (problem,) = check_table("addons.csv", data)
    assert len(problem) < 100


def test_writing_the_manifest_makes_an_edit_a_shipped_one(folder: Path) -> None:
    edit(folder, "mue.csv", "64634,2024-07-01,,4,3,yes,", "64634,2024-07-01,,5,3,yes,")
    write_manifest(folder)
    written = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert written == manifest(folder, ALL.version)
    write_manifest(folder, "2027.1")
    assert Tables(folder).version == "2027.1"


def test_no_manifest_is_written_for_tables_that_are_wrong(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("adapter.schema.mappings_folder", lambda: folder)
    edit(folder, "codes.csv", "64493,2010-01-01,", "64493,soon,")
    before = (folder / "manifest.json").read_bytes()
    assert main([]) == 1
    assert "'soon'" in capsys.readouterr().err
    assert (folder / "manifest.json").read_bytes() == before
    edit(folder, "codes.csv", "64493,soon,", "64493,2010-01-01,")
    assert main(["2027.1"]) == 0
    assert Tables(folder).version == "2027.1"


def test_a_plain_run_does_not_pay_for_the_checks() -> None:
    program = """
import sys
from datetime import date
from adapter.profiles import Profiles
from adapter.tables import shipped
tables = shipped()
tables.codes.on(date(2026, 1, 1)), tables.modifiers.on(date(2026, 1, 1)), tables.sources
Profiles(tables.folder).get("medicare")
sys.exit("pydantic" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == 0
