"""Two entries decided to be one child (คนเดียวกัน): who leaves, and the numbers that go together.

The record that is not kept goes out of its school, in one transaction with the case: moved out, or removed where it stands
twice in one school. The number it stood under goes among the earlier ones of the record that stays. Where one stands under
a G-code certified in Khet and the other under a 13-digit number, the child has that number: the same transaction replaces
the code in the request and in every open record, as an officer would (documents/gcode/gcode_linking.py).

What a school that has handed in cannot take now is owed: it is put in a night in which the school takes changes again.
"""

import datetime as dt
from dataclasses import replace
from typing import NamedTuple

from documents import clock
from documents.checking.duplicate_cases import AGENCY, DuplicateCase
from documents.checking.lookups import is_on_roll
from documents.clock import midnight
from documents.collecting.submissions import find_submission, may_write
from documents.database import collection, in_transaction
from documents.dmc.renumbering import former_ids, removal, renumber, round_of, taking
from documents.dmc.students import Student
from documents.dmc.transfers import MOVED_AWAY
from documents.errors import DoorClosed, Invalid, RoundLocked, RuleBroken, WrongState
from documents.formats import buddhist, citizen_id
from documents.gcode import gcode_linking
from documents.gcode.gcode_linking import CITIZEN
from documents.notifying import notice_rules
from documents.people.users import System
from documents.records.cases import advance, check_step
from documents.records.record import Place
from documents.records.warrants import Granted, Warrant
from documents.records.writing import Change, write

SCANNER = System("ระบบตรวจซ้ำซ้อน")
WAITS = (1, 2, 4, 7)  # days after each try of what is owed; the last goes for all that follow
MOST_TRIES = 28  # half a year: the school's next round has come and gone


def other_than(case, keeper):
    """The entry that is not the keeper's; raises Invalid where none of the case's was named."""
    if keeper not in {str(row["record"]) for row in case.records}:
        raise Invalid({0: {"keeper": "กรุณาเลือกว่าโรงเรียนใดถูกต้อง"}})
    return next(row for row in case.records if str(row["record"]) != keeper)


def settle(case, keeper, actor, said, ended):
    """Make the step `same`: `keeper` is the id (text) of the record that stays, `ended` what the step sets beside.

    Raises Invalid, WrongState, RoundLocked, or what the door raises.
    """
    if case.kind == AGENCY:
        gone, kept, to, within = case.records[0], None, case.others(case.school_code)[0], False
    else:
        gone = other_than(case, keeper)
        row = next(one for one in case.records if str(one["record"]) == keeper)
        kept, to, within = stored(case, row), row["school_name"], gone["school_code"] == row["school_code"]
        ended = ended | {"kept_by": row["school_code"]}
        if not kept:
            raise WrongState("รายการที่เลือกให้เก็บไว้ไม่อยู่แล้ว กรุณาสั่งตรวจทั้งเขตใหม่")
    plain, out = stored(case, gone), None
    if plain is not None and is_on_roll(plain):
        out = removal(plain) if within else _moved_out(plain, to)
        _refuse_shut(case, gone, actor)
    both = _Both({}, None, False)
    if kept and plain:
        both = together(kept, plain, out, actor, said)
    elif out:
        both = _Both({plain["_id"]: out}, None, False)
    if both.owed:
        ended = ended | {"number_owed": kept["_id"]}

    def along():
        advance(case, "same", actor, said, changes=ended)
        if both.replaces:
            both.replaces()

    _write(both, actor, said, along)


class _Both(NamedTuple):
    """What is written of two entries: {record id: (Change, Granted)}, the step that replaces the code (a function) or None,
    and whether something is owed.
    """

    made: dict
    replaces: object
    owed: bool


