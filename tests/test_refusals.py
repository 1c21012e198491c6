"""Refused attempts: each leaves an event that tells who and what kind, tells nothing of persons, and fills no log."""

import pytest

from documents.collecting.locking import lock_round
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import OutOfScope, RoundLocked
from documents.records.writing import Change, write
from documents.trail import refusals, verifying
from documents.trail.refusals import KINDS, MOST
from tests.people import OTHER, SCHOOL, person, place
from tests.pupils import pupil
from tests.test_record_view import form_of
from tests.web import with_password

GRID = "/admin/students/"


@pytest.fixture
def theirs(open_round, teacher, neighbour):
    """A pupil of the other school, as stored."""
    (written,) = write([Change(Student, place(OTHER), pupil(first_name="ลับลี้"))], neighbour)
    return collection(Student).find_one({"_id": written.id})


def told(database):
    """[(kind, who)] of the refusals so far, oldest first."""
    rows = database.audit_events.find({"document": "security"}).sort("_id", 1)
    return [(row["changes"]["what"][1], row["actor"]) for row in rows]


def test_every_attempt_outside_ones_rights_leaves_one_event_without_persons(
    theirs, sign_in, teacher, administrator, officer, database
):
    browser, id_ = sign_in(teacher), str(theirs["_id"])
    cell = {"pk": id_, "name": "room", "value": "9", "revision": "1"}
    tries = [
        ("unknown", lambda: browser.get(f"{GRID}details/?id={id_}")),
        ("unknown", lambda: browser.get(f"{GRID}edit/?id={id_}")),
        ("unknown", lambda: browser.get(f"{GRID}sheet/pdf/?id={id_}")),
        ("unknown", lambda: browser.send(f"{GRID}delete/", {"id": id_})),
        ("unknown", lambda: browser.send(f"{GRID}action/", {"action": "delete", "rowid": [id_], "reason": "ก"})),
        ("unknown", lambda: browser.send(f"{GRID}ajax/update/", cell)),
        ("unknown", lambda: browser.send(f"{GRID}reveal/", {"id": id_, "name": "person_id"})),
        ("scope", lambda: browser.get("/admin/users/")),
        ("scope", lambda: browser.get(f"/admin/class-lists/?school={OTHER}&grade=")),
        ("scope", lambda: browser.get(f"/admin/submissions/details/?id={find_submission('DMC', place(OTHER)).id}")),
        ("scope", lambda: browser.send("/admin/submissions/move/", {
            "id": str(find_submission("DMC", place()).id), "move": "verify", "reason": "ก"})),
        ("token", lambda: browser.post(f"{GRID}delete/", data={"id": id_})),
    ]  # fmt: skip
    for number, (kind, attempt) in enumerate(tries):
        answer = attempt()
        found = told(database)
        assert len(found) == number + 1, (number, kind, answer.status_code, found)
        assert found[-1] == (kind, teacher.id), number
        assert collection(Student).find_one({"_id": theirs["_id"]}) == theirs
    for row in database.audit_events.find({"document": "security"}):
        assert not {id_, "ลับลี้", theirs["person_id"]} & set(
            map(str, (*row["changes"].values(), row.get("reason")))
        )
        assert id_ not in str(row["changes"])
        assert row["address"] == "127.0.0.1"
    page = sign_in(administrator).get("/admin/audit/?document=security").text
    assert {kind for kind in ("unknown", "scope", "token") if KINDS[kind] in page} == {
        "unknown",
        "scope",
        "token",
    }
    assert page.count("data-event=") == len(tries)
    assert KINDS["scope"] in sign_in(officer).get("/admin/audit/?action=refuse").text
    assert "data-event=" not in browser.get("/admin/audit/?document=security").text
    assert not list(verifying.verify())


def test_the_door_notes_who_writes_where_it_is_shut(theirs, sign_in, teacher, approver, database):
    (own,) = write([Change(Student, place(), pupil())], teacher)
    browser, path = sign_in(teacher), f"{GRID}edit/?id={own.id}"
    typed = form_of(browser.get(path).text)
    lock_round(find_round(), approver, "ปิดตามกำหนด")
    assert browser.send(path, typed | {"room": "9"}).status_code == 409
    assert told(database) == [("door", teacher.id)]
    with pytest.raises(RoundLocked):
        write([Change(Student, place(), pupil())], teacher, via="import")
    with pytest.raises(OutOfScope):
        write([Change(Student, place(OTHER), pupil())], teacher)
    assert [kind for kind, _ in told(database)] == ["door", "door", "scope"]
    page = browser.send(path, typed | {"room": "9", "revision": "7"})
    assert page.status_code == 409


def find_round():
    from documents.collecting.rounds import Round

    return Round.objects.get()


def test_an_honest_mistake_is_no_event(theirs, sign_in, teacher, database):
    (own,) = write([Change(Student, place(), pupil())], teacher)
    browser, path = sign_in(teacher), f"{GRID}edit/?id={own.id}"
    typed = form_of(browser.get(path).text)
    assert browser.send(path, typed | {"room": "ก"}).status_code == 422
    assert browser.send(path, typed | {"room": "9"}).status_code == 302
    assert browser.send(path, typed | {"room": "8"}).status_code == 409  # somebody saved first
    assert browser.get("/admin/nothing-here/").status_code == 404
    assert browser.get(GRID).status_code == 200
    assert told(database) == []


def test_nobody_fills_the_history_by_trying(theirs, sign_in, teacher, database):
    for _ in range(MOST + 50):
        refusals.note("unknown", teacher, "students.details_view")
    rows = list(database.audit_events.find({"document": "security"}).sort("number", 1))
    assert len(rows) == MOST + 2
    assert [row["changes"]["times"] for row in rows[MOST:]] == [[None, 32], [None, 64]]
    refusals.note("unknown", person("else", "school", SCHOOL), "students.details_view")
    assert len(told(database)) == MOST + 3


def test_a_guessed_account_is_told_to_its_administrator(sign_in, client, teacher, administrator, database):
    with_password(teacher)
    for _ in range(7):
        client.type_in(teacher.email, "ผิดแน่นอน")
    assert {kind for kind, _ in told(database)} == {"sign_in"}
    (row, *_) = database.audit_events.find({"document": "security"})
    assert (row["actor"], row["area_code"]) == (teacher.id, "34010000")
    assert teacher.email not in str(row)
    assert KINDS["sign_in"] in sign_in(administrator).get("/admin/audit/?document=security").text
    database.limit_counters.delete_many({})


def test_a_stranger_leaves_events_of_no_area(client, database):
    assert client.post("/login", data={"email": "a@example.org"}).status_code == 400
    (row,) = database.audit_events.find({"document": "security"})
    assert (row["area_code"], row["changes"]["what"][1]) == ("*", "token")
    assert client.get("/admin/users/").status_code == 302
    assert database.audit_events.count_documents({}) == 1
