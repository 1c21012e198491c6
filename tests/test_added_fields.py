"""Fields that an admin adds: through form, grid, filter, file and history like declared ones, in their years alone."""

import io
import random
from urllib.parse import quote

import pytest
from python_calamine import CalamineWorkbook

from documents.checking import findings
from documents.collecting.locking import lock_round
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.records import fields
from documents.records.completeness import required_of
from documents.records.declarations import carried, declaration
from documents.records.defining import define, get_definition, move, redefine, stop
from documents.records.digests import digest_of
from documents.records.field_definitions import FieldDefinition
from documents.records.kinds import documents_in
from documents.records.made_incomplete import Incomplete, incomplete_by
from documents.records.record import declared, default_required
from documents.records.writing import Change, remove, write
from documents.trail.history import AuditEvent
from exports.collecting.round_workbook import round_workbook
from exports.imports.importing import apply_plan, plan_import
from tests import awkward_files as made
from tests.making import complete
from tests.people import AREA, OTHER, SCHOOL, YEAR, person, place
from tests.test_record_view import form_of, pupil

GRID, FORM = "/admin/students/", "multipart/form-data"
KINDS = {
    "text": {"longest": "50"},
    "number": {"unit": "เครื่อง", "low": "0", "high": "500"},
    "date": {},
    "flag": {},
    "choice": {"codelist": "RELIGION"},
    "choices": {"codelist": "DISAB"},
}


def said(key, kind="number", **more):
    """What an admin types of a new field."""
    typed = {
        "key": key, "kind": kind, "label": f"ช่อง {key}", "label_en": f"Field {key}", "personal": "internal",
        "first_year": str(YEAR), "in_grid": "1", "in_export": "1", "filterable": "1",
    }  # fmt: skip
    return typed | KINDS.get(kind, {}) | more


@pytest.fixture
def tablets(administrator):
    """The number of a pupil's tablets, from the tests' year on."""
    return define(AREA, "students", said("tablets", label="จำนวนแท็บเล็ต"), administrator)


@pytest.fixture
def stored(open_round, tablets, teacher):
    """A pupil with three tablets."""
    written = write([Change(Student, place(), pupil() | {"x_tablets": "3"})], teacher)[0]
    return collection(Student).find_one({"_id": written.id})


def test_without_definitions_the_class_is_its_own(area, administrator):
    assert declaration(Student, AREA, YEAR) is Student
    define(AREA, "students", said("tablets"), administrator)
    assert declaration(Student, AREA, YEAR) is not Student
    assert declaration(Student, AREA, YEAR) is declaration(Student, AREA, YEAR)
    assert declaration(Student, "34020000", YEAR) is Student
    assert "x_tablets" not in declared(Student)
    assert declared(declaration(Student, AREA, YEAR - 1)).keys() == declared(Student).keys()


