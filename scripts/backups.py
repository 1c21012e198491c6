"""Backup and restore as the operator calls them: the passphrase, the history's key, and what is printed."""

import os
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import click

from documents.formats.buddhist import format_datetime
from documents.operating import restoring
from documents.operating.backup import Backup, write_backup
from documents.trail import history
from documents.version import VERSION
from scripts import preparing
from scripts.folder import CannotStart, write_private

TOLD = ("KHET_PUBLIC_URL", "KHET_TRUSTED_PROXIES", "KHET_ENV")  # settings that a backup remembers


def passphrase_of(file: Path | None, twice: bool) -> str:
    """The backup's passphrase: from the file, from KHET_BACKUP_PASSPHRASE, or asked at the terminal."""
    if file:
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            click.echo(f"คำเตือน: ผู้อื่นในเครื่องอ่าน {file} ได้ ควรสั่ง chmod 600", err=True)
        return (file.read_text("utf-8").splitlines() or [""])[0]
    if given := os.environ.get("KHET_BACKUP_PASSPHRASE"):
        return given
    if not sys.stdin.isatty():
        raise click.ClickException(
            "ไม่มีรหัสผ่านของแฟ้มสำรอง กรุณาระบุ --passphrase-file หรือ KHET_BACKUP_PASSPHRASE (no passphrase)"
        )
    return click.prompt(
        "รหัสผ่านของแฟ้มสำรอง", hide_input=True, confirmation_prompt="พิมพ์อีกครั้ง" if twice else False
    )


def back_up(file: Path, passphrase: str, with_secrets: bool) -> None:
    """Write the connected database to a new file, telling what is in it. Raises RuleBroken."""
    told = {name: os.environ[name] for name in TOLD if name in os.environ}
    key_file = Path(os.environ["KHET_AUDIT_KEY_FILE"])
    secrets = {"audit": key_file.read_text().strip()} if with_secrets else {}
    manifest = write_backup(file, passphrase, VERSION, told, secrets, tell_collection)
    total = sum(section.count for section in manifest.collections.values())
    click.echo(f"สำรองแล้ว {total:,} รายการ ลง {file} ({file.stat().st_size / 2**20:,.1f} MB)")
    if not with_secrets:
        click.echo(f"แฟ้มนี้ไม่มีกุญแจของประวัติ ให้เก็บ {key_file} ไว้ต่างหาก (keep the audit key apart)")


@contextmanager
def opened(file: Path, passphrase: str):
    """The proven Backup in a file. Raises RuleBroken."""
    with file.open("rb") as stream:
        backup = Backup(stream, passphrase)
        manifest = backup.manifest
        when = format_datetime(manifest.made_at)
        click.echo(f"แฟ้มสำรองของฐานข้อมูล {manifest.database} Khet {manifest.version} เมื่อ {when}")
        yield backup


def tell_collection(name, count):
    """Say that a collection is done."""
    click.echo(f"  {name:<24} {count:>12,}")


def tell_manifest(manifest):
    """Print what is in a backup."""
    for name, value in manifest.settings.items():
        click.echo(f"  {name}={value}")
    for name, section in manifest.collections.items():
        tell_collection(name, section.count)
    click.echo(f"  รอบที่ล็อกแล้ว {sum(1 for row in manifest.rounds if row.get('root_hash')):,} รอบ")


def restore(backup, data, audit_key, keep_unproven):
    """Restore an opened backup into the connected database, and print the proof.

    `audit_key` is the file of the history's key; without, the one inside the backup is taken, else the folder's own.
    Raises CannotStart and RuleBroken.
    """
    key = audit_key.read_text().strip() if audit_key else backup.manifest.secrets.get("audit")
    if key:
        require_place_for_key(data, key)
        history.configure(key.encode())
    with restoring.restored(backup, VERSION, rebuild, keep_unproven, tell_collection) as proof:
        tell_proof(proof)
        if key:
            keep_key(key)
    whole = all(one.good for one in proof)
    click.echo(
        "กู้คืนแล้ว และพิสูจน์แล้วว่าเป็นข้อมูลเดียวกัน (restored and proven)"
        if whole
        else "กู้คืนแล้ว แต่พิสูจน์ไม่ได้บางส่วน ดูบรรทัดที่มี ✗ (restored, not all of it proven)"
    )


def rebuild():
    """Bring restored data to this version's shape and build the indexes."""
    preparing.migrate()
    preparing.build_indexes()


def tell_proof(proof):
    """Print the table of what was proven."""
    click.echo(f"\n{'':2}{'สิ่งที่ตรวจ':<40} {'ในแฟ้ม':>14} {'ที่กู้คืน':>14}")
    for one in proof:
        click.echo(f"{'✓' if one.good else '✗'} {one.what:<36} {one.in_file:>12} {one.found:>12}")


def require_place_for_key(data, key):
    """Raises CannotStart when the history's key lies where this command must not put another one."""
    path = Path(os.environ["KHET_AUDIT_KEY_FILE"])
    if path != data / "secrets" / "audit.key" and path.read_text().strip() != key:
        raise CannotStart(
            f"KHET_AUDIT_KEY_FILE ({path}) เป็นกุญแจอื่น กรุณาให้ชี้ไปที่แฟ้มกุญแจของระบบที่สำรองมาก่อน",
            "KHET_AUDIT_KEY_FILE names another key",
        )


def keep_key(key):
    """Make the history's key the folder's; the one it replaces, which guarded nothing here, is kept beside it."""
    path = Path(os.environ["KHET_AUDIT_KEY_FILE"])
    if (old := path.read_text().strip()) != key:
        write_private(path.with_name(f"{path.stem}-{token_hex(4)}.replaced"), old)
        write_private(path, key)
