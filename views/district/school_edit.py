"""Changing a school's profile: one form, of which each person gets the part that is his to keep."""

import re

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_login import current_user

from documents.district.land import MOST
from documents.district.school_profile import SHUT, edit_school, in_words, keeps, open_names
from documents.district.schools import DISTRICT, STATUSES, Parcel, School, get_school
from documents.errors import Invalid, NotAllowed, RuleBroken, StaleRevision, WrongState
from documents.formats import thai
from documents.people.access import visible_schools
from documents.records.codelists import code_list
from documents.records.pictures import fields_of
from documents.records.record import declared
from views.bobec.pictures import OUT, taken_in
from views.pages import seen_revision
from views.records.forms import form_class

PARCELS = tuple(declared(Parcel))
ROW = re.compile(r"land-(\d{1,3})-([a-z]+)")


class SchoolEdit:
    """The part of the view of schools behind the form of one."""

    @expose("/edit/", methods=["GET", "POST"])
    def edit_view(self):
        """The form of a school; what was typed stays when it cannot be stored."""
        school = get_school(visible_schools(current_user), request.values.get("id"))
        names = open_names(current_user, school)
        if keeps(current_user, school) is None:
            raise NotAllowed("เฉพาะโรงเรียนนี้ เจ้าหน้าที่เขต หรือผู้ดูแลระบบเท่านั้นที่แก้ข้อมูลโรงเรียนได้")
        if not names:
            raise WrongState(SHUT.format(word=STATUSES[school.status]))
        if request.method == "GET":
            return self._form(school, names)
        reason = thai.clean(request.form.get("reason"))[:500]
        taken = {}
        try:
            taken = taken_pictures(school, names)
            edit_school(
                school,
                typed() | taken,
                seen_revision(),
                current_user._get_current_object(),
                reason or None,
                typed_parcels(),
            )
        except RuleBroken as refusal:
            return self._form(school, names, refusal, taken), refusal.status
        flash(f"บันทึกข้อมูล{school.name}แล้ว", "success")
        return redirect(url_for(".details_view", id=str(school.id)), 303)

    def _form(self, school, names, refusal=None, taken=()):
        posted = request.form if request.method == "POST" else None
        form = form_of(school, names, posted)
        for name in taken:  # stored already: a refusal of something else does not lose it
            form[name].data = taken[name]
        errors = next(iter(getattr(refusal, "errors", {}).values()), {})
        for name, sentence in errors.items():
            if name in form._fields:
                form[name].errors = [sentence]
        stale = isinstance(refusal, StaleRevision)
        return self.render(
            "district/school_edit.html",
            school=school,
            form=form,
            groups=groups_of(form),
            hints={"cluster": "clusters"},
            clusters=clusters_of(school.area_code),
            of_district=keeps(current_user, school) == DISTRICT,
            errors=errors,
            refusal=refusal,
            theirs=differing(school, form) if stale else {},
            stored_land=in_words("land", school.land) if stale else None,
            parcels=parcels_of(school, posted),
            tenures=code_list("LAND_TENURE").choices,
            papers=code_list("LAND_DOC").choices,
            most_parcels=MOST,
            revision=school.revision,
            takes_pictures=True,
        )


def form_of(school, names, posted=None):
    """The form of the fields a person may change, filled from the school or from what was posted."""
    lists = sorted({field.codelist for field in declared(School).values() if field.codelist})
    versions = tuple((name, code_list(name).version) for name in lists)
    form = form_class(School, tuple(name for name in names if name != "land"), versions)(posted, obj=school)
    for name, field in declared(School).items():
        if name not in form._fields:
            continue
        dress = dict(form[name].render_kw or {})
        if field.unit:
            dress["data-unit"] = field.unit
        if getattr(field, "digits", None):
            dress |= {"data-kind": "digits", "inputmode": "numeric"}
        if getattr(field, "width", None):
            dress["data-width"] = field.width
        if field.need == "R":
            dress["data-need"] = "R"
        if form[name].type == "FoundField":
            dress |= {"data-typeahead": url_for(".places_view"), "data-text": in_words(name, form[name].data)}
        form[name].render_kw = dress
    return form


def groups_of(form):
    """[(heading, [input])] in declared order, of the inputs there are."""
    groups = {heading: [] for heading in School.groups}
    for name, field in declared(School).items():
        if name in form._fields:
            groups[field.group].append(form[name])
    return [(heading, inputs) for heading, inputs in groups.items() if inputs]


def clusters_of(area_code):
    """The names of clusters known in an area, in Thai order."""
    known = School.objects(area_code=area_code).distinct("cluster")
    return sorted(filter(None, known), key=thai.sort_key)


def typed():
    """{field: what was typed, a list of codes where several may be ticked} of the fields that were posted."""
    found = {}
    for name, field in declared(School).items():
        if field.kind == "choices" and f"{name}-shown" in request.form:
            found[name] = request.form.getlist(name)
        elif field.kind not in ("choices", "picture") and name in request.form:
            found[name] = request.form[name]
    return found


def taken_pictures(school, names):
    """{field: id of the picture, "" where it is taken out}; a file that came is stored. Raises Invalid by field."""
    found = {}
    for name in fields_of(School):
        if name not in names or not (request.form.getlist(name) or request.files.get(name)):
            continue
        posted, upload = request.form.getlist(name), request.files.get(name)
        if upload is None or not upload.filename:
            found[name] = "" if OUT in posted else posted[-1]
            continue
        try:
            found[name] = taken_in(upload, current_user, school.area_code, school.code)
        except Invalid as refused:
            raise Invalid({0: {name: refused.errors[0]["picture"]}}) from refused
    return found


def typed_parcels():
    """The rows of the table of parcels as they were posted, in the table's order; None where it was not on the page."""
    if "land-shown" not in request.form:
        return None
    rows = {}
    for name, text in request.form.items():
        found = ROW.fullmatch(name)
        if found and found[2] in PARCELS and int(found[1]) <= MOST:
            rows.setdefault(int(found[1]), {})[found[2]] = text
    return [rows.get(number, {}) for number in range(max(rows, default=-1) + 1)]


def parcels_of(school, posted):
    """The rows of the form's table: as posted, else as stored, and an empty one behind them."""
    if posted and "land-shown" in posted:
        rows = [{name: row.get(name, "") for name in PARCELS} for row in typed_parcels()]
    else:
        rows = [{name: _shown(parcel.get(name)) for name in PARCELS} for parcel in school.land]
    return rows if rows and not any(rows[-1].values()) else [*rows, dict.fromkeys(PARCELS, "")]


def _shown(value):
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def differing(school, form):
    """{name: stored words} of the fields whose stored value is not what stands in the form."""
    fresh = form_of(school, [name for name in declared(School) if name in form._fields])
    return {
        name: in_words(name, getattr(school, name))
        for name in declared(School)
        if name in form._fields and form[name].data != fresh[name].data
    }
