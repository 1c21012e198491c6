"""Reading what schools send: every format and encoding, and a sentence for what is no table."""

import contextlib
import datetime as dt
import io
import struct
import zipfile
import zlib

import pytest

from documents.errors import FileRefused
from exports.reading.headers import find_header, label_key, letter_of, match_columns
from exports.reading.reading import read_table
from exports.reading.sheets import Unreadable, read_sheets
from tests import awkward_files as made

HEADER = ["รหัสโรงเรียน", "ชั้น", "ชื่อ", "วันเกิด"]
ROWS = [HEADER, ["34010001", "ป.1", "สมชาย", "10/06/2560"], ["34010001", "ป.2", "สมหญิง", "11/06/2559"]]


class Wanted:
    """A column as match_columns asks for it."""

    def __init__(self, name, label, synonyms=(), looks=None):
        self.name, self.label, self.synonyms, self.looks = name, label, synonyms, looks


PERSON = Wanted(
    "person_id",
    "เลขประจำตัวประชาชน",
    ["เลขประจำตัวนักเรียน"],
    lambda value: len(str(value).replace("-", "")) == 13,
)
NUMBER = Wanted("student_no", "เลขประจำตัวนักเรียน", ["รหัสนักเรียน"], lambda value: 0 < len(str(value)) < 11)


FILES = {
    "xlsx": made.xlsx(ROWS),
    "xls": made.xls(ROWS),
    "ods": made.ods(ROWS),
    "html called xls": made.html(ROWS),
    "html in CP874": made.html(ROWS, "tis-620"),
    "csv in UTF-8": made.csv(ROWS),
    "csv with a BOM": made.csv(ROWS, "utf-8-sig"),
    "csv in CP874": made.csv(ROWS, "cp874"),
    "csv in UTF-16": made.csv(ROWS, "utf-16"),
    "semicolons": made.csv(ROWS, mark=";"),
    "tabs": made.csv(ROWS, mark="\t"),
    "tabs in UTF-16": made.csv(ROWS, "utf-16", "\t"),
    "tabs in UTF-16 without a mark": made.csv(ROWS, "utf-16-le", "\t"),
    "csv in UTF-16 of the other order": made.csv(ROWS, "utf-16-be"),
    "html in UTF-16": made.html(ROWS, "utf-16"),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_every_format_and_encoding_reads_the_same(content):
    table = read_table(content, "รายชื่อ.dat", HEADER)
    assert table.columns == HEADER
    assert table.header_row == 1
    assert table.rows == [(2, ROWS[1]), (3, ROWS[2])]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (made.csv(ROWS), "UTF-8"),
        (made.csv(ROWS, "cp874"), "CP874 (TIS-620)"),
        (made.csv(ROWS, "utf-16-le"), "UTF-16"),
        (made.xlsx(ROWS), None),
    ],
)
def test_the_encoding_is_told(content, encoding):
    assert read_table(content, "x.csv", HEADER).encoding == encoding


def test_cells_keep_their_type():
    day = dt.date(2017, 6, 10)
    table = read_table(
        made.xlsx([HEADER, ["0101", 3, 12.5, day], ["x", True, None, 1340100000016]]), "x.xlsx", HEADER
    )
    assert table.rows == [(2, ["0101", 3, 12.5, dt.date(2017, 6, 10)]), (3, ["x", True, None, 1340100000016])]


def test_the_header_is_found_below_the_line_with_the_time_of_the_report():
    rows = [["วันและเวลาที่สร้างรายงาน 2026-05-02 04:10:12.244315"], [], *ROWS]
    table = read_table(made.xlsx(rows), "2568-3-student.xlsx", HEADER)
    assert (table.header_row, table.columns, table.rows[0][0]) == (3, HEADER, 4)


def test_rows_are_numbered_as_the_sheet_shows_them_when_blank_rows_lie_between():
    rows = [[], [], [None, *HEADER], [], [None, *ROWS[1]], [None, "  "], [None, *ROWS[2]]]
    table = read_table(made.xlsx(rows), "x.xlsx", HEADER)
    assert table.header_row == 3
    assert table.columns == ["", *HEADER]
    assert [number for number, _ in table.rows] == [5, 7]


def test_a_cell_with_a_line_break_does_not_shift_the_rows_of_a_csv():
    table = read_table('ก,ข\r\n"หนึ่ง\nสอง",1\r\nสาม,2\r\n'.encode(), "x.csv", ["ก", "ข"])
    assert table.rows == [(2, ["หนึ่ง\nสอง", "1"]), (3, ["สาม", "2"])]


