"""What a list of schools would change: new, changed field by field, same, at fault, and not in the file.

A plan is plain values, kept with its upload. A fault of the code or the name keeps its row out; any other keeps
only its cell out. Schools of other areas are passed over, and schools that the file does not name stay as they are.
"""

from collections import Counter
from dataclasses import dataclass, field

from documents import places, thai
from documents.errors import RuleBroken
from documents.school_list import SchoolChange, write_schools
from documents.schools import EDITABLE, School
from exports.school_fields import area_of, digits, levels_of, value_of

OWN = ("moe_code", "obec_code", "name", "cluster", "grade_from", "grade_to", "size_band", "status", "postcode",
       "latitude", "longitude", "director_name", "phone", "email", "line", "data_officer_name",
       "data_officer_phone")  # fmt: skip
KINDERGARTEN = ("01", "02", "03")
NAMED = 3


@dataclass
class Reading:
    """One walk over a file: where each field's column is, what is stored, and what was found so far."""

    table: object
    at: dict  # field: column index
    area_code: str
    trusts: bool  # the officer says that every school of the file is the area's
    stored: list
    plan: dict
    seen: dict = field(default_factory=dict)
    elsewhere: Counter = field(default_factory=Counter)

    def cell(self, values, name):
        """The raw value of a field in a row; None where no column is mapped to it."""
        return values[self.at[name]] if name in self.at else None

    def refuse(self, row, name, sentence, whole=False):
        """Note a fault: of the cell, or of the whole row."""
        column = self.table.title_of(self.at[name]) if name in self.at else ""
        self.plan["errors"].append({"row": row, "column": column, "sentence": sentence, "whole": whole})


def plan_schools(table, names, area_code, trusts=False):
    """The plan (a dict of plain values) of a list of schools for one area; `names` is {column index: field}.

    Raises RuleBroken where the columns that name a school are not mapped, or one field is mapped twice.
    """
    refuse_mapping(names, ("code", "moe_code", "obec_code"))
    plan = {"kind": "schools", "new": [], "changed": [], "same": 0, "errors": [], "absent": [], "notes": []}
    stored = list(School.objects(area_code=area_code, kind="school").order_by("code"))
    reading = Reading(table, {name: at for at, name in names.items()}, area_code, trusts, stored, plan)
    index = {name: {getattr(one, name): one for one in stored if getattr(one, name)} for name in KEYS}
    for row, values in table.rows:
        if found := _found(reading, row, values, index):
            _plan_row(reading, row, values, *found)
    found_codes = set(reading.seen)
    plan["absent"] = [[one.code, one.name] for one in stored if one.code not in found_codes]
    _tell_elsewhere(reading)
    return plan


KEYS = ("code", "moe_code", "obec_code")


def refuse_mapping(names, keys):
    """Raise RuleBroken for a field with two columns, and where none of `keys` has one."""
    doubled = [name for name, number in Counter(names.values()).items() if number > 1]
    if doubled:
        raise RuleBroken("มีสองคอลัมน์ที่จับคู่กับข้อมูลเดียวกัน กรุณาเลือกให้เหลือคอลัมน์เดียว")
    if not set(keys) & set(names.values()):
        raise RuleBroken("กรุณาเลือกว่าคอลัมน์ใดเป็นรหัสโรงเรียน เช่น รหัส SMIS 8 หลัก")


def _found(reading, row, values, index):
    """(code, the School or None) that a row is about; None for a row that is passed over or at fault."""
    code = digits(reading.cell(values, "code"))
    if is_total(code, reading.area_code):
        reading.plan["notes"].append(f"แถวที่ {row} เป็นแถวรวมของเขต จึงไม่นำเข้า")
        return None
    area = area_of(reading.cell(values, "area"))
    if area and area != reading.area_code:
        reading.elsewhere[area] += 1
        return None
    school = index["code"].get(code) or _by_other_code(reading, values, index)
    if school is None and not area and not reading.trusts and code[:4] != reading.area_code[:4]:
        reading.elsewhere[area_of(code[:4])] += 1
        return None
    if school is None and not (len(code) == 8 and code.isascii() and code.isdigit()):
        missing = "ไม่มีรหัส SMIS 8 หลัก และไม่พบโรงเรียนนี้ในระบบจากรหัสอื่น" if not code else "รหัส SMIS ต้องมี 8 หลัก"
        reading.refuse(row, "code", missing, whole=True)
        return None
    code = school.code if school else code
    if code in reading.seen:
        reading.refuse(row, "code", f"โรงเรียนนี้อยู่ในไฟล์แล้วที่แถว {reading.seen[code]}", whole=True)
        return None
    reading.seen[code] = row
    return code, school


def is_total(code, area_code):
    """Whether a code is the area's own, which stands in the total row of the ministry's files."""
    return code in (area_code, area_code[:4])


