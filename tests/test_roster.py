"""The ministry's roster of 36 columns: out, in again, and as its own download looks."""

import datetime as dt
import io

import pytest

from documents.database import collection
from documents.dmc.students import Student
from documents.formats.citizen_id import check_digit
from documents.records.writing import Change, write
from exports.dmc.roster import lane_of, parted_lane
from exports.imports.importing import apply_plan, plan_import
from exports.workbooks.columns import Surroundings
from exports.workbooks.layouts import layout_of
from tests import awkward_files as made
from tests.people import SCHOOL, place

BORN = dt.datetime(2017, 3, 5)  # noqa: DTZ001  a day has no zone
ROSTER = layout_of(Student)
LABELS = [column.label for column in ROSTER.written]


def number(n):
    """A citizen number of the office 0000, which does not exist."""
    first = f"100000{n:06d}"
    return first + check_digit(first)


def pupil(n=1, **more):
    """A pupil's values, made up."""
    return {
        "person_id": number(n),
        "student_no": f"00{n}",
        "grade": "04",
        "room": 1,
        "title": "001",
        "first_name": "สมชาย",
        "last_name": "ใจดี",
        "sex": "M",
        "birth_date": BORN,
        "weight_kg": 22.5,
        "height_cm": 118.0,
        "blood": "O",
        "religion": "001",
        "race": "099",
        "nationality": "099",
        "reg_house_no": "12/3",
        "reg_moo": 4,
        "reg_street": "สุขสันต์",
        "reg_soi": "ซอย 2",
        "reg_province": "34",
        "reg_district": "3401",
        "reg_subdistrict": "340101",
        "guardian_first_name": "สมศรี",
        "guardian_last_name": "-",
        "guardian_occupation": "4",
        "guardian_relation": "08",
        "disadvantages": ["09", "12"],
        "suspended_flag": False,
    } | more


@pytest.fixture
def school(open_round, teacher):
    """The teacher's school with an open round: store pupils, write the roster, plan a file."""

    class School:
        def store(self, *values):
            return write([Change(Student, place(), each) for each in values], teacher)

        def stored(self):
            return list(collection(Student).find(place()._asdict()).sort("person_id"))

        def cells(self, hides=frozenset()):
            around = Surroundings(open_round, {SCHOOL: "บ้านหนึ่ง"}, hides=hides)
            writers = ROSTER.writers(around)
            return [[write_cell(row) for write_cell in writers] for row in self.stored()]

        def plan(self, rows, head=LABELS, above=(), user=teacher):
            content = made.xlsx([*above, head, *rows])
            return plan_import(Student, content, "2568-1-student.xlsx", user, open_round)

        def apply(self, plan):
            return apply_plan(plan.id, teacher, approved=True)

    return School()


def test_the_roster_has_the_ministry_s_36_columns():
    assert len(LABELS) == 36
    assert LABELS[:6] == ["รหัสโรงเรียน", "ชื่อโรงเรียน", "เลขประจำตัวประชาชน", "ชั้น", "ห้อง", "เลขประจำตัวนักเรียน"]
    assert LABELS[20] == "ถนน/ซอย"
    assert LABELS[-2:] == ["ความด้อยโอกาส", "ยังไม่สามารถจำหน่ายได้ (3.1.8)"]


def test_a_pupil_s_cells_read_as_an_officer_writes_them(school):
    school.store(pupil())
    [cells] = school.cells()
    shown = dict(zip(LABELS, cells, strict=True))
    assert shown["เลขประจำตัวประชาชน"] == number(1)
    assert (shown["ชั้น"], shown["เพศ"], shown["คำนำหน้าชื่อ"]) == ("ป.1", "ช", "เด็กชาย")
    assert (shown["วันเกิด"], shown["อายุ(ปี)"], shown["ห้อง"]) == (BORN, 8, 1)
    assert (shown["ถนน/ซอย"], shown["อำเภอ"]) == ("สุขสันต์/ซอย 2", "เมืองอุบลราชธานี")
    assert shown["ความด้อยโอกาส"] == "เด็กยากจน, กำพร้า"
    assert shown["เลขประจำตัวนักเรียน"] == "001"


