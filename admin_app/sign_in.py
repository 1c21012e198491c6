"""Signing in: e-mail and password, the second step, and what stops guessing."""

import hashlib
import logging
from datetime import UTC, datetime, timedelta

from flask import Blueprint, after_this_request, g, redirect, render_template, request, session, url_for
from flask_security import LoginForm
from flask_security.forms import Form
from flask_security.tf_plugin import TfPlugin
from flask_security.utils import login_user
from flask_wtf import FlaskForm
from limits import parse_many
from werkzeug.exceptions import TooManyRequests
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from admin_app import security
from admin_app.gate import CODE_PAGE, HOME, is_local
from documents.clock import in_bangkok, real_now
from documents.database import collection
from documents.people import passwords, two_step
from documents.people.users import User

log = logging.getLogger(__name__)
ACCOUNT_LIMITS = parse_many("5 per minute; 10 per 15 minutes; 60 per day")
ADDRESS_LIMITS = parse_many("40 per 5 minutes; 400 per day")  # a district office stands behind one address
WRONG = "อีเมลหรือรหัสผ่านไม่ถูกต้อง กรุณาตรวจสอบแล้วลองอีกครั้ง หากลืมรหัสผ่าน ให้กดลืมรหัสผ่านด้านล่าง หรือติดต่อผู้ดูแลระบบของเขต"
SUSPENDED = "บัญชีนี้ถูกระงับการใช้งาน กรุณาติดต่อผู้ดูแลระบบของเขต"


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
pages = Blueprint("sign_in", __name__)


class SecondStep(TfPlugin):
    """Whoever signs in by two steps is sent to the page of the code before he is let in."""

    def tf_enter(self, user, remember_me, primary_authn_via, next_loc):
        """The way to the second step, or None where the password is enough."""
        return redirect(url_for(CODE_PAGE)) if two_step.is_on(user) else None


class CodeForm(FlaskForm):
    """The code of the app, or a recovery code."""

    code = StringField("รหัสจากแอป", [Length(max=40)])


@pages.route("/login/code", methods=["GET", "POST"], endpoint="code")
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
