"""Rates, row by row (อัตรา): what one row says, whom it pays, when two would pay twice, and how it is typed.

Money is whole satang, never a float.
"""

from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation

from bson import ObjectId

from documents.errors import Invalid
from documents.formats import thai
from documents.subsidies.money_counts import BOARDERS, HEADS, POOR

HOME = "home"  # learners taught by their family, counted by the area itself
LEVELS = {
    "pre": ("ก่อนประถม", "Pre-primary", ("01", "02", "03")),
    "primary": ("ประถม", "Primary", ("04", "05", "06", "07", "08", "09")),
    "lower": ("มัธยมต้น", "Lower secondary", ("10", "11", "12")),
    "upper": ("มัธยมปลาย/ปวช.", "Upper secondary", ("13", "14", "15", "16", "17", "18")),
}
EVERY_LEVEL, WHOLE_YEAR = "", ""
TERMS = {WHOLE_YEAR: "ทั้งปี", "1": "ภาคเรียนที่ 1", "2": "ภาคเรียนที่ 2"}
UNITS = {"year": "บาท/คน/ปี", "term": "บาท/คน/ภาคเรียน", "day": "บาท/คน/วัน"}
MOST = 10_000_000  # baht of one rate
MOST_HEADS = 1_000_000  # of a size of school
LONGEST_NOTE = 500


@dataclass(frozen=True)
class Item:
    """One kind of money: its words, and whom it is paid for, a kind of `money_counts.KINDS`, HOME, or None: not estimated."""

    label: str
    label_en: str
    pays_for: str | None
    note: str = ""


ITEMS = {
    "teaching": Item("ค่าจัดการเรียนการสอน (เงินอุดหนุนรายหัว)", "Teaching (general subsidy per head)", HEADS),
    "small": Item("เงินเพิ่มโรงเรียนขนาดเล็ก", "Small-school addition", HEADS),
    "books": Item("ค่าหนังสือเรียน", "Textbooks", HEADS),
    "supplies": Item("ค่าอุปกรณ์การเรียน", "Learning supplies", HEADS),
    "uniform": Item("ค่าเครื่องแบบนักเรียน", "Uniforms", HEADS),
    "activity": Item("ค่ากิจกรรมพัฒนาคุณภาพผู้เรียน", "Development activities", HEADS),
    "poor": Item("ปัจจัยพื้นฐานนักเรียนยากจน", "Basic factor of poor pupils", POOR),
    "boarding": Item("ค่าอาหารนักเรียนประจำพักนอน", "Food of boarders", BOARDERS),
    "lunch": Item("อาหารกลางวัน", "School lunch", HEADS),
    "home": Item("การศึกษาโดยครอบครัว", "Home schooling", HOME, "จำนวนผู้เรียนที่เขตบันทึกเอง"),
    "equity": Item("ทุนเสมอภาค (ยากจนพิเศษ)", "Equity grant (extra poor)", None,
                   "ไม่อยู่ในประมาณการ เพราะ DMC ไม่มีข้อมูลนักเรียนยากจนพิเศษ ดูจากระบบคัดกรอง (CCT)"),
}  # fmt: skip


@dataclass(frozen=True)
class Rate:
    """One row: how many satang a pupil of a level brings in a school of so many pupils (both ends counted).

    `per` is year, term or day, of a day `days` in the year; `cap` is the percentage of the level's pupils for whom it is
    paid at most, rounded down. `term` "" holds for both terms.
    """

    id: ObjectId
    item: str
    level: str
    amount: int
    per: str
    term: str = WHOLE_YEAR
    size_from: int | None = None
    size_to: int | None = None
    days: int | None = None
    cap: int | None = None
    source_note: str = ""
    verified: bool = False

    @classmethod
    def of(cls, row):
        """The Rate of a stored row."""
        return cls(**{each.name: row[each.name] for each in fields(cls) if each.name in row})

    @property
    def words(self):
        """What the row is of: 'อาหารกลางวัน ประถม นักเรียน 41–100 คน'."""
        level = LEVELS[self.level][0] if self.level else "ทุกระดับ"
        term = f" {TERMS[self.term]}" if self.term else ""
        return f"{ITEMS[self.item].label} {level}{term}{self.size and f' นักเรียน {self.size}'}"

    @property
    def size(self):
        """The sizes of school, '41–100 คน'; "" for all."""
        if self.size_from is None and self.size_to is None:
            return ""
        if self.size_to is None:
            return f"{self.size_from:,} คนขึ้นไป"
        if not self.size_from:
            return f"ไม่เกิน {self.size_to:,} คน"
        return f"{self.size_from:,}–{self.size_to:,} คน"

    def covers(self, size):
        """Whether a school of so many pupils has this rate."""
        return (self.size_from or 0) <= size and (self.size_to is None or size <= self.size_to)

    def levels(self):
        """The keys of LEVELS it pays for."""
        return [self.level] if self.level else list(LEVELS)

    def overlaps(self, other):
        """Whether some pupil would bring both."""
        apart = (
            self.item != other.item
            or (self.level and other.level and self.level != other.level)
            or (self.term and other.term and self.term != other.term)
            or (self.size_to is not None and self.size_to < (other.size_from or 0))
            or (other.size_to is not None and other.size_to < (self.size_from or 0))
        )
        return not apart

    def of_year(self):
        """Satang a head in a year."""
        if self.per == "day":
            return self.amount * (self.days or 0)
        return self.amount * (2 if self.per == "term" and not self.term else 1)


