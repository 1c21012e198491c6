"""Two-step sign-in: setting it up, the code after the password, recovery codes, who must, and what a copy of the database tells."""

import re
import time
from datetime import timedelta

import pytest
from passlib.totp import TOTP

from admin_app import create_app, security
from documents.clock import real_now
from documents.database import collection, connect
from documents.errors import Invalid, NotAllowed
from documents.people import accounts, sessions, two_step
from documents.people.users import Session
from documents.trail import history
from tests.people import AREA
from tests.people import person as stored
from tests.web import PASSWORD, Browser, settings_for, with_password


def code_of(secret, later=0):
    """What the person's app shows now, or some steps of 30 seconds later."""
    app = TOTP(key=secret, format="base32")
    return app.generate(time=int(time.time()) + 30 * later).token


def shown(page):
    """(secret, offer) of the page that sets it up."""
    secret = re.search(r'class="secret-key"[^>]*>([^<]+)<', page)[1].replace(" ", "")
    return secret, re.search(r'name="offer" value="([^"]+)"', page)[1]


@pytest.fixture
def with_app(teacher):
    """The teacher with two steps; gives (person, secret of his app, recovery codes)."""
    with_password(teacher)
    secret, offer = two_step.begin(teacher)
    codes = two_step.finish(teacher, offer, code_of(secret))
    return teacher.reload(), secret, codes


def test_an_app_is_set_up_from_ones_account(sign_in, teacher):
    browser = sign_in(with_password(teacher))
    page = browser.get("/account/two-step/").text
    secret, offer = shown(page)
    assert 'src="data:image/svg+xml;base64,' in page
    wrong = browser.send("/account/two-step/", {"code": "000000", "offer": offer})
    assert wrong.status_code == 422
    assert shown(wrong.text)[0] == secret  # a wrong code spoils nothing
    typed = f"{code_of(secret)[:3]} {code_of(secret)[3:]}"
    done = browser.send("/account/two-step/", {"code": typed, "offer": shown(wrong.text)[1]}).text
    codes = re.findall(r"<li><code[^>]*>([a-z2-9]{5}-[a-z2-9]{5})<", done)
    assert len(set(codes)) == two_step.CODES
    assert codes[0] not in browser.get("/account/").text
    assert history.events_of(AREA, teacher.id)[0].action == "two_step_on"


def test_an_old_session_is_asked_for_the_password_first(app, teacher):
    browser = app.test_client()
    began = browser.sign_in(with_password(teacher))
    collection(Session).update_one({"_id": began}, {"$set": {"since": real_now() - timedelta(hours=1)}})
    secret, offer = shown(browser.get("/account/two-step/").text)
    form = {"code": code_of(secret), "offer": offer}
    assert browser.send("/account/two-step/", {**form, "password": "no"}).status_code == 422
    assert not two_step.is_on(teacher.reload())
    assert browser.send("/account/two-step/", {**form, "password": PASSWORD}).status_code == 200
    assert two_step.is_on(teacher.reload())


def test_the_password_alone_lets_nobody_in_then(client, with_app):
    person, secret, _ = with_app
    asked = client.type_in(person.email, PASSWORD)
    assert asked.location == "/login/code"
    assert client.get("/admin/").location.startswith("/login")
    assert Session.objects(user=person.id).count() == 0
    assert client.send("/login/code", {"code": "123456"}).status_code == 401
    assert client.send("/login/code", {"code": code_of(secret, 1)}).location == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_no_code_is_taken_twice(app, with_app):
    person, secret, _ = with_app
    code = code_of(secret, 1)
    answers = []
    for _ in range(2):
        browser = app.test_client()
        browser.type_in(person.email, PASSWORD)
        answers.append(browser.send("/login/code", {"code": code}).status_code)
    assert answers == [302, 401]


def test_a_recovery_code_is_taken_once_and_told(app, with_app, database):
    person, _, codes = with_app
    answers = []
    for typed in (codes[3].upper().replace("-", " "), codes[3]):
        browser = app.test_client()
        browser.type_in(person.email, PASSWORD)
        answers.append(browser.send("/login/code", {"code": typed}).status_code)
    assert answers == [302, 401]
    assert len(person.reload().recovery_codes) == two_step.CODES - 1
    assert history.events_of(AREA, person.id)[0].action == "two_step_recovery"
    everything = str(list(database.users.find())) + str(list(database.audit_events.find()))
    assert codes[4] not in everything


def test_a_copy_of_the_database_holds_no_secret_in_clear(with_app, database):
    _, secret, codes = with_app
    everything = str(list(database.users.find()))
    assert secret not in everything
    assert not any(code in everything or code.replace("-", "") in everything for code in codes)


def test_guessing_the_code_is_stopped(app, with_app):
    person, secret, _ = with_app
    browser = app.test_client()
    browser.type_in(person.email, PASSWORD)
    answers = [browser.send("/login/code", {"code": f"{n:06}"}).status_code for n in range(5)]
    assert answers == [401] * 5
    other = app.test_client()  # with the password again, from another browser
    other.type_in(person.email, PASSWORD)
    assert other.send("/login/code", {"code": code_of(secret, 1)}).status_code == 429


