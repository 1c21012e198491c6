"""What the bench stands on: the data folder, its mongod, the databases of made-up pupils, a process for each side."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from documents import clock
from documents.database import connect
from documents.trail import history
from scripts.benching import records
from scripts.children import end, spawn
from scripts.embedded import EmbeddedMongo
from scripts.environment import ROOT, say
from scripts.folder import CannotStart, hold, prepare

CACHE_GB, OPLOG_MB = 2.0, 1024
KEPT = "bench.json"  # what a kept data folder holds: {"students": N, "databases": [names]}
ALL, TENTH, LARGE = "khet", "khet_tenth", "khet_large"
TIMES = 10  # as many pupils as elsewhere has the one area of LARGE


def folder_of(data, stack):
    """The prepared data folder, held; one that nobody named is gone afterwards."""
    folder = prepare(data or Path(tempfile.mkdtemp(prefix="khet-bench-")))
    if data is None:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
    stack.callback(hold(folder).close)
    return folder


def started(folder, stack):
    """A mongod of the bench's own over the folder, as a started EmbeddedMongo."""
    server = EmbeddedMongo(folder, cache_gb=CACHE_GB, oplog_mb=OPLOG_MB)
    stack.callback(server.stop)
    server.start()
    return server


def load(server, folder, students, wanted):
    """{name: URI} of the wanted databases, each loaded unless the folder holds it.

    ALL has so many pupils, TENTH a tenth of its areas, LARGE one area ten times as large as each of them.
    Raises CannotStart where the folder holds another number of pupils, or other data.
    """
    kept = folder / KEPT
    found = {"databases": [ALL], **json.loads(kept.read_text())} if kept.exists() else {"databases": []}
    if found.setdefault("students", students) != students:
        raise CannotStart(
            f"โฟลเดอร์ {folder} มีข้อมูล {found['students']:,} คน ให้ใช้ --students {found['students']} หรือโฟลเดอร์อื่น",
            f"the folder holds {found['students']} students",
        )
    uris = {name: server.grant(name) for name in wanted}
    for name, uri in uris.items():
        if name not in found["databases"]:
            fill(name, uri, folder, students)
            found["databases"].append(name)
            kept.write_text(json.dumps(found))
    return uris


def fill(name, uri, folder, students):
    """Load one database, which must be empty."""
    from scripts import preparing

    connect(uri)
    clock.configure(records.NOW)
    history.configure(b"the bench keeps no history that is verified")
    if not preparing.is_empty():
        raise CannotStart(
            f"โฟลเดอร์ {folder} มีข้อมูลอื่นอยู่ กรุณาใช้โฟลเดอร์ว่าง", "the folder holds other data: use an empty one"
        )
    preparing.build_indexes()
    preparing.seed_code_lists()
    areas = records.areas_of(students)
    base = base_of(students // areas)
    if name == LARGE:
        say(f"กำลังใส่ข้อมูล {TIMES * len(base.pupils):,} คนของเขตเดียว")
        return base.store(0, TIMES)
    areas = areas if name == ALL else records.areas_of_tenth(students)
    return records.load(base, areas, lambda sentence: say(f"กำลังใส่ข้อมูล {sentence} คน"))


@cache
def base_of(students):
    """The area that all areas are like, made once a run."""
    return records.BaseArea(students)


class Side:
    """One side of the bench, a process of its own that answers by lines of JSON; `end()` or the stack ends it.

    `program` is the module of its operations, `khet` or `plain`.
    """

    def __init__(self, program, uri, folder, stack):
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environ = dict(os.environ, MONGODB_URI=uri, KHET_BENCH_DATA=str(folder), PYTHONPATH=path)
        environ["KHET_NOW"] = records.NOW
        command = [sys.executable, "-P", "-m", "scripts.benching.worker", program]
        self.process = spawn(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, text=True)
        stack.callback(self.end)

    def do(self, deed, run):
        """{"seconds", "rows", "idle_mb", "peak_mb"} of one run. Raises CannotStart when it did not do what is measured."""
        self.process.stdin.write(json.dumps({"do": deed, "run": run}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise CannotStart(f"วัด {deed} ไม่สำเร็จ ดูเหตุข้างบน", f"{deed} failed, see above")
        return json.loads(answer)

    def end(self):
        """End the process."""
        end(self.process, grace=5)
