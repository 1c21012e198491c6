"""Counts of G-code requests (สถิติการออกรหัสผู้เรียน): by school, nationality, month, state and grade, narrowed by period,
state, sex and grade.

Who sees neither the sensitive class nor, of what is no nationality, the requests themselves is shown no number below ten,
none that gives one away, and no narrower choice: two choices subtracted would tell a small number too (domain.md 6, rule
4). Source of the columns: domain.md 3.3.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from documents import clock
from documents.database import collection
from documents.dmc.small_cells import SMALL, hidden
from documents.errors import OutOfScope
from documents.gcode.gcode import GCodeRequest, visible_to
from documents.people import access

WHOLE_ALONE = "บัญชีของท่านเห็นยอดรวมเท่านั้น จึงเลือกช่วงเวลา สถานะ เพศ หรือชั้นไม่ได้"
READERS = (*access.SCHOOL_READERS, *access.AREA_READERS, "executive")
GROUPS = {  # what the columns call a request; drafts and what came to nothing are no codes
    "certified": ("certified",),
    "waiting": ("sent", "checking", "checked", "returned"),
    "replaced": ("replaced",),
}
ENDED = ("refused", "cancelled")
GROUP_OF = {state: name for name, states in GROUPS.items() for state in states} | dict.fromkeys(
    ENDED, "ended"
)
COLUMNS = ("M", "F", "all", "certified", "waiting", "replaced")
SEXES = ("M", "F")
DIMENSIONS = {
    "school": "$school_code",
    "nation": "$nationality",
    "grade": "$grade",
    "state": "$state",
    "month": "$month",
}


@dataclass(frozen=True)
class Narrowed:
    """What is counted of the requests: days of the code (of the request where there is none yet), state group, sex, grade."""

    since: dt.date | None = None
    until: dt.date | None = None
    state: str | None = None
    sex: str | None = None
    grade: str | None = None
    school: str | None = None

    @property
    def is_narrow(self):
        """Whether anything but the school is chosen."""
        return any((self.since, self.until, self.state, self.sex, self.grade))


class Shown(NamedTuple):
    """A number of a table: how much, and whether it may be shown."""

    number: int
    shown: bool


@dataclass
class Counts:
    """{key of a row: Counter of COLUMNS} by one dimension; `whole`: every number may be shown."""

    dimension: str
    rows: dict
    whole: bool
    hidden: frozenset = field(default_factory=frozenset)

    @property
    def totals(self):
        """A Counter of COLUMNS over all rows."""
        found = Counter()
        for row in self.rows.values():
            found.update(row)
        return found

    def cell(self, key, column):
        """The Shown of a row (None: the sums) and column."""
        number = (self.totals if key is None else self.rows[key])[column]
        return Shown(number, (key, column) not in self.hidden)


def is_small(number):
    """Whether a hidden number is one of the few, not one that would give those away."""
    return 0 < number < SMALL


def sees_whole(user, area_code, dimension, school=None):
    """Whether this person sees every number by a dimension: his own school's, the area's with the mark for what is sensitive,
    and what an officer could count in the list of requests, which is all but nationalities.
    """
    officer = _officer(user, area_code)
    if access.sees_sensitive(user, area_code, school) or (officer and dimension != "nation"):
        return True
    return not officer and not user.holds("executive", area_code)


def _officer(user, area_code):
    """Whether this person reads the area's requests themselves."""
    return any(user.holds(role, area_code) for role in access.AREA_READERS)


def scope_of(user, area_code):
    """The MongoDB filter of the requests this person counts; a superior counts all without seeing one.

    Raises OutOfScope for anyone else.
    """
    if user.is_system or user.holds("executive", area_code):
        return {"area_code": area_code}
    if area_code not in {grant.area_code for grant in user.held if grant.role in READERS}:
        raise OutOfScope()
    return {"$and": [{"area_code": area_code}, visible_to(user)]}


def counted(user, area_code, dimension, narrowed):
    """The Counts of an area's requests, as far as this person has them.

    Raises OutOfScope for another's school, and for a narrower choice than this person may make.
    """
    whole = sees_whole(user, area_code, dimension, narrowed.school)
    if narrowed.is_narrow and not whole:
        raise OutOfScope(WHOLE_ALONE)
    if narrowed.school and not (
        access.sees(user, area_code, narrowed.school) or user.holds("executive", area_code)
    ):
        raise OutOfScope()
    rows = {}
    for row in collection(GCodeRequest).aggregate(_stages(scope_of(user, area_code), dimension, narrowed)):
        key = row["_id"].get("key") or ""
        kept = rows.setdefault(key, Counter())
        number, sex, state = row["number"], row["_id"].get("sex"), row["_id"]["state"]
        kept["all"] += number
        kept[sex if sex in SEXES else "unknown"] += number
        kept[GROUP_OF[state]] += number
    found = Counts(dimension, rows, whole)
    if not whole:
        found.hidden = _hidden(rows, _officer(user, area_code))
    return found


def _stages(scope, dimension, narrowed):
    states = ENDED if narrowed.state == "ended" else GROUPS.get(narrowed.state) or sum(GROUPS.values(), ())
    match = {"state": {"$in": list(states)}}
    match |= {name: value for name, value in (
        ("sex", narrowed.sex), ("grade", narrowed.grade), ("school_code", narrowed.school),
    ) if value}  # fmt: skip
    day = {"$ifNull": ["$code_at", {"$ifNull": ["$sent_at", "$asked_at"]}]}
    month = {"$dateToString": {"date": "$day", "format": "%Y-%m", "timezone": "+07:00"}}
    return [
        {"$match": {"$and": [scope, match]}},
        {"$set": {"day": day}},
        {"$match": _period(narrowed)},
        {"$set": {"month": month}},
        {
            "$group": {
                "_id": {"key": DIMENSIONS[dimension], "sex": "$sex", "state": "$state"},
                "number": {"$sum": 1},
            }
        },
    ]


def _period(narrowed):
    bounds = {}
    if narrowed.since:
        bounds["$gte"] = clock.day_begins(narrowed.since)
    if narrowed.until:
        bounds["$lt"] = clock.day_begins(narrowed.until + dt.timedelta(days=1))
    return {"day": bounds} if bounds else {}


def _hidden(rows, knows_sums):
    """The hidden cells of a table whose sums everybody can work out: sexes, states, and each column downwards.

    Whoever `knows_sums`, from another dimension, is shown those of this one, and more of its parts are hidden.
    """
    totals = Counter()
    for row in rows.values():
        totals.update(row)
    cells = {(key, name): row[name] for key, row in [*rows.items(), (None, totals)] for name in COLUMNS}
    sums = [((None, name), [(key, name) for key in rows]) for name in COLUMNS]
    for key, row in [*rows.items(), (None, totals)]:
        if not row["unknown"]:
            sums.append(((key, "all"), [(key, sex) for sex in SEXES]))
        sums.append(((key, "all"), [(key, name) for name in GROUPS]))
    known = {(None, name) for name in COLUMNS} if knows_sums else set()
    return frozenset(hidden(cells, sums, known=known))
