"""Makers of fields: plain MongoEngine fields that carry what grid, form, file and history need to know.

Not field classes of our own: Flask-Admin finds a field's input by its exact class name.
Each field carries `kind`, `label_en`, `unit`, `codelist`, `need` (R required to confirm, C on a condition,
O optional), `personal` (the class of domain.md 6), `group` (of the form), `help`, `synonyms` (other headers of
its column in files), `decimals`, `pattern`, `check`, `exported` (whether files have its column), `plain`
(a number that is a name, as a year is: shown without separators), `scale` (how many stored units make one of `unit`:
typed and shown in kilometres, stored and filed in metres), `twice` (the form asks for it a second time), `sums` (of a
derived number: the counts that it adds up, under which the form shows it).
"""

import math
import re

from mongoengine.fields import (
    BooleanField,
    DateTimeField,
    FloatField,
    IntField,
    ListField,
    StringField,
)

from documents import clock
from documents.formats import buddhist, thai
from documents.records.codelists import code_list

PUBLIC, INTERNAL, PERSONAL, SENSITIVE = "public", "internal", "personal", "sensitive"
LONG_TEXT = 400  # longer texts get an area to type in
LARGEST_INT = 2**53 - 1  # what a spreadsheet and a browser still hold exactly


def _carry(
    kind, label, en=None, need="O", personal=INTERNAL, group=None, help=None, synonyms=(), unit=None, **more
):
    meta = {
        "verbose_name": label,
        "label_en": en or label,
        "kind": kind,
        "need": need,
        "personal": personal,
        "group": group,
        "help": help,
        "synonyms": tuple(synonyms),
        "unit": unit,
        "codelist": None,
        "parent": None,
        "decimals": None,
        "plain": False,
        "scale": 1,
        "twice": False,
        "pattern": None,
        "pattern_says": None,
        "check": None,
        "exported": True,
    }
    return meta | more


def text(label, *, max_length=200, pattern=None, pattern_says=None, check=None, required=False, **more):
    """A line of text; `pattern` must match whole, `check(value)` gives the value back or raises ValueError."""
    need = more.pop("need", "R" if required else "O")
    return StringField(
        max_length=max_length,
        **_carry("text", label, need=need, pattern=pattern, pattern_says=pattern_says, check=check, **more),
    )


def choice(label, codelist, *, parent=None, required=False, **more):
    """One code of a code list; `parent` names the field whose code the choice must lie under."""
    need = more.pop("need", "R" if required else "O")
    return StringField(
        max_length=40, **_carry("choice", label, need=need, codelist=codelist, parent=parent, **more)
    )


def choices(label, codelist, *, required=False, **more):
    """Several codes of a code list, each once."""
    need = more.pop("need", "R" if required else "O")
    return ListField(
        StringField(max_length=40),
        default=None,
        **_carry("choices", label, need=need, codelist=codelist, **more),
    )


def count(label, *, unit=None, min_value=0, max_value=LARGEST_INT, required=False, **more):
    """A whole number of something, `unit` in Thai (คน, ห้อง, ชั้น)."""
    need = more.pop("need", "R" if required else "O")
    return IntField(
        min_value=min_value, max_value=max_value, **_carry("count", label, need=need, unit=unit, **more)
    )


def measure(label, *, unit=None, decimals=1, min_value=0, max_value=1e9, required=False, **more):
    """A measured number kept to `decimals` places, `unit` in Thai (กก., ซม., ตร.ม.)."""
    need = more.pop("need", "R" if required else "O")
    return FloatField(
        min_value=min_value,
        max_value=max_value,
        **_carry("measure", label, need=need, unit=unit, decimals=decimals, **more),
    )


def date(label, *, required=False, **more):
    """A calendar day: typed and shown dd/mm/พ.ศ., stored as midnight of the ISO date.

    `ages` (years, least and most) tells of whose birth it is: by it a file's years of two digits find their era.
    """
    need = more.pop("need", "R" if required else "O")
    return DateTimeField(**_carry("date", label, need=need, **more))


