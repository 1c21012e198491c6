"""Links to one's account (ลิงก์เปิดใช้บัญชี, ลิงก์ตั้งรหัสผ่าน): sent by mail, good once and until an hour, kept as a digest.

A newer link of the same person ends the ones before. Every use is an event of the person's areas. The token stands in
the query of the address, which the log of requests leaves out.
"""

import hashlib
import secrets
from datetime import timedelta

from mongoengine import Document
from mongoengine.fields import DateTimeField, ObjectIdField, StringField

from documents.clock import real_now, utc
from documents.database import collection, in_transaction
from documents.errors import Invalid, NotAllowed, WrongState
from documents.formats import buddhist
from documents.notifying import mail
from documents.people import account_words, accounts, passwords
from documents.people.school_accounts import DOMAIN
from documents.people.users import Session, User
from documents.trail import history

LASTS = {"activate": timedelta(days=7), "reset": timedelta(hours=2)}
SENT_EACH_HOUR = (
    3  # letters that one person gets by asking; what is asked beyond is answered the same and sent nothing
)
KEPT = timedelta(days=30)
PAGE = "/password/new"
UNKNOWN = "ลิงก์นี้ไม่ถูกต้อง อาจคัดลอกมาไม่ครบ กรุณาเปิดจากอีเมลอีกครั้ง หรือขอลิงก์ใหม่"
USED = "ลิงก์นี้ใช้ไปแล้วเมื่อ {when} หากท่านเป็นผู้ตั้งรหัสผ่าน ให้เข้าสู่ระบบได้เลย ถ้าไม่ใช่ ให้ขอลิงก์ใหม่และแจ้งผู้ดูแลระบบของเขต"
REPLACED = "ลิงก์นี้ใช้ไม่ได้แล้ว เพราะมีลิงก์ใหม่กว่าหรือบัญชีเปลี่ยนไปหลังส่งลิงก์ กรุณาใช้อีเมลฉบับล่าสุด หรือขอลิงก์ใหม่"
EXPIRED = "ลิงก์นี้หมดอายุเมื่อ {when} กรุณาขอลิงก์ใหม่"

_front = ""


class AccountLink(Document):
    """One link: whose, what for, until when, and whether it was used or a newer one took its place."""

    user = ObjectIdField(required=True)
    kind = StringField(required=True, choices=list(LASTS))
    digest = StringField(required=True, max_length=64)
    # Of the person's e-mail and password as they were: changed, it is no longer good.
    account = StringField(max_length=64)
    made_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)
    used_at = DateTimeField()
    replaced_at = DateTimeField()

    meta = {
        "collection": "account_links",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["digest"], "unique": True},
            {"fields": ["user", "-made_at"]},
            {"fields": ["expires_at"], "expireAfterSeconds": int(KEPT.total_seconds())},
        ],
    }


def configure(public_url):
    """Tell under which address people reach the product."""
    global _front
    _front = public_url.rstrip("/")


def front(path=""):
    """The whole address of a path, for a letter."""
    return f"{_front}{path}"


def digest_of(token):
    """What of a token is stored."""
    return hashlib.sha256((token or "").encode("utf-8", "replace")).hexdigest()


def reachable(email):
    """Whether letters go out at all, and to this address: account names of our making have no letter-box."""
    return mail.is_on() and bool(mail.ADDRESS.fullmatch(email)) and not email.endswith(f"@{DOMAIN}")


# ---- making ----


def make(person, kind):
    """The address of a new link of a person; the ones he had are ended."""
    token, now = secrets.token_urlsafe(32), real_now()
    links = collection(AccountLink)
    links.update_many(
        {"user": person.id, "used_at": None, "replaced_at": None}, {"$set": {"replaced_at": now}}
    )
    row = {"user": person.id, "kind": kind, "digest": digest_of(token), "account": _as_it_is(person)}
    links.insert_one(row | {"made_at": now, "expires_at": now + LASTS[kind]})
    return front(f"{PAGE}?t={token}")


def _as_it_is(person):
    return digest_of(f"{person.email} {person.fs_uniquifier}")


def send_activation(person, place):
    """Send the letter with which a new account is taken over; gives whether it could be sent. `place` in words."""
    if not reachable(person.email):
        return False
    lines = [
        f"เรียน {person.name}",
        f"บัญชีของท่านในระบบเขต ({place}) พร้อมใช้แล้ว กรุณาตั้งรหัสผ่านของท่านเองที่",
        make(person, "activate"),
        f"ลิงก์นี้ใช้ได้ครั้งเดียว ภายใน {LASTS['activate'].days} วัน หากหมดอายุ ให้กดลืมรหัสผ่านในหน้าเข้าสู่ระบบเพื่อขอลิงก์ใหม่",
        f"หลังจากนั้นเข้าสู่ระบบที่ {front('/login')} ด้วยอีเมล {person.email}",
    ]
    area = next(iter(person.areas_listed), None)
    mail.send(person.email, "เปิดใช้บัญชีระบบเขต", letter(lines), "invitation", area)
    return True


