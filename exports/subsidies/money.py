"""The money of a round as tables (ประมาณการงบประมาณ): by school, item and district, what may be owed, two tables of rates
side by side, and one school's own statement. Page, print and workbook are drawn from the same Table.

`shown` are the items that a reader may see school by school: the poor pupils' money tells how many are poor, so whoever
may not see that of one school has it for the whole area alone, and not there where they are few (domain.md 6, rule 4).
"""

from decimal import Decimal

from documents.checking.limits import limits_of
from documents.collecting.freezing import freeze_of
from documents.district import places
from documents.dmc import counting
from documents.dmc.small_cells import SMALL
from documents.dmc.students import Student
from documents.formats import buddhist
from documents.records.fields import shown
from documents.records.record import declared
from documents.subsidies.money import SUBSYSTEM, UNREPORTED
from documents.subsidies.rate_rows import ITEMS, LEVELS, TERMS, UNITS
from exports.workbooks.report_tables import Column, Table, columns, tables_workbook
from exports.workbooks.workbook import file_name

SENSITIVE = ("poor",)
SHORT = {"schools": "รายโรงเรียน", "items": "ตามรายการ", "districts": "ตามอำเภอ", "back": "ย้ายออกหลังล็อก"}
COMPARED = {"compare": "เทียบตามรายการ", "compare_schools": "เทียบรายโรงเรียน"}
TITLES = {
    "schools": "ประมาณการงบประมาณรายโรงเรียน",
    "items": "ประมาณการงบประมาณตามรายการ",
    "districts": "ประมาณการงบประมาณตามอำเภอ",
    "back": "นักเรียนที่ออกหลังวันที่ของรอบ และเงินที่อาจต้องคืน",
    "leavers": "รายชื่อนักเรียนที่ออกหลังวันที่ของรอบ",
    "compare": "เปรียบเทียบอัตราตามรายการ",
    "compare_schools": "เปรียบเทียบอัตรารายโรงเรียน",
    "school": "ประมาณการงบประมาณของโรงเรียน",
}
SHEETS = {"back": "ออกหลังวันที่ของรอบ", "leavers": "รายชื่อผู้ออก"}  # where the title is too long for a sheet's name
BRIEF = {
    "teaching": "เงินรายหัว",
    "small": "ร.ร.ขนาดเล็ก",
    "books": "หนังสือเรียน",
    "supplies": "อุปกรณ์",
    "uniform": "เครื่องแบบ",
    "activity": "กิจกรรม",
    "poor": "ยากจน",
    "boarding": "พักนอน",
    "lunch": "อาหารกลางวัน",
    "home": "โดยครอบครัว",
}
SAYS = "เป็นประมาณการจากข้อมูลที่ล็อกแล้ว ไม่ใช่การจัดสรรหรือการโอนเงิน"


def cell(satang):
    """Satang as a cell in baht: a whole number where it is whole, else with its two decimals."""
    return satang // 100 if satang % 100 == 0 else Decimal(satang) / 100


def items_for(estimate, sensitive):
    """The items of an estimate that are shown school by school."""
    return [item for item in estimate.items if sensitive or item not in SENSITIVE]


def about(estimate):
    """What an estimate goes by, in words."""
    term = TERMS[estimate.term]
    return f"อัตรา{estimate.table.title} · {term} ปีงบประมาณ {estimate.fiscal_year} · {SAYS}"


def money_heads(shown, estimate):
    """The columns of money of a table: an item each, the year and the term."""
    heads = [BRIEF[item] for item in shown]
    return [*heads, "รวมทั้งปี (บาท)", f"{TERMS[estimate.term]} (บาท)"]


def _amounts(of, shown):
    return [*(cell(of.total(items=(item,))) for item in shown), cell(of.total(items=shown)), cell(of.total("term", shown))]  # fmt: skip


def _table(name, heads, numbers_from, rows, total, estimate):
    numbers = set(range(numbers_from, len(heads)))
    sheet = SHEETS.get(name)
    return Table(name, TITLES[name], columns(heads, numbers), rows, total, about(estimate), sheet=sheet)


def schools_table(estimate, shown):
    """A row a school, home learners last, with the sum."""
    heads = ["โรงเรียน", "รหัสโรงเรียน", "กลุ่มโรงเรียน", "นักเรียนที่นับ", *money_heads(shown, estimate)]
    rows = []
    for school in estimate.everyone:
        if school.unreported:
            rows.append([school.name, school.code, UNREPORTED, 0, *([None] * (len(heads) - 4))])
        else:
            rows.append([school.name, school.code, school.cluster, school.size, *_amounts(school, shown)])
    total = ["รวม", "", "", estimate.heads(), *_amounts(estimate, shown)]
    return _table("schools", heads, 3, rows, total, estimate)


