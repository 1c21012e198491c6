"""Who works where: moved, ended, confirmed each year; who gives which role; by the district's pages."""

import datetime as dt

import pytest

from documents import clock
from documents.background import timetable
from documents.background.jobs import Job
from documents.collecting.waiting import waiting_for
from documents.database import collection
from documents.district.schools import Area, School
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.people import accounts, granting, postings, recertifying, sessions
from documents.people.users import EVERY_AREA, ROLES, Grant, User
from documents.trail import history, verifying
from tests.people import AREA, OTHER, SCHOOL, person

DUE = dt.date(2025, 7, 1)


def moved(actor, who, to=OTHER, role="school", reason="คำสั่งย้าย", school=SCHOOL):
    return postings.transfer(actor, who.id, AREA, role, school, to, reason)


def left(actor, who, role="school", reason="เกษียณ", school=SCHOOL):
    return postings.leave(actor, who.id, AREA, role, school, reason)


# Who gives which role


def test_every_role_has_its_rule():
    assert set(granting.GRANTING) == set(ROLES)
    for rule in granting.GRANTING.values():
        assert not set(rule.checked_by) & set(rule.certified_by)


@pytest.mark.parametrize("role", list(ROLES))
def test_no_role_but_the_administrators_gives_anything_alone(role, area):
    actor = person("actor", role, *([SCHOOL] if role in ("school", "director") else []))
    given = {
        one
        for one in ROLES
        if granting.gives_alone(actor, Grant(role=one, area_code=AREA, school_codes=[SCHOOL]))
    }
    assert given == (set(ROLES) if role == "admin" else set())
    assert not granting.gives_alone(actor, Grant(role="admin", area_code=EVERY_AREA))
    assert not granting.gives_alone(
        actor, Grant(role="school", area_code="34020000", school_codes=["34020001"])
    )


def test_nobody_raises_himself_by_any_way(administrator, officer, approver):
    for deed in (accounts.suspend, accounts.reset, accounts.clear_two_step, accounts.activate):
        with pytest.raises(NotAllowed):
            deed(administrator, administrator.id, "เพื่อตัวเอง")
    kept = {name: getattr(administrator, name) for name in accounts.PERSONAL}
    grants = [Grant(role="approver", area_code=AREA), Grant(role="admin", area_code=AREA)]
    with pytest.raises(NotAllowed):
        accounts.change(administrator, administrator.id, {**kept, "grants": grants}, administrator.revision)
    for who in (officer, approver):
        with pytest.raises(NotAllowed):
            accounts.create(
                who,
                {
                    "name": "x",
                    "email": "x@y.z",
                    "grants": [Grant(role="school", area_code=AREA, school_codes=[SCHOOL])],
                },
            )
    both = person("both", "district")
    both.grants.append(Grant(role="school", area_code=AREA, school_codes=[SCHOOL]))
    both.save()
    for deed in (moved, left):
        with pytest.raises(NotAllowed):
            deed(both, both)
    with pytest.raises(NotAllowed):
        recertifying.confirm(both, AREA, [both.id])


# Moving and leaving


def test_a_move_holds_at_the_next_request(officer, teacher, sign_in):
    browser = sign_in(teacher)
    done = moved(officer, teacher)
    assert done.schools("school") == [(AREA, OTHER)]
    assert browser.get(f"/admin/schools/details/?id={School.objects.get(code=OTHER).id}").status_code == 200
    event = history.events_of(AREA, teacher.id)[0]
    assert (event.action, event.reason) == ("transfer", "คำสั่งย้าย")
    assert event.changes["grants"] == [[f"ครูข้อมูลโรงเรียน · {SCHOOL}"], [f"ครูข้อมูลโรงเรียน · {OTHER}"]]


@pytest.mark.parametrize("to", ["99999999", SCHOOL, "", "34020001"])
def test_a_move_to_no_school_of_the_area_is_refused(officer, teacher, to):
    with pytest.raises(Invalid):
        moved(officer, teacher, to)


