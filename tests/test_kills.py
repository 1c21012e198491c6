"""Kill -9 of worker, web server and database in the middle of import, export, carry-over and lock: all of it or nothing.

The seed is printed, and KILLS_SEED repeats a run. Moments come by the progress of the work, so that a busy machine is
hit in the same places as a quiet one.
"""

import os
import random
import subprocess
import sys

import pytest

from documents.database import connect
from documents.dmc.students import Student
from documents.trail import history
from exports.workbooks.layouts import layout_of
from scripts.environment import ROOT
from tests.killing import LONGEST, PARTS, PUPILS_EACH, SCHOOLS, START, Cut, Office, rows_of_workbook
from tests.web import AUDIT_KEY

SEED = int(os.environ.get("KILLS_SEED", "2568"))
LABELS = [column.label for column in layout_of(Student).written]


@pytest.fixture
def office(start, tmp_path, database_uri):
    """A product of its own with an area at work in it."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    product = start("--no-demo", TMPDIR=str(temporary), **START)
    product.wait_until_well(LONGEST)
    found = Office(product, temporary)
    yield found
    found.stop()
    connect(database_uri)
    history.configure(AUDIT_KEY)


def victims_of(chance):
    """Who is killed in each work of a round: every part comes as often as the others."""
    while True:
        three = list(PARTS)
        chance.shuffle(three)
        yield from three


def test_work_that_is_killed_in_the_middle_is_done_once_and_whole(office, times, request):
    """A year of rounds, each piece of their work cut once by the death of a part."""
    everything = request.config.option.long  # read through after each; else at the end alone
    print(f"KILLS_SEED={SEED}")
    chance = random.Random(SEED)  # noqa: S311  no secret
    victims = victims_of(chance)

    def done(work):
        job = office.do(work, Cut(office.product, next(victims), chance))
        assert office.wrong(with_history=everything) == []
        office.run_again(job)
        return job

    office.open_first()
    for _ in range(times(1, 30)):
        a_round(office, done)
        office.next_round()
        done("carry")
    verify_from_outside(office.product.data)


def a_round(office, done):
    """An open round's work up to its lock."""
    done("plan")
    done("deed")
    office.begin_editing()
    everybody = SCHOOLS * PUPILS_EACH
    assert office.result_of(done("grid")).count(b"\n") == everybody + 1
    assert rows_of_workbook(office.result_of(done("workbook")), LABELS) == everybody
    office.verify_some()
    done("lock")
    assert office.round.state == "locked"


def verify_from_outside(data):
    """As the operator does each night."""
    command = [sys.executable, ROOT / "scripts" / "manage", "--data", data, "verify-audit"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
