"""Letters as Word and PDF: the government's layout, a space where the garuda goes, Thai digits.

Word names TH SarabunPSK, the font that offices must use and have; the PDF carries Sarabun, which is its like.
Sizes and margins: คำอธิบายการพิมพ์หนังสือราชการ of the Office of the Permanent Secretary, PM's Office (16 points; margins of 3 cm
left and 2 cm right; paragraphs begin at 2.5 cm).
"""

import io
import re

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from documents import clock
from documents.collecting.reminders import title_of
from documents.formats.thai import thai_digits
from exports.workbooks.pdf import MOST_IN_LINE, Paper
from exports.workbooks.workbook import file_name

FONT = "TH SarabunPSK"
SIZE, HEAD = 16, 29  # points
LEFT, RIGHT, TOP, BOTTOM = 3, 2, 1.5, 2  # cm
INDENT = 2.5  # cm, of a paragraph's first line
GARUDA = {"memo": 1.5, "schools": 3}  # cm that the emblem takes
DOTS = "." * 40
LONG_NAME = 40  # characters that a name may have in one line
KIND_OF_SCHOOLS = re.compile("(?=ประถมศึกษา|มัธยมศึกษา)")
HEADS = ("ขั้นตอน", "ผู้ดำเนินการ", "กำหนดเวลา")
WIDTHS = (4.5, 3.9, 7.6)  # cm
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def letter_file_name(round_, letter, ending):
    """The download's name: 2568-1-DMC-บันทึกข้อความ.docx."""
    what = "บันทึกข้อความ" if letter.is_memo else "หนังสือถึงโรงเรียน"
    return file_name(f"{round_.label}-{round_.subsystem}-{what}", ending)


def signed(letter):
    """The two lines under a signature: (name in brackets, post)."""
    return f"({letter.signer or DOTS})", letter.post or DOTS


def heads_of(letter):
    """[(label, words)] of the lines above a letter's body."""
    rows = [("เรื่อง", letter.subject), ("เรียน", letter.to)]
    return rows + ([("อ้างถึง", f"หนังสือที่ {letter.reference}")] if letter.reference else [])


# ---- Word ----


def letter_docx(letter):
    """The bytes of a letter as a Word document."""
    paper = Document()
    _page(paper)
    if letter.is_memo:
        _memo_head(paper, letter)
    else:
        _letter_head(paper, letter)
    for label, words in heads_of(letter):
        _labelled(paper, label, words, letter.is_memo, 1.7, after=6)
    for words in letter.paragraphs:
        _body(paper, words)
    if letter.windows:
        _table(paper, letter.windows)
    for words in letter.closing:
        _body(paper, words)
    _signature(paper, letter)
    written = io.BytesIO()
    paper.save(written)
    return written.getvalue()


def _page(paper):
    section = paper.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin, section.right_margin = Cm(LEFT), Cm(RIGHT)
    section.top_margin, section.bottom_margin = Cm(TOP), Cm(BOTTOM)
    style = paper.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(SIZE)
    own = style.element.get_or_add_rPr()
    fonts = own.find(qn("w:rFonts"))
    for name in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(name), FONT)
    own.append(_element("w:szCs", SIZE * 2))
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "th-TH")
    language.set(qn("w:bidi"), "th-TH")
    own.append(language)
    style.paragraph_format.space_after = style.paragraph_format.space_before = Pt(0)
    style.paragraph_format.line_spacing = 1
    paper.core_properties.author, paper.core_properties.language = "Khet", "th-TH"


def _element(name, value):
    made = OxmlElement(name)
    made.set(qn("w:val"), str(value))
    return made


def _run(paragraph, words, bold=False, size=None):
    """Words of a paragraph; Thai takes its boldness and size from properties of their own."""
    run = paragraph.add_run(thai_digits(words))
    run.bold = bold
    if bold:
        run._element.get_or_add_rPr().append(OxmlElement("w:bCs"))
    if size:
        run.font.size = Pt(size)
        run._element.get_or_add_rPr().append(_element("w:szCs", size * 2))
    return run


def _labelled(place, label, words, bold, width, after=0):
    """A label and its words, whose further lines stand under the first: `width` cm are the label's."""
    paragraph = place.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(after)
    paragraph.paragraph_format.left_indent, paragraph.paragraph_format.first_line_indent = (
        Cm(width),
        Cm(-width),
    )
    paragraph.paragraph_format.tab_stops.add_tab_stop(Cm(width))
    _run(paragraph, f"{label}\t", bold)
    _run(paragraph, words)


def _line(paper, parts, align=None, after=0, left=None):
    paragraph = paper.add_paragraph()
    paragraph.alignment = align
    paragraph.paragraph_format.space_after = Pt(after)
    if left:
        paragraph.paragraph_format.left_indent = Cm(left)
    for words, bold in parts:
        _run(paragraph, words, bold)
    return paragraph