def test_random_fields_and_values_go_through_form_file_and_back(
    open_round, administrator, teacher, sign_in, times
):
    """Whatever kinds an area adds: what a form takes stands in grid, filter and file, and the file reads back the same."""
    chance = random.Random(times(1, None))  # noqa: S311  not a secret
    for number, kind in enumerate([*KINDS, *chance.choices(list(KINDS), k=4)]):
        more = {"decimals": "2", "high": "99.5", "low": "-3"} if kind == "number" and number % 2 == 0 else {}
        define(AREA, "students", said(f"f{number}", kind, **more), administrator)
    document = documents_in(open_round)[0]
    assert len(document.added) == 10
    browser = sign_in(teacher)
    typed = form_of(browser.get(f"{GRID}new/").text) | pupil()
    typed |= {name: a_value(declared(document)[name], chance) for name in document.added}
    answer = browser.send(f"{GRID}new/", typed)
    assert answer.status_code == 302, answer.text
    row = collection(Student).find_one({})
    for name in document.added:
        field = declared(document)[name]
        assert row[name] == fields.accept(field, typed[name]), (name, typed[name])
        assert f"ช่อง {field.name[2:]}" in browser.get(GRID).text
    assert form_of(browser.get(f"{GRID}edit/?id={row['_id']}").text).keys() >= set(document.added) - {
        name for name in document.added if declared(document)[name].kind == "choices"
    }
    for name in document.added:
        for operator, value in told_apart(declared(document)[name], row[name]):
            assert ("กานต์ ใจดี" in browser.get(f"{GRID}?flt0_{name}_{operator}={value}").text) is True, (
                name,
                value,
            )
    # out as a workbook, and in again: the same; with one value changed: that value alone
    book = CalamineWorkbook.from_filelike(io.BytesIO(browser.get(f"{GRID}export/xlsx/").data))
    table = book.get_sheet_by_index(0).to_python()
    plan = plan_import(Student, browser.get(f"{GRID}export/xlsx/").data, "ออก.xlsx", teacher, open_round)
    assert (plan.counts()["same"], plan.counts()["errors"]) == (1, 0), plan.errors
    at = table[0].index("ช่อง f0")
    table[1][at] = "ใหม่"
    plan = plan_import(Student, made.xlsx(table), "แก้.xlsx", teacher, open_round)
    assert [change.name for change in plan.changed[0].changes] == ["x_f0"]
    apply_plan(plan.id, teacher)
    after = collection(Student).find_one({})
    assert after["x_f0"] == "ใหม่"
    assert {name: after[name] for name in document.added if name != "x_f0"} == {
        name: row[name] for name in document.added if name != "x_f0"
    }


def test_a_long_text_keeps_its_lines_through_form_files_and_paper(
    open_round, administrator, teacher, sign_in
):
    define(AREA, "students", said("story", "text", longest="1000", label="ความเป็นมา"), administrator)
    browser = sign_in(teacher)
    new = f"{GRID}new/"
    typed = form_of(browser.get(new).text) | pupil() | {"x_story": "=หนึ่ง  สอง \r\n\r\nสาม"}
    assert browser.send(new, typed).status_code == 302
    row = collection(Student).find_one({})
    assert row["x_story"] == "=หนึ่ง สอง\n\nสาม"
    assert "=หนึ่ง สอง\n\nสาม</textarea>" in browser.get(f"{GRID}edit/?id={row['_id']}").text.replace("\r", "")
    for kind in ("xlsx", "csv"):
        file = browser.get(f"{GRID}export/{kind}/").data
        plan = plan_import(Student, file, f"ออก.{kind}", teacher, open_round)
        assert (plan.counts()["same"], plan.counts()["errors"]) == (1, 0), (kind, plan.errors)
    assert browser.get(f"{GRID}sheet/pdf/?id={row['_id']}").data[:5] == b"%PDF-"


def a_value(field, chance):
    """Something a person may type into a field."""
    return {
        "text": lambda: chance.choice(["=1+1", "กขค", "0101", "ก" * 50]),
        "count": lambda: str(chance.randint(0, 500)),
        "measure": lambda: f"{chance.uniform(-3, 99.5):.2f}",
        "date": lambda: (
            f"{chance.randint(1, 28):02d}/{chance.randint(1, 12):02d}/{chance.randint(2540, 2568)}"
        ),
        "flag": lambda: chance.choice("01"),
        "choice": lambda: chance.choice(["001", "002"]),
        "choices": lambda: chance.sample(["01", "02", "03"], 2),
    }[field.kind]()


def told_apart(field, value):
    """(operator, value) of filters that find it."""
    if field.kind == "text":
        return [("has", value[:5].replace("+", "%2B").replace("=", "%3D"))]
    if field.kind in ("count", "measure"):
        return [("ge", value), ("le", value), ("empty", 0)]
    if field.kind == "date":
        return [("eq", f"{value.day}/{value.month}/{value.year + 543}")]
    if field.kind == "flag":
        return [("eq", int(value))]
    return [("eq", value if field.kind == "choice" else value[0])]


