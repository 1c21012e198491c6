"""Races: writers through form, import and script while a round is locked; moves against writes; two at once."""

import datetime as dt
import itertools
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from documents import clock
from documents.collecting import moves, progress, submissions
from documents.collecting.locking import lock_round
from documents.collecting.moves import move
from documents.collecting.rounds import Round
from documents.collecting.submissions import find_submission, submissions_of
from documents.dmc.students import Student
from documents.errors import (
    Busy,
    DoorClosed,
    DuplicateKey,
    Invalid,
    RoundLocked,
    RuleBroken,
    StaleRevision,
    WrongState,
)
from documents.records import writing
from documents.records.completeness import counts_by_school
from documents.records.digests import digest_of, digests_of
from documents.records.writing import Change, write
from documents.trail import verifying
from documents.trail.history import AuditEvent
from tests.districts import LOADER, SCHOOLS, at, bring, code_of, with_rooms
from tests.making import complete
from tests.people import AREA, OTHER, person, place

WHY = "ไม่รายงานภายในกำหนด"
SENT_BACK = range(1, 40)  # these schools are in `returned`, the others drafts
numbers = itertools.count(1)


# ---- eight writers ----


@dataclass
class Writers:
    """Eight who write into a round of the whole district, each in its own way, until told to stop."""

    stop: threading.Event = field(default_factory=threading.Event)
    landed: list = field(default_factory=list)  # (begun, answered, how)
    refused: Counter = field(default_factory=Counter)
    faults: list = field(default_factory=list)
    threads: list = field(default_factory=list)

    def begin(self, ways):
        """Start one thread for each (how, way); a way is a function that makes one write."""
        for how, way in ways:
            self.threads.append(threading.Thread(target=self._run, args=(how, way), daemon=True))
            self.threads[-1].start()

    def _run(self, how, way):
        while not self.stop.is_set():
            begun = time.monotonic()
            try:
                way()
                self.landed.append((begun, time.monotonic(), how))
            except (DoorClosed, StaleRevision, Busy) as refusal:
                self.refused[type(refusal)] += 1
                time.sleep(0.02)
            except BaseException as fault:
                self.faults.append(repr(fault))  # told by the test, which a thread cannot fail
                raise

    def wait_for(self, count, seconds=120):
        """Wait until so many writes have landed."""
        until = time.monotonic() + seconds
        while len(self.landed) < count and not self.faults:
            assert time.monotonic() < until, f"only {len(self.landed)} writes landed"
            time.sleep(0.005)

    def end(self):
        """Tell all to stop, and wait for the last one."""
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def in_flight_at(self, moment):
        """How many of the landed writes had begun before a moment and were answered after it."""
        return sum(begun < moment < answered for begun, answered, _ in self.landed)


def somewhere():
    return at(random.randrange(1, SCHOOLS + 1))  # noqa: S311  not a secret


def pupil(**more):
    """A pupil as a draft may be: a name and a number, the rest to come."""
    number = next(numbers)
    return {"first_name": "กานต์", "last_name": "ใจดี", "student_no": str(number)} | more


def by_import():
    """A school's file: some new pupils in one batch."""
    where = somewhere()
    write([Change(Student, where, pupil()) for _ in range(5)], LOADER, via="import")


class ByScript:
    """A script that makes a record somewhere and changes it some times over."""

    def __init__(self):
        self.own = None

    def __call__(self):
        where, id_, revision = self.own or (somewhere(), None, None)
        values = {"room": revision} if id_ else pupil()
        self.own = None
        (done,) = write([Change(Student, where, values, id=id_, revision=revision)], LOADER, via="script")
        self.own = (where, *done) if done.revision < 6 else None


class ByForm:
    """A teacher's browser: the page of one pupil, saved again and again through the form."""

    def __init__(self, browser):
        self.browser, self.own = browser, None

    def __call__(self):
        if self.own is None:
            where = somewhere()
            (made,) = write([Change(Student, where, pupil())], LOADER)
            self.own = made
        id_, revision = self.own
        self.own = None
        typed = {"first_name": "กานต์", "last_name": "ใจดี", "room": str(revision), "revision": str(revision)}
        answer = self.browser.send(f"/admin/students/edit/?id={id_}", typed)
        if answer.status_code == 409:
            raise RoundLocked("as the page says")
        assert answer.status_code == 302, answer.get_data(as_text=True)[:500]
        self.own = (id_, revision + 1) if revision < 6 else None


