"""Abuse case 40: addresses, refusals, log lines, file names, notices, mails and jobs tell no number of a person.

The addresses and refusals of every route are looked through as each role by the walk of test_routes.py, too.
"""

import io
import logging

import pytest

from admin_app import discretion
from documents.checking import findings
from documents.collecting import moves
from documents.collecting.submissions import find_submission
from documents.dmc import id_changes, transfers
from documents.dmc.students import Student
from documents.formats.citizen_id import format_id
from documents.records.writing import Change, write
from tests.discreet import leaks, numbers_of, told_of
from tests.districts import bring
from tests.people import OTHER, SCHOOL, place
from tests.pupils import number, pupil
from tests.test_id_changes import PDF

# Where numbers of persons belong: records and their history, requests while they wait, what was typed a moment ago.
THEIR_PLACE = {
    "students",
    "staff",
    "gcode_requests",
    "id_changes",
    "audit_events",
    "sessions",
    "import_plans",
}


@pytest.fixture
def said():
    """Everything the log says meanwhile, as its handlers write it."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(discretion.Discreet(logging.Formatter("%(name)s %(message)s")))
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield out.getvalue
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def two(open_round, teacher, neighbour):
    """A pupil of each school."""
    own, theirs = (
        write([Change(Student, place(school), pupil())], who)[0]
        for school, who in ((SCHOOL, teacher), (OTHER, neighbour))
    )
    return [Student.objects(id=each.id).get() for each in (own, theirs)]


def test_a_number_that_was_sent_comes_back_in_no_refusal_address_or_log_line(two, sign_in, teacher, said):
    """Whatever is asked with it: another's pupil, a page there is not, a word to search, a form that is refused."""
    browser, numbers = sign_in(teacher), numbers_of()
    theirs, typed = two[1].person_id, format_id(two[1].person_id)
    asked = [
        "/admin/students/details/?id={0}", "/admin/students/edit/?id={0}", "/admin/students/history/?id={0}", "/{0}",
        "/admin/{0}/", "/admin/students/{0}/", "/admin/students/?search={0}", "/admin/students/?flt0_first_name_has={0}",
        "/admin/students/export/{0}/", "/admin/students/sheet/?id={0}", "/admin/audit/?actor={0}", "/admin/audit/details/?id={0}",
        "/admin/audit/access/?learner={0}&mark={0}", "/admin/audit/access/?after={0}", "/admin/jobs/?id={0}", "/admin/pictures/?id={0}",
        "/admin/transfers/details/?id={0}", "/admin/id-changes/evidence/?id={0}", "/admin/papers/?code={0}", "/account/notice/?x={0}",
        "/admin/gcode/details/?id={0}",
    ]  # fmt: skip
    for path in asked:
        answer = browser.get(path.format(theirs))
        given = told_of(numbers, path.format(theirs))
        page_itself = (
            answer.status_code == 200
        )  # a page may offer its own address again, but says it to nobody else
        assert not [one for one in leaks(answer, numbers) if not (page_itself and one[1] <= given)], path
    sent = [
        ("/admin/students/reveal/", {"id": theirs, "name": theirs}), ("/admin/students/search/", {"search": typed}),
        ("/admin/audit/access/learner/", {"number": typed}), ("/admin/transfers/new/", {"number": typed, "school": SCHOOL, "do": "find"}),
        ("/admin/students/delete/", {"id": theirs}), ("/admin/students/ajax/update/", {"pk": theirs, "name": "room", "value": theirs}),
        ("/admin/id-changes/step/", {"id": theirs, "step": "approve"}), ("/account/notice/", {"version": theirs}),
    ]  # fmt: skip
    for path, form in sent:
        assert not leaks(browser.send(path, form), numbers), path
    assert not told_of(numbers, said())


def test_what_is_stored_beside_the_records_tells_no_number(
    two, sign_in, teacher, neighbour, officer, director, database
):
    """After a move asked for, a number changed, files taken by a job, data returned: notices, mails, jobs, requests, logs."""
    own, theirs = two
    typed = {"student_no": "1", "grade": "07", "room": "1", "admission_date": "02/06/2568"}
    transfers.ask(place(), theirs.person_id, typed, teacher, "ย้ายตามผู้ปกครอง")
    bring(find_submission("DMC", place(OTHER)), "confirm")
    moves.move(find_submission("DMC", place(OTHER)), "unconfirm", neighbour)
    plain = database.students.find_one({"_id": theirs.id})
    new = number()
    case = id_changes.ask(plain, new, new, "I", PDF, neighbour, "พิมพ์ผิด")
    id_changes.answer(case, "approve", officer)
    browser = sign_in(teacher)
    for path in (f"details/?id={own.id}", f"sheet/pdf/?id={own.id}&full=1", "export/xlsx/", "export/csv/"):
        answer = browser.get(f"/admin/students/{path}")
        assert answer.status_code == 200
        assert not leaks(answer, numbers_of())
    browser.send("/admin/students/reveal/", {"id": own.id, "name": "person_id"})
    findings.refresh(find_submission("DMC", place()))
    numbers = numbers_of() | {plain["person_id"], new}
    for name in sorted(set(database.list_collection_names()) - THEIR_PLACE):
        rows = list(database[name].find({}))
        assert not told_of(numbers, str(rows)), name
    assert database.access_log.count_documents({}) > 3
