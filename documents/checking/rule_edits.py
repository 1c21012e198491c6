"""Making and changing the rules of an area (`check_rules.py`), by its admin alone: what a rule may say, its versions and states.

Every change is an event on the rule's one chain.
"""

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from documents import subsystem
from documents.checking import conditions
from documents.checking.check_rules import COUNTING, DRAFT, REPLACED, RETIRED, STATES, CheckRule
from documents.checking.checks import LEVELS
from documents.checking.conditions import Unfit
from documents.database import collection, in_transaction
from documents.errors import Invalid, NotAllowed, WrongState
from documents.formats import thai
from documents.records import declarations
from documents.records.codelists import of_area
from documents.records.declarations import declaration, ever_declared
from documents.records.defining import known_document
from documents.records.field_definitions import FIRST_YEAR, LAST_YEAR
from documents.trail.history import naive_now, note_event
from documents.trail.refusals import noting_refusals

TEXTS = {
    "title": (80, True),
    "title_en": (80, False),
    "sentence": (200, True),
    "sentence_en": (200, False),
    "do": (200, True),
}
ASKED = {
    "title": "กรุณาพิมพ์ชื่อเรื่องสั้น ๆ",
    "sentence": "กรุณาพิมพ์ข้อความที่บอกว่าผิดหรือน่าสงสัยอย่างไร",
    "do": "กรุณาพิมพ์ว่าให้โรงเรียนทำอย่างไร",
}
SAID = (*TEXTS, "condition", "only", "level", "first_year", "last_year")
MOST = 60  # rules of one kind of record that count or are drafts
LONGEST_REASON = 500
SOMEBODY_ELSE = "มีผู้อื่นแก้ไขกฎนี้ไปแล้ว กรุณาเปิดหน้านี้ใหม่แล้วลองอีกครั้ง"


@noting_refusals(3)
def make_rule(area_code, slug, values, actor, reason=None):
    """Store a new draft of a rule for the kind of record with that slug; gives back the CheckRule.

    `values` {name: text} of TEXTS, level, first_year, last_year, and `condition` and `only` as `conditions.settled` takes
    them. Raises NotAllowed for anyone but the area's admin, Invalid with a sentence for each value that cannot be.
    """
    check_admin(actor, area_code)
    document = known_document(slug, area_code)
    plain = checked(area_code, document, values)
    active = CheckRule.objects(area_code=area_code, document=slug, state__in=[DRAFT, COUNTING])
    if len(active.distinct("number")) >= MOST:
        raise Invalid({0: {"document": f"ข้อมูลชนิดหนึ่งมีกฎได้ไม่เกิน {MOST} กฎ กรุณาเลิกใช้กฎที่ไม่ใช้แล้วก่อน"}})
    while True:
        last = CheckRule.objects(area_code=area_code).order_by("-number").first()
        id_ = ObjectId()
        made = _version_of(plain, actor) | {
            "_id": id_, "area_code": area_code, "number": (last.number if last else 0) + 1, "version": 1, "rule": id_,
            "document": slug, "subsystem": document.subsystem,
        }  # fmt: skip
        try:
            return _stored(made, actor, "create", reason)
        except DuplicateKeyError:  # somebody took the number
            continue


def _version_of(plain, actor):
    kept = {name: value for name, value in plain.items() if value is not None}
    return kept | {"state": DRAFT, "revision": 1, "made_by_name": actor.name, "made_at": naive_now()}


def _stored(made, actor, action, reason, before=None):
    """Store a new version and its event; gives back the CheckRule. Raises DuplicateKeyError where one is there."""
    fresh = CheckRule._from_son(dict(made))
    told = _told(fresh, before)

    def work():
        collection(CheckRule).insert_one(dict(made))
        _note(fresh, actor, action, told, reason)

    in_transaction(work)
    return fresh


