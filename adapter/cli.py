"""The command `facet`: the only place that reads arguments, writes streams, or exits.

What a command needs is imported when it runs, so that `facet --version` and the completion of a
shell do not wait for tables. Exit status: 0 nothing at or above --fail-on, 1 findings, 2 wrong
usage or configuration, 3 an input that could not be read, 4 not decided.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from adapter import __version__
from adapter.render import FORMATS

if TYPE_CHECKING:
    from datetime import date, datetime
    from types import FrameType

    from adapter.documents import Document
    from adapter.engine import Policy
    from adapter.findings import InputDone, Notes
    from adapter.model import Procedure
    from adapter.parties import Parties
    from adapter.render.pages import Page
    from adapter.render.report import Report
    from adapter.render.terminal import Look
    from adapter.settings import Settings
    from adapter.source import Source, Unreadable

CLEAN, FOUND, MISUSED, UNREAD, UNDECIDED = 0, 1, 2, 3, 4
INTERRUPTED = 130
CHECK_TABLES = "facet tables check names all that is wrong"
TICK = 0.1  # seconds after which a run that is out of time is told so again

Command = TypeVar("Command", bound=Callable[..., Any])


def main() -> None:
    """The console script. A closed pipe ends it as it ends any program: by SIGPIPE."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit status. No exception leaves it, and no value of a claim
    is in what it prints about an error."""
    try:
        status = facet.main(list(arguments), prog_name="facet", standalone_mode=False)
        return status if isinstance(status, int) else CLEAN
    except click.ClickException as error:
        error.show()
        return MISUSED
    except click.Abort:
        return INTERRUPTED
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    """What is said of an error that concerns no single input, and its exit status."""
    from adapter.settings import WrongUsage
    from adapter.tables import TableError

    if isinstance(error, WrongUsage):
        said, status = str(error), MISUSED
    elif isinstance(error, TableError):
        said, status = f"{error} ({CHECK_TABLES})", MISUSED
    elif isinstance(error, _NotWritten):
        said, status = str(error), UNDECIDED
    else:
        said, status = f"nothing was decided: {_internal(error)}", UNDECIDED
    click.echo(f"facet: {said}", err=True)
    return status


class _NotWritten(Exception):
    """An output that could not be written: which, and what the system said."""


# --- options --------------------------------------------------------------------------------------

_paths = click.argument("paths", nargs=-1, type=click.Path(allow_dash=True))
_path = click.argument("path", required=False, type=click.Path(allow_dash=True))
_payer = click.option(
    "--payer", metavar="PROFILE", help="The payer's profile; else found from each claim."
)
_config = click.option(
    "--config",
    type=click.Path(),
    metavar="FILE",
    help="Configuration; else facet.toml or pyproject.toml, looked for upwards.",
)
_output = click.option(
    "-o", "--output", type=click.Path(allow_dash=True), metavar="FILE", help="Write to a file."
)
_quiet = click.option("--quiet", is_flag=True, help="Say less.")
_no_color = click.option("--no-color", is_flag=True, help="No colours, even on a terminal.")
_page_format = click.option(
    "--format", type=click.Choice(("text", "json")), help="How it is printed (default text)."
)


_outcomes = click.option(
    "--outcomes",
    type=click.Path(),
    metavar="FILE",
    help="FHIR: write outcomes and provenances that have no place in the output (NDJSON).",
)
_validate = click.option(
    "--validate-fhir", is_flag=True, help="Hold FHIR against the R4 structure definitions too."
)


def _judging(command: Command) -> Command:
    """The options of the commands that run rules."""
    for option in reversed(
        (
            _payer,
            click.option("--select", metavar="RULE,..", help="Only these rules or families."),
            click.option("--ignore", metavar="RULE,..", help="Not these rules or families."),
            click.option(
                "--fail-on",
                metavar="SEVERITY",
                help="Exit with 1 from error (default), warning or info on, or never.",
            ),
            click.option(
                "--time-budget", type=float, metavar="SECONDS", help="Exit with 4 after that time."
            ),
            _config,
            _output,
            _quiet,
            _no_color,
        )
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def facet() -> None:
    """Checks and corrects how facet joint interventions are coded on claims.

    Reads X12 837P and FHIR R4 JSON, also packed with gzip. Exit status: 0 clean, 1 findings, 2
    wrong usage, 3 an input could not be read, 4 not decided. Only 0 and 1 mean that the claims were
    checked.
    """


# --- check and fix --------------------------------------------------------------------------------


@facet.command()
@_paths
@click.option("--format", type=click.Choice(FORMATS), help="The form of the report (default text).")
@_validate
@_judging
def check(paths: tuple[str, ...], **flags: Any) -> int:
    """Say what is wrong in PATHS, and why.

    A path is a file, a folder that is searched, a pattern, or - for standard input.
    """
    from adapter.inputs import files
    from adapter.settings import policy

    settings = _settings(flags)
    target = _target(settings.output)
    inputs = list(files(paths))
    _refuse(target, "-o", (path for path, _ in inputs))
    report = _report(settings, target)
    rules = policy(settings, excerpts=settings.format == "text")
    opening = _Opening(validate=settings.validate_fhir)
    failures = _decide(inputs, rules, [report], _Budget(settings.time_budget), "checked", opening)
    if report.total.inputs:
        with _writing(target) as out:
            report.write(out)
    return _conclude(report, failures, settings)


@facet.command()
@_paths
@click.option("--suggested", is_flag=True, help="Also what a coder has to agree to.")
@click.option("--in-place", is_flag=True, help="Correct the files themselves.")
@click.option("--diff", is_flag=True, help="Show what would change, and write nothing else.")
@click.option(
    "--changes", type=click.Path(), metavar="FILE", help="Write the list of changes (JSON)."
)
@click.option("--fix-envelope", is_flag=True, help="Also mend counts and control numbers (ED01).")
@click.option("--annotate", is_flag=True, help="FHIR: also put what remains into the output.")
@_outcomes
@_validate
@_judging
def fix(paths: tuple[str, ...], **flags: Any) -> int:
    """Correct PATH: the same format out, every byte that no correction touches as it was.

    The corrected input goes to standard output, or with --in-place, which takes several PATHS, back
    to where it came from. Standard error says what was corrected, what was withheld, what remains.
    """
    from adapter.inputs import files
    from adapter.render.machine import Changes
    from adapter.render.terminal import Corrections, Diff
    from adapter.rules import all_rules
    from adapter.settings import loaded_tables, policy
    from adapter.sinks import Spool

    settings = _settings(flags)
    _refuse_contradictions(paths, settings)
    target = _target(settings.output)
    listed, noted = _target(settings.changes), _target(settings.outcomes)
    inputs = list(files(paths)) if settings.in_place else [(path, None) for path in paths or ("-",)]
    _refuse(listed, "--changes", (path for path, _ in inputs))
    _refuse(noted, "--outcomes", (path for path, _ in inputs))
    look = _look(sys.stderr, settings.no_color)
    said = Corrections(
        loaded_tables(settings), all_rules(), look, quiet=settings.quiet, brief=settings.diff
    )
    diff = Diff(_look(None if target else sys.stdout, settings.no_color))
    changes = Changes()
    rules = policy(settings, fix=True, excerpts=settings.diff or not settings.quiet)
    corrected: list[Document] = []
    outcomes = Spool()

    def keep(document: Document) -> None:
        if settings.in_place:
            _correct_in_place(document)
        else:
            corrected.append(document)
        document.write_outcomes(outcomes)

    try:
        failures = _decide(
            inputs,
            rules,
            [said, *([diff] if settings.diff else []), *([changes] if listed else [])],
            _Budget(settings.time_budget),
            "corrected",
            _Opening(
                _notes(settings, annotate=settings.annotate),
                settings.validate_fhir,
                only_fhir=settings.annotate or settings.outcomes is not None,
            ),
            keep,
        )
    finally:  # whatever interrupts it: what was done to files is written down
        if listed is not None and said.total.inputs:
            with _writing(listed, private=True) as out:
                changes.write(out)
        if noted is not None and said.total.inputs:
            with _writing(noted, private=True) as out:
                outcomes.copy(out)
    if said.total.inputs:
        for output in [diff] if settings.diff else corrected:
            with _writing(target) as out:
                output.write(out)
        said.write(sys.stderr.buffer)
        sys.stderr.buffer.flush()
    return _conclude(said, failures, settings)


@facet.command()
@_path
@_outcomes
@_validate
@_judging
def annotate(path: str | None, **flags: Any) -> int:
    """Write PATH, which is FHIR, with the findings in it; no code is changed.

    Each claim with facet codes gets an OperationOutcome and a tag. A collection or searchset takes
    them in; what else PATH is keeps its shape with --outcomes, and else becomes part of a new
    collection. Documents, messages and what is signed stay as they are.
    """
    from adapter.render.terminal import Text
    from adapter.rules import all_rules
    from adapter.settings import loaded_tables, policy

    settings = _settings(flags)
    target, noted = _target(settings.output), _target(settings.outcomes)
    _refuse_same(("-o", settings.output), ("--outcomes", settings.outcomes))
    _refuse(noted, "--outcomes", (path or "-",))
    look = _look(sys.stderr, settings.no_color)
    said = Text(loaded_tables(settings), all_rules(), look, quiet=settings.quiet, brief=True)
    annotated: list[Document] = []
    failures = _decide(
        [(path or "-", None)],
        policy(settings),
        [said],
        _Budget(settings.time_budget),
        "annotated",
        _Opening(_notes(settings, annotate=True), settings.validate_fhir, only_fhir=True),
        annotated.append,
    )
    for document in annotated:
        with _writing(target) as out:
            document.write(out)
        if noted is not None:
            with _writing(noted, private=True) as out:
                document.write_outcomes(out)
        said.write(sys.stderr.buffer)
        sys.stderr.buffer.flush()
    return _conclude(said, failures, settings)


def _notes(settings: Settings, *, annotate: bool) -> Notes:
    from adapter.findings import Notes
    from adapter.settings import loaded_tables

    return Notes(
        annotate=annotate,
        beside=settings.outcomes is not None,
        mappings=loaded_tables(settings).version,
        when=_moment(),
    )


def _moment() -> datetime | None:
    """The time that outputs carry, where it is to be the same for each run: SOURCE_DATE_EPOCH, in
    seconds, as other tools take it."""
    from datetime import UTC, datetime

    said = os.environ.get("SOURCE_DATE_EPOCH")
    if not said:
        return None
    try:
        return datetime.fromtimestamp(int(said), UTC)
    except (ValueError, OverflowError, OSError):
        raise click.UsageError("SOURCE_DATE_EPOCH is a number of seconds since 1970.") from None


def _correct_in_place(document: Document) -> None:
    """A file in which nothing was corrected is not written."""
    if document.patches.count:
        with _writing(Path(document.source.name)) as out:
            document.write(out)


def _refuse_contradictions(paths: Sequence[str], settings: Settings) -> None:
    if settings.in_place:
        if settings.diff or settings.output is not None:
            raise click.UsageError("--in-place excludes --diff and -o.")
        if not paths or "-" in paths:
            raise click.UsageError("--in-place needs the paths of files.")
        if settings.annotate and settings.outcomes is None:
            raise click.UsageError("--in-place with --annotate needs --outcomes.")
    elif len(paths) > 1:
        raise click.UsageError("fix takes one PATH; with --in-place it takes several.")
    if settings.diff and settings.annotate:
        raise click.UsageError("--diff excludes --annotate: it shows corrections alone.")
    _refuse_same(
        ("--changes", settings.changes),
        ("--outcomes", settings.outcomes),
        ("-o", settings.output),
    )
    if str(settings.changes) == "-":
        raise click.UsageError("--changes needs a file: standard output is the corrected input.")


def _refuse_same(*named: tuple[str, Path | None]) -> None:
    """Two outputs in one file; and outcomes on standard output, where the resources go."""
    seen: dict[str, str] = {}
    for option, path in named:
        if path is None:
            continue
        if option == "--outcomes" and str(path) == "-":
            raise click.UsageError("--outcomes needs a file: standard output has the resources.")
        other = seen.setdefault(os.path.realpath(path), option)
        if other != option:
            raise click.UsageError(f"{other} and {option} name the same file.")


@dataclass(frozen=True, slots=True)
class _Opening:
    """How inputs are opened. `notes` None: nothing is written into FHIR but corrections."""

    notes: Notes | None = None
    validate: bool = False
    only_fhir: bool = False

    def document(self, source: Source) -> Document:
        """Raises: Unreadable."""
        from adapter.documents import NO_NOTES, open_document
        from adapter.source import Unreadable

        document = open_document(source, self.notes or NO_NOTES, validate=self.validate)
        if self.only_fhir and document.format == "x12":
            raise Unreadable(
                "it is X12 837P; what was asked for takes FHIR",
                hint="facet check says what is wrong in it",
            )
        return document


def _decide(
    inputs: Sequence[tuple[str, Unreadable | None]],
    rules: Policy,
    reports: Sequence[Report],
    budget: _Budget,
    done: str,
    opening: _Opening,
    then: Callable[[Document], None] = lambda document: None,
) -> Sequence[_Failure]:
    """Runs the rules over the inputs and hands what they say to the reports.

    Args: done, what happens to an input, as a participle; opening, how it is opened; then, what is
    done with a document once all is decided about it. Returns: the inputs of which nothing is said,
    and why.
    """
    from adapter.source import Unreadable
    from adapter.tables import TableError

    failures: list[_Failure] = []
    for path, problem in inputs:
        name = "standard input" if path == "-" else path
        try:
            if problem is not None:
                raise problem
            document, end = _judged(path, rules, reports, budget, opening)
            then(document)
            for report in reports:
                report.end(end)
            continue
        except Unreadable as error:
            failures.append(_Failure(name, "read", error.where, error.what, error.hint, UNREAD))
        except OutOfTime:
            budget.stop()
            what = f"the time budget of {budget.seconds:g} s ran out"
            failures.append(_Failure(name, done, "", what, "give more time", UNDECIDED))
        except _NotWritten as error:
            failures.append(_Failure(name, done, "", str(error), "", UNDECIDED))
        except TableError as error:
            failures.append(_Failure(name, done, "", str(error), CHECK_TABLES, MISUSED))
        except Exception as error:
            hint = "report it with the version of facet; nothing of a claim is in it"
            failures.append(_Failure(name, done, "", _internal(error), hint, UNDECIDED))
        for report in reports:
            report.drop()
    return failures


def _judged(
    path: str, rules: Policy, reports: Sequence[Report], budget: _Budget, opening: _Opening
) -> tuple[Document, InputDone]:
    """Hands the reports all that is said of one input. They do not keep it yet."""
    from adapter.engine import run
    from adapter.findings import InputDone
    from adapter.source import Source

    end: InputDone | None = None
    try:
        budget.start()
        source = Source.open(path)
        document = opening.document(source)
        for report in reports:
            report.begin(source)
        for said in run(document, rules, source.name):
            if isinstance(said, InputDone):
                end = said
            else:
                for report in reports:
                    report.take(said)
    finally:
        budget.stop()
    assert end is not None
    return document, end


@dataclass(frozen=True, slots=True)
class _Failure:
    """An input of which nothing is said: what did not happen to it, where, why, what to try."""

    name: str
    done: str
    where: str
    what: str
    hint: str
    status: int

    def __str__(self) -> str:
        from adapter.render.report import visible

        lines = [f"facet: {visible(self.name)} was not {self.done}."]
        for key, text in (("where", self.where), ("what", self.what), ("try", self.hint)):
            if text:
                lines.append(f"  {key:<6} {text}")
        return "\n".join(lines)


def _internal(error: Exception) -> str:
    """What kind of error it was and where in this package: its message may quote a claim."""
    where = ""
    frame = error.__traceback__
    while frame is not None:
        file = Path(frame.tb_frame.f_code.co_filename)
        if file.is_relative_to(Path(__file__).parent):
            where = f", {file.name} line {frame.tb_lineno}"
        frame = frame.tb_next
    return f"an internal error ({type(error).__name__}{where})"


def _conclude(report: Report, failures: Sequence[_Failure], settings: Settings) -> int:
    """Names what failed, and gives the highest status of all inputs."""
    for failure in failures:
        click.echo(str(failure), err=True)
    worst, threshold = report.total.worst, settings.fail_on
    found = worst is not None and threshold is not None and worst >= threshold
    return max([FOUND if found else CLEAN, *(failure.status for failure in failures)])


def _report(settings: Settings, target: Path | None) -> Report:
    """The report in the form that was asked for."""
    from adapter.rules import all_rules
    from adapter.settings import loaded_tables

    if settings.format == "text":
        from adapter.render.terminal import Text

        look = _look(None if target else sys.stdout, settings.no_color)
        return Text(loaded_tables(settings), all_rules(), look, quiet=settings.quiet)
    from adapter.render import machine

    match settings.format:
        case "json":
            return machine.Json(loaded_tables(settings))
        case "ndjson":
            return machine.Ndjson()
        case "sarif":
            return machine.Sarif(loaded_tables(settings), all_rules())
        case "github":
            return machine.Github()


# --- code -----------------------------------------------------------------------------------------


CODINGS = ("text", "json", "fhir", "x12")


@facet.command()
@_path
@click.option(
    "--format",
    "form",
    type=click.Choice(CODINGS),
    default="text",
    help="text, json, fhir (draft Claims) or x12 (an 837P, with what [x12] has to say).",
)
@_payer
@click.option("--place", metavar="CODE", help="x12: the place of service, such as 11.")
@click.option(
    "--fail-on",
    metavar="SEVERITY",
    help="Exit with 1 from error (default), warning or info on, or never.",
)
@_config
@_output
@_quiet
@_no_color
def code(path: str | None, form: str, place: str | None, **flags: Any) -> int:
    """Derive claim lines from what the Procedures in PATH document, and say why.

    The Procedures of one patient and date are taken together. What cannot be coded yields no line
    and a finding that says why. The lines are in the form that --payer takes; without it, what
    depends on the payer is left open.
    """
    from datetime import UTC, datetime

    from adapter.coder import sessions
    from adapter.documents import open_document
    from adapter.profiles import UNKNOWN_PAYER
    from adapter.render.coding import (
        CodingFhir,
        CodingJson,
        CodingReport,
        CodingText,
        CodingX12,
        NotWritable,
    )
    from adapter.settings import WrongUsage, policy
    from adapter.source import Source, Unreadable

    settings = _settings(flags)
    target = _target(settings.output)
    _refuse(target, "-o", (path or "-",))
    rules = policy(settings)
    profile = rules.profiles.get(settings.payer or UNKNOWN_PAYER)
    report: CodingReport
    parties: dict[int, Parties] = {}
    match form:
        case "text":
            look = _look(None if target else sys.stdout, settings.no_color)
            report = CodingText(rules.tables, profile, look, quiet=settings.quiet)
        case "json":
            report = CodingJson(rules.tables, profile)
        case _:
            when = _moment() or datetime.now(UTC)
            report = (
                CodingFhir(rules.tables, profile, parties, when)
                if form == "fhir"
                else CodingX12(rules.tables, profile, parties, when, settings.x12, place)
            )
    try:
        document = open_document(Source.open(path or "-"))
        if document.format == "x12":
            raise Unreadable(
                "it is X12 837P; lines are derived from FHIR Procedures",
                hint="facet check says what is wrong in it",
            )

        def keep(procedure: Procedure, who: Parties) -> None:
            parties[id(procedure)] = who

        told = keep if form in ("fhir", "x12") else None
        for session in sessions(document.procedures(told), rules.tables, profile):
            report.take(session)
    except Unreadable as error:
        name = "standard input" if path in (None, "-") else path
        failure = _Failure(str(name), "read", error.where, error.what, error.hint, UNREAD)
        click.echo(str(failure), err=True)
        return failure.status
    try:
        with _writing(target) as out:
            report.write(out)
    except NotWritable as error:
        raise WrongUsage(str(error)) from None
    for line in report.unsaid:
        click.echo(line, err=True)
    threshold = settings.fail_on
    found = report.worst is not None and threshold is not None and report.worst >= threshold
    return FOUND if found else CLEAN


# --- explain, list, tables, convert ---------------------------------------------------------------


def _explained(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """What a shell may complete: topics, payers, rules by code and name, codes. Nothing where the
    configuration or a table is broken: the command itself says so."""
    from adapter.render.guide import topics
    from adapter.rules import all_rules
    from adapter.settings import WrongUsage, known_profiles, loaded_tables
    from adapter.tables import TableError

    rules = all_rules()
    there = [*topics(), *rules, *(rule.name for rule in rules.values())]
    try:
        settings = _settings({"config": context.params.get("config")})
        there += [*known_profiles(settings).ids, *loaded_tables(settings).codes]
    except (WrongUsage, TableError):
        return []
    return [name for name in there if name.lower().startswith(incomplete.lower())]


@facet.command()
@click.argument("subject", metavar="RULE|CODE|PAYER|TOPIC", shell_complete=_explained)
@_payer
@click.option(
    "--on", metavar="DATE", help="The date of service, such as 2026-03-10 (default today)."
)
@_page_format
@_config
@_no_color
def explain(subject: str, on: str | None, **flags: Any) -> int:
    """Show the page of a rule, of a procedure code, of a payer's profile, or of the guide.

    The topics of the guide are codes, denials, documentation, levels, medical-necessity, modifiers
    and prior-authorization. With --payer a rule's page tells what becomes of it there on the day.
    """
    from datetime import date

    from adapter.render.guide import topic_page, topics
    from adapter.render.pages import code_page, payer_page, rule_page
    from adapter.rules import all_rules
    from adapter.settings import WrongUsage, nearest, policy

    settings = _settings(flags)
    known = policy(settings)
    try:
        day = date.today() if on is None else date.fromisoformat(on)
    except ValueError:
        raise click.BadParameter("give a date such as 2026-03-10", param_hint="--on") from None
    rules = all_rules()
    named = {**{rule.name: rule for rule in rules.values()}, **rules}
    rule = named.get(subject.upper()) or named.get(subject.lower())
    if rule is not None:
        own = known.severities.get(rule.code)
        page = rule_page(rule, known.tables, known.profiles, day, settings.payer, own)
    elif subject.upper() in known.tables.codes:
        page = code_page(subject.upper(), known.tables, day)
    elif subject.lower() in known.profiles.ids:
        page = payer_page(known.profiles.get(subject.lower()), known.tables, day)
    elif subject.lower() in topics():
        page = topic_page(subject.lower(), known.tables)
    else:
        there = [*named, *known.profiles.ids, *topics(), *known.tables.codes]
        raise WrongUsage(
            f"there is no rule, code, payer or topic {subject!r}{nearest(subject, there)}"
        )
    return _print(page, settings)


@facet.command("list")
@click.argument("what", type=click.Choice(("rules", "payers", "codes", "topics")))
@_page_format
@_config
@_no_color
def list_(what: str, **flags: Any) -> int:
    """List the rules, the payers' profiles, the procedure codes, or the topics of the guide."""
    from adapter.render.guide import list_topics
    from adapter.render.pages import list_codes, list_payers, list_rules
    from adapter.rules import all_rules
    from adapter.settings import known_profiles, loaded_tables

    settings = _settings(flags)
    match what:
        case "rules":
            page = list_rules(all_rules())
        case "payers":
            page = list_payers(known_profiles(settings))
        case "topics":
            page = list_topics()
        case _:
            page = list_codes(loaded_tables(settings))
    return _print(page, settings)


