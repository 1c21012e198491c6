"""Asides (เรื่องที่ไม่เปลี่ยนสถานะ): the hold and what is said about it, and a time of a school's own.

They stand in the same chained list of moves as what changes the state, made by the same conditional update.
"""

import time

from documents import clock
from documents.clock import naive
from documents.collecting import moves
from documents.collecting.moves import (
    OPEN,
    Move,
    busy,
    may_make,
    push,
    refuse_shut_school_to,
    refuse_time,
    refuse_version,
)
from documents.collecting.submissions import Submission, refuse_sealed, round_of
from documents.errors import Invalid, NotAllowed, OutOfScope, RoundLocked, WrongState
from documents.notifying import notice_rules
from documents.trail.refusals import noting_refusals

ASIDES = {
    row.name: row
    for row in (
        Move("hold", "พักการรายงาน", "Hold", OPEN, "", ("district",), reason=True),
        Move(
            "answer",
            "ชี้แจงต่อเขต",
            "Answer the hold",
            OPEN,
            "",
            ("school", "director"),
            ("district",),
            reason=True,
        ),
        Move("keep", "ตอบกลับและพักต่อ", "Reply and keep the hold", OPEN, "", ("district",), reason=True),
        Move("lift", "ยกเลิกการพัก", "Lift the hold", OPEN, "", ("district",)),
        Move("extend", "ขยายเวลา", "Extend the time", OPEN, "", ("district",), reason=True),
        Move("prolong", "ขยายเวลาเปิดคืน", "Prolong the reopening", OPEN, "", ("approver",), reason=True),
    )
}
OF_A_HOLD = ("answer", "keep", "lift")


def asides_for(submission, round_, actor):
    """The rows of ASIDES this person may press now."""
    allowed = []
    for row in ASIDES.values():
        try:
            check_aside(submission, round_, row, actor)
        except (NotAllowed, WrongState, RoundLocked):
            continue
        allowed.append(row)
    return allowed


def check_aside(submission, round_, row, actor):
    """Raise the refusal that applies to a row of ASIDES: person, state, hold, version; or give back nothing."""
    if not may_make(row, submission, round_, actor):
        raise OutOfScope(f"ท่านไม่มีสิทธิ์{row.label}ของโรงเรียนนี้")
    refuse_shut_school_to(row, submission, actor)
    refuse_sealed(submission, round_)
    if round_.state in ("draft", "proposed"):
        raise WrongState(f"รอบ {round_} ยังไม่เปิดรับข้อมูล จึง{row.label}ไม่ได้")
    if row.name in OF_A_HOLD and not submission.hold:
        raise WrongState(f"{submission.school_name} ไม่ได้ถูกพักการรายงานอยู่ กรุณาเปิดหน้านี้ใหม่")
    if row.name == "hold" and submission.hold:
        raise WrongState(f"{submission.school_name} ถูกพักการรายงานอยู่แล้ว กรุณาเปิดหน้านี้ใหม่")
    refuse_version(submission, row)
    if row.name == "extend" and submission.version > 1:
        raise WrongState("โรงเรียนนี้เปิดคืนให้แก้ไขอยู่ ผู้รับรองระดับเขตเท่านั้นที่ขยายเวลาเปิดคืนได้")


def set_hold(submission, actor, reason):
    """Put the district's hold on a submission, or lift it with `reason` None; pushed on the same list of moves."""
    row = ASIDES["lift" if reason is None else "hold"]
    now = naive(clock.now())
    hold = {"reason": reason, "by": actor.id, "by_name": actor.name, "at": now} if reason else {}
    return aside(submission, row, actor, reason, lambda read: {"hold": hold})


def answer_hold(submission, actor, text):
    """ชี้แจง: the school says something to the district's hold, which then waits for an answer."""
    return aside(
        submission, ASIDES["answer"], actor, text, lambda read: {"hold": read.hold | {"answered": True}}
    )


def keep_hold(submission, actor, text):
    """The district replies, and the hold stays."""
    return aside(
        submission, ASIDES["keep"], actor, text, lambda read: {"hold": read.hold | {"answered": False}}
    )


def extend(submission, actor, until, whom, reason):
    """ขยายเวลา: give one school (and/or its director) its own longer window, with a reason.

    `until` is an aware instant, `whom` a subset of ('school', 'director').
    """
    extension = {
        "until": naive(until) if until else None,
        "for": list(whom),
        "reason": reason,
        "by_name": actor.name,
        "at": naive(clock.now()),
    }
    return aside(
        submission, ASIDES["extend"], actor, reason, lambda read: {"extension": extension}, until, whom
    )


def prolong(submission, actor, until, reason):
    """ขยายเวลาเปิดคืน: the approver gives a reopened school until another hour."""
    return aside(
        submission, ASIDES["prolong"], actor, reason, lambda read: {"return_until": naive(until)}, until
    )


def _check_given(submission, row, actor, reason, until, whom):
    """What must be given with a row of ASIDES; the person comes first here too."""
    if not may_make(row, submission, None, actor):
        raise OutOfScope(f"ท่านไม่มีสิทธิ์{row.label}ของโรงเรียนนี้")
    if row.reason and not (reason or "").strip():
        raise Invalid({0: {"reason": "โปรดระบุเหตุผล"}})
    if row.name == "extend" and (not whom or not set(whom) <= {"school", "director"}):
        raise Invalid({0: {"whom": "โปรดเลือกว่าขยายเวลาให้โรงเรียน ผู้อำนวยการ หรือทั้งสอง"}})
    if row.name in ("extend", "prolong") and until is None:
        raise Invalid({0: {"until": "โปรดระบุว่าให้เวลาถึงเมื่อใด"}})
    refuse_time(until, clock.now())


@noting_refusals(2)
def aside(submission, row, actor, reason, changes, until=None, whom=()):
    """A row of ASIDES, which changes no state: the same chained list, the same condition; gives the fresh Submission.

    `changes` gives what is set, from the submission as read. Raises what `check_aside` raises, Invalid, or Busy.
    """
    _check_given(submission, row, actor, reason, until, whom)
    give_up = time.monotonic() + moves.PATIENCE_MS / 1000
    while True:
        check_aside(submission, round_of(submission), row, actor)
        entry = {
            "name": row.name,
            "from": submission.state,
            "to": submission.state,
            "at": naive(clock.now()),
            "by": actor.id,
            "by_name": actor.name,
            "reason": reason,
            "until": naive(until) if until else None,
            "version": submission.version,
        }
        moved = push(submission, row, {"set": changes(submission), "unset": {}, "row": entry})
        if moved:
            notice_rules.after_move(moved, row.name, actor, until)
            return moved
        if time.monotonic() > give_up:
            raise busy(submission)
        submission = Submission.objects(area_code=submission.area_code, id=submission.id).get()
