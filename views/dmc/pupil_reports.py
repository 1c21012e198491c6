"""Reports (รายงาน): a round's statistics of pupils on the screen, and as the ministry's files."""

import io

from flask import abort, current_app, flash, redirect, request, send_file, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.background.jobs import ask
from documents.clock import utc
from documents.collecting.submissions import submissions_of
from documents.district.levels import LEVELS
from documents.dmc import growth
from documents.dmc.reporting import ALL, EVERY, ODD, WHOLE, criteria, may_see_names
from documents.dmc.roll import YEAR_END
from documents.dmc.student_reports import BY_KEY, reports_of
from documents.dmc.year_end import first_round_of
from documents.errors import FileRefused, Invalid, OutOfScope
from documents.formats import buddhist
from documents.people import access
from documents.records.listing import NOTHING
from exports.collecting.round_workbook import declared_rooms, refuse_reopened
from exports.dmc import handover
from exports.dmc.growth import growth_rows
from exports.dmc.report_files import numbers_for, report_file_name, schools_for
from exports.dmc.statistics import ENCODINGS
from exports.file_jobs import report_file_of
from views import here, shell
from views.collecting.round_files import refuse_not_open, rows_of
from views.dmc.report_tables import VIEWS, Tables, bars_of
from views.jobs import deliver
from views.pages import Page
from views.records.exporting import AT_ONCE, export_of, note_event_of
from views.records.files_out import SCOPE, hands_out

ROLES = (*access.SCHOOL_READERS, *access.AREA_READERS, "executive")
SUBSYSTEM = "DMC"
# Lines of a table over rounds that this round's records can name.
COUNTED_IN_PLACE = {"closing": ("grade-sex", ALL)}


REPORTS_BESIDE = ("building_reports", "equipment_reports", "gcode_reports")  # of other subsystems


def reports_beside(area_code):
    """[(name, address)] of the reports of other subsystems that this person may open."""
    admin = current_app.extensions["admin"][0]
    found = [view for view in admin._views if view.endpoint in REPORTS_BESIDE and view.is_accessible()]
    told = [(view.name, shell.front_of(view)) for view in found]
    emis = here.current_round("EMIS") if any(map(current_user.areas, access.AREA_READERS)) else None
    if emis and emis.area_code == area_code and emis.state not in here.DRAFTS:
        told.append((f"รายงานสรุป {emis} (XLSX)", url_for("summaries.index", id=emis.id)))
    return told


