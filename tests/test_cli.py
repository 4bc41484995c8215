"""The command line: what goes to which stream, which status, and what is never printed."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import adapter.engine
import adapter.settings
import adapter.tables
from adapter.cli import invoke
from adapter.findings import InputDone
from adapter.source import Unreadable
from tests.build837 import claim, many, one, write

WRONG = write(one("64493-RT $400", "64493-LT $400", payer="medicare"))
"""LA05, with a safe correction."""
RIGHT = write(one("64493-50 $800", payer="medicare"))
CONSENT = write(one("64493-50,RT $800", payer="medicare"))
"""LA01, with a correction that a coder has to agree to."""
CUT = WRONG[:-40]
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command left behind."""

    status: int
    out: bytes
    err: str

    @property
    def report(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


Facet = Callable[..., Ran]


@pytest.fixture
def facet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Facet:
    """Runs a command in this process, in a folder of its own, with bytes on standard input."""
    for variable in [name for name in os.environ if name.startswith("FACET_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, stdin: bytes = b"") -> Ran:
        with tempfile.TemporaryFile() as file:
            file.write(stdin)
            file.seek(0)
            with open(file.fileno(), closefd=False) as text:
                monkeypatch.setattr(sys, "stdin", text)
                status = invoke([str(argument) for argument in arguments])
        captured = capsysbinary.readouterr()
        return Ran(status, captured.out, captured.err.decode())

    return run


def command(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """The command in a process of its own."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    program = "import sys; from adapter.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=environ,
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        **options,
    )


def put(path: str | Path, data: bytes) -> Path:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


# --- help -----------------------------------------------------------------------------------------


def test_help_lists_what_works_and_nothing_else(facet: Facet) -> None:
    ran = facet("--help")
    listed = re.findall(r"^  (\w+) ", ran.out.decode().partition("Commands:")[2], re.MULTILINE)
    assert (ran.status, " ".join(listed)) == (
        0,
        "annotate check code convert explain fix list tables",
    )


def test_options_are_those_that_do_something(facet: Facet) -> None:
    def options(*words: str) -> set[str]:
        return set(re.findall(r"--[a-z-]+", facet(*words, "--help").out.decode())) - {"--help"}

    judging = {
        "--payer", "--select", "--ignore", "--fail-on", "--time-budget", "--config", "--output",
        "--quiet", "--no-color",
    }  # fmt: skip
    assert options("check") == judging | {"--format", "--validate-fhir"}
    assert options("annotate") == judging | {"--outcomes", "--validate-fhir"}
    assert options("fix") == judging | {
        "--suggested", "--in-place", "--diff", "--changes", "--fix-envelope", "--annotate",
        "--outcomes", "--validate-fhir",
    }  # fmt: skip


def test_version(facet: Facet) -> None:
    assert facet("--version") == Ran(0, b"facet 0.1.0\n", "")


def test_a_shell_is_told_how_to_complete() -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "_FACET_COMPLETE": "bash_source"}
    program = "from adapter.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True)
    assert (done.returncode, b"_FACET_COMPLETE=bash_complete" in done.stdout) == (0, True)


def test_a_plain_run_imports_nothing_heavy(tmp_path: Path) -> None:
    path = put(tmp_path / "a.837", WRONG)
    program = (
        "import sys; from adapter.cli import invoke; before = set(sys.modules); "
        "status = [invoke([verb, sys.argv[1]]) for verb in ('check', 'fix')]; "
        "heavy = {'pydantic', 'pyx12', 'fhir', 'rich', 'importlib.metadata'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); "
        "assert 'adapter.tables' not in before; assert status == [1, 0], status"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], env=environ, capture_output=True
    )
    assert done.returncode == 0, done.stderr


# --- check ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "flags", "status"),
    [
        (RIGHT, [], 0),
        (WRONG, [], 1),
        (WRONG, ["--fail-on", "error"], 1),
        (WRONG, ["--fail-on", "never"], 0),
        (WRONG, ["--ignore", "LA"], 0),
        (WRONG, ["--select", "LA05"], 1),
        (WRONG, ["--select", "MD,UN"], 0),
    ],
)
@pytest.mark.parametrize("form", ["text", "json", "ndjson", "sarif", "github"])
def test_the_status_tells_what_was_found_whatever_the_form(
    facet: Facet, data: bytes, flags: Sequence[str], status: int, form: str
) -> None:
    ran = facet("check", "--format", form, *flags, stdin=data)
    assert (ran.status, ran.err) == (status, "")


def test_warnings_count_when_asked_for(facet: Facet) -> None:
    data = write(one("64493 $400", payer="medicare"))  # LA03
    assert facet("check", stdin=data).status == 0
    assert facet("check", "--fail-on", "warning", stdin=data).status == 1


def test_the_report_of_one_claim(facet: Facet) -> None:
    report = facet("check", "--format", "json", stdin=WRONG).report
    (finding,) = (each for each in report["findings"] if each["severity"] == "error")
    assert (finding["rule"], finding["claim"], finding["line"]) == ("LA05", "CLM0001", 1)
    offset = finding["location"]["offset"]
    segment = WRONG[:offset].count(b"~") + 1
    assert finding["location"]["segment"] == segment
    assert WRONG[offset : offset + 2] == b"RT"
    assert report["summary"]["charge_at_risk"] == "800.00"
    assert report["inputs"][0] | {"notes": []} == {
        "path": "standard input", "format": "x12", "claims": 1, "facet_claims": 1, "notes": [],
    }  # fmt: skip
    (chosen,) = report["claims"]
    assert chosen["profile"].startswith("medicare")


@pytest.mark.parametrize(
    ("flags", "variables", "is_coloured"),
    [([], {}, True), (["--no-color"], {}, False), ([], {"NO_COLOR": "1"}, False)],
)
def test_only_a_terminal_is_shown_colours(
    tmp_path: Path, flags: Sequence[str], variables: dict[str, str], is_coloured: bool
) -> None:
    path = put(tmp_path / "a.837", WRONG)
    environ = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environ |= {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "60"} | variables
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from adapter.cli import main; main()", "check", *flags, str(path)],
        env=environ,
        stdout=its,
    )
    os.close(its)
    text = b""
    with suppress(OSError):  # how the end of a terminal is told
        while piece := os.read(ours, 4096):
            text += piece
    os.close(ours)
    assert process.wait() == 1
    assert (b"\x1b[1;31merror[LA05]\x1b[0m" in text) is is_coloured
    assert (b"\x1b" in text) is is_coloured
    assert "─".encode() * 60 in text


def test_text_shows_the_segment(facet: Facet) -> None:
    put("a.837", WRONG)
    ran = facet("check", "a.837")
    lines = ran.out.decode().splitlines()
    assert lines[0].startswith(" error[LA05] bilateral-form: ")
    assert lines[1].startswith("  --> a.837  claim CLM0001  lines 1, 2  2400[1]/SV101-03  byte ")
    assert lines[3].startswith("  L1  | SV1*HC:64493:RT*400*UN*1")
    assert lines[4].startswith("      |              ^^")
    assert "1 claim, 1 with facet codes: 1 error" in ran.out.decode()


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_no_path_is_standard_input(facet: Facet, arguments: Sequence[str]) -> None:
    assert facet("check", *arguments, stdin=WRONG).status == 1


def test_o_writes_the_report_to_a_file_of_its_owner(facet: Facet) -> None:
    ran = facet("check", "--format", "json", "-o", "report.json", stdin=WRONG)
    assert (ran.status, ran.out) == (1, b"")
    assert json.loads(Path("report.json").read_bytes())["summary"]["errors"] == 1
    assert stat.S_IMODE(Path("report.json").stat().st_mode) == 0o600


def test_o_with_a_dash_is_standard_output(facet: Facet) -> None:
    assert facet("check", "--format", "json", "-o", "-", stdin=WRONG).report["findings"]


def test_the_configuration_of_the_folder_holds(facet: Facet) -> None:
    put("facet.toml", b'ignore = ["LA05"]\n')
    assert facet("check", stdin=WRONG).status == 0
    put("facet.toml", b'format = "json"\n[rules.LA05]\nseverity = "info"\n')
    ran = facet("check", stdin=WRONG)
    assert (ran.status, ran.report["summary"]["infos"]) == (0, 1)


def test_the_environment_holds(facet: Facet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACET_FAIL_ON", "never")
    assert facet("check", stdin=WRONG).status == 0


def test_a_payer_is_taken_as_named(facet: Facet) -> None:
    ran = facet("check", "--payer", "cpt", "--format", "json", stdin=WRONG)
    assert ran.report["claims"][0]["profile"] == "cpt"


# --- which files ----------------------------------------------------------------------------------


def paths_in(ran: Ran) -> list[str]:
    return [entry["path"] for entry in ran.report["inputs"]]


def test_a_folder_is_searched_by_content_and_in_order(facet: Facet) -> None:
    put("in/b.txt", RIGHT)
    put("in/a.837", b"\xef\xbb\xbf\r\n" + WRONG)
    put("in/deep/er/c", gzip.compress(RIGHT))
    put("in/README.md", b"ISA is how it begins\n"[4:])
    put("in/picture.gz", gzip.compress(b"picture"))
    os.mkfifo("in/pipe")
    put("in/.hidden.837", CUT)
    put("in/.git/d.837", CUT)
    ran = facet("check", "--format", "json", "in")
    assert paths_in(ran) == ["in/a.837", "in/b.txt", "in/deep/er/c"]
    assert ran.status == 1


def test_a_pattern_is_resolved(facet: Facet) -> None:
    for name in ("in/b.837", "in/x/a.837", "in/c.txt"):
        put(name, RIGHT)
    assert paths_in(facet("check", "--format", "json", "in/**/*.837")) == [
        "in/b.837",
        "in/x/a.837",
    ]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(facet: Facet) -> None:
    put("a[1].837", RIGHT)
    put("a1.837", RIGHT)
    assert paths_in(facet("check", "--format", "json", "a[1].837")) == ["a[1].837"]


def test_a_file_is_read_once(facet: Facet) -> None:
    put("in/a.837", RIGHT)
    Path("link").symlink_to("in/a.837")
    ran = facet("check", "--format", "json", "in/a.837", "in", "./in/../in/a.837", "link")
    assert paths_in(ran) == ["in/a.837"]


def test_a_damaged_file_of_a_folder_is_not_passed_by(facet: Facet) -> None:
    put("in/a.837", RIGHT)
    put("in/b.gz", gzip.compress(RIGHT)[:9] + b"\xff" * 40)
    ran = facet("check", "--format", "json", "in")
    assert (ran.status, paths_in(ran)) == (3, ["in/a.837"])
    assert ran.err.startswith("facet: in/b.gz was not read.\n  what   the gzip file is damaged")


@pytest.mark.parametrize("argument", ["empty", "no/*.837", "gone.837"])
def test_a_path_that_gives_no_input_is_unreadable(facet: Facet, argument: str) -> None:
    Path("empty").mkdir()
    ran = facet("check", argument)
    assert (ran.status, ran.out) == (3, b"")
    assert ran.err.startswith(f"facet: {argument} was not read.\n  what   ")


# --- what cannot be read --------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json", "sarif"])
@pytest.mark.parametrize("data", [b"", b"\n\n", CUT, b"%PDF-1.4", b"PK\x03\x04"])
def test_one_unreadable_input_leaves_standard_output_empty(
    facet: Facet, data: bytes, form: str
) -> None:
    ran = facet("check", "--format", form, stdin=data)
    assert (ran.status, ran.out) == (3, b"")
    lines = ran.err.splitlines()
    assert lines[0] == "facet: standard input was not read."
    assert {line[:9] for line in lines[1:]} <= {"  where  ", "  what   ", "  try    "}


@pytest.mark.parametrize("arguments", [["check"], ["fix"], ["convert", "--to", "json"]])
def test_an_unreadable_input_leaves_the_output_file_as_it_was(
    facet: Facet, arguments: Sequence[str]
) -> None:
    put("out", b"before")
    ran = facet(*arguments, "-o", "out", stdin=CUT)
    assert (ran.status, ran.out, Path("out").read_bytes()) == (3, b"", b"before")
    assert [path.name for path in Path().iterdir()] == ["out"]


def test_of_several_inputs_those_that_can_be_read_are_reported(facet: Facet) -> None:
    put("a.837", RIGHT)
    put("b.837", CUT)
    put("c.837", WRONG)
    ran = facet("check", "--format", "json", "a.837", "b.837", "c.837")
    assert (ran.status, paths_in(ran)) == (3, ["a.837", "c.837"])
    assert {each["location"]["input"] for each in ran.report["findings"]} == {1}
    assert [line for line in ran.err.splitlines() if line.startswith("facet:")] == [
        "facet: b.837 was not read."
    ]


def test_where_none_of_several_can_be_read_there_is_no_report(facet: Facet) -> None:
    put("a.837", CUT)
    put("b.837", b"")
    ran = facet("check", "--format", "json", "a.837", "b.837")
    assert (ran.status, ran.out) == (3, b"")
    assert ran.err.count("was not read.") == 2


def test_control_characters_of_a_name_are_made_visible(facet: Facet) -> None:
    ran = facet("check", "a\x1b[2J.837")
    assert "\x1b" not in ran.err
    assert ran.status == 3


# --- fix ------------------------------------------------------------------------------------------

FIXED = (
    WRONG.replace(b"64493:RT*400", b"64493:50*800")
    .replace(b"LX*2~\nSV1*HC:64493:LT*400*UN*1***1~\nDTP*472*D8*20260310~\n", b"")
    .replace(b"REF*6R*CLM0001L2~\n", b"")
)


def fixed() -> bytes:
    """WRONG as it must be after fix, with the count of its segments."""
    counted = re.search(rb"SE\*(\d+)", WRONG)
    assert counted is not None
    return FIXED.replace(counted[0], b"SE*%d" % (int(counted[1]) - 4))


def test_fix_writes_the_corrected_input_and_reports_beside_it(facet: Facet) -> None:
    ran = facet("fix", stdin=WRONG)
    assert (ran.status, ran.out) == (0, fixed())
    assert ran.err.startswith(" fixed[LA05] bilateral-form: ")
    assert ran.err.endswith("1 corrected, 0 withheld; what remains: no findings.\n")


def test_fix_of_what_is_right_is_the_same_bytes(facet: Facet) -> None:
    packed = gzip.compress(RIGHT)
    assert facet("fix", stdin=RIGHT).out == RIGHT
    assert facet("fix", stdin=packed).out == packed


def test_fix_packs_what_came_packed(facet: Facet) -> None:
    ran = facet("fix", stdin=gzip.compress(WRONG))
    assert (ran.status, gzip.decompress(ran.out)) == (0, fixed())


def test_fix_exits_by_what_is_still_wrong(facet: Facet) -> None:
    ran = facet("fix", stdin=CONSENT)
    assert (ran.status, ran.out) == (1, CONSENT)
    assert " error[LA01] bilateral-with-side: " in ran.err
    ran = facet("fix", "--suggested", stdin=CONSENT)
    assert (ran.status, ran.out) == (0, CONSENT.replace(b":50:RT", b":50"))
    assert facet("fix", "--fail-on", "never", stdin=CONSENT).status == 0


def test_quiet_fix_says_nothing(facet: Facet) -> None:
    assert facet("fix", "--quiet", stdin=CONSENT) == Ran(1, CONSENT, "")


def test_fix_may_write_over_its_input(facet: Facet) -> None:
    path = put("a.837", WRONG)
    path.chmod(0o640)
    ran = facet("fix", "a.837", "-o", "a.837")
    assert (ran.status, ran.out, path.read_bytes()) == (0, b"", fixed())
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_in_place_rewrites_what_changes_and_nothing_else(facet: Facet) -> None:
    wrong, right, packed = put("in/w.837", WRONG), put("in/r.837", RIGHT), Path("in/w.gz")
    put(packed, gzip.compress(WRONG))
    bad = put("in/z.837", CUT)
    before = right.stat()
    ran = facet("fix", "--in-place", "in")
    assert (ran.status, ran.out) == (3, b"")
    assert wrong.read_bytes() == fixed()
    assert gzip.decompress(packed.read_bytes()) == fixed()
    assert bad.read_bytes() == CUT
    assert (right.stat().st_ino, right.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert "in/z.837 was not read" in ran.err
    assert {path.name for path in Path("in").iterdir()} == {"w.837", "r.837", "w.gz", "z.837"}


def test_diff_writes_the_difference_alone(facet: Facet) -> None:
    path = put("a.837", WRONG)
    ran = facet("fix", "--diff", "a.837")
    lines = ran.out.decode().splitlines()
    assert lines[:3] == [
        "--- a.837",
        "+++ a.837 (corrected: LA05)",
        "@@ claim CLM0001  2400[1..2] @@",
    ]
    assert "-SV1*HC:64493:RT*400*UN*1***1~" in lines
    assert "+SV1*HC:64493:50*800*UN*1***1~" in lines
    assert lines[-3:] == [
        "@@ transaction set 1 @@",
        *(sign + re.findall(r"SE\*\d+\*0001~", data.decode())[0]
          for sign, data in (("-", WRONG), ("+", fixed()))),
    ]  # fmt: skip
    assert ran.err == "1 corrected, 0 withheld; what remains: no findings.\n"
    assert path.read_bytes() == WRONG
    assert ran.status == 0


def test_diff_of_what_is_right_is_empty(facet: Facet) -> None:
    assert facet("fix", "--diff", stdin=RIGHT).out == b""


def test_changes_name_every_byte_that_goes(facet: Facet) -> None:
    put("a.837", WRONG)
    ran = facet("fix", "a.837", "--changes", "list.json")
    assert (ran.status, ran.out) == (0, fixed())
    assert stat.S_IMODE(Path("list.json").stat().st_mode) == 0o600
    listed = json.loads(Path("list.json").read_bytes())
    assert listed["schema"] == "facet-changes/1"
    changed = WRONG
    for change in sorted(listed["changes"], key=lambda each: -each["offset"]):
        before = change["before"].encode("latin-1")
        at = change["offset"]
        assert changed[at : at + len(before)] == before
        changed = changed[:at] + change["after"].encode("latin-1") + changed[at + len(before) :]
        assert (change["rule"], change["applicability"], change["input"]) == ("LA05", "safe", 0)
    assert changed == fixed()


def test_changes_of_files_that_were_corrected_are_listed_though_another_failed(
    facet: Facet,
) -> None:
    put("a.837", WRONG)
    put("b.837", CUT)
    put("c.837", WRONG)
    assert facet("fix", "--in-place", "a.837", "b.837", "c.837", "--changes", "l.json").status == 3
    listed = json.loads(Path("l.json").read_bytes())
    assert {change["input"] for change in listed["changes"]} == {0, 1}
    assert [entry["path"] for entry in listed["inputs"]] == ["a.837", "c.837"]


def test_an_interrupt_leaves_the_list_of_what_was_done(
    facet: Facet, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("a.837", WRONG)
    put("b.837", WRONG)
    run = adapter.engine.run

    def interrupted(document: Any, *arguments: Any) -> Iterator[Any]:
        if document.source.name == "b.837":
            raise KeyboardInterrupt
        yield from run(document, *arguments)

    monkeypatch.setattr(adapter.engine, "run", interrupted)
    ran = facet("fix", "--in-place", "a.837", "b.837", "--changes", "l.json")
    assert ran.status == 130
    assert Path("a.837").read_bytes() == fixed()
    assert Path("b.837").read_bytes() == WRONG
    assert json.loads(Path("l.json").read_bytes())["inputs"][0]["path"] == "a.837"


def test_the_envelope_is_mended_when_asked(facet: Facet) -> None:
    wrong = re.sub(rb"SE\*\d+", b"SE*99", RIGHT)
    ran = facet("fix", stdin=wrong)
    assert (ran.status, ran.out) == (1, wrong)
    assert facet("fix", "--fix-envelope", stdin=wrong) == Ran(0, RIGHT, ran.err) or (
        facet("fix", "--fix-envelope", "--quiet", stdin=wrong) == Ran(0, RIGHT, "")
    )


def test_fix_and_check_in_one_pipe() -> None:
    first = command("fix", "--quiet", stdin=subprocess.PIPE)
    second = command("check", "--quiet", "-", stdin=first.stdout)
    assert first.stdin is not None
    assert first.stdout is not None
    first.stdin.write(WRONG)
    first.stdin.close()
    first.stdout.close()
    out, err = second.communicate()
    assert (first.wait(), second.returncode, out, err) == (0, 0, b"", b"")
    assert first.stderr is not None
    first.stderr.close()


# --- wrong usage ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["check", "--payer", "medicar"],
            "there is no payer profile 'medicar'; did you mean medic",
        ),
        (
            ["check", "--select", "LA99"],
            "select: there is no rule or family LA99; did you mean LA",
        ),
        (["fix", "--ignore", "QQ"], "ignore: there is no rule or family QQ"),
        (["check", "--format", "html"], "'html' is not one of"),
        (["check", "--fail-on", "fatal"], "--fail-on: give one of error, warning, info, never"),
        (["fix", "--changes", "-"], "--changes needs a file"),
        (["check", "--history", "x"], "No such option"),
        (["check", "--time-budget", "0"], "--time-budget: give a number of seconds above zero"),
        (["check", "--config", "gone.toml"], "gone.toml cannot be read"),
        (["check", "-o", "gone/out"], "there is no folder gone"),
        (["check", "-o", "."], "is a folder"),
        (["check", "a.837", "-o", "a.837"], "-o names an input"),
        (["convert", "--to", "json", "a.837", "-o", "./a.837"], "-o names an input"),
        (["fix", "a.837", "--changes", "a.837"], "--changes names an input"),
        (["fix", "a.837", "-o", "x", "--changes", "x"], "--changes and -o name the same file"),
        (["fix", "a.837", "b.837"], "with --in-place it takes several"),
        (["fix", "--in-place"], "--in-place needs the paths of files"),
        (["fix", "--in-place", "-"], "--in-place needs the paths of files"),
        (["fix", "--in-place", "--diff", "a.837"], "--in-place excludes --diff and -o"),
        (["fix", "--in-place", "-o", "x", "a.837"], "--in-place excludes --diff and -o"),
        (["convert", "--to", "x12"], "'x12' is not"),
        (["explain", "LA99"], "there is no rule, code, payer or topic 'LA99'; did you mean LA0"),
        (["explain", "64999999"], "payer or topic '64999999'; did you mean 6"),
        (["explain", "medicare-csg"], "did you mean"),
        (["explain", "LA05", "--on", "yesterday"], "give a date such as 2026-03-10"),
        (["list", "claims"], "'claims' is not one of"),
        (["serve"], "No such command 'serve'"),
    ],
)
def test_wrong_usage_is_status_2_with_a_word_about_it(
    facet: Facet, arguments: Sequence[str], said: str
) -> None:
    put("a.837", WRONG)
    ran = facet(*arguments, stdin=WRONG)
    assert (ran.status, ran.out) == (2, b"")
    assert said in " ".join(ran.err.split())
    assert Path("a.837").read_bytes() == WRONG


def test_a_broken_configuration_is_status_2(facet: Facet) -> None:
    put("facet.toml", b'payr = "cpt"\n')
    ran = facet("check", stdin=WRONG)
    assert (ran.status, ran.out) == (2, b"")
    assert "facet.toml: there is no key 'payr'; did you mean payer" in ran.err
    assert ran.err.count("\n") == 1


# --- not decided ----------------------------------------------------------------------------------


def failing(error: BaseException, name: str) -> Callable[..., Iterator[Any]]:
    """The engine, but for one input: that fails after it has said all but its end."""
    run = adapter.engine.run

    def broken(document: Any, *arguments: Any) -> Iterator[Any]:
        for said in run(document, *arguments):
            if isinstance(said, InputDone) and document.source.name == name:
                raise error
            yield said

    return broken


@pytest.mark.parametrize("verb", ["check", "fix"])
def test_an_internal_error_is_one_sentence_without_values(
    facet: Facet, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    error = ValueError("SECRET^PATIENT")
    monkeypatch.setattr(adapter.engine, "run", failing(error, "standard input"))
    ran = facet(verb, stdin=WRONG)
    assert (ran.status, ran.out) == (4, b"")
    done = {"check": "checked", "fix": "corrected"}[verb]
    lines = ran.err.splitlines()
    assert lines[0] == f"facet: standard input was not {done}."
    assert re.fullmatch(r"  what   an internal error \(ValueError, cli.py line \d+\)", lines[1])
    assert "SECRET" not in ran.err
    assert "Traceback" not in ran.err


def test_an_internal_error_on_one_of_several_does_not_hide_the_others(
    facet: Facet, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.837", "b.837", "c.837"):
        put(name, WRONG)
    put("d.837", CUT)
    monkeypatch.setattr(adapter.engine, "run", failing(RecursionError(), "b.837"))
    ran = facet("check", "--format", "json", "a.837", "b.837", "c.837", "d.837")
    assert (ran.status, paths_in(ran)) == (4, ["a.837", "c.837"])
    assert len(ran.report["findings"]) == 2 * len(
        facet("check", "--format", "json", "a.837").report["findings"]
    )


def test_an_error_outside_any_input_is_status_4(
    facet: Facet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **options: Any) -> Any:
        raise KeyError("SECRET")

    monkeypatch.setattr(adapter.settings, "policy", fail)
    ran = facet("check", stdin=WRONG)
    assert (ran.status, ran.out) == (4, b"")
    assert re.fullmatch(
        r"facet: nothing was decided: an internal error \(KeyError, cli.py line \d+\)\n",
        ran.err,
    )


def endless(name: str) -> Callable[..., Iterator[Any]]:
    """The engine, but for one input: that never ends, and holds up ordinary exceptions."""
    run = adapter.engine.run

    def broken(document: Any, *arguments: Any) -> Iterator[Any]:
        while document.source.name == name:
            try:
                while True:
                    pass
            except Exception:
                continue
        yield from run(document, *arguments)

    return broken


@pytest.mark.parametrize("verb", ["check", "fix"])
def test_a_run_out_of_time_is_not_decided(
    facet: Facet, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    put("out", b"before")
    monkeypatch.setattr(adapter.engine, "run", endless("standard input"))
    ran = facet(verb, "--time-budget", "0.05", "-o", "out", stdin=WRONG)
    assert (ran.status, ran.out, Path("out").read_bytes()) == (4, b"", b"before")
    assert "  what   the time budget of 0.05 s ran out\n" in ran.err


def test_inputs_before_the_end_of_the_budget_are_reported_and_no_clock_runs_on(
    facet: Facet, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.837", "b.837", "c.837"):
        put(name, WRONG)
    run, later = adapter.engine.run, 0.0

    def an_hour(document: Any, *arguments: Any) -> Iterator[Any]:
        nonlocal later
        if document.source.name == "b.837":
            later = 3600.0
            signal.raise_signal(signal.SIGALRM)
        yield from run(document, *arguments)

    now = time.monotonic
    monkeypatch.setattr(adapter.engine, "run", an_hour)
    monkeypatch.setattr(time, "monotonic", lambda: now() + later)
    ran = facet("check", "--format", "json", "--time-budget", "600", "a.837", "b.837", "c.837")
    assert (ran.status, paths_in(ran)) == (4, ["a.837"])
    assert "b.837 was not checked" in ran.err
    assert "c.837 was not checked" in ran.err
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_interrupt_is_status_130_and_leaves_nothing(
    facet: Facet, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("out", b"before")
    monkeypatch.setattr(adapter.engine, "run", failing(KeyboardInterrupt(), "standard input"))
    ran = facet("check", "-o", "out", stdin=WRONG)
    assert (ran.status, ran.out, Path("out").read_bytes()) == (130, b"", b"before")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("verb", ["check", "fix"])
def test_a_full_disk_is_status_4(facet: Facet, verb: str) -> None:
    ran = facet(verb, "-o", "/dev/full", stdin=WRONG)
    assert ran.status == 4
    assert "facet: /dev/full could not be written: No space left on device." in ran.err
    with open("/dev/full", "wb") as full:
        process = command(verb, "--quiet", stdin=subprocess.PIPE, stdout=full)
        err = process.communicate(WRONG)[1]
    assert process.returncode == 4
    assert err == b"facet: standard output could not be written: No space left on device.\n"


def test_a_file_that_cannot_be_replaced_is_named_and_the_others_are_corrected(
    facet: Facet, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("a.837", WRONG)
    put("b.837", WRONG)
    replace = os.replace

    def refuse(source: str, target: Path) -> None:
        if Path(target).name == "a.837":
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    ran = facet("fix", "--in-place", "a.837", "b.837", "--changes", "l.json")
    assert ran.status == 4
    assert "facet: a.837 was not corrected.\n  what   a.837 could not be written: Perm" in ran.err
    assert (Path("a.837").read_bytes(), Path("b.837").read_bytes()) == (WRONG, fixed())
    listed = json.loads(Path("l.json").read_bytes())
    assert [entry["path"] for entry in listed["inputs"]] == ["b.837"]


@pytest.mark.parametrize(
    "arguments", [["check"], ["fix"], ["--help"], ["list", "codes"], ["convert", "--to", "json"]]
)
def test_a_closed_pipe_ends_it_by_sigpipe(arguments: Sequence[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = command(*arguments, stdin=subprocess.PIPE, stdout=writing)
    os.close(writing)
    err = process.communicate(WRONG)[1]
    assert (process.returncode, err) == (-signal.SIGPIPE, b"")


# --- explain, list, tables ------------------------------------------------------------------------


def test_explain_a_rule_under_a_payer(facet: Facet) -> None:
    words = ("explain", "la05", "--payer", "medicare", "--on", "2026-03-10")
    text = facet(*words).out.decode()
    assert text.startswith("LA05  bilateral-form   error   correction: ")
    for heading in ("What it finds", "Why it matters", "Fires", "Clean", "Correction", "Sources"):
        assert f"\n{heading}\n  " in text
    assert re.search(r"\nIn force on 2026-03-10\n  medicare  error", text)
    page = facet(*words, "--format", "json").report
    assert (page["rule"], page["on"]) == ("LA05", "2026-03-10")
    assert page["in_force"][0]["payer"] == "medicare"
    assert page["sources"][0].keys() == {"key", "title", "url", "confidence", "retrieved"}
    assert facet("explain", "bilateral-form", *words[2:]).out.decode() == text


def test_explain_a_code_on_a_date(facet: Facet) -> None:
    page = facet("explain", "64494", "--on", "2026-03-10", "--format", "json").report
    assert (page["code"], page["valid"]) == ("64494", True)
    assert page["family"] == ["64493", "64494", "64495"]
    assert "64493" in page["parents"]
    text = facet("explain", "64494", "--on", "2009-12-31").out.decode()
    assert text.startswith("64494  facet   not valid on 2009-12-31\n\n")
    old = facet("explain", "64475", "--on", "2026-03-10", "--format", "json").report
    assert (old["valid"], old["successor"]["code"]) == (False, "64493")


def test_explain_a_payer_on_a_date(facet: Facet) -> None:
    page = facet("explain", "cpt", "--on", "2019-12-31", "--format", "json").report
    before = {entry["name"]: entry["value"] for entry in page["params"]}
    page = facet("explain", "CPT", "--on", "2020-01-01", "--format", "json").report
    after = {entry["name"]: entry["value"] for entry in page["params"]}
    assert (before["bilateral_addon"], after["bilateral_addon"]) == ("modifier-50", "addon-twice")
    for entry in page["params"]:
        assert entry["file"].endswith(".toml")
        assert entry["source"] in {source["key"] for source in page["sources"]}
    text = facet("explain", "cpt", "--on", "2020-01-01").out.decode()
    assert re.search(
        r"\n  bilateral_addon +addon-twice +from 2020-01-01 +S\w+ +\S*cpt.toml\n", text
    )


def test_explain_shows_what_the_configuration_sets(facet: Facet) -> None:
    put("facet.toml", b'[params]\nbilateral = "rt-lt-lines"\n')
    page = facet("explain", "medicare", "--format", "json").report
    (entry,) = (each for each in page["params"] if each["name"] == "bilateral")
    assert (entry["value"], Path(entry["file"]).name) == ("rt-lt-lines", "facet.toml")


@pytest.mark.parametrize(
    ("what", "known"), [("rules", "LA05"), ("payers", "ibx"), ("codes", "64493")]
)
def test_lists(facet: Facet, what: str, known: str) -> None:
    listed = facet("list", what, "--format", "json").report
    assert listed["schema"] == "facet-list/1"
    assert known in {entry[what[:-1]] for entry in listed[what]}
    text = facet("list", what).out.decode().splitlines()
    assert text[0] == f"{len(listed[what])} {what}"
    assert len(text) == len(listed[what]) + 2
    assert any(line.split()[0] == known for line in text)


def test_explain_what_is_no_facet_code(facet: Facet) -> None:
    page = facet("explain", "64624", "--on", "2026-03-10", "--format", "json").report
    assert (page["valid"], page["family"], page["history"][0]["role"]) == (True, [], "lookalike")


def test_the_tables_of_the_configuration_are_checked_too(facet: Facet) -> None:
    put("ours/payers/us.toml", b'extends = "medicare"\ntitel = "Us"\n')
    put("facet.toml", b'[profiles]\npath = "ours"\n')
    ran = facet("tables", "check")
    assert (ran.status, ran.out) == (2, b"")
    assert re.fullmatch(r"facet: payers/us.toml: .*'titel'; did you mean 'title'\?\n", ran.err)


def test_the_shipped_tables_hold(facet: Facet) -> None:
    ran = facet("tables", "check")
    assert (ran.status, ran.err) == (0, "")
    assert facet("tables", "check", "--quiet") == Ran(0, b"", "")


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tables that a test may break."""
    folder = tmp_path / "tables"
    shutil.copytree(adapter.tables.mappings_folder(), folder)
    monkeypatch.setattr(adapter.tables, "mappings_folder", lambda: folder)
    monkeypatch.setattr(adapter.settings, "mappings_folder", lambda: folder)
    monkeypatch.setattr(adapter.tables, "_tables", None)
    return folder


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("codes.csv", b"2010-01-01", b"2010-13-01"),
        ("sources.csv", b"key,", b"kee,"),
        ("payers/medicare.toml", b"[params]", b"[params"),
    ],
)
def test_a_broken_table_is_status_2(
    facet: Facet, edited: Path, name: str, old: bytes, new: bytes
) -> None:
    path = edited / name
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    for arguments in (["check"], ["fix"], ["explain", "medicare"], ["tables", "check"]):
        ran = facet(*arguments, stdin=WRONG)
        assert (ran.status, ran.out) == (2, b""), arguments
        assert name in ran.err
        assert "Traceback" not in ran.err


# --- convert --------------------------------------------------------------------------------------


def test_convert_prints_every_claim(facet: Facet) -> None:
    data = write(many(claim("99213 $100", id="A"), claim("64493-50 $800", id="B")))
    ran = facet("convert", "--to", "json", stdin=data)
    assert (ran.status, ran.err) == (0, "")
    assert [each["id"] for each in ran.report["claims"]] == ["A", "B"]
    line = ran.report["claims"][1]["lines"][0]
    assert (line["code"], line["modifiers"], line["charge"]) == ("64493", ["50"], "800")
    facet("convert", "--to", "json", "-o", "model.json", stdin=data)
    assert Path("model.json").read_bytes() == ran.out


# --- nothing of the patient -----------------------------------------------------------------------

CANARIES = {
    b"PATIENT*PAT": b"QUAILCANARY*WRENCANARY",
    b"1 ELM STREET": b"7 FINCHCANARY STREET",
    b"MBR0001": b"LARKCANARY",
    b"19550505": b"19471123",
    b"DOCTOR*DANA": b"ROBINCANARY*SWIFTCANARY",
}
SECRETS = re.compile(rb"\w*CANARY\w*|19471123|1947-11-23")


def with_canaries(*lines: str, **options: Any) -> bytes:
    note = "STORKCANARY DIAGNOSTIC BLOCK"
    data = write(one(*lines, payer="medicare", note=note, **options))
    for old, new in CANARIES.items():
        assert old in data
        data = data.replace(old, new)
    return data


CANARY_LINES = ("64493-RT $400", "64493-LT $400", "64494-50,RT x2 $800", "64495 $100")


@pytest.mark.parametrize("form", ["text", "json", "ndjson", "sarif", "github"])
def test_no_report_holds_anything_of_the_patient(facet: Facet, form: str) -> None:
    data = with_canaries(*CANARY_LINES, further={1: ["NTE*ADD*TERNCANARY"]})
    assert len(SECRETS.findall(data)) >= 9
    ran = facet("check", "--format", form, stdin=data)
    assert (ran.status, len(ran.out) > 500) == (1, True)
    assert not SECRETS.search(ran.out + ran.err.encode())


@pytest.mark.parametrize("flags", [[], ["--suggested"], ["--diff"], ["--diff", "--suggested"]])
def test_no_report_about_corrections_does(facet: Facet, flags: Sequence[str]) -> None:
    data = with_canaries(*CANARY_LINES, dx=("M47.816",))
    ran = facet("fix", *flags, stdin=data)
    assert "corrected" in ran.err
    assert not SECRETS.search(ran.err.encode())
    if "--diff" in flags:
        assert ran.out
        assert not SECRETS.search(ran.out)


def damaged() -> Iterator[bytes]:
    """A file cut at every segment and within each, with elements lost, doubled or out of place."""
    data = with_canaries(*CANARY_LINES)
    for match in re.finditer(rb"~\n", data):
        yield data[: match.start()]
        yield data[: match.end()]
        yield data[: match.end() + 9]
    for segment in re.findall(rb"[^~\n]+~\n", data):
        yield data.replace(segment, b"", 1)
        yield data.replace(segment, segment * 2, 1)
        yield data.replace(segment, segment.replace(b"*", b"*QUAILCANARY*"), 1)
        yield data.replace(segment, re.sub(rb"\d+", b"QUAILCANARY", segment), 1)


def test_no_error_holds_anything_of_the_patient(facet: Facet) -> None:
    statuses = set()
    for data in damaged():
        for arguments in (
            ["check", "--format", "json"],
            ["fix", "--quiet"],
            ["convert", "--to", "json"],
        ):
            ran = facet(*arguments, stdin=data)
            statuses.add(ran.status)
            assert ran.status in (0, 1, 3)
            assert not SECRETS.search(ran.err.encode()), ran.err
    assert statuses == {0, 1, 3}


def test_nothing_is_left_in_temporary_folders(
    facet: Facet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    for arguments in (["check"], ["fix"], ["fix", "--diff"], ["convert", "--to", "json"]):
        for data in (WRONG, gzip.compress(WRONG), CUT):
            facet(*arguments, stdin=data)
    assert list(folder.iterdir()) == []


def test_an_unreadable_error_of_the_engine_is_told_by_place(
    facet: Facet, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = Unreadable("it is cut", where="interchange 2, byte 30117", hint="send it again")
    monkeypatch.setattr(adapter.engine, "run", failing(error, "standard input"))
    assert facet("check", stdin=WRONG) == Ran(
        3,
        b"",
        "facet: standard input was not read.\n"
        "  where  interchange 2, byte 30117\n"
        "  what   it is cut\n"
        "  try    send it again\n",
    )
