"""Likely same learners (ผู้เรียนที่น่าจะเป็นคนเดียวกัน): who is known already, before a request is made and before it is certified.

Looked for in the requests and the pupils of the whole area. Another school's learner is told by the school's name and
the fact alone (domain.md 6). Source: domain.md 3.3.1, GC-01.
"""

from typing import NamedTuple

from bson import ObjectId

from documents import access, thai
from documents.database import collection
from documents.gcode import GCodeRequest
from documents.lookups import school_name
from documents.students import Student

MOST = 10
# A change of one of these is looked at anew.
ASKED = frozenset(
    ("first_name", "last_name", "native_name", "birth_date", "father_first_name", "father_last_name",
     "mother_first_name", "mother_last_name")
)  # fmt: skip
SAY_WHY = "พบผู้เรียนที่อาจเป็นคนเดียวกันในเขตแล้ว กรุณาตรวจดูรายชื่อด้านบน หากเป็นคนละคนให้เขียนเหตุผลที่ยังขอรหัส G ใหม่"
TELL_APART = "มีผู้เรียนที่อาจเป็นคนเดียวกัน กรุณาตรวจเทียบแล้วเขียนว่าเหตุใดจึงเป็นคนละคน"
NEW_ONES = "มีผู้เรียนที่อาจเป็นคนเดียวกันเพิ่มขึ้นหลังตรวจสอบ กรุณาส่งให้เจ้าหน้าที่ตรวจสอบใหม่ก่อนรับรอง"


class Likely(NamedTuple):
    """A learner known already: kind ("gcode" or "students"), where, how likely (0 to 1), why in Thai; `plain` is his stored dict."""

    kind: str
    id: ObjectId
    school_code: str
    score: float
    why: tuple
    exact: bool = False
    plain: dict | None = None


def kept(one):
    """What a request keeps of having been shown a Likely."""
    return {"kind": one.kind, "id": one.id, "school_code": one.school_code, "score": one.score}


def search(area_code, learner, limit=MOST):
    """[Likely] of a learner's values ({field: value}, with `_id` where it is stored) in the area, the likeliest first."""
    return likely_same(area_code, learner, limit)


def of(request):
    """[Likely] of a stored request."""
    return search(request.area_code, request.to_mongo().to_dict())


def likely_same(area_code, learner, limit=MOST):
    """Learners of the area with the same name and birth date."""
    born = learner.get("birth_date")
    key = thai.search_key(learner.get("first_name"), learner.get("last_name"))
    if not born or not key:
        return []
    found = []
    for kind, document in (("gcode", GCodeRequest), ("students", Student)):
        rows = collection(document).find({"area_code": area_code, "birth_date": born}, {"moves": 0})
        same = [row for row in rows if thai.search_key(row.get("first_name"), row.get("last_name")) == key]
        once = {row.get("lineage", row["_id"]): row for row in same if row["_id"] != learner.get("_id")}
        found += [
            Likely(kind, row["_id"], row["school_code"], 1.0, ("ชื่อ-สกุลและวันเกิดตรงกัน",), plain=row)
            for row in once.values()
        ]
    return found[:limit]


class Told(NamedTuple):
    """What one person is told of a `Likely`: where; and why and who it is where he may see that (else (), None)."""

    likely: Likely
    school_name: str
    open: bool
    why: tuple
    headline: str | None


def told_to(user, area_code, found):
    """The `Told` of what was found: of another school's learner its name and the fact alone."""
    names = {code: school_name(area_code, code) for code in {one.school_code for one in found}}
    told = []
    for one in found:
        may = access.sees(user, area_code, one.school_code)
        document = GCodeRequest if one.kind == "gcode" else Student
        headline = document.headline(one.plain) if may else None
        told.append(Told(one, names[one.school_code], may, one.why if may else (), headline))
    return told
