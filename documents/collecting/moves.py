"""Moves (การเคลื่อนสถานะ) of a submission: the table of design 5, and the one way to make one of them.

A move is one plain conditional update of one document on its state and write counter; a write claims the
submission inside its transaction; so the two can never both win.
"""

import datetime as dt
import time
from dataclasses import dataclass, replace

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.errors import ExecutionTimeout

from documents import clock
from documents.checking.hindrances import looked_at
from documents.clock import naive, utc
from documents.collecting.claiming import make_way
from documents.collecting.rounds import find_round
from documents.collecting.submissions import (
    HANDED_IN,
    SEALED,
    WRITABLE,
    Submission,
    refuse_sealed,
    refuse_shut_school,
)
from documents.collecting.windows import open_until, refuse_shut
from documents.database import collection
from documents.district.schools import School
from documents.errors import Busy, Invalid, NotAllowed, OutOfScope, RoundLocked, WindowShut, WrongState
from documents.formats import buddhist
from documents.notifying import notice_rules
from documents.records.cases import follow_on
from documents.records.completeness import recount
from documents.records.digests import digest_of
from documents.trail.refusals import noting_refusals

OPEN = (*WRITABLE, *HANDED_IN)
PATIENCE_MS = 10_000  # how long a move waits for a write in progress before it names the school


@dataclass(frozen=True)
class Move:
    """One row of the table: who may take a submission from where to where, and what it asks for.

    The area office reports as a unit of its own: a district officer confirms, the approver certifies, another
    officer verifies.
    """

    name: str
    label: str
    label_en: str
    come_from: tuple
    to: str
    roles: tuple
    office: tuple = ()  # the roles that make it for the area office itself, where they are others
    step: str | None = None  # the window that must be open
    reason: bool = False
    digest: bool = False  # takes the digest of the records
    by: str | None = None  # names the field pair <by>_by, <by>_at

    def roles_for(self, submission):
        """The roles that may make it of this submission."""
        return self.office if self.office and submission.is_office else self.roles


MOVES = {
    move.name: move
    for move in (
        Move("confirm", "ยืนยันข้อมูล", "Confirm", WRITABLE, "confirmed", ("school",), ("district",), "enter",
             digest=True, by="confirmed"),
        Move("unconfirm", "ยกเลิกการยืนยัน", "Cancel confirmation", ("confirmed",), "draft", ("school",),
             ("district",), "enter"),
        Move("certify", "รับรองข้อมูล", "Certify", ("confirmed",), "certified", ("director",), ("approver",),
             "certify", digest=True, by="certified"),
        Move("send_back", "ส่งกลับแก้ไข", "Return", ("confirmed",), "returned", ("director", "district"),
             ("approver", "district"), reason=True),
        Move("return", "ส่งกลับแก้ไข", "Return", ("certified", "verified"), "returned", ("district",),
             step="verify", reason=True),
        Move("verify", "เขตตรวจสอบแล้ว", "Verify", ("certified",), "verified", ("district",), step="verify",
             digest=True, by="verified"),
        Move("lock", "ล็อก", "Lock", ("verified",), "locked", ("approver",), digest=True, by="locked"),
        Move("close", "ปิดโดยไม่ได้รายงาน", "Close unreported",
             ("draft", "returned", "confirmed", "certified"), "unreported", ("approver",), reason=True,
             digest=True, by="locked"),
        Move("reopen", "เปิดคืนให้แก้ไข", "Reopen", SEALED, "returned", ("approver",), reason=True),
        Move("end", "สิ้นสุดการเปิดคืน", "End the reopening", OPEN, "returned", ("approver",), reason=True),
        Move("back", "กลับเป็นฉบับเดิม", "Back to the version before", ("returned",), "locked", ("approver",),
             reason=True, digest=True, by="locked"),
    )
}  # fmt: skip

OF_A_VERSION = ("end", "back", "prolong")  # of a reopened school alone
LONGEST = dt.timedelta(days=180)  # of a time of a school's own: a slip of the year is no wish


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


def refuse_version(submission, row):
    """Raise WrongState where a row is of a reopened school alone, and this is none."""
    if row.name in OF_A_VERSION and not submission.reopened:
        raise WrongState(f"{submission.school_name} ไม่ได้เปิดคืนให้แก้ไขอยู่ จึงกด “{row.label}” ไม่ได้")


