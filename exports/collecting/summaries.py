"""The reports of a subsystem as one workbook (รายงานสรุป): which module makes them, and the file for a person.

Such a module has TITLE, ABOUT (what stands in the workbook), `summary(round_, user)`, which gives the bytes of what the
person may see, and `summary_file_name(round_)`.
"""

from importlib import import_module

from documents.errors import NotAllowed
from documents.people import access

MODULES = {"EMIS": "exports.emis.emis_report"}  # {subsystem: module}
READERS = (*access.SCHOOL_READERS, *access.AREA_READERS, "executive")


def summary_of(subsystem):
    """The module that makes the reports of a subsystem, None where there is none."""
    return import_module(MODULES[subsystem]) if subsystem in MODULES else None


def summary_file(round_, user):
    """(bytes, name) of the reports of a round for this person. Raises NotAllowed, and what the module refuses."""
    area = round_.area_code
    if not (any(user.holds(role, area) for role in READERS[2:]) or access.open_schools(user, area)):
        raise NotAllowed("รายงานนี้เปิดได้เฉพาะโรงเรียนในรอบและเจ้าหน้าที่เขต")
    module = summary_of(round_.subsystem)
    return module.summary(round_, user), module.summary_file_name(round_)
