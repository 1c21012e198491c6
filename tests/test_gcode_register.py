"""The ministry's register of G-codes certified before Khet: a plan, then a deed, and schools are no longer stopped."""

import datetime as dt
import io
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from bson import ObjectId
from xlsxwriter import Workbook

from documents import clock
from documents.background import jobs
from documents.checking import findings
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.errors import DuplicateKey, OutOfScope, RuleBroken, WrongState
from documents.gcode import gcode_register
from documents.gcode.gcode import GCodeRequest
from documents.gcode.gcode_linking import replaced
from documents.records.writing import Change, write
from documents.trail import verifying
from documents.trail.history import AuditEvent
from exports.gcode import gcode_register as register
from exports.imports import mapped_files
from exports.imports.row_plans import refuse_faulty
from tests.certified import certified
from tests.districts import with_rooms
from tests.people import AREA, OTHER, SCHOOL, person, place
from tests.pupils import number, pupil

CODE, NEXT = "G653400000001", "G663400000002"
HEAD = ("รหัสจี", "ชื่อ", "สกุล", "วันเดือนปีเกิด", "สถานศึกษา", "วันที่ได้รหัส", "เพศ", "สัญชาติ")
ROWS = (
    (CODE, "ซอ", "แสงจันทร์", "10/06/2558", "โรงเรียนบ้านหนึ่ง", "01/07/2565", "ชาย", "พม่า"),
    (NEXT, "มะลิ", "-", "02/01/2559", OTHER, "15/06/2566", "หญิง", "ลาว"),
)
PAGE = "/admin/gcode/register/"


@pytest.fixture
def marked(area):
    return person("marked", "approver", sensitive=True)


def book(*rows, head=HEAD):
    """The bytes of a register as a ministry's file has it: a title above, then the headings."""
    out = io.BytesIO()
    made = Workbook(out)
    sheet = made.add_worksheet()
    sheet.write_row(0, 0, ["ทะเบียนรหัสประจำตัวผู้เรียน"])
    for at, row in enumerate((head, *rows), 1):
        sheet.write_row(at, 0, row)
    made.close()
    return out.getvalue()


def by_code(row):
    """The row of another school, told by code in a column of its own."""
    return (*row[:4], "", *row[5:], row[4])


WITH_CODE = book(ROWS[0] + ("",), by_code(ROWS[1]), head=(*HEAD, "รหัสโรงเรียน"))


def planned(content, actor):
    return register.plan_register(content, "ทะเบียน.xlsx", AREA, actor)


def into(actor):
    """The import that learners are taken in by."""
    return gcode_register.begun(ObjectId(), AREA, "ทะเบียน.xlsx", actor, "ทะเบียน")


def taken_in(browser):
    """Take both learners in by the pages; gives the stored import."""
    posted = browser.send(
        PAGE, {"file": (io.BytesIO(WITH_CODE), "ทะเบียน.xlsx")}, content_type="multipart/form-data"
    )
    id_ = posted.location.partition("id=")[2]
    assert browser.send(f"{PAGE}apply/", {"id": id_, "reason": "ทะเบียน"}).status_code == 303
    return gcode_register.imports_of(AREA)[0]


def test_a_register_is_read_by_its_own_headings_and_nothing_is_written_yet(marked):
    plan = planned(WITH_CODE, marked)
    assert plan["errors"] == []
    assert plan["same"] == 0
    first, second = (row["own"] for row in plan["rows"])
    assert (first["school_code"], second["school_code"]) == (SCHOOL, OTHER)
    assert (first["code"], first["sex"], first["nationality"]) == (CODE, "M", "048")
    assert str(first["certified_at"].date()) == "2022-07-01"
    assert GCodeRequest.objects.count() == 0


