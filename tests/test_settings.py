"""Flags, environment and configuration file: which wins, and what is said of a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.findings import Severity
from adapter.settings import OPTIONS, Settings, WrongUsage, known_profiles, load, nearest, policy


def write(folder: Path, text: str, name: str = "facet.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert load({}, {}, tmp_path) == Settings()


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    write(tmp_path, 'payer = "cpt"\nformat = "json"\nfail-on = "info"\n')
    environ = {"FACET_FORMAT": "ndjson", "FACET_FAIL_ON": "warning"}
    settings = load({"fail_on": "never", "payer": None}, environ, tmp_path)
    assert (settings.payer, settings.format, settings.fail_on) == ("cpt", "ndjson", None)


def test_every_option_may_stand_in_a_file_with_either_sign_between_words(tmp_path: Path) -> None:
    values = {
        "payer": '"cpt"', "format": '"sarif"', "select": '["LA", "md01"]', "ignore": '"LA03,UN"',
        "fail-on": '"warning"', "suggested": "true", "fix-envelope": "true", "time-budget": "2.5",
        "quiet": "true", "no-color": "true", "output": '"out"', "in-place": "true",
        "diff": "true", "changes": '"list.json"', "annotate": "true",
        "outcomes": '"said.ndjson"', "validate-fhir": "true",
    }  # fmt: skip
    assert {key.replace("-", "_") for key in values} == {*OPTIONS}
    for sign in "-_":
        text = "".join(f"{key.replace('-', sign)} = {value}\n" for key, value in values.items())
        file = write(tmp_path, text)
        assert load({}, {}, tmp_path) == Settings(
            payer="cpt",
            format="sarif",
            select=("LA", "MD01"),
            ignore=("LA03", "UN"),
            fail_on=Severity.WARNING,
            suggested=True,
            fix_envelope=True,
            time_budget=2.5,
            quiet=True,
            no_color=True,
            output=tmp_path / "out",
            in_place=True,
            diff=True,
            changes=tmp_path / "list.json",
            annotate=True,
            outcomes=tmp_path / "said.ndjson",
            validate_fhir=True,
            file=file,
        )


def test_the_nearest_file_upwards_is_taken(tmp_path: Path) -> None:
    write(tmp_path, 'payer = "far"\n')
    near = write(tmp_path / "a", '[tool.facet]\npayer = "near"\n', "pyproject.toml")
    settings = load({}, {}, tmp_path / "a" / "b")
    assert (settings.payer, settings.file) == ("near", near)


def test_facet_toml_wins_over_the_pyproject_beside_it(tmp_path: Path) -> None:
    write(tmp_path, '[tool.facet]\npayer = "project"\n', "pyproject.toml")
    write(tmp_path, 'payer = "own"\n')
    assert load({}, {}, tmp_path).payer == "own"


@pytest.mark.parametrize("text", ["[tool.ruff]\nx = 1\n", "# facet\n[tool.ruff]\n", "not toml ["])
def test_a_pyproject_without_our_table_is_passed_by(tmp_path: Path, text: str) -> None:
    write(tmp_path, 'payer = "above"\n')
    write(tmp_path / "a", text, "pyproject.toml")
    assert load({}, {}, tmp_path / "a").payer == "above"


def test_a_named_file_is_taken_wherever_it_is(tmp_path: Path) -> None:
    write(tmp_path, 'payer = "found"\n')
    named = write(tmp_path / "x", 'payer = "named"\n', "my.toml")
    assert load({"config": str(named)}, {}, tmp_path).payer == "named"
    assert load({}, {"FACET_CONFIG": str(named)}, tmp_path).payer == "named"
    project = write(tmp_path / "y", '[tool.facet]\npayer = "project"\n', "pyproject.toml")
    assert load({"config": str(project)}, {}, tmp_path).payer == "project"


def test_tables_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    write(
        tmp_path,
        '[rules.LA03]\nseverity = "info"\n[params]\nmue = true\n[profiles]\npath = "ours"\n'
        '[x12]\nsender_id = "ME"\nusage = "T"\ncontrol-number = 1\n',
    )
    settings = load({}, {}, tmp_path)
    assert settings.severities == {"LA03": Severity.INFO}
    assert settings.params == {"mue": True}
    assert settings.profiles == tmp_path / "ours"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('payr = "cpt"', "facet.toml: there is no key 'payr'; did you mean payer"),
        ('fail_onn = "error"', "there is no key 'fail_onn'; did you mean fail-on"),
        ("[ruls.LA03]", "there is no key 'ruls'; did you mean rules"),
        ('fail-on = "fatal"', "facet.toml: fail-on: give one of error, warning, info, never"),
        (
            'format = "jsn"',
            "format: give one of text, json, ndjson, sarif, github; did you mean json",
        ),
        ("format = 3", "format: give one of text"),
        ("quiet = 1", "quiet: give true or false"),
        ("time-budget = 0", "time-budget: give a number of seconds above zero"),
        ("time-budget = true", "time-budget: give a number of seconds above zero"),
        ("time-budget = nan", "time-budget: give a number of seconds above zero"),
        ("select = 7", "select: give a list of rules or families"),
        ("payer = true", "payer: give a name"),
        ("output = 3", "output: give a path"),
        ("rules = 1", "rules is a table"),
        ('[rules.LA03]\nseverty = "info"', "[rules.LA03]: there is no key 'severty'; did you mean"),
        ('[rules.LA03]\nseverity = "off"', "[rules.LA03]: severity is one of info, warning, error"),
        ("[rules]\nLA03 = 1", "[rules.LA03] is a table with severity"),
        ('[profiles]\npath = "nowhere"', "nowhere is not a folder"),
        ("[profiles]\npath = 1", "[profiles]: path is the folder"),
        ('[x12]\nsender = "A"', "[x12]: there is no key 'sender'; did you mean sender_id"),
        ("[x12]\nsender_id = []", "[x12]: sender_id is text"),
        ("payer = ", "facet.toml is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, text)
    with pytest.raises(WrongUsage) as error:
        load({}, {}, tmp_path)
    assert said in str(error.value)
    assert str(tmp_path / "facet.toml") in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match=r"gone\.toml cannot be read"):
        load({"config": str(tmp_path / "gone.toml")}, {}, tmp_path)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("FACET_FORMAT", "xml", "FACET_FORMAT: give one of text"),
        ("FACET_QUIET", "maybe", "FACET_QUIET: give true or false"),
        ("FACET_TIME_BUDGET", "soon", "FACET_TIME_BUDGET: give a number of seconds"),
    ],
)
def test_a_mistake_in_the_environment_is_named(
    tmp_path: Path, variable: str, value: str, said: str
) -> None:
    with pytest.raises(WrongUsage, match=said):
        load({}, {variable: value}, tmp_path)


@pytest.mark.parametrize(("word", "is_on"), [("1", True), ("TRUE", True), ("no", False)])
def test_switches_in_the_environment(tmp_path: Path, word: str, is_on: bool) -> None:
    write(tmp_path, f"quiet = {str(not is_on).lower()}\n")
    assert load({}, {"FACET_QUIET": word}, tmp_path).quiet is is_on


def test_an_empty_variable_says_nothing(tmp_path: Path) -> None:
    assert load({}, {"FACET_FORMAT": ""}, tmp_path).format == "text"


def test_a_budget_of_zero_on_the_command_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="--time-budget: give a number of seconds above zero"):
        load({"time_budget": 0.0}, {}, tmp_path)


def test_nearest_names_are_offered() -> None:
    assert nearest("medicar", ["medicare", "medicare-asc", "cpt"]).startswith(
        "; did you mean medicare or medicare-asc"
    )
    assert nearest("zzz", ["medicare"]) == ""


# --- what the engine is told ----------------------------------------------------------------------


def test_families_and_rules_are_resolved() -> None:
    told = policy(Settings(select=("MD", "UN02"), ignore=("MD07",)))
    assert {rule[:2] for rule in told.select} == {"MD", "UN"}
    assert {"MD01", "MD07", "UN02"} <= told.select
    assert "UN01" not in told.select
    assert told.ignore == {"MD07"}


def test_nothing_selected_is_everything() -> None:
    assert policy(Settings()).takes("LA05")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(select=("MD99",)), "select: there is no rule or family MD99; did you mean MD"),
        (Settings(ignore=("XQ",)), "ignore: there is no rule or family XQ"),
        (Settings(payer="medicar"), "there is no payer profile 'medicar'; did you mean medicare"),
        (
            Settings(severities={"MD77": Severity.INFO}, file=Path("facet.toml")),
            r"facet.toml: \[rules.MD77\]: there is no such rule; did you mean MD07",
        ),
        (
            Settings(params={"bilatral": "x"}, file=Path("facet.toml")),
            r"facet.toml: \[params\]: there is no key 'bilatral'; did you mean bilateral",
        ),
        (
            Settings(params={"bilateral": "fifty"}, file=Path("facet.toml")),
            r"\[params\]: bilateral: give one of modifier-50, rt-lt-lines, addon-twice, unknown",
        ),
        (Settings(params={"mue": "yes"}, file=Path("f")), r"\[params\]: mue: give a value such as"),
    ],
)
def test_names_that_do_not_exist_are_refused(settings: Settings, said: str) -> None:
    with pytest.raises(WrongUsage, match=said):
        policy(settings)


def test_parameters_of_the_file_win_over_those_of_every_profile() -> None:
    profiles = known_profiles(Settings(params={"bilateral": "rt-lt-lines"}, file=Path("f.toml")))
    for name in profiles.ids:
        (dated,) = profiles.get(name).params["bilateral"]
        assert (dated.value, dated.file) == ("rt-lt-lines", "f.toml")


def test_a_folder_of_profiles_adds_to_the_shipped_ones(tmp_path: Path) -> None:
    write(tmp_path / "payers", 'extends = "medicare"\ntitle = "Ours"\n', "ours.toml")
    profiles = known_profiles(Settings(profiles=tmp_path))
    assert {"ours", "medicare"} <= {*profiles.ids}
    assert profiles.get("ours").extends[0] == "medicare"
