"""The list of jobs as a workbook: who asked for what, when, how long it took and what came of it."""

from exports.workbooks.columns import Column
from exports.workbooks.lists import list_file

COLUMNS = [
    Column("title", "งาน", width=44),
    Column("kind", "ชนิดงาน", width=26),
    Column("owner", "ผู้สั่ง", width=26),
    Column("round", "รอบ", width=26),
    Column("asked", "สั่งเมื่อ", width=24),
    Column("finished", "จบเมื่อ", width=24),
    Column("took", "ใช้เวลา", width=18),
    Column("state", "สถานะ", width=14),
    Column("outcome", "ผล", width=60),
]


def job_list(rows, title):
    """An open workbook of jobs in words, each a sequence of one text a column."""
    return list_file(title, title, COLUMNS, rows, personal=True)
