"""What boards and home pages show comes from maintained counts: once what changed was looked at, no record is read."""

import pytest

from documents import subsystems
from documents.checking import freshening
from documents.checking.findings import Checkup, refresh
from documents.collecting.submissions import find_submission
from documents.database import collection
from documents.dmc.students import Student
from documents.records.completeness import missing_of
from documents.records.writing import Change, write
from tests.explaining import shown
from tests.people import AREA, OTHER, SCHOOL, place
from tests.pupils import pupil

LACKING = {"first_name": "กานต์", "last_name": "ใจดี", "sex": "M", "grade": "07"}


@pytest.fixture
def looked(open_round, teacher, neighbour):
    """Pupils of two schools, one of whom lacks most; their area was looked over."""
    write(
        [Change(Student, place(), pupil(person_id="1100000000008")), Change(Student, place(), LACKING)],
        teacher,
    )
    write([Change(Student, place(OTHER), pupil(birth_date="10/06/2555"))], neighbour)
    assert freshening.run_due() == {AREA: 2}


def read_by(commands):
    """Names of the kinds of record that commands begin to read with, but for those of a list's rows by their ids."""
    kept = {document._get_collection_name() for document in subsystems()}
    whole = [command for command in commands if '"_id"' not in shown(command.get("filter", {}))]
    return sorted({command[next(iter(command))] for command in whole} & kept)


def own_page():
    return f"/admin/submissions/details/?id={find_submission('DMC', place()).id}"


PAGES = {
    "teacher": ["/admin/", own_page],
    "director": ["/admin/", own_page],
    "officer": [
        "/admin/",
        "/admin/control-room/",
        "/admin/findings/",
        "/admin/money/",
        "/admin/submissions/",
        own_page,
    ],
    "approver": ["/admin/", "/admin/control-room/", "/admin/findings/"],
    "executive": ["/admin/", "/admin/control-room/", "/admin/findings/"],
}


@pytest.mark.parametrize("role", list(PAGES))
def test_boards_and_home_pages_read_no_record(role, looked, sign_in, explains, request):
    browser = sign_in(request.getfixturevalue(role))
    for page in PAGES[role]:
        address = page if isinstance(page, str) else page()
        with explains() as asked:
            assert browser.get(address).status_code == 200, address
        assert len(asked.commands) > 3
        assert read_by(asked.commands) == [], address


def test_the_list_of_findings_asks_only_about_schools_written_in_since(
    looked, teacher, officer, sign_in, explains
):
    browser = sign_in(officer)
    with explains() as asked:
        browser.get("/admin/findings/")
    assert "check_settings" not in {command.get("aggregate") for command in asked.commands}
    write([Change(Student, place(), pupil(birth_date="10/06/2555", person_id="1100000000016"))], teacher)
    before = collection(Checkup).find_one({"school_code": SCHOOL})["writes"]
    browser.get("/admin/findings/")
    assert collection(Checkup).find_one({"school_code": SCHOOL})["writes"] == before + 1


def test_what_is_missing_is_kept_with_the_findings_and_counted_where_it_was_not(looked, teacher, sign_in):
    submission = find_submission("DMC", place())
    kept = refresh(submission)["missing"]
    assert kept["students"]["person_id"] == 1
    assert kept == missing_of(submission).by_field
    told = sign_in(teacher).get("/admin/").get_data(as_text=True)
    collection(Checkup).update_many({}, {"$unset": {"missing": ""}})
    assert "เลขประจำตัวประชาชน" in told
    again = sign_in(teacher).get("/admin/").get_data(as_text=True)
    assert again.count("เลขประจำตัวประชาชน") == told.count("เลขประจำตัวประชาชน")
