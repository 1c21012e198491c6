"""Real browsers for tests: the application served on a port, Chromium, and a person at a window of it.

Screenshots go to tests/screenshots (not kept by git), but none is taken in a run of several workers. Every page is
watched: what the policy refuses, a script's fault, a request that takes very long or an English word left on it fails
the test that saw it.
"""

import logging
import os
import re
import shutil
import threading
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright
from werkzeug.serving import make_server

from documents.people import sessions
from scripts.packages import BROWSERS
from tests.slow import Costed
from tests.test_no_english import english_on

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic",
]  # fmt: skip
SHOTS = Path(__file__).parent / "screenshots"
LAPTOP, PHONE = {"width": 1366, "height": 900}, {"width": 390, "height": 844}
SLOWEST = 20.0  # seconds a request may take on a machine that is busy with other tests, too
SHORT_CODE = re.compile(r"\b[0-9A-F]{4}(-[0-9A-F]{4}){2}\b")  # of a digest
PATIENCE = 30_000  # milliseconds that something waited for may take at most
MOMENT = 0.02  # seconds between looks whether the server is to end

expect.set_options(timeout=PATIENCE)


@pytest.fixture
def live(app, profiled):
    """The address of the application, served to real browsers. A request that costs over two seconds fails the test."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    costed = Costed(app)
    server = make_server("127.0.0.1", 0, costed, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(MOMENT,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    assert not costed.slow, costed.slow


@pytest.fixture(scope="session")
def chromium():
    """One Chromium a worker, the system's."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert program, "chromium is missing: install the package chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


class Window:
    """One person's window: `go`, `shot`, and `page` for the rest; what went wrong on a page is in `faults`."""

    def __init__(self, chromium, base, size=None, dark=False):
        self.base, self.faults, self.began = base, [], {}
        self.context = chromium.new_context(
            viewport=size or LAPTOP,
            locale="th-TH",
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda fault: self.faults.append(f"script: {fault}"))
        self.page.on("request", lambda one: self.began.setdefault(one, time.monotonic()))
        self.page.on("requestfinished", self._timed)

    def _said(self, message):
        if message.type == "error" and "status of 4" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _timed(self, request):
        took = time.monotonic() - self.began.get(request, time.monotonic())
        if took > SLOWEST:
            self.faults.append(f"slow: {request.url} {took:.1f} s")

    def go(self, path, status=200):
        """Open a page and look it over: its status, and no English on it."""
        answer = self.page.goto(self.base + path)
        assert answer.status == status, (path, answer.status)
        self.look_over()

    def look_over(self):
        """The page as it stands now must be Thai."""
        html = SHORT_CODE.sub("", self.page.content())
        english = english_on(html, also=("xxxxx",))  # of a masked number
        assert not english, (self.page.url, english)

    def shot(self, name):
        """Save what is seen now, for who runs a test alone to look at it."""
        if "PYTEST_XDIST_WORKER" in os.environ:
            return
        SHOTS.mkdir(exist_ok=True)
        self.page.wait_for_timeout(150)
        self.page.screenshot(path=SHOTS / f"{name}.png")

    def sign_in(self, email, password):
        """Through the page, as a person does."""
        self.page.goto(f"{self.base}/login")
        self.page.fill("[name=email]", email)
        self.page.fill("[name=password]", password)
        self.page.press("[name=password]", "Enter")
        self.page.wait_for_url("**/admin/**")

    def press(self, words, confirm=None, stays=False):
        """Press the button with these words, answer the question it asks, and wait for the page that follows."""
        last = self.page.get_by_role("button", name=words).first
        if confirm:
            last.click()
            last = self.page.locator("dialog[open]").get_by_role("button", name=confirm)
        if stays:
            return last.click()
        with self.page.expect_navigation():
            last.click()


@pytest.fixture
def window(chromium, live, app):
    """Opens windows: `window(user)` is signed in already, `window()` is a stranger's. Faults fail the test."""
    opened = []

    def opens(user=None, **more):
        one = Window(chromium, live, **more)
        opened.append(one)
        if user is not None:
            one.context.add_cookies([{"name": "khet", "value": cookie_of(app, user), "url": live}])
        return one

    yield opens
    faults = [fault for one in opened for fault in one.faults]
    for one in opened:
        one.context.close()
    assert not faults, faults


def cookie_of(app, user):
    """The cookie that a sign-in of this person would leave."""
    began = sessions.begin(user, "127.0.0.1", "Chromium")
    held = {"_user_id": user.fs_uniquifier, "_fresh": True, "sid": str(began.id), "who": str(user.id)}
    return app.session_interface.get_signing_serializer(app).dumps(held)


def lock_in_browser(window, approver, round_):
    """The approver locks a round on its page; the other schools are closed unreported with a reason."""
    above = window(approver)
    above.go(f"/admin/rounds/lock/?id={round_.id}")
    above.page.locator("[name=reason]").first.fill("โรงเรียนอื่นไม่ได้รายงาน")
    above.page.locator("button.risk").first.click()
    above.page.wait_for_url("**/admin/rounds/details/**")
