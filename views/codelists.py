"""Code lists (รหัสมาตรฐาน): every list the product knows with its source, and one list with its entries."""

from dataclasses import dataclass

from flask import abort, request, url_for
from flask_admin import expose
from flask_admin.contrib.mongoengine import ModelView
from markupsafe import Markup

from documents import codelists, subsystems, thai
from documents.codelists import CodeList, Codes, code_list
from documents.database import collection
from documents.record import declared
from documents.users import ROLES
from views.pages import Page, SecureForm

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
    list_template = "khet/codelists.html"
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
    create_view = edit_view = delete_view = action_view = None
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
            more |= {"row_name": lambda row: row.title}
        return super().render(template, **more)

    @expose("/details/")
    def details_view(self):
        """One list: its source and entries, narrowed by a search and to one parent."""
        codes = list_of(request.args.get("id", ""))
        search = thai.clean(request.args.get("search"))[:LONGEST_SEARCH]
        parent = thai.clean(request.args.get("parent"))[:40]
        found = matching(codes, search, parent)
        page = min(max(request.args.get("page", 0, type=int), 0), MOST_PAGES)
        shown = found[page * ENTRIES_A_PAGE : (page + 1) * ENTRIES_A_PAGE]
        return self.render(
            "khet/codelists_details.html",
            codes=codes,
            state=state_of(codes, edited_names()),
            uses=[f"{field.verbose_name} ({document.label})" for document, field in uses_of(codes.name)],
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
        )

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
    "เลิกใช้": lambda entry: f"ตั้งแต่ปี {entry.retired_from}" if entry.retired_from else "",
}


def all_names():
    """The names of every list: seeds, places, and those that only the database has."""
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
    """Names of the lists that a person edited."""
    return set(collection(CodeList).distinct("_id", {"edited": True}))


def state_of(codes, edited):
    """Where the values come from: the product's own, the register of places, or a person's edit."""
    if isinstance(codes, codelists.PlaceCodes):
        return "ทะเบียนพื้นที่"
    return "แก้ไขแล้ว" if codes.name in edited else "ค่ามาตรฐาน"


def matching(codes, search, parent=""):
    """The entries whose code or words hold what is searched, in the list's order; under one parent where asked."""
    wanted = codelists.plain(search)
    if search and not wanted:
        return []
    return [
        entry
        for entry in codes.entries.values()
        if (not parent or entry.parent == parent)
        and (
            not wanted
            or any(
                wanted in codelists.plain(words)
                for words in (entry.code, entry.label, entry.short, entry.label_en, *entry.synonyms)
            )
        )
    ]


def uses_of(name):
    """[(document, field)] of the declared fields that hold codes of a list."""
    return [
        (document, field)
        for document in subsystems()
        for field in declared(document).values()
        if field.codelist == name
    ]


def above(codes):
    """The list that the entries' parents are codes of: the named one, that of the field the choice lies under, or its own."""
    if codes.parents:
        return code_list(codes.parents)
    if not any(entry.parent for entry in codes.entries.values()):
        return None
    for document, field in uses_of(codes.name):
        if field.parent:
            return code_list(declared(document)[field.parent].codelist)
    return codes
