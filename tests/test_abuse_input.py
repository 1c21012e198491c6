"""Abuse of input: what breaks drivers, pages and patterns, sent to every address and every form."""

import re
from urllib.parse import quote

import pytest

from documents.database import collection
from documents.dmc.students import Student
from documents.people.users import User
from documents.records.writing import Change, write
from tests.making import complete
from tests.people import AREA, SCHOOL, place
from tests.test_record_view import form_of
from tests.test_routes import table
from tests.test_security import PUBLIC
from tests.web import PASSWORD, with_password
from tests.world import Stored, tersely

# As they stand in an address or a form's body: already quoted, since some are no text at all.
HOSTILE = (
    "%00", "%ED%A0%80", "-1", "99999999999999999999999", "NaN", "%7B%22%24ne%22%3A1%7D", "%E2%80%8B%E2%80%AE%E0%B8%B4%E0%B8%81",
    "..%2F..%2Fx",
)  # fmt: skip
ASKED = (
    "id", "school", "page", "after", "before", "last", "search", "letter", "sort", "desc", "missing", "sensitive", "field", "q",
    "round", "area", "from", "to", "document", "action", "actor", "year", "cluster", "state", "view", "what", "show", "parent", "url",
    "then", "flt0_grade_eq", "flt0_0", "flt1_1", "flt0_room_ge", "page_size", "next", "code", "subsystem",
)  # fmt: skip
SENT = (
    "id", "pk", "name", "value", "revision", "rowid", "action", "reason", "until", "until_time", "whom", "move", "seen", "ids", "do",
    "year", "subsystem", "as_of", "memo", "number", "day", "text", "counted", "school", "document", "required", "area", "lines",
    "domain", "roles", "email", "password", "room", "grade", "birth_date", "weight_kg", "first_name", "enter_opens", "enter_closes",
    "latitude", "phone", "grants-0-role", "all_matching", "blanks", "approved", "partly", "back", "new_password", "code",
)  # fmt: skip
WHO = ("district", "admin", "school", "executive", "approver", "director")
FORM = "application/x-www-form-urlencoded"


def faults(browser, asked):
    """[(address, what went wrong)] of requests that are no refusal but a fault of ours."""
    wrong = []
    for method, address, body in asked:
        try:
            if method == "GET":
                answer = browser.get(address)
            else:
                answer = browser.post(address, data=f"csrf_token={browser.token()}&{body}", content_type=FORM)
        except Exception as fault:  # told with its address; in tests a fault is not made into a page
            wrong.append((address[:120], (body or "")[:60], repr(fault)[:160]))
        else:
            if answer.status_code >= 500:
                wrong.append((address[:120], (body or "")[:60], answer.status_code))
    return wrong


def opener(outcome):
    """The first role that a line of the table of routes is open to."""
    return next(role for role in WHO if any(role in roles.split() for roles in outcome.values()))


@pytest.fixture
def lines(world, there):
    """{role: [(method, rule, address, form)]} of the table of routes, each for one role that may."""
    found = {role: [] for role in WHO}
    for method, rule, address, form, outcome in table():
        if (
            outcome and rule != "/logout" and "/rooms/" not in rule
        ):  # what serves one subsystem serves them all
            found[opener(outcome)].append((method, rule, there(address, rule), form))
    return found


@pytest.fixture
def there(world):
    from tests.test_routes import there as known

    return known.__wrapped__(world)


@pytest.mark.parametrize("value", HOSTILE)
def test_no_address_with_hostile_values_is_a_fault(value, world, lines, sign_in, database):
    wrong, query = [], "&".join(f"{name}={value}" for name in ASKED)
    for role, asked in lines.items():
        database.limit_counters.delete_many({})
        every = [
            ("GET", f"{path.partition('?')[0]}?{query}", None)
            for method, _, path, _ in asked
            if method == "GET"
        ]
        wrong += faults(tersely(sign_in(world.people[role])), every)
    assert not wrong, "\n".join(map(str, wrong))


# Names that url_for and Flask-Admin's get_url keep for themselves.
FILE = re.compile("/(export|pdf|file|template|form|letter)/")
LED_AWAY = re.compile(r'(href|action|formaction)="(javascript:|[^"?]*#bent)[^"]*')
BENT = (
    "_scheme=javascript&_external=1&_anchor=bent&_method=PUT&endpoint=root&self=1&export_type=bent&key=bent"
)


