"""The list of findings as a workbook: one row a finding, with what to do and what was said to it."""

from documents.checking.check_rules import check_named
from documents.checking.checks import LEVELS
from documents.checking.findings import STATES
from documents.formats import buddhist
from exports.workbooks.columns import Column
from exports.workbooks.lists import list_file

COLUMNS = [
    Column("cluster", "กลุ่มโรงเรียน", width=20),
    Column("school_code", "รหัสโรงเรียน", width=12),
    Column("school", "โรงเรียน", width=26),
    Column("level", "ระดับ", width=12),
    Column("code", "รหัสกฎ", width=10),
    Column("title", "เรื่อง", width=30),
    Column("name", "รายการ", width=28),
    Column("sentence", "ข้อที่พบ", width=60),
    Column("do", "วิธีแก้", width=46),
    Column("state", "สถานะ", width=12),
    Column("reason", "เหตุผล", width=36),
    Column("by", "ผู้เขียนเหตุผล", width=22),
    Column("when", "เมื่อ", width=20),
]


def xlsx_of(rows, schools, title):
    """An open workbook of (finding, name of its record) pairs; `schools` is {code: (name, cluster)}."""
    cells = (_cells(plain, name, schools) for plain, name in rows)
    return list_file(title, "ผลการตรวจสอบ", COLUMNS, cells, freeze=(1, 0), personal=True)


def _cells(plain, name, schools):
    check, said = check_named(plain["check_key"], plain["area_code"]), plain.get("answer") or {}
    school, cluster = schools.get(plain["school_code"], (plain["school_code"], None))
    return [
        cluster or "", plain["school_code"], school, LEVELS[plain["level"]], plain["code"], check.title if check else "",
        name or "", plain["sentence"], check.do if check else "", STATES[plain["state"]], said.get("reason", ""),
        said.get("by_name", ""), buddhist.format_datetime(said.get("at")),
    ]  # fmt: skip
