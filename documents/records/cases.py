"""Cases (เรื่อง, คำขอ): whatever people ask of each other, with a table of steps and a chained list of who did what.

A kind of case is a document class with a table `steps`; each row says who may take it from where to where and what it
asks for. A step is one conditional update on the state and the list of moves as read, so that of two people at once
one loses with a sentence. Buttons are shown, and steps made, by the same rows.
"""

from dataclasses import dataclass

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, ListField, ObjectIdField, StringField

from documents import clock
from documents.database import collection
from documents.errors import DoorClosed, Invalid, NotAllowed, OutOfScope, WrongState
from documents.notifying import notice_rules
from documents.trail.history import as_stored, chained, naive_now
from documents.trail.refusals import noting_refusals

LONGEST_REASON = 2000


@dataclass(frozen=True)
class Step:
    """One row of a table: who may take a case from which states to which, and whether a reason is asked for.

    `roles` are those of the school the row names in `at` ("school": the case's own; a kind may know others).
    """

    name: str
    label: str
    label_en: str
    come_from: tuple
    to: str
    roles: tuple
    reason: bool = False
    at: str = "school"
    tone: str | None = None
    plain: bool = True  # a button makes it; the others are made by a page of their own


class Case(Document):
    """What every kind of case carries; the kind adds its own fields, `states`, `steps` and `meta`."""

    area_code = StringField(required=True, max_length=8)
    school_code = StringField(required=True, max_length=8)  # whose case it is
    school_name = StringField(max_length=200)
    state = StringField(required=True)
    asked_by = ObjectIdField(required=True)
    asked_by_name = StringField(max_length=200)
    asked_at = DateTimeField(required=True)
    reason = StringField(max_length=LONGEST_REASON)
    ended_at = DateTimeField()
    moves = ListField(DictField())
    history_hash = StringField(max_length=64)  # of the last of the moves, so that its loss is noticed

    meta = {"abstract": True, "auto_create_index": False, "strict": False}

    slug = label = label_en = None
    states = {}  # state: Thai word
    open_states = ()  # those in which somebody is waited for
    steps = {}  # name: Step

    revised = False  # whether it has a `revision`: a step is made where it is as read, and counts it up

    @property
    def is_open(self):
        """Whether somebody is still waited for."""
        return self.state in self.open_states

    @property
    def page(self):
        """The path of its page; a kind whose pages stand elsewhere overrides it."""
        return f"/admin/{self.slug}/details/?id={self.id}"

    @property
    def asker(self):
        """The account that is told how it ended; None where whoever asked has none."""
        return self.asked_by

    @property
    def this(self):
        """'คำขอย้ายเข้านี้': the kind of case as a sentence speaks of one."""
        return f"{self.label} นี้" if self.label[-1].isascii() else f"{self.label}นี้"

    @property
    def shown_state(self):
        """The state in words."""
        return self.states[self.state]

    def school_of(self, at):
        """The school code whose roles a step asks for; a kind with two schools overrides it."""
        return self.school_code

    def refuse(self, step, actor, now):
        """Raise what else stands against a step: a time, a person, another document; a kind overrides it."""


def table(*steps):
    """{name: Step} of rows."""
    return {step.name: step for step in steps}


def reason_of(text, needed=True):
    """A reason without the blanks around it; raises Invalid where one is needed and none was given."""
    text = (text or "").strip()[:LONGEST_REASON]
    if needed and not text:
        raise Invalid({0: {"reason": "โปรดระบุเหตุผล"}})
    return text or None


def open_case(case, actor, reason=None):
    """Store a new case (an unsaved document with its own fields set) with the first row of its list; gives it back.

    Raises pymongo's DuplicateKeyError where a unique index of the kind says that there is one already.
    """
    now = naive_now()
    case.id = ObjectId()
    case.asked_by, case.asked_by_name, case.asked_at = actor.id, actor.name, now
    case.reason = reason
    row = follow_on(case, _row(None, case.state, "ask", actor, reason, now))
    case.moves, case.history_hash = [row], row["hash"]
    collection(type(case)).insert_one(case.to_mongo().to_dict())
    return _told(type(case).objects(area_code=case.area_code, id=case.id).get(), actor)


