"""The most memory that this process and its children held together while something ran, from /proc (Linux)."""

import os
import threading
import time
from pathlib import Path

EVERY = 0.02  # seconds between two looks
PAGE = os.sysconf("SC_PAGE_SIZE")


class Peak:
    """`with Peak() as peak: ...`, then `peak.megabytes`: resident memory, children of children included.

    `peak.idle` is what it was at the beginning. Both in units of 1,048,576 bytes.
    """

    def __init__(self):
        self.most = self.first = 0
        self.over = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.most = self.first = resident(os.getpid())
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.watcher.join()

    @property
    def megabytes(self):
        """The most that was held."""
        return in_megabytes(self.most)

    @property
    def idle(self):
        """What was held at the beginning."""
        return in_megabytes(self.first)

    def _watch(self):
        while not self.over.is_set():
            self.most = max(self.most, resident(os.getpid()))
            time.sleep(EVERY)


def in_megabytes(size):
    """Bytes in units of 1,048,576."""
    return round(size / 2**20, 1)


def resident(process):
    """Bytes of a process and all that descend from it; one that ends meanwhile counts nothing."""
    try:
        own = int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return 0
    return own + sum(map(resident, children))
