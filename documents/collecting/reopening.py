"""Reopening (เปิดคืน): a school asks, the district forwards, the approver grants until an hour; and what ends it.

The hour is the approver's alone and binds everybody. When it has come, nothing can be written any more, and version n
waits for one of three things: confirmed and certified by then, it is verified and locked as ever; the approver gives
it more time; or he takes it back. Taken back, the door puts the records of version n - 1 back from the history, and
the submission is sealed as it was, under the next version's number with the old digest: numbers are never given
twice, and what the round's freeze says was true all the while. Where nothing was changed, that is one press.
"""

from bson import ObjectId
from mongoengine.fields import DateTimeField, ListField, ObjectIdField

from documents import clock
from documents.clock import naive
from documents.collecting import freezing, versions
from documents.collecting.asking import Request, file_request, meta_of, together
from documents.collecting.moves import MOVES, changes_of, check_move, move, push, recounted, refuse_time
from documents.collecting.submissions import SEALED, Submission, round_of
from documents.database import collection
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.records.cases import Step, advance, check_step, reason_of, table
from documents.records.kinds import documents_of
from documents.records.warrants import Warrant
from documents.records.writing import write

MOST_NAMED = 500
OPEN_STATES = ("asked", "forwarded")
# Who may ask, and where the request then stands: the district's own needs no forwarding.
ASKERS = {"school": "asked", "director": "asked", "district": "forwarded"}


class ReopenRequest(Request):
    """One school's request to open its locked data again, whole or for named records."""

    records = ListField(ObjectIdField())  # what is asked for; none: the whole school
    granted = ListField(ObjectIdField())
    until = DateTimeField()

    slug = "reopen"
    label, label_en = "คำขอเปิดคืน", "Request to reopen"
    states = {
        "asked": "รอเขตพิจารณา",
        "forwarded": "รอผู้รับรองพิจารณา",
        "granted": "เปิดคืนแล้ว",
        "refused": "ไม่อนุมัติ",
        "withdrawn": "ถอนคำขอแล้ว",
    }
    open_states = OPEN_STATES
    decisions = ("forward", "refuse", "grant", "turn_down")
    steps = table(
        Step(
            "forward", "เห็นควรเปิดคืน ส่งผู้รับรอง", "Forward", ("asked",), "forwarded", ("district",), reason=True
        ),
        Step("refuse", "ไม่เห็นควรเปิดคืน", "Refuse", ("asked",), "refused", ("district",), reason=True),
        Step("grant", "อนุมัติเปิดคืน", "Grant", ("forwarded",), "granted", ("approver",)),
        Step("turn_down", "ไม่อนุมัติ", "Turn down", ("forwarded",), "refused", ("approver",), reason=True),
        Step("withdraw", "ถอนคำขอ", "Withdraw", OPEN_STATES, "withdrawn", ("school", "director", "district")),
    )
    meta = meta_of("reopen_requests", OPEN_STATES)

    def refuse(self, step, actor, now):
        """Besides the separation of persons: an officer withdraws what he asked himself, nobody else's."""
        super().refuse(step, actor, now)
        refuse_other_hand(self, step, actor)


def refuse_other_hand(request, step, actor):
    """Raise NotAllowed where an officer would withdraw a request that a school made."""
    own = any(actor.holds(role, request.area_code, request.school_code) for role in ("school", "director"))
    if step.name == "withdraw" and not own and actor.id != request.asked_by:
        raise NotAllowed("โรงเรียนเท่านั้นที่ถอนคำขอของโรงเรียนได้ เขตใช้ “ไม่อนุมัติ” พร้อมเหตุผล")


# ---- the request ----


def may_ask(submission, actor):
    """Whether this person may ask to reopen this submission now, for the button."""
    return submission.state in SEALED and _asking_as(submission, actor) is not None


def _asking_as(submission, actor):
    held = (role for role in ASKERS if actor.holds(role, submission.area_code, submission.school_code))
    return next(held, None)


def ask_reopening(submission, actor, reason, records=()):
    """ขอเปิดคืน: for the whole school, or for the records of these ids; gives the ReopenRequest.

    Raises OutOfScope, WrongState (not sealed, or one is open), or Invalid.
    """
    role = _asking_as(submission, actor)
    if role is None:
        raise OutOfScope("ท่านไม่มีสิทธิ์ขอเปิดคืนข้อมูลของโรงเรียนนี้")
    if submission.state not in SEALED:
        raise WrongState(
            f"{submission.school_name} อยู่ในสถานะ “{submission.shown_state}” ยังไม่ล็อก จึงไม่ต้องขอเปิดคืน"
        )
    named = named_records(submission, records)
    return file_request(ReopenRequest, submission, ASKERS[role], actor, reason, records=named)


