"""Submissions (การส่งข้อมูล): one school in one round, its state, and who may write in it when.

A write claims its submission inside its transaction; how a submission moves on is told in `moves.py`.
"""

import datetime as dt
from typing import NamedTuple

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import (
    BooleanField,
    DateTimeField,
    DictField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)
from pymongo import UpdateOne

from documents import clock
from documents.clock import naive, utc
from documents.collecting.rounds import Round, label_of
from documents.collecting.windows import refuse_shut, step_open
from documents.database import collection
from documents.district.schools import STATUSES, School
from documents.errors import OutOfScope, RoundLocked, WrongState
from documents.people import access
from documents.records.kinds import documents_of

STATES = {
    "draft": "ร่าง",
    "confirmed": "ยืนยันแล้ว",
    "certified": "รับรองแล้ว",
    "verified": "เขตตรวจสอบแล้ว",
    "returned": "ส่งกลับแก้ไข",
    "locked": "ล็อกแล้ว",
    "unreported": "ปิดโดยไม่ได้รายงาน",
}
WRITABLE = ("draft", "returned")
CERTIFIED = ("certified", "verified")
HANDED_IN = ("confirmed", *CERTIFIED)
SEALED = ("locked", "unreported")
WAY_FOR = dt.timedelta(seconds=2)
MOST_READ = 400  # rows of rounds and submissions whose objects are kept made
# What no write asks of a submission: lists that grow, and what every write changes.
NOT_OF_A_DOOR = (
    "moves", "versions", "counts", "writes", "removed", "writers", "last_write_at", "digest", "digest_writes",
)  # fmt: skip


class Submission(Document):
    """One school in one round of one subsystem."""

    area_code = StringField(required=True, max_length=8)
    subsystem = StringField(required=True, max_length=32)
    academic_year = IntField(required=True)
    round = StringField(required=True, max_length=24)
    school_code = StringField(required=True, max_length=8)
    school_name = StringField(max_length=200)
    cluster = StringField(max_length=100)
    school_shut = StringField(max_length=20)  # the school's status once it is merged, closed or transferred
    state = StringField(choices=list(STATES), default="draft")
    version = IntField(default=1)
    writes = IntField(default=0)
    carried = DictField()  # from (2567-3), at, by_name: this round began with the records of another one
    answers = IntField()  # to findings so far; counted so that an answer and a move cannot pass each other
    started = BooleanField(default=False)
    counts = DictField()
    way_until = DateTimeField()  # by the real clock: writes wait for a move that lost against one
    counted = ObjectIdField()  # another each time they were counted anew, as by other required fields
    removed = IntField(default=0)  # removals so far, so that a missing last event is noticed
    writers = ListField(ObjectIdField())
    confirmed_by = ObjectIdField()
    certified_by = ObjectIdField()
    verified_by = ObjectIdField()
    confirmed_at = DateTimeField()
    certified_at = DateTimeField()
    verified_at = DateTimeField()
    locked_at = DateTimeField()
    last_write_at = DateTimeField()
    extension = DictField()  # until, for (school, director), reason, by_name, at
    return_until = DateTimeField()
    return_reason = StringField(max_length=2000)
    named_records = ListField(ObjectIdField())  # a reopening may be for these records alone
    hold = DictField()  # reason, by, by_name, at
    digest = StringField(max_length=64)
    digest_writes = IntField()
    # Of earlier versions: version, digest, locked_at, state, school_name, cluster.
    versions = ListField(DictField())
    moves = ListField(DictField())
    history_hash = StringField(max_length=64)  # of the last of the moves, so that its loss is noticed

    meta = {
        "collection": "submissions",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {
                "fields": ["area_code", "academic_year", "subsystem", "round", "school_code"],
                "unique": True,
            },
            {"fields": ["area_code", "academic_year", "subsystem", "round", "state"]},
            {"fields": ["area_code", "academic_year", "subsystem", "round", "cluster", "school_code"]},
            {"fields": ["area_code", "school_code", "-academic_year", "-round"]},
            # A handful of an area's, asked for every page of an officer.
            {
                "fields": ["area_code", "state"],
                "partialFilterExpression": {"version": {"$gt": 1}},
                "name": "reopened",
            },
            {
                "fields": ["area_code", "hold.answered"],
                "partialFilterExpression": {"hold.answered": True},
                "name": "answered",
            },
        ],
    }

    @property
    def shown_state(self):
        """The state as officers say it: a draft is ยังไม่เริ่ม until something was written."""
        if self.state == "draft":
            return "กำลังบันทึก" if self.started else "ยังไม่เริ่ม"
        return STATES[self.state]

    @property
    def is_office(self):
        """Whether it is the area office's own."""
        return access.is_office(self.area_code, self.school_code)

    @property
    def round_label(self):
        """2568-1."""
        return label_of(self.academic_year, self.round)

    @property
    def reopened(self):
        """Whether this is a later version that is not sealed yet."""
        return self.version > 1 and self.state not in SEALED

    def is_over(self, now):
        """Whether the hour that a reopening was granted until has come."""
        return self.reopened and (self.return_until is None or now >= utc(self.return_until))

    def __str__(self):
        return f"{self.school_name} {self.round_label}"


