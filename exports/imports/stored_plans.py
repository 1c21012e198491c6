"""Import plans as they are kept between preview and deed: whose they are, until when, what became of each school.

A plan's rows, and the file's own, are kept school by school in small parts, so that neither planning nor showing nor
writing it ever holds the whole file's.
"""

import datetime as dt
import json
import zlib
from dataclasses import asdict

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import (
    BinaryField,
    DateTimeField,
    DictField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from documents import clock
from documents.background import liveness
from documents.background.jobs import UNFINISHED, Job
from documents.clock import naive
from documents.database import collection
from documents.errors import RuleBroken
from documents.people import access
from exports.imports.plans import KINDS, LIVES, STRAY, GoneRow, ImportPlan, PlannedRow, RowError, SchoolPlan
from exports.reading.sheet_parser import plain
from exports.reading.sheets import restored

STUCK_AFTER = dt.timedelta(minutes=10)
ROWS_A_PART = 200  # a document holds 16 MB at most
CELLS_A_PART = 5_000  # rows; packed, some 100 bytes each
MOST_HELD = 5_000  # rows of a file held before they are stored by school


class StoredPlan(Document):
    """A plan as stored: whose it is, until when, what was read, and which schools are done."""

    owner = ObjectIdField(required=True)
    area_code = StringField(required=True)
    state = StringField(default="waiting")  # reading, waiting, applying, done
    since = DateTimeField()
    by = ObjectIdField()  # the job that took it for the deed
    runner = DictField()  # the process that does it (documents/background/liveness.py)
    expires_at = DateTimeField(required=True)
    head = DictField()
    done = ListField(StringField())
    results = DictField()  # {school code: refusal or conflicts of the last try}

    meta = {
        "collection": "import_plans",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["expires_at"], "expireAfterSeconds": 0}],
    }


class StoredRows(Document):
    """Some rows of a plan, of one school: `kind` is one of KINDS, or "cells" for the file's own rows, packed."""

    plan = ObjectIdField(required=True)
    kind = StringField(required=True)
    school_code = StringField()
    number = IntField(required=True)
    count = IntField()
    expires_at = DateTimeField(required=True)
    rows = ListField()
    packed = BinaryField()

    meta = {
        "collection": "import_plan_parts",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["plan", "kind", "school_code", "number"], "unique": True},
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


ROWS = {"new": PlannedRow, "changed": PlannedRow, "errors": RowError, "gone": GoneRow, "same": int}
STORED_APART = (*KINDS, "state", "done", "results", "id")


# ---- keeping one, as it is made ----


class Keeping:
    """A plan being stored while it is made: `add` for the file's rows, `school(...)` after each school, `finish()` at
    the end.

    The file's own rows wait here by school; once they are many they go into the plan's parts, from where they are read.
    """

    def __init__(self, plan, owner):
        self.held, self.holding, self.stored = {}, 0, {}
        self.plan, self.expires = plan, naive(clock.real_now() + LIVES)
        plan.id = plan.id or ObjectId()
        self._of_plan = {"_id": plan.id}
        collection(StoredRows).delete_many({"plan": plan.id})  # of a try that did not come to its end
        stored = {
            "owner": owner.id,
            "area_code": plan.area_code,
            "state": "reading",
            "expires_at": self.expires,
            "head": head_of(plan),
            "done": [],
            "results": {},
        }
        collection(StoredPlan).replace_one(self._of_plan, stored, upsert=True)

    def add(self, code, row):
        """Take a row of the file, (number, values), of a school (STRAY: of none)."""
        self.held.setdefault(code, []).append(row)
        self.holding += 1
        if self.holding >= MOST_HELD:
            self.put_down()

    def put_down(self):
        """Store the rows that are held."""
        parts = []
        for code, rows in self.held.items():
            number = self.stored.get(code, 0)
            for at in range(0, len(rows), CELLS_A_PART):
                some = rows[at : at + CELLS_A_PART]
                parts.append(self.part("cells", code, number + at, packed=packed(some)))
            self.stored[code] = number + len(rows)
        if parts:
            collection(StoredRows).insert_many(parts)
        self.held, self.holding = {}, 0

    def cells_of(self, code):
        """The file's rows of a school, [(number, values)]; they are stored then, and held no more."""
        if not self.stored.get(code):
            rows = self.held.get(code, [])
        else:
            self.put_down()
            rows = [row for part in self._parts(code) for row in unpacked(part["packed"])]
        return rows

    def _parts(self, code):
        asked = {"plan": self.plan.id, "kind": "cells", "school_code": code}
        return collection(StoredRows).find(asked).sort("number", 1)

    def school(self, school, rows):
        """Store one school's rows {kind: list}; `school` is None for strays."""
        code = school.code if school else STRAY
        parts = [
            self.part(kind, code, at, rows=[stored_row(row) for row in each[at : at + ROWS_A_PART]])
            for kind, each in rows.items()
            for at in range(0, len(each), ROWS_A_PART)
        ]
        if parts:
            collection(StoredRows).insert_many(parts)
        if school:
            collection(StoredPlan).update_one(self._of_plan, {"$push": {"head.schools": asdict(school)}})

    def part(self, kind, code, number, **rows):
        """One part as it is stored."""
        count = len(rows["rows"]) if "rows" in rows else None
        about = {"plan": self.plan.id, "kind": kind, "school_code": code, "number": number, "count": count}
        return about | rows | {"expires_at": self.expires + LIVES}

    def drop(self):
        """Forget the plan: it did not come to its end."""
        collection(StoredRows).delete_many({"plan": self.plan.id})
        collection(StoredPlan).delete_one(self._of_plan)

    def finish(self):
        """Store what is known at the end; the plan now waits for the deed."""
        self.put_down()
        done = {"state": "waiting", "head": head_of(self.plan)}
        collection(StoredPlan).update_one(self._of_plan, {"$set": done})


