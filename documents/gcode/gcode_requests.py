"""Recording, changing and moving on a G-code request: every write of one but what its code brings with it.

A change counts the revision up and writes its history in the same transaction; made after the check, the same
transaction moves the request back to checking. Source: domain.md 3.3.1.
"""

from pymongo.errors import DuplicateKeyError

from documents import clock
from documents.database import collection, in_transaction
from documents.district.schools import School
from documents.errors import DuplicateKey, Invalid, NotAllowed, OutOfScope, WrongState
from documents.formats import buddhist
from documents.gcode import gcode_evidence, gcode_likely
from documents.gcode import gcode_rules as rules
from documents.gcode.gcode import GCodeRequest, editable, keys_of, may_ask, open_names
from documents.gcode.gcode_writing import NO_CHECK, mend, note, reason_by, refuse_stale, role_now
from documents.records import fields
from documents.records.cases import advance, check_step, open_case, reason_of
from documents.trail.history import as_stored, naive_now
from documents.trail.refusals import noting_refusals

# ---- recording ----


@noting_refusals(3)
def record(area_code, school_code, typed, actor, over_warning=None, seen=None):
    """Record a new request as a draft and give it; `typed` is {field: what was typed}.

    Where a likely same learner is known, `over_warning` says why the request is made all the same, of those whose
    mark was `seen` (`gcode_likely.mark`; None: all there are).
    Raises OutOfScope, WrongState (the school is closed), or Invalid by field; born in Thailand is one of those.
    """
    school = _open_school(area_code, school_code, actor)
    _refuse_names(typed, actor, area_code, school_code)
    values = accepted(typed | {"requested_on": typed.get("requested_on") or clock.today()})
    if lacks := rules.missing_to_search(values):
        raise Invalid({0: lacks})
    likely, said = _over_warning(area_code, values, over_warning, seen)
    own = {"area_code": area_code, "school_code": school_code, "school_name": school.name}
    own |= values | {"known_likely": likely, "over_warning": said, "recorded_by": [actor.id]}
    return numbered(own, actor, clock.today().year + buddhist.ERA)


def _open_school(area_code, school_code, actor):
    if not may_ask(actor, area_code, school_code):
        raise OutOfScope()
    school = School.objects(area_code=area_code, code=school_code, kind="school").first()
    if school is None:
        raise OutOfScope()
    if not school.is_open:
        raise WrongState("โรงเรียนนี้ยุบ เลิก หรือโอนไปแล้ว จึงขอรหัส G ใหม่ไม่ได้ กรุณาติดต่อเจ้าหน้าที่เขต")
    return school


def numbered(own, actor, year, state="draft", reason=None, told=None, along=None):
    """Store a new request under the year's next number; two at once each get their own. `told` is {field: [None, new]}.

    `along()` is done in the same transaction. Raises DuplicateKey where it is another key of it that is taken.
    """
    while True:
        last = collection(GCodeRequest).find_one(
            {"area_code": own["area_code"], "request_year": year},
            {"request_seq": 1},
            sort=[("request_seq", -1)],
        )
        seq = last["request_seq"] + 1 if last else 1

        def work(seq=seq):
            made = GCodeRequest(
                state=state,
                revision=1,
                request_year=year,
                request_seq=seq,
                request_no=f"{year}-{seq:04d}",
                **own,
            )
            for name, value in keys_of(made.to_mongo()).items():
                made[name] = value
            case = open_case(made, actor, reason)
            note(case, actor, "create", told or {}, reason)
            if along:
                along()
            return case

        try:
            return in_transaction(work)
        except DuplicateKeyError as error:
            if "request_no" not in str(error):
                raise DuplicateKey("รหัสหรือผู้เรียนนี้อยู่ในคำขออื่นแล้ว กรุณาเปิดหน้านี้ใหม่แล้วตรวจสอบ") from error


def accepted(typed, stored=None):
    """{name: plain value} of what was typed, with what follows from it; raises Invalid by field.

    `stored` are the values there are, as a dict: rules over several fields hold for what they would become.
    """
    known, values, wrong = editable(), {}, {}
    for name, given in typed.items():
        try:
            values[name] = fields.accept(known[name], given)
        except ValueError as error:
            wrong[name] = str(error)
    whole = {name: (stored or {}).get(name) for name in known} | values
    values |= rules.following(whole, known)
    for name, sentence in rules.broken(whole | values):
        wrong.setdefault(name, sentence)
    if wrong:
        raise Invalid({0: wrong})
    return values


