"""BN: what is bundled."""

from __future__ import annotations

from adapter.findings import Found, NotEvaluated, Reason
from adapter.model import Claim
from adapter.profiles import Profile
from adapter.rules import Result, rule
from adapter.rules._session import sessions
from adapter.tables import Tables


@rule(
    "BN05",
    "block-at-ablated-joint",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S042",),
    since="0.1.0",
)
def block_at_ablated_joint(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A block billed at a joint that was ablated in the same session.

    Why it matters: the block is the anesthesia of the ablation, and part of it; a modifier that
    says otherwise is untrue where the joint is the same.
    Fires: 64635-RT with 64493-59,RT, and both documented at the right L4-5
    Clean: the same lines with the block documented at the right L5-S1
    Correction: suggested. The block goes.
    Not evaluated when: no Procedure came with the claim, or it cannot be read as a whole
    (no-documentation).
    """
    found = sessions(claim, tables, profile)
    if not any(map(tables.is_facet, claim.procedures)) or any(
        not session.is_comparable and not session.expired for session in found
    ):
        yield NotEvaluated(Reason.NO_DOCUMENTATION)
        return
    for session in found:
        for line, evidence in session.included_lines():
            yield Found(
                line=line.number,
                field="code",
                message=f"{line.code} is a block at a joint that was ablated in the same session.",
                label="part of the ablation",
                fix=session.fix(),
                evidence=evidence,
            )
