"""Payer profiles: what a payer asks for, by date, and how a claim finds its profile.

A profile is a TOML file that extends another. Every value is dated and has its source:

    extends = "_base"
    title = "Medicare, what all contractors share"
    [params]
    bilateral = [{ value = "modifier-50", source = "S012" }]
    third_level = [{ from = 2021-05-02, value = "appeal-only", source = "S001" }]
    [rules.LV03]
    severity = [{ value = "warning", source = "S031" }]

Files that were shipped are trusted by their digest, others checked whole before they are used.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from adapter.findings import SEVERITIES, Severity
from adapter.model import Claim, Facility, Payer, Technique
from adapter.tables import ANY_DAY, NO_END, CodeRow, Folder, Kind, TableError

MEDICARE = "MB"
"""The filing indicator of Medicare Part B."""

ASC_CLAIM = "ASC facility claim"

UNKNOWN_PAYER = "generic"
"""The profile of a claim that no route matches, and of those that extend it."""


class Form(StrEnum):
    """How a payer takes both sides of one level."""

    MODIFIER_50 = "modifier-50"  # one line, 50, one unit
    RT_LT_LINES = "rt-lt-lines"  # a line with RT and one with LT
    ADDON_TWICE = "addon-twice"  # twice, without 50
    UNKNOWN = "unknown"


class ThirdLevel(StrEnum):
    """What a payer does with the codes for a third and further level."""

    COVERED = "covered"
    APPEAL_ONLY = "appeal-only"
    NON_COVERED = "non-covered"
    UNSAID = "unsaid"


class Treatment(StrEnum):
    """What a payer has a technique coded as, where codes do not name it."""

    INJECTION = "injection"  # the codes of facet injections
    ABLATION = "ablation"  # the codes of facet joint nerve destruction
    UNLISTED = "unlisted"
    UNSAID = "unsaid"


class Cover(StrEnum):
    """What a payer makes of guidance by ultrasound."""

    COVERED = "covered"
    NON_COVERED = "non-covered"
    UNPROVEN = "unproven"
    UNSAID = "unsaid"


class Sedation(StrEnum):
    """What a payer makes of sedation or anesthesia beside a facet service."""

    NEVER = "never"
    NOT_ROUTINE = "not-routine"
    NEEDS_REASON = "needs-reason"  # documented; anxiety is none
    UNSAID = "unsaid"


class Service(StrEnum):
    """A service that a payer may leave out of what it covers."""

    THERAPEUTIC_INJECTION = "therapeutic-injection"
    THORACIC_INJECTION = "thoracic-injection"
    THORACIC_ABLATION = "thoracic-ablation"
    PULSED = "pulsed"
    COOLED = "cooled"
    CHEMICAL = "chemical"
    CRYO = "cryo"
    LASER = "laser"
    ENDOSCOPIC = "endoscopic"


@dataclass(frozen=True, slots=True)
class Authorization:
    """The services for which a payer wants a number beforehand. No `places`: in all of them.

    `unsure`: the places among them in which some of the payer's plans want none.
    """

    codes: frozenset[str]
    places: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()

    def covers(self, code: str, place: str | None) -> bool:
        """Whether a number is wanted; not where it hangs on a place that is not known."""
        return code in self.codes and (not self.places or place in self.places)

    def is_sure(self, place: str | None) -> bool:
        """Whether all plans want it there; not where that hangs on a place that is not known."""
        return not self.unsure or (place is not None and place not in self.unsure)


@dataclass(frozen=True, slots=True)
class Dated:
    """A value from a day on, until the next one; `file` is the profile that says it."""

    start: date
    value: Any
    source: str
    file: str


@dataclass(frozen=True)
class Profile:
    """One payer's rules, all that it extends included."""

    id: str
    title: str
    extends: tuple[str, ...]
    params: Mapping[str, Sequence[Dated]]
    rules: Mapping[str, Sequence[Dated]]

    def dated(self, name: str, day: date) -> Dated | None:
        """The value of a parameter in force on the day, with its source; None where unsaid."""
        return _in_force(self.params.get(name, ()), day)

    def value(self, name: str, day: date, default: Any = None) -> Any:
        found = self.dated(name, day)
        return default if found is None else found.value

    def severity(self, rule: str, day: date) -> Severity | None:
        """What the profile makes of a rule on the day; None: the rule's own."""
        found = _in_force(self.rules.get(rule, ()), day)
        return None if found is None else SEVERITIES[found.value]

    @property
    def is_known(self) -> bool:
        """False for `generic`: the payer of the claim is not known."""
        return UNKNOWN_PAYER not in (self.id, *self.extends)

    def bilateral(self, row: CodeRow, day: date) -> Form:
        """The form in which the payer takes both sides of a code."""
        name = "bilateral_addon" if row.addon else "bilateral"
        return Form(self.value(name, day, Form.UNKNOWN))

    def third_level(self, day: date) -> ThirdLevel:
        return ThirdLevel(self.value("third_level", day, ThirdLevel.UNSAID))

    def asks_kx(self, day: date) -> bool:
        """Whether diagnostic injections need KX; KX means nothing to other payers."""
        return bool(self.value("kx_diagnostic", day, False))

    def treatment(self, technique: Technique, day: date) -> Treatment:
        """What a technique is coded as that no code names: parameter `technique_` and its name."""
        name = f"technique_{technique.name.lower()}"
        return Treatment(self.value(name, day, Treatment.UNSAID))

    def joins_thoracolumbar(self, day: date) -> bool:
        """Whether T12-L1 with L1-2 are a first level above and an add-on below, in one session."""
        return bool(self.value("thoracolumbar", day, False))

    def relief(self, day: date) -> int | None:
        """Per cent of relief that a diagnostic block has to give; None where unsaid."""
        found = self.value("diagnostic_relief", day)
        return None if found is None else int(found)

    def names_mue(self, day: date) -> bool:
        return bool(self.value("mue", day, False))

    def names_ncci(self, day: date) -> bool:
        return bool(self.value("ncci", day, False))

    def takes_x_modifiers(self, day: date) -> bool:
        """Whether XE XP XS XU may stand for 59."""
        return bool(self.value("x_modifiers", day, False))

    def ablation_joints(self, day: date) -> int | None:
        """Joints that may be ablated on a side of a region in one session; None where unsaid."""
        found = self.value("ablation_joints", day)
        return None if found is None else int(found)

    def regions_per_session(self, day: date) -> int | None:
        """Regions (cervical and thoracic are one, lumbar and sacral one) that a session may treat.

        Returns: None where unsaid.
        """
        found = self.value("regions_per_session", day)
        return None if found is None else int(found)

    def ultrasound(self, day: date) -> Cover:
        return Cover(self.value("ultrasound", day, Cover.UNSAID))

    def sedation(self, kind: Kind, day: date) -> Sedation:
        """What becomes of sedation beside an injection, or beside an ablation."""
        return Sedation(self.value(f"sedation_{kind}", day, Sedation.UNSAID))

    def bars_other_spinal(self, day: date) -> bool:
        """Whether other spinal injections of the same day need a reason of their own."""
        return bool(self.value("bars_other_spinal", day, False))

    def not_covered(self, day: date) -> frozenset[Service]:
        """Services that the payer names as not covered, not proven or not necessary."""
        return frozenset(map(Service, self.value("not_covered", day, ())))

    def office_first(self, day: date) -> frozenset[str]:
        """Codes that the payer wants in an office unless another place has its reason."""
        return frozenset(self.value("office_first", day, ()))

    def excluded_in_asc(self, day: date) -> frozenset[str]:
        """Codes that an ambulatory surgical centre is not paid for."""
        return frozenset(self.value("excluded_in_asc", day, ()))

    def authorization(self, day: date) -> Authorization | None:
        """What the payer wants authorized beforehand; None where unsaid."""
        found = self.value("authorization", day)
        if found is None:
            return None
        return Authorization(
            frozenset(found["codes"]),
            frozenset(found.get("places", ())),
            frozenset(found.get("unsure", ())),
        )

    def hospital_list(self, day: date) -> bool:
        """Whether Medicare's list of hospital outpatient services (hopd.csv) applies."""
        return bool(self.value("hospital_list", day, False))

    def diagnosis_list(self, day: date) -> str | None:
        """The list in icd10.csv whose diagnoses the payer takes; None where it has none."""
        found = self.value("diagnoses", day)
        return None if found is None else str(found)

    @property
    def is_facility(self) -> bool:
        """Whether the profile is for ambulatory surgical centres alone."""
        return bool(self.value("facility", NO_END, False))

    @property
    def facility_profile(self) -> str | None:
        """The same payer's profile for facility claims of ambulatory surgical centres."""
        found = self.value("facility_profile", NO_END)
        return None if found is None else str(found)

    @property
    def follows_contractor(self) -> bool:
        """Whether it takes its coverage from the Medicare contractor of the state of service."""
        return bool(self.value("follows_contractor", NO_END, False))

    @property
    def safe_bilateral(self) -> bool:
        """Whether a both-sides correction may be safe: Medicare professional and Medicare ASC."""
        return bool(self.value("safe_bilateral", NO_END, False))

    def over(self, lower: Profile) -> Profile:
        """This profile as if it extended `lower`: what both inherit is as `lower` has it."""
        below = {f"{name}.toml" for name in (lower.id, *lower.extends)}

        def own(values: Mapping[str, Sequence[Dated]]) -> Mapping[str, Sequence[Dated]]:
            return {name: said for name, said in values.items() if said[0].file not in below}

        return Profile(
            self.id,
            self.title,
            (lower.id, *lower.extends),
            {**lower.params, **own(self.params)},
            {**lower.rules, **own(self.rules)},
        )


