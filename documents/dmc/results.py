"""Results of the year (ผลสิ้นปี): who passed, who repeats and why, who leaves and where to, set class by class.

The round of the year's end has three menus (domain.md 3.1.3): สอบได้/สอบตก, สอบตก ซ้ำชั้น, สอบได้ เรียนจบ. Whoever passes a
grade that ends a stage (ป.6, ม.3, ม.6), or the last grade his school teaches, graduates: he has taken so many years and
goes somewhere. Nobody stays รอดำเนินการ.
"""

from dataclasses import dataclass

from documents.database import collection
from documents.district.schools import School
from documents.dmc.reporting import place_of, who
from documents.dmc.roll import YEAR_END, in_class_order
from documents.dmc.students import Student
from documents.errors import Invalid, NotAllowed
from documents.records.codelists import code_list
from documents.records.record import Place
from documents.records.writing import Change, write

PASSED, REPEATS, GRADUATED = "passed", "repeat", "graduated"
TYPED = ("year_result", "fail_reasons", "destination", "years_taken")
MENUS = {"results": "สอบได้/สอบตก", "failed": "สอบตก ซ้ำชั้น", "leavers": "สอบได้ เรียนจบ"}
MOST = 1_000  # pupils of one page and one save
COUNTS_YEARS = (
    "03",
    "06",
)  # grades that end a stage in the ministry's report of years taken, though nobody leaves
NORMAL_YEARS = {"pre": 2, "primary": 6, "lower": 3, "upper": 3}


@dataclass(frozen=True)
class Seen:
    """What a form says of one pupil: as it was shown, and as it came back; each is {field: value} of TYPED."""

    id: object
    revision: int
    shown: dict
    typed: dict


def is_leaving(grade, taught_to):
    """Whether who passes this grade graduates: it ends a stage, or the school teaches none above it."""
    return bool(code_list("GRADE").fact(grade, "destinations")) or (bool(grade) and grade == taught_to)


def asks_years(grade, taught_to):
    """Whether who passes this grade says how many years he took: he graduates, or the ministry counts a stage there."""
    return grade in COUNTS_YEARS or is_leaving(grade, taught_to)


def asks_destination(grade):
    """Whether who graduates from this grade says where he goes."""
    return bool(code_list("GRADE").fact(grade, "destinations"))


def may_go(destination, grade, taught_to):
    """Whether who leaves a grade can go there: not on in the same school, where it teaches no higher grade."""
    stays = code_list("DESTINATION").fact(destination, "same_school")
    return not (stays and taught_to and grade and grade >= taught_to)


def usual_years(grade):
    """How many years the stage that a grade ends usually takes: ป.3 ends the first three of primary school."""
    if grade == "06":
        return 3
    return NORMAL_YEARS.get(code_list("GRADE").fact(grade, "level"), 1)


def taught_to(area_code, school_code):
    """The last grade that a school teaches, or None."""
    school = School.objects(area_code=area_code, code=school_code).only("grade_to").first()
    return school.grade_to if school else None


# ---- how far each class is ----


@dataclass(frozen=True)
class Progress:
    """One class (or school) in the year's end: `waiting` have no result, `causes` fail without one, `leaving` lack a
    destination or the years they took."""

    school: str
    grade: str | None
    room: int | None
    pupils: int
    waiting: int
    failed: int
    causes: int
    graduates: int
    leaving: int

    @property
    def open(self):
        """Pupils about whom something is missing."""
        return self.waiting + self.causes + self.leaving

    @property
    def words(self):
        """ป.6/1."""
        grade = code_list("GRADE").short(self.grade) or "ไม่ระบุชั้น"
        return f"{grade}/{self.room}" if self.room else grade


def progress_by_class(round_, school):
    """[Progress] of the classes of a school, in the order of grades and rooms."""
    found = _progress(round_, [school], {"school": "$school_code", "grade": "$grade", "room": "$room"})
    return sorted(found, key=lambda one: (one.grade or "99", one.room or 0))


def progress_by_school(round_, schools=None):
    """{school code: Progress} of a round."""
    return {one.school: one for one in _progress(round_, schools, {"school": "$school_code"})}


