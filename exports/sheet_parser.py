"""The child that reads a workbook by python-calamine: run as a script, alone, with limits on memory and time.

It knows nothing of the product: a workbook on standard input, lines of JSON on standard output.
"""

import datetime as dt
import io
import json
import sys
from itertools import islice

import python_calamine as calamine

MEMORY = 1536 * 1024 * 1024  # bytes of address space
SECONDS = 60
MAX_SHEETS = 50
CELLS = 6_000_000  # of one sheet's rectangle; beyond, reading alone would take seconds
PIECE = 500  # rows told in one line
REFUSED = 3  # the exit code when it says why on its last line


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
    # iter_rows() begins at the sheet's first row but at the table's first column.
    first, left = sheet.start or (0, 0)
    for number, values in enumerate(sheet.iter_rows(), 1):
        if number <= first:
            continue
        row = [None] * left + [value or None if value.__class__ is str else plain(value) for value in values]
        if any(value is not None and not (value.__class__ is str and value.isspace()) for value in row):
            yield number, row


def tell(workbook, keep_rows, out):
    """Write the rows of each visible sheet, some in a line of JSON, and behind them a line about the sheet."""
    seen = calamine.SheetVisibleEnum.Visible, calamine.SheetTypeEnum.WorkSheet
    names = [sheet.name for sheet in workbook.sheets_metadata if (sheet.visible, sheet.typ) == seen]
    for name in names[:MAX_SHEETS]:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.height * sheet.width > CELLS:
            refuse("large")
        height, widest, rows = 0, 0, filled_rows(sheet)
        while piece := list(islice(rows, PIECE)):
            kept = piece[: max(keep_rows - height, 0)]
            if kept:
                out.write(
                    json.dumps({"rows": kept}) + "\n"
                )  # at once: json.dump to a file takes five times as long
                widest = max(widest, max(len(values) for _, values in kept))
            height += len(piece)
        told = {"name": name, "height": height, "kept": min(height, keep_rows), "widest": widest}
        told["merged"] = [[*low, *high] for low, high in sheet.merged_cell_ranges or []]
        out.write(json.dumps(told | {"others": height - told["kept"]}) + "\n")


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
