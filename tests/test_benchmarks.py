"""The benchmark's own files: valid, of the asked size and share; and the benchmark runs."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from benchmarks import generate, run
from tests.cases import ROOT
from tests.guide import errors_of, sets_of
from tests.runs import check, fix, read
from tests.splitting import separators_of, split


def generated(**options: Any) -> tuple[bytes, generate.Written]:
    out = BytesIO()
    said = generate.write(out, **options)
    return out.getvalue(), said


@pytest.mark.parametrize(
    ("claims", "facet", "ours"),
    [(1, "1", 1), (120, "0.05", 6), (99, "0.5", 49), (40, "0", 0)],
)
def test_the_asked_number_and_share_of_claims(claims: int, facet: str, ours: int) -> None:
    data, said = generated(claims=claims, facet=Fraction(facet), per_set=50)
    ran = check(data)
    assert (ran.done.claims, ran.done.facet_claims) == (claims, ours)
    assert (said.claims, said.facet_claims, said.bytes) == (claims, ours, len(data))
    assert said.segments == sum(1 for _ in split(data))
    assert len({claim.id for claim in read(data)}) == claims


def test_the_guide_finds_nothing() -> None:
    data, _ = generated(claims=150, facet=Fraction(1, 2), per_set=50)
    assert errors_of(sets_of(data)) == [Counter()] * 3


def test_charges_counts_and_numbers_are_right() -> None:
    data, _ = generated(claims=150, facet=Fraction(1, 2), per_set=40)
    assert not {finding.rule for finding in check(data).findings} & {"ED01", "ED02", "ED03"}


def test_right_claims_are_right_and_wrong_ones_are_not() -> None:
    data, _ = generated(claims=len(generate.FACET) * 2, facet=Fraction(1))
    wrong = {finding.claim for finding in check(data).findings}
    order = [generate.FACET[number % len(generate.FACET)] for number in range(1, 17)]
    assert wrong == {
        f"CLM{number:08}" for number, case in enumerate(order, 1) if case in generate.WRONG
    }
    assert fix(data).corrected


def test_the_same_options_give_the_same_bytes_and_a_shorter_file_its_first_sets() -> None:
    longer, _ = generated(claims=60, per_set=20)
    assert generated(claims=60, per_set=20)[0] == longer
    shorter, _ = generated(claims=40, per_set=20)
    assert longer.startswith(shorter[: shorter.index(b"GE*")])
    assert generated(claims=60, per_set=20, seed=2)[0] != longer


def test_a_file_of_a_size_ends_with_the_set_that_reaches_it() -> None:
    data, said = generated(size=30_000, per_set=10)
    assert 30_000 <= len(data) < 30_000 + 20_000
    assert said.claims % 10 == 0


@pytest.mark.parametrize("line_end", generate.LINE_ENDS.values())
def test_separators_and_line_ends_change_nothing_else(line_end: bytes) -> None:
    plain, _ = generated(claims=60, facet=Fraction(1, 3))
    other, said = generated(claims=60, facet=Fraction(1, 3), separators="|>!'", line_end=line_end)
    assert said.bytes == len(other)
    assert separators_of(other).all == b"|>!'"
    assert read(other) == read(plain)


@pytest.mark.parametrize("options", [{}, {"claims": 0}, {"claims": 1, "separators": "*:~*"}])
def test_what_cannot_be_written_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give"):
        generate.write(BytesIO(), **options)


def test_npis_pass_their_check_digit() -> None:
    for number in (0, 1, 49, 99_999):
        npi = generate.npi(number)
        digits = [int(digit) for digit in f"80840{npi}"]
        doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
        assert len(npi) == 10
        assert (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


# --- the benchmark --------------------------------------------------------------------------------


@pytest.fixture
def facet(tmp_path: Path) -> str:
    path = tmp_path / "facet"
    path.write_text(
        f"#!{sys.executable}\nimport sys\n\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from adapter.cli import main\n\nmain()\n"
    )
    path.chmod(0o755)
    return str(path)


def test_the_benchmark_runs(facet: str, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    command = [sys.executable, str(ROOT / "benchmarks" / "run.py"), "--quick", "--runs", "1"]
    done = subprocess.run(
        [*command, "--facet", facet, "--folder", str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for said in ("python -c pass", "X12Reader", "check, facet claims", "fix beside", "cat F |"):
        assert said in done.stdout
    assert not list(folder.iterdir())


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(run.Failed, match="ended with 3"):
        run.run([sys.executable, "-c", "raise SystemExit(3)"], (0, 1))


def test_each_process_of_a_pipe_is_measured() -> None:
    large = [sys.executable, "-c", "kept = bytearray(200_000_000); print(len(kept))"]
    small = [sys.executable, "-c", "import sys; sys.exit(sys.stdin.read() != '200000000\\n')"]
    first, second = run.pipe([(large, (0,)), (small, (0,))])
    assert first.peak - second.peak > 100_000_000
