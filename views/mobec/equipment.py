"""Equipment: the reports beside the sheet and the grid that every such kind of record has."""

from flask import url_for

from documents.mobec.equipment import Equipment
from exports.mobec.equipment_reports import OF_THE_AREA, TITLES, table_of
from views.records.line_sheet import LineSheetView
from views.records.report_page import RoundReports


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


class EquipmentReports(RoundReports):
    """The district's matrix, desks lacking and who waits; a school's own sheet. No persons stand in them."""

    template = "mobec/equipment_report.html"
    subsystem = Equipment.subsystem
    crumb = "ครุภัณฑ์ (M-OBEC)"
    own, usual = "school", "matrix"
    titles = TITLES
    short = {name: TITLES[name] for name in OF_THE_AREA}
    several, noted = "รายงานครุภัณฑ์", "equipment_report"
    record_roles = LineSheetView.roles
    table_of = staticmethod(table_of)

    def __init__(self):
        super().__init__(
            name="รายงานครุภัณฑ์", endpoint="equipment_reports", url=f"/admin/{Equipment.slug}/reports"
        )

    def back(self, school):
        """A school's sheet, or the grid of all."""
        return url_for("equipment.index_view", school=school)
