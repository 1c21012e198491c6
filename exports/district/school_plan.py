"""What a list of schools would change, row by row: each row of the file has one outcome, and says why.

A fault of the code or the name keeps its row out; any other keeps only its cell out. Rows of other areas, and those
whose school is in the file already, are told as what they are. Schools that the file does not name stay as they are.
The rows of a plan are kept one by one, so that a list of a whole region is planned, shown and stored in pieces.
"""

from collections import Counter
from dataclasses import dataclass, field

from bson import ObjectId
from mongoengine import Document
from mongoengine.fields import (
    BooleanField,
    DateTimeField,
    DictField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from documents import clock
from documents.clock import naive
from documents.database import collection
from documents.district import places, school_names
from documents.district.school_list import SchoolChange
from documents.district.school_rules import together
from documents.district.schools import School
from documents.errors import RuleBroken
from documents.formats import thai
from documents.records.record import declared
from exports.district.school_fields import area_of, digits, levels_of, status_of, values_of
from exports.imports.named_schools import has_code
from exports.imports.plans import LIVES
from exports.reading.table_ends import is_sum

KINDERGARTEN = ("01", "02", "03")
KEYS = ("code", "moe_code", "obec_code")
NAMED_BY = (*KEYS, "name")  # one of them has a column
OUTCOMES = {
    "new": "เพิ่มใหม่",
    "changed": "เปลี่ยนแปลง",
    "same": "เหมือนเดิม",
    "refused": "นำเข้าไม่ได้",
    "elsewhere": "ไม่ใช่เขตของท่าน",
    "total": "แถวรวม",
}
ABSENT = "absent"  # no row of the file: a school that the file does not name
AT_ONCE = 500  # rows stored with one command
OTHER_NAMES = {"code": "รหัส SMIS", "moe_code": "รหัสกระทรวง", "obec_code": "รหัส OBEC"}


class PlannedRow(Document):
    """One row of a planned list: its outcome, why, and what would be stored; gone with its upload."""

    area_code = StringField(required=True, max_length=8)
    upload = ObjectIdField(required=True)
    outcome = StringField(required=True)
    at = IntField(required=True)  # its place among all
    row = IntField()  # as the sheet numbers it
    code = StringField()
    name = StringField()
    reason = StringField()
    faults = ListField(DictField())  # column, sentence: cells that are left out
    values = DictField()
    school = ObjectIdField()
    revision = IntField()
    before = DictField()
    done = BooleanField()
    undone = BooleanField()
    expires_at = DateTimeField(required=True)

    meta = {
        "collection": "school_plan_rows",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["area_code", "upload", "outcome", "at"]},
            {"fields": ["area_code", "upload", "at"]},
            {"fields": ["expires_at"], "expireAfterSeconds": 0},
        ],
    }


@dataclass
class Reading:
    """One walk over a file: where each field's column is, what is stored, and what was seen so far."""

    table: object
    at: dict  # field: column index
    area_code: str
    trusts: bool  # the officer says that every school of the file is the area's
    stored: list
    plan: dict = field(default_factory=dict)  # of a plan that is kept whole (rooms)
    seen: dict = field(default_factory=dict)  # {code: row}
    others: dict = field(default_factory=dict)  # {(other code's name, code): row}
    elsewhere: Counter = field(default_factory=Counter)
    rooms: Counter = field(default_factory=Counter)  # {code: rooms that the file tells}
    named: object = None  # the NamedSchools of rows without a code

    def by_name(self, values):
        """The code of the school that a row without a code names, "" for none."""
        key = school_names.key_of(self.cell(values, "name")) if self.named else ""
        return self.named.meant(key, self.cell(values, "name")) if key else ""

    def cell(self, values, name):
        """The raw value of a field in a row; None where no column is mapped to it."""
        return values[self.at[name]] if name in self.at else None

    def title(self, name):
        """The column of a field as people name it."""
        return self.table.title_of(self.at[name]) if name in self.at else ""

    def refuse(self, row, name, sentence, whole=False):
        """Note a fault in a plan that is kept whole: of the cell, or of the whole row."""
        told = {"row": row, "column": self.title(name), "sentence": sentence, "whole": whole}
        self.plan["errors"].append(told)


