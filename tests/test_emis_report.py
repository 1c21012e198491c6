"""The EMIS reports as a workbook: every total against a count made here from the records, scope, names, the note of it."""

import io

import pytest
from python_calamine import CalamineWorkbook

from documents.collecting.submissions import Submission
from documents.database import collection
from documents.emis.staff import Staff
from documents.emis.technology import Technology
from documents.records.writing import Change, write
from tests.people import OTHER, SCHOOL, place
from tests.pupils import number
from tests.test_emis import HIRED, LINE, PERMANENT, count_elsewhere

SHEETS = [
    "1 นักเรียน", "2 บุคลากร", "2 บุคลากรรายโรงเรียน", "3 คอมพิวเตอร์", "4 อินเทอร์เน็ต", "5 สาธารณูปโภค",
    "6 ทำเนียบโรงเรียน", "สรุป",
]  # fmt: skip
HERE = (
    PERMANENT | {"position": "1", "first_name": "กล้าหาญ"},
    PERMANENT,
    PERMANENT | {"sex": "F", "title": "005", "academic_standing": "0"},
    PERMANENT | {"position": "4", "academic_standing": None, "first_name": "ผู้ช่วย"},
    PERMANENT | {"academic_standing": None, "sex": None, "title": None, "first_name": "ไม่ครบ"},
    PERMANENT | {"work_status": "2", "first_name": "ช่วยราชการ"},
    HIRED | {"has_teaching_cert": "1"},
    HIRED | {"personnel_type": "7", "sex": "F", "title": "004"},
    HIRED | {"personnel_type": None, "position": None, "contract_type": None, "contract_no": None},
)
THERE = (PERMANENT | {"first_name": "ลับเฉพาะ", "acting_director": "1"}, HIRED)


@pytest.fixture
def filled(open_rounds, teacher, neighbour):
    """The EMIS round with staff and technology of both schools, and pupils of one in DMC."""
    for where, who, people, profile in (
        (place(), teacher, HERE, LINE),
        (place(OTHER), neighbour, THERE, LINE | {"net_type": "0", "electricity": "0", "pc_teach_own": "7", "media": ["2"]}
         | dict.fromkeys(("net_provider", "net_down_mbps", "net_up_mbps", "net_status"))),
    ):  # fmt: skip
        changes = [Change(Staff, where, one | {"person_id": number()}) for one in people]
        write([*changes, Change(Technology, where, profile)], who)
    count_elsewhere("DMC", pupils=31, male=11, female=19, classrooms=9, m04=11, f05=19)
    return open_rounds["EMIS"]


def sheets_of(answer):
    """{sheet: its rows} of a downloaded workbook."""
    assert answer.status_code == 200, answer.status_code
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def columns_of(rows):
    """({heading: [cells of the schools]}, {heading: cell of the total row}) of a sheet."""
    at = next(index for index, row in enumerate(rows) if row[0] in ("รหัสโรงเรียน", "ตำแหน่ง"))
    *schools, total = rows[at + 1 :]
    return {h: [row[i] for row in schools] for i, h in enumerate(rows[at])}, dict(
        zip(rows[at], total, strict=True)
    )


def counted(document, holds=lambda row: True, value=lambda row: 1, school=None):
    """What the stored records come to, counted one by one."""
    rows = collection(document).find({} if school is None else {"school_code": school})
    return sum(value(row) for row in rows if holds(row))


def in_service(**said):
    """Whether a person is in service and has these values."""
    return lambda row: (
        row["work_status"] == "1" and all(row.get(name) == value for name, value in said.items())
    )


