"""The access log (บันทึกการเข้าถึงข้อมูลส่วนบุคคล): who saw, printed or took out which persons' data, when, from where, why.

One entry is one insert, apart from the history: people look far more often than they write, and what was looked at is
kept for a shorter time. An entry names a person by the lineage of the record, and by a keyed hash of the number, never
by the number or the name. Each carries a seal (an HMAC, as the history's) that tells whether it was changed since.

What the history notes of access (exports, numbers opened, lookups, evidence) is entered here too, by `note_event` itself.
"""

import datetime as dt
import re

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import BooleanField, DateTimeField, IntField, ListField, ObjectIdField, StringField
from pymongo.errors import ExecutionTimeout

from documents import clock, subsystems
from documents.database import collection
from documents.district.schools import Area
from documents.errors import Busy
from documents.formats import citizen_id, thai
from documents.people.access import AREA_READERS, NOTHING, SCHOOL_READERS, visible
from documents.people.users import EVERY_AREA
from documents.records.fields import PERSONAL, SENSITIVE
from documents.records.listing import PAGE_SIZE, Page
from documents.records.record import declared
from documents.trail import history

ACTIONS = {
    "view": "เปิดดูรายคน",
    "form": "เปิดแบบฟอร์ม (เห็นเลขเต็ม)",
    "history": "เปิดดูประวัติรายคน",
    "reveal": "แสดงเลขเต็ม",
    "view_sensitive": "แสดงข้อมูลอ่อนไหว",
    "print": "พิมพ์",
    "export": "ส่งออกไฟล์",
    "evidence": "เปิดหลักฐาน",
    "file": "เปิดไฟล์แนบ",
    "lookup": "ค้นจากเลขประจำตัว",
    "compare": "กระทบยอดจากไฟล์",
}
OF_MANY = ("export", "print", "view_sensitive", "compare")  # may hold any record of a school or round
OF_NOBODY = (
    "report",
    "statistics",
    "summary",
    "building_report",
    "equipment_report",
    "confirmation",
    "school_list",
    "codelists",
    "field_definitions",
)  # files without persons, which are no access to any
ON_SCREEN = "print"  # the kind of file of what was printed from the screen
LONGEST_REASON = 500
NEWEST = [("at", -1), ("_id", -1)]
PATIENCE_MS = 5_000
MOST_STOPS = 60  # records of one person, over rounds and schools, that exports are held against
NOT_THERE = {"$exists": False}
NUMBER = re.compile(r"(?<![\d๐-๙])(?:[\d๐-๙][ \-]?){12}[\d๐-๙](?![\d๐-๙])")


class AccessEntry(Document):
    """One look at, print or file of persons' data. `record` and `lineage` where it was one person's, `rows` of many.

    `full` says that numbers of persons were seen whole; `numbers` are keyed hashes of those it was about.
    """

    area_code = StringField(required=True, max_length=8)
    school_code = StringField(max_length=8)  # whose data; none for the whole area's
    at = DateTimeField(required=True)
    actor = ObjectIdField(required=True)
    actor_name = StringField(max_length=200)
    address = StringField(max_length=64)
    action = StringField(required=True, max_length=20)
    what = StringField(max_length=40)  # the document's slug, or what was taken out
    record = ObjectIdField()
    lineage = ObjectIdField()
    numbers = ListField(StringField(max_length=64))
    subsystem = StringField(max_length=32)
    round = StringField(max_length=24)  # its label
    rows = IntField()
    kind = StringField(max_length=20)
    full = BooleanField()
    fields_opened = ListField(StringField(max_length=64))
    reason = StringField(max_length=LONGEST_REASON)
    seal = StringField(required=True, max_length=64)

    meta = {
        "collection": "access_log",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "-at", "-_id"], "name": "area_newest"},
            {"fields": ["area_code", "school_code", "-at", "-_id"], "name": "school_newest"},
            {"fields": ["area_code", "actor", "-at", "-_id"], "name": "actor_newest"},
            {
                "fields": ["area_code", "lineage", "-at", "-_id"],
                "partialFilterExpression": {"lineage": {"$exists": True}},
                "name": "lineage_newest",
            },
            {
                "fields": ["area_code", "numbers", "-at", "-_id"],
                "partialFilterExpression": {"numbers": {"$exists": True}},
                "name": "number_newest",
            },
        ],
    }


