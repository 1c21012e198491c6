"""Backup (สำรองข้อมูล): the whole database of one moment in one encrypted file.

The stream inside the encrypted file is BSON documents in sections: {"section": name, "kind": ...}, its documents as the
database keeps them, an empty document. A collection's documents come in the order of their ids, so that their SHA-256
can be taken again from a database they were restored into. The last section is the manifest, which says what is in
the file and by what a restored database is proven; see `restoring.py`.
"""

import contextlib
import hashlib
import hmac
import os
import secrets as random
import struct
from dataclasses import dataclass, field

import bson
from bson.raw_bson import RawBSONDocument
from mongoengine import get_connection
from pymongo.errors import OperationFailure

from documents.clock import real_now
from documents.database import db
from documents.errors import Busy, FileRefused
from documents.operating.encrypted_file import Damaged, EncryptedReader, EncryptedWriter, Newer
from documents.operating.installation import COLLECTION as INSTALLATION
from documents.operating.installation import OF_THE_MOMENT
from documents.trail.history import as_stored, keyed

FORMAT = 1  # of the stream inside
# Who is signed in, what was tried how often, who leads: true of one moment on one machine and of nothing after it.
LEFT_OUT = {"sessions", "limit_counters", "leases", "workers", "freshness"}
# Links that were sent to people: what was restored must not open an account by a letter of long ago.
LEFT_OUT |= {"account_links"}
# Files on their way in, which nobody chose to keep.
LEFT_OUT |= {"import_plans", "import_plan_parts", "mapped_uploads", "school_plan_rows"}
# What the database forgets by itself in days or weeks: mails on their way, notices, what the timetable did today.
LEFT_OUT |= {"mails", "notices", "timetable"}
# Celery's own, where the database is its broker: a job is queued again from its document.
CELERYS = {
    "messages",
    "messages.broadcast",
    "messages.queues",
    "messages.routing",
    "celery_taskmeta",
    "celery_groupmeta",
}
LEFT_OUT |= CELERYS
END = bson.encode({})
SIZE = struct.Struct("<i")
LARGEST = 2**25  # bytes of one document; MongoDB's own limit is half of it
ATTEMPTS = 5  # a new collection or index between our list and our reading makes the moment unreadable
SNAPSHOT_TOO_OLD, SNAPSHOT_UNAVAILABLE = 239, 246


@dataclass
class Section:
    """What was counted of one collection: its documents and the SHA-256 (hex) over them in the order of their ids."""

    count: int = 0
    digest: str = ""


@dataclass
class Manifest:
    """What a backup says of itself."""

    version: str
    made_at: object
    database: str
    migrations: list
    audit_key_check: str
    collections: dict = field(default_factory=dict)  # {name: Section}
    rounds: list = field(default_factory=list)  # of every round: where, state and root_hash
    submissions: list = field(default_factory=list)  # of every submission: id, state, version, digest
    settings: dict = field(default_factory=dict)
    secrets: dict = field(default_factory=dict)  # {name: text}, empty unless asked for


def audit_key_check():
    """A word that tells whether the history's key is the same one, without telling the key."""
    return keyed("khet backup: is it the same key")


def same_key(manifest):
    """Whether the history's key of this process is the one the backup was made with."""
    return hmac.compare_digest(manifest.audit_key_check, audit_key_check())


# ---- writing ----


