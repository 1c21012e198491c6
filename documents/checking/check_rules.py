"""Rules that an admin makes (กฎตรวจสอบของเขต): checks of one record of any kind, made in the browser.

A rule says when something is found: a condition (`conditions.py`), and optionally a second one without which it is not
asked. Each is a row per version: a draft is changed freely, tried on a round (`rule_trials.py`) and then let count; what
counts is never changed, a later version takes its place; nothing is deleted. One that counts becomes a `checks.Check` like
the declared ones, in the same place: found in form, grid, findings and files, answered and passed alike.

Every process keeps the Checks until a rule, a field or a survey changes (`declarations.version`, which a request and a write
read anyway), so that a page and a write ask no more of the database than before. A rule whose field is gone rests: it finds
nothing and its page says why.
"""

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, IntField, ObjectIdField, StringField
from pymongo.errors import DuplicateKeyError

from documents import subsystem
from documents.checking import checks, conditions
from documents.checking.checks import ERROR, LEVELS, WARNING, Check
from documents.checking.conditions import Unfit
from documents.database import collection, in_transaction
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats import thai
from documents.records import declarations, fields
from documents.records.codelists import of_area
from documents.records.declarations import declaration, ever_declared
from documents.records.defining import known_document
from documents.records.digests import documents_of
from documents.records.field_definitions import FIRST_YEAR, LAST_YEAR
from documents.trail.history import fingerprint, naive_now, note_event
from documents.trail.refusals import noting_refusals

PREFIX = "LOCAL-"
DRAFT, COUNTING, REPLACED, RETIRED = "draft", "counting", "replaced", "retired"
STATES = {DRAFT: "ร่าง", COUNTING: "มีผล", REPLACED: "มีฉบับใหม่แทน", RETIRED: "เลิกใช้แล้ว"}
LABELS = {
    "condition": "พบเมื่อ",
    "only": "เฉพาะเมื่อ",
    "level": "ระดับ",
    "title": "เรื่อง",
    "title_en": "เรื่อง (อังกฤษ)",
    "sentence": "ข้อความ",
    "sentence_en": "ข้อความ (อังกฤษ)",
    "do": "สิ่งที่ต้องทำ",
    "first_year": "ใช้ตั้งแต่ปีการศึกษา",
    "last_year": "ใช้ถึงปีการศึกษา",
    "version": "ฉบับที่",
    "found": "ลองแล้วพบ (รายการ)",
}
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


class CheckRule(Document):
    """One version of one rule of an area; `rule` is the id of its first version, `tried` what it found when it was tried."""

    area_code = StringField(required=True, max_length=8)
    number = IntField(required=True)
    version = IntField(required=True, default=1)
    rule = ObjectIdField(required=True)
    document = StringField(required=True, max_length=40)
    subsystem = StringField(required=True, max_length=32)
    condition = DictField(required=True)
    only = DictField()  # a condition without which the rule is not asked
    level = StringField(choices=[ERROR, WARNING], required=True)
    title = StringField(required=True, max_length=80)
    title_en = StringField(max_length=80)
    sentence = StringField(required=True, max_length=200)
    sentence_en = StringField(max_length=200)
    do = StringField(required=True, max_length=200)
    first_year = IntField(required=True)
    last_year = IntField()
    state = StringField(choices=list(STATES), default=DRAFT)
    revision = IntField(default=1)
    # Revision, round (label), at, by_name, records, schools, of, examples [{id, school_code}].
    tried = DictField()
    made_by_name = StringField(max_length=200)
    made_at = DateTimeField()
    counted_by_name = StringField(max_length=200)
    counted_at = DateTimeField()
    ended_by_name = StringField(max_length=200)
    ended_at = DateTimeField()

    meta = {
        "collection": "check_rules",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "number", "version"], "unique": True},
            {
                "fields": ["area_code", "number"],
                "unique": True,
                "partialFilterExpression": {"state": DRAFT},
                "name": "one_draft",
            },
            {"fields": ["area_code", "state"]},
        ],
    }

    @property
    def code(self):
        """What its findings are known by: LOCAL-001."""
        return f"{PREFIX}{self.number:03}"

    @property
    def names(self):
        """Names of the fields it looks at, the one to mend first."""
        several = (name for each in (self.condition, self.only) if each for name in conditions.names_in(each))
        return tuple(dict.fromkeys(several))

    @property
    def asks(self):
        """What it asks, in short: an answer to it holds as long as this is the same."""
        return fingerprint([self.condition, self.only or None, self.level])

    @property
    def is_tried(self):
        """Whether it was tried as it is now."""
        return bool(self.tried) and self.tried.get("revision") == self.revision

    def holds_in(self, academic_year):
        """Whether it is for records of that year."""
        return self.first_year <= academic_year and (
            self.last_year is None or academic_year <= self.last_year
        )

    def problem_in(self, academic_year):
        """Why it rests in a year, in a sentence; None where it can be asked."""
        with of_area(self.area_code):
            return problem_of(self, _declared_in(self, academic_year))

    def __str__(self):
        return f"{self.code} {self.title}"


def _declared_in(rule, academic_year):
    return declaration(subsystem(rule.document), rule.area_code, academic_year)


def problem_of(rule, document):
    """Why a rule rests where its records are declared so, in a sentence; None where it can be asked."""
    several = (each for each in (rule.condition, rule.only) if each)
    return next((said for each in several if (said := conditions.problem_of(document, each))), None)


# ---- as checks ----