def refuse_mapping(names, keys):
    """Raise RuleBroken for a field with two columns, and where none of `keys` has one."""
    doubled = [name for name, number in Counter(names.values()).items() if number > 1]
    if doubled:
        raise RuleBroken("มีสองคอลัมน์ที่จับคู่กับข้อมูลเดียวกัน กรุณาเลือกให้เหลือคอลัมน์เดียว")
    if not set(keys) & set(names.values()):
        raise RuleBroken("กรุณาเลือกว่าคอลัมน์ใดเป็นรหัสโรงเรียน เช่น รหัส SMIS 8 หลัก หรือเป็นชื่อโรงเรียน")


def planned_rows(table, names, area_code, trusts=False, named=None):
    """Yield each row of a file as a plain dict of PlannedRow, then each school that it does not name.

    `names` is {column index: field}, `named` the NamedSchools of rows without a code. Raises RuleBroken as `refuse_mapping`.
    """
    refuse_mapping(names, NAMED_BY)
    stored = list(
        School.objects(area_code=area_code, kind="school").exclude("moves", "acting").order_by("code")
    )
    reading = Reading(table, {name: at for at, name in names.items()}, area_code, trusts, stored, named=named)
    index = schools_by(stored)
    for row, values in table.rows:
        yield {"row": row} | _planned(reading, row, values, index)
    for one in stored:
        if one.code not in reading.seen:
            yield {"outcome": ABSENT, "code": one.code, "name": one.name}


def _planned(reading, row, values, index):
    """What becomes of one row."""
    called, school, by_name, told = whose_row(reading, values, index)
    if told:
        return called | told
    code = called["code"]
    if school is None and not (len(code) == 8 and code.isascii() and code.isdigit()):
        said = (
            "ไม่มีรหัส SMIS 8 หลัก และไม่พบโรงเรียนนี้ในระบบจากรหัสอื่นหรือจากชื่อ"
            if not code
            else f"รหัส SMIS ต้องมี 8 หลัก (มี {len(code)})"
        )
        return called | refused(reading, "code", said)
    if code in reading.seen:
        return called | refused(reading, "code", f"โรงเรียนนี้อยู่ในไฟล์แล้วที่แถว {reading.seen[code]}")
    reading.seen[code] = row
    return called | _judged(reading, row, values, school, index, by_name)


def schools_by(stored):
    """{name of a code: {code: School}} of the schools that are stored."""
    return {name: {getattr(one, name): one for one in stored if getattr(one, name)} for name in KEYS}


def whose_row(reading, values, index):
    """(code and name of a row, its School or None, whether it was found by name, its outcome).

    The outcome is None but for a row that is of no school of the area: a sum, another area's.
    """
    code = digits(reading.cell(values, "code"))
    called = {"code": code, "name": thai.clean(reading.cell(values, "name"))[:200]}
    if why := _why_no_school(reading, values, called):
        return called, None, False, {"outcome": "total", "reason": why}
    school = index["code"].get(code) or _by_other_code(reading, values, index)
    by_name = school is None and not any(has_code(reading.cell(values, name)) for name in KEYS)
    if by_name:
        school = index["code"].get(reading.by_name(values))
    if reason := _not_ours(reading, values, code, school):
        return called, None, False, {"outcome": "elsewhere", "reason": reason}
    return called | ({"code": school.code} if school else {}), school, by_name, None


def _why_no_school(reading, values, called):
    """Why a row is no school's; None where it is one's."""
    if is_total(called["code"], reading.area_code):
        return "แถวรวมของเขต ไม่ใช่โรงเรียน"
    if not any((*called.values(), *(digits(reading.cell(values, name)) for name in KEYS))):
        return "แถวที่ไม่มีรหัสและชื่อโรงเรียน เช่น แถวรวม"
    return "แถวนี้บอกว่าเป็นยอดรวมหรือค่าเฉลี่ย ไม่ใช่โรงเรียน" if is_sum(values) else None


