"""Writes 837P interchanges (005010X222A1) from nothing but claims, parties and the envelope.

What is missing is asked for, never filled in; what X12 cannot carry is refused, never bent: letters
outside its character set, the marks that separate (`* : ~ ^`), values too long for their element.
Only these are written in another form, as the guide has them: a diagnosis without its point, a ZIP
code and a tax id without hyphens, a telephone number as ten digits, amounts without zeros that say
nothing. Lines are numbered from 1 by position.

Claims that follow one another and are billed by the same provider share its level (2000A); each
claim has a subscriber's level (2000B), and a patient's (2000C), of its own. A rendering provider
who is the billing provider is not written again. Claims with other payers (COB) are refused, and
`ServiceLine.attachments` are not written: the model does not interpret them.

Source: the loops, elements and codes of the 837P map of pyx12 4.0.0.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import NamedTuple, TypeVar

from adapter.model import Claim, Diagnosis, Provider, ServiceLine
from adapter.parties import (
    ORIGINAL,
    PRIMARY,
    SELF,
    Address,
    Name,
    Parties,
    Party,
    PayerParty,
    PersonParty,
    ProviderParty,
    TaxIdKind,
)

ELEMENT, COMPONENT, TERMINATOR, REPETITION = "*", ":", "~", "^"
LINE_END = "\n"
VERSION = "005010X222A1"
CLAIMS_OF_A_SET = 5000  # the guide's advice for one transaction set

MOST_DIAGNOSES, MOST_LINES, MOST_MODIFIERS, MOST_POINTERS = 12, 50, 4, 4
MOST_LINE_AUTHORIZATIONS = 5
LONGEST_AMOUNT, LONGEST_UNITS = 18, 15
CENTS = 2  # decimals of an amount

QUALIFIERS = ("01", "14", "20", "27", "28", "29", "30", "33", "ZZ")
FILING = (
    "11", "12", "13", "14", "15", "16", "17", "AM", "BL", "CH", "CI", "DS", "FI", "HM", "LM", "MA",
    "MB", "MC", "OF", "TV", "VA", "WC", "ZZ",
)  # fmt: skip
RELATIONSHIPS = ("01", "19", "20", "21", "39", "40", "53", "G8")
SEXES = ("F", "M", "U")
UNITS = ("UN", "MJ")
FREQUENCIES = (ORIGINAL, "7", "8")
HOME = (None, "US", "USA")  # countries that are not written

_OUTSIDE = re.compile(r"[^A-Za-z0-9!\"&'()+,\-./;?= %@\[\]_{}\\|<>#$`]")
"""The extended character set of X12, without the four marks that separate."""

T = TypeVar("T")


class Incomplete(Exception):
    """An interchange that cannot be written; all that stands in the way is told at once.

    `missing` names what is needed, `unfit` what is there and cannot be written, in plain words and
    without a value. Of several claims each is told by its position, from 1.
    """

    def __init__(self, missing: tuple[str, ...], unfit: tuple[str, ...]) -> None:
        parts = [f"missing: {'; '.join(missing)}"] if missing else []
        parts += [f"cannot be written: {'; '.join(unfit)}"] if unfit else []
        super().__init__(". ".join(parts))
        self.missing, self.unfit = missing, unfit


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeSettings:
    """What `[x12]` says of the envelope, and of what each claim has to declare.

    `submitter_id` and `receiver_code` stand in the functional group and in loops 1000A and 1000B.
    `provider_signature` (CLM06) is Y or N, `assignment` (CLM07) A, B or C, `benefits_assigned`
    (CLM08) Y, N or W, `release` (CLM09) Y or I. Without `contact_name` it is the submitter's.
    """

    sender_qualifier: str | None = None
    sender_id: str | None = None
    receiver_qualifier: str | None = None
    receiver_id: str | None = None
    usage: str | None = None
    submitter_name: str | None = None
    submitter_id: str | None = None
    contact_name: str | None = None
    contact_phone: str | None = None
    receiver_name: str | None = None
    receiver_code: str | None = None
    provider_signature: str | None = None
    assignment: str | None = None
    benefits_assigned: str | None = None
    release: str | None = None
    control_number: int | None = None

    @classmethod
    def of(cls, table: Mapping[str, object]) -> EnvelopeSettings:
        """The settings of a table as TOML reads it: true and false are Y and N, other keys none.

        Raises: ValueError for a control number that is no whole number.
        """
        said: dict[str, str | int] = {}
        for each in fields(cls):
            value = table.get(each.name)
            if value is None:
                continue
            if each.name == "control_number":
                said[each.name] = int(str(value))
            elif isinstance(value, bool):
                said[each.name] = "Y" if value else "N"
            else:
                said[each.name] = str(value)
        return cls(**said)  # type: ignore[arg-type]


def interchange(
    claims: Sequence[tuple[Claim, Parties]],
    envelope: EnvelopeSettings,
    when: dt.datetime,
    *,
    uncharged: bool = False,
) -> bytes:
    """One interchange with all the claims, in their order.

    Args: when, the time of writing, in the time zone of the sender; uncharged, whether a line
    without a charge is written with 0, as a draft has it.
    Raises: Incomplete; ValueError where there is no claim.
    """
    if not claims:
        raise ValueError("an interchange holds at least one claim")
    notes = _Notes()
    head = _Head(envelope, when, notes)
    written = [
        _ClaimWriter(
            claim, parties, head, notes.of(n if len(claims) > 1 else None), uncharged
        ).written()
        for n, (claim, parties) in enumerate(claims, 1)
    ]
    if notes.missing or notes.unfit:
        raise Incomplete(tuple(notes.missing), tuple(notes.unfit))
    return "".join(f"{each}{TERMINATOR}{LINE_END}" for each in head.around(written)).encode("ascii")


# --- what is in the way ---------------------------------------------------------------------------


class _Notes:
    """What is missing and what does not fit, each once, in the order in which it was met."""

    def __init__(self) -> None:
        self.missing: dict[str, None] = {}
        self.unfit: dict[str, None] = {}
        self._claim = ""

    def of(self, claim: int | None) -> _Notes:
        """These notes, for what is met in a claim; None where there is only one."""
        notes = _Notes()
        notes.missing, notes.unfit = self.missing, self.unfit
        notes._claim = "" if claim is None else f"claim {claim}: "
        return notes

    def lack(self, what: str) -> None:
        self.missing[self._claim + what] = None

    def refuse(self, what: str) -> None:
        self.unfit[self._claim + what] = None

    def text(self, value: str | None, what: str, longest: int, shortest: int = 1) -> str:
        """A value for an element, without the blanks around it; empty where it was noted."""
        value = (value or "").strip()
        if not value:
            self.lack(what)
        elif _OUTSIDE.search(value):
            self.refuse(f"{what} holds a character that X12 does not carry")
        elif len(value) > longest:
            self.refuse(f"{what} is longer than {longest} characters")
        elif len(value) < shortest:
            self.refuse(f"{what} is shorter than {shortest} characters")
        else:
            return value
        return ""

    def optional(self, value: str | None, what: str, longest: int, shortest: int = 1) -> str:
        return self.text(value, what, longest, shortest) if value and value.strip() else ""

    def one_of(self, value: str | None, what: str, known: Sequence[str]) -> str:
        value = (value or "").strip()
        if not value:
            self.lack(what)
        elif value not in known:
            self.refuse(f"{what} is none of {', '.join(known)}")
        return value

    def matching(self, value: str | None, what: str, form: re.Pattern[str], told: str) -> str:
        value = (value or "").strip()
        if not value:
            self.lack(what)
        elif not form.fullmatch(value):
            self.refuse(f"{what} is not {told}")
        return value

    def amount(self, value: Decimal, what: str, longest: int, decimals: int) -> str:
        """A number of X12: no exponent, no zeros that say nothing."""
        written = plain(value)
        if value < 0:
            self.refuse(f"{what} is below zero")
        elif len(written.partition(".")[2]) > decimals:
            self.refuse(f"{what} has more than {decimals} decimals")
        elif len(written) > longest:
            self.refuse(f"{what} is longer than {longest} characters")
        return written


def plain(value: Decimal) -> str:
    """A number without an exponent, and without zeros behind its point that say nothing."""
    written = format(value, "f") if value else "0"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _segment(*elements: str) -> str:
    return ELEMENT.join(elements).rstrip(ELEMENT)


def _composite(*components: str) -> str:
    return COMPONENT.join(components).rstrip(COMPONENT)


def _d8(day: dt.date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


# --- the envelope ---------------------------------------------------------------------------------


class _Written(NamedTuple):
    """The segments of one claim, by the levels that they belong to, without the HL."""

    billing: list[str]
    subscriber: list[str]
    patient: list[str]
    claim: list[str]


_PHONE_MARKS = str.maketrans("", "", "-(). ")
_PHONE = re.compile(r"[0-9]{10}")
MOST_CONTROL = 999_999_999


class _Head:
    """The envelope: read once, so that what it lacks is told once."""

    def __init__(self, envelope: EnvelopeSettings, when: dt.datetime, notes: _Notes) -> None:
        self._when = when
        day, minute = _d8(when.date()), f"{when.hour:02}{when.minute:02}"

        def said(key: str, longest: int, shortest: int = 1) -> str:
            return notes.text(getattr(envelope, key), f"[x12] {key}", longest, shortest)

        def chosen(key: str, known: Sequence[str]) -> str:
            return notes.one_of(getattr(envelope, key), f"[x12] {key}", known)

        number = envelope.control_number
        if number is None:
            notes.lack("[x12] control_number")
        elif not 0 < number <= MOST_CONTROL:
            notes.refuse(f"[x12] control_number is not from 1 to {MOST_CONTROL}")
        self._number = number or 0
        self._isa = _segment(
            "ISA", "00", " " * 10, "00", " " * 10,
            chosen("sender_qualifier", QUALIFIERS), f"{said('sender_id', 15):15}",
            chosen("receiver_qualifier", QUALIFIERS), f"{said('receiver_id', 15):15}",
            day[2:], minute, REPETITION, "00501", f"{self._number:09}", "0",
            chosen("usage", ("P", "T")), COMPONENT,
        )  # fmt: skip
        submitter, receiver = said("submitter_id", 15, 2), said("receiver_code", 15, 2)
        self._gs = _segment(
            "GS", "HC", submitter, receiver, day, minute, str(self._number), "X", VERSION
        )
        phone = (envelope.contact_phone or "").translate(_PHONE_MARKS)
        self._submitted = [
            _segment("BHT", "0019", "00", f"{self._number}", day, minute, "CH"),
            _segment(
                "NM1", "41", "2", said("submitter_name", 60), "", "", "", "", "46", submitter
            ),
            _segment(
                "PER", "IC", notes.optional(envelope.contact_name, "[x12] contact_name", 60), "TE",
                notes.matching(phone, "[x12] contact_phone", _PHONE, "ten digits"),
            ),
            _segment("NM1", "40", "2", said("receiver_name", 60), "", "", "", "", "46", receiver),
        ]  # fmt: skip
        self.declared = (
            chosen("provider_signature", ("Y", "N")),
            chosen("assignment", ("A", "B", "C")),
            chosen("benefits_assigned", ("Y", "N", "W")),
            chosen("release", ("Y", "I")),
        )
        """CLM06 to CLM09."""

    def around(self, written: Sequence[_Written]) -> Iterator[str]:
        yield self._isa
        yield self._gs
        starts = range(0, len(written), CLAIMS_OF_A_SET)
        for number, start in enumerate(starts, 1):
            inner = [
                f"ST*837*{number:04}*{VERSION}",
                *self._submitted,
                *_levels(written[start : start + CLAIMS_OF_A_SET]),
            ]
            yield from inner
            yield f"SE*{len(inner) + 1}*{number:04}"
        yield f"GE*{len(starts)}*{self._number}"
        yield f"IEA*1*{self._number:09}"


def _levels(written: Sequence[_Written]) -> Iterator[str]:
    """The hierarchy: a billing provider stands once for the claims that follow one another."""
    number = billing = 0
    last: list[str] | None = None
    for each in written:
        if each.billing != last:
            number += 1
            billing, last = number, each.billing
            yield f"HL*{number}**20*1"
            yield from each.billing
        number += 1
        yield f"HL*{number}*{billing}*22*{int(bool(each.patient))}"
        yield from each.subscriber
        if each.patient:
            number += 1
            yield f"HL*{number}*{number - 1}*23*0"
            yield from each.patient
        yield from each.claim


# --- one claim ------------------------------------------------------------------------------------

_NPI = re.compile(r"[0-9]{10}")
_TAX_ID = re.compile(r"[0-9]{9}")
_TAXONOMY = re.compile(r"[0-9A-Z]{10}")
_STATE = re.compile(r"[A-Z]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_ZIP = re.compile(r"[0-9]{5}(?:[0-9]{4})?")
_WHOLE_ZIP = re.compile(r"[0-9]{9}")
_PLACE = re.compile(r"[0-9]{2}")
_CODE = re.compile(r"[0-9A-Z]{5}")
_MODIFIER = re.compile(r"[0-9A-Z]{2}")
_ICD = re.compile(r"[0-9A-Z]{3,7}")


class _ClaimWriter:
    """Writes one claim once."""

    def __init__(
        self, claim: Claim, parties: Parties, head: _Head, notes: _Notes, uncharged: bool
    ) -> None:
        self.claim, self.parties, self.notes = claim, parties, notes
        self.declared, self.uncharged = head.declared, uncharged

    def written(self) -> _Written:
        self._refused()
        for doubt in self.parties.doubts:
            self.notes.lack(f"{doubt.party}: {doubt.why}")
        relationship = self.parties.relationship
        is_subscriber = relationship == SELF
        if relationship is None:
            self.notes.lack("the patient's relationship to the subscriber")
        elif is_subscriber is not self.claim.patient.is_subscriber:
            self.notes.refuse("whether the patient is the subscriber is told in two ways")
        return _Written(
            self._billing(),
            self._subscriber(is_subscriber),
            [] if is_subscriber else self._patient(relationship),
            [*self._claim(), *self._lines()],
        )

    def _refused(self) -> None:
        """What the claim as a whole must not hold."""
        claim, refuse = self.claim, self.notes.refuse
        if not claim.professional:
            refuse("the claim does not ask a payer for professional services")
        if claim.other_payers or any(line.adjudications for line in claim.lines):
            refuse("the claim has other payers")
        elif claim.responsibility not in (None, PRIMARY):
            refuse("the claim is not for the first payer, and tells nothing of the others")
        for oddity in claim.oddities:
            if oddity.blocking:
                refuse(f"{oddity.place or 'the claim'} {oddity.what}")

    def _one(
        self,
        of_claim: T | None,
        of_party: T | None,
        what: str,
        same: Callable[[T], object] = lambda value: value,
    ) -> T | None:
        """What the claim and the parties both may tell. Args: same, what of it is compared."""
        if of_claim is None or of_party is None:
            return of_party if of_claim is None else of_claim
        if same(of_claim) != same(of_party):
            self.notes.refuse(f"{what} is told in two ways")
        return of_claim

    # --- who ------------------------------------------------------------------------------------

    def _billing(self) -> list[str]:
        party = self.parties.billing or ProviderParty()
        told = self.claim.billing
        who = Party.BILLING
        taxonomy = self._taxonomy(told, party, who)
        kind = party.tax_id_kind
        number = (party.tax_id or "").replace("-", "")
        if number and kind is None:
            self.notes.lack(f"whether {who}'s tax id is an employer's or a person's")
        return [
            *([f"PRV*BI*PXC*{taxonomy}"] if taxonomy else ()),
            self._named("85", party.name, who, "XX", self._npi(told, party, who)),
            *self._address(party.address, who, told, whole=True),
            _segment(
                "REF",
                kind or TaxIdKind.EMPLOYER,
                self.notes.matching(number, f"{who}'s tax id", _TAX_ID, "nine digits"),
            ),
        ]

    def _subscriber(self, is_patient: bool) -> list[str]:
        claim, who = self.claim, Party.SUBSCRIBER
        parties = self.parties
        person = (parties.patient if is_patient else parties.subscriber) or PersonParty()
        payer = parties.payer or PayerParty()
        filing = self._one(
            claim.payer.filing_indicator, payer.filing_indicator, "the payer's filing indicator"
        )
        responsibility = self._one(
            claim.responsibility, payer.responsibility, "the payer's responsibility"
        )
        if responsibility is None:
            self.notes.lack("the payer's responsibility")
        elif responsibility != PRIMARY and claim.responsibility is None:
            self.notes.refuse(
                "the claim is not for the first payer, and tells nothing of the others"
            )
        member = self._one(claim.patient.member_id, parties.member_id, f"{who}'s member id")
        member = self.notes.text(member, f"{who}'s member id", 80, 2)
        relation = SELF if is_patient else ""
        known = self.notes.one_of(filing, "the payer's filing indicator", FILING)
        found = [
            _segment("SBR", responsibility or "", relation, "", "", "", "", "", "", known),
            self._named("IL", person.name, who, "MI", member),
        ]
        if is_patient:
            found += self._lives(person, who)
        name = self._one(claim.payer.name, payer.name, "the payer's name", str.casefold)
        ident = self._one(claim.payer.id, payer.id, "the payer's id")
        return [
            *found,
            _segment(
                "NM1", "PR", "2", self.notes.text(name, "the payer's name", 60), "", "", "", "",
                "PI", self.notes.text(ident, "the payer's id", 80, 2),
            ),
        ]  # fmt: skip

    def _patient(self, relationship: str | None) -> list[str]:
        person = self.parties.patient or PersonParty()
        if relationship is not None:  # else it was told that it is missing
            what = "the patient's relationship to the subscriber"
            self.notes.one_of(relationship, what, RELATIONSHIPS)
        return [
            _segment("PAT", relationship or ""),
            self._named("QC", person.name, Party.PATIENT),
            *self._lives(person, Party.PATIENT),
        ]

    def _lives(self, person: PersonParty, who: Party) -> Iterator[str]:
        """The address and the demographics of the patient."""
        told = self.claim.patient
        birth = self._one(told.birth_date, person.birth_date, f"{who}'s birth date")
        if birth is None:
            self.notes.lack(f"{who}'s birth date")
        sex = self.notes.one_of(
            self._one(told.sex, person.sex, f"{who}'s sex"), f"{who}'s sex", SEXES
        )
        yield from self._address(person.address, who)
        yield _segment("DMG", "D8", _d8(birth) if birth is not None else "", sex)

    def _named(
        self, entity: str, name: Name | None, who: Party | str, kind: str = "", number: str = ""
    ) -> str:
        """NM1 of a person or an organization."""
        name = name or Name()
        if not name.is_person:
            whole = self.notes.text(name.last, f"{who}'s name", 60)
            return _segment(
                "NM1", entity, "2", whole, "", "", "", "", kind if number else "", number
            )
        return _segment(
            "NM1", entity, "1",
            self.notes.text(name.last, f"{who}'s {'last name' if name.first else 'name'}", 60),
            self.notes.optional(name.first, f"{who}'s first name", 35),
            self.notes.optional(name.middle, f"{who}'s middle name", 25),
            "",
            self.notes.optional(name.suffix, f"{who}'s name suffix", 10),
            kind if number else "",
            number,
        )  # fmt: skip

    def _npi(self, told: Provider | None, party: ProviderParty, who: Party | str) -> str:
        what = f"{who}'s NPI"
        npi = self._one(told.npi if told is not None else None, party.npi, what)
        npi = self.notes.matching(npi, what, _NPI, "ten digits")
        if _NPI.fullmatch(npi) and not is_npi(npi):
            self.notes.refuse(f"{what} has a wrong check digit")
        return npi

    def _taxonomy(self, told: Provider | None, party: ProviderParty, who: Party | str) -> str:
        what = f"{who}'s taxonomy"
        code = self._one(told.taxonomy if told is not None else None, party.taxonomy, what)
        if not code:
            return ""
        return self.notes.matching(code, what, _TAXONOMY, "ten letters and digits")

    def _address(
        self,
        address: Address | None,
        who: Party,
        told: Provider | None = None,
        *,
        whole: bool = False,
    ) -> list[str]:
        """N3 and N4. Args: told, what the claim has of it; whole, whether nine digits are asked."""
        notes = self.notes
        address = address or Address()
        first, second, *more = [*address.lines, "", ""]
        if any(more):
            notes.refuse(f"{who}'s address has more than two lines")
        told = told or Provider()
        state = self._one(told.state, address.state, f"{who}'s state")
        zip_code = self._one(
            told.postal_code, address.postal_code, f"{who}'s ZIP code", lambda z: z.replace("-", "")
        )
        is_home = address.country in HOME
        n4 = ["N4", notes.text(address.city, f"{who}'s city", 30, 2)]
        if is_home:
            digits = (zip_code or "").replace("-", "")
            n4.append(notes.matching(state, f"{who}'s state", _STATE, "a code of two letters"))
            if whole and _ZIP.fullmatch(digits) and not _WHOLE_ZIP.fullmatch(digits):
                notes.lack(f"the last four digits of {who}'s ZIP code")
            n4.append(notes.matching(digits, f"{who}'s ZIP code", _ZIP, "five or nine digits"))
        else:
            what = f"{who}'s country"
            n4 += [
                notes.optional(state, f"{who}'s state", 2, 2),
                notes.optional(zip_code, f"{who}'s postal code", 15, 3),
                notes.matching(address.country, what, _COUNTRY, "a code of two letters"),
            ]
        return [
            _segment(
                "N3",
                notes.text(first, f"{who}'s address", 55),
                notes.optional(second, f"{who}'s address", 55),
            ),
            _segment(*n4),
        ]

    # --- the claim ------------------------------------------------------------------------------

    def _claim(self) -> Iterator[str]:
        claim, notes = self.claim, self.notes
        place = notes.matching(
            claim.place_of_service, "the place of service", _PLACE, "a code of two digits"
        )
        frequency = notes.one_of(claim.frequency, "the claim's frequency", FREQUENCIES)
        yield _segment(
            "CLM",
            notes.text(claim.id, "the claim's number", 38),
            self._total(),
            "",
            "",
            _composite(place, "B", frequency),
            *self.declared,
        )
        if len(claim.authorizations) > 1:
            notes.refuse("the claim has more than one authorization")
        for each in claim.authorizations[:1]:
            yield _segment("REF", "G1", notes.text(each, "the claim's authorization", 50))
        original = self.parties.original
        if frequency in FREQUENCIES[1:]:
            what = "the payer's number of the claim that this one replaces or voids"
            yield _segment("REF", "F8", notes.text(original, what, 50))
        elif original:
            notes.refuse("an original claim names another that it replaces")
        if len(claim.notes) > 1:
            notes.refuse("the claim has more than one note")
        for each in claim.notes[:1]:
            yield _segment("NTE", "ADD", notes.text(each, "the claim's note", 80))
        yield self._diagnoses()
        yield from self._rendering()
        if claim.service_facility is not None or self.parties.facility is not None:
            yield from self._facility()

    def _total(self) -> str:
        """The sum of the lines; the claim's own charge has to be that."""
        claim = self.claim
        total = Decimal(0)
        for number, line in enumerate(claim.lines, 1):
            if line.charge is not None:
                total += line.charge
            elif not self.uncharged:
                self.notes.lack(f"the charge of line {number}")
        if claim.charge is not None and claim.charge != total:
            self.notes.refuse("the claim's charge is not the sum of its lines'")
        return self.notes.amount(total, "the claim's charge", LONGEST_AMOUNT, CENTS)

    def _diagnoses(self) -> str:
        diagnoses, notes = self.claim.diagnoses, self.notes
        if not diagnoses:
            notes.lack("a diagnosis")
        if len(diagnoses) > MOST_DIAGNOSES:
            notes.refuse(f"the claim has more than {MOST_DIAGNOSES} diagnoses")
        if len({diagnosis.icd10 for diagnosis in diagnoses}) > 1:
            notes.refuse("the claim has diagnoses of ICD-9-CM and of ICD-10-CM")
        return _segment("HI", *(self._diagnosis(n, d) for n, d in enumerate(diagnoses)))

    def _diagnosis(self, position: int, diagnosis: Diagnosis) -> str:
        qualifier = ("ABK" if diagnosis.icd10 else "BK", "ABF" if diagnosis.icd10 else "BF")
        what = f"the ICD code of diagnosis {position + 1}"
        code = self.notes.matching(diagnosis.code, what, _ICD, "three to seven letters and digits")
        return _composite(qualifier[bool(position)], code)

    def _rendering(self) -> Iterator[str]:
        """2310B; left out where it is the billing provider, as the guide asks."""
        told, party = self.claim.rendering, self.parties.rendering
        if told is None and party is None:
            return
        party = party or ProviderParty()
        bills = self.claim.billing.npi or (self.parties.billing or ProviderParty()).npi
        npi = self._one(
            told.npi if told is not None else None, party.npi, f"{Party.RENDERING}'s NPI"
        )
        if npi is None or npi != bills:
            yield from self._treating(told, party, Party.RENDERING)

    def _treating(
        self, told: Provider | None, party: ProviderParty, who: Party | str
    ) -> Iterator[str]:
        yield self._named("82", party.name, who, "XX", self._npi(told, party, who))
        taxonomy = self._taxonomy(told, party, who)
        if taxonomy:
            yield f"PRV*PE*PXC*{taxonomy}"

    def _facility(self) -> Iterator[str]:
        told, party = self.claim.service_facility, self.parties.facility or ProviderParty()
        who = Party.FACILITY
        name = party.name or Name(is_person=False)
        if name.is_person:
            self.notes.refuse(f"{who} is a person")
        npi = ""
        if party.npi is not None or (told is not None and told.npi is not None):
            npi = self._npi(told, party, who)
        yield self._named("77", name, who, "XX", npi)
        yield from self._address(party.address, who, told, whole=True)

    # --- its lines ------------------------------------------------------------------------------

    def _lines(self) -> Iterator[str]:
        lines, notes = self.claim.lines, self.notes
        if not lines:
            notes.lack("a service line")
        if len(lines) > MOST_LINES:
            notes.refuse(f"the claim has more than {MOST_LINES} lines")
        places = {line.place_of_service for line in lines}
        controls = [line.control_number for line in lines if line.control_number]
        if len(set(controls)) < len(controls):
            notes.refuse("two lines have the same control number")
        for number, line in enumerate(lines, 1):
            if line.place_of_service is None and places != {None}:
                notes.lack(f"the place of service of line {number}")
            yield f"LX*{number}"
            yield self._service(number, line)
            yield self._dated(number, line)
            yield from self._details(number, line)

    def _service(self, number: int, line: ServiceLine) -> str:
        notes, of = self.notes, f"of line {number}"
        if len(line.modifiers) > MOST_MODIFIERS:
            notes.refuse(f"line {number} has more than {MOST_MODIFIERS} modifiers")
        code = notes.matching(line.code, f"the code {of}", _CODE, "five letters and digits")
        modifiers = [
            notes.matching(each, f"a modifier {of}", _MODIFIER, "two letters or digits")
            for each in line.modifiers
        ]
        units = ""
        if line.units is None:
            notes.lack(f"the units {of}")
        elif line.units == 0:
            notes.refuse(f"the units {of} are none")
        else:
            units = notes.amount(line.units, f"the number of units {of}", LONGEST_UNITS, 3)
        place = ""
        if line.place_of_service not in (None, self.claim.place_of_service):
            what = f"the place of service {of}"
            place = notes.matching(line.place_of_service, what, _PLACE, "a code of two digits")
        return _segment(
            "SV1",
            _composite("HC", code, *modifiers),
            notes.amount(line.charge or Decimal(0), f"the charge {of}", LONGEST_AMOUNT, CENTS),
            notes.one_of(line.unit_basis, f"the kind of units {of}", UNITS),
            units,
            place,
            "",
            self._pointers(number, line),
        )

    def _pointers(self, number: int, line: ServiceLine) -> str:
        notes = self.notes
        if not line.pointers:
            notes.lack(f"a diagnosis of line {number}")
        if len(line.pointers) > MOST_POINTERS:
            notes.refuse(f"line {number} points to more than {MOST_POINTERS} diagnoses")
        if any(not 0 < each <= len(self.claim.diagnoses) for each in line.pointers):
            notes.refuse(f"line {number} points to a diagnosis that is not there")
        return _composite(*map(str, line.pointers))

    def _dated(self, number: int, line: ServiceLine) -> str:
        first, last = line.date, line.date_end
        if first is None:
            self.notes.lack(f"the date of service of line {number}")
            return ""
        if last is None:
            return f"DTP*472*D8*{_d8(first)}"
        if last < first:
            self.notes.refuse(f"the service of line {number} ends before it begins")
        return f"DTP*472*RD8*{_d8(first)}-{_d8(last)}"

    def _details(self, number: int, line: ServiceLine) -> Iterator[str]:
        notes, of = self.notes, f"of line {number}"
        if len(line.authorizations) > MOST_LINE_AUTHORIZATIONS:
            notes.refuse(f"line {number} has more than {MOST_LINE_AUTHORIZATIONS} authorizations")
        for each in line.authorizations:
            yield _segment("REF", "G1", notes.text(each, f"an authorization {of}", 50))
        if line.control_number:
            yield _segment(
                "REF", "6R", notes.text(line.control_number, f"the control number {of}", 30)
            )
        if len(line.notes) > 1:
            notes.refuse(f"line {number} has more than one note")
        for each in line.notes[:1]:
            yield _segment("NTE", "ADD", notes.text(each, f"the note {of}", 80))
        party = self.parties.renderings.get(number)
        if line.rendering is not None or party is not None:
            who = f"the rendering provider {of}"
            yield from self._treating(line.rendering, party or ProviderParty(), who)


def is_npi(number: str) -> bool:
    """Whether ten digits are an NPI by their check digit (Luhn, with 80840 before them)."""
    total = 24  # of the prefix
    for position, digit in enumerate(map(int, reversed(number))):
        doubled = digit * 2 if position % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
