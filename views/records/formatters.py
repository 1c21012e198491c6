"""How stored values read: cells, details, history, the two versions of a conflict."""

import datetime as dt
import json
from functools import cache, partial
from operator import methodcaller

from documents.clock import utc
from documents.collecting.submissions import find_submission
from documents.district import places
from documents.formats import buddhist, citizen_id
from documents.people import access
from documents.people.users import ROLES
from documents.records import fields
from documents.records.codelists import code_list
from documents.records.declarations import ever_declared
from documents.records.record import declared, shown_fields
from documents.trail import history
from exports.collecting import changes
from views.bobec.pictures import thumbnail
from views.records import needs

ACTIONS = {"create": "เพิ่มรายการ", "update": None, "remove": "ลบรายการ"}
VIAS = {
    "import": "นำเข้าจากไฟล์",
    "undo": "เลิกทำการนำเข้า",
    "cell": None,
    "form": None,
    "action": "ทำหลายรายการ",
    "sheet": None,
    "demo": "ข้อมูลตัวอย่าง",
    "put_back": "คืนข้อมูลตามฉบับเดิม",
    "transfer": "คำขอย้ายเข้า",
    "id_change": "คำขอแก้เลข",
    "duplicate": "ตรวจซ้ำซ้อน",
    "gcode": "รหัส G",
}
MOST_FOUND = 20
FORMER, FRESH = {"picture": "ภาพเดิม", "file": "ไฟล์เดิม"}, {"picture": "ภาพใหม่", "file": "ไฟล์ใหม่"}


is_masked = changes.is_masked  # whether a field holds a number that names a person


def value_of(field, plain, round_):
    """A field's plain value in a stored dict, worked out where it is derived."""
    return field.work(plain, round_) if getattr(field, "derived", False) else plain.get(field.name)


def cell(field, plain, round_):
    """What a grid cell shows: short words of a list, masked numbers of persons."""
    return shower(field, round_)(plain)


def shower(field, round_):
    """`cell` for many stored dicts: what makes of each what the cell shows."""
    value, words = reader(field, round_), writer(field)
    return lambda plain: words(value(plain))


def reader(field, round_):
    """What reads a field's plain value off stored dicts, or works it out where it is derived."""
    if getattr(field, "derived", False):
        return partial(_worked_out, field.work, round_)
    return methodcaller("get", field.name)


def _worked_out(work, round_, plain):
    return work(plain, round_)


def writer(field):
    """What puts a value of a field into a cell's words, nothing for one that is empty."""
    in_words = words_of(field)
    return lambda value: "" if value is None or value == [] else in_words(value)


def words_of(field):
    """What puts a value of a field that is not empty into a cell's words."""
    if is_masked(field):
        return citizen_id.mask_id
    if field.kind == "picture":
        return lambda value: thumbnail(value, field.verbose_name)
    if field.kind == "choice":
        codes = code_list(field.codelist)
        return cache(lambda value: codes.short(value) or codes.label(value))
    return partial(fields.SHOWN[field.kind], field)


def plainly(field, value):
    """A value in words, unmasked; a citizen number with its hyphens."""
    return citizen_id.format_id(value) if is_masked(field) else fields.shown(field, value)


typed = fields.as_typed  # a stored value as it is typed into an editor
masked = changes.masked  # a value in words, numbers of persons masked


# ---- details ----


def details(record, user, round_):
    """A record under its headings: [{title, rows: [{name, label, value, unit, masked}]}]; the empty ones too."""
    plain = record.to_mongo()
    groups = {heading: [] for heading in type(record).groups}
    for name, field in shown_fields(type(record)).items():
        if not access.may_see_field(user, field, record.area_code, record.school_code):
            continue
        value = value_of(field, plain, round_)
        if not field.group and value == str(record):  # the page's own title
            continue
        row = {
            "name": name,
            "label": field.verbose_name,
            "value": masked(field, value),
            "unit": field.unit if value is not None else None,
            "masked": value not in (None, "") and is_masked(field),
            "own": field.kind == "text" and name in declared(type(record)),
            "picture": value if field.kind == "picture" else None,
            "file": bool(value) and field.kind == "file",
        }
        groups.setdefault(field.group or "ข้อมูลทั่วไป", []).append(row)
    return [{"title": title, "rows": rows} for title, rows in groups.items() if rows]


