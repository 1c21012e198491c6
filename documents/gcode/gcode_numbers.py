"""G-codes (รหัส G): their form, who may have which, and the area's own sequence of temporary ones.

A code is G and twelve digits: two of the Buddhist year, two of the province, eight that run (domain.md 3.3). An area
either records the number that the ministry's system gave, or issues one from its own sequence, which is temporary
(ชั่วคราว) and leaves no file for the ministry. Of an issued one the eight digits are 9, two of the area and five that
run: the ministry counts from 1, so that neither its numbers nor those of another area of the province are met.

The number is taken within the transaction that certifies: a certification that is given up leaves no gap.
"""

from mongoengine import Document
from mongoengine.fields import IntField, StringField
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from documents import clock
from documents.database import collection, in_transaction
from documents.district.schools import Area
from documents.errors import DuplicateKey, Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats import citizen_id
from documents.gcode.gcode import GCodeRequest, keys_of
from documents.gcode.gcode_writing import fresh, note
from documents.records.cases import as_read, reason_of
from documents.trail.history import as_stored, note_event
from documents.trail.refusals import noting_refusals

RECORDED, ISSUED = "recorded", "issued"
MODES = {RECORDED: "บันทึกรหัสที่ระบบของกระทรวงออกให้", ISSUED: "ออกรหัสชั่วคราวจากลำดับของเขต"}
MINISTRY, TEMPORARY = "ministry", "temporary"
TEMPORARY_WORD = "ชั่วคราว"
OF_AN_AREA = "9"  # the first running digit of an issued code
LAST = 99_999
FORM = "รหัส G ต้องเป็นตัว G ตามด้วยตัวเลข 12 หลัก เช่น G683400000001 กรุณาตรวจดูอีกครั้ง"
TYPE_IT = "กรุณาพิมพ์รหัส G ที่ระบบของกระทรวงออกให้"
AGAIN = "รหัสที่พิมพ์สองครั้งไม่ตรงกัน กรุณาตรวจดูกับหน้าจอของระบบกระทรวง"
RECORDED_IN = (
    "sent",
    "checking",
    "checked",
)  # a number of the ministry may be written down ahead of the certification


class GCodeSequence(Document):
    """The last number that an area issued in a year; of no row none."""

    area_code = StringField(required=True, max_length=8)
    year = IntField(required=True)
    last = IntField(required=True)

    meta = {
        "collection": "gcode_sequences",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "year"], "unique": True}],
    }


# ---- how an area works ----


def mode_of(area_code):
    """RECORDED or ISSUED: how the area's certified requests come to their code."""
    found = Area.objects(code=area_code).only("gcode_mode").first()
    return (found and found.gcode_mode) or RECORDED


def set_mode(area_code, mode, actor, reason):
    """Say how requests certified from now on come to their code. Raises NotAllowed or Invalid."""
    if not any(actor.holds(role, area_code) for role in ("district", "admin")):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตหรือผู้ดูแลระบบเท่านั้นที่กำหนดที่มาของรหัส G ได้")
    if mode not in MODES:
        raise Invalid({0: {"mode": "กรุณาเลือกที่มาของรหัส G"}})
    said, before = reason_of(reason), mode_of(area_code)
    if mode == before:
        return

    def work():
        area = Area.objects(code=area_code).get()
        collection(Area).update_one({"_id": area.id}, {"$set": {"gcode_mode": mode}})
        note_event(area_code, actor, "settings", "gcode", area.id, {"gcode_mode": [before, mode]}, said)

    in_transaction(work)


# ---- one code ----


def clean_code(text):
    """A typed code as it is stored; raises Invalid under `code` for what cannot be one (GC-02)."""
    if citizen_id.looks_mangled(text):
        raise Invalid({0: {"code": citizen_id.MANGLED}})
    code = citizen_id.clean_id(text)
    if not code:
        raise Invalid({0: {"code": TYPE_IT}})
    if not citizen_id.is_g_code(code):
        raise Invalid({0: {"code": FORM}})
    return code


