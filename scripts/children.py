"""Starting and stopping the processes that must not outlive the one that started them."""

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)


def spawn(command: list, **options) -> subprocess.Popen:
    """Start a process in its own group, asked to end when this one dies, even by kill -9.

    Must be called on the main thread: Linux ties the request to the thread that forks. On other systems
    an orphan may stay, and the next start ends it (see `end_orphan`).
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def in_child():
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
            if os.getppid() != parent:  # it died between the fork and the request
                os._exit(1)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 64000) if most > 0 else 64000, most))

    return subprocess.Popen(
        command,
        start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the rest in order
        preexec_fn=in_child,
        **{"stdin": subprocess.DEVNULL, **options},
    )


def end(process: subprocess.Popen | None, grace: float) -> None:
    """Ask a child to end, and after `grace` seconds kill it with its whole group."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def end_orphan(pid_file: Path, mark: str, grace: float = 20) -> bool:
    """Whether a process that a killed start left behind was found by its pid file and ended.

    `mark` must stand in its command line: after a restart of the machine the number may be another's, and in a copied data
    folder it is that of the folder it was copied from.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return False
    if pid == os.getpid() or mark not in command_line(pid):
        return False
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + grace
    while mark in command_line(pid):
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    return True


def command_line(pid: int) -> str:
    """The command line of a running process, empty when there is none (a zombie has none either)."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    answer = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()
