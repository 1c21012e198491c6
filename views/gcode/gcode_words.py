"""One G-code request in words: its values, where it stands, its evidence, the likely same learners beside it."""

from flask import current_app, url_for
from flask_login import current_user

from documents.clock import utc
from documents.collecting.submissions import find_submission, may_write
from documents.dmc.students import Student
from documents.errors import RuleBroken
from documents.formats import buddhist, citizen_id
from documents.gcode import gcode, gcode_evidence, gcode_likely, gcode_queues
from documents.gcode import gcode_rules as rules
from documents.gcode.gcode import GCodeRequest, editable
from documents.gcode.gcode_checks import absence_of
from documents.gcode.gcode_linking import FATES, in_dmc
from documents.gcode.gcode_requests import waiting_days
from documents.gcode.gcode_writing import WHY
from documents.people import access
from documents.records import fields
from documents.records.cases import steps_for
from documents.records.codelists import code_list
from documents.records.record import Place, declared
from documents.trail import history
from views import here
from views.gcode.gcode_codes import code_notes, doings_of
from views.records import formatters
from views.records.cases import event_of

TONES = {
    "draft": "idle", "sent": "conf", "checking": "work", "checked": "cert", "returned": "back", "refused": "late",
    "certified": "veri", "replaced": "lock", "cancelled": "shut",
}  # fmt: skip
OLD, VERY_OLD = 15, 30  # days of a case that the district still has
QUESTIONS = {
    "send": "ส่งคำขอนี้ให้เขตตรวจสอบ หลังส่งแล้วโรงเรียนแก้ไม่ได้จนกว่าเขตจะส่งกลับ",
    "take": "รับคำขอนี้ไว้ตรวจสอบ",
    "check": "ยืนยันว่าตรวจข้อมูลและหลักฐานของคำขอนี้แล้ว ส่งให้ผู้รับรอง",
    "return": "ส่งคำขอกลับให้โรงเรียนแก้ไข",
    "recheck": "ส่งคำขอกลับให้เจ้าหน้าที่ตรวจสอบใหม่",
    "refuse": "ไม่รับรองคำขอนี้ เรื่องจะจบ โรงเรียนต้องขอใหม่หากมีหลักฐานเพิ่ม",
    "turn_down": "ไม่รับรองคำขอนี้ เรื่องจะจบ โรงเรียนต้องขอใหม่หากมีหลักฐานเพิ่ม",
    "withdraw": "ถอนคำขอนี้ เรื่องจะจบโดยไม่มีรหัส",
}
ACTIONS = {
    "create": "บันทึกคำขอ", "update": "แก้ไขข้อมูล", "attach": "แนบหลักฐาน", "detach": "นำหลักฐานออก", "code": "บันทึกรหัส G",
}  # fmt: skip
# What is laid side by side with a likely same learner; a pupil's record names these fields in the same way.
COMPARED = (
    "first_name", "last_name", "sex", "birth_date", "nationality", "father_first_name", "father_last_name",
    "mother_first_name", "mother_last_name", "grade", "admission_date", "cur_subdistrict",
)  # fmt: skip
LOOKS = {"image/jpeg": "ภาพ", "image/png": "ภาพ", "application/pdf": "PDF"}


def parts():
    """The macros that pages are made of."""
    return current_app.jinja_env.get_template("khet/parts.html").module


def tone_of_age(days):
    """The tone of a case that waits so many days."""
    return "late" if days > VERY_OLD else "back" if days > OLD else "idle"


