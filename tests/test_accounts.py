"""Who may make, change, suspend and reset whose account, and all schools' accounts in one go."""

import re
import threading

import pytest

from documents.database import collection
from documents.district.schools import Area, School
from documents.errors import DuplicateKey, Invalid, NotAllowed, OutOfScope, StaleRevision
from documents.people import accounts, passwords, school_accounts, sessions
from documents.people.users import Grant, Session, User
from documents.trail import history, verifying
from tests.people import AREA, OTHER, SCHOOL, person
from tests.web import with_password

ELSEWHERE = "34020000"


def values(grants, **more):
    return {
        "name": "ครูใหม่",
        "email": "New@school.khet",
        "position": "",
        "phone": "",
        "grants": grants,
        **more,
    }


def grant(role, *schools, area=AREA, **more):
    return Grant(role=role, area_code=area, school_codes=list(schools), **more)


@pytest.fixture
def elsewhere(area):
    Area(code=ELSEWHERE, name="สพป. ทดสอบ เขต 2").save()
    School(area_code=ELSEWHERE, code="34020001", name="บ้านอื่น").save()
    return ELSEWHERE


@pytest.fixture
def operator(area):
    return person("operator", "admin", area="*")


# Making


def test_a_new_account_gets_a_first_password_that_must_be_replaced(administrator):
    made, slip = accounts.create(administrator, values([grant("school", SCHOOL)]))
    assert made.email == "new@school.khet"
    assert made.must_change_password
    assert passwords.matches(slip.password, made.password)
    assert slip.place == "บ้านหนึ่ง"


def test_an_account_is_told_in_the_history_without_its_password(administrator):
    made, slip = accounts.create(administrator, values([grant("school", SCHOOL)]))
    (event,) = history.events_of(AREA, made.id)
    told = str(event.to_mongo())
    assert event.actor == administrator.id
    assert event.changes["grants"] == [None, [f"ครูข้อมูลโรงเรียน · {SCHOOL}"]]
    assert slip.password not in told
    assert made.password not in told


def test_two_accounts_of_one_email_are_refused(administrator):
    accounts.create(administrator, values([grant("school", SCHOOL)]))
    with pytest.raises(DuplicateKey):
        accounts.create(administrator, values([grant("director", SCHOOL)]))


@pytest.mark.parametrize("role", ["school", "director", "district", "approver", "executive"])
def test_only_an_administrator_gives_roles(area, role):
    actor = person("actor", role, *([SCHOOL] if role in ("school", "director") else []))
    with pytest.raises(NotAllowed):
        accounts.create(actor, values([grant("school", SCHOOL)]))


@pytest.mark.parametrize("given", [grant("district", area=ELSEWHERE), grant("admin", area="*")])
def test_nobody_gives_a_role_above_his_area(administrator, elsewhere, given):
    with pytest.raises(NotAllowed):
        accounts.create(administrator, values([given]))


@pytest.mark.parametrize(
    "given",
    [
        grant("school"),
        grant("school", "99999999"),
        grant("school", "34020001"),
        grant("district", SCHOOL),
        Grant(role="king", area_code=AREA),
    ],
)
def test_a_role_must_fit_its_place(administrator, elsewhere, given):
    with pytest.raises(Invalid):
        accounts.create(administrator, values([given]))


def test_the_operator_may_not_give_every_area_to_an_officer(operator):
    with pytest.raises(Invalid):
        accounts.create(operator, values([grant("district", area="*")]))


@pytest.mark.parametrize("email", ["", "ครู@school.khet", "a b@c", "two@a@b", "x@y\x00z", "a" * 300 + "@b.c"])
def test_an_unusable_email_is_refused(administrator, email):
    with pytest.raises(Invalid) as refusal:
        accounts.create(administrator, values([grant("school", SCHOOL)], email=email))
    assert "email" in refusal.value.errors[0]


def test_a_name_holds_nothing_that_cannot_be_seen(administrator):
    """Two people whose names look the same in the history could not be told apart."""
    typed = {"name": " ก\x01\x00านต์\u200b  ใจ\u202eดี ", "position": "ครู\x02", "phone": "045\u2066123"}
    made, _ = accounts.create(administrator, values([grant("school", SCHOOL)], **typed))
    assert (made.name, made.position, made.phone) == ("กานต์ ใจดี", "ครู", "045123")


