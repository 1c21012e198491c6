"""Being told, as people meet it: the officer announces, the teacher's bell rings, he reads it by the keyboard alone."""

from playwright.sync_api import expect

from tests.browsing import PHONE


def test_the_bell_rings_is_followed_by_keyboard_and_the_district_sees_who_read(
    teacher, officer, open_round, window
):
    desk = window(officer)
    desk.go("/admin/announcements/new/")
    page = desk.page
    page.locator("#title").fill("ประชุมชี้แจง DMC")
    page.locator("#text").fill("วันที่ 9 มิ.ย. เวลา 09.00 น.")
    page.get_by_label("ตามระดับที่เปิดสอน").check()
    page.get_by_label("ประถมศึกษา", exact=True).check()
    desk.shot("announcement-new")
    page.get_by_role("button", name="แจ้งข่าว").click()
    expect(page.get_by_text("อ่านแล้ว 0 จาก 2 โรงเรียน")).to_be_visible()

    school = window(teacher, size=PHONE)
    school.go("/admin/")
    page = school.page
    expect(page.locator(".bell .badge")).to_have_text("2")  # the round was opened, and this
    school.shot("home-announced")
    page.locator(".bell").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="แจ้งเตือน")).to_be_visible()
    school.shot("notices")
    page.get_by_role("link", name="ประชุมชี้แจง DMC").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("วันที่ 9 มิ.ย. เวลา 09.00 น.")).to_be_visible()
    expect(page.locator(".bell .badge")).to_have_text("1")

    desk.go("/admin/announcements/")
    expect(desk.page.get_by_text("อ่านแล้ว 1/2 โรงเรียน")).to_be_visible()
