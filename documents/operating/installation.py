"""Facts about this database itself, one document each: what is being done to it."""

from documents.database import db

COLLECTION = "installation"
RESTORE = "restore"  # a restore is under way, or was interrupted: {"collections": those it fills}
RESTORING = "restoring"  # the lease of whoever restores
MIGRATING = "migrating"  # the lease of whoever runs the migrations
OF_THE_MOMENT = (RESTORE, RESTORING, MIGRATING)  # marks that are no facts of the data


def facts():
    """The PyMongo collection of the facts; each has its name as `_id`."""
    return db()[COLLECTION]


def is_half_restored():
    """Whether a restore was interrupted, so that what is here is part of a backup and no more."""
    return facts().find_one({"_id": RESTORE}, {"_id": 1}) is not None
