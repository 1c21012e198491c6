"""Reports of G-codes: codes by school, nationality, month, state and grade, the learners still without a 13-digit number,
and the register.

The first five hold counts alone, in the manual's two reports and what follows from them; the last two name learners.
"""

from documents import clock
from documents.district.schools import School
from documents.dmc.student_rules import full_name
from documents.formats import buddhist
from documents.formats.citizen_id import mask_id
from documents.gcode.gcode import CODE_KINDS, STATES
from documents.gcode.gcode_counts import COLUMNS, GROUPS, counted, is_small
from documents.gcode.gcode_following import age_words, days_since, learners_without, register_of
from documents.records.codelists import code_list
from exports.dmc.report_files import SMALL_SAYS
from exports.workbooks.report_tables import Table, columns, tables_workbook
from exports.workbooks.workbook import file_name

TITLES = {
    "school": "รายงานสถิติการออกรหัสผู้เรียน จำแนกตามสถานศึกษา",
    "nation": "รายงานสถิติการออกรหัสผู้เรียน จำแนกตามสัญชาติ",
    "month": "รายงานสถิติการออกรหัสผู้เรียน จำแนกตามเดือน",
    "grade": "รายงานสถิติการออกรหัสผู้เรียน จำแนกตามชั้น",
    "state": "รายงานสถิติการออกรหัสผู้เรียน จำแนกตามสถานะ",
    "following": "ผู้เรียนที่ยังไม่ได้เลข 13 หลัก",
    "register": "ทะเบียนรหัส G",
}
SHEETS = {
    "school": "ตามสถานศึกษา", "nation": "ตามสัญชาติ", "month": "ตามเดือน", "grade": "ตามชั้น", "state": "ตามสถานะ",
    "following": "ยังไม่ได้เลข 13 หลัก", "register": "ทะเบียน",
}  # fmt: skip
COUNTED = ("school", "nation", "month", "grade", "state")
FIRST = {"school": "สถานศึกษา", "nation": "สัญชาติ", "month": "เดือน", "grade": "ชั้น", "state": "สถานะ"}
HEADS = {
    "M": "ชาย", "F": "หญิง", "all": "รวม", "certified": "รับรองแล้ว", "waiting": "รอรับรอง",
    "replaced": "เปลี่ยนเป็นเลข 13 หลัก",
}  # fmt: skip
GROUP_WORDS = {name: HEADS[name] for name in GROUPS} | {"ended": "ไม่รับรองหรือยกเลิก"}
HIDDEN_SAYS = "ซ่อนไว้"
FOLLOWING_HEADS = (
    "ลำดับ", "ชื่อ-สกุล", "โรงเรียน", "รหัส G", "ที่มาของรหัส", "วันที่ได้รหัส", "อายุเรื่อง", "วัน", "อยู่ใน DMC", "เลขที่คำขอ",
)  # fmt: skip
REGISTER_HEADS = (
    "ลำดับ", "เลขที่คำขอ", "ชื่อ-สกุล", "เพศ", "วันเกิด", "สัญชาติ", "โรงเรียน", "ชั้น", "สถานะ", "รหัส G", "ที่มาของรหัส",
    "วันที่ได้รหัส", "เลข 13 หลัก", "วันที่เปลี่ยนเลข",
)  # fmt: skip


def table_of(name, user, area_code, narrowed, whole_ids=False):
    """The Table of a report's name as this person may see it; `whole_ids`: numbers in full, for a file that is noted.

    Raises OutOfScope as `gcode_counts.counted` does.
    """
    if name == "following":
        return following(user, area_code, narrowed, whole_ids)
    if name == "register":
        return register(user, area_code, narrowed, whole_ids)
    return counts_table(counted(user, area_code, name, narrowed), area_code, narrowed)


def counts_table(counts, area_code, narrowed):
    """The Table of Counts: a row a school, nationality and so on, those with most codes first; months in order."""
    names = _names(counts.dimension, area_code, counts.rows)
    usual = [code for code in _order(counts.dimension) if code in counts.rows]
    by_size = sorted(counts.rows, key=lambda key: (-counts.rows[key]["all"], names[key]))
    keys = usual or (sorted(counts.rows) if counts.dimension == "month" else by_size)
    keys += [key for key in counts.rows if key not in keys]
    rows = [
        [at, names[key], *(_shown(counts.cell(key, column)) for column in COLUMNS)]
        for at, key in enumerate(keys, 1)
    ]
    total = ["", "รวม", *(_shown(counts.cell(None, column)) for column in COLUMNS)] if rows else None
    heads = columns(("ลำดับ", FIRST[counts.dimension], *HEADS.values()), {0, *range(2, 8)})
    about = said_of(narrowed)
    if counts.totals["unknown"] and counts.whole:
        about += f" ไม่ระบุเพศ {counts.totals['unknown']:,} คน"
    return Table(
        counts.dimension, TITLES[counts.dimension], heads, rows, total, about, sheet=SHEETS[counts.dimension]
    )


