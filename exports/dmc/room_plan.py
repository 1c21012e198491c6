"""What a file of rooms by grade would change in a round: school by school, written through the one door."""

from documents.background.jobs import counted_so_far, job_kind
from documents.collecting.rounds import find_round
from documents.database import collection
from documents.district.schools import School
from documents.dmc.rooms import SchoolRooms
from documents.errors import RuleBroken
from documents.formats import thai
from documents.records.record import Place
from documents.records.writing import Change, write
from exports.district.school_fields import ROUND, area_of, digits
from exports.district.school_plan import Reading, is_total, refuse_mapping
from exports.imports import mapped_files
from exports.imports.named_schools import has_code
from exports.reading.table_ends import is_sum

MOST_ROOMS = 99
AT_ONCE = 40  # schools in one transaction
MOST_NAMED = 10  # schools whose refusal is told by name


def plan_rooms(table, names, round_, named=None):
    """The plan (a dict of plain values) of a file of rooms for one round. Raises RuleBroken as `plan_schools`.

    `named` is the NamedSchools of rows without a code. A file of another round is refused as a whole.
    """
    refuse_mapping(names, ("code", "name"))
    if not any(name.startswith("rooms_") for name in names.values()):
        raise RuleBroken("กรุณาเลือกว่าคอลัมน์ใดเป็นจำนวนห้องของชั้นใด")
    plan = {"kind": "rooms", "new": [], "changed": [], "same": 0, "errors": [], "absent": [], "notes": []}
    stored = list(School.objects(area_code=round_.area_code, kind="school").only("code", "name"))
    reading = Reading(
        table, {name: at for at, name in names.items()}, round_.area_code, False, stored, plan, named=named
    )
    _refuse_round(reading, round_)
    names_of, rooms = {one.code: one.name for one in stored}, _rooms_of(round_)
    for row, values in table.rows:
        code = digits(reading.cell(values, "code"))
        if not has_code(code):
            code = reading.by_name(values) or code
        named_none = not code and not thai.clean(reading.cell(values, "name"))
        if named_none or is_total(code, round_.area_code) or is_sum(values):
            plan["notes"].append(f"แถวที่ {row} เป็นแถวรวมของเขต จึงไม่นำเข้า")
        elif code not in names_of:
            _pass_over(reading, row, values, code)
        elif code in reading.seen:
            reading.refuse(row, "code", f"โรงเรียนนี้อยู่ในไฟล์แล้วที่แถว {reading.seen[code]}", whole=True)
        else:
            reading.seen[code] = row
            _plan_row(reading, row, values, code, names_of[code], rooms)
    if reading.elsewhere:
        plan["notes"].append(f"ข้าม {sum(reading.elsewhere.values()):,} แถวที่ไม่ใช่โรงเรียนในเขตของท่าน")
    plan["notes"].insert(0, f"ในไฟล์มี {sum(reading.rooms.values()):,} ห้อง ของ {len(reading.rooms):,} โรงเรียน")
    plan["absent"] = [[one.code, one.name] for one in stored if one.code not in reading.seen]
    return plan


def _refuse_round(reading, round_):
    """Raise RuleBroken for a file that says it is of another round."""
    said = {thai.clean(reading.cell(values, "round")) for _, values in reading.table.rows} - {""}
    others = sorted(one for one in said if ROUND.fullmatch(one) and one != round_.label)
    if others:
        raise RuleBroken(
            f"ไฟล์นี้เป็นของรอบ {' '.join(others[:3])} แต่รอบที่เลือกอยู่คือ {round_.label} กรุณาเปลี่ยนรอบที่มุมบน หรือเลือกไฟล์ใหม่"
        )


