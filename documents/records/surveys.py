"""Surveys (แบบสำรวจ): kinds of record that an admin makes in the browser, whose fields are all added ones (see `kinds.py`)."""

import datetime as dt
import re

from bson import ObjectId
from mongoengine.errors import NotUniqueError
from pymongo.errors import DuplicateKeyError

from documents.checking.check_rules import said_in_english
from documents.clock import midnight
from documents.collecting.round_templates import instant_of
from documents.collecting.rounds import Round, Window
from documents.database import collection, in_transaction
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats import thai
from documents.records import declarations
from documents.records.codelists import words_in_english
from documents.records.defining import CHANGEABLE, check_admin, define
from documents.records.field_definitions import FieldDefinition
from documents.records.kinds import Survey, document_of, is_survey
from documents.trail import history
from documents.trail.refusals import noting_refusals

KEY = re.compile(r"[a-z][a-z0-9_]{1,19}")
RESERVED = {
    "new",
    "edit",
    "copy",
    "retire",
    "round",
    "rounds",
    "details",
    "action",
    "export",
    "import",
    "search",
}
LABELS = {
    "name": "ชื่อแบบสำรวจ",
    "name_en": "ชื่อภาษาอังกฤษ",
    "key": "รหัสแบบสำรวจ",
    "about": "คำชี้แจง",
    "single": "โรงเรียนละหนึ่งชุด",
    "retired": "เลิกใช้แล้ว",
}
UNDER_WAY = ("proposed", "open", "verifying", "closing")  # states of a round that a survey is still asked in
CHANGED = ("name", "name_en", "about")
MOST_A_YEAR = 9  # rounds of one survey in a year
TIME_TO_VERIFY = dt.timedelta(days=14)


def surveys_of(area_code):
    """The area's Surveys, by name, the retired ones last."""
    found = Survey.objects(area_code=area_code)
    return sorted(found, key=lambda each: (bool(each.retired), thai.sort_key(each.name)))


def named_in_english(area_code):
    """{Thai: English} of what the area's admin said in both: added fields, surveys, lists, rules; kept until one is changed."""
    kept = declarations.kept()
    key = ("in English", area_code)
    if key not in kept:
        fields_ = FieldDefinition.objects(area_code=area_code).scalar("label", "label_en")
        surveys = Survey.objects(area_code=area_code).scalar("name", "name_en")
        named = {thai_: english for thai_, english in (*fields_, *surveys) if english}
        kept[key] = words_in_english(area_code) | named | said_in_english(area_code)
    return kept[key]


# ---- making and changing, by the area's admin alone ----


@noting_refusals(2)
def make_survey(area_code, values, actor):
    """Store a new Survey, without fields yet, and give it back. Raises NotAllowed, or Invalid with a sentence a value."""
    check_admin(actor, area_code)
    plain, wrong = _read(values)
    key = thai.clean(str(values.get("key") or "")).lower()
    if not KEY.fullmatch(key) or key in RESERVED:
        wrong["key"] = "รหัสใช้อักษรอังกฤษเล็ก ตัวเลข และ _ ขึ้นต้นด้วยตัวอักษร ยาว 2 ถึง 20 ตัว และไม่ใช่คำที่ระบบใช้"
    elif Survey.objects(area_code=area_code, key=key).first():
        wrong["key"] = f"มีแบบสำรวจรหัส {key} อยู่แล้ว กรุณาใช้รหัสอื่น"
    if wrong:
        raise Invalid({0: wrong})
    made = Survey(area_code=area_code, key=key, single=bool(values.get("single")), made_by=actor.id, **plain)
    made.id = ObjectId()
    row = made.to_mongo()

    def work():
        collection(Survey).insert_one(dict(row))
        _note(
            made,
            actor,
            "create",
            {name: [None, row[name]] for name in LABELS if name in row and name != "retired"},
        )

    try:
        in_transaction(work)
    except DuplicateKeyError:
        raise Invalid({0: {"key": f"มีแบบสำรวจรหัส {key} อยู่แล้ว กรุณาใช้รหัสอื่น"}}) from None
    return made


@noting_refusals(2)
def change_survey(survey, values, actor, revision):
    """Rename a survey as the person saw it; gives back the fresh one. Raises as `make_survey`, or WrongState."""
    check_admin(actor, survey.area_code)
    plain, wrong = _read(values)
    if wrong:
        raise Invalid({0: wrong})
    told = {name: [survey[name], plain[name]] for name in CHANGED if survey[name] != plain[name]}
    seen = {"_id": survey.id, "area_code": survey.area_code, "revision": revision}

    def work():
        if not collection(Survey).update_one(seen, {"$set": plain, "$inc": {"revision": 1}}).modified_count:
            raise WrongState("มีผู้อื่นแก้ไขแบบสำรวจนี้ไปแล้ว กรุณาเปิดหน้านี้ใหม่แล้วลองอีกครั้ง")
        _note(survey, actor, "update", told)

    if told or survey.revision != revision:
        in_transaction(work)
    return Survey.objects(area_code=survey.area_code, id=survey.id).get()


