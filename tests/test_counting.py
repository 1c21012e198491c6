"""Counting: who counts is said once, of one pupil and to the database alike, and frozen with the round."""

import datetime as dt
import random
import re

import pytest

from documents.checking import checks
from documents.checking.duplicate_cases import AGENCY, DuplicateCase
from documents.checking.limits import limits_of, set_limits
from documents.collecting import freezing, locking
from documents.database import collection
from documents.dmc import counting, reporting
from documents.dmc.counting import Rules
from documents.dmc.students import Student
from documents.records.completeness import recount_open
from documents.records.writing import Change, write
from documents.subsidies import money_counts
from exports.collecting.round_workbook import facts_of
from tests.people import AREA, OTHER, SCHOOL, YEAR, place
from tests.pupils import number, pupil
from tests.report_world import filled as filled

USUAL = Rules(3, 20)


@pytest.fixture
def twice(filled, teacher, neighbour):
    """A pupil in both schools, another who moved out of one of them; gives the number of the first."""
    shared, moved = number(), number()
    for code, actor in ((SCHOOL, teacher), (OTHER, neighbour)):
        write([Change(Student, place(code), pupil(person_id=shared, disadvantages=["09"]))], actor)
    write([Change(Student, place(OTHER), pupil(person_id=moved))], neighbour)
    gone = {"status": "moved_out", "leave_date": dt.datetime(2025, 6, 1)}  # noqa: DTZ001
    write([Change(Student, place(), pupil(person_id=moved, **gone))], teacher)
    return shared


@pytest.mark.parametrize("rules", [USUAL, Rules(6, 12, True, False), Rules(4, 20, False, True)])
def test_the_database_says_of_every_pupil_what_the_function_says(rules, twice, filled):
    table, rng = collection(Student), random.Random(3)  # noqa: S311
    for row in table.find({}, {"_id": 1}):  # what no form would store stands there as well
        odd = rng.choice(
            [{}, {}, {}, {"birth_date": None}, {"grade": None}, {"status": "suspended"}, {"status": "?"}]
        )
        table.update_one({"_id": row["_id"]}, {"$set": odd} if odd else {"$unset": {"nothing": 1}})
    doubles = money_counts.doubles_of(filled)
    asked = [{"$project": {"says": counting.standing_expression(YEAR, rules, doubles)}}]
    said = {row["_id"]: row["says"] for row in table.aggregate(asked)}
    told = {row["_id"]: counting.standing(row, rules, doubles) for row in table.find()}
    assert said == told
    assert {counting.COUNTED, counting.OUTSIDE, counting.LEFT} <= set(told.values())
    heads = {row["_id"] for row in table.find(counting.heads_query())}
    assert heads == {row["_id"] for row in table.find() if counting.is_counted(row)}
    assert heads == {row["_id"] for row in table.find({"$expr": counting.heads_expression()})}


def test_a_pupil_of_two_schools_counts_in_neither_and_one_who_moved_counts_where_he_is(twice, filled):
    doubles = money_counts.doubles_of(filled)
    rows = list(collection(Student).find({"_id": {"$in": list(doubles)}}))
    assert {(row["person_id"], row["school_code"]) for row in rows} == {(twice, SCHOOL), (twice, OTHER)}
    figures = reporting.counted(reporting_of("for-money"), reporting.terms_of(filled))
    assert figures.number(counting.DOUBLE) == 2
    assert figures.number("all") == sum(figures.number(key) for key in counting.STANDINGS)


def test_who_stands_with_another_agency_counts_once_the_district_took_the_proof(filled, officer):
    row = collection(Student).find_one({"school_code": SCHOOL, "status": "enrolled", "grade": "04"})
    case = DuplicateCase(
        area_code=AREA, school_code=SCHOOL, kind=AGENCY, code="DMC-02", academic_year=YEAR, round="1", schools=[SCHOOL],
        records=[{"record": row["_id"], "school_code": SCHOOL}], pair="x", state="found", due_at=dt.datetime(2025, 6, 9),  # noqa: DTZ001
        asked_by=officer.id, asked_at=dt.datetime(2025, 6, 1),  # noqa: DTZ001
    ).save()  # fmt: skip
    report = reporting_of("for-money")
    assert row["_id"] in money_counts.doubles_of(filled)
    waiting = reporting.figures_of(report, filled).number(counting.DOUBLE)
    collection(DuplicateCase).update_one({"_id": case.id}, {"$set": {"state": "real"}})
    assert row["_id"] not in money_counts.doubles_of(filled)
    assert reporting.figures_of(report, filled).number(counting.DOUBLE) == waiting - 1


def reporting_of(key):
    from documents.dmc.student_reports import BY_KEY

    return BY_KEY[key]


@pytest.mark.parametrize("key", ["for-money", "poor-money", "boarding-money"])
def test_every_number_opens_into_as_many_names(key, twice, filled, teacher, sign_in):
    browser = sign_in(teacher)
    page = browser.get(f"/admin/reports/show/?report={key}").text
    linked = re.findall(r'data-value="(\d+)"[^>]*><a href="(/admin/students/[^"]+)"', page)
    assert linked
    for said, address in linked[:6]:
        names = browser.get(address.replace("&amp;", "&")).text
        assert f"<b>{int(said):,}</b>" in names, address


def test_the_heads_of_the_control_room_open_into_as_many_names(twice, filled, officer, sign_in):
    collection(Student).update_many({"school_code": OTHER, "grade": "04"}, {"$set": {"grade": None}})
    recount_open("DMC", AREA, YEAR)
    browser = sign_in(officer)
    page = browser.get("/admin/control-room/?view=table").text
    links = re.findall(r'href="(/admin/students/\?report=grade-sex[^"]+)"[^>]*>(.*?)</a>', page, re.DOTALL)
    assert len(links) == 3
    for address, inside in links:
        number = re.findall(r"\d[\d,]*", re.sub(r"<[^>]+>", " ", inside))[0]
        assert f"<b>{number}</b>" in browser.get(address.replace("&amp;", "&")).text


def test_a_lock_freezes_who_counts_for_money(twice, filled, approver, administrator):
    locked = locking.lock_round(filled, approver, "ปิดตามกำหนด")
    freeze = freezing.freeze_of(locked)
    frozen = {school["code"]: school["money"] for school in freeze.schools}
    figures = reporting.counted(reporting_of("for-money"), reporting.terms_of(locked))
    for code in (SCHOOL, OTHER):
        assert sum(frozen[code]["counted"].values()) == figures.number(counting.COUNTED, code)
        poor = reporting.counted(reporting_of("poor-money"), reporting.terms_of(locked)).number("all", code)
        assert sum(frozen[code].get("poor", {}).values()) == poor
    set_limits(AREA, "DMC", YEAR, {"oldest": 10, "doubles_count": 1}, administrator, "ทดลอง")
    again = reporting.counted(reporting_of("for-money"), reporting.terms_of(locked))
    assert again.by_school == figures.by_school
    assert {school["code"]: school["money"] for school in facts_of(locked).schools} == frozen


def test_the_rules_are_those_of_the_year(administrator, area):
    assert limits_of(AREA, "DMC", 2557)["youngest"] == 4
    assert limits_of(AREA, "DMC", YEAR)["youngest"] == checks.default_limits("DMC")["youngest"] == 3
    set_limits(AREA, "DMC", YEAR, {"doubles_count": 1}, administrator, "ทดลอง")
    assert Rules.of(limits_of(AREA, "DMC", YEAR)).doubles
    assert not Rules.of(limits_of(AREA, "DMC", YEAR - 1)).doubles