def districts_table(estimate, shown):
    """A row a district of the schools, by name."""
    found = {}
    for school in estimate.schools:
        found.setdefault(places.name(school.district) or "ไม่ระบุอำเภอ", []).append(school)
    heads = ["อำเภอ", "โรงเรียน", "นักเรียนที่นับ", *money_heads(shown, estimate)]
    rows = []
    for name, schools in sorted(found.items()):
        sums = [cell(sum(one.total(items=(item,)) for one in schools)) for item in shown]
        whole = [cell(sum(one.total(part, shown) for one in schools)) for part in ("year", "term")]
        rows.append([name, len(schools), sum(one.size for one in schools), *sums, *whole])
    if estimate.home:
        rows.append([estimate.home.name, 0, 0, *_amounts(estimate.home, shown)])
    total = ["รวม", len(estimate.schools), estimate.heads(), *_amounts(estimate, shown)]
    return _table("districts", heads, 1, rows, total, estimate)


def items_table(estimate, sensitive):
    """A row an item and level; of poor pupils one of all levels, none where they are few, for who may not see more."""
    heads = ["รายการ", "ระดับ", "นักเรียน", "จ่ายให้", "รวมทั้งปี (บาท)", f"{TERMS[estimate.term]} (บาท)"]
    rows, merged, hidden = [], [0, 0, 0, 0], False
    for (item, level), sums in estimate.by_item().items():
        if item in SENSITIVE and not sensitive:
            merged = [a + b for a, b in zip(merged, sums, strict=True)]
        else:
            rows.append([ITEMS[item].label, LEVELS[level][0], *sums[:2], *map(cell, sums[2:])])
    if merged[0]:
        hidden = merged[0] < SMALL or merged[1] < SMALL
        shown = [None] * 4 if hidden else [*merged[:2], *map(cell, merged[2:])]
        rows.append([ITEMS["poor"].label, "ทุกระดับ (ซ่อนไว้ เพราะน้อยกว่า 10 คน)" if hidden else "ทุกระดับ", *shown])
    items = [item for item in estimate.items if not (hidden and item in SENSITIVE)]
    total = ["รวม", "", "", "", cell(estimate.total(items=items)), cell(estimate.total("term", items))]
    return _table("items", heads, 2, rows, total, estimate)


def statement(estimate, school):
    """One school's own: a row a rate that its pupils met."""
    heads = ["รายการ", "ระดับ", "นักเรียน", "จ่ายให้", "อัตรา (บาท)", "หน่วย", "รวมทั้งปี (บาท)", f"{TERMS[estimate.term]} (บาท)"]  # fmt: skip
    rows = [
        [
            ITEMS[due.rate.item].label, LEVELS[due.level][0], due.heads, due.paid, cell(due.rate.amount), unit_of(due.rate),
            cell(due.year), cell(due.term),
        ]
        for due in school.dues
    ]  # fmt: skip
    total = ["รวม", "", "", "", "", "", cell(school.total()), cell(school.total("term"))]
    named = tuple(Column(head, at in (2, 3, 4, 6, 7)) for at, head in enumerate(heads))
    said = UNREPORTED if school.unreported else f"นักเรียนที่นับ {school.size:,} คน · {about(estimate)}"
    return Table("school", TITLES["school"], named, rows, total, said)


def unit_of(rate):
    """The unit of a rate in words, with its days and cap: 'บาท/คน/วัน × 200 วัน'."""
    days = f" × {rate.days} วัน" if rate.per == "day" else ""
    cap = f" · ไม่เกิน {rate.cap}%" if rate.cap is not None else ""
    return f"{UNITS[rate.per]}{days}{cap}"


def back_table(estimate, owed, sensitive):
    """A row a school with leavers; how many of them are poor, and what may be owed, for who may see it of one school."""
    heads = ["โรงเรียน", "รหัสโรงเรียน", "นักเรียนที่นับ", "ออกหลังวันที่ของรอบ"]
    rows = [[each.school.name, each.school.code, each.school.size, each.leavers] for each in owed]
    total = ["รวม", "", sum(each.school.size for each in owed), sum(each.leavers for each in owed)]
    if sensitive:
        heads += ["ในจำนวนนี้ยากจน", "ปัจจัยพื้นฐานที่อาจต้องคืน (บาท)"]
        rows = [[*row, each.poor, cell(each.satang)] for row, each in zip(rows, owed, strict=True)]
        total += [sum(each.poor for each in owed), cell(sum(each.satang for each in owed))]
    return _table("back", heads, 2, rows, total, estimate)


