"""What holds for a pupil's values: one at a time when they are typed, and together before they are stored.

A value's rule gives back the value to store or raises ValueError with a Thai sentence; a rule over several yields
(field, sentence). Rules that only warn, and those over several records, are findings and stand elsewhere.
"""

import re

from documents import clock
from documents.district import places
from documents.dmc import counting
from documents.formats import buddhist, citizen_id, thai
from documents.records.codelists import code_list
from documents.records.titles import of_other_sex

# --- One value --------------------------------------------------------------------------------------------------------

NAME = r"[ก-๎ .\-]+"
NAME_SAYS = "ให้พิมพ์ชื่อเป็นอักษรไทย (ไม่มีนามสกุลให้พิมพ์ -)"


def person_id(value):
    """A number that names a person, as it is stored; one that a spreadsheet mangled is refused, never repaired."""
    if citizen_id.looks_mangled(value):
        raise ValueError(citizen_id.MANGLED)
    number = citizen_id.clean_id(value)
    if not re.fullmatch(r"[0-9A-Z/]{5,20}", number):
        raise ValueError("เลขประจำตัวต้องเป็นตัวเลขหรืออักษรอังกฤษ 5–20 ตัว กรุณาตรวจสอบ")
    return number


def student_no(value):
    """The school's own number in Arabic digits; zeros in front stay."""
    number = thai.arabic_digits(value)
    if not re.fullmatch(r"[0-9A-Za-zก-ฮ/\-]+", number):
        raise ValueError("เลขประจำตัวนักเรียนเป็นตัวเลขหรือตัวอักษร ไม่มีเว้นวรรค")
    return number


def looks_like_person_id(value):
    """Whether a cell holds a citizen number or G-code, mangled or not: tells two columns of one name apart."""
    number = citizen_id.clean_id(value)
    return citizen_id.looks_mangled(value) or bool(re.fullmatch(r"(G\d{12}|\d{13})", number))


def house_id(value):
    """The eleven digits of a house, hyphens and blanks taken off."""
    number = citizen_id.clean_id(value)
    if not re.fullmatch(r"[0-9]{11}", number):
        raise ValueError("เลขรหัสประจำบ้านต้องมี 11 หลัก กรุณาดูจากทะเบียนบ้าน")
    return number


def postcode(value):
    """The five digits of a postcode."""
    number = citizen_id.clean_id(value)
    if not re.fullmatch(r"[1-9][0-9]{4}", number):
        raise ValueError("รหัสไปรษณีย์ต้องมี 5 หลัก เช่น 34000")
    return number


def not_in_the_future(day):
    """A day up to today by the product's clock."""
    if day > clock.today():
        raise ValueError(f"วันที่ {buddhist.format_date(day)} ยังมาไม่ถึง กรุณาตรวจสอบปี พ.ศ.")
    return day


# --- Values together --------------------------------------------------------------------------------------------------

PERSONS = {"": "person_id", "father_": "father_id", "mother_": "mother_id", "guardian_": "guardian_id"}
SIBLINGS = ("n_older_brother", "n_younger_brother", "n_older_sister", "n_younger_sister")
NUMBERS = {
    "I": (citizen_id.is_citizen_id, "เลขประจำตัวประชาชนไม่ถูกต้อง กรุณาตรวจสอบเลข 13 หลักกับเอกสารอีกครั้ง"),
    "G": (citizen_id.is_g_code, "รหัส G ต้องเป็นตัว G ตามด้วยตัวเลข 12 หลัก"),
    "P": (re.compile(r"[A-Z0-9]{5,20}").fullmatch, "เลขหนังสือเดินทางต้องเป็นอักษรอังกฤษหรือตัวเลข 5–20 ตัว"),
}
# A pupil who left for good is in one family of reasons; domain.md 3.1.2, LEAVE.
FAMILY_OF_STATUS = {"discharged": "discharge", "dropped_out": "dropout", "moved_out": "transfer"}


def broken(values):
    """Yield (field, Thai sentence) for each rule over several values of one pupil that does not hold."""
    for rule in (_numbers, _sex, _dates, _disadvantages, _siblings, _addresses, _destination, _leaving):
        yield from rule(values)


def _numbers(values):
    for prefix, name in PERSONS.items():
        holds, sentence = NUMBERS.get(values.get(f"{prefix}id_type"), (None, ""))
        if values.get(name) and holds and not holds(values[name]):
            yield name, sentence


def _sex(values):
    if wrong := of_other_sex(values, "TITLE"):
        title, sex = wrong
        yield "sex", f"คำนำหน้าชื่อ “{title}” ใช้กับเพศ{sex} กรุณาแก้คำนำหน้าชื่อหรือเพศ"


def _dates(values):
    born, admitted = values.get("birth_date"), values.get("admission_date")
    if born and admitted and admitted <= born:
        yield "admission_date", "วันที่เข้าเรียนต้องอยู่หลังวันเกิด กรุณาตรวจสอบปี พ.ศ."
    left = values.get("leave_date")
    if left and admitted and left < admitted:
        yield "leave_date", "วันที่ออกต้องไม่อยู่ก่อนวันที่เข้าเรียน กรุณาตรวจสอบปี พ.ศ."


def _disadvantages(values):
    codes = values.get("disadvantages") or []
    if len(codes) > 1 and any(code_list("DISADV").fact(code, "none") for code in codes):
        yield "disadvantages", "เลือก “ไม่ด้อยโอกาส” พร้อมกับความด้อยโอกาสอื่นไม่ได้ กรุณาเลือกอย่างใดอย่างหนึ่ง"


