"""Jobs: done once by whoever still may, told of as they go, and not lost with the worker that ran them."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from admin_app import tasks
from documents.background import job_runs, jobs
from documents.background.job_access import cancel, get_job, result_file
from documents.background.jobs import Job, ask, job_kind
from documents.clock import real_now
from documents.database import collection, db
from documents.errors import NotAllowed, OutOfScope, RuleBroken
from documents.people.users import Grant, User
from scripts.environment import ROOT
from tests.browsing import PHONE
from tests.people import AREA, NOON, OTHER, person
from tests.web import AUDIT_KEY, SECRET_KEY
from tests.working import count_slowly  # noqa: F401  the kind it registers

PATIENCE = 90  # seconds: a worker that lost a message finds its job after forty


@job_kind("tell", "เล่า", "Tell")
def tell(job, progress, what="จบ", refuse=None, fault=None, ends=False):
    """The tests' quick job."""
    if ends:  # the worker is told to
        job_runs.stopping.set()
    progress.begin(3, "แถว")
    progress.say("ทำอยู่")
    if refuse:
        raise RuleBroken(refuse)
    if fault:
        raise ZeroDivisionError(fault)
    progress.at(2)
    with progress.result_file("ผล.txt", "text/plain") as file:
        file.write(what.encode())
    return {"summary": [what]}


@pytest.fixture(autouse=True)
def unqueued():
    """No broker here: a test runs its jobs itself."""
    before, jobs._queue = jobs._queue, None
    yield
    jobs._queue = before
    job_runs.stopping.clear()


def stored(job):
    return Job.objects(id=job.id).get()


def ran(job):
    job_runs.run(job.id)
    return stored(job)


def test_a_job_is_done_once_and_tells_how_it_went(teacher, open_round):
    job = ask("tell", teacher, AREA, open_round, arguments={"what": "ครบ"})
    assert (job.state, job.title) == ("waiting", f"เล่า {open_round.label}")
    done = ran(job)
    assert (done.state, done.done, done.total, done.unit) == ("done", 3, 3, "แถว")
    assert done.result == {"summary": ["ครบ"]}
    assert [line["text"] for line in done.log] == ["ทำอยู่"]
    assert result_file(done, teacher).read().decode() == "ครบ"
    assert job_runs.run(job.id) is None
    assert stored(job).attempts == 1


def test_a_refusal_is_kept_as_it_is_said_and_a_fault_is_loud_without_its_words(teacher):
    refused = ran(ask("tell", teacher, AREA, arguments={"refuse": "ปิดรับแล้ว"}))
    assert (refused.state, refused.failure) == ("failed", "ปิดรับแล้ว")
    faulty = ask("tell", teacher, AREA, arguments={"fault": "เด็กชายหนึ่ง"})
    with pytest.raises(ZeroDivisionError):
        job_runs.run(faulty.id)
    assert (stored(faulty).state, stored(faulty).failure) == ("failed", job_runs.FAULT)


def test_it_runs_as_the_person_is_now(teacher):
    suspended = ask("tell", teacher, AREA)
    collection(User).update_one({"_id": teacher.id}, {"$set": {"active": False}})
    assert "ระงับ" in ran(suspended).failure
    collection(User).update_one({"_id": teacher.id}, {"$set": {"active": True, "grants": []}})
    moved = Job(**{name: suspended[name] for name in ("area_code", "kind", "title", "owner", "asked_at")})
    moved.lease_until = moved.expires_at = real_now()
    moved.save()
    assert "ไม่มีสิทธิ์" in ran(moved).failure
    assert db()["job_files.files"].count_documents({}) == 0
    with pytest.raises(OutOfScope):
        ask("tell", teacher.reload(), AREA)


def test_nobody_else_sees_or_fetches_it_and_the_owner_only_with_what_he_held(teacher, neighbour, officer):
    done = ran(ask("tell", teacher, AREA))
    far = person("far", "district", area="34020000")
    for stranger in (neighbour, far, person("chief", "executive")):
        with pytest.raises(OutOfScope):
            get_job(stranger, str(done.id))
        with pytest.raises(NotAllowed):
            result_file(done, stranger)
    assert get_job(officer, str(done.id)) == done
    with pytest.raises(NotAllowed):
        result_file(done, officer)
    teacher.grants = [Grant(role="school", area_code=AREA, school_codes=[OTHER])]
    teacher.save()
    assert get_job(teacher, str(done.id)) == done
    with pytest.raises(NotAllowed):
        result_file(done, teacher)
    teacher.grants = []
    with pytest.raises(OutOfScope):
        get_job(teacher, str(done.id))


