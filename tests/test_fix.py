"""What is corrected, and when: the rulings that hold for every rule, in whole bytes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import adapter
from adapter.findings import Applicability, Finding
from tests.build837 import (
    Billing,
    Separators,
    Subscriber,
    claim,
    group,
    interchange,
    one,
    transaction_set,
    write,
)
from tests.runs import check, fix
from tests.traps import TRAPS

RIGHT, LEFT = "64493-RT $400", "64493-LT $400"
SECOND_LINE = "LX*2~SV1*HC:64493:LT*400*UN*1***1~DTP*472*D8*20260310~REF*6R*CLM0001L2~"


def merged(text: str, sum_: str = "800") -> str:
    """The text of `RIGHT` and `LEFT` after their merge into one line with 50."""
    assert SECOND_LINE in text
    return text.replace(SECOND_LINE, "").replace("HC:64493:RT*400", f"HC:64493:50*{sum_}")


def found(findings: list[Finding], rule: str) -> Finding:
    (finding,) = [each for each in findings if each.rule == rule]
    return finding


@pytest.mark.parametrize("end", [b"~", b"~\r\n", b"\n", b"\x1c"])
def test_dropping_a_side_touches_nothing_else(end: bytes) -> None:
    separators = Separators(terminator=end[:1])
    before = write(one("64493-50,RT $800.", payer="medicare"), separators, end[1:])
    result = adapter.fix(before, "medicare", suggested=True)
    assert result.data == before.replace(b":50:RT", b":50")
    assert adapter.fix(result.data, "medicare", suggested=True).data == result.data


def test_two_sides_become_one_line() -> None:
    text = one(RIGHT, LEFT, payer="medicare")
    result = adapter.fix(write(text), "medicare")
    assert result.data == write(merged(text).replace("SE*31*", "SE*27*"))
    assert result.status == 0
    assert not result.findings
    (finding,) = result.corrected
    assert (finding.rule, finding.applicability) == ("LA05", Applicability.SAFE)


def test_one_line_becomes_two_sides() -> None:
    text = one("64493-50 $801", payer="medicare-asc", place="24")
    result = adapter.fix(write(text), "medicare-asc")
    assert result.data == write(
        text.replace("HC:64493:50*801", "HC:64493:RT*400.50")
        .replace(
            "REF*6R*CLM0001L1~",
            "REF*6R*CLM0001L1~LX*2~SV1*HC:64493:LT*400.50*UN*1***1~DTP*472*D8*20260310~"
            "REF*6R*CLM0001L1S2~",
        )
        .replace("SE*27*", "SE*31*")
    )


def test_a_path_is_read_like_bytes(tmp_path: Path) -> None:
    path = tmp_path / "claims.txt"
    data = write(one(RIGHT, LEFT, payer="medicare"))
    path.write_bytes(data)
    assert adapter.fix(path, "medicare").data == adapter.fix(data, "medicare").data != data
    assert path.read_bytes() == data


def test_an_unknown_payer_is_no_profile() -> None:
    with pytest.raises(KeyError):
        adapter.fix(write(one(RIGHT)), "medicair")


def test_no_form_is_chosen_for_a_payer_that_is_not_known() -> None:
    data = write(one("64493-RT,RT $400", LEFT, "64494-RT,LT $3", "64490-50 $4", "64491-50 $4"))
    for suggested in (False, True):
        result = fix(data, "generic", suggested=suggested)
        assert result.data == data.replace(b"64493:RT:RT*", b"64493:RT*")


# --- claims that a payer holds already ----------------------------------------------------------


@pytest.mark.parametrize("frequency", ["7", "8"])
@pytest.mark.parametrize("lines", [(RIGHT, LEFT), ("64493-RT,RT $8",), ("64493-RT,LT $8",)])
def test_replacements_and_voids_are_corrected_if_a_coder_agrees(
    frequency: str, lines: tuple[str, ...]
) -> None:
    original = write(one(*lines, payer="medicare"))
    late = original.replace(b":B:1*", f":B:{frequency}*".encode())
    assert late != original
    assert fix(original, "medicare").data != original
    assert fix(late, "medicare").data == late
    for finding in check(late, "medicare").findings:
        assert finding.applicability is not Applicability.SAFE
    agreed = fix(late, "medicare", suggested=True).data
    assert agreed.replace(f":B:{frequency}*".encode(), b":B:1*") == fix(original, "medicare").data


def test_what_another_payer_adjudicated_does_not_move() -> None:
    data = write(one(RIGHT, LEFT, payer="medicare", paid={2: "100"}))
    for suggested in (False, True):
        ran = fix(data, "medicare", suggested=suggested)
        assert ran.data == data
        finding = found(ran.findings, "LA05")
        assert finding.applicability is Applicability.MANUAL
        assert finding.fix is not None
        assert "another payer has adjudicated" in finding.fix.description


def test_modifiers_of_an_adjudicated_line_are_suggested_at_most() -> None:
    lines = ("64493-RT,RT $400", "64494-RT,RT $400")
    data = write(one(*lines, payer="medicare", paid={2: "100"}))
    safe, agreed = fix(data, "medicare"), fix(data, "medicare", suggested=True)
    assert safe.data == data.replace(b"SV1*HC:64493:RT:RT", b"SV1*HC:64493:RT")
    assert agreed.data == safe.data.replace(b"SV1*HC:64494:RT:RT", b"SV1*HC:64494:RT")
    assert b"SVD*99998*100*HC:64494:RT:RT**1~" in agreed.data  # what the other payer adjudicated


def test_no_line_moves_while_the_claim_is_out_of_balance() -> None:
    data = write(one(RIGHT, LEFT, "64494-RT,RT $1", payer="medicare", total="800"))
    for suggested in (False, True):
        ran = fix(data, "medicare", suggested=suggested)
        assert ran.data == data.replace(b"64494:RT:RT", b"64494:RT")
        finding = found(ran.findings, "LA05")
        assert finding.fix is not None
        assert "ED02" in finding.fix.description
    assert found(check(data, "medicare").findings, "ED02").location.element == "CLM02"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("REF*6R*CLM0001L2~", "REF*6R*CLM0001L2~NTE*ADD*SECRET~", "NTE*ADD"),
        ("REF*6R*CLM0001L1~", "REF*6R*CLM0001L1~K3*SECRET~", "K3"),
        ("400*UN*1***1~DTP*472*D8*20260310~REF*6R*CLM0001L2", "400*UN*1*22**1~DTP*472*D8*20260310~"
         "REF*6R*CLM0001L2", "SV105"),
    ],
)  # fmt: skip
def test_lines_that_differ_do_not_merge_and_the_finding_says_where(
    old: str, new: str, named: str
) -> None:
    text = one(RIGHT, LEFT, payer="medicare")
    assert text.count(old) == 1
    data = write(text.replace(old, new))
    ran = fix(data, "medicare", suggested=True)
    assert ran.data == data
    finding = found(ran.findings, "LA05")
    said = " ".join(
        (finding.message, *finding.notes, finding.fix.description if finding.fix else "")
    )
    assert named in said or "place" in said
    assert "SECRET" not in said


# --- more than one claim, set, interchange ------------------------------------------------------


def test_each_set_is_counted_for_itself() -> None:
    """Two claims corrected in one set, one in another, none in a third."""

    def subscriber(*lines: str, ident: str) -> Subscriber:
        return Subscriber(claims=(claim(*lines, id=ident),), filing="MB", payer="MEDICARE")

    sets = [
        (subscriber(RIGHT, LEFT, ident="A"), subscriber("64493-50 $1", "64494-50 $1", ident="B"),
         subscriber(LEFT, RIGHT, ident="C")),
        (subscriber(RIGHT, ident="D"),),
        (subscriber(RIGHT, LEFT, ident="E"),),
    ]  # fmt: skip
    text = interchange(
        group(
            *(
                transaction_set(Billing(subscribers=each), control=f"{n:04}")
                for n, each in enumerate(sets, 1)
            )
        )
    )
    data = write(text)
    result = fix(data, "medicare")
    declared = [int(line.split(b"*")[1]) for line in data.split(b"~\n") if line.startswith(b"SE*")]
    counts = [
        int(line.split(b"*")[1]) for line in result.data.split(b"~\n") if line.startswith(b"SE*")
    ]
    assert [now - was for now, was in zip(counts, declared, strict=True)] == [-8, 0, -4]
    assert not [each for each in check(result.data, "medicare").findings if each.rule == "ED01"]
    assert [each.claim for each in result.corrected] == ["A", "C", "E"]


def test_interchanges_are_corrected_each_in_its_own_writing() -> None:
    text = one(RIGHT, LEFT, payer="medicare")
    right = merged(text).replace("SE*31*", "SE*27*")
    other = Separators(b"|", b">", b"^", b"`")
    second = text.replace("000000001", "000000002")
    data = write(text) + b"-- junk --\n" + write(second, other, b"\r\n")
    assert fix(data, "medicare").data == (
        write(right)
        + b"-- junk --\n"
        + write(right.replace("000000001", "000000002"), other, b"\r\n")
    )


def test_claims_around_a_corrected_one_stay() -> None:
    """A claim that is not ours, one that is right, one with the same number."""
    trap = TRAPS["many sets in a group, many groups"].data
    wrong = trap.replace(b"SV1*HC:64493:RT*", b"SV1*HC:64493:RT:RT*", 1)
    assert fix(wrong, "medicare").data == trap


# --- the change list ----------------------------------------------------------------------------


def test_the_change_list_names_every_byte() -> None:
    text = one("64490-RT,RT $5", RIGHT, LEFT, payer="medicare")
    data = write(text)
    ran = fix(data, "medicare")
    rules = {change.rule for change in ran.changes}
    assert {"MD06", "LA05"} <= rules
    assert {change.applicability for change in ran.changes} == {Applicability.SAFE}
    for change in ran.changes:
        assert data[change.offset :].startswith(change.before[:1])
    gone = b"".join(change.before for change in ran.changes)
    assert b"REF*6R*CLM0001L3~" in gone  # a control number that goes is named
    trailer = ran.changes[-1]
    assert (trailer.claim, trailer.before, trailer.after) == (None, b"35", b"31")


def test_a_safe_run_lists_safe_changes_alone() -> None:
    text = one("64493-50,RT,KX $5", "64494-RT,RT,RT,KX $5", payer="medicare")
    safe, agreed = (fix(write(text), "medicare", suggested=each) for each in (False, True))
    assert {change.applicability for change in safe.changes} == {Applicability.SAFE}
    assert {change.applicability for change in agreed.changes} == {
        Applicability.SAFE,
        Applicability.SUGGESTED,
    }


# --- the envelope -------------------------------------------------------------------------------


def test_a_wrong_count_is_mended_only_where_that_is_asked_for() -> None:
    text = one(RIGHT, LEFT, payer="medicare")
    right = write(merged(text).replace("SE*31*0001", "SE*27*0001"))
    wrong = write(
        text.replace("SE*31*0001", "SE*13*0002")
        .replace("GE*1*1", "GE*3*1")
        .replace("IEA*1", "IEA*9")
    )
    kept = fix(wrong, "medicare")
    assert kept.data == right.replace(b"SE*27*0001", b"SE*9*0002").replace(
        b"GE*1*1", b"GE*3*1"
    ).replace(b"IEA*1", b"IEA*9")
    assert [each.rule for each in kept.findings] == ["ED01"] * 3
    mended = fix(wrong, "medicare", fix_envelope=True)
    assert mended.data == right
    assert [each.rule for each in mended.corrected] == ["LA05", "ED01", "ED01", "ED01"]
    assert not mended.findings


def test_an_interchange_that_was_sent_before_is_named() -> None:
    data = write(one(RIGHT, payer="medicare"))
    twice = check(data + data.replace(b"CLM0001", b"CLM0002"), "medicare").findings
    assert [(each.rule, each.claim) for each in twice] == [("ED03", None)]
    other = data.replace(b"CLM0001", b"CLM0002").replace(b"000000001", b"000000002")
    assert not check(data + other, "medicare").findings


def test_a_claim_number_twice_is_named_where_both_are_ours() -> None:
    ours = claim(RIGHT, id="A")
    same = (
        Subscriber(claims=(ours,), filing="MB"),
        Subscriber(claims=(claim("99213 $1", id="A"),), filing="MB"),
        Subscriber(claims=(ours,), filing="MB"),
    )
    billing = Billing(subscribers=same)
    ran = check(write(interchange(group(transaction_set(billing)))), "medicare")
    (finding,) = ran.findings
    assert (finding.rule, finding.claim, finding.line) == ("ED03", "A", None)
    assert ran.done.facet_claims == 2


# --- what is ours -------------------------------------------------------------------------------

FAULTS = "-RT,RT,ZZ x0 $1"


def faulty(code: str) -> bytes:
    """A claim with all that can be wrong but for its code; its number is there twice."""
    text = one(code + FAULTS, payer="medicare", total="7", dx=("M47.816",))
    first, last = text.index("CLM*"), text.index("SE*")
    return write(text[:last] + text[first:last] + text[last:].replace("SE*27*", "SE*35*"))


def test_a_facet_claim_is_judged_whole() -> None:
    rules = {finding.rule for finding in check(faulty("64493"), "medicare").findings}
    assert rules >= {"MD06", "MD08", "UN02", "ED02", "ED03", "DX04"}


@pytest.mark.parametrize("code", ["99213", "62323", "77003", "64483", "64999", "12345"])
def test_a_claim_that_is_not_ours_is_never_reported(code: str) -> None:
    ran = fix(faulty(code), "medicare", suggested=True)
    assert not ran.findings
    assert not ran.not_evaluated
    assert ran.data == faulty(code)
    assert (ran.done.claims, ran.done.facet_claims) == (2, 0)


@pytest.mark.parametrize("code", ["64624", "64625", "64473", "64474", "64471"])
def test_of_a_look_alike_only_the_code_is_judged(code: str) -> None:
    ran = fix(faulty(code), "medicare", suggested=True)
    assert {finding.rule for finding in ran.findings} <= {"CV01", "CV02", "CV03"}
    assert ran.data == faulty(code)
    assert ran.done.facet_claims == 2


def test_an_unlisted_code_is_ours_on_a_facility_s_claim() -> None:
    data = write(one("64999 $1", payer="medicare-asc", place="24"))
    assert check(data, "medicare-asc").done.facet_claims == 1
    assert check(data, "medicare").done.facet_claims == 1  # the taxonomy says who bills
    assert check(write(one("64999 $1", place="24")), "medicare").done.facet_claims == 0


def test_an_expired_code_is_judged_by_its_date_alone() -> None:
    """CV and nothing else from LV, LA, UN; of the claim as a whole the rest."""
    ran = check(faulty("64475"), "medicare")
    rules = {finding.rule for finding in ran.findings}
    assert "CV01" in rules
    assert not {rule for rule in rules if rule[:2] in ("LV", "LA", "UN", "MD")}


def test_lines_of_other_days_explain_nothing() -> None:
    days = {2: date(2026, 3, 11)}
    data = write(one(RIGHT, LEFT, "64494-RT $1", payer="medicare", days=days))
    ran = check(data, "medicare")
    assert not ran.findings
    data = write(one(RIGHT, "64494-RT $1", payer="medicare", days=days))
    assert {finding.rule for finding in check(data, "medicare").findings} == {"LV01"}


def test_a_line_without_a_date_is_not_evaluated() -> None:
    ran = check(write(one(RIGHT, on=None)), "medicare")
    assert not ran.findings
    reasons = {entry.reason.value for entry in ran.not_evaluated}
    assert reasons == {"date-unknown", "no-documentation"}
    assert len(ran.not_evaluated) > 10


@pytest.mark.parametrize(("place", "is_facility"), [("24", True), ("11", False)])
def test_a_profile_that_is_for_facilities_alone_tells_who_bills(
    place: str, is_facility: bool
) -> None:
    """Whatever the taxonomy says: 73, a facility's discontinued procedure, is in its place."""
    data = write(one("64493-RT,73 $1", payer="medicare", place=place))
    rules = {finding.rule for finding in check(data, "medicare-asc").findings}
    assert ("MD01" in rules) is not is_facility
    assert "MD01" in {finding.rule for finding in check(data, "medicare").findings}
