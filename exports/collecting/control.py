"""The control sheet (ใบควบคุม) of a round's workbook: rows and totals as written, digests, who locked it, made by what.

Whoever gets the file checks it against the control room and the confirmation sheets by this one page.
"""

from documents.clock import utc
from documents.collecting.rounds import STATES as ROUND_STATES
from documents.collecting.submissions import STATES
from documents.formats import buddhist
from documents.records.digests import short_code
from documents.version import VERSION
from exports.dmc.reports import LEVELS, as_of_line, figures, irregular

NAME = "ใบควบคุม"
COUNTED = "ทุกยอดในแผ่นนี้นับจากแถวที่เขียนลงไฟล์นี้ และตรวจแล้วว่าตรงกับหน้าติดตามการรายงาน"
HEADS = (("รหัสโรงเรียน", 14), ("ชื่อโรงเรียน", 36), ("สถานะ", 20), ("ฉบับที่", 9), ("จำนวนแถว", 11))
OF_PUPILS = {"pupils": ("นักเรียน", 11), "male": ("ชาย", 10), "female": ("หญิง", 10), "classrooms": ("ห้อง", 8)}
DIGEST = (("รหัสชุดข้อมูล", 18), ("ลายนิ้วมือข้อมูล (SHA-256)", 72))


def control_page(book):
    """The empty sheet, in its place in the book; written once the rows are counted."""
    return book.page(NAME)


def write_control(book, sheet, facts, found, counts, rooms):
    """Fill the sheet: `found` are the tallies by school of what was written, `counts` and `rooms` the report's."""
    numbers = OF_PUPILS if counts is not None else {}
    for index, (_, width) in enumerate((*HEADS, *numbers.values(), *DIGEST)):
        sheet.set_column(index, index, width)
    sheet.write_string(0, 0, f"{NAME} รอบ {facts.round.label} {facts.area_name}", book.style("title"))
    sheet.write_string(1, 0, as_of_line(facts.as_of), book.style("subtitle"))
    sheet.write_string(2, 0, COUNTED, book.style("subtitle"))
    row = 4
    for label, value in lines_of(facts, found):
        sheet.write_string(row, 0, label, book.style("label"))
        _put(book, sheet, row, 2, value, "cover_number" if isinstance(value, int) else "value")
        row += 1
    if counts is not None:
        row = _write_grades(book, sheet, facts, counts, rooms, row + 1)
    _write_schools(book, sheet, facts, found, numbers, row + 1)


def lines_of(facts, found):
    """(label, text or number) above the tables."""
    for document in _listed(facts):
        yield f"จำนวนแถว: {document.label}", _sum(found, document.slug)
    if any("pupils" in one for one in found.values()):
        yield "นักเรียนที่นับเป็นยอด", _sum(found, "pupils")
        yield "ชาย", _sum(found, "male")
        yield "หญิง", _sum(found, "female")
    yield "โรงเรียนทั้งหมด", len(facts.schools)
    yield "โรงเรียนที่ปิดโดยไม่ได้รายงาน", len(facts.unreported)
    if facts.locked_at is None:
        yield "สถานะรอบ", f"{ROUND_STATES[facts.round.state]} (ยังไม่ล็อก ตัวเลขยังเปลี่ยนได้)"
    else:
        yield "ล็อกโดย", facts.locked_by or ""
        yield "ล็อกเมื่อ", buddhist.format_datetime(utc(facts.locked_at))
        yield "รหัสชุดข้อมูลทั้งรอบ", short_code(facts.root_hash or "")
        yield "ลายนิ้วมือข้อมูลทั้งรอบ (SHA-256)", facts.root_hash or ""
    yield "จัดทำด้วย", f"Khet {VERSION}"


def _write_grades(book, sheet, facts, counts, rooms, row):
    """Pupils and rooms by grade, the sums of several grades in bold; gives the row below the table."""
    for index, label in enumerate(("ชั้น", "ชาย", "หญิง", "รวม", "ห้อง")):
        sheet.write_string(row, index, label, book.style("header"))
    numbers = [figures(school["code"], counts, rooms) for school in facts.schools]
    sums = [sum(column) for column in zip(*numbers, strict=True)] or [0] * len(LEVELS) * 4
    for place, (words, grades) in enumerate(LEVELS):
        row += 1
        style = "total" if len(grades) > 1 else "number"
        sheet.write_string(row, 0, words, book.style("total_text" if len(grades) > 1 else "text"))
        for index, number in enumerate(sums[4 * place : 4 * place + 4], 1):
            sheet.write_number(row, index, number, book.style(style))
    if left := irregular(counts):
        row += 1
        sheet.write_string(row, 0, f"ไม่ระบุชั้นหรือเพศ {left:,} คน ไม่อยู่ในตารางนี้", book.style("note_line"))
    return row + 1


def _write_schools(book, sheet, facts, found, numbers, row):
    """One row a school, and the sum of all; `numbers` are the counters that have a column."""
    for index, (label, _) in enumerate((*HEADS, *numbers.values(), *DIGEST)):
        sheet.write_string(row, index, label, book.style("header"))
    slugs = [document.slug for document in _listed(facts)]
    for school in facts.schools:
        row += 1
        own, digest = found.get(school["code"], {}), school.get("digest") or ""
        state = STATES.get(school["state"], school["state"])
        for index, text in ((0, school["code"]), (1, school["name"]), (2, state)):
            sheet.write_string(row, index, text, book.style("text"))
        values = [school.get("version") or 1, sum(own.get(slug, 0) for slug in slugs)]
        for index, number in enumerate([*values, *(own.get(name, 0) for name in numbers)], 3):
            sheet.write_number(row, index, number, book.style("count"))
        for index, text in enumerate(
            (short_code(digest) if digest else "", digest), len(HEADS) + len(numbers)
        ):
            sheet.write_string(row, index, text, book.style("text"))
    sheet.write_string(row + 1, 0, "รวม", book.style("total_text"))
    sums = [sum(_sum(found, slug) for slug in slugs), *(_sum(found, name) for name in numbers)]
    for index, number in enumerate(sums, 4):
        sheet.write_number(row + 1, index, number, book.style("total"))


def _put(book, sheet, row, column, value, style):
    """A number or a text in a cell."""
    if isinstance(value, int):
        sheet.write_number(row, column, value, book.style(style))
    else:
        sheet.write_string(row, column, value, book.style(style))


def _listed(facts):
    """The documents whose records are sheets of the workbook."""
    return [one for one in facts.documents if one.listed]


def _sum(found, name):
    """One counter over all schools."""
    return sum(one.get(name, 0) for one in found.values())
