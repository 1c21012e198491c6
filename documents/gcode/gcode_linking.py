"""From the G-code onward (หลังได้รหัส G): into DMC, on to the 13-digit number or the ministry's code, or cancelled.

Each deed is one transaction through the request, the learner's open records in DMC and their `former_ids`; what is
locked stays as it was, and the pupil's page says the link. Who may: the steps of `gcode.py` say it, an officer records
a number with a reason and its evidence, the approver cancels a code and says what becomes of the pupil.
Source: domain.md 3.3.1, 3.3.2.
"""

from typing import NamedTuple

from documents.clock import midnight, today
from documents.clock import now as clock_now
from documents.database import collection, in_transaction
from documents.dmc import student_rules as rules
from documents.dmc.renumbering import refuse_met, removal, renumber, renumbered
from documents.dmc.students import Student
from documents.errors import DuplicateKey, Invalid, WrongState
from documents.formats import citizen_id
from documents.gcode import gcode_numbers
from documents.gcode.gcode import HOLDS_CODE, GCodeRequest, keys_of
from documents.gcode.gcode_numbers import MINISTRY, TEMPORARY, taking
from documents.gcode.gcode_writing import fresh, note
from documents.people import access
from documents.records import evidence
from documents.records.cases import advance, check_step, reason_of
from documents.records.record import declared
from documents.records.warrants import Warrant
from documents.records.writing import write
from documents.trail.history import as_stored
from documents.trail.refusals import noting_refusals

CITIZEN, G_CODE, NO_PAPER = "I", "G", "O"
FATES = {
    "without": "คงเป็นนักเรียนอยู่ โดยยังไม่มีเลขประจำตัว",
    "removed": "นำออกจากรายชื่อนักเรียนในรอบที่ยังเปิด",
    "number": "ใช้เลขประจำตัวอื่นแทน",
}
# What a request and a pupil's form have in common; `learner_values` gives it to the form of a new pupil.
SHARED = (
    "title", "first_name", "last_name", "sex", "birth_date", "nationality", "race", "grade", "admission_date",
    *(f"{who}_{name}" for who in ("father", "mother", "guardian") for name in ("first_name", "last_name", "nationality")),
    "guardian_relation", "guardian_tel",
    *(f"cur_{name}" for name in ("house_id", "house_no", "moo", "street", "soi", "subdistrict", "district", "province",
                                "postcode", "tel")),
)  # fmt: skip
MOST_OFFERED = 200
AT_MOST_LOCKED = 5  # places named in a sentence


class Outcome(NamedTuple):
    """What a deed did: the fresh request, how many records of DMC changed, the locked places that stay as they were."""

    request: GCodeRequest
    changed: int
    locked: list


# ---- into DMC ----


def offered(round_, school_code):
    """The certified requests of a school whose code never stood at a pupil of the area, by name: nobody who left again."""
    asked = {"area_code": round_.area_code, "school_code": school_code, "state": "certified"}
    found = list(
        GCodeRequest.objects(__raw__=asked | {"code": {"$type": "string"}})
        .order_by("sort_key", "id")
        .limit(MOST_OFFERED)
    )
    known = in_dmc(round_.area_code, [one.code for one in found])
    return [one for one in found if one.code not in known]


def in_dmc(area_code, codes, round_=None):
    """Those of the codes that stand at a pupil of the area, in a round or in any."""
    query = {"area_code": area_code, "person_id": {"$in": list(codes)}}
    if round_:
        query |= {"academic_year": round_.academic_year, "round": round_.code}
    rows = collection(Student).find(query, {"person_id": 1, "_id": 0}).hint("number")
    return {row["person_id"] for row in rows}


def learner_values(request):
    """{field of a pupil: value} that a certified request knows, the code as the number."""
    known, stored = declared(Student), request.to_mongo().to_dict()
    values = {
        name: stored[name] for name in SHARED if name in known and stored.get(name) not in (None, "", [])
    }
    return values | {"id_type": G_CODE, "person_id": request.code}


def offered_request(user, round_, school_code, id_):
    """The offered request of an id, for one who writes pupils of its school; None where it is not offered."""
    if access.writes_as(user, round_.area_code, school_code) is None:
        return None
    return next((one for one in offered(round_, school_code) if str(one.id) == id_), None)


def of_code(area_code, number):
    """The request whose code a pupil holds or held; None for a number that is no code of ours."""
    if not number or not citizen_id.is_g_code(number):
        return None
    return gcode_numbers.holder_of(area_code, number)


# ---- on to a 13-digit number ----


@noting_refusals(4)
def replace(request, number, again, content, actor, reason):
    """Record the 13-digit number that a learner was given, with the bytes of its evidence. Gives the Outcome.

    `again` is the number typed a second time. Raises OutOfScope, WrongState, Invalid under `number`, `again`, `evidence`
    or `reason`, and DuplicateKey.
    """
    step = request.steps["replace"]
    check_step(request, step, actor, clock_now())
    said, new = reason_of(reason), citizen_number(number, again)
    kept = evidence.keep(content, request.area_code, request.school_code)
    try:
        return replaced(request, new, actor, said, kept_as=evidence_row(kept, actor))
    except BaseException:
        evidence.drop(kept.id)
        raise


