"""The exchange of G-codes with the ministry's system and the civil registry: workbooks out, the same filled in coming back."""

import io

from flask import request, send_file
from flask_admin import expose

from documents.errors import RuleBroken
from documents.formats.citizen_id import mask_id
from documents.trail import history
from exports.file_jobs import XLSX
from exports.gcode import gcode_exchange
from exports.gcode.gcode_exchange import ABOUT, KINDS, WORDS
from views import here
from views.here import person
from views.records.files_out import SCOPE, hands_out
from views.records.row_plans import Head, RowPlanPage, Words


class GCodeExchange(RowPlanPage):
    """For officers of the area who may see what is sensitive: every row holds a learner's nationality."""

    roles = ("district",)
    kind = gcode_exchange.KIND
    crumb = "แลกเปลี่ยน"
    form_template = "gcode/gcode_exchange.html"
    heads = (
        Head("คำขอ", "tab"),
        Head("ผู้เรียน", "own"),
        Head("ทำอะไร"),
        Head("เดิม", "tab"),
        Head("ใหม่", "tab"),
    )

    def __init__(self):
        super().__init__(name="แลกเปลี่ยนรหัส G", endpoint="gcode_exchange", url="/admin/gcode/exchange")

    def refuse(self, area_code):
        """Raise OutOfScope for whoever exchanges nothing."""
        gcode_exchange.refuse_reader(person(), area_code)

    def planned(self, content, name, area_code):
        """The plan of a workbook that came back."""
        return gcode_exchange.plan_exchange(content, name, area_code, person())

    def form(self, area_code):
        """Which workbooks there are, and how many learners each lists."""
        return {
            "kinds": [
                (kind, words, ABOUT[kind], len(gcode_exchange.rows_wanted(person(), area_code, kind)))
                for kind, words in KINDS.items()
            ]
        }

    def words(self, count):
        """What the plan of a workbook says."""
        return Words(
            "จะบันทึก", "ไม่มีอะไรใหม่", "ไฟล์นี้ไม่มีรหัสหรือเลขใหม่", "กรอกรหัสหรือเลขในคอลัมน์ท้ายของไฟล์แล้วเลือกไฟล์อีกครั้ง",
            "เหตุผลหรือเลขที่หนังสือที่แจ้ง", f"บันทึก {count:,} คน", "ไม่บันทึก",
        )  # fmt: skip

    def cells(self, row):
        """One learner; his numbers masked."""
        return row["no"], row["name"], WORDS[row["what"]], mask_id(row["old"]) or "–", mask_id(row["new"])

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_xlsx(self):
        """One of the workbooks; noted before it is sent."""
        area, kind = self.asked_area(), request.args.get("kind", "ministry")
        if kind not in KINDS:
            raise RuleBroken("ไม่มีไฟล์แบบนี้ กรุณาเลือกจากหน้าแลกเปลี่ยนรหัส G")
        rows = gcode_exchange.rows_wanted(person(), area, kind)
        content = gcode_exchange.exchange_workbook(rows, kind, here.area_name(area))
        told = {"what": f"gcode_{kind}", "rows": len(rows), "kind": "xlsx"}
        changes = {name: [None, value] for name, value in told.items()}
        history.note_event(area, person(), "export", "access", person().id, changes)
        name = gcode_exchange.exchange_file_name(kind, here.area_name(area))
        return send_file(io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name)