def checks_made_in(area_code, of_subsystem, academic_year):
    """{slug: Checks} that an area made for the records of a subsystem in a year; those that rest are left out."""
    kept, asked = declarations.kept(), ("checks made", area_code, of_subsystem, academic_year)
    if asked not in kept:
        rules = [
            each
            for each in _rules(area_code, COUNTING)
            if each.subsystem == of_subsystem and each.holds_in(academic_year)
        ]
        with of_area(area_code):
            made = {
                document.slug: _made_of(rules, declaration(document, area_code, academic_year))
                for document in (documents_of(of_subsystem) if rules else ())
            }
        kept[asked] = {slug: rows for slug, rows in made.items() if rows}
    return kept[asked]


def _made_of(rules, document):
    """The Checks of those rules that are of a document and can be asked of it as it is declared."""
    own = (rule for rule in rules if rule.document == document.slug and not problem_of(rule, document))
    return tuple(check_from(rule, document) for rule in own)


def _rules(area_code, *states):
    """The area's CheckRules in these states, by number; asked once a process until one changes."""
    kept, asked = declarations.kept(), ("check rules", area_code, states)
    if asked not in kept:
        found = CheckRule.objects(area_code=area_code, state__in=states).order_by("number", "version")
        kept[asked] = list(found)
    return kept[asked]


def check_from(rule, document):
    """The Check of a rule, for records of a document as it is declared in a year."""
    so = conditions.holds(rule.condition, document)
    if rule.only:
        so = _both(conditions.holds(rule.only, document), so)
    sentence = rule.sentence

    def find(values, context):
        return sentence if so(values) else None

    return _row(rule, find)


def _both(one, other):
    return lambda values: one(values) and other(values)


def _row(rule, find):
    return Check(
        rule.code, "", rule.level, "record", rule.title, rule.title_en or rule.title, rule.do, find, rule.names,
        rule.document, rule.subsystem, version=rule.version, asks=rule.asks,
    )  # fmt: skip


def _newest(area_code):
    """{code: Check} of every rule of an area that ever counted, as its last version that did says it."""
    kept, asked = declarations.kept(), ("checks ever made", area_code)
    if asked not in kept:
        rules = _rules(area_code, COUNTING, REPLACED, RETIRED)
        kept[asked] = {rule.code: _row(rule, None) for rule in rules if rule.counted_at}
    return kept[asked]


def check_named(key, area_code):
    """The Check of a key, declared or made by the area, retired ones too; None where there is none."""
    return _newest(area_code).get(key) if key.startswith(PREFIX) else checks.check_of(key)


def all_checks_in(area_code):
    """Every declared Check, and those that the area made."""
    return (*checks.all_checks(), *_newest(area_code).values())


def titles_in(area_code, of_subsystem):
    """{code: what it is called} of a subsystem's checks in an area, in the order of their rows, its own last."""
    own = (check for check in _newest(area_code).values() if check.subsystem == of_subsystem)
    return checks.titles_of(of_subsystem) | {check.code: check.title for check in own}


def said_in_english(area_code):
    """{Thai: English} of what the area's rules say, where both were typed."""
    pairs = {}
    for rule in _rules(area_code, COUNTING, REPLACED, RETIRED, DRAFT):
        pairs |= {rule.title: rule.title_en, rule.sentence: rule.sentence_en}
    return {thai_: english for thai_, english in pairs.items() if english}


# ---- making and changing, by the area's admin alone ----


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


def get_rule(actor, id_):
    """The CheckRule of an id in the areas whose rules this person sees; raises OutOfScope for any other."""
    found = CheckRule.objects(id=id_).first() if ObjectId.is_valid(str(id_ or "")) else None
    if found is None or not sees_rules(actor, found.area_code):
        raise OutOfScope("ไม่พบกฎนี้ในเขตของท่าน กรุณาเลือกจากรายการ")
    return found


def sees_rules(user, area_code):
    """Whether this person sees an area's rules: its admin, who makes them, and its district officers."""
    return user.holds("admin", area_code) or user.holds("district", area_code)


def rules_of(area_code):
    """[(CheckRule, its draft that is to follow or None)] of an area, one a number: what counts, else the last; by number."""
    shown, drafts = {}, {}
    for rule in CheckRule.objects(area_code=area_code).order_by("number", "version"):
        there = shown.get(rule.number)
        if there is not None and there.state == COUNTING and rule.state == DRAFT:
            drafts[rule.number] = rule
        elif there is None or there.state != COUNTING:
            shown[rule.number] = rule
    return [(rule, drafts.get(number)) for number, rule in shown.items()]


def versions_of(rule):
    """The versions of a rule, the newest first."""
    return list(CheckRule.objects(area_code=rule.area_code, number=rule.number).order_by("-version"))


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
    for name, prefix in (("condition", ""), ("only", "only_")):
        given = values.get(name) or {}
        plain[name] = None
        if name == "condition" or given.get("field"):
            try:
                with of_area(area_code):
                    plain[name] = conditions.settled(as_declared, given)
            except Unfit as unfit:
                wrong[prefix + unfit.part] = unfit.sentence
    if plain["only"] and plain["only"] == plain["condition"]:
        wrong["only_field"] = "เงื่อนไขนี้เหมือนกับ “พบเมื่อ” กรุณาเลือกเงื่อนไขอื่น หรือเว้นไว้"
    if wrong:
        raise Invalid({0: wrong})
    return plain


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


def is_personal(rule):
    """Whether a rule looks at what a field of persons holds, so that a small number it finds tells of one of them.

    That a field is empty, or not, tells of nobody.
    """
    known = ever_declared(subsystem(rule.document), rule.area_code)
    several = (
        each for each in (rule.condition, rule.only) if each and each["compare"] not in ("empty", "filled")
    )
    names = {name for each in several for name in conditions.names_in(each)}
    return any(known[name].personal in (fields.PERSONAL, fields.SENSITIVE) for name in names if name in known)