def test_who_leaves_his_last_role_is_suspended_and_can_be_found_again(officer, administrator, teacher):
    began = sessions.begin(teacher)
    done = left(officer, teacher)
    assert (done.active, done.schools("school")) == (False, [(AREA, SCHOOL)])
    assert sessions.resume(str(began.id)) is None
    with pytest.raises(WrongState):
        left(officer, teacher)
    assert accounts.activate(administrator, teacher.id, "กลับมา").active


def test_who_leaves_one_of_two_roles_keeps_the_other(officer, teacher):
    teacher.grants.append(Grant(role="director", area_code=AREA, school_codes=[OTHER]))
    teacher.save()
    done = left(officer, teacher)
    assert (done.active, done.schools("school", "director")) == (True, [(AREA, OTHER)])


def test_a_reason_is_asked_for(officer, teacher):
    for deed in (moved, left):
        with pytest.raises(Invalid):
            deed(officer, teacher, reason="  ")
    assert User.objects.get(id=teacher.id).revision == teacher.revision


def test_only_the_district_and_the_administrator_do_it(
    teacher, sign_in, neighbour, director, approver, executive, officer, administrator, area
):
    far = person("far", "district", area="34020000")
    for who in (neighbour, director, approver, executive, far):
        for deed in (moved, left):
            with pytest.raises(OutOfScope):
                deed(who, teacher)
        with pytest.raises((NotAllowed, OutOfScope)):
            recertifying.confirm(who, AREA, [teacher.id])
    browser = sign_in(far)
    for path in (f"details/?id={teacher.id}", f"school/?code={SCHOOL}"):
        answer = browser.get(f"/admin/people/{path}")
        assert (answer.status_code, teacher.name in answer.text) == (403, False)
    assert "บ้านหนึ่ง" not in browser.get("/admin/people/?show=all").text
    moved(administrator, teacher)
    for who in (officer, approver):  # no account of a school
        with pytest.raises(OutOfScope):
            left(administrator, who)


def test_the_pages_of_the_schools_people(sign_in, officer, teacher, neighbour):
    desk = sign_in(officer)
    assert "บ้านหนึ่ง" in desk.get("/admin/people/?show=all").text
    assert "บ้านสอง" not in desk.get("/admin/people/?show=all&q=บ้านหนึ่ง").text
    assert teacher.name in desk.get(f"/admin/people/school/?code={SCHOOL}").text
    form = {"id": str(teacher.id), "held": f"school {SCHOOL}", "to": "99999999", "reason": "ย้าย"}
    refused = desk.send("/admin/people/transfer/", form)
    assert refused.status_code == 422
    assert "โรงเรียนปลายทาง" in refused.text
    assert desk.send("/admin/people/transfer/", {**form, "to": f"{OTHER} บ้านสอง"}).status_code == 303
    assert "ย้ายโรงเรียน" in desk.get(f"/admin/people/details/?id={teacher.id}").text
    gone = {"id": str(neighbour.id), "held": f"school {OTHER}", "reason": "ลาออก"}
    assert desk.send("/admin/people/leave/", gone).status_code == 303
    assert not neighbour.reload().active
    assert desk.get("/admin/people/details/?id=x").status_code == 403
    assert desk.get(f"/admin/people/details/?id={officer.id}").status_code == 403


# The yearly confirmation


@pytest.fixture
def running(officer, teacher, neighbour, director, post_office):
    """A confirmation that is open until 1 July; nobody is confirmed, everybody was told."""
    recertifying.begin(officer, AREA, DUE)
    return recertifying.present(AREA)


def run_on(day):
    """The job of that day, done at once."""
    clock.configure(f"{day.isoformat()}T08:00")
    recertifying.ask_daily(AREA)
    return Job.objects(kind="recertify").order_by("-id").first()


def test_the_timetable_looks_after_it_each_day():
    assert timetable.TASKS["recertify"].work is recertifying.ask_daily


def test_everybody_is_told_when_it_opens(running, teacher, neighbour, officer, post_office):
    assert running["told_at"]
    told = {letter["To"] for letter in post_office.letters}
    assert {teacher.email, neighbour.email, officer.email} <= told
    assert "1 กรกฎาคม 2568" in post_office.to(teacher.email)[0].get_content()


