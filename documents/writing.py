"""The one door: every write of a yearly record goes through `write` or `remove`.

Form, inline cell, bulk action, import, undo, carry-over, job and command line all end here. All that is
slow stands before the transaction; inside it the submission is claimed, the records are stored where their
revision is the one the person saw, and the history is written: all of it or none.
"""

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from bson import ObjectId
from pymongo.errors import BulkWriteError, DuplicateKeyError

from documents import access, attachments, completeness, fields, history, pictures
from documents.codelists import code_list, of_area
from documents.conflicts import conflict_of
from documents.database import asked_in_parts, collection, in_transaction
from documents.declarations import declaration, declared_by, reading_version, version_of
from documents.doubles import find_doubles, operations_of
from documents.errors import Busy, DuplicateKey, Invalid, NotAllowed, OutOfScope, StaleRevision
from documents.record import Place, Record, declared, keys_of
from documents.refusals import noting_refusals
from documents.submissions import DoorMoved, claim, door_of, door_question, must_give_way

DUPLICATE = 11000
TAKEN = "มีผู้บันทึกรายการที่ใช้เลขเดียวกันไปก่อนแล้ว กรุณาเปิดหน้านี้ใหม่แล้วตรวจสอบ"
MOST_ASKED = 40  # times a write asks its doors anew, while somebody moves a submission back and forth
GIVES_WAY_SECONDS = 0.1
NOTHING = (None, "", [], False)  # what a field of an untouched form holds


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
    area, seen = _area_of(changes), _seen(changes, with_doors=True)
    with of_area(area), declared_by(seen.version):
        prepared = _prepared(changes, actor, reason, warrant, seen.stored)
        busy = [each for each in prepared if each.before != each.after]
        events = _Events(actor, reason, via, warrant)
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


def _area_of(changes):
    """The area whose code lists are asked: that of the changes, which are of one."""
    return changes[0].place.area_code if changes else None


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
    return _ready(prepared, _doors(told, events), actor, said=told)


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


# ---- before the transaction ----


def prepare(changes, actor, reason=None, warrant=None):
    """Make changes ready: scope, permission by field, values, rules over fields, keys. Stores nothing.

    Gives back a Prepared for each; raises what `write` raises before its transaction.
    """
    with of_area(_area_of(changes)):
        return _prepared(changes, actor, reason, warrant, _seen(changes).stored)


class Seen(NamedTuple):
    """What was read of the database before anything is decided: stored dicts by id, {(subsystem, place): Door}, and
    the version of the declarations (None: not read)."""

    stored: dict
    doors: dict
    version: int | None


def _seen(changes, with_doors=False, anew=False):
    """The Seen of changes, in one question where they are of few places: a round trip costs more than most of it.

    `anew` asks for records that a caller has read, too.
    """
    known = {each.id: each.read for each in changes if each.read is not None and not anew}
    wanted = {}
    for change in changes:
        if change.id is not None and change.id not in known:
            wanted.setdefault((change.document, change.place), []).append(change.id)
    questions = {
        str(number): (document, [{"$match": {**place._asdict(), "_id": {"$in": ids}}}])
        for number, ((document, place), ids) in enumerate(wanted.items())
    }
    doors = _door_names(_places_of(changes)) if with_doors else {}
    questions |= _door_questions(doors, {change.document for change in changes})
    found = asked_in_parts(questions)
    stored = {row["_id"]: row for name in questions if name not in doors for row in found[name]}
    versions = [version_of(row) for name in doors for row in found[name]]
    read = {key: door_of(found[name]) for name, key in doors.items()}
    return Seen(known | stored, read, versions[0] if versions else None)


def _door_names(places):
    """{name of a question: (subsystem, place)}."""
    return {f"door {subsystem} {place}": (subsystem, place) for subsystem, place in places}


def _door_questions(doors, documents):
    """The questions that read the Doors of `_door_names`, with what is required of these documents."""
    return {
        name: door_question(
            subsystem,
            place,
            completeness.reading_settings(documents, place.area_code, place.academic_year),
            reading_version(),
        )
        for name, (subsystem, place) in doors.items()
    }