@pytest.fixture
def ways(app, district):
    """Eight ways to write: three browsers, two importers, three scripts."""
    teachers = [
        person(f"teacher{n}", "school", *(code_of(s) for s in range(1, SCHOOLS + 1))) for n in range(3)
    ]
    browsers = []
    for teacher in teachers:
        browsers.append(app.test_client())
        browsers[-1].sign_in(teacher)
    return [
        *(("form", ByForm(browser)) for browser in browsers),
        *(("import", by_import) for _ in range(2)),
        *(("script", ByScript()) for _ in range(3)),
    ]


def differences(round_):
    """Schools whose sealed records are no longer those of their digest."""
    sealed = list(submissions_of(round_))
    now = digests_of(sealed)
    return [
        each.school_code
        for each in sealed
        if each.digest != now[each.school_code] or each.digest_writes != each.writes
    ]


def events():
    return AuditEvent.objects(area_code=AREA, document="students").count()


@dataclass
class Race:
    """What came of a lock among eight writers."""

    writers: Writers
    before: int  # writes that landed before it
    in_flight: int  # writes that were going on when it came, and landed
    seconds: float  # until it answered
    behind: int  # events written after it had answered
    different: list  # schools whose records are not those of their digest


def race(round_, approver, ways, landed, after=0.3):
    """Lock the round once so many writes have landed, while eight go on; they go on for a while after it too."""
    writers = Writers()
    writers.begin(ways)
    try:
        writers.wait_for(landed)
        before, began = len(writers.landed), time.monotonic()
        lock_round(Round.objects(id=round_.id).get(), approver, WHY)
        seconds, told = time.monotonic() - began, events()
        time.sleep(after)
    finally:
        writers.end()
    behind, different = events() - told, differences(round_)
    return Race(writers, before, writers.in_flight_at(began), seconds, behind, different)


def check_whole(round_):
    """Counters, history and records agree in every school."""
    kept = list(submissions_of(round_))
    counted = counts_by_school(kept)
    for each in kept:
        there = {name: value for name, value in each.counts.items() if value}
        assert there == {name: value for name, value in counted[each.school_code].items() if value}
    assert list(verifying.verify()) == []


def put_back(database, round_):
    """The round open again and empty, its schools drafts and some sent back: as only a test may make it."""
    for name in ("students", "audit_events", "freezes"):
        database[name].delete_many({})
    database.rounds.update_one({"_id": round_.id}, {"$set": {"state": "open"}})
    empty = {"state": "draft", "writes": 0, "counts": {}, "moves": [], "removed": 0, "version": 1}
    gone = dict.fromkeys(("digest", "digest_writes", "history_hash", "locked_at"), "")
    database.submissions.update_many({}, {"$set": empty, "$unset": gone})
    for number in SENT_BACK:
        bring(find_submission("DMC", at(number)), "confirm", "send_back")


def test_a_lock_answers_while_eight_write_and_nothing_lands_behind_it(
    district, approver, ways, times, database
):
    landed = times(250, 1000)
    for _ in range(times(1, 50)):
        put_back(database, district)
        came = race(district, approver, ways, landed)
        assert came.writers.faults == []
        assert came.before >= landed
        assert {how for _, _, how in came.writers.landed} == {"form", "import", "script"}
        assert came.in_flight >= 1
        assert (came.behind, came.different) == (0, [])
        assert came.writers.refused[RoundLocked] > 0
        assert {each.state for each in submissions_of(district)} == {"unreported"}
        check_whole(district)
        print(f"{came.before} writes, {came.in_flight} in flight, locked in {came.seconds:.2f} s")


# ---- the last ten minutes ----


