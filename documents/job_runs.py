"""Running jobs: one claim a run, a lease that says it is alive, progress as it goes, and what was lost queued again."""

import logging
import threading
import time
from datetime import timedelta

from mongoengine import Document
from mongoengine.fields import DateTimeField, IntField, StringField
from pymongo import ReturnDocument
from pymongo.errors import AutoReconnect

from documents import notice_rules, refusals
from documents.clock import real_now
from documents.codelists import of_area
from documents.database import collection
from documents.errors import RuleBroken, TotalsDiffer
from documents.history import naive_now
from documents.jobs import (
    KINDS,
    LINES_OF_LOG,
    MESSAGE_LOST_AFTER,
    Job,
    delete_files,
    files,
    queue,
    rights_in,
)
from documents.schools import Area

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)
RENEWED_EVERY = 5  # seconds
WRITTEN_EVERY = 0.4  # seconds between two writes of the count
MOST_ATTEMPTS = 3
FAULT = "เกิดข้อผิดพลาดในระบบ กรุณาลองอีกครั้ง หากยังพบ แจ้งผู้ดูแลระบบพร้อมเวลาที่เกิด"
GIVEN_UP = f"งานนี้ถูกขัดจังหวะ {MOST_ATTEMPTS} ครั้ง จึงหยุดไว้ กรุณาลองอีกครั้งหรือแจ้งผู้ดูแลระบบ"
UNKNOWN = "ระบบรุ่นนี้ไม่รู้จักงานชนิดนี้ กรุณาสั่งงานใหม่"

# Set when the worker is told to end: jobs stop at their next step and wait again.
stopping = threading.Event()
active = set()  # the ids of the jobs that run in this process


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
            },
            "$inc": {"attempts": 1},
        },
        return_document=ReturnDocument.AFTER,
    )
    return Job._from_son(found) if found else None


class _Run:
    """One run of a job, which the work knows as `progress`.

    Whatever it writes on the job holds only while the job is still this run's: `attempts` tells runs apart.
    """

    def __init__(self, job):
        self.job, self.result = job, None
        self._mine = {"_id": job.id, "area_code": job.area_code, "state": "running", "attempts": job.attempts}
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
        if time.monotonic() - self._written >= WRITTEN_EVERY:
            self.keep(done=done, progress_at=naive_now())
        self.job.done = done

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
        finally:
            active.discard(self.job.id)

    def _ended_by(self, reason):
        if reason is None:
            return self._end("done", result=self.result, result_id=self._file and self._file._id)
        if isinstance(reason, Cancelled):
            return self._end("cancelled")
        if not isinstance(reason, Exception):  # Interrupted, or the process is told to end
            self._wait_again()
            return isinstance(reason, Interrupted)
        if isinstance(reason, TotalsDiffer):
            refusals.note("totals", self.job.actor, "jobs", reason.message)
        if isinstance(reason, RuleBroken):
            return self._end("failed", failure=reason.message)
        if isinstance(reason, AutoReconnect):
            return False  # the lease runs out, and it is run again
        self._end("failed", failure=FAULT)
        return False

    def _end(self, state, **values):
        values |= {"state": state, "finished_at": naive_now()}
        if state == "done" and self.job.total:
            values["done"] = self.job.total
        if collection(Job).update_one(self._mine, {"$set": values, "$unset": {"alone": ""}}).modified_count:
            self._forget_drafts(values.get("result_id"))
            self.job.state = state
            notice_rules.after_job(self.job, state, values["finished_at"])
        return True

    def _forget_drafts(self, result_id):
        """Delete what runs that did not come to their end wrote; what came in goes with the job."""
        found = collection(Job).find_one({"_id": self.job.id, "area_code": self.job.area_code}, {"files": 1})
        delete_files(id_ for id_ in found.get("files", ()) if id_ not in (result_id, self.job.input_id))

    def _wait_again(self):
        """Let the next worker have it at once; being stopped in order is no attempt."""
        waiting = {"state": "waiting", "lease_until": real_now()}
        collection(Job).update_one(self._mine, {"$set": waiting, "$inc": {"attempts": -1}})

    def _renew(self):
        """Keep the lease while this process lives, also through long steps that count nothing."""
        while not self._ended.wait(RENEWED_EVERY):
            try:
                collection(Job).update_one(self._mine, {"$set": {"lease_until": real_now() + LEASE}})
            except AutoReconnect:
                log.warning("the lease of a job could not be renewed")


# ---- what was lost, what is over ----


def requeue_lost():
    """Queue again the jobs whose lease has run out, and give up on those that were run too often; gives their number.

    A lease runs out when the worker of a running job died, or the message of a waiting one was lost.
    """
    number, now = 0, real_now()
    for area in Area.objects.distinct("code"):
        lost = {"area_code": area, "state": {"$in": ["waiting", "running"]}, "lease_until": {"$lt": now}}
        for found in collection(Job).find(lost, {"attempts": 1, "state": 1}):
            mine = lost | {"_id": found["_id"], "state": found["state"]}
            if found["attempts"] >= MOST_ATTEMPTS:
                ended = {"state": "failed", "failure": GIVEN_UP, "finished_at": naive_now()}
                collection(Job).update_one(mine, {"$set": ended, "$unset": {"alone": ""}})
                continue
            waits = {"state": "waiting", "lease_until": now + MESSAGE_LOST_AFTER}
            if collection(Job).update_one(mine, {"$set": waits}).modified_count:
                queue(found["_id"])
                number += 1
    return number


def forget_expired():
    """Delete the jobs that are kept no longer, with their files; gives their number. An event tells of files erased."""
    from documents.retention import note_erased

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
