"""The page of required fields: what it lists, what a save changes, and who has it at all."""

import io
import re

import pytest
from python_calamine import load_workbook

from documents.checking.rule_edits import make_rule
from documents.collecting.submissions import find_submission
from documents.district.schools import Area
from documents.dmc.students import Student
from documents.people.users import Grant
from documents.records import codelists
from documents.records.codelist_edits import new_list
from documents.records.codelists import of_area
from documents.records.completeness import required_of, set_required
from documents.records.defining import define
from documents.records.surveys import make_survey
from documents.records.writing import Change, write
from tests.people import AREA, YEAR, person, place
from tests.test_added_fields import said
from tests.test_check_rules import said as said_of_rule
from tests.test_record_view import pupil

PAGE = f"/admin/fields/?document=students&year={YEAR}"


@pytest.fixture
def desk(sign_in, administrator):
    """A browser in which the area's administrator is signed in."""
    return sign_in(administrator)


def ticked(html):
    """Names of the fields that are ticked on the page."""
    return re.findall(r'name="required" value="(\w+)" checked', html)


def posted(html, on=(), off=(), reason="ตามหนังสือสั่งการ"):
    """What a browser sends after ticking `on` and taking the tick off `off`."""
    seen = re.findall(r'name="seen" value="(\w+)"', html)
    return {"seen": seen, "required": sorted((set(ticked(html)) | set(on)) - set(off)), "reason": reason}


def test_the_page_lists_every_declared_field_under_its_heading(desk, open_round):
    html = desk.get(PAGE).text
    from documents.records.record import declared

    for field in declared(Student).values():
        assert f'value="{field.name}"' in html
        assert field.verbose_name in html
    for heading in Student.groups:
        assert heading in html
    assert set(ticked(html)) == required_of(Student, AREA, YEAR)


def test_a_save_changes_what_is_required_and_says_so(desk, open_round, teacher):
    write([Change(Student, place(), pupil())], teacher)
    html = desk.get(PAGE).text
    assert "blood" not in ticked(html)
    turned = posted(html, on=["blood"], off=["weight_kg"])
    warned = desk.send(PAGE, turned)
    assert (warned.status_code, "blood" in required_of(Student, AREA, YEAR)) == (422, False)
    assert "1 รายการ ของ 1 โรงเรียน" in warned.text
    assert "จนกว่าจะกรอก: บ้านหนึ่ง" in warned.text
    assert posted(warned.text) == turned, "the switches stay as they were turned"
    answer = desk.send(PAGE, turned | {"warned": "1"})
    assert answer.status_code == 303
    required = required_of(Student, AREA, YEAR)
    assert "blood" in required
    assert "weight_kg" not in required
    assert find_submission("DMC", place()).counts["incomplete"] == 1
    after = desk.get(answer.location).text
    assert "เพิ่มให้ต้องกรอก 1 ช่อง" in after
    assert "ไม่บังคับแล้ว 1 ช่อง" in after
    assert "ตามหนังสือสั่งการ" in after


def test_the_change_stands_in_the_history_with_its_reason(desk, open_round, database):
    html = desk.get(PAGE).text
    desk.send(PAGE, posted(html, on=["blood"]))
    event = database.audit_events.find_one({"document": "fields"})
    assert event["changes"] == {"blood": [False, True]}
    assert event["reason"] == "ตามหนังสือสั่งการ"


def test_without_a_reason_nothing_is_stored_and_the_ticks_stay(desk, open_round, database):
    html = desk.get(PAGE).text
    answer = desk.send(PAGE, posted(html, on=["blood"], reason=" "))
    assert answer.status_code == 422
    assert "โปรดระบุเหตุผล" in answer.text
    assert "blood" in ticked(answer.text)
    assert database.field_settings.count_documents({}) == 0


def test_a_save_without_a_change_says_so(desk, open_round):
    answer = desk.send(PAGE, posted(desk.get(PAGE).text))
    assert answer.status_code == 422
    assert "ยังไม่ได้เปลี่ยนช่องใด" in answer.text


