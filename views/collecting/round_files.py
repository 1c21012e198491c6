"""A round's files (ไฟล์ของรอบ): the workbook for the ministry and the report of counts, taken out with a note."""

from collections import Counter

from flask import abort, request, send_file, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.background.jobs import ask
from documents.clock import utc
from documents.collecting import freezing
from documents.collecting.rounds import STATES, get_round, system_name
from documents.collecting.submissions import STATES as SUBMISSION_STATES
from documents.collecting.submissions import submissions_of
from documents.errors import NotAllowed, RuleBroken, WrongState
from documents.formats import buddhist
from documents.people import access
from documents.records.digests import short_code
from documents.records.kinds import documents_in, documents_of
from documents.trail import audit
from exports.collecting.package import refuse_package
from exports.collecting.round_report import has_report
from exports.collecting.round_workbook import refuse_reopened
from exports.collecting.summaries import summary_of
from exports.dmc.reports import GRADES, SEXES
from exports.dmc.statistics import ENCODINGS
from exports.file_jobs import opened, round_file_of
from views import here, links
from views.jobs import deliver
from views.pages import Page
from views.records.exporting import AT_ONCE, note_export
from views.records.files_out import SCOPE, hands_out
from views.trail import event_words

TAKERS = access.AREA_READERS  # of the workbook, which holds persons
READERS = (*TAKERS, "executive")
FILES = ("workbook", "report")
TAKEN = (*FILES, "statistics", "summary", "package")
LAST_TAKEN = 10


class RoundFiles(Page, BaseView):
    """One round's files, reached from its page and from the control room."""

    roles = READERS

    def __init__(self):
        self._default_view = "files"  # its own first page lies beneath the pages of rounds
        super().__init__(name="ไฟล์ของรอบ", endpoint="round_files", url="/admin/rounds")

    def is_visible(self):
        """Not in the menu: a round's files are a page of the round."""
        return False

    @expose("/files/")
    def files(self):
        """What can be taken out of the round, what is in it, and who took it before."""
        round_ = asked_round()
        return self.render(
            "collecting/round_files.html",
            round=round_,
            state=STATES[round_.state_at()],
            freeze=freezing.freeze_of(round_) if round_.sealed else None,
            counts=counts_of(round_),
            refusal=refusal_of(round_),
            takes_workbook=takes_workbook(round_),
            package=package_of(round_) if takes_workbook(round_) and round_.sealed else None,
            sensitive=access.sees_sensitive(current_user, round_.area_code),
            report=has_report(round_),
            summary=summary_of(round_.subsystem),
            taken=taken(round_),
            short_code=short_code,
            said=lambda instant: buddhist.format_datetime(utc(instant)),
            day=buddhist.format_long,
            main=documents_of(round_.subsystem)[0],
            round_href=links.round_page(round_),
            reports_href=links.choose(round_, then=url_for("reports.index")),
        )

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_xlsx(self):
        """The file: `what` is workbook or report. Noted before it is sent; a refusal is noted nowhere."""
        round_, what = asked_round(), request.args.get("what", "")
        what = what or ("workbook" if takes_workbook(round_) else "report")
        if what not in FILES or (what == "report" and not has_report(round_)):
            abort(404)
        if what == "workbook" and not takes_workbook(round_):
            raise NotAllowed("สมุดงานของรอบมีข้อมูลส่วนบุคคล เปิดได้เฉพาะเจ้าหน้าที่เขตและผู้รับรองระดับเขต")
        rows = rows_of(round_) if what == "workbook" else 0
        return taken_out(round_, what, rows)

    @expose("/export/csv/")
    @hands_out(SCOPE)
    def export_csv(self):
        """The ministry's statistical file, `encoding` utf8 or cp874; noted before it is sent, as above."""
        round_, encoding = asked_round(), request.args.get("encoding", "utf8")
        if encoding not in ENCODINGS or not has_report(round_):
            abort(404)
        return taken_out(round_, "statistics", 0, encoding)


