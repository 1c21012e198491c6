"""The one way a workbook is made: safe cells, the same bytes for the same content, ready to print on A4.

XlsxWriter turns "=..." into a formula and addresses into links unless told not to; here text is always text. Rows of
records bypass its cell-by-cell path: their XML (`cells.py`) is compressed as it is made (`packing.py`) and put into the
sheet that keeps the formats.
"""

import contextlib
import copy
import datetime as dt
import io
import re
import tempfile
from functools import partial
from itertools import chain, islice, repeat

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.packager import Packager
from xlsxwriter.sharedstrings import SharedStrings
from xlsxwriter.worksheet import Worksheet

from documents.errors import NoRoom, is_full
from exports.workbooks.cells import NEEDS_CARE, Cells, escaped, rows_xml
from exports.workbooks.packing import SPOOL, Archive, Deflated

FONT = "TH Sarabun New"  # the government's text face; Excel falls back to its own where it is absent
OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_format_properties": {"font_name": FONT, "font_size": 14},
    "default_row_height": 25,
    "in_memory": True,  # its parts without the rows are small
}
# 01 = Arabic digits, 07 = the Buddhist calendar, 041E = Thai: the cell is a true date and reads 10/06/2568.
BUDDHIST_DATE = "[$-107041E]dd/mm/yyyy"
FORMATS = {
    "text": {"num_format": "@"},
    "count": {"num_format": "#,##0", "align": "right"},
    "measure": {"num_format": "#,##0.0", "align": "right"},
    "date": {"num_format": BUDDHIST_DATE, "align": "center"},
    "center": {"num_format": "@", "align": "center"},
}
LOOKS = {
    "title": {"bold": True, "font_size": 20},
    "subtitle": {"font_size": 14, "font_color": "#475569"},
    "note": {"bold": True, "font_color": "#B91C1C", "text_wrap": True, "valign": "top"},
    "note_line": {"bold": True, "font_color": "#B91C1C"},
    "cover_number": {"num_format": "#,##0", "align": "left"},
    "label": {"bold": True, "valign": "top", "font_color": "#334155"},
    "value": {"num_format": "@", "text_wrap": True, "valign": "top"},
    "header": {
        "bold": True,
        "text_wrap": True,
        "align": "center",
        "valign": "vcenter",
        "bg_color": "#DBEAFE",
        "border": 1,
        "border_color": "#94A3B8",
        "num_format": "@",
    },
    "header_grey": {
        "text_wrap": True,
        "align": "center",
        "valign": "vcenter",
        "bg_color": "#E2E8F0",
        "font_color": "#64748B",
        "border": 1,
        "border_color": "#94A3B8",
        "num_format": "@",
    },
    "total": {"bold": True, "num_format": "#,##0", "top": 1, "bg_color": "#F1F5F9"},
    "total_text": {"bold": True, "num_format": "@", "top": 1, "bg_color": "#F1F5F9"},
    "number": {"num_format": "#,##0"},
}
# A workbook's own zip keeps no time of day of ours; this is the product's, where a caller names none.
FIXED_MOMENT = dt.datetime(2000, 1, 1)  # noqa: DTZ001  XlsxWriter wants it without a zone
SHEET_NAME_BREAKERS = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
MOST_ROWS = 1_048_576  # of one sheet, its header among them
BATCH = 500  # rows made at a time


class StreamedSheet(Worksheet):
    """A worksheet whose last rows are ready-made XML, compressed as it comes and put behind its own cells."""

    def __init__(self):
        super().__init__()
        self.ready = self.part = self.cut = self.folder = None

    def stream(self, first_row, columns, rows, last=None, taken=None):
        """Write many rows from `first_row` (from 0) down; returns how many.

        `columns` are (kind, format); kinds are "text", "number" and "date". A row is a sequence of str, int, float,
        date or None, one a column; or whatever `taken` makes columns of: it gets a list of rows, and gives back a list of
        values for each column. A column may then have a third part, which makes a cell's value of each of those.
        Cells above must be written before or after as usual, never in these rows.
        `last` is (columns, a function that gives the row) of one more row below, e.g. of totals; it is not counted.
        """
        self.ready, count, rows = Deflated(self.folder), 0, iter(rows)
        cells = self._cells(columns)
        while batch := list(islice(rows, BATCH)):
            values = taken(batch) if taken else zip(*batch, strict=True)
            made = [each.of(column) for each, column in zip(cells, values, strict=True)]
            self.ready.write(rows_xml(first_row + count + 1, made))
            count += len(batch)
        if last:
            made = [each.of([value]) for each, value in zip(self._cells(last[0]), last[1](), strict=True)]
            self.ready.write(rows_xml(first_row + count + 1, made))
        self.ready.end()
        if written := count + bool(last):
            self._check_dimensions(first_row + written - 1, len(columns) - 1)
        self.streamed_from = first_row
        return count

    def _cells(self, columns):
        shared = self.str_table._get_shared_string_index
        return [Cells(kind, index, look, shared, *say) for index, (kind, look, *say) in enumerate(columns)]

    def _write_rows(self):
        if self.ready is None:
            return super()._write_rows()
        last, self.dim_rowmax = self.dim_rowmax, min(self.dim_rowmax, self.streamed_from - 1)
        super()._write_rows()
        self.dim_rowmax = last
        self.part, self.cut = self.fh, self.fh.tell()  # where the ready rows belong in this part
        return None


