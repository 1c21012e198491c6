"""The embedded MongoDB: a real mongod as a one-member replica set, started, secured, stopped and recovered here."""

import os
import re
import socket
import subprocess
import time
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure

from scripts.children import end, end_orphan, spawn
from scripts.folder import CannotStart, require_space, secret
from scripts.mongod import find_mongod

REPLICA_SET = "khet"
MOST_CACHE_GB = 4.0
LARGEST_LOG_MB = 20
ALREADY_INITIALIZED, AUTHENTICATION_FAILED, UNAUTHORIZED = 23, 18, 13  # MongoDB's error codes
USER_NOT_FOUND, NOT_YET_INITIALIZED = 11, 94
ADDRESS_IN_USE = 48  # mongod's exit code when it cannot bind its port


class EmbeddedMongo:
    """One mongod over one data folder, as a part that the supervisor keeps.

    `start()` gives the application's URI; `stop()` shuts it down cleanly. Whoever calls holds the data folder
    (`folder.hold`). Secrets lie in DATA/secrets, the database in DATA/db, its log in DATA/logs/mongod.log.
    """

    name = "mongod"

    def __init__(self, data: Path, cache_gb: float | None = None, oplog_mb: int = 1024):
        self.data = data
        self.database_folder = data / "db"
        self.log = data / "logs" / "mongod.log"
        self.cache_gb = cache_gb or quarter_of_memory()
        self.oplog_mb = oplog_mb
        self.process: subprocess.Popen | None = None
        self.port = 0

    def start(self, patience: float = 120) -> str:
        """Start the server and give the application's URI once it is primary.

        Starting after `kill -9` recovers from the journal, which a large database may need `patience` seconds
        for. Raises CannotStart.
        """
        require_space(self.data)
        self._prepare_folders()
        end_orphan(self.database_folder / "mongod.lock", str(self.database_folder))
        for _ in range(3):
            self.port = self._choose_port()
            self._spawn()
            if self._answers(patience):
                return self._settled(patience)
        raise self._failure()

    def stop(self, grace: float = 30) -> None:
        """Shut the server down cleanly; what was acknowledged is on disk either way."""
        end(self.process, grace)
        self.process = None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def uri(self, database: str = "khet") -> str:
        """The URI of the application's user on one database. It carries no concerns (design: they break transactions)."""
        password = secret(self.data, "mongod-khet")
        return f"mongodb://khet:{password}@127.0.0.1:{self.port}/{database}?replicaSet={REPLICA_SET}"

    def grant(self, database: str) -> str:
        """Let the application's user read and write that database and no other; gives its URI."""
        with self._admin() as client:
            roles = [{"role": "readWrite", "db": database}]
            user = {"pwd": secret(self.data, "mongod-khet"), "roles": roles}
            try:
                client[database].command("updateUser", "khet", **user)
            except OperationFailure as error:
                if error.code != USER_NOT_FOUND:
                    raise
                client[database].command("createUser", "khet", **user)
        return self.uri(database)

    # Starting, step by step

    def _prepare_folders(self) -> None:
        for folder in (self.database_folder, self.log.parent, self.data / "secrets"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret(self.data, "mongod-members")
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_MB * 2**20:
            self.log.replace(self.log.with_suffix(".log.1"))

    def uri_of_running(self) -> str:
        """The URI of the server that another process runs over this data folder."""
        kept = self.data / "mongod.port"
        self.port = int(kept.read_text()) if kept.exists() else 0
        return self.uri()

    def _choose_port(self) -> int:
        """The port of the last start if it is free, else a free one; kept for the next start."""
        kept = self.data / "mongod.port"
        last = int(kept.read_text()) if kept.exists() and kept.read_text().strip().isdigit() else 0
        port = last if last and is_free(last) else free_port()
        kept.write_text(f"{port}\n")
        return port

    def _spawn(self) -> None:
        self.process = spawn(
            [find_mongod(), *self._options()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _options(self) -> list[str]:
        return [
            *("--dbpath", str(self.database_folder)),
            *("--logpath", str(self.log), "--logappend", "--quiet"),
            *("--bind_ip", "127.0.0.1", "--port", str(self.port), "--nounixsocket"),
            *("--replSet", REPLICA_SET, "--oplogSize", str(self.oplog_mb)),
            *("--keyFile", str(self.data / "secrets" / "mongod-members.key")),
            # This old build has a known flaw in decompressing zlib messages.
            *("--networkMessageCompressors", "disabled"),
            *("--wiredTigerCacheSizeGB", f"{self.cache_gb:.2f}"),
            # The log of slow operations would hold pupils' names and numbers.
            *("--slowOpSampleRate", "0"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # A web process killed in the middle of a save holds its school no longer than this.
            *("--setParameter", "transactionLifetimeLimitSeconds=15"),
            # A lone member has nobody to hand over to: no waiting at shutdown.
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
        ]

    def _answers(self, patience: float) -> bool:
        """Whether the server listens; False when its port was taken meanwhile. Raises CannotStart when it ended."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            status = self.process.poll()
            if status == ADDRESS_IN_USE:
                return False
            if status is not None:
                raise self._failure()
            if not is_free(self.port):
                return True
            time.sleep(0.02)
        self.stop()
        raise self._failure()

    def _settled(self, patience: float) -> str:
        """The URI once the server is set up; it is stopped again when that cannot be done."""
        until = time.monotonic() + patience
        try:
            while True:
                try:
                    self._settle(patience)
                    return self.uri()
                except AutoReconnect:  # one that finds itself under another port closes what is connected
                    if not self.running or time.monotonic() > until:
                        raise self._failure() from None
                    time.sleep(0.02)
        except BaseException:
            self.stop()
            raise

    def _settle(self, patience: float) -> None:
        """Make the replica set and the users, whatever an earlier start left undone."""
        try:
            with self._admin() as client:
                client.admin.command("ping")
        except OperationFailure as error:
            if error.code != AUTHENTICATION_FAILED:
                raise
            self._first_start(patience)
        with self._admin() as client:
            self._keep_address(client, patience)
            wait_for_primary(client, patience)
        self.grant("khet")

    def _first_start(self, patience: float) -> None:
        """Initiate the set and make the administrator, by the exception MongoDB makes for localhost without users."""
        with self._client() as client:
            members = [{"_id": 0, "host": f"127.0.0.1:{self.port}"}]
            try:
                client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
            except OperationFailure as error:
                if error.code not in (ALREADY_INITIALIZED, UNAUTHORIZED):
                    raise
            wait_for_primary(client, patience)
            try:
                password = secret(self.data, "mongod-admin")
                client.admin.command("createUser", "admin", pwd=password, roles=["root"])
            except OperationFailure as error:
                if error.code != UNAUTHORIZED:
                    raise
                raise CannotStart(
                    f"รหัสลับใน {self.data / 'secrets'} ไม่ใช่ของฐานข้อมูลนี้",
                    "the secrets in the data folder are not this database's",
                ) from None

    def _keep_address(self, client: MongoClient, patience: float) -> None:
        """Tell the set its member's new address when the port has changed since the last start."""
        address = f"127.0.0.1:{self.port}"
        config = loaded_config(client, patience)
        if config["members"][0]["host"] != address:
            config["members"][0]["host"] = address
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)

    def _admin(self) -> MongoClient:
        return self._client(username="admin", password=secret(self.data, "mongod-admin"))

    def _client(self, **options) -> MongoClient:
        return MongoClient("127.0.0.1", self.port, directConnection=True, **options)

    def _failure(self) -> CannotStart:
        """Why the server did not start, from the last words of its log."""
        words = last_words(self.log)
        if "No space left on device" in words:
            return CannotStart(f"ดิสก์ของ {self.data} เต็ม", "no disk: mongod found no space left")
        reason = re.findall(r'"(?:error|msg)":"([^"]+)"', words)[-3:]
        return CannotStart(
            f"ฐานข้อมูลเริ่มไม่ได้ ดูเหตุใน {self.log}",
            f"mongod did not start: {'; '.join(reason) or 'no reason logged'}",
        )


def loaded_config(client: MongoClient, patience: float) -> dict:
    """The replica set's configuration, which a started server reads from its disk a moment after it listens."""
    until = time.monotonic() + patience
    while True:
        try:
            return client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.code != NOT_YET_INITIALIZED or time.monotonic() > until:
                raise
        time.sleep(0.02)


def wait_for_primary(client: MongoClient, patience: float) -> None:
    """Return once the server takes writes. Raises CannotStart after `patience` seconds."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            if client.admin.command("hello")["isWritablePrimary"]:
                return
        except AutoReconnect:
            pass  # a forced reconfiguration closes connections once
        time.sleep(0.02)
    raise CannotStart("ฐานข้อมูลไม่พร้อมรับการเขียน", f"mongod did not become primary within {patience:.0f} s")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether nothing listens on a TCP port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def quarter_of_memory() -> float:
    """A quarter of the machine's or the container's memory in GB, between 0.25 and MOST_CACHE_GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and limit.read_text().strip().isdigit():
        memory = min(memory, int(limit.read_text()))
    return min(max(memory / 4 / 2**30, 0.25), MOST_CACHE_GB)


def last_words(log: Path, size: int = 20_000) -> str:
    """The end of a log file, empty when there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - size))
        return file.read().decode(errors="replace")
