"""Provinces, districts, subdistricts and postcodes (จังหวัด อำเภอ ตำบล รหัสไปรษณีย์), by civil-registration code.

From the `geothai` package (data CC BY 4.0): codes of 2, 4 and 6 digits as text, each beginning with its parent's.
Everything is read once; look-ups are dictionaries.
"""

import re
from collections import defaultdict
from functools import cache
from typing import NamedTuple

import geothai

from documents.formats import thai

BANGKOK = "10"
_LEVEL_WORDS = {
    2: re.compile(r"(?:จังหวัด|จ\s?\.)\s*"),
    4: re.compile(r"(?:กิ่งอำเภอ|กิ่ง\s?อ\s?\.|อำเภอ|อ\s?\.|เขต)\s*"),
    6: re.compile(r"(?:ตำบล|ต\s?\.|แขวง)\s*"),
}
_DROPPED = re.compile(r"[\s.\-'ฯ]")
_ALSO_CALLED = {"กทม": BANGKOK, "กรุงเทพ": BANGKOK, "อยุธยา": "14", "โคราช": "30", "อุบล": "34"}


class Place(NamedTuple):
    """One subdistrict as a typeahead offers it."""

    code: str
    label: str
    postcode: str


# --- Lists ------------------------------------------------------------------------------------------------------------


@cache
def provinces() -> tuple[tuple[str, str], ...]:
    """Every province as (code, name), in dictionary order."""
    return _in_order(geothai.provinces())


@cache
def districts(province: str) -> tuple[tuple[str, str], ...]:
    """The districts of a province as (code, name), in dictionary order; none for an unknown code."""
    return _in_order(geothai.districts(province))


@cache
def subdistricts(district: str) -> tuple[tuple[str, str], ...]:
    """The subdistricts of a district as (code, name), in dictionary order; none for an unknown code."""
    return _in_order(geothai.subdistricts(district))


def _in_order(areas) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted(((area.code, area.name_th) for area in areas), key=lambda area: thai.sort_key(area[1]))
    )


def children(code: str) -> tuple[tuple[str, str], ...]:
    """What lies directly under a province or district, as (code, name); "" gives the provinces."""
    return {0: lambda _: provinces(), 2: districts, 4: subdistricts}.get(len(code), lambda _: ())(code)


@cache
def names() -> dict[str, tuple[str, str]]:
    """Every code with its Thai and English name."""
    areas = geothai.provinces()
    for province in geothai.provinces():
        for district in geothai.districts(province.code):
            areas += [district, *geothai.subdistricts(district.code)]
    return {area.code: (area.name_th, area.name_en) for area in areas}


# --- One place --------------------------------------------------------------------------------------------------------


def name(code: str | None) -> str:
    """The Thai name of a code, without the word for its level; "" when there is none."""
    return names().get(code or "", ("", ""))[0]


def parent(code: str | None) -> str | None:
    """The code one level up; None for a province."""
    return code[:-2] if code and len(code) > 2 else None


@cache
def postcodes(subdistrict: str) -> tuple[str, ...]:
    """The postcodes of a subdistrict, mostly one, the usual one first; none for an unknown code."""
    area = geothai.subdistrict(subdistrict)
    return tuple(area.postal_codes) if area else ()


def postcode(subdistrict: str | None) -> str | None:
    """The usual postcode of a subdistrict; None for an unknown code."""
    return next(iter(postcodes(subdistrict)), None) if subdistrict else None


def label(code: str | None) -> str:
    """A place as an address writes it: "ต.ในเมือง อ.เมืองอุบลราชธานี จ.อุบลราชธานี 34000"; "" for an unknown code."""
    if not code or code not in names():
        return ""
    in_bangkok = code.startswith(BANGKOK)
    words = [name(code[:2])] if in_bangkok else ["จ." + name(code[:2])]
    if len(code) >= 4:
        words.insert(0, name(code[:4]) if in_bangkok else "อ." + name(code[:4]))
    if len(code) == 6:
        words.insert(0, ("แขวง" if in_bangkok else "ต.") + name(code))
    return " ".join([*words, *postcodes(code)[:1]])


# --- What people write --------------------------------------------------------------------------------------------


