"""A reconciliation as a workbook: sums, a row a school, a row for each grade and sex, and who stands on one side only."""

from dataclasses import dataclass

from documents.clock import utc
from documents.dmc.reconciling import SEXES, by_grade, grade_words, lines_of, side_of, sums_of
from documents.formats import buddhist
from exports.workbooks.workbook import file_name, workbook_bytes, write_table

TITLE = "กระทบยอดนักเรียน"
SIDES = {"both": "มีทั้งสองฝั่ง", "file": "มีในไฟล์เท่านั้น", "khet": "มีในระบบเท่านั้น"}


@dataclass
class _Column:
    label: str
    width: int
    cell: str = "text"
    decimals: int | None = None


SCHOOL = (_Column("รหัส SMIS", 12), _Column("โรงเรียน", 34))
NUMBERS = (_Column("ในไฟล์", 12, "count"), _Column("ในระบบ", 12, "count"), _Column("ต่างกัน", 12, "count"))


def reconciliation_workbook(found, area_name):
    """The bytes of the workbook."""
    lines = lines_of(found)
    with workbook_bytes(TITLE, subject=area_name, created=utc(found.at)) as (book, result):
        _cover(book.page("สรุป", landscape=False), book, found, area_name, lines)
        _table(book, "รายโรงเรียน", (*SCHOOL, *NUMBERS, _Column("ฝั่งที่มี", 18)), (
            [one.code, one.name, one.theirs, one.ours, one.difference, SIDES[side_of(found, one.code)]] for one in lines
        ))  # fmt: skip
        _table(book, "รายชั้นและเพศ", (*SCHOOL, _Column("ชั้น", 8, "center"), _Column("เพศ", 8, "center"), *NUMBERS), (
            [one.code, one.name, grade_words(grade), SEXES[sex], theirs, ours, ours - theirs]
            for one in lines for grade, sex, theirs, ours in one.cells if theirs or ours
        ))  # fmt: skip
        _table(book, "แถวที่ไม่นำมาเทียบ", (_Column("แถว", 8, "count"), _Column("เหตุผล", 80)), (
            [one["row"], one["sentence"]] for one in _left_out(found)
        ))  # fmt: skip
    return result.getvalue()


def _left_out(found):
    totals = [
        {"row": one["row"], "sentence": f"แถวรวม {one['pupils']:,} คน ไม่ใช่โรงเรียน"} for one in found.totals
    ]
    return sorted([*totals, *found.faults], key=lambda one: one["row"])


def _cover(sheet, book, found, area_name, lines):
    sums = sums_of(found, lines)
    facts = (
        ("เขต", area_name), ("รอบ DMC", found.round_label), ("ไฟล์", found.filename),
        ("รหัสตัวอักษร", found.encoding), ("เทียบเมื่อ", buddhist.format_datetime(utc(found.at))),
        ("โดย", found.by_name), ("แถวในไฟล์", found.rows), ("โรงเรียนที่มีทั้งสองฝั่ง", sums["schools"]),
        ("ตรงกันทุกชั้นและเพศ", sums["same"]), ("มีในไฟล์เท่านั้น", sums["only_file"]),
        ("มีในระบบเท่านั้น", sums["only_khet"]), ("นักเรียนในไฟล์", sums["theirs"]), ("นักเรียนในระบบ", sums["ours"]),
        ("ต่างกัน", sums["ours"] - sums["theirs"]),
    )  # fmt: skip
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 4, 18)
    sheet.write_string(0, 0, f"{TITLE} รอบ {found.round_label}", book.style("title"))
    for number, (label, value) in enumerate(facts, 2):
        sheet.write_string(number, 0, label, book.style("label"))
        if isinstance(value, int):
            sheet.write_number(number, 1, value, book.style("cover_number"))
        else:
            sheet.write_string(number, 1, value or "", book.style("value"))
    top = len(facts) + 3
    for index, label in enumerate(("ชั้น", "เพศ", "ในไฟล์", "ในระบบ", "ต่างกัน")):
        sheet.write_string(top, index, label, book.style("header"))
    for number, (grade, sex, theirs, ours) in enumerate(by_grade(lines), top + 1):
        sheet.write_string(number, 0, grade_words(grade), book.style("text"))
        sheet.write_string(number, 1, SEXES[sex], book.style("text"))
        for index, value in enumerate((theirs, ours, ours - theirs), 2):
            sheet.write_number(number, index, value, book.style("count"))


def _table(book, name, columns, rows):
    write_table(book.page(name, repeat=(0, 0), freeze=(1, 2)), book, columns, rows)


def reconciliation_file_name(found):
    """The download's name."""
    return file_name(f"{found.area_code}-{TITLE} {found.round_label}")
