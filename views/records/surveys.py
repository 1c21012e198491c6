"""Surveys (แบบสำรวจ): their answers, which are records like any other, and the pages on which an admin makes them."""

from flask import abort, flash, g, has_request_context, make_response, redirect, request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from documents import clock
from documents.clock import utc
from documents.database import collection
from documents.errors import Invalid, RuleBroken
from documents.formats import buddhist, thai
from documents.people.access import AREA_READERS, SCHOOL_READERS
from documents.records.completeness import required_of
from documents.records.declarations import declaration, definitions_of
from documents.records.field_definitions import KINDS, LAST_YEAR
from documents.records.kinds import Answer, document_of
from documents.records.surveys import (
    change_survey,
    copy_survey,
    get_survey,
    give_round,
    make_survey,
    retire,
    rounds_of,
    surveys_of,
)
from documents.trail import history
from views import here, links
from views.here import person
from views.pages import Page, seen_revision
from views.records.record import RecordView
from views.trail import telling

MOST_EVENTS = 20


class SurveyView(RecordView):
    """The answers to whichever survey the address names: one view, no restart for a new one."""

    def __init__(self):
        super().__init__(Answer, url="/admin/surveys/<key>")

    def create_blueprint(self, admin):
        """The survey's key is taken off every address of it, and put into every address of it that is made."""
        blueprint = super().create_blueprint(admin)
        blueprint.url_value_preprocessor(take_key)
        blueprint.url_defaults(give_key)
        return blueprint

    def is_visible(self):
        """In the menu stand the surveys themselves (shell.py)."""
        return False

    @property
    def document(self):
        """The class of the survey that is asked for; what all surveys have where the area has none of that key."""
        if not has_request_context() or not g.get("survey_key"):
            return Answer
        if "survey" not in g:
            try:
                g.survey = document_of(f"{here.area_code()}-{g.survey_key}")
            except KeyError:
                g.survey = Answer
        return g.survey

    def _run_view(self, fn, *args, **kwargs):
        """404 where the person's area has no survey of that key."""
        if self.document is Answer:
            abort(404)
        return super()._run_view(fn, *args, **kwargs)

    @document.setter
    def document(self, document):
        """The survey is asked of each request."""

    @property
    def name(self):
        """The survey's."""
        return self.document.label

    @name.setter
    def name(self, name):
        """As with document."""

    def create_form(self, obj=None):
        """An empty form; of several answers the next number stands in it."""
        form = super().create_form(obj)
        if request.method == "GET" and not self.model.single:
            form.number.data = str(self._next_number())
        return form

    def _next_number(self):
        last = collection(Answer).find_one(self._place(self.school)._asdict(), sort=[("number", -1)])
        return ((last or {}).get("number") or 0) + 1


def take_key(endpoint, values):
    """Before each request of a survey's pages: remember its key, which no view asks for."""
    g.survey_key = (values or {}).pop("key", None)


def give_key(endpoint, values):
    """In each address of a survey's page: the survey that is looked at, where no other is named."""
    values.setdefault("key", g.get("survey_key"))


