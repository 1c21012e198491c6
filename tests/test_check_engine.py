"""The engine of the checks with a subsystem it does not know: bounds, other subsystems, and the rounds before."""

import threading

import pytest

from documents.checking import findings
from documents.checking.finding_answers import answer
from documents.checking.findings import Finding, refresh
from documents.checking.limits import limits_of
from documents.collecting import moves
from documents.collecting.submissions import find_submission
from documents.database import collection, db
from documents.dmc.students import Student
from documents.errors import WrongState
from documents.records import linked
from documents.records.record import Place
from documents.records.writing import Change, write
from tests.districts import with_rooms
from tests.kitchens import Kitchen, food_round
from tests.people import AREA, OTHER, SCHOOL, YEAR, place
from tests.pupils import pupil


@pytest.fixture
def people(teacher, officer, executive, approver):
    return {"teacher": teacher, "officer": officer, "executive": executive, "approver": approver}


def test_a_subsystems_own_rows_see_other_subsystems_and_the_rounds_before(kitchens, open_round, people):
    teacher = people["teacher"]
    for year in (YEAR - 2, YEAR - 1, YEAR):
        food_round(people, year)
    there, before, here = (Place(AREA, year, "1", SCHOOL) for year in (YEAR - 2, YEAR - 1, YEAR))
    write([Change(Student, place(), pupil()) for _ in range(3)], teacher)
    first = write([Change(Kitchen, there, {"code": "A", "plates": 5})], teacher)[0].id
    more = [
        Change(Kitchen, before, {"code": code, "plates": 7}, lineage=first if code == "A" else None)
        for code in "AB"
    ]
    write(more, teacher)
    write([Change(Kitchen, here, {"code": "A", "plates": 5, "note": "x"}, lineage=first)], teacher)
    checkup = refresh(find_submission("FOOD", here))
    assert checkup["codes"] == {"FO-02": 1, "FO-03": 1}, "as many plates as two years ago"
    one = collection(Kitchen).find_one({"academic_year": YEAR})
    write([Change(Kitchen, here, {"plates": 4, "code": None}, one["_id"], one["revision"])], teacher)
    checkup = refresh(find_submission("FOOD", here))
    assert (checkup["codes"], checkup["counts"]["changed"]) == (
        {"REQ": 1, "FO-01": 1, "FO-02": 1, "FO-03": 1},
        1,
    )
    assert {row.sentence for row in Finding.objects(code="FO-01")} == {"จานเปลี่ยนเป็น 4 เดิม [7, 5]"}
    for row in collection(Student).find({}):
        write([Change(Student, place(), {}, row["_id"], 1, remove=True)], people["officer"], "ซ้ำ")
    assert "FO-02" not in refresh(find_submission("FOOD", here))["codes"], "what is linked makes it stale"
    assert limits_of(AREA, "FOOD", YEAR) == {"plates": 2, "unreviewed": 0}


def test_linked_figures_are_of_the_years_latest_round_or_the_one_named_for_it(kitchens, open_round, people):
    assert linked.counts(AREA, YEAR, "FOOD") == {}
    old, first = food_round(people, YEAR - 1), None
    write(
        [Change(Kitchen, Place(AREA, YEAR - 1, "1", SCHOOL), {"code": "A", "plates": 5})], people["teacher"]
    )
    assert linked.counts(AREA, YEAR, "FOOD")[SCHOOL]["plates"] == 5
    assert linked.round_of(AREA, YEAR, "FOOD").id == old.id
    first, second = food_round(people), food_round(people, code="2")
    assert linked.round_of(AREA, YEAR, "FOOD").id == second.id
    Kitchen.linked_round = "1"
    try:
        assert linked.round_of(AREA, YEAR, "FOOD").id == first.id
    finally:
        Kitchen.linked_round = None
    write([Change(Student, place(), pupil())], people["teacher"])
    assert linked.counts(AREA, YEAR, "DMC", SCHOOL)[SCHOOL]["pupils"] == 1
    assert linked.counts(AREA, YEAR, "DMC", [OTHER]) == {OTHER: {}}


def test_an_answer_never_lands_behind_a_lock(kitchens, open_round, people):
    """The answer holds the submission: a lock that comes meanwhile waits for it, one that came before is seen."""
    write([Change(Student, place(), pupil(birth_date="10/06/2555"))], people["teacher"])
    with_rooms(place())
    stale = find_submission("DMC", place())
    refresh(stale)
    ids = [row.id for row in Finding.objects(school_code=SCHOOL)]
    held, real, thread = [], findings.Finding._get_collection(), None
    lock = moves.MOVES["lock"]

    def locking():
        db().submissions.update_one({"_id": stale.id}, {"$set": {"state": lock.to}})
        held.append(real.find_one({"_id": ids[0]})["state"])

    from documents.checking import finding_answers

    level = finding_answers._answer_level

    def slowly(*arguments):
        nonlocal thread
        if thread is None:
            thread = threading.Thread(target=locking)
            thread.start()
            thread.join(0.3)
        level(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding_answers, "_answer_level", slowly)
        answer(stale, ids, people["teacher"], "เข้าเรียนช้า")
    thread.join()
    assert held == ["explained"], "the lock came through after the answer was stored"
    write_before = collection(Finding).find_one({"_id": ids[0]})
    collection(Finding).update_one({"_id": ids[0]}, {"$set": {"state": "open"}})
    with pytest.raises(WrongState, match="ล็อกแล้ว"):
        answer(stale, ids, people["teacher"], "อีกครั้ง")
    assert write_before["answer"]["reason"] == "เข้าเรียนช้า"
