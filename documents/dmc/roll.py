"""The roll (ทะเบียนนักเรียน): what a school does with pupils on it: they leave, come back, change room and number.

Each function takes stored pupils (dicts, as the person saw them) and gives the Changes that do it, so that a page can
show before and after; `writing.write` then stores all of them or none. Source: domain.md 3.1.3.
"""

import re
from collections import Counter

from documents.checking.lookups import find_elsewhere, is_on_roll, note, school_name
from documents.database import collection
from documents.dmc.standing import AWAITING
from documents.dmc.student_rules import FAMILY_OF_STATUS
from documents.dmc.students import Student
from documents.dmc.transfers import MOVED_AWAY, YEAR_END, open_of
from documents.errors import Invalid, TooOften, WrongState
from documents.records import fields
from documents.records.change import Change
from documents.records.codelists import code_list
from documents.records.record import Place, declared

LEAVES = {"moved_out": "ย้ายออก", "discharged": "จำหน่าย", "dropped_out": "ออกกลางคัน"}
GONE = ("leave_reason", "leave_date", "leave_to")
MOST_NAMED = 3


def _change(row, values):
    return Change(Student, Place.of(row), values, id=row["_id"], revision=row["revision"])


def _named(rows):
    names = ", ".join(Student.headline(row) for row in rows[:MOST_NAMED])
    return names + (f" และอีก {len(rows) - MOST_NAMED:,} คน" if len(rows) > MOST_NAMED else "")


def _read(name, value):
    """A typed value of a declared field; raises Invalid with the field's own sentence."""
    try:
        return fields.accept(declared(Student)[name], value)
    except ValueError as error:
        raise Invalid({0: {name: str(error)}}) from error


# ---- leaving and coming back ----


def reasons_of(status):
    """[(code, label)] of the reasons that belong to a way of leaving."""
    leaves = code_list("LEAVE")
    pairs = [
        (code, label)
        for code, label in leaves.choices
        if leaves.fact(code, "family") == FAMILY_OF_STATUS[status]
    ]
    return [pair for pair in pairs if pair[0] != "31"]  # ย้ายมา: it tells of those who came


def leave(rows, status, reason_code, day, to=None):
    """The Changes that take pupils off the roll: ย้ายออก, จำหน่าย or ออกกลางคัน with reason, day and where to.

    Raises Invalid for what was typed; WrongState in the year's last round (ย้ายออก), for pupils not on the roll, and
    for those another school asks for: its request is answered instead.
    """
    if status not in LEAVES:
        raise Invalid({0: {"status": "กรุณาเลือกว่าย้ายออก จำหน่าย หรือออกกลางคัน"}})
    if status == "moved_out" and any(row["round"] == YEAR_END for row in rows):
        raise WrongState("รอบสิ้นปีการศึกษาย้ายออกไม่ได้ และการย้ายออกไม่ใช่การเรียนจบ กรุณาบันทึกผลสิ้นปีแทน")
    code = MOVED_AWAY["leave_reason"] if status == "moved_out" else reason_code
    if code not in dict(reasons_of(status)):
        raise Invalid({0: {"leave_reason": f"กรุณาเลือกสาเหตุที่{LEAVES[status]}"}})
    values = {"status": status, "leave_reason": code, "leave_date": _read("leave_date", day)}
    if values["leave_date"] is None:
        raise Invalid({0: {"leave_date": f"กรุณากรอกวันที่{LEAVES[status]}"}})
    values["leave_to"] = _read("leave_to", to) if status == "moved_out" else None
    if status == "moved_out" and not values["leave_to"]:
        raise Invalid({0: {"leave_to": "กรุณากรอกชื่อโรงเรียนหรือสถานที่ที่ย้ายไป"}})
    _refuse_leaving(rows)
    return [_change(row, values | {"suspended_flag": None}) for row in rows]


def _refuse_leaving(rows):
    if off := [row for row in rows if not is_on_roll(row)]:
        raise WrongState(f"ไม่อยู่ในทะเบียนแล้วหรือรอย้ายเข้า: {_named(off)} กรุณาเลือกเฉพาะนักเรียนที่กำลังเรียน")
    for area in {row["area_code"] for row in rows}:
        asked = open_of(area, [row["_id"] for row in rows if row["area_code"] == area])
        if asked:
            names = _named([row for row in rows if row["_id"] in asked])
            school = next(iter(asked.values())).school_name
            raise WrongState(f"{school}ขอย้าย{names}อยู่ กรุณาตอบคำขอที่หน้า “คำขอย้ายเข้า” แทน")


def bring_back(rows):
    """The Changes that put pupils who left back on the roll, as if they had not; the door wants a written reason.

    Raises WrongState for those who never left, and for those who are at another school by now.
    """
    if stayed := [row for row in rows if is_on_roll(row) or row.get("status") == AWAITING]:
        raise WrongState(f"ยังอยู่ในทะเบียน: {_named(stayed)} กรุณาเลือกเฉพาะผู้ที่ออกแล้ว")
    for row in rows:
        there = {
            "area_code": row["area_code"], "lineage": row["lineage"], "academic_year": row["academic_year"],
            "round": row["round"], "school_code": {"$ne": row["school_code"]},
        }  # fmt: skip
        others = collection(Student).find(there, {"status": 1}).hint("lineage")
        if any(is_on_roll(other) or other.get("status") == AWAITING for other in others):
            raise WrongState(f"{Student.headline(row)}ย้ายไปโรงเรียนอื่นแล้ว หากกลับมาเรียน ให้ใช้ “ย้ายเข้า”")
    return [_change(row, {"status": "enrolled"} | dict.fromkeys(GONE)) for row in rows]


