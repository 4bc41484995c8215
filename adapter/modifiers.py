"""Modifiers that lines are given, and the order in which they are written: what decides payment
stands first."""

from __future__ import annotations

KX = "KX"  # coverage criteria are met, the provider attests: diagnostic injections
DISCONTINUED = "53"
SEPARATE_VISIT = "25"
DISTINCT = ("59", "XE", "XS", "XP", "XU")  # a service of its own, in any words for it
DISTINCT_ANYHOW, DISTINCT_SITE = "59", "XS"

POSITIONED = (
    *("25", "50", "53", "58", "59", "XE", "XS", "XP", "XU", "76", "77", "78", "79"),
    *("RT", "LT"),
    *("KX", "GA", "GZ", "GY"),
)
"""Modifiers with a place in the order, first to last; all others follow them."""

_RANK = {modifier: rank for rank, modifier in enumerate(POSITIONED)}


def ordered(modifiers: tuple[str, ...]) -> tuple[str, ...]:
    """The modifiers in that order; those without a place in it come last, as they stand."""
    return tuple(sorted(modifiers, key=lambda modifier: _RANK.get(modifier, len(_RANK))))
