"""The area's own file: planned and written school by school by a job, taken up where it was killed, and undone."""

import gc
import io
from types import SimpleNamespace

import pytest

from documents import clock
from documents.background import jobs
from documents.background.job_runs import Cancelled
from documents.database import collection
from documents.errors import Invalid, NotAllowed, RuleBroken, WrongState
from documents.records import imports
from documents.records.imports import Import, get_import, imports_of, undo_import
from documents.records.record import Place
from documents.records.writing import Change, write
from documents.trail.history import AuditEvent
from exports.imports import importing, stored_plans
from exports.imports.importing import apply_plan, plan_file, plan_import
from exports.imports.plan_workbook import plan_workbook
from exports.imports.plans import KINDS
from exports.imports.stored_plans import StoredPlan, StoredRows, find_plan, page_of
from exports.reading.headers import REASON_LABEL
from exports.reading.reading import read_table
from tests import awkward_files as made
from tests.people import AREA, OTHER, ROUND, SCHOOL, YEAR, person, place

HEAD = ["รหัสโรงเรียน", "รหัสโรงอาหาร", "ชื่อโรงอาหาร", "ศาสนาที่ปรุงให้", "ที่นั่ง", "พื้นที่", "วันที่สร้าง", "เปิดใช้"]
TITLE = [["รายงานโรงอาหาร"], ["ข้อมูล ณ วันที่ 10 มิ.ย. 2568"], []]


def row(school, code, name="โรงอาหาร", seats=10):
    return [school, code, name, "พุทธ", seats, 20.5, "10/06/2560", "ใช่"]


@pytest.fixture
def desk(canteens, open_round, teacher, neighbour, officer):
    """An officer's file over both schools: `desk.plan(rows...)`, `desk.done(rows...)` writes it as well."""

    def plan(*rows, user=officer, **options):
        content = made.xlsx([*TITLE, HEAD, *rows])
        return plan_import(canteens, content, "ทั้งเขต.xlsx", user, open_round, **options)

    def done(*rows, user=officer):
        planned = plan(*rows, user=user)
        apply_plan(planned.id, user, "ตามไฟล์กระทรวง", partly=True)
        return planned

    def stored(school=SCHOOL):
        return {one["code"]: one for one in collection(canteens).find(place(school)._asdict())}

    def edit(code, seats, school=SCHOOL, user=teacher):
        one = stored(school)[code]
        change = Change(canteens, place(school), {"seats": seats}, id=one["_id"], revision=one["revision"])
        return write([change], user, "แก้")

    return SimpleNamespace(
        plan=plan, done=done, stored=stored, edit=edit, document=canteens, round=open_round,
        teacher=teacher, neighbour=neighbour, officer=officer,
    )  # fmt: skip


# ---- the plan, by school ----


def test_a_file_of_two_schools_is_told_school_by_school(desk):
    desk.done(row(SCHOOL, "A1"), row(SCHOOL, "A2"), row(SCHOOL, "A3"), row(OTHER, "B1"))
    plan = desk.plan(
        row(SCHOOL, "A1"), row(OTHER, "B1", seats=99999), row(SCHOOL, "A2", seats=55), row(SCHOOL, "A4"),
        row("34019999", "C1"), row(SCHOOL, "A4"),
    )  # fmt: skip
    one, other = plan.schools[SCHOOL], plan.schools[OTHER]
    assert (one.new, one.changed, one.same, one.errors, one.absent) == (1, 1, 1, 1, 1)
    assert (other.new, other.changed, other.same, other.errors, other.absent) == (0, 0, 0, 1, 0)
    assert plan.stray == 1
    assert plan.counts() == {"new": 1, "changed": 1, "same": 1, "errors": 3, "gone": 1}
    [gone] = plan.gone
    assert (gone.id, gone.school_code, gone.headline) == (desk.stored()["A3"]["_id"], SCHOOL, "โรงอาหาร")
    assert set(desk.stored()) == {"A1", "A2", "A3"}, "what is gone from the file stays"


