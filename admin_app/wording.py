"""English and dates for who asks for them: every page is written in Thai, and said again on its way out.

The words of the product stand once, in Thai, where they are used. A reader who chose English gets each text of the page
(and each spoken attribute) looked up in `translations/en/LC_MESSAGES/khet.po`; one who chose other dates gets those
changed. For everyone else nothing is done and nothing is spent. What is typed, and what stands in an element marked
`translate="no"` (a paper to sign, a text to paste), stays as it is.

A message may have holes: `เลือกไว้ {0} รายการ`. What fills a hole is looked up in turn. Which messages there are is read
off the source by `messages.py`; tests/test_wording.py names those that have no English.
"""

import json
import re
from collections import defaultdict
from functools import cache, lru_cache
from html import escape, unescape
from itertools import pairwise
from pathlib import Path

from babel.messages.pofile import read_po

from documents.formats import thai

CATALOGUE = Path(__file__).parent / "translations" / "en" / "LC_MESSAGES" / "khet.po"
IN_SCRIPTS = "said by scripts"  # the mark of such messages in the catalogue
THAI_LETTER = re.compile("[\u0e01-\u0e5b]")
SAID = re.compile("[\u0e01-\u0e5b]|/2[45]")  # what a text has that may be said anew
SPOKEN = (
    *("title", "placeholder", "alt", "aria-label", "aria-description", "aria-valuetext", "label"),
    *("data-confirm", "data-confirm-yes", "data-confirm-undo", "data-confirm-reason-label"),
    *("data-unit", "data-label", "data-title", "data-text"),
)
TOKEN = re.compile(r"(<!--.*?-->|<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>)", re.S)
TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)")
ATTRIBUTE = re.compile(rf'(?<=\s)({"|".join(SPOKEN)})="([^"]*)"')
SILENT = {"script", "style", "textarea", "pre"}  # their text is no wording of ours
VOID = {
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
}
# What sentences and labels are strung together with: the first of these that a text has.
JOINTS = (
    re.compile(r"( · | × |\n+)"),
    re.compile(r"(: |, | / |; |–)"),
    re.compile(r"(?<=\.\d)(/)"),
)
ROUND = re.compile(r"((?:DMC|EMIS|[BM]-OBEC|G-Code) )(.+?)((?:/\d{4})?)")
SURVEY = "แบบสำรวจ "  # what stands before the name that an area gave one
EDGES = " \t\r\n\u00a0·"
MARKS = "“”():"
LONGEST = 2000  # characters of one text that is looked up
DEEPEST = 4  # holes within holes
BRIEF = 20  # Thai letters of a message that may fit by chance
FIRST = 4  # letters that patterns are found by
LITTLE = 6  # Thai letters of a message that may stand in a name by chance

HOLE = re.compile(r"\{(\d+)\}")
# What is counted by the hole before it, and a verb behind that: their other forms, where the hole says 1.
COUNTED = re.compile(
    r"\{(\d+)\} ((?:(?!of |in |has |with )[a-z]+ )?)"
    r"(accounts|boys|cases|cells|characters|classrooms|codes|columns|days|decimals|devices|digits|errors|fields|files|findings"
    r"|girls|jobs|learners|letters|lines|messages|names|officers|ones|pairs|parcels|parts|persons|places|pupils|records|requests"
    r"|rooms|rounds|rows|rules|schools|siblings|submissions|teachers|things|times|units|values|warnings|years)\b"
    r"( (?:are|were|have)\b)?"
)
OF_ONE = {" are": " is", " were": " was", " have": " has", None: ""}


