"""The worker of jobs, as one part the supervisor keeps."""

import subprocess
import sys
import time
from pathlib import Path

from scripts.children import end, spawn
from scripts.embedded import last_words
from scripts.environment import ROOT
from scripts.folder import CannotStart
from scripts.web import LARGEST_LOG_MB, WebServer


class Worker:
    """One process that does the jobs. Its own words go to DATA/logs/worker.log."""

    name = "worker"

    def __init__(self, data: Path):
        self.data = data
        self.log = data / "logs" / "worker.log"
        self.process: subprocess.Popen | None = None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it and return at once: it gets ready beside the web server; `wait_until_well` waits for both."""
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_MB * 2**20:
            self.log.replace(self.log.with_suffix(".log.1"))
        command = [sys.executable, "-P", "-m", "admin_app.worker", "--pid", str(self.data / "worker.pid")]
        with self.log.open("ab") as words:
            self.process = spawn(command, stdout=words, stderr=words, cwd=ROOT)

    def stop(self, grace: float = 25) -> None:
        """Let jobs in progress come to their next step, where they stop and wait for the next start; then end it."""
        end(self.process, grace)
        self.process = None

    def wait_until_well(self, web: WebServer, patience: float = 90) -> None:
        """Return once the web server's /healthz finds every part well. Raises CannotStart."""
        until = time.monotonic() + patience
        while web.health() != "ok":
            if not self.running or time.monotonic() > until:
                raise self._failure()
            time.sleep(0.05)

    def _failure(self) -> CannotStart:
        words = [line for line in last_words(self.log, 4000).splitlines() if "Error" in line][-1:]
        return CannotStart(
            f"ตัวทำงานเบื้องหลังเริ่มไม่ได้ ดูเหตุใน {self.log}",
            f"the worker did not start: {(words or ['no answer'])[0].strip()}",
        )
