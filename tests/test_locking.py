"""Locking: closing, sealing, freezing, locked; interrupted anywhere and run again, it comes to the same."""

import datetime as dt

import pytest

from documents import clock
from documents.background import job_runs, jobs
from documents.background.job_access import CannotCancel, cancel
from documents.background.jobs import Job, ask
from documents.collecting import freezing, locking, moves, round_moves
from documents.collecting.freezing import Freeze, freeze_of
from documents.collecting.locking import lock_round, lock_school
from documents.collecting.moves import move
from documents.collecting.rounds import Round, find_round
from documents.collecting.submissions import find_submission, submissions_of
from documents.district.schools import School
from documents.errors import Busy, Invalid, NotAllowed, OutOfScope, RoundLocked, WindowShut, WrongState
from documents.records import codelists
from documents.records.digests import digest_of, root_of
from documents.records.writing import Change, write
from documents.trail import verifying
from tests.districts import LOADER, bring
from tests.people import AREA, OTHER, ROUND, SCHOOL, YEAR, person, place

WHY = "โรงเรียนไม่รายงาน แจ้งเตือน 3 ครั้ง"


def new(document, school, code="1", **values):
    return Change(document, place(school), {"code": code, "name": f"โรงอาหาร {code}", **values})


def fresh(round_):
    return Round.objects(id=round_.id).get()


def here():
    return find_submission("DMC", place())


def there():
    return find_submission("DMC", place(OTHER))


@pytest.fixture
def half(canteens, open_round):
    """One school verified, the other a draft, each with two records."""
    for school in (SCHOOL, OTHER):
        write([new(canteens, school, code, faith="001") for code in "12"], LOADER)
    bring(here(), "confirm", "certify", "verify")
    return open_round


def told(round_):
    """What a lock left, save instants and ids."""
    freeze = freeze_of(round_)
    kept = freeze.to_mongo().to_dict()
    return {name: value for name, value in kept.items() if name != "_id"}, [
        (each.school_code, each.state, each.version, each.digest, each.digest_writes, len(each.moves))
        for each in submissions_of(round_).order_by("school_code")
    ]


# ---- what a lock does ----


def test_a_lock_seals_freezes_and_locks(half, approver):
    locked = lock_round(half, approver, WHY)
    assert (locked.state, locked.locked_by, locked.locked_by_name) == ("locked", approver.id, approver.name)
    assert (here().state, there().state) == ("locked", "unreported")
    assert [each.digest for each in (here(), there())] == [digest_of(here()), digest_of(there())]
    assert locked.root_hash == root_of({SCHOOL: here().digest, OTHER: there().digest})
    assert [row["to"] for row in locked.moves][-2:] == ["closing", "locked"]
    assert list(verifying.verify()) == []


def test_who_did_not_report_is_listed_with_the_reason(half, approver):
    rows = {row["code"]: row for row in freeze_of(lock_round(half, approver, WHY)).schools}
    assert (rows[SCHOOL]["state"], rows[SCHOOL]["reason"]) == ("locked", None)
    assert (rows[OTHER]["state"], rows[OTHER]["reason"]) == ("unreported", WHY)
    assert rows[OTHER]["counts"]["canteens"] == 2


def test_a_lock_freezes_names_words_and_layout(half, approver, database):
    School.objects(code=SCHOOL).update(name="บ้านหนึ่ง (ชื่อใหม่)", cluster="กลุ่มใหม่")
    locked = lock_round(half, approver, WHY)
    before = told(locked)
    School.objects(code=SCHOOL).update(name="เปลี่ยนอีกครั้ง")
    database.code_lists.insert_one(
        {"_id": "RELIGION", "title": "x", "source": "x", "version": 9, "entries": []}
    )
    codelists.forget()
    freeze = freeze_of(locked)
    row = freeze.schools[0]
    assert (row["name"], row["cluster"]) == ("บ้านหนึ่ง (ชื่อใหม่)", "กลุ่มใหม่")
    assert ["001", "พุทธ"] in [entry[:2] for entry in freeze.code_lists["RELIGION"]]
    assert ["seats", "ที่นั่ง"] in freeze.layouts["canteens"]
    assert told(locked) == before
    assert digest_of(here()) == here().digest
    codelists.forget()


