"""History: the chain of events and of moves tells of every row that is edited, deleted or put elsewhere."""

import datetime as dt

import pytest

from documents import clock
from documents.collecting.moves import move
from documents.collecting.round_moves import set_windows
from documents.collecting.submissions import find_submission
from documents.errors import NotAllowed
from documents.people.users import System
from documents.records.writing import Change, remove, write
from documents.trail import history, verifying
from documents.trail.history import AuditEvent
from tests.people import AREA, OTHER, place

LOADER = System("tests")


def problems():
    return list(verifying.verify())


def rows_of(database, subject):
    return list(database.audit_events.find({"subject": subject}).sort("number", 1))


@pytest.fixture
def canteen(canteens, open_round, teacher):
    """A canteen of three versions; beside it one that was removed and one of another school."""
    (kept,) = write([Change(canteens, place(), {"code": "1", "name": "หนึ่ง", "seats": 10})], teacher)
    (gone,) = write([Change(canteens, place(), {"code": "2", "name": "สอง"})], teacher)
    write([Change(canteens, place(OTHER), {"code": "1", "name": "สาม"})], LOADER)
    for revision, seats in ((1, 20), (2, 30)):
        write([Change(canteens, place(), {"seats": seats}, id=kept.id, revision=revision)], teacher)
    remove([canteens.objects(id=gone.id).get()], teacher, "ซ้ำ")
    assert problems() == []
    return canteens.objects(id=kept.id).get()


@pytest.fixture
def removed(canteen, database):
    """The id of the record that was removed."""
    return database.audit_events.find_one({"action": "remove"})["subject"]


# ---- events ----


EDITS = {
    "changes.seats": [10, 21],
    "changes": {},
    "headline": "อื่น",
    "address": "10.0.0.1",
    "reason": "อื่น",
    "actor_name": "ผู้อื่น",
    "actor": System("x").id,
    "at": dt.datetime(2020, 1, 1),  # noqa: DTZ001
    "action": "create",
    "acting_as": "district",
    "via": "import",
    "number": 7,
    "previous": "0" * 64,
    "hash": "0" * 64,
    "values_digest": "0" * 64,
    "school_code": OTHER,
    "changes.needs": b"what no event holds",
}


def found(collection, id_, update):
    """Whether the verification finds a document that was changed so; the document is then put back."""
    kept = collection.find_one({"_id": id_})
    assert collection.update_one({"_id": id_}, update).modified_count, update
    sentences = problems()
    collection.replace_one({"_id": id_}, kept)
    return bool(sentences)


@pytest.mark.parametrize("number", [2, 3])
def test_an_edited_event_is_found(number, canteen, database):
    event = rows_of(database, canteen.id)[number - 1]
    edits = [{"$set": {field: value}} for field, value in EDITS.items()]
    edits += [
        {"$unset": {field: ""}} for field in ("changes", "hash", "previous", "values_digest", "actor", "at")
    ]
    assert [edit for edit in edits if not found(database.audit_events, event["_id"], edit)] == []
    assert problems() == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_deleted_event_is_found_wherever_it_stood(number, canteen, database):
    database.audit_events.delete_one({"subject": canteen.id, "number": number})
    assert any("หายไป" in sentence for sentence in problems())


def test_a_whole_chain_that_is_gone_is_found(canteen, database):
    database.audit_events.delete_many({"subject": canteen.id})
    assert any("ประวัติของรายการนี้หายไป" in sentence for sentence in problems())


def test_a_deleted_removal_is_found(removed, database):
    database.audit_events.delete_one({"subject": removed, "action": "remove"})
    assert any("หายไปหรือไม่ตรงกัน" in sentence for sentence in problems())


def test_a_removed_record_whose_whole_history_is_gone_is_found(removed, database):
    database.audit_events.delete_many({"subject": removed})
    assert any("จำนวนรายการที่ลบ" in sentence for sentence in problems())


def test_events_that_changed_places_are_found(canteen, database):
    second, third = rows_of(database, canteen.id)[1:]
    for id_, number in ((second["_id"], 30), (third["_id"], 2), (second["_id"], 3)):
        database.audit_events.update_one({"_id": id_}, {"$set": {"number": number}})
    assert problems()


def test_an_event_put_in_between_is_found(canteen, database):
    last = rows_of(database, canteen.id)[-1]
    del last["_id"]
    database.audit_events.insert_one(last | {"number": 4, "previous": last["hash"]})
    assert problems()


def test_a_record_deleted_or_brought_back_behind_the_door_is_found(canteen, database):
    stored = database.canteens.find_one({"_id": canteen.id})
    database.canteens.delete_one({"_id": canteen.id})
    assert problems()
    database.canteens.insert_one(stored | {"revision": 2})
    assert problems()


def test_a_record_deleted_with_all_its_events_is_found_by_the_counters(canteen, database):
    database.canteens.delete_one({"_id": canteen.id})
    database.audit_events.delete_many({"subject": canteen.id})
    assert any("จำนวนรายการไม่ตรง" in sentence for sentence in problems())


def test_a_confirmed_record_changed_behind_the_door_is_found(canteen, teacher, database):
    move(find_submission("DMC", place()), "confirm", teacher)
    assert problems() == []
    database.canteens.update_one({"_id": canteen.id}, {"$set": {"seats": 999}})
    assert any("รหัสตรวจสอบ" in sentence for sentence in problems())


