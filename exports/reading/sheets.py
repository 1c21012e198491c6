"""Sheets of an XLSX, XLS or ODS file as plain rows, parsed by python-calamine in a process of its own.

calamine lays a sheet out as one full rectangle, so a hostile file can ask for more memory than there is, and an
allocation that fails ends the whole process. It therefore runs as a child with limits on memory and time
(`sheet_parser.py`); the web server only ever sees lines of JSON, a piece of a sheet each.
"""

import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from exports.reading import sheet_parser
from exports.reading.rows import Rows
from exports.reading.sheet_parser import ANEW, REFUSED, SECONDS

CHILD = ("-m", sheet_parser.__name__)
HOME = Path(sheet_parser.__file__).parents[2]  # where the child finds its own modules
TAKEN_BACK = f"{ANEW}\n".encode()
SPOOL = 4 * 1024 * 1024  # bytes of them in memory before they lie on disk


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
    command = [sys.executable, "-E", "-s", *CHILD, str(keep_rows)]
    spool = tempfile.SpooledTemporaryFile(SPOOL)  # noqa: SIM115  goes with the rows that are read from it
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(content)
        given.seek(0)
        with subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, stderr=said, cwd=HOME) as child:  # noqa: S603
            alarm = threading.Timer(SECONDS, child.kill)
            alarm.start()
            try:
                sheets, last = sheets_from(child.stdout, spool)
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


def sheets_from(lines, spool):
    """(the Sheets that the child tells of, its last word where that is none).

    The rows stay in the file `spool` as the child told them, and are read from there.
    """
    sheets, places, last = [], [], None
    for line in lines:
        if line.startswith(b'{"rows"'):
            # To the end first: the beginning of each sheet before this one was read.
            spool.seek(0, os.SEEK_END)
            places.append(spool.tell())
            spool.write(line)
        elif line.startswith(b"{"):
            told = json.loads(line)
            ends = partial(told_rows, spool, places[-2:])
            width = told["widest"]
            rows = Rows(partial(told_rows, spool, places), told["kept"], width, width=width, ends=ends)
            sheets.append(Sheet(told["name"], rows, told["height"], told["merged"], told["others"]))
            places = []
        elif line == TAKEN_BACK:
            sheets, places = [], []
        else:
            last = line.decode().strip() or last
    return sheets, last


def told_rows(spool, places):
    """Yield the rows of the pieces that begin at these places of a file."""
    for place in places:
        spool.seek(place)
        for number, values in json.loads(spool.readline())["rows"]:
            yield number, [restored(value) if value.__class__ is dict else value for value in values]


def restored(value):
    """A date as the child saw it: JSON has none, so they come as {"on": iso} or {"at": iso}."""
    if "on" in value:
        return dt.date.fromisoformat(value["on"])
    return dt.datetime.fromisoformat(value["at"])
