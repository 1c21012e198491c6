"""The exchange of G-codes (แลกเปลี่ยนข้อมูลรหัส G) with the ministry's system and the civil registry, as workbooks.

The system connects to no other (domain.md 3.3.2): what is asked for goes out as a workbook, one row a learner, and the
same workbook comes back with the ministry's code or the 13-digit number filled in. A row is matched by its request's
number; a name that is another is an error. While there is one error nothing is written.
"""

from functools import partial

from bson import ObjectId

from documents import clock
from documents.background.jobs import counted_so_far, job_kind
from documents.database import collection
from documents.dmc.student_rules import full_name
from documents.errors import OutOfScope, RuleBroken, WrongState
from documents.formats import buddhist, thai
from documents.gcode import gcode_linking, gcode_numbers
from documents.gcode.gcode import CODE_KINDS, GCodeRequest, visible_to
from documents.gcode.gcode_numbers import RECORDED_IN, TEMPORARY, TEMPORARY_WORD
from documents.people import access
from documents.records.cases import check_step
from documents.records.codelists import code_list
from exports.imports.row_plans import Column, Wrong, area_province, lines_of, planned, stored_plan, write_rows
from exports.workbooks.report_tables import PERSONAL
from exports.workbooks.workbook import file_name, workbook_bytes, write_table

KIND = "gcode_exchange"
KINDS = {
    "ministry": "ขอรหัส G จากระบบของกระทรวง",
    "registry": "ขอเลข 13 หลักจากสำนักทะเบียน",
}
ABOUT = {
    "ministry": "คำขอที่ตรวจสอบแล้วและยังไม่มีรหัสของกระทรวง รวมผู้ที่ใช้รหัสชั่วคราว กรอกรหัสในคอลัมน์ “รหัส G ของกระทรวง”",
    "registry": "ผู้เรียนที่รับรองแล้วและยังไม่ได้เลข 13 หลัก กรอกเลขในคอลัมน์ “เลข 13 หลักที่ได้”",
}
ORDER = [("sort_key", 1), ("_id", 1)]
CODE = Column("รหัส G ของกระทรวง", 20, "code", ("รหัส g", "g-code", "gcode", "รหัส g ที่ได้"))
NUMBER = Column("เลข 13 หลักที่ได้", 20, "number", ("เลขประจำตัวประชาชน", "เลข 13 หลัก", "เลขประจำตัว 13 หลัก"))
COLUMNS = (
    Column("เลขที่คำขอ", 14, "request_no", ("คำขอ", "เลขคำขอ")),
    Column("ชื่อ", 18, "first_name", ("ชื่อ (ไทย)",)),
    Column("นามสกุล", 20, "last_name", ("นามสกุล (ไทย)", "สกุล")),
    Column("ชื่อ-สกุล (ภาษาเดิม)", 24),
    Column("เพศ", 8),
    Column("วันเกิด", 13),
    Column("วันเกิดเป็นการประมาณ", 12),
    Column("สัญชาติ", 16),
    Column("ประเทศที่เกิด", 18),
    Column("จังหวัดหรือเมืองที่เกิด", 20),
    Column("บิดา", 24),
    Column("มารดา", 24),
    Column("รหัสโรงเรียน", 13),
    Column("โรงเรียน", 30),
    Column("ชั้น", 8),
    Column("วันที่ขอ", 13),
    Column("รหัส G ปัจจุบัน", 18),
    Column("ที่มาของรหัส", 26),
    CODE,
    NUMBER,
)
READ = tuple(column for column in COLUMNS if column.name)


# ---- out ----


def wanted(kind):
    """The MongoDB filter of the requests that a kind of workbook lists."""
    if kind == "registry":
        return {"state": "certified", "code": {"$type": "string"}}
    without = {"state": "checked", "code": {"$not": {"$type": "string"}}}
    return {"$or": [without, {"state": "certified", "code_kind": TEMPORARY}]}


def refuse_reader(user, area_code):
    """Raise OutOfScope for anyone but an officer of the area with the mark for sensitive fields: every row holds some."""
    if user.is_system:
        return
    if not user.holds("district", area_code):
        raise OutOfScope("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่แลกเปลี่ยนข้อมูลรหัส G ได้")
    if not access.sees_sensitive(user, area_code):
        raise OutOfScope("ไฟล์นี้มีสัญชาติของผู้เรียน ซึ่งเป็นข้อมูลอ่อนไหว บัญชีของท่านยังไม่ได้รับสิทธิ์เห็นข้อมูลอ่อนไหว")


