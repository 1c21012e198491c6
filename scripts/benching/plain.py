"""The peers: a stock Flask-Admin on a plain MongoEngine document, and the plain libraries.

The document has the same collection and the same fields, the view as many columns shown, searched and filtered, and
the same page size. It is stock: its own templates, its own queries, SecureForm against forged posts; nobody signs in.
As it reads Khet's own collection it has Khet's indexes; its filters and its search do not begin as they do.
"""

import hashlib
import io
import re
from html import unescape
from urllib.parse import quote

import python_calamine
import rustpy_xlsxwriter
import xlsxwriter
from bson import ObjectId
from flask import Flask
from flask_admin import Admin
from flask_admin.contrib.mongoengine import ModelView
from flask_admin.form import SecureForm
from flask_babel import Babel
from mongoengine import Document
from mongoengine.fields import (
    BooleanField,
    DateTimeField,
    DictField,
    FloatField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)
from pymongo import UpdateOne

from documents.collecting.submissions import Submission
from documents.database import collection, connect
from documents.dmc.rooms import SchoolRooms
from documents.dmc.student_rules import DEFAULT_NO
from documents.dmc.students import Student
from documents.records.codelists import code_list
from documents.records.record import Record, declared
from documents.trail.history import AuditEvent
from scripts.benching.clocked import (
    PAGE,
    Stopwatch,
    area_of,
    deep_rank,
    how_many_areas,
    place_of,
    pupils_of_the_largest,
    schools_of,
    term_of,
)
from views.records.filters import LONG_LIST

COPIED = "2"  # the round that an area's records are copied into
COLUMNS = (
    "school_code", "first_name", "person_id", "grade", "room", "student_no", "sex", "birth_date",
    "travel_minutes", "journey_type", "dist_paved_m", "status",
)  # fmt: skip
# Stock Flask-Admin filters no list: the blood group stands in for the disadvantages.
FILTERS = (
    "area_code",
    "school_code",
    *(name for name in Student.filters if name != "disadvantages"),
    "blood",
)
OWN = tuple(name for name in Record._fields if name not in ("id", "pk"))


def plain_field(field):
    """The plain MongoEngine field of a declared one: its kind, limits and choices, nothing of ours."""
    kind, label = type(field), {"verbose_name": field.verbose_name}
    if kind is StringField:
        pairs = code_list(field.codelist).choices if field.codelist else []
        choices = {"choices": pairs} if 0 < len(pairs) <= LONG_LIST else {}
        return StringField(max_length=field.max_length, **choices, **label)
    if kind in (IntField, FloatField):
        return kind(min_value=field.min_value, max_value=field.max_value, **label)
    return ListField(StringField(), **label) if kind is ListField else kind(**label)


def plain_document():
    """The document class with all fields of a pupil's record."""
    fields = {name: plain_field(field) for name, field in declared(Student).items()}
    kinds = (StringField, IntField, DateTimeField, BooleanField, DictField, ListField, ObjectIdField)
    for name in OWN:
        fields[name] = next(kind() for kind in kinds if isinstance(Record._fields[name], kind))
    meta = {"collection": Student._get_collection_name(), "auto_create_index": False, "strict": False}
    return type("Pupil", (Document,), {**fields, "meta": meta, "__module__": __name__})


