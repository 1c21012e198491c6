"""The log (บันทึกการใช้งาน): which events of the history a person may look through, newest first, a page at a time.

Every query starts with the area and is walked by an index: the area's, or the school's. Events of accounts, settings
and access belong to no school, so they are walked as those without one.
"""

import dataclasses
import datetime as dt
import re
from dataclasses import dataclass

from bson import ObjectId
from pymongo.errors import ExecutionTimeout

from documents import clock
from documents.database import collection
from documents.district.schools import Area
from documents.errors import Busy
from documents.formats import thai
from documents.people.access import AREA_READERS, NOTHING, SCHOOL_READERS
from documents.people.users import EVERY_AREA
from documents.records.listing import COUNTED_TO, PAGE_SIZE, Page
from documents.trail.history import AuditEvent

READERS = (*SCHOOL_READERS, *AREA_READERS, "admin")
WITHOUT_RECORDS = (
    "users",
    "fields",
    "field_definitions",
    "surveys",
    "codelists",
    "access",
    "history",
    "security",
    "privacy",
)  # all that an administrator looks through
AREA_INDEX, SCHOOL_INDEX = "area_newest", "school_newest"
NO_SCHOOL = {"$exists": False}  # not None: that means null as well, and two bounds give no order
NEWEST = [("at", -1), ("_id", -1)]
PATIENCE_MS = 5_000  # a rare word in a year of events is looked for no longer than this
LONGEST_NAME = 100
DAYS = ("first_day", "last_day")


@dataclass(frozen=True)
class Wanted:
    """What a person narrowed the log of one area to; days are dates of Bangkok's calendar, both included."""

    area_code: str
    school: str = ""
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    document: str = ""
    action: str = ""
    actor: str = ""

    @property
    def narrow(self):
        """Whether anything is left out on purpose."""
        return any(
            (self.school, self.first_day, self.last_day, self.document, self.action, self.actor.strip())
        )


def areas_of(user):
    """Codes of the areas whose log this person may open; for the operator all, and '*' for what has no area."""
    areas = {*user.areas(*AREA_READERS, "admin"), *(area for area, _ in user.schools(*SCHOOL_READERS))}
    if EVERY_AREA in areas:
        areas |= set(Area.objects.distinct("code"))
    return sorted(areas, key=lambda code: (code == EVERY_AREA, code))


def ways(user, area_code):
    """The filters that together are all the events of an area this person may see; none without a right.

    Officers see the area, schools their own records, administrators accounts, settings and access alone.
    """
    if any(user.holds(role, area_code) for role in AREA_READERS):
        return [{"area_code": area_code}]
    codes = [code for area, code in user.schools(*SCHOOL_READERS) if area == area_code]
    found = [{"area_code": area_code, "school_code": code} for code in codes]
    if user.holds("admin", area_code):
        found.append(
            {"area_code": area_code, "school_code": NO_SCHOOL, "document": {"$in": list(WITHOUT_RECORDS)}}
        )
    return found


def sees_records(user, area_code):
    """Whether a person sees events of records in an area at all, not those of settings alone."""
    return any(way.get("school_code") != NO_SCHOOL for way in ways(user, area_code))


def query_of(wanted, user):
    """The MongoDB filter of what `user` may see of what is wanted."""
    rest = narrowing(wanted)
    found = [_joined(way, rest) for way in ways(user, wanted.area_code) if _fits(way, wanted)]
    if not found:
        return NOTHING
    return found[0] if len(found) == 1 else {"$or": found}


def narrowing(wanted):
    """The filter of what the person narrowed the log to, the scope left out."""
    parts = {}
    if wanted.school:
        parts["school_code"] = wanted.school
    if wanted.document:
        parts["document"] = wanted.document
    if wanted.action:
        parts["action"] = wanted.action
    if wanted.actor.strip():
        parts["actor_name"] = {"$regex": re.escape(thai.clean(wanted.actor)[:LONGEST_NAME])}
    if wanted.first_day:
        parts["at"] = {"$gte": clock.day_begins(wanted.first_day)}
    if wanted.last_day:
        parts["at"] = parts.get("at", {}) | {"$lt": clock.day_begins(wanted.last_day + dt.timedelta(days=1))}
    return parts


def _fits(way, wanted):
    """Whether a way leaves anything of the school that was asked for."""
    return not wanted.school or way.get("school_code", wanted.school) == wanted.school


def _joined(way, rest):
    """Both filters at once; where they name the same field, both conditions hold."""
    twice = [name for name in rest if name in way and way[name] != rest[name]]
    both = [{name: rest[name]} for name in twice]
    return way | {name: value for name, value in rest.items() if name not in twice} | (
        {"$and": both} if both else {}
    )  # fmt: skip


