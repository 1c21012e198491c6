"""Batches through the door: keys that change hands, records made again, counters that never drift."""

import pytest

from documents import clock
from documents.collecting.asides import set_hold
from documents.collecting.submissions import Submission, find_submission
from documents.database import in_transaction
from documents.errors import Busy, DuplicateKey, Invalid, NotAllowed, WrongState
from documents.people.users import System
from documents.records import completeness, writing
from documents.records.completeness import counts_of, set_required
from documents.records.writing import Change, remove, write
from documents.trail import history, verifying
from tests.people import OTHER, SCHOOL, place

LOADER = System("tests")


def new(document, code, **values):
    return Change(document, place(), {"code": code, "name": f"โรงอาหาร {code}", **values})


def edit(row, document, **values):
    return Change(document, place(row["school_code"]), values, id=row["_id"], revision=row["revision"])


@pytest.fixture
def rows(canteens, open_round, database):
    """Three canteens, codes 1 to 3, as stored; ask again by calling."""
    write([new(canteens, code) for code in "123"], LOADER)
    return lambda: list(database.canteens.find().sort("name"))


def codes(rows):
    return [row.get("code") for row in rows()]


def whole():
    """Whether history, counters and records agree everywhere."""
    kept = find_submission("DMC", place())
    counted = {name: value for name, value in counts_of(kept).items() if value}
    assert {name: value for name, value in kept.counts.items() if value} == counted
    assert list(verifying.verify()) == []
    return True


@pytest.mark.parametrize("order", ["213", "231", "312", "132"])
def test_keys_may_change_hands_within_a_batch(order, rows, canteens):
    write([edit(row, canteens, code=code) for row, code in zip(rows(), order, strict=True)], LOADER)
    assert "".join(codes(rows)) == order
    assert whole()


def test_a_key_may_be_taken_from_a_record_removed_in_the_same_batch(rows, canteens):
    first = rows()[0]
    gone = Change(canteens, place(), id=first["_id"], revision=1, remove=True)
    write([new(canteens, "1", seats=7), gone], LOADER)
    assert sorted(codes(rows)) == ["1", "2", "3"]
    assert whole()


def test_a_key_may_go_with_its_record_to_another_school(rows, canteens):
    first = rows()[0]
    leaving = Change(canteens, place(), {}, id=first["_id"], revision=1, to=place(OTHER))
    write([new(canteens, "1"), leaving], LOADER)
    assert sorted((row["school_code"], row["code"]) for row in rows()) == [
        *((place().school_code, code) for code in "123"),
        (OTHER, "1"),
    ]
    assert whole()


def test_a_key_that_an_edited_record_keeps_is_told_by_row(rows, canteens):
    with pytest.raises(Invalid) as caught:
        write([new(canteens, "1"), edit(rows()[0], canteens, seats=4)], LOADER)
    assert list(caught.value.errors) == [0]


def test_a_removed_record_may_be_made_again_under_its_id(rows, canteens, teacher):
    first = canteens.objects(code="1").get()
    remove([first], teacher, "ซ้ำ")
    again = Change(canteens, place(), {"code": "1", "name": "หนึ่ง"}, id=first.id)
    assert write([again], teacher) == [(first.id, 3)]
    events = list(history.events_of(first.area_code, first.id))
    assert [(event.number, event.action) for event in events] == [(3, "create"), (2, "remove"), (1, "create")]
    assert canteens.objects(id=first.id).get().lineage == first.lineage
    assert whole()


def test_an_id_that_another_school_uses_cannot_be_made_again(rows, canteens, neighbour):
    stolen = Change(canteens, place(OTHER), {"code": "1", "name": "หนึ่ง"}, id=rows()[0]["_id"])
    with pytest.raises(DuplicateKey):
        write([stolen], neighbour)
    assert whole()


def test_a_reopening_for_named_records_binds_its_own_school_alone(rows, canteens, database):
    first, second, _ = rows()
    named = {"school_code": place().school_code}
    database.submissions.update_one(named, {"$set": {"named_records": [first["_id"]]}})
    other = Change(canteens, place(OTHER), {"code": "9", "name": "เก้า"})
    assert write([edit(first, canteens, seats=1), other], LOADER)
    for refused in (edit(second, canteens, seats=1), new(canteens, "4")):
        with pytest.raises(NotAllowed, match="เฉพาะบางรายการ"):
            write([refused], LOADER)
    assert whole()


