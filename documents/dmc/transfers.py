"""Transfers (คำขอย้ายเข้า): a pupil asked for by the school he comes to, agreed by the school he is at.

The receiver's record stands as รอย้ายเข้า, not counted, and holds only what the receiver typed. The sender's stays
counted until he agrees: then his becomes ย้ายออก and its values are copied, both in one transaction. A sender who does
not answer in time, or is closed, leaves it to the district. A pupil who comes back within a round is one record with
two moves: the old one stands again.
"""

import datetime as dt

from bson import ObjectId
from mongoengine.fields import DateTimeField, DictField, IntField, ObjectIdField, StringField
from pymongo.errors import DuplicateKeyError

from documents import clock
from documents.checking.lookups import is_on_roll, look_up, school_name
from documents.clock import utc
from documents.collecting.rounds import find_round
from documents.collecting.submissions import find_submission, may_write
from documents.database import collection, in_transaction
from documents.district.schools import Area, School
from documents.dmc.standing import AWAITING, TYPED
from documents.dmc.students import STATUS, TRAVEL, Student
from documents.errors import DoorClosed, Invalid, NotAllowed, RoundLocked, WrongState
from documents.formats import citizen_id
from documents.people import access
from documents.records.cases import Case, Step, advance, check_step, find_case, open_case, reason_of, table
from documents.records.declarations import carried
from documents.records.record import Place, declared
from documents.records.warrants import Granted, Warrant
from documents.records.writing import Change, write
from documents.trail.history import as_stored, note_event
from documents.trail.refusals import noting_refusals

DAYS, MOST_DAYS = 7, 60  # a school's time to answer where its area says nothing else; the longest there is
YEAR_END = "3"  # the round in which nobody moves (domain.md 3.1.3)
MOVED_AWAY = {"status": "moved_out", "leave_reason": "32"}
ASKED_WITH = TYPED[1:]
# What the receiver knows better, or what is of the old school alone: not copied.
OWN = {*ASKED_WITH, "boarding"} | {
    name for name, one in declared(Student).items()
    if one.group == TRAVEL or (one.group == STATUS and name not in ASKED_WITH)
}  # fmt: skip
COPIED = frozenset(declared(Student)) - OWN


class Transfer(Case):
    """One request: `school_code` is the receiver's, `from_school` the sender's."""

    from_school = StringField(required=True, max_length=8)
    from_school_name = StringField(max_length=200)
    academic_year = IntField(required=True)
    round = StringField(required=True, max_length=2)
    lineage = ObjectIdField(required=True)
    receiver_record = ObjectIdField(required=True)
    sender_record = ObjectIdField(required=True)
    sender_year = IntField(required=True)  # of an earlier round when he left between two rounds
    sender_round = StringField(required=True, max_length=2)
    number = StringField(max_length=20)  # masked
    due_at = DateTimeField(required=True)
    restored = DictField()  # what a record that stands again was before: put back when nothing comes of it

    slug = "transfers"
    label, label_en = "คำขอย้ายเข้า", "Move-in request"
    states = {
        "asked": "รอโรงเรียนเดิมตอบ", "moved": "ย้ายแล้ว", "refused": "ไม่ให้ย้าย", "withdrawn": "ถอนคำขอ",
    }  # fmt: skip
    open_states = ("asked",)
    steps = table(
        Step("agree", "เห็นชอบให้ย้าย", "Agree", ("asked",), "moved", ("school",), at="from", tone="main"),
        Step("refuse", "ไม่ให้ย้าย", "Refuse", ("asked",), "refused", ("school",), reason=True, at="from", tone="risk"),
        Step("withdraw", "ถอนคำขอ", "Withdraw", ("asked",), "withdrawn", ("school",), tone="risk"),
        Step("decide", "เขตให้ย้าย", "Decide to move", ("asked",), "moved", ("district",), reason=True, tone="main"),
        Step("deny", "เขตไม่ให้ย้าย", "Decide against", ("asked",), "refused", ("district",), reason=True, tone="risk"),
    )  # fmt: skip
    meta = {
        "collection": "transfers",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {
                "fields": ["area_code", "lineage"],
                "unique": True,
                "partialFilterExpression": {"state": "asked"},
                "name": "asked_once",
            },
            {"fields": ["area_code", "receiver_record"]},
            {"fields": ["area_code", "sender_record"]},
            {"fields": ["area_code", "lineage", "-asked_at"]},
            {"fields": ["area_code", "school_code", "-asked_at", "-_id"], "name": "to_school"},
            {"fields": ["area_code", "from_school", "-asked_at", "-_id"], "name": "from_school"},
            {"fields": ["area_code", "-asked_at", "-_id"], "name": "newest"},
            {"fields": ["area_code", "state", "due_at"]},
        ],
    }

    @property
    def place(self):
        """Where the receiver's record stands."""
        return Place(self.area_code, self.academic_year, self.round, self.school_code)

    @property
    def sender_place(self):
        """Where the sender's record stands."""
        return Place(self.area_code, self.sender_year, self.sender_round, self.from_school)

    @property
    def same_round(self):
        """Whether the pupil leaves within the round; else the sender's record belongs to a round that is over."""
        return (self.sender_year, self.sender_round) == (self.academic_year, self.round)

    def school_of(self, at):
        """The sender answers, the receiver withdraws."""
        return self.from_school if at == "from" else self.school_code

    def refuse(self, step, actor, now):
        """Who asked does not decide, and the district only when the sender did not answer in time or is closed."""
        if step.name != "withdraw" and actor.id == self.asked_by:
            raise NotAllowed("ท่านเป็นผู้ขอย้ายนักเรียนคนนี้ จึงตอบคำขอเองไม่ได้ กรุณาให้ผู้อื่นตอบ")
        if step.name in ("decide", "deny") and now < utc(self.due_at) and self.sender_answers():
            raise WrongState("เขตตัดสินแทนได้เมื่อครบกำหนดตอบแล้วเท่านั้น ระหว่างนี้ให้ติดตามโรงเรียนเดิม")

    def sender_answers(self):
        """Whether there is still a school to answer."""
        found = School.objects(area_code=self.area_code, code=self.from_school).only("status").first()
        return found is not None and found.status == "open"


