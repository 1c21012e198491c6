"""The grid of a round's submissions as a workbook: a row a school, with its state, its counts and who waits for what."""

from documents.formats import buddhist
from exports.workbooks.columns import Column
from exports.workbooks.lists import list_file

COLUMNS = [
    Column("cluster", "กลุ่มโรงเรียน", width=20),
    Column("school_code", "รหัสโรงเรียน", width=12),
    Column("school_name", "โรงเรียน", width=28),
    Column("state", "สถานะ", width=18),
    Column("heads", "จำนวน", cell="count", width=10),
    Column("incomplete", "ไม่ครบ", cell="count", width=10),
    Column("errors", "ข้อผิดพลาด", cell="count", width=12),
    Column("warnings", "คำเตือน", cell="count", width=10),
    Column("last_write_at", "บันทึกล่าสุด", width=22),
    Column("confirmed_at", "ยืนยันเมื่อ", width=22),
    Column("certified_at", "รับรองเมื่อ", width=22),
    Column("verified_at", "เขตตรวจสอบเมื่อ", width=22),
    Column("until", "ส่งได้ถึง", width=22),
]


def submissions_workbook(rows, title):
    """An open workbook of (Submission, heads, counts of findings, until) rows."""
    return list_file(title, "การส่งข้อมูล", COLUMNS, (_cells(*row) for row in rows), freeze=(1, 3))


def _cells(one, heads, found, until):
    moments = (one.last_write_at, one.confirmed_at, one.certified_at, one.verified_at, until)
    return [
        one.cluster or "", one.school_code, one.school_name, one.shown_state, heads, one.counts.get("incomplete", 0),
        found.get("errors", 0), found.get("warnings", 0), *map(buddhist.format_datetime, moments),
    ]  # fmt: skip