def page_of(found, user, refusal=None, typed=None):
    """Everything that the page of a request is drawn from."""
    likely, lacking = likely_of(found, user), gcode_evidence.lacking(found)
    return {
        "case": found,
        "tone": TONES[found.state],
        "steps": [step for step in steps_for(found, user) if step.plain],
        "stepper": stepper(found),
        "groups": groups_of(found, user),
        "pieces": pieces_of(found),
        "lacking": lacking,
        "kinds": code_list("G_EVIDENCE").choices,
        "writes": gcode.writes_as(found, user),
        "why": WHY,
        "doings": [*into_dmc(found, user), *doings_of(found, user)],
        "waits": waits_for(found),
        "next": next_in_queue(found, user),
        "doubts": [*code_notes(found), *absence_of(found)],
        "likely": likely,
        "mark_of": mark_of,
        "compared": compared(found, user, likely) if sees_area(user, found) else None,
        "questions": QUESTIONS,
        "events": [_event(found, row) for row in reversed(found.moves)],
        "unfilled": unfilled(found) if found.state in gcode.AT_SCHOOL else [],
        "edits": edits_of(found, user),
        "days": waiting_days(found.sent_at) if found.state in gcode.WAITING else None,
        "age_tone": tone_of_age(waiting_days(found.sent_at) or 0),
        "result": result_of(found, user),
        "numbers": numbers_of(found),
        "refusal": refusal,
        "errors": getattr(refusal, "errors", {}).get(0, {}),
        "labels": {name: field.verbose_name for name, field in editable().items()},
        "typed": {"told_apart": told_before(found, likely)} | (typed or {}),
        "LONGEST": 2000,
    }


WAITS = {
    "draft": "โรงเรียนกำลังกรอกและแนบหลักฐาน",
    "returned": "รอโรงเรียนแก้ไขแล้วส่งใหม่",
    "sent": "รอเจ้าหน้าที่เขตรับไว้ตรวจสอบ",
    "checking": "รอเจ้าหน้าที่เขตตรวจสอบ",
    "checked": "รอผู้รับรองระดับเขต ซึ่งต้องไม่ใช่ผู้บันทึกหรือผู้ตรวจสอบ",
    "certified": "ใช้รหัส G ได้แล้ว เมื่อสำนักทะเบียนออกเลข 13 หลักให้ แจ้งเจ้าหน้าที่เขตพร้อมเอกสารเพื่อเปลี่ยนเลข",
}


def waits_for(found):
    """What a request waits for, for whoever has nothing to do with it now."""
    return WAITS.get(found.state, "เรื่องนี้จบแล้ว")


def next_in_queue(found, user):
    """{label, href} of the next case that waits for an officer or approver, None where there is none."""
    following = gcode_queues.next_of(user, found)
    if following is None:
        return None
    queue, id_ = following
    label = f"เรื่องถัดไปในคิว{gcode_queues.QUEUES[queue].label}"
    return {"label": label, "href": url_for("gcode.details_view", id=str(id_))}


def into_dmc(found, user):
    """[{label, icon, href, tone}] of the way from a certified request to the form of a new pupil, while its school takes some in."""
    round_ = found.state == "certified" and here.current_round(Student.subsystem)
    if not round_ or in_dmc(found.area_code, [found.code]):
        return []
    place = Place(found.area_code, round_.academic_year, round_.code, found.school_code)
    submission = find_submission(Student.subsystem, place)
    try:
        if submission is None or may_write(submission, round_, user) != "school":
            return []
    except RuleBroken:
        return []
    href = url_for("students.create_view", school=found.school_code, gcode=str(found.id))
    return [{"label": "เพิ่มในข้อมูลนักเรียน (DMC)", "icon": "plus", "href": href, "tone": "main"}]


def told_before(found, likely):
    """What the officer said of the likely same learners at the last check, where there is none that he did not see then."""
    known = {row["id"] for row in found.known_likely}
    return found.told_apart if all(each["likely"].id in known for each in likely) else None


def unfilled(found):
    """Labels of the fields that must be filled before the request can be sent, as far as the reader may see them."""
    known = access.open_fields(current_user, editable(), found.area_code, found.school_code)
    return [known[name].verbose_name for name in rules.missing(found.to_mongo(), editable()) if name in known]


def _event(found, row):
    """A move in words; the first is that it was recorded."""
    told_ = event_of(found, row)
    return told_ | {"title": ACTIONS["create"]} if row["name"] == "ask" else told_


def sees_area(user, found):
    """Whether this person compares learners over all schools of the area."""
    return any(user.holds(role, found.area_code) for role in access.AREA_READERS)


# ---- where it stands ----


