"""The grid and the form in a real browser, under the strict policy: cells, two versions, drafts, deleting, adding."""

import pytest
from playwright.sync_api import expect

from documents.dmc.students import Student
from documents.people import accounts
from documents.records.writing import Change, write
from tests.browsing import PHONE
from tests.people import place
from tests.pupils import pupil

pytestmark = pytest.mark.browser


@pytest.fixture
def stored(open_round, teacher):
    """Three pupils of the teacher's school; the first lacks his weight."""
    names = (
        ("กานต์", {"weight_kg": None}),
        ("ณิชา", {"title": "002", "sex": "F"}),
        ("ปวีณา", {"title": "002", "sex": "F"}),
    )
    changes = [Change(Student, place(), pupil(first_name=name, **more)) for name, more in names]
    return [Student.objects(id=one.id).get() for one in write(changes, teacher)]


def cell(page, record, name):
    return page.locator(f'tr[data-pk="{record.id}"] td[data-col="{name}"]')


def type_into(page, record, name, value):
    """Open a cell's editor, type, and press Enter."""
    cell(page, record, name).dblclick()
    editor = cell(page, record, name).locator("input, select")
    editor.fill(value) if editor.evaluate("e => e.tagName") == "INPUT" else editor.select_option(value)
    editor.press("Enter")


def test_a_cell_is_edited_in_place(window, stored, teacher):
    one = window(teacher)
    one.go("/admin/students/")
    one.shot("grid")
    with one.page.expect_response("**/ajax/update/") as answer:
        type_into(one.page, stored[0], "room", "2")
    assert answer.value.status == 200
    assert Student.objects(id=stored[0].id).get().room == 2
    with one.page.expect_response("**/ajax/update/"):
        type_into(one.page, stored[0], "room", "3")
    assert Student.objects(id=stored[0].id).get().room == 3


def test_the_filters_of_a_grid_work_in_english(window, stored, teacher):
    accounts.prefer(teacher, language="en")
    one = window(teacher)
    one.page.goto(f"{one.base}/admin/students/")
    one.page.locator("[data-filters] > summary").click()
    one.page.locator("[data-filter-field]").select_option(label="Sex")
    expect(one.page.locator("[data-filter-value] option", has_text="Female")).to_have_count(1)
    one.page.locator("[data-filter-value] select").select_option(label="Female")
    one.page.locator("[data-filters] .btn.main").click()
    expect(one.page.locator("tr[data-pk]")).to_have_count(2)


def test_a_wrong_value_stays_typed_beside_its_sentence(window, stored, teacher):
    one = window(teacher)
    one.go("/admin/students/")
    with one.page.expect_response("**/ajax/update/") as answer:
        type_into(one.page, stored[0], "room", "999")
    assert answer.value.status == 422
    expect(cell(one.page, stored[0], "room").locator("[role=alert]")).not_to_be_empty()
    expect(cell(one.page, stored[0], "room").locator("input")).to_have_value("999")


def test_a_cell_somebody_else_changed_shows_both_versions(window, stored, teacher):
    one = window(teacher)
    one.go("/admin/students/")
    write([Change(Student, place(), {"room": 4}, id=stored[0].id, revision=1)], teacher)
    with one.page.expect_response("**/ajax/update/") as answer:
        type_into(one.page, stored[0], "room", "5")
    assert answer.value.status == 409
    box = one.page.locator("dialog[open]")
    box.wait_for()
    one.shot("grid-conflict")
    expect(box).to_contain_text("4")
    expect(box).to_contain_text("5")
    with one.page.expect_response("**/ajax/update/") as again:
        box.get_by_role("button").last.click()
    assert again.value.status == 200
    assert Student.objects(id=stored[0].id).get().room == 5


def test_a_form_somebody_else_saved_first_shows_both_versions_and_keeps_what_was_typed(
    window, stored, teacher
):
    one = window(teacher)
    one.go(f"/admin/students/edit/?id={stored[0].id}")
    write([Change(Student, place(), {"room": 4, "weight_kg": 30}, id=stored[0].id, revision=1)], teacher)
    one.page.fill("[name=room]", "6")
    one.page.click("[data-save]")
    box = one.page.locator("dialog[data-conflict]")
    box.wait_for()
    one.shot("form-conflict")
    expect(one.page.locator("[name=room]")).to_have_value("6")
    box.locator('input[name="c-weight_kg"][value="theirs"]').check()
    box.get_by_role("button", name="บันทึกตามที่เลือก").click()
    one.page.wait_for_url("**/admin/students/*")
    fresh = Student.objects(id=stored[0].id).get()
    assert (fresh.room, fresh.weight_kg) == (6, 30.0)


