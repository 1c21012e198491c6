"""The virtual environment of the product: made, and filled again only when its requirements change.

Runs on the system's Python before anything is installed, so it uses the standard library alone, and syntax
that an old Python can still read, to refuse in a sentence.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

from scripts.packages import browser, installed

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
OLDEST = (3, 11)


def refuse(thai, english):
    """Say in one sentence why nothing starts, and end with status 1."""
    sys.exit(f"{thai} ({english})")


def speak_thai():
    """Write UTF-8 to whoever reads, whatever the locale says: an old one cannot say a word of Thai."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(encoding="utf-8")


def require_python():
    """Go on under a Python of 3.11 or newer, another one on PATH if need be, or refuse."""
    speak_thai()
    if sys.version_info >= OLDEST:
        return
    for minor in (14, 13, 12, 11):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, *sys.argv])  # noqa: S606 (becoming it is the point)
    refuse("ต้องใช้ Python 3.11 ขึ้นไป", f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")


def ready(requirements):
    """The Python of .venv, with what the named requirements files pin; installs only what has changed.

    Ends in a sentence when somebody stops it on the way; what was not finished is done by the next start.
    """
    files = [ROOT / name for name in requirements]
    try:
        if not (all(map(is_installed, files)) and runs(PYTHON)):
            with stoppable(), alone():
                if not runs(PYTHON):
                    make_environment()
                for each in files:
                    install(each)
    except KeyboardInterrupt:
        refuse(
            "หยุดแล้วก่อนติดตั้งเสร็จ สั่งอีกครั้งเพื่อติดตั้งต่อ",
            "stopped before everything was installed, start again to go on",
        )
    return PYTHON


@contextmanager
def stoppable():
    """Within the block SIGTERM stops as Ctrl-C does, so that what was started (pip) does not run on alone."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def alone():
    """Within the block no other process fills .venv; one that comes meanwhile waits."""
    folder = os.open(str(ROOT), os.O_RDONLY)
    try:
        with suppress(OSError):  # some network disks lock no folders
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def runs(python):
    """Whether this is a Python that starts: an environment breaks when the system's Python is replaced."""
    if not python.exists():
        return False
    asked = [str(python), "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(asked, stderr=subprocess.DEVNULL, check=False).returncode == 0


def make_environment():
    """Make .venv anew. Debian keeps a part of it in a package of its own."""
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        refuse(
            "ขาดแพ็กเกจ python3-venv กรุณาติดตั้งด้วย apt-get install python3-venv",
            "the package python3-venv is missing",
        )
    say("กำลังสร้างสภาพแวดล้อม Python ใน .venv")
    try:
        venv.create(str(ROOT / ".venv"), with_pip=True, clear=True)
    except (OSError, subprocess.CalledProcessError) as error:
        refuse("สร้าง .venv ไม่ได้", f"the virtual environment cannot be made: {error}")


def install(requirements):
    """Install one requirements file unless exactly this content was installed before."""
    if is_installed(requirements):
        return
    wanted = fingerprint(requirements)
    say(f"กำลังติดตั้งส่วนประกอบตาม {requirements.name} (ครั้งแรกใช้เวลา 1-3 นาที)")
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["-r", str(requirements)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        reason = [line for line in done.stderr.splitlines() if line.strip()][-1:] or ["no reason given"]
        refuse(
            "ติดตั้งส่วนประกอบไม่สำเร็จ กรุณาตรวจว่าเครื่องนี้ต่ออินเทอร์เน็ตได้และดิสก์ไม่เต็ม แล้วสั่งอีกครั้ง",
            f"pip could not install {requirements.name}: {reason[0].strip()}",
        )
    stamp_of(requirements).write_text(wanted)


def is_installed(requirements):
    """Whether exactly this content was installed."""
    stamp = stamp_of(requirements)
    return stamp.exists() and stamp.read_text() == fingerprint(requirements)


def stamp_of(requirements):
    """The file that says what was installed of a requirements file."""
    return ROOT / ".venv" / f".installed-{requirements.name}"


def fingerprint(requirements):
    """A digest of all requirements files up to this one: the tests' file includes the product's."""
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    digest.update(requirements.read_bytes())
    return digest.hexdigest()


def require_browser():
    """Have the system's Chromium for the browser tests, installed if that is allowed, or refuse naming the package."""
    if browser():
        return
    say("กำลังติดตั้ง chromium จากแพ็กเกจของระบบ")
    if not (installed(["chromium"]) and browser()):
        refuse("ขาดแพ็กเกจ chromium กรุณาติดตั้งด้วย apt-get install chromium", "the package chromium is missing")


def say(sentence):
    """Tell the person at the terminal what is going on."""
    print(sentence, flush=True)


def run_module(module, arguments):
    """Become `.venv/bin/python -m <module>`, in the caller's folder; does not return."""
    path = [str(ROOT)] + [part for part in [os.environ.get("PYTHONPATH")] if part]
    environ = dict(os.environ, PYTHONPATH=os.pathsep.join(path), PYTHONUTF8="1")
    environ.pop("PYTHONIOENCODING", None)
    os.execve(str(PYTHON), [str(PYTHON), "-P", "-m", module, *arguments], environ)  # noqa: S606 (becoming it is the point)
