"""The student-record form of a G-code request (แบบนักเรียนติด G) on paper, ready for a photograph and fingerprints.

It says what the request holds; what is not known yet is a line to write on. Source: domain.md 3.3.2.
"""

from functools import cache

from fontTools.ttLib import TTFont

from documents.dmc.households import FAMILY
from documents.formats import buddhist
from documents.gcode.gcode import GCodeRequest, editable
from documents.gcode.gcode_numbers import TEMPORARY, TEMPORARY_WORD
from exports.workbooks.pdf import DOTS, FONTS, Paper
from exports.workbooks.record_sheet import LEFT, Row, SheetPaper, in_words, label_of
from exports.workbooks.workbook import file_name

TITLE = "แบบข้อมูลนักเรียนรายบุคคล (แบบนักเรียนติด G)"
UNDER = "สำหรับผู้ไม่มีหลักฐานทางทะเบียนราษฎร เพื่อเข้ารับบริการทางการศึกษาเท่านั้น ไม่ให้สิทธิในสัญชาติหรือถิ่นที่อยู่"
PHOTO = (30, 38)  # mm: a photograph of 1.5 inches
PRINT = (38, 34)  # mm of the place for one fingerprint
PRINTS = ("หัวแม่มือขวา", "หัวแม่มือซ้าย")
DECLARED = "ข้าพเจ้าขอรับรองว่าข้อมูลข้างต้นเป็นความจริง และภาพถ่ายกับลายพิมพ์นิ้วมือเป็นของผู้เรียนคนนี้"
SIGNERS = (("ผู้ให้ข้อมูล", "บิดา / มารดา / ผู้ปกครอง"), ("ผู้บันทึกข้อมูล", "ครูผู้รับผิดชอบข้อมูล"), ("ผู้อำนวยการโรงเรียน", ""))
END = 92  # mm of fingerprints and signatures, never torn from each other


class FormPaper(SheetPaper):
    """The pages of one request's form."""

    def __init__(self, foot, made_at):
        Paper.__init__(self, TITLE, foot, made_at, left=LEFT, top=14)

    def write_top(self, request):
        """Title and facts, the place for the photograph beside them."""
        top, right = self.get_y(), self.l_margin + self.epw
        self.set_dash_pattern(1.2, 1)
        self.rect(right - PHOTO[0], top, *PHOTO)
        self.set_dash_pattern()
        self.words(10)
        for number, line in enumerate(("ติดรูปถ่าย", "1.5 นิ้ว", "หน้าตรง")):
            self.set_xy(right - PHOTO[0], top + 9 + number * 6)
            self.cell(PHOTO[0], 6, line, align="C")
        width = self.epw - PHOTO[0] - 6
        self.set_xy(self.l_margin, top)
        self.words(16, bold=True)
        self.line_of(TITLE, 9, width=width)
        self.words(9)
        self.line_of(UNDER, 5, width=width)
        self.ln(2)
        day = buddhist.format_long(request.requested_on) if request.requested_on else DOTS
        facts = (("เลขที่คำขอ", request.request_no), ("วันที่ขอ", day),
                 ("โรงเรียน", f"{request.school_name} (รหัส {request.school_code})"), ("รหัส G", code_words(request)))  # fmt: skip
        for label, words in facts:
            self.words(11, bold=True)
            self.cell(26, 6, label)
            self.words(11)
            self.multi_cell(width - 26, 6, words, align="L", new_x="LMARGIN", new_y="NEXT")
        self.set_y(max(self.get_y(), top + PHOTO[1] + 2))

    def write_end(self):
        """Fingerprints and signatures."""
        self._keep(END)
        self.ln(3)
        self.words(11, bold=True)
        self.cell(self.epw, 6.5, "ลายพิมพ์นิ้วมือของผู้เรียน", fill=True, new_x="LMARGIN", new_y="NEXT")
        top = self.get_y() + 3
        gap = (self.epw - 2 * PRINT[0]) / 3
        self.words(10)
        for number, words in enumerate(PRINTS):
            x = self.l_margin + gap + number * (PRINT[0] + gap)
            self.set_dash_pattern(1.2, 1)
            self.rect(x, top, *PRINT)
            self.set_dash_pattern()
            self.set_xy(x, top + PRINT[1])
            self.cell(PRINT[0], 6, words, align="C")
        self.set_xy(self.l_margin, top + PRINT[1] + 9)
        self.words(10.5)
        self.line_of(DECLARED, 6)
        self.ln(7)
        third = self.epw / len(SIGNERS)
        lines = (f"ลงชื่อ {DOTS[:30]}", f"({DOTS[:34]})", *(None, None), "วันที่ ......./......./.......")
        for number, line in enumerate(lines):
            for signer in SIGNERS:
                self.cell(third, 6, line or signer[number - 2], align="C")
            self.ln()


def code_words(request):
    """The code as the form shows it: a temporary one says so, one that is not there yet is a line."""
    mark = f" ({TEMPORARY_WORD})" if request.code_kind == TEMPORARY else ""
    return f"{request.code}{mark}" if request.code else DOTS


def form_pdf(request, may_see, made_at, made_by):
    """The bytes of a request's form as a PDF; `may_see` are the fields ({name: field}) that the reader sees."""
    foot = f"พิมพ์โดย {made_by} เมื่อ {buddhist.format_datetime(made_at)} · มีข้อมูลส่วนบุคคล ห้ามเผยแพร่"
    paper = FormPaper(foot, made_at)
    paper.add_page()
    paper.write_top(request)
    for heading, sections in groups_of(request, may_see):
        paper.write_group(heading, sections)
    paper.write_end()
    return bytes(paper.output())


def groups_of(request, may_see):
    """[(heading, [(small heading or None, [Row])])] of the fields; numbers of papers in full, since they are compared."""
    plain, groups = request.to_mongo(), {heading: {} for heading in GCodeRequest.groups}
    for name, field in editable().items():
        if name == "requested_on" or name not in may_see:
            continue
        rows = groups[field.group].setdefault(getattr(field, "section", None), [])
        label = label_of(field)
        section = getattr(field, "section", None)
        if field.group == FAMILY and section and label.endswith(section):
            label = label.removesuffix(section)
        words = in_words(field, plain.get(name), full=True)
        rows.append(Row(name, label, words if printable(words) else ""))
    return [(heading, list(sections.items())) for heading, sections in groups.items() if sections]


@cache
def _letters():
    """The code points that the paper's face has."""
    return frozenset(TTFont(FONTS / "Sarabun-Regular.ttf", lazy=True).getBestCmap())


def printable(text):
    """Whether the paper's face has every letter of a text: a name in Burmese letters is a line to write on instead."""
    return all(ord(letter) in _letters() for letter in text)


def form_file_name(request):
    """The download's name, which tells no name of a person."""
    return file_name(f"แบบนักเรียนติด G {request.request_no}", "pdf")
