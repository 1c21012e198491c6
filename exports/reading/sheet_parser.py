"""The child that reads a workbook by python-calamine: run alone, with limits on memory and time.

It knows nothing of the product: a workbook on standard input, lines of JSON on standard output.
"""

import datetime as dt
import io
import json
import sys
from itertools import islice

import python_calamine as calamine

from exports.reading.cut_workbook import BROKEN, CutWorkbook, NotCut

MEMORY = 1536 * 1024 * 1024  # bytes of address space
SECONDS = 60
MAX_SHEETS = 50
CELLS = 6_000_000  # of one sheet's rectangle; beyond, reading alone would take seconds
PIECE = 500  # rows told in one line
ANEW = "anew"  # the line that takes back those before it
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
    # iter_rows() begins at the sheet's first row but at the table's first column; to_python() lays all rows out.
    first, left = sheet.start or (0, 0)
    rows = sheet.to_python() if sheet.height < first else islice(sheet.iter_rows(), first, None)
    for number, values in enumerate(rows, first + 1):
        row = [None] * left + [value or None if value.__class__ is str else plain(value) for value in values]
        if any(value is not None and not (value.__class__ is str and value.isspace()) for value in row):
            yield number, row


class Whole:
    """A workbook of which each sheet is one piece."""

    def __init__(self, workbook):
        self.workbook, self.sheets_metadata = workbook, workbook.sheets_metadata

    def pieces(self, name):
        """The sheet, as the only piece."""
        yield self.workbook.get_sheet_by_name(name)


class Told:
    """A sheet while its pieces are told: which cells its table reaches from and to, and what is merged."""

    def __init__(self, pieces):
        self.pieces, self.start, self.end, self.merged = pieces, None, (-1, -1), []

    def rows(self):
        """The filled rows of all pieces; ends this process where the table is too large."""
        for piece in self.pieces:
            self.merged = piece.merged_cell_ranges or []
            if piece.start:
                self.start = tuple(map(min, self.start or piece.start, piece.start))
                self.end = tuple(map(max, self.end, piece.end))
                height, width = (end - start + 1 for start, end in zip(self.start, self.end, strict=True))
                if height * width > CELLS:
                    refuse("large")
                yield from filled_rows(piece)


def tell(workbook, keep_rows, out):
    """Write the rows of each visible sheet, some in a line of JSON, and behind them a line about the sheet."""
    seen = calamine.SheetVisibleEnum.Visible, calamine.SheetTypeEnum.WorkSheet
    names = [sheet.name for sheet in workbook.sheets_metadata if (sheet.visible, sheet.typ) == seen]
    for name in names[:MAX_SHEETS]:
        sheet, height = Told(workbook.pieces(name)), 0
        rows = sheet.rows()
        while piece := list(islice(rows, PIECE)):
            kept = piece[: max(keep_rows - height, 0)]
            if kept:
                # At once: json.dump to a file takes five times as long.
                out.write(json.dumps({"rows": kept}) + "\n")
            height += len(piece)
        told = {"name": name, "height": height, "kept": min(height, keep_rows), "widest": sheet.end[1] + 1}
        told["merged"] = [[*low, *high] for low, high in sheet.merged]
        out.write(json.dumps(told | {"others": height - told["kept"]}) + "\n")


def read(file, keep_rows, out):
    """Tell of an open workbook, cut where it is large and can be; where that ends in the middle, all is told anew."""
    try:
        return tell(CutWorkbook(file), keep_rows, out)
    except (NotCut, *BROKEN):
        out.write(ANEW + "\n")
    file.seek(0)
    with calamine.load_workbook(io.BytesIO(file.read())) as workbook:
        tell(Whole(workbook), keep_rows, out)


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
        read(sys.stdin.buffer, int(sys.argv[1]), sys.stdout)
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