def together(kept, gone, out, actor, said):
    """The _Both of two entries (stored dicts) of one child; `out` is (Change, Granted) that takes `gone` out, None where he is
    out already.
    """
    made, replaces, owed, after = {gone["_id"]: out} if out else {}, None, False, kept
    if pair := replacing_of(kept, gone):
        try:
            made |= _renumbered(*pair, gone, out, actor)
            values = gcode_linking.replacing_values(pair[1])
            replaces = gcode_linking.making(pair[0], "replace", values, actor, said)
        except RuleBroken:
            owed = True
    if kept["_id"] in made:
        after = kept | {"person_id": pair[1], "former_ids": former_ids(kept)}
    if taken := taking(after, gone):
        if kept["_id"] in made:
            change, granted = made[kept["_id"]]
            made[kept["_id"]] = change, replace(granted, beside=taken[1].beside)
        elif _takes_now(Place.of(kept)):
            made[kept["_id"]] = taken
        else:
            owed = True
    return _Both(made, replaces, owed)


def replacing_of(one, other):
    """(certified GCodeRequest, 13-digit number) where one of two stored entries stands under the request's code and the other
    under the number; None for any other two.
    """
    for of_code, of_number in ((one, other), (other, one)):
        request = gcode_linking.of_code(of_code["area_code"], of_code.get("person_id"))
        number = of_number.get("person_id")
        if request and request.state == "certified" and citizen_id.is_citizen_id(number or ""):
            return request, number
    return None


def _renumbered(request, number, gone, out, actor):
    """{record id: (Change, Granted)} of all open records under a request's code; raises what forbids it now."""
    check_step(request, request.steps["replace"], actor, clock.now())

    def make(plain):
        change, granted = renumber(plain, number, CITIZEN)
        if plain["_id"] != gone["_id"] or not out:
            return change, granted
        if out[0].remove:
            return out
        change = replace(change, values=out[0].values | change.values)
        return change, replace(granted, names=frozenset(change.values))

    leaving = [gone["_id"]] if out and out[0].remove else []
    found = gcode_linking.replacing(request, number, make, leaving)
    return {change.id: (change, found.grants[change.id]) for change in found.changes}


def _write(both, actor, said, along):
    """Write both entries and what goes with them in one transaction."""
    if not both.made:
        in_transaction(along)
        return
    grants = {id_: granted for id_, (_, granted) in both.made.items()}
    # A code is replaced in rounds whose window may be over; whether the pupil may leave his was asked before.
    claims = "system" if both.replaces or actor.is_system else None
    warrant = Warrant("district", grants, along=along, claims_as=claims)
    write([change for change, _ in both.made.values()], actor, said, via="duplicate", warrant=warrant)


def _moved_out(plain, to):
    place = Place.of(plain)
    values = MOVED_AWAY | {"leave_date": clock.today(), "leave_to": to}
    change = Change(Student, place, values, id=plain["_id"], revision=plain["revision"])
    return change, Granted(place, frozenset(values))


def stored(case, row):
    """The stored pupil (a dict) of an entry, None where he is no more."""
    return collection(Student).find_one({**case.place_of(row)._asdict(), "_id": row["record"]})


def _takes_now(place):
    """Whether a school's data of a round takes changes by the district now."""
    try:
        may_write(find_submission("DMC", place), round_of(place), None, role="system")
    except DoorClosed:
        return False
    return True


def _refuse_shut(case, row, actor):
    """Say whose data is shut and what to do, before the door would say only that it is."""
    place = case.place_of(row)
    round_ = round_of(place)
    try:
        may_write(find_submission("DMC", place), round_, actor, role="district")
    except RoundLocked as error:
        raise RoundLocked(
            f"รอบ {round_} ล็อกแล้ว จึงย้ายออกในรอบนี้ไม่ได้ ให้สั่งตรวจทั้งเขตในรอบปัจจุบันแล้วตัดสินใหม่"
        ) from error
    except WrongState as error:
        raise WrongState(
            f"{row['school_name']}ส่งข้อมูลรอบ {round_} แล้ว ให้ส่งกลับแก้ไขก่อน แล้วจึงตัดสินเรื่องนี้"
        ) from error


# ---- what is owed ----


def put_owed_numbers(area_code, rounds):
    """Put the numbers that are owed to who stays in these rounds; gives how many pupils got theirs.

    One that cannot be put is tried again after a wait that grows, `MOST_TRIES` times in all; the officers hear of both.
    """
    done, today = 0, midnight(clock.today())
    due = {"number_owed": {"$type": "objectId"}, "owed_next": {"$not": {"$gt": today}}}
    for case in DuplicateCase.objects(__raw__={"area_code": area_code} | due) if rounds else ():
        done += sum(_put_owed_number(case, round_) for round_ in rounds)
        _wait_longer(case, today)
    return done


