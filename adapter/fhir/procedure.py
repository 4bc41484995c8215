"""Reads a FHIR Procedure, and the resources that tell of it, as a `Procedure`.

A Procedure is evidence: what it says is kept with the place where it says so, what cannot be read
is told, and nothing is filled in. Which element of R4 says what follows the R4 definition, mCODE
for the side of a body site, and what documentation policy asks for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from adapter import intent
from adapter.fhir.links import Links, Scope
from adapter.fhir.reading import Fields, coded, performed, string
from adapter.fhir.spans import Value
from adapter.fhir.systems import (
    IS_BILLING,
    IS_DICOM,
    IS_ICD_9_CM,
    IS_ICD_10_CM,
    IS_LOINC,
    IS_SNOMED,
    plain,
)
from adapter.model import (
    BOTH,
    Claim,
    Diagnosis,
    Element,
    Guidance,
    Intent,
    NotRead,
    Procedure,
    Side,
    Status,
    Target,
    Technique,
)
from adapter.targets import Reading, Unread, read_code, read_targets
from adapter.technique import (
    EITHER,
    HOT_PULSES,
    NOT_HOT,
    NOT_THERMAL,
    QUESTIONED,
    Said,
    read_note,
    read_title,
)

CATEGORIES = {"103693007": Intent.DIAGNOSTIC, "277132007": Intent.THERAPEUTIC}
"""SNOMED CT codes of Procedure.category (FHIR R4 value set procedure-category)."""

FLUOROSCOPY = "44491008"  # SNOMED CT
MODALITIES = {
    "RF": Guidance.FLUOROSCOPY,
    "XA": Guidance.FLUOROSCOPY,
    "CT": Guidance.CT,
    "US": Guidance.ULTRASOUND,
    "MR": Guidance.MRI,
}
"""DICOM modalities of an ImagingStudy."""


class _Guided(NamedTuple):
    by: Guidance
    sides: frozenset[Side] = frozenset()


GUIDED = {
    "24931-8": _Guided(Guidance.FLUOROSCOPY),
    "26322-8": _Guided(Guidance.FLUOROSCOPY, BOTH),
    "26323-6": _Guided(Guidance.FLUOROSCOPY, frozenset((Side.LEFT,))),
    "26324-4": _Guided(Guidance.FLUOROSCOPY, frozenset((Side.RIGHT,))),
    "30579-7": _Guided(Guidance.CT),
    "30812-2": _Guided(Guidance.FLUOROSCOPY),
    "30814-8": _Guided(Guidance.FLUOROSCOPY),
    "30817-1": _Guided(Guidance.FLUOROSCOPY),
    "72540-8": _Guided(Guidance.FLUOROSCOPY),
    "72541-6": _Guided(Guidance.FLUOROSCOPY),
    "72542-4": _Guided(Guidance.FLUOROSCOPY),
    "70921-2": _Guided(Guidance.CT),
    "35932-3": _Guided(Guidance.CT),
    "70922-0": _Guided(Guidance.CT),
}
"""LOINC codes of imaging that guides an injection or denervation of facet joints, or a block at the
spine. Source: the LOINC table, as extracted in a public memo of 2026-09-15."""

PAIN_SCORES = ("72514-3", "38208-5", "38214-3")
"""LOINC codes of pain severity: verbal 0 to 10, reported, visual analog."""

NERVES = frozenset((
    Technique.BRANCH_BLOCK, Technique.THERMAL, Technique.COOLED, Technique.PULSED,
    Technique.CHEMICAL, Technique.CRYO, Technique.LASER, Technique.ENDOSCOPIC,
))  # fmt: skip
"""Techniques that are done at nerves: a bare level beside them is one, or may be."""

JOINTS = frozenset((Technique.INTRA_ARTICULAR, Technique.CYST))

REFUSED = ("declin", "refus", "withdr", "without")
GIVEN = ("completed", "in-progress", "stopped")
VOID = ("entered-in-error", "cancelled", "registered", "superseded")
"""Statuses of what tells nothing (any more)."""

LONGEST_NAME, LONGEST_NOTE = 500, 20_000
"""Letters that are read of a name and of a note; those that are written are far shorter."""

TARGET_EXTENSION = "procedure-targetBodyStructure"
STATUSES = {
    "completed": Status.COMPLETED,
    "stopped": Status.STOPPED,
    "not-done": Status.NOT_DONE,
    "entered-in-error": Status.ERROR,
}


def documented(
    root: Value, scope: Scope, url: str | None, path: str, claim: Claim
) -> list[Procedure]:
    """The Procedures that document a Claim: those that it refers to; failing that, the ones of its
    patient and of a day on which it bills, where one of them may be a facet joint intervention.

    Args: root, the Claim; url, its entry's fullUrl; path, the expression that leads to it.
    """
    fields = Fields()
    links = Links(root, scope, url, fields, path)
    found: list[Procedure] = []
    read: set[str] = set()
    named = False
    patient = string(fields.object(root, "patient", ""), "reference")
    person = scope.subject(patient, url) if patient is not None else None
    for position, member in fields.objects(root, "procedure", ""):
        where = f"procedure[{position}]"
        held = fields.object(member, "procedureReference", where)
        if held is None:
            continue
        named = True
        resource = links.follow(held, f"{where}.procedureReference")
        if resource is None:
            place = f"{path}.{where}.procedureReference"
            found.append(_elsewhere(held, place))
            continue
        place = links.place(resource)
        if string(resource, "resourceType") != "Procedure" or place in read:
            continue
        read.add(place)
        procedure = read_procedure(resource, scope, links.url(resource), place, owner=links)
        if procedure.date is None:
            procedure = replace(procedure, date=fields.day(member, "date", where))
        found.append(_of_patient(procedure, person))
    if named:
        return found
    days = {line.date for line in claim.lines if line.date is not None}
    beside = scope.procedures(patient, url, days) if patient is not None else ()
    return [
        read_procedure(there.value, scope, there.url, there.path)
        for there in beside
        if there.value is not None
    ]


def _of_patient(procedure: Procedure, person: str | None) -> Procedure:
    """One of another patient documents nothing of this claim's."""
    if None in (person, procedure.person) or procedure.person == person:
        return procedure
    told = NotRead(f"{procedure.place}.subject", "it is of another patient than the claim")
    return replace(procedure, not_read=(*procedure.not_read, told))


