"""The pages of an area's rules: made, refused with what was typed, tried, counted; who is shown what."""

import pytest
from playwright.sync_api import expect

from documents.checking import rule_trials
from documents.checking.check_rules import CheckRule
from documents.checking.findings import Finding, refresh
from documents.checking.rule_edits import make_rule
from documents.collecting.submissions import find_submission
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.records.writing import Change, write
from tests.browsing import PHONE
from tests.people import AREA, YEAR, place
from tests.pupils import pupil
from tests.test_check_rules import counting, said

NEW = "/admin/rules/new/?document=students"
TYPED = {
    "field": "room", "compare": "gt", "by": "value", "value": "๖๐", "only_field": "sex", "only_compare": "eq",
    "only_by": "value", "only_value": "M", "level": "warning", "title": "ห้องมาก", "sentence": "ห้องเกิน 60", "do": "ตรวจห้อง",
    "first_year": str(YEAR), "document": "students",
}  # fmt: skip


@pytest.fixture
def desk(sign_in, administrator):
    """A browser in which the area's administrator is signed in."""
    return sign_in(administrator)


@pytest.fixture
def open_round(open_round, teacher):
    """The round in which the teacher's school has declared its rooms, so that no check of the product finds anything."""
    write([Change(SchoolRooms, place(), {"grade": "07", "rooms": 99})], teacher)
    return open_round


def test_a_rule_is_typed_tried_and_counts(desk, open_round, teacher, administrator):
    write([Change(Student, place(), pupil(room=61))], teacher)
    answer = desk.send(NEW, TYPED)
    assert answer.status_code == 303, answer.text
    rule = CheckRule.objects.get()
    assert (rule.condition, rule.only["value"]) == ({"field": "room", "compare": "gt", "value": 60}, "M")
    page = desk.get(answer.location).text
    assert "<b>ห้อง</b> <span>มากกว่า</span> <span>60</span>" in page
    assert "เฉพาะเมื่อ" in page
    asked = {"id": str(rule.id), "revision": "1", "round": str(open_round.id)}
    assert desk.send("/admin/rules/count/", asked).status_code == 409
    assert desk.send("/admin/rules/try/", asked | {"round": "0" * 24}).status_code == 404
    assert desk.send("/admin/rules/try/", asked).status_code == 303
    assert "พบ 1 จาก 1 รายการ ใน 1 โรงเรียน" in desk.get(answer.location).text
    assert desk.send("/admin/rules/count/", asked).status_code == 303
    assert refresh(find_submission("DMC", place()))["codes"] == {"LOCAL-001": 1}
    page = desk.get("/admin/rules/").text
    assert "LOCAL-001" in page
    assert "มีผล" in page
    assert desk.send("/admin/rules/retire/", asked | {"revision": "2"}).status_code == 422
    assert desk.send("/admin/rules/retire/", asked | {"revision": "2", "reason": "มติใหม่"}).status_code == 303
    assert "มติใหม่" in desk.get(answer.location).text


def test_what_cannot_be_is_said_beside_it_and_what_was_typed_stays(desk, open_round):
    answer = desk.send(NEW, TYPED | {"value": "หกสิบ", "only_value": "", "title": " ", "first_year": "68"})
    assert answer.status_code == 422
    for words in ("ต้องเป็นตัวเลข", "กรุณาระบุค่า", "ชื่อเรื่องสั้น", "ตัวเลขสี่หลัก", 'value="หกสิบ"', 'value="ห้องเกิน 60"'):
        assert words in answer.text, words
    assert not CheckRule.objects.count()
    redrawn = desk.send(NEW, TYPED | {"do": "redraw", "field": "birth_date"})
    assert redrawn.status_code == 200
    assert "หลังวันที่" in redrawn.text
    assert not CheckRule.objects.count()


def test_names_are_for_who_may_see_them_and_few_persons_are_no_number_for_an_admin(
    open_round, teacher, administrator, officer, sign_in
):
    record = write([Change(Student, place(), pupil(weight_kg=61))], teacher)[0]
    for typed in (
        {"field": "room", "compare": "ge", "value": "1"},
        {"field": "weight_kg", "compare": "gt", "value": "60"},
    ):
        made = make_rule(AREA, "students", said(typed), administrator)
        rule_trials.try_rule(made, open_round, administrator, made.revision)
    plain, sensitive = (
        f"/admin/rules/details/?id={rule.id}" for rule in CheckRule.objects.order_by("number")
    )
    admin, office = sign_in(administrator), sign_in(officer)
    link = f"/admin/students/edit/?id={record.id}#field-"
    assert f"{link}room" in office.get(plain).text
    assert "กานต์" in office.get(plain).text
    assert f"{link}weight_kg" not in office.get(sensitive).text, "no mark for what is sensitive"
    for page in (plain, sensitive):
        assert link not in admin.get(page).text
        assert "กานต์" not in admin.get(page).text
    assert "พบ 1 จาก 1 รายการ" in admin.get(plain).text
    for reader in (admin, office):  # an officer reads records, but without the mark not what this one asks
        assert "พบน้อยกว่า 10 จาก 1 รายการ" in reader.get(sensitive).text
    assert "ให้กฎมีผล" not in office.get(plain).text


