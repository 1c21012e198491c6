"""Checks (กฎตรวจสอบ): the rules that look at what is stored and say what is wrong or doubtful, as rows of one shape.

They never refuse, they find. An error (ข้อผิดพลาด) stops ยืนยันข้อมูล, a warning (คำเตือน) wants a written reason.

This is the engine; it knows no subsystem. The rows of one stand in a module of their own, named in
`documents.CHECKS`, e.g. `student_checks.py`:

    SUBSYSTEM       "DMC"
    CHECKS          its rows, in the order of their codes
    LIMITS          {name: Limit}: bounds that an area sets for a year, besides `COMMON_LIMITS` (optional, as all that follows)
    TITLES          {code: title} where several rows share a code
    Sums            what a school's records are added up in for its rules of scope "school", see `Sums` here
    LINKED          {other subsystem: names of the counters of its submissions that are read; None for all}
    BACK            how many rounds before are looked at, 1 where it says nothing
    questions, beside   what else is asked of the database for a school or for the rows of a page, see `contexts.py`

Rows of the same shape that an admin made in the browser (`check_rules.py`) come with the Context, as `local`.

Two things are looked at in every subsystem. A required field that is empty is an error: "REQ", or the one row of its
module whose `find` is None. And records that were carried over and not looked over (ยังไม่ได้ทบทวน): "REV", an error above
the share that the area allows, else a warning. Nothing is allowed where no area says otherwise: a report that nobody
has looked at reports the last round, and a whole class is looked over with one press.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

from documents import check_modules
from documents.records import fields
from documents.records.codelists import code_list
from documents.records.record import declared

ERROR, WARNING = "error", "warning"
LEVELS = {ERROR: "ข้อผิดพลาด", WARNING: "คำเตือน"}
VERSION = 4  # counted up when a rule changes, so that what was found by the old one is worked out anew


@dataclass(frozen=True)
class Limit:
    """A bound that an area sets for a year: its words, unit, the value nobody changed, and what may be typed.

    `until` is {last academic year: the value up to it} where it was another one; `words` {value: what it is called}
    of one that is chosen, not typed.
    """

    label: str
    label_en: str
    unit: str
    default: int
    least: int
    most: int
    help: str = ""
    until: dict = field(default_factory=dict)
    words: dict = field(default_factory=dict)

    def usual(self, academic_year):
        """The value nobody changed, in a year; the present one without."""
        old = [value for last, value in sorted(self.until.items()) if academic_year and academic_year <= last]
        return old[0] if old else self.default


@dataclass(frozen=True)
class Context:
    """What a school's records are looked at beside: the round, the school, bounds, other rounds and other subsystems.

    `taught` is the (first, last) grade of the school, None where nobody said; `required` {slug: names}; `beside` what
    the subsystem's module asked for besides. `linked` is {subsystem: counters} of the same school elsewhere, {} where
    there are none. `earlier` are its counters in the rounds before, the newest first, {} where it was in none;
    `was(values)` is the same of one record.
    """

    academic_year: int
    round: str
    as_of: object = None
    taught: tuple | None = None
    limits: dict = field(default_factory=dict)
    required: dict = field(default_factory=dict)
    beside: dict = field(default_factory=dict)
    linked: dict = field(default_factory=dict)
    earlier: tuple = ()
    earlier_writes: tuple = ()
    before: Callable | None = None
    of: object = None  # the Round itself
    gone: dict = field(default_factory=dict)  # {slug: {field: codes that cannot be chosen in the year}}
    school: str = ""
    added: tuple = ()  # (name, version) of each field that an admin added: what it takes may have changed
    local: dict = field(default_factory=dict)  # {slug: Checks of records that the area made itself}

    def was(self, values):
        """The same record (by its lineage) in the rounds before, the newest first: the fields that its checks name.

        An empty dict stands for a round it was not in; () where nobody looks back.
        """
        return self.before(values.get("lineage")) if self.before else ()


class Sums(dict):
    """What the checks of a whole school ask: the tallies of its records added up; a counter nobody named is 0.

    A module's own class may add up something else: `take(document, values)` is called with every record.
    """

    def take(self, document, values):
        """Count one record."""
        for name, number in document.tally(values).items():
            self[name] += number

    def __missing__(self, name):
        return 0


@dataclass(frozen=True)
class Check:
    """One rule. `find(values, context)` of a record gives a sentence or nothing; of a school, given its Sums, yields
    (what it is about, sentence, values). `fields` are those it looks at, the first the one to mend.

    `scope`: "record", "school", or "schools" for what compares two. `document`: the slug it looks at, None for every
    kind of record of the subsystem; of a school, the one where it is mended. `counted`: of a record that counts only.
    `before`: the fields of the record in earlier rounds that it reads. `counter`: of the Checkup, that counts it.
    `blank`: it tells of a required field that is empty (the first of its own), which is then not told of in general.
    `at(about)` of a school's row: ({field: value} of the records it is about, name of the field to mend there).
    Of a row that an admin may change: `version`, and what it `asks` now, since an answer is to that.
    """

    code: str
    name: str
    level: str
    scope: str
    title: str
    title_en: str
    do: str
    find: Callable | None
    fields: tuple = ()
    document: str | None = None
    subsystem: str = ""
    counted: bool = True
    before: tuple = ()
    counter: str | None = None
    blank: bool = False
    at: Callable | None = None
    version: int = 0
    asks: str = ""

    @property
    def key(self):
        """The name of the row: two rows may share a code."""
        return f"{self.code}.{self.name}" if self.name else self.code


class Found(NamedTuple):
    """What a check found: the rule, the fields to mend (the first one first), the sentence, the values it stands on."""

    check: Check
    fields: tuple
    sentence: str
    values: dict
    about: str = ""


BLANK = Check("REQ", "", ERROR, "record", "กรอกไม่ครบ", "Required field blank", "กรอกช่องที่ขาดให้ครบ", None,
              counted=False)  # fmt: skip


def _asked_of_added_fields(values, context):
    """Nothing: `of_record` asks it of every field that an admin added."""


OUTSIDE = Check("OUT", "", ERROR, "record", "ค่าที่ช่องไม่รับแล้ว", "Value no longer taken", "แก้ค่าให้อยู่ในช่วงที่กำหนด",
                _asked_of_added_fields, counted=False)  # fmt: skip

BOUNDED = ("count", "measure", "text")  # kinds whose bounds may be drawn closer; of choices see GONE

COMMON_LIMITS = {
    "unreviewed": Limit("รายการที่ยกมาและยังไม่ทบทวน ยืนยันข้อมูลได้เมื่อไม่เกิน", "Unreviewed records with which a school may confirm",
                        "%", 0, 0, 100, "เกินนี้เป็นข้อผิดพลาด ไม่เกินนี้เป็นคำเตือน 100 คือเป็นคำเตือนเสมอ"),
}  # fmt: skip
UNREVIEWED = {
    level: Check("REV", level, level, "school", "ยังไม่ทบทวนข้อมูลที่ยกมา", "Carried over and not reviewed",
                 "เปิดรายการที่ยังไม่ทบทวน ตรวจดู แก้ไข หรือกด “ทบทวนแล้ว” ทั้งห้องหรือทั้งรายการ", None)
    for level in (ERROR, WARNING)
}  # fmt: skip


# A choice out of its years, of whatever kind of record (`codelist_edits`).
GONE = Check("LIST", "", WARNING, "record", "ค่าที่เลิกใช้แล้ว", "Value that is no longer used",
             "เลือกค่าอื่นที่ใช้อยู่ในปีนี้ หากยังต้องใช้ค่าเดิมให้เขียนเหตุผล", lambda values, context: None, counted=False)  # fmt: skip


class Rules(NamedTuple):
    """All that the module of one subsystem says, with what it left out."""

    checks: tuple = ()
    limits: dict = COMMON_LIMITS
    titles: dict = {}
    sums: type = Sums
    linked: dict = {}
    back: int = 1
    questions: Callable | None = None
    beside: Callable | None = None
    blank: Check = BLANK


# ---- the rows of all subsystems ----


@cache
def rules_of(subsystem):
    """The Rules of a subsystem; those of one without a module ask for its required fields alone."""
    return _rules().get(subsystem, Rules())


@cache
def _rules():
    return {module.SUBSYSTEM: _rules_in(module) for module in check_modules()}


def _rules_in(module):
    rows = tuple(module.CHECKS)
    return Rules(
        rows,
        getattr(module, "LIMITS", {}) | COMMON_LIMITS,
        {check.code: check.title for check in rows} | getattr(module, "TITLES", {}),
        getattr(module, "Sums", Sums),
        getattr(module, "LINKED", {}),
        getattr(module, "BACK", 1),
        getattr(module, "questions", None),
        getattr(module, "beside", None),
        next((check for check in rows if check.scope == "record" and check.find is None), BLANK),
    )


@cache
def all_checks():
    """Every row, by subsystem in the order of `documents.CHECKS`, and the common ones."""
    own = (check for rules in _rules().values() for check in rules.checks)
    return (*own, BLANK, GONE, OUTSIDE, *UNREVIEWED.values())


@cache
def _by_key():
    return {check.key: check for check in all_checks()}


def check_of(key):
    """The row of a key, None where there is none any more."""
    return _by_key().get(key)


def is_blank(check):
    """Whether a row stands for a required field that is empty."""
    return check.blank or (check.find is None and check.scope == "record")


def titles_of(subsystem):
    """{code: what it is called} of a subsystem, in the order of its rows."""
    rules = rules_of(subsystem)
    common = (*([BLANK] if rules.blank is BLANK else ()), OUTSIDE, UNREVIEWED[ERROR], GONE)
    return rules.titles | {check.code: check.title for check in common}


def checks_of(subsystem, scope):
    """The rows of a subsystem and scope, in the order of their codes."""
    return [check for check in rules_of(subsystem).checks if check.scope == scope]


def default_limits(subsystem, academic_year=None):
    """{name: value} of a subsystem's bounds where an area set nothing, in a year; the present ones without."""
    return {name: limit.usual(academic_year) for name, limit in rules_of(subsystem).limits.items()}


