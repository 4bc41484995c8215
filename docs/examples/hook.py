"""Decides whether claims are sent: an 837P on standard input, the exit status decides.

    python hook.py < claims.837 && send claims.837

0 send, 1 hold for findings, 4 hold because the claims were not checked. A program that has the
bytes at hand calls `decide` and sends the very bytes that were checked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

BUDGET = 30  # seconds that the check may take
GRACE = 10  # seconds after which a process that did not keep to it is ended


class Decision(IntEnum):
    """What happens to the claims. The value is the exit status."""

    SEND = 0
    HOLD = 1
    NOT_CHECKED = 4


@dataclass(frozen=True)
class Answer:
    """`findings` are those of the report; `why` says in words why nothing was checked."""

    decision: Decision
    findings: list[dict[str, Any]] = field(default_factory=list)
    why: str = ""


def decide(claims: bytes, facet: str = "facet") -> Answer:
    """Runs `facet check` on the claims. Whatever goes wrong, the answer is NOT_CHECKED."""
    command = [facet, "check", "--format", "json", "--fail-on", "error"]
    command += ["--time-budget", str(BUDGET), "-"]
    try:
        done = subprocess.run(command, input=claims, capture_output=True, timeout=BUDGET + GRACE)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Answer(Decision.NOT_CHECKED, why=f"facet did not run ({type(error).__name__})")
    if done.returncode not in (Decision.SEND, Decision.HOLD):
        return Answer(Decision.NOT_CHECKED, why=done.stderr.decode(errors="replace").strip())
    try:
        report = json.loads(done.stdout)
        findings = list(report["findings"])
        errors = report["summary"]["errors"]
        read = len(report["inputs"])
    except (ValueError, LookupError, TypeError):
        return Answer(Decision.NOT_CHECKED, why="facet gave no report")
    decision = Decision(done.returncode)
    if read != 1 or (errors > 0) != (decision is Decision.HOLD):
        return Answer(Decision.NOT_CHECKED, why="the report does not fit the exit status")
    return Answer(decision, findings)


def main() -> int:
    answer = decide(sys.stdin.buffer.read())
    for finding in answer.findings:
        print(f"{finding['claim']} line {finding['line']}: {finding['rule']} {finding['message']}")
    if answer.decision is Decision.NOT_CHECKED:
        print(f"hook: hold, not checked. {answer.why}", file=sys.stderr)
    return answer.decision


if __name__ == "__main__":
    sys.exit(main())
