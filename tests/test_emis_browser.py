"""One school's EMIS in a real browser: technology and a member of staff, confirmed, certified, verified and locked."""

import pytest
from playwright.sync_api import expect

from documents.collecting.rounds import find_round
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.emis.staff import Staff
from documents.emis.technology import Technology
from tests.browsing import PHONE, lock_in_browser
from tests.people import AREA, YEAR, opened_like, place
from tests.test_emis import LINE, PERMANENT

pytestmark = pytest.mark.browser


@pytest.fixture
def emis(draft_round, officer, executive, approver):
    """The EMIS round, open; the round of pupils is still a draft."""
    return opened_like(draft_round, "EMIS", officer, executive, approver)


def state():
    """The state of the teacher's school."""
    return find_submission("EMIS", place()).state


def fill(page, values):
    """Type, pick and tick values as a person would."""
    for name, value in values.items():
        field = page.locator(f"[name={name}]").first
        kind = field.evaluate("one => one.type == 'checkbox' ? 'tick' : one.tagName")
        if kind == "tick":
            for code in value if isinstance(value, list) else [value]:
                page.check(f"[name={name}][value='{code}']")
        elif kind == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def save(one):
    """Save the form and see that it was."""
    one.page.click("[data-save]")
    one.page.wait_for_selector(".flash.t-ok")
    one.look_over()


def at_home(window, user, round_, **more):
    """A window of somebody who looks at the round."""
    one = window(user, **more)
    one.go(f"/admin/choose/?round={round_.id}")
    return one


def test_a_school_s_emis_from_the_first_field_to_the_lock(window, emis, teacher, director, officer, approver):
    one = at_home(window, teacher, emis)
    one.page.locator("nav a", has_text="เทคโนโลยีโรงเรียน").first.click()
    one.page.wait_for_url("**/technology/new/**")
    one.look_over()
    expect(one.page.locator("#panels")).to_contain_text("ยังไม่มีรอบ B-OBEC")
    fill(one.page, LINE)
    expect(one.page.locator('[data-sums^="pc_teach"]')).to_have_text("15")
    expect(one.page.locator("label[for=net_provider] .req")).to_be_visible()
    one.shot("emis-01-technology")
    save(one)
    assert "/technology/edit/" in one.page.url, "the school's one form stays open"
    assert collection(Technology).find_one({})["water"] == ["2", "3"]
    one.go("/admin/staff/new/")
    fill(one.page, PERMANENT)
    one.shot("emis-02-staff")
    save(one)
    assert collection(Staff).find_one({})["salary_rank"] == "3"
    one.go("/admin/")
    one.shot("emis-03-home")
    one.press("ยืนยันข้อมูล", confirm="ยืนยันข้อมูล")
    assert state() == "confirmed"
    one.page.goto(f"{one.base}/admin/technology/")
    assert "/technology/details/" in one.page.url, "nobody writes in what is confirmed"
    phone = at_home(window, director, emis, size=PHONE)
    phone.press("รับรองข้อมูล", confirm="รับรองข้อมูล")
    assert state() == "certified"
    desk = at_home(window, officer, emis)
    desk.go(f"/admin/submissions/details/?id={find_submission('EMIS', place()).id}")
    desk.shot("emis-04-submission")
    desk.press("ตรวจสอบแล้ว", confirm="ตรวจสอบแล้ว")
    assert state() == "verified"
    lock_in_browser(window, approver, emis)
    assert find_round(AREA, "EMIS", YEAR, "1").state == "locked"
    assert state() == "locked"
