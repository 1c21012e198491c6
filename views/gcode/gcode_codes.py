"""What is done with a request's code, each on a page that asks: recorded, taken out, replaced, renewed, cancelled."""

from typing import NamedTuple

from flask import abort, flash, redirect, request, url_for
from flask_admin import BaseView, expose

from documents.errors import Invalid, OutOfScope, RuleBroken
from documents.formats.citizen_id import mask_id
from documents.gcode import gcode, gcode_linking, gcode_numbers
from documents.gcode.gcode_linking import FATES, says_outcome, touched
from documents.gcode.gcode_numbers import RECORDED_IN, doubts_of
from documents.gcode.gcode_writing import refuse_stale
from documents.people import access
from documents.records import evidence
from documents.records.cases import steps_for
from views import here
from views.here import person
from views.pages import Page, seen_revision
from views.records.cases import LONGEST, errors_of

TYPED = ("code", "number", "again", "fate", "reason")
LONGEST_NUMBER = 60


class Deed(NamedTuple):
    """One deed: what its button and page say, its icon, which inputs its form has, and what it does."""

    label: str
    icon: str
    inputs: tuple
    about: str
    tone: str = "main"


DEEDS = {
    "record": Deed("บันทึกรหัส G ของกระทรวง", "edit", ("code", "again"), "รหัสที่ระบบของกระทรวงออกให้ผู้เรียนคนนี้ พิมพ์สองครั้งให้ตรงกัน"),
    "erase": Deed("ลบรหัสที่บันทึกไว้", "trash", ("reason",), "ลบรหัสที่พิมพ์ผิดก่อนรับรอง รหัสนี้จะใช้กับผู้เรียนคนอื่นได้", "risk"),
    "replace": Deed("บันทึกเลข 13 หลัก", "check", ("number", "again", "evidence", "reason"),
                    "เลขประจำตัวประชาชนที่สำนักทะเบียนออกให้ จะแทนรหัส G ในคำขอและในข้อมูลนักเรียนของรอบที่ยังเปิด รหัสเดิมเก็บไว้เป็นเลขเดิม"),
    "renew": Deed("แทนรหัสชั่วคราวด้วยรหัสของกระทรวง", "edit", ("code", "again", "reason"),
                  "รหัสที่ระบบของกระทรวงออกให้ จะแทนรหัสชั่วคราวในคำขอและในข้อมูลนักเรียนของรอบที่ยังเปิด"),
    "cancel": Deed("ยกเลิกรหัส", "x", ("fate", "number", "again", "reason"),
                   "รหัสที่ยกเลิกแล้วไม่นำกลับมาใช้อีก ต้องเลือกว่านักเรียนใน DMC จะเป็นอย่างไรต่อไป", "risk"),
}  # fmt: skip


