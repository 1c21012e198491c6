"""Surveys: made in the browser, filled like any subsystem, through rounds, doors, files and checks of their own."""

import datetime as dt
import io
import re

import pytest
from python_calamine import CalamineWorkbook

from documents.background.jobs import Job
from documents.checking.findings import refresh
from documents.collecting import locking, round_moves, rounds
from documents.collecting.moves import move
from documents.collecting.rounds import Round
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.errors import Invalid, NotAllowed, OutOfScope, RoundLocked, WrongState
from documents.records.carrying import carry_over
from documents.records.codelist_edits import change_value, version_of
from documents.records.completeness import required_of
from documents.records.declarations import declaration
from documents.records.defining import define, stop
from documents.records.field_definitions import FieldDefinition
from documents.records.kinds import Answer, Survey, document_of
from documents.records.record import Place
from documents.records.surveys import change_survey, copy_survey, get_survey, give_round, make_survey
from documents.records.writing import Change, write
from documents.trail.verifying import verify
from exports.collecting.round_workbook import round_workbook
from exports.imports.importing import apply_plan, plan_import
from tests import awkward_files as made
from tests.people import AREA, OTHER, SCHOOL, YEAR, person, utc
from tests.test_added_fields import said
from tests.test_record_view import form_of

SLUG = f"{AREA}-water"
GRID = "/admin/surveys/water/"
FIRST, LAST = dt.date(2025, 6, 1), dt.date(2025, 6, 10)
HERE = Place(AREA, YEAR, "water-1", SCHOOL)
FIELDS = [
    said("taps", label="จำนวนก๊อกน้ำดื่ม", unit="จุด", high="100", required="1"),
    said("source", "choice", label="แหล่งน้ำดื่ม", codelist="RELIGION", required="1"),
    said("tested", "date", label="วันที่ตรวจน้ำ"),
    said("safe", "flag", label="น้ำผ่านเกณฑ์"),
    said("note", "text", label="หมายเหตุ"),
]
TYPED = {"x_taps": "4", "x_source": "001", "x_tested": "01/06/2568", "x_safe": "1", "x_note": "=ดี"}


@pytest.fixture
def survey(area, administrator):
    """A survey of one answer a school, with its five fields."""
    made_ = make_survey(AREA, {"key": "water", "name": "สำรวจน้ำดื่ม", "single": "1"}, administrator)
    for each in FIELDS:
        define(AREA, SLUG, each, administrator)
    return made_


def opened(draft, officer, executive, approver):
    """A draft round, taken the way of every round."""
    proposed = round_moves.propose(draft, officer, "ขอเปิด")
    return round_moves.open_round(
        round_moves.record_order(proposed, executive, "1", utc(1), "ดำเนินการ"), approver
    )


@pytest.fixture
def open_survey(survey, administrator, officer, executive, approver):
    """Its round, open."""
    return opened(give_round(survey, YEAR, FIRST, LAST, administrator), officer, executive, approver)


