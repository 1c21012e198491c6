"""Layouts of export files: made and copied in the browser, chosen at an export, never without the key."""

import csv
import io
import zipfile

import pytest
from python_calamine import load_workbook

from documents.district.schools import School
from documents.dmc.students import Student
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.records.export_layouts import get_layout, layouts_of, remove_layout, save_layout
from documents.records.writing import Change, write
from documents.trail.history import AuditEvent
from exports.imports.importing import plan_import
from exports.workbooks.layouts import layout_of, offered
from tests.people import AREA, OTHER, SCHOOL, place
from tests.test_roster import pupil

KNOWN = offered(layout_of(Student))
COLUMNS = [
    {"name": "person_id", "label": "เลขบัตร"},
    {"name": "school_code", "label": ""},
    {"name": "sex", "label": "เพศ (รหัส)", "form": "code"},
    {"name": "birth_date", "label": "เกิด ค.ศ.", "form": "iso"},
    {"name": "religion", "label": "", "form": "iso"},  # no form of a choice
    {"name": "disability", "label": ""},
    {"name": "no_such_column", "label": ""},
]
TYPED = {"name": "ส่งโรงพยาบาล", "columns": COLUMNS}
PAGE = "/admin/layouts/"


@pytest.fixture
def filled(open_round, teacher, neighbour):
    """A round with pupils in two schools."""
    write([Change(Student, place(), pupil(n, disability="01")) for n in (1, 2)], teacher)
    write([Change(Student, place(OTHER), pupil(7))], neighbour)
    return open_round


@pytest.fixture
def layout(officer):
    """A layout of the area, stored."""
    return get_layout(AREA, "students", save_layout(AREA, Student, KNOWN, TYPED, officer))


def posted(typed):
    """A layout as its form posts it."""
    form = {"name": typed["name"]}
    for at, each in enumerate(typed["columns"], 1):
        form |= {f"use-{each['name']}": "1", f"at-{each['name']}": str(at * 10)}
        form |= {f"label-{each['name']}": each["label"], f"form-{each['name']}": each.get("form", "")}
    return form


def test_an_export_has_the_columns_order_words_and_forms_chosen(filled, layout, officer, sign_in):
    officer.grants[0].sensitive = True
    officer.save()
    browser = sign_in(officer)
    answer = browser.send("/admin/students/export/xlsx/", {"reason": "ส่งตรวจ", "layout": str(layout.id)})
    head, *rows = load_workbook(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert head == ["เลขบัตร", "รหัสโรงเรียน", "เพศ (รหัส)", "เกิด ค.ศ.", "ศาสนา", "ความพิการ"]
    assert {(row[1], row[2]) for row in rows} == {(SCHOOL, "M"), (OTHER, "M")}
    assert all(len(row[3]) == 10 and row[3][4] == "-" for row in rows)
    assert rows[0][4] not in ("", "1")
    answer = browser.send("/admin/students/export/csv/", {"reason": "ส่งตรวจ", "layout": str(layout.id)})
    assert next(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))) == head
    plan = plan_import(Student, answer.data, "กลับ.csv", officer, filled)
    assert (len(plan.same), plan.errors, plan.unknown) == (3, [], [])


