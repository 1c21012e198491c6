"""What scripts/start does before anything is installed: .venv, requirements, the browser, and its refusals."""

import ast
import os
import signal
import subprocess
import sys
import time

import pytest

from scripts import environment
from scripts.environment import ROOT

BEFORE_INSTALLING = [
    "scripts/start",
    "scripts/test",
    "scripts/manage",
    "scripts/bench",
    "scripts/environment.py",
    "scripts/packages.py",
]


@pytest.fixture
def empty_root(tmp_path, monkeypatch):
    """A copy of nothing: a root with requirements and a .venv that was never filled."""
    (tmp_path / ".venv").mkdir()
    (tmp_path / "requirements.txt").write_text("nothing-of-this-name==1.0\n")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    return tmp_path


def pip_that(monkeypatch, root, script):
    """Stand a program in the place of .venv's Python, which counts its calls in `called`."""
    python = root / ".venv" / "python"
    python.write_text(f"#!/bin/sh\necho x >> {root}/called\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(environment, "PYTHON", python)


def test_requirements_are_installed_again_only_when_they_change(empty_root, monkeypatch):
    pip_that(monkeypatch, empty_root, "exit 0")
    requirements = empty_root / "requirements.txt"
    environment.install(requirements)
    environment.install(requirements)
    assert (empty_root / "called").read_text().count("x") == 1
    requirements.write_text("another==2.0\n")
    environment.install(requirements)
    assert (empty_root / "called").read_text().count("x") == 2


def test_a_failed_installation_is_one_sentence_and_is_tried_again(empty_root, monkeypatch):
    pip_that(monkeypatch, empty_root, "echo 'No space left on device' >&2; exit 1")
    for _ in range(2):
        with pytest.raises(SystemExit, match="No space left on device"):
            environment.install(empty_root / "requirements.txt")
    assert (empty_root / "called").read_text().count("x") == 2


ASKS_FOR_A_MINUTE = """case "$*" in *import*) exit 0;; esac
echo $$ >> {root}/pids; exec sleep 60"""
READY = (
    "from pathlib import Path; from scripts import environment as e; e.ROOT = Path({root!r}); "
    "e.PYTHON = Path({root!r}, '.venv/python'); e.ready(['requirements.txt'])"
)


def as_from_a_terminal():
    """Let Ctrl-C reach the program, which tests run in the background of a shell would hand down as ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def installing(empty_root, monkeypatch):
    """Start a program that fills .venv, which takes a minute; gives it and the function that makes another."""
    pip_that(monkeypatch, empty_root, ASKS_FOR_A_MINUTE.format(root=empty_root))
    begun = []

    def begin():
        command = [sys.executable, "-c", READY.format(root=str(empty_root))]
        begun.append(
            subprocess.Popen(
                command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                preexec_fn=as_from_a_terminal,
            )
        )  # fmt: skip
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def pids(root, number):
    """The ids of so many installations once they run; of fewer after three seconds."""
    until, found = time.monotonic() + (30 if number == 1 else 3), []
    while len(found) < number and time.monotonic() < until:
        time.sleep(0.05)
        found = (root / "pids").read_text().split() if (root / "pids").exists() else []
    return [int(pid) for pid in found]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_installation_that_is_stopped_ends_in_a_sentence_and_leaves_nothing_running(
    number, installing, empty_root
):
    first = installing()
    (pip,) = pids(empty_root, 1)
    first.send_signal(number)
    assert first.communicate(timeout=30)[1].count("\n") == 1
    assert first.returncode == 1
    with pytest.raises(ProcessLookupError):
        os.kill(pip, 0)


def test_two_starts_at_once_do_not_fill_one_folder_together(installing, empty_root):
    installing()
    assert len(pids(empty_root, 1)) == 1
    installing()
    assert len(pids(empty_root, 2)) == 1, "the second waits"


def test_a_python_without_venv_is_told_the_package(empty_root, monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match="python3-venv"):
        environment.make_environment()


def test_an_old_python_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 0))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SystemExit, match=r"3\.11"):
        environment.require_python()


def test_a_browser_that_may_not_be_installed_is_named(monkeypatch):
    monkeypatch.setattr(environment, "browser", lambda: None)
    monkeypatch.setattr(environment, "installed", lambda packages: False)
    with pytest.raises(SystemExit, match="chromium"):
        environment.require_browser()


OLD_LOCALE = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["scripts/start", "--port", "99999"], "ต้องเป็นจำนวนเต็ม"),
        (["scripts/manage", "settings"], "ความหมาย"),
        (["scripts/test", "--help"], "แสดงข้อความนี้"),
    ],
)
def test_thai_is_said_under_any_locale(command, said):
    done = subprocess.run(command, cwd=ROOT, env=os.environ | OLD_LOCALE, capture_output=True, check=False)
    assert said in (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("name", BEFORE_INSTALLING)
def test_what_runs_before_installing_needs_the_standard_library_alone(name):
    tree = ast.parse((ROOT / name).read_text(), feature_version=(3, 7))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {"scripts.environment", "scripts.packages"}
    assert not {module for module in imported - ours if module.split(".")[0] not in sys.stdlib_module_names}


def test_every_requirement_is_pinned_to_one_version():
    lines = (ROOT / "requirements.txt").read_text().splitlines() + (
        ROOT / "requirements-test.txt"
    ).read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "-r"))]
    assert len(wanted) > 40
    assert all("==" in line.partition(";")[0] for line in wanted)
    assert not [line for line in lines if "://" in line or line.startswith(("-i", "--"))]
