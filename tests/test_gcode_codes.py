"""The pages of G-codes: recording and replacing them, the form of a new pupil, reports, and the exchange by file."""

import io
from urllib.parse import quote

import pytest
from python_calamine import CalamineWorkbook

from documents.background import job_runs
from documents.background.jobs import Job
from documents.collecting.submissions import Submission
from documents.database import collection, db
from documents.dmc.students import Student
from documents.gcode import gcode_numbers
from documents.gcode.gcode import GCodeRequest
from documents.gcode.gcode_linking import FATES, learner_values
from documents.records.writing import Change, write
from tests.certified import certified
from tests.learners import PDF, checked
from tests.people import AREA, OTHER, SCHOOL, person, place
from tests.pupils import number, pupil
from tests.test_gcode_exchange import filled, sheet

CODE, NEW = "G683400000001", "/admin/students/new/"
CODES, REPORTS, EXCHANGE = "/admin/gcode/code/", "/admin/gcode/reports/", "/admin/gcode/exchange/"


def posted(browser, asked, **more):
    """The answer to a deed's form, with the revision that its page shows."""
    return browser.send(
        CODES, {"revision": str(GCodeRequest.objects.get(id=asked["id"]).revision), **asked, **more}
    )


@pytest.fixture
def marked(area):
    return person("marked", "district", sensitive=True)


@pytest.fixture
def done(open_round, teacher, officer, approver):
    return certified(teacher, officer, approver, CODE)


def test_an_officer_records_a_code_and_takes_it_back(teacher, officer, open_round, sign_in):
    request, browser = checked(teacher, officer), sign_in(officer)
    page = browser.get(f"/admin/gcode/details/?id={request.id}").text
    assert "บันทึกรหัส G ของกระทรวง" in page
    asked = {"id": str(request.id), "do": "record", "code": CODE, "again": "G683400000002"}
    assert posted(browser, asked).status_code == 422
    assert "ไม่ตรงกัน" in posted(browser, asked).text
    assert posted(browser, asked, again=CODE).status_code == 303
    assert "ลบรหัสที่บันทึกไว้" in browser.get(f"/admin/gcode/details/?id={request.id}").text
    assert posted(browser, {"id": str(request.id), "do": "erase", "reason": "ผิดคน"}).status_code == 303
    assert GCodeRequest.objects.get().code is None
    assert browser.get(f"{CODES}?id={request.id}&do=replace").status_code == 403
    assert browser.get(f"{CODES}?id={request.id}&do=nothing").status_code == 404


def test_a_code_of_another_year_is_doubted_before_it_is_certified(
    teacher, officer, approver, open_round, sign_in
):
    request = gcode_numbers.record(checked(teacher, officer), "G674200000001", "G674200000001", officer)
    pages = (
        sign_in(officer).get(f"/admin/gcode/details/?id={request.id}"),
        sign_in(approver).get(f"/admin/gcode/certify/?id={request.id}"),
    )
    for page in pages:
        assert "รหัสขึ้นต้นด้วยปี 67" in page.text
        assert "เลขจังหวัด 42" in page.text
    asked = {
        "id": str(request.id),
        "ticked": str(request.id),
        f"revision-{request.id}": str(request.revision),
    }
    assert sign_in(approver).send("/admin/gcode/certify/", asked).status_code == 303
    assert "ปี 67" not in sign_in(officer).get(f"/admin/gcode/details/?id={request.id}").text


def test_the_way_into_dmc_is_shown_to_the_school_until_the_learner_is_there(
    done, teacher, neighbour, director, officer, open_round, sign_in
):
    page, way = f"/admin/gcode/details/?id={done.id}", f"{NEW}?school={SCHOOL}&amp;gcode={done.id}"
    for who in (director, officer):
        assert way not in sign_in(who).get(page).text
    browser = sign_in(teacher)
    assert way in browser.get(page).text
    handed_in = {"school_code": SCHOOL, "subsystem": "DMC"}
    collection(Submission).update_one(handed_in, {"$set": {"state": "confirmed"}})
    assert way not in browser.get(page).text, "the form would be refused"
    collection(Submission).update_one(handed_in, {"$set": {"state": "draft"}})
    write([Change(Student, place(), pupil(**learner_values(done)))], teacher)
    there = browser.get(page).text
    assert way not in there
    assert "เมื่อสำนักทะเบียนออกเลข 13 หลักให้" in there


