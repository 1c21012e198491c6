"""G-code requests (คำขอรหัส G): the grid with its queues, and one request's page with everything that is decided by."""

from flask import abort, redirect, request
from flask_admin import expose
from flask_admin.actions import action
from flask_admin.contrib.mongoengine import ModelView
from flask_login import current_user
from markupsafe import Markup

from documents.formats import citizen_id, thai
from documents.gcode import gcode, gcode_queues
from documents.gcode.gcode import GCodeRequest
from documents.gcode.gcode_certifying import MOST_AT_ONCE, MOST_BY_JOB
from documents.gcode.gcode_evidence import pieces_in_words, required_kinds
from documents.gcode.gcode_requests import waiting_days
from documents.trail import access_log
from exports.gcode.gcode_list import NEEDED, gcode_list
from views import here
from views.gcode.gcode_codes import links_of
from views.gcode.gcode_filters import FILTERS, LIMITED
from views.gcode.gcode_forms import GCodeForms
from views.gcode.gcode_pieces import GCodePieces
from views.gcode.gcode_steps import GCodeSteps
from views.gcode.gcode_words import TONES, page_of, parts, sets, tone_of_age
from views.here import person
from views.pages import Page, SecureForm
from views.records import formatters
from views.records.files_out import SCOPE, hands_out
from views.records.lists_out import all_shown, list_link, note_by_area, refuse_many, send_list
from views.records.searching import SearchMixin

READERS = ("school", "director", "district", "approver")
COLUMNS = {
    "name": "ชื่อ-สกุล",
    "state": "สถานะ",
    "age": "อายุเรื่อง",
    "pieces": "หลักฐาน",
    "code": "รหัส G",
    "school_name": "โรงเรียน",
    "grade": "ชั้น",
    "requested_on": "วันที่ขอ",
    "request_no": "เลขที่คำขอ",
}


