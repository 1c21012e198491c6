"""One side of the bench as a process of its own: `python -m scripts.benching.worker khet|plain`.

Reads one line of JSON a measurement, {"do": name, "run": number}, and answers {"seconds", "rows", "idle_mb",
"peak_mb"}, idle being what it held before.
Both sides are alike in this: the same database, the same machine, one process settled as the web server's is, its memory
counted apart.
"""

import gc
import importlib
import json
import os
import sys
from pathlib import Path

from admin_app.steady import settle
from scripts.benching.memory import Peak


def main(side):
    """Answer until the other end closes."""
    operations = importlib.import_module(f"scripts.benching.{side}").Operations(
        os.environ["MONGODB_URI"], Path(os.environ["KHET_BENCH_DATA"])
    )
    settle()
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    for line in sys.stdin:
        asked = json.loads(line)
        gc.collect()
        with Peak() as peak:
            seconds, rows = getattr(operations, asked["do"])(asked["run"])
        print(
            json.dumps({"seconds": seconds, "rows": rows, "idle_mb": peak.idle, "peak_mb": peak.megabytes}),
            file=answers,
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
