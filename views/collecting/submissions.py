"""Submissions (การส่งข้อมูล): the grid of schools in the current round, and one school's page with its moves."""

import re

from flask import abort, current_app, request
from flask_admin import expose
from flask_admin.contrib.mongoengine import ModelView
from flask_admin.contrib.mongoengine.filters import BaseMongoEngineFilter
from flask_login import current_user
from markupsafe import Markup

from documents import clock, subsystem
from documents.checking import checks, finding_lists, findings
from documents.checking.hindrances import STOPPED_BY, hindrance_of
from documents.clock import utc
from documents.collecting import extending
from documents.collecting.asides import ASIDES, asides_for
from documents.collecting.moves import MOVES, moves_for
from documents.collecting.progress import RED, look_of_one, noun_of
from documents.collecting.round_members import ENTERED
from documents.collecting.submissions import (
    STATES,
    WRITABLE,
    Submission,
    get_submission,
    round_of,
    visible_to,
)
from documents.collecting.windows import open_until
from documents.formats import buddhist, thai
from documents.people import access
from documents.records.codelists import code_list
from documents.records.digests import short_code
from documents.records.kinds import documents_of
from documents.records.panels import all_panels
from documents.records.record import Place, size_counter
from documents.trail import papers
from exports.collecting.submission_list import submissions_workbook
from views import instants, links, shell
from views.collecting.reopening import around
from views.collecting.submission_steps import StepsMixin
from views.home import heads_before, missing_fields
from views.pages import Page, SecureForm
from views.records.exporting import note_export
from views.records.files_out import SCOPE, hands_out
from views.records.lists_out import all_shown, list_link, send_list

LONGEST_SEARCH = 60


class Choice(BaseMongoEngineFilter):
    """Submissions whose field has one of a few values; another value finds nothing."""

    def __init__(self, name, label, options):
        super().__init__(name, label, options=options)
        self.field_name = name

    def apply(self, query, value):
        """The queryset narrowed; the value goes in as text alone."""
        return query.filter(__raw__={self.field_name: str(value)[:100]})

    def operation(self):
        """The comparison in Thai."""
        return "คือ"


class Lacking(Choice):
    """Submissions with, or without, records that lack something required."""

    def __init__(self):
        super().__init__("counts.incomplete", "ความครบถ้วน", [("yes", "มีรายการไม่ครบ"), ("no", "ครบถ้วน")])

    def apply(self, query, value):
        """The queryset narrowed."""
        some = {"counts.incomplete": {"$gt": 0}}
        return query.filter(__raw__=some if value == "yes" else {"$nor": [some]})


