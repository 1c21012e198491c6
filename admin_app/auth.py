"""Sign-in: Flask-Security over our people, a Session behind every cookie, and the gate before every page."""

import hashlib
import logging
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import flask_login
from flask import (
    Blueprint,
    abort,
    after_this_request,
    current_app,
    flash,
    g,
    has_request_context,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user
from flask_security import ChangePasswordForm, LoginForm, MongoEngineUserDatastore, PasswordUtil, Security
from flask_security.forms import Form
from flask_security.signals import password_changed, user_authenticated
from flask_security.tf_plugin import TfPlugin
from flask_security.utils import login_user, set_request_attr
from flask_wtf import FlaskForm
from limits import parse_many
from werkzeug.exceptions import TooManyRequests
from wtforms import PasswordField, StringField, SubmitField
from wtforms.validators import InputRequired, Length

from admin_app import security
from documents.clock import in_bangkok, real_now
from documents.database import collection
from documents.people import accounts, passwords, sessions, two_step
from documents.people.users import Role, User

log = logging.getLogger(__name__)

HOME = "/admin/"
# A stranger may see these and nothing else; every other route wants a person (tests/test_security.py walks them).
READING = "reading.choose"  # the choice of a language
CODE_PAGE = "sign_in.code"  # the second step
JOINING = {
    f"joining.{name}" for name in ("register", "registered", "confirm", "amend", "forgot", "new_password")
}
PUBLIC = {"static", "admin.static", "health.healthz", "security.login", CODE_PAGE, READING} | JOINING
# Whoever must first set a password of his own may do that, sign out, and no more.
BEFORE_OWN_PASSWORD = {"security.change_password", "security.logout", READING}
# In the same way whoever must first set up two steps.
BEFORE_TWO_STEPS = {"account.two_step_view", *BEFORE_OWN_PASSWORD}
ACCOUNT_LIMITS = parse_many("5 per minute; 10 per 15 minutes; 60 per day")
ADDRESS_LIMITS = parse_many("40 per 5 minutes; 400 per day")  # a district office stands behind one address
CHANGE_LIMIT = (
    "10 per 15 minutes"  # of one's own password: the old password is asked, so it could be guessed there
)
WRONG = "อีเมลหรือรหัสผ่านไม่ถูกต้อง กรุณาตรวจสอบแล้วลองอีกครั้ง หากลืมรหัสผ่าน ให้กดลืมรหัสผ่านด้านล่าง หรือติดต่อผู้ดูแลระบบของเขต"
NO_FRESHNESS = timedelta(seconds=-1)  # no second sign-in page
SUSPENDED = "บัญชีนี้ถูกระงับการใช้งาน กรุณาติดต่อผู้ดูแลระบบของเขต"
EXPIRED = "ไม่ได้ใช้งานนาน ระบบจึงให้ออกเพื่อความปลอดภัย กรุณาเข้าสู่ระบบอีกครั้ง"


def init_app(app, settings):
    """Set up sign-in; security and language are set up before."""
    app.config.update(
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of the scheme
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH={
            "argon2"
        },  # as documents.people.passwords hashes, with no second secret to lose
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={
            f"argon2__{name}": cost for name, cost in passwords.COST.items()
        },
        SECURITY_PASSWORD_LENGTH_MIN=passwords.SHORTEST,
        SECURITY_CHANGEABLE=True,
        SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
        SECURITY_POST_CHANGE_VIEW=HOME,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_POST_LOGIN_VIEW=HOME,
        SECURITY_POST_LOGOUT_VIEW="/login",
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_STATIC_FOLDER=None,
        SECURITY_FRESHNESS=NO_FRESHNESS,
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_FLASH_MESSAGES=False,  # what is to be said is said below, in the product's words
    )
    guard = Security(
        app,
        People(None, User, Role),
        login_form=SignInForm,
        change_password_form=OwnPasswordForm,
        password_util_cls=PasswordRules,
    )
    guard.two_factor_plugins = SecondStep()
    guard.want_json(lambda _: False)  # the page is the only way in: a JSON sign-in would hand out a token
    guard.unauthn_handler(turn_away)
    guard.login_manager.user_loader(person_of_session)
    # No token opens a door: a Session can be ended, a token not.
    guard.login_manager.request_loader(lambda _: None)
    user_authenticated.connect(begin_session, app)
    flask_login.user_logged_out.connect(end_session, app)
    password_changed.connect(keep_own_password, app)
    app.before_request(admit)
    app.config["KHET_TWO_STEP"] = settings.two_step
    app.register_blueprint(sign_in)
    guessing = app.extensions["khet_limiter"].limit(CHANGE_LIMIT, key_func=security.reader, methods=["POST"])
    changing = app.view_functions["security.change_password"]
    app.view_functions["security.change_password"] = guessing(changing)


class People(MongoEngineUserDatastore):
    """Our people as Flask-Security asks for them; of a person it stores the password and nothing else."""

    def put(self, model):
        """Store a person's password: a plain save would carry back grants that were changed meanwhile."""
        secrets = {"password": model.password, "fs_uniquifier": model.fs_uniquifier}
        collection(User).update_one({"_id": model.id}, {"$set": secrets})
        return model


class PasswordRules(PasswordUtil):
    """The rules of documents.people.passwords where Flask-Security asks for its own."""

    def validate(self, password, is_register, **more):
        """([the refusal], password), or (None, password) for one that is taken."""
        user = more["user"]
        said = passwords.refusal(password, email=user.email, name=user.name, current=user.password)
        return ([said] if said else None), self.normalize(password)


class OwnPasswordForm(ChangePasswordForm):
    """The old password, the new one twice."""

    password = PasswordField("รหัสผ่านปัจจุบัน", render_kw={"autocomplete": "current-password"})
    submit = SubmitField("ตั้งรหัสผ่านนี้")


class SignInForm(LoginForm):
    """E-mail, password, token. Says the same, after the same time, whatever was wrong."""

    email = StringField(
        "อีเมล", [InputRequired("กรุณากรอกอีเมล"), Length(max=254)], render_kw={"autocomplete": "username"}
    )
    remember = None

    def validate(self, **more):
        """Whether this is one of us; `user` is then set. Raises TooManyRequests after too many failures."""
        if not is_local(self.next.data):
            self.next.data = ""
        if not Form.validate(self, **more):
            return self._refuse(None)
        email = normal_email(self.email.data)
        user = User.objects(email=email).first()
        count_attempt(email, user)
        if not self._is_right(user):
            note_failure(email)
            return self._refuse(WRONG)
        forget_attempts(email, user)
        self.user, self.user_authenticated = user, True
        if not user.active:
            return self._refuse(SUSPENDED)
        session[HALF_WAY] = {"who": user.fs_uniquifier, "at": real_now().timestamp(), "next": self.next.data}
        if not two_step.is_on(user):
            after_this_request(lead_on)
        return True

    def _is_right(self, user):
        """Whether the typed password is this person's; equal work where there is no such person."""
        stored = user.password if user and user.password else NOBODYS_PASSWORD
        right = passwords.matches(self.password.data[: passwords.LONGEST + 1], stored)
        return right and stored is not NOBODYS_PASSWORD

    def _refuse(self, sentence):
        if sentence:
            self.form_errors.append(sentence)
        after_this_request(unauthorized)
        return False


def lead_on(response):
    """The answer to a sign-in, leading to the page that was asked for and never to another site."""
    asked = session.pop(HALF_WAY, {}).get("next")
    response.location = asked if is_local(asked) else HOME
    return response


# The second step. Flask-Security asks its plug-ins whether there is one; its own pages for it are left out, since they
# throw the app's secret away with the first wrong code. What a browser that has proven the password waits for stands in
# its signed cookie, under HALF_WAY.

HALF_WAY = "half_way"
HALF_WAY_FOR = timedelta(minutes=10)
CODE_LIMITS = parse_many("5 per minute; 15 per hour")
sign_in = Blueprint("sign_in", __name__)


class SecondStep(TfPlugin):
    """Whoever signs in by two steps is sent to the page of the code before he is let in."""

    def tf_enter(self, user, remember_me, primary_authn_via, next_loc):
        """The way to the second step, or None where the password is enough."""
        return redirect(url_for(CODE_PAGE)) if two_step.is_on(user) else None


class CodeForm(FlaskForm):
    """The code of the app, or a recovery code."""

    code = StringField("รหัสจากแอป", [Length(max=40)])


@sign_in.route("/login/code", methods=["GET", "POST"], endpoint="code")
def ask_code():
    """The page of the second step; a stranger who did not prove a password is sent to do that."""
    user = half_way_person()
    if user is None:
        session.pop(HALF_WAY, None)
        return redirect(url_for("security.login"))
    form, sentence = CodeForm(), None
    if form.validate_on_submit():
        if takes_code(user, form.code.data):
            after_this_request(lead_on)
            login_user(user, authn_via=["password", "code"])
            return redirect(HOME)
        sentence = two_step.WRONG
    page = render_template("security/code.html", form=form, sentence=sentence, left=len(user.recovery_codes))
    return page, 401 if sentence else 200


def half_way_person():
    """The active person whose password this browser has proven a moment ago, who has the second step before him."""
    kept = session.get(HALF_WAY) or {}
    if real_now().timestamp() - kept.get("at", 0) > HALF_WAY_FOR.total_seconds():
        return None
    user = User.objects(fs_uniquifier=kept["who"], active=True).first()
    return user if user and two_step.is_on(user) else None


def takes_code(user, typed):
    """Whether the code lets this person in. Raises TooManyRequests after too many wrong ones."""
    g.tried_as = user
    counted = "two-step", "account", str(user.id)
    spent = [limit for limit in CODE_LIMITS if not security.spend(limit, *counted)]
    if spent:
        refuse_for_now(max(security.begins_anew(limit, *counted) for limit in spent))
    if not two_step.accepts(user, typed):
        collection(User).update_one({"_id": user.id}, {"$inc": {"failed_logins": 1}})
        log.warning("wrong code of the second step from %s", request.remote_addr)
        return False
    for limit in CODE_LIMITS:
        security.forgive(limit, *counted)
    return True


# The hash of a password that nobody has, so that an unknown e-mail takes as long as a known one.
NOBODYS_PASSWORD = passwords.hashed(passwords.first_password())


def unauthorized(response):
    """The same page, but as 401: a refused sign-in is no success."""
    response.status_code = 401
    return response


def normal_email(text):
    """The e-mail as it is stored: without spaces around it, in lower case."""
    return text.strip().lower()


# Guessing: both the account named and the address asking are counted, whether the account exists or not.


def count_attempt(email, user):
    """Count a try against the account. Raises TooManyRequests when the account or the address had too many."""
    g.tried_as = user
    spent = [limit for limit in ADDRESS_LIMITS if not security.is_left(limit, *_address())]
    if spent:
        refuse_for_now(max(security.begins_anew(limit, *_address()) for limit in spent))
    spent = [limit for limit in ACCOUNT_LIMITS if not security.spend(limit, *_account(email, user))]
    if spent:
        until = max(security.begins_anew(limit, *_account(email, user)) for limit in spent)
        locked = {"$set": {"locked_until": datetime.fromtimestamp(until, UTC)}}
        collection(User).update_one({"email": email}, locked)
        refuse_for_now(until)


def refuse_for_now(until):
    """Raise TooManyRequests, saying when to try again; `until` is a Unix time."""
    again = in_bangkok(datetime.fromtimestamp(until, UTC))
    log.warning("sign-in refused for now: too many tries from %s", request.remote_addr)
    raise TooManyRequests(
        f"ลองเข้าสู่ระบบผิดหลายครั้งเกินไป กรุณารอถึง {again:%H.%M} น. แล้วลองใหม่ หรือติดต่อผู้ดูแลระบบของเขตเพื่อตั้งรหัสผ่านใหม่",
        retry_after=max(1, round(until - real_now().timestamp())),
    )


def note_failure(email):
    """Count a failure against the address, and on the account for its administrator to see."""
    for limit in ADDRESS_LIMITS:
        security.spend(limit, *_address())
    collection(User).update_one({"email": email}, {"$inc": {"failed_logins": 1}})
    log.warning("sign-in failed from %s", request.remote_addr)


def forget_attempts(email, user):
    """Take back what was counted against an account: its owner came."""
    for limit in ACCOUNT_LIMITS:
        security.forgive(limit, *_account(email, user))


def _account(email, user):
    """What an account is counted under: another name once it has a new first password, so that the desk can help,
    and another at the addresses of its owner, so that a stranger's guesses elsewhere do not shut him out.
    """
    version = user.fs_uniquifier if user else ""
    usual = bool(user) and request.remote_addr in (user.current_login_ip, user.last_login_ip)
    counted = f"{email} {version} {usual}".encode("utf-8", "replace")
    return "sign-in", "account", hashlib.sha256(counted).hexdigest()[:32]


def _address():
    return "sign-in", "address", request.remote_addr or "nowhere"


# The session behind the cookie


def begin_session(app, user, **_):
    """Give the cookie a new Session, and a new CSRF token unless the same person had the browser before."""
    if session.get("who") != str(user.id):
        session.pop(app.config["WTF_CSRF_FIELD_NAME"], None)
    session["who"] = str(user.id)
    session["sid"] = str(sessions.begin(user, request.remote_addr, request.user_agent.string).id)
    now = real_now()
    seen = {"last_login_at": "$current_login_at", "last_login_ip": "$current_login_ip"}
    seen |= {"current_login_at": now, "current_login_ip": {"$literal": request.remote_addr or ""}}
    seen |= {"login_count": {"$add": [{"$ifNull": ["$login_count", 0]}, 1]}, "failed_logins": 0}
    collection(User).update_one({"_id": user.id}, [{"$set": seen}, {"$unset": "locked_until"}])


def end_session(app, user, **_):
    """End the Session of the cookie that signs out, so that a kept copy of the cookie opens nothing."""
    sessions.end(session.pop("sid", None), user)
    session.pop("who", None)


def keep_own_password(app, user, **_):
    """After a person set his own password: the first one is done with, and his other browsers are signed out."""
    collection(User).update_one({"_id": user.id}, {"$set": {"must_change_password": False}})
    sessions.end_all(user, but=session["sid"])
    accounts.note_own_password(user)
    flash("ตั้งรหัสผ่านใหม่เรียบร้อยแล้ว อุปกรณ์อื่นที่เข้าใช้อยู่ถูกออกจากระบบ", "success")


def person_of_session(uniquifier):
    """The person whose living Session the cookie names, or None: asked at every request."""
    alive = sessions.resume(session.get("sid"))
    if alive is None or alive.user.fs_uniquifier != uniquifier:
        return None
    set_request_attr("fs_authn_via", "session")  # Flask-Security's own pages ask for it
    g.declared_version = alive.declared
    return alive.user


def declared_version():
    """The version of the declarations that this request read with its session; None without one."""
    return g.get("declared_version") if has_request_context() else None


def forget_declared_version():
    """Let the version be read anew: this request has changed it."""
    if has_request_context():
        g.pop("declared_version", None)


# The gate


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
    timed_out = session.pop("sid", None) is not None
    if wants_json():
        return jsonify(error=EXPIRED, login=url_for("security.login")), 401
    if timed_out:
        flash(EXPIRED, "warning")
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
