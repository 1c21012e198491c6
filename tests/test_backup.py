"""Backup and restore: one moment, one file that cannot be read or changed, and a restored place that is proven."""

import os
import stat
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import gridfs
import pytest
from mongoengine import disconnect

from documents.collecting.locking import lock_round
from documents.collecting.moves import move
from documents.database import collection, connect, db, ensure_indexes, in_transaction
from documents.errors import Busy, FileRefused, NotAllowed
from documents.operating import backup, encrypted_file, installation, restoring
from documents.operating.backup import Backup, write_backup
from documents.operating.encrypted_file import (
    Damaged,
    EncryptedReader,
    EncryptedWriter,
    Foreign,
    Newer,
    WrongPassphrase,
)
from documents.operating.restoring import Unproven, restored
from documents.records.writing import Change, remove, write
from documents.trail import history, verifying
from documents.version import VERSION
from scripts import preparing
from scripts.embedded import EmbeddedMongo
from scripts.environment import ROOT
from scripts.folder import CannotStart, prepare
from tests.districts import LOADER, bring, submission
from tests.people import OTHER, place, utc
from tests.web import AUDIT_KEY

PASSPHRASE = "ช้างสามตัว over the bridge"


@pytest.fixture(autouse=True)
def cheap_guesses(monkeypatch):
    """A passphrase that costs no time to try; the commands below pay the full price."""
    monkeypatch.setattr(encrypted_file, "COST", {"n": 2**8, "r": 8, "p": 1})


@pytest.fixture(scope="module")
def other_server():
    """A second mongod, empty."""
    with tempfile.TemporaryDirectory(prefix="khet-restore-") as folder:
        server = EmbeddedMongo(prepare(Path(folder)), cache_gb=0.25, oplog_mb=128)
        server.start()
        yield server
        server.stop(grace=5)


@pytest.fixture
def elsewhere(other_server, database_uri, tmp_path):
    """`elsewhere()` connects the documents to an empty database on another server; the tests' own comes back after."""
    name = f"place_{os.getpid()}_{abs(hash(tmp_path))}"
    yield lambda: connect(other_server.grant(name))
    connect(other_server.grant(name))
    for each in db().list_collection_names():
        db()[each].drop()
    disconnect()
    connect(database_uri)
    history.configure(AUDIT_KEY)


@pytest.fixture
def district(canteens, open_round, teacher, neighbour, approver, administrator, database):
    """A locked round with two schools, one of them reopened and being written again, and a photograph."""
    written = write([canteen(canteens, n) for n in range(6)], teacher)
    write([canteen(canteens, 9, OTHER)], neighbour)
    remove([Change(canteens, place(), id=written[5].id, revision=1, remove=True)], teacher, "ปิดแล้ว")
    for number in (1, 2):
        bring(submission(number), "confirm", "certify", "verify")
    lock_round(open_round, approver, None)
    move(submission(2), "reopen", approver, "พิมพ์ผิด", until=utc(30).replace(tzinfo=history.dt.UTC))
    write([canteen(canteens, 10, OTHER)], neighbour)
    gridfs.GridFS(database, "photos").put(b"\x00\x01" * 400_000, filename="หน้าตรง.webp")
    database.sessions.insert_one({"user": teacher.id})
    return database


def canteen(document, number, school=None):
    values = {"code": f"C{number}", "name": f"โรงอาหารลับ {number}", "seats": 40 + number}
    return Change(document, place(school) if school else place(), values)


def back_up(tmp_path, **more):
    file = tmp_path / "เขต.khet"
    write_backup(file, PASSPHRASE, VERSION, **more)
    return file


def bring_back(file, rebuild=ensure_indexes, **more):
    """Restore into the connected database; gives the proof."""
    with file.open("rb") as stream, restored(Backup(stream, PASSPHRASE), VERSION, rebuild, **more) as proof:
        return proof


def content():
    """{collection: every stored document} of the connected database, what no backup holds left out."""
    return {name: list(db()[name].find().sort("_id", 1)) for name in backup.kept_collections()}


def is_empty():
    """Whether the connected database holds nothing at all."""
    return not any(db()[name].find_one() for name in db().list_collection_names())


# ---- what comes back ----


