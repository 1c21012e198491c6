"""Mail (ข้อความที่ส่งออก): what goes to people outside of the product's pages, in a queue that a worker empties.

`send` stores, a worker carries. A message is taken by one worker at a time, under a lease. Before its text is handed to
the server that is noted on it, so nothing is ever sent twice: a worker that dies before is replaced, one that dies
after leaves a message of which nobody knows whether it arrived, which is shown and not sent again by itself. A server
that is away or puts off is tried again after growing waits; after two days it is given up.
"""

import logging
from datetime import timedelta

from bson import ObjectId
from mongoengine import Document, NotUniqueError
from mongoengine.fields import BinaryField, DateTimeField, IntField, ObjectIdField, StringField
from pymongo import ReturnDocument

from documents.background import job_runs
from documents.clock import real_now
from documents.database import after_commit, collection
from documents.district.schools import Area
from documents.errors import OutOfScope, WrongState
from documents.notifying.carriers import ADDRESS, Away, Later, Refused, Unsure
from documents.people.users import EVERY_AREA
from documents.trail import sealing

log = logging.getLogger(__name__)

STATES = {
    "queued": "รอส่ง",
    "sending": "กำลังส่ง",
    "sent": "ส่งแล้ว",
    "failed": "ส่งไม่ได้",
    "unsure": "ไม่ทราบผล",
}
ENDED_BADLY = ("failed", "unsure")
# Of what kind a message is: what its list calls it.
KINDS = {
    "account": "เรื่องบัญชีผู้ใช้",
    "activation": "ยืนยันอีเมล",
    "invitation": "คำเชิญใช้งาน",
    "reset": "ตั้งรหัสผ่านใหม่",
    "digest": "สรุปประจำวัน",
    "announcement": "ประกาศ",
    "line": "ข้อความถึงกลุ่มไลน์",
}
WAITS = [timedelta(minutes=n) for n in (1, 5, 15, 30, 60, 120, 240)]  # the last one again and again
GIVEN_UP_AFTER = timedelta(days=2)
KEPT_FOR = timedelta(days=30)
LEASE = timedelta(minutes=5)  # longer than all the waits of one conversation with a server
MOST_AT_ONCE = 500  # messages of one round over one connection
TOO_OLD = "พยายามส่งมา 2 วันแล้วไม่สำเร็จ"
SEAL_LOST = "เปิดข้อความที่ปิดผนึกไว้ไม่ได้ เพราะ SECRET_KEY เปลี่ยนไป กรุณาสั่งส่งใหม่จากหน้าเดิม"
CUT_OFF = "การส่งถูกตัดกลางคัน จึงไม่ทราบว่าถึงผู้รับหรือไม่ ระบบไม่ส่งซ้ำเอง"


class Mail(Document):
    """One message to one address: its text sealed until it is sent, then erased; how often it was tried and how it ended."""

    area_code = StringField(required=True, max_length=8)  # EVERY_AREA: of no area
    channel = StringField(required=True, max_length=8)
    kind = StringField(required=True, max_length=20)
    to = StringField(required=True, max_length=254)
    subject = StringField(max_length=300)
    sealed = BinaryField()
    once = StringField(max_length=120)  # of two with the same only the first is stored

    state = StringField(required=True, choices=list(STATES), default="queued")
    asked_at = DateTimeField(required=True)
    due_at = DateTimeField()  # by the real clock: who looks then may take it; there while it is to be sent
    gives_up_at = DateTimeField(required=True)
    attempts = IntField(default=0)
    handed_at = DateTimeField()  # when its text was handed over: it may have arrived since
    sent_at = DateTimeField()
    last_error = StringField(max_length=500)
    asked_again_by = ObjectIdField()
    expires_at = DateTimeField(required=True)

    meta = {
        "collection": "mails",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "-asked_at", "-_id"], "name": "area_newest"},
            {"fields": ["area_code", "state", "-asked_at", "-_id"], "name": "area_state"},
            {
                "fields": ["area_code", "once"],
                "unique": True,
                "partialFilterExpression": {"once": {"$type": "string"}},
            },
            {"fields": ["channel", "due_at"]},
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }

    @property
    def shown_state(self):
        """The state in words."""
        return STATES[self.state]

    @property
    def label(self):
        """Its kind in words."""
        return KINDS.get(self.kind, "อื่น ๆ")

    @property
    def place(self):
        """Where its sealed text stands."""
        return f"mail:{self.id}"


# ---- who carries ----


_carriers = {}
_wake = None