def test_schools_that_confirm_in_the_last_minutes_are_all_taken_while_the_district_looks_on(
    district, sign_in, officer, times
):
    """Abuse case 38: the schools press ยืนยัน at once, the control room stands open on screens, one takes a file."""
    clock.configure("2025-06-10T16:22:00+07:00")
    many, screens = times(20, 200), times(3, 20)
    whole = [Change(Student, at(n), complete(Student, suspended_flag=False)) for n in range(1, many + 1)]
    write(whole, LOADER)
    for n in range(1, many + 1):
        with_rooms(at(n))
    waiting = [find_submission("DMC", at(n)) for n in range(1, many + 1)]
    stop, seen, faults = threading.Event(), [[] for _ in range(screens)], []

    def confirm(submission):
        move(submission, "confirm", LOADER, "ครบแล้ว")

    def look(browser, states):
        while not stop.is_set():
            answer = browser.get(f"/admin/control-room/?id={district.id}")
            states.append(progress.sums_of(district, officer).states.get("confirmed", 0))
            if answer.status_code != 200:
                faults.append(answer.status_code)

    browsers = [sign_in(officer) for _ in range(screens + 1)]
    with ThreadPoolExecutor(screens + 9) as pool:
        looking = [pool.submit(look, *one) for one in zip(browsers, seen, strict=False)]
        export = pool.submit(browsers[-1].get, f"/admin/rounds/export/xlsx/?id={district.id}")
        try:
            list(pool.map(confirm, waiting))
        finally:
            stop.set()
        for one in looking:
            one.result()
    assert (faults, export.result().status_code) == ([], 200)
    assert all(states == sorted(states) and states for states in seen)
    assert progress.sums_of(district, officer).states == {"confirmed": many, "draft": SCHOOLS - many}
    assert {*differences(district)} == {code_of(n) for n in range(many + 1, SCHOOLS + 1)}  # who has no digest
    check_whole(district)


@pytest.fixture
def without_claim(monkeypatch):
    """The door with the claim taken out: it still asks who may write and when, but claims nothing."""

    def only_asked(door, place, actor, deltas, removed=0, role=None, carried=None):
        return submissions.may_write(door.submission, door.round, actor, role=role)

    monkeypatch.setattr(writing, "claim", only_asked)


def test_without_the_claim_the_same_race_is_lost(district, approver, ways, database, without_claim):
    for _ in range(20):
        put_back(database, district)
        came = race(district, approver, ways, 40, after=0.1)
        if came.different or came.behind:
            return
    pytest.fail("20 races without the claim, and not one was lost")


# ---- one write against one move, stopped in the middle ----


@pytest.fixture
def held(open_round, monkeypatch):
    """`with held() as writer`: a write of one pupil that has stored all and waits before its commit."""

    @contextmanager
    def hold(where=None, actor=LOADER):
        stored, go_on, outcome = threading.Event(), threading.Event(), []
        insert = writing._run

        def waits(document, batch):
            insert(document, batch)
            stored.set()
            assert go_on.wait(30)

        def run():
            try:
                outcome.append(write([Change(Student, where or place(), pupil())], actor))
            except RuleBroken as refusal:
                outcome.append(refusal)

        monkeypatch.setattr(writing, "_run", waits)
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        assert stored.wait(30)
        monkeypatch.setattr(writing, "_run", insert)
        yield Held(go_on, thread, outcome)
        go_on.set()
        thread.join()

    return hold


@dataclass
class Held:
    """A write in the middle; `finish()` lets it commit and gives what came of it."""

    go_on: threading.Event
    thread: threading.Thread
    outcome: list

    def finish(self, after=0.0):
        if after:
            threading.Timer(after, self.go_on.set).start()
            return None
        self.go_on.set()
        self.thread.join()
        return self.outcome[0]


def here():
    return find_submission("DMC", place())


def agrees(submission):
    """Whether a submission's digest is that of its records as they are."""
    return submission.digest == digest_of(submission) and submission.digest_writes == submission.writes


def test_a_lock_waits_for_the_write_in_the_middle_and_takes_it_in(held, open_round, approver):
    with held() as writer:
        writer.finish(after=0.4)
        began = time.monotonic()
        lock_round(open_round, approver, WHY)
        assert time.monotonic() - began >= 0.3
    assert Student.objects.count() == 1
    assert agrees(here())
    assert here().counts["students"] == 1