def test_a_cell_of_an_added_field_is_edited_in_place_within_its_bounds(stored, teacher, neighbour, sign_in):
    browser = sign_in(teacher)
    asked = {"pk": str(stored["_id"]), "name": "x_tablets", "value": "501", "revision": stored["revision"]}
    refused = browser.send(f"{GRID}ajax/update/", asked)
    assert (refused.status_code, "500" in refused.json["error"]) == (422, True)
    answer = browser.send(f"{GRID}ajax/update/", asked | {"value": "4"})
    assert (answer.status_code, answer.json["shown"]) == (200, "4")
    assert sign_in(neighbour).send(f"{GRID}ajax/update/", asked | {"value": "5"}).status_code == 404
    event = AuditEvent.objects(subject=stored["_id"]).order_by("-number").first()
    assert event.changes == {"x_tablets": [3, 4]}
    assert "จำนวนแท็บเล็ต" in browser.get(f"{GRID}details/?id={stored['_id']}").text


def test_a_stopped_field_is_hidden_from_later_years_and_keeps_what_it_holds(
    stored, tablets, administrator, teacher, sign_in
):
    before = digest_of(find_submission("DMC", place()))
    tablets = stop(tablets, YEAR - 1, administrator, tablets.revision, "ไม่ใช้แล้ว")
    assert declaration(Student, AREA, YEAR).added == ()
    assert digest_of(find_submission("DMC", place())) == before
    browser = sign_in(teacher)
    typed = form_of(browser.get(f"{GRID}edit/?id={stored['_id']}").text)
    assert "x_tablets" not in typed
    answer = browser.send(f"{GRID}edit/?id={stored['_id']}", typed | {"first_name": "กันต์"})
    assert answer.status_code == 302
    kept = collection(Student).find_one({"_id": stored["_id"]})
    assert (kept["first_name"], kept["x_tablets"]) == ("กันต์", 3)
    with pytest.raises(NotAllowed):
        write(
            [Change(Student, place(), {"x_tablets": 9}, id=kept["_id"], revision=kept["revision"])], teacher
        )
    assert "จำนวนแท็บเล็ต" not in browser.get(GRID).text
    stop(tablets, None, administrator, tablets.revision)
    assert "จำนวนแท็บเล็ต" in browser.get(GRID).text
    record = declaration(Student, AREA, YEAR).objects(id=stored["_id"]).get()
    remove([record], teacher, "ซ้ำ")
    last = AuditEvent.objects(subject=stored["_id"]).order_by("-number").first()
    assert last.changes["x_tablets"] == [3, None]
    assert carried(Student, AREA, YEAR + 1, kept) == {"x_tablets": 3}


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"key": "school_code"}, "key"),
        ({"key": "revision"}, "key"),
        ({"key": "x_y"}, "key"),
        ({"key": "birth_date"}, "key"),
        ({"key": "age"}, "key"),
        ({"key": "a.b"}, "key"),
        ({"key": "$where"}, "key"),
        ({"key": "__proto__"}, "key"),
        ({"key": "จำนวน"}, "key"),
        ({"key": "a" * 31}, "key"),
        ({"key": "tablets", "kind": "text"}, "key"),
        ({"label": ""}, "label"),
        ({"label": declared(Student)["birth_date"].verbose_name}, "label"),
        ({"kind": "formula"}, "kind"),
        ({"personal": "secret"}, "personal"),
        ({"kind": "choice", "codelist": "../GRADE"}, "codelist"),
        ({"low": "5", "high": "2"}, "high"),
        ({"low": "1.5"}, "low"),
        ({"high": "มาก"}, "high"),
        ({"high": "1e400"}, "high"),
        ({"decimals": "9"}, "decimals"),
        ({"first_year": "2025"}, "first_year"),
        ({"first_year": ""}, "first_year"),
        ({"last_year": str(YEAR - 2)}, "last_year"),
    ],
)
def test_a_definition_that_cannot_be_is_refused_beside_what_is_wrong(wrong, name, tablets, administrator):
    with pytest.raises(Invalid) as refusal:
        define(AREA, "students", said("fresh") | wrong, administrator)
    assert name in refusal.value.errors[0]
    assert FieldDefinition.objects.count() == 1


