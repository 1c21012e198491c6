"""Which language and dates a person reads, how he chooses them, and Thai for the words of the libraries.

The product's own words are Thai and said in English by `wording.py` for who chose that.

Flask-Admin, Flask-Security, WTForms and Flask-WTF ship no Thai. Their words stand in
`translations/th/LC_MESSAGES/`, one catalogue (.po) a library, under the library's own domain; wtforms.po also
holds Flask-WTF's. After editing one, compile them and commit both kinds of file:

    .venv/bin/python -c "from admin_app.language import compile_catalogues; compile_catalogues()"

tests/test_translations.py names every message that a new version of a library adds.
"""

import json
from pathlib import Path
from urllib.parse import urlsplit

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Blueprint, g, has_request_context, redirect, request, session
from flask_admin import babel as flask_admin_babel
from flask_babel import Babel
from flask_wtf import FlaskForm
from werkzeug.utils import cached_property
from wtforms import ValidationError

from admin_app import wording
from documents.people import accounts
from documents.records.surveys import named_in_english
from views import here

TRANSLATIONS = str(Path(__file__).parent / "translations")  # also for Admin(translations_path=...)
THAI = "th"
LANGUAGES = (THAI, "en")
TIMEZONE = "Asia/Bangkok"


def init_app(app):
    """Make the application speak Thai. Call it before Flask-Security and Flask-Admin are set up."""
    # "builtin" stays first: of two catalogues the last one's plural rule is kept.
    app.config.setdefault("SECURITY_I18N_DIRNAME", ["builtin", TRANSLATIONS])
    app.config.setdefault("SECURITY_I18N_DOMAIN", "flask_security")
    Babel(
        app,
        default_locale=THAI,
        default_timezone=TIMEZONE,
        default_translation_directories=TRANSLATIONS,
        locale_selector=language,
    )
    teach_flask_admin()
    teach_flask_wtf(app)
    app.register_blueprint(blueprint)
    app.after_request(say_again)
    app.jinja_env.globals.update(reader_language=language, reader_dates=dates, date_choices=wording.DATES)


def language():
    """The language of who is reading: his own choice, a stranger's session's; Thai without one, or outside a request."""
    return _chosen("language", LANGUAGES)


def dates():
    """How the reader wants dates, one of wording.DATES."""
    return _chosen("dates", tuple(wording.DATES))


def _chosen(name, choices):
    """What the reader chose of `choices`, the first of them without a choice.

    The person is asked only once he is known: this is asked while he is still being looked up, too.
    """
    if not has_request_context():
        return choices[0]
    own = getattr(g.get("_login_user"), name, None)
    chosen = own or session.get(name)
    return chosen if chosen in choices else choices[0]


def filters_as_read(groups):
    """A grid's groups of filters for its script: conditions and choices in the reader's words, the names as they are."""
    if language() == THAI:
        return groups
    return {name: [_rule_as_read(rule) for rule in rules] for name, rules in groups.items()}


def _rule_as_read(rule):
    def say(text):
        return wording.text_for(str(text), language(), dates())

    choices = [(value, say(text)) for value, text in rule.get("options") or ()]
    return {**rule, "operation": say(rule["operation"]), "options": choices or rule.get("options")}


# ---- choosing, and the page said again ----

blueprint = Blueprint("reading", __name__)


@blueprint.post("/reading")
def choose():
    """Take a reader's choice of language and dates, and go back to the page he came from."""
    chosen = {
        name: request.form[name]
        for name, choices in (("language", LANGUAGES), ("dates", wording.DATES))
        if request.form.get(name) in choices
    }
    session.update(chosen)
    person = g.get("_login_user")
    if person is not None and person.is_authenticated:
        accounts.prefer(person, **chosen)
    came_from = urlsplit(request.referrer or "")
    ours = came_from.netloc == request.host and came_from.path != request.path
    back = came_from._replace(scheme="", netloc="", path=f"/{came_from.path.lstrip('/')}").geturl()
    return redirect(back if ours else "/", 303)  # a path of two slashes would name another host


def say_again(response):
    """After each request: the page, or the sentences of a JSON answer, as the reader wants them."""
    if request.blueprint == "reading" or (language() == THAI and dates() == "be"):
        return response
    if response.mimetype == "text/html" and not response.direct_passthrough:
        page = wording.page_for(response.get_data(as_text=True), language(), dates(), own_words())
        response.set_data(page)
    elif response.mimetype == "application/json" and not response.direct_passthrough:
        said = wording.json_for(response.get_json(), language(), dates())
        response.set_data(json.dumps(said, ensure_ascii=False))
    return response


def catalogue(domain):
    """The Thai messages of one domain: "admin", "flask_security" or "wtforms"."""
    return Translations.load(TRANSLATIONS, [THAI], domain)


def own_words():
    """{Thai: English} of the fields and surveys that the reader's area made, for who reads in English."""
    person = g.get("_login_user")
    if language() == THAI or person is None or not person.is_authenticated:
        return {}
    return named_in_english(here.area_code())


def teach_flask_admin():
    """Put the Thai catalogues where Flask-Admin's two domains keep the ones they have read.

    `Admin(translations_path=...)` alone is not enough: the path is asked of the current view, so that a first
    message outside a view remembers English for good; the shipped folder, read last, brings English plurals
    back; and WTForms' words have no such setting.
    """
    flask_admin_babel.domain.cache[THAI, "admin"] = catalogue("admin")
    # Flask-Admin's fields ask WTForms' domain for words that stand in Flask-Admin's own catalogue.
    flask_admin_babel.wtforms_domain.cache[THAI, "wtforms"] = catalogue("wtforms").merge(catalogue("admin"))


def teach_flask_wtf(app):
    """Give Flask-WTF's forms the catalogue of Flask-Admin's, by the attribute it looks for on the request."""

    class Request(app.request_class):
        @cached_property
        def wtforms_translations(self):
            return flask_admin_babel.wtforms_domain.get_translations()

    app.request_class = Request
    FlaskForm.Meta.csrf_class = SpokenCSRF


class SpokenCSRF(FlaskForm.Meta.csrf_class):
    """Flask-WTF's check of a form's token, refusing in the reader's language instead of plain English."""

    def validate_csrf_token(self, form, field):
        try:
            super().validate_csrf_token(form, field)
        except ValidationError as refusal:
            raise ValidationError(translated(str(refusal))) from refusal


def translated(reason):
    """A sentence of WTForms or Flask-WTF in the reader's language, such as a CSRFError's description."""
    return flask_admin_babel.wtforms_domain.gettext(reason)


def compile_catalogues():
    """Write the .mo beside each .po.

    Not `pybabel compile`: it refuses the Thai of Flask-Security's "%(length) characters", which mends the mistake.
    """
    for written in Path(TRANSLATIONS).rglob("*.po"):
        with written.open("rb") as source, written.with_suffix(".mo").open("wb") as target:
            write_mo(target, read_po(source))
