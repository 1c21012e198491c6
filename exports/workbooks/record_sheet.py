"""A record on paper (แบบข้อมูลรายรายการ): every group of its declaration, to be read, corrected by hand and signed.

It reads the declaration, so that any subsystem's record has it; a pupil's is แบบข้อมูลนักเรียนรายบุคคล. Pictures of the
record stand below its facts.
"""

import datetime as dt
import io
from dataclasses import dataclass

from documents.collecting.rounds import system_name
from documents.formats import buddhist, citizen_id
from documents.records import fields, pictures
from documents.records.fields import PERSONAL, SENSITIVE
from documents.records.record import shown_fields
from exports.workbooks.pdf import LOWER, Paper, labelled, write_signatures
from exports.workbooks.workbook import file_name

OTHERWISE = "ข้อมูลทั่วไป"
DECLARED = "ข้าพเจ้าได้ตรวจสอบข้อมูลข้างต้นแล้ว และแก้ไขส่วนที่ไม่ถูกต้องไว้ในช่องนั้น"
OF_A_PERSON = (("ผู้ให้ข้อมูล", "เจ้าของข้อมูล / ผู้ปกครอง"), ("ผู้ตรวจสอบข้อมูล", "ครูผู้รับผิดชอบข้อมูล"))
OF_A_THING = (("ผู้บันทึกข้อมูล", "ครูผู้รับผิดชอบข้อมูล"), ("ผู้ตรวจสอบข้อมูล", "ผู้อำนวยการโรงเรียน"))
TO_FILL = "…" * 9  # where nothing is known yet
LEFT = 15  # mm
LABEL = 0.45  # of a half of the page
ROW, LINE = 5.6, 4.6  # mm of a row of one line, and of each further line
MOST_ACROSS, GAP = 4, 3  # pictures beside each other, mm between them


@dataclass(frozen=True)
class Row:
    """One field: its label and its value in words, "" for none."""

    name: str
    label: str
    words: str


@dataclass(frozen=True)
class RecordSheet:
    """What the sheet says; `groups` are (heading, ((small heading or None, (Row, ...)), ...)), `shots` (label, picture id)."""

    document: type
    headline: str
    round: object
    school_code: str
    school_name: str
    groups: tuple
    shots: tuple
    personal: bool
    full: bool
    masked: tuple
    left_out: int
    made_at: dt.datetime
    made_by: str

    @property
    def title(self):
        """What the sheet is called."""
        return self.document.sheet_title or f"แบบข้อมูล{self.document.label}"

    @property
    def facts(self):
        """(label, words) above the groups."""
        return (
            ("ชื่อ", self.headline),
            ("โรงเรียน", f"{self.school_name} (รหัส {self.school_code})"),
            ("รอบข้อมูล", f"{system_name(self.round.subsystem)} {self.round.label} {self.round.title}"),
            ("ข้อมูล ณ วันที่", buddhist.format_long(self.round.as_of)),
        )

    @property
    def foot(self):
        """Who printed it when, and whether it holds personal data."""
        printed = f"พิมพ์โดย {self.made_by} เมื่อ {buddhist.format_datetime(self.made_at)}"
        return f"{printed} · มีข้อมูลส่วนบุคคล ห้ามเผยแพร่" if self.personal else printed

    @property
    def signers(self):
        """Two of (role, post): who signs for a person's facts, or for a thing's."""
        return OF_A_PERSON if self.personal else OF_A_THING

    @property
    def notes(self):
        """What is not on the sheet, in sentences."""
        said = []
        if self.masked and not self.full:
            said.append("เลขประจำตัวแสดงเพียงบางหลัก")
        if self.left_out:
            said.append(f"ไม่แสดงข้อมูลอ่อนไหว {self.left_out:,} ช่อง")
        return " · ".join(said)


def record_sheet(record, round_, school_name, may_see, full, made_at, made_by, marks=None):
    """The RecordSheet of a record; `may_see(field)` says which fields the reader sees, `full` shows numbers whole, `marks` are
    {field's name: words behind its value}.
    """
    plain, masked, shots, personal, left_out = record.to_mongo(), [], [], False, 0
    groups = {heading: {} for heading in type(record).groups}
    for name, field in shown_fields(type(record)).items():
        if not may_see(field):
            left_out += 1
            continue
        if getattr(field, "derived", False) and not field.group:
            continue  # the name in one piece: it stands above
        value = field.work(plain, round_) if getattr(field, "derived", False) else plain.get(name)
        personal = personal or field.personal in (PERSONAL, SENSITIVE)
        if field.kind == "picture" and value:
            shots.append((label_of(field), value))
            continue
        if value not in (None, "") and getattr(field, "masked", False):
            masked.append(name)
        section = groups.setdefault(field.group or OTHERWISE, {}).setdefault(
            getattr(field, "section", None), []
        )
        words = " ".join(filter(None, (in_words(field, value, full), (marks or {}).get(name))))
        section.append(Row(name, label_of(field), words))
    made = tuple(
        (heading, tuple((small, tuple(rows)) for small, rows in sections.items()))
        for heading, sections in groups.items()
        if sections
    )
    return RecordSheet(type(record), str(record), round_, record.school_code, school_name, made, tuple(shots), personal,
                       full, tuple(masked), left_out, made_at, made_by)  # fmt: skip


