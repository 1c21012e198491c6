"""Bounds of the checks (เกณฑ์การตรวจสอบ): what an area set for a year, over the values nobody changed."""

from mongoengine import Document
from mongoengine.fields import DictField, IntField, StringField

from documents.checking.checks import default_limits, rules_of
from documents.collecting.submissions import SEALED, Submission
from documents.database import collection, in_transaction
from documents.errors import Invalid, NotAllowed
from documents.records.kinds import documents_of
from documents.trail.history import note_event


class CheckSetting(Document):
    """What an area decided of the bounds of a subsystem's checks from one academic year on: {name of bound: value}."""

    area_code = StringField(required=True, max_length=8)
    subsystem = StringField(required=True, max_length=10)
    academic_year = IntField(required=True)
    limits = DictField()

    meta = {
        "collection": "check_settings",
        "auto_create_index": False,
        "strict": False,
        "indexes": [{"fields": ["area_code", "subsystem", "-academic_year"], "unique": True}],
    }


def limits_of(area_code, subsystem, academic_year):
    """{name: value} of the bounds in an area and year: the newest setting up to the year over the declared values."""
    document, pipeline = limits_question(area_code, subsystem, academic_year)
    return limits_by(collection(document).aggregate(pipeline), subsystem, academic_year)


def limits_question(area_code, subsystem, academic_year):
    """What `limits_by` is to be given, as `database.asked_together` takes it."""
    asked = {"area_code": area_code, "subsystem": subsystem, "academic_year": {"$lte": academic_year}}
    return CheckSetting, [{"$match": asked}, {"$sort": {"academic_year": -1}}, {"$limit": 1}]


def limits_by(settings, subsystem, academic_year=None):
    """`limits_of`, from what was read."""
    given = next(iter(settings), {}).get("limits") or {}
    return {name: given.get(name, value) for name, value in default_limits(subsystem, academic_year).items()}


def set_limits(area_code, subsystem, academic_year, typed, actor, reason=None):
    """Set bounds from this year on, {name: value}; what was found by the old ones is worked out anew when asked for.

    Raises NotAllowed for anyone but the area's admin, Invalid by name for a value out of its bounds.
    """
    if not actor.holds("admin", area_code):
        raise NotAllowed("เฉพาะผู้ดูแลระบบเท่านั้นที่กำหนดเกณฑ์การตรวจสอบได้")
    wrong = {name: sentence for name, value in typed.items() if (sentence := _wrong(subsystem, name, value))}
    if wrong:
        raise Invalid({0: wrong})

    def work():
        before = limits_of(area_code, subsystem, academic_year)
        setting = CheckSetting.objects(
            area_code=area_code, subsystem=subsystem, academic_year=academic_year
        ).modify(upsert=True, new=True, set__limits=before | typed)
        changes = {name: [before[name], value] for name, value in typed.items() if before[name] != value}
        note_event(area_code, actor, "settings", "checks", setting.id, changes, reason)

    in_transaction(work)


def touched_by(area_code, subsystem, academic_year):
    """(records, schools) that are looked at anew when a bound is changed from a year on.

    Those of submissions that are not sealed, up to the next year for which the area set its bounds.
    """
    later = {"area_code": area_code, "subsystem": subsystem, "academic_year": {"$gt": academic_year}}
    following = collection(CheckSetting).find_one(later, {"academic_year": 1}, sort=[("academic_year", 1)])
    years = {"$gte": academic_year} | ({"$lt": following["academic_year"]} if following else {})
    asked = {
        "area_code": area_code,
        "subsystem": subsystem,
        "academic_year": years,
        "state": {"$nin": list(SEALED)},
    }
    slugs = [document.slug for document in documents_of(subsystem)]
    records, schools = 0, set()
    for row in collection(Submission).find(asked, {"counts": 1, "school_code": 1}):
        number = sum((row.get("counts") or {}).get(slug, 0) for slug in slugs)
        records += number
        schools |= {row["school_code"]} if number else set()
    return records, len(schools)


def _wrong(subsystem, name, value):
    limit = rules_of(subsystem).limits.get(name)
    if limit is None:
        return "ไม่มีเกณฑ์นี้"
    if limit.words and value not in limit.words:
        return f"กรุณาเลือก{limit.label}จากรายการ"
    if not isinstance(value, int) or not limit.least <= value <= limit.most:
        return f"{limit.label} ต้องเป็นจำนวนเต็ม {limit.least:,}–{limit.most:,} {limit.unit}"
    return None
