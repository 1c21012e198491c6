"""The letter of a school's estimate (แจ้งประมาณการเงินอุดหนุน): what its pupils bring, by which rates, as a PDF on A4.

It says of itself that it is an estimate. The same locked round and rates give the same bytes.
"""

from documents.clock import utc
from documents.collecting.freezing import freeze_of
from documents.formats import buddhist
from documents.subsidies.rate_rows import TERMS
from exports.subsidies.money import SAYS, rules_in_words, statement
from exports.workbooks.pdf import LEFT, LOWER, Paper, labelled
from exports.workbooks.workbook import file_name

HEADS = ("รายการ", "ระดับ", "นักเรียน", "จ่ายให้", "อัตรา", "รวมทั้งปี", "ภาคเรียนนี้")
COLUMNS = (56, 26, 16, 16, 18, 20, 18)  # mm of the page's WIDTH
TEXTS = (0, 1)


def letters_pdf(estimate, schools, area_name):
    """The bytes of the letters of some SchoolMoney of an estimate, a page or more each, in their order."""
    freeze = freeze_of(estimate.round)
    made_at = utc(freeze.locked_at) if freeze else utc(estimate.round.as_of)
    paper = Paper("แจ้งประมาณการเงินอุดหนุน", f"{area_name} · {SAYS}", made_at)
    for school in schools:
        paper.add_page()
        write_letter(paper, estimate, school, area_name)
    return bytes(paper.output())


def write_letter(paper, estimate, school, area_name):
    """One letter: whom it is for, of which round, the table, how it was counted."""
    round_ = estimate.round
    paper.words(18, bold=True)
    paper.line_of("แจ้งประมาณการเงินอุดหนุน", 10, "C")
    paper.words(11)
    paper.line_of(area_name, 7, "C")
    paper.ln(3)
    labelled(paper, "เรียน", f"ผู้อำนวยการโรงเรียน{school.name.removeprefix('โรงเรียน')} (รหัส {school.code})")
    labelled(
        paper,
        "ข้อมูลที่ใช้",
        f"นักเรียนรายบุคคล (DMC) รอบ {round_.label} ที่ล็อกแล้ว ณ วันที่ {buddhist.format_long(round_.as_of)}",
    )
    labelled(
        paper,
        "อัตราที่ใช้",
        f"{estimate.table.title} สำหรับปีงบประมาณ {estimate.fiscal_year} {TERMS[estimate.term]}",
    )
    labelled(paper, "นักเรียนที่นับ", f"{school.size:,} คน")
    paper.ln(3)
    table = statement(estimate, school)
    if school.unreported:
        paper.line_of(table.about, 7)
        return
    row_of(paper, HEADS, True)
    for row in table.rows:
        item, level, heads, paid, rate, _, year, term = row
        row_of(paper, (item, level, shown(heads), shown(paid), shown(rate), shown(year), shown(term)), False)
    row_of(paper, ("รวม", "", "", "", "", shown(table.total[6]), shown(table.total[7])), True)
    paper.ln(4)
    paper.words(10.5)
    for line in told(estimate, school):
        paper.line_of(line, 6)


def told(estimate, school):
    """What stands below the table, a sentence each."""
    yield f"{SAYS} จำนวนเงินจริงเป็นไปตามหนังสือแจ้งจัดสรร"
    yield f"เกณฑ์การนับของปีการศึกษา {estimate.round.academic_year}: {rules_in_words(estimate.round)}"
    met = {due.rate.id for due in school.dues}
    unsure = sorted({rate.words for rate in estimate.unverified if rate.id in met})
    if unsure:
        yield f"อัตราที่ยังไม่ได้ตรวจสอบกับหนังสือราชการ: {', '.join(unsure)}"
    if not estimate.exact:
        yield f"ยังไม่มีอัตราของปีงบประมาณ {estimate.fiscal_year} จึงใช้อัตรา{estimate.table.title} แทน"


def shown(value):
    """A number with its thousands."""
    return f"{value:,}"


def row_of(paper, cells, strong):
    """One row, as high as its longest text; heads and sums are bold on a tint."""
    paper.words(10, bold=strong)
    lines = [paper.lines_in(width, text) if at in TEXTS else [text] for at, (text, width) in enumerate(zip(cells, COLUMNS, strict=True))]  # fmt: skip
    height = 5.5 * max(map(len, lines)) + 1
    if paper.will_page_break(height + LOWER):
        paper.add_page()
    top, left = paper.get_y(), LEFT
    for at, (texts, width) in enumerate(zip(lines, COLUMNS, strict=True)):
        paper.set_xy(left, top)
        paper.cell(width, height, "", border=1, fill=strong)
        for number, text in enumerate(texts):
            paper.set_xy(left, top + LOWER + 0.5 + number * 5.5)
            paper.cell(width, 5.5, text, align="L" if at in TEXTS else "R")
        left += width
    paper.set_xy(LEFT, top + height)


def letter_file_name(estimate, school):
    """The download's name: 2568-1-34010001-ประมาณการเงินอุดหนุน.pdf."""
    return file_name(f"{estimate.round.label}-{school.code}-ประมาณการเงินอุดหนุน", "pdf")


def letters_file_name(estimate):
    """The download's name of all letters in one."""
    return file_name(f"{estimate.round.label}-{estimate.round.area_code}-ประมาณการเงินอุดหนุนรายโรงเรียน", "pdf")