def find_case(kind, id_, visible):
    """The case of an id as far as the filter of what a person may see lets it through; raises OutOfScope otherwise."""
    found = None
    if ObjectId.is_valid(id_ or ""):
        found = kind.objects(__raw__={"$and": [{"_id": ObjectId(id_)}, visible]}).first()
    if found is None:
        raise OutOfScope("ไม่พบคำขอนี้ในโรงเรียนหรือเขตของท่าน กรุณาเลือกจากรายการ")
    return found


def steps_for(case, actor, now=None):
    """The steps this person may press now, for the buttons: each is tried against the rules of `advance`."""
    allowed = []
    for step in case.steps.values():
        try:
            check_step(case, step, actor, now or clock.now())
        except (NotAllowed, DoorClosed):
            continue
        allowed.append(step)
    return allowed


def check_step(case, step, actor, now):
    """Raise the refusal that applies to a step, or give back nothing; the person comes first, then the state.

    Raises OutOfScope, WrongState, or what the kind's own `refuse` raises.
    """
    school = case.school_of(step.at)
    if not actor.is_system and not any(actor.holds(role, case.area_code, school) for role in step.roles):
        raise OutOfScope(f"ท่านไม่มีสิทธิ์{step.label}ในเรื่องนี้")
    if case.state not in step.come_from:
        raise WrongState(
            f"{case.this}อยู่ในสถานะ “{case.shown_state}” จึง{step.label}ไม่ได้ อาจมีผู้ทำรายการไปก่อนแล้ว กรุณาเปิดหน้านี้ใหม่"
        )
    case.refuse(step, actor, now)


@noting_refusals(2)
def advance(case, name, actor, reason=None, changes=None, now=None, noted=None):
    """Make one step of a case and give back the fresh one; `changes` are set, `noted` is kept in the row, both plain.

    One conditional update on state and list of moves as read; inside a transaction it takes part in it, and must be
    given `case` as read before. Raises what `check_step` raises, Invalid without a reason that is asked for, and
    WrongState when somebody else was first.
    """
    step = case.steps[name]
    check_step(case, step, actor, now or clock.now())
    said = reason_of(reason, needed=step.reason)
    at = as_stored(now or clock.now())
    row = follow_on(case, _row(case.state, step.to, name, actor, said, at) | (noted or {}))
    values = {"state": step.to, "history_hash": row["hash"], **(changes or {})}
    if step.to not in case.open_states:
        values["ended_at"] = at
    unchanged, update = as_read(case), {"$set": values, "$push": {"moves": row}}
    if case.revised:
        unchanged["revision"], update["$inc"] = case.revision, {"revision": 1}
    done = collection(type(case)).update_one(unchanged, update)
    if not done.matched_count:
        raise WrongState(f"มีผู้ทำรายการใน{case.this}ไปก่อนแล้ว กรุณาเปิดหน้านี้ใหม่")
    return _told(type(case).objects(area_code=case.area_code, id=case.id).get(), actor)


def _told(case, actor):
    """The case, after whoever it waits for now was told of it."""
    notice_rules.after_step(case, actor, steps_for)
    return case


def as_read(found):
    """The filter of a document with moves as it was read: its state, and how many moves it had."""
    return {
        "_id": found.id,
        "area_code": found.area_code,
        "state": found.state,
        "moves": {"$size": len(found.moves)},
    }


def follow_on(found, row):
    """A row for the list of moves of a submission, round or case, chained to its last one."""
    return chained(f"{_subject(type(found))}:{found.id}", found.moves, row)


def _subject(kind):
    """What a chain calls its subject: submission, round, or the kind of case."""
    return kind.__name__.lower()


def _row(come_from, to, name, actor, reason, at):
    return {
        "name": name,
        "from": come_from,
        "to": to,
        "at": at,
        "by": actor.id,
        "by_name": actor.name,
        "reason": reason,
    }
