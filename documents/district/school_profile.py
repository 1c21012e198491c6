"""Changing a school's profile: the district all of it, the school what is its own, with revision and history."""

from documents.collecting.submissions import SEALED, Submission
from documents.database import collection, in_transaction
from documents.district import land, places
from documents.district import school_rules as rules
from documents.district.schools import DISTRICT, SCHOOL, STATUSES, School, may_edit
from documents.errors import Invalid, NotAllowed, StaleRevision, WrongState
from documents.formats import buddhist
from documents.people import access
from documents.people.access import SCHOOL_READERS
from documents.records import fields, pictures
from documents.records.record import declared
from documents.trail.history import note_event

SHUT = "โรงเรียนนี้{word}แล้ว ผู้ใช้ของโรงเรียนดูข้อมูลเดิมได้ แต่แก้ไขไม่ได้ กรุณาติดต่อเจ้าหน้าที่เขต"


def keeps(user, school):
    """As whom this person keeps a school's profile: 'district', 'school' or None."""
    if may_edit(user, school.area_code):
        return DISTRICT
    return SCHOOL if user.holds("school", school.area_code, school.code) else None


def open_names(user, school):
    """Names of the fields this person may change, in declared order; `land` stands for the parcels."""
    role = keeps(user, school)
    if role is None or (role == SCHOOL and not school.is_open):
        return []
    takes = access.writes_as(user, school.area_code, school.code) is not None  # pictures are theirs who write
    names = [
        name
        for name, field in declared(School).items()
        if role in (DISTRICT, field.by) and (takes or field.kind != "picture")
    ]
    return [*names, "land"]


def reads_history(user, school):
    """Whether this person may read who changed a school's profile: the area's keepers, and its own people."""
    own = any(user.holds(role, school.area_code, school.code) for role in SCHOOL_READERS)
    return own or may_edit(user, school.area_code) or user.holds("approver", school.area_code)


def edit_school(found, typed, revision, actor, reason=None, parcels=None):
    """Change a school's own facts where it still is at `revision`; its history is written in the same transaction.

    `typed` is {name: text, or a list of codes}, `parcels` rows of typed parcels (None leaves the land as it is). The
    district says why it changes what it keeps. A new name or cluster reaches the submissions that are not sealed,
    whose digest, which covers the name, is then taken anew. Gives back the fresh School.
    Raises NotAllowed, WrongState, Invalid by field, or StaleRevision.
    """
    _refuse(found, actor, [*typed, *(["land"] if parcels is not None else [])])
    values = accepted(typed, found)
    if parcels is not None:
        values["land"] = land.accepted(parcels)
    changes = changes_of(found, values)
    if not changes:
        return found
    _refuse_without_reason(changes, actor, found, reason)
    if wrong := taken(found.area_code, {name: new for name, (_, new) in changes.items()}, found.id):
        raise Invalid({0: wrong})
    _claim_pictures(found, changes)
    store(found, {name: new for name, (_, new) in changes.items()}, revision, actor, reason)
    return School.objects(area_code=found.area_code, id=found.id).get()


def _refuse(found, actor, names):
    role = keeps(actor, found)
    if role is None:
        raise NotAllowed("เฉพาะโรงเรียนนี้ เจ้าหน้าที่เขต หรือผู้ดูแลระบบเท่านั้นที่แก้ข้อมูลโรงเรียนได้")
    if role == SCHOOL and not found.is_open:
        raise WrongState(SHUT.format(word=STATUSES[found.status]))
    known = declared(School)
    for name in set(names) - set(open_names(actor, found)):
        label = known[name].verbose_name if name in known else name
        raise NotAllowed(f"“{label}” แก้ได้เฉพาะเจ้าหน้าที่เขต กรุณาแจ้งเจ้าหน้าที่เขต")


def _refuse_without_reason(changes, actor, found, reason):
    """The district's own fields are what other people go by, so a change of one says why."""
    known = declared(School)
    if keeps(actor, found) != DISTRICT or actor.is_system or (reason or "").strip():
        return
    if kept := [name for name in changes if name in known and known[name].by == DISTRICT]:
        labels = " ".join(known[name].verbose_name for name in kept[:3])
        raise Invalid({0: {"reason": f"โปรดระบุเหตุผลที่แก้ {labels}"}})


def _claim_pictures(found, changes):
    """A picture that is new here must be one of this school; from now on it is kept."""
    for name in pictures.fields_of(School):
        new = changes.get(name, [None, None])[1]
        if new and not pictures.mark_used(new, found.area_code, found.code):
            raise Invalid({0: {name: pictures.FOREIGN}})


