"""Reports of G-codes: every number is that of an independent count, small ones are hidden from whoever is not entitled."""

import datetime as dt
from collections import Counter

import pytest

from documents import clock
from documents.database import db
from documents.dmc.students import Student
from documents.errors import OutOfScope
from documents.gcode.gcode_counts import Narrowed, counted
from documents.gcode.gcode_following import learners_without
from documents.gcode.gcode_linking import learner_values, replace
from documents.records.writing import Change, write
from exports.gcode.gcode_reports import HIDDEN_SAYS, SMALL_SAYS, table_of
from tests.certified import certified
from tests.learners import PDF, recorded, sent
from tests.people import AREA, NOON, OTHER, SCHOOL, person, place
from tests.pupils import number, pupil

PAGE = "/admin/gcode/reports/"
ALL = Narrowed()


@pytest.fixture
def marked(area):
    return person("marked", "district", sensitive=True)


@pytest.fixture
def many(open_round, teacher, neighbour, officer, approver):
    """Requests of two schools: certified of two nationalities, one replaced, one sent, one draft."""
    one = certified(teacher, officer, approver, "G683400000001")
    certified(
        teacher, officer, approver, "G683400000002", first_name="ปอ", sex="F", nationality="056", grade="08"
    )
    third = certified(neighbour, officer, approver, "G683400000003", school=OTHER, first_name="มอ")
    new = number()
    replace(third, new, new, PDF, officer, "แจ้งแล้ว")
    sent(neighbour, OTHER, first_name="นอ", sex="F")
    recorded(teacher, first_name="รอ", evidence=False)
    write([Change(Student, place(), pupil(**learner_values(one)))], teacher)
    return one


def independently(name, rows):
    """{key: Counter} of stored requests, counted one by one."""
    group = {"certified": "certified", "replaced": "replaced"} | dict.fromkeys(
        ("sent", "checking", "checked", "returned"), "waiting"
    )
    found = {}
    for row in rows:
        if row["state"] in group:
            kept = found.setdefault(row[name], Counter())
            kept.update([row["sex"], "all", group[row["state"]]])
    return found


@pytest.mark.parametrize(
    ("dimension", "field"),
    [("school", "school_code"), ("nation", "nationality"), ("grade", "grade"), ("state", "state")],
)
def test_each_count_is_that_of_the_requests(dimension, field, many, marked):
    found = counted(marked, AREA, dimension, ALL)
    expected = independently(field, db()["gcode_requests"].find())
    assert {key: +row for key, row in found.rows.items()} == expected
    assert found.totals["all"] == 4, "the draft is no request yet"


def test_a_row_has_the_manuals_columns_and_its_parts_make_its_sum(many, marked):
    table = table_of("nation", marked, AREA, ALL)
    assert [column.label for column in table.columns] == [
        "ลำดับ", "สัญชาติ", "ชาย", "หญิง", "รวม", "รับรองแล้ว", "รอรับรอง", "เปลี่ยนเป็นเลข 13 หลัก"
    ]  # fmt: skip
    for row in [*table.rows, table.total]:
        assert row[4] == row[2] + row[3] == sum(row[5:])
    assert table.total[2:] == [2, 2, 4, 2, 1, 1]
    assert table.rows[0][1] == "พม่า"


def test_counts_are_narrowed_by_period_state_sex_and_grade(many, marked):
    def number_of(**narrowed):
        return counted(marked, AREA, "school", Narrowed(**narrowed)).totals["all"]

    today, day = clock.today(), dt.timedelta(days=1)
    assert [number_of(since=today), number_of(since=today + day), number_of(until=today - day)] == [4, 0, 0]
    assert [number_of(state=name) for name in ("certified", "waiting", "replaced", "ended")] == [2, 1, 1, 0]
    assert [number_of(sex="M"), number_of(sex="F"), number_of(grade="08"), number_of(school=OTHER)] == [
        2,
        2,
        1,
        2,
    ]
    assert number_of(sex="F", state="certified") == 1
    assert [row[1] for row in table_of("month", marked, AREA, ALL).rows] == ["มิ.ย. 2568"]


