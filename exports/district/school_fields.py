"""The fields of a school list: what a column may be, how it is guessed, and what its cells mean.

Real lists write codes as numbers, lose leading zeros, name places instead of coding them and tell levels in words;
each reader here gives the value as a form would type it, or raises ValueError with a sentence.
"""

import re
from dataclasses import dataclass, replace
from functools import cache

from documents import clock
from documents.district import places
from documents.district.school_rules import school_name
from documents.district.schools import NAMES, STATUSES, TEACHING, Parcel, School
from documents.formats import buddhist, thai
from documents.records.codelists import code_list
from documents.records.record import declared
from exports.dmc.reports import GRADES, LEVELS
from exports.reading.headers import match_columns, share_that_looks
from exports.workbooks.cell_values import value_of as value_of_cell

CODES = ("code", "moe_code")
SURE = 0.9  # the share of a column's values that must look like a field where no label says so
AREA = re.compile(r"\d{4}|\d{6}|\d{8}|10\d{8}")
LEVEL_WORDS = (  # (word, first grade, last grade); domain.md 4.1
    ("อนุบาล", "02", "03"), ("ก่อนประถม", "02", "03"), ("ประถม", "04", "09"),
    ("มัธยมศึกษาตอนต้น", "10", "12"), ("ม.ต้น", "10", "12"), ("มัธยมศึกษาตอนปลาย", "13", "15"), ("ม.ปลาย", "13", "15"),
    ("ขยายโอกาส", "04", "12"),
)  # fmt: skip
STATUS_WORDS = {v: k for k, v in STATUSES.items()} | {
    "เปิด": "open", "เปิดสอน": "open", "ยุบ": "closed", "เลิก": "closed", "ยุบเลิก": "closed", "ปิด": "closed",
    "รวม": "merged", "เรียนรวม": "merged", "โอน": "transferred",
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
    """The digits of a code however a sheet holds it: 34010001.0, ' ๓๔๐๑๐๐๐๑ ', '1-2', "'34010001"."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return re.sub(r"[\s\-'’]", "", thai.arabic_digits(thai.clean(value)))


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


def _group_of(field):
    return "ข้อมูลโรงเรียน" if field.group in (NAMES, TEACHING) else field.group


def code_like(value):
    """Whether a value looks like the code of a school."""
    return _like(r"\d{8}")(value) and digits(value)[:2] in places.names()


LOOKS = {  # of the school's own fields: (looks, whether looks alone decide)
    "moe_code": (_like(r"1\d{9}"), True),
    "obec_code": (_like(r"\d{5,6}"), False),
    "latitude": (_degrees(5, 21), True),
    "longitude": (_degrees(97, 106), True),
}
BESIDE = (  # what a list says of a school in its own way
    ListField("code", "รหัส SMIS 8 หลัก", ("รหัส smis", "smis", "รหัสโรงเรียน (smis)", "รหัสโรงเรียน", "รหัสโรงเรียน 8 หลัก",
              "schoolcode", "sch_code", "smiscode"), code_like, True),
    ListField("area", "รหัสเขตพื้นที่", ("รหัส สพท.", "รหัสเขต", "รหัสเขตพื้นที่", "area", "sch_area2", "sch_area", "areacode",
              "รหัสเขตพื้นที่การศึกษา", "รหัสเขต 8 หลัก"), lambda value: bool(AREA.fullmatch(digits(value)))),
    ListField("levels", "ระดับที่เปิดสอน (เป็นคำ)", ("ประเภทการศึกษา", "ระดับที่เปิดสอน", "ระดับ", "level", "ระดับการศึกษา"),
              lambda value: bool(levels_of(value))),
    ListField("status", "สถานะ", ("สถานะโรงเรียน", "สถานภาพ")),
    ListField("subdistrict", "ตำบล", ("แขวง", "subdistrict", "subdistrictname", "รหัสตำบล", "ตำบล/แขวง"), group="ที่ตั้ง"),
    ListField("district", "อำเภอ", ("เขต", "district", "districtname", "รหัสอำเภอ", "อำเภอ/เขต"), group="ที่ตั้ง"),
    ListField("province", "จังหวัด", ("province", "provincename", "รหัสจังหวัด"), group="ที่ตั้ง"),
)  # fmt: skip


@cache
def school_fields():
    """Every field that a column of a school list may be: the code first, then what the profile declares."""
    own = [
        ListField(
            name, field.verbose_name, tuple(field.synonyms), *LOOKS.get(name, (None, False)), _group_of(field)
        )
        for name, field in declared(School).items()
        if name not in {one.name for one in BESIDE} and field.kind != "picture"
    ]
    return (BESIDE[0], *own, *BESIDE[1:])


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
    known = {one.name: one for one in BESIDE}
    round_ = ListField(
        "round", "รอบ (ปี-ครั้ง)", ("รอบ", "ปี-รอบ"), lambda value: bool(ROUND.fullmatch(thai.clean(value))), True
    )
    name = ListField("name", "ชื่อโรงเรียน", ("โรงเรียน", "ชื่อสถานศึกษา"))
    return (known["code"], name, known["area"], round_, *(_room_field(grade) for grade in GRADES))


def land_fields():
    """The fields of a file of parcels of land: whose each is, and what a parcel says."""
    known = {one.name: one for one in school_fields()}
    parcel = [
        ListField(name, one.verbose_name, tuple(one.synonyms)) for name, one in declared(Parcel).items()
    ]
    return (*(known[name] for name in ("code", "moe_code", "obec_code", "name", "area")), *(
        replace(one, group="แปลงที่ดิน") for one in (PLOT, *parcel, LAND_SIZE)))  # fmt: skip


PLOT = ListField("plot", "แปลงที่", ("แปลง", "ลำดับแปลง", "แปลงที่ดินที่"))
LAND_SIZE = ListField(
    "size",
    "เนื้อที่ในช่องเดียว เช่น 12-3-20",
    ("เนื้อที่", "เนื้อที่ทั้งหมด", "เนื้อที่ ไร่-งาน-ตารางวา", "เนื้อที่ (ไร่-งาน-ตร.ว.)", "ขนาดที่ดิน"),
)
SIZES = ("rai", "ngan", "wah", "size")  # one of them has a column

ROUND = re.compile(r"25\d\d-[123]")
KINDS = {"schools": "ข้อมูลโรงเรียน", "land": "ที่ดินของโรงเรียน", "rooms": "จำนวนห้องเรียนของรอบ"}
FIELDS = {"schools": school_fields, "land": land_fields, "rooms": room_fields}
STATISTICS = "รายงานจำนวนนักเรียนแยกชั้น,เพศ"
WIDTH = 94


def fields_of(kind):
    """The fields that a column of this kind of file may be."""
    return FIELDS[kind]()


def known_labels():
    """Every label and synonym, to find a header by."""
    every = (one for fields in FIELDS.values() for one in fields())
    return [word for one in every for word in (one.label, *one.synonyms)]


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
        rooms, land = _guess(table, room_fields()).values(), _guess(table, land_fields()).values()
        of_land = len({*SIZES, "tenure"} & set(land)) >= 2
        of_rooms = sum(name.startswith("rooms_") for name in rooms) >= 3
        kind = "rooms" if of_rooms else "land" if of_land else "schools"
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


def values_of(name, value):
    """{field: what to store} of one cell of a school's own field, {} for nothing. Raises ValueError with a sentence."""
    text = thai.clean(value)
    if text in NOTHING:
        return {}
    if name in SEVERAL:
        return SEVERAL[name](text)
    read = READERS.get(name)
    cell = read(value) if read else value
    return {name: value_of_cell(declared(School)[name], cell)} if cell not in (None, "") else {}


NOTHING = ("", "-", "–", "--", "ไม่มี", "ไม่ทราบ")


def status_of(value):
    """The status that a cell of a list says, None for nothing. Raises ValueError."""
    text = thai.clean(value)
    if text in NOTHING:
        return None
    if text.lower() not in STATUS_WORDS:
        raise ValueError(f"ไม่รู้จักสถานะ “{text[:30]}” ให้ใช้ {' '.join(STATUSES.values())}")
    return STATUS_WORDS[text.lower()]


def _name(value):
    return school_name(thai.arabic_digits(thai.clean(value)))


def _unmarked(value):
    """A cell without the Thai marks that a slip of the keyboard left before it."""
    return re.sub("^[ัิ-ฺ็-๎]+", "", thai.clean(value))


def _postcode(value):
    return digits(_unmarked(value))


def _obec(value):
    return digits(value).zfill(6)


def _number(value):
    """A measured number as lists write it: '15,2', '33 กม.', 'กม.' for nothing."""
    text = re.sub(r"(กม\.?|กิโลเมตร|km)", "", thai.arabic_digits(_unmarked(value)).lower()).strip()
    if re.fullmatch(r"-?\d{1,3},\d{1,8}", text):
        text = text.replace(",", ".")
    return None if text in NOTHING else text


def _degree(value):
    text = _number(value)
    if text is not None and re.fullmatch(r"-?0+(\.0+)?", text):
        raise ValueError("พิกัด 0 คือยังไม่ได้วัด จึงไม่นำเข้าช่องนี้")
    if text is not None and (found := re.fullmatch(r"(-?\d{1,3}\.\d{12})\d+", text)):
        return found[1]
    return text


READERS = {
    "moe_code": digits, "obec_code": _obec, "name": _name, "name_en": _unmarked, "postcode": _postcode, "house_id": digits,
    "latitude": _degree, "longitude": _degree, "km_to_area": _number, "km_to_district": _number,
}  # fmt: skip

VILLAGE = re.compile(r"(?:หมู่(?:ที่)?\.?\s*(\d{1,2}|-)?)?\s*(?:บ้าน\s*(.*))?")


def _village(text):
    """A village told with its number: 'หมู่ 15 บ้านหนองบัว'."""
    found = VILLAGE.fullmatch(thai.arabic_digits(text))
    if not found or not any(found.groups()):
        return {"village": value_of_cell(declared(School)["village"], text)}
    values = {"moo": found[1] and found[1].lstrip("0"), "village": (found[2] or "").strip()}
    return {name: value for name, value in values.items() if value not in (None, "", "-", "0")}


SAID = re.compile(r"(?:วันที่|วัน|เดือน|พุทธศักราช|พ\s*\.?\s*ศ\s*\.?|ปี|เมื่อ|ก่อตั้ง)")
IN_ONE = re.compile(r"(\d{1,2})(\d{2})(2[3-6]\d\d)")
GLUED = re.compile(r"(\d{1,2})\s*([ก-๎.]+)\s*(2[3-6]\d\d)")
ITS_YEAR = re.compile(r"(?:[ก-๎.]+\s*)?(2[3-6]\d\d)")


def _founding(text):
    """The day a school was founded, or the year alone where the text knows no more."""
    plain = " ".join(SAID.sub(" ", thai.arabic_digits(text).replace("กรกฏ", "กรกฎ")).split())
    if plain.strip("0/ ") == "":
        return {}
    if (short := buddhist.short_year(plain)) and short[3]:  # a month in Thai words is of a Buddhist year
        plain = buddhist.with_full_year(plain, "be")
    year = ITS_YEAR.fullmatch(plain)
    if year and not IN_ONE.fullmatch(plain):
        if int(year[1]) > buddhist.to_buddhist_year(clock.today()):
            raise ValueError(f"ปี {year[1]} ยังมาไม่ถึง กรุณาตรวจสอบปีที่ก่อตั้ง")
        return {"founded_year": int(year[1])}
    if found := IN_ONE.fullmatch(plain):
        plain = "/".join(found.groups())
    elif found := GLUED.fullmatch(plain):
        plain = " ".join(found.groups())
    return {
        "founded_on": value_of_cell(
            declared(School)["founded_on"], plain.replace(" / ", "/").replace("/ ", "/")
        )
    }


SEVERAL = {"village": _village, "founded_on": _founding}
