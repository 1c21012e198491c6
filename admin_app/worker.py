"""The worker of jobs: `python -m admin_app.worker [--pid FILE] [--threads N]`, as many of them as there is work for.

One process with threads, not Celery's prefork pool. The jobs wait for MongoDB most of the time, the others count
in C (workbooks, digests). A prefork pool costs a second interpreter of some 100 MB for each job, PyMongo's client
must not cross a fork, and after a kill -9 its children outlive it; here one process is all there is to stop. Two
jobs that both compute share one core: more cores are used by more workers (docs/operating.md).
"""

import argparse
import logging
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pymongo
from celery.signals import worker_ready, worker_shutting_down
from pymongo.errors import PyMongoError

from admin_app import discretion, tasks
from admin_app.config import Settings
from documents import clock
from documents.background import job_runs
from documents.database import connect
from documents.notifying import mail
from documents.people import registering, retention
from documents.trail import history, signing

log = logging.getLogger(__name__)

BEAT_EVERY, ALIVE_FOR = 2, 8  # seconds
ROUND_EVERY, TIDY_EVERY = 5, 300  # beats: each 10 seconds for lost jobs, each 10 minutes for expired ones
FRESH_EVERY = 5  # beats: each 10 seconds a look whether an area's findings are due
DAILY_EVERY = 150  # beats: each 5 minutes a look whether the day's tasks are done
LONGEST_END = 8  # seconds from being told to stop
CELERYS_OWN = 1  # more, for what it had only taken in


def main(arguments=None):
    """Work until told to stop; a job in progress stops at its next step and waits for the next worker."""
    options = parser().parse_args(arguments)
    settings = Settings.from_environment()
    discretion.init_app()
    connect(settings.mongodb_uri)
    clock.configure(settings.now)
    history.configure(settings.audit_key)
    signing.configure(settings.data / "secrets")
    tasks.configure(settings)
    if options.pid:
        options.pid.write_text(f"{os.getpid()}\n")
    heart = Heart()
    worker_ready.connect(heart.begin, weak=False)
    worker_shutting_down.connect(heart.end, weak=False)
    worker = tasks.celery.Worker(
        pool_cls="threads",
        concurrency=options.threads,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
        loglevel="WARNING",
    )
    worker.start()
    return worker.exitcode


def parser():
    """The options of a worker."""
    options = argparse.ArgumentParser(prog="python -m admin_app.worker", description=__doc__.split("\n")[0])
    options.add_argument("--pid", type=Path, metavar="FILE", help="write the number of the process there")
    options.add_argument("--threads", type=int, default=2, metavar="N", help="jobs at once (default: 2)")
    return options


class Heart:
    """What a worker does beside its jobs: says that it is alive, and goes its round for what was lost or is over."""

    def __init__(self):
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heart", daemon=True)

    def begin(self, **_):
        """Beat from now on: the worker takes jobs."""
        self._thread.start()

    def end(self, **_):
        """Stop: the jobs in progress too, at their next step."""
        job_runs.stopping.set()
        self._ended.set()
        threading.Thread(target=self._leave, name="end", daemon=True).start()

    def _leave(self):
        """End the process once no job runs, by force where Celery takes its time or a job does not stop.

        Nothing is lost by that: what ran and what waited stands on the jobs, and their leases tell the next worker.
        """
        with suppress(PyMongoError), pymongo.timeout(2):
            job_runs.leave(self.name)
        until = time.monotonic() + LONGEST_END
        while job_runs.active and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(CELERYS_OWN)
        os._exit(0)

    def _beat(self):
        beats = 0
        while not self._ended.is_set():
            try:
                job_runs.beat(self.name, os.getpid(), ALIVE_FOR)
                if beats % ROUND_EVERY == 0:
                    job_runs.requeue_lost(starting=not beats)
                    if mail.is_due():
                        tasks.wake_mail()
                if beats % FRESH_EVERY == 2:
                    tasks.wake_findings()
                if beats % DAILY_EVERY == 1:
                    tasks.wake_timetable()
                if beats % TIDY_EVERY == 0:
                    job_runs.forget_expired()
                    retention.ask_all()
                    registering.forget_unproven()
            except PyMongoError as error:
                log.error("the worker lost the database: %s", type(error).__name__)
                beats = -1  # once it is back, as at the start: what was lost with it is looked for at once
            beats += 1
            self._ended.wait(BEAT_EVERY)


if __name__ == "__main__":
    sys.exit(main())
