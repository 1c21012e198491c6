"""Money back (เงินที่อาจต้องคืน): pupils who counted in a locked round and left afterwards, with what they had brought.

When a poor pupil has moved or left, the school returns his basic factor to the area office (domain.md 5); of all others
the sheet only says how many left. Who left stands as such in a later round of the same year.
"""

from collections import Counter
from dataclasses import dataclass

from documents.collecting.rounds import Round
from documents.database import collection
from documents.dmc import counting
from documents.dmc.reporting import place_of, terms_of
from documents.dmc.students import Student
from documents.dmc.year_end import LEFT
from documents.subsidies.money import frozen_schools
from documents.subsidies.rate_rows import LEVELS

LEVEL_OF = {grade: level for level, (_, _, grades) in LEVELS.items() for grade in grades}
READ = ("school_code", "lineage", "status", "leave_date", "leave_reason", "leave_to")
ITEM = "poor"


@dataclass(frozen=True)
class Leaver:
    """A pupil who counted and left: his record in the locked round and the later one, both plain dicts."""

    record: dict
    later: dict

    @property
    def school_code(self):
        """The school he counted in."""
        return self.record["school_code"]

    @property
    def level(self):
        """The level he counted in."""
        return LEVEL_OF.get(self.record.get("grade"))

    @property
    def is_poor(self):
        """Whether he was reported as poor."""
        return counting.POOR in (self.record.get("disadvantages") or ())


def leavers_of(round_, schools=None):
    """[Leaver] of a locked round, by school and name: of those who counted for money, whoever left since.

    Three queries, whatever the number of schools. Raises WrongState for a round that is not locked.
    """
    frozen_schools(round_)
    later = {}
    for after in rounds_after(round_):
        asked = place_of(after, schools) | {"status": {"$in": list(LEFT)}}
        for row in collection(Student).find(asked, dict.fromkeys(READ, 1)):
            if not row.get("leave_date") or row["leave_date"] > round_.as_of:
                later.setdefault((row["school_code"], row["lineage"]), row)
    if not later:
        return []
    terms = terms_of(round_)
    asked = place_of(round_, schools) | {"lineage": {"$in": [lineage for _, lineage in later]}}
    found = []
    for row in collection(Student).find(asked).hint("lineage"):
        gone = later.get((row["school_code"], row["lineage"]))
        if gone and counting.standing(row, terms.rules, frozenset(terms.doubles)) == counting.COUNTED:
            found.append(Leaver(row, gone))
    return sorted(found, key=lambda each: (each.school_code, each.record.get("sort_key") or ""))


def rounds_after(round_):
    """The later rounds of a round's year that were opened."""
    asked = Round.objects(
        area_code=round_.area_code, subsystem=round_.subsystem, academic_year=round_.academic_year, code__gt=round_.code
    )  # fmt: skip
    return list(asked.filter(state__nin=["draft", "proposed"]).order_by("code"))


@dataclass(frozen=True)
class Owed:
    """What one school may owe: leavers, poor ones among them, satang of the term."""

    school: object
    leavers: int
    poor: int
    satang: int


def owed_of(estimate, leavers):
    """[Owed] of the schools with leavers; a school never owes for more pupils than it was paid for."""
    gone, poor = Counter(), Counter()
    for each in leavers:
        gone[each.school_code] += 1
        if each.is_poor:
            poor[each.school_code, each.level] += 1
    found = []
    for school in estimate.schools:
        if not gone[school.code]:
            continue
        satang = 0
        for due in school.dues:
            if due.rate.item == ITEM and due.paid:
                back = min(poor[school.code, due.level], due.paid)
                satang += back * (due.term // due.paid)
        of_school = sum(number for (code, _), number in poor.items() if code == school.code)
        found.append(Owed(school, gone[school.code], of_school, satang))
    return found