def _body(paper, words):
    paragraph = paper.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.THAI_JUSTIFY
    paragraph.paragraph_format.first_line_indent = Cm(INDENT)
    paragraph.paragraph_format.space_before = Pt(6)
    _run(paragraph, words)


def _emblem(paper, letter):
    """The space that the garuda takes, marked for whoever prints on plain paper."""
    space = _line(paper, [("", False)], WD_ALIGN_PARAGRAPH.CENTER)
    space.paragraph_format.line_spacing = Cm(GARUDA[letter.kind])


def _memo_head(paper, letter):
    """The title stands beside the garuda, in a line as high as that."""
    head = paper.add_paragraph()
    head.paragraph_format.line_spacing = Cm(GARUDA[letter.kind])
    head.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(head, "บันทึกข้อความ", True, HEAD)
    office = f"{letter.office} {letter.group}" + (f" โทร {letter.phone}" if letter.phone else "")
    _labelled(paper, "ส่วนราชการ", office, True, 2.6)
    left, right = _beside(paper, 8, 8)
    _labelled(left, "ที่", letter.number or DOTS, True, 0.9)
    _labelled(right, "วันที่", letter.day, True, 1.2)


def _letter_head(paper, letter):
    _emblem(paper, letter)
    left, right = _beside(paper, 8.5, 7.5)
    _labelled(left, "ที่", letter.number or DOTS, False, 0.9)
    for words in [*_name_lines(letter.office), *filter(None, [letter.address])]:
        _line(right, [(words, False)])
    _line(
        paper, [(letter.day, False)], WD_ALIGN_PARAGRAPH.CENTER, after=6
    ).paragraph_format.space_before = Pt(6)


def _beside(paper, *widths):
    """Two places beside each other, as many cm wide, without lines around them."""
    table = paper.add_table(rows=1, cols=len(widths))
    _set_widths(table, widths)
    for cell in table.rows[0].cells:
        for paragraph in cell.paragraphs:
            paragraph._element.getparent().remove(paragraph._element)
    return table.rows[0].cells


def _set_widths(table, widths):
    """Columns as wide as they are told, whatever stands in them."""
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
        for cell in column.cells:
            cell.width = Cm(width)


def _name_lines(words):
    """A long name of an area office in two lines, broken before what kind of schools it has."""
    return KIND_OF_SCHOOLS.split(words, 1) if len(words) > LONG_NAME else [words]


def _table(paper, windows):
    table = paper.add_table(rows=1, cols=len(HEADS))
    table.style, table.alignment = "Table Grid", WD_TABLE_ALIGNMENT.CENTER
    for cell, words in zip(table.rows[0].cells, HEADS, strict=True):
        _run(cell.paragraphs[0], words, True)
        cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
    for row in windows:
        for cell, words in zip(table.add_row().cells, row, strict=True):
            _run(cell.paragraphs[0], words)
    _set_widths(table, WIDTHS)


def _signature(paper, letter):
    """The signature, on one page with the line before it: a name on a page of its own would stand under nothing."""
    together = [paper.paragraphs[-1]]
    if letter.farewell:
        together.append(_line(paper, [(letter.farewell, False)], WD_ALIGN_PARAGRAPH.CENTER, left=7))
        together[-1].paragraph_format.space_before = Pt(12)
    together.append(_line(paper, [("", False)], after=30))
    for words in (line for each in signed(letter) for line in _name_lines(each)):
        together.append(_line(paper, [(words, False)], WD_ALIGN_PARAGRAPH.CENTER, left=7))
    for line in together[:-1]:
        line.paragraph_format.keep_with_next = True
    if not letter.is_memo:
        _line(paper, [(letter.group, False)]).paragraph_format.space_before = Pt(24)
        if letter.phone:
            _line(paper, [(f"โทร {letter.phone}", False)])


# ---- PDF ----


class Sheet(Paper):
    """A letter's page: no foot but the page's number where there are more."""

    def footer(self):
        """Nothing on the first page, as letters are; its number on those after."""
        if self.page_no() > 1:
            self.set_y(-15)
            self.words(12)
            self.cell(0, 6, thai_digits(f"- {self.page_no()} -"), align="C")


def letter_pdf(round_, letter):
    """The bytes of a letter as a PDF."""
    paper = Sheet(f"{letter.subject} {title_of(round_)}", "", clock.now(), LEFT * 10, TOP * 10)
    paper.set_right_margin(RIGHT * 10)
    paper.add_page()
    paper.ln(GARUDA[letter.kind] * 10)
    if letter.is_memo:
        _write_memo_head(paper, letter)
    else:
        _write_letter_head(paper, letter)
    for label, words in heads_of(letter):
        _write_labelled(paper, label, words, letter.is_memo)
    for words in letter.paragraphs:
        _write_body(paper, words)
    _write_table(paper, letter.windows)
    for words in letter.closing:
        _write_body(paper, words)
    _write_signature(paper, letter)
    return bytes(paper.output())


