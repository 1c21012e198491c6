"""Migrations: run once each, in order, by one process, resumed after a crash, and never over what was confirmed."""

import subprocess
import sys
import textwrap
import threading
import time

import pytest

from documents.database import collection
from documents.errors import Busy
from documents.migrations import runner
from documents.migrations.lease import LONG_AGO, Lease, held
from documents.migrations.rewriting import SealedValues, rewrite
from documents.operating import installation
from documents.records.writing import Change, write
from documents.trail import history, verifying
from documents.version import VERSION
from scripts import preparing
from scripts.environment import ROOT
from scripts.folder import CannotStart
from tests.districts import bring, submission
from tests.people import OTHER, place

NOTE = """
'''Note that number {0} ran.'''
def run(db):
    db.notes.insert_one({{"n": {0}}})
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """`package(name=source, ...)` makes a package of made-up migrations and gives its name."""
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def make(**sources):
        made.append(f"made_up_{len(made)}_{tmp_path.name}")
        folder = tmp_path / made[-1]
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        for name, source in sources.items():
            (folder / f"{name.lstrip('m')}.py").write_text(textwrap.dedent(source))
        return made[-1]

    yield make
    for name in [name for name in sys.modules if name.split(".")[0] in made]:
        del sys.modules[name]


# ---- what runs, and when ----


def test_the_baseline_is_recorded_with_its_version_once(database):
    assert runner.run_missing(VERSION) == [one.name for one in runner.known()]
    assert runner.run_missing("9.9") == []
    row, *_ = database.migrations.find().sort("_id", 1)
    assert row["_id"] == "001_baseline"
    assert row["version"] == VERSION
    assert row["seconds"] >= 0
    assert row["when"]
    assert not database.installation.find_one({"_id": installation.MIGRATING})


def test_what_is_missing_runs_in_order_and_what_was_done_does_not(database, package):
    name = package(m001_a=NOTE.format(1), m002_b=NOTE.format(2), m003_c=NOTE.format(3))
    database.migrations.insert_one({"_id": "002_b", "version": "0.1.0"})
    assert runner.run_missing(VERSION, name) == ["001_a", "003_c"]
    assert [row["n"] for row in database.notes.find()] == [1, 3]
    assert [row[0] for row in runner.status(name) if row[2]] == ["001_a", "002_b", "003_c"]


def test_of_two_starts_at_once_one_runs_and_the_other_waits(database, package):
    slow = (
        NOTE.format(1) + "    import time\n    while not db.waiting.find_one():\n        time.sleep(0.05)\n"
    )
    name = package(m001_slow=slow)
    ran, told = [], []

    def tell(sentence):
        told.append(sentence)
        if "รอ" in sentence:
            database.waiting.insert_one({})

    starts = [
        threading.Thread(target=lambda: ran.append(runner.run_missing(VERSION, name, tell)), daemon=True)
        for _ in range(2)
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join(60)
    assert sorted(ran) == [[], ["001_slow"]]
    assert database.notes.count_documents({}) == 1
    assert any("รอ" in sentence for sentence in told)


def test_a_migration_that_fails_is_not_recorded_and_lets_go(database, package):
    name = package(m001_a=NOTE.format(1), m002_b="'''Fail.'''\ndef run(db):\n    raise ZeroDivisionError\n")
    with pytest.raises(ZeroDivisionError):
        runner.run_missing(VERSION, name)
    assert [row["_id"] for row in database.migrations.find()] == ["001_a"]
    assert Lease(installation.MIGRATING).take()


@pytest.mark.parametrize(
    "sources",
    [
        {"m001_a": NOTE.format(1), "m003_c": NOTE.format(3)},
        {"m001_a": NOTE.format(1), "m001_b": NOTE.format(2)},
        {"m001_a": "def run(db):\n    pass\n"},
        {"m001_a": "'''Without a run.'''\n"},
    ],
    ids=["a gap", "two of one number", "no docstring", "no run"],
)
def test_a_migration_is_numbered_described_and_runs(database, package, sources):
    with pytest.raises(ValueError, match="migration"):
        runner.run_missing(VERSION, package(**sources))


def test_a_database_newer_than_the_code_is_refused(database, database_uri, monkeypatch, tmp_path):
    database.migrations.insert_one({"_id": "999_of_tomorrow", "version": "9.0"})
    with pytest.raises(runner.NewerDatabase, match="999_of_tomorrow"):
        runner.run_missing(VERSION)
    with pytest.raises(CannotStart, match="newer than this program"):
        preparing.migrate()
    assert database.migrations.count_documents({}) == 1
    (tmp_path / "audit.key").write_bytes(history._key)
    done = subprocess.run(
        [ROOT / "scripts" / "manage", "--data", tmp_path / "data", "migrate", "status"],
        env={"PATH": "/usr/bin:/bin", "MONGODB_URI": database_uri, "KHET_AUDIT_KEY_FILE": tmp_path / "audit.key"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "รุ่นใหม่กว่า" in done.stderr


def test_a_fresh_start_has_every_migration_of_the_code(database):
    preparing.migrate()
    assert all(row for _, _, row in runner.status())


# ---- the lease ----


def test_a_lease_is_one_holders_until_it_lets_go_or_dies(database):
    first, second = Lease("x"), Lease("x")
    assert first.take()
    assert not second.take()
    assert first.renew()
    database.installation.update_one({"_id": "x"}, {"$set": {"until": LONG_AGO}})
    assert second.take()
    assert not first.renew()
    with pytest.raises(Busy):
        first.require()
    first.release()
    assert second.renew()


def test_a_lease_is_kept_for_as_long_as_the_work_takes(database):
    def until():
        return database.installation.find_one({"_id": "x"})["until"]

    with held("x", seconds=4):
        first, give_up = until(), time.monotonic() + 60
        while until() == first:
            assert time.monotonic() < give_up
            time.sleep(0.05)
        assert not Lease("x").take()
    assert Lease("x").take()


def test_a_lease_that_does_not_come_free_is_not_waited_for_for_ever(database):
    Lease("x", seconds=60).take()
    with pytest.raises(Busy), held("x", patience=0.3):
        pass


# ---- data of the version before ----


@pytest.fixture
def version_before(canteens, open_round, teacher, neighbour, approver, database):
    """Canteens as a version stored them that called `seats` `chairs`: SCHOOL's locked, OTHER's in work."""
    rows = [{"code": f"C{number}", "name": f"โรงอาหาร {number}", "seats": 4} for number in range(700)]
    write([Change(canteens, place(OTHER), row) for row in rows], neighbour)
    write([Change(canteens, place(), {"code": "C0", "name": "โรงอาหารหนึ่ง", "seats": 4})], teacher)
    collection(canteens).update_many({}, {"$rename": {"seats": "chairs"}})
    bring(submission(1), "confirm", "certify", "verify", "lock")
    collection(canteens).update_many(
        {}, {"$rename": {"search_key": "words"}}
    )  # the door's own: no digest has it
    return canteens


RENAMING = """
'''Call a canteen's chairs its seats, and the words it is found by its search key.'''
from documents.migrations.rewriting import rewrite
from tests.canteens import Canteen