class GCode(GCodeForms, GCodePieces, GCodeSteps, SearchMixin, Page, ModelView):
    """Requests this person may see; which buttons a page has is asked of the table of steps."""

    roles = READERS
    form_base_class = SecureForm
    can_create = can_edit = can_delete = can_export = False
    can_view_details = True
    list_template = "gcode/gcode_list.html"
    column_list = tuple(COLUMNS)
    column_labels = COLUMNS
    column_sortable_list = (("name", "sort_key"), ("requested_on", "asked_at"))
    column_default_sort = [("asked_at", True), ("id", True)]
    column_searchable_list = ("first_name",)
    column_filters = FILTERS
    page_size = 50

    # Routes of Flask-Admin's that requests do not have: without `expose` they are not registered at all.
    delete_view = export = ajax_update = ajax_lookup = api_file_view = None

    def __init__(self):
        super().__init__(GCodeRequest, name="คำขอรหัส G", endpoint="gcode", url="/admin/gcode")
        self.column_formatters = {
            "name": lambda view, context, row, name: row.name,
            "grade": lambda view, context, row, name: formatters.cell(
                GCodeRequest.grade, {"grade": row.grade}, None
            ),
            "requested_on": lambda view, context, row, name: formatters.masked(
                GCodeRequest.requested_on, row.requested_on
            ),
            "pieces": lambda view, context, row, name: pieces_cell(context, row),
            "age": lambda view, context, row, name: age_cell(row),
            "state": lambda view, context, row, name: parts().chip(row.shown_state, TONES[row.state]),
            "code": lambda view, context, row, name: code_cell(row),
        }

    def scaffold_form(self):
        """An empty form: the page's own is read off documents.gcode.gcode."""
        return SecureForm

    def scaffold_list_form(self, *args, **more):
        """As above."""
        return SecureForm

    # ---- the grid ----

    @property
    def queue(self):
        """The Queue that the address names, None for all requests."""
        return gcode_queues.QUEUES.get(request.args.get("queue", ""))

    @property
    def scope(self):
        """The filter of the requests of the area that this person may see."""
        return {"$and": [{"area_code": here.area_code()}, gcode.visible_to(current_user)]}

    def get_query(self):
        """The requests of the area that this person may see, of the queue that the address names."""
        asked = [self.scope] + ([{"state": {"$in": list(self.queue.states)}}] if self.queue else [])
        return GCodeRequest.objects(__raw__={"$and": asked}).exclude("moves", "known_likely")

    def get_one(self, id):
        """One request. Raises OutOfScope for any other id."""
        return gcode.get_request(current_user, id)

    def _search(self, query, search_term):
        term = thai.search_key(search_term) or thai.clean(search_term)
        return query.filter(search_key__contains=term) if term else query

    def get_list(self, page, sort_field, sort_desc, search, filters, execute=True, page_size=None):
        """A page of requests; a queue that waits begins with the oldest case."""
        page, sort_field = min(max(page or 0, 0), 1_000), self._sortable_columns.get(sort_field)
        if sort_field is None and self.queue and self.queue.oldest_first:
            sort_field, sort_desc = "sent_at", False
        return super().get_list(page, sort_field, sort_desc, self.search_term, filters, execute, page_size)

    def _get_default_order(self):
        if request.args.get("sort") is None and self.queue and self.queue.oldest_first:
            return [("sent_at", False), ("id", False)]
        return super()._get_default_order()

    def _get_filter_groups(self):
        """What the filter menu is made of, without what is not this person's to filter by."""
        found = super()._get_filter_groups()
        return {
            name: rows
            for name, rows in found.items()
            if name not in LIMITED or LIMITED[name](here.area_code())
        }

    @expose("/")
    def index_view(self):
        """The grid; a person's number in the address is taken out of it first."""
        return self.refuse_number_in_address() or super().index_view()

    @expose("/export/xlsx/")
    @hands_out(SCOPE)
    def export_xlsx(self):
        """The list as it is narrowed and sorted, as a workbook; noted before it is sent."""
        if moved := self.refuse_number_in_address():
            return moved
        if (
            request.args.get("search") and not self.search_term
        ):  # a token of another session would narrow nothing
            return redirect(self.get_url(".index_view"))
        area, (count, found) = here.area_code(), all_shown(self)
        if refused := refuse_many(count):
            return refused
        note_by_area(person(), GCodeRequest.slug, {area: count})
        title = " ".join(
            filter(None, (GCodeRequest.label, self.queue and self.queue.label, here.area_name(area)))
        )
        rows = found.only(*NEEDED).no_cache().batch_size(1_000).as_pymongo()
        return send_list(gcode_list(rows, set(required_kinds(area)), title), title)

    def is_action_allowed(self, name):
        """Whether this person has a bulk action at all."""
        role = {"take": "district", "certify": "approver"}.get(name)
        return bool(role) and current_user.holds(role, here.area_code())

    @expose("/action/", methods=("POST",))
    def action_view(self):
        """One bulk action on the chosen requests; on all that match where they are few enough."""
        if not self.is_action_allowed(request.form.get("action")):
            abort(403)
        return self.handle_action()

    @action("take", "รับไว้ตรวจสอบ", "รับคำขอที่เลือกไว้ตรวจสอบใช่หรือไม่")
    def action_take(self, ids):
        """Take the chosen requests up."""
        return self.take_each(self._chosen(ids, MOST_BY_JOB))

    @action("certify", "รับรอง")
    def action_certify(self, ids):
        """Ask on a page of its own, which names everything that would be certified."""
        ids = self._chosen(ids)
        if request.form.get("all_matching") == "1" and len(ids) > MOST_AT_ONCE:
            kept = {name: request.args.getlist(name) for name in request.args}
            return redirect(self.get_url(".certify_view", **kept | {"queue": "certify", "every": "1"}), 303)
        return redirect(self.get_url(".certify_view", id=ids), 303)

    def _chosen(self, ids, most=MOST_AT_ONCE):
        """Ids of the chosen requests, each once; of all that match where all were chosen; no more than `most` and one."""
        if request.form.get("all_matching") == "1":
            ids = self.matching_ids(most + 1)
        return list(dict.fromkeys(ids))[: most + 1]

    def matching_ids(self, most):
        """Ids of the requests that the address's queue, filters and search let through, in the list's order."""
        asked = self._get_list_extra_args()
        _, found = self.get_list(0, None, None, asked.search, asked.filters, page_size=most)
        return [str(one.id) for one in found]

    def render(self, template, **more):
        """The list knows its queues, its school's new button, and how many pieces an area requires."""
        if template == self.list_template:
            area = here.area_code()
            rows = list(more["data"])
            more |= {
                "data": rows,
                "row_name": lambda row: row.name,
                "required": set(required_kinds(area)),
                "queues": self._queues(area),
                "queue": self.queue,
                "search": self.search_term,
                "search_action": self.get_url(".search_view"),
                "may_ask": bool(self.schools_to_ask(area)),
                "sets": sets(area),
                "more_links": [*links_of(area, person()), list_link()],
                "action_looks": {
                    "take": {"icon": "inbox", "tone": "main", "undo": "ส่งกลับหรือไม่รับรองได้จากหน้าของคำขอ"},
                    "certify": {"icon": "check", "tone": "main", "page": True},
                },
            }
        return super().render(template, **more)

    def _queues(self, area):
        """[(address, words, count, chosen?)] of the queues, all requests first."""
        counts = gcode_queues.counts(self.scope)
        kept = {name: value for name, value in request.args.items() if name.startswith("flt")}
        found = [(self.get_url(".index_view", **kept), "ทั้งหมด", sum(counts.values()), self.queue is None)]
        for key, one in gcode_queues.QUEUES.items():
            number = sum(counts.get(state, 0) for state in one.states)
            if number or self.queue is one:
                found.append(
                    (self.get_url(".index_view", queue=key, **kept), one.label, number, self.queue is one)
                )
        return found

    # ---- one request ----

    @expose("/details/")
    def details_view(self):
        """One request: where it stands, what may be done now, its evidence, the likely same learners, who did what."""
        found = gcode.get_request(current_user, request.args.get("id"))
        access_log.note(found.area_code, person(), "view", **gcode.access_entry(found))
        return self.show(found)

    def show(self, found, refusal=None, typed=None):
        """The page of a request, with a refusal above what was tried."""
        page = self.render("gcode/gcode_details.html", **page_of(found, person(), refusal, typed or {}))
        return page if refusal is None else (page, refusal.status)

    def handle_view_exception(self, exc):
        """Faults stay loud."""
        raise exc


def pieces_cell(context, row):
    """'2/3' of the required pieces, red while some lack and can be added; nothing where the ministry's system has them."""
    if row.registered:
        return ""
    words, enough = pieces_in_words(row.evidence, context["required"])
    return words if enough or not row.is_open else Markup('<span class="t-fault">{}</span>').format(words)


def age_cell(row):
    """How long the district is waited for, as a chip that warms up; how long it took once it is over."""
    days = waiting_days(row.sent_at)
    if days is None or row.state not in gcode.WAITING:
        return ""
    return parts().chip("วันนี้" if days == 0 else f"{days:,} วัน", tone_of_age(days))


def code_cell(row):
    """The code, masked, and whether it is temporary."""
    if not row.code:
        return ""
    shown = Markup('<span class="tab">{}</span>').format(citizen_id.mask_id(row.code))
    return shown + Markup(" ") + parts().chip("ชั่วคราว", "back") if row.code_kind == "temporary" else shown
