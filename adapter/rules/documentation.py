"""DC: what was billed against what was documented."""

from __future__ import annotations

from decimal import Decimal

from adapter.findings import Found, NotEvaluated, Reason, manual
from adapter.model import Claim, Element, Intent, Procedure, Status
from adapter.profiles import Profile
from adapter.rules import Result, rule
from adapter.rules._session import sessions
from adapter.tables import Tables


@rule(
    "DC01",
    "missing-documentation",
    severity="warning",
    sources=("S046", "S047"),
    since="0.1.0",
)
def missing_documentation(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """What policy asks the documentation for, and the Procedure does not hold.

    Why it matters: audits of facet joint claims fail on thin documentation more than on anything
    else. Indication, location, technique, medications, patient response and complications are asked
    for everywhere; imaging with saved images, a signed report, pain scores and consent by most.
    Fires: a Procedure with code, body site and imaging alone
    Clean: a Procedure that holds all of them, or refers to what holds them
    Correction: none. Only who did the procedure can complete its documentation.
    Not evaluated when: no Procedure came with the claim (no-documentation).
    """
    facet = [each for each in claim.procedures if tables.is_facet(each)]
    if not facet:
        yield NotEvaluated(Reason.NO_DOCUMENTATION)
    for each in facet:
        absent = [element for element in Element if element not in each.documented]
        if absent and each.status in (Status.COMPLETED, Status.STOPPED):
            yield Found(
                message=f"Not documented: {', '.join(absent)}.",
                notes=tuple(
                    f"Part of the documentation could not be read: {part.why}."
                    for part in each.not_read
                ),
                evidence=(each.place,) if each.place else (),
            )


def _told(rule_code: str, claim: Claim, tables: Tables, profile: Profile) -> Result:
    """The differences that are a rule's to tell."""
    found = sessions(claim, tables, profile)
    if tables.read(claim).undated:
        return  # the engine says so of every rule that looks things up
    if not any(map(tables.is_facet, claim.procedures)) or any(
        not session.is_comparable and not session.expired for session in found
    ):
        yield NotEvaluated(Reason.NO_DOCUMENTATION)
        return
    known = {session.day for session in found}
    silent = [line for line in tables.facet_lines(claim) if line.date not in known]
    if silent and not found:
        yield NotEvaluated(Reason.NO_DOCUMENTATION)
    for line in silent if found and rule_code == "DC09" else ():
        yield Found(
            line=line.number,
            field="code",
            message=f"No procedure of its day is documented for {line.code}; other days have one.",
            label="not documented",
            fix=manual("Find the documentation, or take the line off."),
            evidence=tuple(each.place for each in claim.procedures if each.place),
        )
    for session in found:
        for difference in session.differences:
            if difference.rule == rule_code:
                yield Found(
                    line=difference.line,
                    field=difference.field if difference.line is not None else None,
                    message=difference.message,
                    label=difference.label,
                    fix=session.fix(difference),
                    evidence=difference.evidence,
                )


@rule(
    "DC02",
    "levels-exceed-documentation",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S034", "S035"),
    since="0.1.0",
)
def levels_exceed_documentation(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """More levels billed than joints documented on a side.

    Why it matters: a level is a joint, whatever the number of nerves: two nerves in a row are one
    joint. What is billed beyond the documentation is taken back in an audit, and may be fraud.
    Fires: 64493-LT, 64494-LT and 64495-LT with a block of the left L3, L4 and L5 documented
    Clean: 64493-LT and 64494-LT with the same documentation
    Correction: suggested. The lines become what is documented.
    Not evaluated when: no Procedure came with the claim, or it cannot be read as a whole
    (no-documentation).
    """
    yield from _told("DC02", claim, tables, profile)


@rule(
    "DC03",
    "levels-under-documentation",
    severity="warning",
    applicability="suggested",
    tables=("codes",),
    sources=("S034",),
    since="0.1.0",
)
def levels_under_documentation(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """Fewer levels billed than joints documented on a side.

    Why it matters: what was done and documented is not paid where it is not billed.
    Fires: 64493-RT with a block of the right L3, L4 and L5 documented
    Clean: 64493-RT and 64494-RT with the same documentation
    Correction: suggested. The missing line is added with a charge of 0, which has to be set; the
    claim's total stays.
    Not evaluated when: no Procedure came with the claim, or it cannot be read as a whole
    (no-documentation).
    """
    yield from _told("DC03", claim, tables, profile)


@rule(
    "DC04",
    "side-differs",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S016",),
    since="0.1.0",
)
def side_differs(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A side billed on which nothing is documented.

    Why it matters: the line bills what was not done, and the later session on the true side looks
    like a repeat.
    Fires: 64493-LT with an injection of the right L4-5 documented
    Clean: 64493-RT with the same documentation
    Correction: suggested. The side that is documented; the charge stays and has to be looked at
    where both sides were billed.
    Not evaluated when: no Procedure came with the claim, or it cannot be read as a whole
    (no-documentation).
    """
    yield from _told("DC04", claim, tables, profile)


@rule(
    "DC05",
    "region-differs",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S034",),
    since="0.1.0",
)
def region_differs(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A code of another region than the joints that are documented.

    Why it matters: each region has its own codes, diagnoses and yearly limits.
    Fires: 64490-RT with a block of the right L3 and L4 documented
    Clean: 64493-RT with the same documentation
    Correction: suggested. The codes of the documented joints.
    Not evaluated when: no Procedure came with the claim, or it cannot be read as a whole
    (no-documentation).
    """
    yield from _told("DC05", claim, tables, profile)


@rule(
    "DC06",
    "guidance-differs",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S001", "S002"),
    since="0.1.0",
)
def guidance_differs(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """Other imaging documented than the code holds.

    Why it matters: fluoroscopy or CT is part of the codes since 2010 and 2012; under ultrasound
    injections have codes of their own, which few payers cover, and without imaging no facet code is
    right.
    Fires: 64493-LT with ultrasound documented
    Clean: 64493-LT with fluoroscopy documented
    Correction: suggested. The codes of the imaging that is documented; manual where there are none.
    Not evaluated when: no Procedure came with the claim, or it cannot be read as a whole
    (no-documentation).
    """
    yield from _told("DC06", claim, tables, profile)


@rule(
    "DC07",
    "technique-differs",
    severity="error",
    applicability="suggested",
    tables=("codes",),
    sources=("S042", "S043"),
    since="0.1.0",
)
def technique_differs(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """Another technique documented than the code stands for.

    Why it matters: the ablation codes are for destruction by heat. Pulsed radiofrequency and open
    or endoscopic denervation are unlisted; and the nerves of facet joints are never billed as other
    peripheral nerves.
    Fires: 64640-RT x3 with a thermal ablation of the right L3, L4 and L5 documented
    Clean: 64635-RT and 64636-RT with the same documentation
    Correction: suggested. The codes of the technique that is documented.
    Not evaluated when: no Procedure came with the claim, or it cannot be read as a whole
    (no-documentation).
    """
    yield from _told("DC07", claim, tables, profile)


@rule(
    "DC08",
    "relief-below-threshold",
    severity="warning",
    sources=("S022",),
    since="0.1.0",
)
def relief_below_threshold(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A diagnostic block after which pain scores show less relief than the payer asks for.

    Why it matters: a block that gave too little relief supports neither a second one nor an
    ablation.
    Fires: a diagnostic block with pain 8 before and 4 after, for Medicare, which asks for 80 %
    Clean: the same block with pain 8 before and 1 after
    Correction: none.
    Not evaluated when: no Procedure with pain scores came with the claim (no-documentation), or the
    payer is not known (payer-unknown).
    """
    blocks = [
        each
        for each in claim.procedures
        if tables.is_facet(each) and each.intent is Intent.DIAGNOSTIC
    ]
    if not any(map(tables.is_facet, claim.procedures)):
        yield NotEvaluated(Reason.NO_DOCUMENTATION)
        return
    scored = [(each, relief) for each in blocks if (relief := _relief(each)) is not None]
    if len(scored) < len(blocks):
        yield NotEvaluated(Reason.NO_DOCUMENTATION)
        return
    if scored and not profile.is_known:
        yield NotEvaluated(Reason.PAYER_UNKNOWN)
        return
    for each, relief in scored:
        wanted = profile.relief(each.date) if each.date is not None else None
        if wanted is not None and relief < wanted:
            yield Found(
                message=f"The pain scores show {relief:.0f} % of relief; {wanted} % is asked for.",
                evidence=each.evidence.get("pain", ()),
            )


def _relief(procedure: Procedure) -> Decimal | None:
    """Per cent of the pain that went; None where a score is missing, or there was no pain."""
    before, after = procedure.pain_before, procedure.pain_after
    if before is None or after is None or before <= 0:
        return None
    return (before - after) * 100 / before


@rule(
    "DC09",
    "service-not-documented",
    severity="error",
    applicability="manual",
    tables=("codes",),
    sources=("S046",),
    since="0.1.0",
)
def service_not_documented(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A facet line without a Procedure, where others on the claim have one.

    Why it matters: what is not documented was not done, for those who audit.
    Fires: 64493-RT beside 64635-RT with an ablation alone documented
    Clean: 64635-RT with the same documentation
    Correction: manual. The documentation has to be found, or the line to go.
    Not evaluated when: no Procedure came with the claim, or it cannot be read as a whole
    (no-documentation).
    """
    yield from _told("DC09", claim, tables, profile)
