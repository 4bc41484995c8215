"""What the rules of diagnoses look at, where another rule speaks first of the same line."""

from __future__ import annotations

from datetime import date

from adapter.findings import Found
from adapter.model import Claim, Diagnosis, ServiceLine
from adapter.profiles import Profiles
from adapter.rules.diagnosis import diagnosis_not_covered, invalid_diagnosis
from adapter.tables import mappings_folder, shipped

MEDICARE = Profiles(mappings_folder()).get("medicare")
DAY = date(2026, 6, 1)


def claim(*codes: str, dx: str = "M5450", pointers: tuple[int, ...] = (1,)) -> Claim:
    known = (Diagnosis(dx),)
    lines = tuple(
        ServiceLine(
            number=number,
            code=code,
            date=DAY,
            pointers=pointers,
            diagnoses=tuple(known[0] for pointer in pointers if pointer == 1),
        )
        for number, code in enumerate(codes, 1)
    )
    return Claim(id="A", diagnoses=known, lines=lines)


def spoken_of(found: Claim) -> list[int | None]:
    said = diagnosis_not_covered(found, shipped(), MEDICARE)
    return [each.line for each in said if isinstance(each, Found)]


def test_a_third_level_has_no_list() -> None:
    assert spoken_of(claim("64493", "64494", "64495", "64635", "64636")) == [1, 2, 4, 5]


def test_what_is_not_known_may_be_listed() -> None:
    assert spoken_of(claim("64493", pointers=(1, 2))) == []
    assert spoken_of(claim("64493", pointers=())) == []
    assert spoken_of(claim("64493", dx="")) == []


def test_a_pointer_to_nothing_is_named_by_its_place() -> None:
    found = claim("64493", "85025", pointers=(1, 2, 9))
    said = list(invalid_diagnosis(found, shipped(), MEDICARE))
    places = [(each.line, each.field) for each in said if isinstance(each, Found)]
    assert places == [(1, ("pointers", 1)), (1, ("pointers", 2))]
