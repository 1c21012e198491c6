"""Sheets of an XLSX, XLS or ODS file as plain rows, parsed by python-calamine in a process of its own.

calamine lays a sheet out as one full rectangle, so a hostile file can ask for more memory than there is, and an
allocation that fails ends the whole process. It therefore runs as a child with limits on memory and time; the
web server only ever sees lines of JSON, a piece of a sheet each. Run as a script this module is that child.
"""

import datetime as dt
import io
import json
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field

import python_calamine as calamine

MEMORY = 1536 * 1024 * 1024  # bytes of address space for the child
SECONDS = 60
MAX_SHEETS = 50
CELLS = 6_000_000  # of one sheet's rectangle; beyond, Python lists alone would take seconds
PIECE = 500  # rows told in one line
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
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(content)
        given.seek(0)
        with subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, stderr=said) as child:  # noqa: S603
            alarm = threading.Timer(SECONDS, child.kill)
            alarm.start()
            try:
                sheets, last = sheets_from(child.stdout)
            except BaseException:
                child.kill()
                raise
            finally:
                alarm.cancel()
        if child.returncode < 0:  # a signal: out of memory or of time
            raise Unreadable("large")
        if child.returncode == REFUSED:
            raise Unreadable(last)
        if child.returncode:
            said.seek(0)
            fault = said.read().decode(errors="replace").splitlines()
            raise RuntimeError("reading a sheet failed: " + (fault or ["?"])[-1])
    return sheets


def sheets_from(lines):
    """(the Sheets that the child tells of, its last word where that is none), a piece of a sheet at a time.

    Equal values are kept once: a roster repeats most of its words, and 50,000 rows of it then take a fifth of the
    memory.
    """
    sheets, values, last = [], {}, None
    for line in lines:
        if not line.startswith(b"{"):
            last = line.decode().strip() or last
            continue
        told = json.loads(line)
        if "name" in told:
            sheets.append(Sheet(told["name"], [], told["height"], told["merged"], told["others"]))
            continue
        for number, row in told["rows"]:
            sheets[-1].rows.append((number, [kept(value, values) for value in row]))
    return sheets, last


def kept(value, values):
    """A value as the child saw it, the first one of all that are equal to it."""
    if value.__class__ is str:
        return values.setdefault(value, value)
    return restored(value) if value.__class__ is dict else value


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
        rows = list(filled_rows(sheet))
        merged = [[*low, *high] for low, high in sheet.merged_cell_ranges or []]
        others = max(len(rows) - keep_rows, 0)
        told = {"name": name, "height": len(rows), "merged": merged, "others": others}
        out.write(json.dumps(told) + "\n")
        for at in range(0, min(len(rows), keep_rows), PIECE):
            piece = {"rows": rows[at : min(at + PIECE, keep_rows)]}
            out.write(json.dumps(piece) + "\n")  # in one piece: json.dump to a file takes five times as long


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
