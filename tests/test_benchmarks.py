"""The benchmark's own files: valid, of the asked size and share; and the benchmark runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from benchmarks import generate, run
from tests.cases import ROOT
from tests.checkers import fhirkit, r4b
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
    assert said.parts == sum(1 for _ in split(data))
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


# --- FHIR -----------------------------------------------------------------------------------------


def rows(**options: Any) -> tuple[bytes, generate.Written]:
    out = BytesIO()
    said = generate.write_rows(out, **options)
    return out.getvalue(), said


def bundle(**options: Any) -> tuple[bytes, generate.Written]:
    out = BytesIO()
    said = generate.write_bundle(out, **options)
    return out.getvalue(), said


@pytest.mark.parametrize(
    ("claims", "facet", "ours"), [(1, "1", 1), (120, "0.05", 6), (99, "0.5", 49), (40, "0", 0)]
)
def test_the_asked_number_and_share_of_rows(claims: int, facet: str, ours: int) -> None:
    data, said = rows(claims=claims, facet=Fraction(facet))
    ran = check(data)
    assert (ran.done.claims, ran.done.facet_claims) == (claims, ours)
    assert said == generate.Written(len(data), claims, ours, data.count(b"\n"))
    assert len({claim.id for claim in read(data)}) == claims


def test_rows_are_as_large_as_claims_are() -> None:
    """Some of them with text that is not ASCII, as it is written and not escaped."""
    data, _ = rows(claims=400, facet=Fraction(0))
    lines = data.splitlines()
    assert 1_500 <= len(data) / len(lines) <= 2_600
    assert 50 < sum(not line.isascii() for line in lines) < 350
    assert b"\\u" not in data


def test_rows_and_entries_are_valid() -> None:
    data, _ = rows(claims=60, facet=Fraction(1, 2))
    for row in data.splitlines():
        assert not fhirkit(row)
        assert not r4b(row)
    data, _ = bundle(entries=300, facet=Fraction(1, 2))
    assert not fhirkit(data)
    assert not r4b(data)


def test_a_number_is_the_same_claim_in_all_forms() -> None:
    """The same payer, days, diagnoses and lines; charges have cents in FHIR."""

    def told(data: bytes) -> list[object]:
        return [
            (
                claim.id,
                claim.payer.filing_indicator,
                claim.patient.member_id,
                claim.charge,
                [diagnosis.code.replace(".", "") for diagnosis in claim.diagnoses],
                claim.notes != (),
                [(o.code, o.modifiers, o.charge, o.units, o.date, o.pointers) for o in claim.lines],
            )
            for claim in read(data)
        ]

    said = told(generated(claims=90, facet=Fraction(1, 3))[0])
    assert told(rows(claims=90, facet=Fraction(1, 3))[0]) == said
    data, written = bundle(entries=400, facet=Fraction(1, 3))
    assert told(data) == said[: written.claims]


def test_right_rows_are_right_and_wrong_ones_are_not() -> None:
    """A point in a diagnosis is right in FHIR; that case is wrong by its sides as well."""
    data, _ = rows(claims=len(generate.FACET) * 2, facet=Fraction(1))
    wrong = {finding.claim for finding in check(data).findings}
    order = [generate.FACET[number % len(generate.FACET)] for number in range(1, 17)]
    assert wrong == {
        f"CLM{number:08}" for number, case in enumerate(order, 1) if case in generate.WRONG
    }
    assert not {finding.rule[:2] for finding in check(data).findings} & {"FH", "ED"}
    assert fix(data).corrected


def test_the_entries_of_a_bundle() -> None:
    data, said = bundle(entries=1_000, facet=Fraction(1, 10))
    ran = check(data)
    assert (ran.done.claims, ran.done.facet_claims) == (said.claims, said.facet_claims)
    assert said.bytes == len(data)
    entries = json.loads(data)["entry"]
    assert len(entries) == said.parts == 1_000
    kinds = Counter(entry["resource"]["resourceType"] for entry in entries)
    assert set(kinds) == {
        *("Patient", "Coverage", "Organization", "Practitioner", "Observation", "Claim")
    }
    assert kinds["Claim"] == said.claims
    known: set[str] = set()
    for entry in entries:
        resource = entry["resource"]
        assert set(references(resource)) <= known
        assert entry["fullUrl"].endswith(f"/{resource['resourceType']}/{resource['id']}")
        known.add(f"{resource['resourceType']}/{resource['id']}")
    assert len(known) == 1_000


def references(value: Any) -> list[str]:
    match value:
        case {"reference": str(found)}:
            return [found]
        case dict():
            return [each for inner in value.values() for each in references(inner)]
        case list():
            return [each for inner in value for each in references(inner)]
        case _:
            return []


def test_the_same_options_give_the_same_fhir_and_a_shorter_file_its_first_parts() -> None:
    longer, _ = rows(claims=60)
    assert rows(claims=60)[0] == longer
    assert longer.startswith(rows(claims=40)[0])
    assert rows(claims=60, seed=2)[0] != longer
    larger, _ = bundle(entries=60)
    assert bundle(entries=60)[0] == larger
    assert larger.startswith(bundle(entries=40)[0].removesuffix(b"\n]}\n"))
    assert bundle(entries=60, seed=2)[0] != larger


def test_rows_of_a_size_end_with_the_one_that_reaches_it() -> None:
    data, said = rows(size=30_000)
    assert 30_000 <= len(data) < 30_000 + 5_000
    assert said.claims == data.count(b"\n")


def test_amounts_have_cents_and_are_right() -> None:
    data, _ = rows(claims=60, facet=Fraction(1, 2))
    priced = 0
    for line in data.splitlines():
        claim = json.loads(line, parse_float=Decimal)
        amounts = [item["net"]["value"] for item in claim["item"]]
        assert sum(amounts) == claim["total"]["value"]
        assert {amount.as_tuple().exponent for amount in amounts} == {-2}
        for item in claim["item"]:
            if "unitPrice" in item:
                priced += 1
                price = item["unitPrice"]["value"]
                assert item["quantity"]["value"] * price == item["net"]["value"]
    assert priced


def test_fhir_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(ValueError, match="give"):
        generate.write_rows(BytesIO())
    with pytest.raises(ValueError, match="give"):
        generate.write_bundle(BytesIO(), entries=0)


@pytest.mark.parametrize("form", ["x12", "ndjson", "bundle"])
def test_each_form_is_written_by_the_command(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out"
    how = ["--entries", "20"] if form == "bundle" else ["--claims", "20"]
    generate.main([str(path), "--form", form, *how, "--facet", "0.5"])
    said = capsys.readouterr().err
    assert f"{path.stat().st_size} bytes" in said
    assert check(path.read_bytes()).done.claims == int(said.split()[0])


@pytest.mark.parametrize(("form", "how"), [("bundle", "--claims"), ("ndjson", "--entries")])
def test_a_size_that_a_form_has_not_is_refused(form: str, how: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        generate.main([str(tmp_path / "out"), "--form", form, how, "20"])
    assert not list(tmp_path.iterdir())


# --- cold start -----------------------------------------------------------------------------------

HEAVY = (
    *("adapter.fhir", "adapter.conformance", "adapter.x12"),
    *("fhir.resources", "fhir_core", "pydantic", "pyx12"),
)
LOADED = f"""
import sys
from adapter.cli import invoke
status = invoke(sys.argv[1:])
print("loaded", status, *(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)
"""


def loaded(*arguments: str) -> str:
    """The status of a run in a new process, and the heavy modules that it has imported."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return done.stderr.rpartition("loaded ")[2].strip()


def test_a_run_imports_the_reader_of_its_format_alone(tmp_path: Path) -> None:
    x12 = str(ROOT / "fixtures" / "837p" / "demo.837")
    fhir = tmp_path / "claims.ndjson"
    fhir.write_bytes(rows(claims=4, facet=Fraction(1))[0])
    assert loaded("check", x12) == "1 adapter.x12"
    assert loaded("check", "--format", "json", x12) == "1 adapter.x12"
    assert loaded("fix", x12) == "1 adapter.x12"
    assert loaded("check", str(fhir)) == "1 adapter.fhir"
    assert loaded("fix", "--annotate", str(fhir)) == "0 adapter.fhir"
    validated = loaded("check", "--validate-fhir", str(fhir))
    assert validated == "1 adapter.fhir adapter.conformance fhir.resources fhir_core pydantic"


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
    for said in (
        *("python -c pass", "X12Reader", "check, facet claims", "fix beside", "cat F |"),
        *("one FHIR Claim", "30 MB/s:", "2,000/s:", "annotate, ", "under 3:"),
    ):
        assert said in done.stdout
    assert done.stdout.count("fhir.resources, slice of") == 2
    assert not list(folder.iterdir())


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(run.Failed, match="ended with 3"):
        run.run([sys.executable, "-c", "raise SystemExit(3)"], (0, 1))


PIPE = """
import sys
from benchmarks import run
large = [sys.executable, "-c", "kept = bytearray(200_000_000); print(len(kept))"]
small = [sys.executable, "-c", "import sys; sys.exit(sys.stdin.read() != '200000000\\\\n')"]
print(*(each.peak for each in run.pipe([(large, (0,)), (small, (0,))])))
"""


def test_each_process_of_a_pipe_is_measured() -> None:
    """From a process that is small: one that it starts begins with its peak."""
    done = subprocess.run(
        [sys.executable, "-c", PIPE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    first, second = map(int, done.stdout.split())
    assert first - second > 100_000_000
