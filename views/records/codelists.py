"""Code lists (รหัสมาตรฐาน): every list with its source, one list with its entries, and an admin's edits of a value."""

from dataclasses import dataclass

from flask import abort, flash, make_response, redirect, request, url_for
from flask_admin import expose
from flask_admin.contrib.mongoengine import ModelView
from markupsafe import Markup

from documents import clock, subsystems
from documents.database import collection
from documents.errors import Invalid, OutOfScope, RuleBroken
from documents.formats import buddhist, thai
from documents.people.users import EVERY_AREA, ROLES
from documents.records import codelist_edits, codelists
from documents.records.codelist_uses import fields_with, said_of, uses_of
from documents.records.codelists import AreaList, CodeList, code_list
from documents.records.codes import Codes, PlaceCodes, plain
from documents.records.kinds import survey_documents
from documents.records.record import declared
from documents.trail import history
from exports.records.code_lists import entries_file
from views import here
from views.pages import Page, SecureForm
from views.records.files_out import NOBODY, hands_out
from views.records.lists_out import all_shown, list_link, note_about, send_list
from views.trail import telling

LONGEST_SEARCH = 100
ENTRIES_A_PAGE = 200  # the list of sub-districts has 7,436
MOST_PAGES = 1_000


@dataclass
class Row:
    """One list in the grid; `pk` is what Flask-Admin asks of a model."""

    pk: str
    title: str
    source: str
    count: int
    state: str
    codes: Codes


def quoted(source):
    """A source as it is written: never said in another language."""
    return Markup('<span translate="no">{}</span>').format(source)