# ---- who may write, and when ----


def place_filter(subsystem, place):
    """The filter of the one submission that guards a place."""
    return {
        "area_code": place.area_code,
        "academic_year": place.academic_year,
        "subsystem": subsystem,
        "round": place.round,
        "school_code": place.school_code,
    }


def find_submission(subsystem, place):
    """The Submission of a place, or None."""
    return Submission.objects(__raw__=place_filter(subsystem, place)).first()


def may_write(submission, round_, actor, now=None, role=None):
    """As whom `actor` may write records of this submission at this minute: 'school', 'district' or 'system'.

    `role` is what a warrant lets him write as where he has no right of his own; state and window are asked all the same.
    Raises OutOfScope, RoundLocked, WindowShut or WrongState; the message says which word applies,
    until when, and whom to ask.
    """
    now = now or clock.now()
    if role is None:
        role = access.writes_as(actor, submission.area_code, submission.school_code)
        if role == "school":
            refuse_shut_school(submission)
    if role is None:
        raise OutOfScope()
    refuse_sealed(submission, round_)
    if submission.state not in WRITABLE:
        raise WrongState(
            f"ข้อมูลของ{submission.school_name} รอบ {round_} อยู่ในสถานะ “{STATES[submission.state]}” "
            f"จึงแก้ไขไม่ได้ หากต้องแก้ไข {_way_back(submission, role)}"
        )
    if role != "system":
        alike = role == "school" or submission.reopened  # the hour of a reopening binds the district too
        refuse_shut(submission, round_, "enter" if alike else "verify", now)
    return role


def _way_back(submission, role):
    """How what was handed in is opened again, told to whom it is for."""
    if role == "district":
        return "ให้ส่งกลับแก้ไขจากหน้าการส่งข้อมูลของโรงเรียน"
    if submission.state == "confirmed":
        return "ให้ยกเลิกการยืนยัน หรือแจ้งเจ้าหน้าที่เขตให้ส่งกลับแก้ไข"
    return "ให้แจ้งเจ้าหน้าที่เขตให้ส่งกลับแก้ไข"


def refuse_shut_school(submission):
    """Raise WrongState where the school was merged, closed or transferred: its people read, and write no more."""
    if submission.school_shut:
        raise WrongState(
            f"{submission.school_name}{STATUSES[submission.school_shut]}แล้ว ผู้ใช้ของโรงเรียนดูข้อมูลเดิมได้ แต่บันทึกไม่ได้ "
            "กรุณาติดต่อเจ้าหน้าที่เขต"
        )


def refuse_sealed(submission, round_):
    """Raise RoundLocked where the round or this school's data is locked; a reopened one is not."""
    open_again = submission.reopened and round_.state != "closing"
    if submission.state in SEALED or (round_.sealed and not open_again):
        raise RoundLocked(
            f"รอบ {round_} ล็อกแล้ว แก้ไขไม่ได้ หากจำเป็นต้องแก้ไข ให้แจ้งเหตุผลต่อเจ้าหน้าที่เขตเพื่อขอเปิดรอบคืน"
            if round_.sealed
            else f"ข้อมูลของ{submission.school_name} รอบ {round_} ล็อกแล้ว แก้ไขไม่ได้ หากจำเป็นต้องแก้ไข ให้แจ้งเหตุผลต่อเจ้าหน้าที่เขตเพื่อขอเปิดคืน"
        )