class PlainStrings(SharedStrings):
    """The shared strings, each a plain text: XlsxWriter takes "<r>...</r>" for markup, whoever wrote it."""

    def _write_si(self, string):
        kept = ' xml:space="preserve"' if string != string.strip() else ""
        text = escaped(string) if NEEDS_CARE.search(string) else string
        self.fh.write(f"<si><t{kept}>{text}</t></si>")


class Packing(Packager):
    """XlsxWriter's parts of a workbook, put into a zip of ours instead of into files."""

    def __init__(self, target):
        super().__init__()
        self.target = target

    def _write_shared_strings_file(self):
        strings = PlainStrings()
        strings.string_table = self.workbook.str_table
        if strings.string_table.count:
            strings._set_xml_writer(self._filename("xl/sharedStrings.xml"))
            strings._assemble_xml_file()

    def _create_package(self):
        archive = Archive(self.target)
        parts = super()._create_package()
        ready = {id(sheet.part): sheet for sheet in self.workbook.worksheets() if sheet.part is not None}
        for content, name, _ in parts:
            text, sheet = content.getvalue(), ready.get(id(content))
            if sheet is None:
                archive.put(name, text)
            else:
                archive.put_around(name, text[: sheet.cut], sheet.ready, text[sheet.cut :])
                sheet.ready.close()
        archive.close()
        return []


class SafeWorkbook(Workbook):
    """An XlsxWriter workbook in which nothing is ever run, whose bytes depend on its content alone.

    `style(name)` gives one of the product's cell formats; `page(...)` adds a sheet set up for A4 landscape.
    """

    def __init__(self, target, title, *, created=FIXED_MOMENT, subject="", tmpdir=None):
        # A copy, since XlsxWriter writes into the font's options and the next workbook would differ.
        super().__init__(io.BytesIO(), copy.deepcopy(OPTIONS))
        self.worksheet_class, self.target, self.folder = StreamedSheet, target, tmpdir
        created = created.replace(tzinfo=None, microsecond=0)
        about = {"title": title, "subject": subject, "author": "Khet", "company": "", "created": created}
        self.set_properties(about)
        self.made, self.most_rows = {}, MOST_ROWS

    def _get_packager(self):
        return Packing(self.target)

    def close(self):
        """Write the whole workbook into its target. Raises OSError where there is no room for it."""
        try:
            super().close()
        except FileCreateError as fault:
            raise fault.args[0] from None

    def drop(self):
        """Let go of rows that are not to be written."""
        for sheet in self.worksheets():
            if getattr(sheet, "ready", None) is not None:
                with contextlib.suppress(OSError):
                    sheet.ready.close()

    def style(self, name):
        """The cell format of that name; its number formats never depend on the machine's language."""
        if name not in self.made:
            base = {"font_name": FONT, "font_size": 14}
            self.made[name] = self.add_format(base | (FORMATS | LOOKS)[name])
        return self.made[name]

    def measured(self, decimals):
        """The format of a number with so many decimals."""
        name = f"measure{decimals}"
        if name not in self.made:
            look = {"font_name": FONT, "font_size": 14, "align": "right"}
            self.made[name] = self.add_format(
                look | {"num_format": "#,##0" + ("." + "0" * decimals if decimals else "")}
            )
        return self.made[name]

    def page(self, name, *, repeat=None, freeze=None, landscape=True):
        """A new sheet on A4, all columns on one page's width.

        `repeat` is (first, last) header row to repeat on each page, `freeze` (row, column) to keep in sight.
        """
        sheet = self.add_worksheet(sheet_name(name, {sheet.get_name() for sheet in self.worksheets()}))
        sheet.folder, sheet.set_up = self.folder, (name, repeat, freeze, landscape)
        sheet.set_paper(9)
        sheet.set_landscape() if landscape else sheet.set_portrait()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&L&A&Rหน้า &P / &N")
        sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        if repeat:
            sheet.repeat_rows(*repeat)
        if freeze:
            sheet.freeze_panes(*freeze)
        return sheet

    def another(self, sheet):
        """A new sheet like one of `page`, for the rows that are too many for it."""
        name, repeat, freeze, landscape = sheet.set_up
        new = self.page(name, repeat=repeat, freeze=freeze, landscape=landscape)
        new.set_header(sheet.header)
        new.set_footer(sheet.footer)
        return new


