"""The whole round, by one person for each role, in a real browser: from the proposal to the ministry's workbook."""

import datetime as dt
import io
from pathlib import Path

import pytest
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from documents import clock
from documents.collecting import round_templates
from documents.collecting.rounds import find_round
from documents.collecting.submissions import Submission, find_submission
from documents.district.schools import Area, School
from documents.dmc.students import Student
from exports.dmc.roster import ORDER
from exports.workbooks.workbook import workbook_bytes
from tests.browsing import PHONE
from tests.people import AREA, person, place
from tests.pupils import pupil
from tests.web import PASSWORD, with_password

pytestmark = pytest.mark.browser

SCHOOLS = {f"3401000{n}": f"บ้านทดสอบ{word}" for n, word in enumerate(("หนึ่ง", "สอง", "สาม", "สี่"), start=1)}
PUPILS = 6  # in each school
THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


@pytest.fixture
def district():
    """An area with four schools and its standing calendar, and its people, who type their passwords."""
    Area(code=AREA, name="สำนักงานเขตทดสอบ เขต 1", short_name="สพป. ทดสอบ เขต 1", province="34").save()
    for number, (code, name) in enumerate(SCHOOLS.items()):
        cluster = "กลุ่มเหนือ" if number < 2 else "กลุ่มใต้"
        School(area_code=AREA, code=code, name=name, cluster=cluster, grade_from="01", grade_to="09").save()
    round_templates.seed_templates(AREA)
    people = {role: person(role, role) for role in ("district", "approver", "executive")}
    for code in SCHOOLS:
        people |= {f"school{code}": person(f"school{code}", "school", code)}
        people |= {f"director{code}": person(f"director{code}", "director", code)}
    for one in people.values():
        one.name = "ผู้ใช้ทดสอบ"
        with_password(one.save())
    return people


def roster_of(pupils, code):
    """A roster file as schools send it: a line with the time above the header, Thai digits, B.E. dates, spaced IDs."""
    words = {"sex": {"M": "ช", "F": "ญ"}, "grade": {"07": "ป.4"}, "title": {"001": "เด็กชาย", "002": "เด็กหญิง"}}
    with workbook_bytes("รายชื่อ") as (book, result):
        sheet = book.page("รายชื่อ")
        sheet.write_string(0, 0, "รายงาน ณ วันที่ 5 มิถุนายน 2568 เวลา 08:30 น.")
        for column, (_, label) in enumerate(ORDER):
            sheet.write_string(1, column, label)
        for row, one in enumerate(pupils, start=2):
            cells = one | {"school_code": code, "school_name": SCHOOLS[code], "disadvantages": "ไม่ด้อยโอกาส"}
            id_ = one["person_id"]
            cells["person_id"] = f"{id_[0]} {id_[1:5]} {id_[5:10]} {id_[10:12]} {id_[12]}"
            cells["birth_date"] = one["birth_date"].translate(THAI_DIGITS)
            for column, (name, _) in enumerate(ORDER):
                value = cells.get(name)
                if value is not None and not isinstance(value, (bool, list)):
                    sheet.write_string(row, column, str(words.get(name, {}).get(value, value)))
    return result.getvalue()


def signed_in(window, user, **more):
    one = window(**more)
    one.sign_in(user.email, PASSWORD)
    return one


@pytest.fixture
def early():
    """The plan begins on 14 May 2568, before the round's window."""
    clock.configure("2025-05-14T09:00:00+07:00")


def test_a_round_from_the_proposal_to_the_ministry_s_workbook(window, app, district, early, tmp_path):
    officer = propose(window, district)
    order(window, district)
    open_it(window, district)
    clock.configure("2025-06-05T09:00:00+07:00")
    sent = {code: report(window, district, code, tmp_path) for code in SCHOOLS}
    for code in SCHOOLS:
        certify(window, district, code, on_a_phone=code.endswith("1"))
    return_one(officer, district, window, "34010002")
    verify_all(officer)
    lock(window, district)
    content = download(officer)
    check_workbook(content, sent)


