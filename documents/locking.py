"""Locking a round (ล็อกรอบ): each submission sealed with its digest, and what the exports need frozen beside it."""

from mongoengine import Document
from mongoengine.fields import (
    BooleanField,
    DateTimeField,
    DictField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from documents import clock, money_counts
from documents.codelists import code_list, of_area
from documents.counting import Rules
from documents.database import collection
from documents.declarations import definitions_of, documents_in
from documents.digests import digests_of, root_of
from documents.errors import Busy, Invalid, NotAllowed, WrongState
from documents.hindrances import look_before_lock, refuse_to_lock
from documents.history import naive_now
from documents.jobs import job_kind
from documents.limits import limits_of
from documents.moves import MOVES, changes_of, check_move, move, push
from documents.record import declared, shown_fields
from documents.refusals import noting_refusals
from documents.rounds import STATES, Round, change_state, find_round, get_round
from documents.schools import Area, School
from documents.submissions import SEALED, Submission, submissions_of

MONEY = "DMC"  # the subsystem whose pupils bring money
READ_AT_ONCE = 20  # schools whose records are read in one pass before the lock
LIMIT_OF_A_LIST = 2000  # longer lists (places) are frozen by the codes that are used


class Freeze(Document):
    """What a lock froze of a round, so that its files come out the same for ever."""

    area_code = StringField(required=True, max_length=8)
    subsystem = StringField(required=True, max_length=32)
    academic_year = IntField(required=True)
    round = StringField(required=True, max_length=24)
    area_name = StringField()
    title = StringField()
    as_of = DateTimeField()
    schools = ListField(DictField())  # code, name, cluster, district..., state, digest, counts, reason
    code_lists = DictField()  # {list name: [[code, label, short label, parent], ...]}
    layouts = DictField()  # {slug: [[field name, label], ...]}
    definitions = DictField()  # {slug: [the FieldDefinitions of its added fields as they stood]}
    limits = DictField()  # {name: value} of the bounds of the checks, which the reports' rule of age asks
    # Who counts for money (documents/money_counts.py): whether it was counted, a row's `money`, the doubles left out.
    money_counted = BooleanField()
    doubles = ListField(ObjectIdField())
    locked_at = DateTimeField()
    locked_by_name = StringField()
    root_hash = StringField()
    # Before a reopened school was locked again: root_hash, until, school, version (of the school, which that ended).
    earlier = ListField(DictField())

    meta = {
        "collection": "freezes",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "academic_year", "subsystem", "round"], "unique": True}],
    }


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
    freeze = _freeze(round_)
    closing = _closing(round_)
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
        raise WrongState(f"รอบ {round_.label} อยู่ในสถานะ “{STATES[round_.state]}” จึงล็อกไม่ได้")
    reason = (reason or "").strip() or _closing(round_).get("reason")
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
    return {"summary": [f"ล็อกรอบ {round_.label} แล้ว ตัวเลขของรอบนี้ไม่เปลี่ยนอีก"]}


def _closing(round_):
    """The row of the round's moves that marked it closing; {} before that."""
    return next((row for row in reversed(round_.moves) if row["to"] == "closing"), {})


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


def _freeze(round_):
    """The Freeze of a round whose submissions are all sealed; one that an interrupted lock left holds."""
    schools = {school.code: school for school in School.objects(area_code=round_.area_code)}
    sealed = list(submissions_of(round_).order_by("school_code"))
    rows = [frozen_school(each, schools.get(each.school_code)) for each in sealed]
    area = Area.objects(code=round_.area_code).first()
    closing = _closing(round_)
    limits = limits_of(round_.area_code, round_.subsystem, round_.academic_year)
    money, doubles = _money_of(round_, limits)
    for row in rows:
        row["money"] = money.get(row["code"], {})
    frozen = {
        "area_name": area.name if area else round_.area_code,
        "title": round_.title,
        "as_of": round_.as_of,
        "schools": rows,
        "code_lists": frozen_lists(round_),
        "layouts": {
            document.slug: [[name, field.verbose_name] for name, field in shown_fields(document).items()]
            for document in documents_in(round_)
        },
        "definitions": {
            document.slug: [
                each.to_mongo()
                for each in definitions_of(document, round_.area_code)
                if each.holds_in(round_.academic_year)
            ]
            for document in documents_in(round_)
        },
        "limits": limits,
        "money_counted": round_.subsystem == MONEY,
        "doubles": doubles,
        "locked_at": closing["at"],
        "locked_by_name": closing["by_name"],
        "root_hash": _root(rows),
    }
    collection(Freeze).update_one(_key(round_), {"$setOnInsert": frozen}, upsert=True)
    return freeze_of(round_)


def _money_of(round_, limits):
    """({school code: what counts for money}, ids of doubles) of a round of pupils; nothing of another."""
    if round_.subsystem != MONEY:
        return {}, []
    doubles = money_counts.doubles_of(round_)
    return money_counts.money_counts(round_, Rules.of(limits), doubles), list(doubles)


def _key(round_):
    return {
        "area_code": round_.area_code,
        "academic_year": round_.academic_year,
        "subsystem": round_.subsystem,
        "round": round_.code,
    }


def _root(rows):
    return root_of({row["code"]: row["digest"] for row in rows})