def stepper(found):
    """The way of a request as k.steps draws it: [{label, note, state}]."""
    last = {row["to"]: row for row in found.moves}
    at = {
        "draft": 0,
        "returned": 0,
        "sent": 2,
        "checking": 2,
        "checked": 3,
        "certified": 4,
        "replaced": 6,
    }.get(found.state)
    words = ("โรงเรียนบันทึก", "ส่งคำขอ", "เขตตรวจสอบ", "รับรองและได้รหัส", "ใช้รหัส G", "ได้เลข 13 หลัก")
    told = (
        last.get("draft"),
        last.get("sent"),
        last.get("checked"),
        last.get("certified"),
        None,
        last.get("replaced"),
    )
    ended = at is None  # refused or cancelled: as far as it came, and nothing is awaited
    if ended:
        at = len([row for row in told[:4] if row])
    return [
        {
            "label": label,
            "state": "done" if number < at else "now" if number == at and not ended else "",
            "note": _brief(row, number <= at),
        }
        for number, (label, row) in enumerate(zip(words, told, strict=True))
    ]


def _brief(row, shown):
    return f"{row['by_name']} · {buddhist.format_short(row['at'])}" if row and shown else ""


def result_of(found, user):
    """[(label, value)] of what the district decided."""
    rows = [
        ("ผู้บันทึก", f"{found.asked_by_name} · {_when(found.asked_at)}"),
        ("เหตุผลที่ขอทั้งที่มีผู้เรียนคล้ายกัน", found.over_warning),
        ("ผู้ตรวจสอบ", found.checked_by_name and f"{found.checked_by_name} · {_when(found.checked_at)}"),
        ("เหตุที่เป็นคนละคนกับผู้เรียนที่คล้ายกัน", found.told_apart),
        ("ผู้รับรอง", found.certified_by_name and f"{found.certified_by_name} · {_when(found.certified_at)}"),
        ("ที่มาของรหัส", found.code_kind and gcode.CODE_KINDS.get(found.code_kind)),
        ("นักเรียนใน DMC", found.fate and FATES[found.fate]),
        ("วันที่เปลี่ยนเป็นเลข 13 หลัก", found.replaced_on and buddhist.format_long(found.replaced_on)),
    ]
    ended = found.moves[-1] if found.state in ("refused", "cancelled", "returned") and found.moves else None
    if ended:
        rows.insert(0, ("เหตุผล", ended.get("reason")))
    return [(label, value) for label, value in rows if value]


def numbers_of(found):
    """[(field, label, masked)] of the numbers that the district gave, each opened by a press."""
    names = ("code", "new_number")
    return [
        (name, GCodeRequest._fields[name].verbose_name, citizen_id.mask_id(found[name]))
        for name in names
        if found[name]
    ]


def _when(instant):
    return buddhist.format_datetime(utc(instant)) if instant else ""


# ---- values ----


def groups_of(found, user):
    """[{title, sections: [(heading or None, rows)], empty}] of the values this person may see; empty ones are counted."""
    plain = found.to_mongo()
    groups = {title: {"title": title, "sections": {}, "empty": 0} for title in GCodeRequest.groups}
    for name, field in access.open_fields(user, editable(), found.area_code, found.school_code).items():
        group, value = groups[field.group], plain.get(name)
        if value in (None, "", []):
            group["empty"] += 1
            continue
        row = {"name": name, "label": field.verbose_name, "value": formatters.masked(field, value),
               "masked": formatters.is_masked(field), "sensitive": field.personal == fields.SENSITIVE,
               "coded": bool(field.codelist or field.choices)}  # fmt: skip
        group["sections"].setdefault(getattr(field, "section", None), []).append(row)
    made = [group | {"sections": list(group["sections"].items())} for group in groups.values()]
    return [group for group in made if group["sections"] or group["empty"]]


def pieces_of(found):
    """[{id, words, about, picture}] of the evidence, in the order of the list of kinds."""
    listed, order = code_list("G_EVIDENCE"), list(code_list("G_EVIDENCE").codes)
    rows = sorted(
        found.evidence, key=lambda row: (order.index(row["kind"]) if row["kind"] in order else 99, row["at"])
    )
    return [
        {
            "id": str(row["id"]),
            "words": listed.label(row["kind"]),
            "short": listed.short(row["kind"]),
            "about": f"{LOOKS[row['media']]} · {size_words(row['size'])} · {row['by_name']} {_when(row['at'])}",
            "picture": row["media"].startswith("image/"),
        }
        for row in rows
    ]


