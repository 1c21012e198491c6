"""The area office as a unit of its own: who writes, confirms, certifies and verifies there, and who never does."""

import pytest

from documents import clock
from documents.checking.finding_answers import may_answer
from documents.collecting.moves import MOVES, check_move, move
from documents.collecting.submissions import (
    STATES,
    Submission,
    find_submission,
    prepare_submissions,
    round_of,
)
from documents.collecting.waiting import newest_rounds, waiting_for
from documents.database import collection
from documents.district.schools import School
from documents.errors import NotAllowed, OutOfScope, RuleBroken, WrongState
from documents.people.users import ROLES
from documents.records.record import Place
from documents.records.writing import Change, write
from tests.kitchens import Kitchen, food_round
from tests.people import AREA, OTHER, SCHOOL, YEAR, person
from tests.test_moves import PEOPLE, TABLE

HERE = Place(AREA, YEAR, "1", AREA)
# Design 5: the district officer confirms, the approver certifies, another officer verifies.
OFFICE = {
    "confirm": ("district",),
    "unconfirm": ("district",),
    "certify": ("approver",),
    "send_back": ("approver", "district"),
}
A_KITCHEN = {"code": "A", "plates": 5}


@pytest.fixture
def office(kitchens, area, officer, executive, approver):
    """The office's submission in a round of kitchens, without anything in it."""
    School(area_code=AREA, code=AREA, kind="office", name="สพป. ทดสอบ เขต 1").save()
    food_round({"officer": officer, "executive": executive, "approver": approver})
    return find_submission("FOOD", HERE)


def test_only_a_subsystem_that_says_so_has_the_office_in_its_rounds(office, open_round):
    prepare_submissions(open_round)
    assert set(Submission.objects(subsystem="DMC").scalar("school_code")) == {SCHOOL, OTHER}
    assert set(Submission.objects(subsystem="FOOD").scalar("school_code")) == {SCHOOL, OTHER, AREA}


@pytest.mark.parametrize("role", ROLES)
def test_each_move_of_the_office_is_open_to_its_roles_from_its_states_alone(role, office, request):
    actor, round_ = request.getfixturevalue(PEOPLE[role]), round_of(office)
    for name, (states, roles) in TABLE.items():
        round_.state = "closing" if name == "close" else "open"
        for state in STATES:
            version = 2 if name in ("end", "back") else 1
            now = {"state": state, "version": version}
            collection(Submission).update_one({"_id": office.id}, {"$set": now})
            refusal = refused(
                lambda name=name: check_move(fresh(office), round_, MOVES[name], actor, clock.now())
            )
            allowed = role in OFFICE.get(name, roles)
            expected = OutOfScope if not allowed else WrongState if state not in states else type(None)
            assert type(refusal) is expected, (name, role, state)


def test_the_office_is_told_in_its_own_words_who_comes_next(office, officer, approver, sign_in):
    write([Change(Kitchen, HERE, A_KITCHEN)], officer)
    said = []
    for who, name in ((officer, "confirm"), (approver, "certify"), (person("both", "district"), "verify")):
        one = fresh(office)
        sent = {"id": str(one.id), "move": name, "seen": str(one.writes)}
        said.append(sign_in(who).send("/admin/submissions/move/", sent, follow_redirects=True).text)
    assert "รอผู้รับรองระดับเขตรับรอง" in said[0]
    assert "รอเจ้าหน้าที่อีกคนตรวจสอบ" in said[1]
    assert "ล็อกสำนักงานเขต" in sign_in(approver).get(f"/admin/submissions/details/?id={fresh(office).id}").text


def test_the_office_reports_by_three_persons(office, officer, approver, teacher, director):
    written = write([Change(Kitchen, HERE, A_KITCHEN)], officer)[0]  # as its own: no reason is asked for
    stored = collection(Kitchen).find_one({"_id": written.id})
    assert "by_district" not in stored
    for stranger in (teacher, director, approver):
        with pytest.raises(OutOfScope):
            write([Change(Kitchen, HERE, {"plates": 6}, written.id, 1)], stranger, "ขอแก้")
    assert waits(officer) >= {"confirm"}
    assert waits(approver) >= {"await_confirm"}
    assert may_answer(officer, fresh(office), "error") is None, "who wrote it passes no error of it"
    both = person("both", "district")
    assert may_answer(both, fresh(office), "error") == "passed"
    submission = move(fresh(office), "confirm", officer)
    assert waits(approver) >= {"certify"}
    with pytest.raises(OutOfScope):
        move(submission, "certify", director)
    submission = move(submission, "certify", approver)
    with pytest.raises(NotAllowed, match="เจ้าหน้าที่คนอื่น"):
        move(submission, "verify", officer)
    assert move(submission, "verify", both).state == "verified"


def test_who_confirmed_for_the_office_does_not_certify_it_even_as_approver(office, officer, approver):
    write([Change(Kitchen, HERE, A_KITCHEN)], officer)
    officer.grants.append(approver.grants[0])
    officer.save()
    submission = move(fresh(office), "confirm", officer)
    with pytest.raises(NotAllowed, match="ผู้รับรองระดับเขตคนอื่น"):
        move(submission, "certify", officer)


def waits(user):
    return {each.what for each in waiting_for(user, AREA, newest_rounds(AREA))}


def fresh(submission):
    return Submission.objects(area_code=AREA, id=submission.id).get()


def refused(work):
    """The rule that refused, or None."""
    try:
        work()
    except RuleBroken as refusal:
        return refusal
    return None


def test_going_from_one_subsystem_to_another_keeps_the_year(
    office, open_round, sign_in, officer, executive, approver
):
    """The page's own subsystem is the one of the top bar, and what was chosen of each is remembered."""
    people = {"officer": officer, "executive": executive, "approver": approver}
    old = food_round(people, YEAR - 1, "2")
    browser = sign_in(officer)
    assert "FOOD สำรวจครัว" in browser.get("/admin/").text, "it stands among the rounds to choose"
    assert f"DMC ภาคเรียนที่ 1/{YEAR}" in browser.get("/admin/submissions/").text
    browser.get(f"/admin/choose/?round={old.id}")
    assert f"FOOD สำรวจครัว/{YEAR - 1}" in browser.get("/admin/submissions/").text
    assert shown_round(browser, "DMC", YEAR), "no round of that year: the newest there is"
    browser.get(f"/admin/choose/?round={office_round().id}")
    browser.get(f"/admin/choose/?round={open_round.id}")
    assert shown_round(browser, "FOOD", YEAR)
    assert "สำนักงานเขตพื้นที่" in browser.get("/admin/control-room/").text
    assert "บ้านหนึ่ง" in browser.get("/admin/submissions/?sort=3&desc=1").text


def office_round():
    return round_of(find_submission("FOOD", HERE))


def shown_round(browser, subsystem, year):
    """Whether a page of that subsystem is in the year, and the lists that follow are its own."""
    with browser.session_transaction() as session:
        session["subsystem"] = subsystem
    return (
        f"/{year}"
        in browser.get("/admin/submissions/").text.partition("<main")[2].partition("</h1>")[2][:600]
    )


def test_the_page_that_locks_names_the_office_without_a_cluster(office, sign_in, approver):
    html = sign_in(approver).get(f"/admin/rounds/lock/?id={round_of(office).id}").get_data(as_text=True)
    assert "สพป. ทดสอบ เขต 1" in html
    assert "None" not in html
