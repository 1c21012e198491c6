"""Schools established, merged, dissolved, transferred (จัดตั้ง ยุบ รวม เลิก โอน): by a dated order, never deleted.

Each move is a row of the school's own chained list, with the order's number and day, and an event of history. What
becomes of the school's open submissions is said before and done in the same transaction: one in which nothing was
written leaves its round, one that waits for the district stays, and any other stops the move unless the district
lets it be closed unreported when the round is locked.
"""

import datetime as dt
from dataclasses import dataclass

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from documents import clock
from documents.collecting.asides import ASIDES
from documents.collecting.moves import OPEN, push
from documents.collecting.round_members import is_untouched, take_out
from documents.collecting.rounds import find_round
from documents.collecting.submissions import Submission
from documents.database import collection, in_transaction
from documents.district.school_profile import accepted, follows, taken
from documents.district.schools import STATUSES, School
from documents.errors import Invalid, NotAllowed, StaleRevision, WrongState
from documents.formats import buddhist, thai
from documents.records.cases import follow_on
from documents.trail.history import naive_now, note_event

LONGEST_NUMBER = 80
EARLIEST = dt.date(1857, 1, 1)


@dataclass(frozen=True)
class SchoolMove:
    """One row of the table: from which states to which; `asks` names what else must be told."""

    name: str
    label: str
    label_en: str
    come_from: tuple
    to: str
    asks: str | None = None


MOVES = {
    move.name: move
    for move in (
        SchoolMove("establish", "จัดตั้ง", "Establish", (), "open"),
        SchoolMove("merge", "ยุบรวมกับโรงเรียนอื่น", "Merge", ("open",), "merged", "successor"),
        SchoolMove("close", "ยุบ/เลิก", "Dissolve", ("open",), "closed"),
        SchoolMove("transfer", "ถ่ายโอน", "Transfer", ("open",), "transferred", "receiver"),
        SchoolMove("restore", "กลับมาเปิดสอน", "Open again", ("merged", "closed", "transferred"), "open"),
    )
}


@dataclass(frozen=True)
class Order:
    """The order (คำสั่ง, ประกาศ) a move goes by: its number, its day, and from which day it holds."""

    number: str
    day: dt.date | None
    since: dt.date | None


@dataclass(frozen=True)
class Fate:
    """What becomes of one open submission: 'leaves', 'stays', 'unsettled' or 'reopened'."""

    submission: object
    what: str


def moves_of(school, actor):
    """The rows of the table this person may press for a school."""
    if school.kind == "office" or not _may(actor, school.area_code):
        return []
    return [move for move in MOVES.values() if (school.status or "open") in move.come_from]


def fates_of(school):
    """[Fate] of the school's submissions that are not sealed."""
    return [Fate(Submission._from_son(plain), _fate(plain)) for plain in _open_rows(school)]


def _open_rows(school):
    own = {"area_code": school.area_code, "school_code": school.code, "state": {"$in": list(OPEN)}}
    return collection(Submission).find(own).sort([("academic_year", -1), ("round", -1)])


def _fate(plain):
    if plain.get("version", 1) > 1:
        return "reopened"
    if is_untouched(plain):
        return "leaves"
    return "stays" if plain["state"] in ("certified", "verified") else "unsettled"


def establish(area_code, code, typed, order, actor, reason=None):
    """Add a school by its order; gives back the School. Raises NotAllowed or Invalid by field."""
    _require(actor, area_code)
    code = thai.arabic_digits(thai.clean(code))
    values, wrong = _sound(typed, order)
    wrong = taken(area_code, values) | wrong
    if not (len(code) == 8 and code.isascii() and code.isdigit()):
        wrong["code"] = "รหัส SMIS มี 8 หลัก"
    elif School.objects(area_code=area_code, code=code).first():
        wrong["code"] = "มีโรงเรียนรหัสนี้อยู่แล้ว"
    if wrong:
        raise Invalid({0: wrong})
    new = School(id=ObjectId(), area_code=area_code, code=code, kind="school", status="open")
    row = follow_on(new, _row(MOVES["establish"], None, order, actor, reason))
    kept = {name: value for name, value in values.items() if value is not None}
    plain = {
        "_id": new.id, "area_code": area_code, "code": code, "kind": "school", "status": "open", "revision": 1,
        **kept, **follows(kept), "opened_on": clock.midnight(order.since), "moves": [row], "history_hash": row["hash"],
    }  # fmt: skip
    told = {name: [None, value] for name, value in ({"code": code} | kept).items()}

    def work():
        collection(School).insert_one(plain)
        _note(plain, "establish", actor, reason, told | _told_order(order))

    try:
        in_transaction(work)
    except DuplicateKeyError as error:
        raise Invalid({0: {"code": "มีโรงเรียนรหัสนี้อยู่แล้ว"}}) from error
    return School.objects(area_code=area_code, id=new.id).get()


