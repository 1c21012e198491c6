"""A large workbook read in pieces is what it is read whole: values, rows' numbers, widths, merged cells, refusals."""

import datetime as dt
import io
import random
import re
import tempfile
import zipfile

import pytest
from xlsxwriter import Workbook

from documents.errors import FileRefused
from exports.reading import cut_workbook, guards, sheet_parser, sheets
from exports.reading.cut_workbook import CutWorkbook, NotCut
from exports.reading.rows import LAST, last_of
from exports.reading.sheet_parser import Whole, calamine, read, tell
from exports.reading.sheets import Unreadable, read_sheets, sheets_from
from tests import awkward_files as made
from tests.test_import_fuzz import broken_workbook

SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
IN_PIECES = (
    "-c",
    "from exports.reading import cut_workbook, sheet_parser; cut_workbook.LARGE, cut_workbook.PIECE = 0, 1500; sheet_parser.main()",
)


@pytest.fixture
def small_pieces(monkeypatch):
    """Every workbook is cut, into pieces of a few rows."""
    monkeypatch.setattr(cut_workbook, "LARGE", 0)
    monkeypatch.setattr(cut_workbook, "PIECE", 1500)


def sheets_told(tell_all):
    """What is told of each sheet, as the reader takes it."""
    out, spool = io.StringIO(), tempfile.TemporaryFile()  # noqa: SIM115  goes with the rows that are read from it
    tell_all(out)
    found, _ = sheets_from(out.getvalue().encode().splitlines(True), spool)
    return [vars(sheet) | {"rows": list(sheet.rows), "last": last_of(sheet.rows, LAST)} for sheet in found]


def whole(content, keep_rows=10**6):
    workbook = Whole(calamine.load_workbook(io.BytesIO(content)))
    return sheets_told(lambda out: tell(workbook, keep_rows, out))


def cut(content, keep_rows=10**6):
    return sheets_told(lambda out: tell(CutWorkbook(io.BytesIO(content)), keep_rows, out))


