"""Abuse of the scope: rows, schools, fields and classes of data that are not one's own, by every way in."""

import io

import pytest
from bson import ObjectId

from documents.database import collection
from documents.dmc.students import Student
from documents.errors import NotAllowed
from documents.people import access
from documents.people.users import Grant, User
from documents.records.record import declared
from documents.records.writing import Change, remove, write
from exports.imports.importing import apply_plan, plan_import
from tests.making import complete
from tests.people import OTHER, SCHOOL, place
from tests.test_record_view import form_of, pupil
from tests.world import Stored
from views.records.filters import MOST_FILTERS

GRID = "/admin/students/"


@pytest.fixture
def pupils(open_round, teacher, neighbour):
    """One complete pupil of each school, {school code: as stored}."""
    written = [
        write([Change(Student, place(code), complete(Student))], person)[0]
        for code, person in ((SCHOOL, teacher), (OTHER, neighbour))
    ]
    rows = [collection(Student).find_one({"_id": one.id}) for one in written]
    return {row["school_code"]: row for row in rows}


def test_ten_thousand_rows_of_others_are_refused_at_once(pupils, sign_in, neighbour):
    browser, before = sign_in(neighbour), Stored()
    many = [str(pupils[SCHOOL]["_id"])] * 10_000
    others = [str(ObjectId()) for _ in range(10_000)]
    for ids in (many, others, [*others[:100], str(pupils[OTHER]["_id"])]):
        for name in ("delete", "review", "nothing", ""):
            sent = {"action": name, "rowid": ids, "reason": "ลองดู"}
            assert browser.send(f"{GRID}action/", sent).status_code in (302, 403)
    assert not before.changed()


# ---- another school ----


@pytest.mark.parametrize(
    "more",
    [
        {"school": OTHER}, {"school": [SCHOOL, OTHER]}, {"school": [OTHER, SCHOOL]}, {"school_code": OTHER},
        {"area_code": "34020000", "school_code": "34020001"}, {"place": OTHER, "to": OTHER}, {"school": ""},
    ],
    ids=str,
)  # fmt: skip
def test_no_form_puts_a_record_into_another_school(more, pupils, sign_in, teacher):
    browser = sign_in(teacher)
    typed = {name: str(value) for name, value in pupil().items()}
    for query in ("", f"?school={OTHER}", f"?school={SCHOOL}&school={OTHER}"):
        browser.send(f"{GRID}new/{query}", typed | more | {"person_id": pupil()["person_id"]})
    path = f"{GRID}edit/?id={pupils[SCHOOL]['_id']}"
    browser.send(f"{path}&school={OTHER}", form_of(browser.get(path).text) | {"room": "9"} | more)
    assert collection(Student).find_one({"_id": pupils[SCHOOL]["_id"]})["school_code"] == SCHOOL
    assert list(collection(Student).find({"school_code": {"$ne": SCHOOL}})) == [pupils[OTHER]]


def test_the_door_takes_no_record_from_or_to_a_school_that_is_not_ones_own(pupils, teacher, neighbour):
    row = pupils[SCHOOL]
    tries = [
        ({}, {"to": place(OTHER)}, teacher),  # one's own, given away
        ({}, {"to": place(OTHER)}, neighbour),  # another's, taken
        ({"school_code": OTHER}, {}, teacher),
        ({"area_code": "34020000"}, {}, teacher),
    ]
    before = Stored()
    for values, more, actor in tries:
        with pytest.raises(NotAllowed):
            write([Change(Student, place(), values, id=row["_id"], revision=1, **more)], actor)
    assert not before.changed()


def test_who_has_two_schools_still_writes_each_record_in_its_own(pupils, sign_in, teacher, database):
    User.objects(id=teacher.id).update(
        grants=[Grant(role="school", area_code="34010000", school_codes=[SCHOOL, OTHER])]
    )
    browser = sign_in(User.objects.get(id=teacher.id))
    path = f"{GRID}edit/?id={pupils[SCHOOL]['_id']}"
    browser.send(f"{path}&school={OTHER}", form_of(browser.get(path).text) | {"room": "9", "school": OTHER})
    changed = database.students.find_one({"_id": pupils[SCHOOL]["_id"]})
    assert (changed["room"], changed["school_code"]) == (9, SCHOOL)
    browser.send(f"{GRID}delete/", {"id": str(pupils[OTHER]["_id"]), "school": SCHOOL})
    assert database.students.count_documents({"school_code": SCHOOL}) == 1


def test_the_old_school_sees_no_more_of_a_pupil_who_moved(
    pupils, sign_in, teacher, neighbour, officer, database
):
    row = pupils[SCHOOL]
    move = Change(Student, place(), {"first_name": "ใหม่เอี่ยม"}, id=row["_id"], revision=1, to=place(OTHER))
    write([move], officer, "ย้ายสถานศึกษา")
    old, new = sign_in(teacher), sign_in(neighbour)
    event = database.audit_events.find_one({"subject": row["_id"], "action": "update"})
    for path in (f"{GRID}details/?id={row['_id']}", f"{GRID}edit/?id={row['_id']}", f"{GRID}history/?id={row['_id']}",
                 f"/admin/audit/details/?id={event['_id']}"):  # fmt: skip
        assert old.get(path).status_code == 404, path
    for path in (
        GRID,
        f"{GRID}export/csv/",
        f"{GRID}?search=ใหม่เอี่ยม",
        "/admin/audit/",
        f"{GRID}?after={row['_id']}",
    ):
        answer = old.get(path)
        assert "ใหม่เอี่ยม" not in answer.text.replace("?search=ใหม่เอี่ยม", "").replace('value="ใหม่เอี่ยม"', ""), (
            path
        )
    assert new.get(f"{GRID}details/?id={row['_id']}").status_code == 200
    cell = {"pk": str(row["_id"]), "name": "room", "value": "5", "revision": "2"}
    assert old.send(f"{GRID}ajax/update/", cell).status_code == 404


