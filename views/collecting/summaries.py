"""The reports of a round as one workbook, for whoever reads the round: schools their own, the district and superiors all."""

import io

from flask import abort, request, send_file, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.background.jobs import ask
from documents.collecting.rounds import get_round
from exports.collecting.summaries import READERS, summary_file, summary_of
from exports.file_jobs import XLSX
from views import here
from views.collecting.round_files import refuse_not_open, rows_of
from views.jobs import deliver
from views.pages import Page
from views.records.exporting import AT_ONCE, note_export
from views.records.files_out import SCOPE, hands_out
from views.trail import event_words

WHAT = "summary"


class Summaries(Page, BaseView):
    """One address, reached from a round's files and from the grids of its records."""

    roles = READERS

    def __init__(self):
        super().__init__(name="รายงานสรุป", endpoint="summaries", url="/admin/summaries")

    def is_visible(self):
        """Not in the menu: the reports are a round's."""
        return False

    @expose("/")
    @hands_out(SCOPE)
    def index(self):
        """The workbook, by a job where the round has many records; noted before it is sent."""
        user = here.person()
        round_ = get_round(user.areas(*READERS), request.args.get("id"))
        if summary_of(round_.subsystem) is None:
            abort(404)
        refuse_not_open(round_)
        if rows_of(round_) > AT_ONCE and not user.schools("school", "director"):
            title = f"{event_words.WHATS[WHAT]} {round_.subsystem} {round_.label}"
            asked = {"round_id": str(round_.id)}
            back = url_for("round_files.files", id=str(round_.id))
            return deliver(ask("round_summary", user, round_.area_code, round_, title, asked, href=back))
        content, name = summary_file(round_, user)
        codes = [
            code for area, code in current_user.schools("school", "director") if area == round_.area_code
        ]
        note_export(user, round_, WHAT, codes[0] if len(codes) == 1 else None, 0, "xlsx")
        return send_file(io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name)