def test_the_mark_for_sensitive_data_goes_to_officers_only(administrator):
    given = [grant("district", sensitive=True), grant("school", SCHOOL, sensitive=True)]
    made, _ = accounts.create(administrator, values(given))
    assert {one.role: one.sensitive for one in made.grants} == {"district": True, "school": False}


# Changing


def test_nobody_changes_his_own_account(administrator):
    with pytest.raises(NotAllowed):
        accounts.change(administrator, administrator.id, values([grant("approver")]), administrator.revision)
    for deed in (accounts.suspend, accounts.reset, accounts.activate):
        with pytest.raises(NotAllowed):
            deed(administrator, administrator.id, "ขอเอง")


def test_an_administrator_sees_only_accounts_of_his_area(administrator, elsewhere):
    stranger = person("stranger", "district", area=ELSEWHERE)
    for deed in (accounts.suspend, accounts.reset):
        with pytest.raises(OutOfScope):
            deed(administrator, stranger.id, "ลาออก")
    with pytest.raises(OutOfScope):
        accounts.find(administrator, stranger.id)


def test_a_person_with_roles_elsewhere_is_out_of_reach(administrator, operator):
    operator.grants.append(grant("school", SCHOOL))
    operator.save()
    for deed in (accounts.suspend, accounts.reset):
        with pytest.raises(NotAllowed):
            deed(administrator, operator.id, "ลาออก")
    mine = {
        **{name: getattr(operator, name) for name in accounts.PERSONAL},
        "grants": [grant("school", OTHER)],
    }
    with pytest.raises(NotAllowed):
        accounts.change(administrator, operator.id, {**mine, "email": "own@evil"}, operator.revision)
    changed = accounts.change(administrator, operator.id, mine, operator.revision)
    assert {(one.role, one.area_code) for one in changed.grants} == {("admin", "*"), ("school", AREA)}


def test_a_change_is_told_field_by_field(administrator, teacher):
    new = {**values([grant("school", OTHER)]), "email": teacher.email}
    accounts.change(administrator, teacher.id, new, teacher.revision, "ย้ายโรงเรียน")
    event = history.events_of(AREA, teacher.id)[0]
    assert event.reason == "ย้ายโรงเรียน"
    assert event.changes["name"] == [teacher.name, "ครูใหม่"]
    assert event.changes["grants"] == [[f"ครูข้อมูลโรงเรียน · {SCHOOL}"], [f"ครูข้อมูลโรงเรียน · {OTHER}"]]
    assert list(verifying.verify(AREA)) == []


def test_a_stale_change_is_refused(administrator, teacher):
    accounts.suspend(administrator, teacher.id, "ลาออก")
    with pytest.raises(StaleRevision):
        accounts.change(administrator, teacher.id, values([grant("school", SCHOOL)]), teacher.revision)


def test_suspending_ends_the_sessions(administrator, teacher):
    began = sessions.begin(teacher)
    accounts.suspend(administrator, teacher.id, "ลาออก")
    assert sessions.resume(str(began.id)) is None
    accounts.activate(administrator, teacher.id)
    assert User.objects.get(id=teacher.id).active
    assert sessions.resume(str(began.id)) is None


def test_a_reset_gives_a_new_first_password_and_ends_the_sessions(administrator, teacher):
    with_password(teacher)
    sessions.begin(teacher)
    slip = accounts.reset(administrator, teacher.id, "ลืมรหัสผ่าน")
    fresh = User.objects.get(id=teacher.id)
    assert fresh.must_change_password
    assert passwords.matches(slip.password, fresh.password)
    assert Session.objects(user=teacher.id, ended_at=None).count() == 0
    assert slip.password not in str(history.events_of(AREA, teacher.id)[0].to_mongo())


@pytest.mark.parametrize("deed", [accounts.suspend, accounts.reset, accounts.clear_two_step])
def test_what_is_done_to_another_s_account_at_the_desk_takes_a_written_reason(deed, administrator, teacher):
    before = User.objects.get(id=teacher.id).to_mongo()
    for blank in (None, "", "  "):
        with pytest.raises(Invalid, match="เหตุผล"):
            deed(administrator, teacher.id, blank)
    assert User.objects.get(id=teacher.id).to_mongo() == before
    deed(administrator, teacher.id, " ลาออกแล้ว ")
    assert history.events_of(AREA, teacher.id)[0].reason == "ลาออกแล้ว"


