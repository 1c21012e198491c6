"""Running jobs: one claim a run, a lease that says it is alive, progress as it goes, and what was lost queued again."""

import logging
import threading
import time
from datetime import timedelta

from mongoengine import Document
from mongoengine.fields import DateTimeField, IntField, StringField
from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from documents.background import liveness
from documents.background.jobs import (
    KINDS,
    LINES_OF_LOG,
    MESSAGE_LOST_AFTER,
    UNFINISHED,
    Job,
    delete_files,
    files,
    queue,
    rights_in,
)
from documents.clock import naive, real_now
from documents.database import collection, is_loss
from documents.district.schools import Area
from documents.errors import NoRoom, RuleBroken, TotalsDiffer, is_full
from documents.notifying import notice_rules
from documents.people.retention import note_erased
from documents.records.codelists import of_area
from documents.trail import refusals
from documents.trail.history import naive_now

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)
RENEWED_EVERY = 5  # seconds
WRITTEN_EVERY = 0.4  # seconds between two writes of the count
MOST_ATTEMPTS = 3
FAULT = "เกิดข้อผิดพลาดในระบบ กรุณาลองอีกครั้ง หากยังพบ แจ้งผู้ดูแลระบบพร้อมเวลาที่เกิด"
GIVEN_UP = f"งานนี้ถูกขัดจังหวะ {MOST_ATTEMPTS} ครั้ง จึงหยุดไว้ กรุณาลองอีกครั้งหรือแจ้งผู้ดูแลระบบ"
ARRIVED_HALF = "ไฟล์ที่ส่งมากับงานนี้มาไม่ครบ จึงยังไม่ได้เริ่มงาน กรุณาส่งไฟล์ใหม่อีกครั้ง"
UNKNOWN = "ระบบรุ่นนี้ไม่รู้จักงานชนิดนี้ กรุณาสั่งงานใหม่"

# Set when the worker is told to end: jobs stop at their next step and wait again.
stopping = threading.Event()
active = set()  # the ids of the jobs that run in this process
# (id, run) of the jobs that lost the database in this process: to be run again once it is back.
dropped = set()


class Cancelled(BaseException):
    """The owner stopped the job; not an error, so nothing that handles errors may catch it."""


class Interrupted(BaseException):
    """The worker ends, or another one took the job over; not an error either."""


class Worker(Document):
    """One worker process: its lease says that it is alive."""

    name = StringField(primary_key=True, max_length=200)
    pid = IntField()
    since = DateTimeField()
    lease_until = DateTimeField(required=True)

    meta = {
        "collection": "workers",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["lease_until"], "expireAfterSeconds": 24 * 3600}],
    }


def beat(name, pid, lease):
    """Say that a worker is alive for `lease` seconds from now."""
    now = real_now()
    alive = {
        "$set": {"lease_until": now + timedelta(seconds=lease), "pid": pid},
        "$setOnInsert": {"since": now},
    }
    collection(Worker).update_one({"_id": name}, alive, upsert=True)


def leave(name):
    """Take back a worker's lease: it ends."""
    collection(Worker).delete_one({"_id": name})


def is_any_alive():
    """Whether a worker is alive."""
    return collection(Worker).find_one({"lease_until": {"$gt": real_now()}}, {"_id": 1}) is not None


# ---- one run ----


def run(job_id):
    """Run a job that waits, or whose last run died, as its owner is now; gives its state, None if it was not to be run.

    A rule's refusal is stored as it is said. Any other fault is stored as a sentence and raised on: it stays loud.
    """
    job = None if stopping.is_set() else _claimed(job_id)
    if job is None:
        return None
    with _Run(job) as this:
        if job.kind not in KINDS:
            raise RuleBroken(UNKNOWN)
        job.actor = job.owner_now()
        this.keep(rights=[] if job.actor.is_system else rights_in(job.actor, job.area_code))
        with of_area(job.area_code):
            this.result = KINDS[job.kind].work(job, this, **job.arguments) or {}
    return job.state


