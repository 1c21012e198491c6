"""Panels (ข้อมูลจากระบบอื่น): what other subsystems know of a school, shown beside a form that must not ask for it again.

A declaration names them (`Record.panels`); the figures are those of `linked.py`, in the words of the kind of record they
are of (`Record.figures`). A panel always says of which round it is, or why there is nothing yet.
"""

from dataclasses import dataclass

from documents import subsystem
from documents.collecting.progress import noun_of
from documents.collecting.submissions import find_submission
from documents.formats import buddhist
from documents.records import linked
from documents.records.record import Figures, Place


@dataclass(frozen=True)
class Panel:
    """The figures of one kind of record: `source` says which round they are of, `empty` why there are none.

    `submission` is the school's there, None without one.
    """

    document: type
    source: str
    figures: Figures | None
    empty: str
    submission: object = None

    @property
    def title(self):
        """What is shown: the nouns officers use."""
        return noun_of(self.document)


def panels_of(document, place):
    """The Panels beside a record of a kind at a place, in declared order: two small questions each."""
    return all_panels([document], place)


def all_panels(documents, place):
    """The Panels of several kinds of record together, each once."""
    slugs = dict.fromkeys(slug for document in documents for slug in document.panels)
    return [panel_of(subsystem(slug), place) for slug in slugs]


def panel_of(document, place):
    """The Panel of one kind of record for a school in a year."""
    round_ = linked.round_of(place.area_code, place.academic_year, document.subsystem)
    if round_ is None:
        empty = f"ยังไม่มีรอบ {document.subsystem} ที่เปิดรับข้อมูล เมื่อเขตเปิดรอบและโรงเรียนบันทึกแล้ว ข้อมูลจะแสดงที่นี่เอง"
        return Panel(document, "", None, empty)
    there = Place(place.area_code, round_.academic_year, round_.code, place.school_code)
    submission = find_submission(document.subsystem, there)
    source = (
        f"จากรอบ {round_.subsystem} {round_.title} ปีการศึกษา {round_.academic_year} "
        f"ข้อมูล ณ {buddhist.format_short(round_.as_of)}"
    )
    if submission is None:
        return Panel(document, source, None, "โรงเรียนไม่อยู่ในรอบนี้")
    empty = f"โรงเรียนยังไม่ได้บันทึก{noun_of(document)}ในรอบนี้ บันทึกที่เมนู “{document.label}” แล้วจะแสดงที่นี่เอง"
    return Panel(document, source, document.figures(submission.counts), empty, submission)
