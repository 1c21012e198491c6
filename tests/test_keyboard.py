"""The product worked by keyboard alone: the focus is seen, is never lost, and comes back from what was opened."""

import pytest
from playwright.sync_api import expect

from tests.browsing import PHONE
from tests.test_accessibility import SHORT
from tests.test_accessibility import watch as watch

pytestmark = pytest.mark.browser


@pytest.fixture
def page(world, window):
    """The teacher's window on the grid of pupils."""
    one = window(world.people["school"])
    one.go("/admin/students/")
    return one.page


def focused(page, what):
    """Read something off the element that has the focus."""
    return page.evaluate(f"() => {{ const one = document.activeElement; return {what} }}")


def test_the_first_tab_skips_to_the_content(page):
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    assert focused(page, "Boolean(one.closest('#main'))")


def test_a_menu_opens_closes_and_gives_the_focus_back(page):
    menu = page.locator("details.who")
    summary = menu.locator("summary")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(menu.locator("a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("#main").focus()
    expect(menu).not_to_have_attribute("open", "")


def test_the_question_keeps_the_focus_and_gives_it_back(page):
    trash = page.locator("tr button.risky").first
    trash.focus()
    page.keyboard.press("Enter")
    box = page.locator("dialog[open]")
    box.wait_for()
    for _ in range(8):
        page.keyboard.press("Tab")
        assert focused(page, "one === document.body || Boolean(one.closest('dialog'))"), "left the question"
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(trash).to_be_focused()


def test_the_history_gives_the_focus_back(page):
    button = page.locator("[data-history]").first
    button.focus()
    page.keyboard.press("Enter")
    page.locator(".drawer .timeline").wait_for()
    expect(page.locator("[data-drawer-close]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_the_menu_of_a_phone_holds_the_focus_while_it_is_open(page):
    page.set_viewport_size(PHONE)
    expect(page.locator(".side")).to_be_hidden()
    toggle = page.locator("[data-nav-toggle]")
    toggle.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => Boolean(document.activeElement.closest('.side'))")
    for _ in range(4):
        assert focused(page, "Boolean(one.closest('.side'))")
        page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(toggle).to_be_focused()


def test_a_cell_is_reached_changed_and_left_by_keyboard(page):
    rooms = page.locator("td.can-edit[data-col=room]")
    page.locator("td.can-edit").first.focus()
    for _ in range(12):
        if focused(page, "one.dataset.col") == "room":
            break
        page.keyboard.press("ArrowRight")
    expect(rooms.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(rooms.nth(1)).to_be_focused()
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(rooms.nth(1)).to_have_text("7")
    expect(rooms.nth(1)).to_be_focused()
    expect(page.locator("[role=status]", has_text="แล้ว").first).to_be_attached()
    page.keyboard.press("F2")
    page.keyboard.press("Escape")
    expect(rooms.nth(1)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(rooms.nth(1)).to_be_focused()


def test_leaving_a_cell_for_another_place_does_not_pull_the_focus_back(page):
    page.locator("td.can-edit[data-col=room]").first.focus()
    page.keyboard.press("F2")
    page.locator("input[type=search]").last.click()
    expect(page.locator("td.can-edit input, td.can-edit select")).to_have_count(0)
    expect(page.locator("input[type=search]").last).to_be_focused()


def test_what_is_wrong_with_a_form_is_told_and_led_to(page, world):
    page.goto(f"{page.url}edit/?id={world.own['students'][0]}")
    page.fill("[name=weight_kg]", "9000")
    page.locator("[data-save]").focus()
    page.keyboard.press("Enter")
    summary = page.locator("[data-summary][role=alert]")
    expect(summary).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wrong = page.locator("[name=weight_kg]")
    expect(wrong).to_be_focused()
    expect(wrong).to_have_attribute("aria-invalid", "true")
    assert focused(page, "document.getElementById(one.getAttribute('aria-describedby')).innerText").strip()


def test_a_place_is_picked_by_keyboard_and_the_line_is_told(page, watch, world):
    page.goto(f"{page.url}edit/?id={world.own['students'][0]}")
    words = page.locator("#reg_subdistrict-words")
    expect(page.get_by_role("combobox", name="ตำบล").first).to_be_attached()
    words.fill("")
    words.press_sequentially("ในเมือง")
    lines = page.locator("#reg_subdistrict-list li")
    lines.nth(1).wait_for()
    page.keyboard.press("ArrowDown")
    expect(words).to_have_attribute("aria-activedescendant", lines.nth(1).get_attribute("id"))
    watch.look(page, "places to pick", SHORT[:1], frame="school")
    page.keyboard.press("Enter")
    expect(words).to_have_attribute("aria-expanded", "false")
    expect(words).to_be_focused()
    expect(page.locator("[name=reg_subdistrict]")).not_to_have_value("")


def test_a_list_that_sends_its_form_waits_for_enter_and_keeps_the_focus(page):
    pick = page.locator("form[data-auto-submit] select").first
    before = page.url
    pick.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.url == before
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("form[data-auto-submit] select").first).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_focus_is_always_seen(theme, page):
    """Every stop of the tab key draws an outline (or stands in a frame that does) and lies in the window."""
    page.emulate_media(color_scheme=theme)
    unseen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page, "one === document.body"):
            break
        if not focused(page, SEEN):
            unseen.append(focused(page, "one.outerHTML.slice(0, 120)"))
    assert not unseen, unseen


# the element itself or one around it draws the outline
SEEN = """(() => {
  const box = one.getBoundingClientRect();
  if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth) return false;
  for (let at = one; at && at !== document.body; at = at.parentElement) {
    const look = getComputedStyle(at);
    if (look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2) return true;
  }
  return false;
})()"""
