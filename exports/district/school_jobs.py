"""The jobs of importing a list of schools, or their land: planning it row by row, storing it piece by piece, taking it back,
and telling every row.
"""

from documents.background.jobs import counted_so_far, job_kind, nothing_so_far
from documents.background.one_by_one import one_by_one
from documents.database import collection
from documents.district.school_list import SchoolChange, take_back, write_schools
from documents.district.school_names import SURE
from documents.district.schools import School
from documents.errors import RuleBroken, StaleRevision, WrongState
from exports.district.land_plan import Sums, planned_land
from exports.district.school_fields import known_labels
from exports.district.school_plan import (
    AT_ONCE,
    KEYS,
    OUTCOMES,
    PlannedRow,
    change_of,
    keep_rows,
    planned_rows,
    rows_of,
)
from exports.imports import mapped_files
from exports.imports.mapped_files import table_of
from exports.imports.named_schools import names_in
from exports.imports.row_plans import Column
from exports.workbooks.workbook import workbook_bytes, write_table

LISTS = ("schools", "land")  # kinds whose plans are kept row by row
STALE = "มีผู้อื่นแก้ไขโรงเรียนนี้หลังจากตรวจไฟล์ กรุณานำเข้าไฟล์อีกครั้ง"


@job_kind("plan_schools", "ตรวจรายชื่อโรงเรียน", "Check a list of schools", so_far=nothing_so_far)
def plan_job(job, progress, upload_id, names, header, trusts, then, answers=None, kind="schools"):
    """Plan an uploaded list of a kind; `names` is {column index as text: field}. A second run replaces the first's rows.

    `then` is the page on which the plan is seen, `answers` say which schools the file's names mean.
    """
    upload = mapped_files.find(upload_id, job.actor)
    table = table_of(upload["content"], upload["filename"], known_labels(), header)
    progress.begin(len(table.rows), "แถว")
    columns = {int(index): name for index, name in names.items()}
    plan = None
    at = {name: index for index, name in columns.items()}
    named = names_in(table, at, KEYS, job.area_code, job.actor, SURE, answers)
    sums = Sums()
    if kind == "land":
        rows = planned_land(table, columns, job.area_code, trusts, named, sums)
    else:
        rows = planned_rows(table, columns, job.area_code, trusts, named)
    for told in keep_rows(upload["_id"], job.area_code, rows, kind):
        if isinstance(told, dict):
            plan = told
        else:
            progress.at(min(told, len(table.rows)))
    plan["understood"], plan["warnings"] = [*table.understood, *named.in_words()], table.warnings
    if kind == "land":
        plan["understood"].append(sums.in_words())
        plan["rows"] = len(table.rows)
    mapped_files.keep_plan(upload["_id"], job.actor, plan)
    counted = " ".join(
        f"{words} {plan['counts'][name]:,}" for name, words in OUTCOMES.items() if plan["counts"].get(name)
    )
    return {"summary": [f"ตรวจครบ {plan['rows']:,} แถวแล้ว", counted], "href": then}


@job_kind("import_schools", "นำเข้ารายชื่อโรงเรียน", "Import a list of schools", so_far=counted_so_far)
def import_job(job, progress, upload_id, reason):
    """Store a planned list, a piece in a transaction; what a run before this one stored is not stored again.

    Where a piece is refused its schools are stored one by one, and each that cannot be is told with its reason.
    """
    upload = mapped_files.find(upload_id, job.actor, *LISTS)
    wanted = {"$in": ["new", "changed"]}
    own = {"area_code": job.area_code, "upload": upload["_id"], "outcome": wanted}
    left = collection(PlannedRow).count_documents(own | {"done": None})
    progress.begin(left, "โรงเรียน")
    written, refused = 0, 0
    while piece := list(collection(PlannedRow).find(own | {"done": None}).sort("at", 1).limit(AT_ONCE)):
        here = _store_piece(piece, job, reason)
        written, refused = written + here, refused + len(piece) - here
        progress.at(written + refused)
    said = [f"บันทึกแล้ว {written:,} โรงเรียน"]
    if refused:
        said.append(f"ไม่ได้บันทึก {refused:,} โรงเรียน ดูเหตุผลในหมวดนำเข้าไม่ได้")
        mapped_files.recount(upload["_id"], job.actor, PlannedRow, job.area_code)
    return {"summary": said}