def test_without_the_claim_the_write_in_the_middle_lands_behind_the_lock(
    held, open_round, approver, without_claim
):
    with held() as writer:
        lock_round(open_round, approver, WHY)
        assert agrees(here())
        assert writer.finish()
    assert not agrees(here())


def test_a_confirmation_waits_for_the_write_in_the_middle(held, monkeypatch):
    """A pupil that is not complete lands first, so there is something to refuse it for."""
    with held() as writer:
        writer.finish(after=0.4)
        with pytest.raises(Invalid, match="กรอกไม่ครบ"):
            move(here(), "confirm", LOADER, "ไม่มีนักเรียน")
    assert (here().state, Student.objects.count()) == ("draft", 1)


def test_a_move_gives_a_write_its_time_and_then_names_the_school(held, monkeypatch):
    monkeypatch.setattr(moves, "PATIENCE_MS", 200)
    with held() as writer:
        with pytest.raises(Busy, match="บ้านหนึ่ง กำลังบันทึกข้อมูลอยู่"):
            move(here(), "confirm", LOADER, "ไม่มีนักเรียน")
        assert writer.finish()
    assert here().state == "draft"


def test_a_write_that_comes_second_is_refused_by_name_of_the_state(held, open_round, teacher):
    """Its snapshot is older than the confirmation, so it starts again and sees it."""
    asked = writing.claim
    confirmed = []

    def late(*given):
        if not confirmed:
            find_submission("DMC", place())  # the snapshot is taken here
            thread = threading.Thread(target=lambda: confirmed.append(move(here(), "confirm", LOADER, "ไม่มี")))
            thread.start()
            thread.join()
        return asked(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "claim", late)
        with pytest.raises(WrongState, match="ยืนยันแล้ว"):
            write([Change(Student, place(), pupil())], teacher)
    assert confirmed
    assert (Student.objects.count(), here().counts) == (0, {})


# ---- moves while others write ----


MOVES = ("confirm", "certify", "verify", "return")


class Scribble:
    """A script that changes one record of a school over and over, pausing as people do: a move needs a moment."""

    def __init__(self, document):
        (self.seen,) = write([Change(document, place(), {"code": str(next(numbers)), "name": "x"})], LOADER)
        self.document = document

    def __call__(self):
        time.sleep(random.uniform(0, 0.06))  # noqa: S311  not a secret
        values = {"seats": self.seen.revision % 5000}
        change = Change(self.document, place(), values, id=self.seen.id, revision=self.seen.revision)
        (self.seen,) = write([change], LOADER)


def test_a_digest_is_always_that_of_the_records_at_that_moment(canteens, open_round, times):
    """One school: three write all the time, and it is confirmed, certified, verified and returned over and over."""
    writers = Writers()
    writers.begin([("script", Scribble(canteens)) for _ in range(3)])
    try:
        writers.wait_for(10)
        for _ in range(times(5, 100)):
            for name in MOVES:
                moved = move(here(), name, LOADER, WHY)
                if moved.state != "returned":
                    assert agrees(moved), name
            writers.wait_for(len(writers.landed) + 3)
    finally:
        writers.end()
    assert writers.faults == []
    assert list(verifying.verify()) == []


# ---- two at once ----


def at_once(*works):
    """What each of several functions gave or was refused with, all started together."""
    start, outcomes = threading.Barrier(len(works)), [None] * len(works)

    def run(index, work):
        start.wait()
        try:
            outcomes[index] = work()
        except RuleBroken as refusal:
            outcomes[index] = refusal

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def one_won(outcomes, sentence):
    """Whether one got through and the others were refused with that sentence."""
    refused = [each for each in outcomes if isinstance(each, RuleBroken)]
    return len(refused) == len(outcomes) - 1 and all(sentence in each.message for each in refused)


def test_of_two_approvers_who_lock_a_school_one_loses_with_a_sentence(canteens, open_round, approver, times):
    second = person("second", "approver")
    for _ in range(times(5, 50)):
        bring(here(), *(() if here().state == "verified" else ("confirm", "certify", "verify")))
        seen = here()
        outcomes = at_once(lambda: move(seen, "lock", approver), lambda: move(seen, "lock", second))  # noqa: B023
        assert one_won(outcomes, "อาจมีผู้ทำรายการไปก่อนแล้ว"), outcomes
        assert [row["name"] for row in here().moves].count("lock") == here().version
        move(here(), "reopen", approver, "ขอแก้", until=clock.now() + dt.timedelta(days=1))
    assert list(verifying.verify()) == []