def test_a_school_renamed_after_its_confirmation_is_locked_under_its_new_name(half, approver):
    confirmed = here().digest
    School.objects(code=SCHOOL).update(name="บ้านหนึ่งวิทยา")
    lock_round(half, approver, WHY)
    assert here().school_name == "บ้านหนึ่งวิทยา"
    assert here().digest != confirmed
    assert digest_of(here()) == here().digest


def test_every_state_is_sealed(district, approver):
    paths = [(), ("confirm",), ("confirm", "certify"), ("confirm", "certify", "verify")]
    paths += [("confirm", "send_back"), ("confirm", "certify", "verify", "return")]
    for number, path in enumerate(paths, 3):
        bring(find_submission("DMC", place(f"34010{number:03}")), *path)
    locked = lock_round(district, approver, WHY)
    found = {each.school_code: each.state for each in submissions_of(locked)}
    assert len(found) == 230
    assert [code for code, state in found.items() if state == "locked"] == ["34010006"]
    assert {state for code, state in found.items() if code != "34010006"} == {"unreported"}


def test_an_empty_school_has_a_digest_too(canteens, open_round, approver):
    lock_round(open_round, approver, WHY)
    assert len(here().digest) == 64
    assert here().digest != there().digest


# ---- who may, and when ----


@pytest.mark.parametrize("role", ["teacher", "director", "officer", "executive", "administrator"])
def test_only_the_approver_locks(role, half, request):
    with pytest.raises(NotAllowed):
        lock_round(half, request.getfixturevalue(role), WHY)
    assert fresh(half).state == "open"


def test_an_approver_of_another_area_locks_nothing(half):
    with pytest.raises(NotAllowed):
        lock_round(half, person("far", "approver", area="34020000"), WHY)


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_unverified_schools_want_a_reason(reason, half, approver):
    with pytest.raises(Invalid, match="เหตุผล"):
        lock_round(half, approver, reason)
    assert fresh(half).state == "open"
    assert there().state == "draft"


def test_all_verified_wants_none(half, approver):
    bring(there(), "confirm", "certify", "verify")
    assert lock_round(half, approver, None).state == "locked"


def test_a_round_is_locked_once(half, approver):
    locked = lock_round(half, approver, WHY)
    with pytest.raises(WrongState, match="ล็อกแล้ว"):
        lock_round(locked, approver, WHY)
    with pytest.raises(WrongState, match="มีผู้อื่น"):
        lock_round(half, approver, WHY)


def test_two_approvers_at_once_come_to_one_lock(half, approver, monkeypatch):
    """The second takes the round up while the first is at it, and is told that somebody else was first."""
    second = person("second", "approver")
    seal_all = locking._seal_all

    def meanwhile(*given):
        seal_all(*given)
        monkeypatch.setattr(locking, "_seal_all", seal_all)
        lock_round(fresh(half), second, "อีกเหตุผล")

    monkeypatch.setattr(locking, "_seal_all", meanwhile)
    with pytest.raises(WrongState, match="มีผู้อื่น"):
        lock_round(half, approver, WHY)
    locked = fresh(half)
    assert (locked.locked_by_name, freeze_of(locked).locked_by_name) == (approver.name, approver.name)
    assert locked.root_hash == freeze_of(locked).root_hash
    assert list(verifying.verify()) == []


@pytest.mark.parametrize("actor", ["teacher", "officer"])
def test_nothing_is_written_or_moved_once_it_is_locked(actor, half, canteens, approver, request):
    lock_round(half, approver, WHY)
    for school in (SCHOOL, OTHER):
        with pytest.raises((RoundLocked, OutOfScope)):
            write([new(canteens, school, "9")], request.getfixturevalue(actor), "เหตุผล")
        with pytest.raises((RoundLocked, OutOfScope, WrongState)):
            move(find_submission("DMC", place(school)), "confirm", request.getfixturevalue(actor), "เหตุผล")
    with pytest.raises(WrongState):
        round_moves.set_windows(fresh(half), {"enter": (clock.now(), clock.now() + dt.timedelta(days=9))}, half.as_of,
                           request.getfixturevalue("officer"), "ขอเปิดอีก")  # fmt: skip


