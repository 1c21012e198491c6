"""The confirmation sheet (ใบยืนยันข้อมูล): one school's totals in one round, for the director to sign, as a PDF.

The numbers are those that the digest on the sheet stands for; the same data gives the same bytes.
"""

from dataclasses import dataclass

from documents.clock import utc
from documents.collecting.submissions import STATES, Submission
from documents.district.schools import Area
from documents.errors import WrongState
from documents.formats import buddhist
from documents.people.acting import TITLE
from documents.records.digests import short_code
from documents.records.kinds import documents_of
from documents.trail.papers import signed_by, steps_of
from exports.collecting.round_workbook import Facts, declared_rooms, pupil_counts
from exports.dmc.reports import LEVELS, figures, irregular
from exports.dmc.statistics import recounted
from exports.workbooks.pdf import LEFT, LOWER, Paper, labelled, write_signatures
from exports.workbooks.totals import OF_PUPILS, PUPILS, refuse_differing
from exports.workbooks.workbook import file_name

SIGNED = ("confirmed", "certified", "verified", "locked")
STEP_WORDS = {
    "confirm": "ยืนยันข้อมูล",
    "certify": "รับรองข้อมูล",
    "verify": "เขตตรวจสอบ",
    "lock": "ล็อก",
}
HEADS = ("ชั้น", "ชาย", "หญิง", "รวม", "ห้อง")
CHECKED_AT = "ตรวจว่ารหัสนี้แทนข้อมูลชุดใด และยังเป็นข้อมูลปัจจุบันหรือไม่ ได้ที่เมนู “ตรวจรหัสชุดข้อมูล”"
SIGNERS = (("ผู้ยืนยันข้อมูล", "ครูผู้รับผิดชอบข้อมูล"), ("ผู้รับรองข้อมูล", "ผู้อำนวยการโรงเรียน"))
OF_OFFICE = (("ผู้ยืนยันข้อมูล", "เจ้าหน้าที่เขตพื้นที่การศึกษา"), ("ผู้รับรองข้อมูล", "ผู้รับรองระดับเขต"))
DECLARED = "ขอรับรองว่าข้อมูลข้างต้นถูกต้องตรงตามความเป็นจริง"
COLUMNS = (58, 28, 28, 28, 28)  # mm of the page's WIDTH


@dataclass(frozen=True)
class Line:
    """One row of the totals: a grade, or the sum of several."""

    words: str
    boys: int
    girls: int
    pupils: int
    rooms: int
    is_sum: bool


@dataclass(frozen=True)
class Sheet:
    """What the sheet says; `steps` are (what, who, when) in words, `records` (label, number, unit)."""

    submission: Submission
    round: object
    area_name: str
    lines: tuple
    irregular: int
    records: tuple
    steps: tuple

    @property
    def code(self):
        """The digest's short code."""
        return short_code(self.submission.digest)

    @property
    def signers(self):
        """(what, post) of those who sign; an acting director signs as one."""
        if self.submission.is_office:
            return OF_OFFICE
        acted = any(row["name"] == "certify" and row.get("acting") for row in steps_of(self.submission))
        return (SIGNERS[0], (SIGNERS[1][0], TITLE)) if acted else SIGNERS

    @property
    def facts(self):
        """(label, words) above the totals."""
        one = self.submission
        version = f" ฉบับที่ {one.version}" if one.version > 1 else ""
        return (
            ("หน่วยงาน" if one.is_office else "โรงเรียน", f"{one.school_name} (รหัส {one.school_code})"),
            ("เขตพื้นที่", self.area_name),
            ("รอบข้อมูล", f"{self.round}{version}"),
            ("ข้อมูล ณ วันที่", buddhist.format_long(self.round.as_of)),
            ("สถานะ", STATES[one.state]),
        )


def confirmation_sheet(submission, round_):
    """The Sheet of a submission. Raises WrongState where nobody has confirmed, or the totals are not the records'."""
    if submission.state not in SIGNED or not submission.digest:
        raise WrongState(
            f"{submission.school_name} รอบ {round_} ยังไม่ได้ยืนยันข้อมูล "
            f"(สถานะ “{submission.shown_state}”) จึงยังไม่มีใบยืนยัน กรุณายืนยันข้อมูลก่อน"
        )
    area = Area.objects(code=submission.area_code).first()
    facts = facts_of_school(submission, round_, area.name if area else submission.area_code)
    lines, left_out = (), 0
    if any(document.slug == PUPILS for document in documents_of(submission.subsystem)):
        refuse_differing(facts, recounted(facts), OF_PUPILS)
        lines, left_out = totals(facts)
    return Sheet(
        submission, round_, facts.area_name, lines, left_out, records_in(submission), told(submission)
    )


