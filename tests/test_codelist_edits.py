"""Editing code lists: for one's own area, for given years, never what is used, and nothing that was locked."""

import pytest

from documents.checking import findings
from documents.collecting import freezing, locking
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.records import codelists
from documents.records.codelist_edits import (
    add_value,
    change_value,
    move_value,
    new_list,
    remove_value,
    version_of,
)
from documents.records.codelists import code_list, of_area
from documents.records.defining import define, stop
from documents.records.writing import Change, write
from documents.trail import history, verifying
from tests.people import AREA, SCHOOL, YEAR, place
from tests.pupils import pupil
from tests.test_added_fields import said
from tests.test_codelists_view import ROLES

FAR = "34020000"


@pytest.fixture(autouse=True)
def nothing_remembered(database):
    codelists.forget()
    yield
    codelists.ask_of(None)
    codelists.forget()


def test_an_area_makes_a_list_of_its_own_that_no_other_area_has(administrator):
    made = new_list(
        AREA,
        "TABLETS",
        "ชนิดแท็บเล็ต",
        ["จอ 8 นิ้ว", {"code": "A", "label": "จอ 10 นิ้ว"}, "อื่น ๆ"],
        "เขต",
        administrator,
    )
    assert made.choices == [("01", "จอ 8 นิ้ว"), ("A", "จอ 10 นิ้ว"), ("02", "อื่น ๆ")]
    with of_area(AREA):
        assert code_list("TABLETS").find("จอ10นิ้ว") == "A"
    with of_area(FAR), pytest.raises(KeyError):
        code_list("TABLETS")
    assert list(verifying.verify(AREA)) == []


@pytest.mark.parametrize(
    ("name", "title", "values", "wrong"),
    [
        ("SEX", "เพศ", ["ก"], "name"),
        ("PROVINCE", "จังหวัด", ["ก"], "name"),
        ("TABLETS", "ซ้ำ", ["ก"], "name"),
        ("a.b", "จุด", ["ก"], "name"),
        ("$SET", "เงิน", ["ก"], "name"),
        ("X", "สั้น", ["ก"], "name"),
        ("OTHER", " ", ["ก"], "title"),
        ("OTHER", "ก" * 101, ["ก"], "title"),
        ("OTHER", "ว่าง", [], "values"),
        ("OTHER", "ซ้ำ", ["ก", "ก "], "values"),
        ("OTHER", "ซ้ำ", [{"code": "1", "label": "ก"}, {"code": "1", "label": "ข"}], "values"),
        ("OTHER", "จุด", [{"code": "a.b", "label": "ก"}], "values"),
        ("OTHER", "เงิน", [{"code": "$set", "label": "ก"}], "values"),
        ("OTHER", "ยาว", ["ก" * 101], "values"),
        ("OTHER", "ขีด", ["-"], "values"),
        ("OTHER", "มาก", [f"ค่า {n}" for n in range(1001)], "values"),
    ],
)  # fmt: skip
def test_a_list_that_is_taken_or_cannot_be_read_is_refused(name, title, values, wrong, administrator):
    new_list(AREA, "TABLETS", "ชนิดแท็บเล็ต", ["ก"], "เขต", administrator)
    with pytest.raises(Invalid) as refused:
        new_list(AREA, name, title, values, "เขต", administrator)
    assert list(refused.value.errors[0]) == [wrong]


def test_nobody_but_the_areas_admin_makes_one(officer, administrator):
    for who, where in ((officer, AREA), (administrator, FAR)):
        with pytest.raises(NotAllowed):
            new_list(where, "TABLETS", "ชนิดแท็บเล็ต", ["ก"], "เขต", who)


# ---- one value ----


def add(administrator, label="เต๋า", name="RELIGION", **values):
    """Add a value as the area's admin, having seen the list as it is."""
    return add_value(
        AREA, name, administrator, {"label": label, **values}, "มีนักเรียนจริง", version_of(AREA, name)
    )


def change(administrator, code, name="RELIGION", **values):
    """Change a value the same way; what is not given stays."""
    with of_area(AREA):
        entry = code_list(name).entry(code)
    kept = {key: getattr(entry, key) for key in ("label", "label_en", "short", "retired_from")}
    change_value(AREA, name, code, administrator, kept | values, "ตามหนังสือสั่งการ", version_of(AREA, name))


