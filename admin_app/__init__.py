"""The Flask application of Khet (เขต), wired and nothing more."""

from flask import Flask, redirect, url_for
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme

import views
from admin_app import auth, discretion, errors, health, language, security, slow, tasks, theme
from admin_app.config import Settings
from documents import clock
from documents.database import FOR_PAGES, connect
from documents.records import declarations
from documents.trail import history, signing


def create_app(settings: Settings) -> Flask:
    """The application for these settings; makes no connection yet, so that it may be built before a fork."""
    app = Flask(__name__)
    app.config.update(TESTING=settings.env == "test", FLASK_ADMIN_RAISE_ON_VIEW_EXCEPTION=True)
    app.debug = settings.debug
    discretion.init_app()

    connect(settings.mongodb_uri, **FOR_PAGES)
    clock.configure(settings.now)
    history.configure(settings.audit_key)
    signing.configure(settings.data / "secrets")
    history.tell_address(security.address)
    declarations.tell_version(auth.declared_version, auth.forget_declared_version)
    tasks.configure(settings)

    app.register_blueprint(health.blueprint)
    security.init_app(app, settings)
    language.init_app(app)
    theme.install(app)
    errors.init_app(app)
    auth.init_app(app, settings)

    admin = Admin(
        app,
        name="เขต",
        index_view=views.home(),
        theme=Bootstrap4Theme(base_template="admin/base.html"),
        translations_path=language.TRANSLATIONS,
        csp_nonce_generator=security.csp_nonce,
    )
    views.register(admin, app)
    security.limit_exports(app)
    slow.init_app(app, settings.slow_seconds)
    app.add_url_rule("/", "root", lambda: redirect(url_for("admin.index")))
    return app
