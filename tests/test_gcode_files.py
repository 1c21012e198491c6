"""No temporary G-code leaves in a file as if the ministry had given it."""

import io

import pytest
from python_calamine import CalamineWorkbook

from documents.dmc.students import Student
from documents.gcode.gcode import GCodeRequest
from documents.gcode.gcode_linking import learner_values, renew
from documents.gcode.gcode_numbers import ISSUED, set_mode
from documents.records.writing import Change, write
from exports.dmc.handover import Written, layout
from exports.gcode.gcode_form import code_words
from exports.imports.importing import plan_import
from tests.certified import certified
from tests.people import AREA, place
from tests.pupils import number, pupil

CODE = "G683400000001"


@pytest.fixture
def temporary(open_round, teacher, officer, approver):
    """A pupil with a temporary code, one with a ministry's, one with a citizen number; gives the temporary code."""
    done = certified(teacher, officer, approver, CODE)
    set_mode(AREA, ISSUED, officer, "ระบบกระทรวงปิด")
    issued = certified(teacher, officer, approver, None, first_name="ปอ")
    values = [pupil(**learner_values(one)) for one in (done, issued)] + [pupil(person_id=number())]
    write([Change(Student, place(), each) for each in values], teacher)
    return issued


def grid_file(who, sign_in, kind):
    return sign_in(who).get(f"/admin/students/export/{kind}/").data


def test_the_roster_marks_a_temporary_code_and_reads_back_unchanged(temporary, teacher, sign_in, open_round):
    content = grid_file(teacher, sign_in, "xlsx")
    cells = [
        cell
        for row in CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        for cell in row
    ]
    assert f"{temporary.code} (ชั่วคราว)" in cells
    assert temporary.code not in cells
    assert CODE in cells
    plan = plan_import(Student, io.BytesIO(content), "x.xlsx", teacher, open_round)
    assert (len(plan.same), plan.new, plan.changed, plan.errors) == (3, [], [], [])
    text = grid_file(teacher, sign_in, "csv").decode("utf-8-sig")
    assert f"{temporary.code} (ชั่วคราว)" in text


def test_one_that_was_renewed_stays_marked_where_it_still_stands(
    temporary, teacher, officer, sign_in, database
):
    renew(temporary, "G683400000002", "G683400000002", officer, "กระทรวงแจ้ง")
    text = grid_file(teacher, sign_in, "csv").decode("utf-8-sig")
    assert "G683400000002" in text
    assert "ชั่วคราว" not in text
    database.students.update_one({"person_id": "G683400000002"}, {"$set": {"person_id": temporary.code}})
    assert f"{temporary.code} (ชั่วคราว)" in grid_file(teacher, sign_in, "csv").decode("utf-8-sig")


def test_paper_marks_a_temporary_code(temporary, teacher, sign_in, database):
    def sheet(code):
        id_ = database.students.find_one({"person_id": code})["_id"]
        return sign_in(teacher).get(f"/admin/students/sheet/?id={id_}").text

    assert "(ชั่วคราว)" in sheet(temporary.code)
    assert "(ชั่วคราว)" not in sheet(CODE)
    assert code_words(temporary) == f"{temporary.code} (ชั่วคราว)"
    assert code_words(GCodeRequest.objects.get(code=CODE)) == CODE


def test_what_is_handed_over_to_the_ministry_leaves_a_temporary_code_out(temporary, database):
    rows = list(database.students.find().sort("_id"))
    _, columns = layout()
    at = [column.field for column in columns].index("person_id")
    from documents.gcode.gcode_numbers import temporary_codes

    written = [row[at] for row in Written(rows, columns, {}, temporary_codes(AREA), None)]
    assert written[:2] == [CODE, None]
    assert len(written[2]) == 13
