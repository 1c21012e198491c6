"""Where a value of a code list is used (รหัสนี้ใช้ที่ใดบ้าง): in the records of rounds, in schools and in requests for G-codes."""

from documents.collecting.rounds import Round
from documents.database import collection
from documents.district.schools import Parcel, School
from documents.gcode.gcode import GCodeRequest
from documents.records.declarations import declaration, ever_declared
from documents.records.kinds import documents_of
from documents.records.record import declared

SCHOOLS, REQUESTS = "ข้อมูลโรงเรียน", "คำขอรหัส G"
OUTSIDE = (
    (School, "", School, SCHOOLS),
    (School, "land.", Parcel, SCHOOLS),
    (GCodeRequest, "", GCodeRequest, REQUESTS),
)


def uses_of(area_code, name, code, first_year=0, running=False):
    """[(where, field, how many)] that hold a code; `running`: of rounds that are not locked alone.

    A field that was stopped keeps what it holds, so that it uses the code, too; a running round no longer asks it.
    """
    found = []
    asked = {"area_code": area_code, "academic_year": {"$gte": first_year}}
    newest_first = [("academic_year", -1), ("code", -1)]
    for stored in collection(Round).find(asked, {"moves": 0, "memo": 0}).sort(newest_first):
        round_ = Round._from_son(stored)
        if running and round_.sealed:
            continue
        for document in documents_of(round_.subsystem):
            here = declaration(document, area_code, round_.academic_year)
            known = declared(here) if running else ever_declared(here, area_code)
            found += _uses_in(round_, here, known, name, code)
    return found if running else [*found, *_uses_outside(area_code, name, code)]


def _uses_in(round_, document, known, name, code):
    place = {"area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code}
    for field_name, field in known.items():
        if field.codelist == name:
            many = collection(document).count_documents(place | {field_name: code}, hint="area_order")
            if many:
                yield f"รอบ {round_}", field, many


def _uses_outside(area_code, name, code):
    for document, before, parts, where in OUTSIDE:
        for field_name, field in declared(parts).items():
            if field.codelist == name:
                asked = {"area_code": area_code, before + field_name: code}
                if many := collection(document).count_documents(asked):
                    yield where, field, many


def said_of(uses):
    """Uses in words: how many records, in which field, of which rounds; None for none."""
    if not uses:
        return None
    told = [f"{field.verbose_name} {many:,} รายการ ({where})" for where, field, many in uses]
    more = f" และอีก {len(told) - 3:,} แห่ง" if len(told) > 3 else ""
    return f"มีข้อมูลที่ใช้ค่านี้: {', '.join(told[:3])}{more}"


def fields_with(documents, name, area_code):
    """[(what its records are called, field)] that hold codes of a list: of these documents, with what the area added, and
    outside of rounds.
    """
    known = [(document.label, ever_declared(document, area_code)) for document in documents]
    known += [(where, declared(parts)) for _, _, parts, where in OUTSIDE]
    return [(label, field) for label, fields in known for field in fields.values() if field.codelist == name]
