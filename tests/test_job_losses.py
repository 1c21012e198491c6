"""What a job loses in the middle: its worker, the file that comes with it, the database, its owner's patience."""

import io
import os
import subprocess
import time

import pytest
from pymongo.errors import AutoReconnect, CursorNotFound

from documents.background import job_runs, jobs, liveness
from documents.background.job_access import cancel
from documents.background.jobs import Job, ask, job_kind
from documents.clock import real_now
from documents.collecting.rounds import find_round
from documents.database import collection, db
from documents.dmc.students import Student
from documents.errors import Uncertain
from documents.people.users import System
from documents.records import carrying
from documents.records.record import Place
from documents.records.writing import Change, write
from exports.imports import importing, stored_plans
from exports.imports.importing import apply_plan, plan_import
from exports.imports.stored_plans import StoredPlan, find_plan
from tests import awkward_files as made
from tests.kitchens import food_round
from tests.people import AREA, OTHER, SCHOOL, YEAR, place
from tests.pupils import pupil

HEAD = ["รหัสโรงเรียน", "รหัสโรงอาหาร", "ชื่อโรงอาหาร"]
fails = []  # what the tests' job meets, once each


@job_kind("meets", "พบ", "Meets", so_far=lambda job: [f"ทำแล้ว {job.done}"])
def meets(job, progress):
    """The tests' job: counts to two and then meets what there is."""
    progress.begin(3, "ขั้น")
    progress.at(2)
    with progress.result_file("ร่าง", "text/plain") as file:
        file.write(b"x")
    if fails:
        raise fails.pop()
    return {"summary": ["ครบ"]}


@pytest.fixture(autouse=True)
def unqueued():
    """No broker here: a test runs its jobs itself."""
    before, jobs._queue = jobs._queue, None
    yield
    jobs._queue = before
    fails.clear()
    job_runs.dropped.clear()


def stored(job):
    return Job.objects(id=job.id).get()


def files_there():
    return {*db()["job_files.files"].distinct("_id"), *db()["job_files.chunks"].distinct("files_id")}


# ---- the worker ----


def test_a_process_is_gone_only_where_that_is_sure():
    mine = liveness.this_process()
    assert mine["pid"] == os.getpid()
    assert not liveness.is_gone(mine)
    assert liveness.is_gone(mine | {"began": mine["began"] - 1}), "the number is another's now"
    assert not liveness.is_gone(mine | {"where": "another machine", "began": 1})
    assert not liveness.is_gone({})
    child = subprocess.Popen(["sleep", "60"])
    theirs = mine | {"pid": child.pid, "began": liveness._began(child.pid)}
    assert not liveness.is_gone(theirs)
    child.kill()
    while child.poll() is None and not liveness.is_gone(theirs):  # its remains are no process either
        time.sleep(0.01)
    assert liveness.is_gone(theirs)
    child.wait()


def test_the_job_of_a_dead_worker_is_run_again_before_its_lease_ends(teacher):
    job = ask("meets", teacher, AREA)
    assert job_runs._claimed(job.id).runner == liveness.this_process()
    assert job_runs.requeue_lost() == 0
    collection(Job).update_one({"_id": job.id}, {"$inc": {"runner.began": -1}})
    assert job_runs.requeue_lost() == 1
    assert job_runs.run(job.id) == "done"
    assert stored(job).runs == 2


def test_a_worker_that_starts_looks_for_what_waits(teacher):
    queued = []
    jobs._queue = queued.append
    job = ask("meets", teacher, AREA)
    assert (job_runs.requeue_lost(), job_runs.requeue_lost(starting=True)) == (0, 1)
    assert queued == [job.id, job.id]
    assert (job_runs.run(job.id), job_runs.run(job.id)) == ("done", None)


def test_one_that_was_run_too_often_says_what_it_did_and_frees_its_place(teacher, open_round, database):
    job = ask("meets", teacher, AREA, open_round, alone=True)
    for _ in range(job_runs.MOST_ATTEMPTS):
        run = job_runs._Run(job_runs._claimed(job.id))
        run.begin(3, "ขั้น")
        with run.result_file("ร่าง", "text/plain") as file:
            file.write(b"x")
        collection(Job).update_one({"_id": job.id}, {"$inc": {"runner.began": -1}})
        job_runs.requeue_lost()
    ended = stored(job)
    assert (ended.state, ended.failure, ended.alone) == ("failed", job_runs.GIVEN_UP, None)
    assert ended.result == {"summary": ["ทำแล้ว 0"]}
    assert files_there() == set()
    assert [row["url"] for row in database.notices.find({"person": teacher.id, "kind": "job"})] == [
        f"/admin/jobs/details/?id={job.id}"
    ]


# ---- the file that comes with it ----


class Breaks(io.BytesIO):
    """A file whose reading ends in the middle, as a process that dies reads no further."""

    def read(self, size=-1):
        if self.tell():
            raise KeyboardInterrupt
        return super().read(min(size, 1 << 20))


