"""G-codes certified before Khet (รหัส G ที่รับรองไว้ก่อน): learners of the ministry's register, taken in as certified.

Such a learner has a request of his own like any other, with the ministry's code and without evidence: that lies in the
ministry's system, where he was certified. Without it DMC-06 would stop each school whose pupil stands under such a code.
Who certifies G-codes in Khet takes them in (domain.md 3.3.1); a wrong one is cancelled like any other code. A whole import
may be undone: each learner nobody has touched since is withdrawn, and his code is free again for the right file.
"""

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, IntField, ObjectIdField, StringField

from documents import clock
from documents.database import collection, in_transaction
from documents.errors import DuplicateKey, OutOfScope
from documents.formats import buddhist
from documents.gcode import gcode_numbers
from documents.gcode.gcode import GCodeRequest, keys_of
from documents.gcode.gcode_certifying import key_of, learner_key
from documents.gcode.gcode_requests import numbered
from documents.gcode.gcode_writing import fresh, note
from documents.notifying import notices
from documents.people import access
from documents.records.cases import advance, check_step, reason_of
from documents.trail.history import as_stored, naive_now
from documents.trail.refusals import noting_refusals

CERTIFIER = "ระบบรหัส G ของกระทรวง"
NEEDED = ("first_name", "last_name", "birth_date")
ANOTHER = "ผู้เรียนชื่อและวันเกิดนี้มีรหัส G อื่นที่รับรองแล้วในเขต ผู้เรียนหนึ่งคนมีได้รหัสเดียว กรุณาตรวจว่ารหัสใดถูกต้อง"


def refuse_register(user, area_code):
    """Raise OutOfScope for anyone but a certifier of the area with the mark for sensitive fields."""
    if not user.is_system and not user.holds("approver", area_code):
        raise OutOfScope("เฉพาะผู้รับรองระดับเขตเท่านั้นที่นำทะเบียนรหัส G ที่รับรองแล้วเข้าระบบได้")
    if not user.is_system and not access.sees_sensitive(user, area_code):
        raise OutOfScope("ไฟล์นี้อาจมีสัญชาติของผู้เรียน ซึ่งเป็นข้อมูลอ่อนไหว บัญชีของท่านยังไม่ได้รับสิทธิ์เห็นข้อมูลอ่อนไหว")


def as_certified(area_code, school, values, code, certified_on):
    """The fields of the request of one registered learner; `school` is its School, `certified_on` a datetime."""
    own = {"area_code": area_code, "school_code": school.code, "school_name": school.name, **values}
    own |= {"requested_on": certified_on, "certified_at": certified_on, "certified_by_name": CERTIFIER}
    own |= {"code": code, "code_kind": gcode_numbers.MINISTRY, "code_at": certified_on, "registered": True}
    return own | {"learner_key": key_of(*(values[name] for name in NEEDED))}


class RegisterImport(Document):
    """One register that was taken in: who, when, from which file, how many learners, and how many were taken back.

    Its id is the id of the plan; the requests name it in `taken_in`.
    """

    area_code = StringField(required=True, max_length=8)
    owner = ObjectIdField(required=True)
    owner_name = StringField(max_length=200)
    filename = StringField(max_length=300)
    reason = StringField(max_length=2000)
    at = DateTimeField(required=True)
    learners = IntField(default=0)
    undone = IntField(default=0)
    undone_at = DateTimeField()  # the last of them
    undone_by_name = StringField(max_length=200)

    meta = {
        "collection": "gcode_register_imports",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "-at", "-_id"], "name": "newest"}],
    }

    @property
    def left(self):
        """How many learners were not taken back."""
        return self.learners - self.undone


def begun(plan_id, area_code, filename, actor, reason):
    """The RegisterImport of a plan, which is stored with its first learner."""
    return RegisterImport(
        id=plan_id, area_code=area_code, owner=actor.id, owner_name=actor.name, filename=filename, reason=reason,
        at=naive_now(),
    )  # fmt: skip


