"""Abuse of rounds and workflow: writing where nobody writes, stealing time, skipping and repeating steps."""

import io

import pytest

from documents import clock
from documents.collecting import locking, round_moves, round_templates
from documents.collecting.asides import extend
from documents.collecting.moves import MOVES, move
from documents.collecting.rounds import Round, Window
from documents.collecting.submissions import Submission, find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import NotAllowed, RuleBroken, WindowShut, WrongState
from documents.people.users import Grant, User
from documents.records.record import Place
from documents.records.writing import Change, write
from exports.imports.importing import apply_plan, plan_import
from tests.districts import with_rooms
from tests.making import complete
from tests.people import AREA, OTHER, ROUND, SCHOOL, YEAR, person, place, utc
from tests.test_record_view import form_of
from tests.world import Stored

GRID = "/admin/students/"
AFTER = "2025-06-12T09:00:00+07:00"  # the schools' window is over, the district's is not
LATE = "2025-06-20T09:00:00+07:00"  # all windows are over
# What a submission and its round are set to, and at which hour.
SHUT = {
    "confirmed": ({"state": "confirmed"}, {}, None),
    "certified": ({"state": "certified"}, {}, None),
    "verified": ({"state": "verified"}, {}, None),
    "locked": ({"state": "locked"}, {"state": "locked"}, None),
    "unreported": ({"state": "unreported"}, {"state": "locked"}, None),
    "published": ({"state": "locked"}, {"state": "published"}, None),
    "closing": ({"state": "draft"}, {"state": "closing"}, None),
    "draft in a locked round": ({"state": "draft"}, {"state": "locked"}, None),
    "all windows over": ({"state": "draft"}, {}, LATE),
    "not open yet": ({"state": "draft"}, {}, "2025-05-20T09:00:00+07:00"),
}
KEPT = ("sessions", "limit_counters", "audit_events", "import_plans", "import_plan_rows")


@pytest.fixture
def pupils(open_round, teacher):
    """Two complete pupils of the teacher's school."""
    write([Change(Student, place(), complete(Student)) for _ in range(2)], teacher)
    with_rooms(place(), least=9)
    return list(collection(Student).find().sort("_id"))


def csv_of(row):
    """A file with one changed and one new pupil."""
    new = complete(Student)
    lines = ["รหัสโรงเรียน,เลขประจำตัวประชาชน,ชื่อ,นามสกุล,ห้อง", f"{SCHOOL},{row['person_id']},{row['first_name']},{row['last_name']},9",
             f"{SCHOOL},{new['person_id']},ใหม่,เอี่ยม,9"]  # fmt: skip
    return io.BytesIO("\n".join(lines).encode())


def taken_in(one, round_):
    """The import that a person made of one more pupil, which may be undone."""
    new = complete(Student)
    lines = f"รหัสโรงเรียน,เลขประจำตัวประชาชน,ชื่อ\n{SCHOOL},{new['person_id']},ก่อนปิด"
    plan = plan_import(Student, io.BytesIO(lines.encode()), "y.csv", one, round_)
    apply_plan(plan.id, one, "นำเข้า")
    return plan


def ways_in(pupils, typed, plan, past):
    """(name, path, form) of every way to change records of a school in the browser."""
    first, second = (str(row["_id"]) for row in pupils)
    new = {name: str(value) for name, value in complete(Student).items() if isinstance(value, str | int)}
    why = {"reason": "ลองดู"}
    yield "form", f"{GRID}edit/?id={first}", typed | why | {"room": "9"}
    yield "cell", f"{GRID}ajax/update/", why | {"pk": first, "name": "room", "value": "9", "revision": "1"}
    yield "new", f"{GRID}new/?school={SCHOOL}", new | why
    yield "delete", f"{GRID}delete/", why | {"id": first, "revision": "1"}
    yield "bulk delete", f"{GRID}action/", why | {"action": "delete", "rowid": [first, second]}
    yield "bulk review", f"{GRID}action/", why | {"action": "review", "rowid": [first]}
    yield "all that match", f"{GRID}action/?school={SCHOOL}", why | {"action": "delete", "all_matching": "1"}
    yield "import", f"{GRID}import/apply/", why | {"id": str(plan.id), "approved": "1", "partly": "1"}
    yield "undo", f"{GRID}import/undo/", why | {"id": str(past.id)}
    moved = {"rowid": first, "revision": "1", "stage": "do"}
    yield "class", f"{GRID}roll/", why | moved | {"deed": "arrange", "room": "9"}


