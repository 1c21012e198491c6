"""Class lists and the sheet of one record: what stands on them, who may have them, how they fit on paper."""

import datetime as dt
from types import SimpleNamespace

import pytest

from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.classes import ORDERS, SchoolClass, classes_of
from documents.dmc.students import Student
from documents.records.writing import Change, write
from exports.dmc.class_lists import BLANKS, ClassLists, class_lists_pdf
from exports.workbooks.pdf import place_to_break
from tests.canteens import Canteen
from tests.making import complete
from tests.people import OTHER, SCHOOL, person, place
from tests.pupils import pupil

PAGE, PDF = "/admin/class-lists/", "/admin/class-lists/pdf/"
SHEET, SHEET_PDF = "/admin/students/sheet/", "/admin/students/sheet/pdf/"


@pytest.fixture
def pupils(open_round, teacher, neighbour):
    """Three of ป.4 room 1, one of ป.5, one of ป.4 who left, and one of the other school."""
    girl = {"sex": "F", "title": "002"}
    rows = [
        {"student_no": "10", "first_name": "กบ"} | girl,
        {"student_no": "9", "first_name": "ขวัญ"},
        {"student_no": "11", "first_name": "คำ"},
        {"student_no": "12", "first_name": "งาม", "grade": "08"},
        {"student_no": "13", "first_name": "ลาจากไป", "suspended_flag": True},
    ]
    written = write([Change(Student, place(), pupil(**row)) for row in rows], teacher)
    write([Change(Student, place(OTHER), pupil(first_name="ลับ"))], neighbour)
    return written


def listed(user, round_, order):
    return [[no for no, *_ in one.pupils] for one in classes_of(user, round_, SCHOOL, order)]


def test_a_class_is_listed_in_the_order_that_was_asked_for(pupils, teacher, open_round):
    assert {order: listed(teacher, open_round, order)[0] for order in ORDERS} == {
        "number": ["9", "10", "11"], "name": ["10", "9", "11"], "sex": ["9", "11", "10"],
    }  # fmt: skip
    one = classes_of(teacher, open_round, SCHOOL)[0]
    assert (one.words, one.boys, one.girls) == ("ป.4 ห้อง 1", 2, 1)
    assert classes_of(teacher, open_round, OTHER) == []


def test_the_page_shows_the_chosen_class_alone_and_is_noted(pupils, sign_in, teacher, officer, database):
    browser = sign_in(teacher)
    assert "กบ" not in browser.get(PAGE).text
    assert database.audit_events.count_documents({"action": "export"}) == 0
    page = browser.get(f"{PAGE}?grade=07&room=1&blanks=10").text
    for words in (
        "บัญชีรายชื่อนักเรียน ป.4 ห้อง 1",
        "บ้านหนึ่ง",
        "2568-1",
        "10 มิถุนายน 2568",
        "ชาย 2 คน หญิง 1 คน",
        "กบ",
    ):
        assert words in page
    assert "งาม" not in page
    assert "ลาจากไป" not in page
    event = database.audit_events.find_one({"action": "export"})
    told = {name: event["changes"][name][1] for name in ("what", "school", "rows", "kind")}
    assert told == {"what": "class_list", "school": SCHOOL, "rows": 3, "kind": "print"}
    link = f"{PAGE}?school={SCHOOL}"
    assert link in sign_in(officer).get(f"/admin/students/?school={SCHOOL}").text
    assert link in browser.get(f"/admin/submissions/details/?id={find_submission('DMC', place()).id}").text
    assert "บัญชีรายชื่อนักเรียน" in sign_in(officer).get("/admin/audit/?action=export").text


@pytest.mark.parametrize("path", [PAGE, PDF])
def test_nobody_has_the_list_of_a_school_that_is_not_his(
    path, pupils, sign_in, neighbour, executive, administrator, database
):
    far = person("outsider", "district", area="34020000")
    tries = [f"school={SCHOOL}&grade=07", f"school={SCHOOL}&grade=07&school={OTHER}", "school=%00&grade="]
    for user in (neighbour, executive, administrator, far):
        browser = sign_in(user)
        for asked in tries:
            answer = browser.get(f"{path}?{asked}")
            assert answer.status_code in (403, 404), (user.email, asked, answer.status_code)
            assert "กบ" not in answer.text
    assert database.audit_events.count_documents({"action": "export"}) == 0


def test_the_pdf_is_of_what_was_chosen_and_an_empty_choice_is_told(pupils, sign_in, officer, database):
    browser = sign_in(officer)
    answer = browser.get(f"{PDF}?school={SCHOOL}&grade=07")
    assert answer.data.startswith(b"%PDF")
    assert (
        "%E0%B8%9B.4%20%E0%B8%AB%E0%B9%89%E0%B8%AD%E0%B8%87%201.pdf" in answer.headers["Content-Disposition"]
    )
    for asked in ("grade=18", "grade=07&room=9", "grade=$ne", "grade=07&room=1e3"):
        assert browser.get(f"{PDF}?school={SCHOOL}&{asked}").status_code == 404, asked
    assert browser.get(PDF).status_code == 400  # an officer has no school of his own
    assert database.audit_events.count_documents({"action": "export", "changes.kind": [None, "pdf"]}) == 1


def lists(pupils, blanks=10):
    round_ = SimpleNamespace(label="2568-1", title="ภาคเรียนที่ 1", as_of=dt.datetime(2025, 6, 10))  # noqa: DTZ001
    made_at = dt.datetime(2025, 6, 5, tzinfo=dt.UTC)
    classes = [SchoolClass("07", 1, pupils)]
    return ClassLists(classes, round_, "สพป. ทดสอบ", SCHOOL, "บ้านหนึ่ง", blanks, made_at, "ครู")