def head_of(plan):
    """What of a plan is stored in one document."""
    head = {name: value for name, value in vars(plan).items() if name not in STORED_APART}
    return head | {
        "schools": [asdict(school) for school in plan.schools.values()],
        "lacking": list(plan.lacking.items()),
    }


def stored_row(row):
    """One row of a list as it is stored."""
    if isinstance(row, PlannedRow):
        return vars(row) | {"changes": [vars(one) for one in row.changes]}
    return row if isinstance(row, int) else vars(row)


def packed(rows):
    """Rows of a file, [(number, values)], as compressed JSON."""
    told = json.dumps(rows, ensure_ascii=False, separators=(",", ":"), default=plain)
    return zlib.compress(told.encode("utf-8", "surrogatepass"), 1)


def unpacked(content):
    """The rows that `packed` made."""
    for number, values in json.loads(zlib.decompress(content).decode("utf-8", "surrogatepass")):
        yield number, [restored(value) if value.__class__ is dict else value for value in values]


# ---- finding one ----


def find_plan(plan_id, owner, whole=True):
    """The ImportPlan of that id, for its owner alone, with all its rows unless `whole` is off.

    Raises RuleBroken when there is none, or no more. It is no more his once he may no longer write for one of its
    schools: it shows what is stored there.
    """
    stored = collection(StoredPlan).find_one(own(plan_id, owner)) if ObjectId.is_valid(str(plan_id)) else None
    if stored is None or not all(
        access.writes_as(owner, stored["area_code"], school["code"]) for school in stored["head"]["schools"]
    ):
        raise RuleBroken("ไม่พบแผนการนำเข้านี้ หรือหมดอายุแล้ว (เก็บไว้ 2 ชั่วโมง) กรุณาเลือกไฟล์ใหม่อีกครั้ง")
    head = stored["head"]
    head["schools"] = {school["code"]: SchoolPlan(**school) for school in head["schools"]}
    head["lacking"] = dict(head["lacking"])
    apart = {"id": stored["_id"], "state": stored["state"], "done": stored["done"]}
    plan = ImportPlan(**head | apart, results=stored.get("results") or {})
    if whole:
        for kind in KINDS:
            getattr(plan, kind).extend(rows_of(plan, kind))
    return plan


def is_begun(plan_id, owner):
    """Whether something of a plan is kept already."""
    return collection(StoredPlan).find_one(own(plan_id, owner), {"_id": 1}) is not None


def rows_of(plan, kind, school_code=None):
    """Yield the rows of one kind, of one school or all, a part in memory at a time."""
    asked = {"plan": plan.id, "kind": kind} | ({} if school_code is None else {"school_code": school_code})
    for part in collection(StoredRows).find(asked, batch_size=20).sort([("school_code", 1), ("number", 1)]):
        yield from (made_row(kind, row) for row in part["rows"])


def page_of(plan, kind, school_code, page, size):
    """(rows of that page, from 0; how many there are), without reading the parts before it."""
    asked = {"plan": plan.id, "kind": kind} | ({} if school_code is None else {"school_code": school_code})
    order = [("school_code", 1), ("number", 1)]
    parts = list(collection(StoredRows).find(asked, {"count": 1}).sort(order))
    first, last, at, wanted, skipped = page * size, (page + 1) * size, 0, [], 0
    for part in parts:
        if at + part["count"] > first and at < last:
            skipped = at if not wanted else skipped
            wanted.append(part["_id"])
        at += part["count"]
    found = collection(StoredRows).find(asked | {"_id": {"$in": wanted}}).sort(order)
    rows = [row for part in found for row in part["rows"]][max(first - skipped, 0) : max(last - skipped, 0)]
    return [made_row(kind, row) for row in rows], at