def label_of(field):
    """The label with its unit, without what the small heading above it says already."""
    label, unit = fields.label_under(str(field.verbose_name), getattr(field, "section", None)), field.unit
    return f"{label} ({unit})" if unit and f"({unit})" not in label else label


def in_words(field, value, full):
    """A value in words, a person's number whole or masked."""
    if value not in (None, "") and getattr(field, "masked", False):
        return citizen_id.format_id(value) if full else citizen_id.mask_id(value)
    return fields.shown(field, value)


def record_sheet_file_name(sheet, record):
    """The download's name, which tells no name and no number of a person."""
    return file_name(f"{sheet.round.label}-{sheet.school_code}-{sheet.title}-{str(record.id)[-6:]}", "pdf")


# ---- the PDF ----


def record_sheet_pdf(sheet):
    """The bytes of the sheet as a PDF."""
    paper = SheetPaper(sheet)
    paper.add_page()
    paper.write_head(sheet)
    for heading, sections in sheet.groups:
        paper.write_group(heading, sections)
    paper.write_shots(sheet)
    write_signatures(paper, DECLARED, sheet.signers)
    return bytes(paper.output())


class SheetPaper(Paper):
    """The pages of one record's sheet: two fields a row."""

    def __init__(self, sheet):
        super().__init__(sheet.title, sheet.foot, sheet.made_at, left=LEFT, top=14)

    def write_head(self, sheet):
        """Title, facts and what is not on the sheet."""
        self.words(16, bold=True)
        self.line_of(sheet.title, 9, "C")
        self.ln(1)
        for label, words in sheet.facts:
            labelled(self, label, words)
        if sheet.notes:
            self.words(9)
            self.line_of(sheet.notes, 5)

    def write_group(self, heading, sections):
        """One group under its heading, never the heading alone at the end of a page."""
        self._keep(24)
        self.ln(2)
        self.words(11, bold=True)
        self.cell(self.epw, 6.5, heading, fill=True, new_x="LMARGIN", new_y="NEXT")
        for small, rows in sections:
            if small:
                self._keep(16)
                self.words(10, bold=True)
                self.cell(self.epw, 6, small, new_x="LMARGIN", new_y="NEXT")
            self.write_rows(rows)

    def write_shots(self, sheet):
        """The record's pictures beside each other, two to four a row, each with its label below."""
        place = sheet.round.area_code, sheet.school_code
        kept = [(label, pictures.content_of(id_, *place)) for label, id_ in sheet.shots]
        kept = [(label, content) for label, content in kept if content]
        across = min(max(len(kept), 2), MOST_ACROSS)
        each = self.epw / across
        wide, high = each - GAP, (each - GAP) * 3 / 4
        for first in range(0, len(kept), across):
            self._keep(high + ROW + GAP)
            top = self.get_y() + GAP
            self.words(9.5)
            for at, (label, content) in enumerate(kept[first : first + across]):
                x = self.l_margin + at * each
                self.image(io.BytesIO(content), x, top, wide, high, keep_aspect_ratio=True, alt_text=label)
                self.set_xy(x, top + high)
                self.cell(wide, ROW, label, align="C")
            self.set_xy(self.l_margin, top + high + ROW)

    def write_rows(self, rows):
        """Rows two by two; a pair is as high as the taller of the two."""
        for pair in zip(rows[::2], [*rows[1::2], None], strict=False):
            cells = [self._measured(row) for row in pair if row]
            lines = max(max(len(label), len(words)) for label, words in cells)
            height = ROW + (lines - 1) * LINE
            self._keep(height)
            top = self.get_y()
            for half, (label, words) in enumerate(cells):
                x = self.l_margin + half * self.epw / 2
                self._put(label, x, top, 9.5, False, 90)
                self._put(words, x + self.epw / 2 * LABEL, top, 10, True, 0)
            self.set_draw_color(205)
            self.line(self.l_margin, top + height, self.l_margin + self.epw, top + height)
            self.set_draw_color(0)
            self.set_xy(self.l_margin, top + height)

    def _measured(self, row):
        """(lines of the label, lines of the value)."""
        half = self.epw / 2
        self.words(9.5)
        label = self.lines_in(half * LABEL, row.label)
        self.words(10, bold=True)
        return label, self.lines_in(half * (1 - LABEL) - 1, row.words or TO_FILL)

    def _put(self, lines, x, top, size, bold, grey):
        self.words(size, bold and lines != [TO_FILL])
        self.set_text_color(grey)
        for number, line in enumerate(lines):
            self.set_xy(x, top + LOWER + number * LINE)
            self.cell(0, ROW, line)
        self.set_text_color(0)

    def _keep(self, height):
        """A new page where this much no longer fits."""
        if self.get_y() + height > self.h - 20:
            self.add_page()
