"""A whole district for the tests that need one: 230 schools in an open round, and ways to bring it forward."""

import pytest
from pymongo import InsertOne

from documents.checking.finding_answers import answer
from documents.checking.findings import Finding, refresh
from documents.collecting.moves import move
from documents.collecting.submissions import Submission, place_filter, submissions_of
from documents.database import collection
from documents.district.schools import School
from documents.dmc.counting import is_counted
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.people.users import System
from documents.records.record import Place
from documents.records.writing import Change, write
from tests import people
from tests.people import AREA, place
from tests.remembered import remembered

LOADER = System("tests")
SCHOOLS = 230


def code_of(number):
    """The code of the n-th school of the district; the first two are the teacher's and the neighbour's."""
    return f"34010{number:03}"


def add_schools(count):
    """Fill the tests' area up to `count` schools."""
    rows = [
        {"area_code": AREA, "code": code_of(n), "name": f"บ้าน {n:03}", "cluster": f"กลุ่ม {n % 12}", "kind": "school",
         "status": "open", "grade_from": "01", "grade_to": "09", "revision": 1}
        for n in range(3, count + 1)
    ]  # fmt: skip
    collection(School).bulk_write([InsertOne(row) for row in rows])


@pytest.fixture
@remembered
def district(draft_round, officer, executive, approver):
    """The round of 230 schools, open."""
    add_schools(SCHOOLS)
    ordered = people.round_moves.record_order(
        people.round_moves.propose(draft_round, officer, "ขอเปิดรอบ"),
        executive,
        "1",
        people.utc(1),
        "ดำเนินการ",
    )
    return people.round_moves.open_round(ordered, approver)


def submission(number):
    """The Submission of the n-th school."""
    return Submission.objects(area_code=AREA, school_code=code_of(number)).get()


def with_rooms(where, least=1):
    """Declare the rooms that a place's stored pupils fill: without any, each school with pupils has an error (DMC-17)."""
    filled = {}
    for row in collection(Student).find(where._asdict(), {"grade": 1, "room": 1, "status": 1}):
        if row.get("grade") and is_counted(row):
            filled[row["grade"]] = max(filled.get(row["grade"], least), row.get("room") or 1)
    for declared in collection(SchoolRooms).find(where._asdict(), {"grade": 1}):
        filled.pop(declared["grade"], None)
    write([Change(SchoolRooms, where, {"grade": g, "rooms": n}) for g, n in filled.items()], LOADER)


def bring(submission, *names):
    """Make moves one after another as the system, giving a reason each time; pupils who are handed in have their rooms."""
    if "confirm" in names and submission.subsystem == "DMC":
        with_rooms(Place(AREA, submission.academic_year, submission.round, submission.school_code))
        submission = Submission.objects.get(id=submission.id)
    for name in names:
        submission = move(submission, name, LOADER, "ทดสอบ")
    return submission


def pass_errors(submission, officer):
    """Let the district pass every error of a submission, with a reason."""
    refresh(submission)
    wanted = place_filter(submission.subsystem, submission) | {"state": "open", "level": "error"}
    if errors := collection(Finding).distinct("_id", wanted):
        answer(submission, errors, officer, "ทดสอบ")


def states(round_):
    """{state: how many submissions of the round are in it}."""
    found = {}
    for one in submissions_of(round_):
        found[one.state] = found.get(one.state, 0) + 1
    return found


def at(number):
    """The place of the n-th school in the tests' round."""
    return place(code_of(number))