def test_of_two_approvers_who_lock_a_round_one_loses_with_a_sentence(open_round, approver):
    second = person("second", "approver")
    outcomes = at_once(
        lambda: lock_round(open_round, approver, WHY), lambda: lock_round(open_round, second, WHY)
    )
    assert one_won(outcomes, "มีผู้อื่นแก้ไขรอบนี้ไปแล้ว"), outcomes
    assert Round.objects(id=open_round.id).get().state == "locked"
    assert list(verifying.verify()) == []


def test_approving_and_returning_at_once_leaves_one_of_them(canteens, open_round, times):
    first, second = person("first", "district"), person("second", "district")
    for _ in range(times(5, 50)):
        bring(here(), "confirm", "certify")
        seen = here()
        outcomes = at_once(lambda: move(seen, "verify", first), lambda: move(seen, "return", second, "แก้"))  # noqa: B023
        names = [row["name"] for row in here().moves[len(seen.moves) :]]
        assert names in (["verify"], ["return"], ["verify", "return"]), names
        assert sum(isinstance(each, RuleBroken) for each in outcomes) == 2 - len(names)
        if here().state == "verified":
            move(here(), "return", LOADER, "แก้")
    assert list(verifying.verify()) == []


def test_of_two_who_save_one_record_the_second_sees_both_versions(open_round, teacher, times):
    (made,) = write([Change(Student, place(), pupil())], LOADER)
    for revision in range(1, times(10, 100)):
        rooms = [1 + (2 * revision + n) % 99 for n in (0, 1)]
        changes = [Change(Student, place(), {"room": room}, id=made.id, revision=revision) for room in rooms]
        outcomes = at_once(*(lambda change=change: write([change], teacher) for change in changes))
        (refused,) = [each for each in outcomes if isinstance(each, StaleRevision)]
        (conflict,) = refused.conflicts
        assert conflict.revision == revision + 1
        assert {conflict.fields[0].theirs, conflict.fields[0].mine} == set(rooms)
    assert list(verifying.verify()) == []


def test_of_two_who_add_one_key_the_second_is_told(canteens, open_round, times):
    def add(code):
        return write([Change(canteens, place(), {"code": code, "name": "ซ้ำ"})], LOADER)

    for number in range(times(10, 100)):
        outcomes = at_once(*(lambda code=str(number): add(code) for _ in range(3)))
        assert sum(isinstance(each, list) for each in outcomes) == 1
        assert {type(each) for each in outcomes} <= {list, DuplicateKey, Invalid}
    assert here().counts["canteens"] == canteens.objects.count()


def test_eight_who_save_into_one_school_all_get_through(canteens, open_round, times):
    def save():
        return [
            write([Change(canteens, place(), {"code": str(next(numbers)), "name": "x"})], LOADER)
            for _ in range(5)
        ]

    assert not [each for each in at_once(*[save] * 8) if isinstance(each, RuleBroken)]
    assert (here().writes, here().counts["canteens"]) == (40, 40)
    assert list(verifying.verify()) == []


def test_moves_between_two_schools_in_both_directions_never_lock_up(canteens, open_round, times):
    """Both claim the same two submissions, in one order."""
    ids = [
        write([Change(canteens, where, {"code": code, "name": code})], LOADER)[0].id
        for where, code in ((place(), "a"), (place(OTHER), "b"))
    ]

    def swap(id_, homes):
        for revision in range(1, times(6, 40)):
            there = homes[revision % 2]
            now = homes[(revision - 1) % 2]
            write([Change(canteens, now, {}, id=id_, revision=revision, to=there)], LOADER)

    outcomes = at_once(
        lambda: swap(ids[0], (place(), place(OTHER))), lambda: swap(ids[1], (place(OTHER), place()))
    )
    assert outcomes == [None, None]
    check_whole(open_round)