def configure(channel, carrier):
    """Say who carries a channel's messages: a function giving a context manager, whose `carry(mail, text, handing)`
    calls `handing()` before it hands over and raises Later, Refused or Unsure; entering it may raise Away, carrying too.

    None: nobody does, and nothing is queued for it.
    """
    _carriers.pop(channel, None)
    if carrier is not None:
        _carriers[channel] = carrier


def configure_waking(wake):
    """Tell what wakes a worker to deliver; without it a worker's own round finds what is due."""
    global _wake
    _wake = wake


def is_on(channel="smtp"):
    """Whether messages of this channel can be sent from here at all."""
    return channel in _carriers


# ---- asking for one ----


def send(to, subject, text, kind, area_code=None, *, once=None, channel="smtp"):
    """Store a message for a worker to send; gives the Mail, or None where nobody can send or `once` was used before.

    `text` is plain and holds no personal numbers; a secret stands in it only as part of a link. It is kept sealed and
    erased once sent. `area_code` is the area whose admin sees that it was sent, not what it said. In a transaction it
    takes part in it. Raises ValueError for what is no e-mail address.
    """
    if not is_on(channel):
        return None
    if channel == "smtp" and not ADDRESS.fullmatch(to):
        raise ValueError("not one e-mail address")
    now = real_now()
    mail = Mail(
        id=ObjectId(),
        area_code=area_code or EVERY_AREA,
        channel=channel,
        kind=kind,
        to=to,
        subject=" ".join(subject.split())[:300],
        once=once,
        asked_at=now,
        due_at=now,
        gives_up_at=now + GIVEN_UP_AFTER,
        expires_at=now + KEPT_FOR,
    )
    mail.sealed = sealing.seal(text, mail.place)
    if once and collection(Mail).find_one({"area_code": mail.area_code, "once": once}, {"_id": 1}):
        return None
    try:
        collection(Mail).insert_one(mail.to_mongo().to_dict())
    except NotUniqueError:
        return None
    after_commit(wake)
    return mail


def wake():
    """Wake a worker to deliver what is due."""
    if _wake is not None:
        _wake()


# ---- delivering ----


def deliver_due():
    """Send what is due, one message after another, each channel over one connection; gives how many were sent."""
    _end_old()
    return sum(_deliver(channel, open_) for channel, open_ in list(_carriers.items()))


def is_due():
    """Whether any message waits for a worker now."""
    if not _carriers:
        return False
    waits = {"channel": {"$in": list(_carriers)}, "due_at": {"$lte": real_now()}}
    return collection(Mail).find_one(waits, {"_id": 1}) is not None


def _end_old():
    """Give up on what is too old, and say of what a dead worker had handed over that nobody knows."""
    now = real_now()
    over = {"channel": {"$in": list(_carriers)}, "due_at": {"$lte": now}}
    unsure = {"state": "unsure", "last_error": CUT_OFF}
    handed = over | {"handed_at": {"$ne": None}}
    collection(Mail).update_many(handed, {"$set": unsure, "$unset": {"due_at": ""}})
    old = over | {"handed_at": None, "gives_up_at": {"$lte": now}}
    for found in collection(Mail).find(old, {"last_error": 1}):
        said = " · ".join(filter(None, (TOO_OLD, found.get("last_error"))))
        ended = {"$set": {"state": "failed", "last_error": said}, "$unset": {"due_at": ""}}
        collection(Mail).update_one(old | {"_id": found["_id"]}, ended)


def _deliver(channel, carrier):
    mail, sent = _claimed(channel), 0
    if mail is None:
        return 0
    try:
        with carrier() as carrying:
            for _ in range(MOST_AT_ONCE):
                sent += _carried(mail, carrying)
                mail = None if job_runs.stopping.is_set() else _claimed(channel)
                if mail is None:
                    break
    except Away as away:
        log.warning("no %s server to talk to: %s", channel, away)
        _wait_for_server(mail, away)
        mail = None
    if mail is not None:  # taken and not tried: for the next round
        _release(mail, real_now(), None)
    return sent


def _claimed(channel):
    """The message due first, taken for LEASE by one conditional update, or None."""
    now = real_now()
    due = {"channel": channel, "due_at": {"$lte": now}, "handed_at": None, "gives_up_at": {"$gt": now}}
    taken = {"$set": {"state": "sending", "due_at": now + LEASE}, "$inc": {"attempts": 1}}
    found = collection(Mail).find_one_and_update(
        due, taken, sort=[("due_at", 1)], return_document=ReturnDocument.AFTER
    )
    return Mail._from_son(found) if found else None


