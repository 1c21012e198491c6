"""The round's report of counts (รายงานจำนวนนักเรียนแยกชั้น,เพศ): one sheet for superiors, without persons."""

from documents.records.kinds import documents_of
from exports.collecting.round_workbook import declared_rooms, pupil_counts, write_pupils_report
from exports.dmc.reports import report_title
from exports.dmc.statistics import checked_facts
from exports.workbooks.totals import PUPILS
from exports.workbooks.workbook import file_name, workbook_bytes


def has_report(round_):
    """Whether the round counts pupils at all."""
    return any(document.slug == PUPILS for document in documents_of(round_.subsystem))


def round_report(round_):
    """The bytes of the report's workbook; of a locked round from what the lock froze.

    Raises WrongState as that does, and TotalsDiffer where a count of the records comes to something else.
    """
    facts = checked_facts(round_)
    created = facts.locked_at or facts.as_of
    title = report_title(facts.area_name, round_.label)
    with workbook_bytes(title, created=created, subject=round_.label) as (book, result):
        write_pupils_report(book, facts, pupil_counts(facts), declared_rooms(facts))
    return result.getvalue()


def report_file_name(round_):
    """The download's name: 2568-1-DMC-34010000-แยกชั้น-เพศ.xlsx."""
    return file_name(f"{round_.label}-{round_.subsystem}-{round_.area_code}-แยกชั้น-เพศ")
