"""Locking a round (ล็อกรอบ): each submission sealed with its digest, and what the exports need frozen (`freezing.py`)."""

from documents import clock
from documents.background.jobs import job_kind
from documents.checking.hindrances import look_before_lock, refuse_to_lock
from documents.collecting.freezing import closing_of, freeze_again, freeze_of, freeze_round, row_of
from documents.collecting.moves import MOVES, changes_of, check_move, move, push
from documents.collecting.round_moves import change_state
from documents.collecting.rounds import STATES, Round, find_round, get_round
from documents.collecting.submissions import SEALED, Submission, submissions_of
from documents.database import collection
from documents.district.schools import School
from documents.errors import Busy, Invalid, NotAllowed, WrongState
from documents.records.digests import digests_of
from documents.trail.refusals import noting_refusals

READ_AT_ONCE = 20  # schools whose records are read in one pass before the lock


@noting_refusals(1)
def lock_round(round_, actor, reason, progress=None):
    """Lock a round: look, mark it closing, seal its submissions one by one, freeze, mark it locked.

    What takes long comes first and changes nothing: what is stale of the findings is looked at, and the records are read
    for their digests. A job may be cancelled so long; from then on it goes to its end, for schools sealed and opened
    again would have been told so, and others left shut. Interrupted, it is simply run again, by any approver, and comes to
    the same. `reason` is what the cover says of schools closed unreported; run again, the first one's holds where none is
    given. Who locked and when is who marked it closing, when: from then on nobody wrote. A job's `progress` counts the
    schools. Gives back the locked Round. Raises NotAllowed, WrongState, Invalid, or Busy naming who is saving.
    """
    reason = refuse_lock(round_, actor, reason)
    known = {}
    if round_.state == "open":
        look_before_lock(round_, progress and progress.at)
        known = _read_before(round_, progress)
    if progress:
        progress.settle()
    if round_.state == "open":
        round_ = change_state(round_, "closing", actor, reason)
    _seal_all(round_, actor, reason, progress, known)
    freeze = freeze_round(round_)
    closing = closing_of(round_)
    return change_state(
        round_,
        "locked",
        actor,
        reason,
        locked_by=closing["by"],
        locked_by_name=closing["by_name"],
        locked_at=closing["at"],
        root_hash=freeze.root_hash,
    )


def refuse_lock(round_, actor, reason):
    """Raises NotAllowed, WrongState or Invalid where `lock_round` would at once; gives back the reason that holds."""
    if not actor.holds("approver", round_.area_code):
        raise NotAllowed("เฉพาะผู้รับรองระดับเขตเท่านั้นที่ล็อกรอบได้")
    if round_.state not in ("open", "closing"):
        raise WrongState(f"รอบ {round_} อยู่ในสถานะ “{STATES[round_.state]}” จึงล็อกไม่ได้")
    reason = (reason or "").strip() or closing_of(round_).get("reason")
    if not reason and submissions_of(round_).filter(state__nin=["verified", *SEALED]).count():
        raise Invalid({0: {"reason": "ยังมีโรงเรียนที่ไม่ผ่านการตรวจสอบ โปรดระบุเหตุผลที่ปิดโดยไม่ได้รายงาน"}})
    refuse_to_lock(round_)
    return reason


def _nothing_locked(job):
    """`so_far` of a lock: one that was not settled changed nothing."""
    return [] if job.settled else ["หยุดก่อนเริ่มล็อก ยังไม่มีโรงเรียนใดถูกล็อก รอบเป็นอย่างเดิม"]


@job_kind("lock_round", "ล็อกรอบ", "Lock the round", so_far=_nothing_locked)
def lock_round_job(job, progress, round_id, reason):
    """The job of `lock_round`; one whose worker died after the deed finds it done."""
    round_ = get_round([job.area_code], round_id)
    if round_.state != "locked" or job.runs == 1:
        round_ = lock_round(round_, job.actor, reason, progress)
    return {"summary": [f"ล็อกรอบ {round_} แล้ว ตัวเลขของรอบนี้ไม่เปลี่ยนอีก"]}


def _read_before(round_, progress):
    """{school code: (write counter, name, cluster, digest)} of the submissions as they are now; `progress` counts them."""
    several = list(submissions_of(round_).filter(state__nin=list(SEALED)).order_by("school_code"))
    if progress:
        progress.begin(len(several), "โรงเรียน")
    read = {}
    for first in range(0, len(several), READ_AT_ONCE):
        batch = several[first : first + READ_AT_ONCE]
        digests = _digests(round_, batch)
        read |= {each.school_code: (_as_read(each), digests[each.school_code]) for each in batch}
        if progress:
            progress.at(first + len(batch))
    return read


def _as_read(submission):
    """What a digest was taken of: it holds as long as this is the same."""
    return submission.writes, submission.school_name, submission.cluster


