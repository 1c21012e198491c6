"""Reports of G-codes: statistics narrowed by period, state, sex and grade with a chart, who has no 13-digit number yet,
the register; each on the screen, printed and as a workbook."""

from flask import abort, request, url_for
from flask_admin import expose
from flask_login import current_user

from documents import clock
from documents.district.schools import School
from documents.errors import OutOfScope
from documents.formats import buddhist, thai
from documents.gcode.gcode_counts import GROUPS, READERS, WHOLE_ALONE, Narrowed, sees_whole
from documents.gcode.gcode_following import BANDS
from documents.people import access
from documents.records.codelists import code_list
from documents.trail import history
from exports.gcode.gcode_reports import (
    COUNTED,
    GROUP_WORDS,
    SHEETS,
    TITLES,
    reports_file_name,
    reports_workbook,
    table_of,
)
from views import here
from views.here import person
from views.records.files_out import SCOPE, hands_out
from views.records.report_page import ReportPage, as_page

MOST_SHOWN = 500  # rows of a list of learners on one page; the workbook has all
MOST_BARS = 12
ARGUMENTS = ("since", "until", "state", "sex", "grade", "school")
AGE, DAYS = 6, 7  # columns of the follow-up list


class GCodeReports(ReportPage):
    """Who reads which: a school its own, officers the area's, a superior the sums without small numbers."""

    template = "gcode/gcode_report.html"
    roles = READERS
    crumb = "คำขอรหัส G"

    def __init__(self):
        super().__init__(name="รายงานรหัส G", endpoint="gcode_reports", url="/admin/gcode/reports")

    def is_visible(self):
        """In the menu for a superior alone: others reach it from the requests."""
        return not any(grant.role in READERS[:-1] for grant in current_user.held)

    @expose("/")
    def index(self):
        """One report on the screen."""
        area, (narrowed, wrong) = here.area_code(), asked_narrowed()
        name = asked_name(area)
        if name not in narrowable(area, narrowed):
            narrowed, wrong = Narrowed(school=narrowed.school), [*wrong, WHOLE_ALONE]
        report = table_of(name, person(), area, narrowed)
        table = drawn(report)
        left = len(table["rows"]) - MOST_SHOWN
        table["rows"] = table["rows"][:MOST_SHOWN]
        notes = [(sentence, "bad") for sentence in wrong]
        if name in COUNTED and not sees_whole(person(), area, name, narrowed.school):
            notes.append(
                ("ตัวเลขน้อยกว่า 10 และตัวเลขที่ทำให้คำนวณย้อนได้ถูกซ่อนไว้ เพราะสัญชาติและรหัส G เป็นข้อมูลอ่อนไหว", "info")
            )
        if left > 0:
            notes.append((f"แสดง {MOST_SHOWN:,} คนแรก อีก {left:,} คนอยู่ในสมุดงานที่ดาวน์โหลด", "info"))
        whose = whose_name(area, narrowed.school)
        return self.page(
            report,
            table=table,
            when="",
            sub=[whose, f"ข้อมูล ณ วันที่ {buddhist.format_long(clock.today())}", report.about],
            asked=said_arguments(),
            tabs=[(one, SHEETS[one]) for one in names_for(area)],
            back=url_for("gcode.index_view") if reads_requests(area) else None,
            bars=bars_of(name, report),
            notes=notes,
            choices=choices_for(area, name, narrowed),
            typed=request.args,
        )

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_xlsx(self):
        """The report, or all that this person may have (`what` is all), as a workbook; noted before it is sent."""
        area, (narrowed, _wrong) = here.area_code(), asked_narrowed()
        every = request.args.get("what") == "all"
        names = narrowable(area, narrowed) if every else [asked_name(area)]
        tables = [table_of(name, person(), area, narrowed, whole_ids=True) for name in names]
        whose = whose_name(area, narrowed.school)
        content = reports_workbook(tables, whose)
        told = {
            "what": "gcode_report",
            "school": narrowed.school,
            "rows": sum(len(each.rows) for each in tables),
            "kind": "xlsx",
            "report": ", ".join(SHEETS[name] for name in names),
        }
        changes = {name: [None, value] for name, value in told.items()}
        history.note_event(area, person(), "export", "access", person().id, changes)
        return self.file(content, reports_file_name(tables, whose))