def sheet_name(name, taken=()):
    """A name Excel accepts, made of any text: at most 31 letters, none of []:*?/\\, unlike those taken."""
    cleaned = SHEET_NAME_BREAKERS.sub(" ", name).strip(" '")
    cleaned = shortened(re.sub(r"\s+", " ", cleaned), 31).strip(" '") or "แผ่นงาน"
    if cleaned.lower() == "history":  # a name Excel keeps for itself
        cleaned += "_"
    used = {other.casefold() for other in taken}
    number, unique = 1, cleaned
    while unique.casefold() in used:
        number += 1
        unique = f"{shortened(cleaned, 31 - len(str(number)) - 3)} ({number})"
    return unique


def shortened(text, most):
    """Text of at most `most` UTF-16 units, which is how Excel counts."""
    while len(text.encode("utf-16-le", "surrogatepass")) // 2 > most:
        text = text[:-1]
    return text


def file_name(name, ending="xlsx"):
    """A download's name from any text: no path, no controls, at most 120 letters."""
    cleaned = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*]+', " ", name)
    return (
        f"{shortened(re.sub(r'[ .]+$', '', re.sub(r' +', ' ', cleaned).strip(' .')), 120) or 'ไฟล์'}.{ending}"
    )


def write_table(sheet, book, columns, rows, *, header_row=0, count_widths=True, writers=None):
    """Header and rows of one table, with a filter on every column; returns how many rows.

    `columns` have `.label`, `.cell` ("text", "center", "count", "measure" or "date"), `.decimals` and `.width`. With
    `writers`, functions from a stored record to its cell, one a column, the rows are stored records. What is more than a
    sheet holds goes on in another like it.
    """
    looks = [(STREAMED[column.cell], style_of(book, column)) for column in columns]
    taken, rows = None, iter(rows)
    if writers is not None:
        taken = partial(values_by_column, writers)
        looks = [(*look, getattr(write, "say", None)) for look, write in zip(looks, writers, strict=True)]
    total, more = 0, ()
    while True:
        for index, column in enumerate(columns):
            sheet.write_string(header_row, index, column.label, book.style("header"))
            if count_widths:
                sheet.set_column(index, index, column.width)
        here = islice(chain(more, rows), book.most_rows - header_row - 1)
        count = sheet.stream(header_row + 1, looks, here, taken=taken)
        sheet.autofilter(header_row, 0, header_row + max(count, 1), len(columns) - 1)
        total, more = total + count, list(islice(rows, 1))
        if not more:
            return total
        sheet, header_row = book.another(sheet), 0


def values_by_column(writers, rows):
    """Yield for each column the values of these stored records: those of a `OneField` as they are stored."""
    for write in writers:
        if name := getattr(write, "name", None):
            yield list(map(dict.get, rows, repeat(name)))
        else:
            yield list(map(write, rows))


STREAMED = {"text": "text", "center": "text", "count": "number", "measure": "number", "date": "date"}


def style_of(book, column):
    """The cell format of a column."""
    return book.measured(column.decimals or 0) if column.cell == "measure" else book.style(column.cell)


class Kept(tempfile.SpooledTemporaryFile):
    """A finished file: in memory while it is small, else an unnamed one on disk."""

    def __init__(self, folder=None):
        super().__init__(SPOOL, dir=folder)

    def getvalue(self):
        """All of its bytes."""
        self.seek(0)
        return self.read()


@contextlib.contextmanager
def workbook_bytes(title, **about):
    """Make a workbook: `with workbook_bytes("...") as (book, result): ...`, then `result.getvalue()` are its bytes, or
    `result` is read from its beginning. Raises NoRoom where the disk is full.

    Parts wait in unnamed files that are gone afterwards, also when the making fails: they hold personal data.
    """
    result = Kept()
    book = SafeWorkbook(result, title, **about)
    try:
        yield book, result
        book.close()
    except BaseException as fault:
        book.fileclosed = 1  # nothing half-made is written, and no warning either
        book.drop()
        with contextlib.suppress(OSError):  # the full disk once more
            result.close()
        if is_full(fault):
            raise NoRoom() from fault
        raise
    result.seek(0)
