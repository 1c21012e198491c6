"""One view serves every subsystem: grid, form, details, history and bulk actions, read off its document.

It stands on Flask-Admin's ModelView. What Flask-Admin works out once at start (columns, form, filters) is
asked of the declaration at each request here, since people, years and settings differ.
"""

from io import BytesIO

from bson import ObjectId
from flask import (
    abort,
    flash,
    g,
    has_request_context,
    make_response,
    request,
    send_file,
    url_for,
)
from flask_admin import expose
from flask_admin.contrib.mongoengine import ModelView
from flask_admin.helpers import get_redirect_target
from flask_login import current_user
from gridfs import NoFile

from documents.collecting.rounds import find_round
from documents.collecting.submissions import find_submission, may_write
from documents.errors import OutOfScope, RuleBroken
from documents.people import access
from documents.records import attachments, listing
from documents.records.codes import ask_year
from documents.records.declarations import declaration
from documents.records.export_layouts import layouts_by, layouts_of
from documents.records.pictures import fields_of
from documents.records.record import Place, declared
from documents.records.writing import Change, remove
from exports.collecting.summaries import summary_of
from exports.workbooks.grid_files import PARTS
from exports.workbooks.workbook import file_name
from views import here
from views.pages import Page, SecureForm, seen_revision
from views.records import formatters
from views.records.exporting import has_numbers
from views.records.files_out import ONE, SCOPE, hands_out
from views.records.filters import MOST_FILTERS
from views.records.importing import ImportMixin
from views.records.record_actions import COMES_BACK, ActionsMixin
from views.records.record_cells import CellsMixin
from views.records.record_columns import ColumnsMixin
from views.records.record_filters import FiltersMixin
from views.records.record_form import FormMixin
from views.records.record_grid import LAYOUTS, GridMixin
from views.records.record_links import LinksMixin
from views.records.record_sheet import SheetMixin
from views.records.removals import RemovalsMixin
from views.records.revealing import RevealMixin
from views.records.searching import SearchMixin

UNREVIEWED = {"reviewed": False}  # records carried over that nobody has looked over yet
BY_DISTRICT = {"by_district.at": {"$exists": True}}  # records whose present version the district wrote
READERS = ("school", "director", "district", "approver")