class CodeLists(Page, ModelView):
    """The lists as the product uses them: stored ones, and the seeds and places behind those not stored."""

    roles = tuple(ROLES)
    form_base_class = SecureForm
    can_create = can_edit = can_delete = can_export = False
    can_view_details = True
    column_display_actions = False
    list_template = "records/codelists.html"
    column_list = ("title", "pk", "count", "state", "source")
    column_labels = {
        "title": "ชื่อรายการ",
        "pk": "รหัสรายการ",
        "count": "จำนวนรหัส",
        "state": "ที่มาของค่า",
        "source": "แหล่งอ้างอิง",
    }
    column_formatters = {
        "count": lambda view, context, row, name: f"{row.count:,}",
        "source": lambda view, context, row, name: quoted(row.source),
    }
    column_sortable_list = ()
    page_size = 500

    # Routes of Flask-Admin's that lists do not have: without `expose` they are not registered at all.
    delete_view = action_view = None
    export = ajax_update = ajax_lookup = api_file_view = None

    def __init__(self):
        super().__init__(CodeList, name="รหัสมาตรฐาน", endpoint="codelists", url="/admin/codelists")

    def init_search(self):
        """The box looks through titles, names and sources."""
        return True

    def search_placeholder(self):
        """What the search box looks through."""
        return "ชื่อหรือรหัสรายการ"

    def get_list(self, page, sort_column, sort_desc, search, filters, execute=True, page_size=None):
        """(how many, the rows): all lists that match, by title; there are some thirty, so one page holds them."""
        wanted = thai.search_term(thai.clean(search)[:LONGEST_SEARCH]) if search else ""
        edited = edited_names()
        rows = [row_of(name, edited) for name in all_names()]
        found = [row for row in rows if wanted in thai.search_key(row.title, row.pk, row.source)]
        found = [] if search and not wanted else found
        return len(found), sorted(found, key=lambda row: thai.sort_key(row.title))

    def get_pk_value(self, model):
        """A list's name."""
        return model.pk

    def render(self, template, **more):
        """The page with what its template asks for."""
        if template == self.list_template:
            more |= {"row_name": lambda row: row.title, "grid_links": [list_link()]}
        return super().render(template, **more)

    @expose("/export/xlsx/")
    @hands_out(NOBODY)
    def export_xlsx(self):
        """The entries of all lists that the grid shows, or those that the page of the list `id` does, as a workbook."""
        title = "รหัสมาตรฐาน"
        if "id" in request.args:
            codes = list_of(request.args["id"])
            lists, title = [(codes, matching(codes, *asked_of_entries()))], f"{title} {codes.title}"
        else:
            lists = [(row.codes, list(row.codes.entries.values())) for row in all_shown(self)[1]]
        rows = sum(len(entries) for _, entries in lists)
        about = {"what": "codelists", "rows": rows, "kind": "xlsx"}
        note_about(here.area_code() or EVERY_AREA, here.person(), about)
        return send_list(
            entries_file([(codes, above(codes), entries) for codes, entries in lists], title), title
        )

    @expose("/details/")
    def details_view(self):
        """One list: its source and entries, narrowed by a search and to one parent."""
        codes = list_of(request.args.get("id", ""))
        search, parent = asked_of_entries()
        found = matching(codes, search, parent)
        edits = may_edit() and not isinstance(codes, PlaceCodes)
        page = min(max(request.args.get("page", 0, type=int), 0), MOST_PAGES)
        shown = found[page * ENTRIES_A_PAGE : (page + 1) * ENTRIES_A_PAGE]
        return self.render(
            "records/codelists_details.html",
            codes=codes,
            export_href=url_for(".export_xlsx", id=codes.name, search=search or None, parent=parent or None),
            state=state_of(codes, edited_names()),
            uses=uses_in_words(codes.name),
            search=search,
            entries=shown,
            source=quoted(codes.source),
            above=above(codes),
            parent=parent,
            notes=[column for column in NOTES if any(NOTES[column](entry) for entry in shown)],
            note_of=NOTES,
            shorts=any(entry.short != entry.label for entry in shown),
            english=any(entry.label_en for entry in shown),
            pager=self._pager(codes, page, found, shown),
            edits=edits,
            moves=edits and not search and not parent,
            adds=edits and codes.name not in codelist_edits.FIXED,
            seen=codelist_edits.version_of(here.area_code(), codes.name) if edits else 0,
            first=next(iter(codes.codes), None),
            last=next(reversed(codes.codes), None),
            events=events_of(codes.name) if edits else [],
        )

    # ---- an admin's edits ----

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self):
        """The form of a new value of the list `id`."""
        return self._value(self._edited_list(), None)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self):
        """The form of the value `code` of the list `id`; posted, `do` may be remove."""
        codes = self._edited_list()
        return self._value(codes, codes.entry(request.values.get("code", "")[:40]) or abort(404))

    def _value(self, codes, entry):
        area, code, refusal = here.area_code(), entry and entry.code, None
        if request.method == "POST":
            try:
                return self._edit(codes, area, entry)
            except RuleBroken as broken:
                refusal = broken
        typed = request.form if refusal else typed_of(entry)
        page = self.render(
            "records/codelists_value.html",
            codes=codes,
            entry=entry,
            typed=typed,
            wrong=refusal.errors[0] if isinstance(refusal, Invalid) else {},
            refusal=refusal,
            seen=request.form.get("seen") if refusal else codelist_edits.version_of(area, codes.name),
            parents=parents_of(codes),
            years=years_from_now(entry),
            fixed=codes.name in codelist_edits.FIXED,
            used=said_of(uses_of(area, codes.name, code)) if entry else None,
            is_added=entry is not None and is_added(area, codes.name, code),
            back=url_for(".details_view", id=codes.name),
        )
        return make_response(page, refusal.status if refusal else 200)

    def _edit(self, codes, area, entry):
        """Make the posted edit and go back to the list. Raises what the edit refuses."""
        actor, form = here.person(), request.form
        place = (area, codes.name)
        reason, seen = thai.clean(form.get("reason")), seen_version()
        if form.get("do") == "remove" and entry:
            codelist_edits.remove_value(*place, entry.code, actor, reason, seen)
            said = f"ลบค่า “{entry.label}” แล้ว"
        elif entry:
            values = {name: form.get(name) for name in ("label", "label_en", "short")}
            values["retired_from"] = posted_year("retired_from", entry.retired_from)
            codelist_edits.change_value(*place, entry.code, actor, values, reason, seen)
            said = f"บันทึกค่ารหัส {entry.code} แล้ว รอบที่ล็อกแล้วคงคำเดิมไว้"
        else:
            values = {name: form.get(name) for name in ("label", "label_en", "short", "code", "parent")}
            values["since"] = posted_year("since")
            code = codelist_edits.add_value(*place, actor, values, reason, seen)
            said = f"เพิ่มค่ารหัส {code} แล้ว"
        flash(said, "success")
        return redirect(url_for(".details_view", id=codes.name))

    @expose("/move/", methods=("POST",))
    def move_view(self):
        """Move a value one place up or down."""
        codes = self._edited_list()
        code, up = request.form.get("code", "")[:40], request.form.get("to") == "up"
        codelist_edits.move_value(here.area_code(), codes.name, code, here.person(), up, seen_version())
        return redirect(url_for(".details_view", id=codes.name) + f"#v-{code}")

    def _edited_list(self):
        """The list that is named, for its area's admin; 403 for anybody else, 404 for places."""
        if not may_edit():
            raise OutOfScope("เฉพาะผู้ดูแลระบบของเขตเท่านั้นที่แก้ไขรหัสมาตรฐานได้")
        codes = list_of(request.values.get("id", ""))
        return abort(404) if isinstance(codes, PlaceCodes) else codes

    def _pager(self, codes, page, found, shown):
        def address(number):
            kept = {name: request.args[name] for name in ("search", "parent") if request.args.get(name)}
            return url_for(".details_view", id=codes.name, page=number or None, **kept)

        last = max(len(found) - 1, 0) // ENTRIES_A_PAGE
        return {
            "total": len(found),
            "unit": "รหัส",
            "from": page * ENTRIES_A_PAGE + 1 if shown else None,
            "to": page * ENTRIES_A_PAGE + len(shown),
            "first": address(0) if page else None,
            "prev": address(min(page - 1, last)) if page else None,
            "next": address(page + 1) if page < last else None,
            "last": address(last) if page < last else None,
        }


