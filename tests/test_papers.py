"""Papers: the confirmation sheet on the page and as a PDF, who may have it, and what a code stands for."""

import datetime as dt
from dataclasses import replace

import pytest

from documents import clock
from documents.collecting import locking
from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.dmc.rooms import SchoolRooms
from documents.dmc.students import Student
from documents.records.digests import short_code
from documents.records.writing import Change, write
from documents.trail import papers
from exports.collecting.papers import confirmation_sheet, sheet_pdf
from tests.people import OTHER, person, place
from tests.pupils import pupil

PAGE, PDF = "/admin/papers/confirmation/", "/admin/papers/confirmation/pdf/"


@pytest.fixture
def confirmed(open_round, teacher):
    """The teacher's school with three pupils of ป.4 and two rooms, confirmed."""
    write([Change(SchoolRooms, place(), {"grade": "07", "rooms": 2})], teacher)
    girl = {"sex": "F", "title": "002"}
    write([Change(Student, place(), pupil(**more)) for more in ({}, {}, girl)], teacher)
    return move(find_submission("DMC", place()), "confirm", teacher)


def ask(browser, submission, path=PAGE):
    return browser.get(f"{path}?id={submission.id}")


def check(browser, code):
    return browser.get("/admin/papers/", query_string={"code": code})


@pytest.mark.parametrize("role", ["teacher", "director", "officer", "approver", "executive"])
def test_whoever_may_see_the_school_has_the_sheet(role, sign_in, confirmed, open_round, request):
    browser = sign_in(request.getfixturevalue(role))
    page = ask(browser, confirmed).text
    for words in (
        "บ้านหนึ่ง",
        "DMC ภาคเรียนที่ 1/2568",
        "10 มิถุนายน 2568",
        "ครูหนึ่ง ใจดี",
        short_code(confirmed.digest),
    ):
        assert words in page
    assert ask(browser, confirmed, PDF).data.startswith(b"%PDF")
    assert f"{PAGE}?id={confirmed.id}" in browser.get(f"/admin/submissions/details/?id={confirmed.id}").text


@pytest.mark.parametrize("path", [PAGE, PDF])
def test_nobody_else_has_it(path, sign_in, client, confirmed, neighbour, administrator, database):
    far = person("outsider", "district", area="34020000")
    assert [ask(sign_in(one), confirmed, path).status_code for one in (neighbour, administrator, far)] == [
        403
    ] * 3
    assert ask(client, confirmed, path).status_code == 302
    assert database.audit_events.count_documents({"action": "export"}) == 0


def test_its_totals_are_the_schools(confirmed, open_round):
    sheet = confirmation_sheet(confirmed, open_round)
    seen = [(one.words, one.boys, one.girls, one.pupils, one.rooms) for one in sheet.lines]
    assert seen == [("ป.4", 2, 1, 3, 2), ("รวมประถม", 2, 1, 3, 2), ("รวมทั้งหมด", 2, 1, 3, 2)]
    assert [step[:2] for step in sheet.steps] == [("ยืนยันข้อมูล", "ครูหนึ่ง ใจดี")]


def test_the_pdf_of_the_same_data_is_the_same_and_is_noted(sign_in, teacher, confirmed, database):
    browser = sign_in(teacher)
    first, again = (ask(browser, confirmed, PDF) for _ in range(2))
    assert first.data == again.data
    assert first.headers["Content-Type"] == "application/pdf"
    event = database.audit_events.find_one({"action": "export"})
    assert event["changes"]["what"] == [None, "confirmation"]
    assert event["changes"]["school"] == [None, confirmed.school_code]


def test_a_pdf_of_every_grade_is_one_page_and_a_longer_one_goes_on(confirmed, open_round, caplog):
    sheet = confirmation_sheet(confirmed, open_round)
    whole, longer = (sheet_pdf(replace(sheet, lines=sheet.lines[:1] * rows)) for rows in (23, 45))
    assert [content.count(b"/Type /Page\n") for content in (whole, longer)] == [1, 2]
    assert b"Sarabun" in whole
    assert [one for one in caplog.records if "missing" in one.getMessage()] == []  # a letter the font lacks


def test_before_confirming_there_is_no_sheet(sign_in, teacher, open_round):
    draft = find_submission("DMC", place())
    browser = sign_in(teacher)
    for path in (PAGE, PDF):
        answer = ask(browser, draft, path)
        assert answer.status_code == 409
        assert "ยังไม่ได้ยืนยันข้อมูล" in answer.text
    assert PAGE not in browser.get(f"/admin/submissions/details/?id={draft.id}").text


