"""Faults of line and server: every database command of the door fails once, in every way; all of it or nothing."""

import contextlib
import itertools
import threading
import time

import pytest
from pymongo import common
from pymongo.errors import PyMongoError

from documents import database as database_module
from documents.collecting.freezing import freeze_of
from documents.collecting.locking import lock_round
from documents.collecting.moves import move
from documents.collecting.rounds import Round
from documents.collecting.submissions import find_submission, submissions_of
from documents.database import connect, ensure_indexes, in_transaction
from documents.errors import Busy, OutOfScope, RuleBroken, Uncertain
from documents.people.users import System
from documents.records.completeness import counts_of
from documents.records.digests import digest_of
from documents.records.writing import Change, write
from documents.trail import history, verifying
from tests.bad_line import FAULTS, BadLine
from tests.canteens import Canteen
from tests.people import OTHER, SCHOOL, place

LOADER = System("tests")
HOSTED = (
    "&w=majority&readPreference=secondaryPreferred&readConcernLevel=majority&journal=true&retryWrites=true"
)
counter = itertools.count(1)


@pytest.fixture(scope="module", params=["", HOSTED], ids=["plain", "hosted"])
def line(request, connected, database_uri):
    """The tests' database behind a bad line, also by the URI that a hosted service gives."""

    with BadLine(database_uri, request.param) as line, pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "MIN_HEARTBEAT_INTERVAL", 0.01)  # else each cut costs half a second
        connect(line.uri, serverSelectionTimeoutMS=2000)
        yield line
        connect(database_uri)
        ensure_indexes()


@pytest.fixture
def schools(line, canteens, open_round):
    """Both schools' submissions, drafts."""
    return open_round


def new(school, code, **values):
    return Change(Canteen, place(school), {"code": code, "name": f"โรงอาหาร {code}", **values})


class Batch:
    """One write of four changes over two submissions: a new record, a change, a removal, a move between schools."""

    def __init__(self):
        self.mark = f"{next(counter)}-"
        stored = [
            new(SCHOOL, self.mark + "a", seats=1),
            new(OTHER, self.mark + "b"),
            new(SCHOOL, self.mark + "c"),
        ]
        self.ids = [written.id for written in write(stored, LOADER)]
        changed, gone, leaving = self.ids
        self.changes = [
            new(OTHER, self.mark + "d"),
            Change(Canteen, place(SCHOOL), {"seats": 2}, id=changed, revision=1),
            Change(Canteen, place(OTHER), id=gone, revision=1, remove=True),
            Change(Canteen, place(SCHOOL), {}, id=leaving, revision=1, to=place(OTHER)),
        ]
        self.before = self.stored()

    def write(self):
        """Whether the write was acknowledged; None where nobody knows."""
        try:
            write(self.changes, LOADER)
        except Uncertain:
            return None
        except (PyMongoError, RuleBroken):
            return False
        return True

    def stored(self):
        """{letter: (school, seats, revision)} of the batch's records, and their events' actions."""
        rows = {
            row["code"].removeprefix(self.mark): (row["school_code"], row.get("seats"), row["revision"])
            for row in Canteen._get_collection().find({"code": {"$regex": f"^{self.mark}"}})
        }
        ids = [*self.ids, *Canteen.objects(code=self.mark + "d").scalar("id")]
        events = (
            history.AuditEvent.objects(subject__in=ids)
            .order_by("number", "action")
            .scalar("number", "action")
        )
        return rows, sorted(events)

    after = (
        {"a": (SCHOOL, 2, 2), "c": (OTHER, None, 2), "d": (OTHER, None, 1)},
        sorted([(1, "create")] * 4 + [(2, "update")] * 2 + [(2, "remove")]),
    )


def whole():
    """Nothing that any verification finds."""
    for school in (SCHOOL, OTHER):
        kept = find_submission("DMC", place(school))
        counted = counts_of(kept)
        assert all(counted.get(name, 0) == value for name, value in kept.counts.items())
    assert list(verifying.verify()) == []


