"""A large .xlsx in pieces: some rows of a sheet at a time, each as a workbook of its own that calamine can lay out.

calamine lays a whole sheet out before it gives the first row, and holds every shared string, so that its memory would
grow with the file. A piece has the file's own styles, some rows as they stand in it, and the strings that those use.

Only what is written as Excel, LibreOffice and XlsxWriter write it is cut: each cell says its own place, and nothing
but elements and text stands among the rows. Anything else is `NotCut`, perhaps found in the middle of a sheet.
"""

import io
import re
import tempfile
import zipfile
import zlib
from array import array
from xml.etree import ElementTree

import python_calamine as calamine

LARGE = 8 * 1024 * 1024  # bytes of a sheet's XML; a smaller one is laid out whole in some 20 MB
PIECE = 1024 * 1024  # bytes of XML read at once
LONGEST_ROW = 8 * PIECE
BOOK, LINKS, STRINGS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedstrings.xml"
FRAME = ("[content_types].xml", "_rels/.rels", BOOK, LINKS, "xl/styles.xml")
LARGEST_FRAME = 2 * 1024 * 1024  # bytes, read anew with every piece

BEGIN = re.compile(rb"<(\w+:)?sheetData ?(/?)>")
STRING = re.compile(rb"<(/?)(?:\w+:)?si[ />]")
STRINGS_END = re.compile(rb"</(?:\w+:)?sst>")
ODD = re.compile(rb"<!|</(?:\w+:)?sst>")


# What zipfile says of a broken archive; OSError and ValueError of a place that no file has.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


class NotCut(Exception):
    """The workbook is small, or not written in a way that can be cut: it is to be read whole."""


class CutWorkbook:
    """An open .xlsx file whose sheets come in pieces. Raises NotCut."""

    def __init__(self, file):
        if not zipfile.is_zipfile(file):
            raise NotCut
        self.archive = zipfile.ZipFile(file)
        entries = self.archive.infolist()
        # By name as calamine finds them.
        self.entries = {entry.filename.replace("\\", "/").lower(): entry for entry in entries}
        sheets = [entry for name, entry in self.entries.items() if name.startswith("xl/worksheets/")]
        if len(self.entries) < len(entries) or all(entry.file_size <= LARGE for entry in sheets):
            raise NotCut
        frame = [name for name in FRAME if name in self.entries]
        if sum(self.entries[name].file_size for name in frame) > LARGEST_FRAME:
            raise NotCut
        self.frame = {name: self.archive.read(self.entries[name]) for name in frame}
        self.parts = parts_of_sheets(self.frame)
        self.strings = (
            SharedStrings(self.archive.open(self.entries[STRINGS])) if STRINGS in self.entries else None
        )
        self.sheets_metadata = list(self._opened({}).sheets_metadata)

    def pieces(self, name):
        """Yield a sheet as CalamineSheets of some rows each, in order; the last one knows what is merged."""
        part, last = self.parts.get(name), -1
        if part not in self.entries:
            raise NotCut
        with self.archive.open(self.entries[part]) as xml:
            for head, rows, tail, prefix in cut_rows(xml):
                rows, strings = self._with_own_strings(rows, prefix, strings_in(rows, prefix))
                workbook = self._opened({part: head + rows + tail, **strings})
                try:
                    sheet = workbook.get_sheet_by_name(name)
                except calamine.CalamineError as fault:
                    raise NotCut from fault
                if sheet.start:
                    if sheet.start[0] <= last:
                        raise NotCut
                    last = sheet.end[0]
                yield sheet

    def _with_own_strings(self, rows, prefix, shared):
        """(rows whose cells count in the strings that they use, {part: those strings}); `shared` is how many have one."""
        if not shared:
            return rows, {}
        own = Numbered()
        index = re.compile(rb'(t="s"[^<>/]*><%bv>)(\d+)(?=<)' % prefix)
        rows, found = index.subn(lambda cell: cell[1] + own[cell[2]], rows)
        if found < shared or self.strings is None:
            raise NotCut
        return rows, {STRINGS: self.strings.only(map(int, own))}

    def _opened(self, parts):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            for name, content in {**self.frame, **parts}.items():
                archive.writestr(name, content)
        target.seek(0)
        try:
            return calamine.load_workbook(target)
        except calamine.CalamineError as fault:
            raise NotCut from fault


