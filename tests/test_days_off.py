"""Days off: what a due date is told of when nobody is at his desk that day."""

import datetime as dt

import pytest

from documents.formats.days_off import HOLIDAY, WEEKEND, said_of_day

DAYS = {
    dt.date(2025, 6, 10): None,
    dt.date(2025, 6, 7): WEEKEND[5],
    dt.date(2025, 6, 8): WEEKEND[6],
    dt.date(2025, 6, 3): HOLIDAY,  # the Queen's birthday
    dt.date(2025, 4, 16): HOLIDAY,  # in place of a Songkran day that fell on a Sunday
    dt.date(2024, 12, 5): HOLIDAY,
    dt.date(2024, 12, 6): None,
}


@pytest.mark.parametrize(("day", "said"), DAYS.items())
def test_a_weekend_and_a_public_holiday_are_told_a_working_day_is_not(day, said):
    assert said_of_day(day) == said
