"""Waiting (รอคุณอยู่): what each person is to do next, worked out from rounds and submissions, nothing stored."""

import datetime as dt
from typing import NamedTuple

from documents import clock
from documents.checking.duplicate_cases import DuplicateCase, awaits_decision, unanswered_by
from documents.checking.findings import checkup_of
from documents.clock import naive, utc
from documents.collecting.asking import scope_of
from documents.collecting.extending import ExtensionRequest
from documents.collecting.moves import moves_for
from documents.collecting.progress import look_of_one, sums_as, sums_question
from documents.collecting.reopening import ReopenRequest
from documents.collecting.rounds import Round
from documents.collecting.submissions import WRITABLE, Submission, has_lapsed, is_late, visible_to
from documents.collecting.windows import open_until, step_open
from documents.database import asked_in_parts, collection
from documents.district.school_gaps import gaps_of, lacking
from documents.district.schools import SCHOOL, School
from documents.dmc import results
from documents.dmc.id_changes import IdChange
from documents.dmc.students import Student
from documents.dmc.transfers import Transfer
from documents.gcode import gcode_queues
from documents.people import access, recertifying, registrations
from documents.records.completeness import unreviewed_counter
from documents.records.kinds import documents_of

NEWEST = 24  # rounds looked at: some years of an area's
MOST_REQUESTS = 999
MOST_PROFILES = 5  # schools of one person
A_WEEK, NEVER = dt.timedelta(days=7), dt.datetime.max.replace(tzinfo=dt.UTC)


class Wait(NamedTuple):
    """One thing that waits: what it is, of how many, in which round or submission (None: of no round), until when, in
    whose words, since when, and of which kinds of record."""

    what: str
    count: int
    round: object
    submission: object = None
    until: object = None
    said: str | None = None
    since: object = None
    kinds: tuple = ()  # the kinds of record it is about, where it is not all of the round's


def newest_rounds(area_code):
    """The area's newest rounds of every subsystem, without their lists of moves."""
    document, pipeline = rounds_question(area_code)
    return [Round._from_son(row) for row in collection(document).aggregate(pipeline)]


def rounds_question(area_code):
    """What gives the rows of `newest_rounds`, as `database.asked_together` takes it."""
    order = {"academic_year": -1, "code": -1, "subsystem": 1}
    stages = [{"$sort": order}, {"$limit": NEWEST}, {"$unset": ["moves", "memo"]}]
    return Round, [{"$match": {"area_code": area_code}}, *stages]


def waiting_for(user, area_code, rounds, now=None, sums=None, ask=asked_in_parts):
    """What waits for this person in these rounds of an area, the most pressing first.

    `sums`, a dict, is given the Sums of the rounds that an officer works on, by the round's id, for whoever shows them.
    `ask` may ask something else in the same command.
    """
    now, sums = now or clock.now(), {} if sums is None else sums
    followed = [each for each in rounds if _is_followed(user, each)]
    questions = _questions(user, area_code, rounds, now)
    found = ask(questions | {each.id: sums_question(each, user) for each in followed})
    sums |= {each.id: sums_as(each, found[each.id]) for each in followed}
    waits = []
    for round_ in rounds:
        if round_.area_code == area_code:
            waits += _of_officers(user, round_, now, sums)
    waits += _of_schools(user, area_code, rounds, now, found)
    waits += _of_requests(user, area_code, rounds, found)
    waits += _of_submissions(rounds, now, found)
    waits += _of_cases_of_pupils(area_code, rounds, found)
    waits += _of_learners(found)
    waits += _of_profiles(found)
    waits += _of_people(found)
    return sorted(waits, key=lambda each: _press(each, now))


def _press(wait, now):
    """How a Wait is sorted: what an officer brings to its end within a week first, then by kind, then by its end."""
    soon = wait.what in ("verify", "unconfirmed") and wait.until is not None and wait.until - now < A_WEEK
    return not soon, ORDER.index(wait.what), wait.until or NEVER


