"""What a school's facts must be: the checks of single fields, and those of several together.

A check gives the value to store or raises ValueError with a Thai sentence that says what to do.
"""

import re

from documents.formats import thai

EMAIL = re.compile(r"[^@\s,;\"'<>()]+@[^@\s,;\"'<>()]+\.[^@\s,;\"'<>()]+")
WEBSITE = re.compile(r"(?:https?://)?[\w\-]+(?:\.[\w\-]+)+(?::\d{2,5})?(?:/[^\s\"'<>]*)?", re.IGNORECASE)
LATITUDES, LONGITUDES = (5, 21), (97, 106)  # degrees: Thailand with some room


def digits(what, width):
    """A check of a code of so many digits; Thai digits, blanks and hyphens are understood."""

    def check(value):
        found = re.sub(r"[\s\-]", "", thai.arabic_digits(value))
        if not (found.isascii() and found.isdigit() and len(found) == width):
            raise ValueError(f"{what}มี {width} หลัก")
        return found

    return check


def email(value):
    """An e-mail address."""
    if not EMAIL.fullmatch(value):
        raise ValueError("อีเมลต้องเป็นรูปแบบ ชื่อ@โดเมน")
    return value


def website(value):
    """The address of a page on the web, with or without http://."""
    if not WEBSITE.fullmatch(value):
        raise ValueError("เว็บไซต์ต้องเป็นรูปแบบ www.โรงเรียน.ac.th หรือ https://…")
    return value


def school_name(value):
    """A name as the ministry lists it: without the word โรงเรียน in front; its CSV doubles the marks of a quote twice."""
    value = value.replace('""', '"')
    return value.removeprefix("โรงเรียน").strip() or value


def english_name(value):
    """A name without Thai letters."""
    if re.search(r"[ก-๙]", value):
        raise ValueError("ชื่อภาษาอังกฤษต้องไม่มีตัวอักษรไทย")
    return value


def village_number(value):
    """หมู่ที่: 0 to 99."""
    value = thai.arabic_digits(value)
    if not re.fullmatch(r"\d{1,2}", value):
        raise ValueError("หมู่ที่เป็นตัวเลข 0 ถึง 99")
    return str(int(value))


def together(values):
    """Yield (field, Thai sentence) where a school's values, as they would become, do not go together."""
    moe, obec = values.get("moe_code"), values.get("obec_code")
    if moe and obec and moe[-6:] != obec:
        yield "obec_code", f"รหัส OBEC ต้องตรงกับ 6 หลักท้ายของรหัสกระทรวง คือ {moe[-6:]}"
    first, last = values.get("grade_from"), values.get("grade_to")
    if first and last and first > last:
        yield "grade_to", "ชั้นสูงสุดต้องไม่ต่ำกว่าชั้นต่ำสุด"
    yield from _location(values.get("latitude"), values.get("longitude"))


def _location(latitude, longitude):
    if latitude is None and longitude is None:
        return
    if latitude == 0 or longitude == 0:
        yield "latitude", "พิกัด 0 คือยังไม่ได้วัด ให้เว้นว่างทั้งสองช่อง"
    elif _within(latitude, LONGITUDES) and _within(longitude, LATITUDES):
        yield "latitude", "ละติจูดกับลองจิจูดสลับกัน ละติจูดของไทยอยู่ระหว่าง 5 ถึง 21 ลองจิจูด 97 ถึง 106 กรุณาสลับค่าสองช่องนี้"
    else:
        for name, value, (low, high) in (
            ("latitude", latitude, LATITUDES),
            ("longitude", longitude, LONGITUDES),
        ):
            if value is None:
                yield name, "กรุณากรอกทั้งละติจูดและลองจิจูด หรือเว้นว่างทั้งสองช่อง"
            elif not low <= value <= high:
                yield name, f"ต้องอยู่ระหว่าง {low} ถึง {high} องศา"


def _within(value, bounds):
    return value is not None and bounds[0] <= value <= bounds[1]
