"""Acting directors, and what the district writes for a school."""

import datetime as dt

import pytest

from documents import clock
from documents.collecting.moves import move
from documents.collecting.submissions import find_submission
from documents.district.schools import School
from documents.dmc.students import Student
from documents.errors import Invalid, NotAllowed, OutOfScope, StaleRevision
from documents.people import acting
from documents.people.users import User
from documents.records.digests import digest_of
from documents.records.writing import Change, write
from documents.trail import papers
from documents.trail.verifying import verify
from exports.collecting.papers import confirmation_sheet, sheet_pdf
from tests.districts import with_rooms
from tests.people import OTHER, SCHOOL, person, place
from tests.pupils import pupil

FIRST, LAST, ORDERED = dt.date(2025, 6, 4), dt.date(2025, 6, 8), dt.date(2025, 6, 2)


@pytest.fixture
def colleague(area):
    return person("colleague", "school", SCHOOL)


def school():
    return School.objects.get(code=SCHOOL)


def appoint(who, by, **more):
    given = {"since": FIRST, "until": LAST, "order_number": "๑๒/2568", "order_day": ORDERED} | more
    return acting.appoint(school(), by, who.id, revision=school().revision, **given)


def confirmed(teacher):
    write([Change(Student, place(), pupil())], teacher)
    with_rooms(place())
    return move(find_submission("DMC", place()), "confirm", teacher)


def again(user):
    return User.objects.get(id=user.id)


def test_an_acting_director_certifies_while_it_lasts_and_the_papers_say_so(
    open_round, teacher, colleague, officer, sign_in
):
    submission = confirmed(teacher)
    with pytest.raises(OutOfScope):
        move(submission, "certify", colleague)
    appoint(colleague, officer)
    browser = sign_in(colleague)
    assert "รับรองข้อมูล" in browser.get(f"/admin/submissions/details/?id={submission.id}").text
    certified = move(submission, "certify", again(colleague))
    sheet = confirmation_sheet(certified, open_round)
    assert sheet.signers[1] == ("ผู้รับรองข้อมูล", acting.TITLE)
    assert sheet.steps[1][1] == papers.signed_by(certified.moves[-1])
    assert "คำสั่งที่ ๑๒/2568" in sheet.steps[1][1]
    assert acting.TITLE in browser.get(f"/admin/papers/confirmation/?id={submission.id}").text
    assert sheet_pdf(sheet).startswith(b"%PDF")
    assert list(verify()) == []


def test_it_begins_and_ends_by_itself_and_by_hand_at_once(open_round, colleague, officer):
    appoint(colleague, officer)
    for day, holds in (("2025-06-03", False), ("2025-06-08T23:59", True), ("2025-06-09T00:00", False)):
        clock.configure(day)
        assert again(colleague).holds("director", school().area_code, SCHOOL) is holds
        assert again(colleague).schools("director") == ([(school().area_code, SCHOOL)] if holds else [])
    clock.configure("2025-06-05T09:00")
    found = school()
    with pytest.raises(Invalid):
        acting.end(found, officer, found.acting[0]["id"], " ", found.revision)
    acting.end(found, officer, found.acting[0]["id"], "มีผู้อำนวยการมาใหม่", found.revision)
    assert again(colleague).schools("director") == []
    assert acting.present(school()) is None
    appoint(colleague, officer)  # its days are free again


def test_who_confirmed_does_not_certify_as_acting_director(open_round, teacher, officer):
    submission = confirmed(teacher)
    appoint(teacher, officer)
    with pytest.raises(NotAllowed, match="รับรองเองไม่ได้"):
        move(submission, "certify", again(teacher))


def test_wrong_appointments_are_refused_with_a_sentence(area, colleague, director, officer, approver):
    for more, name in (
        ({"order_number": " "}, "order_number"),
        ({"until": FIRST - dt.timedelta(days=1)}, "until"),
        (
            {"since": dt.date(2025, 5, 1), "until": dt.date(2025, 6, 4), "order_day": dt.date(2025, 4, 1)},
            "until",
        ),
        ({"until": dt.date(2027, 6, 8)}, "until"),
        ({"order_day": dt.date(2025, 6, 5)}, "order_day"),
        ({"since": None}, "since"),
    ):
        with pytest.raises(Invalid) as refused:
            appoint(colleague, officer, **more)
        assert name in refused.value.errors[0]
    for who in (director, approver, person("far", "school", "34020001", area="34020000")):
        with pytest.raises(Invalid):
            appoint(who, officer)
    for by in (colleague, director, approver):
        with pytest.raises(NotAllowed):
            appoint(colleague, by)
    appoint(colleague, officer)
    with pytest.raises(Invalid, match="ซ้อนกับการรักษาการของ colleague"):
        appoint(person("third", "school", OTHER), officer, since=LAST, until=LAST)
    with pytest.raises(StaleRevision):
        acting.appoint(
            school(),
            officer,
            colleague.id,
            dt.date(2025, 7, 1),
            dt.date(2025, 7, 9),
            "1",
            ORDERED,
            revision=1,
        )


def test_what_the_district_writes_is_marked_until_the_school_writes(open_round, teacher, officer, sign_in):
    (first,) = write([Change(Student, place(), pupil())], teacher)
    digest = digest_of(find_submission("DMC", place()))
    change = Change(Student, place(), {"room": 2}, id=first.id, revision=first.revision)
    (second,) = write([change], officer, "โรงเรียนไฟฟ้าดับ")
    write([Change(Student, place(), {"room": 1}, id=first.id, revision=second.revision)], officer, "กลับ")
    assert digest_of(find_submission("DMC", place())) == digest  # the mark is no data
    submission = find_submission("DMC", place())
    assert submission.counts["by_district"] == 1
    browser = sign_in(teacher)
    page = browser.get(f"/admin/students/details/?id={first.id}").text
    assert "เขตบันทึกแทนโดย เจ้าหน้าที่ ใจเย็น" in page
    assert "กลับ" in page
    write([Change(Student, place(), pupil())], teacher)
    grid = browser.get("/admin/students/?by_district=1").text
    assert grid.count("<tr data-pk=") == 1
    assert "เขตบันทึกแทน" in grid
    assert "เขตบันทึกแทนโรงเรียน 1" in browser.get(f"/admin/submissions/details/?id={submission.id}").text
    assert "เขตบันทึกแทน 1" in sign_in(officer).get("/admin/control-room/?view=table").text
    write([Change(Student, place(), {"room": 3}, id=first.id, revision=3)], teacher)
    assert find_submission("DMC", place()).counts["by_district"] == 0
    assert "เขตบันทึกแทนโดย" not in browser.get(f"/admin/students/details/?id={first.id}").text
    assert list(verify()) == []
