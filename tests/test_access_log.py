"""Who looked at whose data: what is entered, what it costs, who reads it, and how a learner is found in it."""

import re

import pytest

from documents import clock
from documents.database import collection
from documents.dmc.students import Student
from documents.formats.citizen_id import format_id, mask_id
from documents.records.writing import Change, write
from documents.trail import access_log
from documents.trail.access_log import AccessEntry, Wanted, page_of
from tests.learners import recorded
from tests.people import AREA, OTHER, SCHOOL, place
from tests.pupils import number, pupil
from tests.test_id_changes import asked as asked
from tests.test_id_changes import child as child

LOG = "/admin/audit/access/"


@pytest.fixture
def kid(open_round, teacher):
    (written,) = write([Change(Student, place(), pupil())], teacher)
    return Student.objects(id=written.id).get()


def entries(**asked):
    return list(collection(AccessEntry).find(asked).sort("_id", 1))


def test_each_look_at_one_pupil_is_entered_by_one_insert(sign_in, teacher, kid, count_commands):
    browser = sign_in(teacher)
    for path in ("details", "edit", "history", "sheet", "sheet/pdf"):
        with count_commands() as names:
            assert browser.get(f"/admin/students/{path}/?id={kid.id}").status_code == 200
        if path in ("details", "edit", "history"):
            assert names.count("insert") == 1, path
    found = entries()
    assert [one["action"] for one in found] == ["view", "form", "history", "print", "export"]
    assert {one["lineage"] for one in found} == {kid.lineage}
    assert {one["school_code"] for one in found} == {SCHOOL}
    assert all(access_log.holds(one) for one in found)
    assert kid.person_id not in str(found)
    assert kid.first_name not in str(found)


def test_the_grid_costs_nothing_more(sign_in, teacher, kid, count_commands):
    browser = sign_in(teacher)
    with count_commands() as names:
        html = browser.get("/admin/students/").text
    assert "insert" not in names
    assert entries() == []
    assert mask_id(kid.person_id) in html
    assert kid.person_id not in html
    assert f'data-reveal="person_id" title="{REVEAL}"' in html


REVEAL = "แสดงเลขเต็ม (มีบันทึก)"


def test_a_building_tells_of_no_person(sign_in, teacher, open_rounds):
    from documents.bobec.buildings import Building
    from tests.making import complete

    (one,) = write([Change(Building, place(), complete(Building, "อาคาร"))], teacher)
    assert sign_in(teacher).get(f"/admin/buildings/details/?id={one.id}").status_code == 200
    assert entries() == []


def test_a_number_is_opened_by_a_press_wherever_it_shows(sign_in, teacher, officer, child, asked):
    """On the record, among its earlier numbers, in its history; and of a request, to the district alone."""
    id_changes_answer(asked, officer)
    browser, id_ = sign_in(teacher), child["_id"]
    html = browser.get(f"/admin/students/details/?id={id_}").text
    presses = re.findall(r'data-reveal="([\w.]+)"', html)
    assert {"person_id", "former_ids.0"} <= set(presses)
    values = {
        name: browser.send("/admin/students/reveal/", {"id": id_, "name": name}).json["value"]
        for name in presses
    }
    assert values["former_ids.0"] == format_id(child["person_id"])
    assert values["person_id"] == format_id(Student.objects(id=id_).get().person_id)
    assert {name.split(".")[0] for name in presses} >= {"event"}
    assert set(values.values()) <= {values["person_id"], values["former_ids.0"]}
    assert len(entries(action="reveal", lineage=child["lineage"], full=True)) == len(presses)
    for name in (
        "former_ids.9",
        "event.1.first_name.0",
        "event.999.person_id.1",
        "event.1.person_id.2",
        "event.1",
        "pk",
    ):
        assert browser.send("/admin/students/reveal/", {"id": id_, "name": name}).status_code == 404, name


def id_changes_answer(case, officer):
    from documents.dmc import id_changes

    id_changes.answer(case, "approve", officer)


