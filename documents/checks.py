"""Checks (กฎตรวจสอบ): the rules that look at what is stored and say what is wrong or doubtful, as rows of one shape.

A rule that refuses a value stands in `student_rules.py`; these never refuse, they find. An error (ข้อผิดพลาด) stops
ยืนยันข้อมูล, a warning (คำเตือน) wants a written reason. Codes and rules: domain.md 3.1.5.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from documents import citizen_id
from documents.codelists import code_list
from documents.record import declared
from documents.student_rules import age, counting_age, distance_km, is_counted

ERROR, WARNING = "error", "warning"
LEVELS = {ERROR: "ข้อผิดพลาด", WARNING: "คำเตือน"}
VERSION = 1  # counted up when a rule changes, so that what was found by the old one is worked out anew


@dataclass(frozen=True)
class Limit:
    """A bound that an area sets for a year: its words, unit, the value nobody changed, and what may be typed."""

    label: str
    label_en: str
    unit: str
    default: int
    least: int
    most: int
    help: str = ""


# The bounds that domain.md leaves to the district; 3.1.4 for ages, 6 for the line of income (S26 names no number).
LIMITS = {
    "age_difference": Limit("อายุต่างจากเกณฑ์ของชั้นตั้งแต่", "Age apart from the grade's", "ปี", 2, 1, 10),
    "youngest": Limit("อายุต่ำสุดที่นับ", "Youngest counted", "ปี", 3, 0, 10),
    "oldest": Limit("อายุสูงสุดที่นับ", "Oldest counted", "ปี", 20, 10, 99),
    "adult_title": Limit("เด็กชาย/เด็กหญิงใช้ได้ก่อนอายุ", "Adult's title from", "ปี", 15, 7, 20),
    "total_change": Limit("จำนวนนักเรียนต่างจากรอบก่อนตั้งแต่", "Change of the total", "%", 20, 1, 100),
    "poor_income": Limit("รายได้บิดามารดารวมต่อปีของเด็กยากจน ไม่เกิน", "Parents' income of a poor pupil", "บาท", 144_000, 1,
                         10_000_000, "3,000 บาทต่อคนต่อเดือน ครัวเรือนละ 4 คน"),
}  # fmt: skip


def default_limits():
    """{name: value} where an area set nothing."""
    return {name: limit.default for name, limit in LIMITS.items()}


@dataclass(frozen=True)
class Context:
    """What a school's records are looked at beside: the round, what the school declared, bounds, required fields.

    `taught` is the (first, last) grade of the school, None where nobody said; `rooms` {grade: rooms}, empty where
    the school declared none; `required` {slug: names}; `before` the heads of the round before, None without one.
    """

    academic_year: int
    round: str
    as_of: dt.datetime | None = None
    taught: tuple | None = None
    rooms: dict = field(default_factory=dict)
    limits: dict = field(default_factory=default_limits)
    required: dict = field(default_factory=dict)
    before: int | None = None


@dataclass
class Sums:
    """What the checks of a whole school ask: its heads, and those of each grade."""

    heads: int = 0
    by_grade: dict = field(default_factory=dict)

    def take(self, values):
        """Count one pupil."""
        if is_counted(values):
            self.heads += 1
            grade = values.get("grade")
            self.by_grade[grade] = self.by_grade.get(grade, 0) + 1


@dataclass(frozen=True)
class Check:
    """One rule. `find(values, context)` of a record gives a sentence or nothing; of a school, given its Sums, yields
    (what it is about, sentence, values). `fields` are those it looks at, the first the one to mend.

    `scope`: "record", "school", or "schools" for what compares two. `document`: the slug it looks at, None for every
    kind of record of the subsystem. `counted`: of a pupil who counts only.
    """

    code: str
    name: str
    level: str
    scope: str
    title: str
    title_en: str
    do: str
    find: Callable | None
    fields: tuple = ()
    document: str | None = "students"
    subsystem: str = "DMC"
    counted: bool = True

    @property
    def key(self):
        """The name of the row: two rows may share a code."""
        return f"{self.code}.{self.name}" if self.name else self.code


class Found(NamedTuple):
    """What a check found: the rule, the fields to mend (the first one first), the sentence, the values it stands on."""

    check: Check
    fields: tuple
    sentence: str
    values: dict
    about: str = ""


# ---- the rules of one pupil ----


def _bad_number(values, context):
    number = values.get("person_id") or ""
    if values.get("id_type") == "P" or len(number) != 13 or not number.isdigit():
        return None
    return (
        None
        if citizen_id.is_citizen_id(number)
        else "เลข 13 หลักนี้ไม่ผ่านการตรวจหลักสุดท้าย จึงไม่ใช่เลขประจำตัวประชาชน"
    )


def _age_against_grade(values, context):
    expected = code_list("GRADE").fact(values.get("grade"), "age")
    years = _age(values, context)
    if expected is None or years is None or abs(years - expected) < context.limits["age_difference"]:
        return None
    than = "มากกว่า" if years > expected else "น้อยกว่า"
    grade = code_list("GRADE").short(values["grade"])
    return f"อายุตามเกณฑ์ {years} ปี {than}เกณฑ์ของ {grade} ({expected} ปี) อยู่ {abs(years - expected)} ปี"


def _age_not_counted(values, context):
    years = _age(values, context)
    least, most = context.limits["youngest"], context.limits["oldest"]
    if years is None or least <= years <= most:
        return None
    side = f"ต่ำกว่า {least} ปี" if years < least else f"เกิน {most} ปี"
    return f"อายุตามเกณฑ์ {years} ปี {side} จึงอยู่ในรายชื่อแต่ไม่นับเป็นจำนวนที่ใช้จัดสรร"


def _age(values, context):
    return counting_age({"academic_year": context.academic_year, **values}, None)


def _grade_not_taught(values, context):
    grade = values.get("grade")
    if not grade or not context.taught or context.taught[0] <= grade <= context.taught[1]:
        return None
    first, last = map(code_list("GRADE").short, context.taught)
    return f"โรงเรียนเปิดสอน {first}–{last} แต่นักเรียนอยู่ {code_list('GRADE').short(grade)}"


def _room_not_declared(values, context):
    grade, room = values.get("grade"), values.get("room")
    declared_rooms = context.rooms.get(grade)
    if not declared_rooms or not room or room <= declared_rooms:
        return None
    return f"อยู่ห้อง {room} แต่โรงเรียนแจ้งว่า {code_list('GRADE').short(grade)} มี {declared_rooms} ห้อง"


def _title_against_sex(values, context):
    belongs = code_list("TITLE").fact(values.get("title"), "sex")
    if not belongs or not values.get("sex") or values["sex"] == belongs:
        return None
    return f"คำนำหน้าชื่อ “{code_list('TITLE').label(values['title'])}” ใช้กับเพศ{code_list('SEX').label(belongs)}"


def _title_against_age(values, context):
    titles, title, bound = code_list("TITLE"), values.get("title"), context.limits["adult_title"]
    years = age(values, context)
    if years is None or not titles.fact(title, "sex") or title == NOVICE:
        return None
    if titles.fact(title, "child") and years >= bound:
        return f"อายุ {years} ปี ตั้งแต่อายุ {bound} ปีใช้นายหรือนางสาว แต่บันทึกว่า “{titles.label(title)}”"
    if not titles.fact(title, "child") and years < bound:
        return f"อายุ {years} ปี ยังไม่ถึง {bound} ปี แต่บันทึกว่า “{titles.label(title)}”"
    return None


NOVICE, THAI = "832", "099"  # สามเณร of any age; the code of Thai nationality


def _thai_without_a_thai_number(values, context):
    number = values.get("person_id") or ""
    foreign = citizen_id.is_g_code(number) or (_is_number(values) and number[0] in "067")
    if values.get("nationality") != THAI or not foreign:
        return None
    return f"สัญชาติไทย แต่เลขประจำตัวขึ้นต้นด้วย {number[0]} ซึ่งออกให้ผู้ที่ยังไม่มีสัญชาติไทย"


def _thai_number_of_another(values, context):
    number = values.get("person_id") or ""
    if values.get("nationality") in (None, "", THAI) or not _is_number(values) or number[0] not in "12":
        return None
    nation = code_list("NATION").label(values["nationality"])
    return f"สัญชาติ{nation} แต่เลขประจำตัวขึ้นต้นด้วย {number[0]} ซึ่งออกให้ผู้มีสัญชาติไทย"


def _is_number(values):
    number = values.get("person_id") or ""
    return len(number) == 13 and number.isdigit() and values.get("id_type") != "P"


def _poor_with_income(values, context):
    if POOR not in (values.get("disadvantages") or ()):
        return None
    incomes = [values.get(f"{who}_income_year") for who in ("father", "mother")]
    known = [income for income in incomes if income is not None]
    if not known:
        return "เป็นเด็กยากจน แต่ไม่ได้กรอกรายได้ของบิดามารดา"
    most = context.limits["poor_income"]
    return (
        f"เป็นเด็กยากจน แต่บิดามารดามีรายได้รวม {sum(known):,} บาทต่อปี (เกณฑ์ไม่เกิน {most:,})"
        if sum(known) > most
        else None
    )


POOR = "09"  # เด็กยากจน


def _boarder_from_next_door(values, context):
    boards = values.get("boarding")
    if not boards or boards == AT_HOME or distance_km(values) != 0:
        return None
    return f"พักนอน ({code_list('BOARD').label(boards)}) แต่ระยะทางจากบ้านเป็น 0"


AT_HOME = "00"  # ไม่พักนอน


# ---- the rules of one school ----


def _change_of_total(sums, context):
    before, bound = context.before, context.limits["total_change"]
    # A school that has entered nobody yet is told so by its state, and gives a reason to confirm that.
    if not before or not sums.heads or abs(sums.heads - before) * 100 < before * bound:
        return
    share = round(100 * (sums.heads - before) / before)
    yield (
        "",
        f"นักเรียน {sums.heads:,} คน รอบก่อน {before:,} คน ({share:+d}%)",
        {"heads": sums.heads, "before": before},
    )


def _pupils_without_room(sums, context):
    if not context.rooms:
        return
    for grade, heads in sorted(sums.by_grade.items(), key=lambda pair: pair[0] or ""):
        if grade and not context.rooms.get(grade):
            yield (
                grade,
                f"{code_list('GRADE').short(grade)} มีนักเรียน {heads:,} คน แต่แจ้งห้องเรียนไว้ 0 ห้อง",
                {"heads": heads},
            )


def _room_without_pupils(sums, context):
    for grade, rooms in sorted(context.rooms.items()):
        if rooms and not sums.by_grade.get(grade):
            yield grade, f"{code_list('GRADE').short(grade)} แจ้งไว้ {rooms} ห้อง แต่ไม่มีนักเรียน", {"rooms": rooms}


# ---- the rows ----

CHECKS = (
    Check("DMC-03", "", ERROR, "record", "เลขประจำตัวประชาชนไม่ถูกต้อง", "Citizen number fails its check digit",
          "ตรวจเลข 13 หลักกับทะเบียนบ้านหรือสูติบัตรแล้วแก้ หากยังไม่มีเลข ให้ขอรหัส G", _bad_number,
          ("person_id", "id_type"), counted=False),
    Check("DMC-07", "grade", WARNING, "record", "อายุไม่สอดคล้องกับชั้น", "Age against grade",
          "ตรวจวันเกิดและชั้น หากถูกต้องแล้วให้เขียนเหตุผล เช่น เข้าเรียนช้าหรือเรียนซ้ำชั้น", _age_against_grade,
          ("birth_date", "grade")),
    Check("DMC-07", "counting", WARNING, "record", "อายุนอกเกณฑ์ที่นับ", "Outside the counting ages",
          "ตรวจวันเกิด หากถูกต้องแล้วให้เขียนเหตุผล", _age_not_counted, ("birth_date", "grade")),
    Check("DMC-08", "grade", ERROR, "record", "ชั้นที่โรงเรียนไม่ได้เปิดสอน", "Grade the school does not teach",
          "แก้ชั้นของนักเรียน หรือแจ้งเขตให้แก้ระดับที่เปิดสอนของโรงเรียน", _grade_not_taught, ("grade",)),
    Check("DMC-08", "room", ERROR, "record", "ห้องเกินจำนวนที่แจ้งไว้", "Room above those declared",
          "แก้ห้องของนักเรียน หรือแก้จำนวนห้องเรียนของชั้นนี้", _room_not_declared, ("room", "grade")),
    Check("DMC-09", "", ERROR, "record", "กรอกไม่ครบ", "Required field blank",
          "กรอกช่องที่ขาดให้ครบ", None, document=None, counted=False),  # `completeness` says what is required
    Check("DMC-10", "sex", WARNING, "record", "คำนำหน้าชื่อไม่ตรงกับเพศ", "Title against sex",
          "แก้คำนำหน้าชื่อหรือเพศ", _title_against_sex, ("title", "sex")),
    Check("DMC-10", "age", WARNING, "record", "คำนำหน้าชื่อไม่ตรงกับอายุ", "Title against age",
          "แก้คำนำหน้าชื่อหรือวันเกิด หากถูกต้องแล้วให้เขียนเหตุผล", _title_against_age, ("title", "birth_date")),
    Check("DMC-11", "thai", WARNING, "record", "สัญชาติไม่สอดคล้องกับเลขประจำตัว", "Nationality against number",
          "ตรวจสัญชาติและเลขประจำตัวกับเอกสาร หากถูกต้องแล้วให้เขียนเหตุผล", _thai_without_a_thai_number,
          ("nationality", "person_id", "id_type")),
    Check("DMC-11", "foreign", WARNING, "record", "สัญชาติไม่สอดคล้องกับเลขประจำตัว", "Nationality against number",
          "ตรวจสัญชาติและเลขประจำตัวกับเอกสาร หากถูกต้องแล้วให้เขียนเหตุผล", _thai_number_of_another,
          ("nationality", "person_id", "id_type")),
    Check("DMC-15", "", WARNING, "school", "จำนวนนักเรียนต่างจากรอบก่อนมาก", "Total far from the round before",
          "ตรวจว่าบันทึกนักเรียนครบและไม่ซ้ำ แล้วเขียนเหตุผลที่จำนวนเปลี่ยน", _change_of_total),
    Check("DMC-16", "poor", WARNING, "record", "เด็กยากจนแต่รายได้ไม่สอดคล้อง", "Poor against income",
          "ตรวจความด้อยโอกาสและรายได้ของบิดามารดา หากถูกต้องแล้วให้เขียนเหตุผล", _poor_with_income,
          ("disadvantages", "father_income_year", "mother_income_year")),
    Check("DMC-16", "boarding", WARNING, "record", "พักนอนแต่ระยะทางเป็นศูนย์", "Boarding with no distance",
          "ตรวจการพักนอนและระยะทาง หากถูกต้องแล้วให้เขียนเหตุผล", _boarder_from_next_door,
          ("boarding", "dist_paved_m", "dist_gravel_m", "dist_water_m")),
    Check("DMC-17", "pupils", ERROR, "school", "มีนักเรียนในชั้นที่ไม่มีห้องเรียน", "Pupils in a grade without a room",
          "แก้จำนวนห้องเรียนของชั้นนี้ หรือย้ายนักเรียนไปชั้นที่ถูกต้อง", _pupils_without_room),
    Check("DMC-17", "rooms", WARNING, "school", "มีห้องเรียนแต่ไม่มีนักเรียน", "Room without pupils",
          "แก้จำนวนห้องเรียนเป็น 0 หรือบันทึกนักเรียน หากมีเหตุอื่นให้เขียนเหตุผล", _room_without_pupils),
)  # fmt: skip
BY_KEY = {check.key: check for check in CHECKS}
BLANK = BY_KEY["DMC-09"]
# What a code is called where its rows are counted together.
TITLES = {check.code: check.title for check in CHECKS} | {
    "DMC-07": "อายุไม่สอดคล้องกับชั้นหรือเกณฑ์ที่นับ",
    "DMC-08": "ชั้นหรือห้องไม่ตรงกับที่โรงเรียนแจ้ง",
    "DMC-10": "คำนำหน้าชื่อไม่ตรงกับเพศหรืออายุ",
    "DMC-16": "ความยากจนหรือการพักนอนไม่สอดคล้อง",
    "DMC-17": "ห้องเรียนกับนักเรียนไม่ตรงกัน",
}
CODES = tuple(TITLES)


def checks_of(subsystem, scope):
    """The rows of a subsystem and scope, in the order of their codes."""
    return [check for check in CHECKS if check.subsystem == subsystem and check.scope == scope]


def of_record(document, values, context):
    """Yield the Found of one stored record (a plain dict)."""
    if blank := document.missing(values, context.required.get(document.slug, frozenset())):
        known = declared(document)
        words = ", ".join(known[name].verbose_name for name in blank)
        yield Found(BLANK, tuple(blank), f"ยังไม่กรอก: {words}", {"blank": blank})
    counts = document.slug != "students" or is_counted(values)
    for check in _of_document(document.slug, document.subsystem):
        if (counts or not check.counted) and (sentence := check.find(values, context)):
            yield Found(check, check.fields, sentence, {name: values.get(name) for name in check.fields})


@cache  # asked for every record
def _of_document(slug, subsystem):
    return [check for check in checks_of(subsystem, "record") if check.document == slug]


def of_school(subsystem, sums, context):
    """Yield the Found of a whole school in a round, given its Sums."""
    for check in checks_of(subsystem, "school"):
        for about, sentence, values in check.find(sums, context):
            yield Found(check, (), sentence, values, about)


def is_sensitive(check, document):
    """Whether a finding of this check tells something of a sensitive field; that a field is empty tells nothing."""
    known = declared(document) if document else {}
    return any(known[name].personal == "sensitive" for name in check.fields if name in known)
