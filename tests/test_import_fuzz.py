"""The importer fed with broken files, mutated from good ones: each ends in a plan or in a sentence, soon and small.

A hundred in scripts/test, thousands with --long. A file that fails is told by its number, which is its seed.
"""

import io
import os
import random
import re
import threading
import zipfile
from pathlib import Path

import pytest

from documents.dmc.students import Student
from documents.errors import RuleBroken
from exports.imports.importing import plan_import
from exports.imports.questions import NOBODY, Unanswered
from exports.reading import sheets
from exports.reading.headers import letter_of
from exports.workbooks.columns import Surroundings
from exports.workbooks.grid import csv_file, xlsx_of
from tests.people import SCHOOL
from tests.test_roster import pupil

SECONDS, MEGABYTES = 10, 300
HOSTILE = [
    "", "-", "=1+1", "0" * 40, "1.23E+12", "NaN", "1e309", "-0", "99999999999999999999", "31/04/2568", "29/02/2567", "0001-01-01",
    "9999-12-31", "๑๒๓", "\u200b", "\u202e", "\x00", "\ufeff", "ก" * 5_000, "<b>", "&amp;", "ใช่", "True", "ป.99", "\ud7ff", "เเ", "'=1",
    '"', '""', "a\nb", "a\r\nb", "\t", ";", "|", "34010001", "1" * 13,
]  # fmt: skip
IN_XML = [
    "&#0;", "&bogus;", "<", "</row>", "<c/>", '<c r="XFD1048576"><v>1</v></c>', '<c t="s"><v>999999</v></c>', "<v>1e309</v>",
    '<c t="d"><v>2568-13-45</v></c>', '<c t="e"><v>#REF!</v></c>', "<!-- -->", "]]>", "\ufffd", '<row r="1048577">', "<f>1+1</f>",
]  # fmt: skip


@pytest.fixture(scope="module")
def good():
    """A good workbook, and the same as a CSV, of a dozen pupils."""
    rows = [{"school_code": SCHOOL, **plain(number)} for number in range(1, 13)]
    around = Surroundings(school_names={SCHOOL: "บ้านหนึ่ง"})
    return xlsx_of(Student, rows, around, "x")[0].getvalue(), csv_file(Student, rows, around).getvalue()


def plain(number):
    """A pupil as stored."""
    from documents.records.fields import accept
    from documents.records.record import declared

    return {name: accept(declared(Student)[name], value) for name, value in pupil(number).items()}


def broken(content, chance):
    """Some bytes changed, cut off, doubled or thrown about."""
    content, deed = bytearray(content), chance.randrange(5)
    at = chance.randrange(len(content))
    if deed == 0:
        for _ in range(chance.randint(1, 40)):
            content[chance.randrange(len(content))] = chance.randrange(256)
    elif deed == 1:
        del content[at:]
    elif deed == 2:
        del content[at : at + chance.randint(1, 400)]
    elif deed == 3:
        content[at:at] = content[at : at + chance.randint(1, 400)] * chance.randint(1, 20)
    else:
        content[at:at] = chance.randbytes(chance.randint(1, 200))
    return bytes(content)


def broken_workbook(content, chance):
    """A workbook whose zip is broken, or one of whose parts is: wrong XML, wrong places, wrong values, or gone."""
    if chance.random() < 0.3:
        return broken(content, chance)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice([*parts, *(["xl/worksheets/sheet1.xml"] * 8), *(["xl/sharedStrings.xml"] * 3)])
    if chance.random() < 0.3:
        parts["xl/worksheets/sheet1.xml"] = with_merges(parts["xl/worksheets/sheet1.xml"], chance)
    if chance.random() < 0.1:
        del parts[name]
    elif chance.random() < 0.3:
        parts[name] = broken(parts[name], chance)
    else:
        text = parts[name].decode()
        places = [
            found.span()
            for found in re.finditer(r"<v>[^<]*</v>|<t>[^<]*</t>|\bs=\"\d+\"|\br=\"[^\"]+\"", text)
        ]
        for start, end in sorted(
            chance.sample(places, min(len(places), chance.randint(1, 12))), reverse=True
        ):
            instead = chance.choice(
                [
                    *IN_XML,
                    f"<v>{chance.choice(HOSTILE)}</v>",
                    f'r="{chance.choice("AZ")}{chance.randrange(10 ** chance.randint(1, 9))}"',
                ]
            )
            text = text[:start] + instead + text[end:]
        parts[name] = text.encode("utf-8", "replace")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return target.getvalue()


def with_merges(sheet, chance):
    """The XML of a sheet with areas merged at random: over header and data, over each other, far beyond the table."""
    areas = []
    for _ in range(chance.choice([1, 3, 20, 3000])):
        top, left = chance.randint(1, 14), chance.randrange(36)
        bottom = chance.choice([top, top + 1, top + 3, 1048576])
        right = min(chance.choice([left, left + 1, left + 3, 16383]), 16383)
        areas.append(f'<mergeCell ref="{letter_of(left)}{top}:{letter_of(right)}{bottom}"/>')
    told = f'</sheetData><mergeCells count="{len(areas)}">{"".join(areas)}</mergeCells>'
    return sheet.replace(b"</sheetData>", told.encode(), 1)