def is_personal(document):
    """Whether the records of a document tell of persons."""
    return any(field.personal in (PERSONAL, SENSITIVE) for field in declared(document).values())


# ---- writing ----


def number_hash(number):
    """A keyed hash of a number as it is stored: finds it again, tells nothing of it."""
    return history.keyed(f"number:{number}") if number else None


def clean_reason(text):
    """A typed reason as it is kept: one line, without numbers of persons; None for none."""
    text = NUMBER.sub("•••", thai.clean(text))[:LONGEST_REASON]
    return text or None


def note(area_code, actor, action, **about):
    """Enter one look: a single insert. `about` are fields of AccessEntry; those without a value are left out."""
    entry = {
        "area_code": area_code,
        "at": history.naive_now(),
        "actor": actor.id,
        "actor_name": actor.name,
        "address": history.address_of_request(),
        "action": action,
        **about,
    }
    entry = {name: value for name, value in entry.items() if value not in (None, [], "")}
    entry["seal"] = seal_of(entry)
    collection(AccessEntry).insert_one(entry | {"_id": ObjectId()})


def note_record(actor, document, plain, action, round_=None, **about):
    """Enter that one stored record (a dict) of a document was looked at; nothing where it tells of no person."""
    if is_personal(document):
        note(plain["area_code"], actor, action, **of_record(document, plain, round_), **about)


def of_record(document, plain, round_=None):
    """The fields of an entry that say which record it was about."""
    return {
        "school_code": plain["school_code"],
        "what": document.slug,
        "record": plain["_id"],
        "lineage": plain.get("lineage"),
        "subsystem": document.subsystem,
        "round": round_.label if round_ else None,
    }


def seal_of(entry):
    """The seal that an entry (a plain dict) must carry."""
    return history.keyed(history.canonical({k: v for k, v in entry.items() if k not in ("seal", "_id")}))


def mirror(event, seen):
    """Enter what an event of the history tells of access; `seen` are fields of AccessEntry the event has no place for."""
    told = {name: pair[1] for name, pair in (event.get("changes") or {}).items()}
    action = event["action"]
    if action not in ACTIONS or told.get("what") in OF_NOBODY:
        return
    about = {"rows": told.get("rows"), "reason": event.get("reason"), "address": event.get("address")}
    if action == "reveal":
        about |= {"record": _id(next(iter(told.values()), None)), "fields_opened": sorted(told), "full": True}
    elif action == "lookup":
        about |= {"what": "students", "school_code": told.get("for")}
    else:
        about |= {name: told.get(name) for name in ("what", "subsystem", "round", "kind", "full")}
        about |= {"school_code": told.get("school"), "record": _id(told.get("record"))}
    if told.get("kind") == ON_SCREEN:
        action = "print"
    about |= seen or {}
    actor = _Named(event["actor"], event.get("actor_name"))
    note(event["area_code"], actor, action, **about)


history.mirror_access(mirror)


class _Named:
    """Who did it, as an event names him."""

    def __init__(self, id_, name):
        self.id, self.name = id_, name


def _id(text):
    return ObjectId(text) if isinstance(text, str) and ObjectId.is_valid(text) else None


# ---- who reads it ----


def ways(user, area_code):
    """The filters that together are all the entries of an area this person may see; none without a right.

    Officers and the area's administrators see the area, a school what was looked at of its own.
    """
    if any(user.holds(role, area_code) for role in (*AREA_READERS, "admin")):
        return [{"area_code": area_code}]
    codes = [code for area, code in user.schools(*SCHOOL_READERS) if area == area_code]
    return [{"area_code": area_code, "school_code": code} for code in codes]


