"""The ministry's register of certified G-codes taken in (นำทะเบียนรหัส G เข้าระบบ): a blank form, the plan of a file, the deed."""

import io

from flask import flash, redirect, request, send_file, url_for
from flask_admin import expose

from documents.background.jobs import ask
from documents.clock import utc
from documents.errors import RuleBroken, WrongState
from documents.formats import buddhist
from documents.formats.citizen_id import mask_id
from documents.gcode.gcode_register import get_import, imports_of, refuse_register
from documents.records.cases import reason_of
from exports.file_jobs import XLSX
from exports.gcode import gcode_register
from views.here import person
from views.jobs import follow
from views.records.cases import LONGEST
from views.records.files_out import NOBODY, hands_out
from views.records.row_plans import Head, RowPlanPage, Words


class GCodeRegister(RowPlanPage):
    """For certifiers who may see what is sensitive: what they take in stands as certified."""

    roles = ("approver",)
    kind = gcode_register.KIND
    crumb = "ทะเบียนของกระทรวง"
    form_template = "gcode/gcode_register.html"
    heads = (Head("ผู้เรียน", "own"), Head("รหัส G", "tab"), Head("โรงเรียน", "own"), Head("วันที่รับรอง"))

    def __init__(self):
        super().__init__(name="นำทะเบียนรหัส G เข้าระบบ", endpoint="gcode_register", url="/admin/gcode/register")

    def refuse(self, area_code):
        """Raise OutOfScope for whoever takes no register in."""
        refuse_register(person(), area_code)

    def planned(self, content, name, area_code):
        """The plan of a register."""
        return gcode_register.plan_register(content, name, area_code, person())

    def form(self, area_code):
        """Which columns are read, and what was taken in before."""
        return {
            "columns": [(one.label, one.name in gcode_register.NEEDED) for one in gcode_register.COLUMNS],
            "past": [
                (
                    one,
                    buddhist.format_datetime(utc(one.at)),
                    one.undone_at and buddhist.format_datetime(utc(one.undone_at)),
                )
                for one in imports_of(area_code)
            ],
        }

    def words(self, count):
        """What the plan of a register says."""
        return Words(
            "จะนำเข้า", "มีอยู่แล้ว", "ไม่มีรหัสใหม่ในไฟล์นี้", "ผู้เรียนทุกคนในไฟล์มีคำขอที่รับรองแล้วในระบบ",
            "เหตุผลหรือที่มาของทะเบียน", f"นำเข้า {count:,} คน", "ไม่นำเข้า",
        )  # fmt: skip

    def cells(self, row):
        """One learner; his code masked."""
        own = row["own"]
        return row["name"], mask_id(own["code"]), row["school"], buddhist.format_date(own["certified_at"])

    @expose("/template/")
    @hands_out(NOBODY)
    def template_view(self):
        """An empty register."""
        self.asked_area()
        content, name = gcode_register.template(), gcode_register.template_name()
        return send_file(io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name)

    @expose("/undo/", methods=("POST",))
    def undo_view(self):
        """Take an import back, by a job that tells who was changed since."""
        area = self.asked_area()
        done = get_import(area, request.form.get("id"))
        try:
            if not done.left:
                raise WrongState("การนำเข้านี้ถูกเลิกทำไปแล้ว ไม่ต้องทำซ้ำ")
            told = {"import_id": str(done.id), "reason": reason_of(request.form.get("reason", "")[:LONGEST])}
        except RuleBroken as refusal:
            flash(refusal.message, "error")
            return redirect(url_for(".index"), 303)
        title = f"เลิกทำการนำเข้า {done.filename}"
        return follow(ask(gcode_register.UNDO, person(), area, None, title, told, href=url_for(".index")))
