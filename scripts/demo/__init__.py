"""The demo district: 230 schools and 50,000 pupils who do not exist, one round locked and one half-way.

Everything is made up and the same each time: names from parts, numbers of a registration office that does not
exist, schools on the real map. Records go through the door, moves are made by the demo's people at their moments.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from subprocess import PIPE
from threading import Lock

from documents.notifying import notices
from documents.subsidies import rates
from scripts.children import end, spawn
from scripts.demo import (
    added,
    calendar_of_rounds,
    district,
    doubles,
    moments,
    parts,
    people,
    registrants,
    reporting,
    requests,
    told,
)
from scripts.demo.phases import DONE, do
from scripts.demo.plan import plan
from scripts.environment import ROOT

ENOUGH_FOR_SEVERAL = 3000  # fewer pupils are entered by this process alone
PROCESSES = 3


def load(*, schools, students, data, progress):
    """Load the demo into an empty, indexed database, and write DATA/demo-accounts.json.

    About `students` pupils stand in round 2568-1, a little more in 2567-3; the other subsystems have a round of each
    year, too. `progress(sentence, share)` is told how far each step is (0 to 1). The product's clock goes back to
    where it was.
    """
    plans = plan(schools, students)
    with moments.the_clock_comes_back(), notices.quietly():
        progress("โรงเรียนและผู้ใช้", 0.0)
        moments.set_clock(moments.at(2025, 1, 6, 9))
        directors = people.store(plans, data)
        district.store(plans, directors)
        who = people.People.stored()
        rates.seed(district.AREA, district.WRITER)
        calendar_of_rounds.open_both(who)
        calendar_of_rounds.open_others(who)
        added.prepare(who)
        progress("โรงเรียนและผู้ใช้", 1.0)
        with Crowd(plans, schools, students, who) as crowd:
            crowd.work("pupils", Share(progress, "นักเรียนสองปีการศึกษา", expected(plans)))
            last_year = Share(progress, "ข้อมูลอื่นของปี 2567 คำขอรหัส G และการล็อกรอบสิ้นปีการศึกษา", len(plans))
            crowd.work("then", last_year, meanwhile=lambda: of_pupils(plans, who))
            parts.each_does("enter_office_then", who)
            crowd.work(
                "carry", Share(progress, "ล็อกรอบของปี 2567 และยกข้อมูลมาปี 2568", len(reporting.LAST_ROUNDS))
            )
            crowd.work("now", Share(progress, "บุคลากร ครุภัณฑ์ และสิ่งก่อสร้างของปี 2568", len(plans)))
            parts.each_does("enter_office", who)
    with moments.the_clock_comes_back():
        told.tell(who)


def of_pupils(plans, who):
    """What follows on the pupils alone: requests for codes, the lock of last year's round, doubles, who asked to join."""
    requests.enter(plans, who)
    calendar_of_rounds.lock_last_year(who)
    calendar_of_rounds.hold_and_extend(plans, who)
    doubles.look(who)
    registrants.ask(plans, who)


def expected(plans):
    """About how many records of pupils there will be."""
    return sum(school.pupils * (2 if school.has_pupils else 1) for school in plans)


class Crowd:
    """All schools of a plan at their work, phase by phase: by several processes where there are many pupils.

    A context: the processes begin with it, wait for each phase, and none outlives it.
    """

    def __init__(self, plans, schools, students, who):
        self.plans, self.who, self.workers = plans, who, []
        self.many = PROCESSES if students >= ENOUGH_FOR_SEVERAL and can_spawn() else 0
        self.arguments = [str(PROCESSES), str(schools), str(students)]

    def __enter__(self):
        environ = dict(
            os.environ,
            PYTHONPATH=os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        )
        for part in range(self.many):
            command = [sys.executable, "-P", "-m", "scripts.demo.worker", str(part), *self.arguments]
            self.workers.append(spawn(command, stdin=PIPE, stdout=PIPE, env=environ, text=True))
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """End the processes, whatever they do."""
        for worker in self.workers:
            end(worker, grace=5)

    def work(self, phase, share, meanwhile=lambda: None):
        """Let all do what a phase (`phases.do`) asks of them; this process does something else meanwhile.

        Raises RuntimeError when one of the processes fails.
        """
        if self.workers:
            self._shared_out(phase, share, meanwhile)
        else:
            do(phase, self.plans, (0, 1), self.who, share.add)
            meanwhile()
        share.done()

    def _shared_out(self, phase, share, meanwhile):
        for worker in self.workers:
            print(phase, file=worker.stdin, flush=True)
        with ThreadPoolExecutor(len(self.workers)) as listeners:
            heard = [listeners.submit(listen, worker, share) for worker in self.workers]
            try:
                meanwhile()
                if not all(each.result() for each in heard):
                    raise RuntimeError("a worker of the demo failed; its own words stand above")
            except BaseException:
                self.end()  # or the listeners would be waited for
                raise


def can_spawn():
    """Whether another process finds the database and the history's key by its environment."""
    return all(name in os.environ for name in ("MONGODB_URI", "KHET_AUDIT_KEY_FILE"))


def listen(worker, share):
    """Add up what a worker tells of a phase; gives whether it came to its end."""
    for line in worker.stdout:
        if line == DONE:
            return True
        share.add(int(line))
    return False


class Share:
    """How far a step is; may be told by several threads."""

    def __init__(self, progress, sentence, total):
        self.progress, self.sentence, self.total = progress, sentence, max(total, 1)
        self.reached = 0
        self.lock = Lock()

    def add(self, number):
        """So much more is done."""
        with self.lock:
            self.reached += number
            self.progress(self.sentence, min(self.reached / self.total, 0.999))

    def done(self):
        """The step is over."""
        self.progress(self.sentence, 1.0)
