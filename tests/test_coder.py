"""From what is documented to lines: counting, sides, payers' forms, dates; and what is not coded.

What is derived is held against the rules: a claim with these lines and that documentation has
nothing wrong in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.coder import Cause, Session, session, sessions
from adapter.engine import Policy, check_claim
from adapter.findings import Severity
from adapter.model import (
    BOTH,
    Claim,
    Diagnosis,
    Element,
    Family,
    Guidance,
    Intent,
    NotRead,
    Payer,
    Procedure,
    ServiceLine,
    Side,
    Status,
    Target,
    Technique,
)
from adapter.profiles import Profiles
from adapter.spine import BRANCHES, JOINTS, TON, Joint, Region, branch, joint, nerves_of
from adapter.tables import shipped

TABLES = shipped()
PROFILES = Profiles(TABLES.folder)
DAY = date(2026, 3, 10)
RIGHT, LEFT = frozenset((Side.RIGHT,)), frozenset((Side.LEFT,))
FLUORO = frozenset((Guidance.FLUOROSCOPY,))
KNOWN = ("cpt", "medicare", "medicare-asc", "texas-medicaid", "ibx")


def at(*names: str, sides: frozenset[Side] = RIGHT) -> Target:
    """Joints (L4-5) and nerves (L4, TON) on those sides."""
    nerves = {str(each) for each in BRANCHES}
    return Target(
        sides,
        frozenset(joint(name) for name in names if name not in nerves),
        frozenset(branch(name) for name in names if name in nerves),
    )


def done(technique: Technique | None, *targets: Target, **more: Any) -> Procedure:
    said: dict[str, Any] = {
        "reference": "Procedure/a",
        "patient": "Patient/p",
        "person": "Patient/p",
        "date": DAY,
        "status": Status.COMPLETED,
        "techniques": frozenset((technique,)) if technique else frozenset(),
        "guidance": FLUORO,
        "targets": targets,
        "evidence": {"targets": ("Procedure.bodySite[0]",), "code": ("Procedure.code",)},
    }
    return Procedure(**said | more)


def coded(*procedures: Procedure, payer: str = "cpt") -> Session:
    return session(procedures, TABLES, PROFILES.get(payer))


def written(found: Session) -> list[str]:
    return [
        f"{line.code}{'-' + ','.join(line.modifiers) if line.modifiers else ''} x{line.units}"
        for line in found.lines
    ]


def causes(found: Session) -> set[Cause]:
    return {remark.cause for remark in found.remarks} - {Cause.NOTE}


IA, MBB, RFA = Technique.INTRA_ARTICULAR, Technique.BRANCH_BLOCK, Technique.THERMAL


# --- counting -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("technique", "targets", "lines"),
    [
        (IA, [at("L4-5")], ["64493-RT x1"]),
        (IA, [at("L3-4", "L4-5")], ["64493-RT x1", "64494-RT x1"]),
        (IA, [at("L2-3", "L3-4", "L4-5")], ["64493-RT x1", "64494-RT x1", "64495-RT x1"]),
        (IA, [at("L1-2", "L2-3", "L3-4", "L4-5", "L5-S1")],
         ["64493-RT x1", "64494-RT x1", "64495-RT x1"]),
        (IA, [at("C5-6"), at("C6-7")], ["64490-RT x1", "64491-RT x1"]),
        (IA, [at("C5-6", "L4-5")], ["64490-RT x1", "64493-RT x1"]),
        (IA, [at("T12-L1")], ["64490-RT x1"]),
        (IA, [at("T11-12", "T12-L1", "L1-2")], ["64490-RT x1", "64491-RT x1", "64493-RT x1"]),
        (MBB, [at("L3", "L4")], ["64493-RT x1"]),
        (MBB, [at("L3", "L4", "L5")], ["64493-RT x1", "64494-RT x1"]),
        (MBB, [at("L4-5", "L4", "L5")], ["64493-RT x1", "64494-RT x1"]),
        (MBB, [at("TON")], ["64490-RT x1"]),
        (MBB, [at("TON", "C3")], ["64490-RT x1"]),
        (MBB, [at("TON", "C3", "C4")], ["64490-RT x1", "64491-RT x1"]),
        (RFA, [at("L3", "L4", "L5")], ["64635-RT x1", "64636-RT x1"]),
        (RFA, [at("T5", "T6", "T7", "T8")], ["64633-RT x1", "64634-RT x2"]),
        (RFA, [at("L2", "L3", "L5")], ["64635-RT x1"]),
        (Technique.COOLED, [at("L4-5")], ["64635-RT x1"]),
        (Technique.PULSED, [at("L3", "L4", "L5")], ["64999 x1"]),
        (Technique.ENDOSCOPIC, [at("L3", "L4", "L5", sides=BOTH)], ["64999 x1"]),
    ],
)  # fmt: skip
def test_levels_are_joints(technique: Technique, targets: list[Target], lines: list[str]) -> None:
    assert written(coded(done(technique, *targets))) == lines


runs_of_joints = st.integers(0, len(JOINTS) - 1).flatmap(
    lambda first: st.integers(first, len(JOINTS) - 1).map(lambda last: JOINTS[first : last + 1])
)


def _alike(run: Sequence[Joint]) -> bool:
    return len({each.region for each in run}) == 1


@given(runs_of_joints.filter(_alike), st.sampled_from(list(Side)))
def test_all_nerves_of_a_run_are_the_joints_of_the_run(run: Sequence[Joint], side: Side) -> None:
    by_joint = coded(done(MBB, Target(frozenset((side,)), frozenset(run))))
    by_nerve = coded(done(MBB, Target(frozenset((side,)), branches=nerves_of(run))))
    assert written(by_joint) == written(by_nerve)
    levels = [f"644{'90' if run[0].region is Region.CT else '93'}-{side} x1"]
    assert written(by_joint)[:1] == levels
    assert len(by_joint.lines) == min(3, len(run))


@given(runs_of_joints.filter(_alike))
def test_each_further_ablated_joint_is_billed_again(run: Sequence[Joint]) -> None:
    found = coded(done(RFA, Target(LEFT, branches=nerves_of(run))))
    assert sum(line.units for line in found.lines) == len(run)


def test_several_procedures_of_a_session_are_taken_together() -> None:
    parts = [
        done(MBB, at("L3"), reference="Procedure/a"),
        done(MBB, at("L4"), reference="Procedure/b"),
        done(MBB, at("L5"), reference="Procedure/c"),
    ]
    found = coded(*parts)
    assert written(found) == ["64493-RT x1", "64494-RT x1"]
    assert [line.procedures for line in found.lines] == [
        ("Procedure/a", "Procedure/b"),
        ("Procedure/b", "Procedure/c"),
    ]


def test_sessions_are_by_patient_and_day() -> None:
    given_ = [
        done(IA, at("L4-5")),
        done(IA, at("L4-5"), patient="Patient/q", person="Patient/q"),
        done(IA, at("L3-4")),
        done(IA, at("L3-4"), date=date(2026, 3, 11)),
    ]
    found = list(sessions(given_, TABLES, PROFILES.get("cpt")))
    assert [written(each) for each in found] == [
        ["64493-RT x1", "64494-RT x1"],
        ["64493-RT x1"],
        ["64493-RT x1"],
    ]


# --- forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payer", "day", "lines"),
    [
        ("cpt", date(2019, 12, 31), ["64493-50 x1", "64494-50 x1", "64495-50 x1"]),
        ("cpt", date(2020, 1, 1), ["64493-50 x1", "64494 x2", "64495 x2"]),
        ("medicare", date(2019, 5, 6), ["64493-50 x1", "64494-50 x1", "64495-50 x1"]),
        ("ibx", DAY, ["64493-50 x1", "64494-50 x1", "64495-50 x1"]),
        ("texas-medicaid", DAY, ["64493-RT x1", "64493-LT x1", "64494-RT x1", "64494-LT x1",
                                 "64495-RT x1", "64495-LT x1"]),
        ("priority-health-asc", date(2022, 5, 31), ["64493-50 x1", "64494-50 x1", "64495-50 x1"]),
        ("generic", DAY, []),
    ],
)  # fmt: skip
def test_both_sides_by_payer_and_day(payer: str, day: date, lines: list[str]) -> None:
    target = at("L3-4", "L4-5", "L5-S1", sides=BOTH)
    found = coded(done(IA, target, date=day), payer=payer)
    assert written(found) == lines
    assert (Cause.PAYER in causes(found)) == (payer == "generic")


@pytest.mark.parametrize(
    ("payer", "lines"),
    [
        ("medicare", ["64635-50 x1", "64636-50 x2"]),
        ("cpt", ["64635-50 x1", "64636 x4"]),
        ("medicare-asc", ["64635-RT x1", "64635-LT x1", "64636-RT x2", "64636-LT x2"]),
    ],
)
def test_units_of_ablated_joints_on_both_sides(payer: str, lines: list[str]) -> None:
    assert written(coded(done(RFA, at("L2", "L3", "L4", "L5", sides=BOTH)), payer=payer)) == lines


def test_more_on_one_side_than_on_the_other() -> None:
    targets = [at("L2", "L3", "L4", "L5"), at("L3", "L4", sides=LEFT)]
    assert written(coded(done(RFA, *targets), payer="medicare")) == [
        "64635-50 x1",
        "64636-RT x2",
    ]


@given(
    st.dictionaries(st.sampled_from(list(Side)), runs_of_joints, min_size=1),
    st.sampled_from([IA, MBB, RFA]),
    st.sampled_from(KNOWN),
    st.sampled_from([Intent.DIAGNOSTIC, Intent.THERAPEUTIC]),
)
def test_what_is_derived_has_nothing_wrong_in_it(
    runs: dict[Side, Sequence[Joint]], technique: Technique, payer: str, intent: Intent
) -> None:
    procedure = done(
        technique,
        *(Target(frozenset((side,)), frozenset(run)) for side, run in runs.items()),
        intents=frozenset((intent,)),
        documented=frozenset(Element),
    )
    found = coded(procedure, payer=payer)
    assert found.lines or causes(found) == {Cause.PAYER}  # other joints on the right than left
    claim = Claim(
        id="C1",
        charge=Decimal(0),
        payer=Payer(filing_indicator="MB"),
        place_of_service="24" if payer.endswith("asc") else "11",
        diagnoses=(Diagnosis("M47815"),),
        lines=tuple(
            ServiceLine(
                number=number,
                code=line.code,
                modifiers=line.modifiers,
                units=Decimal(line.units),
                charge=Decimal(0),
                date=DAY,
                place_of_service="24" if payer.endswith("asc") else "11",
                pointers=(1,),
                diagnoses=(Diagnosis("M47815"),),
            )
            for number, line in enumerate(found.lines, 1)
        ),
        procedures=(procedure,),
    )
    verdict = check_claim(claim, Policy(TABLES, PROFILES, payer=payer))
    loud = [each for each in verdict.findings if each.severity is not Severity.INFO]
    # what is covered, and how often, is not the coder's; nor is what it withholds in the lines
    coverage = ("CO", "UN", "LV06", *(("DC03",) if Cause.PAYER in causes(found) else ()))
    assert [each.rule for each in loud if not each.rule.startswith(coverage)] == []


def test_a_level_on_both_sides_is_one_joint() -> None:
    """What was done on both sides comes first; other joints on each side are not one level."""
    joined = coded(done(IA, at("L3-4", "L4-5"), at("L4-5", sides=LEFT)), payer="medicare")
    assert written(joined)[:2] == ["64493-50 x1", "64494-RT x1"]
    assert [line.joints for line in joined.lines] == [("L4-5",), ("L3-4",)]
    apart = coded(done(IA, at("L4-5"), at("L5-S1", sides=LEFT)), payer="medicare")
    assert (written(apart), Cause.PAYER in causes(apart)) == ([], True)
    lines = coded(done(IA, at("L4-5"), at("L5-S1", sides=LEFT)), payer="texas-medicaid")
    assert written(lines) == ["64493-RT x1", "64493-LT x1"]
    further = coded(done(RFA, at("L3-4", "L4-5", "L5-S1"), at("L3-4", "L4-5", sides=LEFT)))
    assert [(line.units, line.joints) for line in further.lines] == [
        (1, ("L3-4",)),
        (2, ("L4-5",)),
        (1, ("L5-S1",)),
    ]


@pytest.mark.parametrize(
    ("intents", "lines"),
    [
        (({Intent.DIAGNOSTIC}, {Intent.DIAGNOSTIC}), ["64493-RT,KX x1", "64494-RT,KX x1"]),
        (({Intent.DIAGNOSTIC}, set()), ["64493-RT,KX x1", "64494-RT x1"]),
        (({Intent.DIAGNOSTIC}, {Intent.THERAPEUTIC}), ["64493-RT,KX x1", "64494-RT x1"]),
        ((set(), set()), ["64493-RT x1", "64494-RT x1"]),
    ],
)
def test_kx_is_of_what_was_diagnostic_alone(
    intents: tuple[set[Intent], set[Intent]], lines: list[str]
) -> None:
    first, second = (
        done(IA, at(level), intents=frozenset(each), reference=f"Procedure/{level}")
        for level, each in zip(("L4-5", "L5-S1"), intents, strict=True)
    )
    assert written(coded(first, second, payer="medicare")) == lines


# --- dates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "technique", "targets", "lines"),
    [
        (date(2009, 12, 31), IA, [at("L3-4", "L4-5", "L5-S1")], ["64475-RT x1", "64476-RT x2"]),
        (date(2010, 1, 1), IA, [at("L3-4", "L4-5", "L5-S1")],
         ["64493-RT x1", "64494-RT x1", "64495-RT x1"]),
        (date(2011, 12, 31), RFA, [at("L3", "L4", "L5")], ["64622-RT x1", "64623-RT x2"]),
        (date(2011, 12, 31), RFA, [at("L4-5", "L5-S1")], ["64622-RT x1", "64623-RT x2"]),
        (date(2011, 12, 31), RFA, [at("L4")], ["64622-RT x1"]),
        (date(2012, 1, 1), RFA, [at("L3", "L4", "L5")], ["64635-RT x1", "64636-RT x1"]),
        (date(1999, 12, 31), IA, [at("L3-4", "L4-5")], ["64442-RT x1", "64443-RT x1"]),
        (date(1999, 12, 31), IA, [at("C5-6")], []),
    ],
)  # fmt: skip
def test_codes_of_the_day(
    day: date, technique: Technique, targets: list[Target], lines: list[str]
) -> None:
    assert written(coded(done(technique, *targets, date=day))) == lines


def test_old_codes_do_not_ask_for_imaging() -> None:
    old = done(IA, at("L4-5"), date=date(2009, 6, 1), guidance=frozenset())
    assert written(coded(old)) == ["64475-RT x1"]


@pytest.mark.parametrize(
    ("payer", "day", "technique", "lines"),
    [
        ("medicare", date(2024, 12, 31), IA, ["64490-RT x1", "64493-RT x1"]),
        ("medicare", date(2025, 1, 1), IA, ["64490-RT x1", "64494-RT x1"]),
        ("medicare", date(2025, 1, 1), RFA, ["64633-RT x1", "64636-RT x1"]),
        ("cpt", date(2025, 1, 1), IA, ["64490-RT x1", "64493-RT x1"]),
    ],
)
def test_the_thoracolumbar_pair(
    payer: str, day: date, technique: Technique, lines: list[str]
) -> None:
    each = done(technique, at("T12-L1", "L1-2"), date=day, intents=frozenset((Intent.THERAPEUTIC,)))
    assert written(coded(each, payer=payer)) == lines


def test_levels_below_the_thoracolumbar_pair_go_on() -> None:
    therapeutic = frozenset((Intent.THERAPEUTIC,))
    each = done(IA, at("T12-L1", "L1-2", "L2-3"), intents=therapeutic)
    assert written(coded(each, payer="medicare")) == ["64490-RT x1", "64494-RT x1", "64495-RT x1"]


# --- KX, 53, imaging ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payer", "day", "intents", "modifiers"),
    [
        ("medicare", DAY, {Intent.DIAGNOSTIC}, "RT,KX"),
        ("medicare", DAY, {Intent.THERAPEUTIC}, "RT"),
        ("medicare", DAY, set(), "RT"),
        ("medicare", DAY, set(Intent), "RT"),
        ("medicare", date(2021, 4, 24), {Intent.DIAGNOSTIC}, "RT"),
        ("cpt", DAY, {Intent.DIAGNOSTIC}, "RT"),
    ],
)
def test_kx_is_for_what_is_documented_as_diagnostic(
    payer: str, day: date, intents: set[Intent], modifiers: str
) -> None:
    found = coded(done(MBB, at("L3", "L4"), date=day, intents=frozenset(intents)), payer=payer)
    assert written(found) == [f"64493-{modifiers} x1"]
    unknown = payer == "medicare" and day == DAY and len(intents) != 1
    assert (Cause.INTENT in causes(found)) == unknown


def test_no_kx_on_an_ablation_nor_on_what_is_not_covered() -> None:
    diagnostic = frozenset((Intent.DIAGNOSTIC,))
    ablation = coded(done(RFA, at("L4-5"), intents=diagnostic), payer="medicare")
    assert written(ablation) == ["64635-RT x1"]
    third = coded(done(IA, at("L3-4", "L4-5", "L5-S1"), intents=diagnostic), payer="medicare")
    assert written(third) == ["64493-RT,KX x1", "64494-RT,KX x1", "64495-RT x1"]


def test_what_was_stopped() -> None:
    one = coded(done(RFA, at("L4-5"), status=Status.STOPPED))
    assert written(one) == ["64635-53,RT x1"]
    several = coded(done(RFA, at("L3-4", "L4-5"), status=Status.STOPPED))
    assert written(several) == ["64635-53,RT x1"]
    assert Cause.STOPPED in causes(several)
    facility = coded(done(RFA, at("L4-5"), status=Status.STOPPED), payer="medicare-asc")
    assert (written(facility), causes(facility)) == ([], {Cause.STOPPED})


@pytest.mark.parametrize(
    ("guidance", "technique", "lines", "cause"),
    [
        ({Guidance.CT}, IA, ["64493-RT x1"], None),
        ({Guidance.ULTRASOUND}, IA, ["0216T-RT x1"], None),
        ({Guidance.ULTRASOUND, Guidance.FLUOROSCOPY}, IA, ["64493-RT x1"], None),
        ({Guidance.NONE}, IA, [], Cause.NO_IMAGING),
        ({Guidance.MRI}, IA, [], Cause.NO_IMAGING),
        (set(), IA, [], Cause.IMAGING),
        ({Guidance.NONE, Guidance.CT}, IA, [], Cause.CONTRADICTORY),
        ({Guidance.ULTRASOUND}, RFA, [], Cause.NO_IMAGING),
        (set(), RFA, [], Cause.IMAGING),
    ],
)
def test_imaging(
    guidance: set[Guidance], technique: Technique, lines: list[str], cause: Cause | None
) -> None:
    found = coded(done(technique, at("L4-5"), guidance=frozenset(guidance)))
    assert written(found) == lines
    assert causes(found) == ({cause} if cause else set())


# --- what is not coded ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("procedure", "cause"),
    [
        (done(None, at("L5"), families=frozenset((Family.SACROILIAC,))), Cause.NOT_FACET),
        (done(None), Cause.UNRELATED),
        (done(None, at("L4-5")), Cause.TECHNIQUE),
        (done(IA, at("L4-5"), families=frozenset((Family.EPIDURAL,))), Cause.CONTRADICTORY),
        (done(IA, at("L4-5"), status=Status.NOT_DONE), Cause.NOT_DONE),
        (done(IA, at("L4-5"), status=Status.ERROR), Cause.NOT_DONE),
        (done(IA, at("L4-5"), status=Status.UNKNOWN), Cause.NOT_DONE),
        (done(IA, at("L4-5"), not_read=(NotRead("Procedure.bodySite[1]", "why"),)), Cause.NOT_READ),
        (done(IA), Cause.NO_SITE),
        (done(IA, at("L4-5", sides=frozenset())), Cause.SIDE),
        (done(MBB, at("L4")), Cause.LONE_NERVE),
        (done(Technique.PULSED, at("L4")), Cause.LONE_NERVE),
        (done(IA, at("L4-5"), date=None), Cause.UNDATED),
        (done(Technique.CRYO, at("L4-5")), Cause.PAYER),
        (done(IA, at("L4-5"), codes=("64635",)), Cause.CONTRADICTORY),
        (done(IA, at("L4-5"), techniques=frozenset((IA, RFA))), Cause.CONTRADICTORY),
    ],
)
def test_no_line_without_a_cause(procedure: Procedure, cause: Cause) -> None:
    found = coded(procedure)
    assert (written(found), causes(found)) == ([], {cause})


def test_a_lone_nerve_beside_others_is_told_and_adds_nothing() -> None:
    found = coded(done(RFA, at("C3", "C4", "C6")))
    assert (written(found), causes(found)) == (["64633-RT x1"], {Cause.LONE_NERVE})


def test_thermal_and_pulsed_nerves_complete_no_joint_together() -> None:
    found = coded(done(RFA, at("L3")), done(Technique.PULSED, at("L4"), reference="Procedure/b"))
    assert written(found) == []


def test_a_block_at_an_ablated_joint_is_part_of_the_ablation() -> None:
    block = done(MBB, at("L3-4", "L4-5"))
    found = coded(block, done(RFA, at("L4-5"), reference="Procedure/b"))
    assert Counter(written(found)) == Counter(["64635-RT x1", "64493-RT x1"])
    assert Cause.INCLUDED in causes(found)
    other_side = coded(block, done(RFA, at("L4-5", sides=LEFT), reference="Procedure/b"))
    assert len(other_side.lines) == 3


def test_a_level_without_a_side_that_another_procedure_gives_one_is_told() -> None:
    found = coded(
        done(IA, at("L4-5")), done(IA, at("L4-5", sides=frozenset()), reference="Procedure/b")
    )
    assert (written(found), causes(found)) == (["64493-RT x1"], set())


def test_every_line_says_why_and_where_from() -> None:
    found = coded(done(MBB, at(str(TON))))
    (line,) = found.lines
    assert line.joints == ("C2-3",)
    assert line.why == (
        "First cervical or thoracic level on the right: C2-3, injected at TON under fluoroscopy or "
        "CT."
    )
    assert line.evidence == ("Procedure.code", "Procedure.bodySite[0]")
