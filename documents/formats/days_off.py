"""Days off (วันหยุดราชการ): weekends and public holidays, on which nobody is at his desk when something is due.

Source: the package `holidays`, whose years are those of the cabinet's resolutions; a day that the cabinet gives later is not in it.
"""

from functools import cache

SATURDAY, SUNDAY = 5, 6
WEEKEND = {SATURDAY: "ตรงกับวันเสาร์", SUNDAY: "ตรงกับวันอาทิตย์"}
HOLIDAY = "ตรงกับวันหยุดราชการ"


@cache
def _holidays_of(year):
    from holidays.countries.thailand import Thailand  # a tenth of a second of every start, else

    return Thailand(years=year)


def said_of_day(day):
    """What a due date is to be told of: a sentence where the date is a day off, None for a working day."""
    return WEEKEND.get(day.weekday()) or (HOLIDAY if day in _holidays_of(day.year) else None)