def test_a_survey_is_filled_checked_handed_in_exported_and_locked(
    open_survey, teacher, neighbour, director, officer, approver, sign_in, database
):
    browser = sign_in(teacher)
    assert (open_survey.label, open_survey.subsystem) == (f"{YEAR}-1", SLUG)
    assert "สำรวจน้ำดื่ม" in browser.get("/admin/").text
    typed = form_of(browser.get(f"{GRID}new/").text)
    assert set(TYPED) <= set(typed)
    assert "number" not in typed
    refused = browser.send(f"{GRID}new/", typed | TYPED | {"x_taps": "101"})
    assert (refused.status_code, "ต้องไม่เกิน 100" in refused.text) == (422, True)
    answer = browser.send(f"{GRID}new/", typed | {"x_note": "ยังไม่ครบ"})
    assert answer.status_code == 302, answer.text
    submission = find_submission(SLUG, HERE)
    assert (submission.counts[SLUG], submission.counts["incomplete"]) == (1, 1)
    refresh(submission)
    assert [row["sentence"] for row in database.findings.find()] == ["ยังไม่กรอก: จำนวนก๊อกน้ำดื่ม, แหล่งน้ำดื่ม"]
    again = browser.send(f"{GRID}new/", typed | TYPED)
    assert again.status_code in (302, 422)
    assert collection(Answer).count_documents({}) == 1
    row = collection(Answer).find_one({})
    edit = f"{GRID}edit/?id={row['_id']}"
    assert browser.send(edit, form_of(browser.get(edit).text) | TYPED).status_code == 302
    row = collection(Answer).find_one({})
    assert (row["x_taps"], row["x_note"], row["number"], row["round"]) == (4, "=ดี", 1, "water-1")
    for path in ("", f"details/?id={row['_id']}", f"history/?id={row['_id']}", f"sheet/?id={row['_id']}"):
        page = browser.get(GRID + path)
        assert page.status_code in (200, 302), path
    assert "จำนวนก๊อกน้ำดื่ม" in browser.get(f"{GRID}sheet/?id={row['_id']}").text
    # nothing of it for the other school, by any address; nothing at all for an unknown key
    other = sign_in(neighbour)
    for path in (f"edit/?id={row['_id']}", f"details/?id={row['_id']}", f"history/?id={row['_id']}"):
        assert other.get(GRID + path).status_code == 404
    for path in ("?sort=0", f"?sort=0&school={SCHOOL}", "export/csv/", f"export/csv/?school={SCHOOL}"):
        assert "=ดี" not in other.get(GRID + path).text
    assert browser.get("/admin/surveys/none/").status_code == 404
    assert sign_in(person("stranger", "school", "34020001", area="34020000")).get(GRID).status_code == 404
    # a file out and in again
    desk = sign_in(officer)
    book = desk.get(f"{GRID}export/xlsx/?sort=0")
    plan = plan_import(document_of(SLUG), book.data, "ออก.xlsx", teacher, open_survey)
    assert (plan.counts()["same"], plan.counts()["errors"]) == (1, 0), plan.errors
    head = ["รหัสโรงเรียน", "จำนวนก๊อกน้ำดื่ม", "แหล่งน้ำดื่ม"]
    plan = plan_import(
        document_of(SLUG), made.xlsx([head, [OTHER, 9, "พุทธ"]]), "อีกโรงเรียน.xlsx", neighbour, open_survey
    )
    apply_plan(plan.id, neighbour)
    assert collection(Answer).find_one({"school_code": OTHER})["x_taps"] == 9
    # the whole way of a submission, the board, the lock, the workbook
    submission = find_submission(SLUG, HERE)
    for step, who in (("confirm", teacher), ("certify", director), ("verify", officer)):
        submission = move(submission, step, who)
    locked = locking.lock_round(open_survey, approver, "หมดเวลา")
    with pytest.raises(RoundLocked):
        write(
            [Change(document_of(SLUG), HERE, {"x_taps": 5}, id=row["_id"], revision=row["revision"])], teacher
        )
    workbook = round_workbook(locked)
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(workbook))
    table = sheets.get_sheet_by_name("สำรวจน้ำดื่ม").to_python()
    assert ("จำนวนก๊อกน้ำดื่ม" in table[0], len(table)) == (True, 3)
    define(AREA, SLUG, said("late", label="มาทีหลัง"), person("admin2", "admin"))
    assert round_workbook(Round.objects(id=locked.id).get()) == workbook
    assert list(verify(AREA)) == []


def test_a_survey_of_many_rows_numbers_them_and_matches_a_file_by_number(
    area, administrator, officer, executive, approver, teacher, sign_in
):
    survey = make_survey(AREA, {"key": "trips", "name": "การเดินทาง"}, administrator)
    define(AREA, survey.slug, said("km", label="ระยะทาง"), administrator)
    round_ = opened(give_round(survey, YEAR, FIRST, LAST, administrator), officer, executive, approver)
    browser, grid = sign_in(teacher), "/admin/surveys/trips/"
    for number in (1, 2):
        typed = form_of(browser.get(f"{grid}new/").text)
        assert typed["number"] == str(number)
        assert browser.send(f"{grid}new/", typed | {"x_km": str(number * 10)}).status_code == 302
    doubled = browser.send(f"{grid}new/", typed | {"x_km": "9"})
    assert (doubled.status_code, "ลำดับที่" in doubled.text) == (422, True)
    assert "ลำดับที่ 2" in browser.get(grid).text
    cell = collection(Answer).find_one({"number": 2})
    asked = {"pk": str(cell["_id"]), "name": "x_km", "value": "25", "revision": cell["revision"]}
    assert browser.send(f"{grid}ajax/update/", asked).json["shown"] == "25"
    head = ["รหัสโรงเรียน", "ลำดับที่", "ระยะทาง"]
    plan = plan_import(
        document_of(survey.slug),
        made.xlsx([head, [SCHOOL, 2, 26], [SCHOOL, 3, 30]]),
        "ก.xlsx",
        teacher,
        round_,
    )
    assert (plan.counts()["changed"], plan.counts()["new"], plan.counts()["gone"]) == (1, 1, 1)
    apply_plan(plan.id, teacher)
    assert sorted(row["x_km"] for row in collection(Answer).find({})) == [10, 26, 30]