def test_the_roster_imported_again_changes_nothing(school):
    school.store(
        pupil(1), pupil(2, reg_street=None), pupil(3, reg_soi=None), pupil(4, reg_soi=None, reg_street=None)
    )
    school.store(
        {"first_name": "ไม่มีเลข", "last_name": "ใจงาม", "grade": "02"}, pupil(5, disadvantages=["00"])
    )
    plan = school.plan(school.cells())
    assert plan.same == [2, 3, 4, 5, 6, 7], (plan.errors, plan.changed, plan.new)
    assert plan.guesses == []


REAL_HEAD = [*LABELS[:2], "เลขประจำตัวนักเรียน", *LABELS[3:]]
REPORT_LINE = ["วันและเวลาที่สร้างรายงาน 2026-05-02 04:10:12.244315"]


def as_downloaded(cells):
    """A row as the ministry's own download has it: "-" for nothing, text dates in the Buddhist era."""
    row = ["-" if cell is None else cell for cell in cells]
    row[10] = "๐๕/๐๓/๒๕๖๐"
    row[2] = f"{row[2][0]}-{row[2][1:5]}-{row[2][5:10]}-{row[2][10:12]} {row[2][12]}"
    return row


def test_the_ministry_s_own_download_is_read_with_its_two_columns_of_one_name(school):
    school.store(pupil(1), pupil(2, last_name="-"))
    rows = [as_downloaded(cells) for cells in school.cells()]
    plan = school.plan(rows, REAL_HEAD, [REPORT_LINE])
    assert plan.header_row == 2
    assert plan.same == [3, 4], (plan.errors, plan.changed)
    assert any("C" in sentence and "เลขประจำตัวประชาชน" in sentence for sentence in plan.guesses)


def test_a_new_roster_makes_the_pupils(school):
    school.store(pupil(1), pupil(2))
    rows = school.cells()
    for row, n in zip(rows, (11, 12), strict=True):
        row[2], row[5] = number(n), f"01{n}"
    plan = school.plan(rows)
    assert len(plan.new) == 2
    assert plan.lacking["วันที่เข้าเรียน"] == 2
    assert "เลขรหัสประจำบ้าน (ทะเบียนบ้าน)" in plan.missing_columns
    assert school.apply(plan)[0].written == 2
    made_now = {row["person_id"]: row for row in school.stored()}[number(11)]
    kept = (
        "grade",
        "birth_date",
        "weight_kg",
        "reg_subdistrict",
        "disadvantages",
        "guardian_last_name",
        "reg_soi",
    )
    assert {name: made_now[name] for name in kept} == {name: pupil()[name] for name in kept}
    assert made_now["id_type"] == "I"


def test_a_joined_cell_that_was_changed_is_parted_and_one_that_was_not_is_left(school):
    school.store(pupil(1, reg_street="ถนน ก/ข", reg_soi="3"))
    rows = school.cells()
    assert school.plan(rows).same == [2]
    rows[0][20] = "มิตรภาพ/ซอย 9"
    [changed] = school.plan(rows).changed
    assert changed.values == {"reg_street": "มิตรภาพ", "reg_soi": "ซอย 9"}


@pytest.mark.parametrize(
    ("row", "cell"),
    [
        ({"reg_street": "ก"}, "ก"),
        ({"reg_soi": "5"}, "ซอย 5"),
        ({"reg_soi": "ซ.5"}, "ซ.5"),
        ({"reg_street": "ก", "reg_soi": "5"}, "ก/5"),
        ({}, None),
    ],
)
def test_street_and_lane_share_a_cell(row, cell):
    assert lane_of(row) == cell
    if cell and "/" not in cell and not row.get("reg_street"):
        assert parted_lane(cell)["reg_street"] is None


