"""What holds for the values of one person on a school's staff, together. Source: domain.md 3.2.2.

A rule over several values yields (field, Thai sentence); what only warns, or looks at several persons, is a check.
"""

import datetime as dt

from documents.dmc.student_rules import NUMBERS
from documents.formats import buddhist
from documents.records.codelists import code_list
from documents.records.titles import of_other_sex

YOUNGEST, OLDEST, RETIRES_AT = 18, 70, 60
CONTRACT = ("contract_type", "contract_no", "contract_times", "contract_from", "contract_until")
SERVICE = ("appointed_on", "in_post_since", "retires_on")
ACADEMIC = ("academic_standing", "salary_rank")
NOTHING = (None, "", [])


def broken(values):
    """Yield (field, Thai sentence) for each rule over several values of one person that does not hold."""
    for rule in (_number, _sex, _age, _position, _rank, _contract, _service, _retirement):
        yield from rule(values)


def _number(values):
    kind, number = values.get("id_type"), values.get("person_id")
    if kind == "G":
        yield "id_type", "รหัส G ออกให้ผู้เรียนเท่านั้น กรุณาเลือกประเภทบัตรอื่น"
        return
    holds, sentence = NUMBERS.get(kind, (None, ""))
    if number and holds and not holds(number):
        yield "person_id", sentence


def _sex(values):
    if wrong := of_other_sex(values, "STAFF_TITLE"):
        title, sex = wrong
        yield "sex", f"คำนำหน้า “{title}” ใช้กับเพศ{sex} กรุณาแก้คำนำหน้าหรือเพศ"


def _age(values):
    born, year = values.get("birth_date"), values.get("academic_year")
    if not born or not year:
        return
    years = year - buddhist.ERA - born.year
    if not YOUNGEST <= years <= OLDEST:
        yield (
            "birth_date",
            f"วันเกิดนี้ทำให้อายุ {years} ปี บุคลากรต้องมีอายุ {YOUNGEST}–{OLDEST} ปี กรุณาตรวจสอบปี พ.ศ.",
        )


def _position(values):
    kinds = code_list("POSITION").fact(values.get("position"), "kinds")
    kind = values.get("personnel_type")
    if kinds and kind and kind not in kinds:
        position, said = (
            code_list("POSITION").label(values["position"]),
            code_list("PERSONNEL").label(kind),
        )
        allowed = " หรือ ".join(f"“{code_list('PERSONNEL').label(code)}”" for code in kinds)
        yield (
            "position",
            f"ตำแหน่ง “{position}” เป็นของ{allowed} แต่ประเภทบุคลากรคือ “{said}” กรุณาแก้อย่างใดอย่างหนึ่ง",
        )


def _rank(values):
    standing, rank, position = (values.get(name) for name in (*ACADEMIC, "position"))
    if position and not bears_standing(values):
        for name, words in (("academic_standing", "วิทยฐานะ"), ("salary_rank", "ระดับ (อันดับ)")):
            if values.get(name):
                label = code_list("POSITION").label(position)
                yield name, f"ตำแหน่ง “{label}” ไม่มี{words} กรุณาแก้ตำแหน่งหรือลบ{words}"
        return
    belongs = code_list("STANDING").fact(standing, "rank")
    if belongs and rank and rank != belongs:
        yield (
            "salary_rank",
            f"วิทยฐานะ “{code_list('STANDING').label(standing)}” คู่กับ {code_list('RANK').label(belongs)} "
            f"ไม่ใช่ {code_list('RANK').label(rank)} กรุณาแก้อย่างใดอย่างหนึ่ง",
        )


def _contract(values):
    since, until = values.get("contract_from"), values.get("contract_until")
    if since and until and until < since:
        yield "contract_until", "วันสิ้นสุดสัญญาจ้างต้องไม่อยู่ก่อนวันเริ่มสัญญาจ้าง กรุณาตรวจสอบปี พ.ศ."
    kind = values.get("personnel_type")
    if not kind or is_hired(values):
        return
    for name in CONTRACT:
        if values.get(name) not in NOTHING:
            label = code_list("PERSONNEL").label(kind)
            yield name, f"“{label}” ไม่มีสัญญาจ้าง กรุณาแก้ประเภทบุคลากรหรือลบข้อมูลสัญญาจ้าง"


def _service(values):
    born, appointed, since = (values.get(name) for name in ("birth_date", "appointed_on", "in_post_since"))
    if born and appointed and appointed <= born:
        yield "appointed_on", "วันที่บรรจุต้องอยู่หลังวันเกิด กรุณาตรวจสอบปี พ.ศ."
    if appointed and since and since < appointed:
        yield "in_post_since", "วันที่ดำรงตำแหน่งต้องไม่อยู่ก่อนวันที่บรรจุ กรุณาตรวจสอบปี พ.ศ."


def _retirement(values):
    day, given = retirement(values.get("birth_date")), values.get("retires_on")
    if day and given and given != day:
        yield (
            "retires_on",
            f"ผู้เกิดวันที่ {buddhist.format_date(values['birth_date'])} เกษียณวันที่ {buddhist.format_date(day)} "
            "กรุณาตรวจสอบวันเกิด หรือลบวันเกษียณให้ระบบคำนวณ",
        )


