"""What holds for every subsystem, whichever is declared: its names, its form, its pages, its files out and in."""

import io
import re

import pytest
from python_calamine import CalamineWorkbook

from documents import subsystem, subsystems
from documents.database import collection
from documents.records.record import Record, declared, shown_fields
from documents.records.writing import Change, write
from exports.collecting.round_workbook import round_workbook
from exports.imports.importing import plan_import
from exports.workbooks.cell_values import is_blank
from exports.workbooks.layouts import layout_of
from tests.making import complete
from tests.people import OTHER, place
from tests.test_record_view import form_of
from views.records.filters import MOST_FILTERS

EVERY = pytest.mark.parametrize("slug", [document.slug for document in subsystems()])
# Stored fields that no form shows, each with its reason. Whatever else is stored must be in the form.
NOT_SHOWN = {
    "students": {
        "former_ids": "written by the change of a number",
        "duplicate_evidence": "written with the evidence of a duplicate",
    },
}
SPINE = {*Record._fields, "id", "_id", "_cls"}
OWNED = {  # what a form must never set: {name: what an intruder would send}
    "area_code": "34020000", "academic_year": "2567", "round": "2", "school_code": OTHER, "revision": "99",
    "lineage": "64f1b2c3d4e5f6a7b8c9d0e1", "reviewed": "0", "sort_key": "x", "search_key": "x",
    "created_at": "2020-01-01", "created_by": "64f1b2c3d4e5f6a7b8c9d0e1", "updated_at": "2020-01-01",
    "updated_by": "64f1b2c3d4e5f6a7b8c9d0e1", "updated_by_name": "ปลอม", "history_hash": "x", "extra": "{}",
    "extra.x": "1", "_id": "64f1b2c3d4e5f6a7b8c9d0e1", "id": "64f1b2c3d4e5f6a7b8c9d0e1", "_cls": "User",
    "state": "locked", "status_": "approved", "$set": "x", "duplicate_evidence": "64f1b2c3d4e5f6a7b8c9d0e1",
}  # fmt: skip
ODD = ("=1+1", "+ก", "-ก", "@ก", "＝ก", "007", "ก,ข", 'ก"ข', "ก;ข", "<b>ก")  # beginnings of every text


def marks_for(document):
    """Marks for as many records as a school may have."""
    return ODD[:1] if document.single else ODD


@pytest.fixture
def make(open_rounds, teacher):
    """`make(document, mark)` stores a complete record of the teacher's school and gives it as stored."""

    def made(document, mark="ทดสอบ", **given):
        change = Change(document, place(), complete(document, mark, **given))
        (written,) = write([change], teacher)
        return collection(document).find_one({"_id": written.id})

    return made


# ---- the declaration ----


@EVERY
def test_every_name_a_subsystem_uses_is_a_field_of_it(slug):
    document = subsystem(slug)
    stored, shown = set(declared(document)), set(shown_fields(document)) | {"school_code"}
    keys = {name for names in (document.key, *document.also_unique) for name in names}
    known = stored | {"school_code"}
    assert keys <= known
    assert set(document.grid) <= shown
    assert {*document.cells, *document.filters, *document.search, *document.order} <= known
    assert set(document.cells) <= set(document.grid), "a cell is edited where it is seen"
    assert document.key
    assert document.grid
    assert document.order
    assert {one.group for one in declared(document).values() if one.group} == set(document.groups)


@EVERY
def test_nothing_sensitive_is_searched_ordered_matched_or_called_by(slug):
    """These stand in headlines, search and history for everybody who reads the record."""
    document = subsystem(slug)
    names = {
        *document.search,
        *document.order,
        *document.key,
        *(n for names in document.also_unique for n in names),
    }
    assert not [
        name for name, one in declared(document).items() if name in names and one.personal == "sensitive"
    ]


@EVERY
def test_what_a_subsystem_is_called_is_said_once(slug):
    document = subsystem(slug)
    labels = [one.verbose_name for one in shown_fields(document).values()]
    assert len(labels) == len(set(labels))
    assert re.search("[ก-๛]", document.label)
    assert document.label_en.isascii()
    assert re.fullmatch(r"[a-z]+", slug)
    assert {document.slug: document for document in subsystems()}[slug] is document


