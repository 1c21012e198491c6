"""The database's profiler beside the browser tests: no question of a page may read far more than it gives back.

The run's mongod logs every command that read a whole collection, or over 20 documents for one that it returned or
changed (a filter of its profiler: all else costs a comparison). While a browser test runs, each command carries a
comment that says which route or job sent it; what the test itself asks carries none. At the end the lines of that test
are read, and its pages' fail it, by collection, plan, shape of the question and route; no value is shown.

Three ways may read more, as issue 6 has it: a search within a round, a count, a job. None may read a whole collection.
What a `$unionWith` or a `$lookup` reads beside has no plan in the log; such questions are explained, each shape once.
"""

import json
import threading
from contextlib import contextmanager
from contextvars import ContextVar

import pytest
from celery import signals
from flask import has_request_context, request
from pymongo.client_session import ClientSession

from documents.database import db
from tests.explaining import OF_THE_CALL, shape_of, shown, stages_of

MOST = 20  # documents read for one that is returned or changed
WHOLE = "COLLSCAN"
FILTER = {
    "$or": [
        {"planSummary": {"$regex": WHOLE}},
        {
            "$expr": {
                "$gt": [
                    "$docsExamined",
                    {"$multiply": [MOST, {"$max": ["$nreturned", "$nMatched", "$ndeleted", 1]}]},
                ]
            }
        },
    ]
}
LONGEST_KB = 1024  # of a logged command, so that its comment is not cut off
OF_A_ROUND = {"area_code", "academic_year", "round"}

_task = ContextVar("the task of a job that runs here", default=None)


def watch(server, database):
    """Let the server log what reads too much in a database; `server` is a started EmbeddedMongo."""
    with server._admin() as client:
        client[database].command({"profile": 0, "filter": FILTER})
        client.admin.command({"setParameter": 1, "maxLogSizeKB": LONGEST_KB})


@pytest.fixture
def profiled(connected, database_log):
    """Fails the test whose pages read too much; see above. `database_log` is the path of the server's log."""
    from tests.conftest import LISTENER

    began, LISTENER.commands = database_log.stat().st_size, []
    with commented():
        yield
    asked, LISTENER.commands = LISTENER.commands, None
    found = [*problems_in(lines_of(database_log, began, db().name)), *problems_beside(asked)]
    assert not found, "\n" + "\n".join(found)


# ---- who asks ----


@contextmanager
def commented():
    """While the block runs, every command says who sends it."""
    plain = ClientSession._apply_to

    def applied(session, command, *arguments):
        plain(session, command, *arguments)
        if who := sender():
            command.setdefault("comment", who)

    ClientSession._apply_to = applied
    try:
        yield
    finally:
        ClientSession._apply_to = plain


def sender():
    """Who sends a command now: a job, a request, a thread that is neither; None for the test's own."""
    if task := _task.get():
        return {"job": task}
    if has_request_context():
        return {
            "route": f"{request.method} {request.url_rule}",
            "searches": bool(request.values.get("search", "").strip()),
        }
    if threading.current_thread() is not threading.main_thread():
        return {"route": f"a thread of no request: {threading.current_thread().name}"}
    return None


@signals.task_prerun.connect
def _job_begins(task_id=None, task=None, **_):
    task.request.told = _task.set(f"{task.name}")


@signals.task_postrun.connect
def _job_ends(task=None, **_):
    _task.reset(task.request.told)


# ---- what the log says ----


def lines_of(log, began, database):
    """What the log tells of commands on a database with a comment, from a place in the file on."""
    with log.open("rb") as file:
        file.seek(began)
        for line in file:
            if b'"Slow query"' in line and f'"ns":"{database}.'.encode() in line and b'"comment":' in line:
                yield json.loads(line)["attr"]


def problems_in(told):
    """A line for each shape of question that read too much and may not."""
    found = {}
    for one in told:
        command = one.get("originatingCommand") or one["command"]
        if reason := fault_of(one, command):
            words = f"{one['ns'].partition('.')[2]}: {reason}: {shown(shape_of(asked(command)))}"
            found.setdefault(words, f"{words} by {one['command']['comment']}")
    return list(found.values())


def fault_of(told, command):
    """What is wrong with one logged command, or None."""
    who = told["command"]["comment"]
    plan, read = told.get("planSummary", ""), told.get("docsExamined", 0)
    if WHOLE in plan:
        return "reads the whole collection"
    if "job" in who or counts(command) or (who["searches"] and is_within_a_round(command)):
        return None
    given = max(told.get(name, 0) for name in ("nreturned", "nMatched", "ndeleted"))
    return f"reads {read} for {given} ({plan})" if read > MOST * max(given, 1) else None


def counts(command):
    """Whether a command asks for nothing but numbers: how many there are, or how many of each kind."""
    if "count" in command:
        return True
    groups = [stage["$group"] for stage in command.get("pipeline") or () if "$group" in stage]
    sums = [value for group in groups for name, value in group.items() if name != "_id"]
    return bool(sums) and all(value.keys() <= {"$sum", "$count"} for value in sums)


def is_within_a_round(command):
    """Whether a command looks at the records of one round."""
    pipeline = command.get("pipeline") or [{}]
    return set(command.get("filter") or pipeline[0].get("$match") or {}) >= OF_A_ROUND


def asked(command):
    """What a command asks, without what belongs to the call."""
    return {key: value for key, value in command.items() if key not in OF_THE_CALL}


# ---- what is read beside ----

_explained = set()


def problems_beside(commands):
    """A line for each command that reads a whole collection beside its own."""
    for command in commands:
        if "comment" not in command or not reads_beside(command):
            continue
        plain = asked(command)
        shape = shown(shape_of(plain))
        if shape in _explained:
            continue
        _explained.add(shape)
        plan = db().command("explain", plain, verbosity="executionStats")
        if WHOLE in set(stages_of(plan)) or scans_of(plan):
            yield f"{command['aggregate']}: reads a whole collection beside: {shape} by {command['comment']}"


def reads_beside(command):
    return any(stage.keys() & {"$unionWith", "$lookup"} for stage in command.get("pipeline") or ())


def scans_of(plan):
    """How often `$lookup`s of an explained command read a whole collection."""
    if isinstance(plan, dict):
        return int(plan.get("collectionScans", 0)) + sum(map(scans_of, plan.values()))
    return sum(map(scans_of, plan)) if isinstance(plan, list) else 0
