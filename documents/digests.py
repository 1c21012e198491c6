"""Digests: one short value that stands for all records of a submission, and one for a whole round."""

import hashlib
import json

from documents.database import collection
from documents.history import canonical
from documents.record import Place, Record
from documents.thai import clean

BOOKKEEPING = {"_id", "_cls", *Record._fields} - {"extra"}


def digest_of(submission):
    """SHA-256 (hex) over the submission's records in key order, its rooms and the school's name.

    Each record is canonical JSON of its own values: NFC text, ISO dates. The name is the one the submission
    carries, which every move that takes the digest brings up to date; so a school renamed later changes no digest.
    """
    place = Place(submission.area_code, submission.academic_year, submission.round, submission.school_code)
    total = hashlib.sha256()
    total.update(canonical({"school": place.school_code, "name": clean(submission.school_name)}).encode())
    for document in documents_of(submission.subsystem):
        for record in in_key_order(document, place._asdict()):
            total.update(canonical_record(document, record).encode())
    return total.hexdigest()


def documents_of(subsystem):
    """The document classes whose records a submission of this subsystem guards, in menu order."""
    from documents import subsystems

    return [document for document in subsystems() if document.subsystem == subsystem]


def in_key_order(document, place):
    """The stored records of a place (plain dicts) sorted by key, records without one by _id."""
    rows = collection(document).find(place)
    return sorted(
        rows, key=lambda row: ([str(row.get(name) or "") for name in document.key], str(row["_id"]))
    )


def canonical_record(document, record):
    """One record as a line of canonical JSON: what it is and its own values, none of the door's bookkeeping.

    What is missing is left out rather than null, so that a field declared in a later year changes no old digest.
    """
    values = {
        name: value
        for name, value in record.items()
        if name not in BOOKKEEPING and value is not None and value != {}
    }
    return canonical({"kind": document.slug, **values}) + "\n"


def root_of(digests):
    """The root hash of a round: SHA-256 over 'school digest' lines in code order."""
    lines = "".join(f"{code} {digest}\n" for code, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def short_code(digest):
    """The first 12 characters of a digest in groups of four, for people to read out."""
    head = digest[:12].upper()
    return "-".join(head[i : i + 4] for i in (0, 4, 8))


def fingerprint(value):
    """SHA-256 of any JSON-like value; used for what a lock froze."""
    return hashlib.sha256(
        json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode()
    ).hexdigest()
