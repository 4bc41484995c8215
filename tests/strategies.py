"""Claims, lines, separators and junk at random."""

from __future__ import annotations

from datetime import date

from hypothesis import assume
from hypothesis import strategies as st

from adapter.tables import shipped
from tests.build837 import (
    Billing,
    Claim,
    Separators,
    Subscriber,
    group,
    interchange,
    transaction_set,
    write,
)
from tests.notation import Line

CODES = shipped().codes
FACET = sorted(code for code in CODES if CODES.history(code)[0].role == "facet")
LOOKALIKE = sorted(code for code in CODES if CODES.history(code)[0].role == "lookalike")
COMPANIONS = [
    "64451",
    "77003",
    "99213",
    "62323",
    "64483",
    "J1030",
    "J3301",
    "01992",
    "64999",
    "A4550",
]
STRANGERS = ["12345", "G0463", "ZZZZZ"]
SIDES = ["RT", "LT", "50"]
MODIFIERS = [*SIDES, "KX", "59", "XS", "51", "26", "TC", "76", "GZ", "SG", "80", "AT", "ZZ", "62"]
PAYERS = [
    "generic",
    "cpt",
    "medicare",
    "medicare-asc",
    "texas-medicaid",
    "ibx",
    "priority-health-asc",
]
DAYS = [
    date(1999, 12, 31),
    date(2009, 12, 31),
    date(2010, 1, 1),
    date(2011, 12, 31),
    date(2012, 1, 1),
    date(2019, 12, 31),
    date(2020, 1, 1),
    date(2022, 6, 1),
    date(2024, 8, 5),
    date(2025, 6, 1),
    date(2026, 3, 10),
]

codes = st.one_of(
    st.sampled_from(["64490", "64491", "64492", "64493", "64494", "64495"]),
    st.sampled_from(["64633", "64634", "64635", "64636"]),
    st.sampled_from(FACET),
    st.sampled_from([*LOOKALIKE, *COMPANIONS, *STRANGERS]),
)
modifiers = st.one_of(
    st.sampled_from([(), ("RT",), ("LT",), ("50",), ("50",), ("RT", "LT"), ("50", "RT")]),
    st.lists(st.sampled_from(MODIFIERS), max_size=4).map(tuple),
)
units = st.one_of(st.just("1"), st.sampled_from(["2", "3", "4", "0", "1.0", "1.5", "-1", "99"]))
charges = st.one_of(
    st.sampled_from(["400", "400", "400", "300", "0", "400.00", "100.01", "800.", ".5"]),
    st.decimals(0, 9999, places=2).map(lambda amount: format(amount, "f")),
)
lines = st.builds(Line, codes, modifiers, units, charges)
plain_lines = st.builds(
    Line,
    st.sampled_from(["64493", "64494", "64495", "64490", "64491", "64635", "64636"]),
    st.one_of(
        st.sampled_from([("RT",), ("LT",), ("50",), ("RT", "LT"), ()]),
        st.lists(st.sampled_from([*SIDES, "KX", "51", "26"]), max_size=3).map(tuple),
    ),
    st.sampled_from(["1", "1", "2"]),
    st.sampled_from(["400", "300", "100.01"]),
)
FURTHER = [
    ("NTE*ADD*DIAGNOSTIC BLOCK",),
    ("NTE*ADD*THERAPEUTIC",),
    ("REF*G1*AUTH",),
    ("NM1*82*1*OTHER*DOC****XX*1679576722",),
    ("DTP*471*D8*20260101", "K3*FREE"),
    (),
]


@st.composite
def claims(draw: st.DrawFn, each: st.SearchStrategy[Line] = lines, most: int = 6) -> Claim:
    found = tuple(draw(st.lists(each, min_size=1, max_size=most)))
    numbers = range(1, len(found) + 1)
    on = draw(st.sampled_from(DAYS))
    number = draw(st.integers(0, 10**6))
    return Claim(
        lines=found,
        id=f"C{number}",
        on=draw(st.sampled_from([on, on, on, on, None])),
        place=draw(st.sampled_from(["11", "11", "24", "22", ""])),
        frequency=draw(st.sampled_from(["1", "1", "1", "7", "8"])),
        dx=draw(
            st.one_of(
                st.none(),
                st.lists(
                    st.sampled_from(["M47816", "M47812", "M47.816", "G8929", "M5450", "7213"]),
                    max_size=12,
                ).map(tuple),
            )
        ),
        total=draw(st.sampled_from([None, None, None, "1", "0400.00"])),
        note=draw(st.sampled_from([None, None, "DIAGNOSTIC MBB 1 OF 2", "THERAPEUTIC INJECTION"])),
        further=draw(st.dictionaries(st.sampled_from(numbers), st.sampled_from(FURTHER))),
        days=draw(
            st.dictionaries(
                st.sampled_from(numbers),
                st.one_of(st.just(on), st.sampled_from(DAYS), st.just((on, DAYS[-1]))),
                max_size=1,
            )
        ),
        places=draw(st.dictionaries(st.sampled_from(numbers), st.just("24"), max_size=1)),
        pointers=draw(
            st.dictionaries(
                st.sampled_from(numbers),
                st.lists(st.integers(1, 5), max_size=4, unique=True),
                max_size=1,
            )
        ),
        paid=draw(
            st.dictionaries(st.sampled_from(numbers), st.sampled_from(["0", "100"]), max_size=1)
            if draw(st.booleans())
            else st.just({})
        ),
        controls=draw(
            st.sampled_from([(), None, tuple(f"{n:030}" for n in numbers), ("X",) * len(found)])
        ),
    )


@st.composite
def files(
    draw: st.DrawFn, each: st.SearchStrategy[Line] = lines, most: int = 3
) -> tuple[bytes, str | None]:
    """An interchange of a few claims, and the payer that is named."""
    payer = draw(st.sampled_from([*PAYERS, None]))
    found = draw(st.lists(claims(each), min_size=1, max_size=most))
    subscribers = tuple(
        Subscriber(
            claims=(one,),
            filing=draw(st.sampled_from(["MB", "CI", "16"])),
            dependent=draw(st.booleans()),
        )
        for one in found
    )
    billing = Billing(
        subscribers=subscribers, taxonomy=draw(st.sampled_from(["208VP0014X", "261QA1903X"]))
    )
    return write(interchange(group(transaction_set(billing)))), payer


MARKS = [bytes((mark,)) for mark in b"*|^>~:!#+;=@\\`$%&?_\t\x1c\x1d\x1e\x1f\x07\x01\n\r"]
BLANK_ENDS = [b"", b"\n", b"\r\n", b"\r", b" \n", b"\n\n", b"\t"]


@st.composite
def spellings(draw: st.DrawFn) -> tuple[Separators, bytes]:
    """Four separators and what follows a terminator, none of which is another."""
    separators = Separators(*draw(st.permutations(MARKS).map(lambda marks: marks[:4])))
    ends = [end for end in BLANK_ENDS if not any(mark in separators.all for mark in end)]
    assume(not separators.repetition.isspace())
    return separators, draw(st.sampled_from(ends))


junk = st.one_of(
    st.sampled_from([b"", b"", b"\n", b" \r\n", b"\0" * 7, b"\x1a", b"-- part two --"]),
    st.binary(max_size=20).filter(
        lambda data: (
            not any(name in data.upper() for name in (b"I", b"BHT", b"CLM", b"NM1", b"SV1"))
        )
    ),
)