def _sound(typed, order):
    """({field: value}, {field: sentence}) of what was typed of a new school and its order."""
    wrong = _wrong_order(order)
    try:
        values = accepted(typed)
    except Invalid as refusal:
        values, wrong = {}, refusal.errors[0] | wrong
    if not values.get("name"):
        wrong.setdefault("name", "กรุณากรอกชื่อโรงเรียน")
    return values, wrong


def move_school(
    found, name, order, actor, revision, reason=None, successor=None, receiver=None, unreported=False
):
    """Make a move of the table where the school still is at `revision`; gives back the fresh School.

    `successor` is the code of the school it is merged with, `receiver` who takes it over; `unreported` lets what is
    not settled be closed unreported when its round is locked.
    Raises NotAllowed, WrongState, Invalid by field, or StaleRevision.
    """
    move = MOVES[name]
    _require(actor, found.area_code)
    if found.kind == "office" or (found.status or "open") not in move.come_from:
        raise WrongState(
            f"{found.name}อยู่ในสถานะ “{STATUSES.get(found.status, found.status)}” จึง{move.label}ไม่ได้ "
            "อาจมีผู้ทำรายการไปก่อนแล้ว กรุณาเปิดหน้านี้ใหม่"
        )
    reason, receiver = thai.clean(reason)[:500] or None, thai.clean(receiver)[:200] or None
    into = _checked(found, move, order, successor, receiver)
    also = {"successor": into and into.code, "successor_name": into and into.name, "receiver": receiver}
    row = follow_on(found, _row(move, found.status, order, actor, reason) | also)
    values = {
        "status": move.to,
        "successor": into and into.code,
        "closed_on": None if move.to == "open" else clock.midnight(order.since),
    }
    told = {"status": [found.status, move.to]} | _told_order(order)
    told |= {"successor": [None, f"{into.name} ({into.code})"]} if into else {}
    told |= {"receiver": [None, receiver]} if receiver else {}

    def work():
        shut = None if move.to == "open" else move.to
        if shut:
            _settle(found, move, order, actor, unreported)
        update = {
            "$set": values | {"history_hash": row["hash"]},
            "$inc": {"revision": 1},
            "$push": {"moves": row},
        }
        own = {"_id": found.id, "area_code": found.area_code, "revision": revision, "status": found.status}
        if not collection(School).update_one(own, update).matched_count:
            raise StaleRevision([])
        collection(Submission).update_many(
            {"area_code": found.area_code, "school_code": found.code}, {"$set": {"school_shut": shut}}
        )
        _note(found.to_mongo(), name, actor, reason, told)

    in_transaction(work)
    return School.objects(area_code=found.area_code, id=found.id).get()


def _checked(found, move, order, successor, receiver):
    """The School that takes over, where the move asks for one. Raises Invalid by field for what cannot be."""
    wrong = _wrong_order(order)
    into = _successor(found, successor, wrong) if move.asks == "successor" else None
    if move.asks == "receiver" and not receiver:
        wrong["receiver"] = "กรุณาระบุหน่วยงานที่รับโอน เช่น อบจ.อุบลราชธานี"
    if wrong:
        raise Invalid({0: wrong})
    return into


def _settle(found, move, order, actor, unreported):
    """Inside the transaction: deal with each open submission, as `fates_of` said. Raises WrongState."""
    rows = list(_open_rows(found))
    fates = [(plain, _fate(plain)) for plain in rows]
    reason = f"{move.label} ตามคำสั่งที่ {order.number}"
    for plain, fate in fates:
        if fate in ("leaves", "stays"):
            continue
        round_ = find_round(found.area_code, plain["subsystem"], plain["academic_year"], plain["round"])
        if fate == "reopened":
            raise WrongState(f"รอบ {round_} เปิดคืนให้โรงเรียนแก้ไขอยู่ ให้ผู้รับรองระดับเขตสิ้นสุดการเปิดคืนก่อน")
        if not unreported:
            raise WrongState(
                f"ยังมีข้อมูลรอบ {round_} ที่ยังไม่ได้รับรอง ให้โรงเรียนส่งให้เสร็จก่อน หรือเลือกให้ปิดโดยไม่ได้รายงานเมื่อล็อกรอบ"
            )
    for plain, fate in fates:
        if fate == "leaves":
            take_out(plain, actor, reason)
        elif fate == "unsettled":
            _hold(Submission._from_son(plain), actor, f"{reason} จะปิดโดยไม่ได้รายงานเมื่อล็อกรอบ")


