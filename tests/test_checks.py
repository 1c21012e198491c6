"""The checks: each rule with values just inside and just outside its bound."""

import datetime as dt

import pytest

from documents import subsystems
from documents.checking import checks, limits
from documents.checking.checks import Context
from documents.dmc.student_checks import Sums
from documents.dmc.students import Student
from documents.errors import Invalid, NotAllowed
from documents.records import fields
from documents.records.record import declared, default_required
from tests.people import AREA, ROUND, YEAR
from tests.pupils import number, pupil

AS_OF = dt.datetime(2025, 6, 10)  # noqa: DTZ001
LIMITS = checks.default_limits("DMC")
ROOMS = {"06": 0, "07": 2, "08": 1}


def found(**more):
    """Keys of what is found of a complete pupil of ten in ป.4, some of whose values are others."""
    values = {name: fields.accept(declared(Student)[name], value) for name, value in pupil(**more).items()}
    required = {"students": default_required(Student)}
    context = Context(YEAR, ROUND, AS_OF, ("02", "09"), LIMITS, required, {"rooms": ROOMS})
    plain = {"academic_year": YEAR, "round": ROUND, **values}
    return {one.check.key for one in checks.of_record(Student, plain, context)}


POOR = {"disadvantages": ["09"], "father_income_year": 72_000}
# (what is found, values just outside its bound, values just inside)
BOUNDS = [
    ("DMC-03", {"id_type": "O", "person_id": "1000000000018"}, {"id_type": "O", "person_id": "1000000000017"}),
    ("DMC-03", {"id_type": "O", "person_id": "9000000000019"}, {"id_type": "P", "person_id": "1000000000018"}),
    ("DMC-03", {"id_type": "O", "person_id": "1000000000018"}, {"id_type": "G", "person_id": "G000000000018"}),
    ("DMC-07.grade", {"birth_date": "31/12/2556"}, {"birth_date": "01/01/2557"}),
    ("DMC-07.grade", {"birth_date": "01/01/2560"}, {"birth_date": "31/12/2559"}),
    ("DMC-07.grade", {"grade": "02", "birth_date": "16/05/2562"}, {"grade": "02", "birth_date": "17/05/2562"}),
    ("DMC-07.counting", {"grade": "02", "birth_date": "17/05/2565"}, {"grade": "02", "birth_date": "16/05/2565"}),
    ("DMC-07.counting", {"birth_date": "31/12/2547"}, {"birth_date": "01/01/2548"}),
    ("DMC-08.grade", {"grade": "10"}, {"grade": "09"}),
    ("DMC-08.grade", {"grade": "01"}, {"grade": "02"}),
    ("DMC-08.room", {"room": 3}, {"room": 2}),
    ("DMC-08.room", {"room": 3}, {"room": 3, "grade": "06"}),  # a grade without rooms is the school's matter
    ("DMC-08.room", {"room": 3}, {"room": 3, "status": "moved_out", "leave_reason": "32"}),
    ("DMC-09", {"weight_kg": None}, {"blood": None}),
    ("DMC-10.sex", {"sex": "F"}, {"sex": "M"}),
    ("DMC-10.age", {"birth_date": "10/06/2553"}, {"birth_date": "11/06/2553"}),
    ("DMC-10.age", {"title": "003", "birth_date": "11/06/2553"}, {"title": "003", "birth_date": "10/06/2553"}),
    ("DMC-10.age", {"title": "003"}, {"title": "832"}),
    ("DMC-11.thai", {"id_type": "G", "person_id": "G000000000018"},
     {"id_type": "G", "person_id": "G000000000018", "nationality": "056"}),
    ("DMC-11.thai", {"person_id": "6000000000016"}, {"id_type": "P", "person_id": "6000000000016"}),
    ("DMC-11.foreign", {"nationality": "056"}, {"nationality": "099"}),
    ("DMC-11.foreign", {"nationality": "056", "person_id": "2000000000016"},
     {"nationality": "056", "person_id": "3000000000016"}),
    ("DMC-16.poor", POOR | {"mother_income_year": 72_001}, POOR | {"mother_income_year": 72_000}),
    ("DMC-16.poor", {"disadvantages": ["09"]}, {"disadvantages": ["12"]}),
    ("DMC-16.boarding", {"boarding": "01", "dist_paved_m": 0}, {"boarding": "01", "dist_paved_m": 100}),
    ("DMC-16.boarding", {"boarding": "01", "dist_paved_m": 0}, {"boarding": "00", "dist_paved_m": 0}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "outside", "inside"), BOUNDS)