class Reports(Page, BaseView):
    """All reports of the current round that a person may read."""

    roles = ROLES

    def __init__(self):
        super().__init__(name="รายงาน", endpoint="reports", url="/admin/reports")

    @expose("/")
    def index(self):
        """The reports by group."""
        round_ = here.current_round(SUBSYSTEM)
        if round_ is None or round_.state in here.DRAFTS:
            return self.render("khet/no_round.html")
        return self.render(
            "dmc/reports.html",
            round=round_,
            groups=grouped(reports_of(round_)),
            as_of=buddhist.format_long(round_.as_of),
            growing=growth.kinds_of(round_.area_code),
            is_officer=current_user.holds("district", round_.area_code),
            kinds=growth.KINDS,
            beside=reports_beside(round_.area_code),
            hands_over=current_user.holds("district", round_.area_code) and round_.code == YEAR_END,
        )

    @expose("/show/")
    def show(self):
        """One report: by category, level or school."""
        report, round_ = asked_report()
        user = here.person()
        names = names_of(round_, user)
        school = asked_school(names)
        facts = _Names({school: names[school]} if school else names, round_)
        numbers = numbers_for(report, round_, facts, user)
        rooms = declared_rooms(facts) if report.layout == 94 else None
        tables = Tables(numbers, facts.names, linker(report, round_, user, numbers), school, rooms)
        views = tables.views()
        view = request.args.get("view") if request.args.get("view") in views else views[0]
        line = request.args.get("line") if request.args.get("line") in report.labels else report.lines[0].key
        level = asked_level()
        table = {
            "lines": tables.by_line,
            "levels": lambda: tables.by_level(line),
            "schools": lambda: tables.by_school(level if numbers.whole else WHOLE),
        }[view]()
        return self.render(
            "dmc/report.html",
            report=report,
            others=grouped(reports_of(round_)),
            round=round_,
            as_of=buddhist.format_long(round_.as_of),
            numbers=numbers,
            table=table,
            view=view,
            views=[(name, VIEWS[name]) for name in views],
            line=line,
            lines=numbers.lines if tables.has_lines else [],
            level=level,
            levels=[(place, LEVELS[place][0]) for place in numbers.levels()] if numbers.whole else [],
            unused=tables.unused() if view == "schools" and tables.has_lines else [],
            bars=bars_of(numbers) if view == "lines" else [],
            odd=numbers.figures.irregular(numbers.schools) if numbers.whole else 0,
            odd_href=linker(report, round_, user, numbers)(report.lines[0].key, ODD, "", school),
            school=school,
            schools=sorted(names.items(), key=lambda pair: pair[1])
            if len(names) > 1 and numbers.whole
            else [],
            whole=numbers.whole,
            worked_back=bool(report.table) and first_round_of(round_) is None,
            names_hidden=report.is_sensitive
            and not may_see_names(report, user, round_.area_code, school or only(names)),
            address=self._address,
        )

    def _address(self, **other):
        """This report asked in another way."""
        asked = {
            name: request.args.get(name) for name in ("report", "view", "line", "level", "school")
        } | other
        return url_for(".show", **{name: value for name, value in asked.items() if value not in (None, "")})

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_xlsx(self):
        """A report's workbook; without a key that of all reports."""
        return self._file("xlsx")

    @expose("/export/csv/")
    @hands_out(SCOPE)
    def export_csv(self):
        """A report's file as the ministry has it, `encoding` utf8 or cp874."""
        return self._file("csv")

    def _file(self, extension):
        encoding = request.args.get("encoding", "utf8")
        key = request.args.get("report")
        if encoding not in ENCODINGS or (extension == "csv" and not key):
            abort(404)
        report, round_ = asked_report() if key else (None, asked_round())
        refuse_not_open(round_)
        user, own = here.person(), schools_for(here.person(), round_.area_code)
        school = own[0] if own is not None and len(own) == 1 else None
        noted = export_of(round_, "pupil_report", school, 0, extension) | {
            "report": report.short if report else None
        }
        if own is None and rows_of(round_) > AT_ONCE:
            asked = {
                "round_id": str(round_.id),
                "key": key,
                "extension": extension,
                "encoding": encoding,
                "noted": noted,
            }
            back = url_for(".show", report=key) if key else url_for(".index")
            title = report_file_name(round_, report, extension)
            return deliver(ask("report_file", user, round_.area_code, round_, title, asked, href=back))
        content, name, kind = report_file_of(round_, key, user, extension, encoding)
        note_event_of(user, round_, noted)
        return send_file(io.BytesIO(content), mimetype=kind, as_attachment=True, download_name=name)

    @expose("/handover/")
    @hands_out(SCOPE)
    def handover_file(self):
        """The roll of the year's end for the system of achievement, `type` xlsx or csv; by a job, noted."""
        extension, encoding = request.args.get("type", "xlsx"), request.args.get("encoding", "utf8")
        if extension not in ("xlsx", "csv") or encoding not in ENCODINGS:
            abort(404)
        round_, user = asked_round(), here.person()
        if round_.code != YEAR_END and user.holds("district", round_.area_code):
            abort(404, "ทะเบียนส่งต่อมีเฉพาะในรอบสิ้นปีการศึกษา กรุณาเลือกรอบสิ้นปีการศึกษาที่แถบด้านบนก่อน")
        handover.refuse_handover(round_, user)
        refuse_reopened(round_)
        count = sum(each.counts.get("pupils", 0) for each in submissions_of(round_).only("counts"))
        noted = export_of(round_, "handover", None, count, extension)
        asked = {
            "round_id": str(round_.id),
            "extension": extension,
            "encoding": encoding,
            "noted": noted,
            "count": count,
        }
        title = handover.handover_file_name(round_, extension)
        return deliver(ask("handover", user, round_.area_code, round_, title, asked, href=url_for(".index")))

    @expose("/growth/", methods=("GET", "POST"))
    def growth_view(self):
        """The area's growth tables: what is there, and another one read from a file."""
        area = here.area_code()
        if not area or not current_user.holds("district", area):
            abort(403)
        error = None
        if request.method == "POST":
            try:
                rows = growth_rows(request.files.get("file"))
                growth.set_table(area, asked_kind(), rows, here.person())
                flash(f"นำเข้า{growth.KINDS[asked_kind()][0]} {len(rows):,} แถวแล้ว", "success")
                return redirect(url_for(".growth_view"), 303)
            except (FileRefused, Invalid) as refusal:
                error = (
                    refusal.message
                    if isinstance(refusal, FileRefused)
                    else next(iter(refusal.errors[0].values()))
                )
        known = {
            kind: f"นำเข้าเมื่อ {buddhist.format_datetime(utc(at))}"
            for kind, at in growth.kinds_of(area).items()
        }
        page = self.render("dmc/growth.html", kinds=growth.KINDS, known=known, error=error)
        return page, 422 if error else 200