def test_pages_of_a_plan_are_whole_and_in_order(desk):
    rows = [
        row(SCHOOL if at % 2 else OTHER, f"A{at}", seats="มาก" if at % 3 == 0 else 5) for at in range(900)
    ]
    plan = desk.plan(*rows)
    for kind, every in (("errors", plan.errors), ("new", plan.new)):
        paged, page = [], 0
        while len(paged) < len(every):
            found, number = page_of(plan, kind, None, page, 70)
            assert number == len(every)
            assert found, (kind, page)
            paged += found
            page += 1
        assert paged == every
    assert len(page_of(plan, "errors", SCHOOL, 0, 1000)[0]) == plan.schools[SCHOOL].errors
    assert page_of(plan, "errors", SCHOOL, 99, 70)[0] == []


def test_a_key_that_names_a_person_is_masked_among_the_gone(world):
    from documents.dmc.students import Student

    officer = world.people["district"]
    one = collection(Student).find_one({"_id": world.own["students"][0]})
    text = f"รหัสโรงเรียน,เลขประจำตัวประชาชน,บ้านเลขที่\n{SCHOOL},{one['person_id']},99\n"
    plan = plan_import(Student, io.BytesIO(text.encode()), "x.csv", officer, world.round)
    other = collection(Student).find_one({"_id": world.own["students"][1]})
    [gone] = plan.gone
    assert gone.id == other["_id"]
    assert gone.key
    assert other["person_id"] not in str(plan.gone)


def test_the_checked_file_marks_what_is_wrong_and_comes_back_as_it_is(desk):
    rows = [
        row(SCHOOL, "A1", "=1+1"),
        row(SCHOOL, "A2", seats="มาก"),
        row("34019999", "C1"),
        row(SCHOOL, "0007"),
    ]
    plan = desk.plan(*rows)
    table = read_table(plan_workbook(plan), "ตรวจแล้ว.xlsx", HEAD)
    assert table.columns == [*HEAD, REASON_LABEL]
    assert [values[1] for _, values in table.rows] == ["C1", "A2"]
    assert "E ที่นั่ง" in table.rows[1][1][-1]
    content = plan_workbook(plan, every=True)
    again = plan_import(desk.document, content, "x.xlsx", desk.officer, desk.round)
    assert again.unknown == []
    assert sorted(each.headline for each in again.new) == sorted(each.headline for each in plan.new)
    assert [each.values for each in again.new if each.headline == "=1+1"]
    assert b"<f>" not in made_sheet(content)
    assert again.counts()["errors"] == plan.counts()["errors"]


def made_sheet(content):
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


def test_the_checked_file_of_who_lacks_the_mark_has_no_sensitive_cells(desk):
    head, rows = [*HEAD, "ความต้องการพิเศษ"], [[*row(SCHOOL, "A1"), "ออทิสติก"]]
    content = made.xlsx([head, *rows])
    for user, shown in ((desk.officer, False), (desk.teacher, True)):
        plan = plan_import(desk.document, content, "x.xlsx", user, desk.round)
        assert ("ออทิสติก" in str(list(read_table(plan_workbook(plan, True), "x.xlsx", head).rows))) is shown


# ---- the deed ----


class Killed(BaseException):
    """The process ends here."""


def test_a_deed_that_was_killed_goes_on_with_the_schools_that_are_left(desk, monkeypatch):
    many = [row(school, f"A{at}") for school in (SCHOOL, OTHER) for at in range(400)]
    plan = desk.plan(*many)
    job = jobs.Job(id="0" * 24)
    real, calls = importing.note_school, []

    def dies(*given):
        real(*given)
        calls.append(given[1])
        if len(calls) == 2:
            raise Killed

    monkeypatch.setattr(importing, "note_school", dies)
    with pytest.raises(Killed):
        apply_plan(plan.id, desk.officer, "ตามไฟล์", by=job.id)
    collection(StoredPlan).update_one(
        {"_id": plan.id}, {"$set": {"state": "applying"}}
    )  # as a dead process leaves it
    assert (len(desk.stored()), len(desk.stored(OTHER))) == (400, 0), "within a school all or nothing"
    with pytest.raises(RuleBroken, match="กำลังบันทึก"):
        apply_plan(plan.id, desk.officer, "ตามไฟล์")
    monkeypatch.setattr(importing, "note_school", real)
    for _ in range(2):
        apply_plan(plan.id, desk.officer, "ตามไฟล์", by=job.id)
    assert (len(desk.stored()), len(desk.stored(OTHER))) == (400, 400)
    events = collection(AuditEvent).count_documents({"area_code": AREA, "document": desk.document.slug})
    assert events == 800, "nothing is written twice"
    assert sorted(Import.objects(id=plan.id).get().schools) == [SCHOOL, OTHER]


