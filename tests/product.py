"""The whole product as scripts/start runs it, from outside: its processes, its health, its end."""

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from scripts.embedded import free_port
from scripts.environment import ROOT

PATIENCE = 300


class Product:
    """One run of scripts/start over a data folder."""

    def __init__(self, data, *options, port=None, **environ):
        self.data, self.port = data, port or free_port()
        self.began = time.monotonic()
        self.words = data.with_name(f"{data.name}-{self.port}-{len(list(data.parent.iterdir()))}.out")
        command = [ROOT / "scripts" / "start", "--port", str(self.port), "--data", data, *options]
        with self.words.open("w") as words:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                cwd=data.parent,
                env={**os.environ, **environ},
            )

    @property
    def printed(self):
        """All that was printed so far."""
        return self.words.read_text()

    def health(self):
        """(status, JSON) of /healthz, or (0, None) when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, None

    def wait_until_well(self, patience=PATIENCE):
        """Seconds from the start until /healthz said 200."""
        until = time.monotonic() + patience
        while self.health()[0] != 200:
            ended = self.process.poll() is not None
            assert not ended, self.printed
            assert time.monotonic() < until, (self.data / "logs" / "web.log").read_text()
            time.sleep(0.05)
        return time.monotonic() - self.began

    def end(self, number=signal.SIGTERM):
        """Send a signal; gives the exit status."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def refused(self):
        """What was printed by a start that ended by itself, which must not be with status 0."""
        assert self.process.wait(PATIENCE) != 0
        return self.printed.strip()

    def wait_until_announced(self):
        """Return once the address and the accounts were printed."""
        until = time.monotonic() + PATIENCE
        while "Ctrl-C" not in self.printed:
            assert time.monotonic() < until, self.printed
            time.sleep(0.05)


def processes(data):
    """(pid, command line) of every running process whose command line names the data folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(data) in line:
                found.append((int(folder.name), line))
    return found


def kill_everything(data):
    """Kill -9 of every process of one run at once."""
    for pid, _ in processes(data):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_until_gone(data, seconds=60):
    """Return once no process of a run is left; the web server may take its 20 seconds of grace for a request."""
    until = time.monotonic() + seconds
    while left := processes(data):
        assert time.monotonic() < until, left
        time.sleep(0.1)


@pytest.fixture
def start(tmp_path):
    """Start the product over a fresh data folder; whatever is left of it at the end is killed."""
    runs = []

    def start(*options, **more):
        runs.append(Product(more.pop("data", tmp_path / "data"), *options, **more))
        return runs[-1]

    yield start
    for run in runs:
        kill_everything(run.data)
        run.process.wait()
