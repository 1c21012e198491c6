"""Likeness (ผู้เรียนที่อาจเป็นคนเดียวกัน): the same learner looked for in all DMC records and G-code requests of an area.

Numbers are looked up as they are; names, birth date and parents as `resemblance.py` compares them, among those who share a
block with the learner. The door keeps the blocks on each record, so that a search reads an index and no more.

A search crosses schools; what a school is told of another's learner is `told_to`: where, and that there is one (domain.md 6).
"""

from typing import NamedTuple

from bson import ObjectId

from documents.checking import resemblance
from documents.checking.lookups import school_name
from documents.checking.resemblance import LIKELY
from documents.database import collection
from documents.dmc.students import Student
from documents.gcode.gcode import GCodeRequest
from documents.people import access

STUDENT, REQUEST = Student.slug, GCodeRequest.slug
WITHDRAWN = "cancelled"
MOST = 2000  # stored entries of one search that are compared
WANTED = dict.fromkeys(
    (*resemblance.READ, "school_code", "academic_year", "round", "lineage", "status", "request_no", "state"),
    1,
)


class Likely(NamedTuple):
    """One who may be the learner: of which kind ("students", "gcode"), in which school, how likely (0 to 1), and why, in Thai.

    `exact` where a number says it; `plain` is what was read of him, for those who may see it.
    """

    kind: str
    id: ObjectId
    school_code: str
    score: float
    why: tuple
    exact: bool = False
    plain: dict | None = None


def likely_same(area_code, learner, limit=10, academic_year=None):
    """The `Likely` entries of an area for a learner, the likeliest first, at most `limit`.

    `learner` is a dict (or a document) with the fields of `resemblance.READ` as far as they are known; where it is stored
    already, its own `_id` and `lineage` are left out. A pupil of several rounds is one entry, the newest; `academic_year`
    looks in that year's rounds alone.
    """
    learner = learner if isinstance(learner, dict) else learner.to_mongo().to_dict()
    numbers = resemblance.numbers_of(learner)
    found = []
    for kind, row in _candidates(area_code, learner, numbers, academic_year):
        if row["_id"] == learner.get("_id") or (
            row.get("lineage") and row["lineage"] == learner.get("lineage")
        ):
            continue
        score, why, exact = _scored(learner, row, numbers)
        if score >= LIKELY:
            found.append(Likely(kind, row["_id"], row["school_code"], round(score, 3), why, exact, row))
    return sorted(found, key=lambda one: (-one.score, str(one.id)))[:limit]


def _scored(learner, row, numbers):
    """(score, why, whether a number says it) of one stored entry."""
    likeness = resemblance.compare(learner, row)
    theirs = resemblance.numbers_of(row)
    if shared := [number for number in numbers if number in theirs]:
        now = shared[0] == learner.get("person_id") == row.get("person_id")
        return 1.0, ("เลขประจำตัวตรงกัน" if now else "เลขเดิมหรือรหัส G ตรงกัน", *likeness.why), True
    return likeness.value, likeness.why, False


def _candidates(area_code, learner, numbers, academic_year):
    """Yield (kind, stored dict) of whatever shares a block or a number with the learner, each learner once."""
    blocks = [*resemblance.keys(learner), *map(resemblance.number_key, numbers)]
    year = {} if academic_year is None else {"academic_year": academic_year}
    seen = {}
    for row in _sharing(Student, ("person_id",), area_code, numbers, blocks, year):
        kept = seen.get(row["lineage"])
        if kept is None or _newness(row) > _newness(kept):
            seen[row["lineage"]] = row
    yield from ((STUDENT, row) for row in seen.values())
    for row in _sharing(GCodeRequest, ("code", "new_number"), area_code, numbers, blocks, {}):
        if row["state"] != WITHDRAWN:
            yield REQUEST, row


def _sharing(document, names, area_code, numbers, blocks, more):
    """The stored entries of a kind with one of the numbers in one of the named fields, or in one of the blocks."""
    text = {"$in": numbers, "$type": "string"}  # as the partial indexes say
    ways = [{"area_code": area_code, name: text, **more} for name in names if numbers]
    if blocks:
        ways.append({"area_code": area_code, "likeness": {"$in": blocks}, **more})
    return collection(document).find({"$or": ways}, WANTED).limit(MOST) if ways else ()


def _newness(row):
    return row["academic_year"], row["round"]


# ---- what a person is told ----


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
        # That day and month are changed about would tell a stranger the day.
        may = access.sees(user, area_code, one.school_code)
        kind = GCodeRequest if one.kind == REQUEST else Student
        headline = kind.headline(one.plain) if may else None
        told.append(Told(one, names[one.school_code], may, one.why if may else (), headline))
    return told