def query_of(wanted, user):
    """The MongoDB filter of what `user` may see of what is wanted; each alternative is walked newest first by an index."""
    about = [{}] if wanted.learner is None else wanted.learner.filters()
    found = [_joined(way, one, *wanted.filters()) for way in ways(user, wanted.area_code) for one in about]
    found = [one for one in found if one is not None]
    if not found:
        return NOTHING
    return found[0] if len(found) == 1 else {"$or": found}


def _joined(*filters):
    """All filters at once; None where two of them want another school."""
    whole = {}
    for name in {name for one in filters for name in one}:
        asked = [one[name] for one in filters if name in one]
        plain = {one for one in asked if isinstance(one, str)}
        if len(plain) > 1 or (plain and {"$exists": False} in asked):
            return None
        if len(asked) == 1 or plain:
            whole[name] = next(iter(plain)) if plain else asked[0]
        else:
            whole.setdefault("$and", []).extend({name: one} for one in asked)
    return whole


def page_of(wanted, user, after=None, size=PAGE_SIZE):
    """The Page of entries (stored dicts) that are wanted and this person may see, newest first, older than `after`.

    Raises Busy where too many entries would have to be read.
    """
    query = query_of(wanted, user)
    mark = one_of(user, wanted.area_code, after) if after else None
    if mark:
        older = [{"at": {"$lt": mark["at"]}}, {"at": mark["at"], "_id": {"$lt": mark["_id"]}}]
        beyond = [{"at": {"$lte": mark["at"]}}, {"$or": older}]
        ways_ = query.get("$or", [query])
        further = [one | {"$and": [*one.get("$and", []), *beyond]} for one in ways_]
        query = {"$or": further} if len(further) > 1 else further[0]
    try:
        cursor = collection(AccessEntry).find(query).sort(NEWEST).limit(size + 1).max_time_ms(PATIENCE_MS)
        found = list(cursor)
    except ExecutionTimeout as error:
        raise Busy("ช่วงที่ค้นมีรายการมากเกินไป กรุณาระบุวันที่หรือผู้เปิดดูให้แคบลง แล้วค้นอีกครั้ง") from error
    return Page(found[:size], earlier=bool(mark), later=len(found) > size, lost=bool(after) and mark is None)


def one_of(user, area_code, id_):
    """The stored dict of one entry this person may see, or None."""
    own = ways(user, area_code)
    if not own or not ObjectId.is_valid(id_ or ""):
        return None
    return collection(AccessEntry).find_one({"_id": ObjectId(id_), "area_code": area_code, "$or": own})


def holds(row):
    """Whether an entry still is what was written."""
    return row.get("seal") == seal_of(row)


class Wanted:
    """What a person narrowed the log of one area to. Days are dates of Bangkok's calendar, both included."""

    def __init__(
        self, area_code, *, school="", first_day=None, last_day=None, action="", actor=None, learner=None
    ):
        self.area_code, self.school, self.action, self.actor = area_code, school, action, actor
        self.first_day, self.last_day, self.learner = first_day, last_day, learner

    @property
    def narrow(self):
        """Whether anything is left out on purpose."""
        return any((self.school, self.first_day, self.last_day, self.action, self.actor, self.learner))

    def filters(self):
        """The MongoDB filters of what is wanted, the scope and the person left out."""
        found = []
        if self.school:
            found.append({"school_code": self.school})
        if self.action:
            found.append({"action": self.action})
        if self.actor is not None:
            found.append({"actor": {"$in": self.actor}})
        if self.first_day:
            found.append({"at": {"$gte": clock.day_begins(self.first_day)}})
        if self.last_day:
            found.append({"at": {"$lt": clock.day_begins(self.last_day + dt.timedelta(days=1))}})
        return found


