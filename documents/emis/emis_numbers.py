"""The numbers of the EMIS reports (รายงาน EMIS): staff by position, standing and sex; each school's profile; who leads it.

Staff are counted by the database; what comes back grows with schools, never with persons. Source: domain.md 3.2,
reports (b) to (f); the rows of (b) are those of the ministry's own page.
"""

from collections import Counter
from typing import NamedTuple

from documents.database import collection
from documents.emis.staff import Staff
from documents.emis.staff_rules import full_name, teaches, with_fact
from documents.emis.technology import Technology
from documents.records.codelists import code_list


class Line(NamedTuple):
    """One row of report (b): codes of a position and of a standing, None where there is none, and their words."""

    position: str | None
    standing: str | None
    words: tuple  # ตำแหน่ง, วิทยฐานะ, ระดับ


def lines(counted):
    """The Lines of report (b): every position with its standings, then what persons have that stands in none of them.

    `counted` is what `staff_counted` gave, or one school's part of it.
    """
    positions, standings, ranks = code_list("POSITION"), code_list("STANDING"), code_list("RANK")
    found = []
    for number, position in enumerate(positions.codes, 1):
        name = f"{number}. {positions.label(position)}"
        if positions.fact(position, "standing"):
            found += [
                Line(
                    position,
                    code,
                    (name, _printed(standings, code), ranks.label(standings.fact(code, "rank"))),
                )
                for code in standings.codes
            ]
        else:
            found.append(Line(position, None, (name, "-", "-")))
    known = {(line.position, line.standing) for line in found}
    for position, standing in sorted(
        {key[:2] for key in counted} - known, key=lambda one: [each or "" for each in one]
    ):
        words = positions.label(position) or "ไม่ระบุตำแหน่ง"
        found.append(Line(position, standing, (words, standings.label(standing) or "ไม่ระบุวิทยฐานะ", "-")))
    return found


def _printed(standings, code):
    return standings.fact(code, "as_printed") or standings.label(code)


def staff_counted(round_, codes):
    """{school code: Counter {(position, standing, sex): persons}} of those in service at these schools (None: all)."""
    serving = {"work_status": {"$in": with_fact("WORK_STATUS", "counted")}}
    names = ("position", "academic_standing", "sex")
    group = {"_id": {"school": "$school_code", **{name: f"${name}" for name in names}}, "people": {"$sum": 1}}
    found = {}
    for row in collection(Staff).aggregate(
        [{"$match": of_round(round_, codes) | serving}, {"$group": group}]
    ):
        key = tuple(row["_id"].get(name) for name in names)
        found.setdefault(row["_id"]["school"], Counter())[key] += row["people"]
    return found


def teachers_counted(round_, codes):
    """{school code: teachers} in service: those by position, and those hired with a teacher's qualification."""
    serving = {"work_status": {"$in": with_fact("WORK_STATUS", "counted")}}
    names = ("position", "personnel_type", "has_teaching_cert")
    group = {"_id": {"school": "$school_code", **{name: f"${name}" for name in names}}, "people": {"$sum": 1}}
    found = Counter()
    for row in collection(Staff).aggregate(
        [{"$match": of_round(round_, codes) | serving}, {"$group": group}]
    ):
        if teaches(row["_id"]):
            found[row["_id"]["school"]] += row["people"]
    return found


def leaders_of(round_, codes):
    """{school code: name of who leads it}, of directors in service and, where there is none, of who acts as one."""
    directors = {
        "position": {"$in": with_fact("POSITION", "leads")},
        "work_status": {"$in": with_fact("WORK_STATUS", "counted")},
    }
    acting = {"acting_director": True, "work_status": {"$in": with_fact("WORK_STATUS", "active")}}
    wanted = dict.fromkeys(("school_code", "title", "first_name", "last_name", "acting_director"), 1)
    found = {}
    for row in collection(Staff).find(of_round(round_, codes) | {"$or": [directors, acting]}, wanted):
        words = full_name(row) + (" (รักษาการ)" if row.get("acting_director") else "")
        if row["school_code"] not in found or not row.get("acting_director"):
            found[row["school_code"]] = words
    return found


def profiles_of(round_, codes):
    """{school code: its stored profile of technology (a plain dict)}."""
    return {row["school_code"]: row for row in collection(Technology).find(of_round(round_, codes))}


def of_round(round_, codes):
    """The filter of a round's records, of some schools or (None) all."""
    place = {"area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code}
    return place if codes is None else place | {"school_code": {"$in": list(codes)}}