def here(name="RELIGION"):
    with of_area(AREA):
        return code_list(name)


def wrong_of(refused):
    return set(refused.value.errors[0])


def test_an_added_value_is_the_areas_own_and_is_taken_by_the_door(administrator, open_round, teacher):
    code = add(administrator, label_en="Taoism")
    assert here().find("เต๋า") == here().find("Taoism") == code
    assert code == "006" or code.isdigit()
    with of_area(FAR):
        assert code_list("RELIGION").find("เต๋า") is None
    assert code_list("RELIGION").find("เต๋า") is None
    (written,) = write([Change(Student, place(), pupil(religion=code))], teacher)
    assert collection(Student).find_one({"_id": written.id})["religion"] == code
    assert list(verifying.verify(AREA)) == []


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"label": "พุทธ"}, "label"),
        ({"label": " พุ ทธ"}, "label"),
        ({"label": ""}, "label"),
        ({"label": "ก" * 101}, "label"),
        ({"label": "เต๋า", "code": "001"}, "code"),
        ({"label": "เต๋า", "code": "a.b"}, "code"),
        ({"label": "เต๋า", "code": "$where"}, "code"),
        ({"label": "เต๋า", "code": "ก"}, "code"),
        ({"label": "เต๋า", "code": "1 2"}, "code"),
        ({"label": "เต๋า", "short": "ก" * 101}, "short"),
    ],
)
def test_a_value_that_is_there_or_cannot_be_read_is_refused(values, wrong, administrator):
    with pytest.raises(Invalid) as refused:
        add_value(AREA, "RELIGION", administrator, values, "ลอง", 0)
    assert wrong_of(refused) == {wrong}
    assert version_of(AREA, "RELIGION") == 0


def test_an_edit_wants_a_reason_a_right_the_newest_version_and_a_list_that_may_change(administrator, officer):
    with pytest.raises(Invalid) as refused:
        add_value(AREA, "RELIGION", administrator, {"label": "เต๋า"}, " ", 0)
    assert wrong_of(refused) == {"reason"}
    add(administrator)
    with pytest.raises(WrongState):
        add_value(AREA, "RELIGION", administrator, {"label": "ชินโต"}, "ลอง", 0)
    for who, where in ((officer, AREA), (administrator, FAR)):
        with pytest.raises(NotAllowed):
            add_value(where, "RELIGION", who, {"label": "ชินโต"}, "ลอง", version_of(where, "RELIGION"))
    with pytest.raises(Invalid):
        add(administrator, "ประถมปีที่ 7", name="GRADE")
    with pytest.raises(NotAllowed):
        add(administrator, "จังหวัดใหม่", name="PROVINCE")
    with pytest.raises(OutOfScope):
        add_value(AREA, "NOTHING", administrator, {"label": "ก"}, "ลอง", 0)
    with pytest.raises(Invalid) as refused:
        add(administrator, "รถยก", name="EQUIPMENT", parent="99")
    assert wrong_of(refused) == {"parent"}
    add(administrator, "รถยก", name="EQUIPMENT", parent="25")
    assert here("EQUIPMENT").parent("25003") == "25"


def test_a_renamed_value_keeps_its_old_word_for_files_and_what_was_locked(
    administrator, open_round, teacher, approver
):
    write([Change(Student, place(), pupil(religion="003"))], teacher)
    locked = locking.lock_round(open_round, approver, "ปิด")
    change(administrator, "003", label="คริสต์ศาสนา")
    codes = here()
    assert codes.label("003") == "คริสต์ศาสนา"
    assert codes.find("คริสต์") == "003"
    assert {row[0]: row[1] for row in freezing.freeze_of(locked).code_lists["RELIGION"]}["003"] == "คริสต์"
    with pytest.raises(Invalid):
        change(administrator, "003", label="พุทธ")