class Learner:
    """A person whose data were looked at: by lineages, by hashes of numbers, and the records that files may have held."""

    def __init__(self, lineages, numbers, stops=()):
        self.lineages, self.numbers, self.stops = list(lineages), list(numbers), list(stops)

    def filters(self):
        """The MongoDB filters of entries that name the person, and of files of a school or round that his record is in."""
        found = [{"lineage": one} for one in self.lineages] + [{"numbers": one} for one in self.numbers]
        rounds = {}
        for subsystem, label, code in self.stops:
            rounds.setdefault(code, []).append({"subsystem": subsystem, "round": label})
        many, log = (
            {"action": {"$in": list(OF_MANY)}, "lineage": NOT_THERE},
            {"what": "audit"},
        )  # of every round
        found += [many | {"school_code": code, "$or": [*those, log]} for code, those in rounds.items()]
        whole = [one for those in rounds.values() for one in those]
        return [*found, many | {"school_code": NOT_THERE, "$or": [*whole, log]}] if whole else found

    def is_named_by(self, row):
        """Whether an entry names the person himself, not a file that may have held him."""
        return row.get("lineage") in self.lineages or bool(set(row.get("numbers", ())) & set(self.numbers))


def learner_of_number(user, area_code, number):
    """The Learner of a number as it is stored, within what this person may see."""
    lineages = set()
    scope = visible(user)
    for document in subsystems():
        if "person_id" not in document._fields or scope == NOTHING:
            continue
        asked = {"area_code": area_code, "person_id": number}
        rows = collection(document).find({"$and": [asked, scope]} if scope else asked, {"lineage": 1})
        lineages |= {row.get("lineage", row["_id"]) for row in rows.limit(MOST_STOPS)}
    return learner_of_lineages(user, area_code, lineages, number)


def lineages_of(user, area_code, record_id):
    """{lineage} of the record of a person with this id, {its own id} where it has none, as far as this person may see it."""
    asked, scope = {"area_code": area_code, "_id": record_id}, visible(user)
    for document in subsystems() if scope != NOTHING else ():
        if is_personal(document):
            row = collection(document).find_one({"$and": [asked, scope]} if scope else asked, {"lineage": 1})
            if row:
                return {row.get("lineage") or record_id}
    return set()


def learner_of_lineages(user, area_code, lineages, number=None):
    """The Learner of lineages: with the rounds and schools of his records that this person may see."""
    stops, lineages, scope = [], list(lineages), visible(user)
    numbers = [number_hash(number)] if number else []
    for document in subsystems():
        if "person_id" not in document._fields or not lineages or scope == NOTHING:
            continue
        asked = {"area_code": area_code, "lineage": {"$in": lineages}}
        needed = {"academic_year": 1, "round": 1, "school_code": 1, "person_id": 1}
        rows = collection(document).find({"$and": [asked, scope]} if scope else asked, needed)
        for row in rows.limit(MOST_STOPS):
            stops.append((document.subsystem, f"{row['academic_year']}-{row['round']}", row["school_code"]))
            if row.get("person_id"):
                numbers.append(number_hash(row["person_id"]))
    return Learner(lineages, dict.fromkeys(numbers), dict.fromkeys(stops))


def areas_of(user):
    """Codes of the areas whose access log this person may open."""
    areas = {*user.areas(*AREA_READERS, "admin"), *(area for area, _ in user.schools(*SCHOOL_READERS))}
    if EVERY_AREA in areas:
        areas = (areas | set(Area.objects.distinct("code"))) - {EVERY_AREA}
    return sorted(areas)


def clean_number(text):
    """A typed number as it is stored; None for what cannot be one."""
    number = citizen_id.clean_id(text or "")
    return number if re.fullmatch(r"[A-Z0-9]{5,20}", number or "") else None


def forget_before(area_code, before):
    """Delete an area's entries before an instant (aware); gives their number."""
    over = {"area_code": area_code, "at": {"$lt": history.as_stored(before)}}
    return collection(AccessEntry).delete_many(over).deleted_count
