"""scripts/start from outside: it answers, stops without a trace, survives kill -9, and says in a sentence why not."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import time
import urllib.request

import pytest
from pymongo import MongoClient

from documents.database import connect
from scripts import preparing, serve
from scripts.embedded import EmbeddedMongo, find_mongod, free_port, spawn
from scripts.folder import CannotStart, prepare
from tests.product import PATIENCE, kill_everything, processes, wait_until_gone
from tests.slow import is_crowded


def notebook(data):
    """A collection of the running product's database, by the application's own user."""
    return MongoClient(EmbeddedMongo(data).uri_of_running()).khet.notebook


def test_it_answers_starts_again_quickly_and_leaves_no_process(start, tmp_path):
    """Two runs over one folder, from a caller's folder whose programs have the names of the product's."""
    for package in ("admin_app", "scripts", "documents"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise SystemExit('a stranger was run')\n")
    first = start("--no-demo")
    first.wait_until_well()
    assert first.health()[1] == {"status": "ok", "database": "ok", "worker": "ok", "version": "0.1.0"}
    assert "stranger" not in first.printed
    keys = secrets_of(first)
    assert {"session.key", "audit.key", "mongod-members.key"} <= set(keys)
    assert_a_folder_in_use_is_one_sentence(start, first)
    urllib.request.urlopen(f"http://127.0.0.1:{first.port}/healthz?search=somchai", timeout=10).close()
    assert first.end(signal.SIGTERM) == 0
    assert processes(first.data) == []
    logs = "".join(log.read_text(errors="replace") for log in (first.data / "logs").iterdir())
    assert "/healthz" in logs
    assert "somchai" not in logs

    second = start("--no-demo")
    seconds = second.wait_until_well()
    print(f"second start: {seconds:.1f} s")
    assert seconds < 30 or is_crowded()  # a busy machine; a quiet one takes about 4
    second.wait_until_announced()
    assert secrets_of(second) == keys
    assert second.end(signal.SIGINT) == 0
    assert f"http://127.0.0.1:{second.port}" in second.printed
    assert f"scripts/manage --data {second.data} create-area" in second.printed
    assert processes(second.data) == []


def secrets_of(product):
    """{name: secret} of a data folder; each file is its owner's only."""
    files = list((product.data / "secrets").iterdir())
    assert {stat.S_IMODE(key.stat().st_mode) for key in files} == {0o600}
    return {key.name: key.read_text() for key in files}


def assert_a_folder_in_use_is_one_sentence(start, first):
    printed = start("--no-demo").refused()
    assert "โฟลเดอร์ข้อมูล" in printed
    assert printed.count("\n") == 0
    assert first.health()[0] == 200


def test_acknowledged_writes_survive_kill_9_of_everything_and_nothing_stays_behind_a_killed_first_process(
    start, times
):
    product = start("--no-demo")
    product.wait_until_well()
    for number in range(times(1, 5)):
        assert notebook(product.data).insert_one({"_id": number}).acknowledged
        kill_everything(product.data)
        product.process.wait()
        product = start("--no-demo", port=product.port)
        product.wait_until_well()
        assert notebook(product.data).count_documents({}) == number + 1
    product.process.kill()
    product.process.wait()
    wait_until_gone(product.data)


def test_a_part_that_dies_is_started_again(start):
    product = start("--no-demo")
    product.wait_until_well()
    product.wait_until_announced()
    for program in ("mongod", "gunicorn", "admin_app.worker"):
        victims = pids_of(product, program)
        assert victims
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + PATIENCE
        while not pids_of(product, program) - victims:
            assert time.monotonic() < until, f"{program} stays away"
            time.sleep(0.05)
        product.wait_until_well()
    assert product.end() == 0


def pids_of(product, program):
    """The processes of one part of a run."""
    return {pid for pid, line in processes(product.data) if program in line and "scripts.serve" not in line}


