"""What moves a round on: its windows, the proposal, the superior's order, its opening and publishing.

The approver's lock is in `locking.py`. Each move is one conditional update on the state and revision as read.
"""

from documents import clock
from documents.clock import naive
from documents.collecting.rounds import EDITABLE, SOMEBODY_ELSE, STATES, STEPS, Round, refuse_others
from documents.collecting.submissions import prepare_submissions
from documents.database import collection
from documents.errors import Invalid, WrongState
from documents.notifying import notice_rules
from documents.records.cases import follow_on
from documents.records.kinds import documents_in
from documents.records.surveys import refuse_retired
from documents.trail.refusals import noting_refusals


@noting_refusals(3)
def set_windows(round_, windows, as_of, actor, reason=None, confirmer_certifies=None):
    """Change the windows and the as-of date of a round that is not locked; a move row tells who, why and what.

    `windows` is {step: (aware opens, aware closes)}; `confirmer_certifies` None leaves that as it is.
    Raises Invalid, by step, where an end lies before its start or a step cannot be; a reason is asked for
    once the superior's order is recorded.
    """
    refuse_others("district", round_.area_code, actor, "เฉพาะเจ้าหน้าที่เขตเท่านั้นที่แก้กำหนดเวลาของรอบได้")
    if round_.state not in EDITABLE:
        raise WrongState(f"รอบ {round_} {STATES[round_.state]} จึงแก้กำหนดเวลาไม่ได้")
    wrong = _wrong_windows(windows)
    if round_.order and not (reason or "").strip():
        wrong["reason"] = "ผู้บังคับบัญชาสั่งการรอบนี้แล้ว โปรดระบุเหตุผลที่แก้กำหนดเวลา"
    if wrong:
        raise Invalid({0: wrong})
    rows = [
        {"step": step, "opens_at": naive(windows[step][0]), "closes_at": naive(windows[step][1])}
        for step in STEPS
        if step in windows
    ]
    certifies = round_.confirmer_certifies if confirmer_certifies is None else confirmer_certifies
    return change_state(
        round_, round_.state, actor, reason or "แก้กำหนดเวลา", noted=_changed_windows(round_, rows, as_of, certifies),
        windows=rows, as_of=as_of, confirmer_certifies=certifies,
    )  # fmt: skip


def _wrong_windows(windows):
    """{step: sentence} of what is wrong with windows; domain.md 2.3: an end before its start is refused on entry."""
    wrong = {step: "วันสิ้นสุดต้องไม่ก่อนวันเริ่มต้น" for step, (first, last) in windows.items() if last <= first}
    wrong |= {step: "ไม่มีขั้นตอนนี้" for step in windows if step not in STEPS}
    if "enter" not in windows:
        wrong["enter"] = "ต้องกำหนดช่วงเวลาที่โรงเรียนบันทึกและยืนยันข้อมูล"
    elif "verify" in windows and "verify" not in wrong and windows["verify"][1] < windows["enter"][1]:
        wrong["verify"] = "ช่วงตรวจสอบของเขตต้องไม่สิ้นสุดก่อนช่วงบันทึกของโรงเรียน"
    return wrong


def _changed_windows(round_, rows, as_of, certifies):
    """{name: [old, new]} of what an edit of a round changes; plain values."""
    old = {window.step: [window.opens_at, window.closes_at] for window in round_.windows}
    new = {row["step"]: [row["opens_at"], row["closes_at"]] for row in rows}
    pairs = {step: [old.get(step), new.get(step)] for step in STEPS}
    pairs |= {"as_of": [round_.as_of, as_of], "confirmer_certifies": [round_.confirmer_certifies, certifies]}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@noting_refusals(1)
