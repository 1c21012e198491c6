"""The round's workbook: what the lock froze and the records, the same to the byte, and back again unchanged."""

import datetime as dt
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from python_calamine import load_workbook

from documents import clock
from documents.collecting import progress
from documents.collecting.locking import lock_round
from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.district.schools import School
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.errors import TotalsDiffer, WrongState
from documents.records import codelists
from documents.records.defining import define
from documents.records.digests import short_code
from documents.records.record import Place
from documents.records.writing import Change, write
from documents.version import VERSION
from exports.collecting.round_report import round_report
from exports.collecting.round_workbook import records_of, round_file_name, round_workbook
from exports.dmc.statistics import statistics_csv
from exports.imports.importing import plan_import
from exports.reading.reading import read_table
from exports.workbooks.layouts import layout_of
from tests.people import AREA, NAMES, OTHER, ROUND, SCHOOL, YEAR, place
from tests.test_added_fields import said
from tests.test_roster import pupil

LABELS = [column.label for column in layout_of(Student).written]


@pytest.fixture
def filled(open_round, teacher, neighbour):
    """A round with five pupils in two schools, and their rooms."""
    mine = [Change(Student, place(), pupil(n)) for n in (1, 2, 3)]
    mine[1].values.update(sex="F", title="002", first_name="เอมอร")
    mine[2].values.update(reg_street="=HYPERLINK(1)", suspended_flag=True)
    write([*mine, Change(SchoolRooms, place(), {"grade": "04", "rooms": 2})], teacher)
    write([Change(Student, place(OTHER), pupil(n, grade="10")) for n in (7, 8)], neighbour)
    return open_round


@pytest.fixture
def locked(filled, approver):
    """The same round locked; nobody had confirmed, so both schools are closed unreported."""
    return lock_round(filled, approver, "หมดเวลา")