def test_the_page_of_the_code_is_nothing_to_a_stranger(client, with_app):
    person, secret, _ = with_app
    assert client.get("/login/code").location == "/login"
    assert client.send("/login/code", {"code": code_of(secret, 1)}).location == "/login"
    client.type_in(person.email, PASSWORD)
    accounts.suspend(stored("desk", "admin"), person.id, "ลาออก")
    assert client.send("/login/code", {"code": code_of(secret, 1)}).location == "/login"


def test_a_proven_password_grows_old(client, with_app):
    person, secret, _ = with_app
    client.type_in(person.email, PASSWORD)
    with client.session_transaction() as kept:
        kept["half_way"] = kept["half_way"] | {"at": real_now().timestamp() - 601}
    assert client.send("/login/code", {"code": code_of(secret, 1)}).location == "/login"


@pytest.mark.parametrize(
    "evil", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
@pytest.mark.parametrize("way", ["login", "code"])
def test_next_never_leads_away_after_the_code(client, with_app, evil, way):
    person, secret, _ = with_app
    query = {"next": evil}
    client.send("/login", {"email": person.email, "password": PASSWORD, **query}, query_string=query)
    more = {"query_string": query} if way == "code" else {}
    done = client.send("/login/code", {"code": code_of(secret, 1), **query}, **more)
    assert (done.status_code, done.location) == (302, "/admin/")


def test_next_leads_on_after_the_code(client, with_app):
    person, secret, _ = with_app
    client.type_in(person.email, PASSWORD, next="/account/?x=1")
    assert client.send("/login/code", {"code": code_of(secret, 1)}).location == "/account/?x=1"


def test_switching_off_and_new_codes_want_the_password(sign_in, with_app):
    person, _, codes = with_app
    browser = sign_in(person)
    browser.send("/account/two-step/off/", {"password": "no"})
    assert two_step.is_on(person.reload())
    fresh = browser.send("/account/two-step/codes/", {"password": PASSWORD}).text
    assert codes[0] not in fresh
    assert not two_step.accepts(person.reload(), codes[0])
    browser.send("/account/two-step/off/", {"password": PASSWORD})
    assert not two_step.is_on(person.reload())


def test_the_desk_helps_who_lost_his_telephone(sign_in, client, with_app, administrator, officer):
    person, _, _ = with_app
    began = sessions.begin(person)
    assert sign_in(officer).send("/admin/users/two-step/", {"id": str(person.id)}).status_code == 403
    sign_in(administrator).send("/admin/users/two-step/", {"id": str(person.id), "reason": "โทรศัพท์หาย"})
    assert sessions.resume(str(began.id)) is None
    assert history.events_of(AREA, person.id)[0].reason == "โทรศัพท์หาย"
    assert client.type_in(person.email, PASSWORD).location == "/admin/"
    with pytest.raises(NotAllowed):
        accounts.clear_two_step(administrator, administrator.id, "หาย")


def test_another_persons_offer_is_none(teacher, neighbour):
    secret, offer = two_step.begin(teacher)
    with pytest.raises(Invalid):
        two_step.finish(neighbour, offer, code_of(secret))
    assert two_step.begin(neighbour, offer)[0] != secret


# Who must


@pytest.fixture
def strict(database_uri, tmp_path):
    """A browser of an application with the setting as it is in production."""
    app = create_app(settings_for(database_uri, tmp_path, two_step="required"))
    connect(database_uri)
    app.test_client_class = Browser
    assert app.config["KHET_TWO_STEP"] == "required"
    return app.test_client()


def test_the_setting_asks_two_steps_unless_it_is_told_otherwise(tmp_path):
    given = settings_for("mongodb://x/khet", tmp_path)
    fresh = {name: getattr(given, name) for name in ("mongodb_uri", "secret_key", "audit_key", "data")}
    assert type(given)(**fresh).two_step == "required"
    with pytest.raises(RuntimeError):
        type(given)(**fresh, two_step="never")


@pytest.mark.parametrize("role", ["approver", "administrator"])
def test_who_certifies_or_administers_sets_two_steps_up_before_anything_else(strict, request, role):
    person = with_password(request.getfixturevalue(role))
    strict.type_in(person.email, PASSWORD)
    for path in ("/admin/", "/account/", "/admin/students/"):
        assert strict.get(path).location == "/account/two-step/"
    secret, offer = shown(strict.get("/account/two-step/").text)
    assert strict.send("/account/two-step/", {"code": code_of(secret), "offer": offer}).status_code == 200
    assert strict.get("/admin/").status_code == 200
    strict.send("/account/two-step/off/", {"password": PASSWORD})
    assert two_step.is_on(person.reload())


def test_others_are_only_offered_it(strict, teacher, officer):
    for person in (teacher, officer):
        strict.type_in(with_password(person).email, PASSWORD)
        assert strict.get("/admin/").status_code == 200
        assert "เปิดใช้" in strict.get("/account/").text
        strict.send("/logout")


def test_where_it_is_offered_the_approver_signs_in_by_the_password(client, approver):
    client.type_in(with_password(approver).email, PASSWORD)
    assert client.get("/admin/").status_code == 200


def test_the_pages_where_a_password_could_be_guessed_are_limited():
    assert {"account.two_step_view", "account.two_step_codes", "account.two_step_off"} <= set(
        security.LIMITED
    )
