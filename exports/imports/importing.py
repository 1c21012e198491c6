"""Importing a file: first a plan that shows what would change, then the deed, all or none for a school.

Nothing here writes but through the one door. What a small file takes is done at once; the area's own roster is
planned and written by a job (`import_jobs.py`), with the same functions.
"""

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial

from bson import ObjectId

from documents import subsystem
from documents.errors import Invalid, RuleBroken, StaleRevision
from documents.people import access
from documents.records.declarations import declaration
from documents.records.imports import note_school
from documents.records.record import Place
from documents.records.writing import making
from documents.trail import history
from exports.imports.planning import Planning, change_of
from exports.imports.stored_plans import (
    AlreadyDone,
    Keeping,
    claim_plan,
    find_plan,
    note_done,
    note_refused,
    release_plan,
    rows_of,
)
from exports.reading.reading import MAX_ROWS, read_table
from exports.workbooks.layouts import knowing_layouts, layout_of

SMALL_FILE = 150_000  # bytes: some 700 pupils in a workbook, planned in less than a second
SMALL_UNPACKED = 2_000_000  # bytes of all its parts, as the zip declares them
SMALL_DEED = 500  # records: the door takes about a millisecond for each, and some for each school
SMALL_SCHOOLS = 20


def is_small(content):
    """Whether a file (bytes) is so small that its plan surely takes less than two seconds."""
    if len(content) > SMALL_FILE:
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return sum(entry.file_size for entry in archive.infolist()) <= SMALL_UNPACKED
    except zipfile.BadZipFile:
        return True  # a table in text; what is no table is refused at once


def is_small_deed(plan):
    """Whether writing a plan surely takes less than two seconds."""
    return plan.to_write <= SMALL_DEED and len(plan.ready) <= SMALL_SCHOOLS


def plan_import(document, file, filename, user, round_, blanks="keep", max_rows=MAX_ROWS, answers=None):
    """What importing a file into a round would do, as an ImportPlan with all its rows, kept for its owner.

    A blank cell leaves its field alone, or clears it with `blanks="clear"`. Raises FileRefused for a file that cannot
    be read, and Unanswered with what only a person knows of it and `answers` ({question's id: value}) do not say;
    everything that is wrong within it is an error of the plan. Nothing is written.
    """
    plan = plan_file(document, file, filename, user, round_, blanks, max_rows, answers=answers)
    return find_plan(plan.id, user)


def plan_file(
    document,
    file,
    filename,
    user,
    round_,
    blanks="keep",
    max_rows=MAX_ROWS,
    progress=None,
    id_=None,
    answers=None,
):
    """As `plan_import`, without the rows, which are kept school by school and never all in memory.

    `progress` is told of the rows done; `id_` is the id the plan gets, so that a second run replaces the first's.
    """
    layout = layout_of(declaration(document, round_.area_code, round_.academic_year))
    layout = knowing_layouts(layout, round_.area_code)
    if progress:
        progress.say("กำลังอ่านไฟล์")
    table = read_table(file, filename, layout.labels(), max_rows)
    planning = Planning(layout, table, user, round_, blanks, answers)
    plan, done = planning.plan_, 0
    plan.id = id_
    keeping = Keeping(plan, user)

    def keep(school, rows, number):
        keeping.school(school, rows)
        return number

    try:
        if progress:
            progress.begin(plan.rows_read, "แถว")
        for number in one_behind(partial(keep, *each) for each in planning.schools(keeping)):
            done += number
            if progress:
                progress.at(done)
    except BaseException:
        keeping.drop()  # nothing half-read is left
        raise
    keeping.finish()
    return plan


def one_behind(steps):
    """Yield what each of the functions gives back: while the database does one, the next one is made ready."""
    with ThreadPoolExecutor(1) as behind:
        under_way = None
        for step in steps:
            if under_way:
                yield under_way.result()
            under_way = behind.submit(copy_context().run, step)
        if under_way:
            yield under_way.result()


# ---- the deed ----


@dataclass
class Outcome:
    """What became of one school: how many records of those `asked` were written, or why none was."""

    school_code: str
    school_name: str
    asked: int = 0
    written: int = 0
    refusal: str | None = None
    conflicts: tuple = ()