def _print(page: Page, settings: Settings) -> int:
    from adapter.render.machine import dumps

    look = _look(sys.stdout, settings.no_color)
    data = dumps(page.data) + b"\n"
    with _writing(None) as out:
        out.write(data if settings.format == "json" else look.encode(page.text(look)))
    return CLEAN


@facet.group()
def tables() -> None:
    """The dated tables that the rules look things up in."""


@tables.command("check")
@_config
@_quiet
def tables_check(**flags: Any) -> int:
    """Check every table and profile: rows, dates, sources, and what they refer to."""
    from adapter import quarterly
    from adapter.schema import check_folder
    from adapter.tables import mappings_folder

    settings = _settings(flags)
    folders = [mappings_folder()]
    if settings.profiles is not None:
        folders.append(settings.profiles)
    problems = [problem for folder in folders for problem in check_folder(folder)]
    if settings.overlay is not None and settings.overlay.is_dir():
        problems += quarterly.check(settings.overlay)
    for problem in problems:
        click.echo(f"facet: {problem}", err=True)
    if not problems and not settings.quiet:
        click.echo("No problem in the tables and profiles.")
    return MISUSED if problems else CLEAN


_quarterly = click.Path(path_type=Path)
_on = click.option("--on", metavar="DATE", help="The day that is meant, such as 2026-10-01.")