class GCodeCodes(Page, BaseView):
    """The form of each deed, for whoever may do it now."""

    roles = ("district", "approver")

    def __init__(self):
        super().__init__(name="รหัส G", endpoint="gcode_codes", url="/admin/gcode/code")

    def is_visible(self):
        """Not in the menu: a request's page leads here."""
        return False

    @expose("/", methods=("GET", "POST"))
    def index(self):
        """Ask, and do it when posted; a refusal shows the form with what was typed."""
        found = gcode.get_request(person(), request.values.get("id"))
        name = request.values.get("do", "")
        if name not in DEEDS:
            abort(404)
        if name not in open_deeds(found, person()):
            raise OutOfScope("ท่านไม่มีสิทธิ์ทำรายการนี้กับคำขอนี้ หรือสถานะของคำขอเปลี่ยนไปแล้ว กรุณาเปิดหน้าคำขอใหม่")
        if request.method == "GET":
            return self._form(found, name)
        try:
            refuse_stale(found, seen_revision())
            said = done(found, name, person())
        except RuleBroken as refusal:
            return self._form(found, name, refusal), refusal.status
        flash(f"คำขอเลขที่ {found.request_no}: {said}", "success")
        return redirect(url_for("gcode.details_view", id=str(found.id)), 303)

    @expose("/mode/", methods=("POST",))
    def mode_view(self):
        """Say how certified requests come to their code; asked on the page of settings."""
        try:
            gcode_numbers.set_mode(
                here.area_code(), request.form.get("mode"), person(), request.form.get("reason", "")[:LONGEST]
            )
        except Invalid as refusal:
            flash(refusal.message, "error")
        else:
            flash("กำหนดที่มาของรหัสแล้ว ใช้กับคำขอที่รับรองตั้งแต่นี้ไป", "success")
        return redirect(url_for("gcode.settings_view"), 303)

    def _form(self, found, name, refusal=None):
        deed, met = DEEDS[name], touched(found) if name in ("replace", "renew", "cancel") else None
        return self.render(
            "gcode/gcode_code.html",
            case=found,
            do=name,
            deed=deed,
            back=url_for("gcode.details_view", id=str(found.id)),
            facts=[
                ("ผู้เรียน", found.name),
                ("โรงเรียน", found.school_name),
                ("รหัส G", mask_id(found.code)),
                ("ที่มาของรหัส", gcode.CODE_KINDS.get(found.code_kind)),
                ("ใน DMC", says_outcome(met) if met and not met.refusal else None),
            ],
            stands_in_the_way=met and met.refusal,
            fates=FATES,
            typed={one: request.form.get(one, "") for one in TYPED},
            errors=errors_of(refusal) if refusal else {},
        )


def open_deeds(found, user):
    """Names of the deeds this person may do with a request now, in their order."""
    steps = {step.name for step in steps_for(found, user)}
    district = user.holds("district", found.area_code)
    before = district and found.state in RECORDED_IN
    given = {"record": before and not found.code, "erase": before and bool(found.code)}
    return [name for name in DEEDS if given.get(name, name in steps)]


def doings_of(found, user):
    """[{label, icon, href}] of those deeds, for the request's page."""
    return [
        {
            "label": DEEDS[name].label,
            "icon": DEEDS[name].icon,
            "href": url_for("gcode_codes.index", id=str(found.id), do=name),
        }
        for name in open_deeds(found, user)
    ]


def links_of(area, user):
    """[{label, icon, href}] of the pages beside the list of requests."""
    found = [{"label": "รายงาน", "icon": "reports", "href": url_for("gcode_reports.index")}]
    if user.holds("district", area) and access.sees_sensitive(user, area):
        found.append({"label": "แลกเปลี่ยน", "icon": "transfer", "href": url_for("gcode_exchange.index")})
    if user.holds("approver", area) and access.sees_sensitive(user, area):
        found.append({"label": "ทะเบียนของกระทรวง", "icon": "upload", "href": url_for("gcode_register.index")})
    return found


def code_notes(found):
    """Sentences of what is doubtful of a recorded code (GC-06), while it can still be taken out."""
    return doubts_of(found) if found.code and found.state in RECORDED_IN else []


def done(found, name, actor):
    """Do a posted deed; gives what was done, in words. Raises what it raises."""
    typed = {one: request.form.get(one, "")[:LONGEST_NUMBER] for one in ("code", "number", "again", "fate")}
    reason = request.form.get("reason", "")[:LONGEST]
    if name == "record":
        after = gcode_numbers.record(found, typed["code"], typed["again"], actor, reason)
        return " ".join(["บันทึกรหัสแล้ว", *code_notes(after)])
    if name == "erase":
        gcode_numbers.erase(found, actor, reason)
        return "ลบรหัสที่บันทึกไว้แล้ว"
    if name == "replace":
        sent = request.files.get("evidence")
        content = sent.stream.read(evidence.LARGEST + 1) if sent else b""
        outcome = gcode_linking.replace(found, typed["number"], typed["again"], content, actor, reason)
    elif name == "renew":
        outcome = gcode_linking.renew(found, typed["code"], typed["again"], actor, reason)
    else:
        outcome = gcode_linking.cancel(found, typed["fate"], actor, reason, typed["number"], typed["again"])
    return f"{outcome.request.shown_state} {says_outcome(outcome)}"