@noting_refusals(2)
def change_rule(rule, values, actor, revision, reason=None):
    """Change a draft, or begin the next version of a rule that counts; gives back the CheckRule that was changed or made.

    What counts goes on until the new version is let count. Raises as `make_rule`, WrongState where somebody changed it
    first, began another version, or it is over.
    """
    check_admin(actor, rule.area_code)
    plain = checked(rule.area_code, known_document(rule.document, rule.area_code), values)
    if rule.state == COUNTING:
        return _next_version(rule, plain, actor, revision, reason)
    if rule.state != DRAFT:
        raise WrongState(f"กฎฉบับนี้{STATES[rule.state]} จึงแก้ไขไม่ได้ กรุณาเปิดหน้ากฎใหม่")
    kept = {name: value for name, value in plain.items() if value is not None}
    gone = dict.fromkeys((name for name, value in plain.items() if value is None), "") | {"tried": ""}
    after = CheckRule._from_son(rule.to_mongo().to_dict() | {name: None for name in gone} | kept)
    told = _told(after, rule)
    if not told:
        return rule

    def work():
        _update(rule, revision, {"$set": kept, "$unset": gone, "$inc": {"revision": 1}})
        _note(after, actor, "update", told, reason)

    in_transaction(work)
    return fresh(rule)


def _next_version(rule, plain, actor, revision, reason):
    if rule.revision != revision:
        raise WrongState(SOMEBODY_ELSE)
    last = CheckRule.objects(area_code=rule.area_code, number=rule.number).order_by("-version").first()
    same = ("area_code", "number", "rule", "document", "subsystem")
    made = (
        _version_of(plain, actor)
        | {name: rule[name] for name in same}
        | {"_id": ObjectId(), "version": last.version + 1}
    )
    try:
        return _stored(made, actor, "update", reason, before=rule)
    except DuplicateKeyError:
        raise WrongState(f"กฎ {rule.code} มีร่างฉบับใหม่อยู่แล้ว กรุณาแก้ไขร่างนั้น หรือเลิกร่างนั้นก่อน") from None


@noting_refusals(1)
def let_count(rule, actor, revision):
    """Let a draft count from now on, as it was tried; the version before is replaced. Gives back the fresh CheckRule.

    Raises NotAllowed for anyone but the area's admin, WrongState where it is no draft, was not tried as it is now, cannot be
    asked in any of its years, or somebody changed it first.
    """
    check_admin(actor, rule.area_code)
    if rule.state != DRAFT:
        raise WrongState(f"กฎฉบับนี้{STATES[rule.state]}แล้ว กรุณาเปิดหน้านี้ใหม่")
    if not rule.is_tried:
        raise WrongState("กรุณาลองกฎกับรอบปัจจุบันก่อน แล้วจึงให้กฎมีผล")
    if said := rule.problem_in(rule.first_year):
        raise WrongState(f"ให้กฎมีผลไม่ได้: {said} กรุณาแก้ไขกฎแล้วลองใหม่")
    now = naive_now()
    counts = {"state": COUNTING, "counted_by_name": actor.name, "counted_at": now}
    before = {"area_code": rule.area_code, "number": rule.number, "state": COUNTING}
    over = {"state": REPLACED, "ended_at": now, "ended_by_name": actor.name}
    told = {"version": [None, rule.version], "found": [None, rule.tried["records"]]}

    def work():
        collection(CheckRule).update_many(before, {"$set": over})
        _update(rule, revision, {"$set": counts, "$inc": {"revision": 1}})
        _note(rule, actor, "let_count", told, None)

    in_transaction(work)
    return fresh(rule)


@noting_refusals(1)
def retire(rule, actor, revision, reason):
    """Use a rule, or a draft, no longer; what it found ends by itself. Gives back the fresh CheckRule.

    Raises NotAllowed for anyone but the area's admin, Invalid without a reason, WrongState where it is over already or
    somebody changed it first.
    """
    check_admin(actor, rule.area_code)
    reason = thai.clean(reason)[:LONGEST_REASON]
    if not reason:
        raise Invalid({0: {"reason": "โปรดระบุเหตุผล"}})
    if rule.state not in (DRAFT, COUNTING):
        raise WrongState(f"กฎฉบับนี้{STATES[rule.state]} กรุณาเปิดหน้านี้ใหม่")
    over = {"state": RETIRED, "ended_at": naive_now(), "ended_by_name": actor.name}

    def work():
        _update(rule, revision, {"$set": over, "$inc": {"revision": 1}})
        _note(rule, actor, "retire_rule", {"version": [rule.version, None]}, reason)

    in_transaction(work)
    return fresh(rule)


