"""Conditions (เงื่อนไข) of the rules that an admin makes: one field of a record, a comparison, and a value or another field.

A condition is a plain dict {"field", "compare"} with {"value"} or {"other": the name of a field}, or neither. `settled` reads
one off a form and says what is wrong with it, `problem_of` says why a stored one holds no more, `holds` makes the function of
a record's values that says whether it is so, `in_words` tells it in Thai.

What is empty is neither more nor less than anything, nor equal or unequal: only `empty` and `filled` look at it. No regular
expression is ever typed: a mask (`MASK_HELP`) is cut at its `*` into pieces of one width each, so that matching takes no more
than the length of the value times that of the mask.
"""

import datetime as dt
import operator
import re
from dataclasses import dataclass

from documents import clock
from documents.formats import buddhist, thai
from documents.records import fields
from documents.records.codelists import code_list
from documents.records.record import EMPTY, declared

NUMBERS, ORDERED = ("count", "measure"), ("count", "measure", "date")
PLAIN = (*ORDERED, "text", "choice", "flag")
ONE, LIST, LENGTH, MASK = "one", "list", "length", "mask"
ALIKE = {
    "count": "ตัวเลข",
    "measure": "ตัวเลข",
    "date": "วันที่",
    "text": "ข้อความ",
    "choice": "ตัวเลือก",
    "flag": "ใช่หรือไม่ใช่",
}
TYPES = {
    "count": (int, float), "measure": (int, float), "date": (dt.datetime,), "text": (str,), "choice": (str,),
    "flag": (bool,), "choices": (list,), "picture": (str,), "file": (str,),
}  # fmt: skip
MASK_HELP = "# แทนตัวเลขหนึ่งตัว @ แทนอักษรอังกฤษหนึ่งตัว ? แทนตัวใดก็ได้หนึ่งตัว * แทนกี่ตัวก็ได้ ตัวอื่นต้องตรงกัน เช่น กข-####"
LONGEST_MASK, LONGEST_LENGTH, MOST_VALUES = 60, 4000, 200
MORE_DECIMALS = "ช่อง “{}” เก็บทศนิยม {} ตำแหน่ง กรุณาพิมพ์ไม่เกินนั้น"


@dataclass(frozen=True)
class Comparison:
    """One way to look at a field: its words (of dates others), the kinds of field it is for, and what it takes beside."""

    words: str
    kinds: tuple
    takes: str | None = None
    of_dates: str | None = None


COMPARISONS = {
    "eq": Comparison("เท่ากับ", PLAIN, ONE, "ตรงกับวันที่"),
    "ne": Comparison("ไม่เท่ากับ", PLAIN, ONE, "ไม่ตรงกับวันที่"),
    "lt": Comparison("น้อยกว่า", ORDERED, ONE, "ก่อนวันที่"),
    "le": Comparison("ไม่เกิน", ORDERED, ONE, "ไม่หลังวันที่"),
    "gt": Comparison("มากกว่า", ORDERED, ONE, "หลังวันที่"),
    "ge": Comparison("ไม่น้อยกว่า", ORDERED, ONE, "ตั้งแต่วันที่"),
    "among": Comparison("เป็นค่าใดค่าหนึ่งใน", ("choice", "choices", "text", *NUMBERS), LIST),
    "not_among": Comparison("ไม่เป็นค่าใดเลยใน", ("choice", "choices", "text", *NUMBERS), LIST),
    "empty": Comparison("ว่าง", tuple(TYPES)),
    "filled": Comparison("ไม่ว่าง", tuple(TYPES)),
    "longer": Comparison("ยาวกว่า (ตัวอักษร)", ("text",), LENGTH),
    "shorter": Comparison("สั้นกว่า (ตัวอักษร)", ("text",), LENGTH),
    "like": Comparison("ตรงกับแบบ", ("text",), MASK),
    "unlike": Comparison("ไม่ตรงกับแบบ", ("text",), MASK),
}
ORDERS = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
    "longer": operator.gt, "shorter": operator.lt,
}  # fmt: skip


class Unfit(ValueError):
    """A condition that cannot be: `part` of it (field, compare, value, other), and a sentence."""

    def __init__(self, part, sentence):
        super().__init__(sentence)
        self.part, self.sentence = part, sentence


def comparisons_of(field):
    """[(name, words)] of the comparisons that a field offers."""
    dates = field.kind == "date"
    found = ((name, each) for name, each in COMPARISONS.items() if field.kind in each.kinds)
    return [(name, each.of_dates if dates and each.of_dates else each.words) for name, each in found]


def others_of(document, name):
    """{name: field} of the fields that a field of the document can be compared with."""
    known = declared(document)
    one = known[name]
    return {other: each for other, each in known.items() if other != name and _refuse_pair(one, each) is None}


def names_in(condition):
    """Names of the fields that a condition looks at, the one it is about first."""
    return [condition[part] for part in ("field", "other") if condition.get(part)]


# ---- may it be? ----


