"""Files that are made as jobs: a round's workbook and reports, and what a grid shows."""

import io
import itertools
import shutil
import tempfile

from documents.background.jobs import job_kind, nothing_so_far
from documents.collecting.freezing import freeze_of, latest_version
from documents.collecting.rounds import get_round
from documents.collecting.submissions import find_submission
from documents.district.schools import Area
from documents.dmc.classes import chosen, classes_of
from documents.dmc.student_reports import BY_KEY
from documents.errors import NotAllowed, WrongState
from documents.people import access
from documents.records import listing
from documents.records.kinds import documents_of as round_documents
from documents.records.record import Place
from documents.subsidies.money import estimate_of
from documents.subsidies.rates import get_table
from documents.trail import signing
from exports.collecting.changes import between, changed_schools, round_changes, round_changes_file_name
from exports.collecting.package import package_file_name, refuse_package, write_package
from exports.collecting.round_report import report_file_name, round_report
from exports.collecting.round_workbook import round_file_name, round_workbook_file
from exports.collecting.summaries import summary_file
from exports.dmc import handover, report_files
from exports.dmc.class_lists import class_lists_file_name, class_lists_pdf, lists_of
from exports.dmc.statistics import statistics_csv, statistics_file_name
from exports.subsidies.money_letter import letters_file_name, letters_pdf
from exports.workbooks.grid_files import CSV, XLSX, grid_file_of

ZIP = "application/zip"
PDF = "application/pdf"
PIECE = 1 << 18
OF_COUNTS = ("report", "statistics")  # without persons: an executive has them too


def may_take(user, what, area_code):
    """Whether this person may have a file of an area's round."""
    roles = (*access.AREA_READERS, *(("executive",) if what in OF_COUNTS else ()))
    return any(user.holds(role, area_code) for role in roles)


def round_file_of(round_, what, user, encoding="utf8"):
    """(bytes or open file, name, mimetype) of a round's file: `what` is workbook, report or statistics.

    Raises NotAllowed, and what the file's own maker refuses.
    """
    if not may_take(user, what, round_.area_code):
        raise NotAllowed("สมุดงานของรอบมีข้อมูลส่วนบุคคล เปิดได้เฉพาะเจ้าหน้าที่เขตและผู้รับรองระดับเขต")
    if what == "report":
        return round_report(round_), report_file_name(round_), XLSX
    if what == "statistics":
        return statistics_csv(round_, encoding), statistics_file_name(round_), CSV
    sensitive = access.sees_sensitive(user, round_.area_code)
    return round_workbook_file(round_, sensitive=sensitive), round_file_name(round_), XLSX


@job_kind("round_file", "ไฟล์ของรอบ", "File of a round", so_far=nothing_so_far)
def round_file(job, progress, round_id, what, encoding, rows):
    """The job of `round_file_of`; `rows` is how many records it holds, for the access log."""
    round_ = get_round([job.area_code], round_id)
    progress.say("กำลังอ่านข้อมูลและจัดทำไฟล์")
    content, name, kind = round_file_of(round_, what, job.actor, encoding)
    keep(progress, content, name, kind)
    about = {"what": what, "subsystem": round_.subsystem, "round": round_.label, "school": None, "rows": rows}
    return {
        "summary": [f"จัดทำไฟล์ {name} แล้ว"],
        "noted": about | {"kind": "csv" if kind == CSV else "xlsx"},
    }


