"""Schools that a file names instead of coding them: found by what was confirmed before, else asked about."""

from collections import Counter
from functools import cached_property

from documents.database import collection
from documents.district import school_names
from documents.district.school_names import LEAST, Register
from documents.district.schools import School
from documents.formats import thai
from exports.imports.questions import MOST_NAMES, NOBODY, SCHOOL, Question
from exports.reading.table_ends import is_sum

UNLIKE = 0.5  # names this far apart are not of one school


class NamedSchools:
    """The names of one file. `schools` is a function that gives {code: name} of those that may be meant.

    `answers` {question's id: code} go before what was remembered; `alone` is the one school that this person has, whose own
    name asks nothing. What needs a person's word is kept in `open`, {folded name: name}. A name like none of the schools by
    `least` is not asked about.
    """

    def __init__(self, area_code, user, schools, answers=None, alone=None, least=LEAST):
        self.area_code, self.user, self._schools = area_code, user, schools
        self.answers, self.alone, self.least = answers or {}, alone, least
        self.open, self.rows, self._found = {}, Counter(), {}

    @cached_property
    def schools(self):
        """{code: name} of the schools that may be meant."""
        return self._schools()

    @cached_property
    def register(self):
        """The Register of these schools."""
        return Register(self.schools)

    @cached_property
    def remembered(self):
        """{folded name: code} of what was confirmed before."""
        return school_names.remembered(self.area_code, self.user)

    @cached_property
    def others(self):
        """{ministry or OBEC code: code} of the area's schools."""
        wanted = {"_id": 0, "code": 1, "moe_code": 1, "obec_code": 1}
        rows = list(collection(School).find({"area_code": self.area_code}, wanted))
        return {row[name]: row["code"] for row in rows for name in ("moe_code", "obec_code") if row.get(name)}

    def by_other_code(self, code):
        """The school whose ministry or OBEC code it is, which a sheet may have robbed of its zeros; None for none."""
        if not (code.isascii() and code.isdigit() and 4 <= len(code) <= 10 and len(code) != 8):
            return None
        return self.others.get(code) or self.others.get(code.zfill(6))

    def meant(self, key, name):
        """The code that a name (folded: `key`) means, "" where it means none, or a person has to say."""
        if key not in self._found:
            self._found[key] = self._look_for(key, str(name))
            if self._found[key] is None:
                self.open[key] = thai.clean(name)[: school_names.LONGEST]
        return self._found[key] or ""

    def _look_for(self, key, name):
        if not key:
            return ""
        answer = self.answers.get(f"{SCHOOL}:{key}") or self.remembered.get(key)
        if answer:
            return answer if answer in self.schools else ""
        found = self.register.likely(name, self.least)
        if self.alone and found and (found[0].code, found[0].likeness) == (self.alone, 1.0):
            return self.alone
        return None if found else ""

    def count(self, key):
        """Take up another row of a name."""
        self.rows[key] += 1

    def is_called(self, code, name):
        """Whether a name may well be a school's, by its likeness or by what was confirmed."""
        key = school_names.key_of(name)
        if self.remembered.get(key) == code:
            return True
        return school_names.likeness(name, self.schools.get(code, "")) >= UNLIKE

    def questions(self):
        """The Questions about names, those that are no school's own letter by letter first."""
        made = []
        for key, name in self.open.items():
            found = self.register.likely(name)
            choices = [[one.code, f"{one.code} {one.name}", round(one.likeness * 100)] for one in found]
            exact = len([one for one in found if one.likeness == 1.0]) == 1
            said = f"{self.rows[key]:,} แถว"
            made.append(Question(f"{SCHOOL}:{key}", name, said, choices, school_names.proposed(found), exact))
        return sorted(made, key=lambda one: (one.exact, bool(one.chosen), one.title))[:MOST_NAMES]

    def in_words(self):
        """How rows were found by name, as sentences."""
        codes = list(dict.fromkeys(code for key in self.rows if (code := self._found.get(key))))
        if not codes:
            return []
        number = sum(rows for key, rows in self.rows.items() if self._found.get(key))
        some = ", ".join(f"“{self.schools[code]}”" for code in codes[:3]) + (" …" if len(codes) > 3 else "")
        return [f"{number:,} แถวบอกชื่อโรงเรียนแทนรหัส จับคู่ตามที่ยืนยันไว้ {len(codes):,} โรงเรียน: {some}"]


def names_in(table, at, keys, area_code, user, least=LEAST, answers=None):
    """The NamedSchools of a table's rows that give none of the codes `keys`; `at` is {field: column}, the name among them.

    The schools that may be meant are the area's.
    """
    named = NamedSchools(area_code, user, lambda: schools_of(area_code), answers, least=least)
    if "name" not in at:
        return named
    places = [at[key] for key in keys if key in at]
    for _, values in table.rows:
        if any(has_code(values[place]) for place in places) or is_sum(values):
            continue
        if key := school_names.key_of(values[at["name"]]):
            named.meant(key, values[at["name"]])
            named.count(key)
    return named


def has_code(cell):
    """Whether a cell holds figures, as every code of a school does."""
    return any(one.isdigit() for one in thai.clean(cell))


def schools_of(area_code):
    """{code: name} of an area's schools."""
    found = collection(School).find(
        {"area_code": area_code, "kind": "school"}, {"_id": 0, "code": 1, "name": 1}
    )
    return {one["code"]: one["name"] for one in found}


def told_answers(questions, answers, schools):
    """{question's id: code, or NOBODY} of schools typed as code and name, or either; (unknown question, what was typed) or None.

    `answers` is {question's id: typed}, `schools` {code: name}.
    """
    told, wrong = {}, None
    for one in questions:
        typed = thai.clean(answers.get(one.id))
        told[one.id] = school_meant(typed, schools)
        if told[one.id] is None:
            wrong = wrong or (one, typed)
    return told, wrong


def school_meant(typed, schools):
    """The code of a school typed as code and name, or as either; NOBODY for nothing, None where it is none of them."""
    if not typed:
        return NOBODY
    code = typed.split()[0]
    if code in schools:
        return code
    named = [code for code, name in schools.items() if name == typed]
    return named[0] if len(named) == 1 else None
