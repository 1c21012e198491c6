"""Class lists (บัญชีรายชื่อนักเรียน) of a school: chosen by grade, room and order, printed or taken as a PDF, noted."""

import io

from flask import abort, request, send_file
from flask_admin import BaseView, expose
from flask_login import current_user

from documents.background.jobs import ask
from documents.collecting.rounds import get_round
from documents.collecting.submissions import find_submission
from documents.dmc.classes import ORDERS, SchoolClass, chosen, classes_of
from documents.errors import OutOfScope, RuleBroken
from documents.people import access
from documents.records.record import Place
from exports.dmc.class_lists import (
    BLANKS,
    HEADS,
    MOST,
    SEXES,
    TITLE,
    class_lists_file_name,
    class_lists_pdf,
    lists_of,
    totals_of,
)
from views import here, links
from views.jobs import deliver
from views.pages import Page
from views.records.exporting import export_of, note_export
from views.records.files_out import SCOPE, hands_out

ROLES = (*access.SCHOOL_READERS, *access.AREA_READERS)
SUBSYSTEM = "DMC"


class ClassListPages(Page, BaseView):
    """The lists of one school, reached from its page and from the grid of pupils."""

    roles = ROLES
    subsystem = SUBSYSTEM

    def __init__(self):
        super().__init__(name=TITLE, endpoint="class_lists", url="/admin/class-lists")

    def is_visible(self):
        """Not in the menu: a class list is a page of a school."""
        return False

    @expose("/")
    def index(self):
        """What may be chosen, and the lists as they are printed once something was chosen; noted when they are shown."""
        round_, submission, school = asked_school()
        all_classes = classes_of(current_user, round_, school, asked_order())
        asked = {name: request.args.get(name, "")[:3] for name in ("grade", "room")}
        shown = chosen(all_classes, **asked) if "grade" in request.args else []
        lists = printed(round_, submission, shown)
        if lists.pupils:
            note(lists, "print")
        return self.render(
            "dmc/class_lists.html",
            title=TITLE,
            lists=lists,
            asked=asked | {"order": asked_order(), "blanks": lists.blanks},
            total=sum(len(one.pupils) for one in all_classes),
            grades=grades_of(all_classes),
            rooms=rooms_of(all_classes, asked["grade"]),
            orders=ORDERS,
            blanks=BLANKS,
            heads=HEADS,
            sexes=SEXES,
            totals_of=totals_of,
            most=MOST,
            round_id=str(round_.id),
            back=links.submission_page(submission.id),
            school_name=submission.school_name,
        )

    @expose("/pdf/")
    @hands_out(SCOPE)
    def export_pdf(self):
        """The chosen lists as a PDF; noted before it is sent, a refusal is noted nowhere."""
        round_, submission, school = asked_school()
        asked = {name: request.args.get(name, "")[:3] for name in ("grade", "room")}
        shown = chosen(classes_of(current_user, round_, school, asked_order()), **asked)
        lists = printed(round_, submission, shown)
        if not lists.pupils:
            abort(404, "ไม่มีนักเรียนในชั้นหรือห้องที่เลือก กรุณาเลือกใหม่")
        if lists.pupils > MOST:
            return by_job(lists, submission, asked | {"order": asked_order(), "blanks": lists.blanks})
        content = class_lists_pdf(lists)
        note(lists, "pdf")
        return send_file(
            io.BytesIO(content),
            mimetype="application/pdf",
            as_attachment=True,
            download_name=class_lists_file_name(lists),
        )


def asked_school():
    """(Round, Submission, school code) that the address names, or the person's own school. Raises OutOfScope."""
    round_ = asked_round()
    own = [code for area, code in current_user.schools(*access.SCHOOL_READERS) if area == round_.area_code]
    school = request.args.get("school", "")[:8] or (own[0] if own else "")
    if not school:
        raise RuleBroken("กรุณาเลือกโรงเรียนในตารางนักเรียนก่อน แล้วกดพิมพ์บัญชีรายชื่ออีกครั้ง")
    if not access.sees(current_user, round_.area_code, school):
        raise OutOfScope()
    place = Place(round_.area_code, round_.academic_year, round_.code, school)
    return round_, find_submission(SUBSYSTEM, place) or abort(404), school


def asked_round():
    """The round the address names, else the one the person looks at; within the areas he has a school or a desk in."""
    if asked := request.args.get("round"):
        own = {area for area, _school in current_user.schools(*access.SCHOOL_READERS)}
        return get_round([*own, *current_user.areas(*access.AREA_READERS)], asked)
    return here.current_round(SUBSYSTEM) or abort(404)


def asked_order():
    """The order the address asks for; the usual one for anything else."""
    asked = request.args.get("order", "")
    return asked if asked in ORDERS else next(iter(ORDERS))


def printed(round_, submission, classes):
    """The ClassLists of some classes."""
    asked = request.args.get("blanks", type=int)
    blanks = asked if asked in BLANKS else BLANKS[0]
    return lists_of(classes, round_, submission, blanks, current_user.name)


def by_job(lists, submission, asked):
    """The response with the lists of many pupils, made by a job; noted when they are taken."""
    person, round_ = here.person(), lists.round
    noted = export_of(round_, "class_list", lists.school_code, lists.pupils, "pdf")
    arguments = {"round_id": str(round_.id), "school": lists.school_code, "asked": asked, "noted": noted}
    title = f"{TITLE} {lists.school_name} {lists.pupils:,} คน"
    back = links.submission_page(submission.id)
    return deliver(ask("class_lists", person, round_.area_code, round_, title, arguments, href=back))


def note(lists, kind):
    """Note that names of pupils were printed or taken out."""
    person = current_user._get_current_object()
    note_export(person, lists.round, "class_list", lists.school_code, lists.pupils, kind)


def grades_of(classes):
    """[(code, words, pupils)] of the grades that have pupils."""
    found = {}
    for one in classes:
        found.setdefault(one.grade, []).append(one)
    return [
        (grade or "", SchoolClass(grade, None).words.partition(" ")[0], sum(len(one.pupils) for one in some))
        for grade, some in found.items()
        if grade
    ]


def rooms_of(classes, grade):
    """[(number, pupils)] of the rooms of a grade."""
    return [(one.room, len(one.pupils)) for one in classes if grade and one.grade == grade and one.room]
