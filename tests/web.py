"""The application as the tests' browsers reach it.

`client` is a stranger's browser; `sign_in(user)` gives a person's. `browser.send(path, {...})` posts as a page's
form would, with its token; plain `post` sends none.
"""

import secrets

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from admin_app.config import Settings
from documents.database import collection
from documents.people import passwords, sessions
from documents.people.users import User
from tests.people import NOON

AUDIT_KEY = b"a key of the tests, forty bytes and more"
SECRET_KEY = "k4Jx92mzQpL0vWnR7tYb3HsDfGaE5uC8"
PASSWORD = "สามคำ correct horse"


class Browser(FlaskClient):
    """A browser with its cookies."""

    def token(self):
        """The CSRF token that this browser's pages carry."""
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", secrets.token_hex(20))
        return URLSafeTimedSerializer(SECRET_KEY, salt="wtf-csrf-token").dumps(raw)

    def send(self, path, data=None, **more):
        """Post a form with its token."""
        return self.post(path, data={"csrf_token": self.token(), **(data or {})}, **more)

    def sign_in(self, user):
        """Become this person, as a sign-in would leave the cookie; gives the id of the Session."""
        began = sessions.begin(user, "127.0.0.1", "tests")
        with self.session_transaction() as session:
            session.update(_user_id=user.fs_uniquifier, _fresh=True, sid=str(began.id), who=str(user.id))
        return began.id

    def type_in(self, email, password, path="/login", headers=None, **fields):
        """Sign in through the page's form."""
        return self.send(path, {"email": email, "password": password, **fields}, headers=headers)


def settings_for(uri, data, **more):
    """Settings of the tests; `more` replaces some."""
    given = {"mongodb_uri": uri, "secret_key": SECRET_KEY, "audit_key": AUDIT_KEY, "data": data}
    return Settings(
        **{
            **given,
            "env": "test",
            "two_step": "offered",
            "now": NOON,
            "public_urls": ("http://localhost",),
            **more,
        }
    )


@pytest.fixture
def app(session_app, set_clock):
    """The application, its clock at the tests' noon."""
    return session_app


@pytest.fixture
def client(app):
    """A stranger's browser."""
    return app.test_client()


@pytest.fixture
def sign_in(app):
    """`sign_in(user)` gives a browser in which that person is signed in."""

    def signed_in(user):
        browser = app.test_client()
        browser.sign_in(user)
        return browser

    return signed_in


def with_password(user, password=PASSWORD):
    """The same person, who can now type a password."""
    collection(User).update_one({"_id": user.id}, {"$set": {"password": passwords.hashed(password)}})
    return user.reload()