def test_the_new_number_of_a_request_is_masked_until_the_district_presses(sign_in, teacher, officer, asked):
    browser = sign_in(officer)
    html = browser.get(f"/admin/id-changes/details/?id={asked.id}").text
    assert format_id(asked.new_number) not in html
    assert asked.new_number not in html
    answer = browser.send("/admin/id-changes/reveal/", {"id": asked.id})
    assert answer.json["value"] == format_id(asked.new_number)
    assert sign_in(teacher).send("/admin/id-changes/reveal/", {"id": asked.id}).status_code == 403
    (entry,) = entries(action="reveal")
    assert (entry["lineage"], entry["what"]) == (asked.lineage, "id_changes")


def test_a_file_with_numbers_says_why_it_was_taken(sign_in, teacher, kid):
    browser = sign_in(teacher)
    page = browser.get("/admin/students/").text
    assert "เหตุผลที่ส่งออก" in page
    reason = f"ตรวจทาน {kid.person_id} กับทะเบียน"
    answer = browser.send("/admin/students/export/csv/", {"reason": reason})
    assert kid.person_id in answer.text
    browser.get("/admin/students/export/csv/")
    with_reason, without = entries(action="export")
    assert with_reason["reason"] == "ตรวจทาน ••• กับทะเบียน"
    assert (with_reason["rows"], with_reason["full"], with_reason["kind"]) == (1, True, "csv")
    assert "reason" not in without
    html = browser.get(LOG).text
    assert "ไม่ได้ระบุเหตุผล" in html
    assert "ตรวจทาน •••" in html


def test_who_reads_it_is_a_matter_of_scope(
    sign_in, teacher, neighbour, officer, administrator, executive, kid
):
    sign_in(officer).get(f"/admin/students/details/?id={kid.id}")
    id_ = str(entries()[0]["_id"])
    for reader in (teacher, officer, administrator):
        html = sign_in(reader).get(LOG).text
        assert id_ in html
        assert officer.name in html
        assert (str(kid) in html) == (reader is not administrator), "an administrator sees no pupil"
    assert id_ not in sign_in(neighbour).get(LOG).text
    assert id_ not in sign_in(neighbour).get(f"{LOG}?school={SCHOOL}&learner={kid.lineage}&after={id_}").text
    assert sign_in(executive).get(LOG).status_code == 403


def test_a_learner_is_found_by_number_also_in_files_that_held_him(sign_in, teacher, officer, neighbour, kid):
    (other,) = write([Change(Student, place(OTHER), pupil())], neighbour)
    browser = sign_in(officer)
    browser.get(f"/admin/students/details/?id={kid.id}")
    browser.get(f"/admin/students/details/?id={other.id}")
    browser.get(f"/admin/students/export/csv/?school={SCHOOL}")
    browser.get(f"/admin/students/export/csv/?school={OTHER}")
    browser.get("/admin/students/export/csv/?school=")
    for school in (SCHOOL, OTHER, ""):
        browser.get(f"/admin/audit/export/xlsx/?school={school}")
    browser.get("/admin/codelists/export/xlsx/")  # nobody is in it
    answer = browser.send(f"{LOG}learner/", {"number": format_id(kid.person_id), "area": AREA})
    assert kid.person_id not in answer.location
    html = browser.get(answer.location).text
    shown = set(re.findall(r'data-entry="(\w+)"', html))
    expected = [
        one for one in entries() if one.get("record") == kid.id or one.get("school_code", SCHOOL) == SCHOOL
    ]
    assert shown == {str(one["_id"]) for one in expected}
    assert len(shown) == 5
    assert html.count("อาจมีข้อมูลผู้นี้") == 4
    assert len(entries()) == 8
    unknown = browser.send(f"{LOG}learner/", {"number": number(), "area": AREA})
    assert "data-entry" not in browser.get(unknown.location).text
    assert browser.send(f"{LOG}learner/", {"number": "<x>", "area": AREA}).status_code == 303


