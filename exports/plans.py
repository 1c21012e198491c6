"""Import plans (แผนการนำเข้า): what a file would change, kept between its preview and the deed.

A plan is its owner's alone and forgotten after two hours; it holds the values to write and the revisions that were
seen, so that nothing is uploaded twice and nothing that changed meanwhile is overwritten.
"""

import datetime as dt
from collections import Counter
from dataclasses import asdict, dataclass, field

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, IntField, ListField, ObjectIdField, StringField

from documents import access, clock
from documents.database import collection
from documents.errors import RuleBroken

LIVES = dt.timedelta(hours=2)
STUCK_AFTER = dt.timedelta(minutes=10)
ROWS_A_PART = 200  # a document holds 16 MB at most


class StoredPlan(Document):
    """A plan as stored: whose it is, until when, what was read, and which schools are done."""

    owner = ObjectIdField(required=True)
    area_code = StringField(required=True)
    state = StringField(default="waiting")  # waiting, applying, done
    since = DateTimeField()
    expires_at = DateTimeField(required=True)
    head = DictField()
    done = ListField(StringField())

    meta = {
        "collection": "import_plans",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["expires_at"], "expireAfterSeconds": 0}],
    }


class StoredRows(Document):
    """Some rows of a plan: `kind` is new, changed or errors."""

    plan = ObjectIdField(required=True)
    kind = StringField(required=True)
    number = IntField(required=True)
    expires_at = DateTimeField(required=True)
    rows = ListField(DictField())

    meta = {
        "collection": "import_plan_rows",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["plan", "kind", "number"], "unique": True},
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


@dataclass
class FieldChange:
    """One field of one row: its label, and how old and new value read."""

    name: str
    label: str
    old: str
    new: str


@dataclass
class PlannedRow:
    """One row to write: its number in the sheet, what it is called, the record and revision it was read against."""

    row: int
    school_code: str
    headline: str
    values: dict
    id: ObjectId | None = None
    revision: int | None = None
    changes: list = field(default_factory=list)


@dataclass
class RowError:
    """What is wrong in one cell: the sheet's row, the column's label, a sentence that names no person."""

    row: int
    column: str
    sentence: str
    school_code: str | None = None


@dataclass
class SchoolPlan:
    """What the file holds of one school; `absent` records are stored but not in the file, and stay as they are.

    `door` is the refusal that would meet the deed now (window shut, locked), or None.
    """

    code: str
    name: str
    new: int = 0
    changed: int = 0
    same: int = 0
    errors: int = 0
    absent: int = 0
    door: str | None = None


@dataclass
class ImportPlan:
    """Everything a preview shows; `new`, `changed` are PlannedRows, `same` row numbers, `errors` RowErrors.

    `guesses` are sentences to approve, `unknown` labels no field knows, `missing_columns` labels of required fields
    the file has no column for, `lacking` {label: how many rows would still lack it}, `blanks` cells left blank.
    """

    slug: str
    area_code: str
    academic_year: int
    round: str
    filename: str
    sheet: str | None
    header_row: int
    id: ObjectId | None = None
    new: list = field(default_factory=list)
    changed: list = field(default_factory=list)
    same: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    guesses: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    unknown: list = field(default_factory=list)
    missing_columns: list = field(default_factory=list)
    lacking: dict = field(default_factory=dict)
    blanks: int = 0
    schools: dict = field(default_factory=dict)
    done: list = field(default_factory=list)

    def refuse(self, row, column, sentence, school_code=None):
        """Note one error."""
        self.errors.append(RowError(row, column, sentence, school_code))

    def count(self):
        """Set the counts of each school from the rows."""
        for name, rows in (("new", self.new), ("changed", self.changed), ("errors", self.errors)):
            counted = Counter(row.school_code for row in rows)
            for code, school in self.schools.items():
                setattr(school, name, counted[code])

    @property
    def ready(self):
        """Codes of the schools that can be written: something to write, no error, the door open."""
        return [
            code
            for code, school in self.schools.items()
            if (school.new or school.changed)
            and not school.errors
            and not school.door
            and code not in self.done
        ]

    @property
    def stray_errors(self):
        """Errors of rows that belong to no school of this person."""
        return [error for error in self.errors if error.school_code not in self.schools]


