"""Workbooks: nothing in a cell is ever run, the same content gives the same bytes, and what is read is what was written."""

import datetime as dt
import io
import re
import time
import tracemalloc
import zipfile
from types import SimpleNamespace
from xml.dom import minidom

import pytest
from python_calamine import load_workbook

from documents.dmc.students import Student
from documents.errors import FileRefused
from exports.dmc.reports import LEVELS, figures, irregular, report_rows, write_report
from exports.imports.template import template_of
from exports.reading.reading import read_table
from exports.workbooks.layouts import layout_of
from exports.workbooks.workbook import BUDDHIST_DATE, file_name, sheet_name, workbook_bytes, write_table

DAY = dt.datetime(2017, 6, 10)  # noqa: DTZ001  a day has no zone
KINDS = ("text", "center", "count", "measure", "date")
COLUMNS = [SimpleNamespace(label=kind, cell=kind, decimals=1, width=10) for kind in KINDS]
ROW = ["0101", "ป.1", 1234, 22.5, DAY]
PAYLOADS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "{=1+1}",
    '=HYPERLINK("http://x")',
    "=WEBSERVICE(1)",
    "＝1+1",
    "http://example.org",
    "internal:A1",
    "0123456789012",
    "1E5",
    "<b>&amp;</b>",
    "_x0041_",
    " ขอบ ",
    "หนึ่ง\nสอง",
    "ก" * 100,
    "\x01\x07",
]


def book_of(*rows, columns=COLUMNS, name="แผ่น", **about):
    """The bytes of a workbook with one table."""
    with workbook_bytes("ทดสอบ", **about) as (book, result):
        sheet = book.page(name, repeat=(0, 0), freeze=(1, 0))
        write_table(sheet, book, columns, rows)
    return result.getvalue()