def test_who_was_not_confirmed_is_suspended_after_the_last_day(
    running, officer, approver, teacher, neighbour, director, post_office
):
    recertifying.confirm(officer, AREA, [teacher.id, director.id])
    recertifying.confirm(approver, AREA, [officer.id])
    approver.update(set__confirmed=officer.reload().confirmed)
    run_on(DUE)
    assert neighbour.reload().active
    began = sessions.begin(neighbour)
    job = run_on(DUE + dt.timedelta(days=1))
    assert job.result["summary"] == ["ระงับบัญชีที่ไม่ได้ยืนยัน 1 บัญชี"]
    assert [one.reload().active for one in (teacher, director, neighbour, officer)] == [
        True,
        True,
        False,
        True,
    ]
    assert sessions.resume(str(began.id)) is None
    event = history.events_of(AREA, neighbour.id)[0]
    assert (event.action, event.reason) == ("lapse", "ไม่ได้ยืนยันภายในวันที่ 1 กรกฎาคม 2568")
    assert recertifying.present(AREA) is None
    assert list(verifying.verify(AREA)) == []


def test_who_confirms_is_reminded_once_a_step_of_what_waits_for_him(running, officer, approver, post_office):
    counts, told_before = [], len(post_office.to(officer.email))
    for days in (20, 7, 6, 3, 1):
        run_on(DUE - dt.timedelta(days=days))
        counts.append(len(post_office.to(officer.email)) - told_before)
    assert counts == [0, 1, 1, 2, 3]
    assert "ยังไม่ได้ยืนยัน 3 บัญชี" in post_office.to(officer.email)[-1].get_content()
    assert "ยังไม่ได้ยืนยัน 1 บัญชี" in post_office.to(approver.email)[-1].get_content()


def test_nobody_is_suspended_who_was_not_told_a_week_before(running, neighbour, teacher, database):
    late = dt.datetime(2025, 7, 1, 3)  # noqa: DTZ001
    database.areas.update_one({"code": AREA}, {"$set": {"recertification.told_at": late}})
    assert "7 วัน" in run_on(DUE + dt.timedelta(days=2)).result["summary"][0]
    assert neighbour.reload().active
    run_on(DUE + dt.timedelta(days=8))
    assert not neighbour.reload().active


def test_a_job_that_runs_again_does_nothing_twice(running, neighbour, post_office):
    before = len(post_office.letters)
    run_on(clock.today() + dt.timedelta(days=1))
    assert len(post_office.letters) == before


def test_who_has_roles_elsewhere_is_left_to_a_person(
    running, neighbour, administrator, officer, teacher, director
):
    neighbour.grants.append(Grant(role="executive", area_code="34020000"))
    neighbour.save()
    recertifying.confirm(administrator, AREA, [teacher.id, director.id, officer.id])
    job = run_on(DUE + dt.timedelta(days=1))
    assert "ไม่ได้ระงับ 2 บัญชี" in job.result["summary"][1]  # the one administrator, too
    assert neighbour.reload().active


def test_the_office_is_confirmed_by_the_approver_or_an_administrator_nobody_by_himself(
    running, officer, approver, administrator, teacher, neighbour, director, sign_in
):
    with pytest.raises(OutOfScope):
        recertifying.confirm(officer, AREA, [approver.id])
    with pytest.raises(OutOfScope):
        recertifying.confirm(approver, AREA, [teacher.id])
    for who in (approver, administrator):
        with pytest.raises(NotAllowed):
            recertifying.confirm(who, AREA, [who.id])
    teacher.update(push__grants=Grant(role="district", area_code=AREA))
    with pytest.raises(OutOfScope):  # an officer, too
        recertifying.confirm(officer, AREA, [teacher.id])
    desk = sign_in(approver)
    page = desk.get("/admin/recertification/").text
    offered = [f'value="{who.id}"' in page for who in (officer, administrator, approver, neighbour)]
    assert offered == [True, True, False, False]
    chosen = [str(officer.id), str(administrator.id)]
    assert desk.send("/admin/recertification/confirm/", {"ids": chosen}).status_code == 303
    assert "ไม่มีบัญชีที่รอท่านยืนยัน" in desk.get("/admin/recertification/").text
    assert desk.send("/admin/recertification/confirm/", {"ids": [str(neighbour.id)]}).status_code == 403
    assert recertifying.is_confirmed(administrator.reload(), AREA, running)


