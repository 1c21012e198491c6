"""Reports (รายงานสถิติ): how many pupils there are of each category, by school, level and sex.

A report is a row of `student_reports.REPORTS`: whom it counts, its categories as the ministry prints them, and an
expression of MongoDB that says in which of them a record stands. The same expression counts the records and finds
them again, so that a number and the names behind it cannot differ. One pass over a round's records gives a report;
what comes back grows with schools, grades and categories, never with the records.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from documents.checking.limits import limits_of
from documents.collecting.freezing import freeze_of
from documents.collecting.rounds import Round
from documents.collecting.submissions import Submission
from documents.database import collection
from documents.district.levels import GRADES, LEVELS, SEXES
from documents.dmc import counting
from documents.dmc.students import Student
from documents.people import access
from documents.records.codelists import code_list
from documents.records.record import declared
from documents.subsidies.money_counts import doubles_of

ALL, OUTSIDE, ODD = "all", "outside", "odd"
EVERY = "every"  # of the levels, and of those that stand in none
OUTSIDE_LABEL, ODD_LABEL = "อายุนอกเกณฑ์", "ข้อมูลผิดปกติ"
WHOLE = len(LEVELS) - 1  # the place of รวมทั้งหมด among the levels
KEPT = 6  # reports kept in memory; one of 230 schools takes about a megabyte


@dataclass(frozen=True)
class Line:
    """One category: its key in addresses, its label, and how the ministry's file prints it where that differs."""

    key: str
    label: str
    printed: str | None = None


@dataclass(frozen=True)
class Report:
    """One report. `cells(terms)` is the expression that gives the keys of the lines a record stands in, [] for none.

    `title` names the ministry's file, `short` the page. `who` is the kind of pupil it counts (WHO). `reads` are the
    fields its categories stand on: who may not see one of them gets no names, and no small numbers. `disjoint`: a
    pupil stands in one line beside the first, so that the lines add up to it. `layout` is the ministry's number of
    columns. `table(round_, schools)` gives the counts of a report that is no count of one round's records.
    """

    key: str
    title: str
    short: str
    title_en: str
    about: str
    reads: tuple
    lines: tuple = (Line(ALL, "นักเรียนทั้งหมด"),)
    cells: Callable | None = None
    who: str = "counted"
    rounds: tuple = ("1", "2", "3")
    layout: int = 72
    disjoint: bool = True
    group: str = "นักเรียน"
    needs: str | None = None  # the kind of growth table it stands on
    table: Callable | None = None
    depends: Callable | None = None  # (round) -> what it stands on beside the records

    @property
    def labels(self):
        """{key: label} of the lines, ข้อมูลผิดปกติ always among them: what has no line must show somewhere."""
        return {line.key: line.label for line in self.lines} | {ODD: ODD_LABEL}

    @property
    def is_personal(self):
        """Whether the categories tell something personal of a pupil."""
        return any(declared(Student)[name].personal for name in self.reads)

    @property
    def is_sensitive(self):
        """Whether they tell something of the sensitive class."""
        return any(declared(Student)[name].personal == "sensitive" for name in self.reads)


@dataclass(frozen=True)
class Terms:
    """What the expressions ask beside a record: its round, the bounds of age, the codes of a list that hold."""

    round: object
    limits: dict
    lists: dict = field(default_factory=dict)
    froze: tuple | None = None  # the ids of doubles as the lock froze them

    @property
    def rules(self):
        """The rules of who counts for money."""
        return counting.Rules.of(self.limits)

    @cached_property
    def doubles(self):
        """The ids of the round's records whose pupils count in another school too."""
        return doubles_of(self.round) if self.froze is None else self.froze

    def codes(self, name):
        """The codes of a list: as the lock froze them, else as they are."""
        frozen = self.lists.get(name)
        return [row[0] for row in frozen] if frozen else list(code_list(name).codes)


def terms_of(round_):
    """The Terms of a round; a locked one's are those the lock froze."""
    freeze = freeze_of(round_) if round_.sealed else None
    limits = (freeze and freeze.limits) or limits_of(round_.area_code, round_.subsystem, round_.academic_year)
    froze = tuple(freeze.doubles) if freeze and freeze.money_counted else None
    return Terms(round_, dict(limits), dict(freeze.code_lists) if freeze else {}, froze)


def who(kind):
    """The MongoDB filter of the pupils a report counts: those who count, all on the roll, or those who left in one way."""
    known = {"counted": counting.heads_query, "roll": counting.roll_query}
    return known[kind]() if kind in known else {"status": kind}


# ---- the counts ----


@dataclass
class Figures:
    """A report counted: `by_school` is {school code: {line: {(grade, sex): pupils}}}, of every school that has any."""

    report: Report
    by_school: dict = field(default_factory=dict)
    hidden: dict = field(default_factory=dict)  # what `report_numbers` worked out of them

    def add(self, school, line, grade, sex, number):
        """Count so many pupils more."""
        cells = self.by_school.setdefault(school, {}).setdefault(line, {})
        cells[grade, sex] = cells.get((grade, sex), 0) + number

    def of(self, line, school=None):
        """Counter {(grade, sex): pupils} of a line, of one school (or several) or all."""
        one = (school,) if isinstance(school, str) else school
        found = Counter()
        for code in self.by_school if one is None else one:
            found.update(self.by_school.get(code, {}).get(line, {}))
        return found

    def number(self, line, school=None, grades=GRADES, sexes=SEXES):
        """How many pupils stand in a line, of some grades and sexes."""
        return sum(n for (grade, sex), n in self.of(line, school).items() if grade in grades and sex in sexes)

    def lines(self, schools=None):
        """The report's lines, and ข้อมูลผิดปกติ where the ministry's file has no such line but pupils stand in it."""
        shown = list(self.report.lines)
        if all(line.key != ODD for line in shown) and sum(self.of(ODD, schools).values()):
            shown.append(Line(ODD, ODD_LABEL))
        return shown

    def irregular(self, schools=None):
        """Pupils in no column at all, since their grade or sex is missing or unknown."""
        found = self.of(self.report.lines[0].key, schools)
        return sum(n for (grade, sex), n in found.items() if grade not in GRADES or sex not in SEXES)


