"""Buildings: their reports, and what a building's page has beside those of every subsystem: its conditions over the years."""

from flask import flash, request, url_for
from flask_admin.actions import action
from flask_login import current_user

from documents.bobec.building_years import as_before, round_labels, years_of
from documents.bobec.buildings import Building
from documents.district.schools import school
from documents.errors import RuleBroken
from documents.records.fields import shown
from documents.records.record import declared
from documents.records.writing import write
from exports.bobec.building_reports import SHORT, TITLES, table_of
from views.records.record import READERS, RecordView
from views.records.record_actions import ActionsMixin
from views.records.report_page import RoundReports, reads_records

TONES = {"good": "ok", "fair": "info", "poor": "bad"}
LINKED = ("schools", "rooms")  # reports whose rows lead to a school's register


class BuildingView(RecordView):
    """The grid and page of buildings, with the ways to the reports and the years of one."""

    details_template = "bobec/building.html"
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
                "label": " · ".join(
                    filter(
                        None,
                        [f"ปี {row['academic_year']}", labels.get((row["academic_year"], row["round"]))],
                    )
                ),
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
        """From a school's grid to the plan of its ground and its register, from the area's to the district's reports."""
        if not self.sees_school:
            return [("รายงาน", url_for("building_reports.index"), "reports")]
        own = school(self.round.area_code, self.school)
        ground = url_for("schools.details_view", id=str(own.id), _anchor="land")
        register = url_for("building_reports.index", school=self.school)
        return [("แผนผังและที่ดิน", ground, "pin"), ("รายงาน", register, "reports")]


class BuildingReports(RoundReports):
    """Counts by type, condition, district and age, classrooms needed and there, who waits; a school's register."""

    subsystem = Building.subsystem
    crumb = "สิ่งก่อสร้าง (B-OBEC)"
    own, usual = "register", "types"
    titles, short, in_all = TITLES, SHORT, ("register",)
    several, noted = "รายงานสิ่งก่อสร้าง", "building_report"
    record_roles = READERS
    table_of = staticmethod(table_of)

    def __init__(self):
        super().__init__(
            name="รายงานสิ่งก่อสร้าง", endpoint="building_reports", url=f"/admin/{Building.slug}/reports"
        )

    def back(self, school):
        """The grid, of the school or of all."""
        return url_for("buildings.index_view", school=school)

    def shows_pictures(self, what):
        """The register does."""
        return what == "register"

    def lead(self, round_, report, table):
        """From a school's name to its register, and from the addresses of photographs to a word."""
        if report.name in LINKED and reads_records(round_):
            for row in table["rows"]:
                name, code = row["cells"][:2]
                row["cells"][0] = {"value": name, "href": url_for(".index", what="register", school=code)}
        if report.name == "register":
            in_pictures(report, table)


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