def _progress(round_, schools, key):
    """The Progress of each group of a round's pupils: one pass in the database."""

    def count(*conditions):
        return {"$sum": {"$cond": [{"$and": list(conditions)}, 1, 0]}}

    def is_result(code):
        return {"$eq": ["$year_result", code]}

    last = [code for code in code_list("GRADE").codes if asks_destination(code)]
    no_years = {"$not": [{"$gt": ["$years_taken", 0]}]}
    no_destination = {"$and": [{"$in": ["$grade", last]}, {"$not": [{"$gt": ["$destination", ""]}]}]}
    no_reason = {"$eq": [{"$size": {"$ifNull": ["$fail_reasons", []]}}, 0]}
    group = {
        "_id": key,
        "pupils": {"$sum": 1},
        "waiting": count({"$not": [{"$gt": ["$year_result", ""]}]}),
        "failed": count(is_result(REPEATS)),
        "causes": count(is_result(REPEATS), no_reason),
        "graduates": count(is_result(GRADUATED)),
        "leaving": count(is_result(GRADUATED), {"$or": [no_years, no_destination]}),
    }
    stages = [{"$match": place_of(round_, schools) | who("counted")}, {"$group": group}]
    hint = "area_order" if schools is None else "school_order"
    for row in collection(Student).aggregate(stages, hint=hint):
        key = row.pop("_id")
        yield Progress(key["school"], key.get("grade"), key.get("room"), **row)


# ---- the pupils of a page ----


def pupils_of(round_, school, menu, grade=None, room=None):
    """The stored pupils of one menu of a school in class order: of a class, or of the whole school."""
    wanted = [place_of(round_, [school]) | who("counted")]
    if grade is not None:
        wanted.append({"grade": grade or None, "room": room})
    if menu == "failed":
        wanted.append({"year_result": REPEATS})
    if menu == "leavers":
        wanted.append({"year_result": GRADUATED})
    rows = collection(Student).find({"$and": wanted}).hint("school_order").limit(MOST)
    return in_class_order(list(rows))


def shown_of(row):
    """What a form shows of a stored pupil."""
    return {name: row.get(name) for name in TYPED if row.get(name) not in (None, "", [])}


# ---- saving ----


def save(round_, school, seen, actor, reason=None):
    """Store what was typed of a school's pupils in one write; gives back how many changed.

    Of a pupil whom nobody touched nothing is written, whatever became of him meanwhile. Raises what the door raises:
    StaleRevision where a touched pupil was changed since he was shown. NotAllowed for a round that is not the year's end.
    """
    if round_.code != YEAR_END:
        raise NotAllowed("ผลสิ้นปีบันทึกได้เฉพาะในรอบสิ้นปีการศึกษา")
    touched = {each.id: each for each in seen if each.typed != each.shown}
    asked = {"$and": [place_of(round_, [school]), {"_id": {"$in": list(touched)}}]}
    stored = {row["_id"]: row for row in collection(Student).find(asked)}
    if len(stored) < len(touched):
        raise Invalid({0: {"year_result": "มีนักเรียนที่ไม่อยู่ในทะเบียนของโรงเรียนนี้แล้ว กรุณาเปิดหน้านี้ใหม่"}})
    last, changes, errors = taught_to(round_.area_code, school), [], {}
    for id_, each in touched.items():
        values, wrong = changed(stored[id_], each.typed, last)
        if wrong:
            errors[id_] = wrong
        changes.append(Change(Student, Place.of(stored[id_]), values, id=id_, revision=each.revision))
    if errors:
        raise Invalid(errors)
    if changes:
        write(changes, actor, reason, via="results")
    return len(changes)


def changed(row, typed, last):
    """(values to write, {field: sentence}) of one pupil: a result takes off what belongs to another."""
    result, grade = typed.get("year_result"), row.get("grade")
    if result not in (None, PASSED, REPEATS, GRADUATED):
        return {}, {"year_result": "กรุณาเลือกสอบได้ หรือสอบตก ซ้ำชั้น"}
    if result in (PASSED, GRADUATED):
        result = GRADUATED if is_leaving(grade, last) else PASSED
    if not may_go(typed.get("destination"), grade, last):
        return {}, {"destination": "โรงเรียนนี้ไม่เปิดสอนชั้นถัดไป จึงศึกษาต่อที่โรงเรียนเดิมไม่ได้ กรุณาเลือกที่อื่น"}
    values = dict.fromkeys(TYPED) | {"year_result": result}
    if result == REPEATS:
        values["fail_reasons"] = typed.get("fail_reasons") or None
    if result == GRADUATED or (result == PASSED and grade in COUNTS_YEARS):
        values["years_taken"] = typed.get("years_taken")
    if result == GRADUATED and asks_destination(grade):
        values["destination"] = typed.get("destination")
    if result and row.get("status") == "pending":
        values["status"] = "enrolled"
    return values, {}
