"""What whoever carries messages out (documents.notifying.smtp, documents.notifying.line) may answer to the queue of documents.notifying.mail."""

import re

ADDRESS = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:\"]+")


class Away(Exception):
    """The server cannot be reached or talked to now, for no message; says why, in a sentence."""


class Later(Exception):
    """The server puts this message off; says why."""


class Refused(Exception):
    """The server will never take this message; says why."""


class Unsure(Exception):
    """The message was handed over whole and no answer came; says why."""