def page_head(record, round_):
    """The head of a record's page: its name, its school and round, the state of the submission."""
    submission = find_submission(type(record).subsystem, record.place)
    sub = [submission.school_name if submission else record.school_code, str(round_)]
    head = {"title": str(record), "sub": sub}
    if submission:
        head["state"] = "idle" if submission.state == "draft" and not submission.started else submission.state
    return head


def for_school(mark):
    """'เขตบันทึกแทน เจ้าหน้าที่ ใจเย็น 5 มิ.ย. 2568 09.00 น.: โรงเรียนไฟดับ' of a record's mark; None without one."""
    if not mark:
        return None
    when = buddhist.format_datetime(utc(mark["at"]))
    return f"เขตบันทึกแทนโดย {mark['by_name']} เมื่อ {when}: {mark['reason']}"


# ---- history ----


def timeline(document, record, user):
    """A record's history for people, newest first; values of fields this person may not see are left out."""
    return [_told(document, event, user, record) for event in history.events_of(record.area_code, record.id)]


def _told(document, event, user, record):
    known = ever_declared(document, record.area_code)
    changes = []
    for name, (old, new) in event.changes.items():
        field = known.get(name)
        if field is None or not access.may_see_field(user, field, record.area_code, record.school_code):
            continue
        changes.append(
            {
                "label": field.verbose_name,
                "old": FORMER[field.kind] if field.kind in FORMER and old else masked(field, old),
                "new": FRESH[field.kind] if field.kind in FRESH and new else masked(field, new),
                "unit": field.unit,
                "reveal": _presses(event, name, field, (old, new)),
            }
        )
    title = ACTIONS.get(event.action, event.action)
    via = VIAS.get(event.via)
    who = event.actor_name or "ระบบ"
    if event.acting_as in ("district",):
        who = f"{who} ({ROLES[event.acting_as]} บันทึกแทน)"
    return {
        "who": who,
        "when": buddhist.format_datetime(utc(event.at)),
        "title": " · ".join(part for part in (title, via) if part) or None,
        "reason": event.reason,
        "system": event.acting_as == "system",
        "changes": changes,
    }


def _presses(event, name, field, pair):
    """What a press asks for to see an old and a new number whole (views/records/revealing.py); None where nothing is masked."""
    if not is_masked(field):
        return None
    return [f"event.{event.number}.{name}.{which}" if value else None for which, value in enumerate(pair)]


# ---- two versions ----


def conflict(one):
    """A `writing.Conflict` in words, for the dialog: {by, when, revision, fields: [...]}."""
    known = declared(one.document)
    rows = [
        {
            "name": row.name,
            "field": row.name,
            "label": known[row.name].verbose_name,
            "mine": _worded(known[row.name], row.mine),
            "theirs": _worded(known[row.name], row.theirs),
            "mine_raw": typed_or_list(known[row.name], row.mine),
            "theirs_raw": typed_or_list(known[row.name], row.theirs),
            "theirs_value": typed_or_list(known[row.name], row.theirs),
            "untouched": row.mine == row.base,
        }
        for row in one.fields
    ]
    return {
        "by": one.by_name,
        "when": buddhist.format_datetime(utc(one.at)) if isinstance(one.at, dt.datetime) else None,
        "revision": one.revision,
        "headline": one.headline,
        "gone": one.revision is None,
        "fields": rows,
    }


def _worded(field, value):
    """In words where the value is one that can be stored, else as it was typed."""
    try:
        return fields.shown(field, value)
    except (TypeError, ValueError, AttributeError):
        return str(value)


