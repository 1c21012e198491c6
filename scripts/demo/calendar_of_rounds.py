"""The rounds of the demo: those of 2567, locked, and those of 2568, open."""

from datetime import timedelta

from documents.clock import midnight
from documents.collecting import round_moves, round_templates
from documents.collecting.asides import extend, set_hold
from documents.collecting.locking import lock_round
from documents.collecting.round_templates import RoundTemplate, from_template
from documents.collecting.rounds import find_round
from documents.collecting.submissions import find_submission
from documents.records.carrying import carry_over
from documents.records.record import Place
from scripts.demo import moments
from scripts.demo.moments import at
from scripts.demo.plan import AREA
from scripts.demo.pupils import LAST_YEAR, THIS_YEAR
from scripts.demo.reporting import LAST_ROUNDS


def open_both(people):
    """Propose, order and open both rounds of DMC, each in its time; gives back nothing."""
    round_templates.seed_templates(AREA)
    template = RoundTemplate.objects(area_code=AREA, subsystem="DMC", code="3").get()
    moments.set_clock(at(2025, 1, 20))
    last = from_template(template, LAST_YEAR).save(force_insert=True)
    open_one(last, people, at(2025, 1, 21, 10, 20), "ศธ 04184/215", "นักเรียนรายบุคคล (DMC) สิ้นปีการศึกษา 2567")
    moments.set_clock(at(2025, 5, 6, 9, 5))
    round_templates.make_rounds(AREA, "DMC", THIS_YEAR, people.office["officer"])
    first = find_round(AREA, "DMC", THIS_YEAR, "1")
    open_one(
        first, people, at(2025, 5, 7, 9, 40), "ศธ 04184/1412", "นักเรียนรายบุคคล (DMC) ภาคเรียนที่ 1 ปีการศึกษา 2568"
    )


# The rounds of the other subsystems, on the days that the officer set (year, month, day): those of last year were gathered
# when the district began to work with this system. Subsystem, number of the order, what the round is called in the memo.
THEN = (
    ("EMIS", "ศธ 04184/231", "ข้อมูลสารสนเทศเพื่อการบริหาร (EMIS)"),
    ("B-OBEC", "ศธ 04184/232", "อาคารและสิ่งก่อสร้าง (B-OBEC)"),
    ("M-OBEC", "ศธ 04184/233", "ครุภัณฑ์ (M-OBEC) ครั้งที่ 2"),
)
# The same of 2568, with the schools' last day and the as-of date.
OTHERS = (
    ("EMIS", (2025, 10, 31), (2025, 6, 10), "ศธ 04184/1433", "ข้อมูลสารสนเทศเพื่อการบริหาร (EMIS)"),
    ("B-OBEC", (2025, 6, 30), (2025, 6, 30), "ศธ 04184/1434", "อาคารและสิ่งก่อสร้าง (B-OBEC)"),
    ("M-OBEC", (2025, 6, 30), (2025, 6, 30), "ศธ 04184/1435", "ครุภัณฑ์ (M-OBEC) ครั้งที่ 1"),
)


def open_others(people):
    """Open last year's and this year's rounds of the other subsystems."""
    officer = people.office["officer"]
    for minute, (subsystem, number, name) in enumerate(THEN):
        moments.set_clock(at(2025, 1, 21, 10, minute))
        template = RoundTemplate.objects(
            area_code=AREA, subsystem=subsystem, code=LAST_ROUNDS[subsystem]
        ).get()
        draft = from_template(template, LAST_YEAR).save(force_insert=True)
        draft = set_days(draft, at(2025, 2, 3, 0), at(2025, 3, 14, 16, 30), at(2025, 2, 10), officer)
        open_one(draft, people, at(2025, 1, 22, 10, minute), number, f"{name} ปีการศึกษา {LAST_YEAR}")
    for minute, (subsystem, last, as_of, number, name) in enumerate(OTHERS):
        moments.set_clock(at(2025, 5, 6, 10, minute))
        round_templates.make_rounds(AREA, subsystem, THIS_YEAR, officer)
        draft = find_round(AREA, subsystem, THIS_YEAR, "1")
        draft = set_days(draft, at(2025, 5, 16, 0), at(*last, 16, 30), at(*as_of), officer)
        open_one(draft, people, at(2025, 5, 7, 10, minute), number, f"{name} ปีการศึกษา {THIS_YEAR}")


def set_days(draft, first, closes, as_of, officer):
    """The draft with the schools' window, five days more for the district, and the as-of date."""
    windows = {
        "enter": (first, closes),
        "certify": (first, closes),
        "verify": (first, closes + timedelta(days=5)),
    }
    return round_moves.set_windows(draft, windows, midnight(as_of), officer)


def begin_from_last_year(subsystem, people):
    """Lock last year's round of a subsystem, and let this year's begin with what it holds."""
    minute = list(LAST_ROUNDS).index(subsystem)
    moments.set_clock(at(2025, 3, 24, 10, minute))
    last = find_round(AREA, subsystem, LAST_YEAR, LAST_ROUNDS[subsystem])
    lock_round(last, people.office["approver"], "ข้อมูลครบทุกโรงเรียน")
    moments.set_clock(at(2025, 5, 16, 9, minute))
    carry_over(find_round(AREA, subsystem, THIS_YEAR, "1"), people.office["officer"])


def open_one(round_, people, began, number, name):
    """One round from the officer's proposal to the approver's opening, within a week."""
    memo = f"ขอเปิดรอบการจัดเก็บข้อมูล{name} ตามปฏิทินของ สพฐ."
    moments.set_clock(began)
    round_ = round_moves.propose(round_, people.office["officer"], memo)
    ordered = began + timedelta(days=1, hours=3)
    moments.set_clock(ordered)
    day = midnight(ordered)
    round_ = round_moves.record_order(round_, people.office["executive"], number, day, "ทราบ ดำเนินการตามเสนอ")
    moments.set_clock(began + timedelta(days=5, hours=1))
    round_moves.open_round(round_, people.office["approver"])


def lock_last_year(people):
    """Lock the end of 2567 in DMC, on 10 April 2568."""
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