def size_words(size):
    """Bytes as people read them."""
    return f"{size / 2**20:,.1f} MB" if size >= 2**20 else f"{max(size // 1024, 1):,} KB"


# ---- likely same learners ----

KINDS = {"gcode": "คำขอรหัส G", "students": "นักเรียนใน DMC"}


def likely_of(found, user):
    """[{...}] of the likely same learners while the request is not certified; none afterwards."""
    if found.state not in GCodeRequest.open_states:
        return []
    return told(user, found.area_code, gcode_likely.of(found))


def told(user, area_code, likely):
    """[{kind, school, why, headline, href, score, row}] of Likely ones, each as far as this person may see it."""
    return [
        {
            "kind": KINDS.get(each.likely.kind, each.likely.kind),
            "school": each.school_name,
            "why": each.why,
            "headline": each.headline,
            "href": url_for(f"{each.likely.kind}.details_view", id=str(each.likely.id))
            if each.open
            else None,
            "score": round(each.likely.score * 100),
            "likely": each.likely,
        }
        for each in gcode_likely.told_to(user, area_code, likely)
    ]


def mark_of(shown):
    """The mark of the likely same learners that a page shows (`told`), for its form."""
    return gcode_likely.mark([each["likely"] for each in shown])


def compared(found, user, likely):
    """(heads, rows) of the request beside its likely same learners: rows [(label, coded?, own, [(words, same?)])]."""
    if not likely:
        return None
    plains = gcode_likely.rows_of(found.area_code, [each["likely"] for each in likely])
    own = found.to_mongo()
    rows = []
    for name, field in access.open_fields(user, editable(), found.area_code, found.school_code).items():
        if name in COMPARED:
            others = [_beside(name, field, own, plains.get(each["likely"].id, {}), each) for each in likely]
            coded = bool(field.codelist or field.choices)
            rows.append((field.verbose_name, coded, formatters.masked(field, own.get(name)), others))
    numbers = [(citizen_id.mask_id(_number(plains.get(each["likely"].id, {}))), None) for each in likely]
    rows.append(("เลขประจำตัวหรือรหัส", False, citizen_id.mask_id(own.get("code")), numbers))
    return {"heads": likely, "rows": rows}


def _beside(name, field, own, other, each):
    value = other.get(name)
    theirs = declared(Student).get(name) if each["likely"].kind == "students" else field
    words = formatters.masked(theirs or field, value)
    return words, None if value in (None, "") or own.get(name) in (None, "") else value == own.get(name)


def _number(plain):
    return plain.get("person_id") or plain.get("code")


# ---- who did what ----


def edits_of(found, user):
    """The changes of a request's values and evidence, the newest first, for k.timeline."""
    known = access.open_fields(user, declared(GCodeRequest), found.area_code, found.school_code)
    return [_edit(event, known) for event in history.events_of(found.area_code, found.id, limit=100)]


def _edit(event, known):
    listed = code_list("G_EVIDENCE")
    changes = []
    for name, (old, new) in event.changes.items():
        if name == "evidence":
            changes.append({"label": "หลักฐาน", "old": listed.short(old), "new": listed.short(new)})
        elif name in ("code", "new_number"):
            label = GCodeRequest._fields[name].verbose_name
            changes.append({"label": label, "old": citizen_id.mask_id(old), "new": citizen_id.mask_id(new)})
        elif name in known:
            field = known[name]
            changes.append(
                {
                    "label": field.verbose_name,
                    "old": formatters.masked(field, old),
                    "new": formatters.masked(field, new),
                }
            )
    step = GCodeRequest.steps.get(event.action)
    return {
        "title": ACTIONS.get(event.action) or (step.label if step else "แก้ไขข้อมูล"),
        "who": event.actor_name + (" (เขตบันทึกแทน)" if event.acting_as == "district" else ""),
        "when": buddhist.format_datetime(utc(event.at)),
        "reason": event.reason,
        "changes": changes,
    }


def sets(area_code):
    """Whether this person keeps the settings of requests."""
    return any(current_user.holds(role, area_code) for role in ("district", "admin"))
