"""Jobs (งานเบื้องหลัง): what takes over two seconds, asked for by a person and done by a worker.

The Job document is the truth: the message in the broker only wakes a worker. A worker that is killed loses its
message; `job_runs.requeue_lost` then queues the job again, so every job is written to be safe to run twice.
"""

from dataclasses import dataclass
from datetime import timedelta

from bson import ObjectId
from gridfs import NoFile
from mongoengine import Document, NotUniqueError
from mongoengine.fields import (
    BooleanField,
    DateTimeField,
    DictField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from documents.background import liveness
from documents.clock import real_now
from documents.database import collection, db
from documents.errors import NotAllowed, OutOfScope, RuleBroken
from documents.people.privacy import days_of
from documents.people.users import EVERY_AREA, System, User
from documents.records.stored_files import Bucket, StoredChunk, StoredFile
from documents.trail.history import naive_now

STATES = {
    "arriving": "กำลังรับไฟล์",
    "waiting": "รอคิว",
    "running": "กำลังทำ",
    "done": "เสร็จแล้ว",
    "failed": "ไม่สำเร็จ",
    "cancelled": "ยกเลิกแล้ว",
}
NOT_BEGUN = ("arriving", "waiting")
UNFINISHED = (*NOT_BEGUN, "running")
MOST_UNFINISHED = 10  # of one person at once
MESSAGE_LOST_AFTER = timedelta(seconds=30)  # a job that still waits then is queued once more
ARRIVES_WITHIN = timedelta(minutes=2)  # the file that comes with a job
LINES_OF_LOG = 100
BUCKET = "job_files"

KINDS = {}


@dataclass(frozen=True)
class Kind:
    """One kind of job: its words, and the function that does it.

    `work(job, progress, **arguments)` gives back the result, a plain dict: `summary` (sentences), where some parts were
    refused `refused` (sentences) and `refusals` (how many), and what its page shows. It acts as `job.actor`, asks every rule again and comes to the same when it runs twice.
    """

    name: str
    label: str
    label_en: str
    work: object
    cancellable: bool = True  # once it was begun, until it is settled; before that every one is
    # so_far(job): sentences of what a run that was stopped in the middle did and did not do.
    so_far: object = None


def job_kind(name, label, label_en, cancellable=True, so_far=None):
    """Register the decorated function as the work of a kind of job; it stays the plain function it is."""

    def register(work):
        KINDS[name] = Kind(name, label, label_en, work, cancellable, so_far)
        return work

    return register


def counted_so_far(job):
    """`so_far` of a kind that goes from one school to the next and counts what it has done."""
    if not job.total:
        return ["หยุดก่อนเริ่มทำ จึงยังไม่มีอะไรเปลี่ยน"]
    left = max(job.total - job.done, 0)
    return [
        f"ทำไปแล้ว {job.done:,} จาก {job.total:,} {job.unit} อีก {left:,} {job.unit}ยังไม่ได้ทำ สั่งอีกครั้งเพื่อทำต่อได้"
    ]


def nothing_so_far(job):
    """`so_far` of a kind that keeps nothing of what it did not finish: a file, or what it read of one."""
    if not job.total:
        return ["หยุดก่อนเริ่มทำ จึงยังไม่มีอะไรเปลี่ยน"]
    return [f"หยุดที่ {job.done:,} จาก {job.total:,} {job.unit} ยังไม่มีอะไรถูกบันทึก สั่งใหม่ได้เมื่อพร้อม"]


class Job(Document):
    """One piece of work that somebody asked for: how far it is, what came out, who may fetch it."""

    area_code = StringField(required=True, max_length=8)
    kind = StringField(required=True, max_length=40)
    title = StringField(required=True, max_length=300)
    owner = ObjectIdField(required=True)
    owner_name = StringField(max_length=200)
    rights = ListField(DictField())  # what the owner held in the area when it ran; asked again at every fetch
    subsystem = StringField(max_length=32)
    academic_year = IntField()
    round = StringField(max_length=24)
    arguments = DictField()
    # There while unfinished, unique: no second one of the same round beside it.
    alone = StringField(max_length=200)

    state = StringField(required=True, choices=list(STATES), default="waiting")
    cancel_asked = BooleanField(default=False)
    settled = BooleanField(default=False)  # it came so far that it goes to its end
    done = IntField(default=0)
    total = IntField(default=0)
    unit = StringField(max_length=40, default="")
    asked_at = DateTimeField(required=True)
    started_at = DateTimeField()
    counting_since = DateTimeField()  # when the present count began: what rate and time left go by
    progress_at = DateTimeField()
    finished_at = DateTimeField()
    lease_until = DateTimeField(required=True)  # by the real clock; one that ran out is queued again
    attempts = IntField(default=0)  # runs, those left out that were stopped in order
    runs = IntField(default=0)  # how often it was begun; it tells one run from another
    # The process of its last run, or that takes in its file (documents/background/liveness.py).
    runner = DictField()
    log = ListField(DictField())  # at, text

    result = DictField()
    failure = StringField(max_length=2000)
    href = StringField(max_length=500)  # the page it was asked on, or on which its result is seen
    input_id = ObjectIdField()
    input_name = StringField(max_length=300)
    result_id = ObjectIdField()
    result_name = StringField(max_length=300)
    result_type = StringField(max_length=200)
    files = ListField(ObjectIdField())  # every file it ever wrote: they go with it
    seen = BooleanField(default=False)  # the owner looked at it since it ended
    expires_at = DateTimeField(required=True)

    # No TTL index: it would take the job away and leave its files. `job_runs.forget_expired` takes both.
    meta = {
        "collection": "jobs",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "owner", "-asked_at", "-_id"], "name": "own_newest"},
            {"fields": ["area_code", "-asked_at", "-_id"], "name": "area_newest"},
            {"fields": ["area_code", "owner", "state"], "name": "own_state"},
            {"fields": ["area_code", "state", "lease_until"], "name": "lost"},
            {"fields": ["area_code", "expires_at"]},
            {
                "fields": ["area_code", "alone"],
                "unique": True,
                "partialFilterExpression": {"alone": {"$type": "string"}},
            },
        ],
    }

    actor = None  # the person as whom it runs; set for the time of a run

    @property
    def label(self):
        """The Thai name of its kind."""
        kind = KINDS.get(self.kind)
        return kind.label if kind else self.kind

    @property
    def finished(self):
        return self.state not in UNFINISHED

    @property
    def share(self):
        """How much is done, 0 to 1; None while it is not known."""
        if self.state == "done":
            return 1.0
        return min(self.done / self.total, 1.0) if self.total else None

    @property
    def rate(self):
        """Units done a second since the present count began, or None."""
        if not self.done or not self.counting_since or not self.progress_at:
            return None
        seconds = (self.progress_at - self.counting_since).total_seconds()
        return self.done / seconds if seconds > 0 else None

    @property
    def seconds_left(self):
        """How long the present count will still take at its rate, or None."""
        if self.state != "running" or not self.rate or not self.total:
            return None
        return max(0.0, (self.total - self.done) / self.rate)

    def may_cancel(self):
        """Whether it can be stopped now: before it was begun, or while it is of a kind, and not so far, that it may stop."""
        kind = KINDS.get(self.kind)
        stops = bool(kind and kind.cancellable) or not self.runs
        return self.state in UNFINISHED and not self.settled and stops

    def input_file(self):
        """A readable stream of the file that came with it."""
        return files().open_download_stream(self.input_id)

    def owner_now(self):
        """The owner as he is now. Raises NotAllowed when his account is switched off."""
        if self.owner == System("").id:
            return System(self.owner_name)
        user = User.objects(id=self.owner, active=True).first()
        if user is None:
            raise NotAllowed("บัญชีของผู้สั่งงานถูกระงับ จึงไม่ได้ทำงานนี้")
        if not rights_in(user, self.area_code):
            raise OutOfScope("ผู้สั่งงานไม่มีสิทธิ์ในเขตนี้แล้ว จึงไม่ได้ทำงานนี้")
        return user