def test_while_it_is_closing_nobody_writes_and_nothing_is_reopened(
    half, canteens, teacher, approver, officer
):
    round_moves.change_state(half, "closing", approver, WHY)
    for writer in (teacher, officer, LOADER):
        with pytest.raises(RoundLocked):
            write([new(canteens, SCHOOL, "9")], writer, "เหตุผล")
    lock_school(here(), approver)
    with pytest.raises(WrongState, match="กำลังล็อก"):
        move(here(), "reopen", approver, "ขอแก้", until=clock.now() + dt.timedelta(days=1))


# ---- interrupted and run again ----


class Interrupted(BaseException):
    """The process is gone."""


STEPS = [
    (locking, "look_before_lock", 1),
    (locking, "_read_before", 1),
    (locking, "change_state", 1),
    (locking, "change_state", 2),
    (locking, "_seal_all", 1),
    (locking, "digests_of", 1),
    (locking, "changes_of", 2),
    (locking, "push", 1),
    (locking, "push", 2),
    (locking, "freeze_round", 1),
    (freezing, "frozen_school", 2),
    (freezing, "frozen_lists", 1),
    (freezing, "freeze_of", 1),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_lock_interrupted_at_any_step_and_run_again_is_the_same(
    after, half, approver, monkeypatch, database
):
    """One lock for comparison; then everything is put back, and each step is interrupted before or behind it."""
    kept = {name: list(database[name].find()) for name in ("rounds", "submissions", "canteens")}
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    expected = told(lock_round(half, approver, WHY))
    second = person("second", "approver")
    for module, name, nth in STEPS:
        for collection, rows in {**kept, "freezes": []}.items():
            database[collection].delete_many({})
            if rows:
                database[collection].insert_many(rows)
        with monkeypatch.context() as patch:
            patch.setattr(module, name, interrupted(getattr(module, name), nth, after))
            with pytest.raises(Interrupted):
                lock_round(fresh(half), approver, WHY)
        if fresh(half).state != "locked":
            again = second if fresh(half).state == "closing" else approver
            lock_round(fresh(half), again, None if again is second else WHY)
        assert told(fresh(half)) == expected, (name, nth)
        assert (fresh(half).locked_by_name, fresh(half).root_hash) == (
            approver.name,
            expected[0]["root_hash"],
        )
        assert list(verifying.verify()) == [], (name, nth)


def interrupted(work, nth, after):
    """`work`, which ends the process at its n-th call, before or after doing what it does."""
    calls = []

    def wrapped(*given, **named):
        calls.append(1)
        if len(calls) == nth and not after:
            raise Interrupted
        answer = work(*given, **named)
        if len(calls) == nth:
            raise Interrupted
        return answer

    return wrapped


def test_a_lock_is_cancelled_while_it_reads_and_then_nothing_was_locked(half, approver, monkeypatch):
    monkeypatch.setattr(jobs, "_queue", None)
    asked = {"round_id": str(half.id), "reason": WHY}
    job = ask("lock_round", approver, AREA, half, arguments=asked, alone=True)
    kept = told_of_submissions(half)
    monkeypatch.setattr(job_runs, "WRITTEN_EVERY", 0)
    real = locking._digests

    def and_cancel(*given):
        cancel(Job.objects(id=job.id).get(), approver)
        return real(*given)

    monkeypatch.setattr(locking, "_digests", and_cancel)
    assert job_runs.run(job.id) == "cancelled"
    done = Job.objects(id=job.id).get()
    assert done.result["summary"] == ["หยุดก่อนเริ่มล็อก ยังไม่มีโรงเรียนใดถูกล็อก รอบเป็นอย่างเดิม"]
    assert (fresh(half).state, fresh(half).moves) == ("open", half.moves)
    assert (told_of_submissions(half), freeze_of(half)) == (kept, None)
    monkeypatch.setattr(locking, "_digests", real)
    assert lock_round(fresh(half), approver, WHY).state == "locked"


def told_of_submissions(round_):
    return [each.to_mongo() for each in submissions_of(round_).order_by("school_code")]


def test_a_lock_that_has_begun_to_seal_goes_to_its_end_also_through_another_worker(
    half, approver, monkeypatch
):
    monkeypatch.setattr(jobs, "_queue", None)
    asked = {"round_id": str(half.id), "reason": WHY}
    job = ask("lock_round", approver, AREA, half, arguments=asked, alone=True)
    real = locking._seal_all

    def refused(*given):
        with pytest.raises(CannotCancel, match="หยุดกลางคันไม่ได้"):
            cancel(Job.objects(id=job.id).get(), approver)
        real(*given)

    def killed(*given):
        refused(*given)
        job_runs.stopping.set()
        raise job_runs.Interrupted

    monkeypatch.setattr(locking, "_seal_all", killed)
    job_runs.run(job.id)
    job_runs.stopping.clear()
    waiting = Job.objects(id=job.id).get()
    assert (waiting.state, fresh(half).state) == ("waiting", "closing")
    with pytest.raises(CannotCancel):
        cancel(waiting, approver)
    monkeypatch.setattr(locking, "_seal_all", refused)
    assert job_runs.run(job.id) == "done"
    assert fresh(half).state == "locked"


def test_what_is_written_after_it_was_read_is_read_again(half, approver, canteens, monkeypatch):
    real = locking._read_before

    def and_write(*given):
        read = real(*given)
        write([new(canteens, OTHER, "9")], LOADER)
        return read

    monkeypatch.setattr(locking, "_read_before", and_write)
    locked = lock_round(half, approver, WHY)
    assert there().digest == digest_of(there())
    assert freeze_of(locked).schools[1]["counts"]["canteens"] == 3


def test_a_school_that_is_being_saved_is_named_and_does_not_stop_the_others(half, approver, monkeypatch):
    """A transaction holds the other school longer than a move waits."""
    from mongoengine import get_connection

    monkeypatch.setattr(moves, "PATIENCE_MS", 300)
    with get_connection().start_session() as session, session.start_transaction():
        there()._get_collection().update_one({"_id": there().id}, {"$inc": {"writes": 1}}, session=session)
        with pytest.raises(Busy, match="บ้านสอง"):
            lock_round(half, approver, WHY)
    assert (here().state, there().state, fresh(half).state) == ("locked", "draft", "closing")
    assert lock_round(fresh(half), approver, None).state == "locked"
    assert there().state == "unreported"


# ---- one school, and reopening ----


def until(days=3):
    return clock.now() + dt.timedelta(days=days)


def reopened(approver, school=SCHOOL, **more):
    return move(
        find_submission("DMC", place(school)), "reopen", approver, "โรงเรียนขอแก้ชื่อ", until=until(), **more
    )


def again(canteens, **values):
    """The first school's record changed and its submission brought to verified once more."""
    row = canteens.objects(school_code=SCHOOL, code="1").get()
    write([Change(canteens, row.place, values, id=row.id, revision=row.revision)], LOADER)
    return bring(here(), "confirm", "certify", "verify")


def test_one_school_is_locked_before_the_round(half, approver, canteens, teacher):
    early = lock_school(here(), approver)
    assert (early.state, fresh(half).state) == ("locked", "open")
    with pytest.raises(RoundLocked, match=r"^ข้อมูลของบ้านหนึ่ง รอบ DMC"):
        write([new(canteens, SCHOOL, "9")], teacher)
    assert freeze_of(half) is None
    locked = lock_round(fresh(half), approver, WHY)
    with pytest.raises(RoundLocked, match=r"^รอบ DMC"):
        write([new(canteens, SCHOOL, "9")], teacher)
    assert here().digest == early.digest == freeze_of(locked).schools[0]["digest"]


@pytest.mark.parametrize("role", ["teacher", "director", "officer", "executive", "administrator"])
def test_only_the_approver_locks_one_school(role, half, request):
    with pytest.raises(OutOfScope):
        lock_school(here(), request.getfixturevalue(role))


def test_an_unverified_school_is_not_locked_alone(half, approver):
    with pytest.raises(WrongState):
        lock_school(there(), approver)
    with pytest.raises(WrongState, match="ทั้งรอบ"):
        move(there(), "close", approver, WHY)


def test_a_reopened_school_becomes_version_two_and_keeps_the_first_digest(half, approver, canteens):
    locked = lock_round(half, approver, WHY)
    first = here().digest
    opened = reopened(approver)
    assert (opened.version, opened.state, fresh(half).state) == (2, "returned", "locked")
    assert (opened.versions[0]["version"], opened.versions[0]["digest"]) == (1, first)
    assert freeze_of(locked).schools[0]["digest"] == first
    again(canteens, seats=77)
    second = lock_school(here(), approver)
    freeze = freeze_of(locked)
    assert second.digest != first
    assert (freeze.schools[0]["digest"], freeze.schools[0]["version"]) == (second.digest, 2)
    assert (
        freeze.root_hash == fresh(half).root_hash == root_of({SCHOOL: second.digest, OTHER: there().digest})
    )
    assert freeze.earlier[0]["root_hash"] == locked.root_hash
    assert fresh(half).moves[-1]["changes"]["root_hash"] == [locked.root_hash, freeze.root_hash]
    assert list(verifying.verify()) == []


def test_locking_one_school_again_changes_no_other_row(half, approver, canteens):
    locked = lock_round(half, approver, WHY)
    before = freeze_of(locked)
    reopened(approver)
    reopened(approver, OTHER)  # its records are open: what the first lock froze of it must stand
    School.objects(code=OTHER).update(name="ชื่อใหม่")
    again(canteens, seats=77)
    lock_school(here(), approver)
    after = freeze_of(locked)
    assert after.schools[1] == before.schools[1]
    assert (after.locked_at, after.layouts, after.title) == (before.locked_at, before.layouts, before.title)
    assert after.schools[0] != before.schools[0]


@pytest.mark.parametrize("step", ["freeze_again", "_tell_root", "change_state"])
def test_locking_one_school_again_may_be_interrupted(step, half, approver, canteens, monkeypatch):
    lock_round(half, approver, WHY)
    reopened(approver)
    again(canteens, seats=77)
    with monkeypatch.context() as patch:
        patch.setattr(locking, step, interrupted(getattr(locking, step), 1, False))
        with pytest.raises(Interrupted):
            lock_school(here(), approver)
    lock_school(here(), approver)
    freeze = freeze_of(half)
    assert freeze.schools[0]["digest"] == here().digest == digest_of(here())
    assert (
        freeze.root_hash == fresh(half).root_hash == root_of({SCHOOL: here().digest, OTHER: there().digest})
    )
    assert len(freeze.earlier) == 1
    with pytest.raises(WrongState):
        lock_school(here(), approver)


def test_a_code_added_since_is_frozen_beside_the_old_words(half, approver, canteens, database):
    locked = lock_round(half, approver, WHY)
    entries = [{"code": "001", "label": "พุทธ (ใหม่)"}, {"code": "998", "label": "ความเชื่อใหม่"}]
    database.code_lists.insert_one(
        {"_id": "RELIGION", "title": "x", "source": "x", "version": 9, "entries": entries}
    )
    codelists.forget()
    reopened(approver)
    again(canteens, faith="998")
    lock_school(here(), approver)
    words = {row[0]: row[1] for row in freeze_of(locked).code_lists["RELIGION"]}
    assert (words["001"], words["998"]) == ("พุทธ", "ความเชื่อใหม่")
    codelists.forget()


def test_a_reopening_for_one_record_takes_no_other(half, approver, teacher, canteens):
    lock_round(half, approver, WHY)
    one, other = (canteens.objects(school_code=SCHOOL, code=code).get() for code in "12")
    reopened(approver, records=[one.id])
    write([Change(canteens, place(), {"seats": 5}, id=one.id, revision=1)], teacher)
    for refused in (
        Change(canteens, place(), {"seats": 5}, id=other.id, revision=1),
        new(canteens, SCHOOL, "3"),
    ):
        with pytest.raises(NotAllowed, match="เฉพาะบางรายการ"):
            write([refused], teacher)


def test_what_was_reopened_and_never_handed_in_again_keeps_the_frozen_row(half, approver, teacher, canteens):
    locked = lock_round(half, approver, WHY)
    root = locked.root_hash
    reopened(approver)
    clock.configure("2025-07-30T09:00:00+07:00")
    with pytest.raises(WindowShut):
        write([new(canteens, SCHOOL, "9")], teacher)
    assert (fresh(half).root_hash, freeze_of(locked).root_hash) == (root, root)


def test_one_freeze_a_round(half, approver):
    lock_round(half, approver, WHY)
    assert Freeze.objects(area_code=AREA, academic_year=YEAR, round=ROUND).count() == 1
    assert find_round(AREA, "DMC", YEAR, ROUND).state == "locked"
