"""Which migrations there are, which this database has had, and running those it has not."""

import importlib
import pkgutil
import re
import time
from dataclasses import dataclass
from types import ModuleType

from documents.clock import real_now
from documents.database import db
from documents.errors import RuleBroken
from documents.migrations.lease import SECONDS, held
from documents.operating import installation
from documents.trail.history import as_stored

PACKAGE = "documents.migrations"
NAME = re.compile(r"\d{3}_[a-z0-9_]+")
COLLECTION = "migrations"


class NewerDatabase(RuleBroken):
    """The database was brought to a shape that this code does not know."""

    def __init__(self, names):
        super().__init__(
            f"ฐานข้อมูลนี้เป็นของ Khet รุ่นใหม่กว่า (มี {' '.join(names)}) กรุณาใช้โปรแกรมรุ่นใหม่ หรือกู้คืนข้อมูลสำรองก่อนปรับรุ่น "
            "(the database is newer than this program)"
        )


@dataclass(frozen=True)
class Migration:
    """One step from a version's data to the next one's."""

    name: str
    module: ModuleType

    @property
    def title(self):
        """What it does, in the first line of its docstring."""
        return self.module.__doc__.strip().splitlines()[0]


def known(package=PACKAGE):
    """The Migrations this code has, in order. Raises ValueError for two of one number, no docstring or no `run`."""
    path = importlib.import_module(package).__path__
    names = sorted(module.name for module in pkgutil.iter_modules(path) if NAME.fullmatch(module.name))
    found = [Migration(name, importlib.import_module(f"{package}.{name}")) for name in names]
    for one, number in zip(found, range(1, len(found) + 1), strict=True):
        if int(one.name[:3]) != number:
            raise ValueError(f"migrations are numbered one after another: {one.name} is number {number}")
        if not (one.module.__doc__ or "").strip() or not callable(getattr(one.module, "run", None)):
            raise ValueError(f"a migration has a docstring and run(db): {one.name}")
    return found


def applied():
    """{name: stored row} of the migrations this database has had."""
    return {row["_id"]: row for row in db()[COLLECTION].find().sort("_id", 1)}


def missing(package=PACKAGE):
    """The Migrations this database has not had, in order. Raises NewerDatabase."""
    had, have = applied(), known(package)
    refuse_newer(had, have)
    return [one for one in have if one.name not in had]


def refuse_newer(names, have=None):
    """Raises NewerDatabase where one of the names of applied migrations is none of this code's."""
    here = {one.name for one in (known() if have is None else have)}
    if strangers := sorted(set(names) - here):
        raise NewerDatabase(strangers)


def run_missing(version, package=PACKAGE, tell=lambda sentence: None, seconds=SECONDS):
    """Run what this database has not had, in order; gives back the names of those that ran here.

    One process at a time, by a lease of so many `seconds`; another waits and then finds nothing to do. Interrupted,
    a migration is not recorded and runs again whole. Raises NewerDatabase, Busy, and what a migration raises.
    """
    if not missing(package):
        return []
    ran = []
    wait = "รออีกกระบวนการหนึ่งปรับรูปแบบข้อมูลให้เสร็จ"
    with held(installation.MIGRATING, seconds, waiting=lambda: tell(wait)) as lease:
        for one in missing(package):
            tell(f"ปรับรูปแบบข้อมูล {one.name}: {one.title}")
            began = time.monotonic()
            one.module.run(db())
            lease.require()
            _record(one, version, time.monotonic() - began)
            ran.append(one.name)
    return ran


def _record(one, version, seconds):
    row = {"when": as_stored(real_now()), "version": version, "seconds": round(seconds, 3)}
    db()[COLLECTION].update_one({"_id": one.name}, {"$setOnInsert": row}, upsert=True)


def status(package=PACKAGE):
    """(name, title, stored row or None) of every migration known here or applied there, in order."""
    had = applied()
    titles = {one.name: one.title for one in known(package)}
    names = sorted(titles.keys() | had.keys())
    return [(name, titles.get(name, "ไม่มีในโปรแกรมรุ่นนี้"), had.get(name)) for name in names]