def part(content, name):
    """One part of a workbook as text."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()


def sheet_xml(content):
    return part(content, "xl/worksheets/sheet1.xml")


def test_cells_keep_their_type_and_read_back():
    [_, cells] = load_workbook(io.BytesIO(book_of(ROW))).get_sheet_by_index(0).to_python()
    assert cells == ["0101", "ป.1", 1234, 22.5, DAY.date()]


def test_a_date_is_a_number_shown_in_the_buddhist_era():
    content = book_of(ROW)
    assert '<c r="E2" s="' in sheet_xml(content)
    assert "<v>42896</v>" in sheet_xml(content)
    assert BUDDHIST_DATE in part(content, "xl/styles.xml")


def test_nothing_in_a_cell_is_ever_run():
    columns = [SimpleNamespace(label=text, cell="text", decimals=None, width=10) for text in PAYLOADS]
    content = book_of(PAYLOADS, PAYLOADS, columns=columns, name="=1+1")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = {name: archive.read(name).decode() for name in archive.namelist()}
    assert not any("<f>" in text or "<hyperlink" in text or "externalLink" in text for text in xml.values())
    heads, first, second = load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    for row in (heads, first, second):
        assert [str(value).strip() for value in row[:-1]] == [text.strip() for text in PAYLOADS[:-1]]
    minidom.parseString(sheet_xml(content))  # noqa: S318  our own XML


def test_text_no_xml_can_hold_is_left_out_and_the_rest_kept():
    content = book_of(["ก\ud800ข\ufffe", None, None, None, None])
    minidom.parseString(sheet_xml(content))  # noqa: S318  our own XML
    assert load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()[1][0] == "กข"


def test_the_same_content_gives_the_same_bytes():
    first = book_of(ROW)
    time.sleep(2.1)  # a zip counts time in steps of two seconds
    assert book_of(ROW) == first
    assert book_of(ROW, created=DAY) == book_of(ROW, created=DAY)
    assert book_of([*ROW[:2], 1, 2, DAY]) != first


def test_a_sheet_is_set_up_for_print_on_a4():
    xml = sheet_xml(book_of(ROW))
    [setup] = re.findall("<pageSetup [^>]*>", xml)
    assert {'paperSize="9"', 'orientation="landscape"', 'fitToHeight="0"'} <= set(setup[:-2].split())
    assert "<pane " in xml
    assert '<autoFilter ref="A1:E2"/>' in xml
    assert "_xlnm.Print_Titles" in part(book_of(ROW), "xl/workbook.xml")


def test_rows_do_not_pile_up_in_memory():
    rows = (ROW for _ in range(20_000))
    tracemalloc.start()
    with workbook_bytes("x") as (book, _):
        write_table(book.page("x"), book, COLUMNS, rows)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 24 * 1024 * 1024


def test_a_workbook_that_fails_leaves_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def rows():
        yield ROW
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError, match="went away"):
        book_of(*rows())
    with pytest.raises(RuntimeError, match="went away"), workbook_bytes("x") as (book, _):
        write_table(book.page("x"), book, COLUMNS, rows())
    assert list(tmp_path.iterdir()) == []


def test_names_of_sheets_and_files_are_made_safe():
    assert sheet_name("a[b]:c*?/\\d") == "a b c d"
    assert sheet_name("'") == "แผ่นงาน"
    assert sheet_name("History") == "History_"
    assert len(sheet_name("ก" * 40)) == 31
    assert sheet_name("ก", ["ก", "ก (2)"]) == "ก (3)"
    assert len(sheet_name("ก" * 40, ["ก" * 31])) <= 31
    assert file_name("../../etc/passwd\x00\r\n") == "etc passwd.xlsx"
    assert file_name('ราย"ชื่อ<2568>/1.') == "ราย ชื่อ 2568 1.xlsx"
    assert len(file_name("ก" * 300)) == 125


# ---- the report by grade and sex ----

COUNTS = {
    ("1", "01", "M"): 3,
    ("1", "04", "F"): 5,
    ("2", "12", "M"): 7,
    ("2", None, "M"): 1,
    ("2", "04", None): 2,
}
ROOMS = {("1", "01"): 1, ("2", "12"): 2}
SCHOOLS = [("1", "บ้านหนึ่ง"), ("2", "บ้านสอง"), ("3", "ไม่มีนักเรียน")]


def test_there_are_23_levels_in_the_ministry_s_order():
    assert len(LEVELS) == 23
    assert [label for label, grades in LEVELS if len(grades) > 1] == [
        "รวมก่อนประถม",
        "รวมประถม",
        "รวมมัธยมต้น",
        "รวมมัธยมปลาย/ปวช.",
        "รวมทั้งหมด",
    ]


def test_a_school_s_figures_add_up():
    numbers = figures("1", COUNTS, ROOMS)
    assert len(numbers) == 92
    assert numbers[:4] == [3, 0, 3, 1]
    assert numbers[12:16] == [3, 0, 3, 1]  # รวมก่อนประถม
    assert numbers[-4:] == [3, 5, 8, 1]


def test_the_total_row_is_the_sum_of_the_schools_and_the_rest_is_told():
    rows = report_rows(SCHOOLS, COUNTS, ROOMS)
    assert rows[-1][:2] == ["", "รวม 3 โรงเรียน"]
    assert rows[-1][-4:] == [10, 5, 15, 3]
    assert rows[2][2:] == [0] * 92
    assert irregular(COUNTS) == 3


def test_the_report_s_sheet_has_two_header_rows_and_the_day():
    with workbook_bytes("x") as (book, result):
        write_report(book, "จำนวนนักเรียน", DAY, SCHOOLS, COUNTS, ROOMS)
    rows = load_workbook(io.BytesIO(result.getvalue())).get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert rows[1][0] == "ข้อมูล ณ วันที่ 10 มิถุนายน 2560"
    assert "3 คน" in rows[2][0]
    assert (rows[3][0], rows[3][2], rows[3][6]) == ("รหัสโรงเรียน", "อนุบาล1", "อนุบาล2")
    assert rows[4][2:6] == ["ชาย", "หญิง", "รวม", "ห้อง"]
    assert len(rows[3]) == 94
    assert rows[-1][1] == "รวม 3 โรงเรียน"
    assert rows[-1][-4:] == [10, 5, 15, 3]


# ---- the blank sheet ----


def test_the_blank_sheet_offers_its_lists_and_reads_as_itself():
    content = template_of(Student, "34")
    layout = layout_of(Student)
    with pytest.raises(FileRefused, match="ไม่มีข้อมูล"):
        read_table(content, "x.xlsx", layout.labels())
    xml = sheet_xml(content)
    drop_downs = re.findall(r"<formula1>'?รายการ'?!\$[A-Z]+\$1:\$[A-Z]+\$\d+</formula1>", xml)
    listed = [column for column in layout.written if column.kind in ("choice", "flag")]
    assert len(drop_downs) == len(listed)
    heads = load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()[0]
    assert [head.removesuffix(" *") for head in heads] == [column.label for column in layout.written]
    advice = {
        row[0]: row[2] for row in load_workbook(io.BytesIO(content)).get_sheet_by_name("คำแนะนำ").to_python()
    }
    assert (advice["น้ำหนัก"], advice["อายุ(ปี)"]) == ("ตัวเลข มีทศนิยมได้ 1 ถึง 300 กก.", "ระบบคำนวณให้")
    assert 'prompt="จำนวนเต็ม 1 ถึง 99"' in xml


def test_every_word_the_blank_sheet_offers_is_understood():
    from documents.records.codelists import code_list
    from exports.imports.template import offered_words

    for column in layout_of(Student).columns:
        if column.kind in ("choice", "choices") and column.choices not in (
            "DISTRICT",
            "SUBDISTRICT",
            "DESTINATION",
        ):
            words = offered_words(column, "34")
            assert words, column.name
            assert all(code_list(column.choices).find(word) for word in words), column.name


def test_the_blank_sheet_is_the_same_every_time():
    assert template_of(Student, "34") == template_of(Student, "34")
