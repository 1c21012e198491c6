"""Importing: the plan tells what would change, the deed does it, and nothing of another school shows."""

import datetime as dt
from types import SimpleNamespace

import pytest
from bson import ObjectId

from documents import clock
from documents.database import collection
from documents.errors import FileRefused, Invalid, RuleBroken
from documents.records.record import Place
from documents.records.writing import Change, write
from exports.imports.importing import apply_plan, plan_import
from exports.imports.stored_plans import StoredPlan, StoredRows, find_plan
from exports.workbooks.cell_values import value_of
from exports.workbooks.columns import Surroundings
from exports.workbooks.layouts import layout_of
from tests import awkward_files as made
from tests.people import OTHER, SCHOOL, place

HEAD = ["รหัสโรงเรียน", "รหัสโรงอาหาร", "ชื่อโรงอาหาร", "ศาสนาที่ปรุงให้", "ที่นั่ง", "พื้นที่", "วันที่สร้าง", "เปิดใช้"]
FULL = [SCHOOL, "A01", "โรงอาหารใหญ่", "พุทธ", 120, 250.5, "10/06/2560", "ใช่"]
STORED = {
    "code": "A01",
    "name": "โรงอาหารใหญ่",
    "faith": "001",
    "seats": 120,
    "size": 250.5,
    "built": dt.datetime(2017, 6, 10),  # noqa: DTZ001  a day has no zone
    "open_now": True,
}


@pytest.fixture
def desk(canteens, open_round, teacher):
    """Plan a file of rows for the teacher, or another: `desk.plan([...], user=..., head=...)`."""

    def plan(*rows, user=teacher, head=HEAD, **options):
        return plan_import(canteens, made.xlsx([head, *rows]), "ไฟล์.xlsx", user, open_round, **options)

    def store(*values, school=SCHOOL, user=teacher):
        return write([Change(canteens, place(school), each) for each in values], user, "ทดสอบ")

    def stored(school=SCHOOL):
        return list(collection(canteens).find(place(school)._asdict()))

    return SimpleNamespace(plan=plan, store=store, stored=stored, document=canteens, round=open_round)


# ---- the plan ----


def test_a_new_row_is_planned_and_nothing_is_written(desk):
    plan = desk.plan(FULL)
    assert [(row.row, row.headline, row.values) for row in plan.new] == [(2, "โรงอาหารใหญ่", STORED)]
    assert (plan.changed, plan.same, plan.errors) == ([], [], [])
    assert desk.stored() == []


def test_a_row_with_nothing_but_its_school_is_no_new_record(desk):
    for blanks in ("keep", "clear"):
        plan = desk.plan(FULL, [SCHOOL, *[""] * 7], [SCHOOL, *[" "] * 7], blanks=blanks)
        assert [row.row for row in plan.new] == [2]
        assert plan.errors == []
        assert plan.warnings == ["ข้ามแถวที่ไม่มีข้อมูลอื่นนอกจากรหัสโรงเรียน"]


def test_a_changed_row_tells_each_field_old_and_new(desk):
    [written] = desk.store(STORED)
    plan = desk.plan([*FULL[:4], 150, *FULL[5:]])
    [row] = plan.changed
    assert (row.id, row.revision) == tuple(written)
    assert [(change.label, change.old, change.new) for change in row.changes] == [("ที่นั่ง", "120", "150")]


def test_an_unchanged_row_is_the_same_however_it_is_written(desk):
    desk.store(STORED)
    day = dt.date(2017, 6, 10)
    for built in ("10/06/2560", "๑๐/๐๖/๒๕๖๐", "2017-06-10", "10 มิ.ย. 2560", day, 42896, dt.date(2560, 6, 10)):
        plan = desk.plan(
            [int(SCHOOL), " a01 ".strip().upper(), "โรงอาหาร\u200bใหญ่ ", "001", "๑๒๐", "250.50", built, "ใช่"]
        )
        assert plan.same == [2], plan.errors + plan.changed


def test_a_blank_cell_leaves_its_field_alone_unless_clearing_was_chosen(desk):
    desk.store(STORED)
    row = [SCHOOL, "A01", "โรงอาหารใหญ่", "-", None, 250.5, "10/06/2560", "ใช่"]
    kept = desk.plan(row)
    assert (kept.same, kept.blanks) == ([2], 2)
    cleared = desk.plan(row, blanks="clear")
    assert {change.name for change in cleared.changed[0].changes} == {"faith", "seats"}


