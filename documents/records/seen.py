"""What a write looks at before anything is decided: the stored records and the doors of their submissions.

It is read in one question where the changes are of few places: a round trip costs more than most of what it asks.
"""

from typing import NamedTuple

from documents.collecting.claiming import door_of, door_question
from documents.database import asked_in_parts
from documents.records import completeness
from documents.records.declarations import reading_version, version_of


class Seen(NamedTuple):
    """What was read of the database before anything is decided: stored dicts by id, {(subsystem, place): Door}, and
    the version of the declarations (None: not read)."""

    stored: dict
    doors: dict
    version: int | None


def read_seen(changes, with_doors=False, anew=False):
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


def read_doors(places, documents):
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
