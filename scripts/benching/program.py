"""What scripts/bench becomes: load the records, measure side by side, print the table, write the JSON."""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from documents import clock, history
from documents.database import connect
from documents.version import VERSION
from scripts.benching import records
from scripts.benching.operations import OPERATIONS
from scripts.children import end, spawn
from scripts.embedded import EmbeddedMongo
from scripts.environment import ROOT, say
from scripts.folder import CannotStart, hold, prepare

CACHE_GB, OPLOG_MB = 2.0, 1024
LOADED = "bench.json"  # what a kept data folder holds: {"students": N}


@click.command(context_settings={"help_option_names": ["-h", "--help"], "terminal_width": 110})
@click.option(
    "--students",
    type=click.IntRange(min=200),
    default=1_000_000,
    show_default=True,
    metavar="N",
    help="จำนวนนักเรียนสมมติ เขตละ 50,000 คน (made-up pupils, 50,000 an area)",
)
@click.option(
    "--json",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="เขียนผลเป็น JSON ลงแฟ้มนี้ (write the results to this file)",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="โฟลเดอร์ข้อมูลที่เก็บไว้ใช้ครั้งต่อไป ถ้าไม่ระบุใช้โฟลเดอร์ชั่วคราว (keep the loaded records here)",
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(sorted({one.name for one in OPERATIONS})),
    metavar="NAME",
    help="วัดเฉพาะรายการนี้ ใส่ซ้ำได้ (measure only this operation; may be repeated)",
)
@click.option("--pairs", type=click.IntRange(min=1), metavar="N",
              help="จำนวนรอบที่วัดสลับกัน (rounds measured in turn, instead of each operation's own)")  # fmt: skip
def bench(students, target, data, only, pairs):
    """วัดความเร็วของ Khet เทียบกับ Flask-Admin เปล่าและไลบรารีเปล่าบนข้อมูลชุดเดียวกัน

    Measures Khet beside plain Flask-Admin and plain libraries on the same records, in turn, and prints medians.
    """
    chosen = [one for one in OPERATIONS if not only or one.name in only]
    try:
        with ExitStack() as stack:
            folder = folder_of(data, stack)
            uri = started(folder, stack)
            load(uri, folder, students)
            sides = {side: Side(side, uri, folder, stack) for side in ("khet", "plain")}
            if any(one.name == "import_50k" for one in chosen):
                sides["khet"].do("make_roster", 0)
            rows = [row for one in chosen for row in measured(one, sides, pairs)]
    except CannotStart as reason:
        raise click.ClickException(str(reason)) from reason
    result = about(students) | {"operations": rows}
    if target:
        target.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    say(table(result))


# ---- the ground ----


def folder_of(data, stack):
    """The prepared data folder, held; one that nobody named is gone afterwards."""
    folder = prepare(data or Path(tempfile.mkdtemp(prefix="khet-bench-")))
    if data is None:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
    stack.callback(hold(folder).close)
    return folder


def started(folder, stack):
    """The URI of a mongod of the bench's own over the folder."""
    server = EmbeddedMongo(folder, cache_gb=CACHE_GB, oplog_mb=OPLOG_MB)
    stack.callback(server.stop)
    return server.start()


def load(uri, folder, students):
    """Load the records unless the folder holds them. Raises CannotStart where it holds another number."""
    from scripts import preparing

    connect(uri)
    clock.configure(records.NOW)
    history.configure(b"the bench keeps no history that is verified")
    kept = folder / LOADED
    if kept.exists():
        found = json.loads(kept.read_text())["students"]
        if found != students:
            raise CannotStart(
                f"โฟลเดอร์ {folder} มีข้อมูล {found:,} คน ให้ใช้ --students {found} หรือโฟลเดอร์อื่น",
                f"the folder holds {found} students",
            )
        return
    if not preparing.is_empty():
        raise CannotStart(
            f"โฟลเดอร์ {folder} มีข้อมูลอื่นอยู่ กรุณาใช้โฟลเดอร์ว่าง", "the folder holds other data: use an empty one"
        )
    preparing.build_indexes()
    preparing.seed_code_lists()
    records.load(students, lambda sentence: say(f"กำลังใส่ข้อมูล {sentence} คน"))
    kept.write_text(json.dumps({"students": students}))


class Side:
    """One side of the bench, a process of its own that answers by lines of JSON."""

    def __init__(self, name, uri, folder, stack):
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environ = dict(os.environ, MONGODB_URI=uri, KHET_BENCH_DATA=str(folder), PYTHONPATH=path)
        environ["KHET_NOW"] = records.NOW
        command = [sys.executable, "-P", "-m", "scripts.benching.worker", name]
        self.process = spawn(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True)
        stack.callback(end, self.process, grace=5)

    def do(self, deed, run):
        """{"seconds", "rows", "peak_mb"} of one run. Raises CannotStart when it did not do what is measured."""
        self.process.stdin.write(json.dumps({"do": deed, "run": run}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise CannotStart(f"วัด {deed} ไม่สำเร็จ ดูเหตุข้างบน", f"{deed} failed, see above")
        return json.loads(answer)


# ---- measuring ----


def measured(operation, sides, pairs):
    """The rows of one operation, one a peer: every round runs all of them in turn, the order turned each time."""
    deeds = [("khet", operation.ours), *(("plain", peer.deed) for peer in operation.peers)]
    runs = {deed: [] for deed in deeds}
    warm = min(operation.warm, (pairs or operation.runs) - 1)
    for run in range(warm + (pairs or operation.runs)):
        for side, deed in deeds if run % 2 else deeds[::-1]:
            runs[side, deed].append(sides[side].do(deed, run))
    say(f"วัดแล้ว {operation.name}")
    kept = {deed: told[warm:] for deed, told in runs.items()}
    ours = kept[deeds[0]]
    seconds = median(ours, "seconds")
    for peer, deed in zip(operation.peers, deeds[1:], strict=True):
        theirs = median(kept[deed], "seconds")
        yield {
            "name": operation.name,
            "rows": ours[-1]["rows"],
            "seconds": round(seconds, 6),
            "peer": peer.words,
            "peer_seconds": round(theirs, 6),
            "ratio": round(seconds / theirs, 3),
            "peak_mb": max(one["peak_mb"] for one in ours),
        }


def median(runs, name):
    """The median of a figure over the runs."""
    return statistics.median(one[name] for one in runs)


def about(students):
    """Machine, day, version and how many pupils."""
    return {
        "machine": machine(),
        "date": clock.real_now().date().isoformat(),
        "version": VERSION,
        "students": students,
    }


def machine():
    """Processor, cores, memory, system and Python in one line."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release()}"
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, {system}, Python {platform.python_version()}"


def table(result):
    """The results as lines of text."""
    lines = [
        f"Khet {result['version']} · {result['students']:,} pupils · {result['date']} · {result['machine']}"
    ]
    lines.append(f"{'operation':<16}{'rows':>8}{'Khet':>12}{'peer':>12}{'ratio':>8}{'peak MB':>9}  peer is")
    for row in result["operations"]:
        lines.append(
            f"{row['name']:<16}{row['rows']:>8,}{shown(row['seconds']):>12}{shown(row['peer_seconds']):>12}"
            f"{row['ratio']:>8.3f}{row['peak_mb']:>9.0f}  {row['peer']}"
        )
    return "\n".join(lines)


def shown(seconds):
    """A time as people read it."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


if __name__ == "__main__":
    bench(prog_name="scripts/bench")
