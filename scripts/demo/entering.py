"""What the schools of one cluster did: last year's pupils and this year's, through the door, and every move since."""

import datetime as dt

from documents.checking import finding_answers, findings
from documents.collecting.moves import MOVES, move
from documents.collecting.submissions import Submission, find_submission
from documents.database import collection
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.people.users import System
from documents.records.record import Place
from documents.records.writing import Change, write
from scripts.demo import moments, neighbours
from scripts.demo.chance import chance
from scripts.demo.learners import enter_codes
from scripts.demo.plan import AREA
from scripts.demo.pupils import LAST_YEAR, THIS_YEAR, pupils_of, rooms_for

WRITER = System("ระบบตัวอย่าง")
BATCH = 1000
LAST_ROUND, THIS_ROUND = (LAST_YEAR, "3"), (THIS_YEAR, "1")
RETURNED = (
    "จำนวนนักเรียน ป.1 ไม่ตรงกับทะเบียนนักเรียนที่โรงเรียนส่งเมื่อวันเปิดภาคเรียน โปรดตรวจสอบ",
    "มีนักเรียนอยู่ในห้องที่โรงเรียนไม่ได้แจ้งจำนวนห้องไว้ โปรดแก้ไขห้องเรียนให้ถูกต้อง",
    "น้ำหนักและส่วนสูงของนักเรียนหลายคนเหมือนปีที่แล้ว โปรดชั่งน้ำหนักและวัดส่วนสูงใหม่",
    "พบนักเรียนชื่อซ้ำกับโรงเรียนอื่นในเขต โปรดตรวจสอบว่านักเรียนมีตัวตนอยู่จริงที่โรงเรียนใด",
)
NOBODY = "นักเรียนทั้งหมดไปเรียนรวมที่โรงเรียนใกล้เคียงตั้งแต่ภาคเรียนที่ 1/2568"
# What teachers say to a warning, by its code.
REASONS = {
    "DMC-07": (
        "เข้าเรียนช้ากว่าเกณฑ์ ตรวจกับสูติบัตรแล้ว",
        "เรียนซ้ำชั้น ตรวจกับทะเบียนนักเรียนแล้ว",
        "ย้ายมาจากต่างจังหวัด เข้าเรียนก่อนเกณฑ์",
    ),
    "DMC-10": ("คำนำหน้าชื่อตามบัตรประชาชน", "รอผู้ปกครองนำเอกสารมาแก้ไขคำนำหน้าชื่อ"),
    "DMC-11": ("อยู่ระหว่างขอเลขประจำตัวประชาชน ใช้รหัสเดิมไปก่อน",),
    "DMC-15": ("นักเรียนย้ายตามผู้ปกครองไปทำงานต่างจังหวัด", "จำนวนเด็กในเขตบริการเปลี่ยนจากปีก่อน ตรวจรายชื่อครบแล้ว"),
    "DMC-16": ("ผู้ปกครองแจ้งรายได้ตามแบบคัดกรองแล้ว",),
    "DMC-17": ("เตรียมห้องไว้สำหรับนักเรียนใหม่ภาคเรียนหน้า",),
}
REASONS |= {
    "MO-03": ("เครื่องที่ซื้อใหม่ยังไม่ได้บันทึกในอีกระบบ จะบันทึกเพิ่ม", "มีเครื่องส่งซ่อมกลับมาหลังบันทึกอีกระบบ"),
    "MO-04": ("นักเรียนเพิ่มขึ้นจากปีก่อน อยู่ระหว่างของบประมาณโต๊ะเก้าอี้", "ใช้โต๊ะรวมในห้องอนุบาลไปก่อน ขอรับการจัดสรรเพิ่ม"),
}
SURE = ("ตรวจสอบกับของจริงแล้ว ถูกต้องตามที่บันทึก", "ตรวจสอบกับเอกสารของโรงเรียนแล้ว ถูกต้อง")
RETURNED_OTHERS = (
    "จำนวนไม่ตรงกับที่โรงเรียนรายงานปีก่อน โปรดตรวจสอบกับของจริงอีกครั้ง",
    "ข้อมูลบางรายการยังไม่ครบตามที่ชี้แจงในที่ประชุม โปรดบันทึกเพิ่มเติม",
)
SMALL_CHANGES = ("แก้ไขตามที่ผู้ปกครองแจ้ง", "ตรวจสอบกับทะเบียนบ้านแล้ว", "ชั่งน้ำหนักและวัดส่วนสูงใหม่", None, None)