def test_a_restored_place_holds_the_same_documents_and_proves_it(district, elsewhere, tmp_path):
    before = content()
    file = back_up(tmp_path)
    elsewhere()
    proof = bring_back(file)
    assert {name: rows for name, rows in content().items() if rows} == {n: r for n, r in before.items() if r}
    assert all(one.good for one in proof), proof
    told = [one.what for one in proof]
    assert "digest 34010000 DMC 2568-1" in told
    assert "root 34010000 DMC 2568-1" in told
    assert not list(verifying.verify())
    assert not installation.is_half_restored()


def test_a_restored_place_has_its_indexes_and_its_photographs(district, canteens, elsewhere, tmp_path):
    wanted = set(collection(canteens).index_information())
    file = back_up(tmp_path)
    elsewhere()
    bring_back(file)
    assert set(collection(canteens).index_information()) == wanted
    assert "files_id_1_n_1" in db()["photos.chunks"].index_information()
    assert gridfs.GridFS(db(), "photos").find_one().read() == b"\x00\x01" * 400_000


def test_a_restored_district_is_worked_on(district, canteens, neighbour, elsewhere, tmp_path):
    file = back_up(tmp_path)
    elsewhere()
    bring_back(file)
    write([canteen(canteens, 11, OTHER)], neighbour)
    assert submission(2).counts["canteens"] == 3
    assert not list(verifying.verify())


def test_what_is_true_of_one_moment_alone_stays_behind(district, elsewhere, tmp_path):
    file = back_up(tmp_path)
    elsewhere()
    bring_back(file)
    assert "sessions" not in db().list_collection_names() or not db().sessions.find_one()


def test_all_collections_are_of_one_moment(database, elsewhere, tmp_path):
    for name in ("a", "m", "z"):
        database[name].insert_one({"_id": 1, "n": 1})

    def meanwhile(name, count):
        def work():
            for each in ("a", "m", "z"):
                database[each].update_one({"_id": 1}, {"$inc": {"n": 1}})

        in_transaction(work)
        database.later.insert_one({})

    file = back_up(tmp_path, tell=meanwhile)
    elsewhere()
    bring_back(file)
    assert [db()[name].find_one()["n"] for name in ("a", "m", "z")] == [1, 1, 1]
    assert not db().later.find_one()


def test_a_collection_made_anew_meanwhile_makes_it_begin_again(database, elsewhere, tmp_path):
    told = []

    def meanwhile(name, count):
        told.append(name)
        if told == ["a"]:
            database.z.drop()
            database.z.insert_one({"_id": 1, "n": 2})

    for name in ("a", "z"):
        database[name].insert_one({"_id": 1, "n": 1})
    file = back_up(tmp_path, tell=meanwhile)
    assert told.count("a") == 2
    elsewhere()
    bring_back(file)
    assert db().z.find_one() == {"_id": 1, "n": 2}


def test_a_moment_that_the_database_forgot_is_said_in_a_sentence(elsewhere, other_server, tmp_path):
    database = elsewhere()
    for name in ("a", "z"):
        database[name].insert_one({"_id": 1, "n": 1})
    with other_server._admin() as server:
        kept = server.admin.command("setParameter", 1, minSnapshotHistoryWindowInSeconds=0)["was"]

        def meanwhile(name, count):
            for number in range(8):
                database.z.update_one({"_id": 1}, {"$set": {"n": number}})
                time.sleep(0.5)

        try:
            with pytest.raises(Busy, match="minSnapshotHistoryWindowInSeconds"):
                back_up(tmp_path, tell=meanwhile)
        finally:
            server.admin.command("setParameter", 1, minSnapshotHistoryWindowInSeconds=kept)
    assert list(tmp_path.iterdir()) == []


def test_every_collection_of_the_product_is_kept_or_left_out_by_name(connected):
    assert {"sessions", "limit_counters", "import_plans"} <= backup.LEFT_OUT
    assert not backup.LEFT_OUT & {
        "students",
        "audit_events",
        "users",
        "rounds",
        "submissions",
        "freezes",
        "jobs",
    }


def test_what_the_database_forgets_by_itself_is_in_no_backup(database):
    forgotten = {
        name
        for name in db().list_collection_names()
        if any("expireAfterSeconds" in index for index in db()[name].index_information().values())
    }
    assert {"import_plans", "mapped_uploads"} <= forgotten <= backup.LEFT_OUT


