"""Abuse of files: formulas that leave alive, names made of data, uploads that are not what they are called."""

import csv
import io
import re
import zipfile

import pytest
from python_calamine import CalamineWorkbook

from documents.collecting import locking
from documents.database import collection
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.records.export_layouts import key_of, layouts_of, save_layout
from documents.records.writing import Change, write
from exports.collecting.round_workbook import round_workbook
from exports.reading.headers import label_key
from exports.workbooks.grid import RUNS_AS_FORMULA
from exports.workbooks.layouts import layout_of, offered
from tests.making import complete
from tests.people import AREA, SCHOOL, place
from tests.world import Stored

PAYLOADS = (
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "=HYPERLINK(\"http://evil.example\",\"x\")", "{=1+1}", "=WEBSERVICE(\"http://e\")",
    "＝1+1", "=cmd|' /C calc'!A1", "http://evil.example/x", "mailto:x@evil.example", "internal:A1", "\t=1+1", "\r=1+1",
)  # fmt: skip
FREE = ("reg_house_no", "reg_soi", "cur_house_no", "cur_soi", "cur_street", "first_name_en", "last_name_en")


@pytest.fixture
def loaded(open_round, teacher, database):
    """A pupil for each payload, and the same in the names that head sheets and files."""
    changes = [Change(Student, place(), complete(Student, **dict.fromkeys(FREE, text))) for text in PAYLOADS]
    write([*changes, Change(SchoolRooms, place(), complete(SchoolRooms))], teacher)
    database.schools.update_one({"code": SCHOOL}, {"$set": {"name": "=1+1[]:*?/\\'", "cluster": "@SUM(1)"}})
    database.areas.update_one(
        {"code": AREA}, {"$set": {"name": '=HYPERLINK("http://evil.example")', "short_name": "+1"}}
    )
    database.rounds.update_one({"_id": open_round.id}, {"$set": {"title": "=1+1/../x"}})
    return open_round.reload()