def enter_cluster(plans, people, tell):
    """Enter both years of a cluster's schools; `tell(number)` hears of every so many records stored."""
    rng = chance(plans[0].cluster)
    cluster = [(school, pupils_of(school)) for school in plans]
    neighbours.go_on(rng, cluster)
    neighbours.spoil(rng, cluster)
    codes = set()
    for school, pupils in cluster:
        enter_codes(school, pupils, codes)
        enter_last_year(school, pupils)
        tell(sum(one.last is not None for one in pupils))
    look_at("DMC", plans, LAST_ROUND)
    for school in plans:
        report_last_year(school, people)
    for school, pupils in cluster:
        if school.has_pupils:
            enter_this_year(school, pupils, people)
            tell(sum(one.this is not None for one in pupils))
    look_at("DMC", plans, THIS_ROUND)
    for school in plans:
        report_this_year(school, people)
    look_at("DMC", plans, THIS_ROUND)


def place(school, round_):
    """A school's place in a round."""
    return Place(AREA, round_[0], round_[1], school.code)


# ---- the records ----


def enter_last_year(school, pupils):
    """Store last year's pupils and rooms, as the school had them in March 2568, and keep their lineage."""
    rng = chance(school.code, LAST_YEAR)
    moments.set_clock(moments.some(rng, 1, dt.date(2025, 2, 10), dt.date(2025, 3, 20))[0])
    there = place(school, LAST_ROUND)
    known = [one for one in pupils if one.last]
    enrolled = [one.last for one in known if one.last["status"] == "enrolled"]
    used = {}
    for one in enrolled:
        used[one["grade"]] = max(used.get(one["grade"], 0), one["room"])
    changes = rooms_of(there, enrolled, used)
    changes += [Change(Student, there, one.last) for one in known]
    stored = put(changes)
    for one, written in zip(known, stored[len(changes) - len(known) :], strict=True):
        one.lineage = written.id


def enter_this_year(school, pupils, people):
    """Store this year's pupils: those carried over first, the new ones later, and small changes by the teacher."""
    rng = chance(school.code, THIS_YEAR)
    carried, came, changed = (moments.some(rng, 1, *days)[0] for days in working_days(school))
    here = place(school, THIS_ROUND)
    looked_over = rng.uniform(0.3, 0.95) if school.story == "entering" else 1.0
    old = [one for one in pupils if one.this and not one.is_new]
    new = [one for one in pupils if one.this and one.is_new]
    moments.set_clock(carried)
    rooms = rooms_of(here, [one.this for one in (*old, *new)])
    stored = put(rooms + [change(here, one, rng.random() < looked_over) for one in old])[len(rooms) :]
    moments.set_clock(came)
    put([change(here, one, True) for one in new])
    if stored and (school.account or rng.random() < 0.3):
        moments.set_clock(changed)
        change_a_little(rng, here, list(zip(old, stored, strict=True)), people.of("school", school.code))


def working_days(school):
    """Between which days a school carried its pupils over, entered the new ones and changed some; the quick confirmed."""
    day = dt.date(2025, 5, 16)
    slow = school.story in ("entering", "ready")
    spans = ((3, 11), (12, 14), (18, 19)) if slow else ((0, 4), (6, 10), (11, 11))
    return [(day + dt.timedelta(first), day + dt.timedelta(last)) for first, last in spans]


def change(here, one, reviewed):
    """The Change that stores a pupil of this year under the lineage of last year's."""
    lineage = one.before.lineage if one.before else one.lineage
    return Change(Student, here, one.this, lineage=lineage, reviewed=reviewed)


def rooms_of(there, pupils, used=None):
    """The Changes that declare a school's rooms: as many as its pupils fill, those `used` {grade: rooms} at least."""
    counts, used = {}, used or {}
    for one in pupils:
        counts[one["grade"]] = counts.get(one["grade"], 0) + 1
    return [
        Change(SchoolRooms, there, {"grade": grade, "rooms": max(rooms_for(many), used.get(grade, 0))})
        for grade, many in sorted(counts.items())
    ]


def put(changes):
    """Store changes through the door, a thousand at a time."""
    return [
        written
        for first in range(0, len(changes), BATCH)
        for written in write(changes[first : first + BATCH], WRITER, via="demo")
    ]


def change_a_little(rng, here, stored, teacher):
    """The teacher's own changes of a few pupils: weighed again, moved to another house, a telephone."""
    chosen = rng.sample(stored, min(rng.randint(3, 6), len(stored)))
    changes = [
        Change(Student, here, small_change(rng, one.this), id=written.id, revision=written.revision)
        for one, written in chosen
    ]
    write(changes, teacher, rng.choice(SMALL_CHANGES))