@pytest.mark.parametrize("state", SHUT)
def test_no_way_leads_into_a_school_that_handed_in(
    state, pupils, open_round, sign_in, teacher, officer, database
):
    """With the page, the grid and the plan opened while it was still open."""
    people = {person: sign_in(person) for person in (teacher, officer)}
    typed = {
        one: form_of(browser.get(f"{GRID}edit/?id={pupils[0]['_id']}").text)
        for one, browser in people.items()
    }
    past = {one: taken_in(one, open_round) for one in people}
    plans = {one: plan_import(Student, csv_of(pupils[0]), "x.csv", one, open_round) for one in people}
    of_school, of_round, moment = SHUT[state]
    database.students.update_many({}, {"$set": {"reviewed": False}})
    database.submissions.update_one({"school_code": SCHOOL}, {"$set": of_school})
    if of_round:
        database.rounds.update_one({"_id": open_round.id}, {"$set": of_round})
    if moment:
        clock.configure(moment)
    before = Stored(KEPT)
    for one, browser in people.items():
        for name, path, form in ways_in(pupils, typed[one], plans[one], past[one]):
            answer = browser.send(path, form)
            assert answer.status_code in (302, 403, 409, 422), (name, answer.status_code)
        assert not before.changed(), one.email


def test_each_of_these_ways_leads_in_while_the_school_is_open(pupils, open_round, sign_in, teacher, database):
    """What the test above sends is refused for the state alone."""
    browser, past = sign_in(teacher), taken_in(teacher, open_round)
    typed = form_of(browser.get(f"{GRID}edit/?id={pupils[0]['_id']}").text)
    plan = plan_import(Student, csv_of(pupils[0]), "x.csv", teacher, open_round)
    database.students.update_many({}, {"$set": {"reviewed": False}})
    before = Stored(KEPT)
    for name, path, form in ways_in(pupils, typed, plan, past):
        browser.send(path, form)
        assert "students" in before.put_back(), name


def test_the_district_writes_while_its_own_window_is_open_and_the_school_no_more(
    pupils, sign_in, teacher, officer
):
    clock.configure(AFTER)
    cell = {"pk": str(pupils[0]["_id"]), "name": "room", "value": "9", "revision": "1", "reason": "แก้แทน"}
    assert sign_in(teacher).send(f"{GRID}ajax/update/", cell).status_code == 409
    assert sign_in(officer).send(f"{GRID}ajax/update/", cell | {"reason": ""}).status_code == 422
    assert sign_in(officer).send(f"{GRID}ajax/update/", cell).status_code == 200


# ---- time that is not one's own ----


@pytest.fixture
def other_round(open_round, canteens, officer, executive, approver, monkeypatch):
    """Canteens as a subsystem of their own, with a round of the same dates."""
    monkeypatch.setattr(canteens, "subsystem", "EMIS")
    windows = [
        Window(step=one.step, opens_at=one.opens_at, closes_at=one.closes_at) for one in open_round.windows
    ]
    draft = Round(area_code=AREA, subsystem="EMIS", academic_year=YEAR, code=ROUND, title="x", as_of=utc(10),
                  windows=windows).save()  # fmt: skip
    proposed = round_moves.propose(draft, officer, "ขอเปิดรอบ")
    return round_moves.open_round(
        round_moves.record_order(proposed, executive, "1", utc(1), "ดำเนินการ"), approver
    )