def test_no_name_in_an_address_bends_the_links_of_its_page(world, lines, sign_in, database):
    wrong = []
    for role, asked in lines.items():
        database.limit_counters.delete_many({})
        browser = sign_in(world.people[role])
        for method, _, path, _ in asked:
            if method == "GET" and "id=" not in path and not FILE.search(path):
                address = f"{path}{'&' if '?' in path else '?'}{BENT}"
                try:
                    answer = browser.get(address)
                except Exception as fault:  # told with its address
                    wrong.append((address, repr(fault)[:160]))
                else:
                    page = answer.text if answer.mimetype == "text/html" else ""
                    wrong += [(address, bent[0]) for bent in LED_AWAY.finditer(page)]
    assert not wrong, "\n".join(map(str, wrong))
    sent = {"search": "ก", **dict(pair.split("=") for pair in BENT.split("&"))}
    answer = sign_in(world.people["school"]).send("/admin/students/search/", sent)
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/admin/students/")


@pytest.mark.parametrize("value", HOSTILE[:6])
def test_no_form_with_hostile_values_is_a_fault(value, world, lines, sign_in, database):
    """Every field hostile; then the thing that is named real, and everything else hostile."""
    stored, wrong = Stored(), []
    for role, asked in lines.items():
        browser = tersely(sign_in(world.people[role]))
        database.limit_counters.delete_many({})
        for method, rule, address, form in asked:
            if method != "POST":
                continue
            named = known_of(world, rule, form)
            rest = "&".join(f"{name}={value}" for name in SENT if name not in named)
            body = "&".join([*(f"{name}={quote(str(real))}" for name, real in named.items()), rest])
            wrong += faults(browser, [("POST", address, body)])
        stored.put_back()
    assert not wrong, "\n".join(map(str, wrong))


def known_of(world, rule, form):
    """The fields of a line's form that name a thing or a deed, with the real ones."""
    slug = rule.split("/")[2] if rule.startswith("/admin/") else ""
    ids = {
        "submissions": world.submission.id,
        "rounds": world.round.id,
        "users": world.people["neighbour"].id,
    }
    ids |= {kind: records[0] for kind, records in world.own.items()}
    kept = {
        name: value
        for name, value in form.items()
        if name in ("action", "move", "do", "name") and "{" not in value
    }
    kept |= {name: ids[slug] for name in ("id", "pk", "rowid") if name in form and slug in ids}
    return kept


def test_a_megabyte_of_text_is_refused_with_a_sentence(world, sign_in, database):
    browser, id_ = sign_in(world.people["school"]), world.own["students"][0]
    path = f"/admin/students/edit/?id={id_}"
    typed = form_of(browser.get(path).text)
    answer = browser.send(path, typed | {"first_name": "ก" * 1_000_000})
    assert answer.status_code == 422
    assert "ยาวเกิน" in answer.text
    before = Stored()
    cell = {"pk": str(id_), "name": "student_no", "value": "1" * 1_000_000, "revision": "1"}
    assert browser.send("/admin/students/ajax/update/", cell).status_code == 422
    assert not before.changed()


# ---- operators ----


def test_operators_are_text_wherever_they_are_sent(world, sign_in, client, teacher, database):
    with_password(teacher)
    before = Stored(("sessions", "limit_counters", "audit_events", "access_log", "users"))
    for name, value in (
        ("email[$ne]", "x"),
        ("email", "[$ne]"),
        ("email", '{"$gt": ""}'),
        ("email.$ne", "x"),
    ):
        answer = (
            client.type_in("", "", **{name: value, "password[$ne]": "x"})
            if name != "email"
            else client.type_in(value, PASSWORD)
        )
        assert answer.status_code == 401
    browser = sign_in(world.people["school"])
    path = f"/admin/students/edit/?id={world.own['students'][0]}"
    typed = form_of(browser.get(path).text)
    for forged in (
        {"reg_soi": '{"$gt": ""}'},
        {"$where": "1"},
        {"reg_soi[$ne]": "x"},
        {"extra.a": "1"},
        {"reg_soi.$": "x"},
    ):
        browser.send(path, typed | forged | {"revision": "0"})
    token = {"X-CSRFToken": browser.token()}
    for body in (
        {"id": {"$ne": None}},
        {"pk": {"$gt": ""}, "name": "room", "value": {"$inc": 1}},
        [],
        "x",
        {"$where": "sleep(1)"},
    ):
        for page in ("ajax/update/", "reveal/", "delete/", "action/"):
            answer = browser.post(f"/admin/students/{page}", json=body, headers=token)
            assert answer.status_code in (302, 400, 403, 404), (page, body)
    for query in (
        "id[$ne]=x",
        "id[]=x",
        "search[$regex]=.*",
        "school[$ne]=x",
        "flt0_grade_eq[$ne]=x",
        "after[$gt]=",
        "id=[$ne]",
    ):
        assert browser.get(f"/admin/students/?{query}").status_code in (200, 302)
        assert browser.get(f"/admin/students/details/?{query}").status_code == 404
    assert not before.changed()