def test_a_school_whose_door_is_shut_is_told_and_the_others_are_written(desk):
    from documents.collecting.moves import move
    from documents.collecting.submissions import find_submission

    plan = desk.plan(row(SCHOOL, "A1"), row(OTHER, "B1"))
    move(find_submission(desk.document.subsystem, place()), "confirm", desk.teacher, reason="ไม่มีข้อมูล")
    outcomes = {one.school_code: one for one in apply_plan(plan.id, desk.officer, "ตามไฟล์")}
    assert "ยืนยันแล้ว" in outcomes[SCHOOL].refusal
    assert outcomes[OTHER].written == 1
    kept = find_plan(plan.id, desk.officer, whole=False)
    assert (kept.done, list(kept.results)) == ([OTHER], [SCHOOL])


# ---- the way back ----


def test_an_undone_import_leaves_what_was_there_before(desk):
    desk.done(row(SCHOOL, "A1", "เดิม", 10), row(OTHER, "B1"))
    before = desk.stored()["A1"]
    plan = desk.done(row(SCHOOL, "A1", "ใหม่", 99), row(SCHOOL, "A2"), row(OTHER, "B2"))
    assert undo_import(plan.id, desk.officer, "ไฟล์ผิด") == {SCHOOL: None, OTHER: None}
    after = desk.stored()["A1"]
    assert set(desk.stored()) == {"A1"}
    assert set(desk.stored(OTHER)) == {"B1"}
    assert {name: after[name] for name in ("name", "seats", "faith", "built")} == {
        name: before[name] for name in ("name", "seats", "faith", "built")
    }
    last = collection(AuditEvent).find_one(
        {"area_code": AREA, "subject": after["_id"]}, sort=[("number", -1)]
    )
    assert (last["via"], last["reason"], last["number"]) == ("undo", "ไฟล์ผิด", after["revision"])


def test_an_undo_is_refused_for_a_school_where_somebody_edited_and_done_for_the_other(desk, database):
    desk.done(row(SCHOOL, "A1"))
    plan = desk.done(row(SCHOOL, "A1", seats=44), row(SCHOOL, "A2"), row(OTHER, "B1"))
    desk.edit("A1", 77)
    before = desk.stored()
    outcomes = undo_import(plan.id, desk.officer, "ไฟล์ผิด")
    assert "1 รายการที่ถูกแก้ไขหลังการนำเข้า โดย ครูหนึ่ง ใจดี" in outcomes[SCHOOL]
    assert (desk.stored(), desk.stored(OTHER)) == (before, {})
    assert database.audit_events.count_documents({"document": "security", "action": "refuse"}) == 1
    with pytest.raises(WrongState, match="ไปแล้ว"):
        undo_import(plan.id, desk.officer, "อีกครั้ง", schools=[OTHER])


def test_two_who_undo_at_once_undo_it_once(desk, monkeypatch):
    plan = desk.done(row(SCHOOL, "A1"))
    real = imports._note_undone

    def overtaken(done, code, actor):
        monkeypatch.setattr(imports, "_note_undone", real)
        collection(Import).update_one(
            {"_id": done.id}, {"$set": {f"schools.{code}.undone_at": clock.real_now()}}
        )
        real(done, code, actor)

    monkeypatch.setattr(imports, "_note_undone", overtaken)
    assert "ไปแล้ว" in undo_import(plan.id, desk.officer, "ไฟล์ผิด")[SCHOOL]
    assert set(desk.stored()) == {"A1"}, "the refused undo took nothing away"


