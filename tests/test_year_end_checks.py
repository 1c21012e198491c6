"""The checks of the year-end round: results, the top grade, the reckoning of the year, and who stays suspended."""

import pytest

from documents.checking import checks
from documents.checking.checks import Context
from documents.checking.findings import Finding, refresh
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.student_checks import Sums
from documents.dmc.students import Student
from documents.people.users import System
from documents.records.carrying import carry_over
from documents.records.record import Place, default_required
from documents.records.writing import Change, write
from tests.kitchens import food_round
from tests.people import SCHOOL, YEAR, place
from tests.pupils import pupil

LOADER = System("tests")
LIMITS = checks.default_limits("DMC")
PASSED = {"year_result": "passed"}
LEAVES = {"grade": "09", "year_result": "graduated", "years_taken": 6}


def found(round_, **values):
    """Keys and fields of what is found of a complete pupil in a round."""
    context = Context(YEAR, round_, limits=LIMITS, required={"students": default_required(Student)})
    plain = {"academic_year": YEAR, "round": round_, **pupil(birth_date=None), **values}
    rows = checks.of_record(Student, plain, context)
    return {one.check.key: one.fields for one in rows if one.check.code in ("DMC-09", "DMC-12")}


@pytest.mark.parametrize(
    ("values", "key", "field"),
    [
        ({}, "DMC-12.waits", "year_result"),
        (PASSED | {"status": "pending"}, "DMC-12.waits", "year_result"),
        ({"year_result": "repeat"}, "DMC-12.cause", "fail_reasons"),
        (LEAVES, "DMC-12.destination", "destination"),
    ],
)
def test_what_is_missing_of_a_result_is_told_once_and_in_the_year_end_alone(values, key, field):
    told = found("3", **values)
    assert key in told
    assert field not in told["DMC-09"], "which tells of the birth date alone"
    assert set(found("1", **values)) == {"DMC-09"}
    whole = (
        PASSED if field == "year_result" else values | {field: ["1"] if field == "fail_reasons" else "102"}
    )
    assert set(found("3", **whole | {"status": "enrolled"})) == {"DMC-09"}


def test_a_top_grade_without_anybody_is_doubtful_unless_they_finished():
    context = Context(YEAR, "3", taught=("02", "09"), limits=LIMITS)

    def keys(sums):
        found = (one.check.key for one in checks.of_school("DMC", sums, context))
        return [key for key in found if key != "DMC-17.pupils"]  # no rooms are declared here

    sums = Sums(5, {"08": 5})
    assert keys(sums) == ["DMC-13"]
    sums.take(Student, {"grade": "09", "status": "graduated"})
    assert keys(sums) == []
    assert keys(Sums(5, {"09": 5})) == keys(Sums(0, {})) == []


def test_the_year_closes_or_says_what_is_missing(area, officer, executive, approver, teacher):
    """Who was there in June is there in March, or left by a way that has a name; and who is suspended twice is told."""
    people = {"officer": officer, "executive": executive, "approver": approver}
    food_round(people, YEAR, "1", "DMC")
    names = ("อยู่", "ออก", "หาย", "ลอย")
    write([Change(Student, place(), pupil(first_name=name)) for name in names], LOADER)
    _change("1", "ลอย", {"suspended_flag": True})
    last = food_round(people, YEAR, "3", "DMC")
    carry_over(last, officer)
    _change("3", "อยู่", PASSED)
    _change("3", "หาย", PASSED)
    _change("3", "ออก", {"status": "dropped_out", "leave_reason": "21"})
    write([Change(Student, place(round_="3"), pupil(first_name="มาใหม่", **PASSED))], LOADER)
    assert "DMC-14" not in refresh(there())["codes"]
    assert refresh(there())["codes"]["DMC-18"] == 1, "though he does not count"
    row = stored("3", "หาย")
    write([Change(Student, Place.of(row), id=row["_id"], revision=row["revision"], remove=True)], LOADER)
    refresh(there())
    said = Finding.objects(code="DMC-14").get().sentence
    assert "ต้นปี 3 + ย้ายมา 1" in said
    assert "ออกกลางคัน 1" in said
    assert said.endswith("= 3 แต่วันสิ้นปีมี 2 คน")


def there():
    return find_submission("DMC", place(SCHOOL, "3"))


def stored(round_, name):
    return collection(Student).find_one({"academic_year": YEAR, "round": round_, "first_name": name})


def _change(round_, name, values):
    row = stored(round_, name)
    write([Change(Student, Place.of(row), values, row["_id"], row["revision"])], LOADER)
