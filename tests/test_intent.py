"""What a note says of the intent, and what it does not."""

from __future__ import annotations

import pytest

from adapter.intent import of_line
from adapter.model import Claim, Intent, ServiceLine


def intent(line: str = "", claim: str = "") -> Intent | None:
    billed = ServiceLine(number=1, code="64493", notes=(line,) if line else ())
    return of_line(Claim(id="1", notes=(claim,) if claim else (), lines=(billed,)), billed)


@pytest.mark.parametrize(
    "note",
    [
        "DIAGNOSTIC MEDIAL BRANCH BLOCK 1 OF 2",
        "Diagnostic block.",
        "FACET BLOCK, DIAGNOSTIC",
        "INTENT: DIAGNOSTIC",
        "DX MBB #2",
        "DIAG RIGHT LUMBAR FACET INJ",
        "SECOND DIAGNOSTIC BLOCK PRIOR BLOCK 90 PCT",
        "DIAGNOSTIC MBB, NOT THERAPEUTIC",
    ],
)
def test_diagnostic(note: str) -> None:
    assert intent(claim=note) is Intent.DIAGNOSTIC


@pytest.mark.parametrize(
    "note",
    [
        "THERAPEUTIC FACET JOINT INJECTION",
        "THERAPEUTIC INJ AFTER 2 DIAGNOSTIC BLOCKS",
        "S/P DIAGNOSTIC MBB X2, THERAPEUTIC",
        "NON-DIAGNOSTIC, THERAPEUTIC",
    ],
)
def test_therapeutic(note: str) -> None:
    assert intent(claim=note) is Intent.THERAPEUTIC


@pytest.mark.parametrize(
    "note",
    [
        "",
        "L4-5 FACET",
        "DIAGNOSTIC AND THERAPEUTIC BLOCK",
        "DIAGNOSTIC/THERAPEUTIC",
        "NOT DIAGNOSTIC",
        "NON-DIAGNOSTIC",
        "ISN'T DIAGNOSTIC",
        "DIAGNOSTIC?",
        "PRIOR DIAGNOSTIC BLOCK",
        "80 PCT RELIEF FROM DIAGNOSTIC BLOCK",
        "DIAGNOSTICALLY",
        "NONDIAGNOSTIC",
        "DIAGNOSTIC MRI SHOWS ARTHROPATHY",
        "FAILED THERAPEUTIC EXERCISE",
        "DX M47.816",
        "DX: FACET ARTHROPATHY, BLOCK",
        "DX LUMBAR SPONDYLOSIS BLOCK",
        "TX/DX BLOCK",
        "DX",
    ],
)
def test_unknown(note: str) -> None:
    assert intent(claim=note) is None


def test_the_line_speaks_before_the_claim() -> None:
    assert intent("THERAPEUTIC", "DIAGNOSTIC BLOCK") is Intent.THERAPEUTIC
    assert intent("L4-5", "DIAGNOSTIC BLOCK") is Intent.DIAGNOSTIC
    assert intent("DIAGNOSTIC AND THERAPEUTIC", "DIAGNOSTIC BLOCK") is None