def run(db):
    rewrite(Canteen, {"words": {"$exists": True}}, words, bookkeeping=["words"])
    rewrite(Canteen, {"chairs": {"$exists": True}}, seats, leave_sealed=True)

def words(row):
    row["search_key"] = row.pop("words")
    return row

def seats(row):
    HERE
    row["seats"] = row.pop("chairs")
    return row
"""


def fields(document):
    """{school code: which of the old and new names its records carry}."""
    found = {}
    for row in collection(document).find():
        found.setdefault(row["school_code"], set()).update(
            row.keys() & {"seats", "chairs", "words", "search_key"}
        )
    return found


def test_a_renamed_field_is_renamed_where_nobody_has_confirmed_it(version_before, database, package):
    name = package(m001_names=RENAMING.replace("HERE", ""))
    assert runner.run_missing(VERSION, name) == ["001_names"]
    assert fields(version_before) == {
        OTHER: {"seats", "search_key"},
        place().school_code: {"chairs", "search_key"},
    }
    assert not list(verifying.verify())


def test_a_migration_killed_in_the_middle_is_taken_up_and_ended(
    version_before, database, database_uri, package, tmp_path
):
    killed = "if row['code'] == 'C650': import os; os._exit(9)"
    names = {"m001_before": NOTE.format(1), "m002_names": RENAMING.replace("HERE", killed)}
    dying, whole = (
        package(**names),
        package(m001_before=NOTE.format(1), m002_names=RENAMING.replace("HERE", "")),
    )
    script = f"""
import sys
sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]
import documents
documents.SUBSYSTEMS.append("tests.canteens.Canteen")
from documents import database
from documents.trail import history
from documents.migrations import runner
database.connect({database_uri!r})
runner.run_missing("0.1.0", {dying!r}, seconds=3)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr
    assert [row["_id"] for row in database.migrations.find()] == ["001_before"]
    assert fields(version_before)[OTHER] == {"seats", "chairs", "search_key"}

    assert runner.run_missing(VERSION, whole) == ["002_names"]
    assert fields(version_before)[OTHER] == {"seats", "search_key"}
    assert database.notes.count_documents({}) == 1
    assert not list(verifying.verify())


# ---- what must not be touched ----


@pytest.fixture
def confirmed(canteens, open_round, teacher, approver):
    """One canteen, to be brought forward by the test."""
    write([Change(canteens, place(), {"code": "C1", "name": "โรงอาหาร", "seats": 4})], teacher)
    return canteens


STEPS = ["confirm", "certify", "verify", "lock"]


@pytest.mark.parametrize("steps", [STEPS[:count] for count in (1, 2, 3, 4)], ids=STEPS)
def test_values_that_somebody_put_a_name_to_are_not_rewritten(confirmed, steps):
    bring(submission(1), *steps)
    with pytest.raises(SealedValues, match="ยืนยันหรือล็อกแล้ว"):
        rewrite(confirmed, {}, lambda row: row | {"seats": 5})
    assert rewrite(confirmed, {}, lambda row: row | {"seats": 5}, leave_sealed=True) == (0, 1)
    assert collection(confirmed).find_one()["seats"] == 4
    assert not list(verifying.verify())


def test_bookkeeping_is_rewritten_everywhere_and_breaks_no_digest(confirmed):
    bring(submission(1), *STEPS)
    assert rewrite(confirmed, {}, lambda row: row | {"sort_key": "ก"}) == (1, 0)
    assert rewrite(confirmed, {}, lambda row: row | {"sort_key": "ก"}) == (0, 0)
    assert not list(verifying.verify())


def test_values_in_work_are_rewritten_and_a_digest_from_before_is_forgotten(confirmed):
    bring(submission(1), "confirm", "unconfirm")
    assert rewrite(confirmed, {}, lambda row: row | {"name": "โรงครัว"}) == (1, 0)
    assert submission(1).digest is None
    assert not list(verifying.verify())


@pytest.mark.parametrize("name", ["_id", "revision", "history_hash", "lineage", "school_code"])
def test_what_chains_and_keys_rest_on_is_never_rewritten(confirmed, name):
    with pytest.raises(ValueError, match="must leave"):
        rewrite(confirmed, {}, lambda row: row | {name: "x"})
