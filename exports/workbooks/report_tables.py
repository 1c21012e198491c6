"""Reports that are plain tables: their columns, rows and sums, and the workbook with a sheet for each.

A page, its print and the workbook are drawn from the same Table, so they show the same figures.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from documents.formats import buddhist, thai
from exports.workbooks.workbook import FIXED_MOMENT, file_name, workbook_bytes

WIDTHS = {
    "รายการ(cm.)": 46,
    "รายการ": 40,
    "กลุ่มครุภัณฑ์": 32,
    "โรงเรียน": 34,
    "สถานศึกษา": 34,
    "สัญชาติ": 24,
    "ชื่อ-สกุล": 30,
    "กลุ่มโรงเรียน": 22,
    "สถานะ": 16,
    "บันทึกล่าสุด": 20,
}
PERSONAL = "เอกสารนี้มีข้อมูลส่วนบุคคล ห้ามเผยแพร่"


class Column(NamedTuple):
    """One column of a table: what stands above it, and whether it holds numbers."""

    label: str
    number: bool = False


@dataclass(frozen=True)
class Table:
    """One report: rows of text and numbers under its columns, a row of sums or None, and what it is of."""

    name: str
    title: str
    columns: tuple
    rows: list
    total: list | None
    about: str
    landscape: bool = True
    personal: bool = False  # holds persons: its sheet says that it is not to be made public
    keys: tuple = ()  # what each row is of, for a page that leads there
    sheet: str | None = (
        None  # what its sheet is called, where the title has more than the 31 letters of a sheet's name
    )


def columns(heads, numbers):
    """The Columns under these headings; `numbers` are the places of those that hold numbers."""
    return tuple(Column(label, at in numbers) for at, label in enumerate(heads))


def of_round(round_):
    """What a report of a round is of, in words: its label and day."""
    return f"รอบ {round_.label} ข้อมูล ณ วันที่ {buddhist.format_long(round_.as_of)}"


def tables_workbook(tables, whose, of, created=FIXED_MOMENT, subject=""):
    """The bytes of a workbook, a sheet a Table; `whose` names the area or the school, `of` the time it is of."""
    with workbook_bytes(tables[0].title, created=created, subject=subject) as (book, result):
        for table in tables:
            write_table_page(book, table, whose, of)
    return result.getvalue()


def round_tables_workbook(round_, tables, whose):
    """The bytes of a workbook with a round's Tables."""
    return tables_workbook(tables, whose, of_round(round_), round_.as_of, round_.label)


def round_tables_file_name(round_, tables, whose, several):
    """The download's name; `several` is what the reports are called together."""
    title = tables[0].title if len(tables) == 1 else several
    return file_name(f"{round_.label}-{round_.subsystem}-{title}-{whose}")


def write_table_page(book, table, whose, of):
    """One sheet: title, what it is of, headings, rows, sums."""
    top = 4 if table.personal else 3
    sheet = book.page(
        table.sheet or table.title, repeat=(top, top), freeze=(top + 1, 2), landscape=table.landscape
    )
    sheet.write_string(0, 0, f"{table.title} {whose}", book.style("title"))
    sheet.write_string(1, 0, f"{of} · {table.about}", book.style("subtitle"))
    if table.personal:
        sheet.write_string(2, 0, PERSONAL, book.style("note_line"))
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, WIDTHS.get(column.label, 13))
        sheet.write_string(top, at, column.label, book.style("header"))
    for number, row in enumerate(table.rows, top + 1):
        write_cells(sheet, number, row, book.style("text"), book.style("count"), book.measured(2))
    if table.total:
        last = top + 1 + len(table.rows)
        write_cells(sheet, last, table.total, book.style("total_text"), book.style("total"), book.measured(2))


def write_cells(sheet, number, row, text, count, exact=None):
    """One row; a blank where nothing was entered. A Decimal (of baht, say) is written in the look `exact`."""
    for at, value in enumerate(row):
        if isinstance(value, Decimal):
            sheet.write_number(number, at, value, exact or count)
        elif isinstance(value, int | float):
            sheet.write_number(number, at, value, count)
        else:
            sheet.write_string(number, at, thai.clean(value or ""), text)
