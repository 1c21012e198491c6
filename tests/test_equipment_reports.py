"""Reports of equipment: their sums are those of an independent count of the records, and each person reads his own."""

import io

import pytest
from python_calamine import CalamineWorkbook

from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.database import collection, db
from documents.dmc.students import Student
from documents.mobec.equipment import Equipment
from documents.records.codelists import code_list
from documents.records.writing import Change, write
from exports.imports.importing import plan_import
from exports.mobec.equipment_reports import SCHOOL_HEADS, table_of
from tests.people import AREA, OTHER, SCHOOL, opened_like, place
from tests.pupils import pupil
from tests.test_equipment import line

PAGE = "/admin/equipment/reports/"


@pytest.fixture
def counted(open_round, officer, executive, approver, teacher, neighbour, area, database):
    """Two schools and the office with lines, pupils in both schools; gives the round of the count sheet."""
    database.schools.insert_one(
        {"area_code": AREA, "code": AREA, "name": "สำนักงานเขต", "kind": "office", "status": "open"}
    )
    round_ = opened_like(open_round, "M-OBEC", officer, executive, approver)
    lines = {
        SCHOOL: {"22001": (2, 1, 0), "21001": (1, 0, 2), "11001": (0, 0, 0), "22033": (20, 0, 1)},
        OTHER: {"22001": (9, 0, 0), "22033": (7, 3, 2)},
        AREA: {"25002": (3, 1, 0), "21001": (4, 0, 0)},
    }
    for (code, several), who in zip(lines.items(), (teacher, neighbour, officer), strict=True):
        write([Change(Equipment, place(code), line(item, *many)) for item, many in several.items()], who)
    write([Change(Student, place(), pupil(grade=grade)) for grade in ("07", "08", "09", "10", "02")], teacher)
    write([Change(Student, place(OTHER), pupil(grade="07"))], neighbour)
    return round_


def test_the_matrix_is_the_sum_of_the_records(counted):
    table = table_of("matrix", counted)
    summed = db()["equipment"].aggregate(
        [
            {"$match": {"area_code": AREA}},
            {
                "$group": {
                    "_id": "$item_code",
                    **{name: {"$sum": f"${name}"} for name in Equipment.sheet.numbers},
                }
            },
        ]
    )
    expected = {row["_id"]: [row[name] for name in Equipment.sheet.numbers] for row in summed}
    assert len(table.rows) == 76
    for _, code, _, usable, repair, dispose, total, having in table.rows:
        assert [usable, repair, dispose] == expected.get(code, [0, 0, 0]), code
        assert total == usable + repair + dispose
        asked = {"item_code": code, "$or": [{name: {"$gt": 0}} for name in Equipment.sheet.numbers]}
        assert having == collection(Equipment).count_documents(asked)
    assert table.total[3:7] == [46, 5, 5, 56]


def test_desks_that_are_lacking_follow_the_pupils_who_sit_at_them(counted):
    table = table_of("desks", counted)
    rows = [tuple(row[:2]) + tuple(row[3:]) for row in table.rows]
    assert rows == [
        ("บ้านหนึ่ง", SCHOOL, "อนุบาล", 1, 0, 1),
        ("บ้านหนึ่ง", SCHOOL, "ป.1–ป.6", 3, 2, 1),
        ("บ้านหนึ่ง", SCHOOL, "ม.1–ม.6", 1, 0, 1),
    ]
    assert table.total[4:] == [5, 2, 3]
    assert "2568-1" in table.about


def test_who_waits_is_who_has_not_confirmed(counted, neighbour):
    write([Change(Equipment, place(OTHER), line("25001", 0))], neighbour)
    assert [row[1] for row in table_of("waiting", counted).rows] == [AREA, SCHOOL, OTHER]
    from tests.world import settle

    submission = find_submission("M-OBEC", place(OTHER))
    settle(submission, {"school": neighbour, "district": neighbour})
    move(submission, "confirm", neighbour)
    rows = table_of("waiting", counted).rows
    assert [(row[1], row[3], row[4]) for row in rows] == [(AREA, "กำลังบันทึก", 2), (SCHOOL, "กำลังบันทึก", 4)]


def test_the_schools_sheet_has_the_sources_seven_columns_in_order(counted, sign_in, teacher):
    browser = sign_in(teacher)
    answer = browser.get(f"{PAGE}export/xlsx/")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert tuple(rows[3]) == SCHOOL_HEADS
    assert SCHOOL_HEADS[3] == "รายการ(cm.)"
    body = rows[4:-1]
    assert [row[1] for row in body] == list(code_list("EQUIPMENT").codes)
    by_code = {row[1]: row for row in body}
    assert by_code["22033"][2:] == ["ครุภัณฑ์การศึกษา", "เครื่องไมโครคอมพิวเตอร์", 20, 0, 1]
    assert by_code["11001"][4:] == [0, 0, 0]
    assert by_code["22002"][4:] == ["", "", ""], "not entered is blank, not zero"
    assert rows[-1][4:] == [23, 1, 3]
    plan = plan_import(Equipment, io.BytesIO(answer.data), "x.xlsx", teacher, counted)
    assert (len(plan.same), plan.new, plan.changed, plan.errors) == (4, [], [], []), (
        "blank lines and the sum are none"
    )
    page = browser.get(PAGE).text
    assert page.count("<tr>") + page.count("<tr class=") >= 77
    assert "กรอกแล้ว 4 จาก 76 รายการ" in page
    assert db()["audit_events"].count_documents({"action": "export"}) == 1


def test_each_person_reads_the_reports_of_his_own(counted, sign_in, teacher, officer, executive, neighbour):
    for what in ("matrix", "desks", "waiting"):
        for who, status in ((officer, 200), (executive, 200), (teacher, 403)):
            assert sign_in(who).get(f"{PAGE}?what={what}").status_code == status, (what, who)
            assert sign_in(who).get(f"{PAGE}export/xlsx/?what={what}").status_code == status
    for who, school, status in (
        (teacher, SCHOOL, 200), (teacher, OTHER, 403), (neighbour, SCHOOL, 403), (officer, OTHER, 200), (officer, AREA, 200),
        (officer, "99999999", 404), (executive, SCHOOL, 403),
    ):  # fmt: skip
        assert sign_in(who).get(f"{PAGE}?what=school&school={school}").status_code == status, (who, school)
    whole = CalamineWorkbook.from_filelike(
        io.BytesIO(sign_in(officer).get(f"{PAGE}export/xlsx/?what=all").data)
    )
    assert len(whole.sheet_names) == 3
    assert sign_in(officer).get(f"{PAGE}?what=nothing").status_code == 404