# ---- asking ----


@noting_refusals(3)
def ask(place, number, typed, actor, reason):
    """Ask for a pupil by his number; `typed` holds student_no, grade, room and admission_date. Gives the Transfer.

    Raises OutOfScope, TooOften, Invalid, WrongState, or what the door raises for the receiver's submission.
    """
    if place.round == YEAR_END:
        raise WrongState("รอบสิ้นปีการศึกษาย้ายเข้าไม่ได้ ย้ายได้ในรอบภาคเรียนที่ 1 และ 2")
    said = reason_of(reason, needed=False)
    given = typed | {"reason": said}
    labels = {name: declared(Student)[name].verbose_name for name in ("grade", "admission_date")} | {
        "reason": "เหตุผล"
    }
    missing = {name: f"กรุณากรอก{label}" for name, label in labels.items() if not given.get(name)}
    if missing:
        raise Invalid({0: missing})
    found = look_up(place, number, actor)
    sender = _sender(found)
    case = _new_case(place, found, sender)
    change = _asking_change(case, found, typed)
    granted = Granted(place, frozenset(change.values))
    warrant = Warrant(
        access.writes_as(actor, place.area_code, place.school_code),
        {change.id: granted},
        along=lambda: open_case(case, actor, said),
    )
    try:
        write([change], actor, said, via="transfer", warrant=warrant)
    except DuplicateKeyError as error:
        raise WrongState("มีคำขอย้ายเข้าของนักเรียนคนนี้รอคำตอบอยู่แล้ว กรุณารอผลของคำขอนั้น หรือติดต่อเจ้าหน้าที่เขต") from error
    return Transfer.objects(area_code=place.area_code, id=case.id).get()


def _sender(found):
    if found.own and is_on_roll(found.own):
        raise WrongState("นักเรียนเลขนี้อยู่ในโรงเรียนของท่านแล้ว กรุณาเปิดรายการเดิม")
    if found.own and found.own.get("status") == AWAITING:
        raise WrongState("โรงเรียนของท่านขอย้ายนักเรียนคนนี้ไว้แล้ว ดูได้ที่หน้า “คำขอย้ายเข้า”")
    if found.elsewhere is None:
        raise WrongState(
            "ไม่พบเลขประจำตัวประชาชนนี้ในโรงเรียนอื่นของเขตพื้นที่ ให้กรอกข้อมูลใหม่ในหน้าเพิ่มนักเรียน พร้อมหลักฐานการย้าย"
        )
    return found.elsewhere


