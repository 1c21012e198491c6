"""The page of reports that are plain tables: one on the screen, to be sorted and printed, each or all as a workbook.

A subsystem's own page says which reports there are, who reads which, and where the names lead.
"""

import io

from flask import abort, request, send_file
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.collecting.submissions import submissions_of
from documents.errors import OutOfScope
from documents.formats import buddhist
from documents.people import access
from exports.workbooks.report_tables import round_tables_file_name, round_tables_workbook
from views import here
from views.pages import Page
from views.records.exporting import XLSX, note_export
from views.records.files_out import SCOPE, hands_out

OVERSEERS = (*access.AREA_READERS, "executive")
LONG = 15  # rows from which a table scrolls in itself


class ReportPage(Page, BaseView):
    """One report on the screen, it or all of them as a workbook. What differs is asked of the methods below."""

    template = "khet/table_report.html"
    crumb = ""  # what the way back is called

    def page(self, report, **context):
        """The page of one Table; context says `when`, `sub` (lines under the title), `tabs` and `back`."""
        given = {"table": as_page(report), "asked": {}, "bars": [], "notes": []} | context
        return self.render(self.template, report=report, crumb=self.crumb, **given)

    def file(self, content, name):
        """A workbook to save."""
        return send_file(io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name)


class RoundReports(ReportPage):
    """Reports of a subsystem's round: some of the whole area, one of a school's own."""

    roles = (*access.SCHOOL_READERS, *OVERSEERS)
    own = ""  # the report of a school
    usual = ""  # what the overseer sees first
    titles = {}
    short = {}  # {name: what a button is called} of the area's
    in_all = ()  # reports of the workbook with all, beside those of the area, for who reads records
    several = ""  # what they are called together
    noted = ""  # what the access log says
    record_roles = ()  # who reaches them from the records themselves
    table_of = None

    def is_visible(self):
        """In the menu for a superior alone: others reach it from the records themselves."""
        return not any(grant.role in self.record_roles for grant in current_user.held)

    @expose("/")
    def index(self):
        """One report on the screen."""
        round_ = here.current_round(self.subsystem)
        if round_ is None or round_.state in here.DRAFTS:
            return self.render("khet/no_round.html")
        what, school = self.asked_report(round_)
        report = self.table_of(what, round_, school)
        whose = whose_name(round_, school)
        as_of = "ข้อมูล ณ วันที่ " + buddhist.format_long(round_.as_of)
        table = as_page(report)
        self.lead(round_, report, table)
        return self.page(
            report,
            table=table,
            whose=whose,
            when=round_.label,
            sub=[whose, str(round_), as_of, report.about],
            asked={"school": school} if school else {},
            tabs=self.short.items() if sees_area(round_) else [],
            back=self.back(school) if reads_records(round_) or school else None,
            takes_pictures=self.shows_pictures(what),
        )

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_xlsx(self):
        """The report, or all of the area's (`what` is all), as a workbook; noted before it is sent."""
        round_ = here.current_round(self.subsystem)
        if round_ is None or round_.state in here.DRAFTS:
            abort(404)
        if request.args.get("what") == "all" and sees_area(round_):
            names, school = [*self.short, *(self.in_all if reads_records(round_) else ())], None
        else:
            what, school = self.asked_report(round_)
            names = [what]
        tables, whose = [self.table_of(name, round_, school) for name in names], whose_name(round_, school)
        content = round_tables_workbook(round_, tables, whose)
        rows = sum(len(each.rows) for each in tables)
        note_export(here.person(), round_, self.noted, school, rows, "xlsx")
        return self.file(content, round_tables_file_name(round_, tables, whose, self.several))

    def asked_report(self, round_):
        """(name, school code or None) of the report that the address asks for. Raises OutOfScope for another's."""
        own = [
            code for area, code in current_user.schools(*access.SCHOOL_READERS) if area == round_.area_code
        ]
        school = request.args.get("school", "")[:8]
        what = request.args.get("what") or (self.own if school or not sees_area(round_) else self.usual)
        if what not in self.titles:
            abort(404)
        if what in self.short:
            if not sees_area(round_):
                raise OutOfScope()
            return what, None
        school = school or next(iter(own), "")
        if not access.sees(current_user, round_.area_code, school):
            raise OutOfScope()
        if not submissions_of(round_).filter(school_code=school).only("id").first():
            abort(404)
        return what, school

    def lead(self, round_, report, table):
        """Change the drawn table: names that lead somewhere, say."""

    def back(self, school):
        """The address of the records."""
        raise NotImplementedError

    def shows_pictures(self, what):
        """Whether the page of a report shows photographs."""
        return False


def sees_area(round_):
    """Whether this person reads the sums of the whole area."""
    return any(current_user.holds(role, round_.area_code) for role in OVERSEERS)


def reads_records(round_):
    """Whether this person reads the records of the whole area; a superior reads its sums alone."""
    return any(current_user.holds(role, round_.area_code) for role in access.AREA_READERS)


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
        "long": len(table.rows) > LONG,
    }
