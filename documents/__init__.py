"""What the data is and what may happen to it; no web, no workbook.

`SUBSYSTEMS` is the one list of yearly records, in menu order: a new subsystem is one file and one line here.
It holds names, not classes, so that a subsystem's file may import the rest of the package.
"""

from importlib import import_module

SUBSYSTEMS = [
    "documents.students.Student",
    "documents.rooms.SchoolRooms",
]


def subsystems():
    """The document classes of SUBSYSTEMS, in menu order."""
    classes = []
    for name in SUBSYSTEMS:
        module, _, cls = name.rpartition(".")
        classes.append(getattr(import_module(module), cls))
    return classes


def subsystem(slug):
    """The document class of a slug (its name in URLs); raises KeyError."""
    return {document.slug: document for document in subsystems()}[slug]
