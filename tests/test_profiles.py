"""Payer profiles: what each asks for on a day, and how a claim finds its own."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.findings import Severity
from adapter.model import Claim, Facility, Payer, Provider, ServiceLine
from adapter.profiles import Form, Profiles, ThirdLevel
from adapter.rules import all_rules
from adapter.schema import check_folder, check_profile
from adapter.tables import CodeRow, TableError, mappings_folder, shipped

TODAY = date(2026, 11, 25)
ALL = Profiles(mappings_folder())
FORMS = (Form.MODIFIER_50, Form.RT_LT_LINES, Form.ADDON_TWICE, Form.UNKNOWN)
FIFTY, LINES, TWICE, UNKNOWN = FORMS


def day(text: str) -> date:
    return date.fromisoformat(text)


def code(name: str, on: date = TODAY) -> CodeRow:
    return shipped().codes.on(on)[name]


# --- what is shipped ------------------------------------------------------------------------------


def test_the_profiles_that_there_are() -> None:
    assert ALL.ids == (
        *("aetna", "alabama-medicaid", "bcbs-al", "bcbs-nd", "cpt", "evicore", "generic"),
        *("humana-ma", "ibx", "medicare", "medicare-asc", "medicare-cgs", "medicare-fcso"),
        *("medicare-ngs", "medicare-noridian-je", "medicare-noridian-jf", "medicare-novitas"),
        *("medicare-palmetto", "medicare-wps", "priority-health-asc", "texas-medicaid"),
        *("tricare", "uhc-commercial", "uhc-ma", "wa-lni"),
    )


@pytest.mark.parametrize(
    ("payer", "on", "first", "addon"),
    [
        ("medicare", "2009-08-31", FIFTY, FIFTY),
        ("medicare", "2019-05-06", FIFTY, FIFTY),
        ("medicare", "2026-11-25", FIFTY, FIFTY),
        ("medicare-asc", "2026-11-25", LINES, LINES),
        ("cpt", "2019-12-31", FIFTY, FIFTY),
        ("cpt", "2020-01-01", FIFTY, TWICE),
        ("texas-medicaid", "2025-06-01", LINES, LINES),
        ("ibx", "2025-06-01", FIFTY, FIFTY),
        ("priority-health-asc", "2022-05-31", FIFTY, FIFTY),
        ("priority-health-asc", "2022-06-01", LINES, LINES),
        ("generic", "2026-11-25", UNKNOWN, UNKNOWN),
    ],
)
def test_the_form_of_both_sides(payer: str, on: str, first: Form, addon: Form) -> None:
    profile = ALL.get(payer)
    assert profile.bilateral(code("64493"), day(on)) is first
    assert profile.bilateral(code("64635"), day(on)) is first
    assert profile.bilateral(code("64494"), day(on)) is addon
    assert profile.bilateral(code("64636"), day(on)) is addon


@pytest.mark.parametrize("payer", ["medicare", "medicare-asc"])
@pytest.mark.parametrize(
    ("on", "third", "kx"),
    [
        ("2021-05-01", ThirdLevel.UNSAID, False),
        ("2021-05-02", ThirdLevel.APPEAL_ONLY, True),
        ("2024-08-10", ThirdLevel.APPEAL_ONLY, True),
        ("2024-08-11", ThirdLevel.NON_COVERED, True),
        ("2026-11-25", ThirdLevel.NON_COVERED, True),
    ],
)
def test_medicare_from_the_last_contractors_day(
    payer: str, on: str, third: ThirdLevel, kx: bool
) -> None:
    profile = ALL.get(payer)
    assert profile.third_level(day(on)) is third
    assert profile.asks_kx(day(on)) is kx


def test_what_belongs_to_medicare_alone() -> None:
    for payer in ALL.ids:
        profile = ALL.get(payer)
        medicare = payer.startswith("medicare")
        policy = medicare or payer in ("uhc-ma", "humana-ma")  # coverage, but not claim edits
        assert profile.names_mue(TODAY) is medicare
        assert profile.names_ncci(TODAY) is medicare
        assert profile.hospital_list(TODAY) is medicare
        assert profile.safe_bilateral is medicare
        assert profile.asks_kx(TODAY) is policy
        assert profile.takes_x_modifiers(TODAY) is policy
        assert (profile.diagnosis_list(TODAY) is not None) is policy
        assert profile.severity("LV03", TODAY) is (Severity.WARNING if policy else None)
        assert (profile.third_level(TODAY) is ThirdLevel.NON_COVERED) is policy


@pytest.mark.parametrize("payer", ["generic", "cpt"])
def test_who_is_no_payer_has_no_policy(payer: str) -> None:
    profile = ALL.get(payer)
    assert all(name.startswith(("bilateral", "technique_")) for name in profile.params)


@pytest.mark.parametrize("payer", ALL.ids)
def test_an_unknown_form_is_only_asked_about(payer: str) -> None:
    profile = ALL.get(payer)
    unknown = profile.bilateral(code("64493"), TODAY) is UNKNOWN
    assert (profile.severity("LA05", TODAY) is Severity.INFO) is unknown


def test_an_unknown_payer_is_one_profile() -> None:
    assert [payer for payer in ALL.ids if not ALL.get(payer).is_known] == ["generic"]


def test_profiles_of_facilities() -> None:
    assert [payer for payer in ALL.ids if ALL.get(payer).is_facility] == [
        "medicare-asc",
        "priority-health-asc",
    ]
    assert ALL.get("medicare").facility_profile == "medicare-asc"


def test_every_value_has_a_source_and_a_file() -> None:
    for payer in ALL.ids:
        profile = ALL.get(payer)
        assert profile.title
        for values in (*profile.params.values(), *profile.rules.values()):
            for value in values:
                assert value.source in shipped().sources
                assert (mappings_folder() / "payers" / value.file).is_file()


def test_every_rule_that_a_profile_names_is_one() -> None:
    for payer in ALL.ids:
        assert set(ALL.get(payer).rules) <= set(all_rules())


def test_a_value_names_the_file_that_says_it() -> None:
    asc = ALL.get("medicare-asc")
    assert asc.extends == ("medicare", "_base")
    form, mue = asc.dated("bilateral", TODAY), asc.dated("mue", TODAY)
    assert form is not None
    assert mue is not None
    assert (form.file, mue.file) == ("medicare-asc.toml", "medicare.toml")


@given(st.sampled_from(ALL.ids), st.dates())
def test_every_profile_answers_for_any_day(payer: str, when: date) -> None:
    profile = ALL.get(payer)
    for name in ("64493", "64494", "64636"):
        assert profile.bilateral(code(name), when) in FORMS
    assert profile.third_level(when) in ThirdLevel
    for name, values in profile.params.items():
        in_force = [value for value in values if value.start <= when]
        assert profile.dated(name, when) == (in_force[-1] if in_force else None)


# --- routes ---------------------------------------------------------------------------------------


def claim(
    filing: str | None,
    state: str | None = "OH",
    facility: Facility = Facility.PROFESSIONAL,
    payer_id: str | None = "P1",
    on: date | None = TODAY,
) -> Claim:
    return Claim(
        id="C1",
        facility=facility,
        payer=Payer(id=payer_id, filing_indicator=filing),
        billing=Provider(state=state),
        lines=(ServiceLine(number=1, code="64493", date=on),),
    )


@pytest.mark.parametrize(
    ("seen", "payer", "why"),
    [
        (claim("MB"), "medicare-cgs", "filing indicator MB, state OH"),
        (claim("MB", "VA"), "medicare", "filing indicator MB, state VA"),  # two contractors
        (claim("MB", None), "medicare", "filing indicator MB"),
        (
            claim("MB", facility=Facility.ASC),
            "medicare-asc",
            "filing indicator MB, state OH, ASC facility claim, with the policy of medicare-cgs",
        ),
        (
            claim("MB", None, Facility.ASC),
            "medicare-asc",
            "filing indicator MB, ASC facility claim",
        ),
        (claim("MB", facility=Facility.UNKNOWN), "generic", None),
        (claim("MC", "AL"), "alabama-medicaid", "filing indicator MC, state AL"),
        (claim("CH"), "tricare", "filing indicator CH, state OH"),
        (claim("WC", "WA"), "wa-lni", "filing indicator WC, state WA"),
        (claim("WC"), "generic", None),
        (claim("MC", "TX"), "texas-medicaid", "filing indicator MC, state TX"),
        (claim("MC", "TX", Facility.ASC), "texas-medicaid", "filing indicator MC, state TX"),
        (claim("MC"), "generic", None),
        (claim("MC", None), "generic", None),
        (claim("CI"), "generic", None),
        (claim("BL", "TX"), "generic", None),
        (claim("16"), "generic", None),  # a Medicare plan of another insurer
        (claim("MA"), "generic", None),
        (claim(None), "generic", None),
        (claim("mb"), "generic", None),
        (claim("MB", on=None), "generic", None),  # no day to look anything up on
    ],
)
def test_a_claim_finds_its_profile(seen: Claim, payer: str, why: str | None) -> None:
    profile, said = ALL.route(seen)
    assert profile.id == payer
    assert said == (why or "no route matches this payer, filing indicator and state")


def test_the_users_routes_come_first_and_are_dated(tmp_path: Path) -> None:
    (tmp_path / "payer_routes.csv").write_text(
        "payer_id,filing,state,facility,start,end,profile,source\n"
        "P1,,,,2025-01-01,2025-12-31,ibx,S001\n",
        "utf-8",
    )
    profiles = Profiles(mappings_folder(), tmp_path)
    for when, payer in (
        ("2024-12-31", "medicare-cgs"),
        ("2025-01-01", "ibx"),
        ("2025-12-31", "ibx"),
        ("2026-01-01", "medicare-cgs"),
    ):
        assert profiles.route(claim("MB", on=day(when)))[0].id == payer
    assert profiles.route(claim("MB", payer_id="P2", on=day("2025-06-01")))[0].id == "medicare-cgs"
    assert profiles.route(claim("CI", on=day("2025-06-01")))[1] == "payer id P1, state OH"


# --- a user's own ---------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "payers").mkdir()
    return tmp_path


def put(own: Path, name: str, text: str) -> Profiles:
    (own / "payers" / f"{name}.toml").write_text(text, "utf-8")
    return Profiles(mappings_folder(), own)


def test_a_profile_of_ones_own_extends_a_shipped_one(own: Path) -> None:
    profiles = put(
        own,
        "acme",
        """