@EVERY
def test_no_choice_names_a_list_or_parent_that_is_not_there(slug):
    from documents.records.codelists import code_list

    for name, one in declared(subsystem(slug)).items():
        if one.codelist:
            assert code_list(one.codelist).choices, name
        assert not one.parent or one.parent in declared(subsystem(slug)), name


@EVERY
def test_every_index_of_a_subsystem_begins_with_the_area(slug):
    unique = [one for one in subsystem(slug)._meta["index_specs"] if one.get("unique")]
    for one in subsystem(slug)._meta["index_specs"]:
        assert one["fields"][0][0] == "area_code", one
    assert [[name for name, _ in one["fields"][:4]] for one in unique] == [
        ["area_code", "academic_year", "school_code", "round"] for _ in unique
    ]


# ---- the form ----


@EVERY
def test_every_stored_field_is_in_the_form_or_said_not_to_be(slug, sign_in, open_rounds, teacher):
    inputs = set(inputs_of(sign_in(teacher).get(f"/admin/{slug}/new/").text))
    stored = set(subsystem(slug)._fields) - SPINE
    assert stored - inputs == set(NOT_SHOWN.get(slug, ()))
    assert inputs & SPINE <= {"revision"}  # which revision the person saw; it is compared, never stored
    assert inputs - stored <= {"revision", "reason", "csrf_token", "school", "url", "person_id_again"}


@EVERY
def test_what_the_server_owns_is_never_taken_from_a_form(slug, sign_in, open_rounds, teacher, make):
    """A new record and an edited one, each sent with everything an intruder might add."""
    browser, document = sign_in(teacher), subsystem(slug)
    forged = OWNED | {name: "ปลอม" for name in NOT_SHOWN.get(slug, ())}
    stored = make(document)
    page = f"/admin/{slug}/edit/?id={stored['_id']}"
    typed = form_of(browser.get(page).text)
    text = next((name for name, one in declared(document).items() if name in document.cells), None)
    sent = typed | {name: value for name, value in forged.items() if name not in ("revision", *typed)}
    assert browser.send(page, sent | {text: "3" if str(stored.get(text)) == "2" else "2"}).status_code == 302
    after = collection(document).find_one({"_id": stored["_id"]})
    kept = SPINE - {"revision", "updated_at", "history_hash", "sort_key", "search_key"}
    assert {name: after.get(name) for name in kept} == {name: stored.get(name) for name in kept}
    assert after["revision"] == 2
    assert not set(after) - SPINE - set(declared(document)) - {"_id"}
    assert collection(document).count_documents({}) == 1


@EVERY
def test_a_cell_takes_declared_names_alone(slug, sign_in, make, teacher):
    browser, document = sign_in(teacher), subsystem(slug)
    stored = make(document)
    for name in {*OWNED, *declared(document)} - set(document.cells):
        cell = {"pk": str(stored["_id"]), "name": name, "value": "2", "revision": "1"}
        assert browser.send(f"/admin/{slug}/ajax/update/", cell).status_code == 404, name
    assert collection(document).find_one({"_id": stored["_id"]}) == stored


# ---- the pages ----


@EVERY
@pytest.mark.parametrize("role", ["teacher", "director", "officer", "approver"])
def test_the_pages_of_a_record_are_there_for_who_reads_it(slug, role, sign_in, make, request):
    document = subsystem(slug)
    stored = make(document)
    browser = sign_in(request.getfixturevalue(role))
    name = document.headline(stored)
    grid = "?sort=0" if document.single else ""  # whose bare address opens the one record
    for path in (grid, f"details/?id={stored['_id']}", f"history/?id={stored['_id']}"):
        answer = browser.get(f"/admin/{slug}/{path}")
        assert answer.status_code == 200, path
        assert "history" in path or name in answer.text or str(stored["_id"]) in answer.text, path
    writes = role in ("teacher", "officer")
    assert browser.get(f"/admin/{slug}/edit/?id={stored['_id']}").status_code == (200 if writes else 302)


