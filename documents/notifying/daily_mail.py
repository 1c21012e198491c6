"""The daily digest (สรุปประจำวัน): one e-mail a morning with what is not read yet, for who has not turned it off.

It is written in Thai and said again line by line for who reads in English or wants other dates, as the pages are.
"""

from datetime import timedelta
from itertools import groupby

from documents import clock
from documents.background.timetable import daily
from documents.clock import naive
from documents.database import collection
from documents.formats import buddhist
from documents.notifying import mail
from documents.notifying.carriers import ADDRESS
from documents.notifying.notices import Notice
from documents.people.users import User

HOUR, MINUTE = 7, 30  # after the reminders of the day
LOOKED_BACK = timedelta(days=3)  # what is older was read, mailed or is past caring
MOST_LINES = 20

_front = ""
_say = None


def configure(public_url, say):
    """Tell under which address people reach the product, and what says a Thai text as (text, language, dates) asks."""
    global _front, _say
    _front, _say = public_url.rstrip("/"), say


@daily("mail", HOUR, MINUTE)
def send_daily(area_code):
    """Queue an area's digests; gives how many. A notice stands in one digest alone."""
    if not mail.is_on():
        return 0
    asked = {"area_code": area_code, "read_at": None, "mailed_at": None}
    asked["at"] = {"$gte": naive(clock.now() - LOOKED_BACK)}
    rows = collection(Notice).find(asked).sort([("area_code", 1), ("person", 1), ("at", -1), ("_id", -1)])
    number = 0
    for person, notices in groupby(rows, key=lambda row: row["person"]):
        number += _sent(person, list(notices), area_code)
    return number


def _sent(person, notices, area_code):
    wanted = {"_id": person, "active": True, "digest_off": {"$ne": True}}
    user = collection(User).find_one(wanted, {"email": 1, "name": 1, "language": 1, "dates": 1})
    if user is None or not ADDRESS.fullmatch(user["email"]):
        return False
    once = f"digest/{clock.today()}/{person}"
    sent = mail.send(user["email"], *letter_of(user, notices), "digest", area_code, once=once)
    told = {"_id": {"$in": [row["_id"] for row in notices]}, "area_code": area_code}
    collection(Notice).update_many(told, {"$set": {"mailed_at": naive(clock.now())}})
    return sent is not None


def letter_of(user, notices):
    """(subject, text) of a person's digest: what each notice says, and where to read them and to turn this off."""

    def say(text):
        return _say(text, user.get("language") or "th", user.get("dates") or "be")

    number, left = f"{len(notices):,}", len(notices) - MOST_LINES
    lines = [f"• {say(row['text'])}" for row in notices[:MOST_LINES]]
    if left > 0:
        lines.append(say(f"และอีก {left:,} เรื่อง"))
    said = [
        say(f"เรียน {user['name']}"),
        "",
        say(f"มีเรื่องที่ท่านยังไม่ได้อ่าน {number} เรื่อง ณ {buddhist.format_datetime(clock.now())}"),
        "",
        *lines,
        "",
        say(f"เปิดดูที่ {_front}/admin/notices/"),
        say(f"ไม่ต้องการรับสรุปประจำวัน ปิดได้ที่ {_front}/account/"),
        "",
    ]
    return say(f"เขต: {number} เรื่องถึงท่าน {buddhist.format_long(clock.today())}"), "\n".join(said)


def turn(user, on):
    """Let a person have the digest, or no longer."""
    collection(User).update_one({"_id": user.id}, {"$set": {"digest_off": not on}})
    user.digest_off = not on
