"""Signing in and out, guessing, and the Session behind the cookie."""

import re
from datetime import timedelta

import pytest

from admin_app.gate import ENDED, EXPIRED
from admin_app.sign_in import SUSPENDED, WRONG
from documents.clock import real_now
from documents.database import collection
from documents.people import accounts, passwords, sessions
from documents.people.users import Session, User
from tests.people import AREA, SCHOOL, person
from tests.web import PASSWORD, with_password


def set_session(began, **values):
    collection(Session).update_one({"_id": began}, {"$set": values})


# In and out


def test_the_right_password_opens_the_home_page(client, teacher):
    with_password(teacher)
    answer = client.type_in(" Teacher@example.org ", PASSWORD)
    assert answer.status_code == 302
    assert answer.location == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_the_form_has_exactly_the_fields_of_the_contract(client):
    page = client.get("/login").text
    form = re.search(r"<form[^>]*login_user_form.*?</form>", page, re.S)[0]
    assert set(re.findall(r'<input[^>]*name="([^"]+)"', form)) - {"next"} == {
        "email",
        "password",
        "csrf_token",
    }


def test_a_sign_in_is_tracked(client, teacher):
    with_password(teacher)
    client.type_in(teacher.email, "wrong")
    client.type_in(teacher.email, PASSWORD)
    fresh = User.objects.get(id=teacher.id)
    assert (fresh.login_count, fresh.failed_logins, fresh.current_login_ip) == (1, 0, "127.0.0.1")
    assert Session.objects.get(user=teacher.id).address == "127.0.0.1"


def test_a_wrong_password_and_an_unknown_person_are_told_the_same(client, teacher):
    with_password(teacher)
    known = client.type_in(teacher.email, "wrong password")
    unknown = client.type_in("nobody@example.org", "wrong password")
    assert known.status_code == unknown.status_code == 401
    assert WRONG in known.text
    without_own = [re.sub(r'value="[^"]*"|nonce="[^"]*"', "", page.text) for page in (known, unknown)]
    assert without_own[0] == without_own[1]


def test_an_unknown_person_is_refused_no_faster(client, teacher, monkeypatch):
    """The hashing is nearly all of the time, so both ways must do it once."""
    with_password(teacher)
    asked = []
    monkeypatch.setattr(passwords, "matches", lambda *given: asked.append(given) or False)
    for email in (teacher.email, "nobody@example.org"):
        client.type_in(email, "wrong password")
    assert [typed for typed, _ in asked] == ["wrong password"] * 2
    assert all(stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for _, stored in asked)


def test_an_account_without_a_password_lets_nobody_in(client, teacher):
    for typed in ("", " ", "None", "x"):
        assert client.type_in(teacher.email, typed).status_code == 401


def test_a_suspended_person_learns_it_only_with_his_password(client, teacher):
    collection(User).update_one({"_id": with_password(teacher).id}, {"$set": {"active": False}})
    assert SUSPENDED not in client.type_in(teacher.email, "wrong").text
    assert SUSPENDED in client.type_in(teacher.email, PASSWORD).text
    assert client.get("/admin/").status_code == 302


def test_signing_out_needs_a_post(sign_in, teacher):
    browser = sign_in(teacher)
    assert browser.get("/logout").status_code == 405
    assert browser.get("/admin/").status_code == 200
    assert browser.send("/logout").status_code == 302
    assert browser.get("/admin/").status_code == 302


def test_a_kept_cookie_opens_nothing_after_signing_out(app, sign_in, teacher):
    browser = sign_in(teacher)
    kept = browser.get_cookie("khet").value
    browser.send("/logout")
    thief = app.test_client()
    thief.set_cookie("khet", kept)
    assert thief.get("/admin/").location.startswith("/login")


def test_no_token_or_remembered_cookie_opens_a_door(app, teacher):
    with_password(teacher)
    with app.test_request_context():
        token = teacher.get_auth_token()
    stranger = app.test_client()
    assert stranger.get("/admin/", headers={"Authentication-Token": token}).status_code == 302
    assert stranger.get("/admin/", query_string={"auth_token": token}).status_code == 302
    answer = app.test_client().post("/login", json={"email": teacher.email, "password": PASSWORD})
    assert answer.status_code == 400
    browser = app.test_client()
    browser.type_in(teacher.email, PASSWORD, remember="y")
    assert browser.get_cookie("remember_token") is None


