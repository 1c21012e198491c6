"""A year of pupils to be counted: two schools, the year's first round and its end, whatever a report sorts by.

`expected(report, rows, round_)` counts them again from the plain values, by other code than the reports'.
"""

import datetime as dt
import random
from collections import Counter

import pytest

from documents import clock
from documents.collecting import round_moves
from documents.collecting.rounds import Round, Window
from documents.database import collection
from documents.dmc.students import Student
from documents.records.writing import Change, write
from tests.people import AREA, OTHER, SCHOOL, YEAR, place
from tests.pupils import pupil

CHOICES = {
    "religion": ["001", "001", "002", "003", "006", None],
    "nationality": ["099", "099", "057", "257", "096", "199", "999", None],
    "disability": ["00", None, "01", "05", "10"],
    "boarding": [None, "00", "01", "03"],
    "journey_type": ["01", "02", "03", "04", None],
    "grade": ["02", "03", "04", "06", "09", "12", "15"],
}
BORN = {"02": 2020, "03": 2019, "04": 2018, "06": 2016, "09": 2013, "12": 2010, "15": 2007}
AFTER = {"09": ["101", "102", "107"], "12": ["201", "217"], "15": ["301", "320"]}


def a_pupil(rng, end=False):
    """Values of one pupil, as a school would type them."""
    values = {name: rng.choice(codes) for name, codes in CHOICES.items()}
    sex = rng.choice("MF")
    year = BORN[values["grade"]] - rng.choice([0, 0, 0, 1, 12])
    values |= {
        "sex": sex, "title": "001" if sex == "M" else "002",
        "birth_date": dt.datetime(year, rng.randint(1, 12), rng.randint(1, 28)),  # noqa: DTZ001
        "disadvantages": rng.choice([[], ["00"], ["09"], ["09", "12"], ["11"]]),
        "dist_paved_m": rng.choice([None, 500, 2000, 3500]), "dist_gravel_m": rng.choice([None, 1001]),
        "suspended_flag": rng.random() < 0.05,
        "weight_kg": rng.choice([None, 12.0, 20.0, 33.3, 60.0]), "height_cm": rng.choice([None, 90.5, 121.0, 240.0]),
    }  # fmt: skip
    values |= {f"lacks_{what}": rng.random() < 0.4 for what in ("textbook", "lunch", "stationery", "uniform")}
    if rng.random() < 0.1:
        values |= {"id_type": "G", "person_id": f"G{rng.randrange(10**12):012d}"}
    if rng.random() < 0.15:
        values |= rng.choice(
            [{"status": "discharged", "leave_reason": "14"}, {"status": "dropped_out", "leave_reason": "27"},
             {"status": "moved_out", "leave_reason": "32"}]
        )  # fmt: skip
    elif end:
        values |= of_the_end(rng, values["grade"])
    return pupil(**values)


def of_the_end(rng, grade):
    """A result, with what it asks."""
    if grade in AFTER and rng.random() < 0.8:
        years = {"09": 6, "12": 3, "15": 3}[grade] + rng.choice([0, 0, 1, 2, 3])
        return {"year_result": "graduated", "years_taken": years, "destination": rng.choice(AFTER[grade])}
    if rng.random() < 0.2:
        reasons = rng.choice([["1"], ["4"], ["1", "2"], ["1", "2", "3", "4"]])
        return {"year_result": "repeat", "fail_reasons": reasons}
    if rng.random() < 0.2:
        return {}
    return {"year_result": "passed"} | ({"years_taken": rng.randint(1, 3)} if grade == "03" else {})


@pytest.fixture
def end_round(open_round, officer, executive, approver):
    """Round 2568-3, open in March 2569."""
    clock.configure("2026-03-10T09:00:00+07:00")
    windows = [
        Window(step=step, opens_at=dt.datetime(2026, 2, 1), closes_at=dt.datetime(2026, 3, 31))  # noqa: DTZ001
        for step in ("enter", "certify", "verify")
    ]
    draft = Round(
        area_code=AREA, subsystem="DMC", academic_year=YEAR, code="3", title="สิ้นปีการศึกษา",
        as_of=dt.datetime(2026, 3, 31), windows=windows,  # noqa: DTZ001
    ).save()  # fmt: skip
    ordered = round_moves.record_order(
        round_moves.propose(draft, officer, "ขอเปิดรอบ"),
        executive,
        "ศธ 04001/9",
        dt.datetime(2026, 1, 15),  # noqa: DTZ001
        "ดำเนินการ",
    )
    return round_moves.open_round(ordered, approver)


