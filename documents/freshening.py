"""Fresh findings (ผลตรวจที่เป็นปัจจุบัน): what changed of an area is checked anew in the background, within a minute.

Each area has one document that says who looks, until when by the real clock, and when the last whole look began. A look asks
of each open round which of its schools were written in, or are judged otherwise by now (bounds, rules, required fields, other
rounds): a handful of small questions that begin with the area, no record. The records of those schools alone are then read,
a few schools at a time. A worker that is killed is followed by another once its lease has run out; what it stored stands.
"""

from datetime import timedelta

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, ObjectIdField, StringField
from pymongo.errors import DuplicateKeyError

from documents.clock import real_now, utc
from documents.codelists import of_area
from documents.database import collection
from documents.findings import AT_ONCE, refresh_all, stale_among
from documents.history import naive_now
from documents.rounds import Round, find_round
from documents.schools import Area
from documents.submissions import SEALED, Submission, submissions_of

EVERY = timedelta(seconds=25)  # from the beginning of a look to that of the next
LEASE = timedelta(seconds=60)  # renewed after every few schools
LATE = timedelta(seconds=90)  # a look this old says that nobody looks
RUNNING = ("open", "verifying", "closing")


class Freshness(Document):
    """How fresh an area's findings are: `as_of` by the product's clock and `began` by the real one, of the last whole look."""

    area_code = StringField(required=True, max_length=8)
    run = ObjectIdField()  # whose look it is
    lease_until = DateTimeField(required=True)
    next_at = DateTimeField(required=True)
    as_of = DateTimeField()
    began = DateTimeField()

    meta = {
        "collection": "freshness",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code"], "unique": True}],
    }

    @property
    def is_late(self):
        """Whether no look has ended lately, so that what is shown may be old."""
        return self.began is None or real_now() - utc(self.began) > LATE


class Lost(Exception):
    """The lease ran out and another worker looks: this one stops."""


def freshness_of(area_code):
    """The Freshness of an area; None before its first look."""
    return Freshness.objects(area_code=area_code).first()


def run_due():
    """Look over the areas whose time it is; gives {area: schools checked anew}."""
    areas, now, done = Area.objects.distinct("code"), real_now(), {}
    asked = {"area_code": {"$in": areas}, "next_at": {"$gt": now}}
    waiting = {row["area_code"] for row in collection(Freshness).find(asked, {"area_code": 1})}
    for area in areas:
        run = None if area in waiting else _claimed(area)
        if run:
            done[area] = look_over(area, run)
    return done


def _claimed(area):
    """The id of a look that is this worker's; None where another one looks, or has."""
    now, run = real_now(), ObjectId()
    free = {"area_code": area, "next_at": {"$lte": now}, "lease_until": {"$lte": now}}
    mine = {"$set": {"run": run, "lease_until": now + LEASE, "next_at": now + EVERY}}
    try:
        collection(Freshness).update_one(free, mine, upsert=True)
    except DuplicateKeyError:
        return None
    return run


def look_over(area, run):
    """Check anew the schools of an area that changed; gives their number. Stops where the look is another's by now."""
    began, as_of, number = real_now(), naive_now(), 0
    try:
        with of_area(area):
            for round_ in rounds_of(area):
                number += _look_at(round_, area, run)
        _mine(area, run, {"as_of": as_of, "began": began, "lease_until": real_now()})
    except Lost:
        pass
    return number


def _look_at(round_, area, run):
    stale = stale_among(list(submissions_of(round_).exclude("moves", "versions", "writers")))
    for first in range(0, len(stale), AT_ONCE):
        refresh_all(stale[first : first + AT_ONCE])
        _mine(area, run, {"lease_until": real_now() + LEASE})
    return len(stale)


def _mine(area, run, change):
    """Change the area's Freshness where the look is still this worker's. Raises Lost."""
    if not collection(Freshness).update_one({"area_code": area, "run": run}, {"$set": change}).matched_count:
        raise Lost


def rounds_of(area):
    """The Rounds of an area in which something may still change: those that run, and those of schools reopened."""
    found = {
        each.id: each for each in Round.objects(area_code=area, state__in=RUNNING).exclude("moves", "memo")
    }
    reopened = {"area_code": area, "state": {"$nin": list(SEALED)}, "version": {"$gt": 1}}
    place = ("subsystem", "academic_year", "round")
    rows = collection(Submission).find(reopened, dict.fromkeys(place, 1))
    for asked in {tuple(row[name] for name in place) for row in rows}:
        round_ = find_round(area, *asked)
        if round_ is not None:
            found.setdefault(round_.id, round_)
    return list(found.values())