def _elsewhere(held: Value, place: str) -> Procedure:
    """A Procedure that is referred to and not at hand."""
    reference = string(held, "reference") or ""
    return Procedure(reference=reference, place=place, not_read=(NotRead(place, "is not at hand"),))


def read_procedure(
    root: Value, scope: Scope, url: str | None, path: str, *, owner: Links | None = None
) -> Procedure:
    """What a Procedure and the resources that tell of it document.

    Args: url, its entry's fullUrl; path, the expression that leads to it; owner, the links of the
    resource that contains it, if one does.
    """
    known = scope.memory.get(path)
    if isinstance(known, Procedure) and CONTAINED not in path:
        return known
    found = _Reader(root, scope, url, path, owner).procedure()
    if CONTAINED not in path:
        scope.memory[path] = found
    return found


CONTAINED = ".contained["


@dataclass(slots=True)
class _Facts:
    """What was read so far, with the places that it was read from."""

    techniques: set[Technique] = field(default_factory=set)
    guidance: set[Guidance] = field(default_factory=set)
    intents: set[Intent] = field(default_factory=set)
    sides: set[frozenset[Side]] = field(default_factory=set)  # said of the whole procedure
    elements: set[Element] = field(default_factory=set)
    not_read: list[NotRead] = field(default_factory=list)
    evidence: dict[str, list[str]] = field(default_factory=dict)

    def told(self, fact: str, place: str) -> None:
        places = self.evidence.setdefault(fact, [])
        if place not in places:
            places.append(place)