def is_late(submission, round_, now=None):
    """เกินกำหนด: not handed in, though the schools' window is over and no time of its own is left."""
    window = round_.window("enter")
    now = now or clock.now()
    if submission.state not in WRITABLE or window is None or now < utc(window.closes_at):
        return False
    return not step_open(submission, round_, "enter", now)


def has_lapsed(submission, now):
    """หมดเวลาเปิดคืน: reopened, and not confirmed and certified again by the hour it was granted until.

    Asked of a Submission and of a plain row of one.
    """
    until = submission.return_until
    out = (submission.version or 1) > 1 and submission.state in (*WRITABLE, "confirmed")
    return out and (until is None or now >= utc(until))


class Door(NamedTuple):
    """What a write of one place is guarded by, read at once: either may be None."""

    submission: Submission | None
    round: Round | None
    settings: list


class DoorMoved(Exception):
    """A submission was no longer as its Door was read; the transaction is given up and the Door read again."""


def door_question(subsystem, place, *beside):
    """What `door_of` is to be given, as `database.asked_together` takes it.

    `beside` are stages that add what else a write asks: the settings of its records as `settings`, and more.
    """
    of_round = {
        "area_code": place.area_code,
        "academic_year": place.academic_year,
        "subsystem": subsystem,
        "code": place.round,
    }
    return Submission, [
        {"$match": place_filter(subsystem, place)},
        {"$limit": 1},
        {"$unset": list(NOT_OF_A_DOOR)},
        _beside(Round, of_round, ["moves", "memo"]),
        *beside,
    ]


def door_of(rows):
    """The Door of a place from what was read of it."""
    if not rows:
        return Door(None, None, [])
    row = rows[0]
    rounds, settings = row.pop("round_row"), row.pop("settings")
    row.pop("declared", None)
    round_ = _as_read(Round, rounds[0]) if rounds else None
    return Door(_as_read(Submission, row), round_, settings)


def _beside(document, asked, without):
    stages = [{"$match": asked}, {"$limit": 1}, {"$unset": without}]
    return {"$lookup": {"from": document._get_collection_name(), "pipeline": stages, "as": "round_row"}}


_LAST_READ = {}  # id: (its stored row, the object made of it); a handful are written in at a time


def _as_read(document, row):
    """The object of a stored row, only to be asked; made anew where the row is another than the last time."""
    known, made = _LAST_READ.get(row["_id"], (None, None))
    if known != row:
        if len(_LAST_READ) > MOST_READ:
            _LAST_READ.clear()
        made = document._from_son(dict(row))
        _LAST_READ[row["_id"]] = (row, made)
    return made


def make_way(submission):
    """After a move lost against a write: for a moment no write claims the submission, so that the next try gets through.

    Else a school that writes without a pause, as an import does, could be neither confirmed nor locked.
    """
    collection(Submission).update_one(
        {"_id": submission.id, "area_code": submission.area_code},
        {"$set": {"way_until": clock.real_now() + WAY_FOR}},
    )


def must_give_way(submission):
    """Whether a write has to wait for a move at this moment."""
    until = submission and submission.way_until
    return bool(until) and clock.real_now() < utc(until)