@EVERY
def test_every_filter_and_sort_of_a_grid_is_answered(slug, sign_in, make, teacher):
    browser, document = sign_in(teacher), subsystem(slug)
    stored = make(document)
    operators = ("eq", "ne", "ge", "le", "has", "empty")
    names = [f"{name}_{operator}" for name in document.filters for operator in operators]
    for value in ("1", "10/06/2558", "xx", ""):
        for some in range(0, len(names), MOST_FILTERS):
            query = "&".join(
                f"flt{i}_{name}={value}" for i, name in enumerate(names[some : some + MOST_FILTERS])
            )
            assert browser.get(f"/admin/{slug}/?sensitive=1&{query}").status_code in (200, 302), query
    for index in range(len(document.grid)):
        assert str(stored["_id"]) in browser.get(f"/admin/{slug}/?sort={index}&desc=1").text


# ---- files out and in again ----


def sheet_of(content, labels):
    """The sheet of a workbook whose first row holds all labels, as rows of cells."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    return next(rows for rows in sheets if rows and set(labels) <= set(rows[0]))


def read_back(document, content):
    """[{field: value}] of the rows of an exported workbook, as the reader of imports understands them."""
    layout = layout_of(document)
    head, *rows = sheet_of(content, [column.label for column in layout.written])
    by_label = {column.label: column.name for column in layout.written}
    for row in rows:
        cells = {
            by_label[label]: None if is_blank(cell) else cell for label, cell in zip(head, row, strict=True)
        }
        values, problems, _ = layout.read(cells, None)
        assert not problems
        yield {name: value for name, value in values.items() if value is not None}


def written_values(document, rows):
    """The same of stored records: the fields that the layout writes out."""
    fed = {name for column in layout_of(document).written for name in column.fields}
    return [{name: row[name] for name in fed if row.get(name) not in (None, [])} for row in rows]


@EVERY
def test_the_exported_workbook_read_back_equals_the_records(slug, sign_in, make, teacher):
    document = subsystem(slug)
    stored = [make(document, mark) for mark in marks_for(document)]
    content = sign_in(teacher).get(f"/admin/{slug}/export/xlsx/").data
    found = list(read_back(document, content))
    assert len(found) == len(stored)
    for row in written_values(document, stored):
        assert row in found


@EVERY
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize("role", ["teacher", "officer"])
def test_an_export_imported_again_is_the_same_in_every_row(
    kind, role, slug, sign_in, make, open_rounds, request
):
    document, user = subsystem(slug), request.getfixturevalue(role)
    for mark in marks_for(document):
        make(document, mark)
    content = sign_in(user).get(f"/admin/{slug}/export/{kind}/").data
    plan = plan_import(document, io.BytesIO(content), f"x.{kind}", user, open_rounds[document.subsystem])
    assert (plan.errors, plan.changed, plan.new) == ([], [], [])
    assert len(plan.same) == len(marks_for(document))


@pytest.mark.parametrize("slug", [one.slug for one in subsystems() if one.listed])
def test_the_round_s_workbook_imported_again_is_the_same_in_every_row(slug, make, open_rounds, teacher):
    document = subsystem(slug)
    open_round = open_rounds[document.subsystem]
    stored = [make(document, mark) for mark in marks_for(document)]
    content = round_workbook(open_round)
    found = list(read_back(document, content))
    assert len(found) == len(stored)
    assert all(row in found for row in written_values(document, stored))
    plan = plan_import(document, io.BytesIO(content), "x.xlsx", teacher, open_round)
    assert (plan.errors, plan.changed, plan.new) == ([], [], [])
    assert len(plan.same) == len(marks_for(document))


def inputs_of(page):
    """Names of every input of a page's record form, unticked boxes too."""
    form = page[page.index('id="record-form"') :]
    form = form[: form.index("</form>")]
    return re.findall(r'<(?:input|select|textarea)[^>]*\bname="([^"]+)"', form)


class Asking(dict):
    """Values that remember what was asked of them."""

    def __init__(self, values):
        super().__init__(values)
        self.asked = set()

    def get(self, name, default=None):
        """As of any dict."""
        self.asked.add(name)
        return super().get(name, default)

    def __getitem__(self, name):
        self.asked.add(name)
        return super().__getitem__(name)


@pytest.mark.parametrize("document", subsystems())
def test_a_tally_reads_what_it_says_it_reads(document):
    values = Asking(complete(document))
    whole = document.tally(values)
    assert values.asked <= set(document.tallied)
    assert document.tally({name: values.get(name) for name in document.tallied}) == whole