@pytest.fixture
def filled(open_round, teacher, neighbour):
    """Round 2568-1 with pupils of every kind in both schools, a few spoiled past the door; gives the Round."""
    rng = random.Random(7)  # noqa: S311  no secret
    for school, actor, many in ((SCHOOL, teacher, 70), (OTHER, neighbour, 40)):
        write([Change(Student, place(school), a_pupil(rng)) for _ in range(many)], actor)
    spoil()
    return open_round


@pytest.fixture
def filled_end(end_round, teacher, neighbour):
    """Round 2568-3 with results of every kind; gives the Round."""
    rng = random.Random(11)  # noqa: S311
    for school, actor, many in ((SCHOOL, teacher, 70), (OTHER, neighbour, 40)):
        write([Change(Student, place(school, "3"), a_pupil(rng, end=True)) for _ in range(many)], actor)
    spoil()
    return end_round


def spoil():
    """Codes that no list knows, as an old file may have left them."""
    table = collection(Student)
    for name, value in (
        ("religion", "777"),
        ("boarding", "77"),
        ("disability", "77"),
        ("year_result", "odd"),
        ("destination", "777"),
    ):
        for row in table.find({"school_code": SCHOOL, name: {"$nin": [None, "00"]}}).limit(2):
            table.update_one({"_id": row["_id"]}, {"$set": {name: value}})


def rows_of(round_):
    """Every stored record of a round, as plain dicts."""
    return list(collection(Student).find({"academic_year": round_.academic_year, "round": round_.code}))


def age_for_counting(row):
    born = row.get("birth_date")
    if born is None or not row.get("grade"):
        return None
    if row["grade"] in ("01", "02", "03"):
        return (dt.datetime(YEAR - 543, 5, 16) - born).days // 365.2425  # noqa: DTZ001
    return YEAR - (born.year + 543)


def outside(row):
    years = age_for_counting(row)
    return years is not None and not 3 <= years <= 20


def sort_out(key, row, round_):
    """The lines of one pupil in a report, told plainly; None where the report does not count him."""
    left = {"discharged": "discharged", "dropped-out": "dropped_out"}
    if key in left:
        if row["status"] != left[key]:
            return None
        return "outside" if outside(row) else row["leave_reason"]
    if key in ("for-money", "boarding-money", "poor-money"):
        return _for_money(key, row)
    if row["status"] not in ("enrolled", "pending") or row.get("suspended_flag"):
        return None
    plain = {
        "religion": lambda: {"777": "odd", None: "odd"}.get(row.get("religion"), row.get("religion")),
        "nationality": lambda: {"257": "057", "199": "097", "999": "odd", None: "odd"}.get(
            row.get("nationality"), row.get("nationality")
        ),
    }
    if key in plain:
        return "outside" if outside(row) else plain[key]()
    return SORTERS[key](row, round_)


def _for_money(key, row):
    if row["status"] not in ("enrolled", "pending", "suspended"):
        return None
    suspended = row["status"] == "suspended" or row.get("suspended_flag")
    stands = "suspended" if suspended else "outside" if outside(row) else "counted"
    if key == "for-money":
        return stands
    wanted = (
        "09" in (row.get("disadvantages") or [])
        if key == "poor-money"
        else row.get("boarding") in ("01", "02", "03")
    )
    return [] if stands == "counted" and wanted else None


def _age(row, round_):
    born, day = row["birth_date"], round_.as_of
    years = day.year - born.year - (1 if (born.month, born.day) > (day.month, day.day) else 0)
    return "under" if years < 2 else "over" if years > 20 else str(years)


def _lacking(row, round_):
    lacks = [
        name
        for name in ("lacks_uniform", "lacks_stationery", "lacks_textbook", "lacks_lunch")
        if row.get(name)
    ]
    if not lacks:
        return None
    return ["outside"] if outside(row) else lacks + (["three"] if len(lacks) >= 3 else [])


