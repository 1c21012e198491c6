"""The daily digest: who gets it, what it says, once; and off by a press."""

import pytest

from admin_app.wording import THAI_LETTER
from documents import clock
from documents.background import timetable
from documents.database import collection
from documents.notifying import notices
from documents.notifying.mail import Mail
from documents.notifying.notices import Notice
from tests.people import AREA


@pytest.fixture
def morning(post_office, teacher, neighbour):
    """Tell the teacher two things and the neighbour one; the morning after."""
    notices.tell([teacher.id, neighbour.id], "round", "เปิดรับข้อมูล DMC ภาคเรียนที่ 1/2568", None, AREA)
    notices.tell([teacher.id], "returned", "DMC ภาคเรียนที่ 1/2568: ข้อมูลของบ้านหนึ่งถูกส่งกลับแก้ไข", None, AREA)
    clock.configure("2025-06-06T07:45:00+07:00")


def test_each_gets_what_he_has_not_read_in_one_letter(morning, post_office, teacher, neighbour):
    notices.mark_read(neighbour)
    for _ in range(3):
        timetable.run_due()
    (letter,) = post_office.letters
    assert letter["To"] == teacher.email
    assert letter["Subject"] == "เขต: 2 เรื่องถึงท่าน 6 มิถุนายน 2568"
    said = letter.get_content()
    for words in (
        "เรียน ครูหนึ่ง ใจดี",
        "• DMC ภาคเรียนที่ 1/2568: ข้อมูลของบ้านหนึ่งถูกส่งกลับแก้ไข",
        "http://localhost/admin/notices/",
        "http://localhost/account/",
    ):
        assert words in said


def test_who_reads_english_gets_his_digest_in_english_with_dates_as_he_likes_them(
    morning, post_office, teacher, neighbour
):
    teacher.update(language="en", dates="ce")
    neighbour.update(dates="ce")
    timetable.run_due()
    (letter,) = post_office.to(teacher.email)
    assert letter["Subject"] == "Khet: 2 for you, 6 June 2025"
    said = letter.get_content()
    assert "Dear ครูหนึ่ง ใจดี" in said
    assert "• Open for entry DMC term 1/2568" in said
    names = ("ครูหนึ่ง ใจดี", "บ้านหนึ่ง")
    assert THAI_LETTER.findall(said.replace(names[0], "").replace(names[1], "")) == []
    assert post_office.to(neighbour.email)[0]["Subject"] == "เขต: 1 เรื่องถึงท่าน 6 มิถุนายน 2025"


def test_what_was_mailed_is_not_mailed_again_the_next_day(morning, post_office, teacher):
    timetable.run_due()
    notices.tell([teacher.id], "round", "เรื่องใหม่", None, AREA)
    clock.configure("2025-06-07T07:45:00+07:00")
    timetable.run_due()
    _, second = post_office.to(teacher.email)
    assert "เรื่องใหม่" in second.get_content()
    assert "ส่งกลับ" not in second.get_content()


def test_who_turned_it_off_or_has_no_address_gets_none(morning, post_office, teacher, neighbour, sign_in):
    browser = sign_in(teacher)
    assert "ส่งทุกเช้า" in browser.get("/account/").text
    browser.send("/account/digest/", {"on": "0"})
    assert "รับสรุปประจำวัน" in browser.get("/account/").text
    neighbour.email = "34010002"
    neighbour.save()
    timetable.run_due()
    assert post_office.letters == []
    browser.send("/account/digest/", {"on": "1"})
    collection(timetable.Done).delete_many({})
    timetable.run_due()
    assert [letter["To"] for letter in post_office.letters] == [teacher.email]


def test_without_a_mail_server_nothing_is_marked(app, teacher):
    notices.tell([teacher.id], "round", "x", None, AREA)
    clock.configure("2025-06-06T07:45:00+07:00")
    timetable.run_due()
    assert collection(Mail).count_documents({}) == 0
    assert "mailed_at" not in collection(Notice).find_one()
