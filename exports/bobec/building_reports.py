"""Reports of B-OBEC: counts by type, condition and district, ages, classrooms needed and there, who waits, the register.

Most are read off counters that the door keeps on submissions, so that 230 schools are one query; ages and the register
read the records. A page, its print and the workbook show the same figures.
"""

from collections import Counter

from documents.bobec.building_rules import BANDS, DEMOLISHED, band, year_of
from documents.bobec.buildings import Building
from documents.clock import utc
from documents.collecting.submissions import HANDED_IN, SEALED, submissions_of
from documents.database import collection
from documents.district import places
from documents.district.land import size_in_words, total
from documents.district.schools import School
from documents.formats import buddhist
from documents.records import linked
from documents.records.codelists import code_list
from exports.workbooks.columns import Surroundings
from exports.workbooks.layouts import layout_of
from exports.workbooks.report_tables import Column, Table, columns

TITLES = {
    "types": "สิ่งก่อสร้างตามประเภทและสภาพ",
    "districts": "สิ่งก่อสร้างตามอำเภอ ประเภท และสภาพ",
    "ages": "สิ่งก่อสร้างตามช่วงอายุ",
    "rooms": "ห้องเรียนที่ต้องใช้และที่มี",
    "schools": "สิ่งก่อสร้างรายโรงเรียน",
    "waiting": "โรงเรียนที่ยังไม่ยืนยันข้อมูลสิ่งก่อสร้าง",
    "register": "ทะเบียนสิ่งก่อสร้าง",
}
# What a button that leads to one, and its sheet, is called; those of the whole area.
SHORT = {
    "types": "ประเภทและสภาพ", "districts": "ตามอำเภอ", "ages": "ช่วงอายุ", "rooms": "ห้องเรียน", "schools": "รายโรงเรียน",
    "waiting": "ยังไม่ยืนยัน",
}  # fmt: skip
UNSAID = "ยังไม่ระบุ"
OFFICE = "สำนักงานเขต"


def _table(name, *parts):
    return Table(name, TITLES[name], *parts, sheet=SHORT.get(name))


def table_of(name, round_, school=None):
    """The Table of a report's name in a round; `school` is the code of the one whose register it is, None for all."""
    if name == "register":
        return register(round_, school)
    units = list(submissions_of(round_).order_by("cluster", "school_code"))
    made = {
        "types": types,
        "districts": districts,
        "ages": ages,
        "rooms": rooms,
        "schools": schools,
        "waiting": waiting,
    }
    return made[name](round_, units)


def conditions():
    """(code, label) of the conditions, the best first."""
    return code_list("CONDITION").choices


def _heads(*before):
    labels = [label for _, label in conditions()]
    heads = (*before, *labels, UNSAID, "รวม")
    return columns(heads, set(range(len(before), len(heads))))


def _by_condition(counts, kind):
    """[good, fair, poor, unsaid, all] of a type in counters."""
    known = [counts.get(f"t{kind}_{code}", 0) for code, _ in conditions()]
    whole = counts.get(f"t{kind}", 0)
    return [*known, whole - sum(known), whole]


def _summed(units):
    total = Counter()
    for unit in units:
        total.update({name: number for name, number in unit.counts.items() if isinstance(number, int)})
    return total


def _totals(rows, first):
    return [sum(row[at] for row in rows) for at in range(first, len(rows[0]))] if rows else None


def _about(units):
    entered = sum(1 for unit in units if unit.counts.get("buildings"))
    return f"รวม {entered:,} จาก {len(units):,} หน่วยที่บันทึกแล้ว ไม่นับที่รื้อถอนแล้ว"


def types(round_, units):
    """A row a type that stands anywhere, by condition."""
    kinds, counts = code_list("BTYPE"), _summed(units)
    rows = [[kinds.label(kind), *_by_condition(counts, kind)] for kind in kinds.codes if counts[f"t{kind}"]]
    totals = _totals(rows, 1)
    return _table("types", _heads("ประเภทสิ่งก่อสร้าง"), rows, totals and ["รวมทั้งหมด", *totals], _about(units))


def districts(round_, units):
    """A row a district and type, by condition."""
    kinds, of, rows = code_list("BTYPE"), _district_names(round_), []
    for name in sorted(set(of.values())):
        counts = _summed(unit for unit in units if of.get(unit.school_code) == name)
        rows += [
            [name, kinds.label(kind), *_by_condition(counts, kind)]
            for kind in kinds.codes
            if counts[f"t{kind}"]
        ]
    totals = _totals(rows, 2)
    return _table(
        "districts",
        _heads("อำเภอ", "ประเภทสิ่งก่อสร้าง"),
        rows,
        totals and ["รวมทั้งหมด", "", *totals],
        _about(units),
    )


def _district_names(round_):
    """{code of a unit: its district}; the area office stands apart."""
    found = collection(School).find({"area_code": round_.area_code}, {"code": 1, "district": 1, "kind": 1})
    return {
        row["code"]: OFFICE
        if row.get("kind") == "office"
        else places.name(row.get("district")) or "ไม่ระบุอำเภอ"
        for row in found
    }


