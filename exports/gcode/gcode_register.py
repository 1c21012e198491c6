"""The ministry's register of certified G-codes (ทะเบียนรหัส G ที่รับรองแล้ว) as a file: a plan first, then the deed as a job.

One row a learner: code, name, birth date, school, day of the certification. While there is one error nothing is written;
a learner who stands in Khet so already is passed over, so that the same file may come again. A file of another program is
read by the headings it has.
"""

from bson import ObjectId

from documents.background.jobs import counted_so_far, job_kind
from documents.background.one_by_one import one_by_one
from documents.database import collection
from documents.district.schools import School
from documents.dmc.student_rules import full_name, not_in_the_future
from documents.errors import Invalid, RuleBroken
from documents.formats import buddhist, citizen_id, thai
from documents.gcode import gcode_numbers
from documents.gcode.gcode import GCodeRequest, editable
from documents.gcode.gcode_checks import absent, says_absent
from documents.gcode.gcode_register import (
    ANOTHER,
    as_certified,
    begun,
    get_import,
    is_same,
    left_of,
    refuse_register,
    take_back,
    take_in,
    taken_by,
)
from documents.gcode.gcode_requests import accepted
from documents.records import fields
from exports.imports.row_plans import Column, Wrong, area_province, lines_of, planned, stored_plan, write_rows
from exports.workbooks.cell_values import is_blank, text_of_cell, value_of
from exports.workbooks.workbook import file_name, workbook_bytes, write_table

KIND, UNDO = "gcode_register", "gcode_register_undo"
CODE = Column("รหัส G", 18, "code", ("รหัสจี", "g-code", "gcode", "รหัสประจำตัวผู้เรียน", "รหัส g ของกระทรวง"))
BORN = Column("วันเกิด", 13, "birth_date", ("วันเดือนปีเกิด", "ว/ด/ป เกิด"))
SCHOOL = Column("รหัสโรงเรียน", 13, "school_code", ("รหัสสถานศึกษา", "รหัส smis"))
SCHOOL_NAME = Column("โรงเรียน", 30, "school_name", ("สถานศึกษา", "ชื่อโรงเรียน", "ชื่อสถานศึกษา"))
DAY = Column("วันที่รับรอง", 13, "certified_on", ("วันรับรอง", "วันที่ได้รหัส", "วันที่อนุมัติ"))
COLUMNS = (
    CODE,
    Column("ชื่อ", 18, "first_name", ("ชื่อ (ไทย)",)),
    Column("นามสกุล", 20, "last_name", ("นามสกุล (ไทย)", "สกุล")),
    BORN,
    SCHOOL,
    SCHOOL_NAME,
    DAY,
    Column("เพศ", 8, "sex"),
    Column("สัญชาติ", 16, "nationality"),
    Column("ชั้น", 8, "grade", ("ระดับชั้น",)),
)
LABELS = {column.name: column.label for column in COLUMNS}
NEEDED = ("code", "first_name", "last_name", "birth_date", "certified_on")
VALUES = ("first_name", "last_name", "birth_date", "sex", "nationality", "grade")
CERTIFIED_ON = fields.date("วันที่รับรอง", en="Certified on", check=not_in_the_future)


def template():
    """The bytes of an empty register."""
    with workbook_bytes("ทะเบียนรหัส G ที่รับรองแล้ว") as (book, result):
        sheet = book.page("ทะเบียน", repeat=(0, 0), freeze=(1, 1))
        write_table(sheet, book, COLUMNS, (), header_row=0)
    return result.getvalue()


def template_name():
    """The download's name."""
    return file_name("แบบทะเบียนรหัส G ที่รับรองแล้ว")


# ---- the plan ----


def plan_register(content, filename, area_code, actor):
    """The plan of a register: `rows` are {row, name, school, own}, `own` the fields of the request.

    Raises OutOfScope, FileRefused, RuleBroken.
    """
    refuse_register(actor, area_code)
    names, lines = lines_of(content, filename, COLUMNS)
    lacks = [LABELS[name] for name in NEEDED if name not in names]
    if not {"school_code", "school_name"} & names:
        lacks.append(SCHOOL.label)
    if lacks:
        raise RuleBroken(f"ไม่พบคอลัมน์ {', '.join(lacks)} กรุณาใช้แบบทะเบียนจากหน้านี้ หรือแก้หัวตารางให้ตรง")
    read = _Reader(area_code, lines)
    return planned(KIND, filename, lines, read.one, read.doubts_of)


