"""Schools established, merged, dissolved and transferred by an order; who enters and leaves a running round."""

import datetime as dt

import pytest

from documents import clock
from documents.collecting import freezing, locking
from documents.collecting.moves import move
from documents.collecting.round_members import enter, leave, rounds_to_enter
from documents.collecting.rounds import Round
from documents.collecting.submissions import Submission, find_submission, may_write
from documents.district.school_moves import Order, establish, fates_of, move_school
from documents.district.schools import School
from documents.errors import Invalid, NotAllowed, StaleRevision, WrongState
from documents.records.writing import Change, write
from documents.trail.history import events_of
from documents.trail.verifying import verify
from tests.making import complete
from tests.people import AREA, OTHER, SCHOOL, place

ORDER = Order("12/2568", dt.date(2025, 5, 30), dt.date(2025, 6, 1))
PAGE = "/admin/schools/"
FORM = {"order_number": "12/2568", "order_day": "30/05/2568", "since": "01/06/2568"}


def profile(code=SCHOOL):
    return School.objects.get(area_code=AREA, code=code)


def add_pupil(teacher, school=SCHOOL):
    from documents.dmc.students import Student

    write([Change(Student, place(school), complete(Student))], teacher)


def test_a_school_that_wrote_nothing_leaves_its_round_when_it_is_merged(
    open_round, officer, teacher, approver, database
):
    merged = move_school(profile(), "merge", ORDER, officer, 1, "นักเรียนน้อย", successor=OTHER)
    assert (merged.status, merged.successor, merged.closed_on.date()) == (
        "merged",
        OTHER,
        dt.date(2025, 6, 1),
    )
    assert find_submission("DMC", place()) is None
    row = Round.objects.get(id=open_round.id).moves[-1]
    assert row["changes"] == {"left": [f"บ้านหนึ่ง ({SCHOOL})", None]}
    assert "12/2568" in row["reason"]
    (event, *_) = events_of(AREA, merged.id)
    assert (event.action, event.changes["status"], event.reason) == ("merge", ["open", "merged"], "นักเรียนน้อย")
    assert list(verify()) == []
    database.schools.update_one({"code": SCHOOL}, {"$set": {"status": "open"}})
    assert any("บ้านหนึ่ง" in sentence for sentence in verify())  # behind the door's back
    database.schools.update_one({"code": SCHOOL}, {"$set": {"status": "merged"}})
    back = move_school(profile(), "restore", ORDER, officer, 2, "บันทึกผิด")
    assert (back.status, back.successor, back.closed_on) == ("open", None, None)
    assert rounds_to_enter(back) == [open_round.reload()]
    entered = enter(open_round.reload(), back, officer, "กลับมาเปิดสอน")
    assert (entered.state, entered.writes, entered.moves[0]["name"]) == ("draft", 0, "enter")
    assert rounds_to_enter(back) == []
    with pytest.raises(WrongState, match="อยู่แล้ว"):
        enter(open_round.reload(), back, officer, "อีกครั้ง")
    add_pupil(teacher)
    assert list(verify()) == []


def test_what_was_written_stops_a_merger_until_it_is_said_what_becomes_of_it(
    open_round, officer, teacher, director, neighbour, approver
):
    add_pupil(teacher)
    with pytest.raises(WrongState, match="ยังไม่ได้รับรอง"):
        move_school(profile(), "close", ORDER, officer, 1)
    assert profile().revision == 1
    with pytest.raises(WrongState, match="มีข้อมูล"):
        leave(find_submission("DMC", place()), officer, "ออก")
    assert [one.what for one in fates_of(profile())] == ["unsettled"]
    closed = move_school(profile(), "close", ORDER, officer, 1, unreported=True)
    kept = find_submission("DMC", place())
    assert (kept.state, kept.school_shut, "12/2568" in kept.hold["reason"]) == ("draft", "closed", True)
    with pytest.raises(WrongState, match="ดูข้อมูลเดิมได้"):
        add_pupil(teacher)
    with pytest.raises(WrongState, match="ดูข้อมูลเดิมได้"):
        move(kept, "confirm", teacher)
    assert may_write(kept, open_round.reload(), officer) == "district"
    with pytest.raises(WrongState, match="ยุบ/เลิก"):
        move_school(closed, "close", ORDER, officer, 2)  # twice
    with pytest.raises(WrongState, match="จึงเข้ารอบไม่ได้"):
        enter(open_round.reload(), closed, officer, "เข้า")
    add_pupil(neighbour, OTHER)
    locked = locking.lock_round(open_round.reload(), approver, "ปิดรอบ")
    assert {one.school_code: one.state for one in Submission.objects} == {
        SCHOOL: "unreported",
        OTHER: "unreported",
    }
    assert freezing.freeze_of(locked).root_hash == locked.root_hash
    assert list(verify()) == []
    with pytest.raises(WrongState, match="ไม่ได้เปิดรับข้อมูล"):
        enter(locked, profile(OTHER), officer, "เข้า")


