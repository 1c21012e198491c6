"""Changes of a number (คำขอแก้เลขประจำตัวประชาชน): asked by the school with evidence, decided by the district.

While a number was never handed in it is simply mended (documents/dmc/standing.py); after that it is the district's to
change, by an officer who is not the one who asked. The old number stays with the pupil in `former_ids`, and the search
for it finds no one else. Evidence of a request that comes to nothing is deleted; that of an approved one is kept.
"""

from mongoengine.fields import IntField, ObjectIdField, StringField
from pymongo.errors import DuplicateKeyError

from documents import clock
from documents.checking.lookups import clean_number, school_name
from documents.collecting.submissions import find_submission, may_write, refuse_sealed
from documents.database import collection
from documents.dmc import student_rules as rules
from documents.dmc.renumbering import in_school, renumber, round_of
from documents.dmc.standing import AWAITING, is_fixed
from documents.dmc.students import Student
from documents.errors import DuplicateKey, Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats import citizen_id
from documents.gcode import gcode_linking
from documents.people import access
from documents.records import evidence
from documents.records.cases import Case, Step, advance, check_step, find_case, open_case, reason_of, table
from documents.records.codelists import code_list
from documents.records.record import Place
from documents.records.warrants import Warrant
from documents.records.writing import write
from documents.trail.history import note_event
from documents.trail.refusals import noting_refusals

MOST_NAMED = 3  # schools named to the district where a new number stands already


class IdChange(Case):
    """One request for one pupil's record; the new number is kept in full only while it waits."""

    academic_year = IntField(required=True)
    round = StringField(required=True, max_length=2)
    record = ObjectIdField(required=True)
    lineage = ObjectIdField(required=True)
    old_number = StringField(max_length=20)  # masked
    shown_number = StringField(max_length=20)  # the new one, masked
    new_number = StringField(max_length=20)
    new_type = StringField(max_length=1)
    evidence = ObjectIdField()
    evidence_kind = StringField(max_length=40)
    evidence_size = IntField()
    evidence_digest = StringField(max_length=64)

    slug = "id-changes"
    label, label_en = "คำขอแก้เลข", "Change of number"
    states = {
        "asked": "รอเขตพิจารณา", "approved": "แก้ให้แล้ว", "refused": "ไม่แก้ให้", "withdrawn": "ถอนคำขอ",
    }  # fmt: skip
    open_states = ("asked",)
    steps = table(
        Step("approve", "แก้เลขให้", "Approve", ("asked",), "approved", ("district",), tone="main"),
        Step("refuse", "ไม่แก้ให้", "Refuse", ("asked",), "refused", ("district",), reason=True, tone="risk"),
        Step("withdraw", "ถอนคำขอ", "Withdraw", ("asked",), "withdrawn", ("school",), tone="risk"),
    )
    meta = {
        "collection": "id_changes",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {
                "fields": ["area_code", "record"],
                "unique": True,
                "partialFilterExpression": {"state": "asked"},
                "name": "asked_once",
            },
            {"fields": ["area_code", "lineage", "-asked_at"]},
            {"fields": ["area_code", "school_code", "-asked_at", "-_id"], "name": "of_school"},
            {"fields": ["area_code", "-asked_at", "-_id"], "name": "newest"},
            {"fields": ["area_code", "state", "school_code"]},
        ],
    }

    @property
    def place(self):
        """Where the record stands."""
        return Place(self.area_code, self.academic_year, self.round, self.school_code)

    def refuse(self, step, actor, now):
        """Who asked does not decide, though he may hold the district's role too."""
        if step.name != "withdraw" and actor.id == self.asked_by:
            raise NotAllowed("ท่านเป็นผู้ขอแก้เลขนี้ จึงพิจารณาเองไม่ได้ กรุณาให้เจ้าหน้าที่เขตคนอื่นพิจารณา")


@noting_refusals(5)
def ask(plain, number, again, kind, content, actor, reason):
    """Ask for another number for a stored pupil (dict), with the bytes of an evidence file. Gives the IdChange.

    Raises OutOfScope, RoundLocked, WrongState or Invalid by field (number, again, kind, evidence, reason).
    """
    place = Place.of(plain)
    _refuse_where(plain, place, actor)
    said = reason_of(reason)
    new = _checked(plain, place, number, again, kind)
    kept = evidence.keep(content, place.area_code)
    case = IdChange(
        **place._asdict(),
        school_name=school_name(place.area_code, place.school_code),
        record=plain["_id"],
        lineage=plain["lineage"],
        old_number=citizen_id.mask_id(plain["person_id"]),
        shown_number=citizen_id.mask_id(new),
        new_number=new,
        new_type=kind,
        evidence=kept.id,
        evidence_kind=kept.kind,
        evidence_size=kept.size,
        evidence_digest=kept.digest,
        state="asked",
    )
    try:
        return open_case(case, actor, said)
    except DuplicateKeyError as error:
        evidence.drop(kept.id)
        raise WrongState("มีคำขอแก้เลขของนักเรียนคนนี้รอเขตพิจารณาอยู่แล้ว กรุณารอผลหรือถอนคำขอเดิมก่อน") from error


def _refuse_where(plain, place, actor):
    """A stranger's request, one in a sealed round, of a pupil who waits, or of a number that is simply mended."""
    if access.writes_as(actor, place.area_code, place.school_code) is None:
        raise OutOfScope()
    refuse_sealed(find_submission("DMC", place), round_of(place))
    if plain.get("status") == AWAITING:
        raise WrongState("นักเรียนคนนี้รอย้ายเข้า ขอแก้เลขได้เมื่อโรงเรียนเดิมเห็นชอบแล้ว")
    if not plain.get("person_id") or not is_fixed(plain):
        raise WrongState("เลขนี้ยังไม่เคยส่ง แก้ได้เองในแบบฟอร์มของนักเรียน ไม่ต้องขอเขต")


