"""What changed since the version before (สิ่งที่เปลี่ยนจากฉบับก่อน): a page, its print and a workbook of the same lines."""

import io

from flask import request, send_file, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.collecting import versions
from documents.collecting.rounds import system_name
from documents.collecting.submissions import get_submission, round_of
from documents.errors import OutOfScope, WrongState
from documents.people import access
from documents.trail import history
from exports.collecting.changes import changes_title, changes_workbook, told
from exports.workbooks.workbook import file_name
from views import links
from views.pages import Page
from views.records.exporting import XLSX, note_export
from views.records.files_out import SCOPE, hands_out

SHOWN = 200  # records on the page; the workbook has all
TONES = {versions.ADDED: "ok", versions.CHANGED: "info", versions.REMOVED: "bad"}


class Changes(Page, BaseView):
    """Reached from a school's page; not in the menu."""

    roles = ("school", "director", "district", "approver")

    def __init__(self):
        super().__init__(name="สิ่งที่เปลี่ยน", endpoint="changes", url="/admin/changes")

    def is_visible(self):
        """A school's page leads here."""
        return False

    @expose("/")
    def index(self):
        """The page."""
        submission, (since, until), sensitive = asked()
        changes = versions.changed_between(submission, since, until)
        shown = [in_words(each, submission, sensitive) for each in changes[:SHOWN]]
        return self.render(
            "collecting/changes.html",
            submission=submission,
            round=round_of(submission),
            since=since,
            until=until,
            title=changes_title(since, until),
            told=shown,
            total=len(changes),
            shown=len(shown),
            sums=[(versions.KINDS[kind], number, TONES[kind]) for kind, number in versions.summed(changes).items()],
            switch=sensitive_switch(submission, sensitive),
            page_of=links.submission_page(submission.id),
        )  # fmt: skip

    @expose("/xlsx/")
    @hands_out(SCOPE)
    def workbook(self):
        """All of it as a workbook; noted before it is sent."""
        submission, (since, until), sensitive = asked()
        changes = versions.changed_between(submission, since, until)
        rows = [in_words(each, submission, sensitive) for each in changes]
        about = f"{submission.school_name} {system_name(submission.subsystem)} {submission.round_label}"
        title = f"{changes_title(since, until)} {about}"
        content = changes_workbook(title, rows)
        person = current_user._get_current_object()
        note_export(person, round_of(submission), "changes", submission.school_code, len(rows), "xlsx")
        return send_file(
            io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=file_name(title)
        )


def asked():
    """(submission, the two versions to compare, whether the sensitive class is shown) that the address asks for.

    The later version is None for what stands now; the earlier one is the one before it unless another is named.
    """
    submission = get_submission(current_user, request.args.get("id"))
    if not access.sees(current_user, submission.area_code, submission.school_code):
        raise OutOfScope()
    if submission.version == 1:
        raise WrongState(f"{submission.school_name} ยังเป็นฉบับที่ 1 จึงไม่มีฉบับก่อนให้เทียบ")
    until = request.args.get("until", type=int) or submission.version
    since = request.args.get("since", type=int) or until - 1
    if not 1 <= since < until <= submission.version:
        raise WrongState("ฉบับที่เลือกเทียบกันไม่ได้ กรุณาเลือกฉบับก่อนที่เก่ากว่าฉบับหลัง")
    sensitive = bool(request.args.get("sensitive")) and may_switch(submission)
    if sensitive:
        note_sensitive(submission)
    return submission, (since, until if until < submission.version else None), sensitive


def may_switch(submission):
    """Whether this person may see the sensitive class of this school at all."""
    return access.sees_sensitive(current_user, submission.area_code, submission.school_code)


def sensitive_switch(submission, on):
    """The switch {on, href}, None for those who have none."""
    if not may_switch(submission):
        return None
    args = {name: value for name, value in request.args.items() if name != "sensitive"}
    return {"on": on, "href": url_for("changes.index", **args, **({} if on else {"sensitive": 1}))}


def note_sensitive(submission):
    """Seeing the sensitive class is noted, as everywhere."""
    told = {"what": [None, "changes"], "school": [None, submission.school_code]}
    actor = current_user._get_current_object()
    history.note_event(submission.area_code, actor, "view_sensitive", "access", actor.id, told)


def in_words(change, submission, sensitive):
    """One RecordChange as page and workbook show it: its name, kind, and a line a field, masked and by its class."""
    return told(change, sensitive) | {
        "tone": TONES[change.kind],
        "href": links.of_records(change.document.slug, "details_view", id=str(change.id))
        if change.kind != versions.REMOVED
        else None,
    }
