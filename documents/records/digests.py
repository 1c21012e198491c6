"""Digests: one short value that stands for all records of a submission, and one for a whole round."""

import hashlib
from itertools import groupby
from operator import itemgetter

from documents.database import collection
from documents.formats.thai import clean
from documents.records.kinds import documents_of
from documents.records.record import Record
from documents.trail.history import canonical

BOOKKEEPING = {"_id", "_cls", *Record._fields}


def digest_of(submission):
    """SHA-256 (hex) over the submission's records in key order, its rooms and the school's name.

    Each record is canonical JSON of its own values: NFC text, ISO dates. The name is the one the submission
    carries, which every move that takes the digest brings up to date; so a school renamed later changes no digest.
    """
    return digests_of([submission])[submission.school_code]


def digests_of(submissions):
    """{school code: digest} of several submissions of one round, their records read in one pass a document."""
    totals = {each.school_code: hashlib.sha256(_heading(each)) for each in submissions}
    for document in documents_of(submissions[0].subsystem) if submissions else ():
        for code, records in by_school(document, submissions[0], list(totals)):
            for record in in_key_order(document, records):
                totals[code].update(canonical_record(document, record).encode())
    return {code: total.hexdigest() for code, total in totals.items()}


def _heading(submission):
    return canonical({"school": submission.school_code, "name": clean(submission.school_name)}).encode()


def by_school(document, of_round, codes):
    """Yield (school code, its stored records) of some schools in the round of a submission; a school at a time."""
    place = {
        "area_code": of_round.area_code,
        "academic_year": of_round.academic_year,
        "round": of_round.round,
        "school_code": codes[0] if len(codes) == 1 else {"$in": codes},
    }
    rows = collection(document).find(place, batch_size=1000).sort("school_code", 1).hint("school_order")
    yield from groupby(rows, itemgetter("school_code"))


def in_key_order(document, records):
    """Stored records (plain dicts) sorted by key, those without one by _id."""
    return sorted(
        records, key=lambda row: ([str(row.get(name) or "") for name in document.key], str(row["_id"]))
    )


def canonical_record(document, record):
    """One record as a line of canonical JSON: what it is and its own values, none of the door's bookkeeping.

    What is missing is left out rather than null, so that a field declared in a later year changes no old digest.
    """
    values = {"kind": document.slug, **record}
    for name in BOOKKEEPING:
        values.pop(name, None)
    if None in values.values():
        values = {name: value for name, value in values.items() if value is not None}
    return canonical(values) + "\n"


def root_of(digests):
    """The root hash of a round: SHA-256 over 'school digest' lines in code order."""
    lines = "".join(f"{code} {digest}\n" for code, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def short_code(digest):
    """The first 12 characters of a digest in groups of four, for people to read out."""
    head = digest[:12].upper()
    return "-".join(head[i : i + 4] for i in (0, 4, 8))