def test_a_regular_expression_is_searched_as_text(world, sign_in):
    for who, path in (("school", "/admin/students/"), ("district", "/admin/submissions/"), ("district", "/admin/schools/"),
                      ("admin", "/admin/users/"), ("district", "/admin/audit/?actor=")):  # fmt: skip
        browser = sign_in(world.people[who])
        for typed in (".*", "(", "[", "(a+)+$", "\\", "^", "ก|ข", "(?i)x"):
            join = path + quote(typed) if "=" in path else f"{path}?search={quote(typed)}"
            answer = browser.get(join)
            assert answer.status_code == 200, join
            assert str(world.own["students"][0]) not in answer.text, join


# ---- markup ----

MARKUP = "<img src=x onerror=alert(1)>"
INSIDE = '"><svg onload=alert(2)>'
TEMPLATE = "{{7*7}}${7*7}"
RAW = re.compile(r"<img src=x|<svg onload|onerror=alert\(1\)[^&]*>\s*<|\b49\$49")


@pytest.fixture
def planted(world, database, teacher):
    """Markup in every text of a school that takes it: names, clusters, reasons, memos, addresses of pupils."""
    free = ("reg_house_no", "reg_soi", "reg_street", "cur_soi", "first_name_en", "last_name_en")
    texts = dict(zip(free, (MARKUP, INSIDE, TEMPLATE, "'-alert(3)-'", MARKUP, INSIDE), strict=True))
    pupil = Change(Student, place(), complete(Student, **texts))
    (written,) = write([pupil], world.people["school"])
    write(
        [Change(Student, place(), {"reg_soi": MARKUP}, id=written.id, revision=1)],
        world.people["district"],
        MARKUP + INSIDE,
    )
    many = {
        "school_name": INSIDE,
        "cluster": MARKUP,
        "return_reason": MARKUP,
        "hold": {"reason": MARKUP, "by_name": INSIDE},
    }
    database.submissions.update_many({"school_code": SCHOOL}, {"$set": many | {"state": "returned"}})
    database.schools.update_many(
        {"code": SCHOOL}, {"$set": {"name": INSIDE, "cluster": MARKUP, "director_name": MARKUP}}
    )
    database.areas.update_many({"code": AREA}, {"$set": {"name": MARKUP, "short_name": INSIDE}})
    database.rounds.update_many(
        {}, {"$set": {"title": MARKUP, "memo": INSIDE, "order.text": MARKUP, "order.number": INSIDE}}
    )
    database.users.update_many({}, {"$set": {"name": INSIDE, "position": MARKUP}})
    world.own["students"][0] = written.id
    return world


@pytest.mark.parametrize("role", ["school", "district", "executive", "admin"])
def test_what_was_typed_is_text_on_every_page(role, planted, there, sign_in):
    wrong, browser = [], sign_in(planted.people[role])
    asked = [
        there(address, rule)
        for method, rule, address, _, _ in table()
        if method == "GET" and "export" not in rule
    ]
    asked += [f"/admin/students/?search={quote(MARKUP)}", f"/admin/students/?school={quote(INSIDE)}", "/admin/control-room/?view=table",
              f"/admin/students/?flt0_room_eq={quote(MARKUP)}", f"/admin/audit/?actor={quote(INSIDE)}", f"/admin/{quote(MARKUP)}/",
              f"/admin/control-room/?q={quote(INSIDE)}&cluster={quote(MARKUP)}", f"/admin/codelists/details/?id=GRADE&search={quote(INSIDE)}"]  # fmt: skip
    for path in asked:
        text = browser.get(path, follow_redirects=True).data.decode("utf-8", "replace")
        if found := RAW.search(text):
            wrong.append((path, text[max(0, found.start() - 80) : found.end() + 20]))
    assert not wrong, "\n".join(map(str, wrong))


def test_what_comes_back_with_a_refusal_is_text(planted, sign_in):
    browser, id_ = sign_in(planted.people["school"]), planted.own["students"][0]
    path = f"/admin/students/edit/?id={id_}"
    typed = form_of(browser.get(path).text)
    answers = [
        browser.send(path, typed | {"first_name": MARKUP, "reg_soi": INSIDE}),
        browser.send(path, typed | {"reg_soi": INSIDE, "revision": "1"}),
        browser.send("/admin/students/ajax/update/", {"pk": str(id_), "name": "room", "value": MARKUP, "revision": "2"}),
        browser.send("/admin/submissions/move/", {"id": str(planted.submission.id), "move": MARKUP, "reason": INSIDE}),
        browser.send("/admin/submissions/move/", {"id": str(planted.submission.id), "move": "certify", "reason": INSIDE}),
        browser.post(path, data={"csrf_token": MARKUP, MARKUP: INSIDE, "reg_soi": INSIDE}, headers={"Sec-Fetch-Site": "same-origin"}),
        sign_in(planted.people["admin"]).send("/admin/users/new/", {"name": MARKUP, "email": INSIDE, "reason": MARKUP}),
        sign_in(planted.people["admin"]).send("/admin/users/schools/", {"lines": f"{MARKUP}\t{INSIDE}", "area": AREA, "domain": INSIDE}),
        sign_in(planted.people["district"]).send("/admin/rounds/edit/", {"id": str(planted.round.id), "as_of": MARKUP, "reason": INSIDE}),
    ]  # fmt: skip
    for answer in answers:
        assert answer.status_code >= 200
        assert not RAW.search(answer.text) or answer.is_json, answer.request.path
        assert not answer.is_json or answer.mimetype == "application/json"