def citizen_number(text, again=None):
    """A cleaned 13-digit number; raises Invalid under `number` or `again`."""
    if citizen_id.looks_mangled(text):
        raise Invalid({0: {"number": citizen_id.MANGLED}})
    new = citizen_id.clean_id(text)
    if not citizen_id.is_citizen_id(new):
        raise Invalid({0: {"number": rules.NUMBERS["I"][1]}})
    if again is not None and citizen_id.clean_id(again) != new:
        raise Invalid({0: {"again": "เลขที่พิมพ์สองครั้งไม่ตรงกัน กรุณาตรวจดูกับเอกสาร"}})
    return new


def evidence_row(kept, actor):
    """A stored piece of evidence as a request lists it."""
    return {
        "id": kept.id, "kind": "other", "media": kept.kind, "size": kept.size, "digest": kept.digest,
        "at": as_stored(clock_now()), "by": actor.id, "by_name": actor.name,
    }  # fmt: skip


def replaced(request, new, actor, said, kept_as=None, beside=None):
    """Make the step `replace` with all that follows; `beside()` is done in the same transaction. Gives the Outcome.

    For a deed that has asked already who may and what the evidence is. Raises WrongState, DuplicateKey.
    """
    found = replacing(request, new, lambda plain: renumber(plain, new, CITIZEN))
    values = replacing_values(new)
    if kept_as:
        values["evidence"] = [*request.evidence, kept_as]
    return _done(request, found, actor, said, "replace", values, beside)


def replacing(request, new, make, leaving=()):
    """The Renumbered of a certified request's records, `make(plain)` giving (Change, Granted) of each; `leaving` are ids of
    records that are taken out with them. Raises WrongState, DuplicateKey.
    """
    refuse_known(request, new)
    found = renumbered(request.area_code, request.code, make)
    refuse_met(found.changes, leaving)
    return found


def replacing_values(new):
    """What the step `replace` sets."""
    return {"new_number": new, "replaced_on": midnight(today())}


def refuse_known(request, new):
    """Raise DuplicateKey where another request of the area was given the same 13-digit number."""
    other = GCodeRequest.objects(area_code=request.area_code, new_number=new, id__ne=request.id).first()
    if other is not None:
        raise DuplicateKey(f"เลขนี้บันทึกไว้กับคำขอเลขที่ {other.request_no} แล้ว กรุณาตรวจว่าเป็นคนเดียวกันหรือไม่")


# ---- on to the ministry's code ----


@noting_refusals(3)
def renew(request, text, again, actor, reason):
    """Give a learner who has a temporary code the one that the ministry's system gave. Gives the Outcome.

    Raises OutOfScope, WrongState, Invalid under `code`, `again` or `reason`, DuplicateKey.
    """
    check_step(request, request.steps["renew"], actor, clock_now())
    code, said = gcode_numbers.typed_twice(text, again), reason_of(reason)
    holder = gcode_numbers.holder_of(request.area_code, code)
    if holder is not None:
        raise DuplicateKey(f"รหัสนี้ออกให้คำขอเลขที่ {holder.request_no} แล้ว รหัสหนึ่งใช้กับผู้เรียนคนเดียวและไม่ใช้ซ้ำ")
    found = renumbered(request.area_code, request.code, lambda plain: renumber(plain, code, G_CODE))
    refuse_met(found.changes)
    row = {"code": request.code, "kind": TEMPORARY, "at": request.code_at, "until": as_stored(clock_now())}
    values = {"code": code, "code_kind": MINISTRY, "former_codes": [*request.former_codes, row]}
    values |= keys_of(request.to_mongo().to_dict() | values)
    return taking(code, lambda: _done(request, found, actor, said, "renew", values))


# ---- cancelling ----


@noting_refusals(2)
def cancel(request, fate, actor, reason, number=None, again=None):
    """Cancel a code and do to the pupil what was chosen, one of FATES; `number` is the other one, typed twice.

    The code is never given again, and the learner may be asked for anew. Gives the Outcome.
    Raises OutOfScope, WrongState, Invalid under `fate`, `number`, `again` or `reason`, DuplicateKey.
    """
    check_step(request, request.steps["cancel"], actor, clock_now())
    if fate not in FATES:
        raise Invalid({0: {"fate": "กรุณาเลือกว่านักเรียนคนนี้ใน DMC จะเป็นอย่างไรต่อไป"}})
    said, other = reason_of(reason), None
    if fate == "number":
        other, kind = other_number(request, number, again)
    make = {
        "without": lambda plain: renumber(plain, None, NO_PAPER),
        "removed": removal,
        "number": lambda plain: renumber(plain, other, kind),
    }[fate]
    found = renumbered(request.area_code, request.code, make)
    refuse_met(found.changes)
    noted = {"fate": fate} | ({"number": citizen_id.mask_id(other)} if other else {})
    return _done(request, found, actor, said, "cancel", {"learner_key": None, "fate": fate}, noted=noted)


