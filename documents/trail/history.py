"""History (ประวัติการแก้ไข): append-only events, written in the transaction of the change they tell of.

Events of one subject form a chain: each carries the hash of the one before, an HMAC with a key that lies
outside the database, over a digest of the values. Values can so be erased by retention without breaking the
chain, and whoever changes the database alone cannot mend it.
"""

import datetime as dt
import hashlib
import hmac
import json
import re

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, IntField, ObjectIdField, StringField
from pymongo.errors import DuplicateKeyError

from documents import clock
from documents.database import collection
from documents.errors import NotAllowed

ACCESS = "access"  # the subject of what people saw or took out

_key = None


class AuditEvent(Document):
    """One change of one subject: who, when, from where, what was done, each field's old and new value, why."""

    area_code = StringField(required=True)
    academic_year = IntField()
    round = StringField()
    school_code = StringField()
    document = StringField(required=True)  # slug of the subject's kind
    subject = ObjectIdField(required=True)
    headline = StringField()
    lineage = ObjectIdField()
    number = IntField(required=True)
    at = DateTimeField(required=True)
    actor = ObjectIdField(required=True)
    actor_name = StringField()
    acting_as = StringField()
    via = StringField()
    address = StringField()
    action = StringField(required=True)
    changes = DictField()
    values_digest = StringField()
    reason = StringField()
    previous = StringField()
    hash = StringField(required=True)
    erased = DictField()  # at, by, seal: the values were taken away by retention

    meta = {
        "collection": "audit_events",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "subject", "number"], "unique": True},
            {"fields": ["area_code", "-at", "-_id"], "name": "area_newest"},
            {"fields": ["area_code", "school_code", "-at", "-_id"], "name": "school_newest"},
            {"fields": ["area_code", "lineage", "-at"]},
        ],
    }


def configure(key):
    """Set the chain's key (bytes, at least 32), kept outside the database."""
    global _key
    if len(key) < 32:
        raise ValueError("the audit key must be at least 32 bytes")
    _key = key


def keyed(text):
    """HMAC-SHA256 of a text with the chain's key, in hex."""
    if _key is None:
        raise RuntimeError("documents.trail.history.configure(key) was not called")
    return hmac.digest(_key, text.encode(), "sha256").hex()


def canonical(value):
    """JSON that is the same for the same content: sorted keys, ISO dates, missing as null."""
    return _CANONICAL.encode(value)