def test_two_surveys_in_one_collection_never_meet(
    open_survey, administrator, officer, executive, approver, teacher, sign_in
):
    other = make_survey(AREA, {"key": "fire", "name": "ถังดับเพลิง", "single": "1"}, administrator)
    define(AREA, other.slug, said("taps", label="จำนวนถัง"), administrator)
    round_ = opened(give_round(other, YEAR, FIRST, LAST, administrator), officer, executive, approver)
    write([Change(document_of(SLUG), HERE, {"x_taps": 1, "x_source": "001"})], teacher)
    write([Change(document_of(other.slug), HERE._replace(round=round_.code), {"x_taps": 7})], teacher)
    desk = sign_in(officer)
    assert "จำนวนถัง" in desk.get("/admin/surveys/fire/?sort=0").text
    for key, shown, hidden in (("water", "1", "7"), ("fire", "7", "1")):
        lines = desk.get(f"/admin/surveys/{key}/export/csv/").text.splitlines()
        assert len(lines) == 2
        assert shown in lines[1].split(",")
        assert hidden not in lines[1].split(",")


def test_an_answer_opens_at_no_other_surveys_address(
    open_survey, administrator, officer, executive, approver, teacher, sign_in
):
    """There its fields would be of other classes: what is sensitive here may be declared plain."""
    other = make_survey(AREA, {"key": "water2", "name": "ถังดับเพลิง", "single": "1"}, administrator)
    define(AREA, other.slug, said("note", "text", label="หมายเหตุ"), administrator)
    opened(give_round(other, YEAR, FIRST, LAST, administrator), officer, executive, approver)
    made = write([Change(document_of(SLUG), HERE, dict(TYPED))], teacher)[0]
    browser, stored = sign_in(teacher), collection(Answer).find_one({"_id": made.id})
    for page in ("details", "edit", "history", "sheet", "sheet/pdf"):
        assert browser.get(f"{GRID}{page}/?id={made.id}").status_code == 200, page
        assert browser.get(f"/admin/surveys/water2/{page}/?id={made.id}").status_code == 404, page
    deeds = {
        "reveal": {"name": "x_note"},
        "ajax/update": {"pk": str(made.id), "name": "x_note", "value": "อื่น", "revision": "1"},
        f"edit/?id={made.id}": {"x_note": "อื่น", "revision": "1"},
        "delete": {"revision": "1"},
        "action": {"action": "delete", "rowid": str(made.id)},
    }
    for name, sent in deeds.items():
        address = f"/admin/surveys/water2/{name}{'' if '?' in name else '/'}"
        assert browser.send(address, {"id": str(made.id)} | sent).status_code in (302, 404), name
    assert collection(Answer).find_one({"_id": made.id}) == stored
    assert browser.send(f"{GRID}reveal/", {"id": str(made.id), "name": "x_note"}).json == {"value": "=ดี"}


def test_a_question_that_must_be_answered_counts_nothing_anew_before_there_is_a_round(
    survey, administrator, sign_in
):
    new = f"/admin/fields/new/?document={SLUG}&year={YEAR}"
    answer = sign_in(administrator).send(new, said("must", required="1") | {"more": "1"})
    assert (answer.status_code, answer.location.startswith("/admin/fields/new/")) == (303, True)
    assert "x_must" in required_of(document_of(SLUG), AREA, YEAR)
    assert Job.objects.count() == 0