def test_a_school_whose_pupil_had_his_code_before_khet_is_no_longer_stopped(
    open_round, marked, teacher, sign_in
):
    """By the pages: the file, its plan, the reason, the job; and the same file again brings nothing new."""
    values = pupil(first_name="ซอ", last_name="แสงจันทร์", id_type="G", person_id=CODE, nationality="048")
    write([Change(Student, place(), values)], teacher)
    with_rooms(place())

    def found(school=SCHOOL):
        findings.refresh(find_submission("DMC", place(school)))
        return {one.code for one in findings.Finding.objects(school_code=school, state="open")}

    assert "DMC-06" in found()
    browser = sign_in(marked)
    posted = browser.send(
        PAGE, {"file": (io.BytesIO(WITH_CODE), "ทะเบียน.xlsx")}, content_type="multipart/form-data"
    )
    plan = browser.get(posted.location).text
    assert CODE not in plan
    assert "ซอ แสงจันทร์" in plan
    id_ = posted.location.partition("id=")[2]
    assert browser.send(f"{PAGE}apply/", {"id": id_, "reason": " "}).status_code == 303
    assert GCodeRequest.objects.count() == 0
    browser.send(f"{PAGE}apply/", {"id": id_, "reason": "ทะเบียน ณ 1 มิ.ย. 2568"})
    assert jobs.Job.objects.get(kind="gcode_register").result["summary"] == ["นำเข้าแล้ว 2 คน"]
    assert "DMC-06" not in found()
    assert "GC-04" not in found(OTHER), "a school has its days from the taking in on"
    one = GCodeRequest.objects.get(code=CODE)
    assert (one.state, one.code_kind, one.request_no, one.certified_by_name) == (
        "certified", "ministry", "2565-0001", gcode_register.CERTIFIER
    )  # fmt: skip
    told = collection(AuditEvent).find_one({"subject": one.id, "action": "create"})
    assert (told["actor"], told["reason"], told["changes"]["code"][1]) == (
        marked.id, "ทะเบียน ณ 1 มิ.ย. 2568", CODE
    )  # fmt: skip
    assert list(verifying.verify()) == []
    taken_in = browser.get(f"/admin/gcode/details/?id={one.id}").text
    assert gcode_register.CERTIFIER in taken_in
    assert "หลักฐานอยู่ในระบบนั้น" in taken_in
    clock.configure(dt.datetime.fromisoformat("2025-07-06T09:00:00+07:00"))
    page = browser.get(f"/admin/gcode/details/?id={GCodeRequest.objects.get(code=NEXT).id}").text
    assert "GC-04" in page, "of the learner who is in no round"
    assert "GC-04" in found(OTHER)
    assert "GC-04" not in found()
    assert "GC-04" not in browser.get(f"/admin/gcode/details/?id={one.id}").text
    again = planned(WITH_CODE, marked)
    assert (again["rows"], again["same"], again["errors"]) == ([], 2, [])
    with pytest.raises(RuleBroken, match="ไม่มีรหัสหรือเลขใหม่"):
        refuse_faulty(again)


WRONG = [
    ({0: "G65340000000"}, "รหัส G", "ตัวเลข 12 หลัก"),
    ({0: "6.5E+12"}, "รหัส G", "จัดช่องเป็นข้อความ"),
    ({1: ""}, "ชื่อ", "กรุณากรอก"),
    ({3: "31/02/2558"}, "วันเกิด", "วันที่"),
    ({4: "บ้านไม่มี"}, "โรงเรียน", "ไม่พบโรงเรียนชื่อนี้"),
    ({5: "01/07/2550"}, "วันที่รับรอง", "ก่อนวันเกิด"),
    ({5: "01/07/2569"}, "วันที่รับรอง", ""),
    ({7: "ดาวอังคาร"}, "สัญชาติ", "ไม่อยู่ในรายการ"),
]


@pytest.mark.parametrize(("cells", "column", "said"), WRONG)
def test_what_is_wrong_in_a_row_is_said_at_its_column_and_nothing_is_written(cells, column, said, marked):
    row = tuple(cells.get(at, cell) for at, cell in enumerate(ROWS[0]))
    plan = planned(book(row, by_code(ROWS[1])[:8]), marked)
    first = plan["errors"][0]
    assert (first["row"], first["column"]) == (3, column)
    assert said in first["sentence"]
    with pytest.raises(RuleBroken, match="ต้องแก้"):
        refuse_faulty(plan)


