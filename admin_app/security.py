"""What guards every request: known hosts, one CSRF token, limits on guessing, and headers that shut doors."""

import secrets
from urllib.parse import urlsplit

from flask import Flask, current_app, g, has_request_context, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect
from limits import RateLimitItem
from limits.storage import MongoDBStorage
from mongoengine import get_connection
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix

from admin_app.gate import OPEN
from documents.database import db
from documents.people.users import Count
from documents.trail import refusals
from views.links import RESERVED
from views.records.files_out import ONE, SCOPE

MEGABYTE = 2**20
LARGEST_UPLOAD = 42 * MEGABYTE
LARGEST_FIELD = 4 * MEGABYTE  # of a form without its files: a pasted list of schools, a page of ticked rows
MOST_FIELDS = 20_000
DAY = 24 * 3600  # seconds
YEAR = 365 * DAY
ANY_HOST = {"health.healthz"}  # load balancers ask by address
POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
FILES_EACH = {
    SCOPE: "20 per minute",  # each reads a whole scope
    ONE: "60 per minute",  # who checks evidence opens a few pieces of one learner after another
}
LIMITED = {
    **dict.fromkeys(
        sorted(OPEN), "120 per minute"
    ),  # each address by itself; a page is two or three questions
    "papers.index": "30 per minute",
    "account.two_step_view": "20 per 10 minutes",
    "account.two_step_codes": "10 per 15 minutes",
    "account.two_step_off": "10 per 15 minutes",
}  # where codes or one's own password could be guessed
POSTS_LIMITED = {
    "joining.register": "30 per hour; 150 per day",  # a training room stands behind one address
    "joining.amend": "30 per hour",
    "joining.confirm": "60 per hour",
    "joining.forgot": "20 per hour; 100 per day",
    "joining.new_password": "30 per hour",
}  # what strangers send, each address by itself


def init_app(app: Flask, settings) -> None:
    """Put the guards before every other part: the order here is the order in which they are asked."""
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_UPLOAD,
        MAX_FORM_MEMORY_SIZE=LARGEST_FIELD,
        MAX_FORM_PARTS=MOST_FIELDS,
        SESSION_COOKIE_NAME="khet",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as the sign-in: a long form is not lost to a clock
        WTF_CSRF_SSL_STRICT=True,
        KHET_HOSTS=settings.hosts,
        KHET_PUBLIC_URL=settings.public_url,
        KHET_HTTPS=settings.secure,
    )
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies, x_host=0
        )
    app.wsgi_app = AsPublished(app.wsgi_app, settings.public_urls)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.before_request(refusals.forget)
    app.before_request(refuse_foreign_host)
    app.before_request(drop_reserved_names)
    app.before_request(limit_size)
    CSRFProtect(app)
    app.extensions["khet_limiter"] = Limiter(get_remote_address, app=app, storage_uri="khet://")
    app.after_request(note_refusal)
    app.after_request(seal)


class AsPublished:
    """The application, told of each request by which scheme people reach the host that it names: TLS ends before us."""

    def __init__(self, app, public_urls):
        self.app = app
        self.schemes = {url.hostname: url.scheme for url in map(urlsplit, public_urls)}

    def __call__(self, environ, start_response):
        host = environ.get("HTTP_HOST", "").partition(":")[0].lower()
        environ["wsgi.url_scheme"] = self.schemes.get(host, environ["wsgi.url_scheme"])
        return self.app(environ, start_response)


def csp_nonce() -> str:
    """This response's nonce for script and style elements, the same each time it is asked in one request."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return g.csp_nonce


def refuse_foreign_host() -> None:
    """Raise SecurityError (400) for a Host header that is not on the allow-list."""
    if request.endpoint not in ANY_HOST and host_name() not in current_app.config["KHET_HOSTS"]:
        raise SecurityError("ที่อยู่ที่ใช้เปิดนี้ไม่ได้อยู่ในรายชื่อของระบบ ผู้ดูแลระบบเพิ่มได้ที่ KHET_PUBLIC_URL")


def drop_reserved_names() -> None:
    """Take out of what the address asks the names by which the addresses of the page's links could be bent."""
    if request.args.keys() & RESERVED:
        kept = [pair for pair in request.args.items(multi=True) if pair[0] not in RESERVED]
        request.args = ImmutableMultiDict(kept)