# What an entry may carry besides its words: column, and how it reads.
NOTES = {
    "คำอื่นที่รับจากไฟล์": lambda entry: ", ".join(entry.synonyms),
    "ใช้ตั้งแต่": lambda entry: f"ปี {entry.since}" if entry.since else "",
    "เลิกใช้": lambda entry: f"ตั้งแต่ปี {entry.retired_from}" if entry.retired_from else "",
}
YEARS_AHEAD = 3
MOST_EVENTS = 20


def may_edit():
    """Whether the reader edits the lists of the area he works in."""
    area = here.area_code()
    return bool(area) and codelist_edits.may_edit(here.person(), area)


def seen_version():
    """The posted version that the person saw; -1, which nothing has, for what is no number."""
    seen = request.form.get("seen", "")
    return int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 10 else -1


def posted_year(name, otherwise=None):
    """A posted year of the Buddhist era; None for none, `otherwise` where the form has no such input."""
    if name not in request.form:
        return otherwise
    text = request.form[name]
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 2400 < int(text[:6]) < 2700):
        raise Invalid({0: {name: "กรุณาเลือกปีการศึกษาจากรายการ"}})
    return int(text)


def typed_of(entry):
    """What the form of an entry holds, of a new one nothing."""
    if entry is None:
        return {}
    short = entry.short if entry.short != entry.label else ""
    return {
        "label": entry.label,
        "label_en": entry.label_en,
        "short": short,
        "retired_from": str(entry.retired_from or ""),
    }


def years_from_now(entry):
    """The academic years to choose from: this one and the next, and the one that is set."""
    now = buddhist.academic_year(clock.today())
    set_ = {entry.retired_from} if entry and entry.retired_from else set()
    return sorted({*range(now, now + YEARS_AHEAD + 1), *set_})


def parents_of(codes):
    """[(code, words)] a new value may lie under; nothing where the list has no parents."""
    known = above(codes)
    if known is None or known is codes:
        return []
    used = {entry.parent for entry in codes.entries.values()}
    return [(code, label) for code, label in known.choices if codes.parents or code in used]


def is_added(area, name, code):
    """Whether a value is one that the area added."""
    rows = codelist_edits.own_of(area, name)["entries"]
    return any(row["code"] == code and row.get("added") for row in rows)


def events_of(name):
    """The area's own edits of a list for the timeline, newest first."""
    own = codelist_edits.own_of(here.area_code(), name)
    if "_id" not in own:
        return []
    rows = list(history.events_of(own["area_code"], own["_id"], MOST_EVENTS).as_pymongo())
    return [
        event | {"title": event["action"]}
        for event in telling.events(rows, here.person(), sensitive=False, whole=True)
    ]


def all_names():
    """The names of every list: seeds, places, the area's own, and those that only the database has."""
    known = codelists.names()
    stored = [row["_id"] for row in collection(CodeList).find({}, {"_id": 1})]
    return [*known, *(name for name in stored if name not in known)]


def list_of(name):
    """The list of a name; 404 for an unknown one."""
    if name not in all_names():
        abort(404)
    return code_list(name)


def row_of(name, edited):
    """One list as the grid shows it."""
    codes = code_list(name)
    return Row(name, codes.title, codes.source, len(codes.codes), state_of(codes, edited), codes)


def edited_names():
    """Names of the lists that a person edited, in the area or before."""
    own = collection(AreaList).find({"area_code": here.area_code()}, {"name": 1})
    return {*collection(CodeList).distinct("_id", {"edited": True}), *(row["name"] for row in own)}


def state_of(codes, edited):
    """Where the values come from: the product's own, the register of places, a person's edit, or the area alone."""
    if isinstance(codes, PlaceCodes):
        return "ทะเบียนพื้นที่"
    if codes.name not in edited:
        return "ค่ามาตรฐาน"
    return "แก้ไขแล้ว" if codes.name in codelists.seeds() else "ของเขต"


def asked_of_entries():
    """(search, parent's code) that the page of one list is narrowed to."""
    return thai.clean(request.args.get("search"))[:LONGEST_SEARCH], thai.clean(request.args.get("parent"))[
        :40
    ]


def matching(codes, search, parent=""):
    """The entries whose code or words hold what is searched, in the list's order; under one parent where asked."""
    wanted = plain(search)
    if search and not wanted:
        return []
    return [
        entry
        for entry in codes.entries.values()
        if (not parent or entry.parent == parent)
        and (
            not wanted
            or any(
                wanted in plain(words)
                for words in (entry.code, entry.label, entry.short, entry.label_en, *entry.synonyms)
            )
        )
    ]


def uses_in_words(name):
    """The fields that hold codes of a list, each with what its records are called; the area's own ones, too."""
    area = here.area_code()
    documents = [*subsystems(), *survey_documents([area] if area else []).values()]
    return [f"{field.verbose_name} ({where})" for where, field in fields_with(documents, name, area)]


def above(codes):
    """The list that the entries' parents are codes of: the named one, that of the field the choice lies under, or its own."""
    if codes.parents:
        return code_list(codes.parents)
    if not any(entry.parent for entry in codes.entries.values()):
        return None
    for document in subsystems():
        for field in declared(document).values():
            if field.codelist == codes.name and field.parent:
                return code_list(declared(document)[field.parent].codelist)
    return codes
