"""The list of schools as a whole: many schools added and changed in one transaction, one event of history each."""

from dataclasses import dataclass, field

from bson import ObjectId
from pymongo import InsertOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from documents import case_kinds
from documents.collecting.submissions import Submission
from documents.database import collection, in_transaction
from documents.district.school_notes import SchoolNote
from documents.district.school_profile import follows, submission_facts
from documents.district.schools import School, may_edit
from documents.errors import NotAllowed, StaleRevision, WrongState
from documents.people.users import User
from documents.trail.history import AuditEvent, event


@dataclass(frozen=True)
class SchoolChange:
    """What a list wants of one school: `values` to set; without an id a new school of that code."""

    code: str
    values: dict = field(default_factory=dict)
    id: ObjectId | None = None
    revision: int | None = None


def write_schools(area_code, changes, actor, reason=None, via="import"):
    """Store new and changed schools of an area, all or none, with an event each; gives back how many were written.

    The number of commands does not grow with the number of schools. `values` are those that `school_profile.accepted`
    gave. Raises NotAllowed, or StaleRevision where a school changed since the list was read.
    """
    if not may_edit(actor, area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตหรือผู้ดูแลระบบเท่านั้นที่แก้ข้อมูลโรงเรียนได้")
    if not changes:
        return 0
    ids = [each.id for each in changes if each.id]
    stored = {one.id: one for one in School.objects(area_code=area_code, id__in=ids)}
    if any(each.id and each.id not in stored for each in changes):
        raise StaleRevision([])
    plain = [_operation(area_code, each, stored.get(each.id)) for each in changes]
    told = [one for each in changes if each.id for one in _told(stored[each.id], each.values)]

    def work():
        done = collection(School).bulk_write([operation for operation, _ in plain], ordered=True)
        if done.inserted_count + done.matched_count != len(plain):
            raise StaleRevision([])
        if told:
            _tell(told)
        collection(AuditEvent).insert_many(_events(area_code, plain, actor, reason, via))

    try:
        in_transaction(work)
    except (
        BulkWriteError,
        DuplicateKeyError,
    ) as error:  # a school of that code, or an event, came in between
        raise StaleRevision([]) from error
    return len(plain)


def take_back(area_code, code, actor, reason):
    """Take out a school that a list added by mistake, where nothing came of it since; its history stays.

    Nothing else deletes a school: one that was anything to anybody is closed by an order. Raises NotAllowed or WrongState.
    """
    if not may_edit(actor, area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตหรือผู้ดูแลระบบเท่านั้นที่แก้ข้อมูลโรงเรียนได้")

    def work():
        found = collection(School).find_one({"area_code": area_code, "code": code})
        if found is None:
            return  # a run before this one took it back
        if _is_used(found):
            raise WrongState("โรงเรียนนี้ถูกแก้ไขหรือใช้งานแล้ว จึงไม่เอาออก หากเพิ่มผิดให้บันทึกคำสั่งเลิกในหน้าโรงเรียน")
        collection(School).delete_one({"area_code": area_code, "_id": found["_id"]})
        told = {name: [found[name], None] for name in ("code", "name")}
        plain = [(None, (found["_id"], "remove", told, code))]
        collection(AuditEvent).insert_many(_events(area_code, plain, actor, reason, "undo"))

    in_transaction(work)


def _is_used(school):
    """Whether a stored school was changed, or is in a round, anybody's school, noted on, or told of in the history."""
    own = {"area_code": school["area_code"], "school_code": school["code"]}
    posted = {"$elemMatch": {"area_code": school["area_code"], "school_codes": school["code"]}}
    others = (
        (Submission, own),
        (AuditEvent, own | {"subject": {"$ne": school["_id"]}}),
        (User, {"areas_listed": school["area_code"], "grants": posted}),
        (SchoolNote, {"area_code": school["area_code"], "school": school["_id"]}),
        *((kind, own) for kind in case_kinds()),
    )
    return school["revision"] != 1 or any(
        collection(document).find_one(asked, {"_id": 1}) for document, asked in others
    )


def _operation(area_code, change, stored):
    """(what stores a change, (subject, action, {field: [old, new]}, school code))."""
    if stored is None:
        new = ObjectId()
        values = {name: value for name, value in change.values.items() if value is not None}
        row = {"_id": new, "area_code": area_code, "code": change.code, "kind": "school", "status": "open",
               "revision": 1, **values}  # fmt: skip
        row |= {name: value for name, value in follows(values).items() if value is not None}
        told = {name: [None, value] for name, value in (("code", change.code), *values.items())}
        return InsertOne(row), (new, "create", told, change.code)
    seen = {"_id": stored.id, "area_code": area_code, "revision": change.revision}
    told = {name: [getattr(stored, name), value] for name, value in change.values.items()}
    update = {"$set": change.values | follows(change.values), "$inc": {"revision": 1}}
    return UpdateOne(seen, update), (stored.id, "update", told, stored.code)


def _told(school, values):
    """(filter, what is told) of the submissions that carry this school's name and cluster."""
    if facts := submission_facts(school, values):
        yield facts


def _tell(told):
    collection(Submission).bulk_write([UpdateMany(*facts) for facts in told], ordered=False)


def _events(area_code, plain, actor, reason, via):
    """One event a school, each chained to the school's last one, which are read in one query."""
    subjects = [subject for _, (subject, *_) in plain]
    last = {
        row["_id"]: row
        for row in collection(AuditEvent).aggregate(
            [
                {"$match": {"area_code": area_code, "subject": {"$in": subjects}}},
                {"$sort": {"area_code": 1, "subject": 1, "number": 1}},
                {"$group": {"_id": "$subject", "number": {"$last": "$number"}, "hash": {"$last": "$hash"}}},
            ]
        )
    }
    made = []
    for _, (subject, action, changes, code) in plain:
        before = last.get(subject, {"number": 0, "hash": None})
        about = {"document": "schools", "number": before["number"] + 1, "reason": reason, "via": via}
        made.append(
            event(
                subject,
                {"area_code": area_code, "school_code": code},
                actor,
                action,
                changes,
                before["hash"],
                **about,
            )
        )
    return made
