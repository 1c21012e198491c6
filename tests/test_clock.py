"""The product has one clock, and nobody else asks the system for the time."""

import ast
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from documents import clock

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("documents", "views", "exports", "admin_app", "scripts")
ASKING = {"now", "utcnow", "today"}


@pytest.fixture(autouse=True)
def real_clock_again():
    yield
    clock.configure(None)


def test_the_clock_starts_where_it_is_told_and_runs_on():
    clock.configure("2025-06-05T09:00")
    first = clock.now()
    assert first.tzinfo is UTC
    assert timedelta(0) <= first - datetime(2025, 6, 5, 2, 0, tzinfo=UTC) < timedelta(seconds=5)
    assert clock.now() >= first
    assert clock.is_shifted()


def test_today_is_the_day_in_bangkok_though_utc_is_still_at_yesterday():
    clock.configure(datetime(2025, 6, 4, 17, 30, tzinfo=UTC))
    assert clock.today() == date(2025, 6, 5)


def test_without_a_start_the_clock_is_the_real_one():
    clock.configure("")
    assert not clock.is_shifted()
    assert abs(clock.now() - clock.real_now()) < timedelta(seconds=5)


def test_the_real_clock_is_never_shifted():
    clock.configure("1999-01-01T00:00")
    assert clock.real_now().year >= 2024


@pytest.mark.parametrize("text", ["พรุ่งนี้", "2568-06-05T09:00", "5/6/2568"])
def test_a_start_that_cannot_be_read_is_refused_in_thai(text):
    with pytest.raises(ValueError, match=r"ค\.ศ\."):
        clock.configure(text)


def test_an_instant_without_a_zone_is_utc_as_the_database_gives_it():
    assert clock.in_bangkok(datetime(2025, 6, 4, 17, 30)) == datetime(2025, 6, 5, 0, 30, tzinfo=clock.BANGKOK)  # noqa: DTZ001


def test_nobody_else_asks_the_system_for_the_time():
    offences = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in python_files()
        if path != ROOT / "documents" / "clock.py"
        for line in lines_that_ask(path.read_text(encoding="utf-8"))
    ]
    assert not offences, "ask documents.clock instead: " + ", ".join(offences)


@pytest.mark.parametrize(
    "source",
    [
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "field(default=datetime.now)",
        "date.today()",
        "time.time()",
        "from time import time",
        "time.time_ns()",
        "time.localtime()",
    ],
)
def test_the_watch_sees_every_way_to_ask(source):
    assert list(lines_that_ask(source))


@pytest.mark.parametrize("source", ["time.monotonic()", "clock.now()", "clock.today()", "time.sleep(1)"])
def test_the_watch_lets_durations_and_the_clock_pass(source):
    assert not list(lines_that_ask(source))


def python_files():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix == ".py" or (path.is_file() and is_python_script(path)):
                yield path


def is_python_script(path):
    with path.open("rb") as file:
        first = file.readline(100)
    return path.suffix == "" and first.startswith(b"#!") and b"python" in first


def lines_that_ask(source):
    """The numbers of the lines that ask datetime, date or time for the present."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            if {name.name for name in node.names} & {"time", "time_ns", "localtime", "gmtime"}:
                yield node.lineno
        elif isinstance(node, ast.Attribute) and asks(owner(node.value), node.attr):
            yield node.lineno


def owner(node):
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def asks(who, what):
    if who == "time":
        return what in {"time", "time_ns", "localtime", "gmtime", "ctime"}
    return who in {"datetime", "date"} and what in ASKING