def test_totals_unlike_the_records_are_refused(sign_in, teacher, confirmed, database):
    database.submissions.update_one({"_id": confirmed.id}, {"$inc": {"counts.m07": 1}})
    assert ask(sign_in(teacher), confirmed).status_code == 409


def test_a_code_says_which_data_it_stands_for(sign_in, officer, confirmed):
    code = short_code(confirmed.digest)
    for typed in (code, code.lower(), code.replace("-", " "), confirmed.digest):
        answer = check(sign_in(officer), typed)
        assert answer.status_code == 200
        assert "บ้านหนึ่ง" in answer.text
        assert "เป็นข้อมูลปัจจุบัน" in answer.text


def test_a_code_is_out_of_date_once_the_data_changed(sign_in, teacher, director, confirmed):
    browser, code = sign_in(teacher), short_code(confirmed.digest)
    move(confirmed, "send_back", director, "แก้ชั้น")
    assert "ต้องยืนยันใหม่" in check(browser, code).text
    write([Change(Student, place(), pupil())], teacher)
    assert "ใช้ไม่ได้" in check(browser, code).text
    again = move(find_submission("DMC", place()), "confirm", teacher)
    page = check(browser, code).text
    assert "ใช้ไม่ได้" in page
    assert short_code(again.digest) in page


def test_a_code_of_an_earlier_version_says_so(
    confirmed, open_round, approver, officer, director, teacher, sign_in
):
    at_first = confirmed.digest[:12]
    locked = move(move(move(confirmed, "certify", director), "verify", officer), "lock", approver)
    again = move(locked, "reopen", approver, "แก้ชั้น", until=clock.now() + dt.timedelta(days=1))
    (one,) = papers.stands_for(officer, at_first)
    assert (one.version, again.version, one.unchanged, one.valid) == (1, 2, True, False)
    assert "เป็นข้อมูลฉบับที่ 1 ซึ่งฉบับที่ 2 ใช้แทนแล้ว" in check(sign_in(officer), at_first).text
    newer = move(again, "confirm", teacher)  # the same records: one digest, two versions
    page = check(sign_in(officer), newer.digest[:12]).text
    assert "เป็นข้อมูลฉบับที่ 1 ซึ่งฉบับที่ 2 ใช้แทนแล้ว" in page
    assert "เป็นข้อมูลปัจจุบัน" in page


def test_codes_are_not_guessed_in_a_row(sign_in, officer, confirmed, database):
    browser = sign_in(officer)
    answers = [check(browser, f"{n:012x}").status_code for n in range(1, 33)]
    assert set(answers[:30]) == {404}
    assert set(answers[30:]) == {429}
    kinds = [row["changes"]["what"][1] for row in database.audit_events.find({"action": "refuse"})]
    assert kinds == ["unknown"] * 20 + ["limit"] * 2
    database.limit_counters.delete_many({})


def test_a_whole_rounds_code_is_known_to_overseers_alone(sign_in, confirmed, open_round, approver, teacher):
    root = locking.lock_round(open_round, approver, "ปิดตามกำหนด").root_hash
    assert "ทั้งรอบ" in check(sign_in(approver), short_code(root)).text
    assert check(sign_in(teacher), short_code(root)).status_code == 404


@pytest.mark.parametrize("name", ["neighbour", "far"])
def test_a_code_of_another_school_or_area_is_as_unknown_as_a_wrong_one(name, sign_in, confirmed, request):
    far = name == "far"
    user = person("far", "district", area="34020000") if far else request.getfixturevalue(name)
    browser = sign_in(user)
    answer, wrong = check(browser, short_code(confirmed.digest)), check(browser, "0000-0000-0000")
    assert answer.status_code == wrong.status_code == 404
    assert "ไม่พบรหัสนี้" in answer.text
    assert "บ้านหนึ่ง" not in answer.text


@pytest.mark.parametrize("typed", ["abc", "zzzz-zzzz-zzzz", ".*", "$ne", "ก" * 500, "<script>", "0" * 13])
def test_what_is_no_code_is_told_so(typed, sign_in, officer, confirmed):
    answer = check(sign_in(officer), typed)
    assert answer.status_code == 422
    assert "12 ตัว" in answer.text
    assert "<script>" + "<" not in answer.text


def test_thai_digits_and_letters_read_wrong_are_understood():
    assert papers.read_code("๑๒๓๔-O0l1-ABCD") == "12340011abcd"
    assert papers.read_code("") is None


def test_the_other_schools_sheet_is_not_reached_by_its_id(sign_in, teacher, open_round):
    assert ask(sign_in(teacher), find_submission("DMC", place(OTHER))).status_code == 403
