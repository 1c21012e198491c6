"""The log as a file: what a person sees of it as he narrowed it, made at once, or by a job where it is much."""

import itertools

from flask_login import current_user

from documents.background.jobs import ask, job_kind, nothing_so_far
from documents.errors import Busy
from documents.people.users import EVERY_AREA
from documents.trail import audit
from exports.file_jobs import XLSX, keep
from exports.trail.event_list import events_file
from exports.workbooks.workbook import file_name
from views import here
from views.jobs import deliver
from views.records.lists_out import note_about, send_list
from views.trail import telling

AT_ONCE = 2_000  # events: some 0.5 seconds
MOST_EVENTS = 500_000  # of one file, made in some 80 seconds
BATCH = 500


def export_events(wanted, sensitive, area_name, back):
    """The response with the log's workbook; noted once it is made, so that it does not tell of itself.

    Raises Busy for more events than a file holds, or than are counted in time.
    """
    user = current_user._get_current_object()
    here.look_in(None if wanted.area_code == EVERY_AREA else wanted.area_code)
    count, too_many = audit.count_of(wanted, user, MOST_EVENTS)
    if too_many:
        raise Busy(f"ส่งออกได้ครั้งละไม่เกิน {MOST_EVENTS:,} เหตุการณ์ กรุณาระบุวันที่ให้แคบลง แล้วส่งออกอีกครั้ง")
    title = f"บันทึกการใช้งาน {area_name}"
    about = {"what": "audit", "school": wanted.school or None, "rows": count, "kind": "xlsx"}
    about |= {"full_sensitive": True} if sensitive else {}
    if count > AT_ONCE:
        asked = {"asked": audit.as_arguments(wanted), "sensitive": sensitive, "title": title, "count": count}
        words = f"ส่งออกบันทึกการใช้งาน {count:,} เหตุการณ์"
        return deliver(
            ask("audit_file", user, wanted.area_code, None, words, asked | {"noted": about}, href=back[:500])
        )
    workbook = events_file(told(wanted, user, sensitive), title)
    note_about(wanted.area_code, user, about)
    return send_list(workbook, title)


@job_kind("audit_file", "ส่งออกบันทึกการใช้งาน", "Export of the log", so_far=nothing_so_far)
def audit_file(job, progress, asked, sensitive, title, count, noted):
    """The job of `export_events`; the events are asked for again as the person is now."""
    progress.begin(count, "เหตุการณ์")
    written = itertools.count()

    def passing():
        for event in told(audit.as_wanted(asked), job.actor, sensitive):
            progress.at(next(written))
            yield event

    keep(progress, events_file(passing(), title), file_name(title), XLSX)
    return {"summary": [f"ส่งออก {count:,} เหตุการณ์แล้ว"], "noted": noted}


def told(wanted, user, sensitive):
    """Yield the events in words, newest first, a batch in memory at a time; values of the sensitive class for who may see them."""
    rows = audit.rows_of(wanted, user, MOST_EVENTS)
    while batch := list(itertools.islice(rows, BATCH)):
        yield from telling.in_words(batch, user, sensitive)