def test_one_code_and_one_learner_stand_once(marked, teacher, officer, approver, open_round):
    """Within the file, and against the requests that Khet has."""
    kept = certified(teacher, officer, approver, CODE, first_name="อีกคน")
    other = ("G653400000009", *ROWS[0][1:])
    plan = planned(book(ROWS[0], other, other), marked)
    assert [(one["row"], one["column"]) for one in plan["errors"]] == [(3, "รหัส G"), (5, "รหัส G")]
    assert kept.request_no in plan["errors"][0]["sentence"]
    with pytest.raises(DuplicateKey):
        gcode_register.take_in(plan["rows"][0]["own"] | {"code": CODE}, into(marked), marked, "ลอง")
    gcode_register.take_in(plan["rows"][0]["own"], into(marked), marked, "ทะเบียน")
    same_learner = planned(book(("G653400000008", *ROWS[0][1:])), marked)
    assert "มีรหัส G อื่น" in same_learner["errors"][0]["sentence"]


def test_parts_of_a_code_that_do_not_fit_are_doubted_and_stop_nothing(marked):
    plan = planned(book(("G609900000001", *ROWS[0][1:])), marked)
    assert plan["errors"] == []
    assert len(plan["doubts"]["3"]) == 3
    assert "GC-04" in plan["doubts"]["3"][2], "nor is he in DMC"


def test_only_a_certifier_who_sees_what_is_sensitive_takes_it_in(marked, officer, approver, teacher, sign_in):
    own = planned(book(ROWS[0]), marked)["rows"][0]["own"]
    for user in (officer, approver, teacher, person("far", "approver", area="34020000", sensitive=True)):
        with pytest.raises(OutOfScope):
            planned(book(ROWS[0]), user)
        with pytest.raises(OutOfScope):
            gcode_register.take_in(own, into(user), user, "ลอง")
    for user in (officer, approver, teacher):
        assert sign_in(user).get(PAGE).status_code == 403
    assert GCodeRequest.objects.count() == 0
    assert sign_in(marked).get(f"{PAGE}template/").data[:2] == b"PK"


def test_a_job_run_twice_takes_each_learner_in_once(marked):
    own = planned(book(ROWS[0]), marked)["rows"][0]["own"]
    first = gcode_register.take_in(own, into(marked), marked, "ทะเบียน")
    clock.configure(clock.now())
    assert gcode_register.take_in(own, into(marked), marked, "ทะเบียน").id == first.id
    assert GCodeRequest.objects.count() == 1


def test_a_whole_import_is_undone_but_for_who_was_changed_since(marked, officer, sign_in):
    browser = sign_in(marked)
    done = taken_in(browser)
    assert (done.learners, done.left, done.filename) == (2, 2, "ทะเบียน.xlsx")
    changed = GCodeRequest.objects.get(code=NEXT)
    replaced(changed, number(), officer, "ได้เลขแล้ว")
    assert "เลิกทำ" in browser.get(PAGE).text
    assert browser.send(f"{PAGE}undo/", {"id": str(done.id), "reason": " "}).status_code == 303
    assert gcode_register.imports_of(AREA)[0].undone == 0, "not without a reason"
    browser.send(f"{PAGE}undo/", {"id": str(done.id), "reason": "ผิดไฟล์"})
    job = jobs.Job.objects.get(kind="gcode_register_undo")
    assert (job.result["summary"], job.result["refusals"]) == (["เลิกทำแล้ว 1 คน"], 1)
    assert job.result["refused"][0].startswith(changed.request_no)
    assert job.result["refused"][0] in browser.get(f"/admin/jobs/details/?id={job.id}").text
    assert gcode_register.imports_of(AREA)[0].left == 1
    gone = GCodeRequest.objects.get(school_code=SCHOOL)
    assert (gone.state, gone.code, gone.learner_key, gone.moves[-1]["reason"]) == (
        "cancelled", None, None, "ผิดไฟล์"
    )  # fmt: skip
    told = collection(AuditEvent).find_one({"subject": gone.id, "action": "undo"})
    assert told["changes"]["code"] == [CODE, None]
    assert GCodeRequest.objects.get(id=changed.id).state == "replaced"
    again = taken_in(browser)
    assert (again.id != done.id, again.learners) == (True, 1), "the code is free for the right file"
    assert GCodeRequest.objects.get(code=CODE).request_no != gone.request_no
    assert list(verifying.verify()) == []


