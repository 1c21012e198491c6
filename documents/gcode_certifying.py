"""Certifying G-code requests (รับรอง): the last look before a code is given, one at a time, however many are chosen.

Certified is what the certifier saw: a request that was changed, or whose evidence is gone, or that looks like another
learner who came up after the check, is not. Source: domain.md 3.3.1, GC-01, GC-03.
"""

from typing import NamedTuple

from documents import clock, gcode_likely, gcode_numbers, thai
from documents.cases import advance, check_step
from documents.database import in_transaction
from documents.errors import RuleBroken, WrongState
from documents.gcode import GCodeRequest, keys_of
from documents.gcode_requests import refuse_incomplete
from documents.history import as_stored
from documents.refusals import noting_refusals

MOST_AT_ONCE = 50
CHANGED = "คำขอนี้เปลี่ยนไปหลังจากที่ท่านเปิดดู จึงยังไม่ได้รับรอง กรุณาเปิดหน้านี้ใหม่แล้วตรวจอีกครั้ง"


class Chosen(NamedTuple):
    """One request as the certifier saw it: its revision then, and the code he typed, twice."""

    request: GCodeRequest
    revision: int
    code: str = ""
    again: str = ""


class Result(NamedTuple):
    """What became of one: the fresh request, and the refusal (a RuleBroken) or None."""

    request: GCodeRequest
    refusal: RuleBroken | None


@noting_refusals(1)
def certify(chosen, actor, now=None):
    """Certify one Chosen and give the fresh request with its code.

    Raises OutOfScope, NotAllowed, WrongState, Invalid by field (`evidence`, `code`, `again`), or DuplicateKey.
    """
    request = chosen.request
    refuse(chosen, actor, now)
    code = gcode_numbers.prepared(request, chosen.code, chosen.again)
    by = {
        "certified_by": actor.id,
        "certified_by_name": actor.name,
        "certified_at": as_stored(now or clock.now()),
    }
    stored = request.to_mongo().to_dict()

    def work():
        values = by | gcode_numbers.given(request, code, now)
        values |= keys_of(stored | values) | {"learner_key": learner_key(request)}
        return advance(request, "certify", actor, changes=values, now=now)

    return gcode_numbers.taking(code, lambda: in_transaction(work))


def refuse(chosen, actor, now=None):
    """Raise what stands against certifying a request, apart from its code; for the page before the deed too."""
    request = chosen.request
    check_step(request, request.steps["certify"], actor, now or clock.now())
    if chosen.revision != request.revision:
        raise WrongState(CHANGED)
    refuse_incomplete(request)
    known = {row["id"] for row in request.known_likely}
    if any(one.id not in known for one in gcode_likely.of(request)):
        raise WrongState(gcode_likely.NEW_ONES)


def refusal_of(request, actor):
    """The refusal that a request would meet now, or None."""
    try:
        refuse(Chosen(request, request.revision), actor)
    except RuleBroken as refusal:
        return refusal
    return None


def certify_each(all_chosen, actor):
    """Certify several, each by itself, so that one refusal stops no other; gives a Result for each in order."""
    results = []
    for chosen in all_chosen:
        try:
            results.append(Result(certify(chosen, actor), None))
        except RuleBroken as refusal:
            results.append(Result(chosen.request, refusal))
    return results


def learner_key(request):
    """What no two certified learners of an area share: name and birth date; a learner told apart has one of his own."""
    name = thai.search_key(request.first_name, request.last_name)
    key = f"{name}/{request.birth_date:%Y-%m-%d}"
    return f"{key}/{request.id}" if request.told_apart else key