class JobFile(StoredFile):
    """A file that came into a job, or came out."""

    meta = {"collection": f"{BUCKET}.files"}


class JobChunk(StoredChunk):
    """A piece of one."""

    meta = {"collection": f"{BUCKET}.chunks"}


def files():
    """The GridFS bucket of what goes into jobs and comes out; nothing else serves it."""
    return Bucket(db(), BUCKET)


def delete_files(ids):
    """Delete files with their pieces, also where the end of one was never written."""
    bucket = files()
    for id_ in ids:
        try:
            bucket.delete(id_)
        except NoFile:
            continue  # its pieces are gone all the same


def rights_in(user, area_code):
    """What a person holds in an area, as plain values: [{role, area_code, school_codes, sensitive}]."""
    return [
        {"role": each.role, "area_code": each.area_code, "school_codes": sorted(each.school_codes)}
        | {"sensitive": bool(each.sensitive)}
        for each in user.grants
        if each.area_code in (area_code, EVERY_AREA)
    ]


# ---- asking for one ----

_queue = None


def configure(queue):
    """Give the function that wakes a worker for a job's id; without one a worker's own round finds it."""
    global _queue
    _queue = queue


def ask(
    kind,
    actor,
    area_code,
    round_=None,
    title=None,
    arguments=None,
    file=None,
    filename=None,
    *,
    alone=False,
    href=None,
):
    """Store a job for a worker and wake one; gives back the Job.

    `arguments` are plain values, `file` bytes or a readable stream, `href` the page on which the result is seen, or it was asked.
    With `alone`, one of the same kind, area and round that is not finished is given back instead.
    Raises OutOfScope for an area the actor has nothing in, TooManyJobs.
    """
    if not actor.is_system and not rights_in(actor, area_code):
        raise OutOfScope()
    _refuse_too_many(actor, area_code)
    now = real_now()
    job = Job(
        area_code=area_code,
        kind=kind,
        title=title or " ".join(filter(None, (KINDS[kind].label, round_ and round_.label))),
        owner=actor.id,
        owner_name=actor.name,
        arguments=arguments or {},
        asked_at=naive_now(),
        lease_until=now + MESSAGE_LOST_AFTER,
        expires_at=now + timedelta(days=days_of(area_code)["job_files"]),
        href=href,
    )
    if round_ is not None:
        job.subsystem, job.academic_year, job.round = round_.subsystem, round_.academic_year, round_.code
    if alone:
        job.alone = "/".join((kind, job.subsystem or "", str(job.academic_year or ""), job.round or ""))
    if file is not None:
        job.input_name, job.input_id = filename or "file", ObjectId()
        job.state, job.files, job.lease_until = "arriving", [job.input_id], now + ARRIVES_WITHIN
        job.runner = liveness.this_process() or {}
    return _stored(job, file)


