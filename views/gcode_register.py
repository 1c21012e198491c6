"""The ministry's register of certified G-codes taken in (นำทะเบียนรหัส G เข้าระบบ): a blank form, the plan of a file, the deed."""

import io

from flask import flash, redirect, request, send_file, url_for
from flask_admin import BaseView, expose

from documents import buddhist, thai
from documents.cases import reason_of
from documents.citizen_id import mask_id
from documents.errors import RuleBroken
from documents.gcode_register import refuse_register
from documents.jobs import ask
from exports import gcode_register, guards, mapped_files
from exports.file_jobs import XLSX
from views import here
from views.cases import LONGEST
from views.files_out import NOBODY, hands_out
from views.here import person
from views.jobs import follow
from views.pages import Page

MOST_SHOWN = 300
TITLE = "นำทะเบียนรหัส G เข้าระบบ"


class GCodeRegister(Page, BaseView):
    """For certifiers who may see what is sensitive: what they take in stands as certified."""

    roles = ("approver",)

    def __init__(self):
        super().__init__(name=TITLE, endpoint="gcode_register", url="/admin/gcode/register")

    def is_visible(self):
        """Not in the menu: the requests lead here."""
        return False

    @expose("/", methods=("GET", "POST"))
    def index(self):
        """The form for a register; a posted one goes on to its plan."""
        area, refusal = asked_area(), None
        if request.method == "POST":
            try:
                return redirect(url_for(".plan_view", id=str(kept_plan(area))), 303)
            except RuleBroken as broken:
                refusal = broken
        columns = [(one.label, one.name in gcode_register.NEEDED) for one in gcode_register.COLUMNS]
        page = self.render("khet/gcode_register.html", columns=columns, refusal=refusal)
        return page if refusal is None else (page, refusal.status)

    @expose("/template/")
    @hands_out(NOBODY)
    def template_view(self):
        """An empty register."""
        asked_area()
        content, name = gcode_register.template(), gcode_register.template_name()
        return send_file(io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name)

    @expose("/plan/")
    def plan_view(self):
        """What the file would write; while it has one error, nothing is."""
        upload = planned(request.args.get("id"))
        plan = upload["plan"]
        shown = [
            {"row": row["row"], "name": row["name"], "school": row["school"], "code": mask_id(row["own"]["code"]),
             "day": buddhist.format_date(row["own"]["certified_at"]), "doubts": plan["doubts"].get(str(row["row"]), [])}
            for row in plan["rows"][:MOST_SHOWN]
        ]  # fmt: skip
        return self.render(
            "khet/gcode_register_plan.html",
            upload=upload,
            plan=plan,
            errors=plan["errors"][:MOST_SHOWN],
            rows=shown,
            most=MOST_SHOWN,
            until=buddhist.format_time(upload["expires_at"]),
        )

    @expose("/apply/", methods=("POST",))
    def apply_view(self):
        """The deed, by a job that tells what was refused."""
        upload = planned(request.form.get("id"))
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
                "gcode_register", person(), upload["area_code"], None, TITLE, told, href=url_for(".index")
            )
        except RuleBroken:
            mapped_files.release(upload["_id"], person())
            raise
        return follow(job)


def asked_area(area_code=None):
    """The area this person certifies for: the present one, or a stored upload's. Raises OutOfScope."""
    area = area_code or here.area_code()
    refuse_register(person(), area)
    return area


def planned(id_):
    """The stored upload of a register's plan. Raises RuleBroken or OutOfScope."""
    upload = mapped_files.find(id_, person(), planned="gcode_register")
    asked_area(upload["area_code"])
    return upload


def kept_plan(area):
    """Plan the posted file and keep the plan; gives its id. Raises RuleBroken."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise RuleBroken("กรุณาเลือกไฟล์ก่อนกดตรวจไฟล์")
    content, name = upload.stream.read(guards.MAX_BYTES + 1), thai.clean(upload.filename)[:200]
    plan = gcode_register.plan_register(content, name, area, person())
    id_ = mapped_files.keep(b"", name, area, person())
    mapped_files.keep_plan(id_, person(), plan)
    return id_
