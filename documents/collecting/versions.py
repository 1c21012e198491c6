"""Versions (ฉบับ): what changed in a reopened submission since the version before, record by record, field by field.

Read from the history between the reopening and now: nobody can write between a lock and a reopening, so that is all
there is, and the school's own index of events finds it however long the history is.
"""

import datetime as dt
from dataclasses import dataclass

from bson import MinKey

from documents.collecting.submissions import SEALED, Submission
from documents.database import collection
from documents.formats import thai
from documents.records.change import Change
from documents.records.declarations import ever_declared
from documents.records.kinds import documents_in
from documents.records.record import Place, declared
from documents.records.warrants import Granted
from documents.trail.history import AuditEvent

ADDED, CHANGED, REMOVED = "added", "changed", "removed"
KINDS = {ADDED: "เพิ่ม", CHANGED: "แก้ไข", REMOVED: "ลบ"}
SLACK = dt.timedelta(days=1)  # a demonstration's clock starts again; the mark alone decides
OF_RECORDS = ("create", "update", "remove")


@dataclass
class RecordChange:
    """One record as it was in the version before and as it is now.

    `fields` is {name: (old, new)} of plain values; `told` is {name: the event that changed it last}, `last` the
    record's last event; `erased` says that retention took values away, so that old ones may be lacking.
    """

    document: type
    id: object
    kind: str
    headline: str
    fields: dict
    told: dict
    last: dict
    erased: bool = False
    revision: int | None = None
    former: tuple | list = ()  # earlier numbers of a pupil, kept beside the declared fields

    def event_of(self, name):
        """The event that tells who set a field last, when and why."""
        return self.told.get(name, self.last)


def place_of(submission):
    """The place of a submission's records, as a filter."""
    return Place(
        submission.area_code, submission.academic_year, submission.round, submission.school_code
    )._asdict()


def reopening_of(submission, since=None):
    """The move by which version `since` (the one before the present one) was opened again; None if it never was."""
    since = since or submission.version - 1
    rows = (row for row in submission.moves if row["name"] == "reopen" and row.get("version", 1) == since)
    return next(rows, None)


def changed_since(submission, since=None):
    """[RecordChange] between version `since` (the one before) and now; see `changed_between`."""
    return changed_between(submission, since)


def changed_between(submission, since=None, until=None):
    """[RecordChange] between version `since` (the one before the present) and version `until` (None: as it stands now), by
    kind of record and name; net: what came and went again is no change.

    A version is as it was until the next one was begun, so `until` needs one after it; the present one is None.
    """
    begun = reopening_of(submission, since)
    if begun is None:
        return []
    ended = reopening_of(submission, until) if until and until < submission.version else None
    events = {}
    for event in _events(submission, begun):
        events.setdefault((event["document"], event["subject"]), []).append(event)
    found = []
    for document in documents_in(submission):
        own = {subject: rows for (slug, subject), rows in events.items() if slug == document.slug}
        query = {**place_of(submission), "_id": {"$in": list(own)}}
        stored = {row["_id"]: row for row in (collection(document).find(query) if own else ())}
        changes = (_within(document, id_, rows, stored.get(id_), ended) for id_, rows in own.items())
        found += sorted(filter(None, changes), key=lambda each: thai.sort_key(each.headline))
    return found


def _within(document, id_, events, stored, ended):
    """The RecordChange of the events before the version that `ended` (a move; None: none did) was opened."""
    if ended is None:
        return _net(document, id_, events, stored)
    before = [event for event in events if not _is_since(event, ended)]
    if not before:
        return None
    since = sorted((event for event in events if _is_since(event, ended)), key=lambda event: event["number"])
    return _net(document, id_, before, _rolled_back(stored, since))


def _is_since(event, begun):
    """Whether an event came after a reopening; by its mark, since a demonstration's clock may start again."""
    return event["_id"] > begun["mark"] if "mark" in begun else event["at"] >= begun["at"]


