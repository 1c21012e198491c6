"""Storing changes of a G-code request: whose turn it is, the reason, the revision, the event, and back to checking.

Values and evidence both end here. Source: domain.md 3.3.1.
"""

from documents.database import collection, in_transaction
from documents.errors import Invalid, OutOfScope, StaleRevision, WrongState
from documents.gcode.gcode import GCodeRequest, editable, keys_of, may_ask, writes_as
from documents.records.cases import advance, as_read, reason_of
from documents.trail.history import note_event

WHY = "เขตแก้ไขแทนโรงเรียน โปรดระบุเหตุผล"
NOT_NOW = "คำขอนี้อยู่ในสถานะ “{state}” จึงแก้ไขไม่ได้ โรงเรียนแก้ได้ก่อนส่งหรือเมื่อส่งกลับ เขตแก้ได้ระหว่างตรวจสอบ"
CHANGED = "คำขอนี้เปลี่ยนไปหลังจากที่ท่านเปิดดู จึงยังไม่ได้ทำรายการ กรุณาตรวจดูอีกครั้งแล้วทำใหม่"
NO_CHECK = {"checked_by": None, "checked_by_name": None, "checked_at": None}


def role_now(request, actor):
    """As whom this person changes the request now; raises OutOfScope, or WrongState where it is not his turn."""
    role = writes_as(request, actor)
    if role is None:
        keeps = may_ask(actor, request.area_code, request.school_code) or actor.holds(
            "district", request.area_code
        )
        raise WrongState(NOT_NOW.format(state=request.shown_state)) if keeps else OutOfScope()
    return role


def reason_by(role, reason):
    """The reason of a change; raises Invalid where the district gives none."""
    said = reason_of(reason, needed=False)
    if role == "district" and not said:
        raise Invalid({0: {"reason": WHY}})
    return said


def mend(
    request, changes, actor, role, reason=None, *, revision=None, also=None, action="update", lists=None
):
    """Store {field: [old, new]} with its event; what was checked goes back to checking. Gives the fresh request.

    `also` is set without being told, `lists` are {"$push": ...} and the like of the same update.
    Raises StaleRevision where the request is no longer at `revision`, or WrongState where it was moved on.
    """
    values = {name: new for name, (_, new) in changes.items() if name in editable()} | (also or {})
    whole = request.to_mongo().to_dict() | values
    values |= keys_of(whole)
    if revision is not None and revision != request.revision:
        raise StaleRevision([])

    def work():
        at = request
        if request.state == "checked":
            at = advance(request, "change", actor, reason, changes=dict(NO_CHECK))
        own = as_read(at) | ({} if revision is None else {"revision": at.revision})
        kept = {"$addToSet": {"mended_by" if role == "district" else "recorded_by": actor.id}}
        for name, of in (lists or {}).items():
            kept[name] = kept.get(name, {}) | of
        plain = {name: value for name, value in values.items() if value not in (None, "", [])}
        empty = dict.fromkeys(values.keys() - plain.keys(), "")
        update = {"$set": plain, "$inc": {"revision": 1}} | ({"$unset": empty} if empty else {}) | kept
        if not collection(GCodeRequest).update_one(own, update).matched_count:
            raise StaleRevision([])
        note(request, actor, action, changes, reason, acting_as=role)

    in_transaction(work)
    return fresh(request)


def refuse_stale(request, revision):
    """Raise WrongState where a request is no longer as the person saw it; `revision` None: as it is now."""
    if revision not in (None, request.revision):
        raise WrongState(CHANGED)


def fresh(request):
    """The request as it is stored now."""
    return GCodeRequest.objects(area_code=request.area_code, id=request.id).get()


def note(request, actor, action, changes, reason=None, **more):
    """Write an event of a request."""
    note_event(
        request.area_code, actor, action, "gcode", request.id, changes, reason,
        school_code=request.school_code, headline=GCodeRequest.headline(request.to_mongo()), **more,
    )  # fmt: skip
