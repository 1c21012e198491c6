"""A bad line to the database: a TCP relay in front of mongod that fails one chosen command, once or for good.

It reads MongoDB's own messages (OP_MSG), so the product and its driver are exactly what runs in production. Faults:

    refused       the command is not done; the answer is an error with the label TransientTransactionError
    cut before    the connection breaks before the command reaches the server
    cut after     the server does it, and the connection breaks before its answer arrives
    keyless       the command is not looked at: so answers a server just started, which has not read its keys yet
    unconfirmed   the server does it, and answers that time ran out, so that nobody knows
"""

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import bson

FAULTS = ("refused", "cut before", "cut after")  # of any command; "unconfirmed" is a commit's alone
OP_MSG = 2013
HANDSHAKES = {
    "hello",
    "ismaster",
    "isMaster",
    "saslStart",
    "saslContinue",
    "ping",
    "endSessions",
    "buildInfo",
}
WRITE_CONFLICT, EXCEEDED_TIME_LIMIT, KEY_NOT_FOUND = 112, 262, 211


@dataclass
class Fault:
    """Which command is to fail and how; `only` limits the count to commands of that name."""

    kind: str
    nth: int
    only: str | None = None
    times: int = 1
    seen: int = 0
    struck: list = field(default_factory=list)

    def strikes(self, command):
        """Whether this command is the one; counts it."""
        name = next(iter(command))
        if name in HANDSHAKES or (self.only and name != self.only):
            return False
        self.seen += 1
        if not self.nth <= self.seen < self.nth + self.times:
            return False
        self.struck.append((name, "autocommit" in command))
        return True


class BadLine:
    """The relay; `with BadLine(uri) as line` listens, `line.uri` is the address of the same database through it."""

    def __init__(self, uri, options=""):
        parts = urlsplit(uri)
        credentials, _, address = parts.netloc.rpartition("@")
        host, _, port = address.partition(":")
        self.server = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        here = f"{credentials}@127.0.0.1:{self.listener.getsockname()[1]}"
        self.uri = urlunsplit((parts.scheme, here, parts.path, f"directConnection=true{options}", ""))
        self.fault = None
        self.commands = []

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    @contextlib.contextmanager
    def failing(self, kind, nth, only=None, times=1):
        """Fail the n-th command sent in the block; gives the Fault, whose `struck` tells what was hit."""
        self.fault = Fault(kind, nth, only, times)
        try:
            yield self.fault
        finally:
            self.fault = None

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                _Wire(self, client, socket.create_connection(self.server)).start()


class _Wire:
    """One connection: two threads that carry whole messages each way."""

    def __init__(self, line, client, server):
        self.line, self.client, self.server = line, client, server
        self.strike = None
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def start(self):
        for work in (self._up, self._down):
            threading.Thread(target=self._carry, args=(work,), daemon=True).start()

    def _carry(self, work):
        with contextlib.suppress(OSError, EOFError):
            while True:
                work()
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
                end.close()

    def _up(self):
        message = read_message(self.client)
        fault, command = self.line.fault, command_of(message)
        if fault is None or command is None or not fault.strikes(command):
            self.server.sendall(message)
        elif fault.kind == "cut before":
            raise EOFError
        elif fault.kind == "refused":
            self._refuse(message, command)
        elif fault.kind == "keyless":
            self.client.sendall(answer_to(message, failed(KEY_NOT_FOUND)))
        else:
            self.strike = fault.kind
            self.server.sendall(message)

    def _refuse(self, message, command):
        """Answer that the transaction is given up; a commit becomes the abort that a server would have made of it."""
        if "commitTransaction" in command:
            self.strike = "refused"
            self.server.sendall(aborted(message, command))
        else:
            self.client.sendall(answer_to(message, conflict()))

    def _down(self):
        message = read_message(self.server)
        strike, self.strike = self.strike, None
        if strike == "cut after":
            raise EOFError
        if strike == "refused":
            message = answer_of(message, conflict())
        elif strike == "unconfirmed":
            message = answer_of(message, failed(EXCEEDED_TIME_LIMIT))
        self.client.sendall(message)


def conflict():
    """The answer of a server that gave a transaction up for another's sake."""
    return {**failed(WRITE_CONFLICT), "errorLabels": ["TransientTransactionError"]}


def failed(code):
    """The answer of a server to a command that failed, by MongoDB's number of the error."""
    return {"ok": 0.0, "code": code, "errmsg": "made by the tests"}


def read_message(end):
    """One whole message of MongoDB's protocol; raises EOFError at the end."""
    head = read_exactly(end, 16)
    (length,) = struct.unpack_from("<i", head)
    return head + read_exactly(end, length - 16)


def read_exactly(end, size):
    parts = []
    while size:
        part = end.recv(min(size, 1 << 16))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def command_of(message):
    """The command of a request, without its document sequences; None for any other message."""
    if struct.unpack_from("<i", message, 12)[0] != OP_MSG or message[20] != 0:
        return None
    (size,) = struct.unpack_from("<i", message, 21)
    return bson.decode(message[21 : 21 + size])


def aborted(message, command):
    """The request that gives up the transaction which `message` would have committed."""
    kept = {name: command[name] for name in ("lsid", "txnNumber", "autocommit", "$db")}
    (id_,) = struct.unpack_from("<i", message, 4)
    return packed(id_, 0, {"abortTransaction": 1, **kept})


def answer_to(message, document):
    """An answer to a request."""
    (id_,) = struct.unpack_from("<i", message, 4)
    return packed(0, id_, document)


def answer_of(message, document):
    """Another answer in place of the server's."""
    (id_,) = struct.unpack_from("<i", message, 8)
    return packed(0, id_, document)


def packed(id_, to, document):
    """A message of one document."""
    body = struct.pack("<iB", 0, 0) + bson.encode(document)
    return struct.pack("<iiii", 16 + len(body), id_, to, OP_MSG) + body