def _siblings(values):
    counted = [values.get(name) for name in SIBLINGS]
    place = values.get("child_index")
    if place is not None and None not in counted and place > 1 + sum(counted):
        yield "child_index", f"มีพี่น้อง {sum(counted)} คน จึงเป็นบุตรลำดับที่ {place} ไม่ได้ กรุณาตรวจสอบ"


def _addresses(values):
    for prefix in ("reg_", "cur_"):
        province, district, subdistrict = (
            values.get(prefix + part) for part in ("province", "district", "subdistrict")
        )
        if province and district and not district.startswith(province):
            yield prefix + "district", f"อำเภอนี้ไม่อยู่ในจังหวัด{places.name(province)} กรุณาเลือกใหม่"
        elif district and subdistrict and not subdistrict.startswith(district):
            yield prefix + "subdistrict", f"ตำบลนี้ไม่อยู่ในอำเภอ{places.name(district)} กรุณาเลือกใหม่"


def _destination(values):
    grade, destination = values.get("grade"), values.get("destination")
    if destination and grade and code_list("DESTINATION").parent(destination) != grade:
        yield "destination", f"รายการนี้ไม่ใช่ของผู้จบ{code_list('GRADE').short(grade)} กรุณาเลือกใหม่"


def _leaving(values):
    family = code_list("LEAVE").fact(values.get("leave_reason"), "family")
    status = values.get("status")
    if family and family != FAMILY_OF_STATUS.get(status):
        yield "leave_reason", f"สาเหตุนี้ไม่ตรงกับสถานะ “{code_list('STATUS').label(status)}” กรุณาแก้อย่างใดอย่างหนึ่ง"
    on_roll = code_list("STATUS").fact(status, "on_roll")
    for name, words in (("leave_date", "วันที่ออก"), ("leave_to", "โรงเรียนที่ย้ายไป")):
        if on_roll and values.get(name):
            yield name, f"นักเรียนยังอยู่ในทะเบียน จึงไม่มี{words} กรุณาแก้สถานะหรือลบ{words}"


# --- What follows from other values -----------------------------------------------------------------------------------

DEFAULT_NO = ("lacks_textbook", "lacks_lunch", "lacks_stationery", "lacks_uniform")


def following(values):
    """The values that others give where they are missing: kind of number, sex, status, address, the four "no"."""
    found = {name: False for name in DEFAULT_NO}
    found["status"] = "enrolled"
    found["sex"] = code_list("TITLE").fact(values.get("title"), "sex")
    for prefix, name in PERSONS.items():
        found[f"{prefix}id_type"] = _kind_of(values.get(name))
    for prefix in ("reg_", "cur_"):
        found |= _above(prefix, values.get(prefix + "subdistrict") or values.get(prefix + "district"))
    return {name: value for name, value in found.items() if value is not None and values.get(name) is None}


def _kind_of(number):
    if not number:
        return None
    return "G" if citizen_id.is_g_code(number) else "I" if re.fullmatch(r"[0-9]{13}", number) else None


def _above(prefix, code):
    """District, province and the only postcode of a subdistrict's (or district's) code."""
    if not code:
        return {}
    posts = places.postcodes(code)
    return {
        prefix + "district": code[:4] if len(code) == 6 else None,
        prefix + "province": code[:2],
        prefix + "postcode": posts[0] if len(posts) == 1 else None,
    }


def required_by_condition(values):
    """Names of the fields that this pupil's other values make required (the need C of the declaration)."""
    if values.get("status") in FAMILY_OF_STATUS:
        yield "leave_reason"
    if values.get("round") == "3" and counting.is_counted(values):
        yield "year_result"
    if values.get("year_result") == "repeat":
        yield "fail_reasons"
    if values.get("year_result") == "graduated":
        yield "years_taken"
        if code_list("GRADE").fact(values.get("grade"), "destinations"):
            yield "destination"


def lacking_by_condition():
    """MongoDB filters, one of which matches a pupil for whom `required_by_condition` names an empty field."""
    grades = code_list("GRADE")
    last = [code for code in grades.codes if grades.fact(code, "destinations")]
    empty = {"$in": [None, "", []]}
    return [
        {"status": {"$in": list(FAMILY_OF_STATUS)}, "leave_reason": empty},
        {"round": "3", **counting.heads_query(), "year_result": empty},
        {"year_result": "repeat", "fail_reasons": empty},
        {"year_result": "graduated", "years_taken": empty},
        {"year_result": "graduated", "grade": {"$in": last}, "destination": empty},
    ]


# --- Worked out when shown -------------------------------------------------------------------------------------------------------------


def age(values, round_):
    """Completed years on the round's as-of date; None without a birth date."""
    born = values.get("birth_date")
    return buddhist.age_on(born, round_.as_of) if born and round_ else None


def counting_age(values, round_):
    """The age that the ministry's rules of age count by, in the record's academic year."""
    return buddhist.counting_age(values.get("birth_date"), values.get("grade"), values["academic_year"])


def distance_km(values, round_=None):
    """The whole way to school in kilometres; None where no part of it is known."""
    parts = [values.get(name) for name in ("dist_water_m", "dist_gravel_m", "dist_paved_m")]
    known = [part for part in parts if part is not None]
    return round(sum(known) / 1000, 1) if known else None


def full_name(values, round_=None):
    """Title, first, middle and last name in one piece: เด็กชายสมชาย ใจดี; "" for nothing."""
    names = [values.get(name) for name in ("first_name", "middle_name", "last_name")]
    return code_list("TITLE").label(values.get("title")) + " ".join(name for name in names if name)