# ---- the file ----


def test_the_file_is_its_owners_alone_and_tells_nothing(district, tmp_path):
    file = back_up(tmp_path, secrets={"audit": "the key itself"})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_bytes()
    for word in ("โรงอาหารลับ", "canteens", "บ้านหนึ่ง", "the key itself", "34010000"):
        assert word.encode() not in content
    assert list(tmp_path.glob(".*partial")) == []


def test_the_audit_key_is_in_the_file_only_when_asked_for(district, tmp_path):
    for name, secrets in (("without", {}), ("with", {"audit": "k"})):
        write_backup(tmp_path / name, PASSPHRASE, VERSION, secrets=secrets)
        with (tmp_path / name).open("rb") as stream:
            assert Backup(stream, PASSPHRASE).manifest.secrets == secrets


def test_a_file_that_exists_is_never_written_over(database, tmp_path):
    (tmp_path / "เขต.khet").write_text("another")
    with pytest.raises(FileRefused, match="อยู่แล้ว"):
        back_up(tmp_path)
    assert (tmp_path / "เขต.khet").read_text() == "another"


def test_a_backup_that_is_interrupted_leaves_no_file(district, tmp_path):
    def interrupt(name, count):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(tmp_path, tell=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said_in_a_sentence(database, tmp_path):
    with pytest.raises(FileRefused, match="เขียนแฟ้มสำรอง"):
        write_backup(tmp_path / "none" / "x", PASSPHRASE, VERSION)


def test_a_short_passphrase_is_refused(database, tmp_path):
    with pytest.raises(FileRefused, match="12 ตัวอักษร"):
        write_backup(tmp_path / "x", "สั้นไป", VERSION)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def sealed_file(tmp_path, monkeypatch):
    """An encrypted file of many small chunks, as bytes, and `read(content)` that gives what it holds."""
    monkeypatch.setattr(encrypted_file, "CHUNK", 1000)
    path = tmp_path / "sealed"
    plain = os.urandom(9_500)
    with path.open("w+b") as file:
        writer = EncryptedWriter(file, PASSPHRASE)
        writer.write(plain)
        writer.close()

    def read(content, passphrase=PASSPHRASE):
        path.write_bytes(content)
        with path.open("rb") as file:
            return EncryptedReader(file, passphrase).stream().read()

    assert read(path.read_bytes()) == plain
    return path.read_bytes(), read


def chunks_of(content):
    """(what stands before the first chunk, the chunks with their lengths)."""
    start = 16 + struct.unpack_from(">I", content, 12)[0] + 32
    head, found = content[:start], []
    while start < len(content):
        size = 4 + struct.unpack_from(">I", content, start)[0]
        found.append(content[start : start + size])
        start += size
    return head, found


DAMAGES = {
    "the last chunk is missing": lambda head, found: head + b"".join(found[:-1]),
    "all chunks are missing": lambda head, found: head,
    "half of the file is missing": lambda head, found: head + b"".join(found[:5])[:-7],
    "two chunks changed places": lambda head, found: head + b"".join([found[1], found[0], *found[2:]]),
    "a chunk stands twice": lambda head, found: head + b"".join([found[0], *found]),
    "a chunk was cut out": lambda head, found: head + b"".join([*found[:3], *found[4:]]),
    "something was added": lambda head, found: head + b"".join(found) + b"x",
    "the last chunk stands twice": lambda head, found: head + b"".join([*found, found[-1]]),
    "a length is enormous": lambda head, found: head + b"\xff\xff\xff\xff" + b"".join(found)[4:],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_found(sealed_file, damage):
    content, read = sealed_file
    with pytest.raises(Damaged, match="เสียหาย"):
        read(damage(*chunks_of(content)))


def test_every_changed_bit_is_found(sealed_file, times):
    content, read = sealed_file
    step = max(1, len(content) // times(60, 3000))
    for at in range(0, len(content), step):
        with pytest.raises(FileRefused):
            read(content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :])


def test_a_wrong_passphrase_a_foreign_file_and_a_newer_format_are_told_apart(sealed_file):
    content, read = sealed_file
    with pytest.raises(WrongPassphrase, match="รหัสผ่าน"):
        read(content, "another passphrase")
    with pytest.raises(Foreign, match="ไม่ใช่แฟ้มสำรอง"):
        read(b"PK\x03\x04" + content)
    with pytest.raises(Foreign):
        read(b"")
    with pytest.raises(Newer, match="รุ่นใหม่กว่า"):
        read(content.replace(b'"format": 1', b'"format": 9'))
    with pytest.raises(Damaged):
        read(content.replace(b'"n": 256', b'"n": 9**9'))


# ---- what is refused, and what is left behind ----


def test_a_place_with_data_in_it_is_left_as_it_is(district, elsewhere, tmp_path):
    file = back_up(tmp_path)
    elsewhere().users.insert_one({"_id": 1, "email": "head@example.org"})
    with pytest.raises(NotAllowed, match="มีข้อมูลอยู่แล้ว"):
        bring_back(file)
    assert [row["_id"] for row in db().users.find()] == [1]
    assert "canteens" not in db().list_collection_names()


def test_a_place_that_was_only_started_counts_as_empty(district, elsewhere, tmp_path):
    file = back_up(tmp_path)
    elsewhere()
    preparing.migrate()
    preparing.build_indexes()
    preparing.seed_code_lists()
    assert all(one.good for one in bring_back(file))


@pytest.mark.parametrize("newer", ["0.1.1", "0.10", "9"])
def test_a_backup_of_a_newer_version_is_refused(district, elsewhere, tmp_path, newer):
    write_backup(tmp_path / "x", PASSPHRASE, newer)
    elsewhere()
    with pytest.raises(Newer, match="ใหม่กว่า"):
        bring_back(tmp_path / "x")
    assert is_empty()


def test_a_backup_with_a_migration_that_is_not_known_is_refused(district, elsewhere, tmp_path):
    district.migrations.insert_one({"_id": "999_of_tomorrow", "version": VERSION})
    file = back_up(tmp_path)
    elsewhere()
    with pytest.raises(Newer):
        bring_back(file)
    assert is_empty()


def test_another_audit_key_is_refused_before_anything_is_stored(district, elsewhere, tmp_path):
    file = back_up(tmp_path)
    elsewhere()
    history.configure(b"another key, also of forty bytes or more")
    with pytest.raises(Unproven, match="audit-key"):
        bring_back(file)
    assert is_empty()
    proof = bring_back(file, keep_unproven=True)
    assert [one.what for one in proof if not one.good] == ["ประวัติ"]
    assert db().canteens.find_one()


def test_a_failure_on_the_way_leaves_the_place_empty(district, elsewhere, tmp_path):
    def fail():
        raise CannotStart("สร้างดัชนีไม่ได้", "no index")

    file = back_up(tmp_path)
    elsewhere()
    with pytest.raises(CannotStart):
        bring_back(file, rebuild=fail)
    assert is_empty()


def test_a_document_lost_on_the_way_is_found_and_the_place_is_empty(district, elsewhere, tmp_path):
    def lose(name, count):
        if name == "canteens":
            db().canteens.delete_one({})

    file = back_up(tmp_path)
    elsewhere()
    with pytest.raises(Unproven, match="canteens"):
        bring_back(file, keep_unproven=True, tell=lose)
    assert is_empty()


def test_data_that_was_tampered_with_is_kept_only_when_asked_for(district, elsewhere, tmp_path):
    district.canteens.update_one({"school_code": place().school_code}, {"$set": {"seats": 1}})
    file = back_up(tmp_path)
    elsewhere()
    with pytest.raises(Unproven, match="digest"):
        bring_back(file)
    assert is_empty()
    wrong = [one.what for one in bring_back(file, keep_unproven=True) if not one.good]
    assert wrong == ["digest 34010000 DMC 2568-1", "ประวัติ"]
    assert db().canteens.count_documents({"seats": 1}) == 1


def test_an_event_taken_away_is_found(district, elsewhere, tmp_path):
    district.audit_events.delete_one({"action": "remove"})
    file = back_up(tmp_path)
    elsewhere()
    with pytest.raises(Unproven, match="ประวัติ"):
        bring_back(file)
    assert is_empty()


def test_a_restore_that_was_killed_is_noticed_and_taken_up_anew(district, elsewhere, tmp_path, monkeypatch):
    file = back_up(tmp_path)
    elsewhere()
    with monkeypatch.context() as patched:  # a killed process takes nothing out behind itself
        patched.setattr(restoring, "clear", lambda: None)
        with pytest.raises(KeyboardInterrupt):
            bring_back(file, tell=interrupt_at("canteens"))
    assert db().canteens.find_one()
    with pytest.raises(CannotStart, match="restore"):
        preparing.require_whole()
    assert all(one.good for one in bring_back(file))
    preparing.require_whole()


def test_of_two_restores_at_once_the_second_takes_nothing_out(district, elsewhere, tmp_path, monkeypatch):
    def second(name, count):
        with pytest.raises(Busy):
            bring_back(file)

    monkeypatch.setattr(restoring, "PATIENCE", 0.1)
    file = back_up(tmp_path)
    elsewhere()
    assert all(one.good for one in bring_back(file, tell=second))


def interrupt_at(wanted):
    def tell(name, count):
        if name == wanted:
            raise KeyboardInterrupt

    return tell


# ---- the commands ----


@pytest.fixture
def manage(tmp_path, database_uri):
    """Run scripts/manage; `uri=None` lets it start the folder's own mongod."""
    (tmp_path / "audit.key").write_bytes(AUDIT_KEY)
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")

    def run(*words, folder="data", uri=database_uri, key=True):
        environ = {"MONGODB_URI": uri, "KHET_AUDIT_KEY_FILE": str(tmp_path / "audit.key") if key else None}
        environ = {name: value for name, value in (os.environ | environ).items() if value is not None}
        command = [ROOT / "scripts" / "manage", "--data", tmp_path / folder, *words]
        return subprocess.run(
            command, env=environ, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    return run


@pytest.fixture
def students_only(open_round, teacher, neighbour, approver, database):
    """A locked round of the product's own subsystems, as a process of its own knows them."""
    for number in (1, 2):
        move(submission(number), "confirm", LOADER, "ไม่มีนักเรียน")
    lock_round(open_round, approver, "ไม่ส่ง")
    return database


def test_the_operator_backs_up_and_restores_into_a_new_folder(students_only, manage, tmp_path):
    given = ("--passphrase-file", tmp_path / "passphrase")
    made = manage("backup", tmp_path / "เขต.khet", *given)
    assert made.returncode == 0, made.stderr
    assert "สำรองแล้ว" in made.stdout

    without_key = manage("restore", tmp_path / "เขต.khet", *given, folder="new", uri=None, key=False)
    assert without_key.returncode == 1
    assert "--audit-key" in without_key.stderr

    key = ("--audit-key", tmp_path / "audit.key")
    done = manage("restore", tmp_path / "เขต.khet", *given, *key, folder="new", uri=None, key=False)
    assert done.returncode == 0, done.stderr
    assert "พิสูจน์แล้ว" in done.stdout
    assert (tmp_path / "new" / "secrets" / "audit.key").read_bytes() == AUDIT_KEY
    assert manage("verify-audit", folder="new", uri=None, key=False).returncode == 0

    again = manage("restore", tmp_path / "เขต.khet", *given, folder="new", uri=None, key=False)
    assert again.returncode == 1
    assert "มีข้อมูลอยู่แล้ว" in again.stderr


def test_the_operator_checks_a_file_without_a_database(students_only, manage, tmp_path):
    file = back_up(tmp_path)
    given = ("--passphrase-file", tmp_path / "passphrase")
    checked = manage("restore", file, "--check", *given, uri="none")
    assert checked.returncode == 0, checked.stderr
    assert "submissions" in checked.stdout
    file.write_bytes(file.read_bytes()[:-1])
    damaged = manage("restore", file, "--check", *given, uri="none")
    assert damaged.returncode == 1
    assert "เสียหาย" in damaged.stderr
    assert "Traceback" not in damaged.stderr


def test_without_a_passphrase_nothing_is_written(manage, tmp_path):
    refused = manage("backup", tmp_path / "x")
    assert refused.returncode == 1
    assert "passphrase" in refused.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("words", [("backup",), ("restore",), ("migrate",), ("migrate", "status")])
def test_the_commands_explain_themselves(manage, words):
    answer = manage(*words, "--help", uri="none")
    assert answer.returncode == 0, answer.stderr
    assert words[-1] in answer.stdout