def _store_piece(piece, job, reason):
    """Store some rows; gives how many were."""
    rows = collection(PlannedRow)
    ids = [row["_id"] for row in piece]
    try:
        write_schools(job.area_code, [change_of(row) for row in piece], job.actor, reason)
    except StaleRevision:
        return sum(_store_one(row, job, reason) for row in piece)
    rows.update_many({"area_code": job.area_code, "_id": {"$in": ids}}, {"$set": {"done": True}})
    return len(piece)


def _store_one(row, job, reason):
    """Store one row; whether it is stored now. One that cannot be is marked with why."""
    own = {"area_code": job.area_code, "_id": row["_id"]}
    try:
        if not _has(row["code"], row["values"], job.area_code):
            write_schools(job.area_code, [change_of(row)], job.actor, reason)
    except RuleBroken:
        collection(PlannedRow).update_one(
            own, {"$set": {"done": True, "outcome": "refused", "reason": STALE}}
        )
        return False
    collection(PlannedRow).update_one(own, {"$set": {"done": True}})
    return True


def _has(code, values, area_code):
    """Whether a school has all these values already: a run that was killed had stored them."""
    found = School.objects(area_code=area_code, code=code).first()
    return found is not None and all(getattr(found, name) == value for name, value in values.items())


# ---- taking it back ----


@job_kind("undo_schools", "เลิกทำการนำเข้าข้อมูลโรงเรียน", "Undo an import of schools", so_far=counted_so_far)
def undo_job(job, progress, upload_id, reason):
    """Give the schools that a list changed what they had before, where nobody has changed them since.

    Schools that it added are taken out where nothing came of them since. Run a second time it does what is left.
    """
    upload = mapped_files.find(upload_id, job.actor, *LISTS)
    wanted = {"outcome": {"$in": ["new", "changed"]}, "done": True, "undone": None}
    own = {"area_code": job.area_code, "upload": upload["_id"]} | wanted
    rows = list(collection(PlannedRow).find(own).sort("at", 1))
    done = one_by_one([(row["name"], row) for row in rows], lambda row: _undo_one(row, job, reason), progress)
    return done.result(f"เลิกทำแล้ว {done.number:,} โรงเรียน")


def _undo_one(row, job, reason):
    """Take back one row. Raises WrongState where it cannot be."""
    if row.get("school"):
        _give_back(row, job, reason)
    else:
        take_back(job.area_code, row["code"], job.actor, reason)
    own = {"area_code": job.area_code, "_id": row["_id"]}
    collection(PlannedRow).update_one(own, {"$set": {"undone": True}})


def _give_back(row, job, reason):
    change = SchoolChange(row["code"], row["before"], row["school"], row["revision"] + 1)
    try:
        if not _has(row["code"], row["before"], job.area_code):
            write_schools(job.area_code, [change], job.actor, reason, via="undo")
    except StaleRevision as stale:
        raise WrongState("มีผู้แก้ไขหลังนำเข้า จึงไม่เลิกทำ กรุณาแก้ในหน้าโรงเรียน") from stale


# ---- every row accounted for ----


COLUMNS = (
    Column("แถว", 8, cell="count"), Column("รหัส SMIS", 12), Column("โรงเรียน", 34), Column("ผล", 18), Column("เหตุผล", 60),
    Column("ช่องที่ไม่นำเข้า", 80),
)  # fmt: skip


def rows_workbook(area_code, upload):
    """The bytes of a workbook that tells the outcome of every row of a list, and why."""
    with workbook_bytes("ผลการตรวจรายชื่อโรงเรียน", subject=upload["filename"]) as (book, result):
        sheet = book.page("ผลรายแถว", repeat=(0, 0), freeze=(1, 3))
        write_table(sheet, book, COLUMNS, map(_cells, rows_of(area_code, upload["_id"])))
    return result.getvalue()


def _cells(row):
    faults = "; ".join(f"{one['column']}: {one['sentence']}" for one in row.get("faults", ()))
    words = OUTCOMES.get(row["outcome"], "มีในระบบแต่ไม่มีในไฟล์")
    return [row.get("row"), row.get("code"), row.get("name"), words, row.get("reason"), faults]
