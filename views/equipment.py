"""Equipment: the reports beside the sheet and the grid that every such kind of record has."""

import io

from flask import abort, request, send_file, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents import access, buddhist
from documents.equipment import Equipment
from documents.errors import OutOfScope
from documents.submissions import submissions_of
from exports.equipment_reports import (
    OF_THE_AREA,
    TITLES,
    reports_file_name,
    reports_workbook,
    table_of,
)
from views import here
from views.exporting import XLSX, note_export
from views.line_sheet import LineSheetView
from views.pages import Page

OVERSEERS = (*access.AREA_READERS, "executive")


class EquipmentView(LineSheetView):
    """The grid of the area and the sheet of a school, with the ways to the reports."""

    @property
    def head_links(self):
        """From the area's grid to the district's reports."""
        if self.school or not self.sees_area:
            return super().head_links
        return [("รายงาน", url_for("equipment_reports.index"), "reports")]

    @property
    def sheet_links(self):
        """From a school's sheet to the one that the source prints."""
        return [("บัญชีครุภัณฑ์", url_for("equipment_reports.index", what="school", school=self.school), "print")]


class EquipmentReports(Page, BaseView):
    """The district's matrix, desks lacking and who waits; a school's own sheet. No persons stand in them."""

    roles = (*access.SCHOOL_READERS, *OVERSEERS)
    subsystem = Equipment.subsystem

    def __init__(self):
        super().__init__(
            name="รายงานครุภัณฑ์", endpoint="equipment_reports", url=f"/admin/{Equipment.slug}/reports"
        )

    def is_visible(self):
        """In the menu for a superior alone: others reach it from the equipment itself."""
        return not any(grant.role in LineSheetView.roles for grant in current_user.held)

    @expose("/")
    def index(self):
        """One report on the screen, to be sorted and printed."""
        round_ = here.current_round(Equipment.subsystem)
        if round_ is None or round_.state in here.DRAFTS:
            return self.render("khet/no_round.html")
        what, school = asked_report(round_)
        table = table_of(what, round_, school)
        whose = whose_name(round_, school)
        return self.render(
            "khet/equipment_report.html",
            round=round_,
            table=as_page(table),
            report=table,
            whose=whose,
            school=school,
            as_of=buddhist.format_long(round_.as_of),
            tabs=[(name, TITLES[name]) for name in OF_THE_AREA] if sees_area(round_) else [],
            back=url_for("equipment.index_view", school=school)
            if school
            else url_for("equipment.index_view"),
            sees_records=any(current_user.holds(role, round_.area_code) for role in access.AREA_READERS)
            or school,
        )

    @expose("/export/xlsx/")
    def export_xlsx(self):
        """The report, or all of the area's (`what` is all), as a workbook; noted before it is sent."""
        round_ = here.current_round(Equipment.subsystem)
        if round_ is None or round_.state in here.DRAFTS:
            abort(404)
        if request.args.get("what") == "all" and sees_area(round_):
            names, school = OF_THE_AREA, None
        else:
            what, school = asked_report(round_)
            names = [what]
        tables, whose = [table_of(name, round_, school) for name in names], whose_name(round_, school)
        content = reports_workbook(round_, tables, whose)
        note_export(
            here.person(), round_, "equipment_report", school, sum(len(each.rows) for each in tables), "xlsx"
        )
        name = reports_file_name(round_, tables, whose)
        return send_file(io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name)


def sees_area(round_):
    """Whether this person reads the sums of the whole area."""
    return any(current_user.holds(role, round_.area_code) for role in OVERSEERS)


def asked_report(round_):
    """(name, school code or None) of the report that the address asks for. Raises OutOfScope for another's."""
    own = [code for area, code in current_user.schools(*access.SCHOOL_READERS) if area == round_.area_code]
    usual = "matrix" if sees_area(round_) else "school"
    what = request.args.get("what", usual)
    if what not in TITLES:
        abort(404)
    if what in OF_THE_AREA:
        if not sees_area(round_):
            raise OutOfScope()
        return what, None
    school = request.args.get("school", "")[:8] or next(iter(own), "")
    if not access.sees(current_user, round_.area_code, school):
        raise OutOfScope()
    if not submissions_of(round_).filter(school_code=school).only("id").first():
        abort(404)
    return what, school


def whose_name(round_, school):
    """The name of the area, or of the school in the round."""
    if not school:
        return here.area_name(round_.area_code)
    return submissions_of(round_).filter(school_code=school).only("school_name").get().school_name


def as_page(table):
    """A Table as khet/tables.html draws one."""
    return {
        "label": table.title,
        "columns": [
            {"label": column.label, "num": column.number, "fix": at == 0}
            for at, column in enumerate(table.columns)
        ],
        "rows": [{"cells": ["–" if cell is None else cell for cell in row]} for row in table.rows],
        "total": table.total
        and [{"value": None, "text": ""} if cell == "" else cell for cell in table.total],
        "long": len(table.rows) > 15,
    }
