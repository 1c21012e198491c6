"""Made-up pupils of one school over two years: those who stay, those who finished, those who came and went.

A pupil is two dicts of plain values, as a school would type them: one for round 2567-3 and one for round 2568-1,
either absent. A cohort is counted by its grade's position in 2568; the one above the last finished in 2567.
"""

import datetime as dt
from dataclasses import dataclass

from documents.formats.buddhist import age_on
from scripts.demo.households import BLOODS, LAO, Numbers, given_name, new_family
from scripts.demo.plan import apportioned

THIS_YEAR, LAST_YEAR = 2568, 2567
RESULTS = ("year_result", "years_taken", "destination", "fail_reasons")
# What nobody asked the schools for last year: the optional part of the form.
NEW_THIS_YEAR = {
    "travel_minutes",
    "parents_marital",
    "blood",
    "disability",
    "child_index",
    "n_siblings_studying",
}
NEW_THIS_YEAR |= {f"n_{age}_{who}" for age in ("older", "younger") for who in ("brother", "sister")}
NEW_THIS_YEAR |= {
    f"{who}_{what}" for who in ("father", "mother", "guardian") for what in ("id", "id_type", "title", "tel")
}
NEW_THIS_YEAR |= {
    f"cur_{part}"
    for part in (
        "house_id",
        "house_no",
        "moo",
        "soi",
        "street",
        "subdistrict",
        "district",
        "province",
        "postcode",
    )
}
AS_OF = {THIS_YEAR: dt.datetime(2025, 6, 10), LAST_YEAR: dt.datetime(2025, 3, 31)}  # noqa: DTZ001  of the two rounds
LAST_GRADES = {"09": "6", "12": "3"}  # ป.6 and ม.3, and the years they take
# Mean height (cm) and weight (kg) by age in years, boys and girls; about those of school children of the north-east.
HEIGHTS = {
    "M": (96, 103, 109, 115, 121, 126, 131, 136, 141, 148, 155, 161, 165, 168, 169),
    "F": (95, 102, 108, 114, 120, 125, 131, 138, 145, 150, 153, 155, 156, 157, 158),
}
WEIGHTS = {
    "M": (14, 16, 18, 20.5, 23.5, 26.5, 30, 33.5, 37, 42, 47, 52, 56, 58, 60),
    "F": (13.5, 15.5, 17.5, 20, 22.5, 26, 30, 34.5, 39, 43, 46, 48, 49, 50, 51),
}
YOUNGEST = 3
BIRTH_PROVINCES = (
    ("34",) * 84 + ("10",) * 5 + ("33", "33", "35", "37", "37", "20", "24", "12", "13", "11", "40")
)


@dataclass
class Pupil:
    """One child: what its school says of it last year and this, and whether it was new this year."""

    last: dict | None
    this: dict | None
    is_new: bool = False
    before: "Pupil | None" = None  # the same child at another school last year
    lineage: object = None  # set when last year's record was stored


def pupils_of(school):
    """The Pupils of a school, the eldest first."""
    rng = school.random
    numbers = Numbers(school.first_number)
    counts = cohort_sizes(rng, school)
    families, found = [], []
    entered = 100 + rng.randrange(800)
    for cohort in range(len(counts) - 1, -1, -1):
        for _ in range(counts[cohort]):
            entered += 1
            family = a_family(rng, school, numbers, families, cohort)
            found.append(pupil(rng, school, numbers, family, cohort, f"{entered:05d}"))
    found += those_who_left(rng, school, numbers, families)
    put_in_rooms(found, school)
    return found


def those_who_left(rng, school, numbers, families):
    """Pupils of last year who moved away or were discharged in its course: no longer at school this year."""
    found = []
    for number in range(round(school.pupils * 0.016)):
        cohort = rng.randint(1, len(school.grades) - 1)
        family = a_family(rng, school, numbers, families, cohort)
        one = pupil(rng, school, numbers, family, cohort, f"{50 + number:05d}")
        if one.last:
            status, reason = rng.choice(
                (("moved_out", "32"),) * 8 + (("discharged", "15"), ("discharged", "14"))
            )
            one.this = None
            one.last = {name: value for name, value in one.last.items() if name not in RESULTS}
            one.last |= {"status": status, "leave_reason": reason}
            found.append(one)
    return found


def cohort_sizes(rng, school):
    """Pupils of each cohort, the youngest first; those of 2568 sum up to the school's number, one more has finished."""
    weights = [_weight(grade) * rng.uniform(0.75, 1.25) for grade in school.grades]
    now = apportioned(school.pupils, weights)
    finished = max(round(school.pupils / len(now) * rng.uniform(0.85, 1.15)), 0)
    return [*now, finished]


