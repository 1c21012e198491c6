"""Records that were removed: told with the way back, and brought back as they were, through the one door."""

import pytest

from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import DoorClosed, Invalid, NotAllowed, RuleBroken, WrongState
from documents.records.removed import bring_back, removed_from
from documents.records.writing import Change, remove, write
from documents.trail import verifying
from tests.making import complete
from tests.people import OTHER, SCHOOL, place
from tests.test_record_view import pupil
from tests.world import Stored
from views.records.record_actions import COMES_BACK

GRID = "/admin/students/"
SINCE = {
    "revision",
    "history_hash",
    "updated_at",
    "updated_by",
    "updated_by_name",
    "created_at",
    "created_by",
}


@pytest.fixture
def three(open_round, teacher):
    """Three whole pupils of the teacher's school, as stored."""
    write([Change(Student, place(), complete(Student)) for _ in range(3)], teacher)
    return list(collection(Student).find().sort("_id"))


def gone(rows, actor):
    return remove(
        [Change(Student, place(), id=r["_id"], revision=r["revision"], remove=True) for r in rows],
        actor,
        None,
    )


def as_typed(rows):
    return [{name: value for name, value in row.items() if name not in SINCE} for row in rows]


def test_what_was_removed_stands_again_as_it_was(three, teacher):
    gone(three[:2], teacher)
    assert {event["subject"] for event in removed_from(Student, place())} == {row["_id"] for row in three[:2]}
    counted = find_submission("DMC", place()).counts
    bring_back(Student, place(), [row["_id"] for row in three[:2]], teacher, None)
    after = list(collection(Student).find().sort("_id"))
    assert as_typed(after) == as_typed(three)
    assert [row["revision"] for row in after] == [3, 3, 1]
    assert find_submission("DMC", place()).counts["students"] == counted["students"] + 2 == 3
    assert removed_from(Student, place()) == []
    assert list(verifying.verify()) == []


def test_one_carried_over_is_looked_over_again(three, teacher, database):
    database.students.update_one({"_id": three[0]["_id"]}, {"$set": {"lineage": three[1]["_id"]}})
    gone(three[:1], teacher)
    bring_back(Student, place(), [three[0]["_id"]], teacher, None)
    row = collection(Student).find_one({"_id": three[0]["_id"]})
    assert (row["reviewed"], row["lineage"]) == (False, three[1]["_id"])


def test_one_that_stands_again_or_was_never_there_is_refused_with_all_the_others(three, teacher):
    gone(three[:2], teacher)
    bring_back(Student, place(), [three[0]["_id"]], teacher, None)
    before = Stored()
    for ids in ([three[0]["_id"], three[1]["_id"]], [three[2]["_id"]], [place()], [], ["x"]):
        with pytest.raises((WrongState, Invalid)):
            bring_back(Student, place(), ids, teacher, None)
    assert not before.changed()


def test_who_was_entered_anew_is_not_brought_back_beside_himself(three, teacher):
    gone(three[:1], teacher)
    write([Change(Student, place(), pupil(person_id=three[0]["person_id"]))], teacher)
    with pytest.raises(RuleBroken):
        bring_back(Student, place(), [three[0]["_id"]], teacher, None)
    assert collection(Student).count_documents({"person_id": three[0]["person_id"]}) == 1


def test_values_erased_by_retention_do_not_come_back(three, teacher, database):
    gone(three[:1], teacher)
    database.audit_events.update_many({"action": "remove"}, {"$unset": {"changes": ""}})
    with pytest.raises(WrongState, match="ถูกลบตามกำหนดเวลา"):
        bring_back(Student, place(), [three[0]["_id"]], teacher, None)


def test_nothing_comes_back_into_a_school_that_handed_in_nor_by_a_neighbour(
    three, teacher, neighbour, database
):
    gone(three[:1], teacher)
    with pytest.raises(NotAllowed):
        bring_back(Student, place(), [three[0]["_id"]], neighbour, None)
    with pytest.raises(WrongState):
        bring_back(Student, place(OTHER), [three[0]["_id"]], neighbour, None)
    database.submissions.update_one({"school_code": SCHOOL}, {"$set": {"state": "confirmed"}})
    with pytest.raises(DoorClosed):
        bring_back(Student, place(), [three[0]["_id"]], teacher, None)
    assert collection(Student).count_documents({}) == 2


def test_the_page_says_how_to_undo_and_does_it(three, sign_in, teacher, neighbour, officer):
    browser = sign_in(teacher)
    assert "รายการที่ลบ</a>" not in browser.get(GRID).text
    ids = [str(row["_id"]) for row in three[:2]]
    browser.send(f"{GRID}action/", {"action": "delete", "rowid": ids})
    page = browser.get(GRID).text
    assert "ลบแล้ว 2 รายการ ของ 1 โรงเรียน" in page
    assert COMES_BACK in page
    assert f'href="{GRID}removed/?school={SCHOOL}"' in page
    assert "นำกลับมาทั้ง 2 รายการ" in browser.get(f"{GRID}removed/").text
    for other in (sign_in(neighbour), sign_in(officer)):
        assert other.get(f"{GRID}removed/").status_code in (200, 404)
        assert Student.headline(three[0]) not in other.get(f"{GRID}removed/").text
    assert sign_in(neighbour).get(f"{GRID}removed/?school={SCHOOL}").status_code == 404
    assert sign_in(neighbour).send(f"{GRID}removed/?school={SCHOOL}", {"id": ids}).status_code == 403
    assert "โปรดระบุเหตุผล" in sign_in(officer).send(
        f"{GRID}removed/?school={SCHOOL}", {"id": ids}, follow_redirects=True
    ).text  # fmt: skip
    told = browser.send(f"{GRID}removed/?school={SCHOOL}", {"id": ids}, follow_redirects=True).text
    assert "นำกลับมาแล้ว 2 รายการ" in told
    assert collection(Student).count_documents({}) == 3