def retirement(born):
    """30 September of the year of the 60th birthday, of the next for whoever was born on 1 October or later; None."""
    if not born:
        return None
    return dt.datetime(born.year + RETIRES_AT + (born.month >= 10), 9, 30)  # noqa: DTZ001  a day has no zone


# --- What follows, and what is asked on a condition -------------------------------------------------------------------


def following(values):
    """The values that others give where they are missing: kind of number, sex, rank and standing by each other, retirement."""
    number = values.get("person_id") or ""
    found = {
        "id_type": "I" if len(number) == 13 and number.isdigit() else None,
        "sex": code_list("STAFF_TITLE").fact(values.get("title"), "sex"),
        "salary_rank": code_list("STANDING").fact(values.get("academic_standing"), "rank"),
        "academic_standing": _standing_of(values.get("salary_rank")) if bears_standing(values) else None,
        "retires_on": retirement(values.get("birth_date")) if is_permanent(values) else None,
    }
    return {name: value for name, value in found.items() if value is not None and values.get(name) is None}


def _standing_of(rank):
    """The standing that has a rank: files of the ministry write "-", nothing, for คศ.1."""
    standings = code_list("STANDING")
    return next((code for code in standings.codes if rank and standings.fact(code, "rank") == rank), None)


def required_by_condition(values):
    """Names of the fields that this person's other values make required (the need C of the declaration)."""
    if bears_standing(values):
        yield from ACADEMIC
    if is_hired(values):
        yield from CONTRACT
    if is_permanent(values):
        yield from SERVICE


def lacking_by_condition():
    """MongoDB filters, one of which matches a person for whom `required_by_condition` names an empty field."""
    empty = {"$in": [None, "", []]}
    asked = (
        ("position", "POSITION", "standing", ACADEMIC),
        ("personnel_type", "PERSONNEL", "hired", CONTRACT),
        ("personnel_type", "PERSONNEL", "permanent", SERVICE),
    )
    return [
        {field: {"$in": with_fact(codes, fact)}, name: empty}
        for field, codes, fact, names in asked
        for name in names
    ]


def with_fact(name, fact):
    """The codes of a list that have a fact."""
    codes = code_list(name)
    return [code for code in codes.codes if codes.fact(code, fact)]


# --- What a person is -------------------------------------------------------------------------------------------------


def bears_standing(values):
    """Whether the position has an academic standing and a rank (1 to 3 of the ministry's table)."""
    return bool(code_list("POSITION").fact(values.get("position"), "standing"))


def is_hired(values):
    """Whether the person works by a contract."""
    return bool(code_list("PERSONNEL").fact(values.get("personnel_type"), "hired"))


def is_permanent(values):
    """Whether the person serves until retirement."""
    return bool(code_list("PERSONNEL").fact(values.get("personnel_type"), "permanent"))


def is_counted(values):
    """Whether the person counts among the school's staff: in service there, not seconded to it (ช่วยราชการ)."""
    return bool(code_list("WORK_STATUS").fact(values.get("work_status"), "counted"))


def is_active(values):
    """Whether the person serves at all, seconded or not."""
    return bool(code_list("WORK_STATUS").fact(values.get("work_status"), "active"))


def teaches(values):
    """Whether the person counts as a teacher: by position, or hired with a teacher's qualification."""
    by_position = code_list("POSITION").fact(values.get("position"), "teaches")
    return bool(by_position or (is_hired(values) and values.get("has_teaching_cert")))


def leads(values):
    """Whether the person is the school's director in service, or acts as one, seconded or not."""
    by_position = code_list("POSITION").fact(values.get("position"), "leads") and is_counted(values)
    return bool(by_position or (values.get("acting_director") and is_active(values)))


def full_name(values, round_=None):
    """Title, first and last name in one piece; "" for nothing."""
    names = [values.get(name) for name in ("first_name", "last_name")]
    return code_list("STAFF_TITLE").label(values.get("title")) + " ".join(name for name in names if name)


def age(values, round_):
    """Completed years on the round's as-of date; None without a birth date."""
    born = values.get("birth_date")
    return buddhist.age_on(born, round_.as_of) if born and round_ else None


# --- Carried over to a later round ------------------------------------------------------------------------------------

CARRIED_BY = ("work_status", "retires_on", "contract_until")
OUTCOMES = {
    "retired": ("เกษียณแล้ว", "Retired", "idle"),
    "renewed": ("ยกมา รอสัญญาจ้างใหม่", "Carried over, waiting for a new contract", "work"),
}


def outcome(values, to_round):
    """(what becomes of a person in a later round, how he begins it or None): see `Record.outcome`."""
    if not is_active(values):
        return "left", None
    day = to_round.as_of
    if values.get("retires_on") and values["retires_on"] < day:
        return "retired", None
    if values.get("contract_until") and values["contract_until"] < day:
        return "renewed", {name: value for name, value in values.items() if name not in CONTRACT}
    return "carried", values
