"""History (ประวัติการแก้ไข): append-only events, written in the transaction of the change they tell of.

Events of one subject form a chain: each carries the hash of the one before, an HMAC with a key that lies
outside the database, over a digest of the values. Values can so be erased by retention without breaking the
chain, and whoever changes the database alone cannot mend it.
"""

import datetime as dt
import hashlib
import hmac
import json

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, IntField, ObjectIdField, StringField

from documents import clock
from documents.database import collection

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

    meta = {
        "collection": "audit_events",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "subject", "number"], "unique": True},
            {"fields": ["area_code", "-at"]},
            {"fields": ["area_code", "academic_year", "round", "school_code", "-at"]},
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
        raise RuntimeError("documents.history.configure(key) was not called")
    return hmac.new(_key, text.encode(), hashlib.sha256).hexdigest()


def canonical(value):
    """JSON that is the same for the same content: sorted keys, ISO dates, missing as null."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value):
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time(0)
        return (
            value.date().isoformat()
            if midnight
            else value.replace(tzinfo=None).isoformat(timespec="milliseconds")
        )
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, ObjectId):
        return str(value)
    raise TypeError(f"no canonical form for {type(value).__name__}")


HASHED = (
    "area_code", "academic_year", "round", "school_code", "document", "subject", "lineage", "number", "at",
    "actor", "acting_as", "via", "action", "values_digest", "reason", "previous",
)  # fmt: skip


def event_hash(event):
    """The hash an event (a plain dict) must carry."""
    return keyed(canonical({name: event.get(name) for name in HASHED}))


def values_digest(changes):
    """The digest of an event's old and new values; what the hash covers instead of the values."""
    return keyed(canonical(changes))


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
        "values_digest": values_digest(changes),
        "previous": previous,
        **more,
    }
    made = {name: value for name, value in made.items() if value is not None}
    made["hash"] = event_hash(made)
    return made


def naive_now():
    """The product's now as MongoDB keeps it: naive UTC, to the millisecond."""
    now = clock.now().astimezone(dt.UTC).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


# ---- from where: set by the web layer for the time of a request, asked here ----

_address = None


def tell_address(ask):
    """Give the function that tells from which address the present request came (None outside one)."""
    global _address
    _address = ask


def address_of_request():
    """The address of the present request, or None in scripts and jobs."""
    return _address() if _address else None


def note_event(area_code, actor, action, document, subject, changes, reason=None):
    """Write one event of a subject that has no round (a user, a setting, a school), chained to its last one.

    `changes` is {field: [old, new]}. Gives back the event. Two at once: the unique number lets one in,
    and the other is tried again behind it.
    """
    from pymongo.errors import DuplicateKeyError

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
        )
        try:
            collection(AuditEvent).insert_one(made)
            return made
        except DuplicateKeyError:
            continue


def chained(subject, earlier, entry):
    """An entry for a list of moves: numbered and chained to the last one of `earlier`."""
    last = earlier[-1] if earlier else None
    entry = entry | {"number": len(earlier) + 1, "previous": last["hash"] if last else None}
    return entry | {"hash": keyed(canonical({"subject": subject, **entry}))}


def events_of(area_code, subject, limit=200):
    """A subject's events, newest first."""
    return AuditEvent.objects(area_code=area_code, subject=subject).order_by("-number").limit(limit)


# ---- verification ----


def verify(area_code=None):
    """Yield a sentence for each place where the history and the data no longer agree.

    Reads every event once; constant memory per subject.
    """
    from documents.rounds import Round
    from documents.submissions import Submission

    scope = {"area_code": area_code} if area_code else {}
    yield from _verify_events(scope)
    yield from _verify_records(scope)
    for submission in collection(Submission).find(scope):
        yield from _verify_moves(submission, f"submission:{submission['_id']}", submission["school_name"])
    for round_ in collection(Round).find(scope):
        yield from _verify_moves(round_, f"round:{round_['_id']}", f"รอบ {round_['title']}")


def _verify_events(scope):
    subject, previous, number = None, None, 0
    order = [("area_code", 1), ("subject", 1), ("number", 1)]
    for row in collection(AuditEvent).find(scope, sort=order):
        if row["subject"] != subject:
            subject, previous, number = row["subject"], None, 0
        name = f"{row['document']} {row['subject']} เหตุการณ์ที่ {row['number']}"
        if row["number"] != number + 1:
            yield f"{name}: มีเหตุการณ์ก่อนหน้าหายไป"
        if row.get("previous") != previous:
            yield f"{name}: ไม่ต่อกับเหตุการณ์ก่อนหน้า"
        if event_hash(row) != row["hash"]:
            yield f"{name}: ถูกแก้ไขภายหลัง"
        if row.get("changes") is not None and values_digest(row["changes"]) != row["values_digest"]:
            yield f"{name}: ค่าที่บันทึกไว้ถูกแก้ไขภายหลัง"
        previous, number = row["hash"], row["number"]


def _verify_records(scope):
    """Each record's last hash and revision must be its last event's, so that a missing last event shows."""
    from documents import subsystems

    for document in subsystems():
        fields = {"history_hash": 1, "revision": 1, "area_code": 1}
        for record in collection(document).find(scope, fields):
            last = collection(AuditEvent).find_one(
                {"area_code": record["area_code"], "subject": record["_id"]}, {"hash": 1, "number": 1},
                sort=[("number", -1)],
            )  # fmt: skip
            if last is None or (last["hash"], last["number"]) != (record["history_hash"], record["revision"]):
                yield f"{document.slug} {record['_id']}: เหตุการณ์ล่าสุดของรายการนี้หายไปหรือไม่ตรงกัน"


def _verify_moves(moved, subject, name):
    """The chained list of moves of one submission or round, a stored dict."""
    earlier = []
    for row in moved.get("moves", []):
        bare = {key: value for key, value in row.items() if key not in ("hash", "number", "previous")}
        if chained(subject, earlier, bare)["hash"] != row.get("hash"):
            yield f"{name}: ลำดับการดำเนินการครั้งที่ {row.get('number')} ถูกแก้ไขภายหลัง"
        earlier.append(row)
