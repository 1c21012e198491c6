"""Locking a round (ล็อกรอบ): each submission sealed with its digest, and what the exports need frozen beside it."""

from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, IntField, ListField, StringField

from documents import history
from documents.codelists import code_list
from documents.completeness import counts_of
from documents.database import collection
from documents.digests import documents_of, root_of
from documents.errors import Invalid, NotAllowed, WrongState
from documents.record import declared, shown_fields
from documents.rounds import STATES, Round, change_state, find_round
from documents.schools import Area, School
from documents.submissions import SEALED, Submission, move, submissions_of

LIMIT_OF_A_LIST = 2000  # longer lists (places) are frozen by the codes that are used


class Freeze(Document):
    """What a lock froze of a round, so that its files come out the same for ever."""

    area_code = StringField(required=True, max_length=8)
    subsystem = StringField(required=True, max_length=10)
    academic_year = IntField(required=True)
    round = StringField(required=True, max_length=2)
    area_name = StringField()
    title = StringField()
    as_of = DateTimeField()
    schools = ListField(DictField())  # code, name, cluster, district..., state, digest, counts, reason
    code_lists = DictField()
    layouts = DictField()  # {slug: [[field name, label], ...]}
    locked_at = DateTimeField()
    locked_by_name = StringField()
    root_hash = StringField()

    meta = {
        "collection": "freezes",
        "auto_create_index": False,
        "indexes": [{"fields": ["area_code", "academic_year", "subsystem", "round"], "unique": True}],
    }


def lock_round(round_, actor, reason):
    """Lock a round: mark it closing, seal its submissions one by one, freeze, mark it locked.

    Interrupted, it is simply run again. `reason` is what the cover says of schools closed unreported.
    Gives back the locked Round. Raises NotAllowed, WrongState, Invalid.
    """
    if not actor.holds("approver", round_.area_code):
        raise NotAllowed("เฉพาะผู้รับรองระดับเขตเท่านั้นที่ล็อกรอบได้")
    if round_.state not in ("open", "closing"):
        raise WrongState(f"รอบ {round_.label} อยู่ในสถานะ “{STATES[round_.state]}” จึงล็อกไม่ได้")
    if not (reason or "").strip() and submissions_of(round_).filter(state__nin=["verified", *SEALED]).count():
        raise Invalid({0: {"reason": "ยังมีโรงเรียนที่ไม่ผ่านการตรวจสอบ โปรดระบุเหตุผลที่ปิดโดยไม่ได้รายงาน"}})
    if round_.state == "open":
        round_ = change_state(round_, "closing", actor, reason)
    _seal_all(round_, actor, reason)
    now = history.naive_now()
    freeze = _freeze(round_, actor, now)
    return change_state(
        round_,
        "locked",
        actor,
        reason,
        locked_by=actor.id,
        locked_by_name=actor.name,
        locked_at=now,
        root_hash=freeze.root_hash,
    )


def _seal_all(round_, actor, reason):
    """Seal every submission, by school code; `verified` becomes locked, the others closed unreported."""
    while left := list(submissions_of(round_).filter(state__nin=list(SEALED)).order_by("school_code")):
        for submission in left:
            seal(submission, actor, reason)


def seal(submission, actor, reason):
    """Seal one submission, whatever it is doing: a move that came first is simply followed."""
    while submission.state not in SEALED:
        try:
            return move(submission, "lock" if submission.state == "verified" else "close", actor, reason)
        except WrongState:
            submission = Submission.objects(area_code=submission.area_code, id=submission.id).get()
    return submission


def _freeze(round_, actor, now):
    """Store the Freeze of a round whose submissions are all sealed; safe to run again."""
    schools = {school.code: school for school in School.objects(area_code=round_.area_code)}
    rows = [
        _frozen_school(each, schools.get(each.school_code))
        for each in submissions_of(round_).order_by("school_code")
    ]
    key = {
        "area_code": round_.area_code,
        "academic_year": round_.academic_year,
        "subsystem": round_.subsystem,
        "round": round_.code,
    }
    area = Area.objects(code=round_.area_code).first()
    frozen = {
        "area_name": area.name if area else round_.area_code,
        "title": round_.title,
        "as_of": round_.as_of,
        "schools": rows,
        "code_lists": _frozen_lists(round_.subsystem),
        "layouts": {
            document.slug: [[name, field.verbose_name] for name, field in shown_fields(document).items()]
            for document in documents_of(round_.subsystem)
        },
        "locked_at": now,
        "locked_by_name": actor.name,
        "root_hash": root_of({row["code"]: row["digest"] for row in rows}),
    }
    collection(Freeze).update_one(key, {"$set": frozen}, upsert=True)
    return freeze_of(round_)


def _frozen_school(submission, school):
    last = submission.moves[-1] if submission.moves else {}
    return {
        "code": submission.school_code,
        "name": school.name if school else submission.school_name,
        "cluster": school.cluster if school else submission.cluster,
        "subdistrict": school.subdistrict if school else None,
        "district": school.district if school else None,
        "state": submission.state,
        "version": submission.version,
        "digest": submission.digest,
        "counts": counts_of(submission),
        "reason": last.get("reason") if submission.state == "unreported" else None,
    }


def _frozen_lists(subsystem):
    """{list name: [[code, label, short label, parent], ...]} of the subsystem's code lists, save the long ones of places."""
    names = {
        field.codelist
        for document in documents_of(subsystem)
        for field in declared(document).values()
        if field.codelist
    }
    lists = {
        name: [
            [entry.code, entry.label, entry.short, entry.parent] for entry in code_list(name).entries.values()
        ]
        for name in sorted(names)
    }
    return {name: rows for name, rows in lists.items() if len(rows) <= LIMIT_OF_A_LIST}


def freeze_of(round_):
    """The Freeze of a round, or None."""
    return Freeze.objects(
        area_code=round_.area_code,
        academic_year=round_.academic_year,
        subsystem=round_.subsystem,
        round=round_.code,
    ).first()


def lock_school(submission, actor):
    """Lock one verified school before (or, reopened, after) the round; gives back the Submission."""
    locked = move(submission, "lock", actor)
    round_ = find_round(locked.area_code, locked.subsystem, locked.academic_year, locked.round)
    if round_.state in ("locked", "published"):
        _refreeze(round_, actor)
    return locked


def _refreeze(round_, actor):
    freeze = _freeze(round_, actor, history.naive_now())
    collection(Round).update_one(
        {"_id": round_.id, "area_code": round_.area_code}, {"$set": {"root_hash": freeze.root_hash}}
    )
