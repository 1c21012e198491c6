"""Resemblance (ความคล้าย): whether two entries are of one child, by names as Thai is misspelt, birth date and parents.

Nothing here knows the database. `keys` are the blocks under which an entry is found again however it was misspelt;
`compare` scores a pair from 0 to 1 and says why. Two entries of one child share a key unless nearly all of them was
typed wrong at once.
"""

from calendar import monthrange
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from documents.checking.sounds import forms, same_name, skeleton
from documents.formats import citizen_id, thai

LIKELY = 0.85  # from here on two entries are probably of one child (DMC-05)
NAMED_BY = ("first_name", "last_name", "birth_date", "former_ids")  # what the keys are made of
READ = (
    "first_name", "last_name", "birth_date", "birth_date_estimated", "sex", "person_id", "former_ids", "code",
    "new_number", "father_first_name", "mother_first_name", "father_id", "mother_id",
)  # fmt: skip


class Score(NamedTuple):
    """How alike two entries are, 0 to 1, and why, in Thai; `equal` where names and birth date are the same when folded."""

    value: float
    why: tuple
    equal: bool = False


# ---- birth dates ----

SAME, SWAPPED, ERA, DIGIT, STEP, YEAR, PART, NEAR, UNKNOWN, OTHER = (
    "same", "swapped", "era", "digit", "step", "year", "part", "near", "unknown", "other",
)  # fmt: skip
DATES = {
    SAME: (1.0, "วันเกิดตรงกัน"),
    ERA: (0.9, "ปีเกิดสลับ พ.ศ. กับ ค.ศ."),
    SWAPPED: (0.9, "วันเกิดสลับวันกับเดือน"),
    DIGIT: (0.8, "วันเกิดต่างกันหนึ่งหลัก"),
    STEP: (0.8, "วันเกิดต่างกันหนึ่งวันหรือหนึ่งเดือน"),
    YEAR: (0.72, "วันและเดือนเกิดตรงกัน ปีเกิดต่างกัน"),
    PART: (0.72, "วันเกิดต่างกันเฉพาะวันหรือเฉพาะเดือน"),
    NEAR: (0.72, "ปีเกิดโดยประมาณใกล้กัน"),
    UNKNOWN: (0.45, ""),
    OTHER: (0.0, ""),
}


def ymd(day):
    """(year, month, day) of a date in the Common Era, whichever era it was typed in; None for none."""
    if day is None:
        return None
    year = day.year
    return (year - 543 if year > 2400 else year + 543 if year < 1500 else year), day.month, day.day


def same_date(mine, theirs, estimated=False):
    """Which of `DATES` two birth dates are to each other; `estimated` where one of them is known by its year alone."""
    ours, others = ymd(mine), ymd(theirs)
    if ours is None or others is None:
        return UNKNOWN
    if ours == others:
        return SAME if mine.year == theirs.year else ERA
    if estimated and abs(ours[0] - others[0]) <= 1:
        return NEAR
    return dates_apart(ours, others)


def dates_apart(ours, others):
    """Which of `DATES` two different (year, month, day) are to each other."""
    (year, month, day), (year2, month2, day2) = ours, others
    if year == year2 and month == day2 and day == month2:
        return SWAPPED
    alike = (year == year2) + (month == month2) + (day == day2)
    if alike == 2 and (month != month2 or day != day2) and _one_slip(*_apart(ours, others)):
        return DIGIT
    if _is_step(*sorted((ours, others))):
        return STEP
    if alike != 2:
        return OTHER
    if year == year2:
        return PART
    return DIGIT if _one_slip(year, year2) else YEAR if abs(year - year2) <= 10 else OTHER


def _apart(ours, others):
    """The pair of values of the one part in which two dates differ."""
    return next((one, other) for one, other in zip(ours, others, strict=True) if one != other)


def _is_step(earlier, later):
    """Whether two dates are a day or a month from each other, over the end of a month or year too."""
    months = (later[0] - earlier[0]) * 12 + later[1] - earlier[1]
    if months == 0:
        return later[2] - earlier[2] == 1
    return months == 1 and (
        earlier[2] == later[2] or (later[2] == 1 and earlier[2] == monthrange(*earlier[:2])[1])
    )


@lru_cache(maxsize=8192)
def _one_slip(one, other):
    """Whether two numbers differ in one digit, or by two neighbours changed about."""
    a, b = f"{one:02d}", f"{other:02d}"
    differ = [index for index, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]
    if len(differ) == 2 and differ[1] == differ[0] + 1:
        return a[differ[0]] == b[differ[1]] and a[differ[1]] == b[differ[0]]
    return len(differ) == 1


# ---- the blocks ----


def keys(values):
    """The numbers of the blocks an entry stands in: names with names, birth date with a name, and each former number."""
    made = _blocks(values.get("first_name"), values.get("last_name"), ymd(values.get("birth_date")))
    if values.get("former_ids"):
        made = made + [number_key(row["id"]) for row in values["former_ids"] if row.get("id")]
    return made


