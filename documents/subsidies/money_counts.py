"""Heads for money (ยอดเพื่อจัดสรร): how many pupils of each grade count for money in a round, school by school.

One pass in the database, by the expressions of `counting.py`; a lock freezes what it gives, so that an estimate made of
a locked round never changes. What comes back grows with schools and grades, never with the pupils.
"""

from documents.checking.duplicate_cases import AGENCY, OPEN, DuplicateCase
from documents.database import collection
from documents.district.levels import GRADES
from documents.dmc import counting
from documents.dmc.students import Student
from documents.records.codelists import code_list

HEADS, POOR, BOARDERS = "counted", "poor", "boarding"


def doubles_of(round_):
    """Ids of the records of a round that somebody else claims too, sorted: pupils among the heads of two schools or more
    of the area, and those who stand with another agency until the district took the proof (an open case of DMC-02).

    The numbers are found by the index of keys alone; only the records of those that stand twice are read.
    """
    return tuple(sorted({*_in_two_schools(round_), *claims_of_agencies(round_)}))


def claims_of_agencies(round_):
    """Ids of the records that stand with another agency: of the doubles those that come and go without a write."""
    asked = _place(round_) | {"state": {"$in": list(OPEN)}, "kind": AGENCY}
    for case in collection(DuplicateCase).find(asked, {"records.record": 1}):
        yield from (row["record"] for row in case["records"] if row.get("record"))


def _in_two_schools(round_):
    place = _place(round_)
    schools = {"$group": {"_id": "$person_id", "schools": {"$addToSet": "$school_code"}}}
    stages = [
        {"$match": place | {"person_id": {"$gt": ""}}},
        {"$project": {"_id": 0, "person_id": 1, "school_code": 1}},
        schools,
        {"$match": {"schools.1": {"$exists": True}}},
    ]
    twice = {
        row["_id"]: row["schools"]
        for row in collection(Student).aggregate(stages, hint="key", allowDiskUse=True)
    }
    if not twice:
        return []
    found = {}
    asked = place | {"person_id": {"$in": list(twice)}} | counting.heads_query()
    asked["school_code"] = {"$in": sorted({code for codes in twice.values() for code in codes})}
    for row in collection(Student).find(asked, {"person_id": 1, "school_code": 1}):
        found.setdefault(row["person_id"], []).append(row)
    claims = [rows for rows in found.values() if len({row["school_code"] for row in rows}) > 1]
    return [row["_id"] for rows in claims for row in rows]


def money_counts(round_, rules, doubles, schools=None):
    """{school code: {HEADS, POOR or BOARDERS: {grade: pupils}}} of those who count for money, of a grade that is known."""
    place = _place(round_)
    if schools is not None:
        place["school_code"] = {"$in": list(schools)}
    boards = [code for code in code_list("BOARD").codes if not code_list("BOARD").fact(code, "none")]
    key = {
        "s": "$school_code",
        "g": "$grade",
        POOR: {"$in": [counting.POOR, {"$ifNull": ["$disadvantages", []]}]},
        BOARDERS: {"$in": [{"$ifNull": ["$boarding", ""]}, boards]},
    }
    stands = counting.standing_expression(round_.academic_year, rules, doubles)
    stages = [
        {"$match": place | counting.roll_query()},
        {"$match": {"$expr": {"$eq": [stands, counting.COUNTED]}}},
        {"$group": {"_id": key, "n": {"$sum": 1}}},
    ]
    found = {}
    hint = "area_order" if schools is None else "school_order"
    for row in collection(Student).aggregate(stages, hint=hint):
        place, number = row["_id"], row["n"]
        if place.get("g") not in GRADES:
            continue
        for kind in (HEADS, *(kind for kind in (POOR, BOARDERS) if place[kind])):
            grades = found.setdefault(place["s"], {}).setdefault(kind, {})
            grades[place["g"]] = grades.get(place["g"], 0) + number
    return found


def _place(round_):
    return {"area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code}