def test_a_taken_port_is_one_sentence(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        printed = start("--no-demo", port=taken.getsockname()[1]).refused()
    assert "ถูกใช้อยู่" in printed
    assert printed.count("\n") == 0


def test_a_data_folder_that_cannot_be_made_is_one_sentence(start, tmp_path):
    (tmp_path / "file").write_text("")
    printed = start("--no-demo", data=tmp_path / "file").refused()
    assert printed.count("\n") == 0
    assert "สร้างโฟลเดอร์ข้อมูล" in printed


@pytest.mark.parametrize(
    "option",
    ["--port=0", "--port=99999", "--port=-1", "--port=x", "--demo-schools=3", "--demo-students=-1"],
)
def test_a_number_out_of_its_bounds_is_refused_before_anything_is_made(option, capsys):
    with pytest.raises(SystemExit) as ended:
        serve.parser().parse_args([option])
    assert ended.value.code != 0
    assert "ต้องเป็นจำนวนเต็ม" in capsys.readouterr().err


def test_under_nohup_a_closed_terminal_does_not_stop_it():
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        for given, kept in ((signal.SIG_IGN, True), (signal.SIG_DFL, False)):
            signal.signal(signal.SIGHUP, given)
            with pytest.raises(SystemExit):
                serve.main(["--help"])
            assert (signal.getsignal(signal.SIGHUP) == given) is kept
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def test_a_weak_secret_is_refused_in_a_sentence(start):
    printed = start("--no-demo", SECRET_KEY="changeme").refused()
    assert "SECRET_KEY" in printed
    assert "Traceback" not in printed


def test_a_clock_that_cannot_be_read_is_one_sentence(start):
    printed = start("--no-demo", KHET_NOW="5 มิ.ย. 2568").refused()
    assert "KHET_NOW" in printed
    assert printed.count("\n") == 0


def test_a_database_that_does_not_answer_is_one_sentence(start):
    printed = start("--no-demo", MONGODB_URI=f"mongodb://127.0.0.1:{free_port()}/khet").refused()
    assert "MONGODB_URI" in printed
    assert printed.count("\n") == 0


def reach_and_build(uri):
    """What scripts/start does with a database first."""
    preparing.reach(uri)
    preparing.build_indexes()


def test_a_database_that_khet_cannot_work_with_is_one_sentence(tmp_path, database_uri):
    server = EmbeddedMongo(prepare(tmp_path / "elsewhere"), cache_gb=0.25, oplog_mb=128)
    own, port = server.start(), free_port()
    (tmp_path / "alone").mkdir()
    command = [find_mongod(), "--dbpath", tmp_path / "alone", "--port", str(port), "--bind_ip", "127.0.0.1"]
    alone = spawn([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with server._admin() as client:
            client.khet.command("createUser", "reader", pwd="x", roles=["read"])
        reader = re.sub("//.*?@", "//reader:x@", own)
        for uri, said in (
            ("mongodb:/khet", "MONGODB_URI เขียนไม่ถูกต้อง"),
            (re.sub("//.*?@", "//khet:other@", own), "ชื่อผู้ใช้หรือรหัสผ่าน"),
            (re.sub("//.*?@", "//", own), "readWrite"),
            (reader, "readWrite"),
            (f"mongodb://127.0.0.1:{port}/khet", "replica set"),
        ):
            with pytest.raises(CannotStart, match=said) as refused:
                reach_and_build(uri)
            assert "\n" not in str(refused.value)
    finally:
        alone.kill()
        server.stop()
        connect(database_uri)


def test_a_given_database_replaces_the_embedded_one_whatever_concerns_it_names(start, database_uri):
    product = start("--no-demo", MONGODB_URI=f"{database_uri}&w=majority&readPreference=secondaryPreferred")
    product.wait_until_well()
    assert not [line for _, line in processes(product.data) if "mongod " in line]
    assert product.end() == 0


def test_health_says_that_the_database_is_down(start, tmp_path):
    server = EmbeddedMongo(prepare(tmp_path / "elsewhere"), cache_gb=0.25, oplog_mb=128)
    product = start("--no-demo", MONGODB_URI=server.start())
    product.wait_until_well()
    server.stop()
    status, answer = product.health()
    assert status == 503
    assert answer["status"] == "down"
    assert answer["database"].startswith("no answer")
    assert "127.0.0.1" not in json.dumps(answer)
