"""What a grid shows, as a workbook or a CSV: the document's own layout, streamed record by record."""

import csv
import io
from contextlib import suppress

from documents.records.record import shown_fields
from exports.workbooks.columns import Surroundings
from exports.workbooks.layouts import layout_of, offered
from exports.workbooks.workbook import Kept, workbook_bytes, write_table

PERSONAL_LINE = "เอกสารนี้มีข้อมูลส่วนบุคคล ห้ามเผยแพร่"
BOM = "\ufeff"
RUNS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def around_of(document, round_, school_names, may_see):
    """The Surroundings of a reader: `may_see(field)` says which fields he sees."""
    every = shown_fields(document)
    hidden = frozenset(
        column.name
        for column in offered(layout_of(document)).values()
        if any(name in every and not may_see(every[name]) for name in (column.name, *column.fields))
    )
    return Surroundings(round=round_, school_names=school_names, hides=hidden)


def projection_of(document, layout=None):
    """What of a stored record the files of a document need, as MongoDB is asked for it; None for all.

    `layout` here and below is another than the document's own.
    """
    names = (layout or layout_of(document)).stored_names()
    return names and {"_id": 0} | dict.fromkeys(sorted(names), 1)


def xlsx_of(document, rows, around, title, layout=None):
    """(open file of a workbook, number of rows) of stored records; the personal-data line stands on every page."""
    layout = layout or layout_of(document)
    with workbook_bytes(title) as (book, result):
        sheet = book.page(document.label, repeat=(0, 0), freeze=(1, 0))
        sheet.set_footer(f"&L&A&C{PERSONAL_LINE}&Rหน้า &P / &N")
        count = write_table(sheet, book, layout.written, rows, writers=layout.writers(around))
    return result, count


def csv_of(document, rows, around, layout=None):
    """Yield the lines of a CSV with BOM, so that Excel reads the Thai; a text that would run, a heading too, is made plain by '."""
    layout = layout or layout_of(document)
    writers = layout.writers(around)
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow([plain(column.label) for column in layout.written])
    yield BOM + line.getvalue()
    for row in rows:
        line.seek(0)
        line.truncate()
        writer.writerow([plain(write(row)) for write in writers])
        yield line.getvalue()


def csv_file(document, rows, around, layout=None):
    """The same as an open file."""
    file = Kept()
    try:
        for line in csv_of(document, rows, around, layout):
            file.write(line.encode("utf-8", "replace"))
        file.seek(0)
    except OSError:
        with suppress(OSError):  # the full disk once more
            file.close()
        raise
    return file


def plain(value):
    """A cell of a CSV: days as ISO dates, text never a formula."""
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    if isinstance(value, str) and value.startswith(RUNS_AS_FORMULA):
        return "'" + value
    return value