def _wait_longer(case, today):
    """Note that what is owed could not be put, where it is owed still; the last time nothing is owed any more."""
    tries = case.owed_tries + 1
    wait = dt.timedelta(days=WAITS[min(tries, len(WAITS)) - 1])
    ends = tries >= MOST_TRIES
    change = (
        {"$unset": {"number_owed": "", "owed_next": ""}} if ends else {"$set": {"owed_next": today + wait}}
    )
    change["$set"] = change.get("$set", {}) | {"owed_tries": tries}
    own = {"area_code": case.area_code, "_id": case.id, "number_owed": case.number_owed}
    if collection(DuplicateCase).update_one(own, change).matched_count and (ends or tries == len(WAITS)):
        notice_rules.after_owed(case, ends)


def _put_owed_number(case, round_):
    row = next(one for one in case.records if one["record"] == case.number_owed)
    gone, said = stored(case, other_than(case, str(case.number_owed))), case.moves[-1]["reason"]
    place = Place(case.area_code, round_.academic_year, round_.code, case.kept_by)
    stays = collection(Student).find_one({**place._asdict(), "lineage": row["lineage"]})
    if gone and stays is None:
        return 0
    both = together(stays, gone, None, SCANNER, said) if gone else _Both({}, None, False)

    def along():
        if not both.owed:
            own = {"area_code": case.area_code, "_id": case.id}
            collection(DuplicateCase).update_one(own, {"$unset": {"number_owed": ""}})
        if both.replaces:
            both.replaces()

    try:
        _write(both, SCANNER, said, along)
    except RuleBroken:  # somebody was first: the next night
        return 0
    return int(bool(both.made or both.replaces))


# ---- what the page of a case says ----


class Code(NamedTuple):
    """The G-code one of the two stands or stood under: its request, a sentence on it, and its tone."""

    request: object
    sentence: str
    tone: str


def code_of(case):
    """The Code of a case whose child has a certified one, for an officer; None for no such child."""
    if case.kind == AGENCY or case.state in ("different", "real"):
        return None
    entries = [plain for plain in (stored(case, row) for row in case.records) if plain]
    if pair := len(entries) == 2 and replacing_of(*entries):
        request, number = pair[0], citizen_id.mask_id(pair[1])
        if case.state != "same":
            said = f"หากเป็นคนเดียวกัน รหัส G ของคำขอเลขที่ {request.request_no} จะเปลี่ยนเป็นเลข {number} ด้วย ทั้งในคำขอและในรอบที่ยังเปิด"
            return Code(request, said, "info")
        why = _hindrance(request, pair[1])
        said = f"รหัส G ของคำขอเลขที่ {request.request_no} ยังไม่ได้เปลี่ยนเป็นเลข {number} {_next_try(case)} {why}".strip()
        return Code(request, said, "warn")
    numbers = [row.get("id") for plain in entries for row in plain.get("former_ids") or ()]
    for request in filter(None, (gcode_linking.of_code(case.area_code, number) for number in numbers)):
        if request.state == "replaced" and case.state == "same":
            number = citizen_id.mask_id(request.new_number)
            return Code(request, f"รหัส G ของคำขอเลขที่ {request.request_no} เปลี่ยนเป็นเลข {number} แล้ว", "ok")
    return None


def _next_try(case):
    """When what is owed is tried again, or what is to be done where it is not."""
    if not case.number_owed:
        return "ระบบเลิกลองแล้ว ให้เจ้าหน้าที่บันทึกเลข 13 หลักในหน้าคำขอ"
    if not case.owed_next:
        return "ระบบจะลองคืนนี้"
    return f"ระบบจะลองอีกครั้งวันที่ {buddhist.format_date(case.owed_next)}"


def _hindrance(request, number):
    """Why a code cannot be replaced now, '' where nothing stands in the way."""
    try:
        gcode_linking.replacing(request, number, lambda plain: renumber(plain, number, CITIZEN))
    except RuleBroken as refusal:
        return refusal.message
    return ""
