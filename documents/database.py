"""The one connection to MongoDB, its transactions and its indexes."""

import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from itertools import islice

from mongoengine import connect as connect_mongoengine
from mongoengine import disconnect, get_connection, get_db
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.uri_parser import parse_uri
from pymongo.write_concern import WriteConcern

from documents.errors import Busy, Uncertain

log = logging.getLogger(__name__)

# A concern on the URI makes every operation inside a bound transaction fail, so these are taken off.
CONCERNS = {"w", "wtimeout", "wtimeoutms", "journal", "j", "fsync", "readconcernlevel", "readpreference"}
CONCERNS |= {"readpreferencetags", "maxstalenessseconds"}
CLIENT = {"uuidRepresentation": "standard", "serverSelectionTimeoutMS": 5000, "connect": False}
# For pages, whose readers wait: a server that is silent for both is given up with what was asked of it. No command is
# limited in time by them, however long it takes a server that answers.
FOR_PAGES = {"heartbeatFrequencyMS": 2000, "connectTimeoutMS": 5000}
DATABASE = "khet"
ATTEMPTS_FOR_SECONDS = 20
SNAPSHOT_UNAVAILABLE, SNAPSHOT_TOO_OLD = 246, 239
# What a server says, by MongoDB's numbers of its errors, that has just been started and not read its keys yet: it looked
# at nothing of the command. And what one says that was started anew or is ending; the last two are interruptions.
WITHOUT_KEYS = {206, 211}
LOST = {*WITHOUT_KEYS, 43, 91, 237, 246, 251, 11600, 11602}
MOMENTS = 3
MOST_TOGETHER = 16  # questions of one command
WHOLE = 10_000  # rows of one batch: an answer of several questions comes at once

# What is to be done once the transaction in progress is final; None outside of one.
_after = ContextVar("after the commit", default=None)


def connect(uri, **options):
    """Connect the default alias to `uri` and give back its PyMongo database. The times that the URI states are
    its own.

    Raises pymongo.errors.InvalidURI; does not wait for the server.
    """
    plain = without_concerns(uri)
    parts = parse_uri(plain)
    wanted = {**CLIENT, **options}
    unsaid = {
        name: value
        for name, value in wanted.items()
        if not name.endswith("MS") or name not in parts["options"]
    }
    disconnect()
    connect_mongoengine(parts["database"] or DATABASE, host=plain, **unsaid)
    return db()


def without_concerns(uri):
    """The URI without read and write concerns; each that was taken off is named in the log."""
    head, mark, query = uri.partition("?")
    kept = []
    for pair in filter(None, query.replace(";", "&").split("&")):
        if pair.split("=", 1)[0].lower() in CONCERNS:
            log.warning("taken off MONGODB_URI: %s (transactions state their own concern)", pair)
        else:
            kept.append(pair)
    return head + (mark + "&".join(kept) if kept else "")


def db():
    """The PyMongo database of the product."""
    return get_db()


def collection(document):
    """The PyMongo collection of a document class."""
    return db()[document._get_collection_name()]


def asked_together(questions):
    """{name: [stored dicts]} of several questions, {name: (document class, pipeline)}, asked in one command.

    For small questions that a page asks anyway: a round trip costs more than most of them.
    """
    found = {name: [] for name in questions}
    if not questions:
        return found
    named = [
        (document, [*stages, {"$replaceWith": {"asked": {"$literal": name}, "row": "$$ROOT"}}])
        for name, (document, stages) in questions.items()
    ]
    (first, pipeline), *others = named
    more = [
        {"$unionWith": {"coll": document._get_collection_name(), "pipeline": stages}}
        for document, stages in others
    ]
    for each in collection(first).aggregate([*pipeline, *more], batchSize=WHOLE).to_list():
        found[each["asked"]].append(each["row"])
    return found


def asked_in_parts(questions):
    """`asked_together` for any number of questions: as many to a command as are still quick to plan."""
    names, found = list(questions), {}
    for first in range(0, len(names), MOST_TOGETHER):
        found |= asked_together({name: questions[name] for name in names[first : first + MOST_TOGETHER]})
    return found


def ahead(cursor, size=1000):
    """Yield all rows of a cursor; while some are worked on, a thread asks the server for the next `size`.

    The waiting is what it saves: the server and the network work beside this process.
    """
    cursor.batch_size(size)  # a batch of MongoDB's own choice is 16 MB
    context = copy_context()  # a bound session is the asking thread's too

    def some():
        return list(islice(cursor, size))

    with ThreadPoolExecutor(1, "reading ahead") as pool:
        coming = pool.submit(context.run, some)
        while rows := coming.result():
            coming = pool.submit(context.run, some)
            yield from rows


