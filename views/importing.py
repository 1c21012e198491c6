"""Importing a file in the browser: choose it, read the plan, then the deed."""

import io

from flask import abort, flash, g, redirect, request, send_file, url_for
from flask_admin import expose
from flask_login import current_user

from documents.errors import RuleBroken
from exports.importing import apply_plan, find_plan, plan_import
from exports.template import template_of
from exports.workbook import file_name
from views.exporting import XLSX

TABS = ("errors", "new", "changed", "same")
ROWS_SHOWN = 200


class ImportMixin:
    """The part of RecordView behind the import pages."""

    @expose("/import/", methods=("GET", "POST"))
    def import_view(self):
        """Choose a file; a readable one becomes a plan, any other its sentence with the page kept."""
        if self.round is None or not self._may_import():
            abort(403)
        refusal, status = None, 200
        if request.method == "POST":
            try:
                return redirect(url_for(".plan_view", id=self._plan().id))
            except RuleBroken as broken:
                refusal, status = broken.message, broken.status
        g.status = status
        return self.render("khet/import.html", refusal=refusal)

    def _may_import(self):
        """Whether this person writes any school's records; each school is asked again by the plan and the door."""
        return current_user.holds("district", self.round.area_code) or bool(current_user.schools("school"))

    def _plan(self):
        upload = request.files.get("file")
        if upload is None or not upload.filename:
            raise RuleBroken("กรุณาเลือกไฟล์ก่อนกด “ตรวจไฟล์”")
        blanks = "clear" if request.form.get("blanks") == "clear" else "keep"
        user = current_user._get_current_object()
        return plan_import(self.model, upload.stream, upload.filename, user, self.round, blanks=blanks)

    @expose("/import/plan/")
    def plan_view(self):
        """What the import would do: new, changed field by field, same, errors by row and column."""
        plan = find_plan(request.args.get("id"), current_user)
        counts = {
            "errors": len(plan.errors),
            "new": len(plan.new),
            "changed": len(plan.changed),
            "same": len(plan.same),
        }
        shown = request.args.get("show")
        active = shown if shown in TABS else next((tab for tab in TABS if counts[tab]), "new")
        return self.render(
            "khet/import_plan.html",
            plan=plan,
            counts=counts,
            active=active,
            rows=getattr(plan, active)[:ROWS_SHOWN],
            rows_shown=ROWS_SHOWN,
            hrefs={tab: url_for(".plan_view", id=plan.id, show=tab) for tab in TABS},
            needs_reason=current_user.holds("district", plan.area_code),
        )

    @expose("/import/apply/", methods=("POST",))
    def apply_view(self):
        """The deed: all or none for a school; what was refused is said school by school."""
        plan_id = request.form.get("id")
        try:
            outcomes = apply_plan(
                plan_id,
                current_user._get_current_object(),
                reason=request.form.get("reason"),
                approved=bool(request.form.get("approved")),
                partly=bool(request.form.get("partly")),
            )
        except RuleBroken as refusal:
            flash(refusal.message, "error")
            return redirect(url_for(".plan_view", id=plan_id))
        written = sum(outcome.written for outcome in outcomes)
        if written:
            schools = sum(1 for outcome in outcomes if outcome.written)
            flash(f"นำเข้าแล้ว {written:,} รายการ ของ {schools:,} โรงเรียน", "success")
        for outcome in outcomes:
            if outcome.refusal:
                flash(f"{outcome.school_name}: {outcome.refusal}", "error")
        if not outcomes:
            flash("ไฟล์ตรงกับข้อมูลที่มีอยู่แล้ว ไม่มีอะไรต้องบันทึก", "info")
        refused = any(outcome.refusal for outcome in outcomes)
        return redirect(url_for(".plan_view", id=plan_id) if refused else self.get_url(".index_view"))

    @expose("/import/template/")
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