def _questions(user, area_code, rounds, now):
    """What is read of the database for it, as `asked_together` takes it; only what this person's roles ask for."""
    asked = {}

    def ask(name, document, query, *stages):
        asked[name] = document, [{"$match": {"area_code": area_code} | query}, *stages]

    asked |= gcode_queues.waiting_questions(user, area_code)
    asked |= registrations.waiting_questions(user, area_code)
    asked |= recertifying.waiting_question(user, area_code)
    own = _own(user, area_code, "school", "director")
    if user.holds("district", area_code) or user.holds("approver", area_code):
        own = [*own, area_code]  # the office reports as a unit of its own in some subsystems
    if own and (years := sorted({year for _, year, _ in _worked_on(rounds)})):
        mine = {"academic_year": {"$in": years}, "school_code": {"$in": own}}
        ask("own", Submission, mine | {"state": {"$in": [*WRITABLE, "confirmed"]}})
    if ways := [way for way in scope_of(user) if way["area_code"] == area_code]:
        fields = {"$project": dict.fromkeys(OF_A_REQUEST, 1)}
        for kind in (ReopenRequest, ExtensionRequest):
            open_ones = {"state": {"$in": list(kind.open_states)}, "$or": ways}
            ask(kind.__name__, kind, open_ones, fields)
    slim, count = {"$unset": ["moves", "counts"]}, ({"$limit": MOST_REQUESTS}, {"$count": "n"})
    if user.holds("district", area_code):
        ask("answered", Submission, {"hold.answered": True}, slim)
        ask("late", Transfer, {"state": "asked", "due_at": {"$lte": naive(now)}}, *count)
        ask("numbers", IdChange, {"state": "asked"}, *count)
        ask("twice", DuplicateCase, awaits_decision(naive(now)), *count)
    if user.holds("approver", area_code):
        again = {"version": {"$gt": 1}, "state": {"$in": [*WRITABLE, "confirmed"]}}
        ask("lapsed", Submission, again, slim)
    if leaving := _own(user, area_code, "school"):
        open_ones = {"code": {"$in": leaving}, "status": {"$in": [None, "open"]}, "kind": "school"}
        ask(
            "profiles",
            School,
            open_ones | lacking(SCHOOL),
            {"$limit": MOST_PROFILES},
            {"$unset": ["moves", "acting"]},
        )
        of_ours = {"from_school": {"$in": leaving}, "state": "asked"}
        ask("due", Transfer, of_ours, {"$limit": MOST_REQUESTS}, {"$project": {"due_at": 1}})
        ask(
            "unsaid",
            DuplicateCase,
            unanswered_by(leaving),
            {"$limit": MOST_REQUESTS},
            {"$project": {"due_at": 1}},
        )
    return asked


def _own(user, area_code, *roles):
    return [code for area, code in user.schools(*roles) if area == area_code]


def _worked_on(rounds):
    """{(subsystem, year, code): round} of those that run or are sealed."""
    return {
        (each.subsystem, each.academic_year, each.code): each
        for each in rounds
        if each.running or each.sealed
    }


# What comes first on the list.
ORDER = (
    "lapsed", "reopened", "answer_transfer", "answer_duplicate", "returned", "gcode_returned", "late", "hold", "results", "complete", "mend", "explain", "start", "review",
    "confirm", "certify", "reopen_forwarded", "time_forwarded", "reopen_asked", "time_asked", "answered", "order", "verify",
    "decide_transfer", "decide_number", "decide_duplicate", "gcode_certify", "gcode_check", "join_certify", "join_check", "recertify", "resume_lock",
    "lock_round", "open_round", "unconfirmed", "out_again", "held", "propose", "publish", "await_confirm", "gcode_draft", "profile", "own_request",
)  # fmt: skip


# ---- school and director ----


def _of_schools(user, area_code, rounds, now, found):
    by_key = _worked_on(rounds)
    for submission in map(Submission._from_son, found.get("own", ())):
        round_ = by_key.get((submission.subsystem, submission.academic_year, submission.round))
        if round_ is None or (round_.sealed and submission.version == 1):
            continue
        if _enters(user, submission):
            yield from _of_teacher(submission, round_, now)
        if access.certifies(user, area_code, submission.school_code):
            yield from _of_director(submission, round_, user, now)


def _enters(user, submission):
    """Whether this person enters and confirms the submission's records as their own."""
    return access.writes_as(user, submission.area_code, submission.school_code) == "school"


def _of_teacher(submission, round_, now):
    """A teacher's own: late, start, what is left to mend, or confirm when nothing is; beside a return and a hold."""
    until = open_until(submission, round_, "enter")
    if has_lapsed(submission, now):
        yield Wait("lapsed", 1, round_, submission, until)
        return
    if submission.state not in WRITABLE:
        return
    if submission.hold:
        yield Wait("hold", 1, round_, submission, None, submission.hold.get("reason"))
    if submission.state == "returned":
        yield Wait(
            "returned" if submission.version == 1 else "reopened",
            1,
            round_,
            submission,
            until,
            submission.return_reason,
        )
    if is_late(submission, round_, now):
        yield Wait("late", 1, round_, submission, until)
    elif step_open(submission, round_, "enter", now):
        look = look_of_one(submission, round_, now)
        lacking = submission.counts.get("incomplete", 0)
        what = "complete" if lacking else "start" if look in ("idle", "empty") else "confirm"
        if what == "start":
            yield Wait(what, 1, round_, submission, until)
        else:
            yield from _left_to_mend(submission, round_, until, lacking)
        for kind, left in unreviewed(submission):
            yield Wait("review", left, round_, submission, until, kinds=(kind,))