def other_number(request, text, again):
    """(number, kind) of the number that takes a cancelled code's place: of 13 digits, or another certified G-code."""
    number = citizen_id.clean_id(text)
    if not citizen_id.is_g_code(number):
        return citizen_number(text, again), CITIZEN
    if citizen_id.clean_id(again) != number:
        raise Invalid({0: {"again": "เลขที่พิมพ์สองครั้งไม่ตรงกัน กรุณาตรวจดูกับเอกสาร"}})
    holder = gcode_numbers.holder_of(request.area_code, number)
    if holder is None or holder.id == request.id or holder.state != "certified":
        raise Invalid({0: {"number": "รหัส G ที่ใช้แทนต้องเป็นรหัสอื่นที่รับรองแล้ว กรุณาตรวจดูอีกครั้ง"}})
    return number, G_CODE


# ---- what all of them share ----


def making(request, step, values, actor, said, noted=None):
    """What makes a step with a request's code inside a transaction, as a function of no arguments: it tells the event."""

    def along():
        advance(request, step, actor, said, changes=values, noted=noted)
        told = {
            name: [getattr(request, name), values[name]] for name in ("code", "new_number") if name in values
        }
        note(request, actor, step, told, said, acting_as="district")

    return along


def _done(request, found, actor, said, step, values, beside=None, noted=None):
    """Write the records and make the step in one transaction; gives the Outcome."""
    make_step = making(request, step, values, actor, said, noted)

    def along():
        make_step()
        if beside:
            beside()

    if found.changes:
        warrant = Warrant("district", found.grants, along=along, claims_as="system")
        write(found.changes, actor, said, via="gcode", warrant=warrant)
    else:
        in_transaction(along)
    return Outcome(fresh(request), len(found.changes), found.locked)


class Touched(NamedTuple):
    """What a deed with a request's code would meet in DMC: records it changes, locked places, what stands in the way."""

    changed: int
    locked: list
    refusal: str | None


def touched(request):
    """The Touched of a request's code, for the page before the deed."""
    if not request.code_at:
        return Touched(0, [], None)
    try:
        found = renumbered(request.area_code, request.code, removal)
    except WrongState as refusal:
        return Touched(0, [], refusal.message)
    return Touched(len(found.changes), found.locked, None)


def says_outcome(outcome):
    """What a deed did, or by a Touched would do, to DMC, in a sentence."""
    told = (
        f"ข้อมูลนักเรียน (DMC) ในรอบที่ยังเปิด {outcome.changed:,} รายการ"
        if outcome.changed
        else "ไม่มีข้อมูลนักเรียน (DMC) ในรอบที่ยังเปิด"
    )
    if not outcome.locked:
        return told
    labels = [f"{place.academic_year}-{place.round}" for place in outcome.locked[:AT_MOST_LOCKED]]
    return f"{told} · รอบที่ล็อกแล้วคงเดิม: {', '.join(labels)}"


# ---- what a pupil's page says ----


def link_of(plain, user):
    """What a pupil's page says of the G-code he has or had: {sentence, request id or None}; None for no such code."""
    area, numbers = plain["area_code"], [plain.get("person_id")]
    numbers += [row.get("id") for row in reversed(plain.get("former_ids") or [])]
    request = next(filter(None, (of_code(area, number) for number in numbers)), None)
    if request is None:
        return None
    seen = access.sees(user, area, request.school_code)
    return {"sentence": _link_sentence(request, plain), "request": str(request.id) if seen else None}


def _link_sentence(request, plain):
    holds = plain.get("person_id") == request.code
    word = f" ({gcode_numbers.TEMPORARY_WORD})" if request.code_kind == TEMPORARY else ""
    if request.state == "replaced" and holds:
        new = citizen_id.mask_id(request.new_number)
        return f"รหัส G นี้{word}เปลี่ยนเป็นเลข {new} แล้ว รายการในรอบนี้คงไว้ตามที่ล็อก"
    if request.state == "replaced":
        return f"เดิมใช้รหัส G {citizen_id.mask_id(request.code)}{word} ตามคำขอเลขที่ {request.request_no}"
    if request.state == "cancelled" and request.code_at:
        return f"รหัส G {citizen_id.mask_id(request.code)}{word} ถูกยกเลิกแล้ว ตามคำขอเลขที่ {request.request_no}"
    if request.state in HOLDS_CODE and not holds:
        return f"รหัส G ปัจจุบันคือ {citizen_id.mask_id(request.code)}{word} รายการในรอบนี้คงไว้ตามที่ล็อก"
    return f"รหัส G นี้{word}ตามคำขอเลขที่ {request.request_no} สถานะ “{request.shown_state}”"
