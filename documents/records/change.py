"""What is proposed to the one door (`writing.py`): a change of one record, a copy of one, and what is made of them."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from bson import ObjectId

from documents.records.declarations import declaration
from documents.records.record import Place, declared


@dataclass(frozen=True)
class Change:
    """What one person wants of one record.

    `values` are the fields to set (None clears one), for a new record all of them; `revision` is the one the
    person saw, None only for a new record; `to` is the place a record moves to. `read` is the stored dict where the
    caller has just read it within the person's scope: it is not read again, the revision guards it all the same.
    """

    document: type
    place: Place
    values: dict = field(default_factory=dict)
    id: ObjectId | None = None
    revision: int | None = None
    remove: bool = False
    to: Place | None = None
    lineage: ObjectId | None = None
    reviewed: bool | None = True
    read: dict | None = field(default=None, compare=False, repr=False)


class Written(NamedTuple):
    """What became of one change: the record's id and its revision now (None when removed)."""

    id: ObjectId
    revision: int | None


class Copy(NamedTuple):
    """A record of an earlier round as it begins a later one: what is stored of it, and whose lineage it goes on."""

    document: type
    place: Place
    values: dict
    lineage: ObjectId


@dataclass
class Prepared:
    """One change made ready: the stored dict before and after (None: none), and its event.

    `earlier` is what is known of a record that was removed and is made anew under its id.
    """

    change: Change
    before: dict | None
    after: dict | None
    earlier: dict | None = None
    event: dict | None = None

    @property
    def places(self):
        """The places this change touches."""
        return {Place.of(plain) for plain in (self.before, self.after) if plain}


def change_of(record):
    """The Change that a Record object stands for: all its declared fields as they are now."""
    values = {name: getattr(record, name) for name in declared(type(record))}
    return Change(type(record), record.place, values, id=record.id, revision=record.revision)


def as_declared(changes):
    """The changes, each of the document as the area of its place declares it for the year."""
    known, made = {}, []
    for change in changes:
        document = change.document
        asked = (document, change.place.area_code, change.place.academic_year)
        if asked not in known:
            known[asked] = declaration(*asked)
        made.append(change if known[asked] is document else replace(change, document=known[asked]))
    return made
