"""Defining fields (กำหนดช่องข้อมูลเพิ่ม): what the area's admin does with FieldDefinitions: makes, changes, stops, arranges them.

What is typed is read here and refused with a sentence.
"""

import math
import re

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from documents import subsystem
from documents.database import collection, in_transaction
from documents.errors import Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats import thai
from documents.records.codelist_edits import new_list
from documents.records.codelists import AreaList, code_list, names, of_area
from documents.records.completeness import FieldSetting, recount_open
from documents.records.declarations import count_up, declaration
from documents.records.field_definitions import (
    CLASSES,
    FIRST_YEAR,
    KINDS,
    LAST_YEAR,
    LISTED,
    PREFIX,
    FieldDefinition,
)
from documents.records.record import Record, shown_fields
from documents.trail import history
from documents.trail.refusals import noting_refusals

KEY = re.compile(r"[a-z][a-z0-9_]{1,29}")
RESERVED = {
    *Record._fields, "pk", "reason", "school", "revision", "csrf_token", "name", "value", "search", "missing",
    "sensitive", "sort", "desc", "page", "after", "before", "letter", "last", "by_district", "kind",
}  # fmt: skip
OWN_SOURCE = "กำหนดเองในหน้าช่องข้อมูล"
MOST = 60  # fields added to one subsystem, stopped ones included
LONGEST_TEXT = 4000
MOST_DECIMALS = 6
# What may change after the field was made; key and kind may not.
CHANGEABLE = (
    "label", "label_en", "unit", "low", "high", "decimals", "longest", "codelist", "required", "help", "personal",
    "group", "in_grid", "in_export", "filterable", "first_year", "last_year",
)  # fmt: skip


# ---- making and changing, by the area's admin alone ----


@noting_refusals(3)
def define(area_code, slug, values, actor, reason=None, recount=recount_open):
    """Store a new FieldDefinition of the kind of record with that slug and give it back.

    `values` is {name: what was typed or a plain value}. A field that must be filled changes who is complete: open
    submissions are counted anew, by `recount(subsystem, area_code, academic_year)`. Raises NotAllowed for anyone but the
    area's admin, Invalid with a sentence for each value that cannot be.
    """
    check_admin(actor, area_code)
    document = known_document(slug, area_code)
    plain = {name: value for name, value in checked(area_code, document, values).items() if value is not None}
    if options := options_of(values, plain):
        plain["codelist"] = own_list(area_code, slug, plain, options, actor, reason)
    last = FieldDefinition.objects(area_code=area_code, document=slug).order_by("-order").first()
    made = FieldDefinition(
        area_code=area_code, document=slug, made_by=actor.id, order=(last.order if last else 0) + 1, **plain
    )
    made.id = ObjectId()
    made.validate()
    row = made.to_mongo()
    told = {name: [None, value] for name, value in plain.items()}

    def work():
        collection(FieldDefinition).insert_one(dict(row))
        _note(made, actor, "create", told, reason)

    try:
        in_transaction(work)
    except DuplicateKeyError:
        raise Invalid({0: {"key": taken(area_code, document, plain["key"])}}) from None
    if made.required:
        recount(document.subsystem, area_code, made.first_year)
    return made


@noting_refusals(2)
def redefine(definition, values, actor, revision, reason=None, recount=recount_open):
    """Change a definition as the person saw it; gives back the fresh one. Raises as `define`, WrongState when it changed since."""
    check_admin(actor, definition.area_code)
    document = known_document(definition.document, definition.area_code)
    before = {name: definition[name] for name in CHANGEABLE}
    plain = checked(definition.area_code, document, before | values, definition)
    wanted = {name: plain[name] for name in CHANGEABLE if name in plain}
    return _change(definition, wanted, actor, revision, reason, recount)


@noting_refusals(2)
def stop(definition, last_year, actor, revision, reason=None, recount=recount_open):
    """Use a field up to that academic year and no longer (None: go on); what it holds stays. Gives back the fresh one."""
    check_admin(actor, definition.area_code)
    if last_year is not None and not definition.first_year - 1 <= last_year <= LAST_YEAR:
        raise Invalid({0: {"last_year": f"ปีสุดท้ายต้องไม่ก่อนปี {definition.first_year - 1}"}})
    return _change(definition, {"last_year": last_year}, actor, revision, reason, recount)