def _is_disabled(row):
    return row.get("disability") not in (None, "00")


def _bad(row):
    return [code for code in row.get("disadvantages") or [] if code != "00"]


def _both(row, round_):
    disabled, poor = _is_disabled(row), bool(_bad(row))
    if not disabled and not poor:
        return None
    if outside(row):
        return "outside"
    if row.get("disability") == "77":
        return "odd"
    return "both" if disabled and poor else "disabled" if disabled else "poor"


def _far(row, round_):
    if sum(row.get(f"dist_{kind}_m") or 0 for kind in ("water", "gravel", "paved")) <= 3000:
        return None
    return "outside" if outside(row) else row.get("journey_type") or "odd"


def _failed(row, round_):
    if row.get("year_result") != "repeat":
        return None
    reasons = row.get("fail_reasons") or []
    return reasons[0] if len(reasons) == 1 else f"n{len(reasons)}"


def _after(grade):
    def sort(row, round_):
        if row.get("grade") != grade or row.get("year_result") != "graduated":
            return None
        return "odd" if row.get("destination") == "777" else row["destination"]

    return sort


def _taken(row, round_):
    grade, years = row.get("grade"), row.get("years_taken")
    graduated = row.get("year_result") == "graduated" and grade in ("09", "12", "15")
    if not graduated and not (row.get("year_result") == "passed" and grade in ("03", "06") and years):
        return None
    if grade == "03":
        return {1: "y1", 2: "y2"}.get(years, "over2")
    years -= 3 if grade == "09" and years >= 6 else 0
    return "y3" if years <= 3 else {4: "y4", 5: "y5"}.get(years, "over5")


SORTERS = {
    "grade-sex": lambda row, round_: [],
    "age": _age,
    "g-code": lambda row, round_: [] if row.get("id_type") == "G" else None,
    "lacking": _lacking,
    "disadvantage": lambda row, round_: None if not _bad(row) else "outside" if outside(row) else "many" if len(_bad(row)) > 1 else _bad(row)[0],
    "disability": lambda row, round_: None if not _is_disabled(row) else "outside" if outside(row) else {"77": "odd"}.get(row["disability"], row["disability"]),
    "both": _both,
    "boarding": lambda row, round_: None if row.get("boarding") in (None, "00") else "outside" if outside(row) else {"77": "odd"}.get(row["boarding"], row["boarding"]),
    "far": _far,
    "results": lambda row, round_: {"odd": "odd", None: "none"}.get(row.get("year_result"), row.get("year_result")),
    "failed": _failed,
    "after-p6": _after("09"),
    "after-m3": _after("12"),
    "after-m6": _after("15"),
    "years-taken": _taken,
    "weight": lambda row, round_: "outside" if outside(row) else _on_table("w", row.get("height_cm"), row.get("weight_kg"), "off"),
    "height": lambda row, round_: "outside" if outside(row) else _on_table("h", _months(row, round_), row.get("height_cm"), "outside"),
}  # fmt: skip
# The growth tables of the world: from which row to which (cm, months), and the bounds of every row.
GROWTH = {"w": (90, 130, (10, 15, 25, 30, 40)), "h": (40, 190, (80, 100, 122, 200))}


def _months(row, round_):
    born, day = row["birth_date"], round_.as_of
    return (day.year - born.year) * 12 + day.month - born.month - (born.day > day.day)


def _on_table(key, where, value, beyond):
    first, last, bounds = GROWTH[key]
    if where is None or value is None:
        return "off"
    return f"{key}{sum(value >= bound for bound in bounds)}" if first <= where < last else beyond


def growth_rows(key):
    """The rows of a growth table, as `growth.set_table` takes them."""
    first, last, bounds = GROWTH[key]
    return [(sex, where, bounds) for sex in "MF" for where in range(first, last)]


def expected(report, rows, round_):
    """Counter {(school, line, grade, sex): pupils} of a report, counted from the rows."""
    found = Counter()
    for row in rows:
        lines = sort_out(report.key, row, round_)
        if lines is None:
            continue
        for line in ["all", *([lines] if isinstance(lines, str) else lines)]:
            found[row["school_code"], line, row.get("grade"), row.get("sex")] += 1
    return found