class Surveys(Page, BaseView):
    """The surveys of an area: for an administrator to make, for the others to open."""

    roles = (*AREA_READERS, *SCHOOL_READERS, "executive", "admin")

    def __init__(self):
        super().__init__(name="แบบสำรวจทั้งหมด", endpoint="surveys", url="/admin/surveys")

    @expose("/")
    def index(self):
        """Every survey of the area with its rounds; a draft is for those who prepare it."""
        area, makes = here.area_code(), self._makes()
        rows = [row for row in map(self._row, surveys_of(area) if area else ()) if makes or row["rounds"]]
        return self.render("records/surveys.html", rows=rows, makes=makes)

    def _row(self, survey):
        document = document_of(survey.slug)
        rounds = [each for each in rounds_of(survey) if each.state not in here.DRAFTS or self._prepares()]
        return {
            "survey": survey,
            "fields": len(
                [each for each in definitions_of(document, survey.area_code) if not each.last_year]
            ),
            "rounds": [round_row(each) for each in rounds[:4]],
            "href": links.front(survey.slug)
            if self._reads() and any(r.state not in here.DRAFTS for r in rounds)
            else None,
            "page": url_for(".edit", id=survey.id) if self._makes() else None,
        }

    def _makes(self):
        return current_user.holds("admin", here.area_code() or "")

    def _prepares(self):
        return self._makes() or here.sees_drafts(current_user)

    @staticmethod
    def _reads():
        return bool(current_user.areas(*AREA_READERS) or current_user.schools(*SCHOOL_READERS))

    def _ask_admin(self):
        if not self._makes():
            abort(403)

    @expose("/new/", methods=("GET", "POST"))
    def new(self):
        """Make a survey; it has no fields yet."""
        self._ask_admin()
        if request.method == "GET":
            return self._form({"single": "1"})
        try:
            made = make_survey(here.area_code(), request.form, person())
        except Invalid as refusal:
            return self._form(request.form, refusal)
        flash(f"สร้างแบบสำรวจ “{made.name}” แล้ว เพิ่มช่องคำถามต่อได้เลย", "success")
        return redirect(url_for(".edit", id=made.id), 303)

    @expose("/copy/", methods=("GET", "POST"))
    def copy(self):
        """Make a survey with the fields of an older one."""
        self._ask_admin()
        source = asked_survey(request.values.get("id"))
        if request.method == "GET":
            typed = {name: source[name] or "" for name in ("name", "name_en", "about")} | {
                "year": this_year()
            }
            return self._form(typed, source=source)
        year = asked_year()
        try:
            made = copy_survey(source, request.form.to_dict(), year, person())
        except Invalid as refusal:
            return self._form(request.form, refusal, source)
        flash(f"ทำสำเนาเป็น “{made.name}” แล้ว พร้อมช่องคำถามสำหรับปีการศึกษา {year}", "success")
        return redirect(url_for(".edit", id=made.id), 303)

    def _form(self, typed, refusal=None, source=None):
        page = self.render(
            "records/survey_new.html",
            typed=typed,
            errors=refusal.errors[0] if refusal else {},
            source=source,
            years=years_ahead(),
        )
        return make_response(page, refusal.status if refusal else 200)

    @expose("/edit/", methods=("GET", "POST"))
    def edit(self):
        """One survey: its name, its fields and its rounds."""
        self._ask_admin()
        survey = asked_survey(request.values.get("id"))
        if request.method == "GET":
            return self._page(survey)
        try:
            change_survey(survey, request.form, person(), seen_revision())
        except RuleBroken as refusal:
            return self._page(survey, request.form, refusal)
        flash("บันทึกแล้ว", "success")
        return redirect(url_for(".edit", id=survey.id), 303)

    @expose("/retire/", methods=("POST",))
    def retire(self):
        """Retire a survey, or take it into use again."""
        self._ask_admin()
        survey = asked_survey(request.form.get("id"))
        retired = request.form.get("retired") == "1"
        try:
            retire(survey, retired, person(), seen_revision(), request.form.get("reason", ""))
        except RuleBroken as refusal:
            return self._page(survey, refusal=refusal)
        flash(
            f"เลิกใช้แบบสำรวจ “{survey.name}” แล้ว" if retired else f"นำแบบสำรวจ “{survey.name}” กลับมาใช้แล้ว",
            "success",
        )
        return redirect(url_for(".edit", id=survey.id), 303)

    @expose("/round/", methods=("POST",))
    def give_round(self):
        """Make a draft round of a survey."""
        self._ask_admin()
        survey = asked_survey(request.form.get("id"))
        try:
            first, last = (typed_day(name) for name in ("first", "last"))
            made = give_round(survey, asked_year(), first, last, person())
        except RuleBroken as refusal:
            return self._page(survey, request.form, refusal)
        flash(f"สร้างร่างรอบ {made.label} แล้ว เจ้าหน้าที่เขตเสนอผู้บังคับบัญชาต่อได้ที่หน้ารอบการจัดเก็บข้อมูล", "success")
        return redirect(url_for(".edit", id=survey.id), 303)

    def _page(self, survey, typed=None, refusal=None):
        document, year = document_of(survey.slug), this_year()
        definitions = definitions_of(document, survey.area_code)
        years = [each for each in years_ahead() if declaration(document, survey.area_code, each).added]
        page = self.render(
            "records/survey.html",
            survey=survey,
            typed={name: survey[name] or "" for name in ("name", "name_en", "about")}
            | (typed.to_dict() if typed else {}),
            errors=refusal.errors[0] if isinstance(refusal, Invalid) else {},
            refusal=refusal,
            definitions=definitions,
            here=[each.holds_in(year) for each in definitions],
            kinds=KINDS,
            rounds=[round_row(each) for each in rounds_of(survey)],
            fields_href=url_for("fields.index", document=survey.slug, area=survey.area_code, year=year),
            new_field=url_for("fields.new", document=survey.slug, area=survey.area_code, year=year),
            years=years,
            must=required_of(document, survey.area_code, years[0] if years else year),
            events=events_of(survey),
        )
        return make_response(page, refusal.status if refusal else 200)


def round_row(round_):
    """One round of a survey as the pages list it."""
    window = round_.window("enter")
    return {
        "label": round_.label,
        "state": round_.state_at(),
        "days": f"{short(window.opens_at)} – {short(window.closes_at)}" if window else "",
        "href": links.round_page(round_),
    }


def short(instant):
    """A stored instant's day in Bangkok, short."""
    return buddhist.format_short(clock.in_bangkok(utc(instant)))


def asked_survey(id_):
    """The Survey that an address names; 404 for one this admin does not have."""
    try:
        found = get_survey(person(), id_)
    except RuleBroken:
        g.refused = "unknown", None
        abort(404)
    here.look_in(found.area_code)
    return found


def typed_day(name):
    """A posted day; Invalid beside its input where it is none."""
    try:
        return buddhist.parse_date(thai.clean(request.form.get(name)))
    except ValueError as error:
        raise Invalid({0: {name: str(error)}}) from error


def this_year():
    """The academic year (B.E.) that it is."""
    return buddhist.academic_year(clock.today())


def asked_year():
    """The academic year of the posted form, else the one that it is."""
    return thai.whole(request.form.get("year"), LAST_YEAR) or this_year()


def years_ahead():
    """The academic years a survey may be made for."""
    return [this_year(), this_year() + 1]


def events_of(survey):
    """The history of one survey, for the timeline, newest first."""
    rows = list(history.events_of(survey.area_code, survey.id, MOST_EVENTS).as_pymongo())
    return [
        event | {"title": event["action"]}
        for event in telling.events(rows, person(), sensitive=False, whole=True)
    ]
