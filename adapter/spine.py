"""The spine as facet-joint codes see it: joints, the nerves that serve them, two regions.

Each fact stands here once. In order from the neck down, the k-th of the medial branches C3 to L5
and the next one serve the k-th joint from C3-4 to L5-S1; so a cervical joint has the two nerves of
its own names, and a lumbar one (and T12-L1) that of its upper vertebra and the one above. C2-3 has
one nerve of its own, the third occipital nerve.

Sources: AAPC forum, table of 2013-10-29 (T12-L1 to L5-S1); CPT Assistant, August 2010 (L3 and L4
are L4-5, L5 dorsal ramus and L4 are L5-S1); AAPC Anesthesia alert 3197 and Radiology alert 124065
(C3-4, C4-5); AAPC forum, 2013-02-25, quoting the CPT Network (C2-3). C5-6 to T11-12 follow the same
pattern; no source names each of them. C0-1 and C1-2 have no medial branch, and are not joints here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType


class Region(StrEnum):
    """The two families of codes. Source: CPT, since 2000 (cervical or thoracic, lumbar or sacral).

    T12-L1 is cervical or thoracic (AAPC forum, about 2013); some payers count it otherwise, and
    advice of 2010 did. That is a payer's rule, not anatomy.
    """

    CT = "CT"
    LS = "LS"


@dataclass(frozen=True, slots=True, order=True)
class MedialBranch:
    """A nerve that is blocked or ablated: one of `BRANCHES`, in their order.

    L5 is the dorsal ramus itself. TON, the third occipital nerve, is the superficial medial branch
    of C3; C3 is the deep one.
    """

    position: int = field(repr=False)
    name: str = field(compare=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, order=True)
class Joint:
    """A facet level, of one side or both: one of `JOINTS`, in their order.

    `nerves` must all be treated for the joint to be.
    """

    position: int = field(repr=False)
    name: str = field(compare=False)
    region: Region = field(compare=False, repr=False)
    nerves: tuple[MedialBranch, ...] = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Completed:
    """What a set of treated nerves comes to: see `joints_of`."""

    joints: frozenset[Joint]
    lone: frozenset[MedialBranch]


def _vertebrae() -> tuple[str, ...]:
    """C2 to S1, as joints are named by them."""
    counted = (("C", 2, 7), ("T", 1, 12), ("L", 1, 5), ("S", 1, 1))
    return tuple(f"{letter}{n}" for letter, low, high in counted for n in range(low, high + 1))


def _joint_name(upper: str, lower: str) -> str:
    return f"{upper}-{lower[1:] if upper[0] == lower[0] else lower}"


def _branches() -> tuple[MedialBranch, ...]:
    counted = (("C", 3, 8), ("T", 1, 12), ("L", 1, 5))
    names = [f"{letter}{n}" for letter, low, high in counted for n in range(low, high + 1)]
    return tuple(MedialBranch(place, name) for place, name in enumerate(["TON", *names]))


def _joints() -> tuple[Joint, ...]:
    nerves = [(TON,), *pairwise(BRANCHES[1:])]
    levels = pairwise(_vertebrae())
    return tuple(
        Joint(place, _joint_name(*level), Region.LS if level[0][0] == "L" else Region.CT, serving)
        for place, (level, serving) in enumerate(zip(levels, nerves, strict=True))
    )


BRANCHES = _branches()
"""All 24 nerves, TON first, then C3 to L5."""
TON, C3 = BRANCHES[:2]
JOINTS = _joints()
"""All 23 joints, C2-3 to L5-S1."""

_BRANCH_BY_NAME: Mapping[str, MedialBranch] = MappingProxyType({b.name: b for b in BRANCHES})
_JOINT_BY_NAME: Mapping[str, Joint] = MappingProxyType({j.name: j for j in JOINTS})


def branch(name: str) -> MedialBranch:
    """The nerve of that name ("C3" … "L5", "TON"). Raises: KeyError."""
    return _BRANCH_BY_NAME[name]


def joint(name: str) -> Joint:
    """The joint of that name, as `str` writes it ("L4-5", "C7-T1"). Raises: KeyError."""
    return _JOINT_BY_NAME[name]


T12_L1 = joint("T12-L1")
L1_2 = joint("L1-2")


def joints_between(first: Joint, last: Joint) -> tuple[Joint, ...]:
    """The joints from `first` down to `last`, both among them.

    Raises: ValueError where `last` lies above `first`.
    """
    if last < first:
        raise ValueError(f"{last} lies above {first}")
    return JOINTS[first.position : last.position + 1]


def runs(joints: Iterable[Joint]) -> tuple[tuple[Joint, ...], ...]:
    """The joints as contiguous runs, in order from the neck down, each joint once."""
    found: list[list[Joint]] = []
    for one in sorted(set(joints)):
        if found and found[-1][-1].position + 1 == one.position:
            found[-1].append(one)
        else:
            found.append([one])
    return tuple(map(tuple, found))


def nerves_of(joints: Iterable[Joint]) -> frozenset[MedialBranch]:
    """All nerves that serve any of the joints: those to treat for all of them."""
    return frozenset(nerve for one in joints for nerve in one.nerves)


def joints_of(branches: Iterable[MedialBranch]) -> Completed:
    """The joints that treated nerves of one side fully denervate, and the nerves that are in none.

    A joint takes all its nerves (CPT Assistant, August 2010), so n contiguous nerves are n - 1
    joints, and a gap leaves fewer. TON alone is C2-3 (AAPC forum, 2013-02-25); C3 is often treated
    with it, completes nothing there, and is not lone. (S1 adds nothing to L5-S1, and no such branch
    is known here: AAPC Anesthesia, answer to a reader.)
    """
    treated = frozenset(branches)
    joints = frozenset(one for one in JOINTS if treated.issuperset(one.nerves))
    lone = treated - nerves_of(joints)
    return Completed(joints, lone - {C3} if TON in treated else lone)