def _checked(plain, place, number, again, kind):
    """The new number as it is stored, once everything about it holds."""
    new = clean_number(number)
    holds, sentence = rules.NUMBERS.get(kind, (None, ""))
    if kind not in code_list("ID_TYPE").codes:
        raise Invalid({0: {"kind": "กรุณาเลือกประเภทบัตร"}})
    if holds and not holds(new):
        raise Invalid({0: {"number": sentence}})
    if clean_number(again) != new:
        raise Invalid({0: {"again": "เลขที่พิมพ์สองครั้งไม่ตรงกัน กรุณาตรวจดูกับเอกสาร"}})
    if (new, kind) == (plain["person_id"], plain.get("id_type")):
        raise Invalid({0: {"number": "เลขใหม่เหมือนเลขเดิม กรุณาตรวจดู"}})
    if other := in_school(place, new, plain["_id"]):
        raise Invalid({0: {"number": f"เลขนี้เป็นของ{Student.headline(other)}ในโรงเรียนนี้อยู่แล้ว กรุณาตรวจดูทั้งสองคน"}})
    return new


def elsewhere(case):
    """Names of other schools where the new number stands in the request's round: a warning to the district alone."""
    query = {"area_code": case.area_code, "person_id": case.new_number, "academic_year": case.academic_year}
    query |= {"round": case.round, "school_code": {"$ne": case.school_code}}
    codes = {
        row["school_code"]
        for row in collection(Student).find(query, {"school_code": 1}).hint("number").limit(MOST_NAMED)
    }
    return [school_name(case.area_code, code) for code in sorted(codes)] if case.new_number else []


@noting_refusals(2)
def answer(case, name, actor, reason=None):
    """Make one step of a request; approved, the number is changed in the same transaction. Gives the fresh IdChange."""
    step = case.steps[name]
    check_step(case, step, actor, clock.now())
    said = reason_of(reason, needed=step.reason)
    if name == "approve":
        _approve(case, actor, said)
    else:
        advance(case, name, actor, said, changes={"new_number": None, "evidence": None})
        evidence.drop(case.evidence)
    return IdChange.objects(area_code=case.area_code, id=case.id).get()


def _approve(case, actor, said):
    plain = collection(Student).find_one({**case.place._asdict(), "_id": case.record})
    if plain is None:
        raise WrongState("รายการของนักเรียนคนนี้ไม่อยู่แล้ว กรุณาไม่แก้ให้ แล้วให้โรงเรียนขอใหม่จากรายการปัจจุบัน")
    if other := in_school(case.place, case.new_number, case.record):
        raise DuplicateKey(
            f"เลขใหม่เป็นของ{Student.headline(other)}ในโรงเรียนนี้อยู่แล้ว กรุณาไม่แก้ให้ แล้วให้โรงเรียนตรวจทั้งสองคน"
        )
    _refuse_shut(case, actor)

    def along():
        advance(case, "approve", actor, said, changes={"new_number": None})

    if request := _of_a_learner(case, plain):
        gcode_linking.replaced(request, case.new_number, actor, said or case.reason, beside=along)
        return
    change, granted = renumber(plain, case.new_number, case.new_type)
    warrant = Warrant("district", {change.id: granted}, along=along)
    write([change], actor, said or case.reason, via="id_change", warrant=warrant)


def _of_a_learner(case, plain):
    """The certified G-code request whose learner is given a 13-digit number by this change, or None."""
    request = gcode_linking.of_code(case.area_code, plain["person_id"])
    return request if request and case.new_type == "I" and request.state == "certified" else None


def _refuse_shut(case, actor):
    round_ = round_of(case.place)
    try:
        may_write(find_submission("DMC", case.place), round_, actor, role="district")
    except WrongState as error:
        raise WrongState(f"{case.school_name}ส่งข้อมูลรอบ {round_} แล้ว ให้ส่งกลับแก้ไขก่อน แล้วจึงแก้เลขให้") from error


# ---- who sees which ----


def visible_to(user):
    """The MongoDB filter of the requests a person may see."""
    return access.visible(user)


def get_id_change(user, id_):
    """The IdChange of an id as far as this person may see it; raises OutOfScope for any other."""
    return find_case(IdChange, id_, visible_to(user))


def evidence_of(case, actor):
    """(bytes, media type) of a request's evidence; who looked at it is noted. Raises OutOfScope without one."""
    if case.evidence is None:
        raise OutOfScope("หลักฐานของคำขอนี้ถูกลบแล้วเมื่อคำขอสิ้นสุด")
    content = evidence.read(case.evidence)
    about = {"case": [None, str(case.id)]}
    note_event(case.area_code, actor, "evidence", "access", actor.id, about, seen=_seen(case))
    return content, case.evidence_kind


def whole_number_of(case, actor):
    """The new number of a request that waits, to be compared with a paper; who looked is noted. Raises OutOfScope."""
    if not case.is_open or not actor.holds("district", case.area_code):
        raise OutOfScope("เลขเต็มแสดงให้เจ้าหน้าที่เขตเท่านั้น ระหว่างที่คำขอรอพิจารณา")
    about = {"person_id": [None, str(case.record)]}
    note_event(case.area_code, actor, "reveal", "access", actor.id, about, seen=_seen(case) | {"full": True})
    return case.new_number


def _seen(case):
    """What the access log is told of a request beside the history."""
    return {
        "what": "id_changes", "school_code": case.school_code, "record": case.record, "lineage": case.lineage,
        "subsystem": "DMC", "round": f"{case.academic_year}-{case.round}",
    }  # fmt: skip
