"""Answers to findings (คำชี้แจง): who may say what to a finding, how it is written, and which findings a person reads."""

from collections import Counter

from documents.checking import checks
from documents.checking.checks import WARNING
from documents.checking.findings import EXPLAINED, FIXED, OPEN, PASSED, Checkup, Finding, counted
from documents.collecting.submissions import SEALED, Submission, place_filter
from documents.database import collection, in_transaction
from documents.errors import Invalid, NotAllowed, WrongState
from documents.formats import thai
from documents.people import access
from documents.trail import history
from documents.trail.history import fingerprint

LONGEST_REASON = 1000
MOST_AT_ONCE = 2000  # findings answered with one reason


# ---- what people say to them ----


def may_answer(user, submission, level):
    """As what this person may answer findings of a level: 'explained', 'passed' or None."""
    if submission.state in SEALED:
        return None
    if level == WARNING:
        writes = access.writes_as(user, submission.area_code, submission.school_code)
        return EXPLAINED if writes in ("school", "district") else None
    # Of the area office's own records another officer passes an error than who wrote them.
    own = submission.is_office and user.id in submission.writers
    return PASSED if user.holds("district", submission.area_code) and not own else None


def answer(submission, ids, actor, reason):
    """Explain warnings, or pass errors, with one written reason; gives back how many were answered.

    `ids` are findings of this submission of one level, open ones; those that are open no more are left out.
    Raises NotAllowed, Invalid without a reason, WrongState where nothing is left to answer.
    """
    reason = thai.clean(reason, lines=True)[:LONGEST_REASON]
    if not reason:
        raise Invalid({0: {"reason": "โปรดเขียนเหตุผล"}})
    place = place_filter(submission.subsystem, submission)
    wanted = place | {"_id": {"$in": list(ids)[:MOST_AT_ONCE]}, "state": OPEN}

    def work():
        fresh = _claimed(submission)
        rows = list(collection(Finding).find(wanted))
        for level in {row["level"] for row in rows}:
            _answer_level(fresh, [row for row in rows if row["level"] == level], actor, reason)
        if rows:
            _count_again(place)
        return len(rows)

    done = in_transaction(work)
    if not done:
        raise WrongState("ข้อเหล่านี้แก้ไขหรือชี้แจงไปแล้ว กรุณาเปิดหน้านี้ใหม่")
    return done


def _claimed(submission):
    """Inside the transaction: the Submission as it is now, by which the answer is judged; the page may be an old one.

    An answer and a lock of it conflict, so that one of them waits. The write counter stays: an answer changes no record,
    and what was found of them holds.
    """
    found = collection(Submission).find_one_and_update(
        {"_id": submission.id, "area_code": submission.area_code, "state": {"$nin": list(SEALED)}},
        {"$inc": {"answers": 1}},
        {"moves": 0, "versions": 0},
    )
    if found is None:
        raise WrongState(f"ข้อมูลของ{submission.school_name}ล็อกแล้ว จึงเขียนเหตุผลไม่ได้ กรุณาเปิดหน้านี้ใหม่")
    return Submission._from_son(found)


def _answer_level(submission, rows, actor, reason):
    level = rows[0]["level"]
    state = may_answer(actor, submission, level)
    if state is None:
        who = "โรงเรียนหรือเจ้าหน้าที่เขต" if level == WARNING else "เจ้าหน้าที่เขต"
        raise NotAllowed(f"{checks.LEVELS[level]}นี้ตอบได้โดย{who} และก่อนล็อกข้อมูล")
    if any(row["sensitive"] for row in rows) and not access.sees_sensitive(
        actor, submission.area_code, submission.school_code
    ):
        raise NotAllowed("ข้อนี้เกี่ยวกับข้อมูลอ่อนไหวที่ท่านไม่มีสิทธิ์ดู")
    said = {
        "state": state,
        "reason": reason,
        "by": actor.id,
        "by_name": actor.name,
        "at": history.naive_now(),
    }
    ids = [row["_id"] for row in rows]
    collection(Finding).update_many(
        {"_id": {"$in": ids}, "area_code": submission.area_code}, {"$set": {"state": state, "answer": said}}
    )
    # Which sensitive thing a few of a school are about stands with the findings, not in a log that others read.
    codes = Counter("sensitive" if row["sensitive"] else row["code"] for row in rows)
    changes = {code: [None, many] for code, many in sorted(codes.items())}
    action = "explain" if state == EXPLAINED else "pass_error"
    # A reason about what is sensitive stands with the finding alone, for who may read that.
    told = None if any(row["sensitive"] for row in rows) else reason
    place = {name: getattr(submission, name) for name in ("school_code", "academic_year", "round")}
    history.note_event(submission.area_code, actor, action, "findings", submission.id, changes, told, **place)


def _count_again(place):
    """Set the counts of a Checkup from the stored findings; inside the transaction that changed them."""
    rows = collection(Finding).find(
        place | {"state": {"$ne": FIXED}}, {"check_key": 1, "state": 1, "level": 1, "code": 1}
    )
    collection(Checkup).update_one(place, {"$set": counted(list(rows))})


# ---- reading ----


def visible_to(user, area_code):
    """The filter of the findings of an area that this person may read: those of records he sees, field by field.

    What is found of a sensitive field tells of it, so officers without the mark do not read that.
    """
    codes = access.open_schools(user, area_code)
    if codes is not None:
        return {"area_code": area_code, "school_code": codes[0] if len(codes) == 1 else {"$in": codes}}
    return {"area_code": area_code} | ({} if access.sees_sensitive(user, area_code) else {"sensitive": False})


def answered_of(area_code, ids):
    """{(record, check key): the stored finding} of what people have answered of the records with these ids."""
    rows = collection(Finding).find(
        {"area_code": area_code, "record": {"$in": ids}, "state": {"$in": [EXPLAINED, PASSED]}},
        {"record": 1, "check_key": 1, "state": 1, "seen": 1, "answer": 1},
    )
    return {(row["record"], row["check_key"]): row for row in rows}


def answer_to(found, id_, answered):
    """What people answered to a Found of the record with this id, None if nothing: an answer is to its own values."""
    row = answered.get((id_, found.check.key))
    return row["answer"] if row and row["seen"] == fingerprint(found.values) else None
