"""The exchange of G-codes with the ministry's system and the civil registry: workbooks out, the same filled in coming back."""

import io

from flask import flash, redirect, request, send_file, url_for
from flask_admin import BaseView, expose

from documents import buddhist, history, thai
from documents.cases import reason_of
from documents.errors import RuleBroken
from documents.gcode_following import learners_without
from documents.jobs import ask
from exports import gcode_exchange, guards, mapped_files
from exports.file_jobs import XLSX
from exports.gcode_exchange import ABOUT, KINDS, WORDS, doubts_in, masked
from views import here
from views.cases import LONGEST
from views.files_out import SCOPE, hands_out
from views.here import person
from views.jobs import follow
from views.pages import Page

MOST_SHOWN = 300


class GCodeExchange(Page, BaseView):
    """For officers of the area who may see what is sensitive: every row holds a learner's nationality."""

    roles = ("district",)

    def __init__(self):
        super().__init__(name="แลกเปลี่ยนรหัส G", endpoint="gcode_exchange", url="/admin/gcode/exchange")

    def is_visible(self):
        """Not in the menu: the requests lead here."""
        return False

    @expose("/", methods=("GET", "POST"))
    def index(self):
        """The workbooks to take and the form for one that came back; a posted one goes on to its plan."""
        area, refusal = asked_area(), None
        if request.method == "POST":
            try:
                return redirect(url_for(".plan_view", id=str(kept_plan(area))), 303)
            except RuleBroken as broken:
                refusal = broken
        kinds = [
            (kind, words, ABOUT[kind], len(gcode_exchange.rows_wanted(person(), area, kind)))
            for kind, words in KINDS.items()
        ]
        waiting = len(learners_without(person(), area))
        page = self.render("khet/gcode_exchange.html", kinds=kinds, waiting=waiting, refusal=refusal)
        return page if refusal is None else (page, refusal.status)

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_xlsx(self):
        """One of the workbooks; noted before it is sent."""
        area, kind = asked_area(), request.args.get("kind", "ministry")
        if kind not in KINDS:
            raise RuleBroken("ไม่มีไฟล์แบบนี้ กรุณาเลือกจากหน้าแลกเปลี่ยนรหัส G")
        rows = gcode_exchange.rows_wanted(person(), area, kind)
        content = gcode_exchange.exchange_workbook(rows, kind, here.area_name(area))
        told = {"what": f"gcode_{kind}", "rows": len(rows), "kind": "xlsx"}
        changes = {name: [None, value] for name, value in told.items()}
        history.note_event(area, person(), "export", "access", person().id, changes)
        name = gcode_exchange.exchange_file_name(kind, here.area_name(area))
        return send_file(io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name)

    @expose("/plan/")
    def plan_view(self):
        """What the file would write; while it has one error, nothing is."""
        upload = mapped_files.find(request.args.get("id"), person(), planned="gcode")
        area, plan = asked_area(upload["area_code"]), upload["plan"]
        doubts = doubts_in(plan, area)
        return self.render(
            "khet/gcode_plan.html",
            upload=upload,
            plan=plan,
            errors=plan["errors"][:MOST_SHOWN],
            rows=[
                row | {"word": WORDS[row["what"]], "old": masked(row["old"]), "new": masked(row["new"]),
                       "doubts": doubts.get(row["row"], [])}
                for row in plan["rows"][:MOST_SHOWN]
            ],
            most=MOST_SHOWN,
            until=buddhist.format_time(upload["expires_at"]),
        )  # fmt: skip

    @expose("/apply/", methods=("POST",))
    def apply_view(self):
        """The deed, by a job that tells what was refused."""
        upload = mapped_files.find(request.form.get("id"), person(), planned="gcode")
        area = asked_area(upload["area_code"])
        try:
            mapped_files.refuse_faulty(upload["plan"])
            reason = reason_of(request.form.get("reason", "")[:LONGEST])
        except RuleBroken as refusal:
            flash(refusal.message, "error")
            return redirect(url_for(".plan_view", id=str(upload["_id"])), 303)
        mapped_files.claim(upload["_id"], person())
        told = {"upload_id": str(upload["_id"]), "reason": reason}
        try:
            job = ask(
                "gcode_exchange", person(), area, None, "บันทึกผลแลกเปลี่ยนรหัส G", told, href=url_for(".index")
            )
        except RuleBroken:
            mapped_files.release(upload["_id"], person())
            raise
        return follow(job)


def asked_area(area_code=None):
    """The area this person exchanges for: the present one, or a stored upload's. Raises OutOfScope."""
    area = area_code or here.area_code()
    gcode_exchange.refuse_reader(person(), area)
    return area


def kept_plan(area):
    """Plan the posted file and keep the plan; gives its id. Raises RuleBroken."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise RuleBroken("กรุณาเลือกไฟล์ก่อนกดตรวจไฟล์")
    content, name = upload.stream.read(guards.MAX_BYTES + 1), thai.clean(upload.filename)[:200]
    plan = gcode_exchange.plan_exchange(content, name, area, person())
    id_ = mapped_files.keep(b"", name, area, person())
    mapped_files.keep_plan(id_, person(), plan)
    return id_
