"""One of the processes that share the phases of the demo: `python -m scripts.demo.worker PART PARTS SCHOOLS STUDENTS`.

Reads MONGODB_URI and KHET_AUDIT_KEY_FILE like every process of the product, the phases one after another from its standard
input, and writes to its standard output one line at a time: how much it has done since the last one, and `phases.DONE`.
"""

import gc
import os
import sys
from pathlib import Path

from documents.database import connect
from documents.notifying import notices
from documents.trail import history
from scripts.demo.people import People
from scripts.demo.phases import DONE, do
from scripts.demo.plan import plan


def main(part, parts, schools, students):
    """Do this part of every phase that is asked for, until there are no more."""
    gc.disable()  # a third of the time went into looking for cycles among plain values, which have none
    connect(os.environ["MONGODB_URI"])
    history.configure(Path(os.environ["KHET_AUDIT_KEY_FILE"]).read_bytes().strip())
    people = People.stored()
    plans = plan(schools, students)
    with notices.quietly():
        for phase in sys.stdin:
            do(phase.strip(), plans, (part, parts), people, lambda number: print(number, flush=True))
            print(DONE, end="", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
