"""Refusals (การทำรายการที่ถูกปฏิเสธ): attempts outside one's rights or out of time, as events in the history.

An event tells who, what kind of attempt, where and from which address; never a value, an id or what was typed. Each
person leaves the first `MOST` of an hour and then every doubling, so that nobody fills the history by trying.
"""

import logging
from contextvars import Context, ContextVar
from datetime import timedelta
from functools import wraps

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from documents.clock import real_now
from documents.database import collection
from documents.errors import DoorClosed, NotAllowed
from documents.people.users import EVERY_AREA, Count, System
from documents.trail import history

log = logging.getLogger(__name__)

KINDS = {
    "scope": "ขอดูหรือทำรายการนอกสิทธิ์",
    "unknown": "ขอรายการที่ไม่มีอยู่หรือไม่อยู่ในสิทธิ์",
    "door": "บันทึกหรือทำขั้นตอนที่สถานะหรือเวลาไม่อนุญาต",
    "token": "ส่งแบบฟอร์มที่ไม่ได้มาจากหน้าของระบบ",
    "limit": "ทำรายการถี่เกินกำหนด",
    "sign_in": "เข้าสู่ระบบผิดหลายครั้งจนถูกพักการลอง",
    "totals": "ขอไฟล์ที่ยอดไม่ตรงกับหน้าติดตามการรายงาน",
}
MOST = 20
STRANGER = System("ผู้ที่ยังไม่เข้าสู่ระบบ", ObjectId("000000000000000000000001"))
HOUR = timedelta(hours=1)

_noted = ContextVar("refusals noted in this request", default=0)


def note(kind, person, where, detail=None):
    """Write an event of a refusal of one of KINDS; `person` is None for a stranger, `where` a route or a deed.

    `detail` is the refusal's own sentence, where it tells of no person. Gives whether an event was written. The refusal
    stands whether the database takes its event or not: what it says then is logged, and hides no refusal.
    """
    _noted.set(_noted.get() + 1)
    try:
        return _note(kind, person or STRANGER, where, detail)
    except PyMongoError as fault:
        log.error("a refusal could not be noted: %s", type(fault).__name__)
        return False


def _note(kind, person, where, detail):
    times = _count(person, kind)
    if times > MOST and times & (times - 1):
        return False
    told = {"what": [None, kind], "where": [None, where]}
    if times > MOST:
        told["times"] = [None, times]
    # In a context of its own: the transaction that was refused takes its events with it.
    Context().run(_write, person, told, detail, history.address_of_request())
    return True


def _write(person, told, detail, address):
    history.note_event(
        area_of(person), person, "refuse", "security", person.id, told, detail, address=address
    )


def forget():
    """Begin to count anew what `noted_here` tells: at the beginning of a request."""
    _noted.set(0)


def noted_here():
    """How many refusals were noted since the beginning of this request."""
    return _noted.get()


def area_of(person):
    """The area whose log tells of a person's refusals: his first; '*' for a stranger and for the operator."""
    return next((grant.area_code for grant in getattr(person, "grants", ())), EVERY_AREA)


def _count(person, kind):
    """How often this person was refused in this way within the hour, this time included."""
    now = real_now()
    row = collection(Count).find_one_and_update(
        {"_id": f"refused/{person.id}/{kind}/{now:%Y%m%d%H}"},
        {"$inc": {"count": 1}, "$setOnInsert": {"expireAt": now + HOUR}},
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )
    return row["count"]


def noting_refusals(place):
    """Decorates a deed so that its refusal is noted; the acting person is the argument `actor`, at this place."""

    def decorate(deed):
        @wraps(deed)
        def done(*given, **named):
            try:
                return deed(*given, **named)
            except (NotAllowed, DoorClosed) as refusal:
                actor = named["actor"] if "actor" in named else given[place]
                if not actor.is_system and not hasattr(refusal, "noted"):  # by a deed inside this one
                    refusal.noted = True
                    note("scope" if isinstance(refusal, NotAllowed) else "door", actor, deed.__name__)
                raise

        return done

    return decorate