def awkward(rows, chance):
    """The rows of a good table as offices send them: another header above, sums, notes, names for codes, short years."""
    width = len(rows[0])
    deeds = [
        lambda: rows.insert(0, [chance.choice(["", "", "กลุ่ม", "รายงาน", "ป.1"]) for _ in range(width)]),
        lambda: rows.insert(1, [chance.choice(["", "ชาย", "หญิง", "(1)"]) for _ in range(width)]),
        lambda: rows.insert(1, [f"({at})" for at in range(1, width + 1)]),
        lambda: rows.append(["รวมทั้งสิ้น", *[str(chance.choice(["", 12, "๑๒", "-", "NaN"])) for _ in range(width - 1)]]),
        lambda: rows.append(["", *["9" * chance.randint(1, 30) for _ in range(width - 1)]]),
        lambda: rows.append(["หมายเหตุ: " + "ก" * chance.randrange(200)]),
        lambda: rows.insert(chance.randrange(1, len(rows)), [""] * width),
        lambda: [row.append(chance.choice(HOSTILE)) for row in rows] and rows[0].__setitem__(-1, chance.choice(rows[0])),
        lambda: [row.__setitem__(0, chance.choice(["โรงเรียนบ้านหนึ่ง", "บ้านหนึ", "รวม", "'34010001", "๓๔๐๑๐๐๐๑", "1034010001"])) for row in rows[1:]],
        lambda: [row.__setitem__(rows[0].index("วันเกิด"), chance.choice(["5 มิ.ย. 56", "05/06/56", "31/2/13", "5/6/00", "๕ ก.พ. ๙๙"]))
                 for row in rows[1:] if "วันเกิด" in rows[0] and len(row) > rows[0].index("วันเกิด")],
    ]  # fmt: skip
    for deed in chance.sample(deeds, chance.randint(1, 4)):
        deed()
    return rows


def broken_csv(content, chance):
    """A CSV with hostile cells, moved columns, other encodings, awkward shapes, or broken bytes."""
    if chance.random() < 0.3:
        return broken(content, chance)
    rows = [line.split(",") for line in content.decode("utf-8-sig").splitlines()]
    if chance.random() < 0.5:
        rows = awkward(rows, chance)
    for _ in range(chance.randint(1, 30)):
        row = chance.choice(rows)
        if row:
            row[chance.randrange(len(row))] = chance.choice(HOSTILE)
    if chance.random() < 0.3:
        chance.shuffle(rows)
    if chance.random() < 0.2:
        rows = [row * chance.randint(1, 15) for row in rows]
    text = chance.choice(["\n", "\r\n", "\r"]).join(
        chance.choice([",", ",", ",", ";", "\t"]).join(row) for row in rows
    )
    encoding = chance.choice(["utf-8", "utf-8-sig", "cp874", "utf-16", "utf-16-be", "latin-1"])
    return text.encode(encoding, "replace")


def sentences(content, kind, seed, user, round_):
    """What is said of a file: the refusal of all of it, or what is wrong with its cells."""
    try:
        plan = answered(content, f"x.{kind}", user, round_, random.Random(seed))  # noqa: S311  not a secret
    except RuleBroken as refusal:
        return [refusal.message]
    except Exception as fault:
        raise AssertionError(f"{kind} {seed} ended in {fault!r}") from fault
    return [one.sentence for one in plan.errors] + plan.understood + plan.warnings


def answered(content, name, user, round_, chance):
    """The plan of a file, what it leaves open answered at random."""
    try:
        return plan_import(Student, content, name, user, round_)
    except Unanswered as asked:
        answers = {
            one.id: chance.choice([*(choice[0] for choice in one.choices), NOBODY, ""])
            for one in asked.questions
        }
        return plan_import(Student, content, name, user, round_, answers=answers)


class Widest:
    """`with Widest() as widest: ...`, then `widest.megabytes`: the most that a reader of a workbook held meanwhile.

    Asked of each while it runs: what is kept of it afterwards (ru_maxrss) begins with the size of whoever started it.
    """

    def __enter__(self):
        self.megabytes, self.over = 0, threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.watcher.join()

    def _watch(self):
        while not self.over.wait(0.005):
            for child in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split():
                self.megabytes = max(self.megabytes, peak_of(child))


def peak_of(process):
    """The most megabytes that a reader of a workbook has held so far; 0 of any other program and of one that has ended."""
    try:
        program = Path(
            f"/proc/{process}/cmdline"
        ).read_bytes()  # first: what is asked next is then of the program
        told = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    held = re.search(r"VmHWM:\s+(\d+)", told)
    return int(held[1]) // 1024 if held and sheets.CHILD[-1].encode() in program else 0


@pytest.mark.parametrize(("kind", "few", "full"), [("xlsx", 30, 1500), ("csv", 70, 3000)])
def test_a_broken_file_ends_in_a_plan_or_a_sentence(kind, few, full, good, open_round, teacher, times):
    with Widest() as widest:
        for seed in range(times(few, full)):
            chance = random.Random(f"{kind} {seed}")  # noqa: S311  not a secret
            content = broken_workbook(good[0], chance) if kind == "xlsx" else broken_csv(good[1], chance)
            began = sum(
                os.times()[:4]
            )  # of the processor, children's too: a busy machine is no fault of ours
            assert all(
                re.search("[ก-ฮ]", said) for said in sentences(content, kind, seed, teacher, open_round)
            ), seed
            assert sum(os.times()[:4]) - began < SECONDS, seed
    assert widest.megabytes < MEGABYTES
    assert (widest.megabytes > 0) == (kind == "xlsx")  # only a workbook is read in a program of its own
