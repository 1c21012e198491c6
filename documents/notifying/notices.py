"""Notices (แจ้งเตือน): what became a person's to do or to know, kept for him until he has read it.

`tell` writes after the transaction in progress, never inside of it: two hundred people told at once must not hold up
a save. How many are unread is counted on the person, who is read with every request, so the bell costs no question.
No notice holds personal data of pupils; it names schools, rounds and what is to be done.
"""

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, ObjectIdField, StringField
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from documents import clock
from documents.clock import naive, real_now
from documents.database import after_commit, collection
from documents.people.users import EVERY_AREA, SCHOOL_ROLES, User

log = logging.getLogger(__name__)

# kind: (what its list calls it, its icon, its tone)
KINDS = {
    "returned": ("ส่งกลับแก้ไข", "return", "back"),
    "certify": ("รอรับรอง", "check", "cert"),
    "verify": ("รอตรวจสอบ", "check", "cert"),
    "verified": ("ตรวจสอบแล้ว", "check", "veri"),
    "found": ("พบหลังรับรอง", "alert", "late"),
    "due": ("ใกล้ครบกำหนด", "clock", "late"),
    "time": ("กำหนดเวลา", "clock", "work"),
    "round": ("รอบข้อมูล", "calendar", "work"),
    "hold": ("พักไว้", "pause", "back"),
    "reopened": ("เปิดคืน", "edit", "back"),
    "job": ("งานเบื้องหลัง", "transfer", "idle"),
    "case": ("คำขอ", "chat", "conf"),
    "account": ("บัญชีผู้ใช้", "users", "idle"),
    "announcement": ("ประกาศ", "announce", "accent"),
}
KEPT_FOR = timedelta(days=60)
MOST_SHOWN = 200
DUPLICATE = 11000


class Notice(Document):
    """One sentence for one person, with the page where it is seen or done."""

    area_code = StringField(required=True, max_length=8)
    person = ObjectIdField(required=True)
    kind = StringField(required=True, max_length=20)
    text = StringField(required=True, max_length=300)
    url = StringField(max_length=300)  # a path of ours
    at = DateTimeField(required=True)  # by the product's clock
    read_at = DateTimeField()
    mailed_at = DateTimeField()  # when it stood in a daily digest
    once = StringField(max_length=160)  # of two with the same, a person is told the first
    expires_at = DateTimeField(required=True)

    meta = {
        "collection": "notices",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "person", "-at", "-_id"], "name": "own_newest"},
            {
                "fields": ["area_code", "person", "once"],
                "unique": True,
                "partialFilterExpression": {"once": {"$type": "string"}},
            },
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


# ---- telling ----

_quiet = ContextVar("nobody is told", default=False)


