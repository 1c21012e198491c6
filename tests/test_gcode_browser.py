"""A learner without papers, by four people in real browsers: searched, asked for, checked, certified, and on to 13 digits."""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from documents.dmc.students import Student
from documents.gcode.gcode import GCodeRequest
from tests.browsing import PHONE
from tests.people import person
from tests.pupils import number

pytestmark = pytest.mark.browser

CODE = "G683400000001"
SEARCHED = {"first_name": "ซอ", "last_name": "แสงจันทร์", "birth_date": "10/06/2558", "mother_first_name": "มะ"}
PICKED = {"sex": "M", "birth_country": "MM", "nationality": "048"}
REST = {"birth_province": "เมาะลำไย", "requested_on": "05/06/2568", "admission_date": "16/05/2568"}
PICKED_TOO = {"race": "048", "grade": "07", "evidence_rank": "4"}
KINDS = ("form", "passport", "employer_house")


def photograph():
    out = io.BytesIO()
    Image.new("RGB", (300, 400), "teal").save(out, "JPEG")
    return {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def fill(window, typed, picked):
    for name, value in typed.items():
        window.page.fill(f"[name={name}]", value)
    for name, value in picked.items():
        window.page.select_option(f"[name={name}]", value)


def test_a_learner_without_papers_gets_a_code_and_years_later_a_number_that_replaces_it(
    window, teacher, officer, approver, open_round
):
    ask(window(teacher, size=PHONE))
    request = GCodeRequest.objects.get()
    assert (request.state, len(request.evidence)) == ("sent", len(KINDS))
    check(window(officer), request)
    certify(window(approver), request)
    request = GCodeRequest.objects.get()
    assert (request.state, request.code, request.code_kind) == ("certified", CODE, "ministry")
    into_dmc(window(teacher), request)
    assert Student.objects.get().person_id == CODE
    new, second = number(), person("เจ้าหน้าที่อีกคน", "district")
    replace(window(second), request, new)
    request, pupil = GCodeRequest.objects.get(), Student.objects.get()
    assert (request.state, request.new_number) == ("replaced", new)
    assert (pupil.person_id, [one["id"] for one in pupil.former_ids]) == (new, [CODE])
    hands = [teacher.id, teacher.id, officer.id, officer.id, approver.id, second.id]
    assert [row["by"] for row in request.moves] == hands


def ask(at):
    """The teacher searches, fills in the rest, photographs the papers and sends it, on her telephone."""
    at.go("/admin/gcode/")
    at.page.get_by_role("link", name="ขอรหัส G").first.click()
    fill(at, SEARCHED, PICKED)
    at.press("ค้นหาผู้เรียนในเขต")
    at.look_over()
    expect(at.page.get_by_text("ไม่พบผู้เรียนที่อาจเป็นคนเดียวกัน")).to_be_visible()
    fill(at, REST, PICKED_TOO)
    at.shot("gcode-form-phone")
    at.press("บันทึกเป็นร่าง")
    for kind in KINDS:
        at.page.select_option("[name=kind]", kind)
        at.page.set_input_files("[name=file]", photograph())
        at.press("แนบไฟล์")
    at.look_over()
    at.shot("gcode-evidence-phone")
    at.press("ส่งคำขอ", confirm="ส่งคำขอ")
    at.look_over()


def check(at, request):
    """The officer finds it on the home page, takes it up, looks at the papers and passes it on."""
    at.go("/admin/")
    at.page.get_by_role("link", name="ตรวจสอบคำขอรหัส G 1 คำขอ").click()
    at.page.get_by_role("link", name=request.name).first.click()
    at.press("รับไว้ตรวจสอบ", confirm="รับไว้ตรวจสอบ")
    papers = at.page.locator(".pieces img")
    expect(papers).to_have_count(len(KINDS))
    papers.first.scroll_into_view_if_needed()
    at.page.wait_for_function("() => document.querySelector('.pieces img').naturalWidth")
    at.shot("gcode-check")
    at.press("ตรวจสอบแล้ว ส่งผู้รับรอง", confirm="ตรวจสอบแล้ว ส่งผู้รับรอง")
    at.look_over()


def certify(at, request):
    """The approver, who is someone else, sees whom he certifies, and types the ministry's number twice."""
    at.go("/admin/gcode/?queue=certify")
    at.page.get_by_role("link", name=request.name).first.click()
    at.page.get_by_role("link", name="รับรอง…").click()
    expect(at.page.get_by_text("บ้านหนึ่ง").first).to_be_visible()
    at.page.check("[name=ticked]")
    for name in ("code", "again"):
        at.page.fill(f"[name={name}-{request.id}]", CODE)
    at.shot("gcode-certify")
    at.press("รับรองคำขอที่ทำเครื่องหมาย")
    at.look_over()
    expect(at.page.get_by_text("รับรองแล้ว").first).to_be_visible()


def into_dmc(at, request):
    """The teacher takes the certified learner into the round's pupils; the form knows what the request knew."""
    at.go(f"/admin/gcode/details/?id={request.id}")
    at.page.get_by_role("link", name="เพิ่มในข้อมูลนักเรียน (DMC)").click()
    expect(at.page.locator("[name=person_id]")).to_have_value(CODE)
    at.page.fill("[name=student_no]", "0451")
    at.page.fill("[name=room]", "1")
    with at.page.expect_navigation():
        at.page.locator("[data-save]").click()
    at.look_over()


def replace(at, request, new):
    """Years later another officer records the 13-digit number with the registrar's paper."""
    at.go(f"/admin/gcode/details/?id={request.id}")
    at.page.get_by_role("link", name="บันทึกเลข 13 หลัก").click()
    for name in ("number", "again"):
        at.page.fill(f"[name={name}]", new)
    at.page.fill("[name=reason]", "หนังสืออำเภอเมือง ลงวันที่ 5 มิถุนายน 2568")
    at.page.set_input_files("[name=evidence]", photograph())
    at.press("บันทึกเลข 13 หลัก")
    at.look_over()
    at.shot("gcode-replaced")
