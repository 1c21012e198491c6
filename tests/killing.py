"""A running product whose work is cut by kill -9: who works there, what is killed when, and what must hold afterwards.

`Office` fills a product of scripts/start with an area of SCHOOLS schools and works in it as its people do, over HTTP. One
year goes from round to round: a round is opened and filled from the last, its roster imported, its files taken out, and it
is locked. `Cut` kills one part at a moment drawn by chance. `Office.wrong` says what is not as it must be.
"""

import csv
import datetime as dt
import io
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from contextlib import suppress

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from documents.background import job_runs
from documents.background.jobs import UNFINISHED, Job
from documents.collecting import round_moves
from documents.collecting.freezing import Freeze, freeze_of
from documents.collecting.rounds import Round, Window
from documents.collecting.submissions import SEALED, submissions_of
from documents.database import at_one_moment, collection, connect, db, ensure_indexes
from documents.dmc.students import Student
from documents.records.completeness import counts_of
from documents.records.digests import digest_of
from documents.records.imports import Import, ImportLinks
from documents.trail import history, verifying
from exports.imports.stored_plans import StoredPlan, StoredRows
from exports.reading.reading import read_table
from exports.workbooks.columns import Surroundings
from exports.workbooks.layouts import layout_of
from scripts.embedded import EmbeddedMongo
from tests.districts import add_schools, bring, code_of
from tests.people import AREA, NOON, SCHOOL, YEAR, person, utc
from tests.product import processes
from tests.pupils import pupil
from tests.visitor import Visitor
from tests.web import PASSWORD, with_password

SCHOOLS, PUPILS_EACH = 42, 75  # just over the 3,000 rows from which a file is made by a job
EMPTY = range(SCHOOLS + 1, SCHOOLS + 4)  # more schools, which have no pupils, say so and are verified
TRIES = 4  # a person asks again for what ended with a sentence
LONGEST = 240  # seconds until all is well again and a job has ended, on a busy machine
SOON = 0.3  # seconds
DAYS = {"birth_date": dt.datetime(2015, 6, 10), "admission_date": dt.datetime(2022, 5, 16)}  # noqa: DTZ001
THAI = re.compile(r"[ก-๙]{4,}")
PARTS = {"worker": "admin_app.worker", "web server": "gunicorn", "mongod": "mongod "}


