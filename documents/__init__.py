"""What the data is and what may happen to it; no web, no workbook.

`SUBSYSTEMS` is the one list of yearly records, in menu order: a new subsystem is one file and one line here.
It holds names, not classes, so that a subsystem's file may import the rest of the package.
"""

from importlib import import_module

SUBSYSTEMS = [
    "documents.students.Student",
    "documents.rooms.SchoolRooms",
    "documents.staff.Staff",
    "documents.technology.Technology",
    "documents.buildings.Building",
    "documents.equipment.Equipment",
]

CHECKS = [
    "documents.student_checks",
    "documents.emis_checks",
    "documents.equipment_checks",
    "documents.building_checks",
]  # the modules of the subsystems' checks (documents/checks.py says what one holds)

CASES = [
    "documents.reopening.ReopenRequest",
    "documents.extending.ExtensionRequest",
    "documents.transfers.Transfer",
    "documents.id_changes.IdChange",
    "documents.gcode.GCodeRequest",
    "documents.registrations.Registration",
]  # the kinds of case (documents/cases.py), named in the same way


def subsystems():
    """The document classes of SUBSYSTEMS, in menu order."""
    return _classes(SUBSYSTEMS)


def case_kinds():
    """The document classes of CASES."""
    return _classes(CASES)


def check_modules():
    """The modules of CHECKS."""
    return [import_module(name) for name in CHECKS]


def _classes(names):
    parts = (name.rpartition(".") for name in names)
    return [getattr(import_module(module), cls) for module, _, cls in parts]


def subsystem(slug):
    """The document class of a slug (its name in URLs), a survey's too; raises KeyError."""
    found = {document.slug: document for document in subsystems()}.get(slug)
    return found or import_module("documents.surveys").document_of(slug)