@noting_refusals(2)
def retire(survey, retired, actor, revision, reason):
    """Retire a survey, or take it into use again; gives back the fresh one. Its rounds and answers stay to be read.

    Raises NotAllowed, Invalid without a reason, WrongState while a round of it is under way or somebody changed it first.
    """
    check_admin(actor, survey.area_code)
    reason = thai.clean(reason)[:500]
    if not reason:
        raise Invalid({0: {"reason": "โปรดระบุเหตุผล"}})
    running = [each for each in rounds_of(survey) if each.state in UNDER_WAY]
    if retired and running:
        raise WrongState(f"รอบ {running[0].label} ของแบบสำรวจนี้ยังดำเนินการอยู่ เลิกใช้ได้เมื่อล็อกรอบแล้ว")
    seen = {"_id": survey.id, "area_code": survey.area_code, "revision": revision}

    def work():
        changed = {"$set": {"retired": retired}, "$inc": {"revision": 1}}
        if not collection(Survey).update_one(seen, changed).modified_count:
            raise WrongState("มีผู้อื่นแก้ไขแบบสำรวจนี้ไปแล้ว กรุณาเปิดหน้านี้ใหม่แล้วลองอีกครั้ง")
        _note(survey, actor, "update", {"retired": [bool(survey.retired), retired]}, reason)

    in_transaction(work)
    return Survey.objects(area_code=survey.area_code, id=survey.id).get()


def refuse_retired(subsystem):
    """Raise WrongState where a round is of a survey that was retired."""
    if is_survey(subsystem) and document_of(subsystem).retired:
        raise WrongState(f"แบบสำรวจ “{document_of(subsystem).label}” เลิกใช้แล้ว หากจะเก็บข้อมูลอีกให้นำกลับมาใช้ก่อน")


def copy_survey(survey, values, first_year, actor):
    """A new Survey with the fields of an older one, as they stood last, from a year on. Raises as `make_survey`."""
    rows = declarations.definitions_of(document_of(survey.slug), survey.area_code)
    latest = min(first_year, max((each.last_year or first_year for each in rows), default=first_year))
    made = make_survey(survey.area_code, values | {"single": survey.single}, actor)
    for each in rows:
        if each.holds_in(latest):
            said = {name: each[name] for name in ("key", "kind", *CHANGEABLE)}
            said |= {"first_year": first_year, "last_year": None}
            define(survey.area_code, made.slug, said, actor, recount=_nothing)
    return made


def _nothing(subsystem, area_code, academic_year):
    """A new survey has no records to count anew."""


def _read(values):
    """({name: plain value}, {name: sentence}) of what may change of a survey."""
    plain = {name: thai.clean(str(values.get(name) or "")) or None for name in CHANGED}
    wrong = {}
    if not plain["name"]:
        wrong["name"] = "กรุณาพิมพ์ชื่อแบบสำรวจเป็นภาษาไทย"
    for name, longest in (("name", 100), ("name_en", 100), ("about", 1000)):
        if plain[name] and len(plain[name]) > longest:
            wrong[name] = f"ยาวเกิน {longest} ตัวอักษร กรุณาย่อให้สั้นลง"
    return plain, wrong


def _note(survey, actor, action, told, reason=None):
    """Within the transaction: the event, and every process told."""
    declarations.count_up()
    history.note_event(
        survey.area_code, actor, action, "surveys", survey.id, told, reason, headline=survey.name
    )


def get_survey(actor, id_):
    """The Survey of an id in the areas this admin has; raises OutOfScope for any other."""
    found = Survey.objects(id=id_).first() if ObjectId.is_valid(str(id_ or "")) else None
    if found is None or not actor.holds("admin", found.area_code):
        raise OutOfScope("ไม่พบแบบสำรวจนี้ในเขตของท่าน กรุณาเลือกจากรายการ")
    return found


# ---- its rounds ----


@noting_refusals(4)
def give_round(survey, academic_year, first, last, actor):
    """A draft Round of a survey in a year, open to schools from one day to another, which then goes the way of every round.

    Directors certify in the same days, the district verifies until two weeks later; an officer may change that. Raises
    NotAllowed for anyone but the area's admin or a district officer, WrongState where the survey has no field in that year,
    Invalid where the days are the wrong way round.
    """
    if not (actor.is_system or any(actor.holds(role, survey.area_code) for role in ("admin", "district"))):
        raise NotAllowed("เฉพาะผู้ดูแลระบบหรือเจ้าหน้าที่เขตเท่านั้นที่สร้างรอบของแบบสำรวจได้")
    refuse_retired(survey.slug)
    if not declarations.declaration(document_of(survey.slug), survey.area_code, academic_year).added:
        raise WrongState(
            f"แบบสำรวจ “{survey.name}” ยังไม่มีช่องคำถามของปีการศึกษา {academic_year} กรุณาเพิ่มช่องอย่างน้อยหนึ่งช่องก่อนสร้างรอบ"
        )
    if last < first:
        raise Invalid({0: {"last": "วันสิ้นสุดต้องไม่ก่อนวันเริ่มต้น"}})
    place = {"area_code": survey.area_code, "subsystem": survey.slug, "academic_year": academic_year}
    number = Round.objects(**place).count() + 1
    if number > MOST_A_YEAR:
        raise WrongState(f"แบบสำรวจหนึ่งมีได้ไม่เกิน {MOST_A_YEAR} รอบต่อปี")
    ends = {"enter": last, "certify": last, "verify": last + TIME_TO_VERIFY}
    windows = [
        Window(step=step, opens_at=instant_of(first), closes_at=instant_of(end, closing=True))
        for step, end in ends.items()
    ]
    made = Round(
        **place,
        code=f"{survey.key}-{number}",
        title=survey.name,
        as_of=midnight(last),
        windows=windows,
    )
    try:
        return made.save(force_insert=True)
    except NotUniqueError:
        raise WrongState("มีผู้อื่นสร้างรอบนี้ไปแล้ว กรุณาเปิดหน้านี้ใหม่") from None


def rounds_of(survey):
    """The survey's Rounds, the newest first."""
    found = Round.objects(area_code=survey.area_code, subsystem=survey.slug)
    return list(found.order_by("-academic_year", "-code"))
