"""DX: diagnoses."""

from __future__ import annotations

from adapter.changes import SetDiagnosis
from adapter.findings import Fix, Found
from adapter.model import Claim
from adapter.profiles import Profile
from adapter.rules import Result, rule
from adapter.tables import Tables


@rule(
    "DX04",
    "dotted-diagnosis",
    severity="error",
    applicability="safe",
    sources=("S037",),
    since="0.1.0",
)
def dotted_diagnosis(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A diagnosis with a decimal point on X12.

    Why it matters: X12 carries the code without its point; clearing houses reject the claim.
    Fires: HI*ABK:M47.816
    Clean: HI*ABK:M47816
    Correction: safe. The point goes, the code is the same.
    Not evaluated when: never.
    """
    for position, diagnosis in enumerate(claim.diagnoses, 1):
        if diagnosis.dotted:
            yield Found(
                field=("diagnoses", position - 1),
                message=f"Diagnosis {position} is written with a decimal point.",
                label="with a point",
                fix=Fix(
                    f"Write it as {diagnosis.code}.", (SetDiagnosis(position, diagnosis.code),)
                ),
            )
