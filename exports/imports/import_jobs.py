"""The jobs of importing: planning the area's own roster, writing it, undoing it, and its rows as a workbook."""

import shutil
import tempfile

from bson import ObjectId

from documents import subsystem
from documents.background.jobs import job_kind, nothing_so_far
from documents.collecting.rounds import find_round
from documents.records.imports import Import, undo_import
from exports.file_jobs import XLSX
from exports.imports.importing import apply_plan, plan_file
from exports.imports.plan_workbook import write_plan_workbook
from exports.imports.questions import Unanswered, keep_questions
from exports.imports.stored_plans import find_plan, left_of
from exports.workbooks.workbook import file_name


@job_kind("plan_import", "ตรวจไฟล์นำเข้า", "Check an import file", so_far=nothing_so_far)
def plan_job(job, progress, slug, blanks="keep", answers=None):
    """Plan an uploaded file; the plan has the job's id, so that a second run replaces the first's.

    What only a person knows of the file is kept with it for him to answer.
    """
    round_ = find_round(job.area_code, job.subsystem, job.academic_year, job.round)
    with job.input_file() as file:
        content = file.read()
    try:
        plan = plan_file(
            subsystem(slug), content, job.input_name, job.actor, round_, blanks,
            progress=progress, id_=job.id, answers=answers,
        )  # fmt: skip
    except Unanswered as asked:
        kept = keep_questions(content, job.input_name, job.actor, slug, round_, blanks, asked)
        said = f"ไฟล์นี้มี {len(asked.questions):,} เรื่องที่ต้องตอบก่อน ระบบจึงจะตรวจต่อ"
        return {"summary": [said], "asked": kept, "slug": slug}
    counts = plan.counts()
    return {
        "summary": [
            f"ตรวจไฟล์แล้ว {plan.rows_read:,} แถว ของ {len(plan.schools):,} โรงเรียน",
            f"ใหม่ {counts['new']:,} เปลี่ยน {counts['changed']:,} เหมือนเดิม {counts['same']:,} "
            f"ผิด {counts['errors']:,} ไม่อยู่ในไฟล์ {counts['gone']:,}",
        ],
        "plan": str(plan.id),
        "slug": slug,
    }


def written_so_far(job):
    """Sentences of what an import that was stopped in the middle wrote, and what not."""
    plan_id = ObjectId(job.arguments["plan_id"])
    done = Import.objects(area_code=job.area_code, id=plan_id).first()
    schools, records = left_of(plan_id)
    said = deed_in_words(done, ()) if done else ["ยังไม่ได้นำเข้ารายการใด"]
    if schools:
        said.append(f"ยังไม่ได้นำเข้า {schools:,} โรงเรียน {records:,} รายการ นำเข้าต่อได้จากหน้าผลการตรวจไฟล์")
    return said


@job_kind("apply_import", "นำเข้าจากไฟล์", "Import a file", so_far=written_so_far)
def apply_job(job, progress, slug, plan_id, reason=None, approved=False, partly=False):
    """Write a kept plan, school by school; one that was interrupted goes on with the schools that are left."""
    outcomes = apply_plan(plan_id, job.actor, reason, approved, partly, progress, by=job.id)
    done = Import.objects(area_code=job.area_code, id=plan_id).first()
    refused = [one for one in outcomes if one.refusal]
    return {"summary": deed_in_words(done, refused), "plan": str(plan_id), "slug": slug}


def deed_in_words(done, refused):
    """What an import came to, as sentences; `done` is its Import, None when nothing was written."""
    rows = done.schools.values() if done else ()
    written = sum(row["new"] + row["changed"] for row in rows)
    said = [f"นำเข้าแล้ว {written:,} รายการ ของ {len(rows):,} โรงเรียน"]
    if refused:
        said.append(f"ไม่ได้บันทึก {len(refused):,} โรงเรียน ดูเหตุผลในผลแยกตามโรงเรียน")
    return said


def undone_so_far(job):
    """Sentences of which schools of an import were taken back before the job was stopped, and which not."""
    done = Import.objects(area_code=job.area_code, id=ObjectId(job.arguments["import_id"])).first()
    asked = job.arguments.get("schools")
    rows = [row for code, row in done.schools.items() if asked is None or code in asked] if done else []
    undone = sum(bool(row.get("undone_at")) for row in rows)
    return [f"เลิกทำแล้ว {undone:,} โรงเรียน ยังไม่ได้เลิกทำ {len(rows) - undone:,} โรงเรียน สั่งเลิกทำอีกครั้งเพื่อทำต่อได้"]


@job_kind("undo_import", "เลิกทำการนำเข้า", "Undo an import", so_far=undone_so_far)
def undo_job(job, progress, slug, import_id, reason, schools=None):
    """Undo an import, school by school."""
    outcomes = undo_import(import_id, job.actor, reason, schools, progress)
    return {"summary": undone_in_words(outcomes), "import": str(import_id), "slug": slug}


def undone_in_words(outcomes):
    """What undoing came to, as sentences."""
    refused = [sentence for sentence in outcomes.values() if sentence]
    said = (
        [f"เลิกทำการนำเข้าแล้ว {len(outcomes) - len(refused):,} โรงเรียน"] if len(refused) < len(outcomes) else []
    )
    return said + refused[:20]


@job_kind("plan_workbook", "ไฟล์ผลการตรวจ", "Checked file as a workbook", so_far=nothing_so_far)
def workbook_job(job, progress, plan_id, every=False):
    """The file's own rows with what is wrong marked, as a workbook."""
    plan = find_plan(plan_id, job.actor, whole=False)
    name = file_name(f"ตรวจแล้ว {plan.filename.rsplit('.', 1)[0]}")
    with tempfile.TemporaryFile() as made:  # what the zip's writer seeks in, which GridFS does not let it
        rows = write_plan_workbook(plan, made, every, progress)
        made.seek(0)
        with progress.result_file(name, XLSX) as file:
            shutil.copyfileobj(made, file)
    return {
        "summary": [f"ไฟล์ผลการตรวจ {rows:,} แถว"],
        "noted": {"what": "import_plan", "round": plan.round_label, "rows": rows},
    }