LISTS = {"new": PlannedRow, "changed": PlannedRow, "errors": RowError}


def keep_plan(plan, owner):
    """Store a plan for its owner; sets and gives back its id."""
    plan.id = ObjectId()
    expires = naive(clock.real_now() + LIVES)
    head = asdict(plan) | {"schools": [asdict(school) for school in plan.schools.values()]}
    head["lacking"] = list(plan.lacking.items())
    for name in LISTS:
        rows = head.pop(name)
        parts = [
            {
                "plan": plan.id,
                "kind": name,
                "number": at,
                "expires_at": expires,
                "rows": rows[at : at + ROWS_A_PART],
            }
            for at in range(0, len(rows), ROWS_A_PART)
        ]
        if parts:
            collection(StoredRows).insert_many(parts)
    collection(StoredPlan).insert_one(
        {
            "_id": plan.id,
            "owner": owner.id,
            "area_code": plan.area_code,
            "state": "waiting",
            "expires_at": expires,
            "head": head,
            "done": [],
        }
    )
    return plan.id


def find_plan(plan_id, owner):
    """The ImportPlan of that id, for its owner alone. Raises RuleBroken when there is none, or no more.

    It is no more his once he may no longer write for one of its schools: it shows what is stored there.
    """
    stored = collection(StoredPlan).find_one(own(plan_id, owner)) if ObjectId.is_valid(str(plan_id)) else None
    if stored is None or not all(
        access.writes_as(owner, stored["area_code"], school["code"]) for school in stored["head"]["schools"]
    ):
        raise RuleBroken("ไม่พบแผนการนำเข้านี้ หรือหมดอายุแล้ว (เก็บไว้ 2 ชั่วโมง) กรุณาเลือกไฟล์ใหม่อีกครั้ง")
    head = stored["head"]
    head["schools"] = {school["code"]: SchoolPlan(**school) for school in head["schools"]}
    head["lacking"] = dict(head["lacking"])
    plan = ImportPlan(**head | {"id": stored["_id"], "done": stored["done"]})
    for part in collection(StoredRows).find({"plan": stored["_id"]}).sort([("kind", 1), ("number", 1)]):
        getattr(plan, part["kind"]).extend(LISTS[part["kind"]](**row) for row in part["rows"])
    for row in plan.changed:
        row.changes = [FieldChange(**change) for change in row.changes]
    return plan


def own(plan_id, owner):
    """The filter of a plan that is this person's and still alive."""
    return {"_id": ObjectId(str(plan_id)), "owner": owner.id, "expires_at": {"$gt": naive(clock.real_now())}}


def claim_plan(plan_id, owner):
    """Take a plan for the deed, so that a second press does nothing. Raises RuleBroken when it is taken."""
    now = clock.real_now()
    free = {"$or": [{"state": "waiting"}, {"state": "applying", "since": {"$lt": naive(now - STUCK_AFTER)}}]}
    taken = collection(StoredPlan).update_one(
        own(plan_id, owner) | free, {"$set": {"state": "applying", "since": naive(now)}}
    )
    if not taken.modified_count:
        raise RuleBroken("แผนการนำเข้านี้กำลังบันทึกหรือบันทึกไปแล้ว กรุณาตรวจสอบผลในหน้ารายการ หรือเลือกไฟล์ใหม่")


def note_done(plan_id, school_code):
    """Remember that one school of a plan was written."""
    collection(StoredPlan).update_one({"_id": plan_id}, {"$addToSet": {"done": school_code}})


def release_plan(plan_id, finished):
    """Give a claimed plan free: done with for good, or waiting for another try at what was refused."""
    collection(StoredPlan).update_one(
        {"_id": plan_id}, {"$set": {"state": "done" if finished else "waiting"}}
    )


def naive(instant):
    """An aware instant as MongoDB keeps it."""
    return instant.astimezone(dt.UTC).replace(tzinfo=None)
