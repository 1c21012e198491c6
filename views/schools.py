"""Schools (โรงเรียนในสังกัด): the grid of an area's schools, one school's page, and changing it."""

import re

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_admin.contrib.mongoengine import ModelView
from flask_login import current_user

from documents import buddhist, history, places, thai
from documents.access import visible_schools
from documents.codelists import code_list
from documents.contacts import READERS
from documents.errors import NotAllowed, RuleBroken, StaleRevision
from documents.rounds import STATES as ROUND_STATES
from documents.schools import EDITABLE, SIZES, STATUSES, School, edit_school, get_school, in_words, may_edit
from documents.submissions import Submission, visible_to
from documents.waiting import newest_rounds
from views import links
from views.pages import Page, SecureForm
from views.school_import import SchoolImport
from views.school_notes import SchoolNotes, people_around
from views.submissions import Choice

LONGEST_SEARCH = 60
GROUPS = (
    ("ชื่อและรหัส", ("name", "cluster", "moe_code", "obec_code")),
    ("การเปิดสอน", ("grade_from", "grade_to", "size_band", "status")),
    ("ที่ตั้ง", ("subdistrict", "postcode", "latitude", "longitude")),
    ("ติดต่อ", ("director_name", "phone", "data_officer_name", "data_officer_phone", "email", "line")),
)
CODES = ("moe_code", "obec_code")  # shown together with the SMIS code
ACTIONS = {"create": "เพิ่มโรงเรียน", "appoint": "แต่งตั้งรักษาการ", "dismiss": "สิ้นสุดการรักษาการ"}
WIDTHS = {"name": "l", "subdistrict": "l", "director_name": "l"}


class Schools(SchoolImport, SchoolNotes, Page, ModelView):
    """Schools that this person may see; an officer or the administrator changes them."""

    roles = ("school", "director", "district", "approver", "executive", "admin")
    form_base_class = SecureForm
    can_create = can_delete = can_export = False
    can_view_details = True
    list_template = "khet/schools.html"
    column_list = (
        "name",
        "code",
        "cluster",
        "subdistrict",
        "grade_from",
        "size_band",
        "director_name",
        "status",
    )
    column_labels = {
        "name": "โรงเรียน", "code": "รหัส SMIS", "cluster": "กลุ่มโรงเรียน", "subdistrict": "ที่ตั้ง",
        "grade_from": "เปิดสอน", "size_band": "ขนาด", "director_name": "ผู้อำนวยการ", "status": "สถานะ",
    }  # fmt: skip
    column_sortable_list = ("name", "code", "cluster", "subdistrict", "size_band", "status")
    column_default_sort = [("cluster", False), ("code", False)]
    column_searchable_list = ("name", "code")
    column_filters = (
        Choice("status", "สถานะ", list(STATUSES.items())),
        Choice("size_band", "ขนาดโรงเรียน", list(SIZES.items())),
    )
    page_size = 50

    # Routes of Flask-Admin's that schools do not have: without `expose` they are not registered at all.
    create_view = delete_view = action_view = export = ajax_update = ajax_lookup = api_file_view = None

    def __init__(self):
        super().__init__(School, name="โรงเรียนในสังกัด", endpoint="schools", url="/admin/schools")
        self.column_formatters = {
            "subdistrict": lambda view, context, row, name: where(row, short=True),
            "grade_from": lambda view, context, row, name: grades(row),
            "size_band": lambda view, context, row, name: SIZES.get(row.size_band, ""),
            "status": lambda view, context, row, name: STATUSES.get(row.status, row.status),
        }

    def scaffold_form(self):
        """An empty form: the page's own is read off documents.schools."""
        return SecureForm

    def scaffold_list_form(self, *args, **more):
        """An empty form, as above."""
        return SecureForm

    @property
    def can_edit(self):
        """Whether this person changes schools of any area of his; each is asked again when it is opened."""
        return any(may_edit(current_user, area) for area in current_user.areas("district", "admin"))

    @property
    def sees_contacts(self):
        """Whether the list of contacts is open to this person."""
        return bool(current_user.areas(*READERS))

    def get_query(self):
        """The schools this person may see: officers their area's, school people their own."""
        return School.objects(__raw__=visible_schools(current_user))

    def _search(self, query, search_term):
        """By a piece of the name or code, among one area's schools."""
        found = {"$regex": re.escape(thai.clean(search_term)[:LONGEST_SEARCH]), "$options": "i"}
        return query.filter(__raw__={"$or": [{"name": found}, {"code": found}]})

    def get_list(self, page, sort_field, sort_desc, search, filters, execute=True, page_size=None):
        """As Flask-Admin's, with a page number that is one."""
        page = min(max(page or 0, 0), 1_000)
        return super().get_list(page, sort_field, sort_desc, search, filters, execute, page_size)

    @expose("/details/")
    def details_view(self):
        """One school: its facts, its submissions, its history."""
        return self._details(get_school(visible_schools(current_user), request.args.get("id")))

    def _details(self, school, refused=(None, None)):
        sees_history = may_edit(current_user, school.area_code)
        events = history.events_of(school.area_code, school.id, limit=50) if sees_history else []
        return self.render(
            "khet/school.html",
            school=school,
            groups=[(title, [(School._fields[name].verbose_name, said(school, name)) for name in names
                             if name not in CODES]) for title, names in GROUPS],
            may_edit=sees_history,
            submissions=self._submissions(school),
            events=[event_of(each) for each in events],
            where=where(school),
            grades=grades(school),
            codes=codes_of(school),
            status_words=STATUSES.get(school.status, school.status),
            refused=refused[0],
            refusal=refused[1],
            **people_around(school),
        )  # fmt: skip

    def _submissions(self, school):
        """[(submission, round, page)] of the school's newest rounds."""
        rounds = {
            (each.subsystem, each.academic_year, each.code): each for each in newest_rounds(school.area_code)
        }
        found = Submission.objects(
            __raw__={
                "$and": [
                    {"area_code": school.area_code, "school_code": school.code},
                    visible_to(current_user),
                ]
            }
        ).exclude("moves", "writers")
        rows = []
        for each in found.order_by("-academic_year", "-round").limit(12):
            round_ = rounds.get((each.subsystem, each.academic_year, each.round))
            if round_:
                rows.append((each, round_, links.submission_page(each.id), ROUND_STATES[round_.state]))
        return rows

    @expose("/edit/", methods=["GET", "POST"])
    def edit_view(self):
        """The form of a school; what was typed stays when it cannot be stored."""
        school = get_school(visible_schools(current_user), request.values.get("id"))
        if not may_edit(current_user, school.area_code):
            raise NotAllowed("เฉพาะเจ้าหน้าที่เขตหรือผู้ดูแลระบบเท่านั้นที่แก้ข้อมูลโรงเรียนได้")
        if request.method == "GET":
            return self._form(school, typed_of(school))
        typed = {name: request.form[name] for name in EDITABLE if name in request.form}
        revision = request.form.get("revision", "")
        try:
            reason = thai.clean(request.form.get("reason"))[:500]
            seen = int(revision) if revision.isascii() and revision.isdecimal() and len(revision) < 9 else 0
            edit_school(school, typed, seen, current_user._get_current_object(), reason or None)
        except RuleBroken as refusal:
            return self._form(school, typed_of(school) | typed, refusal), refusal.status
        flash(f"บันทึกข้อมูล{school.name}แล้ว", "success")
        return redirect(url_for(".details_view", id=str(school.id)), 303)

    def _form(self, school, typed, refusal=None):
        errors = next(iter(getattr(refusal, "errors", {}).values()), {})
        stale = isinstance(refusal, StaleRevision)
        stored = typed_of(school)
        return self.render(
            "khet/school_edit.html",
            school=school,
            groups=GROUPS,
            labels={name: School._fields[name].verbose_name for name in EDITABLE},
            widths=WIDTHS,
            typed=typed,
            errors=errors,
            refusal=refusal,
            theirs={name: value for name, value in stored.items() if stale and value != typed.get(name)},
            choices=choices_of(school),
            place_words=places.label(typed.get("subdistrict")),
            revision=school.revision,
        )

    @expose("/places/")
    def places_view(self):
        """Subdistricts that fit what is typed, for the form's field: [{id, text, fill}]."""
        found = places.search(request.args.get("q", "")[:LONGEST_SEARCH], limit=12)
        return [{"id": each.code, "text": places.label(each.code)} for each in found]


