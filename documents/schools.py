"""Areas (สำนักงานเขตพื้นที่การศึกษา) and their schools (โรงเรียนในสังกัด)."""

import datetime as dt
import re

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import (
    DateTimeField,
    DictField,
    FloatField,
    IntField,
    ListField,
    StringField,
)

from documents import clock, places, thai
from documents.codelists import code_list
from documents.database import collection, in_transaction
from documents.errors import Invalid, NotAllowed, OutOfScope, StaleRevision

STATUSES = {"open": "ปกติ", "merged": "เรียนรวม", "closed": "ยุบ/เลิก", "transferred": "ถ่ายโอน"}
KINDS = {"school": "โรงเรียน", "office": "สำนักงานเขต"}
SIZES = {"s": "เล็ก", "m": "กลาง", "l": "ใหญ่", "xl": "ใหญ่พิเศษ"}
# Upper bounds of the bands of a primary area. Source: domain.md 4.1 (S14, S31).
PRIMARY_BANDS = (("s", 120), ("m", 600), ("l", 1500), ("xl", None))


class Area(Document):
    """One area office: code 34010000 for a primary area, six digits for a secondary one."""

    code = StringField(required=True, max_length=8)
    name = StringField(required=True, max_length=200)
    short_name = StringField(max_length=80)
    province = StringField(max_length=2)
    clusters = ListField(StringField(max_length=100))
    transfer_days = IntField()  # how long a school may take to answer a move-in; see documents/transfers.py

    meta = {
        "collection": "areas",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["code"], "unique": True}],
    }

    def __str__(self):
        return self.name


class School(Document):
    """One school, or the area office itself (kind `office`): never deleted, closed with a date instead."""

    area_code = StringField(required=True, max_length=8)
    code = StringField(required=True, max_length=8, verbose_name="รหัส SMIS")
    moe_code = StringField(max_length=10, verbose_name="รหัสกระทรวง")
    obec_code = StringField(max_length=6, verbose_name="รหัส OBEC")
    name = StringField(required=True, max_length=200, verbose_name="ชื่อโรงเรียน")
    kind = StringField(choices=list(KINDS), default="school")
    cluster = StringField(max_length=100, verbose_name="กลุ่มโรงเรียน")
    subdistrict = StringField(max_length=6, verbose_name="ตำบล")
    district = StringField(max_length=4, verbose_name="อำเภอ")
    province = StringField(max_length=2, verbose_name="จังหวัด")
    postcode = StringField(max_length=5, verbose_name="รหัสไปรษณีย์")
    latitude = FloatField(min_value=-90, max_value=90, verbose_name="ละติจูด")
    longitude = FloatField(min_value=-180, max_value=180, verbose_name="ลองจิจูด")
    grade_from = StringField(max_length=2, verbose_name="เปิดสอนตั้งแต่ชั้น")
    grade_to = StringField(max_length=2, verbose_name="ถึงชั้น")
    size_band = StringField(choices=list(SIZES), verbose_name="ขนาดโรงเรียน")
    director_name = StringField(max_length=200, verbose_name="ผู้อำนวยการ")
    phone = StringField(max_length=30, verbose_name="โทรศัพท์")
    email = StringField(max_length=254, verbose_name="อีเมลโรงเรียน")
    line = StringField(max_length=100, verbose_name="ไลน์หรือช่องทางอื่น")
    data_officer_name = StringField(max_length=200, verbose_name="ครูผู้รับผิดชอบข้อมูล")
    data_officer_phone = StringField(max_length=30, verbose_name="โทรศัพท์ครูผู้รับผิดชอบข้อมูล")
    status = StringField(choices=list(STATUSES), default="open", verbose_name="สถานะ")
    closed_on = DateTimeField()
    acting = ListField(DictField(), verbose_name="รักษาการผู้อำนวยการ")  # see documents/acting.py
    revision = IntField(default=1)

    meta = {
        "collection": "schools",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "code"], "unique": True},
            {"fields": ["area_code", "cluster", "code"]},
            {"fields": ["area_code", "name"]},
        ],
    }

    def __str__(self):
        return self.name