def propose(round_, actor, memo):
    """เสนอผู้บังคับบัญชา: the district officer lays the draft before the superior."""
    refuse_others("district", round_.area_code, actor, "เฉพาะเจ้าหน้าที่เขตเท่านั้นที่เสนอรอบได้")
    _refuse_unless(round_, "draft")
    refuse_retired(round_.subsystem)
    if not round_.window("enter"):
        raise Invalid({0: {"windows": "ยังไม่ได้กำหนดช่วงเวลา กรุณากำหนดวันเปิดและปิดก่อนเสนอ"}})
    if not (memo or "").strip():
        raise Invalid({0: {"memo": "โปรดพิมพ์ข้อความเสนอผู้บังคับบัญชา"}})
    return change_state(
        round_, "proposed", actor, memo, memo=memo, proposed_by=actor.id, proposed_at=naive(clock.now())
    )


@noting_refusals(1)
def record_order(round_, actor, number, day, text):
    """สั่งการ: the superior's order, by the superior or recorded for him; the round may then be opened."""
    refuse_others("executive", round_.area_code, actor, "เฉพาะผู้บังคับบัญชาเท่านั้นที่บันทึกคำสั่งการได้")
    _refuse_unless(round_, "proposed")
    if not (text or "").strip():
        raise Invalid({0: {"text": "โปรดระบุข้อความสั่งการ"}})
    order = {"number": number, "day": day, "text": text, "by": actor.id, "by_name": actor.name}
    return change_state(round_, "proposed", actor, text, order=order | {"at": naive(clock.now())})


@noting_refusals(1)
def open_round(round_, actor):
    """เปิดรอบ: the approver opens the round after the order; its schools are fixed at this moment."""
    refuse_others("approver", round_.area_code, actor, "เฉพาะผู้รับรองระดับเขตเท่านั้นที่เปิดรอบได้")
    _refuse_unless(round_, "proposed")
    if not round_.order:
        raise WrongState("ยังเปิดรอบไม่ได้ เพราะผู้บังคับบัญชายังไม่ได้สั่งการ กรุณาเสนอและรอคำสั่งการก่อน")
    if any(document.needs_added and not document.added for document in documents_in(round_)):
        raise WrongState("ยังเปิดรอบไม่ได้ เพราะแบบสำรวจนี้ไม่มีช่องคำถามในปีการศึกษานี้ กรุณาให้ผู้ดูแลระบบเพิ่มช่องก่อน")
    prepare_submissions(round_)
    return change_state(round_, "open", actor, None, opened_by=actor.id, opened_at=naive(clock.now()))


@noting_refusals(1)
def publish(round_, actor):
    """เผยแพร่: a locked round's figures may be shown to the public."""
    refuse_others("approver", round_.area_code, actor, "เฉพาะผู้รับรองระดับเขตเท่านั้นที่เผยแพร่รอบได้")
    _refuse_unless(round_, "locked")
    return change_state(round_, "published", actor, None)


def change_state(round_, state, actor, reason, noted=None, **also):
    """One conditional update on the state and revision as read; the move is pushed, chained, in the same update.

    `noted` is {name: [old, new]}, kept in the row of the move. Raises WrongState when somebody else moved the
    round meanwhile. Gives back the fresh Round.
    """
    row = {
        "from": round_.state,
        "to": state,
        "at": naive(clock.now()),
        "by": actor.id,
        "by_name": actor.name,
        "reason": reason,
    } | ({"changes": noted} if noted else {})
    row = follow_on(round_, row)
    done = collection(Round).update_one(
        {"_id": round_.id, "area_code": round_.area_code, "state": round_.state, "revision": round_.revision},
        {
            "$set": {"state": state, "history_hash": row["hash"]} | also,
            "$inc": {"revision": 1},
            "$push": {"moves": row},
        },
    )
    if not done.modified_count:
        raise WrongState(SOMEBODY_ELSE)
    fresh = Round.objects(area_code=round_.area_code, id=round_.id).get()
    notice_rules.after_round(fresh, round_)
    return fresh


def _refuse_unless(round_, state):
    if round_.state != state:
        raise WrongState(f"รอบ {round_} อยู่ในสถานะ “{STATES[round_.state]}” จึงทำขั้นตอนนี้ไม่ได้")
