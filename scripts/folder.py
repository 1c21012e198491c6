"""The data folder: who holds it, whether the disk has room, and the secrets kept in it."""

import fcntl
import os
import secrets
import shutil
from pathlib import Path

LEAST_FREE_MB = 600  # mongod's journal alone takes up to 300 MB, and it stops hard on a full disk


class CannotStart(Exception):
    """A reason not to start, as one sentence for the operator: Thai first, English after."""

    def __init__(self, thai: str, english: str):
        super().__init__(f"{thai} ({english})")


def prepare(data: Path) -> Path:
    """The data folder as an absolute path, made if absent and readable by its owner only.

    Raises CannotStart when it cannot be made or written, or its disk is nearly full.
    """
    data = data.expanduser().resolve()
    try:
        for folder in (data, data / "secrets", data / "logs", data / "files"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(
            f"สร้างโฟลเดอร์ข้อมูล {data} ไม่ได้", f"the data folder cannot be made: {error.strerror}"
        ) from error
    if not os.access(data, os.W_OK):
        raise CannotStart(f"เขียนโฟลเดอร์ข้อมูล {data} ไม่ได้", "the data folder cannot be written")
    require_space(data)
    return data


def require_space(data: Path) -> None:
    """Raises CannotStart when the disk under `data` has less than LEAST_FREE_MB left."""
    free = shutil.disk_usage(data).free // 2**20
    if free < LEAST_FREE_MB:
        raise CannotStart(
            f"ดิสก์ของ {data} เหลือ {free} MB ต้องมีอย่างน้อย {LEAST_FREE_MB} MB",
            f"no disk: {free} MB free, {LEAST_FREE_MB} MB needed",
        )


def hold(data: Path):
    """The open lock file of a data folder; it stays held until the process ends, however it ends.

    Raises CannotStart when another process holds it. The file is not inherited by children, so an orphan
    of a killed start does not keep the folder.
    """
    lock = (data / ".lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise CannotStart(
            f"โฟลเดอร์ข้อมูล {data} ถูกใช้อยู่โดย Khet อีกชุดหนึ่ง", "the data folder is in use by another Khet"
        ) from None
    return lock


def secret(data: Path, name: str) -> str:
    """The secret of that name, generated at its first use and kept in DATA/secrets/<name>.key with mode 0600."""
    path = data / "secrets" / f"{name}.key"
    if not path.exists() or not path.read_text().strip():
        write_private(path, secrets.token_hex(32))
    return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Store `text` in a file that only its owner reads, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
