"""Buildings on a telephone: one with two photographs is added, the report goes its way up to the lock."""

import re

import pytest
from playwright.sync_api import expect

from documents.bobec.buildings import Building
from documents.collecting.rounds import find_round
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.district.schools import School
from documents.records import pictures
from tests.browsing import PHONE, lock_in_browser
from tests.people import AREA, SCHOOL, YEAR, opened_like, place
from tests.test_buildings import GROUND
from tests.test_pictures import photo

pytestmark = pytest.mark.browser
GRID = "/admin/buildings/"


@pytest.fixture
def building_round(open_round, officer, executive, approver):
    return opened_like(open_round, "B-OBEC", officer, executive, approver)


def file(name, content):
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


def submission():
    return find_submission("B-OBEC", place())


def test_a_building_with_two_photographs_goes_from_a_telephone_to_the_lock(
    window, building_round, teacher, director, officer, approver
):
    one = window(teacher, size=PHONE)
    one.go(f"{GRID}new/")
    page = one.page
    page.select_option("#building_type", label="ส้วม (ห้องน้ำห้องส้วม)")
    designs = page.locator("#design option")
    expect(designs.filter(has_text="อาคาร สพฐ. 4 (ส้วม 4 ที่นั่ง)")).to_have_count(1)
    expect(designs.filter(has_text="สปช.105/29"), "designs of another type").to_have_count(0)
    page.select_option("#building_type", label="อาคารเรียน")
    page.select_option("#design", label="สปช.105/29")
    for name, value in {
        "seq_no": "1",
        "name": "อาคารใหม่",
        "rooms_design": "8",
        "rooms_actual": "8",
        "built_year": "2550",
    }.items():
        page.fill(f"#{name}", value)
    page.select_option("#condition", label="ดี")
    page.select_option("#use_status", label="ใช้งาน")
    many = page.locator("[data-picture-many] input[type=file]")
    many.set_input_files(
        [file("IMG_1.jpg", photo((3000, 2000), exif=True)), file("IMG_2.jpg", photo(colour="red"))]
    )
    expect(page.locator(".picture-input canvas")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing runs off the side"
    one.press("บันทึก")
    stored = collection(Building).find_one()
    assert {"photo_front", "photo_back"} <= stored.keys()
    assert not {"photo_left", "photo_right"} & stored.keys()
    assert pictures.find(teacher, stored["photo_front"]).metadata["width"] in (1600, 1067)

    page.locator("a.thumb").first.click()
    box = page.locator("dialog.picture-box")
    box.locator("img").wait_for()
    expect(box.locator("img")).to_have_attribute("src", re.compile(f"{stored['photo_front']}$"))
    page.keyboard.press("Escape")
    box.wait_for(state="detached")

    edit = f"{GRID}edit/?id={stored['_id']}"
    one.go(edit)
    out = page.locator('[name="photo_back"][type=checkbox]')
    out.check()
    page.locator("dialog.box [value=no]").click()
    expect(out, "taking a picture out asks, and a no leaves it").not_to_be_checked()
    page.locator('#photo_back[type="file"]').set_input_files(file("IMG_3.jpg", b"no picture at all"))
    page.locator('#field-photo_back [data-picture-said]:has-text("เปิดไฟล์นี้")').wait_for()
    page.fill("#name", "ชื่อที่พิมพ์ไว้")
    page.click("[data-save]")
    expect(page.locator("#photo_back-err")).to_contain_text("ไม่ใช่ภาพที่เปิดได้")
    expect(page.locator("#name")).to_have_value("ชื่อที่พิมพ์ไว้")
    assert collection(Building).find_one() == stored

    collection(School).update_one({"code": SCHOOL}, {"$set": GROUND})
    hand_in(window, submission().id, teacher, director, officer)
    lock_in_browser(window, approver, find_round(AREA, "B-OBEC", YEAR, submission().round))
    assert submission().state == "locked"
    one.go(f"{GRID}details/?id={stored['_id']}")
    expect(page.locator(".pictures img")).to_have_count(2)
    expect(page.locator('a[href*="/edit/"]')).to_have_count(0)


def hand_in(window, id_, teacher, director, officer):
    """Confirm, certify and verify in each person's own window."""
    for who, words, state in (
        (teacher, "ยืนยันข้อมูล", "confirmed"), (director, "รับรองข้อมูล", "certified"), (officer, "เขตตรวจสอบแล้ว", "verified"),
    ):  # fmt: skip
        one = window(who)
        one.go(f"/admin/submissions/details/?id={id_}")
        one.press(words, confirm=words)
        assert submission().state == state
