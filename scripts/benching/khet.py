"""Khet's side: whole requests through its WSGI application, and its own functions where a peer is a library."""

import secrets
import shutil
from contextlib import contextmanager
from itertools import islice

from bson import ObjectId
from itsdangerous import URLSafeTimedSerializer

from admin_app import create_app
from admin_app.config import Settings
from documents.background import job_runs, jobs
from documents.checking.checks import ERROR
from documents.checking.finding_answers import answer
from documents.checking.findings import OPEN, Finding, refresh_all
from documents.checking.likeness import likely_same
from documents.checking.resemblance import READ
from documents.checking.twofold import pairs_of
from documents.collecting.freezing import Freeze
from documents.collecting.locking import lock_round
from documents.collecting.rounds import Round, find_round
from documents.collecting.submissions import Submission, place_filter, prepare_submissions, submissions_of
from documents.database import ahead, collection
from documents.district.schools import School
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.people import sessions
from documents.people.users import User
from documents.records import listing
from documents.records.carrying import carry_over
from documents.records.record import Place, declared
from documents.records.writing import Change, write
from documents.trail import history
from exports.imports.importing import apply_plan, plan_file
from exports.workbooks.grid import around_of, projection_of, xlsx_of
from scripts.benching import records
from scripts.benching.clocked import (
    PAGE,
    Stopwatch,
    area_code,
    area_of,
    deep_rank,
    how_many_areas,
    place_of,
    pupils_of_the_largest,
    schools_of,
    term_of,
)

SECRET = secrets.token_urlsafe(32)
IMPORTED = "2"  # the round that files are read into
MOST = 60_000  # rows of a file
REASON = "วัดความเร็ว"


