"""What would move somebody's amounts or numbers is not offered, and messages name no values."""

from __future__ import annotations

import pytest

import adapter
from tests.build837 import one, write

RIGHT, LEFT = "64493-RT $400", "64493-LT $400"


def fixes(data: bytes, payer: str, rule: str) -> list[str]:
    result = adapter.fix(data, payer=payer, suggested=True)
    assert result.data == data
    return [f.fix.description for f in result.findings if f.rule == rule and f.fix is not None]


@pytest.mark.parametrize("segment", ["AMT*T*10", "HCP*02*700*100", "CTP****40*UN"])
def test_a_line_with_amounts_of_its_own_is_not_split(segment: str) -> None:
    further = {1: (segment,)}
    data = write(one("64493-50 $800", payer="medicare-asc", place="24", further=further))
    (said,) = fixes(data, "medicare-asc", "LA05")
    assert f"amounts of its own ({segment[:3]})" in said


@pytest.mark.parametrize(("charge", "why"), [("40p", "cannot be read"), ("400.005", "of a cent")])
def test_a_charge_that_cannot_be_shared_or_added_is_said(charge: str, why: str) -> None:
    text = one(RIGHT, LEFT, payer="medicare").replace(":LT*400*", f":LT*{charge}*")
    (said,) = fixes(write(text.replace("*800*", "*800.005*")), "medicare", "LA05")
    assert why in said


def test_lines_do_not_move_where_a_payer_has_named_one_by_its_number() -> None:
    text = one(RIGHT, LEFT, "85025 $9", payer="medicare", paid={3: "5"})
    bundled = text.replace("HC:85025**1~", "HC:85025**1*2~")
    assert bundled != text
    (said,) = fixes(write(bundled), "medicare", "LA05")
    assert "SVD06" in said


@pytest.mark.parametrize(
    "segment", ["JANE CANARY DOB 19600101", "NTE*JANE CANARY LEFT", "REF*JANE*1"]
)
def test_a_broken_segment_is_not_quoted(segment: str) -> None:
    data = write(one(RIGHT, LEFT, payer="medicare", further={1: (segment,)}))
    result = adapter.fix(data, payer="medicare")
    said = [f.message + (f.fix.description if f.fix else "") for f in result.findings]
    assert any("differ" in text for text in said)
    assert not any("JANE" in text for text in said)


@pytest.mark.parametrize("trailer", ["SE*31", "SE*31*", "SE*"])
def test_a_trailer_is_mended_whole(trailer: str) -> None:
    text = one(RIGHT, LEFT, payer="medicare")
    data = write(text.replace("SE*31*0001", trailer))
    mended = mend(data)
    assert b"SE*27*0001~" in mended
    assert mend(mended) == mended


def mend(data: bytes) -> bytes:
    from io import BytesIO

    from adapter.documents import open_document
    from adapter.engine import Policy, run
    from adapter.profiles import Profiles
    from adapter.source import Source
    from adapter.tables import shipped

    tables = shipped()
    document = open_document(Source("input", data))
    policy = Policy(tables, Profiles(tables.folder), payer="medicare", fix=True, fix_envelope=True)
    for _ in run(document, policy):
        pass
    out = BytesIO()
    document.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "note",
    ["DIAGNOSTIC MBB LAST MONTH 80% RELIEF", "DIAGNOSTIC BLOCKS X2 COMPLETED IN JAN WITH RELIEF"],
)
def test_a_block_of_another_day_asks_for_no_kx(note: str) -> None:
    result = adapter.fix(write(one(RIGHT, payer="medicare", note=note)), payer="medicare")
    assert not [finding for finding in result.findings if finding.rule == "MD04"]
    assert [entry.reason for entry in result.not_evaluated if entry.rule == "MD04"]


def test_words_that_begin_like_an_interchange_are_text() -> None:
    data = write(one(RIGHT, payer="medicare"))
    joined = data + b"-- next ISA follows --\n" + data.replace(b"000000001", b"000000002")
    assert len(list(adapter.read(joined))) == 2
    assert adapter.fix(joined, payer="medicare").data == joined