class Cut:
    """One kill -9: `victim` at a moment of the work, drawn by `chance`: as it is asked for, or at a share of its progress."""

    def __init__(self, product, victim, chance):
        self.product, self.victim = product, victim
        self.share = chance.uniform(-0.25, 1.0)
        self.pause = chance.uniform(0, SOON)
        self.one_of_many = chance.random() < 0.5  # of a server's processes; else all at once
        self.chance, self.killed = chance, []

    def __str__(self):
        when = "as it is asked for" if self.share < 0 else f"at {self.share:.0%}"
        return f"{self.victim} {when} + {self.pause:.2f} s"

    def begin(self, kind):
        """Watch from now on for the job of this kind that comes, and strike at its moment."""
        self.thread = threading.Thread(target=self._strike, args=(kind, jobs_now()), daemon=True)
        self.thread.start()

    def _strike(self, kind, since):
        with MongoClient(EmbeddedMongo(self.product.data).uri_of_running()) as client:
            until = time.monotonic() + LONGEST
            while self.share >= 0 and time.monotonic() < until:
                asked = {"area_code": AREA, "kind": kind, "_id": {"$nin": since}}
                job = client.khet.jobs.find_one(asked, {"state": 1, "done": 1, "total": 1})
                if job and (
                    job["state"] not in UNFINISHED or job["done"] >= self.share * (job["total"] or 1e9)
                ):
                    break
                time.sleep(0.01)
        time.sleep(self.pause)
        self._kill()

    def _kill(self):
        mark = PARTS[self.victim]
        pids = sorted(
            pid
            for pid, line in processes(self.product.data)
            if mark in line and "scripts.serve" not in line and "scripts/start" not in line
        )
        assert pids, f"no {self.victim} runs"
        if self.one_of_many:
            pids = [self.chance.choice(pids)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.killed = pids

    def finish(self):
        """Wait until it struck and the dead are gone."""
        self.thread.join(LONGEST)
        assert self.killed, self
        until = time.monotonic() + LONGEST
        while {pid for pid, _ in processes(self.product.data)} & set(self.killed):
            assert time.monotonic() < until
            time.sleep(0.02)


class Teacher(threading.Thread):
    """A teacher who changes his pupils' weights, one after another, and remembers what was acknowledged."""

    def __init__(self, visitor):
        super().__init__(daemon=True)
        self.visitor, self.stopped, self.rests = visitor, threading.Event(), threading.Lock()
        self.ids, self.acknowledged, self.tried, self.faults = [], {}, {}, []
        self.weights = iter(range(10**6))

    def run(self):
        """Until stopped; whoever holds `rests` may be sure that nothing is written."""
        while not self.stopped.wait(0.05):
            with self.rests:
                try:
                    if self.ids:
                        self._change(random.choice(self.ids))  # noqa: S311
                except PyMongoError:
                    continue
                except BaseException as fault:
                    self.faults.append(repr(fault))
                    raise

    def _change(self, id_):
        record = collection(Student).find_one({"_id": id_}, {"revision": 1})
        weight = f"{20 + next(self.weights) % 300 / 10:.1f}"
        self.tried.setdefault(id_, []).append(float(weight))
        form = {"pk": str(id_), "name": "weight_kg", "value": weight, "revision": record["revision"]}
        answer = self.visitor.post("/admin/students/ajax/update/", form)
        if answer.status == 200:
            self.acknowledged[id_] = float(weight)
            self.tried[id_] = []
        elif answer.status not in (0, 403, 409, 422, 429, 503):
            self.faults.append(f"{answer.status} {answer.text[:300]}")

    def lost(self):
        """Ids of pupils that hold neither what was acknowledged last nor what was tried since."""
        rows = {
            row["_id"]: row.get("weight_kg")
            for row in collection(Student).find({"_id": {"$in": list(self.acknowledged)}})
        }
        return [
            id_
            for id_, weight in self.acknowledged.items()
            if rows.get(id_) != weight and rows.get(id_) not in self.tried.get(id_, ())
        ]


class Office:
    """The area in a running product, and its people at work."""

    def __init__(self, product, folder):
        self.product, self.temporary = product, folder
        self.address = f"http://127.0.0.1:{product.port}"
        connect(EmbeddedMongo(product.data).uri_of_running(), serverSelectionTimeoutMS=5000)
        history.configure((product.data / "secrets" / "audit.key").read_bytes().strip())
        ensure_indexes()
        self.people = self._people()
        self.visitors = {
            name: Visitor(self.address).sign_in(one.email, PASSWORD)
            for name, one in self.people.items()
            if name != "executive"
        }
        self.teacher = Teacher(self.visitors["teacher"])
        self.teacher.start()
        self.number, self.round, self.seen = 0, None, []

    def _people(self):
        from documents.district.schools import Area, School

        Area(code=AREA, name="สพป. ทดสอบ เขต 1", province="34").save()
        for number, name in ((1, "บ้านหนึ่ง"), (2, "บ้านสอง")):
            School(
                area_code=AREA,
                code=code_of(number),
                name=name,
                cluster="กลุ่มหนึ่ง",
                grade_from="01",
                grade_to="09",
            ).save()
        add_schools(EMPTY[-1])
        return {
            "teacher": with_password(person("teacher", "school", SCHOOL)),
            "officer": with_password(person("officer", "district", sensitive=True)),
            "approver": with_password(person("approver", "approver", sensitive=True)),
            "executive": person("executive", "executive"),
        }

    # ---- the work, each as (kind of its job, what a person presses) ----

    def next_round(self):
        """Propose the next round of the year; the approver opens it."""
        self.number += 1
        windows = [
            Window(step=step, opens_at=utc(1), closes_at=utc(15, 16, 30))
            for step in ("enter", "certify", "verify")
        ]
        draft = Round(area_code=AREA, subsystem="DMC", academic_year=YEAR, code=f"{self.number:03}", title="ภาคเรียน",
                      as_of=utc(10), windows=windows).save()  # fmt: skip
        proposed = round_moves.propose(draft, self.people["officer"], "ขอเปิดรอบ")
        self.round = round_moves.record_order(proposed, self.people["executive"], "1", utc(1), "ดำเนินการ")

    def open_first(self):
        """The first round, which nothing can be carried over to."""
        self.next_round()
        self.round = round_moves.open_round(self.round, self.people["approver"])

    def carry(self):
        """Open the round and fill it from the last."""
        visitor, here = self.visitors["approver"], f"/admin/rounds/carry/?id={self.round.id}"
        page = visitor.get(here)
        form = {"id": str(self.round.id), "revision": hidden(page, "revision"), "carry": "1"}
        return visitor.post("/admin/rounds/carry/", form) if page.status == 200 else page

    def plan(self):
        """Let the roster be read."""
        visitor, chosen = self.visitors["officer"], self.choose("officer")
        if not chosen.acknowledged:  # his pages still show the round before
            return chosen
        visitor.get("/admin/students/import/")
        return visitor.post("/admin/students/import/", {"blanks": "keep"}, ("ทั้งเขต.csv", self.roster()))

    def deed(self):
        """Write what was planned."""
        visitor = self.visitors["officer"]
        page = visitor.get(f"/admin/students/import/plan/?id={self.planned}")
        form = {"id": self.planned, "reason": "ตามทะเบียนของเขต", "approved": "1", "partly": "1"}
        return visitor.post("/admin/students/import/apply/", form) if page.status == 200 else page

    def grid(self):
        """Take out the grid's rows."""
        chosen = self.choose("officer")
        if not chosen.acknowledged:
            return chosen
        return self.visitors["officer"].get("/admin/students/export/csv/")

    def workbook(self):
        """Take out the round's workbook."""
        return self.visitors["officer"].get(f"/admin/rounds/export/xlsx/?id={self.round.id}&what=workbook")

    def lock(self):
        """Lock the round; the schools that did not report are closed."""
        visitor, here = self.visitors["approver"], f"/admin/rounds/lock/?id={self.round.id}"
        page = visitor.get(here)
        form = {"id": str(self.round.id), "counted": hidden(page, "counted"), "reason": "ไม่รายงานภายในกำหนด"}
        return visitor.post("/admin/rounds/lock/", form) if page.status == 200 else page

    KINDS = {"carry": "carry_over", "plan": "plan_import", "deed": "apply_import", "grid": "grid_file",
             "workbook": "round_file", "lock": "lock_round"}  # fmt: skip

    def do(self, name, cut=None):
        """Do a piece of work to its end, whatever is killed meanwhile; gives its Job."""
        began = time.monotonic()
        if cut:
            cut.begin(self.KINDS[name])
        job = self._to_its_end(name, cut)
        told = f"{cut or 'in peace'}, {time.monotonic() - began:.1f} s, runs {job.runs}"
        print(f"round {self.number} {name}: {told}", flush=True)
        if name == "plan":
            self.planned = job.result["plan"]
        return job

    def _to_its_end(self, name, cut):
        kind, struck = self.KINDS[name], False
        for _ in range(TRIES):
            since, answer = self._pressed(name)
            job = self._ended(kind, since, None if struck else cut)
            if not struck and cut:
                cut.finish()
                self.seen += self.partial_schools()
                self.wait_until_well()
                struck, job = True, self._ended(kind, since, None)
            if job and job.state == "done":
                return job
            if job:
                assert (job.state, bool(THAI.search(job.failure or ""))) == ("failed", True), (
                    job.state,
                    job.failure,
                )
            else:  # the press itself broke: nothing was promised
                assert answer.status in (0, 503), (name, str(cut), answer.status, answer.text[:2000])
        raise AssertionError(f"{name} was asked for {TRIES} times and was never done: {job and job.failure}")

    def _pressed(self, name):
        """(The ids of the jobs before, the answer); what this process itself looks up waits for a database that was killed."""
        while True:
            try:
                return jobs_now(), getattr(self, name)()
            except PyMongoError:
                self.wait_until_well()

    def _ended(self, kind, since, cut):
        """The Job of the kind that came `since` once it ended, None where there is none; with a `cut`, as soon as that struck."""
        until = time.monotonic() + LONGEST
        while time.monotonic() < until:
            with suppress(PyMongoError):
                asked = {"area_code": AREA, "kind": kind, "_id": {"$nin": since}}
                job = Job.objects(__raw__=asked).first()
                if job is None and not (cut and cut.thread.is_alive()):
                    return None
                if job and job.finished:
                    return job
            if cut and not cut.thread.is_alive():
                return None
            time.sleep(0.05)
        raise AssertionError(f"{kind} did not end within {LONGEST} s: {job and job.to_mongo()}")

    def choose(self, who):
        """Look at the office's round from now on."""
        return self.visitors[who].get(f"/admin/choose/?round={self.round.id}")

    def wait_until_well(self):
        """Return once every part answers; all of it starts again by itself."""
        until = time.monotonic() + LONGEST
        while self.product.health()[0] != 200:
            assert self.product.process.poll() is None, self.product.printed
            assert time.monotonic() < until, self.product.printed
            time.sleep(0.05)

    def stop(self):
        """Let the teacher go home."""
        self.teacher.stopped.set()
        self.teacher.join(30)

    # ---- what is in the roster ----

    @property
    def imported(self):
        """The schools of the file: at first all, later all but the teacher's, whose pupils he changes himself."""
        return [code_of(number) for number in range(1 if self.number == 1 else 2, SCHOOLS + 1)]

    def roster(self):
        """The ministry's roster of this round as CSV: at first new pupils, later every one of them in another room."""
        layout = layout_of(Student)
        if self.number == 1 and not hasattr(self, "pupils"):
            self.pupils = [
                pupil(**DAYS) | {"school_code": code} for code in self.imported for _ in range(PUPILS_EACH)
            ]
        names = {code: code for code in self.imported}
        writers = layout.writers(Surroundings(self.round, names))
        rows = [row | {"room": self.number} for row in self.pupils if row["school_code"] in names]
        text = io.StringIO()
        out = csv.writer(text)
        out.writerow([column.label for column in layout.written])
        out.writerows([write(row) for write in writers] for row in rows)
        return text.getvalue().encode("utf-8-sig")

    def begin_editing(self):
        """From now on the teacher changes his pupils of this round."""
        assert self.choose("teacher").acknowledged
        where = {"area_code": AREA, "academic_year": YEAR, "round": self.round.code, "school_code": SCHOOL}
        self.teacher.ids = [row["_id"] for row in collection(Student).find(where, {"_id": 1})]

    def verify_some(self):
        """The schools without pupils report that, and are verified before the lock."""
        for number in EMPTY:
            one = submissions_of(self.round).filter(school_code=code_of(number)).get()
            bring(one, "confirm", "certify", "verify")

    # ---- what must hold ----

    def wrong(self, with_history):
        """Sentences of what is not as it must be, `with_history` read through from end to end."""
        self.round = Round.objects.get(id=self.round.id)
        with self.teacher.rests:
            return [*self._wrong(), *(verifying.verify(AREA) if with_history else ())]

    def _wrong(self):
        return [
            *self.seen,
            *self._counters(),
            *self._schools(),
            *self._locks(),
            *self._files(),
            *self._held(),
            *(f"an acknowledged write is gone: {id_}" for id_ in self.teacher.lost()),
            *self.teacher.faults,
        ]

    def partial_schools(self):
        """Schools of which a part is written, at one moment: of the import, and of the carry-over."""
        with suppress(PyMongoError):  # it may be the database that was killed
            return at_one_moment(lambda: list(self._schools()))
        return []

    def _counters(self):
        for one in submissions_of(self.round):
            counted = counts_of(one)
            if any(counted.get(name, 0) != one.counts.get(name, 0) for name in {*counted, *one.counts}):
                yield f"{one}: counters {one.counts}, records {counted}"

    def _schools(self):
        where = {"area_code": AREA, "academic_year": YEAR, "round": self.round.code}
        asked = {"school": "$school_code", "room": "$room"}
        rooms = {}
        for row in collection(Student).aggregate(
            [{"$match": where}, {"$group": {"_id": asked, "number": {"$sum": 1}}}]
        ):
            rooms.setdefault(row["_id"]["school"], Counter())[row["_id"].get("room")] = row["number"]
        imports = collection(Import).find(where | {"document": "students"})
        noted = {code: row["_id"] for row in imports for code in row["schools"]}
        for one in submissions_of(self.round):
            found, code = rooms.get(one.school_code, Counter()), one.school_code
            if len(found) > 1 or sum(found.values()) not in (0, PUPILS_EACH):
                yield f"{code}: a part of a school {dict(found)}"
            if self.number > 1 and code not in map(code_of, EMPTY) and bool(one.carried) != bool(found):
                yield f"{code}: carried {one.carried}, records {dict(found)}"
            if (self.number in found) != (code in noted):
                yield f"{code}: import noted {code in noted}, records {dict(found)}"
        for code, id_ in noted.items():
            parts = collection(ImportLinks).find({"area_code": AREA, "import_id": id_, "school_code": code})
            if sum(len(part["links"]) for part in parts) != PUPILS_EACH:
                yield f"{code}: the way back knows another number of records"
        twice = [
            {"$match": where},
            {"$group": {"_id": "$lineage", "n": {"$sum": 1}}},
            {"$match": {"n": {"$gt": 1}}},
        ]
        yield from (f"twice in the round: {row['_id']}" for row in collection(Student).aggregate(twice))

    def _locks(self):
        if self.round.state == "closing":
            yield "the round is closing for ever"
        if self.round.state != "locked":
            return
        freeze = freeze_of(self.round)
        if self.round.root_hash != freeze.root_hash:
            yield "the round's root hash is not that of what was frozen"
        if (
            collection(Freeze).count_documents(
                {"area_code": AREA, "academic_year": YEAR, "round": self.round.code}
            )
            != 1
        ):
            yield "more than one freeze"
        for one in submissions_of(self.round):
            sealed = sum(row["name"] in ("lock", "close") for row in one.moves)
            if one.state not in SEALED or sealed != 1 or one.digest != digest_of(one):
                yield f"{one}: {one.state}, sealed {sealed} times"

    def _files(self):
        jobs = list(Job.objects)
        known = {id_ for job in jobs for id_ in job.files}
        stored_ids = set(db()["job_files.files"].distinct("_id")) | set(
            db()["job_files.chunks"].distinct("files_id")
        )
        yield from (f"a file that no job knows: {id_}" for id_ in stored_ids - known)
        for job in jobs:
            results = set(job.files) & stored_ids - {job.input_id}
            if job.finished and results != ({job.result_id} if job.result_id else set()):
                yield f"{job.kind} {job.state}: files {results}, its result is {job.result_id}"
        parts = set(collection(StoredRows).distinct("plan")) - set(collection(StoredPlan).distinct("_id"))
        yield from (f"rows of a plan that is not there: {id_}" for id_ in parts)
        yield from (f"a temporary file: {path}" for path in self.temporary.rglob("*") if path.is_file())

    def _held(self):
        for job in Job.objects:
            if not job.finished or job.alone:
                yield f"{job.kind} is {job.state}, held alone {job.alone}"
        for plan in collection(StoredPlan).find({}, {"state": 1}):
            if plan["state"] in ("reading", "applying"):
                yield f"a plan is {plan['state']} for ever"

    def run_again(self, job):
        """Run the same job a second time, as a message that came twice would: nothing happens."""
        with self.teacher.rests:
            before = db().audit_events.count_documents({})
            assert job_runs.run(job.id) is None
            assert db().audit_events.count_documents({}) == before

    def result_of(self, job):
        """The bytes of a job's file, as its owner fetches it; once more where nobody answers.

        The workers of a web server that was killed answer for a moment longer, and so does its health.
        """
        while not (answer := self.visitors["officer"].get(f"/admin/jobs/result/?id={job.id}")).status:
            self.wait_until_well()
        assert answer.status == 200, answer.text[:500]
        return answer.body


def hidden(page, name):
    """The value of a page's hidden field, empty without one."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    return found[1] if found else ""


def jobs_now():
    """The ids of all jobs there are."""
    return collection(Job).distinct("_id")


def rows_of_workbook(content, labels):
    """How many rows the first sheet that has these columns holds."""
    return len(list(read_table(content, "x.xlsx", labels).rows))


START = {"KHET_NOW": NOON, "KHET_TWO_STEP": "offered"}