def facts_of_school(submission, round_, area_name):
    """The Facts of one school of a round."""
    school = {"code": submission.school_code, "name": submission.school_name, "state": submission.state}
    school |= {"counts": dict(submission.counts)}
    return Facts(round_, area_name, round_.title, round_.as_of, [school])


def totals(facts):
    """((Line, ...), pupils in none of them): grades with pupils or rooms, sums of several grades, the whole."""
    code, counts = facts.schools[0]["code"], pupil_counts(facts)
    numbers = figures(code, counts, declared_rooms(facts))
    lines = [
        Line(words, *numbers[4 * place : 4 * place + 4], len(grades) > 1)
        for place, (words, grades) in enumerate(LEVELS)
    ]
    return (*(line for line in lines[:-1] if line.pupils or line.rooms), lines[-1]), irregular(counts)


def records_in(submission):
    """((label, number of records, unit), ...) of what the submission holds."""
    return tuple(
        (document.label, submission.counts.get(document.slug, 0), getattr(document, "unit", "รายการ"))
        for document in documents_of(submission.subsystem)
        if document.listed
    )


def told(submission):
    """((what, who, when), ...) of the steps so far, in words."""
    return tuple(
        (STEP_WORDS[row["name"]], signed_by(row), buddhist.format_datetime(utc(row["at"])))
        for row in steps_of(submission)
    )


def sheet_file_name(submission):
    """The download's name: 2568-1-DMC-34010001-ใบยืนยันข้อมูล.pdf."""
    place = f"{submission.round_label}-{submission.subsystem}-{submission.school_code}"
    return file_name(f"{place}-ใบยืนยันข้อมูล", "pdf")


# ---- the PDF ----


def sheet_pdf(sheet):
    """The bytes of the sheet as a PDF."""
    made_at = utc(steps_of(sheet.submission)[-1]["at"])
    paper = Paper(f"ใบยืนยันข้อมูล {sheet.submission}", f"รหัสชุดข้อมูล {sheet.code}", made_at)
    paper.add_page()
    write_head(paper, sheet)
    if sheet.lines:
        write_totals(paper, sheet)
    write_records(paper, sheet)
    write_steps(paper, sheet)
    write_signatures(paper, DECLARED, sheet.signers)
    return bytes(paper.output())


def write_head(paper, sheet):
    """Title and facts."""
    paper.words(18, bold=True)
    paper.line_of("ใบยืนยันข้อมูล", 10, "C")
    paper.ln(2)
    for label, words in sheet.facts:
        labelled(paper, label, words)
    paper.ln(3)


def write_totals(paper, sheet):
    """The table of grades; tight where there are many."""
    height = 6 if len(sheet.lines) <= 14 else 5
    row_of(paper, HEADS, height + 1, True)
    for line in sheet.lines:
        numbers = (line.boys, line.girls, line.pupils, line.rooms)
        row_of(paper, (line.words, *(f"{number:,}" for number in numbers)), height, line.is_sum)
    if sheet.irregular:
        paper.words(10)
        paper.line_of(f"ไม่ระบุชั้นหรือเพศ {sheet.irregular:,} คน ไม่อยู่ในตารางนี้", 6)
    paper.ln(3)


def row_of(paper, cells, height, strong):
    """One row; heads and sums are bold on a tint. The text sits low in its box, for the marks above Thai letters."""
    paper.words(10.5 if height > 5 else 9.5, bold=strong)
    if paper.will_page_break(height + LOWER):
        paper.add_page()
    top = paper.get_y()
    for width in COLUMNS:
        paper.cell(width, height, "", border=1, fill=strong)
    paper.set_xy(LEFT, top + LOWER)
    for number, (text, width) in enumerate(zip(cells, COLUMNS, strict=True)):
        paper.cell(width, height, text, align="R" if number else "L")
    paper.set_xy(LEFT, top + height)


def write_records(paper, sheet):
    """How many records the digest was taken of, and its code."""
    for label, number, unit in sheet.records:
        labelled(paper, "รายการทั้งหมด", f"{label} {number:,} {unit}")
    labelled(paper, "รหัสชุดข้อมูล", sheet.code)
    paper.words(9.5)
    paper.line_of(CHECKED_AT, 5)
    paper.ln(2)


def write_steps(paper, sheet):
    """Who confirmed, certified, verified and locked, and when."""
    for what, who, when in sheet.steps:
        labelled(paper, what, f"{who} · {when}")
