"""Requests that took long (คำขอที่ช้า): each is a line of the log, timed from its arrival to the last byte of its answer.

The line names the route's pattern, never the address, which may hold what somebody searched for; the person by his id.
"""

import logging
import time

from flask import g, request, session
from werkzeug.wsgi import ClosingIterator

log = logging.getLogger(__name__)

TOLD = "khet.told"  # what of a request is told, in its WSGI environment


def init_app(app, seconds):
    """Watch every request of the application; those over `seconds` are written to the log."""
    app.after_request(remember)
    app.wsgi_app = Watched(app.wsgi_app, seconds)


def remember(response):
    """The response; what of its request may be told is kept for the end of it."""
    request.environ[TOLD] = (
        request.url_rule.rule if request.url_rule else "(no such page)",
        response.status_code,
        vars(g).get("_login_user"),
        session.get("area"),
    )
    return response


class Watched:
    """A WSGI application whose long answers are told of.

    Two times are: until the answer began, which is the product's own, and until its last byte was taken, which may also be
    a slow line's; beside them the processor's time that the answer cost before it began.
    """

    def __init__(self, app, seconds):
        self.app, self.seconds = app, seconds

    def __call__(self, environ, start_response):
        arrived, spent = time.monotonic(), time.thread_time()
        answer = self.app(environ, start_response)
        began, computed = time.monotonic() - arrived, time.thread_time() - spent

        def ended():
            took = time.monotonic() - arrived
            if took > self.seconds:
                tell(environ, took, began, computed)

        return at_the_end_of(answer, environ, ended)


def at_the_end_of(answer, environ, ended):
    """The answer, which calls `ended()` when the server is done with it; a file goes on to be sent as a file."""
    if not isinstance(answer, environ.get("wsgi.file_wrapper", ())):
        return ClosingIterator(answer, ended)
    close = getattr(answer, "close", None)

    def closed():
        try:
            if close:
                close()
        finally:
            ended()

    answer.close = closed
    return answer


def tell(environ, took, began, computed):
    """Write one line: method, route, status, milliseconds, person and area."""
    rule, status, user, chosen = environ.get(TOLD, ("(not answered)", 500, None, None))
    log.warning(
        "slow request: %s %s %s, %d ms, its answer began after %d ms, %d ms of them computing; person %s area %s",
        environ["REQUEST_METHOD"],
        rule,
        status,
        took * 1000,
        began * 1000,
        computed * 1000,
        getattr(user, "id", None) or "-",
        area_of(user, chosen),
    )


def area_of(user, chosen):
    """The area that a person worked in, as he had chosen it or his only one; a dash where nobody knows."""
    areas = sorted({grant.area_code for grant in getattr(user, "grants", None) or ()})
    return chosen if chosen in areas or "*" in areas else next(iter(areas), "-")
