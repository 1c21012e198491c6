"""Papers of a G-code request: evidence in and out, the form to sign, a number in full, and which pieces are required."""

import io

from flask import Response, abort, flash, redirect, request, send_file
from flask_admin import expose
from flask_login import current_user

from documents import clock
from documents.errors import NotAllowed, OutOfScope, RuleBroken
from documents.formats import citizen_id
from documents.gcode import gcode, gcode_evidence, gcode_numbers
from documents.gcode.gcode import editable
from documents.people import access
from documents.records import evidence
from documents.records.codelists import code_list
from documents.trail import history
from exports.gcode.gcode_form import form_file_name, form_pdf
from views import here
from views.gcode.gcode_words import sets
from views.here import person
from views.records import formatters
from views.records.cases import LONGEST
from views.records.files_out import ONE, hands_out

GIVEN = ("code", "new_number")  # numbers that the district gave, shown masked


class GCodePieces:
    """The part of the view of requests behind files and settings."""

    @expose("/evidence/")
    @hands_out(ONE)
    def evidence_view(self):
        """One piece: a picture, which was drawn anew here, may be looked at; anything else is a file to save. Noted."""
        found = gcode.get_request(current_user, request.args.get("id"))
        content, media = gcode_evidence.read(found, request.args.get("piece"), person())
        looked_at = media.startswith("image/") and request.args.get("look") == "1"
        answer = Response(content, mimetype=media)
        name = f"evidence-{found.request_no}.{evidence.KINDS[media]}"
        answer.headers["Content-Disposition"] = (
            f'{"inline" if looked_at else "attachment"}; filename="{name}"'
        )
        answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return answer

    @expose("/evidence/attach/", methods=("POST",))
    def attach_view(self):
        """Attach one file to a request."""
        sent = request.files.get("file")
        content = sent.stream.read(evidence.LARGEST + 1) if sent else b""
        return self._pieced(gcode_evidence.attach, request.form.get("kind", ""), content, said="แนบหลักฐานแล้ว")

    @expose("/evidence/remove/", methods=("POST",))
    def detach_view(self):
        """Take one piece out."""
        return self._pieced(gcode_evidence.detach, request.form.get("piece"), said="นำหลักฐานออกแล้ว")

    def _pieced(self, deed, *given, said):
        found = gcode.get_request(current_user, request.form.get("id"))
        try:
            deed(found, *given, person(), request.form.get("reason", "")[:LONGEST])
        except RuleBroken as refusal:
            if isinstance(refusal, NotAllowed):
                raise
            return self.show(gcode.get_request(current_user, str(found.id)), refusal, request.form)
        flash(said, "success")
        return redirect(self.get_url(".details_view", id=str(found.id), _anchor="evidence"), 303)

    @expose("/form/")
    @hands_out(ONE)
    def form_view(self):
        """The student-record form, ready for photograph and fingerprint; noted before it is sent."""
        found, user = gcode.get_request(current_user, request.args.get("id")), person()
        may_see = access.open_fields(user, editable(), found.area_code, found.school_code)
        content = form_pdf(found, may_see, clock.now(), user.name)
        told = {
            "what": "gcode_form",
            "school": found.school_code,
            "rows": 1,
            "kind": "pdf",
            "record": str(found.id),
        }
        changes = {name: [None, value] for name, value in told.items()}
        history.note_event(found.area_code, user, "export", "access", user.id, changes)
        return send_file(
            io.BytesIO(content),
            mimetype="application/pdf",
            as_attachment=True,
            download_name=form_file_name(found),
        )

    @expose("/reveal/", methods=("POST",))
    def reveal(self):
        """A masked number of a request in full, noted."""
        found, name = gcode.get_request(current_user, request.form.get("id")), request.form.get("name", "")
        field = access.open_fields(current_user, editable(), found.area_code, found.school_code).get(name)
        if name not in GIVEN and (field is None or not formatters.is_masked(field)):
            abort(404)
        user, changes = person(), {name: [None, str(found.id)]}
        seen = gcode.access_entry(found)
        history.note_event(found.area_code, user, "reveal", "access", user.id, changes, seen=seen)
        return {"value": citizen_id.format_id(getattr(found, name))}

    @expose("/settings/", methods=("GET", "POST"))
    def settings_view(self):
        """Which pieces of evidence a request of the area must have."""
        area = here.area_code()
        if not sets(area):
            raise OutOfScope("เฉพาะเจ้าหน้าที่เขตหรือผู้ดูแลระบบเท่านั้นที่กำหนดหลักฐานที่ต้องมีได้")
        if request.method == "POST":
            reason = request.form.get("reason", "")[:LONGEST] or None
            gcode_evidence.set_required(area, request.form.getlist("kinds"), person(), reason)
            flash("กำหนดหลักฐานที่ต้องมีแล้ว ใช้กับทุกคำขอที่ยังไม่รับรอง", "success")
            return redirect(self.get_url(".settings_view"), 303)
        return self.render(
            "gcode/gcode_settings.html",
            kinds=code_list("G_EVIDENCE").choices,
            required=set(gcode_evidence.required_kinds(area)),
            modes=gcode_numbers.MODES,
            mode=gcode_numbers.mode_of(area),
        )
