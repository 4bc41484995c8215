"""Whole 837P files with what real senders do, every one without anything to correct.

`TRAPS` maps what is odd about a file to the file, how many claims it has, and how many of them
have a facet code on a service line.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from tests.build837 import (
    Billing,
    Claim,
    Separators,
    Subscriber,
    claim,
    group,
    interchange,
    one,
    transaction_set,
    write,
)
from tests.splitting import BOM


class Trap(NamedTuple):
    data: bytes
    claims: int = 1
    facet_claims: int = 1


OURS = "64493-RT $800"
OTHER = "85025 $120"
PIPES = Separators(b"|", b">", b"^", b"`")
CONTROLS = Separators(b"\x1d", b"\x1f", b"\x1c", b"\x1e")
LINE_FEED = Separators(terminator=b"\n")
RETURN = Separators(terminator=b"\r")


def of_subscribers(*subscribers: Subscriber, state: str = "OH") -> str:
    return interchange(group(transaction_set(Billing(subscribers=subscribers, state=state))))


def of_claims(*claims: Claim) -> str:
    """One subscriber with several claims."""
    return of_subscribers(Subscriber(claims=claims, filing="MB"))


def _set(number: int, *lines: str) -> list[str]:
    own = claim(*lines, id=f"CLM{number}")
    subscriber = Subscriber(claims=(own,), filing="MB")
    return transaction_set(Billing(subscribers=(subscriber,)), control=f"{number:04}")


def _two_kinds_of_line_ends() -> bytes:
    *lines, _ = write(one(OURS)).split(b"\n")
    return b"".join(
        line + (b"\r\n", b"\n", b"", b"  \n", b"\n\n")[number % 5]
        for number, line in enumerate(lines)
    )


def _joined(*parts: bytes) -> bytes:
    return b"".join(parts)


FIRST = write(one(OURS, id="FIRST"))
SECOND = write(one(OURS, id="SECOND").replace("000000001", "000000002"), PIPES, b"\r\n")

TRAPS: Mapping[str, Trap] = {
    "line feed after the terminator": Trap(write(one(OURS))),
    "carriage return and line feed after the terminator": Trap(write(one(OURS), line_end=b"\r\n")),
    "no line ends": Trap(write(one(OURS), line_end=b"")),
    "line ends of two kinds": Trap(_two_kinds_of_line_ends()),
    "terminator is a line feed": Trap(write(one(OURS), LINE_FEED, b"")),
    "terminator is a carriage return": Trap(write(one(OURS), RETURN, b"")),
    "terminator is carriage return and line feed": Trap(write(one(OURS), RETURN, b"\n")),
    "last line feed missing where it is the terminator": Trap(
        write(one(OURS), LINE_FEED, b"").removesuffix(b"\n")
    ),
    "pipes and carets": Trap(write(one(OURS), PIPES)),
    "control characters": Trap(write(one(OURS), CONTROLS, b"")),
    "tab between elements": Trap(write(one(OURS), Separators(element=b"\t"))),
    "a hundred blanks after each terminator": Trap(write(one(OURS), line_end=b"\r\n" + b" " * 98)),
    "byte order mark": Trap(BOM + write(one(OURS))),
    "blanks before the first interchange": Trap(b"\r\n  \n" + write(one(OURS))),
    "blanks after the last interchange": Trap(write(one(OURS)) + b" \r\n\n\t "),
    "NUL after the last interchange": Trap(write(one(OURS)) + b"\0" * 300),
    "two interchanges, separators of their own": Trap(FIRST + SECOND, 2, 2),
    "byte order mark between interchanges": Trap(FIRST + b"\r\n" + BOM + SECOND, 2, 2),
    "text between interchanges": Trap(
        _joined(FIRST, b"-- end of part one, and a name: ISAAC --\n", SECOND), 2, 2
    ),
    "text after the last interchange": Trap(FIRST + b"\x1a"),
    "many sets in a group, many groups": Trap(
        write(
            interchange(
                group(_set(1, OURS), _set(2, OTHER), control="11"),
                group(_set(3, OTHER), control="12"),
                group(_set(4, OURS), _set(5, OURS), control="13"),
            )
        ),
        5,
        3,
    ),
    "two claims of a subscriber, one ours": Trap(
        write(of_claims(claim(OTHER, id="A"), claim(OURS, id="B"))), 2
    ),
    "a dependent's claim": Trap(write(one(OURS, dependent=True))),
    "subscriber, dependent, subscriber": Trap(
        write(
            of_subscribers(
                Subscriber(claims=(claim(OURS, id="A"),), filing="MB", member="M1"),
                Subscriber(claims=(claim(OURS, id="B"),), member="M2", dependent=True),
                Subscriber(claims=(claim(OURS, id="C"),), filing="MB", member="M3"),
            )
        ),
        3,
        3,
    ),
    "a facet code in a name": Trap(
        write(one(OTHER).replace("*PATIENT*", "*64493*").replace("DOCTOR", "64635")), 1, 0
    ),
    "a facet code in a note": Trap(write(one(OTHER, note="SEE 64493 AND HC:64493:RT")), 1, 0),
    "a facet code in control numbers": Trap(
        write(one(OTHER, id="64493", controls=("64494",), authorization="64495")), 1, 0
    ),
    "a segment's name inside an element": Trap(
        write(one(OURS, id="CLM", note="ISA ST CLM SE").replace("*PATIENT*", "*ISA*")), 1
    ),
    "a facet code on one line of fifty": Trap(
        write(one(*(OURS if n == 37 else OTHER for n in range(50))))
    ),
    "an empty modifier between two": Trap(
        write(one("64493-RT $800").replace("64493:RT", "64493:RT::KX"))
    ),
    "a description after the modifiers": Trap(
        write(one(OURS).replace("64493:RT", "64493:RT::::FACET JOINT"))
    ),
    "trailing empty elements and components": Trap(
        write(one(OURS).replace("64493:RT*800*UN*1***1~", "64493:RT:::*800*UN*1***1:::****~"))
    ),
    "units and amounts of odd form": Trap(
        write(one(OURS).replace("*800*UN*1*", "*0800.00*UN*1.0*").replace("*800***", "*800.***"))
    ),
    "a range of days over a year's end": Trap(
        write(one(OURS, days={1: (date(2025, 12, 31), date(2026, 1, 1))}))
    ),
    "twelve diagnoses and trailing empties": Trap(
        write(
            one(
                OURS,
                dx=("M47816", *(f"M4{n:03}" for n in range(11))),
                pointers={1: (1, 12)},
            ).replace("ABF:M4010~", "ABF:M4010:::::~")
        )
    ),
    "another payer has adjudicated": Trap(write(one(OURS, OTHER, paid={1: "300", 2: "20.5"}))),
    "a replacement": Trap(write(one(OURS, frequency="7"))),
    "a void": Trap(write(one(OURS, frequency="8"))),
    "no line control numbers": Trap(write(one(OURS, OTHER, controls=None))),
    "a line control number of thirty characters": Trap(write(one(OURS, controls=("N" * 30,)))),
    "out of balance": Trap(write(one(OURS, total="799.99"))),
    "a place of service on the line only": Trap(write(one(OURS, place="", places={1: "24"}))),
    "letters outside ASCII": Trap(write(one(OURS).replace("*PATIENT*", "*M\xdcLLER*"))),
    "an empty segment": Trap(write(one(OURS), line_end=b"").replace(b"~HI*", b"~~HI*")),
    "no ST03": Trap(write(one(OURS).replace("*837*0001*005010X222A1~", "*837*0001~"))),
    "ST03 decides where GS08 differs": Trap(
        write(one(OURS).replace("*X*005010X222A1", "*X*005010X223A2"))
    ),
    "005010X222": Trap(write(one(OURS).replace("005010X222A1", "005010X222"))),
    "005010X222A2": Trap(write(one(OURS).replace("005010X222A1", "005010X222A2"))),
    "no claims": Trap(write(interchange(group(transaction_set()))), 0, 0),
}
