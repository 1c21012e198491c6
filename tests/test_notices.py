"""Notices: the right people are told of the right things, once, and nobody sees another's."""

import datetime as dt
import re
import threading

import pytest

from documents import clock
from documents.background import timetable
from documents.collecting import asides, bulk_moves, extending, moves, round_moves
from documents.collecting.submissions import find_submission
from documents.database import collection, in_transaction
from documents.notifying import notices
from documents.notifying.notices import Notice
from documents.people.users import Acting, User
from tests.districts import bring
from tests.people import AREA, OTHER, SCHOOL, place


def told(*people):
    """{name: [texts]} of what these people were told, newest last."""
    return {
        each.email.partition("@")[0]: [
            row["text"] for row in collection(Notice).find({"person": each.id}).sort("_id")
        ]
        for each in people
    }


@pytest.fixture
def begun(open_round):
    """An open round; whatever was told before is forgotten."""
    collection(Notice).delete_many({})
    collection(User).update_many({}, {"$set": {"unread": 0}})
    return open_round


def test_opening_a_round_tells_superior_approver_and_schools_in_turn(
    teacher, neighbour, director, executive, approver, open_round
):
    assert ["เสนอเปิดรอบ" in each for each in told(executive)["executive"]] == [True]
    assert ["รอท่านเปิดรอบ" in each for each in told(approver)["approver"]] == [True]
    for who in (teacher, neighbour, director):
        (text,) = next(iter(told(who).values()))
        assert text == "เปิดรับข้อมูล DMC ภาคเรียนที่ 1/2568 ถึง 10 มิ.ย. 2568 16.30 น."


def test_who_acts_next_is_told_of_each_move_and_the_neighbour_of_none(
    begun, teacher, director, officer, approver, neighbour
):
    submission = find_submission("DMC", place())
    bring(submission, "confirm", "certify", "verify", "return")
    assert told(director)["director"][0] == "DMC ภาคเรียนที่ 1/2568: บ้านหนึ่ง ยืนยันข้อมูลแล้ว รอท่านรับรอง"
    assert told(officer)["officer"] == ["DMC ภาคเรียนที่ 1/2568: มีโรงเรียนที่รับรองข้อมูลแล้ว รอเขตตรวจสอบ"]
    assert told(teacher)["teacher"] == [
        "DMC ภาคเรียนที่ 1/2568: เขตตรวจสอบข้อมูลของบ้านหนึ่งแล้ว",
        "DMC ภาคเรียนที่ 1/2568: ข้อมูลของบ้านหนึ่งถูกส่งกลับแก้ไข",
    ]
    assert told(neighbour, approver) == {"neighbour": [], "approver": []}


def test_the_officers_hear_once_a_day_that_schools_wait(begun, teacher, director, officer):
    for school in (SCHOOL, OTHER):
        bring(find_submission("DMC", place(school)), "confirm", "certify")
    assert len(told(officer)["officer"]) == 1


def test_more_time_is_told_to_the_school_with_until_when(begun, teacher, director, officer):
    until = dt.datetime(2025, 6, 12, 16, 30, tzinfo=clock.BANGKOK)
    asides.extend(find_submission("DMC", place()), officer, until, ["school"], "ไฟดับ")
    assert told(teacher)["teacher"] == ["DMC ภาคเรียนที่ 1/2568: ขยายเวลาให้บ้านหนึ่งถึง 12 มิ.ย. 2568 16.30 น."]
    windows = {each.step: (clock.utc(each.opens_at), until) for each in begun.windows}
    round_moves.set_windows(begun, windows, begun.as_of, officer, "เลื่อน")
    assert told(teacher)["teacher"][1] == "DMC ภาคเรียนที่ 1/2568: กำหนดยืนยันข้อมูลเปลี่ยนเป็น 12 มิ.ย. 2568 16.30 น."