@pytest.mark.parametrize("email", [{"$ne": 1}, ["a"], 7, None])
def test_what_is_no_text_is_not_looked_at(client, email):
    token = {"X-CSRFToken": client.token()}
    answer = client.post("/login", json={"email": email, "password": {"$ne": 1}}, headers=token)
    assert answer.status_code == 400


# The Session


def test_an_ended_session_holds_at_the_next_request(sign_in, teacher):
    browser = sign_in(teacher)
    assert browser.get("/admin/").status_code == 200
    sessions.end_all(teacher)
    answer = browser.get("/admin/", follow_redirects=True)
    assert answer.request.path == "/login"
    assert ENDED in answer.text  # not that he was away for long


@pytest.mark.parametrize(
    "aged",
    [
        {"last_seen": real_now() - sessions.IDLE - timedelta(minutes=1)},
        {"ends_at": real_now() - timedelta(seconds=1)},
    ],
)
def test_a_session_grows_too_old(app, teacher, aged):
    browser = app.test_client()
    set_session(browser.sign_in(teacher), **aged)
    answer = browser.get("/admin/", follow_redirects=True)
    assert answer.request.path == "/login"
    assert EXPIRED in answer.text


def test_working_keeps_a_session_alive(app, teacher):
    browser = app.test_client()
    began = browser.sign_in(teacher)
    set_session(began, last_seen=real_now() - timedelta(hours=7))
    browser.get("/admin/")
    assert real_now() - Session.objects.get(id=began).last_seen.replace(tzinfo=real_now().tzinfo) < timedelta(
        minutes=1
    )


def test_a_suspension_holds_at_the_next_request(sign_in, teacher, administrator):
    browser = sign_in(teacher)
    accounts.suspend(administrator, teacher.id, "ลาออก")
    assert browser.get("/admin/").location.startswith("/login")


def test_a_role_taken_away_holds_at_the_next_request(sign_in, administrator):
    second = person("second", "admin")
    browser = sign_in(second)
    assert browser.get("/admin/users/").status_code == 200
    kept = {name: getattr(second, name) for name in accounts.PERSONAL}
    school = accounts.Grant(role="school", area_code=AREA, school_codes=[SCHOOL])
    accounts.change(administrator, second.id, {**kept, "grants": [school]}, second.revision)
    assert browser.get("/admin/users/").status_code == 403


@pytest.mark.parametrize(
    "changed", [{"sid": "f" * 24}, {"sid": None}, {"sid": {"$ne": 1}}, {"_user_id": "neighbour"}]
)
def test_a_cookie_must_name_a_living_session_of_its_person(app, teacher, neighbour, changed):
    browser = app.test_client()
    browser.sign_in(teacher)
    with browser.session_transaction() as session:
        session.update(changed)
    assert browser.get("/admin/").status_code == 302


def test_the_next_person_in_a_browser_gets_a_new_token(client, teacher, neighbour):
    for one in (teacher, neighbour):
        with_password(one)
    client.type_in(teacher.email, PASSWORD)
    old = client.token()
    client.send("/logout")
    client.type_in(neighbour.email, PASSWORD)
    assert client.post("/account/end/", data={"csrf_token": old}).status_code == 400


# One's own password


def test_a_first_password_is_replaced_before_anything_else(client, teacher):
    with_password(teacher, "kq7m-x2bp-94wd")
    collection(User).update_one({"_id": teacher.id}, {"$set": {"must_change_password": True}})
    client.type_in(teacher.email, "kq7m-x2bp-94wd")
    for path in ("/admin/", "/admin/students/", "/account/"):
        assert client.get(path).location == "/change"
    form = {"password": "kq7m-x2bp-94wd", "new_password": PASSWORD, "new_password_confirm": PASSWORD}
    assert client.send("/change", form).location == "/admin/"
    assert client.get("/account/").status_code == 200


def change_form(new, again=None):
    return {
        "password": PASSWORD,
        "new_password": new,
        "new_password_confirm": new if again is None else again,
    }