class Operations:
    """One method an operation; each gives (seconds, rows)."""

    def __init__(self, uri, data):
        self.data = data
        settings = Settings(
            mongodb_uri=uri,
            secret_key=SECRET,
            audit_key=secrets.token_bytes(32).hex().encode(),
            data=data,
            now=records.NOW,
            public_urls=("http://localhost",),
            env="test",
        )
        self.app = create_app(settings)
        self.areas = how_many_areas()
        self.schools = {}

    # ---- pages ----

    def page_first(self, run):
        """The first page of an area's round."""
        return self._page(run, "")

    def page_filtered(self, run):
        """The first page of one school."""
        return self._page(run, f"?school={self._school(run)}")

    def page_deep(self, run):
        """The page behind rank 47,500, asked for by the record before it."""
        area = area_of(run, self.areas)
        found = collection(Student).find(place_of(area), {"_id": 1}).sort([("sort_key", 1), ("_id", 1)])
        before = next(found.hint("area_order").skip(deep_rank(area) - 1).limit(1))
        return self._page(run, f"?after={before['_id']}")

    def search_round(self, run):
        """The first page of a search in an area's round."""
        return self._page(run, f"?search={term_of(area_of(run, self.areas))}")

    def _page(self, run, query):
        browser = self._signed_in("district", area_of(run, self.areas))
        with Stopwatch() as watch:
            answer = browser.get("/admin/students/" + query)
            page = answer.get_data(as_text=True)
        rows = page.count("<tr data-pk=")
        expect(answer.status_code == 200 and 0 < rows <= PAGE, f"{query}: {answer.status_code}, {rows} rows")
        return watch.seconds, rows

    def _school(self, run):
        area = area_of(run, self.areas)
        if area not in self.schools:
            self.schools[area] = schools_of(area)
        return self.schools[area][run % len(self.schools[area])]

    def _signed_in(self, role, area):
        """A browser of the bench's person of that role, as a sign-in would leave its cookie."""
        user = User.objects.get(fs_uniquifier=f"{role}.{area}")
        browser = self.app.test_client()
        began = sessions.begin(user, "127.0.0.1", "scripts/bench")
        with browser.session_transaction() as session:
            session.update(_user_id=user.fs_uniquifier, _fresh=True, sid=str(began.id), who=str(user.id))
            session["csrf_token"] = "bench"  # noqa: S105  signed below, as a page would
        return browser

    # ---- saving ----

    def save_form(self, run):
        """Post the whole form of a pupil with one value changed; the answer is a redirect."""
        stored = self._pupil(run)
        browser = self._signed_in("school", stored["area_code"])
        path = f"/admin/students/edit/?id={stored['_id']}"
        with self.app.test_request_context("/"):
            form = self._typed(stored) | {"travel_minutes": str(changed_minutes(stored))}
        form |= {"revision": str(stored["revision"]), "csrf_token": token("bench")}
        with Stopwatch() as watch:
            answer = browser.post(path, data=form)
        expect(answer.status_code in (302, 303), f"the form was answered {answer.status_code}")
        expect(revision_of(stored) == stored["revision"] + 1, "the form stored nothing")
        return watch.seconds, 1

    def _typed(self, stored):
        """A record as its form would post it."""
        from views.records.forms import form_class

        names = tuple(declared(Student))
        form = form_class(Student, names, ())(None, obj=Student._from_son(stored))
        return {
            name: form[name]._value() if hasattr(form[name], "_value") else form[name].data for name in names
        }

    def save_door(self, run):
        """One changed value through the door: read, guarded, recorded, stored."""
        stored = self._pupil(run)
        actor = User.objects.get(fs_uniquifier=f"school.{stored['area_code']}")
        values = {"travel_minutes": changed_minutes(stored)}
        change = Change(Student, Place.of(stored), values, id=stored["_id"], revision=stored["revision"])
        with Stopwatch() as watch:
            write([change], actor)
        return watch.seconds, 1

    def _pupil(self, run):
        return pupils_of_the_largest(area_of(run, self.areas), 1, skip=2 * run)[0]

    def bulk_save_1000(self, run):
        """A thousand pupils of one school changed by one call of the door."""
        area = area_of(run, self.areas)
        rows = pupils_of_the_largest(area, 1000)
        changes = [
            Change(
                Student,
                Place.of(row),
                {"travel_minutes": changed_minutes(row)},
                id=row["_id"],
                revision=row["revision"],
            )
            for row in rows
        ]
        actor = User.objects.get(fs_uniquifier=f"school.{area}")
        with Stopwatch() as watch:
            write(changes, actor)
        return watch.seconds, len(changes)

    # ---- the same learner ----

    def likely_same(self, run):
        """Look for a learner entered again: his name misspelt, day and month changed about, under a G-code."""
        stored = self._pupil(run)
        born = stored["birth_date"]
        again = {name: stored.get(name) for name in READ} | {
            "person_id": f"G68{run:010d}",
            "former_ids": None,
        }
        again["first_name"] = again["first_name"].replace("ณ", "น").replace("ิ", "ี")
        if born.day <= 12:
            again["birth_date"] = born.replace(month=born.day, day=born.month)
        with Stopwatch() as watch:
            found = likely_same(stored["area_code"], again)
        expect(any(one.id == stored["_id"] for one in found), f"{stored['_id']} was not found")
        return watch.seconds, len(found)

    def scan_duplicates(self, run):
        """Look through every pupil of every area for those who stand twice, as the areas' jobs do."""
        rounds = [
            find_round(area_code(n), records.SUBSYSTEM, records.YEAR, records.ROUND)
            for n in range(self.areas)
        ]
        with Stopwatch() as watch:
            sum(1 for each in rounds for _ in pairs_of(each))
        return watch.seconds, collection(Student).estimated_document_count()

    # ---- a round ----

    def lock_round(self, run):
        """Lock an area's round: every school sealed with the digest of its records. It is put back afterwards."""
        with self._verified(area_of(run, self.areas)) as (round_, actor):
            with Stopwatch() as watch:
                locked = lock_round(round_, actor, REASON)
            expect(locked.state == "locked", f"the round is {locked.state}")
            return watch.seconds, collection(Submission).count_documents({"area_code": round_.area_code})

    @contextmanager
    def _verified(self, area):
        """(an area's round, its schools all verified; who locks it); round and submissions are put back afterwards.

        What the background look finds within a minute of the last save is found, and the district has passed its errors.
        """
        round_ = find_round(area, records.SUBSYSTEM, records.YEAR, records.ROUND)
        kept = {
            document: list(collection(document).find({"area_code": area})) for document in (Round, Submission)
        }
        collection(Submission).update_many(
            place_of(area),
            {"$set": {"state": "verified", "verified_at": history.naive_now()}},
        )
        officer = User.objects.get(fs_uniquifier=f"district.{area}")
        several = list(submissions_of(round_))
        refresh_all(several)
        for each in several:
            wanted = place_filter(round_.subsystem, each) | {"state": OPEN, "level": ERROR}
            if errors := collection(Finding).distinct("_id", wanted):
                answer(each, errors, officer, REASON)
        yield round_, User.objects.get(fs_uniquifier=f"approver.{area}")
        for document, rows in kept.items():
            collection(document).delete_many({"area_code": area})
            collection(document).insert_many(rows)
        collection(Freeze).delete_many({"area_code": area})

    def carry_over(self, run):
        """Fill an area's empty round from the one before, as its job does; all of it is taken out afterwards."""
        round_ = self._empty_round(area_of(run, self.areas))
        with Stopwatch() as watch:
            done, _ = carry_over(round_, records.WRITER)
        expect(done["students", "carried"], f"{dict(done)} was carried over")
        self._take_out(round_)
        return watch.seconds, sum(done.values())

    # ---- files ----

    def export_50k(self, run):
        """An area's round as the grid exports it, from the first record read to the closed file."""
        area = area_of(run, self.areas)
        target = self.data / "files" / "khet.xlsx"
        with Stopwatch() as watch:
            rows = self._workbook(area, target)
        target.unlink()
        return watch.seconds, rows

    def _workbook(self, area, target, most=None):
        round_ = find_round(area, records.SUBSYSTEM, records.YEAR, records.ROUND)
        user = User.objects.get(fs_uniquifier=f"district.{area}")
        names = {each.code: each.name for each in School.objects(area_code=area).only("code", "name")}
        around = around_of(Student, round_, names, lambda field: True)
        wanted = listing.Wanted(Student, area, records.YEAR, records.ROUND)
        found = islice(ahead(listing.all_of(wanted, user, projection_of(Student))), most)
        made, rows = xlsx_of(Student, found, around, str(Student.label))
        with made, target.open("wb") as file:
            shutil.copyfileobj(made, file)
        return rows

    def package_50k(self, run):
        """The ministry package of an area's locked round, by its job."""
        with self._verified(area_of(run, self.areas)) as (round_, actor):
            round_ = lock_round(round_, actor, REASON)
            jobs.configure(lambda id_: None)  # no worker is waked: it is run here
            asked = {"round_id": str(round_.id)}
            job = jobs.ask("ministry_package", records.WRITER, round_.area_code, round_, arguments=asked)
            with Stopwatch() as watch:
                state = job_runs.run(job.id)
            expect(state == "done", f"the package: {state}")
            job.reload()
            jobs.delete_files(job.files)
            job.delete()
        return watch.seconds, job.result["noted"]["rows"]

    def import_50k(self, run):
        """Read the roster of an area into an empty round as its two jobs do: the plan, then the deed. It is emptied then."""
        return self._imported(self.roster())

    def import_20k(self, run):
        """The same of the roster's first 20,000 rows."""
        return self._imported(self.roster(most=20_000))

    def _imported(self, path):
        area = area_of(0, self.areas)
        user = User.objects.get(fs_uniquifier=f"district.{area}")
        round_ = self._empty_round(area)
        with path.open("rb") as file, Stopwatch() as watch:
            plan = plan_file(Student, file, "roster.xlsx", user, round_, max_rows=MOST)
            outcomes = apply_plan(plan.id, user, REASON, approved=True, partly=True)
        written = sum(one.written for one in outcomes)
        expect(written and not plan.counts()["errors"], f"{written} rows imported, {plan.counts()}")
        self._take_out(round_)
        return watch.seconds, written

    def roster(self, most=None):
        """The file that is imported, made once by the export of the first area; with `most`, of its first rows."""
        path = self.data / "files" / (f"roster-{most}.xlsx" if most else "roster.xlsx")
        if not path.exists():
            self._workbook(area_of(0, self.areas), path, most)
        return path

    def make_roster(self, run):
        """The files of `import_50k`, for the peer too, and `import_20k`."""
        self.roster()
        self.roster(most=20_000)
        return 0.0, 0

    def _empty_round(self, area):
        found = find_round(area, records.SUBSYSTEM, records.YEAR, IMPORTED)
        if found is None:
            found = find_round(area, records.SUBSYSTEM, records.YEAR, records.ROUND)
            found.id, found.code, found.title = ObjectId(), IMPORTED, "ภาคเรียนที่ 2"
            found.save(force_insert=True)
            prepare_submissions(found)
        return found

    def _take_out(self, round_):
        there = {"area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code}
        collection(Student).delete_many(there)
        collection(SchoolRooms).delete_many(there)
        collection(history.AuditEvent).delete_many(there)
        collection(Submission).delete_many(there)
        collection(Round).delete_one({"_id": round_.id})  # else pages would look at it from now on


def token(raw):
    """The token that pages of a session with this raw token carry."""
    return URLSafeTimedSerializer(SECRET, salt="wtf-csrf-token").dumps(raw)


def changed_minutes(stored):
    """Another travelling time than the stored one."""
    return (stored.get("travel_minutes") or 0) % 200 + 1


def revision_of(stored):
    """The record's revision now."""
    return collection(Student).find_one({"_id": stored["_id"]}, {"revision": 1})["revision"]


def expect(holds, otherwise):
    """Stop the bench where an operation did not do what is measured."""
    if not holds:
        raise RuntimeError(otherwise)
