"""Plain Flask-Admin over MongoEngine, as its manual shows it, tried on the traps; run as a program by test_stock.py.

It prints {trap: what happened} as JSON. A process of its own, so that its documents, which refer to one another, are
none of the product's.
"""

import json
import re
import sys
from contextlib import suppress

import mongoengine
import pymongo
from flask import Flask
from flask_admin import Admin
from flask_admin.contrib.mongoengine import ModelView
from flask_babel import Babel
from gridfs import GridFS
from mongoengine import Document, get_connection
from mongoengine.fields import Decimal128Field, IntField, ReferenceField, StringField
from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.monitoring import CommandListener


class School(Document):
    """A school."""

    name = StringField()
    meta = {"collection": "stock_schools"}

    def __str__(self):
        return self.name


class Pupil(Document):
    """A pupil of a school, with a state that the form must not set."""

    name = StringField()
    room = IntField()
    state = StringField()
    score = Decimal128Field()
    school = ReferenceField(School)
    meta = {"collection": "stock_pupils"}


class Finds(CommandListener):
    """Counts what is asked of the database, and keeps the questions."""

    number = 0
    commands = ()

    def started(self, event):
        """One more."""
        self.number += event.command_name == "find"
        self.commands = [*self.commands, str(event.command)]

    def succeeded(self, event):
        """Nothing."""

    def failed(self, event):
        """Nothing."""


IGNORING_CASE = re.compile(r"\$options': 'i'|IGNORECASE|Regex\('[^']*', 2\)")
OWN, OTHER = "stock own", "stock other"


class PupilView(ModelView):
    """The pupils of one's own school, scoped as the manual says; editable in the list."""

    column_editable_list = ("room",)
    column_searchable_list = ("name",)
    form_ajax_refs = {"school": {"fields": ["name"]}}
    can_export = True

    def get_query(self):
        """The scope."""
        return Pupil.objects(school__in=School.objects(name=OWN))


class Looking(ModelView):
    """Shows, and lets nobody edit."""

    can_edit = False
    column_editable_list = ("room",)


class BySchool(ModelView):
    """Is searched by a reference."""

    column_searchable_list = ("school",)


class Listing(ModelView):
    """Shows each pupil's school, on the page and in its file."""

    can_export = True
    column_list = ("name", "school")


class Broken(ModelView):
    """Has a fault of its own."""

    def get_list(self, *given, **named):
        """The fault."""
        raise TypeError("the true fault")


def main(uri):
    """Try every trap and print what happened."""
    finds = Finds()
    mongoengine.connect(host=uri, event_listeners=[finds])
    for document in (School, Pupil):
        document.objects.delete()
    told = dict(in_transactions(uri))
    app = Flask(__name__)
    app.config.update(SECRET_KEY="stock", PROPAGATE_EXCEPTIONS=False)
    app.logger.disabled = True
    Babel(app)
    admin = Admin(app, name="stock")
    for number, kind in enumerate((PupilView, Looking, Broken, BySchool, Listing)):
        admin.add_view(kind(Pupil, name=kind.__name__, endpoint=f"stock{number}", url=f"/{kind.__name__}"))
    print(json.dumps(told | dict(tried(app, admin, finds))))
    for document in (School, Pupil):
        document.objects.delete()


def tried(app, admin, finds):
    """Yield (trap, what happened)."""
    browser = app.test_client()
    own, other = School(name=OWN).save(), School(name=OTHER).save()

    def theirs():
        return Pupil(name="theirs", room=1, state="draft", school=other).save()

    def mine(**more):
        return Pupil(**{"name": "mine", "room": 1, "state": "draft", "school": own} | more).save()

    row = theirs()
    browser.post("/PupilView/action/", data={"action": "delete", "rowid": [str(row.id)]})
    yield "T1 another's row removed in bulk", Pupil.objects(id=row.id).first() is None
    browser.post("/PupilView/new/", data={"name": "planted", "school": str(other.id)})
    yield "T2 a record put into another school", Pupil.objects(name="planted", school=other).count() == 1
    yield "T3 look-up of a reference", browser.get("/PupilView/ajax/lookup/?name=school&query=s").status_code
    row = mine()
    browser.post("/PupilView/ajax/update/", data={"list_form_pk": str(row.id), "room": "7"})
    yield "T7 and T35 a cell changed without token or revision", Pupil.objects.get(id=row.id).room == 7
    browser.post("/Looking/ajax/update/", data={"list_form_pk": str(row.id), "room": "8"})
    yield "T8 a cell changed where editing is off", Pupil.objects.get(id=row.id).room == 8
    stale = {"name": "mine", "room": "1", "school": str(own.id)}
    Pupil.objects(id=row.id).update(room=5)  # somebody saved meanwhile
    browser.post(f"/PupilView/edit/?id={row.id}", data=stale)
    yield "T9 an earlier save put back", Pupil.objects.get(id=row.id).room == 1
    browser.post(f"/PupilView/edit/?id={row.id}", data=stale | {"state": "approved"})
    yield "T10 the state set by a form", Pupil.objects.get(id=row.id).state == "approved"
    yield "T4 a search by a reference", browser.get("/BySchool/?search=x").status_code
    file = GridFS(School._get_db(), "fs").put(b"<script>alert(1)</script>", content_type="text/html")
    answer = browser.get(f"/Looking/api/file/?id={file}&coll=fs")
    yield "T11 any stored file, as the page it says it is", (answer.status_code, answer.mimetype)
    yield "T18 a NUL in the search", browser.get("/PupilView/?search=%00").status_code
    yield "T18 a negative page", browser.get("/PupilView/?page=-1").status_code
    form = browser.get("/PupilView/new/").text
    yield "T22 a field that is not in the form", 'name="name"' in form and 'name="score"' not in form
    for _ in range(12):
        mine(name="=1+1")
    finds.number = 0
    browser.get("/PupilView/")
    yield "T15 finds for a page of thirteen", finds.number > 12
    file = browser.get("/PupilView/export/csv/").text
    yield "T17 a formula in a cell", "=1+1" in file.replace("\n", ",").split(",")
    yield from asked_of_the_database(browser, finds)
    page = browser.get("/PupilView/").text
    yield "T33 handlers that a strict policy forbids", "javascript:" in page or "onclick=" in page
    yield "T19 a flash where Babel was not set up", page_without_babel()
    yield "T21 English on a Thai reader's page", "Save" in thai_page()
    yield "T31 a second attempt stores nothing", aborted_and_saved_again(own)
    gone = Pupil.objects.get(id=mine().id)
    Pupil.objects(id=gone.id).delete()
    gone.room = 9
    gone.save()
    yield "T34 a ghost of a removed record", Pupil.objects(id=gone.id).count() == 1
    app.config["PROPAGATE_EXCEPTIONS"] = True
    yield "T20 what a fault is told as", told_by(lambda: browser.get("/Broken/"))
    yield (
        "T37 a view after the first request",
        told_by(lambda: admin.add_view(Looking(Pupil, endpoint="late"))),
    )
    app.config["PROPAGATE_EXCEPTIONS"] = False
    Pupil._get_collection().update_one({"_id": row.id}, {"$set": {"of_next_year": 1}})
    yield "T6 a field of another version", browser.get("/PupilView/").status_code
    Pupil._get_collection().update_one({"_id": row.id}, {"$unset": {"of_next_year": 1}})
    School._get_collection().delete_one({"_id": other.id})
    yield "T5 a school that is gone", browser.get("/Looking/").status_code