def index_of(query):
    """The index whose order the log is walked by; None where several ways are merged."""
    if "area_code" not in query or query == NOTHING:
        return None
    return SCHOOL_INDEX if "school_code" in query else AREA_INDEX


def page_of(wanted, user, after=None, before=None, last=False, size=PAGE_SIZE):
    """The Page of events (stored dicts) older than the event `after`, newer than `before`, the newest or the oldest.

    An anchor that is gone, or not this person's, gives the newest page, marked `lost`. Raises Busy when too many
    events would have to be read.
    """
    query, anchor = query_of(wanted, user), after or before
    mark = _mark(wanted, user, anchor) if anchor else None
    backward = last if mark is None else not after
    found = _walk(_beyond(query, mark, backward) if mark else query, backward, size + 1, index_of(query))
    more, rows = len(found) > size, found[:size]
    if backward:
        return Page(rows[::-1], earlier=more, later=bool(mark))
    return Page(rows, earlier=bool(mark), later=more, lost=bool(anchor) and mark is None)


def _mark(wanted, user, anchor):
    """(at, _id) of the event a page begins at, if the person may see it."""
    row = one_of(user, wanted.area_code, anchor)
    return (row["at"], row["_id"]) if row else None


def _beyond(query, mark, backward):
    at, id_ = mark
    side = "$gt" if backward else "$lt"
    beyond = [
        {"at": {side + "e": at}},
        {"$or": [{"at": {side: at}}, {"at": at, "_id": {side: id_}}]},
    ]
    if "$or" in query:
        return {"$or": [_and(way, beyond) for way in query["$or"]]}
    return _and(query, beyond)


def _and(query, more):
    return query | {"$and": [*query.get("$and", []), *more]}


def _walk(query, backward, limit, index):
    order = [(name, -way if backward else way) for name, way in NEWEST]
    cursor = collection(AuditEvent).find(query).sort(order).limit(limit).max_time_ms(PATIENCE_MS)
    try:
        return list(cursor.hint(index) if index else cursor)
    except ExecutionTimeout as error:
        raise Busy("ช่วงที่ค้นมีเหตุการณ์มากเกินไป กรุณาระบุวันที่ให้แคบลง แล้วค้นอีกครั้ง") from error


def rows_of(wanted, user, most):
    """The newest events (stored dicts) of what is wanted, `most` of them, as they are read."""
    query = query_of(wanted, user)
    cursor, index = collection(AuditEvent).find(query).sort(NEWEST).limit(most), index_of(query)
    return cursor.hint(index) if index else cursor


def as_arguments(wanted):
    """A Wanted as plain values that a job keeps."""
    days = {name: day and day.isoformat() for name in DAYS for day in [getattr(wanted, name)]}
    return dataclasses.asdict(wanted) | days


def as_wanted(asked):
    """The Wanted of `as_arguments`."""
    days = {name: asked[name] and dt.date.fromisoformat(asked[name]) for name in DAYS}
    return Wanted(**asked | days)


def count_of(wanted, user, most=COUNTED_TO):
    """(how many match, whether there are more): counted up to a bound, (None, True) where even that takes too long."""
    query = query_of(wanted, user)
    more = {"hint": index_of(query)} if index_of(query) else {}
    try:
        found = collection(AuditEvent).count_documents(query, limit=most + 1, maxTimeMS=PATIENCE_MS, **more)
    except ExecutionTimeout:
        return None, True
    return min(found, most), found > most


def one_of(user, area_code, id_):
    """The stored dict of one event this person may see, or None; a malformed id is simply not found."""
    if not ObjectId.is_valid(id_ or ""):
        return None
    found = ways(user, area_code)
    return collection(AuditEvent).find_one({"_id": ObjectId(id_), "$or": found}) if found else None


def exports_of(user, round_, whats, limit):
    """The newest events of files of a round taken out, as stored dicts; only those this person may see."""
    wanted = Wanted(round_.area_code, document="access", action="export")
    query = query_of(wanted, user)
    if query == NOTHING:
        return []
    query = query | {
        "school_code": NO_SCHOOL,
        "changes.what": {"$elemMatch": {"$in": list(whats)}},
        "changes.subsystem": round_.subsystem,
        "changes.round": round_.label,
    }
    cursor = collection(AuditEvent).find(query).sort(NEWEST).hint(SCHOOL_INDEX).limit(limit)
    try:
        return list(cursor.max_time_ms(PATIENCE_MS))
    except ExecutionTimeout:
        return []
