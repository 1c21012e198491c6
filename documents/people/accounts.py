"""Accounts (บัญชีผู้ใช้): who may make, change, suspend and reset whose; every change is an event of its areas.

An administrator acts on people whose every role lies in areas he administers; on people who also hold roles
elsewhere he changes only the roles in his own. Nobody acts on his own account, and an area keeps an administrator.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from documents.clock import real_now
from documents.database import collection, in_transaction
from documents.district.schools import Area, School
from documents.errors import DuplicateKey, Invalid, NotAllowed, OutOfScope, StaleRevision
from documents.formats import telephone, thai
from documents.people import account_words, granting, passwords, two_step
from documents.people.users import EVERY_AREA, ROLES, SCHOOL_ROLES, Grant, Session, User
from documents.records.cases import reason_of
from documents.trail import history

SUBJECT = "users"  # the history's name for accounts
PERSONAL = ("name", "email", "position", "phone")
LABELS = {"name": "ชื่อ-สกุล", "email": "อีเมล", "position": "ตำแหน่ง", "phone": "โทรศัพท์"}
LABELS |= {
    "grants": "สิทธิ์",
    "active": "ใช้งานได้",
    "password": "รหัสผ่าน",
    "acting": "รักษาการผู้อำนวยการ",
    "notice": "ประกาศความเป็นส่วนตัวฉบับ",
}
MARKED_ROLES = ("district", "approver")  # only these may carry the mark for sensitive data
EMAIL = re.compile(r"[^@\s\x00-\x1f,;\"'<>()]+@[^@\s\x00-\x1f,;\"'<>()]+")


@dataclass(frozen=True)
class Slip:
    """A first password for paper: it is in clear here, shown once, and stored nowhere."""

    name: str
    email: str
    password: str
    place: str
    roles: str


# Who may


def scope(actor):
    """The filter of User rows this administrator may see; it begins with the area, as the index does."""
    areas = actor.areas("admin")
    if actor.is_system or EVERY_AREA in areas:
        return {"areas_listed": {"$gte": ""}}
    return {"areas_listed": {"$in": areas}}


def administers(actor, area_code):
    """Whether the actor gives and takes roles in the area; EVERY_AREA asks for the operator."""
    return actor.is_system or actor.holds("admin", area_code)


def reaches(actor, person):
    """Whether every role of the person lies where the actor administers, and he is somebody else."""
    return actor.id != person.id and all(administers(actor, grant.area_code) for grant in person.grants)


def object_id(text):
    """The id that a text is, or None."""
    return ObjectId(text) if ObjectId.is_valid(str(text)) else None


def find(actor, person_id):
    """The account, if the administrator may see it. Raises OutOfScope."""
    oid = object_id(person_id)
    person = User.objects(__raw__=scope(actor)).filter(id=oid).first() if oid else None
    if person is None:
        raise OutOfScope("ไม่พบบัญชีนี้ในเขตที่ท่านดูแล")
    return person


def require_reach(actor, person):
    """Raises NotAllowed unless the actor may suspend, reset and rename this person."""
    granting.require_other(actor, person.id)
    if not reaches(actor, person):
        raise NotAllowed("บัญชีนี้มีสิทธิ์นอกเขตที่ท่านดูแลด้วย ท่านจึงแก้ได้เฉพาะสิทธิ์ในเขตของท่าน")


# What may be done


def create(actor, values, reason=None, with_slip=True):
    """Make an account with a first password; gives (person, slip).

    `values` holds name, email, position, phone and grants. Without a slip it has no password: a link is sent for it.
    Raises Invalid, NotAllowed or DuplicateKey.
    """
    plain, password = new_account(actor, values), passwords.first_password()
    if with_slip:
        plain["password"] = passwords.hashed(password)
    events = [first_event(actor, plain, area, reason) for area in plain["areas_listed"]]

    def work():
        collection(User).insert_one(plain)
        collection(history.AuditEvent).insert_many([dict(event) for event in events])

    unique_email(plain["email"], plain["_id"], work)
    person = User.objects.get(id=plain["_id"])
    return person, slip_of(person, password) if with_slip else None


def new_account(actor, values):
    """The stored form of a new account, without its password. Raises Invalid or NotAllowed."""
    return stored_form(checked_person(values), checked_grants(actor, values["grants"]))


def stored_form(kept, grants):
    """The stored form of a new account whose values and grants were checked; it has no password yet."""
    return {
        "_id": ObjectId(),
        **kept,
        "grants": [grant.to_mongo().to_dict() for grant in grants],
        "areas_listed": sorted({grant.area_code for grant in grants}),
        "confirmed": {grant.area_code: {"at": history.naive_now()} for grant in grants},
        "active": True,
        "must_change_password": True,
        "revision": 1,
        "fs_uniquifier": secrets.token_hex(16),
        "failed_logins": 0,
        "login_count": 0,
    }


def change(actor, person_id, values, revision, reason=None):
    """Change an account as `values` (name, email, position, phone, grants of the actor's areas) say; gives it.

    Raises Invalid, NotAllowed, DuplicateKey, or StaleRevision when it is no longer at `revision`.
    """
    person = find(actor, person_id)
    if actor.id == person.id:
        require_reach(actor, person)
    kept = checked_person(values)
    if any((getattr(person, name) or "") != kept[name] for name in PERSONAL):
        require_reach(actor, person)
    elsewhere = [grant for grant in person.grants if not administers(actor, grant.area_code)]
    grants = elsewhere + checked_grants(actor, values["grants"], needed=not elsewhere)
    return _update(actor, person, {**kept, "grants": grants}, revision, "update", reason)


def change_phone(person, phone):
    """Keep a person's own telephone number, all of his account that is his to change beside the password. Raises Invalid."""
    try:
        kept = checked_phone(phone)
    except ValueError as error:
        raise Invalid({0: {"phone": f"{error}"}}) from error
    return _update(person, person, {"phone": kept}, person.revision, "update", None)


def suspend(actor, person_id, reason):
    """Switch an account off and end its sessions. Raises Invalid without a reason, NotAllowed for an area's last administrator."""
    person = find(actor, person_id)
    require_reach(actor, person)
    reason = reason_of(reason)
    return _update(actor, person, {"active": False}, person.revision, "suspend", reason, ends_sessions=True)


def activate(actor, person_id, reason=None):
    """Switch a suspended account on again, which says that it is right: the yearly confirmation does not end it once more."""
    person = find(actor, person_id)
    require_reach(actor, person)
    if person.active:
        return person
    right = {f"confirmed.{area}": confirmed_by(actor) for area in person.areas_listed}
    return _update(actor, person, {"active": True}, person.revision, "activate", reason, hidden=right)


def confirmed_by(actor):
    """What an account keeps, for an area, of being said to be right."""
    return {"at": history.naive_now(), "by": actor.id, "by_name": actor.name}


def reset(actor, person_id, reason):
    """Give a person at the desk a new first password and end his sessions; gives his slip. Raises Invalid without a reason."""
    person = find(actor, person_id)
    require_reach(actor, person)
    reason = reason_of(reason)
    password = passwords.first_password()
    hidden = {"password": passwords.hashed(password), "must_change_password": True}
    hidden |= {"fs_uniquifier": secrets.token_hex(16), "failed_logins": 0, "locked_until": None}
    _update(actor, person, {}, person.revision, "reset", reason, hidden=hidden, ends_sessions=True)
    return slip_of(person, password)


def clear_two_step(actor, person_id, reason):
    """Take a person's second step away at the desk, after a lost telephone, and end his sessions.

    Where his role wants one he sets it up anew when he next signs in. Raises Invalid without a reason.
    """
    person = find(actor, person_id)
    require_reach(actor, person)
    reason = reason_of(reason)
    hidden = dict.fromkeys(two_step.FIELDS) | {"recovery_codes": [], "fs_uniquifier": secrets.token_hex(16)}
    return _update(
        actor, person, {}, person.revision, "two_step_clear", reason, hidden=hidden, ends_sessions=True
    )


def prefer(person, language=None, dates=None):
    """Keep in which language a person reads and how he wants dates; None leaves one as it is. No business of history."""
    chosen = {name: value for name, value in (("language", language), ("dates", dates)) if value}
    if chosen:
        collection(User).update_one({"_id": person.id}, {"$set": chosen})


def note_own_password(person):
    """Write down that a person set his own password; it stands in the history of each of his areas."""
    for area in person.areas_listed:
        history.note_event(area, person, "password", SUBJECT, person.id, {})


# How it is stored


def _update(actor, person, values, revision, action, reason, hidden=None, ends_sessions=False):
    """Store what changes, with its events, in one transaction; `hidden` is stored but never told."""
    if not told_changes(person, values) and not hidden:
        return person

    def work():
        store_change(actor, person, values, revision, action, reason, hidden, ends_sessions)

    unique_email(values.get("email"), person.id, work)
    return User.objects.get(id=person.id)


def store_change(actor, person, values, revision, action, reason, hidden=None, ends_sessions=False):
    """`_update` within a transaction that is open: what changes, sessions that end, and an event in each area.

    Raises StaleRevision where the account is no longer at `revision`, NotAllowed for an area's last administrator.
    """
    told = told_changes(person, values)
    grants = values.get("grants", person.grants)
    plain = {**values, "areas_listed": sorted({grant.area_code for grant in grants}), **(hidden or {})}
    if "grants" in values:
        plain["grants"] = [grant.to_mongo().to_dict() for grant in grants]
    keep_an_administrator(person, values)
    seen = {"_id": person.id, "revision": revision}
    if not collection(User).update_one(seen, {"$set": plain, "$inc": {"revision": 1}}).matched_count:
        raise StaleRevision([])
    if ends_sessions:
        ended = {"$set": {"ended_at": real_now()}}
        collection(Session).update_many({"user": person.id, "ended_at": None}, ended)
    for area in sorted({*person.areas_listed, *plain["areas_listed"]}):
        history.note_event(area, actor, action, SUBJECT, person.id, told, reason)


def keep_an_administrator(person, values):
    """Raises NotAllowed when the change would leave an area without an active administrator.

    The one who remains is touched in the same transaction, so that two who remove each other cannot both win.
    """
    before = _administered(person.grants) if person.active else set()
    after = (
        _administered(values.get("grants", person.grants)) if values.get("active", person.active) else set()
    )
    for area in sorted(before - after):
        other = {"_id": {"$ne": person.id}, "areas_listed": area, "active": True}
        other["grants"] = {"$elemMatch": {"role": "admin", "area_code": area}}
        if not collection(User).update_one(other, {"$inc": {"relied_on": 1}}).matched_count:
            raise NotAllowed("บัญชีนี้เป็นผู้ดูแลระบบคนสุดท้ายของเขต กรุณาตั้งผู้ดูแลระบบคนอื่นก่อน")


def _administered(grants):
    return {grant.area_code for grant in grants if grant.role == "admin"}


def unique_email(email, own_id, work):
    """Do `work` in a transaction unless somebody else has the e-mail (None: not asked). Raises DuplicateKey."""
    taken = "อีเมลนี้มีบัญชีอยู่แล้ว กรุณาค้นหาบัญชีเดิม หรือใช้อีเมลอื่น"
    if email and collection(User).find_one({"email": email, "_id": {"$ne": own_id}}, {"_id": 1}):
        raise DuplicateKey(taken)
    try:
        in_transaction(work)
    except DuplicateKeyError as error:
        raise DuplicateKey(taken) from error


def told_changes(person, values):
    """{field: [old, new]} of what `values` would change, as the history tells it."""
    pairs = {
        name: [told_value(name, getattr(person, name)), told_value(name, values[name])] for name in values
    }
    return {name: pair for name, pair in pairs.items() if (pair[0] or "") != (pair[1] or "")}


def first_event(actor, plain, area_code, reason):
    """The event of a new account in one of its areas: number 1 of its chain."""
    shown = {
        **{name: plain[name] for name in PERSONAL},
        "grants": [Grant(**grant) for grant in plain["grants"]],
    }
    told = {name: [None, told_value(name, value)] for name, value in shown.items() if value}
    place, more = {"area_code": area_code}, {"document": SUBJECT, "number": 1, "reason": reason}
    return history.event(plain["_id"], place, actor, "create", told, None, **more)


def told_value(name, value):
    """A value as the history tells it: roles in words, one text a role."""
    return [account_words.in_words(grant) for grant in value] if name == "grants" else value


# What is right


# A name stands in the letters we send to whomever a stranger names: no address may travel there in its place.
ADDRESS_IN = re.compile(r"[@/:\\<>]|www\.|[a-z0-9-]\.[a-z]{2,}", re.IGNORECASE)
TITLES = re.compile(r"\b(?:mr|mrs|ms|miss|dr|prof)\.", re.IGNORECASE)


def checked_person(values):
    """Name, e-mail, position and phone as they are stored. Raises Invalid with a sentence a field."""
    kept = {name: thai.clean(values.get(name)) for name in PERSONAL}
    # Of an e-mail a hidden letter is refused, not taken off.
    kept["email"] = str(values.get("email") or "").strip().lower()
    wrong = {}
    if not kept["name"]:
        wrong["name"] = "กรุณากรอกชื่อ-สกุล"
    elif ADDRESS_IN.search(TITLES.sub(" ", kept["name"])):
        wrong["name"] = "ชื่อ-สกุลมีที่อยู่เว็บหรืออีเมลไม่ได้ กรุณากรอกเฉพาะชื่อ-สกุล"
    if not EMAIL.fullmatch(kept["email"]) or not kept["email"].isascii():
        wrong["email"] = "อีเมลต้องเป็นรูปแบบ ชื่อ@โดเมน ด้วยตัวอักษรอังกฤษ"
    try:
        kept["phone"] = checked_phone(kept["phone"])
    except ValueError as error:
        wrong["phone"] = f"{error}"
    wrong |= {name: sentence for name in PERSONAL if (sentence := too_long(name, kept[name]))}
    if wrong:
        raise Invalid({0: wrong})
    return kept


def checked_phone(text):
    """A telephone number as it is stored; "" for none. Raises ValueError with a sentence."""
    kept = thai.clean(text)
    if sentence := too_long("phone", kept):
        raise ValueError(sentence)
    return kept and telephone.phone(kept)


def too_long(name, text):
    """The sentence for what is longer than an account keeps, or None."""
    limit = User._fields[name].max_length
    return f"ยาวเกิน {limit:,} ตัวอักษร กรุณาย่อให้สั้นลง" if len(text) > limit else None


def checked_grants(actor, grants, needed=True):
    """The grants, each once and each right. Raises NotAllowed for one above the actor, Invalid for one that is wrong."""
    if needed and not grants:
        raise Invalid({0: {"grants": "ต้องมีสิทธิ์อย่างน้อย 1 อย่าง หากไม่ให้ใช้งานแล้ว ให้ระงับบัญชี"}})
    for grant in grants:
        if sentence := wrong_with(grant):
            raise Invalid({0: {"grants": sentence}})
        if not granting.gives_alone(actor, grant):
            raise NotAllowed("ท่านให้สิทธิ์ได้เฉพาะในเขตที่ท่านเป็นผู้ดูแลระบบ")
    return merged(grants)


def wrong_with(grant):
    """What is wrong with one grant, as a sentence, or None."""
    if grant.role not in ROLES:
        return "ไม่มีบทบาทนี้ กรุณาเลือกจากรายการ"
    if grant.area_code == EVERY_AREA and grant.role != "admin":
        return "เฉพาะผู้ดูแลระบบเท่านั้นที่ดูแลได้ทุกเขต"
    if grant.area_code != EVERY_AREA and not Area.objects(code=grant.area_code).first():
        return f"ไม่มีเขตรหัส {grant.area_code}"
    if grant.role not in SCHOOL_ROLES:
        return f"บทบาท{ROLES[grant.role]}ไม่ต้องระบุโรงเรียน" if grant.school_codes else None
    if not grant.school_codes:
        return f"บทบาท{ROLES[grant.role]}ต้องระบุโรงเรียน"
    known = set(School.objects(area_code=grant.area_code, code__in=grant.school_codes).scalar("code"))
    unknown = [code for code in grant.school_codes if code not in known]
    return f"ไม่มีโรงเรียนรหัส {', '.join(unknown[:5])} ในเขตนี้" if unknown else None


def merged(grants):
    """One grant a role and area: schools joined, the mark kept only where a role may carry it."""
    found = {}
    for grant in grants:
        one = found.setdefault(
            (grant.role, grant.area_code), Grant(role=grant.role, area_code=grant.area_code)
        )
        one.school_codes = sorted({*one.school_codes, *grant.school_codes})
        one.sensitive = one.sensitive or (grant.sensitive and grant.role in MARKED_ROLES)
    return list(found.values())


def slip_of(person, password):
    """The slip of a person who has this first password."""
    roles = ", ".join(dict.fromkeys(ROLES[grant.role] for grant in person.grants))
    return Slip(person.name, person.email, password, account_words.place_of(person), roles)


def is_locked_out(person):
    """Whether too many failed sign-ins keep the person out at this moment."""
    return bool(person.locked_until) and person.locked_until.replace(tzinfo=UTC) > real_now()