def settled(document, given):
    """The plain condition that `given` (typed texts, or a stored condition) stands for, in a document as it is declared.

    Raises Unfit with a sentence for a field that is not there, a comparison that is not for it, or a value it cannot have.
    """
    known = declared(document)
    field = known.get(given.get("field"))
    if field is None:
        raise Unfit("field", _not_there(document, given.get("field")))
    compare = COMPARISONS.get(given.get("compare"))
    if compare is None:
        raise Unfit("compare", "กรุณาเลือกวิธีเทียบ")
    if field.kind not in compare.kinds:
        raise Unfit("compare", f"“{compare.words}” ใช้กับช่อง “{field.verbose_name}” ไม่ได้ กรุณาเลือกวิธีเทียบอื่น")
    made = {"field": field.name, "compare": given["compare"]}
    if compare.takes is None:
        return made
    if compare.takes == ONE and "other" in given:
        other = known.get(given["other"])
        if other is None:
            raise Unfit("other", _not_there(document, given["other"]))
        if said := _refuse_pair(field, other):
            raise Unfit("other", said)
        return made | {"other": other.name}
    return made | {"value": READ[compare.takes](field, given.get("value"))}


def problem_of(document, condition):
    """Why a stored condition cannot be asked of a document as it is declared now, in a sentence; None where it can."""
    try:
        settled(document, condition)
    except Unfit as unfit:
        return unfit.sentence
    return None


def _not_there(document, name):
    if not name:
        return "กรุณาเลือกช่องที่จะตรวจ"
    former = document.former.get(name)
    if former is not None:
        return f"ช่อง “{former.verbose_name}” ไม่ใช้ในปีการศึกษานี้"
    return "ไม่มีช่องนี้ในแบบข้อมูล กรุณาเลือกจากรายการ"


def _refuse_pair(one, other):
    """Why two fields cannot be compared, in a sentence; None where they can."""
    if one is other:
        return "เลือกช่องเดียวกันสองครั้ง กรุณาเลือกอีกช่องหนึ่ง"
    words = [ALIKE.get(each.kind) for each in (one, other)]
    if None in words or words[0] != words[1]:
        kinds = "กับ".join(word or "รายการหรือไฟล์" for word in words)
        return (
            f"เทียบ{kinds}ไม่ได้ “{one.verbose_name}” กับ “{other.verbose_name}” เก็บคนละชนิด กรุณาเลือกช่องชนิดเดียวกัน"
        )
    if one.codelist != other.codelist:
        return f"“{one.verbose_name}” กับ “{other.verbose_name}” เลือกจากคนละรายการรหัส จึงเทียบกันไม่ได้"
    return None


def _one(field, raw):
    """The plain value of what was typed (or is stored) for a field; its bounds are not asked. Raises Unfit."""
    if raw is None or (isinstance(raw, str) and not thai.clean(raw)):
        raise Unfit("value", "กรุณาระบุค่าที่จะเทียบ")
    try:
        return _plain(field, raw)
    except ValueError as error:
        raise Unfit("value", f"ค่าที่เทียบกับ “{field.verbose_name}”: {error}") from error


def _plain(field, raw):
    if field.kind in ("choice", "choices"):
        codes = code_list(field.codelist)
        code = str(raw) if str(raw) in codes.codes else codes.find(raw)
        if code is None:
            raise ValueError(f"“{thai.clean(str(raw))[:60]}” ไม่อยู่ในรายการ{codes.title} กรุณาเลือกจากรายการ")
        return code
    if field.kind in NUMBERS:
        number = fields.number_of(fields.from_typed(field, raw) if isinstance(raw, str) else raw)
        if field.kind == "count" and number != int(number):
            raise ValueError("ต้องเป็นจำนวนเต็ม ไม่มีจุดทศนิยม")
        if field.kind == "measure" and number != round(number, field.decimals):
            raise ValueError(MORE_DECIMALS.format(field.verbose_name, field.decimals))
        return int(number) if field.kind == "count" else number
    if field.kind == "date":
        return clock.midnight(buddhist.parse_date(raw))
    if field.kind == "flag":
        return fields.accept(field, raw)
    text = thai.clean(str(raw))
    if len(text) > field.max_length:
        raise ValueError(f"ยาวเกิน {field.max_length:,} ตัวอักษรที่ช่องนี้รับ จึงไม่มีวันตรงกัน")
    return text


def _several(field, raw):
    """The plain values of a list, or of lines; each once."""
    lines = raw.splitlines() if isinstance(raw, str) else list(raw or ())
    lines = [line for line in lines if not isinstance(line, str) or thai.clean(line)]
    if not lines:
        raise Unfit("value", "กรุณาระบุค่าในรายการอย่างน้อยหนึ่งค่า")
    if len(lines) > MOST_VALUES:
        raise Unfit("value", f"รายการหนึ่งมีได้ไม่เกิน {MOST_VALUES} ค่า")
    return list(dict.fromkeys(_one(field, line) for line in lines))