def _update(rule, revision, change):
    """Within the transaction: one conditional update on the revision that was seen."""
    seen = {"_id": rule.id, "area_code": rule.area_code, "revision": revision, "state": rule.state}
    if not collection(CheckRule).update_one(seen, change).modified_count:
        raise WrongState(SOMEBODY_ELSE)


def _note(rule, actor, action, told, reason):
    """Within the transaction: the event, on the rule's one chain, and every process told."""
    declarations.count_up()
    note_event(
        rule.area_code, actor, action, "rules", rule.rule, told, reason, headline=f"{rule.code} {rule.title}"
    )


def _told(rule, before):
    """{name: [old, new]} of what is said of a rule, conditions in words."""
    known = ever_declared(subsystem(rule.document), rule.area_code)

    def said(of, name):
        value = of and of[name]
        return conditions.in_words(value, known) if value and name in ("condition", "only") else value or None

    with of_area(rule.area_code):
        pairs = {name: [said(before, name), said(rule, name)] for name in SAID}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def fresh(rule):
    """The CheckRule as it is stored now."""
    return CheckRule.objects(area_code=rule.area_code, id=rule.id).get()


def check_admin(actor, area_code):
    """Raise NotAllowed for anyone but the area's admin."""
    if not actor.is_system and not actor.holds("admin", area_code):
        raise NotAllowed("เฉพาะผู้ดูแลระบบเท่านั้นที่สร้างหรือแก้ไขกฎตรวจสอบได้")


# ---- what a rule may say ----


def checked(area_code, document, values):
    """The plain values of a rule; raises Invalid with a sentence for each that cannot be.

    What is wrong with a condition stands under the part of it, of `only` with `only_` before it.
    """
    wrong, plain = {}, {}
    for name, (longest, needed) in TEXTS.items():
        text = thai.clean(str(values.get(name) or ""))
        if not text and needed:
            wrong[name] = ASKED[name]
        if len(text) > longest:
            wrong[name] = f"ยาวเกิน {longest} ตัวอักษร กรุณาย่อให้สั้นลง"
        plain[name] = text or None
    plain["level"] = values.get("level")
    if plain["level"] not in LEVELS:
        wrong["level"] = "กรุณาเลือกระดับ"
    plain |= _years(values, wrong)
    as_declared = declaration(document, area_code, plain["first_year"] or FIRST_YEAR)
    with of_area(area_code):
        plain["condition"] = _condition(as_declared, values.get("condition"), wrong, "")
        asked = (values.get("only") or {}).get("field")
        plain["only"] = _condition(as_declared, values["only"], wrong, "only_") if asked else None
    if plain["only"] and plain["only"] == plain["condition"]:
        wrong["only_field"] = "เงื่อนไขนี้เหมือนกับ “พบเมื่อ” กรุณาเลือกเงื่อนไขอื่น หรือเว้นไว้"
    if wrong:
        raise Invalid({0: wrong})
    return plain


def _condition(document, given, wrong, prefix):
    """A condition as it is stored; None where it cannot be, what is wrong with which part noted."""
    try:
        return conditions.settled(document, given or {})
    except Unfit as unfit:
        wrong[prefix + unfit.part] = unfit.sentence
        return None


def _years(values, wrong):
    found = {}
    for name in ("first_year", "last_year"):
        text = thai.arabic_digits(str(values.get(name) or "")).strip()
        found[name] = int(text) if text.isascii() and text.isdecimal() and len(text) == 4 else None
        if (text or name == "first_year") and not FIRST_YEAR <= (found[name] or 0) <= LAST_YEAR:
            wrong[name] = f"ปีการศึกษาต้องเป็นตัวเลขสี่หลัก {FIRST_YEAR}–{LAST_YEAR}"
            found[name] = None
    if found["first_year"] and found["last_year"] and found["last_year"] < found["first_year"]:
        wrong["last_year"] = "ปีสุดท้ายต้องไม่ก่อนปีแรก"
    return found