def test_an_extension_opens_one_school_of_one_subsystem_until_it_runs_out(
    other_round, canteens, pupils, teacher, neighbour, officer
):
    clock.configure(AFTER)
    granted = find_submission("DMC", place())
    granted = extend(granted, officer, utc(14).replace(tzinfo=clock.now().tzinfo), ["school"], "ไฟฟ้าดับ")

    def change(revision):
        return Change(Student, place(), {"room": 70 + revision}, id=pupils[0]["_id"], revision=revision)

    write([change(1)], teacher)
    with pytest.raises(WindowShut):
        write([Change(Student, place(OTHER), complete(Student))], neighbour)
    with pytest.raises(WindowShut):
        write([Change(canteens, place(), {"code": "1", "name": "x"})], teacher)
    shorter = utc(12, 9, 30).replace(tzinfo=clock.now().tzinfo)
    extend(granted, officer, shorter, ["school"], "ให้เวลาน้อยลง")
    clock.configure("2025-06-12T09:29:00+07:00")
    write([change(2)], teacher)
    clock.configure("2025-06-12T09:30:00+07:00")
    with pytest.raises(WindowShut):
        write([change(3)], teacher)


@pytest.mark.parametrize(
    "role", ["teacher", "director", "neighbour", "approver", "executive", "administrator"]
)
def test_nobody_but_the_district_gives_time(role, pupils, sign_in, request):
    browser, submission = sign_in(request.getfixturevalue(role)), find_submission("DMC", place())
    before = Stored()
    sent = {"id": str(submission.id), "until": "30/06/2568", "whom": ["school", "director"], "reason": "ขอ"}
    for name in ("extend", "hold", "lift"):
        answer = browser.send(f"/admin/submissions/{name}/", sent)
        assert answer.status_code == 403, name
    assert not before.changed()


def test_a_locked_round_is_not_reopened_by_its_dates_or_a_copy(
    pupils, open_round, approver, officer, teacher, sign_in
):
    locked = locking.lock_round(open_round, approver, "ปิดตามกำหนด")
    before, browser = Stored(), sign_in(officer)
    later = {
        "enter_opens": "01/06/2568",
        "enter_closes": "30/06/2568",
        "as_of": "10/06/2568",
        "reason": "เลื่อน",
    }
    answer = browser.send(
        "/admin/rounds/edit/", later | {"id": str(locked.id), "revision": str(locked.revision)}
    )
    assert answer.status_code in (403, 409)
    zone = clock.now().tzinfo
    windows = {"enter": (utc(1).replace(tzinfo=zone), utc(30).replace(tzinfo=zone))}
    with pytest.raises(RuleBroken):
        round_moves.set_windows(locked, windows, locked.as_of, officer, "เลื่อน", False)
    submission = find_submission("DMC", place())
    with pytest.raises(RuleBroken):
        extend(submission, officer, utc(30).replace(tzinfo=clock.now().tzinfo), ["school"], "ขอเวลา")
    with pytest.raises(RuleBroken):
        round_moves.propose(locked, officer, "อีกครั้ง")
    assert not before.changed()
    round_templates.make_rounds(AREA, "DMC", YEAR, officer)
    assert Round.objects(area_code=AREA, subsystem="DMC", academic_year=YEAR, code=ROUND).count() == 1
    with pytest.raises(RuleBroken):
        write([Change(Student, place(), {"room": 9}, id=pupils[0]["_id"], revision=1)], teacher)


def test_a_record_is_not_written_into_a_round_that_has_no_submission(pupils, teacher):
    for where in (
        Place(AREA, YEAR, "2", SCHOOL),
        Place(AREA, YEAR - 1, ROUND, SCHOOL),
        Place(AREA, YEAR, "9", SCHOOL),
    ):
        with pytest.raises(NotAllowed):
            write([Change(Student, where, complete(Student))], teacher)
    assert collection(Student).count_documents({}) == 2