@tables.command("update")
@click.option("--ncci", type=_quarterly, multiple=True, metavar="FILE", help="Pairs, f1 to f4.")
@click.option("--mue", type=_quarterly, multiple=True, metavar="FILE", help="Practitioner MUE.")
@click.option("--addon", type=_quarterly, multiple=True, metavar="FILE", help="Add-on codes.")
@click.option("--into", type=_quarterly, metavar="FOLDER", help="Else tables/ beside payers/.")
@_config
@_quiet
def tables_update(
    ncci: tuple[Path, ...],
    mue: tuple[Path, ...],
    addon: tuple[Path, ...],
    into: Path | None,
    **flags: Any,
) -> int:
    """Read the quarterly files of CMS (zip, txt, csv, xlsx) into tables of your own.

    They hold from then on for every run whose configuration names the folder. Parts of one
    quarter are given together; quarters may come in any order.
    """
    from adapter import quarterly
    from adapter.tables import shipped

    settings = _settings(flags)
    folder = into or settings.overlay
    if folder is None:
        raise click.UsageError("Give --into FOLDER, or a path in [profiles] of facet.toml.")
    if not (ncci or mue or addon):
        raise click.UsageError("Give a file with --ncci, --mue or --addon.")
    try:
        done = quarterly.update(folder, shipped(), _day(None), ncci=ncci, mue=mue, addons=addon)
    except quarterly.Refused as refused:
        click.echo(f"facet: {refused}.", err=True)
        return UNREAD
    except OSError as error:
        raise _NotWritten(f"{folder} could not be written: {error.strerror}.") from None
    for each in done if not settings.quiet else ():
        newer = f" ({each.newer} is loaded)" if each.newer else ""
        record = each.record
        click.echo(f"{record.table}  {record.edition}  {record.rows} rows  {each.outcome}{newer}")
    return CLEAN