def test_the_key_of_another_installation_fits_no_event(canteen, database):
    kept = history._key
    history.configure(b"another key of forty bytes and some more")
    try:
        assert len(problems()) > 5
    finally:
        history.configure(kept)


def test_one_person_with_events_in_two_areas_has_two_chains(canteen, teacher):
    for area in (AREA, AREA, "34020000"):
        history.note_event(area, LOADER, "view", "access", teacher.id, {})
    assert problems() == []
    assert list(verifying.verify("34020000")) == []


def test_an_instant_of_another_zone_is_told_as_it_is_stored(teacher):
    changes = {"until": [None, dt.datetime(2025, 6, 5, 9, 0, 0, 123456, tzinfo=clock.BANGKOK)]}
    history.note_event(AREA, LOADER, "extend", "access", teacher.id, changes)
    assert problems() == []


def test_verifying_one_area_reads_that_area_alone(canteen, database):
    database.audit_events.update_many({"area_code": AREA}, {"$set": {"reason": "x"}})
    assert list(verifying.verify("34020000")) == []
    assert list(verifying.verify(AREA))


# ---- moves ----


@pytest.fixture
def moved(canteen, teacher, officer):
    """A submission confirmed, sent back and confirmed again."""
    submission = find_submission("DMC", place())
    for name, actor, reason in (
        ("confirm", teacher, None),
        ("send_back", officer, "แก้ชื่อ"),
        ("confirm", teacher, None),
    ):
        submission = move(submission, name, actor, reason)
    assert problems() == []
    return submission


def test_an_edited_move_is_found(moved, database):
    fields = {"reason": "อื่น", "by_name": "อื่น", "to": "verified", "digest": "0" * 64, "number": 9}
    fields |= {"hash": "x", "previous": "x"}
    edits = [
        {"$set": {f"moves.{index}.{name}": value}} for index in range(3) for name, value in fields.items()
    ]
    assert [edit for edit in edits if not found(database.submissions, moved.id, edit)] == []


@pytest.mark.parametrize("left", ["", "0", "01", "02", "12", "2", "102", "021"])
def test_a_move_that_was_deleted_or_put_elsewhere_is_found(left, moved, database):
    rows = [moved.moves[int(index)] for index in left]
    assert found(database.submissions, moved.id, {"$set": {"moves": rows}})


def test_moves_of_another_submission_are_found(moved, database):
    rows, last = moved.moves, moved.moves[-1]
    copied = {"moves": rows, "history_hash": last["hash"], "state": last["to"]}
    database.submissions.update_one({"school_code": OTHER}, {"$set": copied})
    assert problems()


def test_a_state_that_no_move_made_is_found(moved, database):
    for state in ("draft", "verified", "locked"):
        assert found(database.submissions, moved.id, {"$set": {"state": state}})


def test_an_edited_move_of_a_round_is_found(canteen, open_round, officer, database):
    windows = {"enter": (clock.now(), clock.now() + dt.timedelta(days=3))}
    set_windows(open_round, windows, open_round.as_of, officer, "ฝนตกหนัก")
    assert problems() == []
    database.rounds.update_one({"_id": open_round.id}, {"$set": {"moves.3.reason": "อื่น"}})
    assert problems()
    database.rounds.update_one({"_id": open_round.id}, {"$pop": {"moves": 1}})
    assert problems()


# ---- retention ----


def test_values_taken_away_by_retention_leave_the_chain_whole(canteen, administrator, database):
    later = clock.now() + dt.timedelta(days=1)
    number = history.erase_values(AREA, later, administrator, "ครบกำหนดเก็บ 10 ปี")
    assert number == 6
    assert problems() == []
    assert all("changes" not in row and "headline" not in row for row in rows_of(database, canteen.id))
    assert all(row.changes == {} for row in AuditEvent.objects(subject=canteen.id))
    assert database.audit_events.find_one({"action": "erase"})["changes"]["events"] == [None, 6]


def test_only_what_is_old_is_taken_away(canteen, administrator, database):
    assert history.erase_values(AREA, clock.now() - dt.timedelta(days=1), administrator, "ครบกำหนด") == 0
    assert rows_of(database, canteen.id)[1]["changes"] == {"seats": [10, 20]}


def test_what_an_interrupted_run_left_is_taken_away_by_the_next(canteen, administrator, database):
    later = clock.now() + dt.timedelta(days=1)
    history.erase_values(AREA, clock.now(), administrator, "ครบกำหนด")
    newest = {"erased": {"$ne": None}}
    given = {"$set": {"changes": {"seats": [1, 2]}}, "$unset": {"erased": ""}}
    left = database.audit_events.find_one_and_update(newest, given, sort=[("at", -1), ("_id", -1)])
    assert history.erase_values(AREA, later, administrator, "ครบกำหนด") >= 1
    assert "changes" not in database.audit_events.find_one({"_id": left["_id"]})


def test_values_taken_away_in_the_database_alone_are_found(canteen, administrator, database):
    database.audit_events.update_one(
        {"subject": canteen.id, "number": 2},
        {
            "$unset": {"changes": ""},
            "$set": {"erased": {"at": clock.now(), "by": administrator.id, "seal": "x"}},
        },
    )
    assert any("หายไป" in sentence for sentence in problems())


def test_retention_is_the_administrators(canteen, officer):
    with pytest.raises(NotAllowed):
        history.erase_values(AREA, clock.now(), officer, "x")