def _hold(submission, actor, reason):
    """Put the district's hold on a submission, so that it cannot be confirmed any more; one on hold stays so."""
    round_ = find_round(
        submission.area_code, submission.subsystem, submission.academic_year, submission.round
    )
    if not round_.running:
        raise WrongState(f"รอบ {round_} กำลังล็อก กรุณารอให้ล็อกเสร็จแล้วทำรายการนี้อีกครั้ง")
    if submission.hold:
        return
    now = naive_now()
    entry = {"name": "hold", "from": submission.state, "to": submission.state, "at": now, "by": actor.id,
             "by_name": actor.name, "reason": reason, "until": None, "version": submission.version}  # fmt: skip
    hold = {"reason": reason, "by": actor.id, "by_name": actor.name, "at": now}
    if not push(submission, ASIDES["hold"], {"set": {"hold": hold}, "unset": {}, "row": entry}):
        raise WrongState(f"มีผู้ทำรายการของ{submission.school_name}ไปก่อนแล้ว กรุณาเปิดหน้านี้ใหม่")


def _successor(found, code, wrong):
    code = thai.arabic_digits(thai.clean(code))
    if code == found.code:
        wrong["successor"] = "รวมกับโรงเรียนตัวเองไม่ได้ กรุณาเลือกโรงเรียนหลัก"
        return None
    into = School.objects(area_code=found.area_code, code=code, kind="school").first() if code else None
    if into is None or not into.is_open:
        wrong["successor"] = "กรุณาเลือกโรงเรียนหลักที่ยังเปิดสอนในเขต"
    return into


def _wrong_order(order):
    wrong, today = {}, clock.today()
    number = thai.clean(order.number)
    if not number:
        wrong["order_number"] = "กรุณากรอกเลขที่คำสั่งหรือประกาศ"
    elif len(number) > LONGEST_NUMBER:
        wrong["order_number"] = f"ยาวเกิน {LONGEST_NUMBER} ตัวอักษร กรุณาย่อให้สั้นลง"
    for name, day in (("order_day", order.day), ("since", order.since)):
        if day is None:
            wrong[name] = "กรุณากรอกวันที่ เป็น วว/ดด/พ.ศ."
        elif not EARLIEST <= day <= today:
            wrong[name] = "ต้องไม่หลังวันนี้ บันทึกได้เมื่อคำสั่งมีผลแล้ว" if day > today else "กรุณาตรวจปี พ.ศ. ที่พิมพ์"
    return wrong


def _require(actor, area_code):
    if not _may(actor, area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่บันทึกการจัดตั้ง ยุบ รวม เลิก หรือโอนโรงเรียนได้")


def _may(actor, area_code):
    return actor.is_system or actor.holds("district", area_code)


def _row(move, status, order, actor, reason):
    return {
        "name": move.name, "from": status, "to": move.to, "at": naive_now(), "by": actor.id, "by_name": actor.name,
        "reason": reason, "order_number": thai.clean(order.number), "order_day": clock.midnight(order.day),
        "since": clock.midnight(order.since),
    }  # fmt: skip


def _told_order(order):
    return {
        "order_number": [None, thai.clean(order.number)],
        "since": [None, clock.midnight(order.since)],
    }


def _note(plain, name, actor, reason, told):
    note_event(
        plain["area_code"], actor, name, "schools", plain["_id"], told, reason,
        school_code=plain["code"], headline=plain["name"],
    )  # fmt: skip


def in_words(row):
    """One row of a school's list in a line: 'ยุบรวมกับบ้านสอง ตั้งแต่ 1 มิ.ย. 68 คำสั่งที่ 12/2568 ลงวันที่ 30 พ.ค. 68'."""
    what = MOVES[row["name"]].label
    if row.get("successor_name"):
        what = f"ยุบรวมกับ{row['successor_name']}"
    elif row.get("receiver"):
        what = f"{what}ให้{row['receiver']}"
    since, day = (buddhist.format_short(row[name]) for name in ("since", "order_day"))
    return f"{what} ตั้งแต่ {since} คำสั่งที่ {row['order_number']} ลงวันที่ {day}"
