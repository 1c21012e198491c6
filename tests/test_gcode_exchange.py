"""The exchange of G-codes: out with the personal-data line, in as a plan and then a deed, nothing while there is an error."""

import io

import pytest
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from documents.database import collection
from documents.dmc.students import Student
from documents.errors import OutOfScope, RuleBroken, WrongState
from documents.gcode import gcode_requests
from documents.gcode.gcode import GCodeRequest
from documents.gcode.gcode_linking import learner_values
from documents.gcode.gcode_numbers import ISSUED, RECORDED, set_mode
from documents.records.writing import Change, write
from exports.gcode.gcode_exchange import (
    COLUMNS,
    exchange_workbook,
    plan_exchange,
    rows_wanted,
    write_row,
)
from exports.imports.row_plans import refuse_faulty
from tests.certified import certified
from tests.learners import checked, sent
from tests.people import AREA, person, place
from tests.pupils import number, pupil

CODE = "G683400000001"
NO, FIRST, LAST, GIVEN, NUMBER = 0, 1, 2, 18, 19


@pytest.fixture
def marked(area):
    return person("marked", "district", sensitive=True)


@pytest.fixture
def learners(open_round, teacher, officer, approver):
    """Three requests: checked without a code, certified with a temporary one and in DMC, certified with the ministry's."""
    first = checked(teacher, officer)
    set_mode(AREA, ISSUED, officer, "ระบบกระทรวงปิด")
    second = certified(teacher, officer, approver, None, first_name="ปอ")
    set_mode(AREA, RECORDED, officer, "ระบบกระทรวงเปิดแล้ว")
    third = certified(teacher, officer, approver, "G683400000003", first_name="มอ")
    write([Change(Student, place(), pupil(**learner_values(second)))], teacher)
    return first, second, third


def sheet(content):
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def filled(rows, **cells):
    """The bytes of a workbook as it came, whose rows are filled in: {request's number: (code, 13-digit number)}."""
    out = io.BytesIO()
    book = Workbook(out)
    page = book.add_worksheet()
    for at, row in enumerate(rows):
        row = list(row)
        if row[NO] in cells:
            row[GIVEN], row[NUMBER] = cells[row[NO]]
        page.write_row(at, 0, row)
    book.close()
    return out.getvalue()


def out(marked, kind="ministry"):
    return sheet(exchange_workbook(rows_wanted(marked, AREA, kind), kind, "เขตหนึ่ง"))


def stored(no):
    return GCodeRequest.objects.get(request_no=no)


def test_what_goes_out_says_that_it_is_personal_and_shows_the_ministry_no_temporary_code(
    learners, marked, teacher
):
    first, second, third = learners
    sent(teacher, first_name="ยังไม่ตรวจ")  # the ministry is asked for nobody who was not checked
    rows = out(marked)
    assert rows[2][0] == "เอกสารนี้มีข้อมูลส่วนบุคคล ห้ามเผยแพร่"
    assert tuple(rows[3]) == tuple(column.label for column in COLUMNS)
    assert {row[NO] for row in rows[4:]} == {first.request_no, second.request_no}
    assert second.code not in str(rows)
    registry = out(marked, "registry")
    assert {row[NO]: row[17] for row in registry[4:]} == {
        second.request_no: "ชั่วคราว",
        third.request_no: "ออกโดยระบบของกระทรวง",
    }


def test_only_an_officer_who_sees_what_is_sensitive_exchanges(
    learners, marked, officer, teacher, approver, executive
):
    for stranger in (officer, teacher, approver, executive):
        with pytest.raises(OutOfScope):
            rows_wanted(stranger, AREA, "ministry")
        with pytest.raises(OutOfScope):
            plan_exchange(b"x", "x.xlsx", AREA, stranger)