def test_a_mark_taken_away_closes_the_file_and_one_given_does_not():
    marked = person("marked", "district", sensitive=True)
    done = ran(ask("tell", marked, AREA))
    marked.grants[0].sensitive = False
    with pytest.raises(NotAllowed):
        result_file(done, marked)
    marked.grants = [
        Grant(role="district", area_code="*", sensitive=True),
        Grant(role="admin", area_code=AREA),
    ]
    assert result_file(done, marked).read()


def test_a_cancelled_job_does_nothing_more(teacher, officer):
    waiting = ask("tell", teacher, AREA)
    with pytest.raises(NotAllowed):
        cancel(waiting, officer)
    cancel(waiting, teacher)
    assert ran(waiting).state == "cancelled"
    with pytest.raises(RuleBroken):
        cancel(stored(waiting), teacher)
    running = ask("tell", teacher, AREA, arguments={"what": "ไม่ถึง"})
    collection(Job).update_one({"_id": running.id}, {"$set": {"cancel_asked": True}})
    assert (ran(running).state, stored(running).result) == ("cancelled", {})
    assert db()["job_files.chunks"].count_documents({}) == 0


def test_two_of_the_same_round_do_not_run_side_by_side(officer, approver, open_round):
    first = ask("tell", officer, AREA, open_round, alone=True)
    assert ask("tell", approver, AREA, open_round, alone=True, file=b"x") == first
    assert db()["job_files.files"].count_documents({}) == 0
    ran(first)
    assert ask("tell", approver, AREA, open_round, alone=True) != first


def test_one_person_does_not_fill_the_queue(teacher, neighbour):
    for _ in range(jobs.MOST_UNFINISHED):
        last = ask("tell", teacher, AREA)
    with pytest.raises(jobs.TooManyJobs):
        ask("tell", teacher, AREA)
    ask("tell", neighbour, AREA)
    cancel(last, teacher)
    ask("tell", teacher, AREA)


def test_what_was_lost_is_queued_again_but_not_for_ever(teacher):
    queued = []
    jobs._queue = queued.append
    job = ask("tell", teacher, AREA)
    assert job_runs.requeue_lost() == 0
    for attempt in range(
        job_runs.MOST_ATTEMPTS + 1
    ):  # its message is lost, then its worker dies, again and again
        collection(Job).update_one(
            {"_id": job.id}, {"$set": {"lease_until": real_now() - timedelta(seconds=1)}}
        )
        requeued = job_runs.requeue_lost()
        assert requeued == (attempt < job_runs.MOST_ATTEMPTS)
        assert bool(job_runs._claimed(job.id)) == bool(requeued)
    assert queued == [job.id] * (1 + job_runs.MOST_ATTEMPTS)
    assert (stored(job).state, stored(job).failure) == ("failed", job_runs.GIVEN_UP)


def test_a_run_that_was_taken_over_changes_nothing_any_more(teacher):
    job = ask("tell", teacher, AREA)
    first = job_runs._Run(job_runs._claimed(job.id))
    collection(Job).update_one({"_id": job.id}, {"$set": {"lease_until": real_now() - timedelta(seconds=1)}})
    assert job_runs._claimed(job.id).attempts == 2
    with pytest.raises(job_runs.Interrupted):
        first.begin(1, "แถว")
    with first:
        first.result = {"summary": ["ของเก่า"]}
    assert (stored(job).state, stored(job).result) == ("running", {})


def test_a_worker_that_ends_gives_its_job_back_at_once(teacher):
    job = ask("tell", teacher, AREA, arguments={"ends": True})
    assert (ran(job).state, stored(job).attempts) == ("waiting", 0)
    assert job_runs.run(job.id) is None
    job_runs.stopping.clear()
    collection(Job).update_one({"_id": job.id}, {"$set": {"arguments": {}}})
    assert job_runs.requeue_lost() == 1
    assert ran(job).state == "done"


def test_what_is_kept_no_longer_goes_with_its_files(teacher):
    kept, over = (ran(ask("tell", teacher, AREA, file=b"in", filename="มา.csv")) for _ in "12")
    collection(Job).update_one({"_id": over.id}, {"$set": {"expires_at": real_now() - timedelta(seconds=1)}})
    assert job_runs.forget_expired() == 1
    assert list(Job.objects) == [kept]
    assert {file["_id"] for file in db()["job_files.files"].find()} == set(kept.files)
    with pytest.raises(RuleBroken):
        result_file(over, teacher)


# ---- a real worker, its broker in the same database ----