def _claimed(job_id):
    """The job, marked running by one conditional update, or None."""
    now = real_now()
    found = collection(Job).find_one_and_update(
        {
            "_id": job_id,
            "attempts": {"$lt": MOST_ATTEMPTS},
            "$or": [{"state": "waiting"}, {"state": "running", "lease_until": {"$lt": now}}],
        },
        {
            "$set": {
                "state": "running",
                "lease_until": now + LEASE,
                "started_at": naive_now(),
                "done": 0,
                "total": 0,
                "runner": liveness.this_process() or {},
            },
            "$inc": {"attempts": 1, "runs": 1},
        },
        return_document=ReturnDocument.AFTER,
    )
    return Job._from_son(found) if found else None


class _Run:
    """One run of a job, which the work knows as `progress`.

    Whatever it writes on the job holds only while the job is still this run's: `runs` tells them apart.
    """

    def __init__(self, job):
        self.job, self.result = job, None
        self._mine = {"_id": job.id, "area_code": job.area_code, "state": "running", "runs": job.runs}
        self._written = 0.0
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._renew, name=f"lease of {job.id}", daemon=True)
        self._file = None

    # what the work calls

    def begin(self, total, unit):
        """Begin to count: how many of what there are to do."""
        self.keep(done=0, total=total, unit=unit, counting_since=naive_now(), progress_at=naive_now())

    def at(self, done):
        """Say how many are done; cheap enough to be called for each. Raises Cancelled, Interrupted."""
        if stopping.is_set():
            raise Interrupted()
        self.job.done = done
        if time.monotonic() - self._written >= WRITTEN_EVERY:
            self.keep(done=done, progress_at=naive_now())

    def settle(self):
        """From now on the job goes to its end, also through another run. Raises Cancelled where it was stopped before."""
        self.keep(settled=True)

    def say(self, sentence):
        """Add a sentence to the job's log."""
        line = {"at": naive_now(), "text": sentence}
        self._change({"$push": {"log": {"$each": [line], "$slice": -LINES_OF_LOG}}})

    def result_file(self, name, mimetype):
        """A writable stream; closed, it is the file that the owner may fetch."""
        self._file = files().open_upload_stream(name)
        kept = {"result_name": name, "result_type": mimetype}
        self._change({"$push": {"files": self._file._id}, "$set": kept})
        return self._file

    def keep(self, **values):
        """Store values on the job. Raises Cancelled when its owner stopped it, Interrupted when it is not ours."""
        self._change({"$set": values | {"lease_until": real_now() + LEASE}})
        for name, value in values.items():
            setattr(self.job, name, value)

    def _change(self, update):
        found = collection(Job).find_one_and_update(self._mine, update, {"cancel_asked": 1})
        if found is None:
            raise Interrupted()
        if found.get("cancel_asked") and KINDS[self.job.kind].cancellable:
            raise Cancelled()
        self._written = time.monotonic()

    # its beginning and its end

    def __enter__(self):
        active.add(self.job.id)
        self._keeper.start()
        return self

    def __exit__(self, kind, reason, traceback):
        """Store how it ended. What is no rule and no stop is a fault, and is raised on."""
        self._ended.set()
        self._keeper.join()
        try:
            return self._ended_by(reason)
        except BaseException as fault:
            if is_loss(fault):
                self._drop()
            raise
        finally:
            active.discard(self.job.id)

    def _ended_by(self, reason):
        if reason is None:
            return self._end("done", result=self.result, result_id=self._file and self._file._id)
        if isinstance(reason, Cancelled):
            return self._end("cancelled", result=self._so_far())
        if not isinstance(reason, Exception):  # Interrupted, or the process is told to end
            self._wait_again()
            return isinstance(reason, Interrupted)
        if is_loss(reason):
            self._drop()
            return False
        if is_full(reason):
            log.error("no room on the disk for what a job makes: %s", self.job.kind)
            reason = NoRoom()
        if isinstance(reason, TotalsDiffer):
            refusals.note("totals", self.job.actor, "jobs", reason.message)
        if isinstance(reason, RuleBroken):
            return self._end("failed", failure=reason.message, result=self._so_far())
        self._end("failed", failure=FAULT, result=self._so_far())
        return False

    def _end(self, state, **values):
        if state == "done" and self.job.total:
            values["done"] = self.job.total
        if _ended(self._mine, state, **values):
            self.job.state = state
        return True

    def _so_far(self):
        return so_far(self.job)

    def _drop(self):
        """The database was lost, nobody knows how far: as soon as it is back, the job is run again."""
        dropped.add((self.job.id, self.job.runs))

    def _wait_again(self):
        """Let the next worker have it at once; being stopped in order is no attempt."""
        waiting = {"state": "waiting", "lease_until": real_now()}
        collection(Job).update_one(self._mine, {"$set": waiting, "$inc": {"attempts": -1}})

    def _renew(self):
        """Keep the lease while this process lives, also through long steps that count nothing."""
        while not self._ended.wait(RENEWED_EVERY):
            try:
                collection(Job).update_one(self._mine, {"$set": {"lease_until": real_now() + LEASE}})
            except (
                PyMongoError
            ):  # whatever it says: a thread that ends here lets the lease of a living job run out
                log.warning("the lease of a job could not be renewed")


