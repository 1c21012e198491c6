"""Files out of a grid: exactly the rows it shows, noted in the access log."""

import io

from flask import flash, redirect, send_file
from flask_login import current_user

from documents import access, history, listing
from documents.schools import School
from exports.grid import around_of, csv_of, xlsx_of
from exports.workbook import file_name

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 60_000  # one district; more becomes a job


def export_grid(view, export_type):
    """The response with the grid's rows as XLSX or CSV; who took how many of what is noted first."""
    wanted, user, round_ = view.wanted, current_user._get_current_object(), view.round
    count, _ = listing.count_of(wanted, user, exactly=True)
    if count > MOST_ROWS:
        flash(f"ส่งออกได้ครั้งละไม่เกิน {MOST_ROWS:,} แถว (เลือกไว้ {count:,}) กรุณากรองให้แคบลง", "error")
        return redirect(view.get_url(".index_view"))
    note_export(user, round_, view.model.slug, wanted.school, count, export_type)
    own = {"$and": [{"area_code": round_.area_code}, access.visible_schools(user)]}
    names = {school.code: school.name for school in School.objects(__raw__=own).only("code", "name")}
    around = around_of(
        view.model,
        round_,
        names,
        lambda field: access.may_see_field(user, field, round_.area_code, wanted.school),
    )
    rows = listing.all_of(wanted, user)
    name = file_name(f"{round_.label} {view.model.label} {names.get(wanted.school, '')}".strip(), export_type)
    if export_type == "csv":
        content, kind = "".join(csv_of(view.model, rows, around)).encode(), "text/csv"
    else:
        (content, _), kind = xlsx_of(view.model, rows, around, str(view.model.label)), XLSX
    return send_file(io.BytesIO(content), mimetype=kind, as_attachment=True, download_name=name)


def note_export(user, round_, what, school, rows, kind, record=None):
    """Note an export of personal data: who, what, of which round, school and record, how many rows."""
    about = {
        "what": what,
        "subsystem": round_.subsystem,
        "round": round_.label,
        "school": school,
        "rows": rows,
        "kind": kind,
    }
    if record:
        about["record"] = record
    history.note_event(
        round_.area_code,
        user,
        "export",
        "access",
        user.id,
        {name: [None, value] for name, value in about.items()},
    )