def test_a_quote_mark_in_a_tab_file_is_text():
    table = read_table('ก\tข\n"สิบ นิ้ว\t1\nห้า"\t2\n'.encode(), "x.tsv", ["ก", "ข"])
    assert table.rows == [(2, ['"สิบ นิ้ว', "1"]), (3, ['ห้า"', "2"])]


def test_the_sheet_whose_header_matches_best_is_read_and_said():
    content = made.xlsx(("สรุป", [["รวม", "ชั้น"], [1, 2]]), ("รายชื่อ", ROWS), ("ว่าง", []))
    table = read_table(content, "x.xlsx", HEADER)
    assert table.sheet == "รายชื่อ"
    assert "“รายชื่อ”" in table.warnings[0]


def test_a_long_sheet_before_others_is_read_to_its_own_end():
    def sheet(name, count):
        return name, [["รหัสโรงเรียน", "ชื่อ"], *([f"{at:08}", name] for at in range(count))]

    content = made.xlsx(sheet("ยาว", 1301), sheet("ต่อมา", 700), sheet("ท้าย", 20))
    for found, count in zip(read_sheets(content, 5000), (1301, 700, 20), strict=True):
        rows = [values for _, values in found.rows][1:]
        assert rows == [[f"{at:08}", found.name] for at in range(count)]
    assert len(list(read_table(content, "x.xlsx", ["รหัสโรงเรียน", "ชื่อ"]).rows)) == 1301


def test_merged_cells_fill_the_header_and_are_told_of_among_the_data():
    target = io.BytesIO()
    from xlsxwriter import Workbook

    with Workbook(target) as book:
        page = book.add_worksheet()
        page.merge_range("A1:A2", "ชื่อ")
        page.merge_range("B1:C1", "จำนวน")
        page.write_row("B2", ["ชาย", "หญิง"])
        page.merge_range("A3:A4", "บ้านหนองบัว")
        page.write_row("B3", [1, 2])
        page.write_row("B4", [3, 4])
    table = read_table(target.getvalue(), "x.xlsx", ["ชื่อ", "ชาย", "หญิง"])
    assert (table.header_row, table.columns) == (2, ["ชื่อ", "จำนวน / ชาย", "จำนวน / หญิง"])
    assert table.rows[1] == (4, ["บ้านหนองบัว", 3, 4])
    assert "ผสานกัน" in table.warnings[0]


def test_macros_are_read_past():
    content = made.xlsx(ROWS)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["[Content_Types].xml"] = files["[Content_Types].xml"].replace(
        b"spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main"
    )
    table = read_table(made.parts(files | {"xl/vbaProject.bin": b"not run"}), "x.xlsm", HEADER)
    assert len(table.rows) == 2


# ---- refusals: each says what to do ----


def bomb_of_zeros():
    """An .xlsx whose sheet unpacks to 210 MB of nothing."""
    return made.parts({"xl/workbook.xml": "<workbook/>", "xl/worksheets/sheet1.xml": b" " * 210_000_000})


def bomb_that_lies():
    """The same, with directory and header saying it holds ten bytes."""
    content = bytearray(bomb_of_zeros())
    for magic, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        position = content.rfind(magic)
        content[position + at : position + at + 4] = struct.pack("<I", 10)
    return bytes(content)


def wide_xlsx():
    """One filled cell in the last column there is."""
    return made.xlsx([[None] * 16_383 + ["x"]])


def wide_without_references():
    """A thousand cells that leave out their own place."""
    sheet = '<worksheet><sheetData><row r="1">' + "<c><v>1</v></c>" * 1000 + "</row></sheetData></worksheet>"
    return made.parts({"xl/workbook.xml": "<workbook/>", "xl/worksheets/sheet1.xml": sheet})


def repeating_ods():
    """A million rows of three hundred values in a hundred letters."""
    cell = '<table:table-cell office:value-type="string" table:number-columns-repeated="300"><text:p>ก</text:p></table:table-cell>'
    return made.ods(ROWS, f'<table:table-row table:number-rows-repeated="1000000">{cell}</table:table-row>')