class Words:
    """A catalogue of messages: `say(text)` gives a text in English, as far as it is known."""

    def __init__(self, messages):
        # A text has its dates said before it is looked up, so a message that names a day is known by that, too.
        messages = {dates_in(key, "be", in_english=True): words for key, words in messages.items()} | messages
        self.exact = {key: words for key, words in messages.items() if not HOLE.search(key)}
        holed = sorted(
            (key for key in messages if HOLE.search(key)),
            key=lambda key: (len(THAI_LETTER.findall(key)), -len(HOLE.findall(key)), len(key)),
            reverse=True,
        )
        self.patterns = [_pattern(key, messages[key]) for key in holed]
        self.beginning = defaultdict(list)  # {the first letters of a pattern's piece: numbers of patterns}
        for number, (chunk, *_) in enumerate(self.patterns):
            self.beginning[chunk[:FIRST]].append(number)
        self.say = lru_cache(maxsize=20_000)(self._say)

    def _say(self, text, depth=0):
        """The English of one text; the text itself where nothing of it is known."""
        if not THAI_LETTER.search(text) or len(text) > LONGEST:
            return text
        bare = text.strip(EDGES)
        if bare[:1] + bare[-1:] == "“”":  # what somebody said, or words of ours
            words = self._say(bare[1:-1], depth)
            return text if THAI_LETTER.search(words) else text.replace(bare[1:-1], words, 1)
        for each in (bare, bare[1:-1]) if bare[:1] + bare[-1:] == "()" else (bare,):
            found = self.exact.get(each) or self._filled(each, depth) or self._strung(each, depth)
            if found is not None:
                return text.replace(each, found, 1)
        bare = bare.strip(MARKS)
        return text.replace(bare, self.exact[bare], 1) if bare in self.exact else text

    def _filled(self, text, depth):
        """The English of a text that fills the holes of a message."""
        if depth > DEEPEST:
            return None
        for chunk, pieces, words, brief, wary in self._near(text):
            if chunk in text and (holes := _holes(pieces, text, least=int(brief))):
                if brief and _reaches_over(pieces, holes):
                    continue
                parts = [self._say(part, depth + 1) for part in holes]
                if not any(THAI_LETTER.search(parts[hole]) for hole in wary):
                    return _fill(words, parts)
        return None

    def _near(self, text):
        """The patterns whose piece may stand in a text, in their order."""
        starts = {text[at : at + size] for size in range(1, FIRST + 1) for at in range(len(text))}
        near = [number for start in starts & self.beginning.keys() for number in self.beginning[start]]
        return (self.patterns[number] for number in sorted(near))

    def _strung(self, text, depth):
        """The English of what is strung together of several, each said by itself."""
        if depth > DEEPEST:
            return None
        parts = next((parts for joint in JOINTS if len(parts := joint.split(text)) > 1), None)
        if parts is None:
            return self._of_a_round(text) or self._with_brackets(text, depth)
        return "".join(part if index % 2 else self._say(part, depth + 1) for index, part in enumerate(parts))

    def _of_a_round(self, text):
        """The English of a round's title behind the name of its system: `EMIS ประจำปี`, `EMIS ประจำปี/2568`."""
        found = ROUND.fullmatch(text)
        words = self.exact.get(found[2]) if found else None
        return f"{found[1]}{words}{found[3]}" if words else None

    def _with_brackets(self, text, depth):
        """The English of a text and what stands in brackets behind it, where the latter has English."""
        before, opening, inside = text.partition(" (")
        inside = self._say(f"({inside}", depth + 1)
        return (
            f"{self._say(before, depth + 1)} {inside}" if opening and not THAI_LETTER.search(inside) else None
        )


def _holes(pieces, text, least):
    """What stands between the pieces of a message in a text, each as short as can be, of `least` letters; None for another's.

    The first place of a piece leaves most room to the next, so none is tried twice: a text that somebody typed to
    fit almost costs as little as any (an expression of such holes takes minutes over it).
    """
    first, *middle, last = pieces
    at, end = len(first), len(text) - len(last)
    if not (text.startswith(first) and text.endswith(last)):
        return None
    holes = []
    for piece in middle:
        found = text.find(piece, at + least, max(end - least, 0))
        if found < 0:
            return None
        holes.append(text[at:found])
        at = found + len(piece)
    return [*holes, text[at:end]] if at + least <= end else None