def test_ones_own_password_ends_the_other_sessions(client, sign_in, teacher):
    other = sign_in(with_password(teacher))
    client.type_in(teacher.email, PASSWORD)
    assert client.send("/change", change_form("ทุ่งดอกบัว กับ จักรยาน")).status_code == 302
    assert client.get("/account/").status_code == 200
    assert other.get("/admin/").status_code == 302
    event = accounts.history.events_of(AREA, teacher.id)[0]
    assert (event.action, event.changes) == ("password", {})


@pytest.mark.parametrize("new", ["short", "password1234", "teacher@example.org", PASSWORD, "1234567890"])
def test_an_easy_own_password_is_refused_in_thai(sign_in, teacher, new):
    browser = sign_in(with_password(teacher))
    page = browser.send("/change", change_form(new)).text
    assert "รหัสผ่าน" in re.sub(r"<[^>]+>", "", page)
    assert passwords.matches(PASSWORD, User.objects.get(id=teacher.id).password)


# Guessing


def test_guessing_one_account_is_slowed_down(app, teacher):
    with_password(teacher)
    for turn in range(5):
        browser = app.test_client()  # a fresh browser each time changes nothing
        assert browser.type_in(teacher.email, f"guess {turn}").status_code == 401
    refused = app.test_client().type_in(teacher.email, PASSWORD)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "รอถึง" in refused.text
    assert accounts.is_locked_out(User.objects.get(id=teacher.id))


def test_a_strangers_guesses_do_not_shut_the_owner_out(app, client, teacher):
    with_password(teacher)
    client.type_in(teacher.email, PASSWORD)
    client.send("/logout")
    form, far = {"email": teacher.email, "password": "guess"}, {"REMOTE_ADDR": "203.0.113.9"}
    guesses = [app.test_client().send("/login", form, environ_overrides=far).status_code for _ in range(6)]
    assert guesses == [401] * 5 + [429]
    assert client.type_in(teacher.email, PASSWORD).status_code == 302


def test_an_account_that_does_not_exist_is_slowed_down_alike(app):
    answers = [app.test_client().type_in("nobody@example.org", "x").status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]


def test_guesses_at_many_accounts_from_one_address_are_stopped(app):
    answers = [app.test_client().type_in(f"no{n}@example.org", "x").status_code for n in range(42)]
    assert answers[:40] == [401] * 40
    assert answers[41] == 429


def test_one_who_comes_at_last_is_not_counted(client, teacher):
    with_password(teacher)
    for _ in range(3):
        for _ in range(3):
            client.type_in(teacher.email, "wrong")
        assert client.type_in(teacher.email, PASSWORD).status_code == 302
        client.send("/logout")


def test_the_desk_helps_who_locked_himself_out(client, teacher, administrator):
    with_password(teacher)
    for _ in range(6):
        client.type_in(teacher.email, "wrong")
    slip = accounts.reset(administrator, teacher.id, "ลืม")
    assert client.type_in(teacher.email, slip.password).status_code == 302


def test_the_old_password_cannot_be_guessed_where_it_is_changed(sign_in, teacher):
    browser = sign_in(with_password(teacher))
    form = {**change_form("ทุ่งดอกบัว กับ จักรยาน"), "password": "guess"}
    answers = [browser.send("/change", form).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]


# Where to


@pytest.mark.parametrize(
    "evil",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/%09/evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "///evil.example",
        "http://localhost@evil.example",
    ],
)
@pytest.mark.parametrize("way", ["query", "field"])
def test_next_never_leads_away(client, teacher, evil, way):
    with_password(teacher)
    if way == "query":
        answer = client.send(
            "/login", {"email": teacher.email, "password": PASSWORD}, query_string={"next": evil}
        )
    else:
        answer = client.type_in(teacher.email, PASSWORD, next=evil)
    assert answer.status_code == 302
    assert answer.location in ("/admin/", "/%09/evil.example")  # a path of that odd name is our own


def test_next_leads_back_to_the_page_that_was_asked_for(client, teacher):
    with_password(teacher)
    turned = client.get("/account/?x=1")
    assert turned.location == "/login?next=/account/?x%3D1"
    assert client.type_in(teacher.email, PASSWORD, path=turned.location).location == "/account/?x=1"


def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(app, sign_in, teacher):
    browser = sign_in(teacher)
    sessions.end_all(teacher)
    answer = browser.send("/account/end/", headers={"Referer": "http://localhost/account/?tab=2"})
    assert answer.location == "/login?next=/account/?tab%3D2"