def so_far(job):
    """The result of a job that did not come to its end: what it did and what not, as its kind tells."""
    tell = KINDS[job.kind].so_far if job.kind in KINDS else None
    return {"summary": tell(job)} if tell and job.runs else {}


def _ended(mine, state, **values):
    """Store how a job ended where it is still as the filter `mine` says, tell its owner, delete the files of runs that
    did not come to their end (what came in goes with the job); whether it was."""
    values |= {"state": state, "finished_at": naive_now()}
    found = collection(Job).find_one_and_update(
        mine, {"$set": values, "$unset": {"alone": ""}}, return_document=ReturnDocument.AFTER
    )
    if found is None:
        return False
    job = Job._from_son(found)
    delete_files(id_ for id_ in job.files if id_ not in (job.result_id, job.input_id))
    notice_rules.after_job(job, state, values["finished_at"])
    return True


# ---- what was lost, what is over ----


def requeue_lost(starting=False):
    """Queue again the jobs that are lost, and give up on those that were run too often; gives their number.

    Lost is a running one whose worker died or whose lease ran out, and a waiting one whose message was lost: after a
    while, and when a worker is `starting` at once, for the one before it may have taken the message with it.
    """
    number, now = 0, naive(real_now())
    for area in Area.objects.distinct("code"):
        asked = {"area_code": area, "state": {"$in": list(UNFINISHED)}}
        for job in map(Job._from_son, collection(Job).find(asked, {"log": 0})):
            if _is_lost(job, job.lease_until < now, starting):
                as_read = {"_id": job.id, "state": job.state, "lease_until": job.lease_until}
                number += _taken_up(asked | as_read, job)
    return number


def _is_lost(job, lapsed, starting):
    if job.state == "waiting":
        return lapsed or starting
    return lapsed or liveness.is_gone(job.runner) or (job.id, job.runs) in dropped


def _taken_up(mine, job):
    """Whether a lost job was queued again; one that arrived in part, or was run too often, ends with a sentence."""
    if job.state == "arriving":
        if _ended(mine, "failed", failure=ARRIVED_HALF):
            delete_files(job.files)
        return False
    if job.attempts >= MOST_ATTEMPTS:
        _ended(mine, "failed", failure=GIVEN_UP, result=so_far(job))
        return False
    waits = {"state": "waiting", "lease_until": real_now() + MESSAGE_LOST_AFTER}
    if not collection(Job).update_one(mine, {"$set": waits}).modified_count:
        return False
    dropped.discard((job.id, job.runs))
    queue(job.id)
    return True


def forget_expired():
    """Delete the jobs that are kept no longer, with their files; gives their number. An event tells of files erased."""
    number = 0
    for area in Area.objects.distinct("code"):
        over = {"area_code": area, "expires_at": {"$lt": real_now()}}
        files_gone = 0
        for found in collection(Job).find(over, {"files": 1}):
            delete_files(found.get("files", ()))
            files_gone += len(found.get("files", ()))
            number += collection(Job).delete_one({"_id": found["_id"], "area_code": area}).deleted_count
        note_erased(area, {"job_files": files_gone})
    return number
