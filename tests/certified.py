"""Certified learners for tests."""

from documents import clock
from documents.database import in_transaction
from documents.gcode import gcode_numbers
from documents.records.cases import advance
from documents.trail.history import as_stored
from tests.learners import checked


def certify(request, approver, code=None):
    """Certify a checked request as the approver does, with a typed code or the one it has or is given; the fresh one."""
    typed = gcode_numbers.prepared(request, code, code)

    def work():
        given = gcode_numbers.given(request, typed)
        mine = {"certified_by": approver.id, "certified_by_name": approver.name, "certified_at": as_stored(clock.now()),
                "learner_key": str(request.id)}  # fmt: skip
        return advance(request, "certify", approver, changes=given | mine)

    return gcode_numbers.taking(typed, lambda: in_transaction(work))


def certified(teacher, officer, approver, code="G683400000001", **more):
    """A certified request; code None issues a temporary one where the area works so."""
    return certify(checked(teacher, officer, **more), approver, code)
