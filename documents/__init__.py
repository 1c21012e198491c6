"""What the data is and what may happen to it; no web, no workbook.

`SUBSYSTEMS` is the one list of yearly records, in menu order: a new subsystem is one file and one line here.
It holds names, not classes, so that a subsystem's file may import the rest of the package.
"""

from importlib import import_module

SUBSYSTEMS = [
    "documents.dmc.students.Student",
    "documents.dmc.rooms.SchoolRooms",
    "documents.emis.staff.Staff",
    "documents.emis.technology.Technology",
    "documents.bobec.buildings.Building",
    "documents.mobec.equipment.Equipment",
]

CHECKS = [
    "documents.dmc.student_checks",
    "documents.emis.emis_checks",
    "documents.mobec.equipment_checks",
    "documents.bobec.building_checks",
]  # the modules of the subsystems' checks (documents/checking/checks.py says what one holds)

CASES = [
    "documents.collecting.reopening.ReopenRequest",
    "documents.collecting.extending.ExtensionRequest",
    "documents.dmc.transfers.Transfer",
    "documents.dmc.id_changes.IdChange",
    "documents.gcode.gcode.GCodeRequest",
    "documents.people.registrations.Registration",
]  # the kinds of case (documents/records/cases.py), named in the same way


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
    return found or import_module("documents.records.kinds").document_of(slug)
