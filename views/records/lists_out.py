"""Lists that go out as workbooks: the button, the rows of the whole list, the response, and the note in the access log."""

from flask import flash, redirect, request, send_file, url_for

from documents.trail import history
from exports.file_jobs import XLSX
from exports.workbooks.workbook import file_name

MOST_ROWS = 40_000  # so many are a file within two seconds; of some lists fewer


def list_link():
    """The button of a list that goes out as a workbook, as it is narrowed now."""
    asked = request.query_string.decode("ascii", "ignore")
    return {"href": f"{url_for('.export_xlsx')}?{asked}", "label": "ส่งออก Excel", "icon": "download"}


def all_shown(view):
    """(how many, the queryset) of all that a view of Flask-Admin's lists, narrowed and sorted as the address says."""
    asked = view._get_list_extra_args()
    column = view._get_column_by_idx(asked.sort)
    sort = (column and column[0], asked.sort_desc)
    return view.get_list(0, *sort, asked.search, asked.filters, page_size=0)


def refuse_many(count, most=None):
    """The redirect to a list that has too many rows to go out, which says so; None for any other."""
    most = most or MOST_ROWS
    if count <= most:
        return None
    flash(f"ส่งออกได้ครั้งละไม่เกิน {most:,} แถว (เลือกไว้ {count:,}) กรุณากรองให้แคบลง", "error")
    asked = request.args.to_dict(flat=False)
    return redirect(url_for(".index_view", **asked))


def send_list(workbook, title):
    """The response with an open workbook of a list."""
    return send_file(workbook, mimetype=XLSX, as_attachment=True, download_name=file_name(title))


def note_by_area(user, what, rows):
    """Note a list taken out, {area code: how many rows of it}, in each of the areas."""
    for area_code, count in sorted(rows.items()):
        note_about(area_code, user, {"what": what, "rows": count, "kind": "xlsx"})


def note_about(area_code, user, about, seen=None):
    """Note a file taken out of an area, {name: value} of what it is; `reason` among them is why."""
    changes = {name: [None, value] for name, value in about.items() if name != "reason"}
    history.note_event(area_code, user, "export", "access", user.id, changes, about.get("reason"), seen=seen)