def _left_to_mend(submission, round_, until, lacking):
    """What stands between a teacher and ยืนยัน, as last checked: results of the year, other empty fields, errors, warnings."""
    checkup = checkup_of(submission)
    counts = checkup.get("counts", {})
    lacks = {slug: dict(fields) for slug, fields in checkup.get("missing", {}).items()}
    blank = max(lacking - counts.get("blank_passed", 0), 0)
    waits, causes, goes, years = (lacks.get(Student.slug, {}).pop(name, 0) for name in results.TYPED)
    if ends := blank and waits + causes + max(goes, years):
        yield Wait("results", ends, round_, submission, until)
        lacking = any(lacks.values())
    kinds = tuple(kind for kind in documents_of(submission.subsystem) if lacks.get(kind.slug))
    errors = max(counts.get("errors", 0) - counts.get("blank", 0), 0)
    for what, count in (
        ("complete", lacking and blank),
        ("mend", errors),
        ("explain", counts.get("warnings", 0)),
    ):
        if count:
            yield Wait(what, count, round_, submission, until, kinds=kinds if what == "complete" else ())
    if not blank and not errors and not counts.get("warnings"):
        yield Wait("confirm", 1, round_, submission, until)


def unreviewed(submission):
    """[(kind of record, how many)] of those carried over from the last round that nobody has looked over yet."""
    kinds = documents_of(submission.subsystem)
    counted = [(kind, submission.counts.get(unreviewed_counter(kind), 0)) for kind in kinds]
    return [(kind, many) for kind, many in counted if many]


def _of_director(submission, round_, user, now):
    """A director's own: to certify what is confirmed; else he is told what his school still has to do."""
    until = open_until(submission, round_, "certify")
    if has_lapsed(submission, now):
        if not _enters(user, submission):
            yield Wait("lapsed", 1, round_, submission, until)
    elif submission.state == "confirmed":
        if submission.hold:
            yield Wait("hold", 1, round_, submission, None, submission.hold.get("reason"))
        elif any(row.name == "certify" for row in moves_for(submission, round_, user, now)):
            yield Wait("certify", 1, round_, submission, until)
        elif not step_open(submission, round_, "certify", now):
            yield Wait("late", 1, round_, submission, until)
    elif submission.state in WRITABLE and not _enters(user, submission):
        yield Wait("await_confirm", 1, round_, submission, until, submission.return_reason)


# ---- requests, holds that were answered, reopenings that ran out ----

OF_REQUESTS = {  # kind, state, version > 1: (role that is waited for, what)
    (ReopenRequest, "asked"): ("district", "reopen_asked"),
    (ReopenRequest, "forwarded"): ("approver", "reopen_forwarded"),
    (ExtensionRequest, "asked"): ("district", "time_asked"),
    (ExtensionRequest, "of_approver"): ("approver", "time_forwarded"),
}


OF_A_REQUEST = (
    "subsystem", "academic_year", "round", "state", "version", "school_code", "submission", "asked_by_name",
)  # fmt: skip


def _of_requests(user, area_code, rounds, found):
    """Open requests: to who decides how many there are, to who asked that they are not decided yet."""
    by_key = {_key_of(each, each.code): each for each in rounds}
    open_ones = {}
    for kind in (ReopenRequest, ExtensionRequest):
        for row in map(kind._from_son, found.get(kind.__name__, ())):
            round_ = by_key.get(_key_of(row, row.round))
            of_approver = kind is ExtensionRequest and row.version > 1
            role, what = OF_REQUESTS[kind, "of_approver" if of_approver else row.state]
            if round_ is None:
                continue
            if user.holds(role, area_code):
                open_ones.setdefault((what, round_.id), []).append(round_)
            elif any(user.holds(each, area_code, row.school_code) for each in ("school", "director")):
                yield Wait("own_request", 1, round_, row, None, f"{kind.label}: {row.shown_state}")
    for (what, _), same in open_ones.items():
        yield Wait(what, len(same), same[0])


def _of_submissions(rounds, now, found):
    """For the district, holds that a school answered; for the approver, reopenings whose hour is over."""
    by_key = {_key_of(each, each.code): each for each in rounds}
    for what in ("answered", "lapsed"):
        for each in map(Submission._from_son, found.get(what, ())):
            round_ = by_key.get(_key_of(each, each.round))
            if round_ is not None and (what == "answered" or has_lapsed(each, now)):
                yield Wait(what, 1, round_, each)


