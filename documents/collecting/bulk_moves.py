"""Moves of many submissions at once: the district verifies or returns the schools it has before it, one by one.

Each is asked by the table of moves for itself, on the write counter that the officer saw; one that refuses stops no
other. More than a page should wait for are a job.
"""

import datetime as dt
from typing import NamedTuple

from bson import ObjectId

from documents.background.jobs import counted_so_far, job_kind
from documents.checking.findings import refresh_all
from documents.clock import utc
from documents.collecting.moves import move
from documents.collecting.rounds import get_round
from documents.collecting.submissions import submissions_of
from documents.errors import NotAllowed, RuleBroken

# Which states a bulk move takes, and the move for each state.
BULK = {
    "verify": {"certified": "verify"},
    "return": {"confirmed": "send_back", "certified": "return", "verified": "return"},
}
LABELS = {"verify": "เขตตรวจสอบแล้ว", "return": "ส่งกลับแก้ไข"}
AT_ONCE = 60  # schools of one request: half a second
NAMES_SAID = 5


class Moved(NamedTuple):
    """What became of one school: its name, the submission's id (None: not of this round), why it refused or None."""

    name: str
    id: ObjectId | None
    refusal: str | None


def move_many(round_, name, seen, actor, reason=None, until=None, tell=None, again=False):
    """Yield a Moved for each (submission id, write counter as seen) of the round.

    `again` passes by those that the same person has moved so already: a job that runs a second time.
    """
    found = {
        str(each.id): each
        for each in submissions_of(round_).filter(id__in=[ObjectId(id_) for id_, _ in seen])
    }
    known = refresh_all(list(found.values())) if name == "verify" else {}
    for number, (id_, writes) in enumerate(seen, 1):
        submission = found.get(id_)
        if submission is None:
            yield Moved("ไม่พบโรงเรียน", None, "ไม่อยู่ในรอบที่เลือกอยู่")
        elif again and _did(submission, name, actor):
            yield Moved(submission.school_name, submission.id, None)
        else:
            yield Moved(
                submission.school_name,
                submission.id,
                _refusal(submission, name, writes, actor, reason, until, known.get(submission.school_code)),
            )
        if tell:
            tell(number)


def _did(submission, name, actor):
    """Whether the last move of a submission is this person's own move of this name."""
    last = submission.moves[-1] if submission.moves else {}
    return last.get("by") == actor.id and last.get("name") in BULK[name].values()


def _refusal(submission, name, writes, actor, reason, until, known):
    step = BULK[name].get(submission.state, next(iter(BULK[name].values())))
    try:
        move(submission, step, actor, reason or None, until, seen=writes, known=known)
    except RuleBroken as refusal:
        return refusal.message
    return None


# A school half of whose moves are made is no harm: each stands for itself.
@job_kind("bulk_moves", "ทำหลายโรงเรียน", "Move many schools", so_far=counted_so_far)
def bulk_moves_job(job, progress, round_id, name, seen, reason, until):
    """The job of `move_many`; the schools that refused are named in its log. Raises NotAllowed where none was moved."""
    round_ = get_round([job.area_code], round_id)
    progress.begin(len(seen), "โรงเรียน")
    until = utc(dt.datetime.fromisoformat(until)) if until else None
    done, refused = 0, []
    results = move_many(round_, name, seen, job.actor, reason, until, progress.at, again=job.runs > 1)
    for one in results:
        done += one.refusal is None
        if one.refusal:
            refused.append(one.name)
            progress.say(f"{one.name}: {one.refusal}")
    if not done:
        raise NotAllowed("ไม่มีโรงเรียนใดทำรายการนี้ได้ ดูเหตุผลรายโรงเรียนในบันทึกของงาน")
    summary = [f"{LABELS[name]} {done:,} โรงเรียน"]
    if refused:
        more = f" และอีก {len(refused) - NAMES_SAID:,} โรงเรียน" if len(refused) > NAMES_SAID else ""
        named = " ".join(refused[:NAMES_SAID])
        summary.append(f"ไม่ได้ทำ {len(refused):,} โรงเรียน {named}{more} ดูเหตุผลในบันทึกของงาน")
    return {"summary": summary}
