"""What the demo's people were told: letters with their numbers, announcements and who read them, notices by the bell."""

import datetime as dt

from documents import clock
from documents.collecting import letters
from documents.collecting.rounds import find_round
from documents.collecting.submissions import submissions_of
from documents.notifying import announcements, due_notices, notice_rules
from documents.people.users import System, User
from scripts.demo import moments
from scripts.demo.chance import chance
from scripts.demo.moments import at
from scripts.demo.plan import AREA
from scripts.demo.pupils import THIS_YEAR

# when, until when (days), to whom, title, text, how many of ten have read it
NEWS = (
    (at(2025, 5, 13, 14, 20), dt.date(2025, 6, 10), {"audience": "all"},
     "เปิดระบบ DMC ภาคเรียนที่ 1 ปีการศึกษา 2568 แล้ว",
     "ขอให้โรงเรียนบันทึกและตรวจสอบข้อมูลนักเรียนให้ครบทุกคน แล้วยืนยันภายในวันที่ 10 มิถุนายน 2568 เวลา 16.30 น.\n\n"
     "สิ่งที่ตรวจพบบ่อยในปีก่อน\n1. เลขประจำตัวประชาชนซ้ำกับโรงเรียนอื่น\n2. น้ำหนักและส่วนสูงไม่ตรงกับอายุ\n3. ห้องเรียนไม่ตรงกับจำนวนนักเรียน", 8),
    (at(2025, 5, 27, 9, 30), dt.date(2025, 6, 30), {"audience": "levels", "levels": ["lower"]},
     "โรงเรียนขยายโอกาส: ตรวจห้องปฏิบัติการใน M-OBEC",
     "โรงเรียนที่เปิดสอนระดับมัธยมศึกษาตอนต้น โปรดบันทึกครุภัณฑ์ห้องปฏิบัติการวิทยาศาสตร์ให้ครบก่อนวันที่ 30 มิถุนายน 2568", 5),
    (at(2025, 6, 4, 15, 40), dt.date(2025, 6, 10), {"audience": "states", "standing": "waiting"},
     "เหลือเวลาอีก 6 วัน โรงเรียนที่ยังไม่ยืนยันข้อมูล DMC",
     "เขตเปิดห้องให้คำปรึกษาทุกวันทำการ เวลา 09.00–16.00 น. ที่กลุ่มนโยบายและแผน หากติดขัดเรื่องใดโปรดติดต่อก่อนวันครบกำหนด", 3),
)  # fmt: skip


def tell(who):
    """Everything, each at its moment; gives back nothing."""
    officer = who.office["officer"]
    round_ = find_round(AREA, "DMC", THIS_YEAR, "1")
    moments.set_clock(at(2025, 5, 12, 14, 10))
    day = dt.datetime(2025, 5, 7)  # noqa: DTZ001  a day has no zone
    round_ = letters.record(round_, letters.MEMO, "ศธ 04184/1398", day, officer)
    moments.set_clock(at(2025, 5, 13, 10, 15))
    round_ = letters.record(round_, letters.TO_SCHOOLS, "ศธ 04184/ว 1422", day.replace(day=13), officer)
    announce(round_, officer)
    tell_of_moves(round_)
    moments.set_clock(at(2025, 6, 3, 7, 5))
    due_notices.remind(AREA)


def announce(round_, officer):
    """Publish the news, and let some of the schools' people read it."""
    rng, readers = chance("news"), list(User.objects(areas_listed=AREA))
    for when, until, to, title, text, of_ten in NEWS:
        moments.set_clock(when)
        made = announcements.publish(
            officer, AREA, title, text, to | {"round": str(round_.id)}, until, to_line=False
        )
        moments.set_clock(when + dt.timedelta(minutes=40))
        for user in readers:
            if rng.random() * 10 < of_ten and user.schools("school", "director"):
                announcements.mark_read(made, user)


def tell_of_moves(round_):
    """The notices of the last move of each school that somebody still has to act on, when it was made."""
    wanted = submissions_of(round_).filter(state__in=["returned", "confirmed", "certified"])
    system = System("ระบบตัวอย่าง")
    for submission in sorted(wanted, key=lambda each: each.moves[-1]["at"]):
        last = submission.moves[-1]
        moments.set_clock(clock.utc(last["at"]))
        notice_rules.after_move(submission, last["name"], system)