# ---- the sensitive class ----


def test_nothing_sensitive_is_narrowed_or_ordered_by_without_the_mark(pupils, sign_in, officer, database):
    browser, row = sign_in(officer), pupils[SCHOOL]
    hidden = [name for name, one in declared(Student).items() if one.personal == "sensitive"]
    filters = [f"{name}_{operator}" for name in hidden for operator in ("eq", "ge", "has")]
    for value in ("xx", "1"):
        for some in range(0, len(filters), MOST_FILTERS):
            query = "&".join(
                f"flt{i}_{name}={value}" for i, name in enumerate(filters[some : some + MOST_FILTERS])
            )
            page = browser.get(f"{GRID}?school={SCHOOL}&sensitive=1&{query}", follow_redirects=True)
            assert str(row["_id"]) in page.text, f"one of {query} was filtered by"
    page = browser.get(f"{GRID}?school={SCHOOL}&sensitive=1").text
    labels = [declared(Student)[name].verbose_name for name in hidden]
    assert not [label for label in labels if f">{label}<" in page]
    count = len(Student.grid)
    rows = [browser.get(f"{GRID}?school={SCHOOL}&sensitive=1&sort={i}").status_code for i in range(count + 3)]
    assert set(rows) == {200}
    assert database.audit_events.count_documents({"action": "view_sensitive"}) == 0


def test_nothing_sensitive_is_read_or_written_without_the_mark(pupils, sign_in, officer, teacher):
    row, browser = pupils[SCHOOL], sign_in(officer)
    write([Change(Student, place(), {"weight_kg": 43.7}, id=row["_id"], revision=1)], teacher)
    for path in (f"details/?id={row['_id']}", f"history/?id={row['_id']}", f"edit/?id={row['_id']}", "export/csv/",
                 f"?school={SCHOOL}&sensitive=1", f"export/csv/?school={SCHOOL}&sensitive=1"):  # fmt: skip
        assert "43.7" not in browser.get(GRID + path).text, path
    before = Stored()
    for name in ("weight_kg", "religion", "disability"):
        sent = {"id": str(row["_id"]), "name": name}
        assert browser.send(f"{GRID}reveal/", sent).status_code == 403
    cell = {"pk": str(row["_id"]), "name": "weight_kg", "value": "50", "revision": "2", "reason": "ลองดู"}
    answer = browser.send(f"{GRID}ajax/update/", cell)
    assert answer.status_code == 403
    assert "43.7" not in answer.text
    path = f"{GRID}edit/?id={row['_id']}"
    forged = form_of(browser.get(path).text) | {"weight_kg": "50", "reason": "ลองดู"}
    browser.send(path, forged)
    assert collection(Student).find_one({"_id": row["_id"]})["weight_kg"] == 43.7
    answer = browser.send(path, forged | {"revision": "1"})
    assert answer.status_code == 409
    assert "43.7" not in answer.text
    assert set(before.changed()) <= {"students", "submissions"}  # the district's own save, of what it may see


def test_who_may_see_sensitive_data_in_one_place_does_not_in_another(pupils, database):
    """A teacher of one school who is also an officer without the mark: the own school yes, the others no."""
    user = User(email="two@example.org", name="สองหน้าที่", fs_uniquifier="two", grants=[
        Grant(role="school", area_code="34010000", school_codes=[SCHOOL]), Grant(role="district", area_code="34010000"),
    ])  # fmt: skip
    assert access.sees_sensitive(user, "34010000", SCHOOL)
    assert not access.sees_sensitive(user, "34010000", OTHER)
    assert not access.sees_sensitive(user, "34010000")


# ---- files ----


def test_a_file_sets_nothing_that_the_server_owns(pupils, open_round, teacher):
    row = pupils[SCHOOL]
    owned = ("revision", "_id", "id", "created_by", "area_code", "academic_year", "round", "state", "สถานะการส่ง", "_cls",
             "lineage", "extra.x", "$set", "history_hash", "updated_by_name", "reviewed")  # fmt: skip
    head = ["รหัสโรงเรียน", "เลขประจำตัวประชาชน", "ห้อง", *owned]
    line = [SCHOOL, row["person_id"], "9", *("99" for _ in owned)]
    text = "\n".join(",".join(cells) for cells in (head, line))
    plan = plan_import(Student, io.BytesIO(text.encode()), "x.csv", teacher, open_round)
    assert set(plan.unknown) >= set(owned) - {"สถานะการส่ง"}
    apply_plan(plan.id, teacher, approved=True)
    after = collection(Student).find_one({"_id": row["_id"]})
    kept = {"updated_at", "history_hash", "room", "revision"}
    assert {name: value for name, value in after.items() if name not in kept} == {
        name: value for name, value in row.items() if name not in kept
    }
    assert (after["room"], after["revision"]) == (9, 2)


def test_a_removed_pupil_is_read_by_nobody_else_afterwards(pupils, sign_in, teacher, neighbour):
    row = pupils[SCHOOL]
    remove([Student.objects(id=row["_id"]).get()], teacher, "ลงซ้ำ")
    browser = sign_in(neighbour)
    assert row["first_name"] not in browser.get("/admin/audit/?action=remove").text
    assert browser.get(f"{GRID}details/?id={row['_id']}").status_code == 404
    assert browser.get(f"{GRID}history/?id={row['_id']}").status_code == 404
