"""What a file of land would change: a row a parcel (แปลงที่ดิน), planned school by school.

The parcels that a file tells of a school stand in place of those that it had, so a school is taken whole or not at all: a size
that cannot be is a fault of the school, any other cell is left out alone. A row without a size is no parcel, and said so.
What a file does not tell of a parcel (its paper, its tenure) stays as it is on the one of that number, or of that size.
"""

import datetime as dt
import re
from dataclasses import dataclass, field

from documents.district import land
from documents.district.schools import Parcel, School
from documents.errors import RuleBroken
from documents.formats import thai
from documents.records.codelists import code_list
from documents.records.record import declared
from exports.district.school_fields import NOTHING, SIZES, digits
from exports.district.school_plan import (
    ABSENT,
    NAMED_BY,
    Reading,
    refuse_mapping,
    refused,
    schools_by,
    whose_row,
)
from exports.workbooks.cell_values import A_DATE_NOW, value_of

PLOT = re.compile(r"(?:แปลง)?\s*(?:ที่)?\s*(\d{1,2})")  # its place in the list, no number of a paper
PAPER = re.compile(r"(\D+?)\s*(?:เลขที่|ที่)?\s*(\d[\d/\- ]*)")
PARTS = (r"\s*ไร่", r"\s*งาน", r"\s*(?:ตร\.?\s*ว\.?|ตารางวา|วา)")
NUMBER = r"(\d[\d,]*(?:\.\d+)?)"
IN_WORDS = re.compile(r"\s*".join(f"(?:{NUMBER}{unit})?" for unit in PARTS))
DASHED = re.compile(r"(\d[\d,]*)\s*-\s*(\d+)\s*-\s*(\d+(?:\.\d+)?)(?:\s*ไร่)?")
OF_SIZE = ("rai", "ngan", "wah")


@dataclass
class SchoolLand:
    """What a file says of one school: `parcels` as they would be stored, `wrong` why none of them can be."""

    school: School
    row: int
    parcels: list = field(default_factory=list)
    wrong: list = field(default_factory=list)
    faults: list = field(default_factory=list)  # column, sentence: what is left out
    rows: int = 0


@dataclass
class Sums:
    """What the whole file tells, to hold against its source."""

    schools: int = 0
    parcels: list = field(default_factory=list)

    def in_words(self):
        """The sums as a sentence."""
        size = land.size_in_words(*land.total(self.parcels)) or "0 ไร่"
        return f"ในไฟล์มีที่ดิน {len(self.parcels):,} แปลง ของ {self.schools:,} โรงเรียน รวม {size}"


def planned_land(table, names, area_code, trusts=False, named=None, sums=None):
    """Yield what becomes of each school that a file names (a plain dict of PlannedRow), of each row that is no school's,
    then each school that it does not name.

    As `school_plan.planned_rows`; `sums` is filled with what was read. Raises RuleBroken.
    """
    refuse_mapping(names, NAMED_BY)
    if not {*SIZES} & set(names.values()):
        raise RuleBroken("กรุณาเลือกว่าคอลัมน์ใดเป็นเนื้อที่: ไร่ งาน ตารางวา หรือเนื้อที่ในช่องเดียว")
    stored = list(
        School.objects(area_code=area_code, kind="school").exclude("moves", "acting").order_by("code")
    )
    reading = Reading(table, {name: at for at, name in names.items()}, area_code, trusts, stored, named=named)
    index, held = schools_by(stored), {}
    for row, values in table.rows:
        called, school, _, told = whose_row(reading, values, index)
        if school is not None:
            _read_row(reading, row, values, held.setdefault(school.code, SchoolLand(school, row)))
        elif told:
            yield {"row": row} | called | told
        else:
            said = "ไม่พบโรงเรียนนี้ในเขต กรุณานำเข้ารายชื่อโรงเรียนก่อน หรือแก้รหัสในไฟล์"
            yield {"row": row} | called | refused(reading, "code", said)
    for one in held.values():
        if sums is not None:
            sums.schools += bool(one.parcels)
            sums.parcels += one.parcels
        yield {"row": one.row, "code": one.school.code, "name": one.school.name} | _judged(one)
    for school in stored:
        if school.code not in held:
            yield {"outcome": ABSENT, "code": school.code, "name": school.name}


def _read_row(reading, row, values, of_school):
    """Take up one row of a school: a parcel, a fault, or nothing."""
    given, wrong = {}, []
    of_school.rows += 1
    for name in reading.at:
        if name not in READERS:
            continue
        try:
            given |= READERS[name](name, reading.cell(values, name))
        except ValueError as fault:
            told = {"column": f"แถว {row} {reading.title(name)}", "sentence": str(fault)}
            (wrong if name in SIZES else of_school.faults).append(told)
    size = {name: given[name] for name in OF_SIZE if given.get(name)}
    parcel = {name: given[name] for name in declared(Parcel) if name in given and name not in OF_SIZE} | size
    if not wrong and not size:
        said = {"column": f"แถว {row}", "sentence": "ไม่มีเนื้อที่ จึงไม่นับเป็นแปลง"}
        of_school.faults.append(said)
        return
    wrong += [
        {"column": f"แถว {row} {reading.title(name)}", "sentence": sentence}
        for name, sentence in land.accepted_parcel(parcel)[1].items()
    ]
    of_school.wrong += wrong
    if not wrong:
        of_school.parcels.append(parcel)


