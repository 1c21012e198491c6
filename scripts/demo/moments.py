"""When things happened: instants in office hours of the demo's spring, in Bangkok time."""

import datetime as dt
from contextlib import contextmanager
from functools import cache

from documents import clock

NOW = dt.datetime(2025, 6, 5, 9, 0, tzinfo=clock.BANGKOK)  # the demo's clock: 5 June 2568, 09.00
HOLIDAYS = {dt.date(2025, 5, 12), dt.date(2025, 6, 2), dt.date(2025, 6, 3)}


def at(year, month, day, hour=9, minute=0):
    """An instant of a day (Christian era) in Bangkok."""
    return dt.datetime(year, month, day, hour, minute, tzinfo=clock.BANGKOK)


def set_clock(instant):
    """Let the product's clock stand at an instant of the story, from where it runs on."""
    clock.configure(instant)


@contextmanager
def the_clock_comes_back():
    """Whatever the story does with the clock, it goes on afterwards as if it had run all the time."""
    began, shifted, since = clock.now(), clock.is_shifted(), clock.real_now()
    try:
        yield
    finally:
        clock.configure(began + (clock.real_now() - since) if shifted else None)


def some(rng, number, first, last):
    """So many different instants in office hours between two days (both included), in order."""
    return sorted(rng.sample(slots(first, last), number))


@cache
def slots(first, last):
    """Every ten minutes of the office hours between two days, up to the demo's present."""
    found = (
        dt.datetime.combine(day, dt.time(8, 40), clock.BANGKOK) + dt.timedelta(minutes=10 * step)
        for day in workdays(first, last)
        for step in range(46)
    )
    return [slot for slot in found if slot < NOW - dt.timedelta(minutes=5)]


def workdays(first, last):
    """The days from first to last that are neither a week-end nor a holiday."""
    days = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5 and day not in HOLIDAYS]