class Submissions(StepsMixin, Page, ModelView):
    """Schools of the current round; one school's page with its state, its history and what may be done."""

    roles = ("school", "director", "district", "approver", "executive")
    form_base_class = SecureForm
    can_create = can_edit = can_delete = can_export = False
    can_view_details = True
    list_template = "collecting/submissions.html"
    column_list = (
        "school_name", "cluster", "state", "heads", "incomplete", "errors", "warnings", "last_write_at", "until",
    )  # fmt: skip
    column_labels = {
        "school_name": "โรงเรียน",
        "cluster": "กลุ่มโรงเรียน",
        "state": "สถานะ",
        "heads": "จำนวน",
        "incomplete": "ไม่ครบ",
        "errors": "ข้อผิดพลาด",
        "warnings": "คำเตือน",
        "last_write_at": "บันทึกล่าสุด",
        "until": "ส่งได้ถึง",
    }
    column_sortable_list = (
        "school_name", "cluster", "state", "heads", ("incomplete", "counts.incomplete"), "last_write_at",
    )  # fmt: skip
    column_default_sort = [("cluster", False), ("school_code", False)]
    column_searchable_list = ("school_name", "school_code")
    column_filters = (Choice("state", "สถานะ", list(STATES.items())), Lacking())
    page_size = 50

    # Routes of Flask-Admin's that submissions do not have: without `expose` they are not registered at all.
    create_view = edit_view = delete_view = export = ajax_update = ajax_lookup = api_file_view = (
        action_view
    ) = None

    def __init__(self):
        super().__init__(Submission, name="การส่งข้อมูล", endpoint="submissions", url="/admin/submissions")
        self.column_formatters = {
            "state": lambda view, context, row, name: state_cell(context, row),
            "heads": lambda view, context, row, name: f"{context['heads_of'](row):,}",
            "incomplete": lambda view, context, row, name: incomplete_cell(context, row),
            "errors": lambda view, context, row, name: found_cell(context, row, name, checks.ERROR),
            "warnings": lambda view, context, row, name: found_cell(context, row, name, checks.WARNING),
            "last_write_at": lambda view, context, row, name: buddhist.format_datetime(row.last_write_at),
            "until": lambda view, context, row, name: buddhist.format_datetime(context["until_of"](row)),
        }

    def scaffold_form(self):
        """A form of nothing: a submission is not typed, it moves."""
        return SecureForm

    def scaffold_list_form(self, *args, **more):
        """As above."""
        return SecureForm

    def get_query(self):
        """The current round's submissions that this person may see."""
        round_ = shell.current_round()
        if round_ is None:
            return Submission.objects(__raw__={"area_code": {"$in": []}})
        place = {
            "area_code": round_.area_code, "academic_year": round_.academic_year,
            "subsystem": round_.subsystem, "round": round_.code,
        }  # fmt: skip
        return Submission.objects(__raw__={**place, **visible_to(current_user)}).exclude("moves", "writers")

    def _search(self, query, search_term):
        """By a piece of the school's name or code; 230 rows of one round, found by the round's index."""
        term = thai.clean(search_term)[:LONGEST_SEARCH]
        name, code = self.model.school_name.name, self.model.school_code.name
        found = {"$regex": re.escape(term), "$options": "i"}
        return query.filter(__raw__={"$or": [{name: found}, {code: found}]})

    def get_list(self, page, sort_field, sort_desc, search, filters, execute=True, page_size=None):
        """As Flask-Admin's, with a page number that is one."""
        page, sort_field = min(max(page or 0, 0), 1_000), self._sortable_columns.get(sort_field)
        if sort_field == "heads" and (round_ := shell.current_round()):
            sort_field = f"counts.{size_counter(documents_of(round_.subsystem)[0])}"
        return super().get_list(page, sort_field, sort_desc, search, filters, execute, page_size)

    def render(self, template, **more):
        """The list knows its round, and each row how it looks; the page of one school says its own round."""
        round_, now = shell.current_round(), clock.now()
        slug = links.main_slug(round_) if round_ else None
        known = {
            "round": round_,
            "look_of": lambda row: look_of_one(row, round_, now, passed_of(known, row)),
            "heads_of": lambda row: row.counts.get(size_counter(subsystem(slug)), 0),
            "until_of": lambda row: open_until(row, round_, "enter") if row.state in WRITABLE else None,
            "at_fault": lambda row: at_fault(row, slug),
            "checkups": finding_lists.checkups_in(round_, current_user) if round_ else {},
            "grid_links": [list_link()] if round_ else [],
        }
        return super().render(template, **(known | more))

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_xlsx(self):
        """The list as it is narrowed and sorted, as a workbook."""
        round_ = shell.current_round() or abort(404)
        slug, checkups = links.main_slug(round_), finding_lists.checkups_in(round_, current_user)
        rows = [
            (
                one,
                one.counts.get(size_counter(subsystem(slug)), 0),
                (checkups.get(one.school_code) or {}).get("counts", {}),
                open_until(one, round_, "enter") if one.state in WRITABLE else None,
            )
            for one in all_shown(self)[1]
        ]
        note_export(current_user._get_current_object(), round_, "submissions", None, len(rows), "xlsx")
        title = f"{round_.label} การส่งข้อมูล {round_.subsystem}"
        return send_list(submissions_workbook(rows, title), title)

    @expose("/details/")
    def details_view(self):
        """One school's page in one round."""
        return self._details(get_submission(current_user, request.args.get("id")))

    def _details(self, submission, refusal=None):
        round_, now = round_of(submission), clock.now()
        moves = {row.name: row for row in moves_for(submission, round_, current_user, now)}
        slug = links.main_slug(round_)
        sees = sees_records(submission)
        checkup = findings.refresh(submission)
        found = checkup.get("counts", {})
        page = self.render(
            "collecting/submission.html",
            found=found,
            found_href=lambda level=None: links.findings_of(submission.school_code, level),
            stops={name: hindrance_of(name, found) for name in STOPPED_BY},
            submission=submission,
            round=round_,
            look=look_of_one(submission, round_, now, found.get("blank_passed", 0)),
            moves=moves,
            asides={row.name: row for row in asides_for(submission, round_, current_user)},
            can_lock=can_lock(submission, current_user),
            heads=submission.counts.get(size_counter(subsystem(slug)), 0),
            records=submission.counts.get(slug, 0),
            lacking=max(submission.counts.get("incomplete", 0) - found.get("blank_passed", 0), 0),
            before=heads_before(submission, round_, subsystem(slug)),
            missing=missing_fields(submission, checkup)
            if sees and submission.counts.get("incomplete")
            else [],
            rows=links.rows_of(slug, submission.school_code) if sees else None,
            by_district=submission.counts.get("by_district", 0),
            rows_by_district=links.rows_by_district(slug, submission.school_code) if sees else None,
            rows_at_fault=links.rows_at_fault(slug, submission.school_code) if sees else None,
            is_current=round_.id == getattr(shell.current_round(), "id", None),
            choose=links.choose(round_),
            events=[event_of(row) for row in reversed(submission.moves)],
            times=times_of(submission, round_, now),
            typed=request.form if refusal else {},
            refusal=refusal,
            whom=extending.WHOM,
            **around(submission, round_, current_user, now),
            is_district=current_user.holds("district", submission.area_code),
            short_code=short_code,
            by_grade=by_grade(submission.counts),
            lists_href=links.class_lists(submission, round_) if sees else None,
            unit=subsystem(slug).unit,
            noun=noun_of(subsystem(slug)),
            singles=singles_of(submission) if sees else [],
            panels=all_panels(documents_of(submission.subsystem), place_of(submission)),
        )
        return page if refusal is None else (page, refusal.status)


