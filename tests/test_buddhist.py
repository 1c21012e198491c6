"""Dates of the Buddhist era: read as typed, written as printed; ages as the ministry counts them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from documents import clock
from documents.formats import buddhist

DAY = date(2015, 6, 10)


@pytest.mark.parametrize(
    "typed",
    [
        "10/06/2558",
        "10/6/2558",
        "10-6-2558",
        "10.06.2558",
        "10 06 2558",
        "๑๐/๐๖/๒๕๕๘",
        " 10 / 06 / 2558 ",
        "10 มิ.ย. 2558",
        "10 มิย 2558",
        "10มิ.ย.2558",
        "10 มิถุนายน 2558",
        "10-มิ.ย.-2558",
        "วันที่ ๑๐ มิถุนายน พุทธศักราช ๒๕๕๘",
        "10 มิถุนายน พ.ศ.2558",
        "2015-06-10",
        "2015/06/10",
        "2558-06-10",
        "2015-06-10T00:00:00",
        "2015-06-10 00:00:00",
        "10/06/2558 0:00",
        date(2015, 6, 10),
        datetime(2015, 6, 10),  # noqa: DTZ001
        date(2558, 6, 10),
        datetime(2015, 6, 9, 17, 30, tzinfo=UTC),
    ],
)
def test_a_day_is_read_as_people_write_it(typed):
    assert buddhist.parse_date(typed) == DAY


def test_a_day_without_a_year_takes_the_year_that_is_given():
    assert buddhist.parse_date("10/06", year=2558) == buddhist.parse_date("10 มิ.ย.", year=2558) == DAY


def test_the_29th_of_february_goes_by_the_christian_year():
    assert buddhist.parse_date("29/02/2563") == date(2020, 2, 29)
    with pytest.raises(ValueError, match="ไม่มีวันที่"):
        buddhist.parse_date("29/02/2564")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("10/06/2015", "คือ 2558"),
        ("10/06/58", "สี่หลัก"),
        ("19มี.ค.19", "สี่หลัก"),
        ("25/11/545", "สี่หลัก"),
        ("31/04/2568", "ไม่มีวันที่"),
        ("3/13/2560", "ไม่มีวันที่"),
        ("1921/05/00", "ไม่มีวันที่"),
        ("10/6/3111", "ไม่น่าเป็นไปได้"),
        ("10/06", "อ่านวันที่"),
        ("สิงหาคม พ.ศ. 2474", "อ่านวันที่"),
        ("14052482", "อ่านวันที่"),
        (45000, "อ่านวันที่"),
        ("-", "อ่านวันที่"),
        ("", "อ่านวันที่"),
        ("10/06/2558; drop", "อ่านวันที่"),
        ("9" * 5000, "อ่านวันที่"),
    ],
)
def test_what_is_no_day_is_refused_with_what_to_do(typed, sentence):
    with pytest.raises(ValueError, match=sentence):
        buddhist.parse_date(typed)


def test_days_are_written_as_officers_print_them():
    day = date(2025, 6, 5)
    assert buddhist.format_date(day) == "05/06/2568"
    assert buddhist.format_long(day) == "5 มิถุนายน 2568"
    assert buddhist.format_short(day) == "5 มิ.ย. 68"
    assert [buddhist.format_date(None), buddhist.format_long(None), buddhist.format_datetime(None)] == [
        "",
        "",
        "",
    ]


def test_every_day_that_is_written_is_read_back():
    for days in range(0, 60_000, 37):
        day = date(1900, 1, 1) + timedelta(days=days)
        assert buddhist.parse_date(buddhist.format_date(day)) == day
        assert buddhist.parse_date(buddhist.format_long(day)) == day


def test_an_instant_is_written_by_the_clocks_of_bangkok():
    assert buddhist.format_datetime(datetime(2025, 6, 5, 2, 0)) == "5 มิ.ย. 2568 09.00 น."  # noqa: DTZ001
    assert buddhist.format_datetime(datetime(2025, 6, 4, 18, 5, tzinfo=UTC)) == "5 มิ.ย. 2568 01.05 น."


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (3125, "2 วัน 4 ชม."),
        (1440, "1 วัน"),
        (61, "1 ชม. 1 นาที"),
        (59, "59 นาที"),
        (0, "ไม่ถึง 1 นาที"),
        (-1, ""),
    ],
)
def test_the_time_left_is_told_in_two_units(minutes, text):
    now = datetime(2025, 6, 5, 2, 0, tzinfo=UTC)
    assert buddhist.time_left(now + timedelta(minutes=minutes), now) == text


def test_the_time_left_is_counted_from_the_products_clock():
    clock.configure("2025-06-05T09:00")
    try:
        assert buddhist.time_left(datetime(2025, 6, 7, 6, 0, 30, tzinfo=UTC)) == "2 วัน 4 ชม."
    finally:
        clock.configure(None)


def test_a_buddhist_year_before_2484_is_refused():
    assert buddhist.to_buddhist_year(date(2025, 6, 10)) == 2568
    with pytest.raises(ValueError, match="2484"):
        buddhist.to_buddhist_year(date(1940, 3, 1))


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [
        (date(2016, 6, 10), date(2025, 6, 10), 9),
        (date(2016, 6, 11), date(2025, 6, 10), 8),
        (date(2016, 2, 29), date(2025, 2, 28), 8),
        (date(2016, 2, 29), date(2025, 3, 1), 9),
        (None, date(2025, 6, 10), None),
    ],
)
def test_an_age_is_in_completed_years(born, day, years):
    assert buddhist.age_on(born, day) == years


@pytest.mark.parametrize(
    ("born", "grade", "years"),
    [
        (date(2021, 5, 16), "02", 4),
        (date(2021, 5, 17), "02", 3),
        (date(2018, 12, 31), "04", 7),
        (date(2018, 1, 1), "04", 7),
        (date(2012, 8, 1), "10", 13),
        (None, "04", None),
        (date(2018, 1, 1), None, None),
    ],
)
def test_the_counting_age_goes_by_16_may_for_the_small_and_by_the_year_for_the_rest(born, grade, years):
    assert buddhist.counting_age(born, grade, 2568) == years


@pytest.mark.parametrize(
    ("day", "academic", "fiscal"),
    [
        (date(2025, 5, 15), 2567, 2568),
        (date(2025, 5, 16), 2568, 2568),
        (date(2025, 10, 1), 2568, 2569),
        (date(2026, 3, 31), 2568, 2569),
    ],
)
def test_a_day_lies_in_an_academic_and_a_fiscal_year(day, academic, fiscal):
    assert (buddhist.academic_year(day), buddhist.fiscal_year(day)) == (academic, fiscal)