def _doors(places, documents):
    """{(subsystem, place): Door} of several places."""
    doors = _door_names(places)
    found = asked_in_parts(_door_questions(doors, documents))
    return {key: door_of(found[name]) for name, key in doors.items()}


def _places_of(changes):
    """The (subsystem, place) that changes may touch, in order."""
    places = {
        (change.document.subsystem, place)
        for change in changes
        for place in (change.place, change.to)
        if place
    }
    return sorted(places)


def _prepared(changes, actor, reason, warrant, stored):
    changes = as_declared(changes)
    if warrant:
        warrant.check(changes)
    else:
        _check_people(changes, actor, reason)
    _check_revisions(changes, stored)
    removed = _removed_before(changes, stored)
    errors, prepared = {}, []
    readings = {document: _Reading(document, actor) for document in {change.document for change in changes}}
    for index, change in enumerate(changes):
        before, earlier = stored.get(change.id), removed.get(change.id)
        reading = readings[change.document]
        after, problems = (None, {}) if change.remove else _after(change, before, reading, earlier)
        if warrant and after:
            after |= warrant.beside(change)
            after |= keys_of(change.document, after, before)
        if not warrant:
            problems = dict(change.document.held(before, after)) | problems
        if problems:
            errors[index] = problems
        prepared.append(Prepared(change, before, after, earlier))
    find_doubles(prepared, errors)
    if not warrant:
        pictures.claim(prepared, errors)
        attachments.claim(prepared, errors)
    if errors:
        raise Invalid(errors)
    return prepared


def _check_people(changes, actor, reason):
    """The actor must be able to write both where a record is and where it goes; the district says why."""
    for place in {place for change in changes for place in (change.place, change.to) if place}:
        role = access.writes_as(actor, place.area_code, place.school_code)
        if role is None:
            raise OutOfScope()
        if role == "district" and not (reason or "").strip():
            raise Invalid({0: {"reason": "เขตแก้ไขแทนโรงเรียน โปรดระบุเหตุผล"}})
    asked = {}
    for change in changes:
        asked.setdefault((change.document, change.place), set()).update(change.values)
    for (document, place), names in asked.items():
        _check_fields(document, place, names, actor)


def _check_fields(document, place, names, actor):
    known = declared(document)
    if not names <= known.keys():
        raise NotAllowed("มีข้อมูลที่แก้ไขจากแบบฟอร์มนี้ไม่ได้ กรุณาเปิดหน้านี้ใหม่")
    for name in names - access.open_fields(actor, known, place.area_code, place.school_code).keys():
        raise NotAllowed(f"ท่านไม่มีสิทธิ์แก้ไข “{known[name].verbose_name}”")


def _check_revisions(changes, stored):
    seen = Counter(change.id for change in changes if change.id is not None)
    if seen and max(seen.values()) > 1:
        raise Invalid({0: {"id": "มีรายการเดียวกันซ้ำกันในชุดที่ส่งมา กรุณาเลือกใหม่"}})
    conflicts = [
        conflict_of(change, stored.get(change.id))
        for change in changes
        if _is_stale(change, stored.get(change.id))
    ]
    if conflicts:
        raise StaleRevision(conflicts)


def _is_stale(change, stored):
    if change.id is None or (stored is None and change.revision is None):
        return False
    if change.revision is None:
        raise ValueError("a change of a stored record must name the revision that was seen")
    return stored is None or stored["revision"] != change.revision


