"""Moves (การเคลื่อนสถานะ) of a submission: the table of design 5, and the one way to make one of them.

A move is one plain conditional update of one document on its state and write counter; a write claims the
submission inside its transaction; so the two can never both win.
"""

import time
from dataclasses import dataclass

from pymongo import ReturnDocument
from pymongo.errors import ExecutionTimeout

from documents import clock
from documents.cases import follow_on
from documents.database import collection
from documents.errors import Busy, Invalid, NotAllowed, OutOfScope, RoundLocked, WindowShut, WrongState
from documents.rounds import find_round
from documents.schools import School
from documents.submissions import SEALED, WRITABLE, Submission, naive, refuse_sealed, round_of
from documents.windows import open_until, refuse_shut

PATIENCE_MS = 10_000  # how long a move waits for a write in progress before it names the school


@dataclass(frozen=True)
class Move:
    """One row of the table: who may take a submission from where to where, and what it asks for."""

    name: str
    label: str
    label_en: str
    come_from: tuple
    to: str
    roles: tuple
    step: str | None = None  # the window that must be open
    reason: bool = False
    digest: bool = False  # takes the digest of the records
    by: str | None = None  # names the field pair <by>_by, <by>_at


MOVES = {
    move.name: move
    for move in (
        Move("confirm", "ยืนยันข้อมูล", "Confirm", WRITABLE, "confirmed", ("school",), "enter",
             digest=True, by="confirmed"),
        Move("unconfirm", "ยกเลิกการยืนยัน", "Cancel confirmation", ("confirmed",), "draft", ("school",), "enter"),
        Move("certify", "รับรองข้อมูล", "Certify", ("confirmed",), "certified", ("director",), "certify",
             digest=True, by="certified"),
        Move("send_back", "ส่งกลับแก้ไข", "Return", ("confirmed",), "returned", ("director", "district"),
             reason=True),
        Move("return", "ส่งกลับแก้ไข", "Return", ("certified", "verified"), "returned", ("district",),
             "verify", reason=True),
        Move("verify", "เขตตรวจสอบแล้ว", "Verify", ("certified",), "verified", ("district",), "verify",
             digest=True, by="verified"),
        Move("lock", "ล็อก", "Lock", ("verified",), "locked", ("approver",), digest=True, by="locked"),
        Move("close", "ปิดโดยไม่ได้รายงาน", "Close unreported",
             ("draft", "returned", "confirmed", "certified"), "unreported", ("approver",), reason=True,
             digest=True, by="locked"),
        Move("reopen", "เปิดคืนให้แก้ไข", "Reopen", SEALED, "returned", ("approver",), reason=True),
    )
}  # fmt: skip


def moves_for(submission, round_, actor, now=None):
    """The moves this person may press now, for the buttons: each is tried against the same rules as `move`."""
    allowed = []
    for row in MOVES.values():
        try:
            check_move(submission, round_, row, actor, now or clock.now())
        except (NotAllowed, WrongState, WindowShut, RoundLocked):
            continue
        if row.name not in ("lock", "close"):
            allowed.append(row)
    return allowed


def check_move(submission, round_, row, actor, now):
    """Raise the refusal that applies, or give back nothing: person, state, round, hold, window, separation.

    The person comes first, so that a stranger does not learn the state.
    """
    if not _may(row, submission, round_, actor):
        raise OutOfScope(f"ท่านไม่มีสิทธิ์{row.label}ของโรงเรียนนี้")
    if submission.state not in row.come_from:
        raise WrongState(
            f"{submission.school_name} อยู่ในสถานะ “{submission.shown_state}” จึง{row.label}ไม่ได้ "
            "อาจมีผู้ทำรายการไปก่อนแล้ว กรุณาเปิดหน้านี้ใหม่"
        )
    if row.name == "close" and round_.state != "closing":
        raise WrongState("ปิดโดยไม่ได้รายงานทำได้เมื่อล็อกทั้งรอบเท่านั้น")
    if row.name == "reopen" and round_.state == "closing":
        raise WrongState(f"รอบ {round_.label} กำลังล็อก จึงเปิดคืนยังไม่ได้ กรุณารอให้ล็อกเสร็จ")
    if round_.sealed and row.name not in ("lock", "close", "reopen"):
        refuse_sealed(submission, round_)
    if submission.hold and row.name in ("confirm", "certify", "verify"):
        raise WrongState(f"เขตพักการรายงานของโรงเรียนนี้ไว้: {submission.hold.get('reason')} กรุณาติดต่อเจ้าหน้าที่เขต")
    if row.step and not actor.is_system:
        refuse_shut(submission, round_, row.step, now)
    if not actor.is_system:
        _refuse_own(submission, round_, row, actor)


def _may(row, submission, round_, actor):
    if actor.is_system or any(
        actor.holds(role, submission.area_code, submission.school_code) for role in row.roles
    ):
        return True
    if row.name != "certify" or not round_.confirmer_certifies:
        return False
    return submission.confirmed_by == actor.id and actor.holds(
        "school", submission.area_code, submission.school_code
    )


