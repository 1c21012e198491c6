"""Sheets of an XLSX, XLS or ODS file as plain rows, parsed by python-calamine in a process of its own.

calamine lays a sheet out as one full rectangle, so a hostile file can ask for more memory than there is, and an
allocation that fails ends the whole process. It therefore runs as a child with limits on memory and time; the
web server only ever sees lines of JSON. Run as a script this module is that child.
"""

import datetime as dt
import io
import json
import subprocess
import sys
from dataclasses import dataclass, field

import python_calamine as calamine

MEMORY = 1536 * 1024 * 1024  # bytes of address space for the child
SECONDS = 60
MAX_SHEETS = 50
CELLS = 6_000_000  # of one sheet's rectangle; beyond, Python lists alone would take seconds
REFUSED = 3  # the child's exit code when it says why on its last line


@dataclass
class Sheet:
    """One visible sheet: `rows` are (number as the sheet shows it, values); `height` counts filled rows, read or not."""

    name: str
    rows: list
    height: int
    merged: list = field(default_factory=list)  # [[first row, first column, last row, last column]], from 0
    others: int = 0  # rows not read, being beyond the limit


class Unreadable(Exception):
    """calamine could not read the file; `reason` is "password", "broken" or "large"."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def read_sheets(content, keep_rows):
    """The visible sheets of a workbook, at most `keep_rows` filled rows of each. Raises Unreadable."""
    command = [sys.executable, "-I", __file__, str(keep_rows)]
    try:
        child = subprocess.run(command, input=content, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as fault:
        raise Unreadable("large") from fault
    if child.returncode < 0:  # a signal: out of memory or of time
        raise Unreadable("large")
    if child.returncode == REFUSED:
        raise Unreadable(child.stdout.split()[-1].decode())
    if child.returncode:
        raise RuntimeError(
            "reading a sheet failed: " + child.stderr.decode(errors="replace").splitlines()[-1]
        )
    return [sheet_from(json.loads(line)) for line in child.stdout.splitlines()]


def sheet_from(told):
    """A Sheet from what the child told."""
    rows = [
        (number, [restored(value) if value.__class__ is dict else value for value in values])
        for number, values in told["rows"]
    ]
    return Sheet(told["name"], rows, told["height"], told["merged"], told["height"] - len(rows))


def restored(value):
    """A date as the child saw it: JSON has none, so they come as {"on": iso} or {"at": iso}."""
    if "on" in value:
        return dt.date.fromisoformat(value["on"])
    return dt.datetime.fromisoformat(value["at"])


def plain(value):
    """A cell's value for JSON; blank is None, a whole number an int, a time of day its text."""
    if value.__class__ is str:  # most cells, so asked first
        return value or None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dt.datetime):
        return {"at": value.isoformat()}
    if isinstance(value, dt.date):
        return {"on": value.isoformat()}
    return str(value) if isinstance(value, (dt.time, dt.timedelta)) else value


def filled_rows(sheet):
    """(number, values) of each row that holds anything, numbered as the sheet shows it."""
    # Not iter_rows(): it begins at the sheet's first row but at the table's first column.
    first, left = sheet.start or (0, 0)
    for number, values in enumerate(sheet.to_python(skip_empty_area=True), first + 1):
        row = [None] * left + [plain(value) for value in values]
        if any(value is not None and not (value.__class__ is str and value.isspace()) for value in row):
            yield number, row


def tell(workbook, keep_rows, out):
    """Write each visible sheet as one line of JSON."""
    seen = calamine.SheetVisibleEnum.Visible, calamine.SheetTypeEnum.WorkSheet
    names = [sheet.name for sheet in workbook.sheets_metadata if (sheet.visible, sheet.typ) == seen]
    for name in names[:MAX_SHEETS]:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.height * sheet.width > CELLS:
            refuse("large")
        kept, height = [], 0
        for number, row in filled_rows(sheet):
            height += 1
            if height <= keep_rows:
                kept.append((number, row))
        merged = [[*low, *high] for low, high in sheet.merged_cell_ranges or []]
        told = {"name": name, "rows": kept, "height": height, "merged": merged}
        out.write(json.dumps(told) + "\n")  # in one piece: json.dump to a file takes five times as long


def limit_this_process():
    """Bound memory and time of the child; a parser that runs wild then dies alone."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main():
    """The child: a workbook on standard input, lines of JSON on standard output."""
    limit_this_process()
    try:
        with calamine.load_workbook(io.BytesIO(sys.stdin.buffer.read())) as workbook:
            tell(workbook, int(sys.argv[1]), sys.stdout)
    except calamine.PasswordError:
        refuse("password")
    except MemoryError:
        refuse("large")
    except calamine.CalamineError:
        refuse("broken")
    except BaseException as fault:
        if type(fault).__name__ != "PanicException":  # calamine's Rust gave up on a malformed file
            raise
        refuse("broken")


def refuse(reason):
    """End the child with a reason."""
    print("\n" + reason)
    sys.exit(REFUSED)


if __name__ == "__main__":
    main()