class _Reading(dict):
    """What a document's fields make of values: {(name, type, value): plain value}.

    Each is worked out once a write, since the rows of a file repeat most of their values. The type belongs to
    the key because True equals 1.
    """

    def __init__(self, document, actor):
        self.known = declared(document)
        self.now = history.naive_now()  # one instant for all that is written together
        self.who, self.name = actor.id, actor.name  # asked once: a field of a Document is slow to read
        self.lists = {}
        self.names, self.with_years = (), []  # of the last change: most of one write set the same fields

    def __missing__(self, key):
        name, _, value = key
        self[key] = found = fields.accept(self.known[name], value)
        return found

    def bounded(self, values):
        """[(name, list)] of those of the values whose choices are not all of every year."""
        names = tuple(values)
        if names != self.names:
            found = [(name, self._list_of(name)) for name in names]
            self.names, self.with_years = names, [(name, codes) for name, codes in found if codes]
        return self.with_years

    def _list_of(self, name):
        if name not in self.lists:
            codes = code_list(self.known[name].codelist) if self.known[name].codelist else None
            self.lists[name] = codes if codes and codes.bounded else None
        return self.lists[name]


PLAIN = (str, int, float, bool)  # what can be remembered


def _after(change, before, reading, earlier=None):
    """(the dict as it would be stored, {field: sentence}) of one change."""
    problems = {}
    after = dict(before) if before else _fresh(change, earlier, reading)
    after |= (change.to or change.place)._asdict()
    for name, value in change.values.items():
        try:
            kind = value.__class__
            after[name] = (
                reading[name, kind, value] if kind in PLAIN else fields.accept(reading.known[name], value)
            )
        except ValueError as error:
            problems[name] = str(error)
    for name, codes in reading.bounded(change.values):
        if name not in problems and (said := _out_of_its_years(codes, after, before or {}, name)):
            problems[name] = said
    if before is None and not problems and all(after[name] in NOTHING for name in change.values):
        problems[change.document.key[0]] = "ยังไม่ได้กรอกข้อมูล กรุณากรอกอย่างน้อยหนึ่งช่องก่อนบันทึก"
    after = _present(after)
    if derived := change.document.derive(after):
        after = _present(after | derived)
    for name, sentence in change.document.check(after):
        problems.setdefault(name, sentence)
    if problems or (after == before and change.reviewed in (None, bool(before.get("reviewed")))):
        return after, problems
    after |= keys_of(change.document, after, before)
    after |= {"updated_at": reading.now, "updated_by": reading.who, "updated_by_name": reading.name}
    if change.reviewed is not None:
        after["reviewed"] = change.reviewed
    after["revision"] = (before or earlier or {"revision": 0})["revision"] + 1
    return after, problems


def _out_of_its_years(codes, after, before, name):
    """Why a choice cannot be made in the record's year, in a sentence; what it was before may stay."""
    if after[name] == before.get(name):
        return None
    chosen, year = after[name], after["academic_year"]
    kept = before.get(name) if isinstance(chosen, list) else ()
    refused = [
        codes.refusal(code, year)
        for code in (chosen if isinstance(chosen, list) else [chosen])
        if code not in (kept or ())
    ]
    return next(filter(None, refused), None)


def _present(values):
    """The values that are something."""
    return {name: value for name, value in values.items() if value is not None}


def _fresh(change, earlier, reading):
    """What a new record begins with; one that was removed before (`earlier`) is the same thing again."""
    new = change.id or ObjectId()
    return {
        "_id": new,
        "lineage": change.lineage or (earlier or {}).get("lineage") or new,
        "created_at": reading.now,
        "created_by": reading.who,
    }


def _removed_before(changes, stored):
    """{id: its last revision, hash and lineage} of records that are made anew under the id they were removed from."""
    asked = [change for change in changes if change.id is not None and change.id not in stored]
    if not asked:
        return {}
    areas, ids = {change.place.area_code for change in asked}, [change.id for change in asked]
    events = collection(history.AuditEvent).find(
        {"area_code": {"$in": list(areas)}, "subject": {"$in": ids}},
        {"subject": 1, "number": 1, "hash": 1, "lineage": 1},
    )
    last = {}
    for event in events.sort("number", 1):
        last[event["subject"]] = {
            "revision": event["number"], "history_hash": event["hash"], "lineage": event.get("lineage")
        }  # fmt: skip
    return last


