"""The sheet of lines over HTTP: saved whole and in one write, only what was touched, and nothing lost where it is refused."""

import re

import pytest

from documents import clock
from documents.collecting import locking
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.mobec.equipment import Equipment
from documents.records.defining import define
from documents.records.writing import Change, write
from documents.trail.history import AuditEvent
from tests.people import AREA, OTHER, SCHOOL, opened_like, place
from tests.test_added_fields import said
from tests.test_equipment import line, stored_lines

SHEET = "/admin/equipment/"
SAVE = f"{SHEET}lines/"


@pytest.fixture
def count_round(open_round, officer, executive, approver):
    """The round of the count sheet, open."""
    return opened_like(open_round, "M-OBEC", officer, executive, approver)


@pytest.fixture
def sheet(sign_in, count_round, teacher):
    """The teacher's browser, with two lines of his school stored."""
    write(
        [Change(Equipment, place(), line("22001", 40, 1)), Change(Equipment, place(), line("21001", 2))],
        teacher,
    )
    return sign_in(teacher)


def form_of(page):
    """{name: value} of the sheet's form, as a browser would send it; the token aside."""
    form = page[page.index('id="line-form"') :]
    form = form[: form.index("</form>")]
    inputs = (dict(re.findall(r'([a-z-]+)="([^"]*)"', each)) for each in re.findall(r"<input([^>]*)>", form))
    return {each["name"]: each.get("value", "") for each in inputs if each["name"] != "csrf_token"}


def typed(browser, **cells):
    """The form of the school's sheet with cells typed over: `c22001_qty_usable="5"`."""
    form = form_of(browser.get(SHEET).text)
    for name, value in cells.items():
        code, _, cell = name.removeprefix("c").partition("_")
        form[f"n.{code}.{cell}"] = value
    return form


def events():
    return collection(AuditEvent).count_documents({"document": "equipment"})


def test_the_sheet_has_every_line_under_its_heading_and_its_sums(sheet):
    page = sheet.get(SHEET).text
    assert page.count("data-line=") == 76
    assert page.count('class="heading"') == 9
    assert page.index("ครุภัณฑ์สำนักงาน/โรงเรียน") < page.index("เครื่องถ่ายเอกสาร") < page.index("ครุภัณฑ์ยานพาหนะ")
    foot = re.sub(r"\s|<[^>]+>", " ", page[page.index("<tfoot>") : page.index("</tfoot>")]).split()
    assert foot == ["รวมทั้งหมด", "42", "1", "0", "43"]
    assert "ยังไม่กรอก 74 จาก 76 รายการ" in page


def test_only_the_touched_lines_are_written_and_all_in_one_write(sheet, count_commands):
    before, writes = events(), find_submission("M-OBEC", place()).writes
    form = typed(
        sheet, c22001_qty_repair="๓", c21002_qty_usable="1,200", c21003_note="ยืมมา", c21004_qty_dispose="0"
    )
    form |= {"n.21001.qty_usable": "", "n.21001.qty_repair": "", "n.21001.qty_dispose": ""}
    with count_commands() as names:
        answer = sheet.send(SAVE, form)
    assert answer.status_code == 302
    assert names.count("commitTransaction") == 1
    assert find_submission("M-OBEC", place()).writes == writes + 1
    assert stored_lines() == {
        "22001": (40, 3, 0),
        "21002": (1200, 0, 0),
        "21003": (None, None, None),
        "21004": (0, 0, 0),
    }
    assert events() == before + 5
    assert sheet.send(SAVE, typed(sheet)).status_code == 302
    assert events() == before + 5, "nothing is written for lines nobody touched"
    assert collection(AuditEvent).find_one({"via": "sheet", "action": "remove"})["changes"]["qty_usable"] == [
        2,
        None,
    ]