def in_transaction(work):
    """Run `work()` in one majority, journaled, snapshot transaction and give back what it returned.

    `work` runs again after a transient error, so it must build what it stores from plain values
    each time: a MongoEngine object saved in an aborted attempt believes itself clean.
    Raises Busy when the other writers did not let it through for 20 seconds, Uncertain when the answer to the
    commit was lost for good, and what PyMongo raises when the database stays away: then nothing is stored.
    """
    give_up = time.monotonic() + ATTEMPTS_FOR_SECONDS
    pauses = _pauses()
    while True:
        try:
            return _attempt(work, give_up)
        except PyMongoError as error:
            if not error.has_error_label("TransientTransactionError") and not _is_without_keys(error):
                raise
            if time.monotonic() > give_up:
                if is_loss(error):
                    raise
                raise Busy("มีผู้บันทึกข้อมูลของโรงเรียนนี้พร้อมกันหลายคน กรุณารอสักครู่แล้วบันทึกอีกครั้ง") from error
        time.sleep(next(pauses))


def is_loss(fault):
    """Whether a fault tells that the database was lost or ended in the middle, which is no fault of what was asked."""
    if isinstance(fault, OperationFailure):
        return fault.code in LOST
    return isinstance(fault, (ConnectionFailure, Uncertain))


def _is_without_keys(error):
    return isinstance(error, OperationFailure) and error.code in WITHOUT_KEYS


def after_commit(work):
    """Call `work()` once what is being written is final: after the commit of the transaction in progress, else now.

    For what another connection must find stored: waking a worker. An attempt that is aborted takes it along.
    """
    held = _after.get()
    if held is None:
        work()
    else:
        held.append(work)


def at_one_moment(work):
    """Run `work()` so that everything it reads is as it was at one moment, and give back what it returned.

    It may only read, for as long as the server keeps its past (minutes), and runs again where that moment could not
    be read. Raises Busy when the server no longer knows it.
    """
    for attempt in range(MOMENTS):
        try:
            with get_connection().start_session(snapshot=True) as session, session.bind(end_session=False):
                return work()
        except OperationFailure as error:
            if error.code == SNAPSHOT_TOO_OLD:
                raise Busy("ข้อมูลมากจนอ่านไม่ทันภายในเวลาที่ฐานข้อมูลเก็บไว้ กรุณาลองอีกครั้งเมื่อมีผู้ใช้งานน้อยลง") from error
            if error.code != SNAPSHOT_UNAVAILABLE or attempt == MOMENTS - 1:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _pauses():
    """Seconds to wait before each further attempt: doubling to a quarter, by chance, so that no two march in step."""
    longest = 0.01
    while True:
        yield random.uniform(0.001, longest)  # noqa: S311  not a secret
        longest = min(longest * 2, 0.25)


def _attempt(work, give_up):
    token = _after.set([])
    try:
        result = _committed(work, give_up)
        after = _after.get()
    finally:
        _after.reset(token)
    for each in after:
        each()
    return result


def _committed(work, give_up):
    with get_connection().start_session() as session, session.bind(end_session=False):
        session.start_transaction(
            read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority", j=True)
        )
        try:
            result = work()
        except BaseException:
            session.abort_transaction()
            raise
        _commit(session, give_up)
        return result


def _commit(session, give_up):
    """Commit; a commit whose answer was lost is asked again, which the server makes safe."""
    pauses = _pauses()
    while True:
        try:
            return session.commit_transaction()
        except PyMongoError as error:
            if not error.has_error_label("UnknownTransactionCommitResult") and not _is_without_keys(error):
                raise
            if time.monotonic() > give_up:
                raise Uncertain() from error
        time.sleep(next(pauses))


def ensure_indexes():
    """Build the indexes of every document class; raises OperationFailure loudly when one cannot be built."""
    for document in stored_documents():
        document.ensure_indexes()


def stored_documents(parent=None):
    """Every concrete document class that is imported, in no order."""
    from mongoengine import Document

    for document in (parent or Document).__subclasses__():
        if vars(document).get("made"):  # at run time (see declarations.py): the same collection once more
            continue
        if not document._meta.get("abstract"):
            yield document
        yield from stored_documents(document)
