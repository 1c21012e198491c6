"""The reports of pupils: each number counted again by other code, the ministry's layout, who sees what, and the names behind."""

from collections import Counter

from documents import reporting
from documents.student_reports import REPORTS
from tests.report_world import *  # noqa: F403  fixtures of the world
from tests.report_world import expected, rows_of

ORDINARY = [report for report in REPORTS if "1" in report.rounds and not report.needs]
AT_THE_END = [report for report in REPORTS if report.rounds == ("3",) and not report.table]


def found(report, round_):
    """What the engine counted, as `expected` gives it."""
    figures = reporting.counted(report, reporting.terms_of(round_))
    return Counter(
        {
            (school, line, grade, sex): number
            for school, lines in figures.by_school.items()
            for line, cells in lines.items()
            for (grade, sex), number in cells.items()
        }
    )


def told(lines):
    return [line.removesuffix("\n").split(",") for line in lines.decode("utf-8-sig").splitlines()]


def test_every_report_of_a_term_counts_what_the_records_say(filled, officer):
    rows = rows_of(filled)
    for report in ORDINARY:
        assert found(report, filled) == expected(report, rows, filled), report.key
        assert expected(report, rows, filled), f"{report.key} counts nobody: the test says nothing of it"


def test_every_report_of_the_years_end_counts_what_the_records_say(filled_end):
    rows = rows_of(filled_end)
    for report in AT_THE_END:
        assert found(report, filled_end) == expected(report, rows, filled_end), report.key
        assert len(expected(report, rows, filled_end)) > 3, report.key