def test_a_key_is_used_once_for_good_and_kept_from_others(tablets, administrator, officer, teacher):
    stop(tablets, YEAR - 1, administrator, tablets.revision)
    with pytest.raises(Invalid, match="จำนวนแท็บเล็ต"):
        define(AREA, "students", said("tablets", "date"), administrator)
    for other in (officer, teacher, person("far", "admin", area="34020000")):
        with pytest.raises(NotAllowed):
            define(AREA, "students", said("mine"), other)
        with pytest.raises(OutOfScope):
            get_definition(other, tablets.id)
    with pytest.raises(WrongState):
        redefine(tablets, {"label": "ชื่อใหม่"}, administrator, tablets.revision)
    changed = redefine(tablets.reload(), {"label": "ชื่อใหม่", "kind": "date", "key": "other"}, administrator, 2)
    assert (changed.label, changed.kind, changed.key, changed.revision) == ("ชื่อใหม่", "number", "tablets", 3)
    events = AuditEvent.objects(document="field_definitions", subject=tablets.id).order_by("number")
    assert [event.action for event in events] == ["create", "update", "update"]
    assert events[2].changes == {"label": ["จำนวนแท็บเล็ต", "ชื่อใหม่"]}


def test_fields_change_places(area, administrator):
    _, second = (define(AREA, "students", said(key), administrator) for key in ("aa", "bb"))
    assert declaration(Student, AREA, YEAR).added == ("x_aa", "x_bb")
    move(second, -1, administrator)
    assert declaration(Student, AREA, YEAR).added == ("x_bb", "x_aa")
    move(second, -1, administrator)
    assert declaration(Student, AREA, YEAR).added == ("x_bb", "x_aa")


def test_a_field_that_must_be_filled_is_missed_until_it_is(open_round, administrator, teacher, sign_in):
    written = write([Change(Student, place(), complete(Student))], teacher)[0]
    lacking = lambda: find_submission("DMC", place()).counts.get("incomplete", 0)  # noqa: E731
    assert (lacking(), incomplete_by(AREA, Student, YEAR, "x_shoes")) == (0, Incomplete((SCHOOL,), 1))
    shoes = define(AREA, "students", said("shoes", required="1", label="เบอร์รองเท้า"), administrator)
    assert (lacking(), required_of(Student, AREA, YEAR - 1)) == (1, default_required(Student))
    assert "ยังไม่กรอก: เบอร์รองเท้า" in checks_of_school(place())
    assert "เบอร์รองเท้า" in sign_in(teacher).get(f"{GRID}?missing=1").text
    stop(shoes, YEAR - 1, administrator, shoes.revision)
    assert lacking() == 0
    shoes = redefine(shoes.reload(), {"last_year": ""}, administrator, 2)
    assert lacking() == 1
    write([Change(Student, place(), {"x_shoes": 30}, id=written.id, revision=written.revision)], teacher)
    assert lacking() == 0
    assert incomplete_by(AREA, declaration(Student, AREA, YEAR), YEAR, "x_shoes") == Incomplete((), 0)


def checks_of_school(where):
    """What the checks found in a school, in one text."""
    findings.refresh(find_submission("DMC", where))
    return " ".join(
        row["sentence"]
        for row in collection(findings.Finding).find({"school_code": where.school_code, "state": "open"})
    )


def test_a_sensitive_field_is_for_those_who_may_see_it(stored, administrator, teacher, officer, sign_in):
    define(AREA, "students", said("illness", "text", label="โรคประจำตัว", personal="sensitive"), administrator)
    change = Change(Student, place(), {"x_illness": "หอบหืด"}, id=stored["_id"], revision=stored["revision"])
    write([change], teacher)
    district, school = sign_in(officer), sign_in(teacher)
    for path in ("", "?sensitive=1", f"details/?id={stored['_id']}", f"history/?id={stored['_id']}"):
        assert "หอบหืด" not in district.get(GRID + path).text
    assert "หอบหืด" not in str(CalamineWorkbook.from_filelike(
        io.BytesIO(district.get(f"{GRID}export/xlsx/").data)).get_sheet_by_index(0).to_python())  # fmt: skip
    assert "หอบหืด" not in school.get(GRID).text
    assert "หอบหืด" in school.get(f"{GRID}?sensitive=1").text


PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"