# ---- what is typed ----


def baht(satang):
    """Satang as baht, '1,836' or '918.50'; a minus sign before what is owed back."""
    whole, rest = divmod(abs(satang), 100)
    return ("-" if satang < 0 else "") + f"{whole:,}" + (f".{rest:02d}" if rest else "")


def satang(text):
    """The satang of typed baht. Raises ValueError with a sentence."""
    plain = thai.arabic_digits(thai.clean(text or "")).replace(",", "").replace("บาท", "").strip()
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        raise ValueError("กรุณากรอกจำนวนเงินเป็นตัวเลข เช่น 1,836 หรือ 918.50") from None
    if not amount.is_finite() or not 0 < amount <= MOST:
        raise ValueError(f"จำนวนเงินต้องมากกว่า 0 และไม่เกิน {MOST:,} บาท")
    if amount != amount.quantize(Decimal("0.01")):
        raise ValueError("จำนวนเงินมีทศนิยมได้ไม่เกินสองตำแหน่ง (สตางค์)")
    return int(amount * 100)


def plain(rate):
    """A Rate as it is stored."""
    return {each.name: getattr(rate, each.name) for each in fields(rate)}


def read(typed, id_):
    """The Rate of typed texts. Raises Invalid by field."""
    errors, values = {}, {}
    for name, known, says in (
        ("item", ITEMS, "กรุณาเลือกรายการ"),
        ("level", {EVERY_LEVEL, *LEVELS}, "กรุณาเลือกระดับ"),
        ("term", TERMS, "กรุณาเลือกภาคเรียน"),
        ("per", UNITS, "กรุณาเลือกหน่วย"),
    ):
        values[name] = typed.get(name, "")
        if values[name] not in known:
            errors[name] = says
    try:
        values["amount"] = satang(typed.get("amount"))
    except ValueError as fault:
        errors["amount"] = str(fault)
    for name, label, most in (
        ("size_from", "ขนาดตั้งแต่", MOST_HEADS), ("size_to", "ขนาดถึง", MOST_HEADS), ("days", "จำนวนวัน", 366), ("cap", "เพดาน", 100),
    ):  # fmt: skip
        given = thai.clean(typed.get(name))
        values[name] = thai.whole(given, most)
        if given and values[name] is None:
            errors[name] = f"{label}ต้องเป็นจำนวนเต็ม 0–{most:,} หรือเว้นว่าง"
    if not errors:
        errors |= dict(_contradictions(values))
    if errors:
        raise Invalid({0: errors})
    if values["per"] != "day":
        values["days"] = None
    note = thai.clean(typed.get("source_note") or "")[:LONGEST_NOTE]
    return Rate(id=id_, source_note=note, verified=bool(typed.get("verified")), **values)


def _contradictions(values):
    if None not in (values["size_from"], values["size_to"]) and values["size_from"] > values["size_to"]:
        yield "size_to", "ขนาดถึงต้องไม่น้อยกว่าขนาดตั้งแต่"
    if values["per"] == "day" and not values["days"]:
        yield "days", "อัตราต่อวันต้องบอกจำนวนวันที่จ่ายในหนึ่งปี"
    if values["term"] and values["per"] == "year":
        yield "per", "อัตราของภาคเรียนเดียวให้เลือกหน่วยต่อภาคเรียน"
    if values["term"] and values["per"] == "day":
        yield "term", "อัตราต่อวันให้เลือกทั้งปี"