@tables.command("status")
@_on
@_config
@_page_format
def tables_status(on: str | None, **flags: Any) -> int:
    """Say which quarters are loaded, how old they are, and warn of one that is not."""
    from adapter import quarterly
    from adapter.tables import mappings_folder

    settings = _settings(flags)
    folders = [mappings_folder()]
    if settings.overlay is not None:
        folders.append(settings.overlay)
    found = quarterly.status(folders, _day(on))
    if settings.format == "json":
        told = [quarterly.plain(each) for each in found]
        _print_json({"schema": "facet-tables/1", "tables": told})
        return CLEAN
    for each in found:
        for edition in each.editions:
            where = quarterly.PLACES[edition.place]
            click.echo(f"{each.table}  {edition.record.edition}  {where}  {edition.days} days")
        if each.warning is not None:
            click.echo(f"facet: {each.table}: {each.warning}", err=True)
    return CLEAN


def _print_json(data: dict[str, Any]) -> None:
    from adapter.render.machine import dumps

    with _writing(None) as out:
        out.write(dumps(data) + b"\n")


@tables.command("diff")
@click.option("--from", "since", metavar="DATE", help="Compare with this day in the same tables.")
@_on
@_page_format
@_config
def tables_diff(since: str | None, on: str | None, **flags: Any) -> int:
    """Say what your own quarters change, or what changed between two days."""
    from adapter import quarterly
    from adapter.settings import loaded_tables
    from adapter.tables import shipped

    settings = _settings(flags)
    now = loaded_tables(settings)
    old = quarterly.in_force(shipped() if since is None else now, _day(since or on))
    found = quarterly.diff(old, quarterly.in_force(now, _day(on)))
    if settings.format == "json":
        said = [{"table": e.table, "key": e.key, "change": e.what} for e in found]
        _print_json({"schema": "facet-tables-diff/1", "changes": said})
        return CLEAN
    for each in found:
        click.echo(f"{each.table}  {each.key}  {each.what}")
    return CLEAN