POINTS, LINE = 13, 7  # Sarabun of 13 points is as large as TH SarabunPSK of 16


def _write_memo_head(paper, letter):
    paper.set_y(TOP * 10 + 3)
    paper.words(23, bold=True)
    paper.line_of("บันทึกข้อความ", 13, "C")
    office = f"{letter.office} {letter.group}" + (f" โทร {letter.phone}" if letter.phone else "")
    _write_labelled(paper, "ส่วนราชการ", office, True)
    top = paper.get_y()
    _write_labelled(paper, "ที่", letter.number or DOTS, True, 72)
    below = paper.get_y()
    paper.set_xy(LEFT * 10 + 78, top)
    _write_labelled(paper, "วันที่", letter.day, True)
    paper.set_y(max(below, paper.get_y()))


def _write_letter_head(paper, letter):
    paper.words(POINTS)
    top = paper.get_y()
    paper.cell(84, LINE, thai_digits(f"ที่  {letter.number or DOTS}"))
    right = LEFT * 10 + 84
    room = paper.w - RIGHT * 10 - right
    paper.set_y(top)
    for words in filter(None, (letter.office, letter.address)):
        for line in _office_lines(paper, words, room):
            paper.set_x(right)
            paper.cell(room, LINE, line, new_x="LMARGIN", new_y="NEXT")
    paper.ln(2)
    paper.line_of(thai_digits(letter.day), LINE, "C")
    paper.ln(2)


def _office_lines(paper, words, room):
    """A name as lines; an area office's is broken before what kind of schools it has, as it is on letters."""
    text = thai_digits(words)
    parts = KIND_OF_SCHOOLS.split(text, 1) if paper.get_string_width(text) > room else [text]
    return [line for part in parts for line in paper.lines_in(room, part)]


def _write_labelled(paper, label, words, bold, width=0):
    paper.words(POINTS, bold)
    own = paper.get_string_width(label) + 4
    paper.cell(own, LINE, label)
    paper.words(POINTS)
    x, room = paper.get_x(), (width or paper.epw - (paper.get_x() - LEFT * 10)) - (own if width else 0)
    for line in paper.lines_in(room, thai_digits(words)):
        paper.set_x(x)
        paper.cell(room, LINE, line, new_x="LMARGIN", new_y="NEXT")
    paper.ln(1)


def _write_body(paper, words):
    """A paragraph, its first line set in."""
    paper.words(POINTS)
    paper.ln(1.5)
    text, indent = thai_digits(words), INDENT * 10
    first = paper.lines_in(paper.epw - indent, text[:MOST_IN_LINE])[0]
    paper.set_x(LEFT * 10 + indent)
    paper.cell(paper.epw - indent, LINE, first, new_x="LMARGIN", new_y="NEXT")
    rest = text[len(first) :].lstrip() if text.startswith(first) else ""
    for line in paper.lines_in(paper.epw, rest) if rest else ():
        paper.cell(paper.epw, LINE, line, new_x="LMARGIN", new_y="NEXT")


def _write_table(paper, windows):
    if not windows:
        return
    paper.ln(2)
    widths = [width * 10 for width in WIDTHS]
    for number, row in enumerate((HEADS, *windows)):
        paper.words(POINTS - 1.5, bold=number == 0)
        cells = [paper.lines_in(width, thai_digits(words)) for width, words in zip(widths, row, strict=True)]
        height = LINE * max(map(len, cells)) + 1
        if paper.will_page_break(height):
            paper.add_page()
        left, top = LEFT * 10, paper.get_y()
        for lines, width in zip(cells, widths, strict=True):
            paper.rect(left, top, width, height)
            for place, line in enumerate(lines):
                paper.set_xy(left, top + 0.5 + place * LINE)
                paper.cell(width, LINE, line, align="L" if number else "C")
            left += width
        paper.set_xy(LEFT * 10, top + height)
    paper.ln(1)


def _write_signature(paper, letter):
    if paper.will_page_break(55):
        paper.add_page()
    paper.words(POINTS)
    paper.ln(5)
    half = paper.epw - 70
    if letter.farewell:
        paper.set_x(LEFT * 10 + 70)
        paper.cell(half, LINE, letter.farewell, align="C", new_x="LMARGIN", new_y="NEXT")
    paper.ln(14)
    for words in signed(letter):
        for line in _office_lines(paper, words, half):
            paper.set_x(LEFT * 10 + 70)
            paper.cell(half, LINE, line, align="C", new_x="LMARGIN", new_y="NEXT")
    if not letter.is_memo:
        paper.ln(8)
        for words in filter(None, (letter.group, letter.phone and f"โทร {letter.phone}")):
            paper.cell(0, LINE, thai_digits(words), new_x="LMARGIN", new_y="NEXT")
