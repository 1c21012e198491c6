"""The one door: scope, windows, revisions, keys, history, all or nothing."""

import pytest

from documents import clock
from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.errors import (
    DuplicateKey,
    Invalid,
    NotAllowed,
    OutOfScope,
    RuleBroken,
    StaleRevision,
    WindowShut,
    WrongState,
)
from documents.records.writing import Change, remove, write
from documents.trail import verifying
from tests.people import OTHER, place


def new(document, code="1", school=None, **values):
    """A change that makes a canteen."""
    where = place(school) if school else place()
    return Change(document, where, {"code": code, "name": f"โรงอาหาร {code}", **values})


def stored(document):
    return list(document._get_collection().find().sort("code"))


def events(database):
    return list(database.audit_events.find({"document": "canteens"}).sort([("subject", 1), ("number", 1)]))


@pytest.fixture
def canteen(canteens, open_round, teacher):
    """One stored canteen, as a Change to build on."""
    (written,) = write([new(canteens, seats=10, eaters=5)], teacher)
    return canteens.objects(id=written.id).get()


def edit(canteen, **values):
    return Change(type(canteen), canteen.place, values, id=canteen.id, revision=canteen.revision)


def test_a_write_stores_the_record_its_event_and_its_count(canteens, open_round, teacher, database):
    (written,) = write([new(canteens, seats="๑๒", built="10/06/2558")], teacher)
    (row,) = stored(canteens)
    assert (row["seats"], row["built"].isoformat(), row["revision"]) == (12, "2015-06-10T00:00:00", 1)
    assert written == (row["_id"], 1)
    (event,) = events(database)
    assert (event["action"], event["changes"], event["acting_as"]) == ("create", {}, "school")
    submission = find_submission("DMC", place())
    assert (submission.counts, submission.writes) == ({"canteens": 1}, 1)
    assert submission.started


def test_an_update_notes_old_and_new(canteen, teacher, database):
    write([edit(canteen, seats=20)], teacher)
    assert events(database)[-1]["changes"] == {"seats": [10, 20]}
    assert list(verifying.verify()) == []


def test_a_change_that_changes_nothing_is_not_noted(canteen, teacher, database):
    assert write([edit(canteen, seats=10)], teacher) == [(canteen.id, 1)]
    assert len(events(database)) == 1


def test_a_neighbour_is_refused(canteen, neighbour, database):
    with pytest.raises(OutOfScope):
        write([edit(canteen, seats=1)], neighbour)
    assert stored(type(canteen))[0]["seats"] == 10


def test_a_record_cannot_be_slipped_into_another_school(canteen, teacher):
    moving = Change(type(canteen), canteen.place, {}, id=canteen.id, revision=1, to=place(OTHER))
    with pytest.raises(OutOfScope):
        write([moving], teacher)


def test_a_record_of_another_school_cannot_be_named_under_ones_own(canteen, neighbour):
    theirs = Change(type(canteen), place(OTHER), {"seats": 1}, id=canteen.id, revision=1)
    with pytest.raises(StaleRevision):
        write([theirs], neighbour)
    assert stored(type(canteen))[0]["seats"] == 10


@pytest.mark.parametrize("role", ["director", "approver", "executive", "administrator"])
def test_other_roles_write_nothing(role, canteen, request):
    with pytest.raises(OutOfScope):
        write([edit(canteen, seats=1)], request.getfixturevalue(role), "เหตุผล")


def test_the_district_writes_with_a_reason(canteen, officer, database):
    with pytest.raises(Invalid):
        write([edit(canteen, seats=3)], officer)
    write([edit(canteen, seats=3)], officer, "โรงเรียนแจ้งทางโทรศัพท์")
    assert events(database)[-1]["acting_as"] == "district"


@pytest.mark.parametrize(
    ("moment", "refused"),
    [
        ("2025-05-31T23:59:59+07:00", WindowShut),
        ("2025-06-01T00:00:00+07:00", None),
        ("2025-06-10T16:29:59+07:00", None),
        ("2025-06-10T16:30:00+07:00", WindowShut),
    ],
)
def test_the_window_holds_to_the_second(moment, refused, canteens, open_round, teacher):
    clock.configure(moment)
    if refused is None:
        assert write([new(canteens)], teacher)
    else:
        with pytest.raises(refused, match="รอบ DMC ภาคเรียนที่ 1/2568"):
            write([new(canteens)], teacher)


def test_a_confirmed_submission_takes_no_write(canteen, teacher):
    move(find_submission("DMC", place()), "confirm", teacher)
    with pytest.raises(WrongState, match="ยืนยันแล้ว"):
        write([edit(canteen, name="ใหม่")], teacher)


