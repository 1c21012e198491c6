"""The one view of every subsystem: grid, form, cell, details, actions, export; as its own people and as a neighbour."""

import re
from urllib.parse import unquote

import pytest

from documents.collecting.submissions import Submission, find_submission
from documents.database import collection
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.records.writing import Change, write
from tests.people import OTHER, SCHOOL, place

NUMBERS = iter(f"100000000{i:03d}" for i in range(1, 999))


def pupil(**more):
    """Values of a complete made-up pupil."""
    from documents.formats.citizen_id import check_digit

    first12 = next(NUMBERS)
    return {
        "id_type": "I",
        "person_id": first12 + check_digit(first12),
        "student_no": first12[-4:],
        "title": "001",
        "first_name": "กานต์",
        "last_name": "ใจดี",
        "sex": "M",
        "birth_date": "10/06/2558",
        "grade": "07",
        "room": 1,
        "weight_kg": 28.5,
        "height_cm": 130,
        "status": "enrolled",
    } | more


@pytest.fixture
def stored(open_round, teacher):
    """Two pupils of the teacher's school."""
    changes = [
        Change(Student, place(), pupil()),
        Change(Student, place(), pupil(first_name="ณิชา", last_name="แก้วใส")),
    ]
    return [Student.objects(id=one.id).get() for one in write(changes, teacher)]


@pytest.fixture
def as_teacher(client, teacher):
    client.sign_in(teacher)
    return client


@pytest.fixture
def as_neighbour(client, neighbour):
    client.sign_in(neighbour)
    return client


def page(browser, path, status=200):
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.headers.get("Location"))
    return answer.get_data(as_text=True)


def test_the_grid_shows_the_school_and_masks_numbers(as_teacher, stored):
    html = page(as_teacher, "/admin/students/")
    assert "กานต์ ใจดี" in html
    assert stored[0].person_id not in html
    assert "ป.4" in html


def test_the_neighbour_sees_nothing_of_it(as_neighbour, stored):
    html = page(as_neighbour, "/admin/students/")
    assert "กานต์" not in html
    for path in ("edit", "details", "history"):
        page(as_neighbour, f"/admin/students/{path}/?id={stored[0].id}", 404)
    assert "กานต์" not in page(as_neighbour, f"/admin/students/?school={SCHOOL}")
    assert "กานต์" not in page(as_neighbour, f"/admin/students/?after={stored[0].id}")


def test_search_passes_over_blanks_titles_and_zero_width(as_teacher, stored):
    for words in ("กานต์ใจดี", "เด็กชาย กานต์", "กาน\u200bต์", stored[0].person_id):
        html = page(as_teacher, as_teacher.send("/admin/students/search/", {"search": words}).location)
        assert "กานต์ ใจดี" in html
        assert "ณิชา" not in html


def test_a_filter_speaks_in_words(as_teacher, stored):
    html = page(as_teacher, "/admin/students/?flt0_grade_eq=08")
    assert "กานต์" not in html
    assert "ประถมศึกษาปีที่ 5" in html or "ป.5" in html


def test_a_record_that_cannot_be_changed_says_why_instead_of_offering_it(as_teacher, stored):
    path = f"/admin/students/details/?id={stored[0].id}"
    assert "/admin/students/edit/" in page(as_teacher, path)
    assert 'type="file"' in page(as_teacher, "/admin/students/import/")
    collection(Submission).update_one(
        {"school_code": SCHOOL, "subsystem": "DMC"}, {"$set": {"state": "confirmed"}}
    )
    html = page(as_teacher, path)
    assert "/admin/students/edit/" not in html
    assert "อยู่ในสถานะ “ยืนยันแล้ว” จึงแก้ไขไม่ได้" in html
    assert "/admin/students/import/" not in page(as_teacher, "/admin/students/")
    html = page(as_teacher, "/admin/students/import/")
    assert 'type="file"' not in html
    assert "อยู่ในสถานะ “ยืนยันแล้ว” จึงแก้ไขไม่ได้" in html


def test_who_only_reads_is_offered_nothing_and_told_of_no_refusal(sign_in, stored, director, approver):
    for who in (director, approver):
        browser = sign_in(who)
        for path in (f"/admin/students/?school={SCHOOL}", f"/admin/students/details/?id={stored[0].id}"):
            html = page(browser, path)
            assert "กานต์" in html
            assert "ไม่มีสิทธิ์" not in html
            assert "/admin/students/edit/" not in html


