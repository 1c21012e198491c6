"""Pupils by grade and sex against another system's file: an independent count agrees, the file itself is not kept."""

import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from documents.database import collection
from documents.dmc import reconciling
from documents.dmc.reconciling import Reconciliation
from documents.dmc.students import Student
from documents.records.writing import Change, write
from tests.making import complete
from tests.people import AREA, OTHER, SCHOOL, place
from views.dmc.reconcile import left_out

PAGE = "/admin/reconcile/"
GRADES = ("ป.1", "ป.2")
HEAD = [
    "รหัสเขต",
    "ชื่อเขต",
    "รหัสโรงเรียน",
    "ชื่อโรงเรียน",
    "ป.1 ชาย",
    "ป.1 หญิง",
    "รวมป.1",
    "ป.1 ห้อง",
    "ป.2 ชาย",
    "ป.2 หญิง",
    "รวมป.2",
]


def text_of(*rows, head=HEAD):
    out = io.StringIO()
    csv.writer(out).writerows([head, *rows])
    return out.getvalue()


FILE = text_of(
    [AREA, "เขต", SCHOOL, "บ้านหนึ่ง", 2, 1, 3, 1, 0, 0, 0],
    [AREA, "เขต", "34019999", "ปิดแล้ว", 4, 0, 4, 1, 0, 0, 0],
    [AREA, "เขต", SCHOOL, "ซ้ำ", 9, 9, 18, 1, 0, 0, 0],
    [AREA, "เขต", "340100", "สั้น", 1, 1, 2, 1, 0, 0, 0],
    [AREA, "เขต", "34010003", "คำ", "มาก", 1, 2, 1, 0, 0, 0],
    ["34020000", "เขตอื่น", "34020001", "บ้านไกล", 1, 1, 2, 1, 0, 0, 0],
    ["", "", "", "", 6, 1, 7, 2, 0, 0, 0],
)


def send(browser, round_, text=FILE, encoding="cp874", **more):
    content = io.BytesIO(text if isinstance(text, bytes) else text.encode(encoding))
    form = {"round": str(round_.id), "file": (content, "นักเรียน.csv"), **more}
    return browser.send(PAGE, form, content_type="multipart/form-data")


def pupil(grade, sex):
    return complete(
        Student,
        sex=sex,
        grade=grade,
        title={"M": "001", "F": "002"}[sex],
        status="enrolled",
        suspended_flag=False,
    )


def test_a_file_in_cp874_is_compared_with_the_round_and_not_kept(
    open_round, teacher, neighbour, officer, approver, sign_in, database
):
    pupils = [("M", "04"), ("M", "04"), ("F", "04"), ("F", "05")]
    write([Change(Student, place(), pupil(grade, sex)) for sex, grade in pupils], teacher)
    write([Change(Student, place(OTHER), pupil("04", "M"))], neighbour)
    browser = sign_in(officer)
    answer = send(browser, open_round)
    assert answer.status_code == 303
    found = Reconciliation.objects.get()
    # The same counted by other code: the file by csv, ours from the records.
    rows = next(row for row in csv.reader(io.StringIO(FILE)) if row[2] == SCHOOL)
    assert found.theirs[SCHOOL] == {"m04": int(rows[4]), "f04": int(rows[5])}
    for school in (SCHOOL, OTHER):
        counted = {}
        for one in collection(Student).find({"school_code": school}):
            name = f"{one['sex'].lower()}{one['grade']}"
            counted[name] = counted.get(name, 0) + 1
        assert found.ours[school] == {name: n for name, n in counted.items() if name[1:] in ("04", "05")}
    assert (found.encoding, found.grades) == ("CP874 (TIS-620)", ["04", "05"])
    assert found.totals == [{"row": 8, "pupils": 7}]
    assert [one["row"] for one in found.faults] == [4, 5, 6, 7]
    lines = {line.code: line for line in reconciling.lines_of(found)}
    assert (lines[SCHOOL].theirs, lines[SCHOOL].ours, lines[SCHOOL].difference) == (3, 4, 1)
    sums = reconciling.sums_of(found, list(lines.values()))
    assert sums == {"schools": 1, "same": 0, "theirs": 7, "ours": 5, "only_file": 1, "only_khet": 1}
    assert reconciling.by_sex(list(lines.values())) == [("m", 6, 3), ("f", 1, 2)]
    page = browser.get(answer.location).text
    for words in (
        "รวม ชาย",
        "ป.2 หญิง: ในไฟล์ 0 ในระบบ 1",
        "แถวรวม 7 คน",
        "อยู่ในไฟล์แล้ว",
        "ต้องมี 8 หลัก",
        "ไม่ใช่จำนวนเต็ม",
        "เขต 34020000",
    ):
        assert words in page
    assert "ปิดแล้ว" in browser.get(f"{answer.location}&show=file").text
    assert "บ้านสอง" in browser.get(f"{answer.location}&show=khet").text
    book = CalamineWorkbook.from_filelike(io.BytesIO(browser.get(f"{PAGE}export/xlsx/?id={found.id}").data))
    schools = {row[0]: row for row in book.get_sheet_by_name("รายโรงเรียน").to_python()}
    assert schools[SCHOOL][2:] == [3.0, 4.0, 1.0, "มีทั้งสองฝั่ง"]
    assert schools["34019999"][5] == "มีในไฟล์เท่านั้น"
    assert sum(row[4] for row in book.get_sheet_by_name("รายชั้นและเพศ").to_python()[1:]) == 7
    assert len(book.get_sheet_by_name("แถวที่ไม่นำมาเทียบ").to_python()) == 6
    stored = b"".join(
        str(row).encode() for name in database.list_collection_names() for row in database[name].find()
    )
    assert "รวมป.1".encode("cp874") not in stored
    assert not list(database.mapped_uploads.find())
    actions = {row["action"] for row in database.audit_events.find({"document": "access"})}
    assert actions == {"compare", "export"}
    assert sign_in(approver).get(answer.location).status_code == 200
    for who in (teacher, neighbour):
        assert sign_in(who).get(answer.location).status_code == 403
        assert sign_in(who).get(PAGE).status_code == 403


