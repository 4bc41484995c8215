"""What a note says a block is for: diagnostic or therapeutic. Reads text, knows no format.

Only plain words count. A word that is negated, that speaks of another occasion ("after two
diagnostic blocks") or of another thing ("therapeutic exercise", "diagnostic MRI") says nothing,
and a note that says both, or neither, leaves the intent unknown: a guess would put a coder's
attestation on a claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from adapter.model import Claim, Intent, ServiceLine, Technique


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS = {
    "DIAGNOSTIC": Intent.DIAGNOSTIC,
    "THERAPEUTIC": Intent.THERAPEUTIC,
}
_ABBREVIATIONS = frozenset(("DX", "DIAG"))  # of "diagnosis" too: certain before a block alone
_BLOCK = _words("BLOCK BLOCKS BLK MBB MBBS INJECTION INJECTIONS INJ")
_BETWEEN = _words(
    "FACET JOINT MEDIAL BRANCH LUMBAR CERVICAL THORACIC RIGHT LEFT BILATERAL BILAT RT LT"
)

_NOT_SO = _words("NOT NO NON NEVER WITHOUT NEITHER NOR RATHER INSTEAD UNLIKE")
_NOT_TODAY = _words(
    "PRIOR PREVIOUS PREVIOUSLY EARLIER PAST LAST POST AFTER FOLLOWING SINCE HAD HISTORY HX "
    "NEXT FUTURE PLANNED PLAN SCHEDULED SCHEDULE BEFORE PENDING IF"
)
_OUTCOME = _words("RELIEF RESPONSE RESPONDED POSITIVE SUCCESSFUL FAILED")
_ELSEWHERE = _NOT_SO | _NOT_TODAY | _OUTCOME
"""Words before the intent that take it away from the service of this line."""
_LOOKS_BACK = _words(
    "AGO LAST PAST COMPLETED HISTORY HX RELIEF RESPONSE "
    "RESPONDED POSITIVE SUCCESSFUL FAILED WAS WERE "
    "JAN FEB MAR APR JUN JUL AUG SEP SEPT OCT NOV DEC "
    "JANUARY FEBRUARY MARCH APRIL JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER"
)
"""Words after the intent, in its clause, that speak of another occasion or of what came of one."""
_REACH = 3  # words between such a word and the intent

_OTHER_THINGS = {
    Intent.DIAGNOSTIC: _words(
        "IMAGING IMAGE IMAGES STUDY STUDIES TEST TESTS TESTING WORKUP CRITERIA EVALUATION XRAY "
        "XRAYS RADIOGRAPH RADIOGRAPHS MRI CT FLUOROSCOPY ULTRASOUND SCAN SCANS CODE CODES"
    ),
    Intent.THERAPEUTIC: _words(
        "EXERCISE EXERCISES ACTIVITY ACTIVITIES MASSAGE ULTRASOUND MODALITY MODALITIES TRIAL "
        "RESPONSE BENEFIT EFFECT RELIEF"
    ),
}

_CLAUSE = re.compile(r"[.,;:()\[\]\n]+")
_SHORT = ((re.compile(r"\b[SH]/[PO]\b"), "PRIOR"), (re.compile(r"N'T\b"), " NOT"))
_TOKEN = re.compile(r"[A-Z0-9]+|\?")


def of_line(claim: Claim, line: ServiceLine, documented: Intent | None = None) -> Intent | None:
    """What the line's own notes say, or else the claim's, and what is documented; None where
    nothing is clear, or one contradicts the other.

    Args: documented, what the documentation of the day says of the line.
    """
    said = stated(line.notes) or stated(claim.notes)
    if documented is not None:
        said |= {documented}
    return next(iter(said)) if len(said) == 1 else None


INJECTED = frozenset(
    (Technique.INTRA_ARTICULAR, Technique.BRANCH_BLOCK, Technique.INJECTION, Technique.CYST)
)


def stated(notes: Iterable[str]) -> frozenset[Intent]:
    """Every intent that the notes, or other texts of a service, state."""
    found = set()
    for note in notes:
        text = note.upper()
        for pattern, plain in _SHORT:
            text = pattern.sub(plain, text)
        for clause in _CLAUSE.split(text):
            words = _TOKEN.findall(clause)
            for position, word in enumerate(words):
                intent = _WORDS.get(word) or _abbreviated(words, position)
                if intent is not None and _is_stated(words, position, intent):
                    found.add(intent)
    return frozenset(found)


def _abbreviated(words: list[str], position: int) -> Intent | None:
    """DX MBB, DIAG LUMBAR FACET BLOCK: side and region may stand between; never TX/DX."""
    if words[position] not in _ABBREVIATIONS or "TX" in words[max(0, position - 1) : position]:
        return None
    for word in words[position + 1 :]:
        if word in _BLOCK:
            return Intent.DIAGNOSTIC
        if word not in _BETWEEN:
            break
    return None


def _is_stated(words: list[str], position: int, intent: Intent) -> bool:
    after = words[position + 1 : position + 2]
    rest = words[position + 1 :]  # of the clause
    before = words[max(0, position - 1 - _REACH) : position]
    return not (
        _ELSEWHERE.intersection(before)
        or _OTHER_THINGS[intent].intersection(after)
        or _LOOKS_BACK.intersection(rest)
        or "?" in (*before[-1:], *after)
    )
