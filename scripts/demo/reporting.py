"""What the demo's schools did with the other subsystems' rounds: the moves of their story, up to 5 June 2568.

Last year's round was entered in February and verified in March of every school; this year's began with what it held.
"""

import datetime as dt

from documents.checking import findings
from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.records.change import Change
from documents.records.record import Place
from scripts.demo import moments
from scripts.demo.chance import chance
from scripts.demo.entering import RETURNED_OTHERS, explain, go, look_at
from scripts.demo.plan import AREA
from scripts.demo.pupils import LAST_YEAR, THIS_YEAR

LAST_ROUNDS = {"EMIS": "1", "M-OBEC": "2", "B-OBEC": "1"}  # the last one of 2567 of each subsystem
FIRST, LAST = dt.date(2025, 5, 28), dt.date(2025, 6, 5)
WRITTEN = dt.date(2025, 5, 19), dt.date(2025, 5, 27)  # between which days the records are entered
WRITTEN_THEN = dt.date(2025, 2, 5), dt.date(2025, 3, 4)
HANDED_IN_THEN = dt.date(2025, 3, 5), dt.date(2025, 3, 14)
VERIFIED_THEN = dt.date(2025, 3, 17), dt.date(2025, 3, 19)
STEPS = {
    "confirmed": ("confirm",),
    "certified": ("confirm", "certify"),
    "verified": ("confirm", "certify", "verify"),
    "returned": ("confirm", "certify", "return"),
}


def place(school, code="1"):
    """A school's place in a round of 2568."""
    return Place(AREA, THIS_YEAR, code, school.code)


def place_then(subsystem, school_code):
    """A school's place in the last round of 2567 of a subsystem."""
    return Place(AREA, LAST_YEAR, LAST_ROUNDS[subsystem], school_code)


def some_time(school, subsystem, between=WRITTEN):
    """The moment at which a school entered its records of a subsystem."""
    return moments.some(chance(school.code, subsystem, "written"), 1, *between)[0]


class Begun:
    """What some schools' records of a kind in a round of 2568 begin with, as it was carried over, found by a key."""

    def __init__(self, document, codes, key):
        self.document, self.key = document, key
        here = {"area_code": AREA, "academic_year": THIS_YEAR, "round": "1", "school_code": {"$in": codes}}
        self.rows = {self._found_by(row["school_code"], row): row for row in collection(document).find(here)}

    def change(self, there, values):
        """The Change by which a school enters a record: it goes on with the one carried over, or is new."""
        row = self.rows.get(self._found_by(there.school_code, values))
        if row is None:
            return Change(self.document, there, values)
        return Change(self.document, there, values, id=row["_id"], revision=row["revision"], read=row)

    def holds(self, there, values):
        """Whether a record was carried over."""
        return self._found_by(there.school_code, values) in self.rows

    def _found_by(self, school_code, values):
        return (school_code, *(values.get(name) for name in self.key))


def report(plans, people, subsystem, code="1"):
    """Make the moves of a cluster's schools and look at their records, once those are stored.

    A school whose story is to confirm must have no open error in its records; warnings are explained.
    """
    look_at(subsystem, plans, (THIS_YEAR, code))
    for school in plans:
        rng = chance(school.code, subsystem, THIS_YEAR)
        names = STEPS.get(school.story, ())
        times = moments.some(rng, len(names), FIRST, LAST)
        reasons = {"return": rng.choice(RETURNED_OTHERS)}
        steps = [(name, at, reasons.get(name)) for name, at in zip(names, times, strict=True)]
        go(subsystem, place(school, code), steps, school, people)
    look_at(subsystem, plans, (THIS_YEAR, code))


def report_then(plans, people, subsystem):
    """Confirmed, certified and verified in March 2568, as every school was."""
    look_at(subsystem, plans, (LAST_YEAR, LAST_ROUNDS[subsystem]))
    for school in plans:
        rng = chance(school.code, subsystem, LAST_YEAR)
        times = [*moments.some(rng, 2, *HANDED_IN_THEN), *moments.some(rng, 1, *VERIFIED_THEN)]
        steps = [(name, at, None) for name, at in zip(STEPS["verified"], times, strict=True)]
        go(subsystem, place_then(subsystem, school.code), steps, school, people)


def report_office_then(people, subsystem):
    """The area office's own report of last year: an officer confirmed, the approver certified, the other verified."""
    steps = (("confirm", "officer", 6), ("certify", "approver", 7), ("verify", "officer2", 17))
    submission = find_submission(subsystem, place_then(subsystem, AREA))
    for name, who, day in steps:
        moments.set_clock(moments.at(2025, 3, day, 10, 40))
        if name == "confirm":
            findings.refresh(submission)
            explain(submission, people.office[who])
        submission = move(submission, name, people.office[who])