@pytest.fixture
def workers(app, database_uri, tmp_path):
    """`workers()` starts a real worker on the tests' database and gives its process; no job is done by the test."""
    key, log = tmp_path / "audit.key", tmp_path / "worker.log"
    key.write_bytes(AUDIT_KEY)
    environ = {"MONGODB_URI": database_uri, "SECRET_KEY": SECRET_KEY, "KHET_AUDIT_KEY_FILE": str(key)}
    environ = {**os.environ, **environ, "PYTHONPATH": str(ROOT), "KHET_NOW": NOON}
    started = []

    def start():
        with log.open("ab") as words:
            command = [sys.executable, "-P", "-m", "tests.working"]
            started.append(subprocess.Popen(command, env=environ, cwd=ROOT, stdout=words, stderr=words))
        wait_until(job_runs.is_any_alive, log)
        return started[-1]

    tasks.celery.conf.task_always_eager = False
    jobs.configure(tasks.wake)
    yield start
    tasks.celery.conf.task_always_eager = True
    for process in started:
        process.kill()
        process.wait()
    for name in db().list_collection_names(filter={"name": {"$regex": "^messages"}}):
        db()[name].drop()


def wait_until(so, log=None):
    until = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < until, log and log.read_text()
        time.sleep(0.05)


def test_a_job_outlives_the_worker_killed_in_the_middle_and_a_lost_message(workers, client, teacher):
    assert client.get("/healthz").status_code == 503
    first = workers()
    assert client.get("/healthz").get_json()["worker"] == "ok"
    job = ask("count_slowly", teacher, AREA, arguments={"number": 30, "waits_at": 20})
    wait_until(lambda: stored(job).done > 2)
    first.kill()
    first.wait()
    db()["go_on"].insert_one({})
    lost = ask("count_slowly", teacher, AREA, arguments={"number": 1})
    db()["messages"].delete_many({})
    for each in (job, lost):  # what time would do
        collection(Job).update_one(
            {"_id": each.id}, {"$set": {"lease_until": real_now() - timedelta(seconds=1)}}
        )
    collection(job_runs.Worker).delete_many({})
    second = workers()
    wait_until(lambda: stored(job).state == stored(lost).state == "done")
    assert (stored(job).attempts, stored(lost).attempts) == (2, 1)
    assert stored(job).result == {"summary": ["นับถึง 30"]}
    assert result_file(stored(job), teacher).read() == b"30"
    assert db()["job_files.files"].count_documents({}) == 2  # one of each, none of the run that died
    assert not db()["job_files.chunks"].count_documents(
        {"files_id": {"$nin": stored(job).files + stored(lost).files}}
    )
    assert db()["steps"].count_documents({}) == 30

    stopped = ask("count_slowly", teacher, AREA, arguments={"number": 5000})
    given_back = ask("count_slowly", teacher, AREA, arguments={"number": 5000})
    wait_until(lambda: stored(stopped).done and stored(given_back).done)
    cancel(stored(stopped), teacher)
    wait_until(lambda: stored(stopped).state == "cancelled")
    second.send_signal(signal.SIGTERM)
    assert second.wait(PATIENCE) == 0
    assert stored(given_back).state == "waiting"
    assert not job_runs.is_any_alive()


def test_one_follows_a_job_from_its_page_and_from_the_corner_of_another(workers, window, teacher, open_round):
    workers()
    job = ask("count_slowly", teacher, AREA, open_round, arguments={"number": 80, "waits_at": 40})
    own, other = window(teacher), window(teacher, size=PHONE)
    wait_until(
        lambda: stored(job).done > 40
    )  # the browsers wait for what they show, not for a crowded worker
    own.go(f"/admin/jobs/details/?id={job.id}")
    other.go("/admin/")
    corner = other.page.locator(".jobs-corner")
    corner.get_by_text("จาก 80 ขั้น").wait_for()
    own.page.get_by_text("เริ่มนับ").wait_for()  # its log
    own.go("/account/")  # a page of the job that sees it end would put it away from every corner
    other.shot("job_corner_phone")
    db()["go_on"].insert_one({})
    assert other.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    wait_until(lambda: stored(job).state == "done")
    corner.get_by_text("เสร็จแล้ว ใน").wait_for()
    expect(corner.locator("[aria-live]")).to_contain_text("เสร็จแล้ว")
    own.go(f"/admin/jobs/details/?id={job.id}")
    expect(own.page.get_by_text("นับถึง 80")).to_be_visible()
    with own.page.expect_download() as download:
        own.page.get_by_role("link", name="ดาวน์โหลด").click()
    assert download.value.suggested_filename == "ผลนับ"
    own.go("/admin/")
    expect(own.page.locator(".jobs-corner")).to_have_count(0)  # it was seen
