"""Jobs as people meet them: what takes long becomes one, and looks as before where it ends at once."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from python_calamine import load_workbook

from documents.background import job_runs, jobs
from documents.background.jobs import Job
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.people.users import User
from documents.records.record import declared, default_required
from exports.imports.plans import ImportPlan
from exports.imports.stored_plans import Keeping
from tests.people import AREA, OTHER, place, utc
from views.collecting import round_files
from views.records import exporting, record_actions


def sheets(content):
    """The parts of a workbook but those that hold when it was made."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name) for name in book.namelist() if "docProps" not in name}


@pytest.fixture
def busy(monkeypatch):
    """As on a large district: a job for whatever may become one."""
    for module, name in ((exporting, "AT_ONCE"), (round_files, "AT_ONCE"), (record_actions, "MOST_AT_ONCE")):
        monkeypatch.setattr(module, name, 0)


@pytest.mark.parametrize(
    "address",
    [
        "/admin/students/export/xlsx/?school=34010001",
        "/admin/students/export/csv/?flt0_grade_empty=0",
        "/admin/rounds/export/xlsx/?id={round}&what=workbook",
        "/admin/rounds/export/csv/?id={round}&encoding=cp874",
    ],
)
def test_a_file_made_by_a_job_is_the_file_made_at_once_and_noted_the_same(
    address, world, sign_in, request, database
):
    browser = sign_in(world.people["district"])
    asked = address.format(round=world.round.id)
    direct = browser.get(asked)
    request.getfixturevalue("busy")
    by_job = browser.get(asked)
    assert by_job.status_code == direct.status_code == 200
    assert by_job.headers["Content-Disposition"] == direct.headers["Content-Disposition"]
    same = sheets if "xlsx" in asked else bytes
    assert same(by_job.data) == same(direct.data)
    noted = [event["changes"] for event in database.audit_events.find({"action": "export"}).sort("number", 1)]
    assert noted[0] == noted[1]
    assert len(noted) == 2
    job = Job.objects.order_by("-id").first()
    assert job.state == "done"
    page = browser.get(f"/admin/jobs/result/?id={job.id}")
    assert (page.data, page.headers["Cache-Control"]) == (by_job.data, "no-store")
    assert "attachment" in page.headers["Content-Disposition"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_a_grid_is_exported_by_a_job_as_far_as_its_person_sees(busy, world, sign_in):
    own, near = sign_in(world.people["school"]), sign_in(world.people["neighbour"])
    theirs = near.get(f"/admin/students/export/csv/?school={place().school_code}").data.decode()
    assert not [mark for mark in world.marks if mark in theirs]
    mine = own.get("/admin/students/export/csv/").data.decode()
    assert [mark for mark in world.marks if mark in mine]
    job = Job.objects(owner=world.people["school"].id).order_by("-id").first()
    for address in ("details", "status", "result"):
        assert near.get(f"/admin/jobs/{address}/?id={job.id}").status_code == 403
    assert near.send("/admin/jobs/cancel/", {"id": job.id}).status_code == 403
    officer = sign_in(world.people["district"])
    assert officer.get(f"/admin/jobs/result/?id={job.id}").status_code == 403
    page = officer.get(f"/admin/jobs/details/?id={job.id}").get_data(as_text=True)
    assert job.title in page
    assert "/admin/jobs/result/" not in page


def test_the_list_goes_out_as_a_workbook_with_ones_own_jobs_or_those_of_the_area(
    world, sign_in, client, database
):
    made = utc(5, 9)
    jobs.Job(
        area_code=AREA, kind="round_file", title="ของเขต", owner=world.people["district"].id, owner_name="เจ้าหน้าที่", state="failed",
        failure="ที่ไม่พอ", subsystem="DMC", academic_year=2568, round="1", asked_at=made, lease_until=made, expires_at=made,
    ).save()  # fmt: skip
    path, theirs = "/admin/jobs/export/xlsx/", world.job.title

    def rows(who, query=""):
        answer = sign_in(world.people[who]).get(path + query)
        return load_workbook(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()

    header, own = rows("school", "?all=1&page=3")
    assert dict(zip(header, own, strict=True)) | {"สั่งเมื่อ": "", "จบเมื่อ": ""} == {
        "งาน": theirs, "ชนิดงาน": "ส่งออกตาราง", "ผู้สั่ง": world.people["school"].name, "รอบ": "", "สั่งเมื่อ": "", "จบเมื่อ": "",
        "ใช้เวลา": "1 วินาที", "สถานะ": "เสร็จแล้ว", "ผล": world.job.result["summary"][0],
    }  # fmt: skip
    assert [row[0] for row in rows("district")[1:]] == ["ของเขต"]
    both = rows("district", "?all=1")[1:]
    assert [(row[0], row[8]) for row in both] == [(theirs, ""), ("ของเขต", "ที่ไม่พอ")], (
        "what came out is its owner's"
    )
    assert rows("approver", "?all=1")[2][8] == "ดูเหตุผลได้เฉพาะผู้สั่งงาน"
    for who in ("neighbour", "far_officer", "executive"):
        assert not rows(who, "?all=1")[1:]
    events = list(database.audit_events.find({"action": "export"}).sort("number", 1))
    assert [(one["area_code"], one["changes"]["rows"][1]) for one in events] == [
        (AREA, n) for n in (1, 1, 2, 2)
    ]
    assert f'href="{path}?all=1"' in sign_in(world.people["district"]).get("/admin/jobs/?all=1").text
    assert client.get(path).status_code == 302


def test_a_check_of_a_file_is_listed_while_it_runs_and_says_once_stopped_that_nothing_is_stored(
    world, sign_in
):
    officer, now = world.people["district"], jobs.naive_now()
    job = Job(
        area_code=AREA, kind="plan_import", owner=officer.id, owner_name=officer.name, title="ตรวจไฟล์ ทั้งเขต.xlsx", state="running",
        rights=jobs.rights_in(officer, AREA), arguments={"slug": "students"}, runs=1, done=3, total=4, unit="แถว", asked_at=now,
        started_at=now, lease_until=now + timedelta(hours=1), expires_at=now + timedelta(days=1),
    ).save()  # fmt: skip
    Keeping(ImportPlan("students", AREA, 2568, "1", "ทั้งเขต.xlsx", None, 1, id=job.id), officer)
    browser, page = sign_in(officer), f"/admin/jobs/details/?id={job.id}"
    listed = browser.get("/admin/jobs/")
    assert (listed.status_code, job.title in listed.text) == (200, True)
    assert f"/import/plan/?id={job.id}" in browser.get(page).text
    browser.send("/admin/jobs/cancel/", {"id": job.id})
    shown = browser.get(page).text
    assert "กำลังหยุด" in shown
    assert "งานทำต่อจนเสร็จ" not in shown
    assert f"/import/plan/?id={job.id}" not in shown
    with job_runs._Run(Job.objects.get(id=job.id)) as run:
        run.keep(progress_at=now)
    assert "หยุดที่ 3 จาก 4 แถว ยังไม่มีอะไรถูกบันทึก" in browser.get(page).text


def test_a_round_is_locked_by_a_job_that_is_asked_once(open_round, approver, sign_in):
    browser = sign_in(approver)
    page = browser.get(f"/admin/rounds/lock/?id={open_round.id}").get_data(as_text=True)
    counted = page.partition('name="counted" value="')[2].partition('"')[0]
    without = browser.send("/admin/rounds/lock/", {"id": open_round.id, "counted": counted})
    assert without.status_code == 422  # said on the form, before any job
    assert not Job.objects
    form = {"id": open_round.id, "counted": counted, "reason": "ปิดตามกำหนด"}
    assert (
        browser.send("/admin/rounds/lock/", form).headers["Location"].endswith(f"details/?id={open_round.id}")
    )
    job = Job.objects.get()
    assert (job.kind, job.state, job.done, job.total, job.alone) == ("lock_round", "done", 2, 2, None)
    assert "ล็อกแล้ว" in browser.get(f"/admin/rounds/details/?id={open_round.id}").get_data(as_text=True)


def test_more_rows_than_one_transaction_holds_are_done_a_school_at_a_time(busy, world, sign_in, database):
    browser = sign_in(world.people["district"])
    form = {"action": "delete", "all_matching": "1", "reason": "ซ้ำ"}
    submission = find_submission("DMC", place(OTHER))
    database.submissions.update_one({"_id": submission.id}, {"$set": {"state": "confirmed"}})
    browser.send("/admin/students/action/", form)
    job = Job.objects.get(kind="bulk")
    assert job.state == "done", job.failure
    assert job.result["summary"][0] == "ลบแล้ว 2 รายการ ของ 1 โรงเรียน"
    assert OTHER in job.result["summary"][1]
    assert {row["school_code"] for row in database.students.find({"area_code": AREA})} == {OTHER}
    refused = browser.send("/admin/students/action/", form, follow_redirects=True).get_data(as_text=True)
    assert "ไม่มีโรงเรียนใดทำรายการนี้ได้" in refused
    assert database.students.count_documents({"area_code": AREA}) == 2


def test_what_is_required_is_counted_anew_by_a_job(world, administrator, sign_in, database):
    before = set(declared(Student)) & set(default_required(Student))
    optional = next(name for name in declared(Student) if name not in before)
    database.students.update_many({"school_code": OTHER}, {"$unset": {optional: ""}})
    browser, form = (
        sign_in(administrator),
        {"required": [optional], "seen": [], "reason": "ใช้เยี่ยมบ้าน", "warned": "1"},
    )
    answer = browser.send("/admin/fields/?document=students&year=2568", form)
    assert "/admin/fields/" in answer.headers["Location"]
    job = Job.objects.get(kind="recount")
    assert (job.state, job.done, job.unit) == ("done", 2, "โรงเรียน")
    assert find_submission("DMC", place(OTHER)).counts["incomplete"] == 2


def test_the_corner_shows_ones_own_jobs_until_they_were_seen(world, teacher, neighbour, sign_in):
    job = Job.objects.get(id=world.job.id)
    collection(Job).update_one(
        {"_id": job.id}, {"$set": {"state": "running", "total": 40, "done": 10, "seen": False}}
    )
    browser = sign_in(world.people["school"])
    assert "data-corner" not in browser.get("/admin/").get_data(
        as_text=True
    )  # no job of his was asked for lately
    collection(User).update_one({"_id": teacher.id}, {"$set": {"last_job_at": jobs.real_now()}})
    page = browser.get("/admin/").get_data(as_text=True)
    assert "data-corner" in page
    (told,) = json.loads(browser.get("/admin/jobs/corner/").data)
    assert (told["share"], told["finished"], told["words"][:11]) == (0.25, False, "10 จาก 40 ")
    assert json.loads(sign_in(neighbour).get("/admin/jobs/corner/").data) == []
    collection(Job).update_one({"_id": job.id}, {"$set": {"state": "done"}})
    assert json.loads(browser.get("/admin/jobs/corner/").data)[0]["finished"]
    assert json.loads(browser.send("/admin/jobs/seen/", {"id": job.id}).data) == []
    assert "data-corner" not in browser.get("/admin/").get_data(as_text=True)
