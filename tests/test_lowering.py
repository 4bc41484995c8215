"""A change of the claim becomes patches on its bytes, with all that it drags along and no more."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.changes import (
    Change,
    LinePart,
    MergeLines,
    RemoveLine,
    SetCode,
    SetDiagnosis,
    SetModifiers,
    SetUnits,
    SplitLine,
    applied,
    halves,
    in_order,
)
from adapter.source import Patch, Source, apply
from adapter.x12.claim837 import ClaimText
from adapter.x12.document import X12Document
from tests.build837 import Claim, Separators, one, rewrite, write
from tests.conserving import assert_conserved, parts_of
from tests.runs import fix
from tests.strategies import claims, plain_lines, spellings
from tests.traps import CONTROLS, LINE_FEED, PIPES, of_claims

RIGHT, LEFT = "64493-RT $400", "64493-LT $400"
BOTH = (SetModifiers(1, ("50",)), MergeLines(1, 2))


def view_of(data: bytes) -> ClaimText:
    (view,) = [
        view
        for view in X12Document(Source("input", data)).views(frozenset(), every=True)
        if isinstance(view, ClaimText)
    ]
    return view


def changed(data: bytes, *changes: Change) -> bytes:
    """The data with the changes made; the count in SE01 is the document's, not the claim's."""
    view = view_of(data)
    assert view.refusal(changes) is None
    after = view.after(view.lower(changes))
    assert in_order(after.claim) == applied(view.claim, changes)
    return apply(data, [after.splice()])


def refused(text: str, *changes: Change) -> str:
    reason = view_of(write(text)).refusal(changes)
    assert reason is not None
    return reason


def edited(text: str, *replacements: tuple[str, str]) -> bytes:
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return write(text)


# --- one line -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "modifiers", "expected"),
    [
        ("HC:64493:50:RT", ("50",), "HC:64493:50"),
        ("HC:64493", ("RT", "KX"), "HC:64493:RT:KX"),
        ("HC:64493:RT", (), "HC:64493"),
        ("HC:64493:RT::KX", ("50", "KX"), "HC:64493:50:KX"),
        ("HC:64493:RT:LT::", ("50",), "HC:64493:50"),
        ("HC:64493:RT::::A DESCRIPTION", ("50",), "HC:64493:50::::A DESCRIPTION"),
        ("HC:64493:RT:LT:KX:59:TEXT:X", ("50", "KX", "59"), "HC:64493:50:KX:59::TEXT:X"),
        ("HC:64493:::::TEXT", ("RT",), "HC:64493:RT::::TEXT"),
        ("HC:64493:1:2:3:4", ("1", "2", "3", "4"), "HC:64493:1:2:3:4"),
    ],
)
def test_modifiers(written: str, modifiers: tuple[str, ...], expected: str) -> None:
    text = one("64493-RT $800").replace("HC:64493:RT", written)
    data = changed(write(text), SetModifiers(1, modifiers))
    assert data == write(text).replace(written.encode(), expected.encode())


def test_modifiers_that_are_there_already_change_no_byte() -> None:
    text = one("64493-RT,KX $800").replace("64493:RT:KX", "64493:RT:KX")
    assert changed(write(text), SetModifiers(1, ("RT", "KX"))) == write(text)


def test_code_and_units() -> None:
    text = one("64493-RT x2 $800.")
    data = changed(write(text), SetCode(1, "64494"), SetUnits(1, 1))
    assert data == edited(text, ("64493:RT*800.*UN*2*", "64494:RT*800.*UN*1*"))


def test_units_that_are_not_there() -> None:
    text = one("64493-RT $800").replace("*800*UN*1***1~", "*800~")
    assert changed(write(text), SetUnits(1, 1)) == edited(text, ("RT*800~", "RT*800**1~"))


def test_code_of_another_form_is_replaced_on_its_span() -> None:
    text = one("64493-RT $0800.00").replace("*UN*1***1~", "*UN*01.0***1:::****~")
    data = changed(write(text), SetCode(1, "64490"))
    assert data == write(text).replace(b"HC:64493", b"HC:64490")


def test_a_diagnosis() -> None:
    text = one(RIGHT, dx=("M47816", "M47.812", "G8929")).replace("ABF:M47.812", "ABF:M47.812:::")
    data = changed(write(text), SetDiagnosis(2, "M47812"))
    assert data == edited(text, ("M47.812", "M47812"))


# --- lines that move ----------------------------------------------------------------------------


def test_a_merge() -> None:
    text = one(RIGHT, "64494-RT $300", LEFT, "64495-RT $1")
    data = changed(write(text), SetModifiers(1, ("50",)), MergeLines(1, 3))
    assert data == edited(
        text,
        ("HC:64493:RT*400*", "HC:64493:50*800*"),
        ("LX*3~SV1*HC:64493:LT*400*UN*1***1~DTP*472*D8*20260310~REF*6R*CLM0001L3~", ""),
        ("LX*4~", "LX*3~"),
    )


def test_a_merge_into_a_later_line() -> None:
    text = one(LEFT, RIGHT)
    data = changed(write(text), SetModifiers(2, ("50",)), MergeLines(2, 1))
    assert data == edited(
        text,
        ("LX*1~SV1*HC:64493:LT*400*UN*1***1~DTP*472*D8*20260310~REF*6R*CLM0001L1~", ""),
        ("LX*2~", "LX*1~"),
        ("HC:64493:RT*400*", "HC:64493:50*800*"),
    )


@pytest.mark.parametrize(
    ("first", "second", "sum_"),
    [
        ("400", "400", "800"),
        ("400.", "400", "800"),
        ("400.00", "400", "800.00"),
        ("400.5", "400.25", "800.75"),
        ("0400.10", "99.90", "500.00"),
        (".5", ".5", "1.0"),
        ("99999999.99", "0.01", "100000000.00"),
    ],
)
def test_amounts_are_added_exactly(first: str, second: str, sum_: str) -> None:
    """As many decimals as the operands had, no exponent, no trailing point; CLM02 stays."""
    text = one(f"64493-RT ${first}", f"64493-LT ${second}", total="7.00")
    (claim,) = parts_of(changed(write(text), *BOTH)).claims
    assert claim.lines[0].pieces[1].elements[2] == sum_.encode()
    assert claim.pieces[0].elements[2] == b"7.00"


def test_pointers_are_united_in_the_order_of_the_first() -> None:
    dx = ("M47816", "G8929", "M4726", "M5450", "M961")
    text = one(RIGHT, LEFT, dx=dx, pointers={1: (2, 5), 2: (1, 2, 3, 4)})
    (claim,) = parts_of(changed(write(text), *BOTH)).claims
    assert claim.lines[0].pieces[1].elements[7] == b"2:5:1:3"


def test_a_split() -> None:
    text = one("64493-50 $800.01", "64494-50 $7", further={1: ("NTE*ADD*X", "REF*G1*Y")})
    first, second = halves(Decimal("800.01"))
    change = SplitLine(
        1, (LinePart("64493", ("RT",), 1, first), LinePart("64493", ("LT",), 1, second))
    )
    assert changed(write(text), change) == edited(
        text,
        ("64493:50*800.01*", "64493:RT*400.01*"),
        (
            "LX*2~",
            "LX*2~SV1*HC:64493:LT*400.00*UN*1***1~DTP*472*D8*20260310~"
            "REF*6R*CLM0001L1S2~NTE*ADD*X~REF*G1*Y~LX*3~",
        ),
    )


def test_a_split_of_the_last_line() -> None:
    text = one("64494-50 $7")
    parts = tuple(LinePart("64494", (side,), 1, Decimal("3.50")) for side in ("RT", "LT"))
    assert changed(write(text), SplitLine(1, parts)) == edited(
        text,
        ("64494:50*7*", "64494:RT*3.50*"),
        (
            "REF*6R*CLM0001L1~",
            "REF*6R*CLM0001L1~LX*2~SV1*HC:64494:LT*3.50*UN*1***1~DTP*472*D8*20260310~"
            "REF*6R*CLM0001L1S2~",
        ),
    )


@pytest.mark.parametrize(
    ("controls", "expected"),
    [
        (None, [None, None, None]),
        (("N" * 30, "B"), ["N" * 30, "N" * 28 + "S2", "B"]),
        (("A", "AS2"), ["A", "AS3", "AS2"]),
        (("N" * 30, "N" * 28 + "S2"), ["N" * 30, "N" * 28 + "S3", "N" * 28 + "S2"]),
    ],
)
def test_a_new_line_has_a_control_number_of_its_own(
    controls: tuple[str, ...] | None, expected: list[str | None]
) -> None:
    text = one("64493-50 $800", "64494-RT $1", controls=controls)
    parts = tuple(LinePart("64493", (side,), 1, Decimal(400)) for side in ("RT", "LT"))
    after = view_of(changed(write(text), SplitLine(1, parts)))
    assert [line.control_number for line in after.claim.lines] == expected


def test_a_removal_takes_its_charge_along() -> None:
    text = one("64493-RT $400", "77003 $100.50", "64494-RT $300")
    assert changed(write(text), RemoveLine(2)) == edited(
        text,
        ("*800.5*", "*700.00*"),
        ("LX*2~SV1*HC:77003*100.50*UN*1***1~DTP*472*D8*20260310~REF*6R*CLM0001L2~", ""),
        ("LX*3~", "LX*2~"),
    )


def test_new_segments_have_the_line_end_of_their_neighbours() -> None:
    plain = write(one("64493-50 $800", "64494-RT $1"))
    parts = tuple(LinePart("64493", (side,), 1, Decimal(400)) for side in ("RT", "LT"))
    change = SplitLine(1, parts)
    expected = changed(plain, change)
    for separators, end in ((PIPES, b"\r\n"), (CONTROLS, b""), (LINE_FEED, b""), (PIPES, b" \n")):
        other = rewrite(plain, separators, end)
        assert changed(other, change) == rewrite(expected, separators, end)


def test_what_was_odd_before_stays_odd() -> None:
    """Line ends of two kinds, an amount of the claim that is out of balance, LX out of step."""
    text = one(RIGHT, LEFT, "64494-RT $1", total="5.")
    data = write(text, line_end=b"").replace(b"~SV1", b"~\r\nSV1").replace(b"LX*3", b"LX*7")
    assert changed(data, *BOTH) == (
        data.replace(b"HC:64493:RT*400*", b"HC:64493:50*800*")
        .replace(
            b"LX*2~\r\nSV1*HC:64493:LT*400*UN*1***1~DTP*472*D8*20260310~REF*6R*CLM0001L2~", b""
        )
        .replace(b"LX*7", b"LX*2")
    )


@pytest.mark.parametrize("lx", ["LX", "LX*", "LX*1*", "LX*ONE", "LX* 1"])
def test_a_line_number_that_is_none(lx: str) -> None:
    """Renumbered where lines move, it is a segment as it was: id, separator, number."""
    text = one("64493-50 $800", "64494-RT $1").replace("LX*1", lx)
    parts = tuple(LinePart("64493", (side,), 1, Decimal(400)) for side in ("RT", "LT"))
    (claim,) = parts_of(changed(write(text), SplitLine(1, parts))).claims
    numbers = [line.pieces[0].elements[:2] for line in claim.lines]
    assert numbers == [[b"LX", b"%d" % number] for number in (1, 2, 3)]


# --- what cannot be done ------------------------------------------------------------------------


def test_adjudicated_lines_do_not_move() -> None:
    text = one(RIGHT, LEFT, paid={2: "100"})
    parts = (LinePart("64493", ("RT",), 1, Decimal(200)),) * 2
    assert "2430" in refused(text, *BOTH)
    assert "2430" in refused(text, SplitLine(2, parts))
    assert "2430" in refused(text, RemoveLine(2))
    assert view_of(write(text)).refusal([RemoveLine(1)]) is None
    assert view_of(write(text)).refusal([SetModifiers(2, ("50",))]) is None


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"further": {2: ("NTE*ADD*SECRET",)}}, "NTE*ADD"),
        ({"further": {1: ("REF*G1*SECRET",)}}, "REF*G1"),
        ({"further": {1: ("NM1*82*1*SECRET*X****XX*1679576722",)}}, "NM1*82"),
        ({"further": {1: ("K3*SECRET",), 2: ("K3*OTHER",)}}, "K3"),
        ({"further": {1: ("PS1*SECRET*1",)}}, "PS1"),
        ({"further": {1: ("LIN**N4*SECRET", "CTP****1*UN")}}, "LIN"),
        ({"further": {1: ("LQ*UT*SECRET", "FRM*1*Y")}}, "LQ"),
        ({"places": {2: "24"}}, "SV105"),
    ],
)
def test_unequal_segments_do_not_merge(options: dict[str, object], named: str) -> None:
    reason = refused(one(RIGHT, LEFT, **options), *BOTH)
    assert named in reason
    assert "SECRET" not in reason


def test_equal_segments_merge() -> None:
    same = ("NTE*ADD*X", "REF*G1*Y", "NM1*82*1*A*B****XX*1679576722", "LIN**N4*01234567891")
    text = one(RIGHT, LEFT, further={1: same, 2: same})
    assert len(view_of(changed(write(text), *BOTH)).claim.lines) == 1


def test_a_description_is_compared_too() -> None:
    text = one(RIGHT, LEFT).replace("HC:64493:LT", "HC:64493:LT::::SECRET")
    reason = refused(text, *BOTH)
    assert "SV101-07" in reason
    assert "SECRET" not in reason


def test_no_more_than_fifty_lines() -> None:
    parts = tuple(LinePart("64493", (side,), 1, Decimal(1)) for side in ("RT", "LT"))
    full = one("64493-50 $2", *(RIGHT,) * 49)
    assert "50 lines" in refused(full, SplitLine(1, parts))
    assert view_of(write(one("64493-50 $2", *(RIGHT,) * 48))).refusal([SplitLine(1, parts)]) is None


def test_no_more_than_four_modifiers() -> None:
    assert "four" in refused(one(RIGHT), SetModifiers(1, ("A1", "A2", "A3", "A4", "A5")))


def test_the_last_line_stays() -> None:
    assert "keep a line" in refused(one(RIGHT), RemoveLine(1))


# --- at random ----------------------------------------------------------------------------------


@st.composite
def changes_of(draw: st.DrawFn, claim: Claim) -> list[Change]:
    """Changes as a fix may hold them: each line is merged, split, removed or set, once."""
    numbers = draw(st.permutations(range(1, len(claim.lines) + 1)))
    modifiers = st.lists(st.sampled_from(["RT", "LT", "50", "KX"]), max_size=4).map(tuple)
    found: list[Change] = []
    at = 0
    while at < len(numbers):
        number = numbers[at]
        kind = draw(st.sampled_from(["", "code", "modifiers", "units", "merge", "split", "remove"]))
        match kind:
            case "code":
                found.append(SetCode(number, draw(st.sampled_from(["64490", "64635"]))))
            case "modifiers":
                found.append(SetModifiers(number, draw(modifiers)))
            case "units":
                found.append(SetUnits(number, draw(st.integers(1, 9))))
            case "remove":
                found.append(RemoveLine(number))
            case "split":
                whole = Decimal(claim.lines[number - 1].amount)
                found.append(
                    SplitLine(
                        number,
                        tuple(
                            LinePart("64493", (side,), 1, part)
                            for side, part in zip(("RT", "LT"), halves(whole), strict=True)
                        ),
                    )
                )
            case "merge" if at + 1 < len(numbers):
                at += 1
                found += [SetModifiers(number, ("50",)), MergeLines(number, numbers[at])]
        at += 1
    return found


@given(claims(plain_lines, most=8), spellings(), st.data())
def test_any_changes_read_as_they_must(
    claim: Claim, spelling: tuple[Separators, bytes], draw: st.DataObject
) -> None:
    """Whatever is changed at once: read again it is what `applied` says, in any spelling."""
    plain = write(of_claims(claim))
    changes = draw.draw(changes_of(claim))
    view = view_of(plain)
    if view.refusal(changes) is not None:
        return
    patches = view.lower(changes)
    after = view.after(patches)
    expected = applied(view.claim, changes)
    assert in_order(after.claim) == expected
    assert after.added == len(after.segments) - len(view.segments)
    separators, line_end = spelling
    other = rewrite(plain, separators, line_end)
    theirs = view_of(other)
    assert theirs.refusal(changes) is None
    assert apply(other, [theirs.after(theirs.lower(changes)).splice()]) == rewrite(
        apply(plain, [after.splice()]),
        separators,
        line_end,
    )


@given(claims(plain_lines, most=4), st.data())
def test_undone_is_as_before(claim: Claim, draw: st.DataObject) -> None:
    """Modifiers set and set back: the very bytes, where the sender wrote no empty ones."""
    data = write(of_claims(claim))
    number = draw.draw(st.integers(1, len(claim.lines)))
    modifiers = draw.draw(st.lists(st.sampled_from(["RT", "LT", "76"]), max_size=4).map(tuple))
    there = changed(data, SetModifiers(number, modifiers))
    back = changed(there, SetModifiers(number, claim.lines[number - 1].modifiers))
    assert back == data


def test_patches_hold_what_they_change_and_nothing_else() -> None:
    view = view_of(write(one("64493-50,RT $800")))
    (patch,) = view.lower([SetModifiers(1, ("50",))])
    assert isinstance(patch, Patch)
    assert view.text[patch.span.start : patch.span.end] == b":50:RT"
    assert patch.data == b":50"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ABK:M47816", "ABK:\x80M47.816"),
        ("ABK:M47816", "ABK:M47.81\xff"),
        ("ABK:M47816", "ABK:\xdf47.816"),
        ("64493:50:RT", "64493:50:RT:\xc4\xd6"),
        ("64493:50:RT", "64493:50:\xe9X:RT:RT"),
        ("64493:50:RT", "64493:50:RT::::\xfcber"),
        ("REF*6R*CLM0001L1", "REF*6R*\xdcL1"),
    ],
)
@pytest.mark.parametrize("payer", ["medicare", "texas-medicaid"])
def test_letters_outside_ascii_beside_a_correction(old: str, new: str, payer: str) -> None:
    """They come out as the bytes that they were, or the correction is not made."""
    text = one("64493-50,RT $800", "64494-50 $8", payer=payer).replace(old, new)
    data = write(text)
    for suggested in (False, True):
        ran = fix(data, payer, suggested=suggested)
        assert_conserved(data, ran)
        foreign = bytes(byte for byte in data if byte >= 0x80)
        kept = bytes(byte for byte in ran.data if byte >= 0x80)
        assert set(kept) == set(foreign)