def small_change(rng, values):
    """What a teacher corrects of one pupil."""
    draw = rng.random()
    if draw < 0.5 and "weight_kg" in values:
        return {
            "weight_kg": round(values["weight_kg"] + rng.choice((-0.4, 0.5, 0.9, 1.3)), 1),
            "height_cm": round(values["height_cm"] + rng.choice((0.4, 0.8, 1.5)), 1),
        }
    if draw < 0.75:
        return {"guardian_tel": f"060-000-{rng.randint(0, 9999):04d}"}
    return {"travel_minutes": values["travel_minutes"] + 5, "journey_type": "02"}


# ---- the moves ----


def report_last_year(school, people):
    """Confirmed, certified and verified in the spring of 2568, as every school was."""
    rng = chance(school.code, "reported", LAST_YEAR)
    confirm, certify = moments.some(rng, 2, dt.date(2025, 3, 21), dt.date(2025, 3, 28))
    verify = moments.some(rng, 1, dt.date(2025, 4, 1), dt.date(2025, 4, 4))[0]
    steps = [("confirm", confirm, None), ("certify", certify, None), ("verify", verify, None)]
    go("DMC", place(school, LAST_ROUND), steps, school, people)


def report_this_year(school, people):
    """The moves that the school's story tells of, up to the morning of 5 June 2568."""
    rng = chance(school.code, "reported", THIS_YEAR)
    here = place(school, THIS_ROUND)
    confirm, certify, then = moments.some(rng, 3, dt.date(2025, 5, 28), dt.date(2025, 6, 5))
    steps = {
        "confirmed": [("confirm", confirm, None)],
        "empty": [("confirm", confirm, NOBODY)],
        "certified": [("confirm", confirm, None), ("certify", certify, None)],
        "verified": [("confirm", confirm, None), ("certify", certify, None), ("verify", then, None)],
        "returned": [
            ("confirm", confirm, None),
            ("certify", certify, None),
            ("return", then, rng.choice(RETURNED)),
        ],
    }.get(school.story, [])
    if school.story == "ready":
        moments.set_clock(confirm)
        explain(find_submission("DMC", here), people.of("school", school.code))
    if school.story == "returned" and rng.random() < 0.4:
        steps = [steps[0], ("send_back", certify, rng.choice(RETURNED))]
    go("DMC", here, steps, school, people)


def go(subsystem, there, steps, school, people):
    """Make moves one after another, each at its moment and by who may, of records that were just looked at (`look_at`)."""
    submission = find_submission(subsystem, there)
    checkup = None
    for name, moment, reason in steps:
        moments.set_clock(moment)
        if name == "confirm":
            explain(submission, people.of("school", school.code))
        checkup = checkup or findings.checkup_of(submission)
        submission = move(submission, name, who(name, school, people), reason, known=checkup)


def look_at(subsystem, plans, round_):
    """Check what the schools of a cluster entered in a round, (year, code), all at once."""
    place_of = {"area_code": AREA, "academic_year": round_[0], "subsystem": subsystem, "round": round_[1]}
    wanted = place_of | {"school_code__in": [school.code for school in plans]}
    findings.refresh_all(list(Submission.objects(**wanted)))


def explain(submission, teacher):
    """The teacher writes a reason for every warning that was found, one for all that are alike."""
    place_of = {"area_code": submission.area_code, "academic_year": submission.academic_year}
    place_of |= {
        "school_code": submission.school_code,
        "round": submission.round,
        "subsystem": submission.subsystem,
    }
    by_code = {}
    for row in collection(findings.Finding).find(place_of | {"state": findings.OPEN}):
        by_code.setdefault(row["code"], []).append(row["_id"])
    for code, ids in sorted(by_code.items()):
        rng = chance(submission.school_code, submission.academic_year, code)
        finding_answers.answer(submission, ids, teacher, rng.choice(REASONS.get(code, SURE)))


def who(name, school, people):
    """The person who makes a move of a school."""
    roles = MOVES[name].roles
    if roles[0] in ("school", "director"):
        return people.of(roles[0], school.code)
    return people.office["officer" if hash_of(school.code) % 3 else "officer2"]


def hash_of(code):
    """A number of a school's code that is the same in every process."""
    return sum(ord(letter) * place for place, letter in enumerate(code, 1))
