"""The fields of a school list: what a column may be, how it is guessed, and what its cells mean.

Real lists write codes as numbers, lose leading zeros, name places instead of coding them and tell levels in words;
each reader here gives the value as a form would type it, or raises ValueError with a sentence.
"""

import re
from dataclasses import dataclass

from documents import places, thai
from documents.codelists import code_list
from documents.schools import SIZES, STATUSES, accept
from exports.headers import match_columns, share_that_looks
from exports.reports import GRADES, LEVELS

CODES = ("code", "moe_code")
SURE = 0.9  # the share of a column's values that must look like a field where no label says so
AREA = re.compile(r"\d{4}|\d{6}|\d{8}|10\d{8}")
LEVEL_WORDS = (  # (word, first grade, last grade); domain.md 4.1
    ("อนุบาล", "02", "03"), ("ก่อนประถม", "02", "03"), ("ประถม", "04", "09"),
    ("มัธยมศึกษาตอนต้น", "10", "12"), ("ม.ต้น", "10", "12"), ("มัธยมศึกษาตอนปลาย", "13", "15"), ("ม.ปลาย", "13", "15"),
    ("ขยายโอกาส", "04", "12"),
)  # fmt: skip
SIZE_WORDS = {"type1": "s", "type2": "m", "type3": "l", "type4": "xl"} | {v: k for k, v in SIZES.items()}
STATUS_WORDS = {v: k for k, v in STATUSES.items()} | {
    "เปิด": "open", "เปิดสอน": "open", "ยุบ": "closed", "เลิก": "closed", "ยุบเลิก": "closed", "ปิด": "closed",
    "รวม": "merged", "โอน": "transferred",
}  # fmt: skip


@dataclass(frozen=True)
class ListField:
    """One thing a column may be: `looks` asks whether one value is like it, `sure` whether looks alone decide."""

    name: str
    label: str
    synonyms: tuple = ()
    looks: object = None
    sure: bool = False
    group: str = "ข้อมูลโรงเรียน"