def _day(text: str | None) -> date:
    """The day that was named, else today's or SOURCE_DATE_EPOCH's."""
    from datetime import date, datetime

    if text is None:
        return (_moment() or datetime.now()).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.UsageError("Give a day such as 2026-10-01.") from None


@facet.command()
@_path
@click.option("--to", type=click.Choice(("json",)), required=True, help="json: the neutral model.")
@_output
@_config
def convert(path: str | None, to: str, **flags: Any) -> int:
    """Convert PATH. As json it is the neutral model of all its claims, whoever they are about, and
    of its procedures."""
    from adapter.documents import open_document
    from adapter.render.machine import Model
    from adapter.source import Source, Unreadable

    settings = _settings(flags)
    target = _target(settings.output)
    _refuse(target, "-o", (path or "-",))
    model = Model()
    try:
        document = open_document(Source.open(path or "-"))
        for claim in document.read():
            model.take(claim)
        for procedure in document.procedures():
            model.document(procedure)
    except Unreadable as error:
        name = "standard input" if path in (None, "-") else path
        failure = _Failure(str(name), "read", error.where, error.what, error.hint, UNREAD)
        click.echo(str(failure), err=True)
        return failure.status
    with _writing(target) as out:
        model.write(out)
    return CLEAN


# --- what all of them do --------------------------------------------------------------------------


