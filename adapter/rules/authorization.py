"""PA: authorization that a payer wants before the service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from adapter.findings import Found, NotEvaluated, Reason
from adapter.model import Claim
from adapter.profiles import Profile
from adapter.rules import Result, rule
from adapter.rules.modifiers import LIABILITY
from adapter.tables import CodedLine, Tables

HOSPITAL = ("19", "22")
"""Places of service of a hospital's outpatient departments, off its campus and on it."""

TRACKING_NUMBER = re.compile(r"[A-Z0-9]{2}[AH][0-9]{11}")
"""Medicare's unique tracking number of an authorization. Source: Noridian."""


@rule(
    "PA01",
    "authorization-missing",
    severity="error",
    tables=("codes",),
    sources=("S074", "S078"),
    since="0.1.0",
    variants={"unsure": "warning"},
)
def authorization_missing(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """No authorization number where the payer wants one for the code, place and date.

    Why it matters: the payer denies the line, and seldom authorizes afterwards. It is a warning at
    places of service in which some of the payer's plans ask for nothing.
    Fires: 64635-RT without a number, for alabama-medicaid from 2024-05-01
    Clean: 64635-RT with a number in REF G1, or in FHIR's insurance.preAuthRef
    Correction: none. The number comes from the payer.
    Not evaluated when: the payer is not known (payer-unknown).
    """
    unknown = False
    for lines in _by_day(tables.spoken_lines(claim)):
        missing = [line for line in lines if not _numbers(claim, line)]
        wanted = profile.authorization(lines[0].date)
        if wanted is None:
            is_facet = any(line.row.role == "facet" for line in missing)
            unknown = unknown or (is_facet and not profile.is_known)
            continue
        asked = [line for line in missing if wanted.covers(line.code, line.line.place_of_service)]
        if not asked:
            continue
        is_sure = any(wanted.is_sure(line.line.place_of_service) for line in asked)
        unless = "" if is_sure else "; some of its plans want none in that place"
        yield Found(
            line=asked[0].number,
            field="code",
            others=tuple(line.number for line in asked[1:]),
            message=(
                f"{_codes(asked)} without an authorization number; {profile.id} wants one before"
                f" the service{unless}."
            ),
            label="no authorization",
            variant="" if is_sure else "unsure",
        )
    if unknown:
        yield NotEvaluated(Reason.PAYER_UNKNOWN)


@rule(
    "PA02",
    "authorization-format",
    severity="error",
    tables=("hopd",),
    sources=("S067", "S093"),
    since="0.1.0",
)
def authorization_format(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A number that is not Medicare's, where Medicare authorizes the hospital's service.

    Why it matters: in a hospital's outpatient department (place of service 19 or 22) the number is
    the unique tracking number of Medicare's decision: two letters or digits, A or H, eleven digits.
    Another one matches no decision. Nothing that was read asks for it on the professional claim.
    Fires: 64493-RT at place of service 22 with a number of ten digits in REF G1
    Clean: the same line with a tracking number, or with none
    Correction: none. The number stands in the decision letter.
    Not evaluated when: the payer is not known (payer-unknown).
    """
    unknown = False
    told: set[tuple[int | None, int]] = set()
    for line in _listed(claim, tables):
        numbers = _numbers(claim, line)
        if not numbers or any(map(TRACKING_NUMBER.fullmatch, numbers)):
            continue
        if not profile.hospital_list(line.date):
            unknown = unknown or not profile.is_known
            continue
        owner = line.number if line.line.authorizations else None
        for index in range(len(numbers)):
            if (owner, index) not in told:
                told.add((owner, index))
                yield Found(
                    line=owner,
                    field="code" if owner else ("authorizations", index),
                    message=(
                        "The authorization number is no tracking number of Medicare's: two letters"
                        " or digits, A or H, eleven digits."
                    ),
                    label="another form",
                )
    if unknown:
        yield NotEvaluated(Reason.PAYER_UNKNOWN)


@rule(
    "PA03",
    "hospital-authorization",
    severity="info",
    tables=("hopd",),
    sources=("S067", "S094", "S110", "S111"),
    since="0.1.0",
)
def hospital_authorization(claim: Claim, tables: Tables, profile: Profile) -> Result:
    """A service for which a hospital's outpatient department needs Medicare's authorization.

    Why it matters: since 2023-07-01 the hospital asks for it, and its claim is denied without the
    tracking number; what practitioners bill for the same service is then denied too. A surgical
    centre or an office needs none; nor does a hospital that is exempt.
    Fires: 64493-RT at place of service 22
    Clean: 64493-RT at place of service 11 or 24; 64495-RT from 2024-08-16 on
    Correction: none. The hospital has to tell whether its service was authorized.
    Not evaluated when: the payer is not known (payer-unknown).
    """
    unknown = False
    for lines in _by_day(_listed(claim, tables)):
        if not profile.hospital_list(lines[0].date):
            unknown = unknown or not profile.is_known
            continue
        yield Found(
            line=lines[0].number,
            field="code",
            others=tuple(line.number for line in lines[1:]),
            message=(
                f"{_codes(lines)} in a hospital's outpatient department: Medicare denies it where"
                " the hospital's claim lacks its authorization."
            ),
            label="authorized?",
        )
    if unknown:
        yield NotEvaluated(Reason.PAYER_UNKNOWN)


def _listed(claim: Claim, tables: Tables) -> Sequence[CodedLine]:
    """Lines on the hospital list of their day, at a hospital."""
    return [
        line
        for line in tables.spoken_lines(claim)
        if line.line.place_of_service in HOSPITAL
        and line.code in tables.hopd.on(line.date)
        and _is_payment_expected(line)
    ]


def _by_day(lines: Sequence[CodedLine]) -> Iterator[Sequence[CodedLine]]:
    """Lines for which payment is expected, those of each day of service."""
    groups: dict[object, list[CodedLine]] = {}
    for line in filter(_is_payment_expected, lines):
        groups.setdefault(line.date, []).append(line)
    yield from groups.values()


def _is_payment_expected(line: CodedLine) -> bool:
    return not any(each in LIABILITY for each in line.modifiers)


def _numbers(claim: Claim, line: CodedLine) -> tuple[str, ...]:
    """The line's own authorization numbers, else the claim's."""
    return line.line.authorizations or claim.authorizations


def _codes(lines: Sequence[CodedLine]) -> str:
    """The codes as the beginning of a sentence: "64493 and 64494 are"."""
    codes = list(dict.fromkeys(line.code for line in lines))
    named = " and ".join(filter(None, (", ".join(codes[:-1]), codes[-1])))
    return f"{named} {'is' if len(codes) == 1 else 'are'}"