# ---- ways out ----

ELSEWHERE = ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "\t//evil.example",
             "https:evil.example", "//evil.example/admin/", "http://localhost.evil.example/")  # fmt: skip


def test_no_page_is_a_way_to_another_site(world, sign_in):
    for evil in ELSEWHERE:
        assert_stays_here(evil, world, sign_in)


def assert_stays_here(evil, world, sign_in):
    """No link, form or answer of a page that was asked for with `evil` leads there."""
    browser, id_ = sign_in(world.people["school"]), world.own["students"][0]
    at = quote(evil, safe="")
    path = f"/admin/students/edit/?id={id_}&url={at}"
    pages = [
        browser.get(path),
        browser.get(f"/admin/students/details/?id={id_}&url={at}"),
        browser.get(f"/admin/students/new/?url={at}"),
    ]
    pages += [
        sign_in(world.people["admin"]).get(f"/admin/users/edit/?id={world.people['neighbour'].id}&url={at}")
    ]
    for page in pages:
        assert not re.search(r'(href|action|formaction)="[^"]*evil', page.text.replace("&amp;url=", "")), (
            page.request.path
        )
        assert not re.search(r'href="(javascript|data):', page.text)
    typed = form_of(pages[0].text)
    answers = [
        browser.send(path, typed | {"room": "9", "url": evil}),
        browser.send("/admin/students/action/", {"action": "review", "rowid": str(id_), "url": evil}),
        browser.send(f"/admin/students/delete/?url={at}", {"id": str(id_), "url": evil}),
        browser.get(f"/admin/choose/?round={world.round.id}&then={at}"),
        sign_in(world.people["director"]).get(path),
        sign_in(world.people["admin"]).send(
            "/admin/users/action/", {"action": "activate", "rowid": "x", "url": evil}
        ),
    ]
    for answer in answers:
        assert "evil" not in (answer.location or "").partition("?")[0], answer.request.path
        assert not (answer.location or "").startswith(("//", "http", "javascript")), answer.location


# ---- what is told to whom it is not for ----


def test_nothing_of_a_person_stands_in_log_or_address(world, sign_in, caplog):
    """Log lines, addresses that are led to, and names of downloads hold no number and no name."""
    caplog.set_level("DEBUG")
    pupil = collection(Student).find_one({"_id": world.own["students"][0]})
    browser = sign_in(world.people["school"])
    path = f"/admin/students/edit/?id={pupil['_id']}"
    typed = form_of(browser.get(path).text)
    answers = [
        browser.send(path, typed | {"room": "9"}),
        browser.send(path, typed | {"first_name": "x" * 100}),
        browser.send(path, typed | {"revision": "1"}),
        browser.send("/admin/students/reveal/", {"id": str(pupil["_id"]), "name": "person_id"}),
        browser.send("/admin/students/new/", typed | {"revision": ""}),
        browser.get("/admin/students/export/csv/"),
        browser.get(f"/admin/students/details/?id={pupil['_id']}"),
        browser.get(f"/admin/students/?search={pupil['person_id']}"),
    ]
    names = {
        pupil["person_id"],
        pupil["first_name"],
        pupil["last_name"],
        pupil["father_id"],
        world.people["school"].email,
    }
    lines = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith("pymongo")
    )
    for name in names:
        assert name not in lines
        for answer in answers:
            told = f"{answer.location or ''} {answer.headers.get('Content-Disposition', '')}"
            assert name not in told, answer.request.path


def test_a_stranger_is_told_nothing_by_any_page(world, client):
    """What the pages for strangers show names no person, no school and no version of anything."""
    for path in (
        *PUBLIC,
        "/nothing",
        "/admin/students/",
        f"/admin/students/details/?id={world.own['students'][0]}",
    ):
        answer = client.get(path.replace("<path:filename>", "nothing.js"))
        assert not world.shown_in(answer) - {path.rpartition("=")[2]}, path
        told = answer.headers.get("Server", "") + answer.text
        assert "Werkzeug" not in answer.text
        assert "Traceback" not in told
        assert not re.search(r"(Flask|Python|MongoDB|mongoengine)[/ ]\d", told)
    assert User.objects.count() >= 6