class Operations:
    """One method an operation; each gives (seconds, rows)."""

    def __init__(self, uri, data):
        self.data = data
        connect(uri)
        self.pupil = plain_document()
        self.app = Flask("plain")
        self.app.config.update(SECRET_KEY="a secret of the bench, which nobody signs in to")  # noqa: S106
        Babel(self.app)
        Admin(self.app, name="plain").add_view(self._view())
        self.areas = how_many_areas()
        self.schools = {}

    def _view(self):
        class PupilView(ModelView):
            form_base_class = SecureForm
            page_size = PAGE
            can_view_details = True
            column_list = COLUMNS
            column_searchable_list = Student.search
            column_filters = FILTERS
            form_columns = tuple(declared(Student))
            can_export = True
            export_types = ("xlsx",)
            column_export_list = exported()

        return PupilView(self.pupil, endpoint="pupils", url="/admin/pupils")

    # ---- pages ----

    def page_first(self, run):
        """The first page of the collection, nothing asked."""
        return self._page("")

    def page_filtered(self, run):
        """The first page of one school."""
        return self._page("?" + self._filter("school_code", self._school(run)))

    def page_deep(self, run):
        """The page of the same rank in the same area in the order of first names, by its number."""
        area, order = area_of(run, self.areas), COLUMNS.index("first_name")
        return self._page(f"?sort={order}&page={deep_rank(area) // PAGE}&" + self._filter("area_code", area))

    def search_round(self, run):
        """The first page of the same search: stock Flask-Admin looks through all there is."""
        return self._page(f"?search={quote(term_of(area_of(run, self.areas)))}")

    def _filter(self, column, value):
        view = next(view for view in self.app.extensions["admin"][0]._views if view.endpoint == "pupils")
        index = next(
            index
            for index, flt in enumerate(view._filters)
            if getattr(flt.column, "name", flt.column) == column and type(flt).__name__ == "FilterEqual"
        )
        return f"flt0_{index}={value}"

    def _page(self, query):
        browser = self.app.test_client()
        with Stopwatch() as watch:
            answer = browser.get("/admin/pupils/" + query)
            page = answer.get_data(as_text=True)
        rows = page.count('name="rowid"')
        if answer.status_code != 200 or not 0 < rows <= PAGE:
            raise RuntimeError(f"plain {query}: {answer.status_code}, {rows} rows")
        return watch.seconds, rows

    def _school(self, run):
        area = area_of(run, self.areas)
        if area not in self.schools:
            self.schools[area] = schools_of(area)
        return self.schools[area][run % len(self.schools[area])]

    # ---- saving ----

    def save_form(self, run):
        """Post the whole form of a pupil with one value changed; the answer is a redirect."""
        stored = self._pupil(run)
        browser, path = self.app.test_client(), f"/admin/pupils/edit/?id={stored['_id']}"
        form = posted(browser.get(path).get_data(as_text=True))
        form["travel_minutes"] = str(int(form.get("travel_minutes") or 0) % 200 + 1)
        with Stopwatch() as watch:
            answer = browser.post(path, data=form)
        if answer.status_code not in (302, 303):
            raise RuntimeError(f"plain form: {answer.status_code}")
        return watch.seconds, 1

    def save_document(self, run):
        """Read a pupil and save it with one value changed, as MongoEngine does it."""
        id_ = self._pupil(run)["_id"]
        with Stopwatch() as watch:
            pupil = self.pupil.objects.get(id=id_)
            pupil.travel_minutes = (pupil.travel_minutes or 0) % 200 + 1
            pupil.save()
        return watch.seconds, 1

    def _pupil(self, run):
        """The neighbour of the one that Khet changes in this run: each side changes its own."""
        return pupils_of_the_largest(area_of(run, self.areas), 1, skip=2 * run + 1)[0]

    def save_1000(self, run):
        """A thousand times read and save."""
        ids = self._thousand(run)
        with Stopwatch() as watch:
            for id_ in ids:
                pupil = self.pupil.objects.get(id=id_)
                pupil.travel_minutes = (pupil.travel_minutes or 0) % 200 + 1
                pupil.save()
        return watch.seconds, len(ids)

    def bulk_write_1000(self, run):
        """A thousand pupils read by one find and changed by one bulk_write; nothing checked, nothing recorded."""
        ids = self._thousand(run)
        into = collection(Student)
        with Stopwatch() as watch:
            found = into.find({"_id": {"$in": ids}}, {"travel_minutes": 1})
            into.bulk_write(
                [
                    UpdateOne(
                        {"_id": row["_id"]},
                        {"$set": {"travel_minutes": (row.get("travel_minutes") or 0) % 200 + 1}},
                    )
                    for row in found
                ]
            )
        return watch.seconds, len(ids)

    def _thousand(self, run):
        return [row["_id"] for row in pupils_of_the_largest(area_of(run + 1, self.areas), 1000)]

    # ---- the same learner ----

    def look_up_number(self, run):
        """One number looked up by its index in the whole area."""
        area = area_of(run, self.areas)
        number = pupils_of_the_largest(area, 1, skip=2 * run)[0]["person_id"]
        with Stopwatch() as watch:
            rows = list(collection(Student).find({"area_code": area, "person_id": number}).hint("number"))
        return watch.seconds, len(rows)

    def read_all(self, run):
        """Every pupil read once, as a dict."""
        with Stopwatch() as watch:
            rows = sum(1 for _ in collection(Student).find({}, batch_size=2000))
        return watch.seconds, rows

    # ---- a round ----

    def lock_round(self, run):
        """The same thing by hand: a digest over the objects of each school, kept with the new state by a save."""
        area = area_of(run + 1, self.areas)
        kept = list(collection(Submission).find({"area_code": area}))
        submissions = list(Submission.objects(area_code=area, round="1"))
        with Stopwatch() as watch:
            for submission in submissions:
                pupils = self.pupil.objects(
                    area_code=area,
                    academic_year=submission.academic_year,
                    school_code=submission.school_code,
                    round=submission.round,
                ).order_by("person_id")
                total = hashlib.sha256()
                for pupil in pupils.no_cache():
                    total.update(pupil.to_json(sort_keys=True).encode())
                submission.state, submission.digest = "locked", total.hexdigest()
                submission.save()
        collection(Submission).delete_many({"area_code": area})
        collection(Submission).insert_many(kept)
        return watch.seconds, len(submissions)

    def insert_copies(self, run):
        """The same documents and events of history, made beforehand, by one insert_many a collection."""
        area = area_of(run, self.areas)
        copies = {document: list(copies_of(document, area)) for document in (SchoolRooms, Student)}
        events = [event_of(document, row) for document, rows in copies.items() for row in rows]
        with Stopwatch() as watch:
            for document, rows in copies.items():
                collection(document).insert_many(rows)
            collection(AuditEvent).insert_many(events)
        for document in copies:
            collection(document).delete_many(place_of(area) | {"round": COPIED})
        collection(AuditEvent).delete_many({"area_code": area})
        return watch.seconds, len(events)

    # ---- files ----

    def export_xlsxwriter(self, run):
        """XlsxWriter's own row loop over the stored dicts: as many columns, values as they are stored."""
        target = self.data / "files" / "plain.xlsx"
        with Stopwatch() as watch:
            book = xlsxwriter.Workbook(str(target), {"default_date_format": "dd/mm/yyyy"})
            sheet = book.add_worksheet()
            names = list(exported())
            sheet.write_row(0, 0, names)
            count = 0
            for count, row in enumerate(self._rows(run), 1):
                sheet.write_row(count, 0, [cell_of(row.get(name)) for name in names])
            book.close()
        target.unlink()
        return watch.seconds, count

    def export_flask_admin(self, run):
        """Stock Flask-Admin's own export of the area to XLSX: its filter, its view, tablib with openpyxl."""
        target, browser = self.data / "files" / "plain.xlsx", self.app.test_client()
        area = area_of(run, self.areas)
        with Stopwatch() as watch:
            answer = browser.get("/admin/pupils/export/xlsx/?" + self._filter("area_code", area))
            target.write_bytes(answer.get_data())
        rows = collection(Student).count_documents(place_of(area))
        if answer.status_code != 200 or target.stat().st_size < 50 * rows:
            raise RuntimeError(f"plain export: {answer.status_code}, {target.stat().st_size} bytes")
        target.unlink()
        return watch.seconds, rows

    def export_rust(self, run):
        """rustpy-xlsxwriter over the stored dicts: as many columns, values as they are stored."""
        target = self.data / "files" / "plain.xlsx"
        names = list(exported())
        with Stopwatch() as watch:
            rows = [{name: cell_of(row.get(name)) for name in names} for row in self._rows(run)]
            rustpy_xlsxwriter.write_worksheet(rows, str(target))
        target.unlink()
        return watch.seconds, len(rows)

    def _rows(self, run):
        found = collection(Student).find(place_of(area_of(run, self.areas)), dict.fromkeys(exported(), 1))
        return found.sort([("sort_key", 1), ("_id", 1)]).hint("area_order")

    def import_calamine(self, run):
        """Read the same file with python-calamine and insert the records and events that Khet makes of it, made
        beforehand: nothing checked, matched or worked out.
        """
        content = (self.data / "files" / "roster.xlsx").read_bytes()
        kept = {*OWN, *imported()}
        records = [
            {name: value for name, value in row.items() if name in kept or name == "_id"}
            for row in copies_of(Student, area_of(0, self.areas))
        ]
        events = [event_of(Student, row) for row in records]
        with Stopwatch() as watch:
            book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
            rows = book.get_sheet_by_index(0).to_python()[1:]
            collection(Student).insert_many(records)
            collection(AuditEvent).insert_many(events)
        area = {"area_code": area_of(0, self.areas)}
        collection(Student).delete_many(area | {"round": COPIED})
        collection(AuditEvent).delete_many(area | {"round": COPIED})
        return watch.seconds, len(rows)