def limit_size() -> None:
    """Let the forms that take several pictures at once be larger than others, and those without a file no larger than one
    field of others, whose every byte may stand as three; asked before anything is read.
    """
    if request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = 3 * LARGEST_FIELD
    elif larger := current_app.config.get("KHET_LARGER", {}).get(request.endpoint):
        request.max_content_length = larger


def host_name() -> str | None:
    """The Host header's name without its port, in lower case; None when it is no host name at all."""
    try:
        return urlsplit(f"//{request.host}").hostname
    except ValueError:
        return None


REFUSED = {403: "scope", 404: "unknown", 429: "limit"}
OF_STRANGERS = ("token", "limit", "sign_in")  # whoever is not signed in is refused everything else anyway


def note_refusal(response):
    """The response; an attempt that it refuses is noted in the history, unless the rule that refused did so."""
    kind, detail = g.get("refused") or (REFUSED.get(response.status_code), None)
    if kind and request.endpoint and not is_static() and not refusals.noted_here():
        person = current_user._get_current_object() if current_user.is_authenticated else g.get("tried_as")
        if request.endpoint in ("security.login", "sign_in.code") and kind == "limit":
            kind = "sign_in"
        if person or kind in OF_STRANGERS:
            refusals.note(kind, person, request.endpoint, detail)
    return response


def seal(response):
    """The response with the headers that every answer carries."""
    response.headers["Content-Security-Policy"] = POLICY.format(nonce=csp_nonce())
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cache-Control"] = keeping(response)
    if current_app.config["KHET_HTTPS"]:
        response.headers["Strict-Transport-Security"] = f"max-age={YEAR}"
    return response


def keeping(response) -> str:
    """How long a browser may keep this answer: not at all, unless it is a static file named with its content's mark."""
    if not is_static() or response.status_code >= 400:
        return g.get("keeping", "no-store") if response.status_code < 400 else "no-store"
    return f"public, max-age={YEAR}, immutable" if request.args.get("v") else f"public, max-age={DAY}"


def is_static() -> bool:
    """Whether this request asks for a file that is the same for everybody."""
    return request.endpoint is not None and request.endpoint.rpartition(".")[2] == "static"


# Limits: counted in the product's own database, and only where asked for, since each costs a round trip.


class Counters(MongoDBStorage):
    """The counts of limits, in the product's own database and over its one connection."""

    STORAGE_SCHEME = ["khet"]

    def __init__(self, uri, **options):
        super().__init__(uri, counter_collection_name=Count._get_collection_name())

    @property
    def storage(self):
        """The product's connection as it is now: it may have been made anew."""
        return get_connection()

    @property
    def _database(self):
        return db()

    def __del__(self):
        """The connection is not ours to close."""


def spend(limit: RateLimitItem, *who: str) -> bool:
    """Count one use of a limit; False when it was already used up."""
    return current_app.extensions["khet_limiter"].limiter.hit(limit, *who)


def is_left(limit: RateLimitItem, *who: str) -> bool:
    """Whether the limit allows one more use; counts nothing."""
    return current_app.extensions["khet_limiter"].limiter.test(limit, *who)


def begins_anew(limit: RateLimitItem, *who: str) -> float:
    """The Unix time at which a used-up limit begins anew."""
    return current_app.extensions["khet_limiter"].limiter.get_window_stats(limit, *who).reset_time


def forgive(limit: RateLimitItem, *who: str) -> None:
    """Take back what was counted."""
    current_app.extensions["khet_limiter"].limiter.clear(limit, *who)


def limit_exports(app: Flask) -> None:
    """Limit every view that hands out a file, by what it says it holds, and those of LIMITED; each person by himself."""
    for endpoint, view in app.view_functions.items():
        if often := FILES_EACH.get(getattr(view, "hands_out", None)) or LIMITED.get(endpoint):
            limit = app.extensions["khet_limiter"].limit(often, key_func=reader)
            app.view_functions[endpoint] = limit(view)
    for endpoint, often in POSTS_LIMITED.items():
        limit = app.extensions["khet_limiter"].limit(often, key_func=reader, methods=["POST"])
        app.view_functions[endpoint] = limit(app.view_functions[endpoint])


def reader() -> str:
    """Who is counted for a limit on a page: the person, else the address."""
    return str(getattr(current_user, "id", None) or get_remote_address())


def address() -> str | None:
    """The address that the present request came from, for the history; None outside a request."""
    return request.remote_addr if has_request_context() else None