WRONG = {
    "an unknown word": (3, "ยูเรก้า", "ไม่อยู่ในรายการศาสนา"),
    "no number": (4, "มาก", "ตัวเลข"),
    "not a whole number": (4, 12.5, "จำนวนเต็ม"),
    "too many": (4, 9999, "เกิน"),
    "a number with an exponent": (1, "1.34E+12", "พิมพ์เลขเต็ม"),
    "a number cut short": (1, 1340000000000, "พิมพ์เลขเต็ม"),
    "text that became a date": (1, dt.date(2025, 1, 5), "จัดช่องเป็นข้อความ"),
    "a day that is not": (6, "31/04/2568", "ปฏิทิน"),
    "29 February that is not": (6, "29/02/2564", "ปฏิทิน"),
    "a Christian year": (6, "10/06/2015", "ปี พ.ศ."),
    "a year beyond sense": (6, "10/06/3111", "ไม่น่าเป็นไปได้"),
    "no date": (6, True, "วันที่"),
    "what Excel made of a year": (6, dt.date(1900, 1, 4), "พิมพ์วันที่ใหม่"),
    "neither yes nor no": (7, "อาจจะ", "ใช่ หรือ ไม่ใช่"),
    "too long": (2, "ก" * 61, "ยาวเกิน"),
}