def asked_of_the_database(browser, finds):
    """Yield the traps of speed: what a page, a search and a file make the database do."""
    finds.commands = ()
    browser.get("/PupilView/?page=1")
    yield (
        "T12 a count of all there is, on every page",
        any("'$sum'" in c or "'count':" in c for c in finds.commands),
    )
    yield "T13 rows skipped to reach a page", any("'skip': 20" in c for c in finds.commands)
    finds.commands = ()
    browser.get("/PupilView/?search=min")
    yield (
        "T14 a search by a pattern of any case",
        any("min" in c and IGNORING_CASE.search(c) for c in finds.commands),
    )
    finds.number = 0
    assert browser.get("/Listing/export/csv/").text  # read to its end: rows are asked for on the way out
    yield "T16 a find for every row of a file", finds.number > Pupil.objects.count() / 2


def page_without_babel():
    """The status of a form's answer in an application that has flask-babel installed and not set up."""
    bare = Flask("bare")
    bare.config.update(SECRET_KEY="stock", PROPAGATE_EXCEPTIONS=False)
    bare.logger.disabled = True
    Admin(bare, name="bare").add_view(ModelView(School, endpoint="bare", url="/bare"))
    return bare.test_client().post("/bare/new/", data={"name": "flashes"}).status_code


def thai_page():
    """A form as a Thai reader gets it."""
    app = Flask("thai")
    app.config.update(SECRET_KEY="stock")
    Babel(app, locale_selector=lambda: "th")
    Admin(app, name="thai").add_view(ModelView(School, endpoint="thai", url="/thai"))
    return app.test_client().get("/thai/new/").text


def in_transactions(uri):
    """Yield the traps of transactions: a concern on the URI, and a duplicate key."""
    with pymongo.MongoClient(uri + ("&" if "?" in uri else "?") + "w=majority") as client:
        rows = client.get_default_database()["stock_pupils"]
        yield "T32 a write concern on the URI", refused(client, lambda: rows.insert_one({"name": "x"}))
    with pymongo.MongoClient(uri) as client:
        rows = client.get_default_database()["stock_pupils"]
        rows.insert_one({"_id": "twice"})

        def double_and_go_on():
            with suppress(DuplicateKeyError):
                rows.insert_one({"_id": "twice"})
            rows.insert_one({"name": "another"})

        yield "T36 a duplicate key ends the whole transaction", refused(client, double_and_go_on)
        rows.delete_many({})


def refused(client, deed):
    """Whether a deed within a transaction fails."""
    with client.start_session() as session, session.bind(end_session=False):
        session.start_transaction()
        try:
            deed()
        except PyMongoError:
            return True
        finally:
            session.abort_transaction()
    return False


def aborted_and_saved_again(school):
    """Whether an object that was saved in an aborted attempt is lost when it is saved again."""
    pupil = Pupil.objects.get(id=Pupil(name="twice", room=1, school=school).save().id)
    with get_connection().start_session() as session, session.bind(end_session=False):
        session.start_transaction()
        pupil.room = 2
        pupil.save()
        session.abort_transaction()
    pupil.save()
    return Pupil.objects.get(id=pupil.id).room == 1


def told_by(deed):
    """The sentence of the fault that a deed ends in, '' for none."""
    try:
        deed()
    except (TypeError, AssertionError) as fault:
        return str(fault).partition("\n")[0]
    return ""


if __name__ == "__main__":
    main(sys.argv[1])