def refuse_taken(request, code):
    """Raise DuplicateKey where a code stands for another request, or the request has another already (GC-02)."""
    holder = holder_of(request.area_code, code)
    if holder is not None and holder.id != request.id and not _lets_go(holder):
        raise DuplicateKey(
            f"รหัสนี้ออกให้คำขอเลขที่ {holder.request_no} แล้ว รหัสหนึ่งใช้กับผู้เรียนคนเดียวและไม่ใช้ซ้ำ แม้จะยกเลิกไปแล้ว กรุณาตรวจรหัสอีกครั้ง"
        )
    if request.code and request.code != code:
        raise DuplicateKey(
            f"ผู้เรียนคนนี้มีรหัส {citizen_id.mask_id(request.code)} อยู่แล้ว ผู้เรียนหนึ่งคนมีได้รหัสเดียว หากรหัสเดิมผิดให้ลบรหัสที่บันทึกไว้ก่อน"
        )


def holder_of(area_code, code):
    """The request that a code of an area stands in, whatever became of it; None for none."""
    if not code:
        return None
    return GCodeRequest.objects(__raw__={"area_code": area_code, "code": code}).hint("code").first()


def _lets_go(holder):
    """Whether a request that was never certified ended, so that what was written down for it is free again."""
    return holder.state in ("refused", "cancelled") and not holder.code_at


def doubts(code, year, province):
    """Yield sentences where the parts of a code do not fit the request's year or the area's province (GC-06)."""
    if not code:
        return
    if code[1:3] != f"{year % 100:02d}":
        yield f"รหัสขึ้นต้นด้วยปี {code[1:3]} แต่คำขอเป็นของปี {year} กรุณาตรวจรหัสอีกครั้ง"
    if province and code[3:5] != province:
        yield f"รหัสมีเลขจังหวัด {code[3:5]} แต่เขตอยู่จังหวัดรหัส {province} กรุณาตรวจรหัสอีกครั้ง"


def doubts_of(request, code=None):
    """The sentences of `doubts` of a request, with the code it has or would have."""
    area = Area.objects(code=request.area_code).only("province").first()
    found = doubts(code or request.code, request.request_year, area and area.province)
    return [] if request.code_kind == TEMPORARY and code in (None, request.code) else list(found)


# ---- recording ahead of the certification ----


@noting_refusals(3)
def record(request, text, again, actor, reason=None):
    """Write down the number that the ministry's system gave for a request that is not certified yet; gives the fresh one.

    It is typed twice (`again`; None where a file says it). Raises OutOfScope, WrongState, Invalid under `code` or `again`,
    DuplicateKey.
    """
    if not actor.is_system and not actor.holds("district", request.area_code):
        raise OutOfScope("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่บันทึกรหัส G ได้")
    if request.state not in RECORDED_IN:
        raise WrongState(
            f"คำขอนี้อยู่ในสถานะ “{request.shown_state}” จึงบันทึกรหัสไม่ได้ บันทึกได้หลังโรงเรียนส่งคำขอและก่อนรับรอง"
        )
    code = typed_twice(text, again)
    refuse_taken(request, code)

    def work():
        release(request, code)
        values = {"code": code, "code_kind": MINISTRY}
        values |= keys_of(request.to_mongo().to_dict() | values)
        done = collection(GCodeRequest).update_one(
            as_seen(request), {"$set": values, "$inc": {"revision": 1}}
        )
        if not done.matched_count:
            raise WrongState("มีผู้ทำรายการในคำขอนี้ไปก่อนแล้ว กรุณาเปิดหน้านี้ใหม่")
        note(
            request,
            actor,
            "code",
            {"code": [None, code]},
            reason_of(reason, needed=False),
            acting_as="district",
        )

    taking(code, lambda: in_transaction(work))
    return fresh(request)


@noting_refusals(1)
def erase(request, actor, reason):
    """Take back a number that was written down wrong and never certified; gives the fresh request."""
    if not actor.holds("district", request.area_code):
        raise OutOfScope("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่ลบรหัสที่บันทึกไว้ได้")
    if request.state not in RECORDED_IN or not request.code:
        raise WrongState("คำขอนี้ไม่มีรหัสที่บันทึกไว้ก่อนรับรอง จึงไม่มีอะไรให้ลบ")
    said = reason_of(reason)

    def work():
        values = {"$unset": {"code": "", "code_kind": ""}, "$inc": {"revision": 1}}
        values["$set"] = keys_of(request.to_mongo().to_dict() | {"code": None})
        if not collection(GCodeRequest).update_one(as_seen(request), values).matched_count:
            raise WrongState("มีผู้ทำรายการในคำขอนี้ไปก่อนแล้ว กรุณาเปิดหน้านี้ใหม่")
        note(request, actor, "code", {"code": [request.code, None]}, said, acting_as="district")

    in_transaction(work)
    return fresh(request)


