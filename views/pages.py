"""What every page of ours is: for named roles only, its faults loud, its forms with the product's one token."""

from flask import abort, g, request
from flask_admin.form import BaseForm
from flask_login import current_user
from flask_wtf.csrf import generate_csrf, validate_csrf
from wtforms.csrf.core import CSRF


def seen_revision():
    """The posted revision that the person saw; 0, which nothing stored has, for none and for what is no number."""
    seen = request.form.get("revision", "")
    return int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 12 else 0


def held_roles():
    """The names of the roles that who is reading holds now, None for a stranger and before a password of one's own; worked
    out once a request, each menu entry asks it.
    """
    reader, known = current_user._get_current_object(), g._get_current_object()
    if known.get("reader") is not reader:
        known.reader, within = reader, reader.is_authenticated and not reader.must_change_password
        known.reader_roles = frozenset(grant.role for grant in reader.held) if within else None
    return known.reader_roles


class Page:
    """Mixed in before a Flask-Admin view. `roles` may open it; empty means whoever is signed in."""

    roles: tuple[str, ...] = ()

    def is_accessible(self):
        """Whether this person may open the page at all; which rows he has is asked where the query is built."""
        held = held_roles()
        return held is not None and (not self.roles or not held.isdisjoint(self.roles))

    def inaccessible_callback(self, name, **kwargs):
        """403: strangers were already sent to sign in by the gate before every page."""
        abort(403)

    def _run_view(self, fn, *args, **kwargs):
        """Run the view as it is: Flask-Admin would call it again after a TypeError and report the wrong fault."""
        return fn(self, *args, **kwargs)


class Token(CSRF):
    """Flask-WTF's token in Flask-Admin's forms, so that one token fits every form and script of a page."""

    def generate_csrf_token(self, csrf_token_field):
        """The token of this browser's session."""
        return generate_csrf()

    def validate_csrf_token(self, form, field):
        """Raise ValidationError for a wrong token, unless the guard before the request has already checked it."""
        if not g.get("csrf_valid"):
            validate_csrf(field.data)


class SecureForm(BaseForm):
    """`form_base_class` of every model view; delete, bulk action and inline forms derive from it too."""

    class Meta:
        csrf = True
        csrf_class = Token