def size_band(pupils, bands=PRIMARY_BANDS):
    """The band of a school with so many pupils: 's', 'm', 'l' or 'xl'."""
    return next(name for name, most in bands if most is None or pupils <= most)


def school(area_code, code):
    """The school, or None."""
    return School.objects(area_code=area_code, code=code).first()


# ---- changing a school: by the district or the area's administrator, with revision and history ----

# What an officer may change, in the order of the form; the code stands for the school and never changes.
EDITABLE = (
    "name", "cluster", "moe_code", "obec_code", "grade_from", "grade_to", "size_band", "subdistrict", "postcode",
    "latitude", "longitude", "director_name", "phone",
    "email", "line", "data_officer_name", "data_officer_phone", "status",
)  # fmt: skip
PATTERNS = {
    "moe_code": (r"\d{10}", "รหัสกระทรวงมี 10 หลัก"),
    "obec_code": (r"\d{6}", "รหัส OBEC มี 6 หลัก"),
    "postcode": (r"\d{5}", "รหัสไปรษณีย์มี 5 หลัก"),
    "phone": (r"[0-9 +,\-()/]{4,30}", "โทรศัพท์เป็นตัวเลข เช่น 045-123456"),
    "data_officer_phone": (r"[0-9 +,\-()/]{4,30}", "โทรศัพท์เป็นตัวเลข เช่น 081-2345678"),
    "email": (r"[^@\s,;\"'<>()]+@[^@\s,;\"'<>()]+", "อีเมลต้องเป็นรูปแบบ ชื่อ@โดเมน"),
}
BOUNDS = {"latitude": (5, 21), "longitude": (97, 106)}  # degrees: Thailand with some room


def may_edit(user, area_code):
    """Whether this person changes the schools of an area."""
    return user.is_system or any(user.holds(role, area_code) for role in ("district", "admin"))


def get_school(scope, id_):
    """The School of an id within a filter (`access.visible_schools`); raises OutOfScope for any other."""
    found = None
    if ObjectId.is_valid(id_ or ""):
        found = School.objects(__raw__={"$and": [{"_id": ObjectId(id_)}, scope]}).first()
    if found is None:
        raise OutOfScope("ไม่พบโรงเรียนนี้ในเขตของท่าน กรุณาเลือกจากรายการ")
    return found