def test_an_undo_that_was_stopped_goes_on_and_is_made_by_nobody_else(
    marked, approver, officer, sign_in, database
):
    done = taken_in(sign_in(marked))
    (_, one), (_, other) = gcode_register.left_of(done)
    for user in (approver, officer, person("far", "approver", area="34020000", sensitive=True)):
        with pytest.raises(OutOfScope):
            gcode_register.take_back(one, user, "ลอง")
    assert sign_in(approver).send(f"{PAGE}undo/", {"id": str(done.id), "reason": "ลอง"}).status_code == 403
    with pytest.raises(OutOfScope):
        gcode_register.get_import("34020000", str(done.id))
    gcode_register.take_back(one, marked, "ผิดไฟล์")
    with pytest.raises(WrongState):
        gcode_register.take_back(one, marked, "อีกครั้ง")
    assert [each.id for _, each in gcode_register.left_of(done)] == [other.id]
    database.gcode_requests.update_one({"_id": other.id}, {"$inc": {"revision": 1}})
    with pytest.raises(WrongState, match="ถูกแก้ไขหลังนำเข้า"):
        gcode_register.take_back(GCodeRequest.objects.get(id=other.id), marked, "ผิดไฟล์")
    database.gcode_requests.update_one({"_id": other.id}, {"$inc": {"revision": -1}})
    assert gcode_register.imports_of(AREA)[0].undone == 1
    browser, asked = sign_in(marked), {"id": str(done.id), "reason": "ผิดไฟล์"}
    browser.send(f"{PAGE}undo/", asked)
    again = browser.send(f"{PAGE}undo/", asked)
    assert "ถูกเลิกทำไปแล้ว" in browser.get(again.location).text
    assert jobs.Job.objects(kind="gcode_register_undo").count() == 1


def test_of_those_who_undo_and_replace_at_once_one_wins(marked, officer, sign_in, times):
    second = person("second", "approver", sensitive=True)
    for at in range(times(2, 20)):
        done = taken_in(sign_in(marked))
        (_, one), *_ = gcode_register.left_of(done)
        deeds = [partial(gcode_register.take_back, one, who, "ผิดไฟล์") for who in (marked, second)]
        with ThreadPoolExecutor(3) as pool:
            tried = [
                pool.submit(deed) for deed in (*deeds, partial(replaced, one, number(), officer, "ได้เลข"))
            ]
        assert [each.exception() is None for each in tried].count(True) == 1
        stored = GCodeRequest.objects.get(id=one.id)
        assert gcode_register.get_import(AREA, str(done.id)).undone == (stored.state == "cancelled"), at
        assert list(verifying.verify()) == []
        GCodeRequest.objects.delete()


def test_whoever_lost_the_right_meanwhile_writes_nothing_of_his_plan(marked, sign_in, database):
    browser = sign_in(marked)
    posted = browser.send(
        PAGE, {"file": (io.BytesIO(WITH_CODE), "x.xlsx")}, content_type="multipart/form-data"
    )
    database.users.update_one({"_id": marked.id}, {"$set": {"grants.0.sensitive": False}})
    asked = {"id": posted.location.partition("id=")[2], "reason": "ลอง"}
    assert browser.get(posted.location).status_code == 403
    assert browser.send(f"{PAGE}apply/", asked).status_code == 403
    assert GCodeRequest.objects.count() == 0


def test_the_plan_of_another_work_is_not_found(approver):
    upload = mapped_files.keep(b"", "ทะเบียน.xlsx", AREA, approver)
    mapped_files.keep_plan(upload, approver, {"kind": "gcode_register", "rows": [], "errors": []})
    assert mapped_files.find(upload, approver, "gcode_register")["_id"] == upload
    with pytest.raises(RuleBroken, match="ไม่พบไฟล์นี้"):
        mapped_files.find(upload, approver, "gcode_exchange")
