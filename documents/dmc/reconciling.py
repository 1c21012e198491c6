"""Reconciliation (กระทบยอดนักเรียน): what another system's file says of pupils by grade and sex, against a DMC round.

Of the file only its figures are kept, never the file: a count for each school, grade and sex. Ours are the counters of
the round's submissions as they stood at that moment, so that the report can be read again as it was.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import (
    BooleanField,
    DateTimeField,
    DictField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from documents.collecting.submissions import Submission
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import NotAllowed, OutOfScope
from documents.people.access import AREA_READERS
from documents.records import linked
from documents.records.codelists import code_list
from documents.trail.history import naive_now, note_event

SUBSYSTEM = "DMC"
SEXES = {"m": "ชาย", "f": "หญิง"}
KEPT_FOR = dt.timedelta(days=180)
MOST_LISTED = 50


class Reconciliation(Document):
    """One comparison: {school code: {counter: pupils}} of the file and of ours; counters as `Student.tally` names them."""

    area_code = StringField(required=True, max_length=8)
    academic_year = IntField(required=True)
    round = StringField(required=True, max_length=2)
    filename = StringField(max_length=200)
    encoding = StringField(max_length=40)
    rows = IntField()
    totals = ListField(DictField())  # rows of sums in the file, left out: row, pupils
    faults = ListField(DictField())  # row, sentence: rows that are not compared
    notes = ListField(StringField())  # how the file was taken, and whether its own sums hold
    category = StringField(max_length=200)  # the one of a report by category that is compared: all pupils
    only_g = BooleanField()  # the file counts pupils with G-codes alone, and so does ours
    grades = ListField(StringField())  # those that the file has a column for
    theirs = DictField()
    ours = DictField()
    names = DictField()
    by = ObjectIdField()
    by_name = StringField()
    at = DateTimeField(required=True)

    meta = {
        "collection": "reconciliations",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "-at", "-_id"]}],
    }

    @property
    def round_label(self):
        """2568-1."""
        return f"{self.academic_year}-{self.round}"


@dataclass(frozen=True)
class Line:
    """One school of a comparison: pupils in the file and in Khet, and its grades by sex."""

    code: str
    name: str
    theirs: int
    ours: int
    cells: tuple  # (grade, sex, theirs, ours)

    @property
    def difference(self):
        """Pupils that Khet has more."""
        return self.ours - self.theirs


def may_read(user, area_code):
    """Whether this person compares and reads comparisons of an area."""
    return user.is_system or any(user.holds(role, area_code) for role in AREA_READERS)


def counters(grades):
    """The counters of these grades, boys before girls: ["m04", "f04", ...]."""
    return [f"{sex}{grade}" for grade in grades for sex in SEXES]


def keep(round_, told, actor):
    """Compare what was read of a file with a round, and keep it; gives back the Reconciliation.

    `told` has filename, encoding, rows, totals, faults, notes, category, only_g, grades, and theirs {code: {counter: pupils}}, names {code: name}.
    Raises NotAllowed.
    """
    if not may_read(actor, round_.area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตและผู้รับรองระดับเขตเท่านั้นที่กระทบยอดได้")
    wanted = counters(told["grades"])
    counted = g_codes_in(round_) if told.get("only_g") else linked.counts_in(round_)
    ours = {
        code: {name: counts[name] for name in wanted if counts.get(name)} for code, counts in counted.items()
    }
    made = Reconciliation(
        id=ObjectId(), area_code=round_.area_code, academic_year=round_.academic_year, round=round_.code,
        **(told | {"names": told["names"] | _names_in(round_)}), ours=ours, by=actor.id, by_name=actor.name,
        at=naive_now(),
    )  # fmt: skip
    over = {"area_code": round_.area_code, "at": {"$lt": naive_now() - KEPT_FOR}}
    collection(Reconciliation).delete_many(over)
    collection(Reconciliation).insert_one(made.to_mongo().to_dict())
    about = {
        "what": "reconciliation",
        "round": round_.label,
        "rows": told["rows"],
        "schools": len(told["theirs"]),
    }
    changes = {name: [None, value] for name, value in about.items()}
    note_event(round_.area_code, actor, "compare", "access", actor.id, changes)
    return made


def g_codes_in(round_):
    """{school code: {counter: pupils}} of a round's counted pupils with G-codes."""
    place = {
        "area_code": round_.area_code, "person_id": {"$gte": "G", "$lt": "H"},
        "academic_year": round_.academic_year, "round": round_.code,
    }  # fmt: skip
    found = {}
    for row in collection(Student).find(place).hint("number"):
        kept = found.setdefault(row["school_code"], Counter())
        kept.update(Student.tally(row))
    return found


