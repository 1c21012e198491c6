"""The one door: every write of a yearly record goes through `write` or `remove`.

Form, inline cell, bulk action, import, undo, carry-over, job and command line all end here. All that is
slow stands before the transaction; inside it the submission is claimed, the records are stored where their
revision is the one the person saw, and the history is written: all of it or none.
"""

import time
from contextlib import contextmanager
from functools import partial

from bson import ObjectId
from pymongo.errors import BulkWriteError, DuplicateKeyError

from documents.collecting.claiming import DoorMoved, claim, must_give_way
from documents.database import collection, in_transaction
from documents.errors import Busy, DuplicateKey, NotAllowed, OutOfScope, StaleRevision
from documents.records import completeness
from documents.records.change import Change, Prepared, Written, change_of
from documents.records.codelists import of_area
from documents.records.conflicts import conflict_of
from documents.records.declarations import declared_by
from documents.records.doubles import operations_of
from documents.records.preparing import area_of, is_stale, prepared_of
from documents.records.record import Place, Record
from documents.records.record_events import RecordEvents
from documents.records.seen import read_doors, read_seen
from documents.trail import history
from documents.trail.refusals import noting_refusals

DUPLICATE = 11000
TAKEN = "มีผู้บันทึกรายการที่ใช้เลขเดียวกันไปก่อนแล้ว กรุณาเปิดหน้านี้ใหม่แล้วตรวจสอบ"
MOST_ASKED = 40  # times a write asks its doors anew, while somebody moves a submission back and forth
GIVES_WAY_SECONDS = 0.1


@noting_refusals(1)
def write(changes, actor, reason=None, via="form", warrant=None, along=None):
    """Store changes of one or more submissions, all or none, with their history; gives back a Written for each.

    `changes` are `Change`s or Record objects (all their declared fields are then written). A `Warrant` is what a case
    lets its decider write beyond his own schools; the case's step is then made in the same transaction.
    `along(written)`, with the Writtens of what really changes, is called within the transaction (again with each
    attempt), to store what must be there when the records are.
    Raises OutOfScope, RoundLocked, WindowShut, WrongState, StaleRevision, DuplicateKey, Invalid or Busy;
    nothing is stored then. A change that changes nothing is left out.
    """
    return _making(changes, actor, reason, via, warrant, along)()


@noting_refusals(1)
def making(changes, actor, reason=None, via="form", along=None):
    """The two halves of `write` one after the other: makes the changes ready, and gives what stores them, a function of
    no arguments that gives back what `write` does and raises the same. Between the two others may be made ready.
    """
    stored = _making(changes, actor, reason, via, None, along)

    @noting_refusals(0)
    def write(actor):
        return stored()

    return partial(write, actor)


def _making(changes, actor, reason, via, warrant, along):
    changes = [change_of(each) if isinstance(each, Record) else each for each in changes]
    area, seen = area_of(changes), read_seen(changes, with_doors=True)
    with of_area(area), declared_by(seen.version):
        prepared = prepared_of(changes, actor, reason, warrant, seen.stored)
        busy = [each for each in prepared if each.before != each.after]
        events = RecordEvents(actor, reason, via, warrant)
        for each in busy:
            each.event = events.of(each)
        if busy or warrant:
            store = _ready(busy, seen.doors, actor, warrant, along and (lambda: along(_written(busy))))

    def stored():
        if busy or warrant:
            with of_area(area), declared_by(seen.version):
                store()
        return _written(prepared)

    return stored


def _written(prepared):
    """A Written for each prepared change."""
    return [
        Written((each.after or each.before)["_id"], each.after and each.after["revision"])
        for each in prepared
    ]


def remove(records, actor, reason, via="form"):
    """Remove records; the event keeps every value, so that nothing is lost. Raises as `write` does."""
    changes = [
        Change(type(record), record.place, id=record.id, revision=record.revision, remove=True)
        if isinstance(record, Record)
        else record
        for record in records
    ]
    return write(changes, actor, reason, via)


def carrying(copies, to_round, actor, reason, said):
    """Make records of an earlier round ready to be new, unreviewed ones of a later one, with their history; gives what
    stores them, all or none, a function of no arguments.

    `copies` are `Copy`s, of any documents, in places of one round; what they hold passed this door in its own round, so
    it is not read again. `said` is {place: what its submission keeps of the carry-over}. Only the system carries over:
    raises OutOfScope for anybody else; what is given back raises as `write` does.
    """
    if not actor.is_system:
        raise OutOfScope()
    now, prepared, events = history.naive_now(), [], {}
    by = {"updated_at": now, "updated_by": actor.id, "updated_by_name": actor.name, "reviewed": False}
    common = by | {"created_at": now, "created_by": actor.id, "revision": 1}
    place_of = {
        "area_code": to_round.area_code,
        "academic_year": to_round.academic_year,
        "round": to_round.code,
    }
    for document, place, values, lineage in copies:
        new = ObjectId()
        after = {"_id": new, "lineage": lineage} | place._asdict() | values | common
        if document not in events:
            events[document] = history.FirstEvents(
                place_of,
                actor,
                "create",
                document=document.slug,
                acting_as="system",
                via="carry_over",
                reason=reason,
            )
        event = events[document].event(new, lineage, place.school_code, document.headline(after))
        after["history_hash"] = event["hash"]
        prepared.append(Prepared(Change(document, place), None, after, None, event))
    told = {(to_round.subsystem, place): words for place, words in said.items()}
    return _ready(prepared, read_doors(told, events), actor, said=told)