def figures_of(report, round_, schools=None):
    """The Figures of a report in a round, of some schools or of all its area; kept until somebody writes."""
    asked = tuple(schools) if schools is not None else None
    stamp = (str(round_.id), report.key, asked, *_stamp(report, round_))
    found = _kept.get(stamp)
    if found is None:
        found = counted(report, terms_of(round_), schools)
        _kept.put(stamp, found)
    return found


def figures_beside(report, round_, schools=None):
    """The Figures of a report in the round before and the one after, as far as it is counted there: with each of them its
    numbers could be subtracted.
    """
    opened = Round.objects(
        area_code=round_.area_code, subsystem=round_.subsystem, state__nin=["draft", "proposed"]
    )
    rows = sorted(opened.exclude("moves", "memo"), key=lambda one: (one.academic_year, one.code))
    at = next((n for n, one in enumerate(rows) if one.id == round_.id), None)
    if at is None or report.table:
        return []
    beside = [*rows[max(at - 1, 0) : at], *rows[at + 1 : at + 2]]
    return [figures_of(report, one, schools) for one in beside if one.code in report.rounds]


def counted(report, terms, schools=None):
    """The Figures, counted by the database."""
    found = Figures(report)
    if report.table:
        for school, line, grade, sex, number in report.table(terms.round, schools):
            found.add(school, line, grade, sex, number)
        return found
    group = {"_id": {"s": "$school_code", "g": "$grade", "x": "$sex", "c": cells_of(report, terms)}}
    stages = [
        {"$match": place_of(terms.round, schools) | who(report.who)},
        {"$group": group | {"n": {"$sum": 1}}},
    ]
    for row in collection(Student).aggregate(
        stages, hint="area_order" if schools is None else "school_order"
    ):
        key = row["_id"]
        for line in key.get("c") or ():
            found.add(key["s"], line, key.get("g"), key.get("x"), row["n"])
    return found


def cells_of(report, terms):
    """The expression that gives the lines of a record."""
    return report.cells(terms) if report.cells else {"$literal": [ALL]}


def place_of(round_, schools=None):
    """The filter of a round's records, of some schools or all."""
    place = {"area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code}
    if schools is None:
        return place
    codes = list(schools)
    return place | {"school_code": codes[0] if len(codes) == 1 else {"$in": codes}}


def criteria(report, round_, line, level=None, sex=None):
    """The MongoDB filters of the pupils behind one number of a report that is counted from the round's records.

    `level` is a place among LEVELS, `sex` a code; without them those of all levels or both sexes that have a column.
    Level ODD are those that stand in no column, EVERY all of them, in a column or not.
    """
    yield who(report.who)
    if level == EVERY:
        yield {"sex": sex} if sex else {}
    elif level == ODD:
        yield {"$or": [{"grade": {"$nin": list(GRADES)}}, {"sex": {"$nin": list(SEXES)}}]}
    else:
        grades = list(LEVELS[WHOLE if level is None else level][1])
        yield {"grade": {"$in": grades}, "sex": sex or {"$in": list(SEXES)}}
    yield {"$expr": {"$in": [line, cells_of(report, terms_of(round_))]}}


def may_see_names(report, user, area_code, school=None):
    """Whether this person may be led from a number to the pupils behind it."""
    if not access.sees(user, area_code, school):
        return False
    return not report.is_sensitive or access.sees_sensitive(user, area_code, school)


def sees_small(report, user, area_code, school=None):
    """Whether small numbers are shown to this person: not of what he may not see of one pupil (domain.md 6, rule 4)."""
    return not report.is_personal or may_see_names(report, user, area_code, school)


# ---- kept in memory until somebody writes ----


def _stamp(report, round_):
    """What changes with every write of a round and with every change of what is asked beside the records."""
    place = {
        "area_code": round_.area_code,
        "academic_year": round_.academic_year,
        "subsystem": round_.subsystem,
    }
    writes = {"_id": None, "writes": {"$sum": "$writes"}, "schools": {"$sum": 1}}
    stages = [{"$match": place}, {"$group": writes}]
    row = next(collection(Submission).aggregate(stages), {})
    limits = limits_of(round_.area_code, round_.subsystem, round_.academic_year)
    known = declared(Student)
    lists = {"STATUS", *(known[name].codelist for name in report.reads)} - {None}
    versions = tuple((name, code_list(name).version) for name in sorted(lists))
    return (
        row.get("writes"),
        row.get("schools"),
        round_.state,
        round_.as_of,
        tuple(sorted(limits.items())),
        versions,
        report.depends(round_) if report.depends else None,
    )


class _Kept:
    """The last few Figures of this process."""

    def __init__(self, most):
        self.most, self.lock, self.found = most, threading.Lock(), OrderedDict()

    def get(self, stamp):
        """The Figures of a stamp, or None."""
        with self.lock:
            if stamp in self.found:
                self.found.move_to_end(stamp)
            return self.found.get(stamp)

    def put(self, stamp, figures):
        """Keep Figures; the one asked for longest ago goes."""
        with self.lock:
            self.found[stamp] = figures
            while len(self.found) > self.most:
                self.found.popitem(last=False)


_kept = _Kept(KEPT)