def test_small_numbers_are_hidden_and_cannot_be_worked_out(many, officer, executive, teacher):
    for who in (officer, executive):
        table = table_of("nation", who, AREA, ALL)
        sums = [table.total] if who is executive else []  # an officer has the sums from the other reports
        assert {cell for row in [*table.rows, *sums] for cell in row[2:] if cell} <= {SMALL_SAYS, HIDDEN_SAYS}
        with pytest.raises(OutOfScope):
            counted(who, AREA, "nation", Narrowed(sex="F"))
    for name, plain in (("school", [2, 2]), ("grade", [3, 1])):  # which the officer can count in his list
        assert [row[4] for row in table_of(name, officer, AREA, ALL).rows] == plain
        assert {row[4] for row in table_of(name, executive, AREA, ALL).rows} <= {SMALL_SAYS, HIDDEN_SAYS}
    assert counted(officer, AREA, "school", Narrowed(sex="F")).totals["all"] == 2
    own = table_of("nation", teacher, AREA, ALL)
    assert own.total[2:] == [1, 1, 2, 2, 0, 0], "a school sees its own in full, and no other's"


def test_a_school_counts_and_lists_its_own_alone(many, teacher, neighbour, executive, administrator):
    assert set(counted(neighbour, AREA, "school", ALL).rows) == {OTHER}
    with pytest.raises(OutOfScope):
        counted(neighbour, AREA, "school", Narrowed(school=SCHOOL))
    with pytest.raises(OutOfScope):
        counted(administrator, AREA, "school", ALL)
    assert len(learners_without(teacher, AREA)) == 2
    assert learners_without(neighbour, AREA) == learners_without(executive, AREA) == []
    for who in (teacher, neighbour, executive):
        with pytest.raises(OutOfScope):
            table_of("register", who, AREA, ALL)


def test_who_has_no_13_digit_number_is_listed_by_the_age_of_the_case(many, officer, teacher, approver):
    clock.configure("2025-08-04T09:00:00+07:00")
    certified(teacher, officer, approver, "G683400000009", first_name="ใหม่")
    clock.configure("2025-09-03T09:00:00+07:00")
    table = table_of("following", officer, AREA, ALL)
    assert [(row[1], row[6], row[7], row[8]) for row in table.rows] == [
        ("ซอ แสงจันทร์", "90–179 วัน", 90, "มี"), ("ปอ แสงจันทร์", "90–179 วัน", 90, "ยังไม่มี"), ("ใหม่ แสงจันทร์", "30–89 วัน", 30, "ยังไม่มี"),
    ]  # fmt: skip
    assert table.rows[0][3] == "G6834xxxxx001", "masked on the screen"
    assert table_of("following", officer, AREA, ALL, whole_ids=True).rows[0][3] == "G683400000001"
    clock.configure(NOON)


def test_the_register_hides_nationality_from_an_officer_without_the_mark(many, officer, marked):
    plain, whole = (table_of("register", who, AREA, ALL) for who in (officer, marked))
    assert [row[5] for row in plain.rows] == [HIDDEN_SAYS] * 3
    assert [row[5] for row in whole.rows] == ["พม่า", "ลาว", "พม่า"]
    assert plain.personal


def test_a_number_of_few_is_guarded_against_the_sums_that_an_officer_has(many, officer, executive):
    def replaced(who):
        table = table_of("nation", who, AREA, ALL)
        return {row[1]: row[7] for row in [*table.rows, table.total]}

    assert replaced(executive) == {"พม่า": SMALL_SAYS, "ลาว": 0, "รวม": SMALL_SAYS}
    assert replaced(officer) == {"พม่า": SMALL_SAYS, "ลาว": HIDDEN_SAYS, "รวม": 1}, (
        "else the sum would tell it"
    )