def pages(content):
    return content.count(b"/Type /Page\n")


def test_fifty_with_long_names_fit_on_a_page_and_more_go_on(caplog):
    name = "เด็กหญิงปิ่นปินัทธ์ ศรีสุขสวัสดิ์"
    longer = f"{name}{'ฤทธิ์น้ำทิพย์' * 2}"
    fifty = [(f"{n:05}", longer if n % 25 == 0 else name, "F") for n in range(50)]
    assert [pages(class_lists_pdf(lists(fifty, blanks))) for blanks in BLANKS] == [1] * len(BLANKS)
    assert pages(class_lists_pdf(lists(fifty * 2))) == 2
    assert pages(class_lists_pdf(lists([("1", "ก" * 400, None)], 15))) == 1
    assert not [one for one in caplog.records if "missing" in one.getMessage()]  # a letter the font lacks


def test_the_lists_of_many_pupils_are_a_job_and_noted_when_taken(
    pupils, sign_in, teacher, database, monkeypatch
):
    monkeypatch.setattr("views.dmc.class_lists.MOST", 3)
    answer = sign_in(teacher).get(f"{PDF}?grade=&blanks=5&order=name")
    assert answer.status_code == 200
    assert answer.data.startswith(b"%PDF")
    job = database.jobs.find_one({"kind": "class_lists"})
    assert job["state"] == "done"
    event = database.audit_events.find_one({"action": "export"})
    assert (event["changes"]["what"][1], event["changes"]["rows"][1]) == ("class_list", 4)


def test_a_long_word_is_broken_between_syllables():
    text = "เด็กหญิงปิ่นปินัทธ์ ศรี"
    assert text[: place_to_break(text, 22)] == "เด็กหญิงปิ่นปินัทธ์"
    label = "รักษาการในตำแหน่งผู้อำนวยการโรงเรียน"
    assert label[place_to_break(label, 29) :] == "การโรงเรียน", "not ผู้อำนว-ยการ"
    for text in ("บ้านเรือนเพื่อนบ้าน", "กิ่งแก้วก้ำกึ่งกตัญญู"):
        for most in range(6, len(text)):
            at = place_to_break(text, most)
            assert 1 <= at <= most
            assert text[at] not in "ิี่้ะาำ็์ัืุ"
            assert text[at - 1] not in "เแโใไ"


# ---- the sheet of one record ----


def test_the_sheet_masks_numbers_until_they_are_asked_for(pupils, sign_in, teacher, database):
    id_, browser = pupils[0].id, sign_in(teacher)
    number = collection(Student).find_one({"_id": id_})["person_id"]
    whole = f"{number[0]}-{number[1:5]}-{number[5:10]}-{number[10:12]}-{number[12]}"
    page = browser.get(f"{SHEET}?id={id_}").text
    for words in (
        "แบบข้อมูลนักเรียนรายบุคคล",
        "เด็กหญิงกบ ใจดี",
        "ที่อยู่ตามทะเบียนบ้าน",
        "สัญชาติ",
        "ลงชื่อ",
        "xxxxx",
        "ห้ามเผยแพร่",
    ):
        assert words in page
    assert whole not in page
    assert database.audit_events.count_documents({"action": "reveal"}) == 0
    assert whole in browser.get(f"{SHEET}?id={id_}&full=1").text
    event = database.audit_events.find_one({"action": "reveal"})
    assert event["changes"] == {"person_id": [None, str(id_)]}
    answer = browser.get(f"{SHEET_PDF}?id={id_}")
    assert answer.data.startswith(b"%PDF")
    assert number not in answer.headers["Content-Disposition"]
    kinds = [row["changes"]["kind"][1] for row in database.audit_events.find({"action": "export"})]
    assert kinds == ["print", "print", "pdf"]


def test_an_officer_without_the_mark_prints_nothing_sensitive(pupils, sign_in, officer):
    page = sign_in(officer).get(f"{SHEET}?id={pupils[0].id}").text
    assert "สัญชาติ" not in page
    assert "ไม่แสดงข้อมูลอ่อนไหว" in page
    assert "เด็กหญิงกบ" in sign_in(officer).get("/admin/audit/?action=export").text  # of whom it was


@pytest.mark.parametrize("path", [SHEET, SHEET_PDF])
def test_no_sheet_is_reached_by_anothers_id(path, pupils, sign_in, neighbour, administrator, database):
    for asked in (pupils[0].id, f"{pupils[0].id}&full=1", "x", "", "$ne", open_id(database)):
        assert sign_in(neighbour).get(f"{path}?id={asked}").status_code == 404, asked
    assert sign_in(administrator).get(f"{path}?id={pupils[0].id}").status_code == 403
    assert database.audit_events.count_documents({"action": {"$in": ["export", "reveal"]}}) == 0


def open_id(database):
    """The id of something that is no record."""
    return database.rounds.find_one()["_id"]


def test_a_subsystem_of_any_kind_has_its_sheet(canteens, open_round, teacher):
    from exports.workbooks.record_sheet import record_sheet, record_sheet_pdf

    (written,) = write([Change(Canteen, place(), complete(Canteen))], teacher)
    record = Canteen.objects.get(id=written.id)
    sheet = record_sheet(
        record, open_round, "บ้านหนึ่ง", lambda field: True, False, dt.datetime.now(dt.UTC), "ครู"
    )
    assert sheet.title == f"แบบข้อมูล{Canteen.label}"
    assert pages(record_sheet_pdf(sheet)) == 1
