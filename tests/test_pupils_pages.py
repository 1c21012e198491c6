"""Moves, leaving and numbers as people do them on pages, and what another school's teacher gets who tries."""

import io
import re

import pytest

from documents.checking import lookups
from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.id_changes import IdChange
from documents.dmc.students import Student
from documents.dmc.transfers import Transfer
from documents.records.writing import Change, write
from tests.browsing import LAPTOP, PHONE
from tests.districts import bring
from tests.people import OTHER, SCHOOL, person, place
from tests.pupils import number, pupil
from tests.test_id_changes import picture
from tests.test_transfers import TYPED, row

ASK = {"do": "ask", "school": SCHOOL, "reason": "ผู้ปกครองย้ายบ้าน", **TYPED}


@pytest.fixture
def child(open_round, neighbour):
    """A pupil of the other school, marked by names nobody else has."""
    values = pupil(first_name="ลับเฉพาะ", father_first_name="บิดาลับ", student_no="778899")
    (written,) = write([Change(Student, place(OTHER), values)], neighbour)
    return row(written.id)


def test_from_the_search_to_the_answer_each_sees_only_his_part(child, teacher, neighbour, officer, sign_in):
    mine, theirs = sign_in(teacher), sign_in(neighbour)
    found = mine.send("/admin/transfers/new/", {"do": "find", "school": SCHOOL, "number": child["person_id"]})
    assert "มีนักเรียนเลขนี้อยู่ที่บ้านสอง" in found.text
    nowhere = mine.send("/admin/transfers/new/", {"do": "find", "school": SCHOOL, "number": number()})
    assert "ไม่พบเลขประจำตัวประชาชนนี้" in nowhere.text
    own = theirs.send("/admin/transfers/new/", {"do": "find", "school": OTHER, "number": child["person_id"]})
    assert own.headers["Location"].endswith(str(child["_id"]))
    asked = mine.send("/admin/transfers/new/", ASK | {"number": child["person_id"]})
    case = Transfer.objects.get()
    page = asked.headers["Location"]
    assert child["person_id"] not in page
    shown = [found.text, *(mine.get(path).text for path in pages_of(case, page))]
    for secret in ("ลับเฉพาะ", "บิดาลับ", "778899", str(child["_id"])):
        assert not [text for text in shown if secret in text], secret
    assert "ลับเฉพาะ" in theirs.get("/admin/transfers/").text
    assert "ตอบคำขอย้ายนักเรียน 1 คน" in theirs.get("/admin/").text
    assert "เปิดคำขอ" in theirs.get(f"/admin/students/details/?id={child['_id']}").text
    assert "เขตให้ย้าย" not in sign_in(officer).get(page).text
    assert theirs.send("/admin/transfers/step/", {"id": case.id, "step": "refuse"}).status_code == 422
    assert theirs.send("/admin/transfers/step/", {"id": case.id, "step": "agree"}).status_code == 303
    again = theirs.send("/admin/transfers/step/", {"id": case.id, "step": "agree"})
    assert again.status_code == 403 or "อาจมีผู้ทำรายการไปก่อนแล้ว" in again.text
    path = mine.get(f"/admin/students/details/?id={case.receiver_record}").text
    assert "ลับเฉพาะ" in path
    assert "ย้ายจากบ้านสอง" in path
    gone = theirs.get(f"/admin/students/details/?id={child['_id']}").text
    assert "อยู่ในทะเบียนของโรงเรียนนี้" in gone
    assert "0077" not in gone, "what the new school wrote is its own"


def pages_of(case, page):
    """What the receiver may open of a request that waits, in every way there is."""
    return (
        page, "/admin/transfers/", "/admin/transfers/?all=1", f"/admin/students/details/?id={case.receiver_record}",
        f"/admin/students/details/?id={case.sender_record}", f"/admin/students/history/?id={case.receiver_record}",
        f"/admin/students/edit/?id={case.receiver_record}", "/admin/students/", "/admin/audit/",
    )  # fmt: skip


