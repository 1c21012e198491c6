"""Liveness: which process this is, so that another one of the same machine can tell that it is gone.

A lease tells it too, but only after its time; here the system is asked. What runs elsewhere, or in another container, is
never called gone.
"""

import functools
import os
from pathlib import Path

STARTED = 19  # place of the start time, behind the name in brackets, in /proc/PID/stat (proc(5): field 22)


def this_process():
    """{where, pid, began} of this process, to be stored with what it holds; None where the system does not tell."""
    began = _began(os.getpid())
    return {"where": _where(), "pid": os.getpid(), "began": began} if began and _where() else None


def is_gone(process):
    """Whether a stored process surely runs no more: it was of this machine, and its number is nobody's or another's."""
    return bool(process) and process["where"] == _where() and _began(process["pid"]) != process["began"]


@functools.cache
def _where():
    """The boot and the space of process numbers that this process lives in; None outside Linux."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return None


def _began(pid):
    """When a process started, in the kernel's ticks since the boot; None where there is none, or only its remains."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else int(rest[STARTED - 1])
