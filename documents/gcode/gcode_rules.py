"""What holds for the values of a G-code request, one at a time and together; what lacks before it can be sent."""

import re

from documents.dmc import student_rules as pupils
from documents.formats import citizen_id

THAILAND = "TH"
BORN_HERE = (
    "เด็กที่เกิดในประเทศไทยไม่ต้องขอรหัส G ให้ใช้เลขประจำตัว 13 หลักในสูติบัตร "
    "หากยังไม่มีสูติบัตรให้ผู้ปกครองแจ้งการเกิดที่สำนักทะเบียนอำเภอหรือเทศบาล"
)  # Source: domain.md 3.3.2
TO_SEARCH = ("first_name", "last_name", "sex", "birth_date", "birth_country", "nationality")
ADULTS = ("father_first_name", "mother_first_name", "guardian_first_name")
FILL, NEEDS_ADULT = "กรุณากรอก", "กรุณากรอกชื่อบิดา มารดา หรือผู้ปกครองอย่างน้อยหนึ่งคน"


def passport(value):
    """A passport's number in capitals, without blanks. Source: domain.md 4.6."""
    number = citizen_id.clean_id(value)
    if not re.fullmatch(r"[A-Z0-9]{5,20}", number):
        raise ValueError("เลขหนังสือเดินทางต้องเป็นอักษรอังกฤษหรือตัวเลข 5–20 ตัว")
    return number


def broken(values):
    """Yield (field, Thai sentence) for each rule over the values of one request that does not hold."""
    if values.get("birth_country") == THAILAND:
        yield "birth_country", BORN_HERE
    yield from pupils.broken(values)
    born, asked = values.get("birth_date"), values.get("requested_on")
    if born and asked and asked < born:
        yield "requested_on", "วันที่ขอต้องไม่อยู่ก่อนวันเกิด กรุณาตรวจสอบปี พ.ศ."


def following(values, known):
    """Values that others give where they are missing: the sex of a title, what lies above a subdistrict."""
    return {name: value for name, value in pupils.following(values).items() if name in known}


def missing(values, known):
    """{field: Thai sentence} of what lacks before a request can be sent."""
    found = {
        name: FILL
        for name, field in known.items()
        if field.need == "R" and values.get(name) in (None, "", [])
    }
    if not any(values.get(name) for name in ADULTS):
        found["guardian_first_name"] = NEEDS_ADULT
    return found


def missing_to_search(values):
    """{field: Thai sentence} of what lacks before the likely same learners can be looked for."""
    return {name: FILL for name in TO_SEARCH if values.get(name) in (None, "")}
