"""Forms of yearly records, read off the declaration by Flask-Admin's own converter.

Every input hands on what was typed as it was typed; `fields.accept` says whether it can be stored, here as in
an import or a script, so that a rule has one home.
"""

from functools import lru_cache

from flask import request
from flask_admin.contrib.mongoengine.form import CustomModelConverter, get_form
from flask_login import current_user
from wtforms import Field, HiddenField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from documents.errors import Invalid
from documents.formats import thai
from documents.people import access
from documents.records import attachments, fields
from documents.records.codelists import code_list
from documents.records.record import declared
from views.bobec.pictures import OUT, taken_in
from views.pages import SecureForm
from views.records.filters import LONG_LIST


class Accepted:
    """The validator of every input: what `fields.accept` makes of it, or its sentence beside the field."""

    def __init__(self, field):
        self.declared = field

    def __call__(self, form, field):
        try:
            field.accepted = fields.accept(self.declared, _read(self.declared, field.data))
        except ValueError as error:
            field.accepted = None
            raise StopValidation(str(error)) from error


def _read(field, typed):
    return fields.from_typed(field, typed) if isinstance(typed, str) else typed


AGAIN = "_again"  # ends the name of the input in which a number stands a second time
NOT_ALIKE = "เลขที่พิมพ์สองครั้งไม่ตรงกัน กรุณาตรวจกับเอกสารแล้วพิมพ์ใหม่ทั้งสองช่อง"


class TypedTwice:
    """The validator of that second input: a number that is new says the same in both, however it is written."""

    def __call__(self, form, field):
        first = form[field.name.removesuffix(AGAIN)]
        if not alike(field.declared, first.accepted, first.object_data, field.data):
            raise StopValidation(NOT_ALIKE)


def alike(field, number, stored, again):
    """Whether a number of a `field`, as accepted, needs no second look: stored already, or twice where it stands twice.

    Who leaves the second input blank is not held up: a script, or a number that was read off a card.
    """
    if number is None or number == stored or not thai.clean(again or ""):
        return True
    try:
        return fields.accept(field, again) == number
    except ValueError:
        return False