def test_a_value_that_a_running_round_holds_is_not_retired_from_its_year(administrator, open_round, teacher):
    (written,) = write([Change(Student, place(), pupil(religion="003"))], teacher)
    with pytest.raises(Invalid) as refused:
        change(administrator, "003", retired_from=YEAR)
    assert "ศาสนา 1 รายการ (รอบ DMC ภาคเรียนที่ 1/2568)" in refused.value.message
    change(administrator, "003", retired_from=YEAR + 1)
    assert "003" in dict(here().choices_in(YEAR))
    assert "003" not in dict(here().choices_in(YEAR + 1))
    write([Change(Student, place(), {"religion": "001"}, written.id, 1)], teacher)
    change(administrator, "003", retired_from=YEAR)
    with pytest.raises(Invalid) as refused:
        write([Change(Student, place(), {"religion": "003"}, written.id, 2)], teacher)
    assert refused.value.errors[0]["religion"] == "“คริสต์” เลิกใช้ตั้งแต่ปีการศึกษา 2568 กรุณาเลือกค่าอื่น"
    change(administrator, "003", retired_from=None)
    write([Change(Student, place(), {"religion": "003"}, written.id, 2)], teacher)


def test_a_value_of_a_later_year_cannot_be_chosen_before(administrator, open_round, teacher):
    code = add(administrator, since=YEAR + 1)
    assert code not in dict(here().choices_in(YEAR))
    with pytest.raises(Invalid) as refused:
        write([Change(Student, place(), pupil(religion=code))], teacher)
    assert "ใช้ได้ตั้งแต่ปีการศึกษา 2569" in refused.value.errors[0]["religion"]


def test_only_an_added_value_that_nothing_holds_is_removed(administrator, open_round, teacher):
    code = add(administrator)
    (written,) = write([Change(Student, place(), pupil(religion=code))], teacher)
    for wanted in (code, "001"):
        with pytest.raises(Invalid):
            remove_value(AREA, "RELIGION", wanted, administrator, "ไม่ใช้", version_of(AREA, "RELIGION"))
    write([Change(Student, place(), {"religion": "001"}, written.id, 1)], teacher)
    remove_value(AREA, "RELIGION", code, administrator, "ไม่ใช้", version_of(AREA, "RELIGION"))
    assert code not in here().codes


def test_a_value_that_schools_requests_or_a_stopped_field_hold_is_not_removed(
    administrator, open_round, teacher, database
):
    def refused(name, code, where):
        with pytest.raises(Invalid) as refusal:
            remove_value(AREA, name, code, administrator, "ไม่ใช้", version_of(AREA, name))
        assert where in refusal.value.errors[0]["code"]

    flag = add(administrator, "โรงเรียนคุณภาพ", "SCHOOL_FLAG")
    tenure = add(administrator, "ที่ดินเช่าวัด", "LAND_TENURE")
    held = {"flags": [flag], "land": [{"tenure": tenure, "rai": 1}]}
    database.schools.update_one({"code": SCHOOL}, {"$set": held})
    kin = add(administrator, "พ่อบุญธรรม", "RELATION")
    database.gcode_requests.insert_one({"area_code": AREA, "guardian_relation": kin})
    for name, code, where in (("SCHOOL_FLAG", flag, "ข้อมูลโรงเรียน"), ("LAND_TENURE", tenure, "ข้อมูลโรงเรียน"),
                              ("RELATION", kin, "คำขอรหัส G")):  # fmt: skip
        refused(name, code, where)
    faith = add(administrator)
    kept = define(AREA, "students", said("faith", "choice"), administrator)
    write([Change(Student, place(), pupil() | {"x_faith": faith})], teacher)
    stop(kept, YEAR - 1, administrator, kept.revision)
    refused("RELIGION", faith, "ช่อง faith 1 รายการ")


def test_values_are_arranged_and_every_edit_is_in_the_chain(administrator):
    first, second = list(here().codes)[:2]
    move_value(AREA, "RELIGION", second, administrator, True, version_of(AREA, "RELIGION"))
    code = add(administrator)
    assert list(here().codes)[:2] == [second, first]
    assert list(here().codes)[-1] == code
    move_value(AREA, "RELIGION", second, administrator, True, version_of(AREA, "RELIGION"))
    events = collection(history.AuditEvent).find({"document": "codelists"}).sort("number", 1)
    assert [(event["number"], event["action"]) for event in events] == [(1, "move"), (2, "add")]
    assert list(verifying.verify(AREA)) == []


# ---- the pages ----

LIST = "/admin/codelists/"


