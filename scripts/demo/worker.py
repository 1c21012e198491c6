"""One of the processes that enter the demo's pupils: `python -m scripts.demo.worker PHASE PART PARTS SCHOOLS STUDENTS`.

Reads MONGODB_URI and KHET_AUDIT_KEY_FILE like every process of the product, and writes to its standard output
one line at a time: how much it has done since the last one.
"""

import gc
import os
import sys
from pathlib import Path

from documents.database import connect
from documents.notifying import notices
from documents.trail import history
from scripts.demo.people import People
from scripts.demo.phases import PHASES
from scripts.demo.plan import plan, shared_out


def main(phase, part, parts, schools, students):
    """Enter this part's clusters, as far as the phase goes."""
    gc.disable()  # a third of the time went into looking for cycles among plain values, which have none
    connect(os.environ["MONGODB_URI"])
    history.configure(Path(os.environ["KHET_AUDIT_KEY_FILE"]).read_bytes().strip())
    people = People.stored()
    with notices.quietly():
        for cluster in shared_out(plan(schools, students), parts)[part]:
            PHASES[phase](cluster, people, lambda number: print(number, flush=True))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
