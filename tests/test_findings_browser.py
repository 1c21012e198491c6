"""A warning from the field to the confirmed school, and an error that the district passes, in real browsers."""

import re

from playwright.sync_api import expect

from documents import subsystem
from documents.checking import checks
from documents.checking.findings import Finding
from documents.collecting.submissions import find_submission
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.records.record import declared
from documents.records.writing import Change, write
from tests.browsing import PHONE
from tests.making import complete
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
    expect(desk.page.get_by_text("มีข้อผิดพลาด 1 ข้อ").first).to_be_visible()
    desk.go(LIST)
    desk.page.locator(".found-list li.warning a").first.click()
    beside = desk.page.locator("#field-birth_date .found")
    expect(beside).to_contain_text("อายุตามเกณฑ์ 13 ปี มากกว่าเกณฑ์ของ ป.4")
    expect(desk.page.locator("#birth_date")).to_be_focused()
    desk.shot("found-form")
    desk.go("/admin/students/")
    cell = desk.page.locator("td.col-room")
    expect(cell).to_have_class(re.compile(r"\bbad\b"))
    expect(cell).to_have_attribute("title", re.compile("อยู่ห้อง 2"))
    desk.shot("found-grid")
    desk.go(LIST)
    expect(desk.page.locator(".found-list li.error")).to_have_count(1)
    expect(desk.page.locator(".found-list li.error input")).to_have_count(0)  # an error is not hers to pass
    desk.page.locator(".found-list li.warning input").check()
    desk.press("บันทึกเหตุผล", stays=True)  # the browser refuses; in its own language it would be English
    assert desk.page.locator("#reason").evaluate("one => one.validationMessage") == "กรุณากรอกช่องนี้"
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


def test_a_finding_leads_to_the_very_field_whatever_its_kind(open_rounds, teacher, director, window):
    """One field of each kind that a check names first, in the form of whoever mends it, and on the page of who only reads."""
    desk, above, kinds = window(teacher), window(director), set()
    for check in checks.all_checks():
        document = check.document and subsystem(check.document)
        field = document and check.fields and declared(document)[check.fields[0]]
        if not field or field.kind in kinds:
            continue
        kinds.add(field.kind)
        record = write([Change(document, place(), complete(document))], teacher)[0]
        path = f"/admin/{document.slug}/edit/?id={record.id}#field-{field.name}"
        desk.page.goto(desk.base + path)
        at = f"#field-{field.name} :focus, #field-{field.name}:focus"
        expect(desk.page.locator(at)).to_have_count(1)
    assert {"text", "date", "choice", "choices", "count", "picture"} <= kinds
    record = write([Change(Student, place(), pupil(person_id="1100000000008"))], teacher)[0]
    above.page.goto(f"{above.base}/admin/students/edit/?id={record.id}#field-birth_date")
    above.page.wait_for_url("**/details/**")
    expect(above.page.locator("dd#field-birth_date:target")).to_be_in_viewport()


def test_what_is_found_of_a_school_leads_to_the_cell_that_is_mended(open_rounds, teacher, window):
    write([Change(SchoolRooms, place(), {"grade": grade, "rooms": 1}) for grade in ("06", "08")], teacher)
    write([Change(SchoolRooms, place(), {"grade": "07", "rooms": 0})], teacher)
    write([Change(Student, place(), pupil())], teacher)
    equipment = subsystem("equipment")
    write([Change(equipment, place(), {"item_code": "22001", "qty_usable": 0})], teacher)
    desk = window(teacher)
    desk.go(f"{LIST}&code=DMC-17&level=error")
    desk.page.locator(".found-list a").click()
    expect(desk.page.locator("td.col-rooms:focus")).to_have_text("0")
    assert desk.page.locator("tbody tr[data-pk]").count() == 1, "the grade's own line"
    desk.page.goto(f"{desk.base}/admin/choose/?round={open_rounds['M-OBEC'].id}")
    desk.page.goto(f"{desk.base}{LIST}&code=MO-04")
    desk.page.locator(".found-list a").click()
    expect(desk.page.locator("input[name='n.22001.qty_usable']")).to_be_focused()