def taken_out(round_, what, rows, encoding="utf8"):
    """The response with a round's file, by a job where the round has many records; noted before it is sent.

    Every one of the files reads the whole round, the reports too: they are held to a count of the records.
    """
    refuse_not_open(round_)
    user, kind = current_user._get_current_object(), "csv" if what == "statistics" else "xlsx"
    if rows_of(round_) > AT_ONCE:
        asked = {"round_id": str(round_.id), "what": what, "encoding": encoding, "rows": rows}
        title = f"{event_words.WHATS[what]} {system_name(round_.subsystem)} {round_.label}"
        back = url_for("round_files.files", id=str(round_.id))
        return deliver(ask("round_file", user, round_.area_code, round_, title, asked, href=back))
    content, name, mimetype = round_file_of(round_, what, user, encoding)
    note_export(user, round_, what, None, rows, kind)
    return send_file(opened(content), mimetype=mimetype, as_attachment=True, download_name=name)


def asked_round():
    """The round that the address names, within the areas of the reader. Raises Unknown."""
    return get_round(current_user.areas(*READERS), request.args.get("id"))


def takes_workbook(round_):
    """Whether the reader may have the records of the round's area."""
    return any(current_user.holds(role, round_.area_code) for role in TAKERS)


def refuse_not_open(round_):
    """Raises WrongState for a round that has no data yet, or is being locked at this moment."""
    if round_.state in here.DRAFTS:
        raise WrongState(f"รอบ {round_} ยังไม่เปิดรับข้อมูล จึงยังไม่มีไฟล์")
    if round_.state == "closing":
        raise WrongState(f"รอบ {round_} กำลังล็อกอยู่ กรุณารอให้ล็อกเสร็จแล้วจึงดาวน์โหลด")


def package_of(round_):
    """{version, refusal}: which version the ministry package is, and why this person cannot make it now, or None."""
    said = None
    try:
        refuse_package(round_, here.person())
    except RuleBroken as refusal:
        said = refusal.message
    return {"version": freezing.latest_version(freezing.freeze_of(round_)), "refusal": said}


def refusal_of(round_):
    """Why the files cannot be taken now, as a sentence, or None."""
    try:
        refuse_not_open(round_)
        if round_.sealed:
            refuse_reopened(round_)
    except RuleBroken as refusal:
        return refusal.message
    return None


def rows_of(round_):
    """How many records the workbook holds, as the round's counters tell."""
    return sum(_rows(each, slugs_of(round_)) for each in submissions_of(round_).only("counts"))


def slugs_of(round_):
    """Slugs of the documents whose records are in the workbook."""
    return [document.slug for document in documents_in(round_) if document.listed]


def _rows(submission, slugs):
    return sum(submission.counts.get(slug, 0) for slug in slugs)


def _irregular(counts):
    """Pupils without grade or sex: counted, but in no column of a report."""
    known = sum(counts.get(f"{sex.lower()}{grade}", 0) for grade in GRADES for sex in SEXES)
    return counts.get("pupils", 0) - known


def counts_of(round_):
    """{schools, rows, heads, irregular, states: [(look, how many)]} of the round as its submissions stand."""
    submissions, slugs = list(submissions_of(round_).only("state", "started", "counts")), slugs_of(round_)
    looks = Counter(
        "idle" if each.state == "draft" and not each.started else each.state for each in submissions
    )
    return {
        "schools": len(submissions),
        "rows": sum(_rows(each, slugs) for each in submissions),
        "heads": sum(each.counts.get("pupils", 0) for each in submissions),
        "irregular": sum(_irregular(each.counts) for each in submissions),
        "states": [(look, looks[look]) for look in ("idle", *SUBMISSION_STATES) if look in looks],
    }


def taken(round_):
    """The last times a file of this round was taken out, for the timeline; an executive sees none."""
    if not takes_workbook(round_):
        return []
    events = audit.exports_of(current_user, round_, TAKEN, LAST_TAKEN)
    return [
        {
            "who": row.get("actor_name"),
            "when": buddhist.format_datetime(utc(row["at"])),
            "title": event_words.WHATS[row["changes"]["what"][1]],
        }
        for row in events
    ]