def _names_in(round_):
    place = {"area_code": round_.area_code, "academic_year": round_.academic_year, "subsystem": SUBSYSTEM,
             "round": round_.code}  # fmt: skip
    rows = collection(Submission).find(place, {"school_code": 1, "school_name": 1})
    return {row["school_code"]: row.get("school_name") or row["school_code"] for row in rows}


def listed(area_code):
    """The area's comparisons, newest first, without their figures."""
    found = Reconciliation.objects(area_code=area_code).order_by("-at", "-id").limit(MOST_LISTED)
    return list(found.exclude("theirs", "ours", "names", "faults"))


def get(user, id_):
    """The Reconciliation of an id, for whoever reads its area's. Raises OutOfScope."""
    found = Reconciliation.objects(id=ObjectId(id_)).first() if ObjectId.is_valid(id_ or "") else None
    if found is None or not may_read(user, found.area_code):
        raise OutOfScope("ไม่พบรายงานกระทบยอดนี้ในเขตของท่าน กรุณาเลือกจากรายการ")
    return found


def lines_of(found):
    """[Line] of every school that either side has, by code."""
    codes = sorted({*found.theirs, *found.ours})
    return [_line(found, code) for code in codes]


def _line(found, code):
    theirs, ours = found.theirs.get(code) or {}, found.ours.get(code) or {}
    cells = tuple(
        (grade, sex, theirs.get(f"{sex}{grade}", 0), ours.get(f"{sex}{grade}", 0))
        for grade in found.grades
        for sex in SEXES
    )
    return Line(code, found.names.get(code, code), sum(c[2] for c in cells), sum(c[3] for c in cells), cells)


def side_of(found, code):
    """'both', 'file' or 'khet': which side knows a school."""
    if code in found.theirs and code in found.ours:
        return "both"
    return "file" if code in found.theirs else "khet"


def sums_of(found, lines):
    """{"schools", "same", "theirs", "ours", "only_file", "only_khet"} of a comparison."""
    sides = Counter(side_of(found, line.code) for line in lines)
    both = [line for line in lines if side_of(found, line.code) == "both"]
    return {
        "schools": len(both),
        "same": sum(all(cell[2] == cell[3] for cell in line.cells) for line in both),
        "theirs": sum(line.theirs for line in lines),
        "ours": sum(line.ours for line in lines),
        "only_file": sides["file"],
        "only_khet": sides["khet"],
    }


def by_grade(lines):
    """[(grade, sex, theirs, ours)] summed over the schools."""
    sums = {}
    for line in lines:
        for grade, sex, theirs, ours in line.cells:
            kept = sums.setdefault((grade, sex), [0, 0])
            kept[0] += theirs
            kept[1] += ours
    return [(*key, *pair) for key, pair in sums.items()]


def by_sex(lines):
    """[(sex, theirs, ours)] summed over the schools and grades."""
    sums = {sex: [0, 0] for sex in SEXES}
    for _, sex, theirs, ours in by_grade(lines):
        sums[sex][0] += theirs
        sums[sex][1] += ours
    return [(sex, *pair) for sex, pair in sums.items()]


def grade_words(grade):
    """ป.1."""
    return code_list("GRADE").short(grade) or grade
