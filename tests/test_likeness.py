"""The search for the same learner: who is found though misspelt, who is not, and what it costs."""

import datetime as dt
from importlib import import_module

import pytest
from bson import ObjectId

from documents.checking import resemblance
from documents.checking.likeness import LIKELY, likely_same, told_to
from documents.database import collection
from documents.dmc.students import Student
from documents.gcode import gcode_requests
from documents.records.digests import canonical_record
from documents.records.writing import Change, write
from tests.learners import learner
from tests.likenesses import labelled
from tests.people import AREA, OTHER, ROUND, SCHOOL, YEAR, place
from tests.pupils import pupil


def keep(entries):
    """Store entries as pupils of one school, as bare as the search needs them."""
    common = {"area_code": AREA, "academic_year": YEAR, "round": ROUND, "school_code": OTHER}
    collection(Student).insert_many(
        {**common, "lineage": each["_id"], "likeness": resemblance.keys(each), **each} for each in entries
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_who_is_there_is_found_and_who_only_looks_alike_is_not(area, seed, capsys):
    made = labelled(seed)
    keep(made.stored)
    right = wrong = 0
    for asked, same in made.asked:
        for one in likely_same(AREA, asked):
            right, wrong = right + (one.id == same), wrong + (one.id != same)
    wanted = sum(same is not None for _, same in made.asked)
    recall, precision = right / wanted, right / (right + wrong)
    with capsys.disabled():
        print(
            f"\n  seed {seed}: recall {recall:.3f}, precision {precision:.3f} of {len(made.asked)} searches"
        )
    assert recall >= 0.95
    assert precision >= 0.90


# ---- what the door keeps, and who is found ----


@pytest.fixture
def child(open_round, teacher):
    """A pupil of the teacher's school, stored by the door."""
    (written,) = write([Change(Student, place(), pupil(first_name="ณัฐวรรณ", last_name="ศรีแก้ว"))], teacher)
    return collection(Student).find_one({"_id": written.id})


def asked_for():
    """The same child as another would type her."""
    return {"first_name": "นัฐวรณ", "last_name": "สรีแก้ว", "birth_date": dt.datetime(2015, 10, 6)}  # noqa: DTZ001


def test_the_door_keeps_the_blocks_and_the_digest_does_not_know_them(child, teacher):
    assert child["likeness"] == resemblance.keys(child)
    assert b"likeness" not in canonical_record(Student, child).encode()
    write([Change(Student, place(), {"first_name": "สมหมาย"}, id=child["_id"], revision=1)], teacher)
    now = collection(Student).find_one({"_id": child["_id"]})
    assert now["likeness"] == resemblance.keys(now) != child["likeness"]
    write([Change(Student, place(), {"room": 2}, id=child["_id"], revision=2)], teacher)
    assert collection(Student).find_one({"_id": child["_id"]})["likeness"] == now["likeness"]


@pytest.mark.parametrize(
    ("earlier", "later", "kind"),
    [
        ((2015, 1, 31), (2015, 2, 1), resemblance.STEP),
        ((2016, 2, 29), (2016, 3, 1), resemblance.STEP),
        ((2014, 12, 31), (2015, 1, 1), resemblance.STEP),
        ((2015, 4, 9), (2015, 5, 9), resemblance.DIGIT),
        ((2015, 9, 30), (2015, 10, 30), resemblance.STEP),
        ((2015, 1, 28), (2015, 2, 1), resemblance.OTHER),
        ((2016, 2, 28), (2016, 3, 1), resemblance.OTHER),
    ],
)
def test_a_day_or_a_month_apart_is_told_as_that_over_the_end_of_a_month_too(earlier, later, kind):
    assert resemblance.dates_apart(earlier, later) == kind == resemblance.dates_apart(later, earlier)


def test_a_misspelt_name_and_a_turned_birth_date_are_told_in_thai(child):
    (found,) = likely_same(AREA, asked_for())
    assert (found.kind, found.id, found.school_code) == ("students", child["_id"], SCHOOL)
    assert LIKELY <= found.score < 1
    assert found.why[0].startswith("ชื่อคล้าย") or "อ่านเหมือนกัน" in found.why[0]
    assert "วันเกิดสลับวันกับเดือน" in found.why
    assert not found.exact


def test_a_number_and_a_former_number_say_it_without_a_name(child, officer):
    (found,) = likely_same(AREA, {"person_id": child["person_id"]})
    assert found.exact
    assert found.score == 1
    former = [{"id": "G680000000001", "type": "G", "from": None, "to": None}]
    stored = child | {"former_ids": former}
    blocks = resemblance.keys(stored)
    collection(Student).update_one(
        {"_id": child["_id"]}, {"$set": {"former_ids": former, "likeness": blocks}}
    )
    (found,) = likely_same(AREA, {"person_id": "G680000000001"})
    assert found.exact
    assert "เลขเดิม" in found.why[0]


def test_the_learner_himself_another_area_and_another_year_are_not_found(child):
    assert likely_same(AREA, child) == []
    assert likely_same("34020000", asked_for()) == []
    assert likely_same(AREA, asked_for(), academic_year=YEAR - 1) == []
    assert likely_same(AREA, {}) == []


def test_a_pupil_of_several_rounds_is_one_entry_the_newest(child):
    later = child | {"_id": ObjectId(), "round": "2"}
    collection(Student).insert_one(later)
    (found,) = likely_same(AREA, asked_for())
    assert found.id == later["_id"]


def test_another_school_is_told_where_and_nothing_more(child, neighbour, teacher):
    (told,) = told_to(neighbour, AREA, likely_same(AREA, asked_for()))
    assert (told.school_name, told.open, told.why, told.headline) == ("บ้านหนึ่ง", False, (), None)
    (told,) = told_to(teacher, AREA, likely_same(AREA, asked_for()))
    assert told.open
    assert told.headline


def test_the_migration_gives_blocks_to_those_who_have_none(child, database):
    collection(Student).update_one({"_id": child["_id"]}, {"$unset": {"likeness": ""}})
    import_module("documents.migrations.002_likeness").run(database)
    assert collection(Student).find_one({"_id": child["_id"]}) == child


def test_a_search_walks_an_index(area, explains):
    made = labelled(4, children=400, twice=4)
    keep(made.stored)
    with explains() as questions:
        likely_same(AREA, made.asked[0][0])
    questions.check()
    assert len(questions.commands) == 2  # pupils and requests


def test_a_g_code_request_of_another_school_is_found_too(child, neighbour, teacher):
    asked = learner(first_name="นัฐวรณ", last_name="ศรีแก้ว", birth_date="06/10/2558")
    request = gcode_requests.record(AREA, OTHER, asked, neighbour, "คนละคน")
    assert request.known_likely[0]["id"] == child["_id"]
    (found,) = likely_same(AREA, child)
    assert (found.kind, found.id, found.school_code) == ("gcode", request.id, OTHER)
    (told,) = told_to(teacher, AREA, [found])
    assert (told.school_name, told.open, told.headline) == ("บ้านสอง", False, None)
