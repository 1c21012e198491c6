"""Hearing of changes (การรับรู้การเปลี่ยนแปลง): in which areas something was stored that findings stand on.

Nothing is written for it when something is saved. MongoDB itself tells what was committed, in the order of the commits
(its change stream), and where a hearing left off as long as its oplog reaches. One worker hears at a time, for a moment:
it counts up the one number of `Feed` and reads until it meets that number, so it knows that it has heard all before.
Where the database cannot tell (the first time, an oplog that is too short, a server without change streams) something
may have changed everywhere.
"""

import logging
import time
from datetime import timedelta
from typing import NamedTuple

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, IntField, ObjectIdField, StringField
from pymongo.errors import DuplicateKeyError, OperationFailure

from documents.checking.check_rules import CheckRule
from documents.checking.duplicate_cases import DuplicateCase
from documents.checking.limits import CheckSetting
from documents.clock import real_now
from documents.collecting.rounds import Round
from documents.collecting.submissions import Submission
from documents.database import collection, db
from documents.district.schools import School
from documents.gcode.gcode import GCodeRequest
from documents.records.codelists import AreaList, CodeList
from documents.records.completeness import FieldSetting
from documents.records.field_definitions import FieldDefinition
from documents.trail.history import naive_now

log = logging.getLogger(__name__)

ONLY = "findings"
LEASE = timedelta(seconds=20)
LONGEST = 10  # seconds of one hearing; what is left is heard by the next one
SAID_AGAIN = 3600  # seconds until the log hears again that nothing is to be heard
AWAITED_MS = 500  # for more to come, while the own number is not met
AT_ONCE = 1000  # changes of one answer

# What `contexts.py` asks for. Records are not among them: every write of one counts up its submission.
OF_AREAS = (
    *(Submission, Round, School, CheckSetting, CheckRule, FieldSetting, FieldDefinition, AreaList),
    *(DuplicateCase, GCodeRequest),
)
OF_ALL = (CodeList,)


class Feed(Document):
    """How far changes were heard; the one document of its collection. Whatever was stored before `heard_at` was heard."""

    name = StringField(primary_key=True, max_length=20)
    number = IntField()  # of the hearings
    run = ObjectIdField()
    lease_until = DateTimeField()
    token = DictField()  # of the change stream: where the last hearing left off
    as_of = DateTimeField()  # by the product's clock
    heard_at = DateTimeField()  # by the real one

    meta = {"collection": "freshness_feed", "auto_create_index": False, "strict": False}


class Heard(NamedTuple):
    """What one hearing gave: the codes of areas (None: of all), its number, and the Feed as it was before."""

    areas: list | None
    number: int
    before: Feed


def feed():
    """The Feed; a blank one before the first hearing."""
    return Feed.objects(name=ONLY).first() or Feed(name=ONLY)


def hear(mark):
    """Hear what changed since the last hearing and call `mark(Heard)`, which keeps it; nothing where another one hears.

    What was marked is forgotten only afterwards: whoever dies in between is followed by one that hears the same again.
    """
    now, as_of, run = real_now(), naive_now(), ObjectId()
    mine = {"_id": ONLY, "lease_until": {"$not": {"$gt": now}}}
    claim = {"$set": {"run": run, "lease_until": now + LEASE}, "$inc": {"number": 1}}
    try:
        before = collection(Feed).find_one_and_update(mine, claim, upsert=True) or {}
    except DuplicateKeyError:
        return
    number = before.get("number", 0) + 1
    areas, token, whole = _listened(before.get("token"), number)
    mark(Heard(areas, number, Feed._from_son(before)))
    kept = {"token": token, "lease_until": real_now()} | ({"as_of": as_of, "heard_at": now} if whole else {})
    collection(Feed).update_one({"_id": ONLY, "run": run}, {"$set": kept})


def _listened(token, number):
    """(areas, or None for all; where it left off, None where nobody knows; whether it came as far as the number)."""
    try:
        with _stream(token) as stream:
            if not token:
                return None, stream.resume_token, True
            changed, whole = _changes(stream, number)
            return _areas_of(changed), stream.resume_token, whole
    except OperationFailure as fault:
        if token:
            log.warning("what changed is not known any more (%s): every area is looked at", fault.code)
            return _listened(None, number)
        _say_deaf(fault.code)
        return None, None, True


_said = {}  # {MongoDB's number of the error: when the log was told}


def _say_deaf(code):
    """Tell the log that the database does not say what changes: once an hour, not at every hearing."""
    now = time.monotonic()
    if now - _said.get(code, -SAID_AGAIN) >= SAID_AGAIN:
        _said[code] = now
        log.error("the database does not tell what changes (%s): every area is looked at", code)


def _stream(token):
    watched = [each._get_collection_name() for each in (*OF_AREAS, *OF_ALL, Feed)]
    told = ("operationType", "ns.coll", "documentKey._id", "fullDocument.area_code")
    stages = [
        {"$match": {"ns.coll": {"$in": watched}}},
        {"$project": dict.fromkeys((*told, "updateDescription.updatedFields.number"), 1)},
    ]
    return db().watch(stages, resume_after=token, max_await_time_ms=AWAITED_MS, batch_size=AT_ONCE)


def _changes(stream, number):
    """({(collection, id): area or None where the change does not say it}, whether the number was met)."""
    found, until = {}, time.monotonic() + LONGEST
    while time.monotonic() < until:
        change = stream.try_next()
        if change is None:
            continue
        where, id_ = change["ns"]["coll"], change.get("documentKey", {}).get("_id")
        if where == Feed._get_collection_name():
            if change.get("updateDescription", {}).get("updatedFields", {}).get("number") == number:
                return found, True
        else:
            found[where, id_] = (change.get("fullDocument") or {}).get("area_code") or found.get((where, id_))
    return found, False


def _areas_of(changed):
    """The codes of the areas of changes; None for all, where one tells of no area: it is of all, or what it was of is gone."""
    areas, unsaid = {area for area in changed.values() if area}, {}
    for (where, id_), area in changed.items():
        if area is None:
            unsaid.setdefault(where, []).append(id_)
    for where, ids in unsaid.items():
        if where in {each._get_collection_name() for each in OF_ALL}:
            return None
        rows = list(db()[where].find({"_id": {"$in": ids}}, {"area_code": 1}))
        if len(rows) < len(ids):
            return None
        areas |= {row["area_code"] for row in rows}
    return sorted(areas)
