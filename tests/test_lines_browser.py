"""The sheet of lines in a real browser: filled by keyboard and by pasting, saved, confirmed and locked; nothing lost."""

import pytest
from playwright.sync_api import expect

from documents.collecting.rounds import Round
from documents.collecting.submissions import find_submission
from documents.mobec.equipment import Equipment
from documents.records.writing import Change, write
from tests.browsing import PHONE, lock_in_browser
from tests.people import AREA, place
from tests.test_equipment import line, stored_lines
from tests.test_line_sheet import count_round as count_round  # the round of the count sheet

pytestmark = pytest.mark.browser
SHEET = "/admin/equipment/"


def cell(one, item, name="usable"):
    return one.page.locator(f'[name="n.{item}.qty_{name}"]')


def paste(one, text):
    """Paste a block as a spreadsheet leaves it in the clipboard."""
    one.page.evaluate(
        "text => { const data = new DataTransfer(); data.setData('text/plain', text);"
        "document.activeElement.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})); }",
        text,
    )


def is_in_sight(one):
    """Whether nothing lies over the cell that has the focus: neither head nor names nor bar."""
    return one.page.evaluate(
        "() => { const cell = document.activeElement, box = cell.getBoundingClientRect(), middle = box.left + box.width / 2;"
        "return [box.top + 3, box.bottom - 3].every((y) => document.elementFromPoint(middle, y) === cell); }"
    )


def sum_of(one, place_, at="all"):
    return one.page.locator(f'{place_} [data-sum="{at}"]')


def test_a_sheet_is_filled_by_keyboard_confirmed_certified_verified_and_locked(
    window, count_round, teacher, director, officer, approver
):
    one = window(teacher)
    one.go(SHEET)
    keys = one.page.keyboard
    cell(one, "11001").focus()
    keys.type("12")
    keys.press("Enter")
    keys.type("๓")
    keys.press("Tab")
    expect(one.page.locator('[name="n.11002.qty_repair"]')).to_be_focused()
    keys.type("1")
    keys.press("ArrowUp")
    expect(one.page.locator('[name="n.11001.qty_repair"]')).to_be_focused()
    keys.press("End")
    keys.press("Home")
    expect(one.page.locator('[name="n.11001.qty_usable"]')).to_be_focused()
    keys.type("99")
    keys.press("Escape")
    expect(cell(one, "11001")).to_have_value("12")
    for left, focused in ((("12", "3", ""), "11002.qty_repair"), (("12", "", ""), "11002.qty_usable")):
        keys.press("Control+z")
        values = [cell(one, *at).input_value() for at in (("11001",), ("11002",), ("11002", "repair"))]
        assert tuple(values) == left
        expect(one.page.locator(f'[name="n.{focused}"]')).to_be_focused()
    keys.press("Control+y")
    keys.press("Control+y")
    expect(cell(one, "11002", "repair")).to_have_value("1")
    keys.press("Control+End")
    keys.press("Shift+Enter")
    expect(one.page.locator('[name="n.25001.note"]')).to_be_focused()
    for _ in range(30):
        keys.press("ArrowUp")
        assert is_in_sight(one)
    cell(one, "22001").focus()
    paste(one, "40\t2\t5\r\n1,200\t0\t0\nสิบ\t1\t1\n")
    expect(cell(one, "22002")).to_have_value("1,200")
    expect(cell(one, "22003")).to_have_attribute("aria-invalid", "true")
    expect(sum_of(one, "tfoot")).to_have_text("1,265")
    expect(sum_of(one, "tbody:nth-of-type(3)", 0)).to_have_text("1,240")
    one.shot("lines-typed")
    one.press("บันทึก")
    one.look_over()
    expect(one.page.locator("[data-summary]")).to_contain_text("22003 ครุภัณฑ์การสอนวิทยาศาสตร์ ประถมศึกษา")
    assert stored_lines() == {}
    one.page.locator("[data-summary] a").first.click()
    expect(one.page.locator('[name="n.22003.qty_usable"]')).to_be_focused()
    keys.type("10")
    zeros = one.page.get_by_role("button", name="เติม 0 ในช่องที่ว่าง")
    zeros.click()
    expect(cell(one, "25002", "dispose")).to_have_value("0")
    keys.press("Control+z")
    expect(cell(one, "25002", "dispose")).to_have_value("")
    expect(cell(one, "22003")).to_have_value("10")
    zeros.click()
    expect(one.page.locator("[data-line-state]")).to_contain_text("กรอกครบ 76 รายการ")
    one.press("บันทึก")
    one.look_over()
    one.page.wait_for_selector(".flash.t-ok")
    lines = stored_lines()
    assert len(lines) == 76
    assert lines["11001"] == (12, 0, 0)
    assert lines["11002"] == (3, 1, 0)
    assert [lines[item] for item in ("22001", "22002", "22003", "25002")] == [
        (40, 2, 5),
        (1200, 0, 0),
        (10, 1, 1),
        (0, 0, 0),
    ]
    for who, words in ((teacher, "ยืนยันข้อมูล"), (director, "รับรองข้อมูล"), (officer, "เขตตรวจสอบแล้ว")):
        page = window(who)
        page.go(f"/admin/submissions/details/?id={find_submission('M-OBEC', place()).id}")
        page.press(words, confirm=words)
    assert find_submission("M-OBEC", place()).state == "verified"
    lock_in_browser(window, approver, Round.objects.get(area_code=AREA, subsystem="M-OBEC"))
    assert find_submission("M-OBEC", place()).state == "locked"
    one.go(SHEET)
    expect(one.page.locator("input.cell")).to_have_count(0)
    expect(one.page.locator("main")).to_contain_text("ล็อกแล้ว")
    assert Round.objects.get(area_code=AREA, subsystem="M-OBEC").state == "locked"


def test_what_was_typed_outlives_the_page_and_a_line_that_another_saved_is_not_overwritten(
    window, count_round, teacher
):
    (row,) = write([Change(Equipment, place(), line("22001", 40))], teacher)
    one = window(teacher, size=PHONE)
    one.go(SHEET)
    cell(one, "22001").fill("45")
    one.page.locator('[name="n.22001.note"]').focus()
    one.page.keyboard.press("Home")
    assert is_in_sight(one)
    cell(one, "21001").fill("3")
    one.page.wait_for_selector("[data-draft-state] svg")
    write([Change(Equipment, place(), {"qty_usable": 50}, row.id, row.revision)], teacher)
    one.go(SHEET)
    one.page.locator("[data-restore]").click()
    expect(cell(one, "22001")).to_have_value("45")
    one.press("บันทึก")
    one.look_over()
    assert stored_lines() == {"22001": (50, 0, 0)}, "the draft remembers which version it was typed over"
    said = one.page.locator('[data-line="22001"]').inner_text().split()
    assert said[said.index("บันทึกไว้แล้ว") + 1] == "50"
    one.shot("lines-clash-phone")
    one.page.locator('[data-line="22001"] [data-use]').first.click()
    expect(cell(one, "22001")).to_have_value("50")
    one.press("บันทึก")
    one.page.wait_for_selector(".flash.t-ok")
    assert stored_lines() == {"22001": (50, 0, 0), "21001": (3, 0, 0)}
    one.go(SHEET)
    expect(one.page.locator("[data-restore]")).to_have_count(0)