@pytest.mark.parametrize(
    ("numbers", "words"),
    [([4], "4"), ([2, 3, 4, 9], "2–4, 9"), (list(range(1, 40, 2)), "1, 3, 5, 7, 9, 11, 13, 15 …")],
)
def test_rows_of_one_reason_are_told_together(numbers, words):
    faults = [{"row": row, "sentence": "เป็นโรงเรียนของเขต 31010000"} for row in numbers]
    assert left_out(faults) == [(words, len(numbers), "เป็นโรงเรียนของเขต 31010000")]


def test_a_file_of_another_area_alone_says_so(open_round, officer, sign_in):
    browser = sign_in(officer)
    answer = send(browser, open_round, FILE.replace("3401", "3101"))
    page = browser.get(answer.location).text
    assert "ไม่มีโรงเรียนในเขตของท่านที่เทียบได้" in page
    assert "รอบ DMC ภาคเรียนที่ 1/2568" in page
    assert "ทุกโรงเรียนที่มีทั้งสองฝั่งตรงกัน" not in page
    assert "บ้านสอง" in page  # shown at once: what this side alone has
    bare = "รหัสเขต,รหัสโรงเรียน,ป.1 ชาย,ป.1 หญิง\n2568-1,31010001,3,4\n2568-1,31010000,3,4\n"  # as the ministry gives it out
    page = browser.get(send(browser, open_round, bare).location).text
    assert "ไม่มีโรงเรียนใดในไฟล์ที่อยู่ในรอบนี้" in page
    assert "แถวที่ 3: แถวรวม 7 คน ไม่ใช่โรงเรียน" in page


def test_columns_are_said_once_where_the_file_does_not(open_round, officer, draft_round, sign_in):
    browser = sign_in(officer)
    odd = text_of([SCHOOL, 3, 4], head=["sch", "b1", "g1"])
    answer = send(browser, open_round, odd)
    assert answer.status_code == 400
    assert 'name="col-2"' in answer.text
    said = {"col-0": "code", "col-1": "m04", "col-2": "f04"}
    assert send(browser, open_round, odd, **said).status_code == 303
    assert send(browser, open_round, odd.replace("3,4", "5,6")).status_code == 303  # remembered
    assert Reconciliation.objects.order_by("-at", "-id").first().theirs == {SCHOOL: {"m04": 5, "f04": 6}}
    for text, words in ((text_of([1], head=["x"]), "รหัสโรงเรียน"), (b"%PDF-1.7", "PDF"), ("", "ว่างเปล่า")):
        answer = send(browser, open_round, text)
        assert answer.status_code == 400
        assert words in answer.text
    assert browser.send(PAGE, {"round": str(officer.id)}).status_code == 404
    assert "เลือกไฟล์ก่อน" in browser.send(PAGE, {"round": str(open_round.id)}).text


def test_profiles_go_out_as_the_list_shows_them(open_round, officer, executive, teacher, sign_in, database):
    database.schools.update_one({"code": SCHOOL}, {"$set": {"director_name": "ผอ. ลับ", "moe_code": "1034010101",
        "land": [{"tenure": "state", "rai": 3, "ngan": 1}], "subdistrict": "340101"}})  # fmt: skip

    def taken(who, query=""):
        data = sign_in(who).get(f"/admin/schools/export/xlsx/{query}").data
        return CalamineWorkbook.from_filelike(io.BytesIO(data))

    book = taken(officer)
    head, first, second = book.get_sheet_by_index(0).to_python()
    row = dict(zip(head, first, strict=True))
    assert (row["รหัส SMIS"], row["รหัสกระทรวง"], row["อำเภอ"], row["เนื้อที่รวม"]) == (
        SCHOOL,
        "1034010101",
        "เมืองอุบลราชธานี",
        "3 ไร่ 1 งาน",
    )
    assert (row["ผู้อำนวยการ"], second[0]) == ("ผอ. ลับ", OTHER)
    assert book.get_sheet_by_name("ที่ดิน").to_python()[1][4:] == ["ที่ราชพัสดุ", 3.0, 1.0, 0.0]
    assert "ผอ. ลับ" not in str(taken(executive).get_sheet_by_index(0).to_python())
    assert [line[0] for line in taken(teacher).get_sheet_by_index(0).to_python()[1:]] == [SCHOOL]
    assert [line[0] for line in taken(officer, "?search=สอง").get_sheet_by_index(0).to_python()[1:]] == [
        OTHER
    ]
    assert database.audit_events.count_documents({"action": "export", "changes.what": "schools"}) == 4
