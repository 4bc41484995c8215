"""The contractors of Medicare: each one's days decide, for its states, on every kind of claim.

The table is what is known of them (the days of 2021, 2024, 2025 and 2026), written down anew: it is
not read from the profiles that it tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest

from adapter.engine import check_claim
from adapter.findings import Severity
from adapter.model import Claim, Facility, Payer, Provider, ServiceLine
from adapter.profiles import Cover, Form, Profile, Profiles, Sedation, Service, ThirdLevel
from adapter.tables import mappings_folder, shipped
from tests.runs import policy

ALL = Profiles(mappings_folder())
EVE = timedelta(days=1)
UNSAID, APPEAL, OUT = ThirdLevel.UNSAID, ThirdLevel.APPEAL_ONLY, ThirdLevel.NON_COVERED
APRIL, MAY = date(2021, 4, 25), date(2021, 5, 2)


@dataclass(frozen=True, slots=True)
class Contractor:
    """`first`: of its policy. `out`: of the third level not being covered. `joined`: of T12-L1 with
    L1-2 as one lumbar session, None where its article does not have it."""

    profile: str
    states: str
    first: date
    out: date
    joined: date | None
    policy: str

    @property
    def state(self) -> str:
        return self.states.split()[0]


CONTRACTORS = (
    Contractor("medicare-cgs", "OH KY", MAY, date(2024, 7, 7), date(2025, 1, 1), "L38773 / A58364"),
    Contractor(
        *("medicare-wps", "IN MI IA KS MO NE", APRIL, date(2024, 7, 14), date(2024, 12, 26)),
        "L38841 / A58477",
    ),
    Contractor(
        *("medicare-noridian-je", "CA HI NV AS GU MP", APRIL, date(2024, 7, 7)),
        *(date(2025, 1, 1), "L38801 / A58403"),
    ),
    Contractor(
        *("medicare-noridian-jf", "WA AK AZ ID MT ND OR SD UT WY", APRIL, date(2024, 7, 7)),
        *(date(2025, 1, 1), "L38803 / A58405"),
    ),
    Contractor(
        *("medicare-ngs", "IL MN WI CT MA ME NH NY RI VT", APRIL, date(2024, 8, 1)),
        *(date(2025, 1, 1), "L35936 / A57826"),
    ),
    Contractor(
        *("medicare-palmetto", "AL GA TN NC SC WV", APRIL, date(2024, 7, 7)),
        *(date(2025, 1, 1), "L38765 / A58350"),
    ),
    Contractor(
        *("medicare-novitas", "TX AR CO LA MS NM OK DE DC MD NJ PA", APRIL, date(2024, 8, 11)),
        *(None, "L34892 / A56670"),
    ),
    Contractor("medicare-fcso", "FL PR VI", APRIL, date(2024, 8, 11), None, "L33930 / A57787"),
)
BY_PROFILE = {each.profile: each for each in CONTRACTORS}
each_contractor = pytest.mark.parametrize("contractor", CONTRACTORS, ids=lambda each: each.profile)


def changes() -> Iterator[tuple[str, date, ThirdLevel]]:
    """Each contractor on the day before and the day of each change of its third level."""
    for each in CONTRACTORS:
        yield from (
            (each.profile, each.first - EVE, UNSAID),
            (each.profile, each.first, APPEAL),
            (each.profile, each.out - EVE, APPEAL),
            (each.profile, each.out, OUT),
        )


each_change = pytest.mark.parametrize(("payer", "on", "third"), [*changes()], ids=str)


def claim(
    state: str | None,
    on: date | None,
    codes: Sequence[str] = ("64493", "64494", "64495"),
    facility: Facility = Facility.PROFESSIONAL,
    filing: str = "MB",
) -> Claim:
    place = "24" if facility is Facility.ASC else "11"
    return Claim(
        id="C1",
        frequency="1",
        facility=facility,
        payer=Payer(filing_indicator=filing),
        billing=Provider(state=state),
        lines=tuple(
            ServiceLine(number=n, code=code, modifiers=("RT",), date=on, place_of_service=place)
            for n, code in enumerate(codes, 1)
        ),
    )


def severities(seen: Claim, rule: str, payer: str | None = None) -> dict[int | None, Severity]:
    """What a rule says of a claim, by line."""
    found = check_claim(seen, policy(payer)).findings
    return {each.line: each.severity for each in found if each.rule == rule}


# --- what each says on its days -------------------------------------------------------------------


@each_change
def test_the_day_of_a_contractor_decides(payer: str, on: date, third: ThirdLevel) -> None:
    profile = ALL.get(payer)
    in_force = third is not UNSAID
    assert profile.third_level(on) is third
    assert profile.asks_kx(on) is in_force
    assert profile.relief(on) == (80 if in_force else None)
    assert profile.ablation_joints(on) == (2 if in_force else None)
    assert profile.regions_per_session(on) == (1 if in_force else None)
    assert profile.ultrasound(on) is (Cover.NON_COVERED if in_force else Cover.UNSAID)
    assert profile.bars_other_spinal(on) is in_force
    assert (Service.CHEMICAL in profile.not_covered(on)) is in_force
    rewritten = third is OUT
    earlier = Sedation.NOT_ROUTINE if in_force else Sedation.UNSAID
    assert profile.sedation("injection", on) is (Sedation.NEVER if rewritten else earlier)
    ablation = Sedation.NEEDS_REASON if rewritten else earlier
    assert profile.sedation("ablation", on) is ablation


@each_change
@pytest.mark.parametrize("rule", ["CO01", "CO02", "CO04", "CO07"])
def test_a_warning_until_it_is_not_covered(
    payer: str, on: date, third: ThirdLevel, rule: str
) -> None:
    wanted = Severity.ERROR if third is OUT else Severity.WARNING
    assert ALL.get(payer).severity(rule, on) is wanted


@each_contractor
def test_one_region_is_a_limit_at_cgs_and_the_routine_elsewhere(contractor: Contractor) -> None:
    profile = ALL.get(contractor.profile)
    is_limit = contractor.profile == "medicare-cgs"
    assert profile.severity("CO03", contractor.out - EVE) is Severity.WARNING
    wanted = Severity.ERROR if is_limit else Severity.WARNING
    assert profile.severity("CO03", contractor.out) is wanted


@each_contractor
def test_a_lumbar_session_across_the_junction(contractor: Contractor) -> None:
    profile = ALL.get(contractor.profile)
    if contractor.joined is None:
        assert not profile.joins_thoracolumbar(date(2026, 11, 1))
    else:
        assert not profile.joins_thoracolumbar(contractor.joined - EVE)
        assert profile.joins_thoracolumbar(contractor.joined)


@each_contractor
def test_the_list_of_diagnoses_is_noridians(contractor: Contractor) -> None:
    """A list that was not read for a contractor is a warning there."""
    profile, day = ALL.get(contractor.profile), date(2026, 5, 21)
    assert profile.diagnosis_list(day - EVE) is None
    assert profile.diagnosis_list(day) == "a58403"
    is_read = "noridian" in contractor.profile
    assert profile.severity("DX01", day) is (Severity.ERROR if is_read else Severity.WARNING)


@each_contractor
def test_each_names_its_policy_and_article(contractor: Contractor) -> None:
    profile = ALL.get(contractor.profile)
    assert profile.dated("policy", contractor.first - EVE) is None
    assert profile.value("policy", contractor.first) == contractor.policy


def test_noridian_jf_moves_onto_the_policy_of_je() -> None:
    profile, day = ALL.get("medicare-noridian-jf"), date(2026, 4, 16)
    assert profile.value("policy", day - EVE) == "L38803 / A58405"
    assert profile.value("policy", day) == "L38801 / A58403"


def test_what_all_share_holds_from_the_last_ones_day() -> None:
    profile = ALL.get("medicare")
    first = max(each.first for each in CONTRACTORS)
    out = max(each.out for each in CONTRACTORS)
    days = (first - EVE, first, out - EVE, out)
    assert [profile.third_level(day) for day in days] == [UNSAID, APPEAL, APPEAL, OUT]


def test_a_severity_never_says_more_than_the_third_level() -> None:
    """Both are dated; a profile that changes one has to change the other."""
    for payer in ALL.ids:
        profile = ALL.get(payer)
        for rule in ("CO01", "CO02"):
            for dated in profile.rules.get(rule, ()):
                if dated.value == "error":
                    assert profile.third_level(dated.start) is OUT
                    assert profile.third_level(dated.start - EVE) is not OUT


# --- what a claim hears ---------------------------------------------------------------------------


@each_change
@pytest.mark.parametrize("codes", [("64490", "64491", "64492"), ("64493", "64494", "64495")])
def test_a_third_level_on_its_days(
    payer: str, on: date, third: ThirdLevel, codes: tuple[str, ...]
) -> None:
    said = {UNSAID: {}, APPEAL: {3: Severity.WARNING}, OUT: {3: Severity.ERROR}}[third]
    seen = claim(BY_PROFILE[payer].state, on, codes)
    assert severities(seen, "CO01") == said  # routed by its state
    assert severities(replace(seen, billing=Provider()), "CO01", payer) == said  # named


@each_change
def test_a_facility_claim_has_its_contractors_days(payer: str, on: date, third: ThirdLevel) -> None:
    said = {UNSAID: {}, APPEAL: {3: Severity.WARNING}, OUT: {3: Severity.ERROR}}[third]
    seen = claim(BY_PROFILE[payer].state, on, facility=Facility.ASC)
    assert severities(seen, "CO01") == said
    assert severities(replace(seen, billing=Provider()), "CO01", payer) == said


# --- routes ---------------------------------------------------------------------------------------


STATES = [(state, each) for each in CONTRACTORS for state in each.states.split()]
DAYS = (date(2020, 1, 1), date(2024, 7, 10), date(2026, 4, 16))


@pytest.mark.parametrize(("state", "contractor"), STATES, ids=str)
def test_the_state_of_service_names_the_contractor(state: str, contractor: Contractor) -> None:
    for day in DAYS:
        found, why = ALL.route(claim(state, day))
        assert (found.id, why) == (contractor.profile, f"filing indicator MB, state {state}")
        asc, why = ALL.route(claim(state, day, facility=Facility.ASC))
        assert asc.id == "medicare-asc"
        assert asc.extends == (contractor.profile, "medicare", "_base")
        assert why == (
            f"filing indicator MB, state {state}, ASC facility claim, "
            f"with the policy of {contractor.profile}"
        )


def test_no_state_has_two_contractors() -> None:
    states = [state for state, _ in STATES]
    assert len(states) == len(set(states)) == 55  # 49 states without Virginia, DC, five islands


@pytest.mark.parametrize("state", ["VA", "ON", None])
def test_a_state_without_one_contractor_has_what_all_share(state: str | None) -> None:
    assert ALL.route(claim(state, DAYS[2]))[0].id == "medicare"
    assert ALL.route(claim(state, DAYS[2], facility=Facility.ASC))[0] == ALL.get("medicare-asc")


def test_the_service_facility_decides_before_who_bills() -> None:
    seen = replace(claim("OH", DAYS[2]), service_facility=Provider(state="TX"))
    assert ALL.route(seen)[0].id == "medicare-novitas"


# --- laid over each other -------------------------------------------------------------------------


def forms(profile: Profile, on: date) -> set[Form]:
    codes = shipped().codes.on(on)
    return {profile.bilateral(codes[code], on) for code in ("64493", "64494", "64635", "64636")}


@each_contractor
def test_a_facility_claim_takes_form_from_one_and_policy_from_the_other(
    contractor: Contractor,
) -> None:
    own, national = ALL.get(contractor.profile), ALL.get("medicare-asc")
    found, _ = ALL.named(contractor.profile, claim(None, DAYS[2], facility=Facility.ASC))
    assert found.is_facility
    assert forms(found, DAYS[2]) == {Form.RT_LT_LINES}
    assert found.excluded_in_asc(DAYS[2]) == {"64999"}
    asc = {"facility", "bilateral", "bilateral_addon", "excluded_in_asc"}
    assert {name: found.params[name] for name in asc} == {
        name: national.params[name] for name in asc
    }
    for name, values in own.params.items():
        assert name in asc or found.params[name] == values
    assert {**found.rules, "CO08": ()} == {**own.rules, "CO08": ()}
    assert found.rules["CO08"] == national.rules["CO08"]


@each_contractor
@pytest.mark.parametrize("payer", ["uhc-ma", "humana-ma"])
def test_an_advantage_plan_follows_the_contractor_of_the_state(
    payer: str, contractor: Contractor
) -> None:
    alone = ALL.get(payer)
    found, why = ALL.named(payer, claim(contractor.state, contractor.out, filing="16"))
    assert found.id == payer
    assert why == f"named by --payer, with the policy of {contractor.profile}"
    days = (contractor.first - EVE, contractor.first, contractor.out - EVE, contractor.out)
    assert [found.third_level(day) for day in days] == [UNSAID, APPEAL, APPEAL, OUT]
    for edits in (found.names_mue, found.names_ncci, found.hospital_list):
        assert not edits(contractor.out)
    assert not found.safe_bilateral
    assert found.authorization(DAYS[2]) == alone.authorization(DAYS[2])
    assert forms(found, DAYS[2]) == forms(alone, DAYS[2])


@pytest.mark.parametrize("payer", ["uhc-ma", "humana-ma"])
def test_an_advantage_plan_without_a_state_has_what_all_share(payer: str) -> None:
    found, why = ALL.named(payer, claim(None, DAYS[2], filing="16"))
    assert (found, why) == (ALL.get(payer), "named by --payer")


def test_a_facility_claim_of_an_advantage_plan() -> None:
    seen = claim("OH", DAYS[2], facility=Facility.ASC, filing="16")
    uhc, why = ALL.named("uhc-ma", seen)  # its policy takes the articles over, forms included
    assert uhc.extends == ("uhc-ma", "medicare-cgs", "medicare", "_base")
    assert forms(uhc, DAYS[2]) == {Form.RT_LT_LINES}
    assert not uhc.safe_bilateral
    assert why == (
        "named by --payer, with the policy of medicare-cgs, ASC facility claim, "
        "with the policy of uhc-ma"
    )
    humana, _ = ALL.named("humana-ma", seen)  # says nothing of forms
    assert humana.id == "humana-ma"
    assert forms(humana, DAYS[2]) == {Form.UNKNOWN}


# --- other payers ---------------------------------------------------------------------------------


def test_humana_wants_a_number_from_2026_on() -> None:
    profile, day = ALL.get("humana-ma"), date(2026, 1, 1)
    assert profile.authorization(day - EVE) is None
    wanted = profile.authorization(day)
    assert wanted is not None
    assert len(wanted.codes) == 17
    for code in ("64490", "64495", "64636", "64999", "0213T", "0218T"):
        assert wanted.covers(code, "22")
        assert wanted.covers(code, "11")
    assert not wanted.covers("64625", "22")
    assert [wanted.is_sure(place) for place in ("22", "19", "11", "24", None)] == [
        *(True, True, False, False, False)
    ]


def test_alabama_medicaid_wants_a_number_everywhere() -> None:
    profile, day = ALL.get("alabama-medicaid"), date(2024, 5, 1)
    assert profile.authorization(day - EVE) is None
    wanted = profile.authorization(day)
    assert wanted is not None
    assert len(wanted.codes) == 10
    assert wanted.covers("64495", None)
    assert wanted.is_sure(None)


@pytest.mark.parametrize(
    ("on", "not_covered", "office", "ultrasound"),
    [
        ("2026-01-31", 0, 0, Cover.UNSAID),
        ("2026-02-01", 6, 0, Cover.UNSAID),
        ("2026-06-30", 6, 0, Cover.UNSAID),
        ("2026-07-01", 6, 2, Cover.UNSAID),
        ("2026-09-09", 6, 2, Cover.UNSAID),
        ("2026-09-10", 7, 2, Cover.UNPROVEN),
    ],
)
def test_uhc_commercial_by_its_three_policies(
    on: str, not_covered: int, office: int, ultrasound: Cover
) -> None:
    profile, day = ALL.get("uhc-commercial"), date.fromisoformat(on)
    assert len(profile.not_covered(day)) == not_covered
    assert (Service.THERAPEUTIC_INJECTION in profile.not_covered(day)) is (not_covered == 7)
    assert profile.office_first(day) == ({"64633", "64635"} if office else set())
    assert profile.ultrasound(day) is ultrasound
    assert profile.authorization(day) is None


@pytest.mark.parametrize(
    ("payer", "first", "relief", "joints", "third", "not_covered"),
    [
        ("aetna", "2026-01-01", 80, None, ThirdLevel.COVERED, {"therapeutic-injection", "pulsed"}),
        (
            *("evicore", "2025-02-28", 80, 3, UNSAID),
            {"pulsed", "cooled", "chemical", "cryo", "laser", "endoscopic"},
        ),
        ("bcbs-al", "2024-11-01", 50, None, UNSAID, {"thoracic-injection"}),
        ("bcbs-nd", None, 50, None, UNSAID, set()),
        ("tricare", "2021-03-12", 50, None, UNSAID, {"thoracic-ablation", "pulsed"}),
        ("alabama-medicaid", "2024-05-01", 80, None, UNSAID, set()),
        ("wa-lni", None, None, None, UNSAID, {"therapeutic-injection"}),
        ("texas-medicaid", None, None, None, UNSAID, set()),
        ("ibx", None, None, None, UNSAID, set()),
    ],
)
def test_what_other_payers_say(
    payer: str,
    first: str | None,
    relief: int | None,
    joints: int | None,
    third: ThirdLevel,
    not_covered: set[str],
) -> None:
    profile = ALL.get(payer)
    day = date.fromisoformat(first) if first else date(2020, 1, 1)
    assert profile.relief(day) == relief
    assert profile.ablation_joints(day) == joints
    assert profile.third_level(day) is third
    assert profile.not_covered(day) == not_covered
    if first:
        assert profile.relief(day - EVE) is None
        assert not profile.not_covered(day - EVE)
    for silent in (profile.asks_kx, profile.names_mue, profile.names_ncci, profile.hospital_list):
        assert not silent(day)
    assert profile.regions_per_session(day) is None
    assert profile.sedation("injection", day) is Sedation.UNSAID


# --- how sure it is -------------------------------------------------------------------------------


def test_nothing_that_rests_on_memory_alone_is_an_error() -> None:
    sources = shipped().sources
    for payer in ALL.ids:
        for rule, values in ALL.get(payer).rules.items():
            for dated in values:
                remembered = sources[dated.source].confidence == "memory"
                assert not (remembered and dated.value == "error"), (payer, rule)


def test_what_was_not_read_is_no_error_before_it_was_written_anew() -> None:
    """The earlier texts of the policies: what is taken to have stood in them already."""
    for each in (*CONTRACTORS, replace(CONTRACTORS[-1], profile="medicare")):
        profile = ALL.get(each.profile)
        for rule in ("CO01", "CO02", "CO03", "CO04", "CO07"):
            assert profile.severity(rule, each.out - EVE) is Severity.WARNING
