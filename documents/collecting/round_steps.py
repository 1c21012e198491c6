"""The five steps of every round (ขั้นตอนการปฏิบัติงาน) with their durations, filled by what was done.

Source: the flow chart of the district's manual, and the durations it prints.
"""

import datetime as dt
from dataclasses import dataclass

from documents import clock
from documents.clock import utc
from documents.collecting import letters
from documents.formats import buddhist

BY_CALENDAR = "ตามปฏิทิน"


@dataclass(frozen=True)
class Item:
    """One thing of a step: what, whether it was done, and what is known of it."""

    words: str
    done: bool
    note: str = ""


@dataclass(frozen=True)
class Step:
    """One step: the manual's words and duration, its items, whether it is over, and how many days it took (None: not over).

    What ends it is the round's own move; a number that nobody wrote down holds nothing up.
    """

    title: str
    duration: str
    items: tuple
    done: bool
    most_days: int | None = None
    took: int | None = None

    @property
    def over(self):
        """Whether it took longer than the manual gives it."""
        return bool(self.most_days and self.took and self.took > self.most_days)


def checklist(round_, sums=None):
    """The five Steps of a round; `sums` are the Sums of its schools, None before it opens."""
    order = round_.order or {}
    return (
        Step(
            "วางแผนการดำเนินการ เพื่อให้โรงเรียนในสังกัดรายงานข้อมูล",
            "10 วัน ช่วงเปิดเทอมแรกของปีการศึกษา",
            (
                Item("สร้างรอบและกำหนดช่วงเวลา", bool(round_.window("enter")), _windows(round_)),
                Item("เสนอรอบ", bool(round_.proposed_at), _day(round_.proposed_at)),
            ),
            done=bool(round_.proposed_at),
        ),
        Step(
            "บันทึกเสนอผู้บังคับบัญชาเพื่อทราบและพิจารณาสั่งการ",
            "1 วัน",
            (
                Item(
                    "บันทึกเลขที่บันทึกข้อความ", bool(_number(round_, letters.MEMO)), _number(round_, letters.MEMO)
                ),
                Item("ผู้บังคับบัญชาสั่งการ", bool(order), _day(order.get("at"))),
            ),
            done=bool(order),
            most_days=1,
            took=_days(round_.proposed_at, order.get("at")),
        ),
        Step(
            "แจ้งโรงเรียนในสังกัด ทางระบบ AMSS++ และไลน์กลุ่ม",
            "1 วัน",
            (
                Item("เปิดรอบ", bool(round_.opened_at), _day(round_.opened_at)),
                Item(
                    "บันทึกเลขที่หนังสือถึงโรงเรียน",
                    bool(_number(round_, letters.TO_SCHOOLS)),
                    _number(round_, letters.TO_SCHOOLS),
                ),
            ),
            done=bool(round_.opened_at),
            most_days=1,
            took=_days(order.get("at"), round_.opened_at),
        ),
        Step(
            "ติดตาม ให้ความช่วยเหลือ และตรวจสอบข้อมูล",
            BY_CALENDAR,
            _watching(sums),
            done=round_.state in ("locked", "published"),
        ),
        Step(
            "สรุปและรายงานผลการดำเนินงาน",
            BY_CALENDAR,
            (
                Item("ล็อกรอบ", bool(round_.locked_at), _day(round_.locked_at)),
                Item("เผยแพร่", round_.state == "published"),
            ),
            done=round_.state == "published",
        ),
    )


def _watching(sums):
    schools = sums.schools if sums else 0
    verified = (sums["verified"] + sums["locked"]) if sums else 0
    handed_in = schools - sums.not_handed_in if sums else 0
    return (
        Item("โรงเรียนยืนยันข้อมูล", bool(schools) and handed_in == schools, _of(handed_in, schools)),
        Item("เขตตรวจสอบข้อมูล", bool(schools) and verified == schools, _of(verified, schools)),
    )


def _of(number, schools):
    return f"{number:,} จาก {schools:,} โรงเรียน" if schools else ""


def _windows(round_):
    window = round_.window("enter")
    if window is None:
        return ""
    first, last = (clock.in_bangkok(each).date() for each in (window.opens_at, window.closes_at))
    return f"{buddhist.format_short(first)} – {buddhist.format_short(last)}"


def _number(round_, kind):
    return letters.shown(round_, kind) or ""


def _day(instant):
    return buddhist.format_long(clock.in_bangkok(utc(instant)).date()) if instant else ""


def _days(first, last):
    """Days that something took, the first one counted; None while it is not over. Week-ends are not counted."""
    if not first or not last:
        return None
    first, last = (clock.in_bangkok(utc(each)).date() for each in (first, last))
    days = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return max(1, sum(day.weekday() < 5 for day in days) - 1)
