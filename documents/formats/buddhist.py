"""Dates and years of the Buddhist era (พ.ศ.): reading what people type, writing what officers print.

Days are stored as Christian-era dates and shown in พ.ศ. = ค.ศ. + 543 (domain rules for dates and ages).
"""

import re
from datetime import date, datetime

from documents import clock
from documents.formats import thai

MONTHS = [
    "มกราคม",
    "กุมภาพันธ์",
    "มีนาคม",
    "เมษายน",
    "พฤษภาคม",
    "มิถุนายน",
    "กรกฎาคม",
    "สิงหาคม",
    "กันยายน",
    "ตุลาคม",
    "พฤศจิกายน",
    "ธันวาคม",
]
SHORT_MONTHS = [
    "ม.ค.",
    "ก.พ.",
    "มี.ค.",
    "เม.ย.",
    "พ.ค.",
    "มิ.ย.",
    "ก.ค.",
    "ส.ค.",
    "ก.ย.",
    "ต.ค.",
    "พ.ย.",
    "ธ.ค.",
]

ERA = 543
EARLIEST_TYPED_BE = 2400  # a smaller year is taken for ค.ศ. and asked about

# --- Writing ----------------------------------------------------------------------------------------------------------


def to_buddhist_year(day: date) -> int:
    """The Buddhist-era year of a date: 2025-06-10 gives 2568.

    Raises ValueError before 1941, when the year did not yet begin on 1 January.
    Source: Calendar Year Act, B.E. 2483.
    """
    if day.year < 1941:
        raise ValueError("ก่อน พ.ศ. 2484 ปีไทยยังไม่ขึ้นต้นวันที่ 1 มกราคม จึงแปลงปีเดียวกันไม่ได้")
    return day.year + ERA


def format_date(day: date | None) -> str:
    """dd/mm/พ.ศ.: "10/06/2568"; "" for None. Old days are shown by the plain difference of 543."""
    return f"{day.day:02d}/{day.month:02d}/{day.year + ERA}" if day else ""


def format_long(day: date | None) -> str:
    """ "10 มิถุนายน 2568"; "" for None."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year + ERA}" if day else ""


def format_short(day: date | None) -> str:
    """ "10 มิ.ย. 68"; "" for None."""
    return f"{day.day} {SHORT_MONTHS[day.month - 1]} {(day.year + ERA) % 100:02d}" if day else ""


def format_datetime(instant: datetime | None) -> str:
    """An instant by Bangkok's clocks, "5 มิ.ย. 2568 09.00 น."; one without a zone is UTC; "" for None."""
    if instant is None:
        return ""
    local = clock.in_bangkok(instant)
    return f"{local.day} {SHORT_MONTHS[local.month - 1]} {local.year + ERA} {format_time(instant)}"


def format_time(instant: datetime | None) -> str:
    """The hour and minute of an instant in Bangkok, "09.00 น."; "" for None."""
    return f"{clock.in_bangkok(instant):%H.%M} น." if instant else ""


def time_left(until: datetime, since: datetime | None = None) -> str:
    """How long it is until an instant, in two units at most: "2 วัน 4 ชม."; "" when it has passed.

    Counted from `since`, or from the product's present.
    """
    minutes = int((clock.in_bangkok(until) - clock.in_bangkok(since or clock.now())).total_seconds() // 60)
    if minutes < 0:
        return ""
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "วัน"), (hours, "ชม.")] if days else [(hours, "ชม."), (rest, "นาที")]
    return " ".join(f"{number:,} {unit}" for number, unit in parts if number) or "ไม่ถึง 1 นาที"


# --- Reading ----------------------------------------------------------------------------------------------------------

_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"  # a spreadsheet's midnight, not wanted
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _TIME)
_DAY_FIRST = re.compile(r"(\d{1,2})\s*([-/. ])\s*(\d{1,2})\s*\2\s*(\d{1,4})" + _TIME)
_DAY_AND_MONTH = re.compile(r"(\d{1,2})\s*[-/. ]\s*(\d{1,2})")
_IN_WORDS = re.compile(
    r"(?:วันที่\s*)?(\d{1,2})\s*[-/]?\s*(?:เดือน\s*)?([ก-๎.]*[ก-๎])\s*\.?\s*[-/]?\s*"
    r"(?:พ\.?\s*ศ\.?|พุทธศักราช|ปี)?\s*(\d{1,4})?"
)
_MONTH_BY_NAME = {
    name.replace(".", ""): number
    for names in (MONTHS, SHORT_MONTHS)
    for number, name in enumerate(names, start=1)
}

HOW_TO = "ให้พิมพ์ วัน/เดือน/ปี พ.ศ. เช่น 10/06/2568"


