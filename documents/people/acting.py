"""Acting directors (รักษาการในตำแหน่งผู้อำนวยการโรงเรียน): appointed for a school by a dated order, until a day.

The school keeps the list of its appointments, the person what makes him director meanwhile (`users.Acting`); both are
written in one transaction. An appointment ends by itself after its last day.
"""

import datetime as dt

from bson import ObjectId

from documents import clock
from documents.database import collection, in_transaction
from documents.district.schools import School, may_edit
from documents.errors import Invalid, NotAllowed, StaleRevision
from documents.formats import buddhist, thai
from documents.people.users import SCHOOL_ROLES, User
from documents.trail.history import as_stored, note_event

TITLE = "รักษาการในตำแหน่งผู้อำนวยการโรงเรียน"
LONGEST = dt.timedelta(days=366)  # a slip of the year is no order
NUMBER_LIMIT = 80


def candidates(school):
    """The active people of the area's schools who may be appointed, those of this school first: [User]."""
    people = User.objects(
        __raw__={
            "areas_listed": school.area_code,
            "active": True,
            "grants": {"$elemMatch": {"role": {"$in": list(SCHOOL_ROLES)}, "area_code": school.area_code}},
        }
    )
    here = {"school", "director"}
    return sorted(
        people.only("name", "position", "grants"),
        key=lambda one: (not any(one.holds(role, school.area_code, school.code) for role in here),
                         thai.sort_key(one.name)),
    )  # fmt: skip


def state_of(appointment, today=None):
    """'ended' (by hand), 'coming', 'now' or 'over' of one entry of a school's list."""
    today = today or clock.today()
    if appointment.get("ended_at"):
        return "ended"
    if today < appointment["since"].date():
        return "coming"
    return "now" if today <= appointment["until"].date() else "over"


def present(school):
    """The appointment in force today, or None."""
    return next((one for one in school.acting if state_of(one) == "now"), None)


def appoint(school, actor, person_id, since, until, order_number, order_day, revision):
    """Appoint somebody acting director from one day to another (dates, both included) by an order of that day.

    Raises NotAllowed for whoever may not and for one's own appointment, Invalid by field, StaleRevision.
    """
    _require(actor, school)
    person = _person(school, person_id)
    number = thai.clean(order_number)
    _check(school, since, until, number, order_day)
    if person is None:
        raise Invalid({0: {"person": "กรุณาเลือกครูหรือผู้อำนวยการของโรงเรียนในเขตที่ยังใช้งานบัญชีอยู่"}})
    if person.id == actor.id:
        raise NotAllowed("ท่านแต่งตั้งตนเองไม่ได้ กรุณาให้เจ้าหน้าที่คนอื่นบันทึกคำสั่ง")
    if any(one.role == "director" and one.covers(school.area_code, school.code) for one in person.grants):
        raise Invalid({0: {"person": f"{person.name} เป็นผู้อำนวยการโรงเรียนนี้อยู่แล้ว ไม่ต้องแต่งตั้งรักษาการ"}})
    new = ObjectId()
    kept = {"since": clock.midnight(since), "until": clock.midnight(until), "order_number": number}
    entry = kept | {
        "id": new, "person": person.id, "name": person.name, "order_day": clock.midnight(order_day),
        "by": actor.id, "by_name": actor.name, "at": as_stored(clock.now()),
    }  # fmt: skip
    given = kept | {"id": new, "area_code": school.area_code, "school_code": school.code}

    def work():
        _touch(school, revision, {"$push": {"acting": entry}})
        still = {"_id": person.id, "areas_listed": school.area_code, "active": True}
        if not collection(User).update_one(still, {"$push": {"acting": given}}).matched_count:
            raise Invalid({0: {"person": "บัญชีนี้ถูกระงับไปแล้ว กรุณาเลือกคนอื่น"}})
        _note(school, actor, "appoint", person.id, [None, in_words(entry)])

    in_transaction(work)
    return _fresh(school)