def rows_wanted(user, area_code, kind):
    """The requests (plain dicts) of a kind of workbook, by name. Raises OutOfScope."""
    refuse_reader(user, area_code)
    scope = {} if user.is_system else visible_to(user)
    asked = {"$and": [{"area_code": area_code}, scope, wanted(kind)]}
    return list(collection(GCodeRequest).find(asked).sort(ORDER))


def exchange_workbook(rows, kind, area_name):
    """The bytes of the workbook; no temporary code stands where the ministry would take it for one of its own."""
    with workbook_bytes(KINDS[kind], subject=area_name) as (book, result):
        sheet = book.page("รายชื่อ", repeat=(3, 3), freeze=(4, 3))
        sheet.write_string(0, 0, f"{KINDS[kind]} {area_name}", book.style("title"))
        day = f"ข้อมูล ณ วันที่ {buddhist.format_long(clock.today())}"
        sheet.write_string(1, 0, f"{day} {len(rows):,} คน {ABOUT[kind]}", book.style("subtitle"))
        sheet.write_string(2, 0, PERSONAL, book.style("note_line"))
        write_table(sheet, book, COLUMNS, (cells_of(row, kind) for row in rows), header_row=3)
    return result.getvalue()


def cells_of(row, kind):
    """One request as a row of the workbook."""
    temporary = row.get("code_kind") == TEMPORARY
    shown = "" if temporary and kind == "ministry" else row.get("code") or ""
    source = TEMPORARY_WORD if temporary else CODE_KINDS.get(row.get("code_kind"), "")
    return [
        row["request_no"], row.get("first_name"), row.get("last_name"), row.get("native_name"),
        code_list("SEX").label(row.get("sex")), buddhist.format_date(row.get("birth_date")),
        "ใช่" if row.get("birth_date_estimated") else "", code_list("NATION").label(row.get("nationality")),
        code_list("COUNTRY").label(row.get("birth_country")), row.get("birth_province"), _adult(row, "father"),
        _adult(row, "mother"), row["school_code"], row.get("school_name"), code_list("GRADE").short(row.get("grade")),
        buddhist.format_date(row.get("requested_on")), shown, source if row.get("code") else "", "", "",
    ]  # fmt: skip


def _adult(row, who):
    return " ".join(filter(None, (row.get(f"{who}_first_name"), row.get(f"{who}_last_name"))))


def exchange_file_name(kind, area_name):
    """The download's name."""
    return file_name(f"{KINDS[kind]}-{area_name}-{clock.today().isoformat()}")


# ---- in: the plan ----


def plan_exchange(content, filename, area_code, actor):
    """The plan of a filled-in workbook: `rows` are {row, id, no, name, what, old, new, revision}, `what` one of WORDS.

    Raises OutOfScope, FileRefused, RuleBroken.
    """
    refuse_reader(actor, area_code)
    names, lines = lines_of(content, filename, READ)
    if "request_no" not in names or not {"code", "number"} & names:
        raise RuleBroken(
            "ไม่พบคอลัมน์ “เลขที่คำขอ” กับ “รหัส G ของกระทรวง” หรือ “เลข 13 หลักที่ได้” กรุณาใช้ไฟล์ที่ดาวน์โหลดจากหน้านี้"
        )
    known = _known(area_code, [_number_of(cells) for _, cells in lines])
    seen, taken = {}, {}

    def planned_row(number, cells):
        return _planned_row(number, cells, known, seen, taken, actor)

    return planned(KIND, filename, lines, planned_row, partial(_doubts_of, area_code))


def _doubts_of(area_code, rows):
    """{row: sentences} of the codes whose parts are doubtful (GC-06)."""
    province = area_province(area_code)
    return {
        row["row"]: list(gcode_numbers.doubts(row["new"], int(row["no"][:4]), province))
        for row in rows
        if row["what"] != "number"
    }


def _known(area_code, numbers):
    """{request's number: GCodeRequest} of those that an area has."""
    years = {}
    for no in {*numbers}:
        year, _, seq = no.partition("-")
        if year.isdecimal() and seq.isdecimal() and len(no) < 16:
            years.setdefault(int(year), []).append(int(seq))
    ways = [{"request_year": year, "request_seq": {"$in": seqs}} for year, seqs in years.items()]
    found = GCodeRequest.objects(__raw__={"area_code": area_code, "$or": ways}) if ways else ()
    return {one.request_no: one for one in found}


def _number_of(cells):
    return thai.arabic_digits(thai.clean(cells["request_no"]))


