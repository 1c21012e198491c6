"""Tables as offices send them: headers of several rows, merged cells, titles above, sums and notes below, spoiled cells."""

import pytest

from exports.imports.mapped_files import table_of
from exports.reading.headers import match_columns
from exports.reading.reading import read_table
from exports.reading.table_ends import is_sum
from exports.workbooks.cell_values import text_of_cell
from tests import awkward_files as made
from tests.test_reading import Wanted

KNOWN = ["รหัสโรงเรียน", "ชื่อโรงเรียน", "ป.1 ชาย", "ป.1 หญิง", "ป.2 ชาย", "ป.2 หญิง"]
TITLE = ["รายงานจำนวนนักเรียน", None, None, None, None, None, None]
GROUPS = ["รหัสโรงเรียน", "ชื่อโรงเรียน", "ป.1", None, "ป.2", None, "หมายเหตุ"]
UNDER = [None, None, "ชาย", "หญิง", "ชาย", "หญิง", None]
ROWS = [
    ["34010001", "บ้านหนึ่ง", 4, 5, 6, 7, None],
    ["34010002", "บ้านสอง", 1, 0, 2, 3, "ย้ายที่"],
]
SUM = ["รวมทั้งสิ้น", None, 5, 5, 8, 10, None]
NOTE = ["หมายเหตุ: ข้อมูล ณ วันที่ 10 มิถุนายน 2568", *[None] * 6]
LABELS = ["รหัสโรงเรียน", "ชื่อโรงเรียน", "ป.1 / ชาย", "ป.1 / หญิง", "ป.2 / ชาย", "ป.2 / หญิง", "หมายเหตุ"]
CELLS = (
    "<tr><td colspan=7>รายงานจำนวนนักเรียน</td></tr>"
    "<tr><td rowspan=2>รหัสโรงเรียน</td><td rowspan=2>ชื่อโรงเรียน</td><td colspan=2>ป.1</td><td colspan=2>ป.2</td><td rowspan=2>หมายเหตุ</td></tr>"
    "<tr><td>ชาย</td><td>หญิง</td><td>ชาย</td><td>หญิง</td></tr>"
    + "".join(
        "<tr>" + "".join(f"<td>{'' if one is None else one}</td>" for one in row) + "</tr>"
        for row in [*ROWS, SUM]
    )
)
MERGED = ("A1:G1", "A2:A3", "B2:B3", "C2:D2", "E2:F2", "G2:G3")
WHOLE = [TITLE, GROUPS, UNDER, *ROWS, SUM, [None] * 7, NOTE]
FILES = {
    "merged cells": made.merged(WHOLE, *MERGED),
    "groups merged alone": made.merged(WHOLE, "C2:D2", "E2:F2"),
    "nothing merged": made.xlsx(WHOLE),
    "csv": made.csv(WHOLE),
    "csv of TIS-620": made.csv(WHOLE, "cp874", ";"),
    "tabs of UTF-16": made.csv(WHOLE, "utf-16", "\t"),
    "old workbook": made.xls([["" if one is None else one for one in row] for row in WHOLE]),
    "page called .xls": made.html_of(CELLS, "tis-620"),
}


def figures(rows):
    return [
        [str(one).removesuffix(".0") if one is not None else None for one in values] for _, values in rows
    ]


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_a_header_of_two_rows_is_joined_and_what_stands_around_the_table_is_left_out(content):
    table = read_table(content, "x.dat", KNOWN)
    assert (table.columns, table.header_row) == (LABELS, 3)
    assert figures(table.rows) == figures(enumerate(ROWS))
    said = " ".join(table.understood)
    assert "หัวตารางมี 2 แถว" in said
    assert "แถวรวมที่ 6 ตรงกับผลบวกของทุกแถวใน 4 คอลัมน์" in said
    assert table.warnings == []