def _settings(flags: dict[str, Any]) -> Settings:
    from adapter.settings import load

    return load(flags, os.environ, Path.cwd())


def _look(stream: Any, no_color: bool) -> Look:
    """How text is shown on a stream; None is a file."""
    from adapter.render.terminal import Look

    if stream is None or not stream.isatty():
        return Look(encoding=_encoding(stream))
    from shutil import get_terminal_size

    plain = no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return Look(not plain, get_terminal_size().columns, _encoding(stream))


def _encoding(stream: Any) -> str:
    return str(getattr(stream, "encoding", None) or "utf-8").lower()


def _target(path: Path | None) -> Path | None:
    """Where output goes; None is standard output. Raises: click.UsageError."""
    if path is None or str(path) == "-":
        return None
    if path.is_dir():
        raise click.UsageError(f"{path} is a folder; name a file.")
    if not path.parent.is_dir():
        raise click.UsageError(f"{path} cannot be written: there is no folder {path.parent}.")
    return path


def _refuse(target: Path | None, option: str, inputs: Iterable[str]) -> None:
    """An output that is not the corrected input does not take the place of an input."""
    if target is not None and os.path.realpath(target) in map(os.path.realpath, inputs):
        raise click.UsageError(f"{option} names an input; it would be lost.")


@contextmanager
def _writing(target: Path | None, *, private: bool = False) -> Iterator[IO[bytes]]:
    """An output that is there whole or not at all. Raises: _NotWritten."""
    from adapter import sinks

    try:
        with sinks.sink(target, private=private) as out:
            yield out
    except OSError as error:
        name = "standard output" if target is None else str(target)
        raise _NotWritten(f"{name} could not be written: {error.strerror}.") from None


class OutOfTime(BaseException):
    """The time budget ran out. No handler of ordinary errors may hold it up."""


class _Budget:
    """The seconds that all inputs together may take; None is no limit.

    Between `start` and `stop` OutOfTime comes out of whatever is being done when they are over, and
    again a little later, should it have been lost where exceptions are.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds or 0.0
        self._until = None if seconds is None else time.monotonic() + seconds
        self._runs = False

    def start(self) -> None:
        if self._until is not None:
            left = self._until - time.monotonic()
            if left <= 0:
                raise OutOfTime
            self._runs = True
            signal.signal(signal.SIGALRM, self._tick)
            signal.setitimer(signal.ITIMER_REAL, left, TICK)

    def stop(self) -> None:
        if self._runs:
            self._runs = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _tick(self, number: int, frame: FrameType | None) -> None:
        if self._runs:
            raise OutOfTime
