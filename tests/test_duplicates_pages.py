"""The pages of the duplicates desk: what each sees, the scan and the list as jobs, and the way through by hand."""

import io

import pytest

from documents.checking import duplicates
from documents.checking.duplicate_cases import DuplicateCase
from documents.database import collection
from documents.district.schools import School
from documents.dmc.students import Student
from documents.records.writing import Change, write
from tests.browsing import LAPTOP, PHONE
from tests.people import OTHER, person, place
from tests.pupils import number, pupil

PDF = b"%PDF-1.4\n%%EOF\n"
SECRETS = ("ลับเฉพาะ", "บิดาลับ", "778899")


@pytest.fixture
def cases(open_round, teacher, neighbour):
    """One number in two schools, and one child under two numbers; what is of the other school is marked."""
    same, alike = pupil(), pupil(first_name="ณัฐวรรณ", last_name="ศรีแก้ว", birth_date="03/06/2558")
    write([Change(Student, place(), values) for values in (same, alike)], teacher)
    hidden = {"father_first_name": "บิดาลับ", "first_name": "ลับเฉพาะ"}
    theirs = [
        same | hidden | {"student_no": "778899"},
        alike
        | {"first_name": "นัฐวรรณ", "person_id": number(), "birth_date": "06/03/2558", "student_no": "778898"},
    ]
    write([Change(Student, place(OTHER), values) for values in theirs], neighbour)
    duplicates.scan(open_round)
    return {case.code: case for case in DuplicateCase.objects}


def test_each_sees_his_own_pupil_and_the_other_school_s_name(cases, teacher, officer, sign_in, database):
    mine, case = sign_in(teacher), cases["DMC-01"]
    queue, page = mine.get("/admin/duplicates/"), mine.get(f"/admin/duplicates/details/?id={case.id}")
    for answer in (queue, page, mine.get("/admin/duplicates/?all=1&kind=number")):
        assert "บ้านสอง" in answer.text
        assert not [secret for secret in SECRETS if secret in answer.text]
    assert "กานต์" in page.text
    assert "เขตตัดสิน</h2>" not in page.text
    other = mine.get(f"/admin/duplicates/details/?id={cases['DMC-05'].id}").text
    assert "วันเกิดสลับวันกับเดือน" not in other, "that would tell the other's birth date"
    pupil_page = mine.get(f"/admin/students/details/?id={case.records[0]['record']}").text
    assert f"/admin/duplicates/details/?id={case.id}" in pupil_page
    assert "ตอบเรื่องนักเรียนซ้ำซ้อน 2 เรื่อง" in mine.get("/admin/").text
    whole = sign_in(officer).get(f"/admin/duplicates/details/?id={case.id}").text
    assert "ลับเฉพาะ" in whole
    assert "บิดาลับ" in whole
    assert collection(Student).find_one({"first_name": "ลับเฉพาะ"})["person_id"] not in whole
    assert database.access_log.count_documents({"actor": officer.id, "action": "view"}) == 2


def test_a_school_answers_and_the_district_decides(cases, teacher, neighbour, officer, sign_in):
    case, mine, theirs = cases["DMC-01"], sign_in(teacher), sign_in(neighbour)
    step, details = "/admin/duplicates/step/", f"/admin/duplicates/details/?id={case.id}"
    wrong = mine.send(step, {"id": case.id, "step": "theirs"})
    assert wrong.status_code == 422
    assert "โปรดระบุเหตุผล" in wrong.text
    sent = {"id": case.id, "step": "ours", "reason": "พบตัวทุกวัน", "evidence": (io.BytesIO(PDF), "เด็ก.pdf")}
    assert mine.send(step, sent).status_code == 303
    assert "พบตัวทุกวัน" not in theirs.get(details).text
    got = mine.get(f"/admin/duplicates/evidence/?id={case.id}&school=34010001")
    assert "attachment" in got.headers["Content-Disposition"]
    assert "เด็ก" not in got.headers["Content-Disposition"]
    assert theirs.get(f"/admin/duplicates/evidence/?id={case.id}&school=34010001").status_code == 403
    assert mine.send(step, {"id": case.id, "step": "same", "reason": "ก"}).status_code == 403
    decided = sign_in(officer)
    assert decided.send(step, {"id": case.id, "step": "same", "reason": "ตรวจแล้ว"}).status_code == 422
    keeper = {"keeper": str(case.records[0]["record"])}
    assert (
        decided.send(step, {"id": case.id, "step": "same", "reason": "ตรวจแล้ว"} | keeper).status_code == 303
    )
    gone = collection(Student).find_one({"school_code": OTHER, "first_name": "ลับเฉพาะ"})
    assert gone["status"] == "moved_out"


def test_the_scan_and_a_list_are_jobs_of_the_district_alone(cases, teacher, approver, officer, sign_in):
    mine = sign_in(officer)
    told = mine.send("/admin/duplicates/scan/", {}, follow_redirects=True)
    assert told.status_code == 200
    listed = f"เลขประจำตัวประชาชน,โรงเรียน\n{collection(Student).find_one()['person_id']},เทศบาล 1\n".encode()
    refused = mine.send("/admin/duplicates/list/", {"agency": " ", "file": (io.BytesIO(listed), "a.csv")})
    assert (refused.status_code, "กรุณากรอกชื่อหน่วยงาน" in refused.text) == (400, True)
    mine.send("/admin/duplicates/list/", {"agency": "เทศบาลนคร", "file": (io.BytesIO(listed), "a.csv")})
    assert DuplicateCase.objects(kind="agency").count() >= 1
    assert "เทศบาลนคร" in mine.get("/admin/duplicates/?kind=agency").text
    for stranger in (teacher, approver):
        assert sign_in(stranger).send("/admin/duplicates/scan/", {}).status_code == 403


def test_strangers_reach_no_case_and_no_evidence(cases, area, sign_in):
    School(area_code=area, code="34010003", name="บ้านสาม").save()
    for user in (person("third", "school", "34010003"), person("far", "district", area="34020000")):
        browser = sign_in(user)
        for case in cases.values():
            assert browser.get(f"/admin/duplicates/details/?id={case.id}").status_code == 403
            assert browser.get(f"/admin/duplicates/evidence/?id={case.id}&school={OTHER}").status_code == 403
            assert browser.send("/admin/duplicates/step/", {"id": case.id, "step": "ours"}).status_code == 403
        assert "บ้านสอง" not in browser.get("/admin/duplicates/?all=1").text


@pytest.mark.parametrize(("size", "dark"), [(LAPTOP, False), (PHONE, True)])
def test_a_case_by_hand(size, dark, cases, officer, teacher, window):
    mine = window(teacher, size=size, dark=dark)
    mine.go("/admin/duplicates/")
    mine.page.click("ul.desk-list a")
    mine.page.get_by_role("button", name="ส่งคำตอบ").click()
    mine.page.get_by_text("รอเขตตัดสิน").first.wait_for()
    desk = window(officer, size=size, dark=dark)
    desk.go("/admin/duplicates/")
    desk.page.get_by_text("DMC-05").click()
    desk.page.get_by_text("คนละคน", exact=True).first.click()
    desk.page.locator("#reason-different").fill("ลูกพี่ลูกน้องกัน")
    desk.page.locator("details[open] button", has_text="คนละคน").click()
    desk.page.get_by_text("บันทึกแล้ว: คนละคน").wait_for()
    assert DuplicateCase.objects(code="DMC-05").get().state == "different"