def limit_named(name):
    """The Limit of a name, of whichever subsystem; None where there is none."""
    bounds = (COMMON_LIMITS, *(rules.limits for rules in _rules().values()))
    return next((limits[name] for limits in bounds if name in limits), None)


def fields_before(document):
    """Names of the fields in earlier rounds that the checks of a kind of record read; () where none looks back."""
    return tuple(
        dict.fromkeys(n for check in _of_document(document.slug, document.subsystem) for n in check.before)
    )


# ---- looking ----


def of_record(document, values, context, blanks=True):
    """Yield the Found of one stored record (a plain dict), what is empty first; without `blanks` that is not looked at."""
    counts, found, told = document.is_counted(values), [], set()
    for check in _of_document(document.slug, document.subsystem):
        if (counts or not check.counted) and (sentence := check.find(values, context)):
            found.append(
                Found(check, check.fields, sentence, {name: values.get(name) for name in check.fields})
            )
            told |= {*check.fields} if check.blank else set()
    if counts and (rows := context.local.get(document.slug)):
        found += _of_the_area(rows, values, context)
    missing = document.missing(values, context.required.get(document.slug, frozenset())) if blanks else ()
    if blank := [name for name in missing if name not in told]:
        known = declared(document)
        words = ", ".join(known[name].verbose_name for name in blank)
        check = rules_of(document.subsystem).blank
        yield Found(check, tuple(blank), f"ยังไม่กรอก: {words}", {"blank": blank})
    yield from found
    yield from _gone(document, values, context)
    yield from _outside(document, values)


