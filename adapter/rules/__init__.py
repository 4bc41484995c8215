"""The rules: one module a family. A rule is a function with a decorator, found by its code.

A rule sees the neutral claim, the tables and the profile, never a document, and yields what it
found. What may be said of which line, and which rule speaks first, is in `engine`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Literal, TypeAlias, get_args

from adapter.findings import SEVERITIES, Applicability, Found, NotEvaluated, Severity

FAMILIES = (
    "validity", "documentation", "bundling", "levels", "laterality", "modifiers", "units",
    "diagnosis", "coverage", "authorization", "envelope", "resource",
)  # fmt: skip
"""The modules of this package, in the order in which their corrections are applied."""

HEADINGS = ("Why it matters", "Fires", "Clean", "Correction", "Not evaluated when")

Scope: TypeAlias = Literal["claim", "envelope", "repeat", "resource"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

Result: TypeAlias = Iterator[Found | NotEvaluated]
Repeated: TypeAlias = Literal["claim", "interchange"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and what its declaration says.

    `scope`: a `claim` rule is called as `check(claim, tables, profile)`, an `envelope` rule as
    `check(envelope)`; a `repeat` rule, as `check("claim")` or `check("interchange")`, for one whose
    number was seen before in the input; a `resource` rule as `check(oddities)`, with what is odd
    in a FHIR resource.
    `tables`: what it looks up by date of service; a rule with none does not need the date.
    `variants`: severities of kinds of finding that differ from `severity`.
    """

    code: str
    name: str
    severity: Severity
    applicability: Applicability | None
    check: Callable[..., Result]
    scope: Scope
    tables: tuple[str, ...]
    sources: tuple[str, ...]
    since: str
    variants: Mapping[str, Severity] = field(default_factory=dict)

    @property
    def family(self) -> str:
        return self.code[:2]

    @property
    def summary(self) -> str:
        """What the rule finds: the first line of its docstring."""
        return self.page[0]

    @property
    def page(self) -> tuple[str, Mapping[str, str]]:
        """The docstring: its summary, and the text under each of the fixed headings."""
        text = inspect.cleandoc(self.check.__doc__ or "")
        summary, _, rest = text.partition("\n")
        parts = re.split(rf"^({'|'.join(HEADINGS)}): ?", rest, flags=re.MULTILINE)
        return summary, {
            heading: " ".join(body.split()) if heading not in ("Fires", "Clean") else body.strip()
            for heading, body in zip(parts[1::2], parts[2::2], strict=True)
        }


_registry: dict[str, Rule] = {}


def rule(
    code: str,
    name: str,
    *,
    severity: str,
    applicability: str | None = None,
    scope: Scope = "claim",
    tables: tuple[str, ...] = (),
    sources: tuple[str, ...] = (),
    since: str,
    variants: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Declares the function below it as the rule `code`.

    Args: applicability, of its corrections unless a Fix says otherwise, None where it has none;
    sources, keys of mappings/sources.csv; since, the version that brought it.
    """

    def declare(check: Callable[..., Result]) -> Callable[..., Result]:
        assert code not in _registry, code
        _registry[code] = Rule(
            code=code,
            name=name,
            severity=SEVERITIES[severity],
            applicability=Applicability(applicability) if applicability else None,
            check=check,
            scope=scope,
            tables=tables,
            sources=sources,
            since=since,
            variants={kind: SEVERITIES[word] for kind, word in (variants or {}).items()},
        )
        return check

    return declare


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by its code, in the order in which corrections are applied."""
    for family in FAMILIES:
        import_module(f"adapter.rules.{family}")
    order = {f"adapter.rules.{family}": number for number, family in enumerate(FAMILIES)}
    listed = sorted(
        _registry.values(), key=lambda rule: order.get(rule.check.__module__, len(order))
    )
    return {rule.code: rule for rule in listed}  # whatever was imported first
