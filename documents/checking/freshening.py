"""Fresh findings (ผลตรวจที่เป็นปัจจุบัน): what changed of an area is checked anew in the background, within a minute.

Only areas in which something changed are looked at (`hearing.py`), so that one where nobody works costs nothing. A look asks
of each open round which of its schools were written in, or are judged otherwise by now (bounds, rules, required fields, other
rounds): a handful of small questions that begin with the area, no record. The records of those schools alone are then read,
a few schools at a time. A worker that is killed is followed by another once its lease has run out; what it stored stands.
"""

from datetime import timedelta
from types import SimpleNamespace

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, IntField, ObjectIdField, StringField
from pymongo.errors import DuplicateKeyError

from documents.checking import hearing
from documents.checking.findings import AT_ONCE, refresh_all, stale_among
from documents.clock import real_now, utc
from documents.collecting.rounds import Round, find_round
from documents.collecting.submissions import SEALED, Submission, submissions_of
from documents.database import collection
from documents.district.schools import Area
from documents.records import codelists
from documents.records.codelists import of_area
from documents.trail.history import naive_now

EVERY = timedelta(seconds=25)  # from the beginning of a look to that of the next
LEASE = timedelta(seconds=60)  # renewed after every few schools
WHOLE = timedelta(minutes=30)  # so often in any case: some findings come with the day alone
LATE = timedelta(seconds=90)  # what is known is this old: nobody looks
RUNNING = ("open", "verifying", "closing")
# What is asked of each submission of a round.
ASKED = ("area_code", "academic_year", "subsystem", "round", "school_code", "state", "writes")


class Freshness(Document):
    """How fresh an area's findings are: `as_of` by the product's clock and `began` by the real one, what they tell of.

    `changed` is the hearing that last heard of a change in it, `looked` the one that the last whole look knew of.
    """

    area_code = StringField(required=True, max_length=8)
    run = ObjectIdField()  # whose look it is
    lease_until = DateTimeField(required=True)
    next_at = DateTimeField(required=True)
    as_of = DateTimeField()
    began = DateTimeField()
    changed = IntField()
    looked = IntField()
    looked_at = DateTimeField()  # by the real clock

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

    @property
    def is_behind(self):
        """Whether something changed that no look has seen to its end."""
        return (self.changed or 0) > (self.looked or 0)

    def is_due(self, now):
        """Whether it is to be looked at now."""
        seen = self.looked_at and now - utc(self.looked_at) < WHOLE
        return now >= utc(self.next_at) and (self.is_behind or not seen)


class Lost(Exception):
    """The lease ran out and another worker looks: this one stops."""


def freshness_of(area_code):
    """The Freshness of an area; None before its first look. Where nothing changed it is as fresh as what was heard."""
    found, feed = Freshness.objects(area_code=area_code).first(), hearing.feed()
    if found and found.as_of and feed.as_of and not found.is_behind:
        found.as_of, found.began = max(found.as_of, feed.as_of), max(found.began, feed.heard_at)
    return found


def run_due():
    """Look over the areas in which something changed and whose time it is; gives {area: schools checked anew}."""
    hearing.hear(_mark)
    areas, now, done = Area.objects.distinct("code"), real_now(), {}
    known = {each.area_code: each for each in Freshness.objects(area_code__in=areas)}
    for area in areas:
        due = area not in known or known[area].is_due(now)
        run = _claimed(area) if due else None
        if run:
            done[area] = look_over(area, run)
    return done


def _mark(heard):
    """Say of areas that something changed there; one of which all was seen is as fresh as the hearing before this one."""
    if heard.areas == []:
        return
    behind = {"$gt": [{"$ifNull": ["$changed", 0]}, {"$ifNull": ["$looked", 0]}]}
    before = {"as_of": heard.before.as_of, "began": heard.before.heard_at}
    kept = {
        name: {"$cond": [behind, f"${name}", {"$max": [f"${name}", value]}]} for name, value in before.items()
    }
    those = {} if heard.areas is None else {"area_code": {"$in": heard.areas}}
    collection(Freshness).update_many(those, [{"$set": {**kept, "changed": heard.number}}])


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
        changed = _mine(area, run, {"lease_until": began + LEASE}).get("changed", 0)
        codelists.doubt()
        with of_area(area):
            for round_ in rounds_of(area):
                number += _look_at(round_, area, run)
        fresh = {"as_of": as_of, "began": began, "looked_at": began, "looked": changed}
        _mine(area, run, fresh | {"lease_until": real_now()})
    except Lost:
        pass
    return number


def _look_at(round_, area, run):
    # Of 230 schools that costs a tenth of their objects.
    read = submissions_of(round_).only(*ASKED).as_pymongo()
    stale = [each.id for each in stale_among([SimpleNamespace(id=row.pop("_id"), **row) for row in read])]
    for first in range(0, len(stale), AT_ONCE):
        batch = submissions_of(round_).filter(id__in=stale[first : first + AT_ONCE])
        refresh_all(list(batch.exclude("moves", "versions", "writers")))
        _mine(area, run, {"lease_until": real_now() + LEASE})
    return len(stale)


def _mine(area, run, change):
    """Change the area's Freshness where the look is still this worker's; gives it as it was before. Raises Lost."""
    found = collection(Freshness).find_one_and_update({"area_code": area, "run": run}, {"$set": change})
    if found is None:
        raise Lost
    return found


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
