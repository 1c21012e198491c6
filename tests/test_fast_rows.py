"""Rows made as XML: the same cells as XlsxWriter's own calls make, whole sheets after a full one, a sound zip."""

import datetime as dt
import io
import resource
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import pytest
from python_calamine import load_workbook
from xlsxwriter import Workbook

from documents import subsystems
from documents.background import job_runs
from documents.background.jobs import Job, ask
from documents.database import db
from documents.dmc.students import Student
from documents.errors import NoRoom
from documents.records import listing
from documents.records.fields import Derived, accept
from documents.records.record import declared, shown_fields
from documents.records.writing import Change, write
from exports.workbooks import cells, packing, workbook
from exports.workbooks.packing import joined_crc
from exports.workbooks.workbook import workbook_bytes, write_table
from scripts.environment import ROOT
from tests.making import complete
from tests.people import AREA, ROUND, YEAR, place
from tests.test_roster import pupil
from tests.test_workbook import PAYLOADS


def day(*numbers):
    """A day as it is stored."""
    return dt.datetime(*numbers)  # noqa: DTZ001  a day has no zone


MESSY = [
    *PAYLOADS[:-1], "", None, "ก\u200bข", "\u00a0ขอบ\u00a0", "a|b", " | ", "ก" * 40_000, "<r>เอียง</r>", "x_x", "_x000D_", "💧น้ำ",
    "ชื่อ & สกุล", "จบด้วยบรรทัดใหม่\n", "0" * 13, "NaN", "True", "\x7f\x85",
]  # fmt: skip
NUMBERS = [0, -1, 12, 12.5, 1e15, 0.1, None, True]
DAYS = [
    day(2017, 6, 10),
    dt.date(1941, 1, 1),
    None,
    day(1900, 3, 1),
    day(2100, 12, 31),
]
KINDS = [("text", MESSY), ("count", NUMBERS), ("date", DAYS)]


def column(kind, label="หัว"):
    return SimpleNamespace(label=label, cell=kind, decimals=1, width=10)


def read(content, sheet=0):
    """The rows of a sheet below its header."""
    return load_workbook(io.BytesIO(content)).get_sheet_by_index(sheet).to_python(skip_empty_area=False)[1:]


def by_write_calls(kind, values):
    """The same column written cell by cell through XlsxWriter."""
    target = io.BytesIO()
    book = Workbook(target, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_string(0, 0, "หัว")
    sheet.write_string(len(values) + 1, 1, "จบ")
    for at, value in enumerate(values, 1):
        if value is None or value == "":
            continue
        if kind == "date":
            sheet.write_datetime(at, 0, value, day)
        elif kind == "count":
            sheet.write_number(at, 0, value)
        elif value.startswith("<r>"):
            sheet.write_string(at, 0, "R" + value)  # XlsxWriter takes it for marked-up text and loses it
        else:
            sheet.write_string(at, 0, value[:32_767])
    book.close()
    return [row[0].removeprefix("R") if kind == "text" else row[0] for row in read(target.getvalue())]


@pytest.mark.parametrize(("kind", "values"), KINDS)
@pytest.mark.parametrize("repeats", [True, False])
def test_a_cell_reads_as_xlsxwriter_s_own_call_writes_it(kind, values, repeats, monkeypatch):
    monkeypatch.setattr(cells, "WATCHED", 0 if not repeats else 10**9)
    before = [] if repeats or kind != "text" else [f"ไม่ซ้ำ {n}" for n in range(500)]
    with workbook_bytes("x") as (book, result):
        rows = [
            [value, "จบ" if at == len(values) - 1 else None] for at, value in enumerate([*before, *values])
        ]
        write_table(book.page("x"), book, [column(kind), column("text")], [*rows, [None, "จบ"]])
    found = [row[0] for row in read(result.getvalue())]
    assert found[len(before) :] == by_write_calls(kind, values)


def test_no_text_is_taken_for_markup_where_cells_are_written_one_by_one():
    with workbook_bytes("x") as (book, result):
        sheet = book.page("x")
        for at, text in enumerate(texts := ["<r>เอียง</r>", "<r><t>x</r>", "ก\ud800ข", " ขอบ ", "_x0041_"]):
            sheet.write_string(at, 0, text)
    rows = load_workbook(io.BytesIO(result.getvalue())).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows] == [*texts[:2], "กข", *texts[3:]]