def fingerprint(value):
    """SHA-256 (hex, half) of a plain value: whether it is the same again, no secret."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:32]


def _plain(value):
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, dt.datetime):
        value = as_stored(value)
        midnight = value.time() == dt.time(0)
        return value.date().isoformat() if midnight else value.isoformat(timespec="milliseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"no canonical form for {type(value).__name__}")


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def as_stored(instant):
    """An instant as MongoDB gives it back: naive UTC, cut to the millisecond."""
    if instant.tzinfo is not None:
        instant = instant.astimezone(dt.UTC).replace(tzinfo=None)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


HASHED = (
    "area_code", "academic_year", "round", "school_code", "document", "subject", "lineage", "number", "at",
    "actor", "actor_name", "acting_as", "via", "action", "values_digest", "reason", "previous",
)  # fmt: skip
ERASABLE = ("changes", "headline", "address")  # what an event tells of persons; its hash covers their digest


def event_hash(event):
    """The hash an event (a plain dict) must carry."""
    return keyed(canonical({name: event.get(name) for name in HASHED}))


def values_digest(event):
    """The digest of what an event (a plain dict) tells of persons; what its hash covers instead."""
    return keyed(canonical({name: event.get(name) for name in ERASABLE}))


def event(subject, place, actor, action, changes, previous, **more):
    """An event as a plain dict, chained to `previous` (the subject's last hash, None for its first)."""
    made = {
        "_id": ObjectId(),
        **place,
        "subject": subject,
        "at": naive_now(),
        "actor": actor.id,
        "actor_name": actor.name,
        "address": address_of_request(),
        "action": action,
        "changes": changes,
        "previous": previous,
        **more,
    }
    made = {name: value for name, value in made.items() if value is not None}
    made["values_digest"] = values_digest(made)
    made["hash"] = event_hash(made)
    return made


def store(events):
    """Insert events as they were made; within a transaction, which may be tried again with the same ones."""
    if len(events) == 1:  # the usual save, at half the cost of a list
        collection(AuditEvent).insert_one(dict(events[0]))
    elif events:
        collection(AuditEvent).insert_many([dict(event) for event in events])


class FirstEvents:
    """The first events of many records that differ in subject, lineage, school and headline alone.

    Each is what `event` makes of the same; what all have in common is written down once, which takes a third of the time.
    """

    VARYING = ("lineage", "school_code", "subject", "values_digest")  # in the order of canonical JSON

    def __init__(self, place, actor, action, **more):
        marks = {name: str(ObjectId()) for name in self.VARYING}
        like = event(None, place, actor, action, {}, None, number=1, **more) | marks
        self.alike = {name: value for name, value in like.items() if name not in (*marks, "_id", "hash")}
        self.pieces = re.split("|".join(marks.values()), canonical({name: like.get(name) for name in HASHED}))
        mark = str(ObjectId())
        told = canonical({"address": like.get("address"), "changes": {}, "headline": mark})
        self.told = told.split(f'"{mark}"')

    def event(self, subject, lineage, school_code, headline):
        """The first event of one record, as a plain dict."""
        digest = keyed(json.encoder.encode_basestring(headline).join(self.told))
        first, second, third, fourth, last = self.pieces
        hashed = f"{first}{lineage}{second}{school_code}{third}{subject}{fourth}{digest}{last}"
        return self.alike | {
            "_id": ObjectId(), "subject": subject, "lineage": lineage, "school_code": school_code,
            "headline": headline, "values_digest": digest, "hash": keyed(hashed),
        }  # fmt: skip


def naive_now():
    """The product's now as MongoDB keeps it: naive UTC, to the millisecond."""
    return as_stored(clock.now())


# ---- from where: set by the web layer for the time of a request, asked here ----

_address = None


def tell_address(ask):
    """Give the function that tells from which address the present request came (None outside one)."""
    global _address
    _address = ask


def address_of_request():
    """The address of the present request, or None in scripts and jobs."""
    return _address() if _address else None


# ---- what of it is access: given by the access log, without which nothing of access can be noted ----

_mirror = None


def mirror_access(enter):
    """Give the function (event, seen) that enters an event of access in the access log, too."""
    global _mirror
    _mirror = enter


def note_event(area_code, actor, action, document, subject, changes, reason=None, *, seen=None, **more):
    """Write one event of a subject that has no round (a user, a setting, a school), chained to its last one.

    `changes` is {field: [old, new]}, `more` further fields of the event. Gives back the event. Two at once: the unique number lets one in,
    and the other is tried again behind it. What is noted of "access" is entered in the access log too, with `seen` beside it.
    """
    while True:
        last = collection(AuditEvent).find_one(
            {"area_code": area_code, "subject": subject}, sort=[("number", -1)]
        ) or {"number": 0, "hash": None}
        made = event(
            subject,
            {"area_code": area_code},
            actor,
            action,
            changes,
            last["hash"],
            document=document,
            number=last["number"] + 1,
            reason=reason,
            **more,
        )
        try:
            collection(AuditEvent).insert_one(made)
        except DuplicateKeyError:
            continue
        if document == ACCESS:
            _mirror(made, seen)
        return made


def chained(subject, earlier, entry):
    """An entry for a list of moves: numbered and chained to the last one of `earlier`."""
    last = earlier[-1] if earlier else None
    entry = entry | {"number": len(earlier) + 1, "previous": last["hash"] if last else None}
    return entry | {"hash": keyed(canonical({"subject": subject, **entry}))}


def events_of(area_code, subject, limit=200, document=None):
    """A subject's events, newest first; with `document` those that it is the subject of as that."""
    found = AuditEvent.objects(area_code=area_code, subject=subject)
    found = found.filter(document=document) if document else found
    return found.order_by("-number").limit(limit)


# ---- retention ----


def erase_values(area_code, before, actor, reason):
    """Take old and new values, names and addresses off an area's events before an instant (aware); gives their number.

    The chain stays whole. Each such event carries a seal that only this function can make, so that whoever takes
    values away in the database alone is found out. Raises NotAllowed for anyone but the area's admin.
    """
    if not actor.is_system and not actor.holds("admin", area_code):
        raise NotAllowed("เฉพาะผู้ดูแลระบบเท่านั้นที่ลบค่าในประวัติตามกำหนดเวลาเก็บได้")
    events, number = collection(AuditEvent), 0
    over = {"area_code": area_code, "at": {"$lt": as_stored(before)}}
    # From the oldest on, so that whatever lies before the newest erased one was looked at already.
    if last := events.find_one(over | {"erased": {"$ne": None}}, {"at": 1}, sort=[("at", -1)]):
        over["at"]["$gte"] = last["at"]
    for row in events.find(over | {"erased": None}, {"hash": 1}).sort("at", 1):
        mark = {"at": naive_now(), "by": actor.id}
        mark["seal"] = _seal_of(row["hash"], mark)
        taken = {"$unset": dict.fromkeys(ERASABLE, ""), "$set": {"erased": mark}}
        number += events.update_one({"_id": row["_id"], "area_code": area_code}, taken).modified_count
    if number:
        told = {"before": [None, as_stored(before)], "events": [None, number]}
        note_event(area_code, actor, "erase", "history", actor.id, told, reason)
    return number


def _seal_of(event_hash_, mark):
    return keyed(canonical({"erased": event_hash_, "at": mark.get("at"), "by": mark.get("by")}))


def is_erased(event):
    """Whether an event's values were taken away by `erase_values`."""
    mark = event.get("erased") or {}
    return bool(mark) and mark.get("seal") == _seal_of(event.get("hash"), mark)
