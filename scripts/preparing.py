"""What the database needs before anyone is let in: its shape, indexes, code lists and, into an empty one, the demo."""

import importlib
import os
import pkgutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pymongo
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError

import documents
from documents import clock
from documents.database import connect, db, ensure_indexes
from documents.errors import RuleBroken
from documents.migrations import runner
from documents.operating import installation
from documents.trail import history
from documents.version import VERSION
from scripts.folder import CannotStart

DEMO_NOW = "2025-06-05T09:00:00+07:00"
INSTALLATION = installation.COLLECTION
OLDEST = (6, 0)
# {MongoDB's number of an error: a sentence in Thai and one in English}
REFUSALS = {
    13: (
        "ผู้ใช้ใน MONGODB_URI ไม่มีสิทธิ์ที่ระบบต้องใช้ ให้สิทธิ์ readWrite บนฐานข้อมูลของระบบ",
        "its user lacks rights: grant readWrite",
    ),
    18: ("ชื่อผู้ใช้หรือรหัสผ่านใน MONGODB_URI ไม่ถูกต้อง หรือขาด authSource", "authentication failed"),
}
WHOSE = ("areas", "schools", "users")  # a database without any of these is empty


def prepare_database(options, data: Path) -> bool:
    """Connect and make the database ready; gives whether it holds the demo, whose clock is then set.

    Reads MONGODB_URI, KHET_NOW and KHET_AUDIT_KEY_FILE from the environment and sets KHET_NOW and KHET_TWO_STEP for the demo.
    Raises CannotStart.
    """
    require_clock()
    connect_documents()
    require_whole()
    migrate()
    build_indexes()
    seed_code_lists()
    seed_rates()
    if demo_state() == "loading":
        empty_again()
    if not options.no_demo and is_empty():
        load_demo(options.demo_schools, options.demo_students, data)
    with_demo = demo_state() == "loaded"
    if with_demo:
        os.environ.setdefault("KHET_NOW", DEMO_NOW)
        os.environ.setdefault("KHET_TWO_STEP", "offered")  # its accounts are to be tried out by many
    return with_demo


def first_commands() -> list[str]:
    """What the operator does before anybody can sign in, in the order of the work; nothing once there is an administrator."""
    from documents.district.schools import Area
    from documents.people.users import User

    if User.objects(grants__role="admin").only("id").first():
        return []
    area = Area.objects.only("id").first()
    return [*(() if area else ("create-area",)), "create-admin"]


def require_clock() -> None:
    """Raises CannotStart when KHET_NOW is no instant."""
    try:
        clock.configure(os.environ.get("KHET_NOW"))
    except ValueError as error:
        raise CannotStart(f"KHET_NOW: {error}", "KHET_NOW is no ISO instant") from error


def connect_documents() -> None:
    """Connect the documents by this process's settings and give the history its key.

    Raises CannotStart, also for a database of a newer Khet.
    """
    reach(os.environ["MONGODB_URI"])
    with refusals():
        runner.missing()
    history.configure(Path(os.environ["KHET_AUDIT_KEY_FILE"]).read_bytes().strip())


def reach(uri: str) -> None:
    """Connect the documents to the database. Raises CannotStart when none answers there that Khet can work with."""
    try:
        connect(uri)
        with pymongo.timeout(10):
            server, build = db().command("hello"), db().command("buildInfo")
            db()[INSTALLATION].find_one({"_id": "demo"})
    except (InvalidURI, ConfigurationError, ValueError) as error:
        said = "MONGODB_URI เขียนไม่ถูกต้อง เช่น mongodb://ผู้ใช้:รหัสผ่าน@เครื่อง:27017/khet?replicaSet=rs0"
        raise CannotStart(said, f"no address of a database: {type(error).__name__}") from error
    except OperationFailure as error:
        raise CannotStart(*REFUSALS.get(error.code, _no_answer(error))) from error
    except PyMongoError as error:
        raise CannotStart(*_no_answer(error)) from error
    if "setName" not in server and server.get("msg") != "isdbgrid":
        raise CannotStart(
            "MONGODB_URI ชี้ไปที่ MongoDB เดี่ยวซึ่งไม่มีธุรกรรม ต้องเป็น replica set แม้มีเครื่องเดียว: เริ่ม mongod ด้วย --replSet แล้วสั่ง rs.initiate()",
            "a standalone server has no transactions",
        )
    if tuple(build["versionArray"][:2]) < OLDEST:
        raise CannotStart(
            f"MongoDB ตาม MONGODB_URI เป็นรุ่น {build['version']} ต้องเป็น 6.0 ขึ้นไป", "the server is too old"
        )


