"""Lists of other agencies (รายชื่อต่างสังกัด): numbers of pupils that another agency counts too, as cases of DMC-02.

The list itself goes with its job: of each number that stands on a roll of the area a case keeps the agency's and the school's
name. Source: DMC-02 of domain.md 3.1.5.
"""

from itertools import islice
from typing import NamedTuple

from bson import ObjectId

from documents.checking.duplicate_cases import AGENCY
from documents.checking.duplicates import Told, entry_of, names_of, open_pair, tell_schools
from documents.checking.lookups import is_on_roll
from documents.database import collection
from documents.dmc.students import Student
from documents.formats import citizen_id

AT_ONCE = 500
NEEDED = dict.fromkeys(("person_id", "school_code", "lineage", "status"), 1)


class Listed(NamedTuple):
    """One line of such a list: its number as it was read, the agency and the school that it names (None for none)."""

    number: str
    agency: str
    school: str | None = None


def match(round_, lines, tell=None):
    """Open a case for each of the `Listed` lines whose number stands on a roll of the round; safe to run again.

    Gives a Told with "lines", "wrong" (no number), "matched", "new", "known" and "settled".
    """
    done, names, this = Told(), names_of(round_.area_code), ObjectId()
    lines = iter(lines)
    while batch := list(islice(lines, AT_ONCE)):
        by_number = {}
        for line in batch:
            number = citizen_id.clean_id(line.number)
            done["lines"] += 1
            if not number or citizen_id.looks_mangled(line.number):
                done["wrong"] += 1
            else:
                by_number[number] = line
        for row in _on_roll(round_, list(by_number)):
            done["matched"] += 1
            line = by_number[row["person_id"]]
            pair = f"{AGENCY}:{row['lineage']}:{line.agency}"[:120]
            done[
                open_pair(
                    round_, "DMC-02", AGENCY, pair, [entry_of(row, names)], this,
                    agency={"name": line.agency, "school": line.school}, number=citizen_id.mask_id(row["person_id"]),
                )
            ] += 1  # fmt: skip
        if tell:
            tell(done["lines"])
    tell_schools(round_, this)
    return done


def _on_roll(round_, numbers):
    query = {
        "area_code": round_.area_code, "person_id": {"$in": numbers}, "academic_year": round_.academic_year,
        "round": round_.code,
    }  # fmt: skip
    return [row for row in collection(Student).find(query, NEEDED).hint("number") if is_on_roll(row)]