def _of_the_area(rows, values, context):
    """Yield the Found of each row that an admin made; what it asks is among the values it stands on."""
    for check in rows:
        if sentence := check.find(values, context):
            seen = {name: values.get(name) for name in check.fields} | {"asks": check.asks}
            yield Found(check, check.fields, sentence, seen)


def _gone(document, values, context):
    """Yield the Found of each choice that cannot be made in the record's year: it was carried over, or retired since."""
    for name, codes in context.gone.get(document.slug, {}).items():
        held = values.get(name)
        several = held if isinstance(held, list) else [held]
        one = declared(document).get(name)
        if one and (past := [code for code in several if code in codes]):
            words = code_list(one.codelist).label(past[0])
            said = f"{one.verbose_name}: “{words}” เลิกใช้ในปีการศึกษานี้แล้ว"
            yield Found(_gone_of(name), (name,), said, {name: held}, name)


@cache
def _gone_of(name):
    """GONE of one field, so that what is sensitive of it is told to nobody else."""
    return replace(GONE, fields=(name,))


def _outside(document, values):
    """Yield the Found of each added field whose stored value it takes no longer: its bounds are others now.

    Of sensitive ones nothing is said, since that they are outside tells of them.
    """
    for name in document.added:
        one, value = declared(document)[name], values.get(name)
        if value is None or one.kind not in BOUNDED or one.personal == fields.SENSITIVE:
            continue
        try:
            fields.accept(one, value)
        except ValueError as error:
            yield Found(OUTSIDE, (name,), f"{one.verbose_name}: {error}", {name: value}, name)


@cache  # asked for every record
def _of_document(slug, subsystem):
    return [
        check for check in checks_of(subsystem, "record") if check.find and check.document in (slug, None)
    ]


def of_school(subsystem, sums, context):
    """Yield the Found of a whole school in a round, given its Sums."""
    for check in checks_of(subsystem, "school"):
        for about, sentence, values in check.find(sums, context):
            yield Found(check, (), sentence, values, about)


def of_unreviewed(records, unreviewed, context):
    """Yield the Found of a school of whose records so many were carried over and nobody has looked over yet."""
    if unreviewed:
        above = unreviewed * 100 > records * context.limits["unreviewed"]
        said = f"ยกมาจากรอบก่อนและยังไม่ทบทวน {unreviewed:,} จาก {records:,} รายการ"
        yield Found(UNREVIEWED[ERROR if above else WARNING], (), said, {"unreviewed": unreviewed})


def is_sensitive(check, document):
    """Whether a finding of this check tells something of a sensitive field; that a field is empty tells nothing."""
    known = declared(document) if document else {}
    return any(known[name].personal == "sensitive" for name in check.fields if name in known)
