"""Thai text as people type it, made one: cleaned, searchable, and sortable in dictionary order.

Nothing here knows the database. `clean` is what the door stores; `search_key` and `sort_key` are the two derived
fields of a record, so that search and order need no collation (see the note on order in docs/).
"""

import re
import unicodedata
from functools import lru_cache

# --- Clean text -----------------------------------------------------------------------------------------------------


# Letters and marks that show nothing, beside the format characters, controls, surrogates and non-characters.
_SHOWS_NOTHING = {
    0x034F,
    0x115F,
    0x1160,
    0x17B4,
    0x17B5,
    0x3164,
    0xFFA0,
    *range(0xFE00, 0xFE10),
    *range(0xFDD0, 0xFDF0),
}
_BLANK_CONTROLS = set(map(ord, "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85"))


class _Visible(dict):
    """What each character is in clean text: itself, or None where nobody meant to type it."""

    def __missing__(self, code: int) -> int | None:
        invisible = unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs"} or code & 0xFFFE == 0xFFFE
        self[code] = None if code in _SHOWS_NOTHING or (invisible and code not in _BLANK_CONTROLS) else code
        return self[code]


_VISIBLE = _Visible()
_BLANKS = re.compile(r"\s+")
_BLANKS_IN_LINE = re.compile(r"[^\S\n]+")
# Above and below letters stand vowel first, then tone: a tone typed before its vowel looks the same on most screens.
_MARKS_TOGETHER = re.compile("[ัิ-ฺ็-๎]{2,}")
_SPLIT_AM = re.compile("ํ([่-๋]?)า|([่-๋])ํา")
# Old Thai fonts put shifted marks into the private area; text copied from their PDF files carries them.
_OLD_FONTS = str.maketrans(
    dict(
        zip(
            map(chr, range(0xF700, 0xF71B)),
            "ฐิีึื่้๊๋์่้๊๋์ญัํ็่้๊๋์ฺุู",
            strict=True,
        )
    )
)
_ODD = re.compile("[^\\x20-\\x7e\u0e01-\u0e5b]|  |ํ|เเ|[่-์][ัิ-ฺ]|[ุู]ฺ|([ัิ-ฺ็-๎])\\1|^ | $")


def clean(text: object, lines: bool = False) -> str:
    """The text as it is stored: NFC, one code for one sight, nothing invisible, single spaces, trimmed.

    None gives "". With `lines` the breaks between lines stay. `ํา` becomes `ำ`, `เเ` becomes `แ`, and a tone
    typed before its vowel changes places with it.
    """
    text = "" if text is None else str(text)
    return _cleaned(text) if len(text) <= _SHORT and not lines else _clean(text, lines)


_SHORT = 80  # letters: a name, a word; each is asked for several times on its way


@lru_cache(maxsize=32768)
def _cleaned(text: str) -> str:
    return _clean(text, False)


def _clean(text: str, lines: bool) -> str:
    if not _ODD.search(text):
        return text
    text = unicodedata.normalize("NFC", text.translate(_OLD_FONTS).translate(_VISIBLE)).replace("เเ", "แ")
    text = _SPLIT_AM.sub(
        lambda found: (found[1] or found[2] or "") + "ำ", _MARKS_TOGETHER.sub(_vowels_first, text)
    )
    text = unicodedata.normalize("NFC", text)
    if not lines:
        return _BLANKS.sub(" ", text).strip()
    text = re.sub(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]", "\n", text)
    return "\n".join(_BLANKS_IN_LINE.sub(" ", line).strip() for line in text.split("\n")).strip()


def _vowels_first(run: re.Match) -> str:
    """Marks on one letter, vowels before tones, each once in a row."""
    marks = sorted(run[0], key=lambda mark: "็" <= mark <= "๎")
    return "".join(mark for mark, before in zip(marks, ["", *marks], strict=False) if mark != before)


_THAI_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_TO_THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


def arabic_digits(text: str) -> str:
    """The text with ๐-๙ written 0-9."""
    return text.translate(_THAI_DIGITS)


def whole(typed: object, most: int) -> int | None:
    """The whole number from 0 to `most` that was typed, with Thai digits and commas as people write them; None for no such."""
    text = arabic_digits(clean(typed)).replace(",", "")
    digits = text.isascii() and text.isdecimal() and (text.lstrip("0") or "0")
    return int(digits) if digits and len(digits) <= len(str(most)) and int(digits) <= most else None


def thai_digits(text: str) -> str:
    """The text with 0-9 written ๐-๙."""
    return text.translate(_TO_THAI_DIGITS)


# --- Search -----------------------------------------------------------------------------------------------------------

# What is left must look like a name: two letters or more, no vowel sign in front. So นายายอาม and นายม stay whole.
_TITLE = re.compile(
    r"(?:เด็กชาย|เด็กหญิง|ด\s?\.\s?ช\s?\.?|ดช\.|ด\s?\.\s?ญ\s?\.?|ดญ\.|นางสาว|น\s?\.\s?ส\s?\.|นส\.|นาย|นาง|สามเณร)"
    r"\s*(?=[เ-ไ]?[ก-ฮ][ก-ฺเ-๎])"
)


