"""Checks and corrects how facet joint interventions are coded on claims.

    import adapter
    for claim in adapter.read("claims.837"): ...       # streaming; Claim is the neutral model
    for finding in adapter.check(claim): ...
    result = adapter.fix(data, payer=None, suggested=False)   # .data .findings .changes .status

The verbs are loaded when first used, so that `import adapter` stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from adapter.version import __version__

if TYPE_CHECKING:
    from adapter.verbs import check, fix, read

__all__ = ["__version__", "check", "fix", "read"]


def __getattr__(name: str) -> Any:
    if name in ("read", "check", "fix"):
        return getattr(import_module("adapter.verbs"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
