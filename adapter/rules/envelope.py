"""ED: the envelope of an X12 file, and what its claims declare about themselves."""

from __future__ import annotations

import re
from typing import NamedTuple

from adapter.changes import SetTrailer
from adapter.findings import Fix, Found, manual
from adapter.model import Claim, Envelope, EnvelopeLevel
from adapter.profiles import Profile
from adapter.rules import Repeated, Result, rule
from adapter.tables import Tables


class _Names(NamedTuple):
    """What the elements of an envelope are called, and what its trailer counts."""

    counter: str
    opening: str
    closing: str
    what: str


_NAMES = {
    EnvelopeLevel.TRANSACTION_SET: _Names("SE01", "ST02", "SE02", "segments"),
    EnvelopeLevel.GROUP: _Names("GE01", "GS06", "GE02", "transaction sets"),
    EnvelopeLevel.INTERCHANGE: _Names("IEA01", "ISA13", "IEA02", "groups"),
}


_NUMBER = re.compile(r"[0-9]{1,10}")  # the longest count that the guide allows


@rule(
    "ED01",
    "count-mismatch",
    severity="error",
    applicability="safe",
    scope="envelope",
    sources=("S037",),
    since="0.1.0",
)
def count_mismatch(envelope: Envelope) -> Result:
    """A trailer whose count or control number differs from what is there.

    Why it matters: the receiver rejects the whole set, group or interchange, all claims in it
    too.
    Fires: SE*20*0001 after 31 segments
    Clean: SE*31*0001 after 31 segments
    Correction: safe, with --fix-envelope only: the trailer declares what is there. A wrong
    count can be the trace of segments that were lost on the way.
    Not evaluated when: never.
    """
    names = _NAMES[envelope.level]
    declared = envelope.declared if _NUMBER.fullmatch(envelope.declared) else None
    miscounts = declared is None or int(declared) != envelope.counted
    misnames = envelope.closing_number != envelope.control_number
    if not miscounts and not misnames:
        return
    wrong = []
    if miscounts:
        wrong.append(
            f"{names.counter} declares {declared or 'no number'}, the count of {names.what} is "
            f"{envelope.counted}"
        )
    if misnames:
        wrong.append(f"{names.closing} differs from {names.opening}")
    yield Found(
        field="count" if miscounts else "control_number",
        message="; ".join(wrong) + ".",
        label="differs",
        fix=Fix(
            f"Declare {envelope.counted} under the number of {names.opening}.",
            (SetTrailer(envelope.level, envelope.counted, envelope.control_number),),
        ),
    )


@rule(
    "ED02",
    "charge-out-of-balance",
    severity="error",
    applicability="manual",
    sources=("S037",),
    since="0.1.0",
)
def charge_out_of_balance(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A claim whose total is not the sum of its lines.

    Why it matters: payers reject a claim that does not balance. No correction that moves lines is
    offered on it.
    Fires: CLM*1*900 with lines of 400 and 400
    Clean: CLM*1*800 with lines of 400 and 400
    Correction: manual. Whether the total or a line is wrong is not known.
    Not evaluated when: never.
    """
    if not claim.is_out_of_balance:
        return
    yield Found(
        field="charge",
        message=f"The claim's total is {claim.charge:f}; its lines add up to"
        f" {claim.line_charges:f}.",
        label="not the sum",
        fix=manual("Find out which of the amounts is right."),
    )


@rule(
    "ED03",
    "duplicate-claim",
    severity="warning",
    applicability="manual",
    scope="repeat",
    sources=("S037",),
    since="0.1.0",
)
def duplicate_claim(repeated: Repeated) -> Result:
    """A claim number twice among the facet claims of a file, or an interchange seen before.

    Why it matters: what is sent twice is denied as a duplicate, and a payment cannot be posted to
    one of two claims with the same number.
    Fires: CLM*1001 in two claims of a file
    Clean: CLM*1001 and CLM*1002
    Correction: manual. Whether one is a copy or has the wrong number is not known.
    Not evaluated when: never.
    """
    if repeated == "claim":
        yield Found(
            field="id",
            message="Another claim before it in the input has the same number.",
            label="seen before",
            fix=manual("Drop the copy, or give the claim a number of its own."),
        )
    else:
        yield Found(
            field="control_number",
            message="An interchange before it in the input has the same sender and number.",
            label="seen before",
            fix=manual("Drop the copy, or give the interchange a number of its own."),
        )