class _Searched(dict):
    """What each character becomes in a search key: itself, or nothing for blanks and punctuation."""

    def __missing__(self, code: int) -> str:
        self[code] = "" if unicodedata.category(chr(code))[0] in "PSZC" or chr(code) == "ฯ" else chr(code)
        return self[code]


_SEARCHED = _Searched()


def without_title(name: str) -> str:
    """A name without the title in front of it; a name that only begins like one stays whole."""
    found = _TITLE.match(name)
    return name[found.end() :] if found else name


def search_key(*parts: object) -> str:
    """What a record is found by: its parts run together, no title, blanks or punctuation, lower case, 0-9.

    The first part is the one that may carry a title (a first name). Two numbers side by side keep a blank between
    them, so that no search runs over the border.
    """
    key = ""
    for position, part in enumerate(parts):
        folded = _folded_name(part) if position == 0 else _folded(clean(part))
        key += f" {folded}" if key[-1:].isdigit() and folded[:1].isdigit() else folded
    return key


def search_term(text: object) -> str:
    """What a person typed, in the form to look for inside search keys; "" when there is nothing to look for."""
    return _folded(without_title(clean(text)))


@lru_cache(maxsize=32768)
def _folded_name(name: object) -> str:
    return _folded(without_title(clean(name)))


def _folded(text: str) -> str:
    if text.isascii() and text.isalnum():
        return text.lower()
    return unicodedata.normalize("NFC", arabic_digits(text).lower()).translate(_SEARCHED)


# --- Dictionary order -------------------------------------------------------------------------------------------------

# Letters in the order of ICU's `th` collation (the Royal Institute's order): digits, consonants, vowels; then Latin.
_LETTERS = "0123456789" + "".join(map(chr, range(0x0E01, 0x0E2F))) + "ํะัาิีึืุูเแโใไฺ"
_MARKS = "๎์็่้๊๋"  # these count only where the letters are the same
_LEADING_VOWEL = re.compile("([เ-ไ])([ก-ฮ])")
_NEITHER_THAI_NOR_ASCII = re.compile("[^\\x00-\\x7f\u0e00-\u0e7f]")
_HAS_MARK = re.compile(f"[{_MARKS}]|[^\\x00-\\x7f\u0e00-\u0e7f]")
_HAS_CASE = re.compile("[A-Zๅ]|[^\\x00-\\x7f\u0e00-\u0e7f]")


def _weights(character: str) -> tuple[str, str, str]:
    """The three weights of one character: letter, mark, case. "" in all three for what order passes over.

    A weight of a letter is one ASCII character above the blank; Latin and other scripts stand behind "~", symbols
    behind "!".
    """
    if character in _LETTERS:
        return chr(0x30 + _LETTERS.index(character)), "0", "0"
    if character in _MARKS:
        return "", chr(0x31 + _MARKS.index(character)), "0"
    if character in "ำๅ":
        first = _weights("า")[0]
        return (first + _weights("ํ")[0], "00", "00") if character == "ำ" else (first, "0", "1")
    kind = unicodedata.category(character)
    if kind[0] == "M":
        return "", ":" + character, "0"
    if kind[0] in "PZC" or character in "ฯๆ":
        return "", "", ""
    if kind[0] == "S":
        return "!" + character, "0", "0"
    return "~" + character.lower(), "0", "1" if character != character.lower() else "0"


class _Level(dict):
    """One of the three weights of every character, found once."""

    def __init__(self, level: int):
        super().__init__()
        self.level = level

    def __missing__(self, code: int) -> str:
        self[code] = _weights(chr(code))[self.level]
        return self[code]


_LETTER_LEVEL, _MARK_LEVEL, _CASE_LEVEL = _Level(0), _Level(1), _Level(2)


def sort_key(*parts: object) -> str:
    """Text whose binary order is the Thai dictionary's order of the parts, the first part deciding first.

    A leading vowel counts after its consonant; tone marks and case count last; blanks and punctuation not at all.
    The same order as MongoDB's collation `{locale: "th"}`, part by part. "" for nothing.
    """
    return " ".join(level for part in parts for level in _levels(clean(part))).rstrip(" ")


@lru_cache(maxsize=32768)
def _levels(text: str) -> tuple[str, str, str]:
    text = arabic_digits(text)
    if _NEITHER_THAI_NOR_ASCII.search(text):
        text = unicodedata.normalize("NFD", text)
    text = _LEADING_VOWEL.sub(r"\2\1", text)
    marks = text.translate(_MARK_LEVEL).rstrip("0") if _HAS_MARK.search(text) else ""
    case = text.translate(_CASE_LEVEL).rstrip("0") if _HAS_CASE.search(text) else ""
    return text.translate(_LETTER_LEVEL), marks, case