def test_a_column_of_a_closed_class_stays_blank_also_where_the_product_has_none(
    filled, layout, officer, sign_in
):
    answer = sign_in(officer).send(
        "/admin/students/export/xlsx/", {"reason": "ส่งตรวจ", "layout": str(layout.id)}
    )
    rows = load_workbook(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert {tuple(row[4:]) for row in rows[1:]} == {("", "")}


@pytest.mark.parametrize(("parts", "names"), [("school", 2), ("cluster", 1)])
def test_an_export_comes_as_one_file_a_school_or_cluster(parts, names, filled, officer, sign_in):
    School.objects(area_code=AREA).update(cluster="กลุ่มหนึ่ง")
    answer = sign_in(officer).send("/admin/students/export/xlsx/", {"reason": "แจก", "parts": parts})
    assert answer.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == names
        found = {
            name: {row[0] for row in load_workbook(io.BytesIO(archive.read(name))).get_sheet_by_index(0).to_python()[1:]}
            for name in archive.namelist()
        }  # fmt: skip
    assert sorted(map(sorted, found.values())) == (
        [[SCHOOL], [OTHER]] if parts == "school" else [[SCHOOL, OTHER]]
    )


@pytest.mark.parametrize(
    ("change", "named", "said"),
    [
        ({"columns": COLUMNS[1:]}, "columns", "เลขประจำตัวประชาชน"),
        ({"columns": COLUMNS[:1]}, "columns", "รหัสโรงเรียน"),
        ({"columns": [*COLUMNS, {"name": "grade", "label": "เลขบัตร"}]}, "columns", "ซ้ำกัน"),
        ({"name": " "}, "name", "ตั้งชื่อ"),
        ({"name": "ก" * 61}, "name", "ย่อ"),
        ({"name": "ส่งโรงพยาบาล"}, "name", "มีรูปแบบไฟล์ชื่อ"),
    ],
)
def test_a_layout_that_could_not_be_used_is_refused_with_a_sentence(change, named, said, layout, officer):
    with pytest.raises(Invalid) as refusal:
        save_layout(AREA, Student, KNOWN, {"name": "อีกแบบ", "columns": COLUMNS} | change, officer)
    assert said in refusal.value.errors[0][named]
    assert len(layouts_of(AREA, "students")) == 1


def test_only_the_district_and_the_admin_make_layouts_and_none_sees_another_areas(
    layout, teacher, approver, officer
):
    for who in (teacher, approver):
        with pytest.raises(NotAllowed):
            save_layout(AREA, Student, KNOWN, TYPED | {"name": "x"}, who)
        with pytest.raises(NotAllowed):
            remove_layout(layout, who)
    with pytest.raises(OutOfScope):
        get_layout("35010000", "students", layout.id)
    with pytest.raises(OutOfScope):
        get_layout(AREA, "staff", layout.id)


def test_two_at_once_do_not_overwrite_each_other(layout, officer, administrator):
    save_layout(AREA, Student, KNOWN, TYPED | {"name": "แก้แล้ว"}, administrator, layout, 1)
    with pytest.raises(WrongState, match="ก่อนหน้าท่าน"):
        save_layout(AREA, Student, KNOWN, TYPED, officer, layout, 1)
    assert [one.name for one in layouts_of(AREA, "students")] == ["แก้แล้ว"]


def test_a_layout_is_made_copied_changed_and_deleted_in_the_browser(open_round, officer, sign_in):
    browser = sign_in(officer)
    page = browser.get(f"{PAGE}edit/?document=students").text
    assert "ต้องมี" in page
    assert 'name="use-disability"' in page
    refused = browser.send(f"{PAGE}edit/?document=students", posted({"name": "สั้น", "columns": COLUMNS[1:4]}))
    assert refused.status_code == 422
    assert "เลขประจำตัวประชาชน" in refused.text
    assert 'value="สั้น"' in refused.text
    assert browser.send(f"{PAGE}edit/?document=students", posted(TYPED)).status_code == 303
    [made] = layouts_of(AREA, "students")
    assert [each["name"] for each in made.columns] == [each["name"] for each in COLUMNS[:-1]]
    copy = browser.get(f"{PAGE}edit/?document=students&copy={made.id}").text
    assert "ส่งโรงพยาบาล (สำเนา)" in copy
    changed = posted(TYPED | {"name": "ใหม่"}) | {"revision": "1", "at-sex": "1"}
    assert browser.send(f"{PAGE}edit/?document=students&id={made.id}", changed).status_code == 303
    [made] = layouts_of(AREA, "students")
    assert (made.name, made.columns[0]["name"]) == ("ใหม่", "sex")
    page = browser.get(f"{PAGE}?document=students").text
    assert "เพศ (รหัส)" in page
    assert "ใหม่" in browser.get("/admin/students/").text  # among the layouts of an export
    assert browser.send(f"{PAGE}remove/?document=students", {"id": str(made.id)}).status_code == 303
    assert layouts_of(AREA, "students") == []
    assert [event.action for event in AuditEvent.objects(document="layouts").order_by("number")] == [
        "create",
        "update",
        "remove",
    ]
