"""A real SMTP server for a test: `post_office` keeps what it takes; it can be closed, opened again, and told to refuse."""

import email.policy
from contextlib import closing
from email import message_from_bytes
from socket import socket

import pytest
from aiosmtpd.controller import Controller

from documents.notifying import mail, smtp


class PostOffice:
    """The server, listening on a port of this machine until `close`; `letters` are EmailMessages in order of arrival."""

    def __init__(self, **options):
        with closing(socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.letters, self.answers, self.options = [], {}, options
        self._controller = None

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    def open(self):
        self._controller = Controller(self, "127.0.0.1", self.port, ready_timeout=20, **self.options)
        self._controller.start()
        return self

    def close(self):
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def to(self, address):
        """The letters to one address."""
        return [letter for letter in self.letters if letter["To"] == address]

    # what aiosmtpd calls; `answers` {"RCPT" or "DATA": what it says instead of taking}

    async def handle_RCPT(self, server, session, envelope, address, options):
        if said := self.answers.get("RCPT"):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if said := self.answers.get("DATA"):
            return said
        self.letters.append(message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


def use(url, sender="khet@example.org"):
    """Let mail go out through the server of a URL from now on; None: none goes out."""
    mail.configure("smtp", url and smtp.Server.of(url, sender).connection)


@pytest.fixture
def post_office(app):
    """A PostOffice that is open, through which the application sends."""
    office = PostOffice().open()
    use(office.url)
    yield office
    use(None)
    office.close()