class Numbered(dict):
    """Numbers in the order in which they were first asked for: {theirs: ours}."""

    def __missing__(self, theirs):
        self[theirs] = ours = b"%d" % len(self)
        return ours


def parts_of_sheets(frame):
    """{sheet's name: name of its part}. Raises NotCut."""
    try:
        # expat bounds what entities grow to, and this process its memory and time.
        links, book = (ElementTree.fromstring(frame[name]) for name in (LINKS, BOOK))  # noqa: S314
    except (KeyError, ElementTree.ParseError) as fault:
        raise NotCut from fault
    targets, found = {link.get("Id"): link.get("Target", "") for link in links}, {}
    for sheet in (one for one in book.iter() if one.tag.endswith("}sheet")):
        target = next((targets.get(value, "") for key, value in sheet.items() if key.endswith("}id")), "")
        found[sheet.get("name")] = (target[1:] if target.startswith("/") else f"xl/{target}").lower()
    return found


def cut_rows(xml):
    """Yield (head, rows, tail, prefix) of a sheet's open part: some whole rows, and what stands around them.

    `prefix` is that of its elements ("x:", mostly none). Only the last tail is the sheet's own. Raises NotCut.
    """
    text = xml.read(PIECE)
    begin = BEGIN.search(text)
    if not begin:
        raise NotCut
    head, rows, prefix = text[: begin.end()], text[begin.end() :], begin[1] or b""
    if begin[2]:  # an empty sheet
        yield head, b"", rows + xml.read(), prefix
        return
    row_ends, rows_end = b"</%brow>" % prefix, b"</%bsheetData" % prefix
    closing = b"</%bsheetData></%bworksheet>" % (prefix, prefix)
    while (end := rows.find(rows_end)) < 0:
        at = rows.rfind(row_ends) + len(row_ends)
        if at >= len(row_ends):
            yield head, rows[:at], closing, prefix
            rows = rows[at:]
        more = xml.read(PIECE)
        if not more or len(rows) > LONGEST_ROW:
            raise NotCut
        rows += more
    yield head, rows[:end], rows[end:] + xml.read(), prefix


def strings_in(rows, prefix):
    """How many cells of some rows have a shared string. Raises NotCut unless every cell says its place and all is of one prefix."""
    kinds = re.findall(rb'<%bc r="[A-Z]+\d+"(?: (?:t="(\w+)"|\w+="\w*"))* ?/?>' % prefix, rows)
    other = re.search(rb"<(?!/?%b)" % prefix if prefix else rb"<[!?]|</?\w+:", rows)
    if len(kinds) < len(re.findall(rb"<%bc\b" % prefix, rows)) or other:
        raise NotCut
    return kinds.count(b"s")


class SharedStrings:
    """The shared strings of a workbook, laid on disk: `places` are where each begins and ends. Raises NotCut."""

    def __init__(self, part):
        self.file, self.places = tempfile.TemporaryFile(), array("I")  # noqa: SIM115  goes with what reads it
        base, rest = 0, b""
        with part:
            while piece := part.read(PIECE):
                self.file.write(piece)
                text = rest + piece
                whole = max(text.rfind(b"<"), 0)
                self._note(text, whole, base)
                base, rest = base + whole, text[whole:]
        if len(self.places) % 2 or not self.places or not STRINGS_END.match(rest):
            raise NotCut
        self.root = self._between(0, self.places[0])
        self.closing = b"</%bsst>" % (re.search(rb"<(\w+:)?sst", self.root)[1] or b"")

    def _note(self, text, whole, base):
        if ODD.search(text, 0, whole):
            raise NotCut
        for found in STRING.finditer(text, 0, whole):
            if bool(found[1]) != len(self.places) % 2:  # one within another, or empty
                raise NotCut
            self.places.append(base + (found.end() if found[1] else found.start()))

    def only(self, numbers):
        """The part with these strings alone, in this order. Raises NotCut where one is none of them."""
        found, first, end = [self.root], 0, 0
        for number in numbers:
            if number != end:
                found.append(self._of(first, end))
                first = number
            end = number + 1
        return b"".join([*found, self._of(first, end), self.closing])

    def _of(self, first, end):
        """The strings from one to another, as they stand."""
        if 2 * end > len(self.places):
            raise NotCut
        return self._between(self.places[2 * first], self.places[2 * end - 1]) if end else b""

    def _between(self, start, end):
        self.file.seek(start)
        return self.file.read(end - start)