def check_move(submission, round_, row, actor, now):
    """Raise the refusal that applies, or give back nothing: person, state, round, hold, window, separation.

    The person comes first, so that a stranger does not learn the state.
    """
    if not may_make(row, submission, round_, actor):
        raise OutOfScope(f"ท่านไม่มีสิทธิ์กด “{row.label}” ของโรงเรียนนี้")
    refuse_shut_school_to(row, submission, actor)
    if submission.state not in row.come_from:
        raise WrongState(
            f"{submission.school_name} อยู่ในสถานะ “{submission.shown_state}” จึงกด “{row.label}” ไม่ได้ "
            "อาจมีผู้ทำรายการไปก่อนแล้ว กรุณาเปิดหน้านี้ใหม่"
        )
    if row.name == "close" and round_.state != "closing":
        raise WrongState("ปิดโดยไม่ได้รายงานทำได้เมื่อล็อกทั้งรอบเท่านั้น")
    refuse_version(submission, row)
    if row.name == "back" and not submission.is_over(now):
        raise WrongState(f"{submission.school_name} ยังอยู่ในเวลาที่เปิดคืนให้แก้ไข กรุณาสิ้นสุดการเปิดคืนก่อน")
    if row.name == "reopen" and round_.state == "closing":
        raise WrongState(f"รอบ {round_} กำลังล็อก จึงเปิดคืนยังไม่ได้ กรุณารอให้ล็อกเสร็จ")
    if round_.sealed and row.name not in ("lock", "close", "reopen"):
        refuse_sealed(submission, round_)
    if submission.hold and row.name in ("confirm", "certify", "verify"):
        raise WrongState(f"เขตพักการรายงานของโรงเรียนนี้ไว้: {submission.hold.get('reason')} กรุณาติดต่อเจ้าหน้าที่เขต")
    if row.step and not actor.is_system:
        refuse_shut(submission, round_, row.step, now)
    if not actor.is_system:
        _refuse_own(submission, round_, row, actor)


def may_make(row, submission, round_, actor):
    """Whether this person's roles allow a row of the submission; `round_` may be None for one that asks for none."""
    if actor.is_system or any(
        actor.holds(role, submission.area_code, submission.school_code) for role in row.roles_for(submission)
    ):
        return True
    if row.name != "certify" or submission.is_office or not round_.confirmer_certifies:
        return False
    return submission.confirmed_by == actor.id and actor.holds(
        "school", submission.area_code, submission.school_code
    )


def refuse_shut_school_to(row, submission, actor):
    """A school that was merged or closed moves nothing any more; the district and the approver still do."""
    others = [role for role in row.roles if role not in ("school", "director")]
    if not actor.is_system and not any(actor.holds(role, submission.area_code) for role in others):
        refuse_shut_school(submission)


def _refuse_own(submission, round_, row, actor):
    """Separation is by person over the whole version: what one did, another checks."""
    did = {
        each["name"] for each in submission.moves if each["by"] == actor.id and _of_version(each, submission)
    }
    if (
        row.name == "certify"
        and "confirm" in did
        and (submission.is_office or not round_.confirmer_certifies)
    ):
        whom = "ผู้รับรองระดับเขตคนอื่น" if submission.is_office else "ผู้อำนวยการ"
        raise NotAllowed(f"ท่านเป็นผู้ยืนยันข้อมูลชุดนี้ จึงรับรองเองไม่ได้ กรุณาให้{whom}รับรอง")
    if row.name == "verify" and (actor.id in submission.writers or did & {"confirm", "certify"}):
        raise NotAllowed("ท่านเป็นผู้บันทึก ยืนยัน หรือรับรองข้อมูลชุดนี้ จึงตรวจสอบเองไม่ได้ กรุณาให้เจ้าหน้าที่คนอื่นตรวจสอบ")


def _of_version(entry, submission):
    """Whether a row of the list of moves belongs to the version that is being reported now."""
    return entry.get("version", 1) == submission.version