def propose(window, district):
    """The district officer makes the year's rounds and lays the first before the superior."""
    officer = signed_in(window, district["district"])
    officer.go("/admin/rounds/new/")
    officer.page.get_by_role("link", name="ปีการศึกษา 2568").first.click()
    officer.press("สร้างร่างรอบ")
    officer.look_over()
    officer.shot("story-01-rounds")
    round_ = find_round(AREA, "DMC", 2568, "1")
    officer.go(f"/admin/rounds/details/?id={round_.id}")
    officer.press("เสนอผู้บังคับบัญชา")
    officer.look_over()
    officer.shot("story-02-proposed")
    assert find_round(AREA, "DMC", 2568, "1").state == "proposed"
    return officer


def order(window, district):
    """The superior's order is recorded."""
    superior = signed_in(window, district["executive"])
    superior.look_over()
    superior.shot("story-03-superior-home")
    superior.page.get_by_role("link", name="บันทึกการสั่งการ").first.click()
    superior.page.fill("[name=number]", "ศธ ๐๔๐๐๑/๘๑๒")
    superior.page.fill("[name=day]", "15/05/2568")
    superior.page.fill("[name=text]", "ทราบ ดำเนินการตามเสนอ แจ้งทุกโรงเรียนถือปฏิบัติ")
    superior.press("บันทึกการสั่งการ")
    superior.look_over()
    superior.shot("story-04-ordered")
    assert find_round(AREA, "DMC", 2568, "1").order["text"].startswith("ทราบ")


def open_it(window, district):
    """The approver opens the round."""
    approver = signed_in(window, district["approver"])
    round_ = find_round(AREA, "DMC", 2568, "1")
    approver.go(f"/admin/rounds/details/?id={round_.id}")
    approver.page.get_by_role("link", name="เปิดรอบ").click()
    approver.press("เปิดรอบ")
    approver.look_over()
    approver.shot("story-05-opened")
    assert find_round(AREA, "DMC", 2568, "1").state == "open"
    assert Submission.objects.count() == len(SCHOOLS)


def report(window, district, code, tmp_path):
    """A teacher imports the roster, fills what it lacks, declares the rooms and confirms; gives back the pupils."""
    teacher = signed_in(window, district[f"school{code}"])
    pupils = [pupil(title="002" if n % 2 else "001", sex="F" if n % 2 else "M") for n in range(PUPILS)]
    file = tmp_path / f"{code}.xlsx"
    file.write_bytes(roster_of(pupils, code))
    teacher.go("/admin/students/import/")
    teacher.page.set_input_files("[name=file]", file)
    teacher.press("ตรวจไฟล์")
    teacher.look_over()
    teacher.shot("story-06-plan")
    if teacher.page.locator("[name=approved]").count():
        teacher.page.check("[name=approved]")
    teacher.press("บันทึก")
    teacher.look_over()
    assert Student.objects(school_code=code).count() == PUPILS
    complete(code, pupils, district[f"school{code}"])
    teacher.go("/admin/rooms/new/")
    teacher.page.select_option("[name=grade]", "07")
    teacher.page.fill("[name=rooms]", "1")
    teacher.page.click("[data-save]")
    teacher.page.wait_for_selector(".flash.t-ok")
    teacher.go("/admin/")
    teacher.shot("story-07-teacher-home")
    teacher.press("ยืนยันข้อมูล", confirm="ยืนยันข้อมูล")
    teacher.look_over()
    assert find_submission("DMC", place(code)).state == "confirmed"
    teacher.context.close()
    return pupils


def complete(code, pupils, teacher):
    """What the roster has no column for, typed by hand elsewhere; here through the door in one go."""
    from documents.records.writing import Change, write

    by_number = {one["person_id"]: one for one in pupils}
    stored = list(Student.objects(school_code=code))
    roster = {name for name, _ in ORDER}
    changes = [
        Change(
            Student,
            place(code),
            {name: value for name, value in by_number[one.person_id].items() if name not in roster},
            id=one.id,
            revision=one.revision,
        )
        for one in stored
    ]
    write(changes, teacher)


def certify(window, district, code, on_a_phone=False):
    """The director certifies, one of them on a phone."""
    director = signed_in(window, district[f"director{code}"], **({"size": PHONE} if on_a_phone else {}))
    director.look_over()
    if on_a_phone:
        director.shot("story-08-director-phone")
    director.press("รับรองข้อมูล", confirm="รับรองข้อมูล")
    assert find_submission("DMC", place(code)).state == "certified"
    director.context.close()


