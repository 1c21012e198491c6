"""Any table a school sends, as one `Table`: XLSX, XLS, ODS, CSV in its encodings, and HTML called .xls.

Nothing is interpreted here: cells come as the text, number or date they are. Every refusal is a `FileRefused`
with a Thai sentence that says what to do; none repeats what the file holds.
"""

from dataclasses import dataclass, field

from documents.errors import FileRefused
from exports.reading import guards
from exports.reading.delimited import decoded, delimited_rows
from exports.reading.headers import JOINT, LOOKED_AT, find_header, label_key
from exports.reading.html_table import html_tables
from exports.reading.merged_cells import filled_down
from exports.reading.rows import filled_up, widest_of
from exports.reading.sheets import Sheet, Unreadable, read_sheets
from exports.reading.stacked_headers import joined_labels, rows_of_header
from exports.reading.table_ends import cut_ends, told

MAX_ROWS = 60_000  # a whole area
EVERY_ROW = 10**9

UNREADABLE = {
    "password": "ไฟล์นี้ตั้งรหัสผ่านไว้ กรุณานำรหัสผ่านออกแล้วบันทึกใหม่ก่อนนำเข้า",
    "broken": "ไฟล์นี้เสียหายหรือโหลดมาไม่ครบ เปิดไม่ได้ " + guards.SAVE_AS,
    "large": "ตารางในไฟล์นี้ใหญ่เกินกว่าที่ระบบเปิดได้ กรุณาคัดลอกเฉพาะแถวที่มีข้อมูลไปไว้ในไฟล์ใหม่",
}


@dataclass
class Table:
    """One table: `rows` are (row number as the sheet shows it, values); a value is text, number, date, bool or None.

    They are a sequence, of a large file one that is read anew each time it is walked.

    `columns` are the labels ("" for a column without one, "group / label" under a header of several rows), `header_row` is
    the sheet's own number of their last row, `sheet` its name (None where the file has no sheets), `encoding` is set for
    text files only. `understood` are sentences of how the file was taken, `warnings` of what is to be looked at.
    """

    kind: str
    filename: str
    sheet: str | None
    encoding: str | None
    header_row: int
    columns: list
    rows: list
    warnings: list = field(default_factory=list)
    understood: list = field(default_factory=list)


def read_table(file, filename, known_labels=(), max_rows=MAX_ROWS):
    """The table of an uploaded file, from the sheet whose header knows most of `known_labels`.

    `file` is bytes or an open binary file. Raises FileRefused.
    """
    content = file if isinstance(file, bytes) else file.read(guards.MAX_TEXT + 1)
    kind = guards.kind_of(content)
    sheets, encoding = sheets_of(kind, content, max_rows)
    sheet, position = best_sheet(sheets, known_labels)
    table = cut_table(sheet, position, max_rows, known_labels)
    table.kind, table.filename, table.encoding = kind, filename, encoding
    if encoding and encoding != "UTF-8":
        table.understood.insert(0, f"อ่านตัวอักษรแบบ {encoding}")
    if len([other for other in sheets if other.rows]) > 1:
        table.warnings.append(f"ไฟล์มีหลายแผ่นงาน ระบบอ่านเฉพาะแผ่นงาน “{sheet.name}”")
    return table


def sheets_of(kind, content, max_rows):
    """(sheets, encoding) of a file whose kind is known."""
    if kind == "text":
        text, encoding = decoded(content)
        return [sheet_of_rows(None, delimited_rows(text))], encoding
    if kind == "html":
        text, encoding = decoded(content)
        found = enumerate(html_tables(text), 1)
        return [sheet_of_rows(f"ตารางที่ {at}", rows, merged) for at, (rows, merged) in found], encoding
    try:
        return read_sheets(content, min(max_rows + LOOKED_AT + 1, EVERY_ROW)), None
    except Unreadable as fault:
        raise FileRefused(UNREADABLE[fault.reason]) from fault


def sheet_of_rows(name, rows, merged=()):
    """A Sheet of rows that are all there."""
    return Sheet(name, rows, len(rows), list(merged))


