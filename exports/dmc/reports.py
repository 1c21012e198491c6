"""The report of pupils by grade and sex (จำนวนนักเรียนแยกชั้น,เพศ) in the ministry's 23 level columns.

Everything but `write_report` is a pure function of counts, so a page and a workbook show the same figures.
"""

from documents.district.levels import GRADES, LEVELS, SEXES
from documents.formats import buddhist

PARTS = ("ชาย", "หญิง", "รวม", "ห้อง")
KEYS = ("รหัสโรงเรียน", "ชื่อโรงเรียน")
TITLE_ROWS = 3  # title, as-of date, what is left out


def figures(school_code, counts, rooms):
    """The 92 numbers of one school: boys, girls, both and rooms for each of the 23 levels.

    `counts` is {(school code, grade, sex): pupils}, `rooms` {(school code, grade): rooms}.
    """
    numbers = []
    for _, grades in LEVELS:
        boys, girls = (sum(counts.get((school_code, grade, sex), 0) for grade in grades) for sex in SEXES)
        numbers += [boys, girls, boys + girls, sum(rooms.get((school_code, grade), 0) for grade in grades)]
    return numbers


def report_rows(schools, counts, rooms):
    """[[code, name, 92 numbers]] for each of `schools` [(code, name)], in their order, and the total row last."""
    rows = [[code, name, *figures(code, counts, rooms)] for code, name in schools]
    totals = [sum(column) for column in zip(*(row[2:] for row in rows), strict=True)] or [0] * len(
        LEVELS
    ) * len(PARTS)
    return [*rows, ["", f"รวม {len(rows):,} โรงเรียน", *totals]]


def irregular(counts):
    """Pupils whose grade or sex is missing or unknown: in no column, so said beside the table (ข้อมูลผิดปกติ)."""
    return sum(
        number for (_, grade, sex), number in counts.items() if grade not in GRADES or sex not in SEXES
    )


def report_title(area_name, round_label):
    """The report's title, as on the page and the sheet."""
    return f"จำนวนนักเรียนแยกชั้น,เพศ รอบ {round_label} {area_name}"


def as_of_line(as_of):
    """ "ข้อมูล ณ วันที่ 10 มิถุนายน 2568"."""
    return f"ข้อมูล ณ วันที่ {buddhist.format_long(as_of)}"


def write_report(book, title, as_of, schools, counts, rooms, name="แยกชั้น,เพศ"):
    """A sheet of the report: title, as-of date, two header rows, schools, totals. Gives back the sheet."""
    top = TITLE_ROWS
    sheet = book.page(name, repeat=(top, top + 1), freeze=(top + 2, len(KEYS)))
    sheet.write_string(0, 0, title, book.style("title"))
    sheet.write_string(1, 0, as_of_line(as_of), book.style("subtitle"))
    left_out = irregular(counts)
    if left_out:
        sheet.write_string(
            2, 0, f"ข้อมูลผิดปกติ (ไม่ระบุชั้นหรือเพศ) {left_out:,} คน ไม่อยู่ในตารางนี้", book.style("label")
        )
    write_heads(sheet, book, top)
    rows = report_rows(schools, counts, rooms)
    for number, row in enumerate(rows, top + 2):
        last = number == top + 1 + len(rows)
        write_school(
            sheet,
            number,
            row,
            book.style("total_text" if last else "text"),
            book.style("total" if last else "count"),
        )
    return sheet


def write_heads(sheet, book, top):
    """The two header rows: each level over its ชาย หญิง รวม ห้อง, the keys over both rows."""
    look = book.style("header")
    for index, label in enumerate(KEYS):
        sheet.merge_range(top, index, top + 1, index, "", look)
        sheet.write_string(top, index, label, look)
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, 1, 36)
    for number, (level, _) in enumerate(LEVELS):
        first = len(KEYS) + number * len(PARTS)
        sheet.merge_range(top, first, top, first + len(PARTS) - 1, "", look)
        sheet.write_string(top, first, level, look)
        for offset, part in enumerate(PARTS):
            sheet.write_string(top + 1, first + offset, part, look)
    sheet.set_column(len(KEYS), len(KEYS) + len(LEVELS) * len(PARTS) - 1, 6.5)


def write_school(sheet, number, row, text, count):
    """One row of the report."""
    for index, value in enumerate(row):
        if index < len(KEYS):
            sheet.write_string(number, index, value, text)
        else:
            sheet.write_number(number, index, value, count)