class _Reader:
    """Reads one Procedure once."""

    def __init__(
        self, root: Value, scope: Scope, url: str | None, path: str, owner: Links | None
    ) -> None:
        self.root, self.scope, self.url, self.path = root, scope, url, path
        self.fields = Fields()
        self.links = owner or Links(root, scope, url, self.fields, path)
        self.facts = _Facts()
        self.scores: list[_Score] = []
        self.names: list[tuple[str, str]] = []  # notes that are as short as a name, and their place
        self.patient = string(root.get("subject"), "reference")
        self.person = scope.subject(self.patient, url) if self.patient is not None else None

    def procedure(self) -> Procedure:
        root, facts = self.root, self.facts
        self._meant()
        title = self._title()
        facts.techniques |= title.techniques
        self._status_told()
        self._intent()
        self._used()
        self._notes()
        self._results()
        for there in self.scope.about(root, self.url):
            if there.value is not None:
                self._about(there.value, there.path)
        self._wholes()
        indications = self._indications()
        targets = self._targets(title)
        before, after = _pair(self.scores)
        return Procedure(
            reference=_reference(root, self.url),
            place=self.path,
            patient=self.patient,
            person=self.person,
            date=performed(self.root, self.fields),
            status=self._status(),
            codes=self._codes(),
            techniques=frozenset(facts.techniques),
            families=title.families,
            guidance=frozenset(facts.guidance),
            intents=frozenset(facts.intents),
            targets=targets,
            documented=frozenset(facts.elements),
            pain_before=before,
            pain_after=after,
            indications=indications,
            parts=self._parts(),
            not_read=tuple(facts.not_read),
            evidence={fact: tuple(places) for fact, places in facts.evidence.items()},
        )

    # --- the procedure itself -------------------------------------------------------------------

    def _meant(self) -> None:
        """Elements that can turn the meaning of others round: who does not know them stops."""
        for name in ("modifierExtension", "implicitRules"):
            if self.root.get(name) is not None:
                self._unread(name, "may change what is meant, in a way that is not known here")

    def _unread(self, place: str, why: str, *, blocking: bool = True) -> None:
        where = place if place.startswith(self.path) else f"{self.path}.{place}"
        if not place:
            where = self.path
        self.facts.not_read.append(NotRead(where, why, blocking))

    def _concept(self, parent: Value | None, name: str, path: str) -> Value | None:
        return self.fields.object(parent, name, path)

    def _words(self, concept: Value | None) -> list[str]:
        """The words of a CodeableConcept: its text, and what its codings display."""
        if concept is None:
            return []
        text = string(concept, "text")
        shown = [
            words
            for coding in Fields().codings(concept, "")
            if coding.system not in IS_BILLING  # theirs are the owner's, and of no procedure
            and (words := string(coding.value, "display")) is not None
        ]
        found = [text, *(words for words in shown if words != text)] if text else shown
        if any(len(words) > LONGEST_NAME for words in found):
            self._unread("", f"a name in it is longer than {LONGEST_NAME:,} letters")
        return [words for words in found if len(words) <= LONGEST_NAME]

    def _title(self) -> Said:
        """What the words of `code` say, taken together."""
        concept = self._concept(self.root, "code", "")
        place = f"{self.path}.code"
        said = _together(map(read_title, self._words(concept)))
        codings = self.fields.codings(concept, "code")
        if any(c.system in IS_SNOMED and c.code == FLUOROSCOPY for c in codings):
            self._guided(Guidance.FLUOROSCOPY, place)
        for by in said.guidance:
            self._guided(by, place)
        if said.techniques or said.families or codings:
            self.facts.told("code", place)
        if said.techniques:
            self.facts.elements.add(Element.TECHNIQUE)
        is_coded = bool(coded(codings, IS_BILLING)) and not said.techniques
        if said.unclear and not (is_coded and said.unclear not in AGAINST):
            self._unread("code", said.unclear)
        return said

    def _codes(self) -> tuple[str, ...]:
        concept = self._concept(self.root, "code", "")
        billed = coded(self.fields.codings(concept, "code"), IS_BILLING)
        return tuple(dict.fromkeys(coding.code.upper() for coding in billed))

    def _status(self) -> Status:
        return STATUSES.get(string(self.root, "status") or "", Status.UNKNOWN)

    def _status_told(self) -> None:
        if self.root.get("status") is not None:
            self.facts.told("status", f"{self.path}.status")

    def _intent(self) -> None:
        category = self._concept(self.root, "category", "")
        place = f"{self.path}.category"
        for coding in coded(self.fields.codings(category, "category"), IS_SNOMED):
            if coding.code in CATEGORIES:
                self._meant_for(CATEGORIES[coding.code], place)
        for words in self._words(category):
            said = words.strip().lower()
            for each in Intent:
                if said.split() in ([each.value], [each.value, "procedure"]):
                    self._meant_for(each, place)
        if not self.facts.intents:
            for words in self._words(self.root.get("code")):
                self._said_of_intent(words, f"{self.path}.code")

    def _meant_for(self, each: Intent, place: str) -> None:
        self.facts.intents.add(each)
        self.facts.told("intent", place)

    def _guided(self, by: Guidance, place: str) -> None:
        self.facts.guidance.add(by)
        self.facts.elements.add(Element.GUIDANCE)
        self.facts.told("guidance", place)

    def _used(self) -> None:
        """What was used: imaging may be among it."""
        for position, concept in self.fields.objects(self.root, "usedCode", ""):
            place = f"usedCode[{position}]"
            if any(
                c.system in IS_SNOMED and c.code == FLUOROSCOPY
                for c in self.fields.codings(concept, place)
            ):
                self._guided(Guidance.FLUOROSCOPY, f"{self.path}.{place}")
            self._tools(self._words(concept), f"{self.path}.{place}")
        for position, held in self.fields.objects(self.root, "usedReference", ""):
            place = f"usedReference[{position}]"
            device = self.links.follow(held, place, self.root)
            words = [string(held, "display") or ""]
            if device is not None:
                words += self._words(device.get("type"))
                words += [
                    string(name, "name") or ""
                    for _, name in Fields().objects(device, "deviceName", "")
                ]
            self._tools(words, f"{self.path}.{place}")

    def _tools(self, words: Iterable[str], place: str) -> None:
        for text in words:
            for by in read_title(text).guidance:
                self._guided(by, place)
            if Element.MEDICATIONS in read_note(text).elements:
                self.facts.elements.add(Element.MEDICATIONS)

    def _notes(self) -> None:
        for position, note in self.fields.objects(self.root, "note", ""):
            self._note(string(note, "text") or "", f"{self.path}.note[{position}]")
        for name, element in (
            ("outcome", Element.RESPONSE),
            ("complication", Element.COMPLICATIONS),
            ("complicationDetail", Element.COMPLICATIONS),
        ):
            held = self.root.get(name)
            if held is not None and (held.members or held.elements):
                self.facts.elements.add(element)

    def _note(self, text: str, place: str) -> None:
        if len(text) > LONGEST_NOTE:
            self._unread(place, f"it is longer than {LONGEST_NOTE:,} letters")
            return
        if len(text) <= LONGEST_NAME:
            self.names.append((text, place))
        noted = read_note(text)
        for by in noted.guidance:
            self._guided(by, place)
        self.facts.elements |= noted.elements
        self.facts.techniques |= noted.techniques
        if noted.techniques:
            self.facts.told("code", place)
        if noted.unclear and not self.facts.techniques & {Technique.PULSED, Technique.COOLED}:
            self._unread(place, noted.unclear)
        if noted.stopped and self._status() is Status.COMPLETED:
            self._unread(place, "says that it was stopped, which its status does not")
        for element, score in (
            (Element.PAIN_BEFORE, noted.pain_before),
            (Element.PAIN_AFTER, noted.pain_after),
        ):
            if score is not None:
                self._scored(_Score(element, score, place, None, place))
        self._said_of_intent(text, place)

    def _said_of_intent(self, text: str, place: str) -> None:
        """A text that says both ("diagnostic or therapeutic") says neither."""
        stated = intent.stated((text,))
        if len(stated) == 1:
            self._meant_for(next(iter(stated)), place)

    def _scored(self, score: _Score) -> None:
        self.facts.elements.add(score.element)
        self.facts.told("pain", score.place)
        self.scores.append(score)

    def _indications(self) -> tuple[Diagnosis, ...]:
        """The reasons that are coded in ICD."""
        found: list[Diagnosis] = []
        for position, concept in self.fields.objects(self.root, "reasonCode", ""):
            self._indicated(concept, f"{self.path}.reasonCode[{position}]", found)
        for position, held in self.fields.objects(self.root, "reasonReference", ""):
            place = f"reasonReference[{position}]"
            condition = self.links.follow(held, place, self.root)
            self._indicated(
                condition.get("code") if condition is not None else None,
                f"{self.path}.{place}",
                found,
            )
        return tuple(dict.fromkeys(found))

    def _indicated(self, concept: Value | None, place: str, found: list[Diagnosis]) -> None:
        self.facts.elements.add(Element.INDICATION)
        self.facts.told("indication", place)
        for coding in Fields().codings(concept, ""):
            if coding.system in IS_ICD_10_CM or coding.system in IS_ICD_9_CM:
                code = coding.code.upper().replace(".", "")
                found.append(Diagnosis(code, icd10=coding.system in IS_ICD_10_CM))

    def _parts(self) -> tuple[str, ...]:
        held = (each for _, each in self.fields.objects(self.root, "partOf", ""))
        return tuple(reference for each in held if (reference := string(each, "reference")))

    # --- what tells of it -----------------------------------------------------------------------

    def _results(self) -> None:
        for position, held in self.fields.objects(self.root, "report", ""):
            place = f"report[{position}]"
            report = self.links.follow(held, place, self.root)
            if report is None:  # it is elsewhere, and who signed it is not known
                self.facts.elements.add(Element.REPORT)
                continue
            self._report(report, self.links.place(report) or f"{self.path}.{place}")

    def _is_of_patient(self, resource: Value) -> bool:
        """Whether a resource is not known to be of somebody else."""
        reference = string(resource.get("subject"), "reference")
        if reference is None or self.person is None or reference.startswith("#"):
            return True
        return self.scope.subject(reference, self.url) in (None, self.person)

    def _report(self, report: Value, place: str) -> None:
        """A DiagnosticReport, DocumentReference or Composition."""
        if string(report, "status") in VOID or not self._is_of_patient(report):
            return
        concept = report.get("code") if report.get("code") is not None else report.get("type")
        self._images(concept, place)
        for words in self._words(concept):
            for by in read_title(words).guidance:
                self._guided(by, place)
        for name in ("conclusion", "description"):
            text = string(report, name)
            if text:
                self._note(text, place)
        signed = any(
            report.get(name) is not None
            for name in ("authenticator", "resultsInterpreter", "attester")
        )
        if (
            signed
            or string(report, "docStatus") == "final"
            or (
                string(report, "resourceType") == "DiagnosticReport"
                and string(report, "status")
                in (
                    "final",
                    "amended",
                    "corrected",
                    "appended",
                )
            )
        ):
            self.facts.elements.add(Element.REPORT)
        if report.get("media") is not None or report.get("imagingStudy") is not None:
            self.facts.elements.add(Element.IMAGES)
        titles = [words.lower() for words in self._words(concept)]
        if any("consent" in words and not any(no in words for no in REFUSED) for words in titles):
            self.facts.elements.add(Element.CONSENT)

    def _images(self, concept: Value | None, place: str) -> None:
        for coding in coded(Fields().codings(concept, ""), IS_LOINC):
            guided = GUIDED.get(coding.code)
            if guided is not None:
                self._guided(guided.by, place)
                if guided.sides:
                    self._sided(guided.sides, place)

    def _sided(self, sides: frozenset[Side], place: str) -> None:
        self.facts.sides.add(sides)
        self.facts.told("sides", place)

    def _about(self, resource: Value, place: str) -> None:
        """A resource that refers to the procedure."""
        match string(resource, "resourceType"):
            case "MedicationAdministration":
                if string(resource, "status") in GIVEN and self._is_of_patient(resource):
                    self.facts.elements.add(Element.MEDICATIONS)
                    self.facts.told("medications", place)
            case "Observation":
                self._observation(resource, place)
            case "ImagingStudy":
                self._study(resource, place)
            case "DocumentReference":
                self._report(resource, place)
            case "Provenance":
                if resource.get("signature") is not None:
                    self.facts.elements.add(Element.REPORT)
            case "Procedure":
                self._part(resource, place)
            case _:
                pass

    def _part(self, part: Value, place: str) -> None:
        """A procedure that is part of this one: imaging of its own guides it."""
        words = self._words(part.get("code"))
        said = _together(map(read_title, words))
        if _is_done(part) and not said.techniques and not said.families:
            for by in said.guidance:
                self._guided(by, f"{place}.code")
            codings = Fields().codings(part.get("code"), "")
            if any(c.system in IS_SNOMED and c.code == FLUOROSCOPY for c in codings):
                self._guided(Guidance.FLUOROSCOPY, f"{place}.code")

    def _wholes(self) -> None:
        """Of the procedures that this one is part of: the imaging and the intent, where it tells
        none of its own."""
        facts = self.facts
        for position, held in self.fields.objects(self.root, "partOf", ""):
            whole = self.links.follow(held, f"partOf[{position}]", self.root)
            if whole is None or string(whole, "resourceType") != "Procedure" or not _is_done(whole):
                continue
            reader = self._whole(whole)
            for name, own in (("guidance", facts.guidance), ("intent", facts.intents)):
                if not own:
                    for each in reader.facts.evidence.get(name, ()):
                        facts.told(name, each)
            if not facts.guidance:
                facts.guidance |= reader.facts.guidance
                facts.elements |= reader.facts.elements & {Element.GUIDANCE}
            if not facts.intents:
                facts.intents |= reader.facts.intents

    def _whole(self, whole: Value) -> _Reader:
        """A procedure that this one is part of, read once for all its parts."""
        place = self.links.place(whole)
        known = self.scope.memory.get(f"whole {place}")
        if isinstance(known, _Reader):
            return known
        reader = _Reader(whole, self.scope, self.links.url(whole), place, self.links)
        reader.told_of_parts()
        if CONTAINED not in place:  # elsewhere a place is of one resource alone
            self.scope.memory[f"whole {place}"] = reader
        return reader

    def told_of_parts(self) -> None:
        """Reads what holds for the parts of a procedure too."""
        self._title()
        self._intent()
        self._used()
        self._notes()

    def _study(self, study: Value, place: str) -> None:
        started = _instant(string(study, "started"))
        day = performed(self.root, Fields())
        is_elsewhen = started is not None and day is not None and _date(started) != day
        if string(study, "status") in VOID or not self._is_of_patient(study) or is_elsewhen:
            return
        self.facts.elements.add(Element.IMAGES)
        for _, modality in Fields().objects(study, "modality", ""):
            system, code = string(modality, "system"), string(modality, "code")
            if code in MODALITIES and (system is None or plain(system) in IS_DICOM):
                self._guided(MODALITIES[code], place)
        for _, concept in Fields().objects(study, "procedureCode", ""):
            self._images(concept, place)

    def _observation(self, resource: Value, place: str) -> None:
        """A pain score, before or after as far as that is told."""
        if string(resource, "status") in ("cancelled", "entered-in-error"):
            return
        concept = resource.get("code")
        codings = coded(Fields().codings(concept, ""), IS_LOINC)
        if not any(coding.code in PAIN_SCORES for coding in codings):
            return
        element = _moment(resource, self.root, self._words(concept))
        if element is None:
            return
        self.facts.elements.add(element)
        value, unit = _measured(resource)
        if value is not None and self._is_of_patient(resource):
            scale = f"{sorted(coding.code for coding in codings)} {unit}"
            taken = _instant(string(resource, "effectiveDateTime"))
            self._scored(_Score(element, value, scale, taken, place))

    # --- where ----------------------------------------------------------------------------------

    def _targets(self, title: Said) -> tuple[Target, ...]:
        """Joints and nerves by side: from the body sites, or else from the words of the code. What
        is said twice has to be the same."""
        facts = self.facts
        techniques = title.techniques | facts.techniques
        nerves = True if techniques and techniques <= NERVES else None
        if techniques and techniques <= JOINTS:
            nerves = False
        named: list[Target] = []
        for position, site in self.fields.objects(self.root, "bodySite", ""):
            named += self._site(site, f"{self.path}.bodySite[{position}]", nerves)
        structures: list[Target] = []
        for position, extension in self.fields.objects(self.root, "extension", ""):
            if (string(extension, "url") or "").endswith(TARGET_EXTENSION):
                structures += self._structure(extension, f"extension[{position}]", nerves)
        if named and structures:
            self._compared(structures, named, f"{self.path}.bodySite", "the body structure")
            if not all(target.sides for target in named):
                named = structures
        named = named or structures
        has_site = Element.LOCATION in facts.elements
        place = f"{self.path}.code"
        for words in self._words(self.root.get("code")):
            reading = read_targets(words, nerves=nerves)
            if reading.targets:
                facts.elements.add(Element.LOCATION)
                if not has_site:
                    named += reading.targets
                    facts.told("targets", place)
                    has_site = True
                elif named:
                    self._compared(reading.targets, named, place, "the body site")
                self._same_sides(reading.targets, named, place)
            if reading.sides:
                self._sided(reading.sides, place)
        for words, place in self.names:
            reading = read_targets(words, nerves=nerves)
            if reading.targets and named:
                self._compared(reading.targets, named, place, "the body site", part=True)
        return self._with_sides(named)

    def _compared(
        self,
        said: Sequence[Target],
        named: Sequence[Target],
        place: str,
        with_what: str,
        *,
        part: bool = False,
    ) -> None:
        """Tells where levels or sides differ; of a `part` the other levels need not be in it."""
        levels, others = _levels(said), _levels(named)
        same = levels[0] <= others[0] and levels[1] <= others[1] if part else levels == others
        if not same:
            self._unread(place, f"it names other levels than {with_what}")
        elif _contradict(said, named):
            self._unread(place, f"it names other sides than {with_what}")

    def _same_sides(self, said: Sequence[Target], named: Sequence[Target], place: str) -> None:
        """Sides that the code's words give to levels which the body sites leave open."""
        if any(not target.sides for target in named):
            for target in said:
                if target.sides:
                    self._sided(target.sides, place)

    def _with_sides(self, named: Sequence[Target]) -> tuple[Target, ...]:
        """The targets by side; those without one are on the side that is said of all."""
        sides = self.facts.sides
        given = frozenset[Side]().union(*(target.sides for target in named))
        if given and any(each != given for each in sides):
            for place in self.facts.evidence.get("sides", ()):
                self._unread(place, "it names another side than the body site")
        whole = next(iter(sides)) if len(sides) == 1 else frozenset[Side]()
        grouped: dict[frozenset[Side], Target] = {}
        for target in named:
            own = target.sides or whole
            held = grouped.get(own, Target(own))
            grouped[own] = Target(own, held.joints | target.joints, held.branches | target.branches)
        return tuple(grouped[own] for own in sorted(grouped, key=sorted))

    def _site(self, site: Value, place: str, nerves: bool | None) -> list[Target]:
        """What one body site names. Its text, and the codes of it, have to name the same."""
        self.facts.elements.add(Element.LOCATION)
        self.facts.told("targets", place)
        codings = Fields().codings(site, "")
        words = self._words(site)
        readings = [read_targets(text, nerves=nerves) for text in words]
        readings += [read_code(coding.code) for coding in coded(codings, IS_SNOMED)]
        return self._agreed(readings, _qualified(site), place)

    def _structure(self, extension: Value, where: str, nerves: bool | None) -> list[Target]:
        """A BodyStructure that the procedure names as its target."""
        held = self.fields.object(extension, "valueReference", where)
        structure = self.links.follow(held, where, self.root)
        if structure is None:
            self._unread(where, "refers to a body structure that is not at hand")
            return []
        place = self.links.place(structure) or f"{self.path}.{where}"
        self.facts.elements.add(Element.LOCATION)
        self.facts.told("targets", place)
        active = structure.get("active")
        if active is not None and active.raw == b"false":
            self._unread(place, "the body structure is no longer in use")
            return []
        location = structure.get("location")
        codings = Fields().codings(location, "")
        texts = self._words(location)
        described = string(structure, "description")
        readings = [
            read_targets(text, nerves=nerves) for text in [*texts, *filter(None, [described])]
        ]
        readings += [read_code(coding.code) for coding in coded(codings, IS_SNOMED)]
        sides: frozenset[Side] = frozenset()
        for _, qualifier in Fields().objects(structure, "locationQualifier", ""):
            sides |= _side_of(qualifier)
        return self._agreed(readings, sides, place)

    def _agreed(
        self, readings: Sequence[Reading], sides: frozenset[Side], place: str
    ) -> list[Target]:
        """The targets that all readings of one site agree on; what they do not is told."""
        speaking = [reading for reading in readings if reading.targets]
        for reading in readings:
            sides |= reading.sides
        if not speaking:
            unread = frozenset[Unread]().union(*(reading.unread for reading in readings))
            hidden = unread - {Unread.SACRAL, Unread.NO_LEVEL}
            if hidden or not readings:
                self._unread(place, min(hidden, default=Unread.NO_LEVEL))
            elif sides:  # the side alone: of what the other sites name
                self._sided(sides, place)
            elif Unread.NO_LEVEL in unread:
                self._unread(place, Unread.NO_LEVEL, blocking=False)
            return []
        first = speaking[0]
        if any(_levels(other.targets) != _levels(first.targets) for other in speaking[1:]):
            self._unread(place, "its words and its codes name different levels")
            return []
        given = [reading for reading in speaking if all(t.sides for t in reading.targets)]
        targets = list((given or speaking)[0].targets)
        if len({frozenset(reading.targets) for reading in given}) > 1:
            self._unread(place, "its words and its codes name different sides")
            return []
        if sides:
            if any(target.sides and target.sides != sides for target in targets):
                self._unread(place, "it names different sides")
                return []
            targets = [replace(target, sides=target.sides or sides) for target in targets]
        return targets


