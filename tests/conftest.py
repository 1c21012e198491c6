"""What every test stands on: one throw-away mongod a run, a database a worker, emptied after each test."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo.monitoring import CommandListener

from admin_app import create_app, tasks
from documents import declarations, history, subsystems
from documents.database import connect, db, stored_documents
from scripts.embedded import EmbeddedMongo
from scripts.folder import CannotStart, prepare
from tests.browsing import *  # noqa: F403  real browsers
from tests.districts import *  # noqa: F403  a whole district
from tests.explaining import *  # noqa: F403  which way the database goes
from tests.kitchens import kitchens as kitchens  # a subsystem with checks and units of its own
from tests.people import *  # noqa: F403  the people and places of the tests
from tests.post import post_office as post_office  # a real SMTP server
from tests.product import start as start  # scripts/start, whole
from tests.profiling import *  # noqa: F403  what pages read that they need not
from tests.profiling import watch
from tests.slow import command_took
from tests.web import *  # noqa: F403  the application and its browsers
from tests.web import AUDIT_KEY, Browser, settings_for
from tests.world import world as world  # two schools and a third elsewhere, what must not be read marked

SERVER = pytest.StashKey[EmbeddedMongo]()

for name in [
    name for name in os.environ if name.startswith("KHET_") or name in ("MONGODB_URI", "SECRET_KEY")
]:
    del os.environ[name]  # a developer's own settings must not reach the tests


# The server: started by the process that was called, its URI handed to the workers. No mongod, no run.


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="the full counts of races, kills and fuzz")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session):
    """Start the run's mongod, unless this is a worker of a run that has one or nothing is to run."""
    if hasattr(session.config, "workerinput") or session.config.option.collectonly:
        return
    folder = prepare(Path(tempfile.mkdtemp(prefix="khet-tests-")))
    session.config.stash[SERVER] = EmbeddedMongo(folder, cache_gb=0.5, oplog_mb=512)
    try:
        session.config.stash[SERVER].start()
    except CannotStart as reason:
        pytest.exit(str(reason), returncode=1)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Give a worker (pytest-xdist) the URI of its own database."""
    if server := node.config.stash.get(SERVER, None):
        name = f"khet_{node.workerinput['workerid']}"
        node.workerinput["database_uri"] = server.grant(name)
        node.workerinput["database_log"] = str(server.log)
        watch(server, name)


def pytest_unconfigure(config):
    if server := config.stash.get(SERVER, None):
        server.stop(grace=5)
        shutil.rmtree(server.data, ignore_errors=True)


def pytest_collection_modifyitems(config, items):
    """Leave out what is marked `long`, unless --long asks for it."""
    if config.option.long:
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


# The database


@pytest.fixture(scope="session")
def database_uri(request):
    """The URI of this worker's database: the application's user, no other right than readWrite on it."""
    given = getattr(request.config, "workerinput", {}).get("database_uri")
    if given:
        return given
    watch(request.config.stash[SERVER], "khet_main")
    return request.config.stash[SERVER].grant("khet_main")


@pytest.fixture(scope="session")
def database_log(request):
    """The path of the log of the run's mongod."""
    given = getattr(request.config, "workerinput", {}).get("database_log")
    return Path(given) if given else request.config.stash[SERVER].log


@pytest.fixture(scope="session")
def connected(database_uri):
    """This worker's database, connected once; indexes are built as document classes come in."""
    connect(database_uri, event_listeners=[LISTENER])
    history.configure(AUDIT_KEY)
    subsystems()  # are documents from now on, whether a test asks for them or not
    return set()


@pytest.fixture(autouse=True)
def database(connected):
    """The PyMongo database, with every index and no document; whatever the test stored goes with it."""
    for document in set(stored_documents()) - connected:
        document.ensure_indexes()
        connected.add(document)
    yield db()
    for name in stored_in():
        db()[name].delete_many({})
    declarations.forget()


def stored_in():
    """The names of the collections that hold something: asked of two dozen at a time, which a test costs less than each."""
    names = db().list_collection_names()
    for first in range(0, len(names), 24):
        head, *others = names[first : first + 24]
        stages = [{"$unionWith": {"coll": name, "pipeline": _any_of(name)}} for name in others]
        for row in db()[head].aggregate([*_any_of(head), *stages]):
            yield row["name"]


def _any_of(name):
    return [{"$limit": 1}, {"$replaceWith": {"name": name}}]


@pytest.fixture(scope="session")
def session_app(connected, database_uri, tmp_path_factory):
    """One application for all tests of a worker, on the worker's database."""
    made = create_app(settings_for(database_uri, tmp_path_factory.mktemp("data")))
    made.test_client_class = Browser
    tasks.celery.conf.task_always_eager = True  # a job is done within the request that asks for it
    connect(database_uri, event_listeners=[LISTENER])  # again, so that commands are still counted
    return made


@pytest.fixture
def own_mongo(tmp_path):
    """A mongod of the test's own, to be killed, filled or restarted; not started yet."""
    server = EmbeddedMongo(prepare(tmp_path / "data"), cache_gb=0.25, oplog_mb=128)
    yield server
    server.stop(grace=5)


@pytest.fixture
def times(request):
    """How often a loop runs: `times(3, 50)` is 3, and 50 in scripts/test --long."""
    return lambda few, full: full if request.config.option.long else few


# What is asked of the database


@pytest.fixture
def count_commands(connected):
    """`with count_commands() as names:` collects the name of every command sent in the block."""
    return _counting


@contextmanager
def _counting():
    names = []
    LISTENER.sink = names
    try:
        yield names
    finally:
        LISTENER.sink = None


class _Listener(CommandListener):
    sink = None  # where names of commands go
    commands = None  # where whole commands go

    def started(self, event):
        if self.sink is not None:
            self.sink.append(event.command_name)
        if self.commands is not None:
            self.commands.append(dict(event.command))

    def succeeded(self, event):
        command_took(event)

    def failed(self, event):
        command_took(event)


LISTENER = _Listener()
