"""Rows of a sheet as XML, made a column of many rows at a time: what a large file's time goes into.

A column remembers the XML of each value it has seen while its values repeat (grades, titles, places); those texts go
into the workbook's shared strings. A column of values that do not repeat (numbers of persons, names) is written
straight, and its cells hold their text themselves. So memory does not grow with the rows.
"""

import datetime as dt
import math
import re
from itertools import repeat

EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001  Excel's day 0; days have no zone
LEAP = 61  # Excel's day of 1 March 1900: it counts a 29 February before that was none
# Text that cannot go into XML as it is: markup, controls, lone surrogates, Excel's own _xHHHH_, blanks at the ends.
NEEDS_CARE = re.compile(r"[&<>\x00-\x1f\ud800-\udfff\ufffe\uffff]|_x|^\s|\s$")
LONGEST_TEXT = 32_767  # what one cell holds
NUMBER = b"\x00"  # stands for the row's number until the row is put together; no cell can hold it
JOINT = "|"
HEAD, TAIL = b'<row r="\x00">', b"</row>"
WATCHED = 2_000  # values a column sees before it is asked whether they repeat
MOST_KNOWN = 20_000


class Cells(dict):
    """How the cells of one column are written: {value: XML}, made when a value is seen first.

    `kind` is "text", "number" or "date", `look` an XlsxWriter format or None, `say` what makes a stored value the cell's
    (None: it is), `shared` the workbook's function from a text to its place among the shared strings.
    """

    def __init__(self, kind, index, look, shared, say=None):
        super().__init__()
        style = f' s="{look._get_xf_index()}"' if look else ""
        self.start = f'<c r="{column_letters(index)}\x00"{style}'.encode()
        self.inline, self.end = self.start + b' t="inlineStr"><is><t>', b"</t></is></c>"
        self.kind, self.say, self.shared = kind, say, shared
        self.repeats, self.seen, self.made = True, 0, 0

    def of(self, values):
        """[XML] of the cells of many rows; nothing where a value is None or empty."""
        if not self.repeats:
            return self._texts(values)
        try:
            cells = list(map(self.__getitem__, values))
        except TypeError:  # a value that cannot be remembered, such as a list
            return [self._cell(value) for value in values]
        self.seen += len(values)
        if self.kind == "text" and self.made > WATCHED and self.made * 4 > self.seen:
            self.repeats = False
            self.clear()
        return cells

    def __missing__(self, value):
        self.made += 1
        cell = self._cell(value, keep=True)
        # 1 and True are one to a dict, so only what is text among texts is remembered.
        if self.kind != "text" or value.__class__ is str or value is None:
            if len(self) >= MOST_KNOWN:
                self.clear()
            self[value] = cell
        return cell

    def _cell(self, value, keep=False):
        """The XML of one cell; with `keep` its text goes among the shared strings."""
        if value is not None and self.say is not None:
            value = self.say(value)
        if value is None or value == "":
            return b""
        if self.kind == "text" or value.__class__ is str:  # a word among numbers stays one
            text = str(value)
            if keep and not NEEDS_CARE.search(text) and len(text) <= LONGEST_TEXT:
                return b'%b t="s"><v>%d</v></c>' % (self.start, self.shared(text))
            return self._careful(text)
        if self.kind == "date":
            number = day_number(value)
            return self._careful(value.isoformat()[:10]) if number < 1 else self._number(number)
        return self._number(value) if math.isfinite(value) else b""

    def _number(self, value):
        return b"%b><v>%b</v></c>" % (self.start, repr(+value).encode())

    def _careful(self, text):
        kept = b' xml:space="preserve"' if text != text.strip() else b""
        return b"%b%b>%b%b" % (self.inline[:-1], kept, escaped(text).encode(), self.end)

    def _texts(self, values):
        """[XML] of texts that do not repeat; one look over all of them says whether any needs care."""
        if self.say is not None:
            values = [None if value is None else self.say(value) for value in values]
        texts = ["" if value is None else str(value) for value in values]
        if any(map(LONGEST_TEXT.__lt__, map(len, texts))) or not is_plain(JOINT.join(texts)):
            return [self._careful(text) if text else b"" for text in texts]
        inline, end = self.inline, self.end
        return [b"%b%b%b" % (inline, text.encode(), end) if text else b"" for text in texts]


def is_plain(joined):
    """Whether joined texts can go into XML as they are; asked of many at once, so it may say no too often."""
    return (
        joined.isprintable()
        and not any(sign in joined for sign in ("&", "<", ">", "_x", " |", "| "))
        and joined == joined.strip()
    )


def rows_xml(first, columns):
    """The XML (bytes) of rows numbered from `first`; `columns` are lists of cells, one of each for every row."""
    rows = enumerate(zip(repeat(HEAD), *columns, repeat(TAIL), strict=False), first)
    return b"".join([b"".join(row).replace(NUMBER, b"%d" % number) for number, row in rows])


def day_number(day):
    """A date as Excel counts it, in whole days."""
    number = (day - EPOCH).days if isinstance(day, dt.datetime) else (day - EPOCH.date()).days
    return number if number >= LEAP else number - 1


def column_letters(index):
    """The sheet's letters of a column: 0 is A, 26 is AA."""
    letters, index = "", index + 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def escaped(text):
    """Text for a cell's XML: markup and controls escaped as Excel reads them, what XML cannot hold left out."""
    text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text[:LONGEST_TEXT])
    text = re.sub(r"[\ud800-\udfff\ufffe\uffff]", "", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"[\x00-\x08\x0b-\x1f]", lambda found: f"_x{ord(found[0]):04X}_", text)
