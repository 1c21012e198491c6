"""What one cell of a file means for a field: its value, or the sentence of what is wrong with it."""

import datetime as dt
import re

from documents.district import places
from documents.formats import citizen_id, thai
from documents.records import fields
from documents.records.codelists import code_list

BLANK = {"", "-", "–", "—"}
EXCEL_EPOCH = dt.date(1899, 12, 30)
A_DATE_NOW = "โปรแกรมตารางเปลี่ยนค่านี้เป็นวันที่แล้ว ให้จัดช่องเป็นข้อความและพิมพ์ค่าเดิมอีกครั้ง"
MARKS = "'’`"
# What keeps a formula or a number a text.
GUARDED = re.compile("['’`](?=[=+@＝＋－＠-]|[0-9๐-๙]+(?:[-/. ][0-9๐-๙]+)*$)")
ERA_WORDS = re.compile(r"^(?:ปี)?\s*(?:พ\s*\.?\s*ศ\s*\.?|พุทธศักราช)?\s*")
SPLIT = re.compile(r"[,;|\n]+")


def is_blank(cell):
    """Whether a cell says nothing; real exports write "-" for an empty value."""
    if cell is None or cell.__class__ is not str:
        return cell is None
    return (cell if len(cell) > 8 else thai.clean(cell)) in BLANK or cell.isspace()


def value_of(one, cell, above=None):
    """The value for a field of one filled cell; `above` is the code its choice must lie under.

    Raises ValueError with a Thai sentence; it never repeats a number that may name a person.
    """
    if one.kind == "choice":
        return choice_of(one, cell, above)
    return READ.get(one.kind, fields.accept)(one, cell)


def choice_of(one, cell, above=None):
    """The code a cell means. Raises ValueError where none, or several, do."""
    codes = code_list(one.codelist)
    text = text_of_cell(cell)
    found = codes.find(text, above) if above else codes.find(text)
    if found is None and above and places.name(above):
        raise ValueError(
            f"ไม่พบ{one.verbose_name} “{speakable(text)}” ใน “{places.name(above)}” กรุณาตรวจสอบทั้งสองช่อง"
        )
    if found is None:
        raise ValueError(f"“{speakable(text)}” ไม่อยู่ในรายการ{one.verbose_name} กรุณาใช้คำตามรายการในแบบไฟล์")
    return found


def choices_of(one, cell):
    """The codes of a cell that lists several, parted by commas, semicolons or lines."""
    text = text_of_cell(cell)
    whole = code_list(one.codelist).find(text)
    parts = [text] if whole else [part for part in SPLIT.split(text) if not is_blank(part)]
    return fields.in_order(one, [choice_of(one, part) for part in parts])


def text_value(one, cell):
    """The text of a cell, accepted by its field; numbers that a spreadsheet spoiled are refused, never repaired."""
    if isinstance(cell, dt.date):
        raise ValueError(A_DATE_NOW)
    if citizen_id.looks_mangled(cell) or (isinstance(cell, int) and cell >= 10**11 and cell % 10**5 == 0):
        raise ValueError(citizen_id.MANGLED)
    try:
        return fields.accept(one, text_of_cell(cell, fields.keeps_lines(one)))
    except ValueError as fault:
        if isinstance(cell, (int, float)):
            raise ValueError(f"{fault} (ช่องนี้เป็นตัวเลข เลข 0 ข้างหน้าอาจหายไป ให้จัดช่องเป็นข้อความ)") from fault
        raise


def date_of(one, cell):
    """The day of a date cell, a serial number, or text in the Buddhist era or ISO."""
    if isinstance(cell, bool):
        raise ValueError("ต้องเป็นวันที่ เช่น 10/06/2568")
    if isinstance(cell, (int, float)):
        if not 10_000 <= cell <= 80_000:
            raise ValueError("ตัวเลขนี้ไม่ใช่วันที่ ให้พิมพ์ วัน/เดือน/ปี พ.ศ. เช่น 10/06/2568")
        cell = EXCEL_EPOCH + dt.timedelta(days=int(cell))
    if isinstance(cell, dt.date):
        return fields.accept(one, sheet_day(cell))
    return fields.accept(one, cell)


def sheet_day(day):
    """A date cell's day; one typed with a Buddhist year is that year. Raises ValueError for what Excel made up."""
    day = day.date() if isinstance(day, dt.datetime) else day
    if day.year >= 2400:
        try:
            day = day.replace(year=day.year - 543)
        except ValueError:
            raise ValueError("วันที่ 29 กุมภาพันธ์ ไม่มีในปีนั้น กรุณาตรวจสอบวันที่") from None
    if not 1910 <= day.year <= 2200:
        raise ValueError(
            f"ปี พ.ศ. {day.year + 543} ไม่น่าเป็นไปได้ โปรแกรมตารางอาจเก็บผิด ให้พิมพ์วันที่ใหม่เป็นข้อความ เช่น 10/06/2568"
        )
    return day


def year_in(cell):
    """A year's cell without the words before it: "พ.ศ. ๒๕๐๙" gives "2509"."""
    return ERA_WORDS.sub("", thai.arabic_digits(text_of_cell(cell))) if isinstance(cell, str) else str(cell)


def number_of(one, cell):
    """The number of a cell; a date or a yes is none."""
    if one.plain and isinstance(cell, str):
        cell = year_in(cell)
    if isinstance(cell, (dt.date, bool)):
        raise ValueError("ต้องเป็นตัวเลข")
    return fields.accept(one, cell)


READ = {
    "text": text_value,
    "choices": choices_of,
    "date": date_of,
    "count": number_of,
    "measure": number_of,
}


def text_of_cell(cell, lines=False):
    """A cell as text; a whole number without its ".0", and without the mark that kept it from running in a CSV.

    With `lines` the breaks between its lines stay.
    """
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = thai.clean(cell, lines)
    return text[1:] if text[:1] in MARKS and GUARDED.match(text) else text


def speakable(text):
    """A cell's text for a sentence: cut short, and numbers long enough to name a person hidden."""
    return re.sub(r"\d{5,}", "…", thai.arabic_digits(text))[:30]


def unharmed(one, cell, value, stored):
    """The stored text where the cell is the same number without its leading zeros, else the value."""
    same = one.kind == "text" and isinstance(cell, (int, float)) and isinstance(stored, str)
    return stored if same and stored.isdigit() and stored.lstrip("0") == str(value).lstrip("0") else value
