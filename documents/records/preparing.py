"""Changes made ready before the transaction: scope, rights by field, revisions, values, rules over fields, keys.

Nothing is stored here. The plan of an import stops here; `writing.py` goes on.
"""

from collections import Counter

from bson import ObjectId

from documents.database import collection
from documents.errors import Invalid, NotAllowed, OutOfScope, StaleRevision
from documents.people import access
from documents.records import attachments, fields, pictures
from documents.records.change import Prepared, as_declared
from documents.records.codelists import code_list, of_area
from documents.records.conflicts import conflict_of
from documents.records.doubles import find_doubles
from documents.records.record import declared, keys_of
from documents.records.seen import read_seen
from documents.trail import history

NOTHING = (None, "", [], False)  # what a field of an untouched form holds
PLAIN = (str, int, float, bool)  # what can be remembered


def prepare(changes, actor, reason=None, warrant=None):
    """Make changes ready: scope, permission by field, values, rules over fields, keys. Stores nothing.

    Gives back a Prepared for each; raises what `write` raises before its transaction.
    """
    with of_area(area_of(changes)):
        return prepared_of(changes, actor, reason, warrant, read_seen(changes).stored)


def area_of(changes):
    """The area whose code lists are asked: that of the changes, which are of one."""
    return changes[0].place.area_code if changes else None


def prepared_of(changes, actor, reason, warrant, stored):
    """What `prepare` gives, beside stored records {id: dict} that were read already."""
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
        beside = warrant.beside(change) if warrant else {}
        after, problems = (None, {}) if change.remove else _after(change, before, reading, earlier, beside)
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
        if is_stale(change, stored.get(change.id))
    ]
    if conflicts:
        raise StaleRevision(conflicts)


def is_stale(change, stored):
    """Whether a change is of another revision than the stored dict (None: none is stored)."""
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


def _after(change, before, reading, earlier=None, beside=None):
    """(the dict as it would be stored, {field: sentence}) of one change; `beside` is what a warrant stores with it."""
    problems = {}
    after = dict(before) if before else _fresh(change, earlier, reading)
    after |= (change.to or change.place)._asdict() | (beside or {})
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
        **(earlier or {}).get("beside", {}),
    }


def _removed_before(changes, stored):
    """{id: its last revision, hash, lineage and what stood beside} of records that are made anew under the id they were
    removed from.
    """
    asked = [change for change in changes if change.id is not None and change.id not in stored]
    if not asked:
        return {}
    areas, ids = {change.place.area_code for change in asked}, [change.id for change in asked]
    beside = {name for change in asked for name in change.document.beside}
    events = collection(history.AuditEvent).find(
        {"area_code": {"$in": list(areas)}, "subject": {"$in": ids}},
        {"subject": 1, "number": 1, "hash": 1, "lineage": 1} | {f"changes.{name}": 1 for name in beside},
    )
    last = {}
    for event in events.sort("number", 1):
        last[event["subject"]] = {
            "revision": event["number"], "history_hash": event["hash"], "lineage": event.get("lineage"),
            "beside": {name: old for name, (old, _) in (event.get("changes") or {}).items()},
        }  # fmt: skip
    return last