def test_a_header_of_three_rows_under_a_title_of_its_own_width():
    rows = [
        ["รายงาน", *[None] * 5],
        ["รหัสโรงเรียน", "นักเรียน", None, None, None, "ครู"],
        [None, "ป.1", None, "ป.2", None, None],
        [None, "ชาย", "หญิง", "ชาย", "หญิง", None],
        ["34010001", 1, 2, 3, 4, 5],
    ]
    content = made.merged(rows, "A1:F1", "A2:A4", "B2:E2", "B3:C3", "D3:E3", "F2:F4")
    table = read_table(content, "x.xlsx", KNOWN)
    assert table.columns == [
        "รหัสโรงเรียน", "นักเรียน / ป.1 / ชาย", "นักเรียน / ป.1 / หญิง", "นักเรียน / ป.2 / ชาย", "นักเรียน / ป.2 / หญิง", "ครู",
    ]  # fmt: skip
    assert table.header_row == 4


@pytest.mark.parametrize(("merged", "blank"), [("A1:D1", 0), ("A1:D1", 2), ("B1:D1", 1)])
def test_a_title_narrower_than_the_table_is_no_group_of_its_columns(merged, blank):
    title = [None] * 6
    title[0 if merged[0] == "A" else 1] = "รายงานนักเรียน ณ ๑๐ มิ.ย. ๒๕๖๘"
    content = made.merged([title, *[[None] * 6] * blank, KNOWN, ROWS[0][:6]], merged)
    table = read_table(content, "x.xlsx", KNOWN)
    assert (table.columns, table.header_row) == (KNOWN, 2 + blank)


def test_a_header_of_one_row_takes_no_row_of_words_below_for_its_own():
    for below in (["34010001", "บ้านหนึ่ง", "ชาย"], ["", "บ้านสอง", "หญิง"], ["ก", "ข", "ค"]):
        table = read_table(made.csv([["รหัสโรงเรียน", "ชื่อโรงเรียน", "เพศ"], below, below]), "x.csv", KNOWN)
        assert (table.header_row, len(table.rows)) == (1, 2)


def test_a_label_under_a_group_is_known_with_it_and_a_guess_without():
    columns = [Wanted("last", "นามสกุล"), Wanted("mother", "นามสกุลมารดา"), Wanted("boys", "ป.1 ชาย")]
    matched = match_columns(["นักเรียน / นามสกุล", "มารดา / นามสกุล", "ป.1 / ชาย"], columns)
    assert matched.names == {0: "last", 1: "mother", 2: "boys"}
    assert [guess.name for guess in matched.guesses] == ["last"]
    # What bears the whole label takes the field from what bears its last part alone.
    matched = match_columns(["บิดา / นามสกุล", "นามสกุล"], columns)
    assert (matched.names, matched.unknown) == ({1: "last"}, ["บิดา / นามสกุล"])


def test_a_merged_word_holds_for_every_row_and_a_merged_figure_for_the_first():
    rows = [["รหัสโรงเรียน", "ชื่อโรงเรียน", "ชั้น", "ห้อง"], [34010001, "บ้านหนึ่ง", "ป.1", 2], [None, None, "ป.2", None],
            ["34010002", "บ้านสอง", "ป.1", 1], [None, None, "ป.2", 3]]  # fmt: skip
    table = read_table(made.merged(rows, "A2:A3", "B2:B3", "D2:D3", "A4:A5"), "x.xlsx", KNOWN)
    assert [values for _, values in table.rows] == [
        [34010001, "บ้านหนึ่ง", "ป.1", 2], [34010001, "บ้านหนึ่ง", "ป.2", None],
        ["34010002", "บ้านสอง", "ป.1", 1], ["34010002", None, "ป.2", 3],
    ]  # fmt: skip
    assert "ผสานกัน 4 แห่ง (แห่งแรกที่แถว 2)" in table.warnings[0]