def _levels(targets: Iterable[Target]) -> tuple[frozenset[object], frozenset[object]]:
    """Joints and nerves, whatever their sides."""
    joints: set[object] = set()
    branches: set[object] = set()
    for target in targets:
        joints |= target.joints
        branches |= target.branches
    return frozenset(joints), frozenset(branches)


def _contradict(one: Iterable[Target], other: Iterable[Target]) -> bool:
    """Whether a level has a side in each, and not the same."""
    sides: list[dict[object, frozenset[Side]]] = [{}, {}]
    for held, targets in zip(sides, (one, other), strict=True):
        for target in targets:
            for level in (*target.joints, *target.branches):
                held[level] = held.get(level, frozenset()) | target.sides
    first, second = sides
    return any(
        first[level] and second[level] and first[level] != second[level]
        for level in first.keys() & second.keys()
    )


def _qualified(site: Value) -> frozenset[Side]:
    """The side in an extension of a body site, such as mCODE's laterality qualifier."""
    found: frozenset[Side] = frozenset()
    for _, extension in Fields().objects(site, "extension", ""):
        if "laterality" in (string(extension, "url") or "").lower():
            found |= _side_of(extension.get("valueCodeableConcept"))
    return found


def _side_of(concept: Value | None) -> frozenset[Side]:
    found: frozenset[Side] = frozenset()
    for coding in coded(Fields().codings(concept, ""), IS_SNOMED):
        found |= read_code(coding.code).sides
    text = string(concept, "text")
    return found | (read_targets(text).sides if text else frozenset())


