"""The form of a subsystem's record: its inputs, what is posted on its way through the door, and what stands beside it."""

from flask import abort, flash, g, jsonify, redirect, request, url_for
from flask_admin import expose
from flask_admin.babel import gettext
from flask_admin.helpers import get_form_data, get_redirect_target
from flask_login import current_user

from documents.collecting.rounds import find_round
from documents.collecting.submissions import find_submission, may_write
from documents.errors import Invalid, OutOfScope, RuleBroken, StaleRevision
from documents.people import access
from documents.records import listing
from documents.records.codelists import code_list
from documents.records.completeness import required_known
from documents.records.declarations import declaration
from documents.records.panels import panels_of
from documents.records.record import Place, declared
from documents.records.writing import Change, write
from views.pages import seen_revision
from views.records import formatters, found
from views.records.forms import fields_in_groups, form_class, posted_values, values_of


class FormMixin:
    """The part of RecordView behind the pages that add and edit a record."""

    @property
    def _fields(self):
        return declared(self.model)

    def form_names(self, school):
        """Names of the fields this person may see in the form of a school's record."""
        return tuple(access.open_fields(current_user, self._fields, self.round.area_code, school))

    def _form(self, school, obj=None):
        lists = sorted({field.codelist for field in self._fields.values() if field.codelist})
        year = self.round.academic_year
        versions = tuple((one.name, one.version, one.bounded and year) for one in map(code_list, lists))
        form = form_class(self.model, self.form_names(school), versions)(get_form_data(), obj=obj)
        form.school = self.round.area_code, school
        if obj is not None and not request.form:
            form.revision.data = obj.revision
        return form

    def create_form(self, obj=None):
        """An empty form; what a person may not see is not in it."""
        return self._form(self.school)

    def edit_form(self, obj=None):
        """The form of a record."""
        return self._form(obj.school_code, obj)

    def validate_form(self, form):
        """A submitted form whose every input can be read; else 422 with the sentences."""
        if request.method != "POST":
            return False
        if form.validate():
            return True
        g.status = 422
        return False

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self):
        """The form of a new record; without a right to add one, the reason why."""
        if self.school and self.round is not None:
            self._let_the_door_answer(self.round.area_code, self.school)
        if not self.can_create:
            flash(g.get("refusal") or "กรุณาเลือกโรงเรียนก่อนเพิ่มรายการ", "error")
            return redirect(get_redirect_target() or self.get_url(".index_view"))
        return super().create_view()

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self):
        """The form of a record; a locked or foreign one is shown or refused instead."""
        if request.method == "POST" and self._saved_as_posted(request.args.get("id")):
            flash(gettext("Record was successfully saved."), "success")
            return redirect(get_redirect_target() or self.get_url(".index_view"))
        record = self.get_one(request.args.get("id"))
        if record is None:
            abort(404)
        round_ = find_round(record.area_code, self.model.subsystem, record.academic_year, record.round)
        self.look_in(round_)
        if request.method == "GET":
            try:
                may_write(find_submission(self.model.subsystem, record.place), round_, current_user)
            except OutOfScope as refusal:
                flash(refusal.message, "warning")
                return redirect(self.get_url(".details_view", id=record.id))
            except RuleBroken:  # the page of details says it
                return redirect(self.get_url(".details_view", id=record.id))
            self.note_look(record, "form", full=True)
        self._let_the_door_answer(record.area_code, record.school_code)
        g.edited = record
        return super().edit_view()

    def _saved_as_posted(self, id_):
        """Whether a posted form was stored straight from its values; where not, its inputs are made and shown again.

        Each value is read by `fields.accept`, which is what the inputs ask, too, and goes through the same door. What
        the door refuses is kept for `_through_the_door`, so that it is refused, and noted, once.
        """
        onward = {"_add_another", "_continue_editing"} & request.form.keys()
        plain = listing.one_of(self.model, current_user, id_) if g.get("csrf_valid") and not onward else None
        if plain is None or access.writes_as(current_user, plain["area_code"], plain["school_code"]) is None:
            return False
        known = declared(declaration(self.document, plain["area_code"], plain["academic_year"]))
        open_ones = access.open_fields(current_user, known, plain["area_code"], plain["school_code"])
        values = posted_values(open_ones, plain)
        if values is None:
            return False
        place = Place.of(plain)
        change = Change(self.model, place, values, id=plain["_id"], revision=seen_revision(), read=plain)
        try:
            write([change], current_user._get_current_object(), request.form.get("reason"), via="form")
        except RuleBroken as refusal:
            g.refused_by_the_door = refusal
            return False
        return True

    def _let_the_door_answer(self, area_code, school):
        """A form sent too late by one who writes here is refused by the door, so that what he typed stays."""
        g.tried = request.method == "POST" and access.writes_as(current_user, area_code, school) is not None

    def create_model(self, form):
        """Store a new record through the door, in the school the page is about; never one the form names."""
        if not self.school:
            raise Invalid({0: {"school": "กรุณาเลือกโรงเรียนก่อนเพิ่มรายการ"}})
        change = Change(self.model, self._place(self.school), values_of(form, self.model))
        written = self._through_the_door(form, change)
        return written and self.get_one(written.id)

    def update_model(self, form, model):
        """Store an edited record through the door, where its revision is the one the person saw.

        Never the form's own field: without a posted revision it would hold the stored one.
        """
        change = Change(
            self.model,
            model.place,
            values_of(form, self.model),
            id=model.id,
            revision=seen_revision(),
        )
        return self._through_the_door(form, change)

    def _through_the_door(self, form, change):
        """Write one change; a refusal stands beside its field or on top, and the form keeps what was typed."""
        actor = current_user._get_current_object()
        try:
            if refusal := g.pop("refused_by_the_door", None):
                raise refusal
            if change.id is None:
                self.before_adding(change, actor, form.reason.data)
            return write([change], actor, form.reason.data, via="form")[0]
        except StaleRevision as stale:
            g.conflict = formatters.conflict(stale.conflicts[0])
            g.status = stale.status
        except Invalid as invalid:
            g.status = invalid.status
            self._show_beside(form, invalid.errors[0])
        except RuleBroken as refusal:
            g.status = refusal.status
            form.form_errors.append(refusal.message)
        return False

    def _show_beside(self, form, errors):
        for name, sentence in errors.items():
            if name in form._fields:
                form[name].errors = [*form[name].errors, sentence]
            else:
                form.form_errors.append(sentence)

    def before_adding(self, change, actor, reason):
        """What a person is to know before a new record is stored; a subsystem with something to say overrides it."""

    def grouped(self, form):
        """The form's inputs under their headings, for the template of the form."""
        required = required_known(self.model, self.round.area_code, self.round.academic_year)
        return formatters.form_groups(
            fields_in_groups(form, self.model),
            required,
            g.get("edited"),
            url_for(f"{self.endpoint}.places"),
            self.found,
            self.model,
        )

    @expose("/places/")
    def places(self):
        """Codes of a long list that match what is typed: [{code, label, parents}], 20 at most."""
        field = self._fields.get(request.args.get("field", ""))
        if field is None or not field.codelist:
            abort(404)
        return jsonify(formatters.found_in_list(field, request.args.get("q", "")[:100]))

    @property
    def _opened_at(self):
        """The place of the record that is open, or of the one that would be added."""
        opened = g.get("edited")
        return opened.place if opened else self._place(self.school)

    @property
    def school_name(self):
        """Whose record the form is about."""
        submission = self._submission_of(self._opened_at.school_code)
        return submission.school_name if submission else self._opened_at.school_code

    @property
    def panels(self):
        """What other subsystems know of the school whose record is open."""
        return panels_of(self.model, self._opened_at) if self.model.panels else []

    @property
    def found(self):
        """What the checks say of the record that is open; nothing of a new one."""
        if "found" not in g:
            g.found = found.beside_fields(g.edited) if "edited" in g else []
        return g.found

    @property
    def found_href(self):
        """Where a reason for what is found of the open record is written."""
        return (
            url_for("findings.index", school=g.edited.school_code, record=g.edited.id) if self.found else None
        )
