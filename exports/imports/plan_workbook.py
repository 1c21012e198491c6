"""The plan as a workbook: the person's own rows, bad cells marked, and beside each row what to do about it.

Only what the plan kept of his file goes out, without the columns that are closed to him. Corrected, it is uploaded
again as it is: the header is the file's own, and the column of reasons is passed over.
"""

import datetime as dt
import io
import tempfile
from collections import defaultdict

from exports.imports.stored_plans import cells_of, rows_of
from exports.reading.headers import REASON_LABEL, is_reason
from exports.workbooks.workbook import SafeWorkbook

WIDTH, WIDEST = 8, 26
BAD = {"bg_color": "#FECACA", "font_color": "#7F1D1D", "border": 1, "border_color": "#DC2626"}


def plan_workbook(plan, every=False):
    """The bytes of the workbook; without `every`, only the rows with something wrong."""
    target = io.BytesIO()
    write_plan_workbook(plan, target, every)
    return target.getvalue()


def write_plan_workbook(plan, target, every=False, progress=None):
    """Write the workbook into a stream, row by row; gives back how many rows it has."""
    wrong = defaultdict(list)
    for error in rows_of(plan, "errors"):
        wrong[error.row].append(error)
    if progress:
        progress.begin(plan.rows_read if every else len(wrong), "แถว")
    with tempfile.TemporaryDirectory(prefix="khet-") as folder:
        book = SafeWorkbook(target, "ผลการตรวจไฟล์นำเข้า", tmpdir=folder)
        sheet = book.page(plan.sheet or "ข้อมูล", repeat=(0, 0), freeze=(1, 0))
        looks = Looks(book)
        kept = [index for index, label in enumerate(plan.labels) if not is_reason(label)]
        write_head(sheet, looks, [plan.labels[index] for index in kept])
        count = 0
        for _, number, values in cells_of(plan):
            if not every and number not in wrong:
                continue
            count += 1
            write_row(sheet, looks, count, [(index, values[index]) for index in kept], wrong.get(number, ()))
            if progress:
                progress.at(count)
        sheet.autofilter(0, 0, max(count, 1), len(kept))
        book.close()
    return count


class Looks:
    """The workbook's formats, by kind of cell, sound or bad."""

    def __init__(self, book):
        kinds = {"text": "@", "number": "General", "date": book.style("date").num_format}
        self.head, self.reason = book.style("header"), book.style("note")
        self.of = {
            (kind, bad): book.add_format(
                {"font_name": "TH Sarabun New", "font_size": 14, "num_format": shown} | (BAD if bad else {})
            )
            for kind, shown in kinds.items()
            for bad in (False, True)
        }


def write_head(sheet, looks, labels):
    """The header: the file's own labels, then the column of reasons."""
    for at, label in enumerate(labels):
        sheet.write_string(0, at, label, looks.head)
        sheet.set_column(at, at, max(WIDTH, min(len(label) + 4, WIDEST)))
    sheet.write_string(0, len(labels), REASON_LABEL, looks.head)
    sheet.set_column(len(labels), len(labels), 60)


def write_row(sheet, looks, row, cells, errors):
    """One row, its bad cells marked; what is wrong stands in the last column, each with its own column's name."""
    bad = {error.index for error in errors}
    for at, (index, value) in enumerate(cells):
        write_cell(sheet, row, at, value, looks.of, index in bad)
    if errors:
        said = "\n".join(dict.fromkeys(f"{error.column}: {error.sentence}" for error in errors))
        sheet.write_string(row, len(cells), said, looks.reason)


def write_cell(sheet, row, at, value, looks, bad):
    """One cell as it was; nothing in it is ever run."""
    if isinstance(value, dt.datetime | dt.date):
        if value.year >= 1900:
            sheet.write_datetime(row, at, value, looks["date", bad])
            return
        value = value.isoformat()
    if isinstance(value, bool):
        value = "ใช่" if value else "ไม่ใช่"
    if isinstance(value, int | float) and abs(value) < 10**15:
        sheet.write_number(row, at, value, looks["number", bad])
    elif value is not None:
        sheet.write_string(row, at, str(value)[:32_767], looks["text", bad])
    elif bad:
        sheet.write_blank(row, at, None, looks["text", True])