@contextmanager
def quietly():
    """Within, nobody is told: where a district is filled from elsewhere, what happens is no news."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def tell(person_ids, kind, text, url=None, area_code=None, once=None):
    """Tell these people (ids), each of them `once` where that is given; after the transaction in progress.

    `text` is a Thai sentence without personal data, `url` a path of ours. Without `area_code` each is told in the
    first area he is listed in. A database that is away then costs the notice, never what was done.
    """
    ids = list(dict.fromkeys(person_ids))
    if ids and not _quiet.get():
        tell_each([(id_, kind, text, url, once) for id_ in ids], area_code)


def tell_each(rows, area_code=None):
    """`tell` for many at once: `rows` of (person's id, kind, text, url, once)."""
    if rows and not _quiet.get():
        after_commit(lambda: _store(rows, area_code))


def later(work):
    """Call `work()`, which finds out whom to tell and tells them, after the transaction in progress; faults are logged."""
    if not _quiet.get():
        after_commit(lambda: _safely(work))


def _store(rows, area_code):
    _safely(lambda: _stored(rows, area_code))


def _safely(work):
    try:
        work()
    except PyMongoError as error:
        log.error("a notice was not stored: %s", type(error).__name__)


def _stored(rows, area_code):
    areas = {} if area_code else _first_areas({row[0] for row in rows})
    now, until = naive(clock.now()), real_now() + KEPT_FOR
    made = []
    for person, kind, text, url, once in rows:
        if area := area_code or areas.get(person):
            notice = {
                "_id": ObjectId(),
                "area_code": area,
                "person": person,
                "kind": kind,
                "text": text[:300],
            }
            notice |= {"url": url, "at": now, "expires_at": until} | ({"once": once} if once else {})
            made.append(notice)
    if not made:
        return
    told = _inserted(made)
    counted = {}
    for notice in told:
        counted[notice["person"]] = counted.get(notice["person"], 0) + 1
    if counted:
        changes = [UpdateOne({"_id": person}, {"$inc": {"unread": n}}) for person, n in counted.items()]
        collection(User).bulk_write(changes, ordered=False)


def _inserted(made):
    """The notices that are stored now, without those a person was told before."""
    try:
        collection(Notice).insert_many(made, ordered=False)
    except BulkWriteError as error:
        errors = error.details["writeErrors"]
        if any(each["code"] != DUPLICATE for each in errors):
            raise
        refused = {each["index"] for each in errors}
        return [notice for index, notice in enumerate(made) if index not in refused]
    return made


def _first_areas(ids):
    asked = {"_id": {"$in": list(ids)}, "active": True}
    found = collection(User).find(asked, {"areas_listed": 1})
    return {row["_id"]: row["areas_listed"][0] for row in found if row.get("areas_listed")}


def number_told(area_code, person_id, prefix):
    """Of how many things whose `once` begins so a person was told."""
    asked = {
        "area_code": area_code,
        "person": person_id,
        "once": {"$type": "string", "$gte": prefix, "$lt": f"{prefix}\uffff"},
    }
    return collection(Notice).count_documents(asked)


# ---- whom ----


def people_with(area_code, roles, school_codes=None):
    """The active Users who hold one of the roles in an area; of school roles, in one of these schools (None: in any).

    Acting directors of today are among them; the operator of every area is nobody's officer.
    """
    roles = list(roles)
    granted = {"role": {"$in": roles}, "area_code": area_code}
    at_school = [role for role in roles if role in SCHOOL_ROLES]
    if school_codes is not None and at_school:
        area_wide = [role for role in roles if role not in SCHOOL_ROLES]
        schools = {"role": {"$in": at_school}, "school_codes": {"$in": list(school_codes)}}
        ways = [{"grants": {"$elemMatch": {"area_code": area_code} | schools}}]
        ways += [{"grants": {"$elemMatch": granted | {"role": {"$in": area_wide}}}}] if area_wide else []
    else:
        ways = [{"grants": {"$elemMatch": granted}}]
    if "director" in roles:
        ways.append({"acting.area_code": area_code})
    found = User.objects(__raw__={"areas_listed": area_code, "active": True, "$or": ways})
    return [user for user in found if _holds_one(user, area_code, roles, school_codes)]


def _holds_one(user, area_code, roles, school_codes):
    """Whether he holds one of them today: an appointment begins and ends by the clock."""
    for grant in user.held:
        if grant.role in roles and grant.area_code == area_code:
            own = grant.role in SCHOOL_ROLES and school_codes is not None
            if not own or set(grant.school_codes) & set(school_codes):
                return True
    return False


def at_schools(area_code, school_codes, roles=SCHOOL_ROLES):
    """{school code: [ids of its people]} of those schools, asked in one question."""
    codes = set(school_codes)
    found = {code: [] for code in codes}
    for user in people_with(area_code, roles, codes):
        for code in {code for area, code in user.schools(*roles) if area == area_code} & codes:
            found[code].append(user.id)
    return found


# ---- reading ----


def areas_of(user):
    """The area codes a person's notices may stand in."""
    return sorted({grant.area_code for grant in user.held} - {EVERY_AREA})


def _own(user):
    return {"area_code": {"$in": areas_of(user)}, "person": user.id}


def of_person(user, unread=False):
    """A person's newest notices, at most MOST_SHOWN."""
    asked = _own(user) | ({"read_at": None} if unread else {})
    return list(Notice.objects(__raw__=asked).order_by("-at", "-id").limit(MOST_SHOWN))


def mark_read(user, id_=None):
    """Mark one notice of a person read, or all; gives the Notice of the id, None where it is none of his."""
    asked = _own(user)
    found = None
    if id_ is not None:
        found = ObjectId.is_valid(id_) and Notice.objects(__raw__=asked | {"_id": ObjectId(id_)}).first()
        if not found:
            return None
        asked = asked | {"_id": found.id}
    now = naive(clock.now())
    done = collection(Notice).update_many(asked | {"read_at": None}, {"$set": {"read_at": now}})
    if done.modified_count:
        recount(user)
    return found


def recount(user):
    """Bring the counter on the person up to date; gives how many are unread."""
    unread = collection(Notice).count_documents(_own(user) | {"read_at": None})
    if unread != user.unread:
        collection(User).update_one({"_id": user.id}, {"$set": {"unread": unread}})
        user.unread = unread
    return unread