def _length(field, raw):
    try:
        number = fields.number_of(raw) if raw not in (None, "") else None
    except ValueError:
        number = None
    if number is None or number != int(number) or not 0 <= number <= LONGEST_LENGTH:
        raise Unfit("value", f"จำนวนตัวอักษรต้องเป็นจำนวนเต็ม 0–{LONGEST_LENGTH:,}")
    return int(number)


def _mask(field, raw):
    text = thai.clean(str(raw or ""))
    if not 0 < len(text) <= LONGEST_MASK:
        raise Unfit("value", f"กรุณาพิมพ์แบบ ไม่เกิน {LONGEST_MASK} ตัวอักษร {MASK_HELP}")
    return text


READ = {ONE: _one, LIST: _several, LENGTH: _length, MASK: _mask}


# ---- is it so? ----


def holds(condition, document):
    """A function of a record's stored values that says whether a condition, settled for the document, is so.

    A value of another type than the field's, as an older kind of it may have left, is neither this nor that.
    """
    name, compare = condition["field"], condition["compare"]
    if compare == "empty":
        return lambda values: values.get(name) in EMPTY
    if compare == "filled":
        return lambda values: values.get(name) not in EMPTY
    known = declared(document)
    read = _reader(known[name])
    if condition.get("other"):
        return _against(ORDERS[compare], read, _reader(known[condition["other"]]))
    return MAKE[COMPARISONS[compare].takes](compare, read, condition["value"])


def _reader(field):
    """What gives the value of a field where it is one of its kind, else None."""
    name, types = field.name, TYPES[field.kind]

    def read(values):
        value = values.get(name)
        return value if type(value) in types and value not in EMPTY else None

    return read


def _against(order, read, read_other):
    def so(values):
        one, other = read(values), read_other(values)
        return one is not None and other is not None and order(one, other)

    return so


def _with(compare, read, wanted):
    order = ORDERS[compare]

    def so(values):
        value = read(values)
        return value is not None and order(value, wanted)

    return so


def _in_list(compare, read, wanted):
    wanted, within = frozenset(wanted), compare == "among"

    def so(values):
        value = read(values)
        if value is None:
            return False
        several = value if type(value) is list else (value,)
        return any(one in wanted for one in several) is within

    return so


def _by_length(compare, read, wanted):
    order = ORDERS[compare]

    def so(values):
        value = read(values)
        return value is not None and order(len(value), wanted)

    return so


def _by_mask(compare, read, wanted):
    matches, alike = matcher(wanted), compare == "like"

    def so(values):
        value = read(values)
        return value is not None and matches(value) is alike

    return so


MAKE = {ONE: _with, LIST: _in_list, LENGTH: _by_length, MASK: _by_mask}
CLASSES = {"#": "[0-9]", "@": "[A-Za-z]", "?": "."}


def matcher(mask):
    """A function that says whether a whole text is as a mask says; each piece between its `*` is looked for once."""
    pieces = [_piece(part) for part in mask.split("*")]
    if len(pieces) == 1:
        return lambda text: pieces[0].fullmatch(text) is not None
    (first, *middle), last, width = pieces[:-1], pieces[-1], len(mask.split("*")[-1])

    def matches(text):
        found = first.match(text)
        for piece in middle:
            found = found and piece.search(text, found.end())
        at = len(text) - width
        return bool(found) and at >= found.end() and last.match(text, at) is not None

    return matches


def _piece(part):
    return re.compile("".join(CLASSES.get(each) or re.escape(each) for each in part), re.DOTALL)


# ---- in words ----


def parts_of(condition, known):
    """(the field's label, the comparison, what it is compared with or "") of a condition in Thai.

    `known` {name: field} has the fields of earlier years too.
    """
    field, said = known.get(condition["field"]), COMPARISONS[condition["compare"]]
    words = said.of_dates if field is not None and field.kind == "date" and said.of_dates else said.words
    if said.takes is None:
        beside = ""
    elif condition.get("other"):
        beside = f"“{_label(known.get(condition['other']))}”"
    else:
        beside = _value_in_words(field, condition["value"])
    return _label(field), words, beside


def _label(field):
    return field.verbose_name if field is not None else "ช่องที่ไม่มีแล้ว"


def in_words(condition, known):
    """A condition in one line of Thai; see `parts_of`."""
    label, *rest = parts_of(condition, known)
    return " ".join(filter(None, (f"“{label}”", *rest)))


def _value_in_words(field, value):
    if isinstance(value, list):
        return ", ".join(_value_in_words(field, one) for one in value)
    if field is not None and field.kind in ("choice", "choices"):
        return f"“{code_list(field.codelist).label(value)}”"
    if field is None or field.kind == "text" or type(value) not in TYPES[field.kind]:
        return f"{value:,}" if type(value) in (int, float) else f"“{value}”"
    if field.kind == "measure":  # as it was typed: 58, where a record has 58.0
        said = format(int(value) if value == int(value) else value, ",")
    else:
        said = fields.shown(field, value)
    return " ".join(filter(None, (said, field.unit)))