def flag(label, *, required=False, **more):
    """Yes or no (ใช่/ไม่ใช่)."""
    need = more.pop("need", "R" if required else "O")
    return BooleanField(**_carry("flag", label, need=need, **more))


def picture(label, *, required=False, **more):
    """The id of a picture of the school, stored by `pictures.store`; shown as a thumbnail."""
    need = more.pop("need", "R" if required else "O")
    return StringField(max_length=24, **_carry("picture", label, need=need, **more))


def file(label, *, required=False, **more):
    """The id of a file of the school, stored by `attachments.store`; handed out by its record alone."""
    need = more.pop("need", "R" if required else "O")
    return StringField(max_length=24, **_carry("file", label, need=need, **more))


class Derived:
    """A value worked out from a stored record when it is shown or exported, never typed and never stored.

    `work(plain, round)` gets the stored dict and the Round (as-of date, academic year) and gives a plain value. `reads`
    names the stored fields it looks at, None for any: a file then need not read whole records. What reads one field
    alone says nothing where that is blank.
    """

    def __init__(self, label, work, *, kind="count", reads=None, **more):
        for name, value in _carry(kind, label, **more).items():
            setattr(self, name, value)
        self.work, self.reads = work, reads
        self.derived = True
        self.name = None

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner):
        return self


def derived(label, work, **more):
    """A `Derived` field: shown and exported like the others."""
    return Derived(label, work, **more)


def label_under(label, heading):
    """A field's label without what the small heading above it says already: "รวม (การเรียนการสอน)" gives "รวม"."""
    told = re.search(r" \(([^()]+)\)$", label)
    return label[: told.start()] if told and told[1] in (heading or "") else label


# ---- from what a person typed, a cell held or a script gave, to the plain value that is stored ----


def from_typed(field, value):
    """What a person typed, as `accept` takes it: kilometres as the metres that are stored.

    Raises ValueError with a Thai sentence for what is no number.
    """
    if getattr(field, "scale", 1) == 1 or not (value := thai.clean(value or "")):
        return value
    return round(number_of(value) * field.scale)


def as_typed(field, value):
    """A stored value as it is typed into an input, without separators; "" for nothing."""
    if value is None:
        return ""
    if field.kind == "flag":
        return "1" if value else "0"
    if field.kind == "date":
        return buddhist.format_date(value)
    if field.kind == "measure":
        return f"{value:.{field.decimals}f}"
    if field.kind == "count" and field.scale != 1:
        return _scaled(field, value).replace(",", "")
    return str(value)


def keeps_lines(field):
    """Whether a text is long enough to be written in several lines, which then stay."""
    return field.kind == "text" and field.max_length > LONG_TEXT


def accept(field, value):
    """The plain value to store for `field`, None for nothing; the same for form, cell, import and script.

    Raises ValueError with a Thai sentence that says what to do.
    """
    kind = field.kind
    if isinstance(value, str):
        # A code needs no cleaning, and most values of a file are codes.
        if kind == "choice" and value in code_list(field.codelist).codes:
            return value
        value = thai.clean(value, keeps_lines(field))
    if value is None or value == "" or value == []:
        return None
    return ACCEPT[kind](field, value)


def _text(field, value):
    if not isinstance(value, str):
        value = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if len(value) > field.max_length:
        raise ValueError(f"ยาวเกิน {field.max_length:,} ตัวอักษร (พิมพ์มา {len(value):,}) กรุณาย่อให้สั้นลง")
    if field.pattern and not re.fullmatch(field.pattern, value):
        raise ValueError(field.pattern_says or "รูปแบบไม่ถูกต้อง กรุณาตรวจสอบแล้วพิมพ์ใหม่")
    return field.check(value) if field.check else value


def _choice(field, value):
    code = str(value)
    if code not in code_list(field.codelist).codes:
        raise ValueError("ค่านี้ไม่อยู่ในรายการ กรุณาเลือกจากรายการที่ให้")
    return code


def _choices(field, value):
    codes = [value] if isinstance(value, str) else list(value)
    return in_order(field, [_choice(field, code) for code in codes])