class RecordView(
    GridMixin,
    ColumnsMixin,
    FiltersMixin,
    LinksMixin,
    FormMixin,
    CellsMixin,
    ActionsMixin,
    ImportMixin,
    RemovalsMixin,
    SheetMixin,
    RevealMixin,
    SearchMixin,
    Page,
    ModelView,
):
    """Grid, form, filters, history and files of one subsystem's document."""

    roles = READERS
    form_base_class = SecureForm
    list_template = "records/records.html"
    edit_template = "records/record_edit.html"
    create_template = "khet/record_create.html"
    details_template = "khet/record_details.html"
    export_types = ("xlsx", "csv")
    can_view_details = True
    can_export = True
    column_display_actions = True
    page_size = listing.PAGE_SIZE
    action_disallowed_list = ()

    # Routes of Flask-Admin's that would walk past the scope: a file or a record by its bare id. Without `expose`
    # they are not registered at all.
    ajax_lookup = api_file_view = None

    def __init__(self, document, url=None):
        self.document = document
        super().__init__(
            document, name=document.label, endpoint=document.slug, url=url or f"/admin/{document.slug}"
        )

    def _refresh_cache(self):
        """Flask-Admin would ask the database for lists here, once, before anyone is signed in."""
        self._form_create_rules = self._form_edit_rules = None
        self._form_ajax_refs = {}
        self._search_supported = bool(self.model.search)
        self._form_subdocuments = {}
        self.column_editable_list = self.model.cells
        self._delete_form_class = self.get_delete_form()
        self._action_form_class = self.get_action_form()

    # ---- where and who ----

    @property
    def model(self):
        """The document as the area declares it for the year of the round that the person looks at."""
        if not has_request_context():
            return self.document
        found = g.get("record_model")
        if found is None:
            found = g.record_model = self._declared_in(self.round)
        return found

    @model.setter
    def model(self, document):
        self.document = document

    def _declared_in(self, round_):
        if round_ is None:
            return self.document
        return declaration(self.document, round_.area_code, round_.academic_year)

    def look_in(self, round_):
        """Look at the round that an open record belongs to, and as its year declares the document."""
        g.record_round, g.record_model = round_, self._declared_in(round_)
        here.look_in(round_.area_code)
        ask_year(round_.academic_year)

    @property
    def round(self):
        """The Round the person looks at; 404 when the area has none of this subsystem."""
        if "record_round" not in g:
            g.record_round = here.current_round(self.document.subsystem)
            if g.record_round is not None:
                ask_year(g.record_round.academic_year)
        return g.record_round

    @property
    def wanted(self):
        """What the address asks for, as a `listing.Wanted`."""
        round_ = self.round or abort(404)
        return listing.Wanted(
            self.model,
            round_.area_code,
            round_.academic_year,
            round_.code,
            school=self.school,
            search=self.search_term,
            criteria=tuple(self._criteria()),
            missing=bool(request.args.get("missing")),
            **self._sorting(),
        )

    @property
    def school(self):
        """The one school the grid is narrowed to: the asked one, or the person's only one; None for all his."""
        if "record_school" not in g:
            g.record_school = self._ask_school()
        return g.record_school

    def _ask_school(self):
        asked = request.args.get("school") or request.form.get("school")
        own = self.own_schools
        if asked is not None:
            return asked[:8] or None
        return own[0] if len(own) == 1 and not self.sees_area else None

    @property
    def own_schools(self):
        """Codes of the schools this person has by a school role in the round's area."""
        return self._own_schools_in(self.round.area_code if self.round else None)

    def _own_schools_in(self, area):
        return [code for a, code in current_user.schools("school", "director") if a == area]

    @property
    def sees_area(self):
        """Whether this person reads the whole area."""
        return bool(self.round) and self._sees_all_of(self.round.area_code)

    def _sees_all_of(self, area):
        return any(current_user.holds(role, area) for role in access.AREA_READERS)

    @property
    def sees_school(self):
        """Whether the page is about one school whose records this person may see; an address may name any."""
        return bool(self.school) and access.sees(current_user, self.round.area_code, self.school)

    own_arguments = ()  # names in the address of a narrowing that a subsystem's grid has beside its filters

    def own_criteria(self):
        """The MongoDB filters of that narrowing."""
        return ()

    def own_chip(self):
        """(label, value) of that narrowing in words, or None."""
        return None

    def _criteria(self):
        """The filters in the address as MongoDB filters; one that cannot be read is said and left out."""
        if request.args.get("by_district"):
            yield BY_DISTRICT
        yield from self.own_criteria()
        if request.args.get("unreviewed"):
            yield UNREVIEWED
        for index, name, value in (self._get_list_filter_args() or [])[:MOST_FILTERS]:
            flt = self._filters[index]
            try:
                yield flt.criteria(flt.clean(value))
            except ValueError as error:
                flash(f"ตัวกรอง {name}: {error}", "error")

    def _sorting(self):
        column = self._get_column_by_idx(request.args.get("sort", type=int))
        if not column or not self.school or column[0] not in self._sortable_columns:
            return {}
        if column[0] == self.name_column:
            return {}
        return {"sort": column[0], "descending": bool(request.args.get("desc", type=int))}

    # ---- what Flask-Admin asks ----

    def get_query(self):
        """The rows this person has, wherever Flask-Admin looks for one."""
        return self.model.objects.visible_to(current_user)

    def get_one(self, id):
        """One record this person may see, or None, which is noted; a malformed id is simply not found."""
        if "edited" in g and str(g.edited.id) == id:  # found a moment ago, in this same request
            return g.edited
        found = self.get_query().filter(pk=id).first() if ObjectId.is_valid(id) else None
        if found is None:
            g.refused = "unknown", None
            return None
        its_own = declaration(self.document, found.area_code, found.academic_year)
        return (
            found
            if its_own is type(found)
            else its_own.objects.visible_to(current_user).filter(pk=id).first()
        )

    @property
    def can_create(self):
        """Whether a record could be added right now, in the school the page is about."""
        return bool(g.get("tried")) or self._writable(self.school) is not None

    @property
    def can_edit(self):
        """Whether this person writes records at all; each record is asked again when it is opened."""
        if g.get("tried"):
            return True
        return self.round is not None and self._writable(self.school, any_school=True) is not None

    @property
    def can_delete(self):
        """As can_edit."""
        return self.can_edit

    def _writable(self, school, any_school=False):
        """As whom this person may write here now, None when not; asked once a request."""
        key = f"writable_{school}_{any_school}"
        if key not in g:
            setattr(g, key, self._ask_writable(school, any_school))
        return g.get(key)

    def _ask_writable(self, school, any_school):
        if self.round is None:
            return None
        if school is None:
            area = self.round.area_code
            able = current_user.holds("district", area) or bool(current_user.schools("school"))
            return "some" if any_school and able and not self.round.sealed else None
        submission = self._submission_of(school)
        try:
            return may_write(submission, self.round, current_user) if submission else None
        except OutOfScope:  # who only reads is told of nothing that stands in the way of writing
            return None
        except RuleBroken as refusal:
            g.refusal = refusal.message
            return None

    def _submission_of(self, school):
        """The school's Submission in the round the page is about, or None; asked once a request."""
        kept = g.setdefault("record_submissions", {})
        if school not in kept:
            kept[school] = find_submission(self.model.subsystem, self._place(school))
        return kept[school]

    def _place(self, school):
        return Place(self.round.area_code, self.round.academic_year, self.round.code, school)

    @property
    def asks_reason(self):
        """Whether the page asks why before it gives a file: one with whole numbers of persons."""
        return has_numbers(self.model)

    @property
    def layouts(self):
        """The area's own layouts of this kind of file, which an export may have."""
        if "record_layouts" not in g:
            told = here.told(LAYOUTS)
            area = self.round.area_code if self.round else None
            g.record_layouts = (
                layouts_of(area, self.model.slug) if told is None and area else layouts_by(told or ())
            )
        return g.record_layouts

    @property
    def parts(self):
        """{name: words} of how an export may be divided; nothing for whoever has one school alone."""
        several = self.round and self.round.area_code in current_user.areas(*access.AREA_READERS)
        return PARTS if several else {}

    @property
    def head_links(self):
        """[(label, address, icon)] beside the buttons of the grid's head: the reports of the round, where it has any."""
        if summary_of(self.model.subsystem) is None or self.round.state in here.DRAFTS:
            return []
        return [("รายงาน", url_for("summaries.index", id=self.round.id), "reports")]

    def delete_model(self, model):
        """Remove one record through the door."""
        seen = seen_revision() or model.revision
        change = Change(self.model, model.place, id=model.id, revision=seen, remove=True)
        try:
            remove([change], current_user._get_current_object(), request.form.get("reason"), via="form")
        except RuleBroken as refusal:
            flash(refusal.message, "error")
            return False
        flash(COMES_BACK, "info")
        return True

    def handle_view_exception(self, exc):
        """Faults stay loud."""
        raise exc

    def render(self, template, **context):
        """The page, with the status a refusal gave it and the two versions when somebody saved first."""
        context.setdefault("conflict", g.get("conflict"))
        context.setdefault("takes_pictures", bool(fields_of(self.model)))
        context.setdefault("takes_files", bool(attachments.fields_of(self.model)))
        response = make_response(super().render(template, **context))
        response.status_code = g.get("status", 200)
        return response

    @expose("/details/")
    def details_view(self):
        """A record with its history."""
        record = self.get_one(request.args.get("id"))
        if record is None:
            abort(404)
        self.look_in(find_round(record.area_code, self.model.subsystem, record.academic_year, record.round))
        g.edited = record
        self.note_look(record, "view")
        return self.render(
            self.details_template,
            model=record,
            groups=formatters.details(record, current_user, g.record_round),
            record_history=formatters.timeline(self.model, record, current_user),
            reveal={"url": self.get_url(".reveal"), "id": record.id},
            log_href=self.log_href(record),
            page_head=formatters.page_head(record, g.record_round),
            may_edit=self.can_edit and self._writable(record.school_code) is not None,
            shut=g.get("refusal"),
            for_school=formatters.for_school(record.by_district),
            return_url=get_redirect_target() or self.get_url(".index_view"),
        )

    @expose("/file/")
    @hands_out(ONE)
    def file_view(self):
        """The file that a field of a record holds, as one to save, for whoever may see that field."""
        record, name = self.get_one(request.args.get("id")), request.args.get("name", "")
        field = declared(type(record)).get(name) if record else None
        if field is None or field.kind != "file" or not getattr(record, name):
            abort(404)
        if not access.may_see_field(current_user, field, record.area_code, record.school_code):
            abort(403)
        try:
            kind, ending, content = attachments.read(getattr(record, name))
        except NoFile:
            abort(404)
        self.note_look(record, "file", fields_opened=[name])
        called = file_name(f"{field.verbose_name} {record.school_code}", ending)
        return send_file(BytesIO(content), mimetype=kind, as_attachment=True, download_name=called)

    @expose("/history/")
    def history_view(self):
        """The history panel of one record, a piece of a page."""
        record = self.get_one(request.args.get("id"))
        if record is None:
            abort(404)
        self.note_look(record, "history")
        return self.render(
            "records/record_history.html",
            events=formatters.timeline(self.model, record, current_user),
            reveal={"url": self.get_url(".reveal"), "id": record.id},
        )

    # ---- files: see views/records/exporting.py and views/records/importing.py ----

    @expose("/export/<export_type>/", methods=("GET", "POST"))
    @hands_out(SCOPE)
    def export(self, export_type):
        """What the grid shows, as a file; posted, with the reason for taking numbers of persons."""
        from views.records.exporting import export_grid

        if export_type not in self.export_types:
            abort(404)
        return export_grid(self, export_type)