def digits(value):
    """The digits of a code however a sheet holds it: 34010001.0, ' ๓๔๐๑๐๐๐๑ ', '1-2'."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return re.sub(r"[\s\-]", "", thai.arabic_digits(thai.clean(value)))


def _like(pattern):
    found = re.compile(pattern)
    return lambda value: bool(found.fullmatch(digits(value)))


def _degrees(low, high):
    def looks(value):
        try:
            return low <= float(thai.arabic_digits(thai.clean(value))) <= high and "." in str(value)
        except ValueError:
            return False

    return looks


SCHOOL_FIELDS = (
    ListField("code", "รหัส SMIS 8 หลัก", ("รหัส smis", "smis", "รหัสโรงเรียน (smis)", "รหัสโรงเรียน", "รหัสโรงเรียน 8 หลัก",
              "schoolcode", "sch_code", "smiscode"), lambda value: _like(r"\d{8}")(value) and digits(value)[:2] in places.names(),
              True),
    ListField("moe_code", "รหัสกระทรวง 10 หลัก", ("รหัส 10 หลัก", "รหัสกระทรวง", "รหัสโรงเรียน 10 หลัก", "moe code",
              "schoolid", "sch_code", "รหัสสถานศึกษา"), _like(r"1\d{9}"), True),
    ListField("obec_code", "รหัส OBEC 6 หลัก", ("รหัส obec", "obec", "percode", "รหัส สพฐ"), _like(r"\d{5,6}")),
    ListField("area", "รหัสเขตพื้นที่", ("รหัส สพท.", "รหัสเขต", "รหัสเขตพื้นที่", "area", "sch_area2", "sch_area", "areacode"),
              lambda value: bool(AREA.fullmatch(digits(value)))),
    ListField("name", "ชื่อโรงเรียน", ("โรงเรียน", "ชื่อสถานศึกษา", "ชื่อโรงเรียน (ไทย)", "name", "sch_name", "schoolname",
              "สถานศึกษา")),
    ListField("cluster", "กลุ่มโรงเรียน", ("เครือข่าย", "กลุ่ม", "กลุ่มเครือข่าย", "เครือข่ายพัฒนาคุณภาพการศึกษา", "ศูนย์เครือข่าย")),
    ListField("levels", "ระดับที่เปิดสอน (เป็นคำ)", ("ประเภทการศึกษา", "ระดับที่เปิดสอน", "ระดับ", "level", "ระดับการศึกษา"),
              lambda value: bool(levels_of(value))),
    ListField("grade_from", "เปิดสอนตั้งแต่ชั้น", ("ชั้นต่ำสุด", "ตั้งแต่ชั้น", "เปิดสอนตั้งแต่")),
    ListField("grade_to", "ถึงชั้น", ("ชั้นสูงสุด",)),
    ListField("size_band", "ขนาดโรงเรียน", ("ขนาดสถานศึกษา", "ขนาด")),
    ListField("status", "สถานะ", ("สถานะโรงเรียน", "สถานภาพ")),
    ListField("subdistrict", "ตำบล", ("แขวง", "subdistrict", "subdistrictname", "รหัสตำบล", "ตำบล/แขวง"), group="ที่ตั้ง"),
    ListField("district", "อำเภอ", ("เขต", "district", "districtname", "รหัสอำเภอ", "อำเภอ/เขต"), group="ที่ตั้ง"),
    ListField("province", "จังหวัด", ("province", "provincename", "รหัสจังหวัด"), group="ที่ตั้ง"),
    ListField("postcode", "รหัสไปรษณีย์", ("รหัส ปณ.", "postcode", "ไปรษณีย์"), group="ที่ตั้ง"),
    ListField("latitude", "ละติจูด", ("latitude", "lat"), _degrees(5, 21), True, group="ที่ตั้ง"),
    ListField("longitude", "ลองจิจูด", ("longitude", "lng", "long", "ลองติจูด"), _degrees(97, 106), True, group="ที่ตั้ง"),
    ListField("director_name", "ผู้อำนวยการ", ("ผู้บริหาร", "directorname", "ผู้บริหารสถานศึกษา", "ชื่อผู้บริหาร"), group="ติดต่อ"),
    ListField("phone", "โทรศัพท์", ("เบอร์โทร", "เบอร์โทรศัพท์", "phone", "phone1", "tel"), group="ติดต่อ"),
    ListField("email", "อีเมล", ("อีเมล์", "email", "e-mail"), group="ติดต่อ"),
    ListField("line", "ไลน์", ("line", "line id", "ไอดีไลน์"), group="ติดต่อ"),
    ListField("data_officer_name", "ครูผู้รับผิดชอบข้อมูล", ("ครูข้อมูล", "เจ้าหน้าที่ข้อมูล", "ผู้รับผิดชอบ"), group="ติดต่อ"),
    ListField("data_officer_phone", "โทรศัพท์ครูผู้รับผิดชอบข้อมูล", ("เบอร์ครูข้อมูล",), group="ติดต่อ"),
)  # fmt: skip


def _room_field(grade):
    short, long = code_list("GRADE").short(grade), code_list("GRADE").label(grade)
    words = {short, long, short.replace("อ.", "อนุบาล "), short.replace("อ.", "อบ.")}
    synonyms = [
        form
        for word in words
        for form in (f"{word} ห้อง", f"ห้อง {word}", f"จำนวนห้อง {word}", f"{word} จำนวนห้อง")
    ]
    return ListField(f"rooms_{grade}", f"จำนวนห้อง {short}", tuple(synonyms), group="จำนวนห้องเรียน")


def room_fields():
    """The fields of a file of rooms by grade: whose they are, of which round, and one for each grade."""
    known = {one.name: one for one in SCHOOL_FIELDS}
    round_ = ListField(
        "round", "รอบ (ปี-ครั้ง)", ("รอบ", "ปี-รอบ"), lambda value: bool(ROUND.fullmatch(thai.clean(value))), True
    )
    return (known["code"], known["area"], round_, *(_room_field(grade) for grade in GRADES))


ROUND = re.compile(r"25\d\d-[123]")
KINDS = {"schools": "ข้อมูลโรงเรียน", "rooms": "จำนวนห้องเรียนของรอบ"}
STATISTICS = "รายงานจำนวนนักเรียนแยกชั้น,เพศ"
WIDTH = 94


def fields_of(kind):
    """The fields that a column of this kind of file may be."""
    return SCHOOL_FIELDS if kind == "schools" else room_fields()


def known_labels():
    """Every label and synonym, to find a header by."""
    return [word for one in (*SCHOOL_FIELDS, *room_fields()) for word in (one.label, *one.synonyms)]


def is_statistics(table):
    """Whether a table without a header is the ministry's report of 94 columns, known by its shape."""
    rows = table.rows[:50]
    if table.header_row or len(table.columns) != WIDTH:
        return False
    fits = [ROUND.fullmatch(thai.clean(values[0])) and _like(r"\d{4}|\d{8}")(values[1]) for _, values in rows]
    return sum(map(bool, fits)) * 10 >= len(fits) * 9


def statistics_names():
    """{column index: field} of that report: round, school, and the rooms of each single grade."""
    rooms = {
        5 + 4 * place: f"rooms_{grades[0]}" for place, (_, grades) in enumerate(LEVELS) if len(grades) == 1
    }
    return {0: "round", 1: "code"} | rooms


