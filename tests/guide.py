"""The implementation guide as pyx12 holds it: what it finds in transaction sets.

pyx12 loads its map anew at every call, so many sets go into one; where it raises, they are asked
one by one, and what raises then is an error of its own. Each set is written with `*:~` and the one
version that there is a map for, the other bytes stay.
"""

from __future__ import annotations

import io
import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyx12.params
import pyx12.x12n_document

from tests.build837 import PLAIN, VERSION, group, interchange, rewrite
from tests.splitting import split

BATCH = 100
RAISED = "raised"

logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)  # its messages hold values


def sets_of(data: bytes) -> list[list[str]]:
    """The transaction sets of a file, each as its segments from ST to SE.

    Raises: ValueError where the data hold `*`, `:` or `~`.
    """
    found: list[list[str]] = []
    inside = False
    for piece in split(rewrite(data, PLAIN, version=VERSION)):
        if piece.id == "ST":
            inside = True
            found.append([])
        if inside and piece.body:
            found[-1].append(piece.body.decode("latin-1"))
        if piece.id == "SE":
            inside = False
    return found


def errors_of(sets: Sequence[Sequence[str]]) -> list[Counter[str]]:
    """The errors of each set: `segment, element, code`, and how often; `raised` where it did."""
    found: list[Counter[str]] = []
    for start in range(0, len(sets), BATCH):
        batch = sets[start : start + BATCH]
        reports = _validated(batch)
        if reports is None:
            reports = [
                report for each in batch for report in _validated([each]) or [Counter((RAISED,))]
            ]
        found += reports
    return found


def _validated(sets: Sequence[Sequence[str]]) -> list[Counter[str]] | None:
    """The errors of sets in one call; None where pyx12 raises or loses one."""
    out = io.StringIO()
    text = interchange(group(*(_numbered(each, n) for n, each in enumerate(sets, 1))))
    try:
        pyx12.x12n_document.x12n_document(
            pyx12.params.ParamsBase(), io.StringIO(text.replace("~", "~\n")), None, None, None, out
        )
        report = json.loads(out.getvalue())
    except Exception:  # whatever it raises, the set is not valid
        return None
    transactions = [
        transaction
        for each in report["interchanges"]
        for one in each["groups"]
        for transaction in one["transactions"]
    ]
    if len(transactions) != len(sets):
        return None
    return [Counter(_codes(transaction)) for transaction in transactions]


def _numbered(segments: Sequence[str], number: int) -> list[str]:
    """The set under a control number of its own; one that was closed by another stays so."""
    st, *inner, se = segments
    opened, closed = st.split("*"), se.split("*")
    matched = closed[2:] == opened[2:3]
    opened[2] = f"{number:04}"
    if matched:
        closed[2] = opened[2]
    return ["*".join(opened), *inner, "*".join(closed)]


def _codes(transaction: Mapping[str, Any]) -> list[str]:
    found = [f"ST {error['err_cde']}" for error in transaction["errors"]]
    for segment in transaction["segments"]:
        name = segment["seg_id"]
        found += [f"{name} {error['err_cde']}" for error in segment["errors"]]
        for element in segment["elements"]:
            place = f"{name}{element['ele_pos']:02}-{element['subele_pos'] or 0:02}"
            found += [f"{place} {error['err_cde']}" for error in element["errors"]]
    return found