def test_what_an_admin_added_is_filled_on_the_sheet_within_its_bounds(sheet, administrator):
    opened = typed(sheet)
    for key, kind, more in (
        ("mended", "number", {}), ("works", "flag", {}), ("faith", "choice", {}),
        ("paper", "file", {}), ("hidden", "text", {"personal": "sensitive"}),
    ):  # fmt: skip
        define(AREA, "equipment", said(key, kind, **more), administrator)
    page = sheet.get(SHEET).text
    assert 'name="n.22001.x_mended"' in page
    assert '<select class="cell" name="n.22001.x_works"' in page
    assert "กรอกที่หน้าตาราง</a>: ช่อง paper, ช่อง hidden" in page
    form = typed(sheet, c22001_x_mended="๕๐๑", c22001_x_works="1", c22001_x_faith="001")
    answer = sheet.send(SAVE, form)
    assert "22001 โต๊ะเก้าอี้นักเรียน ประถมศึกษา ช่อง mended: ต้องไม่เกิน 500" in re.sub(r"<[^>]+>", "", answer.text)
    assert sheet.send(SAVE, form | {"n.22001.x_mended": "๕"}).status_code == 302
    stored = collection(Equipment).find_one({"item_code": "22001"})
    assert (stored["x_mended"], stored["x_works"], stored["x_faith"], stored["qty_usable"]) == (
        5,
        True,
        "001",
        40,
    )
    foot = re.sub(
        r"\s|<[^>]+>", " ", sheet.get(SHEET).text.partition("<tfoot>")[2].partition("</tfoot>")[0]
    ).split()
    assert foot == ["รวมทั้งหมด", "42", "1", "0", "43"], "only the sheet's own numbers are summed up"
    stale = opened | {name: value for name, value in typed(sheet).items() if name.startswith("seen.")}
    assert sheet.send(SAVE, stale | {"n.22001.qty_usable": "41"}).status_code == 302
    stored = collection(Equipment).find_one({"item_code": "22001"})
    assert (stored["x_mended"], stored["qty_usable"]) == (5, 41), (
        "a sheet opened before the field was added leaves it"
    )
    collection(Equipment).update_one({"item_code": "22001"}, {"$set": {"x_hidden": "เก็บไว้"}})
    form = typed(sheet)
    form |= {name: "" for name in form if name.startswith(("n.22001", "n.21001"))}
    assert sheet.send(SAVE, form | {"n.22001.x_works": "", "n.22001.x_faith": ""}).status_code == 302
    left = [row["x_hidden"] for row in collection(Equipment).find({})]
    assert left == ["เก็บไว้"], "a line that holds what the sheet does not show stays"


def test_wrong_values_are_named_by_their_line_and_nothing_is_lost(sheet):
    before = stored_lines()
    form = typed(sheet, c22001_qty_usable="สิบ", c21001_qty_dispose="-1", c25002_qty_usable="7")
    answer = sheet.send(SAVE, form)
    assert answer.status_code == 422
    said = re.sub(r"<[^>]+>", "", answer.text)
    assert "22001 โต๊ะเก้าอี้นักเรียน ประถมศึกษา จำนวนที่ใช้ได้: ต้องเป็นตัวเลข" in said
    assert "21001 เครื่องถ่ายเอกสาร จำนวนรอจำหน่าย: ต้องไม่น้อยกว่า 0" in said
    again = form_of(answer.text)
    assert {name: again[name] for name in form if name.startswith(("n.", "seen."))} == {
        name: value for name, value in form.items() if name.startswith(("n.", "seen."))
    }
    assert stored_lines() == before
    assert (
        sheet.send(SAVE, again | {"n.22001.qty_usable": "10", "n.21001.qty_dispose": "1"}).status_code == 302
    )
    assert stored_lines() == {"22001": (10, 1, 0), "21001": (2, 0, 1), "25002": (7, 0, 0)}


def test_a_line_saved_by_another_meanwhile_is_shown_both_ways(sheet, sign_in, officer):
    mine = typed(sheet, c22001_qty_usable="45", c25001_qty_usable="1", c23001_qty_usable="3")
    other = sign_in(officer)
    page = other.get(f"{SHEET}?school={SCHOOL}").text
    theirs = form_of(page) | {
        "n.22001.qty_usable": "50",
        "n.21001.qty_usable": "9",
        "n.23001.qty_usable": "4",
    }
    assert other.send(SAVE, theirs).status_code == 422, "the district says why"
    assert other.send(SAVE, theirs | {"reason": "นับใหม่พร้อมโรงเรียน"}).status_code == 302
    answer = sheet.send(SAVE, mine)
    assert answer.status_code == 409
    assert answer.text.count("เจ้าหน้าที่ ใจเย็น บันทึกเมื่อ") == 4  # 22001 and 23001, each above and in its line
    assert "บันทึกไว้แล้ว <b>50</b>" in answer.text
    assert stored_lines() == {"22001": (50, 1, 0), "21001": (9, 0, 0), "23001": (4, 0, 0)}, (
        "nor the line that is new"
    )
    again = form_of(answer.text)
    assert (again["n.22001.qty_usable"], again["n.21001.qty_usable"]) == ("45", "2")
    assert sheet.send(SAVE, again).status_code == 302
    assert stored_lines() == {
        "22001": (45, 1, 0),
        "21001": (9, 0, 0),  # touched by the officer alone
        "23001": (3, 0, 0),
        "25001": (1, 0, 0),
    }


def test_a_line_removed_meanwhile_comes_back_only_where_it_was_touched(sheet, sign_in, officer):
    mine = typed(sheet, c22001_qty_usable="41")
    other = sign_in(officer)
    form = form_of(other.get(f"{SHEET}?school={SCHOOL}").text) | {"reason": "ไม่มีของ"}
    form |= {name: "" for name in form if name.startswith(("n.22001", "n.21001"))}
    assert other.send(SAVE, form).status_code == 302
    assert stored_lines() == {}
    answer = sheet.send(SAVE, mine)
    assert answer.status_code == 409
    assert answer.text.count("มีผู้ลบรายการนี้ไปแล้ว") == 2
    assert sheet.send(SAVE, form_of(answer.text)).status_code == 302
    assert stored_lines() == {"22001": (41, 1, 0)}


