"""The editor of the fields that an admin adds: new, changed, stopped, put in another place; with the input as it will be."""

from functools import partial

from flask import abort, flash, g, make_response, redirect, request, url_for
from flask_admin import expose

from documents.background.jobs import ask
from documents.district.schools import School
from documents.errors import Invalid, RuleBroken
from documents.formats import thai
from documents.records import fields
from documents.records.codelists import code_list
from documents.records.completeness import open_from
from documents.records.declarations import definitions_of
from documents.records.defining import (
    CHANGEABLE,
    define,
    get_definition,
    lists_of,
    move,
    redefine,
    stop,
)
from documents.records.field_definitions import GROUP, KINDS, LAST_YEAR, LISTED, QUESTIONS, FieldDefinition
from documents.records.kinds import survey_of
from documents.records.made_incomplete import incomplete_by
from documents.records.record import declared
from documents.trail import history
from views import here
from views.here import person
from views.pages import SecureForm, seen_revision
from views.records.forms import RecordConverter
from views.trail import telling

NEW = {
    "kind": "number",
    "personal": "internal",
    "in_grid": "1",
    "filterable": "1",
    "in_export": "1",
}
LONGEST_REASON = 500
MOST_EVENTS = 20
MOST_TYPED = 20_000
SCHOOLS_NAMED = 8  # of those that become incomplete


class FieldEditorMixin:
    """The part of the page of fields behind what an admin adds himself."""

    @expose("/new/", methods=("GET", "POST"))
    def new(self):
        """The editor of a new field of one subsystem, from one year on."""
        place = self.asked_place()
        if request.method == "GET":
            return self._editor(
                place, NEW | {"first_year": str(place.year), "group": usual_group(place.document)}
            )
        typed = typed_values()
        try:
            self._warn(place, typed, None)
            made = define(
                place.area_code, place.document.slug, typed, person(), typed_reason(), self._later(place)
            )
        except (Invalid, Warned) as refusal:
            return self._editor(place, typed, refusal)
        flash(
            f"เพิ่มช่อง “{made.label}” แล้ว ใช้ได้ทันทีในแบบฟอร์ม ตาราง ตัวกรอง และไฟล์ ตั้งแต่ปีการศึกษา {made.first_year}",
            "success",
        )
        if "more" in request.form:
            return redirect(url_for(".new", **place.args), 303)
        return self._back(made)

    @expose("/edit/", methods=("GET", "POST"))
    def edit(self):
        """The editor of a field that was added; its key and kind stay."""
        definition = asked_definition(request.values.get("id"))
        place = self.place_of(definition)
        if request.method == "GET":
            typed = typed_of(definition) | {"required": as_typed(definition.name in place.required)}
            return self._editor(place, typed, definition=definition)
        typed = typed_values()
        try:
            self._warn(place, typed, definition)
            redefine(definition, typed, person(), seen_revision(), typed_reason(), self._later(place))
        except (RuleBroken, Warned) as refusal:
            return self._editor(place, typed, refusal, definition)
        flash(f"บันทึกช่อง “{typed['label']}” แล้ว", "success")
        return self._back(definition)

    @expose("/stop/", methods=("POST",))
    def stop(self):
        """Use a field until a year and no longer, or go on with it; what it holds stays either way."""
        definition = asked_definition(request.form.get("id"))
        typed = request.form.get("last_year")
        last = thai.whole(typed, LAST_YEAR)
        try:
            if typed and last is None:
                raise Invalid({0: {"last_year": "กรุณาเลือกปีการศึกษาสุดท้ายจากรายการ"}})
            stop(
                definition,
                last,
                person(),
                seen_revision(),
                typed_reason(),
                self._later(self.place_of(definition)),
            )
        except RuleBroken as refusal:
            flash(refusal.message, "error")
            return self._back(definition)
        said = f"เลิกใช้ช่อง “{definition.label}” ตั้งแต่ปีการศึกษา {last + 1} แล้ว ข้อมูลเดิมยังอยู่ครบ" if last else None
        flash(said or f"ใช้ช่อง “{definition.label}” ต่อแล้ว", "success")
        return self._back(definition)

    @expose("/move/", methods=("POST",))
    def move(self):
        """Let a field change places with its neighbour."""
        definition = asked_definition(request.form.get("id"))
        move(definition, -1 if request.form.get("step") == "up" else 1, person())
        return redirect(url_for(".index", **self.place_of(definition).args, _anchor="added"), 303)

    @expose("/preview/", methods=("POST",))
    def preview(self):
        """The input of a field as it is typed now, a piece of the editor."""
        return self.render("records/field_preview.html", **preview_of(typed_values()))

    def _editor(self, place, typed, refusal=None, definition=None):
        page = self.render(
            "records/field_edit.html",
            place=place,
            typed=typed,
            errors=refusal.errors[0] if isinstance(refusal, Invalid) else {},
            refusal=refusal,
            warned=isinstance(refusal, Warned),
            definition=definition,
            survey=survey_of(place.document.slug),
            kinds=KINDS,
            lists=lists_of(place.area_code),
            groups=groups_to_choose(place.document),
            years=sorted({*self.years_of(place.area_code), first_year_of(typed, place)}),
            events=events_of(definition) if definition else [],
            **preview_of(typed),
        )
        return make_response(page, getattr(refusal, "status", 200) if refusal else 200)

    def _warn(self, place, typed, definition):
        """Say once who becomes incomplete by a field that must be filled; said, it is up to the person."""
        name = definition.name if definition else f"x_{typed['key']}"
        if not typed.get("required") or request.form.get("warned"):
            return
        first = first_year_of(typed, place)
        warn(place, first, [name])

    def _later(self, place):
        """How open submissions are counted anew: by a job."""

        return partial(counted_anew, place)

    def _back(self, definition):
        if survey := survey_of(definition.document):
            return redirect(url_for("surveys.edit", id=survey.id), 303)
        return redirect(url_for(".index", **self.place_of(definition).args, _anchor="added"), 303)