def test_a_form_survives_a_dropped_line(window, stored, teacher):
    one = window(teacher)
    one.go(f"/admin/students/edit/?id={stored[0].id}")
    one.page.fill("[name=first_name]", "กานต์ใหม่")
    one.page.fill("[name=weight_kg]", "31")
    expect(one.page.locator("[data-draft-state]")).to_contain_text("เก็บร่างไว้")
    one.context.set_offline(True)
    one.page.click("[data-save]")
    expect(one.page.locator(".toast")).to_contain_text("สิ่งที่พิมพ์อยู่ครบ")
    expect(one.page.locator("[name=first_name]")).to_have_value("กานต์ใหม่")
    one.shot("form-offline")
    one.context.set_offline(False)
    one.faults.clear()  # the line was cut on purpose
    one.go(f"/admin/students/edit/?id={stored[0].id}")
    one.page.get_by_role("button", name="กู้คืน").first.click()
    expect(one.page.locator("[name=first_name]")).to_have_value("กานต์ใหม่")
    one.page.click("[data-save]")
    one.page.wait_for_url("**/admin/students/*")
    assert Student.objects(id=stored[0].id).get().first_name == "กานต์ใหม่"


def test_deleting_asks_first_and_says_how_many(window, stored, teacher):
    one = window(teacher)
    one.go("/admin/students/")
    one.page.locator(f'tr[data-pk="{stored[1].id}"] input[type=checkbox]').check()
    one.page.locator('[data-act] [data-action="delete"]').click()
    box = one.page.locator("dialog[open]")
    box.wait_for()
    one.shot("grid-delete")
    expect(box).to_contain_text("1")
    assert Student.objects.count() == 3
    box.locator("textarea, input[type=text]").first.fill("บันทึกซ้ำ")
    box.get_by_role("button").last.click()
    one.page.wait_for_selector(".flash")
    assert Student.objects.count() == 2


def test_a_new_pupil_is_added_by_hand(window, open_round, teacher):
    one = window(teacher)
    one.go("/admin/students/new/")
    values = pupil()
    for name in ("person_id", "student_no", "first_name", "last_name", "birth_date", "room"):
        one.page.fill(f"[name={name}]", str(values[name]))
    for name in ("id_type", "title", "sex", "grade", "status"):
        one.page.select_option(f"[name={name}]", values[name])
    one.page.locator("#reg_subdistrict-words").press_sequentially("ในเมือง อุบล", delay=20)
    one.page.locator("#reg_subdistrict-list li").first.click()
    expect(one.page.locator("[name=reg_province]")).to_have_value("34")
    one.page.get_by_role("button", name="ที่อยู่เดียวกับทะเบียนบ้าน").click()
    one.page.click("[data-save]")
    one.page.wait_for_url("**/admin/students/*")
    (made,) = Student.objects()
    assert made.cur_subdistrict == made.reg_subdistrict == "340101"


def test_filters_history_and_details_work_by_hand(window, stored, teacher):
    one = window(teacher)
    write([Change(Student, place(), {"room": 4}, id=stored[1].id, revision=1)], teacher)
    one.go("/admin/students/")
    one.page.locator(f'tr[data-pk="{stored[1].id}"] [data-history]').click()
    one.page.wait_for_selector(".drawer .timeline")
    one.shot("grid-history")
    one.page.locator("[data-filters] summary").click()
    one.page.select_option("[data-filter-field]", label="เพศ")
    one.page.locator("[data-filter-value] select, [data-filter-value] input").first.wait_for()
    one.shot("grid-filter")
    one.go(f"/admin/students/details/?id={stored[0].id}")
    one.page.locator('[data-reveal="person_id"]').click()
    one.page.wait_for_function(
        "t => document.body.innerText.replaceAll('-', '').includes(t)", arg=stored[0].person_id
    )
    one.shot("details")


@pytest.mark.parametrize("dark", [False, True])
def test_the_pages_hold_on_a_phone(dark, window, stored, teacher):
    one = window(teacher, size=PHONE, dark=dark)
    for name, path in (
        ("grid", "/admin/students/"),
        ("form", f"/admin/students/edit/?id={stored[0].id}"),
        ("details", f"/admin/students/details/?id={stored[0].id}"),
        ("import", "/admin/students/import/"),
    ):
        one.go(path)
        one.shot(f"phone-{name}-{'dark' if dark else 'light'}")
        wide = one.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name} is {wide} px wider than the phone"
        for menu in one.page.locator("main details.drop, .top details.drop").all():
            menu.locator("summary").click()
            opened = menu.locator(".drop-menu").bounding_box()
            assert 0 <= opened["x"] <= PHONE["width"] - opened["width"], (name, menu.inner_text())
            assert opened["y"] > 0, (name, menu.inner_text())
            one.page.keyboard.press("Escape")
    one.go("/admin/students/?search=" + "ฮ" * 9)
    said = one.page.locator("td > .empty p").bounding_box()  # in a table far wider than the phone
    assert 0 <= said["x"] <= PHONE["width"] - said["width"], said


def test_the_list_of_what_is_missing_leads_to_the_empty_field(window, stored, teacher):
    one = window(teacher)
    one.go("/admin/students/?missing=1")
    one.page.locator(f'tr[data-pk="{stored[0].id}"] td[data-col="full_name"] a').click()
    first = one.page.locator(".field.missing input, .field.missing select").first
    first.wait_for()
    expect(first).to_be_focused()
    expect(first).to_be_in_viewport()


def test_a_long_name_in_the_bar_is_clipped(window, stored, teacher):
    one = window(teacher)
    one.go("/admin/students/")
    grown = "() => { for (const e of document.querySelectorAll('.who b, .who small')) e.textContent = 'โรงเรียนบ้าน'.repeat(20); }"
    one.page.evaluate(grown)
    assert one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
