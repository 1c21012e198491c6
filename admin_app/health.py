"""GET /healthz: whether the parts answer. Asked by scripts, proxies and monitors, without sign-in, by any host name."""

import pymongo
from flask import Blueprint, jsonify
from pymongo.errors import PyMongoError

from admin_app import tasks
from admin_app.config import VERSION
from documents.background import job_runs
from documents.database import db

NO_ANSWER = "no answer"
PATIENCE = 2.0  # seconds the database has to answer

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz():
    """200 when every part answers, else 503 with what is wrong."""
    database = database_state()
    worker = worker_state() if database == "ok" else NO_ANSWER
    well = database == worker == "ok"
    state = {"status": "ok" if well else "down", "database": database, "worker": worker, "version": VERSION}
    return jsonify(state), 200 if well else 503


def database_state() -> str:
    """ "ok" when a primary answers within PATIENCE, else a word on what is wrong, naming no address."""
    try:
        with pymongo.timeout(PATIENCE):
            db().command("ping")
    except PyMongoError as error:
        return f"no answer ({type(error).__name__})"
    return "ok"


def worker_state() -> str:
    """ "ok" when a worker of jobs has a living heartbeat, or this process does the jobs itself (a Celery setting)."""
    try:
        with pymongo.timeout(PATIENCE):
            return "ok" if tasks.celery.conf.task_always_eager or job_runs.is_any_alive() else NO_ANSWER
    except PyMongoError:
        return NO_ANSWER