def move(definition, step, actor):
    """Let a field change places with the one before (step -1) or behind it (1); at an end nothing changes."""
    check_admin(actor, definition.area_code)
    rows = list(
        FieldDefinition.objects(area_code=definition.area_code, document=definition.document).order_by(
            "order", "id"
        )
    )
    at = next(index for index, each in enumerate(rows) if each.id == definition.id)
    if not 0 <= at + step < len(rows):
        return
    rows[at], rows[at + step] = rows[at + step], rows[at]

    def work():
        for place, each in enumerate(rows, 1):
            collection(FieldDefinition).update_one(
                {"_id": each.id, "area_code": each.area_code}, {"$set": {"order": place}}
            )
        _note(definition, actor, "move", {"order": [at + 1, at + 1 + step]}, None)

    in_transaction(work)


def _change(definition, wanted, actor, revision, reason, recount):
    """One conditional update on the revision seen, with its event; a value of None is taken away."""
    told = {name: [definition[name], value] for name, value in wanted.items() if definition[name] != value}
    seen = {"_id": definition.id, "area_code": definition.area_code, "revision": revision}
    kept = {name: value for name, value in wanted.items() if value is not None}
    gone = dict.fromkeys((name for name, value in wanted.items() if value is None), "")

    def work():
        done = collection(FieldDefinition).update_one(
            seen, {"$set": kept, "$inc": {"revision": 1}} | ({"$unset": gone} if gone else {})
        )
        if not done.modified_count:
            raise WrongState("มีผู้อื่นแก้ไขช่องนี้ไปแล้ว กรุณาเปิดหน้านี้ใหม่แล้วลองอีกครั้ง")
        if "required" in told:
            _require(definition, wanted["required"])
        _note(definition, actor, "update", told, reason)

    if told or definition.revision != revision:
        in_transaction(work)
    fresh = FieldDefinition.objects(area_code=definition.area_code, id=definition.id).get()
    if (definition.required or fresh.required) and told.keys() & {"required", "first_year", "last_year"}:
        document = known_document(definition.document, definition.area_code)
        recount(document.subsystem, definition.area_code, min(definition.first_year, fresh.first_year))
    return fresh


def _require(definition, required):
    """Within the transaction: the area's settings of required fields that name this one say the same."""
    name = f"needs.{definition.name}"
    collection(FieldSetting).update_many(
        {"area_code": definition.area_code, "document": definition.document, name: {"$exists": True}},
        {"$set": {name: "R" if required else "O"}},
    )


def _note(definition, actor, action, told, reason):
    """Within the transaction: the event, and every process told."""
    count_up()
    history.note_event(
        definition.area_code, actor, action, "field_definitions", definition.id, told, reason,
        headline=definition.label,
    )  # fmt: skip


def check_admin(actor, area_code):
    """Raise NotAllowed for anyone but the area's admin."""
    if not actor.is_system and not actor.holds("admin", area_code):
        raise NotAllowed("เฉพาะผู้ดูแลระบบเท่านั้นที่เพิ่มหรือแก้ไขช่องข้อมูลได้")


def known_document(slug, area_code):
    """The class of a slug as far as the area has it; raises Invalid for any other."""
    try:
        document = subsystem(slug)
    except KeyError:
        raise Invalid({0: {"document": "ไม่พบระบบข้อมูลนี้ กรุณาเลือกจากรายการ"}}) from None
    if slug[:1].isdigit() and not slug.startswith(f"{area_code}-"):  # another area's survey
        raise Invalid({0: {"document": "ไม่พบระบบข้อมูลนี้ กรุณาเลือกจากรายการ"}})
    return document


def get_definition(actor, id_):
    """The FieldDefinition of an id in the areas this admin has; raises OutOfScope for any other."""
    found = FieldDefinition.objects(id=id_).first() if ObjectId.is_valid(str(id_ or "")) else None
    if found is None or not actor.holds("admin", found.area_code):
        raise OutOfScope("ไม่พบช่องข้อมูลนี้ในเขตของท่าน กรุณาเลือกจากรายการ")
    return found


