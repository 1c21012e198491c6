"""What a finding stops: ยืนยัน and รับรอง as ever, and ตรวจสอบ and ล็อก where it came up afterwards; who is told, and what opens the way."""

import pytest

from documents.checking import duplicates, hindrances, limits
from documents.checking.finding_answers import answer
from documents.checking.findings import Finding, refresh
from documents.checking.hindrances import hindrance_of, standing_in
from documents.collecting import locking
from documents.collecting.bulk_moves import move_many
from documents.collecting.locking import lock_round, lock_school
from documents.collecting.moves import MOVES, move
from documents.collecting.rounds import Round
from documents.collecting.submissions import Submission, find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import Invalid, WrongState
from documents.notifying import notice_rules
from documents.notifying.notices import Notice
from documents.records.writing import Change, write
from tests.districts import LOADER, bring, pass_errors
from tests.people import AREA, OTHER, SCHOOL, YEAR, place
from tests.pupils import pupil

WHY = "ตรวจเอกสารแล้ว"
NINE = {"birth_date": "10/06/2557"}  # a year older than his grade: a warning only by a bound drawn closer


def here():
    return find_submission("DMC", place())


def open_errors():
    return [
        row.id for row in Finding.objects(area_code=AREA, school_code=SCHOOL, state="open", level="error")
    ]


def stored(round_):
    return Round.objects(id=round_.id).get()


def passed(officer):
    assert answer(here(), open_errors(), officer, WHY) == 1


@pytest.fixture
def certified(open_round, teacher):
    """The values of the one pupil of a school whose director has certified; nothing is found there."""
    values = pupil(**NINE)
    write([Change(Student, place(), values)], teacher)
    bring(here(), "confirm", "certify")
    return values


@pytest.fixture
def clash(certified, neighbour, open_round):
    """Makes another school enter the same number, which the scan then finds."""

    def enter():
        write([Change(Student, place(OTHER), certified | {"student_no": "77"})], neighbour)
        duplicates.scan(open_round)

    return enter


@pytest.fixture
def warned(certified, administrator):
    """Makes a bound be drawn closer, by which the pupil stands out."""
    return lambda: limits.set_limits(AREA, "DMC", YEAR, {"age_difference": 1}, administrator, "มติ")


def test_every_move_that_findings_stop_is_a_move():
    assert hindrances.STOPPED_BY.keys() == hindrances.WORDS.keys() <= MOVES.keys()
    for name in MOVES:
        stopped = {kind for kind in ("errors", "warnings") if hindrance_of(name, {kind: 1})}
        assert stopped == set(hindrances.STOPPED_BY.get(name, ()))


def test_an_error_that_came_up_after_certifying_is_passed_before_the_school_is_verified(clash, officer):
    clash()
    with pytest.raises(Invalid, match="ข้อผิดพลาดที่ยังเปิดอยู่ 1 ข้อ"):
        move(here(), "verify", officer)
    assert here().state == "certified"
    passed(officer)
    assert move(here(), "verify", officer).state == "verified"


def test_or_the_school_is_returned(clash, officer, approver, open_round):
    bring(here(), "verify")
    clash()
    move(here(), "return", officer, WHY)
    assert lock_round(open_round, approver, WHY).state == "locked", (
        "what is closed unreported asks for nothing"
    )


def test_an_error_that_came_up_after_verifying_stops_the_lock_of_the_school(clash, officer, approver):
    bring(here(), "verify")
    clash()
    with pytest.raises(Invalid, match="ยังล็อกไม่ได้"):
        lock_school(here(), approver)
    passed(officer)
    assert lock_school(here(), approver).state == "locked"


def test_and_of_the_round_which_names_the_school_and_stays_open(clash, officer, approver, open_round):
    bring(here(), "verify")
    clash()
    with pytest.raises(Invalid, match=r"มี 1 โรงเรียน.{1,60}: บ้านหนึ่ง"):
        lock_round(open_round, approver, WHY)
    assert (stored(open_round).state, here().state) == ("open", "verified")
    passed(officer)
    assert lock_round(stored(open_round), approver, WHY).state == "locked"
    assert here().state == "locked"


def test_what_comes_up_while_a_round_is_being_locked_stops_it_no_more(
    certified, neighbour, approver, open_round, monkeypatch
):
    """Nobody could mend it: of a closing round nothing is returned."""
    bring(here(), "verify")
    write([Change(Student, place(OTHER), certified | {"student_no": "77"})], neighbour)
    real = locking.change_state

    def and_scan(*given, **more):
        monkeypatch.setattr(locking, "change_state", real)
        done = real(*given, **more)
        duplicates.scan(open_round)
        refresh(here())
        assert open_errors()
        return done

    monkeypatch.setattr(locking, "change_state", and_scan)
    assert lock_round(open_round, approver, WHY).state == "locked"


def test_a_warning_that_came_up_afterwards_stops_neither_and_is_counted(
    warned, officer, approver, open_round
):
    warned()
    assert move(here(), "verify", officer).state == "verified"
    assert [
        (counts["errors"], counts["warnings"]) for counts in standing_in(open_round, ["verified"]).values()
    ] == [(0, 1)]
    assert lock_round(open_round, approver, WHY).state == "locked"