def drawn(report):
    """The Table as the page draws it: without the running number, a learner's name leading to the request."""
    table = as_page(report)
    table["columns"] = [column | {"fix": at == 0} for at, column in enumerate(table["columns"][1:])]
    table["total"] = table["total"] and table["total"][1:]
    at = next((at for at, column in enumerate(report.columns[1:]) if column.label == "ชื่อ-สกุล"), None)
    for number, row in enumerate(table["rows"]):
        row["cells"] = row["cells"][1:]
        if report.keys and at is not None:
            href = url_for("gcode.details_view", id=report.keys[number])
            row["cells"][at] = {"value": row["cells"][at], "href": href}
    return table


# ---- what is asked for ----


def names_for(area):
    """Names of the reports this person may open: lists of learners are no superior's, the register an officer's."""
    if not reads_requests(area):
        return list(COUNTED)
    officer = any(current_user.holds(role, area) for role in access.AREA_READERS)
    return [*COUNTED, "following", *(["register"] if officer else [])]


def asked_name(area):
    """The name of the report that the address asks for. Raises OutOfScope for one that is not this person's."""
    name = request.args.get("what") or "school"
    if name not in TITLES:
        abort(404)
    if name not in names_for(area):
        raise OutOfScope()
    return name


def reads_requests(area):
    """Whether this person sees requests at all; a superior does not."""
    return any(grant.area_code == area and grant.role in READERS[:-1] for grant in current_user.held)


def asked_narrowed():
    """(Narrowed, [sentences of what could not be read]) of the address."""
    given, wrong = {}, []
    for name, label in (("since", "ตั้งแต่วันที่"), ("until", "ถึงวันที่")):
        text = thai.clean(request.args.get(name))[:40]
        try:
            given[name] = buddhist.parse_date(text) if text else None
        except ValueError as error:
            wrong.append(f"{label}: {error}")
    codes = {"state": (*GROUPS, "ended"), "sex": code_list("SEX").codes, "grade": code_list("GRADE").codes}
    for name, known in codes.items():
        value = request.args.get(name, "")
        given[name] = value if value in known else None
    given["school"] = request.args.get("school", "")[:8] or None
    return Narrowed(**given), wrong


def sees_area(area):
    """Whether this person counts more than his own schools."""
    return any(current_user.holds(role, area) for role in (*access.AREA_READERS, "executive"))


def said_arguments():
    """{argument: value} of the address, to be kept by every link of the page."""
    return {name: value for name in ARGUMENTS if (value := request.args.get(name))}


def narrowable(area, narrowed):
    """Names of the reports that this person may have so narrowed."""
    return [
        name
        for name in names_for(area)
        if name not in COUNTED or not narrowed.is_narrow or sees_whole(person(), area, name, narrowed.school)
    ]


def choices_for(area, name, narrowed):
    """{schools, states, sexes, grades} to narrow a report by, a list of learners by its school alone; None for whoever may not."""
    counts = name in COUNTED
    if counts and not sees_whole(person(), area, name, narrowed.school):
        return None
    officer = any(current_user.holds(role, area) for role in access.AREA_READERS)
    schools = (
        School.objects(area_code=area, kind="school").order_by("code").only("code", "name") if officer else ()
    )
    found = {"schools": [(one.code, one.name) for one in schools]}
    if counts:
        found |= {
            "states": list(GROUP_WORDS.items()),
            "sexes": code_list("SEX").choices,
            "grades": code_list("GRADE").choices,
        }
    return found if counts or found["schools"] else None


def whose_name(area, school):
    """The name of the area, or of the school that the address names or whose the reader's alone is."""
    own = [code for of, code in current_user.schools(*access.SCHOOL_READERS) if of == area]
    if not school and len(own) == 1 and not sees_area(area):
        school = own[0]
    if not school:
        return here.area_name(area)
    found = School.objects(area_code=area, code=school).only("name").first()
    return found.name if found else abort(404)


# ---- the chart ----


def bars_of(name, report):
    """[{label, value, text}] drawn beside a report: its rows' sums, or how many cases of each age."""
    if name == "following":
        many = [(words, sum(row[AGE] == words for row in report.rows)) for _, words in BANDS]
        return [{"label": words, "value": number, "text": f"{number:,}"} for words, number in many]
    if name not in COUNTED:
        return []
    shown = [(row[1], row[4]) for row in report.rows[:MOST_BARS] if isinstance(row[4], int)]
    return [{"label": label, "value": number, "text": f"{number:,}"} for label, number in shown]