def parse_date(text: object, year: int | None = None) -> date:
    """The date that a person typed or a cell held.

    Read are dd/mm/2558, d-m-2558, dd.mm.2558, "10 มิ.ย. 2558", "10 มิถุนายน พ.ศ. 2558", Thai digits, ISO with the
    year first (2015-06-10 is C.E., 2558-06-10 is B.E.), and date objects, whose year may be of either era too.
    `year` (B.E.) completes a day and month without a year. Raises ValueError with a Thai sentence that says what to do.
    """
    if isinstance(text, datetime):
        text = text.date() if text.tzinfo is None else clock.in_bangkok(text).date()
    if isinstance(text, date):
        # A spreadsheet takes 10/6/2568 for a day of the year 2568 of the Christian era.
        return _day(str(text), _christian(text.year), text.month, text.day)
    text = thai.arabic_digits(thai.clean(text))
    if found := _YEAR_FIRST.fullmatch(text):
        return _day(text, _christian(int(found[1])), int(found[3]), int(found[4]))
    day, month, typed = _parts(text, year)
    if typed < EARLIEST_TYPED_BE:
        raise ValueError(_ask_for_buddhist_year(text, typed))
    return _day(text, _christian(typed), month, day)


def _parts(text: str, year: int | None) -> tuple[int, int, int]:
    """Day, month and typed year of a text with the day first."""
    if found := _DAY_FIRST.fullmatch(text):
        return int(found[1]), int(found[3]), int(found[4])
    if year and (found := _DAY_AND_MONTH.fullmatch(text)):
        return int(found[1]), int(found[2]), year
    found = _IN_WORDS.fullmatch(text)
    month = _MONTH_BY_NAME.get(found[2].replace(".", "").removesuffix("พศ")) if found else None
    if not month or not (found[3] or year):
        raise ValueError(f"อ่านวันที่ “{_short(text)}” ไม่ได้ {HOW_TO}")
    return int(found[1]), month, int(found[3] or year)


def short_year(text: object) -> tuple[int, int, int, bool] | None:
    """(day, month, two digits of the year, whether it is surely พ.ศ.) of a date typed with two digits for its year.

    Surely of the Buddhist era is a month in Thai words, or พ.ศ. before the year. None for any other text.
    """
    text = thai.arabic_digits(thai.clean(text)) if isinstance(text, str) else ""
    if (found := _DAY_FIRST.fullmatch(text)) and len(found[4]) == 2:
        return int(found[1]), int(found[3]), int(found[4]), False
    found = _IN_WORDS.fullmatch(text)
    month = _MONTH_BY_NAME.get(found[2].replace(".", "").removesuffix("พศ")) if found else None
    if month and found[3] and len(found[3]) == 2:
        return int(found[1]), month, int(found[3]), True
    return None


def with_full_year(text: object, era: str) -> object:
    """A date typed with two digits for its year with all four: "05/06/56" gives "5/6/2556"; anything else as it is.

    `era` is "be" or "ce"; a month in words is of the Buddhist era whatever it says. The year is the last one that is not
    to come.
    """
    found = short_year(text)
    if found is None:
        return text
    day, month, digits, surely = found
    year = clock.today().year
    if era == "ce" and not surely:
        full = 2000 + digits if 2000 + digits <= year else 1900 + digits
        return f"{full}-{month:02d}-{day:02d}"
    full = 2500 + digits if 2500 + digits <= year + ERA else 2400 + digits
    return f"{day}/{month}/{full}"


def _christian(year: int) -> int:
    return year - ERA if year >= EARLIEST_TYPED_BE else year


def _ask_for_buddhist_year(text: str, typed: int) -> str:
    if typed >= 1800:
        return f"ปี {typed} เป็นปี ค.ศ. ให้พิมพ์เป็นปี พ.ศ. คือ {typed + ERA}"
    return f"ปี “{typed}” ใน “{_short(text)}” ไม่ครบสี่หลัก ให้พิมพ์ปี พ.ศ. สี่หลัก เช่น 2568"


def _day(text: str, year: int, month: int, day: int) -> date:
    """The date, checked in the Christian era, so that 29/02/2563 (2020) holds and 29/02/2564 does not."""
    try:
        found = date(year, month, day)
    except ValueError:
        raise ValueError(f"ไม่มีวันที่ “{_short(text)}” ในปฏิทิน {HOW_TO}") from None
    if not 1857 <= found.year <= 2200:
        raise ValueError(f"ปี พ.ศ. {found.year + ERA} ไม่น่าเป็นไปได้ โปรดตรวจสอบปี {HOW_TO}")
    return found


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:30] + "…"


# --- Ages and years ---------------------------------------------------------------------------------------------------

KINDERGARTEN = {"01", "02", "03"}  # codes of the list GRADE


def age_on(birth: date | None, day: date) -> int | None:
    """Completed years on a day, below 0 before birth; born 29 February, one grows older on 1 March. None for None."""
    if birth is None:
        return None
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def counting_age(birth: date | None, grade: str | None, academic_year: int) -> int | None:
    """The age that counts for a grade (อายุตามเกณฑ์): the one the ministry's rules of age go by.

    Kindergarten: completed years on 16 May of the academic year (B.E.); from ป.1: academic year less the birth
    year (B.E.). None where the birth date or the grade is missing.
    """
    if birth is None or not grade:
        return None
    if grade in KINDERGARTEN:
        return age_on(birth, date(academic_year - ERA, 5, 16))
    return academic_year - (birth.year + ERA)


def academic_year(day: date) -> int:
    """The academic year (B.E.) a day falls in: it begins on 16 May."""
    return day.year + ERA - ((day.month, day.day) < (5, 16))


def fiscal_year(day: date) -> int:
    """The fiscal year (B.E.) a day falls in: from 1 October, named by the year in which it ends."""
    return day.year + ERA + (day.month >= 10)