def refused(reading, name, sentence, faults=()):
    """The outcome of a row that is kept out for what stands in a field's column."""
    column = reading.title(name)
    return {
        "outcome": "refused",
        "reason": f"{column}: {sentence}" if column else sentence,
        "faults": list(faults),
    }


def is_total(code, area_code):
    """Whether a code is an area's, which stands in the total row of the ministry's files: no school runs as 0000."""
    return code in (area_code, area_code[:4]) or (len(code) == 8 and code.endswith("0000"))


def _not_ours(reading, values, code, school):
    """Why a row is passed over as another area's school; None where it is not."""
    if reading.trusts:
        return None
    area = area_of(reading.cell(values, "area"))
    if area and area != reading.area_code:
        return f"เป็นโรงเรียนของเขต {area}"
    if school is None and not area and len(code) == 8 and code[:4] != reading.area_code[:4]:
        return f"รหัสขึ้นต้นด้วย {code[:4]} ไม่ใช่เขตของท่าน และไฟล์ไม่บอกรหัสเขต"
    return None


def _by_other_code(reading, values, index):
    if digits(reading.cell(values, "code")):
        return None
    moe, obec = digits(reading.cell(values, "moe_code")), digits(reading.cell(values, "obec_code"))
    return index["moe_code"].get(moe) or index["obec_code"].get(obec.zfill(6) if obec else moe[-6:] or None)


def _judged(reading, row, values, school, index, by_name=False):
    """The outcome of a row of the area's own schools; a name that it was found by is no news of it."""
    faults = []
    given = _values(reading, values, school, faults)
    if by_name and school:
        given.pop("name", None)
    if school is None and not given.get("name"):
        return refused(reading, "name", "โรงเรียนใหม่ต้องมีชื่อโรงเรียน", faults)
    if clash := _taken(reading, row, given, school, index):
        return refused(reading, *clash, faults)
    _leave_out_what_clashes(reading, given, school, faults)
    changed = {name: value for name, value in given.items() if not _same(school, name, value)}
    told = {"name": given.get("name") or school.name, "values": changed, "faults": faults}
    if school is None:
        return told | {"outcome": "new"}
    told |= {"name": school.name, "before": {name: getattr(school, name) for name in changed}}
    return told | {
        "outcome": "changed" if changed else "same",
        "school": school.id,
        "revision": school.revision,
    }


def _values(reading, values, school, faults):
    """{field: value} of what a row says; a cell that cannot be read is told in `faults` and left out."""
    given = {}
    for name in declared(School):
        if name not in reading.at or name == "subdistrict":
            continue
        try:
            given |= values_of(name, reading.cell(values, name))
        except ValueError as fault:
            faults.append(_fault(reading, name, str(fault)))
    if school and school.founded_on:
        given.pop("founded_year", None)
    _read_levels(reading, values, given, school)
    _read_place(reading, values, given, faults)
    _read_status(reading, values, given, school, faults)
    moe = given.get("moe_code")
    if moe and not given.get("obec_code") and not (school and school.obec_code):
        given["obec_code"] = moe[-6:]
    return given


def _fault(reading, name, sentence):
    return {"column": reading.title(name), "sentence": sentence}


def _read_levels(reading, values, given, school):
    """First and last grade of levels told in words, where no column says them; "อนุบาล" does not say at which age."""
    ends = levels_of(reading.cell(values, "levels"))
    if ends:
        stored = school.grade_from if school else None
        vague = ends[0] in KINDERGARTEN and stored in KINDERGARTEN
        given.setdefault("grade_from", stored if vague else ends[0])
        given.setdefault("grade_to", ends[1])


def _read_place(reading, values, given, faults):
    """The code of a subdistrict that is coded, or named with its district and province."""
    written = [thai.clean(reading.cell(values, name)) for name in ("province", "district", "subdistrict")]
    if written[2] in ("", "-"):
        return
    code = places.find(*written)[2] or places.find_in(written[2], 6)
    if code:
        given["subdistrict"] = code
    else:
        under = " ".join(filter(None, (f"อำเภอ {written[1]}" if written[1] else "", written[0])))
        told = f"ไม่พบตำบล “{written[2][:40]}” {under} กรุณาเลือกตำบลในหน้าโรงเรียน".replace("  ", " ")
        faults.append(_fault(reading, "subdistrict", told))