def made_row(kind, row):
    """A row as it was before it was stored."""
    return row if kind == "same" else ROWS[kind](**row)


def cells_of(plan):
    """Yield (school code, row number, values) of the file's own rows, a school's, or a part of it, at a time."""
    asked = {"plan": plan.id, "kind": "cells"}
    for part in collection(StoredRows).find(asked, batch_size=1).sort([("school_code", 1), ("number", 1)]):
        for number, values in unpacked(part["packed"]):
            yield part["school_code"], number, values


def own(plan_id, owner):
    """The filter of a plan that is this person's and still alive."""
    return {"_id": ObjectId(str(plan_id)), "owner": owner.id, "expires_at": {"$gt": naive(clock.real_now())}}


# ---- the deed ----


def claim_plan(plan_id, owner, by=None):
    """Take a plan for the deed, so that a second press does nothing. Raises RuleBroken when it is taken.

    `by` is the id of the job that does it, which may take up again what it was interrupted in.
    """
    now = clock.real_now()
    free = [{"state": "waiting"}, {"state": "applying", "since": {"$lt": naive(now - STUCK_AFTER)}}]
    if by:
        free.append({"state": {"$in": ["applying", "done"]}, "by": by})
    if left := _left_behind(plan_id):
        free.append(left)
    longer = {"expires_at": naive(now + LIVES / 2)}  # its rows are there for as long
    taken = collection(StoredPlan).update_one(
        own(plan_id, owner) | {"$or": free},
        {
            "$set": {"state": "applying", "since": naive(now), "by": by, "runner": liveness.this_process()},
            "$max": longer,
        },
    )
    if not taken.matched_count:
        raise RuleBroken("แผนการนำเข้านี้กำลังบันทึกหรือบันทึกไปแล้ว กรุณาตรวจสอบผลในหน้ารายการ หรือเลือกไฟล์ใหม่")


def _left_behind(plan_id):
    """The filter of a plan that nobody writes any more though it says so: its job ended, or the web server that wrote it
    was killed. None where it is not."""
    wanted = {"by": 1, "since": 1, "runner": 1, "area_code": 1}
    held = collection(StoredPlan).find_one({"_id": plan_id, "state": "applying"}, wanted)
    if not held:
        return None
    as_read = {"state": "applying", "by": held.get("by"), "since": held.get("since")}
    if not held.get("by"):
        return as_read if liveness.is_gone(held.get("runner")) else None
    ended = {"_id": held["by"], "area_code": held["area_code"], "state": {"$nin": list(UNFINISHED)}}
    return as_read if collection(Job).find_one(ended, {"_id": 1}) else None


class AlreadyDone(RuleBroken):
    """Another run of the same plan wrote this school first."""


def note_done(plan_id, school_code):
    """Within the transaction that writes it: remember that a school of a plan was written. Raises AlreadyDone."""
    noted = collection(StoredPlan).update_one(
        {"_id": plan_id, "done": {"$ne": school_code}},
        {"$push": {"done": school_code}, "$unset": {f"results.{school_code}": ""}},
    )
    if not noted.matched_count:
        raise AlreadyDone("โรงเรียนนี้บันทึกไปแล้ว")


def left_of(plan_id):
    """(schools, records) of a plan that could be written and are not, leaving out what was refused."""
    stored = collection(StoredPlan).find_one({"_id": plan_id}, {"head.schools": 1, "done": 1, "results": 1})
    if stored is None:
        return 0, 0
    past = {*stored["done"], *stored.get("results", ())}
    left = [one for one in stored["head"]["schools"] if one["code"] not in past and not one["errors"]]
    writes = [one["new"] + one["changed"] for one in left if not one["door"]]
    return sum(map(bool, writes)), sum(writes)


def note_refused(plan_id, school_code, sentence, conflicts):
    """Remember why a school of a plan was not written; the last try counts."""
    told = {
        "refusal": sentence,
        "conflicts": [conflict_in_words(one) for one in conflicts[:20]],
        "of": len(conflicts),
    }
    collection(StoredPlan).update_one({"_id": plan_id}, {"$set": {f"results.{school_code}": told}})


def conflict_in_words(conflict):
    """A record somebody else changed, as the result page names it."""
    return {"id": conflict.id, "headline": conflict.headline, "by": conflict.by_name or ""}


def release_plan(plan_id, finished):
    """Give a claimed plan free: done with for good, or waiting for another try at what was refused."""
    collection(StoredPlan).update_one(
        {"_id": plan_id}, {"$set": {"state": "done" if finished else "waiting"}}
    )