def test_strangers_reach_no_request_no_evidence_and_no_pupil(
    child, teacher, neighbour, approver, sign_in, database
):
    bring(find_submission("DMC", place(OTHER)), "confirm")
    move(find_submission("DMC", place(OTHER)), "unconfirm", neighbour)
    theirs, mine = sign_in(neighbour), sign_in(teacher)
    form = {"record": child["_id"], "number": (new := number()), "again": new, "kind": "I", "reason": "พิมพ์ผิด"}
    wrong = theirs.send("/admin/id-changes/new/", form | {"evidence": (io.BytesIO(b"<html>"), "a.pdf")})
    assert (wrong.status_code, IdChange.objects.count()) == (422, 0)
    assert "แนบได้เฉพาะ" in wrong.text
    theirs.send("/admin/id-changes/new/", form | {"evidence": (io.BytesIO(picture()), "เด็ก.html")})
    case = IdChange.objects.get()
    got = theirs.get(f"/admin/id-changes/evidence/?id={case.id}")
    assert got.headers["Content-Disposition"] == f"attachment; filename=evidence-{case.id}.jpg"
    assert (got.mimetype, got.headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    far = sign_in(person("far", "district", area="34020000"))
    ask = {"do": "ask", "number": child["person_id"], **TYPED, "reason": "ย้าย"}
    for browser in (mine, far):
        for path in ("details", "evidence"):
            assert browser.get(f"/admin/id-changes/{path}/?id={case.id}").status_code == 403
        assert browser.get(f"/admin/id-changes/new/?record={child['_id']}").status_code == 404
        assert browser.send("/admin/id-changes/step/", {"id": case.id, "step": "approve"}).status_code == 403
        assert browser.send("/admin/transfers/new/", ask | {"school": OTHER}).status_code == 403
    for deed in ("leave", "back", "arrange", "renumber"):
        sent = {
            "deed": deed,
            "stage": "do",
            "rowid": child["_id"],
            "revision": 1,
            "reason": "ลองดู",
            "room": 5,
        }
        mine.send("/admin/students/roll/", sent | {"status": "discharged", "leave_reason": "15"})
    assert mine.get(f"/admin/students/roll/?deed=leave&rowid={child['_id']}").status_code == 302
    assert sign_in(approver).get("/admin/transfers/new/").status_code == 403
    assert row(child["_id"]) == child
    assert database.transfers.count_documents({}) == 0


def test_a_guesser_is_stopped_and_told_so(child, teacher, sign_in, monkeypatch):
    monkeypatch.setattr(lookups, "EACH_HOUR", 2)
    browser = sign_in(teacher)
    for expected in (200, 200, 429):
        sent = {"do": "find", "school": SCHOOL, "number": child["person_id"]}
        answer = browser.send("/admin/transfers/new/", sent)
        assert answer.status_code == expected
    assert "บ่อยเกินไป" in answer.text
    assert "บ้านสอง" not in answer.text


def test_chosen_pupils_are_arranged_after_a_look_and_never_over_another_s_change(child, neighbour, sign_in):
    browser = sign_in(neighbour)
    chosen = {"action": "arrange", "rowid": str(child["_id"])}
    asked = browser.send("/admin/students/action/", chosen)
    sent = {"deed": "arrange", "rowid": str(child["_id"]), "room": "4"}
    sent["revision"] = re.search(r'name="revision" value="(\d+)"', asked.text)[1]
    shown = browser.send("/admin/students/roll/", sent | {"stage": "show"})
    assert "ก่อนและหลัง" in shown.text
    assert row(child["_id"])["room"] == 1, "nothing is stored by looking"
    write([Change(Student, place(OTHER), {"room": 3}, id=child["_id"], revision=1)], neighbour)
    assert browser.send("/admin/students/roll/", sent | {"stage": "do"}).status_code == 302
    assert row(child["_id"])["room"] == 3
    assert browser.send("/admin/students/roll/", sent | {"stage": "do", "revision": "2"}).status_code == 303
    assert row(child["_id"])["room"] == 4
    wrong = browser.send("/admin/students/roll/", sent | {"stage": "show", "revision": "3", "room": "0"})
    assert wrong.status_code == 422


def test_a_known_number_is_added_only_with_a_reason(child, teacher, sign_in):
    browser = sign_in(teacher)
    typed = {"school": SCHOOL, "person_id": child["person_id"], "first_name": "กานต์", "grade": "07"}
    told = browser.send("/admin/students/new/", typed)
    assert told.status_code == 422
    assert "มีนักเรียนเลขนี้อยู่ที่บ้านสอง" in told.text
    assert 'name="reason"' in told.text
    assert browser.send("/admin/students/new/", typed | {"reason": "เรียนจริงที่นี่"}).status_code == 302
    assert collection(Student).count_documents({"school_code": SCHOOL}) == 1


@pytest.mark.parametrize(("size", "dark"), [(LAPTOP, False), (PHONE, True)])
def test_a_pupil_moves_by_hand(size, dark, child, teacher, neighbour, window):
    mine = window(teacher, size=size, dark=dark)
    mine.go("/admin/transfers/new/")
    mine.page.fill("#number", child["person_id"])
    mine.page.click("button[value=find]")
    mine.page.select_option("#grade", "08")
    mine.page.fill("#admission_date", "02/06/2568")
    mine.page.fill("#reason", "ย้ายบ้าน")
    mine.page.click("button[value=ask]")
    mine.page.get_by_text("รอโรงเรียนเดิมตอบ").first.wait_for()
    theirs = window(neighbour, size=size, dark=dark)
    theirs.go("/admin/transfers/")
    theirs.page.click("ul.todo a")
    theirs.page.get_by_role("button", name="เห็นชอบให้ย้าย").click()
    theirs.page.locator("dialog[open] button.main").click()
    theirs.page.get_by_text("ย้ายแล้ว").first.wait_for()
    assert row(child["_id"])["status"] == "moved_out"


def test_a_field_of_no_heading_does_not_stand_under_anothers(open_round, teacher, sign_in):
    form = sign_in(teacher).get("/admin/students/new/").text
    heading = form.index("<h3>ความขาดแคลน</h3>")
    assert form.index('name="boarding"') < heading < form.index('name="lacks_lunch"')