def test_what_comes_back_is_planned_and_then_written(learners, marked):
    first, second, _ = learners
    new = number()
    content = filled(
        out(marked), **{first.request_no: (CODE, ""), second.request_no: ("g6834 0000 0002", "")}
    )
    plan = plan_exchange(content, "x.xlsx", AREA, marked)
    assert (plan["errors"], plan["same"]) == ([], 0)
    assert {(row["no"], row["what"], row["new"]) for row in plan["rows"]} == {
        (first.request_no, "code", CODE), (second.request_no, "renew", "G683400000002"),
    }  # fmt: skip
    assert stored(first.request_no).code is None, "a plan writes nothing"
    refuse_faulty(plan)
    for row in plan["rows"]:
        write_row(AREA, row, marked, "หนังสือกระทรวงที่ 1")
        write_row(AREA, row, marked, "หนังสือกระทรวงที่ 1")
    assert (stored(first.request_no).code, stored(first.request_no).state) == (CODE, "checked")
    assert collection(Student).find_one()["person_id"] == "G683400000002"
    again = plan_exchange(content, "x.xlsx", AREA, marked)
    assert (again["rows"], again["same"], again["errors"]) == ([], 2, [])
    content = filled(out(marked, "registry"), **{second.request_no: ("", f"{new[0]}-{new[1:]}")})
    (row,) = plan_exchange(content, "x.xlsx", AREA, marked)["rows"]
    write_row(AREA, row, marked, "หนังสืออำเภอที่ 2")
    assert (stored(second.request_no).state, collection(Student).find_one()["person_id"]) == ("replaced", new)
    assert stored(second.request_no).moves[-1]["reason"] == "หนังสืออำเภอที่ 2"


def test_a_request_that_was_changed_after_its_file_was_planned_is_left_alone(learners, marked, officer):
    first, _, _ = learners
    (planned,) = plan_exchange(filled(out(marked), **{first.request_no: (CODE, "")}), "x.xlsx", AREA, marked)[
        "rows"
    ]
    gcode_requests.change(first, {"first_name": "อีกคน"}, first.revision, officer, "ชื่อผิดคน")
    with pytest.raises(WrongState, match="เปลี่ยนไปหลังจากตรวจไฟล์"):
        write_row(AREA, planned, marked, "หนังสือกระทรวงที่ 1")
    assert stored(first.request_no).code is None


def test_each_fault_is_told_by_its_row_and_nothing_is_written(learners, marked, teacher):
    first, second, third = learners
    other = sent(teacher, first_name="นอ")
    rows = out(marked, "ministry")
    head, mine = rows[:4], {row[NO]: row for row in rows[4:]}

    def line(no, code="", new="", **more):
        row = list(mine.get(no, mine[first.request_no]))
        row[NO], row[GIVEN], row[NUMBER] = no, code, new
        for at, value in more.items():
            row[int(at[1:])] = value
        return row

    faults = [
        (line("2568-9999", CODE), "ไม่พบคำขอ"),
        (line(first.request_no, "G68340000000"), "รหัส G ต้องเป็น"),
        (line(first.request_no, CODE), "แถวที่ 6"),
        (line(other.request_no, CODE, "", c1="ชื่ออื่น"), "ไม่ตรงกับคำขอ"),
        (line(third.request_no, "", "1000000000018", c1="มอ"), "13 หลัก"),
        (line(second.request_no, third.code), "รหัสนี้ออกให้คำขออื่น"),
    ]
    plan = plan_exchange(filled([*head, *(row for row, _ in faults)]), "x.xlsx", AREA, marked)
    assert plan["rows"] == []
    for number_of_row, ((_, words), error) in enumerate(zip(faults, plan["errors"], strict=True), 5):
        assert (error["row"], words in error["sentence"]) == (number_of_row, True), error
        assert "G68" not in error["sentence"].replace("G683400000001 กรุณา", "")
    with pytest.raises(RuleBroken, match="6 แถว"):
        refuse_faulty(plan)
    assert stored(first.request_no).code is None


def test_one_code_for_two_rows_and_two_numbers_in_one_row_are_faults(learners, marked, teacher):
    first, second, _ = learners
    rows = out(marked)
    plan = plan_exchange(
        filled(rows, **{first.request_no: (CODE, ""), second.request_no: (CODE, "")}), "x.xlsx", AREA, marked
    )
    assert ["แถวที่" in error["sentence"] for error in plan["errors"]] == [True]
    plan = plan_exchange(filled(rows, **{first.request_no: (CODE, number())}), "x.xlsx", AREA, marked)
    assert ["อย่างใดอย่างหนึ่ง" in error["sentence"] for error in plan["errors"]] == [True]


def test_a_file_without_the_columns_is_refused(marked, area):
    with pytest.raises(RuleBroken, match="เลขที่คำขอ"):
        plan_exchange("ชื่อ,นามสกุล\nก,ข\n".encode(), "x.csv", AREA, marked)
