"""Reports of M-OBEC: the school's sheet in the source's seven columns, the district's matrix, desks lacking, who waits.

Each is a plain table of counters that the door keeps on submissions, so a page, its print and the workbook show the same
figures, and 230 schools are one query.
"""

from documents.clock import utc
from documents.collecting.submissions import HANDED_IN, SEALED, submissions_of
from documents.formats import buddhist
from documents.mobec.equipment import NUMBERS, Equipment, counter
from documents.mobec.equipment_checks import desks_of
from documents.records import linked
from documents.records.codelists import code_list
from documents.records.line_sheets import lines_of
from documents.records.record import Place
from exports.workbooks.report_tables import Table, columns

# The source's own seven headings in its order; the fourth is printed so and holds the item's name (domain.md 3.5).
SCHOOL_HEADS = ("ลำดับ", "รหัส", "รายการ", "รายการ(cm.)", "จำนวนที่ใช้ได้", "จำนวนรอซ่อม", "จำนวนรอจำหน่าย")
MATRIX_HEADS = ("รายการครุภัณฑ์", "รหัส", "กลุ่มครุภัณฑ์", "ใช้ได้", "รอซ่อม", "รอจำหน่าย", "รวม", "หน่วยที่มี")
DESKS_HEADS = ("โรงเรียน", "รหัสโรงเรียน", "กลุ่มโรงเรียน", "ระดับ", "นักเรียน", "โต๊ะเก้าอี้ที่ใช้ได้", "ขาด")
WAITING_HEADS = ("โรงเรียน", "รหัสโรงเรียน", "กลุ่มโรงเรียน", "สถานะ", "กรอกแล้ว", "จากทั้งหมด", "บันทึกล่าสุด")
TITLES = {
    "matrix": "สรุปครุภัณฑ์ของเขต",
    "desks": "โรงเรียนที่ขาดแคลนโต๊ะเก้าอี้นักเรียน",
    "waiting": "โรงเรียนที่ยังไม่ยืนยันข้อมูลครุภัณฑ์",
    "school": "บัญชีครุภัณฑ์ของโรงเรียน",
}
SHEETS = {"desks": "ขาดแคลนโต๊ะเก้าอี้", "waiting": "ยังไม่ยืนยัน"}  # where the title is too long for a sheet's name
OF_THE_AREA = ("matrix", "desks", "waiting")


def table_of(name, round_, school=None):
    """The Table of a report's name in a round; `school` is the code of the school whose sheet it is."""
    if name == "school":
        return school_sheet(round_, school)
    units = list(submissions_of(round_).order_by("cluster", "school_code"))
    return {"matrix": matrix, "desks": desks, "waiting": waiting}[name](round_, units)


def _table(name, *parts, **more):
    return Table(name, TITLES[name], *parts, sheet=SHEETS.get(name), **more)


def school_sheet(round_, school):
    """The sheet of one school, or of the office, as the source prints it."""
    place = Place(round_.area_code, round_.academic_year, round_.code, school)
    rows, at = [], 0
    for _, lines in lines_of(Equipment, place):
        for line in lines:
            at += 1
            plain = line.plain or {}
            rows.append([at, line.code, *printed(line.code), *(plain.get(name) for name in NUMBERS)])
    sums = [sum(row[column] or 0 for row in rows) for column in (4, 5, 6)]
    entered = sum(row[4] is not None for row in rows)
    about = f"กรอกแล้ว {entered:,} จาก {len(rows):,} รายการ"
    heads = columns(SCHOOL_HEADS, {0, 4, 5, 6})
    return _table("school", heads, rows, ["", "", "", "รวม", *sums], about, landscape=False)


def printed(item):
    """(group, item) in the words of the source."""
    items, groups = code_list("EQUIPMENT"), code_list("EQUIPMENT_GROUP")
    of = items.parent(item)
    group = groups.fact(of, "as_printed") or groups.label(of)
    return group, items.fact(item, "as_printed") or items.label(item)


def matrix(round_, units):
    """Every item with its three counts over all units, their sum, and how many units have any."""
    items, groups = code_list("EQUIPMENT"), code_list("EQUIPMENT_GROUP")
    counts = [unit.counts for unit in units]
    chosen = [code for code, _ in items.choices_in(round_.academic_year)]
    chosen += [
        code for code in items.codes if code not in chosen and any(_has(each, code) for each in counts)
    ]
    rows = []
    for code in chosen:
        sums = [sum(each.get(counter(name, code), 0) for each in counts) for name in NUMBERS]
        having = sum(_has(each, code) for each in counts)
        rows.append([items.label(code), code, groups.label(items.parent(code)), *sums, sum(sums), having])
    totals = [sum(row[at] for row in rows) for at in range(3, 7)]
    entered = sum(1 for each in counts if each.get("equipment"))
    about = f"รวม {entered:,} จาก {len(units):,} หน่วยที่กรอกแล้ว"
    return _table(
        "matrix", columns(MATRIX_HEADS, {3, 4, 5, 6, 7}), rows, ["รวมทั้งหมด", "", "", *totals, ""], about
    )


def _has(counts, item):
    return any(counts.get(counter(name, item)) for name in NUMBERS)


def desks(round_, units):
    """The schools with fewer usable desks than pupils, a row a level; pupils are those of DMC."""
    pupils = linked.counts(round_.area_code, round_.academic_year, "DMC")
    rows = []
    for unit in units:
        if not unit.counts.get("equipment"):
            continue
        for _, level, usable, heads in desks_of(unit.counts, pupils.get(unit.school_code, {})):
            if usable < heads:
                rows.append(
                    [
                        unit.school_name,
                        unit.school_code,
                        unit.cluster or "",
                        level,
                        heads,
                        usable,
                        heads - usable,
                    ]
                )
    sums = [sum(row[at] for row in rows) for at in (4, 5, 6)]
    of = linked.round_of(round_.area_code, round_.academic_year, "DMC")
    about = f"นักเรียนจาก DMC รอบ {of.label}" if of else "ยังไม่มีรอบ DMC ให้เทียบ"
    return _table("desks", columns(DESKS_HEADS, {4, 5, 6}), rows, ["รวม", "", "", "", *sums], about)


def waiting(round_, units):
    """The units that have not confirmed, with how far they are."""
    wanted = len(code_list("EQUIPMENT").choices_in(round_.academic_year))
    rows = [
        [
            unit.school_name, unit.school_code, unit.cluster or "", unit.shown_state, unit.counts.get("equipment", 0), wanted,
            buddhist.format_datetime(utc(unit.last_write_at)) if unit.last_write_at else "",
        ]
        for unit in units
        if unit.state not in (*HANDED_IN, *SEALED)
    ]  # fmt: skip
    about = f"{len(rows):,} จาก {len(units):,} หน่วย"
    return _table("waiting", columns(WAITING_HEADS, {4, 5}), rows, None, about)
