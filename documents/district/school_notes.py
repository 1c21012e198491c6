"""Private notes of the district on a school (บันทึกภายในของเขต): the area's officers and approvers alone read and write them.

A note is dated and named, is never changed, and is struck out rather than deleted. Notes are no part of the history
that others read, of any search or of any file.
"""

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, ObjectIdField, StringField

from documents import clock
from documents.database import collection
from documents.errors import Invalid, NotAllowed, WrongState
from documents.formats import thai
from documents.trail.history import as_stored

READERS = ("district", "approver")
LONGEST = 2000
SHOWN = 200


class SchoolNote(Document):
    """One note on one school."""

    area_code = StringField(required=True, max_length=8)
    school = ObjectIdField(required=True)
    text = StringField(required=True, max_length=LONGEST)
    at = DateTimeField(required=True)
    by = ObjectIdField(required=True)
    by_name = StringField()
    struck_at = DateTimeField()
    struck_by = ObjectIdField()
    struck_by_name = StringField()
    struck_reason = StringField()

    meta = {
        "collection": "school_notes",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "school", "-at", "-_id"]}],
    }


def may_read(user, area_code):
    """Whether this person reads and writes the notes on an area's schools."""
    return any(user.holds(role, area_code) for role in READERS)


def notes_of(user, school):
    """The notes on a school, newest first; none for anybody else."""
    if not may_read(user, school.area_code):
        return []
    found = SchoolNote.objects(area_code=school.area_code, school=school.id)
    return list(found.order_by("-at", "-id").limit(SHOWN))


def add_note(user, school, text):
    """Put a note on a school. Raises NotAllowed, or Invalid for an empty or a very long one."""
    _require(user, school)
    text = _text(text, "text", "กรุณาพิมพ์ข้อความก่อนบันทึก")
    collection(SchoolNote).insert_one(
        {
            "_id": ObjectId(),
            "area_code": school.area_code,
            "school": school.id,
            "text": text,
            "at": as_stored(clock.now()),
            "by": user.id,
            "by_name": user.name,
        }
    )


def strike_note(user, school, note_id, reason):
    """Strike a note out: it stays to be read, with who struck it and why. Raises NotAllowed, Invalid or WrongState."""
    _require(user, school)
    reason = _text(reason, "reason", "โปรดระบุเหตุผลที่ขีดฆ่า")
    oid = ObjectId(str(note_id)) if ObjectId.is_valid(str(note_id or "")) else None
    own = {"_id": oid, "area_code": school.area_code, "school": school.id, "struck_at": None}
    struck = {"struck_at": as_stored(clock.now()), "struck_by": user.id, "struck_by_name": user.name}
    done = collection(SchoolNote).update_one(own, {"$set": struck | {"struck_reason": reason}})
    if not done.matched_count:
        raise WrongState("ไม่พบบันทึกนี้ หรือถูกขีดฆ่าไปแล้ว กรุณาเปิดหน้านี้ใหม่")


def _require(user, school):
    if not may_read(user, school.area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตและผู้รับรองระดับเขตเท่านั้นที่เขียนบันทึกภายในได้")


def _text(text, name, sentence):
    text = thai.clean(text, lines=True)
    if not text:
        raise Invalid({0: {name: sentence}})
    if len(text) > LONGEST:
        raise Invalid({0: {name: f"ยาวเกิน {LONGEST:,} ตัวอักษร กรุณาแบ่งเป็นหลายบันทึก"}})
    return text
