"""The order in which a line's modifiers are written: what decides payment stands first."""

from __future__ import annotations

PAYMENT = ("25", "50", "53", "58", "59", "XE", "XS", "XP", "XU", "76", "77", "78", "79")
SIDE = ("RT", "LT")
POLICY = ("KX", "GA", "GZ", "GY")

_RANK = {modifier: rank for rank, modifier in enumerate((*PAYMENT, *SIDE, *POLICY))}


def ordered(modifiers: tuple[str, ...]) -> tuple[str, ...]:
    """The modifiers in that order; those that have no place in it come last, as they stand."""
    return tuple(sorted(modifiers, key=lambda modifier: _RANK.get(modifier, len(_RANK))))
