"""The one way a workbook is made: safe cells, the same bytes for the same content, ready to print on A4.

XlsxWriter turns "=..." into a formula and addresses into links unless told not to; here text is always text. Rows of
records bypass its cell-by-cell path: their XML is joined here and streamed into the sheet it keeps the formats of.
"""

import contextlib
import copy
import datetime as dt
import io
import re
import tempfile

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

FONT = "TH Sarabun New"  # the government's text face; Excel falls back to its own where it is absent
OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_format_properties": {"font_name": FONT, "font_size": 14},
    "default_row_height": 25,
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
EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001  Excel's day 0; days have no zone
# Text that cannot go into XML as it is: markup, controls, lone surrogates, Excel's own _xHHHH_, blanks at the ends.
NEEDS_CARE = re.compile(r"[&<>\x00-\x1f\ud800-\udfff\ufffe\uffff]|_x|^ |\x7f | \x7f| $")
SEPARATOR = "\x7f"
SPOOL = 8 * 1024 * 1024
LONGEST_TEXT = 32_767  # what one cell holds


class StreamedSheet(Worksheet):
    """A worksheet whose last rows are ready-made XML in a temporary file, written out after its own cells."""

    def __init__(self):
        super().__init__()
        self.spool = None

    def stream(self, first_row, columns, rows, last=None):
        """Write many rows from `first_row` (from 0) down; returns how many.

        `columns` are (kind, format); kinds are "text", "number" and "date". A row is a sequence of str, int, float,
        datetime or None, one a column. Cells above must be written before or after as usual, never in these rows.
        `last` is (columns, a function that gives the row) of one more row below, e.g. of totals; it is not counted.
        """
        self.spool = tempfile.SpooledTemporaryFile(SPOOL, "w+", encoding="utf-8", newline="\n")  # noqa: SIM115
        count = 0
        cells = [Cells(kind, index, look) for index, (kind, look) in enumerate(columns)]
        for count, row in enumerate(rows, 1):
            self.spool.write(row_xml(str(first_row + count), cells, row))
        if last:
            below = [Cells(kind, index, look) for index, (kind, look) in enumerate(last[0])]
            self.spool.write(row_xml(str(first_row + count + 1), below, last[1]()))
        if written := count + bool(last):
            self._check_dimensions(first_row + written - 1, len(columns) - 1)
        self.streamed_from = first_row
        return count

    def _write_rows(self):
        if self.spool is None:
            return super()._write_rows()
        last, self.dim_rowmax = self.dim_rowmax, min(self.dim_rowmax, self.streamed_from - 1)
        super()._write_rows()
        self.dim_rowmax = last
        self.spool.seek(0)
        while piece := self.spool.read(1 << 16):
            self.fh.write(piece)
        self.spool.close()
        return None


class Cells:
    """How the cells of one column are written: the XML before the row's number, the value, and after it."""

    def __init__(self, kind, index, look):
        style = f' s="{look._get_xf_index()}"' if look else ""
        self.kind, self.start = kind, f'<c r="{column_letters(index)}'
        self.written = {"text": str, "number": repr, "date": day_number}[kind]
        if kind == "text":
            self.middle, self.end = f'"{style} t="inlineStr"><is><t>', "</t></is></c>"
        else:
            self.middle, self.end = f'"{style}><v>', "</v></c>"

    def careful(self, text):
        """(XML before, escaped text) of a text that cannot go in as it is."""
        kept = ' xml:space="preserve"' if text != text.strip() else ""
        return self.middle[:-1] + kept + ">", escaped(text)


def row_xml(number, cells, row):
    """One row of a sheet as XML; `number` is its own as text. None leaves its cell out."""
    parts = ['<row r="', number, '">']
    texts = [value for value in row if value.__class__ is str]
    careful = NEEDS_CARE.search(SEPARATOR.join(texts))
    for cell, value in zip(cells, row, strict=True):
        if value is None or value == "":
            continue
        if careful and cell.kind == "text":
            middle, value = cell.careful(str(value))
            parts += (cell.start, number, middle, value, cell.end)
        else:
            parts += (cell.start, number, cell.middle, cell.written(value), cell.end)
    parts.append("</row>")
    return "".join(parts)


def day_number(day):
    """A date as Excel counts it, in whole days."""
    return str((day - EPOCH).days)


def column_letters(index):
    """The sheet's letters of a column: 0 is A, 26 is AA."""
    letters, index = "", index + 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def escaped(text):
    """Text for a cell's XML: markup and controls escaped as Excel reads them, what XML cannot hold left out."""
    text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text[:LONGEST_TEXT])
    text = re.sub(r"[\ud800-\udfff\ufffe\uffff]", "", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"[\x00-\x08\x0b-\x1f]", lambda found: f"_x{ord(found[0]):04X}_", text)


class SafeWorkbook(Workbook):
    """An XlsxWriter workbook in which nothing is ever run, whose bytes depend on its content alone.

    `style(name)` gives one of the product's cell formats; `page(...)` adds a sheet set up for A4 landscape.
    """

    def __init__(self, target, title, *, created=FIXED_MOMENT, subject="", tmpdir=None):
        # A copy, since XlsxWriter writes into the font's options and the next workbook would differ.
        super().__init__(target, copy.deepcopy(OPTIONS) | {"tmpdir": tmpdir})
        self.worksheet_class = StreamedSheet
        created = created.replace(tzinfo=None, microsecond=0)
        about = {"title": title, "subject": subject, "author": "Khet", "company": "", "created": created}
        self.set_properties(about)
        self.made = {}

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


def write_table(sheet, book, columns, rows, *, header_row=0, count_widths=True):
    """Header and rows of one table, with a filter on every column; returns how many rows.

    `columns` have `.label`, `.cell` ("text", "center", "count", "measure" or "date"), `.decimals` and `.width`.
    """
    for index, column in enumerate(columns):
        sheet.write_string(header_row, index, column.label, book.style("header"))
        if count_widths:
            sheet.set_column(index, index, column.width)
    looks = [(STREAMED[column.cell], style_of(book, column)) for column in columns]
    count = sheet.stream(header_row + 1, looks, rows)
    sheet.autofilter(header_row, 0, header_row + max(count, 1), len(columns) - 1)
    return count


STREAMED = {"text": "text", "center": "text", "count": "number", "measure": "number", "date": "date"}


def style_of(book, column):
    """The cell format of a column."""
    return book.measured(column.decimals or 0) if column.cell == "measure" else book.style(column.cell)


@contextlib.contextmanager
def workbook_bytes(title, **about):
    """Make a workbook: `with workbook_bytes("...") as (book, result): ...`, then `result.getvalue()` are its bytes.

    Parts wait in a private folder that is gone afterwards, also when the making fails: they hold personal data.
    """
    result = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="khet-") as folder:
        book = SafeWorkbook(result, title, tmpdir=folder, **about)
        try:
            yield book, result
        except BaseException:
            book.fileclosed = 1  # nothing half-made is written, and no warning either
            raise
        book.close()
