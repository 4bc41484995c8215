"""FH: what is odd in a FHIR resource, so that a claim is not read as it was meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapter.findings import Found, manual
from adapter.model import Oddity, Trouble
from adapter.rules import Result, rule


def _of(
    oddities: Sequence[Oddity], kind: Trouble, remedy: str | None, label: str
) -> Iterator[Found]:
    """A finding for each oddity of a kind."""
    for position, oddity in enumerate(oddities):
        if oddity.kind is not kind:
            continue
        place = f"In the resource, {oddity.place}" if oddity.place else "The resource"
        yield Found(
            line=oddity.line,
            field=("oddities", position),
            message=f"{place} {oddity.what}.",
            label=label,
            notes=("No other rule was applied to this claim.",) if oddity.blocking else (),
            fix=manual(remedy) if remedy else None,
        )


@rule(
    "FH01",
    "invalid-structure",
    severity="error",
    applicability="manual",
    scope="resource",
    sources=("S040",),
    since="0.1.0",
)
def invalid_structure(oddities: Sequence[Oddity]) -> Result:
    """An element that is not what FHIR R4 asks for.

    Why it matters: receivers refuse the resource, or read something else in it than was meant. Of
    the fields that are read here the JSON type and form are always tested, everything with
    --validate-fhir.
    Fires: "sequence": "1"
    Clean: "sequence": 1
    Correction: manual. What was meant is not known.
    Not evaluated when: never.
    """
    remedy = "Have the sender correct the resource."
    yield from _of(oddities, Trouble.STRUCTURE, remedy, "not as R4 has it")


@rule(
    "FH02",
    "unresolved-reference",
    severity="warning",
    applicability="manual",
    scope="resource",
    sources=("S040",),
    since="0.1.0",
)
def unresolved_reference(oddities: Sequence[Oddity]) -> Result:
    """A reference or number that leads to nothing within the claim, or to several resources.

    Why it matters: who treated, who pays or what was wrong is then not known, and a receiver may
    take another. A reference to a resource that is not in the input is no finding.
    Fires: "reference": "#p1" without a contained resource p1
    Clean: "reference": "#p1" with a contained resource p1
    Correction: manual. What was meant is not known.
    Not evaluated when: never.
    """
    remedy = "Have the sender correct the reference."
    yield from _of(oddities, Trouble.REFERENCE, remedy, "leads to no one resource")


@rule(
    "FH03",
    "billing-provider-chosen",
    severity="info",
    scope="resource",
    sources=("S040", "S041"),
    since="0.1.0",
)
def billing_provider_chosen(oddities: Sequence[Oddity]) -> Result:
    """A claim whose provider is a practitioner of an organization.

    Why it matters: some senders mean the billing provider by Claim.provider, others the one who
    treated. Where a role of the practitioner names an organization, that is taken to bill.
    Fires: a provider that is a Practitioner, with a PractitionerRole that names an Organization
    Clean: a provider that is an Organization
    Correction: none.
    Not evaluated when: never.
    """
    yield from _of(oddities, Trouble.PROVIDER, None, "who bills")


@rule(
    "FH04",
    "amounts-disagree",
    severity="warning",
    applicability="manual",
    scope="resource",
    sources=("S040",),
    since="0.1.0",
)
def amounts_disagree(oddities: Sequence[Oddity]) -> Result:
    """An item whose net is not quantity times unit price times factor, or money that is not USD.

    Why it matters: senders differ in which of the amounts they charge, and no correction that
    changes units or charges is offered on such an item.
    Fires: "quantity": {"value": 2}, "unitPrice": {"value": 400}, "net": {"value": 400}
    Clean: "quantity": {"value": 2}, "unitPrice": {"value": 400}, "net": {"value": 800}
    Correction: manual. Which of the amounts is right is not known.
    Not evaluated when: never.
    """
    remedy = "Find out which of the amounts is right."
    yield from _of(oddities, Trouble.AMOUNT, remedy, "does not fit")


@rule(
    "FH05",
    "code-not-identified",
    severity="error",
    applicability="manual",
    scope="resource",
    sources=("S040", "S041"),
    since="0.1.0",
)
def code_not_identified(oddities: Sequence[Oddity]) -> Result:
    """A service or modifier without the one code that it is billed by.

    Why it matters: a code without its system may be anything, of two codes a receiver takes either,
    and a text is none. Nothing else is said of the claim: without the code, what other rules find
    could be wrong.
    Fires: "productOrService": {"coding": [{"code": "64493"}]}
    Clean: the same with "system": "http://www.ama-assn.org/go/cpt"
    Correction: manual. Which system was meant is for the sender to say.
    Not evaluated when: never.
    """
    remedy = "Give one code, under the system that it is billed by: CPT or HCPCS."
    yield from _of(oddities, Trouble.CODE_SYSTEM, remedy, "which code?")


@rule(
    "FH06",
    "meaning-modified",
    severity="error",
    applicability="manual",
    scope="resource",
    sources=("S040",),
    since="0.1.0",
)
def meaning_modified(oddities: Sequence[Oddity]) -> Result:
    """An element that may turn the meaning of the claim or of an item round.

    Why it matters: a modifierExtension can say that a service was not performed, implicitRules that
    the whole is to be read in another way. R4 forbids to go on without knowing them, so nothing
    else is said of the claim.
    Fires: "modifierExtension": [{"url": "https://example.org/not-performed", ...}]
    Clean: the same as an extension
    Correction: manual. What it means is for those who defined it to say.
    Not evaluated when: never.
    """
    remedy = "Find out what it means, or have it taken off."
    yield from _of(oddities, Trouble.MEANING, remedy, "meaning not known")
