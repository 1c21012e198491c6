"""What a request costs, measured so that a busy machine does not fail a good one.

Two seconds by the clock say little here: eight test runs may share two cores. So a request is held to what it makes others
do: the processor's time of its own thread, and the time its database commands took. On a machine that has more to do than a
run of tests gives it, that time tells nothing (one command of a style sheet took 2.8 s there), and is left out too. What it
merely waits for (a core, a lock, the browser that takes the answer) is left out; and so is a job that the tests run within
the request that asks for it, which in the product a worker does. A request that sleeps passes here: the window's own bound
(`browsing.SLOWEST`) stays.
"""

import os
import threading
import time
from dataclasses import dataclass

from celery.signals import task_postrun, task_prerun

LONGEST = 2.0  # seconds
CROWDED = 4  # tasks a core that run or wait for it; a run of tests alone has about two

_of_thread = threading.local()


@dataclass
class Cost:
    """Of one request, in seconds so far."""

    database: float = 0.0
    apart: float = 0.0  # of jobs within it
    commands: int = 0
    began: float = 0.0
    job_began: float = 0.0

    def spent(self):
        """Processor and database together, jobs included."""
        return time.thread_time() - self.began + self.database


def is_crowded():
    """Whether the machine has so much to do that a wait says nothing of what was waited for."""
    return os.getloadavg()[0] > CROWDED * os.cpu_count()


def command_took(event):
    """A command of this thread was answered; its time is the request's."""
    if cost := getattr(_of_thread, "cost", None):
        cost.database += event.duration_micros / 1e6
        cost.commands += 1


class Costed:
    """A WSGI application; `slow` says which of its requests cost over `longest` seconds."""

    def __init__(self, app, longest=LONGEST, crowded=is_crowded):
        self.app, self.longest, self.crowded, self.slow = app, longest, crowded, []

    def __call__(self, environ, start_response):
        cost = _of_thread.cost = Cost(began=time.thread_time())
        try:
            answer = self.app(environ, start_response)
            try:
                yield from answer
            finally:
                if hasattr(answer, "close"):
                    answer.close()
        finally:
            _of_thread.cost = None
            spent = cost.spent() - cost.apart - (cost.database if self.crowded() else 0)
            if spent > self.longest:
                path = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
                told = f"{cost.database:.1f} s of them in {cost.commands} commands"
                self.slow.append(f"slow request: {path} cost {spent:.1f} s, {told}")


@task_prerun.connect
def _job_begins(**_):
    if cost := getattr(_of_thread, "cost", None):
        cost.job_began = cost.spent()


@task_postrun.connect
def _job_ended(**_):
    if cost := getattr(_of_thread, "cost", None):
        cost.apart += cost.spent() - cost.job_began