def test_a_finding_of_a_rule_is_listed_narrowed_and_taken_out_with_what_to_do(
    open_round, teacher, administrator, officer, sign_in
):
    write([Change(Student, place(), pupil(room=61))], teacher)
    counting(administrator, round_=open_round)
    browser = sign_in(teacher)
    page = browser.get("/admin/findings/").text
    assert "ห้องมาก" in page
    assert "ตรวจห้อง" in page
    assert Finding.objects.get().state == "open"
    assert "ห้องเกิน 60" in browser.get("/admin/findings/?code=LOCAL-001").text
    assert browser.get("/admin/findings/export/xlsx/?code=LOCAL-001").status_code == 200


def test_who_reads_english_gets_the_rule_and_its_pages_in_english(
    open_round, teacher, administrator, sign_in
):
    write([Change(Student, place(), pupil(room=61))], teacher)
    rule = counting(administrator, round_=open_round, title_en="Many rooms")
    desk, school = sign_in(administrator), sign_in(teacher)
    for browser in (desk, school):
        with browser.session_transaction() as session:
            session["language"] = "en"
    found = school.get("/admin/findings/").text
    assert "Many rooms" in found
    assert "Room above 60" in found
    page = desk.get(f"/admin/rules/details/?id={rule.id}").text
    for words in ("Found when", "more than", "Only when", "Counts", "Many rooms"):
        assert words in page, words


@pytest.mark.browser
def test_an_admin_makes_tries_and_counts_a_rule_and_the_school_is_told(
    window, open_round, administrator, officer, teacher
):
    write([Change(Student, place(), pupil(room=61))], teacher)
    desk = window(administrator)
    desk.go("/admin/rules/")
    desk.shot("rules-empty")
    desk.page.get_by_role("link", name="เพิ่มกฎ").first.click()
    desk.page.focus("#field")
    desk.page.select_option("#field", "room")
    desk.page.locator("#compare").wait_for()
    expect(desk.page.locator("#field")).to_be_focused()
    desk.page.select_option("#compare", "gt")
    desk.page.locator("#by").wait_for()
    desk.page.fill("#value", "60")
    desk.page.select_option("#only_field", "grade")
    desk.page.locator("#only_compare").wait_for()
    expect(desk.page.locator("#value")).to_have_value("60")
    desk.page.select_option("#only_compare", "among")
    desk.page.get_by_label("ประถมศึกษาปีที่ 4").check()
    desk.page.select_option("#level", "error")
    for name, typed in (("title", "ห้องมาก"), ("sentence", "ห้องเกิน 60"), ("do", "ตรวจห้อง")):
        desk.page.fill(f"#{name}", typed)
    desk.shot("rule-editor")
    desk.press("บันทึกร่าง")
    expect(desk.page.get_by_text("ยังไม่ได้ลอง")).to_be_visible()
    desk.press("ลองกฎ")
    expect(desk.page.locator("[data-found]")).to_have_text("พบ 1 จาก 1 รายการ ใน 1 โรงเรียน")
    desk.look_over()
    desk.shot("rule-tried")
    desk.press("ให้กฎมีผล", confirm="ให้มีผล")
    expect(desk.page.locator("h1 .chip")).to_have_text("มีผล")
    desk.go("/admin/rules/")
    desk.shot("rules-list")

    phone = window(officer, size=PHONE, dark=True)
    phone.go("/admin/rules/")
    phone.shot("rules-phone")
    phone.page.get_by_role("link", name="ห้องมาก").click()
    phone.page.locator("#trial a").first.click()
    expect(phone.page.locator("#room")).to_be_focused()
    expect(phone.page.locator("#field-room .found")).to_contain_text("ห้องเกิน 60")

    school = window(teacher)
    school.go("/admin/findings/")
    school.page.locator(".found-list li.error a").first.click()
    expect(school.page.locator("#room")).to_be_focused()
    school.page.fill("#room", "1")
    school.press("บันทึก")
    school.go("/admin/findings/")
    expect(school.page.get_by_text("ไม่มีข้อที่ต้องแก้")).to_be_visible()


@pytest.mark.browser
def test_the_editor_on_a_phone(window, open_round, administrator):
    rule = make_rule(
        AREA,
        "students",
        said(only={"field": "disadvantages", "compare": "among", "value": ["09"]}, sentence_en=""),
        administrator,
    )
    phone = window(administrator, size=PHONE)
    phone.go(f"/admin/rules/edit/?id={rule.id}")
    expect(phone.page.get_by_label("เด็กยากจน")).to_be_checked()
    phone.shot("rule-editor-phone")
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.go(f"/admin/rules/details/?id={rule.id}")
    phone.shot("rule-phone")