def _ready(prepared, doors, actor, warrant=None, along=None, said=None):
    """What stores prepared changes, as a function: all that can be worked out before is.

    The doors were read before the transaction: a claim finds its submission as it was read, or the doors are asked once
    more. What is required is what they were read with; who changes that counts the submissions anew, under another mark.
    `said` is {(subsystem, place): what its submission keeps of a carry-over}; one without records is claimed all the same.
    """
    operations = operations_of(prepared)
    events = [each.event for each in prepared]
    role = (warrant.claims_as or warrant.acting_as) if warrant else None
    counters = _counters(prepared, doors, said)

    def work(doors, counters):
        for (subsystem, place), (delta, removed) in counters:
            door = doors[subsystem, place]
            claim(door, place, actor, delta, removed, role, said and said[subsystem, place])
            _check_named(door.submission, place, prepared)
        for document, batch in operations.items():
            _run(document, batch)
        history.store(events)
        if warrant:
            warrant.along()
        if along:
            along()

    def store():
        seen, counted = doors, counters
        for _ in range(MOST_ASKED):
            try:
                with _refusing(prepared):
                    return in_transaction(partial(work, seen, counted))
            except DoorMoved:
                seen = read_doors(seen, {each.change.document for each in prepared})
                counted = _counters(prepared, seen, said)
                if any(must_give_way(door.submission) for door in seen.values()):
                    time.sleep(GIVES_WAY_SECONDS)
        raise Busy("สถานะข้อมูลของโรงเรียนนี้กำลังเปลี่ยนอยู่ กรุณารอสักครู่แล้วบันทึกอีกครั้ง")

    return store


@contextmanager
def _refusing(prepared):
    """What the database refuses of the records, as the door says it: StaleRevision or DuplicateKey."""
    try:
        yield
    except _Moved:
        _raise_stale(prepared)
    except DuplicateKeyError as error:
        if not _is_of_records(error, prepared):  # of what `along` stores: its caller knows what to say
            raise
        raise DuplicateKey(TAKEN) from error
    except BulkWriteError as error:
        if any(one["code"] == DUPLICATE for one in error.details["writeErrors"]):
            raise DuplicateKey(TAKEN) from error
        raise


def _counters(prepared, doors, said=None):
    """[((subsystem, place), (what is added to each counter, how many records are removed))], in order."""
    untouched = {at: ({}, 0) for at in said or ()}
    return sorted(
        (untouched | _deltas(prepared, _required(prepared, doors))).items(), key=lambda pair: pair[0]
    )


class _Moved(Exception):
    """A record's revision was no longer the one seen; the transaction is given up."""


def _asked(prepared):
    """The (document, area, year) whose required fields the changes are counted by."""
    return {
        (each.change.document, place.area_code, place.academic_year)
        for each in prepared
        for place in each.places
    }


def _required(prepared, doors):
    """{(document, area, year): names of required fields} by the settings that the Doors were read with."""
    settings = {(place.area_code, place.academic_year): door.settings for (_, place), door in doors.items()}
    return {one: completeness.required_by(settings[one[1:]], *one) for one in _asked(prepared)}


def _deltas(prepared, required):
    """{(subsystem, place): (what is added to each counter, how many records are removed)}."""
    counters = {}
    for each in prepared:
        document = each.change.document
        for plain, sign in ((each.before, -1), (each.after, 1)):
            if plain is None:
                continue
            place = Place.of(plain)
            needed = required[document, place.area_code, place.academic_year]
            counts, removed = counters.get((document.subsystem, place), ({}, 0))
            completeness.add(counts, completeness.tally_of(document, plain, needed), sign)
            counters[document.subsystem, place] = (counts, removed + int(each.after is None))
    return counters


def _run(document, batch):
    done = collection(document).bulk_write(batch, ordered=True)
    if done.inserted_count + done.matched_count + done.deleted_count != len(batch):
        raise _Moved


def _check_named(submission, place, prepared):
    """A reopening may be for named records alone; what another submission's are does not matter here."""
    if not submission.named_records:
        return
    named = set(submission.named_records)
    touched = {(each.after or each.before)["_id"] for each in prepared if place in each.places}
    if not touched <= named:
        raise NotAllowed("เปิดคืนให้แก้ไขเฉพาะบางรายการ รายการนี้ไม่อยู่ในรายการที่เปิด กรุณาติดต่อเจ้าหน้าที่เขต")


def _is_of_records(error, prepared):
    """Whether it is a record's own key that was taken, not that of another collection written in the same transaction."""
    names = {each.change.document._get_collection_name() for each in prepared}
    return any(f".{name} index:" in str(error) for name in names)


def _raise_stale(prepared):
    changes = [each.change for each in prepared if each.before is not None]
    stored = read_seen(changes, anew=True).stored
    raise StaleRevision(
        [
            conflict_of(change, stored.get(change.id))
            for change in changes
            if is_stale(change, stored.get(change.id))
        ]
    )
