"""The web server: gunicorn over the application, as one part the supervisor keeps."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from scripts.children import end, spawn
from scripts.embedded import last_words
from scripts.environment import ROOT
from scripts.folder import CannotStart

WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 (compared, not bound)
LARGEST_LOG_MB = 20
WORKER_AWAY = "no worker"  # the web server itself is well
# The path without its query string: a search for a pupil's name is personal data.
ACCESS_LINE = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(b)s %(L)s'


class WebServer:
    """One gunicorn: two processes of eight threads. Its own words go to DATA/logs/web.log."""

    name = "web server"

    def __init__(self, host: str, port: int, data: Path):
        self.host, self.port, self.data = host, port, data
        self.log = data / "logs" / "web.log"
        self.process: subprocess.Popen | None = None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, patience: float = 90) -> None:
        """Start it and return once it reaches the database. Raises CannotStart when it ends or keeps silent."""
        for log in (self.log, self.log.with_name("access.log")):
            if log.exists() and log.stat().st_size > LARGEST_LOG_MB * 2**20:
                log.replace(log.with_suffix(".log.1"))
        with self.log.open("ab") as words:
            # gunicorn looks for modules in the folder it starts in first.
            self.process = spawn(self._command(), stdout=words, stderr=words, cwd=ROOT)
        self._wait(patience)

    def stop(self, grace: float = 25) -> None:
        """Let requests in progress finish, then end it."""
        end(self.process, grace)
        self.process = None

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-P", "-m", "gunicorn", "admin_app.wsgi:app"),
            *("--bind", f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"),
            # Loaded once, before the processes part: create_app opens no connection.
            *("--worker-class", "gthread", "--workers", "2", "--threads", "8", "--preload"),
            *("--pid", str(self.data / "web.pid"), "--no-control-socket"),
            *("--timeout", "60", "--graceful-timeout", "20", "--limit-request-line", "8190"),
            # Forwarded headers are the application's business, believed by setting only.
            "--forwarded-allow-ips=",
            *("--access-logfile", str(self.data / "logs" / "access.log"), "--access-logformat", ACCESS_LINE),
        ]

    def _wait(self, patience: float) -> None:
        until = time.monotonic() + patience
        answer = "no answer"
        while time.monotonic() < until:
            if not self.running:
                raise self._failure("it ended")
            answer = self.health()
            if answer in ("ok", WORKER_AWAY):
                return
            time.sleep(0.05)
        self.stop()
        raise self._failure(answer)

    def health(self) -> str:
        """ "ok" when /healthz answers 200, else what it answers or that it does not; WORKER_AWAY if only that is missing."""
        address = f"{local_address(self.host, self.port)}/healthz"
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(address, timeout=5) as response:
                return json.load(response)["status"]
        except urllib.error.HTTPError as error:
            return WORKER_AWAY if only_worker_away(error) else f"status {error.code}"
        except (OSError, ValueError):
            return "no answer"

    def _failure(self, reason: str) -> CannotStart:
        words = [line for line in last_words(self.log, 4000).splitlines() if "Error" in line][-1:]
        return CannotStart(
            f"เว็บเซิร์ฟเวอร์เริ่มไม่ได้ ดูเหตุใน {self.log}",
            f"the web server did not start: {(words or [reason])[0].strip()}",
        )


def local_address(host: str, port: int) -> str:
    """The address at which this machine reaches a server on `host`; one on all addresses is reached by loopback."""
    if host in WILDCARDS:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def only_worker_away(answer: urllib.error.HTTPError) -> bool:
    """Whether a 503 of /healthz comes from a worker that is not there yet, and from nothing else."""
    try:
        return answer.code == 503 and json.load(answer)["database"] == "ok"
    except (OSError, ValueError, KeyError):
        return False
