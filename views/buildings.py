"""Buildings: their reports, and what a building's page has beside those of every subsystem: its conditions over the years."""

import io

from flask import abort, flash, request, send_file, url_for
from flask_admin import BaseView, expose
from flask_admin.actions import action
from flask_login import current_user

from documents import access, buddhist
from documents.building_years import as_before, round_labels, years_of
from documents.buildings import Building
from documents.errors import OutOfScope, RuleBroken
from documents.fields import shown
from documents.record import declared
from documents.submissions import submissions_of
from documents.writing import write
from exports.building_reports import OF_THE_AREA, SHORT, TITLES, reports_file_name, reports_workbook, table_of
from views import here
from views.equipment import as_page, sees_area, whose_name
from views.exporting import XLSX, note_export
from views.pages import Page
from views.record import READERS, RecordView
from views.record_actions import ActionsMixin

TONES = {"good": "ok", "fair": "info", "poor": "bad"}
ROLES = (*READERS, "executive")
LINKED = ("schools", "rooms")  # reports whose rows lead to a school's register


class BuildingView(RecordView):
    """The grid and page of buildings, with the ways to the reports and the years of one."""

    details_template = "khet/building.html"
    action_looks = ActionsMixin.action_looks | {"as_before": {"icon": "history"}}

    @action("as_before", "สภาพเหมือนปีก่อน", "บันทึกสภาพของรายการที่เลือกให้เหมือนปีก่อน เฉพาะที่ยังไม่ได้ระบุสภาพปีนี้ใช่หรือไม่")
    def action_as_before(self, rows):
        """Say of chosen buildings that they are as they were; what already says a condition is left as it is."""
        changes = as_before(rows)
        try:
            write(changes, current_user._get_current_object(), request.form.get("reason"), via="action")
        except RuleBroken as refusal:
            return flash(refusal.message, "error")
        left = len(rows) - len(changes)
        more = f" อีก {left:,} รายการระบุสภาพแล้วหรือไม่มีข้อมูลปีก่อน" if left else ""
        return flash(
            f"บันทึกสภาพเหมือนปีก่อนแล้ว {len(changes):,} รายการ{more}", "success" if changes else "warning"
        )

    def render(self, template, **context):
        """The page; a building's own with its years."""
        if template == self.details_template:
            context["years"] = self.years(context["model"])
        return super().render(template, **context)

    def years(self, record):
        """[{label, condition, tone, use, note, picture, href}] of a building in all rounds, the newest first."""
        rows = years_of(record.area_code, record.lineage, current_user)
        labels, known = round_labels(record.area_code, rows), declared(Building)
        return [
            {
                "label": f"ปี {row['academic_year']} {labels.get((row['academic_year'], row['round']), '')}".strip(),
                "condition": shown(known["condition"], row.get("condition")),
                "tone": TONES.get(row.get("condition"), "idle"),
                "use": shown(known["use_status"], row.get("use_status")),
                "note": row.get("repair_note"),
                "picture": row.get("photo_front"),
                "href": None if row["_id"] == record.id else url_for(".details_view", id=row["_id"]),
            }
            for row in rows
        ]

    @property
    def head_links(self):
        """From a school's grid to its register, from the area's to the district's reports."""
        return [
            (
                "รายงาน",
                url_for("building_reports.index", school=self.school if self.sees_school else None),
                "reports",
            )
        ]


class BuildingReports(Page, BaseView):
    """Counts by type, condition, district and age, classrooms needed and there, who waits; a school's register."""

    roles = ROLES
    subsystem = Building.subsystem

    def __init__(self):
        super().__init__(
            name="รายงานสิ่งก่อสร้าง", endpoint="building_reports", url=f"/admin/{Building.slug}/reports"
        )

    def is_visible(self):
        """In the menu for a superior alone: others reach it from the buildings themselves."""
        return not any(grant.role in READERS for grant in current_user.held)

    @expose("/")
    def index(self):
        """One report on the screen, to be sorted and printed."""
        round_ = here.current_round(Building.subsystem)
        if round_ is None or round_.state in here.DRAFTS:
            return self.render("khet/no_round.html")
        what, school = asked_report(round_)
        report = table_of(what, round_, school)
        table = as_page(report)
        if what in LINKED and reads_records(round_):
            for row in table["rows"]:
                row["cells"][0] = {
                    "value": row["cells"][0],
                    "href": url_for(".index", what="register", school=row["cells"][1]),
                }
        if what == "register":
            in_pictures(report, table)
        return self.render(
            "khet/building_report.html",
            round=round_,
            report=report,
            table=table,
            school=school,
            whose=whose_name(round_, school),
            as_of=buddhist.format_long(round_.as_of),
            tabs=SHORT.items() if sees_area(round_) else [],
            back=url_for("buildings.index_view", school=school) if reads_records(round_) or school else None,
            takes_pictures=what == "register",
        )

    @expose("/export/xlsx/")
    def export_xlsx(self):
        """The report, or all of the area's with the register (`what` is all), as a workbook; noted before it is sent."""
        round_ = here.current_round(Building.subsystem)
        if round_ is None or round_.state in here.DRAFTS:
            abort(404)
        if request.args.get("what") == "all" and sees_area(round_):
            names, school = [*OF_THE_AREA, *(["register"] if reads_records(round_) else [])], None
        else:
            what, school = asked_report(round_)
            names = [what]
        tables, whose = [table_of(name, round_, school) for name in names], whose_name(round_, school)
        content = reports_workbook(round_, tables, whose)
        note_export(
            here.person(), round_, "building_report", school, sum(len(each.rows) for each in tables), "xlsx"
        )
        name = reports_file_name(round_, tables, whose)
        return send_file(io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name)


def reads_records(round_):
    """Whether this person reads the records of the whole area; a superior reads its sums alone."""
    return any(current_user.holds(role, round_.area_code) for role in access.AREA_READERS)


def asked_report(round_):
    """(name, school code or None) of the report that the address asks for. Raises OutOfScope for another's."""
    own = [code for area, code in current_user.schools(*access.SCHOOL_READERS) if area == round_.area_code]
    school = request.args.get("school", "")[:8]
    what = request.args.get("what") or ("register" if school or not sees_area(round_) else "types")
    if what not in TITLES:
        abort(404)
    if what != "register":
        if not sees_area(round_):
            raise OutOfScope()
        return what, None
    school = school or next(iter(own), "")
    if not access.sees(current_user, round_.area_code, school):
        raise OutOfScope()
    if not submissions_of(round_).filter(school_code=school).only("id").first():
        abort(404)
    return what, school


def in_pictures(report, table):
    """Show the register's addresses of pictures as links with a word, and leave out what every row says alike."""
    for row in table["rows"]:
        for at, cell in enumerate(row["cells"]):
            if isinstance(cell, str) and "/admin/pictures/?id=" in cell:
                row["cells"][at] = {"value": "ดูภาพ", "href": cell[cell.index("/admin/") :]}
    alike = (0, 1)  # the school's code and name stand above
    table["columns"] = [
        column | {"fix": at == 2} for at, column in enumerate(table["columns"]) if at not in alike
    ]
    for row in table["rows"]:
        row["cells"] = [cell for at, cell in enumerate(row["cells"]) if at not in alike]