def counted_anew(place, subsystem, area_code, year):
    """The job that counts anew what is open from a year on; None where nothing is."""
    if not open_from(subsystem, area_code, year).first():
        return None
    asked = {"subsystem": subsystem, "academic_year": year}
    title = f"นับความครบถ้วนใหม่ {place.document.label} ตั้งแต่ปี {year}"
    return ask(
        "recount",
        person(),
        area_code,
        title=title,
        arguments=asked,
        href=url_for("fields.index", **place.args),
    )


class Warned(Exception):
    """Fields that must be filled leave records incomplete: the person is to say that he means it."""

    status = 422

    def __init__(self, lacking, names):
        self.lacking, many = lacking, len(lacking.schools)
        more = f" และอีก {many - len(names):,} โรงเรียน" if many > len(names) else ""
        self.message = (
            f"ถ้าบังคับกรอก จะมี {lacking.records:,} รายการ ของ {many:,} โรงเรียน ที่กลายเป็นกรอกไม่ครบทันที "
            f"และยืนยันข้อมูลไม่ได้จนกว่าจะกรอก: {', '.join(names)}{more}"
        )
        super().__init__(self.message)


def warn(place, first_year, names):
    """Raise Warned, with the first schools by name, where records lack what must be filled from a year on."""
    lacking = incomplete_by(place.area_code, place.document, first_year, *names)
    if lacking.records:
        some = School.objects(area_code=place.area_code, code__in=lacking.schools[:SCHOOLS_NAMED])
        raise Warned(lacking, list(some.order_by("code").scalar("name")))


def asked_definition(id_):
    """The FieldDefinition that a form names; 404 for one this admin does not have."""
    try:
        found = get_definition(person(), id_)
    except RuleBroken:
        g.refused = "unknown", None
        abort(404)
    here.look_in(found.area_code)
    return found