# ---- room, grade and number ----


def arrange(rows, grade=None, room=None):
    """The Changes that put pupils into another room or grade (จัดห้องนักเรียน); those already there are left out."""
    values = {"grade": _read("grade", grade), "room": _read("room", room)}
    values = {name: value for name, value in values.items() if value is not None}
    if not values:
        raise Invalid({0: {"room": "กรุณาเลือกชั้นหรือกรอกห้องที่จะย้ายไป"}})
    changes = [_change(row, values) for row in rows if any(row.get(n) != v for n, v in values.items())]
    if not changes:
        raise Invalid({0: {"room": "ทุกคนที่เลือกอยู่ชั้นและห้องนี้แล้ว"}})
    return changes


def is_no_promotion(rows, changes):
    """The sentence to read and answer with a reason when many change grade at the year's end; else None."""
    grades = {row["_id"]: row.get("grade") for row in rows}
    moved = [each for each in changes if each.values.get("grade", grades[each.id]) != grades[each.id]]
    if len(moved) > 1 and any(row["round"] == YEAR_END for row in rows):
        return (
            f"จะเปลี่ยนชั้นของนักเรียน {len(moved):,} คนในรอบสิ้นปี การเปลี่ยนชั้นไม่ใช่การเลื่อนชั้น "
            "ระบบเลื่อนชั้นให้เองเมื่อปิดรอบ หากเดิมบันทึกชั้นผิดจริง โปรดระบุเหตุผล"
        )
    return None


def in_class_order(rows):
    """Pupils by school, grade, room and name: the order in which a class is numbered."""
    return sorted(
        rows,
        key=lambda r: (r["school_code"], r.get("grade") or "", r.get("room") or 0, r.get("sort_key") or ""),
    )


def numbers_from(first, count):
    """`count` student numbers on from the first, as wide as it: "0101" gives "0101", "0102"."""
    first = _read("student_no", first) or ""
    digits = re.fullmatch(r"(.*?)(\d+)", first)
    if not digits:
        raise Invalid({0: {"first": "กรุณากรอกเลขแรกที่ลงท้ายด้วยตัวเลข เช่น 0101"}})
    head, number = digits.groups()
    return [f"{head}{int(number) + step:0{len(number)}d}" for step in range(count)]


def renumber(rows, numbers):
    """The Changes that give pupils, in class order, these student numbers; those who keep theirs are left out.

    Raises Invalid where there are not as many numbers as pupils, or one stands twice.
    """
    rows = in_class_order(rows)
    numbers = [_read("student_no", number) for number in numbers]
    if None in numbers or len(numbers) != len(rows):
        given = len([number for number in numbers if number])
        raise Invalid(
            {0: {"numbers": f"เลือกนักเรียน {len(rows):,} คน แต่มีเลข {given:,} เลข กรุณากรอกให้ครบคนละหนึ่งบรรทัด"}}
        )
    if twice := [number for number, times in Counter(numbers).items() if times > 1]:
        raise Invalid({0: {"numbers": f"เลข {twice[0]} มีมากกว่าหนึ่งครั้ง กรุณาตรวจดู"}})
    pairs = zip(rows, numbers, strict=True)
    changes = [
        _change(row, {"student_no": number}) for row, number in pairs if row.get("student_no") != number
    ]
    if not changes:
        raise Invalid({0: {"numbers": "ทุกคนมีเลขนี้อยู่แล้ว"}})
    return changes


# ---- adding ----


def before_adding(change, actor, reason):
    """What a person is to know before a new pupil is stored: raises Invalid for the field `reason` until he wrote one.

    A number at another school is not refused (both claims are to be seen, domain.md DMC-01), nor one who came late.
    """
    if (reason or "").strip():
        return
    if change.place.round == YEAR_END:
        raise Invalid(
            {
                0: {
                    "reason": "รอบสิ้นปีไม่เพิ่มนักเรียนที่เข้ามาหลังสอบปลายปี หากนักเรียนเข้าสอบแล้วและยังไม่มีในทะเบียน โปรดระบุเหตุผล"
                }
            }
        )
    number = change.values.get("person_id")
    if not number:
        return
    elsewhere = find_elsewhere(change.place, number)
    if not elsewhere or elsewhere["academic_year"] != change.place.academic_year or not is_on_roll(elsewhere):
        return
    try:
        note(change.place, number, elsewhere, actor)
    except TooOften:
        return  # who asks too often is told nothing; what he adds is stored, and found as a double
    name = school_name(change.place.area_code, elsewhere["school_code"])
    raise Invalid({0: {"reason": f"มีนักเรียนเลขนี้อยู่ที่{name} ให้ใช้ “ย้ายเข้า” หากจำเป็นต้องเพิ่มเอง โปรดระบุเหตุผล"}})
