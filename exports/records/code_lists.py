"""Code lists as a workbook: a row for each code, with its words, the years that have it and where the list comes from."""

from exports.workbooks.columns import Column
from exports.workbooks.lists import list_file

COLUMNS = [
    Column("list", "รหัสรายการ", width=16),
    Column("title", "ชื่อรายการ", width=26),
    Column("code", "รหัส", width=12),
    Column("label", "คำ", width=36),
    Column("short", "คำย่อ", width=14),
    Column("label_en", "ภาษาอังกฤษ", width=30),
    Column("above", "อยู่ใน", width=26),
    Column("since", "ใช้ตั้งแต่ปีการศึกษา", width=14),
    Column("until", "ใช้ถึงปีการศึกษา", width=14),
    Column("synonyms", "คำอื่นที่รับจากไฟล์", width=30),
    Column("source", "แหล่งอ้างอิง", width=60),
]


def entries_file(lists, title):
    """An open workbook of lists, each (Codes, the Codes that its entries' parents are of or None, those Entries of it)."""
    rows = (_cells(codes, above, entry) for codes, above, entries in lists for entry in entries)
    return list_file(title, "รหัสมาตรฐาน", COLUMNS, rows, freeze=(1, 3))


def _cells(codes, above, entry):
    short = entry.short if entry.short != entry.label else None
    parent = above.label(entry.parent) if above and entry.parent else entry.parent
    return [
        codes.name, codes.title, entry.code, entry.label, short, entry.label_en, parent, entry.since, _until(entry),
        ", ".join(entry.synonyms), codes.source,
    ]  # fmt: skip


def _until(entry):
    """The last academic year that has a code; in words for one that was withdrawn before any."""
    if entry.retired_from is None:
        return None
    return entry.retired_from - 1 if entry.retired_from else "เลิกใช้แล้ว"
