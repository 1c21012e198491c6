"""Growth tables read from a file: a sex, a height or an age, and the bounds between the categories, row by row."""

from documents.dmc.growth import MOST_ROWS
from documents.errors import FileRefused
from documents.formats import thai
from exports.reading.reading import read_table

SEXES = {"ชาย": "M", "ช": "M", "m": "M", "หญิง": "F", "ญ": "F", "f": "F"}


def growth_rows(file):
    """[(sex's code, cm or months, [bounds])] of an uploaded file. Raises FileRefused, naming the row."""
    if file is None or not file.filename:
        raise FileRefused("ยังไม่ได้เลือกไฟล์ กรุณาเลือกไฟล์ตารางเกณฑ์ก่อน")
    table = read_table(file, file.filename, ("เพศ",))
    if len(table.rows) > MOST_ROWS:
        raise FileRefused(f"ตารางเกณฑ์มีได้ไม่เกิน {MOST_ROWS:,} แถว (ไฟล์นี้มี {len(table.rows):,} แถว)")
    return [_row(number, values) for number, values in table.rows]


def _row(number, values):
    sex, *rest = values
    try:
        where, *bounds = [
            float(thai.arabic_digits(str(value)).replace(",", ""))
            for value in rest
            if value not in (None, "")
        ]
    except ValueError as fault:
        raise FileRefused(f"แถวที่ {number:,} ต้องเป็นเพศ ตามด้วยตัวเลข") from fault
    return SEXES.get(thai.clean(sex).lower(), ""), int(where), bounds