def _rolled_back(stored, events):
    """A stored record (None: there is none) as it was before these events, in order of their numbers; None for none."""
    was = stored
    for event in reversed(events):
        if event["action"] == "create":
            was = None
            continue
        olds = {name: pair[0] for name, pair in (event.get("changes") or {}).items()}
        was = {**(was or {}), **olds, "revision": event["number"] - 1}
    return was


def _events(submission, begun):
    query = {
        "area_code": submission.area_code,
        "school_code": submission.school_code,
        "at": {"$gte": begun["at"] - SLACK if "mark" in begun else begun["at"]},
        "_id": {"$gt": begun.get("mark") or MinKey()},
        "academic_year": submission.academic_year,
        "round": submission.round,
        "action": {"$in": list(OF_RECORDS)},
    }
    return collection(AuditEvent).find(query).hint("school_newest").sort([("at", 1), ("_id", 1)])


def _net(document, id_, events, stored):
    """The RecordChange of a record's events, or None where it is again what it was."""
    events = sorted(events, key=lambda event: event["number"])
    names, was_there = declared(document), events[0]["action"] != "create"
    if not was_there and stored is None:
        return None
    old, told = {}, {}
    for event in events:
        for name, pair in (event.get("changes") or {}).items():
            if name in names:
                old.setdefault(name, pair[0])
                told[name] = event
    made_anew = any(event["action"] == "create" for event in events)
    touched = names if made_anew or stored is None else old
    new = stored or {}
    fields = {
        name: (old.get(name) if was_there else None, new.get(name))
        for name in names
        if name in touched and (old.get(name) if was_there else None) != new.get(name)
    }
    kind = REMOVED if stored is None else CHANGED if was_there else ADDED
    if kind == CHANGED and not fields:
        return None
    return RecordChange(
        document, id_, kind, events[-1].get("headline") or "", fields, told, events[-1],
        any(event.get("erased") for event in events), stored and stored["revision"], (stored or {}).get("former_ids") or (),
    )  # fmt: skip


def summed(changes):
    """{kind: how many records} of RecordChanges."""
    return {kind: sum(each.kind == kind for each in changes) for kind in KINDS}


def undoing(submission):
    """(the door's Changes that bring back the version before, {record id: what a warrant must grant for it})."""
    place = Place(**place_of(submission))
    changes, grants = [], {}
    for each in changed_since(submission):
        gone = each.kind == ADDED
        values = {} if gone else {name: old for name, (old, _) in each.fields.items()}
        changes.append(Change(each.document, place, values, id=each.id, revision=each.revision, remove=gone))
        grants[each.id] = Granted(place, frozenset(values), gone, _beside(each))
    return changes, grants


def _beside(change):
    """The list of earlier numbers as it was before a number was changed that now comes back."""
    number = change.fields.get("person_id")
    former = change.former if number and change.kind == CHANGED else None
    if not former:
        return {}
    kept = [row["id"] for row in former]
    began = len(kept) - 1 - kept[::-1].index(number[0]) if number[0] in kept else len(kept)
    return {"former_ids": former[:began] or None}


def may_come_back(area_code, school_code, kind):
    """Ids, as stored, in fields of a kind ("picture", "file") that the end of a reopening may bring back to a school.

    They are what the history says was there when a submission was opened again that is not sealed since.
    """
    asked = {"area_code": area_code, "school_code": school_code, "version__gt": 1, "state__nin": list(SEALED)}
    found = set()
    for submission in Submission.objects(**asked):
        begun = reopening_of(submission)
        if begun is None:
            continue
        known = {document.slug: ever_declared(document, area_code) for document in documents_in(submission)}
        names = {slug: [n for n, f in fields.items() if f.kind == kind] for slug, fields in known.items()}
        if not any(names.values()):
            continue
        for event in _events(submission, begun):
            pairs = (event.get("changes") or {}).get
            found |= {pairs(name)[0] for name in names.get(event["document"], ()) if pairs(name)}
    return found - {None}
