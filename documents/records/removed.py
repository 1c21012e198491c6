"""Records that were removed (รายการที่ลบ) from a school's round: found in the history, brought back through the one door.

The event of a removal keeps every value. A record stands again under its own id and lineage, unless somebody entered the
same one anew or its values were erased by retention.
"""

from bson import ObjectId

from documents.database import collection
from documents.errors import Invalid, WrongState
from documents.records.record import declared
from documents.records.writing import Change, write
from documents.trail.history import AuditEvent

MOST = 1_000  # removals of a school in a round that are looked at, the newest
GONE = "บางรายการถูกนำกลับมาแล้ว หรือไม่ได้ถูกลบจากโรงเรียนและรอบนี้ กรุณาเปิดหน้านี้ใหม่แล้วเลือกอีกครั้ง"
ERASED = "ค่าเดิมของบางรายการถูกลบตามกำหนดเวลาเก็บข้อมูลแล้ว จึงนำกลับมาไม่ได้"


def removed_from(document, place):
    """The events (dicts, the newest first) by which records that stand nowhere now were removed from a place."""
    asked = place._asdict() | {"document": document.slug, "action": "remove"}
    events = collection(AuditEvent).find(asked).sort([("at", -1), ("_id", -1)]).limit(MOST)
    last = {}
    for event in events:
        last.setdefault(event["subject"], event)
    there = {"area_code": place.area_code, "_id": {"$in": list(last)}}
    standing = {row["_id"] for row in collection(document).find(there, {"_id": 1})}
    return [event for id_, event in last.items() if id_ not in standing]


def bring_back(document, place, ids, actor, reason):
    """Write removed records again as they were, all or none; gives their Writtens.

    Raises WrongState where one stands again or its values are gone, and what `write` raises.
    """
    if not ids or not all(ObjectId.is_valid(str(one)) for one in ids):
        raise Invalid({0: {"id": "กรุณาเลือกรายการที่จะนำกลับมา"}})
    removed = {event["subject"]: event for event in removed_from(document, place)}
    events = [removed.get(ObjectId(str(one))) for one in dict.fromkeys(ids)]
    if None in events:
        raise WrongState(GONE)
    if not all(event.get("changes") for event in events):
        raise WrongState(ERASED)
    return write([_as_it_was(document, place, event) for event in events], actor, reason, via="undo")


def _as_it_was(document, place, event):
    """One carried over is looked over again: whether it had been is not kept."""
    values = {name: event["changes"][name][0] for name in declared(document) if name in event["changes"]}
    born_here = event.get("lineage") in (None, event["subject"])
    return Change(document, place, values, id=event["subject"], reviewed=born_here)
