"""Sessions (การเข้าใช้งาน): who is signed in from where. The cookie carries the id; the truth stands here."""

import secrets
from datetime import UTC, timedelta
from typing import NamedTuple

from bson import ObjectId

from documents.clock import real_now
from documents.database import collection
from documents.people.users import Session, User
from documents.records.declarations import reading_version, version_of

IDLE = timedelta(hours=8)  # a working day at a school's desk
LONGEST = timedelta(hours=24)
KEPT_SEARCHES = 20
SEEN_EVERY = timedelta(minutes=1)  # so that reading pages does not write at every request


class Resumed(NamedTuple):
    """A living session, whose it is, and the version of the declarations that was read with it."""

    session: Session
    user: User
    declared: int


def begin(user, address=None, browser=None):
    """A new session of the person, stored."""
    now = real_now()
    session = Session(
        user=user.id,
        since=now,
        last_seen=now,
        ends_at=now + LONGEST,
        address=(address or "")[:64],
        browser=(browser or "")[:300],
    )
    return session.save()


def resume(session_id):
    """The Resumed of a cookie's id while session and user are alive, else None; notes that it was seen."""
    if not ObjectId.is_valid(session_id or ""):
        return None
    now = real_now()
    person = {
        "from": User._get_collection_name(),
        "localField": "user",
        "foreignField": "_id",
        "as": "person",
    }
    living = {"_id": ObjectId(session_id)} | _alive(now)
    person |= {"pipeline": [{"$match": {"active": True}}]}
    asked = [{"$match": living}, {"$lookup": person}, reading_version()]
    row = next(collection(Session).aggregate(asked), None)
    if not row or not row["person"]:
        return None
    declared = version_of(row)
    session, user = Session._from_son(row), User._from_son(row["person"][0])
    if now - session.last_seen.replace(tzinfo=UTC) > SEEN_EVERY:
        collection(Session).update_one({"_id": session.id, "ended_at": None}, {"$set": {"last_seen": now}})
    return Resumed(session, user, declared)


def open_sessions(user):
    """The sessions of the person that are still alive, the latest seen first."""
    return Session.objects(__raw__={"user": user.id} | _alive(real_now())).order_by("-last_seen")


def since(session_id, user):
    """When a living session of the person began (naive UTC); None where it is none."""
    if not ObjectId.is_valid(session_id or ""):
        return None
    found = Session.objects(id=ObjectId(session_id), user=user.id, ended_at=None).only("since").first()
    return found and found.since


def was_ended(session_id):
    """Whether the session of a cookie's id was ended by somebody, rather than by the clock."""
    found = ObjectId.is_valid(session_id) and Session.objects(id=session_id).only("ended_at").first()
    return bool(found and found.ended_at)


def end(session_id, user):
    """End one session of the person; gives whether there was one to end."""
    if not ObjectId.is_valid(session_id or ""):
        return False
    one = {"_id": ObjectId(session_id), "user": user.id, "ended_at": None}
    done = {"$set": {"ended_at": real_now()}, "$unset": {"searches": ""}}
    return collection(Session).update_one(one, done).modified_count == 1


def end_all(user, but=None):
    """End every session of the person, except the one with the id `but`; gives their number."""
    those = {"user": user.id, "ended_at": None}
    if but is not None:
        those["_id"] = {"$ne": ObjectId(but)}
    return collection(Session).update_many(those, {"$set": {"ended_at": real_now()}}).modified_count


def keep_search(session_id, term):
    """A token that stands for a searched text in this session alone; the same text has the same token again."""
    found = collection(Session).find_one({"_id": ObjectId(session_id)}, {"searches": 1}) or {}
    for row in found.get("searches", ()):
        if row["term"] == term:
            return row["token"]
    row = {"token": f"~{secrets.token_hex(6)}", "term": term}
    pushed = {"$push": {"searches": {"$each": [row], "$slice": -KEPT_SEARCHES}}}
    collection(Session).update_one({"_id": ObjectId(session_id)}, pushed)
    return row["token"]


def kept_search(session_id, token):
    """The searched text that a token stands for in this session; '' where it stands for none."""
    if not ObjectId.is_valid(session_id or ""):
        return ""
    asked = {"_id": ObjectId(session_id), "searches.token": token}
    found = collection(Session).find_one(asked, {"searches.$": 1})
    return found["searches"][0]["term"] if found else ""


def _alive(now):
    return {"ended_at": None, "ends_at": {"$gt": now}, "last_seen": {"$gt": now - IDLE}}