def _judged(one):
    """The outcome of one school."""
    if len(one.parcels) > land.MOST:
        one.wrong.append({"column": "", "sentence": f"มี {len(one.parcels):,} แปลง เกิน {land.MOST} แปลง"})
    told = {"faults": [*one.wrong, *one.faults], "school": one.school.id, "revision": one.school.revision}
    if one.wrong or not one.parcels:
        why = "มีแปลงที่เนื้อที่ไม่ถูกต้อง จึงยังไม่นำเข้าที่ดินของโรงเรียนนี้" if one.wrong else "ไม่มีแปลงใดที่บอกเนื้อที่"
        return told | {"outcome": "refused", "reason": why}
    before = [dict(parcel) for parcel in one.school.land]
    after = with_what_stays(one.parcels, before)
    if sorted(map(_plainly, after)) == sorted(map(_plainly, before)):
        return told | {"outcome": "same"}
    return told | {
        "outcome": "changed" if before else "new",
        "values": {"land": after},
        "before": {"land": before},
    }


def with_what_stays(parcels, stored):
    """Parcels of a file with what they do not say themselves, from the stored ones of the same number or size."""
    left, made = list(stored), []
    for parcel in parcels:
        twin = next((one for one in left if _is_the_same(parcel, one)), {})
        if twin:
            left.remove(twin)
        kept = {name: value for name, value in twin.items() if name not in OF_SIZE}
        made.append(kept | parcel)
    return made


def _is_the_same(parcel, other):
    numbers = parcel.get("number"), other.get("number")
    if all(numbers):
        return numbers[0] == numbers[1]
    return land.square_wah(parcel) == land.square_wah(other)


def _plainly(parcel):
    """A parcel to compare: what is 0 says nothing."""
    return sorted(
        (name, str(float(value) if name in OF_SIZE else value)) for name, value in parcel.items() if value
    )


# ---- what a cell means: {field: value}; raises ValueError with a sentence ----


def _plot(_, cell):
    """A plot's own column holds its place in the list, the number of its paper, or a word that is neither."""
    text = thai.arabic_digits(thai.clean(cell)).removesuffix(".0")
    if text in (*NOTHING, "0") or PLOT.fullmatch(text):
        return {}
    if not any(one.isdigit() for one in text):
        raise ValueError(f"“{text[:30]}” ไม่ใช่ลำดับแปลงหรือเลขที่เอกสาร จึงไม่นำเข้าช่องนี้")
    found = PAPER.fullmatch(text)
    document = found and code_list("LAND_DOC").find(found[1])
    return {"document": document, "number": found[2].strip()} if document else _number("number", text)


def _number(name, cell):
    text = thai.clean(cell)
    text = digits(cell) if isinstance(cell, float) else text
    return {} if text in NOTHING else {name: value_of(declared(Parcel)[name], text)}


def _coded(name, cell):
    """A choice by its code or label; what stands in the column of tenure may be the paper."""
    text = thai.clean(cell)
    if text in NOTHING:
        return {}
    if name == "tenure" and not code_list("LAND_TENURE").find(text) and code_list("LAND_DOC").find(text):
        name = "document"
    return {name: value_of(declared(Parcel)[name], text)}


def _part(name, cell):
    text = thai.arabic_digits(thai.clean(cell))
    text = re.sub(PARTS[OF_SIZE.index(name)] + "$", "", text).strip()
    return {} if text in NOTHING else {name: value_of(declared(Parcel)[name], text)}


def _size(_, cell):
    if isinstance(cell, dt.date):
        raise ValueError(A_DATE_NOW)
    text = thai.arabic_digits(thai.clean(cell))
    if text in NOTHING:
        return {}
    found = DASHED.fullmatch(text) or IN_WORDS.fullmatch(text)
    if not found:
        raise ValueError("เนื้อที่ในช่องเดียวให้เขียนเป็น ไร่-งาน-ตารางวา เช่น 12-3-20 หรือ 12 ไร่ 3 งาน 20 ตร.ว.")
    parts = zip(OF_SIZE, found.groups(), strict=True)
    return {name: value_of(declared(Parcel)[name], part) for name, part in parts if part}


READERS = {
    "plot": _plot,
    "number": _number,
    "document": _coded,
    "tenure": _coded,
    "size": _size,
} | dict.fromkeys(OF_SIZE, _part)
