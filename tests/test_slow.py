"""Slow requests: told in the log without a word of what was asked, and counted honestly in the browser suite."""

import logging
import time

import pytest
from flask import Flask, Response
from werkzeug.test import Client

from admin_app import slow
from documents.database import db
from tests.slow import Costed


@pytest.fixture
def quick(app, caplog):
    """The product's own application behind a watch that finds nearly every request slow; gives (client, lines)."""
    caplog.set_level(logging.WARNING, "admin_app.slow")
    watched, kept = app.wsgi_app, app.wsgi_app.seconds
    watched.seconds = 0.000_001
    yield lambda: [record.getMessage() for record in caplog.records if record.name == "admin_app.slow"]
    watched.seconds = kept


def test_a_slow_request_is_told_by_its_route_person_and_area(quick, sign_in, officer, open_round):
    browser = sign_in(officer)
    browser.get("/admin/students/?search=สมชาย", buffered=True)
    browser.get(f"/admin/rounds/details/?id={open_round.id}", buffered=True)
    first, second = quick()
    assert first.startswith("slow request: GET /admin/students/ 200, ")
    assert first.endswith(f"person {officer.id} area 34010000")
    assert "สมชาย" not in first + second
    assert str(open_round.id) not in second


def test_one_of_a_stranger_and_one_of_no_page_are_told_too(quick, client):
    client.get("/login", buffered=True)
    client.get("/nowhere/1100000000000", buffered=True)
    first, second = quick()
    assert first.endswith("person - area -")
    assert "(no such page) 404" in second
    assert "1100000000000" not in second


def test_a_request_within_its_time_is_not_told(app, client, caplog):
    assert app.wsgi_app.seconds == 2
    client.get("/login", buffered=True)
    assert not [record for record in caplog.records if record.name == "admin_app.slow"]


@pytest.fixture
def small(caplog):
    """An application of a few routes behind a watch of a tenth of a second."""
    caplog.set_level(logging.WARNING, "admin_app.slow")
    app = Flask(__name__)

    @app.get("/stream")
    def stream():
        def pieces():
            yield b"a"
            time.sleep(0.15)
            yield b"b"

        return Response(pieces())

    slow.init_app(app, 0.1)
    return app


def test_the_time_of_a_streamed_answer_is_counted_and_told_apart(small, caplog):
    assert small.test_client().get("/stream", buffered=True).data == b"ab"
    [record] = [record for record in caplog.records if record.name == "admin_app.slow"]
    took, began = record.args[3:5]
    assert took >= 150
    assert began < took - 100


def test_a_file_is_still_sent_as_a_file_and_closed(caplog):
    caplog.set_level(logging.WARNING, "admin_app.slow")
    closed = []

    class File(list):
        def close(self):
            closed.append(True)

    answer = slow.Watched(lambda environ, start: File([b"x"]), 0)
    given = answer({"REQUEST_METHOD": "GET", "wsgi.file_wrapper": File}, None)
    assert isinstance(given, File)
    given.close()
    assert closed
    assert "(not answered)" in caplog.text


# ---- the measure of the browser suite ----


LONG = 0.3  # seconds, for these tests


def costs(work, crowded=False):
    """What a request that does this is found guilty of, on a machine that is crowded or not."""

    def app(environ, start_response):
        work()
        start_response("200 OK", [])
        return [b"done"]

    costed = Costed(app, LONG, lambda: crowded)
    Client(costed).get("/somewhere", buffered=True)
    return costed.slow


def test_computing_too_long_is_slow():
    def compute():
        until = time.thread_time() + LONG + 0.05
        while time.thread_time() < until:
            pass

    [found] = costs(compute)
    assert "GET /somewhere" in found


def test_waiting_for_the_database_too_long_is_slow(app):
    rows = "const from = Date.now(); while (Date.now() - from < 350) {} return true;"
    db().waits.insert_one({"_id": 1})
    stages = [
        {"$match": {"$expr": {"$function": {"body": f"function() {{ {rows} }}", "args": [], "lang": "js"}}}}
    ]
    [found] = costs(lambda: list(db().waits.aggregate(stages)))
    assert "1 commands" in found
    assert costs(lambda: list(db().waits.aggregate(stages)), crowded=True) == []


def test_waiting_for_anything_else_is_not():
    assert costs(lambda: time.sleep(LONG + 0.2)) == []