def test_a_mangled_number_is_an_error_and_says_which_cell(school):
    school.store(pupil(1))
    numbers = ["1.34E+12", 1340000000000, 134010000001, "1340100000"]
    rows = [[*school.cells()[0]] for _ in numbers]
    for row, cell in zip(rows, numbers, strict=True):
        row[2] = cell
    plan = school.plan(rows)
    assert [error.row for error in plan.errors] == [2, 3, 4, 5]
    assert {error.column for error in plan.errors} == {"C เลขประจำตัวประชาชน"}
    assert all("พิมพ์เลขเต็ม" in error.sentence for error in plan.errors)
    assert not any("1.34" in error.sentence for error in plan.errors)


def test_a_number_that_fails_its_check_digit_is_an_error_without_the_number(school):
    school.store(pupil(1))
    rows = school.cells()
    wrong = rows[0][2][:12] + str((int(rows[0][2][12]) + 1) % 10)
    rows[0][2] = wrong
    errors = school.plan(rows).errors  # the pupil is not recognised, so his student number is taken, too
    assert next(error.column for error in errors) == "C เลขประจำตัวประชาชน"
    assert not any(wrong in error.sentence for error in errors)


def test_a_subdistrict_is_found_under_its_district(school):
    school.store(pupil(1))
    rows = school.cells()
    rows[0][21:24] = ["ต.ในเมือง", "อ.พิบูลมังสาหาร", "จังหวัดอุบลราชธานี"]
    plan = school.plan(rows)
    sentences = [error.sentence for error in plan.errors]
    assert not sentences or "พิบูลมังสาหาร" in sentences[0]
    rows[0][21:24] = ["ตำบลที่ไม่มีจริง", "อ.เมือง", "อุบลราชธานี"]
    [error] = school.plan(rows).errors
    assert (error.column, "เมืองอุบลราชธานี" in error.sentence) == ("V ตำบล", True)


def test_an_officer_without_the_mark_gets_and_gives_no_sensitive_cells(school, officer):
    school.store(pupil(1))
    hidden = frozenset(column.name for column in ROSTER.written if column.personal == "sensitive")
    [cells] = school.cells(hidden)
    shown = dict(zip(LABELS, cells, strict=True))
    assert {shown[label] for label in ("ศาสนา", "เชื้อชาติ", "น้ำหนัก", "กลุ่มเลือด", "ความด้อยโอกาส")} == {None}
    plan = school.plan(school.cells(), user=officer)
    assert plan.same == [2]
    assert any("ศาสนา" in warning for warning in plan.warnings)


def test_a_csv_in_cp874_is_the_same_roster(school, open_round, teacher):
    school.store(pupil(1), pupil(2))
    rows = [["05/03/2560" if cell == BORN else cell for cell in row] for row in school.cells()]
    rows = [[f'"{cell}"' if isinstance(cell, str) else cell for cell in row] for row in rows]
    plan = plan_import(Student, io.BytesIO(made.csv([LABELS, *rows], "cp874")), "x.csv", teacher, open_round)
    assert plan.same == [2, 3], (plan.errors, plan.changed)


ODD = [
    "",
    " ",
    "\u200b",
    "-",
    "=1+1",
    "' OR 1=1",
    "{$ne: 1}",
    "ก" * 5000,
    "\u202eกลับ",
    "์่ก",
    "0",
    "99999999999999999999",
    "31/04/2568",
    "1.34E+12",
    "<script>",
    0,
    -1,
    1e300,
    2**52,
    0.1,
    True,
    dt.date(1900, 1, 1),
    dt.date(9999, 12, 31),
    dt.date(2563, 2, 28),
    dt.datetime(2025, 6, 10, 23, 59, 59),  # noqa: DTZ001  a cell has no zone
]


def test_whatever_stands_in_a_cell_is_a_value_or_an_error_and_never_a_fault(school):
    school.store(pupil(1))
    [good] = school.cells()
    rows = []
    for column in range(len(LABELS)):
        for odd in ODD:
            row = [*good]
            row[2] = number(1000 + len(rows))
            row[5] = str(1000 + len(rows))
            row[column] = odd
            rows.append(row)
    plan = school.plan(rows)
    told = {error.row for error in plan.errors}
    assert told | {row.row for row in plan.new} | {row.row for row in plan.changed} | set(plan.same) == set(
        range(2, len(rows) + 2)
    )
    assert all(error.sentence and error.column for error in plan.errors)
