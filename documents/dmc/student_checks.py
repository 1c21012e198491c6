"""Checks of DMC (กฎตรวจสอบข้อมูลนักเรียน): the rows of domain.md 3.1.5 and what they are worked out from.

A rule that refuses a value stands in `student_rules.py`; these never refuse, they find.
"""

from collections import Counter
from functools import partial

from documents.checking import duplicate_cases
from documents.checking.checks import ERROR, WARNING, Check, Limit
from documents.dmc.counting import EVERY_CLAIM, LEFT_OUT, Rules, age_outside, is_counted
from documents.dmc.rooms import SchoolRooms
from documents.dmc.student_rules import age, counting_age, distance_km
from documents.dmc.year_end import LEFT, first_round_of, reconciled
from documents.formats import citizen_id
from documents.gcode import gcode_checks
from documents.records.codelists import code_list
from documents.records.titles import of_other_sex

SUBSYSTEM = "DMC"
BACK = 2  # rounds before: the year's others, which its end is reconciled with

# The bounds that domain.md leaves to the district; 3.1.4 for ages, 6 for the line of income (S26 names no number).
LIMITS = {
    "age_difference": Limit("อายุต่างจากเกณฑ์ของชั้นตั้งแต่", "Age apart from the grade's", "ปี", 2, 1, 10),
    "youngest": Limit("อายุต่ำสุดที่นับ", "Youngest counted", "ปี", 3, 0, 10, "อนุบาลนับปีเต็ม ณ 16 พฤษภาคม ป.1 ขึ้นไปนับปีการศึกษาลบปีเกิด",
                      until={2557: 4}),
    "oldest": Limit("อายุสูงสุดที่นับ", "Oldest counted", "ปี", 20, 10, 99, "แนวปฏิบัติ DMC ปีการศึกษา 2557 ยังไม่พบฉบับใหม่กว่า"),
    "suspended_count": Limit("นักเรียนแขวนลอย เมื่อคิดเงินจัดสรร", "Suspended pupils, for money", "", 0, 0, 1,
                             "ในทะเบียนแต่ไม่มาเรียน ไม่อยู่ในยอดนักเรียนอยู่แล้ว", words=LEFT_OUT),
    "doubles_count": Limit("นักเรียนซ้ำสองโรงเรียน เมื่อคิดเงินจัดสรร", "Pupils in two schools, for money", "", 0, 0, 1,
                           "ส่วนกลางเรียกเงินของนักเรียนที่ซ้ำซ้อนคืน", words=EVERY_CLAIM),
    "adult_title": Limit("เด็กชาย/เด็กหญิงใช้ได้ก่อนอายุ", "Adult's title from", "ปี", 15, 7, 20),
    "total_change": Limit("จำนวนนักเรียนต่างจากรอบก่อนตั้งแต่", "Change of the total", "%", 20, 1, 100),
    "poor_income": Limit("รายได้บิดามารดารวมต่อปีของเด็กยากจน ไม่เกิน", "Parents' income of a poor pupil", "บาท", 144_000, 1,
                         10_000_000, "3,000 บาทต่อคนต่อเดือน ครัวเรือนละ 4 คน"),
}  # fmt: skip


class Sums:
    """What the checks of a whole school ask: its heads, those of each grade, and who finished in each."""

    def __init__(self, heads=0, by_grade=None):
        self.heads, self.by_grade, self.finished = heads, by_grade or {}, set()

    def take(self, document, values):
        """Count one pupil."""
        if document.slug == "students" and values.get("status") == "graduated":
            self.finished.add(values.get("grade"))
        elif document.slug == "students" and is_counted(values):
            self.heads += 1
            grade = values.get("grade")
            self.by_grade[grade] = self.by_grade.get(grade, 0) + 1


# ---- what is looked at beside ----