def _reaches_over(pieces, holes):
    """Whether a hole reaches over what texts are strung together with."""
    opening = not pieces[0] and ": " in holes[0]
    return opening or any(" · " in part for part in holes)


def _fill(words, parts):
    if "1" in parts:
        words = COUNTED.sub(lambda said: _of_one(said) if parts[int(said[1])] == "1" else said[0], words)
    return HOLE.sub(lambda hole: parts[int(hole[1])], words)


def _of_one(said):
    """What COUNTED found, of one: `{0} more schools are` as `{0} more school is`."""
    return f"{{{said[1]}}} {said[2]}{said[3][:-1]}{OF_ONE[said[4]]}"


def _pattern(key, words):
    """(a piece that must stand in the text, all its pieces, the English, brief or not, the wary holes) of a message.

    Of a brief one no hole is empty, or reaches over what texts are strung together with. Where still less is said, what fills a
    hole that touches Thai must have English itself: `เพิ่ม{0}` is no part of the name เพิ่มพูน.
    """
    pieces = HOLE.split(key)[::2]
    said = [len(letters) for piece in pieces if (letters := THAI_LETTER.findall(piece))]
    little, brief = len(said) == 1 and said[0] <= LITTLE, sum(said) <= BRIEF
    wary = [
        n
        for n, (before, after) in enumerate(pairwise(pieces))
        if little and (THAI_LETTER.match(before[-1:]) or THAI_LETTER.match(after[:1]))
    ]
    return max(pieces, key=len), pieces, words, brief, wary


@cache
def english():
    """The product's own Words, read once a process."""
    return Words(catalogue())


def catalogue():
    """{message: English} of the catalogue, those without English left out."""
    return {key: said for key, (said, _) in _read().items()}


@cache
def _read():
    """{message: (English, whether a script says it)}."""
    with CATALOGUE.open("rb") as source:
        return {
            each.id: (each.string, IN_SCRIPTS in each.auto_comments)
            for each in read_po(source)
            if each.id and each.string
        }


# ---- dates ----

DATES = {"be": "พ.ศ. เลขอารบิก 5 มิ.ย. 2568", "be-thai": "พ.ศ. เลขไทย ๕ มิ.ย. ๒๕๖๘", "ce": "ค.ศ. 5 มิ.ย. 2025"}
ERA = 543
FULL_YEAR = r"(2[45]\d\d)"
SHORT = "ม.ค. ก.พ. มี.ค. เม.ย. พ.ค. มิ.ย. ก.ค. ส.ค. ก.ย. ต.ค. พ.ย. ธ.ค."
LONG = "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม"
ENGLISH_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
MONTHS = {name: number for names in (SHORT, LONG) for number, name in enumerate(names.split())}
_MONTH = "|".join(re.escape(name) for name in MONTHS)
_BLANK = "[ \u00a0]"
IN_WORDS = re.compile(
    rf"(?<!\d)(\d{{1,2}}){_BLANK}({_MONTH})(?:{_BLANK}(2[45]\d\d|\d\d)(?![\d.]))?(?:{_BLANK}(\d\d)\.(\d\d){_BLANK}น\.)?"
)
IN_DIGITS = re.compile(rf"(?<!\d)(\d\d/\d\d)/{FULL_YEAR}(?!\d)")
A_TIME = re.compile(rf"(?<!\d)(\d\d)\.(\d\d){_BLANK}น\.")


def dates_in(text, dates, in_english):
    """A text with its Buddhist-era dates as the reader wants them; English names months in English."""
    if dates != "ce" and not in_english:
        return _thai_digits(text) if dates == "be-thai" else text
    text = IN_WORDS.sub(lambda found: _in_words(found, dates, in_english), text)
    if dates == "ce":
        text = IN_DIGITS.sub(lambda found: f"{found[1]}/{int(found[2]) - ERA}", text)
    text = A_TIME.sub(r"\1:\2", text) if in_english else text
    return _thai_digits(text) if dates == "be-thai" and not in_english else text


