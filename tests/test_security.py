"""What guards every request: routes for strangers, tokens, hosts, headers, sizes and errors."""

import ast
import inspect
import io
import re
import signal
import time
from pathlib import Path

import pytest
from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError
from werkzeug.middleware.proxy_fix import ProxyFix

from admin_app import create_app, errors, gate, security
from admin_app.config import Settings
from admin_app.security import FILES_EACH
from documents.database import CLIENT, FOR_PAGES, connect, db
from documents.errors import Busy, RoundLocked
from documents.people.users import User
from scripts.environment import ROOT
from tests.people import NOON
from tests.web import AUDIT_KEY, PASSWORD, SECRET_KEY, Browser, settings_for, with_password
from views.records import files_out

# Every route a stranger may open, with its reason. Whatever else the application has must send him to sign in.
PUBLIC = {
    "/static/<path:filename>": "the look",
    "/admin/static/<path:filename>": "Flask-Admin's scripts",
    "/healthz": "monitors have no account",
    "/login": "where strangers become people",
    "/login/code": "the second step of who has proven his password; others are sent to sign in",
    "/register": "whoever works at a school asks for an account",
    "/register/sent": "what happens next, the same for everybody",
    "/register/confirm": "the link in a registrant's letter",
    "/register/amend": "the link in a returned registrant's letter",
    "/password/forgot": "asking for a link; tells nothing",
    "/password/new": "the link with which a password is set, once",
    "/public/": "what districts published: sums, nobody's data",
    "/public/<area>/": "an area's published rounds",
    "/public/<area>/<subsystem>/<label>/": "a published round in sums by school",
    "/public/<area>/<subsystem>/<label>/<school>/": "a school's sums in a published round",
    "/public/<area>/<subsystem>/<label>/<slug>.csv": "the same sums as a file",
    "/reading": "a stranger reads in a language of his choice",
}
POLICY = re.compile(
    r"default-src 'self'; script-src 'self' 'nonce-([\w-]{20,})'; style-src 'self' 'nonce-\1'; img-src 'self' "
    r"data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HERE = {"Sec-Fetch-Site": "same-origin"}


def routes(app):
    """(rule, an address it answers, its methods) of every route."""
    for rule in app.url_map.iter_rules():
        with app.test_request_context():
            path = rule.build({name: "xlsx" for name in rule.arguments})[1]
        yield str(rule), path, rule.methods - {"HEAD", "OPTIONS"}


# Strangers


def test_every_route_that_is_not_named_public_turns_a_stranger_away(app):
    for rule, path, methods in routes(app):
        for method in methods:
            browser = app.test_client()
            data = {"csrf_token": browser.token()} if method != "GET" else None
            answer = browser.open(path, method=method, data=data)
            if rule in PUBLIC:
                assert answer.status_code in (200, 302, 303, 401, 404, 409), rule
            else:
                assert answer.status_code == 302, (
                    f"{method} {rule} answers a stranger: add no route without a rule"
                )
                assert answer.location.startswith("/login"), rule


def test_the_list_of_public_routes_names_only_routes_that_are_there(app):
    rules = {str(rule): rule.endpoint for rule in app.url_map.iter_rules()}
    assert set(PUBLIC) <= set(rules)
    assert {rules[rule] for rule in PUBLIC} == gate.PUBLIC


def test_a_script_without_a_session_is_told_so_in_json(client):
    answer = client.get("/admin/", headers={"X-Requested-With": "XMLHttpRequest"})
    assert answer.status_code == 401
    assert answer.json["login"] == "/login"


def test_a_path_that_does_not_exist_says_nothing_of_whom_it_asks(client):
    answer = client.get("/admin/nothing/here")
    assert answer.status_code == 404


# Tokens


def test_every_route_that_changes_something_wants_a_token(app, sign_in, administrator):
    browser = sign_in(administrator)
    for rule, path, methods in routes(app):
        for method in methods - {"GET"}:
            answer = browser.open(path, method=method, data={"id": "x", "name": "x"})
            assert answer.status_code == 400, f"{method} {rule} was taken without a token"


@pytest.mark.parametrize("token", ["", "x", "IjEi.aSJq.x"])
def test_a_wrong_token_is_refused(sign_in, teacher, token):
    browser = sign_in(teacher)
    assert browser.post("/account/end/", data={"csrf_token": token}).status_code == 400


def test_another_persons_token_is_refused(sign_in, teacher, neighbour):
    token = sign_in(neighbour).token()
    assert sign_in(teacher).post("/account/end/", data={"csrf_token": token}).status_code == 400


def test_a_token_in_the_header_is_as_good_as_in_the_form(sign_in, teacher):
    browser = sign_in(teacher)
    assert browser.post("/account/end/", headers={"X-CSRFToken": browser.token()}).status_code == 302


def test_a_stale_form_comes_back_with_what_was_typed(sign_in, teacher):
    typed = {"name": "ด.ช. <b>ทดสอบ</b>", "many": ["ก", "ข"], "password": "ไม่คืน", "csrf_token": "old"}
    answer = sign_in(teacher).post("/account/end/?x=1", data=typed, headers=HERE)
    assert answer.status_code == 400
    assert errors.STALE in answer.text
    assert "ด.ช. &lt;b&gt;ทดสอบ&lt;/b&gt;" in answer.text
    assert answer.text.count('name="many"') == 2
    assert 'action="/account/end/?x=1"' in answer.text
    assert "ไม่คืน" not in answer.text


def test_a_form_that_came_back_can_be_sent_again(sign_in, teacher):
    browser = sign_in(teacher)
    page = browser.post("/account/end/", data={"csrf_token": "old"}, headers=HERE).text
    fresh = re.findall(r'name="csrf_token" value="([^"]+)"', page)[-1]
    assert browser.post("/account/end/", data={"csrf_token": fresh}).status_code == 302


def test_who_lost_his_sign_in_is_told_to_sign_in_beside_and_send_again(client, sign_in, teacher):
    typed = {"name": "ด.ช. ทดสอบ", "csrf_token": "old"}
    answer = client.post("/admin/students/new/", data=typed, headers=HERE)
    assert answer.status_code == 400
    assert errors.SIGNED_OUT in answer.text
    assert re.search(r'<a [^>]*href="/login" target="_blank"', answer.text)
    assert "ด.ช. ทดสอบ" in answer.text
    for path in ("/login", "/register"):
        assert errors.SIGNED_OUT not in client.post(path, data=typed, headers=HERE).text, path
    # Signed in beside, the first press gets a token of the new sign-in, the second one is taken.
    browser = sign_in(teacher)
    again = browser.post("/account/end/", data={"csrf_token": "old"}, headers=HERE)
    assert errors.STALE in again.text


@pytest.mark.parametrize(
    "sender",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_form_of_another_site_gets_nothing_back(sign_in, teacher, sender):
    answer = sign_in(teacher).post("/account/end/", data={"id": "planted"}, headers=sender)
    assert answer.status_code == 400
    assert "planted" not in answer.text
    assert errors.UNTRUSTED in answer.text


def test_a_script_with_a_stale_token_gets_a_fresh_one(sign_in, teacher):
    browser = sign_in(teacher)
    script = {"X-Requested-With": "XMLHttpRequest", **HERE}
    answer = browser.post("/account/end/", headers=script)
    assert answer.json["error"] == errors.STALE
    assert (
        browser.post("/account/end/", headers={"X-CSRFToken": answer.json["csrf_token"]}).status_code == 302
    )


# Hosts


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:80", "[::2]", "a b", ""]
)
def test_a_foreign_host_is_refused(client, host):
    answer = client.get("/login", headers={"Host": host}, base_url="http://localhost")
    assert answer.status_code == 400
    assert "evil" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"])
def test_an_own_host_is_taken(client, host):
    assert client.get("/login", headers={"Host": host}).status_code == 200


def test_monitors_ask_by_any_host(client):
    answer = client.get("/healthz", headers={"Host": "10.1.2.3:9999"})
    assert answer.status_code == 200
    assert answer.json["status"] == "ok"


def test_a_redirect_never_carries_the_host_it_was_asked_by(client):
    for path in ("/admin", "/account", "/admin/"):
        answer = client.get(path, headers={"Host": "127.0.0.1"})
        assert "evil" not in (answer.location or "")
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 400


@pytest.fixture
def another_app(database_uri, tmp_path):
    """`another_app(**settings)` gives an application with other settings on the same database."""

    def made(**more):
        app = create_app(settings_for(database_uri, tmp_path, **more))
        connect(database_uri)
        app.test_client_class = Browser
        return app

    return made


def test_forwarded_headers_are_believed_only_by_setting(another_app, teacher):
    with_password(teacher)
    forged = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    plain, behind = another_app(), another_app(trusted_proxies=1)
    assert not isinstance(plain.wsgi_app, ProxyFix)
    plain.test_client().type_in(teacher.email, PASSWORD, headers=forged)
    assert User.objects.get(id=teacher.id).current_login_ip == "127.0.0.1"
    answer = behind.test_client().get("/login", headers={**forged, "Host": "localhost"})
    assert answer.status_code == 200  # X-Forwarded-Host is believed from nobody
    behind.test_client().type_in(teacher.email, PASSWORD, headers={"X-Forwarded-For": "6.6.6.6, 10.9.9.9"})
    assert User.objects.get(id=teacher.id).current_login_ip == "10.9.9.9"


def test_the_public_address_decides_the_scheme(another_app):
    """TLS ends at a proxy: what stands in the address of a redirect is what people typed."""
    client = another_app(public_urls=("https://khet.example", "http://10.0.0.5:8000")).test_client()
    for host, said in (
        ("khet.example", "https://khet.example/admin/"),
        ("KHET.example:443", "https://khet.example/admin/"),
        ("10.0.0.5:8000", "http://10.0.0.5:8000/admin/"),
    ):
        assert client.get("/admin", headers={"Host": host}).location in (said, "/admin/"), host
    assert client.get("/admin", headers={"Host": "khet.example"}).location.startswith("https:")


# Headers


def test_every_answer_carries_the_headers(app, sign_in, administrator):
    browser = sign_in(administrator)
    for rule, path, methods in routes(app):
        answer = browser.get(path) if "GET" in methods else browser.post(path)
        assert POLICY.fullmatch(answer.headers["Content-Security-Policy"]), rule
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        if "/static/" not in rule:
            assert answer.headers["Cache-Control"] == "no-store", rule
        assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize("path", ["/login", "/nothing", "/admin/", "/static/nothing.js"])
def test_a_stranger_gets_the_headers_too(client, path):
    answer = client.get(path)
    assert POLICY.fullmatch(answer.headers["Content-Security-Policy"])
    assert answer.headers["Cache-Control"] == "no-store"


def test_each_answer_has_its_own_nonce_and_its_page_uses_it(sign_in, teacher):
    browser = sign_in(teacher)
    nonces = []
    for _ in range(3):
        answer = browser.get("/account/")
        nonces.append(POLICY.fullmatch(answer.headers["Content-Security-Policy"])[1])
        assert set(re.findall(r'nonce="([^"]+)"', answer.text)) <= {nonces[-1]}
    assert len(set(nonces)) == 3


def test_a_static_file_may_be_kept(client):
    found = next(Path(security.__file__).parent.glob("static/css/*.css")).name
    assert "public" in client.get(f"/static/css/{found}").headers["Cache-Control"]
    assert "immutable" in client.get(f"/static/css/{found}?v=1").headers["Cache-Control"]


def test_cookies_are_shut_to_scripts_and_other_sites(client, another_app, teacher):
    with_password(teacher)
    cookie = client.type_in(teacher.email, PASSWORD).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    secure = another_app(public_urls=("https://khet.example.org",)).test_client()
    answer = secure.get("/login", base_url="https://khet.example.org")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


# Sizes and faults


def test_too_large_an_upload_gets_a_page_and_is_read_to_its_end(sign_in, teacher):
    body = io.BytesIO(b"x" * (security.LARGEST_UPLOAD + 1000))
    answer = sign_in(teacher).post("/account/end/", input_stream=body, content_length=len(body.getvalue()))
    assert answer.status_code == 413
    assert "42 MB" in answer.text
    assert body.read() == b""


def test_a_very_long_field_is_refused(sign_in, teacher):
    answer = sign_in(teacher).send("/account/end/", {"id": "ก" * security.LARGEST_FIELD})
    assert answer.status_code == 413


@pytest.fixture
def faulty(another_app):
    """An application with pages that fail in chosen ways, shown as in production."""
    app = another_app()
    app.config["PROPAGATE_EXCEPTIONS"] = False
    faults = {
        "fault": ValueError("เด็กชายสมชาย 1-1037-02071-81-1"),
        "lost": AutoReconnect("127.0.0.1:27017: connection closed"),
        "away": ServerSelectionTimeoutError("no primary"),
        "started": OperationFailure("No keys found for HMAC that is valid for time", 211),
        "refused": OperationFailure("not authorized on khet", 13),
        "locked": RoundLocked("รอบ 2568/1 ล็อกแล้ว"),
        "busy": Busy("มีผู้บันทึกพร้อมกันหลายคน กรุณาบันทึกอีกครั้ง"),
    }

    def fail(name):
        raise faults[name]

    app.add_url_rule("/fail/<name>", "fail", fail, methods=["GET", "POST"])
    return app


@pytest.mark.parametrize("name", ["fault", "refused"])
def test_a_fault_shows_a_thai_page_without_its_words(faulty, teacher, name):
    browser = faulty.test_client()
    browser.sign_in(teacher)
    answer = browser.get(f"/fail/{name}")
    assert answer.status_code == 500
    assert "ระบบขัดข้อง" in answer.text
    assert "สมชาย" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("name", ["lost", "away", "started"])
def test_a_lost_database_keeps_what_was_typed(faulty, teacher, name, caplog):
    browser = faulty.test_client()
    browser.sign_in(teacher)
    answer = browser.send(f"/fail/{name}?id=7", {"first_name": "สมชาย"}, headers=HERE)
    assert answer.status_code == 503
    assert 'value="สมชาย"' in answer.text
    assert "ฐานข้อมูล" in answer.text
    assert "สมชาย" not in caplog.text
    assert "database lost during POST /fail/<name>" in caplog.text


def test_who_came_while_others_saved_may_send_again(faulty, teacher):
    browser = faulty.test_client()
    browser.sign_in(teacher)
    answer = browser.send("/fail/busy", {"first_name": "สมชาย"}, headers=HERE)
    assert answer.status_code == 503
    assert 'value="สมชาย"' in answer.text
    assert "กรุณาบันทึกอีกครั้ง" in answer.text


def test_a_rule_says_its_sentence_with_its_status(faulty, teacher):
    browser = faulty.test_client()
    browser.sign_in(teacher)
    page = browser.get("/fail/locked")
    assert page.status_code == 409
    assert "รอบ 2568/1 ล็อกแล้ว" in page.text
    script = browser.get("/fail/locked", headers={"Accept": "application/json"})
    assert script.json == {"error": "รอบ 2568/1 ล็อกแล้ว", "kind": "RoundLocked"}


@pytest.mark.parametrize("status", sorted(errors.SENTENCES))
@pytest.mark.parametrize("who", ["stranger", "teacher"])
def test_every_error_has_a_thai_page_that_says_what_to_do(app, sign_in, client, teacher, status, who):
    with app.test_request_context("/admin/"):
        page, code, _ = errors.answer(status)
    words = re.sub(r"<[^>]+>", " ", page)
    assert code == status
    assert str(status) in words
    assert re.search(r"[ก-๛]{6,}", words)
    assert 'href="/' in page


def test_a_database_that_is_away_at_sign_in_is_a_503(another_app, tmp_path):
    away = create_app(settings_for("mongodb://127.0.0.1:1/khet?serverSelectionTimeoutMS=200", tmp_path))
    away.test_client_class = Browser
    answer = away.test_client().type_in("a@b.c", "x", headers=HERE)
    assert answer.status_code == 503
    another_app()  # connects the tests' database again


def test_an_operator_s_own_times_in_the_uri_hold(another_app, tmp_path):
    create_app(settings_for("mongodb://127.0.0.1:1/khet?connectTimeoutMS=45000", tmp_path))
    options = db().client.options
    another_app()  # connects the tests' database again
    assert options.pool_options.connect_timeout == 45
    assert options.server_selection_timeout == CLIENT["serverSelectionTimeoutMS"] / 1000


def test_a_database_that_hangs_is_given_up_while_the_reader_waits(another_app, own_mongo, tmp_path):
    """It takes connections and answers nothing. The times are a quarter of the real ones, which come to 12 seconds."""
    uri = own_mongo.start()
    with pytest.MonkeyPatch.context() as shorter:
        shorter.setitem(CLIENT, "serverSelectionTimeoutMS", CLIENT["serverSelectionTimeoutMS"] // 4)
        for name, real in FOR_PAGES.items():
            shorter.setitem(FOR_PAGES, name, real // 4)
        hanging = create_app(settings_for(uri, tmp_path))
    hanging.test_client_class = Browser
    hanging.test_client().type_in("a@b.c", "x", headers=HERE)
    own_mongo.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        answer = hanging.test_client().type_in("a@b.c", "x", headers=HERE)
        assert (answer.status_code, time.monotonic() - began < 10) == (503, True)
    finally:
        own_mongo.process.send_signal(signal.SIGCONT)
        another_app()  # connects the tests' database again


# Limits on pages


def test_exports_are_limited_for_each_person(sign_in, officer, approver, open_round):
    browser = sign_in(officer)
    answers = [browser.get("/admin/students/export/csv/").status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]
    assert sign_in(approver).get("/admin/students/export/csv/").status_code == 200


def returned(function):
    """Names of what a function gives back the result of: called in its return, or kept under the name it returns."""
    found = set()
    for node in ast.walk(function):
        values = [node.value] if isinstance(node, ast.Return) and node.value else []
        while values:
            value = values.pop()
            if isinstance(value, ast.IfExp):
                values += [value.body, value.orelse]
            elif isinstance(value, ast.Tuple):
                values += value.elts[:1]
            elif isinstance(value, ast.Call):
                found.add(getattr(value.func, "attr", getattr(value.func, "id", "")))
            elif isinstance(value, ast.Name):
                values += [
                    each.value
                    for each in ast.walk(function)
                    if isinstance(each, ast.Assign)
                    and not isinstance(each.value, ast.Name)
                    and any(isinstance(to, ast.Name) and to.id == value.id for to in each.targets)
                ]
        if isinstance(node, ast.Constant) and node.value == "Content-Disposition":
            found.add("send_file")
    return found


def views_that_give_files():
    """{(module, function)} of the exposed views that hand out a file, by themselves or by what they return."""
    by_name, exposed = {}, {}
    for path in sorted((ROOT / "views").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                names = returned(node)
                by_name.setdefault(node.name, set()).update(names)
                if any("expose" in ast.unparse(mark) for mark in node.decorator_list):
                    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                    exposed[module, node.name] = names
    giving = {"send_file"}
    while more := {name for name, names in by_name.items() if names & giving} - giving:
        giving |= more
    return {view for view, names in exposed.items() if names & giving}


def test_every_route_that_hands_out_a_file_says_what_it_holds_and_is_limited_by_that(app):
    """By what the source gives back, so that no name of a view decides; what has no personal data is not limited."""
    giving, said = views_that_give_files(), {}
    assert len(giving) > 30
    for endpoint, view in app.view_functions.items():
        of_ours = inspect.unwrap(view)
        if (of_ours.__module__, of_ours.__name__) in giving:
            said[endpoint] = getattr(view, "hands_out", None)
    assert {endpoint for endpoint, what in said.items() if what not in files_out.KINDS} == set()
    free = {endpoint for endpoint, what in said.items() if what == files_out.NOBODY}
    rules = {"codelists.export_xlsx", "fields.export_xlsx"}
    assert {endpoint.rpartition(".")[2] for endpoint in free - rules} == {
        "key",
        "index",
        "file",
        "template_view",
    }
    assert rules < free
    assert FILES_EACH.keys() == {*files_out.KINDS} - {files_out.NOBODY}


def test_a_result_of_a_job_is_limited_though_its_view_is_not_called_export(sign_in, world):
    browser = sign_in(world.people["school"])
    answers = [browser.get(f"/admin/jobs/result/?id={world.job.id}").status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]


# Not to start


def test_the_application_refuses_default_secrets_and_debug_mode(tmp_path):
    good = {
        "mongodb_uri": "mongodb://x/khet",
        "secret_key": SECRET_KEY,
        "audit_key": AUDIT_KEY,
        "data": tmp_path,
    }
    for wrong in ({"secret_key": "changeme"}, {"secret_key": ""}, {"audit_key": b"short"}, {"debug": True}):
        with pytest.raises(RuntimeError):
            Settings(**{**good, "now": NOON, **wrong})
