"""The neutral model: what rules see. Frozen, equal by value, without any trace of a format.

Dates are `date`, money and units are `Decimal`, identifiers are text. A field that the input does
not hold, or holds in a form that cannot be read, is None: never a default.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from adapter.spine import Joint, MedialBranch


class Facility(StrEnum):
    """Who bills: the professional, or an ambulatory surgical centre on a professional form."""

    PROFESSIONAL = "professional"
    ASC = "asc"
    UNKNOWN = "unknown"  # what would tell one from the other cannot be read


class Side(StrEnum):
    RIGHT = "RT"
    LEFT = "LT"


BILATERAL = "50"
SIDES = {"RT": Side.RIGHT, "LT": Side.LEFT}
BOTH = frozenset(Side)
NO_SIDE: frozenset[Side] = frozenset()


def sides_of(modifiers: tuple[str, ...]) -> frozenset[Side]:
    """The sides that a line names: one, both (50, or RT with LT), or none."""
    if BILATERAL in modifiers:
        return BOTH
    return frozenset(SIDES[modifier] for modifier in modifiers if modifier in SIDES) or NO_SIDE


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A billing, rendering or facility provider. `state` and `postal_code` are of its address."""

    npi: str | None = None
    taxonomy: str | None = None
    state: str | None = None
    postal_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who is asked to pay. `filing_indicator` is X12 code list 1032 (MB, CI, MC, …)."""

    name: str | None = None
    id: str | None = None
    filing_indicator: str | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """The cover that a claim rests on: FHIR's status of it, and the days on which it begins and
    ends, None where it does not tell them to the day."""

    status: str | None = None
    start: dt.date | None = None
    end: dt.date | None = None

    def holds(self, day: dt.date) -> bool:
        """Whether the day is within its days, as far as they are told."""
        return (self.start or day) <= day <= (self.end or day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Who was treated, as far as the history of services needs it. Never printed in a message."""

    member_id: str | None = None
    birth_date: dt.date | None = None
    sex: str | None = None
    is_subscriber: bool = True


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`code` in capitals and without its point, whatever the format writes; empty where the input
    has a diagnosis that it does not code in ICD.

    `dotted`: it was sent with a decimal point in a format that carries none.
    """

    code: str
    icd10: bool = True  # else ICD-9-CM, of services before 2015-10-01
    dotted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjudication:
    """What another payer has already reported for a line (COB)."""

    payer_id: str | None = None
    paid: Decimal | None = None
    code: str | None = None
    modifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPayer:
    """Another payer of the same claim (COB)."""

    payer: Payer
    responsibility: str | None = None
    paid: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """Further detail of a line that the model does not interpret.

    It is there so that two lines can be compared: `name` may be shown, `value` never.
    """

    name: str
    value: str


def differing(one: Sequence[Attachment], other: Sequence[Attachment]) -> set[str]:
    """The names of the attachments that two lines do not share, each as often as it stands."""
    first, second = Counter(one), Counter(other)
    return {attachment.name for attachment in (first - second) + (second - first)}


class Trouble(StrEnum):
    """What kind of thing is odd in a resource."""

    STRUCTURE = "structure"  # not the form that the format asks for
    REFERENCE = "reference"  # points to nothing, or to more than one
    PROVIDER = "provider"  # who bills is said in two ways
    AMOUNT = "amount"  # amounts that do not fit together, or are of another currency
    MEANING = "meaning"  # something may turn round what the rest says
    CODE_SYSTEM = "code-system"  # a code under a system that says nothing about billing


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something in the input that a model cannot hold, as the document met it.

    `place` is relative to the resource (`item[0].net.value`, empty for the whole), `what` one
    clause without a value of the claim, `line` the number of the line that it is on. `blocking`:
    without what it hides, what rules say of the claim could be wrong.
    """

    kind: Trouble
    place: str
    what: str
    line: int | None = None
    blocking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLine:
    """One billed line.

    `number` is the line's own (LX01, `item.sequence`), or its position where those are not unique.
    `code` is empty where the line has none in HCPCS or CPT. `units` count `unit_basis`, mostly UN.
    `date` is the first day of service. `pointers` are positions in `Claim.diagnoses`, from 1;
    `diagnoses` are what they point to, those that point to nothing left out.
    """

    number: int
    code: str
    modifiers: tuple[str, ...] = ()
    charge: Decimal | None = None
    units: Decimal | None = None
    unit_basis: str | None = "UN"
    date: dt.date | None = None
    date_end: dt.date | None = None
    place_of_service: str | None = None
    pointers: tuple[int, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    control_number: str | None = None
    authorizations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rendering: Provider | None = None
    adjudications: tuple[Adjudication, ...] = ()
    attachments: tuple[Attachment, ...] = field(default=(), compare=False)

    @property
    def sides(self) -> frozenset[Side]:
        return sides_of(self.modifiers)

    @property
    def whole_units(self) -> int | None:
        """Whole units of at least one, else None: those that can be counted with."""
        units = self.units
        if units is None or self.unit_basis != "UN" or units < 1 or units % 1:
            return None
        return int(units)


# --- what was done ------------------------------------------------------------------------------


class Intent(StrEnum):
    """What an injection is for: to find the joint that hurts, or to treat it."""

    DIAGNOSTIC = "diagnostic"
    THERAPEUTIC = "therapeutic"


class Technique(StrEnum):
    """How a facet joint, or a nerve of it, was treated."""

    INTRA_ARTICULAR = "intra-articular injection"
    BRANCH_BLOCK = "medial branch block"
    INJECTION = "facet injection"  # into the joint or at its nerves: it is not said which
    CYST = "rupture or aspiration of a facet cyst"
    THERMAL = "thermal radiofrequency ablation"  # and radiofrequency ablation without further words
    COOLED = "cooled radiofrequency ablation"
    PULSED = "pulsed radiofrequency"
    CHEMICAL = "chemical neurolysis"
    CRYO = "cryoneurolysis"
    LASER = "laser ablation"
    ENDOSCOPIC = "endoscopic or open denervation"


class Family(StrEnum):
    """What a procedure seems to be that is no facet joint intervention."""

    SACROILIAC = "a sacroiliac joint intervention"
    GENICULAR = "a genicular nerve intervention"
    BASIVERTEBRAL = "a basivertebral nerve ablation"
    EPIDURAL = "an epidural injection"
    NERVE_ROOT = "a nerve root block"
    SYMPATHETIC = "a sympathetic block"
    OCCIPITAL = "an occipital nerve block"
    TRIGGER_POINT = "a trigger point injection"
    FASCIAL_PLANE = "a fascial plane block"
    INTERCOSTAL = "an intercostal nerve block"
    PERIPHERAL_NERVE = "another peripheral nerve block or destruction"
    OTHER_JOINT = "an injection of another joint"
    DISC = "an intervention on a disc"
    VERTEBRAL_AUGMENTATION = "a vertebral augmentation"
    NEUROSTIMULATION = "neurostimulation"
    SPINE_SURGERY = "an operation on the spine"


class Guidance(StrEnum):
    """The imaging that guided the needle; `NONE` where it is said that there was none."""

    FLUOROSCOPY = "fluoroscopy"
    CT = "CT"
    ULTRASOUND = "ultrasound"
    MRI = "MRI"
    NONE = "no imaging"


class Element(StrEnum):
    """What policy asks the documentation of a procedure for, in the order in which it is told.

    The first six are asked for by every payer whose policy was read.
    """

    INDICATION = "indication"
    LOCATION = "anatomical location"
    TECHNIQUE = "technique"
    MEDICATIONS = "medications"
    RESPONSE = "patient response"
    COMPLICATIONS = "complications"
    GUIDANCE = "imaging guidance"
    IMAGES = "saved images"
    REPORT = "signed report"
    PAIN_BEFORE = "pain score before"
    PAIN_AFTER = "pain score after"
    CONSENT = "consent"


class Status(StrEnum):
    """How far a procedure went. `UNKNOWN` is every status that tells of nothing done."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    NOT_DONE = "not-done"
    ERROR = "entered-in-error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Target:
    """Joints named, and nerves treated, on the same sides; no sides where the text names none."""

    sides: frozenset[Side] = NO_SIDE
    joints: frozenset[Joint] = frozenset()
    branches: frozenset[MedialBranch] = frozenset()


@dataclass(frozen=True, slots=True)
class NotRead:
    """A part of the documentation that could not be read: its place, and why, without its words.

    `blocking`: it may say what was treated, so that what was read may not be all.
    """

    place: str
    why: str
    blocking: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """What is documented of one procedure. Nothing in it is a bill.

    `reference` is `Procedure/` and its id, `place` where it stands; `patient` the reference to its
    subject, and `person` what two references to one patient have in common, None where nothing
    does; `parts` are references to the procedures that it is part of. `codes` are CPT or HCPCS
    codes that name it.
    Sets hold all that is said: more than one technique is a contradiction or a second act. An empty
    set says nothing. Pain is from 0 to 10, or to 100 in both. `evidence` leads from a field's name
    to the places that it was read from.
    """

    reference: str
    place: str = field(default="", compare=False)
    patient: str | None = None
    person: str | None = field(default=None, compare=False)
    date: dt.date | None = None
    status: Status = Status.UNKNOWN
    codes: tuple[str, ...] = ()
    techniques: frozenset[Technique] = frozenset()
    families: frozenset[Family] = frozenset()
    guidance: frozenset[Guidance] = frozenset()
    intents: frozenset[Intent] = frozenset()
    targets: tuple[Target, ...] = ()
    documented: frozenset[Element] = frozenset()
    pain_before: Decimal | None = None
    pain_after: Decimal | None = None
    indications: tuple[Diagnosis, ...] = ()
    parts: tuple[str, ...] = ()
    not_read: tuple[NotRead, ...] = field(default=(), compare=False)
    evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    @property
    def intent(self) -> Intent | None:
        """What it was for, where one thing alone is said."""
        return next(iter(self.intents)) if len(self.intents) == 1 else None

    @property
    def sources(self) -> tuple[str, ...]:
        """The places of all that was read of it, each once."""
        return tuple(dict.fromkeys(place for places in self.evidence.values() for place in places))


# --- what was billed ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One professional claim as it was billed.

    `id` is the submitter's number of the claim. `frequency` is 1 original, 7 replacement, 8 void.
    `authorizations` and `notes` are those of the whole claim; a line may have its own.
    `professional`: it asks for payment of professional services; others (a FHIR Claim may be
    institutional, a preauthorization, or cancelled) are not judged. `oddities` are of the document.
    `procedures` document the session: those that came with the claim. `has_siblings`: another claim
    of the patient with codes of ours came with them. `coverage` is known where
    the format tells of it.
    """

    id: str
    charge: Decimal | None = None
    place_of_service: str | None = None
    frequency: str | None = None
    facility: Facility = Facility.PROFESSIONAL
    responsibility: str | None = None
    payer: Payer = Payer()
    billing: Provider = Provider()
    rendering: Provider | None = None
    service_facility: Provider | None = None
    patient: Patient = Patient()
    diagnoses: tuple[Diagnosis, ...] = ()
    authorizations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    other_payers: tuple[OtherPayer, ...] = ()
    lines: tuple[ServiceLine, ...] = ()
    professional: bool = True
    oddities: tuple[Oddity, ...] = field(default=(), compare=False)
    procedures: tuple[Procedure, ...] = field(default=(), compare=False)
    has_siblings: bool = field(default=False, compare=False)
    coverage: Coverage | None = field(default=None, compare=False)

    def line(self, number: int) -> ServiceLine:
        """The line with that number. Raises: KeyError."""
        for line in self.lines:
            if line.number == number:
                return line
        raise KeyError(number)

    @property
    def line_charges(self) -> Decimal | None:
        """The sum of the lines' charges; None where one of them cannot be read."""
        charges = [line.charge for line in self.lines if line.charge is not None]
        return sum(charges, Decimal(0)) if len(charges) == len(self.lines) else None

    @property
    def is_out_of_balance(self) -> bool:
        """Whether the claim's charge is known not to be the sum of its lines'."""
        total = self.line_charges
        return None not in (self.charge, total) and self.charge != total

    @property
    def state(self) -> str | None:
        """The state of service: of the service facility, else of the billing provider."""
        if self.service_facility is not None and self.service_facility.state is not None:
            return self.service_facility.state
        return self.billing.state


ASC_PLACE = "24"
ASC_TAXONOMY = "261QA1903X"
ASC_MODIFIER = "SG"


def facility_of(billing: Provider, lines: Sequence[ServiceLine]) -> Facility:
    """What kind of claim it is: place of service 24 alone is the surgeon's own claim.

    It is the facility's where the billing provider is an ambulatory surgical centre by taxonomy, or
    a line says so by SG. (A payer profile that is for such facilities alone says so too.)
    """
    if any(line.place_of_service == ASC_PLACE for line in lines) and (
        billing.taxonomy == ASC_TAXONOMY or any(ASC_MODIFIER in line.modifiers for line in lines)
    ):
        return Facility.ASC
    return Facility.PROFESSIONAL


class EnvelopeLevel(StrEnum):
    TRANSACTION_SET = "transaction set"
    GROUP = "functional group"
    INTERCHANGE = "interchange"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An envelope that was read to its end: what its trailer declares and what is there.

    `control_number` opened it, `closing_number` closed it; `declared` and `counted` are of the
    segments (set), sets (group) or groups (interchange) in it. `identity` tells an interchange
    from all others of the same sender: a repeated one was submitted twice.
    """

    level: EnvelopeLevel
    position: int  # from 1, among those of its level in the input
    control_number: str
    closing_number: str
    declared: str
    counted: int
    identity: tuple[str, ...] = ()