def _in_force(values: Sequence[Dated], day: date) -> Dated | None:
    found = None
    for dated in values:  # in order of their first day
        if dated.start > day:
            break
        found = dated
    return found


@dataclass(frozen=True, slots=True)
class Route:
    """A claim that matches all that is said here has this profile. Blank matches anything."""

    payer_id: str
    filing: str
    states: frozenset[str]
    facility: str
    start: date
    end: date
    profile: str

    def takes(self, claim: Claim, day: date) -> bool:
        return (
            self.payer_id in ("", claim.payer.id or "")
            and self.filing in ("", claim.payer.filing_indicator or "")
            and (not self.states or claim.state in self.states)
            and self.facility in ("", claim.facility)
            and self.start <= day <= self.end
        )


class Profiles:
    """All profiles of a folder, the user's own folders after it."""

    def __init__(self, *folders: Path) -> None:
        self._folders = tuple(map(Folder, folders))
        self._profiles: dict[str, Profile] = {}

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Ids of the profiles that can be named, sorted."""
        found = {
            path.stem
            for folder in self._folders
            for path in (folder.path / "payers").glob("*.toml")
        }
        return tuple(sorted(name for name in found if not name.startswith("_")))

    def get(self, name: str) -> Profile:
        """Raises: KeyError for a name that is no profile, TableError for a broken file."""
        if name not in self._profiles:
            if name not in self.ids:
                raise KeyError(name)
            self._profiles[name] = self._load(name)
        return self._profiles[name]

    def route(self, claim: Claim) -> tuple[Profile, str]:
        """The profile of a claim by payer id, filing indicator, state, kind of facility and date.

        Returns: the profile, and in words why; `generic` where no route matches.
        """
        route = self._match(claim)
        if route is None:
            why = "no route matches this payer, filing indicator and state"
            return self.get(UNKNOWN_PAYER), why
        profile, further = self._fitted(self.get(route.profile), claim)
        return profile, ", ".join(dict.fromkeys((*_why(route, claim), *further)))

    def named(self, name: str, claim: Claim) -> tuple[Profile, str]:
        """The profile of a claim whose payer somebody names, and in words why.

        Raises: KeyError for a name that is no profile.
        """
        profile, further = self._fitted(self.get(name), claim)
        return profile, ", ".join(("named by --payer", *further))

    def _match(self, claim: Claim) -> Route | None:
        days = [line.date for line in claim.lines if line.date is not None]
        if not days:
            return None
        return next((route for route in self._routes if route.takes(claim, min(days))), None)

    def _fitted(self, profile: Profile, claim: Claim) -> tuple[Profile, Sequence[str]]:
        """The profile as the claim has it, and what was done about it: laid over the contractor of
        its state where it follows that, its counterpart for facility claims laid over it where the
        claim is one.

        A counterpart that extends the profile which names it was written for all that inherit the
        name: what it says by itself is laid over the one at hand. Another stands alone.
        """
        further = []
        if profile.follows_contractor:
            contractor = self._contractor(claim)
            if contractor is not None and profile.extends[0] in contractor.extends:
                profile = profile.over(contractor)
                further.append(f"with the policy of {contractor.id}")
        said = profile.dated("facility_profile", NO_END)
        if said is None or claim.facility is not Facility.ASC:
            return profile, further
        facility = self.get(said.value)
        if facility.is_facility:
            further.append(ASC_CLAIM)
        if facility.id == profile.id:
            return profile, further
        parent = facility.extends[0] if facility.extends else None
        if profile.id == parent or said.file != f"{parent}.toml":
            return facility, further
        return facility.over(profile), [*further, f"with the policy of {profile.id}"]

    def _contractor(self, claim: Claim) -> Profile | None:
        """The profile of professional claims to Medicare Part B in the claim's state of service."""
        if claim.state is None:
            return None
        medicare = Payer(filing_indicator=MEDICARE)
        route = self._match(replace(claim, payer=medicare, facility=Facility.PROFESSIONAL))
        return None if route is None else self.get(route.profile)

    @cached_property
    def _routes(self) -> Sequence[Route]:
        routes = []
        for folder in reversed(self._folders):  # the user's own first
            if not (folder.path / ROUTES).is_file():
                continue
            for cells in folder.rows(ROUTES):
                if cells["profile"] not in self.ids:
                    raise folder.broken(ROUTES, f"there is no profile {cells['profile']!r}")
                routes.append(
                    Route(
                        cells["payer_id"],
                        cells["filing"],
                        frozenset(cells["state"].split()),
                        cells["facility"],
                        date.fromisoformat(cells["start"]) if cells["start"] else ANY_DAY,
                        date.fromisoformat(cells["end"]) if cells["end"] else NO_END,
                        cells["profile"],
                    )
                )
        return routes

    def _load(self, name: str, below: tuple[str, ...] = ()) -> Profile:
        file = f"payers/{name}.toml"
        for folder in reversed(self._folders):
            if (folder.path / file).is_file():
                break
        else:
            raise TableError(f"payers/{below[-1]}.toml: extends {name!r}, which is not there")
        if name in below:
            raise folder.broken(file, "extends itself")
        content = _content(folder, file)
        title = content.get("title", name)
        own_params = {
            key: _dated(values, f"{name}.toml") for key, values in content.get("params", {}).items()
        }
        own_rules = {
            key: _dated(table["severity"], f"{name}.toml")
            for key, table in content.get("rules", {}).items()
        }
        parent = content.get("extends")
        if parent is None:
            return Profile(name, title, (), own_params, own_rules)
        base = self._load(parent, (*below, name))
        return Profile(
            name,
            title,
            (parent, *base.extends),
            {**base.params, **own_params},
            {**base.rules, **own_rules},
        )


ROUTES = "payer_routes.csv"


def _content(folder: Folder, file: str) -> Mapping[str, Any]:
    """What a profile's file says; checked whole when it is not the shipped one.

    Raises: TableError.
    """
    data, shipped = folder.read(file)
    if not shipped:
        from adapter.schema import check_profile  # pydantic: only for a file that was edited

        problems = check_profile(data, folder.source_keys)
        if problems:
            raise folder.broken(file, problems[0])
    return tomllib.loads(data.decode("utf-8"))


def _dated(values: Sequence[Mapping[str, Any]], file: str) -> Sequence[Dated]:
    return sorted(
        (Dated(v.get("from", ANY_DAY), v["value"], v["source"], file) for v in values),
        key=lambda dated: dated.start,
    )


def _why(route: Route, claim: Claim) -> Sequence[str]:
    said = []
    if route.payer_id:
        said.append(f"payer id {route.payer_id}")
    if route.filing:
        said.append(f"filing indicator {route.filing}")
    if claim.state:
        said.append(f"state {claim.state}")
    if route.facility == Facility.ASC:
        said.append(ASC_CLAIM)
    return said