def test_a_sum_that_does_not_add_up_is_told_by_its_columns():
    wrong = ["รวม", None, 5, 6, 8, 99, None]
    table = read_table(made.xlsx([TITLE, GROUPS, UNDER, *ROWS, wrong]), "x.xlsx", KNOWN)
    assert table.warnings == [
        "แถวรวมที่ 6 ไม่ตรงกับผลบวกของแถวข้างบน: D ป.1 / หญิง: แถวรวม 6 ผลบวก 5; F ป.2 / หญิง: แถวรวม 99 ผลบวก 10 ไฟล์อาจมาไม่ครบหรือรวมผิด"
    ]


def test_a_sum_without_a_word_is_known_by_what_it_lacks():
    bare = [None, None, "5", "5", "8", "10", None]
    rows = [[str(one) if one is not None else None for one in row] for row in ROWS]
    table = read_table(made.csv([GROUPS, UNDER, *rows, bare]), "x.csv", KNOWN)
    assert len(table.rows) == 2
    assert "ตรงกับผลบวก" in " ".join(table.understood)


def test_numbers_of_columns_under_the_header_are_no_row():
    table = read_table(made.xlsx([GROUPS[:2], ["(1)", "(2)"], *[row[:2] for row in ROWS]]), "x.xlsx", KNOWN)
    assert len(table.rows) == 3  # two are too few to tell
    rows = [["รหัสโรงเรียน", "ชื่อโรงเรียน", "ห้อง"], ["(1)", "(2)", "(3)"], ["34010001", "บ้านหนึ่ง", 2]]
    table = read_table(made.xlsx(rows), "x.xlsx", KNOWN)
    assert [number for number, _ in table.rows] == [3]


SUMS = [
    "รวม",
    "รวมทั้งสิ้น",
    " รวมทั้งสิ้น :",
    "ยอดรวม",
    "รวม สพป.ทดสอบ เขต 1",
    "Total",
    "ค่าเฉลี่ยระดับเขต",
    "ผลคะแนนเฉลี่ย ระดับประเทศ",
    "ร้อยละ",
]


@pytest.mark.parametrize("word", SUMS)
def test_a_row_that_says_that_it_is_a_sum_is_one(word):
    assert is_sum([word, None, 3, 4])
    assert is_sum([None, 2, word, 4.5])


@pytest.mark.parametrize(
    "values",
    [
        ["34010001", "รวมไทยพัฒนา", 3],
        ["รวมมิตรวิทยา", 3, 4],
        ["1", "รวม", "ใจดี", "ป.1", "ชาย", "พุทธ"],
        [None, None],
        [3, 4],
    ],
)
def test_a_school_or_a_person_called_so_is_none(values):
    assert not is_sum(values)


def test_a_long_file_is_not_walked_for_its_end():
    rows = [[f"3401{number:04}", "บ้าน", number] for number in range(3000)]
    content = made.xlsx([["รหัสโรงเรียน", "ชื่อโรงเรียน", "ห้อง"], *rows, ["รวม", None, sum(range(3000))]])
    table = read_table(content, "x.xlsx", KNOWN)
    assert (len(table.rows), table.rows[2999][1][2]) == (3000, 2999)
    assert "ตรงกับผลบวกของทุกแถวใน 1 คอลัมน์" in " ".join(table.understood)


def test_a_file_of_schools_keeps_its_sums_to_tell_of_them():
    table = table_of(FILES["csv"], "x.csv", KNOWN)
    assert (table.columns, table.header_row, len(table.rows)) == (LABELS, 3, 3)
    again = table_of(FILES["csv"], "x.csv", KNOWN, table.header_row)
    assert (again.columns, again.rows) == (table.columns, table.rows)


@pytest.mark.parametrize(("cell", "text"), [("'0012", "0012"), ("’1-2345", "1-2345"), ("'๐๑๒", "๐๑๒"), ("'=1+1", "=1+1"), ("'นาย", "'นาย"),
                                            ("\u200b34010001\u00a0", "34010001"), ("นํ้าคํา", "น้ำคำ")])  # fmt: skip
def test_marks_that_kept_a_number_a_text_are_taken_off(cell, text):
    assert text_of_cell(cell) == text
