"""Rewriting stored yearly records in a migration, without breaking what people have put their names to.

The rule: a submission that was handed in or sealed (ยืนยัน รับรอง ตรวจสอบ ล็อก) carries a digest over its records'
declared values. A migration never changes those: the records keep the names and values they were confirmed with,
and the code goes on reading them. What the digest does not cover (the door's bookkeeping, such as sort_key) may be
rewritten anywhere. What a person would call another value goes through `writing.write`, with history.
"""

from copy import deepcopy
from itertools import islice

from pymongo import UpdateOne

from documents.collecting.submissions import WRITABLE, Submission, place_filter
from documents.database import collection
from documents.errors import RuleBroken
from documents.records.digests import canonical_record
from documents.records.record import Place

BATCH = 500
# What chains, keys and shards rest on.
GUARDED = ("_id", "revision", "history_hash", "lineage", *Place._fields)


class SealedValues(RuleBroken):
    """A migration wanted to change declared values that somebody has confirmed."""

    def __init__(self, document, record):
        super().__init__(
            f"ปรับรูปแบบข้อมูลไม่ได้ เพราะจะเปลี่ยนค่าที่ยืนยันหรือล็อกแล้ว: {document.slug} {record['_id']} "
            f"โรงเรียน {record['school_code']} รอบ {record['academic_year']}-{record['round']} "
            "(a migration would change confirmed values)"
        )


def rewrite(document, query, change, leave_sealed=False, bookkeeping=()):
    """Give each stored record (a dict) that `query` finds to `change`, which gives back the dict to store.

    `bookkeeping` names what was the door's own in the version before and is no longer: to this code it looks like
    a declared value, but no digest ever covered it.
    With `leave_sealed` the records whose declared values must not change are left as they are; without, the
    first of them raises SealedValues. Gives back (how many were rewritten, how many left). Safe to run again; a
    `query` that no longer finds what is done makes that quick. Nobody else may write meanwhile: this is for
    migrations, before the door is opened.
    """
    rewritten = left = 0
    rows = collection(document).find(query).sort("_id", 1)
    while batch := list(islice(rows, BATCH)):
        changed = [(row, new) for row in batch if (new := _changed(row, change)) != row]
        free = _allowed(document, changed, leave_sealed, bookkeeping)
        _store(document, free)
        rewritten, left = rewritten + len(free), left + len(changed) - len(free)
    return rewritten, left


def _allowed(document, changed, leave_sealed, bookkeeping):
    """Those (row, new) pairs that break no digest; digests in work that they outdate are taken off first."""
    declared = {row["_id"] for row, new in changed if _declared_differ(document, row, new, bookkeeping)}
    touched = {Place.of(row) for row, _ in changed if row["_id"] in declared}
    handed_in = _handed_in(document, touched)
    kept = [row for row, _ in changed if row["_id"] in declared and Place.of(row) in handed_in]
    if kept and not leave_sealed:
        raise SealedValues(document, kept[0])
    _forget_digests(document, touched - handed_in)
    kept = {row["_id"] for row in kept}
    return [pair for pair in changed if pair[0]["_id"] not in kept]


def _changed(row, change):
    new = change(deepcopy(row))
    if any(new.get(name) != row.get(name) for name in GUARDED):
        raise ValueError(f"a migration must leave {GUARDED} as they are")
    return new


def _declared_differ(document, row, new, bookkeeping):
    before, after = (
        {name: value for name, value in each.items() if name not in bookkeeping} for each in (row, new)
    )
    return canonical_record(document, before) != canonical_record(document, after)


def _handed_in(document, places):
    """Those of the places whose submission somebody has confirmed, or the round sealed."""
    query = {"$or": [place_filter(document.subsystem, place) for place in places]}
    found = collection(Submission).find(query, dict.fromkeys((*Place._fields, "state"), 1)) if places else ()
    return {Place.of(row) for row in found if row["state"] not in WRITABLE}


def _forget_digests(document, places):
    """A digest that a submission in work keeps from before it was taken back will no longer hold."""
    for place in places:
        forget = {"$unset": {"digest": "", "digest_writes": ""}}
        collection(Submission).update_one(place_filter(document.subsystem, place), forget)


def _store(document, pairs):
    operations = [UpdateOne(_here(row), _update(row, new)) for row, new in pairs]
    if operations:
        collection(document).bulk_write(operations, ordered=False)


def _here(row):
    return {"_id": row["_id"], "revision": row["revision"], **Place.of(row)._asdict()}


def _update(row, new):
    put = {name: value for name, value in new.items() if name not in row or row[name] != value}
    gone = dict.fromkeys((name for name in row if name not in new), "")
    return ({"$set": put} if put else {}) | ({"$unset": gone} if gone else {})