def test_an_undo_asks_who_why_and_when(desk):
    plan = desk.done(row(SCHOOL, "A1"), user=desk.teacher)
    colleague = person("colleague", "school", SCHOOL)
    with pytest.raises(NotAllowed, match="นำเข้าเอง"):
        undo_import(plan.id, colleague, "อยากลบ")
    with pytest.raises(NotAllowed, match="ไม่พบ"):
        undo_import(plan.id, desk.neighbour, "อยากลบ")
    with pytest.raises(NotAllowed, match="ไม่พบ"):
        get_import(person("boss", "executive"), str(plan.id))
    with pytest.raises(Invalid, match="เหตุผล"):
        undo_import(plan.id, desk.officer, " ")
    clock.configure("2025-06-20T09:00:00+07:00")
    assert "ปิดรับข้อมูล" in undo_import(plan.id, desk.teacher, "ไฟล์ผิด")[SCHOOL]
    assert set(desk.stored()) == {"A1"}
    assert [each.id for each in imports_of(desk.teacher, desk.document, desk.round)] == [plan.id]
    assert imports_of(desk.neighbour, desk.document, desk.round) == []


# ---- in the browser ----


def test_an_officer_s_large_file_goes_by_jobs_and_back(world, sign_in, monkeypatch):
    """Upload, plan, deed, list of imports and undo, each by a job; another school's teacher sees his own part alone."""
    from documents.dmc.students import Student
    from views.records import importing as pages

    monkeypatch.setattr(importing, "SMALL_FILE", 10)
    monkeypatch.setattr(importing, "SMALL_DEED", 0)
    monkeypatch.setattr(pages, "SMALL_WORKBOOK", 0)
    browser = sign_in(world.people["district"])
    pupils = [
        collection(Student).find_one({"_id": ids[0]})
        for ids in (world.own["students"], world.near["students"])
    ]
    lines = ["รหัสโรงเรียน,เลขประจำตัวประชาชน,บ้านเลขที่,น้ำหนัก"]
    lines += [f"{one['school_code']},{one['person_id']},๑๒๓/๔," for one in pupils]
    upload = {"file": (io.BytesIO("\n".join([*lines, f"{SCHOOL},1234567890123,1,"]).encode()), "ทั้งเขต.csv")}
    answer = browser.send("/admin/students/import/", upload, content_type="multipart/form-data")
    assert "/import/plan/" in answer.location, answer.text
    plan = browser.get(answer.location)
    assert "แยกตามโรงเรียน" in plan.text
    assert "/import/plan/file/" in plan.text
    assert "รอบ DMC ภาคเรียนที่ 1/2568" in plan.text
    id_ = answer.location.rsplit("=", 1)[1]
    for only in ("errors", "changes", "gone", "shut", "x"):
        for order in ("name", "errors", "absent", "$where"):
            assert browser.get(f"{answer.location}&only={only}&sort={order}").status_code == 200
    for kind in KINDS:
        assert (
            browser.get(f"{answer.location}&show={kind}&school={SCHOOL}&page=99999999999").status_code == 200
        )
    checked = browser.get(f"/admin/students/import/plan/file/?id={id_}")
    assert checked.data[:2] == b"PK"
    form = {"id": id_, "reason": "ตามไฟล์กระทรวง", "partly": "1"}
    done = browser.send("/admin/students/import/apply/", form)
    assert "บันทึกแล้ว" in browser.get(done.location).text
    assert [collection(Student).find_one({"_id": one["_id"]})["revision"] for one in pupils] == [1, 2]
    past = browser.get("/admin/students/import/past/").text
    assert "เลิกทำการนำเข้านี้" in past
    near = sign_in(world.people["neighbour"]).get("/admin/students/import/past/").text
    assert "ทั้งเขต.csv" in near
    assert "เลิกทำการนำเข้านี้" not in near
    assert "ทั้งเขต.csv" not in sign_in(world.people["school"]).get("/admin/students/import/past/").text
    assert "ทั้งเขต.csv" not in sign_in(world.people["far_officer"]).get("/admin/students/import/past/").text
    for who in ("school", "neighbour", "far_officer"):
        sign_in(world.people[who]).send("/admin/students/import/undo/", {"id": id_, "reason": "x"})
    assert collection(Student).find_one({"_id": pupils[1]["_id"]})["revision"] == 2
    browser = sign_in(world.people["district"])
    browser.send("/admin/students/import/undo/", {"id": id_, "reason": "ไฟล์ผิด"})
    back = collection(Student).find_one({"_id": pupils[1]["_id"]})
    assert (back["revision"], back.get("reg_house_no")) == (3, pupils[1].get("reg_house_no"))
    assert "เลิกทำแล้ว" in browser.get("/admin/students/import/past/").text