def leavers_table(estimate, leavers, sensitive):
    """A row a pupil who counted and left, by school: since when, why, where to; whether he is poor for who may see it."""
    names = {each.code: each.name for each in estimate.schools}
    known = declared(Student)
    heads = ["ชื่อ-สกุล", "โรงเรียน", "ชั้น", "ห้อง", "สถานะ", "สาเหตุ", "ออกเมื่อ", "ไปที่"]
    rows = []
    for each in leavers:
        later, day = each.later, each.later.get("leave_date")
        row = [Student.headline(each.record), names.get(each.school_code, each.school_code)]
        row += [shown(known[name], each.record.get(name)) for name in ("grade", "room")]
        row += [shown(known[name], later.get(name)) for name in ("status", "leave_reason")]
        row += [buddhist.format_short(day) if day else "", later.get("leave_to") or ""]
        rows.append([*row, "ยากจน" if each.is_poor else ""] if sensitive else row)
    heads += ["ฐานะ"] if sensitive else []
    said = f"เอกสารนี้มีข้อมูลส่วนบุคคล ห้ามเผยแพร่ · นักเรียนที่นับเพื่อจัดสรรในรอบ {estimate.round.label} แล้วออก"
    return Table(
        "leavers", TITLES["leavers"], columns(heads, set()), rows, None, said, sheet=SHEETS["leavers"]
    )


def compared(first, second, shown):
    """Two estimates of one round side by side, by item and level."""
    heads = ["รายการ", "ระดับ", *_titles(first, second), "ต่าง (บาท)"]
    mine, theirs = first.by_item(), second.by_item()
    keys = [key for key in {**mine, **theirs} if key[0] in shown]
    order = [(item, level) for item in ITEMS for level in LEVELS]
    rows = []
    for key in sorted(keys, key=order.index):
        before, after = mine.get(key, [0] * 4)[2], theirs.get(key, [0] * 4)[2]
        rows.append([ITEMS[key[0]].label, LEVELS[key[1]][0], *_pair(before, after)])
    total = ["รวม", "", *_pair(first.total(items=shown), second.total(items=shown))]
    return Table("compare", TITLES["compare"], columns(heads, {2, 3, 4}), rows, total, SAYS)


def compared_schools(first, second, shown):
    """Two estimates of one round side by side, a row a school."""
    heads = ["โรงเรียน", "รหัสโรงเรียน", "นักเรียนที่นับ", *_titles(first, second), "ต่าง (บาท)"]
    others = {school.code: school for school in second.everyone}
    rows = [
        [one.name, one.code, one.size, *_pair(one.total(items=shown), others[one.code].total(items=shown) if one.code in others else 0)]
        for one in first.everyone
    ]  # fmt: skip
    total = ["รวม", "", first.heads(), *_pair(first.total(items=shown), second.total(items=shown))]
    title = TITLES["compare_schools"]
    return Table("compare_schools", title, columns(heads, {2, 3, 4, 5}), rows, total, SAYS)


def _titles(first, second):
    names = [first.table.title, second.table.title]
    return names if names[0] != names[1] else [f"{names[0]} (ก)", f"{names[1]} (ข)"]


def _pair(before, after):
    return [cell(before), cell(after), cell(after - before)]


def rules_in_words(round_):
    """The year's counting rules as the lock froze them, in one line."""
    freeze = freeze_of(round_)
    limits = (freeze and freeze.limits) or limits_of(round_.area_code, SUBSYSTEM, round_.academic_year)
    rules = counting.Rules.of(limits)
    suspended = counting.LEFT_OUT[int(rules.suspended)]
    doubles = counting.EVERY_CLAIM[int(rules.doubles)]
    return f"อายุ {rules.youngest}–{rules.oldest} ปี · แขวนลอย: {suspended} · ซ้ำสองโรงเรียน: {doubles}"


# ---- files ----


def of_estimate(estimate):
    """What the workbook is of, in words."""
    round_ = estimate.round
    return f"รอบ {round_.label} ข้อมูล ณ วันที่ {buddhist.format_long(round_.as_of)}"


def money_workbook(estimate, tables, whose):
    """The bytes of the workbook: a sheet a Table, and one of the rates it goes by."""
    every = [*tables, rates_table(estimate.table)]
    return tables_workbook(every, whose, of_estimate(estimate), estimate.round.as_of, estimate.round.label)


def rates_table(table):
    """The rows of a RateTable, with where each is from and whether somebody verified it."""
    heads = ("รายการ", "ระดับ", "ภาคเรียน", "ขนาดโรงเรียน", "อัตรา (บาท)", "หน่วย", "ที่มา", "ตรวจสอบแล้ว")
    rows = [
        [
            ITEMS[rate.item].label, LEVELS[rate.level][0] if rate.level else "ทุกระดับ", TERMS[rate.term], rate.size or "ทุกขนาด",
            cell(rate.amount), unit_of(rate), rate.source_note, "ตรวจสอบแล้ว" if rate.verified else "ยังไม่ตรวจสอบ",
        ]
        for rate in table.rates
    ]  # fmt: skip
    return Table("rates", f"อัตรา {table.title}", columns(heads, {4}), rows, None, f"{len(rows):,} อัตรา")


def money_file_name(estimate, title, whose):
    """The download's name."""
    return file_name(f"{estimate.round.label}-{title}-{whose}")