# ---- what a definition may say ----


def checked(area_code, document, values, known=None):
    """The plain values of a definition; raises Invalid with a sentence for each that cannot be.

    `known` is the definition that is changed: its key and kind hold.
    """
    reading = _Reading(values)
    plain = {
        "key": known.key if known else _key(reading, area_code, document),
        "kind": known.kind if known else reading.one_of("kind", KINDS, "กรุณาเลือกชนิดข้อมูล"),
        "label": reading.text("label", 120, "กรุณาพิมพ์ชื่อช่องเป็นภาษาไทย"),
        "label_en": reading.text("label_en", 120),
        "help": reading.text("help", 300),
        "group": reading.text("group", 60),
        "personal": reading.one_of("personal", CLASSES, "กรุณาเลือกระดับข้อมูล"),
        **{name: reading.yes(name) for name in ("required", "in_grid", "in_export", "filterable")},
    }
    plain |= _of_kind(plain["kind"], reading, known, area_code)
    plain |= _years(reading)
    label = plain["label"]
    if label and any(
        field.verbose_name == label and name != PREFIX + (plain["key"] or "")
        for name, field in shown_fields(declaration(document, area_code, plain["first_year"] or 0)).items()
    ):
        reading.wrong["label"] = "มีช่องที่ใช้ชื่อนี้อยู่แล้ว กรุณาใช้ชื่ออื่น เพื่อให้แยกออกจากกันในแบบฟอร์มและในไฟล์"
    if reading.wrong:
        raise Invalid({0: reading.wrong})
    return plain


def _key(reading, area_code, document):
    key = thai.clean(str(reading.values.get("key") or "")).lower()
    if not KEY.fullmatch(key):
        reading.wrong["key"] = "รหัสช่องใช้ตัวอักษรอังกฤษเล็ก ตัวเลข และ _ ขึ้นต้นด้วยตัวอักษร ยาว 2 ถึง 30 ตัว"
    elif sentence := taken(area_code, document, key):
        reading.wrong["key"] = sentence
    return key


def taken(area_code, document, key):
    """Why a key cannot be used for a new field; None when it can."""
    if key in RESERVED or key.startswith(PREFIX):
        return "รหัสนี้ระบบใช้อยู่ กรุณาใช้รหัสอื่น"
    if key in shown_fields(document.base or document):
        return f"รหัสนี้เป็นของช่อง “{shown_fields(document)[key].verbose_name}” กรุณาใช้รหัสอื่น"
    found = FieldDefinition.objects(area_code=area_code, document=document.slug, key=key).first()
    if found is None:
        if FieldDefinition.objects(area_code=area_code, document=document.slug).count() >= MOST:
            return f"เพิ่มช่องได้ไม่เกิน {MOST} ช่องต่อระบบข้อมูล"
        return None
    used = f"ถึงปี {found.last_year}" if found.last_year else "อยู่"
    return f"รหัสนี้ใช้กับช่อง “{found.label}” ({KINDS[found.kind]}) {used} กรุณาใช้รหัสอื่น หรือเปิดใช้ช่องนั้นต่อ"


def _of_kind(kind, reading, known, area_code):
    """The values that only some kinds have."""
    if kind == "text":
        return {"longest": reading.whole("longest", 1, LONGEST_TEXT, 200)}
    if kind == "number":
        decimals = reading.whole("decimals", 0, MOST_DECIMALS, 0)
        low, high = reading.number("low"), reading.number("high")
        if low is not None and high is not None and high < low:
            reading.wrong["high"] = "ค่าสูงสุดต้องไม่น้อยกว่าค่าต่ำสุด"
        if not decimals:
            for name, value in (("low", low), ("high", high)):
                if value is not None and value != int(value):
                    reading.wrong[name] = "ช่องนี้เป็นจำนวนเต็ม ค่าต่ำสุดและค่าสูงสุดต้องเป็นจำนวนเต็ม"
        return {"decimals": decimals, "low": low, "high": high, "unit": reading.text("unit", 20)}
    if kind in LISTED:
        return {"codelist": _list(reading, known, area_code)}
    return {}


