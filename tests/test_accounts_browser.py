"""In real browsers: a teacher registers on a phone, is checked and certified by two people, and signs in with two steps."""

import re
import time

from passlib.totp import TOTP

from documents.people import two_step
from documents.people.users import User
from tests.browsing import PHONE
from tests.people import OTHER
from tests.web import PASSWORD

EMAIL = "maimai@example.org"


def link_in(letter, base):
    """The letter's link, at the address of the served application."""
    return base + re.search(r"http://localhost(/\S+)", letter.get_content())[1]


def code_of(secret, later=0):
    return TOTP(key=secret, format="base32").generate(time=int(time.time()) + 30 * later).token


def fits(page):
    """No page is wider than its window."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def test_from_registration_to_the_first_sign_in_with_two_steps(
    window, officer, approver, neighbour, post_office, tmp_path
):
    letter = tmp_path / "คำสั่ง.pdf"
    letter.write_bytes(b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n")
    own = window(size=PHONE)
    page = own.page

    own.go("/login")
    page.get_by_role("link", name="ลงทะเบียนผู้ใช้ใหม่").click()
    own.press("ส่งคำขอ")
    assert page.locator(".summary li").count() >= 5
    own.look_over()
    fits(page)
    page.fill("#school", f"{OTHER} บ้านสอง")
    page.get_by_label("ครูข้อมูลโรงเรียน").check()
    for name, value in (
        ("name", "ครูใหม่ ใฝ่ดี"),
        ("position", "ครู"),
        ("phone", "081 234 5678"),
        ("email", EMAIL),
    ):
        page.fill(f"#{name}", value)
    page.set_input_files("#letter", letter)
    own.shot("register-phone")
    own.press("ส่งคำขอ")
    assert "เปิดอีเมลของท่าน" in page.content()
    own.look_over()
    own.shot("registered-phone")

    page.goto(link_in(post_office.to(EMAIL)[0], own.base))
    own.press("ยืนยันและส่งให้เขต")
    assert "ยืนยันอีเมลแล้ว" in page.content()

    desk = window(officer)
    desk.go("/admin/registrations/")
    desk.shot("registrations")
    desk.page.get_by_role("link", name="ครูใหม่ ใฝ่ดี").click()
    desk.page.wait_for_url("**/details/**")
    desk.look_over()
    desk.page.get_by_label("เพิ่มเป็นอีกคนหนึ่ง").check()
    desk.shot("registration")
    desk.press("ตรวจแล้วถูกต้อง")
    above = window(approver)
    above.go("/admin/registrations/")
    above.page.get_by_role("link", name="ครูใหม่ ใฝ่ดี").click()
    above.page.wait_for_url("**/details/**")
    above.press("รับรองและสร้างบัญชี", confirm="รับรองและสร้างบัญชี")
    assert "รับรองแล้ว" in above.page.content()

    page.goto(link_in(post_office.to(EMAIL)[-1], own.base))
    own.look_over()
    own.shot("activate-phone")
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    own.press("ตั้งรหัสผ่านนี้")
    own.sign_in(EMAIL, PASSWORD)

    own.go("/account/two-step/")
    fits(page)
    own.shot("two-step-phone")
    secret = page.locator(".secret-key").text_content().replace(" ", "")
    page.fill("#code", "000000")
    own.press("เปิดใช้")
    assert page.locator(".secret-key").text_content().replace(" ", "") == secret
    page.fill("#code", code_of(secret))
    own.press("เปิดใช้")
    own.look_over()
    own.shot("recovery-codes-phone")
    codes = page.locator(".codes code").all_text_contents()
    assert len(codes) == two_step.CODES
    page.get_by_role("link", name="เก็บแล้ว ไปต่อ").click()
    page.goto(f"{own.base}/account/")  # which names the browser, in Latin letters
    fits(page)
    own.shot("account-phone")

    again = window()
    again.page.goto(f"{again.base}/login?next=/account/")
    for typed in (codes[0], code_of(secret, 1)):
        again.page.fill("[name=email]", EMAIL)
        again.page.fill("[name=password]", PASSWORD)
        again.page.press("[name=password]", "Enter")
        again.page.wait_for_url("**/login/code")
        again.look_over()
        again.shot("code")
        again.page.fill("#code", typed)
        with again.page.expect_navigation():
            again.page.press("#code", "Enter")
        if typed == codes[0]:
            assert again.page.url.endswith("/account/")  # where he wanted to go
            again.shot("account")
            again.page.evaluate("document.querySelector('[data-signout]').submit()")
            again.page.wait_for_url("**/login**")
    assert len(User.objects.get(email=EMAIL).recovery_codes) == two_step.CODES - 1