def place_of(submission):
    """Where the records of a submission belong."""
    return Place(submission.area_code, submission.academic_year, submission.round, submission.school_code)


def singles_of(submission):
    """[(noun, address)] of what the school has one record of, beside the list that its subsystem stands for."""
    return [
        (noun_of(document), links.rows_of(document.slug, submission.school_code))
        for document in documents_of(submission.subsystem)
        if document.single
    ]


def at_fault(submission, slug):
    """The grid of the rows at fault, None for whoever sees no records of the school."""
    if sees_records(submission):
        return links.rows_at_fault(slug, submission.school_code)
    return None


def sees_records(submission):
    """Whether this person may see the yearly records behind a submission."""
    return access.sees(current_user, submission.area_code, submission.school_code)


def state_cell(context, row):
    """The chip of a row's state; a red one leads to the rows at fault."""
    look = context["look_of"](row)
    href = context["at_fault"](row) if look in RED and row.counts.get("incomplete") else None
    return _parts().state_chip(look, href=href)


def incomplete_cell(context, row):
    """How many records lack something, leading there where this person may see them."""
    count = row.counts.get("incomplete", 0)
    href = context["at_fault"](row) if count else None
    return Markup('<a href="{}">{:,}</a>').format(href, count) if href else f"{count:,}"


def passed_of(context, row):
    """How many of a row's records with empty fields the district let pass."""
    return (context["checkups"].get(row.school_code) or {}).get("counts", {}).get("blank_passed", 0)


def found_cell(context, row, name, level):
    """How many findings of a level were open when the school was looked at last; to the list where he reads it."""
    count = (context["checkups"].get(row.school_code) or {}).get("counts", {}).get(name, 0)
    if not count or not sees_records(row):
        return f"{count:,}"
    return Markup('<a href="{}">{:,}</a>').format(links.findings_of(row.school_code, level), count)


def _parts():
    return current_app.jinja_env.get_template("khet/parts.html").module


def can_lock(submission, user):
    """Whether this person may lock this one school now."""
    return submission.state == "verified" and user.holds("approver", submission.area_code)


def by_grade(counts):
    """[(grade, boys, girls)] of the counters that the door keeps, grades without anybody left out."""
    found = [
        (words, counts.get(f"m{code}", 0), counts.get(f"f{code}", 0))
        for code, words in code_list("GRADE").choices
    ]
    return [row for row in found if row[1] or row[2]]


CAME_LATER = {ENTERED: "เข้ารอบระหว่างเปิดรับข้อมูล"}


def event_of(row):
    """One row of the chained list of moves, as khet/parts.html's timeline draws it."""
    known = MOVES.get(row["name"]) or ASIDES.get(row["name"])
    title = known.label if known else CAME_LATER.get(row["name"], row["name"])
    until = row.get("until")
    return {
        "title": title,
        "who": papers.signed_by(row),
        "when": buddhist.format_datetime(row["at"]),
        "reason": row.get("reason"),
        "changes": [{"label": "แก้ไขได้ถึง", "old": None, "new": buddhist.format_datetime(until)}]
        if until
        else [],
        "system": row["name"] in ASIDES,
    }


def times_of(submission, round_, now):
    """[(what, until, left, own time?)] of the steps that are not over for this school."""
    rows = []
    for step, words in (
        ("enter", "โรงเรียนบันทึกและยืนยัน"),
        ("certify", "ผู้อำนวยการรับรอง"),
        ("verify", "เขตตรวจสอบ"),
    ):
        until, window = open_until(submission, round_, step), round_.window(step)
        if until:
            own = window is not None and until > utc(window.closes_at)
            rows.append((words, buddhist.format_datetime(until), instants.left(until, now), own))
    return rows
