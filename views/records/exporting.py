"""Files out of a grid: exactly the rows it shows, noted in the access log."""

from flask import abort, flash, redirect, request, send_file
from flask_login import current_user

from documents.background.jobs import ask
from documents.records import listing
from documents.records.export_layouts import get_layout
from documents.records.record import declared
from documents.trail import access_log
from exports.file_jobs import XLSX as XLSX
from exports.file_jobs import grid_file_of, opened
from exports.workbooks.grid_files import PARTS
from views.jobs import deliver
from views.records.lists_out import note_about

MOST_ROWS = 1_000_000  # what a sheet holds
# So many rows are a file within a quarter of a second; a job, with its queue, takes longer and would be stored.
AT_ONCE = 3_000


def export_grid(view, export_type):
    """The response with the grid's rows as XLSX or CSV, by a job where they are many; who took what is noted first."""
    wanted, user, round_ = view.wanted, current_user._get_current_object(), view.round
    count, _ = listing.count_of(wanted, user, exactly=True)
    if count > MOST_ROWS:
        flash(f"ส่งออกได้ครั้งละไม่เกิน {MOST_ROWS:,} แถว (เลือกไว้ {count:,}) กรุณากรองให้แคบลง", "error")
        return redirect(view.get_url(".index_view"))
    layout, parts = chosen_layout(view, round_), request.values.get("parts", "")
    if parts not in PARTS:
        abort(404)
    kind = f"{export_type}.zip" if parts else export_type
    about = export_of(round_, view.model.slug, wanted.school, count, kind) | why(view.model)
    if count > AT_ONCE:
        title = f"ส่งออก{view.model.label} {count:,} แถว รอบ {round_.label}"
        asked = {"round_id": str(round_.id), "export_type": export_type, "noted": about, "count": count}
        asked |= {"asked": listing.as_arguments(wanted), "layout": layout, "parts": parts}
        back = view.get_url(".index_view", **request.args.to_dict(flat=False))
        return deliver(ask("grid_file", user, round_.area_code, round_, title, asked, href=back[:500]))
    note_event_of(user, round_, about)
    content, name, kind = grid_file_of(wanted, round_, user, export_type, layout_id=layout, parts=parts)
    return send_file(opened(content), mimetype=kind, as_attachment=True, download_name=name)


def chosen_layout(view, round_):
    """The id of the area's layout that was asked for, None for the product's own. Raises OutOfScope for no such one."""
    asked = request.values.get("layout")
    return str(get_layout(round_.area_code, view.model.slug, asked).id) if asked else None


def why(document):
    """{full, reason} of a file with whole numbers of persons: why it was taken, as it was typed; {} of any other."""
    if not has_numbers(document):
        return {}
    reason = access_log.clean_reason(request.form.get("reason"))
    return {"full": True} | ({"reason": reason} if reason else {})


def has_numbers(document):
    """Whether files of a document's records hold numbers of persons whole."""
    return any(getattr(field, "masked", False) for field in declared(document).values())


def export_of(round_, what, school, rows, kind):
    """What the access log says of a file taken out: what, of which round and school, how many rows."""
    return {
        "what": what,
        "subsystem": round_.subsystem,
        "round": round_.label,
        "school": school,
        "rows": rows,
        "kind": kind,
    }


def note_export(user, round_, what, school, rows, kind, record=None, seen=None):
    """Note an export of personal data: who, what, of which round, school and record, how many rows."""
    about = export_of(round_, what, school, rows, kind)
    note_event_of(user, round_, about | ({"record": record} if record else {}), seen)


def note_event_of(user, round_, about, seen=None):
    """Note what `export_of` says, with the reason that was given for it."""
    note_about(round_.area_code, user, about, seen)