def test_a_file_that_arrives_in_part_ends_in_a_sentence_and_leaves_nothing(teacher):
    with pytest.raises(KeyboardInterrupt):
        ask("meets", teacher, AREA, file=Breaks(b"x" * (2 << 20)), filename="มา.csv")
    [job] = Job.objects
    assert (job.state, job.finished, job.input_name) == ("arriving", False, "มา.csv")
    assert files_there() <= set(job.files)
    assert (job_runs.run(job.id), job_runs.requeue_lost(starting=True)) == (None, 0)
    collection(Job).update_one({"_id": job.id}, {"$inc": {"runner.began": -1}})
    assert job_runs.requeue_lost() == 0
    assert (stored(job).state, stored(job).failure) == ("failed", job_runs.ARRIVED_HALF)
    assert files_there() == set()


def test_one_cancelled_while_its_file_arrives_keeps_no_file(teacher):
    class Cancels(io.BytesIO):
        def read(self, size=-1):
            cancel(Job.objects.get(), teacher)
            return super().read()

    job = ask("meets", teacher, AREA, file=Cancels(b"x"), filename="มา.csv")
    assert (job.state, job_runs.run(job.id)) == ("cancelled", None)
    assert files_there() == set()


# ---- the database ----


@pytest.mark.parametrize("fault", [AutoReconnect("gone"), CursorNotFound("gone", 43), Uncertain()])
def test_a_job_that_lost_the_database_is_run_again_as_soon_as_it_is_back(teacher, fault):
    job = ask("meets", teacher, AREA)
    fails.append(fault)
    with pytest.raises(type(fault)):
        job_runs.run(job.id)
    assert (stored(job).state, stored(job).failure) == ("running", None)
    assert (job_runs.requeue_lost(), job_runs.requeue_lost()) == (1, 0)
    assert job_runs.run(job.id) == "done"
    ended = stored(job)
    assert (ended.runs, files_there()) == (2, {ended.result_id})
    assert job_runs.dropped == set()


# ---- its owner's patience ----


@pytest.fixture
def plan(canteens, open_round, officer):
    """A file over both schools, planned; the deed is a job's."""
    rows = [[school, f"{school[-1]}{at}", "โรงอาหาร"] for school in (SCHOOL, OTHER) for at in range(3)]
    return plan_import(canteens, made.xlsx([HEAD, *rows]), "ทั้งเขต.xlsx", officer, open_round)


def deed_of(plan, officer):
    asked = {"slug": plan.slug, "plan_id": str(plan.id), "reason": "ตามไฟล์", "approved": True}
    return ask("apply_import", officer, AREA, arguments=asked, title="นำเข้า")


def cancelling(monkeypatch, job, owner, after):
    """Let the owner cancel a job once so many schools are written."""
    real, written = importing.note_school, []

    def notes(*given):
        real(*given)
        written.append(given[1])
        if len(written) == after:
            cancel(stored(job), owner)

    monkeypatch.setattr(importing, "note_school", notes)
    monkeypatch.setattr(job_runs, "WRITTEN_EVERY", 0)


def test_an_import_cancelled_half_way_says_what_was_written_and_goes_on(plan, officer, monkeypatch, sign_in):
    job = deed_of(plan, officer)
    cancelling(monkeypatch, job, officer, 1)
    assert job_runs.run(job.id) == "cancelled"
    said = stored(job).result["summary"]
    done = find_plan(plan.id, officer, whole=False).done
    left = 2 - len(done)
    assert len(done) in (1, 2), "the next one may have been on its way"
    assert said[0] == f"นำเข้าแล้ว {3 * len(done)} รายการ ของ {len(done)} โรงเรียน"
    assert said[1:] == (
        [f"ยังไม่ได้นำเข้า {left} โรงเรียน {3 * left} รายการ นำเข้าต่อได้จากหน้าผลการตรวจไฟล์"] if left else []
    )
    page = sign_in(officer).get(f"/admin/jobs/details/?id={job.id}").get_data(as_text=True)
    assert all(sentence in page for sentence in said)
    again = deed_of(plan, officer)
    assert job_runs.run(again.id) == "done"
    assert db().canteens.count_documents({}) == 6
    assert find_plan(plan.id, officer, whole=False).state == "done"


def test_one_cancelled_before_it_began_wrote_nothing(plan, officer):
    job = deed_of(plan, officer)
    collection(Job).update_one({"_id": job.id}, {"$set": {"cancel_asked": True}})
    assert job_runs.run(job.id) == "cancelled"
    assert stored(job).result["summary"] == [
        "ยังไม่ได้นำเข้ารายการใด",
        "ยังไม่ได้นำเข้า 2 โรงเรียน 6 รายการ นำเข้าต่อได้จากหน้าผลการตรวจไฟล์",
    ]
    assert db().canteens.count_documents({}) == 0