def every_command(line, kind, step):
    """Fail the first command of a batch's write, the second of another's, until none is left to fail.

    Yields (Batch, whether it was acknowledged, the command hit, whether that was inside the transaction).
    """
    for nth in itertools.count(1, step):
        batch = Batch()
        with line.failing(kind, nth) as fault:
            acknowledged = batch.write()
        if not fault.struck:
            return
        yield batch, acknowledged, *fault.struck[0]


@pytest.mark.parametrize("kind", [*FAULTS, "keyless"])
def test_a_fault_at_any_command_of_a_write_stores_all_or_nothing(kind, line, schools, times):
    hit = []
    step = 1 if kind == "refused" else times(2, 1)
    for batch, acknowledged, command, inside in every_command(line, kind, step):
        assert batch.stored() == (batch.after if acknowledged else batch.before), (command, acknowledged)
        assert acknowledged or not inside, f"{command} inside the transaction was not tried again"
        assert acknowledged or kind in ("refused", "keyless"), command
        hit.append((command, inside))
    whole()
    if step > 1:
        return
    inside = [command for command, within in hit if within]
    assert {"update", "insert", "delete", "commitTransaction"} <= set(inside)
    assert inside.count("update") >= 3  # two claims and the records
    assert len(hit) > len(inside) + 1  # what is read before it


@pytest.mark.parametrize("kind", [*FAULTS, "keyless", "unconfirmed"])
def test_a_commit_that_fails_three_times_running_is_made_once(kind, line, schools):
    batch = Batch()
    with line.failing(kind, 1, "commitTransaction", times=3) as fault:
        assert batch.write()
    assert len(fault.struck) == 3
    assert batch.stored() == batch.after
    whole()


def test_a_commit_whose_answer_never_comes_says_that_nobody_knows(line, schools, monkeypatch):
    monkeypatch.setattr(database_module, "ATTEMPTS_FOR_SECONDS", 0.5)
    batch = Batch()
    with line.failing("unconfirmed", 1, "commitTransaction", times=10**6):
        assert batch.write() is None
    assert batch.stored() == batch.after
    whole()


@pytest.mark.parametrize("kind", ["keyless", "cut before"])
def test_a_refusal_stands_though_the_history_cannot_be_told_of_it(kind, line, schools, neighbour):
    batch = Batch()
    with line.failing(kind, 1, "findAndModify", times=2) as fault, pytest.raises(OutOfScope):
        write([new(SCHOOL, "ฮ1")], neighbour)
    assert fault.struck
    assert batch.stored() == batch.before


def test_two_attempts_store_exactly_once(line, schools):
    attempts = []

    def work():
        attempts.append(1)
        Canteen._get_collection().update_one({"code": "counted"}, {"$inc": {"seats": 1}}, upsert=True)

    with line.failing("refused", 1, "commitTransaction"):
        in_transaction(work)
    assert len(attempts) == 2
    assert Canteen._get_collection().find_one({"code": "counted"})["seats"] == 1
    Canteen._get_collection().delete_many({"code": "counted"})


@pytest.mark.parametrize("kind", ["cut before", "cut after"])
def test_a_thousand_records_survive_a_cut_in_the_middle(kind, line, schools):
    many = [new(SCHOOL, f"{next(counter)}") for _ in range(1000)]
    with line.failing(kind, 1, "insert"):
        write(many, LOADER)
    assert find_submission("DMC", place()).counts["canteens"] == 1000
    whole()


# ---- moves and locks ----


def moved(line, kind, school, names, nth):
    """The Fault after these moves were made on a line whose n-th command fails; a refused one is made again."""
    with line.failing(kind, nth) as fault:
        for name in names:
            submission = find_submission("DMC", place(school))
            with contextlib.suppress(PyMongoError):
                move(submission, name, LOADER, "ทดสอบ")
    return fault


@pytest.mark.parametrize("kind", ["cut before", "cut after"])
def test_a_fault_at_any_command_of_a_move_makes_it_once(kind, line, schools, times):
    write([new(SCHOOL, f"{next(counter)}")], LOADER)
    names = ("confirm", "certify", "verify", "return")
    for nth in itertools.count(1 + FAULTS.index(kind), times(5, 1)):
        rows = len(find_submission("DMC", place()).moves)
        fault = moved(line, kind, SCHOOL, names, nth)
        if not fault.struck:
            break
        submission = find_submission("DMC", place())
        assert [row["name"] for row in submission.moves[rows:]] == list(names), fault.struck
    assert nth > 12
    whole()