def _list(reading, known, area_code):
    name = str(reading.values.get("codelist") or "")
    if not name and not known and reading.values.get("options"):
        return None
    if name not in dict(lists_of(area_code)):
        reading.wrong["codelist"] = "กรุณาเลือกรายการที่ให้เลือก หรือพิมพ์ตัวเลือกเอง"
    elif known and known.codelist != name and not _holds(area_code, known.codelist, name):
        reading.wrong["codelist"] = "รายการใหม่ต้องมีค่าที่รายการเดิมมีครบทุกค่า เพราะมีข้อมูลที่ใช้ค่าเดิมอยู่"
    return name


def _holds(area_code, old, new):
    with of_area(area_code):
        return code_list(old).codes <= code_list(new).codes


def lists_of(area_code):
    """[(name, title)] of the lists that a field of an area may offer, its own ones too, by title."""
    own = AreaList.objects(area_code=area_code, title__nin=[None, ""]).scalar("name", "title")
    with of_area(area_code):
        found = {name: code_list(name).title for name in names()} | dict(own)
    return sorted(found.items(), key=lambda pair: thai.sort_key(pair[1]))


def options_of(values, plain):
    """The choices that were typed, one a line as ไทย or ไทย | English, for a field whose list nobody picked."""
    if plain["kind"] not in LISTED or plain.get("codelist"):
        return []
    lines = (line.partition("|") for line in str(values.get("options") or "").splitlines())
    said = {thai.clean(label): thai.clean(english) for label, _, english in lines}
    return [{"label": label, "label_en": english} for label, english in said.items() if label]


def own_list(area_code, slug, plain, options, actor, reason):
    """The name of a new list that the area has for one field alone. Raises Invalid beside the options."""
    name = re.sub(r"[^A-Z0-9_]", "_", f"X_{slug}_{plain['key']}".upper())[:40]
    try:
        new_list(area_code, name, plain["label"], options, OWN_SOURCE, actor, reason, plain.get("label_en"))
    except Invalid as refusal:
        raise Invalid({0: {"options": next(iter(refusal.errors[0].values()))}}) from refusal
    return name


def _years(reading):
    first = reading.whole("first_year", FIRST_YEAR, LAST_YEAR, None)
    last = reading.whole("last_year", FIRST_YEAR, LAST_YEAR, None, needed=False)
    if first and last and last < first - 1:
        reading.wrong["last_year"] = "ปีสุดท้ายต้องไม่ก่อนปีแรก"
    return {"first_year": first, "last_year": last}


class _Reading:
    """Reads typed values; what is wrong stands in `wrong`, {name: sentence}."""

    def __init__(self, values):
        self.values, self.wrong = values, {}

    def text(self, name, longest, needed=None):
        """A line of text, None for nothing; `needed` is what is said of nothing."""
        value = thai.clean(str(self.values.get(name) or ""))
        if not value and needed:
            self.wrong[name] = needed
        if len(value) > longest:
            self.wrong[name] = f"ยาวเกิน {longest} ตัวอักษร กรุณาย่อให้สั้นลง"
        return value or None

    def one_of(self, name, known, sentence):
        """One of the known values."""
        value = self.values.get(name)
        if value not in known:
            self.wrong[name] = sentence
        return value

    def yes(self, name):
        """Whether a box was ticked."""
        return bool(self.values.get(name))

    def number(self, name):
        """A finite number, None for nothing."""
        value = self.values.get(name)
        if value in (None, ""):
            return None
        try:
            number = float(thai.arabic_digits(str(value)).replace(",", "").strip())
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or abs(number) > 1e12:
            self.wrong[name] = "ต้องเป็นตัวเลข"
            return None
        return number

    def whole(self, name, low, high, otherwise, needed=True):
        """A whole number within bounds; `otherwise` for nothing."""
        number = self.number(name)
        if number is None and name not in self.wrong:
            if otherwise is None and needed:
                self.wrong[name] = "กรุณาระบุ"
            return otherwise
        if number is None or number != int(number) or not low <= number <= high:
            self.wrong[name] = f"ต้องเป็นจำนวนเต็ม {low:,} ถึง {high:,}"
            return None
        return int(number)
