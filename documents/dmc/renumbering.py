"""Another number for a pupil (เปลี่ยนเลขประจำตัว): the change of one record, and of all his open ones at once.

The old number stays with him in `former_ids`. What is locked stays as it was; what was handed in is returned first.
"""

from typing import NamedTuple

from documents import clock
from documents.collecting.rounds import find_round
from documents.collecting.submissions import find_submission, may_write, refuse_sealed
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import DuplicateKey, RoundLocked, WrongState
from documents.records.change import Change
from documents.records.record import Place
from documents.records.warrants import Granted

MOST = 500  # records of one number in an area: twenty years of three rounds, in several schools


class Renumbered(NamedTuple):
    """What a new number brings: the changes, {record id: Granted} for a warrant, and the places that stay locked."""

    changes: list
    grants: dict
    locked: list


def renumber(plain, number, kind):
    """(Change, Granted) that give a stored pupil (dict) another number; `number` None leaves him without one."""
    place = Place.of(plain)
    values = {"person_id": number, "id_type": kind}
    change = Change(Student, place, values, id=plain["_id"], revision=plain["revision"])
    return change, Granted(place, frozenset(values), beside={"former_ids": former_ids(plain)})


def taking(kept, gone):
    """(Change, Granted) that put the numbers of a pupil's other entry (dict) among his earlier ones; None where they are.

    What the other entry stood under is his from the day it was entered there until today.
    """
    earlier = kept.get("former_ids") or []
    known = {kept.get("person_id"), *(row.get("id") for row in earlier)}
    rows = [row for row in gone.get("former_ids") or () if row.get("id") not in known]
    if gone.get("person_id") and gone["person_id"] not in known:
        rows.append(former_ids(gone)[-1])
    if not rows:
        return None
    place = Place.of(kept)
    change = Change(Student, place, id=kept["_id"], revision=kept["revision"], reviewed=None)
    return change, Granted(place, beside={"former_ids": [*earlier, *rows]})


def removal(plain):
    """(Change, Granted) that take a stored pupil out of his round; his history keeps all of him."""
    place = Place.of(plain)
    change = Change(Student, place, id=plain["_id"], revision=plain["revision"], remove=True)
    return change, Granted(place, remove=True)


def renumbered(area_code, number, make):
    """The Renumbered of every record with a number in an area; `make(plain)` gives (Change, Granted) of an open one.

    Raises WrongState where a school has handed in a round with it that is not locked yet.
    """
    changes, grants, locked = [], {}, []
    for plain in records_of(area_code, number):
        place = Place.of(plain)
        try:
            refuse_shut(place)
        except RoundLocked:
            locked.append(place)
            continue
        change, granted = make(plain)
        changes.append(change)
        grants[change.id] = granted
    return Renumbered(changes, grants, locked)


def records_of(area_code, number):
    """The stored pupils (dicts) with a number in an area, the newest round first."""
    order = [("academic_year", -1), ("round", -1), ("_id", 1)]
    query = {"area_code": area_code, "person_id": number}
    return list(collection(Student).find(query).sort(order).hint("number").limit(MOST))


def refuse_shut(place):
    """Raise RoundLocked for a locked round, WrongState where the school has handed in; no window is asked for."""
    submission, round_ = find_submission("DMC", place), round_of(place)
    refuse_sealed(submission, round_)
    try:
        may_write(submission, round_, None, role="system")
    except WrongState as error:
        raise WrongState(
            f"{submission.school_name}ส่งข้อมูลรอบ {round_} แล้ว ให้ส่งกลับแก้ไขก่อน แล้วจึงแก้เลขให้"
        ) from error


def refuse_met(changes, leaving=()):
    """Raise DuplicateKey where a school and round of these Changes has another pupil with the new number.

    `leaving` are ids of records that are taken out with them.
    """
    for change in changes:
        number = change.values.get("person_id")
        if number and (other := in_school(change.place, number, change.id, *leaving)):
            where = f"รอบ {round_of(change.place)}"
            raise DuplicateKey(
                f"เลขใหม่เป็นของ{Student.headline(other)}ในโรงเรียนเดียวกัน {where} อยู่แล้ว กรุณาให้โรงเรียนตรวจทั้งสองคนก่อน"
            )


def in_school(place, number, *own):
    """The stored record of another pupil of the school with this number than these, or None."""
    return collection(Student).find_one({**place._asdict(), "person_id": number, "_id": {"$nin": own}})


def former_ids(plain):
    """The list of a pupil's earlier numbers with the present one at its end: {id, type, from, to}."""
    earlier = plain.get("former_ids") or []
    if not plain.get("person_id"):
        return earlier
    today = clock.today()
    since = earlier[-1]["to"] if earlier else plain.get("admission_date") or plain["created_at"]
    row = {"id": plain["person_id"], "type": plain.get("id_type"), "from": since, "to": clock.midnight(today)}
    return [*earlier, row]


def round_of(place):
    """The DMC round of a place."""
    return find_round(place.area_code, "DMC", place.academic_year, place.round)