def typed_values():
    """{name: what was typed} in the editor; boxes without a tick are ''."""
    return {name: request.form.get(name, "")[:MOST_TYPED] for name in ("key", "kind", "options", *CHANGEABLE)}


def typed_reason():
    """The reason that was typed, None for nothing."""
    return thai.clean(request.form.get("reason"))[:LONGEST_REASON] or None


def typed_of(definition):
    """{name: text} of a stored definition as the editor shows it."""
    typed = {name: definition[name] for name in ("key", "kind", *CHANGEABLE)}
    return {name: as_typed(value) for name, value in typed.items()}


def as_typed(value):
    """A plain value as an input holds it: numbers without needless decimals, a tick as '1'."""
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value).removesuffix(".0")


def groups_to_choose(document):
    """The headings of the form that a field may stand under."""
    found = {field.group for field in declared(document).values() if field.group}
    return [*dict.fromkeys([*document.groups, *sorted(found), usual_group(document)])]


def usual_group(document):
    """The heading that a new field stands under."""
    return QUESTIONS if document.needs_added else GROUP


def preview_of(typed):
    """{"preview": the input, "must": whether it must be filled} of what is typed now; None where it is not enough yet."""
    try:
        field = drafted(typed).field()
    except (ValueError, KeyError):
        return {"preview": None, "must": False}
    if field.kind in LISTED and not _is_list(field.codelist):
        return {"preview": None, "must": False}
    unbound = RecordConverter(None).convert(FieldDefinition, field, {})
    form = type("Preview", (SecureForm,), {"preview": unbound})()
    if field.unit:
        form.preview.render_kw = (form.preview.render_kw or {}) | {"data-unit": field.unit}
    return {"preview": form.preview, "must": field.need == "R"}


def first_year_of(typed, place):
    """The year from which a field is used as it was typed, else the year that is looked at."""
    return thai.whole(typed.get("first_year"), LAST_YEAR) or place.year


def drafted(typed):
    """An unsaved FieldDefinition of what is typed, wrong numbers left out. Raises ValueError for no known kind."""
    if typed.get("kind") not in KINDS:
        raise ValueError(typed.get("kind"))
    numbers = {name: float(typed[name]) for name in ("low", "high") if _is_number(typed.get(name))}
    whole = {name: thai.whole(typed.get(name), most) for name, most in (("decimals", 6), ("longest", 4000))}
    return FieldDefinition(
        key="preview",
        document="preview",
        kind=typed["kind"],
        label=thai.clean(typed.get("label")) or "ชื่อช่อง",
        unit=thai.clean(typed.get("unit")) or None,
        help=thai.clean(typed.get("help")) or None,
        required=bool(typed.get("required")),
        personal=typed.get("personal") or fields.INTERNAL,
        codelist=typed.get("codelist"),
        **numbers,
        **{name: value for name, value in whole.items() if value is not None},
    )


def _is_list(name):
    try:
        return bool(name and code_list(name))
    except KeyError:
        return False


def _is_number(text):
    try:
        return abs(float(text)) < 1e12
    except (TypeError, ValueError):
        return False


def added_to(place):
    """The fields added to a place's document as its page lists them: [{definition, here, must, kind, first, last}]."""
    rows = definitions_of(place.document, place.area_code)
    return [
        {
            "definition": each,
            "here": each.holds_in(place.year),
            "must": each.name in place.required,
            "kind": KINDS[each.kind],
            "first": number == 0,
            "last": number == len(rows) - 1,
        }
        for number, each in enumerate(rows)
    ]


def events_of(definition):
    """The history of one added field, for the timeline, newest first."""
    rows = history.events_of(definition.area_code, definition.id, MOST_EVENTS).as_pymongo()
    return [
        event | {"title": event["action"]}
        for event in telling.events(list(rows), person(), sensitive=False, whole=True)
    ]