def _in_words(found, dates, in_english):
    day, month, year, hour, minute = found.groups()
    if in_english:
        name = ENGLISH_MONTHS[MONTHS[month]]
        month = name if month in LONG.split() else name[:3]
    if year and dates == "ce":
        year = str(int(year) - ERA) if len(year) == 4 else f"{(int(year) - 43) % 100:02d}"
    at = "" if hour is None else f" {hour}:{minute}" if in_english else f" {hour}.{minute} น."
    return " ".join(filter(None, (day, month, year))) + at


def _thai_digits(text):
    """Dates alone in Thai digits: other numbers are looked up, typed and added, and stay Arabic."""
    for shape in (IN_WORDS, IN_DIGITS, A_TIME):
        text = shape.sub(lambda found: thai.thai_digits(found[0]), text)
    return text


# ---- a page ----


def page_for(html, language, dates, own=None):
    """The HTML of a page as its reader wants it: `language` is "th" or "en", `dates` one of DATES.

    `own` is {Thai: English} of what an area named itself.
    """
    said = "".join(_said(html, _sayer(language, dates, own), language))
    return said.replace("</head>", script_words() + "</head>", 1) if language == "en" else said


@cache
def script_words():
    """What the scripts say, as a block of data that they look up."""
    words = {key: said for key, (said, for_scripts) in _read().items() if for_scripts}
    data = json.dumps(words, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="script-words">{data}</script>'


def text_for(text, language, dates):
    """One text as its reader wants it, such as the sentence of a JSON answer."""
    return _sayer(language, dates)(text)


SPOKEN_KEYS = ("error", "text", "title", "label", "sentence", "when", "message")  # of a JSON answer


def json_for(value, language, dates):
    """A JSON answer with its sentences as the reader wants them; its values stay."""
    if isinstance(value, list):
        return [json_for(each, language, dates) for each in value]
    if not isinstance(value, dict):
        return value
    say = _sayer(language, dates)
    return {
        name: say(each) if name in SPOKEN_KEYS and isinstance(each, str) else json_for(each, language, dates)
        for name, each in value.items()
    }


def _sayer(language, dates, own=None):
    words = english() if language == "en" else None
    surveys = own and re.compile(f"{SURVEY}({'|'.join(map(re.escape, sorted(own, key=len, reverse=True)))})")

    def say(text):
        if own and (bare := text.strip()) in own:
            return text.replace(bare, own[bare], 1)
        if own and SURVEY in text:
            text = surveys.sub(lambda found: f"Survey {own[found[1]]}", text)
        dated = dates_in(text, dates, words is not None)
        return words.say(dated) if words else dated

    return say


def _said(html, say, language):
    """The pieces of the page, each text and spoken attribute said anew."""
    within = []  # names of open elements since the first whose content stays as it is
    for index, piece in enumerate(TOKEN.split(html)):
        if not index % 2:
            yield escape_text(say(unescape(piece))) if not within and SAID.search(piece) else piece
            continue
        tag = TAG.match(piece)
        if tag is None:
            yield piece
            continue
        closing, name = tag[1], tag[2].lower()
        if not within and SAID.search(piece):
            piece = ATTRIBUTE.sub(lambda found: f'{found[1]}="{escape(say(unescape(found[2])))}"', piece)
        if name == "html" and language == "en":
            piece = piece.replace('lang="th"', 'lang="en"')
        if within:
            _follow(within, closing, name, piece)
        elif not closing and name not in VOID and (name in SILENT or 'translate="no"' in piece):
            within.append(name)
        yield piece


def _follow(within, closing, name, piece):
    """Keep account of the elements inside one whose content stays as it is."""
    if name != within[0] and within[0] in SILENT:
        return
    if closing and name == within[-1]:
        within.pop()
    elif not closing and name == within[-1] and not piece.endswith("/>"):
        within.append(name)


def escape_text(text):
    """A text as HTML; quotes may stand in it."""
    return escape(text, quote=False)