def test_every_total_is_that_of_the_records(filled, sign_in, officer):
    sheets = sheets_of(sign_in(officer).get(f"/admin/summaries/?id={filled.id}"))
    assert list(sheets) == SHEETS
    positions, total = columns_of(sheets["2 บุคลากร"])
    everybody = counted(Staff, in_service())
    assert (total["ชาย"], total["หญิง"], total["รวม"]) == (
        counted(Staff, in_service(sex="M")), counted(Staff, in_service(sex="F")), everybody,
    )  # fmt: skip
    assert sum(positions["รวม"]) == everybody == 10
    named = dict(
        zip(zip(positions["ตำแหน่ง"], positions["วิทยฐานะ"], strict=True), positions["รวม"], strict=True)
    )
    assert named["3. ครู", "ชำนาญการพิเศษ"] == counted(Staff, in_service(position="3", academic_standing="2"))
    assert named["ครู", "ไม่ระบุวิทยฐานะ"] == named["ไม่ระบุตำแหน่ง", "ไม่ระบุวิทยฐานะ"] == 1
    by_school, total = columns_of(sheets["2 บุคลากรรายโรงเรียน"])
    assert by_school["รหัสโรงเรียน"] == [SCHOOL, OTHER]
    assert by_school["รวมทั้งหมด "] == [counted(Staff, in_service(), school=code) for code in (SCHOOL, OTHER)]
    assert total["ครู รวม"] == counted(Staff, in_service(position="3"))
    assert total["ครูผู้สอน"] == counted(Staff, lambda row: in_service()(row) and (
        row.get("position") in ("3", "4") or bool(row.get("has_teaching_cert"))))  # fmt: skip
    assert by_school["นักเรียนต่อครู"] == [31 / by_school["ครูผู้สอน"][0], ""]
    machines, total = columns_of(sheets["3 คอมพิวเตอร์"])
    whole = counted(Technology, value=lambda row: sum(
        row[f"pc_{purpose}_{source}"] for purpose in ("teach", "admin") for source in ("obec", "own")))  # fmt: skip
    assert total["คอมพิวเตอร์ทั้งหมด"] == sum(machines["คอมพิวเตอร์ทั้งหมด"]) == whole
    assert total["เพื่อการเรียนการสอน ใช้งานไม่ได้"] == counted(
        Technology, value=lambda row: row["pc_teach_broken"]
    )
    _, total = columns_of(sheets["4 อินเทอร์เน็ต"])
    assert total["เช่าอินเทอร์เน็ตเอง"] == counted(Technology, lambda row: row["net_type"] != "0") == 1
    _, total = columns_of(sheets["5 สาธารณูปโภค"])
    assert total["มีไฟฟ้า"] == counted(Technology, lambda row: row["electricity"] != "0") == 1
    assert total["น้ำประปา"] == counted(Technology, lambda row: "2" in row["water"])
    assert total["โทรทัศน์"] == 1
    schools, total = columns_of(sheets["6 ทำเนียบโรงเรียน"])
    assert (total["นักเรียน"], total["ห้องเรียน"], total["บุคลากร"]) == (31, 9, everybody)
    assert schools["ผู้อำนวยการ"] == ["นายกล้าหาญ ใจดี", "นายลับเฉพาะ ใจดี (รักษาการ)"]
    last = sheets["1 นักเรียน"][-1]
    assert last[-4:-1] == [11, 19, 30]  # one pupil stands in no grade, which the sheet says
    assert "1 คน" in str(sheets["1 นักเรียน"][2])
    groups = [row for row in sheets["สรุป"][5:] if row[0] == "กลุ่มโรงเรียน"]
    assert [(row[2], row[3], row[7]) for row in groups] == [(2, 31, everybody)]
    assert sheets["สรุป"][-1][:4] == ["รวมทั้งหมด", "", 2, 31]


def test_a_school_has_its_own_an_executive_counts_alone_and_it_is_noted(
    filled, sign_in, teacher, director, executive, administrator, database
):
    address = f"/admin/summaries/?id={filled.id}"
    for who in (teacher, director):
        sheets = sheets_of(sign_in(who).get(address))
        assert "ลับเฉพาะ" not in str(sheets)
        assert OTHER not in str(sheets)
        assert "นายกล้าหาญ" in str(sheets)
    sheets = sheets_of(sign_in(executive).get(address))
    assert "นายกล้าหาญ" not in str(sheets)
    assert "ผู้อำนวยการ" not in sheets["6 ทำเนียบโรงเรียน"][4]
    assert OTHER in str(sheets)
    assert sign_in(administrator).get(address).status_code == 403
    noted = [row["changes"]["what"][1] for row in database.audit_events.find({"action": "export"})]
    assert noted == ["summary"] * 3
    assert "ดาวน์โหลดรายงาน" in sign_in(executive).get(f"/admin/rounds/files/?id={filled.id}").text
    assert address in sign_in(teacher).get("/admin/staff/").text


def test_a_total_that_is_not_the_control_room_s_goes_out_to_nobody(filled, sign_in, officer):
    collection(Submission).update_one(
        {"subsystem": "EMIS", "school_code": OTHER}, {"$inc": {"counts.people": 1}}
    )
    answer = sign_in(officer).get(f"/admin/summaries/?id={filled.id}")
    assert answer.status_code == 409
    assert "บ้านสอง" in answer.text


def test_before_a_round_of_pupils_there_are_reports_all_the_same(filled, open_rounds, sign_in, officer):
    open_rounds["DMC"].delete()
    sheets = sheets_of(sign_in(officer).get(f"/admin/summaries/?id={filled.id}"))
    assert "ยังไม่มีรอบ DMC" in sheets["1 นักเรียน"][0][0]
    assert columns_of(sheets["6 ทำเนียบโรงเรียน"])[1]["นักเรียน"] == 0