def _together(said: Iterable[Said]) -> Said:
    """What several texts of one thing say. One that is unclear is no matter beside a clear one."""
    found = list(said)
    techniques = frozenset[Technique]().union(*(each.techniques for each in found))
    unclear = next((each.unclear for each in found if each.unclear), "")
    is_clear = any(each.techniques and not each.unclear for each in found)
    against = next((each.unclear for each in found if each.unclear in AGAINST), "")
    return Said(
        techniques,
        frozenset().union(*(each.families for each in found)),
        frozenset[Guidance]().union(*(each.guidance for each in found)),
        against or ("" if is_clear else unclear),
    )


AGAINST = (EITHER, HOT_PULSES, NOT_HOT, NOT_THERMAL, QUESTIONED)
"""What one text of a procedure says against all others, however clear they are."""


def _reference(root: Value, url: str | None) -> str:
    ident = string(root, "id")
    return f"Procedure/{ident}" if ident else url or "Procedure"


def _is_done(procedure: Value) -> bool:
    return string(procedure, "status") in ("completed", "stopped", "in-progress")


BEFORE_WORDS = ("before", "pre", "prior", "baseline")
AFTER_WORDS = ("after", "post")


def _moment(observation: Value, procedure: Value, words: Iterable[str]) -> Element | None:
    """Whether a score was taken before or after: by its words, else by its time."""
    said = {word for text in words for word in text.lower().replace("-", " ").split()}
    before, after = said.intersection(BEFORE_WORDS), said.intersection(AFTER_WORDS)
    if bool(before) != bool(after):
        return Element.PAIN_BEFORE if before else Element.PAIN_AFTER
    taken = _instant(string(observation, "effectiveDateTime"))
    period = procedure.get("performedPeriod")
    start = _instant(string(procedure, "performedDateTime") or string(period, "start"))
    end = _instant(string(period, "end")) or start
    if taken is None or start is None or end is None:
        return None
    if _is_earlier(taken, start):
        return Element.PAIN_BEFORE
    return Element.PAIN_AFTER if _is_earlier(end, taken) else None


