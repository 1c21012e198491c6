"""The list of G-code requests as a workbook: of each what its page shows, the code masked; nothing that is sensitive."""

from documents.dmc.student_rules import full_name
from documents.formats.citizen_id import mask_id
from documents.gcode.gcode import CODE_KINDS, STATES, WAITING
from documents.gcode.gcode_evidence import pieces_in_words
from documents.gcode.gcode_requests import waiting_days
from documents.records.codelists import code_list
from exports.workbooks.columns import Column
from exports.workbooks.lists import list_file

COLUMNS = [
    Column("name", "ชื่อ-สกุล", width=30),
    Column("request_no", "เลขที่คำขอ", width=14),
    Column("school_code", "รหัสโรงเรียน", width=12),
    Column("school_name", "โรงเรียน", width=28),
    Column("grade", "ชั้น", width=8),
    Column("requested_on", "วันที่ขอ", cell="date", width=13),
    Column("pieces", "หลักฐาน", cell="center", width=10),
    Column("age", "อายุเรื่อง (วัน)", cell="count", width=12),
    Column("state", "สถานะ", width=24),
    Column("code", "รหัส G", width=20),
    Column("code_kind", "ที่มาของรหัส", width=24),
]
# The fields of a stored request that a row is made of.
NEEDED = (
    "title", "first_name", "last_name", "request_no", "school_code", "school_name", "grade", "requested_on", "registered",
    "evidence.kind", "sent_at", "state", "code", "code_kind",
)  # fmt: skip


def gcode_list(rows, required, title):
    """An open workbook of stored requests (plain dicts); `required` are the kinds of evidence that each must have."""
    grades = code_list("GRADE")
    cells = (_cells(row, required, grades) for row in rows)
    return list_file(title, "คำขอรหัส G", COLUMNS, cells, personal=True)


def _cells(row, required, grades):
    return [
        full_name(row), row["request_no"], row["school_code"], row.get("school_name"), grades.short(row.get("grade")),
        row.get("requested_on"), "" if row.get("registered") else pieces_in_words(row.get("evidence") or (), required)[0],
        waiting_days(row.get("sent_at")) if row["state"] in WAITING else None, STATES[row["state"]],
        mask_id(row.get("code")), CODE_KINDS.get(row.get("code_kind")),
    ]  # fmt: skip
