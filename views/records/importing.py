"""Importing a file in the browser: choose it, read the plan school by school, then the deed, and the way back."""

import io

from flask import abort, flash, g, redirect, request, send_file, url_for
from flask_admin import expose
from flask_login import current_user

from documents.background.jobs import ask
from documents.clock import utc
from documents.collecting.rounds import find_round
from documents.errors import RuleBroken
from documents.formats import buddhist
from documents.records import imports
from exports.file_jobs import XLSX
from exports.imports import mapped_files
from exports.imports.import_jobs import deed_in_words, undone_in_words
from exports.imports.importing import apply_plan, check_deed, is_small, is_small_deed, plan_file
from exports.imports.named_schools import told_answers
from exports.imports.plan_workbook import plan_workbook
from exports.imports.plans import KINDS, STRAY
from exports.imports.questions import (
    SCHOOL,
    Unanswered,
    find_questions,
    keep_answers,
    keep_questions,
    refuse_unfit,
)
from exports.imports.stored_plans import find_plan, is_begun, page_of
from exports.imports.template import template_of
from exports.imports.whose_rows import schools_for
from exports.reading import guards
from exports.reading.reading import MAX_ROWS
from exports.workbooks.workbook import file_name
from views import links
from views.jobs import deliver, follow, growing_page, result_page
from views.records.exporting import note_export
from views.records.files_out import NOBODY, SCOPE, hands_out
from views.records.naming import school_words, unknown_school

PAGE_ROWS = 100
IMPORTS_A_PAGE = 20
SMALL_WORKBOOK = 1_000  # rows; more is a job
MOST_SILENT = 8  # names of schools that are said
ORDERS = ("name", "new", "changed", "same", "errors", "absent")
FILTERS = {
    "": lambda plan, one: True,
    "errors": lambda plan, one: one.errors,
    "changes": lambda plan, one: one.writes,
    "gone": lambda plan, one: one.absent,
    "shut": lambda plan, one: (one.door and (one.new or one.changed)) or one.code in plan.results,
}