def ages(round_, units):
    """A row a type, by the age of what stands, at the round's day."""
    kinds, year, found = code_list("BTYPE"), year_of(round_), {}
    for row in collection(Building).aggregate(
        [
            {"$match": _where(round_) | {"use_status": {"$ne": DEMOLISHED}}},
            {"$group": {"_id": {"kind": "$building_type", "built": "$built_year"}, "many": {"$sum": 1}}},
        ]
    ):
        built = row["_id"].get("built")
        which = band(year - built) if built and built <= year else None
        found.setdefault(row["_id"].get("kind"), Counter())[which] += row["many"]
    bands = [*(code for code, _ in BANDS), None]
    rows = [
        [kinds.label(kind) if kind else UNSAID, *(found[kind][each] for each in bands), found[kind].total()]
        for kind in [*kinds.codes, None]
        if kind in found
    ]
    heads = ("ประเภทสิ่งก่อสร้าง", *(label for _, label in BANDS), UNSAID, "รวม")
    totals = _totals(rows, 1)
    about = f"อายุการใช้งานถึงปี พ.ศ. {year} ไม่นับที่รื้อถอนแล้ว"
    return _table("ages", columns(heads, {1, 2, 3, 4, 5}), rows, totals and ["รวมทั้งหมด", *totals], about)


def _where(round_):
    return {"area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code}


def rooms(round_, units):
    """A row a school: classrooms in use by DMC beside those it has, those lacking most first."""
    need, of, rows = linked.counts(round_.area_code, round_.academic_year, "DMC"), _district_names(round_), []
    for unit in units:
        there = need.get(unit.school_code, {})
        if unit.counts.get("buildings") and not unit.is_office:
            wanted, have = there.get("classrooms", 0), unit.counts.get("classrooms", 0)
            rows.append([
                unit.school_name, unit.school_code, of.get(unit.school_code, ""), unit.cluster or "", there.get("pupils", 0),
                wanted, have, max(wanted - have, 0), max(have - wanted, 0),
            ])  # fmt: skip
    rows.sort(key=lambda row: (-row[7], row[0]))
    heads = (
        "โรงเรียน",
        "รหัสโรงเรียน",
        "อำเภอ",
        "กลุ่มโรงเรียน",
        "นักเรียน",
        "ห้องที่ใช้ (DMC)",
        "ห้องเรียนที่มี",
        "ขาด",
        "เกิน",
    )
    totals = _totals(rows, 4)
    lacking = sum(1 for row in rows if row[7])
    source = linked.round_of(round_.area_code, round_.academic_year, "DMC")
    about = f"ขาดห้องเรียน {lacking:,} จาก {len(rows):,} โรงเรียนที่บันทึกแล้ว"
    about += f" เทียบ DMC รอบ {source.label}" if source else " ยังไม่มีรอบ DMC ให้เทียบ"
    return _table(
        "rooms", columns(heads, {4, 5, 6, 7, 8}), rows, totals and ["รวม", "", "", "", *totals], about
    )


def schools(round_, units):
    """A row a school or office: what stands, by condition, its classrooms and seats; whether there is a plan of its ground."""
    of, grounds = _district_names(round_), _grounds(round_)
    names = [code for code, _ in conditions()]
    rows = [
        [
            unit.school_name, unit.school_code, of.get(unit.school_code, ""), unit.counts.get("standing", 0),
            *(unit.counts.get(name, 0) for name in names), unit.counts.get("classrooms", 0), unit.counts.get("seats", 0),
        ]
        for unit in units
        if unit.counts.get("buildings")
    ]  # fmt: skip
    heads = (
        "โรงเรียน",
        "รหัสโรงเรียน",
        "อำเภอ",
        "สิ่งก่อสร้าง",
        *(label for _, label in conditions()),
        "ห้องเรียนที่ใช้ได้",
        "ที่นั่ง (ส้วม)",
    )
    totals = _totals(rows, 3)
    return _table(
        "schools",
        columns((*heads, "แผนผังโรงเรียน", "เนื้อที่"), set(range(3, len(heads)))),
        [[*row, *grounds[row[1]]] for row in rows],
        totals and ["รวม", "", "", *totals, "", ""],
        _about(units),
    )


def _grounds(round_):
    """{code of a unit: (whether its plan is there, how large its ground is)}, as its profile says today."""
    found = School.objects(area_code=round_.area_code).only("code", "site_plan", "land")
    return {
        one.code: ("มี" if one.site_plan else "ยังไม่มี", size_in_words(*total(one.land)) or "ยังไม่ระบุ")
        for one in found
    }


def waiting(round_, units):
    """The units that have not confirmed, with how far they are."""
    rows = [
        [
            unit.school_name, unit.school_code, unit.cluster or "", unit.shown_state, unit.counts.get("buildings", 0),
            unit.counts.get("incomplete", 0), buddhist.format_datetime(utc(unit.last_write_at)) if unit.last_write_at else "",
        ]
        for unit in units
        if unit.state not in (*HANDED_IN, *SEALED)
    ]  # fmt: skip
    heads = ("โรงเรียน", "รหัสโรงเรียน", "กลุ่มโรงเรียน", "สถานะ", "รายการ", "ยังไม่ครบ", "บันทึกล่าสุด")
    return _table("waiting", columns(heads, {4, 5}), rows, None, f"{len(rows):,} จาก {len(units):,} หน่วย")


def register(round_, school=None):
    """Every building with all its fields, photographs as their addresses: of one school, or of all."""
    layout = layout_of(Building)
    names = {
        each.school_code: each.school_name
        for each in submissions_of(round_).only("school_code", "school_name")
    }
    writers = layout.writers(Surroundings(round_, names))
    where = _where(round_) | ({"school_code": school} if school else {})
    found = collection(Building).find(where, batch_size=1000).sort([("school_code", 1), ("sort_key", 1)])
    years = {
        at
        for at, column in enumerate(layout.written)
        if getattr(layout.fields.get(column.name), "plain", False)
    }
    rows = [
        [str(write(row) or "") if at in years else write(row) for at, write in enumerate(writers)]
        for row in found
    ]
    heads = [
        Column(column.label, column.kind in ("count", "measure") and at not in years)
        for at, column in enumerate(layout.written)
    ]
    return _table("register", tuple(heads), rows, None, f"{len(rows):,} รายการ")