def test_the_last_administrator_of_an_area_stays(administrator, operator):
    with pytest.raises(NotAllowed):
        accounts.suspend(operator, administrator.id, "ย้าย")
    kept = {name: getattr(administrator, name) for name in accounts.PERSONAL}
    with pytest.raises(NotAllowed):
        accounts.change(
            operator, administrator.id, {**kept, "grants": [grant("district")]}, administrator.revision
        )
    person("second", "admin")
    accounts.suspend(operator, administrator.id, "ย้าย")


def test_two_administrators_cannot_remove_each_other_at_once(area, times):
    for turn in range(times(3, 50)):
        pair = [person(f"{side}{turn}", "admin") for side in "ab"]
        start, refused = threading.Barrier(2), []

        def remove(actor, other, start=start, refused=refused):
            start.wait()
            try:
                accounts.suspend(actor, other.id, "ย้าย")
            except NotAllowed as error:
                refused.append(error)

        threads = [threading.Thread(target=remove, args=way) for way in (pair, pair[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 1
        collection(User).delete_many({"_id": {"$in": [one.id for one in pair]}})


# All schools in one go


def test_every_open_school_gets_its_accounts_once(administrator):
    wanted = school_accounts.wanted_from_schools(AREA, ["school", "director"])
    slips = school_accounts.make(administrator, AREA, wanted)
    assert [slip.email for slip in slips] == [
        f"{SCHOOL}@school.khet",
        f"d{SCHOOL}@school.khet",
        f"{OTHER}@school.khet",
        f"d{OTHER}@school.khet",
    ]
    assert len({slip.password for slip in slips}) == 4
    assert school_accounts.make(administrator, AREA, wanted) == []
    teacher = User.objects.get(email=f"{SCHOOL}@school.khet")
    assert teacher.schools("school") == [(AREA, SCHOOL)]
    assert passwords.matches(slips[0].password, teacher.password)
    assert list(verifying.verify(AREA)) == []


def test_a_school_that_has_its_people_gets_no_made_up_account(administrator, teacher):
    wanted = school_accounts.wanted_from_schools(AREA, ["school"])
    assert [slip.email for slip in school_accounts.make(administrator, AREA, wanted)] == [
        f"{OTHER}@school.khet"
    ]


def test_a_list_with_one_error_makes_no_account(administrator, teacher):
    rows = [(SCHOOL, "a@b"), ("99999999", "c@d"), (SCHOOL, "a@b"), (OTHER, teacher.email), (SCHOOL, "ไม่ใช่")]
    wanted = [school_accounts.Wanted(n, code, "school", email) for n, (code, email) in enumerate(rows, 1)]
    planned = school_accounts.plan(administrator, AREA, wanted)
    assert [row for row, _ in planned.errors] == [2, 3, 4, 5]
    before = User.objects.count()
    with pytest.raises(Invalid):
        school_accounts.make(administrator, AREA, wanted)
    assert User.objects.count() == before


def test_schools_accounts_are_made_by_the_areas_administrator_only(officer, operator, elsewhere):
    wanted = school_accounts.wanted_from_schools(AREA, ["school"])
    with pytest.raises(NotAllowed):
        school_accounts.make(officer, AREA, wanted)
    with pytest.raises(NotAllowed):
        school_accounts.make(person("other", "admin", area=ELSEWHERE), AREA, wanted)
    assert len(school_accounts.make(operator, AREA, wanted)) == 2


# Passwords


@pytest.mark.parametrize(
    "typed",
    [
        "short",
        "123456789",
        "1234567890",
        "password1234",
        "P@ssw0rd2568",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "qwertyuiop",
        "teacher@example.org",
        "สมหญิง2568",
        "x" * 257,
    ],
)
def test_an_easy_password_is_refused(typed):
    assert passwords.refusal(typed, email="teacher@example.org", name="สมหญิง ใจดี")


@pytest.mark.parametrize("typed", ["correct horse battery", "แมวสามตัวนอน", "kq7m-x2bp-94wd"])
def test_a_good_password_is_taken(typed):
    assert passwords.refusal(typed, email="teacher@example.org", name="สมหญิง ใจดี") is None


def test_two_keyboards_type_the_same_thai():
    assert passwords.matches("น\u0e4d\u0e32ใจคนไทยทั้งชาติ", passwords.hashed("น\u0e33ใจคนไทยทั้งชาติ"))


def test_first_passwords_are_strong_and_readable():
    made = {passwords.first_password() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"[a-hjkmnp-z2-9]{4}(-[a-hjkmnp-z2-9]{4}){2}", one) for one in made)
    assert not any(passwords.refusal(one) for one in made)
