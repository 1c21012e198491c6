"""Certifying G-code requests (รับรอง), and taking many up before (รับไว้ตรวจสอบ): the last look before a code is given, one at a time, however many are chosen.

A few are certified while their page waits, more by a job. Certified is what the certifier saw: a request that was changed, or whose evidence is gone, or that looks like another
learner who came up after the check, is not. Source: domain.md 3.3.1, GC-01, GC-03.
"""

from typing import NamedTuple

from documents import clock
from documents.background.jobs import counted_so_far, job_kind
from documents.background.one_by_one import one_by_one
from documents.database import in_transaction
from documents.errors import Invalid, RuleBroken, WrongState
from documents.formats import citizen_id, thai
from documents.gcode import gcode_likely, gcode_numbers, gcode_requests
from documents.gcode.gcode import HOLDS_CODE, GCodeRequest, keys_of
from documents.gcode.gcode_requests import refuse_incomplete
from documents.gcode.gcode_writing import refuse_stale
from documents.records.cases import advance, check_step
from documents.trail.history import as_stored
from documents.trail.refusals import noting_refusals

MOST_AT_ONCE = 50  # while the page waits
MOST_BY_JOB = 500


class Chosen(NamedTuple):
    """One request as the certifier saw it: its revision then, the code he typed, twice, and the one he said is right though
    its parts are doubtful (GC-06).
    """

    request: GCodeRequest
    revision: int
    code: str = ""
    again: str = ""
    sure: str = ""


class Result(NamedTuple):
    """What became of one: the fresh request, and the refusal (a RuleBroken) or None."""

    request: GCodeRequest
    refusal: RuleBroken | None


@noting_refusals(1)
def certify(chosen, actor, now=None):
    """Certify one Chosen and give the fresh request with its code.

    Raises OutOfScope, NotAllowed, WrongState, Invalid by field (`evidence`, `code`, `again`, `doubt`), or DuplicateKey.
    """
    request = chosen.request
    refuse(chosen, actor, now)
    code = gcode_numbers.prepared(request, chosen.code, chosen.again)
    # A code that was recorded before is doubted where it is shown; a typed one was seen by nobody else.
    unsure = chosen.code and code != citizen_id.clean_id(chosen.sure)
    if unsure and (doubts := gcode_numbers.doubts_of(request, code)):
        raise Invalid({0: {"doubt": " ".join(doubts)}})
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
    refuse_stale(request, chosen.revision)
    refuse_incomplete(request)
    known = {row["id"] for row in request.known_likely}
    if any(one.id not in known for one in gcode_likely.of(request)):
        raise WrongState(gcode_likely.NEW_ONES)


def refusal_of(request, actor, closely=True):
    """The refusal that a request would meet now, or None; not `closely`: whose turn it is alone, the deed looks at the rest."""
    try:
        if closely:
            refuse(Chosen(request, request.revision), actor)
        else:
            check_step(request, request.steps["certify"], actor, clock.now())
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


@job_kind("gcode_certify", "รับรองคำขอรหัส G", "Certify G-code requests", so_far=counted_so_far)
def certify_job(job, progress, chosen):
    """Certify many, `chosen` [[id, the revision that was seen]], each in a transaction of its own.

    A second run passes over what the first has certified; a number is taken with its request, so none is left out or
    given twice however often the job is stopped.
    """
    numbers = {
        str(one.id): one.request_no
        for one in GCodeRequest.objects(area_code=job.area_code, id__in=[id_ for id_, _ in chosen]).only(
            "request_no"
        )
    }

    def deed(one):
        id_, revision = one
        request = GCodeRequest.objects(area_code=job.area_code, id=id_).get()
        if request.state in HOLDS_CODE and request.certified_by == job.actor.id:
            return
        certify(Chosen(request, revision), job.actor)

    done = one_by_one([(f"คำขอเลขที่ {numbers[one[0]]}", one) for one in chosen], deed, progress)
    return done.result(f"รับรองแล้ว {done.number:,} คำขอ")


@job_kind("gcode_take", "รับคำขอรหัส G ไว้ตรวจสอบ", "Take up G-code requests", so_far=counted_so_far)
def take_job(job, progress, chosen):
    """Take many up, `chosen` their ids, each by itself; a second run passes over what the first has taken."""

    def deed(request):
        if request.state == "checking" and request.moves[-1]["by"] == job.actor.id:
            return
        gcode_requests.step(request, "take", job.actor)

    found = GCodeRequest.objects(area_code=job.area_code, id__in=chosen).order_by("sort_key", "id")
    done = one_by_one([(f"คำขอเลขที่ {one.request_no}", one) for one in found], deed, progress)
    return done.result(f"รับไว้ตรวจสอบ {done.number:,} คำขอ")


def learner_key(request):
    """What no two certified learners of an area share: name and birth date; a learner told apart has one of his own."""
    key = key_of(request.first_name, request.last_name, request.birth_date)
    return f"{key}/{request.id}" if request.told_apart else key


def key_of(first_name, last_name, birth_date):
    """The key of a learner whom nobody had to tell apart."""
    return f"{thai.search_key(first_name, last_name)}/{birth_date:%Y-%m-%d}"
