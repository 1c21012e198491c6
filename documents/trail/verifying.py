"""Verification (ตรวจความครบถ้วนของประวัติ): whether history and data still agree, as `manage verify-audit` asks.

Found are edited, deleted and reordered events and moves, a last event that is gone, records that were changed in
numbers or, once confirmed, in content behind the door's back. What is being written meanwhile is looked at again
before it is called wrong.
"""

from collections import Counter
from itertools import islice

from documents import case_kinds, subsystem, subsystems
from documents.collecting.rounds import Round
from documents.collecting.submissions import Submission
from documents.database import collection, in_transaction
from documents.district.schools import School
from documents.records.completeness import counts_of
from documents.records.digests import digest_of
from documents.records.kinds import Answer, documents_of, is_survey
from documents.trail.history import AuditEvent, chained, event_hash, is_erased, values_digest

BATCH = 1000
ORDER = [("area_code", 1), ("subject", 1), ("number", 1)]


def verify(area_code=None):
    """Yield a Thai sentence for each place where history and data no longer agree, of one area or of all.

    Reads everything once or twice, a batch at a time.
    """
    scope = {"area_code": area_code} if area_code else {}
    removals = Counter()
    yield from _events(scope, removals)
    yield from _records_without_events(scope)
    for plain in collection(Submission).find(scope):
        submission = Submission._from_son(plain)
        yield from _moves(f"submission:{plain['_id']}", plain, str(submission), "draft")
        yield from _removals(submission, removals)
        yield from _contents(submission)
    for plain in collection(Round).find(scope):
        yield from _moves(f"round:{plain['_id']}", plain, str(Round._from_son(plain)), "draft")
    yield from _cases(scope)
    yield from _schools(scope)


# ---- events ----


def _events(scope, removals):
    """Each subject's chain of events, and that its end is what the record carries; counts the removals by place."""
    last, ends = None, []
    for row in collection(AuditEvent).find(scope, sort=ORDER):
        begins = last is None or _subject(last) != _subject(row)
        if begins and last is not None:
            ends.append(last)
        yield from _link(row, None if begins else last)
        if row.get("action") == "remove":
            removals[_place(row), row.get("document")] += 1
        if len(ends) >= BATCH:
            yield from _ends(ends)
            ends = []
        last = row
    yield from _ends([*ends, last] if last else [])


def _subject(row):
    return row.get("area_code"), row.get("subject")


PLACE = ("area_code", "academic_year", "round", "school_code")


def _place(row):
    return tuple(row.get(name) for name in PLACE)


def _link(row, earlier):
    """What is wrong with one event behind the one before it (None: it is the subject's first)."""
    name = f"{row.get('document')} {row.get('subject')} เหตุการณ์ที่ {row.get('number')}"
    before = earlier or {"number": 0, "hash": None}
    if row.get("number") != before.get("number", 0) + 1:
        yield f"{name}: มีเหตุการณ์ก่อนหน้าหายไป"
    if row.get("previous") != before.get("hash"):
        yield f"{name}: ไม่ต่อกับเหตุการณ์ก่อนหน้า"
    if _or_none(event_hash, row) != row.get("hash"):
        yield f"{name}: ถูกแก้ไขภายหลัง"
    if not is_erased(row) and _or_none(values_digest, row) != row.get("values_digest"):
        yield f"{name}: ค่าที่บันทึกไว้ถูกแก้ไขภายหลังหรือหายไป"


def _or_none(work, *given):
    """What `work` gives, or None where somebody stored what no event can hold."""
    try:
        return work(*given)
    except (TypeError, KeyError, AttributeError):
        return None


def _ends(rows):
    """What is wrong with the last events of so many subjects against the records they tell of."""
    surveys = {row["document"] for row in rows if is_survey(row.get("document") or "")}
    for document in [*subsystems(), *map(subsystem, sorted(surveys))]:
        own = [row for row in rows if row.get("document") == document.slug]
        query = {"_id": {"$in": [row["subject"] for row in own]}}
        stored = {
            row["_id"]: row
            for row in (collection(document).find(query, {"history_hash": 1, "revision": 1}) if own else ())
        }
        for row in own:
            if not _agree(row, stored.get(row["subject"])) and not _agree(*_read_again(document, row)):
                yield f"{document.slug} {row['subject']}: เหตุการณ์ล่าสุดของรายการนี้หายไปหรือไม่ตรงกัน"