def _refuse_names(typed, actor, area_code, school_code):
    """Refuse a field that the form does not have, or whose class is not open to this person."""
    known = editable()
    if not typed.keys() <= known.keys():
        raise NotAllowed("มีข้อมูลที่แก้ไขจากแบบฟอร์มนี้ไม่ได้ กรุณาเปิดหน้านี้ใหม่")
    for name in typed.keys() - open_names(actor, area_code, school_code).keys():
        raise NotAllowed(f"ท่านไม่มีสิทธิ์แก้ไข “{known[name].verbose_name}”")


def _over_warning(area_code, values, said, seen, request=None):
    """(what is kept of the likely same learners, the reason); raises Invalid where new ones are known and none was given."""
    found = gcode_likely.search(area_code, values)
    said = reason_of(said, needed=False)
    known = {row["id"] for row in request.known_likely} if request else set()
    fresh = [one for one in found if one.id not in known]
    if fresh and (not said or gcode_likely.is_unseen(found, seen)):
        raise Invalid({0: {"over_warning": gcode_likely.SAY_WHY}})
    if not found:
        return [], None
    return [gcode_likely.kept(one) for one in found], said or (request and request.over_warning)


# ---- changing ----


@noting_refusals(3)
def change(request, typed, revision, actor, reason=None, over_warning=None, seen=None):
    """Change a request that is still at `revision`, and give the fresh one; after the check it goes back to checking.

    The district says why. Raises OutOfScope, WrongState, NotAllowed, Invalid by field, or StaleRevision.
    """
    role = role_now(request, actor)
    _refuse_names(typed, actor, request.area_code, request.school_code)
    said = reason_of(reason, needed=False)
    stored = request.to_mongo().to_dict()
    values = accepted(typed, stored)
    changes = {n: [stored.get(n), v] for n, v in values.items() if (stored.get(n) or None) != (v or None)}
    if not changes:
        return request
    said = reason_by(role, said)
    also = {}
    if role != "district" and changes.keys() & gcode_likely.ASKED:
        also["known_likely"], also["over_warning"] = _over_warning(
            request.area_code, stored | values, over_warning, seen, request
        )
    return mend(request, changes, actor, role, said, revision=revision, also=also)


# ---- moving on ----


@noting_refusals(2)
def step(request, name, actor, reason=None, told_apart=None, now=None, *, revision=None, seen=None):
    """Make one step of a request that a button makes, and give the fresh one; certifying stands in gcode_certifying.py.

    `told_apart` is the officer's word on the likely same learners whose mark was `seen`, when checking; `revision` the one the
    person saw (None: the present one).
    Raises OutOfScope, NotAllowed, WrongState, or Invalid: what lacks, by field, and `evidence`, `told_apart`, `reason`.
    """
    wanted = request.steps.get(name)
    if wanted is None or not wanted.plain or name == "certify":
        raise NotAllowed("ไม่มีขั้นตอนนี้")
    check_step(request, wanted, actor, now or clock.now())
    refuse_stale(request, revision)
    said = reason_of(reason, needed=wanted.reason)
    changes = {}
    if name == "send":
        refuse_incomplete(request)
        changes = {"sent_at": request.sent_at or naive_now()}
    elif name == "check":
        changes = _checked(request, actor, told_apart, seen)
    elif request.state == "checked":
        changes = dict(NO_CHECK)
    return advance(request, name, actor, said, changes=changes, now=now)


def refuse_incomplete(request):
    """Raise Invalid where a required field is empty or a required piece of evidence is not there."""
    lacks = rules.missing(request.to_mongo(), editable())
    lacking = gcode_evidence.lacking(request)
    if lacking:
        lacks["evidence"] = gcode_evidence.says_lacking(lacking)
    wrong = dict(rules.broken(request.to_mongo())) | lacks
    if wrong:
        raise Invalid({0: wrong})


def _checked(request, actor, told_apart, seen):
    refuse_incomplete(request)
    found = gcode_likely.of(request)
    said = reason_of(told_apart, needed=False)
    if found and (not said or gcode_likely.is_unseen(found, seen)):
        raise Invalid({0: {"told_apart": gcode_likely.TELL_APART}})
    return {
        "checked_by": actor.id, "checked_by_name": actor.name, "checked_at": as_stored(clock.now()),
        "known_likely": [gcode_likely.kept(one) for one in found], "told_apart": said if found else None,
    }  # fmt: skip


def waiting_days(sent_at):
    """Whole days since a request was first sent, None for one that never was."""
    if sent_at is None:
        return None
    return (clock.now().date() - clock.in_bangkok(clock.utc(sent_at)).date()).days
