"""What scripts/start becomes once everything is installed: database, demo, worker, web server, until told to stop."""

import argparse
import json
import os
import shlex
import signal
import socket
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from documents.clock import real_now
from documents.formats import buddhist
from scripts.children import end_orphan
from scripts.embedded import EmbeddedMongo
from scripts.environment import ROOT
from scripts.folder import CannotStart, hold, prepare, secret
from scripts.supervisor import Stopped, Supervisor
from scripts.web import WILDCARDS, WebServer, local_address
from scripts.worker import Worker

PORT_IN_USE, NOT_PERMITTED = 98, 13  # errno
FEWEST_SCHOOLS = 4  # of a demo: one for each thing that it shows


def main(arguments=None) -> int:
    """Run until stopped; 0 after a clean stop, 1 with one sentence when it cannot start or go on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop_now)
    if (
        signal.getsignal(signal.SIGHUP) != signal.SIG_IGN
    ):  # under nohup a closed terminal is no reason to stop
        signal.signal(signal.SIGHUP, stop_now)
    options = parser().parse_args(arguments)
    try:
        run(options)
    except CannotStart as reason:
        print(reason, file=sys.stderr, flush=True)
        return 1
    except Stopped:
        say("หยุดแล้ว (stopped)")
    return 0


def parser() -> argparse.ArgumentParser:
    """The options of scripts/start."""
    options = argparse.ArgumentParser(prog="scripts/start", description="Start Khet and run until Ctrl-C.")
    options.add_argument("--port", type=number(1, 65_535), default=8000, metavar="N")
    options.add_argument("--host", default="127.0.0.1", metavar="H")
    options.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("KHET_DATA") or ROOT / "var"),
        metavar="DIR",
        help="database, files, secrets and logs (default: ./var)",
    )
    options.add_argument("--no-demo", action="store_true", help="leave an empty database empty")
    options.add_argument("--demo-schools", type=number(FEWEST_SCHOOLS), default=230, metavar="N")
    options.add_argument("--demo-students", type=number(0), default=50_000, metavar="N")
    return options


def number(least: int, most: int | None = None):
    """What reads a whole number of an option, and refuses one out of its bounds in a sentence."""

    def read(text: str) -> int:
        found = int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None
        if found is None or found < least or (most is not None and found > most):
            bounds = f"{least} ขึ้นไป" if most is None else f"{least} ถึง {most}"
            english = f"from {least} up" if most is None else f"{least} to {most}"
            raise argparse.ArgumentTypeError(f"{text} ต้องเป็นจำนวนเต็ม {bounds} (a whole number {english})")
        return found

    return read


def run(options) -> None:
    """Start every part in order and keep them going; whatever ends it, all parts are stopped."""
    data = prepare(options.data)
    lock = hold(data)
    for pid_file in (data / "web.pid", data / "worker.pid"):
        end_orphan(pid_file, str(pid_file))
    require_port(options.host, options.port)
    supervisor = Supervisor()
    try:
        environ = settings_for(options.host, options.port, data)
        if "MONGODB_URI" not in environ:
            environ["MONGODB_URI"] = supervisor.keep(EmbeddedMongo(data))
        os.environ.update(environ)
        from scripts.preparing import prepare_database  # after the settings: it loads the documents

        with_demo = prepare_database(options, data)
        os.environ["KHET_NOW_SINCE"] = f"{real_now().timestamp():.3f}"
        # The worker gets ready while the web server does.
        worker, web = Worker(data), WebServer(options.host, options.port, data)
        supervisor.keep(worker)
        supervisor.keep(web)
        worker.wait_until_well(web)
        announce(options, data, with_demo)
        supervisor.watch()
    finally:
        stop_signals_ignored()
        supervisor.stop()
        lock.close()


def settings_for(host: str, port: int, data: Path) -> dict[str, str]:
    """The environment of the application: what was given, and what is generated once or follows from the options."""
    made = {
        "KHET_DATA": str(data),
        "KHET_PUBLIC_URL": local_address(host, port),
    }
    environ = {**made, **{name: value for name, value in os.environ.items() if value}}
    environ["KHET_DATA"] = str(data)
    if "SECRET_KEY" not in environ:
        environ["SECRET_KEY"] = secret(data, "session")
    if "KHET_AUDIT_KEY_FILE" not in environ:
        secret(data, "audit")
        environ["KHET_AUDIT_KEY_FILE"] = str(data / "secrets" / "audit.key")
    environ["KHET_AUDIT_KEY_FILE"] = str(Path(environ["KHET_AUDIT_KEY_FILE"]).resolve())
    return environ


def require_port(host: str, port: int, patience: float = 3) -> None:
    """Raises CannotStart when the port cannot be listened on, giving a server that just ended a moment."""
    until = time.monotonic() + patience
    while True:
        try:
            family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                return probe.bind(address)
        except (OSError, OverflowError) as error:
            if getattr(error, "errno", None) != PORT_IN_USE or time.monotonic() > until:
                raise refused_port(host, port, error) from error
        time.sleep(0.2)


def refused_port(host: str, port: int, error: Exception) -> CannotStart:
    """The sentence for a port that cannot be had."""
    if getattr(error, "errno", None) == PORT_IN_USE:
        return CannotStart(
            f"พอร์ต {port} ถูกใช้อยู่ กรุณาเลือกพอร์ตอื่นด้วย --port",
            f"port {port} is taken, choose another with --port",
        )
    if getattr(error, "errno", None) == NOT_PERMITTED:
        return CannotStart(f"ไม่มีสิทธิ์ใช้พอร์ต {port}", f"no permission for port {port}, use one from 1024 up")
    return CannotStart(f"เปิด {host} พอร์ต {port} ไม่ได้", f"cannot listen on {host} port {port}: {error}")


def announce(options, data: Path, with_demo: bool) -> None:
    """Print where the product is and, for a demo, who may sign in."""
    say(f"\nKhet พร้อมใช้งานที่ {os.environ['KHET_PUBLIC_URL'].split(',')[0]}  (กด Ctrl-C เพื่อหยุด)")
    if options.host in WILDCARDS and "127.0.0.1" in os.environ["KHET_PUBLIC_URL"]:
        say("เครื่องอื่นจะเข้าได้เมื่อกำหนด KHET_PUBLIC_URL เป็นที่อยู่ที่ผู้ใช้เปิด (other machines need KHET_PUBLIC_URL)")
    accounts = data / "demo-accounts.json"
    if not with_demo or not accounts.exists():
        from scripts.preparing import first_commands  # after the settings: it loads the documents

        if commands := first_commands():
            say("ยังไม่มีใครเข้าสู่ระบบได้ เปิดอีกหน้าต่างแล้วสั่งตามลำดับ (ดูวิธีใช้ด้วย --help):")
            for command in commands:
                say(f"  scripts/manage --data {shlex.quote(str(data))} {command}")
        return
    say(f"ข้อมูลสาธิตทั้งหมดสมมติขึ้น {clock_told()}บัญชีสาธิต:")
    for account in json.loads(accounts.read_text())["accounts"]:
        scope = account["scope"] if isinstance(account["scope"], str) else " ".join(account["scope"])
        say(
            f"  {account['role']:<10} {account['email']:<34} {account['password']:<20} {scope:<10} {account['name']}"
        )


def clock_told() -> str:
    """Where the demo's clock starts, in words."""
    begun = os.environ.get("KHET_NOW")
    return f"เวลาของระบบเริ่มที่ {buddhist.format_datetime(datetime.fromisoformat(begun))}  " if begun else ""


def stop_now(number, frame):
    """Signal handler: leave whatever is going on and stop everything in order."""
    raise Stopped(number)


def stop_signals_ignored() -> None:
    """A second Ctrl-C must not interrupt the clean stop."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def say(sentence: str) -> None:
    """Tell the person at the terminal, also through a pipe, at once; a closed terminal is no reason to stop."""
    with suppress(BrokenPipeError):
        print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