def test_what_another_turned_meanwhile_stays(desk, open_round):
    html = desk.get(PAGE).text
    other = person("other", "admin")
    needs = dict.fromkeys(required_of(Student, AREA, YEAR), "R") | {"weight_kg": "O", "blood": "R"}
    set_required(Student, AREA, YEAR, needs, other, "อีกคน")
    desk.send(PAGE, posted(html, on=["disability"]))
    required = required_of(Student, AREA, YEAR)
    assert "blood" in required
    assert "weight_kg" not in required


def test_what_is_set_holds_for_later_years_and_not_for_earlier_ones(desk, open_round):
    desk.send(PAGE, posted(desk.get(PAGE).text, on=["blood"]))
    assert "blood" in required_of(Student, AREA, YEAR + 1)
    assert "blood" not in required_of(Student, AREA, YEAR - 1)


def test_a_field_that_is_not_declared_is_left_out(desk, open_round, database):
    html = desk.get(PAGE).text
    desk.send(PAGE, posted(html, on=["blood", "history_hash", "$where"]))
    (setting,) = database.field_settings.find()
    assert "history_hash" not in setting["needs"]
    assert "$where" not in setting["needs"]


@pytest.mark.parametrize("role", ["teacher", "director", "officer", "approver", "executive"])
def test_only_an_administrator_has_the_page(role, sign_in, open_round, request, database):
    browser = sign_in(request.getfixturevalue(role))
    assert browser.get(PAGE).status_code == 403
    answer = browser.send(PAGE, {"required": ["blood"], "seen": [], "reason": "ลอง"})
    assert answer.status_code == 403
    assert database.field_settings.count_documents({}) == 0


def test_a_stranger_is_sent_to_sign_in(client, open_round):
    assert client.get(PAGE).status_code == 302


def test_no_token_no_change(desk, open_round, database):
    answer = desk.post(PAGE, data={"required": ["blood"], "seen": [], "reason": "ลอง"})
    assert answer.status_code == 400
    assert database.field_settings.count_documents({}) == 0


def test_another_area_is_not_found(desk, open_round):
    assert desk.get(f"{PAGE}&area=34020000").status_code == 404


@pytest.mark.parametrize("query", ["document=nothing", "year=1", "year=x", "document=%00", "area=*"])
def test_odd_addresses_are_answered(query, desk, open_round):
    assert desk.get(f"/admin/fields/?{query}").status_code in (200, 404)


