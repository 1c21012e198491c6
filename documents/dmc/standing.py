"""Standing (สถานภาพ): what of a pupil only a case may change, asked by the door of every write.

A pupil who waits to move in (รอย้ายเข้า) belongs to the request; of him the receiving school changes only what it
typed. A number that names him is typed and mended freely in a first draft; once it was handed in (the school confirmed
it), or came from another school or round, its change is a request that the district decides (domain.md 3.1.3).
"""

from documents.collecting.submissions import Submission, place_filter
from documents.database import db
from documents.records.record import Place

AWAITING = "awaiting"
TYPED = ("person_id", "student_no", "grade", "room", "admission_date")  # what a move-in is asked with
FILE_SAYS = (
    "นักเรียนรอย้ายเข้าในไฟล์ปรับได้เฉพาะเลขประจำตัวนักเรียน ชั้น ห้อง และวันที่เข้าเรียน ข้อมูลอื่นจะคัดลอกมาเมื่อโรงเรียนเดิมเห็นชอบ"
)
MAY_BE_MENDED = {*TYPED[1:], "sort_key", "search_key", "likeness", "revision", "reviewed", "history_hash"} | {
    "updated_at", "updated_by", "updated_by_name",
}  # fmt: skip


def held(before, after):
    """Yield (field, Thai sentence) where a change of a stored pupil (dicts; None before he is added, or removed)."""
    was, becomes = (before or {}).get("status"), (after or {}).get("status")
    if AWAITING in (was, becomes):
        yield from _awaiting(before, after, was, becomes)
    elif before and after and _renamed(before, after) and is_fixed(before):
        yield (
            "person_id",
            "เลขนี้เคยส่งแล้วหรือยกมาจากที่อื่น จึงแก้เองไม่ได้ ให้ใช้ “ขอแก้เลขประจำตัวประชาชน” ในหน้าของนักเรียน",
        )


def _renamed(before, after):
    return before.get("person_id") not in (None, after.get("person_id"))


def _awaiting(before, after, was, becomes):
    if was != AWAITING:
        yield "status", "สถานะรอย้ายเข้าเกิดจากการขอย้ายเข้าเท่านั้น ให้ใช้ปุ่ม “ย้ายเข้า”"
    elif after is None:
        if is_asked_for(before):
            yield "status", "รายการนี้รอโรงเรียนเดิมตอบ หากไม่ย้ายแล้วให้ถอนคำขอที่หน้า “คำขอย้ายเข้า”"
    elif becomes != AWAITING:
        yield "status", "รายการนี้รอโรงเรียนเดิมตอบ สถานะจะเปลี่ยนเองเมื่อโรงเรียนเดิมเห็นชอบ"
    elif names := [n for n in {*before, *after} if before.get(n) != after.get(n) and n not in MAY_BE_MENDED]:
        yield (
            sorted(names)[0],
            "ข้อมูลอื่นจะคัดลอกมาเมื่อโรงเรียนเดิมเห็นชอบ ระหว่างนี้แก้ได้เฉพาะเลขประจำตัวนักเรียน ชั้น ห้อง และวันที่เข้าเรียน",
        )


def is_asked_for(plain):
    """Whether an open request stands behind a pupil who waits to move in."""
    asked = {"area_code": plain["area_code"], "receiver_record": plain["_id"], "state": "asked"}
    return db().transfers.find_one(asked, {"_id": 1}) is not None


def is_fixed(plain):
    """Whether a pupil's number was handed in, or came with him: then it changes by request alone."""
    if plain["lineage"] != plain["_id"]:
        return True
    submission = db()[Submission._get_collection_name()].find_one(
        place_filter("DMC", Place.of(plain)), {"moves.name": 1, "moves.at": 1}
    )
    moves = (submission or {}).get("moves", [])
    return any(move["name"] == "confirm" and move["at"] >= plain["created_at"] for move in moves)