def _seal_all(round_, actor, reason, progress, known):
    """Seal every submission, by school code; `verified` becomes locked, the others closed unreported.

    `known` are digests by school code that were read before. One that somebody is saving into for too long does not stop
    the others; Busy names it at the end.
    """
    if progress:
        progress.begin(submissions_of(round_).count(), "โรงเรียน")
    while left := list(submissions_of(round_).filter(state__nin=list(SEALED)).order_by("school_code")):
        saving = []
        digests = _digests(round_, left, known)
        for number, submission in enumerate(left):
            if progress:
                progress.at(progress.job.total - len(left) + number)
            try:
                _seal_as_read(submission, round_, actor, reason, digests) or seal(submission, actor, reason)
            except Busy:
                saving.append(submission.school_name)
        if saving:
            names = " ".join(saving[:3]) + (f" และอีก {len(saving) - 3:,} โรงเรียน" if len(saving) > 3 else "")
            raise Busy(f"ล็อกยังไม่เสร็จ เพราะกำลังบันทึกข้อมูลอยู่: {names} กรุณารอสักครู่แล้วกดล็อกอีกครั้ง")


def _digests(round_, submissions, known=None):
    """{school code: digest} of submissions as they were just read, given their schools' present names.

    Those whose digest still holds keep it, also one of `known`; the records of all others are read in one pass.
    """
    named = {school["code"]: school for school in _named(round_)}
    old = []
    for each in submissions:
        school = named.get(each.school_code, {"name": each.school_name, "cluster": each.cluster})
        holds = each.digest and each.digest_writes == each.writes and each.school_name == school["name"]
        each.school_name, each.cluster = school["name"], school.get("cluster")
        as_read, digest = (known or {}).get(each.school_code, (None, None))
        if as_read == _as_read(each):
            each.digest = digest
        elif not holds:
            old.append(each)
    return {each.school_code: each.digest for each in submissions} | digests_of(old)


def _named(round_):
    return collection(School).find({"area_code": round_.area_code}, {"code": 1, "name": 1, "cluster": 1})


def _seal_as_read(submission, round_, actor, reason, digests):
    """The sealed Submission if nobody wrote or moved it since it was read, else None: then it is read again."""
    row = MOVES["lock" if submission.state == "verified" else "close"]
    if row.reason and not reason:  # it was sent back after the lock began; `move` says what is lacking
        return None
    check_move(submission, round_, row, actor, clock.now())
    digest = digests[submission.school_code]
    return push(submission, row, changes_of(submission, round_, row, actor, reason, digest=digest))


def seal(submission, actor, reason):
    """Seal one submission, whatever it is doing: a move that came first is simply followed."""
    while submission.state not in SEALED:
        try:
            return move(submission, "lock" if submission.state == "verified" else "close", actor, reason)
        except WrongState:
            fresh = Submission.objects(area_code=submission.area_code, id=submission.id).get()
            if fresh.state == submission.state:  # refused for another reason than a move that came first
                raise
            submission = fresh
    return submission


# ---- one school ----


@noting_refusals(1)
def lock_school(submission, actor):
    """Lock one verified school before the round or, reopened, after it; gives back the Submission.

    Locked after the round, its new digest takes the old one's place in what the lock froze; the other schools' stays.
    Interrupted, it is simply run again. Raises what `move` raises.
    """
    round_ = find_round(
        submission.area_code, submission.subsystem, submission.academic_year, submission.round
    )
    if not _half_done(submission, round_, actor):
        submission = move(submission, "lock", actor)
        round_ = find_round(
            submission.area_code, submission.subsystem, submission.academic_year, submission.round
        )
    if round_.state in ("locked", "published"):
        freeze_again(submission, round_)
        _tell_root(round_, actor, f"ล็อก{submission.school_name}ที่เปิดคืนอีกครั้ง")
    return submission


def _half_done(submission, round_, actor):
    """Whether an interrupted lock of a reopened school left this to be finished, and the actor may."""
    if submission.state != "locked" or round_.state not in ("locked", "published"):
        return False
    freeze = freeze_of(round_)
    behind = row_of(freeze, submission)[1]["version"] != submission.version
    return (behind or freeze.root_hash != round_.root_hash) and actor.holds("approver", round_.area_code)


def _tell_root(round_, actor, reason):
    """Bring the round's root hash up to the Freeze's, with a row of its moves."""
    while True:
        root = freeze_of(round_).root_hash
        if round_.root_hash == root:
            return
        try:
            noted = {"root_hash": [round_.root_hash, root]}
            round_ = change_state(round_, round_.state, actor, reason, noted=noted, root_hash=root)
        except WrongState:
            round_ = Round.objects(area_code=round_.area_code, id=round_.id).get()