@pytest.mark.parametrize(("column", "cell", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_cell_is_an_error_with_its_row_and_column(desk, column, cell, words):
    rows = [FULL[:], [*FULL[:1], "B02", *FULL[2:]]]
    rows[1][column] = cell
    [error] = desk.plan(*rows).errors
    assert error.row == 3
    assert error.column.endswith(HEAD[column])
    assert words in error.sentence


def test_an_error_never_repeats_a_number_that_may_name_a_person(desk):
    plan = desk.plan([*FULL[:3], "1000000000017", *FULL[4:]])
    assert "1000000000017" not in plan.errors[0].sentence


def test_a_rule_over_two_fields_speaks_in_the_plan(desk):
    plan = desk.plan([*FULL, 500], head=[*HEAD, "ผู้ใช้บริการ"])
    [error] = plan.errors
    assert (error.row, error.column) == (2, "I ผู้ใช้บริการ")


def test_a_row_twice_in_one_file_is_an_error_that_names_the_first(desk):
    plan = desk.plan(FULL, [*FULL[:2], "อีกชื่อ", *FULL[3:]])
    [error] = plan.errors
    assert (error.row, "แถวที่ 2" in error.sentence) == (3, True)


def test_a_row_of_another_school_tells_nothing_of_it(desk, neighbour):
    desk.store(STORED | {"name": "ความลับ"}, school=OTHER, user=neighbour)
    strange = desk.plan(FULL, [OTHER, *FULL[1:]], ["99999999", *FULL[1:]])
    assert {error.sentence for error in strange.errors} == {strange.errors[0].sentence}
    assert [error.row for error in strange.errors] == [3, 4]
    assert list(strange.schools) == [SCHOOL]
    assert "ความลับ" not in str(strange)


def test_an_officer_s_file_is_split_by_school(desk, officer):
    plan = desk.plan(FULL, [OTHER, *FULL[1:]], ["34010099", *FULL[1:]], user=officer)
    assert {code: school.new for code, school in plan.schools.items()} == {SCHOOL: 1, OTHER: 1}
    assert [error.row for error in plan.errors] == [4]


def test_a_teacher_s_file_needs_no_column_for_the_school(desk):
    assert len(desk.plan(FULL[1:], head=HEAD[1:]).new) == 1


def test_an_officer_s_file_does(desk, officer):
    with pytest.raises(FileRefused, match="รหัสโรงเรียน"):
        desk.plan(FULL[1:], head=HEAD[1:], user=officer)


def test_a_file_without_the_key_s_column_is_refused(desk):
    with pytest.raises(FileRefused, match="รหัสโรงอาหาร"):
        desk.plan([SCHOOL, "x", "พุทธ"], head=["รหัสโรงเรียน", "ชื่อโรงอาหาร", "ศาสนาที่ปรุงให้"])


def test_what_the_file_lacks_of_the_required_is_listed(desk):
    plan = desk.plan([SCHOOL, "A01"], head=["รหัสโรงเรียน", "รหัสโรงอาหาร"])
    assert plan.missing_columns == ["ชื่อโรงอาหาร"]
    assert plan.lacking == {"ชื่อโรงอาหาร": 1}


def test_unknown_columns_are_told(desk):
    assert desk.plan([*FULL, "แดง"], head=[*HEAD, "สีหลังคา"]).unknown == ["สีหลังคา"]


def test_records_that_are_not_in_the_file_are_counted_and_stay(desk):
    desk.store(STORED, STORED | {"code": "B02", "name": "เล็ก"})
    plan = desk.plan(FULL)
    assert plan.schools[SCHOOL].absent == 1


def test_a_record_without_a_key_is_matched_by_its_name(desk):
    desk.store({"name": "ยังไม่มีรหัส", "seats": 5})
    plan = desk.plan([SCHOOL, None, "ยังไม่มีรหัส", None, 5, None, None, None])
    assert plan.same == [2]


def test_a_shut_window_is_told_in_the_plan(desk):
    clock.configure("2025-06-20T09:00:00+07:00")
    assert "ปิดรับข้อมูล" in desk.plan(FULL).schools[SCHOOL].door


def test_sensitive_columns_are_passed_over_for_an_officer_without_the_mark(desk, officer):
    plan = desk.plan([*FULL, "ออทิสติก"], head=[*HEAD, "ความต้องการพิเศษ"], user=officer)
    assert "needs" not in plan.new[0].values
    assert any("ความต้องการพิเศษ" in warning for warning in plan.warnings)


def test_more_rows_than_may_be_are_refused_with_their_number(desk):
    rows = [[SCHOOL, f"A{n:05}", "x", None, None, None, None, None] for n in range(301)]
    with pytest.raises(FileRefused, match="301"):
        desk.plan(*rows, max_rows=300)


# ---- the deed ----


def test_the_deed_writes_what_the_plan_said(desk, teacher):
    desk.store(STORED)
    plan = desk.plan([*FULL[:4], 150, *FULL[5:]], [SCHOOL, "B02", "เล็ก", *[None] * 5])
    [outcome] = apply_plan(plan.id, teacher)
    assert (outcome.written, outcome.refusal) == (2, None)
    assert {row["code"]: row.get("seats") for row in desk.stored()} == {"A01": 150, "B02": None}
    assert desk.plan([*FULL[:4], 150, *FULL[5:]], [SCHOOL, "B02", "เล็ก", *[None] * 5]).same == [2, 3]


def test_a_plan_comes_back_from_the_store_as_it_was(desk, teacher):
    desk.store(STORED)
    plan = desk.plan([*FULL[:4], 150, *FULL[5:]], [SCHOOL, "B02", *["x"] * 6])
    assert find_plan(str(plan.id), teacher) == plan


def test_a_plan_is_its_owner_s_alone(desk, neighbour, officer):
    plan = desk.plan(FULL)
    for other in (neighbour, officer):
        with pytest.raises(RuleBroken, match="ไม่พบแผน"):
            apply_plan(plan.id, other)
    for unknown in (ObjectId(), "x", "$ne"):
        with pytest.raises(RuleBroken, match="ไม่พบแผน"):
            find_plan(unknown, neighbour)
    assert desk.stored() == []


def test_an_old_plan_is_gone(desk, teacher):
    plan = desk.plan(FULL)
    past = dt.datetime(2020, 1, 1)  # noqa: DTZ001  as MongoDB keeps it
    collection(StoredPlan).update_one({"_id": plan.id}, {"$set": {"expires_at": past}})
    with pytest.raises(RuleBroken, match="หมดอายุ"):
        apply_plan(plan.id, teacher)


def test_a_plan_with_an_error_writes_nothing(desk, teacher):
    plan = desk.plan(FULL, [SCHOOL, "B02", "x", "ยูเรก้า", *[None] * 4])
    with pytest.raises(RuleBroken, match="1 จุด"):
        apply_plan(plan.id, teacher)
    assert desk.stored() == []


def test_a_plan_can_be_done_for_the_schools_without_errors(desk, officer):
    plan = desk.plan(FULL, [OTHER, "B02", "x", "ยูเรก้า", *[None] * 4], user=officer)
    outcomes = apply_plan(plan.id, officer, "ตามหนังสือ", partly=True)
    assert [(outcome.school_code, outcome.written) for outcome in outcomes] == [(SCHOOL, 1)]
    assert desk.stored(OTHER) == []


def test_a_second_press_writes_nothing_twice(desk, teacher):
    plan = desk.plan(FULL)
    apply_plan(plan.id, teacher)
    with pytest.raises(RuleBroken, match="ไปแล้ว"):
        apply_plan(plan.id, teacher)
    assert len(desk.stored()) == 1


def test_a_record_changed_meanwhile_is_a_conflict_of_its_school(desk, teacher):
    [written] = desk.store(STORED)
    plan = desk.plan([*FULL[:4], 150, *FULL[5:]], [SCHOOL, "B02", "เล็ก", *[None] * 5])
    write([Change(desk.document, place(), {"seats": 99}, id=written.id, revision=1)], teacher)
    [outcome] = apply_plan(plan.id, teacher)
    assert outcome.written == 0
    [conflict] = outcome.conflicts
    assert [(one.name, one.base, one.theirs, one.mine) for one in conflict.fields] == [
        ("seats", 120, 99, 150)
    ]
    assert [row["seats"] for row in desk.stored()] == [99]


def test_two_who_import_the_same_new_row_do_not_make_it_twice(desk, teacher):
    first, second = desk.plan(FULL), desk.plan(FULL)
    apply_plan(first.id, teacher)
    [outcome] = apply_plan(second.id, teacher)
    assert outcome.refusal
    assert len(desk.stored()) == 1


def test_a_window_that_shuts_meanwhile_refuses_and_the_plan_may_be_tried_again(desk, teacher):
    plan = desk.plan(FULL)
    clock.configure("2025-06-20T09:00:00+07:00")
    [outcome] = apply_plan(plan.id, teacher)
    assert "ปิดรับข้อมูล" in outcome.refusal
    clock.configure("2025-06-06T09:00:00+07:00")
    assert apply_plan(plan.id, teacher)[0].written == 1


def test_the_district_says_why(desk, officer):
    plan = desk.plan(FULL, user=officer)
    with pytest.raises(Invalid, match="เหตุผล"):
        apply_plan(plan.id, officer)
    assert apply_plan(plan.id, officer, "ตามหนังสือโรงเรียน")[0].written == 1


def test_a_large_plan_is_kept_and_written_whole(desk, teacher):
    rows = [[SCHOOL, f"A{n:05}", "ก" * 60, "พุทธ", 10, 20.5, "10/06/2560", "ใช่"] for n in range(3000)]
    plan = desk.plan(*rows)
    assert collection(StoredRows).count_documents({"plan": plan.id, "kind": "new"}) == 15
    assert apply_plan(plan.id, teacher)[0].written == 3000
    assert desk.plan(*rows).same == list(range(2, 3002))


# ---- out and in again ----


def test_what_went_out_comes_back_the_same(desk, teacher):
    odd = {"name": "=1+1", "needs": ["08", "05"], "faith": "003", "size": 0.5, "open_now": False}
    desk.store(STORED, STORED | odd | {"code": "0007"}, {"code": "C03", "name": "ว่าง"})
    layout = layout_of(desk.document)
    around = Surroundings(desk.round, {SCHOOL: "บ้านหนึ่ง"})
    writers = layout.writers(around)
    rows = [[write_cell(row) for write_cell in writers] for row in desk.stored()]
    plan = desk.plan(*rows, head=[column.label for column in layout.written])
    assert (plan.same, plan.errors, plan.changed) == ([2, 3, 4], [], [])


def test_every_subsystem_s_columns_lead_back_to_its_fields():
    from documents import subsystems

    for document in subsystems():
        layout = layout_of(document)
        fed = {name for column in layout.columns for name in column.fields}
        # A file names a picture, it brings none.
        asked = {name for name, field in layout.fields.items() if field.kind != "picture"}
        assert fed >= asked, document


def test_a_lost_zero_is_not_a_change(desk):
    desk.store(STORED | {"code": "0007"})
    plan = desk.plan([SCHOOL, "0007", *FULL[2:]])
    assert plan.same == [2]
    one = desk.document._fields["name"]
    assert value_of(one, 12.0) == "12"


def test_the_place_of_a_plan_is_the_round_s(desk):
    plan = desk.plan(FULL)
    assert Place(plan.area_code, plan.academic_year, plan.round, SCHOOL) == place()