def test_the_admin_edits_a_list_in_the_browser_and_the_schools_form_follows(
    sign_in, administrator, open_round, teacher
):
    admin, school = sign_in(administrator), sign_in(teacher)
    page = admin.get(f"{LIST}details/?id=RELIGION").text
    assert "เพิ่มค่า" in page
    asked = {"id": "RELIGION", "label": "เต๋า", "reason": "มีนักเรียนจริง", "seen": "0"}
    assert admin.send(f"{LIST}new/", asked | {"label": "พุทธ"}).status_code == 422
    assert admin.send(f"{LIST}new/", asked).status_code == 302
    assert admin.send(f"{LIST}new/", asked | {"label": "ชินโต"}).status_code == 409
    code = here().find("เต๋า")
    assert f'value="{code}">เต๋า' in school.get("/admin/students/new/").text
    asked = {
        "id": "RELIGION",
        "code": code,
        "label": "เต๋า (จีน)",
        "retired_from": "2569",
        "reason": "ตามคำสั่ง",
        "seen": "1",
    }
    assert admin.send(f"{LIST}edit/", asked).status_code == 302
    assert "เต๋า (จีน)" in school.get("/admin/students/new/").text
    assert admin.send(f"{LIST}edit/", asked | {"retired_from": "2568", "seen": "2"}).status_code == 302
    assert "เต๋า (จีน)" not in school.get("/admin/students/new/").text
    assert (
        admin.send(f"{LIST}move/", {"id": "RELIGION", "code": code, "to": "up", "seen": "3"}).status_code
        == 302
    )
    page = admin.get(f"{LIST}details/?id=RELIGION").text
    for words in ("ประวัติการแก้ไขของเขต", "มีนักเรียนจริง", "ตามคำสั่ง", "เปลี่ยนลำดับ", "เลิกใช้ปี 2568"):
        assert words in page
    assert page.count("ประวัติการแก้ไขของเขต") == 1  # it once stood in the page's title as well
    assert "เพิ่มค่า" not in school.get(f"{LIST}details/?id=RELIGION").text
    assert "รหัสมาตรฐาน" in admin.get("/admin/audit/").text
    assert (
        admin.send(
            f"{LIST}edit/", {"id": "RELIGION", "code": code, "do": "remove", "reason": "ผิด", "seen": "4"}
        ).status_code
        == 302
    )
    assert code not in here().codes


def test_a_record_keeps_a_value_that_is_no_longer_offered(
    sign_in, administrator, open_round, teacher, database
):
    (written,) = write([Change(Student, place(), pupil(religion="003"))], teacher)
    change(administrator, "003", retired_from=YEAR + 1)
    database.rounds.update_many({}, {"$set": {"academic_year": YEAR + 1}})
    database.submissions.update_many({}, {"$set": {"academic_year": YEAR + 1}})
    database.students.update_many({}, {"$set": {"academic_year": YEAR + 1}})
    submission = find_submission("DMC", place(year=YEAR + 1))
    assert findings.refresh(submission)["codes"]["LIST"] == 1
    (found,) = findings.Finding.objects(code="LIST")
    assert (found.sentence, found.names, found.sensitive) == (
        "ศาสนา: “คริสต์” เลิกใช้ในปีการศึกษานี้แล้ว", ["religion"], True
    )  # fmt: skip
    browser = sign_in(teacher)
    form = browser.get(f"/admin/students/edit/?id={written.id}").text
    assert "คริสต์ (เลิกใช้แล้ว)" in form
    assert "เลิกใช้ในปีการศึกษานี้แล้ว" in form
    assert "คริสต์" not in browser.get("/admin/students/new/").text
    from tests.test_record_view import form_of

    answer = browser.send(f"/admin/students/edit/?id={written.id}", form_of(form) | {"room": "2"})
    assert answer.status_code == 302
    assert database.students.find_one({"_id": written.id})["religion"] == "003"


@pytest.mark.parametrize("role", [role for role in ROLES if role != "administrator"])
def test_nobody_else_is_let_at_a_list(role, sign_in, request):
    browser = sign_in(request.getfixturevalue(role))
    assert browser.get(f"{LIST}edit/?id=RELIGION&code=001").status_code == 403
    asked = {"id": "RELIGION", "label": "เต๋า", "reason": "ลอง", "seen": "0"}
    assert browser.send(f"{LIST}new/", asked).status_code == 403
    assert browser.send(f"{LIST}move/", {"id": "RELIGION", "code": "001", "seen": "0"}).status_code == 403
    assert version_of(AREA, "RELIGION") == 0
