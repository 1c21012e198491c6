"""Recording a G-code request: the search that comes first, the form in sections, what another saved meanwhile."""

from flask import flash, jsonify, redirect, request
from flask_admin import expose
from flask_login import current_user

from documents import clock
from documents.district.schools import School
from documents.errors import Invalid, NotAllowed, OutOfScope, RuleBroken, StaleRevision
from documents.gcode import gcode, gcode_likely, gcode_requests
from documents.gcode import gcode_rules as rules
from documents.gcode.gcode import GCodeRequest, editable
from documents.records import fields
from documents.records.codelists import code_list
from documents.trail import access_log
from views import here
from views.gcode.gcode_words import mark_of, told
from views.here import person
from views.pages import seen_revision
from views.records import formatters
from views.records.cases import LONGEST
from views.records.forms import fields_in_groups, form_class

# What is typed to look for the learner, before anything is stored.
SEARCHED = (
    "title", "first_name", "last_name", "native_name", "sex", "birth_date", "birth_date_estimated", "birth_country",
    "nationality", "father_first_name", "father_last_name", "mother_first_name", "mother_last_name",
)  # fmt: skip


class GCodeForms:
    """The part of the view of requests behind its two forms."""

    # ---- a new one ----

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self):
        """Search first, then record: `do` says which; what was typed stays through both."""
        area, school = self._asked_school()
        if request.method == "GET":
            return self._form(school, names=SEARCHED)
        do, names = request.form.get("do"), self._names(area, school.code)
        if do == "again":
            return self._form(school, names=SEARCHED)
        try:
            if do == "save":
                return self._recorded(area, school)
            likely = self._found_likely(area, names)
        except RuleBroken as refusal:
            if isinstance(refusal, NotAllowed):
                raise
            shown = names if do == "save" else SEARCHED
            return self._form(
                school, refusal, names=shown, likely=self._likely_of(refusal, area)
            ), refusal.status
        return self._form(school, names=names, likely=told(person(), area, likely), searched=True)

    def _found_likely(self, area, names):
        """The likely same learners of what was typed; raises Invalid by field, born in Thailand among it."""
        values = gcode_requests.accepted(typed_of(names))
        if lacks := rules.missing_to_search(values):
            raise Invalid({0: lacks})
        return gcode_likely.search(area, values)

    def _recorded(self, area, school):
        names = self._names(area, school.code)
        said = request.form.get("over_warning", "")[:LONGEST]
        made = gcode_requests.record(
            area, school.code, typed_of(names), person(), said, request.form.get("seen", "")
        )
        flash(f"บันทึกคำขอเลขที่ {made.request_no} แล้ว แนบหลักฐานแล้วส่งให้เขต", "success")
        return redirect(self.get_url(".details_view", id=str(made.id)), 303)

    def _likely_of(self, refusal, area, found=None):
        """The likely same learners again, where it is their warning that was not answered; `found` is the stored request."""
        if not isinstance(refusal, Invalid) or "over_warning" not in refusal.errors[0]:
            return None
        stored = found.to_mongo().to_dict() if found else {}
        values = gcode_requests.accepted(typed_of(editable()), stored)
        return told(person(), area, gcode_likely.search(area, stored | values))

    def _asked_school(self):
        """(area code, School) in whose name a request is recorded; raises OutOfScope for one who records for none."""
        area = here.area_code()
        choices = self.schools_to_ask(area)
        code = request.values.get("school") or (choices[0] if choices else "")
        if code not in choices:
            raise OutOfScope()
        return area, School.objects(area_code=area, code=code).get()

    def schools_to_ask(self, area):
        """Codes of the schools of the area that this person records requests of."""
        return [code for of, code in current_user.schools("school") if of == area]

    def _names(self, area, school_code):
        return tuple(gcode.open_names(current_user, area, school_code))

    # ---- a stored one ----

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self):
        """The form of a request, for whoever's turn it is; a refusal keeps what was typed."""
        found = gcode.get_request(current_user, request.values.get("id"))
        names = self._names(found.area_code, found.school_code)
        school = School(area_code=found.area_code, code=found.school_code, name=found.school_name)
        if request.method == "GET":
            if gcode.writes_as(found, current_user) is None:
                flash("ขณะนี้ไม่ใช่ขั้นตอนที่ท่านแก้ไขคำขอนี้ได้", "warning")
                return redirect(self.get_url(".details_view", id=str(found.id)))
            access_log.note(found.area_code, person(), "form", **gcode.access_entry(found), full=True)
            return self._form(school, found=found, names=names)
        typed = {name: request.form.get(name, "")[:LONGEST] for name in ("reason", "over_warning")}
        try:
            gcode_requests.change(
                found,
                typed_of(names),
                seen_revision(),
                person(),
                typed["reason"],
                typed["over_warning"],
                request.form.get("seen", ""),
            )
        except RuleBroken as refusal:
            if isinstance(refusal, NotAllowed):
                raise
            likely = self._likely_of(refusal, found.area_code, found)
            return self._form(school, refusal, found=found, names=names, likely=likely), refusal.status
        flash(f"บันทึกคำขอเลขที่ {found.request_no} แล้ว", "success")
        return redirect(self.get_url(".details_view", id=str(found.id)), 303)

    def _form(self, school, refusal=None, *, names, found=None, likely=None, searched=False):
        posted = request.form if request.method == "POST" else None
        form = form_of(names, found, posted)
        if found is None and "requested_on" in form and not form["requested_on"].data:
            form["requested_on"].process_data(clock.today())
        errors = dict(refusal.errors[0]) if isinstance(refusal, Invalid) else {}
        for name in [name for name in errors if name in form._fields]:
            form[name].errors = [errors.pop(name)]
        grouped = formatters.form_groups(
            fields_in_groups(form, GCodeRequest), NEEDED, None, self.get_url(".places")
        )
        stale = isinstance(refusal, StaleRevision)
        return self.render(
            "gcode/gcode_form.html",
            form=form,
            form_groups=grouped,
            case=found,
            school=school,
            revision=found.revision if found else None,
            searching=names is SEARCHED,
            likely=likely,
            mark_of=mark_of,
            searched=searched,
            errors=errors,
            refusal=None if stale or isinstance(refusal, Invalid) else refusal,
            conflict=conflict_of(form, found) if stale else None,
            as_district=bool(found) and gcode.writes_as(found, current_user) == "district",
            typed={name: request.form.get(name, "") for name in ("reason", "over_warning")},
            schools=self._choices(school),
            back=self.get_url(".details_view", id=str(found.id)) if found else self.get_url(".index_view"),
        )

    def _choices(self, school):
        """[(code, name)] of the schools to choose from, where there are several."""
        codes = self.schools_to_ask(school.area_code)
        found = (
            School.objects(area_code=school.area_code, code__in=codes).only("code", "name")
            if len(codes) > 1
            else ()
        )
        return [(one.code, one.name) for one in found]

    @expose("/places/")
    def places(self):
        """Codes of a long list that match what is typed, for the form's typeahead."""
        field = editable().get(request.args.get("field", ""))
        if field is None or not field.codelist:
            raise OutOfScope("ไม่มีรายการนี้ให้ค้น")
        return jsonify(formatters.found_in_list(field, request.args.get("q", "")[:100]))


