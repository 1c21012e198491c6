"""The demo district: 230 schools and 50,000 pupils who do not exist, one round locked and one half-way.

Everything is made up and the same each time: names from parts, numbers of a registration office that does not
exist, schools on the real map. Records go through the door, moves are made by the demo's people at their moments.
"""

import os
import sys
from dataclasses import dataclass
from threading import Lock, Thread

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
    requests,
    told,
)
from scripts.demo.phases import PHASES
from scripts.demo.plan import plan, shared_out
from scripts.environment import ROOT

ENOUGH_FOR_TWO = 3000  # fewer pupils are entered by this process alone
PROCESSES = 2


def load(*, schools, students, data, progress):
    """Load the demo into an empty, indexed database, and write DATA/demo-accounts.json.

    About `students` pupils stand in round 2568-1, a little more in 2567-3; the other subsystems have a
    round of each year, too. `progress(sentence, share)` is told how
    far each step is (0 to 1). The product's clock goes back to where it was.
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
        crowd = Crowd(plans, schools, students, who)
        crowd.enter("then", Share(progress, "นักเรียนสองปีการศึกษา และข้อมูลอื่นของปี 2567", expected(plans)))
        parts.each_does("enter_office_then", who)
        progress("ล็อกรอบของปี 2567 และยกข้อมูลมาปี 2568", 0.0)
        calendar_of_rounds.begin_from_last_year(who)
        progress("ล็อกรอบของปี 2567 และยกข้อมูลมาปี 2568", 1.0)
        crowd.enter("now", Share(progress, "บุคลากร ครุภัณฑ์ และสิ่งก่อสร้างของปี 2568", len(plans)))
        parts.each_does("enter_office", who)
        requests.enter(plans, who)
        progress("ล็อกรอบสิ้นปีการศึกษา 2567", 0.0)
        calendar_of_rounds.lock_last_year(who)
        calendar_of_rounds.hold_and_extend(plans, who)
        doubles.look(who)
        registrants.ask(plans, who)
        progress("ล็อกรอบสิ้นปีการศึกษา 2567", 1.0)
    with moments.the_clock_comes_back():
        told.tell(who)


def expected(plans):
    """About how many records of pupils there will be."""
    return sum(school.pupils * (2 if school.has_pupils else 1) for school in plans)


@dataclass
class Crowd:
    """All schools of a plan at their work: by two processes where there are many pupils."""

    plans: list
    schools: int
    students: int
    who: people.People

    def enter(self, phase, share):
        """Let every school enter what a phase (`phases.PHASES`) asks of it."""
        if self.students < ENOUGH_FOR_TWO or not can_spawn():
            for cluster in shared_out(self.plans, 1)[0]:
                PHASES[phase](cluster, self.who, share.add)
        else:
            run_workers(phase, self.schools, self.students, share)
        share.done()


def can_spawn():
    """Whether another process finds the database and the history's key by its environment."""
    return all(name in os.environ for name in ("MONGODB_URI", "KHET_AUDIT_KEY_FILE"))


def run_workers(phase, schools, students, share):
    """Run the workers to their end. Raises RuntimeError when one fails; none outlives this process."""
    environ = dict(
        os.environ, PYTHONPATH=os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    )
    arguments = [str(PROCESSES), str(schools), str(students)]
    workers = []
    try:
        for part in range(PROCESSES):
            command = [sys.executable, "-P", "-m", "scripts.demo.worker", phase, str(part), *arguments]
            workers.append(spawn(command, stdout=-1, env=environ, text=True))
        listeners = [Thread(target=listen, args=(worker, share)) for worker in workers]
        for listener in listeners:
            listener.start()
        for listener in listeners:
            listener.join()
        if any([worker.wait() for worker in workers]):
            raise RuntimeError("a worker of the demo failed; its own words stand above")
    finally:
        for worker in workers:
            end(worker, grace=5)


def listen(worker, share):
    """Add up what a worker tells until it ends."""
    for line in worker.stdout:
        share.add(int(line))


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