# ---- steps ----


def post(browser, submission, name, **more):
    return browser.send(
        "/admin/submissions/move/", {"id": str(submission.id), "move": name, "reason": "x"} | more
    ).status_code


def test_no_step_is_skipped_or_repeated(pupils, sign_in, teacher, director, officer, approver):
    submission = find_submission("DMC", place())
    people = {"confirm": teacher, "certify": director, "verify": officer}
    for done in range(4):
        for at, (name, who) in enumerate(people.items()):
            if at != done:
                assert post(sign_in(who), submission, name) == 409, (name, done)
        for name in ("lock", "close", "unlock", "draft", "$set", ""):
            assert post(sign_in(approver), submission, name) == 403, name
        if done < 3:
            name, who = list(people.items())[done]
            assert post(sign_in(who), submission, name) == 303, name
    state = Submission.objects.get(id=submission.id)
    assert [row["name"] for row in state.moves] == ["confirm", "certify", "verify"]


def test_who_wrote_verifies_neither_alone_nor_in_bulk(pupils, sign_in, teacher, director, officer):
    write([Change(Student, place(), {"room": 9}, id=pupils[0]["_id"], revision=1)], officer, "แก้แทนโรงเรียน")
    submission = find_submission("DMC", place())
    submission = move(move(submission, "confirm", teacher), "certify", director)
    browser, before = sign_in(officer), Stored()
    assert post(browser, submission, "verify", seen=str(submission.writes)) == 403
    sent = {"do": "verify", "ids": f"{submission.id}.{submission.writes}"}
    answer = browser.send("/admin/control-room/bulk/", sent)
    assert "จึงตรวจสอบเองไม่ได้" in answer.text
    assert not before.changed()


def test_a_second_role_of_one_person_is_still_one_person(pupils, sign_in):
    """Teacher, director and officer in one: he hands in, and somebody else must do the rest."""
    one = person("many", "school", SCHOOL)
    one.grants += [
        Grant(role="director", area_code=AREA, school_codes=[SCHOOL]),
        Grant(role="district", area_code=AREA),
    ]
    one = one.save()
    browser, submission = sign_in(one), find_submission("DMC", place())
    assert post(browser, submission, "confirm") == 303
    assert post(browser, submission, "certify") == 403
    move(find_submission("DMC", place()), "certify", person("other", "director", SCHOOL))
    assert post(browser, submission, "verify") == 403
    assert find_submission("DMC", place()).state == "certified"


def test_a_suspended_person_moves_nothing_with_his_old_page(pupils, sign_in, teacher, database):
    browser, submission = sign_in(teacher), find_submission("DMC", place())
    database.users.update_one({"_id": teacher.id}, {"$set": {"active": False}})
    assert post(browser, submission, "confirm") == 302
    assert find_submission("DMC", place()).state == "draft"
    assert User.objects.get(id=teacher.id).active is False


def test_a_page_of_an_older_state_moves_nothing(pupils, sign_in, teacher, director, officer):
    submission = find_submission("DMC", place())
    seen = str(submission.writes)
    write([Change(Student, place(), {"room": 9}, id=pupils[0]["_id"], revision=1)], teacher)
    assert post(sign_in(teacher), submission, "confirm", seen=seen) == 409
    move(find_submission("DMC", place()), "confirm", teacher)
    assert post(sign_in(director), submission, "certify", seen=seen) == 409
    sent = {"do": "return", "ids": f"{submission.id}.{seen}", "reason": "แก้"}
    assert "เปลี่ยนไปหลังจาก" in sign_in(officer).send("/admin/control-room/bulk/", sent).text
    with pytest.raises(WrongState):
        move(find_submission("DMC", place()), "certify", director, seen=int(seen))
    assert find_submission("DMC", place()).state == "confirmed"
    assert MOVES["certify"].digest