def _weight(grade):
    """How large a grade is beside the others: fewer children are born each year."""
    number = int(grade)
    return 0.3 if number == 1 else 0.8 + 0.04 * number if number < 10 else 0.8


def a_family(rng, school, numbers, families, cohort):
    """A family with a child of this cohort: one of `families`, which have children to come, or a new one."""
    for _ in range(3 if families and rng.random() < 0.5 else 0):
        place = rng.randrange(len(families))
        family = families[place]
        if 2 <= family.cohort - cohort <= 7:
            family.cohort = cohort
            if family.taken + 1 == len(family.sexes):  # no child is left to come
                families[place] = families[-1]
                families.pop()
            return family
    family = new_family(rng, school, numbers, birth_year_of(school, cohort))
    family.cohort = cohort
    if family.taken + 1 < len(family.sexes):
        families.append(family)
    return family


def birth_year_of(school, cohort):
    """The B.E. year in which the children of a cohort were born: ป.1 seven years before the academic year."""
    return THIS_YEAR - 3 - int(school.grades[0]) - cohort


def pupil(rng, school, numbers, family, cohort, student_no):
    """One child of a family, with its two years."""
    position = family.taken
    family.taken += 1
    sex = family.sexes[position]
    born = birthday(rng, birth_year_of(school, cohort))
    child = family.shared | identity(rng, numbers, family, sex, born)
    child |= brothers_and_sisters(rng, family, position)
    child |= welfare(rng, family, sex, cohort)
    child |= {"student_no": student_no, "birth_date": born}
    return two_years(rng, school, child, cohort)


def birthday(rng, year):
    """A day of that year (B.E.), now and then of the one before."""
    if rng.random() < 0.03:
        year -= 1 + (rng.random() < 0.06) * 2
    return dt.datetime(year - 543, 1, 1) + dt.timedelta(days=rng.randrange(365))  # noqa: DTZ001


def identity(rng, numbers, family, sex, born):
    """Number, name and sex; children without papers hold a G-code or a number beginning with 0, 6 or 7."""
    year = born.year + 543
    number = {"id_type": "I"}
    if family.nation == "099":
        number["person_id"] = numbers.citizen("1")
    elif rng.random() < 0.52:
        number = {"id_type": "G", "person_id": numbers.g_code()}
    else:
        number["person_id"] = numbers.citizen(rng.choice("0677" if family.nation != LAO else "0067"))
    return number | {
        "sex": sex,
        "first_name": given_name(rng, family.nation, sex, year, child=True),
        "last_name": family.surname,
        "birth_province": rng.choice(BIRTH_PROVINCES),
        "blood": rng.choice(BLOODS),
    }


def brothers_and_sisters(rng, family, position):
    """How many brothers and sisters, the elder and the younger, and how many of them are at school."""
    elder, younger = family.sexes[:position], family.sexes[position + 1 :]
    return {
        "n_older_brother": elder.count("M"),
        "n_older_sister": elder.count("F"),
        "n_younger_brother": younger.count("M"),
        "n_younger_sister": younger.count("F"),
        "n_siblings_studying": rng.randint(0, len(family.sexes) - 1),
        "child_index": position + 1,
    }


def welfare(rng, family, sex, cohort):
    """Disadvantages, disability, what the child lacks, and the way to school."""
    chance = rng.random()
    poor = ["09"] if family.poor and chance < 0.93 else []
    rare = ["03"] if chance < 0.006 else ["12"] if chance < 0.013 else ["13"] if chance < 0.016 else []
    learning = 0.13 if sex == "M" else 0.05
    disability = "05" if cohort > 3 and rng.random() < learning else "00"
    if rng.random() < 0.005:
        disability = rng.choice(("08", "08", "08", "03", "03", "07", "04", "06", "01", "02", "09"))
    gravel, paved, going = family.far
    lacks = family.poor and chance < 0.97
    return {
        "disadvantages": sorted(poor + rare) or ["00"],
        "disability": disability,
        "lacks_uniform": lacks and rng.random() < 0.97,
        "lacks_stationery": lacks and rng.random() < 0.95,
        "lacks_textbook": lacks and rng.random() < 0.93,
        "lacks_lunch": lacks and rng.random() < 0.89,
        "journey_type": going,
        "dist_gravel_m": gravel,
        "dist_paved_m": paved,
        "travel_minutes": 5 + (gravel + paved) // (80 if going == "01" else 400),
    }