def _carried(mail, carrying):
    """Carry one message and note how it went; gives whether it was sent. Raises Away."""
    job_runs.active.add(mail.id)  # a worker told to end waits for it
    try:
        text = sealing.opened(mail.sealed, mail.place)
        carrying.carry(mail, text, lambda: _hand_over(mail))
    except sealing.WrongSeal:
        return _end(mail, "failed", last_error=SEAL_LOST)
    except Refused as said:
        return _end(mail, "failed", last_error=_discreet(said))
    except Unsure as said:
        return _end(mail, "unsure", last_error=_discreet(said))
    except Later as said:
        return _release(mail, real_now() + _wait_of(mail), said)
    except _Lost:
        return False
    finally:
        job_runs.active.discard(mail.id)
    return _end(mail, "sent", sent_at=real_now())


class _Lost(Exception):
    """The lease of a message ran out, and somebody else has it."""


def _mine(mail):
    """The filter of a message while it is still this run's: `attempts` tells runs apart."""
    return {"_id": mail.id, "area_code": mail.area_code, "state": "sending", "attempts": mail.attempts}


def _hand_over(mail):
    now = real_now()
    handed = {"handed_at": now, "due_at": now + LEASE}
    if not collection(Mail).update_one(_mine(mail), {"$set": handed}).modified_count:
        raise _Lost()


def _end(mail, state, **values):
    """Note how a message ended; gives whether it was sent. What was sent keeps neither text nor past troubles."""
    gone = {"due_at": ""} | ({"sealed": "", "last_error": ""} if state == "sent" else {})
    collection(Mail).update_one(_mine(mail), {"$set": values | {"state": state}, "$unset": gone})
    return state == "sent"


def _release(mail, due_at, said):
    """Let it wait until then; it was not handed over, or not all of it."""
    values = {"state": "queued", "due_at": due_at} | ({"last_error": _discreet(said)} if said else {})
    collection(Mail).update_one(_mine(mail), {"$set": values, "$unset": {"handed_at": ""}})
    return False


def _wait_for_server(mail, said):
    """Let this message, and all that are due too, wait for a server that is away."""
    due_at = real_now() + _wait_of(mail)
    _release(mail, due_at, said)
    waiting = {"channel": mail.channel, "due_at": {"$lte": real_now()}, "state": "queued"}
    later = {"$set": {"due_at": due_at, "last_error": _discreet(said)}, "$inc": {"attempts": 1}}
    collection(Mail).update_many(waiting, later)


def _wait_of(mail):
    return WAITS[min(mail.attempts, len(WAITS)) - 1]


def _discreet(said):
    """A server's words without the addresses in them, which are people's."""
    return ADDRESS.sub("•@•", " ".join(str(said).split()))[:500]


# ---- who looks after them ----


def areas_looked_after(user):
    """The area codes whose messages a person looks after: where he is admin; for the operator, all and what is of none."""
    areas = user.areas("admin")
    return [*Area.objects.distinct("code"), EVERY_AREA] if EVERY_AREA in areas else areas


def visible(user, state=None):
    """The MongoDB filter of the messages a person may see in the list, of one state where one is named."""
    those = {"area_code": {"$in": areas_looked_after(user)}}
    return those | {"state": state} if state else those


def trouble_of(user):
    """{waiting: how many messages of a person's areas were tried in vain and wait, said: why}; None without any."""
    waits = visible(user, "queued") | {"last_error": {"$exists": True}}
    last = collection(Mail).find_one(waits, {"last_error": 1}, sort=[("asked_at", -1), ("_id", -1)])
    if last is None:
        return None
    return {"waiting": collection(Mail).count_documents(waits), "said": last["last_error"]}


def again(id_, user):
    """Send once more what could not be sent, or may not have arrived. Raises OutOfScope, WrongState."""
    one = {"_id": ObjectId(id_), **visible(user)} if ObjectId.is_valid(id_ or "") else None
    found = one and collection(Mail).find_one(one, {"area_code": 1, "sealed": 1})
    if not found:
        raise OutOfScope("ไม่พบข้อความนี้ในเขตของท่าน กรุณาเลือกจากรายการ")
    now = real_now()
    ended = {"_id": found["_id"], "area_code": found["area_code"], "state": {"$in": list(ENDED_BADLY)}}
    values = {
        "state": "queued",
        "due_at": now,
        "gives_up_at": now + GIVEN_UP_AFTER,
        "asked_again_by": user.id,
    }
    queued = {"$set": values | {"attempts": 0}, "$unset": {"handed_at": ""}}
    if not collection(Mail).update_one(ended | {"sealed": {"$exists": True}}, queued).modified_count:
        raise WrongState("ข้อความนี้ส่งแล้วหรือกำลังรอส่งอยู่ กรุณาเปิดหน้านี้ใหม่")
    wake()