def _by_other_code(reading, values, index):
    if digits(reading.cell(values, "code")):
        return None
    moe, obec = digits(reading.cell(values, "moe_code")), digits(reading.cell(values, "obec_code"))
    return index["moe_code"].get(moe) or index["obec_code"].get(obec.zfill(6) if obec else moe[-6:] or None)


def _plan_row(reading, row, values, code, school):
    """Put a row of the area's own schools where it belongs in the plan."""
    given = _values(reading, row, values, school)
    if school is None and not given.get("name"):
        reading.refuse(row, "name", "โรงเรียนใหม่ต้องมีชื่อโรงเรียน", whole=True)
        return
    changed = {name: value for name, value in given.items() if not _same(school, name, value)}
    first, last = (
        changed.get(name) or getattr(school, name, None) or "" for name in ("grade_from", "grade_to")
    )
    if first and last and first > last:
        reading.refuse(row, "grade_to", "ชั้นสูงสุดต้องไม่ต่ำกว่าชั้นต่ำสุด")
        changed = {name: value for name, value in changed.items() if not name.startswith("grade_")}
    planned = {"row": row, "code": code, "name": given.get("name") or school.name, "values": changed}
    if school is None:
        reading.plan["new"].append(planned)
    elif changed:
        pairs = [[name, getattr(school, name), value] for name, value in changed.items()]
        planned |= {"id": school.id, "revision": school.revision, "changes": pairs, "name": school.name}
        reading.plan["changed"].append(planned)
    else:
        reading.plan["same"] += 1


def _values(reading, row, values, school):
    """{field: value} of what a row says; a cell that cannot be read is noted and left out."""
    given = {}
    for name in OWN:
        try:
            value = value_of(name, reading.cell(values, name))
        except ValueError as fault:
            reading.refuse(row, name, str(fault))
            continue
        if value is not None:
            given[name] = value
    _read_levels(reading, values, given, school)
    _read_place(reading, row, values, given)
    moe, obec = given.get("moe_code"), given.get("obec_code")
    if moe and obec and moe[-6:] != obec:
        reading.refuse(row, "obec_code", "รหัส OBEC ไม่ตรงกับ 6 หลักท้ายของรหัสกระทรวง จึงไม่นำเข้าช่องนี้")
        del given["obec_code"]
    elif moe and not obec and not (school and school.obec_code):
        given["obec_code"] = moe[-6:]
    return {name: given[name] for name in EDITABLE if name in given}


def _read_levels(reading, values, given, school):
    """First and last grade of levels told in words, where no column says them; "อนุบาล" does not say at which age."""
    ends = levels_of(reading.cell(values, "levels"))
    if ends:
        stored = school.grade_from if school else None
        vague = ends[0] in KINDERGARTEN and stored in KINDERGARTEN
        given.setdefault("grade_from", stored if vague else ends[0])
        given.setdefault("grade_to", ends[1])


def _read_place(reading, row, values, given):
    """The code of a subdistrict that is coded, or named with its district and province."""
    written = [thai.clean(reading.cell(values, name)) for name in ("province", "district", "subdistrict")]
    if written[2] in ("", "-"):
        return
    code = places.find(*written)[2] or places.find_in(written[2], 6)
    if code:
        given["subdistrict"] = code
    else:
        under = " ".join(filter(None, (f"อำเภอ {written[1]}" if written[1] else "", written[0])))
        reading.refuse(
            row,
            "subdistrict",
            f"ไม่พบตำบล “{written[2][:40]}” {under} กรุณาเลือกตำบลในหน้าโรงเรียน".replace("  ", " "),
        )


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


def _tell_elsewhere(reading):
    number = sum(reading.elsewhere.values())
    if not number:
        return
    most = " ".join(f"{code or 'ไม่ทราบเขต'} ({n:,})" for code, n in reading.elsewhere.most_common(NAMED))
    more = " และเขตอื่นอีก" if len(reading.elsewhere) > NAMED else ""
    sentence = f"ข้าม {number:,} แถวที่ไม่ใช่โรงเรียนในเขตของท่าน: {most}{more}"
    if "area" not in reading.at:
        sentence += " ไฟล์นี้ไม่มีคอลัมน์รหัสเขต หากเป็นโรงเรียนในเขตจริง ให้ย้อนกลับไปยืนยันว่าทุกแถวเป็นโรงเรียนในเขต"
    reading.plan["notes"].append(sentence)


def apply_schools(plan, area_code, actor, reason):
    """Store what was planned; gives the number of schools written. Raises StaleRevision, and then nothing is stored."""
    changes = [SchoolChange(one["code"], one["values"]) for one in plan["new"]]
    changes += [
        SchoolChange(one["code"], one["values"], one["id"], one["revision"]) for one in plan["changed"]
    ]
    return write_schools(area_code, changes, actor, reason)
