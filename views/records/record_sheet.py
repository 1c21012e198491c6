"""One record on paper: the sheet of all its groups as a page to print and as a PDF, noted as taken out."""

import io

from flask import abort, g, request, send_file
from flask_admin import expose
from flask_login import current_user

from documents import clock
from documents.collecting.rounds import find_round
from documents.collecting.submissions import find_submission
from documents.people import access
from documents.trail import access_log, history
from exports.workbooks.record_sheet import (
    DECLARED,
    record_sheet,
    record_sheet_file_name,
    record_sheet_pdf,
)
from views.records.exporting import note_export
from views.records.files_out import ONE, hands_out
from views.records.revealing import plain_of


class SheetMixin:
    """The part of RecordView that prints one record."""

    @expose("/sheet/")
    def sheet_view(self):
        """The sheet as a page to print."""
        record, sheet = self._asked_sheet()
        self._note_sheet(record, sheet, "print")
        return self.render("records/record_sheet.html", sheet=sheet, model=record, declared=DECLARED)

    @expose("/sheet/pdf/")
    @hands_out(ONE)
    def export_sheet(self):
        """The sheet as a PDF; noted before it is sent."""
        record, sheet = self._asked_sheet()
        content = record_sheet_pdf(sheet)
        self._note_sheet(record, sheet, "pdf")
        return send_file(
            io.BytesIO(content),
            mimetype="application/pdf",
            as_attachment=True,
            download_name=record_sheet_file_name(sheet, record),
        )

    def _asked_sheet(self):
        """(record, its RecordSheet) that the address names; 404 for one this person does not have."""
        record = self.get_one(request.args.get("id")) or abort(404)
        self.look_in(find_round(record.area_code, self.model.subsystem, record.academic_year, record.round))
        submission = find_submission(self.model.subsystem, record.place)
        sheet = record_sheet(
            record,
            g.record_round,
            submission.school_name if submission else record.school_code,
            lambda field: access.may_see_field(current_user, field, record.area_code, record.school_code),
            bool(request.args.get("full")),
            clock.now(),
            current_user.name,
            self.marks_of(record),
        )
        return record, sheet

    def marks_of(self, record):
        """{field's name: words that stand behind its value on paper}; of most kinds of record none."""
        return {}

    def _note_sheet(self, record, sheet, kind):
        """Note the export, and each number of a person that was asked for whole."""
        user = current_user._get_current_object()
        about = access_log.of_record(type(record), plain_of(record), sheet.round)
        seen = about | {"full": bool(sheet.full and sheet.masked) or None}
        note_export(user, sheet.round, "record_sheet", record.school_code, 1, kind, str(record.id), seen)
        if sheet.full and sheet.masked:
            opened = {name: [None, str(record.id)] for name in sheet.masked}
            history.note_event(record.area_code, user, "reveal", "access", user.id, opened, seen=about)
