"""Linked figures (ข้อมูลเชื่อมโยง): what one subsystem shows of another, which nobody types twice.

They are the counters of submissions, kept by the door (`Record.tally`), so that 230 schools are one small query.
"""

from documents.collecting.rounds import DRAFTS, Round
from documents.collecting.submissions import Submission
from documents.database import collection
from documents.records.kinds import documents_of


def counts(area_code, academic_year, subsystem, school=None):
    """{school code: counters} of a subsystem in the round that `round_of` gives; {} without one.

    `school` is one code or several; without it, every school of the round.
    """
    found = round_of(area_code, academic_year, subsystem)
    return counts_in(found, school) if found else {}


def counts_in(round_, school=None):
    """{school code: counters} of a round: one query of its submissions' own index."""
    place = {
        "area_code": round_.area_code, "academic_year": round_.academic_year, "subsystem": round_.subsystem,
        "round": round_.code,
    }  # fmt: skip
    if school is not None:
        place["school_code"] = school if isinstance(school, str) else {"$in": list(school)}
    rows = collection(Submission).find(place, {"school_code": 1, "counts": 1, "_id": 0})
    return {row["school_code"]: row.get("counts") or {} for row in rows}


def round_of(area_code, academic_year, subsystem):
    """The Round whose figures others show in a year, or None: the year's latest that was opened.

    A subsystem may name one of the year's rounds instead (`Record.linked_round`); a year without any shows the
    latest one before it, so whoever shows a figure says of which round it is.
    """
    asked = {
        "area_code": area_code,
        "subsystem": subsystem,
        "academic_year": {"$lte": academic_year},
        "state": {"$nin": list(DRAFTS)},
    }
    newest = [("academic_year", -1), ("code", -1)]
    found = list(collection(Round).find(asked, {"moves": 0, "memo": 0}).sort(newest).limit(MOST_A_YEAR))
    if not found:
        return None
    named = next((each.linked_round for each in documents_of(subsystem) if each.linked_round), None)
    of_year = [row for row in found if row["academic_year"] == academic_year]
    row = next((row for row in of_year if row["code"] == named), found[0])
    return Round._from_son(row)


MOST_A_YEAR = 12  # rounds of one subsystem in a year
