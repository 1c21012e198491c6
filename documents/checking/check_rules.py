"""Rules that an admin makes (กฎตรวจสอบของเขต): checks of one record of any kind, made in the browser.

A rule says when something is found: a condition (`conditions.py`), and optionally a second one without which it is not
asked. Each is a row per version: a draft is changed freely, tried on a round (`rule_trials.py`) and then let count; what
counts is never changed, a later version takes its place; nothing is deleted (`rule_edits.py`). One that counts becomes a `checks.Check` like
the declared ones, in the same place: found in form, grid, findings and files, answered and passed alike.

Every process keeps the Checks until a rule, a field or a survey changes (`declarations.version`, which a request and a write
read anyway), so that a page and a write ask no more of the database than before. A rule whose field is gone rests: it finds
nothing and its page says why.
"""

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import DateTimeField, DictField, IntField, ObjectIdField, StringField

from documents import subsystem
from documents.checking import checks, conditions
from documents.checking.checks import ERROR, WARNING, Check
from documents.errors import OutOfScope
from documents.records import declarations, fields
from documents.records.codelists import of_area
from documents.records.declarations import declaration, ever_declared
from documents.records.kinds import documents_of
from documents.trail.history import fingerprint

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


# ---- reading ----


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
