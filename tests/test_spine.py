"""Joints, nerves and how one comes from the other."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.spine import (
    BRANCHES,
    C3,
    JOINTS,
    L1_2,
    T12_L1,
    TON,
    Joint,
    MedialBranch,
    Region,
    branch,
    joint,
    joints_between,
    joints_of,
    nerves_of,
    runs,
)

SERVED = {
    "C2-3": "TON",
    "C3-4": "C3 C4",
    "C4-5": "C4 C5",
    "C5-6": "C5 C6",
    "C6-7": "C6 C7",
    "C7-T1": "C7 C8",
    "T1-2": "C8 T1",
    "T2-3": "T1 T2",
    "T3-4": "T2 T3",
    "T4-5": "T3 T4",
    "T5-6": "T4 T5",
    "T6-7": "T5 T6",
    "T7-8": "T6 T7",
    "T8-9": "T7 T8",
    "T9-10": "T8 T9",
    "T10-11": "T9 T10",
    "T11-12": "T10 T11",
    "T12-L1": "T11 T12",
    "L1-2": "T12 L1",
    "L2-3": "L1 L2",
    "L3-4": "L2 L3",
    "L4-5": "L3 L4",
    "L5-S1": "L4 L5",
}
LUMBAR = {"L1-2", "L2-3", "L3-4", "L4-5", "L5-S1"}

joint_sets = st.frozensets(st.sampled_from(JOINTS))
branch_sets = st.frozensets(st.sampled_from(BRANCHES))


def named(text: str) -> frozenset[MedialBranch]:
    return frozenset(map(branch, text.split()))


def levels(text: str) -> frozenset[Joint]:
    return frozenset(map(joint, text.split()))


def test_every_joint_in_order_with_its_nerves() -> None:
    assert {str(one): " ".join(map(str, one.nerves)) for one in JOINTS} == SERVED
    assert [str(one) for one in JOINTS] == list(SERVED)


def test_every_joint_has_a_region() -> None:
    assert {str(one) for one in JOINTS if one.region is Region.LS} == LUMBAR
    assert {str(one) for one in JOINTS if one.region is Region.CT} == set(SERVED) - LUMBAR


def test_branches_in_order() -> None:
    assert " ".join(map(str, BRANCHES)) == (
        "TON C3 C4 C5 C6 C7 C8 T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12 L1 L2 L3 L4 L5"
    )
    assert nerves_of(JOINTS) == frozenset(BRANCHES)


def test_names_and_constants() -> None:
    assert [joint(str(one)) for one in JOINTS] == list(JOINTS)
    assert [branch(str(one)) for one in BRANCHES] == list(BRANCHES)
    assert list(map(str, (TON, C3, T12_L1, L1_2))) == ["TON", "C3", "T12-L1", "L1-2"]


@pytest.mark.parametrize("name", ["", "C1-2", "L5-6", "L4-L5", "l4-5", "S1-2", "C7-8", "L4"])
def test_no_such_joint(name: str) -> None:
    with pytest.raises(KeyError):
        joint(name)


@pytest.mark.parametrize("name", ["", "C2", "S1", "L6", "ton", "C9", "T13", "L4-5"])
def test_no_such_branch(name: str) -> None:
    with pytest.raises(KeyError):
        branch(name)


def test_nothing_can_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        T12_L1.region = Region.LS  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        TON.name = "C2"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("nerves", "joints", "lone"),
    [
        ("", "", ""),
        ("L3 L4", "L4-5", ""),
        ("L3 L4 L5", "L4-5 L5-S1", ""),
        ("L2 L3 L4 L5", "L3-4 L4-5 L5-S1", ""),
        ("L4 L5", "L5-S1", ""),
        ("L4", "", "L4"),
        ("L3 L5", "", "L3 L5"),
        ("L2 L3 L5", "L3-4", "L5"),
        ("C3 C4 C6", "C3-4", "C6"),
        ("C3 C4 C5 C6", "C3-4 C4-5 C5-6", ""),
        ("T5 T6 T7 T8", "T6-7 T7-8 T8-9", ""),
        ("T11 T12 L1", "T12-L1 L1-2", ""),
        ("C7 C8 T1", "C7-T1 T1-2", ""),
        ("TON", "C2-3", ""),
        ("TON C3", "C2-3", ""),
        ("TON C3 C4", "C2-3 C3-4", ""),
        ("TON C4", "C2-3", "C4"),
        ("C3", "", "C3"),
    ],
)
def test_what_treated_nerves_come_to(nerves: str, joints: str, lone: str) -> None:
    completed = joints_of(named(nerves))
    assert completed.joints == levels(joints)
    assert completed.lone == named(lone)


@given(joint_sets)
def test_the_nerves_of_joints_complete_them(joints: frozenset[Joint]) -> None:
    completed = joints_of(nerves_of(joints))
    assert completed.joints >= joints
    assert completed.lone == frozenset()


@pytest.mark.parametrize("first", JOINTS, ids=str)
def test_a_run_of_joints_and_its_nerves_are_each_other(first: Joint) -> None:
    for last in JOINTS[first.position :]:
        run = joints_between(first, last)
        assert (run[0], run[-1], len(run)) == (first, last, last.position - first.position + 1)
        assert joints_of(nerves_of(run)).joints == frozenset(run)
        assert runs(reversed(run)) == (run,)


@given(st.integers(1, 23), st.integers(1, 23))
def test_n_contiguous_nerves_are_n_minus_one_joints(one: int, other: int) -> None:
    nerves = BRANCHES[min(one, other) : max(one, other) + 1]
    completed = joints_of(nerves)
    assert len(completed.joints) == len(nerves) - 1
    assert len(runs(completed.joints)) <= 1
    assert completed.lone == (frozenset(nerves) if len(nerves) == 1 else frozenset())


@given(branch_sets)
def test_a_joint_is_completed_by_all_its_nerves_only(nerves: frozenset[MedialBranch]) -> None:
    completed = joints_of(nerves)
    for one in JOINTS:
        assert (one in completed.joints) == all(nerve in nerves for nerve in one.nerves)
    within = nerves_of(completed.joints)
    assert within <= nerves
    assert completed.lone == nerves - within - ({C3} if TON in nerves else set())


@given(branch_sets, st.sampled_from(BRANCHES))
def test_a_further_nerve_takes_no_joint_away(
    nerves: frozenset[MedialBranch], further: MedialBranch
) -> None:
    assert joints_of(nerves).joints <= joints_of(nerves | {further}).joints


@given(joint_sets)
def test_runs_hold_every_joint_once_and_do_not_touch(joints: frozenset[Joint]) -> None:
    found = runs([*joints, *joints])
    assert sorted(one for run in found for one in run) == sorted(joints)
    for run in found:
        assert joints_between(run[0], run[-1]) == run
    for above, below in pairwise(found):
        assert above[-1].position + 1 < below[0].position


def test_between_asks_for_the_order_of_the_spine() -> None:
    assert list(map(str, joints_between(T12_L1, L1_2))) == ["T12-L1", "L1-2"]
    with pytest.raises(ValueError, match="L1-2"):
        joints_between(L1_2, T12_L1)
