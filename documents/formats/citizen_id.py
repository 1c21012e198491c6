"""Numbers that name a person: the 13-digit citizen number, the G-code, and what a spreadsheet makes of them.

The check digit is computed here, since the common library refuses numbers beginning with 0, which persons without
registration status do hold.
"""

import re
from operator import mul

from documents.formats import thai

_ID = re.compile(r"\d{13}")
_G_CODE = re.compile(r"G\d{12}")
# Thirteen digits in a row, or grouped by spaces or hyphens, Arabic or Thai; letter G and twelve.
IN_A_TEXT = re.compile(r"(?<![\d๐-๙])(?:[\d๐-๙][ \-]?){12}[\d๐-๙](?![\d๐-๙])")
_CODE_IN_A_TEXT = re.compile(r"(?<![A-Za-z])[Gg][ \-]?(?:[\d๐-๙][ \-]?){11}[\d๐-๙](?![\d๐-๙])")
_MANGLED = re.compile(r"\d[.,]\d*E[+-]?\d+|\dE\+\d+|\d{10,}[.,]\d+", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s\-‐-―−_.]+")

MANGLED = "โปรแกรมตารางแปลงเลขนี้เป็นตัวเลขย่อแล้ว ให้จัดช่องเป็นข้อความและพิมพ์เลขเต็มอีกครั้ง"


def clean_id(text: object) -> str:
    """The number as it is stored: no blanks, hyphens or dots, 0-9 for Thai digits, capitals; "" for nothing.

    A cell's whole number gives its digits. A number mangled by a spreadsheet comes back as it was, for
    `looks_mangled` to tell.
    """
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    if type(text) is str and text.isascii() and text.isalnum():  # nothing to take off, nothing mangled
        return text.upper()
    text = thai.arabic_digits(thai.clean(text)).upper()
    return text if looks_mangled(text) else _SEPARATORS.sub("", text)


def check_digit(first12: str) -> str:
    """The thirteenth digit that belongs to the first twelve.

    Weights 13 to 2 over the twelve digits, S their sum: (11 - S mod 11) mod 10.
    """
    if len(first12) != 12 or not first12.isascii() or not first12.isdigit():
        raise ValueError("ต้องเป็นตัวเลข 12 หลัก")
    total = sum(map(mul, map(int, first12), range(13, 1, -1)))
    return str((11 - total % 11) % 10)


def is_citizen_id(text: str) -> bool:
    """Whether a cleaned text is a 13-digit number with the right check digit; the first digit may be 0 to 8."""
    return (
        bool(_ID.fullmatch(text)) and text.isascii() and text[0] != "9" and check_digit(text[:12]) == text[12]
    )


def is_g_code(text: str) -> bool:
    """Whether a cleaned text is a learner's G-code: G and twelve digits."""
    return bool(_G_CODE.fullmatch(text)) and text.isascii()


def stands_in(text: str) -> bool:
    """Whether a text names a person by a citizen number (its check digit right) or by a G-code."""
    numbers = (clean_id(found[0]) for found in IN_A_TEXT.finditer(text))
    return bool(_CODE_IN_A_TEXT.search(text)) or any(map(is_citizen_id, numbers))


def looks_mangled(text: object) -> bool:
    """Whether a spreadsheet turned the number into scientific notation or a fraction: 1.34E+12.

    A cell that holds a whole number is not mangled, however it was shown.
    """
    if isinstance(text, float):
        return not text.is_integer()
    if type(text) is str and text.isascii() and text.isalnum():
        return False
    return bool(_MANGLED.fullmatch(thai.arabic_digits(thai.clean(text))))


def format_id(text: str | None) -> str:
    """A citizen number as it is printed, "1-2345-67890-12-3"; any other number as it is."""
    if not text or not (_ID.fullmatch(text) and text.isascii()):
        return text or ""
    return f"{text[0]}-{text[1:5]}-{text[5:10]}-{text[10:12]}-{text[12]}"


def mask_id(text: str | None) -> str:
    """A number with its middle hidden, for lists: 1-0000-xxxxx-26-0, G6834xxxxx001, AAxxxx56.

    A citizen number and a G-code show the first five and the last three; another number its ends, a quarter each.
    """
    if not text:
        return ""
    if _ID.fullmatch(text):
        return f"{text[0]}-{text[1:5]}-xxxxx-{text[10:12]}-{text[12]}"
    head, tail = (5, 3) if _G_CODE.fullmatch(text) else (len(text) // 4, len(text) // 4)
    return text[:head] + "x" * (len(text) - head - tail) + text[len(text) - tail :]
