"""CSV and its kin: which encoding, which delimiter, and the rows."""

import csv
import re
from collections import deque

from documents.errors import FileRefused
from exports.reading import guards
from exports.reading.rows import LAST, Rows

DELIMITERS = ",\t;|"
LINE = re.compile(
    r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+"
)  # a file made of the text would hold it once more, at twice its size


def decoded(content):
    """(text, name of the encoding): UTF-16 by its mark or its letters, strict UTF-8 with or without a mark, then CP874.

    This order decided every real file tried. Raises FileRefused when none fits.
    """
    if utf16 := guards.utf16_of(content):
        return decode_or_refuse(content, utf16), "UTF-16"
    if content.startswith(b"\xef\xbb\xbf"):
        return decode_or_refuse(content, "utf-8-sig"), "UTF-8 (BOM)"
    try:
        return content.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        return decode_or_refuse(content, "cp874"), "CP874 (TIS-620)"


def decode_or_refuse(content, encoding):
    """The text in that encoding. Raises FileRefused with what to do."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as fault:
        raise FileRefused(
            "อ่านตัวอักษรในไฟล์นี้ไม่ได้ กรุณาเปิดด้วย Excel แล้วบันทึกเป็น .xlsx หรือ “CSV UTF-8” จากนั้นนำเข้าใหม่"
        ) from fault


def delimiter_of(text):
    """The delimiter that splits the first lines into most cells; a comma when nothing splits them."""
    head = text[:20_000].splitlines()[:20]
    return max(DELIMITERS, key=lambda mark: sum(len(row) - 1 for row in csv.reader(head, delimiter=mark)))


def quoting_of(text, delimiter):
    """Whether quote marks quote: a tab file with as many tabs in every line never quotes, marks in it are text."""
    if delimiter != "\t":
        return csv.QUOTE_MINIMAL
    counts = {line.count("\t") for line in text.splitlines() if line.strip()}
    return csv.QUOTE_NONE if len(counts) == 1 else csv.QUOTE_MINIMAL


def delimited_rows(text):
    """(number, values) of each filled row, as `Rows`, numbered as a spreadsheet would; a blank cell is None.

    A record whose quoted cell holds line breaks is one row. Raises FileRefused when it is too wide.
    """
    delimiter = delimiter_of(text)
    csv.field_size_limit(guards.MAX_TEXT)
    quoting = quoting_of(text, delimiter)

    def walk():
        lines = csv.reader((found[0] for found in LINE.finditer(text)), delimiter=delimiter, quoting=quoting)
        for number, record in enumerate(lines, 1):
            values = [value if value and not value.isspace() else None for value in record]
            while values and values[-1] is None:
                values.pop()
            if values:
                yield number, values

    count = widest = 0
    ends = deque(maxlen=LAST)
    for number, values in walk():
        count, widest = count + 1, max(widest, len(values))
        ends.append((number, values))
        if widest > guards.MAX_COLUMNS:
            guards.refuse_width(widest)
    return Rows(walk, count, widest, ends=lambda: ends)