def parts(content):
    """{name: text} of what a workbook is made of."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name).decode("utf-8") for name in book.namelist()}


def test_nothing_that_was_typed_runs_in_a_file(loaded, sign_in, teacher, officer, approver):
    files = [sign_in(teacher).get(f"/admin/{slug}/export/xlsx/").data for slug in ("students", "rooms")]
    files += [sign_in(officer).get("/admin/students/export/xlsx/").data]
    files += [
        sign_in(officer).get(f"/admin/rounds/export/xlsx/?id={loaded.id}&what={what}").data
        for what in ("workbook", "report")
    ]
    files += [sign_in(teacher).get("/admin/students/import/template/").data]
    files += [round_workbook(locking.lock_round(loaded, approver, "=1+1"))]
    for content in files:
        for name, text in parts(content).items():
            assert not re.search(r"<f[ >]", text), name
            assert "<hyperlink" not in text, name
            assert "TargetMode" not in text, name
            assert "externalLink" not in name
            assert "vba" not in name.lower()


def test_what_was_typed_is_still_read_as_it_was_typed(loaded, sign_in, teacher):
    content = sign_in(teacher).get("/admin/students/export/xlsx/").data
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    cells = {cell for row in book.get_sheet_by_index(0).to_python() for cell in row}
    assert {text.strip() for text in PAYLOADS if not text.startswith(("\t", "\r"))} <= cells


def test_no_cell_of_a_csv_begins_a_formula(loaded, sign_in, teacher, officer):
    for person in (teacher, officer):
        text = sign_in(person).get("/admin/students/export/csv/").data.decode("utf-8-sig")
        cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
        assert "'=1+1" in cells
        assert not [cell for cell in cells if cell.startswith(RUNS_AS_FORMULA)]


def test_no_heading_of_a_csv_begins_a_formula_and_each_is_read_back(open_round, sign_in, teacher, officer):
    document = Student
    known = offered(layout_of(document))
    typed = {"name": "=1+1", "columns": [
        {"name": name, "label": label, "form": ""}
        for name, label in zip((*key_of(document), "room", "grade", "first_name"), PAYLOADS, strict=False)
    ]}  # fmt: skip
    save_layout(AREA, document, known, typed, officer)
    made = layouts_of(AREA, document.slug)[0]
    write([Change(document, place(), complete(document))], teacher)
    text = sign_in(officer).get(f"/admin/students/export/csv/?layout={made.id}").data.decode("utf-8-sig")
    heads = next(csv.reader(io.StringIO(text)))
    assert not [cell for cell in heads if cell.startswith(RUNS_AS_FORMULA)]
    assert [label_key(cell) for cell in heads] == [label_key(each["label"]) for each in made.columns]


def test_names_of_sheets_and_files_are_made_of_nothing_harmful(loaded, sign_in, teacher, officer):
    addresses = [
        "/admin/students/export/xlsx/",
        f"/admin/students/export/csv/?school={SCHOOL}",
        "/admin/students/import/template/",
    ]
    named = [sign_in(teacher).get(path) for path in addresses]
    named += [sign_in(officer).get(f"/admin/rounds/export/xlsx/?id={loaded.id}")]
    for answer in named:
        told = answer.headers["Content-Disposition"]
        assert told.startswith("attachment")
        assert not re.search(r"[\r\n/\\:*?<>|]|\.\.", told.replace("filename*=UTF-8''", "")), told
        if answer.data[:2] == b"PK":
            for name in re.findall(r'<sheet name="([^"]*)"', parts(answer.data)["xl/workbook.xml"]):
                assert not re.search(r"[\[\]:*?/\\]", name)
                assert len(name) <= 31


# ---- uploads ----

GOOD = "รหัสโรงเรียน,เลขประจำตัวประชาชน,ชื่อ\n".encode()


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.csv", "..\\..\\x.csv", "/abs/x.csv", "ก" * 300 + ".csv", "x.csv.exe", "x.exe", "x", ".csv", "x.csv\x00.xlsx",
        "<script>alert(1)</script>.csv", "x.xlsx", "x.xls", "x.ods", "con.csv", "x\r\nSet-Cookie: a=b.csv",
    ],
)  # fmt: skip
def test_an_upload_is_known_by_what_is_in_it_not_by_its_name(name, open_round, sign_in, teacher):
    browser, before = (
        sign_in(teacher),
        Stored(("import_plans", "import_plan_rows", "sessions", "audit_events", "limit_counters")),
    )
    for content in (
        b"",
        b"\0",
        GOOD,
        b"<html><script>alert(1)</script></html>",
        b"PK\x03\x04nothing",
        b"\xd0\xcf\x11\xe0",
        b"MZ",
    ):
        upload = {"file": (io.BytesIO(content), name)}
        answer = browser.send("/admin/students/import/", upload, content_type="multipart/form-data")
        assert answer.status_code in (302, 400, 413, 422), (content, answer.status_code)
        page = browser.get(answer.location) if answer.status_code == 302 else answer
        assert page.status_code == 200 or page is answer
        assert "<script>alert" not in page.text
        assert "Set-Cookie: a=b" not in str(answer.headers)
    assert not before.changed()


def test_a_list_of_accounts_that_is_no_list_makes_none(open_round, sign_in, administrator, database):
    browser, people = sign_in(administrator), database.users.count_documents({})
    for content, name in ((b"", "x.csv"), (b"\0\1\2", "x.xlsx"), (b"<html>", "../x.xls"), (GOOD, "x.csv")):
        sent = {"file": (io.BytesIO(content), name), "area": AREA}
        answer = browser.send("/admin/users/schools/", sent, content_type="multipart/form-data")
        assert answer.status_code == 200, name
    assert database.users.count_documents({}) == people


def test_no_upload_is_ever_kept_as_a_file(open_round, sign_in, teacher, database):
    browser = sign_in(teacher)
    sent = {"file": (io.BytesIO(GOOD), "x.csv")}
    browser.send("/admin/students/import/", sent, content_type="multipart/form-data")
    kept = [name for name in database.list_collection_names() if name.endswith((".files", ".chunks"))]
    assert not any(database[name].count_documents({}) for name in kept)
    assert collection(Student).count_documents({}) == 0