def form_of(html):
    """{name: value} of the record form as a browser would send it."""
    from html.parser import HTMLParser

    class Reader(HTMLParser):
        def __init__(self):
            super().__init__()
            self.inside = False
            self.values, self.select = {}, None

        def handle_starttag(self, tag, attrs):
            attrs = dict(attrs)
            if tag == "form":
                self.inside = attrs.get("id") == "record-form"
            if not self.inside:
                return
            if tag == "input" and attrs.get("name"):
                box = attrs.get("type") in ("checkbox", "radio")
                if attrs.get("type") == "file":
                    return  # nothing was chosen
                if not box:
                    self.values[attrs["name"]] = attrs.get("value", "")
                elif "checked" in attrs:
                    self.values.setdefault(attrs["name"], []).append(attrs.get("value", "on"))
            if tag == "select":
                self.select = attrs["name"]
                self.values[self.select] = ""
            if tag == "option" and self.select and "selected" in attrs:
                self.values[self.select] = attrs.get("value", "")

        def handle_endtag(self, tag):
            self.select = None if tag == "select" else self.select
            self.inside = self.inside and tag != "form"

    reader = Reader()
    reader.feed(html)
    return reader.values


def test_the_form_stores_through_the_door(as_teacher, stored):
    path = f"/admin/students/edit/?id={stored[0].id}"
    values = form_of(page(as_teacher, path))
    assert values["birth_date"] == "10/06/2558"
    answer = as_teacher.send(path, values | {"weight_kg": "๓๐.๒"})
    assert answer.status_code == 302, answer.get_data(as_text=True)[:3000]
    fresh = Student.objects(id=stored[0].id).get()
    assert (fresh.weight_kg, fresh.revision) == (30.2, 2)
    assert "30.2" in page(as_teacher, f"/admin/students/history/?id={stored[0].id}")


def test_a_wrong_value_comes_back_with_its_sentence(as_teacher, stored):
    path = f"/admin/students/edit/?id={stored[0].id}"
    values = form_of(page(as_teacher, path))
    answer = as_teacher.send(path, values | {"birth_date": "31/04/2558", "first_name": "ใหม่"})
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="31/04/2558"' in html
    assert 'value="ใหม่"' in html
    assert Student.objects(id=stored[0].id).get().revision == 1


def test_a_new_pupil_is_stored_in_the_own_school_whatever_is_posted(as_teacher, open_round):
    values = form_of(page(as_teacher, "/admin/students/new/"))
    typed = {name: str(value) for name, value in pupil().items()}
    answer = as_teacher.send(
        "/admin/students/new/", values | typed | {"school_code": OTHER, "area_code": "99"}
    )
    assert answer.status_code == 302, re.findall(r'class="errors".*?</ul>', answer.get_data(as_text=True))
    assert [each.school_code for each in Student.objects()] == [SCHOOL]


@pytest.mark.parametrize("name", ["school_code", "round", "_id", "person_id", "created_by"])
def test_only_declared_cells_are_edited_in_place(name, as_teacher, stored):
    cell = {"pk": str(stored[0].id), "name": name, "value": "2", "revision": "1"}
    assert as_teacher.send("/admin/students/ajax/update/", cell).status_code == 404


@pytest.mark.parametrize("own", [True, False])
def test_bulk_delete_refuses_rows_of_another_school(own, as_neighbour, stored, neighbour):
    (mine,) = write([Change(Student, place(OTHER), pupil())], neighbour)
    ids = [str(stored[0].id)] + ([str(mine.id)] if own else [])
    as_neighbour.send("/admin/students/action/", {"action": "delete", "rowid": ids, "reason": "ลบ"})
    assert Student.objects.count() == 3


def test_bulk_delete_removes_exactly_the_chosen(as_teacher, stored):
    as_teacher.send(
        "/admin/students/action/", {"action": "delete", "rowid": [str(stored[0].id)], "reason": "ซ้ำ"}
    )
    assert [each.id for each in Student.objects()] == [stored[1].id]
    assert find_submission("DMC", place()).counts["students"] == 1


def test_all_that_match_means_the_filter(as_teacher, stored):
    as_teacher.send(
        "/admin/students/action/?search=ณิชา", {"action": "delete", "all_matching": "1", "reason": "ซ้ำ"}
    )
    assert [each.id for each in Student.objects()] == [stored[0].id]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_an_export_holds_the_own_school_only(kind, as_teacher, stored, neighbour):
    write([Change(Student, place(OTHER), pupil(first_name="ลับ"))], neighbour)
    answer = as_teacher.get(f"/admin/students/export/{kind}/")
    assert answer.status_code == 200
    if kind == "csv":
        text = answer.get_data(as_text=True)
        assert "กานต์" in text
        assert "ลับ" not in text
    for name, value in answer.headers:
        assert value.isascii(), (name, value)  # a server refuses to send any other header