def test_the_certified_learner_fills_the_form_of_a_new_pupil(done, teacher, neighbour, sign_in):
    browser = sign_in(teacher)
    page = browser.get(f"{NEW}?school={SCHOOL}").text
    assert "ซอ แสงจันทร์" in page
    assert CODE not in page, "masked until he is chosen"
    assert 'name="person_id"' in page
    chosen = browser.get(f"{NEW}?school={SCHOOL}&gcode={done.id}").text
    assert f'value="{CODE}"' in chosen
    assert 'value="แสงจันทร์"' in chosen
    theirs = sign_in(neighbour).get(f"{NEW}?school={OTHER}&gcode={done.id}").text
    assert "แสงจันทร์" not in theirs
    values = pupil(**learner_values(done))
    write([Change(Student, place(), values)], teacher)
    assert "ซอ แสงจันทร์" not in browser.get(f"{NEW}?school={SCHOOL}").text
    stored = collection(Student).find_one()
    assert (
        f"/admin/gcode/details/?id={done.id}"
        in browser.get(f"/admin/students/details/?id={stored['_id']}").text
    )


def test_a_13_digit_number_with_its_evidence(done, teacher, officer, sign_in):
    write([Change(Student, place(), pupil(**learner_values(done)))], teacher)
    browser, new = sign_in(officer), number()
    asked = {"id": str(done.id), "do": "replace", "number": new, "again": new, "reason": "หนังสืออำเภอที่ 1"}
    page = browser.get(f"{CODES}?id={done.id}&do=replace").text
    assert "ในรอบที่ยังเปิด 1 รายการ" in page
    refused = posted(browser, asked)
    assert (refused.status_code, "แนบ" in refused.text) == (422, True)
    assert "หนังสืออำเภอที่ 1" in refused.text, "what was typed is kept"
    sent = posted(browser, asked, evidence=(io.BytesIO(PDF), "x.pdf"))
    assert sent.status_code == 303
    assert new not in sent.headers["Location"]
    assert collection(Student).find_one()["person_id"] == new
    assert new not in browser.get(f"/admin/gcode/details/?id={done.id}").text


def test_cancelling_asks_what_becomes_of_the_pupil(done, teacher, approver, sign_in):
    write([Change(Student, place(), pupil(**learner_values(done)))], teacher)
    browser, asked = sign_in(approver), {"id": str(done.id), "do": "cancel", "reason": "ออกซ้ำ"}
    assert "จะเป็นอย่างไรต่อไป" in posted(browser, asked).text
    assert posted(browser, asked, fate="removed").status_code == 303
    assert collection(Student).find_one() is None
    page = sign_in(teacher).get(f"/admin/gcode/details/?id={done.id}").text
    assert FATES["removed"] in page
    assert 'aria-current="step"' not in page, "nothing is awaited"


def test_the_area_is_told_to_issue_codes_itself(officer, approver, sign_in):
    browser, asked = sign_in(officer), {"mode": "issued", "reason": "ระบบกระทรวงปิด"}
    assert "ออกรหัสชั่วคราว" in browser.get("/admin/gcode/settings/").text
    assert browser.send(f"{CODES}mode/", asked).status_code == 303
    assert gcode_numbers.mode_of(AREA) == "issued"
    assert sign_in(approver).send(f"{CODES}mode/", asked | {"mode": "recorded"}).status_code == 403


