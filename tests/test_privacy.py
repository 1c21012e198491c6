"""The personal-data notice, an area's times of keeping, and what is erased by them."""

import datetime as dt
import io

import pytest

from documents import clock
from documents.background import job_runs
from documents.background.jobs import ask
from documents.clock import real_now
from documents.collecting.locking import lock_round
from documents.collecting.reopening import take_back
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import Invalid, NotAllowed
from documents.gcode import gcode_evidence
from documents.gcode.gcode import GCodeRequest
from documents.people import privacy, retention
from documents.people.privacy import KEEPING
from documents.people.users import EVERY_AREA, User
from documents.records import attachments, pictures
from documents.records.cases import advance
from documents.records.declarations import declaration
from documents.records.defining import define
from documents.records.surveys import make_survey
from documents.records.writing import Change, write
from documents.trail.history import AuditEvent
from documents.trail.verifying import verify
from tests.learners import recorded
from tests.people import AREA, SCHOOL, YEAR, person, place
from tests.pupils import pupil
from tests.test_added_fields import said
from tests.test_id_changes import picture
from tests.test_reopening import here, reopen
from tests.web import PASSWORD, with_password

PAGE, NOTICE = "/admin/privacy/", "/account/notice/"
PRESS = "อ่านและรับทราบแล้ว"


def days(**more):
    return {name: one.usual for name, one in KEEPING.items()} | more


def posted(**more):
    return {name: str(value) for name, value in days().items()} | {"contact": "", "reason": "ทดสอบ"} | more


# ---- the notice ----


def test_the_first_page_after_signing_in_asks_once_and_no_page_is_shut_till_then(client, teacher, open_round):
    with_password(teacher)
    client.type_in(teacher.email, PASSWORD)
    assert PRESS in client.get("/admin/").text
    assert client.get("/admin/students/").status_code == 200
    answer = client.send(NOTICE, {"version": privacy.VERSION})
    assert (answer.status_code, answer.location) == (303, "/admin/")
    client.send(NOTICE, {"version": privacy.VERSION})
    assert PRESS not in client.get("/admin/").text
    assert "ท่านรับทราบประกาศฉบับนี้เมื่อ 5 มิ.ย. 2568" in client.get(NOTICE).text
    assert NOTICE in client.get("/account/").text
    (kept,) = User.objects.get(id=teacher.id).notices
    assert kept["version"] == privacy.VERSION
    assert collection(AuditEvent).count_documents({"action": "accept", "subject": teacher.id}) == 1


def test_another_version_is_not_taken_for_this_one(sign_in, teacher):
    browser = sign_in(teacher)
    browser.send(NOTICE, {"version": "0/2567"})
    assert PRESS in browser.get("/admin/").text
    User.objects(id=teacher.id).update(set__notices=[{"version": "0/2567", "at": clock.naive(clock.now())}])
    assert PRESS in browser.get("/admin/").text
    browser.send(NOTICE, {"version": privacy.VERSION})
    assert PRESS not in browser.get("/admin/").text


def test_a_person_of_no_area_reads_it_too(sign_in, area):
    operator = person("operator", "admin", area=EVERY_AREA)
    browser = sign_in(operator)
    assert PRESS in browser.get("/admin/").text
    assert browser.send(NOTICE, {"version": privacy.VERSION}).status_code == 303


# ---- settings ----


def test_an_area_says_whom_to_ask_and_how_long_is_kept(sign_in, officer, teacher, administrator, area):
    browser = sign_in(officer)
    sent = posted(contact="กลุ่มกฎหมายและคดี โทร. 045 000 000", pictures="๖๐")
    assert browser.send(PAGE, sent).status_code == 303
    assert privacy.days_of(AREA) == days(pictures=60)
    assert "กลุ่มกฎหมายและคดี" in sign_in(teacher).get(NOTICE).text
    html = browser.get(PAGE).text
    for words in ("ทดสอบ", "กลุ่มกฎหมายและคดี", officer.name):
        assert words in html
    assert "กลุ่มกฎหมายและคดี" in sign_in(administrator).get("/admin/audit/?document=privacy").text


@pytest.mark.parametrize(
    "wrong",
    [{"pictures": "0"}, {"pictures": "x"}, {"access_log": "5"}, {"reason": ""}, {"contact": "ก" * 301}, {}],
)
def test_what_cannot_be_set_is_said_and_stays_typed(sign_in, officer, wrong):
    answer = sign_in(officer).send(PAGE, posted(**wrong))
    assert answer.status_code == 422
    assert all(value in answer.text for value in wrong.values())
    assert privacy.days_of(AREA) == days()


def test_only_officers_and_administrators_of_the_area_decide(teacher, officer, approver, area):
    for user in (teacher, approver, person("far", "admin", area="34020000")):
        with pytest.raises(NotAllowed):
            privacy.set_privacy(AREA, "", days(pictures=60), user, "ลอง")
    with pytest.raises(Invalid):
        privacy.set_privacy(AREA, "", {"everything": 1}, officer, "ลอง")


# ---- erasing ----


def draft(teacher, **more):
    made = recorded(teacher, evidence=False, **more)
    return gcode_evidence.attach(made, "form", picture(), teacher)


def erased():
    """{kind: number} of the newest event of erasing; {} for none."""
    row = collection(AuditEvent).find_one({"action": "tidy"}, sort=[("number", -1)])
    return {name: pair[1] for name, pair in (row or {}).get("changes", {}).items()}


def later(**span):
    clock.configure(clock.now() + dt.timedelta(**span))