class ImportMixin:
    """The part of RecordView behind the import pages."""

    # ---- choosing a file ----

    @expose("/import/", methods=("GET", "POST"))
    def import_view(self):
        """Choose a file; a readable one becomes a plan, any other its sentence with the page kept."""
        self._ask_importer()
        refusal, status = None, 200
        if request.method == "POST":
            try:
                return self._planned()
            except RuleBroken as broken:
                refusal, status = broken.message, broken.status
        g.status = status
        return self.render(
            "records/import.html",
            refusal=refusal,
            most_rows=MAX_ROWS,
            past=self._past(0)[:5],
            persons=hasattr(self.model, "person_id"),
        )

    def _ask_importer(self):
        if self.round is None or not self.may_import():
            abort(403)

    def may_import(self):
        """Whether this person writes any school's records; each school is asked again by the plan and the door."""
        return current_user.holds("district", self.round.area_code) or bool(current_user.schools("school"))

    def takes_no_file(self):
        """Why the one school of this person takes nothing now, as the grid says it; None where a file may be chosen."""
        if self.sees_area or self.school is None or self._writable(self.school):
            return None
        return g.get("refusal")

    def _planned(self):
        """The way to the plan of the uploaded file: at once for a small one, else by a job."""
        upload = request.files.get("file")
        if upload is None or not upload.filename:
            raise RuleBroken("กรุณาเลือกไฟล์ก่อนกด “ตรวจไฟล์”")
        blanks = "clear" if request.form.get("blanks") == "clear" else "keep"
        return self._plan_of(upload.stream.read(guards.MAX_TEXT + 1), upload.filename, blanks)

    def _plan_of(self, content, filename, blanks, answers=None):
        """The way to the plan of a file's bytes, or to what has to be answered before."""
        user = current_user._get_current_object()
        if is_small(content):
            try:
                plan = plan_file(self.model, content, filename, user, self.round, blanks, answers=answers)
            except Unanswered as asked:
                kept = keep_questions(content, filename, user, self.model.slug, self.round, blanks, asked)
                return redirect(url_for(".ask_view", id=kept), 303)
            return redirect(url_for(".plan_view", id=plan.id), 303)
        guards.kind_of(content)  # what is no table is refused here, not by a job
        asked = {"slug": self.model.slug, "blanks": blanks, "answers": answers or {}}
        title = f"ตรวจไฟล์ {filename[:200]}"
        job = ask(
            "plan_import", user, self.round.area_code, self.round, title, asked, content, filename[:300],
            href=url_for(".import_view"),
        )  # fmt: skip
        return follow(job)

    # ---- what only a person knows of a file ----

    @expose("/import/ask/", methods=("GET", "POST"))
    def ask_view(self):
        """What the file leaves open; answered once, it is planned."""
        self._ask_importer()
        user = current_user._get_current_object()
        upload, questions = find_questions(request.values.get("id"), user, self.model.slug, self.round)
        schools = schools_for(user, self.round, self.model.subsystem)
        answers, refusal = {one.id: first_answer(one, schools) for one in questions}, None
        if request.method == "POST":
            answers = posted_answers(questions)
            try:
                return self._answered(upload, questions, answers, schools)
            except RuleBroken as broken:
                refusal, g.status = broken, broken.status
        return self.render(
            "records/import_questions.html",
            upload=upload,
            questions=questions,
            answers=answers,
            schools=schools,
            refusal=refusal,
        )

    def _answered(self, upload, questions, answers, schools):
        """Take the answers, remember them, plan the file. Raises RuleBroken for an answer that is none."""
        user, plan = current_user._get_current_object(), upload["plan"]
        named, wrong = told_answers([one for one in questions if one.kind == SCHOOL], answers, schools)
        if wrong:
            raise RuleBroken(unknown_school(*wrong))
        told = answers | named
        refuse_unfit(questions, told)
        content = mapped_files.find(upload["_id"], user)["content"]
        keep_answers(upload["area_code"], self.model.slug, plan["columns"], questions, told, user)
        return self._plan_of(content, upload["filename"], plan["blanks"], told)

    # ---- the plan ----

    @expose("/import/plan/")
    def plan_view(self):
        """What the import would do: by school, and of a school (or all) new, changed, same, errors and gone."""
        plan = self._asked_plan()
        school = plan.schools.get(request.args.get("school", ""))
        alone = school or (
            next(iter(plan.schools.values()))
            if len(plan.schools) == 1 and not plan.stray and plan.state != "reading"
            else None
        )
        counts = counts_of(alone) if alone else plan.counts()
        shown = request.args.get("show")
        active = shown if shown in KINDS else None
        if active is None and (alone or (not plan.schools and plan.state != "reading")):
            active = next((kind for kind in KINDS if counts[kind]), "new")
        rows, page, pages = [], 0, 0
        if active:
            page = min(max(request.args.get("page", 0, int), 0), 10_000)
            rows, number = page_of(plan, active, alone.code if alone else None, page, PAGE_ROWS)
            pages = -(-number // PAGE_ROWS)
        only, order = request.args.get("only", ""), request.args.get("sort", "")
        return self.render(
            "records/import_plan.html",
            plan=plan,
            round=find_round(plan.area_code, self.model.subsystem, plan.academic_year, plan.round),
            school=school,
            counts=counts,
            active=active,
            rows=rows,
            page=page,
            pages=pages,
            first=page * PAGE_ROWS,
            schools=schools_of(plan, only, order),
            only=only if only in FILTERS else "",
            filters=[
                name for name in FILTERS if any(FILTERS[name](plan, one) for one in plan.schools.values())
            ],
            order=order,
            hrefs={
                kind: url_for(".plan_view", id=plan.id, show=kind, school=school and school.code)
                for kind in KINDS
            },
            silent=plan.silent[:MOST_SILENT],
            stray=STRAY,
            undo=self._import_of(plan) if plan.done else None,
            needs_reason=current_user.holds("district", plan.area_code),
        )

    def _asked_plan(self):
        """The plan that the address or form names, of this kind of record, without its rows. Raises RuleBroken."""
        plan = find_plan(request.values.get("id"), current_user, whole=False)
        return plan if plan.slug == self.model.slug else find_plan(None, current_user)

    def _import_of(self, plan):
        return imports.Import.objects(area_code=plan.area_code, id=plan.id).first()

    @expose("/import/plan/file/")
    @hands_out(SCOPE)
    def plan_file_view(self):
        """The file's own rows as a workbook, what is wrong marked with what to do; `every` with the sound rows too."""
        plan, every = self._asked_plan(), bool(request.args.get("every"))
        user = current_user._get_current_object()
        rows = plan.rows_read if every else plan.counts()["errors"]
        if rows > SMALL_WORKBOOK:
            title = f"ไฟล์ผลการตรวจ {plan.filename[:200]}"
            asked, back = {"plan_id": str(plan.id), "every": every}, url_for(".plan_view", id=plan.id)
            return deliver(ask("plan_workbook", user, plan.area_code, self.round, title, asked, href=back))
        note_export(user, self.round, "import_plan", None, rows, "xlsx")
        return send_file(
            io.BytesIO(plan_workbook(plan, every)),
            mimetype=XLSX,
            as_attachment=True,
            download_name=file_name(f"ตรวจแล้ว {plan.filename.rsplit('.', 1)[0]}"),
        )

    # ---- the deed ----

    @expose("/import/apply/", methods=("POST",))
    def apply_view(self):
        """The deed: all or none for a school; what was refused is said school by school."""
        plan_id, user = request.form.get("id"), current_user._get_current_object()
        asked = {
            "reason": request.form.get("reason"),
            "approved": bool(request.form.get("approved")),
            "partly": bool(request.form.get("partly")),
        }
        try:
            plan = self._asked_plan()
            check_deed(plan, user, *asked.values())
            if not is_small_deed(plan):
                return self._applied_by_job(plan, user, asked)
            outcomes = apply_plan(plan_id, user, **asked)
        except RuleBroken as refusal:
            flash(refusal.message, "error")
            return redirect(url_for(".plan_view", id=plan_id))
        refused = [outcome for outcome in outcomes if outcome.refusal]
        if any(outcome.written for outcome in outcomes):
            said = deed_in_words(self._import_of(plan), ())[0]
            flash(f"{said} เลิกทำได้ที่ นำเข้า › ประวัติการนำเข้า", "success")
        for outcome in refused[:5]:
            flash(f"{outcome.school_name}: {outcome.refusal}", "error")
        if not outcomes:
            flash("ไฟล์ตรงกับข้อมูลที่มีอยู่แล้ว ไม่มีอะไรต้องบันทึก", "info")
        return redirect(url_for(".plan_view", id=plan_id) if refused else self.get_url(".index_view"))

    def _applied_by_job(self, plan, user, asked):
        title = f"นำเข้า {plan.filename[:200]}"
        asked |= {"slug": plan.slug, "plan_id": str(plan.id)}
        back = url_for(".plan_view", id=plan.id)
        return follow(ask("apply_import", user, plan.area_code, self.round, title, asked, href=back))

    # ---- what was imported, and the way back ----

    @expose("/import/past/")
    def past_view(self):
        """The round's imports that this person may see, newest first, each with what may be undone."""
        self._ask_importer()
        page = min(max(request.args.get("page", 0, int), 0), 100)
        found = self._past(page)
        return self.render(
            "records/imports.html", rows=found[:IMPORTS_A_PAGE], page=page, more=len(found) > IMPORTS_A_PAGE
        )

    def _past(self, page):
        user = current_user._get_current_object()
        found = imports.imports_of(user, self.model, self.round, page * IMPORTS_A_PAGE, IMPORTS_A_PAGE + 1)
        return [past_row(each, user) for each in found]

    @expose("/import/undo/", methods=("POST",))
    def undo_view(self):
        """Undo an import, of some of its schools or all: all or none for a school, by a job where it is large."""
        self._ask_importer()
        user, reason = current_user._get_current_object(), request.form.get("reason")
        schools = request.form.getlist("school") or None
        back = url_for(".past_view")
        try:
            done = imports.get_import(user, request.form.get("id"))
            rows = imports.seen_schools(done, user)
            asked = [row for code, row in rows.items() if schools is None or code in schools]
            if len(asked) > 20 or sum(row["new"] + row["changed"] for row in asked) > 500:
                arguments = {
                    "slug": done.document,
                    "import_id": str(done.id),
                    "reason": reason,
                    "schools": schools,
                }
                title = f"เลิกทำการนำเข้า {(done.filename or '')[:200]}"
                return follow(
                    ask("undo_import", user, done.area_code, self.round, title, arguments, href=back)
                )
            outcomes = imports.undo_import(done.id, user, reason, schools)
        except RuleBroken as refusal:
            flash(refusal.message, "error")
            return redirect(back)
        for sentence in undone_in_words(outcomes):
            flash(sentence, "error" if sentence in outcomes.values() else "success")
        return redirect(back)

    @expose("/import/template/")
    @hands_out(NOBODY)
    def template_view(self):
        """The blank sheet with the code lists as drop-downs."""
        if self.round is None:
            abort(404)
        name = file_name(f"แบบไฟล์นำเข้า {self.model.label}")
        return send_file(
            io.BytesIO(template_of(self.model, province=self.round.area_code[:2])),
            mimetype=XLSX,
            as_attachment=True,
            download_name=name,
        )


@growing_page("plan_import")
def growing_plan(job):
    """The page of the plan that a job is making, once there is something of it."""
    slug = job.arguments.get("slug")
    return links.of_records(slug, "plan_view", id=job.id) if is_begun(job.id, current_user) else None


@result_page("plan_import")
@result_page("apply_import")
def plan_page(job):
    """The page of the plan that a job made or wrote."""
    result = job.result or {}
    if "asked" in result:
        return links.of_records(result["slug"], "ask_view", id=result["asked"])
    return links.of_records(result["slug"], "plan_view", id=result["plan"]) if "plan" in result else None


@result_page("undo_import")
def past_page(job):
    """The list of imports, where one was undone."""
    slug = (job.result or {}).get("slug")
    return links.of_records(slug, "past_view") if slug else None


def first_answer(question, schools):
    """What a question's input holds before anything was chosen."""
    return school_words(question.chosen, schools) if question.kind == SCHOOL else question.chosen


def posted_answers(questions):
    """{question's id: what was typed or chosen}."""
    return {one.id: request.form.get(f"answer-{at}", "").strip()[:300] for at, one in enumerate(questions)}


def counts_of(school):
    """{kind: how many} of one school of a plan."""
    return {
        "errors": school.errors,
        "new": school.new,
        "changed": school.changed,
        "same": school.same,
        "gone": school.absent,
    }


def schools_of(plan, only, order):
    """A plan's schools as the table shows them: filtered, and by a column; numbers begin with the largest."""
    keep = FILTERS.get(only, FILTERS[""])
    found = [one for one in plan.schools.values() if keep(plan, one)]
    if order not in ORDERS:
        return sorted(found, key=lambda one: (not one.errors, not one.writes))
    if order == "name":
        return sorted(found, key=lambda one: one.name)
    return sorted(found, key=lambda one: (-getattr(one, order), one.name))


def past_row(done, user):
    """One import as the list shows it: only the schools this person may see, and what he may still undo."""
    schools = imports.seen_schools(done, user)
    left = [row for row in schools.values() if not row.get("undone_at")]
    said = buddhist.format_datetime
    return {
        "import": done,
        "when": said(utc(done.at)),
        "undone": {
            code: said(utc(row["undone_at"])) for code, row in schools.items() if row.get("undone_at")
        },
        "schools": schools,
        "new": sum(row["new"] for row in schools.values()),
        "changed": sum(row["changed"] for row in schools.values()),
        "left": len(left),
        "to_remove": sum(row["new"] for row in left),
        "to_restore": sum(row["changed"] for row in left),
        "may_undo": bool(left) and imports.may_undo(done, user),
    }