@pytest.mark.parametrize("kind", ["cut before", "cut after"])
def test_a_fault_at_any_command_of_a_lock_ends_in_the_same_lock(kind, line, schools, approver, times):
    """Where the fault comes through, the approver presses once more."""
    write([new(school, "1") for school in (SCHOOL, OTHER)], LOADER)
    for name in ("confirm", "certify", "verify"):
        move(find_submission("DMC", place()), name, LOADER)
    db = database_module.db()
    kept = {name: list(db[name].find()) for name in ("rounds", "submissions")}
    for nth in itertools.count(1 + FAULTS.index(kind), times(7, 1)):
        for name, rows in {**kept, "freezes": []}.items():
            db[name].delete_many({})
            if rows:
                db[name].insert_many(rows)
        round_ = Round.objects.get()
        with line.failing(kind, nth) as fault, contextlib.suppress(PyMongoError):
            lock_round(round_, approver, "ไม่รายงาน")
        if not fault.struck:
            break
        round_ = Round.objects.get()
        if round_.state != "locked":
            lock_round(round_, approver, None)
        check_locked()
    assert nth > 15


def check_locked():
    """Both schools are sealed, once each, with the digest of their records."""
    round_ = Round.objects.get()
    for each in submissions_of(round_):
        assert each.digest == digest_of(each)
        assert [row["name"] in ("lock", "close") for row in each.moves].count(True) == 1
    assert (round_.state, round_.root_hash) == ("locked", freeze_of(round_).root_hash)
    assert list(verifying.verify()) == []


# ---- kill -9 ----


@pytest.fixture
def own_database(own_mongo, database, database_uri):
    """A mongod of the test's own, connected; the people and places that are asked for after it are stored there."""

    connect(own_mongo.start(), serverSelectionTimeoutMS=2000)
    ensure_indexes()
    yield own_mongo
    connect(database_uri)


def test_after_kill_9_every_acknowledged_write_is_there(own_database, canteens, open_round, approver, times):
    """Writers of two schools go on while the server is killed and started again."""
    acknowledged = []
    for _ in range(times(2, 20)):
        stop = threading.Event()
        writers = [
            threading.Thread(target=write_until, args=(stop, school, acknowledged))
            for school in (SCHOOL, OTHER) * 2
        ]
        began = len(acknowledged)
        for writer in writers:
            writer.start()
        wait_for(lambda landed=began + 25: len(acknowledged) >= landed)
        own_database.process.kill()
        own_database.process.wait()
        own_database.start()
        stop.set()
        for writer in writers:
            writer.join()
        stored = {row["_id"]: row["revision"] for row in Canteen._get_collection().find()}
        assert [id_ for id_, revision in acknowledged if stored.get(id_, 0) < revision] == []
        whole()
    assert lock_round(open_round, approver, "ไม่รายงาน").state == "locked"
    assert list(verifying.verify()) == []


@pytest.mark.long
def test_a_writer_that_died_in_the_middle_holds_its_school_for_seconds(own_database, canteens, open_round):
    """Its transaction is never given up by anyone but the server."""
    from mongoengine import get_connection

    session = get_connection().start_session()
    session.start_transaction()
    here = find_submission("DMC", place())
    here._get_collection().update_one({"_id": here.id}, {"$inc": {"writes": 1}}, session=session)
    began = time.monotonic()
    while True:
        with contextlib.suppress(Busy):
            write([new(SCHOOL, "1")], LOADER)
            break
    assert time.monotonic() - began < 30
    whole()


def write_until(stop, school, acknowledged):
    """Make and change records, one after another, noting each (id, revision) that was acknowledged."""
    while not stop.is_set():
        with contextlib.suppress(PyMongoError, RuleBroken):
            (made,) = write([new(school, f"{next(counter)}")], LOADER)
            acknowledged.append(made)
            (changed,) = write([Change(Canteen, place(school), {"seats": 1}, id=made.id, revision=1)], LOADER)
            acknowledged.append(changed)


def wait_for(holds, seconds=60):
    """Wait until something holds; fails after `seconds`."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)