def test_of_many_schools_the_one_with_an_error_is_refused_and_the_others_are_verified(
    clash, officer, open_round
):
    clash()
    write([Change(Student, place(OTHER), pupil())], LOADER)
    pass_errors(find_submission("DMC", place(OTHER)), officer)
    other = bring(find_submission("DMC", place(OTHER)), "confirm", "certify")
    seen = [(str(one.id), one.writes) for one in (here(), other)]
    done = {one.name: one.refusal for one in move_many(open_round, "verify", seen, officer)}
    assert done["บ้านสอง"] is None
    assert "ข้อผิดพลาดที่ยังเปิดอยู่ 1 ข้อ" in done["บ้านหนึ่ง"]


# ---- who is told ----


def told():
    return [(row["person"], row["text"], row["url"]) for row in collection(Notice).find({"kind": "found"})]


def test_the_officers_are_told_once_of_what_came_up_after_certifying(clash, officer, approver):
    assert told() == []
    clash()
    refresh(here())
    refresh(here())
    ((who, text, url),) = told()
    assert who == officer.id
    assert text == f"DMC ภาคเรียนที่ 1/{YEAR}: พบข้อผิดพลาด 1 ข้อในบ้านหนึ่งหลังผู้อำนวยการรับรอง"
    assert url == f"/admin/submissions/details/?id={here().id}"


def test_they_are_told_of_a_warning_too(warned, officer):
    warned()
    refresh(here())
    assert [text.partition(": ")[2] for _, text, _ in told()] == ["พบคำเตือน 1 ข้อในบ้านหนึ่งหลังผู้อำนวยการรับรอง"]


def test_of_many_schools_at_once_they_are_told_together(clash, officer, monkeypatch):
    monkeypatch.setattr(notice_rules, "FIRST_FOUND", 0)
    clash()
    refresh(here())
    ((_, text, url),) = told()
    assert "หลายโรงเรียน" in text
    assert url == "/admin/control-room/?state=found"


def test_nobody_is_told_of_what_a_school_still_mends_itself(open_round, teacher, neighbour, officer):
    values = pupil(**NINE)
    write([Change(Student, place(), values)], teacher)
    write([Change(Student, place(OTHER), values | {"student_no": "77"})], neighbour)
    duplicates.scan(open_round)
    refresh(here())
    assert open_errors()
    assert told() == []


# ---- an answer and a lock ----


def test_an_answer_is_judged_by_what_the_submission_is_now(clash, officer, approver):
    bring(here(), "verify")
    clash()
    as_read = here()
    refresh(as_read)
    errors = open_errors()
    passed(officer)
    Finding.objects(id__in=errors).update(state="open")
    collection(Submission).update_one({"_id": as_read.id, "area_code": AREA}, {"$set": {"state": "locked"}})
    with pytest.raises(WrongState, match="ล็อกแล้ว"):
        answer(as_read, errors, officer, WHY)
    assert Finding.objects(id__in=errors, state="open").count() == 1


# ---- through the pages ----


def test_pages_say_so_and_lead_there(clash, officer, approver, open_round, sign_in):
    browser = sign_in(officer)
    clash()
    refresh(here())
    page = f"/admin/submissions/details/?id={here().id}"
    found = f"/admin/findings/?school={SCHOOL}&amp;level=error"
    shown = browser.get(page).text
    assert "ยังบันทึกว่าตรวจสอบแล้วไม่ได้" in shown
    assert found in shown
    assert 'value="verify"' not in shown
    board = browser.get("/admin/control-room/").text
    assert "?state=found" in board
    assert board.count('class="tile t-cert found"') == 1, "its tile is marked"
    assert 'data-open="bulk-verify"' not in board, "no school may be verified"
    assert "บ้านหนึ่ง" in browser.get("/admin/control-room/?state=found&view=table").text
    asked = {"id": str(here().id), "move": "verify", "seen": str(here().writes)}
    refused = browser.send("/admin/submissions/move/", asked)
    assert refused.status_code == 422
    assert "ข้อผิดพลาดที่ยังเปิดอยู่ 1 ข้อ" in refused.text
    many = browser.send("/admin/control-room/bulk/", {"do": "verify", "ids": f"{here().id}.{here().writes}"})
    assert "ข้อผิดพลาดที่ยังเปิดอยู่ 1 ข้อ" in many.text
    reason = {"ids": str(open_errors()[0]), "reason": WHY, "school": SCHOOL, "level": "error"}
    assert browser.send("/admin/findings/answer/", reason).status_code == 303
    assert browser.send("/admin/submissions/move/", asked).status_code == 303
    assert here().state == "verified"


def test_the_page_before_a_lock_names_the_schools_and_refuses(clash, warned, approver, open_round, sign_in):
    bring(here(), "verify")
    clash()
    warned()
    refresh(here())
    browser = sign_in(approver)
    page = f"/admin/rounds/lock/?id={open_round.id}"
    shown = browser.get(page).text
    assert "โรงเรียนที่จะล็อกและมีข้อผิดพลาดที่ยังเปิดอยู่" in shown
    assert "โรงเรียนที่จะล็อกและมีคำเตือนที่ยังไม่ชี้แจง" in shown
    assert f"/admin/submissions/details/?id={here().id}" in shown
    counted = shown.partition('name="counted" value="')[2].partition('"')[0]
    refused = browser.send(page, {"id": str(open_round.id), "counted": counted, "reason": "ไม่รายงาน"})
    assert refused.status_code == 422
    assert "ยังล็อกรอบไม่ได้" in refused.text
    assert stored(open_round).state == "open"
    one = browser.send("/admin/submissions/lock/", {"id": str(here().id)})
    assert one.status_code == 422
    assert here().state == "verified"
