"""Measures facet beside pyx12 and fhir.resources in one run, on files of our own generator.

    python benchmarks/run.py                   # all of it
    python benchmarks/run.py --quick           # small files, to see that it runs
    python benchmarks/run.py --only start,many

Every process is measured whole, from its start to its end, by `os.wait4`: nothing of it is measured
by the process itself. "Start-up apart" is the median less the median of the same command on a file
with one claim. `benchmarks/README.md` says what each figure means.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
MB = 1_000_000  # bytes

READER = """
import sys
from pyx12.x12file import X12Reader
with open(sys.argv[1], encoding="ascii") as file:
    for segment in X12Reader(file):
        pass
"""
VALIDATION = """
import io, logging, sys
logging.disable(logging.CRITICAL)
import pyx12.params, pyx12.x12n_document
with open(sys.argv[1], encoding="ascii") as file:
    valid = pyx12.x12n_document.x12n_document(
        pyx12.params.ParamsBase(), file, io.StringIO(), None, None, io.StringIO())
sys.exit(not valid)
"""
MODELS = """
import sys
from fhir.resources.R4B.claim import Claim
with open(sys.argv[1], "rb") as file:
    for row in file:
        Claim.model_validate_json(row)
"""
PEERS = ("pyx12", "fhir.resources")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the files are, and how often each command runs on them."""

    many: tuple[int, ...] = (100_000, 500_000)  # claims, 2 % of them with a facet code
    facet_only: int = 20_000  # claims, each with a facet code
    reader: int = 20_000  # claims of the slice that X12Reader is given
    validated: int = 1_000  # claims of the slice that full validation is given
    memory: int = 1_000 * MB  # bytes
    fhir_none: int = 50_000  # Claims in rows, none of them with a facet code
    fhir_facet: int = 10_000  # Claims in rows, each with a facet code
    models: int = 3_000  # rows of the slices that fhir.resources is given
    entries: int = 100_000  # of a Bundle
    starts: int = 20
    runs: int = 5


QUICK = Sizes(
    many=(2_000,),
    facet_only=500,
    reader=500,
    validated=50,
    memory=4 * MB,
    fhir_none=400,
    fhir_facet=100,
    models=50,
    entries=1_000,
    starts=3,
    runs=3,
)


@dataclass(frozen=True, slots=True)
class Process:
    """One process from start to end. `peak` is its largest resident memory, in bytes."""

    seconds: float
    cpu: float
    peak: int
    status: int


@dataclass(frozen=True, slots=True)
class File:
    path: Path
    claims: int

    @property
    def bytes(self) -> int:
        return self.path.stat().st_size


class Failed(Exception):
    """A command that did not end as it has to: what it measured means nothing."""


# --- processes ------------------------------------------------------------------------------------


