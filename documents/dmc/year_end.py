"""The year's end (สิ้นปีการศึกษา): how the pupils of a year's beginning became those of its end, school by school.

ต้นปี + ย้ายมา − ย้ายไป − ออกกลางคัน − จำหน่าย/ตาย = วันสิ้นปี (domain.md 3.1.5, DMC-14). The year begins with the heads of
its first round; who left stands as such in the round in which he left, and is carried no further. A pupil who was there
at the beginning and is neither there at the end nor among those who left is what keeps a school from closing.
"""

from documents.collecting.rounds import Round
from documents.database import collection
from documents.dmc.counting import heads_expression
from documents.dmc.student_rules import FAMILY_OF_STATUS
from documents.dmc.students import Student

LEFT = ("moved_out", "dropped_out", "discharged")


def first_round_of(round_):
    """The Round that began the year of a round and was opened; None where the year began before the product."""
    asked = Round.objects(
        area_code=round_.area_code,
        subsystem=round_.subsystem,
        academic_year=round_.academic_year,
        code__lt=round_.code,
        state__nin=["draft", "proposed"],
    )
    return asked.order_by("code").first()


def reconciled(round_, schools=None):
    """Yield (school, line, grade, sex, pupils) of the year up to a round: opening, came, the three ways out, closing.

    One pass over the year's records in the database. Without a first round the opening is worked back from this one.
    """
    first = first_round_of(round_)
    codes = [first.code, round_.code] if first else [round_.code]
    place = {
        "area_code": round_.area_code,
        "academic_year": round_.academic_year,
        "round": {"$gte": codes[0], "$lte": codes[-1]},
    }
    if schools is not None:
        place["school_code"] = {"$in": list(schools)}
    stages = [{"$match": place}, {"$group": _one_pupil(first, round_)}, {"$group": _how_many()}]
    for row in collection(Student).aggregate(stages, allowDiskUse=True):
        key, number = row["_id"], row["n"]
        for line in _lines(key, first.code if first else None):
            yield key["s"], line, key.get("g"), key.get("x"), number


def _one_pupil(first, round_):
    """A pupil in one school over the year's rounds: whether he counted at either end, and how his last record stands."""
    counts = heads_expression()

    def in_round(code):
        return {"$max": {"$cond": [{"$and": [{"$eq": ["$round", code]}, counts]}, 1, 0]}}

    last = {"r": "$round", "st": "$status", "g": "$grade", "x": "$sex"}
    return {
        "_id": {"s": "$school_code", "l": "$lineage"},
        "b": in_round(first.code) if first else {"$max": 0},
        "e": in_round(round_.code),
        "last": {"$top": {"sortBy": {"round": -1}, "output": last}},
    }


def _how_many():
    left = {"$cond": [{"$in": ["$last.st", list(FAMILY_OF_STATUS)]}, "$last.st", ""]}
    key = {"s": "$_id.s", "b": "$b", "e": "$e", "st": left, "r": "$last.r", "g": "$last.g", "x": "$last.x"}
    return {"_id": key, "n": {"$sum": 1}}


def _lines(key, first):
    """The lines that a kind of pupil stands in: one who came and left within the year stands in both."""
    opening, closing = bool(key["b"]), bool(key["e"])
    left = key["st"] if not closing else ""
    if first is None:
        opening = closing or bool(left)
    elif left and not opening and key["r"] == first:
        left = ""  # he left before the heads of the year's beginning were counted
    if opening:
        yield "opening"
    if (closing or left) and not opening:
        yield "came"
    if left:
        yield left
    if closing:
        yield "closing"