def test_another_schools_sheet_is_neither_seen_nor_saved(sheet, sign_in, neighbour, director):
    other = sign_in(neighbour)
    form = typed(sheet, c22001_qty_usable="1")
    assert "data-line=" not in other.get(f"{SHEET}?school={SCHOOL}").text
    assert other.send(SAVE, form).status_code == 403
    own = form_of(other.get(SHEET).text)
    assert own["school"] == OTHER
    assert other.send(SAVE, own | {"school": SCHOOL, "n.22001.qty_usable": "1"}).status_code == 403
    stolen = own | {"n.22001.qty_usable": "1", "seen.22001": form["seen.22001"]}
    assert other.send(SAVE, stolen).status_code == 409
    assert sign_in(director).send(SAVE, form).status_code == 403
    assert 'class="cell"' not in sign_in(director).get(SHEET).text
    assert stored_lines() == {"22001": (40, 1, 0), "21001": (2, 0, 0)}
    assert stored_lines(place(OTHER)) == {}


@pytest.mark.parametrize(
    "forged",
    [
        {"seen.22001": "x"},
        {"seen.22001": "64f1b2c3d4e5f6a7b8c9d0e1-99999999999"},
        {"n.22001.lineage": "1"},
        {"n.$where.qty_usable": "1"},
        {"n.a.b.qty_usable": "1", "seen.a.b": ""},
        {"n.99999.qty_usable": "1", "seen.99999": ""},
        {"seen.22001": "64f1b2c3d4e5f6a7b8c9d0e1-1", "n.22001.qty_usable": "5"},
    ],
)
def test_what_is_no_sheet_is_refused_and_nothing_is_stored(forged, sheet):
    answer = sheet.send(SAVE, typed(sheet) | forged)
    assert answer.status_code in (409, 422)
    assert stored_lines() == {"22001": (40, 1, 0), "21001": (2, 0, 0)}
    assert sheet.send(SAVE, {"school": SCHOOL}).status_code == 422


def test_a_sheet_that_is_shut_says_why_and_keeps_what_was_typed(sheet, count_round, approver):
    form = typed(sheet, c22001_qty_usable="45")
    clock.configure("2025-06-20T09:00:00+07:00")
    page = sheet.get(SHEET).text
    assert "ปิดรับ" in page
    assert 'name="n.22001.qty_usable"' not in page
    assert ">40<" in page.replace("\n", "")
    answer = sheet.send(SAVE, form)
    assert answer.status_code == 409
    assert form_of(answer.text)["n.22001.qty_usable"] == "45"
    clock.configure("2025-06-05T09:00:00+07:00")
    locking.lock_round(count_round, approver, "ปิดตามกำหนด")
    assert "ล็อกแล้ว" in sheet.get(SHEET).text
    assert sheet.send(SAVE, form).status_code == 409
    assert stored_lines()["22001"] == (40, 1, 0)


def test_the_office_fills_its_own_sheet_and_the_district_picks_a_school(sheet, sign_in, officer, database):
    database.schools.insert_one(
        {"area_code": AREA, "code": AREA, "name": "สำนักงานเขต", "kind": "office", "status": "open"}
    )
    browser = sign_in(officer)
    area = browser.get(SHEET).text
    assert "data-grid" in area
    assert f'value="{AREA}"' in area
    assert "data-grid" in sheet.get(f"{SHEET}?as=grid").text


def test_what_was_carried_over_is_looked_over_in_one_press(sheet, count_round, teacher, database):
    database.equipment.update_many({}, {"$set": {"reviewed": False}})
    database.submissions.update_one(
        {"subsystem": "M-OBEC", "school_code": SCHOOL}, {"$set": {"counts.unreviewed_equipment": 2}}
    )
    assert sheet.send(SAVE, typed(sheet, c22001_qty_usable="41")).status_code == 302
    page = sheet.get(SHEET).text
    assert "ยังไม่ทบทวน 1 รายการ" in page
    assert page.count('class="carried"') == 1
    (action,) = re.findall(r'action="([^"]+/action/[^"]*)"', page)
    asked = {"action": "review", "all_matching": "1", "school": SCHOOL, "url": f"{SHEET}?school={SCHOOL}"}
    assert sheet.send(action.replace("&amp;", "&"), asked).status_code == 302
    assert {row["reviewed"] for row in database.equipment.find()} == {True}
    assert "ยังไม่ทบทวน" not in sheet.get(SHEET).text
    assert "data-grid" in sheet.get(f"{SHEET}?school={SCHOOL}&unreviewed=1").text
