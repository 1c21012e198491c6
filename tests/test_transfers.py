"""Move-in: asked by number, agreed by the school he is at, in one transaction over both; and what may go wrong."""

import datetime as dt
import threading

import pytest

from documents import clock
from documents.checking import lookups
from documents.collecting.locking import lock_round
from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc import roll, transfers
from documents.dmc.paths import path_of
from documents.dmc.students import Student
from documents.dmc.transfers import Transfer, answer, ask
from documents.errors import Invalid, NotAllowed, OutOfScope, RoundLocked, RuleBroken, TooOften, WrongState
from documents.records.writing import Change, remove, write
from documents.trail import history, verifying
from exports.imports.importing import apply_plan, plan_import
from tests.districts import bring
from tests.people import AREA, OTHER, SCHOOL, person, place
from tests.pupils import number, pupil

TYPED = {"grade": "08", "room": "2", "student_no": "0077", "admission_date": "02/06/2568"}
THIRD = "34010003"


def row(id_):
    return collection(Student).find_one({"_id": id_})


def counted(school):
    return find_submission("DMC", place(school)).counts.get("pupils", 0)


@pytest.fixture
def child(open_round, neighbour):
    """A pupil of the neighbour's school, as stored."""
    (written,) = write([Change(Student, place(OTHER), pupil(lacks_lunch=True, travel_minutes=20))], neighbour)
    return row(written.id)


@pytest.fixture
def asked(child, teacher):
    return ask(place(), child["person_id"], TYPED, teacher, "ผู้ปกครองย้ายบ้าน")


@pytest.fixture
def third(open_round, database):
    """A teacher of a third school."""
    from documents.collecting.submissions import prepare_submissions
    from documents.district.schools import School

    School(area_code=AREA, code=THIRD, name="บ้านสาม", grade_from="01", grade_to="09").save()
    prepare_submissions(open_round)
    return person("third", "school", THIRD)


def test_a_lookup_tells_the_other_school_s_name_and_the_fact_alone(child, teacher, neighbour, database):
    spaced = f"{child['person_id'][0]}-{child['person_id'][1:5]} {child['person_id'][5:]}"
    found = lookups.look_up(place(), spaced, teacher)
    assert (found.own, found.school_name) == (None, "บ้านสอง")
    assert set(found.elsewhere) == set(lookups.NEEDED) | {"_id"}
    assert lookups.look_up(place(), number(), teacher).elsewhere is None
    told = [event["changes"] for event in database.audit_events.find({"action": "lookup"}).sort("number", 1)]
    assert [one["found"][1] for one in told] == [OTHER, None]
    assert child["person_id"] not in str(told)
    for wrong in ("", "123", "1000000000001", "1.0E+12"):
        with pytest.raises(Invalid):
            lookups.look_up(place(), wrong, teacher)
    with pytest.raises(OutOfScope):
        lookups.look_up(place(), child["person_id"], neighbour)


def test_nobody_learns_by_guessing_where_children_are(child, teacher, database):
    for _ in range(lookups.EACH_HOUR):
        lookups.look_up(place(), number(), teacher)
    with pytest.raises(TooOften, match="บ่อยเกินไป"):
        lookups.look_up(place(), child["person_id"], teacher)
    with pytest.raises(TooOften):
        ask(place(), child["person_id"], TYPED, teacher, "ย้ายบ้าน")
    assert database.audit_events.count_documents({"action": "lookup"}) == lookups.EACH_HOUR + 2
    clock.configure("2025-06-05T10:01:00+07:00")
    assert lookups.look_up(place(), child["person_id"], teacher).school_name == "บ้านสอง"