def _planned_row(number, cells, known, seen, taken, actor):
    """What is kept of one row, None where it fills nothing in. Raises Wrong."""
    no = _number_of(cells)
    filled = [name for name in ("code", "number") if thai.clean(cells.get(name))]
    if not filled:
        return None
    if no not in known:
        raise Wrong("ไม่พบคำขอเลขที่นี้ในเขต กรุณาตรวจเลขที่คำขอ", COLUMNS[0].label)
    if no in seen:
        raise Wrong(f"คำขอนี้อยู่ในแถวที่ {seen[no]} แล้ว กรุณาให้เหลือแถวเดียว", COLUMNS[0].label)
    if len(filled) > 1:
        raise Wrong("กรอกทั้งรหัส G และเลข 13 หลักในแถวเดียว กรุณากรอกอย่างใดอย่างหนึ่ง", NUMBER.label)
    seen[no], request = number, known[no]
    for name, column in (("first_name", COLUMNS[1]), ("last_name", COLUMNS[2])):
        if name in cells and thai.search_key(cells[name]) != thai.search_key(getattr(request, name) or ""):
            raise Wrong(f"{column.label}ไม่ตรงกับคำขอเลขที่นี้ กรุณาตรวจว่าเป็นคนเดียวกัน", column.label)
    column = CODE if filled == ["code"] else NUMBER
    try:
        what, new = _deed_of(request, filled[0], cells[filled[0]], actor)
    except RuleBroken as refusal:
        raise Wrong(refusal.message, column.label) from refusal
    if what is None:
        return None
    if new in taken:
        raise Wrong(f"เลขนี้อยู่ในแถวที่ {taken[new]} แล้ว เลขหนึ่งใช้กับผู้เรียนคนเดียว", column.label)
    taken[new] = number
    return {
        "id": str(request.id), "no": no, "name": full_name(request.to_mongo()), "what": what,
        "old": request.code or "", "new": new, "revision": request.revision,
    }  # fmt: skip


def _deed_of(request, name, cell, actor):
    """("code", "renew" or "number", the clean number) of a filled cell; (None, ...) where it stands so already."""
    if name == "number":
        new = gcode_linking.citizen_number(cell)
        if request.new_number == new:
            return None, new
        check_step(request, request.steps["replace"], actor, clock.now())
        gcode_linking.refuse_known(request, new)
        return "number", new
    new = gcode_numbers.clean_code(cell)
    if request.code == new:
        return None, new
    if request.state in RECORDED_IN:
        gcode_numbers.refuse_taken(request, new)
        return "code", new
    check_step(request, request.steps["renew"], actor, clock.now())
    if gcode_numbers.holder_of(request.area_code, new):
        raise RuleBroken("รหัสนี้ออกให้คำขออื่นแล้ว รหัสหนึ่งใช้กับผู้เรียนคนเดียวและไม่ใช้ซ้ำ")
    return "renew", new


# ---- in: the deed ----


WORDS = {"code": "บันทึกรหัส G", "renew": "แทนรหัสชั่วคราว", "number": "บันทึกเลข 13 หลัก"}


@job_kind(KIND, "บันทึกผลแลกเปลี่ยนรหัส G", "Record exchanged G-codes", so_far=counted_so_far)
def exchange_job(job, progress, upload_id, reason):
    """Write a plan row by row, each learner in a transaction of his own; what changed since is told by its row."""
    refuse_reader(job.actor, job.area_code)

    def deed(row):
        write_row(job.area_code, row, job.actor, reason)

    done = write_rows(stored_plan(job, upload_id), deed, progress)
    return done.result(f"บันทึกแล้ว {done.number:,} คน")


def write_row(area_code, row, actor, reason):
    """Write one planned row, unless it stands so already. Raises what its deed raises, WrongState where it was changed since."""
    request = GCodeRequest.objects(area_code=area_code, id=ObjectId(row["id"])).get()
    if row["new"] in (request.code, request.new_number):
        return
    if row["revision"] != request.revision:
        raise WrongState(f"คำขอเลขที่ {row['no']} เปลี่ยนไปหลังจากตรวจไฟล์ กรุณาเลือกไฟล์อีกครั้งเพื่อตรวจใหม่")
    if row["what"] == "code":
        gcode_numbers.record(request, row["new"], None, actor, reason)
    elif row["what"] == "renew":
        gcode_linking.renew(request, row["new"], None, actor, reason)
    else:
        check_step(request, request.steps["replace"], actor, clock.now())
        gcode_linking.replaced(request, row["new"], actor, reason)