def typed_twice(text, again):
    """The clean code of what was typed; raises Invalid under `code` or `again`."""
    code = clean_code(text)
    if again is not None and citizen_id.clean_id(again) != code:
        raise Invalid({0: {"again": AGAIN}})
    return code


def as_seen(request):
    """The filter of a request as it was read."""
    return as_read(request) | {"revision": request.revision}


def release(request, code):
    """Within a transaction: take the code off a request that ended without ever being certified."""
    holder = holder_of(request.area_code, code)
    if holder is not None and holder.id != request.id and _lets_go(holder):
        collection(GCodeRequest).update_one(
            {"_id": holder.id, "area_code": holder.area_code, "code": code},
            {
                "$unset": {"code": "", "code_kind": ""},
                "$set": keys_of(holder.to_mongo().to_dict() | {"code": None}),
            },
        )


def taking(code, work):
    """Run work that stores a code; a duplicate key is told in a sentence. Gives back what it gave."""
    try:
        return work()
    except DuplicateKeyError as error:
        raise DuplicateKey(
            "มีผู้บันทึกรหัสนี้หรือรับรองผู้เรียนคนนี้ไปก่อนแล้ว รหัสหนึ่งใช้กับผู้เรียนคนเดียว กรุณาเปิดหน้านี้ใหม่แล้วตรวจสอบ"
        ) from error


# ---- with the certification ----


def prepared(request, text=None, again=None):
    """Before the transaction: the code a request is to be certified with, None where one will be issued.

    `text` and `again` are what the certifier typed; nothing where the code was recorded before.
    Raises Invalid under `code` or `again`, DuplicateKey, WrongState where the year's numbers are used up.
    """
    if text:
        code = typed_twice(text, again)
        refuse_taken(request, code)
        return code
    if request.code:
        return request.code
    if mode_of(request.area_code) == RECORDED:
        raise Invalid({0: {"code": f"{TYPE_IT} ก่อนรับรอง หรือให้เจ้าหน้าที่เขตบันทึกไว้ในคำขอ"}})
    return None


def given(request, code=None, now=None):
    """Within the transaction that certifies: what is set of the request, {code, code_kind, code_at}.

    Without a `code` the area's next one is taken. Raises WrongState once the year's numbers are used up.
    """
    kind = MINISTRY if code else TEMPORARY
    if code:
        release(request, code)
    else:
        code = next_code(request.area_code, request.request_year)
    return {"code": code, "code_kind": kind, "code_at": as_stored(now or clock.now())}


def next_code(area_code, year):
    """The area's next temporary code of a Buddhist year, taken within the present transaction.

    Two at once meet in the sequence's row: one waits by beginning anew, and one given up takes nothing.
    """
    area = collection(Area).find_one({"code": area_code}, {"province": 1})
    number = taken(area_code, year)
    if number > LAST:
        raise WrongState(f"รหัสชั่วคราวของปี {year} หมดแล้ว ({LAST:,} รหัส) กรุณาใช้รหัสที่ระบบของกระทรวงออกให้")
    province = (area or {}).get("province") or area_code[:2]
    return f"G{year % 100:02d}{province}{OF_AN_AREA}{area_code[2:4]}{number:05d}"


def taken(area_code, year):
    """The next number of an area's sequence: its row is counted up, so that a second transaction conflicts with it."""
    row = collection(GCodeSequence).find_one_and_update(
        {"area_code": area_code, "year": year},
        {"$inc": {"last": 1}},
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )
    return row["last"]


# ---- which are temporary ----


def temporary_codes(area_code):
    """All temporary codes of an area, those that were replaced too: what no file for the ministry may show as an ID."""
    ways = [{"code_kind": TEMPORARY}, {"former_codes.kind": TEMPORARY}]
    found = collection(GCodeRequest).find(
        {"area_code": area_code, "$or": ways}, {"code": 1, "code_kind": 1, "former_codes": 1, "_id": 0}
    )
    codes = set()
    for row in found:
        if row.get("code_kind") == TEMPORARY and row.get("code"):
            codes.add(row["code"])
        codes |= {one["code"] for one in row.get("former_codes", ()) if one["kind"] == TEMPORARY}
    return frozenset(codes)
