"""Changes of a number (คำขอแก้เลข): asked from a pupil's page with evidence, decided by the district."""

import io

from flask import abort, redirect, request, send_file
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.dmc import id_changes
from documents.dmc.id_changes import IdChange
from documents.dmc.students import Student
from documents.errors import OutOfScope, RuleBroken
from documents.formats.citizen_id import format_id, mask_id
from documents.people import access
from documents.records import evidence, listing
from documents.records.codelists import code_list
from views.pages import Page
from views.records.cases import LONGEST, TONES, CasePages, errors_of, person, said
from views.records.files_out import ONE, hands_out

TYPED = ("number", "again", "kind", "reason")


class IdChanges(CasePages, Page, BaseView):
    """The requests, the form that makes one, and the evidence as a file to save."""

    kind = IdChange
    subsystem = Student.subsystem
    answer = staticmethod(id_changes.answer)
    get = staticmethod(id_changes.get_id_change)
    visible_to = staticmethod(id_changes.visible_to)
    questions = {
        "approve": "แก้เลขประจำตัวประชาชนตามคำขอ เลขเดิมจะเก็บไว้กับนักเรียน",
        "refuse": "ไม่แก้เลขให้ หลักฐานที่แนบจะถูกลบ",
        "withdraw": "ถอนคำขอแก้เลข หลักฐานที่แนบจะถูกลบ",
    }

    def __init__(self):
        super().__init__(name="คำขอแก้เลข", endpoint="id_changes", url="/admin/id-changes")

    def records_of(self, case):
        """The one pupil's record."""
        return (case.record,)

    def row_of(self, case, names):
        """A request as the list draws it."""
        return {
            "href": self.get_url(".details_view", id=str(case.id)),
            "title": names.get(case.record) or case.old_number,
            "sub": case.school_name,
            "route": (case.old_number, case.shown_number),
            "state": case.shown_state,
            "tone": TONES[case.state],
            "when": said(case.asked_at),
            "until": "",
        }

    def beside_list(self, area_code):
        """The words of this list."""
        return {
            "title": "คำขอแก้เลขประจำตัว",
            "empty": "ขอแก้เลขได้จากหน้าของนักเรียน คำขอจะแสดงที่นี่จนกว่าเขตจะพิจารณา",
            "new": None,
            "days": None,
            "most_days": None,
        }

    def facts_of(self, case):
        """What is asked, the numbers masked."""
        return [
            ("โรงเรียน", case.school_name),
            ("รอบ", f"{case.academic_year}-{case.round}"),
            ("เลขเดิม", case.old_number),
            ("เลขใหม่", case.shown_number),
            ("ประเภทบัตร", code_list("ID_TYPE").label(case.new_type)),
            ("เหตุผลที่ขอ", case.reason),
            ("ผู้ขอ", f"{case.asked_by_name} · {said(case.asked_at)}"),
        ]

    def reveal_of(self, case):
        """The new number whole, by a press, to the district while it waits, since it is compared with a paper."""
        if not case.is_open or not current_user.holds("district", case.area_code):
            return None
        return {"label": "เลขใหม่", "shown": case.shown_number, "url": self.get_url(".reveal_view")}

    @expose("/reveal/", methods=("POST",))
    def reveal_view(self):
        """The new number whole, noted; answers JSON."""
        case = self.get(current_user, request.form.get("id"))
        return {"value": format_id(id_changes.whole_number_of(case, person()))}

    def notes_of(self, case):
        """To the district: other schools where the new number stands already."""
        if not case.is_open or not current_user.holds("district", case.area_code):
            return []
        return [
            (f"เลขใหม่มีอยู่แล้วที่{name} กรุณาตรวจว่าเป็นคนเดียวกันหรือไม่", "warn") for name in id_changes.elsewhere(case)
        ]

    @expose("/new/", methods=("GET", "POST"))
    def new_view(self):
        """The form that asks for another number of one pupil."""
        plain = listing.one_of(Student, current_user, request.values.get("record")) or abort(404)
        if access.writes_as(current_user, plain["area_code"], plain["school_code"]) is None:
            raise OutOfScope()
        if request.method == "GET":
            return self._form(plain)
        sent = request.files.get("evidence")
        content = sent.stream.read(evidence.LARGEST + 1) if sent else b""
        typed = {name: request.form.get(name, "")[:LONGEST] for name in TYPED}
        try:
            case = id_changes.ask(
                plain, typed["number"], typed["again"], typed["kind"], content, person(), typed["reason"]
            )
        except RuleBroken as refusal:
            return self._form(plain, refusal), refusal.status
        return redirect(self.get_url(".details_view", id=str(case.id)), 303)

    def _form(self, plain, refusal=None):
        return self.render(
            "dmc/id_change_new.html",
            pupil=Student.headline(plain),
            record=plain["_id"],
            old=mask_id(plain.get("person_id")),
            back=self.get_url("students.details_view", id=str(plain["_id"])),
            typed={name: request.form.get(name, "") for name in TYPED},
            kinds=code_list("ID_TYPE").choices,
            errors=errors_of(refusal) if refusal else {},
        )

    @expose("/evidence/")
    @hands_out(ONE)
    def evidence_view(self):
        """The evidence, always as a file to save, never shown by the browser."""
        case = self.get(current_user, request.args.get("id"))
        content, kind = id_changes.evidence_of(case, person())
        name = f"evidence-{case.id}.{evidence.KINDS[kind]}"
        return send_file(io.BytesIO(content), mimetype=kind, as_attachment=True, download_name=name)
