"""The two rounds of the demo: the end of 2567, locked, and the first term of 2568, open."""

from datetime import datetime, timedelta

from documents import rounds
from documents.clock import midnight
from documents.locking import lock_round
from documents.moves import extend, set_hold
from documents.record import Place
from documents.rounds import RoundTemplate, find_round, from_template
from documents.submissions import find_submission
from scripts.demo import moments, parts
from scripts.demo.moments import at
from scripts.demo.plan import AREA
from scripts.demo.pupils import LAST_YEAR, THIS_YEAR


def open_both(people):
    """Propose, order and open both rounds, each in its time; gives back nothing."""
    rounds.seed_templates(AREA)
    template = RoundTemplate.objects(area_code=AREA, subsystem="DMC", code="3").get()
    moments.set_clock(at(2025, 1, 20))
    last = from_template(template, LAST_YEAR).save(force_insert=True)
    open_one(last, people, at(2025, 1, 21, 10, 20), "ศธ 04184/215", "นักเรียนรายบุคคล (DMC) สิ้นปีการศึกษา 2567")
    moments.set_clock(at(2025, 5, 6, 9, 5))
    rounds.make_rounds(AREA, "DMC", THIS_YEAR, people.office["officer"])
    first = find_round(AREA, "DMC", THIS_YEAR, "1")
    open_one(
        first, people, at(2025, 5, 7, 9, 40), "ศธ 04184/1412", "นักเรียนรายบุคคล (DMC) ภาคเรียนที่ 1 ปีการศึกษา 2568"
    )


# The rounds of 2568 of the other subsystems, on the days that the officer set for this year (year, month, day):
# (subsystem, code, last day of the schools, as of, number of the order, what the round is called in the memo).
OTHERS = (
    ("EMIS", "1", (2025, 10, 31), (2025, 6, 10), "ศธ 04184/1433", "ข้อมูลสารสนเทศเพื่อการบริหาร (EMIS)"),
    ("B-OBEC", "1", (2025, 6, 30), (2025, 6, 30), "ศธ 04184/1434", "อาคารและสิ่งก่อสร้าง (B-OBEC)"),
    ("M-OBEC", "1", (2025, 6, 30), (2025, 6, 30), "ศธ 04184/1435", "ครุภัณฑ์ (M-OBEC) ครั้งที่ 1"),
)


def open_others(people):
    """Open this year's rounds of the other subsystems, those that have records in the demo."""
    wanted = {part.SUBSYSTEM for part in parts.modules()}
    officer = people.office["officer"]
    for minute, (subsystem, code, last, as_of, number, name) in enumerate(OTHERS):
        if subsystem in wanted:
            moments.set_clock(at(2025, 5, 6, 10, minute))
            rounds.make_rounds(AREA, subsystem, THIS_YEAR, officer)
            first, closes = at(2025, 5, 16, 0), at(*last, 16, 30)
            windows = {"enter": (first, closes), "certify": (first, closes)}
            windows["verify"] = (first, closes + timedelta(days=5))
            draft = find_round(AREA, subsystem, THIS_YEAR, code)
            draft = rounds.set_windows(draft, windows, datetime(*as_of), officer)  # noqa: DTZ001  a day has no zone
            open_one(draft, people, at(2025, 5, 7, 10, minute), number, name + " ปีการศึกษา 2568")


def open_one(round_, people, began, number, name):
    """One round from the officer's proposal to the approver's opening, within a week."""
    memo = f"ขอเปิดรอบการจัดเก็บข้อมูล{name} ตามปฏิทินของ สพฐ."
    moments.set_clock(began)
    round_ = rounds.propose(round_, people.office["officer"], memo)
    ordered = began + timedelta(days=1, hours=3)
    moments.set_clock(ordered)
    day = midnight(ordered)
    round_ = rounds.record_order(round_, people.office["executive"], number, day, "ทราบ ดำเนินการตามเสนอ")
    moments.set_clock(began + timedelta(days=5, hours=1))
    rounds.open_round(round_, people.office["approver"])


def lock_last_year(people):
    """Lock the end of 2567, on 10 April 2568."""
    moments.set_clock(at(2025, 4, 10, 10, 15))
    lock_round(find_round(AREA, "DMC", LAST_YEAR, "3"), people.office["approver"], "ข้อมูลครบทุกโรงเรียน")


def hold_and_extend(plans, people):
    """The officer holds the report of one school back, and gives another two days more."""
    entering = [plan for plan in plans if plan.story == "entering" and plan.account is None]
    if len(entering) < 4:
        return
    moments.set_clock(at(2025, 6, 4, 15, 20))
    officer, held, slow = people.office["officer"], entering[1], entering[-1]
    set_hold(submission_of(held), officer, "รอผลตรวจสอบนักเรียนซ้ำซ้อนกับโรงเรียนเอกชน 1 ราย")
    extend(submission_of(slow), officer, at(2025, 6, 12, 16, 30), ("school", "director"),
           "ระบบไฟฟ้าและอินเทอร์เน็ตของโรงเรียนขัดข้องจากพายุเมื่อวันที่ 2 มิถุนายน")  # fmt: skip


def submission_of(plan):
    """A school's submission of this year's round."""
    return find_submission("DMC", Place(AREA, THIS_YEAR, "1", plan.code))
