"""Paths (เส้นทางของนักเรียน): one pupil through rounds and schools, by `lineage`, as far as a person may see.

Rows of the person's own schools are told in full; of another school's only its name, the round and since when.
"""

from typing import NamedTuple

from documents.database import collection
from documents.district.schools import School
from documents.dmc.standing import AWAITING
from documents.dmc.students import Student
from documents.dmc.transfers import Transfer
from documents.people import access
from documents.records.codelists import code_list

MOST = 60  # rows of one pupil: twenty years of three rounds
NEEDED = (
    "area_code",
    "school_code",
    "academic_year",
    "round",
    "status",
    "grade",
    "room",
    "created_at",
    "leave_date",
    "admission_date",
)


class Stop(NamedTuple):
    """One record of the path: where, when, and in full (`plain`) only where it is the person's to see."""

    id: object
    school: str
    round: str
    since: object
    plain: dict | None
    waits: bool  # asked for by that school, which does not have him yet
    moves: tuple  # of Transfers that ended here: (when, from which school)


def path_of(area_code, lineage, user):
    """The Stops of a pupil, the newest first; two queries and one for the schools' names."""
    query = {"area_code": area_code, "lineage": lineage}
    order = [("academic_year", -1), ("round", -1)]
    rows = list(
        collection(Student).find(query, dict.fromkeys(NEEDED, 1)).sort(order).hint("lineage").limit(MOST)
    )
    cases = list(
        Transfer.objects(area_code=area_code, lineage=lineage, state="moved")
        .order_by("-asked_at")
        .limit(MOST)
    )
    codes = {row["school_code"] for row in rows}
    names = {
        one.code: one.name for one in School.objects(area_code=area_code, code__in=codes).only("code", "name")
    }
    return [_stop(row, cases, names, user) for row in rows]


def _stop(row, cases, names, user):
    seen = access.sees(user, row["area_code"], row["school_code"])
    moves = tuple(
        (case.ended_at, case.from_school_name) for case in cases if case.receiver_record == row["_id"]
    )
    return Stop(
        row["_id"],
        names.get(row["school_code"], row["school_code"]),
        f"{row['academic_year']}-{row['round']}",
        row.get("admission_date") if seen else row.get("created_at"),
        row if seen else None,
        row.get("status") == AWAITING,
        moves if seen else (),
    )


def in_words(plain):
    """A seen row's status and class: กำลังเรียน · ป.4/1."""
    status = code_list("STATUS").label(plain.get("status"))
    grade = code_list("GRADE").short(plain.get("grade")) if plain.get("grade") else ""
    room = f"/{plain['room']}" if plain.get("room") and grade else ""
    return " · ".join(part for part in (status, f"{grade}{room}") if part)