extends = "medicare"
title = "Acme"
[params]
mue = [{ value = false, source = "our contract of 2024" }]
[rules.LV03]
severity = [{ from = 2025-01-01, value = "error", source = "our contract of 2024" }]
""",
    )
    assert check_folder(own) == []
    acme = profiles.get("acme")
    assert "acme" in profiles.ids
    assert acme.extends == ("medicare", "_base")
    assert not acme.names_mue(TODAY)
    assert acme.bilateral(code("64493"), TODAY) is FIFTY
    assert acme.severity("LV03", date(2024, 12, 31)) is None
    assert acme.severity("LV03", date(2025, 1, 1)) is Severity.ERROR


def test_a_profile_of_ones_own_takes_the_place_of_a_shipped_one(own: Path) -> None:
    profiles = put(own, "ibx", 'extends = "texas-medicaid"')
    assert profiles.get("ibx").bilateral(code("64493"), TODAY) is LINES
    assert profiles.get("ibx").title == "ibx"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[params", "is not TOML: "),
        ("titel = 'Acme'", "there is no key 'titel'; did you mean 'title'?"),
        ("params = 3", "[params]: is no table"),
        ("[params]\nbilateral = 'modifier-50'", "[params] bilateral: is no list such as"),
        (
            "[params]\nbilatral = []",
            "[params]: there is no key 'bilatral'; did you mean 'bilateral'?",
        ),
        (
            "[params]\nbilateral = [{ value = '50', source = 's' }]",
            "[params] bilateral, value 1, value: '50' is none of 'modifier-50', ",
        ),
        ("[params]\nmue = [{ value = true }]", "[params] mue, value 1, source: is missing"),
        (
            "[params]\nmue = [{ value = 'yes', source = 's' }]",
            "[params] mue, value 1, value: is neither true nor false",
        ),
        (
            "[params]\nmue = [{ from = '2025-01-01', value = true, source = 's' }]",
            "[params] mue, value 1, from: is no date such as 2010-01-01, written without quotes",
        ),
        (
            "[params]\nmue = [{ from = 2025-01-01, value = true, source = 's' },"
            " { from = 2025-01-01, value = false, source = 's' }]",
            "[params] mue: from: each value begins after the one before it",
        ),
        ("[params]\nmue = []", "[params] mue: has no value"),
        (
            "[params]\nfacility = [{ from = 2025-01-01, value = true, source = 's' }]",
            "[params] facility: has one value, and that without `from`",
        ),
        (
            "[params]\nnot_covered = [{ value = ['pulsd'], source = 's' }]",
            "[params] not_covered, value 1, value, value 1: 'pulsd' is none of 'therapeutic-inj",
        ),
        (
            "[params]\nablation_joints = [{ value = 0, source = 's' }]",
            "[params] ablation_joints, value 1, value: ",
        ),
        (
            "[params]\nauthorization = [{ value = { codes = ['64493'], place = ['22'] },"
            " source = 's' }]",
            "[params] authorization, value 1, value: there is no key 'place'; did you mean 'place",
        ),
        (
            "[params]\nauthorization = [{ value = { codes = ['6449'] }, source = 's' }]",
            "[params] authorization, value 1, value, codes, value 1: '6449' is not like 64493, ",
        ),
        ("[rules.LA]\nseverity = []", "[rules.LA]: 'LA' is not like LA05"),
        ("[rules.LA05]\nlevel = []", "[rules.LA05] severity: is missing"),
        (
            "[rules.LA05]\nseverity = [{ value = 'fatal', source = 's' }]",
            "[rules.LA05] severity, value 1, value: 'fatal' is none of info, warning, error",
        ),
    ],
)
def test_a_broken_profile_is_one_clear_sentence(own: Path, text: str, problem: str) -> None:
    profiles = put(own, "acme", text)
    with pytest.raises(TableError) as error:
        profiles.get("acme")
    said = str(error.value)
    assert said.startswith(f"{own.name}/payers/acme.toml: {problem}")
    assert "\n" not in said
    assert any(each.startswith(f"payers/acme.toml: {problem}") for each in check_folder(own))


def test_text_that_is_not_utf8_is_named(own: Path) -> None:
    (own / "payers" / "acme.toml").write_bytes(b'title = "\xe9"')
    with pytest.raises(TableError, match=r"payers/acme\.toml: is not text in UTF-8$"):
        Profiles(mappings_folder(), own).get("acme")


def test_what_a_profile_extends_must_be_there(own: Path) -> None:
    profiles = put(own, "acme", 'extends = "medicar"')
    with pytest.raises(TableError, match=r"payers/acme\.toml: extends 'medicar', which is not"):
        profiles.get("acme")
    assert check_folder(own) == [
        "payers/acme.toml: extends: there is no profile 'medicar'; did you mean 'medicare'?"
    ]


def test_profiles_that_extend_each_other_are_named(own: Path) -> None:
    put(own, "one", 'extends = "two"')
    profiles = put(own, "two", 'extends = "one"')
    put(own, "three", 'extends = "one"')
    for name in ("one", "two", "three"):
        with pytest.raises(TableError, match="extends itself"):
            profiles.get(name)
    assert check_folder(own) == [
        "payers/one.toml: extends: one extends two extends one",
        "payers/two.toml: extends: two extends one extends two",
    ]


def test_a_name_that_is_no_profile(own: Path) -> None:
    for name in ("_base", "acme", "", "../sources"):
        with pytest.raises(KeyError):
            Profiles(mappings_folder(), own).get(name)


def test_a_route_to_no_profile_is_named(own: Path) -> None:
    (own / "payer_routes.csv").write_text(
        "payer_id,filing,state,facility,start,end,profile,source\nP1,,,,,,medicar,S001\n", "utf-8"
    )
    with pytest.raises(TableError, match=r"payer_routes\.csv: there is no profile 'medicar'$"):
        Profiles(mappings_folder(), own).route(claim("MB"))
    assert check_folder(own) == [
        "payer_routes.csv: row 2, profile: there is no profile 'medicar'; did you mean 'medicare'?"
    ]


def test_a_shipped_profile_that_was_edited_must_name_known_sources(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(mappings_folder(), tmp_path / "mappings"))
    path = folder / "payers" / "ibx.toml"
    path.write_text(path.read_text("utf-8").replace('source = "S', 'source = "X'), "utf-8")
    with pytest.raises(TableError, match=r"^mappings/payers/ibx\.toml: \[params\] bilateral: X\d+"):
        Profiles(folder).get("ibx")


def test_there_is_always_a_profile_for_an_unknown_payer(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(mappings_folder(), tmp_path / "mappings"))
    (folder / "payers" / "generic.toml").unlink()
    assert check_folder(folder) == [
        "payers/generic.toml: is missing; a claim without another profile has it"
    ]


@given(st.binary(max_size=60), st.text(max_size=60))
def test_whatever_a_profile_holds_a_check_answers(data: bytes, text: str) -> None:
    for content in (data, text.encode(), b"[params]\nmue = " + text.encode()):
        assert all("\n" not in problem for problem in check_profile(content))


def test_a_value_holds_from_its_day_until_the_next(own: Path) -> None:
    first, last = date(2020, 1, 1), date(2024, 1, 1)
    profiles = put(
        own,
        "acme",
        f"""
[params]
mue = [
    {{ from = {first}, value = true, source = "s" }},
    {{ from = {last}, value = false, source = "s" }},
]
""",
    )
    acme = profiles.get("acme")
    eve = timedelta(days=1)
    assert [acme.names_mue(when) for when in (first - eve, first, last - eve, last)] == [
        *(False, True),
        *(True, False),
    ]
    assert acme.dated("mue", first - eve) is None
