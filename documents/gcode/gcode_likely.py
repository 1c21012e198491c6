"""Likely same learners (ผู้เรียนที่น่าจะเป็นคนเดียวกัน): who is known already, before a request is made and before it is certified.

Looked for in the requests and the pupils of the whole area (documents/checking/likeness.py). Another school's learner is told
by the school's name and the fact alone (domain.md 6). Source: domain.md 3.3.1, GC-01.
"""

from documents.checking.likeness import Likely as Likely
from documents.checking.likeness import Told as Told
from documents.checking.likeness import likely_same
from documents.checking.likeness import told_to as told_to
from documents.database import collection
from documents.dmc.students import Student
from documents.gcode.gcode import GCodeRequest
from documents.trail.history import keyed

MOST = 10
# A change of one of these is looked at anew.
ASKED = frozenset(
    ("first_name", "last_name", "native_name", "birth_date", "father_first_name", "father_last_name",
     "mother_first_name", "mother_last_name")
)  # fmt: skip
SAY_WHY = "พบผู้เรียนที่อาจเป็นคนเดียวกันในเขตแล้ว กรุณาตรวจดูรายชื่อด้านบน หากเป็นคนละคนให้เขียนเหตุผลที่ยังขอรหัส G ใหม่"
TELL_APART = "มีผู้เรียนที่อาจเป็นคนเดียวกัน กรุณาตรวจเทียบแล้วเขียนว่าเหตุใดจึงเป็นคนละคน"
NEW_ONES = "มีผู้เรียนที่อาจเป็นคนเดียวกันเพิ่มขึ้นหลังตรวจสอบ กรุณาส่งให้เจ้าหน้าที่ตรวจสอบใหม่ก่อนรับรอง"


def kept(one):
    """What a request keeps of having been shown a Likely."""
    return {"kind": one.kind, "id": one.id, "school_code": one.school_code, "score": one.score}


def search(area_code, learner, limit=MOST):
    """[Likely] of a learner's values ({field: value}, with `_id` where it is stored) in the area, the likeliest first."""
    return likely_same(area_code, learner, limit)


def of(request):
    """[Likely] of a stored request."""
    return search(request.area_code, request.to_mongo().to_dict())


def mark(found):
    """What stands for the Likely ones that a page shows, and tells nothing of them."""
    return keyed(" ".join(sorted(str(one.id) for one in found)))[:24]


def is_unseen(found, seen):
    """Whether other Likely ones were found than those whose mark was `seen`; None: whoever asks saw them all."""
    return seen is not None and seen != mark(found)


def rows_of(area_code, found):
    """{id: stored dict} of the requests and pupils of Likely ones, to be compared field by field."""
    rows = {}
    for kind, document in (("gcode", GCodeRequest), ("students", Student)):
        if ids := [one.id for one in found if one.kind == kind]:
            query = {"area_code": area_code, "_id": {"$in": ids}}
            rows |= {row["_id"]: row for row in collection(document).find(query, {"moves": 0})}
    return rows
