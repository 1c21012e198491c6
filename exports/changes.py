"""What changed since the version before, as a workbook: a row a field, so that it can be filtered and signed for."""

from dataclasses import dataclass

from exports.workbook import workbook_bytes, write_table


@dataclass(frozen=True)
class Column:
    """One column of the sheet."""

    label: str
    width: int
    cell: str = "text"
    decimals: int | None = None


COLUMNS = (
    Column("รายการ", 32),
    Column("ระบบ", 18),
    Column("การเปลี่ยน", 12, "center"),
    Column("ช่อง", 26),
    Column("เดิม", 28),
    Column("ใหม่", 28),
    Column("ผู้แก้ไข", 22),
    Column("เมื่อ", 24),
    Column("เหตุผล", 32),
)
HEAD_ROWS = 2


def changes_workbook(title, told):
    """The bytes of the workbook; `told` are records in words: name, about, kind, lines, hidden, who, when, reason."""
    with workbook_bytes(title) as (book, result):
        sheet = book.page("สิ่งที่เปลี่ยน", repeat=(HEAD_ROWS, HEAD_ROWS), freeze=(HEAD_ROWS + 1, 1))
        sheet.write_string(0, 0, title, book.style("title"))
        write_table(sheet, book, COLUMNS, rows_of(told), header_row=HEAD_ROWS)
    return result.getvalue()


def rows_of(told):
    """A row a changed field; a record whose fields may not be shown has one row that says so."""
    for record in told:
        first = [record["name"], record["about"], record["kind"]]
        for line in record["lines"]:
            yield [*first, line["label"], line["old"], line["new"], line["who"], line["when"], line["reason"]]
        if record["hidden"] or not record["lines"]:
            said = f"ไม่แสดงค่า {record['hidden']} ช่อง" if record["hidden"] else ""
            yield [*first, said, "", "", record["who"], record["when"], record["reason"]]