def write_backup(path, passphrase, version, settings=None, secrets=None, tell=lambda name, count: None):
    """Write the connected database as it is at one moment to a new file of mode 0600; gives back its Manifest.

    `settings` and `secrets` are put into the manifest as they are given. The file is there whole or not at all.
    Raises FileRefused where it exists, cannot be written or the passphrase is weak, Busy where the moment cannot be
    held long enough.
    """
    if path.exists() or path.is_symlink():
        raise FileRefused(f"มีแฟ้ม {path} อยู่แล้ว ไม่เขียนทับ กรุณาใช้ชื่ออื่น")
    draft = path.with_name(f".{path.name}.{random.token_hex(4)}.partial")
    try:
        with _new_private(draft) as file:
            manifest = _write_moment(file, passphrase, version, settings or {}, secrets or {}, tell)
            file.flush()
            os.fsync(file.fileno())
        _give_name(draft, path)
    except OSError as error:
        raise FileRefused(f"เขียนแฟ้มสำรอง {path} ไม่ได้: {error.strerror} ({error.strerror})") from error
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def _new_private(path):
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def _give_name(draft, path):
    """Give the whole file its name, never in place of another file, and make the name last."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise FileRefused(f"มีแฟ้ม {path} อยู่แล้ว ไม่เขียนทับ กรุณาใช้ชื่ออื่น") from None
    except OSError:  # a memory stick knows no second name for a file
        draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # nor does every network folder take an fsync
            os.fsync(folder)
    finally:
        os.close(folder)


def _write_moment(file, passphrase, version, settings, secrets, tell):
    """Write the stream, from the beginning again where the moment could not be read."""
    for attempt in range(ATTEMPTS):
        file.seek(0)
        file.truncate()
        out = EncryptedWriter(file, passphrase)
        try:
            manifest = _write_stream(out, version, settings, secrets, tell)
        except OperationFailure as error:
            if error.code == SNAPSHOT_TOO_OLD:
                raise Busy(
                    "ฐานข้อมูลเก็บภาพ ณ เวลาเดียวไว้ไม่นานพอสำหรับข้อมูลขนาดนี้ "
                    "กรุณาเพิ่ม minSnapshotHistoryWindowInSeconds ของ MongoDB แล้วสำรองใหม่ (the snapshot is too old)"
                ) from error
            if error.code != SNAPSHOT_UNAVAILABLE or attempt == ATTEMPTS - 1:
                raise
            continue
        out.close()
        return manifest
    raise AssertionError("unreachable: the last attempt returns or raises")


def _write_stream(out, version, settings, secrets, tell):
    with get_connection().start_session(snapshot=True) as session:
        # The first read fixes the moment; what is listed after it holds every collection there was then.
        applied = sorted(row["_id"] for row in db()["migrations"].find({}, {"_id": 1}, session=session))
        manifest = Manifest(version, as_stored(real_now()), db().name, applied, audit_key_check())
        for name in kept_collections():
            manifest.collections[name] = _write_collection(out, name, session)
            tell(name, manifest.collections[name].count)
        manifest.rounds, manifest.submissions = _digests(session)
    manifest.settings, manifest.secrets = settings, secrets
    _write_manifest(out, manifest)
    return manifest


def kept_collections():
    """Names of the collections a backup holds, sorted."""
    names = db().list_collection_names()
    return sorted(name for name in names if name not in LEFT_OUT and not name.startswith("system."))


def _write_collection(out, name, session):
    out.write(bson.encode({"section": "collection", "name": name}))
    section = tally(batches(name, session), out.write)
    out.write(END)
    return section


def batches(name, session=None):
    """The stored documents of a collection in the order of their ids, as bytes of many at once."""
    query = {"_id": {"$nin": list(OF_THE_MOMENT)}} if name == INSTALLATION else {}
    return db()[name].find_raw_batches(query, session=session).sort("_id", 1)


def tally(found, sink=lambda batch: None):
    """The Section of batches of stored documents, each batch also given to `sink`."""
    total, count = hashlib.sha256(), 0
    for batch in found:
        sink(batch)
        total.update(batch)
        at = 0
        while at < len(batch):
            at += SIZE.unpack_from(batch, at)[0]
            count += 1
    return Section(count, total.hexdigest())


ROUND = ("area_code", "subsystem", "academic_year", "code", "state", "root_hash")
SUBMISSION = ("area_code", "subsystem", "academic_year", "round", "school_code", "state", "version", "digest")


def _digests(session):
    """(rows of all rounds, rows of all submissions): the values a restored database is proven by."""
    return [
        list(db()[name].find({}, dict.fromkeys(names, 1), session=session).sort("_id", 1))
        for name, names in (("rounds", ROUND), ("submissions", SUBMISSION))
    ]


def _write_manifest(out, manifest):
    """The lists one document a row, since a document has a largest size; then the rest."""
    for kind in ("rounds", "submissions"):
        out.write(bson.encode({"section": kind}))
        for row in getattr(manifest, kind):
            out.write(bson.encode(row))
        out.write(END)
    rest = {name: value for name, value in vars(manifest).items() if name not in ("rounds", "submissions")}
    rest["collections"] = {name: vars(section) for name, section in manifest.collections.items()}
    out.write(bson.encode({"section": "manifest", "format": FORMAT}))
    out.write(bson.encode(rest))
    out.write(END)


# ---- reading ----


class Backup:
    """An open backup file whose every byte was proven; `manifest` says what is in it.

    Raises what `EncryptedReader` raises, Damaged where the content does not agree with its own manifest, Newer.
    """

    def __init__(self, file, passphrase):
        self.reader = EncryptedReader(file, passphrase)
        rows, found = {"rounds": [], "submissions": []}, {}
        rest = None
        for head, documents in self._sections():
            if head["section"] == "collection":
                found[head["name"]] = tally(documents)
            elif head["section"] in rows:
                rows[head["section"]] = [bson.decode(each) for each in documents]
            elif head["section"] == "manifest" and head["format"] <= FORMAT:
                rest = bson.decode(b"".join(documents))
            else:
                raise Newer("แฟ้มสำรองนี้สร้างด้วย Khet รุ่นใหม่กว่า กรุณาปรับรุ่น Khet ก่อนกู้คืน")
        if rest is None or rest.pop("collections") != {name: vars(each) for name, each in found.items()}:
            raise Damaged("แฟ้มสำรองเสียหาย: เนื้อหาไม่ตรงกับรายการในแฟ้ม กรุณาใช้สำเนาอื่น")
        self.manifest = Manifest(**rest, **rows, collections=found)

    def collections(self):
        """(name, documents as RawBSONDocument) of every collection, to be read in this order."""
        for head, documents in self._sections():
            if head["section"] == "collection":
                yield head["name"], map(RawBSONDocument, documents)

    def _sections(self):
        """(head, documents as bytes) of each section; what is left unread of one is read before the next."""
        with self.reader.stream() as stream:
            while head := _next_document(stream):
                documents = _until_end(stream)
                yield bson.decode(head), documents
                for _ in documents:
                    pass


def _until_end(stream):
    while (document := _next_document(stream)) != END:
        if document is None:
            raise Damaged("แฟ้มสำรองเสียหาย: เนื้อหาจบก่อนกำหนด กรุณาใช้สำเนาอื่น")
        yield document


def _next_document(stream):
    """The next BSON document as bytes; None at the end."""
    size = stream.read(SIZE.size)
    if not size:
        return None
    length = SIZE.unpack(size)[0] if len(size) == SIZE.size else 0
    rest = stream.read(length - SIZE.size) if 5 <= length <= LARGEST else b""
    if len(size) + len(rest) != length:
        raise Damaged("แฟ้มสำรองเสียหาย: เนื้อหาอ่านไม่ได้ กรุณาใช้สำเนาอื่น")
    return size + rest
