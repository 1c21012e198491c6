"""Rewriting stored yearly records in a migration, without breaking what people have put their names to.

The rule: a submission that was handed in or sealed (ยืนยัน รับรอง ตรวจสอบ ล็อก) carries a digest over its records'
declared values. A migration never changes those: the records keep the names and values they were confirmed with,
and the code goes on reading them. What the digest does not cover (the door's bookkeeping, such as sort_key) may be
rewritten anywhere. What a person would call another value goes through `writing.write`, with history.
"""

from itertools import islice

from pymongo import UpdateOne

from documents.database import collection
from documents.digests import canonical_record
from documents.errors import RuleBroken
from documents.record import Place
from documents.submissions import WRITABLE, Submission, place_filter

BATCH = 500
GUARDED = (
    "_id",
    "revision",
    "history_hash",
    "lineage",
    *Place._fields,
)  # what chains, keys and shards rest on


class SealedValues(RuleBroken):
    """A migration wanted to change declared values that somebody has confirmed."""

    def __init__(self, document, record):
        super().__init__(
            f"ปรับรูปแบบข้อมูลไม่ได้ เพราะจะเปลี่ยนค่าที่ยืนยันหรือล็อกแล้ว: {document.slug} {record['_id']} "
            f"โรงเรียน {record['school_code']} รอบ {record['academic_year']}-{record['round']} "
            "(a migration would change confirmed values)"
        )


def rewrite(document, query, change, leave_sealed=False):
    """Give each stored record (a dict) that `query` finds to `change`, which gives back the dict to store.

    With `leave_sealed` the records whose declared values must not change are left as they are; without, the
    first of them raises SealedValues. Gives back (how many were rewritten, how many left). Safe to run again; a
    `query` that no longer finds what is done makes that quick. Nobody else may write meanwhile: this is for
    migrations, before the door is opened.
    """
    rewritten = left = 0
    rows = collection(document).find(query).sort("_id", 1)
    while batch := list(islice(rows, BATCH)):
        changed = [(row, new) for row in batch if (new := _changed(row, change)) != row]
        handed_in = _handed_in(document, changed)
        free = [pair for pair in changed if not _is_kept(document, *pair, handed_in, leave_sealed)]
        _store(document, free)
        rewritten, left = rewritten + len(free), left + len(changed) - len(free)
    return rewritten, left


def _changed(row, change):
    new = change(dict(row))
    if any(new.get(name) != row.get(name) for name in GUARDED):
        raise ValueError(f"a migration must leave {GUARDED} as they are")
    return new


def _declared_differ(document, row, new):
    return canonical_record(document, row) != canonical_record(document, new)


def _handed_in(document, changed):
    """The places of these records whose submission somebody has confirmed, or the round sealed."""
    places = {Place.of(row) for row, new in changed if _declared_differ(document, row, new)}
    query = {"$or": [place_filter(document.subsystem, place) for place in places]}
    found = collection(Submission).find(query, dict.fromkeys((*Place._fields, "state"), 1)) if places else ()
    return {Place.of(row) for row in found if row["state"] not in WRITABLE}


def _is_kept(document, row, new, handed_in, leave_sealed):
    """Whether a record must stay as it is."""
    if Place.of(row) not in handed_in or not _declared_differ(document, row, new):
        return False
    if not leave_sealed:
        raise SealedValues(document, row)
    return True


def _store(document, pairs):
    """Store rewritten records; a digest that a submission keeps from before it was taken back no longer holds."""
    places = {Place.of(row) for row, new in pairs if _declared_differ(document, row, new)}
    for place in places:
        forget = {"$unset": {"digest": "", "digest_writes": ""}}
        collection(Submission).update_one(place_filter(document.subsystem, place), forget)
    operations = [UpdateOne(_here(row), _update(row, new)) for row, new in pairs]
    if operations:
        collection(document).bulk_write(operations, ordered=False)


def _here(row):
    return {"_id": row["_id"], "revision": row["revision"], **Place.of(row)._asdict()}


def _update(row, new):
    put = {name: value for name, value in new.items() if name not in row or row[name] != value}
    gone = dict.fromkeys((name for name in row if name not in new), "")
    return ({"$set": put} if put else {}) | ({"$unset": gone} if gone else {})