def with_parts(content, **changes):
    """A workbook some of whose parts are changed: {part's name: function of its text, or None to leave it out}."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, change in changes.items():
        parts[name] = change(parts[name].decode())
    return made.parts({name: part for name, part in parts.items() if part is not None})


def anything(chance, book):
    """(method of a worksheet, its arguments behind row and column) of a cell of any kind."""
    day, plain = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_format({"bold": True})
    words = [
        "บ้านหนองบัว",
        "a<b&c>\"d'",
        " ว่าง ",
        't="s"',
        "สอง\nบรรทัด",
        "",
        "0101",
        "</row>",
        "\u200b",
        f"ชื่อ{chance.randrange(10**6)}",
    ]
    return chance.choice([
        ("write_string", (chance.choice(words),)), ("write_string", (chance.choice(words),)), ("write_number", (chance.randrange(10**13),)),
        ("write_number", (chance.random(),)), ("write_boolean", (chance.random() < 0.5,)), ("write_blank", (None, plain)),
        ("write_datetime", (dt.date(2017, 6, chance.randint(1, 30)), day)), ("write_datetime", (dt.time(8, 30), day)),
        ("write_formula", ("=1+1", None, chance.choice([2, "สอง", "", "#N/A"]))), ("write_rich_string", (plain, "หนา", " บาง")),
    ])  # fmt: skip


def workbook(seed):
    """A workbook of some sheets, tables that begin anywhere, rows left out, cells merged, written in either way of XlsxWriter."""
    chance = random.Random(seed)  # noqa: S311  not a secret
    target = io.BytesIO()
    streamed = chance.random() < 0.3
    with Workbook(target, {"constant_memory": streamed, "date_1904": chance.random() < 0.2}) as book:
        for number in range(chance.randint(1, 3)):
            page = book.add_worksheet(chance.choice(["รายชื่อ", "a&b", "<x>"]) + str(number))
            if number and chance.random() < 0.3:
                page.hide()
            top, left, width = chance.choice([0, 0, 7]), chance.choice([0, 0, 3]), chance.randint(1, 12)
            for row in range(top, top + chance.choice([0, 5, 60, 150])):
                if chance.random() < 0.1:
                    continue
                for column in range(left, left + chance.randint(0, width)):
                    method, values = anything(chance, book)
                    getattr(page, method)(row, column, *values)
            for at in range(0 if streamed else chance.randrange(3)):
                row = top + at * 20 + chance.randrange(9)
                page.merge_range(row, left, row + chance.randrange(3), left + 1, "ผสาน")
    return target.getvalue()


def test_pieces_come_to_the_whole(small_pieces, times):
    for seed in range(times(20, 1000)):
        content = workbook(seed)
        keep_rows = random.Random(seed).choice([10**6, 100, 0])  # noqa: S311
        assert cut(content, keep_rows) == whole(content, keep_rows), seed


def rows_of(number, width=6):
    return [
        ["รหัสโรงเรียน", "ชื่อ", *range(width - 2)],
        *([f"{at:08}", f"คน{at % 50}", *range(at, at + width - 2)] for at in range(number)),
    ]


def prefixed(text):
    return re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1x:", text).replace("xmlns=", "xmlns:x=")


PLAIN = made.xlsx(rows_of(300))
WRITTEN = {
    "prefixes": {SHEET: prefixed, STRINGS: prefixed},
    "a blank before the end of an empty tag": {SHEET: lambda text: re.sub(r'<c r="C(\d+)"><v>\d+</v></c>', r'<c r="C\1" s="0" />', text)},
    "no shared strings": {SHEET: lambda text: re.sub(r' t="s"><v>(\d+)</v>', r' t="inlineStr"><is><t>\1</t></is>', text), STRINGS: lambda _: None},
    "strings of several parts": {STRINGS: lambda text: text.replace("<si><t>คน1", "<si><r><t>ค</t></r><rPh><t>x</t></rPh><r><t>น1</t></r><r><t>")
                                 .replace("</t></si>", "</t></si>\n")},
    "rows that do not say their number": {SHEET: lambda text: re.sub(r'<row r="\d+"', "<row", text)},
    "no cell in the last rows": {SHEET: lambda text: text.replace("</sheetData>", '<row r="9000"/><row r="9001"></row></sheetData>')},
    "a wide row at the end": {SHEET: lambda text: text.replace("</sheetData>", '<row r="900"><c r="Z900"><v>1</v></c></row></sheetData>')},
}  # fmt: skip


@pytest.mark.parametrize("changes", WRITTEN.values(), ids=WRITTEN)
def test_what_other_programs_write_is_cut(changes, small_pieces):
    content = with_parts(PLAIN, **changes)
    assert cut(content) == whole(content)
    assert len(whole(content)[0]["rows"]) > 250


ODD = {
    "cells that do not say their place": {SHEET: lambda text: re.sub(r'<c r="[A-Z]+\d+"', "<c", text)},
    "one of them": {SHEET: lambda text: text.replace('<c r="B250"', "<c")},
    "a remark in the middle": {SHEET: lambda text: text.replace('<row r="250"', '<!-- </row><row> --><row r="250"')},
    "quotes of the other kind": {SHEET: lambda text: text.replace('<c r="B250" t="s">', "<c r='B250' t='s'>")},
    "rows out of order": {SHEET: lambda text: re.sub(r'(<row r="20".*?</row>)(.*)(</sheetData>)', r"\2\1\3", text, flags=re.S)},
    "a row twice": {SHEET: lambda text: re.sub(r'(<row r="20".*?</row>)(.*)(</sheetData>)', r"\1\2\1\3", text, flags=re.S)},
    "a string that is not there": {SHEET: lambda text: text.replace('<c r="B250" t="s"><v>', '<c r="B250" t="s"><v>9')},
    "an empty string": {STRINGS: lambda text: text.replace("<si><t>คน20</t></si>", "<si/>")},
    "strings within others": {STRINGS: lambda text: text.replace("<t>คน20</t>", "<si><t>คน20</t></si>")},
    "a string as it is": {STRINGS: lambda text: text.replace("<t>คน20</t>", "<t><![CDATA[คน</si><si>20]]></t>")},
    "a text without a value": {SHEET: lambda text: re.sub(r'<c r="B250" t="s"><v>\d+</v></c>', '<c r="B250" t="s"/>', text)},
    "no end": {SHEET: lambda text: text[: len(text) * 3 // 4]},
    "a sheet that is elsewhere": {"xl/_rels/workbook.xml.rels": lambda text: text.replace("sheet1.xml", "sheet9.xml")},
}  # fmt: skip


@pytest.mark.parametrize("changes", ODD.values(), ids=ODD)
def test_what_cannot_be_cut_is_read_whole(changes, small_pieces):
    content = with_parts(PLAIN, **changes)
    with pytest.raises(NotCut):
        cut(content)
    try:
        expected = whole(content)
    except calamine.CalamineError as broken:
        with pytest.raises(type(broken)):
            read(io.BytesIO(content), 10**6, io.StringIO())
    else:
        assert sheets_told(lambda out: read(io.BytesIO(content), 10**6, out)) == expected


def test_a_small_workbook_and_one_of_another_kind_are_not_cut():
    for content in (PLAIN, made.ods(rows_of(3)), made.xls(rows_of(3)), b"PK\3\4"):
        with pytest.raises(NotCut):
            CutWorkbook(io.BytesIO(content))


def outcome(content):
    """What comes of a file: its sheets, or the reason why there are none, which may be found before it is read."""
    try:
        guards.kind_of(content)
        return [vars(sheet) | {"rows": list(sheet.rows)} for sheet in read_sheets(content, 10**6)]
    except FileRefused:
        return "refused"
    except Unreadable as fault:
        return fault.reason


def test_a_broken_workbook_comes_to_the_same(monkeypatch, times):
    good = made.xlsx([*rows_of(60, 12), [None, dt.date(2017, 6, 10), True, 0.5]])
    for seed in range(times(8, 1500)):
        content = broken_workbook(good, random.Random(f"cut {seed}"))  # noqa: S311
        monkeypatch.setattr(sheets, "CHILD", ("-m", sheet_parser.__name__))
        before = outcome(content)
        monkeypatch.setattr(sheets, "CHILD", IN_PIECES)
        assert outcome(content) == before, seed


def test_the_memory_of_the_reading_does_not_grow_with_the_rows(small_pieces):
    """What calamine is given at once is bounded, strings too, however long the sheet."""
    given = []
    for number in (300, 3000):
        book = CutWorkbook(io.BytesIO(made.xlsx(rows_of(number))))
        opened, sizes = book._opened, []
        book._opened = lambda parts, opened=opened, sizes=sizes: (
            sizes.append(sum(map(len, parts.values()))) or opened(parts)
        )
        assert sum(1 for _ in book.pieces("Sheet1")) > number / 100
        given.append(max(sizes))
    assert given[1] < 1.5 * given[0]