def test_a_lookup_of_another_schools_pupil_is_found_by_his_number(
    sign_in, teacher, officer, neighbour, open_round
):
    (other,) = write([Change(Student, place(OTHER), pupil())], neighbour)
    typed = Student.objects(id=other.id).get().person_id
    sign_in(teacher).send("/admin/transfers/new/", {"number": typed, "school": SCHOOL, "do": "find"})
    (entry,) = entries(action="lookup")
    assert typed not in str(entry)
    browser = sign_in(officer)
    found = browser.send(f"{LOG}learner/", {"number": typed, "area": AREA}).location
    assert str(entry["_id"]) in browser.get(found).text


def test_a_request_for_a_g_code_is_told_by_name_and_found_by_its_code(sign_in, teacher, officer, database):
    request = recorded(teacher)
    code = "G683400000015"
    database.gcode_requests.update_one(
        {"_id": request.id}, {"$set": {"code": code, "father_passport": "AA1234567"}}
    )
    browser = sign_in(teacher)
    assert browser.get(f"/admin/gcode/details/?id={request.id}").status_code == 200
    sent = {"id": request.id, "name": "father_passport"}
    assert browser.send("/admin/gcode/reveal/", sent).json["value"] == "AA1234567"
    reader = sign_in(officer)
    found = reader.send(f"{LOG}learner/", {"number": code, "area": AREA}).location
    html = reader.get(found).text
    assert html.count("data-entry") == 2
    for words in (
        request.first_name,
        "คำขอรหัส G",
        "เลขหนังสือเดินทางบิดา",
        f"/admin/gcode/details/?id={request.id}",
    ):
        assert words in html
    assert code not in html
    assert "father_passport" not in html


def test_it_is_narrowed_by_officer_action_and_day(sign_in, teacher, officer, kid):
    sign_in(officer).get(f"/admin/students/details/?id={kid.id}")
    browser = sign_in(teacher)
    browser.get(f"/admin/students/edit/?id={kid.id}")
    for query, number_ in (
        ("actor=ใจเย็น", 1), ("action=form", 1), ("action=export", 0), ("from=05/06/2568&to=05/06/2568", 2), ("to=04/06/2568", 0),
        (f"learner={kid.lineage}", 2), ("learner=" + "0" * 24, 0), ("learner=x&mark=<", 0), ("actor=%00&area=*&after=x", 2),
    ):  # fmt: skip
        assert browser.get(f"{LOG}?{query}").text.count("data-entry") == number_, query


def test_a_changed_entry_is_found_out(sign_in, teacher, kid):
    browser = sign_in(teacher)
    browser.get(f"/admin/students/details/?id={kid.id}")
    assert "ถูกแก้ภายหลัง" not in browser.get(LOG).text
    collection(AccessEntry).update_many({}, {"$set": {"actor_name": "คนอื่น"}})
    assert "ถูกแก้ภายหลัง" in browser.get(LOG).text


def test_pages_show_every_entry_once_and_are_walked_by_an_index(officer, teacher, kid):
    for count in range(130):
        access_log.note_record(teacher if count % 2 else officer, Student, kid.to_mongo(), "view")
    learner = access_log.learner_of_lineages(teacher, AREA, [kid.lineage])
    for wanted in (Wanted(AREA), Wanted(AREA, actor=[officer.id]), Wanted(AREA, learner=learner)):
        for user in (teacher, officer):
            seen, after = [], None
            while True:
                page = page_of(wanted, user, after)
                seen += [row["_id"] for row in page.rows]
                if not page.later:
                    break
                after = str(seen[-1])
            assert len(seen) == len(set(seen)) == (65 if wanted.actor else 130)
            query = access_log.query_of(wanted, user)
            plan = collection(AccessEntry).find(query).sort(access_log.NEWEST).limit(51).explain()
            assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
            assert "'SORT'" not in str(plan["queryPlanner"]["winningPlan"])


def test_old_entries_are_forgotten(officer, kid):
    access_log.note_record(officer, Student, kid.to_mongo(), "view")
    assert access_log.forget_before(AREA, clock.now()) in (0, 1)
    clock.configure("2030-01-01T09:00:00+07:00")
    access_log.forget_before(AREA, clock.now())
    assert entries() == []