def named_records(submission, ids):
    """The ids of records of this submission, each once; raises OutOfScope where one is not its, Invalid for too many."""
    ids = list(dict.fromkeys(ids))
    if len(ids) > MOST_NAMED:
        raise Invalid({0: {"records": f"ระบุได้ไม่เกิน {MOST_NAMED:,} รายการ หากมากกว่านั้นให้ขอเปิดคืนทั้งโรงเรียน"}})
    if ids and len(records_of(submission, ids)) != len(ids):
        raise OutOfScope("บางรายการที่เลือกไม่อยู่ในข้อมูลของโรงเรียนนี้ในรอบนี้ กรุณาเลือกใหม่")
    return ids


def records_of(submission, ids):
    """[(document, stored dict)] of records of this submission by id, in the order of their names."""
    place = versions.place_of(submission)
    found = []
    for document in documents_of(submission.subsystem):
        rows = collection(document).find({**place, "_id": {"$in": list(ids)}}) if ids else ()
        found += [(document, row) for row in sorted(rows, key=lambda row: row.get("sort_key") or "")]
    return found


def grant(request, actor, until, records=None, reason=None):
    """อนุมัติเปิดคืน until an aware instant; gives (request, reopened submission).

    `records` None grants what was asked; else it names fewer of them, or some where the whole school was asked for.
    The request and the submission move in one transaction, so that of two who grant one is told.
    """
    now = clock.now()
    check_step(request, ReopenRequest.steps["grant"], actor, now)
    if until is None:
        raise Invalid({0: {"until": "โปรดระบุว่าให้แก้ไขได้ถึงเมื่อใด"}})
    refuse_time(until, now)
    granted = list(request.records) if records is None else list(dict.fromkeys(records))
    if request.records and (not granted or not set(granted) <= set(request.records)):
        raise Invalid({0: {"records": "อนุมัติได้เฉพาะรายการที่โรงเรียนขอ กรุณาเลือกอย่างน้อยหนึ่งรายการ"}})

    def work(submission, round_):
        named_records(submission, granted)
        row = MOVES["reopen"]
        check_move(submission, round_, row, actor, now)
        reopened = push(
            submission, row, changes_of(submission, round_, row, actor, request.reason, until, granted)
        )
        if reopened is None:
            raise WrongState("มีผู้ทำรายการกับโรงเรียนนี้ไปก่อนแล้ว กรุณาเปิดหน้านี้ใหม่")
        values = {"until": naive(until), "granted": granted}
        return advance(request, "grant", actor, reason, values, now, noted=values), reopened

    done, reopened = together(request, work)
    return done, recounted(reopened)


# ---- the end of a reopening ----


def take_back(submission, actor, reason):
    """ยกเลิกการเปิดคืน: the version before comes back, record by record through the door, and is sealed again.

    Interrupted, it is simply run again. Gives the sealed Submission; raises what `move` and `write` raise.
    """
    now, reason = clock.now(), reason_of(reason)
    if not (submission.state == "returned" and submission.is_over(now)):
        submission = move(submission, "end", actor, reason)
    check_move(submission, round_of(submission), MOVES["back"], actor, clock.now())
    changes, grants = versions.undoing(submission)
    if changes:  # nobody's window is open now: the warrant is the approver's, for these values alone
        warrant = Warrant("approver", grants, along=lambda: None, claims_as="system")
        write(changes, actor, reason, via="put_back", warrant=warrant)
    fresh = Submission.objects(area_code=submission.area_code, id=submission.id).get()
    sealed = move(fresh, "back", actor, reason)
    freezing.number_again(sealed)
    return sealed


def object_ids(texts):
    """ObjectIds of posted texts, each once; raises Invalid for what is no id."""
    texts = list(dict.fromkeys(texts))
    if not all(ObjectId.is_valid(text) for text in texts):
        raise Invalid({0: {"records": "มีรายการที่อ่านไม่ได้ กรุณาเลือกรายการใหม่"}})
    return [ObjectId(text) for text in texts]
