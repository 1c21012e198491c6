"""What the log never says: addresses' query strings, numbers that may be a person's, values in database errors."""

import logging
import re

from documents.formats import citizen_id

QUERY = re.compile(r"(/[^\s?\"']*)\?[^\s\"']*")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
LONG_NUMBER = re.compile(r"[\d๐-๙]{6,}")
THAI = re.compile(r"[ก-๛]+(?: [ก-๛]+)*")


def init_app():
    """Let every handler of the process's log speak discreetly; asked again, it changes nothing."""
    if not logging.getLogger().handlers:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("", "gunicorn.error", "gunicorn.access", "werkzeug"):
        for handler in logging.getLogger(name).handlers:
            if not isinstance(handler.formatter, Discreet):
                handler.setFormatter(Discreet(handler.formatter))


class Discreet(logging.Formatter):
    """Another formatter's words, without personal data."""

    def __init__(self, inner=None):
        super().__init__()
        self.inner = inner or logging.Formatter()
        self.inner.formatException = spoken_fault

    def format(self, record):
        """The line as the other formatter writes it, masked."""
        return masked(self.inner.format(record))


def masked(text):
    """A text without query strings, e-mail addresses and citizen numbers."""
    return citizen_id.IN_A_TEXT.sub("•••", EMAIL.sub("•@•", QUERY.sub(r"\1?•", text)))


def spoken_fault(exc_info):
    """A traceback whose lines of code stay and whose messages lose Thai words and long numbers.

    A duplicate key or a failed validation quotes the values it failed on.
    """
    lines = logging.Formatter().formatException(exc_info).split("\n")
    return "\n".join(
        line if line.startswith("  ") else LONG_NUMBER.sub("•", THAI.sub("•", line)) for line in lines
    )