def check_deed(plan, user, reason, approved, partly):
    """Raise what stands against writing a plan as a whole, before anything is."""
    if plan.state == "reading":
        raise RuleBroken("ระบบยังตรวจไฟล์ไม่เสร็จ กรุณารอให้ครบทุกโรงเรียนก่อนบันทึก")
    if plan.guesses and not approved:
        raise RuleBroken("กรุณายืนยันคอลัมน์ที่ระบบคาดเดาไว้ก่อนบันทึก")
    errors = plan.counts()["errors"]
    if errors and not partly:
        raise RuleBroken(f"ไฟล์ยังมีข้อผิดพลาด {errors:,} จุด กรุณาแก้ไขในไฟล์แล้วนำเข้าใหม่ ระบบยังไม่ได้บันทึกข้อมูลใด")
    ask_reason(plan, user, reason)


def apply_plan(plan_id, user, reason=None, approved=False, partly=False, progress=None, by=None):
    """Write a kept plan, all or none for a school; gives back an Outcome for each school with something to write.

    Raises RuleBroken, and writes nothing, while the plan has errors, unless `partly`: then the schools without errors
    are written; while its guesses are not approved; and when it is another's, too old, or already used. What somebody
    else changed since the plan is a conflict of its school, never overwritten. Schools whose door was shut already when
    the plan was made are left out, as the plan shows them, unless there are no others. What a school got is noted in the
    transaction that writes it, so that a run that was killed is taken up where it was (`by` is its job's id).
    """
    plan = find_plan(plan_id, user, whole=False)
    check_deed(plan, user, reason, approved, partly)
    claim_plan(plan.id, user, by)
    plan = find_plan(plan_id, user, whole=False)  # what another run wrote before the claim is done
    codes = plan.ready or [one.code for one in plan.schools.values() if one.writes and not one.errors]
    wanted = [plan.schools[code] for code in codes if code not in plan.done]
    if progress:
        progress.begin(sum(one.writes for one in wanted), "รายการ")
    outcomes, finished, done = [], False, 0
    try:
        for outcome in one_behind(AppliedSchool(plan, school, user, reason).store for school in wanted):
            outcomes.append(outcome)
            done += outcome.asked
            if progress:
                progress.at(done)
        finished = not any(outcome.refusal for outcome in outcomes)
    finally:
        release_plan(plan.id, finished)
    return outcomes


def ask_reason(plan, user, reason):
    """The district says why it writes in place of a school. Raises Invalid."""
    district = any(access.writes_as(user, plan.area_code, code) == "district" for code in plan.schools)
    if district and not (reason or "").strip():
        raise Invalid({0: {"reason": "เขตนำเข้าข้อมูลแทนโรงเรียน โปรดระบุเหตุผล"}})


class AppliedSchool:
    """One school's rows of a plan on their way through the door: made ready at once, stored by `store()`."""

    def __init__(self, plan, school, user, reason):
        self.plan, self.school, self.user, self.reason = plan, school, user, reason
        self.outcome, self.stored = Outcome(school.code, school.name, school.writes), None
        document = declaration(subsystem(plan.slug), plan.area_code, plan.academic_year)
        place = Place(plan.area_code, plan.academic_year, plan.round, school.code)
        changes = [
            change_of(document, place, row.values, {"_id": row.id, "revision": row.revision})
            for kind in ("new", "changed")
            for row in rows_of(plan, kind, school.code)
        ]
        with self._told():
            self.stored = making(changes, user, reason, via="import", along=self._note)

    def store(self):
        """Store them, all or none; gives back the Outcome."""
        stored, self.stored = self.stored, None  # a ring with this and all records, seldom collected
        if stored is not None:
            with self._told():
                self.outcome.written = len(stored())
        if self.outcome.refusal:
            note_refused(self.plan.id, self.school.code, self.outcome.refusal, self.outcome.conflicts)
        return self.outcome

    def _note(self, written):
        """Within the transaction: what the plan and the list of imports keep of it."""
        school = self.school
        note_done(self.plan.id, school.code)
        note_school(
            import_of(self.plan, self.user, self.reason), school.code, school.name, written, school.new
        )

    @contextmanager
    def _told(self):
        """A refusal within is the outcome."""
        try:
            yield
        except AlreadyDone:
            return
        except StaleRevision as refusal:
            self.outcome.refusal, self.outcome.conflicts = refusal.message, tuple(refusal.conflicts)
        except RuleBroken as refusal:
            self.outcome.refusal = refusal.message


def import_of(plan, user, reason):
    """The values of the Import that a plan's deed is kept as; it has the plan's id."""
    return {
        "_id": ObjectId(plan.id),
        "area_code": plan.area_code,
        "academic_year": plan.academic_year,
        "round": plan.round,
        "document": plan.slug,
        "owner": user.id,
        "owner_name": user.name,
        "filename": plan.filename,
        "reason": reason,
        "at": history.naive_now(),
    }
