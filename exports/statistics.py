"""The ministry's statistical file of pupils by grade and sex (จำนวนนักเรียนแยกชั้น,เพศ): a CSV of bare numbers.

Its layout is that of DMC's own files (domain.md 3.1.6): no header, 94 cells a line, the total row last with the area's
code for a school's, lines ended by LF, nothing quoted. Those come in UTF-8 with BOM or in CP874.
"""

from collections import Counter

from documents.database import collection
from documents.errors import WrongState
from documents.students import Student
from exports.reports import GRADES, LEVELS, SEXES, figures
from exports.round_workbook import area_of, declared_rooms, facts_of, pupil_counts
from exports.workbook import file_name

REPORT = "จำนวนนักเรียนแยกชั้น,เพศ"
ENCODINGS = {"utf8": "utf-8-sig", "cp874": "cp874"}
ATTEMPTS = 3  # a pupil saved between two readings is no fault
TALLIED = ("grade", "sex", "status", "suspended_flag")  # what Student.tally reads
COUNTERS = ("pupils", "male", "female", *(f"{sex.lower()}{grade}" for grade in GRADES for sex in SEXES))


def statistics_csv(round_, encoding="utf8"):
    """The bytes of the file; of a locked round from what the lock froze.

    Raises WrongState as `facts_of` does, and where the numbers are not those of the control room.
    """
    lines = statistics_lines(checked_facts(round_))
    text = "".join(",".join(map(str, line)) + "\n" for line in lines)
    return text.encode(ENCODINGS[encoding])


def statistics_file_name(round_):
    """The download's name: 2568-1-จำนวนนักเรียนแยกชั้น,เพศ.csv."""
    return file_name(f"{round_.label}-{REPORT}", "csv")


def statistics_lines(facts):
    """[[round, code, 92 numbers]] of every school by code, those without pupils too, and the total row."""
    counts, rooms = pupil_counts(facts), declared_rooms(facts)
    codes = sorted(school["code"] for school in facts.schools)
    rows = [figures(code, counts, rooms) for code in codes]
    totals = [sum(column) for column in zip(*rows, strict=True)] or [0] * len(LEVELS) * 4
    lines = [[facts.round.label, code, *row] for code, row in zip(codes, rows, strict=True)]
    return [*lines, [facts.round.label, facts.round.area_code, *totals]]


def checked_facts(round_):
    """The round's Facts once its counters agree with a count of the records themselves.

    Raises WrongState naming the school whose do not, since what leaves must be what the control room shows.
    """
    for _ in range(ATTEMPTS):
        facts = facts_of(round_)
        wrong = differing(facts, recounted(facts))
        if not wrong:
            return facts
    names = " ".join(facts.names[code] for code in wrong[:3])
    more = f" และอีก {len(wrong) - 3:,} โรงเรียน" if len(wrong) > 3 else ""
    raise WrongState(
        f"ยอดที่นับจากรายการไม่ตรงกับห้องควบคุมรอบ: {names}{more} จึงไม่ส่งออก กรุณารอสักครู่แล้วลองอีกครั้ง "
        "หากยังไม่ตรง ให้แจ้งผู้ดูแลระบบ"
    )


def recounted(facts):
    """{school code: Counter of COUNTERS} counted from the round's records, rooms under 'classrooms'."""
    place = {**area_of(facts.round), "school_code": {"$in": list(facts.names)}}
    kinds = {name: f"${name}" for name in TALLIED}
    group = {"_id": {"school": "$school_code", **kinds}, "pupils": {"$sum": 1}}
    found = {code: Counter() for code in facts.names}
    for row in collection(Student).aggregate([{"$match": place}, {"$group": group}]):
        for name, value in Student.tally(row["_id"]).items():
            found[row["_id"]["school"]][name] += value * row["pupils"]
    for (code, _), rooms in declared_rooms(facts).items():
        found[code]["classrooms"] += rooms
    return found


def differing(facts, found):
    """Codes of the schools whose counters are not what was found in the records."""
    return [
        school["code"]
        for school in facts.schools
        if any(
            (school.get("counts") or {}).get(name, 0) != found[school["code"]][name]
            for name in (*COUNTERS, "classrooms")
        )
    ]