def test_a_draft_nobody_goes_on_with_loses_all_that_names_the_learner(teacher, database):
    old = draft(teacher)
    later(days=170)
    fresh = draft(teacher, first_name="ใหม่")
    later(days=20)
    retention.erase(AREA)
    gone = database.gcode_requests.find_one({"_id": old.id})
    assert (gone["state"], gone["request_no"]) == ("cancelled", old.request_no)
    assert old.first_name not in str({name: value for name, value in gone.items() if name != "moves"})
    assert not {"birth_date", "nationality", "father_first_name"} & set(gone)
    assert GCodeRequest.objects.get(id=fresh.id).state == "draft"
    assert database["evidence.files"].count_documents({}) == 1
    assert erased() == {"gcode_drafts": 1}
    assert retention.erase(AREA)["gcode_drafts"] == 0


def test_evidence_of_what_came_to_nothing_goes_after_its_time_and_no_other(teacher, database):
    ended, kept = draft(teacher), draft(teacher, first_name="อีกคน")
    advance(ended, "withdraw", teacher, "ไม่ขอแล้ว")
    later(days=80)
    assert retention.erase(AREA)["refused_evidence"] == 0
    later(days=20)
    assert retention.erase(AREA)["refused_evidence"] == 1
    assert GCodeRequest.objects.get(id=ended.id).evidence == []
    assert len(GCodeRequest.objects.get(id=kept.id).evidence) == 1
    assert database["evidence.files"].count_documents({}) == 1
    told = collection(AuditEvent).find_one({"subject": ended.id, "action": "detach"})
    assert (told["actor_name"], told["reason"]) == ("การลบตามกำหนดเวลาเก็บ", "ครบกำหนดเวลาเก็บ")


def test_a_file_goes_after_its_time_unless_the_end_of_a_reopening_may_bring_it_back(
    open_round, administrator, approver, officer, teacher, database
):
    define(AREA, "students", said("paper", "file", label="ใบรับรอง"), administrator)
    made = make_survey(AREA, {"key": "water", "name": "สำรวจน้ำดื่ม", "single": "1"}, administrator)
    define(AREA, made.slug, said("proof", "file", label="หลักฐาน"), administrator)
    document = declaration(Student, AREA, YEAR)
    first, second, loose = (attachments.store(io.BytesIO(picture()), AREA, SCHOOL) for _ in range(3))
    ((id_, revision),) = write([Change(document, place(), pupil(x_paper=first))], teacher)
    lock_round(open_round, approver, "ไม่รายงาน")
    reopen(approver, teacher, officer)
    write([Change(document, place(), {"x_paper": second}, id=id_, revision=revision)], teacher)

    def tidied():
        """Twice, as if the time had gone by in between; which files are left."""
        number = retention.erase_attachments(AREA, dt.timedelta(days=30))
        long_ago = {"$set": {"metadata.unused_since": real_now() - dt.timedelta(days=31)}}
        database["attachments.files"].update_many({"metadata.unused_since": {"$exists": True}}, long_ago)
        number += retention.erase_attachments(AREA, dt.timedelta(days=30))
        left = {str(row["_id"]) for row in database["attachments.files"].find()}
        return number, left

    assert tidied() == (1, {first, second})
    take_back(here(), approver, "ไม่ต้องแก้แล้ว")
    assert collection(Student).find_one({"_id": id_})["x_paper"] == first
    assert tidied() == (1, {first})
    assert loose not in tidied()[1]
    assert database["attachments.chunks"].count_documents({}) == 1


def test_after_ten_years_the_history_tells_who_and_when_and_no_longer_what(open_round, teacher, database):
    write([Change(Student, place(), pupil())], teacher)
    later(days=KEEPING["history"].usual - 1)
    assert retention.erase(AREA)["history"] == 0
    later(days=2)
    assert retention.erase(AREA)["history"] == erased()["history"] > 0
    told = database.audit_events.find_one({"document": "students"})
    assert told["actor_name"] == teacher.name
    assert not {"changes", "headline", "address"} & set(told)
    assert list(verify(AREA)) == []
    assert retention.erase(AREA)["history"] == 0


def test_files_of_jobs_go_with_them_and_that_is_told(area, officer, database):
    privacy.set_privacy(AREA, "", days(job_files=2), officer, "เก็บสั้นลง")
    job = ask("retention", officer, AREA, file=b"x", filename="x.csv")
    left = job.expires_at - real_now().replace(tzinfo=job.expires_at.tzinfo)
    assert dt.timedelta(days=1) < left < dt.timedelta(days=3)
    database.jobs.update_many({}, {"$set": {"expires_at": real_now() - dt.timedelta(1)}})
    assert job_runs.forget_expired() == 1
    assert erased() == {"job_files": 1}
    assert database["job_files.files"].count_documents({}) == 0


def test_the_timetable_asks_once_a_day(app, area, database):
    retention.ask_all()
    retention.ask_all()
    assert database.jobs.count_documents({"kind": "retention", "state": "done"}) == 1
    later(hours=24)
    retention.ask_all()
    assert database.jobs.count_documents({"kind": "retention"}) == 2
    assert erased() == {}, "nothing was erased, nothing is told"


def test_pictures_are_kept_for_the_areas_own_time(area, database):
    id_ = pictures.put(pictures.made_anew(picture(size=(64, 48))), AREA, SCHOOL)
    since = real_now() - dt.timedelta(days=20)
    database["pictures.files"].update_many({}, {"$set": {"metadata.unused_since": since}})
    assert pictures.tidy(AREA, dt.timedelta(days=30)) == 0
    assert pictures.tidy(AREA, dt.timedelta(days=10)) == 1
    assert database["pictures.files"].count_documents({"_id": id_}) == 0
