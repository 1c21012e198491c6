"""Findings: worked out when they are stale, kept with what people said, and what they stop."""

import pytest

from documents.checking import findings, limits
from documents.checking.finding_answers import answer, visible_to
from documents.checking.findings import Finding, refresh
from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.database import collection, db
from documents.district.school_profile import edit_school
from documents.district.schools import school
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.errors import Invalid, NotAllowed, WrongState
from documents.records.writing import Change, write
from tests.districts import with_rooms
from tests.people import AREA, OTHER, SCHOOL, YEAR, person, place
from tests.pupils import pupil

OLD = {"birth_date": "10/06/2555"}  # thirteen in ป.4
THAI_G = {"id_type": "G", "person_id": "G000000000018"}  # a Thai under a G-code: sensitive


def submission(school_code=SCHOOL):
    return find_submission("DMC", place(school_code))


def rows(**more):
    return list(Finding.objects(area_code=AREA, **more).order_by("check_key"))


def ids(**more):
    return [row.id for row in rows(**more)]


def change(record, values, who):
    stored = collection(Student).find_one({"_id": record.id})
    return write([Change(Student, place(), values, id=record.id, revision=stored["revision"])], who)[0]


@pytest.fixture
def one(open_round, teacher):
    """One pupil of the teacher's school who is three years older than his grade, and the room he sits in."""
    written = write([Change(Student, place(), pupil(**OLD))], teacher)[0]
    with_rooms(place())
    return written


def test_a_warning_is_explained_and_stays_so_while_its_values_stand(one, teacher, officer):
    assert refresh(submission())["counts"]["warnings"] == 1
    found = rows(state="open")
    assert [(row.check_key, row.record, row.names[0]) for row in found] == [
        ("DMC-07.grade", one.id, "birth_date")
    ]
    with pytest.raises(Invalid):
        answer(submission(), ids(), teacher, "  ")
    assert answer(submission(), ids(), teacher, "เข้าเรียนช้า ย้ายมาจากต่างจังหวัด") == 1
    with pytest.raises(WrongState):
        answer(submission(), ids(), teacher, "อีกครั้ง")
    change(one, {"weight_kg": 30}, teacher)
    assert (
        refresh(submission())["counts"] | {"warnings": 0, "explained": 1} == refresh(submission())["counts"]
    )
    change(one, {"birth_date": "10/06/2556"}, teacher)  # twelve: another value, another question
    assert refresh(submission())["counts"]["warnings"] == 1
    change(one, {"birth_date": "10/06/2558"}, teacher)
    assert refresh(submission())["counts"]["warnings"] == 0
    assert [row.state for row in rows()] == ["fixed"]
    event = db().audit_events.find_one({"action": "explain"})
    assert event["school_code"] == SCHOOL
    assert event["reason"].startswith("เข้าเรียนช้า")
    assert event["changes"] == {"DMC-07": [None, 1]}


def test_what_was_explained_is_so_again_when_the_same_values_come_back(one, teacher):
    refresh(submission())
    answer(submission(), ids(), teacher, "เรียนซ้ำชั้น")
    change(one, {"grade": "09"}, teacher)
    assert refresh(submission())["counts"]["explained"] == 0
    change(one, {"grade": "07"}, teacher)
    assert refresh(submission())["counts"]["explained"] == 1


def test_errors_stop_confirming_and_warnings_want_a_reason(one, teacher, officer):
    change(one, {"room": 2}, teacher)
    with pytest.raises(Invalid, match="มีข้อผิดพลาด 1 ข้อ"):
        move(submission(), "confirm", teacher)
    error = ids(level="error")
    with pytest.raises(NotAllowed):
        answer(submission(), error, teacher, "ห้องพิเศษ")
    assert answer(submission(), error, officer, "ห้องเรียนรวมที่เขตเห็นชอบ") == 1
    assert {row.check_key: row.state for row in rows()} == {"DMC-07.grade": "open", "DMC-08.room": "passed"}
    with pytest.raises(Invalid, match="มีคำเตือน 1 ข้อ"):
        move(submission(), "confirm", teacher)
    answer(submission(), ids(state="open"), teacher, "เข้าเรียนช้า")
    assert move(submission(), "confirm", teacher).state == "confirmed"


