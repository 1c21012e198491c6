"""What every test stands on: one throw-away mongod a run, a database a worker, emptied after each test."""

import gc
import math
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from jinja2 import FileSystemBytecodeCache
from pymongo import WriteConcern

from admin_app import create_app, tasks
from documents import subsystems
from documents.database import connect, db, stored_documents
from documents.records import codelists, declarations
from documents.trail import history
from scripts.embedded import EmbeddedMongo, quarter_of_memory
from scripts.folder import CannotStart, prepare
from tests.browsing import *  # noqa: F403  real browsers
from tests.districts import *  # noqa: F403  a whole district
from tests.explaining import *  # noqa: F403  which way the database goes
from tests.kitchens import kitchens as kitchens  # a subsystem with checks and units of its own
from tests.listening import LISTENER
from tests.people import *  # noqa: F403  the people and places of the tests
from tests.post import post_office as post_office  # a real SMTP server
from tests.product import start as start  # scripts/start, whole
from tests.profiling import *  # noqa: F403  what pages read that they need not
from tests.profiling import watch
from tests.remembered import begin
from tests.spreading import Spread, in_order
from tests.web import *  # noqa: F403  the application and its browsers
from tests.web import AUDIT_KEY, Browser, settings_for
from tests.world import world as world  # two schools and a third elsewhere, what must not be read marked

SERVER = pytest.StashKey[EmbeddedMongo]()
# Bytes, thrice what a run stores: so much must be free in memory, and four times as much there be, for it to lie there.
ROOMY = 3 * 2**30
SELDOM = 10_000  # new objects between two looks for garbage; Python's own is 700

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
    folder = prepare(Path(tempfile.mkdtemp(prefix="khet-tests-", dir=in_memory())))
    session.config.stash[SERVER] = EmbeddedMongo(folder, cache_gb=0.5, oplog_mb=512)
    try:
        session.config.stash[SERVER].start()
    except CannotStart as reason:
        pytest.exit(str(reason), returncode=1)


def in_memory():
    """A folder in memory where there is plenty, so that no commit waits for a disk; None for the usual one."""
    folder = Path("/dev/shm")  # noqa: S108  its own, made by mkdtemp
    if not folder.is_dir() or not os.access(folder, os.W_OK) or quarter_of_memory() < ROOMY / 2**30:
        return None
    sweep(folder)
    return folder if shutil.disk_usage(folder).free > ROOMY else None


def sweep(folder):
    """Take away what killed runs left there, whose mongod is gone: memory does not come back by itself."""
    for left in folder.glob("khet-tests-*"):
        lock = left / "db" / "mongod.lock"
        holder = lock.read_text().strip() if lock.exists() else ""
        if holder and not Path("/proc", holder).exists():
            shutil.rmtree(left, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Give a worker (pytest-xdist) the URI of its own database."""
    if server := node.config.stash.get(SERVER, None):
        name = f"khet_{node.workerinput['workerid']}"
        node.workerinput["database_uri"] = server.grant(name)
        node.workerinput["database_log"] = str(server.log)
        watch(server, name)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Spread the run as tests/spreading.py says, where scripts/test asks for it."""
    return Spread(config, log) if config.option.dist == "loadscope" else None


def pytest_unconfigure(config):
    if server := config.stash.get(SERVER, None):
        server.stop(grace=5)
        shutil.rmtree(server.data, ignore_errors=True)


def pytest_collection_modifyitems(config, items):
    """The longest files first; what is marked `long` left out, unless --long asks for it."""
    items[:] = in_order(items)
    if config.option.long:
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish(session):
    """What was imported stays for the run: looking through it for garbage again and again took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM)


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
    connect(database_uri)
    history.configure(AUDIT_KEY)
    subsystems()  # are documents from now on, whether a test asks for them or not
    LISTENER.forget()  # what began before the first test
    return set()


@pytest.fixture(autouse=True)
def database(connected):
    """The PyMongo database, with every index and no document; whatever the test stored goes with it."""
    for document in set(stored_documents()) - connected:
        document.ensure_indexes()
        connected.add(document)
    begin()
    yield db()
    empty(stored_in() if LISTENER.helped else LISTENER.written(db().name))
    LISTENER.forget()
    declarations.forget()


def empty(names):
    """Delete what collections hold. The last waits for all: the next test may read what is final."""
    *others, last = sorted(names) or (None,)
    for name in others:
        db().get_collection(name, write_concern=WriteConcern(1)).delete_many({})
    if last:
        db()[last].delete_many({})


def stored_in():
    """The names of the collections that hold something: asked of two dozen at a time, which costs less than each."""
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
    made.jinja_env.bytecode_cache = FileSystemBytecodeCache(shared_by_workers(tmp_path_factory))
    tasks.celery.conf.task_always_eager = True  # a job is done within the request that asks for it
    return made


def shared_by_workers(tmp_path_factory):
    """A folder of the run, so that one worker compiles a template for all."""
    folder = tmp_path_factory.getbasetemp().parent / "templates"
    folder.mkdir(exist_ok=True)
    return folder


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
    """`with count_commands() as names:` collects the name of every command sent in the block.

    Code lists are not looked at again meanwhile, which a process does by the clock.
    """
    return _counting


@contextmanager
def _counting():
    names = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codelists, "FRESH_SECONDS", math.inf)
        LISTENER.sink = names
        try:
            yield names
        finally:
            LISTENER.sink = None
