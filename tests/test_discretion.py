"""What the log never says."""

import logging
import re

import pytest

from admin_app import discretion


@pytest.mark.parametrize(
    "line",
    [
        "GET /admin/students/?search=สมชาย&flt0=1 HTTP/1.1",
        "เลข 1103702071811",
        "เลข 1-1037-02071-81-1",
        "เลข ๑๑๐๓๗๐๒๐๗๑๘๑๑",
        "mail to teacher@example.org",
        '"GET /x" "http://localhost/admin/?id=1103702071811"',
    ],
)
def test_the_log_tells_no_person(line):
    masked = discretion.masked(line)
    assert not re.search(r"สมชาย|110370|๑๑๐|1-1037|teacher|\d{13}", masked)


def test_the_log_keeps_what_helps():
    line = "POST /admin/students/edit/ 409 64f1b2c3d4e5f6a7b8c9d0e1 34010001 0.052s"
    assert discretion.masked(line) == line


def test_a_traceback_loses_the_values_in_its_message():
    formatter = discretion.Discreet(logging.Formatter("%(message)s"))
    try:
        raise ValueError('E11000 duplicate key: { first_name: "สมชาย ใจดี", citizen_id: "1103702071811" }')
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "failed", None, (type(error), error, None)
        )
    told = formatter.format(record)
    assert "E11000 duplicate key" in told
    assert "สมชาย" not in told
    assert "1103702071811" not in told
