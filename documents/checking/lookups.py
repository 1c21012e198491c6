"""Lookups (ค้นจากเลขประจำตัว): at which other school of the area a number stands; each is noted, and none asks too often.

The answer is the school's name and the fact alone (domain.md 6): nobody learns more of another school's pupil, and by
guessing numbers nobody learns where children are.
"""

import datetime as dt
from typing import NamedTuple

from documents import clock
from documents.database import collection
from documents.district.schools import School
from documents.dmc import student_rules as rules
from documents.dmc.standing import AWAITING
from documents.dmc.students import Student
from documents.errors import Invalid, OutOfScope, TooOften
from documents.formats import citizen_id
from documents.people import access
from documents.records.codelists import code_list
from documents.trail import access_log, history
from documents.trail.history import AuditEvent

EACH_HOUR, EACH_DAY = 30, 120  # lookups of one person
MOST = 50  # records of one number that are looked at
NEEDED = {"school_code": 1, "academic_year": 1, "round": 1, "status": 1, "lineage": 1, "updated_at": 1}


class Found(NamedTuple):
    """What a number's lookup gave: the cleaned number, the own school's record and another school's (dicts or None)."""

    number: str
    own: dict | None
    elsewhere: dict | None
    school_name: str | None  # of `elsewhere`


def clean_number(text):
    """The number as it is stored; raises Invalid for what cannot be one."""
    try:
        number = rules.person_id(text) if (text or "").strip() else ""
    except ValueError as error:
        raise Invalid({0: {"number": str(error)}}) from error
    if not number:
        raise Invalid({0: {"number": "กรุณาพิมพ์เลขประจำตัวประชาชน 13 หลักหรือรหัส G ของนักเรียน"}})
    if number.isdecimal() and len(number) == 13 and not citizen_id.is_citizen_id(number):
        raise Invalid({0: {"number": rules.NUMBERS["I"][1]}})
    return number


def look_up(place, text, actor):
    """The Found of a number, asked by one who writes at a place; noted in the log before the answer is known.

    Raises OutOfScope, Invalid, or TooOften once his hour's or day's lookups are used up.
    """
    if access.writes_as(actor, place.area_code, place.school_code) is None:
        raise OutOfScope()
    number = clean_number(text)
    own = collection(Student).find_one({**place._asdict(), "person_id": number})
    elsewhere = None if own and is_on_roll(own) else find_elsewhere(place, number)
    note(place, number, elsewhere, actor)
    name = school_name(place.area_code, elsewhere["school_code"]) if elsewhere else None
    return Found(number, own, elsewhere, name)


def find_elsewhere(place, number):
    """The stored record of a number in another school: of the newest round up to the place's, on the roll first."""
    query = {"area_code": place.area_code, "person_id": number, "school_code": {"$ne": place.school_code}}
    order = [("academic_year", -1), ("round", -1)]
    rows = collection(Student).find(query, NEEDED).sort(order).hint("number").limit(MOST)
    until = (place.academic_year, place.round)
    rows = [row for row in rows if _round(row) <= until and row.get("status") != AWAITING]
    newest = [row for row in rows if _round(row) == _round(rows[0])]
    return min(newest, key=lambda row: (not is_on_roll(row), str(row["_id"])), default=None)


def _round(row):
    return row["academic_year"], row["round"]


def is_on_roll(row):
    """Whether a stored pupil is on his school's roll (กำลังเรียน, รอดำเนินการ, แขวนลอย)."""
    return bool(code_list("STATUS").fact(row.get("status"), "on_roll"))


def school_name(area_code, code):
    """A school's name as it is now."""
    found = School.objects(area_code=area_code, code=code).only("name").first()
    return found.name if found else code


def note(place, number, elsewhere, actor):
    """Note a lookup that was answered; raises TooOften once the person's hour or day is used up."""
    told = {
        "number": [None, citizen_id.mask_id(number)],
        "for": [None, place.school_code],
        "found": [None, elsewhere and elsewhere["school_code"]],
    }
    numbers = [access_log.number_hash(number)]
    seen = {"numbers": numbers, "lineage": elsewhere and elsewhere.get("lineage")}
    history.note_event(place.area_code, actor, "lookup", "access", actor.id, told, seen=seen)
    if actor.is_system:
        return
    day = history.as_stored(clock.now() - dt.timedelta(days=1))
    asked = {"area_code": place.area_code, "subject": actor.id, "action": "lookup", "at": {"$gte": day}}
    times = [
        row["at"]
        for row in collection(AuditEvent).find(asked, {"at": 1}).sort("number", -1).limit(EACH_DAY + 1)
    ]
    hour = history.as_stored(clock.now() - dt.timedelta(hours=1))
    if len(times) > EACH_DAY or sum(at >= hour for at in times) > EACH_HOUR:
        raise TooOften("ท่านค้นเลขประจำตัวบ่อยเกินไป กรุณารอหนึ่งชั่วโมงแล้วค้นใหม่ หากจำเป็นต้องค้นมากกว่านี้ให้ติดต่อเจ้าหน้าที่เขต")
