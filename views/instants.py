"""Days and times as officers type them: dd/mm/พ.ศ. and 16.30, made into instants of Bangkok."""

import datetime as dt
import re

from documents import clock
from documents.clock import utc
from documents.collecting.rounds import CLOSING_TIME
from documents.formats import buddhist, thai

_TIME = re.compile(r"(\d{1,2})\s*[.:]\s*(\d{2})\s*(?:น\.?)?|(\d{1,2})\s*(?:น\.?)?")


def read_instant(day, time="", default=CLOSING_TIME):
    """The aware instant of a typed day and time; without a time, `default` of that day; None without a day.

    Raises ValueError with a Thai sentence.
    """
    if not thai.clean(day):
        return None
    at = read_time(time) if thai.clean(time) else default
    return dt.datetime.combine(buddhist.parse_date(day), at, clock.BANGKOK)


def read_time(text):
    """The time of day of '16.30', '16:30' or '8 น.'. Raises ValueError with a Thai sentence."""
    found = _TIME.fullmatch(thai.arabic_digits(thai.clean(text)))
    if not found:
        raise ValueError(f"อ่านเวลา “{text[:20]}” ไม่ได้ ให้พิมพ์ ชั่วโมง.นาที เช่น 16.30")
    hour, minute = int(found[1] or found[3]), int(found[2] or 0)
    if hour > 23 or minute > 59:
        raise ValueError(f"ไม่มีเวลา “{text[:20]}” ให้พิมพ์ ชั่วโมง.นาที เช่น 16.30")
    return dt.time(hour, minute)


def day_of(instant):
    """An instant's day as it is typed, '10/06/2568'; '' for None."""
    return buddhist.format_date(clock.in_bangkok(instant)) if instant else ""


def time_of(instant):
    """An instant's time as it is typed, '16.30'; '' for None."""
    return f"{clock.in_bangkok(instant):%H.%M}" if instant else ""


def brief(instant, now=None):
    """'10 มิ.ย. 16.30 น.', the year left out where it is this year's; '' for None."""
    if instant is None:
        return ""
    local, today = clock.in_bangkok(instant), clock.in_bangkok(now or clock.now())
    if local.year != today.year:
        return buddhist.format_datetime(instant)
    return f"{local.day} {buddhist.SHORT_MONTHS[local.month - 1]} {buddhist.format_time(instant)}"


def left(until, now=None):
    """'เหลือ 2 วัน 4 ชม.', or 'หมดเวลาแล้ว'; '' for None."""
    if until is None:
        return ""
    words = buddhist.time_left(utc(until), now)
    return f"เหลือ {words}" if words else "หมดเวลาแล้ว"