def test_a_file_is_taken_by_its_content_and_handed_out_by_its_record_alone(
    open_round, administrator, teacher, neighbour, officer, sign_in
):
    define(AREA, "students", said("paper", "file", label="ใบรับรอง", personal="sensitive"), administrator)
    browser = sign_in(teacher)
    new = f"{GRID}new/"
    typed = form_of(browser.get(new).text) | pupil()
    assert 'enctype="multipart/form-data"' in browser.get(new).text
    for content in (b"<svg><script>alert(1)</script></svg>", b"MZ", b"", PDF[:-5]):
        refused = browser.send(new, typed | {"x_paper": (io.BytesIO(content), "a.pdf")}, content_type=FORM)
        assert refused.status_code == 422, content
    assert (
        browser.send(new, typed | {"x_paper": (io.BytesIO(PDF), "a.exe")}, content_type=FORM).status_code
        == 302
    )
    row = collection(Student).find_one({})
    path = f"{GRID}file/?id={row['_id']}&name=x_paper"
    answer = browser.get(path)
    assert answer.data == PDF
    assert answer.headers["Content-Disposition"].endswith(quote(f"ใบรับรอง {SCHOOL}.pdf"))
    assert "เปิดไฟล์" in browser.get(f"{GRID}details/?id={row['_id']}").text
    assert f'<a href="{path.replace("&", "&amp;")}"' in browser.get(f"{GRID}?sensitive=1").text
    book = io.BytesIO(browser.send(f"{GRID}export/xlsx/?sensitive=1").data)
    head, told = CalamineWorkbook.from_filelike(book).get_sheet_by_index(0).to_python()
    assert told[head.index("ใบรับรอง")].endswith(path)
    assert (
        f'<a href="{path.replace("&", "&amp;")}" download>'
        in browser.get(f"{GRID}edit/?id={row['_id']}").text
    )
    assert sign_in(neighbour).get(path).status_code == 404
    assert sign_in(officer).get(path).status_code == 403
    assert browser.get(path.replace("x_paper", "first_name")).status_code == 404
    # it stays through an edit, is no other school's to take, and goes when it is taken out
    edit = f"{GRID}edit/?id={row['_id']}"
    kept = form_of(browser.get(edit).text)
    assert browser.send(edit, kept | {"first_name": "กันต์"}).status_code == 302
    assert collection(Student).find_one({})["x_paper"] == row["x_paper"]
    with pytest.raises(Invalid):
        write([Change(Student, place(OTHER), pupil() | {"x_paper": row["x_paper"]})], neighbour)
    assert browser.send(edit, form_of(browser.get(edit).text) | {"x_paper": "-"}).status_code == 302
    assert "x_paper" not in collection(Student).find_one({})


def test_a_value_that_the_field_takes_no_longer_is_found(stored, tablets, administrator):
    assert "จำนวนแท็บเล็ต" not in checks_of_school(place())
    redefine(tablets, {"high": "2"}, administrator, tablets.revision)
    assert "จำนวนแท็บเล็ต: ต้องไม่เกิน 2" in checks_of_school(place())
    redefine(tablets.reload(), {"high": "9"}, administrator, 2)
    assert "จำนวนแท็บเล็ต" not in checks_of_school(place())


def test_a_bound_of_a_measure_is_said_without_a_point(area):
    price = fields.measure("ราคา", decimals=2, min_value=0.0, max_value=100_000.0)
    for typed, said in (("200000", "ต้องไม่เกิน 100,000"), ("-1", "ต้องไม่น้อยกว่า 0")):
        with pytest.raises(ValueError, match=f"^{said}$"):
            fields.accept(price, typed)


def test_a_locked_rounds_workbook_keeps_its_fields(stored, open_round, tablets, administrator, approver):
    locked = lock_round(open_round, approver, "หมดเวลา")
    before = round_workbook(locked)
    redefine(tablets, {"label": "ชื่อใหม่", "in_export": ""}, administrator, tablets.revision)
    define(AREA, "students", said("late"), administrator)
    assert round_workbook(locked) == before
    head = CalamineWorkbook.from_filelike(io.BytesIO(before)).get_sheet_by_name("รายชื่อนักเรียน").to_python()[0]
    assert ("จำนวนแท็บเล็ต" in head, "ชื่อใหม่" in head) == (True, False)