def end(school, actor, appointment_id, reason, revision):
    """End an appointment before its last day; it holds at the person's next request. Raises as `appoint` does."""
    _require(actor, school)
    found = next((one for one in school.acting if str(one["id"]) == str(appointment_id)), None)
    if found is None or state_of(found) not in ("now", "coming"):
        raise Invalid({0: {"id": "การรักษาการนี้สิ้นสุดไปแล้ว กรุณาเปิดหน้านี้ใหม่"}})
    if not (reason := thai.clean(reason)):
        raise Invalid({0: {"reason": "โปรดระบุเหตุผล เช่น มีผู้อำนวยการคนใหม่มารายงานตัว"}})
    ended = {"acting.$[one].ended_at": as_stored(clock.now()), "acting.$[one].ended_by": actor.name,
             "acting.$[one].reason": reason}  # fmt: skip

    def work():
        _touch(school, revision, {"$set": ended}, [{"one.id": found["id"]}])
        collection(User).update_one({"_id": found["person"]}, {"$pull": {"acting": {"id": found["id"]}}})
        _note(school, actor, "dismiss", found["person"], [in_words(found), None], reason)

    in_transaction(work)
    return _fresh(school)


def in_words(entry):
    """An appointment in a line: 'ครูหนึ่ง 1 มิ.ย. 2568 – 30 มิ.ย. 2568 คำสั่งที่ 12/2568'."""
    since, until = (buddhist.format_short(entry[name]) for name in ("since", "until"))
    return f"{entry['name']} {since} – {until} คำสั่งที่ {entry['order_number']}"


def _require(actor, school):
    if not may_edit(actor, school.area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตหรือผู้ดูแลระบบเท่านั้นที่บันทึกการรักษาการได้")


def _person(school, person_id):
    """The active person of a school of the area, or None."""
    if not ObjectId.is_valid(str(person_id or "")):
        return None
    person = User.objects(id=ObjectId(str(person_id)), areas_listed=school.area_code, active=True).first()
    held = person and any(
        grant.role in SCHOOL_ROLES and grant.area_code == school.area_code for grant in person.grants
    )
    return person if held else None


def _check(school, since, until, number, order_day):
    wrong = {}
    for name, day in (("since", since), ("until", until), ("order_day", order_day)):
        if day is None:
            wrong[name] = "กรุณากรอกวันที่ เป็น วว/ดด/พ.ศ."
    if not number:
        wrong["order_number"] = "กรุณากรอกเลขที่คำสั่ง"
    elif len(number) > NUMBER_LIMIT:
        wrong["order_number"] = f"ยาวเกิน {NUMBER_LIMIT} ตัวอักษร กรุณาย่อให้สั้นลง"
    if since and until and not wrong:
        wrong |= _wrong_days(school, since, until, order_day)
    if wrong:
        raise Invalid({0: wrong})


def _wrong_days(school, since, until, order_day):
    if until < since:
        return {"until": "วันสิ้นสุดต้องไม่ก่อนวันเริ่ม"}
    if until < clock.today():
        return {"until": "วันสิ้นสุดผ่านไปแล้ว กรุณาตรวจสอบวันที่ในคำสั่ง"}
    if until - since > LONGEST:
        return {"until": "รักษาการได้ไม่เกินครั้งละ 1 ปี กรุณาตรวจปี พ.ศ. ที่พิมพ์"}
    if order_day > clock.today() or order_day > since:
        return {"order_day": "คำสั่งต้องลงวันที่ไม่หลังวันเริ่มรักษาการและไม่หลังวันนี้"}
    for one in school.acting:
        if not one.get("ended_at") and one["since"].date() <= until and since <= one["until"].date():
            return {"since": f"ซ้อนกับการรักษาการของ {in_words(one)} กรุณาสิ้นสุดรายการนั้นก่อน หรือเลือกวันอื่น"}
    return {}


def _touch(school, revision, update, array_filters=None):
    """Change the school where it still is at the revision that was seen; so two appointments cannot both win."""
    seen = {"_id": school.id, "area_code": school.area_code, "revision": revision}
    update = update | {"$inc": {"revision": 1}}
    if not collection(School).update_one(seen, update, array_filters=array_filters).matched_count:
        raise StaleRevision([])


def _note(school, actor, action, person_id, pair, reason=None):
    """The event of the school, and the same on the person's account."""
    for document, subject in (("schools", school.id), ("users", person_id)):
        note_event(school.area_code, actor, action, document, subject, {"acting": pair}, reason)


def _fresh(school):
    return School.objects(area_code=school.area_code, id=school.id).get()