def in_order(field, codes):
    """Several codes, each once and as the list has them: the order in which they were ticked or written says nothing."""
    chosen = set(codes)
    return [code for code in code_list(field.codelist).codes if code in chosen] if len(codes) > 1 else codes


def _count(field, value):
    return _bounded(field, value if type(value) is int else _whole(value))


def _measure(field, value):
    return round(float(_bounded(field, number_of(value))), field.decimals)


def _whole(value):
    number = number_of(value)
    if number != int(number):
        raise ValueError("ต้องเป็นจำนวนเต็ม ไม่มีจุดทศนิยม")
    return int(number)


def number_of(value):
    """The finite number that a value is, typed or in a cell. Raises ValueError with a Thai sentence."""
    if isinstance(value, bool):
        raise ValueError("ต้องเป็นตัวเลข")
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, str):
        value = thai.arabic_digits(value).replace(",", "").replace(" ", "")
        if not re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,12})?", value):
            raise ValueError("ต้องเป็นตัวเลข เช่น 12 หรือ 12.5")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("ต้องเป็นตัวเลข")
    return number


def _bounded(field, number):
    low, high = field.min_value, field.max_value
    if low is not None and number < low:
        raise ValueError(f"ต้องไม่น้อยกว่า {_bound(field, low)}")
    if high is not None and number > high:
        raise ValueError(f"ต้องไม่เกิน {_bound(field, high)}")
    return number


def _bound(field, limit):
    if field.scale != 1:
        return f"{_scaled(field, limit)} {field.unit}"
    whole = int(limit) if limit == int(limit) else limit
    return str(whole) if field.plain else format(whole, ",")


def _scaled(field, value):
    """In the unit that people read, up to three places: 1,250 m as 1.25."""
    return f"{value / field.scale:,.3f}".rstrip("0").rstrip(".")


def _date(field, value):
    day = buddhist.parse_date(value)
    if field.check:
        day = field.check(day)
    return clock.midnight(day)


YES_OR_NO = {"true": True, "1": True, "y": True, "yes": True, "ใช่": True, "มี": True}
YES_OR_NO |= {"false": False, "0": False, "n": False, "no": False, "ไม่ใช่": False, "ไม่มี": False, "-": False}


def _flag(field, value):
    if isinstance(value, bool):
        return value
    answer = YES_OR_NO.get(str(int(value) if isinstance(value, float) else value).lower())
    if answer is None:
        raise ValueError("กรุณาตอบ ใช่ หรือ ไม่ใช่")
    return answer


def _picture(field, value):
    """Whether it is one of the school's own is asked by the door."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{24}", value):
        raise ValueError("ไม่พบภาพนี้ กรุณาแนบภาพใหม่")
    return value


def _file(field, value):
    """Whether it is one of the school's own is asked by the door."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{24}", value):
        raise ValueError("ไม่พบไฟล์นี้ กรุณาแนบไฟล์ใหม่")
    return value


ACCEPT = {
    "file": _file,
    "text": _text,
    "picture": _picture,
    "choice": _choice,
    "choices": _choices,
    "count": _count,
    "measure": _measure,
    "date": _date,
    "flag": _flag,
}


def shown(field, value):
    """How a stored value reads in Thai: the list's words, dates in B.E., numbers with separators; '' for nothing."""
    if value is None or value == []:
        return ""
    return SHOWN[field.kind](field, value)


SHOWN = {
    "text": lambda field, value: value,
    "choice": lambda field, value: code_list(field.codelist).label(value),
    "choices": lambda field, value: ", ".join(code_list(field.codelist).label(code) for code in value),
    "count": lambda field, value: _bound(field, value) if field.scale == 1 else _scaled(field, value),
    "measure": lambda field, value: f"{value:,.{field.decimals}f}",
    "date": lambda field, value: buddhist.format_date(value),
    "flag": lambda field, value: "ใช่" if value else "ไม่ใช่",
    "picture": lambda field, value: "มีภาพ",
    "file": lambda field, value: "มีไฟล์",
}
