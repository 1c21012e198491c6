"""Abuse of forms: each form as its page filled it, sent back with one field after another that no page would send."""

import re
from html.parser import HTMLParser
from itertools import cycle
from urllib.parse import urlencode, urljoin, urlsplit

import pytest

from documents.formats import thai
from tests.test_abuse_input import faults, lines, opener, there  # noqa: F401  the fixtures
from tests.test_routes import table
from tests.web import with_password  # noqa: F401
from tests.world import Stored, tersely

HOSTILE = (
    *("9" * 30, "-99999999999999999999", "$ne", "NaN", "1e400", "๙" * 400, "\ud800", "\x00"),
    *("31/13/9999", "<svg/onload=alert(1)>", '{"$gt": ""}', "=1+1", "a\r\nSet-Cookie: x=1"),
)
# They end the session or hand the account to a new password, and stand in tests of their own.
LEFT_OUT = re.compile(r"/logout|/change$|/account/end|/two-step|/reset/|/password")
ENDLESS = "9" * 5000  # Python itself refuses to read it as a number
MOST_FIELDS = 6  # of one form: the lines of a sheet are all alike


class Forms(HTMLParser):
    """The forms of a page as a browser would send them: [(action, method, [(name, value)])]."""

    def __init__(self, html):
        super().__init__()
        self.found, self._open = [], None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        """Take what a browser would send of an element."""
        has = dict(attrs)
        if tag == "form":
            self._open = []
            self.found.append((has.get("action") or "", (has.get("method") or "get").lower(), self._open))
        elif tag == "option" and "selected" in has and self._open:
            self._open[-1] = (self._open[-1][0], has.get("value", ""))
        elif tag in ("input", "select", "textarea") and has.get("name") and self._open is not None:
            kind = has.get("type", "text")
            if kind not in ("file", "submit") and (kind not in ("checkbox", "radio") or "checked" in has):
                self._open.append((has["name"], has.get("value") or ""))

    def handle_endtag(self, tag):
        """What stands behind a form is none of it."""
        if tag == "form":
            self._open = None


def forms_of(browser, pages):
    """{(path, names): (address, method, fields)} of the forms on pages, each once."""
    known = {}
    for page in pages:
        answer = browser.get(page)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        for action, method, fields in Forms(answer.text).found:
            address = urljoin(page, action)
            path, names = urlsplit(address).path, tuple(sorted({name for name, _ in fields}))
            if not LEFT_OUT.search(path):
                known.setdefault((path, names), (address, method, fields))
    return known


def spoilt(fields, values):
    """The fields with one of them replaced, for the first of them one after another; a reason is given everywhere."""
    open_ = [place for place, (name, _) in enumerate(fields) if name != "csrf_token"][:MOST_FIELDS]
    for place, value in [(place, value) for place in open_ for value in (ENDLESS, next(values))]:
        sent = [(name, old or "ทดสอบ") if name == "reason" else (name, old) for name, old in fields]
        sent[place] = (sent[place][0], value)
        yield urlencode([each for each in sent if each[0] != "csrf_token"], errors="surrogatepass")


@pytest.mark.parametrize("role", ["admin", "district", "school"])
def test_no_form_with_one_hostile_field_is_a_fault(role, world, there, sign_in, database):  # noqa: F811
    stored, values, wrong = Stored(), cycle(HOSTILE), []
    browser = tersely(sign_in(world.people[role]))
    pages = [
        there(address, rule)
        for method, rule, address, _, outcome in table()
        if method == "GET" and "/rooms/" not in rule and any(role in who.split() for who in outcome.values())
    ]
    for address, method, fields in forms_of(browser, pages).values():
        database.limit_counters.delete_many({})
        path = urlsplit(address).path
        for body in spoilt(fields, values):
            asked = ("POST", address, body) if method == "post" else ("GET", f"{path}?{body}", None)
            wrong += faults(browser, [asked])
        if {"users", "sessions"} & set(stored.put_back()):
            browser = tersely(sign_in(world.people[role]))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize(
    ("role", "address", "sent"),
    [
        ("school", "/admin/students/reveal/", {"name": f"former_ids.{ENDLESS}"}),
        ("school", "/admin/students/reveal/", {"name": f"event.{ENDLESS}.person_id.0"}),
        ("admin", "/admin/rules/conditions/", {"document": "students", "first_year": ENDLESS}),
        ("admin", "/admin/rules/new/", {"document": "students", "first_year": ENDLESS, "do": "redraw"}),
    ],
)
def test_what_only_a_script_sends_is_no_fault_either(role, address, sent, world, sign_in):
    answer = sign_in(world.people[role]).send(address, {"id": str(world.own["students"][0])} | sent)
    assert answer.status_code in (200, 404)


@pytest.mark.parametrize(
    ("typed", "most", "number"),
    [
        ("12", 20, 12), (" ๑๒ ", 20, 12), ("1,200", 2000, 1200), ("007", 9, 7), ("0", 9, 0), (12, 20, 12),
        ("21", 20, None), ("9" * 5000, 20, None), ("-1", 20, None), ("1.5", 20, None), ("²", 20, None),
        ("", 20, None), (None, 20, None), ("$ne", 20, None),
    ],
)  # fmt: skip
def test_a_whole_number_is_read_within_its_bound(typed, most, number):
    assert thai.whole(typed, most) == number