def test_a_second_run_of_a_plan_s_job_replaces_the_first_s(desk):
    id_ = jobs.Job(id="1" * 24).id
    for rows in ([row(SCHOOL, "A1"), row(OTHER, "B1")], [row(SCHOOL, "A1")]):
        content = made.xlsx([HEAD, *rows])
        plan_file(desk.document, content, "x.xlsx", desk.officer, desk.round, id_=id_)
    plan = find_plan(id_, desk.officer)
    assert (len(plan.new), list(plan.schools)) == (1, [SCHOOL])
    assert Place(AREA, YEAR, ROUND, SCHOOL) == place()


# ---- stopped half-way ----


class Stopped:
    """A job's progress whose owner stops it at the first step, or `at_once`, while the file is read."""

    def __init__(self, at_once=False):
        self.at_once = at_once

    def begin(self, total, unit):
        if self.at_once:
            raise Cancelled

    def say(self, sentence):
        pass

    def at(self, done):
        raise Cancelled


@pytest.mark.parametrize("at_once", [True, False])
def test_a_plan_stopped_half_way_leaves_nothing(desk, at_once):
    content = made.xlsx([HEAD, row(SCHOOL, "A1"), row(OTHER, "B1")])
    with pytest.raises(Cancelled):
        plan_file(desk.document, content, "x.xlsx", desk.officer, desk.round, progress=Stopped(at_once))
    assert collection(StoredPlan).count_documents({}) == 0
    assert collection(StoredRows).count_documents({}) == 0


def test_a_deed_stopped_half_way_leaves_whole_schools_and_goes_on_later(desk):
    rows = [row(SCHOOL, "A1"), row(OTHER, "B1"), row(SCHOOL, "A2"), row(OTHER, "B2")]
    plan = desk.plan(*rows)
    with pytest.raises(Cancelled):
        apply_plan(plan.id, desk.officer, "ตามไฟล์กระทรวง", progress=Stopped())
    assert set(desk.stored()) == {"A1", "A2"}
    assert set(desk.stored(OTHER)) == set()
    stopped = find_plan(plan.id, desk.officer)
    assert (stopped.state, stopped.done, stopped.ready) == ("waiting", [SCHOOL], [OTHER])
    assert set(get_import(desk.officer, plan.id).schools) == {SCHOOL}
    [outcome] = apply_plan(plan.id, desk.officer, "ตามไฟล์กระทรวง")
    assert (outcome.school_code, outcome.written, set(desk.stored(OTHER))) == (OTHER, 2, {"B1", "B2"})
    assert AuditEvent.objects(document=desk.document.slug).count() == 4


def test_a_school_that_was_written_is_held_no_more(desk):
    """The server's collector looks seldom: what holds itself would stay until then, every school's records."""
    plan = desk.plan(row(SCHOOL, "A1"), row(OTHER, "B1"))
    gc.collect()  # what earlier tests left
    gc.disable()
    try:
        apply_plan(plan.id, desk.officer, "ตามไฟล์กระทรวง")
        assert not [one for one in gc.get_objects() if type(one) is importing.AppliedSchool]
    finally:
        gc.enable()


def test_rows_of_many_schools_mixed_are_read_back_by_school(desk, monkeypatch):
    monkeypatch.setattr(stored_plans, "MOST_HELD", 3)
    rows = [row(school, f"{letter}{n}") for n in range(4) for school, letter in ((SCHOOL, "A"), (OTHER, "B"))]
    plan = desk.plan(*rows, row("34019999", "C1"))
    assert {code: school.new for code, school in plan.schools.items()} == {SCHOOL: 4, OTHER: 4}
    kept = list(stored_plans.cells_of(plan))
    assert [(code, number) for code, number, _ in kept] == [
        ("", 13), *((SCHOOL, n) for n in (5, 7, 9, 11)), *((OTHER, n) for n in (6, 8, 10, 12)),
    ]  # fmt: skip
    assert [values[1] for _, _, values in kept] == ["C1", "A0", "A1", "A2", "A3", "B0", "B1", "B2", "B3"]
