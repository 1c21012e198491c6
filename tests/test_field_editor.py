"""The editor of added fields: what it stores, warns of and shows; and who has it at all."""

import re

import pytest

from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.records.completeness import required_of
from documents.records.declarations import declaration
from documents.records.defining import define
from documents.records.field_definitions import FieldDefinition
from documents.records.record import declared
from documents.records.writing import Change, write
from tests.making import complete
from tests.people import AREA, YEAR, person, place
from tests.test_added_fields import said

NEW = f"/admin/fields/new/?document=students&year={YEAR}"
PAGE = f"/admin/fields/?document=students&year={YEAR}"


@pytest.fixture
def desk(sign_in, administrator):
    """A browser in which the area's administrator is signed in."""
    return sign_in(administrator)


def test_a_field_is_added_changed_moved_stopped_and_told_of(desk, open_round, teacher, sign_in):
    for key, label in (("tablets", "จำนวนแท็บเล็ต"), ("phones", "จำนวนโทรศัพท์")):
        answer = desk.send(NEW, said(key, label=label))
        assert answer.status_code == 303, answer.text
    page = desk.get(answer.location.partition("#")[0]).text
    assert page.index("จำนวนแท็บเล็ต") < page.index("จำนวนโทรศัพท์")
    first, second = FieldDefinition.objects.order_by("order")
    desk.send("/admin/fields/move/", {"id": str(second.id), "step": "up"})
    assert declaration(Student, AREA, YEAR).added == ("x_phones", "x_tablets")
    assert "จำนวนแท็บเล็ต" in sign_in(teacher).get("/admin/students/new/").text
    editor = desk.get(f"/admin/fields/edit/?id={first.id}").text
    assert "เปลี่ยนไม่ได้" in editor
    typed = said("tablets", label="แท็บเล็ตที่ใช้ได้", high="9") | {
        "id": str(first.id),
        "revision": "1",
        "reason": "สพฐ. สั่ง",
    }
    assert desk.send("/admin/fields/edit/", typed).status_code == 303
    stale = desk.send("/admin/fields/edit/", typed)
    assert (stale.status_code, "มีผู้อื่นแก้ไขช่องนี้" in stale.text) == (409, True)
    assert declared(declaration(Student, AREA, YEAR))["x_tablets"].max_value == 9
    history = desk.get(f"/admin/fields/edit/?id={first.id}").text
    for words in ("แท็บเล็ตที่ใช้ได้", "สพฐ. สั่ง", "ค่าสูงสุด"):
        assert words in history
    answer = desk.send(
        "/admin/fields/stop/", {"id": str(first.id), "revision": "2", "last_year": str(YEAR - 1)}
    )
    assert "ข้อมูลเดิมยังอยู่ครบ" in desk.get(answer.location.partition("#")[0]).text
    assert declaration(Student, AREA, YEAR).added == ("x_phones",)
    assert "ไม่ใช้ในปีนี้" in desk.get(PAGE).text
    assert "ช่องข้อมูลที่เพิ่มเอง" in desk.get("/admin/audit/").text


def test_a_field_made_required_in_an_open_round_warns_first(desk, open_round, teacher):
    write([Change(Student, place(), complete(Student))], teacher)
    warned = desk.send(NEW, said("shoes", required="1"))
    assert warned.status_code == 422
    assert "1 รายการ ของ 1 โรงเรียน" in warned.text
    assert "จนกว่าจะกรอก: บ้านหนึ่ง" in warned.text
    assert FieldDefinition.objects.count() == 0
    assert desk.send(NEW, said("shoes", required="1", warned="1")).status_code == 303
    assert "x_shoes" in required_of(Student, AREA, YEAR)
    assert find_submission("DMC", place()).counts["incomplete"] == 1


def test_what_is_refused_stays_typed_beside_its_sentence(desk, open_round):
    answer = desk.send(NEW, said("person_id", label="ลองดู", unit="<b>เครื่อง"))
    assert answer.status_code == 422
    assert "เป็นของช่อง" in answer.text
    assert 'value="ลองดู"' in answer.text
    assert "<b>เครื่อง" not in answer.text


def test_the_preview_is_the_input_as_it_will_be(desk, open_round):
    shown = desk.send(
        "/admin/fields/preview/", said("a", "choice", label="ศาสนา", help="เลือกหนึ่ง", required="1")
    ).text
    assert re.search(r"<select[^>]*>.*พุทธ", shown, re.S)
    assert "เลือกหนึ่ง" in shown
    assert "(ต้องกรอก)" in shown
    for odd in (
        {},
        {"kind": "choice"},
        {"kind": "number", "decimals": "99", "low": "x"},
        {"kind": "text", "longest": "-1"},
    ):
        assert desk.send("/admin/fields/preview/", odd).status_code == 200


@pytest.mark.parametrize("role", ["teacher", "director", "officer", "approver", "executive", "far"])
def test_only_the_areas_administrator_has_the_editor(
    role, sign_in, open_round, administrator, request, database
):
    theirs = define(AREA, "students", said("tablets"), administrator)
    before = collection(FieldDefinition).find_one({})
    browser = sign_in(
        person("far", "admin", area="34020000") if role == "far" else request.getfixturevalue(role)
    )
    closed = 404 if role == "far" else 403
    assert browser.get(NEW + f"&area={AREA}").status_code == closed
    assert browser.send(NEW + f"&area={AREA}", said("mine")).status_code == closed
    for path, more in (("edit", {"label": "อื่น"}), ("stop", {"last_year": "2567"}), ("move", {"step": "up"})):
        asked = said("tablets") | {"id": str(theirs.id), "revision": "1"} | more
        assert browser.send(f"/admin/fields/{path}/", asked).status_code == closed
    assert browser.get(f"/admin/fields/edit/?id={theirs.id}").status_code == closed
    assert collection(FieldDefinition).find_one({}) == before
    assert FieldDefinition.objects.count() == 1
