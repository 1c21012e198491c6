"""Queues of G-code requests (คิว): the states that belong together for whoever works through them, and what waits for whom."""

from typing import NamedTuple

from documents.database import collection
from documents.gcode.gcode import HANDS, GCodeRequest


class Queue(NamedTuple):
    """One queue: its words, the states in it, whether the oldest case comes first."""

    label: str
    states: tuple
    oldest_first: bool = False


QUEUES = {
    "check": Queue("รอตรวจสอบ", ("sent", "checking"), True),
    "certify": Queue("รอรับรอง", ("checked",), True),
    "returned": Queue("ส่งกลับแก้ไข", ("returned",), True),
    "draft": Queue("ร่าง", ("draft",)),
    "certified": Queue("รับรองแล้ว", ("certified",)),
    "replaced": Queue("เปลี่ยนเป็นเลข 13 หลัก", ("replaced",)),
    "closed": Queue("ไม่รับรองหรือยกเลิก", ("refused", "cancelled")),
}


def counts(scope):
    """{state: how many} of the requests within a MongoDB filter that begins with the area."""
    stages = [{"$match": scope}, {"$group": {"_id": "$state", "n": {"$sum": 1}}}]
    return {row["_id"]: row["n"] for row in collection(GCodeRequest).aggregate(stages)}


# ---- what waits for whom ----

SUM = ({"$group": {"_id": None, "n": {"$sum": 1}, "oldest": {"$min": "$sent_at"}}},)


def waiting_questions(user, area_code):
    """{what waits: (document class, pipeline)}, as `database.asked_together` takes it: each gives one row {n, oldest}."""
    return {
        what: (GCodeRequest, [{"$match": {"area_code": area_code} | query}, *SUM])
        for what, query in _waiting(user, area_code).items()
    }


def _waiting(user, area_code):
    """{what waits: the filter of the requests that wait for this person so, within the area}."""
    asked = {}
    if user.holds("district", area_code):
        asked["gcode_check"] = {"state": {"$in": ["sent", "checking"]}}
    if user.holds("approver", area_code):
        own = {"by": user.id, "name": {"$in": list(HANDS)}}
        asked["gcode_certify"] = {
            "state": "checked", "recorded_by": {"$ne": user.id}, "mended_by": {"$ne": user.id},
            "moves": {"$not": {"$elemMatch": own}},
        }  # fmt: skip
    if codes := [code for area, code in user.schools("school") if area == area_code]:
        asked["gcode_returned"] = {"school_code": {"$in": codes}, "state": "returned"}
        asked["gcode_draft"] = {"school_code": {"$in": codes}, "state": "draft"}
    return asked


def next_of(user, request):
    """(queue's key, id) of the request that an officer or approver looks at after this one: the next younger of those that wait
    for him, else the oldest; None where there is no other.
    """
    asked = _waiting(user, request.area_code)
    order = [("sent_at", 1), ("_id", 1)]
    for what, queue in (("gcode_certify", "certify"), ("gcode_check", "check")):
        if what not in asked:
            continue
        others = {"area_code": request.area_code, "_id": {"$ne": request.id}} | asked[what]
        younger = {"sent_at": {"$gt": request.sent_at}} if request.sent_at else {}
        for query in (others | younger, others):
            if found := collection(GCodeRequest).find_one(query, {"_id": 1}, sort=order):
                return queue, found["_id"]
    return None
