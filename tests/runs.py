"""Runs the engine over bytes, and keeps all that it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO

from adapter.coder import Session, sessions
from adapter.documents import open_document
from adapter.engine import Policy, run
from adapter.findings import (
    ChangeMade,
    Finding,
    InputDone,
    Notes,
    NotEvaluated,
    Verdict,
    Withheld,
)
from adapter.model import Claim, Procedure
from adapter.profiles import Form, Profiles
from adapter.source import Source, Unreadable
from adapter.tables import shipped


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run gave: the output and the verdicts, in order."""

    data: bytes
    verdicts: Sequence[Verdict]
    done: InputDone

    @property
    def findings(self) -> list[Finding]:
        return [finding for verdict in self.verdicts for finding in verdict.findings]

    @property
    def corrected(self) -> list[Finding]:
        return [finding for verdict in self.verdicts for finding in verdict.corrected]

    @property
    def withheld(self) -> list[Withheld]:
        return [withheld for verdict in self.verdicts for withheld in verdict.withheld]

    @property
    def changes(self) -> list[ChangeMade]:
        return [change for verdict in self.verdicts for change in verdict.changes]

    @property
    def not_evaluated(self) -> list[NotEvaluated]:
        return [skipped for verdict in self.verdicts for skipped in verdict.not_evaluated]


@cache
def policy(
    payer: str | None = None,
    *,
    fix: bool = False,
    suggested: bool = False,
    fix_envelope: bool = False,
    select: frozenset[str] = frozenset(),
) -> Policy:
    return Policy(
        shipped(),
        _profiles(),
        payer=payer,
        select=select,
        fix=fix,
        suggested=suggested,
        fix_envelope=fix_envelope,
    )


@cache
def _profiles() -> Profiles:
    return Profiles(shipped().folder)


def check(data: bytes, payer: str | None = None, *, select: frozenset[str] = frozenset()) -> Ran:
    """Raises: Unreadable."""
    return _run(data, policy(payer, select=select))


def fix(
    data: bytes, payer: str | None = None, *, suggested: bool = False, fix_envelope: bool = False
) -> Ran:
    """Raises: Unreadable."""
    chosen = policy(payer, fix=True, suggested=suggested, fix_envelope=fix_envelope)
    return _run(data, chosen)


def _run(data: bytes, chosen: Policy) -> Ran:
    document = open_document(Source("input", data), Notes(mappings=shipped().version))
    *verdicts, done = run(document, chosen)
    out = BytesIO()
    document.write(out)
    assert isinstance(done, InputDone)
    return Ran(out.getvalue(), [v for v in verdicts if isinstance(v, Verdict)], done)


def twice(claim: Claim, payer: str | None) -> frozenset[int]:
    """Lines without a side whose even units a payer takes as half right, half left.

    CPT's form for add-ons since 2020; only a payer that is named is looked at.
    """
    found = set()
    for line in claim.lines:
        row = shipped().codes.on(line.date).get(line.code) if line.date else None
        if row is None or line.date is None or payer is None or line.sides or not line.units:
            continue
        form = _profiles().get(payer).bilateral(row, line.date)
        if row.addon and form is Form.ADDON_TWICE and line.units % 2 == 0:
            found.add(line.number)
    return frozenset(found)


def read(data: bytes) -> list[Claim]:
    """Raises: Unreadable."""
    return list(open_document(Source("input", data)).read(shipped().candidate_codes))


def refusal(act: Callable[[bytes], object], data: bytes) -> Unreadable | None:
    """Why the data were not read, None where they were. Any other exception passes."""
    try:
        act(data)
    except Unreadable as unreadable:
        return unreadable
    return None


def procedures(data: bytes) -> list[Procedure]:
    """What the Procedures of an input document."""
    return list(open_document(Source("input", data)).procedures())


def coded(data: bytes, payer: str = "cpt") -> list[Session]:
    """What may be billed for them."""
    tables = shipped()
    found = open_document(Source("input", data)).procedures()
    return list(sessions(found, tables, Profiles(tables.folder).get(payer)))