@pytest.mark.parametrize(
    "query",
    [
        "search=%00", "search=" + "ก" * 30000, "page=-1", "page=1000000000000000000", "after=xyz", "before=../..",
        "flt0_grade_eq=%00", "flt0_room_ge=99999999999999999999", "flt0_room_ge=NaN", "flt0_nothing_eq=1",
        "flt0_grade_eq[$ne]=1", "sort=99", "sort=-1", "letter=%00", "school=%00", "sensitive=1",
        "&".join(f"flt{i}_grade_eq=07" for i in range(500)),
    ],
)  # fmt: skip
def test_hostile_addresses_are_answered(query, as_teacher, stored):
    assert as_teacher.get(f"/admin/students/?{query}").status_code in (200, 400)


def test_a_masked_number_is_shown_on_a_click_that_is_noted(as_teacher, stored, database):
    answer = as_teacher.send("/admin/students/reveal/", {"id": str(stored[0].id), "name": "person_id"})
    assert answer.json["value"].replace("-", "") == stored[0].person_id
    assert database.audit_events.count_documents({"action": "reveal"}) == 1


def test_an_officer_without_the_mark_sees_no_sensitive_field(client, officer, stored):
    client.sign_in(officer)
    html = page(client, f"/admin/students/details/?id={stored[0].id}")
    assert "น้ำหนัก" not in html
    assert "น้ำหนัก" not in page(client, f"/admin/students/?school={SCHOOL}&sensitive=1")


@pytest.mark.parametrize("role", ["executive", "administrator"])
def test_roles_without_records_are_refused(role, client, stored, request):
    client.sign_in(request.getfixturevalue(role))
    page(client, "/admin/students/", 403)


def test_places_are_found_by_typing(as_teacher, open_round):
    found = as_teacher.get("/admin/students/places/?field=reg_subdistrict&q=ในเมือง อุบล").json
    assert found[0]["fill"]["reg_province"][0] == "34"


def test_a_page_asks_few_questions_however_many_rows_it_has(as_teacher, stored, teacher, count_commands):
    def asked(path):
        with count_commands() as names:
            page(as_teacher, path)
        return len(names)

    asked("/admin/students/")  # the code lists are read once a process
    few = asked("/admin/students/")
    write([Change(Student, place(), pupil()) for _ in range(60)], teacher)
    assert asked("/admin/students/") == few <= 18
    assert "<b>61</b> คน" in page(as_teacher, "/admin/students/?search=กา")
    assert asked("/admin/students/?search=ณิชา") == few, (
        "all that matches is in sight: nothing is left to count"
    )
    assert asked("/admin/students/?search=กา") == few + 1


def test_a_deep_page_is_asked_in_four_commands(sign_in, stored, officer, count_commands):
    browser, first = sign_in(officer), min(stored, key=lambda one: one.sort_key)
    path = f"/admin/students/?after={first.id}"
    page(browser, path)  # the code lists are read once a process, and once in a while
    with count_commands() as names:
        html = page(browser, path)
    assert names.count("aggregate") == 3
    beside = ("answers to what was found", "code_lists", "area_code_lists")
    assert names.count("find") <= 1 + len(beside)
    shown = [f'<tr data-pk="{one.id}"' in html for one in stored]
    assert shown == [one.id != first.id for one in stored]
    assert "จึงแสดงตั้งแต่ต้น" not in html


def test_a_page_begins_behind_no_record_of_another_place(sign_in, stored, officer, database):
    behind = stored[0].id
    path = f"/admin/students/?after={behind}"
    elsewhere = f"{path}&school={OTHER}"
    assert "จึงแสดงตั้งแต่ต้น" in page(sign_in(officer), elsewhere)
    for name, value in (("round", "9"), ("academic_year", 2560), ("area_code", "10010000")):
        was = database.students.find_one_and_update({"_id": behind}, {"$set": {name: value}})[name]
        assert "จึงแสดงตั้งแต่ต้น" in page(sign_in(officer), path), name
        database.students.update_one({"_id": behind}, {"$set": {name: was}})
    assert "จึงแสดงตั้งแต่ต้น" not in page(sign_in(officer), path)


def test_picking_all_classes_takes_the_filter_out(as_teacher, stored):
    answer = as_teacher.get("/admin/students/?flt90_grade_eq=&search=กานต์")
    assert answer.status_code == 302
    assert "flt90" not in answer.headers["Location"]
    assert "กานต์ ใจดี" in page(as_teacher, answer.headers["Location"])


