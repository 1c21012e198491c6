"""Class lists (บัญชีรายชื่อนักเรียน): a school's pupils room by room, with blank columns to fill in by hand, as a PDF.

Each room begins on a page of its own; what the list is of stands at the head of every page.
"""

import datetime as dt
from dataclasses import dataclass

from documents import clock
from documents.district.schools import Area
from documents.formats import buddhist
from exports.workbooks.pdf import LOWER, Paper
from exports.workbooks.workbook import file_name

TITLE = "บัญชีรายชื่อนักเรียน"
HEADS = ("ที่", "เลขประจำตัว", "ชื่อ-นามสกุล", "เพศ")
SEXES = {"M": "ชาย", "F": "หญิง"}
BLANKS = (5, 10, 15, 0)  # how many blank columns may be chosen, the usual number first
MOST = 800  # pupils of a PDF made at once: about a second's work; more are a job
LEFT, TOP, FOOT = 12, 10, 18  # mm
NARROW = (9, 24, 12)  # mm of the columns beside the name
NAME = {0: 141, 5: 72, 10: 66, 15: 58}  # mm of the name, by the number of blank columns
USUAL, TIGHT = 6.4, 4.4  # mm of a row: as high as lets a class stand on one page, within what is well read


@dataclass(frozen=True)
class ClassLists:
    """What is printed: the classes, whose they are, as of when, and who printed them when."""

    classes: list
    round: object
    area_name: str
    school_code: str
    school_name: str
    blanks: int
    made_at: dt.datetime
    made_by: str

    @property
    def pupils(self):
        """How many pupils are on all the lists."""
        return sum(len(one.pupils) for one in self.classes)

    @property
    def place(self):
        """The school, its code and its area in a line."""
        return f"{self.school_name} (รหัส {self.school_code}) {self.area_name}"

    @property
    def when(self):
        """The round and its as-of date in a line."""
        return (
            f"รอบ {self.round.label} {self.round.title} · ข้อมูล ณ วันที่ {buddhist.format_long(self.round.as_of)}"
        )

    @property
    def foot(self):
        """Who printed it when, and that it holds personal data."""
        return f"พิมพ์โดย {self.made_by} เมื่อ {buddhist.format_datetime(self.made_at)} · มีข้อมูลส่วนบุคคล ห้ามเผยแพร่"


def lists_of(classes, round_, submission, blanks, made_by):
    """The ClassLists of some classes of a submission's school, as they stand now."""
    area = Area.objects(code=round_.area_code).only("name").first()
    name = area.name if area else round_.area_code
    return ClassLists(
        classes, round_, name, submission.school_code, submission.school_name, blanks, clock.now(), made_by
    )


def totals_of(one):
    """The totals of one class in words."""
    rest = len(one.pupils) - one.boys - one.girls
    return f"ชาย {one.boys:,} คน หญิง {one.girls:,} คน รวม {len(one.pupils):,} คน" + (
        f" (ไม่ระบุเพศ {rest:,} คน)" if rest else ""
    )


def class_lists_file_name(lists):
    """The download's name: 2568-1-34010001-บัญชีรายชื่อนักเรียน-ป.1 ห้อง 2.pdf; of several classes without them."""
    some = f"-{lists.classes[0].words}" if len(lists.classes) == 1 else ""
    return file_name(f"{lists.round.label}-{lists.school_code}-{TITLE}{some}", "pdf")


def class_lists_pdf(lists, tell=None):
    """The bytes of the lists as a PDF; `tell(pupils)` hears how many are written."""
    paper, written = ClassPaper(lists), 0
    for one in lists.classes:
        paper.write_class(one)
        written += len(one.pupils)
        if tell:
            tell(written)
    return bytes(paper.output())


class ClassPaper(Paper):
    """The pages of class lists."""

    def __init__(self, lists):
        super().__init__(f"{TITLE} {lists.school_name}", lists.foot, lists.made_at, left=LEFT, top=TOP)
        self.set_auto_page_break(False)
        self.set_draw_color(110)
        self.lists, self.size = lists, 10
        name = NAME[lists.blanks]
        blank = (self.epw - name - sum(NARROW)) / max(lists.blanks, 1)
        self.columns = [*NARROW[:2], name, *NARROW[2:], *[blank] * lists.blanks]

    def write_class(self, one):
        """One class from its head to its last row, on as many pages as it needs."""
        height, self.size = USUAL, 10
        self._head(one)
        names = self._names(one)
        if sum(map(len, names)) * height > self.h - FOOT - self.get_y():
            self.size = 9
            names = self._names(one)
            height = max(TIGHT, min(USUAL, (self.h - FOOT - self.get_y()) / sum(map(len, names))))
        for number, ((student_no, _, sex), lines) in enumerate(zip(one.pupils, names, strict=True), 1):
            if self.get_y() + height * len(lines) > self.h - FOOT + 0.1:
                self._rule()
                self._head(one)
            self._row((f"{number:,}", student_no, lines, SEXES.get(sex, "–")), height)
        self._rule()

    def _names(self, one):
        """The lines of each name, in the size that the class is written in."""
        self.words(self.size)
        return [self.lines_in(self.columns[2], name) for _, name, _ in one.pupils]

    def _head(self, one):
        """The head of a page, down to the heads of the columns."""
        self.add_page()
        self.words(14, bold=True)
        self.line_of(f"{TITLE} {one.words}", 7, "C")
        self.words(10)
        for text in (self.lists.place, self.lists.when):
            self.line_of(text, 5, "C")
        self.words(10, bold=True)
        self.line_of(totals_of(one), 5.5, "C")
        self.ln(1)
        self.top = self.get_y()
        self.words(9.5, bold=True)
        for width in self.columns:
            self.cell(width, 6, "", border="LR", fill=True)
        self.set_xy(self.l_margin, self.top + LOWER)
        for width, text in zip(self.columns, HEADS, strict=False):
            self.cell(width, 6, text, align="C")
        self.set_xy(self.l_margin, self.top + 6)
        self.words(self.size)

    def _row(self, cells, height):
        """One row under a line of its own; a long name takes more lines."""
        number, student_no, lines, sex = cells
        top = self.get_y()
        self.line(self.l_margin, top, self.l_margin + self.epw, top)
        for index, text in enumerate((number, student_no, None, sex)):
            self.set_xy(self.l_margin + sum(self.columns[:index]), top + LOWER)
            if text is not None:
                self.cell(self.columns[index], height, text, align=("R", "C", "L", "C")[index])
        for place, line in enumerate(lines):
            self.set_xy(self.l_margin + sum(self.columns[:2]), top + LOWER + place * height)
            self.cell(self.columns[2], height, line)
        self.set_xy(self.l_margin, top + height * len(lines))

    def _rule(self):
        """The lines around the table of this page and between its columns."""
        bottom, x = self.get_y(), self.l_margin
        for y in (self.top, bottom):
            self.line(self.l_margin, y, self.l_margin + self.epw, y)
        for width in (0, *self.columns):
            x += width
            self.line(x, self.top, x, bottom)