def find(
    province: object = "", district: object = "", subdistrict: object = ""
) -> tuple[str | None, str | None, str | None]:
    """The codes of a written province, district and subdistrict; None for each that is empty or not found.

    Names may carry จังหวัด, อ., ตำบล, เขต and the like, or be codes (also padded: 34010000). Each is looked up
    under the one before; a level left out is taken from the next one where only one place can be meant.
    """
    written = [thai.clean(text) for text in (province, district, subdistrict)]
    found: list[str | None] = [None, None, None]
    under = ""
    for level, text in enumerate(written):
        if not text:
            continue
        code = find_in(text, (level + 1) * 2, under)
        if code is None and level == 1 and written[2]:
            code = _district_that_holds(text, written[2], under)
        if code is None:
            break
        under = code
        found[: level + 1] = [code[: (above + 1) * 2] for above in range(level + 1)]
    return found[0], found[1], found[2]


def find_in(text: object, width: int, under: str | None = "") -> str | None:
    """The code of `width` digits that a text names below the code `under`; None when none or several fit."""
    codes = [code for code in _named(thai.clean(text), width) if code.startswith(under or "")]
    return codes[0] if len(codes) == 1 else None


def _district_that_holds(district: str, subdistrict: str, under: str) -> str | None:
    """The one district of that name which has a subdistrict of that name."""
    holding = [
        code for code in _named(district, 4) if find_in(subdistrict, 6, code) and code.startswith(under)
    ]
    return holding[0] if len(holding) == 1 else None


def _named(text: str, width: int) -> list[str]:
    code = thai.arabic_digits(text)
    if code.isascii() and code.isdigit():
        code = code[:width] if len(code) == 8 and not code[width:].strip("0") else code
        return [code] if len(code) == width and code in names() else []
    return _codes_by_name()[width].get(_plain(text, width), [])


def _plain(text: str, width: int) -> str:
    """A name without the word for its level, blanks, dots and hyphens."""
    return _DROPPED.sub("", thai.arabic_digits(_LEVEL_WORDS[width].sub("", text, count=1).lower()))


@cache
def _codes_by_name() -> dict[int, dict[str, list[str]]]:
    by_name: dict[int, dict[str, list[str]]] = {
        2: defaultdict(list),
        4: defaultdict(list),
        6: defaultdict(list),
    }
    for code, both in names().items():
        for written in {_plain(word, len(code)) for word in _spellings(code, both)}:
            by_name[len(code)][written].append(code)
    for written, code in _ALSO_CALLED.items():
        by_name[2][written].append(code)
    return {width: dict(codes) for width, codes in by_name.items()}


def _spellings(code: str, both: tuple[str, str]) -> set[str]:
    """The ways a place is written: its Thai and English name, a bracketed old name, อ.เมือง for a capital."""
    spellings = {*both, *re.split(r"[()]", both[0])} - {""}
    if len(code) == 4 and code.endswith("01") and not code.startswith(BANGKOK):
        spellings.add("เมือง")
    return spellings


# --- Typeahead --------------------------------------------------------------------------------------------------------


def search(text: object, limit: int = 20, province: str | None = None) -> list[Place]:
    """The subdistricts that fit every word of what is typed, at most `limit`, the best first.

    A word may be part of a subdistrict's, district's or province's name, or the beginning of a postcode; names that
    begin with the first word come first, those of the given province before others.
    """
    words = [word for word in (_typed(word) for word in thai.clean(text).lower().split(" ")) if word]
    if not words:
        return []
    fitting = [
        (not plain.startswith(words[0]), bool(province) and not place.code.startswith(province), rank, place)
        for rank, (plain, line, place) in enumerate(_lines())
        if all(word in line for word in words)
    ]
    return [place for *_, place in sorted(fitting)[:limit]]


def _typed(word: str) -> str:
    for width in (6, 4, 2):
        word = _LEVEL_WORDS[width].sub("", word, count=1) if _LEVEL_WORDS[width].match(word) else word
    return _DROPPED.sub("", thai.arabic_digits(word))


@cache
def _lines() -> list[tuple[str, str, Place]]:
    """Each subdistrict with its plain name and the line it is sought in, in dictionary order."""
    lines = []
    for code in (code for code in names() if len(code) == 6):
        plain = [_plain(name(part), len(part)) for part in (code, code[:4], code[:2])]
        line = "|".join(
            [*plain, *("#" + number for number in postcodes(code)), *names()[code][1].lower().split()]
        )
        lines.append((plain[0], line, Place(code, label(code), postcode(code) or "")))
    return sorted(lines, key=lambda line: thai.sort_key(line[2].label))
