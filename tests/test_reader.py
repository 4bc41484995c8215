"""The reader loses nothing, confuses no loop, and refuses by name what it cannot read."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest

import adapter
from adapter.model import Claim, Facility, Payer, Provider
from tests.build837 import (
    ASC_TAXONOMY,
    Billing,
    Separators,
    Subscriber,
    claim,
    group,
    interchange,
    one,
    rewrite,
    transaction_set,
    write,
)
from tests.runs import check, fix, read, refusal
from tests.splitting import is_whole, split, whole_lengths
from tests.traps import (
    CONTROLS,
    FIRST,
    LINE_FEED,
    OTHER,
    OURS,
    PIPES,
    RETURN,
    SECOND,
    TRAPS,
    Trap,
    of_claims,
    of_subscribers,
)


def single(text: str) -> Claim:
    (found,) = read(write(text))
    return found


# --- identity -----------------------------------------------------------------------------------


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS.keys())
def test_what_is_not_corrected_comes_out_as_it_went_in(trap: Trap) -> None:
    for suggested in (False, True):
        result = adapter.fix(trap.data, suggested=suggested)
        assert result.data == trap.data
        assert not result.changes
        assert (result.done.claims, result.done.facet_claims) == (trap.claims, trap.facet_claims)


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS.keys())
def test_every_claim_is_read(trap: Trap) -> None:
    assert len(list(adapter.read(trap.data))) == trap.claims


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b" ", b"\t\n", b"\0\0", b"\n" + b" " * 98])
def test_blanks_after_a_terminator_hide_nothing(end: bytes) -> None:
    assert read(write(FAULTY, line_end=end)) == read(write(FAULTY, line_end=b""))
    dependents = rewrite(TRAPS["subscriber, dependent, subscriber"].data, line_end=end)
    assert [each.patient.member_id for each in read(dependents)] == ["M1", "M2", "M3"]


def test_several_inputs_are_read_one_after_another() -> None:
    assert [each.id for each in adapter.read(SECOND, FIRST)] == ["SECOND", "FIRST"]


def test_packed_input_comes_out_as_the_very_same_bytes() -> None:
    packed = gzip.compress(FIRST, mtime=7)
    result = adapter.fix(packed)
    assert result.data == packed
    assert result.done.facet_claims == 1


def test_packed_input_is_packed_again_when_it_was_corrected() -> None:
    plain = write(one("64493-RT,RT $800", payer="medicare"))
    result = adapter.fix(gzip.compress(plain), "medicare")
    assert result.data[:2] == b"\x1f\x8b"
    assert gzip.decompress(result.data) == adapter.fix(plain, "medicare").data != plain


def test_text_between_interchanges_is_named() -> None:
    junk = b"-- end of part one --"
    result = adapter.fix(FIRST + junk + SECOND)
    (note,) = result.done.notes
    assert f"{len(junk)} bytes after interchange 1 (byte {len(FIRST)})" in note
    assert "end of part" not in note  # it may hold anything, a name too


@pytest.mark.parametrize("blanks", [b"", b"\r\n", b" \t\n", b"\0" * 9])
def test_blanks_after_an_interchange_are_not_named(blanks: bytes) -> None:
    assert not adapter.fix(FIRST + blanks + SECOND + blanks).done.notes


# --- separators ---------------------------------------------------------------------------------

ELEMENTS = [bytes((mark,)) for mark in b"*|^>!#+;=@\\`\t\x1c\x1d\x1e\x1f\x07\r\n"]


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("line_end", [b"\n", b""])
def test_any_separators(element: bytes, line_end: bytes) -> None:
    """Each mark as each separator in turn, the claims always the same."""
    plain = write(one("64493-RT,KX $800", "99213-25 $120", id="A", dx=("M47816", "G8929")))
    others = [mark for mark in (b"*", b":", b"~", b"^", b"$") if mark != element]
    for turn in range(3):
        marks = others[:3]
        marks[turn] = element
        separators = Separators(*marks, others[3])
        end = line_end if separators.terminator not in b"\r\n" else b""
        data = rewrite(plain, separators, end)
        if element in (b"\r", b"\n") and turn < 2 and element in end:
            continue  # a line end that is also an element separator is no line end
        assert read(data) == read(plain)
        assert fix(data).data == data


def test_each_interchange_has_separators_of_its_own() -> None:
    kinds = [PIPES, CONTROLS, LINE_FEED, RETURN, Separators()]
    data = b"".join(
        write(one(OURS, id=f"C{n}").replace("000000001", f"00000000{n}"), kind, b"")
        for n, kind in enumerate(kinds, 1)
    )
    assert [each.id for each in read(data)] == ["C1", "C2", "C3", "C4", "C5"]
    assert all(each.lines[0].modifiers == ("RT",) for each in read(data))


def test_an_isa_with_wrong_padding_is_walked_by_its_elements() -> None:
    data = FIRST.replace(b"*00*          *00*", b"*00**00*  *").replace(b"*  *  ", b"*  ", 1)
    assert read(data)[0].id == "FIRST"


# --- loops --------------------------------------------------------------------------------------


def test_a_subscriber_is_the_patient() -> None:
    patient = single(one(OURS)).patient
    assert patient.is_subscriber
    assert (patient.birth_date, patient.sex) == (date(1955, 5, 5), "F")
    assert patient.member_id == "MBR0001"


def test_a_dependent_is_the_patient() -> None:
    patient = single(one(OURS, dependent=True)).patient
    assert not patient.is_subscriber
    assert (patient.birth_date, patient.sex) == (date(2008, 2, 29), "M")
    assert patient.member_id == "MBR0001"  # of the subscriber: a dependent has none


def test_a_dependent_ends_with_the_next_subscriber() -> None:
    claims = read(TRAPS["subscriber, dependent, subscriber"].data)
    assert [each.patient.is_subscriber for each in claims] == [True, False, True]
    assert [each.patient.member_id for each in claims] == ["M1", "M2", "M3"]
    assert [each.payer.filing_indicator for each in claims] == ["MB", "CI", "MB"]


def test_a_subscriber_ends_with_the_next_billing_provider() -> None:
    text = interchange(
        group(
            transaction_set(
                Billing(subscribers=(Subscriber(claims=(claim(OURS, id="A"),)),), state="OH"),
                Billing(
                    subscribers=(Subscriber(claims=(claim(OURS, id="B"),)),),
                    state="TX",
                    taxonomy=ASC_TAXONOMY,
                ),
            )
        )
    )
    assert [(each.state, each.billing.taxonomy) for each in read(write(text))] == [
        ("OH", "208VP0014X"),
        ("TX", ASC_TAXONOMY),
    ]


def test_levels_end_with_their_transaction_set() -> None:
    """A claim without levels above it does not take those of the set before."""
    text = interchange(
        group(
            transaction_set(Billing(subscribers=(Subscriber(claims=(claim(OURS, id="A"),)),))),
            ["ST*837*0002*005010X222A1", *claim(OURS, id="B").segments(), "SE*11*0002"],
        )
    )
    first, second = read(write(text))
    assert first.payer.id == "99999"
    assert (second.payer, second.billing, second.state) == (Payer(), Provider(), None)


def test_the_pay_to_address_is_not_the_billing_provider() -> None:
    text = one(OURS, state="OH").replace(
        "REF*EI*123456789~", "REF*EI*123456789~NM1*87*2~N3*PO BOX 1~N4*ELSEWHERE*TX*752011234~"
    )
    assert single(text).billing == Provider(
        npi="1234567893", taxonomy="208VP0014X", state="OH", postal_code="999991234"
    )


def test_other_payers_are_not_the_payer() -> None:
    """2320 and 2330 speak of another payer, whatever their segments are called."""
    text = one(OURS, payer="medicare", authorization="AUTH1", paid={1: "300"}).replace(
        "REF*G1*OTHERAUTH~",
        "REF*G1*OTHERAUTH~REF*F8*OTHERORIGINAL~NM1*82*1~REF*G2*X~NM1*77*2~NM1*85*2~",
    )
    found = single(text)
    assert found.payer == Payer(name="MEDICARE", id="99999", filing_indicator="MB")
    assert found.responsibility == "P"
    assert found.authorizations == ("AUTH1",)
    assert found.rendering is not None
    assert found.rendering.npi == "1245319599"
    assert found.service_facility is None
    assert found.patient.member_id == "MBR0001"
    (other,) = found.other_payers
    assert other.payer == Payer(name="OTHER PAYER", id="99998", filing_indicator="CI")
    assert (other.responsibility, other.paid) == ("S", Decimal(300))
    (adjudication,) = found.lines[0].adjudications
    assert (adjudication.payer_id, adjudication.paid) == ("99998", Decimal(300))
    assert (adjudication.code, adjudication.modifiers) == ("64493", ("RT",))


def test_each_other_payer_is_its_own() -> None:
    text = one(OURS, paid={1: "300"}).replace(
        "LX*1~", "SBR*T*18*******MC~AMT*D*5~OI***Y***Y~NM1*PR*2*THIRD*****PI*3~LX*1~"
    )
    found = single(text)
    assert [(o.payer.id, o.responsibility, o.paid) for o in found.other_payers] == [
        ("99998", "S", Decimal(300)),
        ("3", "T", Decimal(5)),
    ]
    assert found.lines[0].number == 1


def test_a_line_renders_for_itself() -> None:
    """NM1*82 in 2310B is the claim's, in 2420A the line's; PRV is of the NM1 before it."""
    text = one(
        OURS,
        OTHER,
        further={
            2: (
                "NM1*82*1*OTHER*DOC****XX*1679576722",
                "PRV*PE*PXC*207L00000X",
                "NM1*DN*1*REF*DOC****XX*1083683003",
                "NM1*77*2*PLACE*****XX*1083683003",
                "N3*1 STREET",
                "N4*TOWN*TX*752011234",
            )
        },
    ).replace("NM1*82*1*DOCTOR", "NM1*DN*1*SENDER*DOC****XX*1083683003~NM1*82*1*DOCTOR")
    found = single(text)
    assert found.rendering == Provider(npi="1245319599", taxonomy="208VP0014X")
    assert found.lines[0].rendering is None
    assert found.lines[1].rendering == Provider(npi="1679576722", taxonomy="207L00000X")
    assert found.state == "OH"


def test_the_service_facility_is_where_it_was_done() -> None:
    found = single(one(OURS, state="OH", service_facility="TX"))
    assert found.state == "TX"
    assert found.billing.state == "OH"
    assert found.service_facility == Provider(npi="1679576722", state="TX", postal_code="999991234")


def test_authorizations_and_notes_are_of_the_claim_or_of_a_line() -> None:
    found = single(
        one(
            OURS,
            OTHER,
            note="OF THE CLAIM",
            authorization="C1",
            further={1: ("REF*G1*L1", "REF*G1*L1B", "NTE*ADD*OF THE LINE")},
        )
    )
    assert (found.authorizations, found.notes) == (("C1",), ("OF THE CLAIM",))
    assert [line.authorizations for line in found.lines] == [("L1", "L1B"), ()]
    assert [line.notes for line in found.lines] == [("OF THE LINE",), ()]


def test_references_of_a_provider_are_not_the_claim_s() -> None:
    text = one(OURS).replace(
        "PRV*PE*PXC*208VP0014X~", "PRV*PE*PXC*208VP0014X~REF*G1*OTHER~REF*G2*X~NTE*ADD*OTHER~"
    )
    assert single(text).authorizations == ()


def test_what_another_payer_reported_is_not_of_the_line() -> None:
    (line,) = single(one(OURS, paid={1: "300"})).lines
    assert not line.attachments
    assert line.date == date(2026, 3, 10)
    assert line.control_number == "CLM0001L1"


def test_a_level_s_name_inside_an_element_begins_no_level() -> None:
    text = one(OURS, payer="medicare").replace("N3*1 ELM STREET", "N3*OHL*1*1*22~N4*HL*1*1*22", 1)
    found = single(text)
    assert found.payer.filing_indicator == "MB"
    assert found.patient.member_id == "MBR0001"


def test_only_the_service_date_is_the_date() -> None:
    found = single(
        one(
            OURS,
            OTHER,
            paid={1: "300"},
            further={2: ("DTP*471*D8*20200101", "DTP*304*D8*20200102")},
        ).replace("HI*", "DTP*431*D8*20200103~HI*")
    )
    assert [(line.date, line.date_end) for line in found.lines] == [(date(2026, 3, 10), None)] * 2


def test_a_range_of_days_begins_on_its_first() -> None:
    (line,) = read(TRAPS["a range of days over a year's end"].data)[0].lines
    assert (line.date, line.date_end) == (date(2025, 12, 31), date(2026, 1, 1))


@pytest.mark.parametrize("value", ["20260230", "260310", "2026031", "XX", "20260310-20260311", ""])
def test_a_date_that_is_none_is_unknown(value: str) -> None:
    (line,) = single(one(OURS).replace("D8*20260310", f"D8*{value}")).lines
    assert line.date is None


def test_codes_are_resolved_through_their_pointers() -> None:
    found = read(TRAPS["twelve diagnoses and trailing empties"].data)[0]
    assert len(found.diagnoses) == 12
    assert [each.code for each in found.lines[0].diagnoses] == ["M47816", "M4010"]


def test_pointers_count_over_several_hi_segments_and_skip_other_lists() -> None:
    text = one(OURS, pointers={1: (1, 2, 9)}).replace(
        "HI*ABK:M47816~", "HI*ABK:M47.816~HI*BP:64493~HI*BG:17~HI*ABF:m4726~"
    )
    found = single(text)
    assert [(each.code, each.dotted) for each in found.diagnoses] == [
        ("M47816", True),
        ("M4726", False),
    ]
    (line,) = found.lines
    assert line.pointers == (1, 2, 9)  # DX03 has to see that 9 is a pointer to nothing
    assert [each.code for each in line.diagnoses] == ["M47816", "M4726"]


def test_the_old_classification_is_told_apart() -> None:
    (known,) = single(one(OURS, on=date(2015, 9, 30))).diagnoses
    assert not known.icd10
    assert known.code == "7213"


def test_a_line_overrides_the_place_of_service() -> None:
    found = single(one(OURS, OTHER, place="11", places={2: "24"}))
    assert [line.place_of_service for line in found.lines] == ["11", "24"]


@pytest.mark.parametrize(
    ("taxonomy", "line", "place", "facility"),
    [
        ("208VP0014X", OURS, "24", Facility.PROFESSIONAL),
        (ASC_TAXONOMY, OURS, "24", Facility.ASC),
        (ASC_TAXONOMY, OURS, "11", Facility.PROFESSIONAL),
        ("208VP0014X", "64493-RT,SG $800", "24", Facility.ASC),
    ],
)
def test_who_bills(taxonomy: str, line: str, place: str, facility: Facility) -> None:
    billing = Billing(
        subscribers=(Subscriber(claims=(claim(line, place=place),)),), taxonomy=taxonomy
    )
    assert single(interchange(group(transaction_set(billing)))).facility is facility


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("800", "800"),
        ("800.", "800"),
        ("0800", "800"),
        ("800.00", "800"),
        (".5", "0.5"),
        ("-1", "-1"),
        ("", None),
        ("1,5", None),
        ("1E3", None),
        ("NaN", None),
    ],
)
def test_amounts_in_any_form(written: str, amount: str | None) -> None:
    (line,) = single(one(OURS).replace("*800*UN*1*", f"*{written}*UN*{written}*")).lines
    expected = None if amount is None else Decimal(amount)
    assert (line.charge, line.units) == (expected, expected)


def test_modifiers_with_an_empty_one_between() -> None:
    (line,) = single(one(OURS).replace("64493:RT", "64493:RT::KX")).lines
    assert line.modifiers == ("RT", "KX")


@pytest.mark.parametrize("qualifier", ["ER", "IV", "WK", "HP"])
def test_a_code_of_another_system_is_no_code_of_ours(qualifier: str) -> None:
    assert single(one(OURS).replace("HC:64493", f"{qualifier}:64493")).lines[0].code == ""


def test_what_is_below_a_line_is_not_the_line() -> None:
    """2410, 2440: their REF, and no second SV1 of theirs."""
    text = one(
        OURS,
        further={
            1: ("LIN**N4*01234567891", "CTP****2*UN", "REF*XZ*6R", "LQ*UT*1", "FRM*1*Y"),
        },
    )
    (line,) = single(text).lines
    assert line.control_number == "CLM0001L1"
    assert {each.name for each in line.attachments} == {"LIN", "CTP", "REF*XZ", "LQ", "FRM"}


def test_lines_are_numbered_by_position_where_lx_is_not_unique() -> None:
    found = single(one(OURS, OTHER).replace("LX*2~", "LX*1~"))
    assert [line.number for line in found.lines] == [1, 2]


# --- places -------------------------------------------------------------------------------------

FAULTY = of_subscribers(
    Subscriber(
        claims=(
            claim(OTHER, id="A"),
            claim(
                "64493-50,RT $800",
                "64494-ZZ,RT x0 $400",
                "64495-RT,RT $1",
                "64491-RT $2",
                id="B",
                dx=("M47816", "M47.812", "G89.29"),
                total="9",
                further={1: ("NTE*ADD*ABC", "REF*G1*X")},
            ),
        ),
        filing="MB",
    ),
    Subscriber(claims=(claim("64493-LT,RT", "64635 x-1", id="C"),), dependent=True, filing="MB"),
    Subscriber(claims=(claim("64493-LT,26", id="C"),), filing="MB"),
)
FAULTY_FILES = {
    "plain": write(FAULTY),
    "no line ends": write(FAULTY, line_end=b""),
    "other separators": write(FAULTY, PIPES, b"\r\n"),
    "byte order mark": rewrite(write(FAULTY), bom=True),
    "second interchange": SECOND + b"\n\n" + write(FAULTY, CONTROLS, b""),
    "empty segments": write(FAULTY, line_end=b"").replace(b"~HL*3", b"~~~HL*3"),
    "wrong counts": write(FAULTY.replace("~SE*", "~SE*1").replace("~GE*1", "~GE*7")),
}


@pytest.mark.parametrize("data", FAULTY_FILES.values(), ids=FAULTY_FILES.keys())
def test_places_are_where_a_naive_split_finds_them(data: bytes) -> None:
    ran = check(data, "medicare")
    assert len({finding.rule for finding in ran.findings}) > 5
    pieces = [piece for piece in split(data) if piece.body]
    for finding in ran.findings:
        place = finding.location
        assert place.segment is not None
        assert place.element is not None
        piece = pieces[place.segment - 1]
        assert place.element.startswith(piece.id)
        assert piece.place(place.element)[0] == place.offset


def test_places_name_what_is_wrong() -> None:
    data = FAULTY_FILES["plain"]
    found = {
        (finding.rule, finding.claim, finding.line): finding.location.element
        for finding in check(data, "medicare").findings
    }
    assert found["LA01", "B", 1] == "SV101-04"
    assert found["MD08", "B", 2] == "SV101-03"
    assert found["UN02", "B", 2] == "SV104"
    assert found["MD06", "B", 3] == "SV101-04"
    assert found["ED02", "B", None] == "CLM02"
    assert found["DX04", "B", None] in ("HI02-02", "HI03-02")
    assert found["ED03", "C", None] == "CLM01"


# --- whole or not at all ------------------------------------------------------------------------

WHOLE_FILES = {
    "plain": FIRST,
    "no line ends": rewrite(FIRST, line_end=b""),
    "carriage return and line feed": rewrite(FIRST, line_end=b"\r\n"),
    "terminator is a line feed": rewrite(FIRST, LINE_FEED, b""),
    "terminator is a carriage return": rewrite(FIRST, RETURN, b"\n"),
    "byte order mark": rewrite(FIRST, bom=True),
    "blank tail": FIRST + b" \r\n\0\0",
    "dependent, another payer": write(one(OURS, OTHER, paid={1: "9"}, dependent=True), PIPES),
    "many sets": TRAPS["many sets in a group, many groups"].data,
    "two interchanges": FIRST + b"\r\n" + SECOND,
    "faulty": FAULTY_FILES["plain"],
}


@pytest.mark.parametrize("data", WHOLE_FILES.values(), ids=WHOLE_FILES.keys())
def test_a_cut_file_is_refused(data: bytes) -> None:
    assert len(data) < 8192
    lengths = whole_lengths(data)
    for cut in range(len(data)):
        why = refusal(fix, data[:cut])
        if is_whole(data[:cut], lengths):
            assert why is None, cut
        else:
            assert why is not None, cut
            assert why.what, cut
            assert why.hint, cut


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("IEA*1*000000001~", "", "no IEA"),
        ("GE*1*1~", "", "no GE"),
        ("SE*27*0001~", "", "no SE"),
        ("GS*HC*", "GT*HC*", "outside a functional group"),
        ("ST*837*", "SX*837*", "outside a transaction set"),
        ("BHT*", "ST*837*0009*005010X222A1~BHT*", "inside another"),
        ("ST*837*", "GS*HC*A*B*20261101*1200*2*X*005010X222A1~ST*837*", "inside another"),
        ("LX*1~", "ISA*00*~LX*1~", "another ISA"),
        ("CLM*CLM0001*", "CLN*CLM0001*", "outside a claim"),
    ],
)
def test_broken_nesting_is_refused(old: str, new: str, what: str) -> None:
    text = one(OURS)
    assert text.count(old) == 1
    why = refusal(fix, write(text.replace(old, new)))
    assert why is not None
    assert what in why.what
    assert "interchange 1" in why.where


# --- counts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "element"),
    [
        ("SE*27*0001", "SE*26*0001", "SE01"),
        ("SE*27*0001", "SE**0001", "SE01"),
        ("SE*27*0001", "SE*MANY*0001", "SE01"),
        ("SE*27*0001", "SE*27*0002", "SE02"),
        ("GE*1*1", "GE*2*1", "GE01"),
        ("GE*1*1", "GE*1*9", "GE02"),
        ("IEA*1*000000001", "IEA*0*000000001", "IEA01"),
        ("IEA*1*000000001", "IEA*1*000000002", "IEA02"),
    ],
)
def test_a_wrong_count_is_a_finding_and_stays(old: str, new: str, element: str) -> None:
    right = write(one("64493-RT,RT $800"))
    wrong = right.replace(old.encode(), new.encode())
    assert wrong != right
    (finding,) = [each for each in check(wrong).findings if each.rule == "ED01"]
    assert finding.location.element == element
    assert (finding.claim, finding.line) == (None, None)
    corrected = fix(right).data
    assert fix(wrong).data == corrected.replace(old.encode(), new.encode())
    assert fix(wrong, fix_envelope=True).data == corrected
    assert not [each for each in check(right).findings if each.rule == "ED01"]


@pytest.mark.parametrize("declared", ["", "MANY", "2 1", "999999999999"])
def test_a_count_that_is_none_is_mended_by_what_is_there_after_corrections(declared: str) -> None:
    text = one("64493-RT $400", "64493-LT $400", payer="medicare")
    data = write(text.replace("SE*31*", f"SE*{declared}*"))
    result = fix(data, "medicare")
    (remaining,) = result.findings
    (again,) = check(result.data, "medicare").findings
    assert remaining.message == again.message
    mended = fix(data, "medicare", fix_envelope=True)
    assert b"~\nSE*27*0001~" in mended.data
    assert not check(mended.data, "medicare").findings


@pytest.mark.parametrize("declared", ["21", "41"])
def test_a_correction_adds_its_difference_to_a_wrong_count(declared: str) -> None:
    text = one("64493-RT $400", "64493-LT $400", payer="medicare")
    data = write(text.replace("SE*31*", f"SE*{declared}*"))
    result = fix(data, "medicare")
    assert f"SE*{int(declared) - 4}*0001".encode() in result.data
    assert [each.rule for each in result.findings] == ["ED01"]
    assert b"SE*27*0001" in fix(data, "medicare", fix_envelope=True).data


# --- what is refused ----------------------------------------------------------------------------

TEXT = one(OURS)


def _zip() -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("claims.837", FIRST)
    return packed.getvalue()


def _of_version(version: str, st: str = "837") -> bytes:
    return write(TEXT.replace("005010X222A1", version).replace("ST*837*", f"ST*{st}*"))


REFUSED = {
    "empty": (b"", "empty"),
    "blank": (b" \r\n\0" * 400, "empty"),
    "byte order mark alone": (b"\xef\xbb\xbf", "empty"),
    "UTF-16": (TEXT.encode("utf-16"), "UTF-16"),
    "UTF-16, little end first": (TEXT.encode("utf-16-le"), "UTF-16"),
    "UTF-16, big end first": (TEXT.encode("utf-16-be"), "UTF-16"),
    "zip": (_zip(), "zip"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "PDF"),
    "XML": (b'<?xml version="1.0"?><Claim xmlns="http://hl7.org/fhir"/>', "XML"),
    "XML after a byte order mark": (b"\xef\xbb\xbf<?xml version='1.0'?><a/>", "XML"),
    "HTML": (b"<!DOCTYPE html><html></html>", "HTML"),
    "JSON list": (b'[{"resourceType": "Claim"}]', "JSON list"),
    "JSON with comments": (b'// a claim\n{"resourceType": "Claim"}\n', "comments"),
    "bzip2": (b"BZh91AY&SY", "bzip2"),
    "gzip, cut": (gzip.compress(FIRST)[:-9], "gzip"),
    "gzip in gzip": (gzip.compress(gzip.compress(FIRST)), "gzip twice"),
    "EDIFACT": (b"UNA:+.? 'UNB+UNOA:1+A+B'", "EDIFACT"),
    "HL7 version 2": (b"MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.3\r", "HL7"),
    "text": (b"Dear colleague, please find the claims attached.", "neither X12"),
    "no interchange": ("".join(f"{s}~" for s in transaction_set()).encode(), "interchange"),
    "837I": (_of_version("005010X223A2"), "837I"),
    "837D": (_of_version("005010X224A2"), "837D"),
    "PACDR": (_of_version("005010X298"), "PACDR"),
    "837P 4010": (_of_version("004010X098A1"), "4010"),
    "837I 4010": (_of_version("004010X096A1"), "4010"),
    "835": (_of_version("005010X221A1", "835"), "835"),
    "999": (_of_version("005010X231A1", "999"), "999"),
    "997": (_of_version("005010X230", "997"), "997"),
    "277": (_of_version("005010X214", "277"), "277"),
    "270": (_of_version("005010X279A1", "270"), "270"),
    "834": (_of_version("005010X220A1", "834"), "834"),
    "another set": (_of_version("005010", "850"), "not an 837P"),
    "no transaction set": (write(interchange(group())), "no transaction set"),
}


@pytest.mark.parametrize(("data", "word"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_something_else_is_refused_by_name(data: bytes, word: str) -> None:
    for act in (fix, check, read):
        why = refusal(act, data)
        assert why is not None
        assert word in why.what
        assert why.hint
        assert "\n" not in why.what


def test_st03_decides_the_version() -> None:
    group_says_other = TEXT.replace("*X*005010X222A1", "*X*005010X223A2")
    assert refusal(fix, write(group_says_other)) is None
    set_says_other = TEXT.replace("*0001*005010X222A1", "*0001*005010X223A2")
    why = refusal(fix, write(set_says_other))
    assert why is not None
    assert "837I" in why.what


def test_one_set_that_is_something_else_refuses_the_file_by_position() -> None:
    sets = [transaction_set(control=f"{n:04}", version=v) for n, v in _MIXED]
    why = refusal(fix, write(interchange(group(*sets[:2]), group(*sets[2:]))))
    assert why is not None
    assert "transaction set 3 is 837D" in why.what
    assert "interchange 1" in why.where


_MIXED = ((1, "005010X222A1"), (2, "005010X222A2"), (3, "005010X224A2"), (4, "005010X222A1"))


@pytest.mark.parametrize(
    ("separators", "what"),
    [
        (Separators(component=b"*"), "the same"),
        (Separators(terminator=b"*"), "the same"),
        (Separators(terminator=b":"), "the same"),
        (Separators(repetition=b":"), "the same"),
        (Separators(component=b"A"), "letter or digit"),
        (Separators(component=b"1"), "letter or digit"),
        (Separators(terminator=b"Z"), "letter or digit"),
        (Separators(element=b"0"), "letter or digit"),
        (Separators(component=b" "), "blank"),
        (Separators(element=b" "), "blank"),
        (Separators(terminator=b" "), "blank"),
        (Separators(repetition=b"7"), "letter or digit"),
    ],
)
def test_separators_that_cannot_be_are_refused(separators: Separators, what: str) -> None:
    isa, rest = FIRST.split(b"~", 1)
    new = separators
    isa = isa.replace(b"^", new.repetition).replace(b"T*:", b"T*" + new.component)
    data = isa.replace(b"*", new.element) + new.terminator + rest
    why = refusal(fix, data)
    assert why is not None
    assert what in why.what
    assert "interchange 1" in why.where


@pytest.mark.parametrize("used", [b">", b"|", b"<"])
def test_components_unlike_the_declared_ones_are_refused(used: bytes) -> None:
    isa, rest = FIRST.split(b"~", 1)
    why = refusal(fix, isa + b"~" + rest.replace(b":", used))
    assert why is not None
    assert "CLM05 has one component" in why.what
    assert f'"{used.decode()}"' in why.what
    assert "segment 21" in why.where


def test_components_of_a_line_unlike_the_declared_ones_are_refused() -> None:
    why = refusal(fix, FIRST.replace(b"HC:64493:RT", b"HC>64493>RT"))
    assert why is not None
    assert "SV101 has one component" in why.what
    assert "segment 26" in why.where


def test_segments_outside_an_interchange_are_refused() -> None:
    stray = FIRST + b"CLM*X*1***11:B:1~LX*1~" + SECOND
    why = refusal(fix, stray)
    assert why is not None
    assert "outside an interchange" in why.what


def test_no_message_holds_a_value() -> None:
    """Names, numbers and notes are canaries; every way to refuse is tried."""
    canaries = ("CANARYNAME", "CANARYMEMBER", "CANARYCLAIM", "CANARYNOTE", "CANARYCONTROL")
    text = one(OURS, id="CANARYCLAIM", note="CANARYNOTE", controls=("CANARYCONTROL",))
    text = text.replace("*PATIENT*", "*CANARYNAME*").replace("MBR0001", "CANARYMEMBER")
    data = write(text)
    attempts: Sequence[bytes] = [
        *(data[:cut] for cut in range(0, len(data), 7)),
        *(data[cut:] for cut in range(0, len(data), 7)),
        *(data[:cut] + data[cut + 1 :] for cut in range(len(data))),
        data + data[: len(data) // 2],
    ]
    refused = 0
    for attempt in attempts:
        why = refusal(check, attempt)
        if why is not None:
            refused += 1
            said = " ".join((why.what, why.where, why.hint))
            assert not any(canary in said for canary in canaries)
    assert refused > 100


def test_facet_claims_are_counted_where_nothing_is_wrong() -> None:
    data = write(of_claims(claim(OURS, id="A"), claim(OTHER, id="B"), claim(OURS, id="C")))
    done = check(data).done
    assert (done.format, done.claims, done.facet_claims, done.notes) == ("x12", 3, 2, ())