def grouped(reports):
    """{heading: [Report]} in their order."""
    groups = {}
    for report in reports:
        groups.setdefault(report.group, []).append(report)
    return groups


def asked_kind():
    """The kind of growth table that the form names."""
    kind = request.form.get("kind", "")
    return kind if kind in growth.KINDS else abort(404)


class _Names:
    """What is asked of a round's Facts, as a page has it."""

    def __init__(self, names, round_):
        self.names, self.round = names, round_


def asked_round():
    """The current round, once it has data."""
    round_ = here.current_round(SUBSYSTEM)
    if round_ is None or round_.state in here.DRAFTS:
        abort(404, "รอบนี้ยังไม่เปิดรับข้อมูล จึงยังไม่มีรายงาน")
    return round_


def asked_report():
    """(Report, Round) that the address names."""
    round_ = asked_round()
    found = BY_KEY.get(request.args.get("report", ""))
    if found is None or found not in reports_of(round_):
        abort(404, "ไม่มีรายงานนี้ในรอบที่เลือก กรุณาเลือกจากรายการรายงาน")
    return found, round_


def asked_level():
    """The place of the level that the address names; of all levels for anything else."""
    level = request.args.get("level", type=int)
    return level if level is not None and 0 <= level < len(LEVELS) else WHOLE


def names_of(round_, user):
    """{code: name} of the round's schools whose numbers this person has. Raises OutOfScope without any."""
    own = schools_for(user, round_.area_code)
    rows = submissions_of(round_).only("school_code", "school_name")
    names = {row.school_code: row.school_name for row in rows if own is None or row.school_code in own}
    if not names:
        raise OutOfScope()
    return names


def asked_school(names):
    """The school that the address names, or the only one; None for all. Raises OutOfScope for another."""
    asked = request.args.get("school", "")[:8]
    if asked and asked not in names:
        raise OutOfScope()
    return asked or only(names)


def only(names):
    """The code of the only school, or None."""
    return next(iter(names)) if len(names) == 1 else None


def linker(report, round_, user, numbers):
    """What gives the address of the grid of exactly the pupils behind a number, where a person may see them."""
    may = {}

    def link(line, level, sex, school):
        key, named = COUNTED_IN_PLACE.get(line, (None, None)) if report.table else (report.key, line)
        if key is None or not numbers.whole:
            return None
        own = school or only({code: "" for code in numbers.schools})
        if own not in may:
            may[own] = may_see_names(report, user, round_.area_code, own)
        if not may[own]:
            return None
        asked = {
            "report": key,
            "line": named,
            "level": None if level == WHOLE else level,
            "sex": sex,
            "school": school,
        }
        return url_for(
            "students.index_view", **{name: value for name, value in asked.items() if value not in (None, "")}
        )

    return link


# ---- the grid behind a number ----


def heads_href(round_, school=None):
    """The address of exactly the pupils whom the control room counts, of a school or the area; None for who sees none."""
    report = BY_KEY["grade-sex"]
    if round_.subsystem != SUBSYSTEM or not may_see_names(report, current_user, round_.area_code, school):
        return None
    asked = {"report": report.key, "line": ALL, "level": EVERY} | ({"school": school} if school else {})
    return url_for("students.index_view", **asked)


def behind(view):
    """The MongoDB filters of what a report's number in the address of the pupils' grid stands for."""
    report = BY_KEY.get(request.args.get("report", ""))
    if report is None or view.round is None:
        return
    schools = [view.school] if view.school else [None] if view.sees_area else view.own_schools
    if not all(may_see_names(report, current_user, view.round.area_code, school) for school in schools):
        flash("บัญชีของท่านไม่มีสิทธิ์ดูรายชื่อตามข้อมูลอ่อนไหวของรายงานนี้", "error")
        yield NOTHING
        return
    line = request.args.get("line", "")
    if line not in report.labels or report.table:
        yield NOTHING
        return
    sex = request.args.get("sex")
    named = request.args.get("level")
    level = named if named in (ODD, EVERY) else asked_level()
    yield from criteria(report, view.round, line, level, sex if sex in ("M", "F") else None)


def told():
    """(report, what of it) in words, for the chip above the grid; None without a report in the address."""
    report = BY_KEY.get(request.args.get("report", ""))
    if report is None:
        return None
    label = report.labels.get(request.args.get("line", ""), "")
    level = (
        "ไม่ระบุชั้นหรือเพศ"
        if request.args.get("level") == ODD
        else LEVELS[asked_level()][0]
        if asked_level() != WHOLE
        else ""
    )
    sex = {"M": "ชาย", "F": "หญิง"}.get(request.args.get("sex"), "")
    return report.short, " ".join(part for part in (label, level, sex) if part)