def _new_case(place, found, sender):
    now = clock.now()
    return Transfer(
        area_code=place.area_code,
        school_code=place.school_code,
        school_name=school_name(place.area_code, place.school_code),
        from_school=sender["school_code"],
        from_school_name=found.school_name,
        academic_year=place.academic_year,
        round=place.round,
        lineage=sender["lineage"],
        receiver_record=found.own["_id"] if found.own else ObjectId(),
        sender_record=sender["_id"],
        sender_year=sender["academic_year"],
        sender_round=sender["round"],
        number=citizen_id.mask_id(found.number),
        state="asked",
        due_at=as_stored(now + dt.timedelta(days=days_of(place.area_code))),
    )


def _asking_change(case, found, typed):
    """The receiver's record as it waits: a new one, or the one he left earlier in this round, standing again."""
    values = {name: typed.get(name) for name in ASKED_WITH} | {"status": AWAITING}
    if found.own is None:
        values["person_id"] = found.number
        return Change(Student, case.place, values, id=case.receiver_record, lineage=case.lineage)
    gone = dict.fromkeys(("leave_reason", "leave_date", "leave_to"))
    case.restored = {name: found.own.get(name) for name in {*values, *gone}}
    return Change(Student, case.place, values | gone, id=found.own["_id"], revision=found.own["revision"])


# ---- answering ----


@noting_refusals(2)
def answer(transfer, name, actor, reason=None):
    """Make one step of a request, with what it does to both records, in one transaction; gives the fresh Transfer.

    Raises what `cases.check_step` raises, Invalid, StaleRevision, or a DoorClosed that says whose data is shut.
    """
    step = transfer.steps[name]
    check_step(transfer, step, actor, clock.now())
    said = reason_of(reason, needed=step.reason)
    changes, beside = _deeds(transfer, step.to, actor)
    if not changes:
        return advance(transfer, name, actor, said)
    moves = step.to == "moved"
    acting_as = "district" if step.roles == ("district",) else "school"
    warrant = Warrant(
        acting_as,
        {
            change.id: Granted(
                change.place, frozenset(change.values), change.remove, beside.get(change.id, {})
            )
            for change in changes
        },
        along=lambda: advance(transfer, name, actor, said),
        claims_as=None if moves else "system",
    )
    if moves:
        _refuse_shut(transfer, changes, acting_as, actor)
    write(changes, actor, said, via="transfer", warrant=warrant)
    return Transfer.objects(area_code=transfer.area_code, id=transfer.id).get()


def _deeds(transfer, to, actor):
    """(changes, what is stored beside them) that a request's end brings."""
    receiver = _stored(transfer.place, transfer.receiver_record)
    if to != "moved":
        return _undone(transfer, receiver), {}
    sender = _stored(transfer.sender_place, transfer.sender_record)
    if sender is None:
        raise WrongState(
            "รายการของโรงเรียนเดิมถูกลบไปแล้ว จึงไม่มีข้อมูลให้คัดลอก กรุณาไม่ให้ย้าย แล้วให้โรงเรียนปลายทางเพิ่มนักเรียนเอง"
        )
    if receiver is None or receiver.get("status") != AWAITING:
        raise WrongState("รายการที่รอย้ายเข้าไม่อยู่แล้ว กรุณาไม่ให้ย้าย แล้วให้โรงเรียนปลายทางขอใหม่")
    values = {name: sender.get(name) for name in COPIED} | {"status": "enrolled"}
    changes = [_change(transfer.place, receiver, values)]
    if transfer.same_round and sender.get("status") != "moved_out":
        values = MOVED_AWAY | {"leave_date": _left_on(sender, receiver), "leave_to": transfer.school_name}
        changes.append(_change(transfer.sender_place, sender, values))
    beside = carried(Student, transfer.area_code, receiver["academic_year"], sender)
    return changes, {
        receiver["_id"]: beside | ({"former_ids": sender["former_ids"]} if sender.get("former_ids") else {})
    }