def best_sheet(sheets, known_labels):
    """(sheet, position of its header row): the sheet with most known labels, the first of equals."""
    found = [(sheet, *find_header(header_zone(sheet), known_labels)) for sheet in sheets if sheet.rows]
    found = [
        (known, -at, sheet, position)
        for at, (sheet, position, known) in enumerate(found)
        if position is not None
    ]
    if not found:
        raise FileRefused(no_header_sentence(known_labels))
    _, _, sheet, position = max(found, key=lambda one: one[:2])
    return sheet, position


def no_header_sentence(known_labels):
    """What to do about a file without a header that is known."""
    some = " ".join(f"“{label}”" for label in list(known_labels)[:3])
    wanted = f" หัวตารางควรมีคำเช่น {some}" if some else ""
    return f"ไม่พบหัวตารางใน {LOOKED_AT} แถวแรกของไฟล์{wanted} กรุณาใช้แบบไฟล์ที่ดาวน์โหลดจากระบบ"


def header_zone(sheet):
    """The first rows, where a label merged over several cells stands in each row it covers downwards."""
    rows = [(number, list(values)) for number, values in sheet.rows[:LOOKED_AT]]
    by_number = dict(rows)
    for top, left, bottom, right in sheet.merged:
        source = by_number.get(top + 1)
        if left != right or not source or left >= len(source):
            continue
        for number in range(top + 2, min(bottom + 1, top + LOOKED_AT) + 1):
            if number in by_number and left < len(by_number[number]):
                by_number[number][left] = source[left]
    return rows


@dataclass
class Header:
    """The header of a sheet: `last` is the position of its last row, `number` that row's own number, `rows` how many it has."""

    last: int
    number: int
    rows: int
    labels: list


def header_of(sheet, position, known_labels, width=0):
    """The Header that the row at a position is part of; "" where a column has no label."""
    rows = sheet.rows[:LOOKED_AT]
    known = {label_key(label) for label in known_labels}
    first, last = rows_of_header(rows, position, sheet.merged, known)
    width = max(width, *(len(values) for _, values in rows[first : last + 1]))
    labels = joined_labels(rows[first : last + 1], sheet.merged, width)
    if first == last:  # what is merged down from above stands in it too
        _, values = header_zone(sheet)[position]
        labels = ["" if value is None else str(value).strip() for value in values] + labels[len(values) :]
    return Header(last, rows[last][0], last - first + 1, labels)


def cut_table(sheet, position, max_rows, known_labels=()):
    """The Table below a header. Raises FileRefused for too many rows, or none."""
    header = header_of(sheet, position, known_labels)
    rows = sheet.rows[header.last + 1 :]
    count = sheet.height - header.last - 1
    if count > max_rows:
        raise FileRefused(
            f"ไฟล์นี้มีข้อมูล {count:,} แถว เกินครั้งละ {max_rows:,} แถว กรุณาแบ่งเป็นหลายไฟล์ เช่น แยกตามโรงเรียน"
        )
    if not rows:
        raise FileRefused(f"พบหัวตารางที่แถว {header.number} แต่ไม่มีข้อมูลใต้หัวตาราง กรุณาตรวจสอบว่าเลือกไฟล์ถูกต้อง")
    width = max(len(header.labels), widest_of(rows))
    columns = header.labels + [""] * (width - len(header.labels))
    rows, ends = cut_ends(filled_up(rows, width))
    rows, merged = filled_down(rows, sheet.merged, header.number)
    table = Table("", "", sheet.name, None, header.number, columns, rows)
    said, wrong = told(ends, rows, columns)
    table.understood = [*in_words(header), *said]
    table.warnings = [*([merged] if merged else []), *wrong]
    return table


def in_words(header):
    """How a header of several rows was joined, as sentences."""
    if header.rows < 2:
        return []
    some = next((label for label in header.labels if JOINT in label), "")
    return [f"หัวตารางมี {header.rows} แถว ระบบรวมเป็น “กลุ่ม / ช่อง” เช่น “{some}”"] if some else []