def taken(area_code, values, but=None):
    """{field: sentence} of a ministry or OBEC code that another school of the area has; `but` is the school's own id."""
    wrong = {}
    for name in ("moe_code", "obec_code"):
        code = values.get(name)
        other = code and School.objects(area_code=area_code, id__ne=but, **{name: code}).first()
        if other:
            wrong[name] = f"รหัสนี้เป็นของ{other.name} ({other.code}) อยู่แล้ว กรุณาตรวจสอบ"
    return wrong


def changes_of(found, values):
    """{name: [old, new]} of the values that are not what the school has."""
    old = {name: getattr(found, name) for name in values}
    return {name: [old[name], new] for name, new in values.items() if (old[name] or None) != (new or None)}


def accepted(typed, found=None):
    """{name: plain value} of what was typed; raises Invalid, by field, with Thai sentences.

    `found` is the school as stored, None for a new one: rules over several fields hold for what it would become.
    """
    known, values, wrong = declared(School), {}, {}
    for name, given in typed.items():
        try:
            values[name] = fields.accept(known[name], given)
            if values[name] is None and known[name].need == "R":
                raise ValueError("กรุณากรอก")
        except ValueError as error:
            wrong[name] = str(error)
    stored = {name: getattr(found, name) for name in known} if found else {}
    for name, sentence in rules.together(stored | values):
        at = name if name in typed else next((each for each in PAIRS.get(name, ()) if each in typed), None)
        if at:
            wrong.setdefault(at, sentence)
    if wrong:
        raise Invalid({0: wrong})
    if values.get("moe_code") and not (values.get("obec_code") or stored.get("obec_code")):
        values["obec_code"] = values["moe_code"][-6:]
    return values


# Where a rule over two fields is told when only the other one was typed.
PAIRS = {
    "obec_code": ("moe_code",),
    "grade_to": ("grade_from",),
    "latitude": ("longitude",),
    "longitude": ("latitude",),
}


def store(found, values, revision, actor, reason, action="update", also=None, told=None):
    """Set plain values on a school that is still at `revision`, tell its submissions, write the event.

    `also` is a further update of the school ({"$push": ...}), `told` further {name: [old, new]} of the event.
    """
    own = {"_id": found.id, "area_code": found.area_code, "revision": revision}
    changes = {name: [getattr(found, name), value] for name, value in values.items()} | (told or {})

    def work():
        update = {"$set": values | follows(values), "$inc": {"revision": 1}} | (also or {})
        if not update["$set"]:
            del update["$set"]
        if not collection(School).update_one(own, update).matched_count:
            raise StaleRevision([])
        _tell_submissions(found, values)
        note_event(
            found.area_code, actor, action, "schools", found.id, changes, reason,
            school_code=found.code, headline=found.name,
        )  # fmt: skip

    in_transaction(work)


def follows(values):
    """What a change brings with it: district and province of a subdistrict."""
    if not values.get("subdistrict"):
        return {}
    return {"district": values["subdistrict"][:4], "province": values["subdistrict"][:2]}


OF_AN_ORDER = {"order_number": "เลขที่คำสั่ง", "since": "มีผลตั้งแต่", "receiver": "หน่วยงานที่รับโอน"}


def label_of(name):
    """What a changed fact of a school is called; None for what nobody reads."""
    if name in OF_AN_ORDER:
        return OF_AN_ORDER[name]
    return School._fields[name].verbose_name if name in School._fields else None


def in_words(name, value):
    """A stored value of a school's field as people read it."""
    if value in (None, "", []):
        return ""
    if name == "subdistrict":
        return places.label(value)
    if name == "land":
        return "; ".join(map(land.in_words, value))
    if name == "status":
        return STATUSES.get(value, value)
    field = declared(School).get(name)
    if field is None:
        return "" if value is None else _plainly(value)
    if getattr(field, "era", False):
        return str(value)
    if field.unit:
        return f"{fields.shown(field, value)} {field.unit}"
    return fields.shown(field, value)


def _plainly(value):
    return buddhist.format_long(value) if hasattr(value, "isoformat") else str(value)


def _tell_submissions(found, values):
    """Submissions that are not sealed carry the school's present name and cluster."""
    if facts := submission_facts(found, values):
        collection(Submission).update_many(*facts)


def submission_facts(found, values):
    """(filter, update) by which submissions that are not sealed learn a new name or cluster; None for neither.

    Their digest, which covers the name, goes.
    """
    known = {"name": "school_name", "cluster": "cluster"}
    told = {
        known[name]: value
        for name, value in values.items()
        if name in known and value != getattr(found, name)
    }
    if not told:
        return None
    own = {"area_code": found.area_code, "school_code": found.code, "state": {"$nin": list(SEALED)}}
    return own, {"$set": told, "$inc": {"writes": 1}, "$unset": {"digest": "", "digest_writes": ""}}