class _Reader:
    """Reads rows against what the area has: its schools, the codes that stand in requests, and certified learners."""

    def __init__(self, area_code, lines):
        self.area_code, self.province = area_code, area_province(area_code)
        self.schools, self.by_name = {}, {}
        for one in School.objects(area_code=area_code, kind="school").only("code", "name"):
            self.schools[one.code] = one
            self.by_name.setdefault(thai.search_key(one.name), []).append(one)
        codes = {
            citizen_id.clean_id(text_of_cell(cells["code"]))
            for _, cells in lines
            if not is_blank(cells["code"])
        }
        held = {"area_code": area_code, "code": {"$in": sorted(codes)}}
        self.holders = {one.code: one for one in GCodeRequest.objects(__raw__=held)}
        keyed = {"area_code": area_code, "learner_key": {"$type": "string"}}
        rows = collection(GCodeRequest).find(keyed, {"learner_key": 1, "_id": 0}).hint("learner")
        self.learners = {row["learner_key"] for row in rows}
        self.codes_seen, self.learners_seen = {}, {}

    def one(self, number, cells):
        """What is kept of one row, None where its learner stands so already. Raises Wrong."""
        code = self._code(cells["code"])
        if code in self.codes_seen:
            raise Wrong(f"รหัสนี้อยู่ในแถวที่ {self.codes_seen[code]} แล้ว กรุณาให้เหลือแถวเดียว", CODE.label)
        self.codes_seen[code] = number
        values, day, school = _values(cells), _day(cells["certified_on"]), self._school(cells)
        own = as_certified(self.area_code, school, values, code, day)
        if day < values["birth_date"]:
            raise Wrong("วันที่รับรองต้องไม่อยู่ก่อนวันเกิด กรุณาตรวจสอบปี พ.ศ.", DAY.label)
        if holder := self.holders.get(code):
            if is_same(holder, own):
                return None
            raise Wrong(taken_by(holder), CODE.label)
        key = own["learner_key"]
        if key in self.learners:
            raise Wrong(ANOTHER, CODE.label)
        if key in self.learners_seen:
            said = f"ผู้เรียนคนนี้อยู่ในแถวที่ {self.learners_seen[key]} ด้วยรหัสอื่น ผู้เรียนหนึ่งคนมีได้รหัสเดียว"
            raise Wrong(said, CODE.label)
        self.learners_seen[key] = number
        return {"name": full_name(own), "school": own["school_name"], "own": own}

    def doubts_of(self, rows):
        """{row: sentences} of codes whose parts are doubtful (GC-06), and of who is not in DMC though it is long ago (GC-04)."""
        missing = absent(self.area_code, {row["own"]["code"]: row["own"]["certified_at"] for row in rows})
        return {row["row"]: [*self._parts(row["own"]), *self._absence(row["own"], missing)] for row in rows}

    def _parts(self, own):
        year = own["certified_at"].year + buddhist.ERA
        return gcode_numbers.doubts(own["code"], year, self.province)

    def _absence(self, own, missing):
        return [f"{says_absent()} หากไม่ได้เรียนแล้วให้ตัดแถวนี้ออกจากไฟล์"] if own["code"] in missing else []

    def _code(self, cell):
        try:
            return gcode_numbers.clean_code("" if is_blank(cell) else text_of_cell(cell))
        except Invalid as refusal:
            raise Wrong(refusal.message, CODE.label) from refusal

    def _school(self, cells):
        """The School of a row: by its code, or by its name where one school alone is called so."""
        code, name = (cells.get(one) for one in ("school_code", "school_name"))
        if not is_blank(code):
            if found := self.schools.get(thai.arabic_digits(thai.clean(text_of_cell(code)))):
                return found
            raise Wrong("ไม่พบโรงเรียนรหัสนี้ในเขต กรุณาใช้รหัส 8 หลัก", SCHOOL.label)
        if is_blank(name):
            raise Wrong("กรุณากรอกโรงเรียนของผู้เรียน", SCHOOL_NAME.label)
        key = thai.search_key(text_of_cell(name))
        found = self.by_name.get(key) or self.by_name.get(key.removeprefix(thai.search_key("โรงเรียน"))) or []
        if len(found) != 1:
            said = (
                "มีโรงเรียนชื่อนี้หลายแห่ง กรุณากรอกรหัสโรงเรียน"
                if found
                else "ไม่พบโรงเรียนชื่อนี้ในเขต กรุณาตรวจสอบชื่อหรือกรอกรหัสโรงเรียน"
            )
            raise Wrong(said, SCHOOL_NAME.label)
        return found[0]


def _values(cells):
    known, typed = editable(), {}
    for name in VALUES:
        if name == "last_name" and text_of_cell(cells[name] or "") == "-":
            typed[name] = "-"  # who has none
            continue
        if is_blank(cells.get(name)):
            if name in NEEDED:
                raise Wrong("กรุณากรอก ไม่มีนามสกุลให้พิมพ์ -" if name == "last_name" else "กรุณากรอก", LABELS[name])
            continue
        try:
            typed[name] = value_of(known[name], cells[name])
        except ValueError as error:
            raise Wrong(str(error), LABELS[name]) from error
    try:
        return {name: value for name, value in accepted(typed).items() if value is not None}
    except Invalid as refusal:
        name, sentence = next(iter(refusal.errors[0].items()))
        raise Wrong(sentence, LABELS.get(name, CODE.label)) from refusal


def _day(cell):
    if is_blank(cell):
        raise Wrong("กรุณากรอกวันที่รับรอง", DAY.label)
    try:
        return value_of(CERTIFIED_ON, cell)
    except ValueError as error:
        raise Wrong(str(error), DAY.label) from error


# ---- the deed ----


@job_kind(KIND, "นำทะเบียนรหัส G เข้าระบบ", "Take in the register of G-codes", so_far=counted_so_far)
def register_job(job, progress, upload_id, reason):
    """Take in a plan's learners, each in a transaction of his own; what changed since the plan is told by its row."""
    refuse_register(job.actor, job.area_code)
    plan = stored_plan(job, upload_id)
    into = begun(ObjectId(upload_id), job.area_code, plan["filename"], job.actor, reason)

    def deed(row):
        take_in(row["own"], into, job.actor, reason)

    done = write_rows(plan, deed, progress)
    return done.result(f"นำเข้าแล้ว {done.number:,} คน")


@job_kind(UNDO, "เลิกทำการนำทะเบียนรหัส G เข้า", "Undo a register of G-codes", so_far=counted_so_far)
def undo_job(job, progress, import_id, reason):
    """Take the learners of an import back, each in a transaction of his own; who was changed since stays and is told."""
    refuse_register(job.actor, job.area_code)
    done_before = get_import(job.area_code, import_id)

    def deed(request):
        take_back(request, job.actor, reason)

    done = one_by_one(left_of(done_before), deed, progress)
    return done.result(f"เลิกทำแล้ว {done.number:,} คน")