@noting_refusals(2)
def move(submission, name, actor, reason=None, until=None, now=None, records=(), seen=None, known=None):
    """Make one move of one submission and give back the fresh Submission.

    One conditional update on state and write counter as read; where the move takes the digest, the
    records are read in between and the counter must still hold, else it is tried again. `seen` is the write
    counter of the page the person looked at: what was written since is not certified or verified unseen.
    `until` (aware) is until when a return or reopening counts as open; `known` is the submission's Checkup (a dict) where
    it was just worked out.
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
        _check_content(submission, round_, row, reason, until, known)
        _check_time(submission, row, actor, until, now or clock.now())
        moved = push(submission, row, changes_of(submission, round_, row, actor, reason, until, records))
        if moved:
            notice_rules.after_move(moved, name, actor)
            return recounted(moved) if name == "reopen" else moved
        if time.monotonic() > give_up:
            raise busy(submission)
        make_way(submission)
        submission = Submission.objects(area_code=submission.area_code, id=submission.id).get()


def recounted(submission):
    """A reopened submission with its counters counted anew: what is required may have changed since the lock."""
    submission.counts = recount(submission)
    return submission


def busy(submission):
    """What is raised when a school saves without a pause."""
    return Busy(f"{submission.school_name} กำลังบันทึกข้อมูลอยู่ กรุณารอสักครู่แล้วลองอีกครั้ง")


def _check_content(submission, round_, row, reason, until, known=None):
    """What must be given: a reason and a time where they are asked for; and no finding that stands against the move."""
    if row.reason and not (reason or "").strip():
        raise Invalid({0: {"reason": "โปรดระบุเหตุผล"}})
    if row.name == "reopen" and until is None:
        raise Invalid({0: {"until": "โปรดระบุว่าให้แก้ไขได้ถึงเมื่อใด"}})
    # Whoever writes meanwhile moves the write counter on, and the move is tried again.
    checkup = looked_at(submission, round_, row.name, known)
    if row.name == "confirm" and not checkup["records"] and not (reason or "").strip():
        raise Invalid({0: {"reason": "ยังไม่มีข้อมูลในรอบนี้ หากไม่มีข้อมูลจริง โปรดระบุเหตุผลก่อนยืนยัน"}})


def _check_time(submission, row, actor, until, now):
    """A time of a school's own lies within half a year and is the district's to give, a reopening's the approver's."""
    refuse_time(until, now)
    if (
        until
        and row.name == "send_back"
        and not (actor.is_system or actor.holds("district", submission.area_code))
    ):
        raise NotAllowed("เจ้าหน้าที่เขตเท่านั้นที่กำหนดเวลาแก้ไขได้ ผู้อำนวยการส่งกลับโดยไม่กำหนดเวลา")
    if until and row.name in ("send_back", "return") and submission.version > 1:
        last = utc(submission.return_until)
        if until > last:
            raise Invalid(
                {
                    0: {
                        "until": f"เปิดคืนให้แก้ไขถึง {buddhist.format_datetime(last)} เท่านั้น ผู้รับรองระดับเขตขยายเวลาเปิดคืนได้"
                    }
                }
            )


def refuse_time(until, now):
    """Raise Invalid for a time that is over, or so far away that the year must be a slip."""
    if until is not None and until <= now:
        raise Invalid({0: {"until": "เวลาที่ให้แก้ไขต้องอยู่หลังเวลาปัจจุบัน"}})
    if until is not None and until > now + LONGEST:
        raise Invalid({0: {"until": f"ให้เวลาได้ไม่เกิน {LONGEST.days} วัน กรุณาตรวจปี พ.ศ. ที่พิมพ์"}})


def changes_of(submission, round_, row, actor, reason, until=None, records=(), digest=None):
    """The update of a move as {'set', 'unset', 'row'}: plain values, the digest taken where the move asks for it.

    A `digest` that is given was taken after this submission was read, under the name it carries.
    """
    now = naive(clock.now())
    if row.name == "back":
        row, digest = _as_before(submission, row)
    if row.digest and digest is None:
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
        changes |= {"extension": {}, "hold": {}}
        clear["locked_at"] = ""
    if row.name == "end":
        changes["return_until"] = now
    if row.to == "confirmed":
        changes["started"] = True
    entry = _entry(submission, row, actor, reason, now, digest, changes.get("return_until"))
    return {"set": changes, "unset": clear, "row": entry}


def _entry(submission, row, actor, reason, now, digest, until):
    """A move as the submission's chained list keeps it."""
    entry = {
        "name": row.name,
        "from": submission.state,
        "to": row.to,
        "at": now,
        "by": actor.id,
        "by_name": actor.name,
        "reason": reason,
        "until": until,
        "digest": digest,
        "version": submission.version,
    }
    acting = actor.acting_director(submission.area_code, submission.school_code)
    if acting and "director" in row.roles and not actor.holds("district", submission.area_code):
        entry["acting"] = acting.order_number
    if row.name == "reopen":
        entry["mark"] = ObjectId()  # older than every event that follows, however the product's clock is set
    return entry


def _as_before(submission, row):
    """(the row to the state of the version before, its digest); the submission as read takes that version's name.

    Raises WrongState where the records are not that version's, so that a digest is never given to other data.
    """
    before = submission.versions[-1]
    submission.school_name = before.get("school_name") or submission.school_name
    submission.cluster = before.get("cluster", submission.cluster)
    if digest_of(submission) != before["digest"]:
        raise WrongState(
            f"ข้อมูลของ{submission.school_name}ไม่ตรงกับฉบับที่ {before['version']} ที่ล็อกไว้ จึงกลับเป็นฉบับเดิมยังไม่ได้ "
            "กรุณาดูสิ่งที่เปลี่ยนไป หรือขยายเวลาเปิดคืนให้โรงเรียนยืนยัน"
        )
    return replace(row, to=before.get("state", "locked")), before["digest"]


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
    if submission.version > 1:
        return submission.return_until
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
    update["$unset"] = changes["unset"] | {"way_until": ""}
    if row.name == "reopen":
        kept = ("version", "digest", "locked_at", "state", "school_name", "cluster")
        update["$push"]["versions"] = {name: submission[name] for name in kept}
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
        raise busy(submission) from error
    return Submission._from_son(found) if found else None