def send_reset(person):
    """Send the letter with which a person sets a new password; gives whether it could be sent."""
    if not reachable(person.email):
        return False
    lines = [
        f"เรียน {person.name}",
        "มีผู้ขอตั้งรหัสผ่านใหม่ให้บัญชีของท่าน ถ้าเป็นท่าน กรุณาตั้งรหัสผ่านที่",
        make(person, "reset"),
        "ลิงก์นี้ใช้ได้ครั้งเดียว ภายใน 2 ชั่วโมง ถ้าท่านไม่ได้ขอ ไม่ต้องทำอะไร รหัสผ่านเดิมยังใช้ได้",
    ]
    mail.send(person.email, "ตั้งรหัสผ่านใหม่", letter(lines), "reset", next(iter(person.areas_listed), None))
    return True


def letter(lines):
    """The text of a letter from its paragraphs."""
    return "\n\n".join([*lines, "ระบบเขต (จดหมายนี้ส่งอัตโนมัติ ไม่ต้องตอบกลับ)"]) + "\n"


def ask_reset(email):
    """Send the owner of an e-mail, where there is one who may sign in, a link; says nothing of whether it did."""
    person = User.objects(email=email.strip().lower()[:254], active=True).first()
    if person is None:
        return
    hour = {"user": person.id, "made_at": {"$gt": real_now() - timedelta(hours=1)}}
    if collection(AccountLink).count_documents(hour, limit=SENT_EACH_HOUR) < SENT_EACH_HOUR:
        send_reset(person)


def send_again(actor, person_id, reason=None):
    """Let an administrator send a person the link to set a password. Raises NotAllowed; gives the person."""
    person = accounts.find(actor, person_id)
    accounts.require_reach(actor, person)
    if not person.active:
        raise WrongState("บัญชีนี้ถูกระงับอยู่ กรุณาเปิดใช้บัญชีก่อนส่งลิงก์")
    if not reachable(person.email):
        raise NotAllowed("ส่งอีเมลให้บัญชีนี้ไม่ได้ กรุณาตั้งรหัสผ่านใหม่ที่เคาน์เตอร์แล้วพิมพ์สลิปให้")
    if person.password:
        send_reset(person)
    else:
        send_activation(person, account_words.place_of(person))
    for area in person.areas_listed:
        history.note_event(area, actor, "link", accounts.SUBJECT, person.id, {}, reason)
    return person


# ---- using ----


def find(token):
    """(link, its person) of a token that may be used now. Raises WrongState with what is the matter with it."""
    link = AccountLink.objects(digest=digest_of(token)).first()
    if link is None:
        raise WrongState(UNKNOWN)
    if link.used_at:
        raise WrongState(USED.format(when=buddhist.format_datetime(utc(link.used_at))))
    if link.replaced_at:
        raise WrongState(REPLACED)
    if utc(link.expires_at) <= real_now():
        raise WrongState(EXPIRED.format(when=buddhist.format_datetime(utc(link.expires_at))))
    person = User.objects(id=link.user).first()
    if person is None or not person.active:
        raise WrongState("บัญชีนี้ถูกระงับการใช้งาน กรุณาติดต่อผู้ดูแลระบบของเขต")
    if link.account != _as_it_is(person):
        raise WrongState(REPLACED)
    return link, person


def use(token, password, again):
    """Set the password of a link's person, who is then signed out everywhere; gives him. The link is used up by that.

    Raises WrongState for a link that is no longer good, Invalid for a password that is not taken.
    """
    link, person = find(token)
    wrong = {}
    if said := passwords.refusal(password, email=person.email, name=person.name, current=person.password):
        wrong["password"] = said
    elif password != again:
        wrong["again"] = "รหัสผ่านสองช่องไม่ตรงกัน กรุณาพิมพ์ใหม่ให้เหมือนกัน"
    if wrong:
        raise Invalid({0: wrong})
    now = real_now()
    set_ = {
        "password": passwords.hashed(password),
        "must_change_password": False,
        "fs_uniquifier": secrets.token_hex(16),
        "confirmed_at": now,
        "failed_logins": 0,
        "locked_until": None,
    }
    action = "activated" if link.kind == "activate" else "reset_by_link"

    def work():
        good = {"_id": link.id, "used_at": None, "replaced_at": None}
        if not collection(AccountLink).update_one(good, {"$set": {"used_at": now}}).matched_count:
            raise WrongState(USED.format(when=buddhist.format_datetime(now)))
        still = {"_id": person.id, "active": True}
        if not collection(User).update_one(still, {"$set": set_, "$inc": {"revision": 1}}).matched_count:
            raise WrongState("บัญชีนี้ถูกระงับการใช้งาน กรุณาติดต่อผู้ดูแลระบบของเขต")
        living = {"user": person.id, "ended_at": None}
        collection(Session).update_many(living, {"$set": {"ended_at": now}})
        for area in person.areas_listed:
            history.note_event(area, person, action, accounts.SUBJECT, person.id, {})

    in_transaction(work)
    return User.objects.get(id=person.id)
