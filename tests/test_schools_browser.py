"""People at windows: a list mapped and stored, an acting director, a profile kept, schools moved, pupils reconciled."""

from playwright.sync_api import expect

from documents.background.jobs import Job
from documents.clock import real_now
from documents.district.schools import School
from documents.people.users import User
from tests.browsing import PHONE
from tests.people import SCHOOL
from tests.test_accessibility import Watch
from tests.test_reconciling import FILE as PUPILS
from tests.test_schools import LIST
from tests.world import done_job

ENROLMENT = {"name": "นักเรียน.csv", "mimeType": "text/csv", "buffer": PUPILS.encode("cp874")}

FILE = {"name": "รายชื่อ.csv", "mimeType": "text/csv", "buffer": LIST.encode()}


def test_an_officer_imports_the_list_and_looks_after_a_school(open_round, officer, teacher, director, window):
    one, watch = window(officer), Watch()
    one.go("/admin/schools/import/")
    one.page.set_input_files("input[type=file]", files=[FILE])
    one.press("อ่านไฟล์")
    watch.look(one.page, "columns")
    one.shot("school-map")
    one.press("ตรวจ")
    watch.look(one.page, "plan")
    one.page.check("[name=partly]")
    one.press("บันทึก 3 โรงเรียน")
    school = School.objects.get(code=SCHOOL)
    one.page.goto(f"{one.base}/admin/schools/details/?id={school.id}")
    one.page.get_by_text("แต่งตั้งรักษาการ", exact=True).click()
    one.page.select_option("#acting-person", label=teacher.name)
    typed = {
        "since": "01/06/2568",
        "until": "30/06/2568",
        "order_number": "9/2568",
        "order_day": "31/05/2568",
    }
    for name, text in typed.items():
        one.page.fill(f"#acting-{name}", text)
    one.press("บันทึกการรักษาการ")
    one.page.fill("#note-text", "โทรแล้วไม่รับสาย")
    one.press("เพิ่มบันทึก")
    one.page.get_by_text("ขีดฆ่า", exact=True).click()
    one.page.fill(".notes input[name=reason]", "ผิดโรงเรียน")
    one.press("ขีดฆ่าบันทึก")
    watch.look(one.page, "school")
    one.shot("school-page")
    assert "รักษาการอยู่" in one.page.content()
    expect(one.page.locator(".notes .struck")).to_have_count(1)
    one.go("/admin/schools/contacts/?search=ครูหนึ่ง")
    watch.look(one.page, "contacts")
    assert "รักษาการถึง 30 มิ.ย. 68" in one.page.content()
    assert not watch.found, watch.said()


def test_a_school_keeps_its_profile_and_an_officer_orders_and_reconciles(
    open_round, officer, teacher, window
):
    done_job(officer)  # in the corner, whose script must not keep the page's forms from being sent
    Job.objects.update(seen=False)
    User.objects(id=officer.id).update(last_job_at=real_now())
    own, watch = window(teacher, size=PHONE), Watch()
    own.go(f"/admin/schools/edit/?id={School.objects.get(code=SCHOOL).id}")
    own.page.fill("[name=latitude]", "104.8473")
    own.page.fill("[name=longitude]", "15.2448")
    own.page.fill("[name=land-0-rai]", "12")
    own.page.get_by_role("button", name="เพิ่มแปลง").click()
    own.page.fill("[name=land-1-ngan]", "5")
    own.press("บันทึก")
    assert "สลับกัน" in own.page.content()
    own.page.fill("[name=latitude]", "15.2448")
    own.page.fill("[name=longitude]", "104.8473")
    own.press("บันทึก")
    assert "5 งาน คือ 1 ไร่ 1 งาน" in own.page.content()
    watch.look(own.page, "profile form")
    own.page.fill("[name=land-1-ngan]", "1")
    own.press("บันทึก")
    watch.look(own.page, "profile")
    own.shot("school-profile-phone")
    assert "12 ไร่ 1 งาน" in own.page.content()
    expect(own.page.locator(".map-drawing .here")).to_have_count(1)
    one = window(officer)
    one.go("/admin/schools/new/")
    order = {"order_number": "12/2568", "order_day": "30/05/2568", "since": "01/06/2568"}
    for name, text in ({"code": "34010009", "name": "บ้านใหม่"} | order).items():
        one.page.fill(f"[name={name}]", text)
    one.page.locator("[data-corner] li").wait_for()
    watch.look(one.page, "establish")
    one.press("จัดตั้งโรงเรียน")
    one.page.get_by_text("เข้ารอบ DMC").click()
    one.page.fill("details[open] [name=reason]", "เปิดใหม่")
    one.press("ให้เข้ารอบ")
    one.page.locator("summary", has_text="คำสั่งเกี่ยวกับโรงเรียน").click()
    one.page.get_by_role("link", name="ยุบรวมกับโรงเรียนอื่น").click()
    for name, text in order.items():
        one.page.fill(f"[name={name}]", text)
    one.page.select_option("[name=successor]", SCHOOL)
    watch.look(one.page, "merge")
    one.press("บันทึกยุบรวมกับโรงเรียนอื่น")
    watch.look(one.page, "merged school")
    assert "ยุบรวมกับบ้านหนึ่ง ตั้งแต่ 1 มิ.ย. 68" in one.page.content()
    one.go("/admin/reconcile/")
    watch.look(one.page, "reconcile")
    one.page.set_input_files("input[type=file]", files=[ENROLMENT])
    one.press("กระทบยอด")
    watch.look(one.page, "reconciled")
    one.shot("reconciled")
    assert "แถวรวม 7 คน" in one.page.content()
    assert not watch.found, watch.said()
