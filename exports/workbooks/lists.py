"""The list that a page shows, as a workbook: one sheet, a heading over each column and a row for each thing."""

from exports.workbooks.grid import PERSONAL_LINE
from exports.workbooks.workbook import workbook_bytes, write_table


def list_file(title, sheet, columns, rows, *, freeze=(1, 1), personal=False):
    """An open workbook of rows, each a sequence of one value for each Column; they are written as they come.

    `freeze` is (row, column) to keep in sight; `personal` puts the line about personal data under every printed page.
    """
    with workbook_bytes(title) as (book, result):
        page = book.page(sheet, repeat=(0, 0), freeze=freeze)
        if personal:
            page.set_footer(f"&L&A&C{PERSONAL_LINE}&Rหน้า &P / &N")
        write_table(page, book, columns, rows)
    return result
