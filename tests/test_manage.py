"""scripts/manage: the operator's commands, run as the operator runs them; backup and restore in test_backup.py."""

import os
import re
import subprocess

import click
import pytest
from click.testing import CliRunner

from documents.people.passwords import matches
from documents.people.users import System, User
from documents.trail import history, verifying
from scripts.commands import manage as commands_of_manage
from scripts.environment import ROOT
from scripts.preparing import first_commands

CONTRACT = ("create-admin", "demo", "backup", "restore", "verify-audit", "routes")


@pytest.fixture
def manage(tmp_path, database_uri):
    """Run scripts/manage on the test's own database."""
    (tmp_path / "audit.key").write_bytes(history._key)
    environ = {"MONGODB_URI": database_uri, "KHET_AUDIT_KEY_FILE": str(tmp_path / "audit.key")}

    def run(*arguments):
        command = [ROOT / "scripts" / "manage", "--data", tmp_path / "data", *arguments]
        return subprocess.run(
            command,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    return run


def commands(group=commands_of_manage, before=()):
    """(words, command) of every command, those of groups within too."""
    for name, one in group.commands.items():
        yield (*before, name), one
        if isinstance(one, click.Group):
            yield from commands(one, (*before, name))


def test_every_command_of_the_contract_is_there_and_explains_itself_in_thai():
    there = dict(commands())
    assert {(name,) for name in CONTRACT} <= set(there)
    for words, one in there.items():
        told = CliRunner().invoke(commands_of_manage, [*words, "--help"])
        assert told.exit_code == 0, words
        assert words[-1] in told.output
        assert re.search("[ก-๛]{6}", one.help or ""), words
        for option in one.params:
            said = getattr(option, "help", "")
            assert said is None or option.name == "help" or re.search("[ก-๛]{3}", said or "ไม่มี"), (
                words,
                option.name,
            )


def test_help_is_given_without_a_database():
    for words in (["--help"], ["verify-audit", "--help"], ["restore", "-h"]):
        environ = {**os.environ, "MONGODB_URI": "none"}
        answer = subprocess.run(
            [ROOT / "scripts" / "manage", *words], env=environ, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stderr
        assert "Usage: scripts/manage" in answer.stdout


def test_create_admin_makes_one_account_with_a_first_password(manage):
    made = manage("create-admin", "--email", "Head@Example.org", "--name", "ผู้ดูแล หนึ่ง")
    user = User.objects.get(email="head@example.org")
    password = made.stdout.partition("รหัสผ่านแรก: ")[2].split()[0]
    assert matches(password, user.password)
    assert user.must_change_password
    assert user.holds("admin", "34010000")
    assert first_commands() == []
    assert not list(verifying.verify())


def test_create_admin_refuses_an_account_that_exists(manage):
    manage("create-admin", "--email", "head@example.org", "--name", "ก")
    again = manage("create-admin", "--email", "head@example.org", "--name", "ก")
    assert again.returncode == 1
    assert "อีเมล" in again.stderr
    assert User.objects.count() == 1


def test_reset_password_lets_a_locked_out_administrator_in(manage):
    manage("create-admin", "--email", "head@example.org", "--name", "ก")
    before = User.objects.get(email="head@example.org").password
    told = manage("reset-password", "--email", "head@example.org")
    password = told.stdout.partition("รหัสผ่านแรก: ")[2].split()[0]
    user = User.objects.get(email="head@example.org")
    assert user.password != before
    assert matches(password, user.password)


def test_clear_two_step_lets_an_administrator_in_who_lost_his_telephone(manage):
    manage("create-admin", "--email", "head@example.org", "--name", "ก")
    User.objects(email="head@example.org").update(two_step_secret="sealed")
    assert manage("clear-two-step", "--email", "head@example.org").returncode == 0
    assert not User.objects.get(email="head@example.org").two_step_secret
    assert manage("clear-two-step", "--email", "nobody@example.org").returncode == 1


def test_verify_audit_tells_a_whole_history_from_one_with_a_changed_byte_and_names_it(manage, database):
    user = User(email="a@example.org", name="a", fs_uniquifier="a").save(force_insert=True)
    for name in ("a", "b"):
        history.note_event("34010000", System("tests"), "create", "user", user.id, {"name": [None, name]})
    whole = manage("verify-audit", "--area", "34010000")
    assert (whole.returncode, "ครบถ้วน" in whole.stdout) == (0, True)
    hash_ = database.audit_events.find_one({"number": 2})["hash"]
    other = hash_[:-1] + ("0" if hash_[-1] != "0" else "1")
    spoilt = ({"changes.name": [None, "c"]}, {"actor_name": "someone else"}, {"hash": other})
    for change in spoilt:
        before = database.audit_events.find_one({"number": 2})
        database.audit_events.update_one({"number": 2}, {"$set": change})
        changed = manage("verify-audit")
        assert changed.returncode == 1, change
        assert f"user {user.id} เหตุการณ์ที่ 2: " in changed.stdout, change
        assert "ถูกแก้ไข" in changed.stdout, change
        assert "เหตุการณ์ที่ 1:" not in changed.stdout, change
        assert "พบ 1 จุด" in changed.stderr, change
        database.audit_events.replace_one({"_id": before["_id"]}, before)


def test_demo_fills_an_empty_database(manage, tmp_path, database):
    loaded = manage("demo", "--schools", "4", "--students", "20")
    assert loaded.returncode == 0, loaded.stderr
    assert database.schools.count_documents({"kind": "school"}) >= 4
    assert (tmp_path / "data" / "demo-accounts.json").exists()
    assert manage("demo", "--schools", "4", "--students", "20").returncode == 1
    listed = manage("migrate", "status")
    assert "001_baseline" in listed.stdout
    assert "ยังไม่ได้ทำ" not in listed.stdout


def test_demo_refuses_a_database_with_people_in_it(manage):
    User(email="a@example.org", name="a", fs_uniquifier="a").save(force_insert=True)
    refused = manage("demo", "--schools", "4", "--students", "20")
    assert refused.returncode == 1
    assert "มีข้อมูลอยู่แล้ว" in refused.stderr


def test_routes_lists_health_and_sign_in(manage):
    listed = manage("routes")
    assert {"/healthz", "/login"} <= set(listed.stdout.split())
