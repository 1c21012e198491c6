"""A warning from the field to the confirmed school, and an error that the district passes, in real browsers."""

from playwright.sync_api import expect

from documents.findings import Finding
from documents.rooms import SchoolRooms
from documents.students import Student
from documents.submissions import find_submission
from documents.writing import Change, write
from tests.browsing import PHONE
from tests.people import SCHOOL, place
from tests.pupils import pupil

LIST = f"/admin/findings/?school={SCHOOL}"


def state():
    return find_submission("DMC", place()).state


def test_a_warning_is_seen_explained_and_confirmed_once_the_district_passes_the_error(
    open_round, teacher, officer, window
):
    write([Change(SchoolRooms, place(), {"grade": "07", "rooms": 1})], teacher)
    write([Change(Student, place(), pupil(birth_date="10/06/2555", room=2))], teacher)
    page = f"/admin/submissions/details/?id={find_submission('DMC', place()).id}"

    desk = window(teacher)
    desk.go(page)
    assert desk.page.get_by_text("มีข้อผิดพลาด 1 ข้อ").count()
    desk.go(LIST)
    desk.page.locator(".found-list li.warning a").first.click()
    beside = desk.page.locator("#field-birth_date .found")
    assert "อายุตามเกณฑ์ 13 ปี มากกว่าเกณฑ์ของ ป.4" in beside.inner_text()
    expect(desk.page.locator("#birth_date")).to_be_focused()
    desk.shot("found-form")
    desk.go("/admin/students/")
    cell = desk.page.locator("td.col-room")
    assert "bad" in cell.get_attribute("class")
    assert "อยู่ห้อง 2" in cell.get_attribute("title")
    desk.shot("found-grid")
    desk.go(LIST)
    assert desk.page.locator(".found-list li.error input").count() == 0  # an error is not hers to pass
    desk.page.locator(".found-list li.warning input").check()
    desk.page.fill("#reason", "เข้าเรียนช้า ตรวจกับสูติบัตรแล้ว")
    desk.press("บันทึกเหตุผล")

    district = window(officer, size=PHONE, dark=True)
    district.go(LIST)
    district.page.locator(".found-list li.error input").check()
    district.page.fill("#reason", "ห้องเรียนรวมที่เขตเห็นชอบ")
    district.shot("found-list-phone")
    district.press("บันทึกเหตุผล")
    assert {row.check_key: row.state for row in Finding.objects} == {
        "DMC-07.grade": "explained",
        "DMC-08.room": "passed",
    }

    desk.go(page)
    desk.press("ยืนยันข้อมูล", confirm="ยืนยันข้อมูล")
    assert state() == "confirmed"
