"""A round's files: who may take which, what is in them, and that taking is noted."""

import io

import pytest
from python_calamine import CalamineWorkbook

from documents.collecting import locking
from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.dmc.students import Student
from documents.records.writing import Change, write
from tests.people import person, place
from tests.test_record_view import pupil

PAGES_OF_A_ROUND = (
    "/admin/rounds/files/", "/admin/rounds/export/xlsx/", "/admin/rounds/details/", "/admin/rounds/letters/",
    "/admin/summaries/",
)  # fmt: skip


@pytest.fixture
def stored(open_round, teacher):
    """Two pupils of one school."""
    write([Change(Student, place(), pupil()), Change(Student, place(), pupil(first_name="ณิชา"))], teacher)
    return open_round


@pytest.fixture
def locked(stored, approver):
    """The same round, locked."""
    return locking.lock_round(stored, approver, "ปิดตามกำหนด")


def take(browser, round_, what="workbook"):
    return browser.get(f"/admin/rounds/export/xlsx/?id={round_.id}&what={what}")


def words(content):
    """Every text of every sheet of a workbook."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return book.sheet_names, " ".join(
        str(cell)
        for name in book.sheet_names
        for row in book.get_sheet_by_name(name).to_python()
        for cell in row
    )


@pytest.mark.parametrize("role", ["officer", "approver"])
def test_officers_take_the_workbook_and_it_is_noted(role, sign_in, stored, request, database):
    user = request.getfixturevalue(role)
    answer = take(sign_in(user), stored)
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "2568-1-DMC" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    _, text = words(answer.data)
    assert "ณิชา" in text
    event = database.audit_events.find_one({"action": "export"})
    assert event["actor"] == user.id
    assert event["changes"]["what"] == [None, "workbook"]
    assert event["changes"]["rows"] == [None, 2]
    page = sign_in(user).get(f"/admin/rounds/files/?id={stored.id}").text
    assert user.name in page


def test_an_executive_gets_counts_without_persons(sign_in, executive, stored):
    browser = sign_in(executive)
    page = browser.get(f"/admin/rounds/files/?id={stored.id}").text
    assert "รายงานจำนวนนักเรียน" in page
    assert "what=workbook" not in page
    assert take(browser, stored).status_code == 403
    answer = browser.get(f"/admin/rounds/export/xlsx/?id={stored.id}")
    names, text = words(answer.data)
    assert len(names) == 1
    assert "บ้านหนึ่ง" in text
    assert "ณิชา" not in text
    assert pupil()["person_id"][:6] not in text


@pytest.mark.parametrize("role", ["teacher", "director", "administrator"])
def test_nobody_else_has_the_page(role, sign_in, stored, request):
    browser = sign_in(request.getfixturevalue(role))
    assert browser.get(f"/admin/rounds/files/?id={stored.id}").status_code == 403
    assert take(browser, stored).status_code == 403
    assert take(browser, stored, "report").status_code == 403


def test_a_stranger_is_sent_to_sign_in(client, stored):
    assert take(client, stored).status_code == 302


def test_another_areas_officer_gets_nothing(sign_in, stored, database):
    browser = sign_in(person("outsider", "district", area="34020000"))
    for path in PAGES_OF_A_ROUND:
        there, nowhere = browser.get(f"{path}?id={stored.id}"), browser.get(f"{path}?id={'0' * 24}")
        assert (there.status_code, nowhere.status_code) == (404, 404), path
        assert "ไม่พบรอบนี้ในเขตของท่าน" in there.text
        assert "ไม่พบรอบนี้ในเขตของท่าน" in nowhere.text
    assert database.audit_events.count_documents({"action": "export"}) == 0


@pytest.mark.parametrize("what", ["workbook", "report"])
def test_a_locked_rounds_files_are_the_same_to_the_byte(what, sign_in, officer, locked):
    browser = sign_in(officer)
    assert take(browser, locked, what).data == take(browser, locked, what).data
    assert "ล็อกแล้ว" in browser.get(f"/admin/rounds/files/?id={locked.id}").text


def test_a_round_with_a_school_open_again_is_refused(sign_in, officer, approver, locked, database):
    import datetime as dt

    from documents import clock

    submission = find_submission("DMC", place())
    move(submission, "reopen", approver, "แก้ชั้น", until=clock.now() + dt.timedelta(days=3))
    browser = sign_in(officer)
    answer = take(browser, locked)
    assert answer.status_code == 409
    assert "เปิดคืน" in answer.text
    assert "เปิดคืน" in browser.get(f"/admin/rounds/files/?id={locked.id}").text
    assert database.audit_events.count_documents({"action": "export"}) == 0


def test_a_draft_has_no_files(sign_in, officer, draft_round):
    browser = sign_in(officer)
    assert "ยังไม่เปิดรับข้อมูล" in browser.get(f"/admin/rounds/files/?id={draft_round.id}").text
    assert take(browser, draft_round).status_code == 409


def test_an_officer_without_the_mark_gets_blank_sensitive_columns(sign_in, officer, stored):
    marked = person("marked", "district", sensitive=True)
    _, without = words(take(sign_in(officer), stored).data)
    _, with_ = words(take(sign_in(marked), stored).data)
    assert "28.5" not in without
    assert "28.5" in with_


@pytest.mark.parametrize("query", ["", "id=", "id=xyz", "id=%00", "id=" + "0" * 24])
def test_odd_addresses_are_answered(query, sign_in, officer, stored):
    browser = sign_in(officer)
    for path in PAGES_OF_A_ROUND:
        answer = browser.get(f"{path}?{query}")
        assert answer.status_code == 404, path
        assert "กรุณาเลือกรอบจากรายการ" in answer.text


def test_an_unknown_file_is_not_found(sign_in, officer, stored):
    assert take(sign_in(officer), stored, "secrets").status_code == 404


def test_counts_of_the_page_are_the_rounds(sign_in, officer, stored):
    html = sign_in(officer).get(f"/admin/rounds/files/?id={stored.id}").text
    assert "2 โรงเรียน" in html


@pytest.mark.parametrize("role", ["officer", "executive"])
def test_the_round_and_the_control_room_lead_to_the_files(role, sign_in, stored, request):
    browser = sign_in(request.getfixturevalue(role))
    link = f"/admin/rounds/files/?id={stored.id}"
    assert link in browser.get(f"/admin/rounds/details/?id={stored.id}").text
    assert link in browser.get("/admin/control-room/").text