_Instant = dt.datetime | dt.date


def _instant(text: str | None) -> _Instant | None:
    try:
        if text is None or len(text) < len("2026-01-01"):
            return None
        return dt.datetime.fromisoformat(text) if "T" in text else dt.date.fromisoformat(text)
    except ValueError:
        return None


def _is_earlier(one: _Instant, other: _Instant) -> bool:
    """Whether one is certainly before the other: times are compared where both have one."""
    if (
        isinstance(one, dt.datetime)
        and isinstance(other, dt.datetime)
        and (one.tzinfo is None) == (other.tzinfo is None)
    ):
        return one < other
    return _date(one) < _date(other)


def _date(instant: _Instant) -> dt.date:
    return instant.date() if isinstance(instant, dt.datetime) else instant


class _Score(NamedTuple):
    """A pain score, before or after, on one scale. `taken` is the time of it, if that is told."""

    element: Element
    value: Decimal
    scale: str
    taken: _Instant | None
    place: str


def _measured(observation: Value) -> tuple[Decimal | None, str]:
    quantity = observation.get("valueQuantity")
    value = quantity.get("value") if quantity is not None else observation.get("valueInteger")
    unit = (string(quantity, "code") or string(quantity, "unit") or "") if quantity else ""
    return (value.number if value is not None else None), unit