def _stored(job, file):
    """The job, stored with its file and queued; the one already there where it must be alone.

    The job is there before its file is: no file ever lies about that no job knows of.
    """
    try:
        job.save(force_insert=True)
    except NotUniqueError:
        there = Job.objects(area_code=job.area_code, alone=job.alone).first()
        if there is not None:
            return there
        return _stored(job, file)  # the other one ended at this very moment
    if file is not None and not _take_in(job, file):
        return Job.objects(area_code=job.area_code, id=job.id).get()
    if job.owner != System("").id:
        collection(User).update_one({"_id": job.owner}, {"$set": {"last_job_at": real_now()}})
    queue(job.id)
    return job


def _take_in(job, file):
    """Store the file of a job that was just stored; whether the job now waits: it may have been cancelled meanwhile."""
    files().upload_from_stream_with_id(job.input_id, job.input_name, file)
    arrived = {"state": "waiting", "lease_until": real_now() + MESSAGE_LOST_AFTER}
    mine = {"_id": job.id, "area_code": job.area_code, "state": job.state}
    if not collection(Job).update_one(mine, {"$set": arrived}).modified_count:
        delete_files(job.files)
        return False
    job.state = "waiting"
    return True


def queue(job_id):
    """Wake a worker for a job."""
    if _queue is not None:
        _queue(job_id)


class TooManyJobs(RuleBroken):
    """A person has as many unfinished jobs as are good for everybody."""

    status = 429

    def __init__(self):
        super().__init__(
            f"ท่านมีงานที่ยังไม่เสร็จ {MOST_UNFINISHED} งาน กรุณารอให้เสร็จหรือยกเลิกบางงานในหน้า “งานเบื้องหลัง” แล้วสั่งใหม่"
        )


def _refuse_too_many(actor, area_code):
    unfinished = {"area_code": area_code, "owner": actor.id, "state": {"$in": list(UNFINISHED)}}
    if collection(Job).count_documents(unfinished, limit=MOST_UNFINISHED) >= MOST_UNFINISHED:
        raise TooManyJobs()