def test_each_rule_finds_what_lies_beyond_its_bound_and_nothing_before_it(key, outside, inside):
    assert key in found(**outside)
    assert key not in found(**inside)


def test_nothing_is_found_of_a_plausible_pupil():
    assert found(person_id=number()) == set()


@pytest.mark.parametrize(
    ("heads", "before", "is_found"),
    [
        (120, 100, True),
        (119, 100, False),
        (80, 100, True),
        (81, 100, False),
        (50, None, False),
        (0, 100, False),
    ],
)
def test_a_total_is_compared_with_the_round_before(heads, before, is_found):
    around = {"earlier": ({"pupils": before},), "beside": {"rooms": ROOMS}}
    context = Context(YEAR, ROUND, AS_OF, limits=LIMITS, **around)
    keys = [one.check.key for one in checks.of_school("DMC", Sums(heads, {"07": 5, "08": 5}), context)]
    assert keys == (["DMC-15"] if is_found else [])


def test_rooms_and_pupils_of_each_grade_belong_together():
    context = Context(YEAR, ROUND, AS_OF, limits=LIMITS, beside={"rooms": ROOMS})
    rows = list(checks.of_school("DMC", Sums(9, {"06": 4, "07": 5}), context))
    assert [(one.check.key, one.about, one.check.level) for one in rows] == [
        ("DMC-17.pupils", "06", "error"),
        ("DMC-17.rooms", "08", "warning"),
    ]


@pytest.mark.parametrize("rooms", [{}, {"06": 0, "07": 0}])
def test_a_school_that_declared_no_room_at_all_is_told_once(rooms):
    """Not of each grade, nor of each pupil: one error with one thing to do (domain.md 3.1.5, DMC-17)."""
    context = Context(YEAR, ROUND, AS_OF, limits=LIMITS, beside={"rooms": rooms})
    rows = list(checks.of_school("DMC", Sums(9, {"06": 4, "07": 5}), context))
    assert [(one.check.key, one.about, one.check.level) for one in rows] == [("DMC-17.pupils", "", "error")]
    assert rows[0].sentence == "มีนักเรียน 9 คน แต่ยังไม่ได้แจ้งจำนวนห้องเรียนของชั้นใดเลย"
    assert list(checks.of_school("DMC", Sums(), context)) == []


def test_every_row_of_the_table_names_fields_that_are_and_says_what_to_do():
    rows = checks.all_checks()
    assert len({check.key for check in rows}) == len(rows)
    for check in rows:
        kinds = [kind for kind in subsystems() if kind.subsystem == check.subsystem]
        of_it = [kind for kind in kinds if check.document in (kind.slug, None)]
        assert of_it or not check.subsystem, check.key
        for kind in of_it:
            assert {*check.fields, *check.before} <= declared(kind).keys(), check.key
        assert check.scope in ("record", "school", "schools")
        assert check.title
        assert check.do


def test_bounds_are_the_areas_from_a_year_on(area, administrator, officer):
    limits.set_limits(AREA, "DMC", YEAR, {"age_difference": 3}, administrator, "ตามมติที่ประชุม")
    assert limits.limits_of(AREA, "DMC", YEAR)["age_difference"] == 3
    assert limits.limits_of(AREA, "DMC", YEAR + 1)["age_difference"] == 3
    assert limits.limits_of(AREA, "DMC", YEAR - 1)["age_difference"] == 2
    with pytest.raises(NotAllowed):
        limits.set_limits(AREA, "DMC", YEAR, {"age_difference": 4}, officer)
    with pytest.raises(Invalid):
        limits.set_limits(AREA, "DMC", YEAR, {"age_difference": 0}, administrator)
