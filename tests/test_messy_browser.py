"""At a window: a file that names schools is asked about once, one with a header of two rows is read, a large plan grows."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from documents.background import jobs
from documents.background.jobs import Job
from documents.clock import real_now
from documents.district.schools import School
from documents.dmc.students import Student
from exports.imports.plans import ImportPlan, PlannedRow, SchoolPlan
from exports.imports.stored_plans import Keeping
from tests import awkward_files as made
from tests.browsing import PHONE
from tests.people import AREA, OTHER, SCHOOL
from tests.test_accessibility import Watch
from tests.test_import_questions import PUPILS

pytestmark = pytest.mark.browser
PAGE = "/admin/students/import/"
NAMES = ["โรงเรียนบ้านหนึ่ง", "บ้านสอง", "ร.ร.บ้านสอง (ประชาบำรุง)", "ร.ร.บ้านหนึ่งวิทยา"]
TWO_ROWS = [
    ["รายชื่อนักเรียน ปีการศึกษา 2568", *[None] * 6],
    ["รหัสโรงเรียน", "เลขประจำตัวประชาชน", "ชื่อ - สกุล", None, "บิดา", None, "หมายเหตุ"],
    [None, None, "ชื่อ", "นามสกุล", "ชื่อ", "นามสกุล", None],
    [SCHOOL, "1000000000017", "สมชาย", "ใจดี", "สมศักดิ์", "ใจดี", None],
    [OTHER, "1000000000025", "สมหญิง", "ใจงาม", "สมหมาย", "ใจงาม", None],
    ["รวม", None, "2 คน", None, None, None, None],
]
AREAS = ("A1:G1", "A2:A3", "B2:B3", "C2:D2", "E2:F2", "G2:G3")


def file_of(content, name):
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def choose(one, content, name="นักเรียน.xlsx"):
    one.go(PAGE)
    one.page.set_input_files("input[type=file]", files=[file_of(content, name)])
    one.press("ตรวจไฟล์")


def test_schools_named_instead_of_coded_are_confirmed_once(open_round, officer, window):
    rows = [[name, f"100000000{at:04}", "สมชาย", "ใจดี", f"0{at + 1}/06/13"] for at, name in enumerate(NAMES)]
    content = made.xlsx([PUPILS, *rows])
    one, watch = window(officer), Watch()
    choose(one, content)
    expect(one.page.get_by_role("heading", name="ตอบก่อนตรวจไฟล์")).to_be_visible()
    watch.look(one.page, "questions")
    one.look_over()
    for size, name in (({"width": 1366, "height": 900}, "laptop"), (PHONE, "phone")):
        one.page.set_viewport_size(size)
        one.shot(f"import-questions-{name}")
        assert one.page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    one.page.set_viewport_size({"width": 1366, "height": 900})
    one.page.get_by_label("ปี ค.ศ. คือ 1 มิถุนายน 2556").check()
    unsure = one.page.get_by_role("combobox", name="ร.ร.บ้านหนึ่งวิทยา")
    unsure.fill("ไม่มีโรงเรียนนี้")
    one.press("ยืนยันแล้วตรวจไฟล์")
    expect(one.page.get_by_role("alert")).to_contain_text("ไม่รู้จักโรงเรียน “ไม่มีโรงเรียนนี้”")
    expect(one.page.get_by_label("ปี ค.ศ. คือ 1 มิถุนายน 2556")).to_be_checked()
    unsure.fill(f"{SCHOOL} บ้านหนึ่ง")
    one.press("ยืนยันแล้วตรวจไฟล์")
    expect(one.page.get_by_role("heading", name="แผนการนำเข้า")).to_be_visible()
    expect(one.page.get_by_text("4 แถวบอกชื่อโรงเรียนแทนรหัส")).to_be_visible()
    expect(one.page.get_by_text("อ่านเป็นปี ค.ศ.")).to_be_visible()
    watch.look(one.page, "plan")
    one.shot("import-plan-understood")
    choose(one, content)
    expect(one.page.get_by_role("heading", name="แผนการนำเข้า")).to_be_visible()  # nothing is asked again
    assert not watch.found, watch.said()


def test_a_header_of_two_rows_is_read_and_said(open_round, officer, window):
    one, watch = window(officer, dark=True), Watch()
    choose(one, made.merged(TWO_ROWS, *AREAS), "แบบสำรวจ.xlsx")
    page = one.page
    expect(page.get_by_text("หัวตารางมี 2 แถว")).to_be_visible()
    expect(page.get_by_text("ข้ามแถวรวมท้ายตาราง 1 แถว (แถวที่ 6)")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("บ้านหนึ่ง"))).to_contain_text("1")
    watch.look(page, "plan")
    for size, name in (({"width": 1366, "height": 900}, "laptop"), (PHONE, "phone")):
        page.set_viewport_size(size)
        one.shot(f"import-two-headers-{name}")
    page.set_viewport_size({"width": 1366, "height": 900})
    if page.locator("[name=approved]").count():
        page.check("[name=approved]")
    page.fill("#reason", "ตามแบบสำรวจ")
    one.press("บันทึก 2 รายการ")
    stored = Student.objects.get(area_code=AREA, person_id="1000000000017")
    assert (stored.first_name, stored.last_name, stored.father_first_name) == ("สมชาย", "ใจดี", "สมศักดิ์")
    assert not watch.found, watch.said()


def test_a_plan_is_seen_while_it_grows(open_round, officer, window):
    """A job that reads and two schools that come in: the page shows them, then the whole plan, by itself."""
    now = real_now()
    job = Job(
        area_code=AREA, kind="plan_import", owner=officer.id, owner_name=officer.name, title="ตรวจไฟล์ ทั้งเขต.xlsx",
        rights=jobs.rights_in(officer, AREA), subsystem="DMC", academic_year=open_round.academic_year, round=open_round.code,
        arguments={"slug": "students"}, state="running", total=4, done=1, unit="แถว", asked_at=now, started_at=now,
        counting_since=now, progress_at=now, lease_until=now + dt.timedelta(hours=1), expires_at=now + dt.timedelta(days=1),
    ).save()  # fmt: skip
    plan = ImportPlan(
        "students",
        AREA,
        open_round.academic_year,
        open_round.code,
        "ทั้งเขต.xlsx",
        None,
        1,
        id=job.id,
        rows_read=4,
    )
    keeping = Keeping(plan, officer)
    one = window(officer)
    one.go(f"/admin/jobs/details/?id={job.id}")
    one.page.get_by_role("link", name="ดูผลที่ตรวจแล้วจนถึงตอนนี้").click()
    expect(one.page.get_by_text("ตรวจแล้ว 0 โรงเรียน 0 จาก 4 แถว")).to_be_visible()
    for code, name in ((SCHOOL, "บ้านหนึ่ง"), (OTHER, "บ้านสอง")):
        school = plan.schools[code] = SchoolPlan(code, name, new=2)
        keeping.school(
            school, {"new": [PlannedRow(2, code, "สมชาย ใจดี", {}), PlannedRow(3, code, "สมหญิง ใจดี", {})]}
        )
        expect(one.page.get_by_role("link", name=name, exact=True)).to_be_visible()
    expect(one.page.get_by_text("ตรวจแล้ว 2 โรงเรียน 4 จาก 4 แถว")).to_be_visible()
    expect(one.page.get_by_text("รอให้ตรวจไฟล์เสร็จก่อน")).to_be_visible()
    one.shot("import-plan-growing")
    keeping.finish()
    expect(one.page.get_by_role("button", name="บันทึก 4 รายการ ของ 2 โรงเรียน")).to_be_visible()
    assert School.objects(area_code=AREA).count() == 2