NEEDED = frozenset(name for name, field in editable().items() if field.need == "R")


def form_of(names, found, posted):
    """The form of these fields, filled from the request or from what was posted."""
    lists = sorted({field.codelist for field in editable().values() if field.codelist})
    versions = tuple((name, code_list(name).version) for name in lists)
    return form_class(GCodeRequest, tuple(names), versions)(posted, obj=found)


def typed_of(names):
    """{field: what was typed} of the posted fields that this person may write."""
    return {name: request.form[name][:LONGEST] for name in names if name in request.form}


def conflict_of(form, found):
    """What another saved meanwhile, field by field, for k.conflict_dialog."""
    fresh = form_of([name for name in editable() if name in form._fields], found, None)
    rows = [
        {
            "name": name, "label": field.verbose_name, "mine": _words(field, form[name].data),
            "theirs": fields.shown(field, getattr(found, name)), "mine_raw": form[name].data,
            "theirs_raw": fresh[name].data, "untouched": False,
        }
        for name, field in editable().items()
        if name in form._fields and (form[name].data or "") != (fresh[name].data or "")
    ]  # fmt: skip
    last = found.moves[-1] if found.moves else {}
    return {
        "by": last.get("by_name") if not rows else None,
        "when": None,
        "revision": found.revision,
        "gone": False,
        "fields": rows,
    }


def _words(field, typed):
    """What was typed, in words where it can be stored."""
    try:
        return fields.shown(field, fields.accept(field, typed))
    except ValueError:
        return str(typed)