REFUSED = {
    "empty": (lambda: b"", "ว่างเปล่า"),
    "blank": (lambda: b"\xef\xbb\xbf \r\n\r\n", "ว่างเปล่า|ไม่พบหัวตาราง"),
    "nul bytes": (lambda: b"\0" * 5000, "ว่างเปล่า"),
    "pdf": (lambda: b"%PDF-1.7 ...", "PDF"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n....", "รูปภาพ"),
    "bitmap": (lambda: b"BM" + (1078).to_bytes(4, "little") + bytes(4) + b"\x36\x04\0\0(", "รูปภาพ"),
    "gif": (lambda: b"GIF89a\1\0\1\0", "รูปภาพ"),
    "webp": (lambda: b"RIFF\x1a\0\0\0WEBPVP8L", "รูปภาพ"),
    "rar": (lambda: b"Rar!\x1a\x07\0", "RAR"),
    "script": (lambda: b"#!/bin/sh\n", "โปรแกรม"),
    "svg": (lambda: b"<svg onload='alert(1)'/>", "ไม่ใช่ตาราง"),
    "program": (lambda: b"MZ\x90\0\3", "โปรแกรม"),
    "json": (lambda: b'[\n {"a": 1}]', "JSON"),
    "binary": (lambda: b"\1\2\0\3" * 100, "ไม่ใช่ตาราง"),
    "json in UTF-16": (lambda: '[{"a": 1}]'.encode("utf-16"), "JSON"),
    "half a letter": (lambda: made.csv(ROWS, "utf-16-le")[:-1], "ไม่ใช่ตาราง"),
    "broken letters": (lambda: b"a,b\r\n\xfc\xfd\xfe,1\r\n", "ตัวอักษร"),
    "word": (lambda: made.parts({"word/document.xml": "<x/>"}), "Word"),
    "plain zip": (lambda: made.parts({"a.txt": "x"}), "แตกไฟล์"),
    "xlsb": (lambda: made.parts({"xl/workbook.bin": "x"}), "xlsb"),
    "locked with a password": (lambda: made.ole("EncryptedPackage", b"x" * 5000), "รหัสผ่าน"),
    "old word": (lambda: made.ole("WordDocument", b"x" * 5000), "ไม่ใช่ตาราง"),
    "half a file": (lambda: made.xlsx(ROWS)[:2000], "เสียหาย"),
    "xlsx without sheets": (lambda: made.parts({"xl/workbook.xml": "<workbook/>"}), "เสียหาย|ไม่พบหัวตาราง"),
    "broken xls": (lambda: made.ole("Workbook", b"\xff" * 5000), "เสียหาย|ใหญ่เกิน|ไม่พบหัวตาราง"),
    "too large": (lambda: b"a,b\r\n" * 8_500_000, "40 MB"),
    "too large for a workbook": (lambda: b"PK\x03\x04" + bytes(21 * 2**20), "20 MB"),
    "too large for a page": (lambda: b"<html><table>" + b"<tr><td>a" * 2_500_000, "20 MB"),
    "header only": (lambda: made.csv([HEADER]), "ไม่มีข้อมูล"),
    "no header": (lambda: made.csv([["1", "2"], ["3", "4"]]), "ไม่พบหัวตาราง"),
    "rows": (lambda: made.csv([HEADER] + [ROWS[1]] * 3001), "3,001 แถว"),
    "rows of a sheet": (lambda: made.xlsx([HEADER] + [ROWS[1]] * 3001), "3,001 แถว"),
    "wide csv": (lambda: made.csv([["ก"] * 1_000_000]), "1,000,000 คอลัมน์"),
    "wide html": (lambda: b"<table><tr><td colspan=99999>x</td></tr></table>", "คอลัมน์"),
    "wide xlsx": (wide_xlsx, "16,384 คอลัมน์"),
    "wide without references": (wide_without_references, "คอลัมน์"),
    "repeating ods": (repeating_ods, "แถวซ้ำ"),
    "bomb": (bomb_of_zeros, "ใหญ่ผิดปกติ"),
    "bomb that lies": (bomb_that_lies, "ใหญ่ผิดปกติ|เสียหาย"),
    "many parts": (lambda: made.parts({f"xl/worksheets/{n}.xml": "" for n in range(3000)}), "ส่วนประกอบ"),
}


@pytest.mark.parametrize(("make_file", "words"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_is_no_table_gets_a_sentence_in_thai(make_file, words):
    with pytest.raises(FileRefused, match=words) as refusal:
        read_table(make_file(), "x.xlsx", HEADER, 3_000)
    assert refusal.value.status == 400


@pytest.mark.parametrize("heading", ["BMI", "BM", "PK", "MZ", "GIF8", "RIFF", "Rar!", "%PDF", "#!"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp874", "utf-16-le"])
def test_a_heading_of_the_letters_of_a_picture_or_a_program_is_a_heading(heading, encoding):
    rows = [[heading, *HEADER[1:]], *ROWS[1:]]
    assert read_table(made.csv(rows, encoding), "x.csv", rows[0]).columns == rows[0]


def test_two_far_corners_of_an_old_workbook_cannot_take_the_memory():
    content = made.xls([["ก"]] + [[]] * 3 + [["ข"]])
    far = content.replace(struct.pack("<HHHHB", 4, 0, 0, 1, 1), struct.pack("<HHHHB", 65535, 255, 0, 1, 1))
    assert far != content
    with pytest.raises(Unreadable, match="large"):
        read_sheets(far, 10)


def test_a_parser_that_dies_takes_nothing_with_it(monkeypatch):
    """One far cell beyond every gauge: the child is refused the memory, this process goes on."""
    from exports.reading import guards

    monkeypatch.setattr(guards, "MAX_COLUMNS", 20_000)
    monkeypatch.setattr(guards, "MAX_AREA", 10**12)
    sheet = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with zipfile.ZipFile(io.BytesIO(made.xlsx(ROWS))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["xl/worksheets/sheet1.xml"] = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f"{sheet}</sheetData></worksheet>"
    )
    with pytest.raises(FileRefused, match="ใหญ่เกิน"):
        read_table(made.parts(files), "x.xlsx", HEADER)


@pytest.mark.parametrize("cut", range(20))
def test_a_damaged_file_is_a_refusal_or_a_table_but_never_a_fault(cut):
    content = bytearray(made.xlsx(ROWS))
    place = len(content) * cut // 20
    content[place] ^= 0xFF
    with contextlib.suppress(FileRefused):
        assert read_table(bytes(content), "x.xlsx", HEADER).rows


# ---- headers and columns ----


def test_labels_are_the_same_whatever_their_blanks_marks_and_digits():
    same = ["เลขประจำตัวนักเรียน2", " เลขประจำตัว นักเรียน ๒ *", "เลขประจําตัวนักเรียน2:", "เลขประจำตัว\u200bนักเรียน2"]
    assert len({label_key(label) for label in same}) == 1


def test_the_row_with_most_known_labels_is_the_header():
    rows = [(1, ["ชั้น ป.1"]), (2, ["ชื่อ", "ปีการศึกษา 2568"]), (4, ["ชื่อ", "ชั้น"])]
    assert find_header(rows, ["ชื่อ", "ชั้น"]) == (2, 2)


def test_two_columns_of_one_name_are_told_apart_by_their_content():
    rows = [(2, ["x", "1000000000017", "00123"]), (3, ["x", "1-0000-00000-30-1", "00124"])]
    matched = match_columns(["ชื่อ", "เลขประจำตัวนักเรียน", "เลขประจำตัวนักเรียน"], [PERSON, NUMBER], rows)
    assert matched.names == {1: "person_id", 2: "student_no"}
    assert {(guess.letter, guess.name) for guess in matched.guesses} == {
        ("B", "person_id"),
        ("C", "student_no"),
    }
    swapped = [(number, [x, b, a]) for number, (x, a, b) in rows]
    labels = ["ชื่อ", "เลขประจำตัวนักเรียน", "เลขประจำตัวนักเรียน"]
    assert match_columns(labels, [PERSON, NUMBER], swapped).names == {1: "student_no", 2: "person_id"}


def test_a_name_that_fits_only_one_field_is_no_guess():
    rows = [(2, ["1000000000017", "123"])]
    matched = match_columns(["เลขประจำตัวประชาชน", "เลขประจำตัวนักเรียน"], [NUMBER, PERSON], rows)
    assert matched.names == {0: "person_id", 1: "student_no"}
    assert matched.guesses == []


def test_one_column_of_the_shared_name_is_what_it_holds():
    matched = match_columns(["เลขประจำตัวนักเรียน"], [NUMBER, PERSON], [(2, ["1000000000017"])])
    assert matched.names == {0: "person_id"}
    assert len(matched.guesses) == 1


def test_a_label_met_again_and_an_unknown_one_are_told():
    matched = match_columns(["ชื่อ", "ชื่อ", "สีที่ชอบ", ""], [Wanted("first_name", "ชื่อ")], [])
    assert matched.names == {0: "first_name"}
    assert matched.repeated == ["ชื่อ"]
    assert matched.unknown == ["สีที่ชอบ"]


def test_columns_have_the_letters_of_the_sheet():
    assert [letter_of(index) for index in (0, 25, 26, 16_383)] == ["A", "Z", "AA", "XFD"]


def test_a_corrupt_stream_is_named_so():
    content = bytearray(made.xlsx(ROWS))
    assert zlib.crc32(bytes(content))
    content[60:70] = b"\xff" * 10
    with pytest.raises(FileRefused, match="เสียหาย"):
        read_table(bytes(content), "x.xlsx", HEADER)