def test_how_many_lack_something_stands_on_the_button(as_teacher, stored):
    incomplete = find_submission("DMC", place()).counts["incomplete"]
    assert incomplete == 2
    assert re.search(r"ยังไม่ครบ\s*<[^>]*>\s*2\s*<", page(as_teacher, "/admin/students/"))


def test_the_button_counts_its_own_subsystem(as_teacher, stored, teacher):
    """The pupils who lack something are no missing rooms."""
    write([Change(SchoolRooms, place(), {"grade": "07", "rooms": 1})], teacher)
    assert not re.search(r"ยังไม่ครบ\s*<[^>]*>\s*\d", page(as_teacher, "/admin/rooms/"))


def test_an_empty_form_stores_nothing(as_teacher, open_round):
    values = form_of(page(as_teacher, "/admin/students/new/"))
    answer = as_teacher.send("/admin/students/new/", values)
    assert answer.status_code == 422
    assert "กรุณากรอกอย่างน้อยหนึ่งช่อง" in answer.get_data(as_text=True)
    assert not Student.objects()


def test_a_pupil_without_a_name_can_be_opened(as_teacher, open_round, teacher):
    one = write([Change(Student, place(), {"student_no": "00999"})], teacher)[0]
    assert re.search(rf"edit/\?id={one.id}[^>]*>\(ยังไม่มีชื่อ\)</a>", page(as_teacher, "/admin/students/"))


def test_a_form_sent_after_the_lock_keeps_what_was_typed(as_teacher, stored, database, open_round):
    forms = [f"/admin/students/edit/?id={stored[0].id}", "/admin/students/new/"]
    values = [form_of(page(as_teacher, path)) for path in forms]
    database["submissions"].update_many({}, {"$set": {"state": "locked"}})
    database["rounds"].update_many({}, {"$set": {"state": "locked"}})
    for path, typed in zip(forms, values, strict=True):
        answer = as_teacher.send(path, typed | {"middle_name": "สายไป"})
        html = answer.get_data(as_text=True)
        assert answer.status_code == 409, path
        assert "สายไป" in html
        assert "ล็อกแล้ว" in html
    assert Student.objects.count() == len(stored)


def test_a_draft_round_is_not_named_to_a_teacher(as_teacher, draft_round):
    html = page(as_teacher, "/admin/students/")
    assert "ยังไม่มีรอบการจัดเก็บข้อมูล" in html
    assert draft_round.title not in html


def test_a_persons_number_is_searched_but_stands_in_no_address(
    as_teacher, stored, sign_in, teacher, database
):
    row = stored[0].to_mongo()
    number = row["person_id"]
    kept = {"flt0_grade_eq": row["grade"], "after": str(row["_id"])}
    for typed in (number, f"{number[0]}-{number[1:5]}-{number[5:10]}-{number[10:12]}-{number[12]}"):
        answer = as_teacher.send("/admin/students/search/", {"search": typed, **kept})
        assert answer.status_code == 303
        assert number[1:5] not in answer.location
        assert f"flt0_grade_eq={row['grade']}" in answer.location
        assert "after" not in answer.location
        html = as_teacher.get(answer.location).text
        assert "กานต์ ใจดี" in html
        assert "ณิชา" not in html
        assert f'value="{typed}"' in html  # in the box, to be read and changed
        assert typed not in html.replace(f'value="{typed}"', "")  # in no link and no other form
        assert number in as_teacher.get(answer.location.replace("/students/", "/students/export/csv/")).text
    again = as_teacher.send("/admin/students/search/", {"search": number})
    assert again.location in as_teacher.send("/admin/students/search/", {"search": number}).location
    led = as_teacher.get(f"/admin/students/?search={number}&school={SCHOOL}")
    assert led.status_code == 302
    assert number not in led.location
    other = sign_in(teacher).get(again.location).text  # another session of the same person
    assert number not in other
    assert "กรุณาพิมพ์ค้นใหม่" in other
    assert as_teacher.post("/admin/students/search/", data={"search": number}).status_code == 400
    as_teacher.send("/logout")
    assert not database.sessions.count_documents(
        {"searches.term": {"$regex": number}, "ended_at": {"$ne": None}}
    )


def test_words_are_searched_by_the_address_as_before(as_teacher, stored):
    answer = as_teacher.send(
        "/admin/students/search/", {"search": "กานต์ ใจดี", "csrf_token": as_teacher.token()}
    )
    assert unquote(answer.location) == "/admin/students/?search=กานต์+ใจดี"
    assert unquote(as_teacher.send("/admin/students/search/", {"search": ""}).location) == "/admin/students/"