@noting_refusals(2)
def take_in(own, into, actor, reason):
    """Store one registered learner (`as_certified`) with the RegisterImport he belongs to, and give his request; what is
    there already is given as it is.

    Raises OutOfScope, or DuplicateKey where the code or the learner stands in another request.
    """
    refuse_register(actor, own["area_code"])
    holder = gcode_numbers.holder_of(own["area_code"], own["code"])
    if holder is not None and is_same(holder, own):
        return holder
    year = own["certified_at"].year + buddhist.ERA
    whole = own | {"recorded_by": [actor.id], "ended_at": as_stored(clock.now()), "taken_in": into.id}
    first = into.to_mongo().to_dict() | {"learners": 1}
    mine = {name: first.pop(name) for name in ("_id", "area_code")}
    counted = {"$inc": {"learners": first.pop("learners")}, "$setOnInsert": first}

    def along():
        collection(RegisterImport).update_one(mine, counted, upsert=True)

    try:
        with notices.quietly():  # certified long ago is no news
            return numbered(whole, actor, year, "certified", reason, {"code": [None, own["code"]]}, along)
    except DuplicateKey as error:
        raise DuplicateKey(ANOTHER if holder is None else taken_by(holder)) from error


def is_same(request, own):
    """Whether a request is of a registered learner: his code, name and birth date, and certified."""
    return request.state in ("certified", "replaced") and learner_key(request) == own["learner_key"]


def taken_by(holder):
    """The sentence on a code that stands in a request which is not this learner's, or is not certified."""
    return f"รหัสนี้อยู่ในคำขอเลขที่ {holder.request_no} ({holder.shown_state}) แล้ว และชื่อ วันเกิด หรือสถานะไม่ตรงกัน กรุณาตรวจกับคำขอนั้น"


# ---- undoing ----


def imports_of(area_code, limit=20):
    """The area's RegisterImports, the newest first."""
    return list(RegisterImport.objects(area_code=area_code).order_by("-at", "-id").limit(limit))


def get_import(area_code, id_):
    """The RegisterImport of an id in an area; raises OutOfScope for any other."""
    found = ObjectId.is_valid(id_ or "") and RegisterImport.objects(area_code=area_code, id=id_).first()
    if not found:
        raise OutOfScope("ไม่พบการนำเข้าทะเบียนนี้ในเขตของท่าน กรุณาเลือกจากรายการ")
    return found


def left_of(done):
    """[(name, GCodeRequest)] of the learners of a RegisterImport that were not taken back, by number."""
    found = GCodeRequest.objects(area_code=done.area_code, taken_in=done.id, code__exists=True).order_by("id")
    return [(one.request_no, one) for one in found]


@noting_refusals(1)
def take_back(request, actor, reason):
    """Withdraw a learner who was taken in and not touched since; his code may be given again. Gives the fresh request.

    Raises OutOfScope, WrongState, or Invalid without a reason.
    """
    refuse_register(actor, request.area_code)
    check_step(request, request.steps["undo"], actor, clock.now())
    said, given = reason_of(reason), ("code", "code_kind", "code_at")
    kept = {name: value for name, value in request.to_mongo().to_dict().items() if name not in given}
    own = {"_id": request.id, "area_code": request.area_code}
    by = {"undone_at": naive_now(), "undone_by_name": actor.name}

    def work():
        advance(request, "undo", actor, said, changes=keys_of(kept) | {"learner_key": None})
        collection(GCodeRequest).update_one(own, {"$unset": dict.fromkeys(given, "")})
        note(request, actor, "undo", {"code": [request.code, None]}, said, acting_as="district")
        collection(RegisterImport).update_one(
            {"_id": request.taken_in, "area_code": request.area_code}, {"$inc": {"undone": 1}, "$set": by}
        )

    with notices.quietly():
        in_transaction(work)
    return fresh(request)