def test_a_survey_without_fields_cannot_be_opened(area, administrator, officer, executive, approver):
    bare = make_survey(AREA, {"key": "bare", "name": "ว่าง", "single": "1"}, administrator)
    with pytest.raises(WrongState, match="ยังไม่มีช่องคำถาม"):
        give_round(bare, YEAR, FIRST, LAST, administrator)
    field = define(AREA, bare.slug, said("one"), administrator)
    draft = give_round(bare, YEAR, FIRST, LAST, administrator)
    collection(FieldDefinition).update_one({"_id": field.id}, {"$set": {"first_year": YEAR + 1}})
    from documents.database import in_transaction
    from documents.records.declarations import count_up

    in_transaction(count_up)
    with pytest.raises(WrongState, match="ไม่มีช่องคำถาม"):
        opened(draft, officer, executive, approver)


def test_last_years_survey_is_copied_with_its_fields(survey, administrator, sign_in):
    copied = copy_survey(survey, {"key": "water69", "name": "สำรวจน้ำดื่ม 2569"}, YEAR + 1, administrator)
    document = document_of(copied.slug)
    assert declaration(document, AREA, YEAR).added == ()
    assert declaration(document, AREA, YEAR + 1).added == tuple(f"x_{each['key']}" for each in FIELDS)
    assert (copied.single, document.label) == (True, "สำรวจน้ำดื่ม 2569")
    browser = sign_in(administrator)
    assert "สำรวจน้ำดื่ม 2569" in browser.get("/admin/surveys/").text
    asked = {"id": copied.id, "year": YEAR + 1, "first": "01/06/2569", "last": "31/05/2569"}
    assert f'<option value="{YEAR + 1}">' in browser.get(f"/admin/surveys/edit/?id={copied.id}").text
    refused = browser.send("/admin/surveys/round/", asked)
    assert refused.status_code == 422
    for typed in ('value="สำรวจน้ำดื่ม 2569"', 'value="01/06/2569"'):
        assert typed in refused.text
    assert browser.send("/admin/surveys/round/", asked | {"last": "30/06/2569"}).status_code == 303
    assert Round.objects.get(subsystem=copied.slug).academic_year == YEAR + 1


@pytest.mark.parametrize(
    ("wrong", "name"),
    [({"key": "new"}, "key"), ({"key": "a-b"}, "key"), ({"key": "../x"}, "key"), ({"key": "น้ำ"}, "key"),
     ({"key": "water"}, "key"), ({"name": " "}, "name"), ({"name": "ก" * 101}, "name")],
)  # fmt: skip
def test_a_survey_that_cannot_be_is_refused(wrong, name, survey, administrator):
    with pytest.raises(Invalid) as refusal:
        make_survey(AREA, {"key": "fresh", "name": "ใหม่"} | wrong, administrator)
    assert list(refusal.value.errors[0]) == [name]
    assert Survey.objects.count() == 1


def test_only_the_areas_administrator_makes_surveys(survey, officer, teacher, administrator, sign_in):
    far = person("far", "admin", area="34020000")
    for other in (officer, teacher, far):
        with pytest.raises(NotAllowed):
            make_survey(AREA, {"key": "mine", "name": "ของฉัน"}, other)
        with pytest.raises(OutOfScope):
            get_survey(other, survey.id)
    with pytest.raises(NotAllowed):
        give_round(survey, YEAR, FIRST, LAST, teacher)
    with pytest.raises(NotAllowed):
        define(AREA, SLUG, said("mine"), far)
    for browser, closed in ((sign_in(officer), 403), (sign_in(teacher), 403), (sign_in(far), 404)):
        assert browser.get(f"/admin/surveys/edit/?id={survey.id}").status_code == closed
        assert browser.send("/admin/surveys/round/", {"id": str(survey.id)}).status_code == closed
        assert (
            browser.send(
                "/admin/surveys/edit/", {"id": str(survey.id), "name": "อื่น", "revision": "1"}
            ).status_code
            == closed
        )
    assert sign_in(administrator).get(GRID).status_code == 403
    assert Survey.objects.get().name == "สำรวจน้ำดื่ม"
    assert Round.objects.count() == 0