def _rooms_of(round_):
    """{(school code, grade): stored dict} of the round."""
    place = {"area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code}
    wanted = {"school_code": 1, "grade": 1, "rooms": 1, "revision": 1}
    return {
        (row["school_code"], row.get("grade")): row for row in collection(SchoolRooms).find(place, wanted)
    }


def _pass_over(reading, row, values, code):
    area = area_of(reading.cell(values, "area")) or area_of(code[:4])
    if area and area != reading.area_code:
        reading.elsewhere[area] += 1
    else:
        reading.refuse(row, "code", "ไม่พบโรงเรียนรหัสนี้ในเขต กรุณานำเข้ารายชื่อโรงเรียนก่อน", whole=True)


def _plan_row(reading, row, values, code, name, rooms):
    cells = []
    for field in reading.at:
        if not field.startswith("rooms_"):
            continue
        grade, raw = field.removeprefix("rooms_"), reading.cell(values, field)
        text = digits(raw)
        if text in ("", "-"):
            continue
        if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= MOST_ROOMS):
            reading.refuse(row, field, f"จำนวนห้องต้องเป็นตัวเลข 0 ถึง {MOST_ROOMS}")
            continue
        reading.rooms[code] += int(text)
        known = rooms.get((code, grade))
        old = known.get("rooms") if known else None
        if int(text) != (old or 0) or (known and old is None):
            stored = [known["_id"], known["revision"]] if known else [None, None]
            cells.append([grade, old, int(text), *stored])
    planned = {"row": row, "code": code, "name": name, "cells": cells}
    if not cells:
        reading.plan["same"] += 1
    elif all(old is None for _, old, *_ in cells):
        reading.plan["new"].append(planned)
    else:
        reading.plan["changed"].append(planned)


@job_kind("import_rooms", "นำเข้าจำนวนห้องเรียน", "Import rooms", so_far=counted_so_far)
def rooms_job(job, progress, upload_id, reason):
    """Store the planned rooms of a file; run a second time, the schools that the first wrote are left as they are."""
    plan = mapped_files.find(upload_id, job.actor, "rooms")["plan"]
    round_ = find_round(job.area_code, job.subsystem, job.academic_year, job.round)
    written, refused = apply_rooms(plan, round_, job.actor, reason, progress)
    said = [f"บันทึกจำนวนห้องเรียนของ {written:,} โรงเรียนแล้ว รอบ {round_}"]
    said += [f"{name}: {sentence}" for name, sentence in refused[:MOST_NAMED]]
    if len(refused) > MOST_NAMED:
        said.append(f"และอีก {len(refused) - MOST_NAMED:,} โรงเรียนที่บันทึกไม่ได้")
    return {"summary": said}


def apply_rooms(plan, round_, actor, reason, progress=None):
    """Store what was planned, all or none for a school; gives (schools written, [(name, why not)]).

    Several schools share a transaction; where one of them is refused, its companions are written one by one. Rooms
    that stand as planned already are not written again, so that an interrupted import may be run once more.
    """
    stored = {key: row.get("rooms") for key, row in _rooms_of(round_).items()}
    wanted = [(one["name"], _changes(one, round_, stored)) for one in (*plan["new"], *plan["changed"])]
    written, refused = 0, []
    if progress:
        progress.begin(len(wanted), "โรงเรียน")
    for start in range(0, len(wanted), AT_ONCE):
        if progress:
            progress.at(start)
        batch = wanted[start : start + AT_ONCE]
        if len(batch) > 1 and _refusal(batch, actor, reason) is None:
            written += len(batch)
            continue
        for one in batch:
            sentence = _refusal([one], actor, reason)
            written += sentence is None
            refused += [(one[0], sentence)] if sentence else []
    return written, refused


def _refusal(batch, actor, reason):
    """Write some schools, all or none; None, or the sentence that refuses them."""
    try:
        write([change for _, changes in batch for change in changes], actor, reason, via="import")
    except RuleBroken as broken:
        return broken.message
    return None


def _changes(one, round_, stored):
    place = Place(round_.area_code, round_.academic_year, round_.code, one["code"])
    return [
        Change(SchoolRooms, place, {"grade": grade, "rooms": number}, id=id_, revision=revision)
        for grade, _, number, id_, revision in one["cells"]
        if stored.get((one["code"], grade)) != number
    ]
