"""scripts/manage: the operator's commands, run as the operator runs them."""

import os
import subprocess

import pytest

from documents import history
from documents.passwords import matches
from documents.users import System, User
from scripts.environment import ROOT

COMMANDS = ["create-admin", "reset-password", "demo", "verify-audit", "routes", "settings"]


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


def test_every_command_explains_itself_without_a_database():
    for command in COMMANDS:
        words = [ROOT / "scripts" / "manage", command, "--help"]
        answer = subprocess.run(
            words, env={**os.environ, "MONGODB_URI": "none"}, capture_output=True, text=True
        )
        assert answer.returncode == 0, answer.stderr
        assert command in answer.stdout


def test_create_admin_makes_one_account_with_a_first_password(manage):
    made = manage("create-admin", "--email", "Head@Example.org", "--name", "ผู้ดูแล หนึ่ง")
    user = User.objects.get(email="head@example.org")
    password = made.stdout.partition("รหัสผ่านแรก: ")[2].split()[0]
    assert matches(password, user.password)
    assert user.must_change_password
    assert user.holds("admin", "34010000")
    assert not list(history.verify())


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


def test_verify_audit_tells_a_whole_history_from_a_changed_one(manage, database):
    user = User(email="a@example.org", name="a", fs_uniquifier="a").save(force_insert=True)
    history.note_event("34010000", System("tests"), "create", "user", user.id, {"name": [None, "a"]})
    assert manage("verify-audit").returncode == 0
    database.audit_events.update_one({}, {"$set": {"changes.name": [None, "b"]}})
    changed = manage("verify-audit")
    assert changed.returncode == 1
    assert "ถูกแก้ไข" in changed.stdout


def test_demo_refuses_a_database_with_people_in_it(manage):
    User(email="a@example.org", name="a", fs_uniquifier="a").save(force_insert=True)
    refused = manage("demo", "--schools", "4", "--students", "20")
    assert refused.returncode == 1
    assert "มีข้อมูลอยู่แล้ว" in refused.stderr


def test_routes_lists_health_and_sign_in(manage):
    listed = manage("routes")
    assert {"/healthz", "/login"} <= set(listed.stdout.split())