def number_key(number):
    """The block of a number that a child had before."""
    return _hash(f"#{number}")


def _blocks(first, last, born):
    """Either order of the names gives the same blocks, and so does either order of day and month."""
    first, last = skeleton(first), skeleton(last)
    made = {f"{first}|{last[:2]}"} if first else set()
    if first and last:
        made.add(f"{last}|{first[:2]}")
    if born:
        year, month, day = born
        when = f"{year}-{min(month, day)}-{max(month, day)}-"
        made |= {when + name[0] for name in (first, last) if name}
    return [_hash(each) for each in made]


def _hash(text):
    """32 bits, signed, as BSON stores them smallest."""
    return crc32(text.encode()) - 0x80000000


# ---- comparing ----


def numbers_of(values):
    """Every number that an entry names the child by, present ones first."""
    found = [values.get(name) for name in ("person_id", "code", "new_number")]
    found += [row.get("id") for row in values.get("former_ids") or ()]
    return list(dict.fromkeys(filter(None, found)))


def compare(mine, theirs):
    """The Score of two entries (dicts with the fields of `READ` as far as known), numbers left aside."""
    first, last, swapped = _names(mine, theirs)
    estimated = bool(mine.get("birth_date_estimated") or theirs.get("birth_date_estimated"))
    dated = same_date(mine.get("birth_date"), theirs.get("birth_date"), estimated)
    weight, said = DATES[dated]
    equal = first == last == 1.0
    # A family shares its last name and twins their birth date: only the first name tells brothers and sisters apart.
    name = min(first, 0.6 * first + 0.4 * last) if last == 1.0 else 0.6 * first + 0.4 * last
    parents, told = _parents(mine, theirs)
    value = 0.62 * name + 0.38 * weight + parents + _against(mine, theirs, equal)
    why = [*_words_of_names(mine, theirs, first, last, swapped), said, *told]
    return Score(max(0.0, min(0.99, value)), tuple(filter(None, why)), equal and dated == SAME)


def _names(mine, theirs):
    """(first, last, whether in the other order): how alike the names are, the way round that fits better."""
    a, b = mine.get("first_name") or "", mine.get("last_name") or ""
    c, d = theirs.get("first_name") or "", theirs.get("last_name") or ""
    straight = same_name(a, c), _last_name(b, d)
    if straight[0] == 1.0:
        return *straight, False
    crossed = same_name(a, d), same_name(b, c)
    if sum(crossed) > sum(straight) and min(crossed) > 0.75:
        return *crossed, True
    return *straight, False


def _last_name(mine, theirs):
    """As `same_name`; a child who has none, or of whom none is known, agrees with nobody and differs from nobody."""
    return same_name(mine, theirs) if forms(mine) and forms(theirs) else 0.5


def _words_of_names(mine, theirs, first, last, swapped):
    if swapped:
        return ["ชื่อกับนามสกุลสลับกัน"]
    if first == last == 1.0:
        plain = all(
            thai.search_key(mine.get(name) or "") == thai.search_key(theirs.get(name) or "")
            for name in ("first_name", "last_name")
        )
        return ["ชื่อและนามสกุลตรงกัน" if plain else "ชื่อและนามสกุลอ่านเหมือนกัน"]
    last = last if forms(mine.get("last_name")) else 0
    words = [("ชื่อตรงกัน", "ชื่อคล้าย", first), ("นามสกุลตรงกัน", "นามสกุลคล้าย", last)]
    return [same if like == 1.0 else near for same, near, like in words if like > 0.6]


PARENTS = (
    ("father", "เลขประจำตัวบิดาตรงกัน", "ชื่อบิดาตรงกัน", "ชื่อบิดาคล้าย"),
    ("mother", "เลขประจำตัวมารดาตรงกัน", "ชื่อมารดาตรงกัน", "ชื่อมารดาคล้าย"),
)


def _parents(mine, theirs):
    """(what parents add or take, words)."""
    value, words = 0.0, []
    for who, of_number, same, near in PARENTS:
        ours, others = mine.get(f"{who}_id"), theirs.get(f"{who}_id")
        if ours and ours == others:
            value, words = value + 0.08, [*words, of_number]
            continue
        ours, others = mine.get(f"{who}_first_name"), theirs.get(f"{who}_first_name")
        if not forms(ours) or not forms(others):
            continue
        like = same_name(ours, others)
        if like > 0.75:
            value, words = value + 0.03, [*words, same if like == 1.0 else near]
        else:
            value -= 0.06
    return value, words


def _against(mine, theirs, equal):
    """What speaks against one child: another sex, and two numbers of the register that are both right."""
    value = 0.0
    if mine.get("sex") and theirs.get("sex") and mine["sex"] != theirs["sex"]:
        value -= 0.12
    ours, others = mine.get("person_id") or "", theirs.get("person_id") or ""
    if ours != others and citizen_id.is_citizen_id(ours) and citizen_id.is_citizen_id(others):
        value -= 0.03 if equal else 0.15
    return value