def test_a_survey_asked_again_may_begin_with_what_schools_answered_last(
    open_survey, survey, administrator, officer, executive, approver, teacher, sign_in
):
    answer = Change(document_of(SLUG), HERE, {name: value for name, value in TYPED.items()})
    write([answer], teacher)
    note = FieldDefinition.objects.get(key="note")
    stop(note, YEAR - 1, administrator, note.revision)
    again = opened(give_round(survey, YEAR, FIRST, LAST, administrator), officer, executive, approver)
    done, _ = carry_over(again, officer)
    assert sum(done.values()) == 1
    first, second = (collection(Answer).find_one({"round": code}) for code in (open_survey.code, again.code))
    assert {name: second.get(name) for name in TYPED} == {name: first[name] for name in TYPED} | {
        "x_note": None
    }
    assert (second["reviewed"], second["lineage"]) == (False, first["lineage"])
    browser = sign_in(teacher)
    browser.get(f"/admin/choose/?round={again.id}")
    assert f"/admin/surveys/water/?school={SCHOOL}" in browser.get("/admin/").text
    assert browser.get(f"/admin/surveys/water/?school={SCHOOL}").location.endswith(
        f"edit/?id={second['_id']}"
    )
    assert carry_over(again, officer) == ({}, 0)


def test_who_reads_in_english_reads_the_names_an_area_gave_in_english(
    open_survey, administrator, teacher, sign_in
):
    change_survey(Survey.objects.get(), {"name": "สำรวจน้ำดื่ม", "name_en": "Drinking water"}, administrator, 1)
    options = "คลองชลประทาน | Canal\n น้ำซับ|\nคลองชลประทาน | Canal"
    define(AREA, SLUG, said("origin", "choice", codelist="", options=options), administrator)
    browser = sign_in(teacher)
    browser.send("/reading", {"language": "en"})
    page = browser.get(f"{GRID}new/").text
    assert "Drinking water" in page
    assert "Field taps" in page
    assert re.findall(r'<option value="0\d">(Canal|น้ำซับ)</option>', page) == ["Canal", "น้ำซับ"]
    name = f"X_{AREA}_WATER_ORIGIN"
    value = {"label": "น้ำซับ", "label_en": "Spring"}
    change_value(AREA, name, "02", administrator, value, "มีคำอังกฤษแล้ว", version_of(AREA, name))
    assert ">Spring</option>" in browser.get(f"{GRID}new/").text
    assert "จำนวนก๊อกน้ำดื่ม" not in page


def test_a_survey_is_retired_once_no_round_is_under_way_and_comes_back(
    survey, administrator, officer, executive, approver, teacher, sign_in
):
    draft = give_round(survey, YEAR, FIRST, LAST, administrator)
    browser, page = sign_in(administrator), f"/admin/surveys/edit/?id={survey.id}"

    def press(retired, reason="เลิกเก็บข้อมูลนี้"):
        fresh = get_survey(administrator, survey.id)
        sent = {"id": survey.id, "revision": fresh.revision, "retired": retired, "reason": reason}
        return browser.send("/admin/surveys/retire/", sent)

    assert press("1", reason=" ").status_code == 422
    assert press("1").status_code == 303
    for deed in (
        lambda: give_round(get_survey(administrator, survey.id), YEAR, FIRST, LAST, administrator),
        lambda: round_moves.propose(draft, officer, "ขอเปิด"),
    ):
        with pytest.raises(WrongState, match="เลิกใช้แล้ว"):
            deed()
    assert "เลิกใช้แล้ว" in browser.get("/admin/surveys/").text
    assert "นำกลับมาใช้" in browser.get(page).text
    assert press("0", reason="เก็บอีกปี").status_code == 303
    opened(draft, officer, executive, approver)
    answer = press("1")
    assert answer.status_code == 409
    assert "ยังดำเนินการอยู่" in answer.text
    locking.lock_round(rounds.find_round(AREA, survey.slug, YEAR, draft.code), approver, "ไม่มีผู้ตอบ")
    link = f'href="/admin/surveys/{survey.key}/'
    assert link in sign_in(teacher).get("/admin/").text
    assert press("1").status_code == 303
    assert link not in sign_in(teacher).get("/admin/").text
    assert sign_in(teacher).get(f"/admin/surveys/{survey.key}/?sort=0").status_code == 200