def edit_school(found, typed, revision, actor, reason=None):
    """Change a school's own facts where it still is at `revision`; its history is written in the same transaction.

    `typed` is {name: text} of EDITABLE. A new name or cluster reaches the submissions that are not sealed, whose
    digest, which covers the name, is then taken anew. Gives back the fresh School.
    Raises NotAllowed, Invalid by field, or StaleRevision.
    """
    from documents.history import note_event

    if not may_edit(actor, found.area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตหรือผู้ดูแลระบบเท่านั้นที่แก้ข้อมูลโรงเรียนได้")
    values = accepted(typed)
    old = {name: getattr(found, name) for name in values}
    changes = {name: [old[name], value] for name, value in values.items() if old[name] != value}
    if not changes:
        return found
    own = {"_id": found.id, "area_code": found.area_code}

    def work():
        done = collection(School).update_one(
            own | {"revision": revision}, {"$set": values | follows(values, found), "$inc": {"revision": 1}}
        )
        if not done.matched_count:
            raise StaleRevision([])
        _tell_submissions(found, values)
        note_event(found.area_code, actor, "update", "schools", found.id, changes, reason)

    in_transaction(work)
    return School.objects(area_code=found.area_code, id=found.id).get()


def accepted(typed):
    """{name: plain value} of what was typed; raises Invalid, by field, with Thai sentences."""
    values, wrong = {}, {}
    for name in EDITABLE:
        if name not in typed:
            continue
        try:
            values[name] = accept(name, thai.clean(typed[name]))
        except ValueError as error:
            wrong[name] = str(error)
    if values.get("grade_from") and values.get("grade_to") and values["grade_from"] > values["grade_to"]:
        wrong["grade_to"] = "ชั้นสูงสุดต้องไม่ต่ำกว่าชั้นต่ำสุด"
    if wrong:
        raise Invalid({0: wrong})
    return values


def accept(name, text):
    """The value to store of one typed text (cleaned), None for nothing; raises ValueError with a Thai sentence."""
    if not text:
        if name in ("name", "status"):
            raise ValueError("กรุณากรอก")
        return None
    if name in BOUNDS:
        return _degrees(text, *BOUNDS[name])
    if name in PATTERNS and not re.fullmatch(PATTERNS[name][0], thai.arabic_digits(text)):
        raise ValueError(PATTERNS[name][1])
    listed = {"grade_from": code_list("GRADE").codes, "grade_to": code_list("GRADE").codes, "status": STATUSES,
              "size_band": SIZES}.get(name)  # fmt: skip
    if listed is not None and text not in listed:
        raise ValueError("ค่านี้ไม่อยู่ในรายการ กรุณาเลือกจากรายการที่ให้")
    if name == "subdistrict" and (len(text) != 6 or text not in places.names()):
        raise ValueError("ไม่พบตำบลนี้ กรุณาเลือกจากรายการที่ค้นพบ")
    longest = getattr(School, name).max_length
    if longest and len(text) > longest:
        raise ValueError(f"ยาวเกิน {longest} ตัวอักษร กรุณาย่อให้สั้นลง")
    return thai.arabic_digits(text) if name in PATTERNS else text


def in_words(name, value):
    """A stored value of a school's field as people read it."""
    if value in (None, ""):
        return ""
    if name in ("grade_from", "grade_to"):
        return code_list("GRADE").label(value)
    if name == "subdistrict":
        return places.label(value)
    return {"size_band": SIZES, "status": STATUSES}.get(name, {}).get(value, str(value))


def _degrees(text, low, high):
    if not re.fullmatch(r"-?\d{1,3}(\.\d{1,8})?", thai.arabic_digits(text)):
        raise ValueError("ต้องเป็นตัวเลของศาทศนิยม เช่น 15.2448")
    number = float(thai.arabic_digits(text))
    if not low <= number <= high:
        raise ValueError(f"ต้องอยู่ระหว่าง {low} ถึง {high} องศา")
    return number


def follows(values, found):
    """What a change brings with it: district and province of a subdistrict, the day a school was closed.

    `found` is the school as stored, None for a new one.
    """
    also = {}
    if values.get("subdistrict"):
        also |= {"district": values["subdistrict"][:4], "province": values["subdistrict"][:2]}
    before = found.status if found else "open"
    status = values.get("status", before)
    if status != before:
        today = clock.today()
        also["closed_on"] = None if status == "open" else dt.datetime(today.year, today.month, today.day)  # noqa: DTZ001
    return also


def _tell_submissions(found, values):
    """Submissions that are not sealed carry the school's present name and cluster."""
    from documents.submissions import Submission

    if facts := submission_facts(found, values):
        collection(Submission).update_many(*facts)


def submission_facts(found, values):
    """(filter, update) by which submissions that are not sealed learn a new name or cluster; None for neither.

    Their digest, which covers the name, goes.
    """
    from documents.submissions import SEALED

    known = {"name": "school_name", "cluster": "cluster"}
    told = {
        known[name]: value
        for name, value in values.items()
        if name in known and value != getattr(found, name)
    }
    if not told:
        return None
    own = {"area_code": found.area_code, "school_code": found.code, "state": {"$nin": list(SEALED)}}
    return own, {"$set": told, "$inc": {"writes": 1}, "$unset": {"digest": "", "digest_writes": ""}}