def guess(table, kind=None):
    """(kind, {column index: field}, sentence or None): by the shape, by the labels, by the look of the values."""
    if is_statistics(table) and kind in (None, "rooms"):
        return "rooms", statistics_names(), f"ไฟล์นี้คือ{STATISTICS} ระบบจับคู่คอลัมน์ให้ครบแล้ว"
    if kind is None:
        found = _guess(table, room_fields())
        kind = "rooms" if sum(name.startswith("rooms_") for name in found.values()) >= 3 else "schools"
    return kind, _guess(table, fields_of(kind)), None


def _guess(table, known):
    names = dict(match_columns(table.columns, known, table.rows).names) if table.header_row else {}
    _let_go(table, known, names)
    for one in known:
        if one.sure and one.name not in names.values():
            shares = [
                (share_that_looks(one, index, table.rows[:200]), -index)
                for index in range(len(table.columns))
                if index not in names and (one.name not in CODES or _differs(table, index))
            ]
            share, minus = max(shares, default=(0, 0))
            if share >= SURE:
                names[-minus] = one.name
    return names


def _differs(table, index):
    """Whether a column's values are mostly different, as the codes of schools are."""
    values = [values[index] for _, values in table.rows[:200] if values[index] not in (None, "")]
    return len(set(values)) * 10 > len(values) * 9


def _let_go(table, known, names):
    """A label that fits while hardly a value does is let go: a `sch_code` of ten digits is no SMIS code."""
    looks = {one.name: one for one in known if one.name in CODES}
    for index, name in list(names.items()):
        if name in looks and share_that_looks(looks[name], index, table.rows[:200]) < 0.5:
            filled = any(values[index] not in (None, "") for _, values in table.rows[:200])
            if filled:
                del names[index]


# ---- what a cell means ----


def area_of(value):
    """The area code of eight digits that a cell means: 8601, 86010000, 1086010000 (six digits of a secondary area stay); '' for anything else."""
    code = digits(value)
    if not AREA.fullmatch(code):
        return ""
    return code[2:] if len(code) == 10 else code.ljust(8, "0") if len(code) == 4 else code


def levels_of(value):
    """(first, last) grade of levels told in words; None where no word is known."""
    text = thai.clean(value).replace("ฯ", "")
    ends = [(low, high) for word, low, high in LEVEL_WORDS if word in text]
    if not ends:
        return None
    return min(low for low, _ in ends), max(high for _, high in ends)


def grade_of(value):
    """The code of a grade written as 'ป.6', 'ประถมศึกษาปีที่ 6' or '09'."""
    text = thai.arabic_digits(thai.clean(value)).replace(" ", "")
    listed = code_list("GRADE")
    for code in listed.codes:
        if text in (code, (listed.short(code) or "").replace(" ", ""), listed.label(code).replace(" ", "")):
            return code
    raise ValueError("ไม่รู้จักชั้นนี้ ให้เขียนเช่น อ.2 ป.6 ม.3")


def value_of(name, value):
    """What to store of one cell of a school's own field; None for nothing. Raises ValueError with a sentence."""
    text = thai.clean(value)
    if text in ("", "-", "–"):
        return None
    return accept(name, READERS.get(name, lambda one: text)(value))


def _name(value):
    text = thai.arabic_digits(thai.clean(value))
    return text.removeprefix("โรงเรียน").strip() or text


def _obec(value):
    return digits(value).zfill(6)


def _picked(words):
    def read(value):
        text = thai.clean(value).lower()
        if text not in words:
            raise ValueError(f"ไม่รู้จัก “{text[:30]}” ให้ใช้ {' '.join(list(dict.fromkeys(words))[-4:])}")
        return words[text]

    return read


def _number(value):
    number = float(thai.arabic_digits(thai.clean(value)).replace(",", "."))
    return f"{number:.8f}".rstrip("0").rstrip(".")


def _latitude(value):
    try:
        text = _number(value)
    except ValueError as fault:
        raise ValueError("ต้องเป็นตัวเลของศาทศนิยม เช่น 15.2448") from fault
    if text in ("0", "-0"):
        raise ValueError("พิกัด 0 คือยังไม่ได้วัด จึงไม่นำเข้าช่องนี้")
    return text


READERS = {
    "code": digits, "moe_code": digits, "obec_code": _obec, "name": _name, "postcode": digits,
    "latitude": _latitude, "longitude": _latitude, "grade_from": grade_of, "grade_to": grade_of,
    "size_band": _picked(SIZE_WORDS), "status": _picked(STATUS_WORDS),
}  # fmt: skip