def run(command: Sequence[str], expected: Sequence[int]) -> Process:
    """Runs a command; what it prints goes nowhere. Raises: Failed."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return _ended(process, start, command, expected)


def pipe(commands: Sequence[tuple[Sequence[str], Sequence[int]]]) -> list[Process]:
    """Runs commands as a pipe, each with the statuses it may end with. Raises: Failed."""
    start = time.perf_counter()
    running: list[subprocess.Popen[bytes]] = []
    for number, (command, _) in enumerate(commands, 1):
        last = number == len(commands)
        before = running[-1].stdout if running else None
        running.append(
            subprocess.Popen(
                command,
                stdin=before,
                stdout=subprocess.DEVNULL if last else subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        )
        if before is not None:
            before.close()  # else nobody notices that a reader has ended
    return [
        _ended(process, start, command, expected)
        for process, (command, expected) in zip(running, commands, strict=True)
    ]


def _ended(
    process: subprocess.Popen[bytes], start: float, command: Sequence[str], expected: Sequence[int]
) -> Process:
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)  # it is waited for no more
    if process.returncode not in expected:
        raise Failed(f"{Path(command[0]).name} {command[1]} ended with {process.returncode}")
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Process(seconds, used.ru_utime + used.ru_stime, peak, process.returncode)


@dataclass(frozen=True, slots=True)
class Median:
    seconds: float
    cpu: float
    peak: int  # the largest
    spread: float  # slowest less fastest, in seconds


def median(command: Sequence[str], runs: int, expected: Sequence[int] = (0, 1)) -> Median:
    found = [run(command, expected) for _ in range(runs)]
    seconds = [each.seconds for each in found]
    return Median(
        statistics.median(seconds),
        statistics.median(each.cpu for each in found),
        max(each.peak for each in found),
        max(seconds) - min(seconds),
    )


# --- what is measured -----------------------------------------------------------------------------


class Bench:
    """The files, the commands, and what several parts need."""

    def __init__(self, folder: Path, sizes: Sizes, facet: str) -> None:
        self.folder, self.sizes, self.facet = folder, sizes, facet

    def file(self, claims: int, facet: str = "0.02", *, size: int = 0) -> File:
        """A generated file; made once. In a process of its own, so that this one stays small: a
        process that is started begins with the peak of the one that started it."""
        path = self.folder / f"{claims or size}-{facet}.837"
        what = ["--size", str(size)] if size else ["--claims", str(claims)]
        self._generate(path, *what, "--facet", facet)
        return File(path, claims or _claims(path, b"~CLM*"))

    def _generate(self, path: Path, *options: str) -> None:
        if not path.exists():
            command = [sys.executable, str(HERE / "generate.py"), str(path), *options]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)

    def rows(self, claims: int, facet: str) -> File:
        """NDJSON of Claims; as `file`."""
        path = self.folder / f"{claims}-{facet}.ndjson"
        self._generate(path, "--form", "ndjson", "--claims", str(claims), "--facet", facet)
        return File(path, claims)

    def bundle(self, entries: int) -> File:
        """A collection Bundle, 2 % of its Claims with a facet code; as `file`."""
        path = self.folder / f"{entries}.json"
        self._generate(path, "--form", "bundle", "--entries", str(entries))
        return File(path, _claims(path, b'"resourceType":"Claim"'))

    def check(self, file: File) -> list[str]:
        return [self.facet, "check", str(file.path)]

    def fix(self, file: File) -> list[str]:
        return [self.facet, "fix", str(file.path)]

    def annotate(self, file: File) -> list[str]:
        return [self.facet, "annotate", str(file.path)]

    @cached_property
    def one(self) -> File:
        return self.file(1, "1")

    @cached_property
    def start_of_check(self) -> Median:
        return median(self.check(self.one), self.sizes.starts)

    @cached_property
    def start_of_fix(self) -> Median:
        return median(self.fix(self.one), self.sizes.starts)

    @cached_property
    def one_row(self) -> File:
        return self.rows(1, "1")

    @cached_property
    def start_of_fhir(self) -> dict[str, Median]:
        """By command, on one Claim."""
        commands = {"check": self.check, "fix": self.fix, "annotate": self.annotate}
        return {
            name: median(command(self.one_row), self.sizes.starts)
            for name, command in commands.items()
        }

    @cached_property
    def start_of_models(self) -> Median:
        return median(peer(MODELS, self.one_row), self.sizes.runs, (0,))

    def models(self, facet: str) -> tuple[File, Median, float]:
        """fhir.resources on a slice of the same rows: the file, the median, and its seconds
        start-up apart."""
        file = self.rows(self.sizes.models, facet)
        found = median(peer(MODELS, file), min(3, self.sizes.runs), (0,))
        return file, found, found.seconds - self.start_of_models.seconds

    @cached_property
    def reader(self) -> tuple[File, Median, float]:
        """X12Reader on its slice: the file, the median, and its seconds start-up apart."""
        return self._peer(READER, self.sizes.reader)

    @property
    def reader_rate(self) -> float:
        """MB/s of X12Reader, start-up apart: what others are compared with."""
        file, _, seconds = self.reader
        return file.bytes / MB / seconds

    @cached_property
    def validation(self) -> tuple[File, Median, float]:
        return self._peer(VALIDATION, self.sizes.validated)

    def _peer(self, script: str, claims: int) -> tuple[File, Median, float]:
        file = self.file(claims)
        start = median(peer(script, self.one), self.sizes.runs, (0,))
        found = median(peer(script, file), min(3, self.sizes.runs), (0,))
        return file, found, found.seconds - start.seconds


def _claims(path: Path, mark: bytes) -> int:
    """How many claims a generated file holds, without holding it; `mark` is in each once."""
    with path.open("rb") as file:
        before, found = b"", 0
        while window := file.read(1 << 20):
            found += (before + window).count(mark)
            before = window[1 - len(mark) :]
    return found


def peer(script: str, file: File) -> list[str]:
    return [sys.executable, "-c", script, str(file.path)]


def start(bench: Bench) -> None:
    """Cold start: a new process, its files in the page cache."""
    title("Start, medians of new processes")
    runs = bench.sizes.starts
    python = median([sys.executable, "-c", "pass"], runs, (0,))
    named = median([bench.facet, "--version"], runs, (0,))
    header("", "ms", "CPU ms", "MB", "x python", "aim")
    for what, found, aim in (
        ("python -c pass", python, None),
        ("facet --version", named, 120),
        ("facet check, one claim", bench.start_of_check, 250),
        ("facet fix, one claim", bench.start_of_fix, None),
        ("pyx12 X12Reader, one claim", median(peer(READER, bench.one), runs, (0,)), None),
        ("pyx12 validation, one claim", median(peer(VALIDATION, bench.one), runs, (0,)), None),
        *(
            (f"facet {name}, one FHIR Claim", found, None)
            for name, found in bench.start_of_fhir.items()
        ),
        ("fhir.resources R4B, one Claim", bench.start_of_models, None),
    ):
        row(
            what,
            f"{found.seconds * 1000:.0f}",
            f"{found.cpu * 1000:.0f}",
            f"{found.peak / MB:.0f}",
            f"{found.seconds / python.seconds:.1f}",
            "" if aim is None else verdict(f"under {aim}", found.seconds * 1000 < aim),
        )


def many(bench: Bench) -> None:
    """`check` on many claims, few of them ours, beside pyx12 on a slice of the same claims."""
    title("check, 2 % facet claims, beside pyx12")
    throughput_header("x reader", "aims")
    for claims in bench.sizes.many:
        file = bench.file(claims)
        found = median(bench.check(file), bench.sizes.runs)
        seconds = found.seconds - bench.start_of_check.seconds
        times = file.bytes / MB / seconds / bench.reader_rate
        throughput(
            f"facet check, {claims:,}",
            file,
            found,
            seconds,
            f"{times:.1f}",
            verdict("100,000/s", claims / seconds >= 100_000),
            verdict("20 x", times >= 20),
        )
    for what, (peer_file, found, seconds) in (
        ("X12Reader, slice of {:,}", bench.reader),
        ("pyx12 validation, slice of {:,}", bench.validation),
    ):
        rate = peer_file.bytes / MB / seconds
        throughput(
            what.format(peer_file.claims),
            peer_file,
            found,
            seconds,
            f"{rate / bench.reader_rate:.3f}",
        )


def facet_only(bench: Bench) -> None:
    """`check` where every claim is ours, beside pyx12 on its slice of other claims."""
    title("check, facet claims only (half of them with something to correct)")
    throughput_header("x reader", "aim")
    file = bench.file(bench.sizes.facet_only, "1")
    for what, command in (
        ("text", bench.check(file)),
        ("json", [*bench.check(file), "--format", "json"]),
    ):
        found = median(command, bench.sizes.runs)
        seconds = found.seconds - bench.start_of_check.seconds
        throughput(
            f"facet check, {what}",
            file,
            found,
            seconds,
            f"{file.bytes / MB / seconds / bench.reader_rate:.2f}",
            verdict("5,000/s", file.claims / seconds >= 5_000),
        )


def fix(bench: Bench) -> None:
    """`fix` beside `check` on the same files."""
    title("fix beside check")
    throughput_header("x check")
    for claims, share in ((bench.sizes.many[0], "0.02"), (bench.sizes.facet_only, "1")):
        file = bench.file(claims, share)
        checked = median(bench.check(file), bench.sizes.runs)
        fixed = median(bench.fix(file), bench.sizes.runs)
        base = checked.seconds - bench.start_of_check.seconds
        seconds = fixed.seconds - bench.start_of_fix.seconds
        few = f"{claims:,}, {float(share):.0%} ours"
        throughput(f"check, {few}", file, checked, base, "1.00")
        throughput(f"fix, {few}", file, fixed, seconds, f"{seconds / base:.2f}")


def memory(bench: Bench) -> None:
    """Peak memory on one large file, once each. The same commands on one claim are the floor."""
    title("Peak memory")
    file = bench.file(0, size=bench.sizes.memory)
    print(f"{file.bytes / MB:,.0f} MB, {file.claims:,} claims, 2 % facet claims; aim: under 200 MB")
    header("", "s", "CPU s", "MB", "floor MB", "aim")
    floors = {
        "check": bench.start_of_check.peak,
        "fix": bench.start_of_fix.peak,
    }
    piped = [
        (["cat", str(file.path)], (0,)),
        ([bench.facet, "fix"], (0, 1)),
        ([bench.facet, "check", "-"], (0, 1)),
    ]
    names = ("cat F |", "  facet fix |", "  facet check -")
    single = [
        ("facet check F", "check", run(bench.check(file), (0, 1))),
        ("facet fix F", "fix", run(bench.fix(file), (0, 1))),
    ]
    ended = pipe(piped)
    for what, floor, found in (
        *single,
        *zip(names, ("", "fix", "check"), ended, strict=True),
    ):
        row(
            what,
            f"{found.seconds:.1f}",
            f"{found.cpu:.1f}",
            f"{found.peak / MB:.0f}",
            f"{floors[floor] / MB:.0f}" if floor else "",
            verdict("under 200", found.peak < 200 * MB) if floor else "",
        )


def fhir_none(bench: Bench) -> None:
    """`check` on rows without facet codes, beside fhir.resources on a slice of the same rows."""
    title("FHIR: check, NDJSON of Claims without facet codes, beside fhir.resources R4B")
    throughput_header("x R4B", "aim")
    file = bench.rows(bench.sizes.fhir_none, "0")
    found = median(bench.check(file), bench.sizes.runs)
    seconds = found.seconds - bench.start_of_fhir["check"].seconds
    _beside_models(
        bench,
        "0",
        [("check", file, found, seconds)],
        lambda file, seconds: verdict("30 MB/s", file.bytes / MB / seconds >= 30),
    )


def fhir_facet_only(bench: Bench) -> None:
    """`check` on rows that are all ours, beside fhir.resources on a slice of the same rows."""
    title("FHIR: check, NDJSON of facet Claims only (half of them with something to correct)")
    throughput_header("x R4B", "aim")
    file = bench.rows(bench.sizes.fhir_facet, "1")
    measured = []
    for name, command in (
        ("text", bench.check(file)),
        ("json", [*bench.check(file), "--format", "json"]),
    ):
        found = median(command, bench.sizes.runs)
        seconds = found.seconds - bench.start_of_fhir["check"].seconds
        measured.append((f"check, {name}", file, found, seconds))
    _beside_models(
        bench,
        "1",
        measured,
        lambda file, seconds: verdict("2,000/s", file.claims / seconds >= 2_000),
    )


def _beside_models(
    bench: Bench,
    facet: str,
    measured: Sequence[tuple[str, File, Median, float]],
    aim: Callable[[File, float], str],
) -> None:
    """Rows of figures, and below them that of fhir.resources, with which they are compared by the
    byte."""
    slice_, of_models, apart = bench.models(facet)
    rate = slice_.bytes / apart
    for name, file, found, seconds in measured:
        times = file.bytes / seconds / rate
        throughput(f"facet {name}", file, found, seconds, f"{times:.1f}", aim(file, seconds))
    name = f"fhir.resources, slice of {slice_.claims:,}"
    throughput(name, slice_, of_models, apart, "1.0")


def fhir_fix(bench: Bench) -> None:
    """`fix` and `annotate` beside `check` on the same rows."""
    title("FHIR: fix and annotate beside check, NDJSON")
    throughput_header("x check")
    for claims, share in ((bench.sizes.fhir_none, "0.02"), (bench.sizes.fhir_facet, "1")):
        file = bench.rows(claims, share)
        base = 0.0
        outcomes = ["--outcomes", os.devnull]
        for name, command in (
            ("check", bench.check(file)),
            ("fix", bench.fix(file)),
            ("annotate", [*bench.annotate(file), *outcomes]),
        ):
            found = median(command, bench.sizes.runs)
            seconds = found.seconds - bench.start_of_fhir[name].seconds
            base = base or seconds
            few = f"{claims:,}, {float(share):.0%} ours"
            throughput(f"{name}, {few}", file, found, seconds, f"{seconds / base:.2f}")


def fhir_memory(bench: Bench) -> None:
    """Peak memory on one large Bundle. The same commands on one Claim are the floor."""
    title("FHIR: one collection Bundle, time and peak memory")
    file = bench.bundle(bench.sizes.entries)
    print(
        f"{file.bytes / MB:,.0f} MB, {bench.sizes.entries:,} entries, {file.claims:,} of them "
        "Claims, 2 % of these with a facet code; aim: under 3 times the file"
    )
    header("", "s", "CPU s", "MB/s", "peak MB", "floor MB", "x file", "aim")
    for name, command in (
        ("check", bench.check(file)),
        ("fix", bench.fix(file)),
        ("annotate", bench.annotate(file)),
    ):
        found = median(command, bench.sizes.runs)
        floor = bench.start_of_fhir[name]
        row(
            f"facet {name}",
            f"{found.seconds:.2f}",
            f"{found.cpu:.2f}",
            f"{file.bytes / MB / (found.seconds - floor.seconds):.1f}",
            f"{found.peak / MB:.0f}",
            f"{floor.peak / MB:.0f}",
            f"{found.peak / file.bytes:.2f}",
            verdict("under 3", found.peak < 3 * file.bytes),
        )


# --- what is printed ------------------------------------------------------------------------------

NAME, COLUMN = 34, 11


def title(text: str) -> None:
    print(f"\n{text}", flush=True)


def header(*cells: str) -> None:
    row(*cells)
    print("-" * (NAME + COLUMN * (len(cells) - 1)))


def row(name: str, *cells: str) -> None:
    """Cells that say whether an aim is met are longer than a column: they follow as they are."""
    cut = [f"  {cell}" if ":" in cell else cell.rjust(COLUMN) for cell in cells]
    print((name.ljust(NAME) + "".join(cut)).rstrip(), flush=True)


def throughput_header(*further: str) -> None:
    header("", "MB", "s whole", "+- s", "CPU s", "s apart", "claims/s", "MB/s", "peak MB", *further)


def throughput(name: str, file: File, found: Median, seconds: float, *further: str) -> None:
    row(
        name,
        f"{file.bytes / MB:.1f}",
        f"{found.seconds:.3f}",
        f"{found.spread:.3f}",
        f"{found.cpu:.3f}",
        f"{seconds:.3f}",
        f"{file.claims / seconds:,.0f}",
        f"{file.bytes / MB / seconds:,.1f}",
        f"{found.peak / MB:.0f}",
        *further,
    )


def verdict(aim: str, met: bool) -> str:
    return f"{aim}: {'yes' if met else 'NO'}"


def machine() -> str:
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.release()}"
    peers = ", ".join(f"{name} {version(name)}" for name in PEERS)
    return f"{model}, {os.cpu_count()} CPUs, {system}, {python}, {peers}"


def the_facet(given: str | None) -> str:
    """The command that is measured: the one named, else that of this environment."""
    found = given or shutil.which("facet", path=str(Path(sys.executable).parent))
    if found is None or shutil.which(found) is None:
        raise SystemExit("there is no facet beside this Python; name it with --facet")
    return found


RUNS: dict[str, Callable[[Bench], None]] = {
    "start": start,
    "many": many,
    "facet-only": facet_only,
    "fix": fix,
    "memory": memory,
    "fhir-none": fhir_none,
    "fhir-facet-only": fhir_facet_only,
    "fhir-fix": fhir_fix,
    "fhir-memory": fhir_memory,
}


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", metavar="PART,..", help=f"of {', '.join(RUNS)}")
    parser.add_argument("--quick", action="store_true", help="small files; the figures mean little")
    parser.add_argument(
        "--claims", metavar="N,..", help="sizes of the 837P files with 2 %% facet claims"
    )
    parser.add_argument("--runs", type=int, help="runs of which the median is taken")
    parser.add_argument("--facet", metavar="COMMAND", help="the command to measure")
    parser.add_argument("--folder", metavar="FOLDER", help="where the files go (needs 2 GB)")
    given = parser.parse_args(arguments)
    chosen = given.only.split(",") if given.only else list(RUNS)
    if unknown := set(chosen) - set(RUNS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    base = QUICK if given.quick else Sizes()
    sizes = replace(
        base,
        many=tuple(map(int, given.claims.split(","))) if given.claims else base.many,
        runs=given.runs or base.runs,
    )
    facet = the_facet(given.facet)
    named = subprocess.run([facet, "--version"], capture_output=True, text=True, check=True)
    print(f"{named.stdout.strip()}, {date.today()}, {machine()}")
    print(f"medians of {sizes.runs} runs, of {sizes.starts} starts; of the others at most 3 runs")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        bench = Bench(Path(folder), sizes, facet)
        for name, part in RUNS.items():
            if name in chosen:
                part(bench)


if __name__ == "__main__":
    main(sys.argv[1:])