def frozen_school(submission, school):
    """What a lock freezes of one sealed submission; `school` may be None.

    Its counters are those the door keeps in the transaction of every write; `manage verify-audit` counts them again.
    """
    last = submission.moves[-1]
    return {
        "code": submission.school_code,
        "name": submission.school_name,
        "cluster": submission.cluster,
        "subdistrict": school.subdistrict if school else None,
        "district": school.district if school else None,
        "state": submission.state,
        "version": submission.version,
        "digest": submission.digest,
        "counts": {name: value for name, value in sorted(submission.counts.items()) if value},
        "reason": last.get("reason") if submission.state == "unreported" else None,
    }


def frozen_lists(round_):
    """{list name: [[code, label, short label, parent], ...]} of every code list the round's subsystem uses, withdrawn codes included.

    Of a long list (places) only the codes that stand in the round's records.
    """
    users = {}
    for document in documents_in(round_):
        for name, field in declared(document).items():
            if field.codelist:
                users.setdefault(field.codelist, []).append((document, name))
    with of_area(round_.area_code):
        return {name: _frozen_list(name, round_, users[name]) for name in sorted(users)}


def _frozen_list(name, round_, users):
    entries = code_list(name).entries
    chosen = list(entries)
    if len(chosen) > LIMIT_OF_A_LIST:
        place = {
            "area_code": round_.area_code,
            "academic_year": round_.academic_year,
            "round": round_.code,
        }
        used = {code for document, field in users for code in collection(document).distinct(field, place)}
        chosen = sorted(used & entries.keys())
    found = [entries[code] for code in chosen]
    return [[entry.code, entry.label, entry.short, entry.parent] for entry in found]


def freeze_of(round_):
    """The Freeze of a round, or None."""
    return Freeze.objects(__raw__=_key(round_)).first()


def latest_version(freeze):
    """Which version of the round a Freeze is of: 1, and one more each time a reopened school was locked again."""
    return 1 + len(freeze.earlier)


def versions_within(freeze, since, until):
    """{school code: (its version in version `since` of the round, in version `until`)} of the schools that differ."""
    changed = dict.fromkeys(row["school"] for row in freeze.earlier[since - 1 : until - 1])
    return {code: (_version_in(freeze, code, since), _version_in(freeze, code, until)) for code in changed}


def _version_in(freeze, code, version):
    """A school's version in a version of the round: what the next lock of it replaced, or what is frozen now."""
    rows = [(at, row) for at, row in enumerate(freeze.earlier, 1) if row["school"] == code]
    for number, (at, row) in enumerate(rows, 1):
        if at >= version:
            return row.get("version") or number  # Khet before 0.1 did not write it down
    return next(row["version"] for row in freeze.schools if row["code"] == code)


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
        _freeze_again(submission, round_, actor)
    return submission


def _half_done(submission, round_, actor):
    """Whether an interrupted lock of a reopened school left this to be finished, and the actor may."""
    if submission.state != "locked" or round_.state not in ("locked", "published"):
        return False
    freeze = freeze_of(round_)
    behind = _row_of(freeze, submission)[1]["version"] != submission.version
    return (behind or freeze.root_hash != round_.root_hash) and actor.holds("approver", round_.area_code)


def _row_of(freeze, submission):
    """(place in the list, row) of a submission's school in what the lock froze."""
    return next(pair for pair in enumerate(freeze.schools) if pair[1]["code"] == submission.school_code)


def _freeze_again(submission, round_, actor):
    """Put one school's new row into the Freeze, and the new root hash on the round; safe to run again, also at once."""
    school = School.objects(area_code=submission.area_code, code=submission.school_code).first()
    row = frozen_school(submission, school)
    while True:
        freeze = freeze_of(round_)
        index, old = _row_of(freeze, submission)
        if old["version"] >= submission.version:
            break
        rows = [*freeze.schools[:index], row, *freeze.schools[index + 1 :]]
        money, doubles = _money_of(round_, freeze.limits)
        counted = {
            f"schools.{at}.money": money.get(each["code"], {}) for at, each in enumerate(rows) if at != index
        }
        row["money"] = money.get(row["code"], {})
        before = {"root_hash": freeze.root_hash, "until": naive_now(), "school": submission.school_code}
        before["version"] = old["version"]
        collection(Freeze).update_one(
            {**_key(round_), "root_hash": freeze.root_hash},
            {
                "$set": {
                    f"schools.{index}": row,
                    **counted,
                    "doubles": doubles,
                    "money_counted": round_.subsystem == MONEY,
                    "root_hash": _root(rows),
                    "code_lists": _with_new_codes(freeze, round_),
                },
                "$push": {"earlier": before},
            },
        )
    _tell_root(round_, actor, f"ล็อก{submission.school_name}ที่เปิดคืนอีกครั้ง")


def number_again(submission):
    """Say in the Freeze that a school's frozen data is now its newest version's too: a reopening was taken back."""
    older = {"$elemMatch": {"code": submission.school_code, "version": {"$lt": submission.version}}}
    place = {
        "area_code": submission.area_code,
        "academic_year": submission.academic_year,
        "subsystem": submission.subsystem,
        "round": submission.round,
    }
    collection(Freeze).update_one(
        {**place, "schools": older}, {"$set": {"schools.$.version": submission.version}}
    )


def _with_new_codes(freeze, round_):
    """The frozen lists with the codes added since; what was frozen keeps its words."""
    lists = dict(freeze.code_lists)
    for name, rows in frozen_lists(round_).items():
        known = {row[0] for row in lists.get(name, ())}
        lists[name] = [*lists.get(name, ()), *(row for row in rows if row[0] not in known)]
    return lists


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