def taken(browser, query=""):
    """The rows of the workbook of added fields, each {heading: value}."""
    answer = browser.get(f"/admin/fields/export/xlsx/{query}")
    header, *rows = load_workbook(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_the_added_fields_go_out_as_a_workbook(desk, open_round, administrator, database):
    assert "ส่งออก Excel" not in desk.get(PAGE).text
    assert taken(desk) == []
    numbered = {"unit": "ซม.", "decimals": "1", "low": "30", "high": "220.5", "last_year": str(YEAR + 1)}
    define(
        AREA,
        "students",
        said("waist", "number", label="รอบเอว", personal="sensitive", **numbered),
        administrator,
    )
    define(
        AREA, "staff", said("called", "choice", codelist="TITLE", label="คำเรียก", required="1"), administrator
    )
    survey = make_survey(AREA, {"key": "water", "name": "สำรวจน้ำ", "single": "1"}, administrator)
    define(AREA, survey.slug, said("tap", "flag", label="มีก๊อก"), administrator)
    waist, called, tap = taken(desk)
    told = {
        name: waist[name]
        for name in ("ระบบข้อมูล", "รหัสช่อง", "ชื่อช่อง", "ชนิดข้อมูล", "หน่วย", "ค่าต่ำสุด", "ค่าสูงสุด", "จำนวนทศนิยม")
    }
    assert list(told.values()) == ["นักเรียน (DMC)", "waist", "รอบเอว", "ตัวเลข", "ซม.", "30", "220.5", "1"]
    assert (waist["ใช้ตั้งแต่ปีการศึกษา"], waist["ใช้ถึงปีการศึกษา"]) == (str(YEAR), str(YEAR + 1))
    assert (waist["ระดับข้อมูล"], waist["ต้องกรอกก่อนยืนยัน"], waist["ความยาวไม่เกิน"]) == ("อ่อนไหว", "ไม่ใช่", "")
    assert called["รายการให้เลือก"] == f"TITLE {codelists.code_list('TITLE').title}"
    assert (called["ต้องกรอกก่อนยืนยัน"], tap["ระบบข้อมูล"]) == ("ใช่", "สำรวจน้ำ")
    assert [row["ชื่อช่อง"] for row in taken(desk, "?document=staff")] == ["คำเรียก"]
    assert 'href="/admin/fields/export/xlsx/?document=students&amp;' in desk.get(PAGE).text
    noted = [
        one["changes"]["rows"][1] for one in database.audit_events.find({"action": "export"}).sort("_id", 1)
    ]
    assert noted == [0, 3, 1]


@pytest.mark.parametrize("role", ["teacher", "officer", "executive"])
def test_only_an_administrator_takes_the_added_fields(
    role, sign_in, client, open_round, administrator, request
):
    define(AREA, "students", said("waist", "number", label="รอบเอว"), administrator)
    assert sign_in(request.getfixturevalue(role)).get("/admin/fields/export/xlsx/").status_code == 403
    assert client.get("/admin/fields/export/xlsx/").status_code == 302
    Area(code="34020000", name="สพป. อื่น", province="34").save()
    outsider = sign_in(person("outsider", "admin", area="34020000"))
    assert taken(outsider) == []
    assert outsider.get(f"/admin/fields/export/xlsx/?area={AREA}").status_code == 404


def test_who_looks_after_several_areas_reads_each_by_its_own_lists(open_round, administrator, sign_in):
    """The lists of the area that a page is about, not of the one worked in; the operator works in none."""
    new_list(AREA, "TABLETS", "ชนิดแท็บเล็ต", ["จอ 8 นิ้ว"], "เขต", administrator)
    made = define(AREA, "students", said("tablet", "choice", codelist="TABLETS"), administrator)
    survey = make_survey(AREA, {"key": "water", "name": "สำรวจ", "single": "1"}, administrator)
    define(AREA, survey.slug, said("tablet", "choice", codelist="TABLETS"), administrator)
    condition = {"field": "x_tablet", "compare": "eq", "value": "01"}
    with of_area(AREA):
        rule = make_rule(AREA, "students", said_of_rule(condition), administrator)
    Area(code="10000000", name="สพป. ก่อน", province="10").save()
    both = person("both", "admin", area="10000000")
    both.grants = [*both.grants, Grant(role="admin", area_code=AREA)]
    both.save()
    place = f"area={AREA}&year={YEAR}"
    pages = (
        f"fields/?document=students&{place}", f"fields/?document={survey.slug}&{place}", f"fields/edit/?id={made.id}",
        f"fields/new/?document=students&{place}", f"rules/details/?id={rule.id}", f"rules/edit/?id={rule.id}",
        f"rules/?area={AREA}", f"rules/new/?document=students&area={AREA}", f"surveys/edit/?id={survey.id}",
        f"layouts/edit/?document=students&area={AREA}",
    )  # fmt: skip
    for who in (both, person("operator", "admin", area="*")):
        codelists.forget()
        browser = sign_in(who)
        answers = {page: browser.get(f"/admin/{page}") for page in pages}
        refused = {page: answer.status_code for page, answer in answers.items() if answer.status_code != 200}
        assert not {page for page in refused if not page.startswith("surveys")}, refused
        assert "จอ 8 นิ้ว" in answers[pages[4]].text
