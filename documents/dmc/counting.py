"""Counting (เกณฑ์การนับ): whose pupil counts, and who counts where money is worked out; asked by every figure.

`standing` says it of one pupil, `standing_expression` the same to MongoDB, so that a total and the names behind it cannot
differ. Two sums stand on it: the heads of a school (นักเรียนที่นับเป็นยอด: all but those who left and those suspended), and
the heads that bring money (นับเพื่อจัดสรร: of those the pupils within the counted ages whom no other school has too). The
rules are data of an area and an academic year, set with the bounds of the checks and frozen with the round.
"""

import datetime as dt
from dataclasses import dataclass

from documents.formats.buddhist import ERA, KINDERGARTEN, counting_age
from documents.records.codelists import code_list

COUNTED, OUTSIDE, DOUBLE, SUSPENDED, LEFT = "counted", "outside", "double", "suspended", "left"
STANDINGS = {
    COUNTED: ("นับเพื่อจัดสรร", "Counts for money"),
    OUTSIDE: ("อายุนอกเกณฑ์", "Outside the counted ages"),
    DOUBLE: ("ซ้ำซ้อนกับโรงเรียนหรือหน่วยงานอื่น", "In another school or agency too"),
    SUSPENDED: ("แขวนลอย", "Suspended on the roll"),
}
POOR = "09"  # เด็กยากจน, of DISADV
# What becomes of suspended pupils and of doubles where money is worked out.
LEFT_OUT = {0: "ไม่นับ", 1: "นับ"}
EVERY_CLAIM = {0: "ไม่นับทุกแห่งจนกว่าจะตัดสิน", 1: "นับทุกแห่ง"}


@dataclass(frozen=True)
class Rules:
    """The rules of one area and year: bounds of age (years, both counted), whether suspended pupils and doubles count."""

    youngest: int
    oldest: int
    suspended: bool = False
    doubles: bool = False

    @classmethod
    def of(cls, limits):
        """The Rules among the bounds of DMC's checks, {name: value}; a lock of old froze only those of age."""
        return cls(
            limits["youngest"],
            limits["oldest"],
            bool(limits.get("suspended_count")),
            bool(limits.get("doubles_count")),
        )


# ---- of one pupil ----


def is_counted(values):
    """Whether a pupil is among his school's heads: on the roll, neither left nor suspended (แขวนลอย)."""
    return _stands(values) == COUNTED


def age_outside(values, rules):
    """The counting age of a pupil that is out of bounds; None within, and where birth date or grade is not known."""
    years = counting_age(values.get("birth_date"), values.get("grade"), values["academic_year"])
    return None if years is None or rules.youngest <= years <= rules.oldest else years


def standing(values, rules, doubles=frozenset()):
    """COUNTED for a pupil (dict of stored values) who counts for money, else why not; `doubles` are ids of records.

    Pupils without a birth date or grade are within the ages, as the reports of DMC have it.
    """
    stands = _stands(values)
    if stands != COUNTED and not (stands == SUSPENDED and rules.suspended):
        return stands
    if age_outside(values, rules) is not None:
        return OUTSIDE
    return DOUBLE if values["_id"] in doubles and not rules.doubles else COUNTED


def _stands(values):
    statuses, status = code_list("STATUS"), values.get("status")
    if not statuses.fact(status, "on_roll"):
        return LEFT
    suspended = values.get("suspended_flag") or not statuses.fact(status, "counted")
    return SUSPENDED if suspended else COUNTED


# ---- the same, asked of the database ----


def statuses(fact):
    """The codes of STATUS that have a fact, `counted` or `on_roll`."""
    found = code_list("STATUS")
    return [code for code in found.codes if found.fact(code, fact)]


def heads_query():
    """The MongoDB filter of the pupils for whom `is_counted` says yes."""
    return {"status": {"$in": statuses("counted")}, "suspended_flag": {"$ne": True}}


def heads_expression():
    """The same as an expression."""
    return {"$and": [{"$in": ["$status", statuses("counted")]}, {"$ne": ["$suspended_flag", True]}]}


def roll_query():
    """The MongoDB filter of the pupils on the roll: those who count, and those suspended."""
    return {"status": {"$in": statuses("on_roll")}}


def years_on(day):
    """The expression of completed years on a day, of a record that has a birth date."""
    birthday = {"$add": [{"$multiply": [{"$month": "$birth_date"}, 100]}, {"$dayOfMonth": "$birth_date"}]}
    not_yet = {"$cond": [{"$gt": [birthday, day.month * 100 + day.day]}, 1, 0]}
    return {"$subtract": [{"$subtract": [day.year, {"$year": "$birth_date"}]}, not_yet]}


def outside_expression(academic_year, rules):
    """Whether `age_outside` gives an age, as an expression: dates sort above null, and so do grades."""
    year = academic_year - ERA
    in_kindergarten = {"$in": ["$grade", list(KINDERGARTEN)]}
    by_year = {"$subtract": [year, {"$year": "$birth_date"}]}
    years = {"$cond": [in_kindergarten, years_on(dt.date(year, 5, 16)), by_year]}
    bounds = [{"$lt": [years, rules.youngest]}, {"$gt": [years, rules.oldest]}]
    return {"$and": [{"$gt": ["$birth_date", None]}, {"$gt": ["$grade", None]}, {"$or": bounds}]}


def standing_expression(academic_year, rules, doubles=()):
    """What `standing` says of a record, as an expression."""
    branches = [{"case": {"$not": [{"$in": ["$status", statuses("on_roll")]}]}, "then": LEFT}]
    if not rules.suspended:
        branches.append({"case": {"$not": [heads_expression()]}, "then": SUSPENDED})
    branches.append({"case": outside_expression(academic_year, rules), "then": OUTSIDE})
    if doubles and not rules.doubles:
        branches.append({"case": {"$in": ["$_id", list(doubles)]}, "then": DOUBLE})
    return {"$switch": {"branches": branches, "default": COUNTED}}