def _no_answer(error):
    return "ติดต่อฐานข้อมูลตาม MONGODB_URI ไม่ได้", f"the database does not answer: {type(error).__name__}"


@contextmanager
def refusals():
    """What a rule, or the database's own rights, refuses in the block is a reason not to start."""
    try:
        yield
    except RuleBroken as reason:
        raise CannotStart(*in_two_languages(reason.message)) from reason
    except OperationFailure as error:
        if error.code not in REFUSALS:
            raise
        raise CannotStart(*REFUSALS[error.code]) from error


def in_two_languages(sentence: str) -> tuple[str, str]:
    """(Thai, English) of a sentence that has its English behind it in brackets."""
    thai, _, english = sentence.removesuffix(")").rpartition(" (")
    return (thai, english) if thai else (sentence, "see above")


def require_whole() -> None:
    """Raises CannotStart on a database that an interrupted restore left."""
    if installation.is_half_restored():
        raise CannotStart(
            "การกู้คืนข้อมูลครั้งก่อนไม่เสร็จ กรุณาสั่ง scripts/manage restore อีกครั้งก่อนเริ่ม",
            "a restore was interrupted, run it again",
        )


def migrate() -> None:
    """Bring the data to this version's shape, telling what is done. Raises CannotStart."""
    with refusals():
        runner.run_missing(VERSION, tell=lambda sentence: print(sentence, flush=True))


def build_indexes() -> None:
    """Build the indexes of every document there is. Raises CannotStart naming the one that cannot be built."""
    for module in pkgutil.walk_packages(documents.__path__, "documents."):
        importlib.import_module(module.name)
    try:
        ensure_indexes()
    except OperationFailure as error:
        said = "สร้างดัชนีฐานข้อมูลไม่ได้", f"an index cannot be built: {error.details['errmsg']}"
        raise CannotStart(*REFUSALS.get(error.code, said)) from error


def seed_code_lists() -> None:
    """Bring the code lists of facts that come with the product up to date."""
    from documents.records import codelists

    codelists.seed()


def seed_rates() -> None:
    """Give each area without any rates of money those that come with the product."""
    from documents.district.schools import Area
    from documents.people.users import System
    from documents.subsidies import rates

    for area in Area.objects.only("code"):
        rates.seed(area.code, System("ระบบ"))


def demo_state() -> str | None:
    """ "loading", "loaded" or None, as the database itself remembers."""
    return (db()[INSTALLATION].find_one({"_id": "demo"}) or {}).get("state")


def is_empty() -> bool:
    """Whether nobody's data is in the database yet."""
    return not any(db()[name].find_one({}, {"_id": 1}) for name in WHOSE)


def empty_again() -> None:
    """Take out what an interrupted demo load left; the database was empty before it."""
    kept = {INSTALLATION, runner.COLLECTION, "codelists", "code_lists"}
    for name in db().list_collection_names():
        if name not in kept and not name.startswith("system."):
            db()[name].delete_many({})


def load_demo(schools: int, students: int, data: Path) -> None:
    """Load the made-up district, telling how far it is; its clock stands at DEMO_NOW unless KHET_NOW is given."""
    from scripts import demo

    clock.configure(os.environ.get("KHET_NOW") or DEMO_NOW)
    mark = {"$set": {"state": "loading", "schools": schools, "students": students}}
    db()[INSTALLATION].update_one({"_id": "demo"}, mark, upsert=True)
    demo.load(schools=schools, students=students, data=data, progress=Progress())
    db()[INSTALLATION].update_one({"_id": "demo"}, {"$set": {"state": "loaded"}})


class Progress:
    """Called with a step's Thai name and how far it is (0 to 1); a line a step, redrawn on a terminal."""

    def __init__(self):
        self.step = None

    def __call__(self, step: str, done: float) -> None:
        if sys.stdout.isatty():
            print(f"\r\033[Kข้อมูลสาธิต: {step} {done:4.0%}", end="\n" if done >= 1 else "", flush=True)
        elif step != self.step:
            print(f"ข้อมูลสาธิต: {step}", flush=True)
        self.step = step