def questions(round_, codes, rows=None):
    """What the engine asks of the database for `beside`: rooms declared in a round, open duplicates, and G-codes."""
    asked = {"area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code}
    fields = {"school_code": 1, "grade": 1, "rooms": 1, "_id": 0}
    return {
        "rooms": (SchoolRooms, [{"$match": asked | {"school_code": {"$in": codes}}}, {"$project": fields}]),
        "clashes": duplicate_cases.question(round_.area_code, round_.academic_year, round_.code, codes),
    } | gcode_checks.questions(round_, codes, rows)


def beside(found, rows=None):
    """{school code: {"rooms": {grade: rooms}, "clashes": {record id: {key of a check: sentence}}, ...}} of what was read,
    with what `gcode_checks.beside` gives.
    """
    schools = gcode_checks.beside(found, rows)
    for row in found["rooms"]:
        if row.get("grade"):
            by_grade = schools.setdefault(row["school_code"], {}).setdefault("rooms", {})
            by_grade[row["grade"]] = row.get("rooms") or 0
    for code, clashes in duplicate_cases.clashes_in(found["clashes"]).items():
        schools.setdefault(code, {})["clashes"] = clashes
    return schools


def _rooms(context):
    return context.beside.get("rooms", {})


# ---- the rules of one pupil ----


def _clash(key):
    """The rule of an open case of duplicates: it reads the cases that stand open, never other records."""

    def find(values, context):
        clashes = context.beside.get("clashes")
        return clashes.get(str(values.get("_id")), {}).get(key) if clashes else None

    return find


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
    rules = Rules.of(context.limits)
    years = age_outside(_dated(values, context), rules)
    if years is None:
        return None
    side = f"ต่ำกว่า {rules.youngest} ปี" if years < rules.youngest else f"เกิน {rules.oldest} ปี"
    return f"อายุตามเกณฑ์ {years} ปี {side} จึงอยู่ในรายชื่อแต่ไม่นับเป็นจำนวนที่ใช้จัดสรร"


def _age(values, context):
    return counting_age(_dated(values, context), None)


def _dated(values, context):
    """The values with the academic year, which a record that is not stored yet has not."""
    return values if "academic_year" in values else values | {"academic_year": context.academic_year}


def _grade_not_taught(values, context):
    grade = values.get("grade")
    if not grade or not context.taught or context.taught[0] <= grade <= context.taught[1]:
        return None
    first, last = map(code_list("GRADE").short, context.taught)
    return f"โรงเรียนเปิดสอน {first}–{last} แต่นักเรียนอยู่ {code_list('GRADE').short(grade)}"


def _room_not_declared(values, context):
    grade, room = values.get("grade"), values.get("room")
    declared_rooms = _rooms(context).get(grade)
    if not declared_rooms or not room or room <= declared_rooms:
        return None
    return f"อยู่ห้อง {room} แต่โรงเรียนแจ้งว่า {code_list('GRADE').short(grade)} มี {declared_rooms} ห้อง"


def _title_against_sex(values, context):
    wrong = of_other_sex(values, "TITLE")
    return f"คำนำหน้าชื่อ “{wrong[0]}” ใช้กับเพศ{wrong[1]}" if wrong else None


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
    before = context.earlier[0].get("pupils") if context.earlier else None
    bound = context.limits["total_change"]
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
    """Grades with pupils and no room; a school that has declared none at all is told once, not of every grade.

    Nor does DMC-08 tell it of every pupil: where a grade has no room, that is the school's matter and one error.
    """
    if sums.heads and not any(_rooms(context).values()):
        yield "", f"มีนักเรียน {sums.heads:,} คน แต่ยังไม่ได้แจ้งจำนวนห้องเรียนของชั้นใดเลย", {"heads": sums.heads}
        return
    for grade, heads in sorted(sums.by_grade.items(), key=lambda pair: pair[0] or ""):
        if grade and not _rooms(context).get(grade):
            yield (
                grade,
                f"{code_list('GRADE').short(grade)} มีนักเรียน {heads:,} คน แต่แจ้งห้องเรียนไว้ 0 ห้อง",
                {"heads": heads},
            )


def _room_without_pupils(sums, context):
    for grade, rooms in sorted(_rooms(context).items()):
        if rooms and not sums.by_grade.get(grade):
            yield grade, f"{code_list('GRADE').short(grade)} แจ้งไว้ {rooms} ห้อง แต่ไม่มีนักเรียน", {"rooms": rooms}


def _rooms_of(grade):
    """Where the rooms of a grade are mended."""
    return {"grade": grade}, "rooms"


# ---- the year's end ----


def _still_waits(values, context):
    if context.round == YEAR_END and (not values.get("year_result") or values.get("status") == "pending"):
        return "ยังรอดำเนินการ ต้องบันทึกผลสิ้นปีว่าสอบได้ สอบตก หรือเรียนจบ"
    return None


def _failed_without_a_cause(values, context):
    if context.round == YEAR_END and values.get("year_result") == "repeat" and not values.get("fail_reasons"):
        return "สอบตก ซ้ำชั้น แต่ยังไม่เลือกสาเหตุ"
    return None


def _leaves_for_nowhere(values, context):
    leaves = context.round == YEAR_END and values.get("year_result") == "graduated"
    if (
        not leaves
        or values.get("destination")
        or not code_list("GRADE").fact(values.get("grade"), "destinations")
    ):
        return None
    return f"เรียนจบ {code_list('GRADE').short(values['grade'])} แต่ยังไม่บอกว่าไปศึกษาต่อหรือทำงานที่ใด"


def _nobody_in_the_top_grade(sums, context):
    if context.round != YEAR_END or not context.taught or not sums.heads:
        return
    top = context.taught[1]
    if not sums.by_grade.get(top) and top not in sums.finished:
        said = f"ไม่มีนักเรียน {code_list('GRADE').short(top)} ซึ่งเป็นชั้นสูงสุด อาจจำหน่ายผู้เรียนจบด้วยมือ"
        yield top, said, {"heads": sums.heads}


def _year_does_not_close(sums, context):
    """By the same lines as the report of the year (documents/dmc/year_end.py), counted for this school alone."""
    if context.round != YEAR_END or context.of is None or first_round_of(context.of) is None:
        return
    lines = Counter()
    for _school, line, _grade, _sex, number in reconciled(context.of, [context.school]):
        lines[line] += number
    left = sum(lines[name] for name in LEFT)
    expected = lines["opening"] + lines["came"] - left
    if expected != lines["closing"]:
        said = (
            f"ต้นปี {lines['opening']:,} + ย้ายมา {lines['came']:,} − ย้ายไป {lines['moved_out']:,} − ออกกลางคัน "
            f"{lines['dropped_out']:,} − จำหน่าย/ตาย {lines['discharged']:,} = {expected:,} แต่วันสิ้นปีมี {lines['closing']:,} คน"
        )
        yield "", said, dict(lines)


def _suspended_twice(values, context):
    if not _is_suspended(values) or not (was := context.was(values)) or not _is_suspended(was[0]):
        return None
    return "แขวนลอยสองรอบติดต่อกัน ควรติดตามตัวหรือจำหน่ายตามระเบียบ"


def _is_suspended(values):
    return bool(values.get("suspended_flag")) or values.get("status") == "suspended"


YEAR_END = "3"  # the code of the year-end round

# ---- the rows ----

row = partial(Check, subsystem=SUBSYSTEM)
pupil = partial(row, document="students")
rooms = partial(row, document="rooms")

ANSWER_IT = "เปิดหน้า “ตรวจซ้ำซ้อน” แล้วตอบว่านักเรียนเรียนที่ใด หรือบันทึกย้ายออก"
AWAIT_IT = "รอเขตตัดสิน ระหว่างนี้เขียนเหตุผลไว้ได้"
SAME_CHILD = "เปิดหน้า “ตรวจซ้ำซ้อน” แล้วเทียบกับเอกสาร หากเป็นคนละคนให้ตอบและเขียนเหตุผล"

CHECKS = (
    pupil("DMC-01", "open", ERROR, "record", "พบนักเรียนซ้ำซ้อนกับโรงเรียนอื่น", "Same number in two schools", ANSWER_IT,
          _clash("DMC-01.open"), ("person_id",)),
    pupil("DMC-01", "waits", WARNING, "record", "พบนักเรียนซ้ำซ้อนกับโรงเรียนอื่น", "Same number in two schools", AWAIT_IT,
          _clash("DMC-01.waits"), ("person_id",)),
    pupil("DMC-02", "open", ERROR, "record", "ซ้ำซ้อนกับหน่วยงานอื่น", "Also with another agency",
          "เปิดหน้า “ตรวจซ้ำซ้อน” แล้วแนบหลักฐานและยืนยันว่าเรียนจริง หรือบันทึกย้ายออก", _clash("DMC-02.open"), ("person_id",)),
    pupil("DMC-02", "waits", WARNING, "record", "ซ้ำซ้อนกับหน่วยงานอื่น", "Also with another agency", AWAIT_IT,
          _clash("DMC-02.waits"), ("person_id",)),
    pupil("DMC-03", "", ERROR, "record", "เลขประจำตัวประชาชนไม่ถูกต้อง", "Citizen number fails its check digit",
          "ตรวจเลข 13 หลักกับทะเบียนบ้านหรือสูติบัตรแล้วแก้ หากยังไม่มีเลข ให้ขอรหัส G", _bad_number,
          ("person_id", "id_type"), counted=False),
    pupil("DMC-04", "", WARNING, "record", "ชื่อและวันเกิดเดียวกันแต่เลขต่างกัน", "Same name and birth date, other number",
          SAME_CHILD, _clash("DMC-04"), ("person_id", "first_name", "birth_date")),
    pupil("DMC-05", "", WARNING, "record", "อาจเป็นเด็กคนเดียวกัน", "Probably the same child",
          SAME_CHILD, _clash("DMC-05"), ("first_name", "last_name", "birth_date")),
    *(check for check in gcode_checks.CHECKS if check.code == "DMC-06"),
    pupil("DMC-07", "grade", WARNING, "record", "อายุไม่สอดคล้องกับชั้น", "Age against grade",
          "ตรวจวันเกิดและชั้น หากถูกต้องแล้วให้เขียนเหตุผล เช่น เข้าเรียนช้าหรือเรียนซ้ำชั้น", _age_against_grade,
          ("birth_date", "grade")),
    pupil("DMC-07", "counting", WARNING, "record", "อายุนอกเกณฑ์ที่นับ", "Outside the counting ages",
          "ตรวจวันเกิด หากถูกต้องแล้วให้เขียนเหตุผล", _age_not_counted, ("birth_date", "grade"), counter="outside"),
    pupil("DMC-08", "grade", ERROR, "record", "ชั้นที่โรงเรียนไม่ได้เปิดสอน", "Grade the school does not teach",
          "แก้ชั้นของนักเรียน หรือแจ้งเขตให้แก้ระดับที่เปิดสอนของโรงเรียน", _grade_not_taught, ("grade",)),
    pupil("DMC-08", "room", ERROR, "record", "ห้องเกินจำนวนที่แจ้งไว้", "Room above those declared",
          "แก้ห้องของนักเรียน หรือแก้จำนวนห้องเรียนของชั้นนี้", _room_not_declared, ("room", "grade")),
    row("DMC-09", "", ERROR, "record", "กรอกไม่ครบ", "Required field blank",
          "กรอกช่องที่ขาดให้ครบ", None, counted=False),  # `completeness` says what is required
    pupil("DMC-10", "sex", WARNING, "record", "คำนำหน้าชื่อไม่ตรงกับเพศ", "Title against sex",
          "แก้คำนำหน้าชื่อหรือเพศ", _title_against_sex, ("title", "sex")),
    pupil("DMC-10", "age", WARNING, "record", "คำนำหน้าชื่อไม่ตรงกับอายุ", "Title against age",
          "แก้คำนำหน้าชื่อหรือวันเกิด หากถูกต้องแล้วให้เขียนเหตุผล", _title_against_age, ("title", "birth_date")),
    pupil("DMC-11", "thai", WARNING, "record", "สัญชาติไม่สอดคล้องกับเลขประจำตัว", "Nationality against number",
          "ตรวจสัญชาติและเลขประจำตัวกับเอกสาร หากถูกต้องแล้วให้เขียนเหตุผล", _thai_without_a_thai_number,
          ("nationality", "person_id", "id_type")),
    pupil("DMC-11", "foreign", WARNING, "record", "สัญชาติไม่สอดคล้องกับเลขประจำตัว", "Nationality against number",
          "ตรวจสัญชาติและเลขประจำตัวกับเอกสาร หากถูกต้องแล้วให้เขียนเหตุผล", _thai_number_of_another,
          ("nationality", "person_id", "id_type")),
    pupil("DMC-12", "waits", ERROR, "record", "ยังรอดำเนินการสิ้นปี", "Awaits the result of the year",
          "บันทึกผลสิ้นปีของนักเรียนทุกคน", _still_waits, ("year_result", "status"), blank=True),
    pupil("DMC-12", "cause", ERROR, "record", "สอบตกแต่ไม่มีสาเหตุ", "Failed without a cause",
          "เลือกสาเหตุที่ไม่ผ่าน", _failed_without_a_cause, ("fail_reasons", "year_result"), blank=True),
    pupil("DMC-12", "destination", ERROR, "record", "เรียนจบแต่ไม่บอกที่ไป", "Leaver without a destination",
          "เลือกว่าไปศึกษาต่อหรือทำงานที่ใด", _leaves_for_nowhere, ("destination", "year_result", "grade"), blank=True),
    row("DMC-13", "", WARNING, "school", "ไม่มีนักเรียนในชั้นสูงสุด", "Nobody in the top grade",
        "นักเรียนที่เรียนจบให้บันทึกผลสิ้นปีเป็นเรียนจบ ไม่ใช่จำหน่าย หากไม่มีนักเรียนชั้นนี้จริงให้เขียนเหตุผล",
        _nobody_in_the_top_grade, document="students", at=lambda grade: ({"grade": grade}, "year_result")),
    row("DMC-14", "", ERROR, "school", "ยอดสิ้นปีไม่ลงตัว", "The year does not close",
        "นักเรียนที่อยู่ต้นปีต้องอยู่วันสิ้นปี หรือย้ายไป ออกกลางคัน หรือจำหน่าย ตรวจผู้ที่หายไปจากรายชื่อ",
        _year_does_not_close, document="students"),
    row("DMC-15", "", WARNING, "school", "จำนวนนักเรียนต่างจากรอบก่อนมาก", "Total far from the round before",
          "ตรวจว่าบันทึกนักเรียนครบและไม่ซ้ำ แล้วเขียนเหตุผลที่จำนวนเปลี่ยน", _change_of_total, document="students"),
    pupil("DMC-16", "poor", WARNING, "record", "เด็กยากจนแต่รายได้ไม่สอดคล้อง", "Poor against income",
          "ตรวจความด้อยโอกาสและรายได้ของบิดามารดา หากถูกต้องแล้วให้เขียนเหตุผล", _poor_with_income,
          ("disadvantages", "father_income_year", "mother_income_year")),
    pupil("DMC-16", "boarding", WARNING, "record", "พักนอนแต่ระยะทางเป็นศูนย์", "Boarding with no distance",
          "ตรวจการพักนอนและระยะทาง หากถูกต้องแล้วให้เขียนเหตุผล", _boarder_from_next_door,
          ("boarding", "dist_paved_m", "dist_gravel_m", "dist_water_m")),
    rooms("DMC-17", "pupils", ERROR, "school", "มีนักเรียนในชั้นที่ไม่มีห้องเรียน", "Pupils in a grade without a room",
          "แจ้งจำนวนห้องเรียนของชั้นที่มีนักเรียน หรือย้ายนักเรียนไปชั้นที่ถูกต้อง", _pupils_without_room,
          at=_rooms_of),
    rooms("DMC-17", "rooms", WARNING, "school", "มีห้องเรียนแต่ไม่มีนักเรียน", "Room without pupils",
          "แก้จำนวนห้องเรียนเป็น 0 หรือบันทึกนักเรียน หากมีเหตุอื่นให้เขียนเหตุผล", _room_without_pupils, at=_rooms_of),
    pupil("DMC-18", "", WARNING, "record", "แขวนลอยสองรอบติดต่อกัน", "Suspended in two rounds running",
          "ติดตามตัวนักเรียน แล้วจำหน่ายหรือยกเลิกแขวนลอย หากยังจำหน่ายไม่ได้ให้เขียนเหตุผล", _suspended_twice,
          ("suspended_flag", "status"), counted=False, before=("suspended_flag", "status")),
    *(check for check in gcode_checks.CHECKS if check.code == "GC-04"),
)  # fmt: skip
# What a code is called where its rows are counted together.
TITLES = {
    "DMC-07": "อายุไม่สอดคล้องกับชั้นหรือเกณฑ์ที่นับ",
    "DMC-08": "ชั้นหรือห้องไม่ตรงกับที่โรงเรียนแจ้ง",
    "DMC-10": "คำนำหน้าชื่อไม่ตรงกับเพศหรืออายุ",
    "DMC-12": "ผลสิ้นปียังไม่ครบ",
    "DMC-16": "ความยากจนหรือการพักนอนไม่สอดคล้อง",
    "DMC-17": "ห้องเรียนกับนักเรียนไม่ตรงกัน",
}
