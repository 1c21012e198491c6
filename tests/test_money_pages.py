"""The pages of money: who sees what, what a number opens into, and files of the same figures."""

import io
import re
import zipfile

import pytest
from bson import ObjectId
from python_calamine import CalamineWorkbook

from documents.collecting import locking
from documents.dmc.students import Student
from documents.subsidies import money, rates
from tests.people import AREA, OTHER, SCHOOL
from tests.report_world import filled as filled
from tests.test_money import reported

PAGE, RATES = "/admin/money/", "/admin/rates/"


@pytest.fixture
def locked(filled, approver, administrator, database):
    """A locked round as if every school had reported, with the product's rates; gives the Round."""
    rates.seed(AREA, administrator)
    made = locking.lock_round(filled, approver, "ปิดตามกำหนด")
    reported(database)
    return made


@pytest.fixture
def marked(officer):
    """The officer with the mark for what is sensitive."""
    for grant in officer.grants:
        grant.sensitive = True
    return officer.save()


def cells(page):
    return re.findall(r'data-value="([\d.]+)"', page)


def test_an_officer_sees_each_school_and_every_number_opens_into_as_many_pupils(locked, marked, sign_in):
    browser, estimate = sign_in(marked), money.estimate_of(locked)
    page = browser.get(PAGE).text
    for school in estimate.schools:
        assert school.name in page
        assert str(school.total() // 100) in cells(page)
        assert f"{school.total() // 100:,}" in page
    links = re.findall(r'data-value="(\d+)"[^>]*><a href="(/admin/choose/[^"]+)"', page)
    assert len(links) == 2
    for said, address in links:
        names = browser.get(address.replace("&amp;", "&"), follow_redirects=True).text
        assert f"<b>{int(said):,}</b>" in names
    for what in ("items", "districts", "back"):
        assert browser.get(f"{PAGE}?what={what}").status_code == 200
    assert browser.get(f"{PAGE}?what=compare").status_code == 404
    assert browser.get(f"{PAGE}?what=nothing").status_code == 404
    assert browser.get(f"{PAGE}?table=nothing").status_code == 403


def test_two_tables_of_rates_stand_side_by_side(locked, marked, administrator, sign_in):
    table = rates.table_for(AREA, 2568)
    trial = rates.make_table(AREA, 2568, administrator, "เพิ่ม 10%", table, 10)
    first, second = money.estimate_of(locked), money.estimate_of(locked, trial)
    assert second.total(items=("teaching",)) == first.total(items=("teaching",)) * 110 // 100
    browser = sign_in(marked)
    for what in ("compare", "compare_schools"):
        page = browser.get(f"{PAGE}?what={what}&with={trial.id}").text
        assert f"{(second.total() - first.total()) // 100:,}" in page
        assert "เพิ่ม 10%" in page


def test_a_school_has_its_own_statement_alone(locked, teacher, neighbour, sign_in):
    estimate = {school.code: school for school in money.estimate_of(locked).schools}
    browser = sign_in(neighbour)
    page = browser.get(PAGE).text
    assert f"{estimate[OTHER].total() // 100:,}" in page
    assert f"{estimate[SCHOOL].total() // 100:,}" not in page
    assert "บ้านหนึ่ง" not in page
    for address in (
        f"{PAGE}?school={SCHOOL}", f"{PAGE}?what=schools", f"{PAGE}?what=items", f"{PAGE}export/xlsx/?school={SCHOOL}",
        f"{PAGE}export/letter/?school={SCHOOL}", f"{PAGE}export/letter/?what=all", RATES,
    ):  # fmt: skip
        assert browser.get(address).status_code == 403, address
    letter = browser.get(f"{PAGE}export/letter/?school={OTHER}")
    assert letter.data[:5] == b"%PDF-"
    assert letter.data == browser.get(f"{PAGE}export/letter/?school={OTHER}").data


def test_who_may_not_know_who_is_poor_reads_no_schools_poor_pupils_out_of_the_sums(
    locked, executive, officer, sign_in
):
    estimate = money.estimate_of(locked)
    poor = {school.code: school.total(items=("poor",)) for school in estimate.schools}
    assert all(poor.values()), "the world has no poor pupils: the test says nothing"
    for user in (executive, officer):
        browser = sign_in(user)
        page = browser.get(PAGE).text
        for school in estimate.schools:
            assert f"{school.total() // 100}" not in cells(page)
            assert str((school.total() - poor[school.code]) // 100) in cells(page)
            assert browser.get(f"{PAGE}?school={school.code}").status_code == 403
        items = browser.get(f"{PAGE}?what=items").text
        by_level = [sums for (item, _), sums in estimate.by_item().items() if item == "poor"]
        assert str(sum(sums[2] for sums in by_level) // 100) in cells(items) or "น้อยกว่า 10" in items
        book = browser.get(f"{PAGE}export/xlsx/?what=all")
        assert "ยากจน" not in " ".join(sheet(book.data, "ประมาณการงบประมาณรายโรงเรียน"))
    assert "อาจต้องคืน" not in sign_in(executive).get(f"{PAGE}?what=back").text.replace("เงินที่อาจต้องคืน", "")


def sheet(content, title):
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(title).to_python()
    return [str(cell) for row in rows for cell in row if cell != ""]


def test_the_workbook_has_the_figures_of_the_page_and_the_rates(locked, marked, sign_in, database):
    browser, estimate = sign_in(marked), money.estimate_of(locked)
    answer = browser.get(f"{PAGE}export/xlsx/?what=all")
    found = sheet(answer.data, "ประมาณการงบประมาณรายโรงเรียน")
    assert f"{estimate.total() / 100}" in found
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        assert "ยังไม่ตรวจสอบ" in " ".join(
            book.read(name).decode("utf-8", "replace") for name in book.namelist()
        )
    event = database.audit_events.find_one({"action": "export"})
    assert event["changes"]["what"][1] == "money"
    letters = browser.get(f"{PAGE}export/letter/?what=all")
    assert letters.data[:5] == b"%PDF-"


def test_an_officer_says_how_many_are_taught_at_home(locked, marked, sign_in):
    browser, before = sign_in(marked), money.estimate_of(locked).total()
    form = {"pre": "2", "primary": "3", "lower": "", "upper": "0", "revision": "0"}
    assert browser.send(f"{PAGE}home-learners/", form).status_code == 303
    assert money.estimate_of(locked).total() - before == 2 * 7767_00 + 3 * 7950_00
    browser.send(f"{PAGE}home-learners/", form | {"pre": "9"})
    assert money.home_learners(locked).counts["pre"] == 2
    assert "ก่อนหน้าท่าน" in browser.get(f"{PAGE}?what=items").text


def test_the_admin_sets_rates_and_what_overlaps_is_refused_with_what_was_typed(
    locked, administrator, officer, sign_in
):
    browser, table = sign_in(administrator), rates.table_for(AREA, 2568)
    page = browser.get(f"{RATES}?table={table.id}").text
    assert "1,836" in page
    assert "ยังไม่ตรวจสอบ" in page
    form = {
        "item": "lunch",
        "level": "primary",
        "term": "",
        "per": "day",
        "amount": "25",
        "days": "200",
        "size_to": "90",
    }
    edit = f"{RATES}edit/?table={table.id}"
    answer = browser.send(edit, form | {"revision": str(table.revision), "source_note": "หนังสือใหม่"})
    assert answer.status_code == 422
    assert "ทับซ้อนกับ “อาหารกลางวัน ประถม นักเรียน 1–40 คน”" in answer.text
    assert 'value="หนังสือใหม่"' in answer.text
    books = form | {"item": "books", "per": "year", "days": "", "revision": str(table.revision)}
    assert browser.send(edit, books).status_code == 303
    assert (
        browser.send(edit, books | {"item": "uniform"}).status_code == 422
    )  # seen before the first was saved
    made = browser.send(f"{RATES}new/", {"fiscal_year": "๒๕๖๙", "copied": str(table.id), "percent": "5"})
    assert made.status_code == 303
    assert browser.send(f"{RATES}new/", {"fiscal_year": "2569", "percent": "x"}).status_code == 422
    reader = sign_in(officer)
    assert "เพิ่มอัตรา" not in reader.get(RATES).text
    for address in (edit, f"{RATES}new/", f"{RATES}seed/"):
        assert reader.send(address, books).status_code == 403, address
    rate = rates.get_table(AREA, table.id).rates[0]
    for address in ("remove/", "delete/"):
        assert reader.send(RATES + address, {"table": str(table.id), "rate": str(rate.id)}).status_code == 403
    assert browser.send(f"{RATES}remove/", {"table": str(table.id), "rate": str(rate.id)}).status_code == 303
    assert rate.id not in [each.id for each in rates.get_table(AREA, table.id).rates]


def left_since(locked, database, school):
    """One pupil who counted leaves in the next round of the year; gives his stored record."""
    later = dict(database.rounds.find_one({"_id": locked.id}), code="2", state="open")
    later.pop("_id")
    database.rounds.insert_one(later)
    asked = {
        "academic_year": locked.academic_year,
        "round": locked.code,
        "school_code": school,
        "status": "enrolled",
    }
    row = database.students.find_one(asked, sort=[("sort_key", 1)])
    left = {"round": "2", "status": "moved_out", "leave_reason": "32", "leave_to": "บ้านปลายทาง"}
    database.students.insert_one({**row, **left, "_id": ObjectId()})
    return row


def test_who_left_since_the_snapshot_is_named_to_who_sees_the_pupils(
    locked, marked, executive, teacher, neighbour, sign_in, database
):
    """The number of who left a school leads to as many names; poor is said to who may see it alone."""
    row = left_since(locked, database, SCHOOL)
    name, browser = Student.headline(row), sign_in(marked)
    back = browser.get(f"{PAGE}?what=back").text
    address = re.search(r'data-value="1"[^>]*><a href="([^"]+what=leavers[^"]*)"', back)[1].replace(
        "&amp;", "&"
    )
    for page in (browser.get(address).text, browser.get(f"{PAGE}?what=leavers").text):
        assert name in page
        assert "บ้านปลายทาง" in page
        assert page.count("<tr") == 2, "the heading and one pupil"
    assert name in sign_in(teacher).get(f"{PAGE}?what=leavers").text
    other = sign_in(neighbour)
    assert name not in other.get(f"{PAGE}?what=leavers").text
    assert other.get(f"{PAGE}?what=leavers&school={SCHOOL}").status_code == 403
    assert sign_in(executive).get(f"{PAGE}?what=leavers").status_code == 403
    book = browser.get(f"{PAGE}export/xlsx/?what=leavers")
    assert name in " ".join(sheet(book.data, "รายชื่อผู้ออก"))
    noted = database.audit_events.find_one({"action": "export"}, sort=[("at", -1)])
    assert noted["changes"]["rows"][1] == 1


def test_without_a_locked_round_or_rates_the_page_says_what_to_do(filled, officer, approver, sign_in):
    browser = sign_in(officer)
    assert "ยังไม่มีรอบที่ล็อกแล้ว" in browser.get(PAGE).text
    locking.lock_round(filled, approver, "ปิดตามกำหนด")
    answer = browser.get(PAGE)
    assert (answer.status_code, "ยังไม่มีอัตราเงินอุดหนุน" in answer.text) == (409, True)
