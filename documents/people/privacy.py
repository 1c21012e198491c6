"""Privacy (ข้อมูลส่วนบุคคล): what an area tells people of their data, and how long what nobody needs is kept.

The notice's text is the product's and has a version; an area adds whom to ask. A person presses once for each version,
which is remembered with the time. The times of keeping are the area's, within bounds; `retention.py` erases by them.

Law: Personal Data Protection Act B.E. 2562 (2019), sections 23 (notice), 24 and 26 (bases), 30 to 36 (rights), 37(3) (erasing).
"""

from typing import NamedTuple

from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, StringField

from documents.database import collection, in_transaction
from documents.district.schools import Area
from documents.errors import Invalid, NotAllowed
from documents.formats import thai
from documents.people.users import User
from documents.trail.history import naive_now, note_event

SETTERS = ("district", "admin")
LONGEST_CONTACT = 300
VERSION = "1/2568"
ABOUT = "ประกาศความเป็นส่วนตัวสำหรับผู้ใช้ระบบเขต"


class Keeping(NamedTuple):
    """One kind of thing that is erased after a time: its words, the usual number of days and its bounds."""

    label: str
    label_en: str
    usual: int
    least: int
    most: int
    help: str


KEEPING = {
    "gcode_drafts": Keeping(
        "ร่างคำขอรหัส G ที่ไม่มีผู้แก้ต่อ", "Drafts of G-code requests", 180, 30, 730,
        "นับจากครั้งสุดท้ายที่แก้ ข้อมูลผู้เรียนและหลักฐานถูกลบ เหลือเพียงเลขที่คำขอ",
    ),
    "refused_evidence": Keeping(
        "หลักฐานของคำขอรหัส G ที่ไม่รับรองหรือถอน", "Evidence of refused and withdrawn G-code requests", 90, 30, 730,
        "นับจากวันที่คำขอสิ้นสุด หลักฐานของคำขอที่รับรองเก็บไว้ตลอด",
    ),
    "duplicate_evidence": Keeping(
        "หลักฐานของเรื่องซ้ำซ้อนที่ตัดสินแล้ว", "Evidence of duplicates that were decided", 730, 90, 3650,
        "นับจากวันที่เรื่องสิ้นสุด คำตอบและคำตัดสินยังอยู่ ถ้าส่วนกลางอาจเรียกเงินคืนช้ากว่านี้ให้เก็บนานขึ้น",
    ),
    "registrations": Keeping(
        "คำขอลงทะเบียนที่ไม่รับ และหนังสือของคำขอที่รับรอง", "Refused registrations, letters of certified ones", 365, 30, 1825,
        "คำขอที่ไม่รับหรือไม่ส่งกลับมาถูกลบทั้งคำขอ คำขอที่รับรองลบเฉพาะหนังสือแต่งตั้ง",
    ),
    "pictures": Keeping(
        "ภาพถ่ายที่ไม่มีรายการใดใช้แล้ว", "Pictures nothing holds", 30, 7, 365,
        "ภาพเดิมที่ยังคืนได้จากการยกเลิกการเปิดคืน เก็บไว้จนกว่าจะคืนไม่ได้",
    ),
    "attachments": Keeping(
        "ไฟล์แนบที่ไม่มีรายการใดใช้แล้ว", "Attached files nothing holds", 30, 7, 365,
        "ไฟล์ของช่องที่เพิ่มเองและแบบสำรวจ ไฟล์ที่ยังคืนได้เก็บไว้เช่นเดียวกัน",
    ),
    "job_files": Keeping(
        "ไฟล์ส่งออกและผลของงานเบื้องหลัง", "Exported files and results of jobs", 14, 1, 90,
        "นับจากวันที่สั่งงาน ใช้กับงานที่สั่งตั้งแต่นี้ไป",
    ),
    "access_log": Keeping(
        "บันทึกการเข้าถึงข้อมูลส่วนบุคคล", "Access log", 1095, 365, 3650, "นับจากวันที่เปิดดู",
    ),
    "history": Keeping(
        "ค่าเดิมและค่าใหม่ในประวัติการแก้ไข", "Values in the history of changes", 3650, 1825, 9125,
        "นับจากวันที่แก้ไข ผู้แก้ เวลา และเหตุผลยังอยู่ และยังตรวจได้ว่าประวัติไม่ถูกแก้",
    ),
}  # fmt: skip
CONTACT = "ช่องทางติดต่อเรื่องข้อมูลส่วนบุคคล"
LABELS = {"contact": CONTACT} | {name: one.label for name, one in KEEPING.items()}