def sheets(content):
    """{sheet name: rows}."""
    book = load_workbook(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def lines(rows):
    """The cover as {label: value}."""
    return {row[0]: row[1] for row in rows if row[0]}


def test_the_workbook_has_cover_report_roster_and_schools(locked):
    found = sheets(round_workbook(locked))
    assert list(found) == ["ปก", "ใบควบคุม", "แยกชั้น,เพศ", "รายชื่อนักเรียน", "รายโรงเรียน"]
    assert found["รายชื่อนักเรียน"][0] == LABELS
    assert len(found["รายชื่อนักเรียน"]) == 6


def test_the_cover_says_whose_data_of_when_how_much_and_who_locked_it(locked):
    cover = sheets(round_workbook(locked))["ปก"]
    told = lines(cover)
    assert "เอกสารนี้มีข้อมูลส่วนบุคคล ห้ามเผยแพร่" in told
    assert told["ข้อมูล ณ วันที่"] == "10 มิถุนายน 2568"
    assert (told["นักเรียนที่นับเป็นยอด"], told["ชาย"], told["หญิง"], told["ห้องเรียน"]) == (4, 3, 1, 2)
    assert told["ล็อกโดย"] == NAMES["approver"]
    assert told["ล็อกเมื่อ"] == "5 มิ.ย. 2568 09.00 น."
    assert told["ลายนิ้วมือข้อมูล (SHA-256)"] == locked.root_hash
    assert [row[:3] for row in cover if row[0] in (SCHOOL, OTHER)] == [
        [SCHOOL, "บ้านหนึ่ง", "หมดเวลา"],
        [OTHER, "บ้านสอง", "หมดเวลา"],
    ]


def test_the_control_sheet_counts_what_was_written_and_names_lock_and_program(locked):
    rows = sheets(round_workbook(locked))["ใบควบคุม"]
    told = {row[0]: row[2] for row in rows if row[0] and row[2] != ""}
    assert (told["จำนวนแถว: นักเรียน (DMC)"], told["นักเรียนที่นับเป็นยอด"], told["ชาย"], told["หญิง"]) == (5, 4, 3, 1)
    assert told["ล็อกโดย"] == NAMES["approver"]
    assert told["ลายนิ้วมือข้อมูลทั้งรอบ (SHA-256)"] == locked.root_hash
    assert told["รหัสชุดข้อมูลทั้งรอบ"] == short_code(locked.root_hash)
    assert VERSION in told["จัดทำด้วย"]
    grades = {row[0]: row[1:5] for row in rows}
    assert grades["รวมทั้งหมด"] == [3, 1, 4, 2]
    assert grades["รวมมัธยมต้น"] == [2, 0, 2, 0]
    mine = find_submission("DMC", place())
    (line,) = (row for row in rows if row[0] == SCHOOL)
    assert line[1:] == ["บ้านหนึ่ง", "ปิดโดยไม่ได้รายงาน", 1, 3, 2, 1, 1, 2, short_code(mine.digest), mine.digest]
    assert rows[-1][:9] == ["รวม", "", "", "", 5, 4, 3, 1, 2]


def spoil_counter(database):
    database.submissions.update_one({"school_code": SCHOOL}, {"$inc": {"counts.m04": 1}})


def spoil_record(database):
    database.students.update_one({"school_code": SCHOOL, "sex": "F"}, {"$set": {"sex": "M"}})


def lose_record(database):
    database.students.delete_one({"school_code": SCHOOL, "sex": "F"})


def spoil_freeze(database):
    database.freezes.update_one({"schools.code": SCHOOL}, {"$inc": {"schools.$.counts.pupils": 1}})


def spoil_rooms(database):
    database.school_rounds.update_one({"school_code": SCHOOL}, {"$set": {"rooms": 3}})


@pytest.mark.parametrize("spoil", [spoil_counter, spoil_record, lose_record, spoil_rooms])
def test_a_file_whose_totals_are_not_the_control_rooms_is_never_finished(
    spoil, filled, sign_in, officer, database
):
    round_workbook(filled)
    spoil(database)
    for make in (round_workbook, round_report, statistics_csv):
        with pytest.raises(TotalsDiffer, match=r"บ้านหนึ่ง .*\(ต่างกัน [+-]1\)"):
            make(filled)
    browser = sign_in(officer)
    answers = [
        browser.get(f"/admin/rounds/export/{path}id={filled.id}")
        for path in ("xlsx/?", "xlsx/?what=report&", "csv/?")
    ]
    assert {answer.status_code for answer in answers} == {409}
    assert all("บ้านหนึ่ง" in answer.text and "Content-Disposition" not in answer.headers for answer in answers)
    assert database.audit_events.count_documents({"action": "export"}) == 0
    events = list(database.audit_events.find({"document": "security", "actor": officer.id}))
    assert [row["changes"]["what"][1] for row in events] == ["totals"] * 3
    assert all("บ้านหนึ่ง" in row["reason"] for row in events)
    assert round_workbook(filled, [OTHER])  # of a school whose totals hold


def test_a_locked_rounds_file_is_held_to_what_the_lock_froze(locked, database):
    spoil_freeze(database)
    with pytest.raises(
        TotalsDiffer, match=r"บ้านหนึ่ง นักเรียนที่นับเป็นยอด ในรายการ 2 หน้าติดตามการรายงาน 3 \(ต่างกัน -1\)"
    ):
        round_workbook(locked)


def test_a_pupil_saved_while_the_file_is_made_is_in_all_of_it_or_in_none(filled, teacher, monkeypatch):
    asked = []

    def slowly(document, facts):
        asked.append(write([Change(Student, place(), pupil(50 + len(asked)))], teacher))
        return records_of(document, facts)

    monkeypatch.setattr("exports.collecting.round_workbook.records_of", saving_elsewhere(slowly))
    rows = sheets(round_workbook(filled))["รายชื่อนักเรียน"]
    assert (len(rows), len(asked)) == (6, 1)


def saving_elsewhere(slowly):
    """The same, its writes made by another person's thread."""

    def asked(document, facts):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(slowly, document, facts).result()

    return asked


def test_the_report_counts_as_the_dashboard_does(locked):
    rows = sheets(round_workbook(locked))["แยกชั้น,เพศ"]
    assert rows[-1][-4:] == [3, 1, 4, 2]
    mine = next(row for row in rows if row[0] == SCHOOL)
    assert mine[-4:] == [1, 1, 2, 2]  # the suspended pupil is on the roster, not in the count


@pytest.mark.parametrize("role", ["teacher", "director", "officer", "approver"])
def test_list_file_and_control_room_give_each_role_the_same_number(role, filled, sign_in, request):
    """Abuse case 39: whoever looks, the grid, its file and the counters agree on his own scope."""
    person = request.getfixturevalue(role)
    browser, scope = sign_in(person), 3 if role in ("teacher", "director") else 5
    page = browser.get("/admin/students/").text
    assert f"<b>1–{scope}</b> จาก <b>{scope}</b> คน" in page
    rows = browser.get("/admin/students/export/csv/").data.decode("utf-8-sig").splitlines()
    assert len(rows) - 1 == scope
    assert progress.sums_of(filled, person).counts["students"] == scope


def test_the_roster_equals_the_records(locked):
    rows = sheets(round_workbook(locked))["รายชื่อนักเรียน"][1:]
    shown = {row[2]: dict(zip(LABELS, row, strict=True)) for row in rows}
    for record in collection(Student).find():
        cells = shown[record["person_id"]]
        assert cells["รหัสโรงเรียน"] == record["school_code"]
        assert cells["วันเกิด"] == record["birth_date"].date()
        assert (cells["ชื่อ"], cells["น้ำหนัก"], cells["เลขประจำตัวนักเรียน"]) == (
            record["first_name"],
            record["weight_kg"],
            record["student_no"],
        )


def test_imported_again_every_row_is_the_same(filled, officer):
    officer.grants[0].sensitive = True
    plan = plan_import(Student, round_workbook(filled), "2568-1.xlsx", officer, filled)
    assert plan.sheet == "รายชื่อนักเรียน"
    assert plan.same == [2, 3, 4, 5, 6], (plan.errors, plan.changed, plan.new)


def test_a_locked_round_s_workbook_is_the_same_to_the_byte(locked, officer):
    first = round_workbook(locked)
    clock.configure("2026-01-01T00:00:00+07:00")
    School.objects(area_code=AREA, code=SCHOOL).update(name="ชื่อใหม่")
    codelists.seed()
    entries = collection(codelists.CodeList)
    entries.update_one(
        {"_id": "GRADE", "entries.code": "04"},
        {"$set": {"entries.$.short": "เกรด 1"}, "$inc": {"version": 1}},
    )
    codelists.forget()
    assert codelists.code_list("GRADE").short("04") == "เกรด 1"
    assert round_workbook(locked) == first
    codelists.forget()


def test_a_running_round_says_that_it_is_not_locked(filled):
    told = lines(sheets(round_workbook(filled))["ปก"])
    assert "ยังไม่ล็อก" in told["สถานะรอบ"]
    assert "ลายนิ้วมือข้อมูล (SHA-256)" not in told


def test_a_school_gets_its_own_records_alone(filled):
    content = round_workbook(filled, [SCHOOL])
    found = sheets(content)
    assert {row[0] for row in found["รายชื่อนักเรียน"][1:]} == {SCHOOL}
    assert not any(
        OTHER in map(str, row) or "บ้านสอง" in map(str, row) for rows in found.values() for row in rows
    )


def test_sensitive_cells_stay_blank_without_the_right(locked):
    found = sheets(round_workbook(locked, sensitive=False))
    shown = dict(zip(LABELS, found["รายชื่อนักเรียน"][1], strict=True))
    assert {shown[label] for label in ("ศาสนา", "สัญชาติ", "น้ำหนัก", "ความด้อยโอกาส")} == {""}
    assert "ข้อมูลอ่อนไหว" in lines(found["ปก"])


def test_a_locked_round_with_a_school_open_again_is_refused(locked, approver):
    submission = find_submission("DMC", place())
    move(submission, "reopen", approver, "ขอแก้ไข", until=clock.now() + dt.timedelta(days=1))
    with pytest.raises(WrongState, match="บ้านหนึ่ง"):
        round_workbook(locked)


def test_a_round_of_the_tests_own_subsystem_gets_a_sheet_of_its_own(canteens, open_round, teacher):
    write([Change(canteens, place(), {"code": "A", "name": "โรงอาหาร", "seats": 4, "eaters": 8})], teacher)
    content = round_workbook(open_round)
    table = read_table(content, "x.xlsx", layout_of(canteens).labels())
    assert table.sheet == "โรงอาหาร"
    shown = dict(zip(table.columns, table.rows[0][1], strict=True))
    assert (shown["ที่นั่ง"], shown["คนต่อที่นั่ง"]) == (4, 2)


def test_a_field_added_to_rooms_brings_their_sheet_and_counts_them_once(
    filled, administrator, teacher, approver
):
    define(AREA, "rooms", said("fans", label="จำนวนพัดลม", unit="ตัว", high="100"), administrator)
    write([Change(SchoolRooms, place(), {"grade": "05", "rooms": 1, "x_fans": "4"})], teacher)
    for one in (lambda: filled, lambda: lock_round(filled, approver, "หมดเวลา")):
        found = sheets(round_workbook(one()))
        head, *rows = found["จำนวนห้องเรียน"]
        assert [row[head.index("จำนวนพัดลม")] for row in rows] == ["", 4]
        assert (lines(found["ปก"])["ห้องเรียน"], lines(found["ปก"])["จำนวนรายการ: จำนวนห้องเรียน"]) == (3, 2)


def test_the_file_is_named_after_the_round(draft_round):
    assert round_file_name(draft_round) == "2568-1-DMC-34010000.xlsx"
    assert Place(AREA, YEAR, ROUND, SCHOOL) == place()