def _left_on(sender, receiver):
    """The day he came to the new school; today where the old one says that he came there later than that."""
    came, here_since = receiver.get("admission_date"), sender.get("admission_date")
    return clock.today() if came is None or (here_since and came < here_since) else came


def _undone(transfer, receiver):
    """The changes that take the waiting record away again; none where the round no longer takes them.

    A school that already handed in is not held up by a request that comes to nothing: the record stays, uncounted,
    and may be removed like any other.
    """
    if receiver is None or receiver.get("status") != AWAITING or not _takes(transfer):
        return []
    if transfer.restored:
        return [_change(transfer.place, receiver, dict(transfer.restored))]
    return [Change(Student, transfer.place, id=receiver["_id"], revision=receiver["revision"], remove=True)]


def _takes(transfer):
    try:
        may_write(find_submission("DMC", transfer.place), _round_of(transfer.place), None, role="system")
    except DoorClosed:
        return False
    return True


def _round_of(place):
    return find_round(place.area_code, "DMC", place.academic_year, place.round)


def _stored(place, id_):
    return collection(Student).find_one({**place._asdict(), "_id": id_})


def _change(place, plain, values):
    return Change(Student, place, values, id=plain["_id"], revision=plain["revision"])


def _refuse_shut(transfer, changes, role, actor):
    """Say whose data is shut and what to do, before the door would say only that it is."""
    for change in changes:
        submission, round_ = find_submission("DMC", change.place), _round_of(change.place)
        own = access.writes_as(actor, change.place.area_code, change.place.school_code) == "school"
        try:
            may_write(submission, round_, actor, role=role)
        except RoundLocked as error:
            raise RoundLocked(
                f"รอบ {round_} ล็อกแล้ว จึงย้ายในรอบนี้ไม่ได้ ให้โรงเรียนปลายทางขอย้ายเข้าใหม่ในรอบปัจจุบัน"
            ) from error
        except WrongState as error:
            who = "โรงเรียนของท่าน" if own else submission.school_name
            raise WrongState(
                f"{who}ส่งข้อมูลรอบ {round_} แล้ว จึงย้ายยังไม่ได้ ให้{who}ยกเลิกการยืนยัน หรือขอให้เขตส่งกลับแก้ไขก่อน"
            ) from error


# ---- who sees which ----


def visible_to(user):
    """The MongoDB filter of the requests a person may see: officers the area, a school those to it and from it."""
    ways = [{"area_code": area} for area in user.areas(*access.AREA_READERS)]
    for area, code in user.schools(*access.SCHOOL_READERS):
        ways += [{"area_code": area, name: code} for name in ("school_code", "from_school")]
    return {"$or": ways} if ways else access.NOTHING


def get_transfer(user, id_):
    """The Transfer of an id as far as this person may see it; raises OutOfScope for any other."""
    return find_case(Transfer, id_, visible_to(user))


def open_of(area_code, records):
    """{record id: its open Transfer} of those among records that somebody asks for or that wait to move in."""
    ids = list(records)
    found = {}
    for name in ("sender_record", "receiver_record"):
        for case in Transfer.objects(__raw__={"area_code": area_code, name: {"$in": ids}, "state": "asked"}):
            found[case[name]] = case
    return found


# ---- the setting ----


def days_of(area_code):
    """Days a school of the area may take to answer."""
    found = Area.objects(code=area_code).only("transfer_days").first()
    return (found and found.transfer_days) or DAYS


def set_days(area_code, days, actor, reason=None):
    """Say how long a school may take to answer, for requests made from now on. Raises NotAllowed or Invalid."""
    if not any(actor.holds(role, area_code) for role in ("district", "admin")):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตหรือผู้ดูแลระบบเท่านั้นที่กำหนดเวลาตอบคำขอได้")
    if not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        raise Invalid({0: {"days": f"กรุณากรอกจำนวนวัน 1 ถึง {MOST_DAYS}"}})

    def work():
        area = Area.objects(code=area_code).get()
        told = {"transfer_days": [area.transfer_days or DAYS, days]}
        collection(Area).update_one({"_id": area.id}, {"$set": {"transfer_days": days}})
        note_event(area_code, actor, "settings", "fields", area.id, told, reason)

    in_transaction(work)
