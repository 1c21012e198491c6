"""A PDF on A4 in Sarabun, its Thai marks shaped: what every paper of the product is made with."""

import re
from pathlib import Path

from fpdf import FPDF

FONTS = Path(__file__).parent.parent.parent / "admin_app" / "static" / "vendor" / "sarabun"
FONT = "Sarabun"
WIDTH, LEFT = 170, 20  # mm of an A4 page's 210
LOWER = 0.4  # mm that a text sits low in its box, for the marks above Thai letters
DOTS = "." * 46
SIGNATURES = 52  # mm that the place for signatures needs
PAGES = "\u00a0{nb}\u00a0"  # where the number of pages goes: stored text has no such blank, so none is taken for it
LEADING = "เแโใไ"
BEGINS = re.compile(
    "(?:การ|ความ|ผู้|ที่|ของ|หรือ|ตาม|จาก|ด้วย|กับ|สำนัก|กลุ่ม|ข้อมูล|ระบบ|จำนวน|ห้อง|บิดา|มารดา)"
)  # words of labels
HANGS = re.compile("[ะ-ฺๅ-๎ๆฯ)\\]]")  # vowels after or on a letter, marks of tone, signs that end a word
MOST_IN_LINE = 300  # characters: more stand in no line of A4
TINT = (238, 241, 246)


class Paper(FPDF):
    """An A4 page; `foot` stands at the foot of every page, beside the page's number."""

    def __init__(self, title, foot, made_at, left=LEFT, top=16):
        super().__init__(format="A4")
        self.foot = foot
        self.set_margins(left, top, left)
        self.set_auto_page_break(True, 20)
        self.add_font(FONT, "", FONTS / "Sarabun-Regular.ttf")
        self.add_font(FONT, "B", FONTS / "Sarabun-Bold.ttf")
        self.set_text_shaping(True)
        self.alias_nb_pages(PAGES)
        self.set_fill_color(*TINT)
        self.set_line_width(0.1)
        self.set_title(title)
        self.set_lang("th")
        self.set_creator("Khet")
        self.set_creation_date(made_at)

    def footer(self):
        """What the paper is, and the page's number of how many."""
        self.set_y(-15)
        self.words(9)
        self.cell(self.epw - 30, 6, self.foot)
        self.cell(30, 6, f"หน้า {self.page_no()} / {PAGES}", align="R")

    def words(self, size, bold=False):
        """Write on in this size, in points."""
        self.set_font(FONT, "B" if bold else "", size)

    def line_of(self, text, height, align="L", width=0):
        """A line of text, broken at its blanks where it is too long."""
        self.multi_cell(width, height, text, align=align, new_x="LMARGIN", new_y="NEXT")

    def lines_in(self, width, text):
        """The text as lines that fit a cell of this width: broken at blanks, within a word where a syllable may end."""
        room = width - 2 * self.c_margin
        lines = []
        while len(text) > MOST_IN_LINE or (text and self.get_string_width(text) > room):
            at = place_to_break(text, self._fitting(text, room))
            lines.append(text[:at].rstrip())
            text = text[at:].lstrip()
        return [*lines, text]

    def _fitting(self, text, room):
        """How many characters of a text fit, at least one; found by halving, since shaping a long text costs much."""
        fits, too_many = 1, min(len(text), MOST_IN_LINE)
        while too_many - fits > 1:
            middle = (fits + too_many) // 2
            if self.get_string_width(text[:middle]) <= room:
                fits = middle
            else:
                too_many = middle
        return fits


def place_to_break(text, most):
    """Where a text is broken so that at most `most` characters stand before it, and one at least.

    At a blank; else before a common word; else before a vowel that is written first, since a syllable begins there; else
    between two letters, never before what hangs on the letter before it.
    """
    if (blank := text.rfind(" ", 1, most + 1)) > most // 3:
        return blank
    may = [at for at in range(1, most + 1) if not HANGS.match(text[at]) and text[at - 1] not in LEADING]
    late = [at for at in reversed(may) if at > most // 2]
    for begins in (lambda at: BEGINS.match(text, at), lambda at: text[at] in LEADING):
        if at := next(filter(begins, late), None):
            return at
    return max(may, default=most)


def labelled(paper, label, words):
    """A label in bold and its words beside it."""
    paper.words(11, bold=True)
    paper.cell(34, 6, label)
    paper.words(11)
    paper.multi_cell(paper.epw - 34, 6, words, align="L", new_x="LMARGIN", new_y="NEXT")


def write_signatures(paper, declaration, signers):
    """The lines to sign on, never torn from each other by the end of a page; `signers` are two of (role, post)."""
    if paper.get_y() + SIGNATURES > paper.h - 20:
        paper.add_page()
    paper.ln(4)
    paper.words(11)
    paper.line_of(declaration, 7)
    paper.ln(8)
    half = paper.epw / 2
    below = (
        (f"ลงชื่อ {DOTS}", f"ลงชื่อ {DOTS}"),
        (f"({DOTS})", f"({DOTS})"),
        tuple(role for role, _ in signers),
        tuple(post for _, post in signers),
        ("วันที่ ......../......../........", "วันที่ ......../......../........"),
    )
    for row in below:
        for text in row:
            paper.cell(half, 7, text, align="C")
        paper.ln()