def return_one(officer, district, window, code):
    """The officer returns one school with a reason; the school mends, confirms, and its director certifies again."""
    officer.go("/admin/control-room/")
    officer.shot("story-09-control-room")
    submission = find_submission("DMC", place(code))
    officer.go(f"/admin/submissions/details/?id={submission.id}")
    officer.shot("story-10-submission")
    officer.page.locator("summary", has_text="ส่งกลับแก้ไข").first.click()
    officer.page.locator("details[open] textarea").first.fill("น้ำหนักของนักเรียนบางคนสูงผิดปกติ กรุณาตรวจสอบ")
    officer.press("ส่งกลับแก้ไข")
    assert find_submission("DMC", place(code)).state == "returned"
    teacher = signed_in(window, district[f"school{code}"])
    teacher.look_over()
    teacher.shot("story-11-returned-home")
    record = Student.objects(school_code=code).first()
    teacher.go(f"/admin/students/edit/?id={record.id}")
    teacher.page.fill("[name=weight_kg]", "27.5")
    teacher.page.click("[data-save]")
    teacher.page.wait_for_selector(".flash.t-ok")
    teacher.go("/admin/")
    teacher.press("ยืนยันข้อมูล", confirm="ยืนยันข้อมูล")
    teacher.context.close()
    certify(window, district, code)


def verify_all(officer):
    """The officer verifies exactly the schools shown, in one press."""
    officer.go("/admin/control-room/")
    officer.shot("story-12-control-room-certified")
    officer.page.get_by_role("button", name="ตรวจสอบแล้ว").first.click()
    box = officer.page.locator("dialog[open]")
    expect(box).to_contain_text(f"{len(SCHOOLS)}")
    officer.shot("story-13-verify-question")
    with officer.page.expect_navigation():
        box.get_by_role("button", name="ตรวจสอบแล้ว").click()
    officer.look_over()
    officer.shot("story-14-verified")
    assert set(Submission.objects.distinct("state")) == {"verified"}


def lock(window, district):
    """The approver locks the round after reading what will happen to how many schools."""
    approver = signed_in(window, district["approver"])
    round_ = find_round(AREA, "DMC", 2568, "1")
    approver.go(f"/admin/rounds/lock/?id={round_.id}")
    approver.shot("story-15-lock-question")
    if approver.page.locator("[name=reason]").count():
        approver.page.locator("[name=reason]").first.fill("ครบทุกโรงเรียน ล็อกก่อนกำหนด")
    approver.page.locator("button.risk").first.click()
    approver.page.wait_for_url("**/admin/rounds/details/**")
    approver.look_over()
    approver.shot("story-16-locked")
    assert find_round(AREA, "DMC", 2568, "1").state == "locked"


def download(officer):
    """The officer downloads the workbook for the ministry, twice: the same to the byte."""
    round_ = find_round(AREA, "DMC", 2568, "1")
    officer.go(f"/admin/rounds/files/?id={round_.id}")
    officer.shot("story-17-files")
    files = []
    for _ in range(2):
        with officer.page.expect_download() as given:
            officer.page.get_by_role("link", name="ดาวน์โหลดสมุดงาน").first.click()
        files.append(Path(given.value.path()).read_bytes())
    assert files[0] == files[1]
    return files[0]


def check_workbook(content, sent):
    """Read back with another library: the cover's counts, the report's total, every pupil with his number as text."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    text = " ".join(str(cell) for rows in sheets.values() for row in rows for cell in row)
    assert "10 มิถุนายน 2568" in text
    assert "ห้ามเผยแพร่" in text
    numbers = {one["person_id"] for pupils in sent.values() for one in pupils}
    roster = next(rows for rows in sheets.values() if any("เลขประจำตัวประชาชน" in row for row in rows))
    head = next(index for index, row in enumerate(roster) if "เลขประจำตัวประชาชน" in row)
    column = roster[head].index("เลขประจำตัวประชาชน")
    assert {row[column] for row in roster[head + 1 :] if row[column]} == numbers
    birth = roster[head].index("วันเกิด")
    assert {row[birth] for row in roster[head + 1 :] if row[column]} == {dt.date(2015, 6, 10)}
