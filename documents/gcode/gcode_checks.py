"""Checks of G-codes in DMC: a code that nobody certified, or that is another's (DMC-06, GC-05), and a certified learner who
was never in DMC (GC-04). Rows of the checks of pupils (`student_checks.py`), with what they look at beside.

The other checks of G-codes are rules of the request: GC-01 and GC-03 when it is checked and certified, GC-02 and GC-06
where a code is given (`gcode_numbers.py`). Source: domain.md 3.3.2.
"""

import datetime as dt
from functools import partial

from documents import clock
from documents.checking.checks import ERROR, WARNING, Check
from documents.database import collection
from documents.dmc.students import Student
from documents.formats import buddhist, citizen_id, thai
from documents.gcode.gcode import STATES, GCodeRequest
from documents.gcode.gcode_linking import in_dmc
from documents.trail.history import as_stored

ABSENT_DAYS = 30  # a certified learner may be absent from DMC so long
CODES, ABSENT = "codes", "absent"  # names of what is looked at beside
NEEDED = {"_id": 0, "code": 1, "state": 1, "first_name": 1, "last_name": 1, "birth_date": 1, "birth_date_estimated": 1,
          "new_number": 1}  # fmt: skip


def questions(round_, codes, rows=None):
    """What is asked for `beside`: the G-codes of these schools' pupils, and certified learners whose code is old enough.

    Of a page's rows, the requests of their codes alone.
    """
    if rows is not None:
        held = [row["person_id"] for row in _holding(rows)]
        asked = {"area_code": round_.area_code, "code": {"$in": held}}
        return {"g_requests": (GCodeRequest, [{"$match": asked}, {"$project": NEEDED}])} if held else {}
    place = {"area_code": round_.area_code, "academic_year": round_.academic_year, "round": round_.code}
    holding = {"school_code": {"$in": codes}, "person_id": {"$gte": "G", "$lt": "H"}}
    until = _long_ago()
    certified = {"area_code": round_.area_code, "school_code": {"$in": codes}, "state": "certified"}
    return {
        "g_codes": (
            Student,
            [
                {"$match": place | holding},
                {"$project": {"_id": 0, "area_code": 1, "school_code": 1, "person_id": 1}},
            ],
        ),
        "g_certified": (
            GCodeRequest,
            [
                # Who was certified before Khet came to it when he was taken in.
                {"$match": certified | {"code_at": {"$lt": until}, "asked_at": {"$lt": until}}},
                {
                    "$project": {
                        "_id": 0,
                        "school_code": 1,
                        "code": 1,
                        "request_no": 1,
                        "code_at": 1,
                        "area_code": 1,
                    }
                },
            ],
        ),
    }


def _long_ago():
    """Before this stored instant a certified learner should have come to DMC."""
    return as_stored(clock.now() - dt.timedelta(days=ABSENT_DAYS))


def absent(area_code, since):
    """The codes of {code: the stored instant its learner is expected from} that are overdue in DMC (GC-04)."""
    overdue = [code for code, at in since.items() if at < _long_ago()]
    return set(overdue) - in_dmc(area_code, overdue) if overdue else set()


def says_absent():
    """The sentence on one of them."""
    return f"ได้รหัส G เกิน {ABSENT_DAYS} วันแล้ว แต่ยังไม่มีใน DMC (GC-04)"


def absence_of(request):
    """[sentence] where a request's learner is overdue in DMC, [] where not."""
    if request.state != "certified" or not request.code_at:
        return []
    since = {request.code: max(request.code_at, request.asked_at)}
    return (
        [f"{says_absent()} ให้โรงเรียนเพิ่มนักเรียนจากคำขอนี้ หากไม่ได้เข้าเรียนแล้วให้เขียนเหตุผลในผลการตรวจสอบ"]
        if absent(request.area_code, since)
        else []
    )


def _holding(rows):
    """Those of stored pupils who stand under a G-code."""
    return [row for row in rows if (row.get("person_id") or "").startswith("G")]


def beside(found, rows=None):
    """{school code: {CODES: {code: what its request says}, ABSENT: [(request's number, day)]}} of what was read.

    Asks twice more where there is any G-code at all, which most schools have not.
    """
    schools = {}
    held, certified = found.get("g_codes") or _holding(rows or ()), found.get("g_certified")
    requests = found.get("g_requests", ())
    if held and rows is None:
        asked = {"area_code": held[0]["area_code"], "code": {"$in": [row["person_id"] for row in held]}}
        requests = collection(GCodeRequest).find(asked, NEEDED).hint("code")
    known = {row["code"]: row for row in requests}
    for row in held:
        of = schools.setdefault(row["school_code"], {}).setdefault(CODES, {})
        of[row["person_id"]] = known.get(row["person_id"])
    if certified:
        there = in_dmc(certified[0]["area_code"], [row["code"] for row in certified])
        for row in certified:
            if row["code"] not in there:
                of = schools.setdefault(row["school_code"], {}).setdefault(ABSENT, [])
                of.append((row["request_no"], clock.in_bangkok(row["code_at"]).date()))
    return {code: each | {ABSENT: sorted(each.get(ABSENT, []))} for code, each in schools.items()}


# ---- the rules ----


def _not_his_code(values, context):
    number = values.get("person_id") or ""
    known = context.beside.get(CODES, {})
    if number not in known:
        return None
    request = known[number]
    if request is None:
        return "รหัส G นี้ไม่มีคำขอที่รับรองแล้วในระบบรหัส G ของเขต"
    if request["state"] == "replaced":
        return f"รหัส G นี้เปลี่ยนเป็นเลข {citizen_id.mask_id(request.get('new_number'))} แล้ว"
    if request["state"] != "certified":
        return f"รหัส G นี้อยู่ในคำขอที่ “{STATES[request['state']]}” จึงยังใช้ไม่ได้"
    if thai.search_key(_name(values)) != thai.search_key(_name(request)):
        return "รหัส G นี้รับรองให้ผู้เรียนชื่ออื่น"
    if not _same_birth(values.get("birth_date"), request):
        return "รหัส G นี้รับรองให้ผู้เรียนที่เกิดวันอื่น"
    return None


def _name(row):
    return f"{row.get('first_name') or ''}{row.get('last_name') or ''}"


def _same_birth(day, request):
    born = request.get("birth_date")
    if day is None or born is None:
        return True  # what is blank is told of already
    return day.year == born.year if request.get("birth_date_estimated") else day == born


def _absent(sums, context):
    for number, day in context.beside.get(ABSENT, ()):
        said = f"คำขอเลขที่ {number} ได้รหัส G ตั้งแต่ {buddhist.format_short(day)} เกิน {ABSENT_DAYS} วันแล้ว แต่ยังไม่มีใน DMC"
        yield number, said, {"since": day.isoformat()}


row = partial(Check, subsystem="DMC", document="students")
CHECKS = (
    row("DMC-06", "", ERROR, "record", "รหัส G ที่ไม่ได้รับรองหรือเป็นของผู้อื่น", "G-code not certified or another's",
        "ตรวจรหัส G กับคำขอ หากยังไม่มีคำขอให้ขอรหัส G หากได้เลข 13 หลักแล้วให้ขอแก้เลข", _not_his_code,
        ("person_id", "first_name", "last_name", "birth_date")),
    row("GC-04", "", WARNING, "school", "ได้รหัส G แล้วแต่ยังไม่มีใน DMC", "Certified but absent from DMC",
        "เพิ่มนักเรียนจากคำขอรหัส G ที่รับรองแล้ว หากไม่ได้เข้าเรียนแล้วให้เขียนเหตุผล", _absent),
)  # fmt: skip