def test_reports_stand_on_the_page_as_in_the_workbook_and_are_noted(
    done, teacher, officer, executive, marked, sign_in
):
    for who, names in ((teacher, 6), (marked, 7), (executive, 5)):
        page = sign_in(who).get(REPORTS)
        assert (page.status_code, page.text.count('href="/admin/gcode/reports/?what=')) == (200, names), (
            who.name
        )
    page = sign_in(marked).get(f"{REPORTS}?what=nation").text
    assert "<progress" in page
    assert "พม่า" in page
    narrowed = sign_in(marked).get(f"{REPORTS}?what=nation&sex=F&since=1/6/2568").text
    assert "ยังไม่มีรายการในรายงานนี้" in narrowed
    assert "สุดท้าย" not in sign_in(marked).get(f"{REPORTS}?what=nation&since=31/02/2568").text
    file = sign_in(marked).get(f"{REPORTS}export/xlsx/?what=all")
    book = CalamineWorkbook.from_filelike(io.BytesIO(file.data))
    assert book.sheet_names == [
        "ตามสถานศึกษา",
        "ตามสัญชาติ",
        "ตามเดือน",
        "ตามชั้น",
        "ตามสถานะ",
        "ยังไม่ได้เลข 13 หลัก",
        "ทะเบียน",
    ]
    rows = book.get_sheet_by_name("ทะเบียน").to_python()
    assert rows[2][0] == "เอกสารนี้มีข้อมูลส่วนบุคคล ห้ามเผยแพร่"
    assert CODE in rows[5]
    for who, whose in ((teacher, "บ้านหนึ่ง"), (officer, "สพป.")):  # a school's numbers are not the area's
        name = sign_in(who).get(f"{REPORTS}export/xlsx/").headers["Content-Disposition"]
        assert quote(whose) in name
    file = sign_in(officer).get(f"{REPORTS}export/xlsx/?what=all&sex=F")
    assert "ตามสัญชาติ" not in CalamineWorkbook.from_filelike(io.BytesIO(file.data)).sheet_names
    assert "เห็นยอดรวมเท่านั้น" in sign_in(officer).get(f"{REPORTS}?what=nation&sex=F").text
    sign_in(marked).get(f"{REPORTS}export/xlsx/?what=all")
    event = db().audit_events.find_one({"action": "export"}, sort=[("_id", -1)])
    assert (event["actor"], event["changes"]["what"][1]) == (marked.id, "gcode_report")
    for who, what in ((executive, "following"), (teacher, "register"), (executive, "register")):
        assert sign_in(who).get(f"{REPORTS}?what={what}").status_code == 403
    assert sign_in(teacher).get(f"{REPORTS}?what=nothing").status_code == 404
    page = sign_in(officer).get(f"{REPORTS}?what=following").text
    assert CODE not in page
    assert f"/admin/gcode/details/?id={done.id}" in page
    assert "รายงานรหัส G" in sign_in(marked).get("/admin/audit/").text


def test_a_workbook_goes_out_and_comes_back(done, marked, officer, teacher, sign_in):
    for stranger in (officer, teacher):
        assert sign_in(stranger).get(EXCHANGE).status_code == 403
    browser, new = sign_in(marked), number()
    assert "1 คน (XLSX)" in browser.get(EXCHANGE).text
    rows = sheet(browser.get(f"{EXCHANGE}export/xlsx/?kind=registry").data)
    wrong = filled(rows, **{done.request_no: ("", "1000000000018")})
    answer = browser.send(EXCHANGE, {"file": (io.BytesIO(wrong), "x.xlsx")})
    page = browser.get(answer.headers["Location"]).text
    assert "ต้องแก้ในไฟล์" in page
    assert "1000000000018" not in page
    assert "บันทึก 1 คน" not in page
    right = filled(rows, **{done.request_no: ("", new)})
    answer = browser.send(EXCHANGE, {"file": (io.BytesIO(right), "x.xlsx")})
    plan = answer.headers["Location"]
    page = browser.get(plan).text
    assert "บันทึก 1 คน" in page
    assert new not in page
    assert sign_in(person("other", "district", sensitive=True)).get(plan).status_code == 400, (
        "a plan is its owner's alone"
    )
    asked = {"id": plan.partition("id=")[2], "reason": "หนังสืออำเภอที่ 2"}
    assert browser.send(f"{EXCHANGE}apply/", asked | {"reason": " "}).headers["Location"] == plan
    assert browser.send(f"{EXCHANGE}apply/", asked).status_code == 303
    if GCodeRequest.objects.get().state != "replaced":
        job_runs.run(Job.objects.get(kind="gcode_exchange").id)
    assert (GCodeRequest.objects.get().state, GCodeRequest.objects.get().new_number) == ("replaced", new)
    assert browser.send(f"{EXCHANGE}apply/", asked).status_code == 400
    assert new not in str(Job.objects.get(kind="gcode_exchange").to_mongo())