def test_a_stale_revision_shows_both_versions(canteen, teacher):
    write([edit(canteen, seats=11, name="ใหม่")], teacher)
    with pytest.raises(StaleRevision) as caught:
        write([edit(canteen, seats=12)], teacher)
    (conflict,) = caught.value.conflicts
    assert conflict.fields == (("seats", 10, 11, 12),)
    assert conflict.revision == 2


def test_a_double_is_refused_with_a_sentence(canteen, teacher):
    with pytest.raises(Invalid) as caught:
        write([new(type(canteen), "2"), new(type(canteen), "1")], teacher)
    assert list(caught.value.errors) == [1]
    assert len(stored(type(canteen))) == 1


def test_a_double_within_one_batch_is_refused(canteens, open_round, teacher):
    with pytest.raises(Invalid):
        write([new(canteens, "7"), new(canteens, "7")], teacher)


def test_the_same_key_in_two_schools_is_stored(canteen, neighbour):
    assert write([new(type(canteen), "1", OTHER)], neighbour)


def test_bad_values_come_back_by_field(canteens, open_round, teacher):
    with pytest.raises(Invalid) as caught:
        write([new(canteens, seats="สิบ", built="31/04/2568", faith="999", size="NaN")], teacher)
    assert set(caught.value.errors[0]) == {"seats", "built", "faith", "size"}


def test_a_rule_over_two_fields_holds(canteen, teacher):
    with pytest.raises(Invalid, match="สามเท่า"):
        write([edit(canteen, eaters=31)], teacher)


@pytest.mark.parametrize(
    "name", ["area_code", "school_code", "round", "revision", "_id", "created_by", "$where"]
)
def test_server_owned_names_cannot_be_written(name, canteen, teacher):
    with pytest.raises(NotAllowed):
        write([edit(canteen, **{name: "x"})], teacher)


def test_an_officer_without_the_mark_cannot_write_sensitive_fields(canteen, officer):
    with pytest.raises(NotAllowed):
        write([edit(canteen, needs=["1"])], officer, "เหตุผล")


def test_a_removal_keeps_its_values_in_the_history(canteen, teacher, database):
    remove([canteen], teacher, "บันทึกซ้ำ")
    assert stored(type(canteen)) == []
    assert events(database)[-1]["changes"]["seats"] == [10, None]
    submission = find_submission("DMC", place())
    assert (submission.counts["canteens"], submission.removed) == (0, 1)


def test_a_thousand_records_take_a_constant_number_of_calls(canteens, open_round, teacher, count_commands):
    with count_commands() as few:
        write([new(canteens, str(i)) for i in range(10)], teacher)
    with count_commands() as many:
        write([new(canteens, f"x{i}") for i in range(1000)], teacher)
    assert len(many) <= len(few) + 4, many


def test_two_who_add_the_same_key_at_once_get_one_sentence(canteens, open_round, teacher, monkeypatch):
    from documents.records import preparing

    monkeypatch.setattr(preparing, "find_doubles", lambda prepared, errors: None)
    write([new(canteens)], teacher)
    with pytest.raises(DuplicateKey):
        write([new(canteens)], teacher)


def test_an_edited_or_deleted_event_is_found(canteen, teacher, database):
    write([edit(canteen, seats=20)], teacher)
    last = events(database)[-1]
    database.audit_events.update_one({"_id": last["_id"]}, {"$set": {"changes.seats": [10, 21]}})
    assert any("แก้ไขภายหลัง" in sentence for sentence in verifying.verify())
    database.audit_events.delete_one({"_id": last["_id"]})
    assert any("หายไป" in sentence for sentence in verifying.verify())


def test_every_refusal_is_a_thai_sentence(canteen, neighbour):
    with pytest.raises(RuleBroken) as caught:
        write([edit(canteen, seats=1)], neighbour)
    assert "ท่านไม่มีสิทธิ์" in caught.value.message


def test_a_record_of_the_batch_that_keeps_its_key_still_holds_it(canteen, teacher):
    with pytest.raises(Invalid) as caught:
        write([edit(canteen, seats=9), new(type(canteen), "1")], teacher)
    assert list(caught.value.errors) == [1]


@pytest.mark.parametrize("values", [{}, {"code": None, "name": " "}, {"open_now": False, "needs": []}])
def test_a_record_of_nothing_is_refused(values, canteens, open_round, teacher):
    with pytest.raises(Invalid, match="อย่างน้อยหนึ่งช่อง"):
        write([Change(canteens, place(), values)], teacher)
    assert stored(canteens) == []
