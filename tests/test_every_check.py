"""Every check of every subsystem fires where it must and is silent where it must not; one without its two cases fails."""

import pytest
from bson import ObjectId

from documents.checking import checks
from documents.collecting.rounds import Round
from documents.database import collection
from documents.dmc.students import Student
from tests.check_cases import AS_OF, CASES, END
from tests.people import AREA, SCHOOL, YEAR
from tests.test_checks import BOUNDS

KEYS = [check.key for check in checks.all_checks()]


def test_every_check_has_its_two_cases():
    """The rules of one pupil with a bound have theirs in `BOUNDS`, which test_checks.py tries."""
    bounded = {key for key, *_ in BOUNDS}
    assert bounded | CASES.keys() == set(KEYS), "a check without cases, or cases of none"
    assert not bounded & CASES.keys(), "tried twice"


@pytest.mark.parametrize("key", [key for key in KEYS if key in CASES])
def test_it_fires_in_one_case_and_in_the_other_not(key):
    fires, silent = (case.found(stored(case)) for case in CASES[key])
    assert key in fires
    assert key not in silent


def stored(case):
    """The Round of a case that looks at the year's rounds itself, its pupils stored in them; else None."""
    if not case.kept:
        return None
    collection(Student).delete_many({"area_code": AREA})
    collection(Round).delete_many({"area_code": AREA})
    lineages = {name: ObjectId() for _, name in case.kept}
    for code, name in case.kept:
        row = {
            "area_code": AREA,
            "academic_year": YEAR,
            "round": code,
            "school_code": SCHOOL,
            "lineage": lineages[name],
        }
        collection(Student).insert_one(row | {"grade": "07", "sex": "M", "status": "enrolled"})
    made = {
        code: Round(
            area_code=AREA,
            subsystem="DMC",
            academic_year=YEAR,
            code=code,
            title=code,
            as_of=AS_OF,
            state="open",
        )
        for code in ("1", END)
    }
    return [each.save() for each in made.values()][-1]
