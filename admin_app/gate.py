"""The gate before every page: who may pass, and where whoever may not is sent."""

from urllib.parse import urlsplit

from flask import abort, current_app, flash, jsonify, redirect, request, session, url_for
from flask_login import current_user

from documents.people import sessions, two_step

HOME = "/admin/"
READING = "reading.choose"  # the choice of a language
CODE_PAGE = "sign_in.code"  # the second step
JOINING = {
    f"joining.{name}" for name in ("register", "registered", "confirm", "amend", "forgot", "new_password")
}
# Sums of published rounds, for everybody (views/public.py).
OPEN = {f"public.{name}" for name in ("index", "area", "round", "school", "csv")}
# A stranger may see these and nothing else; every other route wants a person (tests/test_security.py walks them).
PUBLIC = {"static", "admin.static", "health.healthz", "security.login", CODE_PAGE, READING} | JOINING | OPEN
# Whoever must first set a password of his own may do that, sign out, and no more.
BEFORE_OWN_PASSWORD = {"security.change_password", "security.logout", READING}
# In the same way whoever must first set up two steps.
BEFORE_TWO_STEPS = {"account.two_step_view", *BEFORE_OWN_PASSWORD}
EXPIRED = "ไม่ได้ใช้งานนาน ระบบจึงให้ออกเพื่อความปลอดภัย กรุณาเข้าสู่ระบบอีกครั้ง"
ENDED = "อุปกรณ์นี้ถูกสั่งให้ออกจากระบบ หรือรหัสผ่านหรือบัญชีเปลี่ยนไป กรุณาเข้าสู่ระบบอีกครั้ง"


def admit():
    """Nothing for whoever may pass; otherwise what turns him away: to sign in, or to set his own password."""
    if request.blueprint == "security" and request.is_json:
        abort(400)  # people sign in by a page; what is no text is not looked at
    if request.endpoint is None or request.endpoint in PUBLIC:
        return None
    if not current_user.is_authenticated:
        return turn_away()
    if current_user.must_change_password and request.endpoint not in BEFORE_OWN_PASSWORD:
        return redirect(url_for("security.change_password"))
    if must_set_up_two_steps(current_user) and request.endpoint not in BEFORE_TWO_STEPS:
        return redirect(url_for("account.two_step_view"))
    return None


def must_set_up_two_steps(person):
    """Whether a role of this person wants two steps that he has not set up yet."""
    return not two_step.is_on(person) and two_step.is_required(person, current_app.config["KHET_TWO_STEP"])


def turn_away(*_, **__):
    """To the sign-in page and back here afterwards; 401 in JSON for a script."""
    before = session.pop("sid", None)
    why = ENDED if before and sessions.was_ended(before) else EXPIRED
    if wants_json():
        return jsonify(error=why, login=url_for("security.login")), 401
    if before:
        flash(why, "warning")
    return redirect(url_for("security.login", next=way_back()))


def wants_json():
    """Whether a script of the page asks, rather than a person."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
    return best == "application/json" or request.headers.get("X-Requested-With") == "XMLHttpRequest"


def way_back():
    """The page to return to after signing in: this one, or for a posted form the page it stands on."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    came_from = urlsplit(request.referrer or "")
    path = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    return path if came_from.netloc == request.host and is_local(path) else None


def is_local(url):
    """Whether a redirect to `url` stays here: a path of one leading slash, with nothing a browser reads as a host."""
    return (
        bool(url) and url[0] == "/" and url[1:2] not in ("/", "\\") and url.isprintable() and "\\" not in url
    )