def test_a_request_is_told_to_who_may_decide_and_its_answer_to_who_asked(
    begun, teacher, director, officer, approver, neighbour
):
    request = extending.ask_time(find_submission("DMC", place()), teacher, "ไฟดับ", ["school"])
    assert told(officer)["officer"] == ["คำขอขยายเวลา · บ้านหนึ่ง: รอพิจารณา"]
    assert told(director, approver, neighbour, teacher) == {
        "director": [], "approver": [], "neighbour": [], "teacher": []
    }  # fmt: skip
    extending.grant(request, officer, dt.datetime(2025, 6, 12, tzinfo=clock.BANGKOK))
    assert "คำขอขยายเวลา · บ้านหนึ่ง: ขยายเวลาแล้ว" in told(teacher)["teacher"]


def test_a_move_that_is_refused_or_undone_tells_nobody(begun, teacher, director):
    with pytest.raises(moves.OutOfScope):
        moves.move(find_submission("DMC", place()), "confirm", director)
    with pytest.raises(ZeroDivisionError):
        in_transaction(lambda: notices.tell([teacher.id], "round", "x", None, AREA) or 1 / 0)
    assert told(teacher, director) == {"teacher": [], "director": []}


def test_a_notice_of_a_transaction_is_written_after_its_commit(begun, teacher):
    def work():
        notices.tell([teacher.id], "round", "x", None, AREA)
        assert told(teacher) == {"teacher": []}

    in_transaction(work)
    assert told(teacher) == {"teacher": ["x"]}


def test_an_acting_director_is_told_while_he_acts(begun, neighbour, set_clock):
    today = dt.datetime(2025, 6, 5)  # noqa: DTZ001
    appointed = Acting(
        id=neighbour.id, area_code=AREA, school_code=SCHOOL, since=today, until=today, order_number="1"
    )
    neighbour.acting.append(appointed)
    neighbour.save()
    assert [each.id for each in notices.people_with(AREA, ["director"], [SCHOOL])] == [neighbour.id]
    clock.configure("2025-06-06T09:00:00+07:00")
    assert notices.people_with(AREA, ["director"], [SCHOOL]) == []


def test_the_counter_on_the_person_is_what_is_unread(begun, teacher, neighbour, sign_in, count_commands):
    for n in range(3):
        notices.tell(
            [teacher.id, teacher.id, neighbour.id], "round", f"เรื่องที่ {n}", "/admin/rounds/", AREA, once=f"{n}"
        )
        notices.tell([teacher.id], "round", "เรื่องที่บอกแล้ว", None, AREA, once=f"{n}")
    assert teacher.reload().unread == 3
    browser = sign_in(teacher)
    with count_commands() as before:
        page = browser.get("/admin/notices/").text
    assert "ยังไม่อ่าน 3 รายการ" in page
    assert "เรื่องที่บอกแล้ว" not in page
    assert before.count("find") + before.count("aggregate") < 12
    links = re.findall(r"/admin/notices/open/\?id=\w+", page)
    assert browser.get(links[0]).headers["Location"] == "/admin/rounds/"
    assert teacher.reload().unread == 2
    assert browser.send("/admin/notices/read/").status_code == 303
    assert teacher.reload().unread == 0
    assert neighbour.reload().unread == 3
    assert "ไม่มีแจ้งเตือนที่ยังไม่อ่าน" in browser.get("/admin/notices/?unread=1").text


def test_the_bell_costs_no_question(begun, teacher, sign_in, count_commands):
    browser = sign_in(teacher)
    browser.get("/account/")
    with count_commands() as without:
        browser.get("/account/")
    notices.tell([teacher.id], "round", "x", None, AREA)
    with count_commands() as with_one:
        page = browser.get("/account/").text
    assert 'class="badge">1<' in page
    assert with_one == without


def test_another_persons_notice_is_neither_seen_nor_opened(begun, teacher, neighbour, sign_in):
    notices.tell([teacher.id], "round", "เรื่องของครูหนึ่ง", None, AREA)
    (mine,) = collection(Notice).find()
    browser = sign_in(neighbour)
    assert "เรื่องของครูหนึ่ง" not in browser.get("/admin/notices/").text
    assert browser.get(f"/admin/notices/open/?id={mine['_id']}").status_code == 403
    browser.send("/admin/notices/read/")
    assert "read_at" not in collection(Notice).find_one({"_id": mine["_id"]})


