"""G-codes certified before Khet (รหัส G ที่รับรองไว้ก่อน): learners of the ministry's register, taken in as certified.

Such a learner has a request of his own like any other, with the ministry's code and without evidence: that lies in the
ministry's system, where he was certified. Without it DMC-06 would stop each school whose pupil stands under such a code.
Who certifies G-codes in Khet takes them in (domain.md 3.3.1); a wrong one is cancelled like any other code.
"""

from documents import access, buddhist, clock, gcode_numbers, notices
from documents.errors import DuplicateKey, OutOfScope
from documents.gcode import GCodeRequest
from documents.gcode_certifying import learner_key
from documents.gcode_requests import numbered
from documents.history import as_stored
from documents.refusals import noting_refusals

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
    return own | {"learner_key": learner_key(GCodeRequest(**own))}


@noting_refusals(1)
def take_in(own, actor, reason):
    """Store one registered learner (`as_certified`) and give his request; what is there already is given as it is.

    Raises OutOfScope, or DuplicateKey where the code or the learner stands in another request.
    """
    refuse_register(actor, own["area_code"])
    holder = gcode_numbers.holder_of(own["area_code"], own["code"])
    if holder is not None and is_same(holder, own):
        return holder
    year = own["certified_at"].year + buddhist.ERA
    whole = own | {"recorded_by": [actor.id], "ended_at": as_stored(clock.now())}
    try:
        with notices.quietly():  # certified long ago is no news
            return numbered(whole, actor, year, "certified", reason, {"code": [None, own["code"]]})
    except DuplicateKey as error:
        raise DuplicateKey(ANOTHER if holder is None else taken_by(holder)) from error


def is_same(request, own):
    """Whether a request is of a registered learner: his code, name and birth date, and certified."""
    return request.state in ("certified", "replaced") and learner_key(request) == own["learner_key"]


def taken_by(holder):
    """The sentence on a code that stands in a request which is not this learner's, or is not certified."""
    return f"รหัสนี้อยู่ในคำขอเลขที่ {holder.request_no} ({holder.shown_state}) แล้ว และชื่อ วันเกิด หรือสถานะไม่ตรงกัน กรุณาตรวจกับคำขอนั้น"
