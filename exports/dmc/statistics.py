"""The ministry's statistical file of pupils by grade and sex (จำนวนนักเรียนแยกชั้น,เพศ): a CSV of bare numbers.

Its layout is that of DMC's own files (domain.md 3.1.6): no header, 94 cells a line, the total row last with the area's
code for a school's, lines ended by LF, nothing quoted. Those come in UTF-8 with BOM or in CP874.
"""

from collections import Counter

from documents.database import at_one_moment, collection
from documents.dmc.students import Student
from exports.collecting.round_workbook import area_of, declared_rooms, facts_of, pupil_counts, with_rooms
from exports.dmc.reports import LEVELS, figures
from exports.workbooks.totals import OF_PUPILS, refuse_differing
from exports.workbooks.workbook import file_name

REPORT = "จำนวนนักเรียนแยกชั้น,เพศ"
ENCODINGS = {"utf8": "utf-8-sig", "cp874": "cp874"}


def statistics_csv(round_, encoding="utf8"):
    """The bytes of the file; of a locked round from what the lock froze.

    Raises WrongState as `facts_of` does, and TotalsDiffer where the numbers are not those of the control room.
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
    """The round's Facts once its counters agree with a count of the records themselves, as both stood at one moment.

    Raises TotalsDiffer naming the school whose do not, since what leaves must be what the control room shows.
    """

    def read():
        facts = facts_of(round_)
        refuse_differing(facts, recounted(facts), OF_PUPILS)
        return facts

    return at_one_moment(read)


def recounted(facts):
    """{school code: Counter} counted from the round's records by the database, rooms under 'classrooms'."""
    place = {**area_of(facts.round), "school_code": {"$in": list(facts.names)}}
    kinds = {name: f"${name}" for name in Student.tallied}
    group = {"_id": {"school": "$school_code", **kinds}, "pupils": {"$sum": 1}}
    found = {code: Counter() for code in facts.names}
    for row in collection(Student).aggregate([{"$match": place}, {"$group": group}]):
        for name, value in Student.tally(row["_id"]).items():
            found[row["_id"]["school"]][name] += value * row["pupils"]
    return with_rooms(facts, found, declared_rooms(facts))