def _refuse_own(submission, round_, row, actor):
    """Separation is by person over the whole version: what one did, another checks."""
    did = {
        each["name"] for each in submission.moves if each["by"] == actor.id and _of_version(each, submission)
    }
    if row.name == "certify" and "confirm" in did and not round_.confirmer_certifies:
        raise NotAllowed("ท่านเป็นผู้ยืนยันข้อมูลชุดนี้ จึงรับรองเองไม่ได้ กรุณาให้ผู้อำนวยการรับรอง")
    if row.name == "verify" and (actor.id in submission.writers or did & {"confirm", "certify"}):
        raise NotAllowed("ท่านเป็นผู้บันทึก ยืนยัน หรือรับรองข้อมูลชุดนี้ จึงตรวจสอบเองไม่ได้ กรุณาให้เจ้าหน้าที่คนอื่นตรวจสอบ")


def _of_version(entry, submission):
    """Whether a row of the list of moves belongs to the version that is being reported now."""
    return entry.get("version", 1) == submission.version


def move(submission, name, actor, reason=None, until=None, now=None, records=(), seen=None):
    """Make one move of one submission and give back the fresh Submission.

    One conditional update on state and write counter as read; where the move takes the digest, the
    records are read in between and the counter must still hold, else it is tried again. `seen` is the write
    counter of the page the person looked at: what was written since is not certified or verified unseen.
    `until` (aware) is until when a return or reopening counts as open.
    Raises NotAllowed, WrongState, WindowShut, RoundLocked, Invalid (open errors, missing reason) or Busy.
    """
    row = MOVES[name]
    give_up = time.monotonic() + PATIENCE_MS / 1000
    while True:
        round_ = find_round(
            submission.area_code, submission.subsystem, submission.academic_year, submission.round
        )
        check_move(submission, round_, row, actor, now or clock.now())
        if seen is not None and submission.writes != seen:
            raise WrongState(
                f"ข้อมูลของ{submission.school_name}เปลี่ยนไปหลังจากที่ท่านเปิดหน้านี้ กรุณาเปิดหน้านี้ใหม่และตรวจดูอีกครั้ง"
            )
        _check_content(submission, row, reason, until)
        moved = push(submission, row, changes_of(submission, round_, row, actor, reason, until, records))
        if moved:
            return _recounted(moved) if name == "reopen" else moved
        if time.monotonic() > give_up:
            raise _busy(submission)
        submission = Submission.objects(area_code=submission.area_code, id=submission.id).get()


def _recounted(submission):
    """A reopened submission with its counters counted anew: what is required may have changed since the lock."""
    from documents.completeness import recount

    submission.counts = recount(submission)
    return submission


def _busy(submission):
    return Busy(f"{submission.school_name} กำลังบันทึกข้อมูลอยู่ กรุณารอสักครู่แล้วลองอีกครั้ง")


def _check_content(submission, row, reason, until):
    """What must be given: a reason and a time where they are asked; no required field missing on ยืนยัน."""
    from documents.completeness import missing_of

    if row.reason and not (reason or "").strip():
        raise Invalid({0: {"reason": "โปรดระบุเหตุผล"}})
    if until is not None and until <= clock.now():
        raise Invalid({0: {"until": "เวลาที่ให้แก้ไขต้องอยู่หลังเวลาปัจจุบัน"}})
    if row.name == "reopen" and until is None:
        raise Invalid({0: {"until": "โปรดระบุว่าให้แก้ไขได้ถึงเมื่อใด"}})
    if row.name != "confirm":
        return
    missing = missing_of(submission)
    if missing.records:
        raise Invalid({0: {"missing": f"ยังยืนยันไม่ได้ มี {missing.records:,} รายการที่กรอกไม่ครบ กรุณากรอกให้ครบก่อน"}})
    if not missing.total and not (reason or "").strip():
        raise Invalid({0: {"reason": "ยังไม่มีข้อมูลในรอบนี้ หากไม่มีข้อมูลจริง โปรดระบุเหตุผลก่อนยืนยัน"}})


def changes_of(submission, round_, row, actor, reason, until=None, records=(), digest=None):
    """The update of a move as {'set', 'unset', 'row'}: plain values, the digest taken where the move asks for it.

    A `digest` that is given was taken after this submission was read, under the name it carries.
    """
    now = naive(clock.now())
    if row.digest and digest is None:
        from documents.digests import digest_of

        renamed = _bring_name_up_to_date(submission)
        reuse = submission.digest and submission.digest_writes == submission.writes and not renamed
        digest = submission.digest if reuse else digest_of(submission)
    changes = {"state": row.to}
    clear = {}
    if digest:
        changes |= {"digest": digest, "digest_writes": submission.writes}
        changes |= {"school_name": submission.school_name, "cluster": submission.cluster}
    if row.by == "locked":
        changes |= {"locked_at": now}
    elif row.by:
        changes |= {f"{row.by}_by": actor.id, f"{row.by}_at": now}
    if row.to in ("draft", "returned"):
        clear = dict.fromkeys(("confirmed_by", "confirmed_at", "certified_by", "certified_at",
                               "verified_by", "verified_at"), "")  # fmt: skip
    if row.to == "returned":
        changes["return_until"] = naive(until) if until else _return_until(submission, round_, actor)
        changes["return_reason"] = reason
    if row.name == "reopen":
        changes |= {"version": submission.version + 1, "writers": [], "named_records": list(records)}
        clear["locked_at"] = ""
    if row.to == "confirmed":
        changes["started"] = True
    entry = {
        "name": row.name,
        "from": submission.state,
        "to": row.to,
        "at": now,
        "by": actor.id,
        "by_name": actor.name,
        "reason": reason,
        "until": changes.get("return_until"),
        "digest": digest,
        "version": submission.version,
    }
    return {"set": changes, "unset": clear, "row": entry}


