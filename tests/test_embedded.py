"""The embedded mongod: secured, recovered after kill -9, and refused with a sentence where it cannot run."""

import os
import signal
import socketserver
import stat
import subprocess
import sys
import threading

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from scripts import embedded, mongod
from scripts.children import end_orphan
from scripts.folder import CannotStart, hold, prepare, secret

UNAUTHORIZED = 13


@pytest.fixture
def client(own_mongo):
    """A client of the application's user on the embedded server."""
    with MongoClient(own_mongo.start()) as client:
        yield client


def test_a_transaction_commits_on_the_one_member_replica_set(client):
    with client.start_session() as session, session.start_transaction():
        client.khet.marks.insert_one({"_id": 1}, session=session)
    assert client.khet.marks.count_documents({}) == 1


def test_the_applications_user_reaches_its_own_database_only(client):
    with pytest.raises(OperationFailure) as refused:
        client.other.marks.insert_one({})
    assert refused.value.code == UNAUTHORIZED


def test_nobody_reads_without_a_password(own_mongo, client):
    with MongoClient("127.0.0.1", own_mongo.port, directConnection=True) as stranger:
        with pytest.raises(OperationFailure) as refused:
            stranger.khet.marks.find_one()
        assert refused.value.code == UNAUTHORIZED


def test_it_listens_on_loopback_and_compresses_nothing(own_mongo):
    options = own_mongo._options()
    assert options[options.index("--bind_ip") + 1] == "127.0.0.1"
    assert options[options.index("--networkMessageCompressors") + 1] == "disabled"


def test_the_uri_states_no_concern(own_mongo):
    assert not {"w=", "readPreference", "readConcern", "journal"} & set(
        own_mongo.uri().partition("?")[2].split("&")
    )


def test_secrets_are_readable_by_their_owner_only(own_mongo, client):
    keys = list((own_mongo.data / "secrets").iterdir())
    assert keys
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_acknowledged_writes_survive_kill_9(own_mongo, client, times):
    for number in range(times(2, 10)):
        client.khet.marks.insert_one({"_id": number})
        os.kill(own_mongo.process.pid, signal.SIGKILL)
        own_mongo.process.wait()
        own_mongo.start()
        assert client.khet.marks.count_documents({}) == number + 1


@pytest.mark.parametrize("initiated", [False, True])
def test_a_first_start_killed_halfway_is_finished_by_the_next(own_mongo, initiated):
    own_mongo._prepare_folders()
    own_mongo.port = own_mongo._choose_port()
    own_mongo._spawn()
    assert own_mongo._answers(30)
    with own_mongo._client() as client:
        if initiated:
            members = [{"_id": 0, "host": f"127.0.0.1:{own_mongo.port}"}]
            client.admin.command("replSetInitiate", {"_id": "khet", "members": members})
    own_mongo.process.kill()
    own_mongo.process.wait()
    with MongoClient(own_mongo.start()) as client:
        assert client.khet.marks.insert_one({}).acknowledged


def test_a_server_left_by_a_killed_start_is_ended_first(own_mongo, client):
    client.khet.marks.insert_one({"_id": 1})
    orphan, own_mongo.process = own_mongo.process, None
    with MongoClient(own_mongo.start()) as after:
        assert orphan.wait() == 0
        assert after.khet.marks.count_documents({}) == 1


def test_a_copied_folder_leaves_the_processes_of_the_first_alone(tmp_path):
    pid_file, copied = tmp_path / "first" / "worker.pid", tmp_path / "copied" / "worker.pid"
    for folder in (pid_file.parent, copied.parent):
        folder.mkdir()
    awake = [sys.executable, "-uc", "print(); input()", str(pid_file)]
    worker = subprocess.Popen(awake, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    worker.stdout.readline()
    pid_file.write_text(f"{worker.pid}\n")
    copied.write_text(pid_file.read_text())
    assert not end_orphan(copied, str(copied))
    assert worker.poll() is None
    assert end_orphan(pid_file, str(pid_file))
    assert worker.wait() != 0


class Deaf(socketserver.ThreadingTCPServer):
    """Somebody else's server on a port: it takes connections and closes them."""

    allow_reuse_address = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), socketserver.BaseRequestHandler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


def test_a_taken_port_moves_the_server_to_another_one(own_mongo):
    own_mongo.start()
    own_mongo.stop()
    before = own_mongo.port
    other = Deaf(before)
    with MongoClient(own_mongo.start()) as client:
        client.khet.marks.insert_one({"_id": 1})
    other.shutdown()
    other.server_close()
    assert own_mongo.port != before


def test_another_installations_secrets_are_refused_with_a_sentence(own_mongo):
    own_mongo.start()
    own_mongo.stop()
    (own_mongo.data / "secrets" / "mongod-admin.key").write_text("another")
    with pytest.raises(CannotStart, match="รหัสลับ"):
        own_mongo.start()


def test_a_folder_is_held_once(tmp_path):
    data = prepare(tmp_path)
    with hold(data), pytest.raises(CannotStart, match="ถูกใช้อยู่"):
        hold(data)
    hold(data).close()


def test_a_full_disk_is_refused_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("scripts.folder.LEAST_FREE_MB", 10**9)
    with pytest.raises(CannotStart, match="no disk"):
        prepare(tmp_path)


def test_a_secret_is_generated_once(tmp_path):
    assert secret(tmp_path, "session") == secret(tmp_path, "session")
    assert secret(tmp_path, "session") != secret(tmp_path, "audit")


def test_a_platform_without_mongod_is_refused_with_a_sentence(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(mongod, "wheel_mongod", lambda: None)
    with pytest.raises(CannotStart, match="MONGODB_URI"):
        mongod.find_mongod()


def test_a_missing_library_is_named_by_its_package(tmp_path, monkeypatch):
    binary = program(
        tmp_path / "mongod", "echo 'mongod: error while loading shared libraries: libcurl.so.4: no' >&2", 127
    )
    monkeypatch.setattr(mongod, "installed", lambda packages: False)
    with pytest.raises(CannotStart, match="libcurl4"):
        mongod.require_libraries(binary)


def test_an_old_mongod_on_the_path_is_passed_over(tmp_path, monkeypatch):
    program(tmp_path / "mongod", "echo 'db version v4.4.29'", 0)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert mongod.find_mongod() == mongod.wheel_mongod()


def program(path, words, status):
    """A program that says something and ends with a status."""
    path.write_text(f"#!/bin/sh\n{words}\nexit {status}\n")
    path.chmod(0o755)
    return path


def test_the_cache_is_a_quarter_of_memory_within_bounds():
    assert 0.25 <= embedded.quarter_of_memory() <= embedded.MOST_CACHE_GB