@job_kind("ministry_package", "แพ็กเกจส่งกระทรวง", "Ministry package", so_far=nothing_so_far)
def ministry_package(job, progress, round_id):
    """The job of `package.write_package`, streamed into its result."""
    round_ = get_round([job.area_code], round_id)
    refuse_package(round_, job.actor)
    progress.begin(len(round_documents(round_.subsystem)) + 3, "ขั้น")
    steps = itertools.count()

    def step(words):
        progress.at(next(steps))
        progress.say(words)

    name = package_file_name(round_, latest_version(freeze_of(round_)))
    with tempfile.TemporaryFile(prefix="khet-") as whole:
        manifest = write_package(round_, whole, step)
        whole.seek(0)
        with progress.result_file(name, ZIP) as file:
            shutil.copyfileobj(whole, file, 1 << 20)
    rows = sum(one["rows"] or 0 for one in manifest["files"] if one["kind"] == "records")
    about = {
        "what": "package",
        "subsystem": round_.subsystem,
        "round": round_.label,
        "school": None,
        "rows": rows,
    }
    said = [
        f"จัดทำแพ็กเกจฉบับที่ {manifest['version']} แล้ว {len(manifest['files']):,} ไฟล์ {rows:,} รายการ",
        f"ลงนามด้วยกุญแจของเขต ลายนิ้วมือ {signing.short_fingerprint(manifest['key'])}",
    ]
    return {"summary": said, "noted": about | {"kind": "zip"}}


@job_kind("package_changes", "สิ่งที่เปลี่ยนระหว่างฉบับ", "Changes between versions", so_far=nothing_so_far)
def package_changes(job, progress, round_id, since=None, until=None):
    """The job of `changes.round_changes`, of what the person may see now."""
    round_ = get_round([job.area_code], round_id)
    since, until = between(round_, since, until)
    progress.begin(len(changed_schools(round_, since, until)), "โรงเรียน")
    content, count = round_changes(round_, job.actor, since, until, progress.at)
    keep(progress, content, round_changes_file_name(round_, since, until), XLSX)
    about = {
        "what": "changes",
        "subsystem": round_.subsystem,
        "round": round_.label,
        "school": None,
        "rows": count,
    }
    return {"summary": [f"เปลี่ยน {count:,} รายการ"], "noted": about | {"kind": "xlsx"}}


@job_kind("money_letters", "จดหมายประมาณการงบประมาณ", "Letters of the estimate", so_far=nothing_so_far)
def money_letters(job, progress, round_id, table_id):
    """The job of every school's letter in one PDF, for who may see them all now."""
    round_ = get_round([job.area_code], round_id)
    if not access.sees_sensitive(job.actor, round_.area_code):
        raise NotAllowed("จดหมายทุกโรงเรียนมีจำนวนนักเรียนยากจน จัดทำได้เฉพาะผู้มีสิทธิ์ดูข้อมูลอ่อนไหวของเขต")
    estimate = estimate_of(round_, get_table(round_.area_code, table_id))
    progress.begin(len(estimate.schools), "โรงเรียน")

    def passing():
        for number, school in enumerate(estimate.schools):
            progress.at(number)
            yield school

    area = Area.objects(code=round_.area_code).first()
    content = letters_pdf(estimate, passing(), area.name if area else round_.area_code)
    keep(progress, content, letters_file_name(estimate), PDF)
    about = {"what": "money_letter", "subsystem": round_.subsystem, "round": round_.label, "school": None}
    noted = about | {"rows": len(estimate.schools), "kind": "pdf"}
    return {"summary": [f"จัดทำจดหมาย {len(estimate.schools):,} โรงเรียนแล้ว"], "noted": noted}


@job_kind("round_summary", "รายงานสรุป", "Reports of a round", so_far=nothing_so_far)
def round_summary(job, progress, round_id):
    """The job of `summaries.summary_file`, of what the person may see now."""
    round_ = get_round([job.area_code], round_id)
    progress.say("กำลังนับและจัดทำรายงาน")
    content, name = summary_file(round_, job.actor)
    keep(progress, content, name, XLSX)
    about = {
        "what": "summary",
        "subsystem": round_.subsystem,
        "round": round_.label,
        "school": None,
        "rows": 0,
    }
    return {"summary": [f"จัดทำไฟล์ {name} แล้ว"], "noted": about | {"kind": "xlsx"}}