def test_a_file_mends_of_a_waiting_pupil_what_the_receiver_typed_and_leaves_the_rest(
    asked, child, teacher, open_round
):
    head = "เลขประจำตัวประชาชน,เลขประจำตัวนักเรียน,ชั้น,ห้อง,ชื่อ,นามสกุล,ศาสนา,น้ำหนัก"
    content = f"{head}\n{child['person_id']},0088,ป.5,3,กานดา,อื่น,อิสลาม,x\n".encode()
    plan = plan_import(Student, content, "ห้อง.csv", teacher, open_round)
    assert (plan.counts()["changed"], plan.counts()["errors"]) == (1, 0)
    assert any("รอย้ายเข้า" in sentence for sentence in plan.warnings)
    apply_plan(plan.id, teacher)
    waiting = row(asked.receiver_record)
    assert {name: waiting.get(name) for name in ("student_no", "room", "status", "first_name", "religion")} == {
        "student_no": "0088", "room": 3, "status": "awaiting", "first_name": None, "religion": None,
    }  # fmt: skip


def test_until_agreed_the_receiver_holds_what_he_typed_and_counts_nothing(asked, child, teacher, neighbour):
    waiting = row(asked.receiver_record)
    shown = {name: waiting.get(name) for name in ("student_no", "grade", "room", "status", "first_name")}
    assert shown == {"student_no": "0077", "grade": "08", "room": 2, "status": "awaiting", "first_name": None}
    assert waiting["lineage"] == child["lineage"]
    assert not {"birth_date", "father_first_name", "religion", "title"} & set(waiting)
    assert (counted(SCHOOL), counted(OTHER)) == (0, 1)
    assert find_submission("DMC", place()).counts.get("incomplete", 0) == 0, (
        "an unanswered request holds nobody up"
    )
    for values, words in (
        ({"status": "enrolled"}, "รอโรงเรียนเดิมตอบ"), ({"first_name": "กานต์"}, "คัดลอก"), ({"person_id": number()}, "คัดลอก"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=words):
            write([Change(Student, place(), values, id=waiting["_id"], revision=1)], teacher)
    with pytest.raises(Invalid, match="ถอนคำขอ"):
        remove([Student.objects(id=waiting["_id"]).get()], teacher, "ลบ")
    with pytest.raises(Invalid, match="ย้ายเข้า"):
        write([Change(Student, place(OTHER), {"status": "awaiting"}, id=child["_id"], revision=1)], neighbour)
    write([Change(Student, place(), {"room": 1}, id=waiting["_id"], revision=1)], teacher)
    assert list(verifying.verify()) == []


def test_agreed_both_records_change_at_once_and_one_lineage_follows_him(asked, child, teacher, neighbour):
    write([Change(Student, place(), {"room": 3}, id=asked.receiver_record, revision=1)], teacher)
    done = answer(asked, "agree", neighbour)
    here, there = row(asked.receiver_record), row(child["_id"])
    assert (there["status"], there["leave_reason"], there["leave_to"]) == ("moved_out", "32", "บ้านหนึ่ง")
    assert there["leave_date"] == dt.datetime(2025, 6, 2)  # noqa: DTZ001
    for name in (
        "first_name",
        "birth_date",
        "religion",
        "father_first_name",
        "weight_kg",
        "lacks_lunch",
        "title",
    ):
        assert here[name] == child[name], name
    assert (here["status"], here["room"], here["grade"], here["student_no"]) == ("enrolled", 3, "08", "0077")
    assert "travel_minutes" not in here, "the way to the old school is not the way to this one"
    assert here["lineage"] == there["lineage"] == child["_id"]
    assert (counted(SCHOOL), counted(OTHER)) == (1, 0)
    assert (done.state, done.moves[-1]["by_name"], done.is_open) == ("moved", neighbour.name, False)
    events = list(history.events_of(AREA, here["_id"]))
    assert (events[0].actor, events[0].via, events[0].acting_as) == (neighbour.id, "transfer", "school")
    assert list(verifying.verify()) == []
    with pytest.raises(WrongState, match="ย้ายแล้ว"):
        answer(asked.reload(), "agree", neighbour)


def test_who_may_not_answer_does_not(asked, child, teacher, neighbour, director, officer, approver):
    for user in (teacher, director, approver, person("far", "school", "34020001", area="34020000")):
        for name in ("agree", "refuse", "decide", "deny"):
            with pytest.raises(NotAllowed):
                answer(asked, name, user, "ลองดู")
    for name in ("decide", "deny"):
        with pytest.raises(WrongState, match="ครบกำหนด"):
            answer(asked, name, officer, "เร่งด่วน")
    with pytest.raises(Invalid, match="เหตุผล"):
        answer(asked, "refuse", neighbour, " ")
    both = person("both", "school", SCHOOL, OTHER)
    other = ask(place(OTHER), _stored(place(), teacher)["person_id"], TYPED, both, "ย้ายบ้าน")
    with pytest.raises(NotAllowed, match="ผู้ขอ"):
        answer(other, "agree", both)
    assert row(child["_id"])["status"] == "enrolled"


def _stored(where, actor, **more):
    (written,) = write([Change(Student, where, pupil(**more))], actor)
    return row(written.id)


def test_refused_or_withdrawn_nothing_is_left_but_the_history(asked, child, teacher, neighbour):
    answer(asked, "refuse", neighbour, "ยังไม่ส่งหลักฐาน")
    assert row(asked.receiver_record) is None
    assert row(child["_id"])["status"] == "enrolled"
    again = ask(place(), child["person_id"], TYPED, teacher, "ส่งหลักฐานแล้ว")
    answer(again, "withdraw", teacher)
    assert row(again.receiver_record) is None
    assert [one.state for one in Transfer.objects.order_by("asked_at")] == ["refused", "withdrawn"]
    assert history.events_of(AREA, again.receiver_record)[0].action == "remove"
    assert list(verifying.verify()) == []


def test_without_an_answer_in_time_or_a_school_the_district_decides(asked, child, officer, database):
    clock.configure("2025-06-12T09:30:00+07:00")
    done = answer(asked, "decide", officer, "โรงเรียนเดิมไม่ตอบ")
    assert done.state == "moved"
    assert row(child["_id"])["status"] == "moved_out"
    assert history.events_of(AREA, child["_id"])[0].acting_as == "district"


def test_a_closed_school_is_not_waited_for(asked, officer, database):
    database.schools.update_one({"code": OTHER}, {"$set": {"status": "closed"}})
    assert answer(asked, "deny", officer, "ไม่มีตัวตน").state == "refused"


def test_a_pupil_is_asked_for_once(asked, child, third, teacher, neighbour):
    with pytest.raises(WrongState, match="รอคำตอบอยู่แล้ว"):
        ask(place(THIRD), child["person_id"], TYPED, third, "ย้ายบ้าน")
    with pytest.raises(WrongState, match="ขอย้ายนักเรียนคนนี้ไว้แล้ว"):
        ask(place(), child["person_id"], TYPED, teacher, "ย้ายบ้าน")
    with pytest.raises(WrongState, match="ไม่พบ"):
        ask(place(), number(), TYPED, teacher, "ย้ายบ้าน")
    with pytest.raises(WrongState, match="อยู่ในโรงเรียนของท่านแล้ว"):
        ask(place(OTHER), child["person_id"], TYPED, neighbour, "ย้ายบ้าน")
    with pytest.raises(OutOfScope):
        ask(place(), child["person_id"], TYPED, neighbour, "ย้ายบ้าน")
    assert collection(Student).count_documents({"school_code": THIRD}) == 0


def test_of_two_receivers_at_once_one_loses_clearly(child, teacher, third):
    outcomes = []

    def run(where, who):
        try:
            outcomes.append(ask(where, child["person_id"], TYPED, who, "ย้ายบ้าน"))
        except RuleBroken as refusal:
            outcomes.append(refusal.message)

    both = [threading.Thread(target=run, args=one) for one in ((place(), teacher), (place(THIRD), third))]
    for one in both:
        one.start()
    for one in both:
        one.join()
    (won,) = [one for one in outcomes if isinstance(one, Transfer)]
    (lost,) = [one for one in outcomes if isinstance(one, str)]
    assert "รอคำตอบอยู่แล้ว" in lost
    assert [one["_id"] for one in collection(Student).find({"status": "awaiting"})] == [won.receiver_record]
    assert list(verifying.verify()) == []


def test_whose_data_is_handed_in_is_said_with_what_to_do(asked, child, teacher, neighbour, open_round):
    bring(find_submission("DMC", place(OTHER)), "confirm")
    with pytest.raises(WrongState, match=r"โรงเรียนของท่าน.*ยกเลิกการยืนยัน"):
        answer(asked, "agree", neighbour)
    move(find_submission("DMC", place(OTHER)), "unconfirm", neighbour)
    bring(find_submission("DMC", place()), "confirm")
    with pytest.raises(WrongState, match="บ้านหนึ่งส่งข้อมูลรอบ DMC ภาคเรียนที่ 1/2568"):
        answer(asked, "agree", neighbour)
    assert row(child["_id"])["status"] == "enrolled"
    assert answer(asked, "refuse", neighbour, "ไม่ย้ายแล้ว").state == "refused"
    left = row(asked.receiver_record)
    assert left["status"] == "awaiting", "who handed in keeps what he handed in"
    move(find_submission("DMC", place()), "unconfirm", teacher)
    remove([Student.objects(id=left["_id"]).get()], teacher, "คำขอสิ้นสุดแล้ว")
    assert list(verifying.verify()) == []


def test_a_round_locked_meanwhile_moves_nobody_and_ends_the_request(
    asked, child, neighbour, approver, open_round
):
    bring(find_submission("DMC", place(OTHER)), "confirm", "certify", "verify")
    clock.configure("2025-06-16T09:00:00+07:00")
    lock_round(open_round.reload(), approver, "ไม่รายงาน")
    with pytest.raises(RoundLocked, match="รอบปัจจุบัน"):
        answer(asked, "agree", neighbour)
    assert answer(asked, "refuse", neighbour, "รอบล็อกแล้ว").state == "refused"
    assert row(asked.receiver_record)["status"] == "awaiting"
    assert list(verifying.verify()) == []


def test_a_pupil_who_comes_back_is_one_record_with_two_moves(asked, child, teacher, neighbour):
    answer(asked, "agree", neighbour)
    back = ask(place(OTHER), child["person_id"], TYPED | {"student_no": "9"}, neighbour, "กลับมาเรียน")
    assert back.receiver_record == child["_id"]
    assert row(child["_id"])["status"] == "awaiting"
    answer(back, "refuse", teacher, "ยังเรียนอยู่")
    kept = row(child["_id"])
    assert (kept["status"], kept["leave_reason"], kept["student_no"]) == (
        "moved_out",
        "32",
        child["student_no"],
    )
    back = ask(place(OTHER), child["person_id"], TYPED, neighbour, "กลับมาเรียนจริง")
    answer(back, "agree", teacher)
    here = row(child["_id"])
    assert (here["status"], here.get("leave_reason"), here.get("leave_to")) == ("enrolled", None, None)
    assert row(asked.receiver_record)["status"] == "moved_out"
    assert collection(Student).count_documents({}) == 2
    assert (counted(SCHOOL), counted(OTHER)) == (0, 1)
    assert list(verifying.verify()) == []


def test_who_left_between_two_rounds_is_asked_of_the_round_he_was_in(
    child, teacher, neighbour, open_round, database
):
    later = database.rounds.find_one({"_id": open_round.id}) | {"code": "2"}
    later.pop("_id")
    database.rounds.insert_one(later)
    from documents.collecting.rounds import Round
    from documents.collecting.submissions import prepare_submissions

    prepare_submissions(Round.objects.get(code="2"))
    database.rounds.update_one({"code": "1"}, {"$set": {"state": "locked"}})
    database.submissions.update_many({"round": "1"}, {"$set": {"state": "locked"}})
    asked = ask(place(round_="2"), child["person_id"], TYPED, teacher, "ย้ายบ้าน")
    assert answer(asked, "agree", neighbour).state == "moved"
    assert row(asked.receiver_record)["first_name"] == child["first_name"]
    assert row(child["_id"]) == child, "the round that is over keeps its record"


def test_a_sender_who_took_him_off_meanwhile_still_answers(asked, child, neighbour):
    with pytest.raises(WrongState, match="ตอบคำขอ"):
        roll.leave([child], "discharged", "15", "05/06/2568")
    changes = {"status": "discharged", "leave_reason": "15"}
    write([Change(Student, place(OTHER), changes, id=child["_id"], revision=1)], neighbour)
    answer(asked, "agree", neighbour)
    assert row(child["_id"])["status"] == "moved_out"
    assert row(asked.receiver_record)["status"] == "enrolled"


def test_a_removed_sender_s_record_leaves_nothing_to_copy(asked, child, neighbour):
    remove([Student.objects(id=child["_id"]).get()], neighbour, "บันทึกผิด")
    with pytest.raises(WrongState, match="ถูกลบ"):
        answer(asked, "agree", neighbour)
    assert answer(asked, "refuse", neighbour, "บันทึกผิด").state == "refused"


def test_a_warrant_is_for_its_two_records_and_fields_alone(asked, child, neighbour):
    from documents.records.warrants import Granted, Warrant

    granted = {asked.receiver_record: Granted(place(), frozenset({"room"}))}
    warrant = Warrant("school", granted, along=lambda: pytest.fail("nothing is to be stored"))
    for change in (
        Change(Student, place(), {"grade": "07"}, id=asked.receiver_record, revision=1),
        Change(Student, place(), {"room": 5}, id=child["_id"], revision=1),
        Change(Student, place(OTHER), {"room": 5}, id=asked.receiver_record, revision=1),
        Change(Student, place(), {"room": 5}, id=asked.receiver_record, revision=1, to=place(OTHER)),
        Change(Student, place(), {}, id=asked.receiver_record, revision=1, remove=True),
    ):
        with pytest.raises(NotAllowed):
            write([change], neighbour, "ลองดู", warrant=warrant)


def test_the_district_sets_how_long_a_school_may_take(area, officer, teacher):
    with pytest.raises(NotAllowed):
        transfers.set_days(AREA, 3, teacher)
    for wrong in (0, 61, None, "3"):
        with pytest.raises(Invalid):
            transfers.set_days(AREA, wrong, officer)
    transfers.set_days(AREA, 3, officer, "เร่งรัด")
    assert transfers.days_of(AREA) == 3


def test_what_a_move_asks_walks_an_index(child, teacher, neighbour, officer, explains):
    with explains() as questions:
        moved = answer(ask(place(), child["person_id"], TYPED, teacher, "ย้ายบ้าน"), "agree", neighbour)
        for user in (teacher, neighbour, officer):
            path_of(AREA, moved.lineage, user)
            list(Transfer.objects(__raw__=transfers.visible_to(user)).order_by("-asked_at", "-id").limit(3))
        transfers.open_of(AREA, [child["_id"]])
    assert len(questions.commands) > 20
    questions.check()


def test_a_path_tells_of_another_school_its_name_and_the_fact_alone(asked, child, teacher, neighbour):
    waits, here = path_of(AREA, child["lineage"], neighbour)
    assert (waits.school, waits.plain, waits.waits, here.plain["_id"]) == ("บ้านหนึ่ง", None, True, child["_id"])
    answer(asked, "agree", neighbour)
    stops = path_of(AREA, child["lineage"], teacher)
    assert [(stop.school, bool(stop.plain)) for stop in stops] == [("บ้านหนึ่ง", True), ("บ้านสอง", False)]
    assert [name for _, name in stops[0].moves] == ["บ้านสอง"]