def _agree(last, record):
    if record is None:
        return last.get("action") == "remove"
    at_end = (last.get("hash"), last.get("number")) == (record.get("history_hash"), record.get("revision"))
    return at_end and last.get("action") != "remove"


def _read_again(document, row):
    """(last event, record or None) of a subject as of one moment."""

    def work():
        asked = {"area_code": row["area_code"], "subject": row["subject"]}
        last = collection(AuditEvent).find_one(asked, sort=[("number", -1)])
        return last or {}, collection(document).find_one({"_id": row["subject"]})

    return in_transaction(work)


def _records_without_events(scope):
    for document in [*subsystems(), Answer]:
        rows = collection(document).find(scope, {"area_code": 1}).sort("_id", 1)
        while batch := list(islice(rows, BATCH)):
            ids = [row["_id"] for row in batch]
            asked = {"area_code": {"$in": list({row["area_code"] for row in batch})}, "subject": {"$in": ids}}
            told = {row["subject"] for row in collection(AuditEvent).find(asked, {"subject": 1})}
            for id_ in ids:
                if id_ not in told:
                    yield f"{document.slug} {id_}: ประวัติของรายการนี้หายไป"


# ---- submissions, rounds and cases ----


def _cases(scope):
    for kind in case_kinds():
        for plain in collection(kind).find(scope):
            subject = f"{kind.__name__.lower()}:{plain['_id']}"
            yield from _moves(subject, plain, f"{kind.label} {plain['_id']}", None)


def _schools(scope):
    """The orders by which schools were established, merged or closed; one that came by a list has none."""
    for plain in collection(School).find({**scope, "moves.0": {"$exists": True}}):
        moved = plain | {"state": plain.get("status")}
        yield from _moves(f"school:{plain['_id']}", moved, f"โรงเรียน {plain['code']} {plain['name']}", "open")


def _moves(subject, plain, name, first_state):
    """What is wrong with the list of moves of a stored submission or round, its end and state included."""
    earlier = []
    for position, row in enumerate(plain.get("moves", []), start=1):
        bare = {key: value for key, value in row.items() if key not in ("hash", "number", "previous")}
        if _or_none(chained, subject, earlier, bare) != row:
            yield f"{name}: ลำดับการส่งข้อมูลครั้งที่ {position} ถูกแก้ไข ถูกลบ หรือสลับที่ภายหลัง"
        earlier.append(row)
    last = earlier[-1] if earlier else {"to": first_state}
    if (last.get("hash"), last.get("to")) != (plain.get("history_hash"), plain.get("state")):
        yield f"{name}: สถานะไม่ตรงกับลำดับการส่งข้อมูลครั้งล่าสุด"


def _removals(submission, removals):
    """A removed record leaves nothing but its last event; the submission's counter tells when that is gone."""
    slugs = [document.slug for document in documents_of(submission.subsystem)]
    place = tuple(submission[name] for name in PLACE)
    if submission.removed == sum(removals[place, slug] for slug in slugs):
        return

    def work():
        asked = dict(zip(PLACE, place, strict=True)) | {"action": "remove", "document": {"$in": slugs}}
        events = collection(AuditEvent).find(asked, {"_id": 1})
        now = collection(Submission).find_one({"_id": submission.id}, {"removed": 1})
        return now.get("removed", 0) == len(list(events))

    if not in_transaction(work):
        yield f"{submission}: จำนวนรายการที่ลบไม่ตรงกับประวัติ"


def _contents(submission):
    """Records against the submission's counters and, where it has one that holds, its digest."""
    sentences = []
    counted, kept = counts_of(submission), submission.counts
    if any(counted.get(name, 0) != kept.get(name, 0) for name in {*counted, *kept} - {"incomplete"}):
        sentences.append(f"{submission}: จำนวนรายการไม่ตรงกับที่บันทึกผ่านระบบ")
    holds = submission.digest and submission.digest_writes == submission.writes
    if holds and digest_of(submission) != submission.digest:
        sentences.append(f"{submission}: ข้อมูลไม่ตรงกับรหัสตรวจสอบ (digest)")
    if sentences and _unchanged(submission):
        yield from sentences


def _unchanged(submission):
    now = collection(Submission).find_one({"_id": submission.id}, {"writes": 1, "state": 1})
    return (now["writes"], now["state"]) == (submission.writes, submission.state)