def test_schools_of_a_whole_area_are_confirmed_from_one_list(
    running, officer, teacher, director, neighbour, sign_in
):
    desk = sign_in(officer)
    page = desk.get("/admin/recertification/?ticked=1").text
    assert f'value="{neighbour.id}" checked' in page
    assert f"/admin/people/details/?id={neighbour.id}" in page
    (waits,) = [each for each in waiting_for(officer, AREA, []) if each.what == "recertify"]
    assert (waits.count, waits.until) == (3, dt.datetime(2025, 7, 1, 17, tzinfo=dt.UTC))
    everybody = [str(who.id) for who in (teacher, director, neighbour)]
    assert desk.send("/admin/recertification/confirm/", {"ids": everybody}).status_code == 303
    assert [each.what for each in waiting_for(officer, AREA, []) if each.what == "recertify"] == []


def test_the_last_administrator_stays_whoever_forgot_him(running, administrator, approver, officer):
    summary = run_on(DUE + dt.timedelta(days=1)).result["summary"]
    assert "ผู้ดูแลระบบคนสุดท้าย" in summary[1]
    assert [who.reload().active for who in (administrator, approver, officer)] == [True, False, False]
    assert recertifying.present(AREA) is None


def test_who_is_switched_on_again_is_not_suspended_the_next_morning(
    running, administrator, neighbour, teacher
):
    teacher.update(push__grants=Grant(role="executive", area_code="34020000"))  # so that it stays open
    run_on(DUE + dt.timedelta(days=1))
    accounts.activate(administrator, neighbour.id, "ยังทำหน้าที่เดิม")
    assert recertifying.present(AREA)
    run_on(DUE + dt.timedelta(days=2))
    assert neighbour.reload().active


def test_a_new_account_is_as_good_as_confirmed(running, administrator):
    values = {
        "name": "ครูใหม่",
        "email": "n@example.org",
        "grants": [Grant(role="school", area_code=AREA, school_codes=[OTHER])],
    }
    made, _ = accounts.create(administrator, values)
    assert recertifying.is_confirmed(made, AREA, recertifying.present(AREA))
    assert made.id not in User.objects(__raw__=recertifying.left(AREA, recertifying.present(AREA))).scalar(
        "id"
    )


def test_schools_are_confirmed_on_their_pages(running, sign_in, officer, teacher, director, neighbour):
    desk = sign_in(officer)
    page = desk.get("/admin/people/").text
    assert "1 กรกฎาคม 2568" in page
    assert recertifying.counts_of_schools(AREA, running) == {
        SCHOOL: {"people": 2, "left": 2},
        OTHER: {"people": 1, "left": 1},
    }
    chosen = {"code": SCHOOL, "ids": [str(teacher.id), str(director.id)]}
    assert desk.send("/admin/people/confirm/", chosen).status_code == 303
    assert "บ้านหนึ่ง" not in desk.get("/admin/people/").text
    assert desk.send("/admin/people/confirm/", {"code": OTHER, "ids": [str(officer.id)]}).status_code == 403
    assert desk.send("/admin/people/end/", {"reason": "เปิดผิดวัน"}).status_code == 303
    assert recertifying.present(AREA) is None


@pytest.mark.parametrize("due", [None, dt.date(2025, 6, 10), dt.date(2026, 6, 1)])
def test_the_last_day_leaves_time_and_is_near(officer, due):
    with pytest.raises(Invalid):
        recertifying.begin(officer, AREA, due)


def test_one_confirmation_is_open_at_a_time(running, officer, teacher):
    with pytest.raises(WrongState):
        recertifying.begin(officer, AREA, DUE)
    with pytest.raises(NotAllowed):
        recertifying.begin(teacher, AREA, DUE)
    assert collection(Area).count_documents({"recertification": {"$ne": None}}) == 1