# (heading, sentence). What an area says of itself is put in where it is shown.
NOTICE = (
    ("ใครดูแลข้อมูล", "สำนักงานเขตพื้นที่การศึกษาเป็นผู้ควบคุมข้อมูลส่วนบุคคลในระบบนี้"),
    (
        "ข้อมูลของท่าน",
        "ระบบเก็บชื่อ ตำแหน่ง โรงเรียนหรือกลุ่มงาน อีเมล โทรศัพท์ เวลาที่เข้าใช้ และเครื่องที่ใช้ เพื่อให้ท่านทำงานตามหน้าที่และตรวจสอบย้อนหลังได้",
    ),
    (
        "ข้อมูลของนักเรียนและบุคลากร",
        "ท่านเห็นเฉพาะข้อมูลที่หน้าที่ของท่านต้องใช้ ห้ามนำไปใช้เรื่องอื่น ส่งต่อ หรือเผยแพร่ ข้อมูลอ่อนไหว เช่น ศาสนา ความพิการ และความด้อยโอกาส เปิดดูเมื่อจำเป็นเท่านั้น",
    ),
    (
        "เหตุที่เก็บและใช้",
        "เพื่อภารกิจจัดการศึกษาและรายงานตามหน้าที่ของรัฐ ตามพระราชบัญญัติคุ้มครองข้อมูลส่วนบุคคล พ.ศ. 2562 มาตรา 24 และมาตรา 26",
    ),
    ("เปิดเผยให้ใคร", "สำนักงานคณะกรรมการการศึกษาขั้นพื้นฐานและกระทรวงศึกษาธิการ ตามรอบการรายงาน ไม่เปิดเผยให้ผู้อื่นเว้นแต่กฎหมายให้ทำได้"),
    ("ระบบบันทึกอะไร", "ทุกครั้งที่เปิดดูข้อมูลรายคน แสดงเลขเต็ม พิมพ์ หรือส่งออก ระบบบันทึกชื่อท่าน เวลา เครื่อง และเหตุผล เขตและโรงเรียนเจ้าของข้อมูลตรวจดูได้"),
    ("สิทธิของเจ้าของข้อมูล", "ขอดู ขอสำเนา ขอแก้ไข คัดค้าน หรือร้องเรียนได้ที่ช่องทางติดต่อด้านล่าง"),
)  # fmt: skip


class PrivacySetting(Document):
    """What an area decided: whom to ask about personal data, and {kind of KEEPING: days} where it differs from the usual."""

    area_code = StringField(required=True, max_length=8)
    contact = StringField(max_length=LONGEST_CONTACT)
    days = DictField()
    updated_at = DateTimeField()

    meta = {
        "collection": "privacy_settings",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code"], "unique": True}],
    }


# ---- the area's settings ----


def _stored(area_code):
    return collection(PrivacySetting).find_one({"area_code": area_code}) or {}


def contact_of(area_code):
    """Whom to ask about personal data in an area, "" where it says nothing."""
    return _stored(area_code).get("contact") or "" if area_code else ""


def days_of(area_code):
    """{kind of KEEPING: days} in an area."""
    given = _stored(area_code).get("days") or {}
    return {name: given.get(name, one.usual) for name, one in KEEPING.items()}


def subject_of(area_code):
    """The id that events of an area's privacy are about: its own."""
    return collection(Area).find_one({"code": area_code}, {"_id": 1})["_id"]


def may_set(user, area_code):
    """Whether this person decides for the area."""
    return any(user.holds(role, area_code) for role in SETTERS)


def set_privacy(area_code, contact, days, actor, reason):
    """Set the contact line and {kind: days}; raises NotAllowed, or Invalid by name, without a reason or a change too."""
    if not may_set(actor, area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตและผู้ดูแลระบบเท่านั้นที่ตั้งค่าเรื่องข้อมูลส่วนบุคคลได้")
    contact, reason = thai.clean(contact), thai.clean(reason)
    wrong = {name: sentence for name, value in days.items() if (sentence := _wrong(name, value))}
    if len(contact) > LONGEST_CONTACT:
        wrong["contact"] = f"{CONTACT}ยาวเกิน {LONGEST_CONTACT} ตัวอักษร กรุณาย่อ"
    if not reason:
        wrong["reason"] = "โปรดระบุเหตุผล เพื่อให้ผู้อื่นทราบว่าเปลี่ยนเพราะอะไร"
    if wrong:
        raise Invalid({0: wrong})

    def work():
        before = {"contact": contact_of(area_code)} | days_of(area_code)
        after = before | {"contact": contact} | days
        changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
        if not changes:
            raise Invalid({0: {"form": "ยังไม่ได้เปลี่ยนค่าใด จึงไม่มีอะไรต้องบันทึก"}})
        kept = {name: after[name] for name in KEEPING}
        values = {"contact": contact, "days": kept, "updated_at": naive_now()}
        collection(PrivacySetting).update_one({"area_code": area_code}, {"$set": values}, upsert=True)
        note_event(area_code, actor, "settings", "privacy", subject_of(area_code), changes, reason)

    in_transaction(work)


def _wrong(name, value):
    one = KEEPING.get(name)
    if one is None:
        return "ไม่มีค่านี้"
    if not isinstance(value, int) or not one.least <= value <= one.most:
        return f"{one.label} ต้องเป็นจำนวนเต็ม {one.least:,}–{one.most:,} วัน"
    return None


# ---- the notice ----


def accepted_at(user):
    """When this person pressed that he read the present version of the notice (naive UTC); None while he has not."""
    return next((one["at"] for one in user.notices if one.get("version") == VERSION), None)


def accept(user, version, area_code):
    """Remember that a person read a version; a second press changes nothing. Raises Invalid for another version."""
    if version != VERSION:
        raise Invalid({0: {"version": "ประกาศมีฉบับใหม่กว่าที่เปิดอยู่ กรุณาอ่านฉบับปัจจุบันแล้วกดรับทราบ"}})
    mine = {"_id": user.id, "notices.version": {"$ne": version}}
    row = {"version": version, "at": naive_now()}
    if collection(User).update_one(mine, {"$push": {"notices": row}}).modified_count:
        note_event(area_code, user, "accept", "users", user.id, {"notice": [None, version]})