def _key_of(of, code):
    return of.subsystem, of.academic_year, code


# ---- requests between schools, and to the district ----


def _of_cases_of_pupils(area_code, rounds, found):
    """Move-ins and duplicates to answer, or to decide when their time is over, and numbers to decide; under the running
    DMC round.
    """
    of_pupils = [each for each in rounds if each.subsystem == "DMC" and each.area_code == area_code]
    round_ = next((each for each in of_pupils if each.running), next(iter(of_pupils), None))
    if round_ is None:
        return
    for name, what in (("due", "answer_transfer"), ("unsaid", "answer_duplicate")):
        if due := [row["due_at"] for row in found.get(name, ())]:
            yield Wait(what, len(due), round_, None, utc(min(due)))
    decided = (("late", "decide_transfer"), ("numbers", "decide_number"), ("twice", "decide_duplicate"))
    for name, what in decided:
        for counted in found.get(name, ()):
            yield Wait(what, counted["n"], round_)


# ---- learners without papers ----


def _of_learners(found):
    """G-code requests, which are of no round: to check, to certify, returned, begun and not sent."""
    for what in ("gcode_check", "gcode_certify", "gcode_returned", "gcode_draft"):
        for row in found.get(what, ()):
            yield Wait(what, row["n"], None, since=row["oldest"] and utc(row["oldest"]))


# ---- accounts ----


def _of_people(found):
    """Who registered, to check and to certify; the accounts to confirm this year."""
    for what in ("join_check", "join_certify"):
        for row in found.get(what, ()):
            yield Wait(what, row["n"], None, since=utc(row["oldest"]))
    for row in found.get("recertify", ()):
        yield Wait(
            "recertify", row["n"], None, until=utc(clock.day_begins(row["due"].date() + dt.timedelta(days=1)))
        )


# ---- profiles of schools ----


def _of_profiles(found):
    """What a school keeps of its own profile and has not filled in."""
    for school in map(School._from_son, found.get("profiles", ())):
        own = [gap.label for gap in gaps_of(school) if gap.by == SCHOOL]
        yield Wait("profile", len(own), None, school, None, " · ".join(own))


# ---- the area ----


def _is_followed(user, round_):
    """Whether an officer is told how far the schools are in a round."""
    return round_.running and any(user.holds(role, round_.area_code) for role in ("district", "approver"))


def _of_officers(user, round_, now, sums):
    area = round_.area_code
    if user.holds("executive", area) and round_.state == "proposed" and not round_.order:
        yield Wait("order", 1, round_)
    if user.holds("approver", area):
        yield from _of_approver(user, round_, now, sums)
    if user.holds("district", area):
        yield from _of_district(user, round_, now, sums)


def _of_district(user, round_, now, known):
    if round_.state == "draft" and _is_near(round_, now):
        yield Wait("propose", 1, round_)
    if not round_.running:
        return
    sums = known[round_.id]
    entering, checking = round_.window("enter"), round_.window("verify")
    if sums["certified"]:
        yield Wait("verify", sums["certified"], round_, None, checking and utc(checking.closes_at))
    if sums.not_handed_in and entering and now >= utc(entering.opens_at):
        yield Wait("unconfirmed", sums.not_handed_in, round_, None, utc(entering.closes_at))
    if sums["returned"]:
        yield Wait("out_again", sums["returned"], round_)


def _is_near(round_, now):
    """Whether a draft should be proposed by now: its schools' window opens within a month, or is open."""
    entering = round_.window("enter")
    return entering is not None and utc(entering.opens_at) - dt.timedelta(days=31) <= now < utc(
        entering.closes_at
    )


def _of_approver(user, round_, now, known):
    if round_.state == "proposed" and round_.order:
        yield Wait("open_round", 1, round_)
    if round_.state == "closing":
        yield Wait("resume_lock", 1, round_)
    if round_.state == "locked":
        yield Wait("publish", 1, round_)
    checking = round_.window("verify")
    if round_.running:
        sums = known[round_.id]
        done = sums["verified"] + sums["locked"]
        if done == sums.schools or (checking and now >= utc(checking.closes_at)):
            yield Wait("lock_round", sums.schools - done, round_, None, checking and utc(checking.closes_at))


def visible_submissions(user, area_code, round_):
    """The submissions of a round that this person may see, by school code."""
    place = {
        "area_code": area_code, "academic_year": round_.academic_year, "subsystem": round_.subsystem,
        "round": round_.code,
    }  # fmt: skip
    return Submission.objects(__raw__={**place, **visible_to(user)}).order_by("school_code")
