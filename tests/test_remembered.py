"""The tests' own ground: what is put back is what was made, and what a test or its children stored is gone after it."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from documents.clock import now
from scripts.environment import ROOT
from tests import remembered as remembering
from tests.conftest import empty, stored_in, sweep
from tests.listening import LISTENER
from tests.remembered import begin, remembered
from tests.spreading import LONG, LONGEST, Spread, in_order
from tests.world import Stored

STORE = (
    "import sys; from documents.database import connect; connect(sys.argv[1]).notes.insert_one({'_id': 1})"
)


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(remembering, "MADE", {})


@pytest.fixture
def steps(database):
    """`first()` stores two notes, `second()` changes one, takes the other away and adds a third; and how often they ran."""
    ran = []

    @remembered
    def first():
        ran.append("first")
        database.notes.insert_many([{"_id": 1, "text": "ก"}, {"_id": 2}])
        return {"made": now()}

    @remembered
    def second():
        ran.append("second")
        database.notes.update_one({"_id": 1}, {"$set": {"text": "ข"}})
        database.notes.delete_one({"_id": 2})
        database.more.insert_one({"_id": 3})

    return first, second, ran


def stored(database):
    return {name: list(database[name].find().sort("_id")) for name in ("notes", "more")}


def again(database):
    """As a test ends and the next begins."""
    empty({"notes", "more"})
    LISTENER.forget()
    begin()


def test_what_is_put_back_is_what_was_made(database, steps):
    first, second, ran = steps
    given, _, there = first(), second(), stored(database)
    again(database)
    assert (first(), second()) == (given, None)
    assert stored(database) == there == {"notes": [{"_id": 1, "text": "ข"}], "more": [{"_id": 3}]}
    assert ran == ["first", "second"]
    assert now() >= given["made"]


def test_in_another_order_or_after_another_write_it_is_made_anew(database, steps):
    first, second, ran = steps
    first(), second()
    again(database)
    second()
    assert ran == ["first", "second", "second"]
    again(database)
    database.more.insert_one({"_id": 9})
    first()
    assert ran == ["first", "second", "second", "first"]
    assert len(stored(database)["more"]) == 1
    again(database)
    database.more.insert_one({"_id": 9})
    begin()
    first()
    assert ran == ["first", "second", "second", "first", "first"]


def test_what_another_process_stored_is_found_and_gone(database, database_uri):
    assert not LISTENER.helped
    subprocess.run([sys.executable, "-c", STORE, database_uri], check=True, cwd=ROOT)
    assert LISTENER.helped
    assert "notes" not in LISTENER.written(database.name)
    assert "notes" in set(stored_in())
    empty(stored_in())
    assert not set(stored_in())


def test_what_was_changed_is_named_and_put_back(database, database_uri):
    database.notes.insert_one({"_id": 0})
    kept = Stored()
    database.notes.update_one({"_id": 0}, {"$set": {"text": "ก"}})
    database.more.insert_one({"_id": 3})
    assert kept.changed() == kept.put_back() == ["more", "notes"]
    assert stored(database) == {"notes": [{"_id": 0}], "more": []}
    assert not kept.changed()
    subprocess.run([sys.executable, "-c", STORE, database_uri], check=True, cwd=ROOT)
    assert kept.changed() == ["notes"]


def test_long_tests_go_out_first_and_in_turn_and_other_files_whole():
    names = ["test_areas.py"] * 2 + ["test_start.py"] * 2 + ["test_demo.py"] * 2 + ["test_accessibility.py"]
    ids = [f"tests/{name}::test_{number}" for number, name in enumerate(names)]
    items = [SimpleNamespace(path=Path(name), nodeid=id_) for name, id_ in zip(names, ids, strict=True)]
    assert [item.nodeid for item in in_order(items)] == [ids[at] for at in (6, 2, 3, 4, 5, 0, 1)]
    together = [Spread._split_scope(None, id_) for id_ in ids]
    assert together == ["tests/test_areas.py"] * 2 + ids[2:4] + ["tests/test_demo.py"] * 2 + ids[6:]
    assert all((Path(__file__).parent / name).is_file() for name in LONGEST + LONG)


def test_what_a_killed_run_left_in_memory_is_taken_away_and_nothing_else(tmp_path):
    for name, holder in (("killed", 2**30), ("running", os.getpid()), ("starting", "")):
        lock = tmp_path / f"khet-tests-{name}" / "db" / "mongod.lock"
        lock.parent.mkdir(parents=True)
        lock.write_text(f"{holder}\n")
    sweep(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["khet-tests-running", "khet-tests-starting"]