class _Events:
    """The history events of the changes of one write; the first version of a record is one slim event."""

    MANY = 4  # new records alike from which on what they have in common is written down once

    def __init__(self, actor, reason, via, warrant=None):
        self.actor, self.reason, self.via, self.warrant = actor, reason, via, warrant
        self.roles, self.seen, self.first = {}, Counter(), {}

    def of(self, each):
        """The event of a prepared change, whose hash its record then keeps."""
        document, kept = each.change.document, each.after or each.before
        place = Place.of(kept)
        if each.before is None and each.earlier is None:
            event = self._first(document, place, kept)
        else:
            event = self._later(each, document, place, kept)
        if each.after is not None:
            each.after["history_hash"] = event["hash"]
            _mark(each.after, event)
        return event

    def _told(self, document, place):
        """What the events of one place say alike."""
        if place not in self.roles:
            self.roles[place] = (
                self.warrant.acting_as
                if self.warrant
                else access.writes_as(self.actor, place.area_code, place.school_code)
            )
        told = {"document": document.slug, "acting_as": self.roles[place]}
        return told | {"via": self.via, "reason": self.reason}

    def _first(self, document, place, after):
        alike = (document, place)
        self.seen[alike] += 1
        if self.seen[alike] < self.MANY:
            return history.event(
                after["_id"], place._asdict(), self.actor, "create", {}, None,
                headline=document.headline(after), lineage=after["lineage"], number=1, **self._told(document, place),
            )  # fmt: skip
        if alike not in self.first:
            where = {name: value for name, value in place._asdict().items() if name != "school_code"}
            told = self._told(document, place)
            self.first[alike] = history.FirstEvents(where, self.actor, "create", **told)
        new, lineage = after["_id"], after["lineage"]
        return self.first[alike].event(new, lineage, place.school_code, document.headline(after))

    def _later(self, each, document, place, kept):
        before, after = each.before, each.after
        changes, names = {}, declared(document)
        if after is None:
            every = [*names, *document.former]
            changes = {name: [before.get(name), None] for name in every if name in before}
        elif before is not None:
            follow = [*names, "school_code", "reviewed"]
            changes = {
                name: [before.get(name), after.get(name)]
                for name in follow
                if before.get(name) != after.get(name)
            }
        return history.event(
            kept["_id"],
            place._asdict(),
            self.actor,
            "create" if before is None else "remove" if after is None else "update",
            changes,
            (before or each.earlier or {}).get("history_hash"),
            headline=document.headline(kept),
            lineage=kept["lineage"],
            number=(before or each.earlier or {"revision": 0})["revision"] + 1,
            **self._told(document, place),
        )


def _mark(after, event):
    """Say on a record that the district wrote its present version for the school; the school's own write ends it."""
    if event.get("acting_as") == "district":
        by = {"at": event["at"], "by_name": event["actor_name"], "reason": event["reason"]}
        after["by_district"] = by
    elif event.get("acting_as") == "school":
        after.pop("by_district", None)


# ---- the transaction ----


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
                return in_transaction(partial(work, seen, counted))
            except DoorMoved:
                seen = _doors(seen, {each.change.document for each in prepared})
                counted = _counters(prepared, seen, said)
                if any(must_give_way(door.submission) for door in seen.values()):
                    time.sleep(GIVES_WAY_SECONDS)
            except _Moved:
                _raise_stale(prepared)
            except DuplicateKeyError as error:
                if not _is_of_records(
                    error, prepared
                ):  # of what `along` stores: its caller knows what to say
                    raise
                raise DuplicateKey(TAKEN) from error
            except BulkWriteError as error:
                if any(one["code"] == DUPLICATE for one in error.details["writeErrors"]):
                    raise DuplicateKey(TAKEN) from error
                raise
        raise Busy("สถานะข้อมูลของโรงเรียนนี้กำลังเปลี่ยนอยู่ กรุณารอสักครู่แล้วบันทึกอีกครั้ง")

    return store


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
    stored = _seen(changes, anew=True).stored
    raise StaleRevision(
        [
            conflict_of(change, stored.get(change.id))
            for change in changes
            if _is_stale(change, stored.get(change.id))
        ]
    )