def claim(door, place, actor, deltas, removed=0, role=None, carried=None):
    """Inside a transaction: make this writer's claim on the submission of a Door and count what is written.

    `deltas` are added to the submission's counters; `role` as in `may_write`. Gives back the role the actor writes as.
    With `carried`, what is said of a carry-over, nobody of the school has begun by it.
    Raises DoorMoved where the submission was moved, or counted anew by other required fields, since the Door was read,
    and where a move is being let through; what happens between our snapshot and the commit makes the update conflict, and the transaction starts again.
    """
    submission = door.submission
    if submission is None or door.round is None:
        raise OutOfScope("ไม่พบการส่งข้อมูลของโรงเรียนนี้ในรอบนี้ กรุณาตรวจสอบว่าเลือกโรงเรียนและรอบถูกต้อง")
    role = may_write(submission, door.round, actor, role=role)
    if carried and submission.carried:
        raise WrongState(f"{submission.school_name} รอบ {door.round} ยกข้อมูลจากรอบก่อนมาแล้ว")
    changes = {f"counts.{name}": delta for name, delta in deltas.items() if delta}
    same = ("state", "version", "history_hash", "counted")
    as_read = {name: submission[name] for name in same} | {"way_until": {"$not": {"$gt": clock.real_now()}}}
    if carried:
        as_read["carried"] = {"$exists": False}
    begun = {"carried": carried} if carried else {"started": True, "last_write_at": naive(clock.now())}
    done = collection(Submission).update_one(
        {"_id": submission.id, "area_code": place.area_code} | as_read,
        {
            "$inc": {"writes": 1, "removed": removed} | changes,
            "$set": begun,
            "$unset": {"digest": "", "digest_writes": ""},
            "$addToSet": {"writers": actor.id},
        },
    )
    if not done.matched_count:
        raise DoorMoved
    return role


def prepare_submissions(round_):
    """One draft submission for each open unit of the round's area; safe to run twice, also at once.

    Units are the schools, and the area office where a document of the subsystem says so (`Record.units`).
    Gives back how many are new.
    """
    schools = School.objects(area_code=round_.area_code, status="open", kind__in=units_of(round_.subsystem))
    schools = schools.only("code", "name", "cluster")
    new = [new_submission(round_, school) for school in schools]
    key = ("area_code", "academic_year", "subsystem", "round", "school_code")
    asked = [
        UpdateOne({name: each[name] for name in key}, {"$setOnInsert": each}, upsert=True) for each in new
    ]
    return collection(Submission).bulk_write(asked, ordered=False).upserted_count if asked else 0


def units_of(subsystem):
    """The kinds of unit that report in a subsystem, sorted: ["school"], or ["office", "school"]."""
    return sorted({unit for document in documents_of(subsystem) for unit in document.units} | {"school"})


def new_submission(round_, school):
    """A draft submission (a plain dict) of a school or office in a round."""
    return {
        "_id": ObjectId(),
        "area_code": round_.area_code,
        "subsystem": round_.subsystem,
        "academic_year": round_.academic_year,
        "round": round_.code,
        "school_code": school.code,
        "school_name": school.name,
        "cluster": school.cluster,
        "state": "draft",
        "version": 1,
        "writes": 0,
        "started": False,
        "counts": {},
        "removed": 0,
        "writers": [],
        "moves": [],
        "versions": [],
    }


def submissions_of(round_):
    """The round's submissions, by cluster and school code."""
    return Submission.objects(
        area_code=round_.area_code,
        academic_year=round_.academic_year,
        subsystem=round_.subsystem,
        round=round_.code,
    )


def visible_to(user):
    """The MongoDB filter of the submissions this person may see: officers and superiors the area, schools their own.

    Nothing in a submission is personal data of pupils, so an executive sees it; an admin has no business here.
    """
    ways = [{"area_code": area} for area in user.areas("district", "approver", "executive")]
    ways += [{"area_code": area, "school_code": code} for area, code in user.schools(*access.SCHOOL_READERS)]
    return {"$or": ways} if ways else access.NOTHING


def get_submission(user, id_):
    """The Submission of an id as far as this person may see it; raises OutOfScope for any other."""
    found = None
    if ObjectId.is_valid(id_ or ""):
        found = Submission.objects(__raw__={"$and": [{"_id": ObjectId(id_)}, visible_to(user)]}).first()
    if found is None:
        raise OutOfScope("ไม่พบการส่งข้อมูลนี้ในโรงเรียนหรือเขตของท่าน กรุณาเลือกจากรายการ")
    return found


def round_of(submission):
    """The Round a submission belongs to."""
    return Round.objects(
        area_code=submission.area_code,
        academic_year=submission.academic_year,
        subsystem=submission.subsystem,
        code=submission.round,
    ).get()