def keep(progress, content, name, kind):
    """Store a file (bytes, or one that is open) as the job's result, a piece in memory at a time."""
    with opened(content) as made, progress.result_file(name, kind) as file:
        shutil.copyfileobj(made, file, PIECE)


def opened(content):
    """Bytes, or a file that is open already, as an open file."""
    return io.BytesIO(content) if isinstance(content, bytes) else content


# ---- reports of pupils ----


def report_file_of(round_, key, user, extension="xlsx", encoding="utf8"):
    """(bytes, name, mimetype) of a report as xlsx or csv; of every report of the round without a key."""
    report = BY_KEY[key] if key else None
    name = report_files.report_file_name(round_, report, extension)
    if extension == "csv":
        return report_files.report_csv(report, round_, user, encoding), name, CSV
    return report_files.reports_workbook(round_, user, report), name, XLSX


@job_kind("report_file", "รายงานสถิติ", "Statistical report", so_far=nothing_so_far)
def report_file(job, progress, round_id, key, extension, encoding, noted):
    """The job of `report_file_of`."""
    round_ = get_round([job.area_code], round_id)
    progress.say("กำลังนับและจัดทำไฟล์")
    content, name, kind = report_file_of(round_, key, job.actor, extension, encoding)
    keep(progress, content, name, kind)
    return {"summary": [f"จัดทำไฟล์ {name} แล้ว"], "noted": noted}


@job_kind("handover", "ส่งต่อทะเบียนสิ้นปี", "Hand-over of the roll", so_far=nothing_so_far)
def handover_job(job, progress, round_id, extension, encoding, noted, count):
    """The job of the roll that is handed over; `count` is about how many pupils it has."""
    round_ = get_round([job.area_code], round_id)
    progress.begin(count, "คน")
    content, pupils = handover.handover_file(round_, job.actor, extension, encoding, progress.at)
    keep(
        progress, content, handover.handover_file_name(round_, extension), CSV if extension == "csv" else XLSX
    )
    return {"summary": [f"จัดทำทะเบียนส่งต่อ {pupils:,} คนแล้ว"], "noted": noted | {"rows": pupils}}


# ---- class lists ----


@job_kind("class_lists", "บัญชีรายชื่อนักเรียน", "Class lists", so_far=nothing_so_far)
def class_lists_file(job, progress, round_id, school, asked, noted):
    """The job of a school's class lists; the pupils are asked for again as the person is now."""
    round_ = get_round([job.area_code], round_id)
    place = Place(round_.area_code, round_.academic_year, round_.code, school)
    shown = chosen(classes_of(job.actor, round_, school, asked["order"]), asked["grade"], asked["room"])
    lists = lists_of(shown, round_, find_submission(round_.subsystem, place), asked["blanks"], job.actor.name)
    if not lists.pupils:
        raise WrongState("ไม่มีนักเรียนในชั้นหรือห้องที่เลือก กรุณาเลือกใหม่")
    progress.begin(lists.pupils, "คน")
    keep(progress, class_lists_pdf(lists, progress.at), class_lists_file_name(lists), PDF)
    return {"summary": [f"จัดทำบัญชีรายชื่อ {lists.pupils:,} คนแล้ว"], "noted": noted | {"rows": lists.pupils}}


# ---- what a grid shows ----


@job_kind("grid_file", "ส่งออกตาราง", "Export of a grid", so_far=nothing_so_far)
def grid_file(job, progress, round_id, export_type, noted, count, asked, layout=None, parts=""):
    """The job of `grid_file_of`; the rows are asked for again as the person is now."""
    round_ = get_round([job.area_code], round_id)
    progress.begin(count, "แถว")
    written = itertools.count()

    def passing(rows):
        for row in rows:
            progress.at(next(written))
            yield row

    content, name, kind = grid_file_of(
        listing.as_wanted(round_, **asked), round_, job.actor, export_type, passing, layout, parts
    )
    keep(progress, content, name, kind)
    return {"summary": [f"ส่งออก {count:,} แถวแล้ว"], "noted": noted}
