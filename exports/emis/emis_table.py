"""A sheet of the EMIS reports: heading, a row for each school or group, and the totals of what adds up."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from documents.formats import buddhist
from exports.dmc.reports import as_of_line

YES, SCHOOL = "✓", "รหัสโรงเรียน"
TOP = 4  # title, as-of date, what it counts, a blank line


@dataclass(frozen=True)
class Col:
    """One column: its heading, width, what it says of a SchoolFigures, and whether its numbers add up."""

    label: str
    width: int
    value: Callable
    kind: str = "number"
    adds: bool = True


def write_schools(book, report, name, about, columns):
    """A sheet with a row a school."""
    write_table(book, report, name, about, columns, report.schools, in_all(report))


def in_all(report):
    """The words of a total row."""
    return f"รวม {len(report.schools):,} โรงเรียน"


def write_table(book, report, name, about, columns, rows, total):
    """Title, as-of date, what it counts, header, rows streamed, and the total row of these words (None: none)."""
    sheet = book.page(name, repeat=(TOP, TOP), freeze=(TOP + 1, 2))
    facts = report.facts
    sheet.write_string(0, 0, f"{about} รอบ {facts.round.label}", book.style("title"))
    sheet.write_string(1, 0, f"{facts.area_name} · {as_of_line(facts.as_of)}", book.style("subtitle"))
    if report.pupils_round is not None:
        shown = report.pupils_round
        source = f"นักเรียนและห้องเรียนจาก DMC รอบ {shown.label} ข้อมูล ณ {buddhist.format_long(shown.as_of)}"
        sheet.write_string(2, 0, source, book.style("subtitle"))
    for index, column in enumerate(columns):
        sheet.write_string(TOP, index, column.label, book.style("header"))
        sheet.set_column(index, index, column.width)
    totals = Counter()
    looks = [(STREAMED[column.kind], look_of(book, column)) for column in columns]
    last = [("number" if column.adds else "text", total_look(book, column)) for column in columns]
    sheet.stream(
        TOP + 1,
        looks,
        passing(columns, rows, totals),
        total and (last, lambda: total_row(columns, totals, total)),
    )
    return sheet


def passing(columns, rows, totals):
    """Yield the cells of each row, adding up in `totals` {place of a column: sum} what adds up."""
    for row in rows:
        cells = []
        for index, column in enumerate(columns):
            value = column.value(row)
            if column.adds:
                totals[index] += (1 if value is True else value) or 0
            cells.append(cell(column, value))
        yield cells


def total_row(columns, totals, words):
    """The cells of the total row, its words under the name."""
    cells = [totals[index] if column.adds else None for index, column in enumerate(columns)]
    cells[1 if columns[0].label == SCHOOL else 0] = words
    return cells


STREAMED = {"text": "text", "number": "number", "measure": "number", "money": "number", "flag": "text"}


def cell(column, value):
    """A value as its cell holds it: a yes is a tick."""
    if column.kind == "flag":
        return YES if value else None
    return value if value not in ("", None) else None


def look_of(book, column):
    """The cell format of a column."""
    decimals = {"measure": 1, "money": 2}
    if column.kind in decimals:
        return book.measured(decimals[column.kind])
    return book.style({"number": "count", "flag": "center"}.get(column.kind, "text"))


def total_look(book, column):
    """The cell format of a column in the total row."""
    return book.style("total" if column.adds else "total_text")