def test_a_plan_whose_job_was_given_up_is_free_for_the_next(plan, officer):
    job = deed_of(plan, officer)
    taken = {"state": "applying", "by": job.id, "since": real_now()}
    collection(StoredPlan).update_one({"_id": plan.id}, {"$set": taken})
    with pytest.raises(jobs.RuleBroken, match="กำลังบันทึก"):
        apply_plan(plan.id, officer, "ตามไฟล์")
    collection(Job).update_one({"_id": job.id}, {"$set": {"state": "failed"}})
    assert [one.written for one in apply_plan(plan.id, officer, "ตามไฟล์")] == [3, 3]


def test_a_plan_that_a_dead_web_server_was_writing_is_free_at_once(plan, officer):
    stored_plans.claim_plan(plan.id, officer)
    with pytest.raises(jobs.RuleBroken, match="กำลังบันทึก"):
        apply_plan(plan.id, officer, "ตามไฟล์")
    collection(StoredPlan).update_one({"_id": plan.id}, {"$inc": {"runner.began": -1}})
    assert [one.written for one in apply_plan(plan.id, officer, "ตามไฟล์")] == [3, 3]


def test_an_undoing_cancelled_half_way_says_which_schools_are_left(plan, officer, monkeypatch):
    apply_plan(plan.id, officer, "ตามไฟล์")
    asked = {"slug": plan.slug, "import_id": str(plan.id), "reason": "ไฟล์ผิด"}
    job = ask("undo_import", officer, AREA, arguments=asked, title="เลิกทำ")
    monkeypatch.setattr(job_runs, "WRITTEN_EVERY", 0)
    real = job_runs._Run.at

    def at(self, done):
        cancel(stored(job), officer)
        real(self, done)

    monkeypatch.setattr(job_runs._Run, "at", at)
    assert job_runs.run(job.id) == "cancelled"
    assert stored(job).result["summary"] == ["เลิกทำแล้ว 1 โรงเรียน ยังไม่ได้เลิกทำ 1 โรงเรียน สั่งเลิกทำอีกครั้งเพื่อทำต่อได้"]
    assert db().canteens.count_documents({}) == 3


def test_a_carry_over_cancelled_half_way_says_how_many_schools_are_filled(
    area, officer, executive, approver, monkeypatch
):
    people = {"officer": officer, "executive": executive, "approver": approver}
    food_round(people, YEAR - 1, "3", "DMC")
    for school in (SCHOOL, OTHER):
        write([Change(Student, Place(AREA, YEAR - 1, "3", school), pupil())], System("tests"))
    food_round(people, YEAR, "1", "DMC")
    round_ = find_round(AREA, "DMC", YEAR, "1")
    job = ask("carry_over", approver, AREA, round_, arguments={"round_id": str(round_.id)}, alone=True)
    monkeypatch.setattr(carrying, "BATCH", 1)
    monkeypatch.setattr(job_runs, "WRITTEN_EVERY", 0)
    real = job_runs._Run.at

    def at(self, done):
        cancel(stored(job), approver)
        real(self, done)

    monkeypatch.setattr(job_runs._Run, "at", at)
    assert job_runs.run(job.id) == "cancelled"
    done = db().students.count_documents({"academic_year": YEAR})
    assert stored(job).result["summary"] == [
        f"ยกข้อมูลมาครบแล้ว {done} โรงเรียน ยังไม่ได้ยก {2 - done} โรงเรียน สั่งยกข้อมูลอีกครั้งเพื่อทำต่อได้"
    ]
    monkeypatch.setattr(job_runs._Run, "at", real)
    again = ask("carry_over", approver, AREA, round_, arguments={"round_id": str(round_.id)}, alone=True)
    assert job_runs.run(again.id) == "done"
    assert db().students.count_documents({"academic_year": YEAR}) == 2


def test_an_action_handed_back_in_the_middle_goes_on_though_less_is_left(teacher, open_round, monkeypatch):
    """Being stopped in order is no attempt; that what it finds is less than was counted is no change by others."""
    from documents.records import bulk, listing

    write([Change(Student, place(), pupil()) for _ in range(2)], teacher)
    asked = listing.as_arguments(listing.Wanted(Student, AREA, YEAR, open_round.code))
    told = {"round_id": str(open_round.id), "action": "delete", "count": 2, "reason": "ซ้ำ", "asked": asked}
    job = ask("bulk", teacher, AREA, open_round, arguments=told)
    real = bulk.deed

    def deed(*given):
        real(*given)
        job_runs.stopping.set()

    monkeypatch.setattr(bulk, "deed", deed)
    try:
        job_runs.run(job.id)
    finally:
        job_runs.stopping.clear()
    assert (stored(job).state, stored(job).attempts, db().students.count_documents({})) == ("waiting", 0, 0)
    monkeypatch.setattr(bulk, "deed", real)
    assert job_runs.run(job.id) == "done", stored(job).failure