class TypedField(StringField):
    """A line that shows a stored value as officers write it and keeps what was typed."""

    def __init__(self, *args, declared=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.declared = declared

    def process_data(self, value):
        """Show a stored value; numbers without separators, dates in B.E."""
        self.data = fields.as_typed(self.declared, value)


class PickedField(SelectField):
    """One of a list, with a blank first, so that nothing is chosen unasked."""

    def __init__(self, *args, declared=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.declared = declared

    def process_data(self, value):
        """Show a stored code also where it is no longer offered: it may stay."""
        super().process_data(value)
        self.choices = [*self.choices, *_kept(self, [value])]

    def pre_validate(self, form):
        """The list itself is checked by `fields.accept`, with its own sentence."""


class TickedField(SelectMultipleField):
    """Several of a list, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, *args, declared=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.declared = declared

    def process_data(self, value):
        """As in PickedField."""
        super().process_data(value)
        self.choices = [*self.choices, *_kept(self, value or ())]

    def pre_validate(self, form):
        """As in PickedField."""


class FoundField(StringField):
    """A code of a list too long to pick from: typed and found; the code is posted, the words are shown."""

    def __init__(self, *args, declared=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.declared = declared

    @property
    def words(self):
        """What the code stands for."""
        return code_list(self.declared.codelist).label(self.data) if self.data else ""


class PictureField(Field):
    """A picture of the school: its id, posted back; a file that came with the form takes its place.

    The file is stored at once, so that a form that is refused for something else has not lost it. `form.school` says
    where: (area code, school code).
    """

    widget = TextInput()

    def __init__(self, *args, declared=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.declared = declared
        self.upload = None

    def process_formdata(self, valuelist):
        """Take the id and the file, which come under one name; OUT says that the picture is taken out."""
        typed = [value for value in valuelist if isinstance(value, str)]
        self.upload = next((value for value in valuelist if getattr(value, "filename", None)), None)
        self.data = "" if OUT in typed else typed[-1] if typed else self.data

    def pre_validate(self, form):
        """Store the file that came; its refusal stands beside the field, and the picture there was stays."""
        if self.upload is None:
            return
        try:
            self.data = taken_in(self.upload, current_user, *form.school)
        except Invalid as refused:
            raise StopValidation(refused.errors[0]["picture"]) from refused


class AttachmentField(PictureField):
    """A file of the school: as a picture, but a PDF or a picture that is kept as a file."""

    def pre_validate(self, form):
        """Store the file that came; its refusal stands beside the field, and the file there was stays."""
        if self.upload is None:
            return
        area_code, school_code = form.school
        if not school_code or access.writes_as(current_user, area_code, school_code) is None:
            raise StopValidation("กรุณาเลือกโรงเรียนก่อนแนบไฟล์")
        try:
            self.data = attachments.store(self.upload.stream, area_code, school_code)
        except Invalid as refused:
            raise StopValidation(refused.errors[0]["evidence"]) from refused


class RecordConverter(CustomModelConverter):
    """From a declared field to its input; a subsystem's fields are plain MongoEngine fields with a `kind`."""

    def convert(self, model, field, field_args):
        """The WTForms field of a declared field, None for the server's own."""
        kind = getattr(field, "kind", None)
        if kind is None:
            return None
        options = {
            "label": field.verbose_name,
            "description": field.help or "",
            "validators": [Accepted(field)],
            "declared": field,
        }
        return getattr(self, f"of_{kind}", self.of_text)(field, options)

    def of_text(self, field, options):
        """A line, or an area for a long text."""
        if fields.keeps_lines(field):
            options.pop("declared")
            return TextAreaField(**options, render_kw={"maxlength": field.max_length, "rows": 4})
        kind = "measure" if getattr(field, "scale", 1) != 1 else field.kind
        hints = {"count": "numeric", "measure": "decimal", "date": "numeric"}
        render = {"inputmode": hints[kind], "data-kind": kind} if kind in hints else {}
        if field.kind == "text":
            render["maxlength"] = field.max_length + 20  # blanks and hyphens are taken off afterwards
        return TypedField(**options, render_kw=render | {"autocomplete": "off"})

    def of_choice(self, field, options):
        """A drop-down with a blank, or a search for a long list."""
        pairs = code_list(field.codelist).choices
        if len(pairs) > LONG_LIST:
            return FoundField(**options, render_kw={"autocomplete": "off"})
        if not field.parent:
            return PickedField(**options, choices=_to_pick([("", "— เลือก —"), *pairs]))
        under = code_list(field.codelist).parent  # form.js shows what lies under the parent's value alone
        choices = [SelectChoice(code, label, {"data-under": under(code) or ""}) for code, label in pairs]
        options["render_kw"] = {"data-parent": field.parent}
        return PickedField(**options, choices=[*_to_pick([("", "— เลือก —")]), *choices])

    def of_picture(self, field, options):
        """A photograph to take or choose."""
        return PictureField(**options)

    def of_file(self, field, options):
        """A PDF or a picture to choose."""
        return AttachmentField(**options)

    def of_choices(self, field, options):
        """Boxes to tick."""
        return TickedField(**options, choices=_to_pick(code_list(field.codelist).choices))

    def of_flag(self, field, options):
        """Yes, no, or not answered."""
        answers = _to_pick([("", "— เลือก —"), ("1", "ใช่"), ("0", "ไม่ใช่")])
        return PickedField(**options, choices=answers, coerce=_as_flag)


def _kept(input_, codes):
    """The choices for stored codes that the year does not offer."""
    listed = getattr(input_.declared, "codelist", None)
    offered = {choice.value for choice in input_.choices}
    gone = [code for code in codes if listed and code and code not in offered]
    return _to_pick([(code, f"{code_list(listed).label(code)} (เลิกใช้แล้ว)") for code in gone])


def _to_pick(pairs):
    return [SelectChoice(code, label) for code, label in pairs]


def _as_flag(value):
    return (
        {True: "1", False: "0", None: ""}.get(value, value) if isinstance(value, bool | None) else str(value)
    )


@lru_cache(maxsize=64)
def form_class(document, names, list_versions):
    """The form of a document for these field names; `list_versions` makes a changed code list a new form."""
    bare = get_form(document, RecordConverter(None), base_class=SecureForm, only=list(names))
    more = {"revision": HiddenField(), "reason": StringField("เหตุผลที่เขตแก้ไขแทนโรงเรียน")}
    for name, field in declared(document).items():
        if name in names and field.twice:
            more[name + AGAIN] = TypedField(
                label=f"{field.verbose_name} (อีกครั้ง)",
                description="ใส่หรือแก้เลข ให้พิมพ์จากเอกสารอีกครั้ง ระบบเทียบว่าตรงกัน",
                validators=[TypedTwice()],
                declared=field,
                render_kw={"autocomplete": "off", "maxlength": field.max_length + 20},
            )
    return type(f"{document.__name__}Form", (bare,), more)


def values_of(form, document):
    """{field name: plain value} of what was typed in a validated form, for the fields it holds."""
    return {name: form[name].accepted for name in declared(document) if name in form._fields}


def posted_values(known, stored):
    """`values_of` a posted whole form of these {name: field} without its inputs; None where they must be asked.

    That is when an input that would show a value of the `stored` dict is not posted, or holds what cannot be stored.
    """
    typed, values = request.form, {}
    if any(file.filename for file in request.files.values()):
        return None
    try:
        for name, field in known.items():
            if field.kind == "choices":
                values[name] = fields.accept(field, typed.getlist(name))
            elif field.kind in ("picture", "file") and OUT in typed.getlist(name):
                values[name] = None
            elif name in typed:
                values[name] = fields.accept(field, _read(field, typed[name]))
                if not alike(field, values[name], stored.get(name), typed.get(name + AGAIN)):
                    return None
            elif stored.get(name) is not None:
                return None
    except ValueError:
        return None
    return values


def fields_in_groups(form, document):
    """The form's inputs under the declaration's headings: [(heading, [(field, declared), ...])]."""
    groups = {heading: [] for heading in document.groups}
    for name, field in declared(document).items():
        if name in form._fields:
            rows = groups.setdefault(field.group or "ข้อมูลทั่วไป", [])
            rows.append((form[name], field))
            if name + AGAIN in form._fields:
                rows.append((form[name + AGAIN], field))
    return [(heading, rows) for heading, rows in groups.items() if rows]