def _read_status(reading, values, given, school, faults):
    """A new school has the status that its list says; a known one is merged or closed by an order, not by a list."""
    try:
        status = status_of(reading.cell(values, "status"))
    except ValueError as fault:
        faults.append(_fault(reading, "status", str(fault)))
        return
    if status and school is None:
        given["status"] = status
    elif status and status != (school.status or "open"):
        faults.append(_fault(reading, "status", "สถานะเปลี่ยนด้วยคำสั่งยุบ รวม หรือโอนในหน้าโรงเรียน ไม่ใช่ด้วยไฟล์"))


def _taken(reading, row, given, school, index):
    """(field, sentence) where a code of the row is another school's already, in the system or earlier in the file."""
    for name in ("moe_code", "obec_code"):
        code = given.get(name)
        if not code:
            continue
        owner = index[name].get(code)
        if owner is not None and (school is None or owner.id != school.id):
            return name, f"{OTHER_NAMES[name]} {code} เป็นของ{owner.name} ({owner.code}) อยู่แล้ว"
        first = reading.others.setdefault((name, code), row)
        if first != row:
            return name, f"{OTHER_NAMES[name]} {code} อยู่ในไฟล์แล้วที่แถว {first} ซึ่งเป็นอีกโรงเรียน"
    return None


def _leave_out_what_clashes(reading, given, school, faults):
    """Take out the cells that do not go with the others, each with its sentence."""
    stored = {name: getattr(school, name) for name in declared(School)} if school else {}
    for name, sentence in list(together(stored | given)):
        pair = {"latitude": ("latitude", "longitude"), "longitude": ("latitude", "longitude"),
                "grade_to": ("grade_from", "grade_to")}.get(name, (name,))  # fmt: skip
        if any(given.pop(each, None) is not None for each in pair):
            faults.append(_fault(reading, name, f"{sentence} จึงไม่นำเข้าช่องนี้"))


def _same(school, name, value):
    """Whether a school already has this value; names are compared without blanks, and as digits of one kind."""
    if school is None:
        return False
    stored = getattr(school, name)
    if name in ("name", "cluster") and stored:
        return _folded(stored) == _folded(value)
    return stored == value


def _folded(text):
    return thai.arabic_digits(thai.clean(text)).replace(" ", "")


# ---- kept, shown, stored ----


def keep_rows(upload_id, area_code, rows, kind="schools"):
    """Keep the rows of an upload's plan instead of those there were; yields how many are kept after each piece.

    The last yield is the plan itself: {"kind", "rows", "counts", "faults"}.
    """
    own = {"area_code": area_code, "upload": upload_id}
    collection(PlannedRow).delete_many(own)
    expires = naive(clock.real_now() + LIVES)
    counts, faults, piece, at = Counter(), 0, [], -1
    for at, row in enumerate(rows):
        counts[row["outcome"]] += 1
        faults += len(row.get("faults", ()))
        piece.append(own | {"_id": ObjectId(), "at": at, "expires_at": expires} | row)
        if len(piece) == AT_ONCE:
            collection(PlannedRow).insert_many(piece)
            piece = []
            yield at + 1
    if piece:
        collection(PlannedRow).insert_many(piece)
    yield {"kind": kind, "rows": at + 1 - counts[ABSENT], "counts": dict(counts), "faults": faults}


def rows_of(area_code, upload_id, outcome=None, skip=0, limit=0):
    """The kept rows (plain dicts) of a plan in their order, all of them or those of one outcome."""
    asked = {"area_code": area_code, "upload": upload_id}
    if outcome == "faults":
        asked["faults.0"] = {"$exists": True}
    elif outcome:
        asked["outcome"] = outcome
    return collection(PlannedRow).find(asked).sort("at", 1).skip(skip).limit(limit)


def change_of(row):
    """The SchoolChange that a kept row wants."""
    return SchoolChange(row["code"], row["values"], row.get("school"), row.get("revision"))
