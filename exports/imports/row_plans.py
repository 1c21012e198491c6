"""Files whose every row is a deed of its own (แผนทีละแถว): read by their headings, planned first, then written as a job.

A plan is {kind, filename, rows, same, errors, doubts} of plain values. `rows` are dicts with `row`, the number in the
sheet, and what the kind keeps; `errors` {row, column, sentence} tell no person's number; `doubts` are {row as text:
sentences} that stop nothing. While there is one error nothing is written. A kind of plan is the kind of its job too.
"""

from documents.background.one_by_one import one_by_one
from documents.district.schools import Area
from documents.errors import RuleBroken
from exports.imports import mapped_files
from exports.reading.headers import match_columns
from exports.reading.reading import read_table

MOST_ROWS = 5_000


class Column:
    """One column of a sheet: what stands above it, how wide, and the field it is read as (None: not read)."""

    looks = None
    decimals = None

    def __init__(self, label, width, name=None, synonyms=(), cell="text"):
        self.label, self.width, self.name, self.synonyms, self.cell = label, width, name, synonyms, cell


class Wrong(Exception):
    """What is wrong in a row, and the label of the column it stands in."""

    def __init__(self, sentence, column):
        super().__init__(sentence)
        self.column = column


def lines_of(content, filename, columns):
    """(names of the columns that the file has, [(number, {name: cell})]). Raises FileRefused."""
    table = read_table(content, filename, [column.label for column in columns], MOST_ROWS)
    at = {name: index for index, name in match_columns(table.columns, columns, table.rows).names.items()}
    lines = [(number, {name: values[index] for name, index in at.items()}) for number, values in table.rows]
    return at.keys(), lines


def planned(kind, filename, lines, planned_row, doubts_of):
    """The plan of a file's lines.

    `planned_row(number, cells)` gives what is kept of a row, None where it stands so already, or raises Wrong;
    `doubts_of(rows)` gives {number of the row: sentences}.
    """
    plan = {"kind": kind, "filename": filename, "rows": [], "same": 0, "errors": [], "doubts": {}}
    for number, cells in lines:
        try:
            row = planned_row(number, cells)
        except Wrong as wrong:
            plan["errors"].append({"row": number, "column": wrong.column, "sentence": str(wrong)})
            continue
        if row is None:
            plan["same"] += 1
        else:
            plan["rows"].append({"row": number} | row)
    plan["doubts"] = {str(number): said for number, said in doubts_of(plan["rows"]).items() if said}
    return plan


def stored_plan(job, upload_id):
    """The stored plan of the job's kind, its owner's alone. Raises RuleBroken."""
    return mapped_files.find(upload_id, job.actor, job.kind)["plan"]


def write_rows(plan, deed, progress):
    """The Done of a plan: `deed(row)` for each row, which passes over what stands so already."""
    return one_by_one([(f"แถวที่ {row['row']}", row) for row in plan["rows"]], deed, progress)


def refuse_faulty(plan):
    """Raise RuleBroken where a plan may not be written: it has an error, or nothing to write."""
    if plan["errors"]:
        raise RuleBroken(
            f"ไฟล์ยังมี {len(plan['errors']):,} แถวที่ต้องแก้ จึงยังไม่บันทึกแถวใดเลย กรุณาแก้ในไฟล์แล้วเลือกไฟล์ใหม่"
        )
    if not plan["rows"]:
        raise RuleBroken("ไฟล์นี้ไม่มีรหัสหรือเลขใหม่ จึงไม่มีอะไรให้บันทึก")


def area_province(area_code):
    """The province of an area, to look at a code's parts by."""
    found = Area.objects(code=area_code).only("province").first()
    return found and found.province