def _pair(scores: Sequence[_Score]) -> tuple[Decimal | None, Decimal | None]:
    """The last score before and the first one after, of one scale; what more than one scale tells,
    or several scores without a time, is not known."""
    pairs: list[tuple[Decimal, Decimal]] = []
    for scale in dict.fromkeys(score.scale for score in scores):
        before = _nearest(scores, scale, Element.PAIN_BEFORE, last=True)
        after = _nearest(scores, scale, Element.PAIN_AFTER, last=False)
        if before is not None and after is not None:
            pairs.append((before, after))
    return pairs[0] if len(pairs) == 1 else (None, None)


def _nearest(
    scores: Sequence[_Score], scale: str, element: Element, *, last: bool
) -> Decimal | None:
    found = [each for each in scores if (each.scale, each.element) == (scale, element)]
    values = {each.value for each in found}
    if len(values) == 1:
        return found[0].value
    timed = [each for each in found if isinstance(each.taken, dt.datetime)]
    zoned = {each.taken.tzinfo is None for each in timed if isinstance(each.taken, dt.datetime)}
    if not found or len(timed) < len(found) or len(zoned) > 1:
        return None
    chosen = max if last else min
    return chosen(timed, key=lambda each: each.taken).value  # type: ignore[arg-type,return-value]