def two_years(rng, school, child, cohort):
    """The Pupil with its values of last year and this: most stay, some came, some went, some repeat."""
    grades, last_cohort = school.grades, len(school.grades)
    chance = rng.random()
    is_new = cohort < last_cohort and (
        cohort == 0 or chance < 0.025 or (grades[cohort] == "10" and chance < 0.3)
    )
    repeats = not is_new and 0 < cohort < last_cohort and chance > 0.996
    this = last = None
    if cohort < last_cohort:
        this = child | of_year(rng, child, grades[cohort], THIS_YEAR) | {"status": "enrolled"}
        this["admission_date"] = admitted(rng, school, cohort, is_new)
    if not is_new:
        grade = grades[cohort] if repeats else grades[cohort - 1]
        known = {name: value for name, value in child.items() if name not in NEW_THIS_YEAR}
        last = (
            known | of_year(rng, child, grade, LAST_YEAR, this) | result(rng, grade, repeats, chance, school)
        )
        last["admission_date"] = admitted(rng, school, cohort, False)
        if this:
            this["admission_date"] = last["admission_date"]
    return Pupil(last, this, is_new)


def of_year(rng, child, grade, year, other=None):
    """Grade, title, weight and height in a year; last year's are a little less than this year's."""
    age = year - (child["birth_date"].year + 543) - 0.1
    grown = other is None or "weight_kg" not in other
    if grown:
        weight, height = size(rng, child["sex"], age)
    else:
        weight, height = other["weight_kg"] - 0.6, other["height_cm"] - 1.0
    young = age_on(child["birth_date"], AS_OF[year]) < 15
    title = ("001" if young else "003") if child["sex"] == "M" else ("002" if young else "004")
    return {"grade": grade, "title": title, "weight_kg": round(weight, 1), "height_cm": round(height, 1)}


def size(rng, sex, age):
    """A likely weight (kg) and height (cm) at an age in years."""
    at = min(max(age - YOUNGEST, 0), len(HEIGHTS["M"]) - 1.001)
    low, part = int(at), at - int(at)
    height = HEIGHTS[sex][low] + (HEIGHTS[sex][low + 1] - HEIGHTS[sex][low]) * part
    weight = WEIGHTS[sex][low] + (WEIGHTS[sex][low + 1] - WEIGHTS[sex][low]) * part
    taller = rng.gauss(0, 0.04)
    return weight * (1 + taller * 1.6) * rng.lognormvariate(0, 0.11), height * (1 + taller)


def admitted(rng, school, cohort, is_new):
    """The day the child came to the school: the first of a school year, or of this one for the new."""
    if is_new:
        return dt.datetime(THIS_YEAR - 543, 5, 16) + dt.timedelta(days=rng.choice((0, 0, 0, 3, 4, 5)))  # noqa: DTZ001
    return dt.datetime(THIS_YEAR - 543 - max(cohort, 1), 5, 16)  # noqa: DTZ001


def result(rng, grade, repeats, chance, school):
    """Status and result at the end of last year; of the last grades, where the child goes on."""
    if repeats:
        return {"status": "enrolled", "year_result": "repeat", "fail_reasons": [rng.choice("112")]}
    done = {"status": "enrolled", "year_result": "passed"}
    if grade in LAST_GRADES:
        done |= {
            "year_result": "graduated",
            "years_taken": int(LAST_GRADES[grade]),
            "destination": goes_to(rng, grade, school),
        }
    return done


def goes_to(rng, grade, school):
    """Where a child goes after ป.6 or ม.3, by the code of the list."""
    if grade == "12":
        return rng.choice(("202",) * 9 + ("205",) * 7 + ("203", "206", "207", "213", "208", "216"))
    if grade != school.grades[-1]:
        return "101"
    return rng.choice(("102",) * 14 + ("103",) * 3 + ("104", "105", "107"))


def put_in_rooms(found, school):
    """Give every child a room: one a grade, more in the larger schools, filled in turn."""
    for year in ("last", "this"):
        for grade in school.grades:
            sat = [each for each in (getattr(one, year) for one in found) if each and each["grade"] == grade]
            rooms = rooms_for(len(sat))
            for place, values in enumerate(sat):
                values["room"] = place * rooms // len(sat) + 1


def rooms_for(pupils):
    """How many rooms so many pupils of one grade have."""
    return 0 if pupils == 0 else max(1, round(pupils / 33))
