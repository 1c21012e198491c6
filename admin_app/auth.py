"""Sign-in put together: Flask-Security over our people, its forms, and a Session behind every cookie."""

from datetime import timedelta

import flask_login
from flask import flash, g, has_request_context, request, session
from flask_security import ChangePasswordForm, MongoEngineUserDatastore, PasswordUtil, Security
from flask_security.signals import password_changed, user_authenticated
from flask_security.utils import set_request_attr
from wtforms import PasswordField, SubmitField

from admin_app import security
from admin_app.gate import HOME, admit, turn_away
from admin_app.sign_in import SecondStep, SignInForm, pages
from documents.clock import real_now
from documents.database import collection
from documents.people import accounts, passwords, sessions
from documents.people.users import Role, User

# Of one's own password: the old password is asked, so it could be guessed there.
CHANGE_LIMIT = "10 per 15 minutes"
SETTINGS = {
    "PASSWORD_HASH": "argon2",
    "PASSWORD_SCHEMES": ["argon2"],
    # As documents.people.passwords hashes, with no second secret to lose.
    "PASSWORD_SINGLE_HASH": {"argon2"},
    "PASSWORD_HASH_PASSLIB_OPTIONS": {f"argon2__{name}": cost for name, cost in passwords.COST.items()},
    "PASSWORD_LENGTH_MIN": passwords.SHORTEST,
    "CHANGEABLE": True,
    "SEND_PASSWORD_CHANGE_EMAIL": False,
    "POST_CHANGE_VIEW": HOME,
    "RETURN_GENERIC_RESPONSES": True,
    "POST_LOGIN_VIEW": HOME,
    "POST_LOGOUT_VIEW": "/login",
    "LOGOUT_METHODS": ["POST"],
    "STATIC_FOLDER": None,
    "FRESHNESS": timedelta(seconds=-1),  # no second sign-in page
    "API_ENABLED_METHODS": ["session"],
    "FLASH_MESSAGES": False,  # what is to be said is said in the product's words
}


def init_app(app, settings):
    """Set up sign-in; security and language are set up before."""
    app.config.update({f"SECURITY_{name}": value for name, value in SETTINGS.items()})
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
    app.register_blueprint(pages)
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
