"""GET /healthz: whether the parts answer. Asked by scripts, proxies and monitors, without sign-in, by any host name."""

import pymongo
from flask import Blueprint, jsonify
from pymongo.errors import PyMongoError

from admin_app.config import VERSION
from documents.database import db

PATIENCE = 2.0  # seconds the database has to answer

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz():
    """200 when every part answers, else 503 with what is wrong. No job worker belongs to the product yet."""
    database = database_state()
    well = database == "ok"
    state = {"status": "ok" if well else "down", "database": database, "worker": "none", "version": VERSION}
    return jsonify(state), 200 if well else 503


def database_state() -> str:
    """ "ok" when a primary answers within PATIENCE, else a word on what is wrong, naming no address."""
    try:
        with pymongo.timeout(PATIENCE):
            db().command("ping")
    except PyMongoError as error:
        return f"no answer ({type(error).__name__})"
    return "ok"