def copies_of(document, area):
    """Yield an area's records as copies in the next round, with all that the door stores of one."""
    for row in collection(document).find(place_of(area)):
        yield row | {
            "_id": ObjectId(),
            "round": COPIED,
            "reviewed": False,
            "revision": 1,
            "history_hash": "0" * 64,
        }


def event_of(document, row):
    """The event of history of a copy, as large as the real one."""
    kept = ("area_code", "academic_year", "round", "school_code", "lineage")
    return {name: row[name] for name in kept} | {
        "_id": ObjectId(), "subject": row["_id"], "at": row["updated_at"], "actor": row["updated_by"],
        "actor_name": "ยกข้อมูลจากรอบก่อน", "action": "create", "changes": {}, "document": document.slug,
        "headline": document.headline(row), "number": 1, "acting_as": "system", "via": "carry_over",
        "reason": "ยกมาจากรอบ 2568-1 ตามคำสั่งของscripts/bench", "values_digest": "0" * 64, "hash": "0" * 64,
    }  # fmt: skip


def exported():
    """Names of as many stored fields as the export of the grid has columns."""
    from exports.workbooks.layouts import layout_of

    return (*OWN[:4], *declared(Student))[: len(layout_of(Student).written)]


def imported():
    """Names of the fields that a record has once the roster was imported: those of its columns, and what follows."""
    from exports.workbooks.layouts import layout_of

    fed = {name for column in layout_of(Student).written for name in column.fields}
    return {*fed, *DEFAULT_NO, "status", "id_type", "reg_postcode"}


def cell_of(value):
    """What a cell can hold of a stored value."""
    return ", ".join(value) if isinstance(value, list) else value


def posted(page):
    """What a browser would post of a page's form: {name: value or values}."""
    form = page[page.index('<form action="" method="POST"') :]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        if (name := attribute(tag, "name")) and 'type="checkbox"' not in tag:
            found[name] = attribute(tag, "value") or ""
        elif name and "checked" in tag:
            found[name] = attribute(tag, "value") or "y"
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.findall(r'<option selected value="([^"]*)"', body)
        found |= {name: chosen[0]} if chosen else {}
    return found | {
        n: unescape(v)
        for n, v in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s*(.*?)</textarea>', form, re.S)
    }


def attribute(tag, name):
    """The value of an attribute of a tag, None without it."""
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return unescape(found[1]) if found else None