def test_a_required_field_left_empty_is_one_finding_of_its_record(one, teacher, officer, administrator):
    change(one, {"weight_kg": None, "religion": None}, teacher)
    checkup = refresh(submission())
    assert (checkup["counts"]["blank"], submission().counts["incomplete"]) == (1, 1)
    row = rows(code="DMC-09")[0]
    assert row.names == ["religion", "weight_kg"]
    with pytest.raises(Invalid, match="1 รายการที่กรอกไม่ครบ"):
        move(submission(), "confirm", teacher)
    answer(submission(), [row.id], officer, "เด็กอยู่โรงพยาบาล")
    assert refresh(submission())["counts"]["blank_passed"] == 1


def test_bounds_levels_and_rooms_make_what_was_found_stale(one, teacher, officer, administrator):
    assert refresh(submission())["counts"]["warnings"] == 1
    limits.set_limits(AREA, "DMC", YEAR, {"age_difference": 4}, administrator, "ตามมติ")
    assert refresh(submission())["counts"]["warnings"] == 0
    edit_school(school(AREA, SCHOOL), {"grade_to": "06"}, 1, officer, "ตัดชั้น")
    assert refresh(submission())["codes"] == {"DMC-08": 1}
    edit_school(school(AREA, SCHOOL), {"grade_to": "09"}, 2, officer, "คืนชั้น")
    declared = SchoolRooms.objects.get()
    none_here = Change(SchoolRooms, place(), {"rooms": 0}, id=declared.id, revision=declared.revision)
    write([none_here, Change(SchoolRooms, place(), {"grade": "08", "rooms": 2})], teacher)
    checkup = refresh(submission())
    assert checkup["codes"] == {"DMC-17": 2}
    assert {row.sentence for row in rows(state="open")} == {
        "ป.4 มีนักเรียน 1 คน แต่แจ้งห้องเรียนไว้ 0 ห้อง",
        "ป.5 แจ้งไว้ 2 ห้อง แต่ไม่มีนักเรียน",
    }


def test_reading_what_is_fresh_reads_no_record(one, teacher, count_commands):
    refresh(submission())
    stored, at = rows(), submission()
    with count_commands() as asked:
        refresh(at)
    assert "insert" not in asked
    assert "update" not in asked
    assert [row.to_mongo() for row in rows()] == [row.to_mongo() for row in stored]


def test_a_write_between_the_check_and_the_move_makes_the_move_look_again(one, teacher, monkeypatch):
    refresh(submission())
    answer(submission(), ids(), teacher, "เข้าเรียนช้า")
    real, times = findings.refresh, []

    def slow(at):
        checkup = real(at)
        if not times:
            times.append(1)
            change(one, {"weight_kg": None}, teacher)  # somebody saves while the move is under way
        return checkup

    monkeypatch.setattr(findings, "refresh", slow)
    with pytest.raises(Invalid, match="กรอกไม่ครบ"):
        move(submission(), "confirm", teacher)
    assert submission().state == "draft"


def test_what_an_older_reading_found_never_replaces_a_newer_one(one, teacher):
    before = submission()
    change(one, {"birth_date": "10/06/2558"}, teacher)
    assert refresh(submission())["counts"]["warnings"] == 0
    findings._store(before, [], {"stamp": "an older stamp", "records": 1, "missing": {}})
    assert findings.checkup_of(before)["writes"] == submission().writes
    assert rows(state="open") == []


