"""The roll of a year's end, handed over (ส่งต่อ) to the ministry's system of learning achievement, as a file.

What that system takes was not found, so the columns are data (exports/seeds/handover.json): a label, a field, and how it
is written: as stored, `label` or `short` of its code, `date` or `number`. On the roll are the pupils who count.
"""

import csv
import io
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from documents.collecting.submissions import submissions_of
from documents.database import collection
from documents.dmc.reporting import place_of, who
from documents.dmc.roll import YEAR_END, in_class_order
from documents.dmc.students import Student
from documents.errors import NotAllowed, WrongState
from documents.formats import buddhist
from documents.gcode.gcode_numbers import temporary_codes
from documents.records.codelists import code_list
from documents.records.record import declared
from exports.collecting.round_workbook import PERSONAL_LINE, facts_of
from exports.dmc.statistics import ENCODINGS
from exports.workbooks.grid import plain
from exports.workbooks.workbook import file_name, workbook_bytes, write_table

LAYOUT = Path(__file__).parent.parent / "seeds" / "handover.json"
CELLS = {"number": "count", "date": "center"}


@dataclass(frozen=True)
class Column:
    """One column of the file: its label, the field it shows, how, and its width in a sheet."""

    label: str
    field: str
    shown: str | None
    width: int
    decimals = None

    @property
    def cell(self):
        """The kind of cell in a workbook."""
        return CELLS.get(self.shown, "text")

    def value(self, row, names):
        """What stands in it of a stored pupil."""
        if self.field == "school_name":
            return names.get(row["school_code"], "")
        value = row.get(self.field)
        if value is None or self.shown == "number":
            return value
        if self.shown == "date":
            return buddhist.format_date(value)
        if self.shown in ("label", "short"):
            return getattr(code_list(declared(Student)[self.field].codelist), self.shown)(value)
        return str(value)


@cache
def layout():
    """(title, [Column]) of the file."""
    kept = json.loads(LAYOUT.read_text("utf-8"))
    columns = [Column(one["label"], one["field"], one.get("as"), one["width"]) for one in kept["columns"]]
    return kept["title"], columns


def refuse_handover(round_, user):
    """Raise NotAllowed for anyone but an officer of the area, WrongState for what is not a locked year's end."""
    if not user.holds("district", round_.area_code):
        raise NotAllowed("เฉพาะเจ้าหน้าที่เขตเท่านั้นที่ส่งต่อทะเบียนสิ้นปีได้ เพราะมีข้อมูลส่วนบุคคล")
    if round_.code != YEAR_END or not round_.sealed or round_.state == "closing":
        raise WrongState("ส่งต่อทะเบียนได้เมื่อล็อกรอบสิ้นปีการศึกษาแล้ว เพราะผลสิ้นปีต้องไม่เปลี่ยนอีก")


def handover_file(round_, user, extension, encoding="utf8", tell=None):
    """(bytes, number of pupils) of the file as xlsx or csv; `tell(pupils)` hears how far it is.

    Raises as `refuse_handover`, and WrongState where a school of the round is open again.
    """
    refuse_handover(round_, user)
    facts = facts_of(round_)
    title, columns = layout()
    written = Written(class_by_class(round_), columns, facts.names, temporary_codes(round_.area_code), tell)
    if extension == "csv":
        return _csv(columns, written, encoding), written.count
    with workbook_bytes(f"{title} รอบ {round_.label} {facts.area_name}", created=facts.locked_at) as (
        book,
        result,
    ):
        sheet = book.page("ทะเบียนสิ้นปี", repeat=(0, 0), freeze=(1, 5))
        sheet.set_header(f"&C{PERSONAL_LINE}")
        write_table(sheet, book, columns, written)
    return result.getvalue(), written.count


def class_by_class(round_):
    """Yield the stored pupils who count, a school in memory at a time: by school, grade, room and name."""
    for code in sorted(submissions_of(round_).scalar("school_code")):
        asked = {"$and": [place_of(round_, [code]), who("counted")]}
        yield from in_class_order(list(collection(Student).find(asked).hint("school_order")))


class Written:
    """The rows of the file as they are written, counted; the number of one who has a `temporary` code stays empty."""

    def __init__(self, stored, columns, names, temporary, tell):
        self.stored, self.columns, self.names, self.tell, self.count = stored, columns, names, tell, 0
        self.temporary = temporary

    def __iter__(self):
        for row in self.stored:
            self.count += 1
            if self.tell:
                self.tell(self.count)
            if row.get("person_id") in self.temporary:
                row["person_id"] = None
            yield [column.value(row, self.names) for column in self.columns]


def _csv(columns, rows, encoding):
    """The bytes of the CSV; a text that would run as a formula is made plain, as in any other of ours."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([plain(column.label) for column in columns])
    writer.writerows([plain(value) for value in row] for row in rows)
    return text.getvalue().encode(ENCODINGS[encoding], "replace")


def handover_file_name(round_, extension):
    """The download's name: 2568-3-34010000-ทะเบียนนักเรียนสิ้นปี ส่งต่อระบบผลการเรียน.xlsx."""
    return file_name(f"{round_.label}-{round_.area_code}-{layout()[0]}", extension)