def _shown(cell):
    """A number, or the words in place of one that is hidden."""
    if cell.shown:
        return cell.number
    return SMALL_SAYS if is_small(cell.number) else HIDDEN_SAYS


def _order(dimension):
    if dimension == "grade":
        return code_list("GRADE").codes
    return STATES if dimension == "state" else ()


def _names(dimension, area_code, keys):
    """{key: what it is called}."""
    if dimension == "school":
        found = School.objects(area_code=area_code, code__in=list(keys)).only("code", "name")
        return dict.fromkeys(keys, "") | {one.code: one.name for one in found}
    if dimension == "month":
        return {key: _month(key) for key in keys}
    if dimension == "state":
        return {key: STATES.get(key, "ไม่ระบุ") for key in keys}
    words = code_list("NATION" if dimension == "nation" else "GRADE")
    return {key: words.label(key) if key else "ไม่ระบุ" for key in keys}


def _month(key):
    if not key:
        return "ไม่ระบุ"
    year, month = key.split("-")
    return f"{buddhist.SHORT_MONTHS[int(month) - 1]} {int(year) + buddhist.ERA}"


def said_of(narrowed):
    """What a report is narrowed to, in words."""
    said = []
    if narrowed.since:
        said.append(f"ตั้งแต่ {buddhist.format_short(narrowed.since)}")
    if narrowed.until:
        said.append(f"ถึง {buddhist.format_short(narrowed.until)}")
    if narrowed.state:
        said.append(f"สถานะ{GROUP_WORDS[narrowed.state]}")
    if narrowed.sex:
        said.append(f"เพศ{code_list('SEX').label(narrowed.sex)}")
    if narrowed.grade:
        said.append(f"ชั้น {code_list('GRADE').short(narrowed.grade)}")
    return " ".join(said) or "ทุกช่วงเวลา ทุกสถานะที่ส่งคำขอแล้ว"


# ---- those that name learners ----


def following(user, area_code, narrowed, whole_ids):
    """The certified learners without a 13-digit number, the oldest case first."""
    rows, keys = [], []
    for at, (request, there) in enumerate(learners_without(user, area_code, narrowed.school), 1):
        keys.append(str(request["_id"]))
        days = days_since(request["code_at"])
        rows.append([
            at, full_name(request), request.get("school_name") or request["school_code"], _number(request["code"], whole_ids),
            CODE_KINDS[request["code_kind"]], _when(request["code_at"]), age_words(days), days,
            "มี" if there else "ยังไม่มี", request["request_no"],
        ])  # fmt: skip
    about = f"{len(rows):,} คน เรียงจากเรื่องที่นานที่สุด"
    heads = columns(FOLLOWING_HEADS, {0, 7})
    return Table(
        "following", TITLES["following"], heads, rows, None, about, personal=True, keys=tuple(keys),
        sheet=SHEETS["following"],
    )  # fmt: skip


def register(user, area_code, narrowed, whole_ids):
    """Every request that was given a code, whatever became of it: for officers alone."""
    sexes, grades, nations = code_list("SEX"), code_list("GRADE"), code_list("NATION")
    rows, keys = [], []
    for at, (request, sensitive) in enumerate(register_of(user, area_code, narrowed.school), 1):
        keys.append(str(request["_id"]))
        nation = nations.label(request.get("nationality")) if sensitive else HIDDEN_SAYS
        rows.append([
            at, request["request_no"], full_name(request), sexes.label(request.get("sex")), buddhist.format_date(request.get("birth_date")),
            nation, request.get("school_name") or request["school_code"], grades.short(request.get("grade")),
            STATES[request["state"]], _number(request.get("code"), whole_ids),
            CODE_KINDS.get(request.get("code_kind"), ""), _when(request.get("code_at")),
            _number(request.get("new_number"), whole_ids), buddhist.format_date(request.get("replaced_on")),
        ])  # fmt: skip
    heads = columns(REGISTER_HEADS, {0})
    return Table(
        "register",
        TITLES["register"],
        heads,
        rows,
        None,
        f"{len(rows):,} คน",
        personal=True,
        keys=tuple(keys),
        sheet=SHEETS["register"],
    )


def _number(number, whole):
    return (number or "") if whole else mask_id(number)


def _when(instant):
    """The day of a stored instant."""
    return buddhist.format_date(clock.in_bangkok(instant).date()) if instant else ""


# ---- as a workbook ----


def reports_workbook(tables, whose):
    """The bytes of a workbook, a sheet a Table."""
    return tables_workbook(tables, whose, f"ข้อมูล ณ วันที่ {buddhist.format_long(clock.today())}")


def reports_file_name(tables, whose):
    """The download's name."""
    title = tables[0].title if len(tables) == 1 else "รายงานรหัส G"
    return file_name(f"{title}-{whose}")