def _bring_name_up_to_date(submission):
    """Give the submission as read the school's present name and cluster; gives whether the name is another."""
    named = {"area_code": submission.area_code, "code": submission.school_code}
    school = collection(School).find_one(named, {"name": 1, "cluster": 1}) or {}
    renamed = "name" in school and school["name"] != submission.school_name
    if school:
        submission.school_name, submission.cluster = school["name"], school.get("cluster")
    return renamed


def _return_until(submission, round_, actor):
    """Until when a return without a time of its own gives: the district's window, a director's own at most.

    A director's return so gives the school no more time than the director has to certify.
    """
    if actor.is_system or actor.holds("district", submission.area_code):
        last = round_.window("verify") or round_.window("enter")
        return last.closes_at if last else None
    given = open_until(submission, round_, "certify")
    return naive(given) if given else None


def push(submission, row, changes):
    """The conditional update; None when state, write counter or list of moves is no longer what was read.

    The length of the list is asked too: a hold set meanwhile changes no state, and two rows must not carry
    one number.
    """
    entry = follow_on(submission, changes["row"])
    update = {"$set": changes["set"] | {"history_hash": entry["hash"]}, "$push": {"moves": entry}}
    if changes["unset"]:
        update["$unset"] = changes["unset"]
    if row.name == "reopen":
        old = {"version": submission.version, "digest": submission.digest, "locked_at": submission.locked_at}
        update["$push"]["versions"] = old
    condition = {
        "_id": submission.id,
        "area_code": submission.area_code,
        "state": submission.state,
        "writes": submission.writes,
        "version": submission.version,
        "moves": {"$size": len(submission.moves)},
    }
    return _update(submission, condition, update)


def _update(submission, condition, update):
    try:
        found = collection(Submission).find_one_and_update(
            condition, update, return_document=ReturnDocument.AFTER, maxTimeMS=PATIENCE_MS
        )
    except ExecutionTimeout as error:
        raise _busy(submission) from error
    return Submission._from_son(found) if found else None


def set_hold(submission, actor, reason):
    """Put the district's hold on a submission, or lift it with `reason` None; pushed on the same list of moves."""
    if not actor.holds("district", submission.area_code):
        raise OutOfScope("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่พักการรายงานได้")
    if reason is not None and not reason.strip():
        raise Invalid({0: {"reason": "โปรดระบุเหตุผล"}})
    refuse_sealed(submission, round_of(submission))
    now = naive(clock.now())
    hold = {"reason": reason, "by": actor.id, "by_name": actor.name, "at": now} if reason else {}
    return _aside(submission, "hold" if reason else "lift", actor, reason, {"hold": hold})


def extend(submission, actor, until, whom, reason):
    """ขยายเวลา: give one school (and/or its director) its own longer window, with a reason.

    `until` is an aware instant, `whom` a subset of ('school', 'director').
    """
    if not actor.holds("district", submission.area_code):
        raise OutOfScope("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่ขยายเวลาได้")
    if not (reason or "").strip():
        raise Invalid({0: {"reason": "โปรดระบุเหตุผล"}})
    if not whom or not set(whom) <= {"school", "director"}:
        raise Invalid({0: {"whom": "โปรดเลือกว่าขยายเวลาให้โรงเรียน ผู้อำนวยการ หรือทั้งสอง"}})
    if until is None or until <= clock.now():
        raise Invalid({0: {"until": "เวลาที่ขยายต้องอยู่หลังเวลาปัจจุบัน"}})
    refuse_sealed(submission, round_of(submission))
    extension = {
        "until": naive(until),
        "for": list(whom),
        "reason": reason,
        "by_name": actor.name,
        "at": naive(clock.now()),
    }
    return _aside(submission, "extend", actor, reason, {"extension": extension})


def _aside(submission, name, actor, reason, changes):
    """A step that changes no state: the same chained list, the same condition."""
    give_up = time.monotonic() + PATIENCE_MS / 1000
    while True:
        entry = {
            "name": name,
            "from": submission.state,
            "to": submission.state,
            "at": naive(clock.now()),
            "by": actor.id,
            "by_name": actor.name,
            "reason": reason,
            "version": submission.version,
        }
        moved = push(submission, Move(name, name, name, (), submission.state, ()),
                      {"set": changes, "unset": {}, "row": entry})  # fmt: skip
        if moved:
            return moved
        if time.monotonic() > give_up:
            raise _busy(submission)
        submission = Submission.objects(area_code=submission.area_code, id=submission.id).get()
