"""Claiming (การจองการส่งข้อมูล): how a write takes its turn at the submission that guards its records, and a move takes its own.

What guards a place is read at once, before the transaction; inside it the write claims the submission as it was read, so
that of a write and a move (`moves.py`) only one can win.
"""

import datetime as dt
from typing import NamedTuple

from documents import clock
from documents.clock import naive, utc
from documents.collecting.rounds import Round
from documents.collecting.submissions import Submission, may_write, place_filter
from documents.database import collection
from documents.errors import OutOfScope, WrongState

WAY_FOR = dt.timedelta(seconds=2)
MOST_READ = 400  # rows of rounds and submissions whose objects are kept made
# What no write asks of a submission: lists that grow, and what every write changes.
NOT_OF_A_DOOR = (
    "moves", "versions", "counts", "writes", "removed", "writers", "last_write_at", "digest", "digest_writes",
)  # fmt: skip


class Door(NamedTuple):
    """What a write of one place is guarded by, read at once: either may be None."""

    submission: Submission | None
    round: Round | None
    settings: list


class DoorMoved(Exception):
    """A submission was no longer as its Door was read; the transaction is given up and the Door read again."""


def door_question(subsystem, place, *beside):
    """What `door_of` is to be given, as `database.asked_together` takes it.

    `beside` are stages that add what else a write asks: the settings of its records as `settings`, and more.
    """
    of_round = {
        "area_code": place.area_code,
        "academic_year": place.academic_year,
        "subsystem": subsystem,
        "code": place.round,
    }
    return Submission, [
        {"$match": place_filter(subsystem, place)},
        {"$limit": 1},
        {"$unset": list(NOT_OF_A_DOOR)},
        _beside(Round, of_round, ["moves", "memo"]),
        *beside,
    ]


def door_of(rows):
    """The Door of a place from what was read of it."""
    if not rows:
        return Door(None, None, [])
    row = rows[0]
    rounds, settings = row.pop("round_row"), row.pop("settings")
    row.pop("declared", None)
    round_ = _as_read(Round, rounds[0]) if rounds else None
    return Door(_as_read(Submission, row), round_, settings)


def _beside(document, asked, without):
    stages = [{"$match": asked}, {"$limit": 1}, {"$unset": without}]
    return {"$lookup": {"from": document._get_collection_name(), "pipeline": stages, "as": "round_row"}}


_LAST_READ = {}  # id: (its stored row, the object made of it); a handful are written in at a time


def _as_read(document, row):
    """The object of a stored row, only to be asked; made anew where the row is another than the last time."""
    known, made = _LAST_READ.get(row["_id"], (None, None))
    if known != row:
        if len(_LAST_READ) > MOST_READ:
            _LAST_READ.clear()
        made = document._from_son(dict(row))
        _LAST_READ[row["_id"]] = (row, made)
    return made


def make_way(submission):
    """After a move lost against a write: for a moment no write claims the submission, so that the next try gets through.

    Else a school that writes without a pause, as an import does, could be neither confirmed nor locked.
    """
    collection(Submission).update_one(
        {"_id": submission.id, "area_code": submission.area_code},
        {"$set": {"way_until": clock.real_now() + WAY_FOR}},
    )


def must_give_way(submission):
    """Whether a write has to wait for a move at this moment."""
    until = submission and submission.way_until
    return bool(until) and clock.real_now() < utc(until)


def claim(door, place, actor, deltas, removed=0, role=None, carried=None):
    """Inside a transaction: make this writer's claim on the submission of a Door and count what is written.

    `deltas` are added to the submission's counters; `role` as in `may_write`. Gives back the role the actor writes as.
    With `carried`, what is said of a carry-over, nobody of the school has begun by it.
    Raises DoorMoved where the submission was moved, or counted anew by other required fields, since the Door was read,
    and where a move is being let through; what happens between our snapshot and the commit makes the update conflict, and the transaction starts again.
    """
    submission = door.submission
    if submission is None or door.round is None:
        raise OutOfScope("ไม่พบการส่งข้อมูลของโรงเรียนนี้ในรอบนี้ กรุณาตรวจสอบว่าเลือกโรงเรียนและรอบถูกต้อง")
    role = may_write(submission, door.round, actor, role=role)
    if carried and submission.carried:
        raise WrongState(f"{submission.school_name} รอบ {door.round} ยกข้อมูลจากรอบก่อนมาแล้ว")
    changes = {f"counts.{name}": delta for name, delta in deltas.items() if delta}
    same = ("state", "version", "history_hash", "counted")
    as_read = {name: submission[name] for name in same} | {"way_until": {"$not": {"$gt": clock.real_now()}}}
    if carried:
        as_read["carried"] = {"$exists": False}
    begun = {"carried": carried} if carried else {"started": True, "last_write_at": naive(clock.now())}
    done = collection(Submission).update_one(
        {"_id": submission.id, "area_code": place.area_code} | as_read,
        {
            "$inc": {"writes": 1, "removed": removed} | changes,
            "$set": begun,
            "$unset": {"digest": "", "digest_writes": ""},
            "$addToSet": {"writers": actor.id},
        },
    )
    if not done.matched_count:
        raise DoorMoved
    return role