def test_a_school_established_during_a_round_enters_it_and_is_locked_with_it(
    open_round, officer, approver, sign_in
):
    facts = {"name": "บ้านใหม่", "grade_from": "04", "grade_to": "09", "moe_code": "1034010009"}
    made = establish(AREA, "34010009", facts, ORDER, officer)
    assert made.obec_code == "010009"  # the last six of the ministry's
    assert (made.opened_on.date(), made.moves[0]["order_number"]) == (dt.date(2025, 6, 1), "12/2568")
    assert Submission.objects(school_code="34010009").count() == 0
    browser = sign_in(officer)
    page = browser.get(f"{PAGE}details/?id={made.id}").text
    assert "เข้ารอบ DMC" in page
    answer = browser.send(f"{PAGE}round/", {"id": made.id, "round": open_round.id, "reason": " "})
    assert answer.status_code == 422
    assert (
        browser.send(f"{PAGE}round/", {"id": made.id, "round": open_round.id, "reason": "เปิดใหม่"}).status_code
        == 303
    )
    assert (
        "เข้ารอบระหว่างเปิดรับข้อมูล"
        in browser.get(
            f"/admin/submissions/details/?id={Submission.objects.get(school_code='34010009').id}"
        ).text
    )
    assert "หน่วยงานเข้ารอบ" in browser.get(f"/admin/rounds/details/?id={open_round.id}").text
    locked = locking.lock_round(open_round.reload(), approver, "ปิดรอบ")
    assert "34010009" in {row["code"] for row in freezing.freeze_of(locked).schools}
    assert list(verify()) == []
    for code, typed in (
        ("3401", {"name": "ก"}),
        (SCHOOL, {"name": "ก"}),
        ("34010010", {}),
        ("34010010", {"name": "ก", "grade_from": "99"}),
        ("34010010", {"name": "ก", "moe_code": "1034010009"}),  # another school's
    ):
        with pytest.raises(Invalid):
            establish(AREA, code, typed, ORDER, officer)
    with pytest.raises(NotAllowed):
        establish("34020000", "34020009", {"name": "ก"}, ORDER, officer)


def test_an_order_says_number_days_and_a_school_that_can_take_over(
    open_round, officer, teacher, administrator, sign_in
):
    own, browser = profile(), sign_in(officer)
    far = {"order_day": "30/05/2569", "since": "01/06/2569"}
    for form, sentence in (
        ({"move": "merge", "successor": SCHOOL}, "รวมกับโรงเรียนตัวเองไม่ได้"),
        ({"move": "merge", "successor": "34019999"}, "เลือกโรงเรียนหลัก"),
        ({"move": "merge"}, "เลือกโรงเรียนหลัก"),
        ({"move": "transfer"}, "หน่วยงานที่รับโอน"),
        ({"move": "close", "order_number": " "}, "เลขที่คำสั่ง"),
        ({"move": "close", **far}, "ต้องไม่หลังวันนี้"),
        ({"move": "close", "since": "31/02/2568"}, "ในปฏิทิน"),
        ({"move": "close", "since": ""}, "กรุณากรอกวันที่"),
    ):
        answer = browser.send(f"{PAGE}move/", {"id": own.id, "revision": 1, **FORM, **form})
        assert answer.status_code == 422, form
        assert sentence in answer.text, form
    for move_, status in (("restore", 409), ("establish", 409), ("drop", 403)):
        asked = {"id": own.id, "revision": 1, "move": move_, **FORM}
        assert browser.send(f"{PAGE}move/", asked).status_code == status
    asked = {"id": own.id, "revision": 1, "move": "close", **FORM}
    for who in (teacher, administrator):
        assert sign_in(who).send(f"{PAGE}move/", asked).status_code == 403
    assert browser.send(f"{PAGE}move/", asked | {"revision": 7}).status_code == 409
    assert profile().status == "open"
    assert (
        browser.send(f"{PAGE}move/", asked | {"move": "transfer", "receiver": "อบจ.อุบลราชธานี"}).status_code
        == 303
    )
    page = sign_in(teacher).get(f"{PAGE}details/?id={own.id}").text
    assert "ถ่ายโอนให้อบจ.อุบลราชธานี ตั้งแต่ 1 มิ.ย. 68 คำสั่งที่ 12/2568" in page
    assert "บันทึก ยืนยัน และรับรองไม่ได้" in page
    with pytest.raises(StaleRevision):
        move_school(profile(), "restore", ORDER, officer, 1)
    clock.configure("2025-06-05T10:00:00+07:00")
    near = profile(OTHER)
    with pytest.raises(Invalid, match="เลือกโรงเรียนหลัก"):
        move_school(near, "merge", ORDER, officer, 1, successor=SCHOOL)
    School(area_code=AREA, code=AREA, name="สำนักงาน", kind="office").save()
    with pytest.raises(WrongState):
        move_school(profile(AREA), "close", ORDER, officer, 1)