def test_what_stood_in_an_area_he_left_is_gone_with_it(begun, teacher):
    notices.tell([teacher.id], "round", "x", None, AREA)
    teacher.grants[0].area_code = "34020000"
    assert notices.of_person(teacher) == []


def test_many_moves_at_once_tell_each_school_its_own(begun, teacher, neighbour, officer):
    seen = {}
    for school in (SCHOOL, OTHER):
        found = find_submission("DMC", place(school))
        bring(found, "confirm", "certify")
        found.reload()
        seen[str(found.id)] = found.writes
    collection(Notice).delete_many({})
    assert [each.refusal for each in bulk_moves.move_many(begun, "verify", list(seen.items()), officer)] == [
        None,
        None,
    ]
    assert told(teacher, neighbour) == {
        "teacher": ["DMC ภาคเรียนที่ 1/2568: เขตตรวจสอบข้อมูลของบ้านหนึ่งแล้ว"],
        "neighbour": ["DMC ภาคเรียนที่ 1/2568: เขตตรวจสอบข้อมูลของบ้านสองแล้ว"],
    }


def test_nobody_is_told_quietly(begun, teacher):
    with notices.quietly():
        notices.tell([teacher.id], "round", "x", None, AREA)
        bring(find_submission("DMC", place()), "confirm")
    assert collection(Notice).count_documents({}) == 0


# ---- due dates, told by the timetable ----


def test_what_is_due_in_seven_three_and_one_days_is_told_in_the_morning_once(
    begun, teacher, neighbour, director, officer
):
    bring(find_submission("DMC", place(OTHER)), "confirm")
    collection(Notice).delete_many({})
    for day in range(2, 16):
        for hour in (6, 8, 9):
            clock.configure(f"2025-06-{day:02}T{hour:02}:00:00+07:00")
            timetable.run_due()
    assert told(teacher, neighbour, director) == {
        "teacher": [f"อีก {n} วันครบกำหนดยืนยันข้อมูล DMC ภาคเรียนที่ 1/2568 ของบ้านหนึ่ง" for n in (7, 3, 1)],
        "neighbour": [],
        "director": [],
    }
    assert told(officer)["officer"] == [
        f"อีก {n} วันครบกำหนดตรวจสอบข้อมูล DMC ภาคเรียนที่ 1/2568 ของเขต" for n in (7, 3, 1)
    ]


def test_a_longer_time_of_its_own_moves_a_schools_reminders(begun, teacher, officer):
    until = dt.datetime(2025, 6, 20, 16, 30, tzinfo=clock.BANGKOK)
    asides.extend(find_submission("DMC", place()), officer, until, ["school"], "ไฟดับ")
    collection(Notice).delete_many({})
    for day in (7, 9, 13):
        clock.configure(f"2025-06-{day:02}T08:00:00+07:00")
        timetable.run_due()
    assert told(teacher)["teacher"] == ["อีก 7 วันครบกำหนดยืนยันข้อมูล DMC ภาคเรียนที่ 1/2568 ของบ้านหนึ่ง"]


def test_of_workers_at_once_one_keeps_the_timetable_and_a_dead_one_is_followed(begun, monkeypatch):
    did = []
    monkeypatch.setattr(timetable, "TASKS", {"x": timetable.Task("x", dt.time(7), did.append)})
    workers = [threading.Thread(target=timetable.run_due) for _ in range(8)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert did == [AREA]
    died = {"$unset": {"done_at": ""}, "$set": {"lease_until": clock.real_now() + dt.timedelta(minutes=1)}}
    collection(timetable.Done).update_many({}, died)
    assert timetable.run_due() == 0
    collection(timetable.Done).update_many({}, {"$set": {"lease_until": clock.real_now()}})
    assert timetable.run_due() == 1