def test_nobody_reads_or_answers_another_schools_findings(
    one, teacher, neighbour, officer, director, executive
):
    write([Change(Student, place(), pupil(**THAI_G))], teacher)
    refresh(submission())

    def seen(user):
        return {row["check_key"] for row in collection(Finding).find(visible_to(user, AREA))}

    both = {"DMC-07.grade", "DMC-11.thai", "DMC-06"}
    marked = person("marked", "district", sensitive=True)
    assert (seen(teacher), seen(director), seen(marked)) == (both, both, both)
    assert seen(officer) == {"DMC-07.grade", "DMC-06"}  # no mark for sensitive fields
    assert seen(neighbour) == seen(executive) == set()
    for who in (neighbour, director, executive):
        with pytest.raises(NotAllowed):
            answer(submission(), ids(), who, "เหตุผล")
    with pytest.raises(NotAllowed):
        answer(submission(), ids(check_key="DMC-11.thai"), officer, "เหตุผล")
    with pytest.raises(WrongState):  # of another submission than the one named
        answer(submission(OTHER), ids(), neighbour, "เหตุผล")
    assert {row.state for row in rows()} == {"open"}


def test_several_schools_are_looked_at_in_one_pass(open_round, teacher, neighbour, count_commands):
    write([Change(Student, place(), pupil(**OLD)) for _ in range(3)], teacher)
    write([Change(Student, place(OTHER), pupil(**OLD))], neighbour)
    with_rooms(place())
    with_rooms(place(OTHER))
    both = [submission(), submission(OTHER)]
    told = []
    done = findings.refresh_all(both, told.append)
    assert {code: row["counts"]["warnings"] for code, row in done.items()} == {SCHOOL: 3, OTHER: 1}
    assert told == [1, 2]
    with count_commands() as asked:
        findings.refresh_all(both)
    assert len(asked) <= 12, "however many schools there are"


def test_how_much_is_hidden_is_told_neither_of_one_record_nor_of_another_school(
    one, teacher, officer, sign_in
):
    """Else a code, and one record at a time, would say of which pupil a sensitive check tells."""
    record = write([Change(Student, place(), pupil(**THAI_G))], teacher)[0]
    refresh(submission())
    hidden, office = "เกี่ยวกับข้อมูลอ่อนไหว", sign_in(officer)
    assert hidden in office.get(f"/admin/findings/?school={SCHOOL}").text
    assert hidden not in office.get(f"/admin/findings/?record={record.id}").text
    assert hidden not in office.get(f"/admin/findings/?school={SCHOOL}&code=DMC-11").text
    away = person("away", "school", OTHER, "34010003")  # of two schools, so that none is chosen for him
    assert hidden not in sign_in(away).get("/admin/findings/").text


def test_which_sensitive_check_found_something_in_a_school_is_told_to_who_may_see_it_alone(
    one, teacher, officer, executive, sign_in
):
    """How many of one school such a check finds is a small number about them (domain.md 6, rule 4)."""
    write([Change(Student, place(), pupil(**THAI_G))], teacher)
    refresh(submission())
    page, title = f"/admin/findings/?school={SCHOOL}", "สัญชาติไม่สอดคล้องกับเลขประจำตัว"
    marked = person("marked", "district", sensitive=True)
    for who, told in ((teacher, True), (marked, True), (officer, False), (executive, False)):
        text = sign_in(who).get(page).text
        assert (title in text) is told, who.name
        assert "อายุไม่สอดคล้องกับชั้น" in text, who.name
    assert "ข้อที่เกี่ยวกับข้อมูลอ่อนไหว" in sign_in(executive).get(page).text, "one number stands for them all"
    answer(submission(), ids(check_key="DMC-11.thai"), teacher, "รอสัญชาติ")
    event = db().audit_events.find_one({"action": "explain"})
    assert event["school_code"] == SCHOOL
    assert (event["changes"], event.get("reason")) == ({"sensitive": [None, 1]}, None)
    assert "ข้อที่เกี่ยวกับข้อมูลอ่อนไหว" in sign_in(officer).get("/admin/audit/?action=explain").text
