"""Conflicts (แก้ไขชนกัน): what two people want of one record, field by field, so that the second may choose."""

from dataclasses import dataclass
from typing import NamedTuple

from bson import ObjectId

from documents.database import collection
from documents.records import fields
from documents.records.record import declared
from documents.trail.history import AuditEvent


class FieldConflict(NamedTuple):
    """One field two people changed: what it was, what is stored now, what this person wants (plain values)."""

    name: str
    base: object
    theirs: object
    mine: object


@dataclass(frozen=True)
class Conflict:
    """One record somebody else saved first; `fields` where what is stored differs from what this person wants."""

    document: type
    id: ObjectId
    headline: str
    revision: int | None  # None: the record is gone
    by_name: str | None
    at: object
    fields: tuple


def conflict_of(change, stored):
    """The Conflict between a change and what is stored now; base values come from undoing later events."""
    if stored is None:
        return Conflict(change.document, change.id, "รายการนี้ถูกลบไปแล้ว", None, None, None, ())
    base = as_of(stored, change.revision)
    rows = []
    for name, value in change.values.items():
        field_ = declared(change.document)[name]
        try:
            mine = fields.accept(field_, value)
        except ValueError:
            mine = value
        if mine != stored.get(name):
            rows.append(FieldConflict(name, base.get(name), stored.get(name), mine))
    return Conflict(
        change.document,
        change.id,
        change.document.headline(stored),
        stored["revision"],
        stored.get("updated_by_name"),
        stored.get("updated_at"),
        tuple(rows),
    )


def as_of(stored, revision):
    """A record's values as they were at an earlier revision, by undoing its later events."""
    values = dict(stored)
    later = {"area_code": stored["area_code"], "subject": stored["_id"], "number": {"$gt": revision}}
    for event in collection(AuditEvent).find(later).sort("number", -1):
        for name, (old, _) in (event.get("changes") or {}).items():
            values[name] = old
    return values
