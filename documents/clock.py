"""The one clock: what the product takes for "now" and "today".

Rounds, windows and ages go by the product's clock, which `configure` may start at any instant (KHET_NOW, for
demonstrations and tests) and which then runs on at the real pace. Sign-in, tokens, rate limits and leases go by
`real_now`. Nothing else in the product may ask the system for the time; tests/test_clock.py watches that.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone

# Thailand keeps +07:00 the whole year, so no zone database is needed on the machine.
BANGKOK = timezone(timedelta(hours=7), "Asia/Bangkok")

_offset: timedelta = timedelta(0)


def configure(start: datetime | str | None) -> None:
    """Start the product's clock at an instant, or let it follow the real one (None or "").

    `start` is a datetime or ISO text; without a zone it is Bangkok time. Raises ValueError, with a Thai sentence,
    for text that is no instant of the Christian era.
    """
    global _offset
    _offset = _instant(start) - real_now() if start else timedelta(0)


def _instant(start: datetime | str) -> datetime:
    if isinstance(start, str):
        try:
            start = datetime.fromisoformat(start.strip())
        except ValueError:
            raise ValueError(f"เวลา “{start}” อ่านไม่ได้ ให้เขียนแบบ 2025-06-05T09:00 (ปี ค.ศ.)") from None
    if start.year >= 2400:
        raise ValueError(f"ปี {start.year} เป็นปี พ.ศ. ให้เขียนเวลาด้วยปี ค.ศ. เช่น 2025-06-05T09:00")
    return start.replace(tzinfo=BANGKOK) if start.tzinfo is None else start


def now() -> datetime:
    """The product's present instant, aware, in UTC."""
    return real_now() + _offset


def today() -> date:
    """The product's present day in Bangkok."""
    return now().astimezone(BANGKOK).date()


def real_now() -> datetime:
    """The machine's present instant, aware, in UTC: for sign-in, tokens, limits and leases."""
    return datetime.now(UTC)


def is_shifted() -> bool:
    """Whether the product's clock was set by hand, which every page then says."""
    return _offset != timedelta(0)


def utc(instant: datetime) -> datetime:
    """An instant as MongoDB gives it (naive UTC), made aware; an aware one as it is."""
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def naive(instant: datetime) -> datetime:
    """An aware instant as MongoDB keeps it: naive UTC."""
    return instant.astimezone(UTC).replace(tzinfo=None)


def midnight(day: date) -> datetime:
    """A day as MongoDB keeps it: a naive midnight, since a day has no zone."""
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001


def day_begins(day: date) -> datetime:
    """The instant at which a day begins in Bangkok, as MongoDB keeps it."""
    return naive(datetime.combine(day, time(0), BANGKOK))


def in_bangkok(instant: datetime) -> datetime:
    """The same instant as Bangkok's clocks show it; one without a zone is UTC, as MongoDB gives it back."""
    return utc(instant).astimezone(BANGKOK)