def test_payloads_stay_text_where_values_do_not_repeat(monkeypatch):
    monkeypatch.setattr(cells, "WATCHED", 0)
    with workbook_bytes("x") as (book, result):
        values = [f"{start}{number}" for number in range(700) for start in "=+-@\t\r"]
        write_table(book.page("x"), book, [column("text")], ([value] for value in values))
    content = result.getvalue()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    assert [row[0].lstrip("\t") for row in read(content)] == [value.lstrip("\t") for value in values]


def test_rows_that_a_sheet_cannot_hold_go_on_in_another(monkeypatch):
    with workbook_bytes("x") as (book, result):
        book.most_rows = 4
        sheet = book.page("รายชื่อ", repeat=(0, 0), freeze=(1, 0))
        sheet.set_footer("&Cห้ามเผยแพร่")
        assert write_table(sheet, book, [column("count")], ([n] for n in range(7))) == 7
    content = result.getvalue()
    names = load_workbook(io.BytesIO(content)).sheet_names
    assert names == ["รายชื่อ", "รายชื่อ (2)", "รายชื่อ (3)"]
    assert [[row[0] for row in read(content, at)] for at in range(3)] == [[0, 1, 2], [3, 4, 5], [6]]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        last = archive.read("xl/worksheets/sheet3.xml").decode()
    assert "ห้ามเผยแพร่" in last
    assert '<autoFilter ref="A1:A2"/>' in last
    assert "<pane " in last


def test_what_is_more_than_a_batch_makes_one_sound_part():
    with workbook_bytes("x") as (book, result):
        rows = ([f"ข้อความ {n}", n] for n in range(5_000))
        write_table(book.page("x"), book, [column("text"), column("count")], rows)
    with zipfile.ZipFile(result) as archive:
        assert archive.testzip() is None
        assert archive.getinfo("xl/worksheets/sheet1.xml").file_size > 100_000
    assert joined_crc(0x3610A686, 0x3A771143, 5) == 0xF9EB20AD  # of "hello" and "world"


class Watched(dict):
    """A stored record that notes which of its fields were asked for."""

    def __init__(self, values):
        super().__init__(values)
        self.asked = set()

    def get(self, name, otherwise=None):
        self.asked.add(name)
        return super().get(name, otherwise)

    def __getitem__(self, name):
        self.asked.add(name)
        return super().__getitem__(name)


@pytest.mark.parametrize("document", subsystems(), ids=lambda document: document.slug)
def test_what_is_worked_out_reads_what_it_says(document):
    known = declared(document)
    plain = {name: accept(known[name], value) for name, value in complete(document).items()}
    for name, one in shown_fields(document).items():
        if isinstance(one, Derived) and one.reads is not None:
            record = Watched(plain | {"academic_year": 2568})
            one.work(record, SimpleNamespace(as_of=dt.datetime(2025, 6, 10)))  # noqa: DTZ001
            assert record.asked <= set(one.reads), name


FULL = """
import hashlib, resource
from types import SimpleNamespace
from documents.errors import NoRoom
from exports.workbooks import packing
from exports.workbooks.workbook import workbook_bytes, write_table
packing.SPOOL = 1 << 12
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with workbook_bytes("x") as (book, result):
        columns = [SimpleNamespace(label="x", cell="text", decimals=0, width=9)]
        write_table(book.page("x"), book, columns, ([hashlib.sha256(b"%d" % n).hexdigest()] for n in range(20_000)))
except NoRoom as refusal:
    print(refusal)
"""


def test_a_full_disk_ends_the_making_and_leaves_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
    )
    assert "พื้นที่เก็บไฟล์ของเครื่องแม่ข่ายเต็ม" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_job_on_a_full_disk_says_so_and_leaves_no_file(open_round, teacher, monkeypatch, kind):
    write([Change(Student, place(), pupil(n)) for n in range(1, 41)], teacher)
    wanted = listing.Wanted(Student, AREA, YEAR, ROUND)
    asked = {"round_id": str(open_round.id), "export_type": kind, "noted": {}, "count": 40}
    asked |= {"asked": listing.as_arguments(wanted)}
    monkeypatch.setattr(packing, "SPOOL", 16)
    monkeypatch.setattr(workbook, "SPOOL", 16)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400, before[1]))
        job = ask("grid_file", teacher, AREA, open_round, arguments=asked)
        job_runs.run(job.id)  # where no application was made yet that does it at once
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    ended = Job.objects(id=job.id).get()
    assert (ended.state, ended.failure) == ("failed", str(NoRoom()))
    assert db()["job_files.files"].count_documents({}) == 0
