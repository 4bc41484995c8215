"""The verbs for Python: read, check and fix, over the same engine as the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from adapter.documents import open_document
from adapter.engine import Policy, check_claim, run
from adapter.findings import (
    ChangeMade,
    Finding,
    InputDone,
    Notes,
    NotEvaluated,
    Severity,
    Withheld,
)
from adapter.model import Claim
from adapter.profiles import Profiles
from adapter.source import Source
from adapter.tables import shipped

Input = str | os.PathLike[str] | bytes
"""A path (`-` is standard input), or the bytes of a file."""


@dataclass(frozen=True, slots=True)
class Result:
    """What `fix` gives back.

    `data` is the corrected input, the very same bytes where nothing was corrected; `findings` are
    those that remain in it, `corrected` those that were mended, `withheld` corrections that could
    not be proved. `status` is the exit status of the command: 1 where an error remains.
    """

    data: bytes
    findings: Sequence[Finding]
    not_evaluated: Sequence[NotEvaluated]
    corrected: Sequence[Finding]
    withheld: Sequence[Withheld]
    changes: Sequence[ChangeMade]
    done: InputDone

    @property
    def status(self) -> int:
        return int(any(finding.severity is Severity.ERROR for finding in self.findings))


def source_of(data: Input) -> Source:
    """Raises: Unreadable."""
    return Source("input", data) if isinstance(data, bytes) else Source.open(data)


def read(*inputs: Input) -> Iterator[Claim]:
    """The claims of the inputs, one after another, as the neutral model.

    Raises: Unreadable, at the place where an input cannot be read; claims before it were given.
    """
    for data in inputs:
        yield from open_document(source_of(data)).read(shipped().candidate_codes)


def check(claim: Claim, payer: str | None = None) -> Iterator[Finding]:
    """What is wrong with a claim, in the order of its lines. Places are known to files alone.

    Args: payer, the id of a profile; None finds it from the claim.
    Raises: KeyError for a payer that is no profile.
    """
    yield from check_claim(claim, _policy(payer)).findings


def fix(data: Input, payer: str | None = None, suggested: bool = False) -> Result:
    """Corrects an input: the safe corrections, with `suggested` also those for a coder to agree to.

    Raises: Unreadable; KeyError for a payer that is no profile.
    """
    policy = _policy(payer, fix=True, suggested=suggested)
    document = open_document(source_of(data), Notes(mappings=policy.tables.version))
    findings: list[Finding] = []
    not_evaluated: list[NotEvaluated] = []
    corrected: list[Finding] = []
    withheld: list[Withheld] = []
    changes: list[ChangeMade] = []
    done: InputDone | None = None
    for outcome in run(document, policy):
        if isinstance(outcome, InputDone):
            done = outcome
            continue
        findings += outcome.findings
        not_evaluated += outcome.not_evaluated
        corrected += outcome.corrected
        withheld += outcome.withheld
        changes += outcome.changes
    assert done is not None
    out = BytesIO()
    document.write(out)
    return Result(out.getvalue(), findings, not_evaluated, corrected, withheld, changes, done)


def _policy(payer: str | None, *, fix: bool = False, suggested: bool = False) -> Policy:
    tables = shipped()
    return Policy(tables, Profiles(tables.folder), payer=payer, fix=fix, suggested=suggested)
