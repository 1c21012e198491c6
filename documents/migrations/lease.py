"""A lease: one process at a time does a thing; one that died lets go of it by itself."""

import datetime as dt
import logging
import secrets
import threading
import time
from contextlib import contextmanager

from pymongo.errors import PyMongoError

from documents.errors import Busy
from documents.operating.installation import facts

log = logging.getLogger(__name__)

SECONDS = 20  # how long a lease lasts that nobody renews
PATIENCE = 900  # seconds that one waits for another's work
LONG_AGO = dt.datetime(2000, 1, 1)  # noqa: DTZ001  MongoDB's instants have no zone


class Lease:
    """The lease of a name, by the database server's own clock, so that machines' clocks need not agree."""

    def __init__(self, name, seconds=SECONDS):
        self.name, self.seconds, self.holder = name, seconds, secrets.token_hex(8)

    def take(self):
        """Whether it is ours now: it was nobody's, or its holder let it run out."""
        facts().update_one({"_id": self.name}, {"$setOnInsert": {"until": LONG_AGO}}, upsert=True)
        return self._set({"$expr": {"$lt": ["$until", "$$NOW"]}})

    def renew(self):
        """Whether it is still ours; then it lasts its full time again."""
        return self._set({"holder": self.holder})

    def release(self):
        """Let go of it, where it is still ours."""
        facts().delete_one({"_id": self.name, "holder": self.holder})

    def _set(self, condition):
        until = {"$add": ["$$NOW", self.seconds * 1000]}
        changes = [{"$set": {"holder": self.holder, "until": until}}]
        return facts().update_one({"_id": self.name, **condition}, changes).matched_count == 1

    def require(self):
        """Raises Busy when another has it: this process stood still for longer than it lasts."""
        if not self.renew():
            raise Busy("อีกกระบวนการหนึ่งรับงานนี้ไปแล้ว กรุณาเริ่มใหม่ (another process took this over)")


@contextmanager
def held(name, seconds=SECONDS, patience=PATIENCE, waiting=lambda: None):
    """Hold the lease of a name for a block, renewed meanwhile; gives the Lease.

    `waiting` is called once when somebody else has it. Raises Busy when it is not free within `patience` seconds.
    """
    lease = Lease(name, seconds)
    _wait_for(lease, patience, waiting)
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lease, done), daemon=True)
    keeper.start()
    try:
        yield lease
    finally:
        done.set()
        keeper.join()
        lease.release()


def _wait_for(lease, patience, waiting):
    give_up = time.monotonic() + patience
    if lease.take():
        return
    waiting()
    while not lease.take():
        if time.monotonic() > give_up:
            raise Busy("อีกกระบวนการหนึ่งทำงานนี้อยู่นานเกินไป กรุณาตรวจสอบแล้วเริ่มใหม่ (another process holds this)")
        time.sleep(0.2)


def _keep(lease, done):
    """Renew until told to end; a database that is away for a moment is asked again, `require` tells the rest."""
    while not done.wait(lease.seconds / 4):
        try:
            lease.renew()
        except PyMongoError:
            log.warning("the lease %s could not be renewed", lease.name, exc_info=True)
