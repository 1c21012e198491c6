"""What the demo's schools did with the other subsystems' rounds: the moves of their story, up to 5 June 2568."""

import datetime as dt

from documents import findings
from documents.record import Place
from documents.submissions import find_submission
from scripts.demo import moments
from scripts.demo.chance import chance
from scripts.demo.entering import RETURNED_OTHERS, go
from scripts.demo.plan import AREA
from scripts.demo.pupils import THIS_YEAR

FIRST, LAST = dt.date(2025, 5, 28), dt.date(2025, 6, 5)
WRITTEN = dt.date(2025, 5, 19), dt.date(2025, 5, 27)  # between which days the records are entered
STEPS = {
    "confirmed": ("confirm",),
    "certified": ("confirm", "certify"),
    "verified": ("confirm", "certify", "verify"),
    "returned": ("confirm", "certify", "return"),
}


def place(school, code="1"):
    """A school's place in a round of 2568."""
    return Place(AREA, THIS_YEAR, code, school.code)


def some_time(school, subsystem):
    """The moment at which a school entered its records of a subsystem."""
    return moments.some(chance(school.code, subsystem, "written"), 1, *WRITTEN)[0]


def report(plans, people, subsystem, code="1"):
    """Make the moves of a cluster's schools and look at their records, once those are stored.

    A school whose story is to confirm must have no open error in its records; warnings are explained.
    """
    for school in plans:
        rng = chance(school.code, subsystem, THIS_YEAR)
        names = STEPS.get(school.story, ())
        times = moments.some(rng, len(names), FIRST, LAST)
        reasons = {"return": rng.choice(RETURNED_OTHERS)}
        steps = [(name, at, reasons.get(name)) for name, at in zip(names, times, strict=True)]
        go(subsystem, place(school, code), steps, school, people)
        submission = find_submission(subsystem, place(school, code))
        if submission.writes:
            findings.refresh(submission)
