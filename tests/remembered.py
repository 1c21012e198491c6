"""Fixtures whose stored documents are made by the product once a worker, and put back as they were after that.

A round that is proposed, ordered and opened costs dozens of commands, and most tests stand on one. What such a
fixture stored is remembered by what was done before it in the test: only these fixtures, in the same order, under the
same clock and list of subsystems. After any other write the fixture is made anew.
"""

import functools
import pickle
from dataclasses import dataclass, field

from pymongo import DeleteOne, InsertOne, ReplaceOne

import documents
from documents import clock
from documents.database import db
from tests.listening import LISTENER

MADE = {}  # {what was done, in order: Made}, of this worker


@dataclass
class Made:
    """What a fixture gave and stored: `changes` are {collection: [write]}, `stored` is all there is after it."""

    given: bytes
    changes: dict
    stored: dict  # {collection: {id: document}}
    at: object  # the product's clock when it was done


@dataclass
class Course:
    """What this test has done so far, as far as it is known."""

    done: tuple = ()
    stored: dict = field(default_factory=dict)
    writes: int = 0  # by these fixtures; of LISTENER.writes


COURSE = Course()


def begin():
    """A test begins; where a fixture of its module wrote before it, nothing is remembered."""
    COURSE.done, COURSE.stored, COURSE.writes = (), {}, 0


def remembered(make):
    """The fixture function, which from the second time on puts back what it stored the first time."""

    @functools.wraps(make)
    def made(**others):
        if LISTENER.helped or len(LISTENER.writes) != COURSE.writes:
            return make(**others)
        hour = clock.now().replace(minute=0, second=0, microsecond=0)
        key = (*COURSE.done, (make.__module__, make.__qualname__, hour, *documents.SUBSYSTEMS))
        given = _put_back(MADE[key]) if key in MADE else _keep(key, make(**others))
        COURSE.done, COURSE.stored, COURSE.writes = key, MADE[key].stored, len(LISTENER.writes)
        return given

    return made


def _put_back(known):
    """Store what was stored; the clock goes on from when it was."""
    for name, changes in known.changes.items():
        db()[name].bulk_write(changes, ordered=False)
    if clock.now() < known.at:
        clock.configure(known.at)
    return pickle.loads(known.given)  # noqa: S301  our own


def _keep(key, given):
    """Remember what a fixture gave and what it stored."""
    stored, changes = dict(COURSE.stored), {}
    for name in sorted(LISTENER.written(db().name, COURSE.writes)):
        old, new = stored.get(name, {}), {row["_id"]: row for row in db()[name].find()}
        stored[name] = new
        changes[name] = [InsertOne(row) for id_, row in new.items() if id_ not in old]
        changes[name] += [
            ReplaceOne({"_id": id_}, row) for id_, row in new.items() if id_ in old and old[id_] != row
        ]
        changes[name] += [DeleteOne({"_id": id_}) for id_ in old if id_ not in new]
    changes = {name: writes for name, writes in changes.items() if writes}
    MADE[key] = Made(pickle.dumps(given), changes, stored, clock.now())
    return given