def typed_or_list(field, value):
    """A value as an input holds it; several codes as a comma-separated line."""
    if isinstance(value, list):
        return ",".join(value)
    return value if isinstance(value, str) else typed(field, value)


# ---- form ----


def form_groups(grouped, required, record, places_url, found=(), document=None):
    """The headings of the form for `admin/lib.html`, with what is missing; marks the inputs for the template.

    `found` are what the checks say of the record (views/records/found.py); each stands beside its first field. A
    `document` adds what its records ask on a condition, and the sums of what is typed.
    """
    plain, missing, needed, asked, sums = record.to_mongo() if record else {}, set(), set(required), {}, {}
    if document is not None:
        names = [input_.name for _, rows in grouped for input_, _ in rows]
        missing |= set(document.missing(plain, required)) if record else set()
        needed |= set(document.required_by_condition(plain))
        asked, sums = needs.asked_by(document, names), needs.sums_under(document, names)
    groups = []
    for number, (title, rows) in enumerate(grouped):
        lacking = 0
        for input_, field in rows:
            if input_.name != field.name:
                continue  # the second time that a number is asked for
            lacking += _dress(input_, field, needed, missing, places_url)
            if field.name in asked and field.name not in required:
                input_.render_kw["data-asked"] = json.dumps(asked[field.name])
            input_.sums = [(one, value_of(one, plain, None)) for one in sums.get(field.name, ())]
            input_.found = [each for each in found if each["field"] == field.name]
        groups.append(
            {
                "id": f"g{number}",
                "title": title,
                "missing": lacking,
                "fields": [input_.name for input_, _ in rows],
                "sections": _in_sections(rows),
            }
        )
    return groups


def _in_sections(rows):
    """Inputs that stand together under a small heading: [(heading or None, rows)]; those of no heading come first."""
    sections = []
    for input_, field in sorted(rows, key=lambda row: bool(getattr(row[1], "section", None))):
        heading = getattr(field, "section", None)
        if not sections or sections[-1][0] != heading:
            sections.append((heading, []))
        sections[-1][1].append((input_, field))
    return sections


def _dress(input_, field, required, missing, places_url):
    """What the template reads off an input: unit, needed before ยืนยัน, missing now, where its list is searched."""
    dress = dict(input_.render_kw or {})
    if field.unit and f"({field.unit})" not in field.verbose_name:
        dress["data-unit"] = field.unit
    if field.name in required:
        dress["data-need"] = "R"
    if field.name in missing:
        dress["data-missing"] = "1"
    if field.personal == "sensitive":
        dress["data-tag"] = "อ่อนไหว"
    if input_.type == "FoundField":
        dress |= {"data-typeahead": f"{places_url}?field={field.name}", "data-text": input_.words}
    input_.render_kw = dress
    return int(field.name in missing)


def found_in_list(field, typed_text):
    """Entries of a long list that match what was typed, for the typeahead: [{id, text, sub, fill}], best first."""
    if field.codelist == "SUBDISTRICT":
        return [_found_place(field, found) for found in places.search(typed_text, MOST_FOUND)]
    pairs = [pair for pair in code_list(field.codelist).choices if typed_text.strip() in pair[1]]
    return [{"id": code, "text": label, "sub": _above(field, code)} for code, label in pairs[:MOST_FOUND]]


def _found_place(field, found):
    """A subdistrict, and what else of the address it fills in."""
    stem = field.name.removesuffix("subdistrict")
    above = {"district": found.code[:4], "province": found.code[:2]}
    fill = {stem + level: [code, places.name(code)] for level, code in above.items()}
    return {
        "id": found.code,
        "text": places.name(found.code),
        "sub": found.label,
        "fill": fill | {f"{stem}postcode": found.postcode},
    }


def _above(field, code):
    """The province of a district, so that two of one name are told apart."""
    return places.label(code) if field.codelist == "DISTRICT" else None