def codes_of(school):
    """[(what, code)]: the three forms of a school's code, the last six of the ministry's standing for OBEC's."""
    obec = school.obec_code or (school.moe_code or "")[-6:]
    return [("รหัส SMIS", school.code), ("รหัสกระทรวง", school.moe_code), ("รหัส OBEC", obec)]


def typed_of(school):
    """A school's values as its form holds them."""
    return {name: "" if getattr(school, name) is None else str(getattr(school, name)) for name in EDITABLE}


def choices_of(school):
    """{field: [(code, words)]} of the fields that are picked from a list."""
    known = School.objects(area_code=school.area_code).distinct("cluster")
    listed = code_list("GRADE").choices
    return {
        "grade_from": listed, "grade_to": listed, "size_band": list(SIZES.items()), "status": list(STATUSES.items()),
        "cluster": [(name, name) for name in sorted(filter(None, known), key=thai.sort_key)],
    }  # fmt: skip


def said(school, name):
    """One fact of a school in words."""
    value = getattr(school, name)
    return in_words(name, value)


def grades(school):
    """'อ.2–ป.6': the grades a school teaches."""
    listed = code_list("GRADE")
    ends = [listed.short(code) or listed.label(code) for code in (school.grade_from, school.grade_to) if code]
    return "–".join(dict.fromkeys(ends))


def where(school, short=False):
    """Subdistrict and district in words."""
    if short:
        names = [places.name(school.subdistrict), places.name(school.district)]
        return " · ".join(filter(None, names))
    return places.label(school.subdistrict)


def event_of(event):
    """One event of a school's history, as the timeline draws it."""
    changes = [
        {
            "label": School._fields[name].verbose_name or name,
            "old": in_words(name, old),
            "new": in_words(name, new),
        }
        for name, (old, new) in (event.changes or {}).items()
        if name in School._fields
    ]
    when = buddhist.format_datetime(event.at)
    return {
        "title": ACTIONS.get(event.action, "แก้ข้อมูลโรงเรียน")
        + (" · นำเข้าจากไฟล์" if event.via == "import" else ""),
        "who": event.actor_name,
        "when": when,
        "reason": event.reason,
        "changes": changes,
    }