@pytest.mark.parametrize(("reviewed", "revision"), [(None, 1), (True, 1), (False, 2)])
def test_only_another_mark_makes_a_new_revision(reviewed, revision, rows, canteens):
    first = rows()[0]
    change = Change(canteens, place(), {}, id=first["_id"], revision=1, reviewed=reviewed)
    assert write([change], LOADER) == [(first["_id"], revision)]
    assert rows()[0]["reviewed"] is (reviewed is not False)
    assert whole()


def test_a_mark_is_told_in_the_history(rows, canteens):
    first = rows()[0]
    write([Change(canteens, place(), {}, id=first["_id"], revision=1, reviewed=False)], LOADER)
    assert history.events_of(first["area_code"], first["_id"])[0].changes == {"reviewed": [True, False]}


def test_nothing_is_stored_by_an_empty_batch(rows, count_commands):
    with count_commands() as names:
        assert write([], LOADER) == []
    assert names == []


@pytest.fixture
def meanwhile(monkeypatch):
    """`meanwhile(deed)` does something once, after the next write has read its doors and before it claims them."""

    def once(deed):
        real, left = writing.operations_of, [deed]

        def between(prepared):
            if left:
                left.pop()()
            return real(prepared)

        monkeypatch.setattr(writing, "operations_of", between)

    return once


def test_a_setting_changed_in_the_middle_of_a_write_leaves_no_drift(rows, canteens, administrator, meanwhile):
    """The counters' difference was worked out by the old setting; the claim notices and it is worked out anew."""
    first, where = rows()[0], (place().area_code, place().academic_year)
    meanwhile(lambda: set_required(canteens, *where, {"seats": "R"}, administrator, "ระเบียบใหม่"))
    write([edit(first, canteens, seats=5)], LOADER)
    assert find_submission("DMC", place()).counts["incomplete"] == 2
    assert whole()


def test_a_school_confirmed_in_the_middle_of_a_write_is_written_no_more(rows, canteens, meanwhile):
    before, first = rows(), rows()[0]
    collection = writing.collection(Submission)
    meanwhile(lambda: collection.update_one({"school_code": SCHOOL}, {"$set": {"state": "confirmed"}}))
    with pytest.raises(WrongState, match="ยืนยันแล้ว"):
        write([edit(first, canteens, seats=5)], LOADER)
    assert rows() == before


def test_a_school_moved_away_and_back_in_the_middle_of_a_write_is_asked_anew(
    rows, canteens, teacher, officer, meanwhile
):
    first = rows()[0]

    def there_and_back():
        held = set_hold(find_submission("DMC", place()), officer, "ขอตรวจก่อน")
        set_hold(held, officer, None)

    meanwhile(there_and_back)
    write([edit(first, canteens, seats=5)], LOADER)
    assert rows()[0]["seats"] == 5
    assert whole()


def test_a_setting_is_not_changed_when_its_event_cannot_be_written(
    rows, canteens, administrator, monkeypatch
):
    def full(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(completeness, "note_event", full)
    where = (place().area_code, place().academic_year)
    with pytest.raises(OSError, match="no space"):
        set_required(canteens, *where, {"seats": "R"}, administrator)
    assert "seats" not in completeness.required_of(canteens, *where)


def test_no_write_goes_unlogged_when_the_history_takes_no_more(rows, canteens, monkeypatch):
    """The store of events is full: the records that the transaction had taken already go with it."""
    from pymongo.collection import Collection
    from pymongo.errors import OperationFailure

    before, insert_many = rows(), Collection.insert_many

    def full(self, *given, **named):
        if self.name == "audit_events":
            raise OperationFailure("no space left on device", 14031)
        return insert_many(self, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Collection, "insert_many", full)
        with pytest.raises(OperationFailure, match="no space"):
            write([new(canteens, "9"), edit(before[0], canteens, seats=5)], LOADER)
    assert rows() == before
    assert whole()


def test_who_is_never_let_through_is_told_so(rows, database, monkeypatch):
    from pymongo.errors import OperationFailure

    from documents import database as module

    monkeypatch.setattr(module, "ATTEMPTS_FOR_SECONDS", 0.1)

    def work():
        raise OperationFailure("conflict", 112, {"errorLabels": ["TransientTransactionError"]})

    with pytest.raises(Busy, match="พร้อมกันหลายคน"):
        in_transaction(work)


def test_a_write_long_after_the_clock_moved_keeps_its_order(rows, canteens):
    clock.configure("2025-06-05T08:00:00+07:00")
    write([edit(rows()[0], canteens, seats=3)], LOADER)
    assert whole()
