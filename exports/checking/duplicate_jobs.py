"""The jobs of the duplicates desk: looking through the whole area, and reading another agency's list."""

from documents.background.jobs import counted_so_far, job_kind
from documents.checking import agencies, duplicates
from documents.checking.agencies import Listed
from documents.collecting.rounds import get_round
from documents.collecting.submissions import Submission
from documents.dmc.students import Student
from documents.errors import FileRefused, NotAllowed
from documents.formats import thai
from exports.reading.headers import label_key
from exports.reading.reading import EVERY_ROW, read_table

NUMBERS = (Student.person_id.verbose_name, *Student.person_id.synonyms, "เลข 13 หลัก", "เลขบัตรประจำตัวประชาชน")
SCHOOLS = ("โรงเรียน", "ชื่อโรงเรียน", "สถานศึกษา", "ชื่อสถานศึกษา")
AGENCIES = ("สังกัด", "หน่วยงาน", "หน่วยงานต้นสังกัด", "ต้นสังกัด")
LONGEST = 100
NO_NUMBERS = "ไม่พบคอลัมน์เลขประจำตัวประชาชนในไฟล์ กรุณาตั้งหัวคอลัมน์ว่า “เลขประจำตัวประชาชน” แล้วเลือกไฟล์ใหม่"


def _refuse_others(job):
    if not job.actor.is_system and not job.actor.holds("district", job.area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่สั่งตรวจซ้ำซ้อนทั้งเขตได้")


@job_kind("scan_duplicates", "ตรวจซ้ำซ้อนทั้งเขต", "Look for duplicates in the whole area", so_far=counted_so_far)
def scan_job(job, progress, round_id):
    """Look through every pupil of a round."""
    _refuse_others(job)
    round_ = get_round([job.area_code], round_id)
    heads = Submission.objects(
        area_code=job.area_code, academic_year=round_.academic_year, subsystem="DMC", round=round_.code
    ).sum("counts.students")
    progress.begin(int(heads or 0), Student.unit)
    told = duplicates.scan(round_, progress.at)
    said = [
        f"พบเรื่องใหม่ {told['new']:,} เรื่อง",
        f"ยังเปิดอยู่ {told['known']:,} เรื่อง ปิดเพราะไม่ซ้ำแล้ว {told['gone']:,} เรื่อง",
    ]
    if told["settled"]:
        said.append(f"ตัดสินแล้วว่าเป็นคนละคน {told['settled']:,} คู่ ไม่ถามอีก")
    return {"summary": said}


@job_kind("agency_list", "เทียบรายชื่อต่างสังกัด", "Compare another agency's list", so_far=counted_so_far)
def agency_job(job, progress, round_id, agency):
    """Read the list that came with the job and open a case for each of its numbers on a roll of the round."""
    _refuse_others(job)
    round_ = get_round([job.area_code], round_id)
    lines = lines_of(job.input_file().read(), job.input_name, agency)
    progress.begin(len(lines), "แถว")
    told = agencies.match(round_, lines, progress.at)
    said = [
        f"อ่าน {told['lines']:,} แถว ตรงกับนักเรียนในเขต {told['matched']:,} คน",
        f"เปิดเรื่องใหม่ {told['new']:,} เรื่อง",
    ]
    if told["wrong"]:
        said.append(f"ไม่มีเลขหรือเลขถูกโปรแกรมตารางแปลง {told['wrong']:,} แถว ไม่ได้เทียบ")
    return {"summary": said}


def lines_of(content, filename, agency):
    """[Listed] of a list's bytes; `agency` is whose it is where the file has no column for that. Raises FileRefused."""
    table = read_table(content, filename, [*NUMBERS, *SCHOOLS, *AGENCIES], max_rows=EVERY_ROW)
    number = _column(table, NUMBERS)
    if number is None:
        raise FileRefused(NO_NUMBERS)
    school, whose = _column(table, SCHOOLS), _column(table, AGENCIES)
    return [
        Listed(
            "" if values[number] is None else values[number],
            _words(values, whose) or agency,
            _words(values, school),
        )
        for _, values in table.rows
    ]


def _column(table, labels):
    keys = {label_key(label) for label in labels}
    return next((at for at, label in enumerate(table.columns) if label_key(label) in keys), None)


def _words(values, at):
    return thai.clean(values[at])[:LONGEST] or None if at is not None else None
